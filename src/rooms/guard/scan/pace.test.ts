// A rate is kept over any span, and a scan that yields does yield.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { tickOf } from '../../../core/time.ts'
import { createPace, createProgress, parseRate } from './pace.ts'

const MIB = 1024 * 1024

test('what is granted never exceeds the rate, whatever the pauses between', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 50 }), fc.integer({ min: 1, max: 1000 }), (pauses, mib) => {
    const pace = createPace({ rate: mib * MIB, yields: false, at: tickOf(0) })
    let [at, granted] = [0, 0]
    for (const pause of pauses) {
      at += pause
      granted += pace.grant(tickOf(at))
      assert(granted <= (mib * MIB * at) / 1000)
    }
  }))
  assert.equal(createPace({ yields: false, at: tickOf(0) }).grant(tickOf(0)), Number.POSITIVE_INFINITY)
})

test('a scan that yields goes faster while nobody waits, and slower at once when somebody does', () => {
  const pace = createPace({ yields: true, rate: 500 * MIB, at: tickOf(0) })
  const first = pace.rate
  for (let n = 0; n < 100; n++) pace.saw(8 * MIB, 8)
  assert(pace.rate > first)
  assert(pace.rate <= 500 * MIB)
  const fast = pace.rate
  pace.saw(8 * MIB, 80)
  assert(pace.rate <= fast / 2)
  for (let n = 0; n < 20; n++) pace.saw(8 * MIB, 80)
  assert(pace.rate >= MIB, 'it never stands still')
})

test('what is left is said only when it can be known', () => {
  const told = createProgress(tickOf(0))
  assert.equal(told(tickOf(1000), { files: 1, bytes: 100, readNow: 100, total: { is: 'at least', bytes: 200, files: 2 } }).left, undefined)
  const { left, speed } = told(tickOf(2000), { files: 1, bytes: 200, readNow: 200, total: { is: 'known', bytes: 400, files: 2 } })
  assert.equal(Math.round(speed), 100)
  assert.equal(Math.round((left ?? 0) / 1000), 2)
})

test('rates as people write them', () => {
  for (const [text, rate] of [['50MB/s', 5e7], ['50 MiB', 50 * MIB], ['1GB', 1e9], ['1.5k', 1500], ['0', undefined], ['fast', undefined], ['-1MB', undefined]] as const) assert.equal(parseRate(text), rate, text)
})
