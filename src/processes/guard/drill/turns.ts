// Whose turn it is to be drilled. Each drill takes room, memory and the disk for itself, so one is at work at a time. But one that goes on and on, or never
// ends, must not keep all others waiting until its limit: after a while it gives way, and one of another set may begin beside it. Never more than two, so
// that listings always find a place. Pure.
import { minutes, type Span } from '../../../core/time.ts'

/** After so long another one may begin beside it. */
export const GIVES_WAY: Span = minutes(15)
/** At work at once, whatever they do. */
const MOST = 2

/** A drill at work. `began`: milliseconds of a clock that never goes back. */
export interface AtWork {
  readonly set: string
  readonly began: number
}

/** Whether a drill of this set may begin now. */
export const mayBegin = (set: string, atWork: readonly AtWork[], tick: number): boolean =>
  atWork.length < MOST && atWork.every((it) => it.set !== set && tick - it.began >= GIVES_WAY)
