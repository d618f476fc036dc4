// A whole copy restored: into a folder that did not exist or was empty, or into a database that did not exist. It is fetched, held against what is recorded of it,
// restored beside, looked over, and only then given its name; what failed leaves nothing under that name. Nothing that exists is written over.
import { lstat, mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../core/fault.ts'
import { hours } from '../../core/time.ts'
import { failed, passed, type AnyEngine, type Manifest, type Restoring } from '../../ports/backup.ts'
import { plain } from '../../ports/backup/names.ts'
import { climb, type Judgement } from '../../rooms/guard/drills/ladder.ts'
import type { RestoreReport } from '../../rooms/guard/restore/report.ts'
import type { RestorePhase } from '../../rooms/guard/restore/restores.ts'
import type { Restoring as RestoreWants, WholeWants } from '../../views/restore/restoring.ts'
import type { Fetched } from '../guard/drill/fetch.ts'
import { fetchInto, openReading } from './fetch.ts'
import { engineOf, givenOf } from './given.ts'
import { whyNotInto } from './into.ts'
import { outcomeOf, timing, type Outcome } from './outcome.ts'
import { openPlace, type Place } from './place.ts'
import { whyNotBy } from './rights.ts'
import { restoreServer } from './server.ts'

/** Fetches the copy into a place; every failure is a `Fault`. */
export async function bringIn(it: RestoreWants, place: Place): Promise<{ readonly bytes: number; readonly sha256: string }> {
  if (engineOf(it.begun.engine).folders?.place(it.begun.copy.key)) throw new Fault('a copy of a whole server goes into a folder of its own, and not into a database: name that with --to', 'never')
  const { reading, close } = openReading(it.store, it.home, it.lab)
  try {
    it.say(`fetching ${it.begun.copy.key} from ${it.begun.store}`)
    return await fetchInto(place, reading, it.begun, it.signal, it.progress)
  } finally {
    close()
  }
}

/** Never rejects for what a store, a copy or this machine does. */
export async function restoreWhole(it: WholeWants): Promise<RestoreReport> {
  const { phases, timed } = timing()
  const engine = engineOf(it.begun.engine)
  const folder = it.to.is === 'folder' ? path.join(path.dirname(it.to.folder), `.${path.basename(it.to.folder)}.${it.begun.id}`) : path.join(it.scratch, it.begun.id)
  let fetched = { bytes: 0, sha256: '' }
  if (engine.servers && it.to.is === 'folder') {
    const outcome = await restoreServer(it, { engine, to: it.to.folder, phases, fetched: (all) => void (fetched = all) })
    return reportOf(it, outcome, phases, fetched)
  }
  let outcome: Outcome
  let left: string | undefined
  let place: Place | undefined
  try {
    await mkdir(path.dirname(folder), { recursive: true, mode: 0o700 })
    const opened = await openPlace(folder, it.begun.id.slice(-12), it.signal)
    place = opened
    const not = it.to.is === 'database' ? await whyNotBy(it, it.to, engine.live?.(opened.cell, it.to.url), 'new') : undefined
    if (!not) fetched = await timed('fetch', () => bringIn(it, opened))
    outcome = not ?? (it.to.is === 'folder' ? await intoFolder(it, engine, opened, it.to.folder, phases) : await intoDatabase(it, engine, opened, it.to.url, timed))
  } catch (cause) {
    outcome = outcomeOf(cause)
  } finally {
    left = await place?.close()
  }
  return reportOf(it, { ...outcome, says: [outcome.says, left].filter(Boolean).join('; ') }, phases, fetched)
}

function reportOf({ begun, to }: WholeWants, outcome: Outcome, phases: readonly RestorePhase[], fetched: Fetched): RestoreReport {
  return {
    schema: 'holdfast.restore/1', restore: begun.id, set: begun.set, store: begun.store, copy: begun.copy.key, copy_at: begun.at, verified: begun.verified, to: to.is === 'folder' ? to.folder : to.says,
    ...outcome, phases, ...fetched,
  }
}

const checksOf = ({ asserts }: Judgement): Outcome['checks'] => asserts

async function intoFolder(it: WholeWants, engine: AnyEngine, place: Place, to: string, phases: RestorePhase[]): Promise<Outcome> {
  it.say(`restoring ${it.begun.copy.key}`)
  const config: unknown = engine.config.parse({})
  const given = givenOf(it, engine)
  const restoring = it.paths ? onlyPaths(engine.open(config, place.cell, { ...given, ...(given.manifest ? { manifest: within(given.manifest, it.paths) } : {}) }), it.paths) : engine.open(config, place.cell, given)
  const restored = restoring.restored?.()
  if (restored === undefined) return { verdict: 'refused', says: `a copy made by ${engine.kind} is no folder of files: name a database server with --to`, checks: [], engine_said: '' }
  const judged = await climb(restoring, [], () => performance.now())
  phases.push(...judged.phases)
  const outcome = { says: judged.says, checks: checksOf(judged), engine_said: judged.engineSaid }
  if (judged.verdict !== 'passed') return { verdict: judged.verdict, ...outcome }
  const why = await whyNotInto(to)
  if (why !== undefined) return { verdict: 'refused', ...outcome, says: why }
  for (const name of it.paths ?? []) if (!(await lstat(path.join(restored, plain(name))).catch(() => undefined))) return { ...outcome, verdict: 'failed', says: `${name} is not in ${it.begun.copy.key}: names are those in the copy (restic ls, borg list, tar -t show them), which need not be those on disk; or look into an older or newer copy with --copy` }
  // On the disk before it has its name, so that no power cut leaves half of it under that.
  await place.cell.run(['/bin/sync', '-f', '--', restored], { within: hours(2) })
  // Over an empty folder, or nothing: the system refuses anything else.
  await rename(restored, to)
  return { verdict: 'restored', ...outcome }
}

/** What is in it is what its engine read for these; the rest of it was not looked at. */
const onlyPaths = (it: Restoring, paths: readonly string[]): Restoring => ({ ...it, restore: () => it.part?.(paths) ?? Promise.resolve(failed('single files cannot be taken out of such a copy: restore the whole')), integrity: () => Promise.resolve(passed()) })

const within = ({ files = {} }: Manifest, paths: readonly string[]): Manifest => ({ files: Object.fromEntries(Object.entries(files).filter(([name]) => paths.some((it) => plain(name) === plain(it) || plain(name).startsWith(`${plain(it)}/`)))) })

async function intoDatabase(it: WholeWants, engine: AnyEngine, place: Place, url: string, timed: ReturnType<typeof timing>['timed']): Promise<Outcome> {
  const live = engine.live?.(place.cell, url)
  if (!live) return { verdict: 'refused', says: `a copy made by ${engine.kind} does not go into a database: name a folder with --to`, checks: [], engine_said: '' }
  it.say(`restoring ${it.begun.copy.key}`)
  const step = await timed('restore', () => live.whole(givenOf(it, engine)))
  if (step.is !== 'pass') return { verdict: step.is === 'fail' ? 'failed' : 'unknown', says: step.says, checks: [], engine_said: step.said ?? '' }
  const checks = await timed('checks', () => live.checks(givenOf(it, engine)))
  const wrong = checks.find(({ found }) => found === 'fail')
  if (wrong) return { verdict: 'failed', says: `${wrong.text}: ${wrong.says ?? ''}; what was restored stays as ${live.beside()}`, checks, engine_said: '' }
  const named = await timed('name', () => live.name())
  return named.is === 'pass' ? { verdict: 'restored', says: '', checks, engine_said: '' } : { verdict: 'failed', says: named.says, checks, engine_said: named.said ?? '' }
}
