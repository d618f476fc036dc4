// In which order a rolling run goes over hosts, and which of them it takes together: one failure domain after the other, and never hosts of two at once, so that
// what is expected to be down is always what could have failed as one anyway. Two hosts are of one domain when they hang on exactly the same
// things; a host of which nothing is named that takes it down with others is a domain of its own.
import { fatesOf, hostOf, type Topology } from '../topology.ts'
import type { Runbook } from '../runbook.ts'

/** What a host hangs on, in words: `rack r1, switch sw-1`, or the host itself. */
export function domainOf(name: string, topology: Topology): string {
  const host = hostOf(topology, name)
  const fates = host ? fatesOf(host).toSorted() : []
  return fates.length === 0 ? `host ${name}` : fates.join(', ')
}

/** How many hosts at most are taken together: a number, or a share of all of them, rounded down and never nothing. */
export const sizeOf = (serial: number | string, all: number): number =>
  (typeof serial === 'number' ? serial : Math.max(1, Math.floor((all * Number.parseInt(serial, 10)) / 100)))

/** All hosts of a runbook, each once, in the order in which they are gone through. */
export function batchesOf({ names, serial }: Runbook['hosts'], topology: Topology): string[][] {
  const size = sizeOf(serial, names.length)
  const domains = Map.groupBy([...new Set(names)], (name) => domainOf(name, topology))
  return [...domains.values()].flatMap((hosts) => Array.from({ length: Math.ceil(hosts.length / size) }, (_, at) => hosts.slice(at * size, (at + 1) * size)))
}
