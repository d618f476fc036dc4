// Identity. Random ids are prefixed UUIDv7 (sortable by their time); derived ids are the hash of their cause, so that two
// processes, or two nodes that cannot talk, give the same name to the same thing. Ids from outside are parsed at the edge.
import { hash } from 'node:crypto'
import type { Instant } from './time.ts'

declare const brand: unique symbol
export type Id<Of extends string> = string & { readonly [brand]: Of }
export type IncidentId = Id<'incident'>
export type PageId = Id<'page'>
export type AgreementId = Id<'agreement'>
export type NodeId = Id<'node'>
export type EntryHash = Id<'entry-hash'>
export type StatementId = Id<'statement'>

/** A new id: `prefix_` and a UUIDv7 without dashes. `random` gives bytes. */
export function newId<Of extends string>(prefix: string, now: Instant, random: (n: number) => Uint8Array): Id<Of> {
  const bytes = random(16)
  let at = Math.max(0, Math.floor(now))
  for (let i = 5; i >= 0; i--) {
    bytes[i] = at % 256
    at = Math.floor(at / 256)
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return `${prefix}_${Buffer.from(bytes).toString('hex')}` as Id<Of>
}

/** An id that is the hash of its cause: same parts, same id, wherever it is computed. 128 bits. */
export function derivedId<Of extends string>(prefix: string, ...parts: readonly (string | number)[]): Id<Of> {
  let cause = ''
  for (const part of parts) {
    const text = String(part)
    cause += `${text.length}:${text};`
  }
  return `${prefix}_${sha256(cause).slice(0, 32)}` as Id<Of>
}

/** Reads an id of a given prefix; `undefined` when it is not one. */
export function parseId<Of extends string>(prefix: string, raw: string): Id<Of> | undefined {
  return raw.startsWith(`${prefix}_`) && /^[0-9a-f]{32}$/.test(raw.slice(prefix.length + 1)) ? (raw as Id<Of>) : undefined
}

/** The SHA-256 of a text, in hex. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex')
