// The part of the zoo about planned work: ways in which the public was told what was not so.
import type { Mutant } from './mutant.ts'

const PLACE = 'src/rooms/tell/maintenance'
const by = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file, name })
const ROOM = (name: string): Mutant['killer'] => by(`${PLACE}/planned.test.ts`, name)
const SHOWN = (name: string): Mutant['killer'] => by(`${PLACE}/board.test.ts`, name)
const RUN = 'C-18 a run is announced when its public was told'

export const announcing: readonly Mutant[] = [
  {
    name: 'planned work hides an outage', breaks: ['T-1'], killer: ROOM('T-1 maintenance shows only where all is well'),
    changes: [{ file: 'src/rooms/tell/view.ts', find: "if (component.status !== 'operational' || component.unknown || component.paused) return component", put: 'if (component.unknown || component.paused) return component' }],
  },
  {
    name: 'planned work hides that nothing is known', breaks: ['T-1', 'T-8'], killer: ROOM('T-1 maintenance shows only where all is well'),
    changes: [{ file: 'src/rooms/tell/view.ts', find: "component.status !== 'operational' || component.unknown || component.paused", put: "(component.status !== 'operational' && !component.unknown) || component.paused" }],
  },
  {
    name: 'planned work begins because its time has come', breaks: ['T-7'], killer: SHOWN('T-7 work begins and ends by somebody'),
    changes: [{ file: `${PLACE}/standing.ts`, find: "now < until ? 'not-begun' : 'missed'", put: "now < until ? 'active' : 'missed'" }],
  },
  {
    name: 'planned work of which nothing was heard is told as begun', breaks: ['T-7'], killer: ROOM('T-7 announced work is reminded of'),
    changes: [{ file: `${PLACE}/planned.ts`, find: "move(tx, row, 'scheduled', { by: 'holdfast' }", put: "move(tx, row, 'in_progress', { by: 'holdfast' }" }],
  },
  {
    name: 'an old board says that planned work has not begun', breaks: ['T-1'], killer: SHOWN('T-1 an old board cannot say'),
    changes: [{ file: `${PLACE}/standing.ts`, find: "if (stale && (state === 'in_progress' || now >= from))", put: "if (stale && state === 'in_progress')" }],
  },
  {
    name: 'planned work that is cancelled is still to come', breaks: ['T-5'], killer: SHOWN('Statuspage has each where its clients look'),
    changes: [{ file: `${PLACE}/standing.ts`, find: "state === 'scheduled' || state === 'in_progress'\n", put: "state !== 'completed'\n" }],
  },
  {
    name: 'what is cancelled stands in calendars as if it took place', breaks: ['T-5'], killer: by(`${PLACE}/calendar.test.ts`, 'T-2 it holds planned work and nothing else'),
    changes: [{ file: 'src/words/calendar/icalendar.ts', find: "`STATUS:${event.cancelled ? 'CANCELLED' : 'CONFIRMED'}`", put: "'STATUS:CONFIRMED'" }],
  },
  {
    name: 'what somebody writes is a line of the calendar', breaks: ['T-4'], killer: by('src/words/calendar/icalendar.test.ts', 'T-4 nothing that people write'),
    changes: [{ file: 'src/words/calendar/icalendar.ts', find: ".replaceAll('\\n', '\\\\n')", put: '' }],
  },
  {
    name: 'a fold of the calendar stands within a letter', breaks: ['T-4'], killer: by('src/words/calendar/icalendar.test.ts', 'a strict reader takes it'),
    changes: [{ file: 'src/words/calendar/icalendar.ts', find: 'octets += size', put: 'octets += letter.length' }],
  },
  {
    name: 'nobody hears of planned work that never ended', breaks: ['T-7'], killer: by('src/engine/tell/work.test.ts', 'T-7 whoever writes to the public is paged'),
    changes: [{ file: `${PLACE}/planned.ts`, find: "tx.schedule('tell.overdue', row.id, dueIn(tx.now, until(later(row.until as Instant, GRACE))))", put: "if (row.state === 'in_progress') tx.schedule('tell.overdue', row.id, dueIn(tx.now, until(later(row.until as Instant, GRACE))))" }],
  },
  {
    name: 'whatever was announced, a run is announced', breaks: ['C-18'], killer: by('src/engine/tell/work.test.ts', RUN),
    changes: [{ file: 'src/views/change/announced.ts', find: 'find((row) => isNow(row, asked.now) && row.announced', put: 'find((row) => row.announced' }],
  },
  {
    name: 'a run may be announced the minute before', breaks: ['C-18'], killer: by('src/engine/tell/work.test.ts', RUN),
    changes: [{ file: 'src/views/change/announced.ts', find: ' && leadOf(row) >= of.lead)', put: ')' }],
  },
  {
    name: 'work that was announced too late never begins, although its run does', breaks: ['T-7'], killer: by('src/engine/change/announcing.test.ts', 'T-7 what was announced too late'),
    changes: [{ file: 'src/views/change/announced.ts', find: ' ?? candidates(of, asked).find((row) => isNow(row, asked.now))?.id', put: '' }],
  },
  {
    name: 'a window of yesterday night is over', breaks: ['C-18'], killer: by('src/http/board/windows.test.ts', 'C-18 windows of each night'),
    changes: [{ file: 'src/views/board/windows.ts', find: 'addDays(dayOf(now, timezone), -1)', put: 'dayOf(now, timezone)' }],
  },
  {
    name: 'work that was taken back is told as completed', breaks: ['T-7'], killer: by('src/engine/change/announcing.test.ts', 'T-7 what was taken back is not called completed'),
    changes: [{ file: 'src/engine/change/announcing.ts', find: 'planned.cancel(tx, row.id, { by, says:', put: 'planned.complete(tx, row.id, { by, says:' }],
  },
  {
    name: 'a run ends whatever work goes on', breaks: ['T-7'], killer: by('src/engine/change/announcing.test.ts', 'T-2 T-7 C-18 announced work begins, is halted'),
    changes: [{ file: 'src/engine/change/announcing.ts', find: " && isOf(tx, row, run))", put: ')' }],
  },
  {
    name: 'work on several servers is told as completed with the first', breaks: ['T-7'], killer: by('src/engine/change/announcing.test.ts', 'T-7 work on several servers is completed with the last'),
    changes: [{ file: 'src/engine/change/announcing.ts', find: '(isOver || isLast)', put: '(isOver || done > 0)' }],
  },
  {
    name: 'work that goes on is told as cancelled', breaks: ['T-7'], killer: ROOM('T-7 work that begins after its time'),
    changes: [{ file: `${PLACE}/planned.ts`, find: "move(tx, row, 'ended_early', told, ENDED_EARLY)", put: "move(tx, row, 'cancelled', told, ENDED_EARLY)" }],
  },
  {
    name: 'work that was never begun hides work that goes on', breaks: ['T-1'], killer: SHOWN('T-1 what was never begun does not hide'),
    changes: [{ file: `${PLACE}/drawn.ts`, find: "state === 'in_progress' ? 0", put: "state === 'in_progress' ? 3" }],
  },
  {
    name: 'the copies of the board hear of planned work a minute late', breaks: ['T-7'], killer: by('src/processes/publish/publisher.test.ts', 'planned work that is announced or cancelled goes out at once'),
    changes: [{ file: 'src/processes/publish/publisher.ts', find: 'board.statements, board.maintenances])', put: 'board.statements])' }],
  },
  {
    name: 'whoever starts slowly is replaced at the same moment each time', breaks: ['X-8'], killer: { is: 'test', file: 'src/processes/supervise.test.ts', name: 'X-8: one that is slow to begin' },
    changes: [{ file: 'src/processes/supervise.ts', find: 'patience * 2 ** tries', put: 'patience * 1 ** tries' }],
  },
  {
    name: 'a keeper that folds anew what an older one wrote gives no sign of life', breaks: ['X-8', 'X-10'], killer: { is: 'test', file: 'src/processes/keeper.test.ts', name: 'X-8 a keeper that folds anew' },
    changes: [{ file: 'src/db/store.ts', find: `if (steps++ % EACH === 0) folding?.(steps, of)`, put: `if (steps++ < 0) folding?.(steps, of)` }],
  },
  {
    name: 'a keeper that only starts is taken for one that works', breaks: ['X-8'], killer: { is: 'test', file: 'src/processes/keeper.test.ts', name: 'X-8 however long it folds' },
    changes: [{ file: 'src/processes/supervise.ts', find: `care.phase.progress >= 0 ? care.phase.heardAt`, put: `care.phase.progress > -Infinity ? care.phase.heardAt` }],
  },
  {
    name: 'our own slowness is an answer of the store', breaks: ['X-9'], killer: { is: 'test', file: 'src/processes/guard/patience.test.ts', name: 'X-9 that Holdfast was too slow' },
    changes: [{ file: 'src/processes/guard/patience.ts', find: '!isSilence(cause) && !isLate(cause)', put: '!isSilence(cause)' }],
  },
]
