// Sign-in by an identity provider, against a real one on loopback: what may go wrong between a browser, the provider and us is made to
// go wrong, and lets nobody in.
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, keeperWorld, plan } from '../../../test/keeper-world.ts'
import { CLIENT, identity, OTHER_CLIENT, type Identity } from '../../../test/places/identity.ts'
import { realEgress } from '../../../test/places/real-egress.ts'
import { minutes, ms } from '../../core/time.ts'
import type { HttpReply } from '../../ports/world.ts'
import type { ErrorAnswer } from '../../views/answers.ts'
import type { AuditAnswer, DoorAnswer, LinkAnswer, ProviderAnswer, SessionAnswer, SignedInAnswer } from '../../views/people.ts'
import type { Answer } from '../answer.ts'
import type { KeeperPorts } from '../keeper.ts'
import { BACK } from './oidc.ts'

const FROM = { origin: '203.0.113.9', agent: 'a browser' }
const SITE = 'https://status.acme.example'
const BEFORE = 'b'.repeat(43)
type Want = Parameters<NonNullable<KeeperPorts['reach']>>[0]

let one: Identity
test.before(async () => {
  one = await identity(`${SITE}${BACK}`)
})
test.after(() => one.close())

async function world(t: { after(act: () => void): void }, more: { readonly issuer?: string } = {}) {
  one.guest = { id: 'acc_ada', email: 'ada@acme.example', verified: true }
  const egress = realEgress()
  const asked: Want[] = []
  /** What is done to an answer on its way. */
  const way = { twist: (reply: HttpReply): HttpReply | Promise<HttpReply> => reply }
  const site = { ...plan.site, url: SITE }
  const people = { ...plan.people, bo: { name: 'bo', email: 'Bo@Acme.example', reach: [], roles: ['owner' as const] }, cy: { name: 'cy', email: 'twin@acme.example', reach: [] }, di: { name: 'di', email: 'twin@acme.example', reach: [] } }
  const oidc = { issuer: more.issuer ?? one.issuer, client_id: CLIENT.id, client_secret: CLIENT.secret, name: 'Acme' }
  const w = await keeperWorld(t, { ...configOf([]), site, signIn: { oidc }, plan: { ...plan, site, people } }, {
    async reach(want) {
      asked.push(want)
      return way.twist(await egress.request({ ...want, signal: AbortSignal.timeout(5000), maxBody: 100_000 }))
    },
  })
  const ask = async (name: string, args: unknown): Promise<Answer> => {
    let over = false
    const watched = w.ask(name, args, { is: 'socket' }).finally(() => void (over = true))
    while (!over) {
      await w.settle()
      await new Promise((go) => setImmediate(go))
    }
    return watched
  }
  const begin = async (before = BEFORE): Promise<string> => ((await ask('people.beginOidc', { before, from: FROM })).body as ProviderAnswer).url
  const end = (back: URL | string, before = BEFORE): Promise<Answer> => ask('people.enterByOidc', { before, query: typeof back === 'string' ? back : back.search.slice(1), from: FROM })
  const codeOf = ({ body }: Answer): string => (body as ErrorAnswer).error?.code
  const whole = async (): Promise<Answer> => end(await one.visit(await begin()))
  const audit = async (): Promise<string[]> => ((await ask('people.audit', {})).body as AuditAnswer).entries.map(({ says }) => says)
  return { w, ask, begin, end, codeOf, whole, audit, way, asked }
}

test('a verified address of somebody configured lets them in; the account is theirs from then on', async (t) => {
  const it = await world(t)
  assert.equal(((await it.ask('people.door', {})).body as DoorAnswer).oidc, 'Acme')
  const first = new URL(await it.begin())
  for (const [name, value] of [['response_type', 'code'], ['code_challenge_method', 'S256'], ['redirect_uri', `${SITE}${BACK}`], ['scope', 'openid email']] as const) assert.equal(first.searchParams.get(name), value)
  for (const name of ['state', 'nonce', 'code_challenge']) assert.equal(first.searchParams.get(name)?.length, 43)
  const entered = await it.whole()
  assert.equal(entered.status, 200, JSON.stringify(entered.body))
  const { secret } = entered.body as SignedInAnswer
  const session = (await it.ask('people.session', { session: secret })).body as SessionAnswer
  assert.deepEqual([session.person, session.incomplete], ['ada', false])
  assert.equal((await it.whole()).status, 200)
  assert.ok((await it.audit()).includes('ada signed in by identity provider from 203.0.113.9'))
  one.guest = { id: 'acc_bo', email: 'bo@acme.example', verified: true }
  const owner = (await it.whole()).body as SignedInAnswer
  assert.deepEqual((await it.ask('people.session', { session: owner.secret })).body, { ...(await it.ask('people.session', { session: owner.secret })).body as object, person: 'bo', incomplete: true, rights: [] }, 'who may destroy needs more than the provider’s word')
  assert.ok(it.asked.every(({ url, trust }) => url.startsWith(one.issuer) && trust === 'configured'))
  assert.ok(!JSON.stringify([it.w.entries(), await it.audit()]).includes(CLIENT.secret))
})

test('an address that is not verified, unknown, missing, or of two people lets nobody in', async (t) => {
  const it = await world(t)
  for (const guest of [
    { id: 'acc_1', email: 'ada@acme.example', verified: false }, { id: 'acc_2', email: 'ada@acme.example' }, { id: 'acc_3', email: 'eve@acme.example', verified: true }, { id: 'acc_4' }, { id: 'acc_5', email: 'twin@acme.example', verified: true }, { id: 'ada', email: '', verified: true },
  ]) {
    one.guest = guest
    assert.equal(it.codeOf(await it.whole()), 'HF457', guest.id)
  }
  assert.ok((await it.audit()).some((says) => says.startsWith('refused: an identity provider without a verified address')))
})

test('an address that is given to somebody new opens nothing; a recovery link lets the former account go', async (t) => {
  const it = await world(t)
  assert.equal((await it.whole()).status, 200)
  one.guest = { id: 'acc_new', email: 'ada@acme.example', verified: true }
  assert.equal(it.codeOf(await it.whole()), 'HF458')
  one.guest = { id: 'acc_ada', email: 'bo@acme.example', verified: true }
  assert.equal(it.codeOf(await it.whole()), 'HF458', 'nor does the same account with an address of another person')
  const link = ((await it.ask('people.recover', { who: 'ada' })).body as LinkAnswer).url.split('/').at(-1)
  await it.ask('people.enter', { what: 'recover', link, from: FROM })
  one.guest = { id: 'acc_new', email: 'ada@acme.example', verified: true }
  assert.equal((await it.whole()).status, 200)
})

test('what was begun is ended once, in the same browser, in time', async (t) => {
  const it = await world(t)
  const back = await one.visit(await it.begin())
  assert.equal(it.codeOf(await it.end(back, 'c'.repeat(43))), 'HF456', 'another browser')
  assert.equal(it.codeOf(await it.end(back)), 'HF456', 'used up by that')
  const other = await one.visit(await it.begin())
  assert.equal((await it.end(other)).status, 200)
  assert.equal(it.codeOf(await it.end(other)), 'HF456', 'replayed')
  const late = await one.visit(await it.begin())
  await it.w.pass(minutes(15))
  assert.equal(it.codeOf(await it.end(late)), 'HF456')
  const stepped = await one.visit(await it.begin())
  it.w.step(ms(-86_400_000))
  assert.equal((await it.end(stepped)).status, 200, 'a clock that was set changes nothing')
})

test('state, code, issuer and what else comes back are judged', async (t) => {
  const it = await world(t)
  const twisted = async (change: (query: URLSearchParams) => void): Promise<string> => {
    const back = await one.visit(await it.begin())
    change(back.searchParams)
    return it.codeOf(await it.end(back))
  }
  assert.equal(await twisted((query) => query.set('state', 's'.repeat(43))), 'HF456')
  assert.equal(await twisted((query) => query.delete('state')), 'HF456')
  assert.equal(await twisted((query) => query.append('state', 'x')), 'HF456', 'twice')
  assert.equal(await twisted((query) => query.set('code', 'x'.repeat(43))), 'HF456')
  assert.equal(await twisted((query) => query.set('iss', 'https://evil.example')), 'HF456', 'mixed up with another provider')
  assert.equal(await twisted((query) => query.delete('iss')), 'HF456', 'it says that it sends it')
  assert.equal(await twisted((query) => query.set('error', 'access_denied')), 'HF456')
  for (const odd of ['', 'state', '&&&', '%', 'x'.repeat(8000)]) assert.equal(it.codeOf(await it.end(odd)), 'HF456', odd.slice(0, 10))
  // The code of one's own sign-in, put into what somebody else began: the code is bound to its own PKCE.
  const mine = await one.visit(await it.begin())
  const theirs = await one.visit(await it.begin('c'.repeat(43)))
  theirs.searchParams.set('code', mine.searchParams.get('code') ?? '')
  assert.equal(it.codeOf(await it.end(theirs, 'c'.repeat(43))), 'HF456')
})

/** The answer of the token endpoint with another token in it. */
function withToken(reply: HttpReply, change: (token: string) => string): HttpReply {
  const said = JSON.parse(reply.body.toString()) as { id_token?: string }
  return said.id_token === undefined ? reply : { status: reply.status, headers: { 'content-type': 'application/json' }, truncated: false, phases: reply.phases, addressClass: reply.addressClass, body: Buffer.from(JSON.stringify({ ...said, id_token: change(said.id_token) })) }
}

/** A token that the provider made for somebody else's client, or for another sign-in. */
async function anotherToken(url: string, of = CLIENT, verifier = 'v'.repeat(43)): Promise<string> {
  const at = new URL(url)
  at.searchParams.set('client_id', of.id)
  at.searchParams.set('code_challenge', 'kqUYCAaU5pnbxGL7a-FnwPbkP9ocQXiLMnJcODn1zNE')
  const { createHash } = await import('node:crypto')
  at.searchParams.set('code_challenge', createHash('sha256').update(verifier).digest('base64url'))
  const back = await one.visit(at.href)
  const reply = await fetch(`${one.issuer}/token`, {
    method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${of.id}:${of.secret}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'authorization_code', code: back.searchParams.get('code') ?? '', redirect_uri: `${SITE}${BACK}`, code_verifier: verifier }),
  })
  return ((await reply.json()) as { id_token: string }).id_token
}

test('a token for another audience, of another sign-in, of another issuer, changed or unsigned lets nobody in', async (t) => {
  const it = await world(t)
  const attempt = async (token: (url: string) => Promise<(had: string) => string>): Promise<string> => {
    const url = await it.begin()
    const change = await token(url)
    it.way.twist = (reply) => (reply.headers['content-type']?.includes('json') ? withToken(reply, change) : reply)
    const code = it.codeOf(await it.end(await one.visit(url)))
    it.way.twist = (reply) => reply
    return code
  }
  const part = (token: string, n: number): Record<string, unknown> => JSON.parse(Buffer.from(token.split('.')[n] ?? '', 'base64url').toString()) as Record<string, unknown>
  const b64 = (it2: unknown): string => Buffer.from(JSON.stringify(it2)).toString('base64url')
  assert.equal(await attempt(async () => (token) => token), undefined, 'as it came')
  assert.equal(await attempt(async (url) => {
    const other = await anotherToken(url, OTHER_CLIENT)
    assert.equal(part(other, 1)['aud'], OTHER_CLIENT.id)
    return () => other
  }), 'HF456', 'another audience')
  assert.equal(await attempt(async (url) => {
    const at = new URL(url)
    at.searchParams.set('nonce', 'n'.repeat(43))
    const other = await anotherToken(at.href)
    return () => other
  }), 'HF456', 'another nonce')
  const remade = (change: object) => async () => (token: string): string => [token.split('.')[0], b64({ ...part(token, 1), ...change }), token.split('.')[2]].join('.')
  for (const change of [{ sub: 'acc_bo' }, { iss: 'https://evil.example' }, { exp: 1 }, { email: 'bo@acme.example', email_verified: true }]) assert.equal(await attempt(remade(change)), 'HF456', JSON.stringify(change))
  assert.equal(await attempt(async () => (token) => `${b64({ alg: 'none' })}.${token.split('.')[1]}.`), 'HF456', 'unsigned')
  assert.equal((await it.whole()).status, 200)
})

test('a provider that is down, slow, too large or lying is away; other ways in stay', async (t) => {
  const gone = await world(t, { issuer: 'http://127.0.0.1:1' })
  assert.equal(gone.codeOf(await gone.ask('people.beginOidc', { before: BEFORE, from: FROM })), 'HF455')
  assert.equal(gone.codeOf(await gone.ask('people.signIn', { named: 'ada', password: 'wrong wrong wrong', from: FROM })), 'HF432')
  const it = await world(t)
  it.way.twist = (reply) => ({ status: 503, headers: {}, truncated: false, phases: reply.phases, addressClass: reply.addressClass, body: Buffer.alloc(0) })
  assert.equal(it.codeOf(await it.ask('people.beginOidc', { before: BEFORE, from: FROM })), 'HF455')
  it.way.twist = (reply) => ({ status: 200, headers: { 'content-type': 'application/json' }, truncated: false, phases: reply.phases, addressClass: reply.addressClass, body: Buffer.from(reply.body.toString().replaceAll(one.issuer, 'http://127.0.0.1:2')) })
  assert.equal(it.codeOf(await it.ask('people.beginOidc', { before: BEFORE, from: FROM })), 'HF455', 'it calls itself otherwise')
  it.way.twist = (reply) => (reply.body.includes('token_endpoint') ? { status: 200, headers: { 'content-type': 'application/json' }, truncated: false, phases: reply.phases, addressClass: reply.addressClass, body: Buffer.from(reply.body.toString().replace(`${one.issuer}/token`, 'http://10.255.255.9/token')) } : reply)
  assert.equal(it.codeOf(await it.end(await one.visit(await it.begin()))), 'HF455', 'a place inside, named by the provider alone')
  assert.deepEqual(it.asked.filter(({ url }) => url === 'http://10.255.255.9/token').map(({ trust }) => trust), ['foreign'])
  await it.w.pass(minutes(61))
  it.way.twist = (reply) => reply
  const back = await one.visit(await it.begin())
  it.way.twist = () => Promise.reject(new Error('reset'))
  assert.equal(it.codeOf(await it.end(back)), 'HF455')
  it.way.twist = (reply) => reply
  assert.equal((await it.whole()).status, 200, 'asked again by the next')
})
