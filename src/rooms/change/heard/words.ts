// What members say in their own words, read into one report each: Galera by its status variables, PostgreSQL by its server and by Patroni beside it,
// etcd by its health and its status. What is missing is never read as good: a variable that a server does not have, a body that is no
// JSON, one of two sources that is silent. Where two sources contradict each other, that is what is reported.
import type { Report } from '../sight.ts'

/** The variables that are asked for; all of them are answered by a node that is not ready, too. */
export const GALERA_VARIABLES = [
  'wsrep_cluster_status', 'wsrep_local_state', 'wsrep_ready', 'wsrep_cluster_state_uuid', 'wsrep_cluster_conf_id', 'wsrep_cluster_size', 'wsrep_cluster_weight', 'wsrep_desync_count',
] as const

/** Its settings of the group, among which stands what it weighs itself; a server answers these to whoever signs in. */
export const GALERA_OPTIONS = 'wsrep_provider_options'

/** What a part of a look gave; `silent`: nothing came, `refused`: its host refused the connection. */
export type Part<Of> = { readonly is: 'said'; readonly of: Of } | { readonly is: 'refused' | 'silent'; readonly says: string }

/** Galera; a text says why nothing is known by it. */
export function readGalera(variables: ReadonlyMap<string, string>): Report | string {
  const of = (name: (typeof GALERA_VARIABLES)[number] | typeof GALERA_OPTIONS): string | undefined => variables.get(name)
  const status = of('wsrep_cluster_status')
  if (status === undefined) return 'it says nothing of a cluster: is wsrep on?'
  const size = countOf(of('wsrep_cluster_size'))
  const view = of('wsrep_cluster_conf_id')
  const state = of('wsrep_cluster_state_uuid')
  if (size === undefined || view === undefined || state === undefined) return 'it does not say who belongs to its cluster'
  const local = of('wsrep_local_state')
  const weight = weightIn(of(GALERA_OPTIONS) ?? '')
  return {
    is: 'galera', primary: status === 'Primary', synced: local === '4', ready: of('wsrep_ready') === 'ON', state, view, size, total: countOf(of('wsrep_cluster_weight')) ?? size,
    ...(local === '2' ? { donor: true } : {}), ...(weight === undefined ? {} : { weight }),
  }
}

/** `…; pc.wait_restored_prim_timeout = PT0S; pc.weight = 1; protonet.backend = asio; …`; the last one counts where it stands there twice. */
const weightIn = (options: string): number | undefined => countOf(options.split(';').findLast((it) => it.split('=')[0]?.trim() === 'pc.weight')?.split('=')[1]?.trim())

const countOf = (text: string | undefined): number | undefined => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined)

/** What the server of PostgreSQL says of itself. */
export interface ServerWord {
  readonly recovering: boolean
  readonly readOnly: boolean
  readonly timeline?: number
  /** Bytes of the log that it has. */
  readonly position?: number
  /** It is sent the log as that is written; absent: it leads. */
  readonly streams?: boolean
  /** Bytes that it has and has not applied yet. */
  readonly lag?: number
}

/** What Patroni says of it. */
export interface PatroniWord {
  readonly running: boolean
  readonly state: string
  readonly leads: boolean
  readonly timeline?: number
  readonly inStep: number
}

/** Its body on `/patroni`; a text says what is wrong with it. */
export function readPatroni(body: string): PatroniWord | string {
  const it = record(body)
  if (!it || typeof it['state'] !== 'string' || typeof it['role'] !== 'string') return 'Patroni answers with what is not its own'
  const { state, role, timeline, replication } = it
  const rows = Array.isArray(replication) ? replication.filter((row: unknown): row is Record<string, unknown> => typeof row === 'object' && row !== null) : []
  return {
    state: state.slice(0, 60), running: state === 'running' || state === 'streaming' || state === 'in archive recovery', leads: role === 'master' || role === 'primary' || role === 'leader',
    inStep: rows.filter((row) => row['sync_state'] === 'sync' || row['sync_state'] === 'quorum').length,
    ...(typeof timeline === 'number' ? { timeline } : {}),
  }
}

/** Roles by both. Nothing is known (a text) only where neither said anything. */
export function ofBoth(server: Part<ServerWord>, patroni: Part<PatroniWord>): Report | string {
  if (server.is === 'refused' && patroni.is === 'refused') return { is: 'stopped', says: `the server ${server.says}, and so did Patroni` }
  if (server.is !== 'said' && patroni.is !== 'said') return `the server ${server.says}; Patroni ${patroni.says}`
  const leads = server.is === 'said' && !server.of.recovering && !server.of.readOnly
  const timeline = (server.is === 'said' ? server.of.timeline : undefined) ?? (patroni.is === 'said' ? patroni.of.timeline : undefined)
  const { position, streams, lag } = server.is === 'said' ? server.of : {}
  const own = { ...(position === undefined ? {} : { position }), ...(streams === undefined ? {} : { streams }), ...(lag === undefined ? {} : { lag }) }
  const more = { ...(timeline === undefined ? {} : { timeline }), ...own, ...(leads && patroni.is === 'said' ? { inStep: patroni.of.inStep } : {}) }
  const of = (running: boolean, odd?: string): Report => ({ is: 'patroni', running, leads, ...more, ...(odd === undefined ? {} : { odd }) })
  if (server.is !== 'said') return of(false, `the server ${server.says}, and Patroni says “${patroni.is === 'said' ? patroni.of.state : ''}”`)
  if (patroni.is !== 'said') return of(false, `Patroni ${patroni.says}, and the server ${leads ? 'takes writes' : 'follows'}`)
  if (!patroni.of.running) return of(false, `Patroni says “${patroni.of.state}”`)
  return of(true, patroni.of.leads === leads ? undefined : `Patroni says that it ${patroni.of.leads ? 'leads' : 'follows'}, and the server that it ${leads ? 'takes writes' : 'takes none'}`)
}

/** etcd, by the bodies of its health, its status and its list of members; a text says why nothing is known. */
export function readEtcd(health: Part<string>, status: Part<string>, members: Part<string>): Report | string {
  if (health.is === 'refused' && status.is === 'refused') return { is: 'stopped', says: status.says }
  const said = status.is === 'said' ? record(status.of) : undefined
  if (!said) return status.is === 'said' ? 'it answers with what is not the word of etcd' : status.says
  const leader = typeof said['leader'] === 'string' ? said['leader'] : ''
  const isWell = health.is === 'said' && String(record(health.of)?.['health']) === 'true'
  const listed = members.is === 'said' ? record(members.of)?.['members'] : undefined
  return { is: 'etcd', healthy: isWell && leader !== '' && leader !== '0', leader, ...(Array.isArray(listed) ? { size: listed.length } : {}) }
}

function record(body: string): Record<string, unknown> | undefined {
  try {
    const it: unknown = JSON.parse(body)
    return typeof it === 'object' && it !== null && !Array.isArray(it) ? (it as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
