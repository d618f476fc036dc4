// X-9 and G-3 over random small worlds: whatever is taken away from what a run knows, comes late or grows blurred, it destroys nothing more, and if
// somebody would have been paged, somebody still is. Each world is judged as it is, then once per loss, then after losses one upon the other.
import assert from 'node:assert/strict'
import test from 'node:test'
import { bytes, byBytes, DAY, noted, row, spool, thing, ZERO, type Keyed, type Noted, type Row, type Spool, type Spools, type Thing } from '../../../../test/guard/spool.ts'
import { asideOf, at, flagOf, HOUR, read, run, scene, type Outcome, type Scene } from '../../../../test/guard/world.ts'
import { days, hours, instantOf, tickOf } from '../../../core/time.ts'
import type { Breaker } from './breaker.ts'
import type { Lock } from './cursor.ts'
import type { Read, Readings } from './readings.ts'

const WORLDS = Number(process.env['HOLDFAST_TEST_WORLDS'] ?? 10_000)
/** Of how many worlds more than one thing is lost. */
const AGAIN = 0.3

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
  return { below, chance, one: <T>(of: readonly [T, ...T[]]): T => of[below(of.length)] ?? of[0], mostly: <T>(usual: T, ...rare: readonly T[]): T => (rare.length === 0 || chance(0.9) ? usual : (rare[below(rare.length)] ?? usual)) }
}
type Dice = ReturnType<typeof dice>

const LOCKS: readonly [Lock, ...Lock[]] = ['free', 'locked', 'unknown']

/** A world in which much is well and something may not be. */
function worldOf(it: Dice): Scene {
  const rows: Row[] = []
  const [beforeOnly, afterOnly]: [Row[], Row[]] = [[], []]
  const things: Thing[] = []
  const memory: Noted[] = []
  const intents: string[] = []
  // Some worlds lie close to the limits of the breaker, where one more or one less decides.
  const orphans = it.chance(0.3) ? 6 + it.below(8) : it.below(7)
  for (let i = 0; i < orphans; i++) {
    // In no folder, mostly: a folder of twenty is judged by its own share.
    const key = i < 8 ? `c/f${i % 4}/x${i}` : `c/x${i}`
    const wait = it.mostly(9 * DAY, 23 * HOUR, DAY)
    const flag = flagOf(key, { runs: it.mostly(3, 1, 2, 4), first: at(wait), last: at(Math.min(wait, it.mostly(2 * HOUR, 25 * HOUR))), version: it.mostly(`v-${key}`, 'other') })
    things.push(thing(key, { modifiedAt: instantOf(ZERO - it.mostly(60, 8, 6, -1) * DAY), lock: it.mostly('free', ...LOCKS), tags: it.mostly([], ['hold'], ['other']), size: it.mostly(1, 0, 1e9) }))
    if (it.chance(0.9)) memory.push(noted(key, { lock: it.mostly('free', 'none', ...LOCKS), ...(it.chance(0.95) ? { flag } : {}) }))
    if (it.chance(0.04)) it.one([rows, beforeOnly, afterOnly]).push(row(key, it.one(LOCKS)))
    else if (it.chance(0.05)) intents.push(key)
  }
  for (let i = it.below(5); i > 0; i--) {
    const key = `c/f${i % 4}/aside${i}`
    things.push(thing(key, { standing: it.mostly('hidden', 'live'), lock: it.mostly('free', ...LOCKS) }))
    const aside = asideOf(key, { since: at(it.mostly(60, 29, 31) * DAY), storeSince: instantOf(ZERO - it.mostly(60, 29, 31) * DAY) })
    memory.push(noted(key, { lock: it.mostly('free', ...LOCKS), aside, ...(it.chance(0.9) ? { copied: it.mostly(true, false) } : {}) }))
    if (it.chance(0.02)) rows.push(row(key))
  }
  if (it.chance(0.06)) rows.push(row('c/f1/hole'))
  if (it.chance(0.03)) memory.push(noted('c/f1/hole', { lock: 'free', gapAccepted: true }))
  if (it.chance(0.04)) memory.push(noted('c/f1/gone', { lock: it.one(LOCKS) }))
  const breaker: Breaker = it.mostly<Breaker>({ is: 'closed' }, { is: 'open', since: at(DAY).wall, because: ['x'] }, { is: 'half', since: at(3 * DAY).wall, through: Buffer.from(`c/f${it.below(4)}/x`).toString('hex'), most: 10, ...(it.chance(0.7) ? { tried: at(it.one([HOUR, DAY, 2 * DAY])) } : {}) })
  const accepted = { shrink: it.chance(0.1) ? { at: at(it.below(40) * DAY).wall, rows: 50 + it.below(100), objects: 50 + it.below(100) } : undefined, goneGroups: it.chance(0.1) ? [{ name: 'c/f1/', most: 50 }] : [] }
  const world = scene({
    rows, before: beforeOnly, after: afterOnly, things, memory, intents, accepted, little: true, armed: it.chance(0.93),
    settings: { waits: { retention: days(it.mostly(14, 40)), oldestCopy: it.chance(0.2) ? 'unbound' : days(it.mostly(14, 50)), shrink: 1 }, copies: it.chance(0.95) },
    scene: { breaker, actsToday: orphans > 5 && it.chance(0.6) ? Math.max(0, 10 - orphans + it.below(4) - 2) : it.mostly(0, 1, 5), lastBatch: it.mostly({ tried: 0, failed: 0, preconditions: 0 }, { tried: 400, failed: 4, preconditions: 1 }, { tried: 9, failed: 2, preconditions: 3 }) },
  })
  return it.chance(0.05) ? unwell(world, it) : world
}

/** One of the readings says that something is wrong. */
function unwell(world: Scene, it: Dice): Scene {
  const { before, clocks, way, newest } = world.readings
  if (!before || !clocks || !way || !newest) return world
  const readings = it.one<Partial<Readings>>([
    { before: { ...before, value: { ...before.value, position: 10n } } }, { clocks: { ...clocks, value: { ...clocks.value, storeOff: hours(1) } } }, { way: { ...way, value: { ...way.value, versioning: 'suspended' } } },
    { way: { ...way, value: { ...way.value, noncurrent: days(33) } } }, { newest: read({ of: 1000, gone: 50 }, 'catalogue games') }, { epochLatched: read(true, 'ledger') }, { flagsBinding: read('other', 'ledger') },
  ])
  return { ...world, readings: { ...world.readings, ...readings } }
}

type Lane = 'before' | 'listing' | 'after' | 'intents' | 'memory'
const LANES: readonly [Lane, ...Lane[]] = ['before', 'listing', 'after', 'intents', 'memory']
type Loss = (world: Scene, it: Dice) => Scene

const withLane = (world: Scene, lane: Lane, how: (from: Spool<Keyed>) => Spool<Keyed>): Scene => ({ ...world, spools: { ...world.spools, [lane]: how(world.spools[lane]) } })
const without = <T>(all: readonly T[], i: number): T[] => all.filter((_, at_) => at_ !== i)
const withReadings = (world: Scene, readings: Partial<Readings>): Scene => ({ ...world, readings: { ...world.readings, ...readings } })
/** Changes one entry of an input; where there is none, nothing. */
const blur = <Name extends keyof Omit<Spools, 'sentinels'>>(name: Name, how: (entry: Spools[Name]['entries'][number]) => object): Loss => (world, it) => {
  const from: Spool<Keyed> = world.spools[name]
  // Mostly of something that is not simply kept.
  const odd = from.entries.flatMap((entry, j) => (Buffer.from(entry.key).includes('x') ? [j] : []))
  const i = odd.length > 0 && it.chance(0.7) ? odd[it.below(odd.length)] : it.below(from.entries.length)
  const entries = from.entries.map((entry, j) => (i === j ? { ...entry, ...how(entry) } : entry))
  return withLane(world, name, () => ({ ...from, entries }))
}
const NAMES: readonly [keyof Readings, ...(keyof Readings)[]] = ['before', 'listing', 'after', 'former', 'history', 'clocks', 'newest', 'sentinelCounter', 'epochLatched', 'lease', 'way', 'arming', 'accepted', 'flagsBinding']
/** One field of what was read is not known any more. */
const field = (name: keyof Readings, ...fields: readonly [string, ...string[]]): Loss => (world, it) => {
  const was: Read<unknown> | undefined = world.readings[name]
  return was === undefined || typeof was.value !== 'object' ? world : withReadings(world, { [name]: { ...was, value: { ...was.value, [it.one(fields)]: undefined } } })
}

const LOSSES_BY_NAME: Readonly<Record<string, Loss>> = {
  'an entry is missing': (world, it) => withLane(world, it.one(LANES), ({ entries, ended }) => ({ entries: without(entries, it.below(entries.length)), ended })),
  'an input ends early': (world, it) => withLane(world, it.one(LANES), ({ entries }) => spool(entries.slice(0, it.below(entries.length + 1)), { is: 'early', says: 'cut' })),
  'an input ends early and does not say so': (world, it) => withLane(world, it.one(LANES), ({ entries, ended }) => ({ entries: entries.slice(0, it.below(entries.length)), ended })),
  'a page comes twice': (world, it) => withLane(world, it.one(LANES), ({ entries, ended }) => ({ entries: [...entries, ...entries.slice(it.below(entries.length))], ended })),
  'an input is out of order': (world, it) => withLane(world, it.one(LANES), ({ entries, ended }) => ({ entries: it.chance(0.5) ? [...entries].reverse() : [...entries.slice(3), ...entries.slice(0, 3)], ended })),
  'a sentinel is not known': (world, it) => ({ ...world, spools: { ...world.spools, sentinels: without(world.spools.sentinels, it.below(world.spools.sentinels.length)) } }),
  'the store leaves something out of an object': blur('listing', () => ({})),
  'no version': blur('listing', () => ({ version: undefined })),
  'no etag': blur('listing', () => ({ etag: undefined })),
  'no size': blur('listing', () => ({ size: undefined })),
  'no date': blur('listing', () => ({ modifiedAt: undefined })),
  'the lock of the store was not read': blur('listing', () => ({ lock: 'unknown' })),
  'the tags were not read': blur('listing', () => ({ tags: undefined })),
  'the lock before is null': blur('before', () => ({ lock: 'unknown' })),
  'the lock after is null': blur('after', () => ({ lock: 'unknown' })),
  'the lock in memory is not readable': blur('memory', (entry) => ({ recalled: { ...entry.recalled, lock: 'unknown' } })),
  'nobody knows whether it is copied': blur('memory', (entry) => ({ recalled: { ...entry.recalled, copied: undefined } })),
  'nobody knows whether the gap was accepted': blur('memory', (entry) => ({ recalled: { ...entry.recalled, gapAccepted: undefined } })),
  'a reading is missing': (world, it) => withReadings(world, { [it.one(NAMES)]: undefined }),
  'a run is missing in the history': (world, it) => {
    const { history } = world.readings
    return history === undefined ? world : withReadings(world, { history: { ...history, value: { ...history.value, runs: without(history.value.runs, it.below(history.value.runs.length)) } } })
  },
  'a snapshot is blurred': (world, it) => field(it.one(['before', 'after']), 'primary', 'rowSecurity', 'lockColumn')(world, it),
  'the listing is blurred': field('listing', 'final', 'provider'),
  'the way of the store is blurred': field('way', 'noncurrent', 'conditionalDelete', 'lockHolds'),
  'nobody knows of a shrink': field('accepted', 'shrink'),
  'nobody knows of a group that is gone': (world) => (world.readings.accepted ? withReadings(world, { accepted: { ...world.readings.accepted, value: { ...world.readings.accepted.value, goneGroups: [] } } }) : world),
  'the readings come late': (world, it) => ({ ...world, now: { ...world.now, tick: tickOf(world.now.tick + hours(it.one([1, 2, 30]))) } }),
  'another boot': (world) => ({ ...world, now: { ...world.now, boot: 'other' } }),
  'the clocks were compared long ago': (world) => (world.readings.clocks ? withReadings(world, { clocks: { ...world.readings.clocks, seen: { tick: tickOf(0), boot: 'b' } } }) : world),
  'the breaker is not known': (world) => ({ ...world, breaker: undefined }),
  'what was done today is not known': (world) => ({ ...world, actsToday: undefined }),
  'what came of the last batch is not known': (world) => ({ ...world, lastBatch: undefined }),
  'the oldest copy of the catalogue is not known': (world) => ({ ...world, settings: { ...world.settings, waits: { ...world.settings.waits, oldestCopy: undefined } } }),
}

function noMore(was: Outcome, is: Outcome, says: string): void {
  const allowed = new Set(was.destroyed)
  const more = is.destroyed.filter((it) => !allowed.has(it))
  assert.deepEqual(more, [], `${says}: it destroys more`)
  assert(was.pages.length === 0 || is.pages.length > 0, `${says}: ${was.pages.map((it) => it.says).join('; ')} is not paged any more`)
}

test(`X-9 G-3 nothing that is missing, late or blurred destroys more or silences a page, in ${WORLDS} worlds`, () => {
  const losses = Object.entries(LOSSES_BY_NAME)
  const counted = { destroying: 0, paging: 0, stopped: 0 }
  for (let world = 0; world < WORLDS; world++) {
    const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1) * 1_000_003 + world
    const it = dice(seed)
    let before = worldOf(it)
    let was = run(before)
    if (was.destroyed.length > 0) counted.destroying++
    if (was.pages.length > 0) counted.paging++
    const told = [`seed ${seed}`]
    for (let again = true; again; again = it.chance(AGAIN)) {
      const [name, lose] = losses[it.below(losses.length)] ?? ['', (same: Scene) => same]
      told.push(name)
      const lost = lose(before, it)
      const is = run(lost)
      noMore(was, is, told.join(' → '))
      if (is.destroyed.length < was.destroyed.length) counted.stopped++
      // One upon the other, or each upon the world as it was.
      if (it.chance(0.5)) [before, was] = [lost, is]
      else told.pop()
    }
  }
  assert(counted.destroying > WORLDS / 3 && counted.paging > WORLDS / 10 && counted.stopped > WORLDS / 8, `the worlds prove too little: ${JSON.stringify(counted)}`)
})

test('X-9 every single loss of a world that would destroy, one by one', () => {
  const it = dice(7)
  const ripe = ['c/f0/a', 'c/f1/b', 'c/f0/before', 'c/f1/after', 'c/f2/uploading', 'c/f3/locked']
  const world = scene({
    things: [...ripe.map((key) => thing(key)), thing('c/f2/aside', { standing: 'hidden' })], before: [row('c/f0/before')], after: [row('c/f1/after')], intents: ['c/f2/uploading'],
    memory: [...ripe.map((key) => noted(key, { lock: key.endsWith('locked') ? 'locked' : 'free', flag: flagOf(key) })), noted('c/f2/aside', { lock: 'free', aside: asideOf('c/f2/aside'), copied: true })],
  })
  const was = run(world)
  assert.deepEqual(was.destroyed.map((one) => one.split(' ')[1]), ['c/f0/a', 'c/f1/b', 'c/f2/aside'])
  for (const [name, lose] of Object.entries(LOSSES_BY_NAME)) for (let i = 0; i < 10; i++) noMore(was, run(lose(world, it)), name)
  for (const lane of LANES) {
    for (const i of world.spools[lane].entries.keys()) {
      const is = run(withLane(world, lane, ({ entries, ended }) => ({ entries: without(entries, i), ended })))
      assert.deepEqual([is.destroyed.length, is.pages.length > 0], [0, true], `entry ${i} of ${lane} is missing`)
    }
  }
  for (const reading of NAMES) {
    const is = run(withReadings(world, { [reading]: undefined }))
    assert(is.destroyed.every((one) => one.startsWith('purge ')) && (reading === 'flagsBinding' || is.destroyed.length === 0), `${reading} is not known, and ${is.destroyed.join(', ')}`)
  }
})

test('G-20 a row more spares its object, and where a run destroys, it destroys nothing else for it', () => {
  const it = dice(11)
  for (let i = 0; i < 300; i++) {
    const world = worldOf(it)
    const was = run(world)
    const lane = i % 2 === 0 ? 'before' : 'after'
    const keys = world.spools.listing.entries.map((entry) => entry.key).filter((key) => !world.spools[lane].entries.some((entry) => Buffer.compare(entry.key, key) === 0))
    const key = keys[it.below(keys.length)] ?? bytes('c/f0/more')
    const own: Row = { key, lock: 'free' }
    const is = run(withLane(world, lane, ({ entries }) => spool(byBytes([...entries, own]))))
    const allowed = was.plan.refusals.length > 0 ? is.destroyed : was.destroyed
    for (const one of is.destroyed) assert(allowed.includes(one) && !one.includes(` ${Buffer.from(key).toString()} `), one)
  }
})
