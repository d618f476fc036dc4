// A fresh Holdfast, set up from the link of the first owner on a phone-sized screen in Debian's chromium, with a passkey of its virtual
// authenticator: added, signed in with, replayed, shown at another address, shown for an approval. And its authenticator codes,
// beside those of oathtool.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import http from 'node:http'
import test from 'node:test'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { base32, codeAt, periodOf } from '../src/core/totp.ts'
import { instantOf } from '../src/core/time.ts'
import { renderFrame, SCRIPT_POLICY } from '../src/http/console/frame.ts'
import { SCRIPT_PATH } from '../src/http/sign-in/passkey-script.ts'
import { proveButton } from '../src/http/sign-in/passkeys.ts'
import { html } from '../src/words/markup.ts'
import { CLIENT, identity } from '../test/places/identity.ts'
import { folderFor, freePorts, removeFolder, startHoldfast, until, writeConfig, type Running } from '../test/story/world.ts'

const CHROMIUM = '/usr/bin/chromium'
const OATHTOOL = '/usr/bin/oathtool'
const HASH = 'a'.repeat(64)

interface World { readonly port: number; readonly other: number; readonly url: string; readonly holdfast: Running }

async function world(t: { after(act: () => unknown): void }, extra: (url: string) => string | Promise<string> = () => ''): Promise<World> {
  const [port = 0, other = 0] = await freePorts(2)
  const folder = folderFor('passkeys')
  const url = `http://localhost:${port}`
  writeConfig(folder, `${await extra(url)}version: 1\nsite: { name: Acme, url: "http://localhost:${port}" }\npeople: { ada: { email: ada@acme.example, role: owner }, bo: { email: bo@acme.example } }\nchecks: { self: { tcp: "127.0.0.1:1", every: 60s } }\n`)
  const holdfast = startHoldfast(folder, port, { HOLDFAST_SECRET_OIDC: CLIENT.secret })
  t.after(async () => {
    await holdfast.stop()
    removeFolder(folder)
  })
  await until('it answers', 20_000, () => fetch(`${url}/healthz`).then((reply) => reply.ok, () => false))
  return { port, other, url, holdfast }
}

/** A phone that has the person's finger on it. */
async function phone(t: { after(act: () => unknown): void }): Promise<{ context: BrowserContext; page: Page; device: Awaited<ReturnType<BrowserContext['newCDPSession']>>; key: string }> {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: apt-get install -y --no-install-recommends chromium`)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
  t.after(() => browser.close())
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const device = await context.newCDPSession(page)
  await device.send('WebAuthn.enable')
  const { authenticatorId: key } = await device.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } })
  return { context, page, device, key }
}

async function ownerLink({ holdfast }: World): Promise<string> {
  const { out } = await holdfast.cli('people', 'first-owner')
  return /http:\/\/\S+/.exec(out)?.[0] ?? assert.fail(out)
}

/** What the browser says to a request for a passkey, as the page's script would put it. */
const SHOW = `async ({ options }) => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0))
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
  const { id, type, response } = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: [] } })
  return { id, type, response: { clientDataJSON: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData), signature: text(response.signature), userHandle: text(response.userHandle) } }
}`

interface Began { readonly cookie: string; readonly options: object }
const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }

/** As a browser of a relay would: what the sign-in asks, with the cookie that it is bound to. */
async function begin(url: string): Promise<Began> {
  const reply = await fetch(`${url}/sign-in/passkey/ask`, { method: 'POST', headers, body: '{}' })
  return { cookie: reply.headers.getSetCookie()[0]?.split(';')[0] ?? '', options: ((await reply.json()) as { options: object }).options }
}
const end = async (url: string, { cookie }: Began, shown: unknown): Promise<number> => (await fetch(`${url}/sign-in/passkey`, { method: 'POST', headers: { ...headers, cookie }, body: JSON.stringify({ shown }) })).status

test('a fresh installation is set up with a passkey from the printed link, on a phone, within two minutes', { timeout: 180_000 }, async (t) => {
  const it = await world(t)
  const { page, context } = await phone(t)
  const complaints: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  const since = Date.now()
  await page.goto(await ownerLink(it))
  await page.getByRole('button').first().click()
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('Passkeys and authenticators').waitFor()
  assert.ok(Date.now() - since < 120_000)
  await page.getByRole('button', { name: 'Sign out' }).click()
  assert.equal((await context.cookies()).some(({ name }) => name === 'holdfast'), false)

  await page.goto(`${it.url}/sign-in?next=/people`)
  const sent = page.waitForRequest((request) => request.url().endsWith('/sign-in/passkey'))
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.waitForURL(`${it.url}/people`)
  const replayed = await page.request.post(`${it.url}/sign-in/passkey`, { headers, data: (await sent).postData() ?? '' })
  assert.equal(replayed.status(), 401, 'the same answer once more')
  const cookies = await context.cookies()
  assert.deepEqual(cookies.filter(({ name }) => name.startsWith('holdfast')).map(({ httpOnly, sameSite }) => [httpOnly, sameSite]), cookies.filter(({ name }) => name.startsWith('holdfast')).map(() => [true, 'Lax']))
  assert.deepEqual(complaints.filter((text) => !text.includes('401')), [], 'the policy of the pages holds')
})

test('what a browser signs at another address, or in another’s name, is refused; a copy of the key is noticed', { timeout: 180_000 }, async (t) => {
  const it = await world(t)
  const { page, device, key } = await phone(t)
  await page.goto(await ownerLink(it))
  await page.getByRole('button').first().click()
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('Passkeys and authenticators').waitFor()

  const copy = http.createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Acme</title>'))
  await new Promise<void>((go) => copy.listen(it.other, 'localhost', go))
  t.after(() => copy.close())
  await page.goto(`http://localhost:${it.other}/`)
  const relayed = await begin(it.url)
  const there = await page.evaluate(`(${SHOW})(${JSON.stringify(relayed)})`)
  assert.equal(await end(it.url, relayed, there), 401, 'signed at the address of a copy')
  await page.goto(`http://127.0.0.1:${it.other}/`).catch(() => undefined)

  await page.goto(`${it.url}/sign-in`)
  const own = await begin(it.url)
  const here = await page.evaluate(`(${SHOW})(${JSON.stringify(own)})`)
  const other = await begin(it.url)
  assert.equal(await end(it.url, other, here), 401, 'asked of another browser')
  const again = await begin(it.url)
  assert.equal(await end(it.url, again, await page.evaluate(`(${SHOW})(${JSON.stringify(again)})`)), 200)

  const { credentials: [credential] } = await device.send('WebAuthn.getCredentials', { authenticatorId: key })
  assert.ok(credential)
  await device.send('WebAuthn.removeCredential', { authenticatorId: key, credentialId: credential.credentialId })
  await device.send('WebAuthn.addCredential', { authenticatorId: key, credential: { ...credential, signCount: 1 } })
  const late = await begin(it.url)
  assert.equal(await end(it.url, late, await page.evaluate(`(${SHOW})(${JSON.stringify(late)})`)), 401, 'a copy from before')
  const { out } = await it.holdfast.cli('audit', '--person', 'ada')
  assert.match(out, /refused as ada: the counter of a passkey went back/)
})

test('a proof for one hash is given by a touch within the form that it is for', { timeout: 180_000 }, async (t) => {
  const it = await world(t)
  const { page } = await phone(t)
  await page.goto(await ownerLink(it))
  await page.getByRole('button').first().click()
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('Passkeys and authenticators').waitFor()
  const csrf = await page.locator('input[name=csrf]').first().inputValue()
  const visit = { secret: '', csrf, session: { schema: 'holdfast.session/1', id: 'ses_1', person: 'ada', roles: [], rights: [], incomplete: false, recent: true }, form: new URLSearchParams() } as const
  const form = html`<form method="post" action="/approved"><input type="hidden" name="hash" value="${HASH}">${proveButton(visit, HASH, { label: 'Yes', name: 'act', value: 'yes' })}</form>`
  await page.route('**/to-approve', (route) => route.fulfill({ status: 200, contentType: 'text/html', headers: { 'content-security-policy': SCRIPT_POLICY }, body: renderFrame({ title: 'Approve', body: form, script: SCRIPT_PATH }) }))
  await page.route('**/approved', (route) => route.fulfill({ status: 200, contentType: 'text/html', body: 'taken' }))
  await page.goto(`${it.url}/to-approve`)
  const sent = page.waitForRequest((request) => request.url().endsWith('/approved'))
  const proved = page.waitForRequest((request) => request.url().endsWith('/account/proofs'))
  await page.getByRole('button', { name: 'Yes' }).click()
  const fields = new URLSearchParams((await sent).postData() ?? '')
  assert.deepEqual([fields.get('hash'), fields.get('act'), fields.get('proof')?.length], [HASH, 'yes', 43])
  const shown = JSON.parse((await proved).postData() ?? '{}') as object
  const prove = (hash: string): Promise<number> => page.request.post(`${it.url}/account/proofs`, { headers: { ...headers, 'x-csrf': csrf }, data: JSON.stringify({ ...shown, hash }) }).then((reply) => reply.status())
  assert.deepEqual([await prove(HASH), await prove('b'.repeat(64))], [401, 401], 'once, and for this hash')
  const { out } = await it.holdfast.cli('audit', '--person', 'ada')
  assert.match(out, /ada showed a passkey for an approval/)
})

test('an identity provider lets somebody in, by the way out of the real processes; when it is gone, it says so', { timeout: 120_000 }, async (t) => {
  let provider: Awaited<ReturnType<typeof identity>> | undefined
  t.after(() => provider?.close())
  const it = await world(t, async (url) => {
    provider = await identity(`${url}/sign-in/oidc/back`)
    return `sign_in: { oidc: { issuer: "${provider.issuer}", client_id: ${CLIENT.id}, client_secret: "\${secret:oidc}", name: Acme } }\n`
  })
  assert.ok(provider)
  const begun = await fetch(`${it.url}/sign-in/oidc`, { redirect: 'manual' })
  assert.equal(begun.status, 303, await begun.text())
  const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const back = await provider.visit(begun.headers.get('location') ?? '')
  assert.equal(back.origin, it.url)
  const entered = await fetch(back, { redirect: 'manual', headers: { cookie } })
  assert.deepEqual([entered.status, entered.headers.get('location')], [303, '/account'])
  const session = entered.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const account = await (await fetch(`${it.url}/account`, { headers: { cookie: session, accept: 'text/html' } })).text()
  assert.match(account, /ada/i)
  assert.equal((await fetch(back, { redirect: 'manual', headers: { cookie } })).status, 401, 'once')
  const next = await fetch(`${it.url}/sign-in/oidc`, { redirect: 'manual' })
  const late = await provider.visit(next.headers.get('location') ?? '')
  await provider.close()
  provider = undefined
  assert.equal((await fetch(late, { redirect: 'manual', headers: { cookie: next.headers.getSetCookie()[0]?.split(';')[0] ?? '' } })).status, 503)
})

const oathtool = (secret: string, ...more: string[]): string => execFileSync(OATHTOOL, ['--totp', '--base32', ...more, secret], { encoding: 'utf8', timeout: 10_000 }).trim()

test('codes are those of oathtool, at any time; and it enrols an authenticator', { timeout: 120_000 }, async (t) => {
  assert.ok(existsSync(OATHTOOL), `${OATHTOOL} is missing: apt-get install -y --no-install-recommends oathtool`)
  for (let n = 0; n < 60; n++) {
    const secret = crypto.getRandomValues(new Uint8Array(20))
    const at = Math.floor(Math.random() * 4_000_000_000)
    assert.equal(codeAt(secret, periodOf(instantOf(at * 1000))), oathtool(base32(secret), '--now', `@${at}`), `${base32(secret)} at ${at}`)
  }
  const it = await world(t)
  const { out } = await it.holdfast.cli('people', 'enrol', 'ada')
  const secret = /secret=([A-Z2-7]+)/.exec(out)?.[1] ?? assert.fail(out)
  const wrong = await it.holdfast.cli('people', 'enrol', 'ada', '--code', oathtool(secret, '--now', '@0'))
  assert.notEqual(wrong.code, 0)
  const right = await it.holdfast.cli('people', 'enrol', 'ada', '--code', oathtool(secret))
  assert.deepEqual([right.code, /is confirmed/.test(right.out)], [0, true], right.err)
})
