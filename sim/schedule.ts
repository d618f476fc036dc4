// One schedule: a node with its keeper and ringer, targets that fail and come back, alerts of others, people who acknowledge, and
// faults drawn from the seed. First faults, then healing; what must hold is judged on what was observed from outside (mails,
// replies) and on the ledger. The same seed gives the same trace.
import { createHash } from 'node:crypto'
import type { Span } from '../src/core/time.ts'
import type { Found } from '../src/core/evidence.ts'
import { answer } from '../src/engine/calls.ts'
import { renderDigest, renderRing } from '../src/engine/render.ts'
import { planInForce } from '../src/rooms/page/plan.ts'
import type { FromRinger, ToRinger } from '../src/rooms/page/protocol.ts'
import { backups, type Backups } from './backups.ts'
import { chance, virtualTime, type Chance, type Time } from './clock.ts'
import { keeperHost, type KeeperHost } from './keeper-host.ts'
import { ringerHost, type RingerHost, type Send } from './ringer-host.ts'
import { scenario, START } from './scenario.ts'

export interface Attempt { readonly at: number; readonly page: string; readonly person: string; readonly channel: string; readonly incident: string; readonly event: string; readonly accepted: boolean; /** The ringer hears that it was accepted. */ readonly sure: boolean; readonly alone: boolean; readonly intended: boolean; readonly carried: number }
export interface Ack { readonly asked: number; at: number; readonly incident: string; readonly person: string; recorded: boolean | undefined; /** It stood in the ledger when the answer came. */ durable: boolean; readonly ringerLife: number }
export interface Trigger { readonly at: number; readonly key: string; ok: boolean }
export interface Ping { readonly sent: number; readonly signal: 'start' | 'success'; ok: boolean }
export interface Look { readonly at: number; readonly check: string; readonly is: Found['is'] }

export type Fault = 'keeper-crash' | 'ringer-crash' | 'keeper-freeze' | 'ringer-freeze' | 'cut' | 'commit-before' | 'commit-after' | 'clock' | 'provider-fails' | 'provider-lies' | 'provider-hangs' | 'both-crash'
export const FAULTS: readonly Fault[] = ['keeper-crash', 'ringer-crash', 'keeper-freeze', 'ringer-freeze', 'cut', 'commit-before', 'commit-after', 'clock', 'provider-fails', 'provider-lies', 'provider-hangs', 'both-crash']

export interface World {
  readonly seed: number
  readonly time: Time
  readonly chance: Chance
  readonly keeper: KeeperHost
  readonly ringer: RingerHost
  readonly attempts: Attempt[]
  readonly acks: Ack[]
  readonly triggers: Trigger[]
  readonly looks: Look[]
  readonly pings: Ping[]
  readonly backups: Backups
  readonly ringerDeaths: readonly number[]
  readonly happened: Map<Fault, number>
  readonly healedAt: number
  readonly end: number
  /** It came to its end; false when something went round and round without rest. */
  readonly rested: boolean
  readonly trace: () => string
}

/** How long faults go on, and how long healing takes, in virtual ms. */
const FAULTY = 210_000
const HEALING = 210_000
/** So long after healing nothing excuses a delay any more. */
const CALM = 90_000
export const CALM_ALERT = 'calm'
/** A schedule has fewer than 10,000 events. */
const MOST_EVENTS = 40_000
const KEY = new Uint8Array(32).fill(7)

const tokenOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1)

export const noFaults: ReadonlySet<Fault> = new Set()

/** Runs the schedule of a seed to its end. `only` limits the kinds of faults; without it a random half of them is on. */
export async function runSchedule(seed: number, only?: ReadonlySet<Fault>): Promise<World> {
  const dice = chance(seed)
  const time = virtualTime(START)
  const hash = createHash('sha256')
  const note = (...what: (string | number)[]): void => void hash.update(`${time.at.toFixed(1)} ${what.join(' ')}\n`)
  const attempts: Attempt[] = []
  const acks: Ack[] = []
  const triggers: Trigger[] = []
  const looks: Look[] = []
  const pings: Ping[] = []
  const ringerDeaths: number[] = []
  const happened = new Map<Fault, number>()
  const on = only ?? new Set(FAULTS.filter(() => dice.yes(0.5)))
  const failing = new Set<string>()
  /** How the commit fails that is to record the next acknowledgement. */
  let ambush: 'before' | 'after' | undefined
  /** What cannot be looked at for now: the share of looks that come back unknown. */
  const fog = new Map<string, number>()
  let provider: 'well' | 'fails' | 'lies' | 'hangs' = 'well'
  let cut = false
  let link = 0
  let linked = false
  /** The link whose bytes still reach the ringer: what a keeper wrote before it died may come in after its death. */
  let arriving = 0
  let ringerLife = 0
  let healing = false

  const near = (act: () => void): void => void time.after(0.3 + dice.next() * 2, act)
  // A socket keeps the order: what is sent later does not overtake.
  const last = { toRinger: 0, toKeeper: 0 }
  const inOrder = (way: keyof typeof last, act: () => void): void => {
    last[way] = Math.max(last[way], time.at + 0.3 + dice.next() * 2)
    time.after(last[way] - time.at, act)
  }
  const toRinger = (message: ToRinger): boolean => {
    if (!linked) return false
    const by = link
    inOrder('toRinger', () => void (by === arriving && ringer.hear(by, message)))
    return true
  }
  const toKeeper = (by: number, message: FromRinger): void => {
    if (by !== link || !linked) return
    inOrder('toKeeper', () => {
      if (by !== link || !linked) return
      const events = message.is === 'journal' ? message.events : message.is === 'welcome' ? message.journal : []
      if (ambush && events.some((it) => it.is === 'acted')) {
        keeper.failCommit(ambush)
        ambush = undefined
      }
      keeper.deliver((it) => it.fromRinger(message))
    })
  }
  const disconnect = (): void => {
    if (!linked) return
    linked = false
    const by = link
    if (keeper.alive || dice.yes(0.5)) {
      arriving = 0
      ringer.lost(by)
    } else inOrder('toRinger', () => void (by === arriving && ringer.lost(by)))
    keeper.deliver((it) => it.ringerLost())
  }
  /** The keeper's side dials again until it is through. */
  const dial = (): void => {
    if (!linked && !cut && keeper.alive && ringer.alive) {
      linked = true
      link++
      arriving = link
      keeper.deliver((it) => it.ringerOpened())
    }
    time.after(200, dial)
  }

  const keeper: KeeperHost = keeperHost({
    time, config: scenario,
    onDeath() {
      note('keeper died')
      disconnect()
      time.after(300 + dice.int(2000), () => keeper.start())
    },
    ports: {
      toRinger, toProbers: (message) => void (message.is === 'look' && message.checks.forEach((check) => near(() => look(check)))),
      toWeb: () => undefined, toWorkers: () => undefined, toGuard: (message) => copies.toGuard(message), boardsWanted: () => false, say: () => undefined, freeReserve: () => false,
      render: (it, deed) => renderRing(it, deed, KEY), renderDigest: (it, deed) => renderDigest(it, deed, KEY),
    },
  })
  const copies = backups({ seed, time, faulty: FAULTY, deliver: (act) => keeper.deliver(act) })
  const ringer: RingerHost = ringerHost({ time, key: KEY, plan: planInForce(scenario.plan, []), toKeeper, carry })

  function carry(send: Send, settled: (outcome: 'accepted' | 'failed' | 'unknown', says: string) => void): void {
    const { body } = send.message
    const mode = provider
    const accepted = mode === 'well' || mode === 'lies'
    const alone = ringer.state?.role === 'alone'
    const intended = keeper.sql.get('select 1 as one from deed where key = ?', send.page) !== undefined
    attempts.push({
      at: time.at, page: send.page, person: body.person, channel: send.channel, incident: body.incident.id, event: body.event, accepted, sure: mode === 'well', alone, intended,
      carried: body.event === 'digest' ? 1 : 0,
    })
    note('send', body.person, send.channel, body.event, send.page, mode)
    if (mode === 'hangs') time.after(10_000, () => settled('unknown', 'no answer'))
    else time.after(1 + dice.int(40), () => settled(mode === 'well' ? 'accepted' : mode === 'fails' ? 'failed' : 'unknown', mode))
    // A scanner of mails looks at every link it sees.
    if (accepted && body.ack_url !== undefined && dice.yes(0.2)) time.after(200 + dice.int(3000), () => void ringer.ask({ is: 'show', token: tokenOf(body.ack_url ?? '') }))
    if (accepted && body.ack_url !== undefined && dice.yes(0.12)) time.after(1000 + dice.int(20_000), () => void press(body.ack_url ?? '', body.incident.id, body.person))
  }
  async function press(url: string, incident: string, person: string): Promise<void> {
    if (!ringer.alive) return
    const ack: Ack = { asked: time.at, at: Number.POSITIVE_INFINITY, incident, person, recorded: undefined, durable: false, ringerLife }
    acks.push(ack)
    const says = await ringer.ask({ is: 'act', act: 'ack', token: tokenOf(url), via: 'link' })
    ack.at = time.at
    if (says.is === 'did') ack.recorded = says.recorded
    ack.durable = keeper.sql.get(`select 1 as one from entry where stream = ? and is_ in ('page.acked', 'incident.resolved')`, incident) !== undefined
    note('ack', incident, person, says.is, String(ack.recorded))
  }
  function look(check: string): void {
    const down = failing.has(check) || (check === 'api' && failing.has('db'))
    const found: Found = dice.yes(fog.get(check) ?? 0) ? { is: 'unknown', says: 'no descriptors' } : down ? { is: 'fail', says: 'refused' } : { is: 'pass' }
    const now = time.now()
    keeper.deliver((it) => {
      looks.push({ at: time.at, check, is: found.is })
      it.fromProber({ is: 'looked', dropped: 0, results: [{ check, at: now.wall, tick: now.tick, took: 2 as Span, late: 0, found }] })
    })
  }
  const lookAround = (): void => {
    for (const check of scenario.checks) if (check.kind !== 'heartbeat') near(() => look(check.name))
    time.after(5000, lookAround)
  }
  // Dice of their own, so that the job's ways change nothing else of a seed.
  const jobDice = chance(seed ^ 0x70b5)
  const send = (signal: Ping['signal']): void => {
    const ping: Ping = { sent: time.at, signal, ok: false }
    pings.push(ping)
    keeper.deliver((it) => void answer({ keeper: it, random: dice.bytes, pingUrl: () => '' }, 'ping', { check: 'job', signal }, { is: 'open' })
      .then((reply) => void (ping.ok = reply.status === 200)))
  }
  const pingOn = (): void => {
    time.after(20_000, pingOn)
    if (failing.has('job')) return
    if (healing || !jobDice.yes(0.4)) return send('success')
    // Some runs say that they begin; a few of them die on the way.
    send('start')
    if (!jobDice.yes(0.25)) time.after(200 + jobDice.int(1500), () => send('success'))
  }
  const alert = (key: string): void => {
    const trigger: Trigger = { at: time.at, key, ok: false }
    triggers.push(trigger)
    keeper.deliver((it) => void answer({ keeper: it, random: dice.bytes, pingUrl: () => '' }, 'triggers', {
      events: [{ via: 'pagerduty', integration: 'main', action: 'trigger', key, summary: `disk ${key} fills`, source: 'host', severity: 'error' }],
    }, { is: 'open' }).then((reply) => void (trigger.ok = reply.status === 200)))
  }

  const strike = (): void => {
    const kinds = FAULTS.filter((it) => on.has(it))
    if (healing || kinds.length === 0) return
    const fault = dice.pick(kinds)
    happened.set(fault, (happened.get(fault) ?? 0) + 1)
    note('fault', fault)
    strikeWith(fault)
    time.after(2000 + dice.int(40_000), strike)
  }
  const killKeeper = (): void => {
    keeper.crash()
    disconnect()
    time.after(300 + dice.int(4000), () => keeper.start())
  }
  const killRinger = (): void => {
    disconnect()
    arriving = 0
    ringerDeaths.push(time.at)
    ringer.crash()
    ringerLife++
    time.after(300 + dice.int(2000), () => ringer.start())
  }
  const strikeWith = (fault: Fault): void => {
    switch (fault) {
      case 'keeper-crash': return killKeeper()
      case 'ringer-crash': return killRinger()
      case 'both-crash':
        killKeeper()
        return killRinger()
      case 'keeper-freeze':
        keeper.freeze()
        return void time.after(3000 + dice.int(40_000), () => keeper.thaw())
      case 'ringer-freeze':
        ringer.freeze()
        return void time.after(1000 + dice.int(8000), () => ringer.thaw())
      case 'cut':
        cut = true
        disconnect()
        return void time.after(500 + dice.int(30_000), () => void (cut = false))
      case 'commit-before':
      case 'commit-after': {
        const when = fault === 'commit-before' ? 'before' : 'after'
        return dice.yes(0.5) ? keeper.failCommit(when) : void (ambush = when)
      }
      case 'clock': return time.step((dice.next() * 50 - 25) * 3_600_000)
      case 'provider-fails': return ail('fails')
      case 'provider-lies': return ail('lies')
      case 'provider-hangs': return ail('hangs')
    }
  }
  const ail = (how: typeof provider): void => {
    provider = how
    time.after(2000 + dice.int(30_000), () => void (provider = 'well'))
  }
  const heal = (): void => {
    healing = true
    ambush = undefined
    note('healing')
    provider = 'well'
    cut = false
    keeper.thaw()
    ringer.thaw()
    keeper.start()
    ringer.start()
    copies.heal()
  }

  ringer.start()
  keeper.start()
  dial()
  time.after(500, lookAround)
  time.after(3000, pingOn)
  for (const name of ['www', 'db', 'job']) {
    for (let at = 10_000; at < FAULTY; at += 20_000 + dice.int(120_000)) {
      if (!dice.yes(0.6)) continue
      time.after(at, () => void failing.add(name))
      time.after(at + 5000 + dice.int(110_000), () => void failing.delete(name))
    }
  }
  for (const name of ['www', 'db']) {
    if (!dice.yes(0.4)) continue
    const from = dice.int(FAULTY)
    const share = dice.pick([0.5, 1])
    time.after(from, () => void fog.set(name, share))
    time.after(Math.min(FAULTY, from + dice.int(120_000)), () => void fog.delete(name))
  }
  // Now and then a storm: many at once.
  const alerts = dice.yes(0.08) ? 9 : dice.int(4)
  const stormAt = dice.int(FAULTY)
  for (let n = alerts; n > 0; n--) time.after(alerts > 4 ? stormAt + dice.int(500) : dice.int(FAULTY), () => alert(`k${n}`))
  time.after(5000 + dice.int(20_000), strike)
  time.after(FAULTY, heal)
  // When all has been well for a while, one more: it must be quick.
  time.after(FAULTY + CALM, () => alert(CALM_ALERT))
  const end = FAULTY + HEALING
  let events = 0
  for (; events < MOST_EVENTS; events++) {
    const more = time.next(end)
    // Promises of the production code run between events, as they do in a process.
    for (let i = 0; i < 12; i++) await Promise.resolve()
    if (!more) break
  }
  note('end', keeper.sql.get<{ hash: string }>('select hash from entry order by seq desc limit 1')?.hash ?? '')
  return { seed, time, chance: dice, keeper, ringer, attempts, acks, triggers, looks, pings, backups: copies, ringerDeaths, happened, healedAt: FAULTY, end, rested: events < MOST_EVENTS, trace: () => hash.copy().digest('hex') }
}

