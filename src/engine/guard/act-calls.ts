// Calls about what is done to objects. Two people are asked here and agree elsewhere, each behind a link of their own; what they agree on is bound to the
// hash of what stands here now. To hold back, to bring back and to disarm takes one. What is accepted is bound to what was seen, and takes a person.
import { z } from 'zod'
import { may } from '../../core/authority/role.ts'
import type { Found } from '../../core/evidence.ts'
import { hours, minutes, parseSpan, sayTime, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import { byHand, reconcileOf } from '../../rooms/guard/acts/index.ts'
import { hashOfAsked, whyNotArm, type Asked } from '../../rooms/guard/acts/job.ts'
import { asideOf } from '../../rooms/guard/acts/life.ts'
import { asides, loadActs, loadJob, loadObject, loadPlan } from '../../rooms/guard/acts/rows.ts'
import { isUntried } from '../../rooms/guard/acts/rulings.ts'
import { parseJob } from '../../rooms/guard/retention/job.ts'
import { loadAgreement, loadAgreements } from '../../rooms/people/agreement-rows.ts'
import { ACCEPTABLE, planOf, viewActs, viewByHand, type ActCalls } from '../../views/acts.ts'
import type { Asker } from '../../views/answers.ts'
import { viewReconcile } from '../../views/reconciles.ts'
import type { TriedAnswer } from '../../views/guard/tried.ts'
import { sayPurge, type Purged } from '../../words/acts/purge.ts'
import { showAgreement } from '../agreement/calls.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import { reconcilesIn, setsIn, storeOf } from '../in-force.ts'
import type { Keeper } from '../keeper.ts'

const name = z.string().min(1).max(200)
const person = z.string().max(200).optional()
const ARGS = {
  'reconcile.ask': z.strictObject({ what: z.enum(['arm', 'purge', 'close-breaker']), on: name, reason: z.string().trim().max(2000).optional(), of: z.array(name).max(2).optional(), lapses: z.string().max(40).optional(), person }),
  'reconcile.disarm': z.strictObject({ reconcile: name, person }),
  'reconcile.release': z.strictObject({ reconcile: name, keys: z.array(z.string().min(1).max(1024)).min(1).max(1000).optional(), all: z.literal(true).optional(), person }),
  'reconcile.accept': z.strictObject({ reconcile: name, what: z.enum(ACCEPTABLE), seen: z.string().min(1).max(2048), undo: z.boolean().optional(), person }),
  'reconcile.acts': z.strictObject({ on: name }),
} satisfies Record<keyof ActCalls, z.ZodType>
type Args<Name extends keyof ActCalls> = z.output<(typeof ARGS)[Name]>

const USUAL: Span = hours(4)
const LONGEST: Span = hours(24)
const SHORTEST_REASON = 10

/** Who says it, as far as that is known. */
export const speaker = (asker: Asker, named: string | undefined): string =>
  asker.is === 'person' ? asker.person : asker.is === 'token' ? `token ${asker.name}` : asker.is === 'socket' ? (asker.person ?? named ?? 'somebody at the machine') : 'somebody'
const notHere = (on: string, keeper: Keeper): Answer => no(404, 'HF404', `no plan and no reconcile is called “${on}”`, `known: ${[...reconcilesIn(keeper.config).keys()].slice(0, 20).join(', ') || 'none'}`)
/** Configured now, or once: what was done for it can be undone. */
const isKnownJob = (keeper: Keeper, reconcile: string): boolean => reconcilesIn(keeper.config).has(reconcile) || loadJob(keeper.store.sql, reconcile).version > 0
const refusedFor = (says: string, help: string): Answer => no(409, 'HF492', `${says.slice(0, 1).toUpperCase()}${says.slice(1)}.`, help)

/** A store that was tried out and cannot do it is never armed. */
export const notFit = (store: string, says: string): string => `the hand has tried the store ${store} out on canaries, and nothing can be armed there: ${says}`

/** What those who are asked ought to know of the store before they arm anything there. */
export function sayTried(store: string, fit: Found): string {
  if (fit.is === 'pass') return `The store ${store} was tried out by the hand just now, and puts aside and brings back. `
  if (isUntried(fit)) return `Nobody has tried the store ${store} out lately: the hand was called to do it now, and until it has, nothing goes there, armed or not. `
  return `The hand has tried the store ${store} out, and not all of it is known: ${fit.says ?? ''}. While that is so nothing goes there, armed or not. `
}

/** What the hand has seen of a store lately, for whoever looks before anything is armed. */
export function triedIn(keeper: Keeper, store: string): TriedAnswer {
  const found = keeper.hand.seen(store)
  return { found: found.is, says: found.says ?? 'it was tried out just now, and puts aside and brings back' }
}

/** What is asked, as it stands now; or why it cannot be. */
function askedNow(keeper: Keeper, { what, on, reason = '' }: Args<'reconcile.ask'>): { readonly asked: Asked; readonly title: string; readonly text: string } | Answer {
  const { sql } = keeper.store
  const plan = planOf(sql, on)
  const reconcile = plan?.reconcile ?? on
  if (storeOf(keeper.config, reconcile) === undefined) return notHere(on, keeper)
  const job = loadJob(sql, reconcile)
  const kept = parseJob(reconcile)
  if (what === 'arm' && kept !== undefined) return refusedFor(`${reconcile} is retention`, `holdfast backups arm ${kept.set} --store ${kept.store}`)
  if (what === 'arm') {
    const why = whyNotArm(job, job.latest?.binding)
    if (why !== undefined || typeof job.latest?.binding !== 'string') return refusedFor(why ?? 'no run has read catalogue and store yet', 'holdfast reconcile show says how it stands')
    const store = storeOf(keeper.config, reconcile) ?? ''
    const fit = keeper.hand.tried(store, loadPlan(sql, job.latest.plan)?.margins.quarantine)
    if (fit.is === 'fail') return refusedFor(notFit(store, fit.says), 'mend what it says, and ask again: each time it is tried out anew')
    return { asked: { is: 'arm', reconcile, binding: job.latest.binding, epoch: job.epoch ?? 0 }, title: `Arm the clean-up ${reconcile}`, text: `${sayTried(store, fit)}From now on it puts aside, on schedule, what has had no row for long enough. It can be brought back until it is purged, and a purge takes two people again. It is bound to this store, catalogue, schema, queries and limits (${job.latest.binding.slice(0, 16)}): any change disarms it.` }
  }
  if (what === 'close-breaker') {
    if (job.breaker.is !== 'open') return refusedFor('its breaker is not open', 'there is nothing to close')
    if (reason.length < SHORTEST_REASON) return no(400, 'HF401', reason === '' ? 'A breaker is closed with a reason.' : `A breaker is closed with a reason, and “${reason}” is too short for one: at least ${SHORTEST_REASON} letters.`, 'say in a sentence why so much is right: --message')
    if (job.healthy === undefined || job.healthy.at <= job.breaker.since) return refusedFor(`no ${kept ? 'evaluation' : 'run'} since it opened has found everything well`, kept ? `they are made on schedule: holdfast backups plan ${kept.set} says how it stands` : 'holdfast reconcile plan makes one now')
    const { since, because } = job.breaker
    return { asked: { is: 'close-breaker', reconcile, since, because, reason }, title: `Close the breaker of ${reconcile}`, text: `It opened because: ${because.join('; ')}.\nReason to close it: ${reason}\nAfterwards it is half open: the first ten objects, then four times as many after each healthy day.` }
  }
  if (plan === undefined || plan.id !== on) {
    const help = plan === undefined || plan.totals.purge === 0 ? 'holdfast reconcile show names its latest plan' : `its latest is ${plan.id}: holdfast reconcile purge ${plan.id}`
    return no(400, 'HF400', `“${on}” is a reconcile; what two people agree to remove for good is one plan, by its id.`, help)
  }
  const never = reconcilesIn(keeper.config).get(reconcile)?.neverRemoves
  if (never !== undefined) return refusedFor(never, 'nobody is asked; what lies aside stays, and can be brought back')
  const { totals, hash, mode, refusals } = plan
  if (mode !== 'armed' || refusals.length > 0) return refusedFor(mode === 'armed' ? `the plan is refused: ${refusals[0]?.text ?? ''}` : `the plan is ${mode}: nothing of it is done`, 'holdfast reconcile show says what stands in the way')
  if (totals.purge === 0) return refusedFor('nothing in it is to be purged', 'holdfast reconcile show lists what it holds')
  const objects = `${totals.purge} ${totals.purge === 1 ? 'object' : 'objects'}`
  return { asked: { is: 'purge', reconcile, plan: plan.id, hash }, title: `Purge ${objects} of ${reconcile}`, text: sayPurge({
    called: ['object', 'objects'], from: reconcile, items: purgedOf(sql, plan.id, reconcile), release: `holdfast reconcile release ${reconcile} <key>`, list: `holdfast reconcile show ${reconcile} --json=lines`,
    proven: 'The quarantine of each is over, none has a row, and of each the copy in the other place was read, within two weeks, and holds the same bytes.', plan: plan.id, hash, now: keeper.now().wall,
  }) }
}

/** What a plan removes for good, as people are told of it. */
const purgedOf = (sql: Sql, plan: string, reconcile: string): readonly Purged[] => loadActs(sql, plan).filter(({ act }) => act === 'purge').map(({ key, given: { item, modifiedAt } }) => {
  const aside = asideOf(loadObject(sql, reconcile, key).life)
  return { key: item.key, bytes: item.bytes ?? aside?.bytes ?? null, tenant: item.tenant, writtenAt: aside?.modifiedAt ?? modifiedAt ?? null, asideSince: aside?.since.wall ?? null, eligibleAt: item.eligible_at }
})

const isAnswer = (it: object): it is Answer => 'status' in it

/** Which two are asked, and for how long; or why nobody can be. */
export function whoIsAsked(keeper: Keeper, args: { readonly of?: readonly string[] | undefined; readonly lapses?: string | undefined }): Answer | { readonly of: readonly string[]; readonly lapses: Span; readonly show: (id: string, asker: Asker, named: string | undefined) => Answer } {
  const { people } = keeper.rooms
  const { sql } = keeper.store
  const approvers = people.everybody(sql).filter((it) => may(people.rolesOf(sql, it), 'approve'))
  const of = args.of ?? (approvers.length === 2 ? approvers : [])
  if (of.length !== 2) return no(400, 'HF472', 'Two people are asked; say which.', `name them with --of: ${approvers.slice(0, 20).join(', ') || 'nobody may approve yet'}`)
  const unknown = of.find((it) => !people.isKnown(sql, it))
  if (unknown !== undefined) return no(404, 'HF404', `no person is called “${unknown}”`, `who may approve: ${approvers.slice(0, 20).join(', ') || 'nobody yet'}`)
  const lapses = args.lapses === undefined ? USUAL : parseSpan(args.lapses)
  if (lapses === undefined || lapses < minutes(1) || lapses > LONGEST) return no(400, 'HF411', `“${args.lapses}” is not a time between 1 min and ${sayTime(LONGEST)}`, 'write it with units: 30m, 4h')
  return {
    of, lapses,
    show: (id, asker, named) => {
      const row = loadAgreement(sql, id)
      return row ? ok(showAgreement(keeper, row, asker, named)) : notHere(id, keeper)
    },
  }
}

async function ask(keeper: Keeper, args: Args<'reconcile.ask'>, asker: Asker): Promise<Answer> {
  const first = askedNow(keeper, args)
  if (isAnswer(first)) return first
  const whom = whoIsAsked(keeper, args)
  if (isAnswer(whom)) return whom
  if (args.what === 'arm') await keeper.hand.settled()
  const wanted = args.what === 'arm' ? askedNow(keeper, args) : first
  if (isAnswer(wanted)) return wanted
  const { of, lapses } = whom
  const made = await keeper.engine.turn('reconcile.ask', (tx) => askIn(tx, keeper, { ...wanted, of, lapses, by: speaker(asker, args.person) }))
  if (made.is === 'refused') return no(made.why === 'crowded' ? 503 : 409, made.why === 'crowded' ? 'HF473' : 'HF474', `${made.says.slice(0, 1).toUpperCase()}${made.says.slice(1)}.`, 'name two different people with the right role: holdfast people list shows who has which')
  return whom.show(made.id, asker, args.person)
}

/** Asks them in this turn, and remembers what is to be done when both have said it. Those who are asked for the very same already are not asked twice. */
export function askIn(tx: Tx, { rooms: { people, guard } }: Keeper, { asked, title, text, of, lapses, by }: { asked: Asked; title: string; text: string; of: readonly string[]; lapses: Span; by: string }) {
  const hash = hashOfAsked(asked)
  const same = loadAgreements(tx.sql, true, 1000).find((it) => it.asked.what === `guard.${asked.is}` && it.asked.hash === hash && it.asked.parties.map(({ identity }) => identity.person).toSorted().join('\n') === of.toSorted().join('\n'))
  if (same && people.agreements.judge(tx.sql, same.asked.id, { is: 'time' }, tx.now)?.step.agreement.phase.is === 'open') return { is: 'asked' as const, id: same.asked.id }
  const made = people.agreements.ask(tx, {
    what: `guard.${asked.is}`, title, text, hash, asks: 'yes', parties: of.map((it) => ({ person: it, as: 'approves' })), lapses, alone: 'never', by,
    // What cannot be undone is not pressed by mistake.
    ...(asked.is === 'purge' ? { typed: parseJob(asked.reconcile)?.set ?? asked.reconcile } : {}),
  })
  if (made.is === 'asked') guard.acts.asked(tx, made.id, asked)
  return made
}

/** Nothing named is not everything: whoever forgets the names would bring all of it back. */
export const WHICH = no(400, 'HF400', 'nothing says what comes back', 'name the keys, or say that all of it does: "all": true')

async function release(keeper: Keeper, { reconcile, keys, all, person: named }: Args<'reconcile.release'>, asker: Asker): Promise<Answer> {
  if ((keys === undefined) === (all === undefined)) return WHICH
  if (!isKnownJob(keeper, reconcile)) return notHere(reconcile, keeper)
  const nobody = whyNotBring(keeper, asker, named)
  if (nobody) return nobody
  const { sql } = keeper.store
  const hex = keys?.map((key) => Buffer.from(key).toString('hex')) ?? [...asides(sql, reconcile)].map(({ key }) => key).slice(0, 5000)
  const { wanted, missing } = await keeper.engine.turn('reconcile.release', (tx) => keeper.rooms.guard.acts.bring(tx, reconcile, hex, speaker(asker, named)))
  return ok({ schema: 'holdfast.release/1', reconcile, wanted, missing: missing.map((key) => Buffer.from(key, 'hex').toString('utf8')), plan: byHand(reconcile) })
}

/** What is accepted is dated and signed: no token does it, and whoever is root at a machine is nobody. */
export function whyNotAccept(keeper: Keeper, by: string, asker: Asker): Answer | undefined {
  if (asker.is === 'token') return no(403, 'HF475', 'No token accepts: a person does.', 'sign in, or do it on the machine itself with --as')
  return whyNobody(keeper, by, 'what is accepted is accepted by a person')
}

/** Why a name is nobody's here: what stands in the record is to be somebody who can be asked. */
export function whyNobody({ rooms: { people }, store: { sql } }: Keeper, by: string, rule: string): Answer | undefined {
  if (people.isKnown(sql, by)) return undefined
  return no(400, 'HF477', `“${by}” is no person that is known here, and ${rule}.`, `say who: --as <person>; known are ${people.everybody(sql).slice(0, 20).join(', ') || 'none yet: people are configured under people:'}`)
}

/** To bring back takes anybody, a token as well; but a name that was given is somebody's. */
export const whyNotBring = (keeper: Keeper, asker: Asker, named: string | undefined): Answer | undefined =>
  asker.is !== 'socket' || named === undefined ? undefined : whyNobody(keeper, speaker(asker, named), 'it stands in the record who brought it back')

async function accept(keeper: Keeper, { reconcile, what, seen, undo = false, person: named }: Args<'reconcile.accept'>, asker: Asker): Promise<Answer> {
  const config = reconcilesIn(keeper.config).get(reconcile)
  if (!config) return notHere(reconcile, keeper)
  const by = speaker(asker, named)
  const nobody = whyNotAccept(keeper, by, asker)
  if (nobody) return nobody
  const key = what === 'gap' || what === 'unlock'
  const shown = viewReconcile(keeper.store.sql, config, setsIn(keeper.config).values(), null, keeper.now().wall)
  if (undo) {
    if (!shown.accepted.some((it) => it.what === what && it.seen === seen)) return refusedFor(`${what} “${seen.slice(0, 80)}” is not accepted now`, 'holdfast reconcile show names what is')
  } else if (!key) {
    const may = shown.acceptable.filter((it) => it.what === what)
    if (!may.some((it) => it.seen === seen)) return refusedFor(`what the last run saw is not “${seen.slice(0, 80)}”`, may[0] === undefined ? 'nothing of that kind can be accepted now' : `it is: ${may[0].seen}`)
  }
  await keeper.engine.turn('reconcile.accept', (tx) => keeper.rooms.guard.acts.accept(tx, reconcile, { what, seen: key ? Buffer.from(seen).toString('hex') : seen, by, ...(undo ? { undo } : {}) }))
  if (undo) return ok({ schema: 'holdfast.done/1', says: `${what} is accepted no more: ${seen.slice(0, 200)}. The next run tells of it again.` })
  return ok({ schema: 'holdfast.done/1', says: `${what} is accepted by ${by}: ${seen.slice(0, 200)}. It holds for just that, from the next run on.` })
}

async function disarm(keeper: Keeper, { reconcile, person: named }: Args<'reconcile.disarm'>, asker: Asker): Promise<Answer> {
  if (!isKnownJob(keeper, reconcile)) return notHere(reconcile, keeper)
  const was = loadJob(keeper.store.sql, reconcile).arming !== undefined
  await keeper.engine.turn('reconcile.disarm', (tx) => keeper.rooms.guard.acts.disarm(tx, reconcile, speaker(asker, named)))
  return ok({ schema: 'holdfast.done/1', says: was ? `${reconcile} only reports from now on; what lies aside stays there and can be brought back.` : `${reconcile} was not armed.` })
}

type Call<Name extends keyof ActCalls> = (keeper: Keeper, args: Args<Name>, asker: Asker) => Answer | Promise<Answer>
const CALLS: { [Name in keyof ActCalls]: Call<Name> } = {
  'reconcile.ask': ask, 'reconcile.release': release, 'reconcile.accept': accept, 'reconcile.disarm': disarm,
  'reconcile.acts': (keeper, { on }) => {
    const byPeople = reconcileOf(on)
    if (byPeople !== undefined && isKnownJob(keeper, byPeople)) return ok(viewByHand(keeper.store.sql, byPeople))
    const plan = planOf(keeper.store.sql, on)
    return plan ? ok(viewActs(keeper.store.sql, plan)) : notHere(on, keeper)
  },
}

export const isAboutActs = (called: string): called is keyof ActCalls => Object.hasOwn(CALLS, called)

/** As `answer` does it for the others. */
export async function answerActs(keeper: Keeper, called: keyof ActCalls, args: unknown, asker: Asker): Promise<Answer> {
  const parsed = ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  try {
    return await (CALLS[called] as Call<keyof ActCalls>)(keeper, parsed.data, asker)
  } catch (cause) {
    return notDurable(cause)
  }
}
