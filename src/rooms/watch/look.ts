// One look, and how many at a time. The runner holds the time limit and judges what came back: an answer is the probe's own
// word; silence up to the limit is a failure marked `silent` (the keeper knows whether this node sees anything at all); a
// probe that throws, ignores its signal, or fails for want of our own means says nothing about its target: unknown.
// A machine that was too slow to look accuses nobody either. What is thrown here is never the target's fault.
//
// At most so many looks are under way; the others wait their turn and count as late. A look that did not end blocks only
// further looks of its own check, so that a broken probe cannot pile up.
import type { Found } from '../../core/evidence.ts'
import { isOurs, isSilence, sentence, silence } from '../../core/fault.ts'
import { ms, sayLimit, sayTime, type Span, type Tick } from '../../core/time.ts'
import type { AnyProbe, Seen } from '../../ports/probe.ts'
import type { Clock, Egress, Phases, Timers } from '../../ports/world.ts'
import type { Check } from './check.ts'
import type { Looked } from './protocol.ts'
import type { Turn } from './timetable.ts'

/** What one look gave. `silent`: the failure is that nothing answered. */
export interface Sight {
  readonly found: Found
  readonly phases?: Phases
  readonly certDaysLeft?: number
  readonly silent?: true
}

/** What a look needs of the world. */
export interface LookWorld {
  readonly clock: Clock
  readonly timers: Timers
  readonly egress: Egress
  /** The longest hold-up of this process since then. */
  readonly stalledSince: (tick: Tick) => Span
}

/** A probe has this long after its signal; then it is given up. */
export const HARD_AFTER = ms(100)
/** A process that was held up for longer than this while it looked cannot tell a slow target from itself. */
const TOO_SLOW = 2_000

const unknown = (says: string): Sight => ({ found: { is: 'unknown', says: sentence(says) } })

/**
 * Looks once. Never rejects; ends `HARD_AFTER` after the time limit at the latest, whatever the probe does. `ended` is called
 * when the probe itself is through, which may be later or never.
 */
export function look(
  probe: AnyProbe, { settings, timeout }: Pick<Check, 'settings' | 'timeout'>, world: LookWorld, ended: () => void = () => {},
): Promise<Sight> {
  const { clock, timers, egress } = world
  const began = clock.now().tick
  const abort = new AbortController()
  const seen = attempt(probe, settings, { egress, signal: abort.signal, timeout, now: () => clock.now() })
  return new Promise((resolve) => {
    let past = false
    let over = false
    const end = (sight: Sight): void => {
      if (over) return
      over = true
      cancel()
      resolve(ifFastEnough(sight, timeout, world.stalledSince(began)))
    }
    let cancel = timers.after(timeout, () => {
      past = true
      cancel = timers.after(HARD_AFTER, () => end(unknown(`the look did not end within ${sayLimit(timeout)}, nor when it was told to: its answer is dropped`)))
      abort.abort(silence('no answer', sayLimit(timeout)))
    })
    void seen.finally(ended).then(
      (value) => end(past ? tooLate(value, timeout) : sightOf(value)),
      (cause: unknown) => end(judge(cause, past, timeout)),
    )
  })
}

/** A probe may throw before it returns a promise. */
async function attempt(probe: AnyProbe, settings: unknown, context: Parameters<AnyProbe['look']>[1]): Promise<Seen> {
  return probe.look(settings, context)
}

function sightOf(seen: Seen | undefined): Sight {
  const is: unknown = seen?.is
  if (!seen || (is !== 'pass' && is !== 'fail' && is !== 'unknown')) return unknown('the probe gave no finding')
  const says = seen.says === undefined ? undefined : sentence(seen.says)
  const found: Found = is === 'pass' ? { is, ...(says === undefined ? {} : { says }) } : { is, says: says ?? 'no reason was given' }
  return {
    found,
    ...(seen.phases ? { phases: rounded(seen.phases) } : {}),
    ...(seen.certDaysLeft === undefined ? {} : { certDaysLeft: Math.round(seen.certDaysLeft * 100) / 100 }),
  }
}

/** An answer after the limit is no answer; only what the probe itself does not know stays unknown. */
function tooLate(seen: Seen, timeout: Span): Sight {
  const sight = sightOf(seen)
  if (sight.found.is === 'unknown') return sight
  const says = sight.found.is === 'fail' ? sight.found.says : `no answer within ${sayLimit(timeout)}`
  return { ...sight, found: { is: 'fail', says }, silent: true }
}

/** What a thrown cause says about the target: silence, or nothing. */
function judge(cause: unknown, past: boolean, timeout: Span): Sight {
  if (isOurs(cause)) return unknown(`this machine could not look: ${sentence(cause)}`)
  if (past) {
    const missing = missingOf(cause)
    const where = missing === undefined || missing === 'no answer' ? '' : ` (${missing})`
    return { found: { is: 'fail', says: `no answer within ${sayLimit(timeout)}${where}` }, silent: true }
  }
  if (isSilence(cause)) return { found: { is: 'fail', says: sentence(cause) }, silent: true }
  return unknown(`the look itself failed: ${sentence(cause)}`)
}

function missingOf(cause: unknown): string | undefined {
  const missing = cause instanceof Error ? (cause as { missing?: unknown }).missing : undefined
  return typeof missing === 'string' ? missing : undefined
}

/** a failure seen by a process that was itself held up is no failure. Silence needs only half its limit to be doubted. */
function ifFastEnough(sight: Sight, timeout: Span, stalled: Span): Sight {
  if (sight.found.is !== 'fail') return sight
  const most = sight.silent ? Math.min(TOO_SLOW, timeout / 2) : TOO_SLOW
  if (stalled <= most) return sight
  return unknown(`this machine was too slow to tell (held up for ${sayTime(stalled)}): ${sight.found.says}`)
}

function rounded(phases: Phases): Phases {
  const to: Partial<Phases> = {}
  for (const name of ['lookup', 'connect', 'tls', 'firstByte', 'total'] as const) {
    const took = phases[name]
    if (took !== undefined) to[name] = Math.round(took * 100) / 100
  }
  return to as Phases
}

/** Looks at one thing alone, in a process of its own. */
export interface Alone {
  look(check: Check, done: (sight: Sight) => void): void
}

export interface Runner {
  /** Looks when there is a place; `done` is called once. */
  run(turn: Turn, done: (looked: Looked) => void): void
  /** Looks that wait for a place. */
  readonly waiting: number
  readonly underWay: number
  /** Looks that have ended. */
  readonly looks: number
  /** How late 99 of 100 of the newest looks began at most, in ms. */
  lateP99(): number
}

/** What a runner needs of its process. */
export interface RunnerWants {
  readonly world: LookWorld
  readonly probes: ReadonlyMap<string, AnyProbe>
  readonly alone: Alone
  /** Looks under way at the same time. */
  readonly most?: number
}

interface Waiting {
  readonly turn: Turn
  readonly done: (looked: Looked) => void
}

/** A runner with places for `most` looks; those that run alone take none of them. */
export function createRunner({ world, probes, alone, most = 2_000 }: RunnerWants): Runner {
  let waiting: Waiting[] = []
  let head = 0
  let shared = 0
  let looks = 0
  /** Checks whose last look was given up and whose probe has not come back. */
  const hanging = new Set<string>()
  const late = createLateness()

  const start = ({ turn, done }: Waiting): void => {
    const { check } = turn
    const began = world.clock.now()
    const lateBy = Math.max(0, began.tick - turn.due)
    late.add(lateBy)
    const end = (sight: Sight): void => {
      looks += 1
      const took = Math.round((world.clock.now().tick - began.tick) * 100) / 100
      done({ check: check.name, at: began.wall, tick: began.tick, took: took as Span, late: Math.round(lateBy * 100) / 100, ...sight })
    }
    const probe = probes.get(check.kind)
    if (!probe) return end(unknown(`no probe of kind "${check.kind}" is installed`))
    if (probe.runs === 'alone') return alone.look(check, end)
    if (hanging.has(check.name)) return end(unknown('a former look of this check has not ended yet'))
    shared += 1
    hanging.add(check.name)
    void look(probe, check, world, () => hanging.delete(check.name)).then((sight) => {
      shared -= 1
      end(sight)
      fill()
    })
  }
  const fill = (): void => {
    while (head < waiting.length && shared < most) {
      start(waiting[head] as Waiting)
      head += 1
    }
    if (head > 1_000 || head === waiting.length) {
      waiting = waiting.slice(head)
      head = 0
    }
  }
  return {
    run(turn, done) {
      const free = shared < most || probes.get(turn.check.kind)?.runs === 'alone'
      if (free) start({ turn, done })
      else waiting.push({ turn, done })
    },
    get waiting() {
      return waiting.length - head
    },
    get underWay() {
      return shared
    },
    get looks() {
      return looks
    },
    lateP99: late.p99,
  }
}

/** The lateness of the newest looks. */
function createLateness(size = 2_048): { add(late: number): void; p99(): number } {
  const ring = new Float64Array(size)
  let count = 0
  return {
    add(late) {
      ring[count % size] = late
      count += 1
    },
    p99() {
      const known = ring.slice(0, Math.min(count, size)).sort()
      return Math.round((known[Math.ceil(known.length * 0.99) - 1] ?? 0) * 100) / 100
    },
  }
}

const PULSE = ms(100)

/**
 * Watches how long this process was held up: a pulse that comes late tells it. `since` counts a hold-up that is still going
 * on, too, because the timer that ends a look may ring before the pulse.
 */
export function createStalls({ clock, timers }: { readonly clock: Clock; readonly timers: Timers }): {
  since(tick: Tick): Span
  stop(): void
} {
  /** Each shorter than the one before it: a longer one that came later says more. */
  let stalls: { ended: number; span: number }[] = []
  let expected = clock.now().tick + PULSE
  const pulse = (): void => {
    const now = clock.now().tick
    const span = now - expected
    if (span > PULSE) stalls = [...stalls.filter((stall) => stall.span > span), { ended: now, span }].slice(-64)
    expected = now + PULSE
    cancel = timers.after(PULSE, pulse)
  }
  let cancel = timers.after(PULSE, pulse)
  return {
    since(tick) {
      const running = Math.max(0, clock.now().tick - expected)
      return Math.max(running, stalls.find((stall) => stall.ended >= tick)?.span ?? 0) as Span
    },
    stop: () => cancel(),
  }
}
