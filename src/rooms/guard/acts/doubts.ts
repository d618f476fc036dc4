// What was begun and not heard of again: when it may be looked at. A request may leave as long as the hand that was told of it holds its lease and has
// not asked for other work; so the wait begins when that is over, by whichever came last, and never at the intent: a handful takes longer than a wait.
// After it nothing of it can arrive any more. All of it is time lived through, which is never more than what went by.
import { seconds, type Span } from '../../../core/time.ts'
import { intentId } from './index.ts'
import { actOf, asideOf, identityOf, isOpen, type Life } from './life.ts'
import type { Doubt } from './protocol.ts'
import type { ObjectRow } from './rows.ts'

/** A request lapses 30 s after it was signed, and its answer may be late: only then is what it did looked for. */
export const SETTLED: Span = seconds(60)

/** Who may still send what. Nothing is forgotten but what has ended, so it is never more than what is in doubt. */
export interface Quiet {
  /** A lease was given to somebody new: whoever held one before has none. */
  changed(): void
  /** These were handed to whoever holds the lease. */
  handed(ids: readonly string[]): void
  /** The holder asks for work: nothing of what it was given before is under way. */
  idle(): void
  /** It is known what came of it. */
  ended(id: string): void
  /** Whether nothing of it can arrive any more. */
  isSettled(object: ObjectRow): boolean
}

export function createQuiet(lived: () => Span, settled: Span): Quiet {
  // Of what an earlier keeper handed out. Nobody has a lease of that one any more when the first of ours is given.
  let since: Span | undefined
  const begun = new Map<string, Span | 'busy'>()
  const quiet = (): void => {
    for (const [id, at] of begun) if (at === 'busy') begun.set(id, lived())
  }
  return {
    changed() {
      since ??= lived()
      quiet()
    },
    handed: (ids) => ids.forEach((id) => begun.set(id, 'busy')),
    idle: quiet,
    ended: (id) => void begun.delete(id),
    isSettled(object) {
      const { life } = object
      const from = begun.get(intentId(object)) ?? since
      return isOpen(life) && from !== undefined && from !== 'busy' && lived() - Math.max(from, life.begun.lived) >= settled
    },
  }
}

export function doubtOf(object: ObjectRow): Doubt {
  const { life } = object
  if (!isOpen(life)) throw new Error(`${object.key} is ${life.is}: nothing of it is in doubt`)
  return { id: intentId(object), act: actOf(life), what: life.is === 'leaving' ? life.what : setAsideOf(life, object.key), ...(life.is !== 'leaving' && { token: life.aside.token }) }
}

/** What lies aside, as a store is asked for it. */
export function setAsideOf(life: Life, key: string) {
  const aside = asideOf(life)
  if (aside === undefined) throw new Error(`${key} is ${life.is}: it does not lie aside`)
  return { key: Buffer.from(key, 'hex').toString('utf8'), etag: aside.etag, bytes: aside.bytes, token: aside.token, ...(aside.versionId !== undefined && { versionId: aside.versionId }) }
}

/** The store in which all of these are, and those that are there: one question is about one store. */
export function sameStore(objects: readonly ObjectRow[], otherwise: string): { readonly identity: string; readonly there: readonly ObjectRow[] } {
  const of = ({ life }: ObjectRow): string => identityOf(life) ?? otherwise
  const identity = objects[0] === undefined ? otherwise : of(objects[0])
  return { identity, there: objects.filter((it) => of(it) === identity) }
}
