// A copy is spoilt in the cell, so that whoever restores it must fail: proof that drills can. What is spoilt is the fetched copy of the copy and nothing
// else; the store is not touched, since nothing here could. A single file is cut short where it still says something; of a repository one bit
// is flipped in the middle of each file of data, so that no snapshot is left whole.
import { constants } from 'node:fs'
import { open, opendir, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../../core/fault.ts'
import type { Repository } from '../../../ports/backup.ts'

const KEPT = 0.6
const CHUNK = 1024 * 1024
/** What archives are made of: a cut between two of them may look like an end. */
const BLOCK = 512

/** Spoils what lies at `at`, and gives in words what was done. Throws a `Fault` where there is nothing to spoil. */
export async function spoil(at: string, repository: Repository | undefined): Promise<string> {
  return repository === undefined ? cutShort(at) : flipBits(path.join(at, repository.heart ?? 'data'))
}

async function cutShort(at: string): Promise<string> {
  const file = await open(at, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    const { size } = await file.stat()
    const said = await endOf(file, size)
    const kept = Math.floor(said * KEPT)
    const left = kept % BLOCK === 0 ? kept - 1 : kept
    if (left < 1) throw new Fault('the copy is too small to be spoilt', 'never')
    await file.truncate(left)
    return `all behind its first ${left} bytes was cut off, of ${size}`
  } finally {
    await file.close()
  }
}

/** Where it ends without the zeros that fill it up. */
async function endOf(file: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK)
  for (let to = size; to > 0;) {
    const from = Math.max(0, to - CHUNK)
    const { bytesRead } = await file.read(chunk, 0, to - from, from)
    for (let i = bytesRead - 1; i >= 0; i--) if (chunk[i] !== 0) return from + i + 1
    to = from
  }
  return 0
}

async function flipBits(folder: string): Promise<string> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw new Fault('the repository holds no data to be spoilt', 'never')
  let files = 0
  for await (const one of await opendir(folder, { recursive: true })) if (one.isFile() && await flipOne(path.join(one.parentPath, one.name))) files++
  if (files === 0) throw new Fault('the repository holds no data to be spoilt', 'never')
  return `one bit was flipped in the middle of each of its ${files} files of data`
}

/** Flips one bit in the middle of a file; false where it is empty. */
export async function flipOne(at: string): Promise<boolean> {
  const file = await open(at, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    const { size } = await file.stat()
    if (size === 0) return false
    const middle = Math.floor(size / 2)
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, middle)
    byte.writeUInt8(byte.readUInt8() ^ 0x10)
    await file.write(byte, 0, 1, middle)
    return true
  } finally {
    await file.close()
  }
}
