// Looks that may hang in the kernel (files on dead mounts, spawned programs), each alone in a child process that can be killed.
// The pool is bounded, and nobody ever waits for a child to die: at its hard deadline it is killed and its look reads as
// unknown; one whose end is not seen within a second (D state) is abandoned, told to the keeper as `stuck`, and replaced.
// While a child of a check is still there, its further looks are unknown at once, so that one dead mount costs one process.
// Abandoned ones beyond the bound take the place of working ones; in the worst case all such looks are unknown, and say why.
import { ms, sayLimit, type Instant } from '../../core/time.ts'
import type { Clock, Timers } from '../../ports/world.ts'
import type { Check } from './check.ts'
import { HARD_AFTER, type Alone, type Sight } from './look.ts'

/** What a child is asked to do. */
export type Task = Pick<Check, 'kind' | 'settings' | 'timeout'>

export interface Child {
  readonly pid: number
  send(task: Task): void
  /** SIGKILL to it and whatever it started; returns at once. */
  kill(): void
  /** Lets go of everything but the news of its end. */
  abandon(): void
}

export interface ChildEvents {
  /** It can take a look. */
  ready(): void
  seen(sight: Sight): void
  /** Its end was seen, or it could not be started. */
  gone(says: string): void
}

/** Starts a child. A failure to start is told by `gone`, later, never thrown. */
export type SpawnChild = (events: ChildEvents) => Child

/** A child that was killed and is still there, and the check whose look it had. `since`: when that look began. */
export interface Stuck {
  readonly check: string
  readonly pid: number
  readonly says: string
  readonly since: Instant
}

export interface AlonePool extends Alone {
  /** Has a child ready before the first look needs it. */
  warm(): void
  /** Kills every child. */
  close(): void
  /** Children that were killed and are still there. */
  readonly stuck: readonly Stuck[]
}

export interface AloneWants {
  readonly clock: Clock
  readonly timers: Timers
  readonly spawn: SpawnChild
  readonly onStuck: (stuck: Stuck) => void
  readonly onUnstuck: (stuck: Stuck) => void
  /** Children at the same time, and abandoned ones beside them. */
  readonly most?: number
  readonly mostStuck?: number
}

/** A child whose end is not seen so long after SIGKILL hangs in the kernel. */
const DIES_WITHIN = ms(1_000)
/** One child does for many looks, since most take a millisecond; another is started when a look has waited so long. */
const PATIENCE = ms(100)
/** A child that is not ready after this long is given up. */
const READY_WITHIN = ms(10_000)
/** One idle child stays; others end after this long. */
const IDLE_FOR = ms(60_000)

interface Slot {
  readonly child: Child
  is: 'starting' | 'idle' | 'busy' | 'dying' | 'stuck'
  /** The look it has, or had when it was killed. */
  task: { readonly check: Check; readonly since: Instant; readonly done: (sight: Sight) => void } | undefined
  stuck: Stuck | undefined
  cancel: () => void
}

interface Waiting {
  readonly check: Check
  readonly done: (sight: Sight) => void
  /** It has waited long enough to be worth a child of its own. */
  pressing: boolean
  cancel: () => void
}

interface Pool {
  readonly wants: AloneWants
  readonly slots: Set<Slot>
  readonly waiting: Set<Waiting>
  closed: boolean
}

const unknown = (says: string): Sight => ({ found: { is: 'unknown', says } })

/** An empty pool; its first child starts with `warm` or with the first look. */
export function createAlonePool(wants: AloneWants): AlonePool {
  const pool: Pool = { wants, slots: new Set(), waiting: new Set(), closed: false }
  return {
    look(check, done) {
      const held = inState(pool, 'dying', 'stuck').find((slot) => slot.task?.check.name === check.name)
      if (held) {
        const how = held.is === 'stuck' ? 'still hangs in the kernel' : 'was killed and has not ended yet'
        return done(unknown(`a former look ${how} (process ${held.child.pid})`))
      }
      wait(pool, { check, done, pressing: false, cancel: () => undefined })
    },
    warm() {
      keepWarm(pool)
    },
    close() {
      pool.closed = true
      for (const { cancel } of pool.waiting) cancel()
      pool.waiting.clear()
      for (const slot of pool.slots) {
        slot.cancel()
        slot.child.kill()
      }
    },
    get stuck() {
      return [...pool.slots].flatMap((slot) => slot.stuck ?? [])
    },
  }
}

const inState = (pool: Pool, ...states: readonly Slot['is'][]): Slot[] => [...pool.slots].filter((slot) => states.includes(slot.is))
const mostOf = ({ wants }: Pool): number => wants.most ?? 8

function hasRoom(pool: Pool): boolean {
  const stuck = inState(pool, 'stuck').length
  return !pool.closed && pool.slots.size - stuck + Math.max(0, stuck - (pool.wants.mostStuck ?? 16)) < mostOf(pool)
}

function busyness(pool: Pool): string {
  const starting = inState(pool, 'starting').length
  const stuck = inState(pool, 'stuck', 'dying').length
  const parts = [`${inState(pool, 'busy').length} of ${mostOf(pool)} are busy`]
  if (starting > 0) parts.push(`${starting} not ready yet`)
  if (stuck > 0) parts.push(`${stuck} killed and not ended`)
  return parts.join(', ')
}

function wait(pool: Pool, it: Waiting): void {
  const { timers } = pool.wants
  const { timeout } = it.check
  const giveUp = (): void => {
    pool.waiting.delete(it)
    it.done(unknown(`no process was free for this look within ${sayLimit(timeout)}: ${busyness(pool)}`))
  }
  it.cancel = timers.after(timeout <= PATIENCE ? timeout : PATIENCE, timeout <= PATIENCE ? giveUp : () => {
    it.pressing = true
    it.cancel = timers.after(ms(timeout - PATIENCE), giveUp)
    pump(pool)
  })
  pool.waiting.add(it)
  pump(pool)
}

/** Gives waiting looks to idle children, the longest waiting first, and starts children for those that have waited long. */
function pump(pool: Pool): void {
  for (const slot of inState(pool, 'idle')) {
    const [oldest] = pool.waiting
    if (!oldest) return
    pool.waiting.delete(oldest)
    give(pool, slot, oldest)
  }
  if (pool.waiting.size === 0) return
  keepWarm(pool)
  // One start after another: by the time that one more is there, it may not be needed.
  const pressing = [...pool.waiting].some((it) => it.pressing)
  if (pressing && inState(pool, 'starting').length === 0 && hasRoom(pool)) start(pool)
}

/** One child stands ready, so that a look does not spend its time on a start. */
function keepWarm(pool: Pool): void {
  if (inState(pool, 'starting', 'idle', 'busy').length === 0 && hasRoom(pool)) start(pool)
}

function start(pool: Pool): void {
  const child = pool.wants.spawn({
    ready: () => rest(pool, slot),
    seen(sight) {
      if (slot.is !== 'busy') return
      const done = slot.task?.done
      rest(pool, slot)
      done?.(sight)
    },
    gone: (says) => gone(pool, slot, says),
  })
  const slot: Slot = {
    child, is: 'starting', task: undefined, stuck: undefined, cancel: pool.wants.timers.after(READY_WITHIN, () => kill(pool, slot)),
  }
  pool.slots.add(slot)
}

function give(pool: Pool, slot: Slot, { check, done, cancel }: Waiting): void {
  const { clock, timers } = pool.wants
  cancel()
  slot.cancel()
  slot.is = 'busy'
  slot.task = { check, done, since: clock.now().wall }
  slot.cancel = timers.after(ms(check.timeout + HARD_AFTER), () => {
    kill(pool, slot)
    done(unknown(`no answer within ${sayLimit(check.timeout)}; the process of this look was killed`))
  })
  slot.child.send({ kind: check.kind, settings: check.settings, timeout: check.timeout })
}

/** It can take the next look. */
function rest(pool: Pool, slot: Slot): void {
  if (slot.is !== 'starting' && slot.is !== 'busy') return
  slot.is = 'idle'
  slot.task = undefined
  slot.cancel()
  retireLater(pool, slot)
  pump(pool)
}

function retireLater(pool: Pool, slot: Slot): void {
  slot.cancel = pool.wants.timers.after(IDLE_FOR, () => {
    if (inState(pool, 'idle').length > 1) kill(pool, slot)
    else retireLater(pool, slot)
  })
}

function kill(pool: Pool, slot: Slot): void {
  slot.is = 'dying'
  slot.cancel()
  slot.cancel = pool.wants.timers.after(DIES_WITHIN, () => abandon(pool, slot))
  slot.child.kill()
  if (slot.task) keepWarm(pool)
}

function abandon(pool: Pool, slot: Slot): void {
  slot.is = 'stuck'
  slot.child.abandon()
  if (slot.task) {
    const { check, since } = slot.task
    const { pid } = slot.child
    slot.stuck = { check: check.name, pid, since, says: `a look at ${check.name} hangs in the kernel: process ${pid} was killed and does not end` }
    pool.wants.onStuck(slot.stuck)
  }
  pump(pool)
}

function gone(pool: Pool, slot: Slot, says: string): void {
  pool.slots.delete(slot)
  slot.cancel()
  if (slot.is === 'busy') slot.task?.done(unknown(`the process of this look ended: ${says}`))
  // One look pays for one child that did not start, so that a machine that can start none is not asked without end.
  const [oldest] = slot.is === 'starting' ? pool.waiting : []
  if (oldest) {
    pool.waiting.delete(oldest)
    oldest.cancel()
    oldest.done(unknown(`no process could be started for this look: ${says}`))
  }
  if (slot.stuck) pool.wants.onUnstuck(slot.stuck)
  pump(pool)
  if (slot.task) keepWarm(pool)
}
