// The ledger without a server: read where it lies, and never rebuilt under somebody else's hands.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { instantOf, tickOf } from '../core/time.ts'
import { openSql } from '../db/sql.ts'
import { openStore } from '../db/store.ts'
import { accessRoom, createToken } from '../engine/access.ts'
import { guardRoom } from '../rooms/guard/index.ts'
import { recordRun } from '../rooms/guard/sets/manifest-rows.ts'
import type { LedgerAnswer } from '../views/answers.ts'
import { runCli } from './main.ts'

function folderOf(t: TestContext): string {
  const data = mkdtempSync(path.join(tmpdir(), 'hf-offline-'))
  t.after(() => rmSync(data, { recursive: true }))
  return data
}

function filled(t: TestContext): string {
  const data = folderOf(t)
  const store = openStore(path.join(data, 'holdfast.db'), [accessRoom()], 'node_1')
  const now = { wall: instantOf(1_700_000_000_000), tick: tickOf(1), boot: 'b' }
  store.begin()
  for (const name of ['a', 'b']) store.turn(name, now, (tx) => createToken(tx, (n) => new Uint8Array(n).fill(name.charCodeAt(0)), { name, scopes: ['read'], expiresAt: null }))
  store.commit()
  store.close()
  return data
}

async function run(line: string, data: string): Promise<{ exit: number; body: LedgerAnswer & { error?: { message: string } }; err: string }> {
  let [out, err] = ['', '']
  const exit = await runCli([...line.split(' '), '--json', '--data', data], { XDG_RUNTIME_DIR: data }, { version: '1', up: () => Promise.resolve(0), plugins: () => Promise.resolve({ probes: [], channels: [] }), scan: () => Promise.reject(new Error('nothing is scanned here')), scanPages: () => Promise.reject(new Error('nothing is scanned here')) }, {
    stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (err += text) }, stdin: () => '',
  })
  return { exit, body: JSON.parse(out) as LedgerAnswer, err }
}

test('verify and rebuild a data folder that nobody runs on', async (t) => {
  const data = filled(t)
  for (const line of ['ledger verify', 'ledger rebuild']) {
    const ran = await run(line, data)
    assert.equal(ran.exit, 0, JSON.stringify(ran.body))
    assert.deepEqual([ran.body.schema, ran.body.entries, ran.body.broken], ['holdfast.ledger/1', 2, undefined])
  }
})

test('what is known of backups is made anew too', async (t) => {
  const data = folderOf(t)
  const absent = (): never => assert.fail('folding asks for nothing of the present')
  const store = openStore(path.join(data, 'holdfast.db'), [guardRoom({ origin: absent, sets: absent, ask: absent, lived: absent, reconciles: absent, shrink: absent, way: absent })], 'node_1')
  store.begin()
  store.turn('ran', { wall: instantOf(1_700_000_000_000), tick: tickOf(1), boot: 'b' }, (tx) => recordRun(tx, { named: 'shop', of: undefined, report: { command: 'pg_dump', from: 1, to: 2, exit: 1, says: '' }, by: 'ada' }))
  store.commit()
  store.sql.exec('delete from guard_run')
  store.close()
  assert.deepEqual((await run('ledger rebuild', data)).body.differed, ['guard_run'])
  const sql = openSql(path.join(data, 'holdfast.db'))
  t.after(() => sql.close())
  assert.equal(sql.get<{ n: number }>('select count(*) as n from guard_run')?.n, 1)
})

test('a changed entry is found: exit 3, and nothing is rebuilt from it', async (t) => {
  const data = filled(t)
  const sql = openSql(path.join(data, 'holdfast.db'))
  sql.run(`update entry set body = replace(body, '"name":"b"', '"name":"x"')`)
  sql.close()
  for (const line of ['ledger verify', 'ledger rebuild']) {
    const ran = await run(line, data)
    assert.deepEqual([ran.exit, ran.body.broken?.seq], [3, 2])
  }
})

test('no ledger, one that is garbage, one that is in use', async (t) => {
  assert.equal((await run('ledger verify', folderOf(t))).exit, 1)
  const garbage = folderOf(t)
  writeFileSync(path.join(garbage, 'holdfast.db'), 'x'.repeat(10_000))
  const damaged = await run('ledger verify', garbage)
  assert.deepEqual([damaged.exit, /is damaged/.test(damaged.body.error?.message ?? '')], [3, true])
  const data = filled(t)
  const lock = openSql(path.join(data, 'lock.db'))
  lock.exec('pragma locking_mode = exclusive; begin exclusive')
  const used = await run('ledger rebuild', data)
  lock.close()
  assert.deepEqual([used.exit, /in use/.test(used.body.error?.message ?? '')], [1, true])
})

test('X-10 what a newer Holdfast wrote is not opened and not rebuilt, and stays as it is; it can be verified', async (t) => {
  const data = filled(t)
  const file = path.join(data, 'holdfast.db')
  const sql = openSql(file)
  assert.equal(sql.get('pragma user_version')?.['user_version'], 6)
  sql.exec('alter table token add column later text; pragma user_version = 7')
  sql.close()
  assert.throws(() => openStore(file, [accessRoom()], 'node_1'), /newer Holdfast \(schema 7; this one knows 6\).*name other data/)
  const rebuilt = await run('ledger rebuild', data)
  assert.deepEqual([rebuilt.exit, /written by a newer Holdfast/.test(rebuilt.body.error?.message ?? '')], [1, true])
  assert.equal((await run('ledger verify', data)).exit, 0)
  const after = openSql(file)
  t.after(() => after.close())
  assert.deepEqual([after.get('pragma user_version')?.['user_version'], after.get(`select count(*) as n from pragma_table_info('token') where name = 'later'`)?.['n']], [7, 1])
})
