// P-8: for every instant of 2020–2045, every zone of the tz database and every generated rotation with covers, exactly one person
// is on call, and no shift leaves a gap. The zones whose clocks do odd things are named besides.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { isoTime, parseIso, shiftAt } from '../../core/calendar.ts'
import { instantOf, later, days, hours, type Instant } from '../../core/time.ts'
import { coversOf, onCall, shifts } from './oncall.ts'
import type { Cover, Plan, Rotation } from './plan.ts'

const at = (iso: string): Instant => parseIso(iso) ?? assert.fail(`${iso} is no instant`)
const FROM = at('2020-01-01T00:00:00Z')
const UNTIL = at('2046-01-01T00:00:00Z')

const weekly = (people: string[], more: Partial<Rotation> = {}): Rotation => ({
  name: 'primary', rotate: { every: 'week', times: 1 }, handoff: { weekday: 1, hour: 9, minute: 0 }, timezone: 'Europe/Berlin', people, starts: '2024-01-01', ...more,
})
const cover = (person: string, from: string, until: string, rotation = 'primary'): Cover => ({ rotation, person, from: at(from), until: at(until) })

/** Small numbers from a seed, so that each zone has rotations of its own and each run the same ones. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

const pick = (numbers: Generator<number, never>, below: number): number => Math.floor(numbers.next().value * below)

function generated(zone: string, every: 'day' | 'week', dice: Generator<number, never>): Rotation {
  const people = ['ada', 'bo', 'chen', 'dee', 'eli'].slice(0, 1 + pick(dice, 5))
  const starts = `20${20 + pick(dice, 26)}-${String(1 + pick(dice, 12)).padStart(2, '0')}-${String(1 + pick(dice, 28)).padStart(2, '0')}`
  // Half of the hand-offs lie where clocks are changed.
  const hour = pick(dice, 2) === 0 ? pick(dice, 4) : pick(dice, 24)
  const times = every === 'day' ? 1 : 1 + pick(dice, 6)
  return weekly(people, { rotate: { every, times }, handoff: { weekday: 1 + pick(dice, 7), hour, minute: pick(dice, 4) * 15 }, timezone: zone, starts })
}

function changesOf(zone: string): Instant[] {
  const found: Instant[] = []
  let there: Temporal.ZonedDateTime | null = Temporal.Instant.fromEpochMilliseconds(FROM).toZonedDateTimeISO(zone)
  while ((there = there.getTimeZoneTransition('next')) && there.epochMilliseconds < UNTIL) found.push(instantOf(there.epochMilliseconds))
  return found
}

/** Covers around the given instants, some of them empty, reversed or overlapping. */
const coversAround = (instants: readonly Instant[], dice: Generator<number, never>): Cover[] =>
  instants.flatMap((instant) => [0, 1].map(() => {
    const from = later(instant, hours(pick(dice, 96) - 48))
    return { rotation: pick(dice, 8) === 0 ? 'other' : 'primary', person: 'fay', from, until: later(from, hours(pick(dice, 60) - 6)) }
  }))

/** Walks from one stretch to the next through a window: somebody is on call at each end, and each begins where the last ended. */
function walk(rotation: Rotation, covers: readonly Cover[], from: Instant, until: Instant): void {
  let now = from
  while (now < until) {
    const found = onCall(rotation, covers, now)
    if (!found || found.person === '') assert.fail(`nobody is on call in ${rotation.timezone} at ${isoTime(now)}`)
    if (found.until <= now) assert.fail(`${rotation.timezone} does not go on at ${isoTime(now)}`)
    const last = onCall(rotation, covers, instantOf(found.until - 1))
    if (last?.until !== found.until || last.person !== found.person) assert.fail(`${rotation.timezone}: a gap before ${isoTime(found.until)}`)
    now = found.until
  }
  if (covers.length > 0) return
  const shift = shiftAt(rotation, from)
  assert.ok(shift.from <= from && from < shift.until)
  assert.equal(shiftAt(rotation, shift.until).from, shift.until)
}

test('P-8 every zone, 2020 to 2045: somebody is on call at every instant', () => {
  const zones = [...Intl.supportedValuesOf('timeZone'), 'US/Eastern', 'NZ-CHAT', 'EST5EDT']
  assert.ok(zones.length > 400)
  let seed = 1
  for (const zone of zones) {
    const dice = numbers(seed++)
    const changes = changesOf(zone)
    // A whole walk through 26 years, then every change of the clocks with a daily hand-off and with covers.
    walk({ ...generated(zone, 'week', dice), rotate: { every: 'week', times: 8 + pick(dice, 8) } }, [], FROM, UNTIL)
    const daily = generated(zone, 'day', dice)
    const covered = generated(zone, 'week', dice)
    const covers = coversAround(changes.slice(0, 6), dice)
    for (const change of changes) walk(daily, [], later(change, hours(-30)), later(change, hours(30)))
    for (const change of changes.slice(0, 6)) walk(covered, covers, later(change, days(-4)), later(change, days(4)))
    for (let i = 0; i < 12; i++) {
      const instant = instantOf(FROM + Math.floor(dice.next().value * (UNTIL - FROM)))
      assert.ok(onCall(daily, covers, instant) && onCall(covered, covers, instant))
    }
  }
})

test('P-8 zones whose clocks are odd, day by day through the whole time', () => {
  for (const timezone of ['Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia', 'Asia/Gaza']) {
    const rotation = weekly(['ada', 'bo', 'chen'], { rotate: { every: 'day', times: 1 }, handoff: { weekday: 1, hour: 2, minute: 15 }, timezone, starts: '2020-01-01' })
    let before = ''
    for (const { person, from, until } of shifts(rotation, [], FROM, UNTIL)) {
      if (until - from > hours(26) || until <= from || person === before) assert.fail(`${timezone}: ${person} from ${isoTime(from)} to ${isoTime(until)} after ${before}`)
      before = person
    }
  }
})

test('P-8 Apia: the person of the day that never was is passed over, and the next takes over in time', () => {
  const rotation = weekly(['ada', 'bo', 'chen'], { rotate: { every: 'day', times: 1 }, timezone: 'Pacific/Apia', starts: '2011-12-28' })
  const found = shifts(rotation, [], at('2011-12-28T19:00:00Z'), at('2012-01-02T19:00:00Z'))
  assert.deepEqual(found.map(({ person }) => person), ['ada', 'bo', 'ada', 'bo', 'chen'])
  assert.equal(onCall(rotation, [], at('2011-12-30T18:59:59Z'))?.person, 'bo')
  assert.equal(onCall(rotation, [], at('2011-12-30T19:00:00Z'))?.person, 'ada')
})

test('P-8 any rotation, any covers, any instant', () => {
  const instant = fc.integer({ min: FROM, max: UNTIL }).map(instantOf)
  const covers = fc.array(fc.record({ rotation: fc.constantFrom('primary', 'other'), person: fc.constantFrom('ada', 'fay'), from: instant, until: instant }), { maxLength: 8 })
  fc.assert(fc.property(covers, instant, fc.integer({ min: 1, max: 9 }), fc.constantFrom<'day' | 'week'>('day', 'week'), (entered, now, times, every) => {
    const rotation = weekly(['ada', 'bo', 'chen'], { rotate: { every, times } })
    const found = onCall(rotation, entered, now)
    assert.ok(found && found.until > now)
    const active = entered.filter((it) => it.rotation === 'primary' && it.from <= now && now < it.until)
    assert.equal(found.cover, active.length > 0)
    if (active.length > 0) assert.equal(found.person, active.at(-1)?.person)
    assert.deepEqual({ ...onCall(rotation, entered, instantOf(found.until - 1)), until: 0 }, { ...found, until: 0 })
    const stretches = shifts(rotation, entered, now, later(now, days(30)))
    assert.equal(stretches[0]?.from, now)
    assert.equal(stretches.at(-1)?.until, now + days(30))
    for (const [i, stretch] of stretches.entries()) assert.equal(stretch.from, stretches[i - 1]?.until ?? now)
  }), { numRuns: 500 })
})

test('covers: the last entered wins while it lasts, then the one beneath, then the shift', () => {
  const rotation = weekly(['ada'])
  const covers = [
    cover('bo', '2026-11-24T08:00:00Z', '2026-11-26T08:00:00Z'),
    cover('chen', '2026-11-25T00:00:00Z', '2026-11-25T12:00:00Z'),
    cover('dee', '2026-11-25T10:00:00Z', '2026-11-25T09:00:00Z'),
    cover('eli', '2026-11-24T08:00:00Z', '2026-11-28T08:00:00Z', 'backup'),
  ]
  const found = shifts(rotation, covers, at('2026-11-24T00:00:00Z'), at('2026-11-27T00:00:00Z'))
  assert.deepEqual(found.map(({ person, from, cover }) => [person, isoTime(from).slice(8, 13), cover]), [
    ['ada', '24T00', false], ['bo', '24T08', true], ['chen', '25T00', true], ['bo', '25T12', true], ['ada', '26T08', false],
  ])
})

test('a cover ends sharp: its last millisecond is covered, its end is not', () => {
  const covers = [cover('bo', '2026-11-24T08:00:00Z', '2026-11-24T09:00:00Z')]
  assert.equal(onCall(weekly(['ada']), covers, at('2026-11-24T07:59:59.999Z'))?.until, at('2026-11-24T08:00:00Z'))
  assert.equal(onCall(weekly(['ada']), covers, at('2026-11-24T08:00:00Z'))?.person, 'bo')
  assert.equal(onCall(weekly(['ada']), covers, at('2026-11-24T08:59:59.999Z'))?.person, 'bo')
  assert.equal(onCall(weekly(['ada']), covers, at('2026-11-24T09:00:00Z'))?.person, 'ada')
})

test('a rotation without people has nobody; the rest of the plan deals with that', () => {
  assert.equal(onCall(weekly([]), [], FROM), undefined)
  assert.deepEqual(shifts(weekly([]), [], FROM, UNTIL), [])
})

test('P-12 a cover by somebody who left is none', () => {
  const covers = [cover('gone', '2026-11-24T08:00:00Z', '2026-11-26T08:00:00Z'), cover('mute', '2026-11-24T08:00:00Z', '2026-11-26T08:00:00Z'), cover('bo', '2026-11-24T08:00:00Z', '2026-11-26T08:00:00Z')]
  const plan = { people: { bo: { name: 'bo', reach: [{ channel: 'email', after: 0 }] }, mute: { name: 'mute', reach: [] } }, covers } as unknown as Plan
  assert.deepEqual(coversOf(plan).map(({ person }) => person), ['bo'])
  assert.equal(coversOf(plan), coversOf(plan))
})

test('asked in a storm, it answers from memory', (t) => {
  const rotation = weekly(['ada', 'bo', 'chen'])
  const covers = Array.from({ length: 20 }, (_, i) => cover('fay', `2026-11-${String(i + 1).padStart(2, '0')}T08:00:00Z`, `2026-11-${String(i + 1).padStart(2, '0')}T10:00:00Z`))
  const began = process.hrtime.bigint()
  for (let i = 0; i < 100_000; i++) onCall(rotation, covers, later(FROM, hours(i)))
  t.diagnostic(`${(Number(process.hrtime.bigint() - began) / 1e8).toFixed(2)} µs each, over 11 years of hours with 20 covers`)
})
