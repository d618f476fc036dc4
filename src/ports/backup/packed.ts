// How a copy is packed, told by its first bytes and never by its name, and the program that unpacks it.
import { Fault } from '../../core/fault.ts'
import { minutes } from '../../core/time.ts'
import type { Cell } from '../backup.ts'

export type Packing = 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'lz4'

const MAGIC: readonly (readonly [Packing, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]], ['zstd', [0x28, 0xb5, 0x2f, 0xfd]], ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]], ['bzip2', [0x42, 0x5a, 0x68]], ['lz4', [0x04, 0x22, 0x4d, 0x18]],
]

/** `undefined`: it is not packed, as far as one sees. */
export const packingOf = (head: Uint8Array): Packing | undefined => MAGIC.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte))?.[0]

/** The command that writes what is in `file` to its output. */
export const unpacks = (packing: Packing | undefined, file: string): readonly string[] => (packing === undefined ? ['/bin/cat', '--', file] : [`/usr/bin/${packing}`, '-d', '-c', '--', file])

const PACKAGES: Partial<Record<Packing, string>> = { xz: 'xz-utils' }

/** The first bytes of a file in the cell, unpacked if it is packed. */
export async function headOf(cell: Cell, file: string): Promise<{ readonly packing: Packing | undefined; readonly head: Buffer }> {
  const plain = await firstOf(cell, ['/usr/bin/head', '-c', `${HEAD}`, '--', file])
  const packing = packingOf(plain)
  if (packing === undefined) return { packing, head: plain }
  if (!(await cell.look('/usr/bin')).includes(packing)) throw new Fault(`the copy is packed with ${packing}, which is not installed here: install the package ${PACKAGES[packing] ?? packing}`, 'never')
  const command = unpacks(packing, file)
  return { packing, head: await firstOf(cell, ['/bin/sh', '-c', `"$@" | head -c ${HEAD}`, 'sh', ...command]) }
}

/** Enough to tell what is inside: a tar's first header and some more. */
const HEAD = 4_096

async function firstOf(cell: Cell, argv: readonly string[]): Promise<Buffer> {
  const chunks: Buffer[] = []
  await cell.run(argv, { within: minutes(5), take: (chunk) => void chunks.push(chunk) })
  return Buffer.concat(chunks)
}
