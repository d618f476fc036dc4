// Whether the next host of a rolling run may begin: its plan is drawn anew, and has to be the one that was agreed to begin with; everything that it wants
// (preflight, keep, guard) has to be so, by looks that began after the host before it had come to its end. The first step of the host is then
// ruled by looks of its own, after both have pressed.
import { isSince, type Stamp } from '../../../core/time.ts'
import type { Accepted, Planned, PlanWants } from '../plan.ts'
import { planOf } from '../plan.ts'
import { sayAgainst } from '../runs/course.ts'
import { permitOf } from '../window.ts'

export type Opening =
  | { readonly is: 'open'; readonly drawn: Extract<Planned, { is: 'plan' }> }
  /** It may yet be: something has not been looked at since, or does not pass. */
  | { readonly is: 'early'; readonly says: string; readonly anew?: true }
  /** `anew`: what was agreed to fits no more, and each host that is left has to be begun by itself. */
  | { readonly is: 'shut'; readonly says: string; readonly anew?: true }

/** Held against the plan that it was when the rolling run began. */
export function openingFor(wants: Omit<PlanWants, 'accepted' | 'kept'>, planned: { readonly hash: string; readonly accepted: readonly Accepted[] }, since: Stamp): Opening {
  const { runbook, host, facts } = wants
  const drawn = planOf({ ...wants, accepted: planned.accepted, kept: true })
  if (drawn.is === 'refused') return { is: 'shut', says: drawn.says }
  if (drawn.plan.hash !== planned.hash) return { is: 'shut', anew: true, says: `the runbook, or what it stands on, was edited since it was planned for ${host}` }
  const isAccepted = planned.accepted.some(({ code }) => code === 'window')
  if (runbook.window && !isAccepted && permitOf(runbook.window, facts.now).is === 'shut') return { is: 'shut', says: `its window has closed before ${host}` }
  const [more] = drawn.plan.accept.filter(({ code }) => code !== 'window')
  if (more) return { is: 'early', anew: true, says: `${host} needs accepted what it did not when it was planned: ${more.code} (${more.why})` }
  const gates = drawn.gates.flat()
  const stale = gates.filter(({ from }) => from !== undefined && !isSince(from, since))
  if (stale.length > 0) return { is: 'early', says: `not looked at since: ${stale.map(({ want }) => want).slice(0, 3).join('; ')}` }
  return gates.every(({ found }) => found === 'pass') ? { is: 'open', drawn } : { is: 'early', says: sayAgainst(gates) }
}

/** What to do about the hosts that are left, where what was agreed to fits no more: a new rolling run would go over those that are done again. */
export function sayLeft({ id, runbook }: { readonly id: string; readonly runbook: string }, [first = '', ...rest]: readonly string[]): string {
  return `end this one (holdfast runbooks abort ${id}), then begin what is left host by host: holdfast runbooks run ${runbook} --host ${first}${rest.length === 0 ? '' : `, then the same for ${rest.join(', ')}`}`
}
