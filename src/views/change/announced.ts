// Whether the public was told of a run: work on all the components that its runbook names, published on its board long enough before it was to begin, not
// cancelled, and at a time that is now. What was announced for another time, or too late, is no announcement, and the answer says which.
import { formatTime } from '../../core/calendar.ts'
import { between, sayTime, type Instant, type Span } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { Answered } from '../../rooms/change/gates.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import { loadPlanned, namedIn, type MaintenanceRow } from '../../rooms/tell/maintenance/rows.ts'

export type Announce = NonNullable<Runbook['announce']>

interface Asked { readonly sql: Sql; readonly now: Instant }

const covers = (row: MaintenanceRow, { components }: Announce): boolean => components.every((name) => namedIn(row).some((it) => it.name === name))
const isNow = ({ from_: from, until }: MaintenanceRow, now: Instant): boolean => from <= now && now < until
const leadOf = ({ announced, from_: from }: MaintenanceRow): Span => between(announced as Instant, from as Instant)

const candidates = (of: Announce, { sql }: Asked): MaintenanceRow[] => loadPlanned(sql, of.board.toLowerCase()).filter((row) => covers(row, of))

/** The work that a run now is what was announced; `undefined` where none is. */
export const announcedNow = (of: Announce, asked: Asked): string | undefined =>
  candidates(of, asked).find((row) => isNow(row, asked.now) && row.announced <= asked.now && leadOf(row) >= of.lead)?.id

/** The work that a run which goes now is: what was announced for now too late is that work all the same, once a person has answered for the lead (`unannounced`). */
export const workNow = (of: Announce, asked: Asked): string | undefined => announcedNow(of, asked) ?? candidates(of, asked).find((row) => isNow(row, asked.now))?.id

/** The same as an answer for a gate. */
export function announcedFact(of: Announce, asked: Asked & { readonly timezone: string }): Answered {
  const { now, timezone } = asked
  const say = (at: number): string => formatTime(at as Instant, timezone)
  const rows = candidates(of, asked)
  const good = announcedNow(of, asked)
  const answer = (found: 'pass' | 'fail', says: string, subject = of.board): Answered => ({ found, evidence: [{ subject, observer: 'the board', at: now, says }] })
  const named = of.components.join(', ')
  const told = rows.find(({ id }) => id === good)
  if (told) return answer('pass', `announced at ${say(told.announced)}, ${sayTime(leadOf(told))} before it was to begin; until ${say(told.until)}`, told.id)
  const late = rows.find((row) => isNow(row, now))
  if (late) return answer('fail', `announced only ${sayTime(leadOf(late))} before it was to begin; ${sayTime(of.lead)} are wanted`, late.id)
  const [other] = rows
  if (other) return answer('fail', `announced for another time: ${say(other.from_)} to ${say(other.until)}`, other.id)
  return answer('fail', `nothing is announced on ${of.board} for ${named}, ${sayTime(of.lead)} before`)
}
