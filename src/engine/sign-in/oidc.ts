// Sign-in by an identity provider (OpenID Connect): code flow with PKCE, state and nonce, begun and ended in the same browser, once,
// within fifteen minutes. The provider says which address somebody has, and only one that it verified counts; the configuration says
// whose address that is. From then on that account at the provider is this person's, and no other one is, so that an address that
// is given to somebody new opens nothing. For roles that can destroy a passkey or a code is still needed.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Configuration } from 'openid-client'
import { minutes, ageOf, type Stamp } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Provider } from '../../config/node.ts'
import type { From, WaysIn } from '../../views/people.ts'
import { no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'
import { enter, refuse, signInTurn, slowAddress } from './entry.ts'
import { isUnreached, providerOf } from './provider.ts'

const LASTS = minutes(15)
const MOST_BEGUN = 5000
/** Where the provider sends the browser back to. */
export const BACK = '/sign-in/oidc/back'

interface Begun { readonly before: string; readonly verifier: string; readonly nonce: string; readonly redirect: string; readonly issuer: string; readonly at: Stamp }
const begunOf = new WeakMap<Keeper, Map<string, Begun>>()
const begun = (keeper: Keeper): Map<string, Begun> => {
  const had = begunOf.get(keeper) ?? new Map<string, Begun>()
  begunOf.set(keeper, had)
  return had
}

const NONE = no(404, 'HF454', 'No identity provider is set up here.', 'sign_in.oidc in the configuration names one')
const AWAY = no(503, 'HF455', 'The identity provider does not answer.', 'sign in by your passkey or password, or try again')
const NOT_TAKEN = no(401, 'HF456', 'That sign-in was not taken.', 'begin again from the sign-in page, in one browser')
const UNKNOWN = no(403, 'HF457', 'The identity provider knows you; Holdfast does not.', 'your mail address, verified by the provider, has to stand under people: in the configuration')
const OTHER = no(403, 'HF458', 'Another account at the identity provider is yours here.', 'where that was changed on purpose, an owner makes a recovery link for you: using it lets the former account go')

/** What stands on the button; null where there is none. */
export const providerName = (keeper: Keeper): string | null => {
  const provider = keeper.config.signIn?.oidc
  return provider ? (provider.name ?? new URL(provider.issuer).host) : null
}

const fresh = (keeper: Keeper): string => Buffer.from(keeper.random(32)).toString('base64url')

async function begin(keeper: Keeper, args: Args<'people.beginOidc'>): Promise<Answer> {
  const provider = keeper.config.signIn?.oidc
  if (!provider) return NONE
  const late = slowAddress(keeper, args.from.origin)
  if (late) return late
  const client = await providerOf(keeper, provider).catch(() => undefined)
  if (!client) return AWAY
  const { buildAuthorizationUrl } = await import('openid-client')
  const [state, nonce, verifier] = [fresh(keeper), fresh(keeper), fresh(keeper)]
  const redirect = `${keeper.config.site.url.replace(/\/+$/, '')}${BACK}`
  const { tick, boot } = keeper.now()
  const waiting = begun(keeper)
  waiting.set(state, { before: args.before, verifier, nonce, redirect, issuer: provider.issuer, at: { tick, boot } })
  for (const old of waiting.keys()) {
    if (waiting.size <= MOST_BEGUN) break
    waiting.delete(old)
  }
  const url = buildAuthorizationUrl(client, {
    redirect_uri: redirect, scope: 'openid email', state, nonce, code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
  })
  return ok({ schema: 'holdfast.provider/1', url: url.href })
}

/** What was begun in this very browser, once; used up by being named. */
function takeBegun(keeper: Keeper, state: string, before: string, provider: Provider): Begun | undefined {
  const found = begun(keeper).get(state)
  begun(keeper).delete(state)
  const age = found && ageOf(found.at, keeper.now())
  return found && age !== undefined && age < LASTS && found.before === before && found.issuer === provider.issuer ? found : undefined
}

/** Who the provider says it is. Throws where anything of it does not fit. */
interface Said { readonly issuer: string; readonly subject: string; readonly email: string | undefined }

async function redeem(client: Configuration, query: string, state: string, it: Begun): Promise<Said> {
  const oidc = await import('openid-client')
  const tokens = await oidc.authorizationCodeGrant(client, new URL(`${it.redirect}?${query}`), { pkceCodeVerifier: it.verifier, expectedState: state, expectedNonce: it.nonce, idTokenExpected: true })
  const claims = tokens.claims()
  if (!claims) throw new Error('it gave no token that says who it is')
  const said = claims['email'] === undefined ? await oidc.fetchUserInfo(client, tokens.access_token, claims.sub) : claims
  const { email, email_verified: verified } = said
  return { issuer: claims.iss, subject: claims.sub, email: typeof email === 'string' && verified === true ? email : undefined }
}

async function enterBy(keeper: Keeper, args: Args<'people.enterByOidc'>): Promise<Answer> {
  const provider = keeper.config.signIn?.oidc
  if (!provider) return NONE
  const state = new URLSearchParams(args.query).get('state') ?? ''
  const it = takeBegun(keeper, state, args.before, provider)
  if (!it) return refuse(keeper, undefined, 'an identity provider, begun elsewhere, before, or too long ago', args.from, NOT_TAKEN)
  let said: Said
  try {
    said = await redeem(await providerOf(keeper, provider), args.query, state, it)
  } catch (cause) {
    return isUnreached(cause) ? AWAY : refuse(keeper, undefined, 'what an identity provider said did not hold', args.from, NOT_TAKEN)
  }
  return signInTurn(keeper, (tx) => meet(keeper, tx, said, args.from))
}

/** Whose address it is by the configuration, and whether that account was theirs before. */
function meet(keeper: Keeper, tx: Tx, { issuer, subject, email }: Said, from: From): Answer {
  const { people } = keeper.rooms
  const folded = email?.trim().toLowerCase()
  const [member, second] = Object.values(keeper.plan.people).filter((it) => folded !== undefined && folded !== '' && it.email?.toLowerCase() === folded)
  const name = `${issuer} ${subject}`
  const former = people.subjectPerson(tx.sql, name)
  if (!member || second) {
    people.refused(tx, { person: former, why: email === undefined ? 'an identity provider without a verified address' : 'an identity provider with an address that no one person has', origin: from.origin })
    return UNKNOWN
  }
  const others = people.identityOf(tx.sql, member.name).subjects.filter((it) => it.startsWith(`${issuer} `) && it !== name)
  if (others.length > 0 || !people.linkSubject(tx, member.name, name, 'the identity provider')) {
    people.refused(tx, { person: member.name, why: 'another account at the identity provider', origin: from.origin })
    return OTHER
  }
  return enter(tx, keeper, { person: member.name, means: 'oidc', from })
}

const from = z.strictObject({ origin: z.string().max(100), agent: z.string().max(1000) })
const before = z.string().min(20).max(100)

export const OIDC_ARGS = {
  'people.beginOidc': z.strictObject({ before, from }),
  'people.enterByOidc': z.strictObject({ before, query: z.string().max(8000), from }),
} satisfies Partial<Record<keyof WaysIn, z.ZodType>>

type Args<Name extends keyof typeof OIDC_ARGS> = z.output<(typeof OIDC_ARGS)[Name]>

export const OIDC_CALLS = { 'people.beginOidc': begin, 'people.enterByOidc': enterBy }
