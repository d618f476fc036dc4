// The keeper process: the only writer of the database. It proves by an exclusive lock on a file of its own that it is the only
// one, opens the store (and begins a new one, keeping the old file, when it is damaged), wires the keeper's logic to its
// siblings' sockets, and runs its loop. All judgement lies in `engine/keeper.ts`.
import { constants, existsSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { pingId } from '../core/link.ts'
import { sentence } from '../core/fault.ts'
import { instantOf, ms } from '../core/time.ts'
import { BUSY, CANTOPEN, FULL, IOERR, openSql, READONLY, resultCode } from '../db/sql.ts'
import { answer } from '../engine/calls.ts'
import { firstOwnerLink } from '../engine/people.ts'
import { tellOtherKey } from '../engine/other-key.ts'
import type { Suspects } from '../engine/engine.ts'
import { allOf, createKeeper, type Damaged, type InForce, type Keeper, type KeeperPorts, type Published } from '../engine/keeper.ts'
import { backupMetrics } from '../views/guard/metrics.ts'
import { keeperMetrics } from '../views/metrics.ts'
import { createClock } from '../ports/world/clock.ts'
import { createEgress } from '../ports/world/egress.ts'
import { createResolver } from '../ports/world/resolver.ts'
import { createTimers } from '../ports/world/timers.ts'
import type { Clock, Egress } from '../ports/world.ts'
import { random } from '../ports/world/random.ts'
import { askAll, listen, stayConnected, type Link } from '../ports/wire.ts'
import { renderDigest, renderRing } from '../engine/render.ts'
import type { Asker } from '../views/answers.ts'
import type { FromHand } from '../rooms/guard/acts/protocol.ts'
import type { FromDoer } from '../rooms/change/runs/doing.ts'
import type { FromScout } from '../rooms/change/heard/protocol.ts'
import type { FromGuard } from '../rooms/guard/protocol.ts'
import type { ToKeeper } from '../rooms/watch/protocol.ts'
import type { FromRinger } from '../rooms/page/protocol.ts'
import { foldingTo } from './keeper/folding.ts'
import { machineNames } from './keeper/machine.ts'
import { attachParent, toParent } from './parent.ts'
import { openOrBegin, openSamplesAt, rescue, watchFile, type Loss } from './store-file.ts'

interface Init {
  readonly is: 'init'
  readonly runtime: string
  readonly data: string
  readonly key: string
  readonly config: InForce
  readonly missing?: readonly string[]
  /** Former keepers that cannot be ended: they may still hold the lock. */
  readonly beside?: readonly number[]
  /** At the first start: whether a person reads what is printed there (`terminal`), or who knows who (`log`). */
  readonly read?: 'terminal' | 'log'
}

const VERSION = '0.1.0'
const FROM_SCOUT: readonly FromScout['is'][] = ['account', 'silent', 'member', 'mute', 'canary']
/** How long an identity provider may take over one answer, and how large that may be. */
const PROVIDER_WITHIN = 4000
const PROVIDER_BYTES = 512 * 1024
const RESERVE = 64 * 1024 * 1024
/** Seconds between looks at whether there is room for it. */
const LOOK_AT_ROOM = 20

/** Ends the process with a sentence that the watchdog prints; `exit` 1 stops everything. */
function fatal(says: string): never {
  toParent({ is: 'fatal', says, exit: 1 })
  if (!process.connected) console.error(`holdfast keeper: ${says}`)
  process.exit(1)
}

/** The store cannot be believed, or not be written: a successor opens it anew. A disk without room is nobody's fault, and people are told. */
function breakDown(says: string, cause: unknown): never {
  if (resultCode(cause) === FULL) {
    toParent({
      is: 'blocked', title: 'the disk is full',
      says: 'The disk under the data folder is full, and so is what Holdfast had kept in reserve: nothing can be recorded. The ringer goes on paging from memory for what is open; nothing new is judged. Make room now.',
    })
  }
  if ([IOERR, READONLY, CANTOPEN].includes(resultCode(cause) ?? 0)) {
    toParent({
      is: 'blocked', title: 'the storage fails',
      says: `The disk under the data folder failed (${sentence(cause)}): what was not confirmed was not recorded. The ringer goes on paging from memory for what is open, and the store is opened anew. Look at the disk now.`,
    })
  }
  console.error(`holdfast keeper: ${says}`)
  process.exit(3)
}

/** One keeper only: an exclusive transaction on a small file of its own, held for life. */
function takeLock(data: string, beside: readonly number[]): void {
  try {
    const lock = openSql(path.join(data, 'lock.db'))
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
    // Kept by the open connection: it must not be collected.
    held.push(lock)
  } catch (cause) {
    if (resultCode(cause) === BUSY) fatal(beside.length > 0 ? heldStill(data, beside) : `the data folder ${data} is in use by another Holdfast`)
    throw cause
  }
}
const held: unknown[] = []

const heldStill = (data: string, beside: readonly number[]): string =>
  `A former keeper (process ${beside.join(' or ')}) cannot be ended and still holds the data folder ${data}: it waits for a device. The ringer goes on paging from memory, and nothing new is judged. Look at the disk; when that process ends, a new keeper starts at once. If it never does, restart the machine.`

/** Marks which turn is under way in a file that outlives the process, and counts the deaths of each. */
function fileSuspects(runtime: string): Suspects {
  const marks = path.join(runtime, 'turn')
  const counts = path.join(runtime, 'deaths.json')
  let deaths: Record<string, number> = {}
  try {
    deaths = JSON.parse(readFileSync(counts, 'utf8')) as Record<string, number>
  } catch {
    // The first start, or a file cut short by a crash: counting begins anew.
  }
  const last = existsSync(marks) ? readFileSync(marks, 'utf8').replace(/\0.*$/s, '').trim() : ''
  if (last !== '' && last !== 'commit') {
    deaths[last] = (deaths[last] ?? 0) + 1
    deaths = Object.fromEntries(Object.entries(deaths).slice(-100))
    writeFileSync(counts, JSON.stringify(deaths))
  }
  const file = openSync(marks, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, 0o600)
  const line = Buffer.alloc(256)
  return {
    mark(turn) {
      line.fill(0)
      line.write(turn.slice(0, 80), 'utf8')
      try {
        writeSync(file, line, 0, 256, 0)
      } catch {
        // A full runtime folder costs the memory of deaths, not the turn.
      }
    },
    deaths: (turn) => deaths[turn.slice(0, 80)] ?? 0,
  }
}

/** Room on the disk that is given back when it is full, so that ledger and pages can still be written (L-7). True when it is there. */
async function keepReserve(data: string): Promise<boolean> {
  const file = path.join(data, 'reserve')
  const size = await fs.stat(file).then((it) => it.size, () => 0)
  if (size >= RESERVE) return true
  const free = await fs.statfs(data).then((it) => it.bavail * it.bsize, () => 0)
  if (free < RESERVE * 3) return false
  const handle = await fs.open(file, 'w', 0o600)
  try {
    const block = Buffer.alloc(1024 * 1024, 0x5a)
    for (let at = 0; at < RESERVE; at += block.length) await handle.write(block, 0, block.length, at)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return true
}

async function run(init: Init): Promise<void> {
  const clock = createClock()
  const key = Buffer.from(init.key, 'base64')
  takeLock(init.data, init.beside ?? [])
  let wake = (): void => undefined
  const probers = new Set<Link>()
  const webs = new Set<Link>()
  const workers = new Set<Link>()
  const guards = new Set<Link>()
  const scouts = new Set<Link>()
  const ringer = stayConnected(path.join(init.runtime, 'ringer.sock'), {
    onOpen: () => keeper.ringerOpened(),
    onLost: () => keeper.ringerLost(),
    onMessage(message) {
      keeper.fromRinger(message as unknown as FromRinger)
      wake()
    },
  })
  let damaged: Damaged | undefined
  const keeper: Keeper = createKeeper({
    config: init.config,
    key, random,
    samples: openSamplesAt(init.data),
    open(rooms) {
      const opened = openOrBegin(init.data, allOf(rooms), { now: clock.now().wall, random, refuse: fatal, folding: foldingTo(toParent, () => clock.now().tick) })
      damaged = opened.damaged
      return opened.store
    },
    ports: {
      now: () => clock.now(),
      suspects: fileSuspects(init.runtime),
      toRinger: (message) => ringer.link?.send(message) ?? false,
      toProbers: (message) => probers.forEach((link) => link.send(message)),
      toWeb: (message) => webs.forEach((link) => link.send(message)),
      boardsWanted: () => webs.size + workers.size > 0,
      toWorkers: (message) => workers.forEach((link) => link.send(message)),
      toGuard: (message) => [...guards].some((link) => link.send({ ...message })),
      toScout: (message) => [...scouts].some((link) => link.send({ ...message })),
      forgetNames: (within) => askAll([probers, ...(scouts.size > 0 || keeper.config.change?.clusters.length ? [scouts] : [])], { is: 'forget-names' }, within),
      machine: machineNames,
      say: (line) => toParent({ is: 'say', line }),
      freeReserve() {
        try {
          unlinkSync(path.join(init.data, 'reserve'))
          return true
        } catch {
          return false
        }
      },
      onBroken: breakDown,
      reach: wayOut(clock, init.config.shrink !== undefined),
      onAsked: () => wake(),
      render: (it, deed) => renderRing(it, deed, key),
      renderDigest: (it, deed) => renderDigest(it, deed, key),
    },
  })
  keeper.missing.push(...(init.missing ?? []))
  const desk = { keeper, random: random, pingUrl: (check: string) => `${keeper.config.site.url}/ping/${pingId(key, check)}` }

  const listening = await listen(path.join(init.runtime, 'keeper.sock'), {
    onLost(link) {
      probers.delete(link)
      webs.delete(link)
      workers.delete(link)
      guards.delete(link)
      if (scouts.delete(link)) keeper.runs.scoutGone()
      keeper.doers.gone(link)
      wake()
    },
    onMessage(message, link) {
      if (message.is === 'hello') {
        if (typeof message['prober'] === 'string') {
          probers.add(link)
          keeper.proberOpened()
        } else if (message['web'] === true) {
          webs.add(link)
          keeper.webOpened()
        } else if (message['guard'] === true) {
          guards.add(link)
          keeper.guard.opened()
        } else if (message['scout'] === true) {
          scouts.add(link)
        } else if (message['hand'] === true || message['doer'] === true) {
          // They speak, and are told nothing unasked.
        } else {
          workers.add(link)
          keeper.webOpened()
        }
        wake()
        return
      }
      if (message.is === 'call') {
        return answer(desk, String(message['name']), message['args'], message['asker'] as Asker).then((reply) => ({ is: 'reply', ...reply }))
      }
      if (message.is === 'hand') return keeper.hand.hear(message['message'] as FromHand, link).then((told) => ({ ...told }))
      if (message.is === 'doer') {
        const told = keeper.doers.hear(message['message'] as FromDoer, link)
        wake()
        return told.then((it) => ({ ...it }))
      }
      if (message.is === 'task-done' || message.is === 'task-failed' || message.is === 'task-progress' || message.is === 'task-begun') {
        keeper.guard.hear(message as unknown as FromGuard)
        return wake()
      }
      if (FROM_SCOUT.some((it) => message.is === it)) return keeper.runs.hear(message as unknown as FromScout)
      if (message.is === 'published') {
        keeper.published(message as unknown as Published)
        return wake()
      }
      keeper.fromProber(message as unknown as ToKeeper)
      wake()
    },
  })

  orders.listen = (runtime) => listening.again(path.join(runtime, 'keeper.sock'))

  let timer: NodeJS.Timeout | undefined
  let soon = false
  const turnOver = (): void => {
    soon = false
    clearTimeout(timer)
    const turns = keeper.cycle()
    rounds++
    if (turns > 0) return wake()
    const deeds = keeper.doers.news()
    if (deeds) toParent({ is: 'doers', deeds })
    timer = setTimeout(turnOver, Math.min(500, Math.max(10, keeper.idleFor())))
  }
  wake = () => {
    if (soon) return
    soon = true
    setImmediate(turnOver)
  }
  wake()
  await startUp(keeper, damaged, key)
  toParent({ is: 'ready' })
  if (init.read) await tellOwnerless(keeper, init.read)
  live(keeper, init, { wake, webs, key })
}

/** Made when somebody first signs in by an identity provider: whoever has none has no resolver running for it. */
function wayOut(clock: Clock, lab: boolean): NonNullable<KeeperPorts['reach']> {
  const timers = createTimers()
  let egress: Egress | undefined
  return (want) => {
    egress ??= createEgress({ clock, timers, resolver: createResolver({ clock, timers }), lab })
    const limit = new AbortController()
    const stop = timers.after(ms(PROVIDER_WITHIN), () => limit.abort())
    return egress.request({ ...want, signal: limit.signal, maxBody: PROVIDER_BYTES }).finally(stop)
  }
}

async function startUp(keeper: Keeper, damaged: Damaged | undefined, key: Uint8Array): Promise<void> {
  const { store } = keeper
  const now = keeper.now().wall
  const alive = Number(store.meta('alive') ?? '0')
  const cleanStop = store.meta('stopped') !== undefined
  const gap = alive > 0 && now - alive > 1000 ? { from: instantOf(alive), to: now } : undefined
  await keeper.start({ version: VERSION, cleanStop, gap, damaged, store: store.meta('store') ?? '' })
  await tellOtherKey(keeper, key)
  await keeper.engine.turn('alive', () => {
    store.sql.run('delete from meta where key = ?', 'stopped')
    store.setMeta('alive', String(keeper.now().wall))
  })
}

/** The link of the first owner is a secret: it goes to a terminal, and never into a log. Each start voids the one before. */
async function tellOwnerless(keeper: Keeper, read: 'terminal' | 'log'): Promise<void> {
  const link = await firstOwnerLink(keeper)
  if (link === undefined) return
  toParent({ is: 'say', line: read === 'terminal'
    ? `! Nobody owns this Holdfast yet. Whoever opens this link does; it works once, for 24 hours, and is new at each start:\n  ${link}`
    : '! Nobody owns this Holdfast yet: "holdfast people first-owner", on this machine, prints the link that makes an owner.' })
}

/** When it was last alive, and how long it has lived: written while nothing else is. */
function keepTime({ store, now, lived }: Keeper): void {
  store.setMeta('alive', String(now().wall))
  store.setMeta('lived', String(Math.floor(lived())))
}

/** What goes on for life: beats, signs of life on the disk, a look at the database's own file, orders of the parent. */
function live(keeper: Keeper, init: Init, it: { wake: () => void; webs: Set<Link>; key: Uint8Array }): void {
  let seconds = 0
  let backups = ''
  let stopping = false
  const file = path.join(init.data, 'holdfast.db')
  const look = watchFile(file)
  setInterval(() => {
    seconds++
    keeper.tick()
    if (seconds % 2 === 0) toParent({ is: 'hand', stores: keeper.hand.wanted() })
    toParent({ is: 'doers', deeds: keeper.doers.wanted() })
    if (seconds % 3 === 0) void keeper.engine.turn('alive', () => keepTime(keeper)).catch(() => undefined)
    if (seconds % 2 === 0) void look().then((loss) => void (loss && !stopping && breakOff(keeper, file, it.key, loss)))
    if (seconds % 60 === 5) backups = backupMetrics(keeper.store.sql, keeper.config.backups ?? [], keeper.now())
    if (seconds % 5 === 0) for (const link of it.webs) link.send({ is: 'metrics', text: keeperMetrics(keeper.store.sql, keeper.watcher, keeper.now()) + backups })
    if (seconds % LOOK_AT_ROOM === 2) void keepReserve(init.data).then((has) => (has ? thereIsRoom(keeper) : undefined)).catch(() => undefined)
    it.wake()
  }, 1000)
  orders.config = (config, missing) => {
    keeper.missing.splice(0, Infinity, ...missing)
    void keeper.configure(config)
    it.wake()
  }
  orders.stop = async () => {
    const stopped = keeper.engine.turn('stop', (tx) => {
      tx.append({ is: 'node.stopped', stream: 'node:this', body: { at: tx.now.wall } })
      keeper.store.setMeta('stopped', '1')
      keeper.store.setMeta('alive', String(tx.now.wall))
    })
    it.wake()
    await stopped
    stopping = true
    keeper.samples?.close()
    keeper.store.close()
  }
}

const thereIsRoom = ({ engine, rooms }: Keeper): Promise<void> => engine.turn('room', (tx) => rooms.page.endNode(tx, 'disk-full'))

/** The file of the store is not what it was: what can be saved is, and a successor opens it anew. */
function breakOff({ store }: Keeper, file: string, key: Uint8Array, loss: Loss): never {
  if (loss !== 'overwritten') toParent({ is: 'blocked', ...rescue(store, file, key, loss) })
  console.error(`holdfast keeper: the database file was ${loss === 'overwritten' ? 'overwritten' : 'taken away or replaced'}; starting again through recovery`)
  process.exit(3)
}

// What looks leave behind is garbage at once, and a big heap is never tidied up: at 5,000 checks it would stand at 250 MB.
setFlagsFromString('--optimize-for-size')

const orders: { config: (config: InForce, missing: readonly string[]) => void; stop: () => Promise<void>; listen: (runtime: string) => Promise<void> } = {
  config: () => undefined, stop: () => Promise.resolve(), listen: () => Promise.resolve(),
}
let rounds = 0
attachParent({
  onMessage(message) {
    if (message.is === 'init') void run(message as unknown as Init).catch((cause: unknown) => {
      if (resultCode(cause) === FULL) breakDown(`it cannot start: ${sentence(cause)}`, cause)
      throw cause
    })
    else if (message.is === 'listen') void orders.listen(String(message['runtime'])).catch((cause: unknown) => console.error(`holdfast keeper: it cannot listen: ${sentence(cause)}`))
    else if (message.is === 'config') orders.config(message['config'] as InForce, message['missing'] as readonly string[])
  },
  onStop: () => orders.stop(),
  // The loop goes round at least twice a second; a loop that hangs in the store makes no progress.
  progress: () => rounds,
})
