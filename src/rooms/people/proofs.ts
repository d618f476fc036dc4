// Proofs that wait to be used: that somebody just showed a passkey or a code for one thing, to be handed in with the press that it
// was given for. 256 random bits name one; it is used once, by its own person, from where it was given, and dies young. In memory:
// a restart asks for the passkey anew.
import { FRESH, type Proof } from '../../core/authority/agreement.ts'
import { sha256 } from '../../core/id.ts'
import { isWithin, type Now } from '../../core/time.ts'
import type { Random } from '../../ports/world.ts'

const MOST_PROOFS = 2000

export interface Kept {
  readonly person: string
  /** "session <id>", "link <id>": good there alone. */
  readonly by: string
  readonly proof: Proof
}
/** By the hash of its name, oldest first. */
export type Proofs = Map<string, Kept>

/** Keeps it; its name is in the answer and nowhere else. Too many make the oldest go. */
export function keepProof(proofs: Proofs, random: Random, kept: Kept): string {
  const name = Buffer.from(random(32)).toString('base64url')
  proofs.set(sha256(name), kept)
  for (const old of proofs.keys()) {
    if (proofs.size <= MOST_PROOFS) break
    proofs.delete(old)
  }
  return name
}

/** Takes it, once. `undefined` when there is none of this name, it is another's, from elsewhere, for another thing, or too old. */
export function takeProof(proofs: Proofs, name: string, it: { readonly person: string; readonly by: string; readonly hash: string; readonly now: Now }): Proof | undefined {
  const found = proofs.get(sha256(name))
  if (found?.person !== it.person || found.by !== it.by || found.proof.hash !== it.hash) return undefined
  proofs.delete(sha256(name))
  return isWithin(found.proof.at, it.now, FRESH) ? found.proof : undefined
}
