// What Holdfast answers about agreements: to whoever lists them, and to a party behind a personal link. A link stands in no answer but
// to its own person: by their session, or on the machine itself for whoever they say they are.
import type { Act } from '../core/authority/agreement.ts'
import type { Instant } from '../core/time.ts'
import type { From, PasskeyOptionsAnswer, PasskeyShown, ProofAnswer } from './people.ts'

export type ApprovalState = 'open' | 'agreed' | 'refused' | 'stopped' | 'changed' | 'lapsed' | 'alone'

export interface ApprovalAnswer {
  readonly schema: 'holdfast.approval/1'
  readonly id: string
  /** Whose thing it is: `plain` where somebody asked for a described act. */
  readonly what: string
  readonly title: string
  readonly text: string
  readonly hash: string
  /** The hash in two words. */
  readonly words: string
  readonly asks: 'ready' | 'yes'
  /** What has to be typed, where it cannot be undone. */
  readonly typed: string | null
  /** Whether one may go alone, with a reason that all owners read. */
  readonly alone: boolean
  readonly by: string
  readonly at: Instant
  readonly lapsesAt: Instant
  readonly state: ApprovalState
  /** Who refused or stopped it, or went alone. */
  readonly endedBy: string | null
  readonly reason: string | null
  /** Also where the word has lapsed since. */
  readonly agreedAt: Instant | null
  readonly endedAt: Instant | null
  /** `channels`: by which their link is sent, as it is configured now. Without any nothing is sent: they find it signed in, or on the machine itself. */
  readonly parties: readonly { readonly person: string; readonly as: string; readonly said: boolean; readonly channels: readonly string[]; readonly sent: readonly { readonly channel: string; readonly outcome: string; readonly at: Instant }[] }[]
  /** Of the party who asks: by their session, or on the machine itself. */
  readonly url: string | null
}

export interface ApprovalsAnswer { readonly schema: 'holdfast.approvals/1'; readonly approvals: readonly ApprovalAnswer[] }

/** What a party sees behind their link. */
export interface ApprovalLinkAnswer {
  readonly schema: 'holdfast.approval-link/1'
  readonly approval: ApprovalAnswer
  readonly person: string
  readonly as: string
  /** How they may prove themselves. */
  readonly means: { readonly totp: boolean; readonly passkey: boolean }
  readonly timezone: string
  readonly now: Instant
  /** What became of the run that it was asked for, in sentences, where the agreement does not say that. */
  readonly outcome: { readonly isOver: boolean; /** It stands, and nothing more of it begins until its people say so. */ readonly isHalted: boolean; readonly says: string } | null
}

/** Calls about agreements. Only a party's own link decides: no token, and nobody at a terminal. */
export interface AgreementCalls {
  'approvals.list': { args: { all?: boolean; person?: string }; body: ApprovalsAnswer }
  'approvals.show': { args: { id: string; person?: string }; body: ApprovalAnswer }
  /** `of`: `ada`, or `ada:checks`. `instead`: of a former one, which is void by that. */
  'approvals.ask': {
    args: { title: string; text: string; of: readonly string[]; lapses?: string; typed?: string; ready?: boolean; alone?: boolean; instead?: string; person?: string }
    body: ApprovalAnswer
  }
  'approvals.look': { args: { token: string }; body: ApprovalLinkAnswer }
  /** What to ask of the party's browser, for a passkey; and the proof that comes of it, good behind this link alone. */
  'approvals.askProof': { args: { token: string }; body: PasskeyOptionsAnswer }
  'approvals.prove': { args: { token: string; shown: PasskeyShown; from: From }; body: ProofAnswer }
  /** 403 not you, or not proven; 409 changed; 410 lapsed, or over; 429 too many tries. `proof`: of a passkey, from `approvals.prove`. */
  'approvals.press': {
    args: { token: string; act: Act | 'alone'; hash: string; totp?: string; proof?: string; typed?: string; reason?: string; /** Of the browser that it came by, where that is known: a hash. */ browser?: string; from: From }
    body: ApprovalLinkAnswer & { readonly says: string }
  }
}
