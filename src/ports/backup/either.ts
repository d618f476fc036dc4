// Copies of one engine may be of two kinds, a dump or a copy of the whole server: what is in one says which, when its structure is looked at.
import type { Restoring } from '../backup.ts'

/** Restores as `one` does where `isOne` finds so, else as `other` does. Throws when anything else is asked of it before its structure was. */
export function eitherOf(isOne: () => Promise<boolean>, one: () => Restoring, other: () => Restoring): Restoring {
  let it: Restoring | undefined
  const found = (): Restoring => {
    if (!it) throw new Error('its structure was not looked at yet')
    return it
  }
  return {
    get settle() {
      return it?.settle
    },
    async structure() {
      it = (await isOne()) ? one() : other()
      return it.structure()
    },
    restore: () => found().restore(), integrity: () => found().integrity(), prove: (assertion) => found().prove(assertion), manifest: () => found().manifest(), held: () => it?.held?.(), reach: async () => (await it?.reach?.()) ?? {},
  }
}
