// Agreement: people who agree on one thing before it is done. What they agree on has a hash; every press is bound to that hash and
// to a person, and rests on a fresh proof that it was that person. A person counts once, whatever tokens, sessions, rotations,
// shared phones or addresses say (C-17). A changed thing voids all presses, time ends it, one refusal ends it. Alone it goes only where
// the terms allow it, with a reason. Pure: the state goes in and comes out; nothing is judged by the wall clock alone.
//
// Time that permits is judged by the slower clock, time that ends by the faster one: uncertain means no.
import { hours, isDue, isWithin, minutes, type Due, type Now, type Span, type Stamp } from '../time.ts'

/** A proof is this young when it counts. */
export const FRESH: Span = minutes(5)
/** A person, and a factor, is known this long before it approves. */
export const SEASONED: Span = hours(72)
const SHORTEST_REASON = 10
/** What arms, purges, closes a breaker or puts something in the place of what lives takes two people, whatever the emergency (C-17, G-27): the last part of `what`. */
const NEVER_ALONE = ['arm', 'purge', 'close-breaker', 'swap']
export const isNeverAlone = (what: string): boolean => NEVER_ALONE.includes(what.split('.').at(-1) ?? '')

/** Who somebody is: everything by which two names may turn out to be one person. Compared without case; empty ones never match. */
export interface Identity {
  readonly person: string
  readonly addresses: readonly string[]
  readonly phones: readonly string[]
  /** Names at identity providers: `issuer subject`. */
  readonly subjects: readonly string[]
  /** Passkeys and authenticators, by id. */
  readonly factors: readonly string[]
}

/** One whose word is needed. */
export interface Party {
  readonly identity: Identity
  /** In which part: "does", "checks", "approves". */
  readonly as: string
}

export interface Terms {
  readonly id: string
  /** `change.step`, `guard.purge`: whose thing it is. */
  readonly what: string
  /** Of everything that is agreed on: text after substitution, targets, version. */
  readonly hash: string
  /** The word that is asked for. */
  readonly asks: 'ready' | 'yes'
  readonly parties: readonly Party[]
  readonly lapsesAt: Due
  /** Where it cannot be undone: what has to be typed, exactly. */
  readonly typed?: string
  /** Whether one may go alone. Never what arms, purges or closes a breaker. */
  readonly alone: 'never' | 'with-reason'
}

/** That it was the person: a passkey or a code, given for this very hash. */
export interface Proof {
  readonly means: 'passkey' | 'totp'
  readonly factor: string
  /** For how long the factor, and the person, are known at least: counted by clocks that nobody sets. */
  readonly factorAge: Span
  readonly personAge: Span
  readonly at: Stamp
  /** What it was given for. */
  readonly hash: string
  /** The browser, or its session, that it came by, where that is known. */
  readonly session?: string
}

export type Act = 'ready' | 'yes' | 'no' | 'stop'

export interface Press {
  readonly act: Act
  readonly identity: Identity
  /** Of what the person had before their eyes. */
  readonly hash: string
  readonly proof: Proof | undefined
  readonly typed?: string
}

/** An assent that counts. */
export interface Assent {
  readonly as: string
  readonly identity: Identity
  readonly factor: string
  readonly session?: string
}

export type Phase =
  | { readonly is: 'open' }
  | { readonly is: 'agreed' }
  | { readonly is: 'refused'; readonly by: string }
  | { readonly is: 'stopped'; readonly by: string }
  /** What was agreed on is another thing now. */
  | { readonly is: 'changed'; readonly hash: string }
  | { readonly is: 'lapsed' }
  /** One went alone: every owner is paged. */
  | { readonly is: 'alone'; readonly by: string; readonly reason: string }

export interface Agreement {
  readonly terms: Terms
  readonly phase: Phase
  readonly assents: readonly Assent[]
}

export type Event =
  | { readonly is: 'pressed'; readonly press: Press }
  /** The thing as it is now. */
  | { readonly is: 'seen'; readonly hash: string }
  | { readonly is: 'alone'; readonly press: Press; readonly reason: string }
  | { readonly is: 'time' }

/** Why a press does not count; nothing is changed by it. */
export type Refusal = 'not-a-party' | 'not-proven' | 'not-fresh' | 'too-young' | 'same-person' | 'changed' | 'lapsed' | 'over' | 'not-typed' | 'not-asked' | 'not-alone' | 'no-reason'

export type Verdict =
  | { readonly is: 'taken' }
  /** It had been said before: a success. */
  | { readonly is: 'again' }
  | { readonly is: 'refused'; readonly why: Refusal; readonly says: string }
  /** Nothing was asked: the thing or the time was looked at. */
  | { readonly is: 'looked' }

export interface Step {
  /** The very object that was given when nothing changed. */
  readonly agreement: Agreement
  readonly verdict: Verdict
}

const plain = (text: string): string => text.normalize('NFKC').trim().toLowerCase()
/** The box that mail to an address lies in: what stands after a plus is a name within it. */
export const mailboxOf = (address: string): string => plain(address).replace(/^([^+@]+)\+[^@]*(?=@)/, '$1')
const digits = (text: string): string => text.replace(/[^\d]/g, '')

function shared(a: readonly string[], b: readonly string[], as: (text: string) => string): boolean {
  const known = new Set(a.map(as).filter((it) => it !== ''))
  return b.some((it) => known.has(as(it)))
}

/** Why two are not two; `undefined` when they are (C-17). */
export function sameness(a: Identity, b: Identity): string | undefined {
  if (plain(a.person) === plain(b.person)) return `${a.person} is one person`
  const pair = `${a.person} and ${b.person}`
  if (shared(a.addresses, b.addresses, mailboxOf)) return `${pair} share an address`
  if (shared(a.phones, b.phones, digits)) return `${pair} share a phone`
  if (shared(a.subjects, b.subjects, (it) => it)) return `${pair} sign in as one`
  if (shared(a.factors, b.factors, (it) => it)) return `${pair} share a passkey or authenticator`
  return undefined
}

/** Opens it, or says why it cannot be: fewer than one party, or parties that are not distinct. */
export function begin(terms: Terms): Agreement | { readonly is: 'refused'; readonly says: string } {
  if (terms.parties.length === 0) return { is: 'refused', says: 'nobody is asked' }
  if (terms.alone !== 'never' && isNeverAlone(terms.what)) return { is: 'refused', says: 'nobody may do this alone, whatever the reason' }
  for (const [n, party] of terms.parties.entries()) {
    for (const other of terms.parties.slice(0, n)) {
      const says = sameness(other.identity, party.identity)
      if (says !== undefined) return { is: 'refused', says: `${says}: two people are needed` }
    }
  }
  return { terms, phase: { is: 'open' }, assents: [] }
}

/** Takes one event in. What is over stays as it is. */
export function step(agreement: Agreement, event: Event, now: Now): Step {
  const current = lapse(agreement, now)
  switch (event.is) {
    case 'time': return { agreement: current, verdict: { is: 'looked' } }
    case 'seen': return { agreement: seen(current, event.hash), verdict: { is: 'looked' } }
    case 'pressed': return press(current, event.press, now)
    case 'alone': return goAlone(current, event.press, event.reason, now)
  }
}

const isOpen = ({ phase }: Agreement): boolean => phase.is === 'open'

/** Also what was agreed and not begun ends by time: an old word is no word. */
const mayLapse = ({ phase }: Agreement): boolean => phase.is === 'open' || phase.is === 'agreed'

/** After a reboot nobody knows how long it has been: then it has lapsed. */
function lapse(agreement: Agreement, now: Now): Agreement {
  const { lapsesAt } = agreement.terms
  const isOver = isDue(lapsesAt, now) || lapsesAt.boot !== now.boot
  return mayLapse(agreement) && isOver ? { ...agreement, phase: { is: 'lapsed' }, assents: [] } : agreement
}

const seen = (agreement: Agreement, hash: string): Agreement =>
  mayLapse(agreement) && hash !== agreement.terms.hash ? { ...agreement, phase: { is: 'changed', hash }, assents: [] } : agreement

const no = (agreement: Agreement, why: Refusal, says: string): Step => ({ agreement, verdict: { is: 'refused', why, says } })

function press(agreement: Agreement, it: Press, now: Now): Step {
  const { terms, phase } = agreement
  const party = terms.parties.find(({ identity }) => identity.person === it.identity.person)
  if (!party) return no(agreement, 'not-a-party', `${it.identity.person} is not asked for this`)
  // To stop is nobody's privilege among the parties, and needs no proof: it can only be the careful choice.
  if (it.act === 'stop' || it.act === 'no') return end(agreement, it)
  const gone = whyOver(agreement)
  if (gone) return gone
  if (it.hash !== terms.hash) return no(agreement, 'changed', 'what you saw is not what it is now: look again')
  if (it.act !== terms.asks) return no(agreement, 'not-asked', `“${it.act}” is not what is asked here`)
  const unproven = whyUnproven(agreement, it, now)
  if (unproven) return unproven
  const had = agreement.assents.find(({ identity }) => identity.person === it.identity.person)
  if (had) return { agreement, verdict: { is: 'again' } }
  if (phase.is !== 'open') return no(agreement, 'over', 'it is agreed already')
  const same = whySame(agreement, it)
  if (same !== undefined) return no(agreement, 'same-person', `${same}: two people are needed`)
  const { factor, session } = it.proof ?? { factor: '' }
  const assents: readonly Assent[] = [...agreement.assents, { as: party.as, identity: it.identity, factor, ...(session === undefined ? {} : { session }) }]
  const agreed = terms.parties.every(({ identity }) => assents.some((assent) => assent.identity.person === identity.person))
  return { agreement: { ...agreement, assents, phase: agreed ? { is: 'agreed' } : phase }, verdict: { is: 'taken' } }
}

function end(agreement: Agreement, { act, identity: { person } }: Press): Step {
  const { phase } = agreement
  if ((phase.is === 'refused' || phase.is === 'stopped') && phase.by === person) return { agreement, verdict: { is: 'again' } }
  if (!mayLapse(agreement)) return whyOver(agreement) ?? no(agreement, 'over', 'it is over')
  return { agreement: { ...agreement, assents: [], phase: { is: act === 'no' ? 'refused' : 'stopped', by: person } }, verdict: { is: 'taken' } }
}

function whyOver(agreement: Agreement): Step | undefined {
  const { phase } = agreement
  switch (phase.is) {
    case 'open': case 'agreed': return undefined
    case 'lapsed': return no(agreement, 'lapsed', 'it has lapsed: it has to be asked for anew')
    case 'changed': return no(agreement, 'changed', 'it was changed: all words that were given are void')
    case 'refused': return no(agreement, 'over', `${phase.by} refused it`)
    case 'stopped': return no(agreement, 'over', `${phase.by} stopped it`)
    case 'alone': return no(agreement, 'over', `${phase.by} went alone`)
  }
}

/** The proof: there, given for this very thing, fresh, of a factor that is the person's own and seasoned. */
function whyUnproven(agreement: Agreement, { proof, identity, typed }: Press, now: Now): Step | undefined {
  const { terms } = agreement
  // Said first: a code that counts once is not used up by a slip of the fingers.
  if (terms.typed !== undefined && typed?.normalize('NFC').trim() !== terms.typed) return no(agreement, 'not-typed', `type “${terms.typed}”, to be sure`)
  if (!proof || proof.hash !== terms.hash || !identity.factors.includes(proof.factor)) return no(agreement, 'not-proven', 'this needs your passkey or your code, given for this very thing')
  if (!isWithin(proof.at, now, FRESH)) return no(agreement, 'not-fresh', 'your passkey or code was given too long ago: give it again')
  if (proof.personAge < SEASONED || proof.factorAge < SEASONED) return no(agreement, 'too-young', 'a person, passkey or authenticator that is younger than 72 h does not approve')
  return undefined
}

/** What is known of them now counts, not only what was known at the start; and what each of them used. */
function whySame(agreement: Agreement, { identity, proof }: Press): string | undefined {
  for (const assent of agreement.assents) {
    const same = sameness(assent.identity, identity)
    if (same !== undefined) return same
    const pair = `${assent.identity.person} and ${identity.person}`
    if (proof && assent.factor === proof.factor) return `${pair} used one passkey or authenticator`
    if (proof?.session !== undefined && assent.session === proof.session) return `${pair} pressed in one browser`
  }
  return undefined
}

/** One alone, in an emergency, by their own proof and with a reason; whoever performs it pages all owners. */
function goAlone(agreement: Agreement, it: Press, reason: string, now: Now): Step {
  const { terms } = agreement
  if (!terms.parties.some(({ identity }) => identity.person === it.identity.person)) return no(agreement, 'not-a-party', `${it.identity.person} is not asked for this`)
  if (agreement.phase.is === 'alone' && agreement.phase.by === it.identity.person) return { agreement, verdict: { is: 'again' } }
  const gone = whyOver(agreement)
  if (gone) return gone
  if (!isOpen(agreement)) return no(agreement, 'over', 'it is agreed already')
  if (terms.alone === 'never' || isNeverAlone(terms.what)) return no(agreement, 'not-alone', 'nobody may do this alone, whatever the reason')
  if (it.hash !== terms.hash) return no(agreement, 'changed', 'what you saw is not what it is now: look again')
  if (reason.trim().length < SHORTEST_REASON) return no(agreement, 'no-reason', 'say why, in a sentence: it will be read')
  const unproven = whyUnproven(agreement, it, now)
  if (unproven) return unproven
  return { agreement: { ...agreement, phase: { is: 'alone', by: it.identity.person, reason: reason.trim() } }, verdict: { is: 'taken' } }
}
