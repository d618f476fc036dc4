// Whole runs: a world where all is well does what it should, and each thing that is wrong with it stops all of it, with a page.
import assert from 'node:assert/strict'
import test from 'node:test'
import { bytes, row, spool, thing, DAY, noted } from '../../../../test/guard/spool.ts'
import { asideOf, at, filled, flagOf, historyOf, HOUR, LIVED, now, read, ripe, run, scene, SENTINELS, spent, stamp, type Given, type Scene } from '../../../../test/guard/world.ts'
import { days, hours, instantOf, ms, tickOf } from '../../../core/time.ts'
import type { Accepted, Readings } from './readings.ts'
import { spreadOf, type Spread } from './spread.ts'

const RIPE: Given = { things: [thing('c/f0/lost')], memory: [ripe('c/f0/lost')] }
const acts = (it: Scene): string[] => run(it).items.map(({ act, key }) => `${act} ${key}`)

test('a world where all is well: what has waited out everything is put aside, and nothing else is touched', () => {
  const outcome = run(scene({ things: [thing('c/f0/lost'), thing('c/f1/new'), thing('c/f2/up'), thing('c/f3/aside', { standing: 'hidden' })], memory: [ripe('c/f0/lost'), spent('c/f3/aside')], intents: ['c/f2/up'] }))
  assert.deepEqual(outcome.plan.refusals, [])
  assert.deepEqual(outcome.destroyed, ['quarantine c/f0/lost v-c/f0/lost', 'purge c/f3/aside v-c/f3/aside'])
  assert.deepEqual(outcome.items.map(({ act, key }) => `${act} ${key}`), ['quarantine c/f0/lost', 'keep c/f1/new', 'purge c/f3/aside'])
  assert.deepEqual(outcome.plan.totals, { purge: 1, quarantine: 1, release: 0, keep: 1, gaps: 0, never: 0, gone: 0, bytes: 20 })
  assert.deepEqual(outcome.pages, [])
  assert.equal(outcome.healthy, true)
  assert.equal(outcome.plan.mode, 'armed')
})

/** Every way in which a run can be wrong that has something to do, and the refusal that must name it. */
const wrong = (readings: Partial<Readings>, more: Given = {}): Scene => {
  const good = scene({ ...RIPE, ...more })
  return { ...good, readings: { ...good.readings, ...readings } }
}
const good = scene(RIPE).readings
const { before, after, listing, way } = good
assert(before && after && listing && way)
const catalogue = (more: Partial<typeof before.value>): Partial<Readings> => ({ before: { ...before, value: { ...before.value, ...more } }, after: { ...after, value: { ...after.value, ...more } } })
const shorter = (lane: 'before' | 'listing' | 'after', drop: number): Scene => {
  const it = scene(RIPE)
  const cut = <Entry extends { key: Uint8Array }>(from: readonly Entry[]): Entry[] => from.filter((entry, i) => i >= drop || SENTINELS.some((own) => Buffer.compare(own.key, entry.key) === 0))
  return { ...it, spools: { ...it.spools, [lane]: spool(cut(it.spools[lane].entries)) } }
}
const tenPercentLess = [100, 90, 81, 73, 66, 59, 53, 48].map((n, i) => ({ number: 243 + i, at: instantOf(now.wall - (8 - i) * 12 * HOUR), healthy: true, before: n * 2, after: n * 2, objects: 120, newOrphans: 0 }))

const isSentinel = (key: Uint8Array): boolean => SENTINELS.some((own) => Buffer.compare(own.key, key) === 0)
/** Each object as many days old as it says. */
const aged = (age: (key: Uint8Array, i: number) => number): Scene => {
  const it = scene(RIPE)
  return { ...it, spools: { ...it.spools, listing: spool(it.spools.listing.entries.map((entry, i) => ({ ...entry, modifiedAt: instantOf(now.wall - age(entry.key, i) * DAY) }))) } }
}

const REFUSED: readonly [string, string, Scene][] = [
  ['G-16 another database cluster', 'identity', wrong(catalogue({ identity: { ...before.value.identity, system: '9' } }))],
  ['G-16 another database of the same name after a failover', 'identity', wrong(catalogue({ identity: { ...before.value.identity, timeline: 5 } }))],
  ['G-16 another bucket', 'identity', wrong({ listing: { ...listing, value: { ...listing.value, store: { ...listing.value.store, bucket: 'other' } } } })],
  ['G-16 the catalogue changed under the listing', 'identity', wrong({ after: { ...after, value: { ...after.value, identity: { ...after.value.identity, database: 'copy' } } } })],
  ['the catalogue is not reachable', 'identity', wrong({ before: undefined, after: undefined })],
  ['the catalogue went away before its second reading', 'epoch', wrong({ after: undefined })],
  ['nobody knows what former runs saw', 'identity', wrong({ former: undefined })],
  ['former runs are lost: this is not the first', 'identity', wrong({ former: read('none', 'ledger') })],
  ['G-19 restored: its history is shorter', 'epoch', wrong(catalogue({ position: 80n }))],
  ['G-19 restored into the same cluster: other object ids', 'epoch', wrong(catalogue({ oids: 'o2' }))],
  ['G-19 a sentinel counter lower than seen', 'epoch', wrong({ sentinelCounter: read(6, 'catalogue') })],
  ['G-19 more than one per cent of the newest keys gone', 'epoch', wrong({ newest: read({ of: 1000, gone: 11 }, 'catalogue') })],
  ['G-19 the latch holds until a person acknowledges', 'epoch', wrong({ epochLatched: read(true, 'ledger') })],
  ['a replica that lags', 'schema', wrong(catalogue({ primary: false }))],
  ['G-20 row security', 'schema', wrong(catalogue({ rowSecurity: true }))],
  ['a table more (Mastodon #33948)', 'schema', wrong(catalogue({ fingerprint: 'f2' }))],
  ['G-17 the lock column is gone', 'schema', wrong(catalogue({ lockColumn: false }))],
  ['a sentinel is in no catalogue', 'sentinels', { ...scene(RIPE), spools: { ...scene(RIPE).spools, after: spool(scene(RIPE).spools.after.entries.filter((it) => Buffer.from(it.key).toString() !== 'c/s/3')) } }],
  ['no sentinels are planted', 'sentinels', { ...scene(RIPE), spools: { ...scene(RIPE).spools, sentinels: [] } }],
  ['G-25 sentinels that all stand in one folder', 'sentinels', { ...scene(RIPE), spools: { ...scene(RIPE).spools, sentinels: scene(RIPE).spools.sentinels.map((it, i) => ({ ...it, key: it.is === 'row' ? bytes(`c/f0/${String(i * 4).padStart(4, '0')}`) : it.key })) } }],
  ['G-25 sentinels that are all young', 'sentinels', aged((key) => (isSentinel(key) ? 2 : 60))],
  ['G-25 sentinels that are all old', 'sentinels', aged((key, i) => (isSentinel(key) || i % 2 === 0 ? 60 : 2))],
  ['the planted orphan is not found', 'planted', { ...scene(RIPE), spools: { ...scene(RIPE).spools, listing: spool(scene(RIPE).spools.listing.entries.filter((it) => Buffer.from(it.key).toString() !== 'c/s/orphan')) } }],
  ['the planted gap is not found', 'planted', { ...scene(RIPE), spools: { ...scene(RIPE).spools, before: spool(scene(RIPE).spools.before.entries.filter((it) => Buffer.from(it.key).toString() !== 'c/s/gap')) } }],
  ['G-10 the last page says that it goes on', 'listing', wrong({ listing: { ...listing, value: { ...listing.value, final: false } } })],
  ['G-10 a quarter of the listing is missing', 'listing', shorter('listing', 30)],
  ['G-10 a page came twice', 'listing', { ...scene(RIPE), spools: { ...scene(RIPE).spools, listing: spool(scene(RIPE).spools.listing.entries.flatMap((it, i) => (i === 7 ? [it, it] : [it]))) } }],
  ['statement_timeout in mid-stream', 'schema', { ...scene(RIPE), spools: { ...scene(RIPE).spools, after: spool(scene(RIPE).spools.after.entries.slice(0, 50), { is: 'early', says: 'canceling statement due to statement timeout' }) } }],
  ['an empty catalogue', 'floor', { ...scene(RIPE), spools: { ...scene(RIPE).spools, before: spool([]), after: spool([]) } }],
  ['G-18 a catalogue with 15 per cent fewer rows', 'floor', shorter('before', 20)],
  ['G-18 ten per cent fewer every run, eight runs long', 'floor', wrong({ history: read({ number: 251, runs: [...historyOf(120, 120).slice(0, -8), ...tenPercentLess] }, 'ledger') })],
  ['a run is missing in the history', 'floor', wrong({ history: read({ number: 251, runs: historyOf(120, 120).filter((it) => it.number !== 220) }, 'ledger') })],
  ['the catalogue is smaller than anybody believes', 'floor', scene({ ...RIPE, settings: { least: 500 } })],
  ['G-24 read more than an hour ago', 'fresh', wrong({ before: { ...before, value: { ...before.value, began: stamp(HOUR + 1) } } })],
  ['G-24 a listing taken up again under a younger catalogue', 'fresh', wrong({ listing: { ...listing, value: { ...listing.value, began: stamp(30 * 60_000) } } })],
  ['G-8 the lease is over (Kopia #1949)', 'fresh', wrong({ lease: read({ wall: now.wall, tick: now.tick, boot: now.boot }, 'lease') })],
  ['another boot', 'fresh', wrong({ before: { ...before, value: { ...before.value, began: { tick: tickOf(1), boot: 'other' } } } })],
  ['G-9 the store\'s clock is a day off', 'clock', wrong({ clocks: read({ store: now.wall, storeOff: ms(DAY), databaseOff: ms(0) }, 'clocks') })],
  ['G-9 nobody compared the clocks', 'clock', wrong({ clocks: undefined })],
  ['rows without objects and objects without rows in one folder', 'gaps', scene({ ...RIPE, rows: [row('c/f0/hole')] })],
  ['G-19 one thing in two spellings, in two folders', 'gaps', scene({ ...RIPE, rows: [row('c/F0/LOST')] })],
  ['G-16 the limits were edited after arming', 'arming', { ...scene(RIPE), settings: { ...scene(RIPE).settings, least: 19 } }],
  ['G-16 the query was edited after arming', 'arming', { ...scene(RIPE), settings: { ...scene(RIPE).settings, queries: ['select other'] } }],
  ['G-21 versioning suspended in the middle', 'way', wrong({ way: { ...way, value: { ...way.value, versioning: 'suspended' } } })],
  ['G-21 no versions', 'way', wrong({ way: { ...way, value: { ...way.value, versioning: 'none' } } })],
  ['G-21 the lifecycle ends before the quarantine', 'way', wrong({ way: { ...way, value: { ...way.value, noncurrent: days(29) } } })],
  ['the store deletes what is locked', 'way', wrong({ way: { ...way, value: { ...way.value, lockHolds: false } } })],
  ['the breaker is open', 'breaker', scene({ ...RIPE, scene: { breaker: { is: 'open', since: at(DAY).wall, because: ['too many'] } } })],
  ['nobody knows the state of the breaker', 'breaker', { ...scene(RIPE), breaker: undefined }],
  ['nobody knows how much was done today', 'limit:per-day', scene({ ...RIPE, scene: { actsToday: undefined } })],
  ['G-23 what was put aside has a row again', 'limit:resurrected', scene({ ...RIPE, rows: [row('c/f1/back')], things: [thing('c/f0/lost'), thing('c/f1/back', { standing: 'hidden' })], memory: [ripe('c/f0/lost'), spent('c/f1/back')] })],
]

for (const [says, id, it] of REFUSED) {
  test(`refused: ${says}`, () => {
    const outcome = run(it)
    assert.deepEqual(outcome.destroyed, [])
    const refusal = outcome.plan.refusals.find((one) => one.id === id)
    assert(refusal, `refused by ${outcome.plan.refusals.map((one) => `${one.id}: ${one.text}`).join('; ') || 'nothing'}`)
    assert(refusal.text.length > 10 && refusal.cure.length > 20, JSON.stringify(refusal))
    assert(outcome.pages.length > 0 && new Set(outcome.pages.map((page) => page.cause)).size === outcome.pages.length, 'G-28 each cause is one page')
  })
}

const spared = (says: string, given: Given, expected: string): void => void test(says, () => {
  const outcome = run(scene(given))
  assert.deepEqual(outcome.destroyed, [])
  assert(acts(scene(given)).includes(expected), acts(scene(given)).join(', '))
  assert.deepEqual(outcome.plan.refusals, [])
})
const lost = (more: Parameters<typeof thing>[1], memory = ripe('c/f0/lost')): Given => ({ things: [thing('c/f0/lost', more)], memory: [memory] })
spared('G-17 a lock that only the store knows spares it', lost({ lock: 'locked' }), 'never c/f0/lost')
spared('G-17 a lock of the store that nobody could read spares it', lost({ lock: 'unknown' }), 'keep c/f0/lost')
spared('G-17 a lock that vanished with its row spares it', lost({}, ripe('c/f0/lost', { lock: 'locked' })), 'never c/f0/lost')
spared('G-17 a lock that was null spares it', lost({}, ripe('c/f0/lost', { lock: 'unknown' })), 'never c/f0/lost')
spared('a tag of its owner spares it', lost({ tags: ['holdfast:keep'] }), 'never c/f0/lost')
spared('tags that were not read spare it', lost({ tags: undefined }), 'keep c/f0/lost')
spared('G-6 without an etag nobody can tell later what was judged', lost({ etag: undefined }), 'keep c/f0/lost')
spared('G-6 another version than the flagged one begins anew', lost({ version: 'newer' }), 'keep c/f0/lost')
spared('G-7 two counted runs are not three', lost({}, ripe('c/f0/lost', { flag: flagOf('c/f0/lost', { runs: 2 }) })), 'keep c/f0/lost')
spared('G-23 a locked one in quarantine is not purged', { things: [thing('c/f3/aside', { standing: 'hidden' })], memory: [spent('c/f3/aside', { lock: 'locked' })] }, 'keep c/f3/aside')
spared('G-23 what is not verified in the other place is not purged', { things: [thing('c/f3/aside', { standing: 'hidden' })], memory: [spent('c/f3/aside', { copied: false })] }, 'keep c/f3/aside')
spared('G-23 without another place nothing is purged', { things: [thing('c/f3/aside', { standing: 'hidden' })], memory: [spent('c/f3/aside')], settings: { copies: false } }, 'keep c/f3/aside')
spared('G-23 shorter than the quarantine', { things: [thing('c/f3/aside', { standing: 'hidden' })], memory: [spent('c/f3/aside', { aside: asideOf('c/f3/aside', { since: at(29 * DAY) }) })] }, 'keep c/f3/aside')
spared('G-16 flags made under another binding are none', { ...RIPE, readings: { flagsBinding: read('other', 'ledger') } }, 'keep c/f0/lost')

test('G-25 where there is one folder and little in it, sentinels need no spread', () => {
  const spread = (folders: number, objects: number, ages: readonly number[]): Spread => {
    const it = spreadOf([bytes('c/a/1')], bytes('c/'))
    for (let n = 0; n < folders; n++) it.group({ name: `c/${'abcdef'[n] ?? ''}/`, objects: 1 })
    for (let n = 0; n < objects; n++) it.object({ listed: () => ({ modifiedAt: instantOf(now.wall - (ages[n % ages.length] ?? 0) * DAY) }) })
    it.sentinel({ modifiedAt: instantOf(now.wall - 10 * DAY) })
    return it.found()
  }
  assert.deepEqual(spread(1, 19, [100, 1]), { folders: 1, held: 1, old: undefined, young: undefined })
  assert.deepEqual(spread(3, 20, [100, 1]), { folders: 3, held: 1, old: false, young: false })
  assert.deepEqual(spread(3, 20, [11, 10, 9]), { folders: 3, held: 1, old: true, young: true }, 'to the day')
  // More than are kept as a sample: it stays spread over all.
  assert.deepEqual([spread(1, 50_000, [100, 100, 100, 100, 1]), spread(1, 50_000, [100, 100, 1, 1])].map(({ old, young }) => [old, young]), [[false, true], [false, false]])
})

test('report-only is the default: all is judged, and nothing may be executed', () => {
  const outcome = run(scene({ ...RIPE, armed: false }))
  assert.equal(outcome.plan.mode, 'report')
  assert.deepEqual([outcome.destroyed, outcome.plan.refusals, outcome.pages], [[], [], []])
  assert.deepEqual(outcome.items.map((it) => it.act), ['quarantine'])
  const alone = scene(RIPE)
  const { arming } = alone.readings
  assert(arming && arming.value !== 'none')
  assert.equal(run({ ...alone, readings: { ...alone.readings, arming: { ...arming, value: { ...arming.value, people: ['ada', 'ada'] } } } }).plan.mode, 'report', 'one person twice arms nothing')
})

test('a row that comes back brings its object back, a gap is told and pages, and no row is ever touched', () => {
  const outcome = run(scene({ rows: [row('c/f1/back')], before: [row('c/f1/half')], things: [thing('c/f1/back', { standing: 'hidden' }), thing('c/f1/half', { standing: 'hidden' })], memory: [spent('c/f1/back'), spent('c/f1/half')] }))
  assert.deepEqual(outcome.items.map(({ act, key }) => `${act} ${key}`), ['release c/f1/back', 'release c/f1/half'])
  assert.equal(outcome.breaker?.is, 'open', 'and it trips the breaker: the clean-up was wrong')
  const hole = run(scene({ rows: [row('c/f1/hole')] }))
  assert.deepEqual(hole.items.map(({ act, key }) => `${act} ${key}`), ['gap c/f1/hole'])
  assert.deepEqual(hole.pages.map((it) => it.cause), ['reconcile:customer-backups:gap'])
  assert.deepEqual(run(scene({ rows: [row('c/f1/hole')], memory: [noted('c/f1/hole', { lock: 'free', gapAccepted: true })] })).pages, [], 'a person has accepted this one')
  assert.deepEqual(run(scene({ memory: [spent('c/f1/stolen')] })).pages.map((it) => it.cause), ['reconcile:customer-backups:gone'], 'G-12')
})

test('X-9 G-12 a run that read nothing, or another bucket, accuses nobody: nothing is said to be gone or edited, and no flag is lost', () => {
  const memory = [ripe('c/f0/lost'), spent('c/f1/aside'), noted('c/f2/held', { lock: 'locked' })]
  const away = { before: undefined, listing: undefined, after: undefined, clocks: undefined, newest: undefined, way: undefined }
  const silent = (says: string) => spool<never>([], { is: 'early', says })
  const it = scene({ memory })
  const down = run({ ...it, readings: { ...it.readings, ...away }, spools: { ...it.spools, before: silent('it does not answer'), listing: silent('it was not read either'), after: silent('it was not read either') } })
  const empty = { ...wrong({ listing: { ...listing, value: { ...listing.value, store: { ...listing.value.store, bucket: 'other' } } } }, { memory }), spools: { ...it.spools, listing: spool<never>([]) } }
  for (const { plan, items, remembered, pages } of [down, run(empty)]) {
    assert.deepEqual([plan.totals.gone, plan.totals.gaps, items.filter(({ act }) => act === 'gone' || act === 'gap')], [0, 0, []])
    assert.deepEqual(remembered.filter(({ when }) => when === 'always'), [])
    assert.equal(pages.length, 1)
    assert.doesNotMatch(pages[0]?.says ?? '', /gone|no longer what/)
    // The first words are all that a phone shows: what was found, and not what was wished.
    assert.match(pages[0]?.says ?? '', /^nothing was touched: (the catalogue before the listing ended early: it does not answer|the store is other)/)
  }
  const arming = down.plan.refusals.find(({ id }) => id === 'arming')
  assert.equal(arming?.found, 'unknown', 'nothing was read that could be another')
  assert.deepEqual(run(scene({ memory })).items.map(({ act, key }) => `${act} ${key}`), ['gone c/f1/aside', 'gone c/f2/held'], 'what a whole listing of this store does not hold is told')
})

test('what is remembered: locks always, flags only if the run counts', () => {
  const { remembered } = run(scene({ ...RIPE, rows: [row('c/f1/held', 'locked')], things: [thing('c/f0/lost'), thing('c/f1/held'), thing('c/f1/new'), thing('c/f2/row')], after: [row('c/f2/row')], memory: [ripe('c/f0/lost'), ripe('c/f2/row')] }))
  assert.deepEqual(remembered.map((it) => [Buffer.from(it.key).toString(), it.when, it.recalled.lock, it.recalled.flag?.runs]), [
    ['c/f0/lost', 'counted', 'free', 3], ['c/f1/held', 'always', 'locked', undefined], ['c/f1/new', 'counted', 'none', 1], ['c/f2/row', 'always', 'free', undefined],
  ])
})

test('G-7 what its application hid itself has no flag any more: brought back one day it is judged from that day on', () => {
  const hide = (more: Given = {}): ReturnType<typeof run> => run(scene({ things: [thing('c/f0/lost', { standing: 'hidden' })], memory: [ripe('c/f0/lost', { lock: 'locked' })], ...more }))
  const [left] = hide().remembered
  assert.deepEqual([left?.when, left?.recalled.flag, left?.recalled.lock, hide().items], ['always', undefined, 'locked', []])
  const other = hide({ readings: { listing: { ...listing, value: { ...listing.value, store: { ...listing.value.store, bucket: 'other' } } } } })
  assert.deepEqual(other.remembered, [], 'X-9 another bucket says nothing of it')
})

test('the margins from the first sight to the quarantine: three runs a day apart, by both clocks, and never sooner', () => {
  let memory = [noted('c/f0/lost', { lock: 'free' })]
  const done: number[] = []
  for (let hour = 0; hour <= 60; hour += 3) {
    const shift = hours(hour)
    const late = { wall: instantOf(now.wall + shift), tick: now.tick, boot: now.boot }
    const it = scene({ things: [thing('c/f0/lost')], memory, scene: { now: late, lived: ms(LIVED + shift) } })
    const { clocks } = it.readings
    assert(clocks)
    const lease = read({ wall: instantOf(late.wall + 60_000), tick: tickOf(now.tick + 60_000), boot: now.boot }, 'lease')
    const outcome = run({ ...it, readings: { ...it.readings, lease, clocks: { ...clocks, value: { ...clocks.value, store: late.wall } } } })
    assert.deepEqual(outcome.plan.refusals, [])
    memory = outcome.remembered.map((one) => ({ key: one.key, recalled: one.recalled }))
    if (outcome.destroyed.length > 0) done.push(hour)
  }
  assert.deepEqual(done, [48, 51, 54, 57, 60])
})

test('G-5 whoever could close the breaker for what is too much for a day reads that it has to wait for the day', () => {
  const cure = run(scene({ ...RIPE, scene: { actsToday: 500 } })).plan.refusals.find(({ id }) => id === 'limit:per-day')?.cure ?? ''
  assert.match(cure, /wait until what was done is a day old.*opens again/)
})

test('G-19 where no run has learned the newest rows they are no reason to refuse; where they were learned and are lost they are', () => {
  const epochOf = (newest: Readings['newest']): string | undefined => run(wrong({ newest })).plan.checks.find(({ id }) => id === 'epoch')?.found
  assert.deepEqual([epochOf(read('none', 'ledger')), epochOf(undefined), epochOf(read({ of: 0, gone: 0 }, 'catalogue'))], ['pass', 'unknown', 'unknown'])
  const says = (newest: Readings['newest']): string => run(wrong({ newest })).plan.checks.find(({ id }) => id === 'epoch')?.text ?? ''
  assert.match(says(read('none', 'ledger')), /^the catalogue has not gone back in time: the newest rows are not being compared yet: /, 'it passes, and says what was not looked at')
  assert.equal(says(read({ of: 1000, gone: 0 }, 'catalogue')), 'the catalogue has not gone back in time')
})

test('G-21 the cure of a store that cannot put aside is that of what it cannot do', () => {
  const cureOf = (more: Partial<typeof way.value>): string => run(wrong({ way: { ...way, value: { ...way.value, ...more } } })).plan.refusals.find(({ id }) => id === 'way')?.cure ?? ''
  assert.match(cureOf({ versioning: 'suspended' }), /^Switch versioning on/)
  assert.match(cureOf({ lockHolds: false }), /^Arm nothing on such a store/)
  assert.match(run(wrong({ way: undefined })).plan.refusals.find(({ id }) => id === 'way')?.cure ?? '', /^It is tried out again/)
})

test('G-11 the hash is over every item and all that the plan rests on', () => {
  const hash = (given: Given): string => run(scene(given)).plan.hash
  const same = hash(RIPE)
  assert.equal(hash(RIPE), same)
  assert.match(same, /^[0-9a-f]{64}$/)
  const others = [lost({ size: 11 }), lost({ etag: 'x' }), { ...RIPE, armed: false }, { ...RIPE, settings: { reconcile: 'other' } }, { ...RIPE, intents: ['c/f0/lost'] }, { ...RIPE, readings: { way: undefined } }, { things: [thing('c/f0/lost'), thing('c/f0/z')], memory: [ripe('c/f0/lost')] }]
  assert.equal(new Set([same, ...others.map(hash)]).size, others.length + 1)
})

test('G-5 a plan above its limits is refused whole, and latches', () => {
  const many = Array.from({ length: 21 }, (_, i) => `c/f${i % 4}/x${i}`)
  const rows = filled(4, 200).map((key) => row(`${key}-more`))
  const outcome = run(scene({ rows, things: [...rows.map((it) => thing(Buffer.from(it.key).toString())), ...many.map((key) => thing(key))], memory: many.map((key) => ripe(key)) }))
  assert.deepEqual(outcome.destroyed, [])
  assert.equal(outcome.plan.totals.quarantine, 21)
  assert.equal(outcome.plan.mode, 'latched')
  assert.deepEqual(outcome.pages.map((it) => it.cause), ['reconcile:customer-backups:breaker'])
})

test('G-25 groups that a person has named as gone hide no other, however many they are', () => {
  const folders = Array.from({ length: 25 }, (_, n) => `c/g${String(n).padStart(2, '0')}/`)
  const things = folders.flatMap((name) => [thing(`${name}1`), thing(`${name}2`)])
  const told = (goneGroups: Accepted['goneGroups']): string[] => run(scene({ things, accepted: { goneGroups } })).plan.refusals.flatMap(({ id, text }) => (id === 'limit:group' ? [text] : []))
  assert.deepEqual(told(folders.slice(0, 24).map((name) => ({ name, most: 2 }))), ['2 of 2 objects in c/g24/ have no row'])
  assert.deepEqual(told(folders.map((name) => ({ name, most: 2 }))), [])
})

test('X-9 G-5 what is held back only for want of knowledge counts for the limits of a day, and stands on the ladder', () => {
  const names = ['c/f0/a', 'c/f0/b', 'c/f0/c']
  const ran = (tags: readonly string[] | undefined, actsToday: number): ReturnType<typeof run> =>
    run(scene({ things: names.map((key, n) => thing(key, n === 0 ? { tags } : {})), memory: names.map((key) => ripe(key)), scene: { actsToday } }))
  const isTooMany = (tags: readonly string[] | undefined, actsToday: number): boolean => ran(tags, actsToday).plan.refusals.some(({ id }) => id === 'limit:per-day')
  const room = Array.from({ length: 600 }, (_, n) => n).find((n) => isTooMany([], n)) ?? 0
  assert.deepEqual([isTooMany([], room), isTooMany(undefined, room), isTooMany(['holdfast:keep'], room)], [true, true, false])
  assert.deepEqual([[], undefined, ['holdfast:keep']].map((tags) => ran(tags, 0).ladder.count), [3, 3, 2])
})

test('half open: only what comes first is put aside, and the ladder still counts all', () => {
  const many = Array.from({ length: 13 }, (_, i) => `c/x${String(i).padStart(2, '0')}`)
  // Thirteen are no share of so many objects.
  const rows = filled(4, 700).map((key) => row(`${key}-more`))
  const given: Given = { rows, things: [...rows.map((it) => thing(Buffer.from(it.key).toString())), ...many.map((key) => thing(key))], memory: many.map((key) => ripe(key)) }
  const { ladder, destroyed } = run(scene(given))
  assert.deepEqual([ladder.count, destroyed.length], [13, 13])
  const through = ladder.rungs[0]?.key ?? ''
  const half = run(scene({ ...given, scene: { breaker: { is: 'half', since: at(HOUR).wall, through, most: 10 } } }))
  assert.deepEqual([half.plan.mode, half.ladder.count, half.destroyed.length, half.breaker?.is], ['armed', 13, 10, 'half'])
  assert.equal(run(scene({ ...given, scene: { breaker: { is: 'half', since: at(2 * DAY).wall, through, most: 10, tried: at(DAY) } } })).breaker?.is, 'closed', 'a day later all fit')
  assert.deepEqual(run(scene({ ...given, scene: { breaker: { is: 'open', since: at(DAY).wall, because: ['x'] } } })).ladder, ladder, 'whoever closes it sees what would come')
})

test('what somebody else has brought back is forgotten as put aside, and told once', () => {
  const outcome = run(scene({ rows: [row('c/f1/back')], things: [thing('c/f1/back'), thing('c/f1/alone')], memory: [spent('c/f1/back'), spent('c/f1/alone')] }))
  assert.deepEqual(outcome.remembered.map((it) => [Buffer.from(it.key).toString(), it.recalled.aside, it.when]), [['c/f1/alone', undefined, 'counted'], ['c/f1/back', undefined, 'always']])
  assert.equal(outcome.breaker?.is, 'open')
})
