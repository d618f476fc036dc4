// The paging plan: who can be rung how, who is on call when, and in which order. It is plain data, made once from the accepted
// configuration plus the covers (overrides) that people entered, and held by keeper and ringer alike, so that both come to
// the same decisions from the same plan.
import type { Role } from '../../core/authority/role.ts'
import { minutes, type Instant, type Span } from '../../core/time.ts'

/** One rung of a person's ladder: `hook after 4s`. */
export interface Reach {
  readonly channel: string
  readonly after: Span
}

export interface Person {
  readonly name: string
  readonly email?: string
  readonly phone?: string
  /** What they may do here beyond being paged; owners may grant more. */
  readonly roles?: readonly Role[]
  /** In order; never empty for somebody who can be paged. */
  readonly reach: readonly Reach[]
}

export interface Rotation {
  readonly name: string
  /** Daily, weekly, or every n weeks. */
  readonly rotate: { readonly every: 'day' | 'week'; readonly times: number }
  /** Local time of the hand-off; `weekday` 1 (Monday) to 7 where weeks are counted. */
  readonly handoff: { readonly weekday: number; readonly hour: number; readonly minute: number }
  readonly timezone: string
  readonly people: readonly string[]
  /** First hand-off, `YYYY-MM-DD`; the first person of the list is on call from it. A Monday of 2024 when absent in the file. */
  readonly starts: string
}

/** A person stands in for whoever is on call; the one entered last wins where two overlap. */
export interface Cover {
  readonly rotation: string
  readonly person: string
  readonly from: Instant
  readonly until: Instant
}

export type Target = { readonly is: 'rotation'; readonly name: string } | { readonly is: 'person'; readonly name: string }

export interface Step {
  readonly page: readonly Target[]
  /** Until the next step starts; on the last step until it is repeated. */
  readonly wait: Span
}

export interface Policy {
  readonly name: string
  /** At least one; the last is repeated every `wait`, without a cap, until somebody takes it. */
  readonly steps: readonly Step[]
}

export interface Plan {
  /** Hash of the configuration that it came from. */
  readonly version: string
  readonly people: Readonly<Record<string, Person>>
  /** Name of a channel to its kind and settings (secrets resolved: the plan never leaves keeper and ringer). */
  readonly channels: Readonly<Record<string, { readonly kind: string; readonly config: unknown }>>
  readonly rotations: Readonly<Record<string, Rotation>>
  readonly covers: readonly Cover[]
  readonly policies: Readonly<Record<string, Policy>>
  /** Paged where a step has no target. Everybody when the file names nobody. */
  readonly fallback: readonly string[]
  readonly ackLapses: Span
  readonly site: { readonly name: string; readonly url: string; readonly timezone: string }
  /** Who writes to the public; paged before a promised update is due. */
  readonly communications: readonly string[]
}

/** Policies that no file names: one that rings a person first, and one for whoever writes to the public. */
export const COMMUNICATIONS = '~communications'
export const firstOf = (...people: readonly string[]): string => `~${people.join('+')}`
/** Who is rung first, all at once, where a policy that no file names says so. */
export const firstIn = (policy: string): readonly string[] => (policy.startsWith('~') ? policy.slice(1).split('+') : [])

/** The plan with these policies and the covers in force: what keeper and ringer decide by. */
export function planInForce(plan: Plan, covers: readonly Cover[]): Plan {
  const extra = Object.fromEntries([
    ...Object.keys(plan.people).map((person): [string, Policy] => [firstOf(person), first(plan, firstOf(person), [person])]),
    ...(plan.communications.length > 0 ? [[COMMUNICATIONS, first(plan, COMMUNICATIONS, plan.communications)]] : []),
  ])
  return { ...plan, covers, policies: { ...plan.policies, ...extra } }
}

/** These people at once, then whoever is on call. */
export const first = ({ policies }: Plan, name: string, people: readonly string[]): Policy =>
  ({ name, steps: [{ page: people.map((person) => ({ is: 'person', name: person })), wait: minutes(5) }, ...((policies['default'] ?? Object.values(policies)[0])?.steps ?? [])] })
