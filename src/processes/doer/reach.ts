// What a driver reaches, shut when the lease is over: the clock is asked right before anything leaves, so that whatever wakes up in the middle of a deed
// sends nothing more (C-7). It also remembers whether anything left: a deed that broke off after that is one of which nobody knows.
import type { Duplex } from 'node:stream'
import { coded, codeOf, Fault } from '../../core/fault.ts'
import type { Commands } from '../../ports/driver/commands.ts'
import type { DriverContext } from '../../ports/driver/driver.ts'
import type { Egress } from '../../ports/world.ts'
import { fenced } from '../hand/fence.ts'

/** Of any driver: each is given the settings of its own target. */
export type AnyContext = DriverContext<Record<string, unknown>>

export interface Reach {
  readonly context: AnyContext
  /** Whether anything left that may have done something. */
  hasLeft(): boolean
}

/** A request that ended with one of these never left. */
const NEVER_LEFT = new Set(['EFENCED', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'])

/** `isOver`: whether nothing may leave any more. */
export function reachOf(context: AnyContext, isOver: () => boolean): Reach {
  let left = false
  const fence = fenced(context.egress, isOver)
  const egress: Egress = {
    resolve: (...given) => fence.resolve(...given),
    async connect(...given) {
      const connected = await fence.connect(...given)
      left = true
      shutWith(connected.socket, isOver)
      return connected
    },
    async request(...given) {
      try {
        const reply = await fence.request(...given)
        left = true
        return reply
      } catch (cause) {
        left ||= !NEVER_LEFT.has(codeOf(cause) ?? '')
        throw cause
      }
    },
  }
  const commands: Commands = {
    async run(command, signal) {
      if (isOver()) return { is: 'refused', why: 'late', says: 'the lease is over: nothing more is begun' }
      const isDeed = command.once !== undefined
      // Until it is known that nothing was begun, it may have been.
      const before = left
      left ||= isDeed
      try {
        const ran = await context.commands.run(command, signal)
        if (isDeed && ran.is === 'refused') left = before
        return ran
      } catch (cause) {
        // What can never be begun was not.
        if (isDeed && cause instanceof Fault && cause.retry === 'never') left = before
        throw cause
      }
    },
    recall: (...given) => context.commands.recall(...given),
    identify: (...given) => context.commands.identify(...given),
  }
  const local: AnyContext['local'] = async (want) => {
    if (isOver()) throw coded('EFENCED', 'the lease is over: nothing more leaves')
    // It rejects before anything was sent.
    const told = await context.local({ ...want, mayLeave: () => !isOver() && want.mayLeave?.() !== false })
    left = true
    return told
  }
  return { context: { ...context, egress, commands, local }, hasLeft: () => left }
}

/** Whatever is written on a connection that was open before the lease ended stays here. */
function shutWith(socket: Duplex, isOver: () => boolean): void {
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean
  socket.write = (...given: unknown[]): boolean => {
    if (!isOver()) return write(...given)
    socket.destroy(coded('EFENCED', 'the lease is over: nothing more leaves'))
    return false
  }
}
