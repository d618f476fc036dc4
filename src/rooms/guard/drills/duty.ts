// The duty of drills: a set with `drill` is drilled in each of its stores as often as it says. What comes of a drill is recorded: the rung that was
// proven, or that what was believed of the copy no longer holds; and the set is judged anew, so that a copy that cannot be restored pages.
// A drill that never comes to an end proves nothing, and in time that pages too.
import type { Signer } from './signature.ts'
import { dueIn, minutes, ms, type Instant, type Span } from '../../../core/time.ts'
import type { Room, Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { sayBriefly } from '../../../ports/store/key.ts'
import type { DrillTask, Task } from '../protocol.ts'
import { drillRefusedOf, isTold, tell, tellOver } from '../acts/telling.ts'
import { loadCopies, loadIdentity } from '../rows.ts'
import { judgedIn } from '../objects/standing.ts'
import type { Judged } from '../sets/judge.ts'
import { forDrill } from '../sets/manifest.ts'
import { manifestOfCopy } from '../sets/manifest-rows.ts'
import { IN_FOLDER, type BackupSet } from '../sets/set.ts'
import { chooseCopy, doubtOf, type Doubt } from './choice.ts'
import { bytesToday, rtoFor } from './figures.ts'
import { FETCHED } from './ladder.ts'
import { limitOf } from './limit.ts'
import * as planted from './planted.ts'
import type { DrillReport } from './report.ts'
import { restoreReport, signedText } from './restore-report.ts'
import { applyForgotten, applyRemembered, applySeen, expectedSince, loadWords, PROJECTIONS as REMEMBERED, TABLES as REMEMBERING, wantDrills } from './remembered.ts'
import { applyDrilled, applyLeft, applyVanished, countDrills, loadDrills, loadLastSample, PROJECTIONS, saveReport, TABLES, type DrilledBody } from './rows.ts'

export interface DrillsContext {
  readonly sets: () => ReadonlyMap<string, BackupSet>
  readonly ask: (task: Task) => void
  /** Judges one set in one store anew. */
  readonly consider: (tx: Tx, set: BackupSet, store: string) => void
  /** Who signs for what a drill found. */
  readonly origin: () => Origin
}

/** This installation: its node, its version, and what it signs with. */
export interface Origin {
  readonly node: string
  readonly version: string
  readonly signer: Signer
}

export interface Drills {
  readonly tables: string
  readonly projections: readonly string[]
  readonly apply: { readonly drilled: Room['apply'][string]; readonly planted: Room['apply'][string]; readonly appeared: Room['apply'][string]; readonly vanished: Room['apply'][string]; readonly left: Room['apply'][string] }
  readonly due: NonNullable<Room['due']>
  configure(tx: Tx): void
  /** What came of a drill, or why nothing did. */
  drilled(tx: Tx, task: DrillTask, result: DrillReport | { readonly says: string }): void
}

const DRILL = 'guard.drill'
/** From this rung on a copy was restored. */
const RESTORED = 4
/** Copies may not be listed yet; then it is looked again. */
const FIRST: Span = minutes(2)
const AGAIN: Span = minutes(10)
const keyOf = (set: string, store: string): string => JSON.stringify([set, store])

export function drillsOf(context: DrillsContext): Drills {
  const planting = planted.plantingOf({
    sets: context.sets,
    plant(tx, engine, turn) {
      const tasks = [...context.sets().values()].flatMap((set) => (set.engine === engine && set.drill ? set.in.flatMap(({ store }) => plantTask(tx.sql, set, store, tx.now.wall) ?? []) : []))
      const task = tasks[turn % tasks.length]
      if (task) tx.afterwards(() => context.ask(task))
      return task !== undefined
    },
  })
  return {
    tables: TABLES + REMEMBERING + planted.TABLES, projections: [...PROJECTIONS, ...REMEMBERED, ...planted.PROJECTIONS],
    apply: {
      drilled: (sql, entry) => (applyDrilled(sql, entry), applyRemembered(sql, entry)), planted: planted.applyPlanted, appeared: applySeen, vanished: applyVanished,
      left: (sql, entry) => (applyLeft(sql, entry), applyForgotten(sql, entry)),
    },
    due: {
      ...planting.due,
      [DRILL]: (tx, key) => {
        const [name, store] = JSON.parse(key) as [string, string]
        const set = context.sets().get(name)
        if (!set?.drill || !set.in.some((it) => it.store === store)) return
        const copy = nextCopy(tx.sql, set, store, tx.now.wall)
        tx.schedule(DRILL, key, dueIn(tx.now, copy ? set.drill.every : AGAIN))
        if (!copy) return
        const task = taskFor(tx.sql, set, store, copy)
        tx.afterwards(() => context.ask(task))
      },
    },
    configure(tx) {
      const wanted = [...context.sets().values()].flatMap((set) => (set.drill ? set.in.map(({ store }) => ({ set: set.name, store, drilled: countDrills(tx.sql, set.name, store) > 0 })) : []))
      wantDrills(tx.sql, wanted, tx.now.wall)
      for (const set of context.sets().values()) {
        if (!set.drill) continue
        for (const { store } of set.in) tx.schedule(DRILL, keyOf(set.name, store), dueIn(tx.now, untilNext(tx, set, store, set.drill.every)))
      }
      planting.configure(tx)
    },
    drilled(tx, task, result) {
      const { set: name, store, copy } = task
      const set = context.sets().get(name)
      const said = 'verdict' in result ? result : unfinished(task, set?.engine ?? '', result.says, tx.now.wall)
      if (task.planted) return failedOrNot(tx, context, planting, task, said)
      const report = asBelieved(tx.sql, task, said)
      // It went, or another stands under its name: what was found is of something that nobody has any more.
      const gone = !loadCopies(tx.sql, name, store).some(({ key, etag }) => key === copy.key && etag === copy.etag)
      const body: DrilledBody = {
        set: name, store, key: copy.key, etag: copy.etag, verdict: report.verdict, rung: said.rung, says: report.says.slice(0, 500),
        phases: report.phases.slice(0, 20).map(({ name: phase, ms: took }) => ({ name: phase, ms: took })), sha256: report.sha256, at: tx.now.wall, ...keepReport(tx, context, task, report), ...(gone ? { gone } : {}),
        ...ageOf(task, set ? judgedOf(tx.sql, set, store, tx.now.wall) : [], tx.now.wall),
      }
      const stream = `backup:${name}`
      tx.append({ is: 'guard.drilled', stream, body })
      const proof = { set: name, store, key: copy.key, etag: copy.etag, rung: body.rung, says: body.says, at: tx.now.wall }
      // Of a copy that is gone it speaks for or against the set, and is no proof of any that is there.
      if (!gone && body.verdict === 'passed') tx.append({ is: 'guard.proved', stream, body: proof })
      else if (!gone && body.verdict === 'failed') tx.append({ is: 'guard.disproved', stream, body: proof })
      if (set) {
        sayRefused(tx, set, store, report)
        context.consider(tx, set, store)
      }
    },
  }
}

/**
 * A newest copy that cannot be drilled here, whoever waits: people hear of it at once, and not only when none has passed for long. It is over as soon as a drill says anything
 * of the copy that is newest then. Of older ones nobody hears: what they need (an engine of another version) may never be here again, and between the two it would come and go.
 */
function sayRefused(tx: Tx, set: BackupSet, store: string, { refused, verdict, says, copy, etag, at }: DrillReport): void {
  const { name, drill } = set
  const ends = drillRefusedOf(name, store)
  const counted = judgedOf(tx.sql, set, store, tx.now.wall).filter((it) => it.counted)
  const seen = new Map(loadCopies(tx.sql, name, store).map(({ key, seenAt }) => [key, seenAt]))
  // Newer ones that came while it was drilled had no turn yet.
  const newest = counted.find((it) => (it.key === copy && it.etag === etag) || (seen.get(it.key) ?? 0) <= at)
  if (newest?.key !== copy || newest.etag !== etag) return
  if (refused !== true) {
    if (verdict !== 'unknown') tellOver(tx, ends, `a drill of the newest copy of ${name} in ${store} ${verdict}`)
    return
  }
  // By a person who asked for it, it is read where it was asked for.
  if (drill !== undefined && !isTold(tx.sql, ends)) tell(tx, ends, `${name}: its newest copy in ${store} cannot be drilled here`, `${says}. Until that is changed nobody knows whether it restores (${sayBriefly(copy)})`, { ends })
}

/** What a drill that cannot fail says is not known: what failed before is not right by it. */
function asBelieved(sql: Sql, { whole }: DrillTask, report: DrillReport): DrillReport {
  if (report.verdict !== 'passed' || planted.isBelieved(sql, report.engine)) return report
  const { again = [], more } = whole ?? {}
  const sample = report.sample && { ...report.sample, wrong: [...new Set([...report.sample.wrong, ...again])], ...(more === undefined ? {} : { more }) }
  return { ...report, verdict: 'unknown', rung: Math.min(report.rung, FETCHED), says: `it passed, and ${planted.sayDoubt(report.engine)}`, ...(sample ? { sample } : {}) }
}

/** A drill of a copy that was spoilt on purpose: whether drills of its engine can fail, and nothing about any copy. */
function failedOrNot(tx: Tx, context: DrillsContext, planting: planted.Planting, task: DrillTask, report: DrillReport): void {
  const engine = context.sets().get(task.set)?.engine ?? report.engine
  const of = [...context.sets().values()].filter((set) => set.engine === engine)
  const before = planted.isBelieved(tx.sql, engine)
  const body: planted.PlantedBody = {
    engine, set: task.set, store: task.store, key: task.copy.key, verdict: report.verdict, says: report.says.slice(0, 500), at: tx.now.wall, sets: of.map(({ name }) => name),
    ...keepReport(tx, context, task, { ...report, planted: report.planted ?? 'nothing: it was not come to' }),
  }
  tx.append({ is: 'guard.planted', stream: `drills:${engine}`, body })
  planting.tried(tx, engine, report.verdict)
  if (before === planted.isBelieved(tx.sql, engine)) return
  for (const set of of) {
    for (const { store } of set.in) {
      context.consider(tx, set, store)
      // What was not believed meanwhile is proven anew.
      if (!before && set.drill) tx.schedule(DRILL, keyOf(set.name, store), dueIn(tx.now, FIRST))
    }
  }
}

/** Signs what a drill found, keeps it beside the ledger, and gives what its entry says of it. */
function keepReport(tx: Tx, { sets, origin }: DrillsContext, { set: name, copy, by }: DrillTask, report: DrillReport): { readonly report: string; readonly reportId: string } {
  const set = sets().get(name)
  const { node, version, signer } = origin()
  const whole = restoreReport({ report, set, versionId: copy.versionId, by, ended: tx.now.wall, rto: rtoFor(tx.sql, name, set && bytesToday(tx.sql, set, tx.now.wall), [report]), node, version })
  saveReport(tx, { ...report, report_id: whole.id })
  return { report: `#${tx.keep(signedText(whole, signer))}`, reportId: whole.id }
}

/** What is to be drilled now. */
function nextCopy(sql: Sql, set: BackupSet, store: string, now: Instant): Judged | undefined {
  return chooseCopy(judgedOf(sql, set, store, now), loadDrills(sql, set.name, store), { times: countDrills(sql, set.name, store), seed: keyOf(set.name, store) })
}

const judgedOf = (sql: Sql, set: BackupSet, store: string, now: Instant): Judged[] => {
  const lies = set.in.find((it) => it.store === store)
  return lies ? judgedIn(sql, set, lies, now) : []
}

/** The drill of one copy, by its key, or of the newest that counts; nothing where there is none. */
export function drillTask(sql: Sql, set: BackupSet, store: string, { key, now, by }: { readonly key: string | undefined; readonly now: Instant; readonly by: string }): DrillTask | undefined {
  const judged = judgedOf(sql, set, store, now)
  const copy = key === undefined ? judged.find(({ counted }) => counted) : judged.find((it) => it.key === key)
  return copy && { ...taskFor(sql, set, store, copy), by }
}

/** The newest copy that a drill restored, to be spoilt: only where the same copy passes unspoilt does a failure say anything. */
export function plantTask(sql: Sql, set: BackupSet, store: string, now: Instant): DrillTask | undefined {
  // Of a bucket a part is restored, which proves no rung of the whole.
  const isPart = wholeIn(set, store)
  const restored = new Set(loadDrills(sql, set.name, store).flatMap(({ key, etag, verdict, rung, reached = 0 }) => (reached >= RESTORED || (verdict !== 'failed' && (rung >= RESTORED || (isPart && verdict === 'passed'))) ? [JSON.stringify([key, etag])] : [])))
  const copy = judgedOf(sql, set, store, now).find(({ counted, key, etag }) => counted && restored.has(JSON.stringify([key, etag])))
  return copy && { ...taskFor(sql, set, store, copy), planted: true }
}

function taskFor(sql: Sql, set: BackupSet, store: string, { key, etag, bytes, modifiedAt, versionId, at }: Judged): DrillTask {
  const manifest = manifestOfCopy(sql, set, store, { key, modifiedAt })
  return {
    is: 'drill', set: set.name, store, copy: { key, etag, bytes, modifiedAt, ...(versionId === undefined ? {} : { versionId }) }, at: at ?? modifiedAt, within: limitFor(sql, set, store, bytes), ...(manifest ? { manifest: forDrill(manifest) } : {}),
    ...(wholeIn(set, store) ? { whole: { identity: loadIdentity(sql, set.name, store) ?? '', seed: `${keyOf(set.name, store)} ${countDrills(sql, set.name, store)}`, again: [], ...wrongBefore(sql, set.name, store) } } : {}),
  }
}

/** A listing says how much a drill fetches only where a copy is one file. */
function limitFor(sql: Sql, set: BackupSet, store: string, bytes: number): Span {
  const lies = set.in.find((it) => it.store === store)
  const isOneFile = lies?.repository === undefined && lies?.objects === undefined && lies?.wal === undefined && !IN_FOLDER.test(lies?.pattern.text ?? '')
  return limitOf({ configured: set.drill?.within, rto: rtoFor(sql, set.name, bytes), bytes: isOneFile ? bytes : undefined })
}

const wholeIn = (set: BackupSet, store: string): boolean => set.in.some((it) => it.store === store && it.objects !== undefined)

/** What the last drill that drew anything left wrong, or not proven right since: one that draws others does not end that. Of more than it could name, its seed draws the same again. */
function wrongBefore(sql: Sql, set: string, store: string): { readonly again: readonly string[]; readonly seed?: string; readonly more?: number } | undefined {
  const sample = loadLastSample(sql, set, store)
  return sample && { again: sample.wrong, ...((sample.more ?? 0) > 0 ? { seed: sample.seed, more: sample.more } : {}) }
}

/** After a restart it goes on where it was. */
function untilNext({ sql, now }: Tx, set: BackupSet, store: string, every: Span): Span {
  const last = loadWords(sql, set.name, store).last ?? loadDrills(sql, set.name, store)[0]
  return last === undefined ? FIRST : ms(Math.max(FIRST, Math.min(every, last.at + every - now.wall)))
}

/** Of when a drilled copy is, as copies are ordered, and whether none that is there is newer. */
function ageOf({ copy, at }: DrillTask, order: readonly Judged[], now: Instant): Pick<DrilledBody, 'of' | 'newest'> {
  const place = order.findIndex(({ key, etag }) => key === copy.key && etag === copy.etag)
  const age = place < 0 ? at : (order[place]?.at ?? 0)
  return { of: Math.floor(Math.min(age, now)), ...(place === 0 ? { newest: true } : {}) }
}

/** What the drills so far say against a set in a store; nothing for a set that is not drilled. */
export function drillDoubt(sql: Sql, set: BackupSet, store: string, now: Instant): Doubt | undefined {
  const drills = loadDrills(sql, set.name, store)
  const words = loadWords(sql, set.name, store)
  if (!set.drill && words.last === undefined && drills.length === 0) return undefined
  const since = expectedSince(sql, set.name, store)
  const doubt = doubtOf(drills, { every: set.drill?.every ?? (Number.MAX_SAFE_INTEGER as Span), now, order: drills.some(({ verdict }) => verdict === 'failed') ? judgedOf(sql, set, store, now) : [], words, ...(since === undefined ? {} : { expectedSince: since }) })
  // A failure stands, whatever passes.
  // Of a set that is not drilled any more nobody waits for a proof, and none would ever come.
  return doubt?.side !== 'unreadable' && set.drill && !planted.isBelieved(sql, set.engine) ? { side: 'unproven', says: planted.sayDoubt(set.engine) } : doubt
}

const unfinished = ({ set, store, copy, at }: DrillTask, engine: string, says: string, when: Instant): DrillReport => ({
  schema: 'holdfast.drill/1', set, store, copy: copy.key, engine, copy_at: at, at: Math.floor(when) as Instant, verdict: 'unknown', rung: 0, says: says.slice(0, 500), phases: [], asserts: [], engine_said: '', torn_down: false, bytes: 0, etag: copy.etag, sha256: '',
})
