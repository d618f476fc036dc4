// A run: planned work that goes on step by step, each agreed on by two people and judged by what was observed after they agreed, and that the first surprise
// stops. A strict stream: the state goes in with one event and comes out; what cannot follow is refused in words and changes nothing. Who agreed
// is judged by `agreement`; what is observed, elsewhere. Here is decided what may follow from it.
//
// A step begins at most once (C-4), under a number that counts up, so that whoever holds an older one can do nothing with it (C-7). It is done when it was seen to
// be done, and never because somebody says so. A halt begins nothing and kills nothing (C-15): what is under way stays so until its end is
// seen, and the way back stays open. What is not known is never gone on from by itself: people decide.
import { ageOf, dueAfter, dueIn, earliest, hours, isDue, isDueOnBoth, isSince, stampOf, type Due, type Now, type Stamp } from '../../../core/time.ts'

export interface RunStep {
  readonly id: string
  /** Of the step as it is filled in; what people agree on. */
  readonly hash: string
  /** Hosts that it is expected to take down: that alone is excused while it is under way (C-13). */
  readonly takes: readonly string[]
  /** It makes more failures tolerable: it may be gone when the guard fails (C-15). */
  readonly raises: boolean
  /** It may begin again after it failed. */
  readonly idempotent: boolean
  /** The hash of its way back, where it has one. */
  readonly undo?: string
}

/** What turned from pass to anything else. A link is never excused, whosever it is. */
export interface Turn {
  readonly subject: string
  readonly is: 'member' | 'link' | 'other'
  /** The host whose member or link it is. */
  readonly host?: string
  /** What was seen, for people. */
  readonly claim: string
  /** Somebody wants it to stop: nothing goes on by itself then, ways back neither. */
  readonly byHand?: true
}

/** Both agreed once to all of it: it goes on by itself, until the first surprise. */
export interface Trust {
  readonly from: Due
  /** Of the ways back, from the surprise on: `BACK_WITHIN` after it, and no later than that after the time that both agreed to. */
  readonly until: Due
  /** After a surprise it goes the ways back by itself, in order. */
  readonly undoes: boolean
  /** That surprise was there. */
  readonly isBack?: true
}

/** A step, or its way back. */
export interface Leg {
  readonly step: number
  readonly back: boolean
}

/** What both say became of a step; `unknown`: neither can tell, and it may begin once more all the same. */
export type Became = 'done' | 'not-done' | 'unknown'

/** What began, and nobody has seen the end of. */
export interface Way extends Leg {
  /** Counts up with every beginning of the run. */
  readonly token: number
  readonly begun: Stamp
  /** It began although the run was halted: both typed that they want that. */
  readonly against?: true
  /** It had begun before, and still counts as begun or was taken back since: that stays so where this time nothing began. */
  readonly again?: 'begun' | 'taken-back'
}

export type RunPhase =
  /** Nothing is offered. */
  | { readonly is: 'waiting' }
  | { readonly is: 'offered'; readonly leg: Leg; readonly lapsesAt: Due }
  /** Both have pressed; it waits for observations that begin from now on (C-12). */
  | { readonly is: 'pressed'; readonly leg: Leg; readonly at: Stamp; readonly lapsesAt: Due }
  | { readonly is: 'running'; readonly way: Way }
  /** Whoever did it is gone, and nobody knows whether it was done. */
  | { readonly is: 'unknown'; readonly way: Way }
  | { readonly is: 'over'; readonly how: 'done' | 'undone' | 'aborted'; readonly way?: Way }

export interface Run {
  readonly id: string
  readonly steps: readonly RunStep[]
  readonly phase: RunPhase
  /** Why nothing goes on, until both people have seen that all is well. */
  readonly halt?: Turn | undefined
  /** Steps that ever began; in order, those of them that were not taken back; and those that were seen to be done. */
  readonly tried: readonly number[]
  readonly begun: readonly number[]
  readonly done: readonly number[]
  /** The last number that was given out. */
  readonly token: number
  /** From the first press on the guard counts (C-14), until an offer ends with which nothing ever began: then it is as it was before. */
  readonly guarded: boolean
  /** It goes on by itself. */
  readonly trust?: Trust | undefined
}

export type RunEvent =
  | { readonly is: 'offered'; readonly leg: Leg; readonly lapsesAt: Due }
  /** One of them pressed. */
  | { readonly is: 'touched' }
  /** Two people agreed on this hash; `at`: the second of them. */
  | { readonly is: 'pressed'; readonly hash: string; readonly at: Stamp }
  /** Two people agreed once, to all of it. */
  | { readonly is: 'entrusted'; readonly trust: Trust }
  /** It goes on by itself with this one: what it begins by is looked at from now on. */
  | { readonly is: 'due'; readonly leg: Leg; readonly lapsesAt: Due }
  /** It goes on by itself no more. */
  | { readonly is: 'distrusted'; readonly says: string }
  /** All that is wanted, judged; `from`: when the oldest of the looks began. `accepted`: somebody took it upon themselves to go the way back all the same. */
  | { readonly is: 'ruled'; readonly found: 'pass' | 'fail' | 'unknown'; readonly from: Stamp; readonly accepted: boolean; readonly window: 'open' | 'shut' }
  /** It cannot begin by what was seen after both had pressed: their words are void. */
  | { readonly is: 'refused'; readonly says: string }
  /** What it should bring about was seen, by looks that began at `from`. */
  | { readonly is: 'held'; readonly token: number; readonly from: Stamp }
  /** It has ended, and failed: nothing of it goes on. `begun`: false where it is known that nothing was begun. */
  | { readonly is: 'failed'; readonly token: number; readonly begun?: false }
  /** Whoever did it is gone, or its lease has lapsed. */
  | { readonly is: 'lost'; readonly token: number }
  /** Both people say, after looking, what became of it. */
  | { readonly is: 'decided'; readonly token: number; readonly as: Became }
  | { readonly is: 'turned'; readonly turn: Turn }
  /** Both people want to go on; `at`: the second of them, `from`: when the oldest of the looks began. */
  | { readonly is: 'resumed'; readonly found: 'pass' | 'fail' | 'unknown'; readonly at: Stamp; readonly from: Stamp }
  /** Either of them, always. */
  | { readonly is: 'stopped' }
  | { readonly is: 'time' }

export interface RunStepped {
  /** The very object that was given when nothing changed. */
  readonly run: Run
  /** Why it cannot be; nothing changed by it then. */
  readonly wrong?: string
}

/** A run of a plan, before anybody pressed. */
export const planned = (id: string, steps: readonly RunStep[]): Run => ({ id, steps, phase: { is: 'waiting' }, tried: [], begun: [], done: [], token: 0, guarded: false })

/** What could be offered now: the next step, and the way back of the last that began. Halted, a step only where it makes more failures tolerable. */
export function legsOf({ steps, phase, halt, tried, begun, done }: Run): Leg[] {
  if (phase.is === 'running' || phase.is === 'unknown' || phase.is === 'over') return []
  const next = steps.findIndex((_, at) => !done.includes(at))
  const step = steps[next]
  const mayBegin = step !== undefined && (!tried.includes(next) || step.idempotent) && (halt === undefined || step.raises)
  const last = begun.at(-1)
  return [...(mayBegin ? [{ step: next, back: false }] : []), ...(last !== undefined && steps[last]?.undo !== undefined ? [{ step: last, back: true }] : [])]
}

/** What began, and nobody has seen the end of, while the run goes on. */
export const wayIn = ({ phase }: Run): Way | undefined => (phase.is === 'running' || phase.is === 'unknown' ? phase.way : undefined)
/** What both are asked for, or have pressed. */
export const legIn = ({ phase }: Run): Leg | undefined => (phase.is === 'offered' || phase.is === 'pressed' ? phase.leg : undefined)

/** Hosts of which it is no surprise that they are down: those that the step under way takes. Nothing else is silenced, and after the end nothing (C-10, C-18). */
export const silencedBy = ({ phase, steps }: Run): readonly string[] => (phase.is === 'running' ? (steps[phase.way.step]?.takes ?? []) : [])

/** Takes one event in. */
export function stepRun(run: Run, event: RunEvent, now: Now): RunStepped {
  const current = lapsed(run, now)
  switch (event.is) {
    case 'time': return { run: current }
    case 'offered': return offered(current, event)
    case 'touched': return current.phase.is !== 'offered' ? no(current, 'nothing is offered') : { run: current.guarded ? current : { ...current, guarded: true } }
    case 'pressed': return pressed(current, event)
    case 'entrusted': return entrusted(current, event.trust)
    case 'due': return due(current, event, now)
    case 'distrusted': return { run: current.trust ? disarmed(current) : current }
    case 'ruled': return ruled(current, event, now)
    case 'refused': return current.phase.is === 'pressed' || current.phase.is === 'offered' ? { run: withdrawn(current.trust?.isBack === true ? distrusted(current) : current) } : { run: current }
    case 'held': return held(current, event)
    case 'failed': case 'lost': return ended(current, event, now)
    case 'decided': return decided(current, event)
    case 'turned': return turned(current, event.turn, now)
    case 'resumed': return resumed(current, event)
    case 'stopped': return stopped(current)
  }
}

const no = (run: Run, wrong: string): RunStepped => ({ run, wrong })
const to = (run: Run, phase: RunPhase): Run => ({ ...run, phase })
/** The first surprise ends the trust, but for the ways back where that was agreed on; what a boot has ended no surprise after it begins anew. */
const halted = (run: Run, halt: Turn, now: Now): Run => {
  if (run.halt !== undefined) return run
  const { trust } = run
  const until = trust && earliest(dueIn(now, BACK_WITHIN), dueAfter(trust.until, BACK_WITHIN))
  return { ...(until && trust?.undoes === true && halt.byHand !== true && trust.until.boot === now.boot && !isDue(until, now) ? { ...run, trust: { ...trust, isBack: true as const, until } } : distrusted(run)), halt }
}
const distrusted = (run: Run): Run => {
  const { trust, ...rest } = run
  return trust === undefined ? run : rest
}
/** What stood for the presses of both stands for them no more, also for what waits for its ruling. */
const disarmed = (run: Run): Run => (run.phase.is === 'pressed' ? withdrawn(distrusted(run)) : distrusted(run))
/** So long after the surprise, and after the time that both agreed to, ways back are gone by themselves: then people know better. */
const BACK_WITHIN = hours(1)

const LOST: Turn = { subject: 'run', is: 'other', claim: 'whoever did the step is gone' }
const FAILED: Turn = { subject: 'run', is: 'other', claim: 'the step failed' }
const NOT_BEGUN: Turn = { subject: 'run', is: 'other', claim: 'the step could not begin' }

/** An offer, and a word that led to nothing, end by time; after a reboot nobody knows how long it has been. */
function lapsed(run: Run, now: Now): Run {
  const { phase } = run
  if (phase.is !== 'offered' && phase.is !== 'pressed') return run
  return isDue(phase.lapsesAt, now) || phase.lapsesAt.boot !== now.boot ? withdrawn(run) : run
}

/** What was offered is not any more. Where nothing ever began, a word that led to nothing guards nothing: what turns now is judged when somebody presses again. What is halted, or goes by itself, stays guarded. */
const withdrawn = (run: Run): Run => ({ ...to(run, { is: 'waiting' }), guarded: run.guarded && (run.tried.length > 0 || run.halt !== undefined || run.trust !== undefined) })

function offered(run: Run, { leg, lapsesAt }: Extract<RunEvent, { is: 'offered' }>): RunStepped {
  const may = legsOf(run).some((it) => it.step === leg.step && it.back === leg.back)
  if (!may) return no(run, run.phase.is === 'over' ? 'it is over' : wayIn(run) ? 'a step is under way' : run.halt ? `it is halted: ${run.halt.claim}` : 'steps are gone in order, each once; ways back too, the last step first')
  return { run: to(distrusted(run), { is: 'offered', leg, lapsesAt }) }
}

function entrusted(run: Run, trust: Trust): RunStepped {
  if (run.phase.is !== 'waiting' || run.halt !== undefined || run.tried.length > 0) return no(run, 'it has begun already, or is led by its people')
  return { run: { ...run, trust } }
}

/** A step in its time, a way back after the surprise; what both agreed to once stands for the presses, and the evidence begins now. */
function due(run: Run, { leg, lapsesAt }: Extract<RunEvent, { is: 'due' }>, now: Now): RunStepped {
  const { trust, phase } = run
  if (trust === undefined || phase.is !== 'waiting') return no(run, 'it does not go on by itself')
  if (leg.back !== (trust.isBack === true) || !legsOf(run).some((it) => it.step === leg.step && it.back === leg.back)) return no(run, 'that is not what comes next')
  if ((!leg.back && !isDueOnBoth(trust.from, now)) || isDue(trust.until, now) || trust.until.boot !== now.boot) return no(run, 'it is not its time')
  return { run: { ...to(run, { is: 'pressed', leg, at: stampOf(now), lapsesAt }), guarded: true } }
}

function pressed(run: Run, { hash, at }: Extract<RunEvent, { is: 'pressed' }>): RunStepped {
  const { phase, steps } = run
  if (phase.is !== 'offered') return no(run, 'nothing is offered')
  const { step, back } = phase.leg
  if (hash !== (back ? steps[step]?.undo : steps[step]?.hash)) return no(run, 'that is not what is offered now')
  return { run: { ...to(run, { is: 'pressed', leg: phase.leg, at, lapsesAt: phase.lapsesAt }), guarded: true } }
}

/** The one place where anything begins. */
function ruled(run: Run, { found, from, accepted, window }: Extract<RunEvent, { is: 'ruled' }>, now: Now): RunStepped {
  const { phase } = run
  if (phase.is !== 'pressed') return no(run, 'nobody waits for a ruling')
  if (!isSince(from, phase.at) || ageOf(from, now) === undefined) return no(run, 'it rests on looks that began before both had pressed')
  // What goes by itself begins in its time, also where its turn came at the end of that, or the clock was set back since.
  if (run.trust !== undefined && ((!phase.leg.back && now.wall < run.trust.from.wall) || isDue(run.trust.until, now))) return no(run, 'it is not its time')
  const { step, back } = phase.leg
  const isExcused = accepted && (back || run.steps[step]?.raises === true)
  if (!isExcused && found !== 'pass') return no(run, found === 'fail' ? 'not everything is as it has to be' : 'not everything is known')
  if (!isExcused && window === 'shut') return no(run, 'its window is not open')
  const token = run.token + 1
  const begin = (all: readonly number[]): readonly number[] => (back || all.includes(step) ? all : [...all, step])
  return { run: { ...to(run, { is: 'running', way: { step, back, token, begun: stampOf(now), ...(run.halt === undefined ? {} : { against: true as const }), ...(back || !run.tried.includes(step) ? {} : { again: run.begun.includes(step) ? 'begun' as const : 'taken-back' as const }) } }), token, tried: begin(run.tried), begun: begin(run.begun) } }
}

/** Done is what was seen to be done, by looks that began after it had. */
function held(run: Run, { token, from }: Extract<RunEvent, { is: 'held' }>): RunStepped {
  const way = wayIn(run)
  if (way?.token !== token) return no(run, way ? 'that is an older step' : 'nothing is under way')
  if (!isSince(from, way.begun)) return no(run, 'it was seen before it began')
  return { run: settled(run, way) }
}

/** The way has come to its end, as it should. */
function settled(run: Run, { step, back }: Way): Run {
  const without = (all: readonly number[]): number[] => all.filter((it) => it !== step)
  const after: Run = back ? { ...run, begun: without(run.begun), done: without(run.done) } : { ...run, done: [...without(run.done), step] }
  if (back && after.begun.length === 0) return to(after, { is: 'over', how: 'undone' })
  return atRest(after)
}

const atRest = (run: Run): Run => to(run, run.halt === undefined && run.done.length === run.steps.length ? { is: 'over', how: 'done' } : { is: 'waiting' })

function ended(before: Run, event: Extract<RunEvent, { is: 'failed' | 'lost' }>, now: Now): RunStepped {
  const { phase } = before
  if (phase.is !== 'running' || phase.way.token !== event.token) return no(before, phase.is === 'running' ? 'that is an older step' : 'nothing is under way')
  // People say what became of it, or why the way back fails.
  const run = event.is === 'lost' || phase.way.back ? distrusted(before) : before
  if (event.is === 'lost') return { run: to(halted(run, LOST, now), { is: 'unknown', way: phase.way }) }
  return { run: to(event.begun === false ? halted(unbegun(run, phase.way), NOT_BEGUN, now) : halted(run, FAILED, now), { is: 'waiting' }) }
}

/** As it was before it began. One that had begun before, since it may begin again, stays as it was by then. */
function unbegun(run: Run, { step, back, again }: Way): Run {
  const without = (all: readonly number[]): number[] => all.filter((it) => it !== step)
  return back || again === 'begun' ? run : { ...run, tried: again === undefined ? without(run.tried) : run.tried, begun: without(run.begun) }
}

/** Never by a machine. It goes on only once it was resumed. */
function decided(run: Run, { token, as }: Extract<RunEvent, { is: 'decided' }>): RunStepped {
  const { phase } = run
  if (phase.is !== 'unknown' || phase.way.token !== token) return no(run, 'there is nothing of which nobody knows the end')
  if (as === 'done') return { run: settled(run, phase.way) }
  if (as === 'unknown' && (phase.way.back || run.steps[phase.way.step]?.idempotent !== true)) return no(run, ONLY_IDEMPOTENT)
  return { run: to(as === 'unknown' ? run : unbegun(run, phase.way), { is: 'waiting' }) }
}

/** Any turn halts, but for what the step under way takes; before the first press none does. Words that were given are void; what is under way is left alone. */
function turned(run: Run, turn: Turn, now: Now): RunStepped {
  const { phase } = run
  if (turn.byHand === true && run.halt !== undefined) return { run: stilled(run) }
  // What is to go by itself is there to be halted before anything of it began.
  if (turn.byHand === true && !run.guarded && run.trust !== undefined && phase.is !== 'over') return { run: halted({ ...run, guarded: true }, turn, now) }
  if (!run.guarded || run.halt !== undefined || phase.is === 'over') return { run }
  if (turn.is === 'member' && turn.host !== undefined && silencedBy(run).includes(turn.host)) return { run }
  const after = halted(run, turn, now)
  return { run: phase.is === 'offered' || phase.is === 'pressed' ? to(after, { is: 'waiting' }) : after }
}

/** What a hand stops of a run that is halted already: nothing goes by itself any more, no word against the halt counts, and what began against it goes no further than it is. */
function stilled(before: Run): Run {
  const run = distrusted(before)
  if (legIn(run) !== undefined) return to(run, { is: 'waiting' })
  if (run.phase.is !== 'running') return run
  const { against, ...way } = run.phase.way
  return against === undefined ? run : to(run, { is: 'running', way })
}

/** Whether a hand would still stop something of a run that is halted. */
export const isGoingAgainst = (run: Run): boolean => run.trust !== undefined || legIn(run) !== undefined || wayIn(run)?.against === true

function resumed(run: Run, { found, at, from }: Extract<RunEvent, { is: 'resumed' }>): RunStepped {
  if (run.halt === undefined || run.phase.is === 'over') return no(run, 'it is not halted')
  if (run.phase.is === 'unknown') return no(run, 'first somebody has to say what became of the step')
  if (isStuck(run)) return no(run, STUCK)
  if (found !== 'pass' || !isSince(from, at)) return no(run, 'not everything passes by looks that began after both had said so')
  const after: Run = { ...distrusted(run), halt: undefined }
  return { run: after.phase.is === 'waiting' ? atRest(after) : after }
}

/** Whether nothing could follow if it went on: a step that failed does not begin a second time, and has no way back. */
export const isStuck = (run: Run): boolean => run.phase.is === 'waiting' && run.done.length < run.steps.length && legsOf({ ...run, halt: undefined }).length === 0
export const ONLY_IDEMPOTENT = 'only a step that says that it is idempotent may begin once more while nobody knows what became of it'
export const STUCK = 'nothing could follow: the step that failed does not begin a second time, and no step has a way back. Put right by hand what has to be, and abort this run'

/** Ends it at once. What is under way is not killed, and stays named: nobody has seen its end. */
function stopped(run: Run): RunStepped {
  if (run.phase.is === 'over') return { run }
  const way = wayIn(run)
  return { run: to(run, { is: 'over', how: 'aborted', ...(way ? { way } : {}) }) }
}
