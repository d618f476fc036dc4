// What a long read is given: stores to look into, a folder to write into, and a way to say how far it is. Nothing here can change a store.
import type { Reading } from '../../ports/store.ts'
import type { Now } from '../../core/time.ts'
import type { Timers } from '../../ports/world.ts'

export interface GuardContext {
  /** The half of a store that looks. Throws a Fault where no store is called so. */
  reading(store: string): Reading
  /** Of a set's repository; nothing where none is configured. For engines in cells, and for no message. */
  readonly password?: (set: string) => string | undefined
  readonly now: () => Now
  readonly timers: Timers
  /** For what is written meanwhile; of this process alone, and emptied at its start. */
  readonly folder: string
  readonly say: (progress: string) => void
}
