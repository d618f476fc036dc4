// Secrets at rest: AES-256-GCM under a key that is derived from the node's own (`node.key`, which does not lie in the database). What
// is sealed is bound to its place: the same bytes in another row, or another column, do not open.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A key for one purpose; the node's key itself seals nothing. */
export const keyFor = (nodeKey: Uint8Array, purpose: string): Uint8Array => new Uint8Array(hkdfSync('sha256', nodeKey, '', `holdfast ${purpose}`, 32))

/** Seals for a place ("people_secret/<id>"). `random` gives the nonce; never the same bytes twice under one key. */
export function seal(key: Uint8Array, place: string, secret: Uint8Array, random: (bytes: number) => Uint8Array): Uint8Array {
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(place))
  return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
}

/** What was sealed for this place; `undefined` when it was not, or was changed. */
export function unseal(key: Uint8Array, place: string, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed[0] !== VERSION || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES))
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()])
  } catch {
    return undefined
  }
}
