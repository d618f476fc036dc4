import assert from 'node:assert/strict'
import test from 'node:test'
import { allWell, at, atWork, majorOutage, NOW } from '../../../test/boards.ts'
import { instantOf, tickOf, type Now } from '../../core/time.ts'
import { renderBundle } from '../../rooms/tell/bundle.ts'
import { createPublisher, type Published } from './publisher.ts'

interface Write {
  readonly target: string
  readonly version: string
  readonly page: string
  readonly at: number
  settle(outcome: 'done' | 'failed'): Promise<void>
}

/** A publisher on a turned clock; its disk answers when the test says so, or at once. */
function studio(answers: 'at once' | 'when told') {
  let ms = 0
  let stepped = 0
  const writes: Write[] = []
  const told: Published[] = []
  const now = (): Now => ({ wall: instantOf(NOW + ms + stepped), tick: tickOf(1000 + ms), boot: 'b' })
  const publisher = createPublisher({
    now,
    render: renderBundle,
    copy: (target, version, files) => new Promise((resolve) => {
      const settle = (outcome: 'done' | 'failed'): Promise<void> => {
        resolve({ outcome, says: outcome })
        return new Promise((go) => setImmediate(go))
      }
      writes.push({ target, version, page: files.get('index.html') ?? '', at: ms, settle })
      if (answers === 'at once') void settle('done')
    }),
    tell: (published) => void told.push(published),
  })
  const pass = async (span: number, step = 250): Promise<void> => {
    for (let left = span; left > 0; left -= step) {
      ms += Math.min(step, left)
      publisher.tick()
      await new Promise((go) => setImmediate(go))
    }
  }
  return { publisher, writes, told, pass, stepClock: (by: number) => void (stepped += by) }
}
const places = [{ slug: 'public', publish: ['dir:/srv/public'] }]

test('a board is written as it comes, and the keeper is told', async () => {
  const { publisher, writes, told, pass } = studio('at once')
  publisher.configure(places)
  await pass(1000)
  assert.equal(writes.length, 0, 'nothing is known yet, so nothing is said')
  publisher.take('public', allWell)
  await pass(250)
  assert.equal(writes.length, 1)
  assert.match(writes[0]?.version ?? '', /^v-[0-9a-z-]+$/)
  assert.deepEqual(told, [{ is: 'published', slug: 'public', target: '/srv/public', outcome: 'done', says: 'done' }])
})

test('what people would notice goes out within a second, at most once per second; the rest once a minute', async () => {
  const { publisher, writes, pass } = studio('at once')
  publisher.configure(places)
  for (let i = 0; i < 40; i++) {
    publisher.take('public', { ...allWell, asOf: at(i * 250), components: allWell.components.map((c) => ({ ...c, days: [] })) })
    await pass(250)
  }
  assert.equal(writes.length, 1, 'only “as of” and running minutes changed')
  for (let i = 0; i < 40; i++) {
    publisher.take('public', i % 2 === 0 ? majorOutage : allWell)
    await pass(250)
  }
  assert.ok(writes.length <= 12, `${writes.length} writes in 20 s`)
  for (const [i, write] of writes.entries()) if (i > 0) assert.ok(write.at - (writes[i - 1]?.at ?? 0) >= 1000)
  const before = writes.length
  await pass(120_000)
  assert.ok(writes.length - before >= 2 && writes.length - before <= 4)
  for (const [i, write] of writes.entries()) if (i > 0) assert.ok(write.at - (writes[i - 1]?.at ?? 0) <= 60_000)
})

test('planned work that is announced or cancelled goes out at once, too', async () => {
  const { publisher, writes, pass } = studio('at once')
  publisher.configure(places)
  const written: number[] = []
  for (const maintenances of [[], atWork.maintenances.slice(2, 3), []]) {
    publisher.take('public', { ...allWell, maintenances })
    await pass(1500)
    written.push(writes.length)
  }
  assert.deepEqual(written, [1, 2, 3])
})

test('T-1: when the keeper is silent, the files turn to “not known” by themselves', async () => {
  const { publisher, writes, pass } = studio('at once')
  publisher.configure(places)
  publisher.take('public', allWell)
  await pass(240_000, 1000)
  assert.match(writes.at(-1)?.page ?? '', /<title>All systems operational/)
  await pass(120_000, 1000)
  assert.match(writes.at(-1)?.page ?? '', /<title>Not known/)
})

test('a target that hangs is never written twice at once, and delays no other', async () => {
  const { publisher, writes, pass } = studio('when told')
  publisher.configure([{ slug: 'public', publish: ['/mnt/dead', '/srv/public'] }])
  publisher.take('public', allWell)
  await pass(250)
  assert.deepEqual(writes.map((w) => w.target), ['/mnt/dead', '/srv/public'])
  await writes[1]?.settle('done')
  publisher.take('public', majorOutage)
  await pass(2000)
  assert.deepEqual(writes.map((w) => w.target), ['/mnt/dead', '/srv/public', '/srv/public'])
  assert.match(writes[2]?.page ?? '', /API: major outage/)
})

test('a target that fails is tried again with growing pauses, at most a minute', async () => {
  const { publisher, writes, told, pass } = studio('when told')
  publisher.configure(places)
  publisher.take('public', allWell)
  const pauses: number[] = []
  for (let i = 0; i < 7; i++) {
    const before = writes.length
    let waited = 0
    while (writes.length === before && waited < 120_000) {
      await pass(250)
      waited += 250
    }
    pauses.push(waited)
    await writes.at(-1)?.settle('failed')
  }
  assert.deepEqual(pauses.slice(1), [5000, 10_000, 20_000, 40_000, 60_000, 60_000])
  assert.ok(told.every((it) => it.outcome === 'failed'))
})

test('a new configuration takes targets in and out; boards that came before it are kept', async () => {
  const { publisher, writes, told, pass } = studio('at once')
  publisher.take('public', allWell)
  publisher.configure(places)
  await pass(250)
  publisher.configure([{ slug: 'public', publish: ['/srv/other'] }])
  await pass(60_000)
  assert.ok(writes.slice(1).every((w) => w.target === '/srv/other') && writes.length >= 2)
  assert.ok(told.length >= 2)
})

test('T-1 X-7 files that turned to "not known" stay so when the clock is set back', async () => {
  const { publisher, writes, pass, stepClock } = studio('at once')
  publisher.configure(places)
  publisher.take('public', allWell)
  await pass(360_000)
  assert.match(writes.at(-1)?.page ?? '', /Not known/)
  stepClock(-330_000)
  await pass(60_000)
  assert.match(writes.at(-1)?.page ?? '', /Not known/)
})
