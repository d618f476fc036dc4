// The keeper's side of the hand: who may act, what comes next, and what came of it. What is in doubt is looked at before anything else is begun, and not
// before a request that was left behind can no longer arrive. Then the store is tried out, the catalogue is asked for just the keys of the next few
// acts, each is ruled on again, its intent is written down, and only then the hand hears of it. What may not be done now waits, or falls, with a reason.
import { hours, isWithin, minutes, seconds, type Now, type Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import type { CopyWanted, Rechecked } from '../reconcile/task.ts'
import { ANSWER_WITHIN, createAsking, type Asking, type Checked } from './asking.ts'
import { next } from './batch.ts'
import { createQuiet, doubtOf, sameStore, SETTLED, type Quiet } from './doubts.ts'
import { parseIntent, reconcileOf } from './index.ts'
import { intendAll, type Intending } from './intending.ts'
import { firstGrants, giveBack, grant, isHolder } from '../../../core/authority/lease.ts'
import { asideOf, identityOf } from './life.ts'
import type { FromHand, ToHand } from './protocol.ts'
import { ASTRAY_FOR, createReturns, isAstray, type Returns } from './returns.ts'
import { PROBE_GOOD, type StoreSeen } from './rulings.ts'
import { actsToday, armedJobs, identityOfStore, latestPlan, loadActs, loadApproval, loadObject, loadPlan, openObjects, tallyOf, waitingPlans, type ActRow, type PlanRow } from './rows.ts'
import { tell, tellOver, toldUnfit, unfitOf } from './telling.ts'

const PAUSE: Span = seconds(5)
/** What could not be looked at is looked at again after this long. */
const UNSEEN_FOR: Span = seconds(30)
/** The same trouble is written down again after this long. */
const TOLD_AGAIN: Span = hours(1)
/** A store that could not be tried out is tried again after this long. */
const UNFIT_FOR: Span = minutes(1)
const MOST_DOUBTS = 50

export interface DeskPorts extends Intending {
  readonly now: () => Now
  readonly sql: () => Sql
  readonly turn: <T>(name: string, act: (tx: Tx) => T) => Promise<T>
  /** Asks the catalogue, and the place of the copies, for just these keys, now; what they do not say of one is unknown. Hex of the bytes. */
  readonly recheck: (reconcile: string, keys: readonly string[], copies: readonly CopyWanted[]) => Promise<Rechecked>
  /** Resolves after a while. */
  readonly after: (span: Span) => Promise<void>
  /** For tests. */
  readonly settled?: Span
}

export interface Desk {
  hear(message: FromHand, holder: string): Promise<ToHand>
  /** Has the store tried out anew, before a run; `undefined` when that did not come about within `within`. */
  probe(store: string, quarantine: Span | undefined): void
  /** What was found out last, while it is worth something. */
  probed(store: string): StoreSeen | undefined
  /** Why it could not be tried out when that was last tried, and whether that was just now. */
  unfit(store: string): { readonly says: string; readonly lately: boolean } | undefined
  /** What was told of a store in which nothing acts any more is over: nobody would try it out again. */
  tidy(): void
  /** The configuration is another one: whatever was seen of a store may have been another store. */
  forget(): void
  /** The stores in which there is anything for a hand to do, or something in doubt. */
  needs(): Needs
}

/** `sign`: another one when there is something new to do. `asked`: a run waits for one of them. `progress`: counts whatever has come to an end. */
export interface Needs {
  readonly stores: readonly string[]
  readonly sign: string
  readonly asked: boolean
  readonly progress: number
}

export function createDesk(ports: DeskPorts): Desk {
  let grants = firstGrants(ports.now())
  const { now, recheck } = ports
  const memory: Memory = {
    seen: new Map(), unfit: new Map(), asked: new Map(), told: new Map(), unseen: new Map(), progress: 0, quiet: createQuiet(ports.lived, ports.settled ?? SETTLED),
    returns: createReturns(ports.now),
    asking: createAsking({ now, recheck, failed: (reconcile, says) => tellOnce(ports, memory, `reconcile:${reconcile}/unasked`, `${reconcile}: the catalogue does not answer`, `nothing is touched until single keys can be asked for again: ${says}`) }),
  }
  const work = async (holder: string, { term, stores }: FromHand & { is: 'work' }): Promise<ToHand> => {
    const holds = (): boolean => isHolder(grants, holder, term, ports.now())
    if (!holds()) return { is: 'no-lease' }
    memory.quiet.idle()
    const has = (store: string): boolean => stores === undefined || stores.includes(store)
    const doubt = doubtsOf(ports, memory, has)
    if (doubt !== undefined) return doubt
    for (const [store, quarantine] of memory.asked) if (has(store) && !isUnfit(memory, store, ports.now())) return { is: 'probe', store, ...(quarantine !== undefined && { quarantine }) }
    const late = ports.after(ANSWER_WITHIN)
    for (const { plan, reconcile } of waitingPlans(ports.sql())) {
      const given = await ofPlan(ports, memory, { plan, reconcile, holds, has, late })
      if (given !== undefined) return given
    }
    return { is: 'nothing', for: PAUSE }
  }
  return {
    async hear(message, holder) {
      switch (message.is) {
        case 'lease': {
          const given = grant(grants, holder, ports.now())
          if (given.granted.is === 'granted' && given.granted.term !== grants.term) memory.quiet.changed()
          grants = given.grants
          return { is: 'lease', lease: given.granted }
        }
        case 'work': return work(holder, message)
        case 'bye': {
          if (grants.holder === holder) memory.quiet.idle()
          grants = giveBack(grants, holder)
          return { is: 'written' }
        }
        default: return heard(ports, memory, message)
      }
    },
    probe: (store, quarantine) => void memory.asked.set(store, quarantine),
    probed: (store) => freshOf(memory, store, ports.now(), PROBE_GOOD),
    unfit(store) {
      const last = memory.unfit.get(store)
      return last && { says: last.says, lately: isUnfit(memory, store, ports.now()) }
    },
    tidy() {
      const idle = toldUnfit(ports.sql()).filter((store) => !isActedOn(ports, store))
      for (const store of idle) memory.told.delete(unfitOf(store))
      // Where that could not be written it is looked at again.
      if (idle.length > 0) void ports.turn('guard.tell', (tx) => idle.forEach((store) => tellOver(tx, unfitOf(store), 'nothing is armed there any more, and nothing waits to be done', 'the keeper'))).catch(() => undefined)
    },
    forget() {
      memory.seen.clear()
      memory.unfit.clear()
      memory.returns.forget()
    },
    needs: () => needsOf(ports, memory),
  }
}

/** What came of something. Under whatever lease it was done: it was done. */
async function heard(ports: DeskPorts, memory: Memory, message: Exclude<FromHand, { is: 'lease' | 'work' | 'bye' }>): Promise<ToHand> {
  switch (message.is) {
    case 'probed': {
      const { store, identity, capabilities, moves, keeps, clock, way } = message
      memory.unfit.delete(store)
      memory.asked.delete(store)
      memory.seen.set(store, { seen: ports.now(), identity, capabilities, moves, keeps, clock, way })
      memory.told.delete(unfitOf(store))
      if (capabilities.sets_aside.is !== 'fail' && capabilities.brings_back.is !== 'fail') await ports.turn('guard.tell', (tx) => tellOver(tx, unfitOf(store), 'it was tried out, and can be acted on'))
      break
    }
    case 'unfit': {
      memory.unfit.set(message.store, { at: ports.now(), says: message.says })
      memory.asked.delete(message.store)
      // Where nothing is done to anything, nobody is kept from anything: its locks were looked at, or somebody is about to arm it and reads it there.
      if (isActedOn(ports, message.store)) await tellOnce(ports, memory, unfitOf(message.store), `The store ${message.store} cannot be acted on`, `${message.says}. It is tried out again before each act; once that succeeds, this is over`, unfitOf(message.store))
      break
    }
    case 'ended': {
      const { id, ended } = message
      const named = parseIntent(id)
      const isReturn = named !== undefined && loadObject(ports.sql(), named.reconcile, named.key).life.is === 'returning'
      await ports.turn('guard.ended', (tx) => ports.acts.ended(tx, id, ended))
      if (ended.is !== 'unknown') memory.quiet.ended(id)
      if (isReturn && ended.is === 'refused' && ended.why === 'unable') await notBack(ports, memory, named.reconcile, ended.says)
      else {
        if (isReturn) memory.returns.came(named.reconcile)
        memory.progress++
      }
      break
    }
    case 'looked': {
      const { found, id } = message
      if (found.is === 'unseen') await cannotSee(ports, memory, id, found.says)
      else {
        await ports.turn('guard.looked', (tx) => ports.acts.looked(tx, id, found))
        memory.quiet.ended(id)
        memory.progress++
      }
      break
    }
  }
  return { is: 'written' }
}

/** It stays aside and is tried again. Once is an accident; from the second time on somebody hears of it. */
async function notBack(ports: DeskPorts, memory: Memory, reconcile: string, says: string): Promise<void> {
  if (memory.returns.failed(reconcile) > 1) await tellAway(ports, memory, reconcile, says)
}

const tellAway = (ports: DeskPorts, memory: Memory, reconcile: string, says: string): Promise<void> =>
  tellOnce(ports, memory, `reconcile:${reconcile}/away`, `${reconcile}: what is to come back lies aside`, `it cannot be brought back now: ${says}. It is tried again and again`)

function needsOf(ports: Pick<DeskPorts, 'sql' | 'storeOf'>, { asked, progress }: Memory): Needs {
  const todo = todoIn(ports)
  const stores = new Set([...asked.keys(), ...todo.map(({ store }) => store)])
  return { stores: [...stores].sort(), sign: todo.map(({ sign }) => sign).join(), asked: asked.size > 0, progress }
}

/** What is in doubt, and what waits to be done, by its store. */
function todoIn({ sql, storeOf }: Pick<DeskPorts, 'sql' | 'storeOf'>): readonly { readonly store: string; readonly sign: string }[] {
  const open = openObjects(sql(), MOST_DOUBTS).map(({ reconcile, key, version, plan }) => ({ store: loadPlan(sql(), plan)?.store ?? storeOf(reconcile), sign: `${version}.${key}` }))
  const waits = waitingPlans(sql()).map((it) => ({ store: placeOf({ sql, storeOf }, it)?.store, sign: it.plan }))
  return [...open, ...waits].flatMap(({ store, sign }) => (store === undefined ? [] : [{ store, sign }]))
}

/** Whether anything is done in a store: something waits there or is in doubt, or a job that is armed acts on it. */
const isActedOn = ({ sql, storeOf }: Pick<DeskPorts, 'sql' | 'storeOf'>, store: string): boolean =>
  todoIn({ sql, storeOf }).some((it) => it.store === store) || armedJobs(sql()).some(({ reconcile }) => storeOf(reconcile) === store)

/** Which job a plan is of, and in which store it acts; nothing where nobody knows. */
function placeOf({ sql, storeOf }: Pick<DeskPorts, 'sql' | 'storeOf'>, { plan, reconcile }: { readonly plan: string; readonly reconcile: string | null }): { readonly of: string; readonly store: string } | undefined {
  const of = reconcile ?? reconcileOf(plan)
  const store = of === undefined ? undefined : (loadPlan(sql(), plan)?.store ?? storeOf(of))
  return of === undefined || store === undefined ? undefined : { of, store }
}

interface Memory {
  readonly seen: Map<string, StoreSeen>
  readonly unfit: Map<string, { readonly at: Now; readonly says: string }>
  /** Stores to be tried out before a run, and the quarantine that they are to keep. */
  readonly asked: Map<string, Span | undefined>
  readonly told: Map<string, Now>
  /** Jobs of which something in doubt could not be looked at. */
  readonly unseen: Map<string, Now>
  readonly quiet: Quiet
  readonly asking: Asking
  readonly returns: Returns
  progress: number
}

const isUnfit = ({ unfit }: Memory, store: string, now: Now): boolean => isWithin(unfit.get(store)?.at, now, UNFIT_FOR)

function freshOf({ seen }: Memory, store: string, now: Now, span: Span): StoreSeen | undefined {
  const it = seen.get(store)
  return isWithin(it?.seen, now, span) ? it : undefined
}

async function tellOnce({ turn, now }: DeskPorts, { told }: Memory, cause: string, title: string, says: string, ends?: string): Promise<void> {
  if (isWithin(told.get(cause), now(), TOLD_AGAIN)) return
  told.set(cause, now())
  await turn('guard.tell', (tx) => tell(tx, cause, title, says, ends === undefined ? {} : { ends }))
}

/** What was begun and not heard of again, of one job: once nothing of it can still arrive. */
function doubtsOf({ sql, now, storeOf }: DeskPorts, { unseen, quiet }: Memory, has: (store: string) => boolean): ToHand | undefined {
  const ripe = openObjects(sql(), MOST_DOUBTS).filter((it) => quiet.isSettled(it) && !isWithin(unseen.get(it.reconcile), now(), UNSEEN_FOR))
  for (const { reconcile, plan: of } of ripe) {
    const plan = loadPlan(sql(), of)
    const store = plan?.store ?? storeOf(reconcile)
    if (store === undefined || !has(store)) continue
    const { identity, there } = sameStore(ripe.filter((it) => it.reconcile === reconcile), plan?.identity ?? identityOfStore(sql(), reconcile) ?? '')
    return { is: 'look', store, identity, doubts: there.map(doubtOf) }
  }
  return undefined
}

async function cannotSee(ports: DeskPorts, memory: Memory, id: string, says: string): Promise<void> {
  const reconcile = parseIntent(id)?.reconcile ?? ''
  memory.unseen.set(reconcile, ports.now())
  await tellOnce(ports, memory, `reconcile:${reconcile}/doubt`, `${reconcile}: what an act did is not known`, `its store cannot be looked at: ${says}`)
}

interface Next {
  readonly plan: string
  readonly reconcile: string | null
  readonly holds: () => boolean
  readonly has: (store: string) => boolean
  /** When whoever asks is not kept waiting any longer. */
  readonly late: Promise<void>
}

/** The next few of one plan; `undefined` when nothing of it can be done now. */
async function ofPlan(ports: DeskPorts, memory: Memory, { plan, reconcile, holds, has, late }: Next): Promise<ToHand | undefined> {
  const place = placeOf(ports, { plan, reconcile })
  if (place === undefined || !has(place.store)) return undefined
  const { of, store } = place
  const head = loadPlan(ports.sql(), plan) ?? latestPlan(ports.sql(), of)
  const now = ports.now()
  const chosen = choose(ports, memory, { plan, reconcile: of, head })
  const stray = chosen.find(({ act, key }) => act === 'release' && isAstray(memory.seen.get(store), lieIn(ports.sql(), of, key), now, PROBE_GOOD))
  if (stray !== undefined) {
    await tellAway(ports, memory, of, `the store ${store} is another one now`)
    const isTriedLately = isUnfit(memory, store, now) || isAstray(memory.seen.get(store), lieIn(ports.sql(), of, stray.key), now, ASTRAY_FOR)
    if (!isTriedLately) return { is: 'probe', store, ...(head?.margins.quarantine !== undefined && { quarantine: head.margins.quarantine }) }
  }
  const destroying = chosen.filter(({ act }) => act !== 'release')
  if (destroying.length > 0 && freshOf(memory, store, now, half(PROBE_GOOD)) === undefined) {
    if (isUnfit(memory, store, now)) return undefined
    return { is: 'probe', store, ...(head?.margins.quarantine !== undefined && { quarantine: head.margins.quarantine }) }
  }
  const checked: Checked = destroying.length > 0 ? await memory.asking.ask(of, destroying.map(({ key }) => key), copiesOf(ports.sql(), of, destroying), late) : new Map()
  if (!holds()) return { is: 'no-lease' }
  if (checked === 'pending') return undefined
  return ports.turn('guard.intend', (tx) => intendAll(tx, ports, memory, { plan, reconcile: of, store, head, chosen, checked }))
}

/** What has to lie in the other place for these to be purged. */
const copiesOf = (sql: Sql, reconcile: string, acts: readonly ActRow[]): CopyWanted[] => acts.flatMap(({ act, key }) => {
  const aside = act === 'purge' ? asideOf(loadObject(sql, reconcile, key).life) : undefined
  return aside ? [{ key, version: aside.version, etag: aside.etag, bytes: aside.bytes }] : []
})

const half = (span: Span): Span => (span / 2) as Span

/** Of the store in which it was put aside. */
const lieIn = (sql: Sql, reconcile: string, key: string): string => identityOf(loadObject(sql, reconcile, key).life) ?? identityOfStore(sql, reconcile) ?? ''

function choose({ sql, now, lived }: DeskPorts, { returns }: Memory, { plan, reconcile, head }: { readonly plan: string; readonly reconcile: string; readonly head: PlanRow | undefined }): ActRow[] {
  const waiting = loadActs(sql(), plan).filter(({ state, act }) => state === 'waiting' && (act !== 'release' || !returns.rests(reconcile)))
  const room = Math.max(0, (head?.perDay ?? 0) - actsToday(sql(), reconcile, { wall: now().wall, lived: lived() }))
  const approved = loadApproval(sql(), plan) !== undefined
  const doubts = openObjects(sql(), MOST_DOUBTS).filter((it) => it.reconcile === reconcile).length
  // A purge that nobody agreed to yet is not even looked at.
  const left = waiting.filter(({ act }) => act !== 'purge' || approved).map((it) => ({ act: it.act, it }))
  return next(left, { doubts, tally: tallyOf(sql(), plan), room }).map(({ it }) => it)
}
