// The world, as every part of Holdfast meets it: clocks, randomness, timers and the one way out. Nothing else in the tree
// reads a clock or opens a connection, so the simulator can stand in for all of it, and one place judges every address.
import type { Duplex } from 'node:stream'
import type { Instant, Now, Span } from '../core/time.ts'

export interface Clock {
  /** Both clocks, read together. */
  now(): Now
}

export interface Timers {
  /** Calls `act` once after `span`; the returned function cancels it. Spans above the runtime's limit are chained. */
  after(span: Span, act: () => void): () => void
}

export type Random = (bytes: number) => Uint8Array

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** What kind of place an address is; egress judges by it (docs/security). */
export type AddressClass = 'public' | 'private' | 'loopback' | 'blocked'

/**
 * Who asked for a target. `configured`: written in the configuration file, private and loopback allowed.
 * `foreign`: came any other way, public addresses only.
 */
export type Trust = 'configured' | 'foreign'

export interface ConnectWant {
  readonly host: string
  readonly port: number
  readonly signal: AbortSignal
  readonly trust?: Trust
  /** Present: TLS is spoken on the connection. `verify` is true unless said otherwise. */
  readonly tls?: { readonly servername?: string; readonly verify?: boolean }
  /** A redirect may not lead from a public address to a private one: the class that the first hop had. */
  readonly notBeyond?: AddressClass
  /** Bytes that may be received; beyond them the connection is ended (no bound when absent). */
  readonly mostBytes?: number
}

/** Milliseconds each phase took; a phase that did not happen is absent. */
export interface Phases {
  lookup?: number
  connect?: number
  tls?: number
  firstByte?: number
  total: number
}

export interface Certificate {
  readonly validTo: Instant
  readonly validFrom: Instant
  readonly subject: string
  readonly issuer: string
}

export interface Connected {
  readonly socket: Duplex
  readonly phases: Phases
  readonly address: Address
  readonly addressClass: AddressClass
  readonly certificate?: Certificate
}

export interface HttpWant {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
  readonly trust?: Trust
  readonly notBeyond?: AddressClass
  readonly verifyTls?: boolean
  /** Bytes of the body that are kept (64 KiB when absent); the rest is not read. */
  readonly maxBody?: number
  /** Asked once the connection is there, right before the request is written: where it may not leave any more, nothing is sent (EFENCED). */
  readonly mayLeave?: () => boolean
  /** Limits of single phases, within the signal; what runs out is named in the fault. */
  readonly limits?: { readonly connect?: Span; readonly tls?: Span; readonly firstByte?: Span }
}

export interface HttpReply {
  readonly status: number
  /** Lower-cased names; a repeated header is joined with ", ". */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly truncated: boolean
  readonly phases: Phases
  readonly addressClass: AddressClass
  readonly certificate?: Certificate
}

/**
 * The one way out. Resolves the name as the machine does, judges every address, connects to the judged one.
 * Rejects with a `Fault`, or with the system's error (its `code` kept), within 100 ms of the signal.
 */
export interface Egress {
  resolve(host: string, signal: AbortSignal): Promise<readonly Address[]>
  connect(want: ConnectWant): Promise<Connected>
  request(want: HttpWant): Promise<HttpReply>
}

export interface World {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly egress: Egress
}
