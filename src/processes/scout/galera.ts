// A member of a Galera cluster, asked over MySQL's own protocol: what its status variables say, read so that a node answers that waits for nobody
// (`wsrep_sync_wait=0`), and whether it commits. Reading and writing go over two connections: a write that hangs must not keep anybody
// from seeing that all variables are green. The table of the writes is made when it is missing, and holds one row for each member.
import type { Egress } from '../../ports/world.ts'
import { quoted } from '../../ports/dialogue.ts'
import { Fault, sentence } from '../../core/fault.ts'
import { seconds } from '../../core/time.ts'
import type { Database } from '../../ports/database.ts'
import { loadMysql, mysqlOver, mysqlWords, type MysqlSession } from '../../plugins/databases/mysql.ts'
import { GALERA_OPTIONS, GALERA_VARIABLES, readGalera } from '../../rooms/change/heard/words.ts'
import type { Report } from '../../rooms/change/sight.ts'
import { isRefused, kept, over, wordsFor } from './kept.ts'
import type { Member } from './member-line.ts'

interface Talk {
  ask: MysqlSession['ask']
  end(): void
}

const ASK = `show global status where variable_name in (${GALERA_VARIABLES.map((name) => `'${name}'`).join(', ')})`
/** What it weighs stands in no variable of its own. Asked after the weight of all: whoever's weight changes in between does not fit in with it, and so nothing is counted by it. */
const ASK_OPTIONS = `show global variables where variable_name = '${GALERA_OPTIONS}'`
/** No such table, no such schema. */
const MISSING = new Set<unknown>([1146, 1049])
/** Deadlock, and a certification that failed: another writer was first, and writes are judged. */
const CONFLICTS = new Set<unknown>([1213, 1020])
const errnoOf = (cause: unknown): unknown => Object(cause).errno as unknown

/** `row`: of this member in the table. */
export function galeraMember({ database, canary, row, egress }: { readonly database: Database; readonly canary: string | undefined; readonly row: number; readonly egress: Egress }): Member {
  const open = async (signal: AbortSignal): Promise<Talk> => {
    const create = await loadMysql()
    return over(egress, database, signal, async (socket) => {
      const session = mysqlOver(create, { ...database, name: '' }, socket, undefined)
      await session.ready
      // What waits for others answers nothing while they are away.
      await session.ask('set session wsrep_sync_wait = 0', undefined)
      return { ask: session.ask, end: () => void socket.destroy() }
    })
  }
  const [reading, writing] = [kept(open), kept(open)]
  const table = canary === undefined ? '' : quoted(canary, '`')
  const put = `replace into ${table} (id, at) values (${row}, now())`
  const make = async ({ ask }: Talk): Promise<void> => {
    const schema = (canary ?? '').split('.')[0] ?? ''
    // The right to make a schema is a large one; where it is missing, the schema may be there.
    await ask(`create database if not exists ${quoted(schema, '`')}`, undefined).catch(() => undefined)
    await ask(`create table if not exists ${table} (id int primary key, at datetime not null)`, undefined)
  }
  const write = (signal: AbortSignal): Promise<void> => writing.use(signal, async (talk) => {
    for (let tries = 1; ; tries++) {
      try {
        await talk.ask(put, undefined)
        return
      } catch (cause) {
        if (tries > 2) throw cause
        if (MISSING.has(errnoOf(cause))) await make(talk)
        else if (!CONFLICTS.has(errnoOf(cause))) throw cause
      }
    }
  })
  return {
    async look(signal): Promise<Report> {
      const variables = new Map<string, string>()
      try {
        await reading.use(signal, async ({ ask }) => {
          variables.clear()
          for (const text of [ASK, ASK_OPTIONS]) await ask(text, seconds(10), ([name, value]) => void variables.set(String(name).toLowerCase(), String(value)))
        })
      } catch (cause) {
        if (isRefused(cause)) return { is: 'stopped', says: 'its host refused the connection' }
        throw cause
      }
      const read = readGalera(variables)
      if (typeof read === 'string') throw new Fault(read)
      return read
    },
    ...(canary === undefined ? {} : { write }),
    says(cause) {
      try {
        return cause instanceof Fault || isRefused(cause) ? wordsFor(cause) : mysqlWords(cause, { missing: 'no answer', moment: 'before it answered' }, database)
      } catch {
        return sentence(cause)
      }
    },
    close() {
      reading.close()
      writing.close()
    },
  }
}
