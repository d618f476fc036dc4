// Which table a damaged file of MariaDB is of. Names of files are the server's own writing of names, and the server reads them; the files of a full-text index
// are called by the number of their table, which the server knows. What belongs to no single table is said, with its cure.
import type { DamagedUnit, Meant } from '../../../../ports/backup/live.ts'

/** Lines that the server answers. Throws a `Fault`. */
export type Ask = (sql: string) => Promise<readonly string[]>

/** All that MariaDB writes into names of files. */
const PLAIN = /^[\w$@#-]+$/
const named = async (ask: Ask, text: string): Promise<string> => (await ask(`select convert(_filename'${text}' using utf8mb4)`))[0] ?? ''
const other = (says: string): Meant => ({ is: 'other', says })

export async function meantBy(unit: DamagedUnit, database: string, ask: Ask): Promise<Meant> {
  if (unit.is === 'table') return { is: 'table', name: unit.name.startsWith(`${database}.`) ? unit.name.slice(database.length + 1) : unit.name }
  const at = Buffer.from(unit.path, 'latin1').toString('utf8')
  if (/(?:^|\/)(?:ibdata\d+|undo\d{3}|ib_logfile\d+)$/.test(at)) return other(`${at} is of the whole server, and of no one table: restore all of it, from a copy of the whole server into a new folder, or from dumps`)
  if (/^[^/]+\.ibd$/.test(at)) return other(`${at} does not say of which database it is: look it over with the folder that it lies in, such as shop/${at}`)
  const [, of = '', file = '', kind] = /^(?:.*\/)?([^/]+)\/([^/]+)\.(ibd|MYD|MYI|MAD|MAI|frm)$/.exec(at) ?? []
  const table = file.replace(/#[pP]#.*$/, '')
  if (kind === undefined || !PLAIN.test(of) || (table !== '' && !PLAIN.test(table))) return other(`${at} is not of one table: restore the whole into a new server`)
  if (table === '' || table.startsWith('#sql')) return other(`${at} is what an ALTER TABLE left that was cut off: no table of people is in it`)
  const home = await named(ask, of)
  if (home !== database) return other(`${at} belongs to the database ${home}: name that one with --in`)
  if (kind === 'frm') return other(`${at} says what the table is, and not what is in it: restore the whole into a new database`)
  const number = /^FTS_([0-9a-f]{16})_/.exec(table)?.[1]
  if (number === undefined) return { is: 'table', name: await named(ask, table) }
  const [found] = await ask(`select name from information_schema.innodb_sys_tables where table_id = ${BigInt(`0x${number}`)}`)
  const [, ofTable] = /^[^/]+\/([\w$@#-]+)$/.exec(found ?? '') ?? []
  return ofTable === undefined ? other(`${at} is of a full-text index, and the server does not know of which table: rebuild the full-text indexes of ${home}`) : { is: 'table', name: await named(ask, ofTable) }
}
