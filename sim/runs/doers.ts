// Doers in the simulator: the production ward that says which are there, and the production course of each, over timers that stand still while it is frozen, a
// line that breaks, and a journal that outlives the process. A killed one ends in the middle of whatever it did; what it began at its target goes on.
import { tickOf, type Now } from '../../src/core/time.ts'
import type { Keeper } from '../../src/engine/keeper.ts'
import run from '../../src/plugins/drivers/run.ts'
import type { Acted } from '../../src/ports/driver/driver.ts'
import { course } from '../../src/processes/doer/course.ts'
import type { Former, Journal, Numbered } from '../../src/processes/doer/journal.ts'
import { createDoerWard, type DoerWard, type Named } from '../../src/processes/watchdog/doer-ward.ts'
import type { FromDoer, ToDoer } from '../../src/rooms/change/runs/doing.ts'
import type { Chance, Time } from '../clock.ts'
import type { KeeperHost } from '../keeper-host.ts'
import type { Ground } from './ground.ts'

export interface Doers {
  readonly ward: DoerWard
  readonly many: number
  kill(): void
  freeze(): void
  thaw(): void
  /** All lines to the keeper break; what was asked is not answered. */
  cut(): void
  /** The machine goes down: all of them are gone, and whoever raised them too. What they began at their targets goes on, and their journals are there. */
  boot(): void
}

interface Process {
  readonly pid: number
  readonly stop: AbortController
  alive: boolean
  frozen: boolean
  link: object
  lines: number
  /** What waits for it to be thawed. */
  readonly kept: (() => void)[]
  readonly asked: Set<(cause: Error) => void>
}

/** The keeper answers within so long, or is away. */
const ANSWER_WITHIN = 10_000

export function doersIn({ time, dice, host, ground }: { readonly time: Time; readonly dice: Chance; readonly host: KeeperHost; readonly ground: Ground }): Doers {
  const disk = new Map<string, Former>()
  const there = new Map<string, Process>()
  /** Those that should be there, and what they are made with: one that dies is made again. */
  const made = new Map<string, Named>()
  let pids = 0
  const within = (it: Process, act: () => void): void => {
    if (!it.alive) return
    if (it.frozen) it.kept.push(act)
    else act()
  }
  const after = (it: Process, span: number, act: () => void): (() => void) => {
    const timer = time.after(Math.max(0.1, span), () => within(it, act))
    return () => timer.cancel()
  }
  const ask = (it: Process, message: FromDoer): Promise<ToDoer> => new Promise((resolve, reject) => {
    const { link } = it
    const fail = (cause: Error): void => {
      it.asked.delete(fail)
      within(it, () => reject(cause))
    }
    const answer = (told: ToDoer): void => within(it, () => void (it.asked.delete(fail) && resolve(told)))
    it.asked.add(fail)
    time.after(ANSWER_WITHIN, () => it.asked.has(fail) && fail(new Error('no answer')))
    time.after(0.2 + dice.next(), () => {
      if (!host.alive || it.link !== link) return fail(new Error('the keeper is away'))
      host.deliver((keeper) => void keeper.doers.hear(message, link).then((told) => time.after(0.2 + dice.next(), () => it.link === link && answer(told)), fail))
    })
  })
  const hangUp = (it: Process): void => {
    const { link } = it
    it.link = {}
    it.lines++
    host.deliver((keeper: Keeper) => keeper.doers.gone(link))
    for (const fail of it.asked) fail(new Error('the line broke'))
  }
  const journalOf = (it: Process): Journal => {
    const nameOf = ({ run, token }: Numbered): string => `${run}.${token}`
    // A disk takes its time, and a process may die before it or after it.
    const slow = <T>(act: () => T): Promise<T> => new Promise((resolve) => after(it, 0.5 + dice.next() * 4, () => {
      const had = act()
      after(it, 0.5 + dice.next() * 4, () => resolve(had))
    }))
    return {
      read: (of) => slow(() => disk.get(nameOf(of)) ?? { is: 'none' }),
      begin: (of) => slow(() => {
        if (disk.has(nameOf(of))) return 'there'
        disk.set(nameOf(of), { is: 'begun' })
        return 'begun'
      }),
      end: (of, acted: Acted) => slow(() => void disk.set(nameOf(of), { is: 'begun', acted })),
    }
  }
  const live = (name: string, deed: Named): void => {
    const it: Process = { pid: ++pids, stop: new AbortController(), alive: true, frozen: false, link: {}, lines: 1, kept: [], asked: new Set() }
    there.set(name, it)
    const now = (): Now => time.now()
    const timers = { after: (span: number, act: () => void) => after(it, span, act) }
    const commands = ground.commands((span, act) => void after(it, span, act))
    const nothing = (): Promise<never> => Promise.reject(new Error('nothing is there'))
    void course(deed, {
      now, timers, drivers: [run], line: () => it.lines, journal: journalOf(it), ask: (message) => ask(it, message),
      contextOf: (_order, signal) => ({ egress: { resolve: nothing, connect: nothing, request: nothing }, commands, local: nothing, signal, now, timers }),
    }, it.stop.signal)
  }
  const end = (name: string): void => {
    const it = there.get(name)
    if (!it) return
    it.alive = false
    there.delete(name)
    hangUp(it)
  }
  /** Of a ward that went down with its machine nothing comes any more. */
  let wards = 0
  const wardOf = (mine = ++wards): DoerWard => createDoerWard({
    tick: () => tickOf(time.at), former: [], kin: () => undefined, isAlive: () => false,
    raise(name, deed) {
      if (mine !== wards) return
      made.set(name, deed)
      time.after(50 + dice.int(250), () => made.get(name) === deed && !there.has(name) && live(name, deed))
    },
    dismiss: (name, span) => new Promise((resolve) => {
      if (mine !== wards) return
      made.delete(name)
      there.get(name)?.stop.abort()
      time.after(dice.yes(0.8) ? 100 : span, () => {
        if (mine === wards) end(name)
        resolve()
      })
    }),
  })
  let ward = wardOf()
  const each = (act: (it: Process, name: string) => void): void => {
    for (const [name, it] of [...there]) act(it, name)
  }
  return {
    get ward() {
      return ward
    },
    get many() {
      return there.size
    },
    kill: () => each((_it, name) => {
      end(name)
      const deed = made.get(name)
      if (deed) time.after(200 + dice.int(500), () => made.get(name) === deed && !there.has(name) && live(name, deed))
    }),
    freeze: () => each((it) => void (it.frozen = true)),
    thaw: () => each((it) => {
      it.frozen = false
      for (const act of it.kept.splice(0)) within(it, act)
    }),
    cut: () => each(hangUp),
    boot() {
      made.clear()
      each((_it, name) => end(name))
      ward = wardOf()
    },
  }
}
