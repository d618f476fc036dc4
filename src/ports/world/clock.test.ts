import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mock, test } from 'node:test'
import { LONGEST_TIMER, days, ms } from '../../core/time.ts'
import { bootId, createClock } from './clock.ts'
import { random } from './random.ts'
import { createTimers } from './timers.ts'

test('both clocks advance, and the boot is one name', () => {
  const clock = createClock()
  const first = clock.now()
  const second = clock.now()
  assert(second.tick >= first.tick)
  assert(Math.abs(first.wall - Date.now()) < 1000)
  assert.equal(first.boot, bootId())
  assert(first.boot.length >= 32)
})

test('the tick is comparable across processes of one boot', () => {
  const before = createClock().now()
  const script = `import { createClock } from ${JSON.stringify(new URL('./clock.ts', import.meta.url).href)}; console.log(JSON.stringify(createClock().now()))`
  const there = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })) as typeof before
  const after = createClock().now()
  assert.equal(there.boot, before.boot)
  assert(before.tick < there.tick && there.tick < after.tick)
})

test('C-2 the tick is that of every process of the machine, to half a millisecond, from the first reading on', () => {
  const script = `import { createClock } from ${JSON.stringify(new URL('./clock.ts', import.meta.url).href)}
    const clock = createClock()
    const at = () => process.hrtime().reduce((s, ns) => s * 1000 + ns / 1e6)
    const off = Array.from({ length: 20 }, () => [at(), clock.now().tick, at()]).map(([before, tick, after]) => Math.max(before - tick, tick - after, 0))
    console.log(Math.min(...off))`
  const off = Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }))
  assert(off < 0.5, `${off} ms`)
})

test('X-4: no timer beyond the runtime’s limit reaches it; a long one still fires, once, when it is due', (t) => {
  const asked: number[] = []
  const real = globalThis.setTimeout
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const inner = globalThis.setTimeout
  globalThis.setTimeout = ((act: () => void, span: number) => {
    asked.push(span)
    return inner(act, span)
  }) as typeof setTimeout
  try {
    let fired = 0
    createTimers().after(days(40), () => fired++)
    t.mock.timers.tick(LONGEST_TIMER)
    assert.equal(fired, 0)
    t.mock.timers.tick(days(40) - LONGEST_TIMER - 1)
    assert.equal(fired, 0)
    t.mock.timers.tick(1)
    assert.equal(fired, 1)
    assert(asked.every((span) => span <= LONGEST_TIMER))
  } finally {
    globalThis.setTimeout = real
  }
})

test('a cancelled timer never fires, in whatever stage it is', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const act = mock.fn()
  const timers = createTimers()
  const cancel = timers.after(days(40), act)
  t.mock.timers.tick(LONGEST_TIMER + 5)
  cancel()
  t.mock.timers.tick(days(40))
  timers.after(ms(-5), act)
  t.mock.timers.tick(1)
  assert.equal(act.mock.callCount(), 1)
})

test('randomness gives as many bytes as were asked for, never the same twice', () => {
  assert.equal(random(16).length, 16)
  assert.notDeepEqual(random(16), random(16))
})
