// What is a surprise to a run by what was known at the last look: a host that says nothing any more, an incident that was opened since, a cluster of which
// nobody knows any more how it stands. What is kept for that lives in memory, with what the run waits for.
import { isWithin, type Now, type Stamp } from '../../core/time.ts'
import type { Answered } from '../../rooms/change/gates.ts'
import { MAY_CHANGE_FOR } from '../../rooms/change/heard/members-heard.ts'
import type { RunRow } from '../../rooms/change/runs/record.ts'
import { silencedBy, type Turn } from '../../rooms/change/runs/run.ts'
import { loadOpen } from '../../rooms/page/rows.ts'
import type { ChangeKeeper } from './grounds.ts'

/** What was well at the last look, for one run. */
export interface Memory {
  well: Map<string, boolean>
  readonly incidents: Set<string>
  /** Since when a want of a cluster is not known that was well before. */
  readonly unsure: Map<string, Stamp>
  /** What the doer of the step under way sees. */
  token: number
  claimed?: { readonly found: Answered['found']; readonly from: Stamp }
  overran: boolean
  /** For which press looks were asked for. */
  asked?: number
}

/** Every host that a run is about. */
export const hostsOf = ({ plan: { runbook } }: RunRow): readonly string[] => runbook.hosts.names

/** What runs page themselves. */
const OWN = ['run:', 'rolling:']

/** Members that leave in good order, as a step has them do, do not agree on who belongs to them for a moment: what lasts is a surprise, as it is of the whole cluster. */
export function mayChange({ unsure }: Memory, key: string, now: Now): boolean {
  const since = unsure.get(key) ?? now
  unsure.set(key, since)
  return isWithin(since, now, MAY_CHANGE_FOR)
}

/** An incident that was opened since, and is not of what a step takes; what was excused once is known. */
export function strangerTo(keeper: ChangeKeeper, { incidents }: Memory, gone: ReadonlySet<string>): ReturnType<typeof loadOpen>[number] | undefined {
  return loadOpen(keeper.store.sql).find((it) => {
    if (incidents.has(it.id) || OWN.some((own) => it.subject.startsWith(own))) return false
    const excused = isExcused(keeper, it, gone)
    if (excused) incidents.add(it.id)
    return !excused
  })
}

/** A host that was known at the last look and is not any more, whatever the guard asks of it. */
export function silentHost({ hosts, now }: ChangeKeeper, { well }: Memory, row: RunRow): Turn | undefined {
  const turns = [...new Set([row.plan.host, ...hostsOf(row)])].flatMap((host): Turn[] => {
    const [was, is] = [well.get(`host ${host}`) ?? false, hosts.boot(host, now()) !== undefined]
    well.set(`host ${host}`, is)
    return was && !is && !silencedBy(row.run).includes(host) ? [{ subject: `host:${host}`, is: 'member', host, claim: 'is not known any more' }] : []
  })
  return turns[0]
}

/** Whether an incident is of what a step takes, and of nothing else (C-13). */
function isExcused({ watcher }: ChangeKeeper, { members }: { readonly members: string }, gone: ReadonlySet<string>): boolean {
  const names = (JSON.parse(members) as string[]).map((it) => /^check:(.*)$/.exec(it)?.[1])
  return names.length > 0 && names.every((name) => name !== undefined && (watcher.checks.get(name)?.standsOn ?? []).some((host) => gone.has(host)))
}
