// What a failed connection says about the target. A refusal, a reset, a name that does not exist, a certificate that does not
// hold and an answer that is malformed are the target's own doing: they become a sentence. Local faults and silence accuse nobody
// here: for them there is no sentence, the probe throws them on, and the runner judges.
import { codeOf, Fault, isOurs, isSilence, sentence, silence } from '../core/fault.ts'
import { sayLimit, type Span } from '../core/time.ts'

/** Codes of faults by which egress says that the target answered wrongly. */
const THEIRS = new Set(['EPROTO', 'ECERT', 'ENOTFOUND'])
const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** The sentence, to follow the target's name ("refused the connection"); `undefined` when the target did nothing. */
export function refusal(cause: unknown): string | undefined {
  if (isOurs(cause) || isSilence(cause)) return undefined
  const code = codeOf(cause) ?? ''
  if (code === 'ECONNREFUSED') return 'refused the connection'
  if (CLOSED.has(code)) return cause instanceof Fault ? sentence(cause) : 'closed the connection before it answered'
  // Only our own words are shown: what a library says may repeat what it was given.
  return THEIRS.has(code) && cause instanceof Fault ? sentence(cause) : undefined
}

/** Silence, with the time limit in its words: "no first byte within 1 s". Whatever else it is stays as it is. */
export function within(cause: unknown, timeout: Span): unknown {
  if (!isSilence(cause) || !(cause instanceof Fault)) return cause
  const told = cause as { missing?: unknown; within?: unknown }
  return typeof told.missing === 'string' && told.within === undefined ? silence(told.missing, sayLimit(timeout)) : cause
}
