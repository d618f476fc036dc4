// The calendar of a board: planned work and nothing else, what is cancelled as cancelled, and the same name for the same work for ever.
import assert from 'node:assert/strict'
import test from 'node:test'
import * as boards from '../../../../test/boards.ts'
import { parseCalendar } from '../../../../test/calendar-reader.ts'
import { canaries, planted } from '../../../../test/canary.ts'
import type { Board } from '../board.ts'
import { renderBoardCalendar } from './calendar.ts'

const { at } = boards
const eventsOf = (board: Board): readonly ReadonlyMap<string, string>[] => parseCalendar(renderBoardCalendar(board)).events

test('T-2 it holds planned work and nothing else', () => {
  const events = eventsOf(boards.atWork)
  assert.deepEqual(events.map((it) => [it.get('SUMMARY'), it.get('STATUS'), it.get('SEQUENCE')]), [
    ['More memory for the database', 'CONFIRMED', '1'], ['A new switch in rack 1', 'CONFIRMED', '0'], ['Upgrade of the web servers', 'CONFIRMED', '0'], ['New certificates', 'CONFIRMED', '1'], ['Move to the new data centre', 'CANCELLED', '1'],
  ])
  assert.deepEqual(['DTSTART', 'DTEND', 'DESCRIPTION', 'URL'].map((name) => events[2]?.get(name)), [
    '20261124T010150Z', '20261124T040150Z', 'We add memory to the servers of the database, one after another. Requests may take a little longer; nothing should fail.\naffects: Website, API', 'https://status.acme.example/#mnt_00000000000000000000000000000003',
  ])
  assert.deepEqual(canaries(renderBoardCalendar(planted(boards.atWork))), [])
  assert.deepEqual(eventsOf(boards.majorOutage), [])
})

test('it changes only when the work does, and keeps its name', () => {
  const before = renderBoardCalendar(boards.atWork)
  assert.equal(renderBoardCalendar({ ...boards.atWork, asOf: at(3_600_000) }), before)
  const [first] = eventsOf({ ...boards.atWork, name: 'Renamed', url: 'https://other.example', maintenances: boards.atWork.maintenances.map((it) => ({ ...it, title: 'Renamed', sequence: it.sequence + 1 })) })
  assert.deepEqual([first?.get('UID'), first?.get('SEQUENCE')], [eventsOf(boards.atWork)[0]?.get('UID'), '2'])
})
