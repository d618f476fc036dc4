// The duty of reading a bucket that is itself the copy: every object of it is read again within the span that was promised. It may hold millions, so no row
// stands for an object: the process that reads walks through its own listing in the order of names, round after round, each round a bounded share
// of the promise, and says how far it is. What it cannot say is unknown; a promise that no whole round has kept pages (G-2).
import { minutes, ms, sayTime, seconds, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { sayKey } from '../../../ports/store/key.ts'
import type { Walked, WalkTask } from '../protocol.ts'
import { loadListing, loadProofs, type ProvedBody } from '../rows.ts'
import type { Verdict } from '../sets/judge.ts'
import { lookAfter, lookOf, MOST_FAILS, passedAt, PATIENCE, RUNG, type Promising, type PromiseContext } from '../sets/promise.ts'
import { loadReckoning } from '../sets/reading-rows.ts'
import { isBroken } from '../sets/rotation.ts'
import type { BackupSet, Lies } from '../sets/set.ts'
import { sayObjects, WHOLE } from './judge.ts'
import { dropWalk, loadWalk, saveWalk, walksKept, type Walk } from './rows.ts'

export interface Walking {
  readonly due: NonNullable<Room['due']>
  configure(tx: Tx): void
  walked(tx: Tx, task: WalkTask, result: Walked): void
  /** A person wants it read now: what is due, or all of it. */
  read(tx: Tx, set: BackupSet, what: 'all' | 'due'): void
  verdict(sql: Sql, set: BackupSet, store: string): Verdict | undefined
}

const WALK = 'guard.walk'

const wholeIn = (set: BackupSet | undefined, store: string): Lies | undefined => set?.in.find((it) => it.store === store && it.objects !== undefined)
const isPromised = (set: BackupSet | undefined, store: string): set is Promising => set?.verify !== undefined && wholeIn(set, store) !== undefined

export function walkingOf(context: PromiseContext): Walking {
  const soon = (tx: Tx, set: string, store: string, after: Span): void => lookAfter(tx, WALK, set, store, after)
  const rowOf = (tx: Tx, set: string, store: string, passed: Span): Walk => loadWalk(tx.sql, set, store) ?? { since: passed, hurry: undefined, found: undefined }
  return {
    due: {
      [WALK]: (tx, key) => {
        const [name, store] = JSON.parse(key) as [string, string]
        const set = context.sets().get(name)
        if (!isPromised(set, store)) return
        const passed = passedAt(tx, context.lived())
        const row = rowOf(tx, name, store, passed)
        saveWalk(tx.sql, name, store, row)
        soon(tx, name, store, PATIENCE)
        const identity = loadListing(tx.sql, name, store, tx.now).identity
        if (identity !== undefined) tx.afterwards(() => context.ask({ is: 'walk', set: name, store, identity, passed, allWithin: set.verify.allWithin, ...(row.hurry === undefined ? {} : { hurry: row.hurry }) }))
        else soon(tx, name, store, minutes(1))
        context.consider(tx, set, store)
      },
    },
    configure(tx) {
      for (const { set_, store } of walksKept(tx.sql)) if (!isPromised(context.sets().get(set_), store)) dropWalk(tx.sql, set_, store)
      for (const set of context.sets().values()) for (const { store } of set.in) if (isPromised(set, store)) soon(tx, set.name, store, seconds(10))
    },
    walked(tx, { set: name, store }, result) {
      const set = context.sets().get(name)
      if (!isPromised(set, store)) return
      const row = rowOf(tx, name, store, passedAt(tx, context.lived()))
      if (result.is === 'not-walked') return soon(tx, name, store, lookOf(set.verify.allWithin))
      const isDone = row.hurry !== undefined && result.done && result.began >= row.hurry
      saveWalk(tx.sql, name, store, { ...row, hurry: isDone ? undefined : row.hurry, found: result })
      soon(tx, name, store, result.left.objects > 0 && !result.stuck ? ms(0) : lookOf(set.verify.allWithin))
      prove(tx, set, store, { result, before: row.found })
      context.consider(tx, set, store)
    },
    read(tx, set, what) {
      const passed = passedAt(tx, context.lived())
      for (const { store } of set.in) {
        if (!isPromised(set, store)) continue
        const row = rowOf(tx, set.name, store, passed)
        // A round that began before somebody asked is not what they asked for.
        saveWalk(tx.sql, set.name, store, what === 'all' ? { ...row, hurry: passed } : row)
        soon(tx, set.name, store, ms(0))
      }
    },
    verdict: (sql, set, store) => (isPromised(set, store) ? verdictOf(sql, set, store) : undefined),
  }
}

function verdictOf(sql: Sql, { name, verify: { allWithin } }: Promising, store: string): Verdict | undefined {
  const walk = loadWalk(sql, name, store)
  if (!walk) return undefined
  const { found } = walk
  const rotten = found?.faults.find(({ is }) => is === 'differs')
  if (found && found.damaged > 0) return { side: 'unreadable', says: `${sayKey(rotten?.key ?? '')} is damaged: ${rotten?.says ?? 'its bytes are not those of when it was first read'}${found.damaged > 1 ? `, and so are ${found.damaged - 1} more` : ''}` }
  const failing = found?.faults.find(({ is, times }) => is === 'failed' && times >= MOST_FAILS)
  if (failing) return { side: 'unknown', says: `${sayKey(failing.key)} could not be read, ${failing.times} times: ${failing.says}` }
  const [base, passed] = [found?.whole?.began ?? walk.since, loadReckoning(sql)?.passed ?? ms(0)]
  if (isBroken(base, passed, allWithin)) return { side: 'unproven', says: `nobody read all of its objects for ${sayTime(ms(passed - base))}; every byte within ${sayTime(allWithin)} was promised` }
  return undefined
}

/** What a round has read whole is proven, as of when the round began; what rots voids what was proven before. */
function prove(tx: Tx, set: Promising, store: string, { result, before }: { readonly result: Walked & { readonly is: 'walked' }; readonly before: Walk['found'] }): void {
  const key = wholeIn(set, store)?.pattern.text ?? ''
  const of = { set: set.name, store, key, etag: WHOLE }
  if (result.damaged > (before?.damaged ?? 0)) {
    const [first] = result.faults.filter(({ is }) => is === 'differs')
    const body: ProvedBody = { ...of, rung: -RUNG, says: `${sayKey(first?.key ?? '')} is damaged: ${first?.says ?? ''}`.slice(0, 500), at: tx.now.wall }
    return void tx.append({ is: 'guard.disproved', stream: `backup:${set.name}`, body })
  }
  const { whole } = result
  if (!whole || result.damaged > 0) return
  const had = loadProofs(tx.sql, set.name, store).find(({ rung, key: its }) => rung === RUNG && its === key)
  if (had && whole.at - had.at < set.verify.allWithin / 4) return
  const body: ProvedBody = { ...of, rung: RUNG, says: `every byte of ${sayObjects(whole.objects)} was read`, at: whole.at }
  tx.append({ is: 'guard.proved', stream: `backup:${set.name}`, body })
}
