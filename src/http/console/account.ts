// One's own account: what one comes in by, where one is signed in, and whether pages reach one. Everything here is of the person whose
// session it is; nobody else is named by a form. What is shown once (an authenticator's secret, recovery codes) stands in the answer
// to the press that made it, and in no page that can be opened again.
import { z } from 'zod'
import { englishConsole as words } from '../../words/console.ts'
import type { Visit } from '../access.ts'
import type { Kit, Route } from '../route.ts'
import { beginCookie, endCookie, fromOf } from '../session.ts'
import { drawAccount, drawConfirmAgain, drawRecovery, drawTests, drawTotp } from './account-screen.ts'
import { consolePage, notice } from './frame.ts'
import { hasPasskeys, scriptFor } from '../sign-in/passkeys.ts'
import { didOf, notHad, nothing, place, problemOf, seeThere, type Seen } from './place.ts'
import type { Answered } from '../siblings.ts'

const OPEN = { is: 'open' } as const
const HERE = '/account'

const frameOf = (kit: Kit, visit: Visit, title: string): { title: string; visit: Visit; here: string; site: string } => ({ title, visit, here: HERE, site: kit.pushed.site.name })

async function show({ kit, visit, ask }: Seen<unknown>, failed?: { readonly says: string; readonly help?: string; readonly status: number }): Promise<Response> {
  const answered = await kit.keeper.call('people.account', { session: visit.secret }, OPEN)
  if (answered.is !== 'answered') return notHad(answered)
  const did = failed ? undefined : didOf(ask)
  const told = failed ? notice('down', failed.says, failed.help) : did !== undefined && notice('ok', did)
  const body = drawAccount({ visit, account: answered.body, now: kit.clock.now().wall, timezone: kit.pushed.site.timezone, notice: told, passkeys: hasPasskeys(kit) })
  return consolePage({ ...frameOf(kit, visit, words.account.title), body, ...scriptFor(kit) }, failed?.status ?? 200)
}

/** Done: the account shows it. Not done: the account says why. */
async function after(seen: Seen<unknown>, answered: Answered<unknown>, did: keyof typeof words.done): Promise<Response> {
  const problem = problemOf(answered)
  return problem ? show(seen, problem) : seeThere(HERE, did)
}

async function setPassword(seen: Seen<{ password: string; again: string }>): Promise<Response> {
  const { kit, visit, args } = seen
  if (args.password !== args.again) return show(seen, { says: words.account.differ, help: words.account.differHelp, status: 400 })
  return after(seen, await kit.keeper.call('people.setPassword', { session: visit.secret, password: args.password }, OPEN), 'password')
}

async function beginTotp(seen: Seen<{ label: string }>): Promise<Response> {
  const { kit, visit, args } = seen
  const answered = await kit.keeper.call('people.beginTotp', { session: visit.secret, label: args.label }, OPEN)
  if (answered.is !== 'answered') return show(seen, problemOf(answered))
  return consolePage({ ...frameOf(kit, visit, words.account.addTotp), body: drawTotp(visit, answered.body) })
}

async function confirmTotp(seen: Seen<{ code: string }>): Promise<Response> {
  const { kit, visit, args } = seen
  const problem = problemOf(await kit.keeper.call('people.confirmTotp', { session: visit.secret, code: args.code }, OPEN))
  if (!problem) return seeThere(HERE, 'totp')
  if (problem.code !== 'HF440') return show(seen, problem)
  return consolePage({ ...frameOf(kit, visit, words.account.confirmTitle), body: drawConfirmAgain(visit, notice('down', problem.says, problem.help)) }, problem.status)
}

/** The code that this session was begun without: another session takes its place. */
async function giveCode(seen: Seen<{ code: string }>): Promise<Response> {
  const { ask, kit, visit, args } = seen
  const answered = await kit.keeper.call('people.strengthen', { session: visit.secret, code: args.code, from: fromOf(ask.env, ask.req.raw.headers) }, OPEN)
  return answered.is === 'answered' ? seeThere(HERE, undefined, { 'set-cookie': beginCookie(kit.pushed.site, answered.body.secret) }) : show(seen, problemOf(answered))
}

async function makeRecovery(seen: Seen<unknown>): Promise<Response> {
  const { kit, visit } = seen
  const answered = await kit.keeper.call('people.newRecovery', { session: visit.secret }, OPEN)
  if (answered.is !== 'answered') return show(seen, problemOf(answered))
  return consolePage({ ...frameOf(kit, visit, words.account.codesTitle), body: drawRecovery(answered.body.codes) })
}

async function endSession(seen: Seen<{ session: string }>): Promise<Response> {
  const { kit, visit, args } = seen
  return after(seen, await kit.keeper.call('people.signOut', { session: visit.secret, other: args.session }, OPEN), args.session === '*' ? 'others' : 'ended')
}

async function signOut({ kit, visit }: Seen<unknown>): Promise<Response> {
  const problem = problemOf(await kit.keeper.call('people.signOut', { session: visit.secret }, OPEN))
  // Not written down is not ended: then the cookie stays, and can be used to end it.
  return problem ? notHad({ is: 'away', says: problem.says }) : seeThere('/sign-in', 'out', { 'set-cookie': endCookie(kit.pushed.site) })
}

/** To this person, whoever they say they are: a page costs money, and wakes people. */
async function testPhone(seen: Seen<{ channel: string }>): Promise<Response> {
  const { kit, visit, args, asker } = seen
  if (visit.session.incomplete) return show(seen, { says: words.refused.incomplete, status: 403 })
  const problem = problemOf(await kit.keeper.call('oncall.test', { who: visit.session.person, channel: args.channel }, asker))
  return problem ? show(seen, problem) : showTests(seen, words.account.testing)
}

async function showTests({ kit, visit, asker }: Seen<unknown>, told?: string): Promise<Response> {
  const answered = await kit.keeper.call('oncall.tested', { pages: [] }, asker)
  if (answered.is !== 'answered') return notHad(answered)
  const tests = answered.body.tests.filter(({ person }) => person === visit.session.person)
  const body = drawTests({ tests, now: kit.clock.now().wall, timezone: kit.pushed.site.timezone, notice: told === undefined ? undefined : notice('ok', told) })
  return consolePage({ ...frameOf(kit, visit, words.account.tested), body })
}

const password = z.string().min(1).max(2048)

export const accountRoutes: readonly Route[] = [
  place({ at: 'GET /account', needs: 'account', says: 'One’s own account.', takes: nothing, answer: (seen) => show(seen) }),
  place({ at: 'POST /account/password', needs: 'account', says: 'Sets one’s own password.', takes: z.strictObject({ password, again: password, named: z.string().max(200).exactOptional() }), answer: setPassword }),
  place({ at: 'POST /account/totp', needs: 'account', says: 'Begins a new authenticator; its secret is shown once.', takes: z.strictObject({ label: z.string().max(60) }), answer: beginTotp }),
  place({ at: 'POST /account/totp/confirm', needs: 'account', says: 'Confirms the new authenticator by its code.', takes: z.strictObject({ code: z.string().max(40) }), answer: confirmTotp }),
  place({ at: 'POST /account/recovery', needs: 'account', says: 'Makes recovery codes, shown once; former ones are void.', takes: nothing, answer: makeRecovery }),
  place({ at: 'POST /account/code', needs: 'account', says: 'Gives the code that this session was begun without.', takes: z.strictObject({ code: z.string().min(1).max(40) }), answer: giveCode }),
  place({ at: 'POST /account/factors/remove', needs: 'account', says: 'Removes a passkey or an authenticator of one’s own.', takes: z.strictObject({ factor: z.string().min(1).max(100) }), answer: async (seen) => after(seen, await seen.kit.keeper.call('people.removeFactor', { session: seen.visit.secret, factor: seen.args.factor }, OPEN), 'removed') }),
  place({ at: 'POST /account/sessions/end', needs: 'account', says: 'Ends another session of one’s own, or all others.', takes: z.strictObject({ session: z.string().min(1).max(100) }), answer: endSession }),
  place({ at: 'GET /account/test', needs: 'account', says: 'What became of one’s own test pages.', takes: nothing, answer: (seen) => showTests(seen) }),
  place({ at: 'POST /account/test', needs: 'account', says: 'Sends oneself a test page.', takes: z.strictObject({ channel: z.string().min(1).max(200) }), answer: testPhone }),
  place({ at: 'POST /sign-out', needs: 'account', says: 'Ends this session.', takes: nothing, answer: signOut }),
]
