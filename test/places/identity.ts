// A real identity provider on loopback, and a browser that goes there: whoever is its guest signs in without a word.
import http from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

/** Who is there now: an account, its address, and whether that was verified. */
export interface Guest { readonly id: string; readonly email?: string; readonly verified?: boolean }

export interface Identity {
  readonly issuer: string
  guest: Guest
  /** Goes where it is sent, with cookies of its own, until it would leave for somebody else's place; where that is. */
  visit(url: string): Promise<URL>
  close(): Promise<void>
}

export const CLIENT = { id: 'holdfast', secret: 'a-secret-of-this-client-0123456789' }
export const OTHER_CLIENT = { id: 'another', secret: 'a-secret-of-that-client-0123456789' }

export async function identity(redirect: string): Promise<Identity> {
  const server = http.createServer()
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const place = { guest: { id: 'acc_ada', email: 'ada@acme.example', verified: true } as Guest }
  const known = new Map<string, Guest>()
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  const provider = new Provider(issuer, {
    clients: [CLIENT, OTHER_CLIENT].map(({ id, secret }) => ({ client_id: id, client_secret: secret, redirect_uris: [redirect], response_types: ['code'], grant_types: ['authorization_code'] })),
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    cookies: { keys: ['one of this test'] }, jwks: { keys: [{ ...key, kid: 'k', use: 'sig', alg: 'RS256' }] },
    features: { devInteractions: { enabled: false } }, pkce: { required: () => true },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    interactions: { url: (_ask: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_ask: unknown, id: string) => {
      const { email, verified } = known.get(id) ?? {}
      return { accountId: id, claims: () => ({ sub: id, ...(email === undefined ? {} : { email, email_verified: verified ?? false }) }) }
    },
  })
  const answer = provider.callback()
  const meet = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const { params } = await provider.interactionDetails(request, response)
    const { guest } = place
    known.set(guest.id, guest)
    const grant = new provider.Grant({ accountId: guest.id, clientId: params.client_id })
    grant.addOIDCScope('openid email')
    await provider.interactionFinished(request, response, { login: { accountId: guest.id }, consent: { grantId: await grant.save() } })
  }
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return answer(request, response)
    meet(request, response).catch((cause: unknown) => response.writeHead(500).end(String(cause)))
  })
  return {
    issuer,
    get guest() {
      return place.guest
    },
    set guest(guest) {
      place.guest = guest
    },
    async visit(url) {
      const cookies = new Map<string, string>()
      let at = new URL(url)
      for (let hop = 0; at.origin === issuer; hop++) {
        if (hop > 10) throw new Error(`it goes round: ${at.href}`)
        const reply = await fetch(at, { redirect: 'manual', headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') } })
        for (const set of reply.headers.getSetCookie()) {
          const [name = '', value = ''] = (set.split(';')[0] ?? '').split('=')
          cookies.set(name, value)
        }
        const to = reply.headers.get('location')
        if (to === null) throw new Error(`${at.href}: ${reply.status} ${await reply.text()}`)
        at = new URL(to, at)
      }
      return at
    },
    async close() {
      server.closeAllConnections()
      await new Promise((go) => server.close(go))
    },
  }
}
