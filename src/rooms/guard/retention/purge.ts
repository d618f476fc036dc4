// What lies aside of a set, and what of it may be removed for good: after a month by three clocks, and only while newer copies that were read whole remain
// where they must (G-1, G-23). How old a copy is, is told by its name, as late as that can be; one whose name says nothing is as old as its quarantine.
// Two people agree to the hash of just this list; each of it is judged again right before.
import { derivedId } from '../../../core/id.ts'
import { instantOf, later, type Instant, type Now, type Span } from '../../../core/time.ts'
import type { Aside } from '../acts/life.ts'
import { all, lain, oldEnough, type Margins, type Want } from '../reconcile/margins.ts'
import type { PlanId, Refusal } from '../reconcile/plan.ts'
import { dateOf, type Pattern } from '../sets/pattern.ts'
import { covering, witnessesOf, type Settings } from './gates.ts'
import { evidenceOf, hashOf, LIMITS, refusalsOf, saidMost, type World } from './judge.ts'
import type { Shelf } from './shelf.ts'

/** One copy that was set aside. */
export interface Laid {
  readonly key: string
  readonly aside: Aside
  /** When it was taken, as late as can be; nothing where its name says a time that cannot be. */
  readonly at: Instant | undefined
  readonly held: boolean | undefined
}

export interface Attic {
  readonly set: string
  readonly store: string
  readonly settings: Settings
  readonly shelves: readonly Shelf[]
  readonly accepted: World['accepted']
  readonly laid: readonly Laid[]
  /** Why nothing is ever removed for good there; absent: it may be. */
  readonly never?: string
  readonly margins: Margins
  readonly now: Now
  readonly lived: Span
}

export interface PurgeItem {
  readonly act: 'purge' | 'aside'
  readonly key: string
  readonly version_id: string | null
  readonly etag: string
  readonly bytes: number
  readonly since: Instant
  readonly eligible_at: Instant | null
  readonly why: string
}

/** `holdfast.retention.purge/1`. */
export interface PurgePlan {
  readonly id: PlanId
  readonly hash: string
  readonly set: string
  readonly store: string
  readonly identity: string | null
  readonly refusals: readonly Refusal[]
  readonly totals: { readonly purge: number; readonly aside: number; readonly bytes: number }
  readonly items: readonly PurgeItem[]
}

/** When a copy was taken that lies aside. */
export function takenAt(pattern: Pattern, key: string, { storeSince }: Pick<Aside, 'storeSince'>): Instant | undefined {
  const read = dateOf(pattern, key)
  if (read === undefined || read.is === 'impossible') return undefined
  return read.is === 'dated' ? instantOf(Math.min(read.to, storeSince)) : storeSince
}

/** Whether one that lies aside may be removed, but for what people and the store itself say of it. */
export function mayPurge({ at, held, aside }: Laid, { store, settings, shelves, margins, now, lived, never }: Omit<Attic, 'set' | 'laid' | 'accepted'>): Want[] {
  const { quarantine } = margins
  const shelf = shelves.find((it) => it.store === store)
  const cover: Want[] = at === undefined || shelf === undefined ? [{ wants: 'newer verified copies', found: { is: 'unknown', says: at === undefined ? 'when it was taken is not known' : `${store} was not listed` } }]
    : covering(at, { store, settings, witnesses: witnessesOf(shelves, settings, now, lived) })
  return [
    ...(never === undefined ? [] : [{ wants: 'a store that removes', found: { is: 'fail' as const, says: never } }]),
    { wants: 'nobody holds it', found: held === undefined ? { is: 'unknown', says: 'whether anybody holds it is not known' } : held ? { is: 'fail', says: 'it is held' } : { is: 'pass' } },
    ...cover,
    ...(quarantine === undefined ? [{ wants: 'its quarantine', found: { is: 'unknown' as const, says: 'how long that is, is not known' } }] : [
      { wants: 'its quarantine by both clocks', found: lain(aside.since, { wall: now.wall, lived }, quarantine) },
      { wants: 'its quarantine by the store’s clock', found: oldEnough(aside.storeSince, now.wall, quarantine) },
    ]),
  ]
}

/** Judges all that lies aside of one set in one store. */
export function purgePlan(attic: Attic): PurgePlan {
  const { set, store, settings, laid, margins } = attic
  const shelf = attic.shelves.find((it) => it.store === store)
  const items = [...laid].sort((a, b) => (a.key < b.key ? -1 : 1)).map((it): PurgeItem => {
    const found = all(mayPurge(it, attic))
    const { aside, key } = it
    return {
      act: found.is === 'pass' ? 'purge' : 'aside', key, version_id: aside.versionId ?? null, etag: aside.etag, bytes: aside.bytes, since: aside.since.wall,
      eligible_at: margins.quarantine === undefined ? null : later(aside.since.wall, margins.quarantine), why: found.is === 'pass' ? `removable, because ${found.says}` : `set aside; not yet: ${found.says}`,
    }
  })
  const purge = items.filter(({ act }) => act === 'purge')
  const refusals = [...refusalsOf(attic, shelf), ...tooMany(attic, purge.length, shelf)]
  const hash = hashOf({ purge: true, set, store, identity: shelf?.identity.now ?? null, verified: [settings.keepVerified, settings.locations, settings.verifiedWithin], refusals: refusals.map(({ id }) => id), items: purge.map(({ key, version_id, etag, bytes, since }) => ({ key, version_id, etag, bytes, since })) })
  return {
    id: derivedId('plan', 'purge', set, store, hash), hash, set, store, identity: shelf?.identity.now ?? null, refusals, items,
    totals: { purge: purge.length, aside: items.length - purge.length, bytes: purge.reduce((sum, { bytes }) => sum + bytes, 0) },
  }
}

/** Removed for good in one day: no more than is set aside in one, but for a person's word (G-5). */
function tooMany({ set, store, accepted, now }: Attic, count: number, shelf: Shelf | undefined): Refusal[] {
  const actsToday = shelf?.actsToday
  const most = Math.max(LIMITS.perDay, saidMost(accepted, now))
  if (actsToday !== undefined && count + actsToday <= most) return []
  const says = actsToday === undefined ? 'what was done within the last day is not known' : `${count} copies could be removed and ${actsToday} acts were done within the last day, at most ${most}`
  return [{ id: 'limit', found: actsToday === undefined ? 'unknown' : 'fail', text: `${store}: ${says}`, evidence: evidenceOf(shelf ?? { store, listing: undefined }, now), cure: `Look at what lies aside. If so much may go, a person accepts the number: holdfast backups accept-most ${set} ${store} ${count + (actsToday ?? 0)} -m "why".` }]
}
