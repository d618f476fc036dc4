// Cron expressions in a zone, five fields, as heartbeats use them. When the clocks change, a job that names its hours runs once:
// in spring right after the gap that swallowed it, in autumn in the first of the two hours. A job with a star or a step
// in its minute or hour runs by elapsed time, so in both hours of autumn and in none of the gap (Vixie cron's rule).
import assert from 'node:assert/strict'
import { Cron } from 'croner'
import { instantOf, type Instant } from '../time.ts'
import { withinCalendar } from './zone.ts'

/** What is wrong with an expression, as one sentence; `undefined` when it can be followed. */
export function cronFault(expression: string, zone: string): string | undefined {
  try {
    const comes = cronOf(expression, zone).nextRun(new Date(0))
    return comes === null ? `"${expression}" names a time that never comes` : undefined
  } catch (cause) {
    const says = cause instanceof Error ? cause.message.replace(/^Cron\w*: /, '') : String(cause)
    return `"${expression}" is not a cron expression: ${says}`
  }
}

/** The first occurrence after an instant, that instant excluded. For expressions that `cronFault` has nothing against. */
export function nextCron(expression: string, zone: string, after: Instant): Instant {
  const next = cronOf(expression, zone).nextRun(new Date(withinCalendar(after)))
  assert(next, `"${expression}" names a time that never comes`)
  return instantOf(next.getTime())
}

/** The last occurrence before an instant, that instant excluded. For expressions that `cronFault` has nothing against. */
export function previousCron(expression: string, zone: string, before: Instant): Instant {
  const previous = cronOf(expression, zone).previousRuns(1, new Date(withinCalendar(before)))[0]
  assert(previous, `"${expression}" names a time that never came`)
  return instantOf(previous.getTime())
}

const MOST_KNOWN = 10_000
const known = new Map<string, Cron>()

function cronOf(expression: string, zone: string): Cron {
  const key = `${zone} ${expression}`
  const earlier = known.get(key)
  if (earlier) return earlier
  const cron = new Cron(expression, { timezone: zone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true })
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(key, cron)
  return cron
}
