// Whether the hand is there, and with whose credentials: it is started while the keeper names stores in which there is something to do, is given what
// deletes in just those, and ends when there is nothing more. A keeper that says nothing for a minute wants nothing: no process that could delete stays
// because nobody is there to send it away. Two of them are never there at once.
import { environmentName, secretsIn, type Environment } from '../../config/secret.ts'
import { seconds, type Span, type Tick } from '../../core/time.ts'
import type { StorePlace } from '../../rooms/guard/config.ts'

/** It is told every two seconds. */
export const SILENCE: Span = seconds(60)
const LEAVES_WITHIN: Span = seconds(3)

export interface HandWardPorts {
  readonly tick: () => Tick
  readonly isThere: () => boolean
  /** Stores that are configured and can be acted on. */
  readonly known: () => readonly string[]
  readonly raise: (stores: readonly string[]) => void
  readonly dismiss: (within: Span) => Promise<void>
}

export interface HandWard {
  /** The stores that the keeper names. */
  hear(stores: readonly string[]): void
  /** A few times a second. */
  turn(): void
}

export function createHandWard({ tick, isThere, known, raise, dismiss }: HandWardPorts): HandWard {
  let given: readonly string[] = []
  let heardAt = tick()
  let leaving = false
  const send = (): void => {
    leaving = true
    void dismiss(LEAVES_WITHIN).finally(() => (leaving = false))
  }
  return {
    hear(named) {
      heardAt = tick()
      const stores = named.filter((it) => known().includes(it))
      if (leaving) return
      if (isThere()) {
        // One that lacks a store ends in order; the next one has them all.
        if (stores.length === 0 || stores.some((it) => !given.includes(it))) send()
        return
      }
      if (stores.length === 0) return
      given = stores
      raise(stores)
    },
    turn() {
      if (!leaving && isThere() && tick() - heardAt >= SILENCE) send()
    },
  }
}

/** What of the environment concerns the credentials that delete in these stores: their own variables, and where the service manager keeps others. */
export function environmentOf(stores: readonly StorePlace[], env: Environment): Environment {
  const names = ['CREDENTIALS_DIRECTORY', ...stores.flatMap(({ deletes }) => secretsIn(deletes ?? '').map(environmentName))]
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}
