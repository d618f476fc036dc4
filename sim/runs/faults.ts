// What goes wrong in a simulated run, by seed, and how it heals: each fault is written down as it really was, so that what the node made of it can be judged.
import type { InForce } from '../../src/engine/keeper.ts'
import { chance, type Chance } from '../clock.ts'
import { configOf, edited, HOST, isRare, type HostName } from './book.ts'
import type { RunWorld } from './schedule.ts'

export const RUN_FAULTS = [
  'link-lost', 'link-blips', 'member-falls', 'other-boots', 'scout-late', 'scout-gone', 'keeper-crash', 'keeper-freeze', 'doer-kill', 'doer-freeze', 'node-freeze', 'line-cut',
  'commit-before', 'commit-after', 'clock', 'edit', 'halt', 'second-run', 'press-late', 'hand-over', 'node-boots',
] as const
export type RunFault = (typeof RUN_FAULTS)[number]

/** What came later has dice of its own, so that what else a seed brings about stays as it is; `often`: in a run of a kind that is rare. */
const LATER: Readonly<Partial<Record<RunFault, { readonly dice: number; readonly odds: number; readonly often: number }>>> = {
  'press-late': { dice: 0x1a7e, odds: 0.1, often: 0 }, 'hand-over': { dice: 0x4a4d, odds: 0.15, often: 0.2 }, 'node-boots': { dice: 0xb007, odds: 0.06, often: 0.35 },
  halt: { dice: 0x4a17, odds: 0, often: 0.3 }, clock: { dice: 0xc10c, odds: 0, often: 0.2 },
}
const FIRST = RUN_FAULTS.filter((it) => (LATER[it]?.odds ?? 0) === 0)

/** Something that no step brings about. `seen`: as the node names it. */
export interface Surprise { readonly at: number; readonly seen: string; readonly host: HostName; readonly is: 'link' | 'member' }

export interface Happened {
  scout: 'well' | 'late' | 'gone'
  config: InForce
  readonly surprises: Surprise[]
  /** When the scout did not tell the keeper what was so, ended ones and the one that lasts. */
  readonly stalls: { readonly from: number; to: number }[]
  /** When the runbook was edited, by the keeper's own word. */
  editedAt?: number
  /** Doers that stand still, and are to be thawed. */
  asleep: number
  clock: boolean
  /** When the machine of the node booted. */
  readonly boots: number[]
}

/** None for one seed in eight, and else a few. */
export function faultsOf(seed: number): ReadonlySet<RunFault> {
  const dice = chance(seed ^ 0x0fa7)
  if (dice.yes(0.125)) return new Set()
  const first = Array.from({ length: 1 + dice.int(3) }, () => dice.pick(FIRST))
  const rare = isRare(seed)
  const later = RUN_FAULTS.filter((it) => {
    const { dice: own = 0, odds = 0, often = 0 } = LATER[it] ?? {}
    // The production ringer of a node whose keeper stands still knows of no boot.
    return chance(seed ^ own).yes(rare ? often : odds) && !(it === 'node-boots' && first.includes('keeper-freeze'))
  })
  return new Set([...first, ...later])
}

/** Those that are worked on now; `isNow`: not those of a run that is over. */
const hostsAt = ({ people: { rows } }: RunWorld, isNow = false): readonly string[] =>
  (rows.length === 0 ? [HOST] : rows.flatMap(({ plan, run }) => (isNow && run.phase.is === 'over' ? [] : [plan.host])))

export function strike(world: RunWorld, fault: RunFault, dice: Chance): void {
  const { host, ground, doers, people, time, happened, book, kind } = world
  const later = (most: number, act: () => void): void => void time.after(500 + dice.int(most), act)
  /** Over a lease, more often than not. */
  const asleep = (act: () => void): void => void time.after(dice.yes(0.6) ? 21_000 + dice.int(9000) : 500 + dice.int(6000), act)
  const of = dice.pick(kind.hosts)
  const at = hostsAt(world)
  const other = dice.pick(kind.hosts.filter((it) => !at.includes(it)))
  const surprise = (is: Surprise['is'], name: HostName, seen: string): void => void happened.surprises.push({ at: time.at, is, host: name, seen })
  const acts: Record<RunFault, () => void> = {
    'link-lost'() {
      if (ground.host(of).carrier === 'up' && ground.host(of).up) surprise('link', of, `link:${of}/eth0`)
      ground.pull(of)
      later(9000, () => ground.plug(of))
    },
    'link-blips'() {
      if (ground.host(of).carrier === 'up' && ground.host(of).up) surprise('link', of, `link:${of}/eth0`)
      ground.blip(of)
    },
    'member-falls'() {
      if (ground.isMember(other)) surprise('member', other, `member:shop-db/${other}`)
      ground.fall(other)
      // Its own program takes a while to begin: the others have missed it by then.
      time.after(2500 + dice.int(7000), () => ground.start(other))
    },
    'other-boots'() {
      if (ground.host(other).up) surprise('member', other, `host:${other}`)
      ground.powerOff(other)
      later(3000, () => ground.powerOn(other))
    },
    'scout-late': () => stall('late'),
    'scout-gone': () => stall('gone'),
    // While nobody listens, cables blip all the same.
    'keeper-crash'() {
      host.crash()
      doers.cut()
      if (chance(world.seed ^ 0xb11b).yes(0.75)) time.after(200, acts['link-blips'])
      later(2500, () => host.start())
    },
    'keeper-freeze'() {
      host.freeze()
      asleep(() => host.thaw())
    },
    'doer-kill': () => doers.kill(),
    'doer-freeze'() {
      if (doers.many === 0) return
      doers.freeze()
      happened.asleep++
      // Set back meanwhile: by the clock that anybody sets, nobody has slept.
      if (chance(world.seed ^ 0x5e7b).yes(0.4)) {
        happened.clock = true
        time.step(-400_000)
      }
      asleep(() => {
        doers.thaw()
        happened.asleep--
      })
    },
    // A virtual machine that is suspended: whoever wakes up first goes on from where it was.
    'node-freeze'() {
      host.freeze()
      doers.freeze()
      happened.asleep++
      asleep(() => {
        happened.asleep--
        const wake = [() => host.thaw(), () => doers.thaw()]
        for (const act of dice.yes(0.5) ? wake : wake.toReversed()) act()
      })
    },
    'line-cut': () => doers.cut(),
    'commit-before': () => host.failCommit('before'),
    'commit-after': () => host.failCommit('after'),
    clock() {
      happened.clock = true
      time.step(dice.pick([40_000, 400_000, -30_000, -400_000]))
    },
    edit() {
      happened.config = configOf(edited(book), kind, '2')
      host.deliver((keeper) => void keeper.configure(happened.config).then(() => void (happened.editedAt ??= time.at), () => undefined))
    },
    halt: () => people.halt(),
    'second-run': () => people.again(),
    'hand-over': () => people.handOver(),
    'node-boots'() {
      host.crash()
      doers.boot()
      time.boot()
      happened.boots.push(time.at)
      later(6000, () => host.start())
    },
    'press-late': () => people.dawdle(dice.pick([
      () => people.halt(), () => people.abort(), acts.edit,
      // Longer than any offer is good for, by the wall clock.
      () => {
        happened.clock = true
        time.step(400_000)
      },
    ])),
  }
  function stall(how: 'late' | 'gone'): void {
    happened.scout = how
    const it = { from: time.at, to: Number.POSITIVE_INFINITY }
    happened.stalls.push(it)
    later(16_000, () => {
      happened.scout = 'well'
      // What was late is still on its way.
      it.to = time.at + 16_000
    })
  }
  acts[fault]()
}

/** Everything is well from here on, but for what the run itself took down. */
export function heal(world: RunWorld): void {
  const { host, ground, doers, people, happened, kind } = world
  happened.scout = 'well'
  const at = hostsAt(world, true)
  host.thaw()
  host.start()
  doers.thaw()
  for (const name of kind.hosts) {
    ground.plug(name)
    if (at.includes(name)) continue
    ground.powerOn(name)
    ground.start(name)
  }
  people.hurry()
}
