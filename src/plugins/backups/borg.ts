// Repositories of Borg. Borg writes even where it only reads, so it works on a copy of the repository in the cell. Borg itself checks it whole, every
// byte of it decrypted, and restores the newest archive: a copy in the catalogue is a state of the repository, and its newest archive is what it brought.
// The passphrase is read by Borg from its input. While a lock lies in the repository a bad finding is unknown.
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { hours, instantOf, minutes, type Span } from '../../core/time.ts'
import { engine, failed, open, passed, type Cell, type CopyGiven, type Held, type Ran, type Restoring, type Step } from '../../ports/backup.ts'
import { batches, listingOf, matchNames, plain } from '../../ports/backup/names.ts'
import { passwordOf, typed } from '../../ports/backup/password.ts'
import { proveFile, proveManifest } from '../../ports/backup/tree.ts'
import { gist } from '../../ports/backup/words.ts'

const LONGEST: Span = hours(24)
/** What Borg would ask a person about a repository that it does not know, as in a cell it never does. */
const SETTINGS = ['BORG_PASSPHRASE_FD=0', 'BORG_RELOCATED_REPO_ACCESS_IS_OK=yes', 'BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes']

export default engine({
  kind: 'borg',
  title: 'Borg',
  does: 'Checks a repository of Borg, every byte of it, and restores its newest archive.',
  config: z.strictObject({}),
  examples: [{}],
  asserts: ['file'],
  repository: {
    place(key) {
      const found = /^(|.*\/)(index\.\d+)$/.exec(key)
      return found?.[1] === undefined || found[2] === undefined ? undefined : { root: found[1], name: found[2] }
    },
    first: ['index.'],
  },
  open: (_config, cell, copy) => restoring(cell, copy),
})

interface Archive extends Held {
  readonly name: string
}

function restoring(cell: Cell, copy: CopyGiven): Restoring {
  const repository = `${cell.work}/repository`
  const folder = `${cell.work}/restored`
  let archive: Archive | undefined
  let locked = false
  const borg = (at: string, argv: readonly string[], take?: (chunk: Buffer) => void): Promise<Ran> =>
    cell.run(['/bin/sh', '-c', 'mkdir -p "$1" && cd "$1" && shift && exec /usr/bin/env "$@"', 'sh', at, ...SETTINGS, '/usr/bin/borg', ...argv], { within: LONGEST, input: typed(passwordOf(copy)), ...(take ? { take } : {}) })
  const bad = (says: string, ran: Ran): Step => {
    const said = gist(ran)
    if (/passphrase supplied .* is incorrect|No key file/i.test(said + ran.err)) return failed('the passphrase that is configured, or the key, does not open the repository: compare it with the one that its people keep, for without it nothing can be restored', said)
    return locked ? open(`${says}, while a lock lay in the repository: if no Borg works on it, remove the lock with “borg break-lock”`, said) : failed(says, said)
  }
  /** `pf`: just this name; `pp`: and all below it. Whether they were there is seen by what came. */
  const some = async (names: readonly string[], as: 'pf' | 'pp'): Promise<Step> => {
    if (!archive) throw new Error('its structure was not looked at yet')
    for (const batch of batches(names)) {
      const ran = await borg(folder, ['extract', '--numeric-ids', `${repository}::${archive.name}`, ...batch.map((name) => `${as}:${plain(name)}`)])
      if (ran.exit !== 0 && !onlyRights(ran)) return bad('these files cannot be restored', ran)
    }
    return passed()
  }
  return {
    async structure() {
      if (!(await cell.look('/usr/bin')).includes('borg')) throw new Fault('Borg is not installed here, so nothing can be restored: install the package borgbackup, as new as the one that makes the copies', 'never')
      locked = (await cell.run(['/bin/sh', '-c', 'ls -d "$1"/lock.exclusive', 'sh', cell.copy], { within: minutes(5) })).exit === 0
      const copied = await cell.run(['/bin/sh', '-c', 'cp -r "$1" "$2" && rm -rf "$2"/lock.exclusive "$2"/lock.roster', 'sh', cell.copy, repository], { within: LONGEST })
      if (copied.exit !== 0) return open('the repository could not be copied in the cell', gist(copied))
      const listed = await borg(cell.work, ['list', '--json', '--last', '1', repository])
      if (listed.exit !== 0) return bad('Borg cannot open the repository', listed)
      archive = readArchive(listed.out)
      if (!archive) return bad('the repository holds no archive: nothing can be restored from it', { ...listed, out: '' })
      const checked = await borg(cell.work, ['check', '--repository-only', repository])
      return checked.exit === 0 ? passed() : bad('Borg finds the repository damaged', checked)
    },
    async restore() {
      if (!archive) throw new Error('its structure was not looked at yet')
      const ran = await borg(folder, ['extract', '--numeric-ids', `${repository}::${archive.name}`])
      return ran.exit === 0 || onlyRights(ran) ? passed() : bad('the archive cannot be restored', ran)
    },
    async integrity() {
      const ran = await borg(cell.work, ['check', '--archives-only', '--verify-data', repository])
      return ran.exit === 0 ? passed() : bad('Borg finds data that are not what they were', ran)
    },
    async some(wanted, below) {
      if (!archive) throw new Error('its structure was not looked at yet')
      const listing = listingOf(wanted, ({ type, path }) => (type === '-' ? path : undefined))
      const listed = await borg(cell.work, ['list', '--json-lines', `${repository}::${archive.name}`], listing.take)
      if (listed.exit !== 0) return bad('Borg cannot list what is in the archive', listed)
      const matched = matchNames(listing.names(), wanted, below)
      if ('says' in matched) return failed(matched.says)
      const step = await some([...matched.values()], 'pf')
      return step.is === 'pass' ? { is: 'some', found: new Map([...matched].map(([it, name]) => [it, { name: plain(name), at: `${folder}/${plain(name)}` }])) } : step
    },
    part: (paths) => some(paths, 'pp'),
    restored: () => folder,
    prove: (assertion) => proveFile(cell, folder, assertion, copy.manifest),
    manifest: () => proveManifest(cell, folder, copy.manifest),
    held: () => (archive ? { at: archive.at, of: archive.of } : undefined),
  }
}

const listSchema = z.object({ archives: z.array(z.object({ name: z.string().min(1), time: z.string() })) })

/** Borg writes times without a zone, in that of the cell, which is UTC. */
export function readArchive(text: string): Archive | undefined {
  try {
    const found = listSchema.parse(JSON.parse(text)).archives.at(-1)
    const at = Date.parse(`${found?.time.replace(/Z$/, '')}Z`)
    return found === undefined || Number.isNaN(at) ? undefined : { name: found.name, at: instantOf(at), of: `the archive ${found.name}`.slice(0, 300) }
  } catch {
    return undefined
  }
}

/** Warnings alone (Borg ends with 1), each of something that only root may make, or of a name that Borg 1.2 calls unmatched whatever it matched. */
function onlyRights({ exit, err }: Ran): boolean {
  const lines = err.split('\n').filter((line) => line.trim() !== '')
  return exit === 1 && lines.length > 0 && lines.every((line) => /operation not permitted|permission denied/i.test(line) || /^Include pattern '.*' never matched\.$/.test(line))
}
