// A keeper over a store in memory, with its clock in the test's hand: looks are told to it, calls are asked of it, and what it wrote is read.
import { instantOf, minutes, ms, tickOf, type Now, type Span, type Tick } from '../src/core/time.ts'
import type { Found } from '../src/core/evidence.ts'
import { openSql, type Sql } from '../src/db/sql.ts'
import { entries, prepareTables, storeOver } from '../src/db/store.ts'
import { randomBytes } from 'node:crypto'
import type { Answer } from '../src/engine/answer.ts'
import { answer } from '../src/engine/calls.ts'
import { memorySuspects } from '../src/engine/engine.ts'
import { allOf, createKeeper, type InForce, type Keeper, type KeeperPorts } from '../src/engine/keeper.ts'
import type { Message } from '../src/ports/channel.ts'
import type { Plan } from '../src/rooms/page/plan.ts'
import type { Check } from '../src/rooms/watch/check.ts'
import type { Asker } from '../src/views/answers.ts'
import type { Entry } from '../src/core/ledger.ts'

const person = (name: string): Plan['people'][string] => ({ name, email: `${name}@acme.example`, reach: [{ channel: 'mail', after: ms(0) }] })
export const plan: Plan = {
  version: '1', people: { ada: person('ada'), bo: person('bo') }, channels: { mail: { kind: 'smtp', config: {} } },
  rotations: { primary: { name: 'primary', rotate: { every: 'week', times: 1 }, handoff: { hour: 9, minute: 0, weekday: 1 }, timezone: 'UTC', people: ['ada', 'bo'], starts: '2026-01-05' } },
  covers: [], policies: { default: { name: 'default', steps: [{ page: [{ is: 'person', name: 'ada' }], wait: minutes(5) }] } },
  fallback: ['ada'], ackLapses: minutes(30), site: { name: 'Acme', url: 'http://127.0.0.1:7400', timezone: 'UTC' }, communications: [],
}

/** A check of a web address on this machine: two failures are down, two passes up again. */
export const checkOf = (name: string, more: Partial<Check> = {}): Check => ({
  name, kind: 'http', settings: { http: 'http://127.0.0.1:1/' }, every: ms(10_000), timeout: ms(2000), failAfter: 2, recoverAfter: 2, seenFrom: 1, unknownAfter: minutes(1),
  dependsOn: [], escalate: 'default', loopback: true, from: 'holdfast.yaml:1', ...more,
})

export const configOf = (checks: readonly Check[], anchors: readonly string[] = []): InForce => ({
  version: '1', canonical: {}, site: plan.site, checks, plan, horizon: { anchors },
  boards: [{ slug: 'public', name: 'Acme', hold: minutes(5), components: [{ id: 'cmp_1', name: 'All', checks: checks.map((it) => it.name) }] }],
  ingest: [{ via: 'pagerduty', name: 'main', key: 'k'.repeat(32), escalate: 'default' }],
})

export const START = 1_795_000_000_000

export interface KeeperWorld {
  readonly sql: Sql
  readonly keeper: Keeper
  /** Checks that probers were asked to look at. */
  readonly asked: string[]
  /** When probers were told to forget where names lead; and whether they say that they did. */
  readonly forgot: Tick[]
  readonly names: { isForgotten: boolean }
  /** So many seconds pass at most while a call waits for something outside; none unless a test says so, for what a call works at takes its time too. */
  readonly patience: { seconds: number }
  /** Lines for whoever runs it. */
  readonly said: string[]
  /** What was pushed to web, by kind. */
  readonly pushed: string[]
  /** What the ringer was told to send. */
  readonly rung: { readonly channel: string; readonly message: Message }[]
  ask(name: string, args: unknown, asker?: Asker): Promise<Answer>
  /** One look of a check came back. */
  look(check: string, found: Found['is'], more?: { readonly silent?: true; readonly says?: string }): Promise<void>
  /** Both clocks go on, with a tick every second. */
  pass(span: Span): Promise<void>
  /** Both clocks go on by so much at once: of all ticks only the last. */
  leap(span: Span): Promise<void>
  /** The wall clock alone is set. */
  step(by: Span): void
  settle(): Promise<void>
  restart(config?: InForce): Promise<void>
  entries(): readonly Entry[]
  /** Titles of open incidents. */
  open(): string[]
}

export async function keeperWorld(t: { after(act: () => void): void }, config: InForce, more: Partial<KeeperPorts> = {}): Promise<KeeperWorld> {
  let at = 0
  let wall = START
  // Ticks are no whole numbers on a real machine either.
  const now = (): Now => ({ wall: instantOf(wall), tick: tickOf(at + at / 1e7), boot: 'boot' })
  const sql = openSql(':memory:')
  t.after(() => sql.close())
  const asked: string[] = []
  const forgot: Tick[] = []
  const patience = { seconds: 0 }
  const names = { isForgotten: true }
  const said: string[] = []
  const pushed: string[] = []
  const rung: { channel: string; message: Message }[] = []
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 6; i++) {
      keeper.cycle()
      for (let j = 0; j < 12; j++) await Promise.resolve()
    }
  }
  const make = (of: InForce): Keeper => createKeeper({
    config: of, samples: undefined, key: new Uint8Array(32), random: (bytes) => randomBytes(bytes),
    open(rooms) {
      const list = allOf(rooms)
      prepareTables(sql, list)
      sql.run(`insert or ignore into meta (key, value) values ('node', 'node_test')`)
      return storeOver(sql, list)
    },
    ports: {
      now, suspects: memorySuspects(), toRinger: (message) => (message.is === 'ring' && rung.push(...message.rings), true), toWeb: (message) => void pushed.push(message.is), toWorkers: () => undefined, boardsWanted: () => true, say: (line) => void said.push(line),
      toProbers: (message) => void (message.is === 'look' && asked.push(...message.checks)), forgetNames: () => Promise.resolve(names.isForgotten).then((is) => (forgot.push(now().tick), is)),
      freeReserve: () => false, onBroken: () => undefined, onAsked: () => undefined, render: () => 'nothing is sent here', renderDigest: () => 'nothing is sent here', ...more,
    },
  })
  const begin = async (): Promise<void> => {
    const started = keeper.start({ version: 'test', cleanStop: true, gap: undefined, damaged: undefined, store: 'store_test' })
    await settle()
    await started
    // A ringer that has nothing to hand over: the keeper may go on with what is due.
    keeper.ringerOpened()
    keeper.fromRinger({ is: 'welcome', term: 1, store: 'store_test', journal: [], open: [] })
    await settle()
  }
  let keeper = make(config)
  await begin()
  return {
    sql, asked, forgot, names, patience, said, pushed, rung, settle,
    get keeper() {
      return keeper
    },
    async ask(name, args, asker = { is: 'socket' }) {
      const answered = answer({ keeper, random: (n) => new Uint8Array(n).fill(7), pingUrl: (check) => `/ping/${check}` }, name, args, asker)
      let isOver = false
      void answered.then(() => (isOver = true), () => (isOver = true))
      await settle()
      for (let n = 0; !isOver && n < patience.seconds; n++) {
        at += 1000
        wall += 1000
        keeper.tick()
        await settle()
      }
      return answered
    },
    async look(check, found, { silent, says = 'refused the connection' } = {}) {
      at += 1
      wall += 1
      const { wall: seenAt, tick } = now()
      keeper.fromProber({
        is: 'looked', dropped: 0,
        results: [{ check, at: seenAt, tick, took: ms(1), late: 0, found: found === 'pass' ? { is: found } : { is: found, says }, ...(silent ? { silent } : {}) }],
      })
      await settle()
    },
    async pass(span) {
      for (let left: number = span; left > 0; left -= 1000) {
        at += Math.min(left, 1000)
        wall += Math.min(left, 1000)
        keeper.tick()
        await settle()
      }
    },
    async leap(span) {
      at += span
      wall += span
      keeper.tick()
      await settle()
    },
    step: (by) => void (wall += by),
    async restart(of = config) {
      keeper = make(of)
      await begin()
    },
    entries: () => [...entries(sql)],
    open: () => sql.all<{ subject: string }>(`select subject from page_incident where state = 'open' order by number`).map((row) => row.subject),
  }
}
