// P-13: in a storm every ring is in exactly one single or one digest; few singles, digests soon and not too often.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { PageId } from '../../../core/id.ts'
import { incidentId } from '../../../core/incident.ts'
import { dueIn, instantOf, ms, seconds, tickOf, timeTo, type Now } from '../../../core/time.ts'
import { bundle, CALM, withdraw, type Bundled, type Storm } from './digest.ts'
import { pageId } from '../paging.ts'
import type { Carried } from './queue.ts'

const START: Now = { wall: instantOf(1_795_000_000_000), tick: tickOf(1_000_000), boot: 'a' }
const at = (from: number): Now => ({ ...START, wall: instantOf(START.wall + from), tick: tickOf(START.tick + from) })

let counter = 0
function ring(person = 'ada', channel = 'email', of = counter + 1, round = 0): Carried {
  counter += 1
  const incident = incidentId(`check:${of}`, '')
  return { incident, ring: { page: pageId(incident, 0, 0, round, person, channel), person, channel, step: 0, round, due: dueIn(START, ms(0)), is: 'sent' } }
}
const many = (count: number, person = 'ada', channel = 'email'): Carried[] => Array.from({ length: count }, () => ring(person, channel))
const pagesOf = (bundled: Bundled): PageId[] => [...bundled.single, ...bundled.digests.flatMap(({ carries }) => carries)].map(({ ring: { page } }) => page)

test('five singles in a minute, then what comes is gathered and goes out as one 2 s after the first', () => {
  const first = bundle(CALM, many(5), START)
  assert.equal(first.single.length, 5)
  assert.equal(first.nextAt, undefined)
  const sixth = bundle(first.state, many(1), at(1000))
  assert.deepEqual([sixth.single, sixth.digests], [[], []])
  assert.equal(sixth.nextAt?.tick, START.tick + 3000)
  const more = bundle(sixth.state, many(3), at(2999))
  assert.deepEqual([more.single, more.digests, more.nextAt?.tick], [[], [], START.tick + 3000])
  const due = bundle(more.state, [], at(3000))
  assert.equal(due.digests.length, 1)
  assert.equal(due.digests[0]?.carries.length, 4)
  assert.equal(due.nextAt, undefined)
})

test('the minute slides: a single leaves the count 60 s after it went out', () => {
  const five = bundle(CALM, many(5), START)
  assert.equal(bundle(five.state, many(1), at(59_999)).single.length, 0)
  assert.equal(bundle(five.state, many(1), at(60_000)).single.length, 1)
  const spread = bundle(bundle(CALM, many(4), START).state, many(1), at(30_000))
  const later = bundle(spread.state, many(5), at(60_000))
  assert.equal(later.single.length, 4)
})

test('one incident that was told by itself goes on being told so, however full the minute is, and never overtakes what waits of it', () => {
  const known = ring('ada', 'email', 9000)
  const full = bundle(CALM, [known, ...many(7)], START)
  assert.deepEqual([full.single.length, full.single[0]], [5, known])
  const again = bundle(full.state, [ring('ada', 'email', 9000, 1)], at(1000))
  assert.equal(again.single.length, 1)
  const gathered = bundle(CALM, [...many(5), ring('ada', 'email', 9001)], START)
  assert.equal(bundle(gathered.state, [ring('ada', 'email', 9001, 1)], at(500)).single.length, 0)
})

test('at most one digest in 10 s per person and channel', () => {
  let now = 0
  let state: Storm = CALM
  const sentAt: number[] = []
  for (; now < 60_000; now += 100) {
    const bundled = bundle(state, many(1), at(now))
    state = bundled.state
    if (bundled.digests.length > 0) sentAt.push(now)
  }
  assert.deepEqual(sentAt.slice(0, 4), [2500, 12_500, 22_500, 32_500])
})

test('a digest after a calm comes within 2 s again', () => {
  const storm = bundle(bundle(CALM, many(6), START).state, [], at(2000))
  const again = bundle(storm.state, many(1), at(12_000))
  assert.equal(again.nextAt?.tick, START.tick + 14_000)
})

test('what comes while something is gathered joins it, although the minute has passed', () => {
  const storm = bundle(CALM, many(6), START)
  const joined = bundle(storm.state, many(1), at(61_000))
  assert.deepEqual([joined.single.length, joined.digests[0]?.carries.length], [0, 2])
})

test('persons and channels do not share their count; names cannot run into each other', () => {
  const rings = [...many(5, 'ada', 'email'), ...many(5, 'ada', 'hook'), ...many(5, 'bo', 'email'), ...many(5, 'a', 'b"],["c'), ...many(5, 'a"],["b', 'c')]
  assert.equal(bundle(CALM, rings, START).single.length, 25)
})

test('the same page given twice goes out once', () => {
  const [one] = many(1)
  assert.ok(one)
  assert.equal(bundle(CALM, [one, one], START).single.length, 1)
  const full = bundle(CALM, many(5), START)
  const waiting = bundle(bundle(full.state, [one], at(1)).state, [one], at(2))
  assert.equal(bundle(waiting.state, [], at(5000)).digests[0]?.carries.length, 1)
})

test('the same storm has the same digest, another one another', () => {
  const rings = many(8)
  const keyOf = (given: readonly Carried[]): PageId | undefined => bundle(bundle(CALM, given, START).state, [], at(2000)).digests[0]?.key
  assert.equal(keyOf(rings), keyOf(rings))
  assert.notEqual(keyOf(rings), keyOf(rings.slice(1)))
  assert.match(keyOf(rings) ?? '', /^pg_[0-9a-f]{32}$/)
})

test('a storm that is over leaves nothing in memory', () => {
  const over = bundle(bundle(CALM, many(100), START).state, [], at(2000))
  assert.equal(bundle(over.state, [], at(62_000)).state.size, 0)
})

test('P-7 what was gathered is taken back when somebody took the incident', () => {
  const rings = many(8)
  const storm = bundle(CALM, rings, START)
  const some = withdraw(storm.state, (it) => rings.slice(5, 7).includes(it))
  assert.deepEqual(bundle(some, [], at(2000)).digests[0]?.carries, rings.slice(7))
  const none = withdraw(storm.state, () => true)
  const bundled = bundle(none, [], at(2000))
  assert.deepEqual([bundled.digests, bundled.nextAt], [[], undefined])
})

test('X-7 a wall clock that is set brings digests early, never late; a reboot starts the count anew', () => {
  const storm = bundle(CALM, many(6), START)
  const back = { ...at(2000), wall: instantOf(0) }
  assert.equal(bundle(storm.state, [], back).digests.length, 1)
  const forward = { ...at(10), wall: instantOf(START.wall + 90_000_000) }
  assert.equal(bundle(storm.state, [], forward).digests.length, 1)
  const five = bundle(CALM, many(5), START)
  assert.equal(bundle(five.state, many(1), { ...at(10), boot: 'b' }).single.length, 1)
})

test('P-13 10,000 triggers at once: the first digest within 2 s, counts exact', () => {
  const rings = many(10_000)
  const first = bundle(CALM, rings, START)
  assert.ok(first.nextAt && timeTo(first.nextAt, START) <= 2000)
  const flushed = bundle(first.state, [], at(2000))
  assert.equal(first.single.length + (flushed.digests[0]?.carries.length ?? 0), 10_000)
})

test('P-13 storms at random: every ring in exactly one single or one digest, few singles, digests soon and seldom', () => {
  const people = ['ada', 'bo', 'chen']
  const channels = ['email', 'hook']
  const bursts = fc.array(fc.record({
    after: fc.integer({ min: 0, max: 9000 }), count: fc.integer({ min: 0, max: 400 }), who: fc.nat(2), by: fc.nat(1), setWall: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -90_000_000, max: 90_000_000 }) }),
  }), { minLength: 1, maxLength: 60 })
  fc.assert(fc.property(bursts, (all) => {
    let now = 0
    let wallOff = 0
    let state: Storm = CALM
    let due: Bundled['nextAt']
    const given: PageId[] = []
    const out: PageId[] = []
    const singleAt = new Map<string, number[]>()
    const digestAt = new Map<string, number[]>()
    const clock = (): Now => ({ ...at(now), wall: instantOf(START.wall + now + wallOff) })
    const waitingSince = new Map<PageId, number>()
    const turn = (rings: readonly Carried[]): void => {
      const bundled = bundle(state, rings, clock())
      state = bundled.state
      due = bundled.nextAt
      out.push(...pagesOf(bundled))
      for (const it of rings) waitingSince.set(it.ring.page, now)
      for (const { ring: it } of bundled.single) singleAt.set(`${it.person} ${it.channel}`, [...(singleAt.get(`${it.person} ${it.channel}`) ?? []), now])
      for (const it of bundled.digests) {
        const key = `${it.person} ${it.channel}`
        const before = digestAt.get(key)?.at(-1)
        if (wallOff === 0) assert.ok(before === undefined || now - before >= 10_000, 'digests are seldom')
        digestAt.set(key, [...(digestAt.get(key) ?? []), now])
        for (const { ring: { page } } of it.carries) assert.ok(now - (waitingSince.get(page) ?? 0) <= (before === undefined ? 2000 : 10_000), 'nothing waits long')
      }
    }
    for (const burst of all) {
      const rings = many(burst.count, people[burst.who], channels[burst.by])
      given.push(...rings.map(({ ring: { page } }) => page))
      const until = now + burst.after
      for (let wait = due ? timeTo(due, clock()) : Number.POSITIVE_INFINITY; now + wait <= until; wait = due ? timeTo(due, clock()) : Number.POSITIVE_INFINITY) {
        now += wait
        turn([])
      }
      now = until
      wallOff += burst.setWall
      turn(rings)
    }
    for (let i = 0; due && i < 10; i++) {
      now += timeTo(due, clock())
      turn([])
    }
    assert.equal(due, undefined)
    assert.deepEqual(out.toSorted(), given.toSorted())
    for (const times of singleAt.values()) for (const [i, time] of times.entries()) assert.ok(i < 5 || time - (times[i - 5] ?? 0) >= seconds(60), 'five singles a minute')
  }), { numRuns: 60 })
})
