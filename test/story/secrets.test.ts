// A real Holdfast is given every kind of secret that there is, each is used, refused and misused, processes are killed; then everything
// that it wrote, printed and answered is searched for them (L-6, T-2). The first owner's link is fought over by a hundred on the way.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fromBase32 } from '../base32.ts'
import { formsOf } from '../console-world.ts'
import { runtimeFolder } from '../../src/ports/runtime-folder.ts'
import { codeAt, periodOf } from '../../src/core/totp.ts'
import { instantOf } from '../../src/core/time.ts'
import { folderFor, freePorts, hookSink, program, removeFolder, startHoldfast, until, writeConfig } from './world.ts'

const KEYS = { integration: 'iCanary7Q2wE9rT4yU1pA6sD3fG8hJ5k', hook: 'hook-canary-5mN8vB2x', look: 'look-canary-7cX4zL1q', oidc: 'oidc-canary-3hJ6kP9w', counting: 'counting-canary-8tR2wN5z' }
const PASSWORD = 'canary otter under the 7 roofs'
const OTHER_PASSWORD = 'canary walrus beside 9 rivers'

const config = (ports: readonly number[]): string => `version: 1
site: { name: Acme, url: "http://127.0.0.1:${ports[0]}", timezone: UTC }
channels:
  hook: { webhook: "http://127.0.0.1:${ports[1]}/page", headers: { authorization: "Bearer \${secret:hook}" } }
people:
  ada: { role: owner }
  bo: { role: responder }
checks:
  www: { http: "http://127.0.0.1:${ports[2]}/", every: 1s, timeout: 500ms, headers: { authorization: "Bearer \${secret:look}" } }
escalation:
  default: [{ page: [ada, bo], repeat: 5m }]
ingest: { pagerduty: { main: { key: "\${secret:integration}", escalate: default } } }
sign_in:
  oidc: { issuer: "http://127.0.0.1:${ports[2]}", client_id: holdfast, client_secret: "\${secret:oidc}" }
stores: { nas: { dir: ./nas } }
backups:
  shop: { engine: postgres, in: { nas: "shop-{date}.dump" }, every: 24h, manifest: { postgres: "postgres://app:\${secret:counting}@127.0.0.1:1/shop" } }
status_pages:
  public: { components: { Website: www }, publish: ["dir:./public"] }
`

/** Every file below a folder. */
const filesIn = (folder: string): string[] => readdirSync(folder, { withFileTypes: true }).flatMap((it) => (it.isDirectory() ? filesIn(path.join(folder, it.name)) : it.isFile() ? [path.join(folder, it.name)] : []))

/** A secret as it might stand somewhere: as text, and as bytes or in another alphabet where it is made of bytes. */
const spellings = (secret: string | Buffer): Buffer[] => (typeof secret === 'string' ? [Buffer.from(secret), Buffer.from(Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -2)), Buffer.from(encodeURIComponent(secret))]
  : [secret, ...(['hex', 'base64', 'base64url'] as const).map((alphabet) => Buffer.from(secret.toString(alphabet).replace(/=+$/, '')))])

test('no secret stands in anything that Holdfast writes, prints or answers; a hundred first owners are one', { timeout: 300_000 }, async (t) => {
  const folder = folderFor('secrets')
  t.after(() => removeFolder(folder))
  const ports = await freePorts(3)
  const [port = 0, hookPort = 0, wwwPort = 0] = ports
  writeConfig(folder, config(ports))
  mkdirSync(path.join(folder, 'nas'))
  for (const [name, text] of [['.holdfast-store', ''], [`shop-${new Date().toISOString().slice(0, 10)}.dump`, 'a dump']] as const) writeFileSync(path.join(folder, 'nas', name), text)
  const hooks = await hookSink(hookPort)
  t.after(() => hooks.close())
  let status = 200
  const www = await program(wwwPort, () => ({ status, body: 'here' }))
  t.after(() => www.close())
  const env = { HOLDFAST_SECRET_HOOK: KEYS.hook, HOLDFAST_SECRET_LOOK: KEYS.look, HOLDFAST_SECRET_OIDC: KEYS.oidc, HOLDFAST_SECRET_INTEGRATION: KEYS.integration, HOLDFAST_SECRET_COUNTING: KEYS.counting }
  const running = startHoldfast(folder, port, env)
  t.after(() => running.stop())
  await until('it runs', 60_000, () => running.output().includes('board at') && running.output().includes('Nobody owns')).catch(() => assert.fail(running.output()))
  const site = `http://127.0.0.1:${port}`
  const secrets = new Map<string, string | Buffer>([...Object.entries(KEYS), ['password', PASSWORD], ['another password', OTHER_PASSWORD]])
  const answers: string[] = []
  const send = async (at: string, { cookie, form, address = '198.51.100.1', headers }: { cookie?: string; form?: Readonly<Record<string, string>>; address?: string; headers?: Record<string, string> } = {}) => {
    const reply = await fetch(`${site}${at}`, {
      method: form ? 'POST' : 'GET', redirect: 'manual',
      headers: { 'x-forwarded-for': address, accept: 'text/html', ...(cookie === undefined ? {} : { cookie }), ...headers, ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    })
    return { status: reply.status, text: await reply.text(), cookie: reply.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
  }
  /** A page for its reader: what is shown once is meant for them, everything else is searched. */
  const read = async (at: string, cookie: string): Promise<string> => {
    const { text } = await send(at, { cookie })
    answers.push(text)
    return text
  }
  const cli = async (...args: string[]): Promise<string> => {
    const { out, err } = await running.cli(...args)
    answers.push(err)
    return out
  }

  // The first owner.
  assert.doesNotMatch(running.output(), /welcome/, 'a log is no terminal')
  const link = (await cli('people', 'first-owner')).trim()
  const linkSecret = link.split('/').at(-1) ?? ''
  assert.match(linkSecret, /^[\w-]{43}$/)
  secrets.set('the first owner’s link', linkSecret)
  const claims = await Promise.all(Array.from({ length: 100 }, (_, n) => send(`/welcome/first-owner/${linkSecret}`, { form: { person: 'ada' }, address: `203.0.113.${n}` })))
  const won = claims.filter((it) => it.status === 303)
  assert.deepEqual([won.length, claims.filter((it) => it.status === 410).length], [1, 99])
  for (const again of [undefined, { person: 'ada' }, { person: 'eve' }]) assert.equal((await send(`/welcome/first-owner/${linkSecret}`, again ? { form: again, address: '192.0.2.1' } : {})).status, 410, 'the way is closed')
  assert.match((await running.cli('people', 'first-owner')).err, /HF444/)
  const first = won[0]?.cookie ?? ''
  const use = (name: string, cookie: string): string => {
    secrets.set(name, cookie.split('=')[1] ?? '')
    return cookie
  }
  use('the first session', first)

  // A password by the page, an authenticator and a token by the machine.
  const account = await send('/account', { cookie: first })
  const csrf = formsOf(account.text)[0]?.fields.get('csrf') ?? ''
  const passwordForm = formsOf(account.text).find((form) => form.action.includes('password')) ?? assert.fail('no form for a password')
  secrets.set('a form’s own proof', csrf)
  assert.equal((await send(passwordForm.action, { cookie: first, form: { csrf, password: PASSWORD, again: PASSWORD } })).status, 303)
  const uri = (await cli('people', 'enrol', 'ada')).split('\n')[0] ?? ''
  const totp = new URL(uri).searchParams.get('secret') ?? ''
  secrets.set('the authenticator', totp).set('the authenticator’s bytes', Buffer.from(fromBase32(totp)))
  const code = (by = 0): string => codeAt(fromBase32(totp), periodOf(instantOf(Date.now())) + by)
  // Half a minute may end between a code and its use.
  await until('the authenticator is added', 60_000, async () => {
    const { code: exit, err } = await running.cli('people', 'enrol', 'ada', '--code', code(-1))
    answers.push(err)
    return exit === 0
  })
  const token = (await cli('tokens', 'create', 'ci', '--scope', 'admin', '--expires', '1d')).trim()
  const fenced = (await cli('tokens', 'create', 'fenced', '--scope', 'read', '--from', '10.0.0.0/8')).trim()
  secrets.set('a token', token.slice(3)).set('a fenced token', fenced.slice(3))
  const invited = (await cli('people', 'invite', 'bo')).trim().split('/').at(-1) ?? ''
  const recovered = (await cli('people', 'recover', 'bo')).trim().split('/').at(-1) ?? ''
  secrets.set('an invitation', invited).set('a way back', recovered)

  // Each is used, and misused.
  const signIn = (password: string, given: string) => send('/sign-in', { form: { named: 'ada', password, code: given } })
  const used = code()
  const signed = await signIn(PASSWORD, used)
  assert.equal(signed.status, 303)
  const ada = use('a session', signed.cookie)
  answers.push((await signIn(OTHER_PASSWORD, '000000')).text, (await signIn(PASSWORD, used)).text, (await signIn(PASSWORD, 'abcd-efgh-jkmn')).text)
  answers.push((await send('/sign-in/oidc', { form: {} })).text)
  const own = formsOf((await send('/account', { cookie: ada })).text)[0]?.fields.get('csrf') ?? ''
  const codes = [...(await send('/account/recovery', { cookie: ada, form: { csrf: own } })).text.matchAll(/[0-9a-z]{4}(?:-[0-9a-z]{4}){5}/g)].map(([it]) => it)
  assert.equal(codes.length, 10)
  for (const [n, it] of codes.entries()) secrets.set(`recovery code ${n}`, it)
  assert.equal((await signIn(PASSWORD, codes[0] ?? '')).status, 303)
  answers.push((await signIn(PASSWORD, codes[0] ?? '')).text)
  const bo = use('a session of another', (await send(`/welcome/invite/${invited}`, { form: {} })).cookie)
  answers.push((await send(`/welcome/recover/${invited}`, { form: {} })).text, (await send(`/welcome/invite/${invited}`)).text)
  for (const [secret, address] of [[token, '198.51.100.1'], [fenced, '198.51.100.1'], [fenced, '10.0.0.7'], [`${token.slice(0, -1)}x`, '198.51.100.1']] as const) {
    for (const at of ['/api/v1/status', '/api/v1/people', '/api/v1/tokens', '/api/v1/audit']) answers.push((await send(at, { address, headers: { authorization: `Bearer ${secret}` } })).text)
  }
  for (const cookie of [ada, bo, first]) for (const at of ['/account', '/people', '/tokens', '/audit', '/api/v1/people', '/api/v1/tokens', '/']) await read(at, cookie)
  for (const at of [`/welcome/%ff/${linkSecret}`, `/nothing?token=${token}`, `/a/${linkSecret}`, `/account?password=${encodeURIComponent(PASSWORD)}`]) answers.push((await send(at)).text.replaceAll(linkSecret, ''))
  const trigger = (routing_key: string) => fetch(`${site}/v2/enqueue`, { method: 'POST', body: JSON.stringify({ routing_key, event_action: 'trigger', dedup_key: 'd', payload: { summary: 'canary', source: 's', severity: 'critical' } }) }).then((it) => it.text())
  answers.push(await trigger(KEYS.integration), await trigger(`${KEYS.integration.slice(0, -1)}x`))
  status = 500
  await until('a page goes out', 60_000, () => hooks.hooks.length > 0)
  assert.equal(await fetch(`${site}/healthz`).then((it) => it.status), 200)

  // A backup whose database refuses: what is said of it waits in a file.
  await until('its copy is listed', 60_000, async () => (await cli('backups', 'show', 'shop', '--json')).includes('"copy":"shop-'))
  const backup = await running.cli('exec', '--backup', 'shop', '--', 'true')
  assert.match(backup.err, /nothing was counted: shop at 127\.0\.0\.1:1: refused/)
  answers.push(backup.err, await cli('backups', 'show', 'shop', '--json'), await cli('validate', '--json'))

  // Processes die.
  for (const name of ['web', 'keeper', 'prober'] as const) process.kill(running.pids()[name] ?? assert.fail(name), 'SIGABRT')
  await until('the keeper is back', 60_000, async () => (await running.cli('audit', '--json')).code === 0)
  for (const args of [['audit'], ['audit', '--json'], ['people', 'list', '--json'], ['tokens', 'list', '--json'], ['status', '--json'], ['incidents', 'list', '--json'], ['checks', 'show', 'www', '--json'], ['doctor', '--json'], ['board', 'show', '--json']]) answers.push(await cli(...args))
  answers.push(await fetch(`${site}/metrics`).then((it) => it.text()), await fetch(`${site}/api/v1/openapi.json`).then((it) => it.text()))
  const audit = await cli('audit')
  for (const says of [/ada became the first owner/, /ada signed in by password and code/, /refused as ada: wrong name or password/, /refused as ada: wrong code/, /the token fenced was refused: not from where it is taken, from 198\.51\.100\.1/, /a token that nobody knows was refused/, /ada has a new password/, /ada added an authenticator/, /a link \(invite\) was made for bo/]) assert.match(audit, says)
  await until('the board is published', 60_000, () => filesIn(path.join(folder, 'public')).length > 0)
  await running.stop()

  const key = readFileSync(path.join(folder, 'data', 'node.key'))
  secrets.set('the node’s key', key.length === 32 ? key : Buffer.from(key.toString().trim(), 'base64'))
  for (const [name, secret] of secrets) assert.ok(secret.length >= 16, `${name} was not had`)
  const runtime = runtimeFolder(path.join(folder, 'data'))
  const files = [...filesIn(path.join(folder, 'data')), ...filesIn(path.join(folder, 'public')), ...filesIn(path.join(folder, 'holdfast-data-spool')), ...filesIn(runtime)].filter((file) => path.basename(file) !== 'node.key' && path.basename(file) !== 'reserve' && statSync(file).size < 50e6)
  assert.ok(files.some((file) => file.endsWith('holdfast.db')) && files.length > 4)
  // What a form carries to its own reader stands in the page that they asked for.
  const written = new Map([...files.map((file) => [file, readFileSync(file)] as const), ['what it printed', Buffer.from(running.output())] as const, ...answers.map((text, n) => [`answer ${n}: ${text.slice(0, 200)}`, Buffer.from(text.replaceAll(csrf, ''))] as const)])
  assert.ok(createHash('sha256').update(token).digest('hex').length === 64 && [...written.values()].some((bytes) => bytes.includes(createHash('sha256').update(token).digest('hex'))), 'the search would find what is there: a hash')
  for (const [where, bytes] of written) for (const [name, secret] of secrets) for (const spelling of spellings(secret)) assert.ok(!bytes.includes(spelling), `${name} stands in ${where}`)
})
