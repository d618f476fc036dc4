// A rolling run as people tell it: which host may begin, what a failure stops, and that whatever happens no host of a later batch begins before every one of
// the batches before it has come to its end.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { instantOf, minutes, tickOf, type Now } from '../../../core/time.ts'
import type { Answered, Facts } from '../gates.ts'
import { planOf } from '../plan.ts'
import type { Runbook, Step } from '../runbook.ts'
import type { RunRow } from '../runs/record.ts'
import type { Run } from '../runs/run.ts'
import type { Host } from '../topology.ts'
import { batchesOf, sizeOf } from './batches.ts'
import { failureIn } from './failure.ts'
import { openingFor, sayLeft } from './opening.ts'
import { hostsIn, nextOf, plannedRolling, sayHosts, stepRolling, type Rolling, type RollingEvent } from './rolling.ts'

const nowAt = (tick: number): Now => ({ wall: instantOf(1_795_000_000_000 + tick), tick: tickOf(tick), boot: 'boot' })
const HOSTS = ['a', 'b', 'c']
const ALONE = HOSTS.map((host) => [host])

/** Takes events that all have to be possible. */
function after(events: readonly RollingEvent[], maxFailures = 0, from = plannedRolling(ALONE, maxFailures, nowAt(1))): Rolling {
  return events.reduce((rolling, event, n) => {
    const stepped = stepRolling(rolling, event, nowAt(10 + n))
    assert.equal(stepped.wrong, undefined, `${event.is}: ${stepped.wrong ?? ''}`)
    return stepped.rolling
  }, from)
}
const wrong = (rolling: Rolling, event: RollingEvent): string => stepRolling(rolling, event, nowAt(99)).wrong ?? ''
const begun = (host: string): RollingEvent => ({ is: 'begun', host, run: `run of ${host}` })
const ended = (host: string, how: 'done' | 'undone' | 'aborted' = 'done', touched = true): RollingEvent => ({ is: 'ended', host, how, touched })
const failed = (host: string): RollingEvent => ({ is: 'failed', host, says: 'step 1 (stop) failed' })

test('C-3 one host after the other, in order, each once, and the next one only when nothing is at work any more', () => {
  const at = after([begun('a')])
  assert.deepEqual([nextOf(plannedRolling(ALONE, 0, nowAt(1))), nextOf(at)], ['a', undefined])
  assert.match(wrong(at, begun('b')), /not the next host/)
  assert.match(wrong(plannedRolling(ALONE, 0, nowAt(1)), begun('b')), /not the next host/)
  const next = after([ended('a')], 0, at)
  assert.deepEqual([nextOf(next), next.since.tick, wrong(next, begun('a')), wrong(next, ended('a'))], ['b', 10, 'a is not the next host', 'a is not at work'])
  assert.equal(after([begun('b'), ended('b'), begun('c'), ended('c')], 0, next).over, 'done')
})

test('C-20 the first failure more than may be stops the rest; who goes on takes it as known', () => {
  const at = after([begun('a'), ended('a'), begun('b'), failed('b')])
  assert.deepEqual([at.halt, nextOf(at), sayHosts(at)], ['b: step 1 (stop) failed', undefined, 'done: a; failed: b; not begun: c'])
  assert.equal(after([failed('b')], 0, at), at, 'a host counts once')
  const undone = after([ended('b', 'undone')], 0, at)
  assert.deepEqual([undone.halt, wrong(undone, begun('c'))], ['b: step 1 (stop) failed', 'it is halted: b: step 1 (stop) failed'])
  const on = after([{ is: 'resumed' }], 0, undone)
  assert.deepEqual([nextOf(on), after([begun('c'), failed('c')], 0, on).halt !== undefined], ['c', true], 'the next failure stops it again')
  assert.deepEqual([after([begun('c'), ended('c')], 0, on).over, wrong(on, { is: 'resumed' })], ['incomplete', 'it is not halted'])
})

test('C-20 so many failures as may be stop nothing, and one more does', () => {
  const at = after([begun('a'), failed('a'), ended('a', 'aborted')], 1)
  assert.deepEqual([at.halt, nextOf(at)], [undefined, 'b'])
  const more = after([begun('b'), failed('b')], 1, at)
  assert.equal(more.halt, 'b: step 1 (stop) failed')
  const done = after([ended('b')], 1, more)
  assert.deepEqual([hostsIn(done, 'done'), hostsIn(done, 'failed'), done.halt], [['b'], ['a'], 'b: step 1 (stop) failed'], 'it came to its end after all, and what failed has failed')
})

test('C-20 who goes on while the host that failed is at work forgives nothing of what becomes of it', () => {
  const at = after([begun('a'), failed('a'), { is: 'resumed' }])
  for (const how of ['undone', 'aborted'] as const) {
    const over = after([ended('a', how)], 0, at)
    assert.match(over.halt ?? '', /^a: /, how)
    assert.equal(nextOf(after([{ is: 'resumed' }], 0, over)), 'b', 'now it is known')
  }
  assert.equal(nextOf(after([ended('a')], 0, at)), 'b', 'it was done after all')
})

test('C-20 a run that is taken back or ended has failed; one of which nothing began is to come again, and stops the rest', () => {
  for (const how of ['undone', 'aborted'] as const) assert.match(after([begun('a'), ended('a', how)]).halt ?? '', /^a: /)
  const at = after([begun('a'), ended('a', 'aborted', false)], 2)
  assert.deepEqual([at.stages['a'], at.failed, at.halt, nextOf(at)], [{ is: 'to-come' }, [], 'the run of a was ended before anything of it began', undefined])
  assert.equal(nextOf(after([{ is: 'resumed' }], 2, at)), 'a')
})

test('C-6 halted or over, nothing begins', () => {
  const at = after([{ is: 'halted', says: 'bo halted it' }])
  assert.deepEqual([nextOf(at), wrong(at, begun('a')), at.halt], [undefined, 'it is halted: bo halted it', 'bo halted it'])
  const over = after([{ is: 'stopped' }], 0, at)
  assert.deepEqual([over.over, nextOf(over), wrong(over, begun('a')), wrong(over, { is: 'resumed' })], ['aborted', undefined, 'it is over', 'it is over'])
})

test('C-3 C-20 over random histories no host begins out of its order, twice, beside another one, or after a failure too many', () => {
  const events = fc.array(fc.tuple(fc.constantFrom('begun', 'failed', 'done', 'undone', 'aborted', 'untouched', 'halted', 'resumed'), fc.constantFrom(...HOSTS)), { minLength: 10, maxLength: 60 })
  fc.assert(fc.property(fc.nat(2), events, (most, all) => {
    let rolling = plannedRolling(ALONE, most, nowAt(1))
    let fresh: string[] = []
    let open: string[] = []
    for (const [n, [is, host]] of all.entries()) {
      const event: RollingEvent = is === 'begun' ? begun(host) : is === 'failed' ? failed(host) : is === 'halted' ? { is, says: 'x' } : is === 'resumed' ? { is } : ended(host, is === 'untouched' ? 'aborted' : is, is !== 'untouched')
      const before = rolling
      const { rolling: next, wrong: why } = stepRolling(rolling, event, nowAt(10 + n))
      rolling = next
      if (why !== undefined) {
        assert.equal(rolling, before)
        continue
      }
      if (is === 'resumed') [fresh, open] = [[], hostsIn(before, 'at-work').filter((it) => before.failed.includes(it))]
      if ((is === 'failed' || is === 'undone' || is === 'aborted') && !before.failed.includes(host)) fresh.push(host)
      if ((is === 'undone' || is === 'aborted') && open.includes(host)) fresh.push(host)
      if (is !== 'begun') continue
      assert.deepEqual([hostsIn(before, 'at-work'), HOSTS.slice(0, HOSTS.indexOf(host)).every((it) => ['done', 'failed'].includes(before.stages[it]?.is ?? '')), before.stages[host]?.is], [[], true, 'to-come'])
      assert(before.halt === undefined && fresh.length <= most, `${fresh.length} failed, and ${most} may`)
    }
  }), { numRuns: 300 })
})

const host = (name: string, rack?: string, neighbour?: string): Host => ({ name, fate: rack === undefined ? {} : { rack }, links: neighbour === undefined ? [] : [{ name: 'eth0', neighbour }], from: 'x' })

test('C-3 batches hold hosts of one failure domain only, one domain after the other, and no host twice', () => {
  const topology = { hosts: [host('a', 'r1'), host('b', 'r2'), host('c', 'r1'), host('d', 'r1'), host('e'), host('f'), host('g', 'r2', 'sw-1')], clusters: [] }
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'a']
  const of = (serial: number | string): string => batchesOf({ names, serial }, topology).map((it) => it.join('')).join(' ')
  assert.equal(of(1), 'a c d b e f g')
  assert.equal(of(2), 'ac d b e f g', 'hosts of which nothing is named, and hosts that hang on more than others, stand alone')
  assert.equal(of('50%'), 'acd b e f g')
  assert.deepEqual([sizeOf('30%', 6), sizeOf('30%', 3), sizeOf('100%', 6), sizeOf(4, 2)], [1, 1, 6, 4])
})

test('C-20 what counts as a failure: a step that failed, one of which nobody knows the end, one that is not seen to be done in time', () => {
  const step = (id: string): Step => ({ id, act: { is: 'manual', text: id }, takes: [], until: [], within: minutes(5) })
  const plan = { runbook: { steps: [step('stop'), step('start')] } } as unknown as RunRow['plan']
  const run = (more: Partial<Run>): Pick<RunRow, 'plan' | 'run'> => ({ plan, run: { id: 'run', steps: [], phase: { is: 'waiting' }, tried: [], begun: [], done: [], token: 1, guarded: true, ...more } })
  const way = { step: 1, back: false, token: 2, begun: { tick: tickOf(1000), boot: 'boot' } }
  const on = { begun: [0, 1], done: [0] }
  assert.deepEqual([
    failureIn(run({}), nowAt(1000)), failureIn(run({ ...on, phase: { is: 'running', way } }), nowAt(1000 + 300_000)),
    failureIn(run({ ...on, phase: { is: 'running', way } }), nowAt(1001 + 300_000)), failureIn(run({ ...on, phase: { is: 'unknown', way } }), nowAt(1000)), failureIn(run(on), nowAt(1000)),
    failureIn(run({ begun: [0], done: [0], halt: { subject: 'link:b/eth0', is: 'link', claim: 'lost carrier' } }), nowAt(1000)),
  ], [undefined, undefined, 'step 2 (start) is not seen to be done in time', 'nobody knows what became of step 2 (start)', 'step 2 (start) failed', undefined])
})

test('C-2 C-12 the next host begins when all that it wants passes, by looks since the one before came to its end', () => {
  const runbook: Runbook = { name: 'update', title: 'Update', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: ['a', 'b'], serial: 1 }, preflight: [{ is: 'incidents' }], guard: [{ is: 'links' }], from: 'x', steps: [{ id: 'look', act: { is: 'manual', text: 'Look.' }, takes: [], until: [], within: minutes(5) }] }
  const topology = { hosts: [host('a'), host('b')], clusters: [] }
  const opens = (found: 'pass' | 'fail' | 'unknown', from: number): string => {
    const answered: Answered = { found, evidence: [], from: { tick: tickOf(from), boot: 'boot' } }
    const facts = { now: nowAt(100).wall, leaned: () => [], links: () => answered, incidents: () => ({ found: 'pass', evidence: [] }) } as unknown as Facts
    const drawn = planOf({ runbook, host: 'b', topology, facts })
    const planned = { hash: drawn.is === 'plan' ? drawn.plan.hash : '', accepted: [] }
    const opening = openingFor({ runbook, host: 'b', topology, facts }, planned, { tick: tickOf(50), boot: 'boot' })
    return opening.is === 'open' ? 'open' : `${opening.is}: ${opening.says}`
  }
  assert.deepEqual([opens('pass', 50), opens('pass', 49), opens('unknown', 60), opens('fail', 60)], [
    'open', 'early: not looked at since: all links are up', 'early: all links are up: unknown (nobody looked)', 'early: all links are up: fail (nobody looked)',
  ])
})

test('C-5 what was agreed to and fits no more is said, with the commands that begin the hosts that are left', () => {
  const runbook: Runbook = { name: 'update', title: 'Update', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: ['a', 'b'], serial: 1 }, preflight: [], guard: [], announce: { board: 'public', components: [], lead: minutes(60) }, from: 'x', steps: [{ id: 'look', act: { is: 'manual', text: 'Look.' }, takes: [], until: [], within: minutes(5) }] }
  const topology = { hosts: [host('a'), host('b')], clusters: [] }
  const facts = { now: nowAt(100).wall, leaned: () => [], announced: (): Answered => ({ found: 'fail', evidence: [] }) } as unknown as Facts
  const drawn = planOf({ runbook, host: 'b', topology, facts })
  const opens = (hash: string): unknown => openingFor({ runbook, host: 'b', topology, facts }, { hash, accepted: [] }, { tick: tickOf(50), boot: 'boot' })
  assert.deepEqual([opens(drawn.is === 'plan' ? drawn.plan.hash : ''), opens('of another plan')], [
    { is: 'early', anew: true, says: 'b needs accepted what it did not when it was planned: unannounced (it is not known to be announced)' },
    { is: 'shut', anew: true, says: 'the runbook, or what it stands on, was edited since it was planned for b' },
  ])
  assert.deepEqual([['b'], ['b', 'c', 'd']].map((left) => sayLeft({ id: 'rol_1', runbook: 'update' }, left)), [
    'end this one (holdfast runbooks abort rol_1), then begin what is left host by host: holdfast runbooks run update --host b',
    'end this one (holdfast runbooks abort rol_1), then begin what is left host by host: holdfast runbooks run update --host b, then the same for c, d',
  ])
})
