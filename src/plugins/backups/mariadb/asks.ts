// What people want to know of a restored MariaDB, asked read-only over its socket in the cell: assertions, newest rows, counts of rows by table. An
// error of the database is an answer, as long as the server lives.
import { minutes, type Instant } from '../../../core/time.ts'
import { failed, open, passed, type Assertion, type Cell, type CopyGiven, type Manifest, type Ran, type Served, type Step } from '../../../ports/backup.ts'
import { judgeNewest } from '../../../ports/backup/asked/newest.ts'
import { DRAWN, judgeReferences } from '../../../ports/backup/asked/references.ts'
import { ruleRows } from '../../../ports/backup/rows.ts'
import { gist } from '../../../ports/backup/words.ts'

export interface Asks {
  ask(sql: string, take?: (chunk: Buffer) => void): Promise<Ran>
  readonly alive: () => boolean
}

export const reachOf = (cell: Cell, user: string): readonly string[] => ['-S', `${cell.work}/run/s`, '-u', user]
/** Binary mode: the client takes no command of its own but `delimiter`. */
export const clientOf = (cell: Cell, user: string): readonly string[] => ['/usr/bin/mariadb', '--no-defaults', ...reachOf(cell, user), '--binary-mode', '--local-infile=0', '--batch', '--skip-column-names']

export const asksOf = (cell: Cell, server: Served, { user, database }: { readonly user: string; readonly database: string }): Asks => ({
  alive: server.alive,
  ask: (sql, take) => cell.run([...clientOf(cell, user), '-e', `set time_zone = '+00:00'; start transaction read only; ${sql}`, database], { within: minutes(60), ...(take ? { take } : {}) }),
})

const asked = (server: Asks, said: string): Step => (server.alive() ? failed('MariaDB cannot answer it on what was restored', said) : open('the MariaDB that it was restored into ended', said))

export async function prove(server: Asks, assertion: Assertion, { at, resolve }: { readonly at: Instant } & Pick<CopyGiven, 'resolve'>): Promise<Step> {
  if (assertion.is === 'file') return open('a copy of MariaDB is asked with sql or newest, and not for files')
  const sql = assertion.sql.trim().replace(/;+$/, '')
  if (assertion.is === 'references') return proveReferences(server, sql, assertion.in, resolve)
  const ran = await server.ask(assertion.is === 'sql' ? `select coalesce((\n${sql}\n), 'null')` : `select coalesce(cast(floor(unix_timestamp((\n${sql}\n)) * 1000) as char), 'none')`)
  if (ran.exit !== 0) return asked(server, gist(ran))
  const value = ran.out.trim()
  if (assertion.is === 'newest') return judgeNewest(value, at, assertion.within)
  return value === '1' ? passed() : failed(value === '0' ? 'it is false' : `it is ${value.slice(0, 80) || 'nothing'}, where true is wanted`)
}

/** Counted exactly, and drawn by the database itself: no list of millions leaves the cell. */
async function proveReferences(server: Asks, sql: string, store: string, resolve: CopyGiven['resolve']): Promise<Step> {
  const count = await server.ask(`select count(q.\`key\`) from (\n${sql}\n) as q`)
  if (count.exit !== 0) return asked(server, gist(count))
  const drawn: Buffer[] = []
  const ran = await server.ask(`select hex(convert(q.\`key\` using utf8mb4)) from (\n${sql}\n) as q where q.\`key\` is not null order by rand() limit ${DRAWN}`, (chunk) => void drawn.push(chunk))
  return ran.exit === 0 ? judgeReferences(count.out, Buffer.concat(drawn).toString(), store, resolve) : asked(server, gist(ran))
}

/** What the manifest says of its tables. */
export async function proveRows(server: Asks, manifest: Manifest | undefined): Promise<readonly { readonly text: string; readonly step: Step }[]> {
  const rows: { text: string; step: Step }[] = []
  for (const [table, bounds] of Object.entries(manifest?.rows ?? {})) {
    const name = table.split('.').map((part) => `\`${part.replaceAll('`', '``')}\``).join('.')
    const ran = await server.ask(`select count(*) from ${name}`)
    const ruled = ran.exit === 0 ? ruleRows(bounds, Number(ran.out.trim())) : undefined
    const step = ruled ? (ruled.found === 'fail' ? failed(ruled.says) : passed(ruled.says)) : asked(server, gist(ran))
    rows.push({ text: `${table} holds ${bounds.least === bounds.most ? bounds.least : `${bounds.least} to ${bounds.most}`} rows`, step })
  }
  return rows
}
