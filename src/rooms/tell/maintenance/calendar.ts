// The board's planned work as a calendar: what is to come, what goes on, and what was in the last 90 days. What is cancelled stays in it, as cancelled, so
// that a calendar that had it takes it out. Only what the board shows leaves (T-2).
import { boardWords } from '../../../words/board.ts'
import { renderCalendar, type CalendarEvent } from '../../../words/calendar/icalendar.ts'
import { line, webAddress } from '../../../words/markup.ts'
import type { Board, Maintenance } from '../board.ts'
import { statementAddress } from '../statuspage.ts'

/** Seen from the board's root. */
export const CALENDAR_PATH = 'calendar.ics'

/** The file of a board. */
export const renderBoardCalendar = (board: Board): string => {
  const words = boardWords('en')
  return renderCalendar({ name: words.statusOf(line(board.name, 200) || words.unnamed), events: board.maintenances.map((it) => eventOf(board, it)) })
}

function eventOf(board: Board, it: Maintenance): CalendarEvent {
  const words = boardWords('en')
  const names = board.components.filter(({ id }) => it.componentIds.includes(id)).map(({ name }) => line(name, 80))
  const announced = it.updates.at(-1)
  const newest = it.updates[0]
  return {
    uid: `${it.id}@holdfast`, summary: line(it.title, 200) || words.unnamed, from: it.from, until: it.until, changedAt: it.updatedAt, sequence: it.sequence, cancelled: it.state === 'cancelled', free: false,
    description: [...(newest && newest !== announced ? [`${words.work.step[newest.state]}: ${newest.body}`] : []), ...(announced ? [announced.body] : []), ...(names.length > 0 ? [`${words.affects}: ${names.join(', ')}`] : [])].join('\n'),
    ...(webAddress(board.url) === '' ? {} : { url: statementAddress(board, it) }),
  }
}
