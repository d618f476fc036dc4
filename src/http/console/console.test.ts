// The console as people walk through it, over a real keeper: from the printed link to an owner with an authenticator; what ends a
// session; what is shown once; where nobody is led. The browser of these tests sends only what stands in the pages.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hours, minutes, ms, type Instant, type Span } from '../../core/time.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { ApprovalAnswer } from '../../views/agreements.ts'
import { consoleWorld, formsOf, type Browser, type ConsoleWorld } from '../../../test/console-world.ts'
import { needsOf } from '../access.ts'
import { routes } from '../routes.ts'
import { nextFrom } from './door.ts'

const PASSWORD = 'amber otter on the roof'
const COOKIE = '__Host-holdfast'

/** Ada came by the printed link, set a password and an authenticator, and signed in with both. */
async function owner(it: ConsoleWorld): Promise<{ ada: Browser; secret: string; first: string }> {
  const ada = it.browser()
  const link = await it.ownerLink()
  await ada.open(link)
  await ada.send(link, { person: 'ada' })
  const first = ada.has(COOKIE) ?? ''
  await ada.send('/account/password', { password: PASSWORD, again: PASSWORD })
  await ada.send('/account/totp')
  const secret = (/<code class="secret">([A-Z2-7 ]+)<\/code>/.exec(ada.text)?.[1] ?? '').replaceAll(' ', '')
  await ada.send('/account/totp/confirm', { code: it.code(secret) })
  await it.keeper.pass(ms(60_000))
  await signIn(it, ada, secret)
  return { ada, secret, first }
}

async function signIn(it: ConsoleWorld, who: Browser, secret: string, path = '/sign-in'): Promise<Browser> {
  await who.open(path)
  return who.send('/sign-in', { named: 'ada', password: PASSWORD, code: it.code(secret) })
}

test('from the printed link to an owner who signed in with password and code; the link is used up, GET uses nothing up', async (t) => {
  const it = await consoleWorld(t)
  const ada = it.browser()
  assert.match((await ada.open('/sign-in')).text, /Nobody owns this Holdfast yet/)
  const link = await it.ownerLink()
  for (let i = 0; i < 5; i++) assert.equal((await ada.open(link)).status, 200)
  assert.match(ada.text, /Become the owner/)
  assert.equal(ada.cookies.size, 0)
  await ada.send(link, { person: 'ada' })
  assert.deepEqual([ada.path, ada.status, /You are in/.test(ada.text)], ['/account?did=welcome', 200, true])
  const { ada: signed, secret, first } = await owner(await consoleWorld(t))
  assert.equal(secret.length, 32)
  assert.notEqual(first, signed.has(COOKIE))
  assert.match(signed.text, /Account[^]*People[^]*Tokens[^]*Audit/)
  assert.equal((await it.browser().open(link)).status, 410)
  const again = it.browser()
  await again.open(link)
  assert.match(again.text, /not good any more/)
})

test('fixation: whoever signs in has a new secret, and the one that the browser had is dead', async (t) => {
  const it = await consoleWorld(t)
  const { ada, secret } = await owner(it)
  const before = ada.has(COOKIE) ?? ''
  await it.keeper.pass(ms(60_000))
  await signIn(it, ada, secret)
  const after = ada.has(COOKIE) ?? ''
  assert.notEqual(after, before)
  const old = it.browser()
  old.cookies.set(COOKIE, before)
  assert.equal((await old.open('/account')).path, '/sign-in?next=%2Faccount')
  // A secret that somebody else chose is none, before and after.
  const fixed = it.browser()
  fixed.cookies.set(COOKIE, 'x'.repeat(43))
  await it.keeper.pass(ms(60_000))
  await signIn(it, fixed, secret)
  assert.notEqual(fixed.has(COOKIE), 'x'.repeat(43))
})

test('a change of password ends every other session, in the browser too; this one stays', async (t) => {
  const it = await consoleWorld(t)
  const { ada, secret } = await owner(it)
  await it.keeper.pass(ms(60_000))
  const phone = await signIn(it, it.browser('203.0.113.9'), secret)
  assert.equal((await phone.open('/account')).status, 200)
  await ada.open('/account')
  assert.match(ada.text, /203\.0\.113\.9/)
  await ada.send('/account/password', { password: 'copper lantern under water', again: 'copper lantern under water' })
  assert.match(ada.text, /Your password is set/)
  assert.equal((await ada.open('/account')).status, 200)
  assert.equal((await phone.open('/account')).path, '/sign-in?next=%2Faccount')
  assert.equal(phone.cookies.size, 0)
})

test('signing out ends the session for good; another device is ended by its button; nobody ends another’s', async (t) => {
  const it = await consoleWorld(t)
  const { ada, secret } = await owner(it)
  const mine = ada.has(COOKIE) ?? ''
  await it.keeper.pass(ms(60_000))
  const phone = await signIn(it, it.browser(), secret)
  await ada.open('/account')
  const other = ada.forms().find((form) => form.action === '/account/sessions/end' && form.fields.get('session') !== '*')
  await ada.send('/account/sessions/end', { session: other?.fields.get('session') ?? '' })
  assert.match(ada.text, /That session has ended/)
  assert.equal((await phone.open('/account')).path, '/sign-in?next=%2Faccount')
  await ada.send('/sign-out')
  assert.deepEqual([ada.path, ada.cookies.size], ['/sign-in?did=out', 0])
  const thief = it.browser()
  thief.cookies.set(COOKIE, mine)
  assert.equal((await thief.open('/people')).path, '/sign-in?next=%2Fpeople')
})

test('an owner adds somebody, invites them, and they come in as who the link says; a role that goes takes the pages along', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  await ada.open('/people')
  await ada.send('/people', { who: 'eve', roles: ['viewer', 'responder'] })
  assert.match(ada.text, /Eve[^]*The roles are changed/)
  await ada.send('/people/eve/invite')
  const link = new URL(/https:[^<]*/.exec(ada.text.slice(ada.text.indexOf('class="secret"')))?.[0] ?? '').pathname
  const eve = it.browser()
  await eve.open(link)
  assert.match(eve.text, /Hello, Eve/)
  await eve.send(link)
  assert.match(eve.text, /Welcome, Eve/)
  for (const path of ['/people', '/tokens', '/audit', '/people/ada']) assert.equal((await eve.open(path)).status, 403, path)
  await eve.open('/account')
  await eve.send('/account/password', { password: PASSWORD, again: PASSWORD })
  await eve.open('/sign-in')
  await eve.send('/sign-in', { named: 'eve', password: PASSWORD, code: '' })
  assert.match(eve.text, /takes incidents/)
  assert.doesNotMatch(eve.text, /href="\/people"/)
  for (const path of ['/people', '/tokens', '/audit', '/people/ada']) assert.equal((await eve.open(path)).status, 403, path)
  assert.equal((await it.fetch('/api/v1/incidents', { headers: { cookie: `${COOKIE}=${eve.has(COOKIE)}` } })).status, 200)
  assert.equal((await it.fetch('/api/v1/tokens', { headers: { cookie: `${COOKIE}=${eve.has(COOKIE)}` } })).status, 403)
  await ada.open('/people/eve')
  await ada.send('/people/eve/sign-out')
  assert.match(ada.text, /All their sessions have ended/)
  assert.equal((await eve.open('/account')).path, '/sign-in?next=%2Faccount')
})

test('the last owner stays: what the keeper refuses is said on the page that it was asked from', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  await ada.open('/people/ada')
  await ada.send('/people/ada/roles', { roles: [] })
  assert.deepEqual([ada.status, /only owner/.test(ada.text)], [409, true])
})

test('who may do what is changed in a young session only, by page and by interface', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  await ada.open('/people/bo')
  const form = ada.forms().find(({ action }) => action === '/people/bo/roles')
  await it.keeper.pass(minutes(16))
  await ada.open('/people/bo')
  await ada.send('/people/bo/roles', { roles: ['owner'] })
  assert.deepEqual([ada.status, /Sign in again/.test(ada.text)], [403, true])
  const cookie = `${COOKIE}=${ada.has(COOKIE)}`
  const made = await it.fetch('/api/v1/tokens', { method: 'POST', headers: { cookie, 'x-csrf': form?.fields.get('csrf') ?? '', 'content-type': 'application/json' }, body: '{"name":"x","scopes":["admin"]}' })
  assert.equal(made.status, 403)
  await ada.open('/account')
  assert.deepEqual(ada.forms().map(({ action }) => action).filter((action) => /password|totp|recovery|factors/.test(action)), [], 'what cannot be done is not offered')
})

test('tokens: the secret is shown once, and opens what it says until it is revoked', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  await ada.open('/tokens')
  await ada.send('/tokens', { name: 'lights', scope: 'read', expires: '90d', from: '10.0.0.0/8, 203.0.113.9' })
  const secret = /hf_[\w-]+/.exec(ada.text)?.[0] ?? ''
  assert.equal(secret.length, 46)
  await ada.open('/tokens')
  assert.ok(ada.text.includes('lights') && ada.text.includes('only from 10.0.0.0/8') && !ada.text.includes(secret))
  await ada.send('/tokens/revoke')
  assert.doesNotMatch(ada.text, /lights/)
})

test('recovery codes are shown once and let in once; codes that do not fit say so and cost nothing', async (t) => {
  const it = await consoleWorld(t)
  const { ada, secret } = await owner(it)
  await ada.open('/account')
  await ada.send('/account/recovery')
  const [, code = ''] = /<span>([0-9a-z]{4}(?:-[0-9a-z]{4})+)</.exec(ada.text) ?? []
  assert.ok(!(await ada.open('/account')).text.includes(code))
  assert.match(ada.text, /10 codes left/)
  await ada.send('/account/totp')
  await ada.send('/account/totp/confirm', { code: '000000' })
  assert.deepEqual([ada.status, /does not fit/.test(ada.text)], [400, true])
  const lost = it.browser()
  await lost.open('/sign-in')
  await lost.send('/sign-in', { named: 'ada', password: PASSWORD, code: '' })
  assert.deepEqual([lost.status, /code of your authenticator is needed/.test(lost.text), lost.cookies.size], [401, true, 0])
  await lost.send('/sign-in', { named: 'ada', password: PASSWORD, code })
  assert.match(lost.text, /Welcome, Ada/)
  assert.equal((await lost.open('/people')).status, 403, 'a recovery code opens the account, to put a factor there')
  await it.keeper.pass(ms(60_000))
  const wrong = it.browser()
  await wrong.open('/sign-in')
  await wrong.send('/sign-in', { named: 'ada', password: 'wrong wrong wrong', code: it.code(secret) })
  assert.deepEqual([wrong.status, wrong.cookies.size, wrong.text.includes('wrong wrong')], [401, 0, false])
})

test('open redirect: after signing in one is on a page of ours, whatever was asked for', async (t) => {
  const it = await consoleWorld(t)
  const { ada, secret } = await owner(it)
  await it.keeper.pass(ms(60_000))
  assert.equal((await signIn(it, ada, secret, '/sign-in?next=/people')).path, '/people')
  for (const good of ['/account', '/people/ada', '/audit?who=ada&since=7d', '/account/test']) assert.equal(nextFrom(routes, good), good)
  const bad = ['//evil.example', '/\\evil.example', 'https://evil.example', '/people//evil', '/people/../../evil', 'javascript:alert(1)', '/a/abc', '/sign-in', '/sign-out', '', '/%2f%2fevil.example', '/account\n', '/account#x', '/people/a%0d%0aset-cookie:x', '/s/public/', ' /account', undefined]
  for (const next of bad) assert.equal(nextFrom(routes, next), '/account', String(next))
  await it.keeper.pass(ms(60_000))
  assert.equal((await signIn(it, it.browser(), secret, '/sign-in?next=//evil.example')).path, '/account')
})

test('clickjacking, scripts, caches, referrers: no page of the console allows any; every form that acts carries the proof', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  const link = await it.browser().open('/sign-in')
  const seen = [link]
  for (const route of routes.filter(({ method, who }) => method === 'GET' && needsOf(who) !== undefined)) {
    const page = await ada.open(route.path.replace(':who', 'bo'))
    assert.equal(page.status, 200, route.path)
    seen.push({ ...page, text: page.text, headers: page.headers, path: page.path })
  }
  for (const { path, text, headers } of seen) {
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/, path)
    assert.deepEqual([headers.get('cache-control'), headers.get('referrer-policy'), headers.get('x-frame-options'), headers.get('x-content-type-options')], ['no-store', 'no-referrer', 'DENY', 'nosniff'], path)
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe/)
    assert.doesNotMatch(text, /\son\w+=|style="|javascript:/i, path)
    for (const form of formsOf(text).filter(({ method }) => method === 'post')) {
      const target = routes.find((route) => route.method === 'POST' && new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(form.action))
      assert(target, `${path}: ${form.action} is a route`)
      assert.equal(form.fields.has('csrf'), needsOf(target.who) !== undefined, `${path}: the form to ${form.action}`)
    }
  }
})

test('what somebody is called, or writes, is text in every page', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  await ada.open('/tokens')
  await ada.send('/tokens', { name: '<script>alert(1)</script>"\'', scope: 'read', expires: '90d' })
  await ada.open('/tokens')
  assert.ok(ada.text.includes('&lt;script&gt;') && !ada.text.includes('<script'))
  await ada.open('/account')
  await ada.send('/account/totp', { label: '"><img src=x onerror=alert(1)>' })
  assert.doesNotMatch(ada.text, /<img/)
  await ada.open('/audit?who=%22%3E%3Cimg%3E&since=x')
  assert.equal(ada.status, 200)
  assert.doesNotMatch(ada.text, /<img/)
  await ada.open('/sign-in?next=%22%3E%3Cimg%3E&did=%3Cimg%3E')
  assert.doesNotMatch(ada.text, /<img/)
})

test('a test page goes to oneself, whoever is named', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  await ada.open('/account')
  await ada.send('/account/test', { channel: 'mail' })
  assert.match(ada.text, /A test page is on its way/)
  await ada.open('/account')
  await ada.send('/account/test', { channel: 'mail', who: 'bo' })
  assert.equal(ada.status, 400, 'nobody else can be named')
  const sent = (): string[] => it.keeper.sql.all<{ person: string }>('select person from page_test').map(({ person }) => person)
  assert.deepEqual(sent(), ['ada'])
  for (let n = 0; n < 9; n++) {
    await it.keeper.pass(ms(10))
    await (await ada.open('/account')).send('/account/test', { channel: 'mail' })
  }
  assert.deepEqual([ada.status, /Enough test pages/.test(ada.text), sent().length], [429, true, 6])
})

test('what waits for whoever is signed in leads to their own link; what waits for others does not, and nothing is agreed by looking', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  for (const who of ['bo', 'chen']) await it.pump(it.keeper.ask('people.grant', { who, roles: ['approver'] }))
  assert.match((await ada.open('/approvals')).text, /Nothing waits for you/)
  const ask = async (title: string, of: string[]): Promise<ApprovalAnswer> => {
    const { status, body } = await it.pump(it.keeper.ask('approvals.ask', { title, text: 'x', of }))
    assert.equal(status, 200, JSON.stringify(body))
    return body as ApprovalAnswer
  }
  const hers = await ask('Promote <db2>', ['ada', 'bo'])
  await ask('Not for her', ['bo', 'chen'])
  await ada.open('/approvals')
  assert.match(ada.text, /Waiting for you[^]*Promote &lt;db2&gt;[^]*The others[^]*Not for her/)
  const links = [...ada.text.matchAll(/href="(\/approve\/[^"]+)"/g)].map(([, link]) => link)
  assert.deepEqual(links, [`/approve/${it.keeper.keeper.linkFor({ is: 'approve', agreement: hers.id as never, person: 'ada' })}`])
  assert.match((await ada.open(links[0] ?? '')).text, /You are Ada/)
  assert.match((await ada.open('/approvals')).text, /Ada has not yet · Bo has not yet/)
  assert.equal((await it.browser().open('/approvals')).path, '/sign-in?next=%2Fapprovals')
})

test('backups are shown as they were found, to whoever may read; what a copy is called is text', async (t) => {
  const it = await consoleWorld(t)
  const { ada } = await owner(it)
  assert.match((await ada.open('/backups')).text, /No backups are guarded yet/)
  const { keeper } = it.keeper
  const day: Span = hours(24)
  const shop: BackupSet = { name: 'shop', engine: 'files', in: [{ store: 'nas', pattern: { text: '{any}-{date}', prefix: '' } }], every: day, grace: hours(2), escalate: 'default', from: 'holdfast.yaml:9' }
  await it.pump(keeper.configure({ ...keeper.config, backups: [shop] }))
  const at = keeper.now().wall - 3 * day
  const key = `<i>-${new Date(at).toISOString().slice(0, 10)}`
  await it.pump(keeper.engine.turn('listed', (tx) => keeper.rooms.guard.listed(tx, { is: 'list', set: 'shop', store: 'nas' }, { is: 'listed', identity: 'x', clock: { is: 'unknown', says: '' }, copies: [{ key, etag: 'e', bytes: 5_000_000, modifiedAt: at as Instant }] })))
  await ada.open('/backups')
  assert.match(ada.text, /shop[^]*late[^]*nas: the newest copy was[^]*Would be lost now: the last/)
  await ada.open('/backups/set?name=shop')
  assert.match(ada.text, /&lt;i&gt;-2026[^]*4\.8 MiB[^]*L1: there, of a size that fits/)
  await it.pump(keeper.engine.turn('drilled', (tx) => {
    tx.append({ is: 'guard.drilled', stream: 'backup:shop', body: { set: 'shop', store: 'nas', key, etag: 'e', verdict: 'failed', rung: 1, says: 'the archive <b>ends early', phases: [], sha256: '', at: tx.now.wall } })
    tx.append({ is: 'guard.missed', stream: 'backup:shop', body: { set: 'shop', store: 'nas', to: 'stands', says: 'two copies are gone', key: 'a', escalate: 'default', at: tx.now.wall } })
    tx.append({ is: 'guard.turned', stream: 'backup:shop', body: { set: 'shop', store: 'nas', from: 'late', to: 'unreadable', says: 'x', findings: [{ side: 'unreadable', says: 'it was restored, and failed' }, { side: 'late', says: 'it is 3 d old' }, { side: 'unproven', says: 'no drill has passed' }], of: '', root: '', escalate: 'default', at: tx.now.wall } })
  }))
  await ada.open('/backups/set?name=shop')
  assert.match(ada.text, /cannot be restored[^]*it was restored, and failed[^]*late[^]*it is 3 d old[^]*unproven[^]*no drill has passed[^]*vanished[^]*two copies are gone/)
  assert.match(ada.text, /It could not be restored[^]*the archive &lt;b&gt;ends early/)
  assert.equal((await ada.open('/backups/set?name=none')).status, 404)
  assert.equal((await it.browser().open('/backups')).path, '/sign-in?next=%2Fbackups')
})
