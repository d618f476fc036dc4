// The life of one object under a clean-up: unmarked → flagged → being put aside → aside → (being brought back | being removed) → purged. A state is
// a shape, and what happened is an event; what cannot follow is refused in words and changes nothing. Nothing is removed that was not aside first,
// nothing is aside without a token to bring it back by, and an act whose outcome nobody knows stays open until somebody has looked.
import { never } from '../../../core/fault.ts'
import type { Judged } from '../../../ports/store.ts'
import type { Instant } from '../../../core/time.ts'
import type { Flag, Moment, Quarantine } from '../reconcile/margins.ts'

export type Act = 'quarantine' | 'release' | 'purge'

/** What lies aside, with all that is needed to bring it back. `storeSince` is by the store's own clock. */
export interface Aside extends Quarantine {
  readonly bytes: number
  /** Absent where the store keeps no versions. */
  readonly versionId?: string
  readonly token: string
  /** Of the store, as it said of itself when this was put aside: there it is brought back, whatever a run says (G-6). */
  readonly identity?: string
  /** When it was written, by the store's clock; absent where whoever judged it did not say. */
  readonly modifiedAt?: Instant
}

export type Life =
  | { readonly is: 'unmarked' }
  | { readonly is: 'flagged'; readonly flag: Flag }
  | { readonly is: 'leaving'; readonly flag: Flag; readonly what: Judged; readonly begun: Moment; readonly identity?: string; readonly modifiedAt?: Instant }
  | { readonly is: 'aside'; readonly aside: Aside }
  | { readonly is: 'returning'; readonly aside: Aside; readonly begun: Moment }
  | { readonly is: 'removing'; readonly aside: Aside; readonly begun: Moment; readonly agreement: string }
  | { readonly is: 'purged'; readonly aside: Aside; readonly at: Moment; readonly agreement: string }
  /** Somebody else took it away from where it lay aside, in a store without versions: that it is gone is known, and that it was not us. */
  | { readonly is: 'taken'; readonly aside: Aside; readonly says: string }
  /** The store did something else than was asked: nobody touches it any more. */
  | Lost

/** `what`: which version that was, where it was taken down. */
export interface Lost { readonly is: 'lost'; readonly says: string; readonly what?: { readonly etag: string; readonly versionId?: string } }

/** What somebody who looked found. `aside`: hidden under a token; `standing`: as if nothing had been done; `other`: something newer stands there. */
export type Looked =
  | { readonly is: 'standing' | 'gone' | 'other' }
  | { readonly is: 'aside'; readonly token: string; readonly storeAt: Instant }

export type LifeEvent =
  | { readonly is: 'flagged'; readonly flag: Flag }
  | { readonly is: 'unflagged' }
  | { readonly is: 'intended'; readonly act: 'quarantine'; readonly flag: Flag; readonly what: Judged; readonly at: Moment; readonly identity?: string; readonly modifiedAt?: Instant }
  | { readonly is: 'intended'; readonly act: 'release'; readonly at: Moment }
  | { readonly is: 'intended'; readonly act: 'purge'; readonly at: Moment; readonly agreement: string }
  | { readonly is: 'done'; readonly at: Moment; readonly token?: string; readonly storeAt?: Instant }
  | { readonly is: 'refused'; readonly why: 'changed' | 'absent' | 'locked' | 'unable'; readonly says: string }
  | { readonly is: 'lost'; readonly says: string }
  | { readonly is: 'looked'; readonly found: Looked; readonly at: Moment }

export interface Lived {
  readonly life: Life
  /** Why the event cannot have happened to it; nothing changed then. */
  readonly wrong?: string
}

/** Whether something was begun of which nobody knows the outcome yet. */
export const isOpen = (life: Life): life is Life & { readonly is: 'leaving' | 'returning' | 'removing' } => life.is === 'leaving' || life.is === 'returning' || life.is === 'removing'

/** Nothing lies aside of it. Another object under the name of one that is gone begins a life of its own. */
export const isFree = (life: Life): boolean => life.is === 'unmarked' || life.is === 'flagged' || life.is === 'purged' || life.is === 'taken'

/** The act that is under way. */
export const actOf = (life: Life & { readonly is: 'leaving' | 'returning' | 'removing' }): Act => (life.is === 'leaving' ? 'quarantine' : life.is === 'returning' ? 'release' : 'purge')

/** The store in which something is being done with it, or was. */
export const identityOf = (life: Life): string | undefined => (life.is === 'leaving' ? life.identity : asideOf(life)?.identity)

/** What lies aside of it, whatever is being done with it. */
export const asideOf = (life: Life): Aside | undefined => (life.is === 'aside' || life.is === 'returning' || life.is === 'removing' ? life.aside : undefined)

const UNMARKED: Life = { is: 'unmarked' }

/** Takes one event in. */
export function step(life: Life, event: LifeEvent): Lived {
  const no = (wrong: string): Lived => ({ life, wrong })
  switch (event.is) {
    case 'flagged': return isFree(life) ? { life: { is: 'flagged', flag: event.flag } } : no(`it is ${life.is}: nothing flags it`)
    case 'unflagged': return life.is === 'flagged' ? { life: UNMARKED } : no(`it is ${life.is}: it has no flag to take away`)
    case 'intended': return intended(life, event)
    case 'done': return isOpen(life) ? done(life, event) : no(`nothing is under way: it is ${life.is}`)
    case 'refused': return isOpen(life) ? refused(life, event) : no(`nothing is under way: it is ${life.is}`)
    case 'lost': return isOpen(life) ? { life: lostOf(life, event.says) } : no(`nothing is under way: it is ${life.is}`)
    case 'looked': return isOpen(life) ? looked(life, event.found, event.at) : no(`nothing is under way: it is ${life.is}`)
  }
}

function intended(life: Life, event: LifeEvent & { is: 'intended' }): Lived {
  if (event.act === 'quarantine') {
    const { flag, what } = event
    if (!isFree(life)) return { life, wrong: `it is ${life.is}: it cannot be put aside` }
    if (flag.etag !== what.etag || (what.versionId !== undefined && flag.version !== what.versionId)) return { life, wrong: 'what was flagged is another version' }
    return { life: { is: 'leaving', flag, what, begun: event.at, ...(event.identity !== undefined && { identity: event.identity }), ...(event.modifiedAt !== undefined && { modifiedAt: event.modifiedAt }) } }
  }
  if (life.is !== 'aside') return { life, wrong: `it is ${life.is}: only what lies aside is brought back or removed` }
  return { life: event.act === 'release' ? { is: 'returning', aside: life.aside, begun: event.at } : { is: 'removing', aside: life.aside, begun: event.at, agreement: event.agreement } }
}

/** Of which version nobody knows any more where it is: should a listing show just that one again, that is known. */
function lostOf(life: Open, says: string): Lost {
  const { etag, versionId } = life.is === 'leaving' ? life.what : life.aside
  return { is: 'lost', says, what: { etag, ...(versionId === undefined ? {} : { versionId }) } }
}

type Open = Life & { readonly is: 'leaving' | 'returning' | 'removing' }

function done(life: Open, { at, token, storeAt }: LifeEvent & { is: 'done' }): Lived {
  switch (life.is) {
    case 'leaving': return token === undefined || storeAt === undefined ? { life, wrong: 'without a token it could not be brought back' } : { life: laid(life, token, at, storeAt) }
    case 'returning': return { life: UNMARKED }
    case 'removing': return { life: { is: 'purged', aside: life.aside, at, agreement: life.agreement } }
    default: return never(life)
  }
}

const laid = ({ what, flag, identity, modifiedAt }: Life & { is: 'leaving' }, token: string, since: Moment, storeSince: Instant): Life => ({
  is: 'aside', aside: { version: flag.version, etag: flag.etag, since, storeSince, bytes: what.bytes, token, ...(what.versionId !== undefined && { versionId: what.versionId }), ...(identity !== undefined && { identity }), ...(modifiedAt !== undefined && { modifiedAt }) },
})

/** A refusal changed nothing: it is what it was, unless what was judged is not there any more. */
function refused(life: Open, { why, says }: LifeEvent & { is: 'refused' }): Lived {
  switch (life.is) {
    // Whatever was written, or locked, since then begins anew.
    case 'leaving': return { life: why === 'unable' ? { is: 'flagged', flag: life.flag } : UNMARKED }
    case 'returning':
    case 'removing': return { life: why === 'absent' ? missing(life, says) : { is: 'aside', aside: life.aside } }
    default: return never(life)
  }
}

/** Where there are no versions anybody may take out by hand what lies aside, and is even told to; a version that was to be kept is the store's own fault. */
const missing = (life: Open & { readonly is: 'returning' | 'removing' }, says: string): Life => (life.aside.versionId === undefined ? { is: 'taken', aside: life.aside, says } : lostOf(life, says))

function looked(life: Open, found: Looked, at: Moment): Lived {
  if (life.is === 'leaving') {
    switch (found.is) {
      case 'aside': return { life: laid(life, found.token, at, found.storeAt) }
      case 'standing': return { life: { is: 'flagged', flag: life.flag } }
      case 'other': return { life: UNMARKED }
      case 'gone': return { life: lostOf(life, 'it was to be put aside, and nothing of it is there') }
    }
  }
  switch (found.is) {
    case 'aside': return found.token === life.aside.token ? { life: { is: 'aside', aside: life.aside } } : { life: lostOf(life, 'it lies under another delete marker than the one that was made') }
    case 'standing': return { life: UNMARKED }
    // Both are kept: what stands there, and what lies beneath it.
    case 'other': return { life: { is: 'aside', aside: life.aside } }
    case 'gone': return life.is === 'removing' ? { life: { is: 'purged', aside: life.aside, at, agreement: life.agreement } } : { life: missing(life, 'it was to be brought back, and nothing of it is there') }
  }
}
