import assert from 'node:assert/strict'
import test from 'node:test'
import * as boards from '../../../test/boards.ts'
import { canaries, planted } from '../../../test/canary.ts'
import { FRONT, renderBundle } from './bundle.ts'
import { STATUSPAGE_PATHS } from './statuspage.ts'

const { NOW, at } = boards

test('a bundle has the page, the JSON and the feeds, and the front page comes last', () => {
  const paths = [...renderBundle(boards.majorOutage, NOW).keys()]
  assert.deepEqual(paths, [...STATUSPAGE_PATHS, 'history.atom', 'history.rss', 'calendar.ics', 'live.html', 'index.html'])
  assert.equal(paths.at(-1), FRONT)
})

test('every address in the page is one of the bundle', () => {
  const bundle = renderBundle(boards.majorOutage, NOW)
  for (const page of [bundle.get('index.html'), bundle.get('live.html')]) {
    for (const [, href = ''] of (page ?? '').matchAll(/<(?:a|link rel="alternate")[^>]* href="([^"]*)"/g)) assert.ok(href === '' || bundle.has(href), href)
  }
})

test('T-1: a bundle made from an old board says “not known” everywhere, and no age that would be wrong a minute later', () => {
  const bundle = renderBundle(boards.allWell, at(20 * 60_000))
  assert.doesNotMatch(bundle.get('index.html') ?? '', /> Operational|All systems|\d min ago/)
  assert.match(bundle.get('index.html') ?? '', /<title>Not known/)
  assert.match(bundle.get('api/v2/status.json') ?? '', /"holdfast_state":"unknown"/)
})

test('T-2: fields that nobody listed never come out', () => {
  for (const text of [...renderBundle(planted(boards.majorOutage), NOW).values(), ...renderBundle(planted(boards.atWork), NOW).values()]) assert.deepEqual(canaries(text), [])
})

test('the same board at the same moment gives the same bytes', () => {
  assert.deepEqual(renderBundle(boards.majorOutage, NOW), renderBundle(structuredClone(boards.majorOutage), NOW))
})
