// What people want to know of a restored PostgreSQL, asked by a role that only reads: assertions, newest rows, counts of rows by table. An error of the
// database is an answer, as long as the server lives.
import type { Instant } from '../../../core/time.ts'
import { failed, open, passed, type Assertion, type CopyGiven, type Manifest, type Ran, type Step } from '../../../ports/backup.ts'
import { judgeNewest } from '../../../ports/backup/asked/newest.ts'
import { DRAWN, judgeReferences } from '../../../ports/backup/asked/references.ts'
import { ruleRows, type Bounds } from '../../../ports/backup/rows.ts'
import { gist } from '../../../ports/backup/words.ts'

export interface Asks {
  /** One statement, read-only; not with a backslash at its start. */
  ask(text: string, take?: (chunk: Buffer) => void): Promise<Ran>
  readonly alive: () => boolean
}

export async function prove(server: Asks, assertion: Assertion, { at, resolve }: { readonly at: Instant } & Pick<CopyGiven, 'resolve'>): Promise<Step> {
  if (assertion.is === 'file') return open('a copy of PostgreSQL is asked with sql or newest, and not for files')
  const sql = assertion.sql.trim().replace(/;+$/, '')
  if (sql.startsWith('\\')) return open('it is a command of psql, and no SQL')
  if (assertion.is === 'references') return proveReferences(server, sql, assertion.in, resolve)
  if (assertion.is === 'sql') {
    const ran = await server.ask(`select coalesce((\n${sql}\n)::text, 'null')`)
    if (ran.exit !== 0) return asked(server, gist(ran))
    const value = ran.out.trim()
    if (value === 'true' || value === 't') return passed()
    return failed(value === 'false' || value === 'f' ? 'it is false' : `it is ${value.slice(0, 80) || 'nothing'}, where true is wanted`)
  }
  const ran = await server.ask(`select coalesce(floor(extract(epoch from (\n${sql}\n)::timestamp with time zone) * 1000)::bigint::text, 'none')`)
  if (ran.exit !== 0) return asked(server, gist(ran))
  return judgeNewest(ran.out.trim(), at, assertion.within)
}

/** Counted exactly, and drawn by the database itself: no list of millions leaves the cell. */
async function proveReferences(server: Asks, sql: string, store: string, resolve: CopyGiven['resolve']): Promise<Step> {
  const count = await server.ask(`select count(q.key) from (\n${sql}\n) as q`)
  if (count.exit !== 0) return asked(server, gist(count))
  const drawn: Buffer[] = []
  const ran = await server.ask(`select encode(convert_to(q.key::text, 'UTF8'), 'hex') from (\n${sql}\n) as q where q.key is not null order by random() limit ${DRAWN}`, (chunk) => void drawn.push(chunk))
  return ran.exit === 0 ? judgeReferences(count.out, Buffer.concat(drawn).toString(), store, resolve) : asked(server, gist(ran))
}

const asked = (server: Asks, said: string): Step => (server.alive() ? failed('PostgreSQL cannot answer it on what was restored', said) : open('the PostgreSQL that it was restored into ended', said))

/** What the manifest says of its tables. */
export async function proveRows(server: Asks, manifest: Manifest | undefined): Promise<readonly { readonly text: string; readonly step: Step }[]> {
  const found: { text: string; step: Step }[] = []
  for (const [table, bounds] of Object.entries(manifest?.rows ?? {})) {
    const { least, most } = bounds
    found.push({ text: `${table} holds ${least === most ? least : `${least} to ${most}`} rows`, step: await counted(server, table, bounds) })
  }
  return found
}

async function counted(server: Asks, table: string, bounds: Bounds): Promise<Step> {
  const name = table.split('.').map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
  const ran = await server.ask(`select count(*) from ${name}`)
  if (ran.exit !== 0) return asked(server, gist(ran))
  const { found, says } = ruleRows(bounds, Number(ran.out.trim()))
  // What was only bracketed may lie outside of its bounds for good reasons: that alone says nothing against the copy.
  return found === 'fail' ? failed(says) : passed(says)
}
