// The engine: takes what is due and what was asked, runs each as a turn, commits a batch with one fsync, and only then answers,
// hands out deeds, and lets memory follow. A cycle is synchronous and takes `now` as an argument; who calls it (the keeper's
// loop, the simulator) decides when.
//
// A turn that throws fails alone. A turn that is due and throws is tried again, later each time, and set aside after three
// times; so is one that killed the process three times (`suspects` remembers across deaths which turn was under way).
// A COMMIT that fails drops every reply and deed of its batch. When the disk is full the reserve is freed and what is due is
// tried again; any other failure of the store ends the process, and the watchdog brings it back through recovery.
import type { Deed, Outcome } from '../core/deed.ts'
import { sentence } from '../core/fault.ts'
import { dueIn, ms, type Due, type Now } from '../core/time.ts'
import type { Tx } from '../db/room.ts'
import { FULL, isDamage, resultCode } from '../db/sql.ts'
import { dueNow, nextDue, type DueRow, type Store } from '../db/store.ts'

/** Turns in one batch, and milliseconds after which it is closed. */
const MOST_TURNS = 256
const LONGEST_BATCH = 10
/** A due turn that failed this often, or killed the process this often, is set aside. */
const PATIENCE = 3

/** Remembers across the death of the process which turn was under way. */
export interface Suspects {
  /** Marks the turn that begins; '' when none is under way. Need not reach the disk: it must outlive the process, not the power. */
  mark(turn: string): void
  /** How often a process died during this turn. */
  deaths(turn: string): number
}

export interface Engine {
  /** Runs `act` in the next batch; resolves when it is durable, rejects when it was undone. */
  turn<T>(name: string, act: (tx: Tx) => T): Promise<T>
  /** One batch: of all, or only of what was asked (what is due waits). Returns how many turns it ran. */
  cycle(which?: 'all' | 'asked'): number
  /** Milliseconds until something is due; 0 when turns wait; infinite when nothing is planned. */
  idleFor(): number
  /** Deeds that were intended and not settled, oldest first: performed again after a start. */
  unsettled(): Deed[]
  settle(deed: Deed, outcome: Outcome): Promise<void>
  /** Set when the store can no longer be believed; every turn is refused from then on. */
  readonly broken: string | undefined
}

export interface EngineOptions {
  readonly store: Store
  readonly now: () => Now
  readonly suspects: Suspects
  /** Called after a commit, with the batch's deeds. */
  readonly perform: (deed: Deed) => void
  /** The disk is full: free the reserve; true when room was made. */
  readonly onFull: () => boolean
  /** The store failed in a way that ends this process. */
  readonly onBroken: (says: string, cause: unknown) => void
  /** A turn waits: run a cycle soon. */
  readonly onAsked?: () => void
  /** A turn was set aside: somebody must know. */
  readonly setAside: (tx: Tx, row: { what: string; key: string; says: string }) => void
}

interface Asked {
  readonly name: string
  readonly act: (tx: Tx) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (cause: unknown) => void
}

/** What a batch owes to the world once it is durable. */
interface Owed {
  readonly replies: (() => void)[]
  readonly deeds: Deed[]
  readonly afterwards: (() => void)[]
  readonly rejects: ((cause: unknown) => void)[]
}

export function createEngine(options: EngineOptions): Engine {
  const { store, suspects } = options
  const waiting: Asked[] = []
  let broken: string | undefined
  /** The earliest entry of the agenda; unknown after anything was written. */
  let next: { wall: number; tick: number } | undefined | 'unknown' = 'unknown'
  const untilDue = (now: Now): number => {
    if (next === 'unknown') next = nextDue(store.sql, now.boot)
    return next ? Math.max(0, Math.min(next.wall - now.wall, next.tick - now.tick)) : Number.POSITIVE_INFINITY
  }

  const breakDown = (says: string, cause: unknown): void => {
    if (broken !== undefined) return
    broken = says
    for (const asked of waiting.splice(0)) asked.reject(new Error(says, { cause }))
    options.onBroken(says, cause)
  }

  const runDue = (row: DueRow, now: Now, owed: Owed): 'ok' | 'batch-lost' => {
    const name = `${row.what} ${row.key}`
    if (suspects.deaths(name) >= PATIENCE) {
      return putAside(row, `the process died ${PATIENCE} times while it ran`, now, owed)
    }
    suspects.mark(name)
    const result = store.turn(name, now, (tx) => {
      tx.unschedule(row.what, row.key)
      for (const room of store.rooms) room.due?.[row.what]?.(tx, row.key)
    })
    if (result.is === 'done') {
      owed.deeds.push(...result.deeds)
      owed.afterwards.push(...result.afterwards)
      return 'ok'
    }
    if (result.batchLost || isDamage(result.cause)) throw result.cause
    const failed = row.failed + 1
    if (failed >= PATIENCE) return putAside(row, sentence(result.cause), now, owed)
    postpone(store, row, dueIn(now, ms(1000 * failed)), failed)
    return 'ok'
  }

  const putAside = (row: DueRow, says: string, now: Now, owed: Owed): 'ok' => {
    const result = store.turn(`set aside ${row.what}`, now, (tx) => {
      tx.unschedule(row.what, row.key)
      tx.sql.run('insert into set_aside (what, key, says, at) values (?,?,?,?) on conflict do update set says = excluded.says, at = excluded.at',
        row.what, row.key, says, now.wall)
      options.setAside(tx, { what: row.what, key: row.key, says })
    })
    if (result.is === 'failed') throw result.cause
    owed.deeds.push(...result.deeds)
    owed.afterwards.push(...result.afterwards)
    return 'ok'
  }

  const runAsked = (asked: Asked, now: Now, owed: Owed): void => {
    suspects.mark(asked.name)
    const result = store.turn(asked.name, now, asked.act)
    if (result.is === 'done') {
      owed.deeds.push(...result.deeds)
      owed.afterwards.push(...result.afterwards)
      owed.replies.push(() => asked.resolve(result.value))
      owed.rejects.push(asked.reject)
      return
    }
    if (result.batchLost || isDamage(result.cause)) {
      asked.reject(result.cause)
      throw result.cause
    }
    asked.reject(result.cause)
  }

  const batch = (now: Now, owed: Owed, due: boolean): number => {
    let turns = 0
    const started = options.now().tick
    const late = (): boolean => options.now().tick - started >= LONGEST_BATCH
    // What is due goes first: pages never wait behind questions.
    for (const row of due ? dueNow(store.sql, now, MOST_TURNS) : []) {
      runDue(row, now, owed)
      turns++
      if (late()) break
    }
    while (waiting.length > 0 && turns < MOST_TURNS && !(turns > 0 && late())) {
      runAsked(waiting.shift() as Asked, now, owed)
      turns++
    }
    return turns
  }

  const cycle = (which: 'all' | 'asked' = 'all'): number => {
    if (broken !== undefined) return 0
    const now = options.now()
    const due = which === 'all' && untilDue(now) <= 0
    if (waiting.length === 0 && !due) return 0
    const owed: Owed = { replies: [], deeds: [], afterwards: [], rejects: [] }
    let turns = 0
    next = 'unknown'
    try {
      store.begin()
      turns = batch(now, owed, due)
      suspects.mark('commit')
      if (turns > 0) store.commit()
      else store.rollback()
      suspects.mark('')
    } catch (cause) {
      suspects.mark('')
      lose(cause, owed)
      return turns
    }
    if (owed.afterwards.length + owed.replies.length + owed.deeds.length === 0) return turns
    store.reading(() => {
      for (const effect of owed.afterwards) effect()
      for (const reply of owed.replies) reply()
      for (const deed of owed.deeds) options.perform(deed)
    })
    return turns
  }

  /** The batch is lost: nobody hears "done", no deed leaves the house. */
  const lose = (cause: unknown, owed: Owed): void => {
    for (const reject of owed.rejects) reject(cause)
    try {
      store.rollback()
    } catch (again) {
      breakDown(`the store did not roll back: ${sentence(again)}`, again)
      return
    }
    if (resultCode(cause) === FULL && options.onFull()) return
    breakDown(`the store failed: ${sentence(cause)}`, cause)
  }

  return {
    get broken() {
      return broken
    },
    turn<T>(name: string, act: (tx: Tx) => T): Promise<T> {
      if (broken !== undefined) return Promise.reject(new Error(broken))
      return new Promise<T>((resolve, reject) => {
        waiting.push({ name, act, resolve: resolve as (value: unknown) => void, reject })
        options.onAsked?.()
      })
    },
    cycle,
    idleFor() {
      return waiting.length > 0 ? 0 : untilDue(options.now())
    },
    unsettled: () => store.sql
      .all<{ key: string; what: string; body: string; repeatable: number }>('select key, what, body, repeatable from deed where is_ = ? order by at, key', 'intended')
      .map((row) => ({ key: row.key, what: row.what, body: JSON.parse(row.body) as unknown, repeatable: row.repeatable === 1 })),
    settle(deed, outcome) {
      return this.turn(`settle ${deed.what}`, (tx) => {
        const had = tx.sql.run(`update deed set is_ = ? where key = ? and is_ = 'intended'`, outcome.is, deed.key)
        if (had.changes === 0) return
        for (const room of store.rooms) room.settled?.[deed.what]?.(tx, deed, outcome)
      })
    },
  }
}

function postpone(store: Store, row: DueRow, due: Due, failed: number): void {
  store.sql.run('update agenda set wall = ?, tick = ?, boot = ?, failed = ? where what = ? and key = ?', due.wall, Math.ceil(due.tick), due.boot, failed, row.what, row.key)
}

/** Suspects kept in memory only: tests and the simulator, where a "process" dies without losing them. */
export function memorySuspects(): Suspects & { died(): void } {
  let under = ''
  const deaths = new Map<string, number>()
  return {
    mark: (turn) => void (under = turn),
    deaths: (turn) => deaths.get(turn) ?? 0,
    died() {
      if (under !== '') deaths.set(under, (deaths.get(under) ?? 0) + 1)
      under = ''
    },
  }
}

