import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { instantOf, ms, tickOf } from '../../core/time.ts'
import { settle, turnedClock } from '../../../test/turned-clock.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import type { Looked } from './protocol.ts'

type Is = Looked['found']['is']
let n = 0
const looked = (check: string, is: Is = 'pass'): Looked => {
  n += 1
  return { check, at: instantOf(n), tick: tickOf(n), took: ms(1), late: 0, found: is === 'pass' ? { is } : { is, says: 'why' } }
}

/** A keeper that confirms by hand. */
function keeper(): { outbox: Outbox; clock: ReturnType<typeof turnedClock>; batches: { results: readonly Looked[]; dropped: number }[]; confirm(): Promise<void>; lose(): Promise<void> } {
  const clock = turnedClock()
  const batches: { results: readonly Looked[]; dropped: number }[] = []
  let open: { resolve: () => void; reject: (cause: Error) => void }[] = []
  const outbox = createOutbox({
    timers: clock,
    ask: (batch) => new Promise<void>((resolve, reject) => {
      batches.push(batch)
      open.push({ resolve, reject })
    }),
  })
  return {
    outbox, clock, batches,
    async confirm() {
      open.shift()?.resolve()
      await settle()
    },
    async lose() {
      const lost = open
      open = []
      for (const { reject } of lost) reject(new Error('the link was lost'))
      outbox.lost()
      await settle()
    },
  }
}
const names = (batch: { results: readonly Looked[] } | undefined): string[] => (batch?.results ?? []).map((it) => it.check)

describe('when results are sent', () => {
  test('the first result, a failure, an unknown and a change go at once; passes that change nothing are gathered up to 250 ms', async () => {
    const { outbox, clock, batches, confirm } = keeper()
    outbox.open()
    const steps: [Is, boolean][] = [['pass', true], ['pass', false], ['fail', true], ['fail', true], ['pass', true], ['unknown', true], ['pass', true]]
    for (const [is, atOnce] of steps) {
      const before = batches.length
      outbox.add(looked('db', is))
      assert.equal(batches.length, before + (atOnce ? 1 : 0), is)
      await clock.turn(250)
      assert.equal(batches.length, before + 1)
      await confirm()
    }
  })

  test('what goes at once takes along what was gathered', () => {
    const { outbox, batches } = keeper()
    outbox.open()
    for (const name of ['a', 'b']) outbox.add(looked(name))
    outbox.add(looked('a'))
    outbox.add(looked('b', 'fail'))
    assert.deepEqual(names(batches.at(-1)), ['a', 'b'])
  })
})

describe('X-5: a keeper that is slow or away', () => {
  test('keeps the newest result of each check and counts the others', async () => {
    const { outbox, batches } = keeper()
    for (let round = 0; round < 5; round++) for (const name of ['a', 'b', 'c']) outbox.add(looked(name, 'fail'))
    assert.equal(outbox.waiting, 3)
    const last = looked('a', 'pass')
    outbox.add(last)
    outbox.open()
    assert.equal(batches.length, 1)
    assert.equal(batches[0]?.dropped, 13)
    assert.deepEqual(names(batches[0]).sort(), ['a', 'b', 'c'])
    assert.equal(batches[0]?.results.find((it) => it.check === 'a'), last)
  })

  test('only a few batches are under way; after an answer the newest goes', async () => {
    const { outbox, batches, confirm } = keeper()
    outbox.open()
    for (let round = 0; round < 100; round++) outbox.add(looked('a', 'fail'))
    assert.equal(batches.length, 4)
    assert.equal(outbox.waiting, 1)
    await confirm()
    assert.equal(batches.length, 5)
    assert.equal(batches[4]?.dropped, 95)
    assert.equal(outbox.waiting, 0)
  })

  test('what a keeper did not confirm goes to the next one, unless something newer is known', async () => {
    const { outbox, batches, lose } = keeper()
    outbox.open()
    outbox.add(looked('a', 'fail'))
    outbox.add(looked('b', 'fail'))
    const newer = looked('a', 'fail')
    outbox.add(newer)
    await lose()
    assert.equal(outbox.waiting, 2)
    outbox.open()
    const batch = batches.at(-1)
    assert.deepEqual(names(batch).sort(), ['a', 'b'])
    assert.equal(batch?.results.find((it) => it.check === 'a'), newer)
    assert.equal(batch?.dropped, 1)
  })

  test('a large pile is cut into batches', () => {
    const { outbox, batches } = keeper()
    for (let i = 0; i < 5000; i++) outbox.add(looked(`c${i}`))
    outbox.open()
    assert.deepEqual(batches.map((batch) => batch.results.length), [2000, 2000, 1000])
  })
})

test('a new keeper is told the newest result of every check that is still watched, confirmed or not', async () => {
  const { outbox, batches, confirm, lose } = keeper()
  outbox.open()
  for (const name of ['a', 'b', 'gone']) outbox.add(looked(name))
  for (let i = 0; i < 3; i++) await confirm()
  await lose()
  outbox.keep(new Set(['a', 'b']))
  outbox.open()
  assert.deepEqual(names(batches.at(-1)).sort(), ['a', 'b'])
})

test('in any order of events the newest result of every check is delivered', async () => {
  const event = fc.oneof({ weight: 6, arbitrary: fc.record({ is: fc.constant('add' as const), check: fc.constantFrom('a', 'b', 'c'), found: fc.constantFrom<Is>('pass', 'fail', 'unknown') }) },
    { weight: 3, arbitrary: fc.constant({ is: 'confirm' as const }) }, { weight: 1, arbitrary: fc.constant({ is: 'lose' as const }) },
    { weight: 1, arbitrary: fc.constant({ is: 'open' as const }) }, { weight: 2, arbitrary: fc.constant({ is: 'turn' as const }) })
  await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
    const { outbox, clock, batches, confirm, lose } = keeper()
    const newest = new Map<string, Looked>()
    let isOpen = false
    for (const it of events) {
      if (it.is === 'add') {
        const one = looked(it.check, it.found)
        newest.set(it.check, one)
        outbox.add(one)
      }
      if (it.is === 'confirm') await confirm()
      if (it.is === 'turn') await clock.turn(100)
      if (it.is === 'lose' && isOpen) {
        await lose()
        isOpen = false
      }
      if (it.is === 'open' && !isOpen) {
        outbox.open()
        isOpen = true
      }
    }
    if (isOpen) await lose()
    outbox.open()
    for (let i = 0; i < 10; i++) {
      await clock.turn(250)
      await confirm()
    }
    const delivered = new Map<string, Looked>()
    for (const batch of batches) for (const one of batch.results) delivered.set(one.check, one)
    assert.deepEqual(delivered, newest)
    assert.equal(outbox.waiting, 0)
  }), { numRuns: 100 })
})
