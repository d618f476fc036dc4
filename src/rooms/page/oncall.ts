// Who is on call. A rotation always has exactly one person on call: the one whose shift it is, or the one who covers. Of covers
// that overlap the one entered last wins; one that ends before it begins is none. Covers come in with the names that people
// entered; whoever asks leaves out those of people who are gone, so that the shift beneath shows through.
import { shiftAt } from '../../core/calendar.ts'
import { instantOf, type Instant } from '../../core/time.ts'
import type { Cover, Plan, Rotation } from './plan.ts'

export interface OnCall {
  readonly person: string
  /** Until the hand-off, the end of the cover, or the begin of another cover: whichever comes first. */
  readonly until: Instant
  readonly cover: boolean
}

/** A stretch of time with one person on call. */
export interface Stretch {
  readonly person: string
  readonly from: Instant
  readonly until: Instant
  readonly cover: boolean
}

/** Who is on call at an instant; `undefined` only for a rotation without people. Covers in the order of their entry. */
export function onCall(rotation: Rotation, covers: readonly Cover[], at: Instant): OnCall | undefined {
  const shift = shiftAt(rotation, at)
  const count = rotation.people.length
  const turn = rotation.people[((shift.index % count) + count) % count]
  if (turn === undefined) return undefined
  let person = turn
  let until: number = shift.until
  let cover = false
  for (const entered of covers) {
    if (!covering(rotation, entered) || entered.until <= at) continue
    if (entered.from > at) until = Math.min(until, entered.from)
    else {
      // It hides all that was entered before it, until it ends or one entered after it begins.
      person = entered.person
      until = entered.until
      cover = true
    }
  }
  return { person, until: instantOf(until), cover }
}

/** Who is on call from `from` to `until`, covers worked in, without a gap; at most 10,000 stretches, cut to the window. */
export function shifts(rotation: Rotation, covers: readonly Cover[], from: Instant, until: Instant): Stretch[] {
  const found: Stretch[] = []
  for (let at = from; at < until && found.length < MOST_STRETCHES; ) {
    const now = onCall(rotation, covers, at)
    if (!now || now.until <= at) break
    found.push({ person: now.person, from: at, until: instantOf(Math.min(now.until, until)), cover: now.cover })
    at = now.until
  }
  return found
}

/** The covers of people who can still be paged; a cover of somebody who left the configuration covers nothing. */
export function coversOf(plan: Plan): readonly Cover[] {
  const earlier = known.get(plan)
  if (earlier) return earlier
  const fresh = plan.covers.filter(({ person }) => Object.hasOwn(plan.people, person) && (plan.people[person]?.reach.length ?? 0) > 0)
  known.set(plan, fresh)
  return fresh
}

const MOST_STRETCHES = 10_000
const known = new WeakMap<Plan, readonly Cover[]>()

const covering = (rotation: Rotation, cover: Cover): boolean => cover.rotation === rotation.name && cover.until > cover.from
