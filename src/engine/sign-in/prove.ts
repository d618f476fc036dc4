// Step-up: that it is the person, now, for this very thing. A passkey signs a challenge that is bound to the hash of what is
// approved; a code of an authenticator counts once and is bound by being given with that hash. What comes back names a proof that
// waits here: it is used once, by the same person, from the same session or link, for the same hash, for five minutes of running
// time. A recovery code proves nothing, and neither does a token.
import { z } from 'zod'
import { FRESH, type Proof } from '../../core/authority/agreement.ts'
import { later, ms, stampOf, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import { takeCode } from '../../rooms/people/factors.ts'
import { keepProof } from '../../rooms/people/proofs.ts'
import { giveBack } from '../../rooms/people/limits.ts'
import { loadFactor, loadKnown } from '../../rooms/people/rows.ts'
import { close, type Session } from '../../rooms/people/sessions.ts'
import type { Asked } from '../../rooms/people/challenges.ts'
import type { From, PasskeyShown, WaysIn } from '../../views/people.ts'
import { no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'
import { enter, isStillIn, refuse, sessionIn, SIGN_IN_AGAIN, signInTurn, slow, WRONG } from './entry.ts'
import { askFor, shownBy, SHOWN, useShown } from './passkey.ts'

const UNPROVEN = no(401, 'HF450', 'That did not prove that it is you.', 'use your passkey again, or the code that the authenticator shows now; recovery codes do not count here')
const NO_WAY = no(400, 'HF451', 'A passkey or a code is wanted, one of them.')

/** Who is to prove it: a person, by a session or by a link of their own. */
export interface Prover {
  readonly person: string
  /** "session <id>", "link <hash>": what comes back is good there alone. */
  readonly by: string
  readonly session?: string
}

const askedOf = ({ by }: Prover, hash: string): Asked => ({ purpose: `prove ${hash}`, bound: by })

/** What to ask of the prover's browser. 409 where they have no passkey. */
export const askProofOf = (keeper: Keeper, prover: Prover, hash: string): Answer => askFor(keeper, askedOf(prover, hash), prover.person)

/** A name for the proof, or why there is none. */
export async function proveAs(keeper: Keeper, prover: Prover, it: { readonly hash: string; readonly shown?: PasskeyShown | undefined; readonly code?: string | undefined; readonly from: From }): Promise<Answer> {
  if ((it.shown === undefined) === (it.code === undefined)) return NO_WAY
  const late = it.code === undefined ? undefined : slow(keeper, prover.person, it.from.origin)
  if (late) return refuse(keeper, prover.person, 'too many tries', it.from, late)
  const shown = it.shown && (await shownBy(keeper, it.shown, askedOf(prover, it.hash)))
  return signInTurn(keeper, (tx) => {
    const unproven = (): Answer => {
      keeper.rooms.people.refused(tx, { person: prover.person, why: `a ${it.shown ? 'passkey' : 'code'} for an approval that did not hold`, origin: it.from.origin })
      return UNPROVEN
    }
    if (it.code !== undefined) {
      const taken = takeCode(tx, keeper.rooms.people.place(), prover.person, it.code)
      if (!taken) return unproven()
      giveBack(keeper.signIns.buckets, `account ${prover.person}`)
      return kept(keeper, tx, prover, it.hash, { means: 'totp', factor: taken.factor })
    }
    if (shown?.found.person !== prover.person) return unproven()
    return useShown(keeper, tx, shown, it.from.origin) ?? kept(keeper, tx, prover, it.hash, { means: 'passkey', factor: shown.found.factor })
  })
}

/** How old a person or a factor is that is known since then; in a lab it ages faster, so that somebody new may approve soon (C-17). */
export const ageInLab = (keeper: Keeper, since: Span): Span => ms(Math.max(0, keeper.lived() - since) * (keeper.config.shrink ?? 1))

/** The proof of a factor that was just shown in this turn, for one hash. */
export function proofOf(keeper: Keeper, tx: Tx, prover: Prover, hash: string, { means, factor }: Pick<Proof, 'means' | 'factor'>): Proof {
  const age = (since: Span | undefined): Span => (since === undefined ? ms(0) : ageInLab(keeper, since))
  return {
    means, factor, hash, factorAge: age(loadFactor(tx.sql, factor)?.lived), personAge: age(loadKnown(tx.sql, prover.person)?.lived),
    at: stampOf(tx.now), ...(prover.session === undefined ? {} : { session: prover.session }),
  }
}

function kept(keeper: Keeper, tx: Tx, prover: Prover, hash: string, shown: Pick<Proof, 'means' | 'factor'>): Answer {
  const proof = proofOf(keeper, tx, prover, hash, shown)
  tx.append({ is: 'people.proved', stream: `person:${prover.person}`, body: { person: prover.person, means: shown.means, factor: shown.factor, hash, at: tx.now.wall } })
  return ok({ schema: 'holdfast.proof/1', proof: keepProof(keeper.signIns.proofs, keeper.random, { person: prover.person, by: prover.by, proof }), until: later(tx.now.wall, FRESH) })
}

const proverIn = ({ id, person }: Session): Prover => ({ person, by: `session ${id}`, session: id })

const secret = z.string().max(100)
const hash = z.string().min(16).max(128).regex(/^[\w:-]+$/)
const code = z.string().max(40)
const from = z.strictObject({ origin: z.string().max(100), agent: z.string().max(1000) })

export const PROOF_ARGS = {
  'people.askProof': z.strictObject({ session: secret, hash }),
  'people.prove': z.strictObject({ session: secret, hash, shown: SHOWN.optional(), code: code.optional(), from }),
  'people.strengthen': z.strictObject({ session: secret, code, from }),
} satisfies Partial<Record<keyof WaysIn, z.ZodType>>

type Args<Name extends keyof typeof PROOF_ARGS> = z.output<(typeof PROOF_ARGS)[Name]>

/** What was begun by a password or by a provider alone becomes a session that has its code too. */
async function strengthen(keeper: Keeper, args: Args<'people.strengthen'>): Promise<Answer> {
  const session = sessionIn(keeper, args.session)
  if (!session) return SIGN_IN_AGAIN
  const means = session.means === 'oidc' ? 'oidc+totp' : session.means === 'password' ? 'password+totp' : undefined
  if (!means) return no(409, 'HF452', 'A code does not complete this session.', 'sign in anew')
  const late = slow(keeper, session.person, args.from.origin)
  if (late) return refuse(keeper, session.person, 'too many tries', args.from, late)
  return signInTurn(keeper, (tx) => {
    if (!isStillIn(keeper, tx, args.session)) return SIGN_IN_AGAIN
    const taken = takeCode(tx, keeper.rooms.people.place(), session.person, args.code)
    if (!taken) {
      keeper.rooms.people.refused(tx, { person: session.person, why: 'wrong code', origin: args.from.origin })
      return WRONG
    }
    giveBack(keeper.signIns.buckets, `account ${session.person}`)
    close(tx, session.id, 'its code was given')
    return enter(tx, keeper, { person: session.person, means, factor: taken.factor, from: args.from })
  })
}

export const PROOF_CALLS = {
  'people.askProof': (keeper: Keeper, args: Args<'people.askProof'>): Answer => {
    const session = sessionIn(keeper, args.session)
    return session ? askProofOf(keeper, proverIn(session), args.hash) : SIGN_IN_AGAIN
  },
  'people.prove': (keeper: Keeper, args: Args<'people.prove'>): Answer | Promise<Answer> => {
    const session = sessionIn(keeper, args.session)
    return session ? proveAs(keeper, proverIn(session), { hash: args.hash, shown: args.shown as PasskeyShown | undefined, code: args.code, from: args.from }) : SIGN_IN_AGAIN
  },
  'people.strengthen': strengthen,
}
