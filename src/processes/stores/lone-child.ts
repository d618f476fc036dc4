// The child in which one half of a store lives whose calls may hang in the kernel: a folder on a dead mount. It is told once which store
// and which half, then answers calls. It holds nothing that its parent needs: killed at any moment, another goes on from the cursor.
// It has no way out of this machine but a program of the system (ssh), which in a lab is led to judged addresses alone, and ends by SIGKILL when its parent is gone, because an orderly exit waits for hanging threads.
import { Fault, sentence, codeOf } from '../../core/fault.ts'
import type { AnyStore, Deleting, Reading, StoreContext } from '../../ports/store.ts'
import type { Egress } from '../../ports/world.ts'
import { createClock } from '../../ports/world/clock.ts'
import { random } from '../../ports/world/random.ts'
import { endNow } from '../parent.ts'
import { speak } from './speak.ts'

export type LoneHears =
  | { readonly is: 'open'; readonly kind: string; readonly half: 'reading' | 'deleting'; readonly settings: unknown; readonly folder: string; readonly lab: boolean }
  | { readonly is: 'call'; readonly id: number; readonly name: string; readonly given: readonly unknown[] }
  | { readonly is: 'give-up'; readonly id: number }

export type LoneSays =
  /** From now on the store is asked; before that nobody was. */
  | { readonly is: 'begun'; readonly id: number }
  | { readonly is: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly is: 'fault'; readonly id: number; readonly says: string; readonly retry: 'later' | 'never'; readonly code: string | undefined }

const clock = createClock()
const shut = (): Promise<never> => Promise.reject(new Fault('a store that runs alone has no way out of this machine', 'never'))
const egress: Egress = { resolve: shut, connect: shut, request: shut }
/** How long it may take to find out where ssh would be led; as long as that has for its connection. */
const FOUND_WITHIN = 15_000
const signals = new Map<number, AbortController>()
let half: Promise<Reading | Deleting> | undefined

const say = (message: LoneSays): void => {
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}

/** Outside a lab what the configuration names is where ssh goes, and nothing of this is loaded: such a child has to come up soon. */
async function ledInLab(): Promise<NonNullable<StoreContext['led']>> {
  const [{ labDoors }, { createResolver }, { createTimers }] = await Promise.all([import('../../ports/world/lab/door.ts'), import('../../ports/world/resolver.ts'), import('../../ports/world/timers.ts')])
  const judged = labDoors(createResolver({ clock, timers: createTimers() }))
  // Whoever asks first may give up before the others do: the search has a time of its own.
  return (place) => judged(place, AbortSignal.timeout(FOUND_WITHIN))
}

async function open({ kind, half: wanted, settings, folder, lab }: LoneHears & { is: 'open' }): Promise<Reading | Deleting> {
  if (!/^[a-z][a-z0-9_]*$/.test(kind)) throw new Fault(`"${kind}" is no kind of store`, 'never')
  const { default: plugin } = (await import(new URL(`../../plugins/stores/${kind}.ts`, import.meta.url).href)) as { readonly default: AnyStore }
  return plugin[wanted](plugin.config.parse(settings), { egress, now: () => clock.now(), random, folder, speak, ...(lab && { led: await ledInLab() }) })
}

async function answer({ id, name, given }: LoneHears & { is: 'call' }): Promise<void> {
  const controller = new AbortController()
  signals.set(id, controller)
  try {
    const opened = (await half) as unknown as Readonly<Record<string, (...given: readonly unknown[]) => Promise<unknown>>> | undefined
    if (!opened || !Object.hasOwn(opened, name)) throw new Fault(`this half of a store knows no “${name.slice(0, 40)}”`, 'never')
    say({ is: 'begun', id })
    say({ is: 'answer', id, value: await opened[name]?.(...given, controller.signal) })
  } catch (cause) {
    say({ is: 'fault', id, says: sentence(cause), retry: cause instanceof Fault ? cause.retry : 'later', code: codeOf(cause) })
  } finally {
    signals.delete(id)
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.on('disconnect', endNow)
process.on('uncaughtException', endNow)
process.on('message', (message: LoneHears) => {
  if (message.is === 'open') {
    half = open(message)
    half.catch(() => undefined)
  } else if (message.is === 'give-up') signals.get(message.id)?.abort()
  else void answer(message)
})
process.title = 'holdfast store'
if (!process.connected) endNow()
