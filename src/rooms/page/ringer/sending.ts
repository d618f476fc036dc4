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

/** Lets a job go out; it ends at once when it cannot, or when it went out before. */
export function send(turn: Turn, job: Job): void {
  const { state } = turn
  const earlier = state.outcomes.get(job.page)
  if (earlier?.outcome === 'accepted') return settleWith(turn, job, { outcome: 'accepted', says: earlier.says, took: 0 })
  if (!state.plan || !named(state.plan.channels, job.channel)) {
    return settleWith(turn, job, { outcome: 'failed', says: `there is no channel "${job.channel}" in the configuration`, took: 0 })
  }
  if (!enqueue(state.queue, job)) settleWith(turn, job, { outcome: 'failed', says: 'too many messages wait already', took: 0 })
}

/** Starts what may start, and gives up what waited too long, or was under way too long. */
export function go(turn: Turn): void {
  const { state, now } = turn
  for (const job of takeLost(state.queue, now.tick, ms(state.options.sending + OVERDUE))) {
    settleWith(turn, job, { outcome: 'unknown', says: 'nobody said what came of it', took: now.tick - job.since })
  }
  if (state.stopping) return
  for (const job of takeLate(state.queue, now.tick, state.options.sending)) {
    settleWith(turn, job, { outcome: 'failed', says: `${job.channel} did not answer to what was sent before`, took: now.tick - job.since })
  }
  for (const job of takeReady(state.queue, now.tick)) start(turn, job)
}

function start(turn: Turn, job: Job): void {
  const { state, now, effects } = turn
  const channel = named(state.plan?.channels ?? {}, job.channel)
  if (channel) {
    effects.push({ is: 'send', page: job.page, channel: job.channel, kind: channel.kind, config: channel.config, message: sentAt(job.message, now), within: state.options.sending })
    return
  }
  finish(state.queue, job.page)
  settleWith(turn, job, { outcome: 'failed', says: `the channel "${job.channel}" was taken out of the configuration`, took: 0 })
}

/** A send ended; nothing happens when nobody waits for it any more. */
export function end(turn: Turn, page: string, settled: Settled): void {
  const job = finish(turn.state.queue, page)
  if (job) settleWith(turn, job, settled)
}

/** Settles a job that did not go out. */
export const giveUp = (turn: Turn, job: Job, says: string): void => settleWith(turn, job, { outcome: 'failed', says, took: 0 })

function settleWith(turn: Turn, job: Job, settled: Settled): void {
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
  turn.ended.push({ ...settled, job })
}
