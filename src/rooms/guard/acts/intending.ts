// From a handful that was chosen to orders for the hand, in one turn: each act is ruled on by what is known now, and its intent is written down. Only what
// is durable afterwards goes out; what may not be done falls with a reason, and acts that are not what was judged fall all together (G-6, G-8, G-11).
import type { Found } from '../../../core/evidence.ts'
import { dueIn, ms, type Span } from '../../../core/time.ts'
import type { Tx } from '../../../db/room.ts'
import { marginsOf } from '../reconcile/margins.ts'
import type { Checked } from './asking.ts'
import { setAsideOf, type Quiet } from './doubts.ts'
import { byHand, intentId, tellHeld, type Acts } from './index.ts'
import { identityOf, isOpen } from './life.ts'
import type { Order, ToHand } from './protocol.ts'
import { rule, type Grounds, type StoreSeen } from './rulings.ts'
import { digestOf, dropActs, identityOfStore, latestPlan, loadActs, loadApproval, loadHeld, loadJob, loadObject, moveAct, passedSince, type ActRow, type ObjectRow, type PlanRow } from './rows.ts'
import { tell } from './telling.ts'

/** What is needed of the node. */
export interface Intending {
  readonly acts: Acts
  readonly lived: () => Span
  /** Of the store that a job has now, by the configuration's name for it; `undefined` when the job is no longer configured. */
  readonly storeOf: (reconcile: string) => string | undefined
  /** Of jobs with rules of their own; asked once for each handful, in the turn that writes its intents. */
  readonly rules?: (tx: Tx, job: string) => typeof rule | undefined
}

/** What was found out of stores, and what the hand has been given. */
export interface Seen {
  readonly seen: ReadonlyMap<string, StoreSeen>
  readonly quiet: Quiet
}

/** The next few of one plan, and what the catalogue said of them just now. */
export interface Chosen {
  readonly plan: string
  readonly reconcile: string
  readonly store: string
  readonly head: PlanRow | undefined
  readonly chosen: readonly ActRow[]
  readonly checked: Exclude<Checked, 'pending'>
}

/** Rules on each, writes down what may be done, and lets fall what may not. What is in one store goes out together. */
export function intendAll(tx: Tx, ports: Intending, memory: Seen, { plan, reconcile, store, head, chosen, checked }: Chosen): ToHand | undefined {
  const isHand = plan === byHand(reconcile)
  const known = identityOfStore(tx.sql, reconcile) ?? ''
  const again = chosen.some(({ act }) => act === 'purge') ? purgedByLatest(tx, reconcile) : undefined
  const orders: Order[] = []
  const ruled = ports.rules?.(tx, reconcile) ?? rule
  let place: string | undefined
  let edited = !isHand && head !== undefined && digestOf(loadActs(tx.sql, plan)) !== head.digest
  for (const act of chosen) {
    const object = loadObject(tx.sql, reconcile, act.key)
    const held = loadHeld(tx.sql, reconcile, act.key)
    // Under a person's name nothing is done but what the ledger says that they asked for.
    if (isHand && (act.act !== 'release' || held === undefined)) {
      edited = true
      continue
    }
    const identity = act.act === 'release' ? (identityOf(object.life) ?? known) : (head?.identity ?? '')
    if (identity !== (place ?? identity)) continue
    const grounds = groundsOf(tx, ports, memory, { plan, reconcile, head, store, identity, edited })
    const found = ruled(act.act, {
      item: act.given.item, key: Buffer.from(act.key, 'hex'), life: object.life, flag: act.given.flag, lock: act.given.lock, copied: act.given.copied, modifiedAt: act.given.modifiedAt, recheck: checked.get(act.key),
      heldBy: held === undefined || held.state === 'lifted' ? '' : held.by_, again: act.act === 'purge' ? again?.(act) : undefined,
    }, grounds)
    if (found.is === 'pass') {
      const made = ports.acts.intend(tx, { plan, reconcile, act, identity, ...(grounds.approval && { agreement: grounds.approval.agreement }) })
      if (typeof made === 'string') {
        moveAct(tx.sql, plan, act.n, 'held', made)
        if (act.act === 'release') tellHeld(tx, { reconcile, plan, key: act.key, says: made })
      } else {
        place = identity
        orders.push(orderOf(made.object))
      }
    } else if (found.is === 'fail') moveAct(tx.sql, plan, act.n, 'held', found.says)
    else if (found.is === 'unknown' && act.act === 'release') moveAct(tx.sql, plan, act.n, 'waiting', found.says)
  }
  if (edited) {
    // Not one of them is what was judged, or asked for: none is ever done, and whoever changed them is looked for.
    dropActs(tx.sql, plan)
    tell(tx, `reconcile:${reconcile}/edited`, `A plan of ${reconcile} was changed after it was made`, `nothing more of plan ${plan} is done: its acts are not what was judged`)
  }
  if (orders.length === 0 || place === undefined) return undefined
  memory.quiet.handed(orders.map(({ id }) => id))
  return { is: 'acts', store, identity: place, ...(head?.margins.quarantine !== undefined && { quarantine: head.margins.quarantine }), orders }
}

/** Whether the latest run would remove this very version too: two days after a plan another may know better. */
function purgedByLatest(tx: Tx, reconcile: string): (act: ActRow) => Found {
  const latest = latestPlan(tx.sql, reconcile)
  const acts = latest === undefined ? [] : loadActs(tx.sql, latest.id)
  const isSealed = latest !== undefined && digestOf(acts) === latest.digest
  const versions = new Map(acts.flatMap(({ act, key, given }) => (act === 'purge' ? [[key, given.item.version_id] as const] : [])))
  return ({ key, given }) => {
    if (!isSealed) return { is: 'unknown', says: 'what it would do is not known' }
    return versions.has(key) && versions.get(key) === given.item.version_id ? { is: 'pass' } : { is: 'fail', says: 'it would not' }
  }
}

function orderOf(object: ObjectRow): Order {
  const { life } = object
  if (!isOpen(life)) throw new Error(`${object.key} is ${life.is}: nothing was intended`)
  const id = intentId(object)
  if (life.is === 'leaving') return { id, act: 'quarantine', what: life.what }
  return { id, act: life.is === 'returning' ? 'release' : 'purge', what: setAsideOf(life, object.key) }
}

interface Of {
  readonly plan: string
  readonly reconcile: string
  readonly head: PlanRow | undefined
  readonly store: string
  readonly identity: string
  readonly edited: boolean
}

/** Whoever brings back by hand has no plan to go by, and needs none. */
const NO_MARGINS = marginsOf({ retention: ms(0), oldestCopy: undefined, shrink: 1 })
const NO_PLAN: Pick<PlanRow, 'hash' | 'mode' | 'refusals' | 'binding'> = { hash: '', mode: 'report', refusals: [], binding: null }

function groundsOf(tx: Tx, ports: Intending, { seen }: Seen, { plan, reconcile, head, store, identity, edited }: Of): Grounds {
  const job = loadJob(tx.sql, reconcile)
  const latest = job.latest && { mode: job.breaker.is === 'open' ? ('latched' as const) : job.latest.mode, binding: job.latest.binding, refusals: job.latest.refusals.map(({ id, text }) => ({ id, text, found: 'fail' as const, evidence: [], cure: '' })) }
  return {
    plan: head ?? NO_PLAN, digest: edited ? { now: 'edited', sealed: '' } : { now: '', sealed: '' }, goodUntil: head?.goodUntil ?? dueIn(tx.now, ms(0)), purgeUntil: head?.purgeUntil, latest, arming: job.arming, approval: loadApproval(tx.sql, plan), breaker: job.breaker,
    // Counted only where anything hangs on it.
    passed: job.breaker.is === 'half' ? passedSince(tx.sql, reconcile) : 0,
    store: ports.storeOf(reconcile) === store ? seen.get(store) : undefined, identity, margins: head?.margins ?? NO_MARGINS, now: tx.now, lived: ports.lived(),
  }
}
