// One small clean-up over a real RADOS gateway, told again and again: six objects are put aside, one gets its row and is brought back, five are purged by two
// people. The hand is a real process; the keeper's side of it has its clocks in the test's hand, so that a lease that must lapse costs nobody a minute.
// At one request of the hand somebody dies: the hand before it was sent, the hand before it saw the answer, the keeper, or both of
// them. Whoever comes next goes on, and the end is the same one.
import assert from 'node:assert/strict'
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { actsWorld, JOB, type ActsWorld } from '../test/guard/acts-world.ts'
import { sleep, until } from '../test/story/world.ts'
import { days, ms, seconds } from '../src/core/time.ts'
import s3 from '../src/plugins/stores/s3.ts'
import { createWire, readCredential, type Wire } from '../src/plugins/stores/s3/wire.ts'
import { listed } from '../src/ports/store.contract.ts'
import type { Marker, Reading, Version } from '../src/ports/store.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { listen, type Listening } from '../src/ports/wire.ts'
import type { FromHand, ToHand } from '../src/rooms/guard/acts/protocol.ts'
import { loadJob, openObjects } from '../src/rooms/guard/acts/rows.ts'
import { marginsOf } from '../src/rooms/guard/reconcile/margins.ts'
import { front, plainly, type Asked, type Front } from './front.ts'
import type { Rgw } from './rgw.ts'

/** Who dies. `before`: the request is not sent; `after`: it was, and nobody sees its answer. A keeper alone leaves the answer to the hand. */
export interface Kill {
  readonly who: 'hand' | 'keeper' | 'both'
  readonly when: 'before' | 'after'
  /** The how manieth request of the hand. */
  readonly at: number
  /** Of the hand: not at the request, but at the how manieth system call that any of its threads makes from then on. */
  readonly calls?: number
}

export interface Told {
  /** What lies in the bucket, version by version, and what the ledger believes of it. */
  readonly end: unknown
  /** What the hand asked, in order. */
  readonly asked: readonly string[]
  /** Whether it came to the kill. */
  readonly killed: boolean
}

export interface Stage {
  readonly front: Front
  readonly gateway: Rgw
  close(): Promise<void>
}

export async function stageOver(gateway: Rgw): Promise<Stage> {
  const between = await front(gateway.url)
  return { gateway, front: between, close: () => between.close() }
}

const LOST = ['a', 'b', 'd', 'e', 'f', 'g'].map((name) => `c/${name}`)
const BACK = 'c/d'
const clock = createClock()
const context = { egress: egressWith(), now: () => clock.now(), random, folder: '/' }
/** A day is a millisecond: what is waited for is no matter here. */
const margins = marginsOf({ retention: days(14), oldestCopy: days(14), shrink: 86_400_000 })
const RIGHTS = ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration', 's3:GetLifecycleConfiguration', 's3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold', 's3:GetObjectTagging', 's3:GetObjectVersionTagging']
/** Longer than a lease, and than anything that was sent could still arrive. */
const QUIET = seconds(85)

let buckets = 0

/** A bucket with an object that has a row and six that have none. */
async function furnish({ gateway: { url, hand } }: Stage, bucket: string): Promise<void> {
  const credential = readCredential(hand)
  assert(credential)
  const wire: Wire = createWire({ url, bucket, region: 'us-east-1', credential }, context)
  const well = async (it: Parameters<Wire['ask']>[0]): Promise<void> => assert((await wire.ask(it, AbortSignal.timeout(30_000))).status < 300, `${it.method} ${it.key}`)
  await well({ method: 'PUT', headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  await well({ method: 'PUT', query: { policy: '' }, body: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] }, Action: RIGHTS, Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`] }] }) })
  for (const key of ['c/kept', ...LOST]) await well({ method: 'PUT', key, body: key, headers: { 'content-md5': createHash('md5').update(key).digest('base64') } })
}

/** Has the kernel end a process at that system call, counted from now for each of its threads. */
async function endAtCall(pid: number, calls: number): Promise<ChildProcess> {
  const tracer = spawn('strace', ['-f', '-p', String(pid), '-e', `inject=all:signal=SIGKILL:when=${calls}`, '-o', '/dev/null'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  tracer.stderr.on('data', (chunk) => (said += String(chunk)))
  await until('strace is attached', 20_000, () => /attached/.test(said) || tracer.exitCode !== null)
  return tracer
}

/** The keeper's socket over the world; everything that dies with a keeper dies with it. */
interface Keeper {
  /** How often a hand was told that there is nothing to do. */
  readonly idle: () => number
  restart(): Promise<void>
  close(): void
}

async function keeperOf(world: ActsWorld, folder: string): Promise<Keeper> {
  let [idle, holders] = [0, 0]
  const open = (): Promise<Listening> => {
    const names = new Map<object, string>()
    return listen(path.join(folder, 'keeper.sock'), {
      async onMessage(message, link) {
        if (message.is !== 'hand') return undefined
        const name = names.get(link) ?? `hand-${++holders}`
        names.set(link, name)
        const answer: ToHand = await world.hear((message as unknown as { message: FromHand }).message, name)
        if (answer.is === 'nothing') idle++
        // Nobody waits for the end of somebody else's lease.
        if (answer.is === 'lease' && answer.lease.is === 'taken') world.pass(answer.lease.for)
        return { ...answer }
      },
    })
  }
  let socket = await open()
  return {
    idle: () => idle,
    async restart() {
      socket.close()
      world.restart()
      socket = await open()
    },
    close: () => socket.close(),
  }
}

/** Tells it once; `kill`: where somebody dies. */
export async function tell(stage: Stage, kill?: Kill): Promise<Told> {
  const bucket = `kills-${process.pid}-${++buckets}`
  await furnish(stage, bucket)
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-kills-'))
  const settings = { s3: stage.front.url, bucket, read: stage.gateway.reader, delete: stage.gateway.hand, region: 'us-east-1' }
  const reading = s3.reading(s3.config.parse(settings), context)
  let stacks = new Map<string, (Version | Marker)[]>()
  const world = actsWorld({ zero: clock.now().wall, margins, other: { identity: (await reading.identify(AbortSignal.timeout(30_000))).id, stacks: () => stacks } })
  const look = async (): Promise<void> => void (stacks = await stacksOf(reading))
  const keeper = await keeperOf(world, folder)
  let [hand, tracer]: [ChildProcess | undefined, ChildProcess | undefined] = [undefined, undefined]
  const start = (): void => {
    hand = fork(new URL('../src/processes/hand.ts', import.meta.url), [], { execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    hand.on('error', () => undefined)
    hand.on('exit', (_code, signal) => {
      if (tracer !== undefined && signal === 'SIGKILL') died++
      tracer = undefined
    })
    hand.send({ is: 'init', runtime: folder, folder, stores: [{ name: 'main', kind: 's3', settings }] })
  }
  const end = async (): Promise<void> => {
    if (hand === undefined || hand.exitCode !== null || hand.signalCode !== null) return
    tracer = undefined
    const over = new Promise((resolve) => hand?.once('exit', resolve))
    hand.kill('SIGKILL')
    await over
  }
  const asked: string[] = []
  let died = 0
  const count = (one: Asked): boolean => {
    asked.push(`${one.method} ${one.path.replace(`/${bucket}`, '')}${one.query.size > 0 ? `?${[...one.query.keys()].filter((name) => !name.startsWith('X-Amz')).join('&')}` : ''}`)
    return asked.length === kill?.at
  }
  const strike = async (): Promise<void> => {
    if (kill?.who !== 'keeper') await end()
    if (kill?.who !== 'hand') await keeper.restart()
    died++
  }
  /** Until a hand has been told that nothing is left to do, and nothing is in doubt. */
  const work = async (): Promise<void> => {
    stage.front.between = async (one, pass) => {
      if (!count(one)) return pass()
      if (kill?.calls !== undefined) {
        tracer = await endAtCall(hand?.pid ?? 0, kill.calls)
        return pass()
      }
      const answer = kill?.when === 'before' && kill.who !== 'keeper' ? undefined : await pass()
      await strike()
      return kill?.who === 'keeper' && answer !== undefined ? answer : 'dies'
    }
    start()
    for (let turn = 0; turn < 6; turn++) {
      const [was, deaths] = [keeper.idle(), died]
      await until('there is nothing to do', 60_000, () => keeper.idle() > was || died > deaths)
      if (died > deaths) {
        world.pass(QUIET)
        if (kill?.who !== 'keeper') start()
      } else if (openObjects(world.room.sql, 9).length > 0) world.pass(QUIET)
      else break
    }
    stage.front.between = plainly
    await end()
  }
  try {
    return { end: await live({ world, look, work, stacks: () => stacks }), asked, killed: died > 0 }
  } finally {
    stage.front.between = plainly
    await end()
    keeper.close()
    rmSync(folder, { recursive: true })
  }
}

const stacksOf = async (reading: Reading): Promise<Map<string, (Version | Marker)[]>> => {
  const stacks = new Map<string, (Version | Marker)[]>()
  for (const item of (await listed(reading, 'c/')).items) if (item.is !== 'odd') stacks.set(item.key, [...(stacks.get(item.key) ?? []), item])
  return stacks
}

interface Life {
  readonly world: ActsWorld
  /** What lies there now. */
  look(): Promise<void>
  work(): Promise<void>
  stacks(): ReadonlyMap<string, readonly (Version | Marker)[]>
}

async function live({ world, look, work, stacks }: Life): Promise<unknown> {
  const plan = async (): Promise<string> => {
    await look()
    return world.run()
  }
  const standing = async (): Promise<Record<string, string>> => {
    await look()
    return Object.fromEntries([...stacks()].map(([key, stack]) => [key, stack.map(({ is }) => is).join()]))
  }
  /** As runs come every few hours: until it is as it should be. */
  const runsUntil = async (wanted: Record<string, string>, before: (plan: string) => void = () => undefined): Promise<void> => {
    for (let run = 0; ; run++) {
      before(await plan())
      await work()
      const found = await standing()
      if (run === 4 || isDeepStrictEqual(found, wanted)) return assert.deepEqual(found, wanted)
      // The store's own clock knows whole seconds.
      await sleep(300)
      world.pass(ms(300))
    }
  }
  world.rows.add('c/kept')
  for (let n = 0; n < 4; n++) {
    await plan()
    world.pass(ms(300))
  }
  world.arm()
  const all = (of: string): [string, string][] => LOST.map((key) => [key, of])
  await runsUntil(Object.fromEntries([...all('marker,version'), ['c/kept', 'version']]))
  world.rows.add(BACK)
  await runsUntil(Object.fromEntries([...all('marker,version'), ['c/kept', 'version'], [BACK, 'version']]))
  await runsUntil({ [BACK]: 'version', 'c/kept': 'version' }, (id) => void world.purge(id))
  return { standing: await standing(), lives: [...LOST, 'c/kept'].map((key) => world.life(key).is), doubts: openObjects(world.room.sql, 9).length, breaker: loadJob(world.room.sql, JOB).breaker.is }
}
