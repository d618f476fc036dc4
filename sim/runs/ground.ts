// What runs act on, in the simulator: hosts with a cable each, and the cluster of three that they form. All of it is as it is, whoever looks: who is a
// member, who is Primary, which writes are committed, and a log of the target's own of every command that began there. What the keeper knows of it
// comes through a scout that may stall, and what is done to it through commands that may be lost from sight.
import { tickOf, type Stamp } from '../../src/core/time.ts'
import { HALTED, type Command, type Commands, type Ran } from '../../src/ports/driver/commands.ts'
import type { LinkSeen } from '../../src/rooms/change/heard/account.ts'
import type { FromScout } from '../../src/rooms/change/heard/protocol.ts'
import type { Report } from '../../src/rooms/change/sight.ts'
import type { Chance, Time } from '../clock.ts'
import { CLUSTER, type HostName, type Kind } from './book.ts'
import { formed, type Host } from './formed.ts'

/** A command that began, by the target's own log. */
export interface Begun { readonly name: string; readonly on: string; readonly what: string; readonly at: number; /** So many members were well by then. */ readonly well: number; ended?: number; exit?: number }

export interface Ground {
  readonly log: readonly Begun[]
  /** When hosts went down, and when they came up. */
  readonly booted: readonly { readonly host: HostName; readonly at: number }[]
  host(name: HostName): Readonly<Host>
  isMember(name: HostName): boolean
  /** What a look at everything gives that begins now. */
  look(): FromScout[]
  /** What a write gives that begins now, at each that could take one. */
  write(): FromScout[]
  pull(name: HostName): void
  plug(name: HostName): void
  blip(name: HostName): void
  fall(name: HostName): void
  powerOff(name: HostName): void
  /** In good order: its member leaves first. */
  shutDown(name: HostName): void
  powerOn(name: HostName): void
  start(name: HostName): void
  /** As the process of a doer has it; `after`: its own timers, which stand still with it. */
  commands(after: (span: number, act: () => void) => void): Commands
}

/** So long it takes until the others miss one that is gone. */
const NOTICED = 2000
const bootId = (n: number): string => `58c1dbd2-296e-4f28-bb18-${String(n).padStart(12, '0')}`

/** `calm`: every command ends well, and is seen to. */
export function ground(time: Time, dice: Chance, { calm, kind: { cluster: kind, hosts: names }, leader }: { readonly calm: boolean; readonly kind: Kind; readonly leader: HostName }): Ground {
  const hosts = new Map<HostName, Host>(names.map((name, n) => [name, { up: true, boot: n + 1, carrier: 'up', downs: 1, runs: true, joins: false, gives: 0 }]))
  const of = (name: HostName): Host => hosts.get(name) as Host
  const log: Begun[] = []
  let question = 0
  let boots = names.length
  const booted: Ground['booted'][number][] = []
  const cluster = formed(kind, { time, of, names }, leader)
  const soon = (): void => void time.after(NOTICED, cluster.settle)
  const leave = (name: HostName): void => {
    cluster.leave(name)
    of(name).runs = false
  }
  const start = (name: HostName): void => {
    if (of(name).runs || !of(name).up) return
    of(name).runs = true
    cluster.begin(name)
  }
  const reportOf = (name: HostName): Report => (of(name).runs ? cluster.report(name) : { is: 'stopped', says: 'it refused the connection' })
  const effect = (what: string, on: HostName): void => {
    if (what === 'stop') leave(on)
    if (what === 'start') start(on)
  }
  const stamp = (): Stamp => ({ tick: tickOf(time.at), boot: time.now().boot })
  const set = (name: HostName, to: Partial<Host>): void => {
    Object.assign(of(name), to)
    if (to.up !== undefined) booted.push({ host: name, at: time.at })
    soon()
  }

  const run = (command: Command, signal: AbortSignal, after: (span: number, act: () => void) => void): Promise<Ran> => new Promise((resolve) => {
    const { once, argv, onHalt } = command
    const on = command.on as HostName
    const [what = ''] = argv
    const refuse = (why: 'unreachable' | 'late' | 'busy'): void => resolve({ is: 'refused', why, says: why })
    if (!once) return refuse('late')
    // Hello, by the target's clock; how long it is good from then on, by the doer's; the marker, by the target's again.
    time.after(10 + dice.int(40), () => {
      const hello = of(on).up ? time.at : undefined
      after(10 + dice.int(40), () => {
        if (hello === undefined) return refuse('unreachable')
        const left = once.notAfter.tick - time.at
        if (signal.aborted || left < 0) return refuse('late')
        time.after(5 + dice.int(60), () => {
          if (!of(on).up || time.at - hello > left) return refuse('late')
          if (log.some(({ name }) => name === once.name)) return resolve({ is: 'unknown', says: 'a marker is there' })
          const run_ = once.name.slice(0, once.name.lastIndexOf('.'))
          if (log.some((it) => it.ended === undefined && it.name.startsWith(`${run_}.`))) return refuse('busy')
          const begun: Begun = { name: once.name, on, what, at: time.at, well: names.filter(cluster.isMember).length }
          log.push(begun)
          const exit = !calm && dice.yes(0.04) ? 1 : 0
          time.after(100 + dice.int(900), () => {
            if (begun.ended !== undefined) return
            Object.assign(begun, { ended: time.at, exit })
            if (exit === 0 && of(on).up) effect(what, on)
            if (calm || !dice.yes(0.04)) after(5, () => resolve({ is: 'ended', output: { tail: '', bytes: 0, exit } }))
          })
          signal.addEventListener('abort', () => {
            if (onHalt === 'kill' && signal.reason === HALTED) Object.assign(begun, { ended: time.at, exit: 137 })
            resolve({ is: 'unknown', says: 'it was lost from sight' })
          }, { once: true })
        })
      })
    })
  })

  return {
    log, booted, start, isMember: cluster.isMember,
    host: of,
    look() {
      question++
      const asked = stamp()
      const clock = Math.floor(time.now().wall / 1000)
      return names.flatMap((host): FromScout[] => {
        const it = of(host)
        if (!it.up) return [{ is: 'silent', host, at: asked, says: 'it does not answer' }, { is: 'mute', cluster: CLUSTER, host, at: asked, says: 'it does not answer' }]
        const link: LinkSeen = { carrier: it.carrier, downs: it.downs, speed: 1000 }
        return [
          { is: 'account', host, asked, account: { question, boot: bootId(it.boot), clock, links: [['eth0', link]] } },
          { is: 'member', cluster: CLUSTER, host, asked, report: reportOf(host) },
        ]
      })
    },
    write() {
      const asked = stamp()
      const commits = cluster.commits()
      return cluster.writers().map((host): FromScout => ({ is: 'canary', cluster: CLUSTER, host, asked, ...(commits ? {} : { wrong: 'it was not committed in time' }) }))
    },
    pull: (name) => set(name, { carrier: 'down' }),
    plug: (name) => set(name, { carrier: 'up', downs: of(name).downs + (of(name).carrier === 'down' ? 1 : 0) }),
    blip: (name) => set(name, { downs: of(name).downs + 1 }),
    fall: (name) => set(name, { runs: false }),
    powerOff: (name) => set(name, { up: false }),
    shutDown(name) {
      leave(name)
      set(name, { up: false })
    },
    powerOn: (name) => {
      if (!of(name).up) set(name, { up: true, boot: ++boots, downs: 1, runs: true })
      cluster.settle()
    },
    commands: (after) => ({
      run: (command, signal) => run(command, signal, after),
      recall: ({ name }, on) => new Promise((resolve, reject) => after(30 + dice.int(60), () => {
        if (!of(on as HostName).up) return reject(new Error('it does not answer'))
        const begun = log.find((it) => it.name === name)
        resolve(begun === undefined ? { is: 'none' } : begun.exit === undefined ? { is: 'going' } : { is: 'ended', output: { tail: '', bytes: 0, exit: begun.exit } })
      })),
      identify: (on) => new Promise((resolve, reject) => after(30 + dice.int(60), () => (of(on as HostName).up ? resolve(`${on}, boot ${of(on as HostName).boot}`) : reject(new Error('it does not answer'))))),
    }),
  }
}
