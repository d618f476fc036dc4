// What the ringer knows, what it is told, and what it wants done. All of it lies in memory; a new ringer starts with the plan
// that the watchdog gives it and learns the rest from the keeper's hello.
import type { IncidentId } from '../../../core/id.ts'
import { earliest, ms, seconds, type Due, type Instant, type Now, type Span, type Tick } from '../../../core/time.ts'
import type { Message } from '../../../ports/channel.ts'
import type { Move } from '../move.ts'
import type { Plan } from '../plan.ts'
import type { Act, AskRinger, FromRinger, Led, Mirrored, RingerSays, ToRinger } from '../protocol.ts'
import { CALM, type Storm } from './digest.ts'
import { newJournal, type Journal } from './journal.ts'
import { newQueue, type Carried, type Job, type Queue } from './queue.ts'

export type Outcome = 'accepted' | 'failed' | 'unknown'

export type RingerEvent =
  /** From the watchdog: so that somebody can be paged even if the keeper never comes. A keeper's plan, once there, stays. */
  | { readonly is: 'plan'; readonly plan: Plan }
  /** A message of the keeper; `from` names the link that it came by. */
  | { readonly is: 'heard'; readonly from: number; readonly message: ToRinger }
  | { readonly is: 'lost'; readonly from: number }
  /** A question of the web or the CLI; exactly one `reply` with the same `ask` follows. */
  | { readonly is: 'asked'; readonly ask: number; readonly question: AskRinger }
  /** What came of a `send`; exactly one for each. `took` in ms. */
  | { readonly is: 'settled'; readonly page: string; readonly outcome: Outcome; readonly says: string; readonly took: number }
  /** The watchdog has something to say to everybody of the fallback. */
  | { readonly is: 'page-all'; readonly title: string; readonly says: string }
  | { readonly is: 'wake' }
  /** Sends nothing more; `done` follows when what is under way has ended. */
  | { readonly is: 'stop' }

export type RingerEffect =
  | { readonly is: 'send'; readonly page: string; readonly channel: string; readonly kind: string; readonly config: unknown; readonly message: Message; readonly within: Span }
  | { readonly is: 'tell'; readonly to: number; readonly message: FromRinger }
  | { readonly is: 'reply'; readonly ask: number; readonly says: RingerSays }
  /** Wake it at this moment at the latest, whatever was asked before. Never more than a second off. */
  | { readonly is: 'wake'; readonly at: Due }
  | { readonly is: 'done' }
  /** For the log. */
  | { readonly is: 'say'; readonly line: string }

export interface RingerOptions {
  /** The node's key; without it no link can be honoured. */
  readonly key: Uint8Array | undefined
  /** After this silence it goes on alone. */
  readonly silence: Span
  /** How long an act waits for the keeper to record it. */
  readonly confirm: Span
  /** The longest a send may take; also the longest that one may wait for its lane. */
  readonly sending: Span
}

export const USUAL: Omit<RingerOptions, 'key'> = { silence: seconds(12), confirm: seconds(2), sending: seconds(10) }

/** An act that the keeper has not made durable yet. */
export interface Pending {
  readonly n: number
  readonly incident: IncidentId
  readonly act: Act
  readonly person: string
  readonly via: string
  /** Who waits for the answer; `undefined` when it was given. */
  ask: number | undefined
  readonly until: Tick
  /** What is to be told because of it; the keeper's to do, ours when it does not answer. */
  moves: readonly Move[]
}

/** A keeper that said hello, and has not taken the journal in yet. */
export interface Handover {
  readonly store: string
  /** It has it when it took this. */
  readonly upTo: number
  /** Until then we let it: decisions wait. */
  readonly until: Tick
}

export interface RingerState {
  readonly options: RingerOptions
  plan: Plan | undefined
  planIsKeepers: boolean
  store: string | undefined
  term: number
  /** The link of the keeper that said hello last. */
  keeper: number | undefined
  /** Monotonic; shifted by the time in which this process itself did not run. */
  heardAt: Tick
  /** The same on the wall clock, for people. */
  knownAt: Instant
  steppedAt: Tick
  role: 'following' | 'alone'
  handover: Handover | undefined
  /** A keeper sent its open incidents at least once: what is not among them is over. */
  hasMirror: boolean
  readonly open: Map<IncidentId, Mirrored>
  /** Planned work that goes on. */
  led: readonly Led[]
  readonly over: Map<IncidentId, { readonly mirrored: Mirrored; readonly at: Tick }>
  readonly journal: Journal
  /** How far the journal was told to the keeper that is there now. */
  journalTold: number
  readonly queue: Queue
  /** What came of pages, newest last: an accepted one never goes out again. */
  readonly outcomes: Map<string, { readonly outcome: Outcome; readonly says: string }>
  readonly pending: Pending[]
  /** Test pages that were confirmed. */
  readonly received: Map<string, Instant>
  /** When `decide` has something to do; only while alone. */
  decideAt: Due | undefined
  storm: Storm
  /** When people were last told that the keeper is stuck, and of which planned work they were told. */
  stuckTold: { readonly at: Tick; readonly led: readonly Led[] } | undefined
  /** Titles of alarms and when they were last raised. */
  readonly alarms: Map<string, Tick>
  /** Alarms that came before there was a plan. */
  readonly unheard: { readonly title: string; readonly says: string }[]
  stopping: boolean
}

/** A job and what came of it. */
export interface SettledJob {
  readonly job: Job
  readonly outcome: Outcome
  readonly says: string
  readonly took: number
}

export function newRinger(options: RingerOptions, now: Now): RingerState {
  return {
    options, plan: undefined, planIsKeepers: false, store: undefined, term: 0, keeper: undefined, heardAt: now.tick, knownAt: now.wall, steppedAt: now.tick,
    role: 'following', handover: undefined, hasMirror: false, open: new Map(), led: [], over: new Map(), journal: newJournal(), journalTold: 0, queue: newQueue(), outcomes: new Map(),
    pending: [], received: new Map(), decideAt: undefined, storm: CALM, stuckTold: undefined, alarms: new Map(), unheard: [], stopping: false,
  }
}

/** One step: the state that it changes, the moment, and what it wants done. */
export interface Turn {
  readonly state: RingerState
  readonly now: Now
  readonly effects: RingerEffect[]
  /** Rings that were decided in this step, to go out at its end: all at once, so that a storm is seen as one. */
  readonly rings: Carried[]
  /** What ended in this step, to be taken in before it ends. */
  readonly ended: SettledJob[]
}

export const silentFor = ({ state, now }: Turn): Span => ms(Math.max(0, now.tick - state.heardAt))

/** The keeper decides, or is just taking the journal in: what people do is its to answer, within `confirm`. */
export const keeperLeads = (turn: Turn): boolean => {
  const { state, now } = turn
  if (state.keeper === undefined || silentFor(turn) >= state.options.confirm) return false
  return state.role === 'following' || (state.handover !== undefined && now.tick < state.handover.until)
}

/** The ringer decides by itself now. A keeper that just came back is given a moment to take over. */
export const isDeciding = ({ state, now }: Turn): boolean => state.role === 'alone' && (state.handover === undefined || now.tick >= state.handover.until)

/** Tells the keeper; without one it waits in the journal, or is asked for again. */
export function tellKeeper({ state, effects }: Turn, message: FromRinger): void {
  if (state.keeper !== undefined) effects.push({ is: 'tell', to: state.keeper, message })
}

/** Asks to be woken for decisions when this comes. */
export function decideBy({ state }: Turn, due: Due | undefined): void {
  if (due) state.decideAt = state.decideAt ? earliest(state.decideAt, due) : due
}

/** Keeps a map within its bound: the oldest go. */
export function bound<Key>(map: Map<Key, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return
    map.delete(key)
  }
}
