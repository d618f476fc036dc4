// The ledger without a server: verified and rebuilt straight from the data folder. Verifying only reads. Rebuilding writes, so it
// takes the keeper's lock first, and is refused while anybody holds it.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { Fault } from '../core/fault.ts'
import { isDamage, openSql, resultCode, BUSY, type Sql } from '../db/sql.ts'
import { prepareTables } from '../db/store.ts'
import { rebuildLedger, verifyLedger } from '../db/verify.ts'
import type { Room } from '../db/room.ts'
import { accessRoom } from '../engine/access.ts'
import { guardRoom } from '../rooms/guard/index.ts'
import { pageRoom } from '../rooms/page/index.ts'
import { peopleRoom } from '../rooms/people/index.ts'
import { tellRoom } from '../rooms/tell/index.ts'
import { watchRoom } from '../rooms/watch/index.ts'
import type { LedgerAnswer } from '../views/answers.ts'
import { EXIT, Failure } from './failure.ts'

/** The rooms for folding alone: `apply` asks nothing of the present. */
const rooms = (): readonly Room[] => {
  const absent = (): never => {
    throw new Error('folding the ledger asks for nothing of the present')
  }
  return [
    watchRoom({ checks: absent, closed: absent, moved: absent }), pageRoom({ plan: absent, changed: absent }),
    tellRoom({ boards: absent, timezone: absent, isHeartbeat: absent, changed: absent }), peopleRoom({ key: new Uint8Array(32), random: absent, lived: absent, members: absent }), accessRoom(),
    guardRoom({ origin: absent, sets: absent, ask: absent, lived: absent, reconciles: absent, shrink: absent, way: absent }),
  ]
}

function open(data: string, readOnly: boolean): Sql {
  const file = path.join(data, 'holdfast.db')
  if (!existsSync(file)) throw new Failure(`There is no ledger in ${data}.`, { exit: EXIT.failed, code: 'HF-C404', help: 'Name the data folder with --data.' })
  return openSql(file, { readOnly })
}

/** What SQLite throws, as a sentence: damage is a failed verification, not a crash. */
function told<T>(data: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    if (cause instanceof Fault) throw new Failure(`${data}: ${cause.message}`, { exit: EXIT.failed, code: 'HF-C010' })
    if (isDamage(cause)) throw new Failure(`${path.join(data, 'holdfast.db')} is damaged: ${(cause as Error).message}`, { exit: EXIT.down, code: 'HF-C003', help: 'Start Holdfast: it keeps the file aside, begins a new memory, and pages.' })
    if (resultCode(cause) === BUSY) throw new Failure(`The ledger in ${data} is in use by a Holdfast that does not answer.`, { exit: EXIT.failed, code: 'HF-C005', help: 'Stop it first.' })
    throw cause
  }
}

export const verifyOffline = (data: string): LedgerAnswer => told(data, () => {
  const sql = open(data, true)
  try {
    return { schema: 'holdfast.ledger/1', ...verifyLedger(sql) }
  } finally {
    sql.close()
  }
})

export const rebuildOffline = (data: string): LedgerAnswer => told(data, () => {
  const sql = open(data, false)
  const lock = openSql(path.join(data, 'lock.db'))
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
    const { head, broken } = verifyLedger(sql)
    // Tables made from a broken chain would give it the look of a whole one.
    if (broken) return { schema: 'holdfast.ledger/1', entries: broken.seq, head, broken }
    const all = rooms()
    prepareTables(sql, all)
    return { schema: 'holdfast.ledger/1', head, ...rebuildLedger(sql, all, { replace: true }) }
  } finally {
    lock.close()
    sql.close()
  }
})
