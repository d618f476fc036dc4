// Sessions at the one door: every route that a cookie opens × every session there may be, from our own pages and from others'. A route
// that is added to the table is in these tests by that.
import assert from 'node:assert/strict'
import test from 'node:test'
import { makeToken } from '../core/link.ts'
import { ROLES, rightsOf, type Role } from '../core/authority/role.ts'
import { KEY, pushAll, TOKENS, webWorld, type World } from '../../test/web-world.ts'
import type { SessionAnswer } from '../views/people.ts'
import { isScope, needsOf, opens, rightFor } from './access.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'
import { beginCookie, cookieOf, csrfOf, endCookie, fromOf, isFromHere, secretIn } from './session.ts'

const HTTPS = { url: 'https://hold.acme.example' }
const LOCAL = { url: 'http://127.0.0.1:7400' }
const SECRET = 's'.repeat(43)
const headers = (it: Record<string, string>): Headers => new Headers(it)

test('the cookie is bound to its host, unreadable for scripts, and never set where it would travel readable', () => {
  assert.equal(beginCookie(HTTPS, SECRET), `__Host-holdfast=${SECRET}; Path=/; Secure; HttpOnly; SameSite=Lax`)
  assert.equal(beginCookie(LOCAL, SECRET), `holdfast=${SECRET}; Path=/; HttpOnly; SameSite=Lax`)
  for (const url of ['http://localhost:7400', 'http://[::1]:7400']) assert.equal(cookieOf({ url })?.name, 'holdfast')
  for (const url of ['http://hold.acme.example', 'http://10.0.0.5:7400', 'http://127.0.0.1.evil.example', '', 'ftp://localhost']) assert.equal(cookieOf({ url }), undefined, url)
  assert.match(endCookie(HTTPS), /^__Host-holdfast=; .*Max-Age=0$/)
  assert.equal(beginCookie({ url: 'http://hold.acme.example' }, SECRET), '')
})

test('the secret is read from one cookie of that name; one that was slipped in beside it makes it none', () => {
  const read = (cookie: string, site = HTTPS): string | undefined => secretIn(headers({ cookie }), site)
  assert.equal(read(`a=b; __Host-holdfast=${SECRET}`), SECRET)
  assert.equal(read(`holdfast=${SECRET}`), undefined, 'the name without the prefix is not of https')
  assert.equal(read(`__Host-holdfast=${SECRET}`, LOCAL), undefined)
  assert.equal(read(`__Host-holdfast=${SECRET}; __Host-holdfast=${'t'.repeat(43)}`), undefined)
  for (const wrong of ['', `__Host-holdfast=${SECRET}x`, `__Host-holdfast=${SECRET.slice(1)}`, `__Host-holdfast=${SECRET.slice(1)}%`, '__Host-holdfast', ';;;=']) assert.equal(read(wrong), undefined, wrong)
})

test('where a request comes from is what the browser says, and no other site', () => {
  const from = (it: Record<string, string>): boolean => isFromHere(headers({ host: 'hold.acme.example', ...it }), HTTPS)
  for (const good of [{}, { 'sec-fetch-site': 'same-origin' }, { origin: HTTPS.url }, { origin: 'null' }, { origin: 'null', 'sec-fetch-site': 'same-origin' }]) assert.equal(from(good as Record<string, string>), true, JSON.stringify(good))
  for (const bad of [
    { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'none' }, { 'sec-fetch-site': '' }, { origin: 'https://evil.example' }, { origin: 'https://hold.acme.example.evil.example' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' }, { origin: HTTPS.url, 'sec-fetch-site': 'cross-site' }, { origin: 'not an origin' },
  ]) assert.equal(from(bad as Record<string, string>), false, JSON.stringify(bad))
})

test('the address is the connection’s; a proxy on this machine is believed for the last one, and nobody else', () => {
  const at = (address: string, forwarded?: string, via: 'tcp' | 'socket' = 'tcp'): string =>
    fromOf({ via, address }, headers(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded })).origin
  assert.equal(at('198.51.100.7', '203.0.113.9'), '198.51.100.7')
  assert.equal(at('127.0.0.1', '203.0.113.1, 203.0.113.9'), '203.0.113.9')
  assert.equal(at('::ffff:127.0.0.1', '2001:db8::1'), '2001:db8::1')
  assert.equal(at('::1', '<script>'), '::1')
  assert.equal(at('', undefined, 'socket'), 'this machine')
  assert.equal(fromOf({ via: 'tcp', address: '::1' }, headers({ 'user-agent': `a\tb ${'x'.repeat(900)}` })).agent.length, 200)
})

/** A session for each role, one that lacks something, one that is old, and one that has ended. */
const SESSIONS = new Map<string, SessionAnswer | undefined>([
  ...ROLES.map((role, n): [string, SessionAnswer] => [String(n).repeat(43), sessionOf([role])]),
  ['i'.repeat(43), { ...sessionOf(['owner']), rights: [], incomplete: true }],
  ['r'.repeat(43), { ...sessionOf(['owner']), recent: false }],
  ['n'.repeat(43), sessionOf([])],
  ['e'.repeat(43), undefined],
])
const cookieFor = (secret: string): Record<string, string> => ({ cookie: `__Host-holdfast=${secret}` })

function sessionOf(roles: readonly Role[]): SessionAnswer {
  return { schema: 'holdfast.session/1', id: 'ses_1', person: 'ada', roles, rights: [...rightsOf(roles)], incomplete: false, recent: true }
}

function world(): World {
  const made = webWorld({
    call(name, args) {
      if (name === 'people.session') {
        const session = SESSIONS.get(String(args['session']))
        return session ? { is: 'answered', status: 200, body: session } : { is: 'refused', status: 401, error: { code: 'HF430', message: 'This session has ended.' } }
      }
      return { is: 'refused', status: 409, error: { code: 'HF-test', message: 'It was asked.' } }
    },
    ring: () => ({ is: 'no', why: 'closed', says: 'It was asked.' }),
  })
  pushAll(made)
  return made
}

/** Of other people, and of this one. */
const LINKS = [
  ...['ada', 'bo'].map((person) => makeToken(KEY, { is: 'act', incident: `inc_${'0'.repeat(31)}1` as never, person })),
  makeToken(KEY, { is: 'received', page: `tst_${'0'.repeat(31)}1` as never, person: 'ada' }), 'w'.repeat(43),
]
const pathOf = (route: Route): string => route.path.replace(/:(\w+)/g, 'x1')
const isChange = (route: Route): boolean => route.method !== 'GET'
const byCookie = routes.filter((route) => isScope(route.who) || needsOf(route.who) !== undefined)
/** What wants a session that was begun lately: every change by whoever may say who may what, but what takes rights away. */
const isFresh = (route: Route): boolean => isChange(route) && /^(person:)?admin$/.test(route.who) && !/revoke|sign-out|tokens\/:id/.test(route.path)
const nameOf = (route: Route): string => `${route.method} ${route.path}`
const beyond = (it: World): number => it.asked.acts.length + it.asked.calls.filter(({ name }) => name !== 'people.session').length

const shared = world()
/** Refused before anybody but the session's keeper was asked. */
async function refused(route: Route, init: Record<string, string>, body?: string): Promise<number | undefined> {
  const it = shared
  const before = beyond(it)
  const reply = await it.get(pathOf(route), { method: route.method, headers: init, ...(body === undefined ? {} : { body }) })
  return beyond(it) === before && [401, 403].includes(reply.status) ? reply.status : undefined
}

test('every route that a cookie opens × every role: what the right opens, and nothing else', async () => {
  assert.ok(byCookie.length > 25)
  for (const route of byCookie) {
    const needs = isScope(route.who) ? rightFor(route.who) : needsOf(route.who)
    assert(needs)
    for (const [secret, session] of SESSIONS) {
      const status = await refused(route, { ...cookieFor(secret), 'x-csrf': csrfOf(secret), 'content-type': 'application/json' })
      const may: boolean = session !== undefined && (needs === 'account' || (!session.incomplete && session.rights.includes(needs))) && (session.recent || !isFresh(route))
      assert.equal(status, may ? undefined : session === undefined ? 401 : 403, `${nameOf(route)} as ${session?.roles.join() ?? 'nobody'} ${JSON.stringify({ ...session, roles: undefined })}`)
    }
  }
})

test('every route that a cookie opens × no session, one that was tampered with, a token where none counts', async () => {
  for (const route of byCookie) {
    const good = '5'.repeat(43)
    for (const cookie of ['', `__Host-holdfast=${'x'.repeat(43)}`, `__Host-holdfast=${good.slice(0, 42)}4`, `holdfast=${good}`, `__Host-holdfast=${good}; __Host-holdfast=${'0'.repeat(43)}`]) {
      assert.equal(await refused(route, { cookie, 'x-csrf': csrfOf(good) }), isChange(route) && cookie.startsWith('__Host-holdfast=') && !cookie.includes(';') ? 403 : 401, `${nameOf(route)} with “${cookie}”`)
    }
    // What opens something else opens nothing here: links of pages and of approvals, one-time links, whoever they are of.
    for (const link of LINKS) {
      for (const as of [{ cookie: `__Host-holdfast=${link}` }, { authorization: `Bearer ${link}` }, { cookie: `__Host-holdfast=${link}`, 'x-csrf': csrfOf(link) }] as Record<string, string>[]) {
        assert.notEqual(await refused(route, as), undefined, `${nameOf(route)} with a link: ${JSON.stringify(as)}`)
      }
    }
    if (isScope(route.who)) continue
    for (const token of Object.values(TOKENS)) assert.equal(await refused(route, { authorization: `Bearer ${token}` }), 401, `${nameOf(route)} by a token`)
    const it = world()
    const local = await it.get(pathOf(route), { method: route.method }, { via: 'socket', address: '' })
    assert.deepEqual([local.status, beyond(it)], [401, 0], `${nameOf(route)} by the socket`)
  }
})

test('CSRF: nothing that relies on a cookie is done without the session’s own proof, or from another site', async () => {
  const changing = byCookie.filter(isChange)
  assert.ok(changing.length > 12)
  const secret = '5'.repeat(43)
  const form = { 'content-type': 'application/x-www-form-urlencoded', ...cookieFor(secret) }
  for (const route of changing) {
    const says = nameOf(route)
    for (const body of ['', 'a=b', 'csrf=', `csrf=${csrfOf('0'.repeat(43))}`, `csrf=${csrfOf(secret).toUpperCase()}`, `csrf=${csrfOf(secret)}x`, `csrf=x&csrf=${csrfOf(secret)}`]) assert.equal(await refused(route, form, body), 403, `${says} with “${body}”`)
    for (const proof of ['', 'x', csrfOf('0'.repeat(43)), secret]) assert.equal(await refused(route, { ...cookieFor(secret), 'x-csrf': proof, 'content-type': 'application/json' }, '{}'), 403, `${says} with the header “${proof}”`)
    for (const from of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }]) {
      assert.equal(await refused(route, { ...form, ...from }, `csrf=${csrfOf(secret)}`), 403, `${says} from ${JSON.stringify(from)}`)
    }
    // A body that a form can send, said to be another: the proof is not in a header, so it is none.
    const plain = world()
    const reply = await plain.get(pathOf(route), { method: route.method, headers: { ...cookieFor(secret), 'content-type': 'text/plain' }, body: `{"csrf":"${csrfOf(secret)}"}` })
    assert.deepEqual([reply.status, beyond(plain)], [400, 0], says)
    assert.equal(await refused(route, { ...form, 'sec-fetch-site': 'same-origin' }, `csrf=${csrfOf(secret)}`), undefined, `${says} from a form of ours is let in`)
  }
})

test('what is for whoever is about to sign in is not sent from other sites', async () => {
  for (const route of routes.filter(({ who, method }) => who === 'door' && method !== 'GET')) {
    const it = world()
    for (const from of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      const reply = await it.get(pathOf(route), { method: route.method, headers: { 'content-type': 'application/x-www-form-urlencoded', ...(from as Record<string, string>) }, body: 'named=ada&password=x' })
      assert.deepEqual([reply.status, it.asked.calls.length], [403, 0], nameOf(route))
    }
  }
})

test('a token that was sent counts, whatever cookie comes with it', async () => {
  const it = world()
  const reply = await it.get('/api/v1/status', { headers: { ...cookieFor('5'.repeat(43)), authorization: 'Bearer hf_wrong-token' } })
  assert.deepEqual([reply.status, it.asked.calls.length], [401, 0])
  for (const scope of Object.keys(TOKENS)) assert.ok(opens([scope], 'read') || scope === 'ack' || scope === 'backup')
})

test('who is signed in acts as themselves, and sees what their rights open', async () => {
  const it = webWorld({
    call: (name) => name === 'people.session' ? { is: 'answered', status: 200, body: sessionOf(['viewer', 'responder']) }
      : { is: 'answered', status: 200, body: { schema: 'holdfast.check/1', name: 'job', pingUrl: 'https://hold.acme.example/ping/secret' } },
  })
  pushAll(it)
  const as = { ...cookieFor(SECRET), 'x-csrf': csrfOf(SECRET), 'content-type': 'application/json' }
  const acked = await it.get('/api/v1/incidents/7/ack', { method: 'POST', headers: as, body: JSON.stringify({ person: 'bo' }) })
  assert.equal(acked.status, 200)
  assert.deepEqual(it.asked.acts.at(-1), { is: 'act', act: 'ack', via: 'web', incident: '7', person: 'ada' })
  assert.doesNotMatch(await (await it.get('/api/v1/checks/job', { headers: as })).text(), /secret/, 'the address of a heartbeat is for those who may write')
  assert.deepEqual(it.asked.calls.at(-1)?.asker, { is: 'person', person: 'ada', session: 'ses_1', rights: ['read', 'ack'] })
})

test('people are led to sign in and come back; an ended session loses its cookie; programs are told', async () => {
  const page = routes.find((route) => route.method === 'GET' && needsOf(route.who) !== undefined)
  if (!page) return
  const reply = await world().get(`${pathOf(page)}?a=1`, { headers: { accept: 'text/html', ...cookieFor('e'.repeat(43)) } })
  assert.deepEqual([reply.status, reply.headers.get('location')], [303, `/sign-in?next=${encodeURIComponent(`${pathOf(page)}?a=1`)}`])
  assert.match(reply.headers.get('set-cookie') ?? '', /Max-Age=0/)
  const machine = await world().get(pathOf(page))
  assert.deepEqual([machine.status, machine.headers.get('content-type'), machine.headers.get('set-cookie')], [401, 'application/problem+json; charset=utf-8', null])
})
