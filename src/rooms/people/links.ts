// One-time links: of the first owner (printed at start), of somebody who is invited, of somebody who lost everything and has the
// word of an owner or of the machine. 256 random bits, kept as a hash, used once, for one purpose, within its time.
import { sha256 } from '../../core/id.ts'
import { later, type Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Random } from '../../ports/world.ts'

export type Purpose = 'first-owner' | 'invite' | 'recover'

/** A new link; older ones of the same purpose and person are void. The secret is in the answer and nowhere else. */
export function newLink({ sql, now }: Tx, random: Random, lived: Span, it: { readonly what: Purpose; readonly person: string; readonly within: Span }): string {
  const secret = Buffer.from(random(32)).toString('base64url')
  sql.run('delete from people_link where (what = ? and person = ?) or until < ? or lived_until < ?', it.what, it.person, now.wall, lived)
  sql.run('insert into people_link (hash, what, person, until, lived_until) values (?,?,?,?,?)', sha256(`${it.what} ${secret}`), it.what, it.person, later(now.wall, it.within), lived + it.within)
  return secret
}

/** What the link is for, while it lasts; nothing is changed. */
export function lookLink({ sql, now }: Pick<Tx, 'sql' | 'now'>, lived: Span, what: Purpose, secret: string): { readonly person: string } | undefined {
  const row = sql.get<{ person: string; until: number; lived_until: number }>('select person, until, lived_until from people_link where hash = ? and what = ?', sha256(`${what} ${secret}`), what)
  return row && row.until > now.wall && row.lived_until > lived ? { person: row.person } : undefined
}

/** Uses it up. `undefined` when there is none: unknown, used, or too late. */
export function useLink(tx: Tx, lived: Span, what: Purpose, secret: string): { readonly person: string } | undefined {
  const found = lookLink(tx, lived, what, secret)
  if (found) tx.sql.run('delete from people_link where hash = ?', sha256(`${what} ${secret}`))
  return found
}
