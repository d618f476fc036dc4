// A run as its invariants want it: by the stories that people tell, then over random histories against a book that is kept beside it.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { legsOf, planned, silencedBy, stepRun, type Leg, type Run, type RunEvent, type RunStep, type RunStepped, type Turn } from './run.ts'
import { instantOf, stampOf, tickOf, type Due, type Now, type Stamp } from '../../../core/time.ts'

const nowAt = (tick: number): Now => ({ wall: instantOf(1_795_000_000_000 + tick), tick: tickOf(tick), boot: 'boot' })
const stamp = (tick: number): Stamp => ({ tick: tickOf(tick), boot: 'boot' })
const due = (tick: number): Due => ({ wall: instantOf(1_795_000_000_000 + tick), tick: tickOf(tick), boot: 'boot' })
const step = (id: string, more: Partial<RunStep> = {}): RunStep => ({ id, hash: `hash of ${id}`, takes: [], raises: false, idempotent: false, undo: `back of ${id}`, ...more })
const STEPS = [step('drain'), step('stop', { takes: ['db-1'] }), step('memory', { takes: ['db-1'] }), step('start', { takes: ['db-1'], raises: true, idempotent: true }), step('undrain', { raises: true })]
const LINK: Turn = { subject: 'db-2 eth0', is: 'link', host: 'db-2', claim: 'db-2 lost carrier' }
const member = (host: string): Turn => ({ subject: host, is: 'member', host, claim: `${host} is gone` })

/** A story: a clock that goes on with every event, and a run that has to take each of them unless it says why not. */
function story(steps: readonly RunStep[] = STEPS) {
  let run = planned('run', steps)
  let tick = 1000
  const tell = (event: RunEvent): string | undefined => {
    const { run: after, wrong } = stepRun(run, event, nowAt(++tick))
    run = after
    return wrong
  }
  const good = (event: RunEvent): void => assert.equal(tell(event), undefined)
  const it = {
    get run() { return run },
    get tick() { return tick },
    tell, good,
    offer: (leg: Leg) => tell({ is: 'offered', leg, lapsesAt: due(tick + 300_000) }),
    press({ step: at, back }: Leg): string | undefined { return tell({ is: 'pressed', hash: (back ? steps[at]?.undo : steps[at]?.hash) ?? '', at: stamp(tick) }) },
    rule: (more: Partial<Extract<RunEvent, { is: 'ruled' }>> = {}) => tell({ is: 'ruled', found: 'pass', from: stamp(tick), accepted: false, window: 'open', ...more }),
    hold: () => tell({ is: 'held', token: run.token, from: stamp(tick) }),
    wait: (by: number) => (tick += by),
    /** Begins a leg, by the book. */
    begin(leg: Leg, more: Partial<Extract<RunEvent, { is: 'ruled' }>> = {}): void {
      assert.deepEqual([it.offer(leg), it.press(leg), it.rule(more)], [undefined, undefined, undefined])
    },
  }
  return it
}
const forth = (at: number): Leg => ({ step: at, back: false })
const back = (at: number): Leg => ({ step: at, back: true })
const phase = ({ run }: { readonly run: Run }): string => `${run.phase.is}${run.halt ? ' halted' : ''}`

test('C-14 a word that led to nothing guards nothing, where nothing ever began: by time, by a no, and by a ruling; after a beginning, and after a halt, it does', () => {
  const lapse = (it: ReturnType<typeof story>): void => {
    it.wait(300_001)
    it.good({ is: 'time' })
  }
  for (const end of [lapse, (it: ReturnType<typeof story>) => it.good({ is: 'refused', says: 'bo said no' })]) {
    const it = story()
    for (const press of [() => it.good({ is: 'touched' }), () => assert.equal(it.press(forth(0)), undefined)]) {
      it.offer(forth(0))
      press()
      assert.equal(it.run.guarded, true)
      end(it)
      assert.deepEqual([phase(it), it.run.guarded], ['waiting', false])
      it.good({ is: 'turned', turn: LINK })
      assert.equal(phase(it), 'waiting', 'before the next first press nothing halts')
    }
    it.begin(forth(0))
    it.hold()
    it.offer(forth(1))
    end(it)
    assert.deepEqual([phase(it), it.run.guarded], ['waiting', true], 'something has begun')
    it.good({ is: 'turned', turn: LINK })
    assert.equal(phase(it), 'waiting halted')
  }
  const it = story()
  it.offer(forth(0))
  it.good({ is: 'touched' })
  it.good({ is: 'turned', turn: LINK })
  it.good({ is: 'refused', says: 'late' })
  assert.deepEqual([phase(it), it.run.guarded], ['waiting halted', true])
})

test('C-4 C-5 C-12 steps go in order, each once, by two words on just this step and by looks that began after them', () => {
  const it = story()
  assert.match(it.offer(forth(1)) ?? '', /in order/)
  assert.equal(it.offer(forth(0)), undefined)
  assert.match(it.tell({ is: 'pressed', hash: 'hash of stop', at: stamp(it.tick) }) ?? '', /not what is offered/)
  assert.equal(it.press(forth(0)), undefined)
  assert.match(it.rule({ from: stamp(it.tick - 2) }) ?? '', /before both had pressed/)
  assert.match(it.rule({ from: { tick: tickOf(it.tick), boot: 'another' } }) ?? '', /before both had pressed/)
  assert.match(it.rule({ found: 'unknown' }) ?? '', /not everything is known/)
  assert.match(it.rule({ window: 'shut' }) ?? '', /window/)
  assert.match(it.rule({ found: 'fail', accepted: true }) ?? '', /not everything/, 'a step that raises nothing is never excused')
  assert.equal(it.rule(), undefined)
  assert.match(it.offer(forth(0)) ?? '', /under way/)
  assert.match(it.tell({ is: 'held', token: it.run.token, from: stamp(1) }) ?? '', /before it began/)
  assert.equal(it.hold(), undefined)
  assert.match(it.offer(forth(0)) ?? '', /in order/)
  for (const at of [1, 2, 3, 4]) {
    it.begin(forth(at))
    assert.equal(it.hold(), undefined)
  }
  assert.deepEqual(it.run.phase, { is: 'over', how: 'done' })
})

test('C-5 words lapse; then nothing runs', () => {
  const it = story()
  it.offer(forth(0))
  it.press(forth(0))
  it.wait(300_001)
  assert.match(it.rule() ?? '', /nobody waits/)
  assert.equal(phase(it), 'waiting')
})

test('C-14 before the first press no turn halts it; from then on any does, between steps too', () => {
  const it = story()
  it.offer(forth(0))
  it.good({ is: 'turned', turn: LINK })
  assert.equal(phase(it), 'offered')
  it.good({ is: 'touched' })
  it.good({ is: 'turned', turn: LINK })
  assert.equal(phase(it), 'waiting halted', 'what was offered is void')
  assert.match(it.offer(forth(0)) ?? '', /db-2 lost carrier/)
  const later = story()
  later.begin(forth(0))
  later.hold()
  later.good({ is: 'turned', turn: member('db-3') })
  assert.equal(phase(later), 'waiting halted')
})

test('C-13 C-18 what the step under way takes is no surprise; a link is one, and so is another host', () => {
  const it = story()
  it.begin(forth(0))
  assert.deepEqual(silencedBy(it.run), [])
  it.hold()
  it.begin(forth(1))
  assert.deepEqual(silencedBy(it.run), ['db-1'])
  it.good({ is: 'turned', turn: member('db-1') })
  assert.equal(phase(it), 'running')
  it.good({ is: 'turned', turn: { ...LINK, host: 'db-1' } })
  assert.equal(phase(it), 'running halted')
  const other = story()
  other.begin(forth(0))
  other.good({ is: 'turned', turn: member('db-1') })
  assert.equal(phase(other), 'running halted', 'drain takes nothing')
})

test('C-15 a halt begins nothing and kills nothing; the way back stays open', () => {
  const it = story()
  it.begin(forth(0))
  it.hold()
  it.begin(forth(1))
  it.good({ is: 'turned', turn: LINK })
  assert.equal(it.hold(), undefined, 'what was under way goes on')
  assert.deepEqual([it.run.done, phase(it)], [[0, 1], 'waiting halted'])
  assert.deepEqual(legsOf(it.run), [back(1)], 'memory raises nothing')
  assert.equal(it.offer(back(1)), undefined)
  assert.equal(it.press(back(1)), undefined)
  assert.match(it.rule({ found: 'fail' }) ?? '', /not everything/)
  assert.equal(it.rule({ found: 'fail', accepted: true, window: 'shut' }), undefined)
  assert.equal(it.hold(), undefined)
  assert.deepEqual([it.run.begun, phase(it), legsOf(it.run)], [[0], 'waiting halted', [back(0)]], 'still halted')
  it.begin(back(0), { accepted: true, found: 'unknown' })
  it.hold()
  assert.deepEqual(it.run.phase, { is: 'over', how: 'undone' })
})

test('C-15 it goes on only when both want it and everything passes by fresh looks', () => {
  const it = story()
  it.begin(forth(0))
  it.good({ is: 'turned', turn: LINK })
  const resume = (found: 'pass' | 'unknown', from: number): string | undefined => it.tell({ is: 'resumed', found, at: stamp(it.tick), from: stamp(from) })
  assert.match(resume('unknown', it.tick) ?? '', /not everything passes/)
  assert.match(resume('pass', it.tick - 5) ?? '', /not everything passes/)
  assert.equal(resume('pass', it.tick), undefined)
  assert.equal(phase(it), 'running')
  it.hold()
  it.begin(forth(1))
})

test('C-4 C-7 whoever does a step is gone: nobody knows, nothing goes on by itself, and its number is worth nothing any more', () => {
  const it = story()
  it.begin(forth(0))
  const { token } = it.run
  it.good({ is: 'lost', token })
  assert.deepEqual([phase(it), legsOf(it.run)], ['unknown halted', []])
  assert.match(it.tell({ is: 'resumed', found: 'pass', at: stamp(it.tick), from: stamp(it.tick) }) ?? '', /what became of the step/)
  it.good({ is: 'decided', token, as: 'not-done' })
  it.good({ is: 'resumed', found: 'pass', at: stamp(it.tick), from: stamp(it.tick) })
  it.begin(forth(0))
  for (const event of [{ is: 'held', from: stamp(it.tick) }, { is: 'failed' }, { is: 'lost' }] as const) assert.match(it.tell({ ...event, token }) ?? '', /older step/)
  assert.equal(phase(it), 'running')
})

test('C-4 one that failed begins again only where it was said that it may', () => {
  const it = story([step('once'), step('again', { idempotent: true })])
  it.begin(forth(0))
  it.good({ is: 'failed', token: it.run.token })
  it.good({ is: 'resumed', found: 'pass', at: stamp(it.tick), from: stamp(it.tick) })
  assert.deepEqual(legsOf(it.run), [back(0)])
  const never = story([step('once')])
  never.begin(forth(0))
  never.good({ is: 'failed', token: never.run.token, begun: false })
  assert.deepEqual([never.run.begun, phase(never)], [[], 'waiting halted'])
  never.good({ is: 'resumed', found: 'pass', at: stamp(never.tick), from: stamp(never.tick) })
  never.begin(forth(0))
  const stuck = story([step('drain'), { id: 'stop', hash: 'hash of stop', takes: [], raises: false, idempotent: false }])
  stuck.begin(forth(0))
  stuck.hold()
  stuck.begin(forth(1))
  stuck.good({ is: 'failed', token: stuck.run.token })
  assert.deepEqual(legsOf(stuck.run), [])
  assert.match(stuck.tell({ is: 'resumed', found: 'pass', at: stamp(stuck.tick), from: stamp(stuck.tick) }) ?? '', /nothing could follow/)
  const taken = story()
  taken.begin(forth(0))
  taken.hold()
  taken.begin(forth(1))
  taken.hold()
  taken.begin(back(1))
  taken.hold()
  assert.deepEqual(legsOf(taken.run), [back(0)], 'what was taken back is not done again')
  const other = story([step('again', { idempotent: true })])
  other.begin(forth(0))
  other.good({ is: 'failed', token: other.run.token })
  other.good({ is: 'resumed', found: 'pass', at: stamp(other.tick), from: stamp(other.tick) })
  other.begin(forth(0))
})

test('C-4 C-13 a step that may begin again and never began counts as not begun; one that had begun before still does', () => {
  const it = story([step('stop', { takes: ['db-1'], idempotent: true })])
  const go = (): void => it.good({ is: 'resumed', found: 'pass', at: stamp(it.tick), from: stamp(it.tick) })
  const none = (): void => {
    it.begin(forth(0))
    it.good({ is: 'failed', token: it.run.token, begun: false })
    go()
  }
  none()
  assert.deepEqual([it.run.tried, it.run.begun, legsOf(it.run)], [[], [], [forth(0)]], 'nothing took db-1, and there is nothing to take back')
  it.begin(forth(0))
  it.good({ is: 'lost', token: it.run.token })
  it.good({ is: 'decided', token: it.run.token, as: 'not-done' })
  go()
  assert.deepEqual([it.run.tried, it.run.begun], [[], []], 'both have looked')
  it.begin(forth(0))
  it.good({ is: 'failed', token: it.run.token })
  go()
  none()
  assert.deepEqual([it.run.tried, it.run.begun, legsOf(it.run)], [[0], [0], [forth(0), back(0)]])
  const other = story([step('drain'), step('stop', { idempotent: true }), step('look')])
  other.begin(forth(0))
  other.hold()
  other.begin(forth(1))
  other.hold()
  other.begin(back(1))
  other.hold()
  other.begin(forth(1))
  other.good({ is: 'failed', token: other.run.token, begun: false })
  assert.deepEqual([other.run.tried, other.run.begun], [[0, 1], [0]], 'what was taken back stays so')
})

test('C-6 C-15 what is gone back by itself ends with an hour after the surprise, and with a boot', () => {
  const trusted = (): ReturnType<typeof story> => {
    const it = story()
    it.good({ is: 'entrusted', trust: { from: due(it.tick), until: due(it.tick + 600_000), undoes: true } })
    it.good({ is: 'due', leg: forth(0), lapsesAt: due(it.tick + 300_000) })
    assert.equal(it.rule(), undefined)
    it.good({ is: 'turned', turn: LINK })
    it.good({ is: 'failed', token: 1 })
    return it
  }
  const goBack = (it: ReturnType<typeof story>): RunEvent => ({ is: 'due', leg: back(0), lapsesAt: due(it.tick + 300_000) })
  const it = trusted()
  it.wait(3_590_000)
  it.good(goBack(it))
  it.good({ is: 'distrusted', says: 'its people lead it' })
  assert.deepEqual([phase(it), it.run.trust], ['waiting halted', undefined], 'what stood for their presses stands for them no more')
  const late = trusted()
  late.wait(3_600_001)
  assert.equal(late.tell(goBack(late)), 'it is not its time')
  const { run, tick } = trusted()
  assert.equal(stepRun(run, { is: 'due', leg: back(0), lapsesAt: due(tick + 300_000) }, { ...nowAt(tick), boot: 'another' }).wrong, 'it is not its time')

  const booted = story()
  booted.good({ is: 'entrusted', trust: { from: due(booted.tick), until: due(booted.tick + 600_000), undoes: true } })
  booted.good({ is: 'due', leg: forth(0), lapsesAt: due(booted.tick + 300_000) })
  const surprised = stepRun(booted.run, { is: 'turned', turn: LINK }, { ...nowAt(booted.tick), boot: 'another' }).run
  assert.deepEqual([surprised.halt, surprised.trust], [LINK, undefined], 'no surprise after a boot begins it anew')
})

test('C-6 C-15 what is gone back by itself ends an hour after the time that both agreed to, however late the surprise is', () => {
  const surprisedAfter = (wait: number): Run => {
    const it = story()
    it.good({ is: 'entrusted', trust: { from: due(it.tick), until: due(it.tick + 600_000), undoes: true } })
    it.good({ is: 'due', leg: forth(0), lapsesAt: due(it.tick + 300_000) })
    assert.equal(it.rule(), undefined)
    it.wait(wait)
    it.good({ is: 'turned', turn: LINK })
    return it.run
  }
  const { trust } = surprisedAfter(1_800_000)
  assert.deepEqual([trust?.isBack, trust?.until.tick], [true, 1001 + 600_000 + 3_600_000 - 1], 'twenty minutes after its time forty are left')
  assert.deepEqual([surprisedAfter(4_200_000).trust, surprisedAfter(4_200_000).halt], [undefined, LINK], 'a step that hung through that hour: people lead it')
  assert.equal(surprisedAfter(60_000).trust?.until.tick, 1001 + 60_000 + 3 + 3_600_000, 'in its time it is an hour from the surprise on')
})

test('C-6 X-7 what goes by itself waits for both clocks: one that is set forward begins nothing before its time, and one that is set back neither', () => {
  for (const [waits, setForward, wrong] of [[30_000, 0, undefined], [29_000, 40_000, 'it is not its time'], [0, 40_000, 'it is not its time'], [30_000, -40_000, 'it is not its time']] as const) {
    const it = story()
    it.good({ is: 'entrusted', trust: { from: due(it.tick + 30_000), until: due(it.tick + 600_000), undoes: false } })
    it.wait(waits)
    const now = nowAt(it.tick)
    assert.equal(stepRun(it.run, { is: 'due', leg: forth(0), lapsesAt: due(it.tick + 300_000) }, { ...now, wall: instantOf(now.wall + setForward) }).wrong, wrong)
  }
})

test('C-6 a step whose turn came in the time in which it may go by itself does not begin after it, nor when the clock was set back before it', () => {
  for (const [waits, setBack, wrong] of [[0, 0, undefined], [20_000, 0, 'it is not its time'], [0, 30_000, 'it is not its time']] as const) {
    const it = story()
    it.good({ is: 'entrusted', trust: { from: due(it.tick), until: due(it.tick + 10_000), undoes: false } })
    it.good({ is: 'due', leg: forth(0), lapsesAt: due(it.tick + 300_000) })
    it.wait(waits)
    const now = nowAt(it.tick)
    const ruled = stepRun(it.run, { is: 'ruled', found: 'pass', from: stampOf(now), accepted: false, window: 'open' }, { ...now, wall: instantOf(now.wall - setBack) })
    assert.equal(ruled.wrong, wrong)
  }
})

test('C-6 C-10 after a stop nothing begins, nothing is silenced, and what was under way is named', () => {
  const it = story()
  it.begin(forth(0))
  it.hold()
  it.begin(forth(1))
  it.good({ is: 'stopped' })
  assert.equal(it.run.phase.is === 'over' && it.run.phase.way?.step, 1)
  assert.deepEqual([silencedBy(it.run), legsOf(it.run), it.offer(back(1))], [[], [], 'it is over'])
})

const RUNS = Number(process.env['HOLDFAST_TEST_MODELS'] ?? 400)
const KINDS = ['offered', 'offered', 'offered', 'pressed', 'pressed', 'ruled', 'ruled', 'held', 'held', 'held', 'touched', 'failed', 'lost', 'decided', 'turned', 'resumed', 'resumed', 'stopped', 'time'] as const
type Kind = (typeof KINDS)[number]
interface Roll { readonly kind: Kind; readonly wise: boolean; readonly n: number; readonly well: boolean; readonly odd: boolean }

/** What mostly comes next. */
const NEXT: Readonly<Record<Run['phase']['is'], Kind>> = { waiting: 'offered', offered: 'pressed', pressed: 'ruled', running: 'held', unknown: 'decided', over: 'time' }

/** An event that mostly fits, and sometimes not at all. */
function eventOf({ kind: rolled, wise, n, well, odd }: Roll, run: Run, tick: number): RunEvent {
  const kind: Kind = wise ? NEXT[run.phase.is] : rolled
  const legs = legsOf(run)
  const leg = (odd ? undefined : legs[n % Math.max(1, legs.length)]) ?? { step: n % STEPS.length, back: n % 3 === 0 }
  const token = odd ? Math.max(0, run.token - 1) : run.token
  const from = stamp(odd ? tick - 3 : tick)
  switch (kind) {
    case 'offered': return { is: kind, leg, lapsesAt: due(tick + (odd ? 1 : 100)) }
    case 'pressed': {
      const of = run.phase.is === 'offered' && !odd ? run.phase.leg : leg
      return { is: kind, hash: (of.back ? STEPS[of.step]?.undo : STEPS[of.step]?.hash) ?? '', at: stamp(tick) }
    }
    case 'ruled': return { is: kind, found: well || n % 4 !== 0 ? 'pass' : n % 2 === 0 ? 'fail' : 'unknown', from, accepted: n % 3 === 0, window: n % 7 === 0 ? 'shut' : 'open' }
    case 'held': return { is: kind, token, from }
    case 'failed': return { is: kind, token, ...(n % 3 === 0 ? { begun: false as const } : {}) }
    case 'lost': return { is: kind, token }
    case 'decided': return { is: kind, token, as: well ? 'done' : n % 5 === 0 ? 'unknown' : 'not-done' }
    case 'turned': return { is: kind, turn: n % 3 === 0 ? LINK : n % 3 === 1 ? member('db-1') : member('db-2') }
    case 'resumed': return { is: kind, found: well || n % 4 !== 0 ? 'pass' : 'unknown', at: stamp(tick), from }
    case 'stopped': return n % 4 === 0 ? { is: kind } : { is: 'time' }
    default: return { is: kind }
  }
}

/** What is true, kept by hand. */
interface Book { again: 'begun' | 'taken-back' | undefined; offer: { leg: Leg; until: number } | undefined; word: { leg: Leg; at: number; until: number } | undefined; halted: boolean; guarded: boolean; readonly starts: Map<number, number>; begun: number[] }

function judge(before: Run, event: RunEvent, { run: after, wrong }: RunStepped, book: Book, tick: number): void {
  const withdraw = (): void => void (book.guarded &&= book.starts.size > 0 || book.halted)
  if (book.offer && tick >= book.offer.until) [book.offer] = [undefined, withdraw()]
  if (book.word && tick >= book.word.until) [book.word] = [undefined, withdraw()]
  if (event.is === 'refused' && (before.phase.is === 'offered' || before.phase.is === 'pressed')) withdraw()
  const over = before.phase.is === 'over'
  if (over) assert.equal(after, before, 'C-6 what is over stays as it is')
  const started = after.token > before.token
  if (started) {
    assert(event.is === 'ruled' && after.phase.is === 'running' && after.token === before.token + 1)
    const { leg, at } = book.word ?? assert.fail('C-5 it began without the word of two')
    assert.deepEqual([after.phase.way.step, after.phase.way.back], [leg.step, leg.back], 'C-5 what began is what was agreed on')
    assert(event.from.tick >= at, 'C-12 it rests on looks from before the second press')
    const isWayBack = leg.back || STEPS[leg.step]?.raises === true
    assert(event.found === 'pass' && event.window === 'open' || event.accepted && isWayBack, 'C-15 only a way back goes on what does not pass')
    assert(!book.halted || isWayBack, 'C-15 halted, only a way back begins')
    if (leg.back) assert.equal(leg.step, book.begun.at(-1), 'ways back in their order')
    else {
      book.again = !book.starts.has(leg.step) ? undefined : book.begun.includes(leg.step) ? 'begun' : 'taken-back'
      book.starts.set(leg.step, (book.starts.get(leg.step) ?? 0) + 1)
      assert((book.starts.get(leg.step) ?? 0) <= 1 || STEPS[leg.step]?.idempotent === true, 'C-4 a step begins once')
      if (!book.begun.includes(leg.step)) book.begun.push(leg.step)
    }
    book.word = undefined
  }
  if (after.done.length > before.done.length) assert(event.is === 'held' && event.token === before.token || event.is === 'decided' && event.as === 'done', 'done is what was seen, or decided by people')
  if ((event.is === 'held' || event.is === 'failed' || event.is === 'lost') && event.token !== before.token) assert.deepEqual([after.phase.is === 'running', after.done], [before.phase.is === 'running', before.done], 'C-7 an older number does nothing')
  if (wrong === undefined) follow(before, event, after, book, started)
  const takes = after.phase.is === 'running' ? (STEPS[after.phase.way.step]?.takes ?? []) : []
  assert.deepEqual(silencedBy(after), takes, 'C-18 C-10 silent is what the step under way takes, and nothing after it')
  if (!over) assert.equal(after.halt !== undefined, book.halted, 'C-14 C-13 halted is what a turn has halted')
  assert.deepEqual(after.begun, book.begun)
  if (!over && after.phase.is !== 'over') assert.equal(after.guarded, book.guarded, 'C-14 guarded is what somebody pressed for, and nothing that led to nothing')
}

/** The book goes on. */
function follow(before: Run, event: RunEvent, after: Run, book: Book, started: boolean): void {
  if (before.phase.is === 'over') return
  const way = before.phase.is === 'running' || before.phase.is === 'unknown' ? before.phase.way : undefined
  const ended = way !== undefined && after.phase.is !== 'running' && after.phase.is !== 'unknown' && !started
  if (event.is === 'offered' && after.phase.is === 'offered') [book.offer, book.word] = [{ leg: event.leg, until: event.lapsesAt.tick }, undefined]
  if (event.is === 'pressed' && after.phase.is === 'pressed' && book.offer) [book.word, book.offer, book.guarded] = [{ leg: book.offer.leg, at: event.at.tick, until: book.offer.until }, undefined, true]
  if (event.is === 'touched' && book.offer) book.guarded = true
  if (event.is === 'turned' && book.guarded && !book.halted) {
    const excused = event.turn.is === 'member' && before.phase.is === 'running' && (STEPS[before.phase.way.step]?.takes ?? []).includes(event.turn.host ?? '')
    if (!excused) [book.halted, book.offer, book.word] = [true, undefined, undefined]
  }
  if (ended && way.back && (event.is === 'held' || (event.is === 'decided' && event.as === 'done'))) {
    book.begun = book.begun.filter((it) => it !== way.step)
  }
  // One that had begun before still has, whatever became of this time.
  const unbegun = book.again !== 'begun' && (event.is === 'decided' ? event.as === 'not-done' : event.is === 'failed' && event.begun === false && event.token === before.token)
  if (ended && !way.back && unbegun) {
    book.begun = book.begun.filter((it) => it !== way.step)
    if (book.again === undefined) book.starts.delete(way.step)
  }
  if (way && (event.is === 'failed' || event.is === 'lost') && event.token === before.token && before.phase.is === 'running') book.halted = true
  if (event.is === 'resumed' && before.phase.is !== 'unknown' && event.found === 'pass' && event.from.tick >= event.at.tick) book.halted = false
}

test('C-4 C-5 C-6 C-7 C-10 C-12 C-13 C-14 C-15 C-18 over random histories a run never does more than the book allows', () => {
  let begun = 0
  const rolls = fc.array(fc.record({ kind: fc.constantFrom(...KINDS), wise: fc.nat(9).map((it) => it < 7), n: fc.nat(60), well: fc.boolean(), odd: fc.nat(9).map((it) => it === 0) }), { minLength: 20, maxLength: 120 })
  fc.assert(fc.property(rolls, (all) => {
    let run = planned('run', STEPS)
    const book: Book = { again: undefined, offer: undefined, word: undefined, halted: false, guarded: false, starts: new Map(), begun: [] }
    for (const [n, roll] of all.entries()) {
      const tick = 1000 + n * 4
      const event = eventOf(roll, run, tick)
      const stepped = stepRun(run, event, nowAt(tick))
      const { run: after, wrong } = stepped
      if (wrong !== undefined) assert.deepEqual({ ...after, phase: 0, guarded: 0 }, { ...run, phase: 0, guarded: 0 }, 'what is refused changes nothing but what time has ended')
      judge(run, event, stepped, book, tick)
      run = after
    }
    begun += run.token
  }), { numRuns: RUNS })
  assert(begun > RUNS, `so many steps began: ${begun}`)
})
