// The page: size, truth (T-1), what leaves (T-2), what people write (T-4).
import assert from 'node:assert/strict'
import test from 'node:test'
import * as boards from '../../../test/boards.ts'
import { canaries, planted } from '../../../test/canary.ts'
import { HOSTILE } from '../../../test/hostile.ts'
import { instantOf } from '../../core/time.ts'
import type { Board } from './board.ts'
import { stateOf } from './components.ts'
import { MOST_BYTES, renderBoard } from './html.ts'
import { BOARD_POLICY } from './style.ts'

const { NOW, at } = boards
const live = (board: Board, now = NOW): string => renderBoard(board, { now, live: true })
const filed = (board: Board, now = NOW): string => renderBoard(board, { now, live: false, reload: { is: 'offered', other: 'live.html' } })
const titleOf = (page: string): string => /<title>(.*?)<\/title>/s.exec(page)?.[1] ?? ''
const statesOf = (page: string): string[] => [...page.matchAll(/<p class="r \w"><svg[^>]*><use[^>]*\/><\/svg> ([^<]*)/g)].map(([, word]) => (word ?? '').trim())
const MINUTE = 60_000

test('the title states the state', () => {
  assert.equal(titleOf(live(boards.allWell)), 'All systems operational · Acme Hosting status')
  assert.equal(titleOf(live(boards.majorOutage)), 'API: major outage · Acme Hosting status')
  assert.equal(titleOf(live(boards.partly)), 'API: partial outage · Acme Hosting status')
  assert.equal(titleOf(live(boards.notKnown)), 'E-mail: not known · Acme Hosting status')
  assert.equal(titleOf(live(boards.stale)), 'Not known · Acme Hosting status')
  assert.equal(titleOf(live(boards.fresh)), 'Nothing is measured yet · Acme Hosting status')
})

test('each state has its shape and its word', () => {
  assert.deepEqual(statesOf(live(boards.majorOutage)), ['Operational', 'Down', 'Maintenance'])
  assert.deepEqual(statesOf(live(boards.partly)), ['Operational', 'Partial outage', 'Not known'])
  for (const [shape, word] of [['o', 'Operational'], ['d', 'Down'], ['m', 'Maintenance']]) assert.ok(live(boards.majorOutage).includes(`<use href="#i-${shape}"/></svg> ${word}`))
})

test('an open incident is never “all operational”', () => {
  assert.equal(titleOf(live(boards.openButWell)), 'An incident is open · Acme Hosting status')
})

test('twenty components, ninety days and ten statements fit into 30 kB, whatever happened and whatever is written', () => {
  assert.ok(Buffer.byteLength(live(boards.large)) <= 30_000)
  assert.ok(Buffer.byteLength(filed(boards.large)) <= 30_000)
  const kinds = [{}, { down: 7 }, { degraded: 2 }, { unknown: 9 }]
  const days = boards.daysOf(90, Object.fromEntries(Array.from({ length: 90 }, (_, i) => [i, kinds[i % 4] ?? {}])))
  for (const text of HOSTILE) {
    const page = live({
      ...boards.large, name: text,
      components: boards.large.components.map((c) => ({ ...c, name: text, status: 'partial_outage', days })),
      statements: Array.from({ length: 50 }, (_, i) => ({
        ...(boards.large.statements[i % 10] ?? boards.openStatement([])), id: `stm_${i}`, title: text,
        ...(i < 25 ? { status: 'investigating' as const } : {}), componentIds: boards.large.components.map((c) => c.id),
        updates: Array.from({ length: 30 }, (_, n) => ({ id: `upd_${n}`, status: 'investigating' as const, body: text, at: at(-n * MINUTE), affected: [] })),
      })),
      maintenances: Array.from({ length: 100 }, (_, i) => boards.workOf(i, text, i % 4 === 0 ? 'in_progress' : i % 4 === 1 ? 'completed' : 'scheduled', {
        from: i % 4 === 2 ? -1 : 30, lasts: 2, of: boards.large.components.map((c) => c.id), more: { updates: Array.from({ length: 20 }, (_, n) => ({ id: `mu_${n}`, state: 'scheduled', body: text, at: at(-n * MINUTE) })) },
      })),
    })
    assert.ok(Buffer.byteLength(page) <= MOST_BYTES, `${JSON.stringify(text.slice(0, 20))}: ${Buffer.byteLength(page)} bytes`)
  }
})

test('T-1: until 30 s the time stands alone, until 5 min with its age, then nothing is known', () => {
  const aged = (ms: number): string => live({ ...boards.allWell, asOf: at(-ms) })
  assert.doesNotMatch(aged(29_000), / s ago/)
  assert.match(aged(29_000), /As of 02:31:21 \(Europe\/Berlin\)/)
  assert.match(aged(125_000), /As of 02:29:45 \(Europe\/Berlin\)<\/time> · 2 min ago/)
  assert.deepEqual(statesOf(aged(5 * MINUTE)), ['Operational', 'Operational', 'Operational'])
  assert.deepEqual(statesOf(aged(5 * MINUTE + 1)), ['Not known', 'Not known', 'Not known'])
  const stale = live(boards.stale)
  assert.match(stale, /Not known <span class="s since last">Last known operational 12 min ago<\/span>/)
  assert.match(stale, /<li>21 Nov: 12 min not known<\/li>/, 'and today is no good day')
  assert.match(stale, /No news from the monitoring for 12 min/)
  assert.doesNotMatch(stale, />\s*Operational|All systems/)
})

test('T-1: what is paused is not known, and says so; when the board is old it says only that', () => {
  const [first, ...others] = boards.allWell.components
  assert(first)
  const paused = { ...boards.allWell, components: [{ ...first, status: 'degraded_performance' as const, unknown: true, paused: true as const }, ...others] }
  assert.deepEqual([statesOf(live(paused))[0], /Not known <span class="s since">watching is paused<\/span>/.test(live(paused))], ['Not known', true])
  assert.doesNotMatch(live({ ...paused, asOf: at(-6 * MINUTE) }), /paused/)
  assert.deepEqual(stateOf([{ side: 'paused', heartbeat: true }]), { status: 'degraded_performance', unknown: true })
  assert.deepEqual(stateOf([{ side: 'paused', heartbeat: true }, { side: 'up', heartbeat: false }]), { status: 'operational', unknown: false })
  assert.deepEqual(stateOf([{ side: 'paused', heartbeat: true }, { side: 'down', heartbeat: false }]), { status: 'major_outage', unknown: false })
})

test('T-1: a board from the future has no age, so nothing is known', () => {
  const page = live({ ...boards.allWell, asOf: at(3_600_000) })
  assert.deepEqual([...new Set(statesOf(page))], ['Not known'])
  assert.doesNotMatch(page, /\d (min|s|h|d) ago/)
  assert.deepEqual([...new Set(statesOf(live({ ...boards.allWell, asOf: at(2000) })))], ['Operational'], 'two processes read one clock a moment apart')
  assert.deepEqual([...new Set(statesOf(live({ ...boards.allWell, asOf: instantOf(Number.NaN) })))], ['Not known'])
})

test('T-1: a file says absolute times, how to judge them, and never an age', () => {
  const page = filed(boards.majorOutage)
  assert.match(page, /As of 02:31:48 \(Europe\/Berlin\)/)
  assert.match(page, /If this time is more than 5 minutes ago, the state below is not known\./)
  const old = filed(boards.stale)
  assert.deepEqual([...new Set(statesOf(old))], ['Not known'])
  assert.doesNotMatch(old, /\d (min|s|h|d) ago|for 12 min/)
  assert.match(old, /As of 02:19:50/)
})

test('a page left open says by itself that it is old; none reloads unasked', () => {
  assert.match(live(boards.allWell), /animation:late 0s 300s forwards/)
  assert.doesNotMatch(live(boards.allWell), /http-equiv="refresh"/)
  assert.doesNotMatch(filed(boards.allWell), /http-equiv="refresh"/)
  assert.match(renderBoard(boards.allWell, { now: NOW, live: false, reload: { is: 'on', other: 'index.html' } }), /<meta http-equiv="refresh" content="60">.*href="index.html">Stop reloading/s)
})

test('what is promised is said, and a promise that was missed too', () => {
  assert.match(live(boards.majorOutage), /Next update by 02:44 \(Europe\/Berlin\)/)
  assert.match(live(boards.majorOutage, at(20 * MINUTE)), /An update was promised by 02:44 \(Europe\/Berlin\) and is late/)
})

test('percent and minutes stand beside the bars, unknown apart; before measuring nothing is claimed', () => {
  const page = live(boards.majorOutage)
  assert.match(page, /99\.995 % up · 5 min down/)
  assert.match(page, /100 % up · 41 min not known/)
  assert.match(page, /measuring began 30 Aug/)
  assert.match(page, /<summary>3 days with trouble<\/summary><ul><li>21 Nov: 17 min down<\/li>/)
  assert.match(live(boards.fresh), /nothing measured yet/)
  assert.doesNotMatch(live(boards.fresh), /% up|perational/)
  assert.match(live(boards.threeDays), /No incident since measuring began on 18 Nov, 16:55 \(2 d\)\./)
  assert.match(live({ ...boards.threeDays, measuringSince: at(-400 * 86_400_000) }), /No incident that is over in the last 90 days/)
})

test('T-4: nothing that people write becomes active, and nothing pretends', () => {
  for (const text of HOSTILE) {
    const page = live({
      ...boards.majorOutage, name: text, url: text, timezone: text, id: text,
      components: boards.majorOutage.components.map((c) => ({ ...c, name: text })),
      statements: boards.majorOutage.statements.map((s) => ({ ...s, id: text, title: text, updates: s.updates.map((u) => ({ ...u, id: text, body: text })) })),
      maintenances: boards.atWork.maintenances.map((it) => ({ ...it, id: text, title: text, updates: it.updates.map((u) => ({ ...u, id: text, body: text })) })),
    })
    const tags = new Set([...page.matchAll(/<\/?([a-z?!][\w-]*)/gi)].map(([, name]) => name))
    for (const name of tags) assert.ok(ALLOWED.has(name ?? ''), `<${name}> out of ${JSON.stringify(text.slice(0, 40))}`)
    for (const [tag] of page.matchAll(/<[^>]*>/g)) assert.doesNotMatch(tag.replaceAll(/"[^"]*"/g, '""'), /\s(on\w+|style|src|srcdoc)=|'/, tag)
    assert.deepEqual([...page.matchAll(/\shref="([^"]*)"/g)].map(([, href]) => href).filter((href) => !/^(#i-\w|data:image\/svg\+xml,.*|history\.(atom|rss)|calendar\.ics|api\/v2\/summary\.json|)$/.test(href ?? '')), [])
    // oxlint-disable-next-line no-control-regex -- what must not come out
    assert.doesNotMatch(page, /[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069\u200b]/)
    assert.ok(page.isWellFormed())
  }
})
const ALLOWED = new Set(['!doctype', 'html', 'head', 'meta', 'title', 'link', 'style', 'body', 'svg', 'symbol', 'circle', 'path', 'rect', 'use', 'div', 'aside', 'a', 'header', 'main', 'footer', 'section', 'article', 'h1', 'h2', 'h3', 'p', 'b', 'bdi', 'time', 'span', 'ul', 'ol', 'li', 'details', 'summary'])

test('T-4: no script, no style attribute, and the policy knows the one style by its hash', () => {
  const page = filed(boards.majorOutage)
  assert.doesNotMatch(page, /<script|\sstyle=/)
  assert.match(BOARD_POLICY, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/)
  assert.match(page, /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/)
})

test('T-2: fields that nobody listed never come out', () => {
  for (const page of [live(planted(boards.majorOutage)), filed(planted(boards.stale))]) assert.deepEqual(canaries(page), [])
})

test('a name that runs from right to left does not turn the sentence around it', () => {
  const page = live({ ...boards.majorOutage, components: boards.majorOutage.components.map((c) => ({ ...c, name: 'בדיקה' })) })
  assert.equal(titleOf(page), '\u2068בדיקה\u2069: major outage · Acme Hosting status')
})

test('line breaks are kept, names and bodies isolated', () => {
  const page = live(boards.majorOutage)
  assert.match(page, /from its replica;\nnothing/)
  assert.match(page, /<h3><bdi>API<\/bdi><\/h3>/)
  assert.match(page, /<p class="v" dir="auto">/)
})
