// Passkeys: made in a session, shown to sign in or to prove one act. What the browser says is checked against a challenge that we
// made, for the name and the address that the configuration gives this site, and always with the person verified by the device
// itself. A counter that went back means that a copy of the key is about: it is refused, and recorded. Whoever adds one is
// signed in by it, in a new session; all former ones end.
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { WebAuthnCredential } from '@simplewebauthn/server'
import type { Tx } from '../../db/room.ts'
import { CHALLENGE_LASTS, newChallenge, takeChallenge, type Asked } from '../../rooms/people/challenges.ts'
import { addPasskey, findPasskey, passkeysOf, usedPasskey, type FoundPasskey, type Passkey } from '../../rooms/people/factors.ts'
import { closeAll } from '../../rooms/people/sessions.ts'
import { siteFor, type Site } from '../../rooms/people/site.ts'
import type { PasskeyMade, PasskeyShown, WaysIn } from '../../views/people.ts'
import { no, ok, type Answer } from '../answer.ts'
import type { Keeper } from '../keeper.ts'
import { enter, isStillIn, recentIn, refuse, SIGN_IN_AGAIN, signInTurn, slowPasskey } from './entry.ts'

/** EdDSA, ES256, RS256: what authenticators have. */
const ALGORITHMS = [-8, -7, -257]
const MOST_TRANSPORTS = 8

const base64url = (most: number) => z.string().min(1).max(most).regex(/^[\w-]+$/, 'base64url is wanted')
export const MADE = z.strictObject({
  id: base64url(1400), type: z.literal('public-key'),
  response: z.strictObject({ clientDataJSON: base64url(8000), attestationObject: base64url(60_000), transports: z.array(z.string().max(20)).max(MOST_TRANSPORTS).optional() }),
})
export const SHOWN = z.strictObject({
  id: base64url(1400), type: z.literal('public-key'),
  response: z.strictObject({ clientDataJSON: base64url(8000), authenticatorData: base64url(8000), signature: base64url(8000), userHandle: base64url(200).nullable().optional() }),
})

const NOT_HERE = no(409, 'HF445', 'Passkeys do not work at this address.', 'set site.url to https:// and a name (http://localhost works on this machine alone)')
const NOT_GOOD = no(401, 'HF446', 'That passkey was not taken.', 'try again; if it was removed, or made for another address, use another way in')
const COPIED = no(401, 'HF447', 'This passkey was not taken: its counter went back, as if a copy of it were in use.', 'remove it from your account, and tell an owner')
const NOT_ADDED = no(409, 'HF448', 'This passkey was not added: it is known already, or you have too many.', 'sign in with it, or remove one that you do not use')

const siteOf = (keeper: Keeper): Site | undefined => siteFor(keeper.config.site.url)

/** What the authenticator keeps a person under: says nothing of them, and stays the same. */
const handleOf = (keeper: Keeper, person: string): string => createHmac('sha256', keeper.rooms.people.place().key).update(`passkey handle ${person}`).digest('base64url')

const keysOf = (keeper: Keeper, person: string): FoundPasskey[] => passkeysOf({ sql: keeper.store.sql }, keeper.rooms.people.place().key, person)

const described = (keys: readonly FoundPasskey[]): object[] => keys.map(({ passkey }) => ({ type: 'public-key', id: passkey.credential, ...(passkey.transports.length > 0 ? { transports: passkey.transports } : {}) }))

const challengeFor = (keeper: Keeper, asked: Asked): string => newChallenge(keeper.signIns.challenges, keeper.random, asked, keeper.now())

/** What to ask of the browser: a passkey of this person, or of whoever it is. */
export function askFor(keeper: Keeper, asked: Asked, person?: string): Answer {
  const site = siteOf(keeper)
  if (!site) return NOT_HERE
  const keys = person === undefined ? [] : keysOf(keeper, person)
  if (person !== undefined && keys.length === 0) return no(409, 'HF449', 'You have no passkey.', 'give the code of your authenticator')
  return ok({ schema: 'holdfast.passkey-options/1', options: { challenge: challengeFor(keeper, asked), rpId: site.id, timeout: CHALLENGE_LASTS, userVerification: 'required', allowCredentials: described(keys) } })
}

function askToMake(keeper: Keeper, session: { id: string; person: string }): Answer {
  const site = siteOf(keeper)
  if (!site) return NOT_HERE
  const options = {
    challenge: challengeFor(keeper, { purpose: 'register', bound: `session ${session.id}` }), rp: { id: site.id, name: keeper.config.site.name }, timeout: CHALLENGE_LASTS,
    user: { id: handleOf(keeper, session.person), name: session.person, displayName: session.person }, attestation: 'none',
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })), excludeCredentials: described(keysOf(keeper, session.person)),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
  }
  return ok({ schema: 'holdfast.passkey-options/1', options })
}

/** The challenge that the answer says it is for; it counts only when it is one of ours, and is used up by being named. */
function challengeIn(clientDataJSON: string): string {
  try {
    const { challenge } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')) as { challenge?: unknown }
    return typeof challenge === 'string' ? challenge : ''
  } catch {
    return ''
  }
}

const isOurs = (keeper: Keeper, challenge: string, asked: Asked): boolean => takeChallenge(keeper.signIns.challenges, challenge, asked, keeper.now())

async function made(keeper: Keeper, it: PasskeyMade, asked: Asked): Promise<Passkey | undefined> {
  const site = siteOf(keeper)
  const challenge = challengeIn(it.response.clientDataJSON)
  if (!isOurs(keeper, challenge, asked) || !site) return undefined
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
  const { transports, ...response } = it.response
  const checked = await verifyRegistrationResponse({
    response: { id: it.id, rawId: it.id, type: it.type, response, clientExtensionResults: {} },
    expectedChallenge: challenge, expectedOrigin: site.origin, expectedRPID: site.id, requireUserVerification: true, supportedAlgorithmIDs: ALGORITHMS,
  }).catch(() => undefined)
  if (!checked?.verified) return undefined
  const { credential, credentialDeviceType } = checked.registrationInfo
  return { credential: credential.id, publicKey: Buffer.from(credential.publicKey).toString('base64url'), counter: credential.counter, backedUp: credentialDeviceType === 'multiDevice', transports: transports?.filter((way) => /^[\w-]+$/.test(way)) ?? [] }
}

/** Whose passkey was shown, and how often it says that it was used; `undefined` when it does not hold. Nothing is written. */
export async function shownBy(keeper: Keeper, it: PasskeyShown, asked: Asked): Promise<{ readonly found: FoundPasskey; readonly counter: number } | undefined> {
  const site = siteOf(keeper)
  const challenge = challengeIn(it.response.clientDataJSON)
  if (!isOurs(keeper, challenge, asked) || !site) return undefined
  const found = findPasskey({ sql: keeper.store.sql }, keeper.rooms.people.place().key, it.id)
  const { userHandle, ...response } = it.response
  if (!found || (typeof userHandle === 'string' && userHandle !== handleOf(keeper, found.person))) return undefined
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
  // The counter is judged in the turn that writes it: two that are shown at once are not both taken.
  const credential: WebAuthnCredential = { id: found.passkey.credential, publicKey: new Uint8Array(Buffer.from(found.passkey.publicKey, 'base64url')), counter: 0 }
  const checked = await verifyAuthenticationResponse({
    response: { id: it.id, rawId: it.id, type: it.type, response, clientExtensionResults: {} }, credential,
    expectedChallenge: challenge, expectedOrigin: site.origin, expectedRPID: site.id, requireUserVerification: true,
  }).catch(() => undefined)
  return checked?.verified ? { found, counter: checked.authenticationInfo.newCounter } : undefined
}

/** Writes down that it was used; the answer where that may not be. */
export function useShown(keeper: Keeper, tx: Tx, shown: { readonly found: FoundPasskey; readonly counter: number }, origin: string): Answer | undefined {
  const { factor, person } = shown.found
  if (findPasskey(tx, keeper.rooms.people.place().key, shown.found.passkey.credential)?.person !== person) return NOT_GOOD
  if (usedPasskey(tx, factor, shown.counter)) return undefined
  keeper.rooms.people.refused(tx, { person, why: 'the counter of a passkey went back: it may have been copied', origin })
  return COPIED
}

const secret = z.string().max(100)
const from = z.strictObject({ origin: z.string().max(100), agent: z.string().max(1000) })

export const PASSKEY_ARGS = {
  'people.beginPasskey': z.strictObject({ session: secret }),
  'people.addPasskey': z.strictObject({ session: secret, label: z.string().max(60).optional(), made: MADE, from }),
  'people.askPasskey': z.strictObject({ before: z.string().min(20).max(100), from }),
  'people.enterByPasskey': z.strictObject({ before: z.string().min(20).max(100), shown: SHOWN, from }),
} satisfies Partial<Record<keyof WaysIn, z.ZodType>>

type Args<Name extends keyof typeof PASSKEY_ARGS> = z.output<(typeof PASSKEY_ARGS)[Name]>

const ofBrowser = (before: string): Asked => ({ purpose: 'sign-in', bound: `browser ${before}` })

async function add(keeper: Keeper, args: Args<'people.addPasskey'>): Promise<Answer> {
  const session = recentIn(keeper, args.session)
  if ('status' in session) return session
  const passkey = await made(keeper, args.made as PasskeyMade, { purpose: 'register', bound: `session ${session.id}` })
  if (!passkey) return refuse(keeper, session.person, 'a passkey that did not hold, to be added', args.from, NOT_GOOD)
  return signInTurn(keeper, (tx) => {
    if (!isStillIn(keeper, tx, args.session)) return SIGN_IN_AGAIN
    const added = addPasskey(tx, keeper.rooms.people.place(), { person: session.person, passkey, label: args.label?.trim() || 'passkey', by: session.person })
    if (!added) return NOT_ADDED
    closeAll(tx, session.person, 'a factor was added')
    return enter(tx, keeper, { person: session.person, means: 'passkey', factor: added.factor, from: args.from })
  })
}

async function enterBy(keeper: Keeper, args: Args<'people.enterByPasskey'>): Promise<Answer> {
  const shown = await shownBy(keeper, args.shown as PasskeyShown, ofBrowser(args.before))
  const person = shown?.found.person
  if (!shown || person === undefined || !keeper.rooms.people.isKnown(keeper.store.sql, person)) return refuse(keeper, person, 'a passkey that did not hold', args.from, NOT_GOOD)
  return signInTurn(keeper, (tx) => useShown(keeper, tx, shown, args.from.origin) ?? enter(tx, keeper, { person, means: 'passkey', factor: shown.found.factor, from: args.from }))
}

export const PASSKEY_CALLS = {
  'people.beginPasskey': (keeper: Keeper, args: Args<'people.beginPasskey'>): Answer => {
    const session = recentIn(keeper, args.session)
    return 'status' in session ? session : askToMake(keeper, session)
  },
  'people.addPasskey': add,
  'people.askPasskey': (keeper: Keeper, args: Args<'people.askPasskey'>): Answer => slowPasskey(keeper, args.from.origin) ?? askFor(keeper, ofBrowser(args.before)),
  'people.enterByPasskey': enterBy,
}
