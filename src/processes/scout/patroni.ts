// A member of a PostgreSQL cluster under Patroni, asked in two ways at once: the server by SQL, and Patroni by its own interface. Each has a limit of
// its own, so that one that hangs does not keep the other from being heard: a server whose Patroni is frozen goes on taking writes, and that is the
// one thing that has to be seen. The committed write is tried where writes are taken.
import { quoted } from '../../ports/dialogue.ts'
import { Fault, sentence } from '../../core/fault.ts'
import type { Database } from '../../ports/database.ts'
import type { Egress, Timers } from '../../ports/world.ts'
import { loadPostgres, postgresOver, postgresWords, type PostgresSession } from '../../plugins/databases/postgres.ts'
import { ofBoth, readPatroni, type PatroniWord, type ServerWord } from '../../rooms/change/heard/words.ts'
import { kept, over, partOf, wordsFor } from './kept.ts'
import type { Member } from './member-line.ts'

interface Talk {
  query(text: string): Promise<readonly (readonly (string | null)[])[]>
  end(): void
}

export interface PatroniAsked {
  readonly database: Database
  /** Where Patroni itself answers, `http://10.77.0.1:8008`. */
  readonly rest: string
  readonly canary: string | undefined
  /** Of this member in the table. */
  readonly row: number
  readonly egress: Egress
  readonly timers: Timers
}

/**
 * The newest timeline is that of the log which is written now: the one of the last checkpoint is behind it. Of the receiver of the log a user without `pg_read_all_stats` sees that it is
 * there, and neither its state nor its timeline: Patroni says the latter too. What is received and not applied says nothing of one that receives nothing any more: its place in the log does.
 */
const ASK = `select pg_is_in_recovery()::text, current_setting('transaction_read_only'),
  case when pg_is_in_recovery() then (select to_hex(received_tli) from pg_stat_wal_receiver) else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end,
  case when pg_is_in_recovery() and pg_last_wal_receive_lsn() is not null then greatest(0, pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()))::text end,
  pg_wal_lsn_diff(case when pg_is_in_recovery() then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) else pg_current_wal_lsn() end, '0/0')::text,
  case when pg_is_in_recovery() then (exists (select from pg_stat_wal_receiver where coalesce(status, 'streaming') = 'streaming'))::text end`
/** No such table, no such schema. */
const MISSING = new Set<unknown>(['42P01', '3F000'])

/** By both. */
export function patroniMember({ database, rest, canary, row, egress, timers }: PatroniAsked): Member {
  const open = async (signal: AbortSignal): Promise<Talk> => {
    const driver = await loadPostgres()
    return over(egress, database, signal, async (socket) => {
      const session: PostgresSession = postgresOver(driver, database, socket, undefined)
      await session.ready
      return { query: async (text) => (await session.query({ text })).rows, end: () => void socket.destroy() }
    })
  }
  const [reading, writing] = [kept(open), kept(open)]
  const says = (cause: unknown): string => {
    try {
      return cause instanceof Fault ? wordsFor(cause) : postgresWords(cause, { missing: 'no answer', moment: 'before it answered' }, database)
    } catch {
      return sentence(cause)
    }
  }
  const server = (signal: AbortSignal): Promise<ServerWord> => reading.use(signal, async ({ query }) => {
    const [recovering, readOnly, timeline, lag, position, streams] = (await query(ASK))[0] ?? []
    return {
      recovering: recovering !== 'false', readOnly: readOnly !== 'off',
      ...(timeline === null || timeline === undefined ? {} : { timeline: Number.parseInt(timeline, 16) }), ...(lag === null || lag === undefined ? {} : { lag: Number(lag) }),
      ...(position === null || position === undefined ? {} : { position: Number(position) }), ...(streams === null || streams === undefined ? {} : { streams: streams === 'true' }),
    }
  })
  const patroni = async (signal: AbortSignal): Promise<PatroniWord> => {
    const { body } = await egress.request({ url: `${rest}/patroni`, signal, verifyTls: true })
    const read = readPatroni(body.toString())
    if (typeof read === 'string') throw new Fault(read)
    return read
  }
  const table = canary === undefined ? '' : quoted(canary, '"')
  const put = `insert into ${table} (id, at) values (${row}, now()) on conflict (id) do update set at = excluded.at`
  const write = (signal: AbortSignal): Promise<void> => writing.use(signal, async ({ query }) => {
    try {
      await query(put)
    } catch (cause) {
      if (!MISSING.has((cause as { code?: unknown }).code)) throw cause
      await query(`create schema if not exists ${quoted((canary ?? '').split('.')[0] ?? '', '"')}`).catch(() => undefined)
      await query(`create table if not exists ${table} (id int primary key, at timestamptz not null)`)
      await query(put)
    }
  })
  const [ofServer, ofPatroni] = [partOf(timers, server, says), partOf(timers, patroni)]
  return {
    async look(signal) {
      const read = ofBoth(...(await Promise.all([ofServer(signal), ofPatroni(signal)])))
      if (typeof read === 'string') throw new Fault(read)
      return read
    },
    ...(canary === undefined ? {} : { write }),
    says,
    close() {
      reading.close()
      writing.close()
    },
  }
}
