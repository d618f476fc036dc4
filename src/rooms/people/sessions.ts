// Sessions: who is signed in, from where, since when. The browser holds 256 random bits, we hold their hash. A session ends after
// a time without use, after a time altogether, and whenever a password, a factor or a role of its person changes. How long ago
// something was is judged by the clock that says more: one that was set keeps nobody signed in.
import { newId, sha256 } from '../../core/id.ts'
import { days, hours, minutes, type Instant, type Now, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import type { Random } from '../../ports/world.ts'
import { loadSession, loadSessions, type SessionRow } from './rows.ts'

export const IDLE: Span = days(3)
export const ABSOLUTE: Span = days(30)
/** Sessions of those who can run, approve or say who may: shorter. */
export const IDLE_STRONG: Span = hours(12)
export const ABSOLUTE_STRONG: Span = days(7)
const MOST_SESSIONS = 50
/** How exactly the last use is written down. */
const TOUCH: Span = minutes(1)

/** How somebody showed who they are. `link`: by a one-time link, which opens their own account and nothing else. */
export type Means = 'passkey' | 'password' | 'password+totp' | 'password+recovery' | 'oidc' | 'oidc+totp' | 'link'

/** Whether a second thing was shown beside what one knows. */
export const isStrong = (means: string): boolean => means === 'passkey' || means === 'password+totp' || means === 'oidc+totp'

export interface Session {
  readonly id: string
  readonly person: string
  readonly means: Means
  readonly factor: string | undefined
  readonly at: Instant
  readonly seen: Instant
  readonly agent: string
  readonly origin: string
}

export interface Opened { readonly id: string; /** Shown to the browser once. */ readonly secret: string }

export interface Opening {
  readonly person: string
  readonly means: Means
  readonly factor?: string
  readonly agent: string
  /** Where from: an address, or "this machine". */
  readonly origin: string
}

/** What a moment is to a session: the wall clock, and how long Holdfast has run altogether. */
export interface Moment { readonly now: Now; readonly lived: Span }

const sessionOf = (row: SessionRow): Session => ({
  id: row.id, person: row.person, means: row.means as Means, factor: row.factor ?? undefined, at: row.at as Instant, seen: row.seen as Instant, agent: row.agent, origin: row.origin,
})

const since = (wall: number, lived: number, moment: Moment): number => Math.max(Math.abs(moment.now.wall - wall), moment.lived - lived)

/** A wall clock that was set far back or forth ends it as well: nobody knows how long it has been. */
export const hasEnded = (row: Pick<SessionRow, 'at' | 'lived' | 'seen' | 'seen_lived'>, strong: boolean, moment: Moment): boolean =>
  since(row.seen, row.seen_lived, moment) >= (strong ? IDLE_STRONG : IDLE) || since(row.at, row.lived, moment) >= (strong ? ABSOLUTE_STRONG : ABSOLUTE)

/** Signs somebody in; the oldest of many sessions makes room. */
export function open(tx: Tx, random: Random, lived: Span, it: Opening): Opened {
  const { sql, now } = tx
  const id = newId<'session'>('ses', now.wall, random)
  const secret = Buffer.from(random(32)).toString('base64url')
  for (const old of loadSessions(sql, it.person).slice(MOST_SESSIONS - 1)) close(tx, old.id, 'there are too many')
  sql.run('insert into people_session (id, hash, person, means, factor, at, lived, seen, seen_lived, agent, origin) values (?,?,?,?,?,?,?,?,?,?,?)',
    id, sha256(secret), it.person, it.means, it.factor ?? null, now.wall, lived, now.wall, lived, it.agent.slice(0, 200), it.origin.slice(0, 100))
  tx.append({ is: 'people.signedIn', stream: `person:${it.person}`, body: { person: it.person, session: id, means: it.means, origin: it.origin.slice(0, 100), at: now.wall } })
  return { id, secret }
}

/** Whose session it is; `undefined` when it is none, or has ended. Writes nothing. */
export function look(sql: Sql, secret: string, isStrongPerson: (person: string) => boolean, moment: Moment): Session | undefined {
  if (!/^[\w-]{43}$/.test(secret)) return undefined
  const row = loadSession(sql, sha256(secret))
  return row && !hasEnded(row, isStrongPerson(row.person), moment) ? sessionOf(row) : undefined
}

/** True when its last use is to be written down anew. */
export const isToTouch = (session: Session, { now }: Moment): boolean => Math.abs(now.wall - session.seen) >= TOUCH

export const touch = ({ sql, now }: Tx, id: string, lived: Span): void => void sql.run('update people_session set seen = ?, seen_lived = ? where id = ?', now.wall, lived, id)

export function close(tx: Tx, id: string, why: string): boolean {
  const row = tx.sql.get<{ person: string }>('select person from people_session where id = ?', id)
  if (!row) return false
  tx.sql.run('delete from people_session where id = ?', id)
  tx.append({ is: 'people.signedOut', stream: `person:${row.person}`, body: { person: row.person, session: id, why, at: tx.now.wall } })
  return true
}

/** Ends all sessions of a person but `except`. */
export function closeAll(tx: Tx, person: string, why: string, except?: string): number {
  const ids = loadSessions(tx.sql, person).map(({ id }) => id).filter((id) => id !== except)
  for (const id of ids) close(tx, id, why)
  return ids.length
}

export const sessionsOf = (sql: Sql, person: string): Session[] => loadSessions(sql, person).map(sessionOf)
