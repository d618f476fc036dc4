// What the machine says by itself (T-7): an outage proposes a statement, which is published after `hold` only while something of it
// is still out, and never while a person holds it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf, tickOf, type Now } from '../../core/time.ts'
import type { Room } from '../../db/room.ts'
import { openSql } from '../../db/sql.ts'
import { entries, prepareTables, storeOver } from '../../db/store.ts'
import { tellRoom } from './index.ts'
import type { BoardPlan } from './view.ts'

const board: BoardPlan = { slug: 'public', name: 'Acme', hold: 5000, components: [{ id: 'cmp_api', name: 'API', checks: ['api', 'db'] }] }

function world(t: { after(act: () => void): void }) {
  let at = 0
  const now = (): Now => ({ wall: instantOf(1_700_000_000_000 + at), tick: tickOf(at), boot: 'boot' })
  const sql = openSql(':memory:')
  t.after(() => sql.close())
  const room = tellRoom({ boards: () => [board], timezone: () => 'UTC', isHeartbeat: () => false, changed: () => undefined })
  const rooms: readonly Room[] = [room]
  prepareTables(sql, rooms)
  sql.run(`insert into meta (key, value) values ('node', 'node_test')`)
  const store = storeOver(sql, rooms)
  const turn = (act: Parameters<typeof store.turn>[2]): void => {
    store.begin()
    const done = store.turn('test', now(), act)
    assert.equal(done.is, 'done')
    store.commit()
  }
  return {
    room, turn,
    /** A check turns. */
    turns(check: string, to: string) {
      at += 100
      turn((tx) => void tx.append({ is: 'watch.turned', stream: `check:${check}`, body: { check, to, at: tx.now.wall } }))
    },
    /** What the hold ends, after it ended. */
    holdEnds() {
      at += 6000
      turn((tx) => {
        for (const { id } of sql.all<{ id: string }>('select id from tell_statement order by id')) room.due?.['tell.publish']?.(tx, id)
      })
    },
    statements: () => sql.all<{ id: string; state: string }>('select id, state from tell_statement order by id'),
    said: () => [...entries(sql)].filter((it) => it.is === 'tell.posted').map((it) => it.body['status']),
    planned: () => sql.all<{ key: string }>(`select key from agenda where what = 'tell.publish'`).length,
  }
}

test('T-7 an outage that is still there when the hold ends is published, once', (t) => {
  const w = world(t)
  w.turns('db', 'up')
  w.turns('api', 'down')
  assert.deepEqual(w.statements().map((it) => it.state), ['draft'])
  assert.equal(w.planned(), 1)
  w.holdEnds()
  w.holdEnds()
  assert.deepEqual(w.said(), ['investigating'])
})

test('T-7 what is only unknown by then is no outage: nothing is published', (t) => {
  const w = world(t)
  w.turns('db', 'unknown')
  w.turns('api', 'down')
  assert.deepEqual(w.statements().map((it) => it.state), ['draft'])
  w.turns('api', 'up')
  w.holdEnds()
  assert.deepEqual(w.said(), [])
  assert.deepEqual(w.statements().map((it) => it.state), ['withdrawn'])
})

test('T-7 what was over before is withdrawn at once; what a person holds waits for the person', (t) => {
  const w = world(t)
  w.turns('db', 'up')
  w.turns('api', 'down')
  w.turns('api', 'up')
  assert.deepEqual(w.statements().map((it) => it.state), ['withdrawn'])
  assert.equal(w.planned(), 0)
  w.turns('api', 'down')
  const draft = w.statements().find((it) => it.state === 'draft')
  assert(draft)
  w.turn((tx) => assert(w.room.hold(tx, draft.id, 'bo')))
  w.holdEnds()
  assert.deepEqual(w.said(), [])
  w.turn((tx) => assert(w.room.publish(tx, draft.id, 'bo')))
  assert.deepEqual(w.said(), ['investigating'])
})
