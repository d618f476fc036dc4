// What a configuration still lacks before Holdfast is of use: said when it starts, and in its status. Each is one sentence with
// the cure. What is only advisable (an outside watch, anchors) is `doctor`'s to say.
import type { Accepted } from './accepted.ts'

/** Neither a check, nor a set of backups, nor a reconcile. */
export const NOTHING_WATCHED = 'Nothing is watched yet: add checks, or start with an address: holdfast up https://example.com'

/** The gravest first; empty when it watches something and somebody would be paged. */
export function missingIn(config: Pick<Accepted, 'checks' | 'plan' | 'backups' | 'reconciles'>): string[] {
  const missing: string[] = []
  const people = Object.values(config.plan.people)
  if (people.length === 0) missing.push('Nobody would be paged yet: add people, and a channel that reaches them.')
  else if (!people.some((person) => person.reach.length > 0)) missing.push('Nobody would be paged yet: no person has a channel; add channels, and reach where it is needed.')
  if (config.checks.length + config.backups.length + config.reconciles.length === 0) missing.push(NOTHING_WATCHED)
  return missing
}
