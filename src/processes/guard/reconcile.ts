// A reconcile run: reads catalogue, listing and catalogue, looks up what has no row, and lets the core judge. It reports: a plan with every item and why,
// checks with their evidence, what the next run has to know. It holds nothing that could delete, and whatever it could not read refuses the whole;
// what it leaves behind are files whose hashes go to the keeper, and which count only once the keeper has taken them.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { sentence } from '../../core/fault.ts'
import { later, ms, stampOf, type Now } from '../../core/time.ts'
import { NOT_EITHER } from '../../rooms/guard/reconcile/checks.ts'
import { cursorOf, type Cursor, type Listing, type Rows } from '../../rooms/guard/reconcile/cursor.ts'
import type { Item, Plan } from '../../rooms/guard/reconcile/plan.ts'
import type { Former, Read, Readings, Tried } from '../../rooms/guard/reconcile/readings.ts'
import { marginsOf } from '../../rooms/guard/reconcile/margins.ts'
import { judge, type Given, type Settings, type World } from '../../rooms/guard/reconcile/run.ts'
import type { Inputs } from '../../rooms/guard/reconcile/sandwich.ts'
import { isGood, type Kept, type Knows, type PlannedAct, type ReconcileConfig, type ReconcileResult, type SeenNow } from '../../rooms/guard/reconcile/task.ts'
import { furthest } from './reconcile/catalogue.ts'
import { compareCopies, type Compared } from './reconcile/compare.ts'
import { withCopies } from './reconcile/copies.ts'
import { remove } from './reconcile/sentinels.ts'
import { commandOf, gather, spoolAt, wayOf, type Gathered, type ReconcileContext } from './reconcile/gather.ts'
import { keysFrom, listingFrom, memoryFrom, rowsFrom, type Asked } from './reconcile/inputs.ts'
import * as memory from './reconcile/memory.ts'
import { writePlan } from './reconcile/plan-file.ts'
import { askFor, missing, scout, type Scouted } from './reconcile/scout.ts'
import type { Spooled } from './reconcile/spool.ts'
import { noLonger } from './reconcile/under-way.ts'
import { union } from './reconcile/union.ts'

export type { ReconcileContext } from './reconcile/gather.ts'

export interface ReconcileWants {
  readonly config: ReconcileConfig
  readonly knows: Knows
}

/** Runs once. Never rejects for what database, store or command do: that is a plan that is refused, in their words. */
export async function perform(wants: ReconcileWants, context: ReconcileContext, signal: AbortSignal): Promise<ReconcileResult> {
  const folder = context.kept(wants.config.name)
  mkdirSync(context.folder, { recursive: true, mode: 0o700 })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    memory.tidy(folder, [wants.knows.memory, wants.knows.newest, wants.knows.columns, wants.knows.copies])
    tidyPlans(folder)
    const compared = await comparedFor(wants, context, folder, signal)
    const gathered = await gather(wants.config, context, signal)
    const prepared = await prepare(wants, gathered, context, { folder, compared, signal })
    if (signal.aborted) return { is: 'failed', says: 'it was ended before it was over' }
    context.say('comparing them')
    const result = judged(wants, gathered, prepared, context, folder)
    const left = await remove(commandOf(wants.config, context, 'remove', signal))
    return left === undefined || result.is === 'failed' ? result : { ...result, said: [...result.said, left] }
  } catch (cause) {
    return { is: 'failed', says: sentence(cause) }
  } finally {
    rmSync(context.folder, { recursive: true, force: true })
    noLonger(folder)
  }
}

/** Before anything is read that has to be fresh: what is to be purged soon is held against its second copy. */
async function comparedFor({ config, knows }: ReconcileWants, context: ReconcileContext, folder: string, signal: AbortSignal): Promise<Compared> {
  const former = memory.readsOf(folder, knows.copies)
  if (config.copiesIn === undefined || config.neverRemoves !== undefined || knows.since.every(({ recalled }) => recalled.aside === undefined)) return { reads: [], said: [] }
  const margins = marginsOf({ retention: config.retention, oldestCopy: knows.oldestCopy, shrink: knows.shrink })
  return compareCopies(knows.since, former, { own: context.reading(config.store), other: context.reading(config.copiesIn), now: context.now, lived: knows.lived, margins, say: context.say }, signal)
}

/** All that the judgement walks over, beside what was gathered. */
interface Prepared {
  readonly scouted: Scouted
  readonly asked: ReadonlyMap<string, Asked>
  readonly newest: { readonly of: number; readonly gone: number } | undefined
  readonly intents: Spooled | undefined
  /** What former runs remember; absent where it is lost. */
  readonly memory: Spooled | undefined
  readonly compared: Compared
}

const whole = (count: number): { readonly is: 'whole'; readonly count: number } => ({ is: 'whole', count })

async function prepare({ config, knows }: ReconcileWants, it: Gathered, context: ReconcileContext, { folder, compared, signal }: { readonly folder: string; readonly compared: Compared; readonly signal: AbortSignal }): Promise<Prepared> {
  const former = knows.memory === 'none' ? memory.empty(context.folder, 'none.spool') : memory.find(folder, knows.memory)
  const since = config.copiesIn === undefined ? knows.since : await withCopies(knows.since, compared.reads, context.reading(config.copiesIn), signal)
  const begun = former && memory.begin(former, since, spoolAt(context, 'memory.spool'))
  const { before, listed, after } = it
  if (!before || !listed || !after) return { scouted: { alone: [], newest: [] }, asked: new Map(), newest: undefined, intents: undefined, memory: begun, compared }
  const rows = ({ rows: spooled, seen }: typeof before): ReturnType<typeof rowsFrom> => rowsFrom(spooled, whole(seen.rows.keys))
  const scouted = scout(listingFrom(listed.taken.spooled, whole(listed.taken.spooled.count), () => undefined), rows(before), rows(after), it.planted.sentinels, new Set(knows.since.filter(({ recalled }) => recalled.aside !== undefined).map(({ key }) => key)))
  context.say(`looking at ${scouted.alone.length} objects without a row`)
  const asked = await askFor(scouted.alone, context.reading(config.store), { locks: listed.declared.lock !== 'off', signal })
  const newest = memory.find(folder, knows.newest)
  return {
    scouted, asked, memory: begun, compared,
    newest: newest && missing(keysFrom(newest, whole(newest.count)), rows(after)),
    intents: union([before.intents, after.intents, listed.taken.uploads], spoolAt(context, 'intents.spool')),
  }
}

function judged({ config, knows }: ReconcileWants, gathered: Gathered, prepared: Prepared, context: ReconcileContext, folder: string): ReconcileResult {
  const now = context.now()
  const inputs = inputsOf(config, gathered, prepared)
  const world: World = {
    settings: settingsOf(config, knows), inputs, readings: readingsOf(knows, gathered, prepared, { now, observer: context.observer }), tried: triedOf(gathered, { config, now, observer: context.observer }), breaker: knows.breaker,
    actsToday: knows.actsToday, lastBatch: knows.lastBatch, now, lived: knows.lived,
  }
  const plan = writePlan(folder)
  const noted = memory.notes(spoolAt(context, 'noted.spool'))
  try {
    const acts = actsOf()
    const outcome = judge(world, { item: (item) => acts.item(plan.item, item), given: acts.given, remember: noted.add })
    const sealed = plan.seal(outcome.plan, outcome.ran.number)
    const { id } = outcome.plan
    const good = isGood(outcome.plan) && outcome.ran.objects !== undefined
    const left = prepared.memory && memory.next(prepared.memory, noted.end(), outcome.healthy, folder, `${id}.memory`)
    const seen = seenOf(gathered, knows)
    return {
      is: 'judged', at: now.wall, plan: outcome.plan, path: sealed.path, summary: sealed.summary, acts: acts.all, objects: outcome.ran.objects ?? 0, healthy: outcome.healthy, breaker: outcome.breaker ?? knows.breaker, ladder: outcome.ladder, ran: outcome.ran, pages: outcome.pages,
      ...(seen && { seen }), ...(left && { memory: left }), ...((knows.copies ?? prepared.compared.reads[0]) && { copies: memory.keepReads(prepared.compared.reads, folder, `${id}.copies`) }), ...(good && leftBy(gathered, prepared, outcome.plan, folder)),
      schema: schemaChanges(gathered, folder, knows), odd: gathered.listed?.taken.odd ?? { count: 0, shown: [] },
      said: [knows.oldestCopy === 'unbound' && knows.arming !== 'none' ? UNBOUND : knows.oldestUnknown, ...prepared.compared.said, gathered.planted.says, ...Object.values(gathered.missing)].flatMap((it) => (it === undefined || it === NOT_EITHER ? [] : [it])),
    }
  } finally {
    plan.abandon()
    for (const lane of [inputs.before, inputs.after, inputs.listing, inputs.intents, inputs.memory]) (lane as { readonly close?: () => void }).close?.()
  }
}

/** Said, and no refusal: what is declared stands for it. */
const UNBOUND = 'how far back copies of the catalogue go is not known: no set of backups is bound to it (of); the quarantine rests on what is declared as its retention'

/** The keeper keeps no more of one plan; the breaker opens long before. */
const MOST_ACTS = 1000

/** Acts with what they rest on, as they are found. */
function actsOf(): { readonly all: PlannedAct[]; item(write: (item: Item) => void, item: Item): void; given(key: Uint8Array, given: Given): void } {
  const all: PlannedAct[] = []
  let last: Item | undefined
  return {
    all,
    item(write, item) {
      last = item
      write(item)
    },
    given(key, given) {
      if (last === undefined || all.length >= MOST_ACTS || !(last.act === 'quarantine' || last.act === 'purge' || last.act === 'release')) return
      all.push({ act: last.act, key: Buffer.from(key).toString('hex'), given: { ...given, item: last } })
    },
  }
}

/** Which keys are the newest is only learned where bucket and catalogue are as full as they were: by a short listing nobody would later see that rows went back. */
const isFull = ({ checks }: Plan): boolean => ['listing', 'floor'].every((id) => checks.some((it) => it.id === id && it.found === 'pass'))

const leftBy = ({ before }: Gathered, { scouted }: Prepared, plan: Plan, folder: string): { newest?: Kept; columns?: Kept } => ({
  ...(isFull(plan) && scouted.newest.length > 0 && { newest: memory.keepKeys(scouted.newest, folder, `${plan.id}.newest`) }), ...(before && { columns: memory.keepLines(before.seen.columns, folder, `${plan.id}.columns`) }),
})

const settingsOf = (config: ReconcileConfig, { oldestCopy, shrink }: Knows): Settings => ({
  reconcile: config.name, queries: [config.rows, config.intents ?? '', config.lockColumn], least: config.least,
  waits: { retention: config.retention, oldestCopy, shrink }, copies: config.copiesIn !== undefined,
})

/** What is missing ended early, with the reason: whoever judges it hears it. */
const none = (says: string | undefined): Cursor => cursorOf([], { is: 'early', says: says ?? 'it was not read' })
const noRows = (says: string | undefined): Rows => Object.assign(none(says), { lock: 'unknown' as const, tenant: () => undefined })
const noListing = (says: string | undefined): Listing => Object.assign(none(says), {
  size: undefined, standing: 'hidden' as const, listed: () => ({ version: undefined, etag: undefined, size: undefined, modifiedAt: undefined, lock: 'unknown' as const, tags: undefined, standing: 'hidden' as const }),
})

function inputsOf(config: ReconcileConfig, { before, listed, after, planted, missing: lost }: Gathered, { asked, intents, memory: recalled }: Prepared): Inputs {
  const { spooled } = listed?.taken ?? {}
  return {
    before: before ? rowsFrom(before.rows, whole(before.seen.rows.keys)) : noRows(lost.before),
    listing: spooled ? listingFrom(spooled, whole(spooled.count), (key) => asked.get(key)) : noListing(lost.listing),
    after: after ? rowsFrom(after.rows, whole(after.seen.rows.keys)) : noRows(lost.after),
    intents: intents ? keysFrom(intents, whole(intents.count)) : cursorOf([]),
    memory: recalled ? memoryFrom(recalled, whole(recalled.count)) : Object.assign(none('the file in which it lay is gone or was changed'), { recalled: () => ({ lock: 'unknown' as const }) }),
    sentinels: planted.sentinels, prefix: Buffer.from(config.prefix),
  }
}

/** Who could read nothing: that is evidence too. What was not tried, since what comes before it failed, is none. */
function triedOf({ missing }: Gathered, { config, now, observer }: { readonly config: ReconcileConfig; readonly now: Now; readonly observer: string }): Tried {
  const look = (name: keyof Tried, subject: string): Tried => (missing[name] === undefined || missing[name] === NOT_EITHER ? {} : { [name]: { subject, observer, at: now.wall } })
  return { ...look('before', `catalogue ${config.catalogue}`), ...look('listing', `store ${config.store}`), ...look('after', `catalogue ${config.catalogue}`) }
}

function readingsOf(knows: Knows, { before, listed, after, planted }: Gathered, { newest }: Prepared, { now, observer }: { readonly now: Now; readonly observer: string }): Readings {
  const read = <Value>(subject: string, value: Value): Read<Value> => ({ value, subject, observer, at: now.wall, seen: stampOf(now) })
  const ledger = <Value>(value: Value): Read<Value> => ({ ...read('ledger', value), observer: 'keeper' })
  const former: Former | 'none' = knows.former === 'none' ? 'none' : { ...knows.former, position: BigInt(knows.former.position) }
  const clock = listed?.clock.is === 'read' && after ? { store: listed.clock.ahead, database: after.seen.ahead } : undefined
  return {
    before: before?.snapshot, listing: listed?.read, after: after?.snapshot, former: ledger(former), history: ledger({ number: knows.number, runs: knows.runs }),
    // The store's time as far back as it may be: what is young by it is young.
    clocks: clock && read('clocks', { store: later(now.wall, ms(clock.store.least)), storeOff: ms(furthest(clock.store)), databaseOff: ms(furthest(clock.database)) }),
    newest: knows.newest === 'none' ? ledger('none' as const) : newest && read('catalogue', newest), sentinelCounter: planted.counter === undefined ? undefined : read('sentinels', planted.counter),
    epochLatched: ledger(knows.epochLatched), lease: ledger(knows.lease), way: listed && read('store', onlyKnown(wayOf(listed.declared), knows)),
    arming: ledger(knows.arming), accepted: ledger(knows.accepted), flagsBinding: knows.flagsBinding === undefined ? undefined : ledger(knows.flagsBinding),
  }
}

/** What the store says of itself now; what only a trial can tell is from the last trial. */
const onlyKnown = (way: ReturnType<typeof wayOf>, { way: tried }: Knows): ReturnType<typeof wayOf> =>
  (tried === 'none' ? way : { ...way, versioning: way.versioning === 'enabled' ? tried.versioning : way.versioning, conditionalDelete: tried.conditionalDelete, lockHolds: tried.lockHolds })

function seenOf({ before, listed, planted }: Gathered, { former }: Knows): SeenNow | undefined {
  if (!before || !listed) return undefined
  const { identity, oids, position, fingerprint } = before.snapshot.value
  // The command says what it found before it added one.
  const counter = planted.counter === undefined ? (former === 'none' ? 0 : former.sentinelCounter) : planted.counter + 1
  return { identity, oids, position: String(position), fingerprint, store: listed.read.value.store, sentinelCounter: counter }
}

const MOST_CHANGES = 50

function schemaChanges({ before }: Gathered, folder: string, knows: Knows): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  const was = memory.linesOf(folder, knows.columns)
  if (!before || was === undefined) return { added: [], removed: [] }
  const [had, has] = [new Set(was), new Set(before.seen.columns)]
  return { added: before.seen.columns.filter((it) => !had.has(it)).slice(0, MOST_CHANGES), removed: was.filter((it) => !has.has(it)).slice(0, MOST_CHANGES) }
}

/** Plans that are kept: the newest ones, and no more than so many bytes. */
const MOST_PLANS = 100
const MOST_PLAN_BYTES = 2 * 1024 ** 3

function tidyPlans(folder: string): void {
  const plans = readdirSync(folder).filter((name) => name.endsWith('.jsonl')).map((name) => ({ file: path.join(folder, name), ...timeAndSize(path.join(folder, name)) })).sort((a, b) => b.at - a.at)
  let bytes = 0
  for (const [i, { file, size }] of plans.entries()) {
    bytes += size
    if (i >= 3 && (i >= MOST_PLANS || bytes > MOST_PLAN_BYTES)) rmSync(file, { force: true })
  }
}

const timeAndSize = (file: string): { readonly at: number; readonly size: number } => {
  const { mtimeMs, size } = statSync(file)
  return { at: Number(mtimeMs), size: Number(size) }
}
