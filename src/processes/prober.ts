// The prober process: looks at everything on its timetable and tells the keeper what it saw. It holds no database and no disk;
// what it knows came over the line from the keeper, and while the keeper is away it goes on from there. Only wiring: when
// a look begins stands in `watch/timetable`, what it is worth in `watch/look`, what is sent when in `watch/outbox`.
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { LONGEST_TIMER, ms } from '../core/time.ts'
import { probes as installed } from '../plugins/list.gen.ts'
import { stayConnected } from '../ports/wire.ts'
import type { AnyProbe } from '../ports/probe.ts'
import type { Clock, Timers } from '../ports/world.ts'
import { createClock } from '../ports/world/clock.ts'
import { createEgress } from '../ports/world/egress.ts'
import { createResolver } from '../ports/world/resolver.ts'
import { createTimers } from '../ports/world/timers.ts'
import { createAlonePool, type Stuck } from '../rooms/watch/alone.ts'
import { createRunner, createStalls, type Alone, type Runner } from '../rooms/watch/look.ts'
import { createOutbox } from '../rooms/watch/outbox.ts'
import type { ToKeeper, ToProber } from '../rooms/watch/protocol.ts'
import { createTimetable, drive, type Timetable, type Turn } from '../rooms/watch/timetable.ts'
import { spawnAlone } from './alone.ts'
import { attachParent } from './parent.ts'

interface Init {
  readonly is: 'init'
  readonly runtime: string
  readonly name: string
  /** The ports that Holdfast itself listens on. */
  readonly ports?: readonly number[]
  readonly lab?: boolean
}

const BEAT = ms(1_000)
/** A timetable that is so far behind does not advance. */
const BEHIND = 5_000

const probes: ReadonlyMap<string, AnyProbe> = new Map(installed.map((probe) => [probe.kind, probe]))
const aloneKinds = installed.filter((probe) => probe.runs === 'alone').map((probe) => probe.kind)

/** News of what hangs. Kept until the keeper has it: the newest per check. */
function createNews(send: (message: ToKeeper) => boolean): { tell(message: ToKeeper & { readonly check: string }): void; retry(): void } {
  const unsent = new Map<string, ToKeeper>()
  const retry = (): void => {
    for (const [check, message] of unsent) if (send(message)) unsent.delete(check)
  }
  return {
    tell(message) {
      unsent.set(message.check, message)
      retry()
    },
    retry,
  }
}

/** Tells the first answer of each check: what hung under a former prober, which nobody can follow any more, is over then. */
function firstAnswers(alone: Alone, tell: (check: string) => void): Alone {
  const answered = new Set<string>()
  return {
    look: (check, done) => alone.look(check, (sight) => {
      if (sight.found.is !== 'unknown' && !answered.has(check.name)) tell(check.name)
      if (sight.found.is !== 'unknown') answered.add(check.name)
      done(sight)
    }),
  }
}

/** Once a second: a beat for the keeper, and a count that stands still when looks are overdue and none ends. */
function beatFor(it: { clock: Clock; timers: Timers; timetable: Timetable; runner: Runner; send: (message: ToKeeper) => boolean }): () => number {
  let rounds = 0
  const beat = (): void => {
    const { runner, timetable } = it
    if ((timetable.next() ?? Number.POSITIVE_INFINITY) > it.clock.now().tick - BEHIND && runner.waiting === 0) rounds += 1
    it.send({ is: 'beat', looks: runner.looks, lateP99: runner.lateP99(), queued: runner.waiting })
    it.timers.after(BEAT, beat)
  }
  beat()
  return () => rounds + it.runner.looks
}

function run(init: Init): void {
  const clock = createClock()
  const timers = createTimers()
  const resolver = createResolver({ clock, timers })
  const egress = createEgress({ clock, timers, resolver, ownPorts: init.ports ?? [], lab: init.lab === true })
  const stalls = createStalls({ clock, timers })
  const timetable = createTimetable()

  const send = (message: ToKeeper): boolean => keeper.link?.send(message) ?? false
  const news = createNews(send)
  const tellStuck = ({ check, pid, says, since }: Stuck): void => news.tell({ is: 'stuck', check, pid, says, since })
  const tellUnstuck = ({ check, pid }: { readonly check: string; readonly pid: number }): void => news.tell({ is: 'unstuck', check, pid })
  const pool = createAlonePool({
    clock, timers, spawn: spawnAlone(aloneKinds), onStuck: tellStuck, onUnstuck: tellUnstuck,
  })
  const alone = firstAnswers(pool, (check) => tellUnstuck({ check, pid: 0 }))
  const runner = createRunner({ world: { clock, timers, egress, stalledSince: stalls.since }, probes, alone })
  const outbox = createOutbox({
    timers,
    ask: (batch) => keeper.link?.ask(batch, LONGEST_TIMER) ?? Promise.reject(new Error('the keeper is away')),
  })

  const begin = (turn: Turn): void => runner.run(turn, (looked) => {
    const wanted = timetable.end(turn, clock.now().tick)
    driver.poke()
    if (wanted) outbox.add(looked)
  })
  const driver = drive(timetable, { clock, timers }, begin)

  let version: string | undefined
  let greeted = false
  const take = (message: ToProber): void => {
    if (message.is === 'forget-names') resolver.forget()
    else if (message.is === 'look') timetable.ask(message.checks, clock.now().tick)
    else {
      const looking = message.checks.filter((check) => probes.get(check.kind)?.runs !== 'passive')
      outbox.keep(timetable.replace(looking, clock.now().tick))
      if (looking.some((check) => aloneKinds.includes(check.kind))) pool.warm()
      if (version !== undefined && version !== message.version) egress.forget()
      version = message.version
      // A keeper that has sent a timetable knows the checks whose results it gets.
      if (!greeted) outbox.open()
      greeted = true
    }
    driver.poke()
  }
  const keeper = stayConnected(path.join(init.runtime, 'keeper.sock'), {
    onOpen(link) {
      // What it missed may have been that names lead elsewhere now.
      resolver.forget()
      link.send({ is: 'hello', prober: init.name, boot: clock.now().boot })
      for (const stuck of pool.stuck) tellStuck(stuck)
      news.retry()
    },
    onLost() {
      greeted = false
      outbox.lost()
    },
    onMessage: (message) => take(message as unknown as ToProber),
  })
  orders.progress = beatFor({ clock, timers, timetable, runner, send })
  orders.stop = () => {
    pool.close()
    resolver.close()
  }
}

// Looks leave little behind that lives long: a small young generation costs no time here, and a third of the memory.
setFlagsFromString('--optimize-for-size')

const orders: { progress: () => number; stop: () => void } = { progress: () => 0, stop: () => undefined }

attachParent({
  onMessage(message) {
    if (message.is === 'init') run(message as unknown as Init)
  },
  onStop: () => orders.stop(),
  progress: () => orders.progress(),
})

