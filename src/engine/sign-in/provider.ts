// The way to the identity provider. It goes through the keeper's one port to the outside, bounded in time and bytes, without
// redirects. What the configuration names may be anywhere; what the provider's own metadata name besides may only be public. The
// metadata are kept for an hour; a provider that cannot be reached is asked again by the next who signs in.
import type { Configuration } from 'openid-client'
import { hours, ageOf, type Stamp } from '../../core/time.ts'
import { sha256 } from '../../core/id.ts'
import type { Provider } from '../../config/node.ts'
import type { HttpReply } from '../../ports/world.ts'
import type { Keeper } from '../keeper.ts'

const KEPT = hours(1)
/** Between clocks of the provider and ours, in seconds. */
const CLOCKS_DIFFER = 60

/** The provider did not answer: another way in is needed. */
export class Unreached extends Error {}

interface Known { readonly of: string; readonly at: Stamp; readonly config: Promise<Configuration> }
const known = new WeakMap<Keeper, Known>()

/** What is known of the provider, asked of it where it is not, or not any more. */
export function providerOf(keeper: Keeper, provider: Provider): Promise<Configuration> {
  const of = sha256(JSON.stringify(provider))
  const had = known.get(keeper)
  const age = had && ageOf(had.at, keeper.now())
  if (had?.of === of && age !== undefined && age < KEPT) return had.config
  const { tick, boot } = keeper.now()
  const config = discover(keeper, provider)
  known.set(keeper, { of, at: { tick, boot }, config })
  config.catch(() => known.delete(keeper))
  return config
}

async function discover(keeper: Keeper, { issuer, client_id: id, client_secret: secret }: Provider): Promise<Configuration> {
  const oidc = await import('openid-client')
  const local = issuer.startsWith('http:')
  const basic = oidc.ClientSecretBasic(secret)
  const post = oidc.ClientSecretPost(secret)
  return oidc.discovery(new URL(issuer), id, { [oidc.clockTolerance]: CLOCKS_DIFFER }, (server, client, body, headers) => {
    const ways = server.token_endpoint_auth_methods_supported
    return (ways === undefined || ways.includes('client_secret_basic') ? basic : post)(server, client, body, headers)
  }, {
    // Also what comes straight from the provider is checked by its signature.
    execute: [oidc.enableNonRepudiationChecks, ...(local ? [oidc.allowInsecureRequests] : [])],
    [oidc.customFetch]: (url, { method, headers, body }) => reach(keeper, issuer, url, method, headers, body),
  })
}

async function reach(keeper: Keeper, issuer: string, url: string, method: string, headers: Readonly<Record<string, string>>, body: unknown): Promise<Response> {
  if (!keeper.ports.reach) throw new Unreached('there is no way out')
  const sent = body instanceof URLSearchParams ? body.toString() : typeof body === 'string' ? body : undefined
  const trust = new URL(url).origin === new URL(issuer).origin ? 'configured' as const : 'foreign' as const
  let reply: HttpReply
  try {
    reply = await keeper.ports.reach({ url, method, headers, trust, ...(sent === undefined ? {} : { body: sent }) })
  } catch (cause) {
    throw new Unreached('the provider does not answer', { cause })
  }
  if (reply.truncated || reply.status >= 500) throw new Unreached(`the provider answered ${reply.truncated ? 'too much' : reply.status}`)
  return new Response(reply.status === 204 || reply.status === 304 ? null : new Uint8Array(reply.body), { status: reply.status, headers: reply.headers })
}

/** Whether it failed for want of the provider, rather than for what somebody brought. */
export function isUnreached(cause: unknown): boolean {
  for (let at = cause, n = 0; at instanceof Error && n < 5; at = at.cause, n++) if (at instanceof Unreached) return true
  return false
}
