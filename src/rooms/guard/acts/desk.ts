// The keeper's side of the hand: who may act, what comes next, and what came of it. What is in doubt is looked at before anything else is begun, and not
// before a request that was left behind can no longer arrive. Then the store is tried out, the catalogue is asked for just the keys of the next few
// acts, each is ruled on again, its intent is written down, and only then the hand hears of it. What may not be done now waits, or falls, with a reason.
import { sentence } from '../../../core/fault.ts'
import { ageOf, hours, minutes, seconds, type Now, type Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { next } from './batch.ts'
import { byHand, intentId, parseIntent, tell, type Acts } from './index.ts'
import { giveBack, grant, isHolder, type Grants } from './lease.ts'
import { actOf, asideOf, isOpen, type Life } from './life.ts'
import type { Doubt, FromHand, Order, ToHand } from './protocol.ts'
import { PROBE_GOOD, rule, type Grounds, type Recheck, type StoreSeen } from './rulings.ts'
import { actsToday, digestOf, dropActs, loadActs, loadApproval, loadJob, loadObject, loadPlan, moveAct, openObjects, tallyOf, waitingPlans, type ActRow, type ObjectRow, type PlanRow } from './rows.ts'

/** A request lapses 30 s after it was signed, and its answer may be late: only then is what it did looked for. By time lived through, which is never more than what went by. */
export const SETTLED: Span = seconds(60)
const PAUSE: Span = seconds(5)
/** What could not be looked at is looked at again after this long. */
const UNSEEN_FOR: Span = seconds(30)
/** The same trouble is written down again after this long. */
const TOLD_AGAIN: Span = hours(1)
/** A store that could not be tried out is tried again after this long. */
const UNFIT_FOR: Span = minutes(1)
const MOST_DOUBTS = 50

export interface DeskPorts {
  readonly now: () => Now
  readonly lived: () => Span
  readonly sql: () => Sql
  readonly acts: Acts
  readonly turn: <T>(name: string, act: (tx: Tx) => T) => Promise<T>
  /** Asks the catalogue for just these keys, now; what it does not say of one is unknown. Hex of the bytes. */
  readonly recheck: (reconcile: string, keys: readonly string[]) => Promise<ReadonlyMap<string, Recheck['row']>>
  /** Of the store that a job has now, by the configuration's name for it; `undefined` when the job is no longer configured. */
  readonly storeOf: (reconcile: string) => string | undefined
  /** For tests. */
  readonly settled?: Span
}

export interface Desk {
  hear(message: FromHand, holder: string): Promise<ToHand>
  /** Has the store tried out anew, before a run; `undefined` when that did not come about within `within`. */
  probe(store: string, quarantine: Span | undefined): void
  /** What was found out last, while it is worth something. */
  probed(store: string): StoreSeen | undefined
  /** Whether there is anything for a hand to do, or something in doubt. */
  wanted(): boolean
}

export function createDesk(ports: DeskPorts): Desk {
  let grants: Grants = { term: 0 }
  const memory: Memory = { seen: new Map(), unfit: new Map(), asked: new Map(), told: new Map(), unseen: new Map() }
  const { seen, unfit } = memory
  const work = async (holder: string, term: number): Promise<ToHand> => {
    if (!isHolder(grants, holder, term, ports.now())) return { is: 'no-lease' }
    const doubt = doubtsOf(ports, memory)
    if (doubt !== undefined) return doubt
    for (const [store, quarantine] of memory.asked) if (!isUnfit(memory, store, ports.now())) return { is: 'probe', store, ...(quarantine !== undefined && { quarantine }) }
    for (const { plan, reconcile } of waitingPlans(ports.sql())) {
      const given = await ofPlan(ports, memory, plan, reconcile, () => isHolder(grants, holder, term, ports.now()))
      if (given !== undefined) return given
    }
    return { is: 'nothing', for: PAUSE }
  }
  return {
    async hear(message, holder) {
      switch (message.is) {
        case 'lease': {
          const given = grant(grants, holder, ports.now())
          grants = given.grants
          return { is: 'lease', lease: given.granted }
        }
        case 'work': return work(holder, message.term)
        case 'probed': {
          const { store, identity, capabilities, moves, keeps, clock, way } = message
          unfit.delete(store)
          memory.asked.delete(store)
          seen.set(store, { seen: ports.now(), identity, capabilities, moves, keeps, clock, way })
          return { is: 'written' }
        }
        case 'unfit': {
          unfit.set(message.store, { at: ports.now(), says: message.says })
          memory.asked.delete(message.store)
          await tellOnce(ports, memory, `store:${message.store}/unfit`, `The store ${message.store} cannot be acted on`, message.says)
          return { is: 'written' }
        }
        case 'ended': {
          await ports.turn('guard.ended', (tx) => ports.acts.ended(tx, message.id, message.ended))
          return { is: 'written' }
        }
        case 'looked': {
          const { found, id } = message
          if (found.is === 'unseen') await cannotSee(ports, memory, id, found.says)
          else await ports.turn('guard.looked', (tx) => ports.acts.looked(tx, id, found))
          return { is: 'written' }
        }
        case 'bye': {
          grants = giveBack(grants, holder)
          return { is: 'written' }
        }
      }
    },
    probe: (store, quarantine) => void memory.asked.set(store, quarantine),
    probed: (store) => freshOf(memory, store, ports.now(), PROBE_GOOD),
    wanted: () => memory.asked.size > 0 || openObjects(ports.sql(), 1).length > 0 || waitingPlans(ports.sql()).length > 0,
  }
}

interface Memory {
  readonly seen: Map<string, StoreSeen>
  readonly unfit: Map<string, { readonly at: Now; readonly says: string }>
  /** Stores to be tried out before a run, and the quarantine that they are to keep. */
  readonly asked: Map<string, Span | undefined>
  readonly told: Map<string, Now>
  /** Jobs of which something in doubt could not be looked at. */
  readonly unseen: Map<string, Now>
}

const isWithin = (at: Now | undefined, now: Now, span: Span): boolean => {
  const age = at && ageOf(at, now)
  return age !== undefined && age <= span
}

const isUnfit = ({ unfit }: Memory, store: string, now: Now): boolean => isWithin(unfit.get(store)?.at, now, UNFIT_FOR)

function freshOf({ seen }: Memory, store: string, now: Now, span: Span): StoreSeen | undefined {
  const it = seen.get(store)
  const age = it && ageOf(it.seen, now)
  return age !== undefined && age <= span ? it : undefined
}

async function tellOnce({ turn, now }: DeskPorts, { told }: Memory, cause: string, title: string, says: string): Promise<void> {
  if (isWithin(told.get(cause), now(), TOLD_AGAIN)) return
  told.set(cause, now())
  await turn('guard.tell', (tx) => tell(tx, cause, title, says))
}

/** What was begun and not heard of again, of one job: once nothing of it can still arrive. */
function doubtsOf({ sql, now, lived, settled = SETTLED, storeOf }: DeskPorts, { unseen }: Memory): ToHand | undefined {
  const ripe = openObjects(sql(), MOST_DOUBTS).filter(({ reconcile, life }) => isOpen(life) && lived() - life.begun.lived >= settled && !isWithin(unseen.get(reconcile), now(), UNSEEN_FOR))
  for (const { reconcile, plan: of } of ripe) {
    const plan = loadPlan(sql(), of) ?? latestOf(sql(), reconcile)
    const store = plan?.store ?? storeOf(reconcile)
    if (store !== undefined) return { is: 'look', store, identity: plan?.identity ?? '', doubts: ripe.filter((it) => it.reconcile === reconcile).map(doubtOf) }
  }
  return undefined
}

async function cannotSee(ports: DeskPorts, memory: Memory, id: string, says: string): Promise<void> {
  const reconcile = parseIntent(id)?.reconcile ?? ''
  memory.unseen.set(reconcile, ports.now())
  await tellOnce(ports, memory, `reconcile:${reconcile}/doubt`, `${reconcile}: what an act did is not known`, `its store cannot be looked at: ${says}`)
}

function doubtOf(object: ObjectRow): Doubt {
  const { life } = object
  if (!isOpen(life)) throw new Error(`${object.key} is ${life.is}: nothing of it is in doubt`)
  return { id: intentId(object), act: actOf(life), what: life.is === 'leaving' ? life.what : setAsideOf(life, object.key), ...(life.is !== 'leaving' && { token: life.aside.token }) }
}

function setAsideOf(life: Life, key: string) {
  const aside = asideOf(life)
  if (aside === undefined) throw new Error(`${key} is ${life.is}: it does not lie aside`)
  return { key: Buffer.from(key, 'hex').toString('utf8'), etag: aside.etag, bytes: aside.bytes, token: aside.token, ...(aside.versionId !== undefined && { versionId: aside.versionId }) }
}

/** The next few of one plan; `undefined` when nothing of it can be done now. */
async function ofPlan(ports: DeskPorts, memory: Memory, plan: string, reconcile: string | null, holds: () => boolean): Promise<ToHand | undefined> {
  const of = reconcile ?? (plan.startsWith('by-hand:') ? plan.slice('by-hand:'.length) : undefined)
  const store = of === undefined ? undefined : (loadPlan(ports.sql(), plan)?.store ?? ports.storeOf(of))
  if (of === undefined || store === undefined) return undefined
  const head = loadPlan(ports.sql(), plan) ?? latestOf(ports.sql(), of)
  const now = ports.now()
  if (freshOf(memory, store, now, half(PROBE_GOOD)) === undefined) {
    if (isUnfit(memory, store, now)) return undefined
    return { is: 'probe', store, ...(head?.margins.quarantine !== undefined && { quarantine: head.margins.quarantine }) }
  }
  const chosen = choose(ports, plan, of, head)
  const destroying = chosen.filter(({ act }) => act !== 'release').map(({ key }) => key)
  const rechecks = destroying.length > 0 ? await recheck(ports, memory, of, destroying) : new Map<string, Recheck>()
  if (!holds()) return { is: 'no-lease' }
  return ports.turn('guard.intend', (tx) => intendAll(tx, ports, memory, { plan, reconcile: of, store, head, chosen, rechecks }))
}

/** For what a person brings back: the store is the one of the newest plan. */
function latestOf(sql: Sql, reconcile: string): PlanRow | undefined {
  const { latest } = loadJob(sql, reconcile)
  return latest && loadPlan(sql, latest.plan)
}

const half = (span: Span): Span => (span / 2) as Span

function choose({ sql, now, lived }: DeskPorts, plan: string, reconcile: string, head: PlanRow | undefined): ActRow[] {
  const waiting = loadActs(sql(), plan).filter(({ state }) => state === 'waiting')
  const room = Math.max(0, (head?.perDay ?? 0) - actsToday(sql(), reconcile, { wall: now().wall, lived: lived() }))
  const approved = loadApproval(sql(), plan) !== undefined
  const doubts = openObjects(sql(), MOST_DOUBTS).filter((it) => it.reconcile === reconcile).length
  // A purge that nobody agreed to yet is not even looked at.
  const left = waiting.filter(({ act }) => act !== 'purge' || approved).map((it) => ({ act: it.act, it }))
  return next(left, { doubts, tally: tallyOf(sql(), plan), room }).map(({ it }) => it)
}

/** Asked anew for each handful: a row that came a minute ago counts. */
async function recheck(ports: DeskPorts, memory: Memory, reconcile: string, keys: readonly string[]): Promise<ReadonlyMap<string, Recheck>> {
  // Counted from before it was asked: what came in while it was on its way is younger than that.
  const seen = ports.now()
  try {
    const rows = await ports.recheck(reconcile, keys)
    return new Map(keys.map((key) => [key, { seen, row: rows.get(key) ?? 'unknown' }]))
  } catch (cause) {
    await tellOnce(ports, memory, `reconcile:${reconcile}/unasked`, `${reconcile}: the catalogue does not answer`, `nothing is touched until it can be asked for single keys again: ${sentence(cause)}`)
    return new Map()
  }
}

interface Chosen {
  readonly plan: string
  readonly reconcile: string
  readonly store: string
  readonly head: PlanRow | undefined
  readonly chosen: readonly ActRow[]
  readonly rechecks: ReadonlyMap<string, Recheck>
}

/** Rules on each, writes down what may be done, and lets fall what may not. */
function intendAll(tx: Tx, ports: DeskPorts, memory: Memory, { plan, reconcile, store, head, chosen, rechecks }: Chosen): ToHand | undefined {
  if (head === undefined) return undefined
  const grounds = groundsOf(tx, ports, memory, plan, reconcile, head, store)
  const orders: Order[] = []
  for (const act of chosen) {
    const object = loadObject(tx.sql, reconcile, act.key)
    const found = rule(act.act, { item: act.given.item, key: Buffer.from(act.key, 'hex'), life: object.life, flag: act.given.flag, lock: act.given.lock, copied: act.given.copied, modifiedAt: act.given.modifiedAt, recheck: rechecks.get(act.key) }, grounds)
    if (found.is === 'pass') {
      const made = ports.acts.intend(tx, { plan, reconcile, act, ...(grounds.approval && { agreement: grounds.approval.agreement }) })
      if (typeof made === 'string') moveAct(tx.sql, plan, act.n, 'held', made)
      else orders.push(orderOf(made.object))
    } else if (found.is === 'fail') moveAct(tx.sql, plan, act.n, 'held', found.says)
  }
  if (grounds.digest.now !== grounds.digest.sealed) {
    // Not one of them is what was judged: none is ever done, and whoever changed them is looked for.
    dropActs(tx.sql, plan)
    tell(tx, `reconcile:${reconcile}/edited`, `A plan of ${reconcile} was changed after it was made`, `nothing of plan ${plan} is done: its acts are not what was judged`)
  }
  if (orders.length === 0) return undefined
  return { is: 'acts', store, identity: head.identity, ...(head.margins.quarantine !== undefined && { quarantine: head.margins.quarantine }), orders }
}

function orderOf(object: ObjectRow): Order {
  const { life } = object
  if (!isOpen(life)) throw new Error(`${object.key} is ${life.is}: nothing was intended`)
  const id = intentId(object)
  if (life.is === 'leaving') return { id, act: 'quarantine', what: life.what }
  return { id, act: life.is === 'returning' ? 'release' : 'purge', what: setAsideOf(life, object.key) }
}

function groundsOf(tx: Tx, ports: DeskPorts, { seen }: Memory, plan: string, reconcile: string, head: PlanRow, store: string): Grounds {
  const job = loadJob(tx.sql, reconcile)
  const acts = loadActs(tx.sql, plan)
  const latest = job.latest && { mode: job.breaker.is === 'open' ? ('latched' as const) : job.latest.mode, binding: job.latest.binding, refusals: job.latest.refusals.map(({ id, text }) => ({ id, text, found: 'fail' as const, evidence: [], cure: '' })) }
  const hand = plan === byHand(reconcile)
  return {
    plan: head, digest: hand ? { now: '', sealed: '' } : { now: digestOf(acts), sealed: head.digest }, goodUntil: head.goodUntil, latest, arming: job.arming, approval: loadApproval(tx.sql, plan), breaker: job.breaker,
    store: ports.storeOf(reconcile) === store ? seen.get(store) : undefined, identity: head.identity, margins: head.margins, now: tx.now, lived: ports.lived(),
  }
}
