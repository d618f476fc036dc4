// What is known of members, and what turned: under clocks, in the order in which words come. Whoever is silent is unknown at once, a turn is told once, and
// what is to be expected says by itself why.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { instantOf, tickOf, type Now, type Stamp } from '../../../core/time.ts'
import type { Report } from '../sight.ts'
import type { Cluster, ClusterKind } from '../topology.ts'
import { createMembersHeard } from './members-heard.ts'

const WALL = 1_795_000_000_000
const STATE = 'f3c1d0de-c0de-11f0-9b1e-7a1f2b3c4d5e'
const at = (ms: number): Now => ({ wall: instantOf(WALL + ms), tick: tickOf(100_000 + ms), boot: 'boot' })
const asked = (ms: number): Stamp => ({ tick: tickOf(100_000 + ms), boot: 'boot' })
type Galera = Extract<Report, { is: 'galera' }>
const node = (more: Partial<Galera> = {}): Galera => ({ is: 'galera', primary: true, synced: true, ready: true, state: STATE, view: '7', size: 3, total: 3, ...more })
const server = (more: Partial<Extract<Report, { is: 'patroni' }>> = {}): Report => ({ is: 'patroni', running: true, leads: false, timeline: 3, position: 5_000_000, ...(more.leads === true ? {} : { streams: true }), ...more })

function cluster(kind: ClusterKind = 'galera', canary?: string) {
  const of: Cluster = { name: 'shop-db', kind, members: ['db-1', 'db-2', 'db-3'], weights: {}, from: '', ...(canary === undefined ? {} : { canary }) }
  const heard = createMembersHeard()
  const say = (turns: ReturnType<typeof heard.hear>): string[] => turns.map(({ subject, claim, donor }) => `${subject} ${claim}${donor ? ' (donor)' : ''}`)
  return {
    of, heard,
    hear: (ms: number, host: string, report: Report) => say(heard.hear({ is: 'member', cluster: 'shop-db', host, asked: asked(ms), report }, of)),
    mute: (ms: number, host: string, says = 'it does not answer') => say(heard.hear({ is: 'mute', cluster: 'shop-db', host, at: asked(ms), says }, of)),
    write: (ms: number, host: string, wrong?: string) => say(heard.hear({ is: 'canary', cluster: 'shop-db', host, asked: asked(ms), ...(wrong === undefined ? {} : { wrong }) }, of)),
    elapsed: (ms: number) => say(heard.elapsed([of], at(ms))),
    all(ms: number, report: Report): string[] {
      return of.members.flatMap((host) => this.hear(ms, host, report))
    },
    found: (ms: number) => of.members.map((host) => heard.member(of, host, at(ms)).found),
  }
}

test('C-2 a word is good for ten seconds, and a member that is silent is unknown at once', () => {
  const it = cluster()
  assert.deepEqual([it.heard.sight(it.of, at(0)).is, it.found(0)], ['unknown', ['unknown', 'unknown', 'unknown']])
  it.all(0, node())
  assert.deepEqual(it.found(0), ['pass', 'pass', 'pass'])
  assert.deepEqual(it.heard.oldest(it.of, at(0)), asked(0))
  assert.deepEqual([it.found(10_000), it.found(10_001)], [['pass', 'pass', 'pass'], ['unknown', 'unknown', 'unknown']])
  assert.equal(it.heard.sight(it.of, { ...at(0), boot: 'another' }).is, 'unknown')
  it.mute(3000, 'db-2')
  assert.deepEqual(it.found(3000), ['pass', 'unknown', 'pass'])
  assert.equal(it.heard.member(it.of, 'db-2', at(3000)).evidence[0]?.says, 'it does not answer')
  const seen = it.heard.sight(it.of, at(3000))
  assert.deepEqual(seen.is === 'seen' && [seen.healthy, seen.unheard], [['db-1', 'db-3'], ['db-2']])
  it.hear(4000, 'db-2', node())
  assert.deepEqual([it.found(4000), it.heard.oldest(it.of, at(4000))], [['pass', 'pass', 'pass'], asked(0)])
  it.heard.keep(['other'])
  assert.equal(it.heard.oldest(it.of, at(4000)), undefined)
})

test('C-14 what turned for the worse is told once, with the host whose it is', () => {
  const it = cluster()
  it.all(0, node())
  assert.deepEqual(it.all(1000, node()), [])
  assert.deepEqual(it.hear(2000, 'db-1', node({ ready: false })), ['member:shop-db/db-1 is not ready any more'])
  assert.deepEqual(it.hear(3000, 'db-1', node({ ready: false })), [])
  assert.deepEqual(it.hear(4000, 'db-1', node()), [])
  assert.deepEqual(it.hear(5000, 'db-1', node({ synced: false })), ['member:shop-db/db-1 is not Synced any more'])
  assert.deepEqual(it.hear(5000, 'db-2', node({ primary: false, ready: false })), ['member:shop-db/db-2 is not Primary any more'])
  assert.deepEqual(it.hear(6000, 'db-3', { is: 'stopped', says: 'refused the connection' }), ['member:shop-db/db-3 does not run any more: refused the connection'])
  assert.deepEqual(it.mute(9000, 'db-3'), [], 'it was not well before')
  assert.deepEqual(it.heard.hear({ is: 'mute', cluster: 'shop-db', host: 'db-9', at: asked(0), says: '' }, it.of), [], 'it is no member')
  assert.deepEqual(it.heard.hear({ is: 'mute', cluster: 'shop-db', host: 'db-1', at: asked(0), says: '' }, undefined), [])
  const turn = createMembersHeard()
  turn.hear({ is: 'member', cluster: 'shop-db', host: 'db-1', asked: asked(0), report: node() }, it.of)
  assert.deepEqual(turn.hear({ is: 'mute', cluster: 'shop-db', host: 'db-1', at: asked(3000), says: 'no answer' }, it.of)[0], { subject: 'member:shop-db/db-1', is: 'member', host: 'db-1', claim: 'does not answer any more: no answer', cluster: 'shop-db' })
})

test('C-13 C-14 a donor says that it is one, and a donor that is lost as well is a turn of its own', () => {
  const it = cluster()
  it.all(0, node())
  const [giving] = it.hear(1000, 'db-2', node({ synced: false, donor: true }))
  assert.match(giving ?? '', /not Synced any more \(donor\)$/)
  assert.deepEqual(it.found(1000), ['pass', 'fail', 'pass'], 'it is not counted on meanwhile')
  assert.deepEqual(it.mute(4000, 'db-2'), ['member:shop-db/db-2 does not answer any more: it does not answer'])
})

test('C-12 C-14 a write that is not committed is a turn though all is green, and a pass rests on a write', () => {
  const it = cluster('galera', 'holdfast.canary')
  it.all(0, node())
  assert.deepEqual(it.found(0), ['unknown', 'unknown', 'unknown'])
  for (const host of it.of.members) assert.deepEqual(it.write(0, host), [])
  assert.deepEqual(it.found(0), ['pass', 'pass', 'pass'])
  it.all(5000, node())
  assert.deepEqual(it.write(2000, 'db-2', 'not within 3 s'), ['member:shop-db/db-2 does not commit a write: not within 3 s'])
  assert.deepEqual(it.write(4000, 'db-2', 'not within 3 s'), [])
  assert.deepEqual(it.found(5000), ['pass', 'fail', 'pass'])
  it.write(5000, 'db-2')
  assert.deepEqual(it.found(5000), ['pass', 'pass', 'pass'])
  // Nobody says any more whether the others commit.
  it.all(6500, node())
  assert.deepEqual(it.elapsed(6500), ['db-1', 'db-3'].map((host) => `member:shop-db/${host} no write is known to have been committed for 6 s`))
  assert.deepEqual([it.found(6500), it.elapsed(6600)], [['fail', 'pass', 'fail'], []])
})

test('X-9 C-14 nobody brings word any more: that is a turn too', () => {
  const it = cluster()
  it.all(0, node())
  assert.deepEqual(it.elapsed(5000), [])
  assert.equal(it.elapsed(5001).length, 3)
  assert.deepEqual([it.elapsed(6000), it.found(6000)], [[], ['unknown', 'unknown', 'unknown']])
})

test('R-2 C-14 a split, and a cluster of which nothing is known, are turns of the cluster, and excused by nothing', () => {
  const it = cluster()
  it.all(0, node())
  const lone = node({ view: '9', size: 1, total: 1 })
  it.mute(3000, 'db-1')
  assert.deepEqual(it.hear(4000, 'db-2', lone), [])
  assert.deepEqual(it.hear(4200, 'db-3', lone), ['cluster:shop-db is split: db-2 and db-3 are Primary, and not of one cluster'])
  assert.deepEqual(it.hear(5000, 'db-2', lone), [])
  const other = cluster()
  other.all(0, node())
  // The view changes, and goes on changing.
  assert.deepEqual([1000, 2000, 3000].flatMap((ms) => other.hear(ms, 'db-1', node({ view: String(ms), size: 2, total: 2 }))), [])
  assert.match(other.hear(4000, 'db-1', node({ view: '1', size: 2, total: 2 })).join(), /^cluster:shop-db is not known any more: /)
})

test('C-14 Patroni: a hand-over is no turn, two who take writes are one, and so is nobody who leads', () => {
  const it = cluster('patroni')
  it.hear(-1000, 'db-1', server({ leads: true }))
  it.hear(0, 'db-1', server({ leads: true }))
  it.hear(0, 'db-2', server())
  it.hear(0, 'db-3', server())
  assert.deepEqual(it.found(0), ['pass', 'pass', 'pass'])
  assert.deepEqual([...it.hear(900, 'db-2', server({ leads: true })), ...it.hear(1000, 'db-1', server())], [], 'the new one was heard first')
  assert.deepEqual(it.hear(2000, 'db-1', server({ leads: true })), [])
  assert.deepEqual(it.hear(2100, 'db-2', server({ leads: true })), ['cluster:shop-db is split: db-1 and db-2 both take writes'])
  const none = cluster('patroni')
  none.hear(0, 'db-1', server({ leads: true }))
  none.hear(0, 'db-2', server())
  none.hear(0, 'db-3', server())
  assert.deepEqual([1000, 2000, 3000, 3900].flatMap((ms) => none.all(ms, server())), [])
  assert.deepEqual(none.all(4000, server()), ['cluster:shop-db has nobody who leads'])
  const odd = cluster('patroni')
  odd.hear(0, 'db-1', server({ leads: true }))
  assert.deepEqual([1000, 3000, 5000].flatMap((ms) => odd.hear(ms, 'db-1', server({ leads: true, odd: 'Patroni says that it follows' }))), [])
  assert.equal(odd.found(5000)[0], 'unknown')
  assert.deepEqual(odd.hear(6000, 'db-1', server({ leads: true, odd: 'Patroni says that it follows' })), ['member:shop-db/db-1 Patroni says that it follows'])
})

const LEADS = server({ leads: true })
/** A second of its cluster: the leader, one that follows, and another one. */
function second(it: ReturnType<typeof cluster>, ms: number, third: Report, leader: Report = LEADS): string[] {
  return [...it.hear(ms, 'db-1', leader), ...it.hear(ms + 10, 'db-2', server(leader.is === 'patroni' && leader.position !== undefined ? { position: leader.position } : {})), ...it.hear(ms + 20, 'db-3', third)]
}

test('C-1 C-2 C-14 a server that does not stream, is on another timeline or too far behind is not well after ten seconds, a turn is told once, and the words name it', () => {
  const lost: [Partial<Extract<Report, { is: 'patroni' }>>, RegExp][] = [
    [{ streams: false, lag: 0 }, /it does not stream/], [{ timeline: 2 }, /it is on timeline 2, and db-1 leads on 3/], [{ position: 5_000_000 - 1_048_577 }, /it is 1048577 B behind db-1/],
  ]
  for (const [more, says] of lost) {
    const it = cluster('patroni')
    for (const ms of [0, 1000, 2000]) assert.deepEqual(second(it, ms, server()), [])
    assert.deepEqual(it.found(2020), ['pass', 'pass', 'pass'])
    for (let ms = 3000; ms < 13_000; ms += 1000) assert.deepEqual(second(it, ms, server(more)), [], 'a moment is no loss of it')
    assert.deepEqual(it.found(12_020), ['pass', 'pass', 'pass'])
    const turns = second(it, 14_000, server(more))
    assert.equal(turns.length, 1)
    assert.match(turns.join(), /^member:shop-db\/db-3 does not follow any more: /)
    assert.match(turns.join(), says)
    assert.deepEqual([second(it, 15_000, server(more)), it.found(15_020)], [[], ['pass', 'pass', 'fail']])
    assert.match(it.heard.member(it.of, 'db-3', at(15_020)).evidence[0]?.says ?? '', says)
    second(it, 16_000, server())
    assert.deepEqual(it.found(16_020), ['pass', 'pass', 'pass'])
  }
})

test('C-2 C-14 a gust of load is no lag: a follower is held against what the leader had written before', () => {
  const it = cluster('patroni')
  // 100 MB in each second, and the leader, asked first, always answers after the follower.
  const written = (ms: number): number => 5_000_000 + ms * 100_000
  for (let ms = 0; ms <= 30_000; ms += 1000) {
    assert.deepEqual([...it.hear(ms, 'db-1', server({ leads: true, position: written(ms + 300) })), ...it.hear(ms + 100, 'db-2', server({ position: written(ms + 100) }))], [])
    if (ms >= 2000) assert.equal(it.found(ms + 100)[1], 'pass', `after ${ms} ms`)
  }
  // One look over the bound, and then there again.
  it.hear(30_200, 'db-2', server())
  assert.equal(it.found(30_200)[1], 'pass')
})

test('C-2 C-14 nobody is to blame for following none while nobody leads; who begins anew has to be seen to follow, and what is not said is unknown', () => {
  const it = cluster('patroni')
  for (const ms of [0, 1000, 2000]) second(it, ms, server())
  it.hear(3000, 'db-1', { is: 'stopped', says: 'refused the connection' })
  const alone = [4000, 10_000, 20_000, 30_000].flatMap((ms) => ['db-2', 'db-3'].flatMap((host) => it.hear(ms, host, server({ streams: false }))))
  assert.deepEqual(alone.filter((turn) => turn.startsWith('member:')), [])
  // Another one leads, after half a minute: the third has its ten seconds from then on.
  const young = { leads: true, timeline: 4 }
  for (const ms of [31_000, 32_000, 33_000]) assert.deepEqual([...it.hear(ms, 'db-2', server(young)), ...it.hear(ms, 'db-3', server({ streams: false }))].filter((turn) => turn.startsWith('member:')), [])
  assert.deepEqual(it.found(33_000), ['unknown', 'pass', 'pass'])
  it.hear(34_000, 'db-2', server(young))
  it.hear(34_000, 'db-3', server({ timeline: 4 }))
  // The old one runs again, and is not where the others are: not well from the first look on, and no turn.
  assert.deepEqual(it.hear(34_000, 'db-1', server()), [])
  assert.deepEqual(it.found(34_000), ['fail', 'pass', 'pass'])
  for (const unsaid of ['timeline', 'position', 'streams'] as const) {
    const other = cluster('patroni')
    const { [unsaid]: gone, ...rest } = server() as Extract<Report, { is: 'patroni' }>
    assert.notEqual(gone, undefined)
    for (const ms of [0, 1000, 2000]) second(other, ms, rest)
    assert.deepEqual(other.found(2020), ['pass', 'pass', 'unknown'], unsaid)
    assert.match(other.heard.member(other.of, 'db-3', at(2020)).evidence[0]?.says ?? '', /whether it follows the one that leads is not known/)
  }
})

test('C-2 that it is stopped is known only of a host that refuses; silence is no proof of it', () => {
  const it = cluster()
  const stopped = (ms: number) => it.heard.stopped(it.of, 'db-1', at(ms)).found
  assert.equal(stopped(0), 'unknown')
  it.hear(0, 'db-1', node())
  assert.equal(stopped(0), 'fail')
  it.mute(3000, 'db-1')
  assert.equal(stopped(3000), 'unknown')
  it.hear(4000, 'db-1', { is: 'stopped', says: 'refused the connection' })
  assert.deepEqual([stopped(4000), stopped(14_001)], ['pass', 'unknown'])
  assert.deepEqual(it.heard.stopped(it.of, 'db-1', at(4000)).from, asked(4000))
})

test('C-14 X-9 whatever is said in whatever order: who is well no more was told, and who is well was heard lately', () => {
  const word = fc.record({
    host: fc.constantFrom('db-1', 'db-2', 'db-3'), is: fc.constantFrom('member', 'mute', 'stopped', 'canary', 'elapsed'), wait: fc.integer({ min: 0, max: 4000 }),
    primary: fc.boolean(), synced: fc.boolean(), ready: fc.boolean(), wrong: fc.option(fc.constant('it hangs'), { nil: undefined }),
  })
  fc.assert(fc.property(fc.array(word, { maxLength: 40 }), (words) => {
    const it = cluster('galera', 'holdfast.canary')
    const last = new Map<string, number>()
    let ms = 0
    for (const { host, is, wait, wrong, ...more } of words) {
      ms += wait
      const before = it.found(ms)
      const told = is === 'elapsed' ? it.elapsed(ms) : is === 'mute' ? it.mute(ms, host) : is === 'canary' ? it.write(ms, host, wrong) : it.hear(ms, host, is === 'stopped' ? { is: 'stopped', says: 'refused' } : node(more))
      if (is === 'member' || is === 'stopped') last.set(host, ms)
      const after = it.found(ms)
      for (const [n, name] of it.of.members.entries()) {
        if (after[n] === 'pass') assert.ok(ms - (last.get(name) ?? -1e9) <= 10_000)
        if (before[n] === 'pass' && after[n] !== 'pass') assert.ok(told.some((turn) => turn.startsWith(`member:shop-db/${name} `)) || it.heard.sight(it.of, at(ms)).is !== 'seen', `${name}: ${told.join()}`)
      }
    }
  }), { numRuns: 300 })
})
