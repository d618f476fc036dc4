// What is put in the place of what is damaged: a list of units, each with what was restored beside it, what it replaces, and under which name the damaged
// one stays. Its hash is what two people agree on (G-27); whatever differs afterwards, on our side or on that of what lives, is refused. Nothing here
// drops: a unit has no word for it. Pure.
import { z } from 'zod'
import type { Identity } from '../../../core/authority/agreement.ts'
import { sha256 } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import { isDue, type Due, type Now } from '../../../core/time.ts'
import { twoPeople } from '../acts/rulings.ts'

/** More at once is a restore of the whole. */
export const MOST_UNITS = 1_000

const text = z.string().max(1_100)
const unit = z.strictObject({
  /** The file below its root, or the table. */
  name: text.min(1),
  /** Where the restored one lies, and under which name the damaged one stays. */
  side: text.min(1), aside: text.min(1),
  /** What lives there now, as it was seen: it is not touched when it is another one by then. */
  was: text,
  /** Of what was restored: SHA-256 of a file, a digest of a table's rows. */
  digest: text.min(1),
  /** What was checked of it, and what is lost, for people. */
  checked: text, lost: text,
})

export const swapSchema = z.strictObject({
  schema: z.literal('holdfast.swap/1'),
  restore: z.string().min(1).max(100),
  set: z.string().min(1).max(200), store: z.string().min(1).max(200), copy: text.min(1), etag: text, verified: z.boolean(),
  /** Which folder or which database: its own identity, and its name for people. */
  place: text.min(1), place_id: text.min(1),
  units: z.array(unit).min(1).max(MOST_UNITS),
})

export type Swap = z.output<typeof swapSchema>
export type SwapUnit = Swap['units'][number]

/** Of everything that is agreed on. */
export const hashOfSwap = (swap: Swap): string => sha256(canonical(swap))

/** An agreement, as far as it matters here. */
export interface SwapAgreement {
  readonly what: string
  readonly hash: string
  readonly phase: string
  readonly people: readonly Identity[]
  /** The end of its worth, by whichever clock comes first: at most a day after it was asked (G-11). */
  readonly lapsesAt: Due
}

/** Why a swap may not begin; `undefined` when it may. */
export function whyNotSwap(hash: string, agreement: SwapAgreement | undefined, now: Now): string | undefined {
  if (agreement === undefined) return 'nobody was asked to agree to it'
  if (agreement.what !== 'guard.swap' || agreement.hash !== hash) return 'what was agreed on is something else'
  if (agreement.phase === 'open') return 'not everybody has agreed yet'
  if (agreement.phase !== 'agreed') return `it was not agreed on: ${agreement.phase}`
  const two = twoPeople(agreement.people)
  if (two.is !== 'pass') return two.says ?? 'it takes two people'
  return isDue(agreement.lapsesAt, now) ? 'they agreed to it too long ago' : undefined
}

/** What people read before they agree. */
export function saySwap({ place, copy, store, verified, units }: Swap): string {
  const shown = units.slice(0, 20).map(({ name, aside, lost, checked }) => `${name}: the damaged one stays as ${aside}; ${checked}${lost === '' ? '' : `; lost: ${lost}`}`)
  return [
    `In ${place}, ${units.length} damaged ${units.length === 1 ? 'unit is' : 'units are'} replaced by what was restored from ${copy} in ${store}${verified ? '' : ', a copy that was NOT verified'}. Everything else stays as it is, and nothing is removed.`,
    ...shown, ...(units.length > shown.length ? [`and ${units.length - shown.length} more`] : []),
  ].join('\n').slice(0, 8_000)
}
