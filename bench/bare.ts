// The loops to compare with, each in a process of its own: nothing but `http.get`, at a pace or flat out; and the prober's own
// way of looking, flat out, without its timetable. Each look has a connection of its own. Asked, a loop says how many looks
// have ended.
import http from 'node:http'
import httpProbe from '../src/plugins/probes/http.ts'
import { ms, tickOf } from '../src/core/time.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { createEgress } from '../src/ports/world/egress.ts'
import { createResolver } from '../src/ports/world/resolver.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import { createRunner, createStalls } from '../src/rooms/watch/look.ts'
import type { AnyProbe } from '../src/ports/probe.ts'
import { checkOf } from '../test/fake-keeper.ts'

/** Looks under way at the same time, flat out. */
const ABREAST = 32

let looks = 0
let failed = 0

function get(port: number, ended: () => void): void {
  const over = (): void => {
    looks++
    ended()
  }
  http.get({ port, host: '127.0.0.1', path: '/c0', agent: false }, (reply) => reply.resume().on('end', over)).on('error', () => {
    failed++
    over()
  })
}

/** So many a second, evenly. */
function paced(port: number, perSecond: number): void {
  let begun = 0
  const began = performance.now()
  const step = (): void => {
    for (; begun < ((performance.now() - began) * perSecond) / 1000; begun++) get(port, () => undefined)
    setTimeout(step, Math.max(0, ((begun + 1) * 1000) / perSecond - (performance.now() - began)))
  }
  step()
}

function flat(port: number): void {
  const next = (): void => get(port, next)
  for (let i = 0; i < ABREAST; i++) next()
}

/** The prober's look loop: its runner, its probe, its egress. */
function prober(port: number): void {
  const [clock, timers] = [createClock(), createTimers()]
  const egress = createEgress({ clock, timers, resolver: createResolver({ clock, timers }), ownPorts: [] })
  const runner = createRunner({
    world: { clock, timers, egress, stalledSince: createStalls({ clock, timers }).since },
    probes: new Map<string, AnyProbe>([['http', httpProbe]]), alone: { look: () => undefined },
  })
  const again = (check: ReturnType<typeof checkOf>): void => runner.run({ check, due: tickOf(clock.now().tick), edition: 1 }, (looked) => {
    looks++
    if (looked.found.is !== 'pass') failed++
    again(check)
  })
  for (let i = 0; i < ABREAST; i++) again(checkOf(`flat-${i}`, 'http', { http: `http://127.0.0.1:${port}/c0` }, { timeout: ms(5000) }))
}

const [way, port, perSecond] = process.argv.slice(2)
process.on('message', () => process.send?.({ looks, failed }))
process.on('disconnect', () => process.exit())
if (way === 'paced') paced(Number(port), Number(perSecond))
else if (way === 'flat') flat(Number(port))
else prober(Number(port))
