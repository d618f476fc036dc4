// Who may call what. Every route names its policy; a token opens what its scopes open, a session what its person's roles may, the
// Unix socket what tokens open, and whoever brings nothing gets no further than the open doors. Tokens are known here by their hash alone, as the keeper pushed them;
// until it has, nobody is called unknown: the answer is "not now" (X-1, T-2).
import { sha256 } from '../core/id.ts'
import { RIGHTS, type Right } from '../core/authority/role.ts'
import type { Instant } from '../core/time.ts'
import { contains, parseNetwork } from '../ports/network.ts'
import type { Asker, TokenNote, ToWeb } from '../views/answers.ts'
import type { SessionAnswer } from '../views/people.ts'

export const SCOPES = ['read', 'ack', 'backup', 'write', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** What a session must open: a right, or no more than its own account. */
export type Needs = Right | 'account'

/**
 * `open`: anybody. `link`, `ping`, `key`: the credential is in the request itself (acknowledgement link, ping id, integration
 * key). `loopback`: this machine, not through a proxy. `door`: whoever is about to sign in, from a page of ours. `account`: a session,
 * for what is its person's own. `person:…`: a session with that right. A scope: a token that has it, a session with the right
 * of that name (`backup`: to write), or the Unix socket.
 */
export type Who = 'open' | 'link' | 'ping' | 'key' | 'loopback' | 'door' | 'account' | `person:${Right}` | Scope

export const POLICIES: readonly Who[] = ['open', 'link', 'ping', 'key', 'loopback', 'door', 'account', ...RIGHTS.map((right): Who => `person:${right}`), ...SCOPES]

export const isScope = (who: string): who is Scope => (SCOPES as readonly string[]).includes(who)

/** What a session must open to pass a route that only sessions pass; `undefined` for every other route. */
export const needsOf = (who: Who): Needs | undefined => (who === 'account' ? who : who.startsWith('person:') ? (who.slice('person:'.length) as Right) : undefined)

/** Whose session it is, as a route meets it. */
export interface Visit {
  /** Of the cookie; goes to the keeper and nowhere else. */
  readonly secret: string
  /** What forms carry as `csrf`, and scripts as the header `x-csrf`. */
  readonly csrf: string
  readonly session: SessionAnswer
  /** What a form sent, without `csrf`; empty where none was sent. */
  readonly form: URLSearchParams
}

/** Where a request came in. */
export interface Door {
  readonly via: 'tcp' | 'socket'
  /** The other side's address; empty on the Unix socket. */
  readonly address: string
}

/** What each scope opens: the larger ones hold the smaller ones. */
const OPENS: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ['read'], ack: ['ack'], backup: ['backup'], write: ['read', 'ack', 'backup', 'write'], admin: ['read', 'ack', 'backup', 'write', 'admin'],
}

/** What a session must have the right to where a scope is wanted: who may write may also say that a backup has run. */
export const rightFor = (scope: Scope): Right => (scope === 'backup' ? 'write' : scope)

export const opens = (scopes: readonly string[], needs: Scope): boolean =>
  scopes.some((has) => (SCOPES as readonly string[]).includes(has) && OPENS[has as Scope].includes(needs))

type Known = Extract<ToWeb, { is: 'tokens' }>['tokens'][number]

export type Entrance =
  | { readonly is: 'in'; readonly asker: Asker }
  | { readonly is: 'out'; readonly status: 401 | 403 | 404 | 503; readonly says: string }

export interface Access {
  learn(tokens: readonly Known[]): void
  /** Whether this request may pass a route of that policy, and as whom. */
  enter(who: Who, door: Door, headers: Headers, now: Instant): Entrance
}

const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-server', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip']

const isLoopback = (address: string): boolean => address === '::1' || /^(::ffff:)?127\./.test(address)

/** A browser on this machine that a foreign name led here names that name as its host. */
const isLoopbackHost = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i.test(host)

function enterLoopback(door: Door, headers: Headers): Entrance {
  const direct = door.via === 'socket'
    || (isLoopback(door.address) && isLoopbackHost(headers.get('host') ?? '') && FORWARDED.every((name) => !headers.has(name)))
  return direct ? { is: 'in', asker: { is: 'open' } } : { is: 'out', status: 404, says: 'There is nothing here.' }
}

/** Where a request came from. Behind a proxy on this machine: what that proxy saw. */
export function clientOf(door: Door, headers: Headers): string {
  if (door.via === 'socket') return 'this machine'
  const address = door.address.replace(/^::ffff:(?=\d+\.)/, '')
  const seen = isLoopback(address) ? headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  return seen !== undefined && /^[\da-f.:]{3,45}$/i.test(seen) ? seen : address
}

const NOTED_EVERY = 60_000
const MOST_NOTED = 1000

/** Passes a note on at most once a minute for each token and reason; unknown tokens share one. */
function notesTo(tell: (note: TokenNote) => void): (note: TokenNote, now: Instant) => void {
  const lately = new Map<string, number>()
  return (note, now) => {
    const key = `${note.is} ${note.id ?? ''} ${note.why ?? ''}`
    const last = lately.get(key)
    if (last !== undefined && Math.abs(now - last) < NOTED_EVERY) return
    if (lately.size >= MOST_NOTED) lately.clear()
    lately.set(key, now)
    tell(note)
  }
}

/** Whether the token may come from there; a list that cannot be read lets nobody in. */
const isFrom = ({ from }: Known, client: string): boolean => from.length === 0 || from.some((it) => {
  const network = parseNetwork(it)
  return network !== undefined && contains(network, client)
})

/** `tell` hears of tokens that were let in or refused, so that the keeper writes it down. */
export function accessBook(tell: (note: TokenNote) => void = () => undefined): Access {
  let byHash: ReadonlyMap<string, Known> | undefined
  const note = notesTo(tell)
  const enterByToken = (needs: Scope, door: Door, headers: Headers, now: Instant): Entrance => {
    const written = headers.get('authorization')
    const secret = /^Bearer +([\x21-\x7e]{8,200})$/i.exec(written ?? '')?.[1]
    if (secret === undefined) return { is: 'out', status: 401, says: 'This needs a token: send "Authorization: Bearer …". One is made by "holdfast tokens create"; people sign in.' }
    if (!byHash) return { is: 'out', status: 503, says: 'Tokens are not known yet: Holdfast is starting. Try again in a few seconds.' }
    // Looked up by hash, so that the time it takes says nothing about a token.
    const token = byHash.get(sha256(secret))
    const origin = clientOf(door, headers)
    const refuse = (id: string | null, why: string): void => note({ is: 'refused', id, why, origin }, now)
    if (!token || (token.expiresAt !== null && token.expiresAt <= now)) {
      refuse(token?.id ?? null, token ? 'it is expired' : 'unknown, revoked or expired')
      return { is: 'out', status: 401, says: 'This token is not valid: it is unknown, revoked or expired. "holdfast tokens list" shows those that are.' }
    }
    if (!isFrom(token, origin)) {
      refuse(token.id, 'not from where it is taken')
      return { is: 'out', status: 403, says: `This token is not taken from ${origin}. "holdfast tokens list" shows from where it is.` }
    }
    if (!opens(token.scopes, needs)) {
      refuse(token.id, `it has not the scope ${needs}`)
      return { is: 'out', status: 403, says: `This needs a token with the scope "${needs}"; the one that came has ${token.scopes.map((s) => `"${s}"`).join(', ') || 'none'}.` }
    }
    note({ is: 'used', id: token.id, origin }, now)
    return { is: 'in', asker: { is: 'token', id: token.id, name: token.name, scopes: token.scopes } }
  }
  return {
    learn(tokens) {
      byHash = new Map(tokens.map((token) => [token.hash, token]))
    },
    enter(who, door, headers, now) {
      switch (who) {
        case 'open': case 'link': case 'ping': case 'key': case 'door': return { is: 'in', asker: { is: 'open' } }
        case 'loopback': return enterLoopback(door, headers)
        default:
          // Whoever a session is for is let in by the keeper's word (session.ts), never here.
          if (!isScope(who)) return { is: 'out', status: 401, says: 'Sign in first.' }
          return door.via === 'socket' ? { is: 'in', asker: { is: 'socket' } } : enterByToken(who, door, headers, now)
      }
    },
  }
}
