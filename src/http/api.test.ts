// Bodies of the API at their limits and beyond: each is refused with a reason or taken cleaned; nobody behind is asked for what was
// refused, and what arrives there can be stored, shown on one line, and written into a log.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pushAll, TOKENS, webWorld, type World } from '../../test/web-world.ts'
import { MANIFEST_LIMIT } from '../rooms/guard/sets/manifest.ts'
import { API_LIMIT } from './api.ts'
import { cleanLine, cleanText } from './body.ts'

const ready = (): World => {
  const world = webWorld()
  pushAll(world)
  return world
}

const post = (world: World, path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  world.get(path, { method: 'POST', headers: { authorization: `Bearer ${TOKENS.admin}`, 'content-type': 'application/json', ...headers }, body })

const page = (fields: object): string => JSON.stringify({ who: 'ada', text: 'x', ...fields })

test('a body is counted before it is parsed: at its limit it is read, one byte more is not; deep, wide and doubled ones cost little', async () => {
  const fill = (size: number): string => `${page({}).slice(0, -1)}${' '.repeat(size - page({}).length)}}`
  const many = `{${Array.from({ length: 6000 }, (_, i) => `"k${i}":1`).join()}}`
  const cases: readonly [says: string, body: string | Buffer, status: number][] = [
    ['one byte less', fill(API_LIMIT - 1), 200], ['the limit', fill(API_LIMIT), 200], ['one more', fill(API_LIMIT + 1), 413], ['10 MB', Buffer.alloc(10_000_000, 0x20), 413],
    ['lists in lists', '['.repeat(60_000), 400], ['objects in objects', '{"a":'.repeat(12_000), 400], ['closed ones', `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 400],
    ['thousands of keys', many, 400], ['a doubled key: the last counts', '{"who":"nobody","who":"ada","text":"x"}', 200], ['a byte order mark', Buffer.from(`\ufeff${page({})}`), 200],
    ['one byte', '{', 400], ['a number beyond all', '{"who":"ada","text":1e400}', 400], ['a lone surrogate in a name', '{"who":"\\ud800","text":"x"}', 200], ['UTF-16', Buffer.from(page({}), 'utf16le'), 400],
  ]
  for (const [says, body, status] of cases) {
    const world = ready()
    const reply = await post(world, '/api/v1/page', body)
    assert.equal(reply.status, status, says)
    assert.equal(world.asked.calls.length, status === 200 ? 1 : 0, says)
    if (status !== 200) assert((await reply.text()).length < 3000, `${says}: the answer does not repeat what came`)
  }
})

test('a manifest may be larger than other bodies, up to its own limit, and is asked for with the scope write', async () => {
  const bare = '{"command":"x","from":1,"to":2,"exit":0,"says":""'
  const fill = (size: number): string => `${bare}${' '.repeat(size - bare.length - 1)}}`
  for (const [size, status] of [[API_LIMIT + 1, 200], [MANIFEST_LIMIT, 200], [MANIFEST_LIMIT + 1, 413]] as const) {
    const world = ready()
    assert.equal(fill(size).length, size)
    assert.equal((await post(world, '/api/v1/backups/shop/manifests', fill(size))).status, status, `${size}`)
    assert.equal(world.asked.calls.length, status === 200 ? 1 : 0)
  }
  assert.equal((await post(ready(), '/api/v1/backups/shop/manifests', fill(60), { authorization: `Bearer ${TOKENS.read}` })).status, 403)
})

test('names of people, tokens and titles stand on one line, whatever controls a terminal or a mail is in them', async () => {
  const world = ready()
  const hostile = '\u001b[31mEvil\r\nBcc: x@evil.example\u0000\u009b2J\u202egnp'
  const clean = '[31mEvil Bcc: x@evil.example2Jgnp'
  await post(world, '/api/v1/page', page({ person: hostile }))
  await post(world, '/api/v1/tokens', JSON.stringify({ name: hostile, scopes: ['read'] }))
  await post(world, '/api/v1/board/post', JSON.stringify({ status: 'identified', title: hostile, text: 'x' }))
  assert.deepEqual(world.asked.calls.map((it) => Object.values(it.args as object).filter((value) => value === clean).length), [1, 1, 1], JSON.stringify(world.asked.calls))
  for (const blank of [' ', '\u0000', '\u202e', '\r\n']) {
    assert.equal((await post(world, '/api/v1/page', page({ person: blank }))).status, 400)
    assert.equal((await post(world, '/api/v1/tokens', JSON.stringify({ name: blank, scopes: ['read'] }))).status, 400)
  }
  assert.equal(world.asked.calls.length, 3)
})

test('cleaned text has no control characters, keeps its line breaks, and cleaning it again changes nothing', () => {
  for (let code = 0; code <= 0xa0; code++) {
    const cleaned = cleanText(`a${String.fromCodePoint(code)}b`)
    // oxlint-disable-next-line no-control-regex -- this is what must not be left
    assert.doesNotMatch(cleaned, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
    assert.equal(cleanText(cleaned), cleaned)
    assert.doesNotMatch(cleanLine(`a${String.fromCodePoint(code)}b`), /[\n\r\t]/)
  }
})

test('what a request says of its origin, its sender or its method changes nothing', async () => {
  const world = ready()
  for (const headers of [
    { origin: 'null' }, { origin: 'https://evil.example' }, { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' }, { 'x-http-method-override': 'DELETE' }, { 'x-role': 'owner', 'x-user': 'ada', cookie: 'session=1' },
  ] as Record<string, string>[]) {
    const without = await world.get('/api/v1/page', { method: 'POST', headers, body: page({}) })
    assert.equal(without.status, 401, JSON.stringify(headers))
    const reply = await post(world, '/api/v1/page', page({}), headers)
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('access-control-allow-origin'), null, 'no other origin may read it')
    assert.equal(reply.headers.get('set-cookie'), null)
    assert.deepEqual(world.asked.calls.at(-1)?.asker, { is: 'token', id: 'tok_admin', name: 'admin', scopes: ['admin'] })
  }
})

test('a heartbeat: its texts and addresses are for those who may write; pausing and resuming are theirs too', async () => {
  const ping = { at: 1, is: 'fail', exit: null, rid: null, took: 5, text: 'password=hunter2', cut: false, from: '198.51.100.7' }
  const check = { schema: 'holdfast.check/1', name: 'job', pingUrl: 'https://x/ping/secret', heartbeat: { dueAt: null, paused: null, runs: [], lastTook: 5, pings: [ping] } }
  const world = webWorld({ call: (name) => ({ is: 'answered', status: 200, body: name === 'checks.show' ? check : { schema: 'holdfast.done/1', says: 'x' } }) })
  pushAll(world)
  const as = (token: string): { headers: { authorization: string } } => ({ headers: { authorization: `Bearer ${token}` } })
  const read = async (token: string): Promise<unknown> => (await world.get('/api/v1/checks/job?pings=7', as(token))).json()
  assert.deepEqual(await read(TOKENS.read), { ...check, pingUrl: null, heartbeat: { ...check.heartbeat, pings: [{ ...ping, text: null, from: null }] } })
  assert.deepEqual(await read(TOKENS.write), check)
  assert.deepEqual(world.asked.calls.map((it) => it.args), [{ name: 'job', pings: 7 }, { name: 'job', pings: 7 }])
  for (const wrong of ['101', '-1', 'x', '1.5']) assert.equal((await world.get(`/api/v1/checks/job?pings=${wrong}`, as(TOKENS.read))).status, 400)
  for (const verb of ['pause', 'resume']) {
    for (const [token, status] of [[TOKENS.read, 403], [TOKENS.ack, 403], [TOKENS.write, 200]] as const) {
      assert.equal((await world.get(`/api/v1/checks/job/${verb}`, { method: 'POST', ...as(token), body: '{"person":"ada"}' })).status, status, `${verb} ${token}`)
    }
  }
  assert.deepEqual(world.asked.calls.slice(2).map((it) => [it.name, it.args]), [['checks.pause', { name: 'job', person: 'ada' }], ['checks.resume', { name: 'job', person: 'ada' }]])
})
