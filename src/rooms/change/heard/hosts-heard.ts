// What is known of hosts now, in memory alone: the newest account of each, or why there is none. An account says something of the moment at which
// it was asked for and is good for ten seconds (C-2); what is older, or was never said, is unknown and never good news. Nothing of
// this is kept over a restart: the next answer is a second away. What the last one before the restart said is remembered only as what that one is held against.
import { ageOf, minutes, ms, sayTime, type Instant, type Now, type Span, type Stamp } from '../../../core/time.ts'
import { carrierOf, turnsBetween, type Account, type Baseline, type LinkSeen, type Turn } from './account.ts'
import { worstOf, type Answered, type Witness } from '../gates.ts'
import type { OfHost } from './protocol.ts'
import { FRESH } from '../sight.ts'
import type { Host } from '../topology.ts'

interface Known {
  account?: Account
  /** Absent while there is only what it said before a restart. */
  asked?: Stamp
  silent?: string
  /** Frames that were damaged or lost, by link, as they are counted up. */
  readonly damage: Map<string, Damage>
}

interface Damage {
  readonly by: number
  /** The last look before the first of them, and the one that saw the last. */
  readonly since: Stamp
  readonly last: Stamp
}

/** Damage that is older than that is over. */
const DAMAGED_FOR: Span = minutes(10)

/** So far a host's clock may be off: beyond it nothing that it dates is believed. */
const CLOCK_OFF_BY: Span = 60_000 as Span

export interface HostsHeard {
  /** What turned for the worse by this, of the cables that the host has in the configuration. `far`: the host at the other end. */
  hear(message: OfHost, host: Host | undefined): readonly (Turn & { readonly far?: string })[]
  /** Whether all its configured cables carry. `gone`: of these hosts nobody asks what they see at the other ends. */
  links(host: Host, now: Now, gone?: ReadonlySet<string>): Answered
  /** One cable, by both of its ends where the host at the other one is asked too: it is up when both say so, and down when either does. */
  link(host: Host, name: string, now: Now, gone?: ReadonlySet<string>): Answered
  /** How many frames of a cable were damaged or lost lately, in words. No reason for anything by itself. */
  damage(host: string, name: string, now: Now): string | undefined
  /** Which boot it is in, and when it was asked for that. */
  boot(host: string, now: Now): { readonly boot: string; readonly from: Stamp } | undefined
  /** When it was asked what it said last, while that is fresh. */
  asked(host: string, now: Now): Stamp | undefined
  /** What its next word is held against, of the cables that it has in the configuration. */
  baseline(host: Host): Baseline | undefined
  /** What it had said before this keeper began: its first word is held against that. Says nothing of now, and nothing where it has been heard already. */
  recall(host: string, baseline: Baseline): void
  /** Hosts that are configured no more are forgotten. */
  keep(names: readonly string[]): void
}

export function createHostsHeard(): HostsHeard {
  const known = new Map<string, Known>()
  const fresh = (host: string, now: Now): { readonly account: Account; readonly asked: Stamp; readonly at: Instant } | string => {
    const it = known.get(host)
    if (!it?.account || !it.asked) return it?.silent ?? 'nobody has heard of it yet'
    const age = ageOf(it.asked, now)
    if (age === undefined || age > FRESH) return it.silent ?? 'what it said is too old'
    return { account: it.account, asked: it.asked, at: (now.wall - age) as Instant }
  }
  const damage = (host: string, name: string, now: Now): string | undefined => {
    const { by, since, last } = known.get(host)?.damage.get(name) ?? {}
    const [age, past] = [since && ageOf(since, now), last && ageOf(last, now)]
    return age === undefined || past === undefined || past > DAMAGED_FOR ? undefined : `${by} damaged or lost ${by === 1 ? 'frame' : 'frames'} in the last ${sayTime(ms(Math.ceil(age / 1000) * 1000))}`
  }
  /** What one host says of its end of a cable. */
  const endOf = (host: string, name: string, now: Now, of: { readonly subject: string; readonly prefix: string }): Answered => {
    const witness = (at: Instant | null, says: string): Witness => ({ subject: of.subject, observer: `host:${host}`, at, says: `${of.prefix}${says}` })
    const has = fresh(host, now)
    if (typeof has === 'string') return { found: 'unknown', evidence: [witness(null, `${host}: ${has}`)] }
    if (Math.abs(has.account.clock * 1000 - has.at) > CLOCK_OFF_BY) return { found: 'unknown', from: has.asked, evidence: [witness(has.at, `the clock of ${host} is off by more than a minute`)] }
    const found = carrierOf(has.account, name)
    const damaged = damage(host, name, now)
    return { found: found.is, from: has.asked, evidence: [witness(has.at, `${found.says ?? ''}${damaged === undefined ? '' : `; ${damaged}`}`)] }
  }
  const link = (host: Host, name: string, now: Now, gone?: ReadonlySet<string>): Answered => {
    const subject = `link:${host.name}/${name}`
    const own = endOf(host.name, name, now, { subject, prefix: '' })
    const { neighbour, end } = host.links.find((it) => it.name === name) ?? {}
    // What is taken may be silent: what it did to the cable is seen at this end.
    if (neighbour === undefined || end === undefined || gone?.has(neighbour) === true) return own
    return worstOf([own, endOf(neighbour, end, now, { subject, prefix: `its other end, ${neighbour}/${end}: ` })])
  }
  return {
    hear(message, host) {
      const it = known.get(message.host) ?? { damage: new Map<string, Damage>() }
      known.set(message.host, it)
      if (message.is === 'silent') {
        it.silent = message.says
        return []
      }
      const { links, ...rest } = message.account
      const account: Account = { ...rest, links: new Map(links) }
      const before = it.account
      if (before && it.asked) count(it.damage, before, account, [it.asked, message.asked])
      it.account = account
      it.asked = message.asked
      delete it.silent
      return before && host ? turnsBetween(host.name, before, account, host.links.map(({ name }) => name)).map((it) => withEnd(it, host)) : []
    },
    links(host, now, gone) {
      if (host.links.length === 0) return { found: 'unknown', evidence: [{ subject: `link:${host.name}/`, observer: `host:${host.name}`, at: null, says: `no cable of ${host.name} is in the configuration` }] }
      return worstOf(host.links.map(({ name }) => link(host, name, now, gone)))
    },
    link,
    damage,
    boot(host, now) {
      const has = fresh(host, now)
      return typeof has === 'string' ? undefined : { boot: has.account.boot, from: has.asked }
    },
    asked(host, now) {
      const has = fresh(host, now)
      return typeof has === 'string' ? undefined : has.asked
    },
    baseline(host) {
      const account = known.get(host.name)?.account
      if (!account) return undefined
      return { boot: account.boot, links: namesIn(host, account).flatMap((name) => { const link = account.links.get(name); return link ? [[name, withoutErrors(link)] as const] : [] }) }
    },
    recall(host, { boot, links }) {
      const it = known.get(host)
      if (it?.account) return
      known.set(host, { damage: new Map(), ...it, account: { question: 0, boot, clock: 0, links: new Map(links) } })
    },
    keep(names) {
      for (const name of known.keys()) if (!names.includes(name)) known.delete(name)
    },
  }
}

/** The cables of the configuration, and those in its bonds. */
const namesIn = ({ links }: Host, account: Account): readonly string[] => [...new Set(links.flatMap(({ name }) => [name, ...(account.links.get(name)?.bond?.members ?? [])]))]

/** Counters begin anew with each boot. */
function count(damage: Map<string, Damage>, before: Account, now: Account, [since, last]: readonly [Stamp, Stamp]): void {
  for (const [name, { errors }] of now.links) {
    const more = (errors ?? 0) - (before.boot === now.boot ? (before.links.get(name)?.errors ?? errors ?? 0) : (errors ?? 0))
    if (more <= 0) continue
    const had = damage.get(name)
    const goesOn = had !== undefined && had.last.boot === last.boot && last.tick - had.last.tick <= DAMAGED_FOR
    damage.set(name, { by: more + (goesOn ? had.by : 0), since: goesOn ? had.since : since, last })
  }
}

/** A cable has two ends: whoever reads of one that turned is told of both. */
function withEnd(turn: Turn, { name, links }: Host): Turn & { readonly far?: string } {
  const { neighbour, end } = links.find((it) => turn.subject === `link:${name}/${it.name}`) ?? {}
  return neighbour === undefined || end === undefined ? turn : { ...turn, claim: `${turn.claim} (its other end is ${neighbour}/${end})`, far: neighbour }
}

/** Damaged frames count up all the time, and are no turn. */
const withoutErrors = ({ errors: _errors, ...link }: LinkSeen): Baseline['links'][number][1] => link
