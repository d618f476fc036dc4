// What a board is worth at a moment. Knowledge has an age: a board that is older than five minutes, or whose time lies in the
// future so that nobody can tell its age, says "not known" of everything, with what was known last beside it. Silence never
// reads as operational (T-1), and neither does an open incident. HTML, JSON and feeds all start from this one reading.
import { between, minutes, seconds, type Instant, type Span } from '../../core/time.ts'
import type { Reads } from '../../words/board.ts'
import type { Board, BoardComponent, Statement } from './board.ts'

/** Older than this, nothing is known any more. */
export const STALE_AFTER: Span = minutes(5)
/** Older than this, the age is shown. */
export const AGE_SHOWN_AFTER: Span = seconds(30)

export interface ComponentReading {
  readonly component: BoardComponent
  readonly reads: Reads
  /** What it read as when the board was made. */
  readonly lastKnown: Reads
}

export interface Reading {
  /** `undefined`: the board's time lies in the future, so its age is not known. */
  readonly age: Span | undefined
  readonly stale: boolean
  readonly components: readonly ComponentReading[]
  /** The gravest of the components; `unknown` when there are none. */
  readonly worst: Reads
  /** Newest first. */
  readonly open: readonly Statement[]
  readonly past: readonly Statement[]
}

const GRAVEST: readonly Reads[] = ['down', 'partial', 'degraded', 'unknown', 'maintenance', 'operational']

export function readBoard(board: Board, now: Instant): Reading {
  const age = ageOfBoard(board, now)
  const stale = age === undefined || age > STALE_AFTER
  const components = board.components.map((component): ComponentReading => {
    const lastKnown = readComponent(component)
    return { component, lastKnown, reads: stale ? 'unknown' : lastKnown }
  })
  const worst = GRAVEST.find((reads) => components.some((c) => c.reads === reads)) ?? 'unknown'
  return { age, stale, components, worst, open: board.statements.filter(isOpen), past: board.statements.filter((s) => !isOpen(s)) }
}

export const isOpen = (statement: Statement): boolean => statement.status !== 'resolved' && statement.status !== 'postmortem'

/** How many characters of an update's text are given out, so that all of them together stay below `whole`. */
export function roomPerBody(statements: readonly { readonly updates: readonly { readonly body: string }[] }[], updates: number, { most, whole }: { readonly most: number; readonly whole: number }): number {
  const lengths = statements.flatMap((s) => s.updates.slice(0, updates).map((u) => Math.min(most, u.body.length)))
  return lengths.reduce((sum, length) => sum + length, 0) <= whole ? most : Math.max(100, Math.floor(whole / lengths.length))
}

/** Two processes read the same clock a moment apart, so a board may seem a little young; one from far ahead has no age. */
function ageOfBoard(board: Board, now: Instant): Span | undefined {
  const age = between(board.asOf, now)
  if (!Number.isFinite(age) || age + AGE_SHOWN_AFTER < 0) return undefined
  return Math.max(0, age) as Span
}

function readComponent({ status, unknown }: BoardComponent): Reads {
  switch (status) {
    case 'operational': return unknown ? 'unknown' : 'operational'
    case 'degraded_performance': return unknown ? 'unknown' : 'degraded'
    case 'partial_outage': return 'partial'
    case 'major_outage': return 'down'
    case 'under_maintenance': return 'maintenance'
    // Over the wire anything may come; what is not understood is not known.
    default: return 'unknown'
  }
}
