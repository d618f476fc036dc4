// The newest row of what was restored, held against the time of its copy: too old says that something stood still, too new that clocks or copies were
// mixed up.
import { instantOf, sayTime, type Instant, type Span } from '../../../core/time.ts'
import { failed, open, passed, type Step } from '../../backup.ts'

/** Clocks may differ by so much before a newest row lies in the future of its copy. */
const AHEAD = 300_000

/** The newest row against the time of the copy, in milliseconds since 1970. */
export function judgeNewest(text: string, at: Instant, within: Span): Step {
  if (text === 'none' || text === '') return failed('there is no newest row: nothing is there')
  const newest = Number(text)
  if (!Number.isSafeInteger(newest)) return open(`it gives no time: ${text.slice(0, 80)}`)
  const when = new Date(instantOf(newest)).toISOString()
  if (newest > at + AHEAD) return failed(`the newest is of ${when}, later than the copy itself`)
  if (newest < at - within) return failed(`the newest is of ${when}, ${sayTime((at - newest) as Span)} before the copy; ${sayTime(within)} is the most`)
  return { ...passed(), at: instantOf(newest) }
}
