// One keeper in the simulator: the production keeper over a database in memory that outlives the process as a disk does. Each
// life of the process is an incarnation: what it promised but did not commit dies with it. Faults of the store: a COMMIT that
// fails before or after it took effect, a full disk, a loop that stands still.
import { instantOf, type Now } from '../src/core/time.ts'
import type { Sql } from '../src/db/sql.ts'
import type { Random } from '../src/ports/world.ts'
import { storeOver, type Store } from '../src/db/store.ts'
import { memorySuspects } from '../src/engine/engine.ts'
import { allOf, createKeeper, type InForce, type Keeper, type KeeperPorts, type Rooms } from '../src/engine/keeper.ts'
import type { Time } from './clock.ts'
import { prepareDisk, takeDisk } from './disk.ts'

export interface KeeperHost {
  readonly keeper: Keeper | undefined
  readonly sql: Sql
  readonly rooms: Rooms | undefined
  readonly alive: boolean
  start(): void
  crash(): void
  /** The loop stands still: nothing is taken in, nothing goes out, until thawed. */
  freeze(): void
  thaw(): void
  readonly frozen: boolean
  /** When it was dead or stood still, in virtual ms, ended ones and the one that lasts. */
  readonly away: readonly { readonly from: number; to: number }[]
  /** The next COMMIT fails: `before` nothing is on the disk, `after` everything is. */
  failCommit(when: 'before' | 'after'): void
  /** Something arrived for the keeper. Kept while it is frozen. */
  deliver(act: (keeper: Keeper) => void): void
}

export interface HostOptions {
  readonly time: Time
  readonly config: InForce
  readonly ports: Omit<KeeperPorts, 'now' | 'suspects' | 'onBroken' | 'onAsked'>
  /** The process ended by itself. */
  readonly onDeath: () => void
  /** So far the ledger is on the disk. */
  readonly onCommit?: (seq: number) => void
  /** Its loop did what there was to do. */
  readonly onIdle?: (keeper: Keeper) => void
  readonly random?: Random
}

/** `commit` replaced by one that may fail as a disk does. */
function withFaults(store: Store, fault: () => 'before' | 'after' | undefined, done: (seq: number) => void = () => undefined): Store {
  return {
    ...store,
    get head() {
      return store.head
    },
    commit() {
      const now = fault()
      if (now !== 'before') {
        store.commit()
        done(store.head.seq)
      }
      if (now !== undefined) throw new Error(`the disk failed (${now} the commit)`)
    },
  }
}

export function keeperHost(options: HostOptions): KeeperHost {
  const { time } = options
  const sql = takeDisk()
  const suspects = memorySuspects()
  let life = 0
  let keeper: Keeper | undefined
  let rooms: Rooms | undefined
  let frozen = false
  let busy = false
  let commitFault: 'before' | 'after' | undefined
  let inbox: ((keeper: Keeper) => void)[] = []
  let planned: { cancel(): void } | undefined

  const away: { from: number; to: number }[] = []
  const left = (): void => {
    if (away.at(-1)?.to !== Number.POSITIVE_INFINITY) away.push({ from: time.at, to: Number.POSITIVE_INFINITY })
  }
  const back = (): void => {
    const lasts = away.at(-1)
    if (lasts) lasts.to = Math.min(lasts.to, time.at)
  }
  const now = (): Now => time.now()
  const turnOver = (of: number): void => {
    planned = undefined
    if (of !== life || !keeper || frozen) return
    const turns = keeper.cycle()
    if (turns === 0 && busy) options.onIdle?.(keeper)
    busy = turns > 0
    wake(of, turns > 0 ? 0.2 : Math.min(500, Math.max(10, keeper.idleFor())))
  }
  const wake = (of: number, within: number): void => {
    if (planned) planned.cancel()
    planned = time.after(within, () => turnOver(of))
  }
  const ticks = (of: number): void => {
    if (of !== life || !keeper) return
    if (!frozen) keeper.tick()
    time.after(1000, () => ticks(of))
  }
  const alive = (of: number): void => {
    if (of !== life || !keeper) return
    if (!frozen) void keeper.engine.turn('alive', () => keeper?.store.setMeta('alive', String(now().wall))).catch(() => undefined)
    time.after(3000, () => alive(of))
  }
  const die = (): void => {
    left()
    life++
    keeper = undefined
    frozen = false
    inbox = []
    planned?.cancel()
    planned = undefined
    suspects.died()
    if (sql.inTransaction) sql.exec('rollback')
  }
  const host: KeeperHost = {
    sql,
    away,
    get keeper() {
      return keeper
    },
    get rooms() {
      return rooms
    },
    get alive() {
      return keeper !== undefined
    },
    get frozen() {
      return frozen
    },
    start() {
      if (keeper) return
      back()
      const of = ++life
      const made = createKeeper({
        config: options.config, samples: undefined, key: new Uint8Array(32), random: options.random ?? ((bytes) => new Uint8Array(bytes)),
        open(given) {
          rooms = given
          const list = allOf(given)
          prepareDisk(sql, list)
          sql.run('insert into meta (key, value) values (?, ?) on conflict do nothing', 'node', 'node_sim')
          sql.run('insert into meta (key, value) values (?, ?) on conflict do nothing', 'store', 'store_sim')
          return withFaults(storeOver(sql, list), () => {
            const fault = commitFault
            commitFault = undefined
            return fault
          }, options.onCommit)
        },
        ports: {
          ...options.ports, now, suspects,
          onBroken: () => {
            if (of !== life) return
            die()
            options.onDeath()
          },
          onAsked: () => void (of === life && wake(of, 0.1)),
        },
      })
      keeper = made
      const last = Number(made.store.meta('alive') ?? '0')
      const gap = last > 0 && now().wall - last > 1000 ? { from: instantOf(last), to: now().wall } : undefined
      void made.start({ version: 'sim', cleanStop: false, gap, damaged: undefined, store: 'store_sim' }).catch(() => undefined)
      made.ringerOpened()
      wake(of, 0.1)
      time.after(1000, () => ticks(of))
      time.after(3000, () => alive(of))
    },
    crash() {
      if (keeper) die()
    },
    freeze() {
      if (!keeper) return
      frozen = true
      left()
    },
    thaw() {
      if (!frozen || !keeper) return
      frozen = false
      back()
      const kept = inbox
      inbox = []
      // A thawed process goes round its loop before it reads what piled up: the worst order there is.
      keeper.cycle()
      for (const act of kept) if (keeper) act(keeper)
      wake(life, 0.1)
    },
    failCommit: (when) => void (commitFault = when),
    deliver(act) {
      if (!keeper) return
      if (frozen) inbox.push(act)
      else {
        act(keeper)
        wake(life, 0.1)
      }
    },
  }
  return host
}
