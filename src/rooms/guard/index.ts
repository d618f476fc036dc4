// Guard: backups exist, are fresh, restore; nothing is deleted on missing knowledge. This is the room's face to the engine, put together from its
// duties; each of them lives in a folder of its own.
import type { Room, Tx } from '../../db/room.ts'
import { actsPart, type Acts, type ActsContext } from './acts/index.ts'
import type { Listed, ListTask } from './protocol.ts'
import { applyAppeared, applyCheckRemoved, applyDisproved, applyLeft, applyProved, applyTurned, applyVanished, applyWatchTurned, PROJECTIONS, TABLES } from './rows.ts'
import { setsOf, type SetsContext } from './sets/duty.ts'

export type GuardContext = SetsContext & ActsContext

export interface GuardRoom extends Room {
  /** What is done to objects, and who agreed to it. */
  readonly acts: Acts
  configure(tx: Tx): void
  listed(tx: Tx, task: ListTask, result: Listed): void
}

export function guardRoom(context: GuardContext): GuardRoom {
  const sets = setsOf(context)
  const acts = actsPart(context)
  return {
    name: 'guard',
    acts,
    tables: TABLES + acts.tables,
    projections: [...PROJECTIONS, ...acts.projections],
    on: { ...acts.on },
    apply: {
      ...acts.apply,
      'guard.appeared': applyAppeared, 'guard.vanished': applyVanished, 'guard.proved': applyProved, 'guard.disproved': applyDisproved,
      'guard.turned': applyTurned, 'guard.left': applyLeft, 'watch.turned': applyWatchTurned, 'watch.removed': applyCheckRemoved,
    },
    due: { ...sets.due },
    configure: (tx) => sets.configure(tx),
    listed: (tx, task, result) => sets.listed(tx, task, result),
  }
}
