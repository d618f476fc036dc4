// The child in which one look at a time runs that may never come back: files on dead mounts, programs. It keeps what it has
// imported, tells its parent what it saw, and says nothing once the time limit has passed: then its parent kills it, because
// a thread of it may hang for good. It ends by SIGKILL when its parent is gone: an orderly exit waits for hanging threads.
import { Fault, sentence } from '../core/fault.ts'
import { laterTick, ms } from '../core/time.ts'
import type { AnyProbe } from '../ports/probe.ts'
import type { Egress } from '../ports/world.ts'
import { createClock } from '../ports/world/clock.ts'
import { createTimers } from '../ports/world/timers.ts'
import type { Task } from '../rooms/watch/alone.ts'
import { look, type Sight } from '../rooms/watch/look.ts'
import { endNow } from './parent.ts'

export type AloneSays =
  | { readonly is: 'ready' }
  | { readonly is: 'seen'; readonly sight: Sight }
  | { readonly is: 'broke'; readonly says: string }

const clock = createClock()
const timers = createTimers()
const probes = new Map<string, AnyProbe>()

const say = (message: AloneSays): void => {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}

/** Looks that run alone stay on this machine; those that go out run in the prober, side by side. */
const shut = (): Promise<never> => Promise.reject(new Fault('a probe that runs alone has no way out of this machine', 'never'))
const egress: Egress = { resolve: shut, connect: shut, request: shut }

async function probeOf(kind: string): Promise<AnyProbe> {
  const known = probes.get(kind)
  if (known) return known
  if (!/^[a-z][a-z0-9-]*$/.test(kind)) throw new Fault(`"${kind}" is no kind of probe`, 'never')
  // Only what this child is asked for: the drivers of other probes would cost it time and memory.
  const { default: it } = (await import(new URL(`../plugins/probes/${kind}.ts`, import.meta.url).href)) as { readonly default: AnyProbe }
  probes.set(kind, it)
  return it
}

async function take({ kind, settings, timeout }: Task): Promise<void> {
  const limit = laterTick(clock.now().tick, timeout)
  const sight = await look(await probeOf(kind), { settings, timeout }, { clock, timers, egress, stalledSince: () => ms(0) })
  if (clock.now().tick < limit) say({ is: 'seen', sight })
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.on('disconnect', endNow)
process.on('uncaughtException', (cause) => {
  say({ is: 'broke', says: sentence(cause) })
  setImmediate(endNow)
})
process.on('message', (task: Task) => void take(task))
process.title = 'holdfast alone'

if (!process.connected) endNow()
for (const kind of process.argv.slice(2)) await probeOf(kind)
say({ is: 'ready' })
