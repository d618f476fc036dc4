// The page behind a party's link, drawn: what it says of how it stands, where the run that it was asked for knows more than the agreement.
import assert from 'node:assert/strict'
import test from 'node:test'
import { minutes, type Instant } from '../../core/time.ts'
import type { ApprovalLinkAnswer, ApprovalState } from '../../views/agreements.ts'
import { renderApprovalBody } from './screen.ts'

const NOW = 1_790_000_000_000 as Instant
const drawn = (state: ApprovalState, outcome: ApprovalLinkAnswer['outcome'] = null): string => renderApprovalBody({
  path: '/approve/x',
  view: {
    schema: 'holdfast.approval-link/1', person: 'ada', as: 'does', means: { totp: true, passkey: false }, timezone: 'UTC', now: NOW, outcome,
    approval: {
      schema: 'holdfast.approval/1', id: 'agr_1', what: 'change.unattended', title: 'Without you', text: '', hash: 'f'.repeat(64), words: 'amber otter', asks: 'ready', typed: 'web-1', alone: false, by: 'ada', at: NOW,
      lapsesAt: (NOW + minutes(90)) as Instant, state, endedBy: state === 'refused' ? 'bo' : null, reason: null, agreedAt: state === 'open' ? null : NOW, endedAt: null, url: null,
      parties: [{ person: 'ada', as: 'does', said: state === 'agreed', channels: [], sent: [] }, { person: 'bo', as: 'checks', said: state === 'agreed', channels: [], sent: [] }],
    },
  },
}).markup

test('C-6 what was agreed on is never said to come to nothing when its time is over: it can be stopped until then', () => {
  assert.match(drawn('open'), /It lapses at [^<]*; then nothing happens\./)
  const goes = drawn('agreed', { isOver: false, isHalted: false, says: 'The run goes by itself: nobody is asked again.' })
  assert.match(goes, /The run goes by itself: nobody is asked again\./)
  assert.match(goes, /It can be stopped here until [^<]*, for 1 h 30 min\./)
  assert.match(goes, /value="stop"/)
  assert.doesNotMatch(goes, /nothing happens/)
})

test('C-15 of a run that is over the page says how it ended, and has nothing to stop; who stopped it stands there', () => {
  const [done, stopped, void_] = [drawn('agreed', { isOver: true, isHalted: false, says: 'The run is done.' }), drawn('refused', { isOver: true, isHalted: false, says: 'The run was aborted: nothing more of it begins.' }), drawn('changed', { isOver: true, isHalted: false, says: 'The run is done.' })]
  for (const page of [done, stopped, void_]) assert.doesNotMatch(page, /<button|can be stopped|nothing happens/i)
  assert.match(stopped, /Stopped<\/h1><p>Bo wanted it stopped\. The run was aborted/)
  assert.match(void_, /It is over<\/h1><p>The run is done\./)
  assert.match(drawn('refused'), /Bo refused it\. Nothing happens\./)
})

test('C-15 of a run that is halted the page says so first, also where its time has lapsed, and has nothing to stop', () => {
  const halted = { isOver: false, isHalted: true, says: 'The run is halted: link:db-2/eth1 lost carrier.' }
  for (const page of [drawn('agreed', halted), drawn('lapsed', halted)]) {
    assert.match(page, /class="hero d"[^>]*><h1>.* It is halted<\/h1><p>The run is halted: link:db-2\/eth1 lost carrier\./)
    assert.doesNotMatch(page, /<button|can be stopped|All who were asked|nothing happens/)
  }
  const goes = drawn('lapsed', { isOver: false, isHalted: false, says: 'Step 2 (memory), on db-1, is under way.' })
  assert.match(goes, /Agreed<\/h1><p>Step 2 \(memory\), on db-1, is under way\.<\/p>/)
})
