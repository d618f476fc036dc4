// The keeper's line to the hand: what it asks is answered by the desk of the guard room. Each connection is a holder of its own, so that two hands
// are never taken for one. In which stores a hand is wanted is said with some patience: a plan is many handfuls, and a start costs more than a wait. One
// that comes to no end with anything is sent away all the same, and called again after a while, each time a longer one: no process that could delete
// stays because something is for ever in doubt.
import type { Found } from '../../core/evidence.ts'
import { ageOf, hours, isWithin, minutes, seconds, type Now, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import { createDesk, type Desk, type DeskPorts, type Needs } from '../../rooms/guard/acts/desk.ts'
import type { Acts } from '../../rooms/guard/acts/index.ts'
import type { Task } from '../../rooms/guard/protocol.ts'
import { marginsFor, parseJob } from '../../rooms/guard/retention/job.ts'
import { judgedIn } from '../../rooms/guard/objects/standing.ts'
import { loadIdentity, loadListing } from '../../rooms/guard/rows.ts'
import { isWorthTrying, loadLocks, loadTried, saveTried } from '../../rooms/guard/sets/locked.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import { marginsOf } from '../../rooms/guard/reconcile/margins.ts'
import type { Way } from '../../rooms/guard/reconcile/readings.ts'
import { fitToArm, isUntried, type StoreSeen } from '../../rooms/guard/acts/rulings.ts'
import { loadState } from '../../rooms/guard/reconcile/rows.ts'
import type { Rechecked } from '../../rooms/guard/reconcile/task.ts'
import type { FromHand, ToHand } from '../../rooms/guard/acts/protocol.ts'

export interface HandLine {
  /** A run that was armed is told what its store was just seen to do; where nobody could find out in time, it is told that. Nothing for tasks that need none. */
  prepare(task: Task): Promise<Task> | undefined
  /** Once a second. */
  tick(): void
  /** `link`: whose message it is; the same object for all of one connection. */
  hear(message: FromHand, link: object): Promise<ToHand>
  /** Why a store cannot be acted on, where that was found out lately. */
  unfit(store: string): string | undefined
  /** What trying a store out has shown within the last minutes; where nobody knows, the hand is called to try it out now. */
  tried(store: string, quarantine: Span | undefined): Found
  /** The same, and nobody is called for it. */
  seen(store: string): Found
  /** Resolves once every store that the hand was called to try out was, or could not be; after 8 s at the latest: whoever is about to ask people knows then what to tell them. */
  settled(): Promise<void>
  /** The configuration is another one: nothing that was seen of a store before counts. */
  forget(): void
  /** The stores for which the process should be there; without any it should not. */
  wanted(): readonly string[]
}

interface HandLineWants {
  readonly now: () => Now
  readonly lived: () => Span
  readonly sql: () => Sql
  readonly acts: () => Acts
  readonly turn: <T>(name: string, act: (tx: Tx) => T) => Promise<T>
  readonly storeOf: DeskPorts['storeOf']
  readonly rules: NonNullable<DeskPorts['rules']>
  readonly retentionOf: (reconcile: string) => Span
  readonly shrink: () => number
  /** The sets of backups in force. */
  readonly sets: () => ReadonlyMap<string, BackupSet>
  /** Has a long read done, and waits for it. */
  readonly wait: (task: Task, within: Span) => Promise<unknown>
}

/** So long it stays when there is nothing more to do. */
const LINGERS: Span = seconds(30)
/** So long it stays when there is something, and nothing of it comes to an end. */
export const FRUITLESS: Span = minutes(3)
/** Then it is gone for so long, and each time twice as long, up to the last. */
const AWAY: Span = minutes(1)
const LONGEST_AWAY: Span = minutes(30)
const RECHECK_WITHIN: Span = seconds(60)
/** Before a copy is touched, every store of its set was listed within this time (G-1 grants three times as much). */
const LISTED_WITHIN: Span = minutes(5)
/** A listing that did not come is asked for again after this long. */
const LIST_AGAIN: Span = seconds(30)
const LONGEST_LISTING: Span = minutes(65)
/** So long a run waits for its store to be tried out. */
const PROBE_WITHIN: Span = seconds(90)
/** So long whoever arms something waits for its stores to be tried out: less than a call to the keeper may take. */
const SETTLE_WITHIN: Span = seconds(8)
/** So often it is looked at whether what was told of stores still stands in anybody's way. */
const TIDY_EVERY: Span = minutes(1)
/** So often it is looked at whether a store's locks would earn something. */
const LOOK_FOR_LOCKS: Span = minutes(10)
/** One that was asked for, and came to nothing, is asked for again after this long. */
const TRY_LOCKS_AGAIN: Span = hours(6)

interface Waiting {
  readonly store: string
  readonly before: StoreSeen | undefined
  readonly since: Now
  readonly tell: (way: Way | 'none') => void
}

export function createHandLine(wants: HandLineWants): HandLine {
  let desk: Desk | undefined
  let tidied: Now | undefined
  const holders = new WeakMap<object, string>()
  let count = 0
  const presence = createPresence(wants.now)
  const waiting = new Set<Waiting>()
  const settling = new Set<{ readonly since: Now; readonly tell: () => void }>()
  const sleeping = new Set<{ readonly since: Now; readonly span: Span; readonly wake: () => void }>()
  const after = (span: Span): Promise<void> => new Promise((wake) => sleeping.add({ since: wants.now(), span, wake }))
  const listed = createListing(wants)
  const trying = createTrying(wants)
  const recheck: DeskPorts['recheck'] = async (job, keys, copies) => {
    const of = parseJob(job)
    if (of !== undefined) return { rows: (await listed(of.set)) ? Object.fromEntries(keys.map((key) => [key, 'none'])) : {}, copies: {} }
    const { former, copies: read } = loadState(wants.sql(), job)
    return (await wants.wait({ is: 'recheck', reconcile: job, keys, copies, former, ...(read === undefined ? {} : { read }) }, RECHECK_WITHIN)) as Rechecked
  }
  // Made when it is first needed: the rooms are made after the line.
  const made = (): Desk => (desk ??= createDesk({ ...wants, acts: wants.acts(), after, recheck }))
  const holderOf = (link: object): string => {
    const known = holders.get(link) ?? `hand-${++count}`
    holders.set(link, known)
    return known
  }
  return {
    async hear(message, link) {
      // Kept beyond this process: what a store did with a locked canary is what its locks are worth (3-2-1-1-0).
      if (message.is === 'probed') await wants.turn('guard.tried', (tx) => saveTried(tx.sql, message.store, tx.now, { identity: message.identity, lock: message.capabilities.lock }))
      return made().hear(message, holderOf(link))
    },
    unfit(store) {
      const last = made().unfit(store)
      return last?.lately === true ? last.says : undefined
    },
    tried(store, quarantine) {
      const found = lastTried(made(), store, wants.now())
      // Whoever asks may have mended it since: what was refused once is not refused for as long as what was granted is believed.
      if (found.is !== 'pass') made().probe(store, quarantine)
      return found
    },
    seen: (store) => sayUntried(lastTried(made(), store, wants.now())),
    settled: () => (made().needs().asked ? new Promise((tell) => settling.add({ since: wants.now(), tell })) : Promise.resolve()),
    prepare(task) {
      const store = task.is === 'reconcile' && task.knows.arming !== 'none' ? wants.storeOf(task.reconcile) : undefined
      if (task.is !== 'reconcile' || store === undefined) return undefined
      const { oldestCopy, shrink } = task.knows
      made().probe(store, marginsOf({ retention: wants.retentionOf(task.reconcile), oldestCopy, shrink }).quarantine)
      return new Promise((resolve) => waiting.add({ store, before: made().probed(store), since: wants.now(), tell: (way) => resolve({ ...task, knows: { ...task.knows, way } }) }))
    },
    tick() {
      // From its beginning on it counts how long a lease of the keeper before it may last.
      made()
      trying.tick((store) => made().probe(store, marginsFor(wants.shrink()).quarantine))
      if (!isWithin(tidied, wants.now(), TIDY_EVERY)) {
        tidied = wants.now()
        made().tidy()
      }
      for (const one of sleeping) {
        const age = ageOf(one.since, wants.now())
        if (age !== undefined && age < one.span) continue
        sleeping.delete(one)
        one.wake()
      }
      for (const one of settling) {
        if (made().needs().asked && isWithin(one.since, wants.now(), SETTLE_WITHIN)) continue
        settling.delete(one)
        one.tell()
      }
      for (const one of waiting) {
        const seen = made().probed(one.store)
        const age = ageOf(one.since, wants.now())
        const found = seen !== undefined && seen !== one.before
        if (!found && age !== undefined && age < PROBE_WITHIN) continue
        waiting.delete(one)
        one.tell(found ? seen.way : 'none')
      }
    },
    forget() {
      desk?.forget()
      trying.forget()
    },
    wanted: () => presence.stores(made().needs()),
  }
}

/** Whether all that a set is judged by was looked at just now; where not, it is listed, and only what came of that counts. */
function createListing({ sets, sql, now, wait }: HandLineWants): (set: string) => Promise<boolean> {
  const asked = new Map<string, Now>()
  const stale = (set: string): string[] => (sets().get(set)?.in ?? []).map(({ store }) => store).filter((store) => {
    const { age } = loadListing(sql(), set, store, now())
    return age === undefined || age > LISTED_WITHIN
  })
  return async (set) => {
    const due = stale(set).filter((store) => !isWithin(asked.get(JSON.stringify([set, store])), now(), LIST_AGAIN))
    for (const store of due) asked.set(JSON.stringify([set, store]), now())
    await Promise.all(due.map((store) => wait({ is: 'list', set, store }, LONGEST_LISTING).catch(() => undefined)))
    return stale(set).length === 0
  }
}

/**
 * Has stores tried out whose newest copies are said to be locked, each once in a while: whether a lock is kept is found out on canaries, and nothing else would
 * ask in a store from which nothing ever goes. Never one for which the hand has no credential.
 */
function createTrying({ sets, sql, now }: HandLineWants): { tick(probe: (store: string) => void): void; forget(): void } {
  let looked: Now | undefined
  const asked = new Map<string, Now>()
  return {
    tick(probe) {
      if (isWithin(looked, now(), LOOK_FOR_LOCKS)) return
      looked = now()
      for (const set of sets().values()) {
        for (const lies of set.in) {
          if (lies.readOnly === true || isWithin(asked.get(lies.store), now(), TRY_LOCKS_AGAIN)) continue
          const locks = loadLocks(sql(), set.name, lies.store, now())
          if (!locks.some(({ lock }) => lock.is === 'locked' && lock.sealed === true)) continue
          const newest = judgedIn(sql(), set, lies, now().wall).find(({ counted }) => counted)
          if (!isWorthTrying({ newest, locks, tried: loadTried(sql(), lies.store, now()), identity: loadIdentity(sql(), set.name, lies.store) }, now().wall)) continue
          asked.set(lies.store, now())
          probe(lies.store)
        }
      }
    },
    forget() {
      looked = undefined
      asked.clear()
    },
  }
}

/** What came of trying a store out last. One that could not be reached is not called untried after a minute. */
function lastTried(desk: Desk, store: string, now: Now): Found {
  const unfit = desk.unfit(store)
  if (unfit?.lately === true) return { is: 'fail', says: unfit.says }
  const found = fitToArm(desk.probed(store), now)
  return unfit !== undefined && found.is !== 'fail' ? { is: 'unknown', says: `it could not be tried out when that was last tried: ${unfit.says}` } : found
}

/** What nobody has tried out is never told with a good word, and when it will be. */
const sayUntried = (found: Found): Found => (found.is === 'unknown' && isUntried(found)
  ? { is: 'unknown', says: 'not tried out lately, or not yet: the hand does that on canaries when somebody asks to arm it, before anybody is asked, and again before each run and act' }
  : found)

/** For which stores a hand should be there. */
export function createPresence(now: () => Now): { stores(needs: Needs): readonly string[] } {
  const age = (at: Now | undefined): Span | undefined => at && ageOf(at, now())
  let stores: readonly string[] = []
  let busy: Now | undefined
  /** Since when nothing has come to an end, while something should. */
  let fruitless: { readonly since: Now; readonly progress: number; readonly sign: string } | undefined
  let away: { readonly since: Now; readonly sign: string } | undefined
  let span: Span = AWAY
  const left = (): readonly string[] => {
    const past = age(busy)
    if (past === undefined || past >= LINGERS) stores = []
    return stores
  }
  return {
    stores(needs) {
      const { sign, progress } = needs
      if (needs.stores.length === 0) {
        fruitless = undefined
        away = undefined
        span = AWAY
        return left()
      }
      if (away !== undefined && away.sign !== sign) {
        // There is something new to do.
        away = undefined
        span = AWAY
      }
      const gone = age(away?.since)
      // A run waits for its store to be tried out, and not for long.
      if (away !== undefined && gone !== undefined && gone < span && !needs.asked) return (stores = [])
      if (away !== undefined) {
        away = undefined
        span = Math.min(span * 2, LONGEST_AWAY) as Span
      }
      if (fruitless === undefined || fruitless.progress !== progress || (fruitless.sign !== sign)) {
        if (fruitless !== undefined && fruitless.progress !== progress) span = AWAY
        fruitless = { since: now(), progress, sign }
      }
      const past = age(fruitless.since)
      if (past === undefined || past >= FRUITLESS) {
        fruitless = undefined
        away = { since: now(), sign }
        return (stores = [])
      }
      busy = now()
      // What it was given it keeps while it is there: another start costs more.
      stores = [...new Set([...stores, ...needs.stores])].sort()
      return stores
    },
  }
}
