// What is seen from outside: how a server stands in each HAProxy of a cluster, with how many sessions, and what each authoritative server of a zone answers. Each
// member is held against what is wanted, and all of them have to be so: users are led by whichever they happen to reach. One that was not heard is not
// known, and one that is wrong is wrong whatever the others say. A server that still takes connections has no sessions by chance: it is not drained.
import { olderOf } from '../../../core/time.ts'
import type { Fronted } from '../runbook.ts'
import type { Balanced, Report } from '../sight.ts'
import { clusterOf, type Topology } from '../topology.ts'
import type { Answered, Said, Witness } from './answered.ts'

interface Around {
  readonly topology: Topology
  readonly facts: { said(cluster: string, host: string): Said | string }
}

/** As a gate is named. */
export const sayFronted = (it: Fronted): string => it.is === 'record'
  ? `every server of ${it.cluster} answers ${it.answers.join(', ')}`
  : `${it.server} is ${[...(it.state === undefined ? [] : [it.state]), ...(it.sessions === undefined ? [] : [`left with at most ${it.sessions} ${it.sessions === 1 ? 'session' : 'sessions'}`])].join(' and ')} in every HAProxy of ${it.cluster}`

export function judgeFronted(want: Fronted, { topology, facts }: Around): Answered {
  const members = clusterOf(topology, want.cluster)?.members ?? []
  const each = members.map((host): Answered => {
    const subject = `member:${want.cluster}/${host}`
    const said = facts.said(want.cluster, host)
    if (typeof said === 'string') return { found: 'unknown', evidence: [{ subject, observer: host, at: null, says: said }] }
    const { found, says } = want.is === 'record' ? answering(want, said.report) : standing(want, said.report)
    return { found, evidence: [{ subject, observer: host, at: said.at, says }], from: said.from }
  })
  const found = (['fail', 'unknown', 'pass'] as const).find((it) => each.some((one) => one.found === it)) ?? 'unknown'
  const from = olderOf(each.map((it) => it.from))
  // What is against it comes first.
  const evidence = each.toSorted((a, b) => Number(b.found === found) - Number(a.found === found)).flatMap((it): readonly Witness[] => it.evidence)
  return { found, evidence, ...(from ? { from } : {}) }
}

type One = { readonly found: Answered['found']; readonly says: string }
const STOPPED = (report: Extract<Report, { is: 'stopped' }>): One => ({ found: 'fail', says: `it does not run: ${report.says}` })

/** "db-1 is in drain, with 2 sessions", for people. */
export const sayServer = ({ name, state, up, sessions }: Balanced): string => `${name} ${state}${state === 'down' ? '; whether drained is not said' : up ? '' : ', not up'}, ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`

function standing({ server, state, sessions }: Extract<Fronted, { is: 'server' }>, report: Report): One {
  if (report.is === 'stopped') return STOPPED(report)
  const row = report.is === 'haproxy' ? report.servers.find(({ name }) => name === server) : undefined
  if (!row) return { found: 'fail', says: `it has no server ${server}` }
  const stands = state === undefined || (row.state === state && (state !== 'ready' || row.up))
  const drained = sessions === undefined || (row.sessions <= sessions && row.state !== 'ready')
  // One that is down is not ready, and takes nobody; whether it does when it is up again, nobody says.
  const mayStand = stands || (row.state === 'down' && state !== 'ready')
  return { found: !drained || !mayStand ? 'fail' : stands ? 'pass' : 'unknown', says: sayServer(row) }
}

function answering({ answers }: Extract<Fronted, { is: 'record' }>, report: Report): One {
  if (report.is === 'stopped') return STOPPED(report)
  const values = report.is === 'dns' ? report.values : []
  const same = values.length === answers.length && values.every((it) => answers.includes(it))
  return { found: same ? 'pass' : 'fail', says: values.length === 0 ? 'it says nothing' : `it says ${values.join(', ').slice(0, 300)}` }
}
