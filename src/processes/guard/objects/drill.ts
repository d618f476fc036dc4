// The drill of a bucket that is itself the copy: a bounded part of its objects is listed anew, drawn, fetched into a cell as files, and looked over there. An object
// that went or was written since it was listed is left aside and counted: another drill draws its successor. What the store cannot give leaves the drill unknown;
// bytes that are not what they should be make it fail, and so does an object that is listed, and still is, and is not given. What failed before is named until it is proven right. Files have numbers for names, since an object may be called what no file can.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open as openFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../../core/fault.ts'
import { hours, type Instant, type Now, type Span } from '../../../core/time.ts'
import { failed, open, passed, type Assertion, type Cell, type Restoring, type Step } from '../../../ports/backup.ts'
import { gist } from '../../../ports/backup/words.ts'
import { MOST_CHUNK, type Reading } from '../../../ports/store.ts'
import { oddKey } from '../../../ports/store/key.ts'
import { walk } from '../../../ports/store/listing.ts'
import { drawing, linesOf, lookOver, MOST_WENT, namesOf, notProven, sayRoom, sayWrong, settledBefore, shareOf, spoilable, UNSURE, WENT, type Drawable, type Drawn, type Elsewhere, type Held, type Looked, type Sums, type Wrong } from '../../../rooms/guard/objects/sample.ts'
import { FETCHED, type Judgement } from '../../../rooms/guard/drills/ladder.ts'
import type { DrillReport } from '../../../rooms/guard/drills/report.ts'
import type { OpenCell } from '../cell/cell.ts'
import { abreast } from '../drill/abreast.ts'
import { mib, SPARE, type Fetched } from '../drill/fetch.ts'
import { readLines } from './lines.ts'
import { sumFiles, type Sum } from './walk.ts'

/** What a drill of a bucket needs to know of its set. */
export interface ObjectsDrill {
  readonly prefix: string
  /** Which store it was when it was listed. */
  readonly identity: string
  readonly seed: string
  /** Keys that failed before. */
  readonly again: readonly string[]
  /** So many more failed, which the same seed draws again. */
  readonly more?: number
  /** Where what is known of its objects is kept. */
  readonly folder: string
  /** The other places of the set. */
  readonly others: readonly { readonly store: string; readonly prefix: string }[]
  readonly every: Span
  readonly grace: Span
}

export interface Bringing {
  readonly wants: ObjectsDrill
  readonly store: string
  readonly reading: (store: string) => Reading
  readonly assert: readonly Assertion[]
  /** Bytes that are fetched. */
  readonly most: number
  readonly cell: OpenCell
  readonly now: () => Now
  readonly say: (progress: string) => void
}

export interface Brought {
  readonly fetched: Fetched
  readonly restoring: Restoring
  readonly drawn: Drawn
  /** Spoils what was fetched, in the cell, and says how. */
  spoil(flip: (at: string) => Promise<boolean>): Promise<string>
  found(): NonNullable<DrillReport['sample']>
}

/** Bytes that are fetched where the configuration says nothing. */
export const MOST_SAMPLE = 2 * 1024 ** 3
const AT_ONCE = 8
const LONGEST: Span = hours(6)

/** Throws a `Fault` for what is not the copy's doing. */
export async function bringObjects(it: Bringing, signal: AbortSignal): Promise<Brought> {
  const { wants, cell, assert } = it
  const reading = it.reading(it.store)
  if ((await reading.identify(signal)).id !== wants.identity) throw new Fault('it is another store than the one that was listed', 'later')
  const files = assert.flatMap((one) => (one.is === 'file' ? [wants.prefix + one.file] : []))
  const { drawn, odd } = await draw(it, files, signal)
  const bytes = drawn.objects.reduce((sum, one) => sum + one.bytes, 0)
  const room = await cell.room()
  if (room < bytes + SPARE) throw new Fault(`there is too little room on this machine to restore it: what is drawn has ${mib(bytes)} MiB, and ${mib(room)} MiB are free`, 'later')
  const { held, ...missed } = await fetchAll(it, drawn, signal)
  const left: Drawn = { ...drawn, ...missed, objects: held.map(({ object }) => object), whole: drawn.whole && odd === 0 && held.length === drawn.objects.length }
  const known = await knownOf(wants.folder, left.objects)
  const objects = held.map(({ object, md5, elsewhere }): Held => {
    const sha256 = known.get(object.key)
    return { ...object, ...(sha256 === undefined ? {} : { sha256 }), ...(md5 === undefined ? {} : { md5 }), elsewhere }
  })
  const hash = createHash('sha256')
  for (const { object, sums: { sha256 } } of held) hash.update(`${sha256} ${object.key.slice(wants.prefix.length)}\n`)
  const before = settledBefore(it.now().wall, wants)
  const looking = lookingOver(it, { objects, drawn: left, before })
  return {
    fetched: { bytes: left.objects.reduce((sum, one) => sum + one.bytes, 0), sha256: hash.digest('hex') }, restoring: looking.restoring, drawn: left,
    async spoil(flip) {
      const spoilt = await spoilSome(cell, spoilable(objects, (n) => held[n]?.sums, before), flip)
      looking.spoilt(new Set(spoilt.flatMap((n) => objects[n]?.key ?? [])))
      return `one bit was flipped in the middle of each of ${spoilt.length} objects, of ${objects.length}`
    },
    found: () => ({ objects: left.objects.length, bytes: left.objects.reduce((sum, one) => sum + one.bytes, 0), of: left.of, seed: wants.seed, ...looking.wrong() }),
  }
}

/** A listing of its own, since what is drawn must be there now. */
async function draw({ wants, reading, store, most, now, say }: Bringing, files: readonly string[], signal: AbortSignal): Promise<{ readonly drawn: Drawn; readonly odd: number }> {
  const urn = drawing({ seed: wants.seed, must: files, again: wants.again, most })
  let [seen, odd] = [0, 0]
  for await (const { items } of walk(reading(store), { prefix: wants.prefix, now, signal })) {
    for (const item of items) {
      if (item.is === 'marker' || (item.is === 'version' && !item.latest)) continue
      seen++
      if (item.is === 'odd' || oddKey(item.key) !== undefined) odd++
      else urn.take(item)
    }
    say(`${seen} objects listed`)
  }
  return { drawn: urn.end(), odd }
}

interface Fetching { readonly object: Drawable; readonly sums: Sums; readonly md5?: string; readonly elsewhere: readonly Elsewhere[] }

/** Why an object was not had: nothing lies under its name, or something else. */
type Missed = 'absent' | 'changed'

/** A few beside one another; those that went meanwhile are left out. Their files are numbered in their order. */
async function fetchAll(it: Bringing, { objects }: Drawn, signal: AbortSignal): Promise<Pick<Drawn, 'went' | 'lost' | 'unsure'> & { readonly held: readonly Fetching[] }> {
  const top = await it.cell.takeIn()
  await mkdir(top, { mode: 0o755 })
  const made: (Fetching | Missed)[] = []
  let done = 0
  await abreast(objects, AT_ONCE, signal, async (object, n, ends) => {
    made[n] = await fetchOne(it, object, path.join(await it.cell.takeIn(), String(n)), ends)
    if (++done % AT_ONCE === 0) it.say(`${done} of ${objects.length} objects fetched`)
  })
  const missed = await tryMissed(it, { objects, made, top }, signal)
  return { held: await renumbered(top, made), ...missed }
}

/**
 * Those that could not be had are tried once more: what is listed still as it was did not go, whatever its store says else. One after the other, since a listing may be that of a whole folder;
 * where more went than a drill may miss, it proves nothing whatever became of the rest.
 */
async function tryMissed(it: Bringing, { objects, made, top }: { readonly objects: readonly Drawable[]; readonly made: (Fetching | Missed)[]; readonly top: string }, signal: AbortSignal): Promise<Pick<Drawn, 'went' | 'lost' | 'unsure'>> {
  const seen = { went: [] as string[], lost: [] as string[], unsure: [] as string[] }
  for (const [n, object] of objects.entries()) {
    if (typeof made[n] === 'object') continue
    const isEnough = seen.went.length > MOST_WENT * objects.length
    const again = isEnough ? 'changed' : await fetchOne(it, object, path.join(top, String(n)), signal)
    made[n] = again
    if (typeof again === 'object') continue
    const isListed = !isEnough && (await listsStill(it.reading(it.store), object, signal))
    seen[!isListed ? 'went' : again === 'absent' ? 'lost' : 'unsure'].push(object.key)
  }
  return seen
}

async function listsStill(reading: Reading, { key, etag, versionId }: Drawable, signal: AbortSignal): Promise<boolean> {
  const { items } = await reading.page({ prefix: key, most: 10 }, signal)
  return items.some((item) => item.is === 'version' && item.latest && item.key === key && item.etag === etag && item.versionId === versionId)
}

/** What was left out leaves a gap among the files, and their numbers are what they are known by. */
async function renumbered(top: string, made: readonly (Fetching | Missed)[]): Promise<readonly Fetching[]> {
  const kept: Fetching[] = []
  for (const [n, one] of made.entries()) {
    if (typeof one === 'string') await rm(path.join(top, String(n)), { force: true })
    else {
      if (kept.length !== n) await rename(path.join(top, String(n)), path.join(top, String(kept.length)))
      kept.push(one)
    }
  }
  return kept
}

async function fetchOne(it: Bringing, object: Drawable, to: string, signal: AbortSignal): Promise<Fetching | Missed> {
  const reading = it.reading(it.store)
  const { key, versionId, etag } = object
  const head = await reading.head({ key, ...(versionId === undefined ? {} : { versionId }) }, signal)
  if (head.is === 'unknown') throw new Fault(`the store does not show an object: ${head.says}`, 'later')
  if (head.is === 'absent') return 'absent'
  if (head.etag !== etag) return 'changed'
  let read = await copyOut(reading, object, to, signal)
  if (typeof read === 'string') read = await copyOut(reading, object, to, signal)
  if (typeof read === 'string') return read
  return { object, sums: read, ...(head.md5 === undefined ? {} : { md5: head.md5 }), elsewhere: await lookElsewhere(it, object, read, signal) }
}

/** Reads one object, to a file where one is named; or why it is not given. One that ends early is what it is: its size says so. */
async function copyOut(reading: Reading, { key, versionId, etag, bytes }: Drawable, to: string | undefined, signal: AbortSignal): Promise<Sums | Missed> {
  if (to !== undefined) await rm(to, { force: true })
  const file = to === undefined ? undefined : await openFile(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644)
  const [sha256, md5] = [createHash('sha256'), createHash('md5')]
  let from = 0
  try {
    while (from < bytes) {
      const chunk = await reading.read({ key, ...(versionId === undefined ? {} : { versionId }), etag, from, bytes: Math.min(MOST_CHUNK, bytes - from) }, signal)
      if (chunk.is !== 'read') return chunk.is
      if (chunk.bytes.length === 0) break
      sha256.update(chunk.bytes)
      md5.update(chunk.bytes)
      await file?.appendFile(chunk.bytes)
      from += chunk.bytes.length
    }
    await file?.chmod(0o644)
  } finally {
    await file?.close()
  }
  return { bytes: from, sha256: sha256.digest('hex'), md5: md5.digest('hex') }
}

/** The same name in the other places of the set; where it is not, or nobody knows, nothing is said. */
async function lookElsewhere({ wants, reading }: Bringing, object: Drawable, ours: Sums, signal: AbortSignal): Promise<readonly Elsewhere[]> {
  const seen: Elsewhere[] = []
  for (const { store, prefix } of wants.others) {
    try {
      const found = await reading(store).head({ key: prefix + object.key.slice(wants.prefix.length) }, signal)
      if (found.is !== 'version') continue
      const theirs = found.bytes !== object.bytes ? undefined : found.md5 === ours.md5 ? ours : await copyOut(reading(store), found, undefined, signal)
      if (typeof theirs === 'string') continue
      const sha256 = theirs?.sha256
      seen.push({ store, bytes: found.bytes, modifiedAt: found.modifiedAt, ...(sha256 === undefined ? {} : { sha256 }) })
    } catch (cause) {
      if (!(cause instanceof Fault) || signal.aborted) throw cause
    }
  }
  return seen
}

/** What the rounds know of these, as long as their store calls them the same. */
async function knownOf(folder: string, objects: readonly Drawable[]): Promise<ReadonlyMap<string, string>> {
  const etags = new Map(objects.map(({ key, etag }) => [key, etag]))
  const known = new Map<string, string>()
  for (const file of await sumFiles(folder)) {
    for await (const [key, etag, sha256] of readLines<Sum>(file)) if (etags.get(key) === etag && !known.has(key)) known.set(key, sha256)
  }
  return known
}

/** Which were spoilt: what is named is what must be found. */
async function spoilSome(cell: OpenCell, which: readonly number[], flip: (at: string) => Promise<boolean>): Promise<readonly number[]> {
  const top = await cell.takeIn()
  const spoilt: number[] = []
  for (const n of which) if (await flip(path.join(top, String(n)))) spoilt.push(n)
  if (spoilt.length === 0) throw new Fault('nothing that is spoilt could be found out yet: all was written too lately, or has nothing to be held against', 'never')
  return spoilt
}

const LOST = 'it is listed, also when it is asked for again, and its store does not give it'

interface Over { readonly objects: readonly Held[]; readonly drawn: Drawn; readonly before: Instant }

interface Looking {
  readonly restoring: Restoring
  /** These keys were spoilt: from now on nothing else makes it fail. */
  spoilt(keys: ReadonlySet<string>): void
  wrong(): ReturnType<typeof namesOf>
}

function lookingOver({ wants, cell: { cell } }: Bringing, { objects, drawn, before: settled }: Over): Looking {
  const sums = new Map<number, Sums>()
  let looked: Looked | undefined
  let spoilt: ReadonlySet<string> | undefined
  let isTold = false
  const wrongFiles = new Set<string>()
  // Of those that failed and were not named, any that went may be one.
  const before = (wants.more ?? 0) > 0 ? [...new Set([...wants.again, ...drawn.went])] : wants.again
  const lost = drawn.lost.map((key): Wrong => ({ key, says: LOST }))
  const restoring: Restoring = {
    structure: () => Promise.resolve(drawn.objects.length === 0 ? lost.length > 0 ? sayWrong(lost, drawn) : open('none of its objects could be fetched: all were written or went meanwhile') : passed()),
    restore: () => Promise.resolve(passed()),
    async integrity() {
      const step = await sumUp(cell, sums)
      if (step.is !== 'pass') return step
      looked = lookOver(objects, (n) => sums.get(n), settled)
      // One that fails for anything else says nothing of whether what was spoilt is found.
      const wrong = spoilt ? looked.wrong.filter(({ key }) => spoilt?.has(key)) : [...lost, ...looked.wrong]
      if (wrong.length > 0) return sayWrong(wrong, drawn)
      return looked.bare > 0 ? open(`${looked.bare} of ${drawn.objects.length} objects had nothing to be held against`) : passed()
    },
    prove(assertion) {
      const step = prove(assertion, wants.prefix, { objects, drawn, sums })
      if (step.is !== 'fail') return Promise.resolve(step)
      if (assertion.is === 'file') wrongFiles.add(wants.prefix + assertion.file)
      return Promise.resolve(spoilt ? passed() : step)
    },
    manifest() {
      // Where nothing was summed up nothing was compared, and nothing is proven.
      if (!looked) return Promise.resolve([{ text: `${drawn.objects.length} objects restored`, step: open('what they hold was not summed up, and is held against nothing') }])
      isTold = true
      return Promise.resolve(linesOf(looked, drawn, spoilt ? [] : before))
    },
  }
  return {
    restoring,
    spoilt: (keys) => void (spoilt = keys),
    wrong() {
      const open = notProven(before, drawn, looked).flatMap(({ key, gone }) => (gone && isTold ? [] : [key]))
      const { wrong, more = 0 } = namesOf([...drawn.lost, ...(looked?.wrong.map(({ key }) => key) ?? []), ...wrongFiles, ...drawn.unsure, ...open], drawn)
      const unnamed = Math.max(more, looked ? 0 : wants.more ?? 0)
      return { wrong, ...(unnamed > 0 ? { more: unnamed } : {}) }
    },
  }
}

/** By the programs of the cell, from the files as they lie there. */
async function sumUp(cell: Cell, sums: Map<number, Sums>): Promise<Step> {
  const found = { sizes: new Map<number, number>(), sha256: new Map<number, string>(), md5: new Map<number, string>() }
  const sizes = await lines(cell, ['/usr/bin/find', cell.copy, '-type', 'f', '-printf', '%s ./%f\\n'], (first, n) => void found.sizes.set(n, Number(first)))
  if (sizes.is !== 'pass') return sizes
  for (const [name, program] of [['sha256', 'sha256sum'], ['md5', 'md5sum']] as const) {
    const step = await lines(cell, ['/bin/sh', '-c', `cd -- "$1" && find . -type f -print0 | xargs -0 -r ${program} --`, 'sh', cell.copy], (first, n) => void found[name].set(n, first))
    if (step.is !== 'pass') return step
  }
  for (const [n, bytes] of found.sizes) {
    const [sha256, md5] = [found.sha256.get(n), found.md5.get(n)]
    if (sha256 !== undefined && md5 !== undefined) sums.set(n, { bytes, sha256, md5 })
  }
  return passed()
}

const LINE = /^([0-9a-f]+) +\.\/(\d+)$/

async function lines(cell: Cell, argv: readonly string[], take: (first: string, n: number) => void): Promise<Step> {
  let rest = ''
  const ran = await cell.run(argv, {
    within: LONGEST,
    take(chunk) {
      const all = (rest + chunk.toString('latin1')).split('\n')
      rest = all.pop()?.slice(-4096) ?? ''
      for (const line of all) {
        const [, first = '', n = ''] = LINE.exec(line) ?? []
        if (n !== '') take(first, Number(n))
      }
    },
  })
  return ran.exit === 0 ? passed() : open('what was restored cannot be read in the cell', gist(ran))
}

function prove(assertion: Assertion, prefix: string, { objects, drawn, sums }: { readonly objects: readonly Held[]; readonly drawn: Drawn; readonly sums: ReadonlyMap<number, Sums> }): Step {
  if (assertion.is !== 'file') return open('objects answer no SQL: ask them with file and sha256')
  const wanted = prefix + assertion.file
  const n = objects.findIndex(({ key }) => key === wanted)
  const tight = drawn.tight.find(({ key }) => key === wanted)
  if (tight) return open(sayRoom(tight))
  if (drawn.went.includes(wanted)) return open(WENT)
  if (drawn.unsure.includes(wanted)) return open(UNSURE)
  if (n < 0) return failed(drawn.lost.includes(wanted) ? LOST : 'there is no such object in it')
  if (assertion.sha256 === 'from-manifest') return open('of a bucket no manifest is taken: write the hash down')
  const sum = sums.get(n)?.sha256
  if (sum === undefined) return open('what it holds was not summed up')
  return sum === assertion.sha256 ? passed() : failed(`it has sha256 ${sum.slice(0, 12)}…, where ${assertion.sha256.slice(0, 12)}… is wanted`)
}

/** Of a part nothing is proven of the whole beyond that it is there. */
export const ofPart = (judged: Judgement, drawn: Drawn): Judgement =>
  drawn.whole ? judged : { ...judged, rung: Math.min(judged.rung, FETCHED), says: judged.verdict === 'passed' ? `${[judged.says, shareOf(drawn)].filter(Boolean).join('; ')}: what was not drawn is proven by nothing here` : judged.says }
