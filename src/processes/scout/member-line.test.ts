// One member under a clock that the test turns: what hangs is given up and never doubled, what is refused is known, and a write that hangs is told while
// looks go on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnedClock } from '../../../test/turned-clock.ts'
import type { Report } from '../../rooms/change/sight.ts'
import { createMemberLine } from './member-line.ts'

const WELL: Report = { is: 'galera', primary: true, synced: true, ready: true, state: 'f3c1d0de', view: '7', size: 3, total: 3 }
const never = (): Promise<never> => new Promise(() => undefined)

function member() {
  const clock = turnedClock()
  const told: string[] = []
  const signals: AbortSignal[] = []
  const it = { look: (): Promise<Report> => Promise.resolve(WELL), write: (): Promise<void> => Promise.resolve(), looks: 0, writes: 0, closed: 0 }
  const at = (): string => `${(clock.now().tick - 1_000_000) / 1000}`
  const line = createMemberLine({
    world: clock,
    member: {
      look: (signal) => (it.looks++, signals.push(signal), it.look()), write: (signal) => (it.writes++, signals.push(signal), it.write()),
      says: (cause) => (cause as Error).message, close: () => void it.closed++,
    },
    heard: (report, asked) => void told.push(`${at()} heard ${report.is} of ${(asked.tick - 1_000_000) / 1000}`),
    mute: (says) => void told.push(`${at()} mute: ${says}`),
    wrote: (asked, wrong) => void told.push(`${at()} wrote of ${(asked.tick - 1_000_000) / 1000}${wrong === undefined ? '' : `: ${wrong}`}`),
  })
  return { clock, told, signals, it, line, of: (word: string) => told.filter((one) => one.includes(word)) }
}

test('C-2 it is asked each second, and a write is tried every two; each counts from its beginning', async () => {
  const { clock, told, line, it } = member()
  await clock.turn(4500)
  assert.deepEqual(told, ['0 heard galera of 0', '1 wrote of 1', '1 heard galera of 1', '2 heard galera of 2', '3 wrote of 3', '3 heard galera of 3', '4 heard galera of 4'].toSorted((a, b) => told.indexOf(a) - told.indexOf(b)))
  line.close()
  await clock.turn(10_000)
  assert.deepEqual([it.looks, it.closed, clock.armed], [5, 1, 0])
})

test('X-9 C-14 a look that hangs is given up after three seconds and asked ever more seldom; what comes late is no news', async () => {
  const { clock, told, signals, it, of } = member()
  await clock.turn(500)
  const late = Promise.withResolvers<Report>()
  it.look = () => late.promise
  await clock.turn(3600)
  assert.equal(told.at(-1), '4 mute: it does not answer')
  assert.equal(signals.filter(({ aborted }) => aborted).length, 1)
  late.resolve(WELL)
  await clock.turn(10)
  assert.equal(told.at(-1), '4 mute: it does not answer')
  it.look = never
  const before = it.looks
  await clock.turn(120_000)
  assert.ok(it.looks - before >= 8 && it.looks - before <= 13, String(it.looks - before))
  assert.equal(of('mute').length, 1)
  it.look = () => Promise.resolve(WELL)
  await clock.turn(14_000)
  assert.ok(of('heard').length > 2)
})

test('C-2 a host that refuses was heard, each second; an answer that fails is told with its words', async () => {
  const { clock, it, of } = member()
  it.look = () => Promise.resolve({ is: 'stopped', says: 'refused' })
  await clock.turn(10_500)
  assert.equal(of('stopped').length, 10)
  assert.equal(it.writes, 1, 'nobody writes there, but while the first of these looks was under way')
  it.look = () => Promise.reject(new Error('Access denied'))
  await clock.turn(2000)
  assert.match(of('mute')[0] ?? '', /Access denied/)
})

test('C-12 X-9 a write that hangs is told after three seconds while looks go on, and no second one is begun behind it', async () => {
  const { clock, told, it, of } = member()
  const hangs = Promise.withResolvers<void>()
  it.write = () => hangs.promise
  await clock.turn(30_000)
  assert.deepEqual(of('wrote'), ['4 wrote of 1: it is not committed within 3 s'])
  assert.equal(it.writes, 1)
  assert.equal(of('heard').length, 31)
  it.write = () => Promise.resolve()
  hangs.resolve()
  await clock.turn(1500)
  assert.deepEqual(told.filter((one) => one.includes('wrote')).slice(1), ['30 wrote of 1', '31 wrote of 31'])
})

test('X-9 writes that hang for good are given up, and begun ever more seldom', async () => {
  const { clock, it } = member()
  it.write = never
  await clock.turn(3_600_000)
  assert.ok(it.writes >= 5 && it.writes <= 12, String(it.writes))
})

test('C-12 a write is begun at once when it is asked for, and never two at once', async () => {
  const { clock, it, line, of } = member()
  await clock.turn(1500)
  line.write()
  await clock.turn(0)
  assert.deepEqual(of('wrote'), ['1 wrote of 1', '1.5 wrote of 1.5'])
  it.write = never
  line.write()
  line.write()
  await clock.turn(100)
  assert.equal(it.writes, 3)
  it.write = () => Promise.reject(new Error('read only'))
  await clock.turn(62_000)
  assert.match(of('wrote').at(-1) ?? '', /read only|3 s/)
})
