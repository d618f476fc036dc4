// What may be done to one object at this moment. A plan was judged when it was made; here each of its acts is judged again, right before it, by what is
// known now: the plan as it was sealed, the people who agreed to it, the latest run, the breaker, a look at the catalogue within the last minutes, both
// clocks of every wait. Each want is a finding of three values. What is not known holds; to bring something back waits for nothing but the truth.
import { sameness, type Identity } from '../../../core/authority/agreement.ts'
import type { Found } from '../../../core/evidence.ts'
import { ageOf, isDue, isWithin, later, minutes, sayTime, type Due, type Instant, type Now, type Span, type Stamp } from '../../../core/time.ts'
import type { Probed, StoreClock } from '../../../ports/store.ts'
import { hasRoom, lets, type Breaker } from '../reconcile/breaker.ts'
import { all, beforePurge, beforeQuarantine, unlocked, type Flag, type Margins, type Moment, type Want } from '../reconcile/margins.ts'
import type { Lock } from '../reconcile/cursor.ts'
import { armedFound, isLive, type Item, type Plan } from '../reconcile/plan.ts'
import type { Arming, Way } from '../reconcile/readings.ts'
import { asideOf, isFree, isOpen, type Act, type Life } from './life.ts'

/** A look at the catalogue is this young when it counts. */
export const RECHECK_GOOD: Span = minutes(5)
/** So long what was tried out on canaries holds. */
export const PROBE_GOOD: Span = minutes(15)

/** What the catalogue said of one key, when it was asked for just that key. */
export interface Recheck {
  readonly seen: Stamp
  /** `present`: a row, or an upload that is spoken for. */
  readonly row: 'none' | 'present' | 'unknown'
  /** Of what is to be purged: whether the copy that was read, and was the same, still lies in the other place. Absent: nobody knows. */
  readonly copy?: 'there' | 'not'
}

/** What two people agreed on, for a purge. */
export interface Approval {
  readonly agreement: string
  readonly hash: string
  readonly people: readonly Identity[]
  readonly until: Due
}

/** What the hand itself found out about the store, right before. */
export interface StoreSeen {
  readonly seen: Stamp
  readonly identity: string
  readonly capabilities: Probed['capabilities']
  /** By the time that it gave to something just written. */
  readonly clock: StoreClock
  /** A store without versions that moves what it puts aside, as folders do. */
  readonly moves: boolean
  /** Versioning and lifecycle, read again: whether what is put aside stays for the quarantine (G-21). */
  readonly keeps: Found
  /** The same for the next run. */
  readonly way: Way
}

export interface Grounds {
  readonly plan: Pick<Plan, 'hash' | 'mode' | 'refusals' | 'binding'>
  /** The digest of the acts as they lie here, and as it was sealed. */
  readonly digest: { readonly now: string; readonly sealed: string }
  /** Until when the plan's own evidence is worth something; for a purge, which waits for people, longer. */
  readonly goodUntil: Due
  readonly purgeUntil: Due | undefined
  /** The plan of the latest run: whatever it refuses holds back older ones too. */
  readonly latest: Pick<Plan, 'mode' | 'refusals' | 'binding'> | undefined
  readonly arming: Arming | undefined
  readonly approval: Approval | undefined
  readonly breaker: Breaker | undefined
  /** What was put aside since two people closed the breaker last, and what is on its way. */
  readonly passed: number | undefined
  readonly store: StoreSeen | undefined
  /** Of the store when the plan was made. */
  readonly identity: string
  readonly margins: Margins
  readonly now: Now
  readonly lived: Span
}

/** One item of the plan, with what is remembered of its key. */
export interface Candidate {
  readonly item: Item
  readonly key: Uint8Array
  readonly life: Life
  readonly flag: Flag | undefined
  readonly lock: Lock | 'none'
  readonly copied: boolean | undefined
  readonly modifiedAt: Instant | undefined
  readonly recheck: Recheck | undefined
  /** Who has brought it back by hand, and wants it to stay; empty where nobody has. */
  readonly heldBy: string
  /** Whether the latest run would purge this very version too; of a purge alone. */
  readonly again: Found | undefined
}

/** Whether this act may be done to this object now, and why not. */
export function rule(act: Act, it: Candidate, grounds: Grounds): Found {
  switch (act) {
    case 'quarantine': return all([...ofPlan(grounds, grounds.goodUntil), ...ofStore(grounds, ['sets_aside', 'brings_back', 'versions_or_moves', 'clock', 'read_only']), ...toQuarantine(it, grounds)])
    case 'purge': return all([...ofPlan(grounds, grounds.purgeUntil), ...ofPeople(grounds), ...ofStore(grounds, ['purges', 'clock', 'read_only']), ...toPurge(it, grounds)])
    case 'release': return all([storeOfRelease(grounds), { wants: 'what lies aside', found: it.life.is === 'aside' ? pass : isOpen(it.life) ? unknown(`it is ${it.life.is}`) : fail(`it is ${it.life.is}`) }])
  }
}

const pass: Found = { is: 'pass' }
const fail = (says: string): Found => ({ is: 'fail', says })
const unknown = (says: string): Found => ({ is: 'unknown', says })

/** The plan itself, and whether what it rests on still stands (G-11, G-16). */
function ofPlan({ plan, digest, latest, arming, now }: Grounds, until: Due | undefined): Want[] {
  return [
    { wants: 'a plan that is armed and refuses nothing', found: isLive(plan) ? pass : fail(plan.refusals[0] === undefined ? `it is ${plan.mode}` : `it was refused: ${plan.refusals[0].text}`) },
    sealed({ digest }),
    stillFresh(until, now),
    { wants: 'the latest run', found: latest === undefined ? unknown('nobody knows it') : !isLive(latest) ? fail('it would touch nothing') : latest.binding === plan.binding ? pass : fail('something has changed since this plan was made') },
    { wants: 'armed by two people', found: armedFound(arming, plan.binding) },
  ]
}

/** What a plan rests on is worth something only for a while. */
export const stillFresh = (until: Due | undefined, now: Now): Want =>
  ({ wants: 'a plan that is still fresh', found: until === undefined ? unknown('nobody has said until when') : isDue(until, now) || until.boot !== now.boot ? fail('too much time has passed since it was made') : pass })

/** Byte for byte what people saw. */
export const sealed = ({ digest }: Pick<Grounds, 'digest'>): Want => ({ wants: 'the acts as they were sealed', found: digest.now === digest.sealed ? pass : fail('they are not what was judged') })

/** Two who are two, for the hash of this very plan, not long ago (G-11, C-17). */
function ofPeople({ plan, approval, now }: Grounds): Want[] {
  return [{ wants: 'agreed by two people', found: approvalFound(approval, plan.hash, now) }]
}

export function approvalFound(approval: Approval | undefined, hash: string, now: Now): Found {
  if (approval === undefined) return fail('nobody has agreed to it')
  if (approval.hash !== hash) return fail('they agreed to another plan')
  if (isDue(approval.until, now) || approval.until.boot !== now.boot) return fail('they agreed to it too long ago')
  return twoPeople(approval.people)
}

/** Two of them are certainly two. */
export function twoPeople(people: readonly Identity[]): Found {
  for (const [n, one] of people.entries()) if (people.slice(0, n).some((other) => sameness(one, other) === undefined)) return pass
  return fail('it takes two people who share nothing by which they might be one')
}

function sameStore({ store, identity, now }: Pick<Grounds, 'store' | 'identity' | 'now'>): Want {
  const found = store === undefined || !isWithin(store.seen, now, PROBE_GOOD) ? unknown('nobody has looked lately') : store.identity === identity ? pass : fail('it is another one')
  return { wants: 'the store that was judged', found }
}

/** To bring back waits for no run and no canary: which store it is, the hand asks right before; one that was seen to be another is not even asked, and what is to come back waits until it is that one again. */
function storeOfRelease({ store, identity, now }: Grounds): Want {
  const another = isWithin(store?.seen, now, PROBE_GOOD) && store?.identity !== identity
  return { wants: 'the store in which it was put aside', found: identity === '' ? unknown('nobody knows which it was') : another ? unknown('it is another one now') : pass }
}

/** What was tried out on canaries just now (G-6, G-9, G-15, G-21). */
export function ofStore(grounds: Pick<Grounds, 'store' | 'identity' | 'now'>, asked: readonly ('versions_or_moves' | keyof Probed['capabilities'])[]): Want[] {
  const { store } = grounds
  const same = sameStore(grounds)
  if (store === undefined || same.found.is !== 'pass') return [same]
  const has = (name: (typeof asked)[number]): Found => (name === 'versions_or_moves' ? store.keeps : name === 'read_only' ? readOnly(store) : store.capabilities[name])
  return [same, ...asked.map((name): Want => ({ wants: SAID[name] ?? name, found: spoken(has(name)) }))]
}

/** Whether a store was tried out lately, and does all that putting aside and bringing back takes. */
export const fitToArm = (store: StoreSeen | undefined, now: Now): Found => all(ofStore({ store, identity: store?.identity ?? '', now }, ['sets_aside', 'brings_back', 'versions_or_moves', 'clock', 'read_only']))

/** Nobody has tried the store out while that would still be worth anything. */
export const isUntried = ({ is, says }: Found): boolean => is === 'unknown' && says?.endsWith('nobody has looked lately') === true

/** In a folder nobody can try what another process may do; there a second user id guards what cannot be undone, and the rest is a rename. */
const readOnly = ({ moves, capabilities }: StoreSeen): Found => (moves && capabilities.read_only.is === 'unknown' ? pass : capabilities.read_only)

const SAID: Readonly<Record<string, string>> = {
  sets_aside: 'a store that puts aside', brings_back: 'a store that brings back', versions_or_moves: 'a store that keeps what is aside', clock: 'a store whose clock is right', purges: 'a store that removes what was named', read_only: 'a credential for judging that cannot delete',
}

const spoken = (found: Found): Found => (found.is === 'pass' ? found : { is: found.is, says: found.says })

function noRow({ recheck }: Candidate, now: Now): Want {
  const found = recheck === undefined || !isWithin(recheck.seen, now, RECHECK_GOOD) ? unknown('nobody has asked within the last minutes')
    : recheck.row === 'none' ? pass : recheck.row === 'present' ? fail('there is one') : unknown('the catalogue did not say')
  return { wants: `no row, asked within ${sayTime(RECHECK_GOOD)}`, found }
}

const at = (grounds: Grounds): { at: Moment; store: Instant | undefined } => ({ at: { wall: grounds.now.wall, lived: grounds.lived }, store: storeNow(grounds) })

/** The store's clock as it was read, and what has gone by since then by the clock that nobody sets. */
function storeNow({ now, store }: Grounds): Instant | undefined {
  const age = store && ageOf(store.seen, now)
  return store?.clock.is === 'read' && age !== undefined ? later(store.clock.at, age) : undefined
}

function toQuarantine(it: Candidate, grounds: Grounds): Want[] {
  const { item, life, flag, lock, modifiedAt, key } = it
  const same = flag !== undefined && flag.version === item.version_id && flag.etag === item.etag
  const listed = { version: item.version_id ?? undefined, etag: item.etag ?? undefined, size: item.bytes ?? undefined, modifiedAt, lock: 'free' as const, tags: [], standing: 'live' as const }
  return [
    { wants: 'nothing is under way with it', found: isFree(life) ? pass : fail(`it is ${life.is}`) },
    { wants: 'not brought back by a person', found: it.heldBy === '' ? pass : fail(`${it.heldBy} brought it back: it stays until somebody unlocks it`) },
    { wants: 'the version that was flagged', found: same ? pass : fail('it is another one') },
    { wants: 'not locked in the catalogue', found: lock === 'none' ? pass : unlocked(lock, 'the catalogue') },
    noRow(it, grounds.now),
    { wants: 'the breaker', found: lets(grounds.breaker, key, flag?.first.wall) },
    { wants: 'room in the breaker', found: hasRoom(grounds.breaker, grounds.passed) },
    ...beforeQuarantine(flag, listed, at(grounds), grounds.margins),
  ]
}

function toPurge(it: Candidate, grounds: Grounds): Want[] {
  const { item, life, lock, copied } = it
  const aside = asideOf(life)
  if (aside === undefined || life.is !== 'aside') return [{ wants: 'what lies aside', found: fail(`it is ${life.is}`) }]
  const listed = { version: item.version_id ?? undefined, etag: item.etag ?? undefined, size: item.bytes ?? undefined, modifiedAt: undefined, lock: 'free' as const, tags: [], standing: 'hidden' as const }
  const { breaker } = grounds
  return [
    { wants: 'not locked in the catalogue', found: lock === 'none' ? pass : unlocked(lock, 'the catalogue') },
    noRow(it, grounds.now),
    { wants: 'the breaker', found: breaker === undefined ? unknown('its state is not known') : breaker.is === 'closed' ? pass : fail('it is not closed') },
    { wants: 'the latest run purges it too', found: it.again ?? unknown('nobody has looked') },
    { wants: `verified in the other place, asked within ${sayTime(RECHECK_GOOD)}`, found: copyNow(it, grounds.now) },
    ...beforePurge(aside, listed, copied, at(grounds), grounds.margins),
  ]
}

/** What the plan knew of the copy may be two days old: it is asked for again with each handful (G-23). */
function copyNow({ recheck }: Candidate, now: Now): Found {
  if (recheck?.copy === undefined || !isWithin(recheck.seen, now, RECHECK_GOOD)) return unknown('nobody has seen there within the last minutes what was read')
  return recheck.copy === 'there' ? pass : fail('the same bytes are not there any more')
}
