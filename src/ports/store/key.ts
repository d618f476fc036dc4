// Names in stores, compared as bytes and judged before anything is done with them. A name that two programs could read in two ways
// (dot segments, a NUL, bytes that are no text) names nothing that may be touched.

/** Order of the UTF-8 bytes, as stores list and databases sort with `COLLATE "C"`. UTF-16 order differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  for (let i = 0; i < most; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points beyond all others. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit)

const MOST_BYTES = 1_024
const DOTS = /(?:^|\/)\.{1,2}(?:\/|$)/

/** Why this key may not be touched; `undefined` when it may. */
export function oddKey(key: string): string | undefined {
  if (key === '') return 'it has no name'
  if (!key.isWellFormed() || key.includes('\ufffd')) return 'its name is no valid UTF-8'
  if (key.includes('\0')) return 'its name holds a NUL'
  if (key.length * 3 > MOST_BYTES && Buffer.byteLength(key) > MOST_BYTES) return `its name is longer than ${MOST_BYTES} bytes`
  // Addresses on the web fold dot segments away: such a key would be asked for under another's name.
  if (DOTS.test(key)) return 'its name has a part that is “.” or “..”'
  return undefined
}

/** A key for people: one line, bounded. */
export const sayKey = (key: string): string => {
  const flat = JSON.stringify(key.toWellFormed()).slice(1, -1)
  return flat.length > 120 ? `${flat.slice(0, 119)}…` : flat
}

/** The same, with hashes as short as people call them: what is wrong is not to be looked for behind 64 letters that say nothing. */
export const sayBriefly = (key: string): string => sayKey(key.replaceAll(/[0-9a-f]{32,}/g, (hash) => `${hash.slice(0, 8)}…`))
