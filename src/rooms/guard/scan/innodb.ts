// How InnoDB's files are laid out, as far as a scan of their pages must know it, and what MariaDB's innochecksum says of them. Pure.

/** Flags of a tablespace, in its first page. */
const FLAGS_AT = 54
const FULL_CRC32 = 0x10
const USUAL = 16_384

/** Bytes of a page as it lies in the file, by the first bytes of that; `undefined` where they say nothing that can be. */
export function pageBytesOf(head: Buffer): number | undefined {
  const flags = head.readUInt32BE(FLAGS_AT)
  const shift = (n: number): number | undefined => (n >= 1 && n <= 7 ? 512 << n : undefined)
  if ((flags & FULL_CRC32) !== 0 && (flags & 0xf) >= 3) return shift(flags & 0xf)
  const zip = (flags >>> 1) & 0xf
  const page = (flags >>> 6) & 0xf
  if (zip !== 0) return shift(zip)
  return page === 0 ? USUAL : shift(page)
}

/** Pages of the system tablespace in which InnoDB keeps copies of others, which fit no checksum there: its second and third extent. */
export const doublewritten = (pageBytes: number): { readonly from: number; readonly to: number } => {
  const extent = Math.max(64, Math.floor(1_048_576 / pageBytes))
  return { from: extent, to: extent * 3 }
}

/** Numbers of pages that do not fit; or why it could not be looked at. `inUse`: a server holds the file. */
export type Checked = { readonly is: 'checked'; readonly bad: readonly number[] } | { readonly is: 'failed'; readonly inUse: boolean; readonly says: string }

export function readChecked(exit: number | null, said: string): Checked {
  if (/unable to lock file/i.test(said)) return { is: 'failed', inUse: true, says: 'a server holds it' }
  const bad = [...said.matchAll(/page::? ?(\d+) invalid/gi)].map(([, number]) => Number(number))
  // It names pages that fit too, where one does not: each but once.
  if (bad.length > 0) return { is: 'checked', bad: [...new Set(bad)] }
  if (exit === 0) return { is: 'checked', bad: [] }
  return { is: 'failed', inUse: false, says: `innochecksum says: ${said.split('\n').find((line) => line.trim() !== '')?.slice(0, 200) ?? 'nothing'}` }
}
