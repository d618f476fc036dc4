// The chain itself: its bytes are the same in every version, its numbers never go back, every changed byte is found, and nothing
// that opens a door stands in it.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { checkOf, configOf, keeperWorld } from '../../test/keeper-world.ts'
import { canonical, GENESIS, hashOf } from '../core/ledger.ts'
import { instantOf, minutes, tickOf, type Now } from '../core/time.ts'
import type { Room } from '../db/room.ts'
import { openSql, type Sql } from '../db/sql.ts'
import { entries, prepareTables, storeOver, type Store } from '../db/store.ts'
import { verifyLedger } from '../db/verify.ts'
import type { TokensAnswer } from '../views/answers.ts'

function ledger(t: TestContext): { sql: Sql; store: Store; write: (at: number, body: Readonly<Record<string, unknown>>) => void } {
  const sql = openSql(':memory:')
  t.after(() => sql.close())
  prepareTables(sql, [])
  sql.run(`insert into meta (key, value) values ('node', 'node_1')`)
  const store = storeOver(sql, [])
  const write = (at: number, body: Readonly<Record<string, unknown>>): void => {
    const now: Now = { wall: instantOf(at), tick: tickOf(1), boot: 'b' }
    store.begin()
    assert.equal(store.turn('n', now, (tx) => void tx.append({ is: 'note.written', stream: 'notes', body: { ...body, text: tx.keep(`line ${at}`) } })).is, 'done')
    store.commit()
  }
  return { sql, store, write }
}

test('L-9 the bytes of an entry, and its hash, are what they always were', () => {
  const cases: readonly [unknown, string][] = [
    [{ b: 1, a: [true, null, undefined, 'x'], c: undefined }, '{"a":[true,null,null,"x"],"b":1}'],
    [{ é: 1, z: 2, Z: 3, '': 4 }, '{"":4,"Z":3,"z":2,"é":1}'],
    ['\u0000\n"\\/\u2028\ud800😀', '"\\u0000\\n\\"\\\\/\u2028\\ud800😀"'],
    [[-0, 0.1, 1e21, 1e-7, 123456789012345680000, 2 ** 53], '[0,0.1,1e+21,1e-7,123456789012345680000,9007199254740992]'],
    [JSON.parse('{"__proto__":1,"10":2,"9":3}'), '{"10":2,"9":3,"__proto__":1}'],
  ]
  for (const [value, bytes] of cases) assert.equal(canonical(value), bytes)
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, Symbol('x')]) assert.throws(() => canonical({ value }), TypeError)
  const entry = { seq: 1, node: 'node_1', at: instantOf(1_700_000_000_000), hlc: 1_700_000_000_000_000, is: 'note.written', stream: 'notes', body: { b: 'ü', a: 1 }, prev: GENESIS }
  assert.equal(hashOf(entry), '3a4524b388441b8cf68223a813ef689fc63cffd11dbb60de1bbd9c72dfa97ebb')
  assert.equal(hashOf({ ...entry, follows: 0 }), '1cf9da443bf818aceebbd716ba0f8a670bbd519328cb8bef2f6b2761bc99111c')
})

test('L-5 numbers and clock of the ledger never go back, whatever the wall clock does, also over a restart', (t) => {
  const { sql, write } = ledger(t)
  for (const at of [1_700_000_000_000, 1_700_000_000_000, 1_600_000_000_000, 0, 1_800_000_000_000]) write(at, {})
  const again = storeOver(sql, [])
  again.begin()
  again.turn('n', { wall: instantOf(1_500_000_000_000), tick: tickOf(1), boot: 'c' }, (tx) => void tx.append({ is: 'note.written', stream: 'notes', body: {} }))
  again.commit()
  const all = [...entries(sql)]
  for (const [i, entry] of all.entries()) assert(entry.seq === i + 1 && entry.hlc > (all[i - 1]?.hlc ?? 0), `entry ${entry.seq}`)
  assert.deepEqual(all.map((it) => it.at), [1_700_000_000_000, 1_700_000_000_000, 1_600_000_000_000, 0, 1_800_000_000_000, 1_500_000_000_000], 'the wall time is kept as it was read')
  assert.equal(verifyLedger(sql).broken, undefined)
})

test('L-2 any single byte of the ledger that changes is found', (t) => {
  const { sql, write } = ledger(t)
  for (let n = 0; n < 12; n++) write(1_700_000_000_000 + n, { n, name: `é ${n}`, list: [n, { deep: true }] })
  assert.equal(verifyLedger(sql).broken, undefined)
  let changed = 0
  const found = (table: 'entry' | 'text', key: string, row: Readonly<Record<string, unknown>>, column: string, value: string | number): void => {
    sql.exec('savepoint harm')
    sql.run(`update ${table} set ${column} = ? where ${key} = ?`, value, row[key] as string | number)
    assert.notEqual(verifyLedger(sql).broken, undefined, `${table}.${column} of ${String(row[key])}: ${String(value)}`)
    sql.exec('rollback to harm; release harm')
    changed++
  }
  for (const [table, key] of [['entry', 'seq'], ['text', 'hash']] as const) {
    for (const row of sql.all(`select * from ${table}`)) {
      for (const [column, value] of Object.entries(row)) {
        if (typeof value === 'number') found(table, key, row, column, value + 1000)
        if (typeof value !== 'string') continue
        for (let i = 0; i < value.length; i++) found(table, key, row, column, value.slice(0, i) + String.fromCodePoint(value.charCodeAt(i) ^ 1) + value.slice(i + 1))
        found(table, key, row, column, value.slice(0, -1))
      }
    }
  }
  assert(changed > 3000, String(changed))
})

test('L-6 no secret of a token, a link, a ping or an integration, and no free text of people, stands in an entry', async (t) => {
  const config = configOf([checkOf('www'), checkOf('job', { kind: 'heartbeat', settings: { heartbeat: true }, every: minutes(5), grace: minutes(1) })])
  const w = await keeperWorld(t, config)
  const { secret } = (await w.ask('tokens.create', { name: 'ci', scopes: ['admin'] })).body as TokensAnswer
  assert(secret !== undefined)
  const said = 'c4n4ry in free text'
  await w.ask('page', { who: 'ada', text: said })
  await w.ask('incidents.update', { incident: '1', text: said })
  await w.ask('checks.silence', { name: 'www', for: '10m', reason: said })
  await w.ask('board.post', { status: 'identified', title: said, text: said })
  await w.ask('triggers', { events: [{ via: 'pagerduty', integration: 'main', action: 'trigger', key: 'k', summary: said, source: 's', severity: 'critical' }] })
  await w.ask('incidents.resolve', { incident: '1', reason: said })
  await w.ask('ping', { check: 'job', signal: 'success' })
  const { id } = ((await w.ask('tokens.list', {})).body as TokensAnswer).tokens[0] ?? assert.fail('no token')
  await w.ask('tokens.revoke', { id })
  const bytes = w.sql.all('select * from entry').map((row) => JSON.stringify(row)).join('\n')
  for (const key of [secret, secret.slice(3), config.ingest[0]?.key ?? '']) assert(!bytes.includes(key), 'a key stands in the ledger')
  assert.deepEqual(bytes.split('\n').filter((line) => line.includes('c4n4ry')), [])
})

test('X-10 what an older Holdfast folded is folded anew from the ledger, in the shape that this one reads; working rows and texts stay', (t) => {
  const { sql, store, write } = ledger(t)
  write(1_700_000_000_000, { n: 1 })
  write(1_700_000_000_001, { n: 2 })
  sql.exec('create table note (seq integer primary key) strict; insert into note values (1), (2), (9); create table note_work (one integer) strict; insert into note_work values (7); pragma user_version = 2')
  const room: Room = {
    name: 'notes', tables: 'create table if not exists note (seq integer primary key, n integer not null) strict; create table if not exists note_work (one integer) strict;', projections: ['note'],
    apply: { 'note.written': (into, entry) => void into.run('insert into note (seq, n) values (?, ?)', entry.seq, (entry.body as { n: number }).n) },
  }
  prepareTables(sql, [room])
  assert.deepEqual(sql.all('select seq, n from note order by seq').map((row) => ({ ...row })), [{ seq: 1, n: 1 }, { seq: 2, n: 2 }])
  assert.deepEqual([sql.get('select one from note_work')?.['one'], sql.get('select count(*) as n from text')?.['n'], sql.get('pragma user_version')?.['user_version']], [7, 2, 6])
  assert.equal(verifyLedger(sql).entries, store.head.seq)
  sql.run('insert into note (seq, n) values (5, 5)')
  prepareTables(sql, [room])
  assert.equal(sql.get('select count(*) as n from note')?.['n'], 3, 'its own it leaves as they are')
})
