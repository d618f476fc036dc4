// The ways in: PagerDuty's Events v2 and Healthchecks' pings, as their clients speak them; W-4: "OK" only when it is durable.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pushAll, doors, KEY, webWorld, type World } from '../../../test/web-world.ts'
import { pingId } from '../../core/link.ts'
import type { Trigger } from '../../views/answers.ts'
import type { Answered } from '../siblings.ts'
import { ENQUEUE_LIMIT } from './enqueue.ts'
import { PING_BODY_LIMIT } from './pings.ts'

const routing_key = 'R'.repeat(32)
const payload = { summary: 'disk full', source: 'db1', severity: 'critical' }
const trigger = { routing_key, event_action: 'trigger', dedup_key: 'disk/db1', payload }

const ready = (world = webWorld()): World => {
  pushAll(world)
  return world
}

const send = (world: World, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  world.get('/v2/enqueue', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) })

const eventsOf = (world: World): Trigger[] => world.asked.calls.filter((it) => it.name === 'triggers').flatMap((it) => (it.args as { events: Trigger[] }).events)

test('PagerDuty: a trigger is answered with 202 and its dedup key', async () => {
  const world = ready()
  const reply = await send(world, { ...trigger, client: 'x', client_url: 'https://x', images: [{ src: 'https://x' }], links: [], payload: { ...payload, timestamp: '2025-13-45T24:61:00Z', component: 'c', group: 'g', class: 'k', custom_details: { a: [1] } }, further: { new: 'field' } })
  assert.equal(reply.status, 202)
  assert.deepEqual(await reply.json(), { status: 'success', message: 'Event processed', dedup_key: 'disk/db1' })
  assert.deepEqual(eventsOf(world), [{ via: 'pagerduty', integration: 'pagerduty', action: 'trigger', key: 'disk/db1', summary: 'disk full', source: 'db1', severity: 'critical' }])
})

test('PagerDuty: a trigger without a key is always a new one; acknowledge and resolve need no payload', async () => {
  const world = ready()
  const keys = []
  for (const dedup_key of [undefined, undefined, '', null]) {
    const reply = await send(world, { ...trigger, dedup_key })
    keys.push((await reply.json() as { dedup_key: string }).dedup_key)
  }
  assert.equal(new Set(keys).size, 4)
  for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/)
  for (const event_action of ['acknowledge', 'resolve']) {
    const reply = await send(world, { routing_key, event_action, dedup_key: 'never-was' })
    assert.equal(reply.status, 202)
    assert.equal((await reply.json() as { dedup_key: string }).dedup_key, 'never-was')
  }
  assert.deepEqual(eventsOf(world).map((it) => it.action), ['trigger', 'trigger', 'trigger', 'trigger', 'acknowledge', 'resolve'])
})

test('PagerDuty: dedup keys are compared as they were sent', async () => {
  const world = ready()
  for (const dedup_key of ['Disk', 'disk', 'disk ', 'e\u0301', '\u00e9', 'k'.repeat(255)]) assert.equal((await send(world, { ...trigger, dedup_key })).status, 202)
  assert.deepEqual(eventsOf(world).map((it) => it.key), ['Disk', 'disk', 'disk ', 'e\u0301', '\u00e9', 'k'.repeat(255)])
})

test('PagerDuty: what is wrong is said in its shape, all at once', async () => {
  const long = 'x'.repeat(1025)
  const cases: readonly [unknown, readonly RegExp[]][] = [
    [{}, [/'routing_key' is missing/, /'event_action' is missing/]],
    [{ ...trigger, routing_key: 5 }, [/'routing_key' must be a string/]],
    [{ ...trigger, routing_key: 'Q'.repeat(32) }, [/Invalid routing key/]],
    [{ ...trigger, routing_key: ` ${routing_key}` }, [/Invalid routing key/]],
    [{ ...trigger, event_action: 'TRIGGER' }, [/'event_action' is invalid/]],
    [{ ...trigger, payload: undefined }, [/'payload' is missing/]],
    [{ ...trigger, payload: 'disk full' }, [/'payload' must be an object/]],
    [{ ...trigger, payload: {} }, [/'payload.summary' is missing/, /'payload.source' is missing/, /'payload.severity' is missing/]],
    [{ ...trigger, payload: { ...payload, summary: long } }, [/'payload.summary' is too long \(maximum is 1024/]],
    [{ ...trigger, payload: { ...payload, summary: ['a'] } }, [/'payload.summary' must be a string/]],
    [{ ...trigger, payload: { ...payload, summary: '\u0000\u001b\u009b' } }, [/'payload.summary' is missing or blank/]],
    [{ ...trigger, payload: { ...payload, severity: 'fatal' } }, [/'payload.severity' is invalid/]],
    [{ ...trigger, dedup_key: 'k'.repeat(256) }, [/'dedup_key' is too long/]],
    [{ ...trigger, dedup_key: { a: 1 } }, [/'dedup_key' must be a string/]],
    [{ routing_key, event_action: 'resolve' }, [/'dedup_key' is missing/]],
    [[], [/JSON object/]], ['null', [/JSON object/]], ['"x"', [/JSON object/]], ['1e400', [/JSON object/]], ['NaN', [/not valid JSON/]], ['', [/empty/]], ['{', [/not valid JSON/]],
    [Buffer.from([0x22, 0xc3, 0x28, 0x22]), [/UTF-8/]],
    [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, [/JSON object/]],
  ]
  for (const [body, wrong] of cases) {
    const world = ready()
    const reply = await send(world, body)
    assert.equal(reply.status, 400, JSON.stringify(body)?.slice(0, 100))
    const said = await reply.json() as { status: string; message: string; errors: string[] }
    assert.deepEqual([said.status, said.message], ['invalid event', 'Event object is invalid'])
    assert.equal(said.errors.length, wrong.length, said.errors.join())
    for (const [i, says] of wrong.entries()) assert.match(said.errors[i] ?? '', says)
    assert.equal(eventsOf(world).length, 0)
  }
})

test('PagerDuty: a hostile event costs others nothing: what could not be stored is made storable, lengths fit the keeper', async () => {
  const world = ready()
  const emoji = '\u{1f525}'.repeat(1024)
  const reply = await send(world, `{"routing_key":"${routing_key}","event_action":"trigger","dedup_key":"a\\u0000b\\ud800","__proto__":{"severity":"info"},"payload":{"summary":${JSON.stringify(emoji)},"source":${JSON.stringify('s'.repeat(5000))},"severity":"error","custom_details":{"__proto__":{"x":1},"n":1e400,"deep":${'['.repeat(5000)}${']'.repeat(5000)}}}}`)
  assert.equal(reply.status, 202)
  const [event] = eventsOf(world)
  assert(event)
  assert(event.summary.length <= 1024 && event.summary.isWellFormed() && event.summary.endsWith('…'))
  assert(event.source.length <= 1024)
  assert.equal(event.key, 'a\ufffdb\ufffd')
  assert.equal(event.severity, 'error')
})

test('PagerDuty: bytes are bounded before anything is parsed', async () => {
  const fill = (size: number): string => {
    const open = JSON.stringify({ ...trigger, payload: { ...payload, custom_details: '' } }).slice(0, -3)
    return `${open}${'x'.repeat(size - open.length - 3)}"}}`
  }
  for (const [size, status] of [[ENQUEUE_LIMIT - 1, 202], [ENQUEUE_LIMIT, 202], [ENQUEUE_LIMIT + 1, 413], [4 * ENQUEUE_LIMIT, 413]] as const) {
    const body = fill(size)
    assert.equal(body.length, size)
    assert.equal((await send(ready(), body)).status, status, String(size))
    // The same without a length that says so: counted as it comes.
    const stream = new Blob([body]).stream()
    const chunked = await ready().app.request('/v2/enqueue', { method: 'POST', body: stream, duplex: 'half' }, { via: 'tcp', address: '198.51.100.7' })
    assert.equal(chunked.status, status, `chunked ${size}`)
  }
  for (const encoding of ['gzip', 'br', 'deflate', 'gzip, gzip']) assert.equal((await send(ready(), trigger, { 'content-encoding': encoding })).status, 415)
  assert.equal((await send(ready(), trigger, { 'content-encoding': 'identity' })).status, 202)
})

test('X-1 PagerDuty: 5xx, so that agents send it again, until the keeper confirmed it; never 429', async () => {
  const away = ready(webWorld({ call: () => ({ is: 'away', says: 'Not recorded: the keeper does not answer.' }) }))
  const reply = await send(away, trigger)
  assert.equal(reply.status, 503)
  assert.deepEqual(Object.keys(await reply.json() as object), ['status', 'message', 'errors'])
  const starting = webWorld()
  assert.equal((await send(starting, trigger)).status, 503, 'keys are not known yet: nobody is turned away')
  const refused = ready(webWorld({ call: () => ({ is: 'refused', status: 503, error: { code: 'HF503', message: 'disk' } }) }))
  assert.equal((await send(refused, trigger)).status, 503)
})

test('alerts of many at once go in few batches, each answered after its own batch, none lost, at most one batch under way', async () => {
  let underWay = 0
  let most = 0
  const sizes: number[] = []
  const world = ready(webWorld({
    async call(_name, args) {
      underWay++
      most = Math.max(most, underWay)
      sizes.push((args['events'] as Trigger[]).length)
      await new Promise((resolve) => setImmediate(resolve))
      underWay--
      return { is: 'answered', status: 200, body: {} }
    },
  }))
  const replies = await Promise.all(Array.from({ length: 3000 }, (_, i) => world.kit.triggers.add({ via: 'pagerduty', integration: 'x', action: 'trigger', key: `k${i}`, summary: '', source: '', severity: 'info' })))
  assert(replies.every((it) => it.is === 'taken'))
  assert.equal(most, 1)
  assert.deepEqual(sizes, [1, 1000, 1000, 999])
  assert.equal(new Set(eventsOf(world).map((it) => it.key)).size, 3000)
})

test('X-5 what does not fit into the queue is refused with "again", and whoever waits behind a keeper that is away learns it', async () => {
  let release = (_: Answered<unknown>): void => undefined
  const world = ready(webWorld({ call: () => new Promise((resolve) => (release = resolve)) }))
  const one: Trigger = { via: 'pagerduty', integration: 'x', action: 'trigger', key: 'k', summary: '', source: '', severity: 'info' }
  const all = Array.from({ length: 20_002 }, () => world.kit.triggers.add(one))
  const last = await all.at(-1)
  assert(last?.is === 'away' && /20000 alerts wait/.test(last.says))
  release({ is: 'away', says: 'gone' })
  assert((await Promise.all(all)).every((it) => it.is === 'away'))
  assert.equal(world.asked.calls.length, 1)
})

const id = pingId(KEY, 'job')

const isCut = (world: World, n: number): boolean | undefined => (world.asked.calls[n]?.args as { cut?: boolean } | undefined)?.cut
const bodyOf = (world: World, n: number): string | undefined => (world.asked.calls[n]?.args as { body?: string } | undefined)?.body

test('W-4 pings: the grammar of Healthchecks, and what the keeper is told', async () => {
  const rid = '0B8F3C52-0000-4000-8000-0123456789AB'
  const cases: readonly [string, string, object][] = [
    [id, 'GET', { signal: 'success' }], [id, 'HEAD', { signal: 'success' }], [`${id}/`, 'GET', { signal: 'success' }], [id.toUpperCase(), 'POST', { signal: 'success' }],
    [`${id}/start`, 'GET', { signal: 'start' }], [`${id}/fail`, 'POST', { signal: 'fail' }], [`${id}/log`, 'POST', { signal: 'log' }],
    [`${id}/0`, 'GET', { signal: 'exit', exit: 0 }], [`${id}/1`, 'GET', { signal: 'exit', exit: 1 }], [`${id}/255`, 'HEAD', { signal: 'exit', exit: 255 }],
    [`${id}/start?rid=${rid}`, 'GET', { signal: 'start', rid: rid.toLowerCase() }],
  ]
  for (const [path, method, args] of cases) {
    const world = ready()
    const reply = await world.get(`/ping/${path}`, { method })
    assert.equal(reply.status, 200, `${method} ${path}`)
    assert.equal(await reply.text(), method === 'HEAD' ? '' : 'OK')
    assert.equal(reply.headers.get('ping-body-limit'), String(PING_BODY_LIMIT))
    assert.deepEqual(world.asked.calls.map((it) => [it.name, it.args]), [['ping', { check: 'job', from: '198.51.100.7', ...args }]])
  }
})

test('pings: what is not one changes nothing', async () => {
  const world = ready()
  const cases: readonly [string, string, number][] = [
    [pingId(KEY, 'other'), 'GET', 404], ['x', 'GET', 404], [`${id}x`, 'GET', 404], [`${id}/stop`, 'GET', 404], [`${id}/256`, 'GET', 400], [`${id}/999999`, 'GET', 400],
    [`${id}/-1`, 'GET', 404], [`${id}/start/x`, 'GET', 404], [`${id}?rid=x`, 'GET', 400], [id, 'OPTIONS', 204], [id, 'PUT', 405], [id, 'DELETE', 405],
  ]
  for (const [path, method, status] of cases) assert.equal((await world.get(`/ping/${path}`, { method })).status, status, `${method} ${path}`)
  assert.equal(world.asked.calls.length, 0)
})

test('pings: of a body 10 kB are kept; a longer one, or a compressed one, does not lose the ping', async () => {
  for (const [size, kept] of [[1, 1], [PING_BODY_LIMIT - 1, PING_BODY_LIMIT - 1], [PING_BODY_LIMIT, PING_BODY_LIMIT], [PING_BODY_LIMIT + 1, PING_BODY_LIMIT], [3_000_000, PING_BODY_LIMIT]] as const) {
    const world = ready()
    const reply = await world.get(`/ping/${id}/log`, { method: 'POST', body: 'x'.repeat(size) })
    assert.equal(reply.status, 200)
    assert.equal(bodyOf(world, 0)?.length, kept)
    assert.equal(isCut(world, 0), size > PING_BODY_LIMIT ? true : undefined, 'it says that there was more')
    assert.equal(reply.headers.get('connection'), size > PING_BODY_LIMIT ? 'close' : null)
  }
  const world = ready()
  assert.equal((await world.get(`/ping/${id}`, { method: 'POST', body: 'xxx', headers: { 'content-encoding': 'gzip' } })).status, 200)
  assert.equal(bodyOf(world, 0), undefined)
  assert.equal(isCut(world, 0), true)
  await world.get(`/ping/${id}`, { method: 'POST', body: Buffer.from([0xff, 0x00, 0x41]) })
  assert.equal(bodyOf(world, 1), '\ufffdA')
  await world.get(`/ping/${id}`, { method: 'POST', body: `x${'\u{1f525}'.repeat(2500)}` })
  assert.equal(bodyOf(world, 2), `x${'\u{1f525}'.repeat(2499)}`, 'no half letter at the cut')
})

test('W-4 pings: not "OK" before the keeper confirmed it, not "unknown" before the doors are known', async () => {
  const away = ready(webWorld({ call: () => ({ is: 'away', says: 'x' }) }))
  const reply = await away.get(`/ping/${id}`)
  assert.equal(reply.status, 503)
  assert.notEqual(await reply.text(), 'OK')
  const starting = webWorld()
  assert.equal((await starting.get(`/ping/${id}`)).status, 503)
  starting.kit.doors.learn(doors)
  assert.equal((await starting.get(`/ping/${id}`)).status, 200)
  starting.kit.doors.learn({ ...doors, heartbeats: [] })
  assert.equal((await starting.get(`/ping/${id}`)).status, 404, 'taken out of the configuration')
})
