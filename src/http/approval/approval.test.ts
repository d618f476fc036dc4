// The links by which people agree, over HTTP and a real keeper: GET never presses (P-5), the statuses of a POST, no cookie counts,
// strict forms, whatever was written stays text (T-4), and what programs get.
import assert from 'node:assert/strict'
import test from 'node:test'
import { codeAt, periodOf } from '../../core/totp.ts'
import { hours, minutes, ms } from '../../core/time.ts'
import { configOf, keeperWorld, plan } from '../../../test/keeper-world.ts'
import { TOKENS, pushAll, webWorld } from '../../../test/web-world.ts'
import type { ApprovalAnswer } from '../../views/agreements.ts'
import type { ErrorAnswer } from '../../views/answers.ts'
import type { TotpAnswer } from '../../views/people.ts'

const person = (name: string): (typeof plan.people)[string] => ({ name, email: `${name}@acme.example`, reach: [{ channel: 'mail', after: ms(0) }], roles: ['approver'] })
const config = { ...configOf([]), plan: { ...plan, people: { ada: person('ada'), bo: person('bo'), chen: person('chen') } } }
const bytesOf = (text: string): Uint8Array => Uint8Array.from(([...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))

async function world(t: { after(act: () => void): void }) {
  const k = await keeperWorld(t, config)
  const secrets = new Map<string, Uint8Array>()
  const code = (who: string): string => codeAt(secrets.get(who) ?? new Uint8Array(20), periodOf(k.keeper.now().wall))
  for (const who of ['ada', 'bo', 'chen']) {
    secrets.set(who, bytesOf(((await k.ask('people.enrol', { who })).body as TotpAnswer).secret))
    await k.ask('people.enrol', { who, code: code(who) })
  }
  k.keeper.store.setMeta('lived', String(hours(96)))
  await k.restart()
  await k.pass(minutes(1))
  const web = webWorld({
    call: async (name, args, asker) => {
      const { status, body } = await k.ask(name, args, asker)
      return status < 400 ? { is: 'answered', status, body } : { is: 'refused', status, error: (body as ErrorAnswer).error }
    },
  })
  pushAll(web)
  const ask = async (over: Record<string, unknown> = {}): Promise<ApprovalAnswer> => (await k.ask('approvals.ask', { title: 'Promote db2', text: 'Old primary: db1\nNew primary: db2', of: ['ada', 'bo'], ...over })).body as ApprovalAnswer
  const path = (it: ApprovalAnswer, who: string): string => `/approve/${k.keeper.linkFor({ is: 'approve', agreement: it.id as never, person: who })}`
  const post = (at: string, fields: Record<string, string> | string, headers: Record<string, string> = {}): Promise<Response> =>
    web.get(at, { method: 'POST', body: new URLSearchParams(fields).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
  const press = (it: ApprovalAnswer, who: string, over: Record<string, string> = {}): Promise<Response> => post(path(it, who), { act: 'yes', hash: it.hash, totp: code(who), ...over })
  return { k, web, ask, path, post, press, code }
}

test('P-5 GET, HEAD and OPTIONS show and never press, whatever they carry', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  const before = it.k.entries().length
  const query = new URLSearchParams({ act: 'yes', hash: asked.hash, totp: it.code('ada') })
  for (let n = 0; n < 10; n++) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']) {
      const reply = await it.web.get(`${it.path(asked, 'ada')}?${query.toString()}`, { method, headers: { 'x-http-method-override': 'POST' } })
      assert.equal(reply.status, { GET: 200, HEAD: 200, OPTIONS: 204 }[method] ?? 405)
    }
  }
  assert.equal(it.k.entries().length, before)
  const text = await (await it.web.get(it.path(asked, 'ada'))).text()
  for (const shown of [asked.words, asked.hash, 'New primary: db2', 'name="totp"', 'method="post"']) assert.ok(text.includes(shown), shown)
  assert.equal((await it.press(asked, 'ada')).status, 200, 'the code was not used up')
})

test('a POST: 200, 403, 409, 410, 404, 400, and each says so on a page that stands as it is now', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  const cases: readonly [string, () => Promise<Response>, number, RegExp][] = [
    ['no code', () => it.press(asked, 'ada', { totp: '' }), 403, /passkey or your code/],
    ['a code of another', () => it.press(asked, 'ada', { totp: it.code('bo') }), 403, /Not done/],
    ['a link of somebody who is not asked', () => it.press(asked, 'chen'), 403, /not asked/],
    ['another hash', () => it.press(asked, 'ada', { hash: 'f'.repeat(64) }), 409, /look again/],
    ['another word', () => it.press(asked, 'ada', { act: 'ready' }), 403, /not what is asked/],
    ['yes', () => it.press(asked, 'ada'), 200, /Waiting for Bo/],
    ['yes again', () => it.press(asked, 'ada'), 200, /Waiting for Bo/],
    ['yes of the other', () => it.press(asked, 'bo'), 200, /All who were asked/],
    ['a stop afterwards', () => it.press(asked, 'ada', { act: 'stop', totp: '' }), 200, /Ada stopped it/],
    ['yes after the stop', () => it.press(asked, 'bo'), 410, /stopped it/],
    ['no such link', () => it.post('/approve/abc', { act: 'yes', hash: 'x' }), 404, /not known/],
    ['no act', () => it.post(it.path(asked, 'ada'), { hash: asked.hash }), 400, /act/],
    ['no hash', () => it.post(it.path(asked, 'ada'), { act: 'no' }), 400, /hash/],
    ['a field too many', () => it.press(asked, 'ada', { person: 'bo' }), 400, /not a field/],
    ['a field twice', () => it.post(it.path(asked, 'ada'), `act=no&act=yes&hash=${asked.hash}`), 400, /twice/],
  ]
  for (const [name, act, status, says] of cases) {
    const reply = await act()
    const text = await reply.text()
    assert.equal(reply.status, status, `${name}: ${text.slice(0, 300)}`)
    assert.match(text, says, name)
    assert.match(reply.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/)
    assert.equal(reply.headers.get('set-cookie'), null)
  }
  const lapsing = await it.ask({ lapses: '2m' })
  await it.k.pass(minutes(3))
  assert.equal((await it.press(lapsing, 'ada')).status, 410)
  const changed = await it.ask({ title: 'A' })
  await it.ask({ title: 'B', instead: changed.id })
  assert.equal((await it.press(changed, 'bo')).status, 409)
  const large = await it.post(it.path(asked, 'ada'), { act: 'no', hash: 'x'.repeat(40_000) })
  assert.equal(large.status, 413)
})

test('C-17 two people do not press in one browser: its cookie opens nothing, and stands against the second word alone', async (t) => {
  const it = await world(t)
  const opened = async (asked: ApprovalAnswer, who: string, cookie?: string): Promise<string> => {
    const reply = await it.web.get(it.path(asked, who), cookie === undefined ? {} : { headers: { cookie } })
    const set = reply.headers.get('set-cookie') ?? ''
    assert.match(set, /-hand=[\w-]{43}; Path=\/; (Secure; )?HttpOnly; SameSite=Lax; Max-Age=172800$/)
    return set.split(';')[0] ?? ''
  }
  const press = (asked: ApprovalAnswer, who: string, cookie: string, over: Record<string, string> = {}): Promise<Response> =>
    it.post(it.path(asked, who), { act: 'yes', hash: asked.hash, totp: it.code(who), ...over }, { cookie, accept: 'application/json' })
  const asked = await it.ask()
  const one = await opened(asked, 'ada')
  assert.equal(await opened(asked, 'bo', one), one, 'it keeps the one that it has')
  assert.equal((await press(asked, 'ada', one, { totp: '' })).status, 403, 'it proves nothing')
  assert.equal((await press(asked, 'ada', one)).status, 200)
  const same = await press(asked, 'bo', one)
  const { code, detail } = (await same.json()) as { code: string; detail: string }
  assert.deepEqual([same.status, code, detail], [403, 'HF464', 'Ada and bo pressed in one browser: two people are needed.'])
  await it.k.pass(minutes(1))
  const other = await opened(asked, 'bo')
  assert.notEqual(other, one)
  assert.equal((await press(asked, 'bo', other)).status, 200)
  assert.ok(!JSON.stringify(it.k.entries()).includes(one.split('=')[1] ?? '?'))
  assert.equal((await press(asked, 'bo', one, { act: 'stop', totp: '' })).status, 200, 'to stop is anybody’s, in any browser')

  const again = await it.ask({ title: 'Again' })
  await it.k.pass(minutes(1))
  for (const who of ['ada', 'bo']) assert.equal((await press(again, who, '')).status, 200, 'without a cookie there is nothing to compare')
  const json = await it.web.get(it.path(again, 'ada'), { headers: { accept: 'application/json' } })
  assert.equal(json.headers.get('set-cookie'), null)
})

test('programs get JSON and problems; a cookie, a token and an origin change nothing', async (t) => {
  const it = await world(t)
  const asked = await it.ask({ typed: 'db2' })
  const json = { accept: 'application/json' }
  const fields = { act: 'yes', hash: asked.hash, totp: it.code('ada') }
  const shown = (await (await it.web.get(it.path(asked, 'ada'), { headers: json })).json()) as { schema: string; approval: ApprovalAnswer }
  assert.deepEqual([shown.schema, shown.approval.words, shown.approval.url], ['holdfast.approval-link/1', asked.words, null])
  const refused = await it.post(it.path(asked, 'ada'), fields, json)
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code, refused.headers.get('content-type')?.startsWith('application/problem+json')], [403, 'HF468', true])
  const taken = await it.post(it.path(asked, 'ada'), { ...fields, typed: 'db2' }, { ...json, cookie: `holdfast=${'a'.repeat(43)}`, authorization: `Bearer ${TOKENS.admin}`, origin: 'https://evil.example' })
  assert.equal(taken.status, 200)
  assert.match(((await taken.json()) as { says: string }).says, /waiting for bo/)
})

test('the API lists, shows and asks by token, and has no way to approve', async (t) => {
  const it = await world(t)
  const call = (at: string, token: string, body?: object): Promise<Response> => it.web.get(`/api/v1${at}`, { method: body ? 'POST' : 'GET', headers: { authorization: `Bearer ${token}` }, ...(body ? { body: JSON.stringify(body) } : {}) })
  const wish = { title: 'Promote db2', text: 'x', of: ['ada', 'bo:checks'] }
  assert.equal((await call('/approvals', TOKENS.read, wish)).status, 403)
  const asked = (await (await call('/approvals', TOKENS.write, wish)).json()) as ApprovalAnswer
  assert.deepEqual([asked.schema, asked.by, asked.url], ['holdfast.approval/1', 'token write', null])
  const listed = (await (await call('/approvals?person=ada', TOKENS.read)).json()) as { approvals: ApprovalAnswer[] }
  assert.deepEqual(listed.approvals.map(({ id, url }) => [id, url]), [[asked.id, null]])
  assert.equal((await call(`/approvals/${asked.id}`, TOKENS.read)).status, 200)
  for (const verb of ['', '/approve', '/press', '/yes']) assert.ok([404, 405].includes((await call(`/approvals/${asked.id}${verb}`, TOKENS.admin, { act: 'yes', hash: asked.hash })).status))
})

test('T-4 what somebody wrote stays text on the page', async (t) => {
  const it = await world(t)
  const nasty = '<script>alert(1)</script><img src=x onerror=alert(1)>'
  const asked = await it.ask({ title: nasty, text: `${nasty}\n${nasty}`, typed: '"><b>' , alone: true })
  const reply = await it.web.get(it.path(asked, 'ada'))
  const text = await reply.text()
  assert.ok(!/<script|<img|<b>"/.test(text.replaceAll(/<b><bdi>/g, '')))
  assert.doesNotMatch(reply.headers.get('content-security-policy') ?? '', /unsafe|script-src/)
})
