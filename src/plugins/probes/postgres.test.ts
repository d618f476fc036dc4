import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { isOurs, isSilence, sentence } from '../../core/fault.ts'
import { makeCertificate, secured, trust } from '../../ports/world/fixtures/certificate.ts'
import { postgresServer, postgresWords, type Acting } from '../../ports/world/fixtures/databases.ts'
import { egressWith, failure, serve } from '../../ports/world/fixtures/loopback.ts'
import { lookOnce, problems } from '../../ports/world/fixtures/looks.ts'
import type { Egress } from '../../ports/world.ts'
import postgres from './postgres.ts'

const start = async (t: TestContext, acting: Acting = {}): Promise<string> => `postgres://app:s3cr3t-word@127.0.0.1:${await serve(t, postgresServer(acting))}/shop`
const WRITE = { table: 'holdfast.canary' }
const { message } = postgresWords
const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length

test('a query that is answered passes; what was asked is what was written', async (t) => {
  const asked: string[] = []
  const seen = await lookOnce(postgres, { postgres: await start(t, { asked }), query: 'select 41 + 1' })
  assert.equal(seen.is, 'pass')
  assert(seen.phases?.connect !== undefined && seen.phases.total >= seen.phases.connect)
  assert.deepEqual(asked, ['select 41 + 1'])
})

test('a write passes when it is committed, not before', async (t) => {
  const asked: string[] = []
  assert.equal((await lookOnce(postgres, { postgres: await start(t, { asked }), write: WRITE })).is, 'pass')
  assert.deepEqual(asked, ['select 1', 'begin', 'insert into "holdfast"."canary" (id, at) values (pg_backend_pid() % 1000, now()) on conflict (id) do update set at = excluded.at', 'commit'])
  const hangs = await start(t, { answer: (sql) => (sql === 'commit' ? undefined : sql.startsWith('select') ? postgresWords.one : postgresWords.done('BEGIN')) })
  assert.equal(sentence(await failure(lookOnce(postgres, { postgres: hangs, write: WRITE }, { timeout: 900 }))), 'no answer to the write within 900 ms')
  assert.equal((await lookOnce(postgres, { postgres: hangs })).is, 'pass')
})

test('a conflict with another writer is tried once more; a second one fails', async (t) => {
  for (const [conflicts, is] of [[1, 'pass'], [2, 'fail']] as const) {
    let left: number = conflicts
    const url = await start(t, { answer: (sql) => (sql === 'commit' && left-- > 0 ? postgresWords.error('40001', 'could not serialize access') : postgresWords.done('X')) })
    assert.equal((await lookOnce(postgres, { postgres: url, write: WRITE })).is, is)
  }
})

test('what the server says is shown in its own words, never with the password', async (t) => {
  const cases: [Acting, string][] = [
    [{ signIn: postgresWords.error('28P01', 'password authentication failed for user "app" (s3cr3t-word)', 'FATAL') }, 'password authentication failed for user "app" (***) (28P01)'],
    [{ signIn: postgresWords.error('53300', 'sorry, too many clients already', 'FATAL') }, 'sorry, too many clients already (53300)'],
    [{ answer: () => postgresWords.error('25006', 'cannot execute INSERT in a read-only transaction') }, 'cannot execute INSERT in a read-only transaction (25006)'],
  ]
  for (const [acting, says] of cases) {
    const seen = await lookOnce(postgres, { postgres: await start(t, acting) })
    assert.deepEqual([seen.is, seen.says], ['fail', says])
  }
})

test('W-5: a server that hangs at any step is left at the limit, which is named; no socket is left behind', async (t) => {
  const before = openSockets()
  const cases: [Acting, string][] = [
    [{ signIn: Buffer.alloc(0) }, 'no answer to the sign-in within 900 ms'],
    [{ signIn: message('R', Buffer.alloc(4)) }, 'no answer to the sign-in within 900 ms'],
    [{ answer: () => undefined }, 'no answer to the query within 900 ms'],
  ]
  await Promise.all(cases.map(async ([acting, says]) => {
    const cause = await failure(lookOnce(postgres, { postgres: await start(t, acting) }, { timeout: 900 }))
    assert.deepEqual([sentence(cause), isSilence(cause)], [says, true])
  }))
  const limited: [Acting, object, string][] = [
    [{ signIn: Buffer.alloc(0) }, { limits: { connect: '60ms' } }, 'no answer to the sign-in within 60 ms'],
    [{ answer: () => undefined }, { limits: { query: '60ms' } }, 'no answer to the query within 60 ms'],
    [{ answer: (sql) => (sql.startsWith('select') ? postgresWords.one : undefined) }, { write: WRITE, limits: { write: '60ms' } }, 'no answer to the write within 60 ms'],
  ]
  for (const [acting, more, says] of limited) {
    const cause = await failure(lookOnce(postgres, { postgres: await start(t, acting), ...more }))
    assert.deepEqual([sentence(cause), isSilence(cause)], [says, true])
  }
  for (let i = 0; i < 6000 && openSockets() > before + 6; i++) await sleep(5)
  assert(openSockets() <= before + 6)
})

test('a server that hangs up, refuses, floods or speaks something else fails', async (t) => {
  const url = (port: number): string => `postgres://app:s3cr3t-word@127.0.0.1:${port}`
  const says = 'answered with what is not the protocol of PostgreSQL'
  const cases: [string, string | RegExp][] = [
    [url(1), 'refused the connection'],
    [url(await serve(t, (socket) => socket.end())), 'closed the connection during the sign-in'],
    [url(await serve(t, (socket) => socket.resetAndDestroy())), /^closed the connection/],
    [url(await serve(t, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))), says],
    [url(await serve(t, (socket) => socket.write('SSH-2.0-OpenSSH_9.2p1 Debian\r\n'))), says],
    [await start(t, { signIn: message('R', Buffer.from([0, 0, 0, 99])) }), says],
    [`${await start(t, { greeting: Buffer.from('N') })}?sslmode=require`, 'does not offer TLS'],
  ]
  for (const [address, words] of cases) {
    const seen = await lookOnce(postgres, { postgres: address })
    assert.equal(seen.is, 'fail', address)
    if (typeof words === 'string') assert.equal(seen.says, words)
    else assert.match(seen.says ?? '', words)
  }
  const row = message('D', Buffer.concat([Buffer.from([0, 1, 0, 0, 4, 0]), Buffer.alloc(1024)]))
  const flood = await start(t, { answer: () => Buffer.concat([postgresWords.one.subarray(0, 32), ...Array.from({ length: 2000 }, () => row)]) })
  assert.match((await lookOnce(postgres, { postgres: flood })).says ?? '', /sent more than 1024 KiB|not the protocol/)
})

test('W-5: an error message without an end, on which the driver’s parser would never return, is refused before it gets there', async (t) => {
  for (const body of ['SFATAL\0Mno\0C28P01', 'SFATAL\0Mno', '', 'S']) {
    for (const type of ['E', 'N']) {
      const seen = await lookOnce(postgres, { postgres: await start(t, { signIn: message(type, Buffer.from(body)) }) })
      assert.equal(seen.says, 'answered with what is not the protocol of PostgreSQL')
    }
  }
})

test('messages may come in any pieces', async (t) => {
  const port = await serve(t, (socket) => {
    const drip = (bytes: Buffer): void => {
      for (const byte of bytes) socket.write(Buffer.from([byte]))
    }
    let turn = 0
    socket.setNoDelay(true)
    socket.on('data', () => drip(turn++ === 0 ? postgresWords.signedIn : postgresWords.one))
  })
  assert.equal((await lookOnce(postgres, { postgres: `postgres://app@127.0.0.1:${port}/shop` })).is, 'pass')
})

test('TLS is spoken as the URL says: verified, unverified, or not at all', async (t) => {
  const authority = makeCertificate({ common: 'Test authority' })
  trust(authority)
  const good = makeCertificate({ names: ['db.example'], issuer: authority })
  const egress = egressWith({ 'db.example': ['127.0.0.1'] })
  const port = await serve(t, (socket) => {
    socket.once('data', () => {
      socket.write('S')
      postgresServer()(secured(socket, good))
    })
  })
  const look = (host: string, mode: string): Promise<{ is: string; says?: string }> => lookOnce(postgres, { postgres: `postgres://app@${host}:${port}/shop?sslmode=${mode}` }, { egress })
  assert.equal((await look('db.example', 'verify-full')).is, 'pass')
  assert.equal((await look('127.0.0.1', 'require')).is, 'pass')
  const wrong = await look('127.0.0.1', 'verify-full')
  assert.deepEqual([wrong.is, wrong.says], ['fail', 'certificate does not hold (cert altname invalid)'])
})

test('X-3: local faults are thrown, never failures', async (t) => {
  const egress: Egress = { ...egressWith(), connect: () => Promise.reject(Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' })) }
  assert.equal(isOurs(await failure(lookOnce(postgres, { postgres: await start(t) }, { egress }))), true)
})

test('a URL that cannot be read is refused, and never repeated', () => {
  for (const [url, says] of [
    ['mysql://a:s3cr3t-word@b/c', /write it like postgres:\/\//],
    ['postgres://b/c', /the user is missing/],
    ['postgres://a:s3cr3t-word@b/c?sslmode=prefer', /sslmode is one of disable, require, verify-ca, verify-full/],
    ['postgres://a:s3cr3t-word@b/c?host=/run/postgresql', /“host” is not known/],
    ['postgres://a:s3cr3t-word@%2Frun%2Fpostgresql/c', /host is missing or is none/],
  ] as const) {
    const found = problems(postgres, { postgres: url })
    assert.equal(found.length, 1, url)
    assert.match(found[0] ?? '', says)
    assert.doesNotMatch(found[0] ?? '', /s3cr3t/)
  }
})
