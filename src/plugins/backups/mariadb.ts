// MariaDB's logical dumps (mariadb-dump, and mysqldump where MariaDB understands it), packed or not: restored by this machine's own MariaDB in a
// cell, as a user without rights over the server, examined table by table and asked what its people want to know.
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { hours, minutes, type Instant, type Span } from '../../core/time.ts'
import { engine, failed, open, passed, type Assertion, type Cell, type CopyGiven, type Restoring, type Served, type Step } from '../../ports/backup.ts'
import { judgeNewest } from '../../ports/backup/newest.ts'
import { headOf, unpacks, type Packing } from '../../ports/backup/packed.ts'
import { piped } from '../../ports/backup/pipe.ts'
import { ruleRows } from '../../ports/backup/rows.ts'
import { gist } from '../../ports/backup/words.ts'
import { newFacts, Refusal, sifted, type DumpFacts } from './mariadb/dump.ts'

const LONGEST: Span = hours(24)
const USER = 'drill'
/** Where a dump goes that names no database. */
const DATABASE = 'drill'
const SYSTEM = ['mysql', 'information_schema', 'performance_schema', 'sys']

export default engine({
  kind: 'mariadb',
  title: 'MariaDB',
  does: 'Restores dumps of mariadb-dump into a MariaDB of its own, examines and asks them.',
  config: z.strictObject({}),
  examples: [{}],
  asserts: ['sql', 'newest'],
  open: (_config, cell, copy) => restoring(cell, copy),
})

function restoring(cell: Cell, copy: CopyGiven): Restoring {
  let found: { readonly facts: DumpFacts; readonly packing: Packing | undefined } | undefined
  let server: Served | undefined
  const started = (): Served => {
    if (!server) throw new Error('nothing was restored yet')
    return server
  }
  const database = (): string => found?.facts.databases[0] ?? DATABASE
  return {
    async structure() {
      await toolsOf(cell)
      const { packing, head } = await headOf(cell, cell.copy)
      if (head.length === 0) return failed('the copy is empty')
      const facts = newFacts()
      const step = await lookAt(cell, packing, facts)
      found = { facts, packing }
      return step
    },
    async restore() {
      if (!found) throw new Error('its structure was not looked at yet')
      server = await startServer(cell)
      return restore(cell, server, found.packing)
    },
    async integrity() {
      const ran = await cell.run(['/usr/bin/mariadb-check', '--no-defaults', ...reach(cell), '--check', '--extended', '--databases', ...(found?.facts.databases.length ? found.facts.databases : [DATABASE])], { within: LONGEST })
      const wrong = ran.out.split('\n').some((line) => /^(?:error|warning)\s*:/i.test(line.trim()) || /\bcorrupt/i.test(line))
      if (ran.exit === 0 && !wrong) return passed()
      return started().alive() ? failed('MariaDB finds what was restored damaged', gist(ran)) : open('the MariaDB that it was restored into ended', gist(ran))
    },
    prove: (assertion) => prove(cell, started(), database(), assertion, copy.at),
    async manifest() {
      const rows: { text: string; step: Step }[] = []
      for (const [table, bounds] of Object.entries(copy.manifest?.rows ?? {})) {
        const name = table.split('.').map((part) => `\`${part.replaceAll('`', '``')}\``).join('.')
        const ran = await ask(cell, database(), `select count(*) from ${name}`)
        const ruled = ran.exit === 0 ? ruleRows(bounds, Number(ran.out.trim())) : undefined
        const step = ruled ? (ruled.found === 'fail' ? failed(ruled.says) : passed(ruled.says)) : asked(started(), gist(ran))
        rows.push({ text: `${table} holds ${bounds.least === bounds.most ? bounds.least : `${bounds.least} to ${bounds.most}`} rows`, step })
      }
      return rows
    },
  }
}

async function toolsOf(cell: Cell): Promise<void> {
  const [bin, sbin] = [await cell.look('/usr/bin'), await cell.look('/usr/sbin')]
  const lacks = ['mariadb', 'mariadb-check', 'mariadb-install-db'].filter((name) => !bin.includes(name)).concat(sbin.includes('mariadbd') ? [] : ['mariadbd'])
  if (lacks.length > 0) throw new Fault(`no MariaDB is installed here (${lacks.join(', ')}), so nothing can be restored: install the package mariadb-server, as new as the server that is backed up`, 'never')
}

/** Reads all of it once, as the client would, and gives it to nobody. */
async function lookAt(cell: Cell, packing: Packing | undefined, facts: DumpFacts): Promise<Step> {
  const dump = piped(cell, unpacks(packing, cell.copy), LONGEST)
  try {
    const sieve = sifted(dump.bytes, facts)
    while ((await sieve.next()).done !== true);
  } catch (cause) {
    if (cause instanceof Refusal) return failed(`the dump is not restored: ${cause.message}`)
    throw cause
  } finally {
    dump.stop()
  }
  const ran = await dump.ended
  if (ran.exit !== 0) return failed('the copy cannot be unpacked', gist(ran))
  if (facts.tables === 0 && !facts.complete) return failed('this is no dump of MariaDB: there is no table in it')
  if (!facts.complete) return failed('the dump was cut short: the line “Dump completed” is missing at its end')
  const system = facts.databases.find((name) => SYSTEM.includes(name))
  return system === undefined ? passed() : open(`it is a dump of a whole server (it writes into ${system}): a drill restores databases of people; dump them by their names`)
}

/** Made anew, on a socket in the cell and nowhere else; it logs, replicates, schedules and loads nothing. */
const SETTINGS = [
  '--skip-networking', '--skip-log-bin', '--skip-slave-start', '--event-scheduler=OFF', '--wsrep-on=OFF', '--local-infile=0', '--performance-schema=OFF', '--innodb-log-file-size=64M', '--innodb-buffer-pool-size=128M',
  '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=OFF', '--max-allowed-packet=1G', '--tmpdir=/tmp', '--default-time-zone=+00:00',
]

async function startServer(cell: Cell): Promise<Served> {
  const at = `${cell.work}/db`
  const made = await cell.run(['/usr/bin/mariadb-install-db', '--no-defaults', `--datadir=${at}`, '--auth-root-authentication-method=normal', '--skip-test-db', '--force', '--innodb-log-file-size=64M'], { within: minutes(10) })
  if (made.exit !== 0) throw new Fault(`no MariaDB could be made to restore into: ${gist(made)}`, 'later')
  const init = await cell.put('init.sql', `create database ${DATABASE};\ncreate user ${USER}@localhost identified by '';\ngrant all privileges on \`%\`.* to ${USER}@localhost;\ngrant set user, binlog admin on *.* to ${USER}@localhost;\n`)
  await cell.run(['/bin/mkdir', '-m', '0700', `${cell.work}/run`, `${cell.work}/none`], { within: minutes(1) })
  const served = await cell.start(['/usr/sbin/mariadbd', '--no-defaults', `--datadir=${at}`, `--socket=${cell.work}/run/s`, `--pid-file=${cell.work}/run/pid`, `--secure-file-priv=${cell.work}/none`, `--init-file=${init}`, ...SETTINGS], { ready: /ready for connections/, within: minutes(5) })
  if (!served.alive()) throw new Fault(`the MariaDB to restore into did not start: ${gist({ err: served.said(), out: '' })}`, 'later')
  return served
}

const reach = (cell: Cell): readonly string[] => ['-S', `${cell.work}/run/s`, '-u', USER]
/** Binary mode: the client takes no command of its own but `delimiter`. */
const client = (cell: Cell): readonly string[] => ['/usr/bin/mariadb', '--no-defaults', ...reach(cell), '--binary-mode', '--local-infile=0', '--batch', '--skip-column-names']

async function restore(cell: Cell, server: Served, packing: Packing | undefined): Promise<Step> {
  const dump = piped(cell, unpacks(packing, cell.copy), LONGEST)
  try {
    const ran = await cell.run([...client(cell), DATABASE], { within: LONGEST, input: sifted(dump.bytes, newFacts()), take: () => undefined })
    if (ran.exit === 0) return passed()
    const said = gist(ran)
    if (!server.alive()) return open('the MariaDB to restore into ended in the middle', said)
    if (/^ERROR (?:1044|1045|1142|1227|1410)\b/m.test(ran.err)) return open('the dump needs rights that a drill does not give: it restores as an ordinary user', said)
    if (/^ERROR (?:1115|1193|1273|1286|1911)\b/m.test(ran.err)) return open('the dump is of a server that knows what this MariaDB does not: install one as new as it', said)
    return failed('the copy cannot be restored', said)
  } finally {
    dump.stop()
  }
}

const ask = (cell: Cell, database: string, sql: string): ReturnType<Cell['run']> =>
  cell.run([...client(cell), '-e', `set time_zone = '+00:00'; start transaction read only; ${sql}`, database], { within: minutes(60) })

const asked = (server: Served, said: string): Step => (server.alive() ? failed('MariaDB cannot answer it on what was restored', said) : open('the MariaDB that it was restored into ended', said))

async function prove(cell: Cell, server: Served, database: string, assertion: Assertion, at: Instant): Promise<Step> {
  if (assertion.is === 'file') return open('a dump of MariaDB holds no files: ask it with sql or newest')
  const sql = assertion.sql.trim().replace(/;+$/, '')
  const ran = await ask(cell, database, assertion.is === 'sql' ? `select coalesce((\n${sql}\n), 'null')` : `select coalesce(cast(floor(unix_timestamp((\n${sql}\n)) * 1000) as char), 'none')`)
  if (ran.exit !== 0) return asked(server, gist(ran))
  const value = ran.out.trim()
  if (assertion.is === 'newest') return judgeNewest(value, at, assertion.within)
  return value === '1' ? passed() : failed(value === '0' ? 'it is false' : `it is ${value.slice(0, 80) || 'nothing'}, where true is wanted`)
}
