// What drivers have in common when they send: nothing is sent after its not-after, nothing is waited for longer than it may take, and what broke off
// after it may have been sent is unknown, never failed.
import { codeOf, sentence } from '../../core/fault.ts'
import type { Span } from '../../core/time.ts'
import type { Once } from './commands.ts'
import type { HttpWant } from '../world.ts'
import type { Acted, DriverContext } from './driver.ts'

/** Right before anything is sent: what is said where the beginning is no longer good; `undefined` where it is. */
export function tooLate({ notAfter, mayLeave }: Once, { now, signal }: Pick<DriverContext, 'now' | 'signal'>): Acted | undefined {
  const { tick, boot } = now()
  if (mayLeave?.() === false) return unsent('the run was halted before it left')
  return signal.aborted || boot !== notAfter.boot || tick > notAfter.tick ? unsent('the time in which it could be begun is over') : undefined
}

/** What a request or a conversation that is the deed itself is given, so that it is held back where the run was halted while it dialled. */
export const leaving = ({ mayLeave }: Once): Pick<HttpWant, 'mayLeave'> => (mayLeave ? { mayLeave } : {})

/** It failed before anything was sent. */
export const unsent = (cause: unknown): Acted => ({ is: 'failed', says: `nothing was sent: ${sentence(cause)}` })

/** The same as the context's signal, and a limit of its own. `end` is called when what it limits is over. */
export function limited({ signal, timers }: Pick<DriverContext, 'signal' | 'timers'>, span: Span): { readonly signal: AbortSignal; end(): void } {
  const own = new AbortController()
  const abort = (): void => own.abort()
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  const cancel = timers.after(span, abort)
  return {
    signal: own.signal,
    end() {
      cancel()
      signal.removeEventListener('abort', abort)
    },
  }
}

/** Resolves after `span`, or at once with the signal; true when it took its whole time. */
export const pause = ({ signal, timers }: Pick<DriverContext, 'signal' | 'timers'>, span: Span): Promise<boolean> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(false)
    const over = (whole: boolean): void => {
      cancel()
      signal.removeEventListener('abort', onAbort)
      resolve(whole)
    }
    const onAbort = (): void => over(false)
    const cancel = timers.after(span, () => over(true))
    signal.addEventListener('abort', onAbort, { once: true })
  })

/** Failures in which no connection came to be, or none that anything is said over. */
const UNSENT = new Set([
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NONAME', 'EAI_NODATA', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', 'EBLOCKED', 'EFENCED', 'EINVAL', 'EMFILE', 'ENFILE',
  'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** Whether it is certain that nothing was sent. */
export const wasUnsent = (cause: unknown): boolean => UNSENT.has(codeOf(cause) ?? '')

/** What came of a deed whose sending threw. */
export const outcomeOf = (cause: unknown, to: string): Acted =>
  wasUnsent(cause) ? { is: 'failed', says: `${to} was not reached, and nothing was sent: ${sentence(cause)}` } : { is: 'unknown', says: `${to} was asked, and gave no whole answer: ${sentence(cause)}` }
