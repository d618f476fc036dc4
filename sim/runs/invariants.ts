// What must hold of a run, judged by what was really so: the target's own log of what began there, who really pressed, what the scout really told the keeper and when,
// which surprises there were; against the ledger. Each check names the invariant; it gives sentences, none when all is well.
import type { Entry } from '../../src/core/ledger.ts'
import type { Instant } from '../../src/core/time.ts'
import type { FromScout } from '../../src/rooms/change/heard/protocol.ts'
import type { Asked, RunPlan, RunRow, Told } from '../../src/rooms/change/runs/record.ts'
import { legHash } from '../../src/rooms/change/runs/record.ts'
import { loadRun } from '../../src/rooms/change/runs/rows.ts'
import type { Report } from '../../src/rooms/change/sight.ts'
import { silencedBy, type Run, type Turn, type Way } from '../../src/rooms/change/runs/run.ts'
import { CLUSTER, leastOf, RACKS, type HostName, type PersonName } from './book.ts'
import type { RunWorld } from './schedule.ts'
import { leadersAt } from './truth.ts'

type Stand = Omit<Run, 'id' | 'steps'>

/** One thing that became of the run, by the ledger, with the clock of the simulator. */
export interface Moved { readonly seq: number; readonly at: number; /** By the wall clock, which may be set. */ readonly wall: Instant; readonly event: string; readonly before: Stand; readonly after: Stand; /** What is waited for afterwards. */ readonly asked: Asked | undefined; readonly told: readonly Told[] }

export interface Story {
  readonly world: RunWorld
  readonly plan: RunPlan | undefined
  /** As it stands in the end. */
  readonly row: RunRow | undefined
  /** By the ledger. */
  readonly beganSeq: number
  readonly moves: readonly Moved[]
  readonly ledger: readonly Entry[]
}

export type Check = (story: Story) => string[]
/** A deed may begin so long after the keeper's last word on it. */
export const LEASE = 20_000
const FRESH = 10_000
/** The keeper's loop, and a message on its way. */
export const SLACK = 300

const wayOf = ({ phase }: Stand): Way | undefined => ('way' in phase ? phase.way : undefined)
/** The wall clock may be set: what happened when is known by the order of what was noted beside it. */
export function storiesOf(world: RunWorld): readonly Story[] {
  const ledger = world.entries()
  const began = ledger.filter(({ is }) => is === 'change.began')
  return began.length === 0 ? [storyOf(world, ledger, undefined)] : began.map((it) => storyOf(world, ledger, it))
}

function storyOf(world: RunWorld, ledger: readonly Entry[], began: Entry | undefined): Story {
  const { plan, stands } = (began?.body ?? {}) as { plan?: RunPlan; stands?: { run: Stand } }
  const moves: Moved[] = []
  let before = stands?.run
  for (const { seq, is, body, stream } of ledger) {
    if (is !== 'change.moved' || stream !== `run:${plan?.id}` || !before) continue
    const { event, told, at: wall, stands: { run, asked } } = body as unknown as { event: string; at: Instant; told: Told[]; stands: { run: Stand; asked?: Asked } }
    moves.push({ seq, at: world.writtenAt(seq), wall, event, before, after: run, asked, told })
    before = run
  }
  return { world, plan, moves, ledger, beganSeq: began?.seq ?? 0, row: plan && loadRun(world.host.sql, plan.id) }
}

export const begins = ({ moves }: Story): readonly (Moved & { readonly way: Way })[] => moves.flatMap((it) => {
  const way = it.event === 'ruled' ? wayOf(it.after) : undefined
  return way ? [{ ...it, way }] : []
})
/** By the target's own log. */
const deedsOf = ({ world, plan }: Story) => world.ground.log.filter(({ name }) => name.startsWith(`${plan?.id}.`)).map((deed) => ({ ...deed, token: Number(deed.name.slice(deed.name.lastIndexOf('.') + 1)) }))

/** Whether both who led it had agreed, between two moments, that a step may begin once more whatever became of it; or had seen it fail, or taken it back. */
const maySince = ({ moves }: Story, step: number, from: number, to: number): boolean => moves.some(({ seq, event, before, after, told }) => {
  const way = before.phase.is === 'running' || before.phase.is === 'unknown' ? before.phase.way : undefined
  const isIt = seq > from && seq < to && way?.step === step
  return isIt && ((event === 'decided' && after.phase.is === 'waiting' && told.some(({ says }) => says?.includes('may begin once more') === true)) || event === 'failed' || (event === 'held' && way?.back === true))
})

/** C-4: nothing begins twice, and nothing begins that was not ruled; what was interrupted is not done again, but for a step that says that it is idempotent, where both said so. */
const once: Check = (story) => {
  const deeds = deedsOf(story)
  const ways = new Map(begins(story).map((it) => [it.way.token, it]))
  // Of one that ended badly people may say that it was not done.
  const forward = deeds.flatMap(({ token, exit = 0 }) => { const it = ways.get(token); return it && !it.way.back && exit === 0 ? [{ step: it.way.step, seq: it.seq }] : [] })
  const isIdempotent = (step: number): boolean => story.plan?.runbook.steps[step]?.idempotent === true
  return [
    ...deeds.filter(({ name }, n) => deeds.findIndex((it) => it.name === name) !== n).map(({ name }) => `C-4: ${name} began twice at its target`),
    ...deeds.filter(({ token }) => !ways.has(token)).map(({ name }) => `C-4: ${name} began, and no ruling stands in the ledger`),
    ...forward.flatMap(({ step, seq }, n) => {
      const former = forward.slice(0, n).findLast((it) => it.step === step)
      return former === undefined || (isIdempotent(step) && maySince(story, step, former.seq, seq)) ? [] : [`C-4: step ${step + 1} was done twice`]
    }),
  ]
}

/** C-5, C-17: what begins was pressed by the two who lead it then, each behind a link of their own, on this very hash, and after it was offered; an edit shuts no way back. What goes by itself is judged in alone.ts. */
const agreed: Check = (story) => begins(story).flatMap(({ seq, at, way, before }) => {
  const { plan, moves, world } = story
  const hash = plan && legHash(plan, way)
  const since = moves.findLast((it) => it.at <= at && it.event === 'offered')?.at ?? 0
  const who = new Set(world.people.presses.filter((it) => it.act === 'go' && !it.refused && it.by === it.as && it.hash === hash && it.at >= since - 1 && it.at <= at).map(({ by }) => by))
  const edited = world.happened.editedAt
  const began = world.writtenAt(story.beganSeq)
  return [
    ...(before.trust === undefined && !leadersAt(story, seq).every((it) => who.has(it as PersonName)) ? [`C-5: step ${way.step + 1} began at ${at} on the word of ${[...who].join() || 'nobody'}`] : []),
    ...(edited !== undefined && !way.back && edited > began && at > edited + SLACK ? [`C-5: step ${way.step + 1} began at ${at}, and the runbook was edited at ${edited}`] : []),
    ...(before.phase.is !== 'pressed' ? [`C-5: step ${way.step + 1} began and was not pressed`] : []),
  ]
})

/** Hosts that may be worked on at the same time as this one. */
export const besideIn = ({ kind: { batch, hosts } }: RunWorld, host: string): readonly HostName[] => (batch ? hosts.filter((it) => it !== host && RACKS[it] === RACKS[host as HostName]) : [])

const isWell = (report: Report): boolean => (report.is === 'galera' ? report.primary && report.synced && report.ready : report.is === 'patroni' && report.running && report.odd === undefined)
/** Whoever gives its data to one that joins beside it is not there for a moment, and is no surprise. */
const isGiving = (one: FromScout): boolean => one.is === 'member' && one.report.is === 'galera' && one.report.primary && one.report.donor === true
const isGood = (one: FromScout): boolean =>
  one.is === 'account' ? one.account.links.every(([, { carrier }]) => carrier === 'up') : one.is === 'member' && isWell(one.report)

/** C-12, C-2: what a step is ruled by was looked at after the second press, is fresh, and good. */
const ruled: Check = (story) => begins(story).flatMap(({ at, way, before }) => {
  const { world, plan } = story
  // Halted, the way back and what brings a member back go on what both typed (C-15).
  if (before.halt !== undefined || before.phase.is !== 'pressed') return []
  const pressed = before.phase.at.tick
  const told = world.looks.filter((it) => it.at <= at && it.asked >= pressed && it.asked >= at - FRESH).flatMap((it) => it.told)
  const gone = plan?.runbook.steps.slice(0, way.step + 1).some(({ takes }) => takes.includes(plan.host)) === true ? [plan.host] : []
  const dark = world.kind.hosts.filter((host) => !gone.includes(host) && !(plan && besideIn(world, plan.host).includes(host))).filter((host) => { const last = told.findLast((it) => it.is === 'account' && it.host === host); return !last || !isGood(last) })
  const well = world.kind.hosts.filter((host) => { const last = told.findLast((it) => it.is === 'member' && it.host === host); return last !== undefined && (isGood(last) || (isGiving(last) && plan !== undefined && besideIn(world, plan.host).length > 0)) })
  return [
    ...(dark.length > 0 ? [`C-12: step ${way.step + 1} began at ${at}, pressed at ${pressed}, and the cables of ${dark.join(' and ')} were not seen to be up in between`] : []),
    ...(well.length < leastOf(world.kind) ? [`C-2: step ${way.step + 1} began at ${at}, and ${well.length} members were seen to be well`] : []),
    ...(told.some((it) => it.is === 'canary') ? [] : [`C-12: step ${way.step + 1} began at ${at}, and no write was tried since ${pressed}`]),
  ]
})

/** C-6: the keeper's last word stands in the ledger before a deed begins, and is never given on what was halted or is over. */
const lastWord: Check = (story) => {
  const words = story.ledger.filter(({ is, body }) => is === 'change.identified' && body['id'] === story.plan?.id)
  return [
    ...words.flatMap(({ seq, body }) => {
      const was = story.moves.findLast((it) => it.seq < seq)?.after
      const way = was?.phase.is === 'running' ? was.phase.way : undefined
      const isLet = way?.token === body['token'] && (was?.halt === undefined || way?.against === true)
      return isLet ? [] : [`C-6: ${String(body['id'])}.${String(body['token'])} was let begin, and the run was ${was?.halt === undefined ? (was?.phase.is ?? 'not there') : 'halted'}`]
    }),
    ...deedsOf(story).flatMap(({ name, at, token }) => (words.some(({ seq, body }) => body['token'] === token && story.world.writtenAt(seq) <= at) ? [] : [`C-6: ${name} began, and the keeper had not given its last word on it`])),
  ]
}

/** What may go against a halt or a window: the way back, and a step that brings a member back. */
const isOpened = ({ plan }: Story, { step, back }: Way): boolean => back || plan?.runbook.steps[step]?.until.some((claim) => claim.is === 'synced') === true

/** C-7, C-15, C-16: no deed begins later than a lease after the keeper's word, nor is one ruled after a halt, or a window that closed, but for the way back and what brings a member back. */
const inTime: Check = (story) => {
  const { world } = story
  return [
    ...deedsOf(story).flatMap((deed) => {
      const word = begins(story).find(({ way }) => way.token === deed.token)
      return word && deed.at > word.at + LEASE + SLACK ? [`C-7: ${deed.name} began ${((deed.at - word.at) / 1000).toFixed(1)} s after its ruling`] : []
    }),
    ...begins(story).flatMap(({ at, before, way }) => [
      ...(before.halt !== undefined && !isOpened(story, way) ? [`C-15: step ${way.step + 1} began at ${at} although the run was halted`] : []),
      ...(world.window !== undefined && !world.happened.clock && before.halt === undefined && (at > world.window.until || at < world.window.from) && !isOpened(story, way) ? [`C-6: step ${way.step + 1} began at ${at}, and its window is open from ${world.window.from} until ${world.window.until}`] : []),
    ]),
  ]
}

export const overlaps = (spans: readonly { readonly from: number; readonly to: number }[], from: number, to: number): boolean => spans.some((it) => it.from < to && it.to > from)

/** C-8, C-13, C-14: from the first press to the end every surprise halts within three seconds, and both are paged within ten. */
const halts: Check = (story) => {
  const { world, moves } = story
  return world.happened.surprises.flatMap(({ at, seen, is, host }) => {
    // What its own machine had no time to tell before it went down, or before it told for the first time that it is up again, turned for nobody.
    if (is === 'link' && world.ground.booted.some((it) => it.host === host && Math.abs(it.at - at) < 1200)) return []
    const by = at + 3000 + SLACK
    if (overlaps(world.host.away, at - 2500, by) || overlaps(world.happened.stalls, at - 2500, by) || by > world.end) return []
    const was = moves.findLast((it) => it.at <= at)?.after
    if (!was || !was.guarded || was.halt !== undefined || was.phase.is === 'over') return []
    const halt = moves.find((it) => it.at > at && it.at <= by && (it.after.halt !== undefined || it.after.phase.is === 'over' || !it.after.guarded))
    return halt ? [] : [`${is === 'link' ? 'C-13' : 'C-14'}: ${seen} at ${at}, and nothing was halted by ${by}`]
  })
}

/** C-14: what turned while the keeper was gone halts the run by the first look at it that the next one hears. */
const missed: Check = ({ world, moves }) => world.happened.surprises.flatMap(({ at, seen, is, host }) => {
  const gone = world.host.away.find(({ from, to }) => from <= at && at < to)
  if (gone === undefined || is !== 'link' || world.ground.booted.some((it) => it.host === host && it.at > gone.from - 2000)) return []
  const by = gone.to + 3000 + SLACK
  const isSeen = world.host.away.every(({ from, to }) => from === gone.from || to < gone.from || from > by) && !overlaps(world.happened.stalls, gone.from - 2500, by) && by <= world.end
  const was = moves.findLast((it) => it.at <= at)?.after
  if (!isSeen || !was?.guarded || was.halt !== undefined || was.phase.is === 'over') return []
  return moves.some((it) => it.at > at && it.at <= by && (it.after.halt !== undefined || it.after.phase.is === 'over' || !it.after.guarded)) ? [] : [`C-14: ${seen} at ${at}, while the keeper was gone, and nothing was halted by ${by}`]
})

/** C-2, C-14: what is not known any more is a surprise: where nothing is heard of hosts any more, that is noticed two looks later, long before what they said last is too old. */
const stale: Check = ({ world, moves }) => world.happened.stalls.flatMap(({ from }) => {
  const by = from + 3000 + SLACK
  const was = moves.findLast((it) => it.at <= from)?.after
  const hasHeard = world.looks.some((it) => it.asked > from && it.at < by)
  if (by > world.end || hasHeard || overlaps(world.host.away, from - 2500, by) || !was || !was.guarded || was.halt !== undefined || was.phase.is === 'over') return []
  return moves.some((it) => it.at > from && it.at <= by && (it.after.halt !== undefined || it.after.phase.is === 'over' || !it.after.guarded)) ? [] : [`C-2: nothing was heard since ${from}, and nothing was halted by ${by}`]
})

/** Whom the run itself had paged by then. */
export const rungBy = ({ world, ledger, plan }: Story, by: number): ReadonlySet<string> => {
  const own = ledger.filter((it) => it.is === 'incident.opened' && String(it.body['subject']).startsWith(`run:${plan?.id}`) || it.body['subject'] === `rolling:${plan?.rolling}`).map((it) => it.stream)
  return new Set(world.rings.filter((it) => it.at <= by && own.includes(it.incident)).map((it) => it.person))
}

const paged: Check = (story) => story.moves.flatMap(({ seq, at, before, after }) => {
  const { world } = story
  const by = at + 10_000
  if (before.halt !== undefined || after.halt === undefined || by > world.end || overlaps(world.host.away, at - 1000, by)) return []
  const rung = rungBy(story, by)
  return leadersAt(story, seq).every((it) => rung.has(it)) ? [] : [`C-8: halted at ${at}, and only ${[...rung].join() || 'nobody'} was paged by ${by}`]
})

/** C-4: of what nobody knows nothing is made by itself; people say what became of it. */
const unknown: Check = ({ moves }) => moves.flatMap(({ at, event, before, after }) =>
  before.phase.is === 'unknown' && after.phase.is !== 'unknown' && !['decided', 'stopped', 'held'].includes(event) ? [`C-4: what nobody knew was ${after.phase.is} by ${event} at ${at}`] : [])

/** C-4: done by a driver is what was seen at its target after it began there. */
const seen: Check = (story) => story.moves.flatMap(({ at, event, before }) => {
  const way = event === 'held' ? wayOf(before) : undefined
  const step = way && story.plan?.runbook.steps[way.step]
  const act = way?.back === true ? step?.undo : step?.act
  if (!way || act?.is !== 'driver' || story.plan?.rehearse === true) return []
  const both = story.world.people.presses.filter((it) => it.purpose === 'decide' && it.at <= at && it.at >= way.begun.tick).length >= 2
  return both || deedsOf(story).some((deed) => deed.token === way.token && deed.at <= at) ? [] : [`C-4: step ${way.step + 1} was taken for done at ${at}, and it never began`]
})

/** C-15: ways back are gone in order, the last step first. */
const inOrder: Check = (story) => begins(story).flatMap(({ at, way, before }) => {
  const last = before.begun.at(-1)
  const next = story.plan?.runbook.steps.findIndex((_step, n) => !before.done.includes(n))
  if (way.back && way.step !== last) return [`C-15: the way back of step ${way.step + 1} began at ${at}, and ${(last ?? -1) + 1} came last`]
  return !way.back && way.step !== next ? [`C-4: step ${way.step + 1} began at ${at}, out of turn`] : []
})

/** C-10, C-18: nothing is silenced but by the step under way. */
const silenced: Check = ({ moves, plan, row }) => {
  return moves.flatMap(({ at, after }) => {
    const may = after.phase.is === 'running' && plan?.rehearse !== true ? (plan?.runbook.steps[after.phase.way.step]?.takes ?? []) : []
    const more = row ? silencedBy({ ...after, id: row.run.id, steps: row.run.steps }).filter((host) => !may.includes(host)) : []
    return more.length > 0 ? [`C-10: ${more.join(' and ')} is silenced at ${at}, and it is ${after.phase.is}`] : []
  }).slice(0, 1)
}

/** C-13, C-18: what halted it was no member of a host that a step under way takes. */
const excused: Check = ({ moves, plan }) => moves.flatMap(({ at, before, after, event }) => {
  const halt: Turn | undefined = before.halt === undefined ? after.halt : undefined
  const way = before.phase.is === 'running' ? before.phase.way : undefined
  // A rehearsal takes nothing.
  return event === 'turned' && halt?.is === 'member' && way && plan?.rehearse !== true && plan?.runbook.steps[way.step]?.takes.includes(halt.host ?? '') === true ? [`C-13: halted at ${at} by ${halt.subject}, which its step takes`] : []
})

/** C-1: of those that are well one may fail before a step, and none while it has one of them down, or others that are worked on at the same time may be down. */
const tolerance: Check = ({ plan, world }) => {
  const down = plan?.runbook.steps.map(({ takes }) => takes.length > 0) ?? []
  const isBeside = plan !== undefined && besideIn(world, plan.host).length > 0 && down.includes(true)
  return (plan?.texts ?? []).flatMap(({ tolerance: told }, n) => (told === (down[n] === true || isBeside ? 0 : 1) ? [] : [`C-1: ${CLUSTER} is said to tolerate ${told} after step ${n + 1}`]))
}

/** C-1: what takes a member down begins while more than enough are well; a surprise of just before nobody may know of yet. */
const enough: Check = (story) => deedsOf(story).flatMap(({ name, what, at, well, token }) => {
  const { world, plan } = story
  const way = begins(story).find((it) => it.way.token === token)?.way
  const isLate = world.happened.surprises.some((it) => it.at > at - 4000 && it.at <= at)
  return what !== 'stop' || way === undefined || way.back || way.against === true || plan?.rehearse === true || isLate || well > leastOf(world.kind) ? [] : [`C-1: ${name} takes a member at ${at}, and ${well} of ${world.kind.hosts.length} were well`]
})

/** It comes to its end; where nothing goes wrong, to the one that was meant. */
const ends: Check = ({ world, plan, row, moves }) => {
  const phase = row?.run.phase
  if (!plan) return world.faults.size === 0 ? ['progress: no run began'] : []
  if (phase?.is !== 'over') return [`progress: it is ${phase?.is} ${Math.round(world.end / 1000)} s after its beginning`]
  // People may take back what went by itself, though nothing is wrong.
  const isTheirs = phase.how === 'undone' && moves.some(({ event }) => event === 'distrusted')
  return world.faults.size === 0 && phase.how !== 'done' && !isTheirs ? [`progress: nothing went wrong, and it was ${phase.how}`] : []
}

/** C-5, C-15: a word counts for what is being asked at that moment: not after a halt, an end or another question, and not when its time is over. */
const voided: Check = ({ moves, ledger }) => {
  const asked = new Set(moves.flatMap((it) => (it.asked ? [it.asked.agreement] : [])))
  const yes = ledger.filter(({ is, body }) => is === 'agreement.pressed' && asked.has(String(body['id'])) && body['act'] !== 'no' && body['act'] !== 'stop')
  return [
    ...yes.flatMap(({ seq, body }) => {
      const was = moves.findLast((it) => it.seq < seq)
      const isAsked = was?.asked?.agreement === body['id'] && (was?.asked?.purpose !== 'step' || was.after.phase.is === 'offered')
      return isAsked ? [] : [`C-5: ${String(body['person'])} said yes by ${String(body['id'])} at ${was?.at ?? 0}, and that was not asked any more`]
    }),
    ...moves.flatMap(({ event, before: { phase }, wall, at }) => (event === 'pressed' && phase.is === 'offered' && wall > phase.lapsesAt.wall ? [`C-5: what both pressed at ${at} had lapsed ${Math.round((wall - phase.lapsesAt.wall) / 1000)} s before`] : [])),
  ]
}

/** C-4, C-18: a rehearsal does all but the deeds, and silences nothing. */
const rehearsed: Check = (story) => (story.plan?.rehearse === true ? deedsOf(story).map(({ name, what }) => `C-4: ${name} (${what}) began in a rehearsal`) : [])

/** C-13: whoever gives its data to a member that joins, while a step takes a host, halts nothing. */
const donors: Check = ({ moves, plan }) => moves.flatMap(({ at, before, after, event }) => {
  const way = before.phase.is === 'running' ? before.phase.way : undefined
  const takes = way && plan?.rehearse !== true ? (plan?.runbook.steps[way.step]?.takes ?? []) : []
  const isNew = event === 'turned' && before.halt === undefined
  return isNew && takes.length > 0 && after.halt?.claim.startsWith('gives its data') === true ? [`C-13: halted at ${at} by ${after.halt.subject}, which gives its data to the member that joins`] : []
})

export const CHECKS: Readonly<Record<string, Check>> = { once, agreed, ruled, lastWord, inTime, halts, missed, stale, paged, unknown, seen, inOrder, silenced, excused, donors, voided, rehearsed, tolerance, enough, ends }

/** What did not hold of one run, in sentences. */
export const judgeRun = (story: Story): string[] => Object.values(CHECKS).flatMap((check) => check(story))
