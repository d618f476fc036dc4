// The clusters that simulated hosts form: who belongs to it, who takes writes, and what each member says of itself, as it is, whoever looks. Galera: a view that keeps its
// majority or stops, and a donor for whoever joins. Patroni over its own hosts: one that leads while most are there, another one soon after it is gone, and
// whoever was gone follows again.
import type { Report } from '../../src/rooms/change/sight.ts'
import type { Time } from '../clock.ts'
import type { ClusterName, HostName } from './book.ts'

export interface Host { up: boolean; boot: number; carrier: 'up' | 'down'; downs: number; /** The cluster's program there. */ runs: boolean; joins: boolean; /** So many that join are given its data just now: it is not Synced meanwhile. */ gives: number }

export interface Formed {
  /** Something came or went. */
  settle(): void
  /** In good order: it is no part of the whole any more. */
  leave(name: HostName): void
  /** Its program began. */
  begin(name: HostName): void
  isMember(name: HostName): boolean
  /** Of one whose program runs. */
  report(name: HostName): Report
  /** Who would take a write, and whether it would be committed. */
  writers(): readonly HostName[]
  commits(): boolean
}

interface Hosts { readonly time: Time; readonly names: readonly HostName[]; readonly of: (name: HostName) => Host }

const STATE = '6a9c1d52-7f3b-11f1-9a5e-0242ac110002'
/** So long one that joins takes. */
const JOINS = 2500
/** So long nobody leads after the one that did is gone. */
const FAILS_OVER = 1500

const isThere = ({ of }: Hosts, name: HostName): boolean => of(name).up && of(name).runs && of(name).carrier === 'up'

/** As the configuration calls it. */
export const formed = (kind: ClusterName, hosts: Hosts, leader: HostName): Formed => (kind === 'galera' ? galera(hosts) : patroni(hosts, leader))

function galera(hosts: Hosts): Formed {
  const { time, of, names } = hosts
  const there = (name: HostName): boolean => isThere(hosts, name)
  let view = 1
  /** Who is in the newest Primary, and whether it has lost its majority. */
  let members: HostName[] = [...names]
  let primary = true
  const settle = (): void => {
    const left = members.filter(there)
    if (left.length * 2 > members.length) {
      if (left.length !== members.length) view++
      members = left
      primary = true
      // Who was cut off, and has the way back, joins by itself.
      for (const name of names) if (there(name) && !members.includes(name) && !of(name).joins) join(name)
    } else primary = false
  }
  const join = (name: HostName): void => {
    of(name).joins = true
    const donor = members.find((it) => it !== name && there(it))
    if (donor) of(donor).gives++
    time.after(JOINS, () => {
      of(name).joins = false
      if (donor) of(donor).gives--
      if (!there(name) || members.includes(name)) return
      settle()
      if (!primary) return
      members = [...members, name]
      view++
    })
  }
  return {
    settle,
    leave(name) {
      if (!there(name) || !members.includes(name)) return
      members = members.filter((it) => it !== name)
      view++
    },
    begin(name) {
      settle()
      if (!members.includes(name) && !of(name).joins) join(name)
    },
    isMember: (name) => primary && members.includes(name) && there(name),
    report(name) {
      const cut = of(name).carrier === 'down' && !members.includes(name)
      const isIn = primary && members.includes(name) && !cut
      const gives = isIn && of(name).gives > 0
      return { is: 'galera', primary: isIn, synced: isIn && !gives, ready: isIn, ...(gives ? { donor: true } : {}), state: STATE, view: String(view), size: members.length, total: members.length, weight: 1 }
    },
    writers: () => members.filter((host) => primary && there(host) && of(host).gives === 0),
    commits: () => primary && members.every(there),
  }
}

function patroni(hosts: Hosts, first: HostName): Formed {
  const { time, of, names } = hosts
  const there = (name: HostName): boolean => isThere(hosts, name)
  let leader: HostName | undefined = first
  let timeline = 1
  let isVoting = false
  /** Those that follow, and are not behind; the leader among them. */
  const follows = new Set<HostName>(names)
  const most = (): boolean => names.filter(there).length * 2 > names.length
  const vote = (): void => {
    if (isVoting) return
    isVoting = true
    time.after(FAILS_OVER, () => {
      isVoting = false
      const next = names.find((name) => there(name) && follows.has(name))
      if (leader !== undefined || !most() || next === undefined) return
      leader = next
      timeline++
    })
  }
  const settle = (): void => {
    // Who leads and sees too few of the others gives it up at once.
    if (leader !== undefined && (!there(leader) || !most())) leader = undefined
    for (const name of names) {
      if (!there(name)) follows.delete(name)
      else if (!follows.has(name) && !of(name).joins) join(name)
    }
    if (leader === undefined && most()) vote()
  }
  const join = (name: HostName): void => {
    of(name).joins = true
    time.after(JOINS, () => {
      of(name).joins = false
      if (there(name)) follows.add(name)
      settle()
    })
  }
  return {
    settle, begin: settle,
    leave(name) {
      follows.delete(name)
      if (leader !== name) return
      leader = undefined
      vote()
    },
    isMember: (name) => there(name) && follows.has(name),
    report(name) {
      const leads = leader === name && there(name)
      if (!follows.has(name)) return { is: 'patroni', running: false, leads: false, odd: 'it is starting' }
      return { is: 'patroni', running: true, leads, timeline, position: 50_000_000, ...(leads ? { inStep: names.filter((it) => it !== name && there(it) && follows.has(it)).length } : { streams: true, lag: 0 }) }
    },
    writers: () => (leader !== undefined && there(leader) ? [leader] : []),
    commits: () => most(),
  }
}
