// One drill of one copy: fetched into a cell, climbed rung by rung, torn down. It always ends in a report: what the copy did wrong is failed,
// what was wrong with us or our way to the store is unknown. The store is only read. The disk that Holdfast itself lives on is not
// filled up: when little room is left the drill is given up, and says so.
import { Fault, isOurs, sentence } from '../../core/fault.ts'
import { sayTime, type Instant, type Span } from '../../core/time.ts'
import { backups as engines } from '../../plugins/list.gen.ts'
import type { AnyEngine, Assertion, CopyGiven, Held, Manifest, Restoring } from '../../ports/backup.ts'
import type { Application, HttpAsk } from '../../rooms/guard/drills/application.ts'
import { LONGEST_DRILL } from '../../rooms/guard/drills/limit.ts'
import { climb, type AskApplication, type Judgement, type Phase } from '../../rooms/guard/drills/ladder.ts'
import type { DrillReport } from '../../rooms/guard/drills/report.ts'
import type { Copy } from '../../rooms/guard/sets/judge.ts'
import { openCell, type OpenCell } from './cell/cell.ts'
import type { GuardContext } from './context.ts'
import { askApplication } from './drill/application.ts'
import { fetchCopy, type Fetched } from './drill/fetch.ts'
import { fetchRepository, MOST_BYTES } from './drill/gather.ts'
import { logsOf } from './drill/logs.ts'
import { resolveIn } from './drill/resolve.ts'
import { flipOne, spoil } from './drill/spoil.ts'
import { bringObjects, MOST_SAMPLE, ofPart, type ObjectsDrill } from './objects/drill.ts'

export interface DrillWants {
  readonly set: string
  readonly store: string
  readonly engine: string
  readonly copy: Copy
  /** When it was made, as late as can be believed. */
  readonly at: Instant
  readonly assert: readonly Assertion[]
  /** When it has not ended by then it is given up; see `limitOf`. */
  readonly within?: Span
  readonly manifest?: Manifest
  /** Bytes of a repository that are fetched; see `MOST_BYTES`. */
  readonly atMost?: number
  /** What is started on what was restored, and what it has to answer. */
  readonly application?: Application
  readonly http?: readonly HttpAsk[]
  /** Its store is read with what lies behind glass; `whole`: so is its repository, where it has a password. */
  readonly breakGlass?: 'store' | 'whole'
  /** It is spoilt in the cell first. */
  readonly planted?: true
  /** Where in the same store the database's log lies, with a slash at its end. */
  readonly wal?: string
  /** Which database of a whole server is asked. */
  readonly database?: string
  /** Of a bucket that is itself the copy: a part of it is drilled. */
  readonly objects?: ObjectsDrill
}

/** So much stays free for Holdfast's own records. */
const RESERVE = 256 * 1024 * 1024
const LOOK_EVERY = 500

export type DrillContext = Pick<GuardContext, 'reading' | 'now' | 'folder' | 'say' | 'password'>

/** Never rejects. `context.folder` is where the cell lies. */
export async function perform(wants: DrillWants, context: DrillContext, signal: AbortSignal): Promise<DrillReport> {
  const began = context.now()
  const limit = new AbortController()
  const within = wants.within ?? LONGEST_DRILL
  let doing = 'it was fetched'
  const timer = setTimeout(() => limit.abort(new Fault(`the drill did not end within ${sayTime(within)} and was given up while ${doing}: that says nothing good of the copy, and nothing bad`, 'later')), within)
  const tick = (): number => context.now().tick
  let fetched: Fetched | undefined
  let opened: OpenCell | undefined
  let judged: Judgement
  let left: string | undefined
  let held: Held | undefined
  let sample: DrillReport['sample']
  let planted: string | undefined
  const fetching: Phase[] = []
  try {
    if (!wants.objects) engineOf(wants.engine)
    if (wants.copy.bytes === 0) throw new Bad('the copy is empty: it has no bytes')
    opened = await openCell(context.folder, AbortSignal.any([signal, limit.signal]), { sees: wants.application?.folder })
    const watched = watchRoom(opened, limit)
    try {
      context.say(`fetching ${wants.copy.key}`)
      const from = tick()
      const ends = AbortSignal.any([signal, limit.signal])
      const brought = await (wants.objects ? bringPart(wants, wants.objects, { opened, context, began: began.wall }, ends) : bringCopy(wants, { opened, context, began: began.wall }, ends))
      const { restoring } = brought
      fetched = brought.fetched
      fetching.push({ name: 'fetch', ms: Math.round(tick() - from) })
      if (wants.planted) planted = await brought.spoil()
      context.say(`restoring ${wants.copy.key}`)
      doing = 'it was restored and looked over'
      judged = await climb(restoring, wants.assert, tick, asksOf(wants, opened, restoring))
      judged = withGlass(brought.cap(judged), wants)
      held = restoring.held?.()
      sample = brought.sample?.()
    } finally {
      clearInterval(watched)
    }
  } catch (cause) {
    judged = judgedBy(cause, limit.signal)
  } finally {
    clearTimeout(timer)
    left = await opened?.close()
  }
  const report = reportOf(wants, began.wall, { ...judged, phases: [...fetching, ...judged.phases], says: [judged.says, left].filter(Boolean).join('; ') }, fetched, left === undefined)
  return { ...report, ...(held === undefined ? {} : { held }), ...(sample ? { sample } : {}), ...(wants.breakGlass === undefined ? {} : { credentials: 'break-glass' }), ...(wants.planted ? { planted: planted ?? 'nothing: it was not come to' } : {}) }
}

/** A copy in its cell, and how it is looked over there. */
interface Ready {
  readonly fetched: Fetched
  readonly restoring: Restoring
  /** Spoils it, and says how. */
  spoil(): Promise<string>
  /** What is proven of the whole. */
  cap(judged: Judgement): Judgement
  sample?(): NonNullable<DrillReport['sample']>
}

interface Means { readonly opened: OpenCell; readonly context: DrillContext; readonly began: Instant }

async function bringCopy(wants: DrillWants, { opened, context, began }: Means, ends: AbortSignal): Promise<Ready> {
  const engine = engineOf(wants.engine)
  const [reading, most] = [context.reading(wants.store), wants.atMost ?? MOST_BYTES]
  const repository = engine.repository ?? (engine.folders?.place(wants.copy.key) ? engine.folders : undefined)
  const fetched = repository === undefined ? await fetchCopy(reading, wants.copy, opened, ends)
    : await fetchRepository({ reading, repository, copy: wants.copy, cell: opened, most, now: context.now }, ends)
  const config: unknown = engine.config.parse(wants.database === undefined ? {} : { database: wants.database })
  const password = context.password?.(wants.set)
  const name = repository?.place(wants.copy.key)?.name
  const given: CopyGiven = {
    at: wants.at, bytes: wants.copy.bytes, readAt: began, resolve: resolveIn(context.reading, ends),
    ...(wants.manifest ? { manifest: wants.manifest } : {}), ...(name === undefined ? {} : { name }), ...(password === undefined ? {} : { password }),
    ...(wants.wal === undefined ? {} : { logs: logsOf({ reading, below: wants.wal, cell: opened, most, now: context.now }, ends) }),
  }
  return { fetched, restoring: engine.open(config, opened.cell, given), spoil: async () => spoil(await opened.takeIn(), repository), cap: (judged) => judged }
}

function engineOf(called: string): AnyEngine {
  const engine = engines.find(({ kind }) => kind === called)
  if (!engine) throw new Fault(`a copy made by ${called} cannot be drilled yet; these can: ${engines.map(({ kind }) => kind).join(', ')}`, 'never')
  return engine
}

async function bringPart(wants: DrillWants, objects: ObjectsDrill, { opened, context }: Means, ends: AbortSignal): Promise<Ready> {
  const { assert, store, atMost = MOST_SAMPLE } = wants
  const brought = await bringObjects({ wants: objects, store, reading: context.reading, assert, most: atMost, cell: opened, now: context.now, say: context.say }, ends)
  return { fetched: brought.fetched, restoring: brought.restoring, spoil: () => brought.spoil(flipOne), cap: (judged) => ofPart(judged, brought.drawn), sample: brought.found }
}

/** What is asked of an application, where one is configured. */
function asksOf({ application, http = [] }: DrillWants, { cell }: OpenCell, restoring: Restoring): AskApplication | undefined {
  if (!application || http.length === 0) return undefined
  return async () => {
    const folder = restoring.restored?.()
    return askApplication(cell, application, http, { ...(await restoring.reach?.()), ...(folder === undefined ? {} : { folder }) })
  }
}

/** L8: all that is asked holds of a copy that was fetched from elsewhere, with nothing but what lies behind glass. */
const BEHIND_GLASS = 8

const withGlass = (judged: Judgement, { breakGlass, application }: DrillWants): Judgement =>
  breakGlass === 'whole' && judged.verdict === 'passed' && judged.rung >= (application ? 7 : 6) ? { ...judged, rung: BEHIND_GLASS } : judged

/** Something that the copy itself did wrong before its engine saw it. */
class Bad extends Error {}

function judgedBy(cause: unknown, signal: AbortSignal): Judgement {
  const nothing = { rung: 0, phases: [], asserts: [], engineSaid: '' }
  if (cause instanceof Bad) return { ...nothing, verdict: 'failed', says: cause.message }
  // What was given up for a reason says that, and not what the giving up looked like.
  const why = signal.aborted && signal.reason instanceof Fault ? signal.reason : cause
  if (!(why instanceof Fault) && !isOurs(why)) return { ...nothing, verdict: 'unknown', says: `the drill itself failed: ${sentence(why)}` }
  return { ...nothing, verdict: 'unknown', says: sentence(why), ...(why instanceof Fault && why.retry === 'never' && { refused: true }) }
}

const watchRoom = (opened: OpenCell, limit: AbortController): NodeJS.Timeout => setInterval(() => {
  opened.room().then((room) => {
    if (room < RESERVE) limit.abort(new Fault('the disk of this machine runs full: the drill was given up. Give the data folder more room than the copy takes when it is restored', 'later'))
  }, () => undefined)
}, LOOK_EVERY)

function reportOf({ set, store, engine, copy, at }: DrillWants, began: Instant, it: Judgement, fetched: Fetched | undefined, tornDown: boolean): DrillReport {
  return {
    schema: 'holdfast.drill/1', set, store, copy: copy.key, engine, copy_at: at, at: began, verdict: it.verdict, rung: it.rung, ...(it.refused && { refused: true }), says: it.says, phases: it.phases, asserts: it.asserts,
    engine_said: it.engineSaid, torn_down: tornDown, bytes: fetched?.bytes ?? 0, etag: copy.etag, sha256: fetched?.sha256 ?? '',
  }
}

