// Sign-in and accounts, as calls to the keeper. What a person brings (a password, a code, a link, the secret of a session) is checked
// here and nowhere else; what is slow is computed before the turn, and judged again in it, since the world may have moved meanwhile.
// Every refusal takes as long for a name that nobody has, says the same, and is recorded. Guessing is slowed per account and
// address; a link that acknowledges needs none of this.
import { z } from 'zod'
import { isRole, ROLES, may, type Role } from '../core/authority/role.ts'
import { days, hours, ms, parseSpan, later, sayTime, type Instant, type Span } from '../core/time.ts'
import { base32, otpauthOf } from '../core/totp.ts'
import { SEASONED } from '../core/authority/agreement.ts'
import { beginTotp, confirmTotp, newRecovery, recoveryLeft, removeFactor, takeCode, takeRecovery } from '../rooms/people/factors.ts'
import { named } from '../rooms/page/steps.ts'
import { giveOneBack, PER_ACCOUNT } from '../rooms/people/limits.ts'
import { lookLink, newLink, useLink, type Purpose } from '../rooms/people/links.ts'
import { siteFor } from '../rooms/people/site.ts'
import { loadFactors, loadGranted, loadSecrets } from '../rooms/people/rows.ts'
import { close, closeAll, sessionsOf, type Session } from '../rooms/people/sessions.ts'
import type { Asker } from '../views/answers.ts'
import type { AccountAnswer, LinkAnswer, PeopleCalls, PersonAnswer } from '../views/people.ts'
import { auditOf } from './audit.ts'
import { misunderstood, no, notDurable, ok, type Answer } from './answer.ts'
import { describe, done, enter, entered, inRecent, isIncomplete, isRecent, isStillIn, recentIn, refuse, sessionIn, SIGN_IN_AGAIN, signInTurn, slow, slowAddress, WRONG, type Asking, type Call } from './sign-in/entry.ts'
import { OIDC_ARGS, OIDC_CALLS, providerName } from './sign-in/oidc.ts'
import { PASSKEY_ARGS, PASSKEY_CALLS } from './sign-in/passkey.ts'
import { ageInLab, PROOF_ARGS, PROOF_CALLS } from './sign-in/prove.ts'
import { Crowded, hashPassword, isPassword, LONGEST, whyWeak } from './sign-in/password.ts'
import type { Keeper } from './keeper.ts'

const OWNER_LINK: Span = hours(24)
const INVITE: Span = days(7)
const RECOVER: Span = hours(24)

const name = z.string().min(1).max(200)
const secret = z.string().max(100)
const from = z.strictObject({ origin: z.string().max(100), agent: z.string().max(1000) })
const what = z.enum(['first-owner', 'invite', 'recover'])
const roles = z.array(z.enum(ROLES)).max(ROLES.length)
const person = z.string().max(200).optional()

const PEOPLE_ARGS = {
  'people.door': z.strictObject({}),
  'people.session': z.strictObject({ session: secret }),
  'people.signIn': z.strictObject({ named: z.string().max(254), password: z.string().max(LONGEST * 2), code: z.string().max(40).optional(), from }),
  'people.enter': z.strictObject({ what, link: secret, person: z.string().max(63).optional(), from }),
  'people.lookAtLink': z.strictObject({ what, link: secret }),
  'people.signOut': z.strictObject({ session: secret, other: z.string().max(100).optional() }),
  'people.account': z.strictObject({ session: secret }),
  'people.setPassword': z.strictObject({ session: secret, password: z.string().max(LONGEST * 2) }),
  'people.beginTotp': z.strictObject({ session: secret, label: z.string().max(60).optional() }),
  'people.confirmTotp': z.strictObject({ session: secret, code: z.string().max(40) }),
  'people.removeFactor': z.strictObject({ session: secret, factor: name }),
  'people.newRecovery': z.strictObject({ session: secret }),
  'people.list': z.strictObject({}),
  'people.grant': z.strictObject({ who: name, roles, person }),
  'people.invite': z.strictObject({ who: name, person }),
  'people.recover': z.strictObject({ who: name, person }),
  'people.firstOwner': z.strictObject({}),
  'people.enrol': z.strictObject({ who: name, person, code: z.string().max(40).optional() }),
  'people.signOutAll': z.strictObject({ who: name, person }),
  'people.audit': z.strictObject({ who: name.optional(), since: z.string().max(40).optional() }),
  ...PASSKEY_ARGS, ...PROOF_ARGS, ...OIDC_ARGS,
} satisfies Record<keyof PeopleCalls, z.ZodType>

type Args<Name extends keyof PeopleCalls> = z.output<(typeof PEOPLE_ARGS)[Name]>
type Called<Name extends keyof PeopleCalls> = Call<Args<Name>>

const NEEDS_CODE = no(401, 'HF431', 'A code of your authenticator is needed beside the password.', 'six digits, or one of your recovery codes')
const LINK_GONE = no(410, 'HF434', 'This link is not good any more: it was used, replaced, or is too old.', 'an owner, or "holdfast people invite NAME" on the machine, makes a new one')

async function signIn(keeper: Keeper, args: Args<'people.signIn'>): Promise<Answer> {
  const { people } = keeper.rooms
  const { sql } = keeper.store
  const who = people.find(sql, args.named)
  const account = who ?? `nobody ${args.named.trim().toLowerCase().slice(0, 100)}`
  const late = slow(keeper, account, args.from.origin)
  if (late) return refuse(keeper, who, 'too many tries', args.from, late)
  const hash = who === undefined ? undefined : people.passwordOf(sql, who)
  const right = await isPassword(args.password, hash)
  if (!right || who === undefined) return refuse(keeper, who, 'wrong name or password', args.from, WRONG)
  return signInTurn(keeper, (tx) => {
    // While the hash was computed the password may have changed.
    if (people.passwordOf(tx.sql, who) !== hash) return WRONG
    const wantsCode = loadSecrets(tx.sql, who, 'totp').length > 0
    if (!wantsCode) return entered(keeper, tx, account, { person: who, means: 'password', from: args.from })
    if (args.code === undefined || args.code.trim() === '') {
      giveOneBack(keeper.signIns.buckets, `account ${account}`, PER_ACCOUNT)
      return NEEDS_CODE
    }
    const code = takeCode(tx, people.place(), who, args.code)
    if (code) return entered(keeper, tx, account, { person: who, means: 'password+totp', factor: code.factor, from: args.from })
    if (takeRecovery(tx, who, args.code)) return entered(keeper, tx, account, { person: who, means: 'password+recovery', from: args.from })
    people.refused(tx, { person: who, why: 'wrong code', origin: args.from.origin })
    return WRONG
  })
}

const NAME = /^(?=.*[A-Za-z])[\w.-]{1,63}$/

/** Why this cannot be a person's name: not one, or it differs from somebody's in capitals alone, and nobody would tell the two apart. */
function whyNoName(keeper: Keeper, who: string): Answer | undefined {
  if (!NAME.test(who) || who.startsWith('oncall.')) return no(400, 'HF436', 'A name has letters, digits, “-”, “_” and “.”, with a letter among them, at most 63.', 'such as ada')
  const { people } = keeper.rooms
  const twin = people.isKnown(keeper.store.sql, who) ? undefined : people.everybody(keeper.store.sql).find((it) => it.toLowerCase() === who.toLowerCase())
  return twin === undefined ? undefined : no(409, 'HF476', `“${who}” would be taken for “${twin}”.`, `write ${twin} as it stands there, or choose another name`)
}

/** Who may be named by a link: the first owner names themselves, everybody else is named in it. */
const namesFor = (keeper: Keeper, purpose: Purpose): string[] => {
  if (purpose !== 'first-owner') return []
  const members = Object.values(keeper.plan.people)
  const owners = members.filter((it) => may(it.roles ?? [], 'admin'))
  return (owners.length > 0 ? owners : members).map((it) => it.name)
}

function enterByLink(keeper: Keeper, args: Args<'people.enter'>): Promise<Answer> {
  const { people } = keeper.rooms
  // 256 bits are not guessed: only an address is slowed, so that nobody else's tries keep the first owner out.
  const late = slowAddress(keeper, args.from.origin)
  if (late) return Promise.resolve(late)
  return signInTurn(keeper, (tx) => {
    const found = lookLink(tx, keeper.lived(), args.what, args.link)
    if (!found) {
      people.refused(tx, { person: undefined, why: `a link (${args.what}) that is not good`, origin: args.from.origin })
      return LINK_GONE
    }
    const who = args.what === 'first-owner' ? (args.person ?? '').trim() : found.person
    if (args.what === 'first-owner') {
      const names = namesFor(keeper, args.what)
      const unfit = whyNoName(keeper, who)
      if (unfit) return unfit
      if (names.some((it) => may(named(keeper.plan.people, it)?.roles ?? [], 'admin')) && !names.includes(who)) return no(403, 'HF437', `The configuration names who owns this: ${names.join(', ')}.`)
      if (!people.claim(tx, who)) return LINK_GONE
    }
    useLink(tx, keeper.lived(), args.what, args.link)
    if (args.what === 'recover') people.unlinkSubjects(tx, who, 'a recovery link')
    return enter(tx, keeper, { person: who, means: 'link', from: args.from })
  })
}

/** A link that an owner, or whoever sits at the machine, hands to somebody. */
function handOut(keeper: Keeper, what: Purpose, who: string, by: string, within: Span): Promise<Answer> {
  const { people } = keeper.rooms
  if (!people.isKnown(keeper.store.sql, who)) return Promise.resolve(no(404, 'HF404', `no person is called “${who}”`, 'add them under people: in the configuration, or grant them a role'))
  return keeper.engine.turn(`people.${what}`, (tx) => {
    const made = newLink(tx, keeper.random, keeper.lived(), { what, person: who, within })
    tx.append({ is: 'people.linkMade', stream: `person:${who}`, body: { person: who, what, by, at: tx.now.wall } })
    return ok({ schema: 'holdfast.link/1', person: who, url: `${siteOf(keeper)}/welcome/${what}/${made}`, until: later(tx.now.wall, within) })
  })
}

const siteOf = (keeper: Keeper): string => keeper.config.site.url.replace(/\/+$/, '')

/** Printed at the start while nobody owns this Holdfast; the former one is void. `undefined` when somebody does. */
export const firstOwnerLink = async (keeper: Keeper): Promise<string | undefined> => (await makeOwnerLink(keeper))?.url

const makeOwnerLink = (keeper: Keeper): Promise<LinkAnswer | undefined> => keeper.engine.turn('first owner', (tx) => {
  if (keeper.rooms.people.hasOwner(tx.sql)) return undefined
  const made = newLink(tx, keeper.random, keeper.lived(), { what: 'first-owner', person: '', within: OWNER_LINK })
  return { schema: 'holdfast.link/1', person: '', url: `${siteOf(keeper)}/welcome/first-owner/${made}`, until: later(tx.now.wall, OWNER_LINK) }
})

async function firstOwner(keeper: Keeper, { asker }: Asking): Promise<Answer> {
  if (asker.is !== 'socket') return no(403, 'HF439', 'The link of the first owner is given on the machine itself.', 'holdfast people first-owner, on the machine that Holdfast runs on')
  const made = await makeOwnerLink(keeper)
  return made ? ok(made) : no(409, 'HF444', 'Somebody owns this Holdfast already.', 'holdfast people list shows who; holdfast people recover NAME lets an owner in who lost their way')
}

function account(keeper: Keeper, session: Session): AccountAnswer {
  const { sql } = keeper.store
  const { people } = keeper.rooms
  const member = named(keeper.plan.people, session.person)
  return {
    schema: 'holdfast.account/1', person: session.person, email: member?.email ?? null, roles: people.rolesOf(sql, session.person),
    hasPassword: people.passwordOf(sql, session.person) !== undefined, recoveryLeft: recoveryLeft({ sql }, session.person),
    factors: loadFactors(sql, session.person).map(({ id, kind, label, at, lived }) => ({ id, kind, label, at, seasoned: ageInLab(keeper, lived) >= SEASONED })),
    sessions: sessionsOf(sql, session.person).map(({ id, means, at, seen, agent, origin }) => ({ id, means, at, seen, agent, origin, here: id === session.id })),
    recent: isRecent(keeper, session), incomplete: isIncomplete(keeper, session), channels: [...new Set(member?.reach.map(({ channel }) => channel) ?? [])],
  }
}

async function setPassword(keeper: Keeper, args: Args<'people.setPassword'>): Promise<Answer> {
  const session = recentIn(keeper, args.session)
  if ('status' in session) return session
  const weak = whyWeak(args.password, [session.person, named(keeper.plan.people, session.person)?.email?.split('@')[0] ?? ''])
  if (weak !== undefined) return no(400, 'HF438', `${weak[0]?.toUpperCase()}${weak.slice(1)}.`, 'four unrelated words are long, and easy to type')
  const hash = await hashPassword(args.password, keeper.random)
  return keeper.engine.turn('account', (tx) => {
    if (!isStillIn(keeper, tx, args.session)) return SIGN_IN_AGAIN
    keeper.rooms.people.setPassword(tx, session.person, hash, session.person, session.id)
    return done('The password is set. Other sessions have ended.')
  })
}

function enrol(keeper: Keeper, args: Args<'people.enrol'>, { asker, by }: Asking): Answer | Promise<Answer> {
  if (asker.is !== 'socket') return no(403, 'HF439', 'Authenticators of others are enrolled on the machine itself.', 'holdfast people enrol NAME, on the machine that Holdfast runs on')
  const { people } = keeper.rooms
  if (!people.isKnown(keeper.store.sql, args.who)) return no(404, 'HF404', `no person is called “${args.who}”`, 'add them under people: in the configuration first')
  return keeper.engine.turn('people.enrol', (tx) => {
    if (args.code === undefined) {
      const begun = beginTotp(tx, people.place(), args.who, 'authenticator')
      return ok({ schema: 'holdfast.totp/1', person: args.who, uri: otpauthOf(begun.secret, keeper.config.site.name, args.who), secret: base32(begun.secret) })
    }
    if (!confirmTotp(tx, people.place(), args.who, args.code, by)) return no(400, 'HF440', 'That code does not fit.', 'look at the clock of the phone, and give the code that it shows now')
    closeAll(tx, args.who, 'a factor was added')
    const shrink = keeper.config.shrink ?? 1
    return done(`The authenticator of ${args.who} is confirmed. It may approve in ${sayTime(ms(Math.max(1000, Math.ceil(SEASONED / shrink))))}${shrink > 1 ? ` (${sayTime(SEASONED)}, divided by ${shrink} in this lab)` : ''}.`)
  })
}

function listPeople(keeper: Keeper): PersonAnswer[] {
  const { sql } = keeper.store
  const { people } = keeper.rooms
  return people.everybody(sql).map((who) => {
    const member = named(keeper.plan.people, who)
    const sessions = sessionsOf(sql, who)
    return {
      person: who, email: member?.email ?? null, configured: member?.roles ?? [], granted: loadGranted(sql, who), roles: people.rolesOf(sql, who), factors: loadFactors(sql, who).length,
      hasPassword: people.passwordOf(sql, who) !== undefined, sessions: sessions.length, seen: sessions[0]?.seen ?? null,
    }
  })
}

function grant(keeper: Keeper, args: Args<'people.grant'>, { by }: Asking): Answer | Promise<Answer> {
  const unfit = whyNoName(keeper, args.who)
  if (unfit) return unfit
  const wanted: Role[] = args.roles.filter(isRole)
  return keeper.engine.turn('people.grant', (tx) => {
    if (keeper.rooms.people.grant(tx, args.who, wanted, by) === 'last-owner') return no(409, 'HF441', `${args.who} is the only owner.`, 'make somebody else an owner first')
    return done(wanted.length === 0 ? `${args.who} has no granted role any more` : `${args.who} is ${wanted.join(', ')} now`)
  })
}

const PEOPLE: { [Name in keyof PeopleCalls]: Called<Name> } = {
  ...PASSKEY_CALLS, ...PROOF_CALLS, ...OIDC_CALLS,
  'people.door': (keeper) => ok({ schema: 'holdfast.door/1', ownerless: !keeper.rooms.people.hasOwner(keeper.store.sql), people: [], passkeys: siteFor(keeper.config.site.url) !== undefined, oidc: providerName(keeper) }),
  'people.session': (keeper, args) => {
    const session = sessionIn(keeper, args.session)
    return session ? ok(describe(keeper, session)) : SIGN_IN_AGAIN
  },
  'people.signIn': async (keeper, args) => {
    try {
      return await signIn(keeper, args)
    } catch (cause) {
      if (cause instanceof Crowded) return no(503, 'HF442', 'Too many sign in at this moment.', 'try again in a few seconds')
      throw cause
    }
  },
  'people.enter': (keeper, args) => enterByLink(keeper, args),
  'people.lookAtLink': (keeper, args) => {
    const found = lookLink({ sql: keeper.store.sql, now: keeper.now() }, keeper.lived(), args.what, args.link)
    return found ? ok({ schema: 'holdfast.link-seen/1', person: found.person, names: namesFor(keeper, args.what) }) : LINK_GONE
  },
  'people.signOut': async (keeper, args) => {
    const session = sessionIn(keeper, args.session)
    if (!session) return done('Signed out.')
    return keeper.engine.turn('sign out', (tx) => {
      if (args.other === '*') closeAll(tx, session.person, 'signed out from another session', session.id)
      else if (args.other === undefined) close(tx, session.id, 'signed out')
      else if (sessionsOf(tx.sql, session.person).some(({ id }) => id === args.other)) close(tx, args.other, 'signed out from another session')
      else return no(404, 'HF404', 'That session has ended already.')
      return done('Signed out.')
    })
  },
  'people.account': (keeper, args) => {
    const session = sessionIn(keeper, args.session)
    return session ? ok(account(keeper, session)) : SIGN_IN_AGAIN
  },
  'people.setPassword': setPassword,
  'people.beginTotp': (keeper, args) => inRecent(keeper, args.session, (tx, { person: who }) => {
    const begun = beginTotp(tx, keeper.rooms.people.place(), who, args.label?.trim() || 'authenticator')
    return ok({ schema: 'holdfast.totp/1', person: who, uri: otpauthOf(begun.secret, keeper.config.site.name, who), secret: base32(begun.secret) })
  }),
  'people.confirmTotp': (keeper, args) => inRecent(keeper, args.session, (tx, session) => {
    if (!confirmTotp(tx, keeper.rooms.people.place(), session.person, args.code, session.person)) return no(400, 'HF440', 'That code does not fit.', 'look at the clock of the phone, and give the code that it shows now')
    closeAll(tx, session.person, 'a factor was added', session.id)
    return done('The authenticator is confirmed.')
  }),
  'people.removeFactor': (keeper, args) => inRecent(keeper, args.session, (tx, session) => {
    if (!removeFactor(tx, session.person, args.factor, session.person)) return no(404, 'HF404', 'You have no such passkey or authenticator.')
    closeAll(tx, session.person, 'a factor was removed', session.id)
    return done('Removed. Other sessions have ended.')
  }),
  'people.newRecovery': (keeper, args) => inRecent(keeper, args.session, (tx, { person: who }) => ok({ schema: 'holdfast.recovery/1', codes: newRecovery(tx, keeper.rooms.people.place(), who, who) })),
  'people.list': (keeper) => ok({ schema: 'holdfast.people/1', ownerless: !keeper.rooms.people.hasOwner(keeper.store.sql), people: listPeople(keeper) }),
  'people.grant': grant,
  'people.firstOwner': (keeper, _args, asking) => firstOwner(keeper, asking),
  'people.invite': (keeper, args, { by }) => handOut(keeper, 'invite', args.who, by, INVITE),
  'people.recover': (keeper, args, { by }) => handOut(keeper, 'recover', args.who, by, RECOVER),
  'people.enrol': enrol,
  'people.signOutAll': (keeper, args, { by }) => keeper.engine.turn('people.signOutAll', (tx) => done(`${closeAll(tx, args.who, `${by} ended them`)} sessions of ${args.who} have ended`)),
  'people.audit': (keeper, args) => {
    const span = args.since === undefined ? days(7) : parseSpan(args.since)
    if (span === undefined) return no(400, 'HF411', `“${args.since}” is not a time`, 'write it with units: 12h, 7d')
    return ok({ schema: 'holdfast.audit/1', entries: auditOf(keeper.store.sql, args.who, (keeper.now().wall - span) as Instant) })
  },
}

/** Only an owner who is signed in, or whoever sits at the machine: no token says who may what. */
const OWNERS_ONLY: ReadonlySet<string> = new Set<keyof PeopleCalls>(['people.list', 'people.grant', 'people.invite', 'people.recover', 'people.signOutAll', 'people.audit'])
const mayRule = (asker: Asker): boolean => asker.is === 'socket' || (asker.is === 'person' && asker.rights.includes('admin'))

export const isAboutPeople = (called: string): called is keyof PeopleCalls => Object.hasOwn(PEOPLE, called)

/** Answers a call about people: 400 with what is wrong with its arguments, 403 for whoever may not, 503 when it could not be made durable. */
export async function answerPeople(keeper: Keeper, called: keyof PeopleCalls, args: unknown, asker: Asker): Promise<Answer> {
  if (OWNERS_ONLY.has(called) && !mayRule(asker)) return no(403, 'HF443', 'Only an owner may do this.', 'sign in as an owner, or use the command line on the machine')
  const parsed = PEOPLE_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  // Who sits at the machine says who they are; nobody proved it.
  const said = (args as { readonly person?: unknown } | undefined)?.person
  const by = asker.is === 'person' ? asker.person : asker.is === 'socket' ? `${asker.person ?? (typeof said === 'string' && said !== '' ? said.slice(0, 200) : 'somebody')} at the machine` : 'somebody'
  try {
    return await (PEOPLE[called] as Called<keyof PeopleCalls>)(keeper, parsed.data, { by, asker })
  } catch (cause) {
    return notDurable(cause)
  }
}
