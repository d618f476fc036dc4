// Draws every page that the public and the paged person can meet, as files, and takes their pictures where a Chromium is at
// hand: `bin/node test/screens.ts <folder>`. Light and dark, at 1320 and 390 pixels.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { IncidentId } from '../src/core/id.ts'
import type { LinkView } from '../src/rooms/page/protocol.ts'
import { renderError, renderIncidentPlace, renderLink, renderNoBoard, renderNoLink, renderNotConfirmed, renderNotFound, renderNotHeard } from '../src/rooms/page/screen.ts'
import { renderBoard } from '../src/rooms/tell/html.ts'
import { renderReport } from '../src/rooms/guard/drills/report-html.ts'
import * as boards from './boards.ts'
import * as reports from './guard/reports.ts'

const CHROMIUM = '/usr/bin/chromium'

export function pages(): Map<string, string> {
  const drawn = new Map<string, string>()
  const { NOW } = boards
  for (const [name, board] of Object.entries({ 'all-well': boards.allWell, 'major-outage': boards.majorOutage, partly: boards.partly, 'not-known': boards.notKnown, stale: boards.stale, fresh: boards.fresh, 'three-days': boards.threeDays, 'open-but-well': boards.openButWell, 'part-out': boards.partOut, 'nothing-shown': boards.nothingShown, 'promise-missed': boards.promiseMissed, 'at-work': boards.atWork, 'down-at-work': boards.downAtWork, named: boards.named, many: boards.many, large: boards.large })) {
    drawn.set(`board-${name}`, renderBoard(board, { now: NOW, live: true }))
  }
  drawn.set('bundle-major-outage', renderBoard(boards.majorOutage, { now: NOW, live: false, reload: { is: 'offered', other: 'live.html' } }))
  const path = '/a/x'
  const view = { incident: { id: 'inc_1' as IncidentId, number: 212, title: 'db is down', says: 'Connection refused from 2 of 3 places. api depends on it.', since: boards.at(-17 * 60_000 - 41_000) }, person: 'ada', timezone: 'Europe/Berlin' }
  const ringing: LinkView = { ...view, state: 'ringing', next: { people: ['bo'], at: boards.at(5 * 60_000) } }
  const held: LinkView = { ...view, state: 'held', heldBy: 'ada', heldSince: boards.at(-14 * 60_000), lapsesAt: boards.at(16 * 60_000) }
  const screens: Readonly<Record<string, string>> = {
    ringing: renderLink({ view: ringing, path, now: NOW }),
    taken: renderLink({ view: held, path, now: NOW, did: { act: 'ack', recorded: true, spared: ['bo'] } }),
    unrecorded: renderLink({ view: held, path, now: NOW, did: { act: 'ack', recorded: false } }),
    held: renderLink({ view: held, path, now: NOW }),
    'held-by-another': renderLink({ view: { ...held, person: 'bo' }, path, now: NOW, did: { act: 'ack', recorded: true } }),
    passed: renderLink({ view: ringing, path, now: NOW, did: { act: 'pass', recorded: true } }),
    over: renderLink({ view: { ...view, state: 'over' }, path, now: NOW }),
    'unknown-link': renderNoLink('unknown-link'),
    'not-confirmed': renderNotConfirmed('The ringer did not answer within 8 s.', path),
    'passed-unrecorded': renderLink({ view: ringing, path, now: NOW, did: { act: 'pass', recorded: false } }),
    'passed-to-nobody': renderLink({ view: { ...ringing, next: { people: ['ada'], at: NOW } }, path, now: NOW, did: { act: 'pass', recorded: true } }),
    lapsed: renderLink({ view: { ...ringing, next: { people: ['ada', 'bo'], at: boards.at(20_000) } }, path, now: NOW }),
    long: renderLink({ view: { ...ringing, incident: { ...view.incident, title: 'kundenverwaltungsoberflächenauthentifizierungsdienst-eu-central-1.internal is down', says: 'getaddrinfo ENOTFOUND kundenverwaltungsoberflaechenauthentifizierungsdienst-eu-central-1.internal\n'.repeat(4) }, next: { people: ['ada', 'bo', 'chen', 'dana', 'eli'], at: boards.at(40 * 3_600_000) } }, path, now: NOW }),
    closed: renderNoLink('closed'),
    incident: renderIncidentPlace('inc_71d9c3a40be15a77d1f04c9f3b6e2d18', '/'),
    'incident-no-board': renderIncidentPlace('inc_71d9c3a40be15a77d1f04c9f3b6e2d18'),
    'not-heard': renderNotHeard(),
    error: renderError('It failed here; what went wrong stands in the log.'),
    'not-found': renderNotFound(),
    'no-board': renderNoBoard(),
  }
  for (const [name, screen] of Object.entries(screens)) drawn.set(`link-${name}`, screen)
  for (const [name, report] of Object.entries(reports.ALL)) drawn.set(`report-${name}`, renderReport(report))
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
      for (const width of [1320, 390]) {
        const sheet = await browser.newPage({ colorScheme, viewport: { width, height: 900 }, deviceScaleFactor: width === 390 ? 2 : 1 })
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
