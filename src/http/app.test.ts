// Who may call what, for every route there is (T-2, T-3, P-5), and what strict requests look like.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pushAll, sampleView, TOKENS, webWorld, type World } from '../../test/web-world.ts'
import { opens, SCOPES, type Scope } from './access.ts'
import { assertRoutes } from './app.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'

const scoped = routes.filter((route): route is Route & { who: Scope } => (SCOPES as readonly string[]).includes(route.who))

const VALUES: Readonly<Record<string, string>> = { name: 'www', incident: '7', id: 'tok_read', token: 'abc', slug: 'public', signal: 'start', what: 'arm' }

const pathOf = (route: Route): string => {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => VALUES[name] ?? 'x')
  return route.path === '/api/v1/oncall/test' && route.method === 'GET' ? `${path}?pages=tst_1` : path
}

/** A body that fits each call. */
const BODIES: Readonly<Record<string, unknown>> = {
  '/api/v1/people/:who/grant': { roles: ['viewer'] },
  '/api/v1/checks/:name/silence': { for: '1h', reason: 'work' }, '/api/v1/incidents/:incident/update': { text: 'x' }, '/api/v1/incidents/:incident/assign': { to: 'bo' },
  '/api/v1/incidents/:incident/resolve': { reason: 'x' }, '/api/v1/page': { who: 'ada', text: 'x' }, '/api/v1/oncall/cover': { rotation: 'primary', by: 'bo', from: 'now', until: '8h' },
  '/api/v1/board/post': { status: 'identified', text: 'x' }, '/api/v1/board/hold': { statement: 'st_1' }, '/api/v1/board/publish': { statement: 'st_1' }, '/api/v1/board/progress': { statement: 'st_1' },
  '/api/v1/board/announce': { title: 'x', text: 'x', components: ['API'], from: '3d', until: '3h' },
  '/api/v1/tokens': { name: 'ci', scopes: ['read'] }, '/api/v1/approvals': { title: 'x', text: '', of: ['ada', 'bo'] },
  '/api/v1/runbooks/:runbook/plan': { host: 'x' }, '/api/v1/runbooks/:runbook/run': { host: 'x' }, '/api/v1/acts/ask/:what': { on: 'x' }, '/api/v1/runs/:run/hand-over': { from: 'ada', to: 'chen', reason: 'x' }, '/api/v1/reconcile/:reconcile/accept': { what: 'gap', seen: 'x' },
  '/api/v1/backups/:set/restore': { to: '/x' }, '/api/v1/restores/:restore/swap': { hash: '0'.repeat(64) }, '/api/v1/restores/:restore/end': { verdict: 'failed', says: 'x' },
  '/api/v1/restores/:restore/ask': { swap: { schema: 'holdfast.swap/1', restore: 'x', set: 'x', store: 'x', copy: 'x', etag: '', verified: true, place: 'x', place_id: 'x', units: [{ name: 'x', side: 'x', aside: 'x', was: '', digest: 'x', checked: '', lost: '' }] } },
  '/api/v1/restore-reports/check': { report: '{}' }, '/api/v1/backups/:set/hold': { copy: 'x', reason: 'x' }, '/api/v1/backups/:set/accept-gone': { store: 'nas', reason: 'x' }, '/api/v1/backups/:set/accept-most': { store: 'nas', most: 3, reason: 'x' }, '/api/v1/backups/:set/manifests': { command: 'x', from: 0, to: 1, exit: 1, says: 'x' },
}

const initOf = (route: Route, token?: string): RequestInit => ({
  method: route.method,
  headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
  ...(route.method === 'GET' || !(route.path in BODIES) ? {} : { body: JSON.stringify(BODIES[route.path]) }),
})

const ready = (world = webWorld()): World => {
  pushAll(world)
  return world
}

test('the program does not start with a route that does not say who may call it', () => {
  const [first] = routes
  assert(first)
  assert.doesNotThrow(() => assertRoutes(routes))
  const without: Record<string, unknown> = { ...first, path: '/new' }
  delete without['who']
  assert.throws(() => assertRoutes([without as unknown as Route]), /GET \/new does not say who may call it/)
  assert.throws(() => assertRoutes([first, first]), /twice/)
  assert.throws(() => assertRoutes([{ ...first, path: '/api/v1/secret' }]), /must need a scope/)
})

test('every route of the API × no token, a wrong one, an expired one, each scope', async () => {
  const world = ready()
  for (const route of scoped) {
    const name = `${route.method} ${route.path}`
    for (const token of [undefined, 'hf_wrong-token', 'hf_expired-token', '']) {
      const before = world.asked.calls.length + world.asked.acts.length
      const reply = await world.get(pathOf(route), initOf(route, token))
      assert.equal(reply.status, 401, `${name} with ${token}`)
      assert.equal(reply.headers.get('content-type'), 'application/problem+json; charset=utf-8')
      assert.equal(world.asked.calls.length + world.asked.acts.length, before, `${name} asked nobody`)
    }
    for (const [scope, token] of Object.entries(TOKENS)) {
      const reply = await world.get(pathOf(route), initOf(route, token))
      const may = opens([scope], route.who)
      assert.equal(reply.status, may ? 200 : 403, `${name} with ${scope}`)
    }
    const local = await world.get(pathOf(route), initOf(route), { via: 'socket', address: '' })
    assert.equal(local.status, 200, `${name} by the socket`)
  }
})

test('scopes: what each opens', () => {
  const table: Readonly<Record<Scope, readonly Scope[]>> = { read: ['read'], ack: ['ack'], backup: ['backup'], write: ['read', 'ack', 'backup', 'write'], admin: ['read', 'ack', 'backup', 'write', 'admin'] }
  for (const has of SCOPES) for (const needs of SCOPES) assert.equal(opens([has], needs), table[has].includes(needs), `${has} for ${needs}`)
  assert.equal(opens([], 'read'), false)
  assert.equal(opens(['owner', '__proto__', 'constructor'], 'read'), false)
})

test('until the tokens are known, nobody is called unknown', async () => {
  const world = webWorld()
  const reply = await world.get('/api/v1/status', { headers: { authorization: 'Bearer hf_read-token' } })
  assert.equal(reply.status, 503)
  assert.equal(reply.headers.get('retry-after'), '5')
})

test('P-5 fifty GETs, HEADs and OPTIONS of a link change nothing; one POST takes it', async () => {
  const world = ready()
  for (let i = 0; i < 50; i++) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      for (const path of ['/a/abc', '/a/abc/pass']) {
        const reply = await world.get(path, { method, headers: { 'x-http-method-override': 'POST', 'x-method-override': 'POST' } })
        assert.equal(reply.status, { GET: 200, HEAD: 200, OPTIONS: 204 }[method] ?? 405, `${method} ${path}`)
      }
    }
  }
  const acts = (): object[] => world.asked.acts.filter((ask) => ask.is === 'act')
  assert.deepEqual(acts(), [])
  const reply = await world.get('/a/abc', { method: 'POST', headers: { origin: 'https://evil.example' } })
  assert.equal(reply.status, 200)
  assert.match(await reply.text(), /You have it/)
  assert.deepEqual(acts(), [{ is: 'act', act: 'ack', token: 'abc', via: 'link' }])
  await world.get('/a/abc/pass', { method: 'POST' })
  assert.deepEqual(acts().at(-1), { is: 'act', act: 'pass', token: 'abc', via: 'link' })
  assert.equal(world.asked.calls.length, 0, 'the keeper is not asked: links work without it')
})

test('a link says who has it, that it is not yet recorded, that it is over, or that it is unknown', async () => {
  const held = { ...sampleView, state: 'held' as const, heldBy: 'ada', heldSince: sampleView.incident.since }
  const cases = [
    { says: { is: 'did', recorded: true, view: { ...held, person: 'bo' } }, status: 200, text: /Ada has it since 12:59/ },
    { says: { is: 'did', recorded: false, view: held }, status: 202, text: /Taken, not yet recorded/ },
    { says: { is: 'no', why: 'closed', says: 'It is over.' }, status: 410, text: /ended/ },
    { says: { is: 'no', why: 'unknown-link', says: '' }, status: 404, text: /not known/ },
    { says: { is: 'away', says: 'The ringer does not answer.' }, status: 503, text: /paging goes on|Not/i },
  ] as const
  for (const { says, status, text } of cases) {
    const world = ready(webWorld({ ring: () => says }))
    const reply = await world.get('/a/abc', { method: 'POST' })
    assert.equal(reply.status, status)
    assert.match(await reply.text(), text)
    assert.equal(reply.headers.get('referrer-policy'), 'no-referrer')
    assert.doesNotMatch(reply.headers.get('content-security-policy') ?? '', /unsafe/)
    const machine = await world.get('/a/abc', { method: 'POST', headers: { accept: 'application/json' } })
    assert.equal(machine.status, status)
    assert.match(machine.headers.get('content-type') ?? '', /json/)
  }
})

test('T-2 the address of an incident says where to look, and the same for every one', async () => {
  const world = ready()
  const texts = await Promise.all(['inc_00000000000000000000000000000001', 'inc_ffffffffffffffffffffffffffffffff'].map(async (id) => {
    const reply = await world.get(`/incidents/${id}`)
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('cache-control'), 'no-store')
    const text = await reply.text()
    assert.match(text, new RegExp(`holdfast incidents show ${id}`))
    return text.replaceAll(id, '')
  }))
  assert.equal(texts[0], texts[1], 'no word tells whether there is such an incident')
  assert.match(texts[0] ?? '', /<a class="go" href="\/">Public status page/)
  const head = await world.get('/incidents/inc_1', { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
  for (const strange of ['%3Cscript%3E', 'a%20b', 'x'.repeat(2000), '%27%3Breboot']) {
    const reply = await world.get(`/incidents/${strange}`)
    assert.deepEqual([reply.status, /show &lt;number&gt;/.test(await reply.text())], [200, true], strange)
  }
  const bare = webWorld()
  assert.doesNotMatch(await (await bare.get('/incidents/inc_1')).text(), /Public status page/, 'no board, no link to one')
  for (const it of [world, bare]) assert.equal(it.asked.calls.length + it.asked.acts.length, 0, 'nobody is asked')
  for (const method of ['POST', 'PUT', 'DELETE']) assert.equal((await world.get('/incidents/inc_1', { method })).status, 405)
})

test('a token that cannot be one is not passed on', async () => {
  const world = ready()
  for (const token of ['a'.repeat(600), '%00', 'a%2fb', '..%2f..', '<script>']) {
    const reply = await world.get(`/a/${token}`, { method: 'POST' })
    assert.equal(reply.status, 404, token)
    assert.doesNotMatch(await reply.text(), /<script>/)
  }
  assert.equal(world.asked.acts.length, 0)
})

test('acknowledgements by the API go to the ringer, with the name of the token', async () => {
  const world = ready()
  const reply = await world.get('/api/v1/incidents/7/ack', { method: 'POST', headers: { authorization: `Bearer ${TOKENS.ack}` }, body: JSON.stringify({ person: 'ada' }) })
  assert.equal(reply.status, 200)
  assert.deepEqual(world.asked.acts, [{ is: 'act', act: 'ack', via: 'api:ack', incident: '7', person: 'ada' }])
  const body = await reply.json() as { schema: string; says: string; recorded: boolean }
  assert.deepEqual([body.schema, body.recorded], ['holdfast.done/1', true])
  assert.match(body.says, /^Ada has it/)
  await world.get('/api/v1/incidents/open/pass', { method: 'POST' }, { via: 'socket', address: '' })
  assert.deepEqual(world.asked.acts.at(-1), { is: 'act', act: 'pass', via: 'cli' })
})

test('unknown keys, keys of the path, queries and shapes that nobody offered are refused before anybody is asked', async () => {
  const world = ready()
  const admin = { authorization: `Bearer ${TOKENS.admin}` }
  const cases: readonly [string, RequestInit][] = [
    ['/api/v1/page', { body: '{"who":"ada","text":"x","role":"owner"}' }],
    ['/api/v1/page', { body: '{"who":"ada","text":"x","__proto__":{"person":"bo"}}' }],
    ['/api/v1/page', { body: '{"who":"ada","text":"x","constructor":{}}' }],
    ['/api/v1/page', { body: '{"who":["ada"],"text":"x"}' }],
    ['/api/v1/page', { body: '{"who":"ada","text":"\\u0000"}' }],
    ['/api/v1/page', { body: '[]' }], ['/api/v1/page', { body: 'null' }], ['/api/v1/page', { body: '"x"' }], ['/api/v1/page', { body: '{' }], ['/api/v1/page', {}],
    ['/api/v1/page', { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) }],
    ['/api/v1/page?who=bo', { body: '{"who":"ada","text":"x"}' }],
    ['/api/v1/incidents/7/assign', { body: '{"to":"bo","incident":"8"}' }],
    ['/api/v1/tokens', { body: '{"name":"x","scopes":["owner"]}' }],
    ['/api/v1/tokens', { body: '{"name":"x","scopes":[]}' }],
    ['/api/v1/board/post', { body: '{"status":"fine","text":"x"}' }],
  ]
  for (const [path, init] of cases) {
    const reply = await world.get(path, { method: 'POST', headers: admin, ...init })
    assert.equal(reply.status, 400, `${path} ${JSON.stringify(init.body)}`)
  }
  const list = await world.get('/api/v1/incidents?state=closed', { headers: admin })
  assert.equal(list.status, 400)
  assert.equal((await world.get('/api/v1/oncall?days=1e400', { headers: admin })).status, 400)
  const wrong = await world.get('/api/v1/page', { method: 'POST', headers: { ...admin, 'content-type': 'text/xml' }, body: '<x/>' })
  assert.equal(wrong.status, 400)
  assert.equal(world.asked.calls.length, 0)
})

test('arguments reach the keeper by name, cleaned of what cannot be stored', async () => {
  const world = ready()
  const admin = { authorization: `Bearer ${TOKENS.admin}` }
  await world.get('/api/v1/page', { method: 'POST', headers: admin, body: JSON.stringify({ who: 'ada', text: ' \ud800help\u0000\u202e\r\nme ' }) })
  assert.deepEqual(world.asked.calls.at(-1), { name: 'page', args: { who: 'ada', text: '\ufffdhelp\nme' }, asker: { is: 'token', id: 'tok_admin', name: 'admin', scopes: ['admin'] } })
  await world.get('/api/v1/oncall?days=7', { headers: admin })
  assert.deepEqual(world.asked.calls.at(-1)?.args, { days: 7 })
  await world.get('/api/v1/oncall/test?pages=a&pages=b', { headers: admin })
  assert.deepEqual(world.asked.calls.at(-1)?.args, { pages: ['a', 'b'] })
  await world.get('/api/v1/tokens/tok_1', { method: 'DELETE', headers: admin })
  assert.deepEqual([world.asked.calls.at(-1)?.name, world.asked.calls.at(-1)?.args], ['tokens.revoke', { id: 'tok_1' }])
})

test('what the keeper refuses, or does not confirm, is said as a problem', async () => {
  const refused = ready(webWorld({ call: () => ({ is: 'refused', status: 409, error: { code: 'HF413', message: 'it still fails', help: 'take it' } }) }))
  const no = await refused.get('/api/v1/incidents/7/resolve', { method: 'POST', body: '{"reason":"x"}' }, { via: 'socket', address: '' })
  assert.equal(no.status, 409)
  assert.deepEqual(await no.json(), { type: 'about:blank', title: 'Refused', status: 409, detail: 'it still fails', code: 'HF413', help: 'take it' })
  const away = ready(webWorld({ call: () => ({ is: 'away', says: 'Not recorded.' }) }))
  const late = await away.get('/api/v1/status', {}, { via: 'socket', address: '' })
  assert.equal(late.status, 503)
  assert.equal(late.headers.get('retry-after'), '5')
})

test('health is what was heard in the last ten seconds', async () => {
  const world = webWorld()
  assert.equal((await world.get('/healthz')).status, 503)
  pushAll(world)
  assert.equal((await world.get('/healthz')).status, 200)
  world.turn(10_001)
  const old = await world.get('/healthz')
  assert.equal(old.status, 503)
  assert.match(await old.text(), /last heard of 10 s ago/)
  world.kit.pushed.health = { ok: false, says: 'the ringer cannot be reached', heardAt: world.kit.clock.now().tick }
  assert.match(await (await world.get('/healthz')).text(), /the ringer cannot be reached/)
})

test('metrics are for this machine, and not for whoever is led here', async () => {
  const world = ready()
  const here = { via: 'tcp', address: '127.0.0.1' } as const
  const ask = async (door: { via: 'tcp' | 'socket'; address: string }, headers: Record<string, string> = {}): Promise<number> =>
    (await world.app.request('http://127.0.0.1:7400/metrics', { headers: { host: '127.0.0.1:7400', ...headers } }, door)).status
  assert.equal(await ask(here), 200)
  assert.equal(await ask({ via: 'tcp', address: '::1' }, { host: '[::1]:7400' }), 200)
  assert.equal(await ask({ via: 'tcp', address: '::ffff:127.0.0.1' }, { host: 'localhost:7400' }), 200)
  assert.equal(await ask({ via: 'tcp', address: '198.51.100.7' }), 404)
  for (const header of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip', 'x-forwarded-host', 'x-forwarded-proto']) assert.equal(await ask(here, { [header]: '127.0.0.1' }), 404, header)
  assert.equal(await ask(here, { host: 'rebound.evil.example' }), 404, 'a name that was pointed at this machine')
})

const CANARY = 'c4n4ry'
const SECRETS = ['metrics', 'token', 'integration'].map((it) => `${CANARY}-${it}`)

test('T-2 nothing private is in any byte that is open to all', async () => {
  const world = webWorld({
    call: (name) => ({ is: 'refused', status: 404, error: { code: 'HF404', message: `${CANARY}-${name}`, help: CANARY } }),
  })
  pushAll(world)
  world.kit.pushed.metrics = SECRETS[0] ?? ''
  world.kit.pushed.site = { name: `${CANARY}-site`, url: `https://${CANARY}.example`, timezone: 'UTC' }
  world.kit.access.learn([{ id: CANARY, hash: CANARY, name: CANARY, scopes: ['admin'], expiresAt: null, from: [] }])
  world.kit.doors.learn({ is: 'doors', heartbeats: [`${CANARY}-check`], integrations: [{ via: 'pagerduty', name: `${CANARY}-integration`, key: CANARY }] })
  const paths = [...routes.map(pathOf), '/nothing', '/s/hidden', '/s/hidden/api/v2/summary.json', '/.env', '/ping/00000000-0000-4000-8000-000000000000', '/..%2f..%2fetc%2fpasswd']
  for (const path of new Set(paths)) {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE']) {
      const reply = await world.get(path, { method, ...(method === 'POST' ? { body: '{"routing_key":"x","event_action":"resolve","dedup_key":"k"}' } : {}) })
      const bytes = `${[...reply.headers].join()}${await reply.text()}`
      assert.doesNotMatch(bytes, new RegExp(CANARY), `${method} ${path}`)
      assert.equal(reply.headers.get('x-content-type-options'), 'nosniff', `${method} ${path}`)
      assert.doesNotMatch(bytes, /node:|\.ts:\d|at Object/, 'no stack')
    }
  }
})

test('T-3 a page that is not published reads as one that does not exist', async () => {
  const world = ready()
  const one = await world.get('/s/hidden')
  const other = await world.get('/s/never-was')
  assert.equal(one.status, 404)
  assert.equal(await one.text(), await other.text())
})

test('whoever may only read does not learn the addresses of heartbeats', async () => {
  const check = { schema: 'holdfast.check/1', name: 'job', pingUrl: 'https://x/ping/secret' }
  const world = ready(webWorld({ call: (name) => ({ is: 'answered', status: 200, body: name === 'checks.list' ? { schema: 'holdfast.checks/1', checks: [check] } : check }) }))
  for (const path of ['/api/v1/checks', '/api/v1/checks/job']) {
    const ask = async (token: string): Promise<string> => (await world.get(path, { headers: { authorization: `Bearer ${token}` } })).text()
    assert.doesNotMatch(await ask(TOKENS.read), /secret/)
    assert.match(await ask(TOKENS.write), /secret/)
  }
})

test('what a route throws is told to whoever runs it, not to whoever asked', async (t) => {
  const said: string[] = []
  t.mock.method(process.stderr, 'write', (line: string) => said.push(line) > 0)
  const world = ready(webWorld({ call: () => { throw new Error(`${CANARY} in a stack`) } }))
  const reply = await world.get('/api/v1/status', {}, { via: 'socket', address: '' })
  assert.equal(reply.status, 500)
  assert.doesNotMatch(await reply.text(), new RegExp(CANARY))
  assert.match(said.join(''), new RegExp(CANARY))
})

test('a person who meets a defect or a board that is not known yet reads a page', async (t) => {
  t.mock.method(process.stderr, 'write', () => true)
  const accept = { headers: { accept: 'text/html' } }
  const broken = await webWorld({ ring: () => { throw new Error('a secret path') } }).get('/a/abc', accept)
  const text = await broken.text()
  assert.deepEqual([broken.status, broken.headers.get('content-type'), /This did not work/.test(text), /secret/.test(text)], [500, 'text/html; charset=utf-8', true, false])
  const early = await webWorld().get('/', accept)
  assert.deepEqual([early.status, early.headers.get('retry-after'), /Not known yet/.test(await early.text())], [503, '5', true])
})

test('the OpenAPI document has every route, its scope, and the schema that requests are checked with', async () => {
  const world = webWorld()
  const reply = await world.get('/api/v1/openapi.json')
  assert.equal(reply.status, 200)
  const document = await reply.json() as { openapi: string; paths: Record<string, Record<string, { security: object[]; requestBody?: { content: Record<string, { schema: { properties: object; additionalProperties?: boolean } }> }; parameters?: { name: string; in: string }[] }>> }
  assert.equal(document.openapi, '3.1.0')
  for (const route of routes) assert(document.paths[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()], `${route.method} ${route.path}`)
  const silence = document.paths['/api/v1/checks/{name}/silence']?.['post']
  assert.deepEqual(silence?.security, [{ token: ['write'] }])
  assert.deepEqual(Object.keys(silence?.requestBody?.content['application/json']?.schema.properties ?? {}), ['for', 'reason', 'person'])
  assert.equal(silence?.requestBody?.content['application/json']?.schema.additionalProperties, false)
  assert.deepEqual(document.paths['/api/v1/incidents']?.['get']?.parameters?.map(({ name, in: where }) => [name, where]), [['state', 'query']])
})
