// Which copy a restore takes: the newest that was verified, in any store. Verified means that this very copy was restored, or read whole, by a recorded
// run that is not too old, from that store (G-2). Another one is taken only where a person names it, and then it is said that nobody knows whether it is
// good. What is not known never makes a copy better. Pure.
import { saySpan } from '../../../words/moment.ts'
import type { Instant, Span } from '../../../core/time.ts'

/** From here on every byte of a copy was read and compared. */
const READ_WHOLE = 2

export interface Restorable {
  readonly store: string
  readonly key: string
  readonly at: Instant | null
  readonly counted: boolean
  readonly why: string
  readonly rung: number
  readonly provenAt: Instant | null
}

export interface Wanted {
  readonly store?: string | undefined
  /** Its key in the store, by a person. */
  readonly copy?: string | undefined
  readonly now: Instant
  /** It was made before then: its log leads on from there. */
  readonly before?: Instant | undefined
  /** So old a proof may be. */
  readonly within: Span
}

export type Choice<Of> =
  | { readonly is: 'chosen'; readonly copy: Of; readonly verified: boolean; readonly says: string }
  | { readonly is: 'none'; readonly says: string; readonly help: string }

/** Why it is not verified; `undefined` when it is. */
export function whyUnverified({ counted, why, rung, provenAt }: Restorable, { now, within }: Pick<Wanted, 'now' | 'within'>): string | undefined {
  if (!counted) return `it does not count: ${why}`
  if (rung < READ_WHOLE || provenAt === null) return 'nobody has restored it or read it whole'
  if (!(now - provenAt <= within)) return `its proof is older than ${saySpan(within)}`
  return undefined
}

/** The newest verified one, or the one that is named. */
export function chooseRestorable<Of extends Restorable>(copies: readonly Of[], wanted: Wanted): Choice<Of> {
  const here = copies.filter(({ store }) => wanted.store === undefined || store === wanted.store)
  const ordered = here.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))
  if (wanted.copy !== undefined) {
    const named = ordered.filter(({ key }) => key === wanted.copy)
    const copy = named.find((it) => whyUnverified(it, wanted) === undefined) ?? named[0]
    if (!copy) return { is: 'none', says: `no copy is called “${wanted.copy.slice(0, 200)}”`, help: 'holdfast backups show names them' }
    if (!isBefore(copy, wanted)) return { is: 'none', says: `${copy.key} was made after the time that is wanted, or nobody knows when`, help: 'take one that was made before' }
    const why = whyUnverified(copy, wanted)
    return { is: 'chosen', copy, verified: why === undefined, says: why === undefined ? '' : `this copy is not verified: ${why}` }
  }
  const fits = ordered.filter((it) => isBefore(it, wanted))
  const copy = fits.find((it) => whyUnverified(it, wanted) === undefined)
  if (copy) return { is: 'chosen', copy, verified: true, says: newerThan(fits, copy) }
  const newest = fits[0]
  if (!newest && ordered.length > 0) return { is: 'none', says: 'no copy was made before the time that is wanted', help: 'no log leads back from a copy: take a later time' }
  if (!newest) return { is: 'none', says: 'there is no copy', help: 'holdfast backups show says where copies are looked for' }
  return { is: 'none', says: `no copy is verified; of the newest, ${newest.key} in ${newest.store}, ${whyUnverified(newest, wanted)}`, help: `drill or verify it first; or take it as it is, by its name: --copy ${newest.key}` }
}

const isBefore = ({ at }: Restorable, { before }: Pick<Wanted, 'before'>): boolean => before === undefined || (at !== null && at <= before)

function newerThan<Of extends Restorable>(ordered: readonly Of[], chosen: Of): string {
  const newer = ordered.filter(({ at }) => (at ?? 0) > (chosen.at ?? 0)).length
  return newer === 0 ? '' : `${newer} newer ${newer === 1 ? 'copy is' : 'copies are'} not verified, and not taken`
}
