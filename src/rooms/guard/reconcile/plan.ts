// The plan: what would be done with each key, and why; written out item by item as the merge goes, with a hash over every item and over all that it
// rests on. A million items are never held. What two people agree on is that hash; what is executed is what stands in the plan, and only if the sealed
// plan says `armed` and carries no refusal: items that were written before a refusal became known are void.
import { createHash } from 'node:crypto'
import type { Found } from '../../../core/evidence.ts'
import { derivedId, type Id } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import type { Instant } from '../../../core/time.ts'
import type { Breaker } from './breaker.ts'
import type { Check, Evidence } from './checks.ts'
import { textOf } from './cursor.ts'
import type { Arming } from './readings.ts'

/** `quarantine` and `purge` destroy; `release` brings back; the rest is only said. */
export type Act = 'purge' | 'quarantine' | 'release' | 'keep' | 'gap' | 'never' | 'gone'
export type PlanId = Id<'plan'>

export interface Item {
  readonly act: Act
  /** As text; `key_hex` stands beside it where the bytes are no UTF-8. */
  readonly key: string
  readonly key_hex?: string
  readonly version_id: string | null
  readonly etag: string | null
  readonly bytes: number | null
  readonly tenant: string | null
  readonly first_flagged: Instant | null
  readonly eligible_at: Instant | null
  readonly why: string
}

export interface Totals {
  readonly purge: number
  readonly quarantine: number
  readonly release: number
  readonly keep: number
  readonly gaps: number
  readonly never: number
  readonly gone: number
  /** Of what would be put aside or purged. */
  readonly bytes: number
}

export interface Refusal {
  readonly id: string
  readonly found: 'fail' | 'unknown'
  readonly text: string
  readonly evidence: readonly Evidence[]
  readonly cure: string
}

export type Mode = 'report' | 'armed' | 'latched'

/** `holdfast.reconcile.plan/1` without its items. */
export interface Plan {
  readonly id: PlanId
  readonly hash: string
  readonly reconcile: string
  readonly mode: Mode
  readonly binding: string | null
  readonly checks: readonly Check[]
  readonly refusals: readonly Refusal[]
  readonly totals: Totals
}

/** Whether two people have armed just this (G-16, C-17). */
export function armedFound(arming: Arming | undefined, binding: string | null | undefined): Found {
  const fail = (says: string): Found => ({ is: 'fail', says })
  if (arming === undefined) return fail('it is not armed')
  if (typeof binding !== 'string' || arming.binding !== binding) return fail('they armed something else')
  return new Set(arming.people).size >= 2 ? { is: 'pass' } : fail('it was one')
}

/** As what a plan is made. Nobody knows the breaker, or it is open: nothing of it is done. */
export const modeOf = (arming: Arming | undefined, breaker: Breaker | undefined, binding: string | undefined): Mode =>
  breaker === undefined || breaker.is === 'open' ? 'latched' : armedFound(arming, binding).is === 'pass' ? 'armed' : 'report'

export interface PlanWriter {
  readonly add: (key: Uint8Array, item: Omit<Item, 'key' | 'key_hex'>) => void
  /** Ends the plan; nothing can be added afterwards. */
  readonly seal: (given: Omit<Plan, 'id' | 'hash' | 'totals'> & { readonly run: number }) => Plan
  readonly totals: () => Totals
}

/** What may not be undone, or takes something away from those who look for it. */
export const isDestructive = (act: Act): boolean => act === 'quarantine' || act === 'purge'

/** What was found wrong, and what is not known because of that: where not all was read, everything that is not known. */
export function partsOf<T extends Pick<Refusal, 'found'>>(refusals: readonly T[], read: boolean): readonly [causes: readonly T[], follows: readonly T[]] {
  const wrong = refusals.filter(({ found }) => found === 'fail')
  return read || wrong.length === 0 ? [refusals, []] : [wrong, refusals.filter(({ found }) => found !== 'fail')]
}

/** Whether anything in this plan may be executed at all. A purge takes an agreement of two people on its hash besides. */
export const isLive = ({ mode, refusals }: Pick<Plan, 'mode' | 'refusals'>): boolean => mode === 'armed' && refusals.length === 0

/** Whether an act of this plan may be executed. To bring something back harms nobody, and waits for nothing. */
export const permits = (plan: Pick<Plan, 'mode' | 'refusals'>, act: Act): boolean => act === 'release' || (isDestructive(act) && isLive(plan))

const COUNTED: Readonly<Record<Act, keyof Omit<Totals, 'bytes'>>> = { purge: 'purge', quarantine: 'quarantine', release: 'release', keep: 'keep', gap: 'gaps', never: 'never', gone: 'gone' }

/** Writes items to `out` as they come; keeps counts and a hash, and nothing else. */
export function planWriter(out: (item: Item) => void): PlanWriter {
  const hash = createHash('sha256')
  const totals = { purge: 0, quarantine: 0, release: 0, keep: 0, gaps: 0, never: 0, gone: 0, bytes: 0 }
  const take = (text: string): void => void hash.update(`${Buffer.byteLength(text)}:`).update(text)
  return {
    add(key, given) {
      const text = textOf(key)
      const hex = Buffer.from(key).toString('hex')
      const item: Item = { ...given, key: text ?? Buffer.from(key).toString('utf8'), ...(text === undefined ? { key_hex: hex } : {}) }
      totals[COUNTED[given.act]]++
      if (isDestructive(given.act)) totals.bytes += given.bytes ?? 0
      // An array: its order is its encoding, and a million of them cost little.
      take(JSON.stringify([item.act, hex, item.version_id, item.etag, item.bytes, item.tenant, item.first_flagged, item.eligible_at, item.why]))
      out(item)
    },
    seal({ run, ...head }) {
      take(canonical({ run, ...head, totals }))
      const digest = hash.digest('hex')
      return { ...head, id: derivedId('plan', head.reconcile, run, digest), hash: digest, totals: { ...totals } }
    },
    totals: () => ({ ...totals }),
  }
}
