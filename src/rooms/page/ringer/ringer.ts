// The ringer as a machine: `step` takes what happened and the moment, and says what is wanted done. It reads no clock and draws
// no lots, so the same events give the same effects; the process wires it to sockets and channels, the simulator drives
// the very same code.
//
// While the keeper lives it decides and this performs: every page goes out from here. When it has been silent for 12 s this goes
// on alone from the plan and the open incidents that it mirrors, and hands over what it did when the keeper is back. What people
// do is taken at any time. A page that was accepted never goes out twice; while nobody has an incident nothing here ends.
import { never } from '../../../core/fault.ts'
import { dueIn, earliest, laterTick, ms, seconds, type Due, type Now, type Span, type Tick } from '../../../core/time.ts'
import { ask, overdueAt, takeOverdue } from './acts.ts'
import { isNewSilence, pageAll, sayUnheard, stuckAt, tellStuck } from './alarm.ts'
import { decideDue, drain, standIn } from './alone.ts'
import { hear } from './handover.ts'
import { lastOf } from './journal.ts'
import { lateAt } from './queue.ts'
import { end } from './sending.ts'
import { isDeciding, silentFor, tellKeeper, type RingerEffect, type RingerEvent, type RingerState, type Turn } from './state.ts'

export { newRinger, USUAL, type RingerEffect, type RingerEvent, type RingerOptions, type RingerState } from './state.ts'

/** It is woken fifteen times within the silence that it bears, and at least once a second. */
const wakeEvery = ({ options }: RingerState): Span => ms(Math.min(seconds(1), options.silence / 15))
/** A longer pause between two steps means that this process itself did not run. */
const longestPause = (state: RingerState): Span => ms(wakeEvery(state) * 3)

export interface Stepped {
  readonly state: RingerState
  /** To be carried out in this order. */
  readonly effects: readonly RingerEffect[]
}

/** Takes one event in. The state that was given is used up: go on with the one that comes back. */
export function step(state: RingerState, event: RingerEvent, now: Now): Stepped {
  const turn: Turn = { state, now, effects: [], rings: [], ended: [] }
  const pause = now.tick - state.steppedAt
  // Whoever did not run cannot say that another was silent.
  if (pause > longestPause(state)) state.heardAt = laterTick(state.heardAt, ms(pause))
  state.steppedAt = now.tick
  take(turn, event)
  if (!state.stopping) {
    judgeSilence(turn)
    takeOverdue(turn)
    if (isDeciding(turn)) {
      decideDue(turn)
      tellStuck(turn)
    }
  }
  drain(turn)
  tellJournal(turn)
  if (state.stopping && state.queue.under.size === 0) turn.effects.push({ is: 'done' })
  turn.effects.push({ is: 'wake', at: wakeAt(turn) })
  return { state, effects: turn.effects }
}

function take(turn: Turn, event: RingerEvent): void {
  const { state } = turn
  switch (event.is) {
    case 'plan':
      if (!state.planIsKeepers) state.plan = event.plan
      return sayUnheard(turn)
    case 'heard':
      hear(turn, event.from, event.message)
      return sayUnheard(turn)
    case 'lost':
      if (state.keeper === event.from) state.keeper = undefined
      return
    case 'asked': return ask(turn, event.ask, event.question)
    case 'settled': return end(turn, event.page, event)
    case 'page-all': return pageAll(turn, event.title, event.says)
    case 'wake': return
    case 'stop':
      state.stopping = true
      return
    default: return never(event)
  }
}

function judgeSilence(turn: Turn): void {
  const { state } = turn
  if (silentFor(turn) < state.options.silence) return
  if (isNewSilence(turn)) state.stuckTold = undefined
  if (state.role === 'following') standIn(turn)
  else if (state.handover) {
    // It came back, and fell silent before it had taken the journal in.
    state.handover = undefined
    state.decideAt = undefined
    state.term += 1
  }
}

/** What happened since the keeper last heard; not while it is away, since its hello brings everything. */
function tellJournal(turn: Turn): void {
  const { state } = turn
  if (state.keeper === undefined || (state.role === 'alone' && !state.handover) || state.journalTold === lastOf(state.journal)) return
  const events = [...state.journal.events.values()].filter(({ n }) => n > state.journalTold)
  state.journalTold = lastOf(state.journal)
  if (events.length > 0) tellKeeper(turn, { is: 'journal', events })
}

function wakeAt(turn: Turn): Due {
  const { state, now } = turn
  const ticks = [
    state.role === 'following' || state.handover ? laterTick(state.heardAt, state.options.silence) : undefined,
    state.role === 'alone' ? state.handover?.until : undefined, overdueAt(turn), lateAt(state.queue, state.options.sending), stuckAt(turn),
  ].filter((tick): tick is Tick => tick !== undefined && tick > now.tick)
  // Whole milliseconds: the wall clock knows no fractions, and a rest of rounding must not wake it again and again.
  const soonest = Math.max(1, Math.ceil(Math.min(wakeEvery(state), ...ticks.map((tick) => tick - now.tick))))
  const at = dueIn(now, ms(soonest))
  return isDeciding(turn) && state.plan && state.decideAt ? earliest(at, state.decideAt) : at
}
