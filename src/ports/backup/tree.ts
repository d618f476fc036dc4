// Files that were restored into a folder of a cell, and what people or a manifest want of them: the hash of one, by its name there. A name that leads
// out of the folder is not looked at; what is no plain file has no hash.
import { hours } from '../../core/time.ts'
import { failed, open, passed, type Assertion, type Cell, type Manifest, type Step } from '../backup.ts'
import { gist } from './words.ts'

/** Of a manifest, so many files are looked at. */
const MOST_FILES = 5_000

/** One assertion on what lies in `folder`. */
export async function proveFile(cell: Cell, folder: string, assertion: Assertion, manifest: Manifest | undefined): Promise<Step> {
  if (assertion.is !== 'file') return open('what was restored are files, and no database: ask with { file: …, sha256: … }')
  const name = plainName(assertion.file)
  if (name === undefined) return open('it leads out of what was restored')
  const wanted = assertion.sha256 === 'from-manifest' ? hashIn(manifest, assertion.file) : assertion.sha256
  if (wanted === undefined) return open(`no hash of ${assertion.file} was taken when the copy was made: make it with holdfast exec, in the folder in which ${assertion.file} lies`)
  return compare(cell, `${folder}/${name}`, wanted)
}

/** What the manifest says of files. */
export async function proveManifest(cell: Cell, folder: string, manifest: Manifest | undefined): Promise<readonly { readonly text: string; readonly step: Step }[]> {
  const found: { text: string; step: Step }[] = []
  for (const [file, sha256] of Object.entries(manifest?.files ?? {}).slice(0, MOST_FILES)) {
    const name = plainName(file)
    found.push({ text: `${file} as the manifest says`, step: name === undefined ? open('it leads out of what was restored') : await compare(cell, `${folder}/${name}`, sha256) })
  }
  return found
}

async function compare(cell: Cell, file: string, wanted: string): Promise<Step> {
  const ran = await cell.run(['/bin/sh', '-c', '[ -e "$1" ] || exit 3; [ -f "$1" ] || exit 4; exec sha256sum <"$1"', 'sh', file], { within: hours(2) })
  if (ran.exit === 3) return failed('it is not in what was restored')
  if (ran.exit === 4) return failed('it is no file')
  const hash = /^([0-9a-f]{64}) /.exec(ran.out)?.[1]
  if (ran.exit !== 0 || hash === undefined) return failed('it cannot be read', gist(ran))
  return hash === wanted ? passed() : failed(`it has the hash ${hash.slice(0, 12)}…, where ${wanted.slice(0, 12)}… is wanted`)
}

/** Without a slash at its beginning; `undefined` where it leads elsewhere. */
function plainName(name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  return parts.length === 0 || parts.includes('..') || name.includes('\0') ? undefined : parts.join('/')
}

/** What the manifest says of a file, however its name begins. */
export const hashIn = (manifest: Manifest | undefined, file: string): string | undefined => {
  const wanted = plainName(file)
  return Object.entries(manifest?.files ?? {}).find(([name]) => plainName(name) === wanted)?.[1]
}
