// What examines servers, with the world that it needs: one resolver and one way out, closed when the scan is over.
import mysql from '../../../plugins/examiners/mysql.ts'
import postgres from '../../../plugins/examiners/postgres.ts'
import { createClock } from '../../../ports/world/clock.ts'
import { createEgress } from '../../../ports/world/egress.ts'
import { createResolver } from '../../../ports/world/resolver.ts'
import { createTimers } from '../../../ports/world/timers.ts'
import type { Examining } from './relations.ts'

export function openExamining(): Examining & { close(): void } {
  const clock = createClock()
  const timers = createTimers()
  const resolver = createResolver({ clock, timers })
  const egress = createEgress({ clock, timers, resolver })
  return { postgres, mysql, context: { egress, timers, now: () => clock.now() }, close: () => resolver.close() }
}
