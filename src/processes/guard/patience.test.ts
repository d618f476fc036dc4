// What is said of a store that does not answer, by a clock that is turned.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Fault, silence, tooLate } from '../../core/fault.ts'
import { instantOf, seconds, tickOf, type Now } from '../../core/time.ts'
import type { Reading } from '../../ports/store.ts'
import type { Timers } from '../../ports/world.ts'
import { patient } from './patience.ts'

function world() {
  let tick = 0
  const due: { at: number; act: () => void }[] = []
  const now = (): Now => ({ wall: instantOf(tick), tick: tickOf(tick), boot: 'boot' })
  const timers: Timers = {
    after(span, act) {
      const one = { at: tick + span, act }
      due.push(one)
      return () => void due.splice(due.indexOf(one), due.includes(one) ? 1 : 0)
    },
  }
  const pass = (span: number): void => {
    for (const end = tick + span; ;) {
      const next = due.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      tick = next?.at ?? end
      if (!next) return
      due.splice(due.indexOf(next), 1)
      next.act()
    }
  }
  const said: string[] = []
  const calls: PromiseWithResolvers<never>[] = []
  const half = { head: () => (calls.push(Promise.withResolvers<never>()), calls.at(-1)?.promise) } as unknown as Reading
  const store = patient(half, { store: 'main', now, timers, say: (says) => said.push(says) })
  const ask = (): Promise<unknown> => store.head({ key: 'x' }, new AbortController().signal).catch((cause: unknown) => cause)
  return { pass, said, due, ask, last: () => calls.at(-1) }
}

test('whoever waits for a store that does not answer reads for how long, over all tries, and nothing once it answers', async () => {
  const it = world()
  let asked = it.ask()
  it.pass(seconds(9))
  assert.deepEqual(it.said, [])
  it.pass(seconds(2))
  assert.deepEqual(it.said, ['no answer of main for 10 s'])
  it.last()?.reject(silence('no first byte'))
  await asked
  assert.deepEqual(it.due, [], 'nothing is left ticking')
  it.pass(seconds(5))
  asked = it.ask()
  it.pass(seconds(4))
  assert.deepEqual(it.said.slice(1), ['no answer of main for 17 s'], 'the second try does not begin anew')
  it.last()?.reject(new Fault('403'))
  await asked
  it.pass(seconds(60))
  void it.ask()
  it.pass(seconds(9))
  assert.equal(it.said.length, 2, 'a refusal is an answer')
})

test('X-9 that Holdfast was too slow itself to ask is no answer of the store: whoever waits reads on for how long', async () => {
  const it = world()
  const asked = it.ask()
  it.pass(seconds(8))
  it.last()?.reject(tooLate('its event loop stood still'))
  await asked
  it.pass(seconds(1))
  void it.ask()
  it.pass(seconds(2))
  assert.deepEqual(it.said, ['no answer of main for 10 s'])
})
