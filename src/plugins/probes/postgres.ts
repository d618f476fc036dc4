// PostgreSQL: connects, signs in, asks a query, and on request commits a write (a primary whose synchronous standby is gone answers
// every read and hangs in every commit). Every step has a name and ends with the look; the socket is destroyed then, whatever
// the driver thinks. At most 1 MiB is received, and the driver is given whole, sound messages only: on one that is
// cut short its parser would never return. What the server says is shown in its own words, without credentials.
//
// The table for writes is the operator's to make: create table holdfast.canary (id int primary key, at timestamptz not null).
import { z } from 'zod'
import { codeOf } from '../../core/fault.ts'
import { databaseText, readDatabase } from '../../ports/database.ts'
import { dialogue, questionShape, quoted } from '../../ports/dialogue.ts'
import { fail, probe } from '../../ports/probe.ts'
import { loadPostgres, POSTGRES, postgresOver, postgresWords } from '../databases/postgres.ts'

const config = z.strictObject({
  postgres: databaseText('Server', POSTGRES),
  ...questionShape('id int primary key, at timestamptz'),
})

export default probe({
  kind: 'postgres',
  title: 'PostgreSQL',
  does: 'Passes when a query is answered and, if asked for, a write is committed.',
  runs: 'shared',
  config,
  examples: [
    { postgres: 'postgres://app:s3cr3t-word@db.internal:5432/shop' },
    { postgres: 'postgres://app:s3cr3t-word@db.internal/shop?sslmode=verify-full', query: 'select 1', write: { table: 'holdfast.canary' }, limits: { query: '500ms', write: '2s' } },
  ],

  async look(settings, context) {
    const database = readDatabase(settings.postgres, POSTGRES)
    if (typeof database === 'string') throw new Error(database)
    // Before the clock of the connection runs: the first look loads it.
    const driver = await loadPostgres()
    return dialogue(database, settings, {
      open(socket, limit) {
        const { ready, query, leave } = postgresOver(driver, database, socket, limit)
        return { ready, leave, ask: (text, query_timeout) => query({ text, ...(query_timeout !== undefined && { query_timeout }) }) }
      },
      begin: 'begin',
      row: (table) => `insert into ${quoted(table, '"')} (id, at) values (pg_backend_pid() % 1000, now()) on conflict (id) do update set at = excluded.at`,
      isConflict: (cause) => CONFLICTS.has(codeOf(cause) ?? ''),
      judge: (cause, step) => fail(postgresWords(cause, step, database)),
    }, context)
  },
})

/** Serialization failure and deadlock. */
const CONFLICTS = new Set(['40001', '40P01'])
