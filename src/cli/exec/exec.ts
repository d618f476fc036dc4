// `holdfast exec`: runs the command that makes a backup, and takes down what its source held in the same moment. The backup is worth more than its manifest:
// whatever Holdfast lacks (configuration, secret, database, server), the command runs, its exit code is ours, and one line on stderr says what
// is missing. Nothing of ours is ever written to stdout, which may be the backup itself. A report that cannot be sent waits in a spool.
import path from 'node:path'
import { sentence } from '../../core/fault.ts'
import { instantOf, type Instant } from '../../core/time.ts'
import type { ManifestPlace } from '../../rooms/guard/config.ts'
import type { RunReport } from '../../rooms/guard/sets/manifest.ts'
import { loadConfig } from '../../views/accepted.ts'
import { EXIT, usage } from '../failure.ts'
import { plain } from '../output.ts'
import { configWants, failureOf, segment, textOption, type Command, type Session } from '../session.ts'
import { runner, type Ended, type Running } from './child.ts'
import { dropReport, keepReport, setAside, spoolFolders, waitingIn, type Waiting } from './spool.ts'
import { beginTaking, type Taking } from './taking.ts'

/** In the arguments of a command: the name of the snapshot. */
const SNAPSHOT = '{{snapshot}}'

export const exec: Command = async (session, argv, options) => {
  const set = textOption(options, 'backup') ?? ''
  if (argv.length === 0 || argv[0] === '') throw usage('There is no command to run.', 'holdfast exec --backup shop -- pg_dump --snapshot={{snapshot}} -Fc -f shop.dump shopdb')
  const running = runner()
  try {
    return await around(session, set, argv, running)
  } finally {
    running.close()
  }
}

const say = ({ out }: Session, line: string): void => out.complain(plain(`holdfast: ${line}`))

async function around(session: Session, set: string, argv: readonly string[], running: Running): Promise<number> {
  const share = argv.some((it) => it.includes(SNAPSHOT))
  const kit = await session.outside.tallies?.(session.data).catch(() => undefined)
  try {
    const { place, says } = await placeOf(session, set)
    const taking = place && kit ? await beginTaking({ place, share, tallying: place.database && kit.of(place.database.kind), context: kit.context, signal: running.stopped }) : undefined
    try {
      // Somebody stopped us before it began.
      if (running.stopped.aborted) return running.exit()
      const why = taking?.says || says
      if (why !== '') say(session, `${set}: ${why}; the command runs all the same`)
      else if (share && !place?.database) say(session, `${set}: ${session.config} names no database to count (manifest: { postgres: … }, or of: a check of one, whose secret has to be on this machine), so there is no snapshot to share and no rows are written down`)
      const given = withSnapshot(session, argv, taking?.snapshot)
      if (given === undefined) return EXIT.failed
      const from = instantOf(session.now())
      // Until its end is told, what it writes is no copy. The backup waits for nobody: who cannot be reached hears of its end.
      const begun = offer(session, { set, report: { command: nameOf(argv), from, to: from, exit: null, says: '' } })
      taking?.begin()
      const ended = await running.run(given, session.env)
      if (ended.says !== undefined) say(session, ended.says)
      await begun
      const report = await reportOf({ argv, from, to: instantOf(Math.max(from, session.now())), ended, taking, says: why }).catch((cause: unknown): RunReport => without(argv, from, ended, sentence(cause)))
      if (taking && why === '' && report.exit === 0 && report.says !== '') say(session, `${set}: ${report.manifest ? 'the manifest is not whole' : 'there is no manifest'}: ${report.says}`)
      await send(session, { set, report }).catch((cause: unknown) => say(session, `${set}: its report is lost: ${sentence(cause)}`))
      return ended.exit
    } finally {
      taking?.leave()
    }
  } finally {
    kit?.close()
  }
}

/** What the configuration on this machine says of it, or why it says nothing. */
async function placeOf(session: Session, set: string): Promise<{ readonly place?: ManifestPlace; readonly says: string }> {
  try {
    // The machine that makes the backup has the secrets of that, and need not have others.
    const loaded = await loadConfig({ ...await configWants(session, session.config), secretsOf: set })
    if (loaded.is === 'refused') return { says: `the configuration ${session.config} is not usable here: ${plain(loaded.findings[0]?.says ?? 'holdfast validate tells why').slice(0, 300)}` }
    const place = loaded.config.manifests.find((it) => it.set === set)
    if (place) return { place, says: '' }
    return { says: loaded.config.backups.some(({ name }) => name === set) ? '' : `${session.config} has no set of backups of that name` }
  } catch (cause) {
    return { says: `the configuration ${session.config} cannot be read: ${sentence(cause)}` }
  }
}

/**
 * The arguments with the snapshot's name. Without a snapshot an argument that only hands it over (`--snapshot={{snapshot}}`) is left out: the command
 * then takes one of its own. What else would need one cannot be run; then nothing is given back.
 */
function withSnapshot(session: Session, argv: readonly string[], id: string | undefined): readonly string[] | undefined {
  if (id !== undefined) return argv.map((it) => it.replaceAll(SNAPSHOT, id))
  const left = argv.flatMap((it, i) => (it === `--snapshot=${SNAPSHOT}` || (it === '--snapshot' && argv[i + 1] === SNAPSHOT) || (it === SNAPSHOT && argv[i - 1] === '--snapshot') ? [] : [it]))
  if (!left.some((it) => it.includes(SNAPSHOT))) return left
  say(session, `there is no snapshot to put in place of ${SNAPSHOT}, and the command cannot be run without`)
  return undefined
}

interface Reporting {
  readonly argv: readonly string[]
  readonly from: Instant
  readonly to: Instant
  readonly ended: Ended
  readonly taking: Taking | undefined
  readonly says: string
}

/** The name of the program: what it was given may hold secrets. */
const nameOf = ([file = '']: readonly string[]): string => path.basename(file).slice(0, 100)

async function reportOf({ argv, from, to, ended, taking, says }: Reporting): Promise<RunReport> {
  const run = { command: nameOf(argv), from, to, exit: ended.exit & 255 }
  if (ended.exit !== 0) return { ...run, says: ended.says ?? '' }
  if (!taking) return { ...run, says: says || 'the set says nothing of what is to be written down (manifest)' }
  const taken = await taking.taken(from, to)
  return { ...run, says: (taken.says || says).slice(0, 500), ...(taken.manifest ? { manifest: taken.manifest } : {}) }
}

const without = (argv: readonly string[], from: Instant, ended: Ended, says: string): RunReport => ({ command: nameOf(argv), from, to: from, exit: ended.exit & 255, says: says.slice(0, 500) })

/** Sends it, and then whatever waits; keeps it where it cannot be sent. */
async function send(session: Session, now: Waiting): Promise<void> {
  const folders = spoolFolders(session.data, process.cwd())
  let sent = await offer(session, now)
  // That it ended well is worth more than what it held: its copy would not count for ever.
  if (sent.is === 'refused' && now.report.manifest !== undefined) {
    const { command, from, to, exit } = now.report
    say(session, `${now.set}: the server does not take the manifest: ${sent.says}`)
    sent = await offer(session, { set: now.set, report: { command, from, to, exit, says: sent.says.slice(0, 500) } })
  }
  if (sent.is === 'later') {
    const file = await keepReport(folders, now)
    return say(session, `${now.set}: its report waits in ${file} and is sent at the next exec: ${sent.says}`)
  }
  if (sent.is === 'refused') say(session, `${now.set}: the server takes no report: ${sent.says}`)
  for (const waiting of await waitingIn(folders)) {
    const answer = await offer(session, waiting)
    if (answer.is === 'later') return
    if (answer.is === 'taken') await dropReport(waiting.file)
    else {
      await setAside(waiting.file)
      say(session, `${waiting.set}: the server takes no report of an earlier run (${waiting.file}.refused): ${answer.says}`)
    }
  }
}

/** What is wrong with it will be wrong tomorrow too; everything else may pass. */
const FOR_GOOD = [400, 404, 413, 422]

async function offer({ server }: Session, { set, report }: Waiting): Promise<{ readonly is: 'taken' } | { readonly is: 'later' | 'refused'; readonly says: string }> {
  try {
    const reply = await server.send('POST', `/api/v1/backups/${segment(set)}/manifests`, report)
    if (reply.status < 300) return { is: 'taken' }
    return { is: FOR_GOOD.includes(reply.status) ? 'refused' : 'later', says: failureOf(reply).message }
  } catch (cause) {
    return { is: 'later', says: sentence(cause) }
  }
}
