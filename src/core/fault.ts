// Faults: how the outside fails. A fault is thrown by a plugin or by egress and says whether trying again can help, and
// whether the failure is *ours*: no descriptors, no memory, no disk, a resolver that does not answer say nothing about
// the target, so they read as unknown, never as down.

/** A failure of the outside world, or of our own means to reach it. */
export class Fault extends Error {
  readonly retry: 'later' | 'never'
  constructor(says: string, retry: 'later' | 'never' = 'later', cause?: unknown) {
    super(says, { cause })
    this.name = 'Fault'
    this.retry = retry
  }
}

const OURS = new Set([
  'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'ENOSPC', 'EDQUOT', 'EROFS', 'EAGAIN', 'EAI_AGAIN', 'EAI_MEMORY', 'EAI_SYSTEM',
  'ENETDOWN', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'ERR_WORKER_OUT_OF_MEMORY', 'ELATE',
])

/** The system's code of an error, searched through its causes. */
export function codeOf(cause: unknown): string | undefined {
  let at: unknown = cause
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    const code = (at as { code?: unknown }).code
    if (typeof code === 'string') return code
    if (at instanceof AggregateError && at.errors.length > 0) at = at.errors[0]
    else at = at.cause
  }
  return undefined
}

/** True when the failure lies on this machine and accuses nobody. */
export const isOurs = (cause: unknown): boolean => OURS.has(codeOf(cause) ?? '')

/** A fault with a code, so that whoever catches it can tell what it was without reading its words. */
export const coded = (code: string, says: string, retry: 'later' | 'never' = 'later', cause?: unknown): Fault & { readonly code: string } =>
  Object.assign(new Fault(says, retry, cause), { code })

/**
 * Nothing came in time. `missing` says what was waited for ("no first byte"), `within` how long, where that is known. What
 * silence means (the target, or the way to it) is judged by the runner, never by a probe.
 */
export const silence = (missing: string, within?: string): Fault & { readonly code: string; readonly missing: string } =>
  Object.assign(coded('ETIMEDOUT', `${missing} within ${within ?? 'the time limit'}`), { missing, ...(within && { within }) })

/** We were too slow ourselves to ask in time: of what was to be asked it says nothing. */
export const tooLate = (why: string): Fault & { readonly code: string } => coded('ELATE', `Holdfast could not look in time: ${why}`)

/** True when it was never asked for want of time on this machine. */
export const isLate = (cause: unknown): boolean => codeOf(cause) === 'ELATE'

const SILENT = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN'])

/** True when nothing answered: a time limit that passed, or a host that the network cannot find. */
export const isSilence = (cause: unknown): boolean => SILENT.has(codeOf(cause) ?? '')

/** True when the target itself said no: a refusal is always a failure of the target. */
export const refused = (cause: unknown): boolean => {
  const code = codeOf(cause)
  return code === 'ECONNREFUSED' || code === 'ECONNRESET'
}

/** One line for people, at most 256 characters, of whatever was thrown; nothing in it steers a terminal or turns a sentence around. */
export function sentence(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const flat = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim().toWellFormed()
  return flat.length > 256 ? `${flat.slice(0, 255).replace(/[\ud800-\udbff]$/, '')}…` : flat || 'failed without a message'
}

/** The exhaustive end of a `switch`: a new case does not compile until it is handled. */
export function never(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
