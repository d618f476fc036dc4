// What hosts of one batch mean for each other, purely: how much is tolerated while all of them may be down, what is excused of whom, and that two are never of
// two failure domains.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { instantOf, minutes, tickOf } from '../../../core/time.ts'
import { judgeWant, type Answered, type Facts, type Place } from '../gates.ts'
import { besideOf, planOf, type Beside, type Planned } from '../plan.ts'
import type { Runbook, Step } from '../runbook.ts'
import type { RunPlan, RunRow } from '../runs/record.ts'
import { planned, type Run } from '../runs/run.ts'
import type { Cluster, Host, Topology } from '../topology.ts'
import { batchesOf, domainOf } from './batches.ts'
import { besideIn, rollingPlanOf } from './plan.ts'
import { runsBeside, siblingsOf } from './siblings.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e']
const host = (name: string, rack?: string): Host => ({ name, fate: rack === undefined ? {} : { rack }, links: [], from: 'x' })
const cluster = (members: readonly string[] = NAMES, kind: Cluster['kind'] = 'galera'): Cluster => ({ name: 'shop', kind, members, weights: {}, from: 'x' })
const topology: Topology = { hosts: [host('a', 'r1'), host('b', 'r1'), host('c', 'r2'), host('d', 'r3'), host('e', 'r4')], clusters: [cluster()] }
const step = (id: string, more: Partial<Step> = {}): Step => ({ id, act: { is: 'manual', text: `Do ${id} on {{host}}.` }, takes: [], until: [], within: minutes(5), ...more })
const HERE = { takes: ['{{host}}'] }
const STEPS = [step('drain'), step('stop', { ...HERE, until: [{ is: 'stopped', host: '{{host}}' }] }), step('start', { ...HERE, until: [{ is: 'synced', cluster: 'shop', host: '{{host}}' }] }), step('undrain')]
const book = (more: Partial<Runbook> = {}): Runbook => ({ name: 'grow', title: 'Grow', people: { does: ['ada'], checks: ['bo'] }, hosts: { cluster: 'shop', names: NAMES, serial: 2 }, preflight: [], guard: [], keep: { cluster: 'shop', tolerate: 0 }, from: 'x', steps: STEPS, ...more })
const pass: Answered = { found: 'pass', evidence: [] }
const factsWith = (healthy: readonly string[] = NAMES, more: Partial<Facts> = {}): Facts => ({
  now: instantOf(1_795_000_000_000), sight: () => ({ is: 'seen', total: NAMES.length, healthy }), links: () => pass, check: () => pass, backup: () => pass, incidents: () => pass, announced: () => pass, boot: () => undefined, said: () => 'nobody looked', leaned: () => [], stopped: () => pass, synced: () => pass, ...more,
})
const drawn = (name: string, beside: Beside | undefined, runbook = book(), facts = factsWith()): Extract<Planned, { is: 'plan' }> => {
  const it = planOf({ runbook, host: name, topology, facts, beside })
  return it.is === 'plan' ? it : assert.fail(it.says)
}
const numbers = (beside: Beside | undefined, runbook = book()): unknown => drawn('a', beside, runbook).plan.steps.map(({ tolerance }) => tolerance)

test('C-1 C-3 the number counts with all that goes of a whole batch, from the first step to the last', () => {
  const beside = besideOf(book(), ['b'], topology)
  assert.deepEqual(beside, { hosts: ['b'], takes: { b: 'left' } })
  assert.deepEqual([numbers(undefined), numbers(beside)], [[1, 1, 1, 1], [1, 1, 1, 1]], 'two of five left in good order')
  const hard = book({ steps: STEPS.map((it) => ({ ...it, until: [] })) })
  assert.deepEqual(besideOf(hard, ['b'], topology)?.takes, { b: 'fell' })
  assert.deepEqual([numbers(undefined, hard), numbers(besideOf(hard, ['b'], topology), hard)], [[1, 1, 1, 1], [1, 0, 0, 0]])
  const three = { hosts: ['b', 'c'], takes: { b: 'fell', c: 'fell' } } as const
  assert.deepEqual(numbers(three, hard), [0, -1, -1, -1])
  const gate = drawn('a', three, hard).plan.steps[1]?.gates.at(-1)
  assert.deepEqual([gate?.want, gate?.found], ['shop tolerates at least 0 further failures while and after this step, with what goes of b, c too', 'fail'])
})

test('C-1 whatever goes beside a host, it never makes the number larger', () => {
  const hosts = fc.array(fc.constantFrom(undefined, 'r1', 'r2', 'r3'), { minLength: 5, maxLength: 5 })
  const others = fc.dictionary(fc.constantFrom('b', 'c', 'd', 'e'), fc.constantFrom('left', 'fell'))
  fc.assert(fc.property(hosts, others, fc.constantFrom('galera', 'etcd'), fc.subarray(NAMES, { minLength: 3 }), (racks, takes, kind, healthy) => {
    const wide: Topology = { hosts: NAMES.map((name, n) => host(name, racks[n])), clusters: [cluster(NAMES, kind)] }
    const of = (beside?: Beside): number[] => {
      const it = planOf({ runbook: book(), host: 'a', topology: wide, facts: factsWith(healthy), beside })
      return it.is === 'plan' ? it.plan.steps.map(({ tolerance }) => tolerance ?? -2) : assert.fail(it.says)
    }
    const alone = of()
    for (const [at, number] of of({ hosts: Object.keys(takes), takes }).entries()) assert((alone[at] ?? -9) >= number)
  }), { numRuns: 150 })
})

test('C-3 C-1 how many members there have to be is counted with the whole batch out; that all are healthy excuses only who is down now', () => {
  const guard = book({ guard: [{ is: 'members', cluster: 'shop', atLeast: 4 }, { is: 'healthy' }] })
  const found = (beside: Beside | undefined, facts = factsWith()): unknown => drawn('a', beside, guard, facts).plan.steps.map(({ gates }) => gates.slice(0, 2).map((it) => it.found).join(' '))
  assert.deepEqual(found(undefined), ['pass pass', 'pass pass', 'pass pass', 'pass pass'])
  assert.deepEqual(found(besideOf(guard, ['b'], topology)), ['pass pass', 'fail pass', 'fail pass', 'pass pass'])
  const before = book({ preflight: [{ is: 'members', cluster: 'shop', atLeast: 5 }] })
  assert.deepEqual([undefined, besideOf(before, ['b'], topology)].map((beside) => drawn('a', beside, before).plan.steps[0]?.gates[0]?.found), ['pass', 'fail'], 'before the first step too')
  assert.deepEqual(found(besideOf(guard, ['b'], topology), factsWith(['a', 'c', 'd', 'e'])), ['pass fail', 'fail fail', 'fail fail', 'pass fail'], 'b is not down by what is done to it')
})

test('C-13 of the others is excused what is taken of them now, and no more', () => {
  const place = (taken: readonly string[], away: readonly string[], facts: Facts): Place => ({ topology, facts, hosts: ['a', 'b', 'c'], cluster: 'shop', gone: new Set(), siblings: { taken: new Set(taken), away: new Set(away) } })
  const dark = factsWith(['a', 'c', 'd', 'e'], { links: (name) => (name === 'b' ? { found: 'unknown', evidence: [] } : pass) })
  const judged = (taken: readonly string[], away: readonly string[], facts = dark): unknown => [judgeWant({ is: 'links' }, place(taken, away, facts)).found, judgeWant({ is: 'healthy' }, place(taken, away, facts)).found, judgeWant({ is: 'members', cluster: 'shop', atLeast: 4 }, place(taken, away, facts)).found]
  assert.deepEqual([judged([], []), judged(['b'], ['b']), judged([], ['b']), judged(['c'], ['c'])], [['unknown', 'fail', 'pass'], ['pass', 'pass', 'pass'], ['unknown', 'pass', 'pass'], ['unknown', 'fail', 'fail']])
})

test('X-9 where every host is taken no link is left to look at: that is not known, and said', () => {
  const { found, evidence } = judgeWant({ is: 'links' }, { topology, facts: factsWith(), hosts: ['a'], cluster: 'shop', gone: new Set(['a']) })
  assert.deepEqual([found, evidence.map(({ says }) => says)], ['unknown', ['every host of the runbook is taken, and no other one is left whose links could be looked at']])
})

const row = (id: string, name: string, run: Partial<Run>, more: Partial<RunPlan> = {}): RunRow => {
  const steps = STEPS.map(({ id: of, takes }, n) => ({ id: of, hash: String(n), takes: takes.map(() => name), raises: false, idempotent: false }))
  const runbook = { ...book(), steps: STEPS.map((it) => ({ ...it, until: it.until.map((claim) => ('host' in claim ? { ...claim, host: name } : claim)) })) }
  return { plan: { id, host: name, rolling: 'rol_1', beside: { hosts: NAMES.filter((it) => it !== name), takes: {} }, runbook, ...more } as unknown as RunPlan, run: { ...planned(id, steps), ...run }, version: 1, boots: {} }
}
const running = (at: number): Partial<Run> => ({ phase: { is: 'running', way: { step: at, back: false, token: 1, begun: { tick: tickOf(1), boot: 'boot' } } }, begun: [...Array(at + 1).keys()], done: [...Array(at).keys()] })

test('C-13 what is down of the others is read from their runs: what the step under way takes, and between steps who was not seen back; nothing after a failure', () => {
  const of = (run: Partial<Run>): unknown => { const it = siblingsOf([row('run_b', 'b', run)]); return [[...it.taken], [...it.away]] }
  assert.deepEqual([of({}), of(running(0)), of(running(1)), of({ begun: [0, 1], done: [0, 1] }), of(running(2)), of({ begun: [0, 1, 2], done: [0, 1, 2] })], [[[], []], [[], []], [['b'], ['b']], [[], ['b']], [['b'], ['b']], [[], []]])
  assert.deepEqual([of({ begun: [0, 1], done: [0] }), of({ begun: [0, 1], done: [0], phase: { is: 'unknown', way: { step: 1, back: false, token: 1, begun: { tick: tickOf(1), boot: 'boot' } } } })], [[[], []], [[], []]])
  const a = row('run_a', 'a', {})
  const others = [a, row('run_b', 'b', {}), row('run_c', 'c', {}, { rolling: 'rol_2' }), row('run_d', 'd', {}, { rolling: undefined as never })]
  assert.deepEqual(runsBeside(a, others).map(({ plan: { id } }) => id), ['run_b'])
  assert.deepEqual(runsBeside(row('run_a', 'a', {}, { beside: { hosts: ['e'], takes: {} } }), others), [])
})

test('C-3 C-5 the plan names batches with what is tolerated while all of it is out, and each host agrees on what is beside it', () => {
  const it = rollingPlanOf({ runbook: book(), topology, facts: factsWith() })
  assert(it.is === 'plan')
  assert.deepEqual(it.plan.batches, [{ domain: 'rack r1', hosts: ['a', 'b'], tolerance: 1 }, ...[['c', 2], ['d', 3], ['e', 4]].map(([name, rack]) => ({ domain: `rack r${rack}`, hosts: [name], tolerance: 0 }))])
  const alone = rollingPlanOf({ runbook: book({ hosts: { cluster: 'shop', names: NAMES, serial: 1 } }), topology, facts: factsWith() })
  assert(alone.is === 'plan')
  const same = drawn('a', besideIn(['a', 'b'], 'a', { runbook: book(), topology })).plan.hash
  assert.deepEqual([it.plan.plans[0]?.hash === same, it.plan.hash === alone.plan.hash, drawn('a', undefined).plan.hash === same], [true, false, false])
})

test('C-3 over random hosts no batch is larger than it may be, holds hosts of two failure domains, or leaves one out', () => {
  const hosts = fc.array(fc.record({ rack: fc.constantFrom(undefined, 'r1', 'r2'), power: fc.constantFrom(undefined, 'p1') }), { minLength: 1, maxLength: 12 })
  fc.assert(fc.property(hosts, fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom('1%', '30%', '100%')), (fates, serial) => {
    const all: Topology = { clusters: [], hosts: fates.map(({ rack, power }, n): Host => ({ name: `h${n}`, fate: { ...(rack === undefined ? {} : { rack }), ...(power === undefined ? {} : { power }) }, links: [], from: 'x' })) }
    const names = all.hosts.map(({ name }) => name)
    const batches = batchesOf({ names, serial }, all)
    const most = typeof serial === 'number' ? serial : Math.max(1, Math.floor((names.length * Number.parseInt(serial, 10)) / 100))
    assert.deepEqual(batches.flat().toSorted(), names.toSorted())
    for (const batch of batches) {
      assert(batch.length >= 1 && batch.length <= most)
      assert.equal(new Set(batch.map((name) => domainOf(name, all))).size, 1)
      assert(batch.length === 1 || Object.keys(all.hosts.find(({ name }) => name === batch[0])?.fate ?? {}).length > 0, 'of hosts that declare nothing nobody knows what they share')
    }
  }), { numRuns: 200 })
})
