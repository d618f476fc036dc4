// The product's own way out, for tests that speak to loopback by address: no resolver child is ever started.
import { createClock } from '../../src/ports/world/clock.ts'
import { createEgress } from '../../src/ports/world/egress.ts'
import { createResolver } from '../../src/ports/world/resolver.ts'
import { createTimers } from '../../src/ports/world/timers.ts'
import type { Egress } from '../../src/ports/world.ts'

export function realEgress(): Egress {
  const world = { clock: createClock(), timers: createTimers() }
  return createEgress({ ...world, resolver: createResolver(world) })
}
