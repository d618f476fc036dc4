// The keeper's side of the hand over a store of versions in memory, with all clocks in the test's hand: true time, the wall clock that somebody sets, the
// time lived through. Plans are made by a planner that asks for far too much, so that whatever holds is held by the re-judgement alone.
import { hours, instantOf, ms, tickOf, type Instant, type Now, type Span } from '../../src/core/time.ts'
import type { Entry } from '../../src/core/ledger.ts'
import type { Identity } from '../../src/core/authority/agreement.ts'
import type { Room } from '../../src/db/room.ts'
import { entries } from '../../src/db/store.ts'
import { actsPart, type Acts } from '../../src/rooms/guard/acts/index.ts'
import { createDesk, type Desk } from '../../src/rooms/guard/acts/desk.ts'
import { hashOfAsked, type Asked } from '../../src/rooms/guard/acts/job.ts'
import type { FromHand, ToHand } from '../../src/rooms/guard/acts/protocol.ts'
import { asides, lastBatch, loadJob, loadObject, type ActRow } from '../../src/rooms/guard/acts/rows.ts'
import type { Life } from '../../src/rooms/guard/acts/life.ts'
import type { Breaker } from '../../src/rooms/guard/reconcile/breaker.ts'
import { flagged, marginsOf, type Flag, type Margins } from '../../src/rooms/guard/reconcile/margins.ts'
import type { CopyWanted, Rechecked } from '../../src/rooms/guard/reconcile/task.ts'
import { planWriter, type Item, type Mode } from '../../src/rooms/guard/reconcile/plan.ts'
import { perform } from '../../src/processes/hand/act.ts'
import { look } from '../../src/processes/hand/look.ts'
import { TABLES as RECONCILES } from '../../src/rooms/guard/reconcile/rows.ts'
import { roomWorld, type RoomWorld } from '../room-world.ts'
import type { Marker, Version } from '../../src/ports/store.ts'
import { memoryStore, type MemoryStore } from './memory-store.ts'

export const JOB = 'customer-backups'
export const MARGINS: Margins = marginsOf({ retention: hours(24 * 14), oldestCopy: hours(24 * 14), shrink: 1 })
const ZERO = 1_795_000_000_000
export const hexOf = (key: string): string => Buffer.from(key).toString('hex')
export const someone = (person: string): Identity => ({ person, addresses: [`${person}@acme.example`], phones: [], subjects: [], factors: [`f-${person}`] })

export interface RunWish {
  readonly mode?: Mode
  readonly healthy?: boolean
  readonly breaker?: Breaker
  readonly binding?: string
  /** Keys with which it would do nothing. */
  readonly spares?: readonly string[]
  /** The store as this run saw it. */
  readonly identity?: string
  readonly edit?: (acts: Pick<ActRow, 'act' | 'key' | 'given'>[]) => void
}

/** Where a hand dies: before the request, after it, or not at all. */
export type Death = 'before' | 'after' | 'never'

export interface ActsWorld {
  readonly room: RoomWorld
  readonly acts: Acts
  readonly desk: Desk
  readonly store: MemoryStore
  readonly rows: Set<string>
  readonly flags: Map<string, Flag>
  /** What lies in the store that plans are made for. */
  stacks(): ReadonlyMap<string, readonly (Version | Marker)[]>
  readonly identity: string
  readonly margins: Margins
  now(): Now
  /** True time, from the beginning. */
  truth(): Instant
  lived(): Span
  pass(span: Span): void
  /** Time goes by and nobody lives through it. */
  away(span: Span): void
  step(by: number): void
  /** The wall clock is right again. */
  heal(): void
  run(wish?: RunWish): string
  /** They are asked, and have not said anything yet. */
  ask(asked: Asked, id: string): void
  agree(asked: Asked, people: readonly (string | Identity)[], more?: { readonly hash?: string; readonly id?: string }): string
  arm(): void
  /** What people are asked who are to arm it now. */
  wishToArm(): Asked
  purge(plan: string, people?: readonly string[]): string
  hear(message: FromHand, holder?: string): Promise<ToHand>
  /** A hand that works until there is nothing to do, or dies at its n-th order. */
  work(death?: Death, at?: number): Promise<string[]>
  life(key: string): Life
  entries(is?: string): readonly Entry[]
  restart(): void
}

export interface ActsWishes {
  /** Whether the store says so where its clock and ours differ. */
  readonly honest?: boolean
  /** The wall clock at the beginning. */
  readonly zero?: number
  /** A store that is not the one in memory: what lies there, and which it is. */
  readonly other?: { readonly identity: string; readonly stacks: () => ReadonlyMap<string, readonly (Version | Marker)[]> }
  readonly settled?: Span
  /** Where time is real, waits are short. */
  readonly margins?: Margins
  readonly recheck?: (rows: ReadonlySet<string>, keys: readonly string[]) => Promise<ReadonlyMap<string, 'none' | 'present' | 'unknown'>>
  /** What lies in the other place when it is asked for just these; all of it where nothing is said. */
  readonly copies?: (wanted: readonly CopyWanted[]) => Promise<Rechecked['copies']>
  /** How long whoever asks is made to wait; for ever where nothing is said. */
  readonly after?: (span: Span) => Promise<void>
}

export function actsWorld(more: ActsWishes = {}): ActsWorld {
  const zero = more.zero ?? ZERO
  let truth = 0
  let skew = 0
  let lived = 400 * 86_400_000
  let hands = 0
  let asked = 0
  const now = (): Now => ({ wall: instantOf(zero + truth + skew), tick: tickOf(truth + 5_000), boot: 'boot' })
  const clock = (): Instant => instantOf(zero + truth)
  const store = memoryStore(clock, () => (more.honest === false ? clock() : now().wall))
  const rows = new Set<string>()
  const flags = new Map<string, Flag>()
  const acts = actsPart({ lived: () => ms(lived) })
  // Agreements are another room's: what it says of them is all that is heard.
  const room: Room = { name: 'guard', ...acts, tables: acts.tables + RECONCILES }
  const over = roomWorld(room, now)
  const makeDesk = (): Desk => createDesk({
    now, lived: () => ms(lived), sql: () => over.sql, acts, settled: more.settled ?? ms(60_000), storeOf: (reconcile) => (reconcile === JOB ? 'main' : undefined),
    turn: (_name, act) => Promise.resolve(over.turn(act)),
    after: more.after ?? (() => new Promise(() => undefined)),
    async recheck(_job, keys, wanted) {
      const found = more.recheck ? await more.recheck(rows, keys) : new Map(keys.map((key) => [key, rows.has(Buffer.from(key, 'hex').toString()) ? 'present' as const : 'none' as const]))
      const copies = more.copies ? await more.copies(wanted) : Object.fromEntries(wanted.map(({ key }) => [key, 'there' as const]))
      return { rows: Object.fromEntries([...found].flatMap(([key, row]) => (row === 'unknown' ? [] : [[key, row]]))), copies }
    },
  })
  let desk = makeDesk()
  const world: ActsWorld = {
    room: over, acts, store, rows, flags, stacks: more.other?.stacks ?? (() => store.stacks), identity: more.other?.identity ?? 'store-1', margins: more.margins ?? MARGINS, now, truth: clock, lived: () => ms(lived),
    get desk() {
      return desk
    },
    pass(span) {
      truth += span
      lived += span
    },
    away: (span) => void (truth += span),
    step: (by) => void (skew += by),
    heal: () => void (skew = 0),
    run: (wish = {}) => runOnce(world, wish),
    ask: (it, id) => over.turn((tx) => {
      tx.append({ is: 'agreement.asked', stream: id, follows: 0, body: { id, hash: hashOfAsked(it) } })
      acts.asked(tx, id, it)
    }),
    agree(it, people, { hash = hashOfAsked(it), id = `agr_${++asked}` } = {}) {
      over.turn((tx) => {
        if (tx.sql.get('select 1 as x from guard_asked where agreement = ?', id) === undefined) {
          tx.append({ is: 'agreement.asked', stream: id, follows: 0, body: { id, hash } })
          acts.asked(tx, id, it)
        }
        const assents = people.map((one) => ({ as: 'approves', identity: typeof one === 'string' ? someone(one) : one }))
        tx.append({ is: 'agreement.pressed', stream: `${id}/presses`, body: { id, phase: { is: 'agreed' }, assents } })
      })
      return id
    },
    arm() {
      world.agree(world.wishToArm(), ['ada', 'bo'])
    },
    wishToArm() {
      const { latest, epoch = 0 } = loadJob(over.sql, JOB)
      return { is: 'arm', reconcile: JOB, binding: latest?.binding ?? '', epoch }
    },
    purge(plan, people = ['ada', 'bo']) {
      const { hash = '' } = JSON.parse(over.sql.get<{ plan: string }>('select plan from guard_plan where id = ?', plan)?.plan ?? '{}') as { hash?: string }
      return world.agree({ is: 'purge', reconcile: JOB, plan, hash }, people)
    },
    hear: (message, holder = 'h') => desk.hear(message, holder),
    work: (death = 'never', at = 1) => workUntilIdle(world, death, at, `hand-${++hands}`),
    life: (key) => loadObject(over.sql, JOB, hexOf(key)).life,
    entries: (is) => [...entries(over.sql)].filter((it) => is === undefined || it.is === is),
    restart: () => void (desk = makeDesk()),
  }
  return world
}

let runs = 0

/** Flags as a run does; and asks for everything else that it can think of. */
function runOnce({ room, acts, stacks, identity, margins, rows, flags, now, lived }: ActsWorld, { mode, healthy = true, breaker, binding = 'bound', spares = [], identity: seen = identity, edit }: RunWish): string {
  const job = loadJob(room.sql, JOB)
  const at = { wall: now().wall, lived: lived() }
  const planned: Pick<ActRow, 'act' | 'key' | 'given'>[] = []
  const items: Item[] = []
  const writer = planWriter((it) => void items.push(it))
  const aside = new Map([...asides(room.sql, JOB)].map((it) => [Buffer.from(it.key, 'hex').toString(), it.aside]))
  const add = (key: string, act: 'quarantine' | 'purge' | 'release', it: { version: string; etag: string; bytes: number }, given: Omit<ActRow['given'], 'item'>): void => {
    writer.add(Buffer.from(key), { act, version_id: it.version, etag: it.etag, bytes: it.bytes, tenant: null, first_flagged: null, eligible_at: null, why: 'asked for' })
    planned.push({ act, key: hexOf(key), given: { ...given, item: items.at(-1) as Item } })
  }
  for (const key of [...new Set([...stacks().keys(), ...aside.keys()])].sort()) {
    const top = stacks().get(key)?.[0]
    const lies = aside.get(key)
    if (spares.includes(key)) continue
    if (rows.has(key)) {
      flags.delete(key)
      if (lies) add(key, 'release', lies, { lock: 'free' })
    } else if (top?.is === 'version' && top.versionId !== undefined) {
      const listed = { version: top.versionId, etag: top.etag, size: top.bytes, modifiedAt: top.modifiedAt, lock: 'free' as const, tags: [], standing: 'live' as const }
      const flag = flagged(flags.get(key), listed, at, margins)
      if (flag && healthy) flags.set(key, flag)
      add(key, 'quarantine', { version: top.versionId, etag: top.etag, bytes: top.bytes }, { lock: 'free', modifiedAt: top.modifiedAt, ...(flag && { flag }) })
    } else if (lies) add(key, 'purge', lies, { lock: 'free', copied: true })
  }
  const wanted = mode ?? (job.breaker.is === 'open' ? 'latched' : job.arming?.binding === binding ? 'armed' : 'report')
  const plan = writer.seal({ run: ++runs, reconcile: JOB, mode: wanted, binding, checks: [], refusals: [] })
  room.turn((tx) => acts.ran(tx, JOB, { plan, acts: planned, healthy, breaker: breaker ?? job.breaker, ladder: { count: planned.length, rungs: [] }, margins, store: 'main', identity: seen, objects: 10_000, follows: job.version, through: lastBatch(room.sql, JOB, job.judged).through }))
  if (edit) {
    const changed = planned.map((it) => structuredClone(it))
    edit(changed)
    room.turn((tx) => changed.forEach((it, n) => tx.sql.run('update guard_act set act = ?, key = ?, given = ? where plan = ? and n = ?', it.act, it.key, JSON.stringify(it.given), plan.id, n)))
  }
  return plan.id
}

async function workUntilIdle(world: ActsWorld, death: Death, at: number, holder: string): Promise<string[]> {
  const { store } = world
  const signal = new AbortController().signal
  const did: string[] = []
  // Whoever came before may still hold the lease.
  world.pass(ms(21_000))
  let orders = 0
  for (let round = 0; round < 200; round++) {
    const leased = await world.hear({ is: 'lease' }, holder)
    if (leased.is !== 'lease' || leased.lease.is !== 'granted') return did
    const { term } = leased.lease
    const told = await world.hear({ is: 'work', term }, holder)
    // As the hand itself asks, right before.
    if (told.is === 'acts' && world.identity === 'store-1' && told.identity !== store.identity) return did
    if (told.is === 'probe') {
      const { capabilities, clock } = await store.deleting.probe(signal)
      await world.hear({ is: 'probed', term, store: told.store, identity: store.identity, capabilities, clock, moves: false, keeps: { is: 'pass' }, way: { versioning: 'enabled', noncurrent: 'ever', conditionalDelete: true, lockHolds: true } }, holder)
    } else if (told.is === 'look') {
      for (const doubt of told.doubts) await world.hear({ is: 'looked', term, id: doubt.id, found: await look(doubt, { ...store, now: world.now }, signal) }, holder)
    } else if (told.is === 'acts') {
      for (const order of told.orders) {
        const dies = death !== 'never' && ++orders === at
        if (dies && death === 'before') return did
        const ended = await perform(order, { ...store, now: world.now }, signal)
        did.push(`${order.act} ${order.what.key} ${ended.is}`)
        if (dies) return did
        await world.hear({ is: 'ended', term, id: order.id, ended }, holder)
      }
    } else {
      await world.hear({ is: 'bye' }, holder)
      return did
    }
  }
  throw new Error('the hand never came to an end')
}
