import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ms, tickOf, type Tick } from '../../core/time.ts'
import { turnedClock } from '../../../test/turned-clock.ts'
import type { Check } from './check.ts'
import { createTimetable, drive, phaseOf, type Timetable, type Turn } from './timetable.ts'

const check = (name: string, every: number, more: Partial<Check> = {}): Check => ({
  name, kind: 'tcp', settings: { tcp: `${name}:1` }, every: ms(every), timeout: ms(1000), failAfter: 2, recoverAfter: 2, seenFrom: 1,
  unknownAfter: ms(120_000), dependsOn: [], escalate: 'default', loopback: false, from: 'holdfast.yaml:1', ...more,
})
const many = (count: number, every: number): Check[] => Array.from({ length: count }, (_, n) => check(`c${n}`, every))

/** Runs a timetable by hand from `from` to `until`; every look takes `takes` ms. Gives the beginnings per check. */
function run(timetable: Timetable, from: number, until: number, takes: (turn: Turn) => number = () => 5): Map<string, number[]> {
  const begun = new Map<string, number[]>()
  const under: { ends: number; turn: Turn }[] = []
  for (;;) {
    under.sort((a, b) => a.ends - b.ends)
    const next = Math.min(timetable.next() ?? Number.POSITIVE_INFINITY, under[0]?.ends ?? Number.POSITIVE_INFINITY)
    if (next > until) break
    const now = tickOf(Math.max(from, next))
    while (under[0] && under[0].ends <= now) timetable.end((under.shift() as { turn: Turn }).turn, now)
    for (const turn of timetable.begin(now, 10_000)) {
      const { name } = turn.check
      assert(!under.some((other) => other.turn.check.name === name), 'a look under way is not doubled')
      begun.set(name, [...(begun.get(name) ?? []), now])
      under.push({ ends: now + takes(turn), turn })
    }
    from = now
  }
  for (const { turn } of under) timetable.end(turn, tickOf(until))
  return begun
}

describe('first looks', () => {
  test('four checks are looked at once', () => {
    const timetable = createTimetable()
    timetable.replace(many(4, 60_000), tickOf(777_777))
    const begun = [...run(timetable, 777_777, 777_777 + 20).values()]
    assert.equal(begun.length, 4)
  })

  for (const every of [2_000, 10_000, 60_000, 86_400_000]) {
    test(`5,000 checks every ${every} ms are all looked at within 25 s and never in a herd`, () => {
      const timetable = createTimetable()
      timetable.replace(many(5000, every), tickOf(123_456))
      const begun = run(timetable, 123_456, 123_456 + 25_000)
      assert.equal(begun.size, 5000)
      const perTenth = new Map<number, number>()
      for (const at of [...begun.values()].flat()) perTenth.set(Math.floor(at / 100), (perTenth.get(Math.floor(at / 100)) ?? 0) + 1)
      const steady = (5000 / every) * 100
      assert(Math.max(...perTenth.values()) <= 2 * (20 + steady) + 20, `${Math.max(...perTenth.values())} began within 100 ms`)
    })
  }

  test('W-1: no gap is longer than the period, and the first is not shorter than half of it', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 500, max: 90_000 }), fc.nat(10_000_000), (count, every, start) => {
      const timetable = createTimetable()
      timetable.replace(many(count, every), tickOf(start))
      for (const ats of run(timetable, start, start + 4 * every, () => 0).values()) {
        for (let n = 1; n < ats.length; n++) {
          const gap = (ats[n] as number) - (ats[n - 1] as number)
          assert(gap <= every + 1e-6, `a gap of ${gap} with a period of ${every}`)
          assert(gap >= every / 2 - 1e-6, `a gap of ${gap} with a period of ${every}`)
        }
      }
    }), { numRuns: 200 })
  })
})

describe('the grid', () => {
  test('a check is looked at in its phase, the same after a restart', () => {
    for (const start of [5_000, 1_234_567]) {
      const timetable = createTimetable()
      timetable.replace([check('db', 10_000)], tickOf(start))
      const ats = run(timetable, start, start + 60_000).get('db') as number[]
      for (const at of ats.slice(2)) assert.equal(at % 10_000, phaseOf('db', ms(10_000)))
    }
  })

  test('a look that is still running when its next time comes is not doubled, and goes on in its phase', () => {
    const timetable = createTimetable()
    timetable.replace([check('slow', 2_000)], tickOf(0))
    const ats = run(timetable, 0, 60_000, () => 4_900).get('slow') as number[]
    const phase = phaseOf('slow', ms(2_000))
    for (const at of ats.slice(2)) assert.equal(at % 2_000, phase)
    for (let n = 3; n < ats.length; n++) assert.equal((ats[n] as number) - (ats[n - 1] as number), 6_000)
  })

  test('how late a look is counts from its own time', () => {
    const timetable = createTimetable()
    timetable.replace([check('a', 10_000)], tickOf(50))
    const [turn] = timetable.begin(tickOf(350), 10)
    assert.equal(turn?.due, 50)
  })
})

describe('a new timetable', () => {
  test('unchanged checks keep their times; a moved line in the file is no change', () => {
    const timetable = createTimetable()
    const before = many(50, 10_000)
    timetable.replace(before, tickOf(0))
    run(timetable, 0, 30_000)
    timetable.replace(before.map((it) => ({ ...it, from: 'holdfast.yaml:99', failAfter: 5, escalate: 'urgent' })), tickOf(30_001))
    for (const [name, ats] of run(timetable, 30_001, 45_000)) {
      for (const at of ats) assert.equal(at % 10_000, phaseOf(name, ms(10_000)), `${name} was looked at out of its time`)
    }
  })

  test('new and changed ones are looked at soon, removed ones stop', () => {
    const timetable = createTimetable()
    timetable.replace([check('stays', 60_000), check('goes', 60_000), check('changes', 60_000)], tickOf(0))
    run(timetable, 0, 100_000)
    timetable.replace([check('stays', 60_000), check('changes', 60_000, { settings: { tcp: 'elsewhere:2' } }), check('comes', 60_000)], tickOf(100_001))
    const soon = run(timetable, 100_001, 100_020)
    assert.deepEqual([...soon.keys()].sort(), ['changes', 'comes'])
    assert.equal(run(timetable, 100_020, 400_000).has('goes'), false)
    assert.equal(timetable.size, 3)
  })

  test('the look of a removed or changed check that ends late is not wanted; a changed one is looked at anew', () => {
    const timetable = createTimetable()
    timetable.replace([check('goes', 60_000), check('changes', 60_000)], tickOf(0))
    const turns = timetable.begin(tickOf(10), 10)
    assert.equal(turns.length, 2)
    timetable.replace([check('changes', 30_000)], tickOf(20))
    assert.equal(timetable.next(), undefined, 'nothing is doubled')
    for (const turn of turns) assert.equal(timetable.end(turn, tickOf(500)), false)
    const again = timetable.begin(tickOf(500), 10)
    assert.deepEqual(again.map((turn) => turn.check.every), [30_000])
    assert.equal(timetable.end(again[0] as Turn, tickOf(600)), true)
  })

  test('a check that is removed and comes back while it is looked at is not doubled', () => {
    const timetable = createTimetable()
    timetable.replace([check('a', 60_000)], tickOf(0))
    const [turn] = timetable.begin(tickOf(0), 10)
    timetable.replace([], tickOf(1))
    timetable.replace([check('a', 60_000)], tickOf(2))
    assert.equal(timetable.begin(tickOf(1000), 10).length, 0)
    assert.equal(timetable.end(turn as Turn, tickOf(1000)), false)
    assert.equal(timetable.begin(tickOf(1000), 10).length, 1)
  })
})

describe('look now', () => {
  test('asked looks begin at once; the grid stays', () => {
    const timetable = createTimetable()
    timetable.replace([check('a', 60_000)], tickOf(0))
    run(timetable, 0, 200_000)
    timetable.ask(['a', 'nobody'], tickOf(200_001))
    const ats = run(timetable, 200_001, 400_000).get('a') as number[]
    assert.equal(ats[0], 200_001)
    for (const at of ats.slice(1)) assert.equal(at % 60_000, phaseOf('a', ms(60_000)))
  })

  test('many requests while a look is under way become one more look after it', () => {
    const timetable = createTimetable()
    timetable.replace([check('a', 60_000)], tickOf(0))
    const [turn] = timetable.begin(tickOf(0), 10)
    for (let n = 1; n < 50; n++) timetable.ask(['a'], tickOf(n))
    assert.equal(timetable.begin(tickOf(50), 10).length, 0)
    assert.equal(timetable.end(turn as Turn, tickOf(700)), true)
    const again = timetable.begin(tickOf(700), 10)
    assert.equal(again.length, 1)
    timetable.end(again[0] as Turn, tickOf(710))
    assert.equal(timetable.begin(tickOf(720), 10).length, 0)
  })
})

test('after a long absence nothing comes in a herd, and nothing is put off twice', () => {
  const timetable = createTimetable()
  timetable.replace(many(5000, 10_000), tickOf(0))
  run(timetable, 0, 30_000)
  const back = tickOf(90_000)
  assert(timetable.begin(back, 10_000).length < 50)
  const seen = new Set<string>()
  let most = 0
  for (let now = 90_010; now <= 100_100; now += 10) {
    const turns = timetable.begin(tickOf(now), 10_000)
    most = Math.max(most, turns.length)
    for (const turn of turns) {
      seen.add(turn.check.name)
      timetable.end(turn, tickOf(now))
    }
  }
  assert(seen.size > 4950, `${seen.size} were looked at within a period`)
  assert(most <= 40, `${most} began within 10 ms`)
})

test('any order of events: nothing doubled, nothing lost, nothing forgotten', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const event = fc.oneof(
    fc.record({ is: fc.constant('pass' as const), by: fc.integer({ min: 0, max: 30_000 }) }),
    fc.record({ is: fc.constant('replace' as const), names: fc.subarray(names), every: fc.constantFrom(1000, 7000) }),
    fc.record({ is: fc.constant('ask' as const), names: fc.subarray(names) }),
    fc.record({ is: fc.constant('end' as const), which: fc.nat(4) }),
  )
  fc.assert(fc.property(fc.array(event, { maxLength: 60 }), (events) => {
    const timetable = createTimetable()
    const under = new Map<string, Turn>()
    let wanted = new Set<string>()
    let now = 10_000
    const begin = (): void => {
      for (const turn of timetable.begin(tickOf(now), 3)) {
        assert(!under.has(turn.check.name), 'doubled')
        assert(wanted.has(turn.check.name), 'looked at although it was removed')
        under.set(turn.check.name, turn)
      }
    }
    for (const it of events) {
      if (it.is === 'pass') now += it.by
      if (it.is === 'ask') timetable.ask(it.names, tickOf(now))
      if (it.is === 'replace') {
        wanted = new Set(it.names)
        timetable.replace(it.names.map((name) => check(name, it.every)), tickOf(now))
      }
      if (it.is === 'end') {
        const turn = [...under.values()][it.which]
        if (turn) {
          under.delete(turn.check.name)
          timetable.end(turn, tickOf(now))
        }
      }
      begin()
    }
    for (const turn of under.values()) timetable.end(turn, tickOf(now))
    under.clear()
    const seen = run(timetable, now, now + 40_000)
    assert.deepEqual([...seen.keys()].sort(), [...wanted].sort())
  }), { numRuns: 500 })
})

describe('the driver', () => {
  test('keeps time with one timer, none too long (X-4), and looks are where they belong', async () => {
    const clock = turnedClock(0)
    const timetable = createTimetable()
    const late: number[] = []
    let most = 0
    const driver = drive(timetable, { clock, timers: clock }, (turn) => {
      late.push(clock.now().tick - turn.due)
      timetable.end(turn, clock.now().tick)
    })
    timetable.replace([check('fast', 2_000), check('slow', 90 * 86_400_000), check('b', 3_000)], clock.now().tick)
    driver.poke()
    for (let n = 0; n < 60; n++) {
      await clock.turn(1000)
      most = Math.max(most, clock.armed)
    }
    assert(late.length >= 50)
    assert(Math.max(...late) <= 1)
    assert.equal(most, 1)
    timetable.replace([check('slow', 90 * 86_400_000)], clock.now().tick)
    await clock.turn(30_000)
    assert.equal(clock.armed, 1)
    driver.stop()
    assert.equal(clock.armed, 0)
  })

  test('a request is served without waiting for the timer', async () => {
    const clock = turnedClock(0)
    const timetable = createTimetable()
    const begun: Tick[] = []
    const driver = drive(timetable, { clock, timers: clock }, (turn) => {
      begun.push(clock.now().tick)
      timetable.end(turn, clock.now().tick)
    })
    timetable.replace([check('a', 86_400_000)], clock.now().tick)
    driver.poke()
    await clock.turn(100_000)
    timetable.ask(['a'], clock.now().tick)
    driver.poke()
    await clock.turn(1)
    assert.equal(begun.at(-1), 100_000)
  })
})
