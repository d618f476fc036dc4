// The keeper at its seam with the ringer, over a store in memory: nothing is rung before the ringer's journal is durable (P-4), also
// when the commit that was to make it so failed; what is left intended goes out again when a ringer comes anew (P-3).
import assert from 'node:assert/strict'
import test from 'node:test'
import { instantOf, minutes, ms, seconds, tickOf, type Now } from '../core/time.ts'
import { openSql } from '../db/sql.ts'
import { prepareTables, storeOver } from '../db/store.ts'
import type { Plan } from '../rooms/page/plan.ts'
import type { ToRinger } from '../rooms/page/protocol.ts'
import { memorySuspects } from './engine.ts'
import { allOf, createKeeper, type InForce } from './keeper.ts'
import { renderRing } from './render.ts'

const plan: Plan = {
  version: '1', people: { ada: { name: 'ada', email: 'ada@acme.example', reach: [{ channel: 'mail', after: ms(0) }] } }, channels: { mail: { kind: 'smtp', config: {} } },
  rotations: {}, covers: [], policies: { default: { name: 'default', steps: [{ page: [{ is: 'person', name: 'ada' }], wait: minutes(5) }] } },
  fallback: ['ada'], ackLapses: minutes(30), site: { name: 'Acme', url: 'http://127.0.0.1:7400', timezone: 'UTC' }, communications: [],
}
const config: InForce = { version: '1', canonical: {}, site: plan.site, checks: [], plan, boards: [], horizon: { anchors: [] }, ingest: [] }

async function world(t: { after(act: () => void): void }) {
  let at = 1_000_000
  let commits = true
  const now = (): Now => ({ wall: instantOf(1_700_000_000_000 + at), tick: tickOf(at), boot: 'boot' })
  const sql = openSql(':memory:')
  t.after(() => sql.close())
  const said: ToRinger[] = []
  const keeper = createKeeper({
    config, samples: undefined, key: new Uint8Array(32), random: (bytes) => new Uint8Array(bytes),
    open(rooms) {
      const list = allOf(rooms)
      prepareTables(sql, list)
      sql.run(`insert into meta (key, value) values ('node', 'node_test')`)
      const store = storeOver(sql, list)
      return {
        ...store,
        get head() {
          return store.head
        },
        commit() {
          if (!commits) throw new Error('the disk failed')
          store.commit()
        },
      }
    },
    ports: {
      now, suspects: memorySuspects(), toRinger: (message) => (said.push(message), true), toProbers: () => undefined, toWeb: () => undefined, toWorkers: () => undefined,
      boardsWanted: () => false, say: () => undefined, freeReserve: () => false, onBroken: () => undefined, onAsked: () => undefined,
      render: (it, deed) => renderRing(it, deed, new Uint8Array(32)), renderDigest: () => 'none',
    },
  })
  const turnOver = async (): Promise<void> => {
    for (let i = 0; i < 6; i++) {
      keeper.cycle()
      for (let j = 0; j < 12; j++) await Promise.resolve()
    }
  }
  const started = keeper.start({ version: 'test', cleanStop: true, gap: undefined, damaged: undefined, store: 'store_test' })
  await turnOver()
  await started
  void keeper.engine.turn('open', (tx) => keeper.rooms.page.openNode(tx, 'test', 'A test', 'it is one')).catch(() => undefined)
  keeper.ringerOpened()
  await turnOver()
  return {
    keeper, turnOver,
    pass: (span: number) => void (at += span),
    breakDisk: () => void (commits = false),
    rung: () => said.flatMap((it) => (it.is === 'ring' ? it.rings.map((ring) => ring.message.key) : [])),
    greet: (term: number) => keeper.fromRinger({ is: 'welcome', term, store: 'store_test', journal: [{ is: 'stoodIn', n: 1, at: now().wall, silentFor: seconds(20) }], open: [] }),
  }
}

test('P-4 nothing is rung before the journal is durable', async (t) => {
  const w = await world(t)
  assert.deepEqual(w.rung(), [])
  w.greet(1)
  assert.deepEqual(w.rung(), [])
  await w.turnOver()
  assert.equal(w.rung().length, 1)
})

test('P-4 when the journal could not be made durable nothing is rung', async (t) => {
  const w = await world(t)
  w.breakDisk()
  w.greet(1)
  await w.turnOver()
  assert.deepEqual(w.rung(), [])
})

test('P-3 what was not settled goes out again, under the same id, to a ringer that comes anew', async (t) => {
  const w = await world(t)
  w.greet(1)
  await w.turnOver()
  w.keeper.ringerLost()
  w.pass(1000)
  w.keeper.ringerOpened()
  w.greet(2)
  await w.turnOver()
  const [first, again] = w.rung()
  assert.equal(w.rung().length, 2)
  assert.equal(first, again)
})
