// The promise of the rotation, held against years of days that were skipped, clocks that were set, and copies that came and went.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { days, hours, instantOf, ms, type Span } from '../../../core/time.ts'
import { dueAt, isBroken, partsOf, reckon, roundOf, type PartState, type Reckoning } from './rotation.ts'

const HOUR = hours(1)
const GIB = 1024 ** 3

interface Held extends PartState { readonly of: number; newest: boolean; read?: Span; readonly cameAt: number; readAt?: number }

const dueOf = (held: readonly Held[], passed: Span, allWithin: Span): Held[] => held.filter((it) => dueAt(it, { allWithin, of: it.of, newest: it.newest }) <= passed)

/** A machine whose true time nobody sees: only its clocks. */
function machine() {
  let [at, wall, lived] = [0, 1e12, 0]
  let reckoning: Reckoning | undefined
  return {
    pass(span: number) {
      at += span
      wall += span
      lived += span
    },
    /** Switched off for so long. */
    off(span: number) {
      at += span
      wall += span
    },
    set: (by: number) => void (wall += by),
    look(): Span {
      reckoning = reckon(reckoning, { wall: instantOf(wall), lived: ms(lived) })
      return reckoning.passed
    },
    at: () => at,
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ is: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('off' as const), hours: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('set' as const), hours: fc.integer({ min: -20_000, max: 20_000 }) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('come' as const), gib: fc.integer({ min: 0, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('go' as const), nth: fc.nat(20) }) },
)

test('G-2 every byte is read within the promise, whatever copies come and go, days are skipped and clocks are set', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 2, max: 60 }), (steps, within) => {
    const allWithin = days(within)
    const it = machine()
    let held: Held[] = []
    let copies = 0
    let gap = 0
    it.look()
    for (const one of steps) {
      if (one.is === 'come') {
        const bytes = one.gib * GIB
        const key = `copy-${++copies}`
        const all = partsOf(bytes)
        for (const other of held) other.newest = false
        held.push(...all.map((_, n): Held => ({ key, etag: 'e', n, of: all.length, newest: true, since: it.look(), cameAt: it.at() })))
        continue
      }
      if (one.is === 'go') {
        held = held.filter(({ key }) => key !== `copy-${one.nth}`)
        continue
      }
      if (one.is === 'set') {
        it.look()
        it.set(one.hours * HOUR)
      } else {
        it[one.is](one.hours * HOUR)
        gap = Math.max(gap, one.hours * HOUR)
      }
      const passed = it.look()
      for (const part of held) assert(it.at() - (part.readAt ?? part.cameAt) <= roundOf(allWithin) + gap, 'a byte was left unread')
      for (const part of dueOf(held, passed, allWithin)) {
        part.read = passed
        part.readAt = it.at()
      }
      assert(gap > allWithin / 4 || held.every((it) => !isBroken(it.read ?? it.since, passed, allWithin)))
    }
  }), { numRuns: 300 })
})

test('a day’s share of the bytes is about the same each day, and no part is read twice in a round', () => {
  const allWithin = days(40)
  const of = partsOf(900 * GIB).length
  const held = Array.from({ length: of }, (_, n): Held => ({ key: 'one', etag: 'e', n, of, newest: false, since: ms(0), cameAt: 0 }))
  const shares: number[] = []
  for (let day = 1; day <= 90; day++) {
    const due = dueOf(held, days(day), allWithin)
    shares.push(due.length / of)
    for (const part of due) part.read = days(day)
  }
  const each = 1 / 30
  assert(shares.every((it) => Math.abs(it - each) < each * 0.05), `${Math.min(...shares)}–${Math.max(...shares)} of ${each}`)
})

test('a skipped week is caught up on the first day after it', () => {
  const allWithin = days(40)
  const of = 300
  const held = Array.from({ length: of }, (_, n): Held => ({ key: 'one', etag: 'e', n, of, newest: false, since: ms(0), cameAt: 0 }))
  for (let day = 1; day <= 30; day++) for (const part of dueOf(held, days(day), allWithin)) part.read = days(day)
  const due = dueOf(held, days(37), allWithin)
  assert(Math.abs(due.length - 70) <= 1)
})

test('the newest copy is read as soon as it is there, and older ones when their turn comes', () => {
  const part: PartState = { key: 'a', etag: 'e', n: 0, since: days(5) }
  const given = { allWithin: days(40), of: 1 }
  assert.equal(dueAt(part, { ...given, newest: true }), days(5))
  const older = dueAt(part, { ...given, newest: false })
  assert(older > days(5) && older <= days(35))
  assert.equal(dueAt({ ...part, read: days(5) }, { ...given, newest: true }), older)
})

test('the reckoning never runs slower than either clock, and never back', () => {
  fc.assert(fc.property(fc.array(fc.record({ wall: fc.integer({ min: -1e9, max: 1e9 }), lived: fc.nat(1e9) })), (spans) => {
    let last: Reckoning | undefined
    let [wall, lived, passed] = [0, 0, 0]
    for (const span of spans) {
      wall += span.wall
      lived += span.lived
      const next = reckon(last, { wall: instantOf(wall), lived: ms(lived) })
      if (last) assert(next.passed - passed >= Math.max(span.wall, span.lived))
      assert(next.passed >= passed)
      passed = next.passed
      last = next
    }
  }))
})

test('parts cover a copy without a gap', () => {
  for (const bytes of [0, 1, 64 * 1024 ** 2, 64 * 1024 ** 2 + 1, 900 * GIB]) {
    const parts = partsOf(bytes)
    assert.equal(parts.reduce((at, part) => (assert.equal(part.from, at), at + part.bytes), 0), bytes)
  }
})
