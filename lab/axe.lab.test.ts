// Every page that the public and the paged person meet, in a real browser under the policy it is served with: axe finds nothing
// (WCAG 2.0–2.2 A and AA) in light and dark, at 1320 and 390 px; nothing overflows at 320 px; buttons are large; no script is
// needed; and a page left open for five minutes says so. Wants Debian's chromium.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import test, { after, before } from 'node:test'
import { chromium, type Browser, type Page } from 'playwright-core'
import * as boards from '../test/boards.ts'
import { HOSTILE } from '../test/hostile.ts'
import * as reports from '../test/guard/reports.ts'
import { pages } from '../test/screens.ts'
import { REPORT_POLICY, renderReport } from '../src/rooms/guard/drills/report-html.ts'
import { SCREEN_POLICY } from '../src/rooms/page/screen.ts'
import { renderBoard } from '../src/rooms/tell/html.ts'
import { BOARD_POLICY } from '../src/rooms/tell/style.ts'

const CHROMIUM = '/usr/bin/chromium'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

let browser: Browser
before(async () => {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is missing: apt-get install -y --no-install-recommends chromium`)
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
})
after(() => browser.close())

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

/** Opens a page as the server would give it; what the browser complains of ends up in `complaints`. */
async function open(page: Page, name: string, body: string): Promise<string[]> {
  const complaints: string[] = []
  page.removeAllListeners('console')
  page.on('console', (message) => complaints.push(message.text()))
  await page.unrouteAll()
  await page.route('**/*', (route) => route.fulfill({ status: 200, contentType: 'text/html; charset=utf-8', body, headers: { 'Content-Security-Policy': name.startsWith('link-') ? SCREEN_POLICY : name.startsWith('report-') ? REPORT_POLICY : BOARD_POLICY } }))
  await page.goto(`http://status.acme.example/${name}`)
  return complaints
}

async function violations(page: Page): Promise<string[]> {
  // By the debugger, so that the page's own policy stands.
  await page.evaluate(AXE)
  const found = await page.evaluate<readonly Violation[]>(`axe.run(document, { runOnly: ${JSON.stringify(TAGS)} }).then((r) => r.violations)`)
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map((n) => `${n.html} ${n.failureSummary ?? ''}`).join('\n')}`)
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1320, 390]) {
    test(`axe finds nothing: ${colorScheme}, ${width} px`, async () => {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
      for (const [name, body] of pages()) {
        assert.deepEqual(await open(page, name, body), [], `${name}: the browser complains`)
        assert.deepEqual(await violations(page), [], name)
      }
      await page.close()
    })
  }
}

test('without scripts, at 320 px, nothing overflows, whatever is written', async () => {
  const page = await browser.newPage({ viewport: { width: 320, height: 640 } })
  const drawn = new Map(pages())
  for (const [i, text] of HOSTILE.entries()) {
    drawn.set(`board-hostile-${i}`, renderBoard({
      ...boards.majorOutage, name: text, components: boards.majorOutage.components.map((c) => ({ ...c, name: text })),
      statements: boards.majorOutage.statements.map((s) => ({ ...s, title: text, updates: s.updates.map((u) => ({ ...u, body: text })) })),
    }, { now: boards.NOW, live: true }))
  }
  for (const [i, text] of HOSTILE.entries()) drawn.set(`report-hostile-${i}`, renderReport(reports.hostile(text)))
  for (const [name, body] of drawn) {
    await open(page, name, body)
    const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    assert.ok(over <= 0, `${name} overflows by ${over} px`)
    assert.equal(await page.evaluate('document.scripts.length'), 0)
  }
  await page.close()
})

test('buttons are at least 44 px high, links and summaries 24', async () => {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } })
  for (const [name, body] of pages()) {
    await open(page, name, body)
    const small = await page.evaluate(`[...document.querySelectorAll('button,.go,summary,footer a')].filter((e) => e.getBoundingClientRect().height < (e.matches('button,.go') ? 44 : 24)).map((e) => e.outerHTML)`)
    assert.deepEqual(small, [], name)
  }
  await page.close()
})

test('a page left open for five minutes says that it no longer knows, also to whoever asked for less motion', async () => {
  for (const reducedMotion of ['reduce', 'no-preference'] as const) {
    const page = await browser.newPage({ viewport: { width: 390, height: 900 }, reducedMotion })
    await open(page, 'board', renderBoard(boards.allWell, { now: boards.NOW, live: true }))
    const notice = page.locator('.late')
    assert.equal(await notice.isVisible(), false)
    assert.equal(await page.evaluate(`document.getAnimations().map((a) => { const t = a.effect.getComputedTiming(); a.finish(); return t.endTime })[0]`), 300_000)
    assert.equal(await notice.isVisible(), true)
    assert.deepEqual(await violations(page), [])
    await page.close()
  }
})

test('in forced colours and on paper the states are still told apart by shape and word', async () => {
  const page = await browser.newPage({ forcedColors: 'active', viewport: { width: 1320, height: 900 } })
  await open(page, 'board', renderBoard(boards.majorOutage, { now: boards.NOW, live: true }))
  assert.equal(await page.locator('.r svg').count(), 3)
  assert.deepEqual(await violations(page), [])
  await page.emulateMedia({ media: 'print', forcedColors: 'none' })
  assert.equal(await page.locator('.r', { hasText: 'Down' }).isVisible(), true)
  await page.close()
})
