// Sessions in the browser. The cookie is a secret that says nothing by itself: the keeper alone says whose it is. Whatever a person
// changes by it carries a second proof in the form (or a header), which no other site can know, and comes from our own pages. The
// choke point in app.ts asks all of this before a route is asked; a route cannot forget it.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { From } from '../views/people.ts'
import { clientOf, type Door, type Needs, type Visit } from './access.ts'
import { cleanLine, readBody } from './body.ts'
import type { Ask, Kit } from './route.ts'

export type Visited =
  | { readonly is: 'in'; readonly visit: Visit }
  /** `nobody`: no session, or it has ended. `incomplete`: a passkey or a code is missing. `stale`: begun too long ago for this. `forged`: not from a form of ours. */
  | { readonly is: 'out'; readonly why: 'nobody' | 'incomplete' | 'may-not' | 'stale' | 'forged' | 'unreadable' | 'away'; readonly status: 400 | 401 | 403 | 413 | 503; readonly says: string }

const MOST_FORM = 16 * 1024
const SECRET = /^[\w-]{43}$/
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i

/** The cookie's name and attributes; `undefined` where it would travel readable, so that nobody can sign in there. */
export function cookieOf(site: { readonly url: string }): { readonly name: string; readonly attributes: string } | undefined {
  const url = URL.parse(site.url)
  if (url?.protocol === 'https:') return { name: '__Host-holdfast', attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax' }
  return url?.protocol === 'http:' && LOOPBACK.test(url.hostname) ? { name: 'holdfast', attributes: 'Path=/; HttpOnly; SameSite=Lax' } : undefined
}

/** `set-cookie` for a session that begins. It lives as long as the browser does; the keeper says when it ends. */
export function beginCookie(site: { readonly url: string }, secret: string): string {
  const cookie = cookieOf(site)
  return cookie ? `${cookie.name}=${secret}; ${cookie.attributes}` : ''
}

/** `set-cookie` for a session that is over. */
export function endCookie(site: { readonly url: string }): string {
  const cookie = cookieOf(site)
  return cookie ? `${cookie.name}=; ${cookie.attributes}; Max-Age=0` : ''
}

/** The secret that the browser brought. Two different ones are none: somebody slipped one in. */
export function secretIn(headers: Headers, site: { readonly url: string }): string | undefined {
  const name = cookieOf(site)?.name
  const found = (headers.get('cookie') ?? '').split(';').map((it) => it.trim().split('=', 2)).filter(([key]) => key === name).map(([, value]) => value ?? '')
  const [first] = found
  return first !== undefined && SECRET.test(first) && found.every((it) => it === first) ? first : undefined
}

/** What a form of this session carries. */
export const csrfOf = (secret: string): string => createHash('sha256').update(`csrf ${secret}`).digest('hex').slice(0, 32)

const isCsrf = (secret: string, given: string): boolean => given.length === 32 && timingSafeEqual(Buffer.from(csrfOf(secret)), Buffer.from(given.replace(/[^0-9a-f]/g, '-')))

/**
 * Whether a request that changes something came from a page of ours, as far as the browser says. Our pages send no referrer, so the
 * origin of their forms is "null": then, and where nothing is said, the form's own proof decides.
 */
export function isFromHere(headers: Headers, site: { readonly url: string }): boolean {
  const fetchSite = headers.get('sec-fetch-site')
  if (fetchSite !== null) return fetchSite === 'same-origin'
  const origin = headers.get('origin')
  if (origin === null || origin === 'null') return true
  return origin === URL.parse(site.url)?.origin || URL.parse(origin)?.host === headers.get('host')
}

/** Where a request came from, for limits, sessions and the audit. */
export function fromOf(door: Door, headers: Headers): From {
  const agent = cleanLine(headers.get('user-agent') ?? '').slice(0, 200)
  return { origin: clientOf(door, headers), agent }
}

const out = (why: Extract<Visited, { is: 'out' }>['why'], status: Extract<Visited, { is: 'out' }>['status'], says: string): Visited => ({ is: 'out', why, status, says })

const FORGED = 'This did not come from a page of yours that is still good. Nothing was changed. Open the page again and send it from there.'

/** Lets in whoever's session opens what is needed; where something is to be changed, only from a form of that session. */
export async function visit({ needs, fresh }: { readonly needs: Needs; readonly fresh: boolean }, ask: Ask, kit: Kit): Promise<Visited> {
  const { raw, method } = ask.req
  const { site } = kit.pushed
  const changes = method !== 'GET' && method !== 'HEAD'
  if (changes && !isFromHere(raw.headers, site)) return out('forged', 403, FORGED)
  const secret = secretIn(raw.headers, site)
  if (secret === undefined) return out('nobody', 401, 'Sign in first.')
  let form = new URLSearchParams()
  if (changes) {
    const given = raw.headers.get('x-csrf')
    if (given === null) {
      const read = await readForm(raw)
      if (!(read instanceof URLSearchParams)) return read
      form = read
    }
    if (!isCsrf(secret, given ?? form.get('csrf') ?? '')) return out('forged', 403, FORGED)
    form.delete('csrf')
  }
  const answered = await kit.keeper.call('people.session', { session: secret }, { is: 'open' })
  if (answered.is === 'away') return out('away', 503, answered.says)
  if (answered.is === 'refused') return answered.status === 503 ? out('away', 503, answered.error.message) : out('nobody', 401, 'This session has ended. Sign in again.')
  const session = answered.body
  if (needs !== 'account' && session.incomplete) return out('incomplete', 403, 'Your roles want a passkey or a code of an authenticator. Add one to your account, then sign in with it.')
  if (needs !== 'account' && !session.rights.includes(needs)) return out('may-not', 403, `${session.person} may not do this (it needs the right “${needs}”). An owner can give you a role that may.`)
  if (fresh && !session.recent) return out('stale', 403, 'This changes who may do what: it needs a sign-in of the last 15 minutes. Nothing was changed.')
  return { is: 'in', visit: { secret, csrf: csrfOf(secret), session, form } }
}

/** A form as browsers send it. */
export async function readForm(request: Request): Promise<URLSearchParams | Extract<Visited, { is: 'out' }>> {
  const type = request.headers.get('content-type') ?? ''
  const refuse = (status: 400 | 413, says: string): Extract<Visited, { is: 'out' }> => ({ is: 'out', why: 'unreadable', status, says })
  const body = await readBody(request, MOST_FORM)
  if (body.is === 'too-large') return refuse(413, 'This form is larger than any of ours.')
  if (body.is !== 'read') return refuse(400, 'This form did not arrive whole. Send it again.')
  if (body.bytes.length === 0) return new URLSearchParams()
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) return refuse(400, 'This is not a form as ours are sent.')
  return new URLSearchParams(body.bytes.toString('utf8'))
}
