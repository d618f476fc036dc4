// What may be asked about work that is planned: it is announced to the public, begun, completed or cancelled; and when runbooks are permitted to go.
import type { Instant } from '../../core/time.ts'
import type { DoneAnswer } from '../done.ts'

/** One opening of a runbook's window. It permits, and starts nothing. */
export interface WindowAnswer {
  readonly runbook: string
  readonly title: string
  /** The day on which it opens, in its zone. */
  readonly day: string
  readonly from: Instant
  readonly until: Instant
}

export interface WindowsAnswer {
  readonly schema: 'holdfast.windows/1'
  /** Of the weeks to come, by when they open. */
  readonly windows: readonly WindowAnswer[]
  /** When the configuration that says so came into force, and the how manieth it is. */
  readonly since: Instant
  readonly version: number
}

interface Moved { maintenance: string; text?: string; person?: string }

export interface WorkCalls {
  /** `from` and `until`: times in the site's zone, or spans from now and from the beginning. `lead`: refused where it begins sooner than that. `runbook`: what is not said is as it says. */
  'board.announce': { args: { board?: string; runbook?: string; title?: string; text: string; components?: readonly string[]; from: string; until: string; lead?: string; person?: string }; body: DoneAnswer }
  'board.begin': { args: Moved; body: DoneAnswer }
  'board.complete': { args: Moved; body: DoneAnswer }
  'board.cancel': { args: Moved; body: DoneAnswer }
  'runbooks.windows': { args: Record<string, never>; body: WindowsAnswer }
}
