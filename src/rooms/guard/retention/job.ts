// Retention as a job of the acts desk: one set in one store is one job, under a name that no reconcile can have. A plan that a person has permitted is
// kept with its acts sealed; what is permitted is bound to its hash, and to the rules, the store and the copies that the hash is of (G-11).
import { ms, type Instant } from '../../../core/time.ts'
import type { Given } from '../acts/rows.ts'
import { marginsOf, type Margins } from '../reconcile/margins.ts'
import type { Totals } from '../reconcile/plan.ts'
import type { Item as PlannedItem, Plan } from './judge.ts'
import { deletable } from './judge.ts'
import { nameOf, type Shelf } from './shelf.ts'
import type { PurgePlan } from './purge.ts'

/** Neither a colon nor an at sign stands in the name of a reconcile, a set or a store. */
export const jobOf = (set: string, store: string): string => `keep:${set}@${store}`

/** Whose job it is; nothing where it is a reconcile's. */
export function parseJob(job: string): { readonly set: string; readonly store: string } | undefined {
  const split = /^keep:([^:@]+)@([^:@]+)$/.exec(job)
  return split?.[1] !== undefined && split[2] !== undefined ? { set: split[1], store: split[2] } : undefined
}

/** What is set aside lies there as long as any quarantine does: a month (G-23). */
export const marginsFor = (shrink: number): Margins => marginsOf({ retention: ms(0), oldestCopy: ms(0), shrink })

export interface Wanted {
  readonly act: 'quarantine' | 'purge'
  /** Bytes, in hex. */
  readonly key: string
  readonly given: Given
}

const hexOf = (key: string): string => Buffer.from(key).toString('hex')

/** What of a plan is set aside, as the hand is told of it. */
export function actsOf(plan: Pick<Plan, 'refusals' | 'items'>, shelf: Pick<Shelf, 'copies' | 'known'>): Wanted[] {
  const going = deletable(plan)
  if (going.length === 0) return []
  const copies = new Map(shelf.copies.map((it) => [nameOf(it.place), it]))
  const known = new Map(shelf.known?.copies.map((it) => [nameOf(it.place), it]))
  return going.flatMap((item): Wanted[] => {
    const name = nameOf({ key: item.key, etag: item.etag, ...(item.version_id === null ? {} : { versionId: item.version_id }) })
    const mark = known.get(name)?.mark
    if (mark === undefined) return []
    const modifiedAt = copies.get(name)?.modifiedAt
    return [{ act: 'quarantine', key: hexOf(item.key), given: { item: itemOf(item), lock: 'none', flag: { version: item.version_id ?? '', etag: item.etag, ...mark }, ...(modifiedAt === undefined ? {} : { modifiedAt }) } }]
  })
}

const itemOf = ({ key, version_id, etag, bytes, first_flagged, eligible_at, why }: PlannedItem): Given['item'] => ({ act: 'quarantine', key, version_id, etag, bytes, tenant: null, first_flagged, eligible_at, why })

/** What of all that lies aside is removed for good. */
export const purgesOf = ({ refusals, items }: Pick<PurgePlan, 'refusals' | 'items'>): Wanted[] => (refusals.length > 0 ? [] : items.filter(({ act }) => act === 'purge')).map(({ key, version_id, etag, bytes, since, eligible_at, why }) => ({
  act: 'purge', key: hexOf(key), given: { item: { act: 'purge', key, version_id, etag, bytes, tenant: null, first_flagged: since, eligible_at, why }, lock: 'none' },
}))

/** As plans of reconciles are counted. */
export const totalsOf = (acts: readonly Wanted[]): Totals => ({
  purge: acts.filter(({ act }) => act === 'purge').length, quarantine: acts.filter(({ act }) => act === 'quarantine').length, release: 0, keep: 0, gaps: 0, never: 0, gone: 0,
  bytes: acts.reduce((sum, { given }) => sum + (given.item.bytes ?? 0), 0),
})

/** When a plan was permitted, and by whom. */
export interface Word {
  readonly by: string
  readonly at: Instant
}
