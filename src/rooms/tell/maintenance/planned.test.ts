// Planned work in the room: what may follow what, the reminder, and who is told when nobody says that it ended.
import assert from 'node:assert/strict'
import test from 'node:test'
import { days, hours, instantOf, minutes, ms, tickOf, type Instant, type Now, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import { openSql } from '../../../db/sql.ts'
import { entries, prepareTables, storeOver } from '../../../db/store.ts'
import { rebuildLedger } from '../../../db/verify.ts'
import { tellRoom } from '../index.ts'
import { viewBoard, type BoardPlan } from '../view.ts'
import { remindAt, type Announced } from './planned.ts'

const board: BoardPlan = { slug: 'public', name: 'Acme', hold: 5000, components: [{ id: 'cmp_api', name: 'API', checks: ['api'] }, { id: 'cmp_web', name: 'Website', checks: ['www'] }] }
const START = Date.UTC(2026, 10, 21, 12)

function world(t: { after(act: () => void): void }) {
  let at = 0
  const now = (): Now => ({ wall: instantOf(START + at), tick: tickOf(at), boot: 'boot' })
  const sql = openSql(':memory:')
  t.after(() => sql.close())
  const room = tellRoom({ boards: () => [board], timezone: () => 'Europe/Berlin', isHeartbeat: () => false, changed: () => undefined })
  const rooms: readonly Room[] = [room]
  prepareTables(sql, rooms)
  sql.run(`insert into meta (key, value) values ('node', 'node_test')`)
  const store = storeOver(sql, rooms)
  const turn = <T>(act: (tx: Tx) => T): T => {
    store.begin()
    const done = store.turn('test', now(), act)
    store.commit()
    assert(done.is === 'done', done.is === 'failed' ? String(done.cause) : '')
    return done.value
  }
  const pass = (span: Span): void => {
    at += span
    for (const { what, key } of sql.all<{ what: string; key: string }>('select what, key from agenda where wall <= ? order by wall', START + at)) {
      turn((tx) => {
        tx.unschedule(what, key)
        room.due?.[what]?.(tx, key)
      })
    }
  }
  const announced = (more: Partial<Parameters<typeof room.planned.announce>[1]> = {}): Announced => turn((tx) => room.planned.announce(tx, {
    board: 'public', title: 'More memory', text: 'One server after another.', components: ['API'], from: instantOf(START + at + days(3)), until: instantOf(START + at + days(3) + hours(3)), by: 'ada', ...more,
  }))
  return {
    room, sql, turn, pass, announced, store,
    id(more?: Parameters<typeof announced>[0]): string {
      const it = announced(more)
      assert(it.is === 'announced')
      return it.id
    },
    says: (check: string, to: string) => turn((tx) => void tx.append({ is: 'watch.turned', stream: `check:${check}`, body: { check, to, at: tx.now.wall } })),
    board: () => viewBoard(sql, board, { url: 'https://acme.example', timezone: 'Europe/Berlin' }, now().wall),
    told: () => [...entries(sql)].filter((it) => it.is === 'tell.overdue' || it.is === 'tell.maintained').map((it) => (it.is === 'tell.overdue' ? 'overdue' : String(it.body['to']))),
    now,
  }
}
const status = (w: ReturnType<typeof world>): string[] => w.board().components.map((it) => it.status)

test('T-7 announced work is reminded of a day before, and begins by nobody but a person or a run', (t) => {
  const w = world(t)
  const id = w.id()
  w.pass(hours(47))
  assert.deepEqual(w.told(), [])
  w.pass(hours(1))
  assert.deepEqual(w.told(), ['scheduled'])
  assert.match(w.board().maintenances[0]?.updates[0]?.body ?? '', /^A reminder: this is to begin on 24 Nov 2026 13:00 UTC\+1 and to end by 24 Nov 2026 16:00 UTC\+1\.$/)
  w.pass(hours(25))
  assert.deepEqual(w.board().maintenances.map((it) => [it.state, it.beganAt]), [['scheduled', undefined]])
  assert.equal(w.turn((tx) => w.room.planned.complete(tx, id, { by: 'ada' })), 'it is not begun yet')
  assert.equal(w.turn((tx) => w.room.planned.begin(tx, id, { by: 'run:1' })), undefined)
  assert.equal(w.turn((tx) => w.room.planned.begin(tx, id, { by: 'ada' })), 'it is begun already')
  assert.equal(w.turn((tx) => w.room.planned.note(tx, id, { by: 'run:1', text: 'It is halted: a link was lost.' })), undefined)
  assert.equal(w.turn((tx) => w.room.planned.complete(tx, id, { by: 'run:1' })), undefined)
  assert.equal(w.turn((tx) => w.room.planned.cancel(tx, id, { by: 'bo' })), 'it is completed')
  const [work] = w.board().maintenances
  assert.deepEqual([work?.state, work?.sequence, work?.updates.map(({ body }) => body)], ['completed', 2, ['The work is completed.', 'It is halted: a link was lost.', 'The work has begun. It is to end by 24 Nov 2026 16:00 UTC+1.', work?.updates[3]?.body, 'One server after another.']])
  w.pass(days(3))
  assert.deepEqual(w.told(), ['scheduled', 'in_progress', 'in_progress', 'completed'])
})

test('T-7 work of which nobody says that it ended is told once, a quarter of an hour after its time, whether it began or not', (t) => {
  const w = world(t)
  const [begun] = [w.id(), w.id({ title: 'Another' })]
  w.pass(days(3))
  w.turn((tx) => w.room.planned.begin(tx, begun, { by: 'ada' }))
  w.pass(ms(hours(3) + minutes(14)))
  assert.ok(!w.told().includes('overdue'))
  w.pass(minutes(1))
  assert.deepEqual(w.told().filter((it) => it === 'overdue').length, 2)
  w.turn((tx) => w.room.configure(tx))
  w.pass(days(2))
  assert.deepEqual(w.told().filter((it) => it === 'overdue').length, 2)
  assert.equal(w.turn((tx) => w.room.planned.complete(tx, begun, { by: 'ada', text: 'It took longer; all is well.' })), undefined)
})

test('T-7 work that begins after its time is not promised to end in the past, and what goes on ends early instead of being cancelled', (t) => {
  const w = world(t)
  const id = w.id()
  w.pass(ms(days(3) + hours(4)))
  w.turn((tx) => w.room.planned.begin(tx, id, { by: 'ada' }))
  assert.match(w.board().maintenances[0]?.updates[0]?.body ?? '', /^The work has begun later than announced: it was to end by 24 Nov 2026 16:00 UTC\+1\.$/)
  assert.equal(w.turn((tx) => w.room.planned.cancel(tx, id, { by: 'ada' })), undefined)
  const [work] = w.board().maintenances
  assert.deepEqual([work?.state, work?.updates[0]?.body, typeof work?.endedAt], ['ended_early', 'The work ended early: not all of it was done.', 'number'])
  assert.equal(w.turn((tx) => w.room.planned.complete(tx, id, { by: 'ada' })), 'it is over: it ended early')
  assert.equal(w.sql.all(`select what from agenda where what = 'tell.overdue'`).length, 0)
})

test('X-1 what is awaited is taken up again where the agenda was lost, and a clock that is set back tells nothing too early', (t) => {
  const w = world(t)
  w.id()
  w.sql.run('delete from agenda')
  w.turn((tx) => w.room.configure(tx))
  w.turn((tx) => w.room.due?.['tell.remind']?.(tx, w.board().maintenances[0]?.id ?? ''))
  w.turn((tx) => w.room.due?.['tell.overdue']?.(tx, w.board().maintenances[0]?.id ?? ''))
  assert.deepEqual(w.told(), [])
  w.pass(days(2))
  assert.deepEqual(w.told(), ['scheduled'])
  w.pass(days(2))
  assert.deepEqual(w.told(), ['scheduled', 'overdue'])
})

test('T-1 maintenance shows only where all is well: an outage, a doubt and a pause stay what they are', (t) => {
  const w = world(t)
  w.says('api', 'up')
  w.says('www', 'up')
  const id = w.id({ components: ['API', 'Website'] })
  assert.deepEqual(status(w), ['operational', 'operational'])
  w.pass(days(3))
  assert.deepEqual(status(w), ['operational', 'operational'])
  w.turn((tx) => w.room.planned.begin(tx, id, { by: 'ada' }))
  assert.deepEqual(status(w), ['under_maintenance', 'under_maintenance'])
  w.says('api', 'down')
  assert.deepEqual(status(w), ['major_outage', 'under_maintenance'])
  assert.equal(w.sql.all(`select id from tell_statement where state = 'draft'`).length, 1)
  w.says('www', 'unknown')
  assert.deepEqual(w.board().components.map((it) => [it.status, it.unknown]), [['major_outage', false], ['degraded_performance', true]])
  w.says('api', 'up')
  w.says('www', 'up')
  w.turn((tx) => w.room.planned.cancel(tx, id, { by: 'ada' }))
  assert.deepEqual(status(w), ['operational', 'operational'])
})

test('what cannot be announced is said in words: times, components, boards, and how many', (t) => {
  const w = world(t)
  const at = (span: number): Instant => instantOf(START + span)
  const says = (more: Parameters<typeof w.announced>[0]): string => {
    const it = w.announced(more)
    return it.is === 'refused' ? it.says : 'announced'
  }
  assert.match(says({ from: at(-1), until: at(hours(1)) }), /^it begins in the past/)
  assert.match(says({ from: at(hours(2)), until: at(hours(2)) }), /^it ends before it begins/)
  assert.match(says({ from: at(days(401)), until: at(days(402)) }), /400 days/)
  assert.match(says({ from: at(days(1)), until: at(days(40)) }), /31 days/)
  assert.equal(says({ components: ['API', 'Mail'] }), 'public shows no component “Mail”')
  assert.equal(says({ components: [] }), 'say which components it is about')
  assert.equal(says({ board: 'other' }), 'there is no status page “other”')
  for (let n = 0; n < 50; n++) w.id({ title: `Work ${n}` })
  assert.equal(says({}), '50 are announced on public and have not ended')
  assert.equal(new Set(w.board().maintenances.map(({ id }) => id)).size, 50)
})

test('the reminder comes a day before, at half of a shorter lead, an hour before where it was late, and else not', () => {
  const from = instantOf(START)
  const before = (announced: Span, lead?: Span): number | undefined => {
    const reminded = remindAt(from, instantOf(START - announced), lead)
    return reminded === undefined ? undefined : (from - reminded) / hours(1)
  }
  assert.deepEqual([before(days(5)), before(days(5), hours(48)), before(days(5), hours(12)), before(hours(24)), before(hours(25)), before(hours(2)), before(minutes(100)), before(minutes(100), hours(1))], [24, 24, 6, 1, 24, 1, undefined, 0.5])
})

test('a rebuild from the ledger gives the same rows, and what people wrote stands beside the chain', (t) => {
  const w = world(t)
  const id = w.id({ title: 'A title of ada', text: 'A text of ada' })
  w.pass(days(2))
  w.turn((tx) => w.room.planned.cancel(tx, id, { by: 'ada', text: 'A reason of ada' }))
  assert.deepEqual(rebuildLedger(w.sql, [w.room], { replace: false }).differed, [])
  assert.doesNotMatch(JSON.stringify([...entries(w.sql)]), /of ada/)
  assert.deepEqual(w.board().maintenances.map((it) => [it.title, it.state, it.updates.map(({ body }) => body)[0]]), [['A title of ada', 'cancelled', 'A reason of ada']])
  w.pass(days(91))
  assert.deepEqual(w.board().maintenances, [])
})
