// Repositories of restic. The whole repository lies in the cell, read-only; restic itself checks its structure, restores the snapshot, reads every pack
// again and is asked what it holds. The password is what restic reads from its input, and stands nowhere else. A lock of somebody
// who works on it right now makes a bad finding unknown; one that was left behind refuses every restore until a person removes it, and is told.
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { hours, instantOf, minutes, sayTime, type Span } from '../../core/time.ts'
import { engine, failed, open, passed, type Cell, type CopyGiven, type Held, type Ran, type RunWant, type Restoring, type Step } from '../../ports/backup.ts'
import { batches, listingOf, matchNames, plain } from '../../ports/backup/names.ts'
import { passwordOf, typed } from '../../ports/backup/password.ts'
import { proveFile, proveManifest } from '../../ports/backup/tree.ts'
import { gist } from '../../ports/backup/words.ts'

const LONGEST: Span = hours(24)
/** restic renews a lock every five minutes, and calls one stale that was not renewed for so long. */
const STALE: Span = minutes(30)
const MOST_LOCKS = 20
const MOST_OUTPUT = 4 * 1024 * 1024

export default engine({
  kind: 'restic',
  title: 'restic',
  does: 'Checks a repository of restic, reads all its packs and restores a snapshot.',
  config: z.strictObject({}),
  examples: [{}],
  asserts: ['file'],
  repository: {
    place(key) {
      const found = /^(|.*\/)(snapshots\/[^/]+)$/.exec(key)
      return found?.[1] === undefined || found[2] === undefined ? undefined : { root: found[1], name: found[2] }
    },
    first: ['snapshots/', 'index/'],
  },
  open: (_config, cell, copy) => restoring(cell, copy),
})

interface Snapshot extends Held {
  readonly id: string
}

function restoring(cell: Cell, copy: CopyGiven): Restoring {
  let snapshot: Snapshot | undefined
  let lock: Lock | undefined
  const restic = (...argv: readonly string[]): Promise<Ran> => runRestic(cell, copy, ['--no-lock', ...argv])
  const folder = `${cell.work}/restored`
  /** While somebody works on it, what is wrong with it may be right again when they are through. */
  const bad = (says: string, ran: Ran): Step => {
    const said = words(ran)
    if (/wrong password|no key found/i.test(said)) return failed('the password that is configured does not open the repository: compare it with the one that its people keep, for without it nothing can be restored', said)
    if (lock && !lock.stale) return open(`${says}, while somebody worked on the repository: it is drilled again`, `${said}\n${lock.said}`)
    return failed(says, said)
  }
  /** What is restored is read again, and compared. */
  const some = async (names: readonly string[]): Promise<Step> => {
    for (const batch of batches(names)) {
      const ran = await restic('restore', snapshot?.id ?? '', '--verify', '--target', folder, ...batch.flatMap((name) => ['--include', literally(name)]))
      if (ran.exit !== 0 && !onlyRights(ran)) return bad('these files cannot be restored', ran)
    }
    return passed()
  }
  return {
    async structure() {
      if (!(await cell.look('/usr/bin')).includes('restic')) throw new Fault('restic is not installed here, so nothing can be restored: install the package restic, as new as the one that makes the copies', 'never')
      const id = copy.name?.split('/').at(-1) ?? ''
      const listed = await whole(cell, copy, ['--no-lock', 'snapshots', '--json', id])
      if (listed.exit !== 0) return bad(/config/i.test(listed.err) && /no such file|does not exist/i.test(listed.err) ? 'there is no repository of restic: its file “config” is missing' : 'restic cannot open the repository', listed)
      snapshot = readSnapshots(listed.out).find((it) => it.id === id)
      lock = await lockOf(cell, copy, restic)
      if (!snapshot) return bad(await isEmpty(restic) ? 'the repository holds no snapshot: nothing can be restored from it' : `restic cannot read the snapshot ${id.slice(0, 8)}`, { ...listed, out: '' })
      const checked = await restic('check')
      if (checked.exit !== 0) return bad('restic finds the repository damaged', checked)
      if (lock?.stale) return failed(`a lock that nobody holds any more refuses every backup and every restore: when no restic runs, remove it with “restic unlock”`, lock.said)
      return passed()
    },
    async restore() {
      const ran = await restic('restore', snapshot?.id ?? 'latest', '--target', folder)
      return ran.exit === 0 || onlyRights(ran) ? passed() : bad('the snapshot cannot be restored', ran)
    },
    async integrity() {
      const ran = await restic('check', '--read-data')
      return ran.exit === 0 ? passed() : bad('restic finds packs that are not what they were', ran)
    },
    async some(wanted, below) {
      const listing = listingOf(wanted, ({ type, path }) => (type === 'file' ? path : undefined))
      const listed = await runRestic(cell, copy, ['--no-lock', 'ls', '--json', snapshot?.id ?? ''], { take: listing.take })
      if (listed.exit !== 0) return bad('restic cannot list what is in the snapshot', listed)
      const matched = matchNames(listing.names(), wanted, below)
      if ('says' in matched) return failed(matched.says)
      const step = await some([...matched.values()])
      return step.is === 'pass' ? { is: 'some', found: new Map([...matched].map(([it, name]) => [it, { name: plain(name), at: `${folder}/${plain(name)}` }])) } : step
    },
    part: (paths) => some(paths),
    restored: () => folder,
    prove: (assertion) => proveFile(cell, folder, assertion, copy.manifest),
    manifest: () => proveManifest(cell, folder, copy.manifest),
    held: () => (snapshot ? { at: snapshot.at, of: snapshot.of } : undefined),
  }
}

/** As a pattern that means this name alone. */
export const literally = (name: string): string => `/${plain(name).replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}`

const runRestic = (cell: Cell, copy: CopyGiven, argv: readonly string[], want?: Partial<RunWant>): Promise<Ran> =>
  cell.run(['/usr/bin/restic', '--repo', cell.copy, '--no-cache', ...argv], { within: LONGEST, input: typed(passwordOf(copy)), ...want })

/** With all of its output, as long as that is sensible. */
async function whole(cell: Cell, copy: CopyGiven, argv: readonly string[]): Promise<Ran> {
  const chunks: Buffer[] = []
  let bytes = 0
  const ran = await runRestic(cell, copy, argv, { take(chunk) {
    bytes += chunk.length
    if (bytes <= MOST_OUTPUT) chunks.push(chunk)
  } })
  return { ...ran, out: Buffer.concat(chunks).toString('utf8') }
}

const isEmpty = async (restic: (...argv: readonly string[]) => Promise<Ran>): Promise<boolean> => {
  const { exit, out } = await restic('list', 'snapshots')
  return exit === 0 && !/^[0-9a-f]{64}$/m.test(out)
}

/** Newest last, as restic gives them. What is no snapshot is none. */
export function readSnapshots(text: string): readonly Snapshot[] {
  const list = parsed(text)
  if (!Array.isArray(list)) return []
  return list.flatMap((it: unknown): Snapshot[] => {
    const read = snapshotSchema.safeParse(it)
    if (!read.success) return []
    const { id, time, hostname, paths } = read.data
    const at = Date.parse(time)
    return Number.isNaN(at) ? [] : [{ id, at: instantOf(at), of: `${paths.join(', ')} of ${hostname}`.slice(0, 300) }]
  })
}

const snapshotSchema = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/), time: z.string(), hostname: z.string().default('an unnamed host'), paths: z.array(z.string()).default([]) })
const lockSchema = z.object({ time: z.string(), exclusive: z.boolean().default(false), hostname: z.string().default('?'), username: z.string().default('?'), pid: z.number().default(0) })

interface Lock {
  readonly stale: boolean
  readonly said: string
}

/** The exclusive lock on it, if there is one: others hinder nobody. A fresh one before a stale one. */
async function lockOf(cell: Cell, copy: CopyGiven, restic: (...argv: readonly string[]) => Promise<Ran>): Promise<Lock | undefined> {
  const { out } = await cell.run(['/bin/sh', '-c', 'cd "$1" 2>/dev/null && ls', 'sh', `${cell.copy}/locks`], { within: minutes(5) })
  const ids = out.split('\n').filter((line) => /^[0-9a-f]{64}$/.test(line)).slice(0, MOST_LOCKS)
  let found: { readonly age: Span; readonly who: string } | undefined
  for (const id of ids) {
    const read = lockSchema.safeParse(parsed((await restic('cat', 'lock', id)).out))
    const at = read.success ? Date.parse(read.data.time) : Number.NaN
    if (!read.success || !read.data.exclusive || Number.isNaN(at)) continue
    const age = Math.max(0, (copy.readAt ?? copy.at) - at) as Span
    if (found === undefined || age < found.age) found = { age, who: `process ${read.data.pid} of ${read.data.username} on ${read.data.hostname}` }
  }
  if (!found) return undefined
  // In the copy nobody can take a lock: one that is there is complained of first, in the words that a person would meet.
  const met = await runRestic(cell, copy, ['snapshots'], { within: minutes(2) }).then(({ err }) => err.split('\n').filter((line) => /\block/.test(line)).slice(0, 4).join('\n'), () => '')
  const said = /already locked/.test(met) ? met : `locked exclusively by ${found.who}, ${sayTime(found.age)} before it was read`
  return { stale: found.age > STALE, said }
}

function parsed(text: string): unknown {
  try {
    // What comes before is said to whoever types a password.
    return JSON.parse(text.slice(Math.max(0, text.search(/[[{]/))))
  } catch {
    return undefined
  }
}

/** Its own words without what it says at each try, and without progress. */
const words = ({ exit, out, err }: Ran): string => {
  const kept = (text: string): string => text.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line)).join('\n')
  return gist({ err: kept(err), out: exit === 0 ? '' : kept(out) })
}
const NOISE = /^reading repository password|^repository .* opened|^(?:load indexes|check all packs|check snapshots|read all data|create exclusive lock|using temporary cache|no errors were found|restoring )|^\[\d|returned error, retrying|^\s*github\.com|^\s*(?:main|runtime)\.|^\[\]$/

/** It restored everything but what only root may make, such as a device: no byte of any file is missing. */
function onlyRights({ err }: Ran): boolean {
  const count = Number(/There were (\d+) errors/.exec(err)?.[1])
  const excused = err.split('\n').filter((line) => /^ignoring error for .*(?:operation not permitted|permission denied)$/i.test(line)).length
  return Number.isInteger(count) && count > 0 && count === excused
}
