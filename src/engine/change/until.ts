// Whether what a step should bring about is so, and the looks that are asked for to know it. Of a host that is booted, what was looked at while the machine still shut
// down says nothing of what it is after its boot: everything else that is wanted then is seen after the first word of the new boot.
import { isSince, isWithin, laterTick, ms, stampOf, type Now, type Span, type Stamp } from '../../core/time.ts'
import { NAMES_KEPT } from '../../ports/world/resolver.ts'
import type { Answered } from '../../rooms/change/gates.ts'
import type { FilledClaim, Runbook } from '../../rooms/change/runbook.ts'
import { claimHolds, type Course } from '../../rooms/change/runs/course.ts'
import type { RunRow } from '../../rooms/change/runs/record.ts'
import { wayIn, type Way } from '../../rooms/change/runs/run.ts'
import { FRESH } from '../../rooms/change/sight.ts'
import { courseFor, type ChangeKeeper } from './grounds.ts'
import type { Memory } from './surprises.ts'

interface Sought {
  readonly claims: readonly FilledClaim[]
  readonly token: number
  /** When it began, or its deed was done. */
  readonly since: Stamp
}

/** What is known of the claims of a step, by looks that began at or after `since`, which is what it answers too. */
export function seenOf(keeper: Pick<ChangeKeeper, 'ports' | 'watcher'>, memory: Memory, course: Course, { claims, token, since }: Sought): { readonly seen: readonly Answered[]; readonly since: Stamp } {
  let booted = since
  let isNew = false
  for (const claim of claims) {
    if (claim.is !== 'boots') continue
    const has = course.facts.boot(claim.host)
    if (has === undefined || has.boot === course.row.boots[claim.host] || !isSince(has.from, since)) continue
    const key = `${token} ${claim.host} ${has.boot}`
    const first = memory.booted.get(key) ?? has.from
    isNew ||= !memory.booted.has(key)
    memory.booted.set(key, first)
    if (isSince(first, booted)) booted = first
  }
  if (isNew) askLooks(keeper, { guard: claims.filter((it) => it.is === 'checks'), preflight: [] }, claims.flatMap((it) => ('cluster' in it ? [it.cluster] : [])))
  return { since: booted, seen: claims.map((claim) => claimHolds(claim, course, claim.is === 'boots' ? since : booted)).filter((it) => it !== undefined) }
}

/** From when on what is looked at says something of what a step brought about: its deed, or its beginning where nobody does a deed. */
export const seenSince = ({ acted }: Pick<RunRow, 'acted'>, way: Pick<Way, 'begun' | 'token'>): Stamp => (acted?.token === way.token ? acted.at : way.begun)

/** Who looks says within this that names are forgotten, or is taken to remember them. */
const FORGET_WITHIN: Span = ms(2000)

/**
 * A deed was done. It may have led a name elsewhere: what counts from then on is what the name leads to then, and not the server that somebody who looks still remembers. So it counts from when all of
 * them have forgotten; where one has not said so (it is not connected, or answers too late), from when what anybody kept is too old to be used.
 */
export async function wasDone({ ports, engine, rooms, now }: Pick<ChangeKeeper, 'engine' | 'now' | 'ports' | 'rooms'>, run: string, token: number): Promise<void> {
  const isForgotten = await (ports.forgetNames?.(FORGET_WITHIN) ?? true)
  const from = stampOf(now())
  await engine.turn('change.acted', (tx) => rooms.change.acted(tx, run, token, isForgotten ? from : { ...from, tick: laterTick(from.tick, NAMES_KEPT) }))
}

/** Whether its driver found that so, by a look that is fresh, and since then. */
export const hasClaimed = (claimed: Memory['claimed'], found: Answered['found'], since: Stamp, now: Now): boolean =>
  claimed?.found === found && isSince(claimed.from, since) && isWithin(claimed.from, now, FRESH)

/**
 * What stands against both saying that a step under way is done, though its end was not seen in time: that it is seen not to be so, by looks since it began. What nobody can
 * see is theirs to say; `claimed`: what its driver saw of it; “done” against what is seen is the word that once cost the customers' data. `undefined`: nothing.
 */
export function whyNotDone(keeper: ChangeKeeper, row: RunRow, claimed: Memory['claimed']): string | undefined {
  const way = wayIn(row.run)
  if (row.run.phase.is !== 'running' || way === undefined || way.back || row.plan.rehearse) return undefined
  const course = courseFor(keeper, row, 'ruling')
  const since = seenSince(row, way)
  const sees = hasClaimed(claimed, 'fail', since, course.now)
  const against = (row.plan.runbook.steps[way.step]?.until ?? []).flatMap((claim) => {
    if (claim.is === 'driver') return sees ? [`${Object.keys(claim.claims).join(', ')}: not so, as its driver sees it`] : []
    const it = claimHolds(claim, course, since)
    const witness = it?.found === 'fail' ? it.evidence.find(({ says }) => says !== '') : undefined
    return it?.found === 'fail' ? [witness ? `${witness.subject}: ${witness.says}` : claim.is] : []
  })
  return against.length === 0 ? undefined : `it is seen not to be done: ${against.slice(0, 3).join('; ')}. Mend that, or end the run where it is (abort)`
}

/** Asks for looks at all that its gates rest on. */
export function askLooks({ watcher, ports }: Pick<ChangeKeeper, 'ports' | 'watcher'>, { guard, preflight }: Pick<Runbook, 'guard' | 'preflight'>, clusters: readonly string[]): void {
  const names = [...guard, ...preflight].flatMap((want) => (want.is === 'checks' ? want.names : [])).filter((it) => watcher.checks.get(it)?.kind !== 'heartbeat')
  if (names.length > 0) ports.toProbers({ is: 'look', checks: [...new Set(names)] })
  for (const cluster of clusters) ports.toScout?.({ is: 'canary', cluster })
}
