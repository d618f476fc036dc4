// A conversation that is kept: opened anew once where it broke, closed with its look; and a part of a look that does not hold up the others twice.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnedClock } from '../../../test/turned-clock.ts'
import { kept, partOf } from './kept.ts'

const refusedBy = (): Error => Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })

function talks() {
  const it = { opened: 0, ended: 0, open: (): Promise<void> => Promise.resolve() }
  const of = kept(async () => {
    it.opened++
    await it.open()
    return { n: it.opened, end: () => void it.ended++ }
  })
  return { it, of }
}

test('C-2 one that broke meanwhile is opened anew in the same look, once, and what that says is what is said', async () => {
  const { it, of } = talks()
  const { signal } = new AbortController()
  assert.equal(await of.use(signal, async ({ n }) => n), 1)
  assert.equal(await of.use(signal, async ({ n }) => n), 1, 'it is kept')
  assert.equal(await of.use(signal, ({ n }) => (n === 1 ? Promise.reject(new Error('closed')) : Promise.resolve(n))), 2)
  assert.deepEqual([it.opened, it.ended], [2, 1])
  it.open = () => Promise.reject(refusedBy())
  await assert.rejects(of.use(signal, () => Promise.reject(new Error('closed'))), { code: 'ECONNREFUSED' })
  await assert.rejects(of.use(signal, async () => 1), { code: 'ECONNREFUSED' })
  assert.deepEqual([it.opened, it.ended], [4, 2])
})

test('X-9 with its look it is closed, also when it is opened too late', async () => {
  const { it, of } = talks()
  const limit = new AbortController()
  const hanging = of.use(limit.signal, () => new Promise<never>(() => undefined))
  hanging.catch(() => undefined)
  await new Promise((resolve) => void setImmediate(resolve))
  limit.abort()
  assert.equal(it.ended, 1)
  const door = Promise.withResolvers<void>()
  it.open = () => door.promise
  const second = new AbortController()
  const late = of.use(second.signal, async () => 1)
  second.abort()
  door.resolve()
  await late.catch(() => undefined)
  assert.equal(it.ended, 2)
})

test('X-9 C-14 a part that is silent takes its limit once, and little from then on, until it answers again', async () => {
  const clock = turnedClock()
  let answers = false
  const part = partOf(clock, () => (answers ? Promise.resolve('word') : new Promise<never>(() => undefined)))
  const took = async (): Promise<[number, string]> => {
    const began = clock.now().tick
    let found: [number, string] | undefined
    void part(new AbortController().signal).then((it) => (found = [clock.now().tick - began, it.is]))
    for (let n = 0; n < 60 && !found; n++) await clock.turn(100)
    return found ?? [Infinity, '']
  }
  assert.deepEqual([await took(), await took(), await took()], [[2500, 'silent'], [500, 'silent'], [500, 'silent']])
  answers = true
  assert.deepEqual((await took())[1], 'said')
  answers = false
  assert.deepEqual(await took(), [2500, 'silent'])
  assert.deepEqual(await partOf(clock, () => Promise.reject(refusedBy()))(new AbortController().signal), { is: 'refused', says: 'refused the connection' })
  assert.equal(clock.armed, 0)
})
