// What sign-ins keep in memory: gone with the process, which costs nobody anything.
import type { Buckets } from '../rooms/people/limits.ts'

export interface SignIns { readonly buckets: Buckets }
export const newSignIns = (): SignIns => ({ buckets: new Map() })
