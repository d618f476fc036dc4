// What waits to be sent. Each person has a lane per channel, and each channel a share of the whole, so that a provider that
// hangs delays nobody else: not the same person by another channel, and not another person. What waits longer than a
// send may take is given up, so that the next channel is tried. Bounded; what does not fit is refused to whoever asked.
import type { IncidentId } from '../../../core/id.ts'
import type { Span, Tick } from '../../../core/time.ts'
import type { Message } from '../../../ports/channel.ts'
import type { Ring } from '../paging.ts'

/** A ring that was decided here, and the incident that it belongs to. */
export interface Carried {
  readonly incident: IncidentId
  readonly ring: Ring
}

export interface Job {
  readonly page: string
  readonly incident: IncidentId | undefined
  readonly person: string
  readonly channel: string
  readonly message: Message
  /** `ringer`: decided here, because the keeper is silent. */
  readonly by: 'keeper' | 'ringer'
  readonly since: Tick
  /** What it carries, where it was decided here: one ring or notice, or those of a digest. */
  readonly carries: readonly Carried[]
  /** Pages of the keeper's that go out together in this one. */
  readonly together?: readonly string[]
  /** Channels to try when this one fails; only for what is no ring. */
  readonly otherwise?: readonly string[]
}

export interface Queue {
  readonly lanes: Map<string, Job[]>
  /** Waiting or under way, by page. */
  readonly known: Map<string, Job>
  readonly under: Map<string, Job>
  /** Since when each is under way, oldest first. */
  readonly begun: Map<string, Tick>
}

const MOST_WAITING = 50_000
const PER_LANE = 4
const PER_CHANNEL = 32

export const newQueue = (): Queue => ({ lanes: new Map(), known: new Map(), under: new Map(), begun: new Map() })

const laneOf = ({ person, channel }: Job): string => JSON.stringify([channel, person])

/** Puts it at the end of its lane. False when the queue is full. A page that waits or is under way is not put in twice. */
export function enqueue(queue: Queue, job: Job): boolean {
  if (queue.known.has(job.page)) return true
  if (queue.known.size >= MOST_WAITING) return false
  const lane = queue.lanes.get(laneOf(job))
  if (lane) lane.push(job)
  else queue.lanes.set(laneOf(job), [job])
  queue.known.set(job.page, job)
  return true
}

/** Takes what may leave now; each of them is under way until `finish`. */
export function takeReady(queue: Queue, now: Tick): Job[] {
  const busy = new Map<string, number>()
  const count = (key: string, by: number): number => {
    const n = (busy.get(key) ?? 0) + by
    busy.set(key, n)
    return n
  }
  for (const job of queue.under.values()) {
    count(laneOf(job), 1)
    count(job.channel, 1)
  }
  const ready: Job[] = []
  for (const [key, lane] of queue.lanes) {
    for (let first = lane[0]; first && count(key, 0) < PER_LANE && count(first.channel, 0) < PER_CHANNEL; first = lane[0]) {
      lane.shift()
      count(key, 1)
      count(first.channel, 1)
      queue.under.set(first.page, first)
      queue.begun.set(first.page, now)
      ready.push(first)
    }
    if (lane.length === 0) queue.lanes.delete(key)
  }
  return ready
}

/** It ended, however; `undefined` when it was not under way. */
export function finish(queue: Queue, page: string): Job | undefined {
  const job = queue.under.get(page)
  if (!job) return undefined
  queue.under.delete(page)
  queue.begun.delete(page)
  queue.known.delete(page)
  return job
}

/** Takes back what waits and is meant; what is under way goes on. */
export function takeBack(queue: Queue, isMeant: (job: Job) => boolean): Job[] {
  const taken: Job[] = []
  for (const [key, lane] of queue.lanes) {
    if (!lane.some(isMeant)) continue
    const left = lane.filter((job) => !isMeant(job))
    taken.push(...lane.filter(isMeant))
    if (left.length > 0) queue.lanes.set(key, left)
    else queue.lanes.delete(key)
  }
  for (const { page } of taken) queue.known.delete(page)
  return taken
}

/** Takes back what has waited for `longest`: its lane is held up by a provider that does not answer. */
export function takeLate(queue: Queue, now: Tick, longest: Span): Job[] {
  const isLate = (job: Job): boolean => now - job.since >= longest
  // Lanes keep their order, so the first one tells whether any is late.
  return [...queue.lanes.values()].some((lane) => lane[0] && isLate(lane[0])) ? takeBack(queue, isLate) : []
}

/** Takes what has been under way for `longest`, and of which nobody ever told what came of it. */
export function takeLost(queue: Queue, now: Tick, longest: Span): Job[] {
  const lost: Job[] = []
  for (const [page, begun] of queue.begun) {
    if (now - begun < longest) break
    const job = finish(queue, page)
    if (job) lost.push(job)
  }
  return lost
}

/** When the next one will have waited too long. */
export function lateAt(queue: Queue, longest: Span): Tick | undefined {
  let first: number | undefined
  for (const [job] of queue.lanes.values()) if (job) first = Math.min(first ?? Infinity, job.since + longest)
  return first as Tick | undefined
}
