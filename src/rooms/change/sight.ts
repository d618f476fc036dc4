// Sight: what the members of a cluster say of themselves, held against each other. Each of them alone can be wrong, and green: two halves of a torn
// cluster both call themselves Primary and Synced, with the same state and the same view, and only the comparison shows that there are
// two. So the account is one on which all agree who were freshly heard; where they disagree, or nobody was heard, it is unknown.
// A member that was not heard is not healthy, and still counts in what the majority is taken of.
import { ageOf, seconds, type Now, type Span, type Stamp } from '../../core/time.ts'
import type { Known } from './tolerance.ts'
import type { Cluster } from './topology.ts'

/** What one member said, or that it answered nothing that could be read. */
export type Report =
  | {
    readonly is: 'galera'
    readonly primary: boolean
    readonly synced: boolean
    readonly ready: boolean
    /** The state's UUID, as it writes it. */
    readonly state: string
    readonly view: string
    /** Members of its view, and what they weigh together. */
    readonly size: number
    readonly total: number
  }
  | { readonly is: 'patroni'; readonly running: boolean; readonly leads: boolean }
  | { readonly is: 'etcd'; readonly healthy: boolean; readonly leader: string }

export interface Heard {
  readonly host: string
  /** When the look began. */
  readonly at: Stamp
  readonly report: Report
}

export type Sight =
  | ({ readonly is: 'seen' } & Known)
  | { readonly is: 'unknown'; readonly says: string }
  /** Two who lead: each of them takes writes. */
  | { readonly is: 'split'; readonly hosts: readonly string[]; readonly says: string }

/** What is older says nothing of now (C-2). */
export const FRESH: Span = seconds(10)
/** What Galera gives itself after a start without its position: nothing can rejoin by it. */
const NO_STATE = /^[0-]*$/

const unknown = (says: string): Sight => ({ is: 'unknown', says })

/** The one account of a cluster, of what was heard lately. */
export function sightOf(cluster: Cluster, heard: readonly Heard[], now: Now): Sight {
  const fresh = cluster.members.flatMap((host) => {
    const last = heard.findLast((it) => it.host === host && it.report.is === cluster.kind)
    const age = last && ageOf(last.at, now)
    return last !== undefined && age !== undefined && age <= FRESH ? [last] : []
  })
  if (fresh.length === 0) return unknown(heard.length === 0 ? 'nothing has been observed of it yet' : 'what was observed of it is too old')
  return cluster.kind === 'galera' ? ofGalera(cluster, fresh) : cluster.kind === 'patroni' ? ofPatroni(cluster, fresh) : ofEtcd(cluster, fresh)
}

const named = (it: readonly Heard[]): string => it.map(({ host }) => host).join(' and ')

function ofGalera({ members }: Cluster, fresh: readonly Heard[]): Sight {
  const said = fresh.flatMap(({ host, report }) => (report.is === 'galera' ? [{ host, ...report }] : []))
  const primaries = said.filter((it) => it.primary)
  const [first] = primaries
  if (!first) return said.length < members.length ? unknown('none that was heard is Primary, and not all were heard') : { is: 'seen', total: 1, healthy: [] }
  const among = fresh.filter(({ host }) => primaries.some((it) => it.host === host))
  if (primaries.some((it) => NO_STATE.test(it.state))) return unknown(`the state of ${named(among)} has no identity: what starts without its position cannot rejoin`)
  // Two halves may agree in every word but this: there are more of them than each counts.
  const isTorn = primaries.some((it) => it.state !== first.state || (it.view !== first.view && it.size + first.size <= primaries.length)) || primaries.length > first.size
  if (isTorn) return { is: 'split', hosts: primaries.map(({ host }) => host), says: `${named(among)} are Primary, and not of one cluster` }
  if (primaries.some((it) => it.view !== first.view || it.size !== first.size || it.total !== first.total)) return unknown(`${named(among)} do not agree on who belongs to them: the view is changing`)
  return { is: 'seen', total: first.total, healthy: primaries.filter((it) => it.synced && it.ready).map(({ host }) => host) }
}

function ofPatroni({ members }: Cluster, fresh: readonly Heard[]): Sight {
  const said = fresh.flatMap(({ host, report }) => (report.is === 'patroni' ? [{ host, ...report }] : []))
  const leaders = said.filter((it) => it.leads)
  if (leaders.length > 1) return { is: 'split', hosts: leaders.map(({ host }) => host), says: `${leaders.map(({ host }) => host).join(' and ')} both take writes` }
  if (leaders.length === 0) return said.length < members.length ? unknown('none that was heard leads, and not all were heard') : { is: 'seen', total: members.length, healthy: [] }
  return { is: 'seen', total: members.length, healthy: said.filter((it) => it.running).map(({ host }) => host) }
}

function ofEtcd({ members }: Cluster, fresh: readonly Heard[]): Sight {
  const said = fresh.flatMap(({ host, report }) => (report.is === 'etcd' ? [{ host, ...report }] : []))
  const healthy = said.filter((it) => it.healthy)
  if (new Set(healthy.map(({ leader }) => leader)).size > 1) return unknown(`${healthy.map(({ host }) => host).join(' and ')} do not agree on who leads`)
  return { is: 'seen', total: members.length, healthy: healthy.map(({ host }) => host) }
}
