// Whom the scout asks, and how: the one place where what is known of clusters and the credentials for them come together, on the way to the one
// process that asks. A cluster without an address is asked by nobody, and stays unknown.
import { hostOf, type Topology } from '../topology.ts'
import type { AskedMember } from './protocol.ts'

/** How the members of one cluster are asked, with its credentials. */
export interface Way {
  readonly as: string
  readonly rest?: string
}

/** Each member of each cluster that has an address; its host is found where ssh finds it, or by its name. */
export const askedMembers = (topology: Topology, ways: Readonly<Record<string, Way>>): AskedMember[] => topology.clusters.flatMap(({ name, kind, members, canary, backend, record }) => {
  const way = Object.hasOwn(ways, name) ? ways[name] : undefined
  return way === undefined ? [] : members.map((host) => ({ cluster: name, host, kind, address: hostOf(topology, host)?.ssh?.host ?? host, ...way, ...(canary === undefined ? {} : { canary }), ...(backend === undefined ? {} : { backend }), ...(record === undefined ? {} : { record }) }))
})
