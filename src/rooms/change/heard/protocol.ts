// What the scout tells the keeper: what each host, and each member of a cluster, said of itself, by the moment at which it was asked, and of whom
// nothing is known, and why. It is told anew to a keeper that comes back; the keeper asks for one thing: writes that begin now.
import type { Stamp } from '../../../core/time.ts'
import type { Account, LinkSeen } from './account.ts'
import type { Report } from '../sight.ts'
import type { SshPlace } from '../../../ports/world/ssh.ts'
import type { ClusterKind, DnsRecord } from '../topology.ts'

/** How a host is asked. Holds no secret: keys are files. */
export interface Asked {
  readonly host: string
  readonly door: SshPlace
}

/** An account as it is sent: JSON knows no maps. */
export type Sent = Omit<Account, 'links'> & { readonly links: readonly (readonly [string, LinkSeen])[] }

/** What a look at a host gave. */
export type OfHost =
  | { readonly is: 'account'; readonly host: string; readonly asked: Stamp; readonly account: Sent }
  | { readonly is: 'silent'; readonly host: string; readonly at: Stamp; readonly says: string }

/** What a look at a member of a cluster gave, and what came of a write there. */
export type OfMember = { readonly cluster: string; readonly host: string } & (
  | { readonly is: 'member'; readonly asked: Stamp; readonly report: Report }
  /** Nothing is known of it since then, and why. */
  | { readonly is: 'mute'; readonly at: Stamp; readonly says: string }
  /** A write was tried that began then. `wrong`: why it was not committed, or not in time; absent: it was. */
  | { readonly is: 'canary'; readonly asked: Stamp; readonly wrong?: string }
)

export type FromScout = OfHost | OfMember

export type ToScout =
  /** A write is tried at once at each member of that cluster which can take one. */
  | { readonly is: 'canary'; readonly cluster: string }
  /** A deed may have made names lead elsewhere: what was kept of them is worth nothing any more. Answered when that is forgotten. */
  | { readonly is: 'forget-names' }

/** How a member is asked. Holds credentials: for the scout, and for nobody else. */
export interface AskedMember {
  readonly cluster: string
  readonly host: string
  readonly kind: ClusterKind
  /** Where the host is found. */
  readonly address: string
  /** The cluster's one address, in which the host's is put. */
  readonly as: string
  /** Patroni: where its own interface answers, the host put in likewise. */
  readonly rest?: string
  readonly canary?: string
  readonly backend?: string
  readonly record?: DnsRecord
}
