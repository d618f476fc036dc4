// Passkeys at the HTTP door: what is asked of one browser is answered by it, a session's own proof is wanted, other sites get nothing,
// and the keeper's words do not reach strangers.
import assert from 'node:assert/strict'
import test from 'node:test'
import { csrfOf } from '../session.ts'
import { pushAll, webWorld, type World } from '../../../test/web-world.ts'
import { SCRIPT } from './passkey-script.ts'
import { enterButton } from './passkeys.ts'

const SESSION = 's'.repeat(43)
const NEW = 'n'.repeat(43)
const HERE = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }

function world(refused?: string): World {
  const made = webWorld({
    call(name) {
      const session = { schema: 'holdfast.session/1', id: 'ses_1', person: 'ada', roles: ['owner'], rights: ['read'], incomplete: false, recent: true }
      if (name === 'people.session') return { is: 'answered', status: 200, body: session }
      if (refused !== undefined) return { is: 'refused', status: 401, error: { code: refused, message: 'of the keeper alone', help: 'of the keeper alone' } }
      if (name.includes('ask') || name.includes('begin')) return { is: 'answered', status: 200, body: { schema: 'holdfast.passkey-options/1', options: { challenge: 'c' } } }
      return { is: 'answered', status: 200, body: { secret: NEW, proof: 'p', until: 1 } }
    },
  })
  pushAll(made)
  return made
}

const post = (it: World, at: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> => it.get(at, { method: 'POST', headers: { ...HERE, ...headers }, body: JSON.stringify(body) })
const cookiesOf = (reply: Response): string => reply.headers.getSetCookie().join('\n')

test('a sign-in by passkey is bound to the browser that asked, and ends the session that was there', async () => {
  const it = world()
  const asked = await post(it, '/sign-in/passkey/ask', {})
  const before = /^__Host-holdfast-door=([\w-]{43}); Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=900$/.exec(cookiesOf(asked))?.[1] ?? assert.fail(cookiesOf(asked))
  assert.deepEqual(await asked.json(), { options: { challenge: 'c' } })
  const without = await post(it, '/sign-in/passkey', { shown: {} })
  assert.equal(without.status, 400)
  const entered = await post(it, '/sign-in/passkey', { shown: { id: 'x' } }, { cookie: `__Host-holdfast-door=${before}; __Host-holdfast=${SESSION}` })
  assert.deepEqual([entered.status, await entered.json(), cookiesOf(entered)], [200, { to: '/account' }, `__Host-holdfast=${NEW}; Path=/; Secure; HttpOnly; SameSite=Lax`])
  assert.deepEqual(it.asked.calls.map(({ name }) => name), ['people.askPasskey', 'people.enterByPasskey', 'people.signOut'])
  assert.deepEqual(it.asked.calls[1]?.args, { before, shown: { id: 'x' }, from: { origin: '198.51.100.7', agent: '' } })
  const two = await post(it, '/sign-in/passkey', { shown: {} }, { cookie: `__Host-holdfast-door=${before}; __Host-holdfast-door=${NEW}` })
  assert.equal(two.status, 400, 'one that was slipped in')
})

test('other sites, other kinds of body and too large ones get nowhere', async () => {
  const it = world()
  assert.equal((await post(it, '/sign-in/passkey/ask', {}, { 'sec-fetch-site': 'cross-site' })).status, 403)
  const cookie = `__Host-holdfast-door=${NEW}`
  assert.equal((await post(it, '/sign-in/passkey', {}, { cookie, 'content-type': 'text/plain' })).status, 415)
  assert.equal((await post(it, '/sign-in/passkey', [], { cookie })).status, 400)
  assert.equal((await post(it, '/sign-in/passkey', 'x'.repeat(100_000), { cookie })).status, 413)
  assert.deepEqual(it.asked.calls, [])
})

test('adding one, and proving by one, takes the session’s own proof', async () => {
  const it = world()
  const cookie = `__Host-holdfast=${SESSION}`
  for (const at of ['/account/passkeys/ask', '/account/passkeys', '/account/proofs/ask', '/account/proofs']) {
    assert.equal((await post(it, at, {})).status, 401, at)
    assert.equal((await post(it, at, {}, { cookie })).status, 400, at)
    assert.equal((await post(it, at, {}, { cookie, 'x-csrf': csrfOf(NEW) })).status, 403, at)
    assert.equal((await post(it, at, { hash: 'h' }, { cookie, 'x-csrf': csrfOf(SESSION) })).status, 200, at)
  }
  const added = await post(it, '/account/passkeys', { made: { id: 'x' } }, { cookie, 'x-csrf': csrfOf(SESSION), 'user-agent': 'Mozilla/5.0 (iPhone; …)'.replace('…', 'x') })
  assert.match(cookiesOf(added), new RegExp(`^__Host-holdfast=${NEW};`))
  assert.equal((it.asked.calls.findLast(({ name }) => name === 'people.addPasskey')?.args as { label?: string } | undefined)?.label, 'passkey (iPhone)')
})

test('a stranger reads words of ours only; nobody signs in where the cookie could be read on the way', async () => {
  for (const code of ['HF445', 'HF446', 'HF447', 'HF435', 'HF999']) {
    const reply = await post(world(code), '/sign-in/passkey/ask', {})
    assert.doesNotMatch(await reply.text(), /keeper alone/)
  }
  const it = world()
  it.kit.pushed.site = { ...it.kit.pushed.site, url: 'http://hold.acme.example' }
  const reply = await post(it, '/sign-in/passkey/ask', {})
  assert.deepEqual([reply.status, cookiesOf(reply)], [409, ''])
})

test('the script is a file of ours, and its buttons are hidden until it runs', async () => {
  const reply = await world().get('/passkey.js')
  assert.equal(reply.headers.get('content-type'), 'text/javascript; charset=utf-8')
  assert.equal(await reply.text(), SCRIPT)
  assert.doesNotMatch(SCRIPT, /innerHTML|eval|localStorage|document\.write/)
  assert.match(enterButton('/account"><script>').markup, /^<div hidden class="card" data-does="enter" .*data-next="\/account&#34;&gt;&lt;script&gt;"/)
})
