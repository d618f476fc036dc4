import assert from 'node:assert/strict'
import test from 'node:test'
import { at, NOW } from '../../../test/boards.ts'
import { HOSTILE } from '../../../test/hostile.ts'
import type { IncidentId } from '../../core/id.ts'
import type { LinkView } from './protocol.ts'
import { renderError, renderIncidentPlace, renderLink, renderNoBoard, renderNoLink, renderNotConfirmed, renderNotFound, SCREEN_POLICY, type LinkScreen } from './screen.ts'

const MINUTE = 60_000
const path = '/a/t0ken'
const base = { incident: { id: 'inc_1' as IncidentId, number: 212, title: 'db is down', says: 'Connection refused.', since: at(-17 * MINUTE) }, person: 'ada', timezone: 'Europe/Berlin' }
const ringing: LinkView = { ...base, state: 'ringing', rung: ['ada'], next: { people: ['bo'], at: at(5 * MINUTE) } }
/** After Ada passed it on: Bo's step has begun, and Chen's is next. */
const passed: LinkView = { ...ringing, rung: ['bo'], next: { people: ['chen'], at: at(5 * MINUTE) } }
const held: LinkView = { ...base, state: 'held', heldBy: 'ada', heldSince: at(-14 * MINUTE), lapsesAt: at(16 * MINUTE) }
const over: LinkView = { ...base, state: 'over' }
const draw = (view: LinkView, did?: LinkScreen['did']): string => renderLink({ view, path, now: NOW, ...(did ? { did } : {}) })
const textOf = (page: string): string => page.replace(/^.*<body>/s, '').replace(/<[^>]*>/g, ' ').replaceAll('&#39;', "'").replace(/\s+/g, ' ')
const titleOf = (page: string): string => /<title>(.*?)<\/title>/s.exec(page)?.[1] ?? ''
const formsOf = (page: string): string[] => [...page.matchAll(/<form method="post" action="([^"]*)"><button[^>]*>([^<]*)/g)].map(([, action, label]) => `${label} → ${action}`)

test('ringing: what, since when, who is next, and two large buttons that POST', () => {
  const page = draw(ringing)
  assert.equal(titleOf(page), 'db is down · Holdfast')
  assert.match(textOf(page), /db is down Since 02:14, for 17 min Connection refused\. Incident 212 · Next: Bo at 02:36/)
  assert.deepEqual(formsOf(page), ['I have it — stop paging → /a/t0ken', 'I cannot — pass it on now → /a/t0ken/pass'])
  assert.match(page, /min-block-size:3\.5rem/)
  assert.match(textOf(page), /Times are in Europe\/Berlin/)
})

test('taken: the answer names its effect', () => {
  const page = draw(held, { act: 'ack', recorded: true, spared: ['bo'] })
  assert.match(textOf(page), /You have it Bo will not be paged\. I ask again at 02:47\./)
  assert.match(textOf(draw(held, { act: 'ack', recorded: true })), /You have it Nobody else is paged\. I ask again at 02:47\./)
  assert.deepEqual(formsOf(page), ['I cannot — pass it on now → /a/t0ken/pass'])
  assert.deepEqual(formsOf(draw(held)), ['I am still on it → /a/t0ken', 'I cannot — pass it on now → /a/t0ken/pass'])
})

test('taken while the keeper is silent: not called recorded', () => {
  const page = textOf(draw(held, { act: 'ack', recorded: false }))
  assert.match(page, /Taken, not yet recorded You have it and paging has stopped/)
  assert.match(textOf(draw(passed, { act: 'pass', recorded: false })), /Passed on, not yet recorded Bo is paged now/)
})

test('a second person’s press is a success that says who has it', () => {
  const page = draw({ ...held, person: 'bo' }, { act: 'ack', recorded: true })
  assert.match(textOf(page), /Ada has it since 02:17 Nobody else is paged\. If Ada does not confirm it by 02:47, it rings again\./)
  assert.deepEqual(formsOf(page), [])
})

test('passed on: who is paged now, or that there is nobody else', () => {
  assert.match(textOf(draw(passed, { act: 'pass', recorded: true })), /You passed it on Bo is paged now\. .*Next: Chen at 02:36/)
  assert.match(textOf(draw({ ...ringing, rung: [] }, { act: 'pass', recorded: true })), /There is nobody else to page: it rings you again/)
  assert.match(textOf(draw({ ...base, state: 'ringing' }, { act: 'pass', recorded: true })), /The next step is paged now/)
})

test('over: nothing to press, nothing to do', () => {
  const page = draw(over, { act: 'ack', recorded: true })
  assert.match(textOf(page), /It is over Nobody is paged for it any more/)
  assert.deepEqual(formsOf(page), [])
})

test('a press without an answer is never a tick', () => {
  const page = renderNotConfirmed('The ringer does not answer.', path)
  assert.match(textOf(page), /Not confirmed The ringer does not answer\. Count on it that paging goes on/)
  assert.match(page, /<a class="go first" href="\/a\/t0ken">/)
})

test('links that are unknown or over, wrong addresses, and a house without a board say what, why and what next', () => {
  assert.match(textOf(renderNoLink('unknown-link')), /This link is not known .* Paging goes on/)
  assert.match(textOf(renderNoLink('closed')), /This link has ended The incident that it belongs to is over/)
  assert.match(textOf(renderNotFound()), /Not found/)
  assert.match(textOf(renderError('The body is too large: 2 MB, at most 512 kB.')), /This did not work The body is too large/)
  assert.match(textOf(renderIncidentPlace('inc_1')), /Incidents are not shown here yet .* holdfast incidents show inc_1 $/)
  assert.match(renderNoBoard(), /<pre>status_pages:\n {2}public:/)
})

test('every screen is below 10 kB, without a script, whatever stands in it (T-4)', () => {
  for (const text of HOSTILE) {
    const view = { ...base, incident: { ...base.incident, title: text, says: text }, person: text, timezone: text }
    for (const page of [
      draw({ ...view, state: 'ringing', next: { people: Array.from({ length: 300 }, () => text.slice(0, 60)), at: NOW } }), draw({ ...view, state: 'held', heldBy: text, heldSince: NOW, lapsesAt: NOW }),
      draw({ ...view, state: 'held', heldBy: 'ada', heldSince: NOW }), renderNoLink('closed', text), renderError(text), renderIncidentPlace(text, '/'), renderNotConfirmed(text, path),
    ]) {
      assert.ok(Buffer.byteLength(page) <= 10_000, `${Buffer.byteLength(page)} bytes`)
      for (const [tag, name = ''] of page.matchAll(/<\/?([a-z!][\w-]*)[^>]*>/gi)) {
        assert.ok(['!doctype', 'html', 'head', 'meta', 'title', 'link', 'style', 'body', 'svg', 'symbol', 'circle', 'path', 'rect', 'use', 'header', 'main', 'footer', 'div', 'h1', 'p', 'b', 'bdi', 'form', 'button', 'a', 'pre'].includes(name), tag)
        assert.doesNotMatch(tag.replaceAll(/"[^"]*"/g, '""'), /\s(on\w+|style|src)=/)
      }
      assert.ok(page.isWellFormed())
    }
  }
  assert.match(SCREEN_POLICY, /^default-src 'none'; style-src 'sha256-.*form-action 'self'/)
})
