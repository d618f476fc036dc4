// Files in a tar archive, packed or not. Every name in it is judged before anything is unpacked; then it is unpacked into the cell, what lies
// there is compared with the archive byte by byte, and single files are held against hashes that were taken when the copy was made.
import { z } from 'zod'
import { hours, minutes, type Span } from '../../core/time.ts'
import { engine, failed, open, passed, type Assertion, type Cell, type CopyGiven, type Ran, type Restoring, type Step } from '../../ports/backup.ts'
import { readArchive } from '../../ports/backup/archive.ts'
import { headOf, unpacks, type Packing } from '../../ports/backup/packed.ts'
import { piped } from '../../ports/backup/pipe.ts'
import { isTar } from '../../ports/backup/tar.ts'
import { gist } from '../../ports/backup/words.ts'
import { partOf, someOf } from './files/some.ts'

const LONGEST: Span = hours(24)
const MOST_SUMS = 100_000

export default engine({
  kind: 'files',
  title: 'Files',
  does: 'Unpacks tar archives and holds what is in them against the archive and against hashes.',
  config: z.strictObject({}),
  examples: [{}],
  asserts: ['file'],
  open: (_config, cell, copy) => restoring(cell, copy),
})

function restoring(cell: Cell, copy: CopyGiven): Restoring {
  const folder = `${cell.work}/files`
  let packing: Packing | undefined
  return {
    async structure() {
      const found = await headOf(cell, cell.copy)
      packing = found.packing
      if (found.head.length === 0) return failed(packing === undefined ? 'the copy is empty' : `the copy holds nothing, or cannot be unpacked with ${packing}`)
      if (!isTar(found.head)) return failed('this is no tar archive')
      const entries = await readArchive(cell, packing, LONGEST, () => undefined)
      if (typeof entries !== 'number') return entries
      return entries === 0 ? failed('the archive holds nothing') : passed()
    },
    async restore() {
      await cell.run(['/bin/mkdir', '--', folder], { within: minutes(1) })
      const [ran, archive] = await withArchive(cell, packing, ['/usr/bin/tar', '-x', ...(copy.lives === true ? ['-p', '--numeric-owner'] : ['--no-same-owner']), '-C', folder, '-f', '-'])
      if (archive.exit !== 0) return failed('the copy cannot be unpacked', gist(archive))
      return ran.exit === 0 ? passed() : failed('the archive cannot be unpacked', gist(ran))
    },
    async integrity() {
      const lines: string[] = []
      const [ran, archive] = await withArchive(cell, packing, ['/usr/bin/tar', '--compare', '-C', folder, '-f', '-'], differences(lines))
      if (archive.exit !== 0) return failed('the copy cannot be unpacked a second time', gist(archive))
      if (lines.length > 0) return failed('what was unpacked differs from the archive', lines.join('\n'))
      return ran.exit === 0 || ran.exit === 1 ? passed() : failed('what was unpacked cannot be compared with the archive', gist(ran))
    },
    some: (wanted, below) => someOf(cell, packing, wanted, below),
    part: (paths) => partOf(cell, packing, paths, folder),
    restored: () => folder,
    prove: (assertion) => prove(cell, folder, assertion, copy),
    async manifest() {
      const sums = Object.entries(copy.manifest?.files ?? {}).filter(([name, sum]) => isWithin(name) && /^[0-9a-f]{64}$/.test(sum))
      if (sums.length === 0) return []
      const list = await cell.put('sums', sums.slice(0, MOST_SUMS).map(([name, sum]) => `${sum}  ${name}\n`).join(''))
      const ran = await cell.run(['/bin/sh', '-c', 'cd -- "$1" && exec sha256sum --check --quiet --strict -- "$2"', 'sh', folder, list], { within: LONGEST })
      return [{ text: `${sums.length === 1 ? 'one file' : `${sums.length} files`} as the manifest says`, step: ran.exit === 0 ? passed() : failed('some differ, or are missing', gist(ran)) }]
    },
  }
}

/** Gives the unpacked archive to a program; what came of it, and of the unpacking. */
async function withArchive(cell: Cell, packing: Packing | undefined, argv: readonly string[], take?: (chunk: Buffer) => void): Promise<readonly [Ran, Ran]> {
  const archive = piped(cell, unpacks(packing, cell.copy), LONGEST)
  try {
    const ran = await cell.run(argv, { within: LONGEST, input: archive.bytes, ...(take ? { take } : {}) })
    // A program that stops early, as tar does behind the end of an archive, leaves the rest unread.
    archive.stop()
    return [ran, await archive.ended.catch((): Ran => ({ exit: 0, out: '', err: '' }))]
  } finally {
    archive.stop()
  }
}

/** Lines of `tar --compare` about contents; owners, rights and times are not restored, and not compared. */
function differences(lines: string[]): (chunk: Buffer) => void {
  let rest = ''
  return (chunk) => {
    const all = (rest + chunk.toString('utf8')).split('\n')
    rest = all.pop()?.slice(-4_096) ?? ''
    for (const line of all) if (lines.length < 5 && line !== '' && !/: (?:Uid|Gid|Mode|Mod time) differs$/.test(line)) lines.push(line.slice(0, 300))
  }
}

const isWithin = (name: string): boolean => name !== '' && !name.startsWith('/') && !/[\0\n\\]/.test(name) && !name.split('/').includes('..')

async function prove(cell: Cell, folder: string, assertion: Assertion, copy: CopyGiven): Promise<Step> {
  if (assertion.is !== 'file') return open('an archive of files answers no SQL: ask it with file and sha256')
  if (!isWithin(assertion.file)) return open(`${assertion.file} is no name within the archive`)
  const wanted = assertion.sha256 === 'from-manifest' ? copy.manifest?.files?.[assertion.file] : assertion.sha256
  if (wanted === undefined) return open(`no hash of ${assertion.file} was taken when this copy was made: make it with holdfast exec, in the folder in which ${assertion.file} lies`)
  const at = `${folder}/${assertion.file}`
  const found = await cell.run(['/usr/bin/find', at, '-maxdepth', '0', '-type', 'f', '-printf', 'file'], { within: minutes(1) })
  if (found.out !== 'file') return failed('there is no such file in it')
  const ran = await cell.run(['/usr/bin/sha256sum', '--', at], { within: LONGEST })
  if (ran.exit !== 0) return failed('it cannot be read', gist(ran))
  const sum = /^\\?([0-9a-f]{64}) /.exec(ran.out)?.[1]
  return sum === wanted ? passed() : failed(`it has sha256 ${sum?.slice(0, 12)}…, where ${wanted.slice(0, 12)}… is wanted`)
}
