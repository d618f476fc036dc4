import assert from 'node:assert/strict'
import test from 'node:test'
import * as boards from '../../../test/boards.ts'
import { canaries, planted } from '../../../test/canary.ts'
import { HOSTILE } from '../../../test/hostile.ts'
import type { Board } from './board.ts'
import { renderFeeds } from './feeds.ts'

const { at } = boards
const both = (board: Board): readonly string[] => Object.values(renderFeeds(board))

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: Element[]
  text: string
}

/** Reads XML as strictly as it is defined, as far as our feeds need it; throws at the first fault. */
function parseXml(xml: string): Element {
  const rest = xml.replace(/^<\?xml version="1\.0" encoding="utf-8"\?>\n/, '')
  assert.notEqual(rest, xml, 'the declaration stands first')
  // oxlint-disable-next-line no-control-regex -- what XML 1.0 cannot carry
  assert.doesNotMatch(rest, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/)
  const root: Element = { name: '', attributes: {}, children: [], text: '' }
  const stack = [root]
  let after = 0
  for (const token of rest.matchAll(/<(\/?)([a-z][\w:-]*)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<]+)/giy)) {
    after = (token.index ?? 0) + token[0].length
    const at = stack.at(-1)
    assert.ok(at)
    if (token[5] !== undefined) at.text += unescaped(token[5])
    else if (token[1] === '/') assert.equal(stack.pop()?.name, token[2])
    else {
      const attributes = Object.fromEntries([...(token[3] ?? '').matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescaped(value)]))
      const element = { name: token[2] ?? '', attributes, children: [], text: '' }
      at.children.push(element)
      if (token[4] !== '/') stack.push(element)
    }
  }
  assert.equal(after, rest.length, `not well-formed at: ${rest.slice(after, after + 60)}`)
  assert.equal(stack.length, 1, 'every element ends')
  assert.equal(root.children.length, 1)
  return root.children[0] as Element
}

function unescaped(text: string): string {
  assert.doesNotMatch(text, /&(?!(amp|lt|gt|#34|#39);)|\]\]>/)
  return text.replace(/&(amp|lt|gt|#34|#39);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>', '#34': '"', '#39': "'" })[name] ?? '')
}

const all = (element: Element, name: string): Element[] => element.children.filter((child) => child.name === name)
const one = (element: Element, name: string): string => {
  assert.equal(all(element, name).length, 1, `one ${name} in ${element.name}`)
  return all(element, name)[0]?.text ?? ''
}

test('Atom: a feed with one entry per statement', () => {
  const feed = parseXml(renderFeeds(boards.majorOutage)['history.atom'])
  assert.equal(one(feed, 'title'), 'Acme Hosting status')
  assert.equal(one(feed, 'updated'), '2026-11-21T01:27:50.000Z')
  const entries = all(feed, 'entry')
  assert.equal(entries.length, 3)
  const first = entries[0] as Element
  assert.equal(one(first, 'id'), 'tag:status.acme.example,2026-11-21:stm_0000000000000000000000000000a212')
  assert.equal(one(first, 'title'), 'Errors on API')
  assert.equal(all(first, 'link')[0]?.attributes['href'], 'https://status.acme.example/#stm_0000000000000000000000000000a212')
  assert.match(one(first, 'content'), /^<p><b>Identified<\/b> 2026-11-21 02:27 \(Europe\/Berlin\)<br>The database.*replica;<br>nothing/)
})

test('RSS: an item per statement, its guid no address, its date that of the newest update', () => {
  const [channel] = all(parseXml(renderFeeds(boards.majorOutage)['history.rss']), 'channel')
  assert.ok(channel)
  const [first] = all(channel, 'item')
  assert.ok(first)
  assert.equal(all(first, 'guid')[0]?.attributes['isPermaLink'], 'false')
  assert.equal(one(first, 'pubDate'), 'Sat, 21 Nov 2026 01:27:50 GMT')
  assert.equal(one(channel, 'link'), 'https://status.acme.example/')
})

test('ids stay, times move: an update bumps its entry and the feed', () => {
  const before = parseXml(renderFeeds(boards.majorOutage)['history.atom'])
  const [open, ...rest] = boards.majorOutage.statements
  assert.ok(open)
  const after = parseXml(renderFeeds({ ...boards.majorOutage, asOf: at(60_000), statements: [{ ...open, title: 'Renamed', status: 'monitoring', updatedAt: at(60_000) }, ...rest] })['history.atom'])
  assert.deepEqual(all(after, 'entry').map((e) => one(e, 'id')), all(before, 'entry').map((e) => one(e, 'id')))
  assert.equal(one(after, 'updated'), '2026-11-21T01:32:50.000Z')
  assert.deepEqual(all(after, 'entry').slice(1).map((e) => one(e, 'updated')), all(before, 'entry').slice(1).map((e) => one(e, 'updated')))
})

test('the bytes change only when a statement does', () => {
  assert.deepEqual(both({ ...boards.majorOutage, asOf: at(50_000) }), both(boards.majorOutage))
})

test('a feed without statements is whole', () => {
  for (const xml of both(boards.fresh)) parseXml(xml)
  assert.match(renderFeeds(boards.fresh)['history.atom'], /<updated>2026-11-21T01:31:47\.000Z<\/updated>/)
})

test('T-4: whatever is written, the XML is well-formed, without CDATA, and the HTML in it is only ours', () => {
  for (const text of HOSTILE) {
    const board: Board = { ...boards.majorOutage, id: text, name: text, url: text, statements: boards.majorOutage.statements.map((s) => ({ ...s, id: text, title: text, updates: s.updates.map((u) => ({ ...u, body: text })) })) }
    for (const xml of both(board)) {
      assert.doesNotMatch(xml, /<!/)
      parseXml(xml)
    }
    const feed = parseXml(renderFeeds(board)['history.atom'])
    for (const entry of all(feed, 'entry')) for (const [, name = ''] of one(entry, 'content').matchAll(/<\/?([a-z!?]+)/gi)) assert.ok(['p', 'b', 'br'].includes(name), name)
  }
})

test('however much is written, a feed stays below two megabytes', () => {
  const updates = Array.from({ length: 100 }, (_, n) => ({ id: `upd_${n}`, status: 'investigating' as const, body: '"'.repeat(25_000), at: boards.NOW, affected: [] }))
  const statements = Array.from({ length: 50 }, (_, n) => ({ ...boards.openStatement([]), id: `stm_${n}`, updates }))
  for (const xml of both({ ...boards.allWell, statements })) assert.ok(Buffer.byteLength(xml) < 2_000_000, `${Buffer.byteLength(xml)} bytes`)
})

test('T-2: fields that nobody listed never come out', () => {
  for (const xml of both(planted(boards.majorOutage))) assert.deepEqual(canaries(xml), [])
})
