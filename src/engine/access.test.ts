// API tokens, property by property: 256 bits behind a prefix, kept as a hash, with scopes, an end that both clocks know, a last use to
// the minute, and networks; who made, revoked and showed one is in the audit, and none of them says who may what.
import assert from 'node:assert/strict'
import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { configOf, keeperWorld, START, type KeeperWorld } from '../../test/keeper-world.ts'
import { RIGHTS } from '../core/authority/role.ts'
import { days, hours, minutes, ms, seconds } from '../core/time.ts'
import { openSql } from '../db/sql.ts'
import { openStore } from '../db/store.ts'
import type { Asker, ErrorAnswer, TokensAnswer } from '../views/answers.ts'
import type { AuditAnswer } from '../views/people.ts'
import { accessRoom, listTokens, SCOPES, tokensForWeb } from './access.ts'

const create = async (w: KeeperWorld, more: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> => {
  const { status, body } = await w.ask('tokens.create', { name: 'ci', scopes: ['read'], ...more })
  assert.equal(status, 200, JSON.stringify(body))
  const { tokens, secret = '' } = body as TokensAnswer
  return { id: tokens[0]?.id ?? '', secret }
}
const listed = async (w: KeeperWorld) => ((await w.ask('tokens.list', {})).body as TokensAnswer).tokens
const saysOf = async (w: KeeperWorld): Promise<string[]> => ((await w.ask('people.audit', { since: '365d' })).body as AuditAnswer).entries.map(({ says }) => says)

test('a token is a prefix and 256 bits, shown once: no table, no entry and no later answer has it', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  const { id, secret } = await create(w)
  assert.match(secret, /^hf_[\w-]{43}$/)
  assert.equal(Buffer.from(secret.slice(3), 'base64url').length * 8, 256)
  for (const { name } of w.sql.all<{ name: string }>(`select name from sqlite_master where type = 'table'`)) assert.ok(!JSON.stringify(w.sql.all(`select * from ${name}`)).includes(secret.slice(3)), name)
  assert.ok(!JSON.stringify([w.entries(), await listed(w), await saysOf(w)]).includes(secret.slice(3)))
  assert.match(w.sql.get<{ hash: string }>('select hash from token where id = ?', id)?.hash ?? '', /^[0-9a-f]{64}$/)
})

test('a token makes no token, since that one would outlive it; and whoever a terminal names is not proven', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  const token: Asker = { is: 'token', id: 'tok_1', name: 'ci', scopes: ['admin'] }
  const { status, body } = await w.ask('tokens.create', { name: 'x', scopes: ['admin'], person: 'ada' }, token)
  assert.deepEqual([status, (body as ErrorAnswer).error.code, await listed(w)], [403, 'HF459', []])
  const { id } = await create(w, { person: 'ada' })
  assert.equal((await w.ask('tokens.revoke', { id, person: 'ada' }, token)).status, 200)
  assert.deepEqual(await saysOf(w), ['the token ci was made (read) by ada at the machine', 'the token ci was revoked by token ci'])
})

test('scopes are a closed list, in which there is none that approves, runs or says who may what', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  for (const scopes of [['approve'], ['run'], ['owner'], ['read', 'approve'], [], ['__proto__']]) assert.equal((await w.ask('tokens.create', { name: 'x', scopes })).status, 400)
  assert.deepEqual(SCOPES.filter((it) => it !== 'read' && it !== 'ack' && it !== 'backup' && it !== 'write'), ['admin'], 'whose "admin" the keeper takes for no right: see below')
  const token: Asker = { is: 'token', id: 'tok_1', name: 'ci', scopes: [...SCOPES, ...RIGHTS, 'owner'] }
  for (const [call, args] of [['people.list', {}], ['people.grant', { who: 'eve', roles: ['owner'] }], ['people.invite', { who: 'ada' }], ['people.recover', { who: 'ada' }], ['people.signOutAll', { who: 'ada' }], ['people.audit', {}], ['people.enrol', { who: 'ada' }], ['people.firstOwner', {}]] as const) {
    const { status, body } = await w.ask(call, args, token)
    assert.deepEqual([status, /^HF4(39|43)$/.test((body as ErrorAnswer).error.code)], [403, true], call)
  }
  assert.deepEqual(w.entries().filter(({ is }) => is.startsWith('people.')), [])
})

test('X-7 a token ends by whichever clock says so first, for good, also when the wall clock is set back', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  await create(w, { expires: '2h' })
  assert.equal((await listed(w))[0]?.expiresAt, START + hours(2))
  w.step(ms(0 - hours(1)))
  await w.pass(minutes(119))
  assert.equal((await listed(w)).length, 1)
  const pushes = w.pushed.filter((it) => it === 'tokens').length
  await w.pass(minutes(2))
  assert.equal((await listed(w)).length, 0, 'two hours have passed, whatever the wall clock says')
  assert.ok(w.pushed.filter((it) => it === 'tokens').length > pushes, 'web is told at once')
  assert.deepEqual(w.entries().filter(({ is }) => is === 'access.tokenExpired').length, 1)
  await w.restart()
  assert.equal((await listed(w)).length, 0)
})

test('the last use is written at most once a minute, and is in the list', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  const { id } = await create(w)
  assert.equal((await listed(w))[0]?.lastUsedAt, null)
  const use = async (): Promise<number | null> => {
    await w.ask('tokens.noted', { is: 'used', id, origin: '203.0.113.9' }, { is: 'open' })
    return (await listed(w))[0]?.lastUsedAt ?? null
  }
  const first = await use()
  assert.ok(first !== null)
  await w.pass(seconds(59))
  assert.equal(await use(), first)
  await w.pass(seconds(2))
  assert.ok((await use() ?? 0) > first)
  const before = w.entries().length
  await use()
  assert.equal(w.entries().length, before, 'the ledger does not grow by use')
})

test('networks that it is taken from: checked, listed, told to web', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  const { id } = await create(w, { from: ['10.0.0.0/8', '2001:db8::/32'] })
  assert.deepEqual((await listed(w))[0]?.from, ['10.0.0.0/8', '2001:db8::/32'])
  assert.deepEqual(tokensForWeb(w.sql).find((it) => it.id === id)?.from, ['10.0.0.0/8', '2001:db8::/32'])
  for (const from of [['10.1.2.3/8'], ['everywhere'], [''], Array.from({ length: 21 }, (_, n) => `10.0.0.${n}`)]) {
    const { status, body } = await w.ask('tokens.create', { name: 'x', scopes: ['read'], from })
    assert.deepEqual([status, (body as ErrorAnswer).error.code], [400, 'HF419'], from[0])
  }
})

test('who made it, who revoked it, and where it was refused are in the audit; it is revoked at once', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  const { id } = await create(w, { person: 'ada' })
  await w.ask('tokens.noted', { is: 'refused', id, why: 'not from where it is taken', origin: '203.0.113.9' }, { is: 'open' })
  await w.ask('tokens.noted', { is: 'refused', id: null, why: 'unknown, revoked or expired', origin: '203.0.113.9' }, { is: 'open' })
  await w.ask('tokens.revoke', { id, person: 'bo' })
  assert.deepEqual(tokensForWeb(w.sql), [])
  assert.deepEqual(await saysOf(w), ['the token ci was made (read) by ada at the machine', 'the token ci was refused: not from where it is taken, from 203.0.113.9', 'a token that nobody knows was refused: unknown, revoked or expired, from 203.0.113.9', 'the token ci was revoked by bo at the machine'])
})

test('tokens that an older Holdfast made go on: from anywhere, with their end', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hf-tokens-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'holdfast.db')
  const old = openSql(file)
  old.exec(`create table token (id text primary key, hash text not null, name text not null, scopes text not null, created integer not null, expires_at integer, last_used integer, revoked integer) strict, without rowid;
    insert into token values ('tok_1', 'ab', 'ci', '["read"]', 1, null, null, null), ('tok_2', 'cd', 'gone', '["read"]', 1, null, null, 5); pragma user_version = 1`)
  old.close()
  const store = openStore(file, [accessRoom()], 'node_1')
  assert.deepEqual(listTokens(store.sql), [{ id: 'tok_1', name: 'ci', scopes: ['read'], createdAt: 1, expiresAt: null, lastUsedAt: null, from: [] }])
  store.close()
  assert.equal(readFileSync(file).subarray(60, 64).readUInt32BE(), 6, 'an older Holdfast, which would not know the networks, refuses the store from now on')

  const w = await keeperWorld(t, configOf([]))
  w.sql.run(`insert into token (id, hash, name, scopes, created, expires_at) values ('tok_3', 'ef', 'old', '["read"]', 1, ?)`, START + days(1))
  await w.restart()
  await w.pass(ms(1000))
  assert.equal(w.sql.get<{ n: number }>(`select count(*) as n from agenda where what = 'access.expire' and key = 'tok_3'`)?.n, 1)
})
