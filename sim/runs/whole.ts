// What must hold of a schedule as a whole, beside each of its runs (invariants.ts): that one host is worked on at a time, in order, and none after one failure more than
// may be; that nothing happened at a target that is of no run; that somebody is paged while the keeper stands still; that it comes to its end.
import type { Run } from '../../src/rooms/change/runs/run.ts'
import { RACKS, type HostName } from './book.ts'
import { judgeAlone } from './alone.ts'
import { judgeHanded } from './handed.ts'
import { besideIn, judgeRun, SLACK, storiesOf, type Story } from './invariants.ts'
import type { RunWorld } from './schedule.ts'
import { isTouched, leadersAt } from './truth.ts'

interface Whole { readonly world: RunWorld; readonly stories: readonly Story[] }
type Check = (whole: Whole) => string[]

/** C-3: one run of the cluster at a time. */
const alone: Check = ({ world }) => (world.people.seconds.includes(200) ? ['C-3: a second run of the cluster began'] : [])

/** C-4: what began at a target is a deed of a run. */
const known: Check = ({ world, stories }) => world.ground.log.filter(({ name }) => !stories.some(({ plan }) => name.startsWith(`${plan?.id}.`))).map(({ name }) => `C-4: ${name} began, and it is of no run`)

const isBeside = ({ world, plan }: Story, other: Story): boolean => besideIn(world, plan?.host ?? '').some((host) => host === other.plan?.host)

/** C-3, C-16: of two runs no deed goes on while one of the other begins, nor are both of them going on; but for those of one failure domain. */
const oneHost: Check = ({ world, stories }) => stories.flatMap((story, n) => stories.slice(n + 1).filter((later) => !isBeside(story, later)).flatMap((later) => {
  const end = story.moves.find(({ after }) => after.phase.is === 'over')?.seq ?? Number.POSITIVE_INFINITY
  const of = ({ plan }: Story): typeof world.ground.log => world.ground.log.filter(({ name }) => name.startsWith(`${plan?.id}.`))
  const beside = of(later).filter((deed) => of(story).some((it) => it.at <= deed.at && (it.ended ?? Number.POSITIVE_INFINITY) > deed.at))
  return [
    ...(later.beganSeq < end ? [`C-3: ${later.plan?.host} began beside ${story.plan?.host}`] : []),
    ...beside.map(({ name, at }) => `C-3: ${name} began at ${at} while a deed of ${story.plan?.host} went on`),
  ]
}))

/** C-20: no host begins when one more has failed than may, until somebody has gone on who could know of it. */
const failures: Check = ({ world, stories }) => {
  const rolled = stories[0]?.ledger.filter(({ is }) => is === 'change.rolled') ?? []
  const resumes = rolled.filter(({ body }) => (body['told'] as readonly { event: string }[]).some(({ event }) => event === 'resumed')).map(({ seq }) => seq)
  return !world.kind.rolling ? [] : stories.flatMap((story, n) => {
    const resumed = resumes.findLast((it) => it < story.beganSeq) ?? 0
    const failed = new Set(stories.slice(0, n).flatMap((it) => isTouched(it, story.beganSeq, resumed)))
    return failed.size > world.kind.maxFailures ? [`C-20: ${story.plan?.host} began, and ${[...failed].join(' and ')} had failed where ${world.kind.maxFailures} may`] : []
  })
}

/** C-3: hosts are gone over in their order, none once more when it came to its end. */
const sequence: Check = ({ world, stories }) => (!world.kind.rolling ? [] : stories.flatMap((story, n) => {
  // Of one that is known never to have begun after all, the host is to come again.
  const before = stories.slice(0, n).filter(({ moves }) => (moves.at(-1)?.after.tried.length ?? 0) > 0)
  const placeOf = ({ plan }: Story): string => { const host = plan?.host ?? ''; return world.kind.batch ? RACKS[host as HostName] : host }
  const isOut = (other: Story): boolean => !isBeside(story, other) && placeOf(other) >= placeOf(story)
  return before.some(isOut) ? [`C-3: ${story.plan?.host} began after ${before.map(({ plan }) => plan?.host).join(', ')}`] : []
}))

/** C-8, C-15: whatever halts one host of those that are worked on together halts all of them, in the very moment; a failure may be borne. */
const together: Check = ({ stories }) => stories.flatMap((story) => story.moves.flatMap(({ seq, at, event, before, after }) => {
  if (event !== 'turned' || before.halt !== undefined || after.halt === undefined) return []
  // The one that is not seen to be done in time stands by itself.
  const origin = /^was stopped: ([^:]+): /.exec(after.halt.claim)?.[1]
  return stories.filter((other) => isBeside(story, other) && other.beganSeq < seq && other.plan?.host !== origin).flatMap(({ moves, plan }) => {
    const was = moves.findLast((it) => it.at < at)?.after
    const is = moves.findLast((it) => it.at <= at)?.after
    const isLeft = was?.guarded === true && was.phase.is !== 'over' && is?.halt === undefined && is?.phase.is !== 'over'
    return isLeft ? [`C-8: ${story.plan?.host} was halted at ${at} (${after.halt?.subject}), and ${plan?.host} beside it was not`] : []
  })
}))

/** C-13: what a step on a host beside it takes halts none. */
const excused: Check = ({ stories }) => stories.flatMap((story) => story.moves.flatMap(({ seq, at, event, before, after }) => {
  const halt = event === 'turned' && before.halt === undefined && after.halt?.is === 'member' ? after.halt : undefined
  return stories.filter((other) => halt && isBeside(story, other)).flatMap(({ moves, plan }) => {
    const was = moves.findLast((it) => it.seq < seq)?.after
    const takes = was?.phase.is === 'running' && plan?.rehearse !== true ? (plan?.runbook.steps[was.phase.way.step]?.takes ?? []) : []
    return takes.includes(halt?.host ?? '') ? [`C-13: ${story.plan?.host} was halted at ${at} by ${halt?.subject}, which a step beside it takes`] : []
  })
}))

/** Something of it goes on, or may begin: not of one that stands halted with nothing under way. */
const isLed = (run: Pick<Run, 'guarded' | 'phase' | 'halt'> | undefined): boolean => run?.guarded === true && run.phase.is !== 'over' && (run.halt === undefined || ['pressed', 'running', 'unknown'].includes(run.phase.is))

/** C-19: a keeper that stands still while a run is led is paged to both of its people within 20 s, but for a rehearsal; that nothing begins meanwhile, is judged of each run. */
const stuck: Check = ({ world, stories }) => (!world.ringer ? [] : world.host.away.flatMap(({ from, to }) => {
  const by = from + 20_000 + SLACK
  const isKnown = world.alarms.some(({ at }) => at <= from)
  const led = stories.find(({ plan, moves }) => { if (plan?.rehearse === true) return false; const was = moves.findLast((it) => it.at <= from)?.after; const since = moves.findLast((it) => it.at <= from - 2500)?.after; return [was, since].every(isLed) })
  const isHandedOver = led?.moves.some((it) => it.event === 'handed-over' && it.at > from - 2500 && it.at <= from)
  if (Math.min(to, world.end) < by || isKnown || !led || isHandedOver === true) return []
  const heard = new Set(world.alarms.filter(({ at }) => at <= by).map(({ person }) => person))
  return leadersAt(led, led.moves.findLast((it) => it.at <= from)?.seq ?? 0).every((it) => heard.has(it)) ? [] : [`C-19: the keeper stood still at ${from}, and ${[...heard].join() || 'nobody'} was paged by ${by}`]
}))

/** It comes to its end; where nothing goes wrong, to the one that was meant. */
const ends: Check = ({ world, stories }) => {
  const rolling = world.people.rolling?.rolling
  if (!world.rested) return ['progress: it went round and round without rest']
  if (!world.kind.rolling || (rolling === undefined && world.faults.size > 0)) return []
  // What an aborted run was halted by stays an open incident until a person ends it; nobody does here, and the next host rightly does not begin beside it.
  if (rolling?.over === undefined && stories.some(({ moves }) => moves.some(({ event, after }) => event === 'stopped' && after.halt !== undefined))) return []
  if (rolling?.over === undefined) return [`progress: the rolling run is not over ${Math.round(world.end / 1000)} s after its beginning`]
  return world.faults.size === 0 && rolling.over !== 'done' ? [`progress: nothing went wrong, and the rolling run was ${rolling.over}`] : []
}

const WHOLE: Readonly<Record<string, Check>> = { alone, known, oneHost, failures, sequence, together, excused, stuck, ends }

/** What did not hold, in sentences. */
export function judgeWorld(world: RunWorld, stories: readonly Story[] = storiesOf(world)): string[] {
  return [...stories.flatMap((story) => [...judgeRun(story), ...judgeHanded(story), ...judgeAlone(story)]), ...Object.values(WHOLE).flatMap((check) => check({ world, stories }))]
}
