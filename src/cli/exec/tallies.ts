// What counts in databases, with the world that it needs: one resolver and one way out, closed when the command is over.
import { createClock } from '../../ports/world/clock.ts'
import { createEgress } from '../../ports/world/egress.ts'
import { isLabFolder } from '../../ports/world/lab/mark.ts'
import { createResolver } from '../../ports/world/resolver.ts'
import { createTimers } from '../../ports/world/timers.ts'
import mysql from '../../plugins/tallies/mysql.ts'
import postgres from '../../plugins/tallies/postgres.ts'
import type { Tallies } from '../session.ts'

/** `data`: the data folder; where it is a lab's, no public address is reached. */
export function openTallies(data: string): Tallies {
  const clock = createClock()
  const timers = createTimers()
  const resolver = createResolver({ clock, timers })
  const egress = createEgress({ clock, timers, resolver, lab: isLabFolder(data) })
  return { of: (kind) => (kind === 'postgres' ? postgres : mysql), context: { egress, timers, now: () => clock.now() }, close: () => resolver.close() }
}
