// A whole server restored to live: into a data folder that did not exist or was empty. It is fetched, recovered and looked over in a cell as in a drill, so
// that nothing of a copy of production acts as production; what is started there is a copy of it, and not what is handed over. It gets its
// name last, by one rename: whatever ends before that leaves a hidden folder at most, which no server is started on.
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../core/fault.ts'
import { failed, type AnyEngine, type CopyGiven, type Restoring, type Settled } from '../../ports/backup.ts'
import { createClock } from '../../ports/world/clock.ts'
import { climb } from '../../rooms/guard/drills/ladder.ts'
import type { RestorePhase } from '../../rooms/guard/restore/restores.ts'
import type { WholeWants } from '../../views/restore/restoring.ts'
import { openCell, type OpenCell } from '../guard/cell/cell.ts'
import { mib, SPARE, type Fetched } from '../guard/drill/fetch.ts'
import { logsOf } from '../guard/drill/logs.ts'
import { fetchInto, openReading, type OpenReading } from './fetch.ts'
import { givenOf } from './given.ts'
import { leftOf, whyNotInto } from './into.ts'
import { outcomeOf, type Outcome } from './outcome.ts'
import { own, ownerFor } from './own.ts'

/** So much stays free for what lives on that disk. */
const RESERVE = 256 * 1024 * 1024
const LOOK_EVERY = 500
/** What was restored, and the copy of it that is started. */
const TIMES = 2

export interface ServerParts {
  readonly engine: AnyEngine
  readonly to: string
  readonly phases: RestorePhase[]
  readonly fetched: (it: Fetched) => void
}

/** Never rejects for what a store, a copy or this machine does. */
export async function restoreServer(it: WholeWants, parts: ServerParts): Promise<Outcome> {
  const { to } = parts
  const not = await whyNotInto(to)
  if (not !== undefined) return { verdict: 'refused', says: not, checks: [], engine_said: '' }
  for (const at of await leftOf(to)) it.say(`${at} is left of a restore to here that was killed, or still runs: it is nothing whole, remove it when none runs`)
  const root = path.join(path.dirname(to), `.${path.basename(to)}.${it.begun.id}`)
  const full = new AbortController()
  const signal = AbortSignal.any([it.signal, full.signal])
  let cell: OpenCell | undefined
  let outcome: Outcome
  let left: string | undefined
  let reading: OpenReading | undefined
  try {
    await mkdir(path.dirname(root), { recursive: true, mode: 0o755 })
    reading = openReading(it.store, it.home, it.lab)
    const opened = await openCell(root, signal, { work: 'restore' })
    cell = opened
    const watched = watch(opened, full)
    try {
      outcome = await inCell(it, { ...parts, root, cell: opened, reading, signal })
    } finally {
      clearInterval(watched)
    }
  } catch (cause) {
    outcome = outcomeOf(full.signal.aborted && full.signal.reason instanceof Fault ? full.signal.reason : cause)
  } finally {
    reading?.close()
    left = await cell?.close()
    // What was not handed over goes with it.
    await rm(root, { recursive: true, force: true }).catch((cause: unknown) => (left ??= `${root} could not be removed: ${String(cause)}`))
  }
  return left === undefined ? outcome : { ...outcome, says: [outcome.says, left].filter(Boolean).join('; ') }
}

interface Within extends ServerParts {
  readonly root: string
  readonly cell: OpenCell
  readonly reading: OpenReading
  readonly signal: AbortSignal
}

async function inCell(it: WholeWants, at: Within): Promise<Outcome> {
  const { engine, cell, reading, phases, signal, to, root } = at
  const { begun, server } = it
  const clock = createClock()
  it.say(`fetching ${begun.copy.key} from ${begun.store}`)
  const began = performance.now()
  const fetched = await fetchInto(cell, reading.reading, begun, signal, it.progress)
  at.fetched(fetched)
  phases.push({ name: 'fetch', ms: Math.round(performance.now() - began) })
  const room = await cell.room()
  if (room < fetched.bytes * TIMES + SPARE) throw new Fault(`there is too little room for ${to}: what was fetched has ${mib(fetched.bytes)} MiB, at least twice as much is needed to restore it and to start a copy of it, and ${mib(room)} MiB are free`, 'later')
  it.say(`restoring ${begun.copy.key} where nothing can be reached, and starting a copy of it there`)
  const logs = server?.wal === undefined ? undefined : logsOf({ reading: reading.reading, below: server.wal, cell, most: Number.MAX_SAFE_INTEGER, now: () => clock.now() }, signal)
  const given: CopyGiven = { ...givenOf(it, engine), ...(logs ? { logs } : {}), ...(it.until === undefined ? {} : { until: it.until }) }
  const config: unknown = engine.config.parse(server?.database === undefined ? {} : { database: server.database })
  const restoring = engine.open(config, cell.cell, given)
  // What people wanted to know was meant of the newest state.
  const judged = await climb(onlyServers(restoring, engine), it.until === undefined ? (server?.assert ?? []) : [], () => performance.now())
  phases.push(...judged.phases)
  const held = restoring.held?.()
  const outcome: Outcome = { verdict: 'restored', says: judged.says, checks: judged.asserts, engine_said: judged.engineSaid, ...(held ? { held } : {}) }
  if (judged.verdict !== 'passed') return { ...outcome, verdict: judged.verdict }
  const settled = await restoring.settle?.(word(to))
  if (!settled || 'is' in settled) return { ...outcome, verdict: 'unknown', says: settled && settled.is !== 'pass' ? settled.says : 'it could not be made ready' }
  const named = performance.now()
  const why = await handOver(settled, at, path.join(root, 'restored'))
  phases.push({ name: 'name', ms: Math.round(performance.now() - named) })
  return why === undefined ? { ...outcome, next: settled.next } : { ...outcome, verdict: 'refused', says: why }
}

/** Out of the cell, to its owner, onto the disk, and only then to its name. */
async function handOver({ folder, account }: Settled, { cell, to, signal }: Within, beside: string): Promise<string | undefined> {
  await cell.takeOut(folder, beside)
  await own(beside, await ownerFor(to, account))
  const why = await whyNotInto(to)
  if (why !== undefined) return why
  if (signal.aborted) throw new Fault('the restore was ended before it was through', 'later')
  // Over an empty folder, or nothing: the system refuses anything else.
  await rename(beside, to)
  const around = await open(path.dirname(to), 'r')
  try {
    await around.sync()
  } finally {
    await around.close()
  }
  return undefined
}

/** A dump goes no further than its structure: it is no server. */
const onlyServers = (it: Restoring, { title }: AnyEngine): Restoring => ({
  ...it,
  async structure() {
    const step = await it.structure()
    return step.is !== 'pass' || it.settle ? step : failed(`this copy of ${title} is a dump, and no copy of a whole server: name a database on a server of yours with --to`)
  },
})

const watch = (cell: OpenCell, full: AbortController): NodeJS.Timeout => setInterval(() => {
  cell.room().then((room) => {
    if (room < RESERVE) full.abort(new Fault('the disk runs full: the restore was given up, and what it wrote is removed. Restore it where there is more room', 'later'))
  }, () => undefined)
}, LOOK_EVERY)

/** As a word of a shell, for people who take it over. */
export const word = (text: string): string => (/^[\w./+@-]+$/.test(text) ? text : `'${text.replaceAll(`'`, `'\\''`)}'`)

