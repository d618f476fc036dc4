// Links that act, and addresses that are pinged: both are HMACs under the node's key (`node.key`). Nothing is stored. A token
// carries what it permits (purpose, incident or page, person) beside its proof, so that a process without a database, or one
// with a new database, still honours a link that was sent before. Whoever holds the token is the person: that is the whole
// credential. A token permits one thing: to take (or pass on) one incident as one person, to confirm one test page, or to look at
// one agreement as one of its parties (and to refuse it; to assent takes a fresh proof beside the link).
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { parseId, type AgreementId, type IncidentId, type PageId } from './id.ts'

/** What a token permits, read out of a token whose proof held. */
export type Permit =
  | { readonly is: 'act'; readonly incident: IncidentId; readonly person: string }
  /** The receipt of a test page (`tst_…`). */
  | { readonly is: 'received'; readonly page: PageId; readonly person: string }
  | { readonly is: 'approve'; readonly agreement: AgreementId; readonly person: string }

const VERSION = 1
const PURPOSES = { act: 0x61, received: 0x72, approve: 0x67 } as const
const HEAD = 2
const ID_BYTES = 16
/** 160 bits of the HMAC. */
const PROOF_BYTES = 20
/** Longer ones are not looked at. A person's name has at most 200 bytes. */
const LONGEST_TOKEN = 400
const LONGEST_PERSON = 200

/** Node makes a key anew for every proof unless it is given one: 27 µs instead of 4. */
const made = new WeakMap<Uint8Array, KeyObject>()
function keyOf(bytes: Uint8Array): KeyObject {
  const key = made.get(bytes) ?? createSecretKey(bytes)
  made.set(bytes, key)
  return key
}

const proofOf = (key: Uint8Array, payload: Uint8Array): Buffer =>
  createHmac('sha256', keyOf(key)).update('holdfast link\n').update(payload).digest().subarray(0, PROOF_BYTES)

function namedIn(permit: Permit): readonly [prefix: string, id: string] {
  switch (permit.is) {
    case 'act': return ['inc', permit.incident]
    case 'received': return ['tst', permit.page]
    case 'approve': return ['agr', permit.agreement]
  }
}

/** The token for `/a/<token>` or `/approve/<token>`: URL-safe, self-contained. The same permit gives the same token. Throws on an id that is none. */
export function makeToken(key: Uint8Array, permit: Permit): string {
  const [prefix, id] = namedIn(permit)
  if (!parseId(prefix, id)) throw new TypeError(`${id} cannot stand in a link`)
  const person = Buffer.from(permit.person, 'utf8')
  if (person.length === 0 || person.length > LONGEST_PERSON) throw new TypeError(`the name of a person in a link has 1 to ${LONGEST_PERSON} bytes`)
  const payload = Buffer.concat([Buffer.from([VERSION, PURPOSES[permit.is]]), Buffer.from(id.slice(prefix.length + 1), 'hex'), person])
  return Buffer.concat([payload, proofOf(key, payload)]).toString('base64url')
}

/** What the token permits; `undefined` when it is not one of ours, byte for byte. Compares in constant time. */
export function readToken(key: Uint8Array, token: string): Permit | undefined {
  if (token.length > LONGEST_TOKEN) return undefined
  const bytes = Buffer.from(token, 'base64url')
  // The decoder is lenient (other alphabets, loose last bits): only the one true spelling counts.
  if (bytes.toString('base64url') !== token) return undefined
  const end = bytes.length - PROOF_BYTES
  if (end < HEAD + ID_BYTES + 1) return undefined
  const payload = bytes.subarray(0, end)
  if (!timingSafeEqual(proofOf(key, payload), bytes.subarray(end))) return undefined
  if (payload[0] !== VERSION) return undefined
  const id = payload.subarray(HEAD, HEAD + ID_BYTES).toString('hex')
  const person = payload.subarray(HEAD + ID_BYTES).toString('utf8')
  if (payload[1] === PURPOSES.act) return { is: 'act', incident: `inc_${id}` as IncidentId, person }
  if (payload[1] === PURPOSES.received) return { is: 'received', page: `tst_${id}` as PageId, person }
  if (payload[1] === PURPOSES.approve) return { is: 'approve', agreement: `agr_${id}` as AgreementId, person }
  return undefined
}

/** The address under which a heartbeat is pinged: shaped as a UUID (version 8, RFC 9562), the same for the same name and key. */
export function pingId(key: Uint8Array, check: string): string {
  const bytes = createHmac('sha256', keyOf(key)).update('holdfast ping\n').update(check).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
