// Experiment 2, kept as a test: a turn that throws, or a COMMIT that fails, at every position of a batch. What must hold: X-1 (no
// reply precedes durability), X-2 (a store that failed confirms nothing any more), L-1 (no deed without its intent on the disk).
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import type { Deed } from '../core/deed.ts'
import { dueIn, instantOf, ms, tickOf, type Now } from '../core/time.ts'
import type { Room } from '../db/room.ts'
import { openSql } from '../db/sql.ts'
import { entries, Moved, openStore } from '../db/store.ts'
import { rebuildLedger, verifyLedger } from '../db/verify.ts'
import { createEngine, memorySuspects } from './engine.ts'

const room: Room = {
  name: 'notes',
  tables: `create table if not exists note (n integer primary key, parent integer references note (n) deferrable initially deferred) strict;
    create table if not exists ran (key text primary key, times integer not null) strict`,
  projections: ['note'],
  apply: { 'note.written': (sql, entry) => void sql.run('insert into note (n, parent) values (?, ?)', entry.body['n'] as number, (entry.body['parent'] ?? null) as number | null) },
  due: {
    'note.due'(tx, key) {
      if (key.startsWith('bad')) throw new Error(`${key} cannot be done`)
      tx.append({ is: 'note.written', stream: 'notes', body: { n: Number(key) } })
    },
  },
}

function world(t: { after(fn: () => void): void }, options: { onFull?: () => boolean } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-engine-'))
  const file = path.join(folder, 'holdfast.db')
  let at = 1_000_000
  const now = (): Now => ({ wall: instantOf(at), tick: tickOf(at), boot: 'boot' })
  const store = openStore(file, [room], 'node_test')
  store.sql.exec('pragma foreign_keys = on')
  const performed: Deed[] = []
  const broken: string[] = []
  const aside: string[] = []
  const suspects = memorySuspects()
  const engine = createEngine({
    store, now, suspects, perform: (deed) => performed.push(deed), onFull: options.onFull ?? (() => false), onBroken: (says) => broken.push(says),
    setAside: (_tx, row) => void aside.push(`${row.key}: ${row.says}`),
  })
  t.after(() => {
    store.close()
    rmSync(folder, { recursive: true })
  })
  /** What a second reader of the file sees: only what is committed. */
  const durable = (): number[] => {
    const reader = openSql(file, { readOnly: true })
    const found = reader.all<{ n: number }>('select n from note order by n').map((row) => row.n)
    reader.close()
    return found
  }
  return { engine, store, performed, broken, aside, suspects, durable, pass: (span: number) => void (at += span) }
}

const deed = (n: number): Deed => ({ key: `deed-${n}`, what: 'note.tell', body: { n }, repeatable: true })

test('a turn that throws fails alone, at every position of a batch', async (t) => {
  for (let bad = 0; bad < 5; bad++) {
    const w = world(t)
    const turns = [0, 1, 2, 3, 4].map((n) => w.engine.turn(`turn ${n}`, (tx) => {
      tx.append({ is: 'note.written', stream: 'notes', body: { n } })
      tx.intend(deed(n))
      if (n === bad) throw new Error('thrown half-way')
      return n
    }))
    const settled = Promise.allSettled(turns)
    w.engine.cycle()
    const others = [0, 1, 2, 3, 4].filter((n) => n !== bad)
    assert.deepEqual((await settled).map((it) => it.status), [0, 1, 2, 3, 4].map((n) => (n === bad ? 'rejected' : 'fulfilled')))
    assert.deepEqual(w.durable(), others)
    assert.deepEqual(w.performed.map((it) => it.key), others.map((n) => `deed-${n}`))
    assert.equal(verifyLedger(w.store.sql).broken, undefined)
    assert.deepEqual(rebuildLedger(w.store.sql, [room], { replace: false }).differed, [])
  }
})

test('a COMMIT that fails drops every reply and deed of its batch, and the store confirms nothing any more', async (t) => {
  for (let bad = 0; bad < 4; bad++) {
    const w = world(t)
    const first = w.engine.turn('before', (tx) => void tx.append({ is: 'note.written', stream: 'notes', body: { n: 100 } }))
    w.engine.cycle()
    await first
    // A broken reference is found by COMMIT itself: SQLite checks deferred ones there.
    const turns = [0, 1, 2, 3].map((n) => w.engine.turn(`turn ${n}`, (tx) => {
      tx.append({ is: 'note.written', stream: 'notes', body: n === bad ? { n, parent: 4711 } : { n } })
      tx.intend(deed(n))
    }))
    const settled = Promise.allSettled(turns)
    w.engine.cycle()
    assert.deepEqual((await settled).map((it) => it.status), ['rejected', 'rejected', 'rejected', 'rejected'])
    assert.deepEqual(w.durable(), [100])
    assert.deepEqual(w.performed, [])
    assert.equal(w.broken.length, 1)
    await assert.rejects(w.engine.turn('after', () => undefined), /store failed/)
    assert.equal(w.engine.cycle(), 0)
  }
})

test('no reply is given before the batch is durable', async (t) => {
  const w = world(t)
  let answered = false
  const turn = w.engine.turn('one', (tx) => void tx.append({ is: 'note.written', stream: 'notes', body: { n: 1 } })).then(() => {
    assert.deepEqual(w.durable(), [1])
    answered = true
  })
  assert.equal(answered, false)
  w.engine.cycle()
  await turn
  assert.equal(answered, true)
})

test('a due turn that throws is tried again and set aside after three times; the others run', (t) => {
  const w = world(t)
  void w.engine.turn('plan', (tx) => {
    tx.schedule('note.due', 'bad', dueIn(tx.now, ms(0)))
    tx.schedule('note.due', '7', dueIn(tx.now, ms(0)))
  })
  w.engine.cycle()
  for (let i = 0; i < 4; i++) {
    w.engine.cycle()
    w.pass(5000)
  }
  assert.deepEqual(w.durable(), [7])
  assert.deepEqual(w.aside, ['bad: bad cannot be done'])
  assert.equal(w.engine.idleFor(), Number.POSITIVE_INFINITY)
})

test('a due turn during which the process died three times is set aside', (t) => {
  const w = world(t)
  void w.engine.turn('plan', (tx) => tx.schedule('note.due', '8', dueIn(tx.now, ms(0))))
  w.engine.cycle()
  for (let i = 0; i < 3; i++) {
    w.suspects.mark('note.due 8')
    w.suspects.died()
  }
  w.engine.cycle()
  assert.deepEqual(w.durable(), [])
  assert.match(w.aside[0] ?? '', /the process died 3 times/)
})

test('a full disk frees the reserve; what was due is tried again and nothing was half-done', async (t) => {
  let freed = 0
  const w = world(t, { onFull: () => (freed++, w.store.sql.exec('pragma max_page_count = 100000'), true) })
  void w.engine.turn('plan', (tx) => {
    for (let n = 0; n < 200; n++) tx.schedule('note.due', String(n), dueIn(tx.now, ms(0)))
  })
  w.engine.cycle()
  const pages = w.store.sql.get<{ page_count: number }>('pragma page_count')?.page_count ?? 0
  w.store.sql.exec(`pragma max_page_count = ${pages + 2}`)
  const lost = w.engine.turn('asked', (tx) => void tx.append({ is: 'note.written', stream: 'notes', body: { n: 1000, pad: 'x'.repeat(100_000) } })).catch(() => 'rejected')
  for (let i = 0; i < 20; i++) {
    w.engine.cycle()
    w.pass(1000)
  }
  assert.ok(freed >= 1)
  assert.equal(w.broken.length, 0)
  const outcome = await lost
  assert.deepEqual(w.durable(), [...Array.from({ length: 200 }, (_, n) => n), ...(outcome === 'rejected' ? [] : [1000])])
  assert.equal(verifyLedger(w.store.sql).broken, undefined)
})

test('a strict stream refuses an append that follows an older version', (t) => {
  const w = world(t)
  const outcomes: string[] = []
  for (const follows of [0, 0, 1, 1, 5]) {
    void w.engine.turn('strict', (tx) => void tx.append({ is: 'note.approved', stream: 'strict-1', follows, body: {} }))
      .then(() => outcomes.push('done'), (cause: unknown) => outcomes.push(cause instanceof Moved ? 'moved' : 'other'))
  }
  w.engine.cycle()
  return Promise.resolve().then(() => Promise.resolve()).then(() => {
    assert.deepEqual(outcomes.sort(), ['done', 'done', 'moved', 'moved', 'moved'])
    assert.equal([...entries(w.store.sql, 'strict-1')].length, 2)
  })
})

test('L-2: any changed, removed, inserted or reordered entry is found', (t) => {
  const w = world(t)
  for (let n = 0; n < 30; n++) void w.engine.turn('n', (tx) => void tx.append({ is: 'note.written', stream: 'notes', body: { n, text: tx.keep(`line ${n}`) } }))
  w.engine.cycle()
  const { sql } = w.store
  assert.equal(verifyLedger(sql).broken, undefined)
  const harm = [
    'update entry set at = at + 1 where seq = 7', `update entry set is_ = 'note.other' where seq = 1`, 'delete from entry where seq = 12', 'delete from entry where seq = 1',
    `update entry set stream = 'x' where seq = 30`, `update entry set body = replace(body, '3', '4') where seq = 4`, 'update entry set follows = 0 where seq = 9',
    `update entry set body = ' ' || body where seq = 9`, 'update entry set hlc = hlc + 1 where seq = 8', `update entry set node = 'other' where seq = 8`,
    `insert into entry select 31, node, at, hlc + 9, is_, stream, follows, body, hash, hash from entry where seq = 30`, `update text set body = 'changed' where body = 'line 3'`,
    'update entry set seq = 1000 where seq = 5; update entry set seq = 5 where seq = 6; update entry set seq = 6 where seq = 1000',
  ]
  for (const statement of harm) {
    sql.exec('begin')
    sql.exec(statement)
    assert.notEqual(verifyLedger(sql).broken, undefined, statement)
    sql.exec('rollback')
  }
})
