// What is done to objects, as facts. Each job and each object is a strict stream, so of two keepers that judged the same version one is refused. People's
// word becomes an entry the moment it is complete: arming, a purge, a closed breaker, each naming the agreement that it uses up. The intent of an act
// is an entry before the hand hears of it, what came of it another. Whatever cannot be true (a token that is missing, an act on what is not aside) is
// refused and told, never guessed.
import type { Identity } from '../../../core/authority/agreement.ts'
import type { Entry } from '../../../core/ledger.ts'
import { dueIn, hours, type Due, type Instant, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Plan } from '../reconcile/plan.ts'
import type { Margins } from '../reconcile/margins.ts'
import { loadCauses, type CauseBody } from '../reconcile/rows.ts'
import { LIMITS, type Ladder } from '../reconcile/breaker.ts'
import { whyHalt, type Ended as EndedWord } from './batch.ts'
import { afterHalt, afterRun, APPROVAL_GOOD, turned, use, whyNotArm, whyVoid, type Asked, type Job, type JobRun } from './job.ts'
import { actOf, isOpen, step, type Act, type Life, type LifeEvent, type Looked } from './life.ts'
import type { Ended } from './protocol.ts'
import { permit, well, type Permit, type Write } from './permit.ts'
import { applyAsked, applyJob, applyObject, askedToArm, digestOf, dropActs, isUsed, jobStream, loadActs, loadAsked, loadHeld, loadJob, loadObject, loadPlan, moveAct, objectStream, PROJECTIONS, saveActs, TABLES, tallyOf, keptPlans, type ActRow, type ObjectRow, type PlanRow } from './rows.ts'
import { ALARM_PROJECTIONS, ALARM_TABLES, applyAlarmed, haltedOf, latchedOf, tell, tellOver } from './telling.ts'

/** What a plan rests on is worth this long: catalogue and listing of an hour, and the time it takes. A purge is agreed to by people, who sleep. */
const PLAN_GOOD: Span = hours(1)
const PURGE_GOOD: Span = hours(48)
/** Keys that one entry names. */
const MOST_NAMED = 200
/** Acts of one plan that are kept; the breaker opens long before. */
export const MOST_ACTS = 1_000

/** A run that ended, as whoever made it tells it. */
export interface RunEnded extends Omit<JobRun, 'at' | 'plan'> {
  readonly plan: Plan
  readonly acts: readonly Pick<ActRow, 'act' | 'key' | 'given'>[]
  readonly margins: Margins
  /** As the configuration calls it, and as it says of itself. */
  readonly store: string
  readonly identity: string
  /** Objects that were listed. */
  readonly objects: number
  /** The job's version that the run was told of when it began. */
  readonly follows: number
}

export interface ActsContext {
  readonly lived: () => Span
}

export interface Acts extends Pick<Room, 'tables' | 'projections' | 'apply'> {
  readonly on: NonNullable<Room['on']>
  /** A run ended: its plan is kept, and its acts wait where it is armed. */
  ran(tx: Tx, reconcile: string, run: RunEnded): Job
  /** People were asked; what comes of it is done when the last of them has said it. */
  asked(tx: Tx, agreement: string, asked: Asked): void
  /** A plan that no run made: permitted by a person, or to be asked about. */
  permit(tx: Tx, it: Permit): PlanRow
  /** All was found well where no runs are made. */
  well(tx: Tx, reconcile: string, ladder: Ladder): void
  /** It only reports from now on, and whoever was asked to arm it cannot any more. */
  disarm(tx: Tx, reconcile: string, by: string): Job
  /** What a person has accepted: typed, dated, bound to what was seen. */
  accept(tx: Tx, reconcile: string, it: { readonly what: string; readonly seen: string; readonly by: string; readonly undo?: boolean }): Job
  /** A person wants it back; from then on it stays until a person unlocks it. */
  bring(tx: Tx, reconcile: string, keys: readonly string[], by: string): { readonly wanted: number; readonly missing: readonly string[] }
  /** Writes the intent down; nothing may be done before this is durable. A sentence where it cannot be. */
  intend(tx: Tx, it: { readonly plan: string; readonly reconcile: string; readonly act: ActRow; readonly agreement?: string; readonly identity?: string }): Intended | string
  ended(tx: Tx, id: string, ended: Ended): void
  looked(tx: Tx, id: string, found: Looked): void
  halt(tx: Tx, reconcile: string, it: { readonly says: string; readonly lost: boolean; readonly plan?: string }): void
}

export interface Intended {
  readonly id: string
  readonly object: ObjectRow
}

/** Plans by the name of a person rather than of a run. */
export const byHand = (reconcile: string): string => `by-hand:${reconcile}`

/** Of which job these are what people want back; nothing where it is a plan of a run. */
export const reconcileOf = (plan: string): string | undefined => (plan.startsWith('by-hand:') ? plan.slice('by-hand:'.length) : undefined)

/** Names one intent: the object and the version of its stream that it made. */
export const intentId = ({ reconcile, key, version }: Pick<ObjectRow, 'reconcile' | 'key' | 'version'>): string => `${version}.${key}.${Buffer.from(reconcile).toString('hex')}`

/** Whose intent it is; `undefined` where it is no name of one. */
export function parseIntent(id: string): { reconcile: string; key: string; version: number } | undefined {
  const split = /^(\d{1,9})\.([0-9a-f]{0,4096})\.([0-9a-f]{2,400})$/.exec(id)
  return split ? { version: Number(split[1]), key: split[2] ?? '', reconcile: Buffer.from(split[3] ?? '', 'hex').toString() } : undefined
}

export function actsPart(context: ActsContext): Acts {
  const write = (tx: Tx, is: string, reconcile: string, before: Job, after: Job, more: Readonly<Record<string, unknown>> = {}): Job => {
    const { version, ...job } = after
    // Whoever was asked to arm it, and by which agreement: the people's room ends those.
    const voids = after.epoch === before.epoch ? [] : askedToArm(tx.sql, reconcile).filter((id) => id !== more['agreement'] && id !== more['of'])
    tx.append({ is, stream: jobStream(reconcile), follows: before.version, body: { reconcile, job, ...more, ...(voids.length > 0 && { voids }), at: tx.now.wall } })
    return { ...after, version: version + 1 }
  }
  const live = (tx: Tx, is: string, before: ObjectRow, life: Life, more: Readonly<Record<string, unknown>>): ObjectRow => {
    const { reconcile, key, version } = before
    tx.append({ is, stream: objectStream(reconcile, key), follows: version, body: { reconcile, key, life, ...more, at: tx.now.wall, lived: context.lived() } })
    return loadObject(tx.sql, reconcile, key)
  }
  const moment = (tx: Tx) => ({ wall: tx.now.wall, lived: context.lived() })
  const acts: Acts = {
    tables: TABLES + ALARM_TABLES, projections: [...PROJECTIONS, ...ALARM_PROJECTIONS],
    apply: {
      'guard.ran': applyJob, 'guard.armed': applyJob, 'guard.disarmed': applyJob, 'guard.purgeAgreed': applyJob, 'guard.breakerClosed': applyJob, 'guard.halted': applyJob, 'guard.accepted': applyJob, 'guard.notDone': applyJob, 'guard.wanted': applyJob, 'guard.planned': applyJob, 'guard.permitted': applyJob, 'guard.well': applyJob,
      'guard.alarmed': applyAlarmed, 'guard.asked': applyAsked, 'guard.intended': applyObject, 'guard.ended': applyObject, 'guard.looked': applyObject,
    },
    on: { 'agreement.pressed': (tx, entry) => takeAgreed(tx, entry, write) },
    ran: (tx, reconcile, run) => takeRun(tx, reconcile, run, write),
    asked: (tx, agreement, asked) => void tx.append({ is: 'guard.asked', stream: agreement + ':guard', body: { agreement, asked, at: tx.now.wall } }),
    permit: (tx, it) => permit(tx, it, write),
    well: (tx, reconcile, ladder) => well(tx, reconcile, ladder, write),
    disarm(tx, reconcile, by) {
      const job = loadJob(tx.sql, reconcile)
      return job.arming === undefined && askedToArm(tx.sql, reconcile).length === 0 ? job : write(tx, 'guard.disarmed', reconcile, job, turned(job, undefined), { by })
    },
    accept(tx, reconcile, accepted) {
      const job = loadJob(tx.sql, reconcile)
      return write(tx, 'guard.accepted', reconcile, job, job, { accepted })
    },
    bring: (tx, reconcile, keys, by) => bring(tx, reconcile, { keys, by }, write),
    intend(tx, { plan, reconcile, act, agreement, identity }) {
      const object = loadObject(tx.sql, reconcile, act.key)
      const event = intentOf(act, moment(tx), { agreement, identity })
      if (typeof event === 'string') return event
      const { life, wrong } = step(object.life, event)
      if (wrong !== undefined) return wrong
      const after = live(tx, 'guard.intended', object, life, { plan, act: act.act })
      moveAct(tx.sql, plan, act.n, 'begun')
      return { id: intentId(after), object: after }
    },
    ended(tx, id, ended) {
      const found = openOf(tx, id)
      if (found === undefined) return
      const act = actOf(found.life)
      const event = endOf(ended, moment(tx))
      if (event === undefined) return
      const { life, wrong } = step(found.life, event)
      // Nobody knows what it did: it stays open, and is looked at.
      if (wrong !== undefined) return
      live(tx, 'guard.ended', found, life, { plan: found.plan, act, ended: wordOf(ended), ...('says' in ended ? { says: ended.says.slice(0, 500) } : {}) })
      closeAct(tx, found, act, ended)
      stopWhere(tx, acts, found, life)
    },
    looked(tx, id, found) {
      const object = openOf(tx, id)
      if (object === undefined) return
      const act = actOf(object.life)
      const { life } = step(object.life, { is: 'looked', found, at: moment(tx) })
      const done = (act === 'quarantine' && life.is === 'aside') || (act === 'purge' && life.is === 'purged') || (act === 'release' && found.is === 'standing')
      live(tx, 'guard.looked', object, life, { plan: object.plan, act, found: found.is, ...(done || life.is === 'lost' ? { ended: life.is === 'lost' ? 'lost' : 'done' } : {}) })
      // What turned out not to have happened is judged anew, from the beginning.
      reopenAct(tx, object, done)
      stopWhere(tx, acts, object, life)
    },
    halt(tx, reconcile, { says, lost, plan }) {
      const job = loadJob(tx.sql, reconcile)
      if (plan !== undefined) dropActs(tx.sql, plan)
      const after = afterHalt(job, { says, lost, at: tx.now.wall })
      write(tx, 'guard.halted', reconcile, job, after, { says, lost, ...(plan === undefined ? {} : { of: plan }) })
      tell(tx, `reconcile:${reconcile}/${lost ? 'lost' : 'halted'}`, lost ? `The store of ${reconcile} cannot be believed` : `The clean-up ${reconcile} was stopped`, lost ? says : `${says}. Its breaker is open: two people close it`, lost ? { weight: 4 } : { ends: haltedOf(reconcile) })
    },
  }
  return acts
}

/** Two people have closed it: whatever opens it from here on is another thing, and rings people anew, though it were for the same reason (G-28). */
function closed(tx: Tx, reconcile: string, people: readonly string[]): void {
  const says = `${people.join(' and ')} closed the breaker`
  const stands = loadCauses(tx.sql, reconcile).some(({ cause }) => cause === 'breaker')
  if (stands) tx.append({ is: 'guard.caused', stream: `reconciled:${reconcile}`, body: { reconcile, cause: 'breaker', to: 'over', says, root: '', escalate: 'default', because: [], at: tx.now.wall } satisfies CauseBody })
  for (const ends of [haltedOf(reconcile), latchedOf(reconcile)]) tellOver(tx, ends, says)
}

function takeRun(tx: Tx, reconcile: string, run: RunEnded, write: Write): Job {
  const job = loadJob(tx.sql, reconcile)
  const moved = job.version === run.follows ? 'current' : 'moved'
  const after = afterRun(job, { ...run, at: tx.now.wall }, moved)
  // Older plans wait no longer, but for what people have agreed on or are asked to.
  for (const { plan, reconcile: of } of keptPlans(tx.sql)) if (of === reconcile && isOld(tx, plan)) dropActs(tx.sql, plan)
  const kept = moved === 'current' ? run.acts.filter(({ act }) => act === 'release' || run.plan.mode === 'armed').slice(0, MOST_ACTS) : run.acts.filter(({ act }) => act === 'release').slice(0, MOST_ACTS)
  const { id, hash, binding, refusals, totals } = run.plan
  const plan: PlanRow = {
    id, reconcile, hash, mode: after.latest?.mode ?? 'report', binding, refusals: refusals.slice(0, 50), totals, digest: digestOf(kept), store: run.store, identity: run.identity, margins: run.margins,
    goodUntil: dueIn(tx.now, PLAN_GOOD), ...(kept.some(({ act }) => act === 'purge') && { purgeUntil: dueIn(tx.now, PURGE_GOOD) }), perDay: Math.max(LIMITS.few, Math.floor(LIMITS.actsPerDayShare * run.objects)), at: tx.now.wall,
  }
  const had = loadPlan(tx.sql, id)
  if (kept.length > 0 && had === undefined) saveActs(tx.sql, id, kept)
  return write(tx, 'guard.ran', reconcile, job, after, { plan })
}

const isOld = (tx: Tx, id: string): boolean => {
  const plan = loadPlan(tx.sql, id)
  const hasPurge = tx.sql.get(`select 1 as x from guard_act where plan = ? and act = 'purge' and state = 'waiting' limit 1`, id) !== undefined
  return plan?.purgeUntil === undefined || !hasPurge || tx.now.wall >= plan.purgeUntil.wall
}

/** All whose word was needed have said it: what they agreed on becomes an entry, now or never. */
function takeAgreed(tx: Tx, entry: Entry, write: Write): void {
  const { id, phase, assents } = entry.body as unknown as { id: string; phase: { is: string }; assents: readonly { identity: Identity }[] }
  if (phase.is !== 'agreed') return
  const asked = loadAsked(tx.sql, id)
  if (asked === undefined) return
  const terms = tx.sql.get<{ asked: string }>('select asked from guard_asked where agreement = ?', id)
  const { reconcile } = asked
  const job = loadJob(tx.sql, reconcile)
  const used = isUsed(tx.sql, id)
  const until: Due = dueIn(tx.now, APPROVAL_GOOD)
  const hash = hashIn(tx, id)
  const it = used || terms === undefined ? { is: 'refused' as const, says: 'this agreement was used already' } : use(job, asked, { agreement: id, hash, people: assents.map(({ identity }) => identity), at: tx.now.wall }, until)
  switch (it.is) {
    case 'refused': return refuse(tx, reconcile, job, { agreement: id, says: it.says, used }, write)
    case 'armed': return armAll(tx, { agreement: id, asked, job, arming: it.arming }, write)
    case 'closed': {
      write(tx, 'guard.breakerClosed', reconcile, job, { ...job, breaker: it.breaker }, { agreement: id })
      return closed(tx, reconcile, assents.map(({ identity }) => identity.person))
    }
    case 'purge': {
      const plan = loadPlan(tx.sql, it.plan)
      if (plan?.hash !== hash) return refuse(tx, reconcile, job, { agreement: id, says: 'the plan that they saw is not there any more', used }, write)
      return void write(tx, 'guard.purgeAgreed', reconcile, job, job, { agreement: id, approval: { plan: it.plan, agreement: id, hash, people: assents.map(({ identity }) => identity), until } })
    }
  }
}

/** All that was asked for with one word, or nothing of it. */
function armAll(tx: Tx, { agreement, asked, job, arming }: { readonly agreement: string; readonly asked: Asked; readonly job: Job; readonly arming: NonNullable<Job['arming']> }, write: Write): void {
  const also = asked.is === 'arm' ? (asked.also ?? []) : []
  for (const other of also) {
    const { reconcile, binding } = other
    const there = loadJob(tx.sql, reconcile)
    const why = whyVoid(there, other) ?? whyNotArm(there, binding)
    if (why !== undefined) return refuse(tx, asked.reconcile, job, { agreement, says: `${reconcile}: ${why}`, used: false }, write)
  }
  write(tx, 'guard.armed', asked.reconcile, job, turned(job, arming), { agreement })
  for (const { reconcile, binding } of also) {
    const other = loadJob(tx.sql, reconcile)
    write(tx, 'guard.armed', reconcile, other, turned(other, { ...arming, binding }), { of: agreement })
  }
}

/** Of the agreement itself, as it was asked; what was recorded beside it is compared with that. */
function hashIn(tx: Tx, id: string): string {
  for (const row of tx.sql.each<{ body: string }>(`select body from entry where stream = ? and is_ = 'agreement.asked' limit 1`, id)) return (JSON.parse(row.body) as { hash?: string }).hash ?? ''
  return ''
}

function refuse(tx: Tx, reconcile: string, job: Job, { agreement, says, used }: { agreement: string; says: string; used: boolean }, write: Write): void {
  write(tx, 'guard.notDone', reconcile, job, job, { says, ...(used ? { of: agreement } : { agreement }) })
  tell(tx, `reconcile:${reconcile}/not-done`, `What was agreed on was not done`, `${reconcile}: ${says} (${agreement})`)
}

function bring(tx: Tx, reconcile: string, { keys, by }: { readonly keys: readonly string[]; readonly by: string }, write: Write): { wanted: number; missing: string[] } {
  const missing: string[] = []
  const plan = byHand(reconcile)
  // What was brought back has been told. What could not be stays to be seen, until it is asked for again or lies aside no more.
  const names = new Set(keys)
  const had = loadActs(tx.sql, plan)
  for (const { n, key, state } of had) if (state === 'over' || (state === 'held' && (names.has(key) || loadObject(tx.sql, reconcile, key).life.is !== 'aside'))) tx.sql.run('delete from guard_act where plan = ? and n = ?', plan, n)
  const asked = new Set(had.flatMap(({ key, state }) => (state === 'waiting' || state === 'begun' ? [key] : [])))
  const from = (tx.sql.get<{ n: number | null }>('select max(n) as n from guard_act where plan = ?', plan)?.n ?? -1) + 1
  const wanted: Pick<ActRow, 'act' | 'key' | 'given'>[] = []
  const held: string[] = []
  let already = 0
  for (const key of names) {
    const { life } = loadObject(tx.sql, reconcile, key)
    if (asked.has(key)) {
      already++
      // Unlocked before it was back: who asks for it once more wants it to stay.
      if (loadHeld(tx.sql, reconcile, key)?.state === 'lifted') held.push(key)
    } else if (life.is !== 'aside') missing.push(key)
    else wanted.push({ act: 'release', key, given: { lock: 'none', item: { act: 'release', key: Buffer.from(key, 'hex').toString('utf8'), version_id: life.aside.version, etag: life.aside.etag, bytes: life.aside.bytes, tenant: null, first_flagged: null, eligible_at: null, why: 'a person wants it back' } } })
  }
  saveActs(tx.sql, plan, wanted, from)
  held.push(...wanted.map(({ key }) => key))
  // What was asked for stands in the ledger: acts under a person's name that do not are nobody's.
  for (let n = 0; n < held.length; n += MOST_NAMED) {
    const job = loadJob(tx.sql, reconcile)
    write(tx, 'guard.wanted', reconcile, job, job, { by, held: { keys: held.slice(n, n + MOST_NAMED), by } })
  }
  return { wanted: wanted.length + already, missing }
}

function intentOf({ act, given, key }: ActRow, at: { wall: Instant; lived: Span }, { agreement, identity }: { readonly agreement: string | undefined; readonly identity: string | undefined }): LifeEvent | string {
  if (given.item.key_hex !== undefined || Buffer.from(given.item.key).toString('hex') !== key) return 'its name is no text by which a store could be asked'
  if (act === 'release') return { is: 'intended', act, at }
  if (act === 'purge') return agreement === undefined ? 'nobody has agreed to it' : { is: 'intended', act, at, agreement }
  const { item, flag, modifiedAt } = given
  if (flag === undefined || item.etag === null || item.bytes === null) return 'it has no flag, etag or size'
  return { is: 'intended', act, at, flag, what: { key: item.key, etag: item.etag, bytes: item.bytes, ...(item.version_id !== null && { versionId: item.version_id }) }, ...(identity !== undefined && { identity }), ...(modifiedAt !== undefined && { modifiedAt }) }
}

/** What was begun under this name and has not ended; an answer about anything else is an old one. */
function openOf(tx: Tx, id: string): (ObjectRow & { readonly life: Life & { readonly is: 'leaving' | 'returning' | 'removing' } }) | undefined {
  const named = parseIntent(id)
  if (named === undefined) return undefined
  const object = loadObject(tx.sql, named.reconcile, named.key)
  const { life } = object
  return object.version === named.version && isOpen(life) ? { ...object, life } : undefined
}

function endOf(ended: Ended, at: { wall: Instant; lived: Span }): LifeEvent | undefined {
  switch (ended.is) {
    case 'done': return { ...ended, at }
    case 'refused': case 'lost': return { ...ended, is: ended.is } as LifeEvent
    case 'unknown': return undefined
  }
}

const wordOf = (ended: Ended): EndedWord => (ended.is === 'refused' ? ended.why : ended.is)

/** What changed nothing is held, with the reason; what was only out of reach as it was to come back waits on. */
function closeAct(tx: Tx, { reconcile, plan, key }: ObjectRow, act: Act, ended: Ended): void {
  const state: ActRow['state'] = ended.is === 'done' ? 'over' : act === 'release' && ended.is === 'refused' && ended.why === 'unable' ? 'waiting' : 'held'
  tx.sql.run(`update guard_act set state = ?, says = ? where plan = ? and key = ? and state = 'begun'`, state, 'says' in ended ? ended.says.slice(0, 500) : '', plan, key)
  if (act === 'release' && ended.is === 'refused' && state === 'held') tellHeld(tx, { reconcile, plan, key, says: ended.says })
}

/** What has a row again comes back by itself, or somebody hears why not; whoever asked for it by hand is told where they asked. */
export function tellHeld(tx: Tx, { reconcile, plan, key, says }: { readonly reconcile: string; readonly plan: string; readonly key: string; readonly says: string }): void {
  if (plan !== byHand(reconcile)) tell(tx, `reconcile:${reconcile}/away`, `${reconcile}: what has a row again stays aside`, `${Buffer.from(key, 'hex').toString()}: ${says}`)
}

function reopenAct(tx: Tx, { plan, key }: ObjectRow, done: boolean): void {
  tx.sql.run(`update guard_act set state = ? where plan = ? and key = ? and state = 'begun'`, done ? 'over' : 'waiting', plan, key)
}

/** Whatever has gone wrong with this plan ends it, and people hear of it. */
function stopWhere(tx: Tx, acts: Acts, { reconcile, plan }: ObjectRow, life: Life): void {
  if (life.is === 'lost') return acts.halt(tx, reconcile, { says: life.says, lost: true, plan })
  if (life.is === 'taken') tell(tx, `reconcile:${reconcile}/taken`, `What lay aside of ${reconcile.replace(/^keep:/, '')} was taken away`, `${life.says}: somebody else removed it, Holdfast did not; it cannot be brought back. If that was you, nothing is left to do`)
  const why = plan.startsWith('by-hand:') ? undefined : whyHalt(tallyOf(tx.sql, plan))
  if (why !== undefined && loadActs(tx.sql, plan).length > 0) acts.halt(tx, reconcile, { says: why, lost: false, plan })
}

/** What an entry of a job says, in a sentence, for the audit. */
export function sayAct({ is, body }: Entry): string {
  const b = body as { reconcile?: string; by?: string; count?: number; says?: string; agreement?: string; of?: string; asked?: Asked; accepted?: { readonly what: string; readonly seen: string; readonly by: string }; held?: { readonly keys: readonly string[]; readonly by: string } }
  switch (is) {
    case 'guard.asked': return `people were asked to ${b.asked?.is} ${b.asked?.reconcile} (${b.agreement})`
    case 'guard.armed': return `${b.reconcile} was armed (${b.agreement ?? b.of})`
    case 'guard.permitted': return `${b.by} let ${b.count} ${b.count === 1 ? 'copy' : 'copies'} be set aside (${b.reconcile?.slice('keep:'.length)})`
    case 'guard.disarmed': return `${b.by} disarmed ${b.reconcile}`
    case 'guard.purgeAgreed': return `a purge of ${b.reconcile} was agreed on (${b.agreement})`
    case 'guard.breakerClosed': return `the breaker of ${b.reconcile} was closed (${b.agreement})`
    case 'guard.accepted': return `${b.accepted?.by} accepted ${b.accepted?.what} of ${b.reconcile}: ${b.accepted?.seen}`
    case 'guard.wanted': return `${b.held?.by} brought ${b.held?.keys.length === 1 ? 'an object' : `${b.held?.keys.length} objects`} of ${b.reconcile} back: what came back stays until somebody unlocks it`
    case 'guard.notDone': return `what was agreed on for ${b.reconcile} was not done: ${b.says} (${b.agreement})`
    default: return `${b.reconcile} was stopped: ${b.says}`
  }
}
