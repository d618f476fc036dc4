// One room over a store in memory: turns as the engine takes them, without an engine.
import type { Now } from '../src/core/time.ts'
import type { Room, Tx } from '../src/db/room.ts'
import { openSql, type Sql } from '../src/db/sql.ts'
import { prepareTables, storeOver, type Store } from '../src/db/store.ts'

export interface RoomWorld {
  readonly sql: Sql
  readonly store: Store
  /** One turn, committed; throws what it threw. */
  turn<T>(act: (tx: Tx) => T): T
}

export function roomWorld(room: Room, now: () => Now): RoomWorld {
  const sql = openSql(':memory:')
  prepareTables(sql, [room])
  sql.run(`insert into meta (key, value) values ('node', 'node_test')`)
  const store = storeOver(sql, [room])
  return {
    sql, store,
    turn<T>(act: (tx: Tx) => T): T {
      store.begin()
      const result = store.turn('test', now(), act)
      store.commit()
      if (result.is === 'failed') throw result.cause
      return result.value
    },
  }
}
