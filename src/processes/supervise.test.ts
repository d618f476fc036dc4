// Tables of what a supervisor sees and does. X-8: whatever dies is started again, and a person hears of it when it keeps dying.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ms, seconds, tickOf } from '../core/time.ts'
import { advances, judge, newCare, type Care, type CareEvent, type CareMove, type Temper } from './supervise.ts'

const ringer: Temper = { name: 'ringer', patience: seconds(10), mostAbandoned: 4 }
const keeper: Temper = { name: 'keeper', patience: seconds(30), mostAbandoned: 2 }

/** A supervisor and a child that can be steered; time is turned in steps of half a second. */
function nursery(temper: Temper) {
  let care = newCare(temper, tickOf(0))
  let at = 0
  let pids = 100
  let progress = 0
  const starts: { at: number; safe: boolean; pid: number }[] = []
  const moves: { at: number; move: CareMove }[] = []
  /** What the world does with its processes. */
  const world = { alive: true, killable: true, starts: true, progresses: true }
  const take = (event: CareEvent): void => {
    const judged = judge(care, event, tickOf(at))
    care = judged.care
    for (const move of judged.moves) {
      moves.push({ at, move })
      if (move.is === 'start') {
        const pid = ++pids
        starts.push({ at, safe: move.safe, pid })
        take(world.starts ? { is: 'started', pid } : { is: 'refused', says: 'no memory' })
      } else if (move.is === 'kill' && world.killable) take({ is: 'exited', pid: move.pid, how: 'SIGKILL' })
    }
  }
  return {
    world, starts, moves, take,
    get care(): Care { return care },
    get pid() { return care.phase.is === 'waiting' ? 0 : care.phase.pid },
    turn(span: number): void {
      for (const end = at + span; at < end;) {
        at += 500
        take({ is: 'tick' })
        if (world.alive && care.phase.is === 'up') take({ is: 'alive', progress: world.progresses ? ++progress : progress })
      }
    },
    sleep(span: number): void { at += span },
    die(): void { take({ is: 'exited', pid: this.pid, how: 'exit code 1' }) },
    pages: () => moves.flatMap(({ move }) => (move.is === 'page' ? [move.says] : [])),
  }
}

test('a child is started at once, and left alone while it gets forward', () => {
  const it = nursery(ringer)
  it.turn(3_600_000)
  assert.deepEqual(it.starts.map(({ at }) => at), [500])
  assert.deepEqual(it.moves.map(({ move }) => move.is), ['start'])
  assert(advances(it.care, tickOf(3_600_000), seconds(2)))
})

test('X-8: it starts again at once after a death, then with pauses that grow to 30 s and no further', () => {
  const it = nursery(ringer)
  it.turn(500)
  it.world.alive = false
  const pauses: number[] = []
  for (let n = 0; n < 11; n++) {
    const from = it.starts.at(-1)?.at ?? 0
    it.die()
    const count = it.starts.length
    for (let waited = 0; it.starts.length === count && waited < 100_000; waited += 500) it.turn(500)
    pauses.push((it.starts.at(-1)?.at ?? 0) - from)
  }
  assert.deepEqual(pauses, [500, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000])
})

test('X-8: one that only reads is back within seconds, however often it died; people hear of it all the same', () => {
  const it = nursery({ name: 'guard', patience: seconds(10), mostAbandoned: 4, mostPause: seconds(4) })
  it.turn(1000)
  for (let n = 0; n < 12; n++) {
    const starts = it.starts.length
    it.die()
    it.turn(4500)
    assert(it.starts.length > starts, `after ${n + 1} deaths`)
  }
  assert.equal(it.pages().length, 1)
})

test('a minute of progress forgives: the next death is answered at once again', () => {
  const it = nursery(ringer)
  it.turn(1000)
  for (let n = 0; n < 3; n++) {
    it.die()
    it.turn(5000)
  }
  it.turn(61_000)
  const count = it.starts.length
  it.die()
  it.turn(500)
  assert.equal(it.starts.length, count + 1)
})

for (const [temper, limit] of [[ringer, 10_000], [keeper, 30_000]] as const) {
  test(`a ${temper.name} without progress for ${limit / 1000} s is killed and replaced, not before`, () => {
    const it = nursery(temper)
    it.turn(10_000)
    it.world.alive = false
    it.turn(limit - 500)
    assert.equal(it.starts.length, 1)
    it.turn(1500)
    assert.equal(it.starts.length, 2)
    assert.deepEqual(it.moves.map(({ move }) => move.is), ['start', 'kill', 'say', 'say', 'start'])
  })
}

test('reports without progress are silence', () => {
  const it = nursery(ringer)
  it.turn(2000)
  it.world.progresses = false
  it.turn(5000)
  assert(!advances(it.care, tickOf(7000), seconds(4)))
  it.turn(7000)
  assert.equal(it.starts.length, 2)
})

test('X-8: one that is slow to begin, on a machine with too much to do, is given longer each time, a minute at most', () => {
  const it = nursery(ringer)
  it.world.alive = false
  it.turn(500_000)
  const lasted = it.starts.slice(1).map(({ at }, n) => at - (it.starts[n]?.at ?? 0))
  // The pause before each start, of up to 30 s, and what it was given: 10, 20, 40 and 60 s.
  assert.deepEqual(lasted.slice(0, 7), [11_000, 21_000, 41_500, 62_500, 64_500, 68_500, 76_500])
  it.world.alive = true
  it.turn(90_000)
  it.world.alive = false
  const { length } = it.starts
  it.turn(11_000)
  assert.equal(it.starts.length, length + 1, 'who has spoken once is given no more than it ever was')
})

test('five deaths in ten minutes page once, and the keeper then starts in safe mode', () => {
  const it = nursery(keeper)
  it.turn(1000)
  for (let n = 0; n < 9; n++) {
    it.die()
    it.turn(35_000)
  }
  assert.equal(it.pages().length, 1)
  assert.match(it.pages()[0] ?? '', /^keeper ended 5 times in ten minutes.*safe mode/)
  assert.deepEqual(it.starts.map(({ safe }) => safe), [false, false, false, false, false, true, true, true, true, true])
  // After an hour of trouble it is said again.
  for (let n = 0; n < 130; n++) {
    it.die()
    it.turn(30_000)
  }
  assert.equal(it.pages().length, 2)
})

test('deaths that lie far apart are not too many', () => {
  const it = nursery(ringer)
  it.turn(1000)
  for (let n = 0; n < 40; n++) {
    it.die()
    it.turn(151_000)
  }
  assert.deepEqual(it.pages(), [])
})

test('a keeper that cannot be killed is named and replaced; a third one waits until one of them ends', () => {
  const it = nursery(keeper)
  it.turn(5000)
  it.world.alive = false
  it.world.killable = false
  const first = it.pid
  it.turn(33_000)
  assert.equal(it.starts.length, 2)
  assert.match(it.pages()[0] ?? '', new RegExp(`keeper hangs and cannot be ended \\(process ${first} .*Another one is started`))
  it.turn(600_000)
  assert.equal(it.starts.length, 2)
  assert.equal(it.care.abandoned.length, 2)
  assert.match(it.pages()[1] ?? '', /No further one is started/)
  it.take({ is: 'exited', pid: first, how: 'SIGKILL' })
  it.world.alive = true
  it.turn(1000)
  assert.equal(it.starts.length, 3)
  assert.equal(it.care.abandoned.length, 1)
  it.turn(120_000)
  assert.equal(it.starts.length, 3)
})

/** A keeper whose predecessor hangs: each try says that its place is held, until that one is gone. */
function besideHanging(wasWell: boolean) {
  const it = nursery(keeper)
  const held = 'A former keeper (process 101) cannot be ended'
  it.turn(wasWell ? 5000 : 500)
  Object.assign(it.world, { alive: false, killable: false })
  const first = it.pid
  // Fall silent, be killed, be given up; from then on each try fails at once.
  it.turn(32_000)
  it.world.killable = true
  const tries = (span: number): number => {
    const before = it.starts.length
    for (let waited = 0; waited < span; waited += 500) {
      if (it.care.phase.is === 'up' && it.pid !== first) it.take({ is: 'blocked', says: held })
      it.turn(500)
    }
    return it.starts.length - before
  }
  return { ...it, first, held, tries, get care() { return it.care } }
}

test('X-8: a keeper that only waits for one that cannot be ended is not taken for one that keeps ending', () => {
  const it = besideHanging(true)
  const count = it.tries(300_000)
  assert(count >= 10 && count <= 20, `${count} tries in five minutes`)
  assert.equal(it.pages().length, 1, it.pages().join('; '))
  assert.match(it.pages()[0] ?? '', /keeper hangs and cannot be ended \(process 101 .*The ringer goes on paging from memory/)
  assert(it.starts.every(({ safe }) => !safe))
  assert.equal(it.moves.filter(({ move }) => move.is === 'say' && move.line === it.held).length, 1, 'the reason is said once')
})

test('X-8: when the one that could not be ended is gone, the next is started at once, whatever its pause was', () => {
  const it = besideHanging(true)
  it.tries(200_000)
  if (it.care.phase.is === 'up') it.take({ is: 'blocked', says: it.held })
  assert.equal(it.care.phase.is, 'waiting')
  const count = it.starts.length
  it.take({ is: 'exited', pid: it.first, how: 'SIGKILL' })
  it.take({ is: 'tick' })
  assert.equal(it.starts.length, count + 1)
  // One that found the place taken a moment before is followed at once as well.
  it.take({ is: 'blocked', says: it.held })
  it.take({ is: 'tick' })
  assert.equal(it.starts.length, count + 2)
})

test('a keeper that finds one of a former Holdfast in its place, from the beginning, pages once', () => {
  const it = nursery(keeper)
  it.world.alive = false
  for (let at = 0; at < 200_000; at += 500) {
    it.turn(500)
    if (it.care.phase.is === 'up') it.take({ is: 'blocked', says: 'held', title: 'keeper cannot start' })
  }
  assert.deepEqual(it.moves.flatMap(({ move }) => (move.is === 'page' ? [[move.title, move.says]] : [])), [['keeper cannot start', 'held']])
})

test('a keeper without room on its disk says why once an hour, and works on when there is room', () => {
  const it = nursery(keeper)
  it.turn(90_000)
  const full = { is: 'blocked', says: 'The disk is full', title: 'the disk is full' } as const
  for (let at = 0; at < 3_900_000; at += 500) {
    if (it.care.phase.is === 'up') it.take(full)
    it.turn(500)
  }
  assert.deepEqual(it.pages(), ['The disk is full', 'The disk is full'])
  assert(it.starts.length < 150 && it.starts.every(({ safe }) => !safe))
  it.turn(31_000)
  assert(advances(it.care, tickOf(4_021_000), seconds(30)))
})

test('a machine, or a watchdog, that stood still accuses nobody', () => {
  const it = nursery(ringer)
  it.turn(5000)
  it.sleep(90_000)
  it.turn(60_000)
  assert.equal(it.starts.length, 1)
})

test('what cannot even be started is tried again with pauses', () => {
  const it = nursery(ringer)
  it.world.starts = false
  it.turn(60_000)
  assert(it.starts.length >= 6 && it.starts.length <= 9, `${it.starts.length} starts in a minute`)
  assert.match(it.pages()[0] ?? '', /ended 5 times/)
  it.world.starts = true
  it.turn(31_000)
  assert.equal(it.care.phase.is, 'up')
})

test('reports and ends of strangers change nothing', () => {
  const it = nursery(ringer)
  it.turn(2000)
  const before = it.care
  it.take({ is: 'exited', pid: 7, how: 'x' })
  assert.equal(it.care, before)
  const waiting = newCare(ringer, tickOf(0))
  assert.equal(judge(waiting, { is: 'alive', progress: 3 }, tickOf(5)).care, waiting)
})

test('any history: at most one start at a time, all bounded, and once the world is well it is up within 31 s (X-8)', () => {
  fc.assert(fc.property(fc.array(fc.oneof(
    fc.record({ is: fc.constant('turn' as const), n: fc.integer({ min: 1, max: 80 }) }),
    fc.constantFrom({ is: 'die' as const }, { is: 'hang' as const }, { is: 'wedge' as const }, { is: 'well' as const }, { is: 'sleep' as const }),
  ), { maxLength: 60 }), (events) => {
    const it = nursery(keeper)
    const killed: number[] = []
    for (const event of events) {
      if (event.is === 'turn') it.turn(event.n * 500)
      else if (event.is === 'die' && it.pid !== 0) it.die()
      else if (event.is === 'sleep') it.sleep(40_000)
      else if (event.is === 'well') Object.assign(it.world, { alive: true, killable: true })
      else it.world.alive = false
      if (event.is === 'wedge') it.world.killable = false
      assert(it.care.abandoned.length <= 2 && it.care.deaths.length <= 32)
    }
    Object.assign(it.world, { alive: true, killable: true })
    killed.push(...it.care.abandoned)
    for (const pid of killed) it.take({ is: 'exited', pid, how: 'SIGKILL' })
    if (it.care.phase.is === 'killed') it.take({ is: 'exited', pid: it.care.phase.pid, how: 'SIGKILL' })
    it.turn(63_000)
    assert(advances(it.care, tickOf(Number.MAX_SAFE_INTEGER), ms(Number.MAX_SAFE_INTEGER)))
  }), { numRuns: 300 })
})
