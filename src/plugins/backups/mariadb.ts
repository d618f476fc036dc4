// MariaDB's copies. Those of mariadb-backup have a file of their own; here are its logical dumps (mariadb-dump, and mysqldump where MariaDB understands it), packed or not: restored by this machine's own MariaDB in a
// cell, as a user without rights over the server, examined table by table and asked what its people want to know.
import { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import { hours, minutes, type Span } from '../../core/time.ts'
import { engine, failed, open, refusedStep, passed, type Cell, type CopyGiven, type Restoring, type Served, type Step } from '../../ports/backup.ts'
import { eitherOf } from '../../ports/backup/either.ts'
import { headOf, unpacks, type Packing } from '../../ports/backup/packed.ts'
import { piped } from '../../ports/backup/pipe.ts'
import { gist } from '../../ports/backup/words.ts'
import { asksOf, clientOf, prove, proveRows, reachOf, type Asks } from './mariadb/asks.ts'
import { newFacts, Refusal, sifted, type DumpFacts } from './mariadb/dump.ts'
import { liveOf } from './mariadb/live.ts'
import { isPhysical, restoringPhysical } from './mariadb/physical.ts'

const LONGEST: Span = hours(24)
const USER = 'drill'
/** Where a dump goes that names no database. */
const DATABASE = 'drill'
const SYSTEM = ['mysql', 'information_schema', 'performance_schema', 'sys']

export default engine({
  kind: 'mariadb',
  title: 'MariaDB',
  does: 'Restores dumps of mariadb-dump and copies of mariadb-backup into a MariaDB of its own, examines and asks them.',
  config: z.strictObject({ database: z.string().min(1).max(63).optional() }),
  examples: [{}, { database: 'shop' }],
  asserts: ['sql', 'newest', 'references'],
  servers: true,
  folders: {
    place(key) {
      const found = /^(.*\/)((?:xtrabackup|mariadb_backup)_info)$/.exec(key)
      return found?.[1] === undefined || found[2] === undefined ? undefined : { root: found[1], name: found[2] }
    },
    first: [],
    heart: '.',
  },
  open: ({ database }, cell, copy) => eitherOf(() => isPhysical(cell, copy), () => restoringPhysical(cell, copy, database), () => restoring(cell, copy)),
  live: liveOf,
})

function restoring(cell: Cell, copy: CopyGiven): Restoring {
  let found: { readonly facts: DumpFacts; readonly packing: Packing | undefined } | undefined
  let server: Served | undefined
  const started = (): Served => {
    if (!server) throw new Error('nothing was restored yet')
    return server
  }
  const database = (): string => found?.facts.databases[0] ?? DATABASE
  const asks = (): Asks => asksOf(cell, started(), { user: USER, database: database() })
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
      return restore(cell, server, found)
    },
    async integrity() {
      const ran = await cell.run(['/usr/bin/mariadb-check', '--no-defaults', ...reachOf(cell, USER), '--check', '--extended', '--databases', ...(found?.facts.databases.length ? found.facts.databases : [DATABASE])], { within: LONGEST })
      const wrong = ran.out.split('\n').some((line) => /^(?:error|warning)\s*:/i.test(line.trim()) || /\bcorrupt/i.test(line))
      if (ran.exit === 0 && !wrong) return passed()
      return started().alive() ? failed('MariaDB finds what was restored damaged', gist(ran)) : open('the MariaDB that it was restored into ended', gist(ran))
    },
    prove: (assertion) => prove(asks(), assertion, copy),
    manifest: () => proveRows(asks(), copy.manifest),
    reach: () => Promise.resolve({ url: `mysql://${USER}@localhost/${database()}?socket=${cell.work}/run/s`, socket: `${cell.work}/run/s`, user: USER, database: database() }),
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

/** By its own word, when it began to serve. */
const versionIn = (said: string): string => /Version: '(\d[\w.+~-]{0,60})'/.exec(said)?.[1] ?? 'of a version that it does not say'

async function restore(cell: Cell, server: Served, { packing, facts }: { readonly packing: Packing | undefined; readonly facts: DumpFacts }): Promise<Step> {
  const dump = piped(cell, unpacks(packing, cell.copy), LONGEST)
  try {
    const ran = await cell.run([...clientOf(cell, USER), DATABASE], { within: LONGEST, input: sifted(dump.bytes, newFacts()), take: () => undefined })
    if (ran.exit === 0) return passed()
    const said = gist(ran)
    if (!server.alive()) return open('the MariaDB to restore into ended in the middle', said)
    if (/^ERROR (?:1044|1045|1142|1227|1410)\b/m.test(ran.err)) return open('the dump needs rights that a drill does not give: it restores as an ordinary user', said)
    if (/^ERROR (?:1115|1193|1273|1286|1911)\b/m.test(ran.err)) return refusedStep(`the dump is of a server that knows what this MariaDB does not: it is of ${facts.server ?? 'one that it does not name'}, and here is ${versionIn(server.said())}. Install one as new as it`, said)
    return failed('the copy cannot be restored', said)
  } finally {
    dump.stop()
  }
}
