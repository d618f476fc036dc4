// The course of one deed: ask for it, find out which thing it is to be done to, have that written down, wait for `go`, write beside the deed that it begins,
// look at the clock, do it, write down and say what came of it, then look whether it is so until nobody wants to know. The lease is counted from before it was
// asked for. Whatever goes wrong before the deed means that nothing was begun, and that is said; what was begun before, by whomever, is never
// begun again (C-4). What is under way is left to come to its end (C-15): a halt is no reason to cut it off, but where the step says so; the end of a lease is.
import { LEASE } from '../../core/authority/lease.ts'
import { sentence, silence } from '../../core/fault.ts'
import { ageOf, isWithin, minutes, ms, sayTime, seconds, tickOf, type Now, type Span } from '../../core/time.ts'
import { HALTED, type Once } from '../../ports/driver/commands.ts'
import type { Acted, AnyDriver } from '../../ports/driver/driver.ts'
import type { Timers } from '../../ports/world.ts'
import type { FromDoer, Order, ToDoer } from '../../rooms/change/runs/doing.ts'
import type { Journal, Numbered } from './journal.ts'
import { reachOf, type AnyContext } from './reach.ts'
import { tenureFrom, type Tenure } from './tenure.ts'

export interface CoursePorts {
  readonly now: () => Now
  readonly timers: Timers
  readonly drivers: readonly AnyDriver[]
  /** Asks the keeper; rejects when it is away. */
  readonly ask: (message: FromDoer) => Promise<ToDoer>
  /** Another number after each time that the keeper was away. */
  readonly line: () => number
  readonly journal: Journal
  readonly contextOf: (order: Order, signal: AbortSignal) => AnyContext
}

const PAUSE: Span = seconds(1)
/** So long a lease is asked for again. */
const RENEW_EVERY: Span = seconds(2)
/** While a deed dials: whether the run was halted meanwhile is known soon (C-6). */
const ASK_EVERY: Span = ms(500)
/** One look may take so long. */
const LOOK_WITHIN: Span = seconds(10)
/** What is under way is told to end; so long later it counts as not known. */
const ENDS_WITHIN: Span = seconds(1)
/** What was begun has so much longer when the process is to end. */
const GRACE: Span = ms(300)
/** A keeper that is away for so long hears nothing more of it; the journal has it. */
const AWAY_AT_MOST: Span = minutes(10)
/** A disk that takes longer keeps nobody from hearing of it. */
const WRITE_WITHIN: Span = seconds(5)
const LOOK_AT_CLOCK: Span = ms(100)
/** A step begins soon after the second press: the line to the keeper is tried often. */
const DIAL_EVERY: Span = ms(50)

interface Course extends CoursePorts {
  readonly order: Order
  readonly tenure: Tenure
  readonly since: Now
  readonly stopped: AbortSignal
  /** Nobody wants to hear of it any more. */
  isDone: boolean
  /** The run was halted since it began: who says so is ended then, and what has not left yet stays here. */
  isHalted: boolean
  /** Nothing of the deed has left yet. */
  isUnsent: () => boolean
}

/** Goes through it once; resolves when nothing is left to do or to say. `stopped`: nothing more is begun. */
export async function course(made: Numbered, ports: CoursePorts, stopped: AbortSignal): Promise<void> {
  const given = await orderFor(made, ports, stopped)
  if (!given) return
  const { order, tenure, since } = given
  const renewing = new AbortController()
  const it: Course = { ...ports, order, tenure, since, stopped, isDone: false, isHalted: false, isUnsent: () => false }
  const renewed = renewal(it, renewing.signal)
  try {
    const means = meansOf(order, ports.drivers)
    const acted = typeof means === 'string' ? failed(`nothing was begun: ${means}`) : await deed(it, means)
    await afterwards(it, acted, typeof means === 'string' ? undefined : means)
  } finally {
    renewing.abort()
    await renewed
  }
}

/** What an order is done with. */
interface Means {
  readonly driver: AnyDriver
  /** As its driver reads them. */
  readonly config: Record<string, unknown>
  readonly claims: Record<string, unknown> | undefined
}

function meansOf({ driver: kind, config: given, claims: awaited }: Order, drivers: readonly AnyDriver[]): Means | string {
  const driver = drivers.find((it) => it.kind === kind)
  if (driver === undefined) return `no driver is called “${kind}”`
  const config = driver.config.safeParse(given)
  const claims = awaited === undefined ? undefined : driver.claims.safeParse(awaited)
  if (!config.success || claims?.success === false) return `its settings are not those of ${driver.title}`
  return { driver, config: config.data, claims: claims?.data }
}

/** Under this name it is remembered out there. */
const nameOf = ({ run, token }: Order): string => `${run}.${token}`

const failed = (says: string): Acted => ({ is: 'failed', says })

/** Asks until it is given the deed that it was made for. One that another doer has is asked for again: that one may be gone. */
async function orderFor(made: Numbered, { now, timers, ask }: CoursePorts, stopped: AbortSignal): Promise<{ readonly order: Order; readonly tenure: Tenure; readonly since: Now } | undefined> {
  while (!stopped.aborted) {
    const since = now()
    const told = await Promise.race([ask({ is: 'order', run: made.run }).catch(() => undefined), aborted(stopped)])
    if (told?.is === 'order') {
      if (told.order.token !== made.token || told.order.run !== made.run) return undefined
      return { order: told.order, tenure: tenureFrom(now, since, told.for), since }
    }
    await rest(timers, told === undefined ? DIAL_EVERY : RENEW_EVERY, stopped)
  }
  return undefined
}

/** What came of it. */
async function deed(it: Course, means: Means): Promise<Acted> {
  const { order, journal } = it
  const { driver, config } = means
  try {
    const former = await journal.read(order)
    if (former.is === 'begun') return former.acted ?? { is: 'unknown', says: 'it was begun before, and nobody wrote down what came of it' }
    const { identity } = await look(it, (context) => driver.observe(config, undefined, context))
    const told = await Promise.race([it.ask({ is: 'identity', run: order.run, token: order.token, identity }), aborted(it.stopped)])
    if (told === undefined || !mayBegin(it)) return failed(LATE)
    const { run, token, step, back, driver: kind, rehearse } = order
    // Also where it may not go on: under this number nobody begins it then.
    if ((await journal.begin({ run, token, step, back, driver: kind, rehearse, identity, at: it.now().wall })) === 'there') return { is: 'unknown', says: 'somebody else began it at the same moment' }
    if (told.is !== 'go') return await ended(it, failed(`nothing was begun: ${told.is === 'no' ? told.says : 'the keeper did not say go'}`))
  } catch (cause) {
    return failed(`nothing was begun: ${sentence(cause)}`)
  }
  return ended(it, await act(it, means))
}

/** What cannot be written down is said all the same. */
async function ended({ journal, order, timers }: Course, acted: Acted): Promise<Acted> {
  const written = journal.end(order, acted).catch((cause: unknown) => console.error(`holdfast doer: what came of ${order.run} could not be written down: ${sentence(cause)}`))
  await Promise.race([written, rest(timers, WRITE_WITHIN)])
  return acted
}

const LATE = 'nothing was begun: the lease or the time was over, or the process was to end'

/** What it was ruled on is worth no more than a lease, however often that is renewed. */
const mayBegin = (it: Course): boolean => !it.stopped.aborted && !it.isDone && !isOver(it) && isWithin(it.since, it.now(), LEASE) && it.tenure.mayBegin()

/** The clock, and right after it the deed: nothing stands between them. */
async function act(it: Course, { driver, config }: Means): Promise<Acted> {
  const { order, tenure } = it
  const limit = new AbortController()
  const { context, hasLeft } = reachOf(it.contextOf(order, limit.signal), () => limit.signal.aborted || !tenure.isUnbroken())
  const { tick, boot } = it.since
  const once: Once = { name: nameOf(order), of: order.of, step: `${order.step}${order.back ? '/back' : ''}`, beside: order.beside ?? [], notAfter: { tick: tickOf(Math.min(tenure.until().tick, tick + LEASE)), boot }, mayLeave: () => !it.isHalted }
  it.isUnsent = () => !hasLeft()
  if (!mayBegin(it)) return failed(LATE)
  if (order.rehearse) return { is: 'done', says: `rehearsed, and not done: ${driver.say(config)}` }
  const acting = (async () => driver.act(config, once, context))().catch((cause: unknown): Acted => hasLeft()
    ? { is: 'unknown', says: `it broke off after something was sent: ${sentence(cause)}` }
    : failed(`nothing was sent: ${sentence(cause)}`))
  const watched = watch(it, limit)
  const acted = await Promise.race([acting, watched.late])
  watched.end()
  it.isUnsent = () => false
  return acted
}

const isOver = ({ since, now, order }: Course): boolean => (ageOf(since, now()) ?? Number.POSITIVE_INFINITY) >= order.within

/** Ends the deed when its lease or its time is over, or the process is to end; who does not end then is not known. */
function watch(it: Course, limit: AbortController): { readonly late: Promise<Acted>; end(): void } {
  const { timers, tenure, stopped, now } = it
  const { promise: late, resolve } = Promise.withResolvers<Acted>()
  let stopAt: Now | undefined
  let cancel = (): void => undefined
  const turn = (): void => {
    if (stopped.aborted) stopAt ??= now()
    const isStopped = stopAt !== undefined && (ageOf(stopAt, now()) ?? GRACE) >= GRACE
    const isKilled = it.isHalted && it.order.config['on_halt'] === 'kill'
    if (tenure.isUnbroken() && !isOver(it) && !isStopped && !isKilled) return void (cancel = timers.after(LOOK_AT_CLOCK, turn))
    const why = isKilled ? 'the run was halted' : isStopped ? 'Holdfast was stopped' : tenure.isUnbroken() ? 'its time was over' : 'its lease was over'
    limit.abort(isKilled ? HALTED : undefined)
    cancel = timers.after(ENDS_WITHIN, () => resolve({ is: 'unknown', says: `${why} while it was under way` }))
  }
  turn()
  return { late, end: () => cancel() }
}

/** Says what came of it, and then what is so, until nobody wants to know. */
async function afterwards(it: Course, acted: Acted, means: Means | undefined): Promise<void> {
  const { order, stopped, timers, line } = it
  const { run, token } = order
  const told = (): Promise<void> => say(it, { is: 'acted', run, token, acted })
  let heard = line()
  await told()
  while (!it.isDone && !stopped.aborted) {
    if (heard !== line()) {
      // A keeper that was away may be another one.
      heard = line()
      await told()
    }
    if (means?.claims !== undefined && acted.is !== 'failed' && it.tenure.holds()) await tellSeen(it, means)
    await rest(timers, PAUSE, stopped)
  }
}

async function tellSeen(it: Course, { driver, config, claims }: Means): Promise<void> {
  const { run, token } = it.order
  const begun = { name: nameOf(it.order), of: it.order.of }
  const { tick, boot } = it.now()
  const { found, from } = await look(it, (context) => driver.observe(config, claims, { ...context, begun })).catch((cause: unknown) => ({ found: { is: 'unknown' as const, says: sentence(cause) }, from: { tick, boot } }))
  if (!it.stopped.aborted) await Promise.race([it.ask({ is: 'seen', run, token, found, from }).catch(() => undefined), aborted(it.stopped)])
}

/** Until the keeper has heard it. One that is to end tries once, and not for long. */
async function say(it: Course, message: FromDoer): Promise<void> {
  const began = it.now()
  const enough = aborted(it.stopped).then(() => rest(it.timers, GRACE)).then(() => undefined)
  for (;;) {
    const heard = await Promise.race([it.ask(message).catch(() => undefined), enough])
    const age = ageOf(began, it.now())
    if (heard !== undefined || it.stopped.aborted || age === undefined || age >= AWAY_AT_MOST) return
    await rest(it.timers, PAUSE, it.stopped)
  }
}

/** Looks, which changes nothing: in bounds, and by the lease that it has now. */
async function look<T>(it: Course, ask: (context: AnyContext) => Promise<T>): Promise<T> {
  const limit = new AbortController()
  const { context } = reachOf(it.contextOf(it.order, limit.signal), () => !it.tenure.holds())
  const cancel = it.timers.after(LOOK_WITHIN, () => limit.abort())
  const onStop = (): void => limit.abort()
  it.stopped.addEventListener('abort', onStop)
  const late = aborted(limit.signal).then((): never => {
    throw silence('no answer', sayTime(LOOK_WITHIN))
  })
  if (it.stopped.aborted) limit.abort()
  try {
    return await Promise.race([ask(context), late])
  } finally {
    cancel()
    it.stopped.removeEventListener('abort', onStop)
  }
}

/** Until the keeper is asked again. */
async function patience(it: Course, ended: AbortSignal): Promise<void> {
  for (let waited = 0; waited < RENEW_EVERY && !ended.aborted; waited += ASK_EVERY) {
    await rest(it.timers, ASK_EVERY, ended)
    if (it.isUnsent()) return
  }
}

/** Keeps the lease while the keeper grants it. */
async function renewal(it: Course, ended: AbortSignal): Promise<void> {
  const { run, token } = it.order
  let heard = it.now()
  while (!ended.aborted) {
    await patience(it, ended)
    if (ended.aborted) return
    const asked = it.now()
    const told = await Promise.race([it.ask({ is: 'renew', run, token }).catch(() => undefined), aborted(ended)])
    if (told?.is === 'lease') it.tenure.extend(asked, told.for)
    if (told?.is === 'lease' && told.halted === true) it.isHalted = true
    if (told?.is === 'no') it.isDone = true
    if (told !== undefined) heard = it.now()
    // Nobody is left who could want to know.
    else if ((ageOf(heard, it.now()) ?? AWAY_AT_MOST) >= AWAY_AT_MOST) it.isDone = true
  }
}

const aborted = (signal: AbortSignal): Promise<undefined> => new Promise((resolve) => {
  if (signal.aborted) resolve(undefined)
  else signal.addEventListener('abort', () => resolve(undefined), { once: true })
})

const rest = (timers: Timers, span: Span, ended?: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (ended?.aborted) return resolve()
  const end = (): void => {
    cancel()
    ended?.removeEventListener('abort', end)
    resolve()
  }
  const cancel = timers.after(span, end)
  ended?.addEventListener('abort', end)
})
