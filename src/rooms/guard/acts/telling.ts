// What somebody must hear of, and when it is over. A fact opens an incident in the page room; one cause is one incident (G-28). What ends by itself has a name,
// and is over as soon as it is seen to be, or as soon as the configuration knows nothing any more of what it was about: else it would stay open for ever, since
// nobody looks there again.
import type { Entry } from '../../../core/ledger.ts'
import type { Tx } from '../../../db/room.ts'
import type { Sql } from '../../../db/sql.ts'
import { parseJob } from '../retention/job.ts'
import { forgetRefusedBut } from '../retention/rows.ts'
import type { BackupSet } from '../sets/set.ts'

/** What was told and is not over, of what ends by itself. */
export const ALARM_TABLES = `
create table if not exists guard_alarm (name text primary key) strict, without rowid;
`
export const ALARM_PROJECTIONS = ['guard_alarm']

/** `ends`: by which name it is over as soon as it is seen to be (`tellOver`); absent: only a person ends it. */
export interface Telling {
  readonly weight?: number
  readonly ends?: string
}

/** A fact that somebody must hear of: the page room opens an incident for it. One cause, one incident (G-28). */
export const tell = (tx: Tx, cause: string, title: string, says: string, { weight = 2, ends }: Telling = {}): void =>
  void tx.append({ is: 'guard.alarmed', stream: ends ?? cause, body: { subject: cause, title: title.slice(0, 120), says: says.slice(0, 500), weight, ...(ends === undefined ? {} : { member: ends }), at: tx.now.wall } })

/** Whether something was told under that name, and is not over. */
export const isTold = (sql: Sql, ends: string): boolean => sql.get('select 1 as one from guard_alarm where name = ?', ends) !== undefined

/** The stores of which it is told that they cannot be acted on. */
export const toldUnfit = (sql: Sql): readonly string[] => sql.all<{ name: string }>(`select name from guard_alarm where name like 'store:%/unfit'`).flatMap(({ name }) => {
  const about = aboutOf(name)
  return about?.is === 'store' ? [about.store] : []
})

/** It is seen to be over: what was told under that name fails no more. Nothing where nothing was told since, whoever was running then. `by`: nobody saw it end; whose word it is. */
export function tellOver(tx: Tx, ends: string, says: string, by?: string): void {
  if (!isTold(tx.sql, ends)) return
  tx.append({ is: 'guard.alarmed', stream: ends, body: { member: ends, to: 'over', says: says.slice(0, 500), ...(by === undefined ? {} : { by }), at: tx.now.wall } })
}

/** The name under which the breaker of retention is told, until people close it. */
export const latchedOf = (job: string): string => `latched:${job}`
/** Under which a judgement that lets nothing go is told, and a clean-up that was stopped, and a store that cannot be acted on. */
export const refusedOf = (set: string, store: string): string => `retention:${set}@${store}`
export const haltedOf = (job: string): string => `reconcile:${job}/halted`
export const unfitOf = (store: string): string => `store:${store}/unfit`
/** Under which drills that nobody can do here are told. */
export const drillRefusedOf = (set: string, store: string): string => `drill:${set}@${store}/refused`

/** An older Holdfast told some of them without a name to end them by: those are over by the same word. */
export const applyAlarmed = (sql: Sql, entry: Entry): void => {
  const { member = entry.stream, to } = entry.body as { member?: string; to?: 'over' }
  if (to === 'over') sql.run('delete from guard_alarm where name = ?', member)
  else if (aboutOf(member) !== undefined) sql.run('insert into guard_alarm (name) values (?) on conflict do nothing', member)
}

/** A job of retention, one of a reconcile, or a store. */
type About = { readonly is: 'keep' | 'drill'; readonly set: string; readonly store: string } | { readonly is: 'reconcile'; readonly name: string } | { readonly is: 'store'; readonly store: string }

/** What the name speaks of; nothing where what was told under it is ended by people alone. */
function aboutOf(name: string): About | undefined {
  const job = /^(?:latched:(.*)|reconcile:(.*)\/halted)$/s.exec(name)
  const of = job?.[1] ?? job?.[2]
  const kept = parseJob(of ?? name.replace(/^retention:/, 'keep:'))
  if (kept !== undefined && (of !== undefined || name === refusedOf(kept.set, kept.store)) && !kept.store.includes('/')) return { is: 'keep', ...kept }
  if (of !== undefined && !of.startsWith('keep:')) return { is: 'reconcile', name: of }
  const drill = /^drill:([^@]*)@([^/]*)\/refused$/.exec(name)
  if (drill !== null) return { is: 'drill', set: drill[1] ?? '', store: drill[2] ?? '' }
  const store = /^store:([^/]*)\/unfit$/.exec(name)?.[1]
  return store === undefined ? undefined : { is: 'store', store }
}

/** What is in force. */
export interface InForce {
  readonly sets: () => ReadonlyMap<string, BackupSet>
  readonly reconciles: () => ReadonlyMap<string, { readonly store: string }>
}

/** After a configuration came into force: what nothing in it speaks of any more is over, and the ledger says by whose word. */
export function endGone(tx: Tx, { sets, reconciles }: InForce): void {
  const asks = (what: 'keep' | 'drill', name: string, store: string): boolean => {
    const set = sets().get(name)
    return set?.[what] !== undefined && set.in.some((it) => it.store === store)
  }
  // With the cause goes what was told of it, whoever has ended that: else it would be silent for a week where it comes back.
  forgetRefusedBut(tx.sql, (set, store) => asks('keep', set, store))
  const acting = new Set([...[...reconciles().values()].map(({ store }) => store), ...[...sets().values()].flatMap((set) => (set.keep === undefined ? [] : set.in.map(({ store }) => store)))])
  for (const { name } of tx.sql.all<{ name: string }>('select name from guard_alarm order by name')) {
    const about = aboutOf(name)
    if (about === undefined) continue
    const stays = about.is === 'keep' || about.is === 'drill' ? asks(about.is, about.set, about.store) : about.is === 'reconcile' ? reconciles().has(about.name) : acting.has(about.store)
    if (stays) continue
    const what = about.is === 'keep' || about.is === 'drill' ? `\`${about.is}\` of ${about.set} in ${about.store}` : about.is === 'reconcile' ? about.name : `whatever acts on ${about.store}`
    tellOver(tx, name, `${what} was taken out of the configuration`, 'the configuration')
  }
}
