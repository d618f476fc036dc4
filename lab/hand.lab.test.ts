// The hand against a real S3, Ceph's gateway: put aside, brought back, put aside again, purged, each seen from outside, in lab time (waits are divided by a
// day's seconds, and lived through). What is locked stays, whoever agrees.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { actsWorld, JOB, type ActsWorld } from '../test/guard/acts-world.ts'
import { days, hours, ms, seconds, type Span } from '../src/core/time.ts'
import s3 from '../src/plugins/stores/s3.ts'
import { createWire, readCredential, type Wire } from '../src/plugins/stores/s3/wire.ts'
import type { Halves } from '../src/processes/hand/halves.ts'
import { rounds } from '../src/processes/hand/round.ts'
import { listed } from '../src/ports/store.contract.ts'
import type { Marker, Version } from '../src/ports/store.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import { listen } from '../src/ports/wire.ts'
import type { FromHand, ToHand } from '../src/rooms/guard/acts/protocol.ts'
import { loadJob, openObjects } from '../src/rooms/guard/acts/rows.ts'
import { marginsOf } from '../src/rooms/guard/reconcile/margins.ts'
import { chance } from '../sim/clock.ts'
import { stageOver, tell, type Kill } from './hand-kills.ts'
import { rgw, type Rgw } from './rgw.ts'

const clock = createClock()
const context = { egress: egressWith(), now: () => clock.now(), random, folder: '/' }
const margins = marginsOf({ retention: days(14), oldestCopy: days(14), shrink: 86_400 })
let gateway: Rgw | undefined

before(async () => {
  gateway = await rgw()
}, { timeout: 180_000 })
after(() => gateway?.close())

interface Place {
  readonly world: ActsWorld
  readonly halves: Halves
  readonly settings: Readonly<Record<string, string>>
  /** A word of a hand, at the real time of it. */
  hear(message: FromHand, holder: string): Promise<ToHand>
  put(key: string, more?: Record<string, string>): Promise<void>
  /** Real time goes by, and the keeper lives through it. */
  wait(span: Span): Promise<void>
  plan(): Promise<string>
  work(): Promise<void>
  standing(): Promise<Record<string, string[]>>
}

async function place(bucket: string): Promise<Place> {
  assert(gateway)
  const { url, hand, reader } = gateway
  const credential = readCredential(hand)
  assert(credential)
  const wire: Wire = createWire({ url, bucket, region: 'us-east-1', credential }, context)
  const well = async (it: Parameters<Wire['ask']>[0]): Promise<void> => assert((await wire.ask(it, AbortSignal.timeout(30_000))).status < 300, `${it.method} ${it.key}`)
  await well({ method: 'PUT', headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  const rights = ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration', 's3:GetLifecycleConfiguration', 's3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold', 's3:GetObjectTagging', 's3:GetObjectVersionTagging']
  await well({ method: 'PUT', query: { policy: '' }, body: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] }, Action: rights, Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`] }] }) })
  const settings = { s3: url, bucket, read: reader, delete: hand, region: 'us-east-1' }
  const config = s3.config.parse(settings)
  const halves: Halves = { now: () => clock.now(), reading: s3.reading(config, context), deleting: s3.deleting(config, context) }
  const { id } = await halves.reading.identify(AbortSignal.timeout(30_000))
  let stacks = new Map<string, (Version | Marker)[]>()
  const began = clock.now()
  const world = actsWorld({ zero: began.wall, margins, settled: ms(0), other: { identity: id, stacks: () => stacks } })
  let lived = 0
  const catchUp = (): void => {
    const now = Math.floor(clock.now().tick - began.tick)
    world.pass(ms(now - lived))
    lived = now
  }
  const look = async (): Promise<void> => {
    stacks = new Map()
    for (const item of (await listed(halves.reading, 'c/')).items) if (item.is !== 'odd') stacks.set(item.key, [...(stacks.get(item.key) ?? []), item])
  }
  return {
    world, halves, settings,
    hear(message, holder) {
      catchUp()
      return world.hear(message, holder)
    },
    put: (key, more = {}) => well({ method: 'PUT', key, body: key, headers: { 'content-md5': createHash('md5').update(key).digest('base64'), ...more } }),
    async wait(span) {
      await new Promise((resolve) => setTimeout(resolve, span))
      catchUp()
    },
    async plan() {
      catchUp()
      await look()
      return world.run()
    },
    async work() {
      const stopped = new AbortController()
      const holder = `hand ${Math.random()}`
      catchUp()
      await rounds({
        now: () => clock.now(), timers: createTimers(), store: () => halves,
        async ask(message) {
          catchUp()
          const told = await world.hear(message, holder)
          if (told.is === 'nothing') stopped.abort()
          return told
        },
      }, stopped.signal)
    },
    async standing() {
      await look()
      return Object.fromEntries([...stacks].map(([key, stack]) => [key, stack.map(({ is }) => is)]))
    },
  }
}

/** Old enough, and seen without a row by as many runs as it takes. */
async function ripen(it: Place): Promise<void> {
  await it.wait(seconds(9))
  for (let n = 0; n < 4; n++) {
    await it.plan()
    await it.wait(ms(1_300))
  }
}

test('put aside, brought back by its row, put aside again and purged by two; what is locked stays', { timeout: 240_000 }, async () => {
  const it = await place('hand')
  const { world } = it
  const orphans = ['c/lost', 'c/locked']
  await it.put('c/kept')
  await it.put('c/lost')
  await it.put('c/locked', { 'x-amz-object-lock-legal-hold': 'ON' })
  world.rows.add('c/kept')
  await ripen(it)
  world.arm()
  await it.plan()
  await it.work()
  assert.deepEqual(await it.standing(), { 'c/kept': ['version'], 'c/locked': ['version'], 'c/lost': ['marker', 'version'] })
  assert.deepEqual(orphans.map((key) => world.life(key).is), ['aside', 'unmarked'])

  world.rows.add('c/lost')
  await it.plan()
  await it.work()
  assert.deepEqual((await it.standing())['c/lost'], ['version'])

  world.rows.delete('c/lost')
  for (let n = 0; n < 5; n++) {
    await it.plan()
    await it.wait(ms(1_300))
  }
  await it.plan()
  await it.work()
  assert.deepEqual((await it.standing())['c/lost'], ['marker', 'version'])
  world.purge(await it.plan())
  await it.work()
  assert.deepEqual((await it.standing())['c/lost'], ['marker', 'version'], 'not before its quarantine is over')
  await it.wait(seconds(33))
  const plan = await it.plan()
  world.purge(plan, ['ada', 'ada'])
  await it.work()
  assert.deepEqual((await it.standing())['c/lost'], ['marker', 'version'], 'one person is not two')
  world.purge(plan)
  await it.work()
  assert.deepEqual(await it.standing(), { 'c/kept': ['version'], 'c/locked': ['version'] })
  assert.deepEqual([world.life('c/lost').is, openObjects(world.room.sql, 9).length, loadJob(world.room.sql, JOB).breaker.is], ['purged', 0, 'closed'])
  assert(Number(margins.quarantine) < hours(1))
})

test('G-8 C-7 a hand that is frozen for longer than its lease, between two objects, does nothing of what it was told before', { timeout: 240_000 }, async (t) => {
  const it = await place('frozen')
  const { world } = it
  const keys = ['c/a', 'c/b', 'c/d', 'c/e']
  for (const key of keys) await it.put(key)
  await ripen(it)
  world.arm()
  await it.plan()
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-frozen-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const holders = new Map<object, string>()
  const told: string[] = []
  let [ends, frozen, idle]: [number, () => void, () => void] = [0, () => undefined, () => undefined]
  const socket = await listen(path.join(folder, 'keeper.sock'), {
    async onMessage(message, link) {
      if (message.is !== 'hand') return undefined
      holders.set(link, holders.get(link) ?? `hand-${holders.size}`)
      const asked = (message as unknown as { message: FromHand }).message
      const answer = await it.hear(asked, holders.get(link) ?? '')
      told.push(asked.is)
      if (asked.is === 'ended' && ++ends === 1) {
        process.kill(child.pid ?? 0, 'SIGSTOP')
        frozen()
      }
      if (answer.is === 'nothing') idle()
      return { ...answer }
    },
  })
  t.after(() => socket.close())
  const isFrozen = new Promise<void>((resolve) => (frozen = resolve))
  const isIdle = new Promise<void>((resolve) => (idle = resolve))
  const child = fork(new URL('../src/processes/hand.ts', import.meta.url), [], { execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  t.after(() => void child.kill('SIGKILL'))
  child.send({ is: 'init', runtime: folder, folder, stores: [{ name: 'main', kind: 's3', settings: it.settings }] })
  await isFrozen
  assert.deepEqual(keys.map((key) => world.life(key).is), ['aside', 'leaving', 'leaving', 'leaving'], 'four were handed out, one is done')
  // While it is frozen a row comes back, and its lease ends.
  world.rows.add('c/b')
  await it.wait(seconds(22))
  told.length = 0
  child.kill('SIGCONT')
  await isIdle
  assert.equal(told[0], 'lease', 'it begins again by asking')
  assert(told.indexOf('looked') > 0 && told.indexOf('looked') < told.indexOf('ended'), `what was left behind is looked at first: ${told.join()}`)
  assert.deepEqual(await it.standing(), { 'c/a': ['marker', 'version'], 'c/b': ['version'], 'c/d': ['marker', 'version'], 'c/e': ['marker', 'version'] })
  assert.deepEqual([keys.map((key) => world.life(key).is), openObjects(world.room.sql, 9).length], [['aside', 'flagged', 'aside', 'aside'], 0])
})

test('G-8 SIGKILL at requests of the hand that chance picks: before one is sent, before its answer is seen, and at a system call after it; the end is the same one', { timeout: 480_000 }, async (t) => {
  assert(gateway)
  const stage = await stageOver(gateway)
  t.after(() => stage.close())
  const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const dice = chance(seed)
  const undisturbed = await tell(stage)
  const places = undisturbed.asked.map((asked, n) => ({ at: n + 1, asked }))
  // What takes something away or brings it back is the least of what is asked, and matters most.
  const acts = places.filter(({ asked }) => asked.startsWith('DELETE /c/'))
  const began = performance.now()
  for (let n = 0; n < 2 || (n < 8 && performance.now() - began < 15_000); n++) {
    const { at, asked } = dice.pick(n < 2 ? acts : places)
    const kill: Kill = { who: n < 4 ? 'hand' : 'both', when: n % 2 === 0 ? 'after' : 'before', at }
    const told = await tell(stage, kill)
    t.diagnostic(`${JSON.stringify(kill)} ${asked}`)
    assert(told.killed)
    assert.deepEqual(told.end, undisturbed.end, `${JSON.stringify(kill)} ${asked}; seed ${seed}`)
  }
  const { at, asked } = dice.pick(acts)
  const kill: Kill = { who: 'hand', when: 'after', at, calls: 1 + dice.int(60) }
  const told = await tell(stage, kill)
  t.diagnostic(`${JSON.stringify(kill)} ${asked}${told.killed ? '' : ': it was done before that call'}`)
  assert.deepEqual(told.end, undisturbed.end, `${JSON.stringify(kill)} ${asked}; seed ${seed}`)
})
