// Only some files of a tar archive: found by their names below a folder of it, judged like all others, and unpacked alone. Under which name the folder
// that was scanned stands in the archive is found out where nobody says it, and only if there is one way to understand it.
import { hours, type Span } from '../../../core/time.ts'
import { failed, type Cell, type Some, type Step } from '../../../ports/backup.ts'
import { readArchive } from '../../../ports/backup/archive.ts'
import { unpacks, type Packing } from '../../../ports/backup/packed.ts'
import { piped } from '../../../ports/backup/pipe.ts'
import { gist } from '../../../ports/backup/words.ts'

const LONGEST: Span = hours(24)

/** As people write it: without what an archive may begin its names with. */
const plain = (name: string): string => name.replace(/^(?:\.?\/)+/, '')

/**
 * Which name in the archive each wanted one has. `names`: every regular file of the archive. Where `below` is not said it is the one folder below which
 * all the wanted ones that are in the archive at all are found.
 */
export function matchNames(names: Iterable<string>, wanted: readonly string[], below: string | undefined): ReadonlyMap<string, string> | { readonly says: string } {
  const ends = new Map(wanted.map((it) => [it.slice(it.lastIndexOf('/') + 1), [] as string[]]))
  for (const it of wanted) ends.get(it.slice(it.lastIndexOf('/') + 1))?.push(it)
  const by = new Map<string, Map<string, string>>()
  for (const name of names) {
    const member = plain(name)
    for (const it of ends.get(member.slice(member.lastIndexOf('/') + 1)) ?? []) {
      if (member !== it && !member.endsWith(`/${it}`)) continue
      const prefix = member.slice(0, member.length - it.length)
      const found = by.get(prefix) ?? new Map<string, string>()
      found.set(it, name)
      by.set(prefix, found)
    }
  }
  if (below !== undefined) return by.get(below === '' ? '' : `${plain(below).replace(/\/+$/, '')}/`) ?? new Map<string, string>()
  const most = Math.max(0, ...[...by.values()].map(({ size }) => size))
  const best = [...by].filter(([, found]) => found.size === most)
  if (best.length > 1) return { says: `the files are found below ${best.slice(0, 4).map(([prefix]) => `“${prefix}”`).join(' and ')}: say which is meant with --below` }
  return best[0]?.[1] ?? new Map<string, string>()
}

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
  const list = await cell.put('names', [...matched.values()].map((name) => `${name}\0`).join(''))
  const second = piped(cell, unpacks(packing, cell.copy), LONGEST)
  try {
    await cell.run(['/bin/mkdir', '--', folder], { within: hours(1) })
    const unpacked = await cell.run(['/usr/bin/tar', '-x', '-p', '--numeric-owner', '-C', folder, '--null', '--verbatim-files-from', '-T', list, '-f', '-'], { within: LONGEST, input: second.bytes })
    if (unpacked.exit !== 0) return failed('these files cannot be unpacked', gist(unpacked))
    return { is: 'some', found }
  } finally {
    second.stop()
    await second.ended.catch(() => undefined)
  }
}
