// Signatures that outlive us: Ed25519 under a key that is derived from the node's own (`node.key`) for one purpose. Whoever holds the public key can
// tell, without us and years later, that a text is as it was signed. The private key is never written down, and signs nothing else.
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'

export interface Signature {
  readonly algorithm: 'ed25519'
  /** The public key, in base64url: 32 bytes. */
  readonly key: string
  /** In base64url: 64 bytes. */
  readonly value: string
}

export interface Signer {
  /** The public key, in base64url. */
  readonly key: string
  sign(text: string): Signature
}

/** What stands before the 32 bytes of a private key in PKCS #8, and before those of a public one in SPKI. */
const PRIVATE = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC = Buffer.from('302a300506032b6570032100', 'hex')
const KEY_BYTES = 32

/** Signs with the 32 bytes of `seed`, as `keyFor` of `core/seal.ts` gives them. */
export function signerOf(seed: Uint8Array): Signer {
  const own = createPrivateKey({ key: Buffer.concat([PRIVATE, seed.subarray(0, KEY_BYTES)]), format: 'der', type: 'pkcs8' })
  const key = createPublicKey(own).export({ format: 'der', type: 'spki' }).subarray(PUBLIC.length).toString('base64url')
  return { key, sign: (text) => ({ algorithm: 'ed25519', key, value: sign(null, Buffer.from(text), own).toString('base64url') }) }
}

/** Whether this text was signed by whoever holds the key that the signature names. */
export function isSigned(text: string, { key, value }: Signature): boolean {
  const raw = Buffer.from(key, 'base64url')
  const proof = Buffer.from(value, 'base64url')
  if (raw.length !== KEY_BYTES || proof.length !== 64) return false
  let open: KeyObject
  try {
    open = createPublicKey({ key: Buffer.concat([PUBLIC, raw]), format: 'der', type: 'spki' })
  } catch {
    return false
  }
  return verify(null, Buffer.from(text), open, proof)
}
