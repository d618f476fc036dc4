// A keeper with one set of backups in a store of versions in memory, in lab time (a day is a second), and a hand that does what it is told: what a plan of
// retention becomes from the first listing to the last delete. Listings are given by the test, every byte of every copy was read.
import assert from 'node:assert/strict'
import { hours, instantOf, ms, seconds, type Span } from '../../src/core/time.ts'
import { perform } from '../../src/processes/hand/act.ts'
import { look } from '../../src/processes/hand/look.ts'
import type { Ended, FromHand } from '../../src/rooms/guard/acts/protocol.ts'
import type { Listed, ToGuard } from '../../src/rooms/guard/protocol.ts'
import type { Copy } from '../../src/rooms/guard/sets/judge.ts'
import type { BackupSet } from '../../src/rooms/guard/sets/set.ts'
import type { RetentionPlanAnswer } from '../../src/views/backups.ts'
import { configOf, keeperWorld, plan, START, type KeeperWorld } from '../keeper-world.ts'
import { memoryStore, type MemoryStore } from './memory-store.ts'

const DAY = 86_400_000
export const keyOf = (night: number): string => `shop-${new Date(START - night * DAY).toISOString().slice(0, 10)}.dump`

export const approver = (name: string): (typeof plan.people)[string] => ({ name, email: `${name}@acme.example`, reach: [{ channel: 'mail', after: ms(0) }], roles: ['approver'] })

export interface KeepWorld extends KeeperWorld {
  readonly store: MemoryStore
  /** A copy of so many nights ago. */
  add(night: number, more?: Partial<Copy>): void
  /** Lists the set once, in every store or in one; `proven`: every byte was read. */
  list(of?: { readonly store?: string; readonly says?: string; readonly proven?: boolean }): Promise<void>
  /** Lists until all that may go is marked and has waited. */
  ripen(): Promise<void>
  plan(store?: string): Promise<RetentionPlanAnswer>
  apply(plan: string): Promise<Record<string, unknown>>
  /** A hand that works until there is nothing to do; `die`: before or after its n-th act. */
  work(die?: { readonly at: number; readonly when: 'before' | 'after' }): Promise<string[]>
  /** Two people agree to what was asked last. */
  agree(people?: readonly string[]): Promise<void>
  standing(): string[]
}

export const setOf = (more: Partial<BackupSet> = {}): BackupSet => ({
  name: 'shop', engine: 'postgres', in: [{ store: 'main', pattern: { text: 'shop-{date}.dump', prefix: 'shop-' } }], every: hours(24), grace: hours(24), escalate: 'default', from: 'holdfast.yaml:1',
  keep: { daily: 7 }, retention: { zone: 'UTC', keepVerified: 2, locations: 1, verifiedWithin: hours(24 * 30) }, ...more,
})

export async function keepWorld(t: { after(act: () => void): void }, sets: readonly BackupSet[] = [setOf()], copies = 9): Promise<KeepWorld> {
  const tasks: ToGuard[] = []
  const it = await keeperWorld(t, { ...configOf([]), plan: { ...plan, people: { ada: approver('ada'), bo: approver('bo') } }, backups: sets, shrink: 86_400 }, { toGuard: (message) => (tasks.push(message), true) })
  // Arming waits for a store's try-out, which nobody makes here.
  it.patience.seconds = 15
  const wall = () => it.keeper.now().wall
  const store = memoryStore(wall, wall)
  const when = new Map<string, Partial<Copy>>()
  let hands = 0
  const hear = async (message: FromHand, link: object) => {
    let isOver = false
    const told = it.keeper.hand.hear(message, link).finally(() => void (isOver = true))
    await it.settle()
    // Something is asked of a process that does not answer: nobody waits for long.
    if (!isOver) await it.leap(seconds(8))
    return told
  }
  const listing = (): Copy[] => [...store.stacks.values()].flatMap((stack) => {
    const [top] = stack
    if (top?.is !== 'version') return []
    const { key, etag, bytes, versionId, modifiedAt } = top
    return [{ key, etag, bytes, modifiedAt, ...(versionId === undefined ? {} : { versionId }), ...when.get(key) }]
  })
  const give = async (of: string, says: string | undefined): Promise<void> => {
    const task = tasks.findLast((one) => one.is === 'task' && one.task.is === 'list' && one.task.store === of)
    assert(task !== undefined)
    const result: Listed = says === undefined ? { is: 'listed', identity: store.identity, copies: listing(), clock: { is: 'read', at: wall(), ahead: { least: 0, most: 0 } } } : { is: 'not-listed', says }
    it.keeper.guard.hear({ is: 'task-done', id: task.id, result })
    await it.settle()
  }
  const world: KeepWorld = Object.assign(it, {
    store,
    add(night: number, more: Partial<Copy> = {}) {
      const key = keyOf(night)
      store.put(key)
      when.set(key, { modifiedAt: instantOf(START - night * DAY), ...more })
    },
    async list({ store: of, says, proven = true }: { readonly store?: string; readonly says?: string; readonly proven?: boolean } = {}) {
      for (const lies of sets[0]?.in ?? []) {
        if (of !== undefined && lies.store !== of) continue
        it.keeper.guard.ask({ is: 'list', set: 'shop', store: lies.store })
        await give(lies.store, says)
        if (!proven || says !== undefined) continue
        const bare = listing().filter(({ key, etag }) => it.sql.get('select 1 as x from guard_proof where key = ? and etag = ? and store = ?', key, etag, lies.store) === undefined)
        for (const { key, etag } of bare) void it.keeper.engine.turn('prove', (tx) => void tx.append({ is: 'guard.proved', stream: 'backup:shop', body: { set: 'shop', store: lies.store, key, etag, rung: 2, says: '', at: tx.now.wall } }))
        await it.settle()
      }
    },
    async ripen() {
      for (let n = 0; n < 4; n++) {
        await world.list()
        await it.leap(seconds(2))
      }
      await world.list()
    },
    async plan(of = 'main') {
      const { plans } = (await it.ask('backups.plan', { set: 'shop', store: of }) as unknown as { body: { plans: RetentionPlanAnswer[] } }).body
      assert(plans[0])
      return plans[0]
    },
    async apply(plan: string) {
      return (await it.ask('backups.apply', { plan, person: 'ada' })).body as Record<string, unknown>
    },
    work: (die?: { readonly at: number; readonly when: 'before' | 'after' }) => work(world, hear, { link: { n: ++hands }, ...(die && { die }) }),
    async agree(people: readonly string[] = ['ada', 'bo']) {
      const { stream: id } = it.entries().findLast(({ is }) => is === 'agreement.asked') ?? { stream: '' }
      const assents = people.map((person) => ({ as: 'approves', identity: { person, addresses: [`${person}@acme.example`], phones: [], subjects: [], factors: [`f-${person}`] } }))
      void it.keeper.engine.turn('agree', (tx) => void tx.append({ is: 'agreement.pressed', stream: `${id}/presses`, body: { id, phase: { is: 'agreed' }, assents, at: tx.now.wall } }))
      await it.settle()
    },
    standing: () => [...store.stacks].filter(([, stack]) => stack[0]?.is === 'version').map(([key]) => key).sort().toReversed(),
  })
  for (let night = 0; night < copies; night++) world.add(night)
  return world
}

/** After a lease that somebody else may hold: 21 s, and so it is before what was left behind is looked at. */
const LEASED: Span = ms(21_000)

async function work(world: KeepWorld, hear: (message: FromHand, link: object) => Promise<Awaited<ReturnType<KeeperWorld['keeper']['hand']['hear']>>>, { link, die }: { readonly link: object; readonly die?: { readonly at: number; readonly when: 'before' | 'after' } }): Promise<string[]> {
  const { store } = world
  const halves = { ...store, now: () => world.keeper.now() }
  const signal = new AbortController().signal
  const did: string[] = []
  let count = 0
  await world.leap(LEASED)
  for (let round = 0; round < 60; round++) {
    const leased = await hear({ is: 'lease' }, link)
    if (leased.is !== 'lease' || leased.lease.is !== 'granted') return did
    const { term } = leased.lease
    const told = await hear({ is: 'work', term }, link)
    if (told.is === 'probe') {
      const { capabilities, clock } = await store.deleting.probe(signal)
      await hear({ is: 'probed', term, store: told.store, identity: store.identity, capabilities, clock, moves: false, keeps: { is: 'pass' }, way: { versioning: 'enabled', noncurrent: 'ever', conditionalDelete: true, lockHolds: true } }, link)
    } else if (told.is === 'look') {
      for (const doubt of told.doubts) await hear({ is: 'looked', term, id: doubt.id, found: await look(doubt, halves, signal) }, link)
    } else if (told.is === 'acts') {
      for (const order of told.orders) {
        const dies = die !== undefined && ++count === die.at
        if (dies && die.when === 'before') return did
        const ended: Ended = await perform(order, halves, signal)
        did.push(`${order.act} ${order.what.key} ${ended.is}`)
        if (dies) return did
        await hear({ is: 'ended', term, id: order.id, ended }, link)
      }
    } else {
      await hear({ is: 'bye' }, link)
      return did
    }
  }
  throw new Error('the hand never came to an end')
}
