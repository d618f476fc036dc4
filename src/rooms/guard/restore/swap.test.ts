import assert from 'node:assert/strict'
import test from 'node:test'
import type { Identity } from '../../../core/authority/agreement.ts'
import { hours, instantOf, tickOf, type Now } from '../../../core/time.ts'
import { hashOfSwap, saySwap, swapSchema, whyNotSwap, type Swap, type SwapAgreement } from './swap.ts'

const swap: Swap = {
  schema: 'holdfast.swap/1', restore: 'restore_1', set: 'shop', store: 'nas', copy: 'shop.dump', etag: 'e', verified: true, place: 'shop at db:5432', place_id: '7/5',
  units: [{ name: 'public.orders', side: 's.orders', aside: 'd.orders', was: '16384', digest: '10:77', checked: '10 rows restored', lost: '2 rows' }],
}
const person = (name: string): Identity => ({ person: name, addresses: [`${name}@acme.example`], phones: [], subjects: [], factors: [name] })
const now: Now = { wall: instantOf(1_000_000), tick: tickOf(1_000_000), boot: 'b' }
const agreement = (more: Partial<SwapAgreement> = {}): SwapAgreement => ({
  what: 'guard.swap', hash: hashOfSwap(swap), phase: 'agreed', people: [person('ada'), person('bo')], lapsesAt: { wall: instantOf(2_000_000), tick: tickOf(2_000_000), boot: 'b' }, ...more,
})

test('G-27 a swap takes two people who agreed to just this, and have not lapsed by either clock', () => {
  const hash = hashOfSwap(swap)
  assert.equal(whyNotSwap(hash, agreement(), now), undefined)
  const later = (wall: number, tick: number): Now => ({ wall: instantOf(wall), tick: tickOf(tick), boot: 'b' })
  for (const [it, says, at] of [
    [undefined, /nobody was asked/, now], [agreement({ people: [person('ada')] }), /two people/, now], [agreement({ people: [person('ada'), { ...person('bo'), addresses: ['ADA@acme.example'] }] }), /two people/, now],
    [agreement({ phase: 'open' }), /not everybody/, now], [agreement({ phase: 'refused' }), /refused/, now], [agreement({ phase: 'stopped' }), /stopped/, now], [agreement({ phase: 'alone' }), /alone/, now],
    [agreement({ what: 'plain' }), /something else/, now], [agreement({ hash: '0'.repeat(64) }), /something else/, now], [agreement(), /too long ago/, later(2_000_000, 1_000_000)], [agreement(), /too long ago/, later(1_000_000, 2_000_000 + hours(1))],
  ] as const) assert.match(whyNotSwap(hash, it, at) ?? '', says)
})

test('C-5 whatever is edited gives another hash, and people read what it replaces, what is lost and what stays', () => {
  const others = [{ ...swap, place_id: 'x' }, { ...swap, etag: 'f' }, { ...swap, verified: false }, { ...swap, units: swap.units.map((it) => ({ ...it, digest: 'x' })) }, { ...swap, units: swap.units.map((it) => ({ ...it, aside: 'x' })) }]
  assert.equal(new Set([swap, ...others].map(hashOfSwap)).size, 6)
  assert.match(saySwap(swap), /public\.orders: the damaged one stays as d\.orders; 10 rows restored; lost: 2 rows/)
  assert.match(saySwap(swap), /nothing is removed/)
  assert.match(saySwap({ ...swap, verified: false }), /NOT verified/)
  assert.equal(swapSchema.safeParse({ ...swap, more: 1 }).success, false)
})
