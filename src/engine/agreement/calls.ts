// Agreements, as calls to the keeper. Asked by whoever may; decided by nobody but a party, behind a link of their own, with a proof
// that is fresh and given for this very thing: a code that counts once, or a passkey. Recovery codes prove nothing here. Every
// refusal is recorded; whoever goes alone, every owner hears it in the same turn.
import { z } from 'zod'
import type { Proof, Refusal, Verdict } from '../../core/authority/agreement.ts'
import { sha256, type AgreementId } from '../../core/id.ts'
import { may } from '../../core/authority/role.ts'
import { hours, minutes, parseSpan, seconds, sayTime, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import { firstOf } from '../../rooms/page/plan.ts'
import { named as namedIn } from '../../rooms/page/steps.ts'
import { loadAgreement, loadAgreements, loadSent, type AgreementRow } from '../../rooms/people/agreement-rows.ts'
import { takeCode } from '../../rooms/people/factors.ts'
import { giveBack, giveOneBack, networkOf, PER_ACCOUNT, PER_ADDRESS, takeTry, type Allowance } from '../../rooms/people/limits.ts'
import { takeProof } from '../../rooms/people/proofs.ts'
import { loadFactors } from '../../rooms/people/rows.ts'
import type { AgreementCalls, ApprovalAnswer, ApprovalLinkAnswer } from '../../views/agreements.ts'
import type { Asker } from '../../views/answers.ts'
import type { PasskeyShown } from '../../views/people.ts'
import { twoWords } from '../../words/two-words.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'
import { approvalUrl } from './message.ts'
import { lapsesAt, outcomeOf } from './of-run.ts'
import { SHOWN } from '../sign-in/passkey.ts'
import { askProofOf, proofOf, proveAs, type Prover } from '../sign-in/prove.ts'

const USUAL: Span = minutes(15)
const SHORTEST: Span = minutes(1)
const LONGEST: Span = hours(24)
/** Asking makes telephones ring: so many at once, then one every while. */
const ASKS: Allowance = { tries: 20, every: seconds(30) }
const MOST_LISTED = 100
/** So long after the end a link still shows what became of it. */
const SHOWN_AFTER: Span = hours(24)
const PARTIES = ['approves', 'checks', 'does'] as const

const token = z.string().max(500)
const person = z.string().max(200).optional()
const from = z.strictObject({ origin: z.string().max(100), agent: z.string().max(1000) })
const AGREEMENT_ARGS = {
  'approvals.list': z.strictObject({ all: z.boolean().optional(), person }),
  'approvals.show': z.strictObject({ id: z.string().max(100), person }),
  'approvals.ask': z.strictObject({
    title: z.string().trim().min(1).max(200), text: z.string().max(10_000), of: z.array(z.string().min(1).max(200)).min(2).max(10), lapses: z.string().max(40).optional(),
    typed: z.string().trim().min(1).max(100).optional(), ready: z.boolean().optional(), alone: z.boolean().optional(), instead: z.string().max(100).optional(), person,
  }),
  'approvals.look': z.strictObject({ token }),
  'approvals.askProof': z.strictObject({ token }),
  'approvals.prove': z.strictObject({ token, shown: SHOWN, from }),
  'approvals.press': z.strictObject({
    token, act: z.enum(['ready', 'yes', 'no', 'stop', 'alone']), hash: z.string().max(200), totp: z.string().max(40).optional(), proof: z.string().max(100).optional(),
    typed: z.string().max(200).optional(), reason: z.string().max(2000).optional(), browser: z.string().regex(/^[0-9a-f]{64}$/).optional(), from,
  }),
} satisfies Record<keyof AgreementCalls, z.ZodType>

type Args<Name extends keyof AgreementCalls> = z.output<(typeof AGREEMENT_ARGS)[Name]>
type Call<Name extends keyof AgreementCalls> = (keeper: Keeper, args: Args<Name>, asker: Asker) => Answer | Promise<Answer>

const UNKNOWN_LINK = no(404, 'HF460', 'This link is not one of ours, or it was made under another key.', 'open the whole link, from the newest message')
const NOT_HERE = no(404, 'HF404', 'There is no such agreement.', 'holdfast approvals list --all shows them')

/** How each refusal is answered: nothing was changed by any of them. */
const REFUSED: Readonly<Record<Refusal, readonly [status: number, code: string]>> = {
  'not-a-party': [403, 'HF461'], 'not-proven': [403, 'HF462'], 'not-fresh': [403, 'HF462'], 'too-young': [403, 'HF463'], 'same-person': [403, 'HF464'],
  changed: [409, 'HF465'], lapsed: [410, 'HF466'], over: [410, 'HF467'], 'not-typed': [403, 'HF468'], 'not-asked': [403, 'HF469'], 'not-alone': [403, 'HF470'], 'no-reason': [403, 'HF471'],
}

const sentenceOf = (says: string): string => `${says.slice(0, 1).toUpperCase()}${says.slice(1)}.`

function viewOf(keeper: Keeper, row: AgreementRow, url: string | null): ApprovalAnswer {
  const { asked, agreement, agreedAt, endedAt } = row
  const { phase, assents } = agreement
  const sent = loadSent(keeper.store.sql, asked.id)
  return {
    schema: 'holdfast.approval/1', id: asked.id, what: asked.what, title: asked.title, text: asked.text, hash: asked.hash, words: twoWords(asked.hash), asks: asked.asks,
    typed: asked.typed ?? null, alone: asked.alone === 'with-reason', by: asked.by, at: asked.at, lapsesAt: lapsesAt(keeper.store.sql, row), state: phase.is,
    endedBy: 'by' in phase ? phase.by : null, reason: phase.is === 'alone' ? phase.reason : null, agreedAt, endedAt,
    parties: asked.parties.map(({ as, identity }) => ({
      person: identity.person, as, said: assents.some((assent) => assent.identity.person === identity.person),
      channels: (namedIn(keeper.config.plan.people, identity.person)?.reach ?? []).map(({ channel }) => channel),
      sent: sent.filter((it) => it.person === identity.person).map(({ channel, outcome, at }) => ({ channel, outcome, at })),
    })),
    url,
  }
}

/** As it stands at this moment, also when nobody wrote down yet that its time is over. */
function standing(keeper: Keeper, row: AgreementRow): AgreementRow {
  const judged = keeper.rooms.people.agreements.judge(keeper.store.sql, row.asked.id, { is: 'time' }, keeper.now())
  return judged ? { ...row, agreement: judged.step.agreement } : row
}

/** Terminals approve nothing, and neither do sessions: for the person at one, there is their link. */
function urlFor(keeper: Keeper, { asked, agreement }: AgreementRow, asker: Asker, named: string | undefined): string | null {
  const who = asker.is === 'person' ? asker.person : asker.is === 'socket' ? named : undefined
  if (who === undefined || agreement.phase.is !== 'open') return null
  return asked.parties.some(({ identity }) => identity.person === who) ? approvalUrl(keeper.config.site.url, keeper.linkFor, { agreement: asked.id, person: who }) : null
}

/** One agreement as whoever asks may see it. */
export const showAgreement = (keeper: Keeper, found: AgreementRow, asker: Asker, named: string | undefined): ApprovalAnswer => {
  const row = standing(keeper, found)
  return viewOf(keeper, row, urlFor(keeper, row, asker, named))
}

function partiesOf(of: readonly string[]): { person: string; as: string }[] | string {
  const parties: { person: string; as: string }[] = []
  for (const written of of) {
    const [who = '', as = 'approves', ...more] = written.split(':').map((it) => it.trim())
    if (more.length > 0 || who === '' || !(PARTIES as readonly string[]).includes(as)) return written
    parties.push({ person: who, as })
  }
  return parties
}

async function ask(keeper: Keeper, args: Args<'approvals.ask'>, asker: Asker): Promise<Answer> {
  const { people } = keeper.rooms
  const by = asker.is === 'person' ? asker.person : asker.is === 'token' ? `token ${asker.name}` : (args.person ?? 'somebody at the machine')
  const parties = partiesOf(args.of)
  if (typeof parties === 'string') return no(400, 'HF472', `“${parties}” is no party.`, `write a person, or a person and their part: ada, ada:checks (${PARTIES.join(', ')})`)
  const unknown = parties.find((it) => !people.isKnown(keeper.store.sql, it.person))
  if (unknown) return no(404, 'HF404', `no person is called “${unknown.person}”`, `known: ${people.everybody(keeper.store.sql).slice(0, 20).join(', ') || 'none'}`)
  const lapses = args.lapses === undefined ? USUAL : parseSpan(args.lapses)
  if (lapses === undefined || lapses < SHORTEST || lapses > LONGEST) return no(400, 'HF411', `“${args.lapses}” is not a time between ${sayTime(SHORTEST)} and ${sayTime(LONGEST)}`, 'write it with units: 15m, 2h')
  // What cannot be seen cannot be typed.
  const typed = args.typed?.normalize('NFC').replace(/\p{Cf}/gu, '').trim()
  if (typed === '') return no(400, 'HF401', 'What is to be typed has no letter that can be seen.', 'such as the name of what is changed')
  if (args.instead !== undefined && !loadAgreement(keeper.store.sql, args.instead)) return NOT_HERE
  const free = takeTry(keeper.signIns.buckets, `asks ${by}`, ASKS, keeper.now())
  if (free.is === 'wait') return no(429, 'HF435', `Too much is asked at once: more in ${sayTime(free.for)}.`)
  const wished = await keeper.engine.turn('approvals.ask', (tx) => people.agreements.ask(tx, {
    what: 'plain', title: args.title, text: args.text, asks: args.ready === true ? 'ready' : 'yes', parties, lapses, alone: args.alone === true ? 'with-reason' : 'never', by,
    ...(typed === undefined ? {} : { typed }), ...(args.instead === undefined ? {} : { instead: args.instead }),
  }))
  if (wished.is === 'refused') return wished.why === 'crowded' ? no(503, 'HF473', sentenceOf(wished.says)) : no(409, 'HF474', sentenceOf(wished.says), 'name two different people with the right role: holdfast people list shows who has which')
  const row = loadAgreement(keeper.store.sql, wished.id)
  return row ? ok(showAgreement(keeper, row, asker, args.person)) : NOT_HERE
}

interface Party { readonly id: AgreementId; readonly person: string; readonly row: AgreementRow }

/** Whom the link speaks for, where it is one of ours. */
function partyOf(keeper: Keeper, given: string): Party | undefined {
  const permit = keeper.readLink(given)
  if (permit?.is !== 'approve') return undefined
  const row = loadAgreement(keeper.store.sql, permit.agreement)
  if (row?.endedAt !== undefined && row.endedAt !== null && keeper.now().wall - row.endedAt > SHOWN_AFTER) return undefined
  return row && { id: permit.agreement, person: permit.person, row }
}

function behindLink(keeper: Keeper, { row: found, person: who }: Party): ApprovalLinkAnswer {
  const row = standing(keeper, found)
  const kinds = loadFactors(keeper.store.sql, who).map(({ kind }) => kind)
  return {
    schema: 'holdfast.approval-link/1', approval: viewOf(keeper, row, null), person: who, as: row.asked.parties.find(({ identity }) => identity.person === who)?.as ?? '',
    means: { totp: kinds.includes('totp'), passkey: kinds.includes('passkey') }, timezone: keeper.config.site.timezone, now: keeper.now().wall, outcome: outcomeOf(keeper.store.sql, row),
  }
}

/** One more try of this person's codes, from this address. Refusing and stopping need none. */
function slow(keeper: Keeper, who: string, origin: string): Answer | undefined {
  for (const [key, allowance] of [[`approve-address ${networkOf(origin)}`, PER_ADDRESS], [`approve ${who}`, PER_ACCOUNT]] as const) {
    const taken = takeTry(keeper.signIns.buckets, key, allowance, keeper.now())
    if (taken.is === 'wait') return no(429, 'HF435', `Too many tries: the next one in ${sayTime(taken.for)}.`, 'refusing goes on working, and so do links in pages')
  }
  return undefined
}

/** A proof for a link is good behind that link alone. */
const proverOf = ({ person: who }: Party, given: string): Prover => ({ person: who, by: `link ${sha256(given)}` })

/** The proof that came along. A code is used up by this, whatever comes of it; what is unknown of a factor's age counts as none. */
function proofIn(tx: Tx, keeper: Keeper, party: Party, args: Args<'approvals.press'>): Proof | undefined {
  const prover = proverOf(party, args.token)
  // Two people press in two browsers; what a program sends, or a browser that keeps no cookie, says nothing of that.
  const by = args.browser === undefined ? {} : { session: `browser ${args.browser}` }
  const given = args.proof === undefined ? undefined : takeProof(keeper.signIns.proofs, args.proof, { ...prover, hash: args.hash, now: tx.now })
  if (args.proof !== undefined) return given && { ...given, ...by }
  const code = args.totp === undefined ? undefined : takeCode(tx, keeper.rooms.people.place(), party.person, args.totp)
  return code && { ...proofOf(keeper, tx, prover, args.hash, { means: 'totp', factor: code.factor }), ...by }
}

async function press(keeper: Keeper, args: Args<'approvals.press'>, asker: Asker): Promise<Answer> {
  if (asker.is === 'token' || asker.is === 'socket') return no(403, 'HF475', 'No token approves, and nobody at a terminal.', 'open the link that was sent to you')
  const party = partyOf(keeper, args.token)
  if (!party) return UNKNOWN_LINK
  const { people } = keeper.rooms
  const { id, person: who } = party
  const proves = args.act !== 'no' && args.act !== 'stop' && args.totp !== undefined
  const late = proves ? slow(keeper, who, args.from.origin) : undefined
  if (late) return late
  const unfit = args.act === 'ready' || args.act === 'yes' ? keeper.runs.mayPress(id) : undefined
  if (unfit !== undefined) return no(409, 'HF497', sentenceOf(`this step cannot begin now: ${unfit}`), 'nothing was taken; look at what fails, then press again')
  const pressed = await keeper.engine.turn('approvals.press', (tx) => {
    const it = people.agreements.press(tx, {
      id, person: who, act: args.act, hash: args.hash, prove: () => proofIn(tx, keeper, party, args),
      ...(args.typed === undefined ? {} : { typed: args.typed }), ...(args.reason === undefined ? {} : { reason: args.reason }),
    })
    if (it?.verdict.is === 'refused') people.refused(tx, { person: who, why: `${args.act} to ${id}: ${it.verdict.why}`, origin: args.from.origin })
    if (it?.verdict.is === 'taken' && it.phase.is === 'alone') pageOwners(tx, keeper, party, it.phase.reason)
    return it
  })
  if (!pressed) return UNKNOWN_LINK
  const { verdict } = pressed
  if (verdict.is === 'refused') {
    const [status, code] = REFUSED[verdict.why]
    return no(status, code, sentenceOf(verdict.says))
  }
  // Who said it before proved nothing now: that costs nothing, and forgives nothing.
  if (proves && verdict.is === 'taken') giveBack(keeper.signIns.buckets, `approve ${who}`)
  else if (proves) giveOneBack(keeper.signIns.buckets, `approve ${who}`, PER_ACCOUNT)
  const row = loadAgreement(keeper.store.sql, id) ?? party.row
  const shown = behindLink(keeper, { ...party, row })
  return ok({ ...shown, says: effectOf(verdict, args.act, row, who, shown.outcome?.says) })
}

/** One sentence that names the effect; of what came of it a run knows more. */
function effectOf(verdict: Verdict, act: Args<'approvals.press'>['act'], { agreement: { phase, assents, terms } }: AgreementRow, who: string, outcome: string | undefined): string {
  if (outcome !== undefined && (act === 'no' || act === 'stop')) return outcome
  if (act === 'no') return 'Refused: nothing happens.'
  if (act === 'stop') return 'Stopped: nothing more happens.'
  if (act === 'alone') return 'You go alone. Every owner is being paged.'
  if (phase.is === 'agreed') return 'Agreed: all who were asked have said it.'
  const left = terms.parties.map(({ identity }) => identity.person).filter((it) => it !== who && !assents.some(({ identity }) => identity.person === it))
  return `${verdict.is === 'again' ? 'You had said it already' : 'Your word is taken'}; ${left.length === 0 ? 'nobody else is asked' : `waiting for ${left.join(' and ')}`}.`
}

/** Whoever goes alone does not go unseen: each owner is paged, until they take it; where no other one can be reached, whoever is on call. */
function pageOwners(tx: Tx, keeper: Keeper, { id, person: who, row }: Party, reason: string): void {
  const { people, page } = keeper.rooms
  const says = `${who} went alone with “${row.asked.title}”: ${reason}`.slice(0, 500)
  const owners = people.everybody(tx.sql).filter((it) => may(people.rolesOf(tx.sql, it), 'admin') && Object.hasOwn(keeper.plan.people, it) && (keeper.plan.people[it]?.reach.length ?? 0) > 0)
  const title = `${who} went alone`.slice(0, 60)
  for (const owner of owners) page.open(tx, { subject: `person:${owner}/${id}`, title, says, origin: 'person', escalate: firstOf(owner), members: [] })
  // An owner who goes alone is no witness of it.
  if (owners.every((it) => it === who)) page.open(tx, { subject: `person:everybody/${id}`, title, says, origin: 'person', escalate: 'default', members: [] })
}

const CALLS: { [Name in keyof AgreementCalls]: Call<Name> } = {
  'approvals.list': (keeper, args, asker) => ok({ schema: 'holdfast.approvals/1', approvals: loadAgreements(keeper.store.sql, args.all !== true, MOST_LISTED).map((row) => showAgreement(keeper, row, asker, args.person)) }),
  'approvals.show': (keeper, args, asker) => {
    const row = loadAgreement(keeper.store.sql, args.id)
    return row ? ok(showAgreement(keeper, row, asker, args.person)) : NOT_HERE
  },
  'approvals.ask': ask,
  'approvals.look': (keeper, args) => {
    const party = partyOf(keeper, args.token)
    return party ? ok(behindLink(keeper, party)) : UNKNOWN_LINK
  },
  'approvals.askProof': (keeper, args) => {
    const party = partyOf(keeper, args.token)
    return party ? askProofOf(keeper, proverOf(party, args.token), party.row.asked.hash) : UNKNOWN_LINK
  },
  'approvals.prove': (keeper, args) => {
    const party = partyOf(keeper, args.token)
    return party ? proveAs(keeper, proverOf(party, args.token), { hash: party.row.asked.hash, shown: args.shown as PasskeyShown, from: args.from }) : UNKNOWN_LINK
  },
  'approvals.press': press,
}

export const isAboutAgreements = (called: string): called is keyof AgreementCalls => Object.hasOwn(CALLS, called)

/** Answers a call about agreements. */
export async function answerAgreements(keeper: Keeper, called: keyof AgreementCalls, args: unknown, asker: Asker): Promise<Answer> {
  const parsed = AGREEMENT_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  try {
    return await (CALLS[called] as Call<keyof AgreementCalls>)(keeper, parsed.data, asker)
  } catch (cause) {
    return notDurable(cause)
  }
}
