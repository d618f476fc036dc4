// The timetable: which check is looked at next. Each check has a phase, the hash of its name modulo its period, on a grid of
// the monotonic clock: the load is even, no step of the wall clock moves it, and a restart finds the same grid. The first
// looks after a start are spread over a short while, so that everything is looked at soon and nothing at once. A check that
// did not change keeps its place when a new timetable comes; one that is still being looked at is never looked at twice; a
// request to look now, made while a look is under way, becomes one more look after it.
//
// The core holds no timer and reads no clock; `drive` gives it one of each.
import assert from 'node:assert/strict'
import { sha256 } from '../../core/id.ts'
import { LONGEST_TIMER, type Span, type Tick } from '../../core/time.ts'
import type { Clock, Timers } from '../../ports/world.ts'
import type { Check } from './check.ts'

/** One look that is to begin now. */
export interface Turn {
  readonly check: Check
  /** When it should have begun; how late it is counts from here. */
  readonly due: Tick
  /** Which edition of the check it looks at; see `end`. */
  readonly edition: number
}

export interface Timetable {
  /**
   * Takes a whole new list. Unchanged checks keep their place (their names are the answer), new and changed ones are looked at
   * soon, others stop.
   */
  replace(checks: readonly Check[], now: Tick): ReadonlySet<string>
  /** Looks at these now; names that are not on the timetable are passed over. */
  ask(names: readonly string[], now: Tick): void
  /** Takes out what is due, at most so many; each must be handed back by `end`. */
  begin(now: Tick, most: number): Turn[]
  /** The look is over. False: nobody wants its result any more (the check was removed or changed meanwhile). */
  end(turn: Turn, now: Tick): boolean
  /** When `begin` has something again. */
  next(): Tick | undefined
  readonly size: number
}

/** First looks begin so far apart: four of them at once, a thousand within five seconds. */
const APART = 5
/** All first looks have begun after this long. */
const FIRST_WITHIN = 25_000
/** Later than this, the machine was away: what is overdue is spread anew rather than begun at once. */
const AWAY = 2_000

interface Place {
  check: Check
  face: string
  phase: number
  edition: number
  /** When the look was to begin, and when it will: they differ after the machine was away. */
  due: number
  at: number
  /** Where it stands in the queue; -1 while it is being looked at. */
  index: number
  first: boolean
  putOff: boolean
  underWay: boolean
  /** Asked for while a look was under way. */
  asked: number | undefined
  gone: boolean
}

/** Where in its period a check is looked at: the same on every node and after every restart. */
export const phaseOf = (name: string, every: Span): number => Number.parseInt(sha256(name).slice(0, 12), 16) % every

/** The first moment of the grid after `after`. */
function gridAfter(phase: number, every: number, after: number): number {
  const at = phase + (Math.floor((after - phase) / every) + 1) * every
  return at > after ? at : at + every
}

/** What the prober needs to know of a check; the rest (who is paged, where it stands in the file) may change freely. */
const faceOf = (check: Check): string => JSON.stringify([check.kind, check.settings, check.every, check.timeout])

const newPlace = (check: Check): Place => ({
  check, face: '', phase: 0, edition: 0, due: 0, at: 0, index: -1, first: true, putOff: false, underWay: false, asked: undefined, gone: false,
})

/** An empty timetable. Throws (a bug) when it is given a check without a period. */
export function createTimetable(): Timetable {
  const places = new Map<string, Place>()
  const queue = createQueue()
  return {
    replace: (checks, now) => replace(places, queue, checks, now),
    ask(names, now) {
      for (const name of names) {
        const place = places.get(name)
        if (!place || place.gone) continue
        if (place.underWay) place.asked ??= now
        else if (place.at > now) {
          place.due = now
          queue.put(place, now)
        }
      }
    },
    begin(now, most) {
      if (now - (queue.top()?.at ?? now) > AWAY) putOff(queue, now)
      const turns: Turn[] = []
      for (let place = queue.top(); place && place.at <= now && turns.length < most; place = queue.top()) {
        queue.take()
        place.underWay = true
        place.putOff = false
        turns.push({ check: place.check, due: place.due as Tick, edition: place.edition })
      }
      return turns
    },
    end(turn, now) {
      const place = places.get(turn.check.name)
      if (!place?.underWay) return false
      place.underWay = false
      if (place.gone) {
        places.delete(turn.check.name)
        return false
      }
      const at = place.asked === undefined ? afterLook(place, now) : now
      place.asked = undefined
      place.due = at
      queue.put(place, at)
      return place.edition === turn.edition
    },
    next: () => queue.top()?.at as Tick | undefined,
    get size() {
      return places.size
    },
  }
}

function replace(places: Map<string, Place>, queue: Queue, checks: readonly Check[], now: number): ReadonlySet<string> {
  const unchanged = new Set<string>()
  const wanted = new Set(checks.map((check) => check.name))
  for (const [name, place] of places) {
    if (wanted.has(name)) continue
    place.gone = true
    if (place.underWay) continue
    queue.drop(place)
    places.delete(name)
  }
  const begin: Place[] = []
  for (const check of checks) {
    assert(check.every >= 1 && Number.isFinite(check.every), `check ${check.name} has no period`)
    const place = places.get(check.name) ?? newPlace(check)
    const looks = faceOf(check)
    const same = place.edition > 0 && !place.gone && place.face === looks
    place.check = check
    if (same) {
      unchanged.add(check.name)
      continue
    }
    places.set(check.name, place)
    Object.assign(place, {
      face: looks, phase: phaseOf(check.name, check.every), edition: place.edition + 1, first: true, putOff: false, gone: false,
    })
    if (place.underWay) place.asked = now
    else begin.push(place)
  }
  spread(queue, begin, now)
  for (const place of begin) place.due = place.at
  return unchanged
}

/** Gives first looks their times: evenly, at most 5 ms apart, within 25 s in all, and never later than the check's own next time. */
function spread(queue: Queue, list: readonly Place[], now: number): void {
  const apart = Math.min(APART, FIRST_WITHIN / Math.max(1, list.length))
  for (const [rank, place] of list.entries()) {
    queue.put(place, Math.min(now + rank * apart, gridAfter(place.phase, place.check.every, now)))
  }
}

/** After a long absence (a stopped process, a sleeping machine) everything is overdue: it is spread as after a start, once. */
function putOff(queue: Queue, now: number): void {
  const once: Place[] = []
  const again: Place[] = []
  for (let place = queue.top(); place && place.at <= now; place = queue.top()) {
    queue.take()
    if (place.putOff) again.push(place)
    else once.push(place)
    place.putOff = true
  }
  // What was put off before begins now: nothing is put off for ever.
  for (const place of again) queue.put(place, now)
  spread(queue, once, now)
}

/**
 * The next time after a look: the grid. The step from a first look, which lies anywhere, onto the grid is between half a
 * period and a whole one, so that two looks never stand so close that one short fault counts twice.
 */
function afterLook(place: Place, now: number): number {
  const { phase, first, at, check: { every } } = place
  const grid = gridAfter(phase, every, Math.max(at, now))
  if (!first) return grid
  place.first = false
  const step = grid - at
  const between = at + (step + every) / 2
  return step < every / 2 && between > now ? between : grid
}

interface Queue {
  /** Gives a place its time, whether it had one or not. */
  put(place: Place, at: number): void
  /** The place whose time comes first. */
  top(): Place | undefined
  /** Takes the first one out. */
  take(): void
  drop(place: Place): void
}

/** A binary heap by time; each place knows where it stands, so that it can be moved and dropped. */
function createQueue(): Queue {
  const heap: Place[] = []
  const set = (place: Place, index: number): void => {
    heap[index] = place
    place.index = index
  }
  const timeOf = (index: number): number => heap[index]?.at ?? Number.POSITIVE_INFINITY
  const rise = (place: Place): void => {
    let index = place.index
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (timeOf(parent) <= place.at) break
      set(heap[parent] as Place, index)
      index = parent
    }
    set(place, index)
  }
  const sink = (place: Place): void => {
    let index = place.index
    for (;;) {
      const left = 2 * index + 1
      const child = timeOf(left + 1) < timeOf(left) ? left + 1 : left
      if (timeOf(child) >= place.at) break
      set(heap[child] as Place, index)
      index = child
    }
    set(place, index)
  }
  const drop = (place: Place): void => {
    const { index } = place
    if (index < 0) return
    place.index = -1
    const last = heap.pop() as Place
    if (last === place) return
    set(last, index)
    rise(last)
    sink(last)
  }
  return {
    put(place, at) {
      place.at = at
      if (place.index < 0) set(place, heap.length)
      rise(place)
      sink(place)
    },
    top: () => heap[0],
    take() {
      if (heap[0]) drop(heap[0])
    },
    drop,
  }
}

/** At most so many looks begin before whatever waits for the event loop gets its turn. */
const AT_ONCE = 32

/**
 * Drives a timetable: one timer, armed for the next time. `poke` after anything that may have brought it forward.
 */
export function drive(
  timetable: Timetable, { clock, timers }: { readonly clock: Clock; readonly timers: Timers }, begin: (turn: Turn) => void,
): { poke(): void; stop(): void } {
  let cancel: (() => void) | undefined
  let armedFor = Number.POSITIVE_INFINITY
  let stopped = false
  const arm = (): void => {
    const next = timetable.next()
    if (stopped || next === undefined || next >= armedFor) return
    cancel?.()
    armedFor = next
    cancel = timers.after(Math.min(LONGEST_TIMER, Math.max(0, Math.ceil(next - clock.now().tick))) as Span, ring)
  }
  const ring = (): void => {
    cancel = undefined
    armedFor = Number.POSITIVE_INFINITY
    for (const turn of timetable.begin(clock.now().tick, AT_ONCE)) begin(turn)
    arm()
  }
  return {
    poke: arm,
    stop() {
      stopped = true
      cancel?.()
    },
  }
}
