// What the hand and the keeper say to each other. The hand asks, always: for its lease, for work, and to have written down what came of it. It is told
// one object at a time by name, version, etag and size, under a term; an answer that comes under an older term is still the truth about what was done,
// and written down, but earns no further work.
import type { Instant, Span } from '../../../core/time.ts'
import type { Judged, Probed, SetAside, StoreClock } from '../../../ports/store.ts'
import type { Found } from '../../../core/evidence.ts'
import type { Way } from '../reconcile/readings.ts'
import type { Act, Looked } from './life.ts'
import type { Granted } from '../../../core/authority/lease.ts'

/** One act on one object; its intent is durable when this is sent. `id`: the same in every message about it. */
export type Order =
  | { readonly id: string; readonly act: 'quarantine'; readonly what: Judged }
  | { readonly id: string; readonly act: 'release' | 'purge'; readonly what: SetAside }

/** Something that was begun once, and whose outcome nobody knows. */
export interface Doubt {
  readonly id: string
  readonly act: Act
  readonly what: Judged
  /** Of what was aside already. */
  readonly token?: string
}

export type Ended =
  | { readonly is: 'done'; readonly token?: string; readonly storeAt?: Instant }
  | { readonly is: 'refused'; readonly why: 'changed' | 'absent' | 'locked' | 'unable'; readonly says: string }
  | { readonly is: 'unknown' | 'lost'; readonly says: string }

export type FromHand =
  | { readonly is: 'lease' }
  /** `stores`: those that it has the credentials of; absent: all. */
  | { readonly is: 'work'; readonly term: number; readonly stores?: readonly string[] }
  /** `keeps`: whether what is put aside stays there for the quarantine that was asked about. */
  | { readonly is: 'probed'; readonly term: number; readonly store: string; readonly identity: string; readonly capabilities: Probed['capabilities']; readonly clock: StoreClock; readonly moves: boolean; readonly keeps: Found; readonly way: Way }
  /** It could not be tried out. */
  | { readonly is: 'unfit'; readonly term: number; readonly store: string; readonly says: string }
  | { readonly is: 'ended'; readonly term: number; readonly id: string; readonly ended: Ended }
  /** `unseen`: it could not be looked at; it stays in doubt. */
  | { readonly is: 'looked'; readonly term: number; readonly id: string; readonly found: Looked | { readonly is: 'unseen'; readonly says: string } }
  /** It stops, in order, and begins nothing more. */
  | { readonly is: 'bye' }

export type ToHand =
  | { readonly is: 'lease'; readonly lease: Granted }
  | { readonly is: 'nothing'; readonly for: Span }
  | { readonly is: 'no-lease' }
  | { readonly is: 'probe'; readonly store: string; readonly quarantine?: Span }
  | { readonly is: 'look'; readonly store: string; readonly identity: string; readonly doubts: readonly Doubt[] }
  /** `quarantine`: for so long the store has to keep what is put aside. */
  | { readonly is: 'acts'; readonly store: string; readonly identity: string; readonly quarantine?: Span; readonly orders: readonly Order[] }
  | { readonly is: 'written' }
