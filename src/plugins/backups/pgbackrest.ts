// Repositories of pgBackRest. The whole repository lies in the cell, read-only; pgBackRest itself says what it holds, reads every file of it again, restores the
// backup and gives PostgreSQL the WAL behind it. What is restored was a production server, and is started as any other copy of one: with nothing of its
// settings. pgBackRest takes a password from its environment alone: it is read from an input there, in the cell, and stands nowhere else.
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { hours, instantOf, minutes, type Instant, type Span } from '../../core/time.ts'
import { engine, failed, open, type Cell, type CopyGiven, type Ran, type Restoring, type Step } from '../../ports/backup.ts'
import { typed } from '../../ports/backup/password.ts'
import { gist } from '../../ports/backup/words.ts'
import { factsOf, needsOf, restoringCluster, textOf, type Found } from './postgres/physical.ts'
import { readControl } from './postgres/cluster.ts'
import { toolsOf, type Tools } from './postgres/server.ts'
import { chainOf, readHistory, readLsn, sayGap, type Left, type Lsn } from './postgres/wal.ts'

const LONGEST: Span = hours(24)

export default engine({
  kind: 'pgbackrest',
  title: 'pgBackRest',
  does: 'Verifies a repository of pgBackRest, restores a backup with the WAL behind it, examines and asks it.',
  config: z.strictObject({ database: z.string().min(1).max(63).optional() }),
  examples: [{}, { database: 'shop' }],
  asserts: ['sql', 'newest', 'references'],
  servers: true,
  repository: {
    place(key) {
      const found = /^(|.*\/)(backup\/[^/]+\/[^/]+\/backup\.manifest)$/.exec(key)
      return found?.[1] === undefined || found[2] === undefined ? undefined : { root: found[1], name: found[2] }
    },
    // Backups refer to each other and to the archive.
    first: ['backup/'],
    heart: 'backup',
  },
  open: ({ database }, cell, copy) => restoring(cell, copy, database),
})

interface Backup {
  readonly stanza: string
  readonly label: string
  readonly version: string
  /** The newest state that it holds by itself. */
  readonly at: Instant
  /** Where it ended: before that it is not consistent. */
  readonly end: Lsn | undefined
}

function restoring(cell: Cell, copy: CopyGiven, database: string | undefined): Restoring {
  return restoringCluster(copy, database, async () => {
    if (!(await cell.look('/usr/bin')).includes('pgbackrest')) throw new Fault('pgBackRest is not installed here, so nothing can be restored: install the package pgbackrest, as new as the one that makes the copies', 'never')
    const tools = await toolsOf(cell)
    const [, stanza = '', label = ''] = (copy.name ?? '').split('/')
    if (!/^[\w.-]+$/.test(stanza) || !/^[\w-]+$/.test(label)) return failed(`“${stanza}/${label}” is no name of a backup`)
    await cell.run(['/bin/mkdir', `${cell.work}/lock`], { within: minutes(1) })
    const backup = await lookFor(cell, copy, { stanza, label })
    if ('is' in backup) return backup
    const verified = await run(cell, copy, stanza, ['verify', '--log-level-console=info'])
    const wrong = faultsIn(verified)
    if (wrong) return wrong
    return { lay: () => lay(cell, copy, { backup, tools }) }
  })
}

/** The start of every command. The environment is the only way in that pgBackRest has for a password; nobody else sees that of the cell. */
const OPTIONS = ['--config=/dev/null', '--log-level-file=off', '--repo1-path=/given/copy']
const WRAP = 'IFS= read -r PGBACKREST_REPO1_CIPHER_PASS; export PGBACKREST_REPO1_CIPHER_PASS; exec "$@"'
const ciphered = ({ password }: Pick<CopyGiven, 'password'>): readonly string[] => (password === undefined ? [] : ['--repo1-cipher-type=aes-256-cbc'])

function run(cell: Cell, copy: CopyGiven, stanza: string, argv: readonly string[]): Promise<Ran> {
  const all = ['/usr/bin/pgbackrest', ...OPTIONS, ...ciphered(copy), `--stanza=${stanza}`, ...argv]
  return copy.password === undefined ? cell.run(all, { within: LONGEST }) : cell.run(['/bin/sh', '-c', WRAP, 'sh', ...all], { within: LONGEST, input: typed(copy.password) })
}

const infoSchema = z.array(z.object({
  name: z.string(), status: z.object({ code: z.number(), message: z.string().default('') }),
  repo: z.array(z.object({ status: z.object({ code: z.number(), message: z.string().default('') }) })).default([]),
  db: z.array(z.object({ id: z.number(), version: z.string() })).default([]),
  backup: z.array(z.object({ label: z.string(), error: z.boolean().nullable().default(false), database: z.object({ id: z.number() }), timestamp: z.object({ stop: z.number() }), lsn: z.object({ stop: z.string().nullish() }).nullish() })).default([]),
}))

const CLOSED = 'the repository does not open: the password that is configured is another one or missing, or backup.info is damaged. Compare it with the one that its people keep, for without it nothing can be restored'

/** What `info` says of the backup. */
export function readHoldings(text: string, { stanza, label }: { readonly stanza: string; readonly label: string }): Backup | Step {
  let read: z.output<typeof infoSchema> | undefined
  try {
    read = infoSchema.parse(JSON.parse(text.slice(Math.max(0, text.indexOf('[{')))))
  } catch {
    // Where a password does not fit, bytes of what it could not open stand in the middle of the answer.
    return /FormatError|CryptoError|unable to flush/.test(text) ? failed(CLOSED) : failed('pgBackRest does not say what the repository holds', readable(text).slice(0, 300))
  }
  const found = read.find(({ name }) => name === stanza)
  const said = found?.repo.find(({ status }) => status.code !== 0)?.status.message ?? ''
  if (/unable to (?:load info|flush)|CryptoError|FormatError|is or was the repo encrypted/i.test(said)) return failed(CLOSED, readable(said))
  const backup = found?.backup.find((it) => it.label === label)
  if (!found || !backup) return failed(`the repository holds no backup ${label} any more, though its folder is there: it was removed, or never finished`, readable(said || found?.status.message || ''))
  if (backup.error === true) return failed('pgBackRest found pages that do not fit their checksums when it made this backup: the server itself is damaged. Scan it, now')
  return { stanza, label, version: found.db.find(({ id }) => id === backup.database.id)?.version ?? '', at: instantOf(backup.timestamp.stop * 1000), end: readLsn(backup.lsn?.stop ?? '') }
}

/** Encrypted bytes may stand in it. */
const readable = (text: string): string => gist({ err: text.split('\n').filter((line) => /^[\x20-\x7e]*$/.test(line)).join('\n'), out: '' })

async function lookFor(cell: Cell, copy: CopyGiven, it: { readonly stanza: string; readonly label: string }): Promise<Backup | Step> {
  const chunks: Buffer[] = []
  const all = ['/usr/bin/pgbackrest', ...OPTIONS, ...ciphered(copy), `--stanza=${it.stanza}`, 'info', '--output=json']
  const take = (chunk: Buffer): void => {
    if (chunks.length < 4_096) chunks.push(chunk)
  }
  const ran = copy.password === undefined ? await cell.run(all, { within: hours(1), take }) : await cell.run(['/bin/sh', '-c', WRAP, 'sh', ...all], { within: hours(1), input: typed(copy.password), take })
  return ran.exit === 0 ? readHoldings(Buffer.concat(chunks).toString('utf8'), it) : failed('pgBackRest cannot open the repository', gist(ran))
}

/** It ends well whatever it found: only what it says counts. */
export function faultsIn({ exit, out, err }: Ran): Step | undefined {
  const lines = `${out}\n${err}`.split('\n').map((line) => line.replace(/^\d{4}-\d\d-\d\d [\d:.]+ P\d+ +[A-Z]+: /, '').trim())
  const bad = lines.filter((line) => /^(?:invalid checksum|file missing|invalid size|invalid result|invalid .*verification|unable to|backup: .*status: (?!valid)|missing: |checksum invalid: |No usable)/i.test(line))
  if (exit === 0 && bad.length === 0 && !lines.some((line) => line.startsWith('status: error'))) return undefined
  return failed('pgBackRest finds the repository damaged', bad.slice(0, 4).join('\n') || gist({ out, err }))
}

async function lay(cell: Cell, copy: CopyGiven, { backup, tools: all }: { readonly backup: Backup; readonly tools: readonly Tools[] }): Promise<Found | Step> {
  const tools = all.find(({ major }) => `${major}` === backup.version)
  if (!tools) throw new Fault(`this backup is of PostgreSQL ${backup.version}, and can be started by no other; here are: ${all.map(({ major }) => major).join(', ')}. Install postgresql-${backup.version} (its server is never started as a service by Holdfast)`, 'never')
  const at = `${cell.work}/pg`
  await cell.run(['/bin/mkdir', '-m', '0700', at, `${cell.work}/tablespaces`], { within: minutes(1) })
  const own = [`--lock-path=${cell.work}/lock`, `--pg1-path=${at}`]
  const ran = await run(cell, copy, backup.stanza, ['restore', ...own, '--log-level-console=warn', `--set=${backup.label}`, '--type=default', '--archive-mode=off', `--tablespace-map-all=${cell.work}/tablespaces`])
  if (ran.exit !== 0) return failed('pgBackRest cannot restore the backup', gist(ran))
  const control = await readControl(cell, tools, at)
  if ('is' in control) return control
  const facts = await factsOf(cell, at)
  const labelled = needsOf(facts, control)
  if ('is' in labelled) return labelled
  if (copy.lives && facts.tablespaces.trim() !== '') return open('it has tablespaces, and only clusters without any are restored to live here: pgbackrest restore puts them where you say')
  const needs = { ...labelled, ...(backup.end === undefined ? {} : { end: backup.end }) }
  // `000000010000000000000003-<sha1>.gz`, below a folder for each version the cluster has had.
  const files = (await textOf(cell, ['/usr/bin/find', `${cell.copy}/archive/${backup.stanza}`, '-type', 'f', '-printf', '%T@ %f\\n'])).split('\n').flatMap((line) => {
    const [, time, name] = /^([\d.]+) ([0-9A-F]{24}-[0-9a-f]{40}(?:\.\w+)?|[0-9A-F]{8}\.history)$/.exec(line) ?? []
    return time === undefined || name === undefined ? [] : [name.slice(0, 24)]
  })
  const histories = new Map<number, readonly Left[]>()
  for (const name of files.filter((it) => it.endsWith('.history'))) {
    const got = await run(cell, copy, backup.stanza, ['archive-get', ...own, '--log-level-console=warn', name, `${cell.work}/${name}`])
    if (got.exit === 0) histories.set(Number.parseInt(name.slice(0, 8), 16), readHistory(await textOf(cell, ['/bin/cat', '--', `${cell.work}/${name}`])))
  }
  const chain = chainOf(needs, new Set(files), histories)
  if (chain.gap > 0) return failed(sayGap(chain))
  const fetches = `${copy.password === undefined ? '' : 'PGBACKREST_REPO1_CIPHER_PASS="$HOLDFAST_SECRET" '}/usr/bin/pgbackrest ${[...OPTIONS, ...ciphered(copy), `--stanza=${backup.stanza}`, ...own].join(' ')} --log-level-console=error archive-get %f "%p"`
  return { cell, tools, at, control, needs, chain, fetches, archivedAt: undefined, ...(copy.password === undefined ? {} : { secret: copy.password }) }
}
