// Draws every page that the public and the paged person can meet, as files, and takes their pictures where a Chromium is at
// hand: `bin/node test/screens.ts <folder>`. Light and dark, at 1320 and 430 pixels.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { renderBoard } from '../src/rooms/tell/html.ts'
import * as boards from './boards.ts'

const CHROMIUM = '/usr/bin/chromium'

export function pages(): Map<string, string> {
  const drawn = new Map<string, string>()
  const { NOW } = boards
  for (const [name, board] of Object.entries({ 'all-well': boards.allWell, 'major-outage': boards.majorOutage, partly: boards.partly, 'not-known': boards.notKnown, stale: boards.stale, fresh: boards.fresh, 'three-days': boards.threeDays, 'open-but-well': boards.openButWell, large: boards.large })) {
    drawn.set(`board-${name}`, renderBoard(board, { now: NOW, live: true }))
  }
  drawn.set('bundle-major-outage', renderBoard(boards.majorOutage, { now: NOW, live: false, reload: { is: 'offered', other: 'live.html' } }))
  return drawn
}

async function main(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const drawn = pages()
  for (const [name, page] of drawn) writeFileSync(join(folder, `${name}.html`), page)
  if (!existsSync(CHROMIUM)) {
    console.log(`${drawn.size} pages in ${folder}; no pictures: ${CHROMIUM} is not installed.`)
    return
  }
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] })
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1320, 430]) {
        const sheet = await browser.newPage({ colorScheme, viewport: { width, height: 900 }, deviceScaleFactor: width === 430 ? 2 : 1 })
        for (const name of drawn.keys()) {
          await sheet.goto(pathToFileURL(resolve(folder, `${name}.html`)).href)
          await sheet.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`), fullPage: true })
        }
        await sheet.close()
      }
    }
  } finally {
    await browser.close()
  }
  console.log(`${drawn.size} pages and ${drawn.size * 4} pictures in ${folder}`)
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? 'screens')
