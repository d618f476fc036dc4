// Only some files of a tar archive: found by their names, judged like all others, and unpacked alone.
import { hours, type Span } from '../../../core/time.ts'
import { failed, passed, type Cell, type Some, type Step } from '../../../ports/backup.ts'
import { readArchive } from '../../../ports/backup/archive.ts'
import { matchNames, plain } from '../../../ports/backup/names.ts'
import { unpacks, type Packing } from '../../../ports/backup/packed.ts'
import { piped } from '../../../ports/backup/pipe.ts'
import { gist } from '../../../ports/backup/words.ts'

const LONGEST: Span = hours(24)

export async function someOf(cell: Cell, packing: Packing | undefined, wanted: readonly string[], below: string | undefined): Promise<Some | Step> {
  const names: string[] = []
  const ends = new Set(wanted.map((it) => it.slice(it.lastIndexOf('/') + 1)))
  const entries = await readArchive(cell, packing, LONGEST, ({ name, is }) => void (is === 'file' && ends.has(name.slice(name.lastIndexOf('/') + 1)) && names.push(name)))
  if (typeof entries !== 'number') return entries
  const matched = matchNames(names, wanted, below)
  if ('says' in matched) return failed(matched.says)
  const folder = `${cell.work}/some`
  const found = new Map<string, { readonly name: string; readonly at: string }>([...matched].map(([it, name]) => [it, { name: plain(name), at: `${folder}/${plain(name)}` }]))
  if (found.size === 0) return { is: 'some', found }
  const step = await unpack(cell, packing, folder, [...matched.values()])
  return step.is === 'pass' ? { is: 'some', found } : step
}

/** More names are a restore of the whole. */
const MOST_NAMES = 1_000_000

/** Files and folders with all that is in them, by their whole names in the archive. Those that are not in it are not there afterwards. */
export async function partOf(cell: Cell, packing: Packing | undefined, paths: readonly string[], folder: string): Promise<Step> {
  const names: string[] = []
  const wanted = paths.map(plain)
  const entries = await readArchive(cell, packing, LONGEST, ({ name }) => {
    const member = plain(name)
    if (names.length <= MOST_NAMES && wanted.some((it) => member === it || member.startsWith(`${it}/`))) names.push(name)
  })
  if (typeof entries !== 'number') return entries
  return names.length > MOST_NAMES ? failed('that is nearly all of it: restore the whole') : unpack(cell, packing, folder, names)
}

async function unpack(cell: Cell, packing: Packing | undefined, folder: string, names: readonly string[]): Promise<Step> {
  const list = await cell.put('names', names.map((name) => `${name}\0`).join(''))
  await cell.run(['/bin/mkdir', '--', folder], { within: hours(1) })
  if (names.length === 0) return passed()
  const archive = piped(cell, unpacks(packing, cell.copy), LONGEST)
  try {
    const unpacked = await cell.run(['/usr/bin/tar', '-x', '-p', '--numeric-owner', '--no-recursion', '-C', folder, '--null', '--verbatim-files-from', '-T', list, '-f', '-'], { within: LONGEST, input: archive.bytes })
    return unpacked.exit === 0 ? passed() : failed('these files cannot be unpacked', gist(unpacked))
  } finally {
    archive.stop()
    await archive.ended.catch(() => undefined)
  }
}
