import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { isOurs, isSilence, sentence } from '../../core/fault.ts'
import { mysqlServer, mysqlWords, type Acting } from '../../ports/world/fixtures/databases.ts'
import { egressWith, failure, serve } from '../../ports/world/fixtures/loopback.ts'
import { lookOnce, problems } from '../../ports/world/fixtures/looks.ts'
import type { Egress } from '../../ports/world.ts'
import mysql from './mysql.ts'

const start = async (t: TestContext, acting: Acting = {}): Promise<string> => `mysql://app:s3cr3t-word@127.0.0.1:${await serve(t, mysqlServer(acting))}/shop`
const WRITE = { table: 'holdfast.canary' }
const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length

test('a query that is answered passes; what was asked is what was written', async (t) => {
  const asked: string[] = []
  const seen = await lookOnce(mysql, { mysql: await start(t, { asked }), query: 'select 41 + 1' })
  assert.equal(seen.is, 'pass')
  assert(seen.phases?.connect !== undefined && seen.phases.total >= seen.phases.connect)
  assert.deepEqual(asked, ['select 41 + 1'])
})

test('a write passes when it is committed, not before', async (t) => {
  const asked: string[] = []
  assert.equal((await lookOnce(mysql, { mysql: await start(t, { asked }), write: WRITE })).is, 'pass')
  assert.deepEqual(asked, ['select 1', 'start transaction', 'replace into `holdfast`.`canary` (id, at) values (connection_id() % 1000, now())', 'commit'])
  const hangs = await start(t, { answer: (sql) => (sql === 'commit' ? undefined : sql.startsWith('select') ? mysqlWords.one : mysqlWords.ok()) })
  assert.equal(sentence(await failure(lookOnce(mysql, { mysql: hangs, write: WRITE }, { timeout: 900 }))), 'no answer to the write within 900 ms')
  assert.equal((await lookOnce(mysql, { mysql: hangs })).is, 'pass')
})

test('a conflict with another writer is tried once more; a second one fails', async (t) => {
  for (const [conflicts, is] of [[1, 'pass'], [2, 'fail']] as const) {
    let left: number = conflicts
    const url = await start(t, { answer: (sql) => (sql.startsWith('select') ? mysqlWords.one : sql === 'commit' && left-- > 0 ? mysqlWords.error(1213, '40001', 'Deadlock found when trying to get lock') : mysqlWords.ok()) })
    assert.equal((await lookOnce(mysql, { mysql: url, write: WRITE })).is, is)
  }
})

test('what the server says is shown in its own words, never with the password', async (t) => {
  const cases: [Acting, string][] = [
    [{ signIn: mysqlWords.error(1045, '28000', "Access denied for user 'app'@'127.0.0.1' (using password: s3cr3t-word)", 2) }, "Access denied for user 'app'@'127.0.0.1' (using password: ***) (1045)"],
    [{ greeting: mysqlWords.bareError(1040, 'Too many connections') }, 'Too many connections (1040)'],
    [{ answer: () => mysqlWords.error(1047, '08S01', 'WSREP has not yet prepared node for application use') }, 'WSREP has not yet prepared node for application use (1047)'],
    [{ answer: () => mysqlWords.error(1064, '42000', `You have an error near s3cr3t-word ${'x'.repeat(500)}`) }, `You have an error near *** ${'x'.repeat(500)}`.slice(0, 247)],
  ]
  for (const [acting, says] of cases) {
    const seen = await lookOnce(mysql, { mysql: await start(t, acting) })
    assert.equal(seen.is, 'fail')
    assert((seen.says ?? '').startsWith(says.slice(0, 200)), seen.says)
    assert.doesNotMatch(seen.says ?? '', /s3cr3t/)
  }
})

test('W-5: a server that hangs at any step is left at the limit, which is named; no socket is left behind', async (t) => {
  const before = openSockets()
  const cases: [Acting, string][] = [
    [{ greeting: Buffer.alloc(0) }, 'no answer to the sign-in within 900 ms'],
    [{ signIn: Buffer.alloc(0) }, 'no answer to the sign-in within 900 ms'],
    [{ answer: () => undefined }, 'no answer to the query within 900 ms'],
  ]
  await Promise.all(cases.map(async ([acting, says]) => {
    const cause = await failure(lookOnce(mysql, { mysql: await start(t, acting) }, { timeout: 900 }))
    assert.deepEqual([sentence(cause), isSilence(cause)], [says, true])
  }))
  const limited: [Acting, object, string][] = [
    [{ signIn: Buffer.alloc(0) }, { limits: { connect: '60ms' } }, 'no answer to the sign-in within 60 ms'],
    [{ answer: () => undefined }, { limits: { query: '60ms' } }, 'no answer to the query within 60 ms'],
    [{ answer: (sql) => (sql.startsWith('select') ? mysqlWords.one : undefined) }, { write: WRITE, limits: { write: '60ms' } }, 'no answer to the write within 60 ms'],
  ]
  for (const [acting, more, says] of limited) {
    const cause = await failure(lookOnce(mysql, { mysql: await start(t, acting), ...more }))
    assert.deepEqual([sentence(cause), isSilence(cause)], [says, true])
  }
  for (let i = 0; i < 6000 && openSockets() > before + 6; i++) await sleep(5)
  assert(openSockets() <= before + 6)
})

test('a server that hangs up, refuses, floods or speaks something else fails', async (t) => {
  const url = (port: number): string => `mysql://app:s3cr3t-word@127.0.0.1:${port}`
  const cases: [string, RegExp][] = [
    [url(1), /^refused the connection$/],
    [url(await serve(t, (socket) => socket.end())), /^closed the connection during the sign-in$/],
    [url(await serve(t, (socket) => socket.resetAndDestroy())), /^closed the connection/],
    [url(await serve(t, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n') && socket.end())), /^(closed the connection during the sign-in|answered with what is not)/],
    [url(await serve(t, (socket) => socket.write('SSH-2.0-OpenSSH_9.2p1 Debian\r\n'.repeat(50)) && socket.end())), /^(closed the connection during the sign-in|answered with what is not)/],
    [`${await start(t)}?ssl-mode=required`, /^does not offer TLS$/],
  ]
  for (const [address, says] of cases) {
    const seen = await lookOnce(mysql, { mysql: address })
    assert.equal(seen.is, 'fail', address)
    assert.match(seen.says ?? '', says)
  }
  const flood = await start(t, { answer: () => Buffer.concat([mysqlWords.one.subarray(0, -9), Buffer.from([255, 255, 255, 4]), Buffer.alloc(3_000_000)]) })
  assert.match((await lookOnce(mysql, { mysql: flood })).says ?? '', /sent more than 1024 KiB/)
})

test('X-3: local faults are thrown, never failures', async (t) => {
  const egress: Egress = { ...egressWith(), connect: () => Promise.reject(Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' })) }
  assert.equal(isOurs(await failure(lookOnce(mysql, { mysql: await start(t) }, { egress }))), true)
})

test('a URL that cannot be read is refused, and never repeated', () => {
  const cases: [string, RegExp][] = [
    ['postgres://a:s3cr3t-word@b/c', /write it like mysql:\/\//],
    ['mysql://b/c', /the user is missing/],
    ['mysql://a:s3cr3t-word@/c', /write it like|host is missing/],
    ['mysql://a:s3cr3t word@b/c', /no spaces/],
    ['mysql://a:s3cr3t-word@b:0/c', /not a port/],
    ['mysql://a:s3cr3t-word@b:99999/c', /write it like/],
    ['mysql://a:s3cr3t-word%@b/c', /has to be written as %25/],
    ['mysql://a:s3cr3t-word@b/c/d', /one name/],
    ['mysql://a:s3cr3t-word@b/c?ssl-mode=preferred', /ssl-mode is one of/],
    ['mysql://a:s3cr3t-word@b/c?socketPath=/run/mysqld.sock', /“socketPath” is not known/],
  ]
  for (const [url, says] of cases) {
    const found = problems(mysql, { mysql: url })
    assert.equal(found.length, 1, url)
    assert.match(found[0] ?? '', says)
    assert.doesNotMatch(found[0] ?? '', /s3cr3t/)
  }
  for (const table of ['a.b.c', 'a b', 'a`b', 'a;drop', '', '1a']) assert.equal(problems(mysql, { mysql: 'mysql://a@b/c', write: { table } }).length, 1, table)
})
