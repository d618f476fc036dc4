// A fresh installation, set up on a phone from the link of the first owner, in a real browser against the real program: in under two
// minutes there is an owner with password and authenticator. On the way every page of the console is looked at: axe finds nothing in
// light and dark, on a phone and on a desk; nothing overflows at 320 px; targets are large; no script runs; the browser complains of
// nothing. HOLDFAST_TEST_PICTURES=<folder> keeps pictures of the pages. Wants Debian's chromium.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { chromium, type Browser, type Page } from 'playwright-core'
import { codeAt, periodOf } from '../src/core/totp.ts'
import { instantOf } from '../src/core/time.ts'
import { fromBase32 } from '../test/base32.ts'
import { folderFor, freePorts, removeFolder, startHoldfast, until, hookSink, writeConfig, type Running } from '../test/story/world.ts'

const CHROMIUM = '/usr/bin/chromium'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const PICTURES = process.env['HOLDFAST_TEST_PICTURES']
const PHONE = { width: 390, height: 844 }
const PASSWORD = 'amber otter on the roof'

let browser: Browser
let holdfast: Running
let folder: string
let site: string
let sink: Awaited<ReturnType<typeof hookSink>>

before(async () => {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: apt-get install -y --no-install-recommends chromium`)
  const [port = 0, hook = 0] = await freePorts(2)
  folder = folderFor('console')
  // A name, not an address: browsers take no passkeys for addresses.
  site = `http://localhost:${port}`
  sink = await hookSink(hook)
  writeConfig(folder, `version: 1
site: { name: Acme Hosting, url: "${site}", timezone: Europe/Berlin }
people:
  ada: { email: ada@acme.example, role: owner, reach: [push] }
  bo: { email: bo@acme.example, role: responder, reach: [push] }
channels:
  push: { webhook: "http://127.0.0.1:${hook}/" }
escalation:
  default: [ { page: ada } ]
checks:
  web: { tcp: "127.0.0.1:${port}" }
stores:
  nas: { dir: ./nas }
  offsite: { dir: ./offsite }
backups:
  shop: { engine: postgres, of: web, in: { nas: "pg/shop-{date}.dump", offsite: "pg/shop-{date}.dump" }, every: 24h }
  panel: { engine: files, in: { nas: "panel/{date}.tar.zst" }, every: 24h }
`)
  makeCopies(folder)
  holdfast = startHoldfast(folder, port)
  await until('the web process answers', 30_000, () => fetch(`${site}/healthz`).then((reply) => reply.ok, () => false))
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
})
after(async () => {
  await browser?.close()
  await holdfast?.stop()
  sink?.close()
  if (folder) removeFolder(folder)
})

interface Violation { readonly id: string; readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[] }

async function violations(page: Page): Promise<string[]> {
  // By the debugger, so that the page's own policy stands.
  await page.evaluate(AXE)
  const found = await page.evaluate<readonly Violation[]>(`axe.run(document, { runOnly: ${JSON.stringify(TAGS)} }).then((r) => r.violations)`)
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map((n) => `${n.html} ${n.failureSummary ?? ''}`).join('\n')}`)
}

/** Everything that is asked of a page, whatever it shows. */
async function inspect(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [PHONE.width, 1320]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: PHONE.height })
      assert.deepEqual(await violations(page), [], `${name}, ${colorScheme}, ${width} px`)
      if (PICTURES !== undefined) {
        mkdirSync(PICTURES, { recursive: true })
        await page.screenshot({ path: path.join(PICTURES, `${name}-${width === PHONE.width ? 'phone' : 'desk'}${colorScheme === 'dark' ? '-dark' : ''}.png`), fullPage: true })
      }
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 320, height: 640 })
  const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
  assert.ok(over <= 0, `${name} overflows by ${over} px at 320 px`)
  await page.setViewportSize(PHONE)
  const small = await page.evaluate(`[...document.querySelectorAll('button,.go,summary,nav a,.whole,input:not([type=hidden],[type=checkbox],[type=radio]),select,.choice')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44).map((e) => e.outerHTML)`)
  assert.deepEqual(small, [], `${name}: too small for a thumb`)
}

/** What the first owner opens. */
async function printedLink(): Promise<string> {
  const { out, err } = await holdfast.cli('people', 'first-owner')
  const link = /http\S+\/welcome\/first-owner\/[\w-]{43}/.exec(out)?.[0]
  assert(link, `${out}${err}`)
  return link
}

async function phone(): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: PHONE, deviceScaleFactor: 2, hasTouch: true, javaScriptEnabled: true })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  return { page, complaints }
}

/** Two sets on a NAS, one of them shrunken; the other place is not mounted. */
function makeCopies(at: string): void {
  const nas = path.join(at, 'nas')
  for (const name of ['pg', 'panel']) mkdirSync(path.join(nas, name), { recursive: true })
  writeFileSync(path.join(nas, '.holdfast-store'), '')
  for (let ago = 0; ago < 5; ago++) {
    const day = new Date(Date.now() - ago * 86_400_000)
    for (const [name, bytes] of [[`pg/shop-${day.toISOString().slice(0, 10)}.dump`, 40_000 + ago], [`panel/${day.toISOString().slice(0, 10)}.tar.zst`, ago === 0 ? 900 : 9000]] as const) {
      writeFileSync(path.join(nas, name), Buffer.alloc(bytes))
      utimesSync(path.join(nas, name), day, day)
    }
  }
}

const codeNow = (secret: string, by = 0): string => codeAt(fromBase32(secret), periodOf(instantOf(Date.now())) + by)

/** The walk of the first owner; `look` is given every page. The authenticator's secret. */
async function setUp(page: Page, look: (name: string) => Promise<void>): Promise<string> {
  await page.goto(await printedLink())
  await look('welcome')
  await page.getByText('ada', { exact: true }).click()
  await page.getByRole('button', { name: 'Become the owner' }).click()
  await look('set-up')
  await page.getByLabel('New password').fill(PASSWORD)
  await page.getByLabel('The same once more').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set the password' }).click()
  await look('set-up-password')
  await page.getByRole('button', { name: 'Add an authenticator' }).click()
  await look('authenticator')
  const secret = ((await page.locator('code.secret').textContent()) ?? '').replaceAll(' ', '')
  // The code before this one: the present one is for signing in, and none counts twice.
  await page.getByLabel('The code that it shows now').fill(codeNow(secret, -1))
  await page.getByRole('button', { name: 'Confirm' }).click()
  await look('set-up-authenticator')
  await page.getByRole('button', { name: 'Make recovery codes' }).click()
  await look('recovery-codes')
  await page.getByRole('link', { name: 'I have kept them' }).click()
  await look('set-up-done')
  await page.getByRole('link', { name: 'Sign in with it' }).click()
  await look('sign-in')
  await page.getByLabel('Name or mail address').fill('ada')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByLabel('Code').fill(codeNow(secret))
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('heading', { name: 'Test my phone' }).waitFor()
  await look('account')
  return secret
}

test('a fresh installation is set up on a phone from the printed link; every page on the way, and behind it, is well made', { timeout: 600_000 }, async () => {
  const { page, complaints } = await phone()
  await setUp(page, (name) => inspect(page, name))
  await page.getByRole('button', { name: 'Test push' }).click()
  const rung = await until('the test page goes out', 20_000, () => sink.hooks.at(-1))
  assert.equal(rung.body.person, 'ada')
  await inspect(page, 'test-sent')
  assert(rung.body.ack_url)
  await fetch(rung.body.ack_url, { method: 'POST' })
  await until('the receipt is seen', 10_000, async () => {
    await page.getByRole('link', { name: 'Look again' }).click()
    return page.getByText('Received and answered').isVisible()
  })
  await inspect(page, 'test-received')
  await page.getByRole('link', { name: 'Go back' }).click()
  await page.getByRole('link', { name: 'People' }).click()
  await inspect(page, 'people')
  await page.getByRole('link', { name: /Bo/ }).click()
  await inspect(page, 'person')
  await page.getByRole('button', { name: 'Make an invitation link' }).click()
  await inspect(page, 'invitation')
  const invited = await page.locator('code.secret').textContent()
  await page.getByRole('link', { name: 'Back to Bo' }).click()
  await page.getByRole('link', { name: 'Tokens' }).click()
  await inspect(page, 'tokens-none')
  await page.getByLabel('What it is for').fill('deploy pipeline')
  await page.getByText('write', { exact: true }).click()
  await page.getByRole('button', { name: 'Make it' }).click()
  await inspect(page, 'token')
  await page.getByRole('link', { name: 'I have kept it' }).click()
  await inspect(page, 'tokens')
  await page.getByRole('link', { name: 'Backups' }).click()
  await inspect(page, 'backups')
  assert.match((await page.textContent('main')) ?? '', /panel[^]*shrunken[^]*shop[^]*not known/)
  await page.getByRole('link', { name: /panel/ }).click()
  await inspect(page, 'backup-set')
  const granted = await holdfast.cli('people', 'grant', 'bo', 'approver')
  assert.equal(granted.code, 0, granted.err)
  const asked = await holdfast.cli('approvals', 'ask', 'Promote db2', '--of', 'ada', '--of', 'bo', '-m', 'db1 is gone; db2 is 3 s behind', '--typed', 'db2')
  assert.equal(asked.code, 0, asked.err)
  await page.getByRole('link', { name: 'Approvals' }).click()
  await inspect(page, 'approvals')
  await page.getByRole('link', { name: /Promote db2/ }).click()
  await inspect(page, 'approve')
  await page.goto(`${site}/account`)
  await page.getByRole('link', { name: 'Audit' }).click()
  await inspect(page, 'audit')
  await page.getByLabel('Person').selectOption('ada')
  await page.getByRole('button', { name: 'Show' }).click()
  assert.match(page.url(), /who=ada/)
  const bo = await phone()
  await bo.page.goto(invited ?? '')
  await inspect(bo.page, 'invited')
  await bo.page.getByRole('button', { name: 'Go on as Bo' }).click()
  await inspect(bo.page, 'set-up-bo')
  await bo.page.goto(invited ?? '')
  await inspect(bo.page, 'link-used')
  for (const [at, name] of [['/people', 'may-not'], ['/sign-in', 'sign-in-empty']] as const) {
    await bo.page.goto(`${site}${at}`)
    await inspect(bo.page, name)
  }
  await bo.page.getByLabel('Name or mail address').fill('bo')
  await bo.page.getByLabel('Password').fill('not the password')
  await bo.page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await inspect(bo.page, 'sign-in-wrong')
  const loud = [...complaints, ...bo.complaints].filter((says) => !/status of (401|403|410)/.test(says))
  assert.deepEqual(loud, [], 'the browser complains')
})
