// Sending: from "this is to go out" to "that is what came of it". A page that was accepted never goes out again, whoever asks;
// one that failed, or of which nobody knows, may. Whatever ends is told to the keeper; what was decided here goes into the
// journal beside. A full queue, a missing channel, a lane held up too long: each is an outcome, never a silence.
import { ms } from '../../../core/time.ts'
import { sentAt } from './render.ts'
import { enqueue, finish, takeLate, takeLost, takeReady, type Job } from './queue.ts'
import { write } from './journal.ts'
import { bound, tellKeeper, type SettledJob, type Turn } from './state.ts'
import { named } from '../steps.ts'

const MOST_OUTCOMES = 65_536
/** A send has an outcome by its time limit; whoever performs it may be that late with it. */
const OVERDUE = 1000

export type Settled = Omit<SettledJob, 'job'>

/** What came of a job that was settled without the caller's doing: the queue was full, the channel is gone, it waited too long. */
export type Ended = readonly SettledJob[]

/** Lets a job go out; says at once what came of it when it cannot, or when it went out before. */
export function send(turn: Turn, job: Job): Ended {
  const { state } = turn
  const earlier = state.outcomes.get(job.page)
  if (earlier?.outcome === 'accepted') return [settleWith(turn, job, { outcome: 'accepted', says: earlier.says, took: 0 })]
  if (!state.plan || !named(state.plan.channels, job.channel)) {
    return [settleWith(turn, job, { outcome: 'failed', says: `there is no channel "${job.channel}" in the configuration`, took: 0 })]
  }
  if (!enqueue(state.queue, job)) return [settleWith(turn, job, { outcome: 'failed', says: 'too many messages wait already', took: 0 })]
  return []
}

/** Starts what may start, and gives up what waited too long. */
export function go(turn: Turn): Ended {
  const { state, now, effects } = turn
  const lost = takeLost(state.queue, now.tick, ms(state.options.sending + OVERDUE))
    .map((job) => settleWith(turn, job, { outcome: 'unknown', says: 'nobody said what came of it', took: now.tick - job.since }))
  if (state.stopping) return lost
  const late = takeLate(state.queue, now.tick, state.options.sending)
    .map((job) => settleWith(turn, job, { outcome: 'failed', says: `${job.channel} did not answer to what was sent before`, took: now.tick - job.since }))
  const ready = takeReady(state.queue, now.tick)
  const gone: Ended = ready.flatMap((job) => {
    const channel = named(state.plan?.channels ?? {}, job.channel)
    if (channel) {
      effects.push({ is: 'send', page: job.page, channel: job.channel, kind: channel.kind, config: channel.config, message: sentAt(job.message, now), within: state.options.sending })
      return []
    }
    finish(state.queue, job.page)
    return [settleWith(turn, job, { outcome: 'failed', says: `the channel "${job.channel}" was taken out of the configuration`, took: 0 })]
  })
  return [...lost, ...late, ...gone]
}

/** A send ended. `undefined` when nobody waits for it. */
export function ended(turn: Turn, page: string, settled: Settled): Ended {
  const job = finish(turn.state.queue, page)
  return job ? [settleWith(turn, job, settled)] : []
}

/** Settles a job that did not go out. */
export const giveUp = (turn: Turn, job: Job, says: string): Ended => [settleWith(turn, job, { outcome: 'failed', says, took: 0 })]

function settleWith(turn: Turn, job: Job, settled: Settled): SettledJob {
  const { state, now } = turn
  const { outcome, says, took } = settled
  for (const page of [job.page, ...(job.together ?? []), ...job.carries.map(({ ring }) => ring.page as string)]) {
    state.outcomes.delete(page)
    state.outcomes.set(page, { outcome, says })
  }
  bound(state.outcomes, MOST_OUTCOMES)
  tellKeeper(turn, { is: 'settled', page: job.page as never, outcome, says, took })
  for (const { incident, ring } of job.carries) {
    const { page, person, channel, step, round } = ring
    write(state.journal, { is: 'rang', at: now.wall, incident, page, person, channel, step, round, outcome, says })
  }
  return { ...settled, job }
}
