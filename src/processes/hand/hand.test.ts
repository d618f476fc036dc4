// A hand over an S3 that counts requests: it dies at each of them in turn, before it left or after it was answered, and at each word to the keeper. Whoever
// comes next finds out what was done, and the end is always the same.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { actsWorld, JOB, type ActsWorld } from '../../../test/guard/acts-world.ts'
import { directEgress } from '../../../test/places/direct-egress.ts'
import { BUCKET, fakeS3, KEYS, type FakeS3 } from '../../../test/places/fake-s3.ts'
import { days, hours, instantOf, minutes, ms, seconds, tickOf, type Now, type Span, type Stamp } from '../../core/time.ts'
import s3 from '../../plugins/stores/s3.ts'
import type { Found } from '../../core/evidence.ts'
import { CAPABILITIES, type Capability, type Marker, type Version } from '../../ports/store.ts'
import type { Egress, Timers } from '../../ports/world.ts'
import { listen } from '../../ports/wire.ts'
import type { FromHand, ToHand } from '../../rooms/guard/acts/protocol.ts'
import { loadJob, openObjects } from '../../rooms/guard/acts/rows.ts'
import { leftOf } from '../../core/authority/lease.ts'
import { fenced } from './fence.ts'
import { rounds, type RoundPorts } from './round.ts'

const settings = { s3: '', bucket: BUCKET, read: `READER:${KEYS.READER}`, delete: `HAND:${KEYS.HAND}` }
const random = (n: number): Uint8Array => new Uint8Array(n).fill(7)

interface Place { readonly world: ActsWorld; readonly fake: FakeS3; wait(span: Span): void }

/** One that is to be put aside, one to be purged, one to come back, one that nothing happens to. */
async function place(t: TestContext): Promise<Place> {
  const fake = await fakeS3(t)
  const zero = Math.floor(Date.now() / 1000) * 1000
  const stacks = (): ReadonlyMap<string, readonly (Version | Marker)[]> => new Map([...fake.objects].filter(([key]) => !key.startsWith('.holdfast/')).map(([key, stack]) => [key, stack.map((it, n): Version | Marker => it.marker
    ? { is: 'marker', key, versionId: it.versionId, latest: n === 0, modifiedAt: instantOf(it.at) }
    : { is: 'version', key, versionId: it.versionId, latest: n === 0, etag: it.etag, bytes: it.body.length, modifiedAt: instantOf(Math.floor(it.at / 1000) * 1000) })]))
  const reading = s3.reading(s3.config.parse({ ...settings, s3: fake.url }), { egress: directEgress(), now: () => ({ wall: instantOf(zero), tick: tickOf(1), boot: 'boot' }), random, folder: '/' })
  const { id } = await reading.identify(AbortSignal.timeout(5000))
  const world: ActsWorld = actsWorld({ zero, settled: ms(0), other: { identity: id, stacks } })
  const wait = (span: Span): void => {
    world.pass(span)
    fake.ahead = world.now().wall - Date.now()
  }
  for (const key of ['c/back', 'c/gone', 'c/kept']) fake.put(key, `of ${key}`)
  world.rows.add('c/kept')
  wait(days(8))
  for (let n = 0; n < 4; n++) {
    world.run()
    wait(hours(24.5))
  }
  world.arm()
  world.run()
  await work({ world, fake, wait }, Number.POSITIVE_INFINITY)
  fake.put('c/aside', 'of c/aside')
  wait(days(8))
  for (let n = 0; n < 4; n++) {
    world.run()
    wait(hours(24.5))
  }
  wait(days(31))
  world.rows.add('c/back')
  world.purge(world.run())
  return { world, fake, wait }
}

/** Trying out canaries is eighty requests that touch nothing else; what they found is told once more instead. */
const tried = (world: ActsWorld): Promise<ToHand> => world.hear({
  is: 'probed', term: 0, store: 'main', identity: world.identity, moves: false, keeps: { is: 'pass' }, clock: { is: 'read', at: world.now().wall, ahead: { least: 0, most: 0 } },
  capabilities: Object.fromEntries(CAPABILITIES.map((name) => [name, { is: 'pass' }])) as Record<Capability, Found>, way: { versioning: 'enabled', noncurrent: 'ever', conditionalDelete: true, lockHolds: true },
})

const never = new Promise<never>(() => undefined)

/** A hand that dies at its n-th step outward: even ones after it was answered, odd ones before it left. Returns how many steps it made. */
async function work({ world, fake, wait }: Place, dies: number): Promise<number> {
  wait(seconds(21))
  await tried(world)
  let steps = 0
  const dead = Promise.withResolvers<void>()
  const mortal = async <T>(act: () => Promise<T>): Promise<T> => {
    if (++steps === dies) return dead.resolve(), never
    const done = await act()
    if (++steps === dies) return dead.resolve(), never
    return done
  }
  const direct = directEgress()
  const egress: Egress = { ...direct, request: (want) => mortal(() => direct.request(want)) }
  const context = { egress, now: () => world.now(), random, folder: '/' }
  const parsed = s3.config.parse({ ...settings, s3: fake.url })
  const halves = { now: () => world.now(), reading: s3.reading(parsed, context), deleting: s3.deleting(parsed, context) }
  const stopped = new AbortController()
  const holder = `hand ${dies} ${Math.random()}`
  // Nobody waits here: whoever has nothing to do, or has to wait, is sent home.
  const timers: Timers = { after: (span) => {
    if (span <= 1000) setImmediate(() => stopped.abort())
    return () => undefined
  } }
  const ask = async (message: FromHand): Promise<ToHand> => {
    const told = await mortal(() => world.hear(message, holder))
    if (told.is === 'nothing' || told.is === 'no-lease' || (told.is === 'lease' && told.lease.is === 'taken')) stopped.abort()
    return told
  }
  const ports: RoundPorts = { now: () => world.now(), timers, ask, store: () => halves }
  await Promise.race([rounds(ports, stopped.signal), dead.promise])
  return steps
}

const shapeOf = ({ world, fake }: Place): unknown => ({
  stacks: Object.fromEntries([...fake.objects].filter(([key]) => !key.startsWith('.holdfast/')).map(([key, stack]) => [key, stack.map(({ marker }) => (marker ? 'marker' : 'version'))])),
  lives: Object.fromEntries(['c/aside', 'c/back', 'c/gone', 'c/kept'].map((key) => [key, world.life(key).is])), open: openObjects(world.room.sql, 9).length, breaker: loadJob(world.room.sql, JOB).breaker.is,
})

const END = {
  stacks: { 'c/aside': ['marker', 'version'], 'c/back': ['version'], 'c/kept': ['version'] },
  lives: { 'c/aside': 'aside', 'c/back': 'unmarked', 'c/gone': 'purged', 'c/kept': 'unmarked' }, open: 0, breaker: 'closed',
}

/** A run plans anew, people agree anew, as long as something is left to do. */
async function finish(it: Place): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await work(it, Number.POSITIVE_INFINITY)
    it.world.purge(it.world.run())
  }
  await work(it, Number.POSITIVE_INFINITY)
}

test('G-8 a hand that dies at any request, or any word to the keeper, is followed by one that comes to the same end', async (t) => {
  const whole = await place(t)
  const steps = await work(whole, Number.POSITIVE_INFINITY)
  await finish(whole)
  assert.deepEqual(shapeOf(whole), END)
  assert(steps > 40, `${steps} steps are many`)
  // To die before a request left is to die after the one before it was answered.
  for (let dies = 2; dies <= steps; dies += 2) {
    const it = await place(t)
    await work(it, dies)
    await finish(it)
    assert.deepEqual(shapeOf(it), END, `died at step ${dies} of ${steps}`)
  }
})

test('G-6 G-16 another bucket under the same name is not touched', async (t) => {
  const it = await place(t)
  const other = await fakeS3(t)
  for (const [key, stack] of it.fake.objects) other.objects.set(key, stack)
  other.ahead = it.fake.ahead
  const before = JSON.stringify([...other.objects].filter(([key]) => !key.startsWith('.holdfast/')))
  await work({ ...it, fake: other, wait: (span) => it.world.pass(span) }, Number.POSITIVE_INFINITY)
  assert.equal(JSON.stringify([...other.objects].filter(([key]) => !key.startsWith('.holdfast/'))), before)
})

test('G-21 a lifecycle that was changed since the store was tried out puts nothing aside', async (t) => {
  const it = await place(t)
  let handfuls = 0
  const { hear } = it.world
  it.world.hear = async (message, holder) => {
    const told = await hear(message, holder)
    if (told.is === 'acts' && told.orders.some(({ act }) => act === 'quarantine') && ++handfuls === 1) it.fake.lifecycle = '<Rule><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>'
    return told
  }
  await work(it, Number.POSITIVE_INFINITY)
  assert.equal(handfuls, 1)
  assert.equal(it.fake.objects.get('c/aside')?.[0]?.marker, false)
})

test('G-8 a hand whose lease is over, by the clock that nobody sets, begins nothing more', async (t) => {
  const it = await place(t)
  let frozen = false
  let skew = 0
  const told: string[] = []
  const now = (): Now => ({ ...it.world.now(), tick: (it.world.now().tick + (frozen ? 60_000 : 0)) as never, wall: instantOf(it.world.now().wall - skew) })
  const direct = directEgress()
  const parsed = s3.config.parse({ ...settings, s3: it.fake.url })
  const context = { egress: direct, now: () => it.world.now(), random, folder: '/' }
  const stopped = new AbortController()
  let asked = 0
  const ports: RoundPorts = {
    now, timers: { after: () => () => undefined }, store: () => ({ now, reading: s3.reading(parsed, context), deleting: s3.deleting(parsed, context) }),
    async ask(message) {
      told.push(message.is)
      if (frozen) stopped.abort()
      if (frozen && message.is === 'lease') throw new Error('the keeper is away')
      const answer = await it.world.hear(message, 'frozen')
      // It freezes between the word and the deed, and wakes a minute later with a wall clock that was set back meanwhile.
      if (answer.is === 'acts' && ++asked === 1) {
        frozen = true
        skew = minutes(2)
        it.fake.asked.length = 0
      }
      return answer
    },
  }
  it.world.pass(seconds(21))
  await rounds(ports, stopped.signal)
  assert(frozen && !told.includes('ended'), told.join())
  assert.deepEqual(it.fake.asked.filter((line) => line.startsWith('DELETE')), [])
})

/** A hand whose clock leaps, and whose timers ring for nobody: as if it had been frozen and thawed. */
async function thawing({ world, fake }: Place, leap: { readonly atRequest?: (path: string) => boolean; readonly atWord?: (message: FromHand) => boolean }): Promise<string[]> {
  world.pass(seconds(21))
  await tried(world)
  let fence: Stamp | undefined
  let leapt = false
  const told: string[] = []
  const thaw = (): void => {
    leapt = true
    fake.asked.length = 0
    world.pass(seconds(25))
  }
  const direct = directEgress()
  const egress = fenced({ ...direct, request: async (want) => {
    const answer = await direct.request(want)
    if (!leapt && leap.atRequest?.(want.url) === true) thaw()
    return answer
  } }, () => fence === undefined || leftOf(fence, world.now()) === 0)
  const context = { egress, now: () => world.now(), random, folder: '/' }
  const parsed = s3.config.parse({ ...settings, s3: fake.url })
  const halves = { now: () => world.now(), reading: s3.reading(parsed, context), deleting: s3.deleting(parsed, context) }
  const stopped = new AbortController()
  await rounds({
    now: () => world.now(), timers: { after: () => () => undefined }, store: () => halves, fence: (until) => (fence = until),
    async ask(message) {
      if (leapt) told.push(message.is)
      if (leapt && message.is === 'work') stopped.abort()
      if (message.is === 'work' && leapt) return { is: 'nothing', for: ms(0) }
      const answer = await world.hear(message, 'thawed')
      if (!leapt && leap.atWord?.(message) === true) thaw()
      if (answer.is === 'nothing') stopped.abort()
      return answer
    },
  }, stopped.signal)
  assert(leapt)
  return told
}

test('G-8 C-7 a hand that thaws between two objects has the lease again, and drops what it was given under the one before', async (t) => {
  const it = await place(t)
  let ends = 0
  // The first ends that nothing follows: two objects are in the handful.
  const told = await thawing(it, { atWord: (message) => message.is === 'ended' && ++ends === 2 })
  assert.deepEqual(told.slice(0, 2), ['lease', 'work'], 'it begins again by asking')
  assert(!told.includes('ended'))
  assert.deepEqual(it.fake.asked.filter((line) => line.startsWith('DELETE')), [])
})

test('G-8 G-22 a hand that thaws in the middle of an act sends nothing more of it, though no timer has rung', async (t) => {
  const it = await place(t)
  await thawing(it, { atRequest: (url) => url.includes('tagging') })
  assert.deepEqual(it.fake.asked.filter((line) => line.startsWith('DELETE')), [])
})

test('the process: given work over the socket it is killed in that moment, and the next one brings it to its end', async (t) => {
  const it = await place(t)
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-hand-'))
  t.after(() => rmSync(folder, { recursive: true }))
  // The process has the machine's clocks. What is brought back waits for no clock; the rest is held because those disagree.
  it.fake.ahead = 0
  const holders = new Map<object, string>()
  let [handfuls, idle]: [number, () => void] = [0, () => undefined]
  let child: ReturnType<typeof fork> | undefined
  const socket = await listen(path.join(folder, 'keeper.sock'), {
    async onMessage(message, link) {
      if (message.is !== 'hand') return undefined
      holders.set(link, holders.get(link) ?? `hand-${holders.size}`)
      const told = await it.world.hear((message as unknown as { message: FromHand }).message, holders.get(link))
      if (told.is === 'nothing') idle()
      if (told.is === 'acts' && ++handfuls === 1) child?.kill('SIGKILL')
      return { ...told }
    },
  })
  t.after(() => socket.close())
  const start = (): Promise<void> => new Promise((resolve) => {
    idle = resolve
    child = fork(new URL('../hand.ts', import.meta.url), [], { execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    child.on('exit', () => resolve())
    child.send({ is: 'init', runtime: folder, folder, stores: [{ name: 'main', kind: 's3', settings: { ...settings, s3: it.fake.url, region: 'us-east-1' } }] })
  })
  t.after(() => void child?.kill('SIGKILL'))
  it.world.pass(seconds(21))
  await start()
  assert.equal(it.world.life('c/back').is, 'returning', 'it was killed when it was told what to do')
  it.world.pass(seconds(21))
  await start()
  assert.equal(it.world.life('c/back').is, 'unmarked')
  assert.equal(it.fake.objects.get('c/back')?.[0]?.marker, false)
})
