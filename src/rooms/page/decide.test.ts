// The decision about paging, told as nights: who is rung when, what taking, passing on, handing over and failing change.
// Invariants P-4 to P-12, X-7 and X-9 as far as one pure decision can hold them; sequences at random are in decide.model.test.ts.
import assert from 'node:assert/strict'
import test from 'node:test'
import { derivedId } from '../../core/id.ts'
import { incidentId, type Incident } from '../../core/incident.ts'
import { hours, instantOf, minutes, ms, seconds, tickOf, timeTo, type Now, type Span } from '../../core/time.ts'
import { begin, decide, nextAt, nextPeople, step, type Decision, type Move, type PagingEvent } from './decide.ts'
import type { Paging, Ring } from './paging.ts'
import type { Person, Plan, Rotation, Step } from './plan.ts'

type Settling = 'accepted' | 'failed' | 'unknown' | 'silent'

const person = (name: string, ...reach: [string, number][]): Person =>
  ({ name, reach: reach.map(([channel, after]) => ({ channel, after: seconds(after) })) })
const rotation = (name: string, people: string[]): Rotation =>
  ({ name, rotate: { every: 'week', times: 1 }, handoff: { weekday: 1, hour: 9, minute: 0 }, timezone: 'Europe/Berlin', people, starts: '2024-01-01' })
const rings = (names: string[], wait: number): Step =>
  ({ page: names.map((name) => (name.startsWith('oncall.') ? { is: 'rotation', name: name.slice(7) } : { is: 'person', name })), wait: seconds(wait) })

const ada = person('ada', ['email', 0], ['hook', 4])
const bo = person('bo', ['email', 0])

function planOf(steps: Step[], more: Partial<Plan> = {}): Plan {
  return {
    version: 'v', people: { ada, bo }, channels: {}, rotations: { primary: rotation('primary', ['ada']) }, covers: [],
    policies: { default: { name: 'default', steps } }, fallback: [], ackLapses: minutes(30),
    site: { name: 'Acme', url: 'http://127.0.0.1:7400', timezone: 'Europe/Berlin' }, communications: [], ...more,
  }
}
const ACME = planOf([rings(['oncall.primary'], 6), rings(['bo'], 6), rings(['ada', 'bo'], 10)])

const incident: Incident = {
  id: incidentId('check:db', ''), number: 1, subject: 'check:db', title: 'db is down', says: 'refused', origin: 'watch', escalate: 'default',
  since: instantOf(1_795_000_000_000), members: ['check:db'],
}
const START: Now = { wall: instantOf(1_795_000_000_000), tick: tickOf(5_000_000), boot: 'a' }

/** One night: a clock that is turned, one paging, and what went out, as "seconds person channel". */
function night(first: Plan, settling: (ring: Ring) => Settling = () => 'accepted', opened: Incident = incident) {
  let plan = first
  let now = START
  let paging = begin(opened, plan, now)
  const lines: string[] = []
  const moves: Move[] = []
  const since = (): number => (now.tick - START.tick) / 1000
  const take = (decision: Decision): Decision => {
    paging = decision.paging
    for (const move of decision.moves) {
      moves.push(move)
      lines.push(move.is === 'ring' ? `${since()} ${move.ring.person} ${move.ring.channel}` : `${since()} ${move.notice} ${move.person} ${move.channel}`)
    }
    for (const move of decision.moves) {
      const outcome = move.is === 'ring' ? settling(move.ring) : 'silent'
      if (move.is === 'ring' && outcome !== 'silent') take(step(paging, { is: 'settled', page: move.ring.page, outcome }, opened, plan, now))
    }
    return decision
  }
  const turn = (by: Span): void => void (now = { ...now, wall: instantOf(now.wall + by), tick: tickOf(now.tick + by) })
  const it = {
    lines, moves, take,
    paging: () => paging,
    now: () => now,
    plan: (changed: Plan) => void (plan = changed),
    setWall: (by: Span) => void (now = { ...now, wall: instantOf(now.wall + by) }),
    reboot: (boot: string, tick = 1000) => void (now = { ...now, boot, tick: tickOf(tick) }),
    event: (event: PagingEvent) => take(step(paging, event, opened, plan, now)),
    decide: () => take(decide(paging, opened, plan, now)),
    /** Turns the clock through everything that is due within a span. */
    pass(span: Span) {
      let left: number = span
      for (let due = nextAt(paging); due; due = nextAt(paging)) {
        const wait = timeTo(due, now)
        if (wait > left) break
        turn(wait)
        left -= wait
        it.decide()
      }
      turn(ms(left))
      return it
    },
    /** What went out since the last time that this was asked. */
    fresh: () => lines.splice(0),
  }
  return it
}

test('the ladder of the acceptance, exactly: ada, her hook, bo, then both again and again', () => {
  const it = night(ACME).pass(seconds(43))
  assert.deepEqual(it.lines, [
    '0 ada email', '4 ada hook', '6 bo email',
    '12 ada email', '12 bo email', '16 ada hook',
    '22 ada email', '22 bo email', '26 ada hook',
    '32 ada email', '32 bo email', '36 ada hook',
    '42 ada email', '42 bo email',
  ])
})

test('P-10 nothing ends while nobody has it: a day later it still rings, every 10 s', () => {
  const it = night(ACME).pass(hours(24))
  assert.equal(it.lines.length, 3 + 3 * Math.floor((86_400 - 12 - 4) / 10) + 3)
  assert.ok(it.paging().rings.length <= 4)
  assert.equal(new Set(it.moves.flatMap((move) => (move.is === 'ring' ? [move.ring.page] : []))).size, it.lines.length)
})

test('deciding when nothing is due gives the same paging and no moves', () => {
  const it = night(ACME).pass(seconds(1))
  const before = it.paging()
  const again = it.decide()
  assert.equal(again.paging, before)
  assert.deepEqual(again.moves, [])
  assert.match(again.says, /^nothing is due: ringing step 1 of 3/)
})

test('P-2 begin is due at once, and deciding a little late does not shift the ladder', () => {
  const begun = begin(incident, ACME, START)
  assert.deepEqual(begun.phase, { is: 'ringing', step: 0, round: 0, nextAt: { ...START }, fresh: true })
  let paging = decide(begun, incident, ACME, START).paging
  const late: Now = { ...START, wall: instantOf(START.wall + 6400), tick: tickOf(START.tick + 6400) }
  paging = decide(paging, incident, ACME, late).paging
  assert.deepEqual(nextAt(paging), { wall: START.wall + 12_000, tick: START.tick + 12_000, boot: 'a' })
})

test('a node that was away for an hour rings one step, not hundreds', () => {
  const it = night(ACME).pass(seconds(1))
  it.fresh()
  const back: Now = { ...it.now(), wall: instantOf(it.now().wall + hours(1)), tick: tickOf(it.now().tick + hours(1)) }
  const decision = decide(it.paging(), incident, ACME, back)
  assert.deepEqual(decision.moves.map((move) => (move.is === 'ring' ? `${move.ring.person} ${move.ring.channel}` : '')), ['ada hook', 'bo email'])
  assert.equal(timeTo(nextAt(decision.paging) ?? assert.fail(), back), 6000)
})

test('P-7 taken: silence, and "Ada has it" once to everybody else who was rung', () => {
  const it = night(ACME).pass(seconds(12))
  it.fresh()
  const taken = it.event({ is: 'acked', by: 'ada', via: 'link' })
  assert.deepEqual(it.fresh(), ['12 acknowledged bo email'])
  assert.match(taken.says, /^Ada has it \(by link\) until \d\d:\d\d$/)
  assert.deepEqual(it.paging().rings, [])
  assert.deepEqual(it.pass(minutes(24)).fresh(), [])
})

test('P-6 a second person hears who has it, and nothing changes', () => {
  const it = night(ACME).pass(seconds(12))
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  const before = it.paging()
  const second = it.event({ is: 'acked', by: 'bo', via: 'cli' })
  assert.equal(second.paging, before)
  assert.deepEqual(second.moves, [])
  assert.match(second.says, /^Ada has it since \d\d:\d\d$/)
})

test('an acknowledgement is asked about, renewed by its holder, and lapses', () => {
  const plan = planOf(ACME.policies['default']?.steps.slice() ?? [], { ackLapses: seconds(20) })
  const it = night(plan).pass(seconds(6))
  it.fresh()
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  assert.deepEqual(it.fresh(), ['6 acknowledged bo email'])
  assert.deepEqual(it.pass(seconds(17)).fresh(), ['22.667 reminder ada email', '22.667 reminder ada hook'])
  const since = it.paging().phase
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  const renewed = it.paging().phase
  assert.ok(since.is === 'held' && renewed.is === 'held' && since.at === renewed.at)
  assert.deepEqual(it.pass(seconds(17)).fresh(), ['39.667 reminder ada email', '39.667 reminder ada hook'])
  assert.deepEqual(it.pass(seconds(10)).fresh(), ['43 ada email', '47 ada hook', '49 bo email'])
  assert.equal(it.paging().lap, 3)
  const reminders = it.moves.flatMap((move) => (move.is === 'notice' && move.notice === 'reminder' ? [move.key] : []))
  assert.equal(new Set(reminders).size, 4)
})

test('the reminder comes a sixth before the end, at most 5 min', () => {
  for (const [lapses, lead] of [[hours(2), minutes(5)], [minutes(30), minutes(5)], [minutes(12), minutes(2)]] as const) {
    const it = night({ ...ACME, ackLapses: lapses }).pass(seconds(1))
    it.event({ is: 'acked', by: 'ada', via: 'link' })
    const { phase } = it.paging()
    assert.ok(phase.is === 'held')
    assert.equal(phase.lapsesAt.tick - phase.askAt.tick, lead)
  }
})

test('a holder whom the first step does not ring is told that it lapsed', () => {
  const it = night(ACME).pass(seconds(6))
  it.fresh()
  it.event({ is: 'acked', by: 'bo', via: 'link' })
  assert.deepEqual(it.fresh(), ['6 acknowledged ada email'])
  assert.deepEqual(it.pass(minutes(30)).fresh().slice(1), ['1806 ada email', '1806 lapsed bo email'])
})

test('who is next is said with a whole millisecond, whatever the fractions of a tick', () => {
  const it = night(ACME).pass(seconds(6))
  const { wall, tick, boot } = it.now()
  const next = nextPeople(it.paging(), ACME, { wall, tick: tickOf(tick + 0.251), boot })
  assert(next !== undefined && Number.isInteger(next.at))
})

test('resolved: a notice once to everybody who was rung and to the holder; then nothing, ever', () => {
  const it = night(ACME).pass(seconds(6))
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  it.fresh()
  it.event({ is: 'resolved' })
  assert.deepEqual(it.fresh(), ['6 recovered ada email', '6 recovered bo email'])
  const over = it.paging()
  assert.equal(nextAt(over), undefined)
  assert.equal(nextPeople(over, ACME, it.now()), undefined)
  for (const event of [{ is: 'resolved' }, { is: 'acked', by: 'bo', via: 'cli' }, { is: 'passed', by: 'bo' }, { is: 'assigned', to: 'bo', by: 'ada' }] as const) {
    const after = it.event(event)
    assert.equal(after.paging, over)
    assert.deepEqual(after.moves, [])
  }
  assert.equal(it.decide().paging, over)
})

test('a holder who was never rung hears of the recovery too; nobody hears of it who was not concerned', () => {
  const it = night(planOf([rings(['ada'], 60)], { people: { ada, bo, chen: person('chen', ['email', 0]) } })).pass(seconds(1))
  it.event({ is: 'acked', by: 'chen', via: 'cli' })
  it.fresh()
  it.event({ is: 'resolved' })
  assert.deepEqual(it.fresh(), ['1 recovered ada email', '1 recovered chen email'])
})

test('passed on: the next step at once, and the passer\'s other channels stay still', () => {
  const it = night(ACME).pass(seconds(2))
  it.event({ is: 'passed', by: 'ada' })
  assert.deepEqual(it.fresh(), ['0 ada email', '2 bo email'])
  assert.deepEqual(it.pass(seconds(6)).fresh(), ['8 ada email', '8 bo email'])
})

test('passed on twice by an eager finger counts once', () => {
  const it = night(ACME).pass(seconds(2))
  it.event({ is: 'passed', by: 'ada' })
  const before = it.paging()
  const again = it.event({ is: 'passed', by: 'ada' })
  assert.equal(again.paging, before)
  assert.match(again.says, /Ada is not being rung/)
})

test('passed on late, when it has gone on already, only stills the passer', () => {
  const slow = planOf([rings(['ada'], 6), rings(['bo'], 60)], { people: { ada: person('ada', ['email', 0], ['hook', 30]), bo } })
  const it = night(slow).pass(seconds(7))
  it.event({ is: 'passed', by: 'ada' })
  assert.deepEqual(it.fresh(), ['0 ada email', '6 bo email'])
  assert.deepEqual(it.pass(seconds(50)).fresh(), [])
})

test('passed on in the last step: the others again, without the passer; then everybody again', () => {
  const it = night(ACME).pass(seconds(13))
  it.fresh()
  it.event({ is: 'passed', by: 'ada' })
  assert.deepEqual(it.fresh(), ['13 bo email'])
  assert.deepEqual(it.pass(seconds(10)).fresh(), ['23 ada email', '23 bo email'])
})

test('P-9 passed on where a policy knows nobody else: the fallback, and it says why', () => {
  const it = night(planOf([rings(['ada'], 6), rings(['ada'], 60)])).pass(seconds(1))
  it.fresh()
  it.event({ is: 'passed', by: 'ada' })
  assert.deepEqual(it.fresh(), ['1 bo email'])
  const last = it.moves.at(-1)
  assert.ok(last?.is === 'ring' && last.why === 'Ada passed it on: paging the fallback' && last.ring.step === 1)
})

test('passed on by the only person there is: it rings them again in its time', () => {
  const it = night(planOf([rings(['ada'], 10)], { people: { ada } })).pass(seconds(1))
  it.event({ is: 'passed', by: 'ada' })
  assert.deepEqual(it.pass(seconds(15)).lines, ['0 ada email', '10 ada email', '14 ada hook'])
})

test('given back by the holder: it rings on from the first step that has anybody else', () => {
  const it = night(ACME).pass(seconds(2))
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  it.pass(seconds(8)).fresh()
  it.event({ is: 'passed', by: 'bo' })
  assert.deepEqual(it.fresh(), [])
  it.event({ is: 'passed', by: 'ada' })
  assert.deepEqual(it.fresh(), ['10 bo email'])
  assert.deepEqual(it.pass(seconds(6)).fresh(), ['16 ada email', '16 bo email'])
})

test('handed over while held: the new person is rung by all their ladder, the old one told, and the policy goes on', () => {
  const it = night(ACME).pass(seconds(6))
  it.event({ is: 'acked', by: 'bo', via: 'link' })
  it.fresh()
  it.event({ is: 'assigned', to: 'ada', by: 'chen' })
  assert.deepEqual(it.fresh(), ['6 ada email', '6 reassigned bo email'])
  assert.equal(it.paging().phase.is, 'ringing')
  assert.deepEqual(it.pass(seconds(12)).fresh(), ['10 ada hook', '12 ada email', '16 ada hook', '18 bo email'])
  const pages = it.moves.flatMap((move) => (move.is === 'ring' ? [move.ring.page] : []))
  assert.equal(new Set(pages).size, pages.length)
})

test('handed over by the holder, who needs no notice of their own act', () => {
  const it = night(ACME).pass(seconds(6))
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  it.fresh()
  it.event({ is: 'assigned', to: 'bo', by: 'ada' })
  assert.deepEqual(it.fresh(), ['6 bo email'])
  it.event({ is: 'acked', by: 'bo', via: 'link' })
  assert.deepEqual(it.fresh(), ['6 acknowledged ada email'])
})

test('handed over to somebody who passes it on: the policy begins at once, without them', () => {
  const it = night(planOf([rings(['ada', 'bo'], 60)])).pass(seconds(6))
  it.event({ is: 'acked', by: 'bo', via: 'link' })
  it.event({ is: 'assigned', to: 'ada', by: 'bo' })
  it.fresh()
  it.event({ is: 'passed', by: 'ada' })
  assert.deepEqual(it.fresh(), ['6 bo email'])
})

test('handed over while it rings: the new person is rung now, the policy goes on as it was', () => {
  const it = night(planOf([rings(['ada'], 60)])).pass(seconds(10))
  it.fresh()
  it.event({ is: 'assigned', to: 'bo', by: 'ada' })
  assert.deepEqual(it.fresh(), ['10 bo email'])
  assert.deepEqual(it.pass(seconds(51)).fresh(), ['60 ada email'])
})

test('handed over to nobody, or to the holder: nothing changes and it says so', () => {
  const it = night(ACME).pass(seconds(1))
  assert.match(it.event({ is: 'assigned', to: 'zoe', by: 'ada' }).says, /^nothing changed: Zoe cannot be paged/)
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  const before = it.paging()
  assert.equal(it.event({ is: 'assigned', to: 'ada', by: 'bo' }).paging, before)
})

test('handed over, and all their channels fail: the policy begins at once', () => {
  const it = night(ACME, (ring) => (ring.step === -1 ? 'failed' : 'accepted')).pass(seconds(6))
  it.event({ is: 'acked', by: 'bo', via: 'link' })
  it.fresh()
  it.event({ is: 'assigned', to: 'ada', by: 'bo' })
  assert.deepEqual(it.fresh(), ['6 ada email', '6 ada hook', '6 ada email'])
})

test('a failing channel: the person\'s next one at once', () => {
  const it = night(ACME, (ring) => (ring.channel === 'email' && ring.person === 'ada' ? 'failed' : 'accepted')).pass(seconds(7))
  assert.deepEqual(it.lines, ['0 ada email', '0 ada hook', '6 bo email'])
})

test('X-9 nobody knows what came of it: another path at once, the rest as if it had been accepted', () => {
  const it = night(ACME, (ring) => (ring.channel === 'email' && ring.person === 'ada' ? 'unknown' : 'accepted')).pass(seconds(13))
  assert.deepEqual(it.lines, ['0 ada email', '0 ada hook', '6 bo email', '12 ada email', '12 bo email', '12 ada hook'])
})

test('X-9 a step of which nothing is known is not a step that failed: the next one comes in its time', () => {
  const it = night(ACME, () => 'unknown').pass(seconds(7))
  assert.deepEqual(it.lines, ['0 ada email', '0 ada hook', '6 bo email'])
})

test('a last rung that failed does not bring the next round forward', () => {
  const slow = planOf([rings(['ada'], 22)], { people: { ada: person('ada', ['push', 2], ['email', 23]) } })
  const it = night(slow, (ring) => (ring.channel === 'email' ? 'failed' : 'accepted')).pass(seconds(25))
  assert.deepEqual(it.lines, ['2 ada push', '23 ada email', '24 ada push'])
})

test('a failure that is known only after the next step began still brings the next rung forward', () => {
  const slow = planOf([rings(['ada'], 6), rings(['bo'], 60)], { people: { ada: person('ada', ['email', 0], ['hook', 30]), bo } })
  const it = night(slow, () => 'silent').pass(seconds(7))
  const first = it.moves[0]
  assert.ok(first?.is === 'ring')
  it.fresh()
  it.event({ is: 'settled', page: first.ring.page, outcome: 'failed' })
  assert.deepEqual(it.fresh(), ['7 ada hook'])
})

test('P-10 the fallback is not rung while anybody of the last step was reached', () => {
  const plan = planOf([rings(['ada', 'bo'], 60)], { people: { ada, bo, chen: person('chen', ['email', 0]) } })
  const it = night(plan, (ring) => (ring.person === 'ada' ? 'failed' : 'accepted')).pass(seconds(61))
  assert.ok(!it.lines.some((line) => line.includes('chen')))
})

test('"Ada has it" goes by the channel last tried when the one before is known to have failed', () => {
  const both = person('bo', ['push', 0], ['email', 60])
  const it = night(planOf([rings(['ada', 'bo'], 300)], { people: { ada, bo: both } }), (ring) => (ring.channel === 'push' ? 'failed' : 'silent')).pass(seconds(1))
  it.fresh()
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  assert.deepEqual(it.fresh(), ['1 acknowledged bo email'])
})

test('P-10 all of a step failed: the next one at once', () => {
  const it = night(ACME, (ring) => (ring.person === 'ada' ? 'failed' : 'accepted'))
  it.pass(seconds(5))
  assert.deepEqual(it.lines, ['0 ada email', '0 ada hook', '0 bo email'])
})

test('P-10 a step waits for rings on their way and for rungs to come', () => {
  const it = night(planOf([rings(['ada', 'bo'], 60), rings(['bo'], 60)]), (ring) => (ring.person === 'ada' ? 'failed' : 'silent')).pass(seconds(59))
  assert.deepEqual(it.lines, ['0 ada email', '0 bo email', '0 ada hook'])
})

test('P-10 all of the last step failed: again within 30 s, with the fallback, and it says why', () => {
  const plan = planOf([rings(['ada'], 300)], { people: { ada, bo, chen: person('chen', ['email', 0]) }, fallback: ['chen'] })
  const it = night(plan, (ring) => (ring.person === 'ada' ? 'failed' : 'accepted')).pass(seconds(29))
  assert.deepEqual(it.fresh(), ['0 ada email', '0 ada hook'])
  assert.deepEqual(it.pass(seconds(1)).fresh(), ['30 ada email', '30 chen email', '30 ada hook'])
  const whys = it.moves.map((move) => (move.is === 'ring' ? [move.ring.person, move.why] : []))
  assert.deepEqual(whys.slice(2), [['ada', undefined], ['chen', 'every page of the last step failed: paging the fallback too'], ['ada', undefined]])
  assert.deepEqual(it.pass(seconds(300)).fresh(), ['330 ada email', '330 chen email', '330 ada hook'])
})

test('P-10 a last step with a short wait keeps to it when all failed', () => {
  const it = night(planOf([rings(['ada'], 10)]), () => 'failed').pass(seconds(21))
  assert.deepEqual(it.lines, ['0 ada email', '0 ada hook', '10 ada email', '10 bo email', '10 ada hook', '20 ada email', '20 bo email', '20 ada hook'])
})

test('outcomes marked in the list by someone else are found by the next decision', () => {
  const it = night(ACME, () => 'silent').pass(seconds(1))
  const marked: Paging = { ...it.paging(), rings: it.paging().rings.map((ring) => (ring.is === 'sent' ? { ...ring, is: 'failed' } : ring)) }
  const decision = decide(marked, incident, ACME, it.now())
  assert.deepEqual(decision.moves.map((move) => (move.is === 'ring' ? move.ring.channel : '')), ['hook'])
})

test('a late outcome of an unknown page, and one that says nothing new, change nothing', () => {
  const it = night(ACME, () => 'silent').pass(seconds(1))
  const ring = it.paging().rings.find(({ is }) => is === 'sent') ?? assert.fail()
  const settle = (outcome: 'accepted' | 'failed' | 'unknown') => it.event({ is: 'settled', page: ring.page, outcome })
  const before = it.paging()
  assert.equal(it.event({ is: 'settled', page: derivedId('pg', 'another'), outcome: 'failed' }).paging, before)
  settle('unknown')
  assert.deepEqual(it.lines, ['0 ada email', '1 ada hook'])
  settle('failed')
  const failed = it.paging()
  settle('unknown')
  assert.equal(it.paging(), failed)
  settle('accepted')
  const accepted = it.paging()
  assert.equal(accepted.rings.find(({ page }) => page === ring.page)?.is, 'accepted')
  settle('failed')
  assert.equal(it.paging(), accepted)
})

test('P-9 nobody is on call: the fallback is rung, on every rung, and the text says why', () => {
  const it = night(planOf([rings(['oncall.night'], 60)], { rotations: { night: rotation('night', []) }, fallback: ['ada'] })).pass(seconds(5))
  assert.deepEqual(it.lines, ['0 ada email', '4 ada hook'])
  for (const move of it.moves) assert.ok(move.is === 'ring' && move.why === 'nobody is on call in oncall.night: paging the fallback')
})

test('P-12 a cover by somebody who left does not hide whose shift it is', () => {
  const covers = [{ rotation: 'primary', person: 'gone', from: instantOf(0), until: instantOf(START.wall + hours(24)) }]
  const covered = [{ ...covers[0], person: 'bo' }] as Plan['covers']
  assert.deepEqual(night({ ...ACME, covers }).pass(seconds(1)).lines, ['0 ada email'])
  assert.deepEqual(night({ ...ACME, covers: covered }).pass(seconds(1)).lines, ['0 bo email'])
})

test('P-12 whoever leaves the plan is not rung, and the step falls back on whoever is left', () => {
  const it = night(ACME).pass(seconds(5))
  it.fresh()
  it.plan({ ...ACME, people: { ada } })
  assert.deepEqual(it.pass(seconds(8)).fresh(), ['6 ada email', '10 ada hook', '12 ada email'])
  it.plan({ ...ACME, people: { bo } })
  assert.deepEqual(it.pass(seconds(9)).fresh(), ['22 bo email'])
})

test('P-12 a policy that is removed, shortened or emptied goes on with what is there', () => {
  const it = night(ACME).pass(seconds(13))
  it.fresh()
  it.plan(planOf([rings(['bo'], 5)]))
  assert.deepEqual(it.pass(seconds(10)).fresh(), ['16 ada hook', '22 bo email'])
  it.plan({ ...ACME, policies: {} })
  it.pass(seconds(5))
  assert.deepEqual(it.fresh(), ['27 ada email', '27 bo email'])
  it.plan(ACME)
  it.pass(minutes(3))
  const pages = it.moves.flatMap((move) => (move.is === 'ring' ? [move.ring.page] : []))
  assert.equal(new Set(pages).size, pages.length)
})

test('a policy that nobody knows: default, else the first, else everybody by the fallback', () => {
  const named = (escalate: string, policies: Plan['policies']): Paging => begin({ ...incident, escalate }, { ...ACME, policies }, START)
  const two: Plan['policies'] = { urgent: { name: 'urgent', steps: [rings(['bo'], 5)] }, default: { name: 'default', steps: [rings(['ada'], 5)] } }
  assert.equal(named('urgent', two).policy, 'urgent')
  assert.equal(named('constructor', two).policy, 'default')
  assert.equal(named('x', { urgent: { name: 'urgent', steps: [rings(['bo'], 5)] } }).policy, 'urgent')
  const none = night({ ...ACME, policies: {} }).pass(seconds(1))
  assert.deepEqual(none.lines, ['0 ada email', '0 bo email'])
  assert.ok(none.moves.every((move) => move.is === 'ring' && move.why === 'the step names nobody: paging the fallback'))
})

test('a plan without people: it says so, goes on, and rings as soon as there is somebody', () => {
  const it = night({ ...ACME, people: {} })
  assert.match(it.decide().says, /nobody can be paged: add people/)
  it.pass(minutes(5))
  assert.deepEqual(it.lines, [])
  it.plan(ACME)
  it.pass(seconds(10))
  assert.equal(it.lines.length > 0, true)
})

test('a step without a wait rings once a second, not without end', () => {
  const it = night(planOf([rings(['bo'], 0)])).pass(seconds(3))
  assert.deepEqual(it.lines, ['0 bo email', '1 bo email', '2 bo email', '3 bo email'])
})

test('a rung that takes longer than the repeat goes out, and again after that', () => {
  const it = night(planOf([rings(['ada'], 10)], { people: { ada: person('ada', ['email', 0], ['sms', 25]) } })).pass(seconds(61))
  assert.deepEqual(it.lines.filter((line) => line.endsWith('sms')), ['25 ada sms', '55 ada sms'])
  assert.ok(it.paging().rings.length <= 2)
})

test('a person named twice in a step, or a channel twice in a ladder, is rung once', () => {
  const twice = person('ada', ['email', 0], ['email', 3])
  const it = night(planOf([rings(['ada', 'oncall.primary', 'ada'], 60)], { people: { ada: twice } })).pass(seconds(10))
  assert.deepEqual(it.lines, ['0 ada email'])
})

test('"Ada has it" goes by the channel that reached people, not by one that failed', () => {
  const both = person('bo', ['push', 0], ['email', 60])
  const it = night(planOf([rings(['ada', 'bo'], 300)], { people: { ada, bo: both } }), (ring) => (ring.channel === 'push' ? 'failed' : 'accepted')).pass(seconds(1))
  it.fresh()
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  assert.deepEqual(it.fresh(), ['1 acknowledged bo email'])
})

test('X-7 the wall clock jumps 25 h: forward may ring early, back never rings late', () => {
  const forward = night(ACME).pass(seconds(2))
  forward.setWall(hours(25))
  forward.pass(seconds(20))
  assert.deepEqual(forward.lines, ['0 ada email', '2 ada hook', '2 bo email', '8 ada email', '8 bo email', '12 ada hook', '18 ada email', '18 bo email', '22 ada hook'])
  const back = night(ACME).pass(seconds(2))
  back.setWall(hours(-25))
  assert.deepEqual(back.pass(seconds(11)).lines, ['0 ada email', '4 ada hook', '6 bo email', '12 ada email', '12 bo email'])
})

test('X-7 a reboot, also with a clock that lost 25 h, delays a page by no more than its own wait', () => {
  for (const lost of [0, hours(-25), hours(25)]) {
    const it = night(ACME).pass(seconds(2))
    it.fresh()
    it.reboot('b')
    it.setWall(ms(lost))
    it.decide()
    it.pass(seconds(6))
    const early = lost > 0 ? ['ada email', 'bo email'] : []
    assert.deepEqual(it.fresh().map((line) => line.split(' ').slice(1).join(' ')), ['ada hook', 'bo email', ...early], `clock off by ${lost}`)
  }
})

test('X-7 an acknowledgement lapses after a reboot too, never later than it would have', () => {
  const it = night(ACME).pass(seconds(2))
  it.event({ is: 'acked', by: 'ada', via: 'link' })
  it.fresh()
  it.reboot('b')
  it.setWall(hours(-25))
  it.decide()
  it.pass(minutes(30))
  assert.ok(it.fresh().some((line) => line.endsWith('ada email')))
  assert.equal(it.paging().phase.is, 'ringing')
})

test('who is next: the coming step while it rings, the first when a hold would lapse', () => {
  const it = night(ACME).pass(seconds(1))
  assert.deepEqual(nextPeople(it.paging(), ACME, it.now()), { people: ['bo'], at: START.wall + 6000 })
  it.pass(seconds(6))
  assert.deepEqual(nextPeople(it.paging(), ACME, it.now()), { people: ['ada', 'bo'], at: START.wall + 12_000 })
  it.event({ is: 'acked', by: 'bo', via: 'link' })
  assert.deepEqual(nextPeople(it.paging(), ACME, it.now()), { people: ['ada'], at: START.wall + 7000 + minutes(30) })
  assert.equal(nextPeople(it.paging(), { ...ACME, people: {} }, it.now()), undefined)
})

test('who is next is told by the wall clock as it is now', () => {
  const it = night(ACME).pass(seconds(1))
  it.setWall(hours(-25))
  assert.equal(nextPeople(it.paging(), ACME, it.now())?.at, it.now().wall + 5000)
})

test('the same decision twice is the same pages: ids are derived from their cause', () => {
  const a = night(ACME).pass(seconds(40))
  const b = night(ACME).pass(seconds(40))
  assert.deepEqual(a.moves, b.moves)
  assert.deepEqual(a.paging(), JSON.parse(JSON.stringify(b.paging())))
})

test('a paging is never judged for another incident', () => {
  const it = night(ACME)
  assert.throws(() => decide(it.paging(), { ...incident, id: incidentId('check:www', '') }, ACME, START))
})
