// The identity provider at the HTTP door: out by a link of ours, back into the same browser, and never anywhere that a request says.
import assert from 'node:assert/strict'
import test from 'node:test'
import { pushAll, webWorld, type World } from '../../../test/web-world.ts'

const SESSION = 's'.repeat(43)
const NEW = 'n'.repeat(43)
const BROWSER = 'b'.repeat(43)
const ELSEWHERE = 'https://id.acme.example/auth?state=x'

function world(refused?: { status: number; code: string }): World {
  const made = webWorld({
    call(name) {
      if (name === 'people.door') return { is: 'answered', status: 200, body: { schema: 'holdfast.door/1', ownerless: false, people: [], passkeys: true, oidc: 'Acme <id>' } }
      if (refused) return { is: 'refused', status: refused.status, error: { code: refused.code, message: 'of the keeper alone' } }
      return { is: 'answered', status: 200, body: { url: ELSEWHERE, secret: NEW } }
    },
  })
  pushAll(made)
  return made
}

test('the sign-in page leads to the provider by its name, and the browser goes where the keeper says', async () => {
  const it = world()
  assert.match(await (await it.get('/sign-in')).text(), /<a class="go" href="\/sign-in\/oidc">Sign in with Acme &lt;id&gt;<\/a>/)
  const gone = await it.get('/sign-in/oidc?url=https://evil.example&next=//evil.example')
  assert.deepEqual([gone.status, gone.headers.get('location')], [303, ELSEWHERE])
  assert.match(gone.headers.getSetCookie().join(), /^__Host-holdfast-door=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=900$/)
})

test('it comes back into the browser that was sent, which gets a new session; the former one ends', async () => {
  const it = world()
  const back = await it.get('/sign-in/oidc/back?code=c&state=x&next=//evil.example', { headers: { cookie: `__Host-holdfast-door=${BROWSER}; __Host-holdfast=${SESSION}` } })
  assert.deepEqual([back.status, back.headers.get('location')], [303, '/account'])
  assert.deepEqual(back.headers.getSetCookie(), [`__Host-holdfast=${NEW}; Path=/; Secure; HttpOnly; SameSite=Lax`])
  assert.deepEqual(it.asked.calls.map(({ name }) => name), ['people.enterByOidc', 'people.signOut'])
  assert.deepEqual((it.asked.calls[0]?.args as { query?: string } | undefined)?.query, 'code=c&state=x&next=//evil.example')
})

test('another browser, too much, a HEAD: nothing is asked; what is refused is said in words of ours, with the other ways in', async () => {
  const it = world()
  assert.equal((await it.get('/sign-in/oidc/back?code=c&state=x')).status, 400)
  assert.equal((await it.get(`/sign-in/oidc/back?code=${'c'.repeat(9000)}`, { headers: { cookie: `__Host-holdfast-door=${BROWSER}` } })).status, 400)
  await it.get('/sign-in/oidc/back?code=c&state=x', { method: 'HEAD', headers: { cookie: `__Host-holdfast-door=${BROWSER}` } })
  await it.get('/sign-in/oidc', { method: 'HEAD' })
  assert.deepEqual(new Set(it.asked.calls.map(({ name }) => name)), new Set(['people.door']))
  for (const [status, code] of [[503, 'HF455'], [401, 'HF456'], [403, 'HF457'], [403, 'HF458'], [404, 'HF454']] as const) {
    const away = world({ status, code })
    for (const at of ['/sign-in/oidc', '/sign-in/oidc/back?code=c']) {
      const reply = await away.get(at, { headers: { cookie: `__Host-holdfast-door=${BROWSER}` } })
      const text = await reply.text()
      assert.deepEqual([reply.status, /of the keeper alone/.test(text), /name="password"/.test(text)], [status, false, true], `${at} ${code}`)
    }
  }
})
