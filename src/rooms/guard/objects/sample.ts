// Which objects of a bucket that is itself the copy a drill restores, and what came of them. The newest are drawn and, of the rest, those whose names hash lowest
// with a seed: the same seed draws the same, another one draws anew, and memory is what is drawn. What failed before is drawn again, or nobody would know
// that it still does. An object is right when its bytes are what they were at their first reading, what their store vouches for, or what lies in
// another place; one with nothing to be held against proves nothing. A part proves no rung of the whole, and says how large a part it is. Pure.
import { createHash } from 'node:crypto'
import type { Instant, Span } from '../../../core/time.ts'
import { failed, open, passed, type Step } from '../../../ports/backup.ts'
import { compareKeys, sayKey } from '../../../ports/store/key.ts'
import { saySize } from '../../../words/size.ts'
import { sayObjects, type Measure } from './judge.ts'

/** One object as it is listed. */
export interface Drawable {
  readonly key: string
  readonly versionId?: string
  readonly etag: string
  readonly bytes: number
  readonly modifiedAt: Instant
}

export interface DrawWants {
  readonly seed: string
  /** Keys that are drawn whatever else is, as long as there is room: first what is asked for, then what failed before, in an order of the seed's. */
  readonly must: readonly string[]
  readonly again: readonly string[]
  /** Bytes, all of them together. */
  readonly most: number
}

export interface Drawn {
  /** In the order of their names. */
  readonly objects: readonly Drawable[]
  /** What lies there in all. */
  readonly of: Measure
  /** It is all that lies there. */
  readonly whole: boolean
  /** Wanted by name and listed, and too large for what is fetched. */
  readonly tight: readonly Drawable[]
  /** Keys that the same seed draws again. */
  readonly bySeed: ReadonlySet<string>
  /** Drawn, and gone or written anew before they were read. */
  readonly went: readonly string[]
  /** Listed, and listed still when their store gave nothing. */
  readonly lost: readonly string[]
  /** Listed, and listed still when their store gave something else: it contradicts itself. */
  readonly unsure: readonly string[]
}

/** So many are drawn: of a bucket with one in a hundred damaged, twenty thousand draws overlook it once. */
export const DRAWN = 1000
const NEWEST = 100

/** Takes every object of a listing, and gives those that are drawn. */
export function drawing({ seed, must, again, most }: DrawWants): { take(object: Drawable): void; end(): Drawn } {
  const chance = ({ key }: Drawable): number => createHash('sha256').update(`${seed}\0${key}`).digest().readUIntBE(0, 6)
  const [asked, wanted] = [new Set(must), new Set([...must, ...again])]
  const listed: Drawable[] = []
  const newest = lowest(({ modifiedAt }) => 0 - modifiedAt, NEWEST)
  const rest = lowest(chance, DRAWN)
  const of = { objects: 0, bytes: 0 }
  return {
    take(object) {
      of.objects++
      of.bytes += object.bytes
      if (wanted.has(object.key)) listed.push(object)
      newest.take(object)
      rest.take(object)
    },
    end() {
      const taken = new Map<string, Drawable>()
      let bytes = 0
      const forced = listed.toSorted((a, b) => Number(asked.has(b.key)) - Number(asked.has(a.key)) || chance(a) - chance(b))
      for (const it of [...forced, ...newest.all(), ...rest.all()]) {
        if (taken.size >= DRAWN + forced.length || taken.has(it.key) || bytes + it.bytes > most) continue
        taken.set(it.key, it)
        bytes += it.bytes
      }
      const bySeed = new Set(rest.all().flatMap(({ key }) => (taken.has(key) ? [key] : [])))
      return { objects: [...taken.values()].toSorted((a, b) => compareKeys(a.key, b.key)), of, whole: taken.size === of.objects, tight: forced.filter(({ key }) => !taken.has(key)), bySeed, went: [], lost: [], unsure: [] }
    },
  }
}

/** Those that rank lowest, in memory for twice as many. */
function lowest(rankOf: (it: Drawable) => number, most: number): { take(it: Drawable): void; all(): readonly Drawable[] } {
  let kept: { readonly rank: number; readonly it: Drawable }[] = []
  let limit = Infinity
  const tidy = (): void => {
    kept = kept.toSorted((a, b) => a.rank - b.rank || compareKeys(a.it.key, b.it.key)).slice(0, most)
    if (kept.length === most) limit = kept.at(-1)?.rank ?? Infinity
  }
  return {
    take(it) {
      const rank = rankOf(it)
      if (rank > limit) return
      kept.push({ rank, it })
      if (kept.length >= most * 2) tidy()
    },
    all() {
      tidy()
      return kept.map(({ it }) => it)
    },
  }
}

/** The same object in another place of the set. `sha256`: absent where nobody read it. */
export interface Elsewhere {
  readonly store: string
  readonly bytes: number
  readonly modifiedAt: Instant
  readonly sha256?: string
}

/** A drawn object, and all that its bytes can be held against. */
export interface Held extends Drawable {
  /** Of when it was first read, while its store called it the same. */
  readonly sha256?: string
  /** By its store's word. */
  readonly md5?: string
  readonly elsewhere: readonly Elsewhere[]
}

/** What a file has, as it was restored. */
export interface Sums {
  readonly bytes: number
  readonly sha256: string
  readonly md5: string
}

export interface Wrong {
  readonly key: string
  readonly says: string
}

export interface Looked {
  readonly wrong: readonly Wrong[]
  /** So many are what they should be; so many had nothing to be held against. */
  readonly right: number
  readonly bare: number
  /** Keys of the latter, but of the empty ones: their size is all they have. */
  readonly unproven: readonly string[]
  /** No object has the MD5 that its store vouches for: damage in all of them, or a store that counts otherwise. */
  readonly unlike: number
  /** Not the same elsewhere, and one of both may be on its way yet. */
  readonly onTheWay: number
  /** Right by their first reading alone, in a store that vouches for other bytes of them, and for those of others. */
  readonly contested: number
}

/** Holds what was restored against all that is known. `settledBefore`: what was written earlier has had its time to arrive everywhere. */
export function lookOver(objects: readonly Held[], sumsOf: (n: number) => Sums | undefined, settledBefore: Instant): Looked {
  const seen = objects.map((it, n) => lookAt(it, sumsOf(n), settledBefore))
  // Some stores encrypt, or count in ways of their own: what they call an MD5 is none, and speaks against no object.
  const speaks = seen.some(({ md5 }) => md5 === 'same') && !seen.some(({ md5, right }) => md5 === 'other' && right)
  const wrong = seen.flatMap(({ key, wrong: says, md5, right }) => (says !== undefined ? [{ key, says }] : speaks && md5 === 'other' && !right ? [{ key, says: 'its bytes are not those that its store vouches for (MD5)' }] : []))
  const isRight = (it: Seen): boolean => it.wrong === undefined && (it.right || (speaks && it.md5 === 'same'))
  const right = seen.filter(isRight).length
  const accused = new Set(wrong.map(({ key }) => key))
  const unproven = seen.flatMap((it, n) => (isRight(it) || accused.has(it.key) || objects[n]?.bytes === 0 ? [] : [it.key]))
  const unlike = seen.some(({ md5 }) => md5 === 'same') || seen.some((it) => it.right) ? 0 : seen.filter(({ md5 }) => md5 === 'other').length
  // As at a first reading, in a store that vouches for other bytes: it may have been read when it was damaged already.
  const contested = seen.some(({ md5 }) => md5 === 'same') ? seen.filter((it) => it.md5 === 'other' && it.right && !it.witnessed).length : 0
  return { wrong, right, bare: objects.length - right - wrong.length, unproven, unlike, contested, onTheWay: seen.filter((it) => it.onTheWay).length }
}

/**
 * Which of them may be spoilt, so that what is spoilt is found: every second one, as long as its damage would be wrong beside that of the others. What nothing
 * can measure stays as it is, or a drill would seem unable to fail; and so does what is wrong as it is, or it would seem able to.
 */
export function spoilable(objects: readonly Held[], sumsOf: (n: number) => Sums | undefined, settledBefore: Instant): readonly number[] {
  const wrongAsIs = new Set(lookOver(objects, sumsOf, settledBefore).wrong.map(({ key }) => key))
  const some = objects.flatMap(({ key, bytes }, n) => (bytes > 0 && sumsOf(n) !== undefined && !wrongAsIs.has(key) ? [n] : []))
  const found = (chosen: readonly number[]): readonly number[] => {
    const spoilt = new Set(chosen)
    const { wrong } = lookOver(objects, (n) => { const sums = sumsOf(n); return sums && spoilt.has(n) ? { ...sums, sha256: '', md5: '' } : sums }, settledBefore)
    const keys = new Set(wrong.map(({ key }) => key))
    const left = chosen.filter((n) => keys.has(objects[n]?.key ?? ''))
    return left.length === chosen.length ? left : found(left)
  }
  const half = found(some.filter((_, i) => i % 2 === 0))
  return half.length > 0 ? half : found(some.filter((_, i) => i % 2 === 1))
}

/** So many are named, and drawn again. */
const MOST_WRONG = 100

/** Of what is wrong, what is drawn again by name; of more than that, first what the same seed would not draw again. `more`: the others, and a reason to draw by that seed. */
export function namesOf(wrong: readonly string[], { bySeed }: Drawn): { readonly wrong: readonly string[]; readonly more?: number } {
  const all = [...new Set(wrong)].sort((a, b) => Number(bySeed.has(a)) - Number(bySeed.has(b)))
  return { wrong: all.slice(0, MOST_WRONG), ...(all.length > MOST_WRONG ? { more: all.length - MOST_WRONG } : {}) }
}

interface Seen { readonly key: string; readonly wrong?: string; readonly right: boolean; readonly md5?: 'same' | 'other'; readonly onTheWay: boolean; /** The same bytes lie in another place. */ readonly witnessed?: true }

function lookAt({ key, bytes, sha256, md5, modifiedAt, elsewhere }: Held, sums: Sums | undefined, settledBefore: Instant): Seen {
  const found: Seen = { key, right: false, onTheWay: false }
  if (!sums) return { ...found, wrong: 'it was not restored' }
  if (sums.bytes !== bytes) return { ...found, wrong: `it has ${sums.bytes} bytes where ${bytes} are listed` }
  if (sha256 !== undefined && sha256 !== sums.sha256) return { ...found, wrong: 'its bytes are not those of when it was first read' }
  const others = elsewhere.filter((it) => it.bytes !== bytes || (it.sha256 !== undefined && it.sha256 !== sums.sha256))
  const settled = others.find((it) => Math.max(it.modifiedAt, modifiedAt) <= settledBefore)
  if (settled) return { ...found, wrong: `other bytes lie under its name in “${settled.store}”, and both have had their time to become the same: one of them is wrong` }
  const witnessed = elsewhere.some((it) => it.sha256 === sums.sha256)
  return { key, right: sha256 !== undefined || witnessed, ...(witnessed ? { witnessed } : {}), onTheWay: others.length > 0, ...(md5 === undefined ? {} : { md5: md5 === sums.md5 ? 'same' : 'other' }) }
}

/** What is said of it, a line each; the share that was read is one of them. */
export function linesOf(looked: Looked, drawn: Drawn, again: readonly string[] = []): readonly { readonly text: string; readonly step: Step }[] {
  const { right, bare, unlike, onTheWay } = looked
  const before = notProven(again, drawn, looked)
  const [gone, left] = [before.filter((it) => it.gone), before.filter((it) => !it.gone)]
  const [first] = left
  return [
    { text: `${shareOf(drawn)} restored, each as large as it is listed`, step: passed() },
    { text: `${sayObjects(right)} byte for byte as at a first reading, as vouched for by the store, or as in another place${bare > 0 ? `; ${bare} had nothing to be held against` : ''}`, step: heldAgainst(looked, drawn) },
    ...(onTheWay > 0 ? [{ text: `${sayObjects(onTheWay)} other in another place, and written too lately to be held against it (${unlike === 0 ? 'a mirror that is under way looks so' : 'as far as anybody knows'})`, step: passed() }] : []),
    ...(drawn.went.length > 0 ? [{ text: `${sayObjects(drawn.went.length)} gone or written anew before being read, and proven by nothing here`, step: drawn.went.length > MOST_WENT * (drawn.went.length + drawn.objects.length) ? open('that is more than a fifth of what was drawn') : passed() }] : []),
    ...(drawn.unsure.length > 0 ? [{ text: `${sayObjects(drawn.unsure.length)} listed as before, and given as something else`, step: open(`“${sayKey(drawn.unsure[0] ?? '')}”: ${UNSURE}`) }] : []),
    ...(first ? [{ text: `${sayObjects(left.length)} that failed before`, step: open(`${first.says}${left.length > 1 ? `; and ${left.length - 1} more` : ''}`) }] : []),
    ...(gone.length > 0 ? [{ text: `${sayObjects(gone.length)} that failed before and ${gone.length === 1 ? 'is' : 'are'} gone now: ${gone.slice(0, NAMED).map(({ key }) => `“${sayKey(key)}”`).join(', ')}${gone.length > NAMED ? ` and ${gone.length - NAMED} more` : ''}`, step: open('what became of that nobody looked at here; it is said once') }] : []),
  ]
}

function heldAgainst({ right, unlike, contested }: Looked, { objects }: Drawn): Step {
  if (contested > 0) return open(`${sayObjects(contested)} as at a first reading, and not as their store vouches for (MD5), which it does of others: they may have been read when they were damaged already`)
  if (unlike > 0) return open(`no object has the MD5 that its store vouches for: either all are damaged, or this store counts it otherwise. Let them be read by rounds (verify: { all_within: 30d }): then there is something to hold them against`)
  if (right === 0 && objects.some(({ bytes }) => bytes > 0)) return open('none of the objects had anything to be held against: let them be read by rounds (verify: { all_within: 30d }), or name a second place of the set')
  return passed()
}

/** A sample that has lost so much is another one than was drawn. */
export const MOST_WENT = 0.2

/** So many that are gone are named. */
const NAMED = 10

export const WENT = 'it went or was written anew before it was read'
export const UNSURE = 'its store lists it as before, and gives something else'

interface NotProven { readonly key: string; readonly says: string; /** It is not listed any more. */ readonly gone: boolean }

/** Of what failed before, what is neither right nor wrong by this drill, and why: none of it has become right. `looked`: absent where nothing was compared. */
export function notProven(again: readonly string[], { objects, tight, went, lost, unsure }: Drawn, looked: Looked | undefined): readonly NotProven[] {
  const says = new Map(looked ? [] : objects.map(({ key }) => [key, 'it was not looked at']))
  for (const key of looked?.unproven ?? []) says.set(key, 'it had nothing to be held against: let the objects be read by rounds (verify: { all_within: 30d })')
  for (const key of went) says.set(key, WENT)
  for (const key of unsure) says.set(key, UNSURE)
  const named = new Map([...[...says].map(([key, why]) => [key, `“${sayKey(key)}”: ${why}`] as const), ...tight.map((it) => [it.key, sayRoom(it)] as const)])
  const there = new Set([...objects.map(({ key }) => key), ...lost])
  return again.flatMap((key): NotProven[] => {
    const why = named.get(key)
    return why !== undefined ? [{ key, says: why, gone: false }] : there.has(key) ? [] : [{ key, says: 'it is gone now', gone: true }]
  })
}

/** Why an object that was wanted was not fetched. */
export const sayRoom = ({ key, bytes }: Drawable): string => `“${sayKey(key)}” has ${saySize(bytes)}, more than a drill has room for: raise drill.at_most`

/** How much of it was drawn, for people. */
export function shareOf({ objects, of, whole }: Drawn): string {
  const bytes = objects.reduce((sum, it) => sum + it.bytes, 0)
  if (whole) return `all ${sayObjects(of.objects)} (${saySize(of.bytes)})`
  const share = of.bytes === 0 ? objects.length / of.objects : bytes / of.bytes
  return `${objects.length.toLocaleString('en')} of ${sayObjects(of.objects)}, ${saySize(bytes)} of ${saySize(of.bytes)} (${(share * 100).toPrecision(2)} %)`
}

/** The first of what is wrong, and how many more. */
export const sayWrong = (wrong: readonly Wrong[], drawn: Drawn): Step => {
  const [first] = wrong
  return first === undefined ? passed() : failed(`“${sayKey(first.key)}”: ${first.says}${wrong.length > 1 ? `; and ${wrong.length - 1} more` : ''}, of ${shareOf(drawn)}`, wrong.slice(0, 20).map(({ key, says }) => `${sayKey(key)}: ${says}`).join('\n'))
}

/** After so long a copy that is made every so often is the same everywhere. */
export const settledBefore = (now: Instant, { every, grace }: { readonly every: Span; readonly grace: Span }): Instant => (now - every - grace) as Instant
