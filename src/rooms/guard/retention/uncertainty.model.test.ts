// X-9 for retention, by random worlds: whatever is taken away, comes late or is blurred, the set that may go never grows and a page never falls silent; a
// copy more never makes a newer one go; and what goes fits an oracle that knows the invariants and nothing of how they are kept. What goes on schedule is
// held against the same: by the job as it stands, armed, half known or latched, of which any part may be lost too.
import assert from 'node:assert/strict'
import test from 'node:test'
import { days, hours, instantOf, tickOf } from '../../../core/time.ts'
import { NEW_JOB, type Job } from '../acts/job.ts'
import { deletable, judge, LIMITS, type World } from './judge.ts'
import { bindingOf, runOf } from './run.ts'
import { nameOf, type Copy, type Shelf } from './shelf.ts'
import type { Keep } from './slots.ts'
import type { BackupSet } from '../sets/set.ts'
import { ago, looked, moment, night, now, shelf, world } from './fixtures/scene.ts'

const WORLDS = Number(process.env['HOLDFAST_TEST_WORLDS'] ?? 3_000)
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1)

/** Worlds in which something was found that is rare among the others: told first, whatever the seed. */
const FOUND_BEFORE: readonly number[] = [1_007_362, 2_000_934, 3_003_645]

const DAY: number = days(1)

/** Small, seeded, and the same everywhere. */
function dice(seed: number) {
  let state = seed | 0
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let it = Math.imul(state ^ (state >>> 15), 1 | state)
    it = (it + Math.imul(it ^ (it >>> 7), 61 | it)) ^ it
    return ((it ^ (it >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (n: number): number => Math.floor(random() * n)
  const chance = (share: number): boolean => random() < share
  return { below, chance, one: <T>(of: readonly [T, ...T[]]): T => of[below(of.length)] ?? of[0], mostly: <T>(usual: T, ...rare: readonly T[]): T => (rare.length === 0 || chance(0.92) ? usual : (rare[below(rare.length)] ?? usual)) }
}
type Dice = ReturnType<typeof dice>

function copyOf(it: Dice, n: number, store: string): Copy {
  const at = it.mostly(ago(n * hours(24) + it.below(20) * hours(1)), undefined, ago(-3 * DAY), ago(n * hours(2)))
  return night(n, {
    at, place: { key: `${store}/${n}`, etag: `e${n}` }, copy: `${store} ${n}`, modifiedAt: it.mostly(at, undefined, ago(hours(2))), counted: it.mostly(true, false), why: 'by chance',
    ...it.mostly<Partial<Copy>>({}, { rung: 1, provenAt: undefined }, { provenAt: ago(days(40)) }, { rung: undefined }, { provenAt: undefined }), held: it.mostly<boolean | undefined>(false, true, undefined),
  })
}

function shelfOf(it: Dice, store: string): Shelf {
  const copies = Array.from({ length: 4 + it.below(18) }, (_, n) => copyOf(it, n, store))
  const laid = shelf(copies, { store, fewest: it.mostly<Shelf['fewest']>(copies.length + it.below(30), 'none', undefined), actsToday: it.mostly<number | undefined>(it.below(8), undefined, 15) })
  const known = (laid.known?.copies ?? []).map((one) => {
    const rest = { place: one.place, since: it.mostly(one.since, moment(hours(2))) }
    return it.chance(0.9) && one.mark ? { ...rest, mark: it.mostly(one.mark, { ...one.mark, runs: 1 }, { ...one.mark, first: moment(hours(3)) }) } : rest
  })
  return it.mostly({ ...laid, known: { count: known.length, copies: known } }, { ...laid, clock: undefined }, { ...laid, listing: undefined })
}

function worldOf(it: Dice): World {
  const keep = it.one<Keep>([{ daily: 5 }, { last: 4 }, { within: days(5) }, { daily: 3, weekly: 2 }, { daily: 2, weekly: 2, monthly: 2, yearly: 1 }, { last: 2, within: days(3) }, { weekly: 1 }])
  const shelves = [shelfOf(it, 'main'), ...(it.chance(0.6) ? [shelfOf(it, 'nas')] : [])]
  const settings = { keep, zone: it.one(['UTC', 'Europe/Berlin', 'Australia/Lord_Howe']), keepVerified: it.one([1, 2, 2, 3]), locations: it.mostly(1, 2) }
  return world(shelves, settings, { accepted: it.mostly(undefined, { most: 12, at: ago(hours(3)) }, { most: 3, at: ago(hours(30)) }) })
}

const SET: Pick<BackupSet, 'engine' | 'in'> = { engine: 'postgres', in: ['main', 'nas'].map((store) => ({ store, pattern: { text: 'shop/{date}', prefix: 'shop/' } })) }

/** The job of it: mostly armed by two for just this world, with a breaker that is closed. */
function jobOf(it: Dice, world: World): Job {
  const arming = { binding: bindingOf(world, SET) ?? '', people: ['ada', 'bo'], agreement: 'agr_1', at: ago(days(1)) }
  return {
    ...NEW_JOB, version: 7, arming: it.mostly<Job['arming']>(arming, undefined, { ...arming, people: ['ada'] }, { ...arming, binding: 'another' }),
    breaker: it.mostly<Job['breaker']>({ is: 'closed' }, { is: 'open', since: ago(hours(3)), because: ['too many'] }, { is: 'half', since: ago(hours(3)), through: Buffer.from('main/10').toString('hex'), most: 10 }),
  }
}

type JobLoss = (job: Job, it: Dice) => Job
const JOB_LOSSES: Readonly<Record<string, JobLoss>> = {
  'who armed it is forgotten': (job) => ({ ...job, arming: undefined }),
  'one of two who armed it is forgotten': (job) => ({ ...job, arming: job.arming && { ...job.arming, people: job.arming.people.slice(0, 1) } }),
  'what was armed is not known': (job) => ({ ...job, arming: job.arming && { ...job.arming, binding: '' } }),
  'the breaker opens': (job) => ({ ...job, breaker: { is: 'open', since: ago(0), because: ['by chance'] } }),
  'its history is lost': (job) => ({ ...job, latest: undefined, healthy: undefined, clean: 0 }),
}

type Loss = (world: World, it: Dice) => World
const onShelf = (change: (shelf: Shelf, it: Dice) => Partial<Shelf>): Loss => (world, it) => {
  const i = it.below(world.shelves.length)
  return { ...world, shelves: world.shelves.map((shelf, j) => (i === j ? { ...shelf, ...change(shelf, it) } : shelf)) }
}
const onCopy = (change: (copy: Copy, it: Dice) => Partial<Copy>): Loss => onShelf(({ copies }, it) => {
  const i = it.below(copies.length)
  return { copies: copies.map((copy, j) => (i === j ? { ...copy, ...change(copy, it) } : copy)) }
})
const without = <T>(all: readonly T[], i: number): T[] => all.filter((_, j) => i !== j)
/** What a listing that was never given knows nothing of. */
const blank = { now: undefined, former: undefined }

const LOSSES: Readonly<Record<string, Loss>> = {
  'a copy is left out': onShelf(({ copies }, it) => ({ copies: without(copies, it.below(copies.length)) })),
  'a copy is left out, and not even counted': onShelf(({ copies, count, proofs }, it) => {
    const gone = copies[it.below(copies.length)]?.place.key
    // Where one comes twice, to leave out one of both would mend it.
    const left = copies.filter(({ place }) => place.key !== gone)
    return { copies: left, count: (count ?? 1) - (copies.length - left.length), proofs: (proofs ?? 1) - 1 }
  }),
  'a copy comes twice': onShelf(({ copies, count }, it) => ({ copies: [...copies, ...copies.slice(it.below(copies.length)).slice(0, 1)], count: (count ?? 0) + 1 })),
  'a store is not listed': (world, it) => ({ ...world, shelves: without(world.shelves, it.below(world.shelves.length)) }),
  'a copy has no date': onCopy(() => ({ at: undefined })),
  'a copy has no date, and does not count': onCopy(() => ({ at: undefined, counted: false, why: 'undated' })),
  'a copy does not count any more': onCopy(() => ({ counted: false, why: 'shrunken' })),
  'a copy has no size': onCopy(() => ({ bytes: undefined })),
  'the rung is not known': onCopy(() => ({ rung: undefined })),
  'nobody knows when it was proven': onCopy(() => ({ provenAt: undefined })),
  'it was proven long ago': onCopy(({ provenAt }, it) => ({ provenAt: provenAt && instantOf(Math.min(provenAt, ago(days(20 + it.below(40))))) })),
  'its proof is of tomorrow': onCopy(() => ({ provenAt: ago(-DAY) })),
  'the proof is forgotten': onCopy(({ rung, provenAt }) => (rung !== undefined && rung >= 2 ? { rung: 1, provenAt: undefined } : { rung, provenAt })),
  'the store does not say since when it lies there': onCopy(() => ({ modifiedAt: undefined })),
  'nobody knows whether it is held': onCopy(({ held }) => ({ held: held === true ? held : undefined })),
  'it is another than the one remembered': onCopy(({ place }) => ({ place: { ...place, etag: 'another' } })),
  'a listing is missing': onShelf(() => ({ listing: undefined })),
  'a listing did not end': onShelf((_, it) => ({ listing: looked('x', { found: it.one([{ is: 'unknown', says: 'no answer' }, { is: 'fail', says: 'cut short' }]) }) })),
  'a listing comes late': onShelf((_, it) => ({ listing: looked('x', { seen: { tick: tickOf(now.tick - hours(it.one([1, 20]))), boot: 'b' } }) })),
  'the clocks were not compared': onShelf((_, it) => ({ clock: it.one([undefined, looked('x', { found: { is: 'unknown', says: 'no date' } })]) })),
  'nobody knows which store it is': onShelf(({ identity }, it) => ({ identity: it.one([blank, { ...identity, former: undefined }, { ...identity, now: undefined }]) })),
  'nobody knows how many there are': onShelf(() => ({ count: undefined })),
  'what was known is lost': onShelf(() => ({ known: undefined })),
  'one that was known is forgotten': onShelf(({ known }, it) => ({ known: known && { ...known, copies: without(known.copies, it.below(known.copies.length)) } })),
  'a mark is lost': onShelf(({ known }, it) => {
    const i = it.below(known?.copies.length ?? 0)
    return { known: known && { ...known, copies: known.copies.map(({ place, since, mark }, j) => (i === j || mark === undefined ? { place, since } : { place, since, mark })) } }
  }),
  'how many are proven is not known': onShelf(() => ({ proofs: undefined })),
  'how many there were is not known': onShelf(() => ({ fewest: undefined })),
  'there were fewer': onShelf(({ fewest }) => ({ fewest: typeof fewest === 'number' ? Math.floor(fewest / 2) : fewest })),
  'what was done today is not known': onShelf(() => ({ actsToday: undefined })),
  'what was accepted is not known': (world) => ({ ...world, accepted: undefined }),
  'all comes late': (world, it) => ({ ...world, now: { ...now, tick: tickOf(now.tick + hours(it.one([1, 30]))) } }),
  'another boot': (world) => ({ ...world, now: { ...now, boot: 'other' } }),
}

const goingOf = (world: World): string[] => deletable(judge(world).plan).map((item) => nameOf({ key: item.key, etag: item.etag }))

/** What could go, what goes on schedule, and whether anybody is told. */
function look(world: World, job: Job): { readonly could: readonly string[]; readonly goes: readonly string[]; readonly pages: number; readonly latches: boolean; readonly binding: string | undefined } {
  const binding = bindingOf(world, SET)
  const { judged, run } = runOf({ world, job, binding, unfit: [] })
  const goes = run.acts.map(({ given: { item } }) => nameOf({ key: item.key, etag: item.etag ?? '' }))
  return { could: deletable(judged.plan).map((item) => nameOf({ key: item.key, etag: item.etag })), goes, pages: judged.pages.length, latches: run.breaker?.is === 'open', binding }
}

/** Nothing goes on schedule but what could go by a person's word, of what two have armed, with a breaker that is not open. */
function permitted(job: Job, { could, goes, latches, pages, binding }: ReturnType<typeof look>, says: string): void {
  assert.deepEqual(goes.filter((one) => !could.includes(one)), [], `${says}: it goes on schedule, and could not`)
  const isArmed = new Set(job.arming?.people).size >= 2 && job.arming?.binding === binding
  assert(goes.length === 0 || (isArmed && !latches), `${says}: G-16 C-17 nobody let it`)
  // What trips is refused, and so it is told.
  assert(!latches || job.breaker.is === 'open' || pages > 0, `${says}: G-5 latched, and nobody is told`)
}

/** Everything that goes, looked at without the room's own eyes. */
function fits(world: World, going: readonly string[], says: string): void {
  const { settings, shelves, store } = world
  const own = shelves.find((it) => it.store === store)
  assert(going.length === 0 || own, says)
  const verified = (it: Shelf): Copy[] => it.copies.filter((copy) => copy.counted && (copy.rung ?? 0) >= 2 && (copy.provenAt ?? 0) >= ago(settings.verifiedWithin) && (copy.provenAt ?? Number.POSITIVE_INFINITY) <= now.wall && (copy.at ?? Number.POSITIVE_INFINITY) <= now.wall)
  for (const name of going) {
    const copy = own?.copies.find((it) => nameOf(it.place) === name)
    assert(copy?.at !== undefined && copy.counted && copy.held === false && copy.at < ago(0) && (copy.modifiedAt ?? now.wall) <= ago(hours(24)), `${says}: G-4 ${name}`)
    const at = copy.at
    const remain = (it: Shelf): number => verified(it).filter((other) => (other.at ?? 0) > at && !(it.store === store && going.includes(nameOf(other.place)))).length
    assert(own !== undefined && remain(own) >= 1, `${says}: G-4 ${name} is the newest verified`)
    assert(shelves.filter((it) => remain(it) >= settings.keepVerified).length >= settings.locations, `${says}: G-1 ${name}`)
  }
  assert(going.length <= Math.max(LIMITS.perRun, world.accepted?.most ?? 0), `${says}: G-5`)
}

test(`X-9 G-3 G-1 G-4 G-5 nothing that is missing, late or blurred lets a copy go or silences a page, in ${WORLDS} worlds`, () => {
  const losses = Object.entries(LOSSES)
  const jobLosses = Object.entries(JOB_LOSSES)
  const counted = { going: 0, paging: 0, stopped: 0, scheduled: 0, latched: 0 }
  for (let n = -FOUND_BEFORE.length; n < WORLDS; n++) {
    const seed = (n < 0 ? FOUND_BEFORE.at(n) : undefined) ?? SEED * 1_000_003 + n
    const it = dice(seed)
    let before = worldOf(it)
    let job = jobOf(it, before)
    let was = look(before, job)
    const told = [`seed ${seed}`]
    fits(before, was.could, `seed ${seed}`)
    permitted(job, was, `seed ${seed}`)
    if (was.could.length > 0) counted.going++
    if (was.goes.length > 0) counted.scheduled++
    if (was.latches && job.breaker.is !== 'open') counted.latched++
    for (let again = true; again; again = it.chance(0.6)) {
      const ofJob = it.chance(0.15)
      const [name, lose] = losses[it.below(losses.length)] ?? ['', (same: World) => same]
      const [jobName, loseJob] = jobLosses[it.below(jobLosses.length)] ?? ['', (same: Job) => same]
      told.push(ofJob ? jobName : name)
      const lost = ofJob ? before : lose(before, it)
      const left = ofJob ? loseJob(job, it) : job
      const is = look(lost, left)
      if (was.pages > 0) counted.paging++
      if (is.could.length < was.could.length) counted.stopped++
      assert.deepEqual(is.could.filter((one) => !was.could.includes(one)), [], `${told.join(' → ')}: more may go`)
      assert.deepEqual(is.goes.filter((one) => !was.goes.includes(one)), [], `${told.join(' → ')}: more goes on schedule`)
      assert(was.pages === 0 || is.pages > 0, `${told.join(' → ')}: nobody is paged any more`)
      fits(lost, is.could, told.join(' → '))
      permitted(left, is, told.join(' → '))
      if (it.chance(0.5)) [before, job, was] = [lost, left, is]
      else told.pop()
    }
  }
  assert(counted.going > WORLDS / 5 && counted.paging > WORLDS / 10 && counted.stopped > WORLDS / 10 && counted.scheduled > WORLDS / 8 && counted.latched > WORLDS / 100, `the worlds prove too little: ${JSON.stringify(counted)}`)
})

test(`G-3 a copy more never makes a newer one go, in ${WORLDS / 2} worlds`, () => {
  let went = 0
  for (let n = 0; n < WORLDS / 2; n++) {
    const seed = SEED * 2_000_003 + n
    const it = dice(seed)
    const before = worldOf(it)
    const was = goingOf(before)
    const at = ago(it.below(30) * hours(20))
    const place = { key: 'main/more', etag: 'more' }
    const more = night(0, { at, place, copy: 'more', modifiedAt: it.mostly(at, ago(0)), ...it.mostly<Partial<Copy>>({}, { rung: 1, provenAt: undefined }, { counted: false, why: 'by chance' }) })
    const after = { ...before, shelves: before.shelves.map((shelf) => (shelf.store === 'main' ? grown(shelf, more, it.chance(0.7)) : shelf)) }
    const is = goingOf(after)
    if (is.length > was.length) went++
    const newer = new Set(after.shelves[0]?.copies.filter((copy) => copy.at !== undefined && copy.at > at).map((copy) => nameOf(copy.place)))
    assert.deepEqual(is.filter((one) => newer.has(one) && !was.includes(one)), [], `seed ${seed}`)
  }
  assert(went > 0, 'an older one goes at times')
})

function grown(shelf: Shelf, more: Copy, wasKnown: boolean): Shelf {
  const known = [...(shelf.known?.copies ?? []), ...(wasKnown ? [{ place: more.place, since: moment(days(3)) }] : [])]
  return { ...shelf, copies: [...shelf.copies, more], count: (shelf.count ?? 0) + 1, known: shelf.known && { count: known.length, copies: known }, proofs: (shelf.proofs ?? 0) + ((more.rung ?? 0) >= 2 ? 1 : 0) }
}
