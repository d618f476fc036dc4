// Factors: passkeys, authenticators, recovery codes. A factor is there once it was shown to work; its secret is sealed beside the
// ledger, what happened to it stands in the ledger. A code counts once, a recovery code too. Whoever gains or loses a factor is
// signed out everywhere else.
import { newId, sha256 } from '../../core/id.ts'
import { seal, unseal } from '../../core/seal.ts'
import { periodOfCode, SECRET_BYTES } from '../../core/totp.ts'
import type { Span } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Random } from '../../ports/world.ts'
import { loadFactor, loadFactors, loadSecret, loadSecrets, type FactorKind } from './rows.ts'

const MOST_FACTORS = 20
const RECOVERY_CODES = 10
/** Letters that nobody confuses: Crockford's. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'

/** What the room needs to know about its place. */
export interface Place {
  readonly key: Uint8Array
  readonly random: Random
  readonly lived: Span
}

const placeOf = (factor: string): string => `people_secret/${factor}`

/** An authenticator that is not confirmed yet: its secret, to be shown once. A former one that was never confirmed is gone. */
export function beginTotp(tx: Tx, place: Place, person: string, label: string): { readonly factor: string; readonly secret: Uint8Array } {
  const factor = newId<'factor'>('fac', tx.now.wall, place.random)
  const secret = place.random(SECRET_BYTES)
  tx.sql.run(`delete from people_secret where person = ? and ready = 0`, person)
  tx.sql.run('insert into people_secret (factor, person, kind, label, sealed, used, ready) values (?,?,?,?,?,null,0)', factor, person, 'totp', label.slice(0, 60), seal(place.key, placeOf(factor), secret, place.random))
  return { factor, secret }
}

/** Shown to work by a code: from now on it counts. `undefined` when there is none to confirm, or the code is wrong. */
export function confirmTotp(tx: Tx, place: Place, person: string, code: string, by: string): { readonly factor: string } | undefined {
  const row = tx.sql.get<{ factor: string; label: string; sealed: Uint8Array }>(`select factor, label, sealed from people_secret where person = ? and kind = 'totp' and ready = 0`, person)
  const secret = row && unseal(place.key, placeOf(row.factor), row.sealed)
  const period = secret && periodOfCode(secret, code, tx.now.wall, undefined)
  if (!row || period === undefined || loadFactors(tx.sql, person).length >= MOST_FACTORS) return undefined
  tx.sql.run('update people_secret set ready = 1, used = ? where factor = ?', period, row.factor)
  enrolled(tx, place, { factor: row.factor, person, kind: 'totp', label: row.label, by })
  return { factor: row.factor }
}

/** The authenticator whose code this is. It is used up by that. */
export function takeCode(tx: Tx, place: Place, person: string, code: string): { readonly factor: string } | undefined {
  for (const row of loadSecrets(tx.sql, person, 'totp')) {
    const secret = unseal(place.key, placeOf(row.factor), row.sealed)
    const period = secret && periodOfCode(secret, code, tx.now.wall, row.used ?? undefined)
    if (period === undefined) continue
    tx.sql.run('update people_secret set used = ? where factor = ?', period, row.factor)
    return { factor: row.factor }
  }
  return undefined
}

/** A passkey as its provider described it; `credential` is its own name, in base64url. */
export interface Passkey {
  readonly credential: string
  readonly publicKey: string
  readonly transports: readonly string[]
  /** It may be on several devices: a synced one. */
  readonly backedUp: boolean
  readonly counter: number
}

const factorOf = (credential: string): string => `fac_${sha256(`passkey ${credential}`).slice(0, 32)}`

/** Adds a passkey that was shown to work. `undefined` when it is known already, whoever has it, or there are too many. */
export function addPasskey(tx: Tx, place: Place, it: { readonly person: string; readonly passkey: Passkey; readonly label: string; readonly by: string }): { readonly factor: string } | undefined {
  const factor = factorOf(it.passkey.credential)
  if (loadSecret(tx.sql, factor) || loadFactors(tx.sql, it.person).length >= MOST_FACTORS) return undefined
  const { counter, ...fixed } = it.passkey
  tx.sql.run('insert into people_secret (factor, person, kind, label, sealed, used, ready) values (?,?,?,?,?,?,1)', factor, it.person, 'passkey', it.label.slice(0, 60), seal(place.key, placeOf(factor), Buffer.from(JSON.stringify(fixed)), place.random), counter)
  enrolled(tx, place, { factor, person: it.person, kind: 'passkey', label: it.label.slice(0, 60), by: it.by })
  return { factor }
}

export interface FoundPasskey { readonly factor: string; readonly person: string; readonly passkey: Passkey }

export function findPasskey({ sql }: Pick<Tx, 'sql'>, key: Uint8Array, credential: string): FoundPasskey | undefined {
  const row = loadSecret(sql, factorOf(credential))
  const fixed = row?.kind === 'passkey' ? unseal(key, placeOf(row.factor), row.sealed) : undefined
  return row && fixed ? { factor: row.factor, person: row.person, passkey: { ...(JSON.parse(Buffer.from(fixed).toString('utf8')) as Omit<Passkey, 'counter'>), counter: row.used ?? 0 } } : undefined
}

export const passkeysOf = (tx: Pick<Tx, 'sql'>, key: Uint8Array, person: string): FoundPasskey[] =>
  loadSecrets(tx.sql, person, 'passkey').flatMap((row) => {
    const fixed = unseal(key, placeOf(row.factor), row.sealed)
    return fixed ? [{ factor: row.factor, person, passkey: { ...(JSON.parse(Buffer.from(fixed).toString('utf8')) as Omit<Passkey, 'counter'>), counter: row.used ?? 0 } }] : []
  })

/** It was used: its counter went up. False when it went back, which a copy of it would make it do; 0 counts nothing. */
export function usedPasskey(tx: Tx, factor: string, counter: number): boolean {
  const row = loadSecret(tx.sql, factor)
  if (!row || (counter !== 0 && counter <= (row.used ?? 0)) || (counter === 0 && (row.used ?? 0) > 0)) return false
  tx.sql.run('update people_secret set used = ? where factor = ?', counter, factor)
  return true
}

export function removeFactor(tx: Tx, person: string, factor: string, by: string): boolean {
  const row = loadFactor(tx.sql, factor)
  if (row?.person !== person) return false
  tx.sql.run('delete from people_secret where factor = ?', factor)
  tx.append({ is: 'people.factorRemoved', stream: `person:${person}`, body: { person, factor, kind: row.kind, label: row.label, by, at: tx.now.wall } })
  return true
}

/** Ten codes, each of 120 bits (so a fast hash will do, ASVS 6.5.2), shown once; former ones are void. */
export function newRecovery(tx: Tx, place: Place, person: string, by: string): readonly string[] {
  const codes = Array.from({ length: RECOVERY_CODES }, () => [...place.random(24)].map((byte) => LETTERS[byte & 31]).join('').replace(/(.{4})(?=.)/g, '$1-'))
  tx.sql.run('delete from people_recovery where person = ?', person)
  for (const code of codes) tx.sql.run('insert into people_recovery (hash, person, used) values (?, ?, null)', recoveryHash(person, code), person)
  tx.append({ is: 'people.recoveryMade', stream: `person:${person}`, body: { person, count: codes.length, by, at: tx.now.wall } })
  return codes
}

/** As people write them down and read them out. */
const recoveryHash = (person: string, code: string): string =>
  sha256(`recovery ${person} ${code.toLowerCase().replaceAll(/[^0-9a-z]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1')}`)

/** Uses one up. False when it is none of theirs, or was used. */
export function takeRecovery(tx: Tx, person: string, code: string): boolean {
  const used = tx.sql.run('update people_recovery set used = ? where hash = ? and person = ? and used is null', tx.now.wall, recoveryHash(person, code), person)
  if (used.changes !== 1) return false
  tx.append({ is: 'people.recoveryUsed', stream: `person:${person}`, body: { person, left: recoveryLeft(tx, person), at: tx.now.wall } })
  return true
}

export const recoveryLeft = ({ sql }: Pick<Tx, 'sql'>, person: string): number =>
  sql.get<{ n: number }>('select count(*) as n from people_recovery where person = ? and used is null', person)?.n ?? 0

function enrolled(tx: Tx, place: Place, it: { readonly factor: string; readonly person: string; readonly kind: FactorKind; readonly label: string; readonly by: string }): void {
  tx.append({ is: 'people.factorAdded', stream: `person:${it.person}`, body: { ...it, at: tx.now.wall, lived: place.lived } })
}
