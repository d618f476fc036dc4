// The audit: what was done about people and by them, from the ledger, in sentences. Nothing in it is a secret, since nothing in the
// ledger is.
import type { Entry } from '../core/ledger.ts'
import type { Instant } from '../core/time.ts'
import type { Sql } from '../db/sql.ts'
import { entryOf, type EntryRow } from '../db/store.ts'
import { sayAct } from '../rooms/guard/acts/index.ts'
import { sayKept } from '../rooms/guard/retention/audit.ts'
import { sayRestore } from '../rooms/guard/restore/restores.ts'
import { sayAgreement } from '../rooms/people/agreements.ts'
import type { AuditAnswer } from '../views/people.ts'

const MOST = 500
const STREAMS = ['people.%', 'access.%', 'agreement.%', 'page.acked', 'page.passed', 'page.assigned', 'page.covered', 'watch.silenced', 'tell.posted', 'tell.held', 'guard.asked', 'guard.armed', 'guard.disarmed', 'guard.purgeAgreed', 'guard.breakerClosed', 'guard.accepted', 'guard.halted', 'guard.notDone', 'guard.permitted', 'guard.wanted', 'guard.held', 'guard.holdEnded', 'guard.goneAccepted', 'guard.mostAccepted', 'guard.restoring', 'guard.swapAsked', 'guard.swapping', 'guard.restored']

/** The newest 500 since a moment, oldest first; of one person where they are named. */
export function auditOf(sql: Sql, person: string | undefined, since: Instant): AuditAnswer['entries'] {
  const like = STREAMS.map((it) => (it.endsWith('%') ? `is_ like '${it}'` : `is_ = '${it}'`)).join(' or ')
  const rows = sql.all<EntryRow>(`select * from entry where at >= ? and (${like}) order by seq desc limit 20000`, since)
  const found = rows.map(entryOf).filter((entry) => person === undefined || concerns(entry, person)).slice(0, MOST)
  return found.reverse().map((entry) => ({ seq: entry.seq, at: entry.at, is: entry.is, person: personOf(entry), says: sayOf(entry) }))
}

const personOf = ({ body }: Entry): string | null => (typeof body['person'] === 'string' ? body['person'] : typeof body['by'] === 'string' ? body['by'] : null)

const concerns = ({ body }: Entry, person: string): boolean => body['person'] === person || body['by'] === person || body['to'] === person

function sayOf(entry: Entry): string {
  const { is, body, stream } = entry
  if (is.startsWith('agreement.')) return sayAgreement(entry)
  if (stream.startsWith('restore:')) return sayRestore(entry)
  if (stream.startsWith('backup:')) return sayKept(entry)
  if (is.startsWith('guard.')) return sayAct(entry)
  const b = body as Record<string, string>
  const who = b['person'] ?? 'somebody'
  const by = b['by'] !== undefined && b['by'] !== who ? ` (${b['by']})` : ''
  switch (is) {
    case 'people.signedIn': return `${who} signed in by ${MEANS[b['means'] ?? ''] ?? b['means']} from ${b['origin']}`
    case 'people.signedOut': return `a session of ${who} ended: ${b['why']}`
    case 'people.refused': return `refused${body['person'] === null ? '' : ` as ${who}`}: ${b['why']}, from ${b['origin']}${Number(body['before']) > 0 ? `, ${b['before']} more before it` : ''}`
    case 'people.granted': return `${who} was given ${(body['roles'] as string[]).join(', ') || 'no role'}${by}`
    case 'people.configured': return `${who} is ${(body['roles'] as string[]).join(', ') || 'without a role'} by the configuration`
    case 'people.claimed': return `${who} became the first owner`
    case 'people.factorAdded': return `${who} added ${b['kind'] === 'totp' ? 'an authenticator' : 'a passkey'} (${b['label']})${by}`
    case 'people.factorRemoved': return `${b['kind'] === 'totp' ? 'an authenticator' : 'a passkey'} of ${who} was removed (${b['label']})${by}`
    case 'people.passwordSet': return `${who} has a new password${by}`
    case 'people.recoveryMade': return `${who} has ${b['count']} new recovery codes${by}`
    case 'people.recoveryUsed': return `${who} used a recovery code; ${b['left']} are left`
    case 'people.subjectLinked': return `${who} was linked to an identity provider${by}`
    case 'people.subjectUnlinked': return `${who} is linked to no account at an identity provider any more${by}`
    case 'people.proved': return `${who} showed ${b['means'] === 'totp' ? 'a code' : 'a passkey'} for an approval`
    case 'people.linkMade': return `a link (${b['what']}) was made for ${who}${by}`
    case 'access.tokenCreated': return `the token ${b['name']} was made (${(body['scopes'] as string[]).join(', ')})${body['by'] ? ` by ${b['by']}` : ''}`
    case 'access.tokenRevoked': return `the token ${b['name'] ?? b['id']} was revoked${body['by'] ? ` by ${b['by']}` : ''}`
    case 'access.tokenExpired': return `the token ${b['name'] ?? b['id']} came to its end`
    case 'access.refused': return `${body['id'] === null ? 'a token that nobody knows' : `the token ${b['name'] ?? b['id']}`} was refused: ${b['why']}, from ${b['origin']}`
    case 'page.acked': return `${b['by']} took ${stream} (by ${b['via']})`
    default: return `${is} ${stream}${by}`
  }
}

const MEANS: Readonly<Record<string, string>> = {
  passkey: 'passkey', password: 'password', 'password+totp': 'password and code', 'password+recovery': 'password and recovery code', oidc: 'identity provider', 'oidc+totp': 'identity provider and code', link: 'a one-time link',
}
