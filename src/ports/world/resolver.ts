// Names become addresses as the machine does it (/etc/hosts too), in a child process. Good answers are kept for 30 s; one question
// per name is under way at a time, unless all was to be forgotten meanwhile. A name whose question hangs goes to a second child, also the next time, so that names that hang
// never hold up those that do not. "No such name" is the target's failure; everything else is ours, and keeps its code. Whoever must be
// reached when the resolver is dead (a mail relay) asks to keep the last good answer.
import { coded } from '../../core/fault.ts'
import { ms, type Span, type Tick } from '../../core/time.ts'
import type { Address, Clock, Timers } from '../world.ts'
import { readAddress } from './address.ts'
import { createLane, type Answer, type Lane, type LaneWorld } from './resolver-lane.ts'

export interface Resolver {
  /** The addresses of a name as far as they are known this moment; `undefined` means that somebody has to ask. */
  known(name: string): readonly Address[] | undefined
  /**
   * The addresses of a name. Throws a Fault: code ENOTFOUND when there is no such name, else what failed here (EAI_AGAIN when
   * no answer came before the signal).
   */
  resolve(name: string, signal: AbortSignal): Promise<readonly Address[]>
  /** Whatever was kept may lead elsewhere by now: every name is asked for anew, and an answer that is still under way is not kept. The last good ones stay for whoever keeps those. */
  forget(): void
  /** Ends the children. */
  close(): void
}

export interface ResolverOptions {
  readonly clock: Clock
  readonly timers: Timers
  /** How long an answer may be used when no new one can be had. Absent: not at all. */
  readonly keepLastGood?: Span
  /** Only tests hand in their own children. */
  readonly start?: LaneWorld['start']
}

/** A good answer is used for so long. */
export const NAMES_KEPT: Span = ms(30_000)
/** A question that is not answered by then hangs: in the first lane it is moved to the second, there it has failed. */
const QUICK_PATIENCE = 2500
const SLOW_PATIENCE = 5000
const MOST_NAMES = 20_000
/** With a last good answer at hand nobody waits longer than this for a new one. */
const QUICK = 1000

interface Kept {
  readonly addresses: readonly Address[]
  readonly at: Tick
  /** How often everything had been forgotten when it was asked for. */
  readonly era: number
}

export function createResolver({ clock, timers, keepLastGood, start }: ResolverOptions): Resolver {
  const lane = (patience: number): Lane => createLane({ clock, timers, patience: ms(patience), ...(start && { start }) })
  let quickLane: Lane | undefined
  let slowLane: Lane | undefined
  const kept = new Map<string, Kept>()
  const slow = new Set<string>()
  const asking = new Map<string, Promise<Answer>>()
  let closed = false
  let era = 0

  const keptFor = (name: string, most: number): readonly Address[] | undefined => {
    const had = kept.get(name)
    return had && clock.now().tick - had.at <= most ? had.addresses : undefined
  }
  const fresh = (name: string): readonly Address[] | undefined => (kept.get(name)?.era === era ? keptFor(name, NAMES_KEPT) : undefined)
  const learn = (name: string, answer: Answer, asked: number): void => {
    if (answer.is === 'failed' && answer.how === 'unasked') return
    slow.delete(name)
    if (answer.is === 'failed') {
      if (answer.how === 'hung') {
        makeRoom(slow)
        slow.add(name)
      }
      return
    }
    if (answer.addresses.length === 0 || (kept.get(name)?.era ?? 0) > asked) return
    kept.delete(name)
    makeRoom(kept)
    kept.set(name, { addresses: addressesOf(answer.addresses), at: clock.now().tick, era: asked })
  }
  const ask = (name: string): Promise<Answer> => {
    const under = asking.get(name)
    if (under) return under
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const asked = era
    const settle = (answer: Answer): void => {
      if (asking.get(name) === promise) asking.delete(name)
      learn(name, answer, asked)
      resolve(answer)
    }
    const askSlow = (): void => (slowLane ??= lane(SLOW_PATIENCE)).ask(name, settle)
    asking.set(name, promise)
    if (slow.has(name)) askSlow()
    else (quickLane ??= lane(QUICK_PATIENCE)).ask(name, (answer) => (answer.is === 'failed' && answer.how === 'hung' ? askSlow() : settle(answer)))
    return promise
  }

  return {
    known: fresh,
    resolve(name, signal) {
      const at = fresh(name)
      if (at) return Promise.resolve(at)
      if (closed || signal.aborted) return Promise.reject(unanswered(name))
      if (!/^[^\s\p{Cc}]{1,253}$/u.test(name)) return Promise.reject(coded('ENOTFOUND', 'this is not the name of a host', 'never'))
      return new Promise((resolve, reject) => {
        const last = keepLastGood === undefined ? undefined : keptFor(name, keepLastGood)
        const fall = (cause: Error): void => {
          signal.removeEventListener('abort', onAbort)
          cancel?.()
          if (last) resolve(last)
          else reject(cause)
        }
        const onAbort = (): void => fall(unanswered(name))
        const cancel = last && timers.after(ms(QUICK), onAbort)
        signal.addEventListener('abort', onAbort, { once: true })
        void ask(name).then((answer) => {
          const found = answer.is === 'found' ? addressesOf(answer.addresses) : []
          if (found.length === 0) return fall(faultOf(name, answer))
          signal.removeEventListener('abort', onAbort)
          cancel?.()
          resolve(found)
        })
      })
    },
    forget() {
      era += 1
      // Who waits gets what was asked for; whoever comes from now on asks anew.
      asking.clear()
    },
    close() {
      closed = true
      quickLane?.close()
      slowLane?.close()
    },
  }
}

/** The addresses that can be read, each once, in the order in which the machine gave them. */
function addressesOf(texts: readonly string[]): Address[] {
  const found = new Map<string, Address>()
  for (const text of texts) {
    const address = readAddress(text)
    if (address) found.set(address.address, address)
  }
  return [...found.values()]
}

/** What grows with the names that others write is bounded: the oldest entry goes. */
function makeRoom(of: Map<string, Kept> | Set<string>): void {
  if (of.size < MOST_NAMES) return
  for (const oldest of of.keys()) {
    of.delete(oldest)
    return
  }
}

const unanswered = (name: string): Error => coded('EAI_AGAIN', `the resolver of this machine gave no answer for “${name}”`)

function faultOf(name: string, answer: Answer): Error {
  if (answer.is === 'found' || answer.code === 'ENOTFOUND') return coded('ENOTFOUND', `there is no host with the name “${name}”`)
  if (answer.code === 'EAI_AGAIN') return unanswered(name)
  return coded(answer.code, `the resolver of this machine failed for “${name}”: ${answer.code}`)
}
