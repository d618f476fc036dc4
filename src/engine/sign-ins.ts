// What sign-ins keep in memory: gone with the process, which costs nobody anything.
import type { Challenges } from '../rooms/people/challenges.ts'
import type { Buckets } from '../rooms/people/limits.ts'
import type { Proofs } from '../rooms/people/proofs.ts'

export interface SignIns { readonly buckets: Buckets; readonly proofs: Proofs; readonly challenges: Challenges }
export const newSignIns = (): SignIns => ({ buckets: new Map(), proofs: new Map(), challenges: new Map() })
