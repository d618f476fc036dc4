// The board as files that need no server of ours: page, JSON, feeds. It is honest where nobody can compute an age any more:
// the page names its time and how to judge it, and a bundle made from an old board says "not known" by itself.
import type { Instant } from '../../core/time.ts'
import type { Board } from './board.ts'
import { renderFeeds } from './feeds.ts'
import { renderBoard } from './html.ts'
import { CALENDAR_PATH, renderBoardCalendar } from './maintenance/calendar.ts'
import { renderStatuspage } from './statuspage.ts'

/** The page to open; written last, so that it never speaks of files that are not there yet. */
export const FRONT = 'index.html'
const RELOADING = 'live.html'

/** Path below the target's folder to text; every path is a constant of ours. The front page comes last. */
export function renderBundle(board: Board, now: Instant): Map<string, string> {
  return new Map<string, string>([
    ...Object.entries(renderStatuspage(board, now)),
    ...Object.entries(renderFeeds(board)),
    [CALENDAR_PATH, renderBoardCalendar(board)],
    [RELOADING, renderBoard(board, { now, live: false, reload: { is: 'on', other: FRONT } })],
    [FRONT, renderBoard(board, { now, live: false, reload: { is: 'offered', other: RELOADING } })],
  ])
}
