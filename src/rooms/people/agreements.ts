// Agreements as facts: each is a strict stream, so of two keepers that judged the same version one is refused. What is judged is
// `core/authority/agreement.ts` and nothing else; here it is asked, recorded, and ended by time. Parties are told by their own channels
// (`approach.ts`). Who somebody is, is looked at anew at every press: what became known since then counts as well (C-17).
import { begin, step, type Act, type Agreement, type Assent, type Event, type Identity, type Press, type Proof, type Step, type Terms, type Verdict } from '../../core/authority/agreement.ts'
import { newId, sha256, type AgreementId } from '../../core/id.ts'
import { canonical } from '../../core/ledger.ts'
import { may, type Role } from '../../core/authority/role.ts'
import { dueIn, type Now, type Span } from '../../core/time.ts'
import type { Entry } from '../../core/ledger.ts'
import type { Room, Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import type { Random } from '../../ports/world.ts'
import { AGREEMENT_PROJECTIONS, AGREEMENT_TABLES, applyAsked, applyMoved, applySent, countOpen, loadAgreement, marked, type AgreementRow, type Asked } from './agreement-rows.ts'
import { approach, reachDue, sent, type Rung } from './approach.ts'

/** So many are open at a time. */
const MOST_OPEN = 100
/** Of one asker: nobody's asking leaves no room for others. */
const MOST_OF_ONE = 25

export interface AgreementContext {
  readonly key: Uint8Array
  readonly random: Random
  readonly identityOf: (sql: Sql, person: string) => Identity
  readonly rolesOf: (sql: Sql, person: string) => readonly Role[]
  readonly ladderOf: (person: string) => readonly Rung[]
}

/** What is to be agreed on. `hash` where its owner has one of its own; else it is made of what is written here. */
export interface Wish {
  readonly what: string
  readonly title: string
  readonly text: string
  readonly hash?: string
  readonly asks: Terms['asks']
  readonly parties: readonly { readonly person: string; readonly as: string }[]
  readonly lapses: Span
  readonly typed?: string
  readonly alone: Terms['alone']
  readonly by: string
  /** A former one, whose thing this is now: all words given for it are void. */
  readonly instead?: string
}

export type Wished = { readonly is: 'asked'; readonly id: AgreementId } | { readonly is: 'refused'; readonly why: 'crowded' | 'unfit'; readonly says: string }

/** Judged at a version; to be recorded while it is still the newest. */
export interface Judged {
  readonly row: AgreementRow
  readonly step: Step
  readonly event: Event
}

/** A press as it came in. `prove` is asked only when nothing else stands against it, since a code counts once. */
export interface Pressing {
  readonly id: string
  readonly person: string
  readonly act: Act | 'alone'
  readonly hash: string
  readonly typed?: string
  readonly reason?: string
  readonly prove: () => Proof | undefined
}

export interface Agreements {
  ask(tx: Tx, wish: Wish): Wished
  /** Looks and changes nothing. `undefined` when there is none of this id. */
  judge(sql: Sql, id: string, event: Event, now: Now): Judged | undefined
  /** Writes down what was judged; throws when the stream has moved on meanwhile. */
  record(tx: Tx, judged: Judged): Verdict
  press(tx: Tx, pressing: Pressing): { readonly verdict: Verdict; readonly phase: Agreement['phase'] } | undefined
  /** What was agreed on is this now: anything else voids all words. */
  seen(tx: Tx, id: string, hash: string): Agreement['phase'] | undefined
}

/** Of all that a person has before their eyes. */
export const hashOfWish = ({ what, title, text, asks, parties, typed, alone }: Omit<Wish, 'by' | 'lapses'>): string =>
  sha256(canonical({ what, title, text, asks, parties: parties.map(({ person, as }) => [person, as]), typed: typed ?? null, alone }))

/** Who checks or approves must be one who may approve, who does it one who may run it. */
export const mayBe = (roles: readonly Role[], as: string): boolean => may(roles, as === 'does' ? 'run' : 'approve')

export function agreementsOf(context: AgreementContext): Agreements & Pick<Room, 'tables' | 'projections' | 'apply'> & { readonly on: NonNullable<Room['on']>; readonly due: NonNullable<Room['due']>; readonly settled: NonNullable<Room['settled']> } {
  const identity = (sql: Sql, person: string): Identity => marked(context.key, context.identityOf(sql, person))
  const it: Agreements = {
    ask: (tx, wish) => ask(tx, wish, context, identity, it),
    judge(sql, id, event, now) {
      const row = loadAgreement(sql, id)
      if (!row) return undefined
      const { agreement } = row
      const assents = agreement.assents.map((assent): Assent => ({ ...assent, identity: both(assent.identity, identity(sql, assent.identity.person)) }))
      const asked = assents.length === 0 ? agreement : { ...agreement, assents }
      const judged = step(asked, event, now)
      return { row, event, step: judged.agreement === asked ? { ...judged, agreement } : judged }
    },
    record,
    press(tx, pressing) {
      const { id, person, act, hash, typed, reason = '', prove } = pressing
      const row = loadAgreement(tx.sql, id)
      if (!row) return undefined
      const { parties, asks } = row.agreement.terms
      const as = parties.find((party) => party.identity.person === person)?.as
      const eventWith = (proof: Proof | undefined): Event => {
        const press: Press = { act: act === 'alone' ? asks : act, identity: identity(tx.sql, person), hash, proof, ...(typed === undefined ? {} : { typed }) }
        return act === 'alone' ? { is: 'alone', press, reason } : { is: 'pressed', press }
      }
      const bare = it.judge(tx.sql, id, eventWith(undefined), tx.now)
      if (!bare) return undefined
      const { verdict, agreement } = bare.step
      if (verdict.is !== 'refused' || verdict.why !== 'not-proven') return { verdict: record(tx, bare), phase: agreement.phase }
      // The same word twice is one word, also when the second comes with a code that was used up by the first.
      if (act === asks && agreement.assents.some((assent) => assent.identity.person === person)) return { verdict: { is: 'again' }, phase: agreement.phase }
      // Roles change; what counts is what they may do now.
      if (as === undefined || !mayBe(context.rolesOf(tx.sql, person), as)) return { verdict: { is: 'refused', why: 'not-a-party', says: `${person} may not say this any more` }, phase: agreement.phase }
      const proven = it.judge(tx.sql, id, eventWith(prove()), tx.now)
      return proven && { verdict: record(tx, proven), phase: proven.step.agreement.phase }
    },
    seen(tx, id, hash) {
      const judged = it.judge(tx.sql, id, { is: 'seen', hash }, tx.now)
      if (!judged) return undefined
      record(tx, judged)
      return judged.step.agreement.phase
    },
  }
  const reach = { ladderOf: context.ladderOf, isWanted: (sql: Sql, id: string, person: string, now: Now) => isWanted(it.judge(sql, id, { is: 'time' }, now), person) }
  return {
    ...it,
    tables: AGREEMENT_TABLES, projections: AGREEMENT_PROJECTIONS,
    apply: { 'agreement.asked': applyAsked, 'agreement.pressed': applyMoved, 'agreement.ended': applyMoved, 'agreement.sent': applySent },
    on: Object.fromEntries(VOIDING.map((is) => [is, (tx: Tx, entry: Entry) => voided(tx, entry, it)])),
    due: {
      'agreement.lapse': (tx, id) => {
        const judged = it.judge(tx.sql, id, { is: 'time' }, tx.now)
        if (judged) record(tx, judged)
      },
      'agreement.reach': (tx, key) => reachDue(tx, key, reach),
    },
    settled: { 'agreement.send': (tx, deed, outcome) => sent(tx, deed, outcome, reach) },
  }
}

/** Facts of others that may say of agreements that what they were asked for is not there any more. */
const VOIDING = ['guard.armed', 'guard.disarmed', 'guard.ran', 'guard.halted']

function voided(tx: Tx, { is, seq, body: { voids } }: Entry, agreements: Agreements): void {
  if (!Array.isArray(voids)) return
  for (const id of voids) agreements.seen(tx, String(id), sha256(canonical({ is, seq })))
}

/** Whether this person's word is still waited for. */
export const isWanted = (judged: Judged | undefined, person: string): boolean =>
  judged?.step.agreement.phase.is === 'open' && !judged.step.agreement.assents.some(({ identity }) => identity.person === person)

const both = (a: Identity, b: Identity): Identity => ({
  person: a.person, addresses: union(a.addresses, b.addresses), phones: union(a.phones, b.phones), subjects: union(a.subjects, b.subjects), factors: union(a.factors, b.factors),
})
const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])]

function ask(tx: Tx, wish: Wish, context: AgreementContext, identity: (sql: Sql, person: string) => Identity, agreements: Agreements): Wished {
  const { sql, now } = tx
  if (countOpen(sql) >= MOST_OPEN) return { is: 'refused', why: 'crowded', says: `${MOST_OPEN} agreements are open already` }
  if (countOpen(sql, wish.by) >= MOST_OF_ONE) return { is: 'refused', why: 'crowded', says: `${MOST_OF_ONE} agreements that ${wish.by} asked for are open already` }
  for (const { person, as } of wish.parties) {
    if (!mayBe(context.rolesOf(sql, person), as)) return { is: 'refused', why: 'unfit', says: `${person} may not ${as === 'does' ? 'run' : 'approve'} anything` }
  }
  const id = newId<'agreement'>('agr', now.wall, context.random)
  const hash = wish.hash ?? hashOfWish(wish)
  const parties = wish.parties.map(({ person, as }) => ({ as, identity: identity(sql, person) }))
  const terms: Terms = { id, what: wish.what, hash, asks: wish.asks, parties, lapsesAt: dueIn(now, wish.lapses), alone: wish.alone, ...(wish.typed === undefined ? {} : { typed: wish.typed }) }
  const begun = begin(terms)
  if ('is' in begun) return { is: 'refused', why: 'unfit', says: begun.says }
  if (wish.instead !== undefined) agreements.seen(tx, wish.instead, hash)
  const body: Asked = {
    ...terms, id, title: `#${tx.keep(wish.title)}`, text: `#${tx.keep(wish.text)}`, by: wish.by, at: now.wall, ...(wish.instead === undefined ? {} : { instead: wish.instead }),
  }
  tx.append({ is: 'agreement.asked', stream: id, follows: 0, body: { ...body } })
  tx.schedule('agreement.lapse', id, terms.lapsesAt)
  for (const { person } of wish.parties) approach(tx, { agreement: id, person, round: 0 }, context.ladderOf(person))
  return { is: 'asked', id }
}

function record(tx: Tx, { row, step: { agreement, verdict }, event }: Judged): Verdict {
  if (agreement === row.agreement) return verdict
  const { id } = row.asked
  const { phase, assents } = agreement
  const taken = verdict.is === 'taken' && (event.is === 'pressed' || event.is === 'alone') ? event.press : undefined
  const stored = phase.is === 'alone' ? { ...phase, reason: `#${tx.keep(phase.reason)}` } : phase
  tx.append({
    is: taken ? 'agreement.pressed' : 'agreement.ended', stream: id, follows: row.version,
    body: {
      id, phase: stored, was: row.agreement.phase.is, assents, at: tx.now.wall,
      ...(taken ? { person: taken.identity.person, act: event.is === 'alone' ? 'alone' : taken.act, seen: taken.hash, ...(taken.proof && needsProof(event) ? { means: taken.proof.means, factor: taken.proof.factor } : {}) } : {}),
    },
  })
  if (phase.is !== 'open' && phase.is !== 'agreed') tx.unschedule('agreement.lapse', id)
  return verdict
}

const needsProof = (event: Event): boolean => event.is === 'alone' || (event.is === 'pressed' && (event.press.act === 'ready' || event.press.act === 'yes'))

/** What an entry says of an agreement, in a sentence, for the audit. */
export function sayAgreement({ is, body }: Entry): string {
  const b = body as { id?: string; agreement?: string; by?: string; person?: string; channel?: string; outcome?: string; act?: string; parties?: readonly { identity: Identity }[]; phase?: Agreement['phase'] }
  switch (is) {
    case 'agreement.asked': return `${b.by} asked ${(b.parties ?? []).map(({ identity }) => identity.person).join(' and ')} to agree (${b.id})`
    case 'agreement.pressed': return `${b.person} ${b.act === 'alone' ? 'went alone' : `said ${b.act}`} (${b.id})${b.phase?.is === 'agreed' ? ': agreed' : ''}`
    case 'agreement.ended': return `${b.id} ${b.phase?.is === 'changed' ? 'was changed: all words are void' : 'lapsed'}`
    default: return `the link for ${b.agreement} was sent to ${b.person} by ${b.channel}: ${b.outcome}`
  }
}
