// The way out of a hand, shut when its lease is over. A hand that was frozen in the middle of an act wakes up with answers in its hands and timers that have
// not rung yet, and would send what comes next; here the clock itself is asked, right before each request leaves (G-8, G-22): when it is begun, and again
// when its connection is there, since that may have taken longer than the lease.
import { coded } from '../../core/fault.ts'
import type { Egress } from '../../ports/world.ts'

const shut = (): Promise<never> => Promise.reject(coded('EFENCED', 'the lease is over: nothing more leaves'))

/** `isOver`: whether nothing may leave any more. */
export const fenced = (egress: Egress, isOver: () => boolean): Egress => ({
  resolve: (...given) => (isOver() ? shut() : egress.resolve(...given)),
  async connect(want) {
    if (isOver()) return shut()
    const connected = await egress.connect(want)
    if (!isOver()) return connected
    connected.socket.destroy()
    return shut()
  },
  request: (want) => (isOver() ? shut() : egress.request({ ...want, mayLeave: () => !isOver() && want.mayLeave?.() !== false })),
})
