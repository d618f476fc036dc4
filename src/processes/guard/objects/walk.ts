// Reads the objects of a bucket that is itself the copy, in the order of their names, round after round. A round takes three eighths of what is promised:
// what is read at any place of one round is read again before the next has ended, with a quarter of the promise left for days that were missed. At its
// first reading an object's SHA-256 is written down; later ones are held against it, as long as the store calls it the same (etag). Memory is a few objects;
// what is known lies in two files in the order of names, of this round and of the one before. Killed at any moment it goes on behind the last batch.
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Fault as FaultOfStore } from '../../../core/fault.ts'
import { ms, type Instant, type Span } from '../../../core/time.ts'
import type { Reading } from '../../../ports/store.ts'
import { compareKeys } from '../../../ports/store/key.ts'
import type { Walked, WalkFault, WalkTask } from '../../../rooms/guard/protocol.ts'
import { roundOf } from '../../../rooms/guard/sets/rotation.ts'
import type { GuardContext } from '../context.ts'
import { readTwice } from '../verify.ts'
import { beside, readLines, writeLines } from './lines.ts'
import { listingIn, sealOf, type ListedObject, type ListingSeal } from './listing.ts'

/** What was read of an object: its key, what the store called it then, and its SHA-256. */
export type Sum = readonly [key: string, etag: string, sha256: string]

/** `round`: the last that came to it. What no round comes to any more is gone. */
interface Fault extends WalkFault { readonly round: number }

/** What is remembered between batches. */
interface State {
  readonly round: number
  readonly began: Span
  readonly beganAt: Instant
  readonly done: boolean
  /** The last key that this round has come past, and how much lay before it. */
  readonly cursor: string
  /** How long this round's file of sums is. */
  readonly length: number
  readonly objects: number
  readonly bytes: number
  readonly faults: readonly Fault[]
  readonly whole?: { readonly began: Span; readonly at: Instant; readonly objects: number }
}

export interface WalkWants extends Omit<WalkTask, 'is'> {
  readonly folder: string
}

const MOST_BYTES = 2 * 1024 ** 3
const MOST_OBJECTS = 20_000
const LONGEST: Span = ms(20 * 60_000)
/** Small ones are read beside one another: on the way to a store each waits longer than it takes. */
const AT_ONCE = 16
const SMALL = 1024 * 1024
const MOST_FAILED = 3
const MOST_FAULTS = 1000
const NAMED = 20
const TOLD_EACH = 1000
/** What an object counts beside its bytes, so that a million of small ones is not read in one go. */
const WEIGHT = 64 * 1024

export const sumsIn = (folder: string, round: number): string => path.join(folder, `sums.${round}`)
const stateIn = (folder: string): string => path.join(folder, 'state')

/** The sums that are known, this round's and the last one's: two files in the order of names. */
export async function sumFiles(folder: string): Promise<readonly string[]> {
  const state = await loadState(folder)
  return state ? [sumsIn(folder, state.round), sumsIn(folder, state.round - 1)] : []
}

/** Never rejects for what a store does. */
export async function walkObjects(it: WalkWants, context: GuardContext, signal: AbortSignal): Promise<Walked> {
  const seal = await sealOf(it.folder)
  if (!seal) return { is: 'not-walked', says: 'it was not listed yet' }
  if (seal.identity !== it.identity || (await context.reading(it.store).identify(signal)).id !== it.identity) return { is: 'not-walked', says: 'it is another store than the one that was listed' }
  const state = await roundNow(it, context)
  const batch = state.done ? { state, stuck: false, left: NOTHING } : await readOn(it, state, seal, { context, signal })
  if (!state.done) await saveState(it.folder, batch.state)
  return told(batch, seal)
}

const NOTHING = { objects: 0, bytes: 0 }
/** Three eighths of the promise. */
const lasts = (allWithin: Span): Span => ms(Math.floor(roundOf(allWithin) / 2))

/** The round that is under way, or a new one where it is time for it. */
async function roundNow({ folder, passed, allWithin, hurry }: WalkWants, { now }: GuardContext): Promise<State> {
  const had = await loadState(folder)
  const isOver = had?.done === true && passed - had.began >= lasts(allWithin)
  const isAsked = had !== undefined && hurry !== undefined && had.began < hurry
  // Time by the keeper's reckoning only grows; where it is less, the keeper began anew.
  if (had && !isOver && !isAsked && passed >= had.began) return had
  const round = (had?.round ?? 0) + 1
  await rm(sumsIn(folder, round), { force: true })
  // A round that was left in the middle has read less than the one before it: both are needed.
  if (had && !had.done) await merge(folder, had.round)
  await rm(sumsIn(folder, round - 2), { force: true })
  const { whole } = had ?? {}
  const state: State = { round, began: passed, beganAt: now().wall, done: false, cursor: '', length: 0, objects: 0, bytes: 0, faults: had?.faults ?? [], ...(whole && whole.began <= passed ? { whole } : {}) }
  await saveState(folder, state)
  return state
}

/** What a round that was given up had not come to yet is taken over from the one before. */
async function merge(folder: string, round: number): Promise<void> {
  const state = await loadState(folder)
  const file = await writeLines(sumsIn(folder, round), state?.length ?? 0)
  try {
    for await (const sum of readLines<Sum>(sumsIn(folder, round - 1))) if (state === undefined || state.cursor === '' || compareKeys(sum[0], state.cursor) > 0) await file.add(sum)
    await file.settle()
  } finally {
    await file.close()
  }
}

interface Batch { readonly state: State; readonly stuck: boolean; readonly left: { readonly objects: number; readonly bytes: number } }

interface Means { readonly context: GuardContext; readonly signal: AbortSignal }

async function readOn(it: WalkWants, state: State, seal: ListingSeal, { context, signal }: Means): Promise<Batch> {
  const { folder, passed, allWithin, hurry } = it
  const share = hurry !== undefined && state.began >= hurry ? 1 : Math.min(1, (passed - state.began) / lasts(allWithin))
  const due = share >= 1 ? Infinity : share * (seal.bytes + seal.objects * WEIGHT)
  const until = context.now().tick + LONGEST
  const known = beside(readLines<Sum>(sumsIn(folder, state.round - 1)), ([key]) => key, compareKeys)
  const out = await writeLines(sumsIn(folder, state.round), state.length)
  const faults = new Map(state.faults.map((fault) => [fault.key, fault]))
  const sum = { cursor: state.cursor, objects: state.objects, bytes: state.bytes, ahead: 0, left: { objects: 0, bytes: 0 }, stuck: false, failed: 0, taken: 0, read: 0 }
  const window: ListedObject[] = []
  const flush = async (): Promise<void> => {
    await readWindow(window.splice(0), { ...it, context, signal, round: state.round, known, out, faults, sum })
  }
  const isFull = (): boolean => sum.stuck || signal.aborted || sum.taken + window.length >= MOST_OBJECTS || sum.read >= MOST_BYTES || context.now().tick > until
  try {
    for await (const object of readLines<ListedObject>(listingIn(folder))) {
      const [key, , bytes] = object
      const ahead = sum.ahead
      sum.ahead += bytes + WEIGHT
      if (state.cursor !== '' && compareKeys(key, state.cursor) <= 0) continue
      if (ahead >= due) break
      if (isFull()) {
        sum.left.objects++
        sum.left.bytes += bytes
        continue
      }
      window.push(object)
      if (bytes > SMALL || window.length >= AT_ONCE) await flush()
    }
    await flush()
    const done = share >= 1 && sum.left.objects === 0 && !sum.stuck && !signal.aborted
    const length = await out.settle()
    if (done) await tryAgain(faults, state.round, { ...it, context, signal })
    // What this round did not come to is not there any more.
    const standing = [...faults.values()].filter(({ round }) => !done || round === state.round)
    const whole = done && standing.length === 0 ? { whole: { began: state.began, at: state.beganAt, objects: sum.objects } } : {}
    return { stuck: sum.stuck, left: sum.left, state: { ...state, ...whole, done, cursor: sum.cursor, length, objects: sum.objects, bytes: sum.bytes, faults: standing } }
  } finally {
    await known.end()
    await out.close()
  }
}

/** What failed on the way is tried once more at the end: a store that was away for an hour has left nothing unread. */
async function tryAgain(faults: Map<string, Fault>, round: number, { folder, store, context, signal }: WalkWants & Means): Promise<void> {
  const wanted = new Set([...faults.values()].flatMap((it) => (it.is === 'failed' && it.round === round ? [it.key] : [])))
  if (wanted.size === 0) return
  let failed = 0
  for await (const [key, etag, bytes, versionId] of readLines<ListedObject>(listingIn(folder))) {
    if (failed >= MOST_FAILED || signal.aborted) return
    if (!wanted.has(key)) continue
    const found = await readTwice(context.reading(store), { key, etag, n: 0, from: 0, bytes, ...(versionId === undefined ? {} : { versionId }) }, signal)
    failed = found.is === 'failed' ? failed + 1 : 0
    if (found.is === 'read' || (found.is === 'gone' && !(await stillListed(context.reading(store), { key, etag }, signal)))) faults.delete(key)
  }
}

/** What is asked of the listing anew in one window: who removed thousands since it was made is not asked about each. */
const MOST_ASKED = 4
const PHANTOM = 'it is listed, and is not there when it is read'

/** Whether the store goes on listing what it says is not there. Where it does not answer, nobody is accused: the end of the round asks again. */
async function stillListed(reading: Reading, { key, etag }: { readonly key: string; readonly etag: string }, signal: AbortSignal): Promise<boolean> {
  try {
    const { items } = await reading.page({ prefix: key, most: 10 }, signal)
    return items.some((it) => it.is === 'version' && it.latest && it.key === key && it.etag === etag)
  } catch (cause) {
    if (cause instanceof FaultOfStore) return false
    throw cause
  }
}

interface Window extends WalkWants, Means {
  readonly round: number
  readonly known: { at(key: string): Promise<Sum | undefined> }
  readonly out: { add(value: Sum): Promise<void> }
  readonly faults: Map<string, Fault>
  readonly sum: { cursor: string; objects: number; bytes: number; stuck: boolean; failed: number; taken: number; read: number }
}

/** A few objects beside one another; what came of them is written down in their order. */
async function readWindow(objects: readonly ListedObject[], { store, context, signal, round, known, out, faults, sum }: Window): Promise<void> {
  const reading = context.reading(store)
  const had: (Sum | undefined)[] = []
  for (const [key] of objects) had.push(await known.at(key))
  const seen = await Promise.all(objects.map(([key, etag, bytes, versionId], i) => {
    const before = had[i]?.[1] === etag ? had[i][2] : undefined
    return readTwice(reading, { key, etag, n: 0, from: 0, bytes, ...(versionId === undefined ? {} : { versionId }), ...(before === undefined ? {} : { sum: before }) }, signal)
  }))
  const phantoms = new Set<string>()
  for (const [i, [key, etag]] of objects.entries()) if (seen[i]?.is === 'gone' && phantoms.size < MOST_ASKED && await stillListed(reading, { key, etag }, signal)) phantoms.add(key)
  // What was broken off says nothing of any of them.
  if (signal.aborted) return
  for (const [i, [key, etag, bytes]] of objects.entries()) {
    const found = seen[i]
    const before = had[i]
    const fault = faults.get(key)
    sum.cursor = key
    sum.taken++
    sum.failed = found?.is === 'failed' ? sum.failed + 1 : 0
    if (sum.failed >= MOST_FAILED) sum.stuck = true
    if (found?.is === 'read' || found?.is === 'differs') {
      sum.objects++
      sum.bytes += bytes
      sum.read += bytes
    }
    if (found?.is === 'read') {
      faults.delete(key)
      await out.add([key, etag, found.sum])
      continue
    }
    // What it was stays known: right bytes at a later reading end the fault.
    if (before?.[1] === etag) await out.add(before)
    const wrong = found?.is === 'gone' ? (phantoms.has(key) ? { is: 'failed' as const, says: PHANTOM } : undefined) : found?.is === 'differs' ? { is: found.is, says: 'its bytes are not those of when it was first read' } : found
    if (wrong === undefined) faults.delete(key)
    else if (faults.size < MOST_FAULTS || fault) faults.set(key, { key, etag, ...wrong, times: fault?.is === wrong.is ? fault.times + 1 : 1, round })
  }
  if (sum.objects % TOLD_EACH < AT_ONCE) context.say(`${sum.objects} objects read`)
}

function told({ state, stuck, left }: Batch, seal: ListingSeal): Walked {
  const count = (is: WalkFault['is']): number => state.faults.filter((fault) => fault.is === is).length
  return {
    is: 'walked', began: state.began, done: state.done, objects: state.objects, bytes: state.bytes, of: { objects: seal.objects, bytes: seal.bytes }, left, ...(state.whole ? { whole: state.whole } : {}), damaged: count('differs'), failed: count('failed'),
    faults: state.faults.toSorted((a, b) => (a.is === b.is ? 0 : a.is === 'differs' ? -1 : 1)).slice(0, NAMED).map(({ key, etag, is, says, times }) => ({ key, etag, is, says, times })), stuck,
  }
}

async function loadState(folder: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await readFile(stateIn(folder), 'utf8')) as State
    return state.length > 0 && (await stat(sumsIn(folder, state.round))).size < state.length ? undefined : state
  } catch (cause) {
    // Lost or torn: all of it counts as unread.
    if (cause instanceof SyntaxError || (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
}

async function saveState(folder: string, state: State): Promise<void> {
  await writeFile(`${stateIn(folder)}.new`, JSON.stringify(state), { mode: 0o600, flush: true })
  await rename(`${stateIn(folder)}.new`, stateIn(folder))
}
