// W-2, W-10, W-12, X-3: what makes a turn, and what never does.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Found } from '../../core/evidence.ts'
import { instantOf, ms, seconds, tickOf, type Now } from '../../core/time.ts'
import type { Check } from './check.ts'
import { deadlineAfter, excerptOf, overdue, overrun, ping } from './heartbeat.ts'
import { horizonSince, isIsolated } from './horizon.ts'
import { flaps, fold, fresh, pass, turned, type Standing } from './judge.ts'
import type { Looked } from './protocol.ts'
import type { HeartbeatRow } from './rows.ts'

const check: Check = {
  name: 'www', kind: 'http', settings: {}, every: seconds(10), timeout: seconds(1), failAfter: 3, recoverAfter: 2, seenFrom: 1, unknownAfter: seconds(120),
  dependsOn: [], escalate: 'default', loopback: true, from: 'test',
}
const now = (tick: number): Now => ({ wall: instantOf(1e12 + tick), tick: tickOf(tick), boot: 'b' })
const looked = (tick: number, is: Found['is']): Looked => ({
  check: 'www', at: instantOf(1e12 + tick), tick: tickOf(tick), took: ms(5), late: 0, found: is === 'pass' ? { is } : { is, says: is },
})
const letters: Record<string, Found['is']> = { p: 'pass', f: 'fail', u: 'unknown' }

/** Folds a word such as "ppfffp" and gives the turns with the place at which they came. */
function turns(word: string, from: Standing = fresh('new'), every = 10_000): string[] {
  let standing = from
  const found: string[] = []
  for (const [i, letter] of [...word].entries()) {
    const at = i * every
    const folded = fold(check, standing, looked(at, letters[letter] ?? 'unknown'), now(at))
    standing = folded.standing
    if (folded.verdict.is === 'turn') {
      found.push(`${i}:${folded.verdict.to}`)
      standing = turned(standing, folded.verdict.to, now(at))
    }
  }
  return found
}

test('W-2: down needs failAfter failures in a row, up needs recoverAfter passes; unknown never counts as either', () => {
  const table: [string, string[]][] = [
    ['p', ['0:up']], ['ff', []], ['fff', ['2:down']], ['ffpff', ['2:up']], ['fffp', ['2:down']], ['fffpp', ['2:down', '4:up']],
    ['fffpup', ['2:down']], ['fffpupp', ['2:down', '6:up']], ['ffuf', ['3:down']], ['uuuu', []], ['pff', ['0:up']], ['pfffppfff', ['0:up', '3:down', '5:up', '8:down']],
  ]
  for (const [word, expected] of table) assert.deepEqual(turns(word), expected, word)
})

test('W-10: replacing passes by unknowns never turns anything up earlier, and never adds a turn to down', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('p', 'f', 'u'), { maxLength: 40 }), fc.array(fc.boolean(), { maxLength: 40 }), (word, blur) => {
    const blurred = word.map((letter, i) => (blur[i] && letter === 'p' ? 'u' : letter)).join('')
    const firstUp = (of: string): number => Number(turns(of).find((it) => it.endsWith('up'))?.split(':')[0] ?? Number.POSITIVE_INFINITY)
    assert.ok(firstUp(blurred) >= firstUp(word.join('')))
    // Without any failure there is never a turn to down, however much is unknown.
    assert.ok(!turns(blurred.replaceAll('f', 'u')).some((it) => it.endsWith('down')))
  }), { numRuns: 1000 })
})

test('a restart turns nothing by itself: a check that was down stays down until fresh passes', () => {
  assert.deepEqual(turns('p', fresh('down')), [])
  assert.deepEqual(turns('pp', fresh('down')), ['1:up'])
  assert.deepEqual(turns('ff', fresh('down')), [])
  assert.deepEqual(turns('', fresh('up')), [])
})

test('W-12: flapping needs more passes to end, so that one incident covers the flutter', () => {
  const word = 'pfffppfffppfffpp'
  const all = turns(word)
  assert.ok(all.filter((it) => it.endsWith('down')).length >= 2)
  assert.ok(!all.includes('15:up'), 'the last recovery came as early as if it had never flapped')
  let standing = fresh('up')
  for (const to of ['down', 'up', 'down', 'up'] as const) standing = turned(standing, to, now(0))
  assert.equal(flaps(standing, now(1000)), true)
  assert.equal(flaps(standing, now(11 * 60_000)), false)
})

test('W-1: a check that nobody looks at becomes unknown; an answer that is late says nothing new', () => {
  const seen = fold(check, fresh('new'), looked(1000, 'pass'), now(1000)).standing
  const up = turned(seen, 'up', now(1000))
  assert.equal(pass(check, up, now(15_000), tickOf(0)).stale, false)
  assert.equal(pass(check, up, now(23_000), tickOf(0)).stale, true)
  assert.deepEqual(pass(check, up, now(130_000), tickOf(0)).verdict, { is: 'turn', to: 'unknown' })
  const older = fold(check, up, looked(500, 'fail'), now(24_000))
  assert.equal(older.standing, up)
})

test('W-6: the horizon is gone only when every anchor that was asked afterwards failed', () => {
  const standing = (tick: number, is: Found['is'], fails = 0): Standing => ({ ...fresh('up'), fails, last: looked(tick, is) })
  assert.equal(horizonSince([], tickOf(5)), 'not-judged')
  assert.equal(horizonSince([standing(1, 'pass')], tickOf(5)), 'asking')
  assert.equal(horizonSince([standing(6, 'fail'), standing(1, 'pass')], tickOf(5)), 'asking')
  assert.equal(horizonSince([standing(6, 'fail'), standing(7, 'pass')], tickOf(5)), 'stands')
  assert.equal(horizonSince([standing(6, 'fail'), standing(7, 'unknown')], tickOf(5)), 'gone')
  assert.equal(isIsolated([standing(6, 'fail', 2), standing(7, 'fail', 1)]), false)
  assert.equal(isIsolated([standing(6, 'fail', 2), standing(7, 'fail', 2)]), true)
  // No way out of this machine: nothing is asked, so nothing fails.
  const unasked = (tick: number, unknownSince: number): Standing => ({ ...standing(tick, 'unknown'), unknownSince: tickOf(unknownSince) })
  assert.equal(isIsolated([unasked(6, 6), unasked(7, 5)]), false)
  assert.equal(isIsolated([unasked(6, 5), unasked(7, 5), standing(7, 'fail', 2)]), true)
  assert.equal(isIsolated([unasked(6, 5), undefined]), false)
  assert.equal(isIsolated([unasked(6, 5), standing(7, 'pass')]), false)
})

const beat: Check = { ...check, name: 'job', kind: 'heartbeat', every: seconds(60), grace: seconds(10) }
const row: HeartbeatRow = { name: 'job', last_at: null, state: 'new', due_at: null, excused: 0 }

test('heartbeats: success, failure and exit codes by Healthchecks\' grammar', () => {
  const at = instantOf(1_000_000)
  assert.deepEqual([ping(beat, row, { is: 'success' }, at).turn, ping(beat, row, { is: 'success' }, at).row.due_at], ['up', 1_070_000])
  assert.equal(ping(beat, row, { is: 'fail' }, at).turn, 'down')
  assert.equal(ping(beat, row, { is: 'exit', code: 0 }, at).turn, 'up')
  assert.equal(ping(beat, row, { is: 'exit', code: 3 }, at, ms(90_000)).says, 'the job reported a failure with exit code 3 after 1 min 30 s')
  for (const is of ['start', 'log'] as const) assert.deepEqual([ping(beat, row, { is }, at).turn, ping(beat, row, { is }, at).row], ['none', row])
  const cron = { ...beat, schedule: '15 2 * * *', timezone: 'Europe/Berlin' }
  assert.equal(new Date(deadlineAfter(cron, instantOf(Date.UTC(2026, 10, 21, 12))).expected).toISOString(), '2026-11-22T01:15:00.000Z')
})

test('W-3: overdue while the door was closed is unknown once, then down after one further period and grace', () => {
  const up = ping(beat, row, { is: 'success' }, instantOf(1_000_000)).row
  const due = up.due_at ?? 0
  assert.equal(overdue(beat, up, [], instantOf(due - 1)).is, 'not-yet')
  assert.equal(overdue(beat, up, [], instantOf(due)).is, 'down')
  const closed = [{ from: instantOf(due - 5000), to: instantOf(due + 20_000) }]
  const excused = overdue(beat, up, closed, instantOf(due + 20_000))
  assert.deepEqual([excused.is, excused.is === 'excused' && excused.dueAt], ['excused', due + 20_000 + 70_000])
  assert.equal(overdue(beat, { ...up, due_at: due + 90_000, excused: 1 }, closed, instantOf(due + 90_000)).is, 'down')
  // A gap long before the ping was to be expected excuses nothing.
  assert.equal(overdue(beat, up, [{ from: instantOf(1_010_000), to: instantOf(1_020_000) }], instantOf(due)).is, 'down')
})

test('W-3: a run whose end may have met nobody is not known; one that could have told is down', () => {
  const at = 1_000_000
  const run = { name: 'job', rid: '', at, tick: 5, boot: 'b', over: 0 }
  const closed = (from: number, to: number): ReturnType<typeof overrun> => overrun(beat, run, [{ from: instantOf(from), to: instantOf(to) }])
  assert.deepEqual(overrun(beat, run, []), { is: 'down', says: 'a run that began did not end within its grace of 10 s' })
  for (const [from, to, is] of [[at - 9000, at - 1, 'down'], [at - 9000, at + 1, 'excused'], [at + 2000, at + 5000, 'excused'], [at + 9000, at + 90_000, 'excused'], [at + 10_001, at + 90_000, 'down']] as const) {
    assert.equal(closed(from, to).is, is, `${from} to ${to}`)
  }
  const excused = closed(at + 2000, at + 5000)
  assert.equal(excused.is === 'excused' && excused.dueAt, at + 5000 + 70_000, 'one further period and grace')
})

test('what a job wrote goes onto a page as one short line that steers nothing', () => {
  for (const [text, says] of [
    [undefined, ''], ['', ''], [' \n\t\n', ''], ['one', 'one'], ['one\ntwo\nthree', 'one / two'], ['\n\n one \n\n two', 'one / two'], ['\u001b[2J\u202eevil\u0007\u009b1m\u200b', '[2Jevil1m'], ['a\tb   c', 'a b c'],
  ] as const) assert.equal(excerptOf(text), says)
  const long = excerptOf('\u{1f525}'.repeat(5000))
  assert.ok(long.length <= 160 && long.isWellFormed())
})
