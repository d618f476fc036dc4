// A cursor walks over one sorted input, key by key, without making a string or an object of what it walks over: a catalogue of ten million rows
// is compared as the bytes it was spooled as. Keys are bytes, since a store sorts by bytes and a database, if it is not told so, does not.
// An input says at its end how it ended; one that does not say so has ended early, and an input that ended early is no input.
import type { Instant } from '../../../core/time.ts'

/** How an input ended. `count` is what its source itself says that it held (`count(*)` of the same snapshot), not what was read. */
export type Ended = { readonly is: 'whole'; readonly count: number } | { readonly is: 'early'; readonly says: string }

/** One sorted input. The present key is `bytes[from..to)`, and holds until `next`. */
export interface Cursor {
  /** Moves on to the next key; false at the end. */
  readonly next: () => boolean
  readonly bytes: Uint8Array
  /** Over `bytes`, from its first one on: keys are compared eight bytes at a time. */
  readonly view: DataView
  readonly from: number
  readonly to: number
  /** Asked after `next` was false. */
  readonly ended: () => Ended
}

/** `unknown` counts as locked wherever somebody wants to touch something (G-17). */
export type Lock = 'locked' | 'free' | 'unknown'

/** Rows of the catalogue. A lock that is null, or that cannot be read, is `unknown`. */
export interface Rows extends Cursor {
  readonly lock: Lock
  readonly tenant: () => string | undefined
}

/** What the store says of one object. What it did not say is `undefined` (or `unknown`), never a guess. */
export interface Listed {
  readonly version: string | undefined
  readonly etag: string | undefined
  readonly size: number | undefined
  /** By the store's own clock. */
  readonly modifiedAt: Instant | undefined
  /** Retention or a legal hold, as the store itself knows it. */
  readonly lock: Lock
  readonly tags: readonly string[] | undefined
  /** `hidden`: what is newest is a delete marker, and `version` lies right under it. */
  readonly standing: 'live' | 'hidden'
}

export interface Listing extends Cursor {
  /** Of the present object, without making a `Listed` of it. */
  readonly size: number | undefined
  readonly standing: 'live' | 'hidden'
  readonly listed: () => Listed
}

/** Orders two keys by their bytes: below zero, zero, above zero. */
export function compare(a: Uint8Array, aFrom: number, aTo: number, b: Uint8Array, bFrom: number, bTo: number): number {
  const shorter = Math.min(aTo - aFrom, bTo - bFrom)
  let i = 0
  while (i < shorter && a[aFrom + i] === b[bFrom + i]) i++
  return i < shorter ? (a[aFrom + i] ?? 0) - (b[bFrom + i] ?? 0) : aTo - aFrom - (bTo - bFrom)
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/**
 * How many bytes the two have in common from their first on, at most `most`; eight at a time. Two numbers of eight bytes that are equal are the same bytes,
 * except for the two zeros; what is no number equals nothing. Both are left to the smaller steps.
 */
export function shared(a: DataView, aFrom: number, b: DataView, bFrom: number, most: number): number {
  let i = 0
  for (; i + 8 <= most; i += 8) {
    const eight = a.getFloat64(aFrom + i, true)
    if (eight !== b.getFloat64(bFrom + i, true) || eight === 0) break
  }
  while (i + 4 <= most && a.getInt32(aFrom + i, true) === b.getInt32(bFrom + i, true)) i += 4
  while (i < most && a.getUint8(aFrom + i) === b.getUint8(bFrom + i)) i++
  return i
}

/** Whether so many bytes are the same in both. The last step looks once more at some of those before it, and needs no smaller ones after it. */
export function isSame(a: DataView, aFrom: number, b: DataView, bFrom: number, length: number): boolean {
  const last = length - 8
  if (last < 0) return shared(a, aFrom, b, bFrom, length) === length
  for (let i = 0; ; i = i + 8 < last ? i + 8 : last) {
    const eight = a.getFloat64(aFrom + i, true)
    if (eight !== b.getFloat64(bFrom + i, true) || eight === 0) return shared(a, aFrom, b, bFrom, length) === length
    if (i === last) return true
  }
}

/** The same order, by views. */
export function compareViews(a: DataView, aFrom: number, aTo: number, b: DataView, bFrom: number, bTo: number): number {
  const shorter = Math.min(aTo - aFrom, bTo - bFrom)
  const i = shared(a, aFrom, b, bFrom, shorter)
  return i < shorter ? a.getUint8(aFrom + i) - b.getUint8(bFrom + i) : aTo - aFrom - (bTo - bFrom)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A key as text, or nothing where its bytes are no UTF-8: then only its bytes name it. */
export function textOf(key: Uint8Array): string | undefined {
  try {
    return utf8.decode(key)
  } catch {
    return undefined
  }
}

/** A key for people, on one line and of bounded length, whatever its bytes are. */
export function sayKey(key: Uint8Array): string {
  const text = textOf(key)
  if (text === undefined) return `0x${Buffer.from(key.subarray(0, 60)).toString('hex')}${key.length > 60 ? '…' : ''}`
  const shown = JSON.stringify(text).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return shown.length > 120 ? `${shown.slice(0, 119)}…` : shown
}

/** A cursor over keys that are already in memory: sentinels, and whatever is small. */
export function cursorOf(keys: readonly Uint8Array[], ended: Ended = { is: 'whole', count: keys.length }): Cursor & { readonly at: () => number } {
  let at = -1
  const cursor = {
    bytes: new Uint8Array(0) as Uint8Array, view: new DataView(new ArrayBuffer(0)) as DataView, from: 0, to: 0,
    at: () => at,
    ended: () => ended,
    next: () => {
      at++
      const key = keys[at]
      if (key === undefined) return false
      cursor.bytes = key
      cursor.view = viewOf(key)
      cursor.to = key.length
      return true
    },
  }
  return cursor
}
