// The tables of agreements: what is asked of whom, how it stands, and what became of the links that were sent. All of it is a
// projection of the ledger. The stream of an agreement is strict: its version stands beside it, and whoever judged an older one
// is refused. Who somebody is stands here as marks (`marked`), which say whether two share something and not what it is.
import { createHmac } from 'node:crypto'
import { mailboxOf, type Agreement, type Assent, type Identity, type Party, type Phase, type Terms } from '../../core/authority/agreement.ts'
import type { AgreementId } from '../../core/id.ts'
import { canonical, type Entry } from '../../core/ledger.ts'
import type { Due, Instant } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { saidOf } from '../../db/store.ts'

export const AGREEMENT_TABLES = `
create table if not exists people_agreement (id text primary key, version integer not null, at integer not null, by_ text not null, asked text not null, phase text not null, phase_is text not null,
  assents text not null, agreed_at integer, ended_at integer) strict, without rowid;
create index if not exists people_agreement_at on people_agreement (at);
create index if not exists people_agreement_open on people_agreement (phase_is) where ended_at is null;
create table if not exists people_agreement_sent (page text primary key, agreement text not null, person text not null, channel text not null, outcome text not null, at integer not null) strict, without rowid;
create index if not exists people_agreement_sent_of on people_agreement_sent (agreement);
`

export const AGREEMENT_PROJECTIONS = ['people_agreement', 'people_agreement_sent']

/** The body of `agreement.asked`: all that never changes. Free texts stand beside the ledger; here are their names. */
export interface Asked {
  readonly id: AgreementId
  readonly what: string
  readonly title: string
  readonly text: string
  readonly hash: string
  readonly asks: Terms['asks']
  readonly parties: readonly Party[]
  readonly lapsesAt: Due
  readonly typed?: string
  readonly alone: Terms['alone']
  readonly by: string
  /** The one that it was put in the place of. */
  readonly instead?: string
  readonly at: Instant
}

export interface AgreementRow {
  readonly asked: Asked
  readonly agreement: Agreement
  /** Entries of its stream: what the next one has to follow. */
  readonly version: number
  readonly agreedAt: Instant | null
  readonly endedAt: Instant | null
}

interface Row extends Record<string, unknown> { id: string; version: number; at: number; by_: string; asked: string; phase: string; assents: string; agreed_at: number | null; ended_at: number | null }

/** The same person's marks under one key: equal where what they stand for is equal, and telling nothing else. */
export function marked(key: Uint8Array, { person, addresses, phones, subjects, factors }: Identity): Identity {
  const mark = (of: string, text: string): string => createHmac('sha256', key).update(`mark ${of}\n`).update(text).digest('hex').slice(0, 32)
  // A mark of digits, since telephone numbers are compared by their digits.
  const number = (text: string): string => BigInt(`0x${mark('phone', text)}`).toString()
  const filled = (texts: readonly string[], as: (text: string) => string): string[] => texts.map(as).filter((it) => it !== '')
  return {
    person, factors, addresses: filled(addresses, mailboxOf).map((it) => mark('address', it)), subjects: subjects.map((it) => mark('subject', it)),
    phones: filled(phones, (it) => it.replace(/[^\d]/g, '')).map(number),
  }
}

export function applyAsked(sql: Sql, entry: Entry): void {
  const asked = entry.body as unknown as Asked
  sql.run('insert into people_agreement (id, version, at, by_, asked, phase, phase_is, assents, agreed_at, ended_at) values (?,1,?,?,?,?,?,?,null,null)',
    asked.id, asked.at, asked.by, canonical(asked), canonical({ is: 'open' }), 'open', '[]')
}

/** Of `agreement.pressed` and `agreement.ended`: how it stands from here on. */
export function applyMoved(sql: Sql, entry: Entry): void {
  const { id, phase, assents, at } = entry.body as unknown as { id: string; phase: Phase; assents: readonly Assent[]; at: number }
  const goesOn = phase.is === 'open' || phase.is === 'agreed'
  sql.run(`update people_agreement set version = version + 1, phase = ?, phase_is = ?, assents = ?, ended_at = ?,
    agreed_at = case when ? then coalesce(agreed_at, ?) else agreed_at end where id = ?`, canonical(phase), phase.is, canonical(assents), goesOn ? null : at, phase.is === 'agreed' ? 1 : 0, at, id)
}

export function applySent(sql: Sql, entry: Entry): void {
  const { page, agreement, person, channel, outcome, at } = entry.body as { page: string; agreement: string; person: string; channel: string; outcome: string; at: number }
  sql.run('insert into people_agreement_sent (page, agreement, person, channel, outcome, at) values (?,?,?,?,?,?) on conflict (page) do update set outcome = excluded.outcome, at = excluded.at', page, agreement, person, channel, outcome, at)
}

function rowOf(sql: Sql, row: Row): AgreementRow {
  const asked = JSON.parse(row.asked) as Asked
  const { id, what, hash, asks, parties, lapsesAt, typed, alone } = asked
  const phase = JSON.parse(row.phase) as Phase
  const said: Phase = phase.is === 'alone' ? { ...phase, reason: saidOf(sql, phase.reason) } : phase
  const terms: Terms = { id, what, hash, asks, parties, lapsesAt, alone, ...(typed === undefined ? {} : { typed }) }
  return {
    asked: { ...asked, title: saidOf(sql, asked.title), text: saidOf(sql, asked.text) }, version: row.version, agreedAt: row.agreed_at as Instant | null, endedAt: row.ended_at as Instant | null,
    agreement: { terms, phase: said, assents: JSON.parse(row.assents) as Assent[] },
  }
}

export function loadAgreement(sql: Sql, id: string): AgreementRow | undefined {
  const row = sql.get<Row>('select * from people_agreement where id = ?', id)
  return row && rowOf(sql, row)
}

/** The newest first. `going`: only those that are open, or agreed and not lapsed. */
export const loadAgreements = (sql: Sql, going: boolean, most: number): AgreementRow[] =>
  sql.all<Row>(`select * from people_agreement ${going ? 'where ended_at is null' : ''} order by at desc, id desc limit ?`, most).map((row) => rowOf(sql, row))

/** How many wait for somebody's word; of all, or of one asker. What is agreed on waits for nobody, however long it stays good. */
export const countOpen = (sql: Sql, by?: string): number => {
  const open = `select count(*) as n from people_agreement where ended_at is null and phase_is = 'open'`
  return (by === undefined ? sql.get<{ n: number }>(open) : sql.get<{ n: number }>(`${open} and by_ = ?`, by))?.n ?? 0
}

export interface SentRow extends Record<string, unknown> { page: string; person: string; channel: string; outcome: string; at: Instant }
export const loadSent = (sql: Sql, agreement: string): SentRow[] => sql.all<SentRow>('select page, person, channel, outcome, at from people_agreement_sent where agreement = ? order by at, page', agreement)
