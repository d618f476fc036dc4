// One schedule of a run: a node that leads it (or a rehearsal of it, one that goes by itself, or a rolling run over all hosts), a scout that looks, people, doers, hosts, and
// faults drawn from the seed: cables, members, hosts, what is known of them, processes that die or stand still, the machine of the node that boots, lines that break, COMMITs
// that fail, a clock that is set, an edit, a window that closes, a press that comes late, one of the two who hands over. First faults, then healing; the same seed gives the
// same trace. What must hold is judged in invariants.ts, handed.ts and alone.ts, of each run, and in whole.ts, of all of it.
import { entries } from '../../src/db/store.ts'
import type { PageId } from '../../src/core/id.ts'
import type { Entry } from '../../src/core/ledger.ts'
import type { Message } from '../../src/ports/channel.ts'
import type { FromScout } from '../../src/rooms/change/heard/protocol.ts'
import { planInForce } from '../../src/rooms/page/plan.ts'
import type { ToRinger } from '../../src/rooms/page/protocol.ts'
import type { Runbook } from '../../src/rooms/change/runbook.ts'
import { chance, virtualTime, type Time } from '../clock.ts'
import { keeperHost, type KeeperHost } from '../keeper-host.ts'
import { ringerHost, type RingerHost } from '../ringer-host.ts'
import { beginsAt, bookOf, configOf, FIRST_MINUTE, kindOf, PEOPLE, type Kind } from './book.ts'
import { doersIn, type Doers } from './doers.ts'
import { faultsOf, heal, strike, type Happened, type RunFault } from './faults.ts'
import { ground, type Ground } from './ground.ts'
import { factorOf, peopleOf, type People } from './people.ts'

export interface Looked { readonly asked: number; readonly at: number; readonly told: readonly FromScout[] }

export interface RunWorld {
  readonly seed: number
  readonly time: Time
  readonly host: KeeperHost
  readonly ground: Ground
  readonly doers: Doers
  readonly people: People
  readonly kind: Kind
  /** In schedules in which the keeper stands still: the production ringer. In the others one stands in for it that sends at once. */
  readonly ringer: RingerHost | undefined
  /** Whom the ringer told by itself that the keeper is stuck. */
  readonly alarms: readonly { readonly at: number; readonly person: string }[]
  readonly book: Runbook
  /** Its window, in ms since the beginning, by a clock that nobody sets; absent where it has none. */
  readonly window: { readonly from: number; readonly until: number } | undefined
  /** What the keeper was given, and when it took it in. */
  readonly looks: readonly Looked[]
  /** Pages that left. */
  readonly rings: readonly { readonly at: number; readonly incident: string; readonly person: string }[]
  readonly happened: Happened
  readonly faults: ReadonlySet<RunFault>
  readonly end: number
  readonly rested: boolean
  entries(): readonly Entry[]
  /** When an entry was on the disk, by the clock that nobody sets. */
  writtenAt(seq: number): number
}

/** Faults begin within so long; later everything heals, and the run has to come to an end. */
const FAULTY = 18_000
const HEALED = 45_000
const LONGEST = 150_000
/** Three runs one after the other take longer. */
const LONGEST_ROLLING = 400_000
/** Whatever is late has so long to show itself after the end. */
const AFTERWARDS = 1500
const MOST_EVENTS = 60_000
const KEY = new Uint8Array(32).fill(7)
const AMID: ReadonlySet<RunFault> = new Set(['keeper-crash', 'keeper-freeze', 'doer-kill', 'doer-freeze', 'node-freeze', 'line-cut'])

export async function runOf(seed: number): Promise<RunWorld> {
  const dice = chance(seed)
  const faults = faultsOf(seed)
  const kind = kindOf(seed, faults.size === 0)
  const time = virtualTime(beginsAt(kind))
  const closes = faults.size > 0 && dice.yes(0.04) ? FIRST_MINUTE + 1 : undefined
  const window = kind.alone ?? (closes === undefined ? undefined : { from: Number.NEGATIVE_INFINITY, until: 60_000 })
  const book = bookOf(dice, closes, kind)
  const alarms: RunWorld['alarms'][number][] = []
  const happened: Happened = { scout: 'well', config: configOf(book, kind), surprises: [], stalls: [], asleep: 0, clock: false, boots: [] }
  const looks: Looked[] = []
  const rings: RunWorld['rings'][number][] = []
  const commits: { readonly seq: number; readonly at: number }[] = []
  const random = chance(seed ^ 0x51f0)
  const host = keeperHost({
    time, random: random.bytes,
    get config() {
      return happened.config
    },
    onDeath: () => {
      doers.cut()
      time.after(300 + dice.int(2000), () => host.start())
    },
    onCommit: (seq) => void commits.push({ seq, at: time.at }),
    onIdle: (keeper) => {
      const deeds = keeper.doers.news()
      if (deeds) doers.ward.hear(deeds)
    },
    ports: {
      toRinger(message) {
        if (ringer) return line.toRinger(message)
        // A ringer that sends at once, and has nothing of its own to tell.
        if (message.is === 'hello') time.after(1, () => host.deliver((it) => it.fromRinger({ is: 'welcome', term: 1, store: 'store_sim', journal: [], open: [] })))
        if (message.is === 'ring') for (const { message: { key } } of message.rings) time.after(5, () => host.deliver((it) => it.fromRinger({ is: 'settled', page: key as PageId, outcome: 'accepted', says: '', took: 1 })))
        return true
      },
      toProbers: () => undefined, toWeb: () => undefined, toWorkers: () => undefined, boardsWanted: () => false, say: () => undefined, freeReserve: () => false,
      toScout: () => (time.after(10 + dice.int(40), () => hand(ground_.write())), true),
      render(_keeper, { page, incident, person }) {
        rings.push({ at: time.at, incident, person })
        return { key: page, thread: incident, to: { name: person }, title: '', body: {} as Message['body'] }
      },
      renderDigest(_keeper, { page, person, rings: all }) {
        for (const { incident } of all) rings.push({ at: time.at, incident, person })
        return { key: page, thread: page, to: { name: person }, title: '', body: {} as Message['body'] }
      },
    },
  })
  const ground_ = ground(time, dice, { calm: faults.size === 0, kind, leader: faults.size === 0 ? 'db-2' : kind.leader })
  const doers = doersIn({ time, dice, host, ground: ground_ })
  const people = peopleOf({ time, dice, host, ground: ground_, careful: faults.size === 0, kind, written: () => commits.at(-1)?.seq ?? 0 })
  const hand = (told: readonly FromScout[]): void => {
    const { scout } = happened
    if (scout === 'gone') return
    const asked = time.at
    const { boot } = time.now()
    // The scout is a process of the node: what it was about to tell goes down with that.
    time.after(scout === 'late' ? 11_000 + dice.int(4000) : 5 + dice.int(60), () => time.now().boot === boot && host.deliver((keeper) => {
      looks.push({ asked, at: time.at, told })
      for (const one of told) keeper.runs.hear(one)
    }))
  }
  /** Who says hello is another keeper, or one that was away: what came by its line before is lost. */
  const line = {
    link: 0,
    toRinger(message: ToRinger): boolean {
      if (message.is === 'hello') {
        if (line.link > 0) ringer?.lost(line.link)
        line.link++
      }
      const by = line.link
      time.after(1, () => ringer?.hear(by, message))
      return true
    },
  }
  const ringer = !faults.has('keeper-freeze') ? undefined : ringerHost({
    time, key: KEY, plan: planInForce(happened.config.plan, []),
    toKeeper: (by, message) => void time.after(1, () => by === line.link && host.deliver((keeper) => keeper.fromRinger(message))),
    carry({ message: { title, to } }, settled) {
      if (title === 'Holdfast is stuck') alarms.push({ at: time.at, person: to.name })
      time.after(5, () => settled('accepted', ''))
    },
  })
  ringer?.start()
  let seconds_ = 0
  const look = (): void => {
    time.after(1000, look)
    hand(seconds_++ % 2 === 0 ? [...ground_.look(), ...ground_.write()] : ground_.look())
    const keeper = host.frozen ? undefined : host.keeper
    if (keeper && seconds_ % 3 === 0) doers.ward.hear(keeper.doers.wanted())
  }
  const meet = (): void => {
    time.after(500 + dice.int(500), meet)
    people.look()
  }
  host.start()
  for (const person of PEOPLE) host.sql.run('insert into people_factor (id, person, kind, label, at, lived) values (?,?,?,?,?,?)', factorOf(person), person, 'totp', '', 0, 0)
  time.after(100, look)
  time.after(1300, people.begin)
  time.after(1500, meet)
  const all: RunWorld = { seed, time, host, ground: ground_, doers, people, kind, ringer, alarms, book, window, looks, rings, faults, happened, end: 0, rested: true, entries: () => [...entries(host.sql)],
    writtenAt: (seq) => commits.find((it) => it.seq >= seq)?.at ?? time.at,
  }
  /** In the middle of a deed, which is short: what strikes a process waits for one. */
  const amid = (fault: RunFault): void => void (doers.many > 0 || time.at > FAULTY + 5000 ? time.after(dice.int(400), () => strike(all, fault, dice)) : time.after(20, () => amid(fault)))
  faults.forEach((fault) => time.after(1400 + dice.int(FAULTY), () => (AMID.has(fault) ? amid(fault) : strike(all, fault, dice))))
  time.after(HEALED, () => heal(all))
  let left = MOST_EVENTS
  const isOver = (): boolean => people.rows.length > 0 && people.rows.every(({ run }) => run.phase.is === 'over') && happened.asleep === 0 && (!kind.rolling || people.rolling?.rolling.over !== undefined)
  let overAt = Number.POSITIVE_INFINITY
  while (left-- > 0 && time.at < overAt + AFTERWARDS && time.next(kind.rolling ? LONGEST_ROLLING : LONGEST)) {
    await new Promise((go) => void setImmediate(go))
    if (overAt === Number.POSITIVE_INFINITY && isOver()) overAt = time.at
  }
  return { ...all, end: time.at, rested: left > 0 }
}
