// Two spellings of one name. A row whose object is missing, and an object whose row is missing, that differ in nothing but how letters are composed, in
// capitals, in an encoded sign, a doubled slash or a blank at an end, are rather one thing that two programs spell in two ways: the object is wanted.
// Folder by folder that is not always seen, since the folder may be what is spelled differently. Bounded: objects leave a mark in a field of bits, and
// a mark of something else can only refuse a run that was right.
import { textOf } from './cursor.ts'

/** Rows without an object that are compared; where there are more, not all were, and a run does not count. */
const MOST = 10_000
/** A megabyte: a million objects without a row fill an eighth of it. */
const BITS = 1 << 23
const PLAIN = /^(?!\/|.*(?:\/\/|\/$))[a-z0-9._/-]*$/

export interface Twins {
  /** An object without a row, also one that is put aside. */
  object(key: Uint8Array): void
  /** A row without its object that nobody has accepted. */
  row(key: Uint8Array): void
  /** What looks like one thing in two spellings, for people; empty where nothing does. */
  found(): readonly string[]
}

export function twinsOf(mostTold: number): Twins {
  let field: Uint8Array | undefined
  let objects = 0
  let beyond = 0
  const names = new Map<string, string>()
  const rows = new Map<string, string>()
  return {
    object(key) {
      const folded = fold(key)
      if (folded === undefined) return
      objects++
      field ??= new Uint8Array(BITS / 8)
      const at = markOf(folded)
      field[at >>> 3] = (field[at >>> 3] ?? 0) | (1 << (at & 7))
      if (names.size < MOST) names.set(folded, spelled(key))
    },
    row(key) {
      const folded = fold(key)
      if (folded === undefined) return
      if (rows.size < MOST) rows.set(folded, spelled(key))
      else beyond++
    },
    found() {
      if (field === undefined) return []
      const bits = field
      const pairs = [...rows].filter(([folded]) => ((bits[markOf(folded) >>> 3] ?? 0) & (1 << (markOf(folded) & 7))) !== 0)
      const told = pairs.slice(0, mostTold).map(([folded, row]) => `the row ${row} and the object ${names.get(folded) ?? 'of nearly that name'} are rather one thing in two spellings`)
      return beyond > 0 && objects > 0 ? [...told, `${rows.size + beyond} rows have no object, more than are compared with what has no row`] : told
    },
  }
}

/** What two spellings have in common; nothing for bytes that are no text. */
export function fold(key: Uint8Array): string | undefined {
  const text = textOf(key)
  if (text === undefined || PLAIN.test(text)) return text
  return decoded(text).normalize('NFKC').replace(/[\p{Cc}\p{Cf}]/gu, ' ').toLowerCase().replace(/\s*[\\/]+\s*/g, '/').replace(/^[\s/]+|[\s/]+$/g, '')
}

function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

function markOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 15)) & (BITS - 1)
}

/** So that what looks alike does not read alike. */
const spelled = (key: Uint8Array): string => {
  const text = JSON.stringify(textOf(key) ?? '').replace(/[^ -~]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return text.length > 120 ? `${text.slice(0, 119)}…` : text
}
