// Any plan, any sequence of acts, outcomes, clocks that are set by up to 25 h, reboots and changed plans: what must hold after each.
// There is always a next moment while nobody has it (P-10, P-12), pages have ids of their own (P-4), a person who took it is
// left alone (P-7), others hear of it once (P-6), clocks make pages early and never late, not knowing never makes
// them fewer.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { incidentId, type Incident } from '../../core/incident.ts'
import { hours, instantOf, minutes, seconds, tickOf, timeTo, type Now, type Span } from '../../core/time.ts'
import { begin, decide, nextAt, nextPeople, step, type Decision, type Move, type PagingEvent } from './decide.ts'
import type { Paging, Ring } from './paging.ts'
import type { Person, Plan, Target } from './plan.ts'

const NAMES = ['ada', 'bo', 'chen', 'dee']
const CHANNELS = ['push', 'email', 'sms']
const ZERO = 1_795_000_000_000
const LONGEST_WAIT = seconds(60)
const LONGEST_AFTER = seconds(40)
const RUNS = Number(process.env['HOLDFAST_RUNS'] ?? 600)

const incident: Incident = {
  id: incidentId('check:db', ''), number: 1, subject: 'check:db', title: 'db is down', says: 'refused', origin: 'watch', escalate: 'default',
  since: instantOf(ZERO), members: ['check:db'],
}

const span = (most: number): fc.Arbitrary<Span> => fc.integer({ min: 0, max: most }).map(seconds)
const ladder = fc.uniqueArray(fc.record({ channel: fc.constantFrom(...CHANNELS), after: span(40) }), { selector: (rung) => rung.channel, maxLength: 3 })
const people = fc.uniqueArray(fc.record({ name: fc.constantFrom(...NAMES), reach: ladder }), { selector: (it) => it.name, maxLength: 4 })
const target: fc.Arbitrary<Target> = fc.oneof(
  fc.record({ is: fc.constant('person' as const), name: fc.constantFrom(...NAMES, 'gone') }),
  fc.record({ is: fc.constant('rotation' as const), name: fc.constantFrom('primary', 'empty', 'gone') }),
)
const steps = fc.array(fc.record({ page: fc.array(target, { maxLength: 3 }), wait: span(60) }), { minLength: 1, maxLength: 4 })
const rotation = (name: string, on: string[]): Plan['rotations'][string] =>
  ({ name, rotate: { every: 'day', times: 1 }, handoff: { weekday: 1, hour: 9, minute: 0 }, timezone: 'Europe/Berlin', people: on, starts: '2024-01-01' })

const plans: fc.Arbitrary<Plan> = fc.record({
  people, steps, fallback: fc.array(fc.constantFrom(...NAMES, 'gone'), { maxLength: 2 }), ackLapses: fc.integer({ min: 10, max: 120 }).map(seconds),
  named: fc.constantFrom('default', 'urgent'), on: fc.shuffledSubarray(NAMES),
}).map((it) => ({
  version: 'v', people: Object.fromEntries(it.people.map((person): [string, Person] => [person.name, person])), channels: {},
  rotations: { primary: rotation('primary', it.on), empty: rotation('empty', []) }, covers: [],
  policies: { [it.named]: { name: it.named, steps: it.steps } }, fallback: it.fallback, ackLapses: it.ackLapses,
  site: { name: 'Acme', url: '', timezone: 'Europe/Berlin' }, communications: [],
}))

type Act =
  | { is: 'pass'; for: Span } | { is: 'sleep'; for: Span } | { is: 'setWall'; by: Span } | { is: 'reboot'; by: Span }
  | { is: 'ack' | 'passOn' | 'assign'; who: string; by: string } | { is: 'settle'; which: number; outcome: 'accepted' | 'failed' | 'unknown' }
  | { is: 'plan'; which: number } | { is: 'resolve' } | { is: 'worsen'; why: 'more urgent' | 'another cause' }

const who = fc.constantFrom(...NAMES, 'gone')
const clockStep = fc.oneof(fc.integer({ min: -25 * 3600, max: 25 * 3600 }), fc.integer({ min: -5, max: 5 })).map(seconds)
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 18, arbitrary: fc.record({ is: fc.constant('pass' as const), for: span(100) }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('sleep' as const), for: span(4000) }) },
  { weight: 6, arbitrary: fc.record({ is: fc.constant('setWall' as const), by: clockStep }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('reboot' as const), by: clockStep }) },
  { weight: 18, arbitrary: fc.record({ is: fc.constantFrom('ack' as const, 'passOn' as const, 'assign' as const), who, by: who }) },
  { weight: 24, arbitrary: fc.record({ is: fc.constant('settle' as const), which: fc.nat(20), outcome: fc.constantFrom('accepted' as const, 'failed' as const, 'unknown' as const) }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('plan' as const), which: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.constant({ is: 'resolve' as const }) },
  { weight: 4, arbitrary: fc.record({ is: fc.constant('worsen' as const), why: fc.constantFrom('more urgent' as const, 'another cause' as const) }) },
)

const hasPeople = (plan: Plan): boolean => Object.values(plan.people).some(({ reach }) => reach.length > 0)

/** One node's time: `true` time goes on whatever the clocks read. */
function clocks() {
  let at = 0
  let wallOff = ZERO
  let tickOff = 1_000_000
  let boot = 1
  return {
    at: () => at,
    now: (): Now => ({ wall: instantOf(at + wallOff), tick: tickOf(at + tickOff), boot: String(boot) }),
    turn: (by: number) => void (at += by),
    setWall: (by: Span) => void (wallOff += by),
    reboot: (by: Span) => void ((wallOff += by), (tickOff = 1000 - at), (boot += 1)),
  }
}

function checkState(paging: Paging, plan: Plan, now: Now): void {
  const due = nextAt(paging)
  if (paging.phase.is === 'over') {
    assert.equal(due, undefined)
    return
  }
  assert.ok(due, 'while it is not over there is a next moment')
  assert.equal(due.boot, now.boot, 'moments to come are of this boot')
  assert.ok(timeTo(due, now) <= Math.max(LONGEST_WAIT, 120_000), 'the next moment is near')
  for (const ring of paging.rings) if (ring.is === 'waiting') assert.equal(ring.due.boot, now.boot)
  assert.ok(paging.rings.length <= NAMES.length * CHANNELS.length * 5, 'the list of rings is bounded')
  if (paging.phase.is === 'held') assert.deepEqual(paging.rings, [])
  if (hasPeople(plan)) assert.ok((nextPeople(paging, plan, now)?.people.length ?? 0) > 0, 'somebody is next')
}

function checkMoves(moves: readonly Move[], plan: Plan, seen: Set<string>): void {
  for (const move of moves) {
    const key = move.is === 'ring' ? move.ring.page : move.key
    const { person, channel } = move.is === 'ring' ? move.ring : move
    assert.ok(!seen.has(key), `${move.is} ${person} ${channel} has an id of its own`)
    seen.add(key)
    assert.ok(plan.people[person]?.reach.some((rung) => rung.channel === channel), 'only people and channels of the plan are rung')
    if (move.is === 'ring') assert.equal(move.ring.is, 'sent')
  }
}

const eventOf = (act: Extract<Act, { who: string }>): PagingEvent =>
  act.is === 'ack' ? { is: 'acked', by: act.who, via: 'link' } : act.is === 'passOn' ? { is: 'passed', by: act.who } : { is: 'assigned', to: act.who, by: act.by }

test('whatever happens: a next moment, ids of their own, silence for the holder, one notice each', () => {
  const sometimes = { lapsed: 0, exhausted: 0, noticed: 0, resumed: 0, over: 0 }
  // How pages fare besides what single acts say: some nights every channel fails.
  const answers = fc.oneof(fc.constant(['failed' as const]), fc.array(fc.constantFrom('accepted' as const, 'failed' as const, 'unknown' as const, 'silent' as const), { minLength: 1, maxLength: 7 }))
  fc.assert(fc.property(fc.array(plans, { minLength: 3, maxLength: 3 }), fc.array(acts, { maxLength: 50 }), answers, (choices, sequence, fares) => {
    const clock = clocks()
    const seen = new Set<string>()
    const pages: Ring[] = []
    let plan = choices[0] ?? assert.fail()
    let paging = begin(incident, plan, clock.now())
    let rangAt = 0
    const take = (decision: Decision): void => {
      checkMoves(decision.moves, plan, seen)
      const wasHeld = paging.phase.is === 'held'
      const rang = decision.moves.flatMap((move) => (move.is === 'ring' ? [move.ring] : []))
      if (paging.phase.is === 'over') assert.deepEqual(decision, { paging, moves: [], says: decision.says })
      if (decision.paging.phase.is === 'held') assert.equal(rang.length, 0, 'who has it is left alone')
      if (wasHeld && decision.paging.phase.is === 'ringing') sometimes.lapsed += 1
      if (rang.some(({ why }) => why?.startsWith('every page'))) sometimes.exhausted += 1
      sometimes.noticed += decision.moves.filter((move) => move.is === 'notice').length
      if (rang.length > 0 || wasHeld) rangAt = clock.at()
      pages.push(...rang)
      paging = decision.paging
      checkState(paging, plan, clock.now())
      assert.ok(decision.says.length > 0 && decision.says.length < 400)
      for (const ring of rang) {
        const outcome = fares[ring.page.charCodeAt(5) % fares.length] ?? 'silent'
        if (outcome !== 'silent') take(step(paging, { is: 'settled', page: ring.page, outcome }, incident, plan, clock.now()))
      }
    }
    const judge = (): void => {
      take(decide(paging, incident, plan, clock.now()))
      const again = decide(paging, incident, plan, clock.now())
      assert.equal(again.paging, paging, 'decided twice is decided once')
      assert.deepEqual(again.moves, [])
    }
    const pass = (most: number): void => {
      for (let left = most, turns = 0; ; turns++) {
        assert.ok(turns < 2000, 'it does not decide without end')
        const due = nextAt(paging)
        const wait = due ? timeTo(due, clock.now()) : Number.POSITIVE_INFINITY
        clock.turn(Math.min(wait, left))
        if (wait > left) return
        left -= wait
        judge()
      }
    }
    judge()
    for (const act of sequence) {
      switch (act.is) {
        case 'pass': pass(act.for); break
        case 'sleep': clock.turn(act.for); rangAt = clock.at(); judge(); break
        case 'setWall': clock.setWall(act.by); judge(); break
        case 'reboot': clock.reboot(act.by); rangAt = clock.at(); sometimes.resumed += 1; judge(); break
        case 'settle': {
          const ring = pages[pages.length - 1 - act.which]
          if (ring) take(step(paging, { is: 'settled', page: ring.page, outcome: act.outcome }, incident, plan, clock.now()))
          break
        }
        case 'plan': plan = choices[act.which] ?? plan; rangAt = clock.at(); judge(); break
        case 'worsen': {
          const held = paging.phase.is === 'held'
          take(step(paging, { is: 'worsened', why: act.why }, incident, plan, clock.now()))
          if (held && hasPeople(plan)) assert.equal(paging.phase.is, 'ringing', 'who took less has not taken this')
          break
        }
        case 'resolve': take(step(paging, { is: 'resolved' }, incident, plan, clock.now())); sometimes.over += 1; break
        default: take(step(paging, eventOf(act), incident, plan, clock.now()))
      }
      if (paging.phase.is !== 'ringing' || !hasPeople(plan)) rangAt = clock.at()
      const quiet = clock.at() - rangAt
      assert.ok(quiet <= 2 * LONGEST_WAIT + LONGEST_AFTER, `nobody was rung for ${quiet} ms while nobody has it`)
    }
  }), { numRuns: RUNS })
  for (const [what, times] of Object.entries(sometimes)) assert.ok(times > 5, `it happened too seldom to prove anything: ${what} ${times}`)
})

/** A run without acts: when each page went out in true time, with clocks that are set as told. */
function run(plan: Plan, settling: (ring: Ring) => 'accepted' | 'failed' | 'unknown' | 'silent', sets: readonly { at: number; by: Span }[] = []) {
  const clock = clocks()
  const rang: { ring: Ring; at: number }[] = []
  const startedAt: number[] = []
  let paging = begin(incident, plan, clock.now())
  let last = ''
  const take = (decision: Decision): void => {
    paging = decision.paging
    assert.ok(paging.phase.is === 'ringing', 'only a person takes an incident')
    const place = `${paging.phase.step} ${paging.phase.round}`
    if (place !== last) startedAt.push(clock.at())
    last = place
    for (const move of decision.moves) {
      if (move.is !== 'ring') continue
      rang.push({ ring: move.ring, at: clock.at() })
      const outcome = settling(move.ring)
      if (outcome !== 'silent') take(step(paging, { is: 'settled', page: move.ring.page, outcome }, incident, plan, clock.now()))
    }
  }
  take(decide(paging, incident, plan, clock.now()))
  const still = [...sets]
  while (clock.at() < minutes(6)) {
    const due = nextAt(paging) ?? assert.fail('there is a next moment')
    const set = still[0]
    const wait = timeTo(due, clock.now())
    if (set && set.at < clock.at() + wait) {
      clock.turn(Math.max(0, set.at - clock.at()))
      clock.setWall(set.by)
      still.shift()
    } else clock.turn(wait)
    take(decide(paging, incident, plan, clock.now()))
  }
  return { rang, startedAt }
}

test('X-7 the wall clock is set by up to 25 h, as often as it likes: no step and no ring is late', () => {
  const sets = fc.array(fc.record({ at: fc.integer({ min: 0, max: minutes(6) }), by: clockStep }), { maxLength: 6 }).map((all) => all.toSorted((a, b) => a.at - b.at))
  fc.assert(fc.property(plans.filter(hasPeople), sets, (plan, changes) => {
    const { rang, startedAt } = run(plan, () => 'accepted', changes)
    const policy = Object.values(plan.policies)[0] ?? assert.fail()
    for (const [i, at] of startedAt.entries()) {
      const before = policy.steps[Math.min(i - 1, policy.steps.length - 1)]
      if (before) assert.ok(at - (startedAt[i - 1] ?? 0) <= Math.max(1000, before.wait), `step ${i} began late`)
    }
    for (const { ring, at } of rang) {
      const began = startedAt[ring.round === 0 ? ring.step : policy.steps.length - 1 + ring.round] ?? assert.fail()
      const after = plan.people[ring.person]?.reach.find((rung) => rung.channel === ring.channel)?.after ?? assert.fail()
      assert.ok(at - began <= after, `${ring.person} ${ring.channel} was rung ${at - began - after} ms late`)
    }
  }), { numRuns: RUNS / 2 })
})

test('X-9 not knowing what came of pages never makes them fewer or later', () => {
  const outcome = fc.constantFrom('accepted' as const, 'failed' as const, 'silent' as const)
  fc.assert(fc.property(plans.filter(hasPeople), fc.array(outcome, { minLength: 1, maxLength: 7 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), (plan, outcomes, doubts) => {
    // By person and channel, so that both runs mean the same pages.
    const of = (ring: Ring): 'accepted' | 'failed' | 'silent' =>
      outcomes[(NAMES.indexOf(ring.person) * 3 + CHANNELS.indexOf(ring.channel)) % outcomes.length] ?? 'accepted'
    const doubted = (ring: Ring): boolean => doubts[(NAMES.indexOf(ring.person) + CHANNELS.indexOf(ring.channel)) % doubts.length] ?? true
    const sure = run(plan, of).rang
    const unsure = run(plan, (ring) => (of(ring) === 'accepted' && doubted(ring) ? 'unknown' : of(ring))).rang
    for (const [i, { at }] of sure.entries()) assert.ok(at >= minutes(6) || (unsure[i]?.at ?? Number.POSITIVE_INFINITY) <= at, `page ${i + 1} was due at ${at} ms and came later`)
  }), { numRuns: RUNS / 2 })
})

test('P-5 no outcome of any page ever takes an incident', () => {
  fc.assert(fc.property(plans, fc.array(fc.constantFrom('accepted' as const, 'failed' as const, 'unknown' as const), { minLength: 1, maxLength: 9 }), (plan, outcomes) => {
    let n = 0
    run(plan, () => outcomes[n++ % outcomes.length] ?? 'accepted')
  }), { numRuns: RUNS / 5 })
})

test('keeper and ringer decide the same from the same, through a copy of it', () => {
  fc.assert(fc.property(plans, fc.array(acts, { maxLength: 20 }), (plan, sequence) => {
    const clock = clocks()
    let here = begin(incident, plan, clock.now())
    let there: Paging = JSON.parse(JSON.stringify(here)) as Paging
    for (const act of sequence) {
      clock.turn(act.is === 'pass' ? act.for : hours(0))
      const event = act.is === 'ack' || act.is === 'passOn' || act.is === 'assign' ? eventOf(act) : undefined
      const judge = (paging: Paging): Decision => (event ? step(paging, event, incident, plan, clock.now()) : decide(paging, incident, plan, clock.now()))
      const [a, b] = [judge(here), judge(there)]
      assert.deepEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
      here = a.paging
      there = JSON.parse(JSON.stringify(b.paging)) as Paging
    }
  }), { numRuns: RUNS / 4 })
})
