// What is known of the members of clusters now, in memory alone, in the spirit of `hosts-heard`: the newest word of each, the newest write that it
// committed, or why there is none. A word says something of the moment at which it was asked for; whoever has been silent for three
// seconds is unknown, whatever it said before. What turned for the worse between two words is told once: of a member (which a step that takes its host
// may excuse), and of the cluster as a whole (which nothing excuses). Nothing of this is kept over a restart.
import { ageOf, isWithin, seconds, type Instant, type Now, type Span, type Stamp } from '../../../core/time.ts'
import type { Answered, Said, Witness } from './answered.ts'
import { forget, ledBy, takeFollowing, type Led } from './following.ts'
import { sayServer } from './fronts.ts'
import { followingOf, FRESH, isServing, MAY_STRAY_FOR, sightOf, takesWrites, writingOf, WROTE_FRESH, type Heard, type Report, type Sight } from '../sight.ts'
import type { Cluster } from '../topology.ts'
import type { OfMember } from './protocol.ts'

/** As a run takes it, with what tells a turn that is to be expected. */
export interface MemberTurn {
  /** `member:shop-db/db-2`, `cluster:shop-db`. */
  readonly subject: string
  /** `other`: of the cluster as a whole. */
  readonly is: 'member' | 'other'
  readonly host?: string
  readonly claim: string
  readonly cluster: string
  /** It gives its data to one that joins: no surprise while a step takes the one that joins. */
  readonly donor?: true
}

export interface MembersHeard {
  /** What turned for the worse by this. What is said of a cluster, or of a host, that is not in the configuration is not taken in. */
  hear(message: OfMember, cluster: Cluster | undefined): readonly MemberTurn[]
  /** What turned for the worse because nothing came, whoever is to blame for that. Asked every second. */
  elapsed(clusters: readonly Cluster[], now: Now): readonly MemberTurn[]
  sight(cluster: Cluster, now: Now): Sight
  /** Whether it is healthy. */
  member(cluster: Cluster, host: string, now: Now): Answered
  /** Whether it is known not to run: its host refuses the connection. */
  stopped(cluster: Cluster, host: string, now: Now): Answered
  /** Its last word, while that is fresh; a sentence where there is none. */
  said(cluster: Cluster, host: string, now: Now): Said | string
  /** When the oldest of the looks and writes began that the sight rests on. */
  oldest(cluster: Cluster, now: Now): Stamp | undefined
  /** Clusters that are configured no more are forgotten. */
  keep(names: readonly string[]): void
}

interface Known extends Partial<Omit<Heard, 'host'>> {
  silent?: string
  /** Since when Patroni and its server contradict each other. */
  oddSince?: Stamp
}
type Writable<Of> = { -readonly [Key in keyof Of]: Of[Key] }
type Entry = Writable<Known>

/** How a cluster stood as a whole when something was last heard of it. */
interface Whole {
  good: boolean
  badSince?: Stamp | undefined
  told: boolean
}

/** It is asked every second, and a look may take three. */
const UNHEARD_AFTER: Span = seconds(5)
/** A view that changes, and a leader that hands over, take a moment. */
export const MAY_CHANGE_FOR: Span = seconds(3)
/** Patroni's own interface is behind its server for a while after each change. */
const MAY_BE_ODD_FOR: Span = seconds(5)

/** How one stands by its own word: 2 well, 1 giving its data to another, 0 neither. `claim`: how it came down. */
interface Standing {
  readonly level: 0 | 1 | 2
  readonly claim: string
}

const WELL: Standing = { level: 2, claim: '' }
const bad = (claim: string): Standing => ({ level: 0, claim })

function standingOf({ report, silent, oddSince, followed, strays }: Known, at: Stamp): Standing | undefined {
  if (silent !== undefined) return bad(`does not answer any more: ${silent}`)
  if (!report) return undefined
  switch (report.is) {
    case 'stopped': return bad(`does not run any more: ${report.says}`)
    case 'etcd': return report.healthy ? WELL : bad('is not healthy any more')
    case 'haproxy': return isServing(report) ? WELL : bad('has no server any more that takes connections')
    case 'dns': return report.values.length > 0 ? WELL : bad('does not say anything any more')
    case 'patroni': {
      if (!report.running) return bad(report.odd ?? 'does not run any more')
      if (report.odd !== undefined && oddSince !== undefined && at.tick - oddSince.tick >= MAY_BE_ODD_FOR) return bad(report.odd)
      // One that was not seen to follow yet was not well yet.
      if (!report.leads && followed === undefined) return bad('is not known to follow')
      return strays !== undefined && at.tick - strays.since.tick >= MAY_STRAY_FOR ? bad(`does not follow any more: ${strays.says}`) : WELL
    }
    case 'galera': {
      if (!report.primary) return bad('is not Primary any more')
      if (report.donor === true) return { level: 1, claim: 'gives its data to another member, or was set aside: it is not Synced any more' }
      return !report.synced ? bad('is not Synced any more') : report.ready ? WELL : bad('is not ready any more')
    }
  }
}

const leads = (report: Report | undefined): boolean => (report?.is === 'galera' && report.primary) || (report?.is === 'patroni' && report.leads)
export function createMembersHeard(): MembersHeard {
  const known = new Map<string, Map<string, Entry>>()
  const wholes = new Map<string, Whole>()
  const led = new Map<string, Led>()
  const entriesOf = (name: string): Map<string, Entry> => known.get(name) ?? new Map<string, Entry>()
  const heardOf = (cluster: Cluster): Heard[] => [...entriesOf(cluster.name)].flatMap(([host, { report, at, since, wrote, wrong, silent, followed, strays }]) =>
    report && at && silent === undefined ? [{ host, report, at, ...(since ? { since } : {}), ...(wrote ? { wrote } : {}), ...(wrong === undefined ? {} : { wrong }), ...(followed ? { followed } : {}), ...(strays ? { strays } : {}) }] : [])
  const sight = (cluster: Cluster, now: Now): Sight => {
    const seen = sightOf(cluster, heardOf(cluster), now)
    const why = [...entriesOf(cluster.name)].flatMap(([host, { silent }]) => (silent === undefined ? [] : [`${host}: ${silent}`]))
    return seen.is === 'unknown' && why.length > 0 ? { ...seen, says: `${why.length === cluster.members.length ? 'no member answers' : seen.says} (${why.slice(0, 3).join('; ')})` } : seen
  }
  const turnsOf = (cluster: Cluster, host: string, entry: Entry, before: Standing | undefined, at: Stamp): MemberTurn[] => {
    const after = standingOf(entry, at)
    if (!before || !after || after.level >= before.level) return []
    return [turnOf(cluster, host, after.claim, after.level === 1)]
  }
  /** Who leads: a look more at one that does, or none any more. Then nobody is to blame for not following it. */
  const lead = (name: string, host: string, asked: Stamp, report: Report | undefined): void => {
    const last = led.get(name)
    if (report?.is === 'patroni' && report.leads) led.set(name, ledBy(last, host, asked, report))
    else if (last?.host === host) led.delete(name)
    if (last !== undefined && led.get(name)?.host !== last.host) for (const entry of entriesOf(name).values()) delete entry.strays
  }
  const hush = (name: string, host: string, entry: Entry, says: string): void => {
    entry.silent = says
    forget(entry)
    if (entry.at) lead(name, host, entry.at, undefined)
  }
  /** The cluster as a whole, held against how it stood. */
  const whole = (cluster: Cluster, at: Stamp): MemberTurn[] => {
    const seen = sight(cluster, { ...at, wall: 0 as Instant })
    const it: Whole = wholes.get(cluster.name) ?? { good: false, told: false }
    wholes.set(cluster.name, it)
    const claim = seen.is === 'split' ? `is split: ${seen.says}` : seen.is === 'unknown' ? `is not known any more: ${seen.says}` : cluster.kind === 'patroni' && seen.healthy.length === 0 && seen.unheard === undefined ? 'has nobody who leads' : undefined
    if (claim === undefined) {
      wholes.set(cluster.name, { good: true, told: false })
      return []
    }
    it.badSince ??= at
    const isLong = seen.is === 'split' || it.badSince.boot !== at.boot || at.tick - it.badSince.tick >= MAY_CHANGE_FOR
    if (!it.good || it.told || !isLong) return []
    it.told = true
    return [{ subject: `cluster:${cluster.name}`, is: 'other', claim, cluster: cluster.name }]
  }
  return {
    hear(message, cluster) {
      if (!cluster?.members.includes(message.host)) return []
      const of = entriesOf(cluster.name)
      known.set(cluster.name, of)
      const entry: Entry = of.get(message.host) ?? {}
      of.set(message.host, entry)
      const at = message.is === 'mute' ? message.at : message.asked
      const before = standingOf(entry, entry.at ?? at)
      if (message.is === 'canary') return wrote(cluster, message, entry)
      if (message.is === 'mute') hush(cluster.name, message.host, entry, message.says)
      else {
        takeWord(entry, message.asked, message.report)
        lead(cluster.name, message.host, message.asked, message.report)
        takeFollowing(entry, message.report, message.asked, led.get(cluster.name))
      }
      return [...turnsOf(cluster, message.host, entry, before, at), ...whole(cluster, newest(of, at))]
    },
    elapsed: (clusters, now) => clusters.flatMap((cluster) => [...entriesOf(cluster.name)].flatMap(([host, entry]) => {
      if (!cluster.members.includes(host) || !entry.at || entry.silent !== undefined) return []
      const before = standingOf(entry, entry.at)
      if (!isWithin(entry.at, now, UNHEARD_AFTER)) {
        hush(cluster.name, host, entry, `nothing was heard of it for ${UNHEARD_AFTER / 1000} s`)
        return turnsOf(cluster, host, entry, before, now)
      }
      if (cluster.canary === undefined || !takesWrites(entry.report) || !entry.wrote || entry.wrong !== undefined || isWithin(entry.wrote, now, WROTE_FRESH)) return []
      entry.wrong = `no write is known to have been committed for ${WROTE_FRESH / 1000} s`
      return [turnOf(cluster, host, entry.wrong, false)]
    })),
    sight,
    member: (cluster, host, now) => memberOf(cluster, host, sight(cluster, now), entriesOf(cluster.name).get(host), now),
    stopped(cluster, host, now) {
      const entry = entriesOf(cluster.name).get(host)
      const fresh = entry && freshOf(entry, now)
      if (!fresh) return { found: 'unknown', evidence: [witness(cluster, host, null, unheard(entry))] }
      return { found: fresh.report.is === 'stopped' ? 'pass' : 'fail', from: fresh.from, evidence: [witness(cluster, host, fresh.at, sayReport(fresh.report))] }
    },
    said(cluster, host, now) {
      const entry = entriesOf(cluster.name).get(host)
      return (entry && freshOf(entry, now)) ?? unheard(entry)
    },
    oldest: (cluster, now) => sight(cluster, now).from,
    keep(names) {
      for (const map of [known, wholes, led]) for (const name of map.keys()) if (!names.includes(name)) map.delete(name)
    },
  }
}

const turnOf = (cluster: Cluster, host: string, claim: string, donor: boolean): MemberTurn => ({ subject: `member:${cluster.name}/${host}`, is: 'member', host, claim, cluster: cluster.name, ...(donor ? { donor: true } : {}) })

/** One word of a member, taken in. It leads without a break only while nothing was missed between two words. */
function takeWord(entry: Entry, asked: Stamp, report: Report): void {
  const goesOn = entry.silent === undefined && leads(entry.report) && leads(report)
  entry.since = goesOn && entry.since ? entry.since : asked
  if (!leads(report)) delete entry.since
  if (report.is === 'patroni' && report.odd !== undefined) entry.oddSince ??= asked
  else delete entry.oddSince
  // Of one that takes no writes any more the last one says nothing, also when it takes them again.
  if (!takesWrites(report)) {
    delete entry.wrote
    delete entry.wrong
  }
  entry.report = report
  entry.at = asked
  delete entry.silent
}

function wrote(cluster: Cluster, { host, asked, wrong }: Extract<OfMember, { is: 'canary' }>, entry: Entry): MemberTurn[] {
  const didWrite = entry.wrote !== undefined && entry.wrong === undefined
  if (wrong === undefined) {
    entry.wrote = asked
    delete entry.wrong
    return []
  }
  entry.wrong = wrong
  return didWrite ? [turnOf(cluster, host, `does not commit a write: ${wrong}`, false)] : []
}

/** The newest moment of which anything is known. */
const newest = (of: ReadonlyMap<string, Entry>, at: Stamp): Stamp =>
  [...of.values()].reduce((last, { at: asked }) => (asked && asked.boot === last.boot && asked.tick > last.tick ? asked : last), at)

const unheard = (entry: Entry | undefined): string => (!entry ? 'nobody has heard of it yet' : (entry.silent ?? 'what it said is too old'))

function freshOf({ report, at, silent }: Entry, now: Now): Said | undefined {
  const age = at && ageOf(at, now)
  return report && at && silent === undefined && age !== undefined && age <= FRESH ? { report, from: at, at: (now.wall - age) as Instant } : undefined
}

const witness = (cluster: Cluster, host: string, at: Instant | null, says: string): Witness => ({ subject: `member:${cluster.name}/${host}`, observer: host, at, says })

function memberOf(cluster: Cluster, host: string, sight: Sight, entry: Entry | undefined, now: Now): Answered {
  const fresh = entry && freshOf(entry, now)
  if (!entry || !fresh) return { found: 'unknown', evidence: [witness(cluster, host, null, unheard(entry))] }
  const writing = takesWrites(fresh.report) ? writingOf(cluster, entry, now) : 'pass'
  const tries = cluster.canary === undefined || !takesWrites(fresh.report) ? [] : [writing === 'pass' ? 'it commits writes' : (entry.wrong ?? 'no write is known to have been committed lately')]
  const follows = fresh.report.is !== 'patroni' || !fresh.report.running || fresh.report.leads ? [] : entry.strays ? [entry.strays.says] : followingOf(entry, now) === 'unknown' ? ['whether it follows the one that leads is not known'] : []
  const own = witness(cluster, host, fresh.at, [sayReport(fresh.report), ...follows, ...tries].join('; '))
  const of = (found: Answered['found'], ...more: readonly Witness[]): Answered => ({ found, evidence: [own, ...more], ...(sight.from ? { from: sight.from } : {}) })
  const others = (says: string): Witness => ({ subject: `cluster:${cluster.name}`, observer: 'its members, held against each other', at: fresh.at, says })
  if (sight.is === 'split') return of('fail', others(sight.says))
  if (sight.is === 'unknown') return of('unknown', others(sight.says))
  const alike = sight.healthy.filter((it) => it !== host)
  if (sight.healthy.includes(host)) return of('pass', ...(alike.length === 0 ? [] : [others(`${alike.join(' and ')} ${alike.length === 1 ? 'says' : 'say'} so too`)]))
  return of(sight.unheard?.includes(host) === true ? 'unknown' : 'fail')
}

/** In the words of each kind. */
export function sayReport(report: Report): string {
  switch (report.is) {
    case 'stopped': return `it does not run: ${report.says}`
    case 'etcd': return report.healthy ? 'healthy, with a leader' : 'not healthy'
    case 'haproxy': return report.servers.length === 0 ? 'it has no server' : report.servers.map(sayServer).join('; ')
    case 'dns': return [report.values.length === 0 ? 'says nothing' : `says ${report.values.join(', ').slice(0, 300)}`, ...(report.ttl === undefined ? [] : [`TTL ${report.ttl} s`]), ...(report.serial === undefined ? [] : [`serial ${report.serial}`])].join(', ')
    case 'patroni': {
      const role = report.leads ? `takes writes${report.inStep === undefined ? '' : `, ${report.inStep} in step with it`}` : `follows${report.lag === undefined ? '' : `, ${report.lag} B received and not applied`}`
      return [report.running ? role : 'does not run as it should', ...(report.timeline === undefined ? [] : [`timeline ${report.timeline}`]), ...(report.odd === undefined ? [] : [report.odd])].join('; ')
    }
    case 'galera': return `${report.primary ? 'Primary' : 'not Primary'}, ${report.donor === true ? 'Donor/Desynced' : report.synced ? 'Synced' : 'not Synced'}, ${report.ready ? 'ready' : 'not ready'}, one of ${report.size}`
  }
}
