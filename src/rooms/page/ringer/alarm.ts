// Alarms about Holdfast itself: the keeper is stuck, the configuration was refused, a child keeps dying. They belong to no
// incident and need no keeper: each person hears by their first channel, by the next where that one fails, and each thing is
// said once and not every second. People who hold or were rung for something open hear of a stuck keeper first.
import { derivedId } from '../../../core/id.ts'
import { hours, minutes, type Tick } from '../../../core/time.ts'
import { noticeText, stuckText, type Text } from '../../../words/notification.ts'
import { nextPeople } from '../decide.ts'
import { coversOf, onCall } from '../oncall.ts'
import type { Plan } from '../plan.ts'
import { canBeRung, fallbackOf, reachOf } from '../steps.ts'
import { render, spokenOf } from './render.ts'
import { send } from './sending.ts'
import { bound, silentFor, type Turn } from './state.ts'

const SAME_TITLE_AFTER = hours(1)
const STUCK_AGAIN_AFTER = hours(1)
/** A keeper that is stuck again so soon: people know. */
const STUCK_KNOWN_FOR = minutes(10)
/** With nothing open the silence may last longer before it wakes anybody. */
const STUCK_WITH_NOTHING_OPEN = minutes(1)
const MOST_TITLES = 200
const MOST_UNHEARD = 20

/** Pages everybody of the fallback, once an hour for the same title. Without a plan it waits for one. */
export function pageAll(turn: Turn, title: string, says: string): void {
  const { state, now } = turn
  const { plan } = state
  if (!plan) {
    if (!state.unheard.some((it) => it.title === title) && state.unheard.length < MOST_UNHEARD) state.unheard.push({ title, says })
    return
  }
  const last = state.alarms.get(title)
  if (last !== undefined && now.tick - last < SAME_TITLE_AFTER) return
  state.alarms.delete(title)
  state.alarms.set(title, now.tick)
  bound(state.alarms, MOST_TITLES)
  alarm(turn, plan, { people: fallbackOf(plan), subject: 'node:this', text: noticeText(title, says) })
}

/** Says what came before there was a plan. */
export function sayUnheard(turn: Turn): void {
  for (const { title, says } of turn.state.unheard.splice(0)) pageAll(turn, title, says)
}

/**
 * Whether this silence is told anew, although people were told of one lately: whoever leads planned work hears of each (C-19), others of one that is not so soon after
 * the last. To be asked while the keeper is silent.
 */
export function isNewSilence({ state, now }: Turn): boolean {
  const { stuckTold: told, led } = state
  if (told === undefined) return false
  const isKnown = led.every(({ id, people }) => told.led.some((it) => it.id === id && people.every((person) => it.people.includes(person))))
  return !isKnown || (state.role === 'following' && (led.length > 0 || now.tick - told.at >= STUCK_KNOWN_FOR))
}

/** Nothing is open, and nobody leads planned work: the silence wakes nobody yet. */
const isQuiet = ({ state }: Turn): boolean => state.open.size === 0 && state.led.length === 0

/** While alone: tells whom it concerns that the keeper is stuck, at once where something is open, or planned work is under way (C-19). */
export function tellStuck(turn: Turn): void {
  const { state, now } = turn
  const { plan } = state
  if (!plan || state.role !== 'alone' || (state.stuckTold !== undefined && now.tick - state.stuckTold.at < STUCK_AGAIN_AFTER)) return
  if (isQuiet(turn) && silentFor(turn) < STUCK_WITH_NOTHING_OPEN) return
  state.stuckTold = { at: now.tick, led: state.led }
  const open = [...state.open.values()].map(({ incident }) => spokenOf(incident))
  alarm(turn, plan, { people: concerned(turn, plan), subject: 'node:keeper', text: stuckText(open, silentFor(turn), state.led.map(({ id, title }) => `${title} (${id})`)) })
}

/** When `tellStuck` may have something to say; `undefined` while somebody else decides. */
export function stuckAt(turn: Turn): Tick | undefined {
  const { state } = turn
  if (state.role !== 'alone') return undefined
  const again = state.stuckTold === undefined ? undefined : state.stuckTold.at + STUCK_AGAIN_AFTER
  return (again ?? (isQuiet(turn) ? state.heardAt + STUCK_WITH_NOTHING_OPEN : undefined)) as Tick | undefined
}

/** Who was rung for what is open, has it, or is next, and who leads planned work; with nothing open whoever is on call; else the fallback. */
function concerned({ state, now }: Turn, plan: Plan): readonly string[] {
  const people = new Set<string>(state.led.flatMap((it) => it.people))
  for (const { paging } of state.open.values()) {
    if (paging.phase.is === 'held') people.add(paging.phase.by)
    for (const person of [...Object.keys(paging.rung), ...(nextPeople(paging, plan, now)?.people ?? [])]) people.add(person)
  }
  if (people.size === 0) {
    for (const rotation of Object.values(plan.rotations)) {
      const on = onCall(rotation, coversOf(plan), now.wall)
      if (on) people.add(on.person)
    }
  }
  const reachable = [...people].filter((person) => canBeRung(plan, person))
  return reachable.length > 0 ? reachable : fallbackOf(plan)
}

function alarm(turn: Turn, plan: Plan, { people, subject, text }: { people: readonly string[]; subject: string; text: Text }): void {
  const { state, now } = turn
  for (const person of people) {
    const [channel, ...otherwise] = reachOf(plan, person).map((reach) => reach.channel)
    if (channel === undefined) continue
    const page = derivedId<'page'>('pg', 'alarm', text.title, person, now.wall)
    const message = render({ is: 'alarm', page, person, subject, text }, { plan, now, key: state.options.key })
    if (message) send(turn, { page, incident: undefined, person, channel, message, by: 'ringer', since: now.tick, carries: [], otherwise })
  }
}
