// The keeper's line to the doers, a process for each deed: who may do which, for how long, and what became of it. Under one token `go` is said once at most, to
// one doer that holds the lease at that moment; before it nothing was begun, so another doer may come; after it nobody else ever does it. Whoever is
// gone or silent for a lease before it said what came of its deed has left a deed of which nobody knows (C-4). A keeper that has just begun takes every
// deed that it finds under way for one that was begun: whoever does it has one lease's time to speak up. All times are of the clock that nobody sets.
import { LEASE, leftOf } from '../../../core/authority/lease.ts'
import type { Found } from '../../../core/evidence.ts'
import { ageOf, laterTick, seconds, type Now, type Span, type Stamp } from '../../../core/time.ts'
import type { Acted } from '../../../ports/driver/driver.ts'
import type { FromDoer, Order, ToDoer } from '../../../rooms/change/runs/doing.ts'

/** A deed under way: begun by the ledger, and nobody has seen its end. */
export interface Begun {
  readonly run: string
  readonly token: number
}

/** With which driver it is done, and on which of the configuration's targets, where it needs one. */
export interface Wanted extends Begun {
  readonly driver?: string
  readonly target?: string
}

/** Where the line takes what is to be done, and what it tells of it. Whatever it tells may come late or twice: the token says of which deed it is. */
export interface DoerEars {
  /** All deeds that are under way and need a doer: to be done, or to be looked after. */
  waiting(): readonly Begun[]
  orderFor(run: string): Order | undefined
  /** Writes down which thing was found, before anything is sent; `go`, or why not. After another answer than `go` the deed counts as failed. */
  identity(run: string, token: number, identity: string): Promise<string>
  /** Whether the run was halted, or ended, since this began. */
  isHalted(run: string, token: number): boolean
  /** What came of it, by the word of who did it. Of `failed` nothing goes on; of `unknown` nobody knows. `isBegun`: false where nobody was given `go`. */
  acted(run: string, token: number, acted: Acted, isBegun: boolean): Promise<void>
  /** What is so now, by a look that began at `from`. */
  seen(run: string, token: number, found: Found, from: Stamp): Promise<void>
  /** It may have been done, and whoever did it is gone or its lease has lapsed. */
  lost(run: string, token: number): Promise<void>
}

export interface DoerLine {
  /** Once the ledger is open: what is under way by then was begun by the keeper before. */
  start(): void
  /** `link`: whose message it is; the same object for all of one connection. */
  hear(message: FromDoer, link: object): Promise<ToDoer>
  /** Its connection is no more. */
  gone(link: object): void
  /** Once a second. */
  tick(): void
  /** The deeds for which a doer should be there; for others none should. */
  wanted(): readonly Wanted[]
  /** The same, where it is not what was given last time: a step begins soon after the second press. */
  news(): readonly Wanted[] | undefined
}

/** So long after it began by the ledger `go` may be said: later, what it was ruled on is too old. */
export const BEGIN_WITHIN: Span = seconds(15)

interface Deal extends Begun {
  readonly since: Now
  holder: object | undefined
  until: Stamp | undefined
  /** `go` was said, or may have been by the keeper before. */
  told: boolean
  asking: boolean
  /** What came of it is written down. */
  ended: boolean
  /** Nobody is given it any more. */
  shut: boolean
}

interface Line {
  readonly wants: DoerEars & { readonly now: () => Now }
  readonly deals: Map<string, Deal>
  started: boolean
}

/** `now`, and whoever keeps the runs. */
export function createDoerLine(wants: DoerEars & { readonly now: () => Now }): DoerLine {
  const line: Line = { wants, deals: new Map(), started: false }
  const start = (): void => {
    if (line.started) return
    settle(line, true)
    line.started = true
  }
  const wanted = (): Wanted[] => {
    start()
    settle(line, false)
    return [...line.deals.values()].filter(({ shut }) => !shut).map(({ run, token }) => ({ run, token, ...needs(wants.orderFor(run)) }))
  }
  let last = ''
  return {
    start,
    async hear(message, link) {
      start()
      settle(line, false)
      switch (message.is) {
        case 'order': return order(line, message.run, link)
        case 'renew': return renew(line, message, link)
        case 'identity': return identity(line, message, link)
        case 'acted': case 'seen': return told(line, message, link)
      }
    },
    gone(link) {
      for (const deal of line.deals.values()) if (deal.holder === link) leave(line, deal)
    },
    tick() {
      start()
      settle(line, false)
    },
    wanted,
    news() {
      const now = wanted()
      const sign = now.map(({ run, token }) => `${run}.${token}`).join()
      if (sign === last) return undefined
      last = sign
      return now
    },
  }
}

function needs(order: Order | undefined): Pick<Wanted, 'driver' | 'target'> {
  const target = order?.config['target']
  return order === undefined ? {} : { driver: order.driver, ...(typeof target === 'string' ? { target } : {}) }
}

const no = (says: string): ToDoer => ({ is: 'no', says })
const isLive = ({ holder, until }: Deal, now: Now): boolean => holder !== undefined && leftOf(until, now) > 0
const dealOf = ({ deals }: Line, { run, token }: Begun): Deal | undefined => {
  const deal = deals.get(run)
  return deal?.token === token ? deal : undefined
}

/** Brings the deals to what is under way now, and to what the clock says of them. */
function settle(line: Line, isFirst: boolean): void {
  const { wants: { now, waiting }, deals } = line
  const under = new Map(waiting().map(({ run, token }) => [run, token]))
  for (const deal of deals.values()) {
    if (under.get(deal.run) === deal.token) judge(line, deal)
    // Nobody waits for it any more: what was begun comes to its end under its lease all the same (C-15).
    else if (!deal.told || deal.ended || !isLive(deal, now())) deals.delete(deal.run)
  }
  for (const [run, token] of under) {
    if (deals.get(run)?.token === token) continue
    deals.set(run, { run, token, since: now(), holder: undefined, until: undefined, told: isFirst, asking: false, ended: false, shut: false })
  }
}

function judge(line: Line, deal: Deal): void {
  const now = line.wants.now()
  if (deal.shut) return
  if (deal.holder !== undefined && !isLive(deal, now)) return leave(line, deal)
  const age = ageOf(deal.since, now)
  if (deal.holder === undefined && deal.told && !deal.ended && (age === undefined || age >= LEASE)) return lose(line, deal)
  if (!deal.told && !deal.asking && (age === undefined || age >= BEGIN_WITHIN)) fail(line, deal, 'nobody could do it in time: nothing was begun')
}

/** Its holder is gone, or has slept over its lease. */
function leave(line: Line, deal: Deal): void {
  deal.holder = undefined
  deal.until = undefined
  if (deal.told && !deal.ended && !deal.shut) lose(line, deal)
}

/** Told until it was heard: a deed of which nobody knows must never look like one that goes on. */
function lose({ wants }: Line, deal: Deal): void {
  deal.shut = true
  wants.lost(deal.run, deal.token).catch(() => (deal.shut = false))
}

function fail({ wants }: Line, deal: Deal, says: string): void {
  deal.shut = true
  wants.acted(deal.run, deal.token, { is: 'failed', says }, false).catch(() => (deal.shut = false))
}

function lend(line: Line, deal: Deal, link: object): void {
  const now = line.wants.now()
  deal.holder = link
  deal.until = { tick: laterTick(now.tick, LEASE), boot: now.boot }
}

function order(line: Line, run: string, link: object): ToDoer {
  const deal = line.deals.get(run)
  const it = line.wants.orderFor(run)
  if (!deal || !it || it.token !== deal.token) return no('nothing is to be done for it')
  if (deal.shut) return no('it is not known what became of it, or nothing is to come of it any more')
  if (deal.holder !== undefined && deal.holder !== link) return no('another doer has it')
  lend(line, deal, link)
  return { is: 'order', order: it, for: LEASE }
}

function renew(line: Line, message: Begun, link: object): ToDoer {
  const deal = dealOf(line, message)
  // One that did it under the keeper before speaks up.
  const isTakenUp = deal?.holder === undefined && deal?.told === true
  if (!deal || deal.shut || (deal.holder !== link && !isTakenUp)) return no('it is not this doer\'s any more')
  lend(line, deal, link)
  return { is: 'lease', for: LEASE, ...(line.wants.isHalted(deal.run, deal.token) ? { halted: true as const } : {}) }
}

/** The last word before the deed. */
async function identity(line: Line, message: FromDoer & { is: 'identity' }, link: object): Promise<ToDoer> {
  const { wants } = line
  const deal = dealOf(line, message)
  const may = (): boolean => deal?.holder === link && isLive(deal, wants.now()) && !deal.told && !deal.shut && line.deals.get(deal.run) === deal
  if (!deal || deal.asking || !may()) return no('it was begun before, or is not this doer\'s any more')
  deal.asking = true
  try {
    const answer = await wants.identity(deal.run, deal.token, message.identity)
    if (answer !== 'go') {
      fail(line, deal, `nothing was begun: ${answer}`)
      return no(answer)
    }
    settle(line, false)
    if (!may()) return no('it took too long')
    deal.told = true
    return { is: 'go' }
  } finally {
    deal.asking = false
  }
}

/** What became of it is heard also of one whose lease is over: of the deed that it had begun, and of no other. */
async function told(line: Line, message: FromDoer & { is: 'acted' | 'seen' }, link: object): Promise<ToDoer> {
  const { wants } = line
  const { run, token } = message
  const deal = dealOf(line, message)
  if (deal && deal.holder !== link && isLive(deal, wants.now())) return no('another doer has it')
  if (message.is === 'seen') await wants.seen(run, token, message.found, message.from)
  else {
    await wants.acted(run, token, message.acted, deal === undefined || deal.told || deal.asking)
    if (deal) {
      deal.ended = true
      // It ended without a beginning: nobody begins it after that.
      if (!deal.told) deal.shut = true
    }
  }
  return { is: 'written' }
}
