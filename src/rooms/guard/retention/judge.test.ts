// Retention by stories: what goes, what stays, and what each copy says about it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { days, hours, ms, tickOf } from '../../../core/time.ts'
import { deletable, judge, LIMITS, type World } from './judge.ts'
import type { Copy, Shelf } from './shelf.ts'
import { ago, looked, moment, night, nights, now, shelf, world, ZERO } from './fixtures/scene.ts'

const going = (it: World): string[] => deletable(judge(it).plan).map(({ copy }) => copy)
const why = (it: World, copy: string): string => judge(it).plan.items.find((item) => item.copy === copy)?.why ?? ''
const ids = (it: World): string[] => judge(it).plan.refusals.map(({ id }) => id)

test('what no rule keeps may go, and each copy says why it stays or goes', () => {
  const it = world([shelf(nights(9))])
  assert.deepEqual(going(it), ['n7', 'n8'])
  const { plan, pages, healthy } = judge(it)
  assert.deepEqual([plan.totals, pages, healthy], [{ quarantine: 2, keep: 7, never: 0, bytes: 2_000 }, [], true])
  assert.equal(why(it, 'n6'), 'kept, because daily: the newest of 2026-03-04 (7 of 7)')
  assert.match(why(it, 'n8'), /^deletable, because no rule keeps it; a newer verified copy in main; 2 newer verified copies in a store; 1 d old by the store's clock;/)
  assert.deepEqual(plan.items.map(({ key }) => key), nights(9).map(({ place }) => place.key))
})

test('G-6 a plan names store, key, version, etag and size, and its hash changes with each', () => {
  const base = world([shelf(nights(9))])
  const hashes = new Set([judge(base).plan.hash])
  const changes: readonly Partial<Copy>[] = [{ place: { key: 'x', etag: 'e8' } }, { place: { key: 'shop/8.dump', etag: 'x' } }, { place: { key: 'shop/8.dump', etag: 'e8', versionId: 'v' } }, { bytes: 1 }, { at: ago(days(9)) }]
  for (const change of changes) hashes.add(judge(world([shelf([...nights(8), night(8, change)])])).plan.hash)
  hashes.add(judge(world([shelf(nights(9), { identity: { now: 'store-2', former: 'store-2' } })])).plan.hash)
  assert.equal(hashes.size, 7)
  assert.deepEqual(judge(base).plan.hash, judge(base).plan.hash)
})

test('G-1 G-2 without two newer verified copies nothing goes', () => {
  const unread = { rung: 1, provenAt: undefined }
  assert.deepEqual(going(world([shelf([night(0), ...nights(9, unread).slice(1)])])), [])
  assert.match(why(world([shelf([night(0), ...nights(9, unread).slice(1)])]), 'n8'), /^kept, because not yet: 2 newer verified copies in a store: not known of enough \(main: 1\)/)
  assert.deepEqual(going(world([shelf([night(0), night(1), ...nights(9, unread).slice(2)])])), ['n7', 'n8'])
  assert.deepEqual(going(world([shelf(nights(9, { provenAt: ago(days(31)) }))])), [], 'a proof of long ago is none')
  assert.deepEqual(going(world([shelf(nights(9, { provenAt: ago(-1) }))])), [], 'a proof of tomorrow is none')
  assert.deepEqual(going(world([shelf(nights(9, { provenAt: ago(days(31)) }))], { verifiedWithin: days(60) })), ['n7', 'n8'])
})

test('G-1 in each of so many places, and from that place', () => {
  const [main, nas] = [shelf(nights(9)), shelf(nights(9), { store: 'nas' })]
  assert.deepEqual(going(world([main], { locations: 2 })), [])
  assert.deepEqual(going(world([main, nas], { locations: 2 })), ['n7', 'n8'])
  const unread = shelf(nights(9, { rung: 1, provenAt: undefined }), { store: 'nas' })
  assert.deepEqual(going(world([main, unread], { locations: 2 })), [])
  const stale: Shelf = { ...nas, listing: looked('nas', { seen: { tick: tickOf(0), boot: 'b' } }) }
  assert.deepEqual(going(world([main, stale], { locations: 2 })), [], 'what cannot be believed is no witness')
  assert.deepEqual(going(world([unread, main], {}, { store: 'nas' })), [], 'the newest of a place that nobody read there is not covered by another place alone')
})

test('G-2 what does not count keeps its place, and takes nobody else’s', () => {
  for (const reason of ['partial', 'running', 'failed', 'empty', 'undated', 'future-dated', 'shrunken', 'unreadable']) {
    const it = world([shelf([...nights(4), night(4, { counted: false, why: reason }), ...nights(10).slice(5)])])
    assert.deepEqual(going(it), ['n8', 'n9'])
    assert.equal(why(it, 'n4'), `never, because it does not count (${reason}): a person decides about it`)
  }
})

test('G-4 the newest verified, the held, the young and the undated never go', () => {
  const old = { rung: 1, provenAt: undefined }
  // Everything newer was never read: the newest verified is the oldest of all.
  const newest = world([shelf([...nights(9, old).slice(0, 8), night(8)]), shelf(nights(9), { store: 'nas' })])
  assert.deepEqual(going(newest), [])
  assert.match(why(newest, 'n8'), /^kept, because daily: .*of those that were ever read whole/)
  assert.match(why(newest, 'n7'), /^never, because nothing newer than it is verified in main/)
  assert.deepEqual(going(world([shelf([...nights(8), night(8, { held: true })])])), ['n7'])
  assert.deepEqual(going(world([shelf([...nights(8), night(8, { held: undefined })])])), ['n7'])
  assert.deepEqual(going(world([shelf([...nights(8), night(8, { at: undefined })])])), ['n7'])
  assert.deepEqual(going(world([shelf([...nights(8), night(8, { modifiedAt: ago(hours(23)) })])])), ['n7'])
  assert.deepEqual(going(world([shelf([...nights(8), night(8, { modifiedAt: undefined })])])), ['n7'])
  assert.deepEqual(going(world([shelf([night(0)])], { keep: { within: ms(1) } })), [])
})

test('G-3 copies of the future, or added in a heap, push out nothing that is good', () => {
  const good = nights(8)
  const heap = (more: (n: number) => Partial<Copy>): Copy[] => Array.from({ length: 200 }, (_, n) => night(n, { place: { key: `x/${n}`, etag: 'x' }, copy: `x${n}`, ...more(n) }))
  const future = heap((n) => ({ at: ago(days(1) * -(n + 1)) }))
  assert.deepEqual(going(world([shelf([...future, ...good], { fewest: 8 })], {}, { accepted: { most: 1_000, at: ago(0) } })), ['n7'])
  const fresh = shelf([...good, ...heap((n) => ({ at: ago(n * 1000), modifiedAt: ago(0) }))], { fewest: 8 })
  const known = { count: 8, copies: fresh.known?.copies.slice(0, 8) ?? [] }
  assert.deepEqual(going(world([{ ...fresh, known }], {}, { accepted: { most: 1_000, at: ago(0) } })), ['n7'])
  // Even when they lie there for long: nobody has ever read them.
  const patient = world([shelf([...good, ...heap((n) => ({ at: ago(n * hours(24) + 1), modifiedAt: ago(days(3)), rung: 1, provenAt: undefined }))])], {}, { accepted: { most: 1_000, at: ago(0) } })
  assert.deepEqual(going(patient).filter((it) => it.startsWith('n')), ['n7'])
  assert.deepEqual(going({ ...patient, accepted: undefined }), [], 'G-5 and it is far beyond the limit')
})

test('G-5 more than the limits: the whole plan is refused, and somebody is paged', () => {
  const many = world([shelf(nights(7 + LIMITS.perRun + 1))])
  assert.deepEqual([going(many), ids(many)], [[], ['limit']])
  assert.match(judge(many).pages[0]?.says ?? '', /^nothing of shop is set aside in main: main: 11 copies could go at once, at most 10\. If so much may go, a person accepts the number, for a day: holdfast backups accept-most shop main <number> -m "why"$/)
  assert.deepEqual(judge(many).plan.items.filter(({ refused }) => refused).map(({ copy }) => copy), nights(18).slice(7).map(({ copy }) => copy), 'those that are too many are named')
  assert.match(why(many, 'n7'), /^refused: it is one of those that could go at once$/)
  const fresh = judge(world([shelf(nights(18), { known: { count: 18, copies: [] }, fewest: 18 })])).plan
  assert.deepEqual(fresh.items.flatMap(({ copy, refused, why: says }) => (refused ? [[copy, /^refused: it is one of those that could go at once; as it stands: kept, because daily: it is not among the newest 7, but no newer one is known well enough to let it go$/.test(says)]] : [])), nights(18).slice(7).map(({ copy }) => [copy, true]), 'also where nothing is known for long enough to let any go yet')
  assert.equal(going(world([shelf(nights(7 + LIMITS.perRun))])).length, LIMITS.perRun)
  const share = world([shelf(nights(12), { fewest: 12 })])
  assert.deepEqual([going(share), ids(share)], [[], ['limit']], 'five of twelve are more than a quarter')
  assert.equal(going(world([shelf(nights(12), { fewest: 20 })])).length, 5)
  assert.deepEqual(going(world([shelf(nights(12), { fewest: 20, actsToday: 16 })])), [])
  assert.equal(going({ ...share, accepted: { most: 5, at: ago(hours(1)) } }).length, 5)
  assert.deepEqual(going({ ...share, accepted: { most: 4, at: ago(hours(1)) } }), [])
  assert.deepEqual(going({ ...share, accepted: { most: 5, at: ago(hours(25)) } }), [], 'what was accepted yesterday is not accepted')
  assert.deepEqual(going({ ...share, accepted: { most: 5, at: ago(-1) } }), [])
})

test('G-7 G-9 the first sight only marks; a day by both clocks and two healthy evaluations later it goes', () => {
  const bare = shelf(nights(9))
  const at = (wall: number, lived: number, former: Shelf): World => {
    const tick = tickOf(now.tick + lived)
    const seen = { tick, boot: 'b' }
    return world([{ ...former, listing: looked('main', { seen }), clock: looked('clock', { seen }) }], {}, { now: { ...now, wall: ago(-wall), tick }, lived: ms(days(400) + lived) })
  }
  const next = (former: Shelf, it: World): Shelf => {
    const { remember } = judge(it)
    assert(remember)
    return { ...former, known: { count: remember.length, copies: remember } }
  }
  const unmarked: Shelf = { ...bare, known: { count: 9, copies: bare.known?.copies.map(({ place, since }) => ({ place, since })) ?? [] } }
  assert.deepEqual(going(at(0, 0, unmarked)), [])
  assert.match(why(at(0, 0, unmarked), 'n8'), /marked for 1 d: it is marked only now/)
  const first = next(unmarked, at(0, 0, unmarked))
  assert.deepEqual(going(at(days(2), hours(1), first)), [], 'X-7 a clock that is set forward makes nothing older')
  assert.deepEqual(going(at(hours(1), hours(30), first)), [])
  assert.deepEqual(going(at(hours(25), hours(25), first)), [], 'one evaluation is not two')
  const second = next(first, at(hours(2), hours(2), first))
  assert.deepEqual(going(at(hours(23), hours(23), second)), [])
  assert.deepEqual(going(at(hours(25), hours(25), second)), ['n6', 'n7', 'n8'].slice(1))
  // A rule keeps it in between: the mark is gone.
  const third = next(second, world([second], { keep: { daily: 9 } }))
  assert.deepEqual(going(at(hours(25), hours(25), third)), [])
})

test('a shelf that cannot be believed gives up nothing, says what is wrong and pages', () => {
  const good = shelf(nights(9))
  const less = good.copies.slice(0, 8)
  const bad: readonly [string, Partial<Shelf>][] = [
    ['listing', { listing: undefined }], ['listing', { listing: looked('main', { found: { is: 'fail', says: 'it ended early' } }) }], ['listing', { listing: looked('main', { found: { is: 'unknown', says: 'no answer' } }) }],
    ['listing', { listing: looked('main', { seen: { tick: tickOf(now.tick - 15 * 60_000 - 1), boot: 'b' } }) }], ['listing', { listing: looked('main', { seen: { tick: now.tick, boot: 'other' } }) }],
    ['clock', { clock: looked('clock', { found: { is: 'fail', says: 'a day off' } }) }], ['clock', { clock: undefined }],
    ['whole', { count: 10 }], ['whole', { count: undefined }], ['identity', { identity: { now: 'x', former: 'y' } }], ['identity', { identity: { now: undefined, former: 'y' } }],
    ['known', { known: { count: 10, copies: good.known?.copies ?? [] } }], ['vanished', { copies: less, count: 8, proofs: 8 }], ['proofs', { proofs: 10 }], ['proofs', { proofs: undefined }], ['limit', { fewest: undefined }], ['limit', { actsToday: undefined }],
  ]
  for (const [id, change] of bad) {
    const it = world([{ ...good, ...change }])
    assert.deepEqual([going(it), ids(it).includes(id), judge(it).pages.length, judge(it).remember], [[], true, 1, undefined], `${id}: ${JSON.stringify(change).slice(0, 80)}`)
    assert(judge(it).plan.refusals.every(({ cure, text }) => cure !== '' && text.startsWith('main: ')))
  }
  const forgotten = good.copies.map((it, n) => (n === 3 ? { ...it, rung: undefined, provenAt: undefined } : it))
  assert.deepEqual([ids(world([{ ...good, copies: forgotten }])), judge(world([{ ...good, copies: forgotten }])).pages.length], [['proofs'], 1], 'X-9 one of which nobody knows may be the one that is missed')
  const twice = shelf([...nights(9), night(8)])
  assert.deepEqual(ids(world([twice])), ['whole'])
  assert.deepEqual(ids(world([good], {}, { store: 'nas' })), ['listing'])
})

test('G-10 G-12 a copy that somebody else took away stops all, until a person says that it is gone', () => {
  const all = shelf(nights(9))
  const left = all.copies.filter(({ copy }) => copy !== 'n3')
  const it = world([{ ...all, copies: left, count: 8, proofs: 8 }])
  assert.match(judge(it).pages[0]?.says ?? '', /1 copy that was there is gone or changed, and it was not Holdfast: “shop\/3\.dump”\. If that was right, a person says so: holdfast backups accept-gone shop main -m "why"$/)
  assert.match(judge(it).plan.refusals[0]?.cure ?? '', / a person says so: holdfast backups accept-gone shop main -m "why"; it tells first what is missing\.$/)
  const accepted = all.known?.copies.filter(({ place }) => place.key !== 'shop/3.dump') ?? []
  assert.deepEqual(going(world([{ ...all, copies: left, count: 8, proofs: 8, known: { count: 8, copies: accepted } }])), ['n8'])
})

test('a set without a rule keeps everything', () => {
  for (const keep of [{}, { daily: 0 }]) assert.deepEqual([going(world([shelf(nights(9))], { keep })), ids(world([shelf(nights(9))], { keep }))], [[], ['rules']])
  assert.deepEqual(going(world([shelf(nights(9))], { keepVerified: 0 })), [])
  assert.deepEqual(going(world([shelf(nights(9))], { locations: 0 })), [])
})

test('where no new copies come, none go, however late it is', () => {
  const late = nights(9).map((it) => ({ ...it, at: ago(ZERO - (it.at ?? 0) + days(300)), modifiedAt: ago(ZERO - (it.at ?? 0) + days(300)) }))
  for (const keep of [{ within: days(9) }, { daily: 9 }]) assert.deepEqual(going(world([shelf(late)], { keep })), [])
})

test('a wait in a lab is shorter, and nothing else is', () => {
  const young = shelf(nights(9), { known: { count: 9, copies: nights(9).map(({ place }) => ({ place, since: moment(2_000), mark: { first: moment(2_000), last: moment(1_000), runs: 2 } })) } })
  assert.deepEqual(going(world([young])), [])
  assert.deepEqual(going(world([young], { shrink: 86_400 })), ['n7', 'n8'])
  assert.deepEqual(going(world([young], { shrink: 86_400, keepVerified: 9 })), [])
  for (const shrink of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) assert.deepEqual(going(world([young], { shrink })), [])
})
