// TLS on a socket that is connected already. The certificate is always read, also when it does not hold, so that the sentence can
// say since when; when it does not hold and was to be verified, not one byte is sent. No session is taken up again: a look
// is to meet the certificate that a newcomer meets. One context serves all, since building one costs more than the handshake.
import type { Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { coded, codeOf, isOurs } from '../../core/fault.ts'
import { between, instantOf, sayTime, type Instant } from '../../core/time.ts'
import type { Certificate } from '../world.ts'
import { readAddress } from './address.ts'

export interface Handshake {
  readonly socket: Socket
  /** The name that the certificate is to bear, and that is asked for (SNI) unless it is an address. */
  readonly host: string
  readonly verify: boolean
  readonly protocols?: readonly string[]
  readonly now: () => Instant
  done(cause: Error | undefined, secured?: TLSSocket, certificate?: Certificate): void
}

let context: SecureContext | undefined

/** Speaks TLS; calls `done` once. Whoever destroys the socket before that hears nothing more. */
export function secure(it: Handshake): TLSSocket {
  const servername = readAddress(it.host) ? {} : { servername: it.host }
  const secured = connect({
    socket: it.socket,
    host: it.host,
    ...servername,
    secureContext: (context ??= createSecureContext()),
    ...(it.protocols && { ALPNProtocols: [...it.protocols] }),
    // It is read after the handshake instead, with its dates at hand.
    rejectUnauthorized: false,
  })
  let over = false
  const done = (cause: Error | undefined, certificate?: Certificate): void => {
    if (over) return
    over = true
    if (cause) {
      secured.destroy()
      it.done(cause)
    } else it.done(undefined, secured, certificate)
  }
  secured.once('secureConnect', () => {
    const certificate = certificateOf(secured)
    const wrong = secured.authorized || !it.verify ? undefined : reasonOf(secured.authorizationError)
    done(wrong === undefined ? undefined : coded('ECERT', wordsFor(wrong, it.host, certificate, it.now())), certificate)
  })
  secured.once('error', (cause: Error) => done(faultOf(cause)))
  secured.once('close', () => done(coded('ECONNRESET', 'closed the connection during the TLS handshake')))
  return secured
}

/** Declared as an Error; in truth it is mostly the code alone. */
const reasonOf = (reason: unknown): string => (typeof reason === 'string' ? reason : (codeOf(reason) ?? 'no reason given'))

function certificateOf(secured: TLSSocket): Certificate | undefined {
  const certificate = secured.getPeerX509Certificate()
  if (!certificate) return undefined
  const { validFromDate, validToDate, subject, issuer } = certificate
  return {
    validFrom: instantOf(validFromDate.getTime()),
    validTo: instantOf(validToDate.getTime()),
    subject: String(subject ?? '').slice(0, 256),
    issuer: String(issuer ?? '').slice(0, 256),
  }
}

function wordsFor(code: string, host: string, certificate: Certificate | undefined, now: Instant): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return certificate && certificate.validTo <= now ? `certificate ended ${sayTime(between(certificate.validTo, now))} ago` : 'a certificate of its chain has ended'
    case 'CERT_NOT_YET_VALID':
      return certificate && certificate.validFrom > now ? `certificate begins in ${sayTime(between(now, certificate.validFrom))}` : 'a certificate of its chain has not begun'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `certificate is not for “${host}”`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'certificate is signed by itself'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'certificate is from an authority that this machine does not know'
    default:
      return `certificate does not hold (${code})`
  }
}

function faultOf(cause: Error): Error {
  if (isOurs(cause)) return cause
  const code = codeOf(cause) ?? ''
  if (code === 'ECONNRESET' || code === 'EPIPE') return coded('ECONNRESET', 'closed the connection during the TLS handshake', 'later', cause)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return coded('EPROTO', 'does not speak TLS on this port', 'later')
  return coded('EPROTO', `TLS failed: ${code.replace(/^ERR_(SSL|TLS)_/, '').replaceAll('_', ' ').toLowerCase() || 'no reason given'}`, 'later')
}
