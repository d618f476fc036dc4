// What is drawn of a board, and where it stands: the page, Statuspage's eight JSON documents, the feeds, the calendar.
import { renderBoard } from '../../rooms/tell/html.ts'
import { CALENDAR_PATH, renderBoardCalendar } from '../../rooms/tell/maintenance/calendar.ts'
import { renderFeeds } from '../../rooms/tell/feeds.ts'
import { renderStatuspage, STATUSPAGE_PATHS } from '../../rooms/tell/statuspage.ts'
import { CALENDAR_TYPE } from '../../words/calendar/icalendar.ts'
import type { Drawing } from './boards.ts'

const FEEDS = ['history.atom', 'history.rss'] as const
/** The variant of the page that loads itself anew. */
const RELOADING = '?reload'

export const DRAWINGS: readonly Drawing[] = [
  {
    paths: ['', RELOADING], type: () => 'text/html; charset=utf-8',
    draw: (board, now, base) => [
      renderBoard(board, { now, live: true, base, reload: { is: 'offered', other: `${base}${RELOADING}` } }),
      renderBoard(board, { now, live: true, base, reload: { is: 'on', other: base } }),
    ],
  },
  {
    paths: STATUSPAGE_PATHS, type: () => 'application/json; charset=utf-8',
    draw: (board, now) => {
      const drawn = renderStatuspage(board, now)
      return STATUSPAGE_PATHS.map((path) => drawn[path])
    },
  },
  {
    paths: FEEDS, type: (path) => (path.endsWith('.atom') ? 'application/atom+xml; charset=utf-8' : 'application/rss+xml; charset=utf-8'),
    draw: (board) => {
      const drawn = renderFeeds(board)
      return FEEDS.map((path) => drawn[path])
    },
  },
  { paths: [CALENDAR_PATH], type: () => CALENDAR_TYPE, draw: (board) => [renderBoardCalendar(board)] },
]
