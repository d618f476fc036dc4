// The page of a purge in a real browser, on the smallest phone that people carry: nothing runs over its edge, what is pressed is large enough, and no script runs.
// HOLDFAST_TEST_PICTURES=<folder> keeps its picture. Wants Debian's chromium.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { purgePage } from '../test/guard/purge-page.ts'

test('the page of a purge is readable at 360 pixels', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-purge-page-'))
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
  try {
    const pictures = process.env['HOLDFAST_TEST_PICTURES']
    for (const count of [1, 37, 500]) {
      const file = path.join(folder, `${count}.html`)
      writeFileSync(file, purgePage(count))
      const page = await browser.newPage({ viewport: { width: 360, height: 780 } })
      const complaints: string[] = []
      page.on('console', (it) => complaints.push(it.text()))
      page.on('dialog', (it) => complaints.push(it.message()))
      await page.goto(pathToFileURL(file).href)
      assert.equal(await page.evaluate<number>('document.documentElement.scrollWidth'), 360, `${count}: it runs over the edge`)
      assert.equal(await page.evaluate<number>('Math.min(...[...document.querySelectorAll("button, input:not([type=hidden])")].map((it) => it.getBoundingClientRect().height)) >= 44 ? 1 : 0'), 1, 'what is pressed is large')
      assert.equal(await page.evaluate<number>('Math.min(...[...document.querySelectorAll("p, li")].map((it) => parseFloat(getComputedStyle(it).fontSize))) >= 14 ? 1 : 0'), 1, 'and what is read')
      assert.deepEqual(complaints, [])
      if (pictures !== undefined && count === 37) {
        mkdirSync(pictures, { recursive: true })
        await page.screenshot({ path: path.join(pictures, 'purge-phone.png'), fullPage: true })
      }
      await page.close()
    }
  } finally {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
