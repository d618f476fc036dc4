// What lies aside, and what of it may be removed: by a month on every clock, and by the newer copies that remain. Whatever is lost, late or blurred, no more goes.
import assert from 'node:assert/strict'
import test from 'node:test'
import { days, hours, instantOf, ms, tickOf } from '../../../core/time.ts'
import type { Aside } from '../acts/life.ts'
import { marginsFor, jobOf, parseJob } from './job.ts'
import { purgePlan, takenAt, type Attic, type Laid } from './purge.ts'
import { ago, looked, moment, night, nights, now, SETTINGS, shelf } from './fixtures/scene.ts'

const asideSince = (span: number, more: Partial<Aside> = {}): Aside => ({ version: '', etag: 'e', since: moment(span), storeSince: ago(span), bytes: 10, token: 't', ...more })
const laidAt = (n: number, more: Partial<Laid> = {}): Laid => ({ key: `shop/${n}.dump`, at: ago(days(n)), held: false, aside: asideSince(days(31)), ...more })
const attic = (more: Partial<Attic> = {}): Attic => ({
  set: 'shop', store: 'main', settings: SETTINGS, shelves: [shelf(nights(7))], accepted: undefined, laid: [laidAt(40), laidAt(41)], margins: marginsFor(1), now, lived: days(400), ...more,
})
const going = (it: Attic): string[] => {
  const { refusals, items } = purgePlan(it)
  return refusals.length > 0 ? [] : items.filter(({ act }) => act === 'purge').map(({ key }) => key)
}
const first = (more: Partial<Laid>): string[] => going(attic({ laid: [laidAt(40, more), laidAt(41)] }))

test('G-23 G-7 a month by the wall clock, by the time lived through and by the store’s clock; a clock set forward shortens nothing', () => {
  assert.deepEqual(going(attic()), ['shop/40.dump', 'shop/41.dump'])
  assert.deepEqual(first({ aside: asideSince(days(29)) }), ['shop/41.dump'])
  assert.deepEqual(first({ aside: asideSince(days(31), { since: { ...moment(days(31)), lived: moment(days(29)).lived } }) }), ['shop/41.dump'], 'by the wall clock alone')
  assert.deepEqual(first({ aside: asideSince(days(31), { since: { ...moment(days(31)), wall: ago(days(29)) } }) }), ['shop/41.dump'])
  assert.deepEqual(first({ aside: asideSince(days(31), { storeSince: ago(days(29)) }) }), ['shop/41.dump'])
  assert.deepEqual(going(attic({ margins: { ...marginsFor(1), quarantine: undefined } })), [])
})

test('G-1 G-2 G-4 only while enough newer copies that were read whole remain where they must; held and undated ones never', () => {
  const unread = { rung: 1, provenAt: undefined }
  assert.deepEqual(going(attic({ shelves: [shelf([night(0), ...nights(7, unread).slice(1)])] })), [])
  assert.deepEqual(going(attic({ shelves: [shelf(nights(7, { provenAt: ago(days(31)) }))] })), [])
  assert.deepEqual(going(attic({ settings: { ...SETTINGS, locations: 2 } })), [])
  assert.deepEqual(going(attic({ settings: { ...SETTINGS, locations: 2 }, shelves: [shelf(nights(7)), shelf(nights(7), { store: 'nas' })] })).length, 2)
  for (const more of [{ held: true }, { held: undefined }, { at: undefined }, { at: ago(-1) }] as const) assert.deepEqual(first(more), ['shop/41.dump'])
})

test('G-9 G-10 a shelf that cannot be believed gives up nothing of what lies aside either', () => {
  const base = shelf(nights(7))
  const losses = [{ listing: undefined }, { listing: looked('main', { seen: { tick: tickOf(0), boot: 'b' } }) }, { clock: undefined }, { known: undefined }, { count: 8 }, { identity: { now: 'other', former: 'store-1' } }, { actsToday: undefined }, { copies: base.copies.slice(1) }]
  for (const lost of losses) assert.deepEqual(going(attic({ shelves: [{ ...base, ...lost }] })), [], JSON.stringify(Object.keys(lost)))
  assert.deepEqual(going(attic({ shelves: [] })), [])
  assert.deepEqual(going(attic({ settings: { ...SETTINGS, keep: {} } })), [])
})

test('G-5 more than in a day is refused whole, but for a person’s word of that day', () => {
  const laid = Array.from({ length: 21 }, (_, n) => laidAt(40 + n))
  assert.deepEqual(going(attic({ laid })), [])
  assert.equal(going(attic({ laid: laid.slice(1) })).length, 20)
  assert.deepEqual(going(attic({ laid: laid.slice(1), shelves: [shelf(nights(7), { actsToday: 1 })] })), [])
  assert.equal(going(attic({ laid, accepted: { most: 21, at: ago(hours(1)) } })).length, 21)
  assert.deepEqual(going(attic({ laid, accepted: { most: 21, at: ago(hours(25)) } })), [])
})

test('X-9 G-3 whatever is lost or late of what remains, never does one more go: every subset of seven losses', () => {
  const full = nights(7)
  for (let mask = 0; mask < 128; mask++) for (let more = 0; more < 7; more++) {
    const lose = (bits: number) => attic({ shelves: [shelf(full.map((copy, n) => (bits & (1 << n) ? { ...copy, rung: 1, provenAt: undefined } : copy)))], laid: [laidAt(2, { at: ago(days(2)) }), laidAt(40), laidAt(5, { at: ago(days(5)) })] })
    const [less, least] = [going(lose(mask)), going(lose(mask | (1 << more)))]
    assert.ok(least.every((key) => less.includes(key)), `${mask} ${more}`)
  }
})

test('G-11 the hash is of just what would be removed, and by what; how long it has waited is no part of it', () => {
  const plan = purgePlan(attic())
  assert.equal(purgePlan(attic({ lived: days(401) })).hash, plan.hash)
  for (const other of [attic({ laid: [laidAt(40)] }), attic({ laid: [laidAt(40), laidAt(41, { aside: asideSince(days(32)) })] }), attic({ settings: { ...SETTINGS, keepVerified: 3 } }), attic({ set: 'other' })]) assert.notEqual(purgePlan(other).hash, plan.hash)
})

test('a copy is as old as its name says, as late as that can be; one without a time as its quarantine, one with a wrong time is nobody knows', () => {
  const pattern = { text: 'shop-{date}.dump', prefix: 'shop-' }
  const day = Date.UTC(2026, 0, 2)
  const aside = { storeSince: ago(days(31)) }
  assert.equal(takenAt(pattern, 'shop-2026-01-02.dump', aside), instantOf(Math.min(day + days(1) - 1, aside.storeSince)))
  assert.equal(takenAt(pattern, 'shop-2026-02-31.dump', aside), undefined)
  assert.equal(takenAt(pattern, 'other', aside), undefined)
  assert.equal(takenAt({ text: 'x-{any}', prefix: 'x-' }, 'x-1', aside), aside.storeSince)
})

test('the job of a set in a store is nobody else’s', () => {
  assert.deepEqual(parseJob(jobOf('shop', 'main')), { set: 'shop', store: 'main' })
  for (const job of ['customer-backups', 'keep:shop', 'keep:@main', 'keep:a@b@c', '']) assert.equal(parseJob(job), undefined)
  assert.equal(marginsFor(86_400).quarantine, ms(30_000))
})
