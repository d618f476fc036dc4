// A browser by a secret of its own in a cookie. Before a sign-in (`door`): what is begun in one browser is not ended in another. Where people agree
// (`hand`): two people do not press in one (C-17). It opens nothing, and is another one than the session's.
import type { Ask, Kit } from '../route.ts'
import { cookieOf } from '../session.ts'

export type BrowserFor = 'door' | 'hand'

const SECRET = /^[\w-]{43}$/
/** As long as somebody may take at the identity provider; and longer than any agreement lasts. */
const SECONDS: Readonly<Record<BrowserFor, number>> = { door: 900, hand: 172_800 }

/** The secret that it brought; two different ones are none. */
export function browserIn(ask: Ask, kit: Kit, what: BrowserFor = 'door'): string | undefined {
  const cookie = cookieOf(kit.pushed.site)
  const found = (ask.req.header('cookie') ?? '').split(';').map((it) => it.trim().split('=', 2)).filter(([key]) => cookie !== undefined && key === `${cookie.name}-${what}`).map(([, value]) => value ?? '')
  const [first] = found
  return first !== undefined && SECRET.test(first) && found.every((it) => it === first) ? first : undefined
}

/** The same, or a new one with the header that sets it. `undefined` where a cookie would travel readable. */
export function browserOf(ask: Ask, kit: Kit, what: BrowserFor = 'door'): { readonly secret: string; readonly sets: Readonly<Record<string, string>> } | undefined {
  const cookie = cookieOf(kit.pushed.site)
  if (!cookie) return undefined
  const secret = browserIn(ask, kit, what) ?? Buffer.from(kit.random(32)).toString('base64url')
  return { secret, sets: { 'set-cookie': `${cookie.name}-${what}=${secret}; ${cookie.attributes}; Max-Age=${SECONDS[what]}` } }
}
