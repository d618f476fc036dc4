// The figures of a set: what counts, what is unknown, and that an unknown never flatters.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Found } from '../../../core/evidence.ts'
import { hours, instantOf, minutes, seconds } from '../../../core/time.ts'
import { exposureOf, inTime, rtoOf, scoreOf, type Place, type Restorable } from './score.ts'

const pass: Found = { is: 'pass' }
const fail: Found = { is: 'fail', says: 'no' }
const unknown: Found = { is: 'unknown', says: 'nobody looked' }
const place = (store: string, more: Partial<Place> = {}): Place => ({ store, domain: store, offsite: false, immutable: fail, holds: pass, ...more })
const original = { domain: 'production' }
const found = (score: ReturnType<typeof scoreOf>): string[] => score.points.map((it) => it.found.is)

test('3-2-1-1-0: five points, and each says what is missing', () => {
  const best = scoreOf({ places: [place('nas'), place('main', { offsite: true, immutable: pass })], original, drill: pass })
  assert.deepEqual([found(best), best.got, best.says], [['pass', 'pass', 'pass', 'pass', 'pass'], 5, '3-3-1-1-0: 5 of 5'])
  const bare = scoreOf({ places: [place('nas', { domain: 'production' })], original, drill: fail })
  assert.deepEqual([found(bare), bare.got, bare.says], [['fail', 'fail', 'fail', 'fail', 'fail'], 0, '2-1-0-0-errors: 0 of 5'])
  assert.deepEqual(bare.points.map((it) => it.found.says), ['2 of 3 copies', '1 of 2 domains that do not fail together', 'there is not a copy off-site', 'there is not a copy that nobody can change (no)', 'no'])
  assert.deepEqual(scoreOf({ places: [], original: undefined, drill: unknown }).got, 0)
})

test('X-9 what is not known is no point, and not knowing a store takes its points away', () => {
  const places = [place('nas'), place('main', { offsite: true, immutable: pass })]
  const lost: readonly Partial<Place>[] = [{ holds: unknown }, { holds: fail }, { domain: undefined }, { offsite: undefined }, { immutable: unknown }]
  const whole = scoreOf({ places, original, drill: pass })
  for (const less of lost) for (const i of places.keys()) {
    const score = scoreOf({ places: places.map((it, j) => (i === j ? { ...it, ...less } : it)), original, drill: pass })
    assert(score.got <= whole.got)
    for (const [n, one] of score.points.entries()) assert(one.found.is !== 'pass' || whole.points[n]?.found.is === 'pass')
  }
  assert.deepEqual(found(scoreOf({ places: [place('nas', { holds: unknown, offsite: true }), place('main')], original: undefined, drill: unknown })), ['fail', 'unknown', 'unknown', 'fail', 'unknown'])
  assert.deepEqual(found(scoreOf({ places: [place('nas', { domain: undefined })], original, drill: pass })), ['fail', 'unknown', 'fail', 'fail', 'pass'])
})

test('exposure is how far the newest point lies back to which the set can be brought, and a point of the future is none', () => {
  const now = instantOf(1_000_000_000)
  const point = (ago: number, more: Partial<Restorable> = {}): Restorable => ({ upTo: instantOf(now - ago), counted: true, rung: 1, ...more })
  const of = (...points: Restorable[]) => exposureOf(points, now)
  assert.deepEqual(of(point(hours(3)), point(hours(1)), point(hours(30), { rung: 6 })), { proven: { is: 'known', span: hours(30) }, claimed: { is: 'known', span: hours(1) } })
  assert.deepEqual(of(point(hours(1), { counted: false }), point(-1), point(hours(9))).claimed, { is: 'known', span: hours(9) })
  assert.deepEqual(of(point(0, { rung: 3 }), point(0, { rung: undefined })).proven, { is: 'unknown', says: 'no copy of it was ever restored' })
  assert.deepEqual(of().claimed, { is: 'unknown', says: 'there is no copy that counts' })
})

test('a restore of today’s size: what grows is stretched, what does not stays, and nothing is promised to be faster', () => {
  const drill = (bytes: number, factor = 1) => ({ bytes, phases: [{ name: 'fetch', ms: 10_000 * factor }, { name: 'restore', ms: 50_000 * factor }, { name: 'start', ms: 5_000 }] })
  const rto = rtoOf([drill(1e9), drill(1e9, 2), drill(2e9, 2)], 4e9)
  assert(rto.is === 'known')
  assert.deepEqual([rto.whole, rto.drills], [{ p50: seconds(245), p95: seconds(485) }, 3])
  assert.deepEqual(rto.phases, [{ name: 'fetch', p50: seconds(40), p95: seconds(80) }, { name: 'restore', p50: seconds(200), p95: seconds(400) }, { name: 'start', p50: seconds(5), p95: seconds(5) }])
  assert.equal(Math.round(rto.bytesPerSecond ?? 0), Math.round(4e9 / 300))
  const smaller = rtoOf([drill(1e9)], 1e6)
  assert(smaller.is === 'known')
  assert.equal(smaller.whole.p95, seconds(65))
  assert.equal(inTime(rto, minutes(9)).is, 'pass')
  assert.deepEqual(inTime(rto, minutes(8)), { is: 'fail', says: 'a restore of today\'s size takes 8 min 5 s, and may take 8 min' })
})

test('X-9 no time is made up', () => {
  for (const [drills, bytes] of [[[], 1e9], [[{ bytes: 0, phases: [{ name: 'fetch', ms: 1 }] }], 1e9], [[{ bytes: 1, phases: [] }], 1e9], [[{ bytes: 1, phases: [{ name: 'fetch', ms: Number.NaN }] }], 1e9], [[{ bytes: 1, phases: [{ name: 'fetch', ms: 1 }] }], undefined]] as const) {
    const rto = rtoOf(drills, bytes)
    assert.equal(rto.is, 'unknown')
    assert.equal(inTime(rto, hours(9)).is, 'unknown')
  }
})
