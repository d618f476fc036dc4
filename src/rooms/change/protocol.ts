// What the scout tells the keeper: what each host said of itself, by the moment at which it was asked, and of whom nothing is known, and why. It is
// told anew to a keeper that comes back; the keeper asks for nothing.
import type { Stamp } from '../../core/time.ts'
import type { Account, LinkSeen } from './account.ts'
import type { Door } from './topology.ts'

/** How a host is asked. Holds no secret: keys are files. */
export interface Asked {
  readonly host: string
  readonly door: Door
}

/** An account as it is sent: JSON knows no maps. */
export type Sent = Omit<Account, 'links'> & { readonly links: readonly (readonly [string, LinkSeen])[] }

export type FromScout =
  | { readonly is: 'account'; readonly host: string; readonly asked: Stamp; readonly account: Sent }
  | { readonly is: 'silent'; readonly host: string; readonly at: Stamp; readonly says: string }
