// MySQL and MariaDB: connects, signs in, asks a query, and on request commits a write. A Galera cluster that has lost its quorum
// shows every status variable green and answers every read for some 6 s while writes hang: only a committed write tells. Every
// step has a name and ends with the look; the socket is destroyed then, whatever the driver thinks. At most 1 MiB is
// received. What the server says is shown in its own words, without credentials.
//
// The table for writes is the operator's to make: create table holdfast.canary (id int primary key, at datetime not null).
import { z } from 'zod'
import { databaseText, readDatabase } from '../../ports/database.ts'
import { dialogue, questionShape, quoted } from '../../ports/dialogue.ts'
import { fail, probe } from '../../ports/probe.ts'
import { loadMysql, MYSQL, mysqlOver, mysqlWords } from '../databases/mysql.ts'

const config = z.strictObject({
  mysql: databaseText('Server', MYSQL),
  ...questionShape('id int primary key, at datetime'),
})

export default probe({
  kind: 'mysql',
  title: 'MySQL or MariaDB',
  does: 'Passes when a query is answered and, if asked for, a write is committed.',
  runs: 'shared',
  config,
  examples: [
    { mysql: 'mysql://app:s3cr3t-word@db.internal:3306/shop' },
    { mysql: 'mysql://app:s3cr3t-word@db.internal/shop?ssl-mode=verify_identity', query: 'select 1', write: { table: 'holdfast.canary' }, limits: { query: '500ms', write: '2s' } },
  ],

  async look(settings, context) {
    const database = readDatabase(settings.mysql, MYSQL)
    if (typeof database === 'string') throw new Error(database)
    // Before the clock of the connection runs: the first look loads it.
    const driver = await loadMysql()
    return dialogue(database, settings, {
      open(socket, limit) {
        const { ready, ask, leave } = mysqlOver(driver, database, socket, limit)
        return { ready, leave, ask: (sql, timeout) => ask(sql, timeout) }
      },
      begin: 'start transaction',
      row: (table) => `replace into ${quoted(table, '`')} (id, at) values (connection_id() % 1000, now())`,
      isConflict: (cause) => CONFLICTS.has((cause as { errno?: unknown }).errno),
      judge: (cause, step) => fail(mysqlWords(cause, step, database)),
    }, context)
  },
})

/** Deadlock, and a Galera certification that failed. */
const CONFLICTS = new Set<unknown>([1213, 1020])
