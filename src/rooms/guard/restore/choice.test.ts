import assert from 'node:assert/strict'
import test from 'node:test'
import { days, instantOf } from '../../../core/time.ts'
import { chooseRestorable, type Restorable } from './choice.ts'

const NOW = instantOf(100 * 86_400_000)
const DAY = 86_400_000
const copy = (age: number, more: Partial<Restorable> = {}): Restorable => ({ store: 'nas', key: `shop-${age}.dump`, at: instantOf(NOW - age * DAY), counted: true, why: '', rung: 5, provenAt: instantOf(NOW - age * DAY), ...more })
const want = { now: NOW, within: days(30) }

test('G-2 the newest copy that was verified is taken, in any store, and newer ones that were not are named', () => {
  const copies = [copy(3), copy(1, { rung: 1, provenAt: null }), copy(2, { store: 'main' }), copy(0.5, { counted: false, why: 'it has 1 MiB where 9 MiB are usual' })]
  const it = chooseRestorable(copies, want)
  assert(it.is === 'chosen')
  assert.deepEqual([it.copy.key, it.copy.store, it.verified, it.says], ['shop-2.dump', 'main', true, '2 newer copies are not verified, and not taken'])
  const there = chooseRestorable(copies, { ...want, store: 'nas' })
  assert(there.is === 'chosen')
  assert.equal(there.copy.key, 'shop-3.dump')
})

test('G-2 an unverified copy is taken only by its name, and then it is said', () => {
  const bad: readonly [Partial<Restorable>, RegExp][] = [[{ rung: 1, provenAt: null }, /nobody has restored it/], [{ provenAt: null }, /nobody has/], [{ provenAt: instantOf(NOW - 31 * DAY) }, /older than 30 d/], [{ counted: false, why: 'it is empty' }, /does not count: it is empty/]]
  for (const [more, says] of bad) {
    const one = copy(1, more)
    const none = chooseRestorable([one], want)
    assert(none.is === 'none')
    assert.match(none.says, says)
    assert.match(none.help, /--copy shop-1.dump/)
    const named = chooseRestorable([one], { ...want, copy: one.key })
    assert(named.is === 'chosen')
    assert.deepEqual([named.verified, says.test(named.says)], [false, true])
  }
  assert.equal(chooseRestorable([], want).is, 'none')
  assert.equal(chooseRestorable([copy(1)], { ...want, copy: 'other' }).is, 'none')
  const twice = chooseRestorable([copy(1, { provenAt: null }), copy(1, { store: 'main' })], { ...want, copy: 'shop-1.dump' })
  assert(twice.is === 'chosen')
  assert.deepEqual([twice.copy.store, twice.verified, twice.says], ['main', true, ''])
})

test('G-2 a state of then comes from a copy that was made before, and never from one of which nobody knows', () => {
  const copies = [copy(1), copy(3), copy(2, { at: null })]
  const it = chooseRestorable(copies, { ...want, before: instantOf(NOW - 2 * DAY) })
  assert(it.is === 'chosen')
  assert.deepEqual([it.copy.key, it.says], ['shop-3.dump', ''])
  const none = chooseRestorable(copies, { ...want, before: instantOf(NOW - 4 * DAY) })
  assert(none.is === 'none' && /no copy was made before the time/.test(none.says))
  for (const key of ['shop-1.dump', 'shop-2.dump']) assert.equal(chooseRestorable(copies, { ...want, copy: key, before: instantOf(NOW - 2 * DAY) }).is, 'none')
})

test('X-9 removing or blurring what is known of a copy never makes it the one that is taken', () => {
  const copies = [copy(1, { provenAt: null }), copy(2), copy(3, { rung: 0 }), copy(4)]
  for (const [n, one] of copies.entries()) {
    for (const blurred of [{ ...one, provenAt: null }, { ...one, rung: 0 }, { ...one, counted: false }]) {
      const it = chooseRestorable(copies.with(n, blurred), want)
      assert(it.is === 'chosen')
      assert.notEqual(it.copy, blurred)
      assert.equal(it.verified, true)
    }
  }
})
