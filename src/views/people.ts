// What Holdfast answers about people, sign-in and sessions: the shapes that the web process draws pages from. Secrets that the
// browser or a person must have once (a session's, a link's, an authenticator's, recovery codes) stand in the answer that makes them,
// and in no other.
import type { Right, Role } from '../core/authority/role.ts'
import type { Instant } from '../core/time.ts'
import type { DoneAnswer } from './done.ts'

/** Whose session it is, and what it opens. */
export interface SessionAnswer {
  readonly schema: 'holdfast.session/1'
  readonly id: string
  readonly person: string
  readonly roles: readonly Role[]
  /** None while `incomplete`: then only the own account opens. */
  readonly rights: readonly Right[]
  /** Their roles want a passkey, or a code beside the password, and this session was begun without. */
  readonly incomplete: boolean
  /** Begun so lately that factors and passwords may be changed in it. */
  readonly recent: boolean
}

export interface SignedInAnswer {
  readonly schema: 'holdfast.signed-in/1'
  readonly person: string
  readonly session: string
  /** For the cookie; nowhere else. */
  readonly secret: string
}

export interface FactorAnswer { readonly id: string; readonly kind: 'passkey' | 'totp'; readonly label: string; readonly at: Instant; /** Old enough to approve with. */ readonly seasoned: boolean }
export interface SessionOfAnswer { readonly id: string; readonly means: string; readonly at: Instant; readonly seen: Instant; readonly agent: string; readonly origin: string; readonly here: boolean }

export interface AccountAnswer {
  readonly schema: 'holdfast.account/1'
  readonly person: string
  readonly email: string | null
  readonly roles: readonly Role[]
  readonly hasPassword: boolean
  readonly recoveryLeft: number
  readonly factors: readonly FactorAnswer[]
  readonly sessions: readonly SessionOfAnswer[]
  readonly recent: boolean
  readonly incomplete: boolean
  /** Channels by which this person can be rung, for "test my phone". */
  readonly channels: readonly string[]
}

export interface PersonAnswer {
  readonly person: string
  readonly email: string | null
  /** In the configuration. */
  readonly configured: readonly Role[]
  /** By an owner. */
  readonly granted: readonly Role[]
  readonly roles: readonly Role[]
  readonly factors: number
  readonly hasPassword: boolean
  readonly sessions: number
  readonly seen: Instant | null
}
export interface PeopleAnswer { readonly schema: 'holdfast.people/1'; /** Nobody owns this Holdfast yet. */ readonly ownerless: boolean; readonly people: readonly PersonAnswer[] }

/** A secret that is shown once: a link's, to be opened by the person it is for. */
export interface LinkAnswer { readonly schema: 'holdfast.link/1'; readonly person: string; readonly url: string; readonly until: Instant }
export interface TotpAnswer { readonly schema: 'holdfast.totp/1'; readonly person: string; readonly uri: string; readonly secret: string }
export interface RecoveryAnswer { readonly schema: 'holdfast.recovery/1'; readonly codes: readonly string[] }
export interface AuditAnswer { readonly schema: 'holdfast.audit/1'; readonly entries: readonly { readonly seq: number; readonly at: Instant; readonly is: string; readonly person: string | null; readonly says: string }[] }
/** What a sign-in page needs to know. */
export interface DoorAnswer {
  readonly schema: 'holdfast.door/1'
  /** Nobody owns this Holdfast yet. */
  readonly ownerless: boolean
  readonly people: readonly string[]
  /** The address of the site allows passkeys: a name, by https (or localhost). */
  readonly passkeys: boolean
  /** What the identity provider is called on its button; null where there is none. */
  readonly oidc: string | null
}

/** What the browser's authenticator is asked, in the JSON form of WebAuthn. */
export interface PasskeyOptionsAnswer { readonly schema: 'holdfast.passkey-options/1'; readonly options: object }
/** That it was the person, for one hash, once, for five minutes. */
export interface ProofAnswer { readonly schema: 'holdfast.proof/1'; readonly proof: string; readonly until: Instant }
/** Where the browser goes on to sign in. */
export interface ProviderAnswer { readonly schema: 'holdfast.provider/1'; readonly url: string }

/** As the browser's `toJSON()` gives them, without what is not needed. */
export interface PasskeyMade { readonly id: string; readonly type: 'public-key'; readonly response: { readonly clientDataJSON: string; readonly attestationObject: string; readonly transports?: readonly string[] } }
export interface PasskeyShown { readonly id: string; readonly type: 'public-key'; readonly response: { readonly clientDataJSON: string; readonly authenticatorData: string; readonly signature: string; readonly userHandle?: string | null } }

/** Where a request came from: for sessions, limits and the audit. */
export interface From { readonly origin: string; readonly agent: string }

/** Ways in beside the password. `before`: a secret of the browser from before its sign-in, kept in a cookie. */
export interface WaysIn {
  'people.beginPasskey': { args: { session: string }; body: PasskeyOptionsAnswer }
  /** Adds it, and signs in by it: all former sessions end. */
  'people.addPasskey': { args: { session: string; label?: string; made: PasskeyMade; from: From }; body: SignedInAnswer }
  'people.askPasskey': { args: { before: string; from: From }; body: PasskeyOptionsAnswer }
  'people.enterByPasskey': { args: { before: string; shown: PasskeyShown; from: From }; body: SignedInAnswer }
  /** For an act that needs a fresh proof: what the passkey signs is bound to the hash of what is approved. */
  'people.askProof': { args: { session: string; hash: string }; body: PasskeyOptionsAnswer }
  /** By a passkey or a code; a recovery code proves nothing. */
  'people.prove': { args: { session: string; hash: string; shown?: PasskeyShown; code?: string; from: From }; body: ProofAnswer }
  /** A session that lacks the code of its authenticator becomes another one that has it. */
  'people.strengthen': { args: { session: string; code: string; from: From }; body: SignedInAnswer }
  'people.beginOidc': { args: { before: string; from: From }; body: ProviderAnswer }
  /** `query`: with which the provider sent the browser back. */
  'people.enterByOidc': { args: { before: string; query: string; from: From }; body: SignedInAnswer }
}

/** Calls about people. `session` is the secret in the browser's cookie: the keeper alone says whose it is. */
export interface PeopleCalls extends WaysIn {
  'people.door': { args: Record<string, never>; body: DoorAnswer }
  'people.session': { args: { session: string }; body: SessionAnswer }
  /** `code`: of an authenticator, or a recovery code. 401 with HF431 where one is wanted, 429 where too many were tried. */
  'people.signIn': { args: { named: string; password: string; code?: string; from: From }; body: SignedInAnswer }
  /** Of a one-time link; `person` where a first owner names themselves. */
  'people.enter': { args: { what: 'first-owner' | 'invite' | 'recover'; link: string; person?: string; from: From }; body: SignedInAnswer }
  /** Whether the link would be good, and for whom; uses nothing up. */
  'people.lookAtLink': { args: { what: 'first-owner' | 'invite' | 'recover'; link: string }; body: { readonly schema: 'holdfast.link-seen/1'; readonly person: string; readonly names: readonly string[] } }
  /** Ends this session, another of the same person's (`other`), or all others (`other: "*"`). */
  'people.signOut': { args: { session: string; other?: string }; body: DoneAnswer }
  'people.account': { args: { session: string }; body: AccountAnswer }
  'people.setPassword': { args: { session: string; password: string }; body: DoneAnswer }
  'people.beginTotp': { args: { session: string; label?: string }; body: TotpAnswer }
  'people.confirmTotp': { args: { session: string; code: string }; body: DoneAnswer }
  'people.removeFactor': { args: { session: string; factor: string }; body: DoneAnswer }
  'people.newRecovery': { args: { session: string }; body: RecoveryAnswer }
  'people.list': { args: Record<string, never>; body: PeopleAnswer }
  'people.grant': { args: { who: string; roles: readonly Role[]; person?: string }; body: DoneAnswer }
  /** On this machine only: what is printed at the start, anew; the former one is void. 409 when somebody owns this. */
  'people.firstOwner': { args: Record<string, never>; body: LinkAnswer }
  /** A link for somebody who has no way in yet, or who lost it. Ends nothing by itself. */
  'people.invite': { args: { who: string; person?: string }; body: LinkAnswer }
  'people.recover': { args: { who: string; person?: string }; body: LinkAnswer }
  /** On this machine only: an authenticator for somebody, to be confirmed by a code. */
  'people.enrol': { args: { who: string; person?: string; code?: string }; body: TotpAnswer | DoneAnswer }
  'people.signOutAll': { args: { who: string; person?: string }; body: DoneAnswer }
  'people.audit': { args: { who?: string; since?: string }; body: AuditAnswer }
}
