// How the watchdog judges its children: when one is silent, when it is started again, when it is given up, and whom to tell.
// Pure: events and ticks in, moves out; the watchdog performs them. It looks at progress, not at ports: a dead process's port
// may still answer. Nothing here ever gives a child up for good; pauses grow to 30 s, never to "never" (X-8).
import type { Span, Tick } from '../core/time.ts'

export interface Temper {
  readonly name: string
  /** Silence after which it is taken for hanging. */
  readonly patience: Span
  /** How many that cannot be killed may linger before the next start waits for one of them to end. */
  readonly mostAbandoned: number
  /** It is started again after so long at most, however often it died: what it does is reading, and costs little to begin. */
  readonly mostPause?: Span
}

export type Phase =
  | { readonly is: 'waiting'; readonly startAt: Tick }
  | { readonly is: 'up'; readonly pid: number; readonly since: Tick; readonly heardAt: Tick; readonly progress: number | undefined }
  /** `blocked`: it cannot work for a reason that it gave, which is not its own. */
  | { readonly is: 'killed'; readonly pid: number; readonly at: Tick; readonly blocked?: true }

/** One child, as far as supervising goes. */
export interface Care extends Temper {
  readonly phase: Phase
  /** When it died or was given up, within the last ten minutes; at most 32. */
  readonly deaths: readonly Tick[]
  /** How many starts since it was last well for a minute. */
  readonly tries: number
  /** Killed, and not dead: waiting for a device. */
  readonly abandoned: readonly number[]
  /** It reported at least once since Holdfast started. */
  readonly wasWell: boolean
  /** Why it cannot work, as it said last; said again only when it was well meanwhile. */
  readonly blockedFor: string | undefined
  readonly toldAt: Tick | undefined
  readonly judgedAt: Tick | undefined
}

export type CareEvent =
  | { readonly is: 'started'; readonly pid: number }
  /** It could not even be started: no memory, no process left. */
  | { readonly is: 'refused'; readonly says: string }
  /** Below zero: it gets forward with its start, and does no work yet. */
  | { readonly is: 'alive'; readonly progress: number }
  | { readonly is: 'exited'; readonly pid: number; readonly how: string }
  /** It cannot work, and says why: its place is held, the disk is full. People are told where there is a title. */
  | { readonly is: 'blocked'; readonly says: string; readonly title?: string }
  | { readonly is: 'tick' }

export type CareMove =
  /** `safe`: pages and ledger only. */
  | { readonly is: 'start'; readonly safe: boolean }
  | { readonly is: 'kill'; readonly pid: number }
  | { readonly is: 'say'; readonly line: string }
  | { readonly is: 'page'; readonly title: string; readonly says: string }

export interface Judged {
  readonly care: Care
  readonly moves: readonly CareMove[]
}

const BACK_OFF = [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000] as const
const WELL_AFTER = 60_000
const DEATHS_WITHIN = 600_000
const TOO_MANY_DEATHS = 5
const MOST_REMEMBERED = 32
/** A process that SIGKILL did not end by then waits for a device and may never end. */
const KILL_WAIT = 2000
/** A longer pause between two ticks means that this process itself did not run: then nobody was silent. */
const LONGEST_GAP = 2500
/** What a start may take, when shorter ones were not enough. */
const LONGEST_START = 60_000
/** The same trouble is paged again after an hour, not before. */
const TELL_EVERY = 3_600_000

/** A child that is to be started now. */
export const newCare = (temper: Temper, now: Tick): Care => ({
  ...temper, phase: { is: 'waiting', startAt: now }, deaths: [], tries: 0, abandoned: [], wasWell: false, blockedFor: undefined, toldAt: undefined, judgedAt: undefined,
})

/** Takes in one event; says what is to be done about it. */
export function judge(care: Care, event: CareEvent, now: Tick): Judged {
  switch (event.is) {
    case 'started': return { care: { ...care, phase: { is: 'up', pid: event.pid, since: now, heardAt: now, progress: undefined } }, moves: [] }
    case 'refused': {
      const fallen = fall(care, now)
      return tellDeaths(fallen, [{ is: 'say', line: `${care.name} could not be started: ${event.says}. ${again(fallen, now)}` }], now)
    }
    case 'alive': return { care: hear(care, event.progress, now), moves: [] }
    case 'exited': return bury(care, event.pid, event.how, now)
    case 'blocked': return block(care, event, now)
    case 'tick': return look(care, now)
  }
}

/** When it last got forward with its work; `undefined` while it is not up. */
export const progressAt = (care: Care): Tick | undefined => (care.phase.is === 'up' && care.phase.progress !== undefined && care.phase.progress >= 0 ? care.phase.heardAt : undefined)

/** It reported, got forward, and did so within the last `within`. */
export function advances(care: Care | undefined, now: Tick, within: Span): boolean {
  const at = care ? progressAt(care) : undefined
  return at !== undefined && now - at <= within
}

function hear(care: Care, progress: number, now: Tick): Care {
  const { phase } = care
  if (phase.is !== 'up' || progress === phase.progress) return care
  if (progress < 0) return { ...care, phase: { ...phase, progress, heardAt: now } }
  const past = now - phase.since >= WELL_AFTER ? { tries: 0, blockedFor: undefined } : {}
  return { ...care, ...past, wasWell: true, phase: { ...phase, progress, heardAt: now } }
}

function bury(care: Care, pid: number, how: string, now: Tick): Judged {
  const { phase } = care
  if (care.abandoned.includes(pid)) {
    // What the next one waited for is gone: it starts at once, and one that is just failing for the same reason is followed at once.
    const freed: Care = { ...care, abandoned: care.abandoned.filter((it) => it !== pid), tries: 0, phase: phase.is === 'waiting' ? { is: 'waiting', startAt: now } : phase }
    return { care: freed, moves: [{ is: 'say', line: `${care.name}: process ${pid}, which could not be ended, is gone now.` }] }
  }
  if (phase.is === 'waiting' || phase.pid !== pid) return { care, moves: [] }
  const next = fall(care, now)
  if (phase.is === 'killed' && phase.blocked) {
    const pause = next.phase.is === 'waiting' ? next.phase.startAt - now : 0
    return { care: { ...next, deaths: care.deaths }, moves: [{ is: 'say', line: `${care.name} cannot work yet. It is tried again in ${pause / 1000} s${care.abandoned.length > 0 ? ', or when that process ends' : ''}.` }] }
  }
  return tellDeaths(next, [{ is: 'say', line: `${care.name} (process ${pid}) ended: ${how}. ${again(next, now)}` }], now)
}

/** Not a death of its own, so that it is not taken for one that keeps ending; people hear the reason instead. */
function block(care: Care, { says, title }: CareEvent & { is: 'blocked' }, now: Tick): Judged {
  const { phase } = care
  if (phase.is !== 'up') return { care, moves: [] }
  const killed: Care = { ...care, blockedFor: says, phase: { is: 'killed', pid: phase.pid, at: now, blocked: true } }
  const kill: CareMove = { is: 'kill', pid: phase.pid }
  const moves: readonly CareMove[] = care.blockedFor === says ? [kill] : [kill, { is: 'say', line: says }]
  if (title === undefined || isTold(care, now)) return { care: killed, moves }
  return { care: { ...killed, toldAt: now }, moves: [...moves, { is: 'page', title, says }] }
}

const isTold = ({ toldAt }: Care, now: Tick): boolean => toldAt !== undefined && now - toldAt < TELL_EVERY

function again({ phase }: Care, now: Tick): string {
  const pause = phase.is === 'waiting' ? phase.startAt - now : 0
  return `It is started again ${pause > 0 ? `in ${pause / 1000} s` : 'at once'}.`
}

/** It died or was given up: the next start is planned. */
function fall(care: Care, now: Tick): Care {
  const pause = Math.min(BACK_OFF[Math.min(care.tries, BACK_OFF.length - 1)] ?? 0, care.mostPause ?? Infinity)
  const deaths = [...recent(care, now), now].slice(-MOST_REMEMBERED)
  return { ...care, deaths, tries: care.tries + 1, phase: { is: 'waiting', startAt: (now + pause) as Tick } }
}

const recent = (care: Care, now: Tick): readonly Tick[] => care.deaths.filter((at) => now - at < DEATHS_WITHIN)

function tellDeaths(care: Care, moves: readonly CareMove[], now: Tick): Judged {
  if (recent(care, now).length < TOO_MANY_DEATHS || isTold(care, now)) return { care, moves }
  const says = `${care.name} ended ${recent(care, now).length} times in ten minutes; it is started again and again${care.name === 'keeper' ? ', now in safe mode (pages and ledger only)' : ''}. Look at Holdfast's log.`
  return { care: { ...care, toldAt: now }, moves: [...moves, { is: 'page', title: `${care.name} keeps ending`, says }] }
}

function look(before: Care, now: Tick): Judged {
  const gap = before.judgedAt === undefined ? 0 : now - before.judgedAt
  const care = { ...before, judgedAt: now, phase: gap > LONGEST_GAP ? forgive(before.phase, gap) : before.phase }
  const { phase } = care
  if (phase.is === 'waiting') {
    if (now < phase.startAt || care.abandoned.length >= care.mostAbandoned) return { care, moves: [] }
    return { care, moves: [{ is: 'start', safe: recent(care, now).length >= TOO_MANY_DEATHS }] }
  }
  if (phase.is === 'up') {
    const silent = now - phase.heardAt
    if (silent <= patienceWith(care, phase.progress !== undefined)) return { care, moves: [] }
    const line = `${care.name} (process ${phase.pid}) made no progress for ${Math.round(silent / 1000)} s: it is replaced.`
    return { care: { ...care, phase: { is: 'killed', pid: phase.pid, at: now } }, moves: [{ is: 'kill', pid: phase.pid }, { is: 'say', line }] }
  }
  if (now - phase.at < KILL_WAIT) return { care, moves: [] }
  const fallen = fall(care, now)
  const abandoned = [...care.abandoned, phase.pid]
  const full = abandoned.length >= care.mostAbandoned
  const says = `${care.name} hangs and cannot be ended (process ${phase.pid} waits for a device). ${full ? 'No further one is started until one of them ends.' : 'Another one is started beside it.'}${care.name === 'keeper' ? ' The ringer goes on paging from memory.' : ''} Look at the disk.`
  return { care: { ...fallen, abandoned }, moves: [{ is: 'page', title: `${care.name} hangs`, says }] }
}

/**
 * One that has not said a word since it was started may be starting still: on a machine with far too much to do that takes longer than any work it does
 * later. Replaced at the same moment each time it would never come up, so that the next one is given twice as long, a minute at most.
 */
const patienceWith = ({ patience, tries }: Care, spoke: boolean): number => (spoke ? patience : Math.max(patience, Math.min(LONGEST_START, patience * 2 ** tries)))

/** We did not run for a while: whoever was silent meanwhile may not have been. */
const forgive = (phase: Phase, gap: number): Phase =>
  phase.is === 'up' ? { ...phase, heardAt: (phase.heardAt + gap) as Tick } : phase.is === 'killed' ? { ...phase, at: (phase.at + gap) as Tick } : phase
