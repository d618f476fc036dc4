// The hand's rounds: ask for the lease, ask for work, do it object by object, report each before the next. The lease is looked at before every object,
// by the clock that nobody sets, from the moment before it was asked for; when it is over, or the keeper is away, nothing more is begun, and the request
// that is under way is cut off with it (G-8). A handful belongs to the lease under which it was given: after a gap that outlasted it a hand drops what is
// left, whoever has the lease now, and begins again by asking. Which store this is, is asked again before each handful (G-6, G-16).
import { sentence } from '../../core/fault.ts'
import { laterTick, ms, seconds, type Now, type Span, type Stamp } from '../../core/time.ts'
import type { Timers } from '../../ports/world.ts'
import type { Capability, Declared, Deleting, Probed, Reading } from '../../ports/store.ts'
import type { Found } from '../../core/evidence.ts'
import type { Way } from '../../rooms/guard/reconcile/readings.ts'
import { heldSince, leftOf, LEASE, mayBegin, type Held } from '../../core/authority/lease.ts'
import type { Ended, FromHand, ToHand } from '../../rooms/guard/acts/protocol.ts'
import { perform } from './act.ts'
import type { Halves } from './halves.ts'
import { look } from './look.ts'

export interface RoundPorts {
  readonly now: () => Now
  readonly timers: Timers
  /** Asks the keeper; rejects when it is away. */
  readonly ask: (message: FromHand) => Promise<ToHand>
  /** Throws a Fault where the configuration gives no such store, or no means to delete there. */
  readonly store: (name: string) => Halves
  /** The stores that it has the credentials of; absent: all. */
  readonly stores?: readonly string[]
  /** From now on no request leaves after this moment, whatever wakes up. */
  readonly fence?: (until: Stamp) => void
}

const PAUSE: Span = seconds(1)
/** One act, and one look, may take so long. */
const ACT_WITHIN: Span = seconds(15)
const PROBE_WITHIN: Span = seconds(60)

/** Goes round until it is told to stop; resolves when nothing is under way any more. */
export async function rounds(ports: RoundPorts, stopped: AbortSignal, onRound: () => void = () => undefined): Promise<void> {
  const hand: Hand = { ports, stopped, held: undefined }
  while (!stopped.aborted) {
    onRound()
    const pause = await round(hand).catch(() => PAUSE)
    if (pause > 0) await rest(hand, pause)
  }
  await ports.ask({ is: 'bye' }).catch(() => undefined)
}

interface Hand {
  readonly ports: RoundPorts
  readonly stopped: AbortSignal
  held: Held | undefined
}

/** One question and what follows from it; how long to rest afterwards. */
async function round(hand: Hand): Promise<Span> {
  const { ports } = hand
  if (!(await renew(hand)) || hand.held === undefined) return PAUSE
  const told = await ports.ask({ is: 'work', term: hand.held.term, ...(ports.stores && { stores: ports.stores }) })
  switch (told.is) {
    case 'nothing': return told.for
    case 'probe': await probe(hand, told)
      return ms(0)
    case 'look': await lookAll(hand, told)
      return ms(0)
    case 'acts': await actAll(hand, told)
      return ms(0)
    default:
      hand.held = undefined
      return PAUSE
  }
}

/** Has the lease, with enough of it left for one more act; asks for more of it in time. */
async function renew(hand: Hand): Promise<boolean> {
  const { ports } = hand
  if (leftOf(hand.held?.until, ports.now()) < LEASE * 0.7) {
    // Counted from before the question: however long the answer takes, it is not counted twice.
    const asked = ports.now()
    const told = await ports.ask({ is: 'lease' })
    hand.held = told.is === 'lease' && told.lease.is === 'granted' ? heldSince(asked, told.lease) : undefined
  }
  return mayBegin(hand.held, ports.now())
}

/** Whether the lease under which a handful was given is still the one that is held, with enough left: any gap beyond it ends the handful. */
async function goesOn(hand: Hand, term: number | undefined): Promise<boolean> {
  if (hand.stopped.aborted || leftOf(hand.held?.until, hand.ports.now()) === 0) {
    // Whatever was told before the gap is as old as the gap.
    hand.held = undefined
    return false
  }
  return (await renew(hand)) && hand.held?.term === term
}

/** Runs `act` with a signal that ends with the lease, or after `within`, whichever is sooner. */
/** A timer of one that was frozen rings late; a request is held back by the clock itself. */
const fence = ({ fence: lay }: RoundPorts, now: Now, span: Span): void => lay?.({ tick: laterTick(now.tick, span), boot: now.boot })

async function limited<T>({ ports, held }: Hand, within: Span, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  const now = ports.now()
  const span = Math.min(within, leftOf(held?.until, now)) as Span
  fence(ports, now, span)
  const cancel = ports.timers.after(span, () => limit.abort())
  try {
    return await act(limit.signal)
  } finally {
    cancel()
  }
}

async function actAll(hand: Hand, { store, identity, quarantine, orders }: ToHand & { is: 'acts' }): Promise<void> {
  const { ports } = hand
  const term = hand.held?.term
  const opened = await openAs(hand, store, identity, orders.some(({ act }) => act === 'quarantine') ? { quarantine } : undefined)
  for (const order of orders) {
    // Whatever is not begun now stays in doubt, and whoever comes next finds that nothing was done.
    if (!(await goesOn(hand, term))) return
    const ended: Ended = typeof opened === 'string' ? { is: 'refused', why: 'unable', says: opened } : await limited(hand, ACT_WITHIN, (signal) => perform(order, opened, signal))
    await ports.ask({ is: 'ended', term: term ?? 0, id: order.id, ended })
    if (ended.is === 'lost' || ended.is === 'unknown') return
  }
}

/** The store, if it is the one that was judged, and still keeps what is put aside for as long as it must (G-21). */
async function openAs(hand: Hand, name: string, identity: string, keeping?: { readonly quarantine: Span | undefined }): Promise<Halves | string> {
  try {
    const halves = hand.ports.store(name)
    const [one, other] = await limited(hand, ACT_WITHIN, (signal) => Promise.all([halves.deleting.identify(signal), halves.reading.identify(signal)]))
    if (one.id !== identity || other.id !== identity) return `${one.says} is not the store that was judged`
    if (keeping === undefined) return halves
    const { versioning, noncurrent } = await limited(hand, ACT_WITHIN, (signal) => halves.reading.declared(signal))
    const keeps = keepsFound(versioning, noncurrent, keeping.quarantine)
    if (keeps.is !== 'pass') return keeps.says
    return halves
  } catch (cause) {
    return sentence(cause)
  }
}

async function lookAll(hand: Hand, { store, identity, doubts }: ToHand & { is: 'look' }): Promise<void> {
  const term = hand.held?.term
  const opened = await openAs(hand, store, identity)
  for (const doubt of doubts) {
    if (!(await goesOn(hand, term))) return
    const found = typeof opened === 'string' ? { is: 'unseen' as const, says: opened } : await limited(hand, ACT_WITHIN, (signal) => look(doubt, opened, signal))
    await hand.ports.ask({ is: 'looked', term: term ?? 0, id: doubt.id, found })
    if (found.is === 'unseen') return rest(hand, PAUSE)
  }
}

async function probe(hand: Hand, { store, quarantine }: ToHand & { is: 'probe' }): Promise<void> {
  const { ports } = hand
  const term = hand.held?.term ?? 0
  try {
    const { deleting, reading } = ports.store(store)
    const told = await limitedLong(hand, (signal) => tryOut(deleting, reading, quarantine, signal))
    await ports.ask({ is: 'probed', term, store, ...told })
  } catch (cause) {
    await ports.ask({ is: 'unfit', term, store, says: sentence(cause) })
  }
}

/** Canaries are nobody's: trying them out may outlast a lease. */
async function limitedLong<T>({ ports }: Hand, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  fence(ports, ports.now(), PROBE_WITHIN)
  const cancel = ports.timers.after(PROBE_WITHIN, () => limit.abort())
  try {
    return await act(limit.signal)
  } finally {
    cancel()
  }
}

async function tryOut(deleting: Deleting, reading: Reading, quarantine: Span | undefined, signal: AbortSignal): Promise<Omit<FromHand & { is: 'probed' }, 'is' | 'term' | 'store'>> {
  const { id } = await deleting.identify(signal)
  const probed = await deleting.probe(signal)
  const declared = await reading.declared(signal)
  const { versioning, noncurrent } = declared
  return { identity: id, capabilities: probed.capabilities, clock: probed.clock, moves: versioning === 'none', keeps: keepsFound(versioning, noncurrent, quarantine), way: wayOf(declared, probed) }
}

/** As a run is told of it. A folder looks before and after each move, which is what a condition is for. */
function wayOf({ versioning, noncurrent, lock }: Declared, { capabilities }: Probed): Way {
  const can = (name: Capability): boolean | undefined => (capabilities[name].is === 'unknown' ? undefined : capabilities[name].is === 'pass')
  const broke = /then deleted/.test(`${capabilities.lock.says} ${capabilities.hold.says}`)
  return {
    versioning: versioning === 'enabled' && can('sets_aside') === true ? 'enabled' : versioning === 'none' ? 'none' : 'suspended',
    noncurrent: noncurrent.is === 'for ever' ? 'ever' : noncurrent.is === 'for' ? noncurrent.span : undefined,
    conditionalDelete: can(versioning === 'none' ? 'brings_back' : 'conditional_delete'),
    // Where nothing can be locked nothing is; a store that takes a lock must keep it.
    lockHolds: broke ? false : lock === 'off' ? true : can('lock'),
  }
}

/** Whether what is put aside stays for the quarantine (G-21). */
function keepsFound(versioning: string, noncurrent: { readonly is: string; readonly span?: Span; readonly says?: string }, quarantine: Span | undefined): Found {
  if (versioning === 'none') return { is: 'pass' }
  if (versioning !== 'enabled') return { is: 'fail', says: `versioning is ${versioning}: a delete would destroy` }
  if (noncurrent.is === 'for ever') return { is: 'pass' }
  if (noncurrent.span === undefined) return { is: 'unknown', says: noncurrent.says ?? 'how long it keeps what is no longer current is not known' }
  if (quarantine === undefined) return { is: 'unknown', says: 'how long the quarantine is, is not known' }
  return noncurrent.span >= quarantine ? { is: 'pass' } : { is: 'fail', says: 'its lifecycle takes away what is put aside before the quarantine is over' }
}

/** Rests, or is woken by being told to stop. */
function rest({ ports, stopped }: Hand, span: Span): Promise<void> {
  if (stopped.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const over = (): void => {
      cancel()
      stopped.removeEventListener('abort', over)
      resolve()
    }
    const cancel = ports.timers.after(span, over)
    stopped.addEventListener('abort', over, { once: true })
  })
}
