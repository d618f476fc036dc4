// A PostgreSQL that lives: a whole dump goes into a database that did not exist, under a name of its own until it was looked over; a damaged table is filled anew in a
// schema of its own beside the living one and put in its place by moving both between schemas, in one transaction. Nothing is dropped: what is damaged
// lies in a schema that bears the date, and what failed stays where it was made, and is named.
import { Fault } from '../../../core/fault.ts'
import { hours, minutes, type Span } from '../../../core/time.ts'
import { failed, open, passed, type Cell, type CopyGiven, type Step } from '../../../ports/backup.ts'
import type { Beside, Checked, DamagedUnit, Live, Meant, TableLoss } from '../../../ports/backup/live.ts'
import { unpacks, type Packing } from '../../../ports/backup/packed.ts'
import { piped, type Piped } from '../../../ports/backup/pipe.ts'
import { ruleRows } from '../../../ports/backup/rows.ts'
import { gist } from '../../../ports/backup/words.ts'
import type { Contents } from './archive.ts'
import { linkTo, type Link } from './live/link.ts'
import { beyondOf, RIGHTS } from './live/rights.ts'
import { literal, NoSection, quoted, readName, sayName, section, sqlName, type SectionFacts, type TableName } from './live/section.ts'
import { columnsOf, digestOf, lossOf, sideOf, swapOf, wasOf, whyNot } from './live/texts.ts'
import { newFacts, Refusal, sifted, type PlainFacts } from './plain.ts'
import { restricts, type Tools } from './server.ts'

const LONGEST: Span = hours(24)

/** What a copy turned out to be. */
export type Kind =
  | { readonly is: 'archive'; readonly file: string; readonly contents: Contents; readonly tools: Tools }
  | { readonly is: 'plain'; readonly facts: PlainFacts; readonly packing: Packing | undefined; readonly tools: Tools }
export type LookAt = (cell: Cell) => Promise<Kind | { readonly step: Step }>

export function liveOf(cell: Cell, url: string, lookAt: LookAt): Live {
  let linked: Promise<Link> | undefined
  let looked: ReturnType<LookAt> | undefined
  const link = (): Promise<Link> => (linked ??= linkTo(cell, url))
  const kind = async (): Promise<Kind | Step> => {
    const found = await (looked ??= lookAt(cell))
    return 'step' in found ? found.step : found
  }
  let beside = ''
  return {
    async rights(into) {
      const { to, ask } = await link()
      return { who: to.user, beyond: beyondOf(await ask(RIGHTS, into === 'new' ? { database: 'postgres' } : {})) }
    },
    async identify() {
      const { to, ask } = await link()
      const id = await ask("select coalesce((select system_identifier::text from pg_control_system()), '') || ':' || oid from pg_database where datname = current_database()").catch(() => ask("select current_setting('data_directory', true) || ':' || oid from pg_database where datname = current_database()"))
      return { id, says: `${to.name} at ${to.host}:${to.port}` }
    },
    async whole() {
      const it = await link()
      const found = await kind()
      if (!('tools' in found)) return found
      beside = `${it.to.name.slice(0, 40)}_restoring_${cell.id}`
      return wholeInto(cell, it, found, beside)
    },
    beside: () => `the database ${beside}`,
    checks: async (copy) => checksOf(await link(), beside, copy),
    async name() {
      const { to, run } = await link()
      const ran = await run(`alter database ${quoted(beside)} rename to ${quoted(to.name)};`, { database: 'postgres' })
      return ran.exit === 0 ? passed() : failed(`it could not be given its name, and stays as the database ${beside}`, gist(ran))
    },
    meant: async (units) => meantBy(await link(), units),
    async table(name, copy, stamp) {
      const live = readName(name)
      if (!live) return { is: 'fail', says: `“${name}” is no name of a table` }
      const found = await kind()
      if ('tools' in found) return besideOf({ cell, link: await link(), kind: found, live, copy, stamp })
      return found.is === 'pass' ? { is: 'unknown', says: 'nobody knows what the copy is' } : found
    },
    swap: async (units) => swapIn(await link(), units),
  }
}

async function wholeInto(cell: Cell, link: Link, kind: Kind, name: string): Promise<Step> {
  const { to, ask, run } = link
  if ((await ask(`select 1 from pg_database where datname = ${literal(to.name)}`, { database: 'postgres' })) !== '') return failed(`the database ${to.name} is there already: name one that is not`)
  const made = await run(`create database ${quoted(name)} template template0;`, { database: 'postgres' })
  if (made.exit !== 0) return failed('PostgreSQL does not let it make a database', gist(made))
  const left = `; what was made of it stays as the database ${name}`
  const extensions = [...(kind.is === 'archive' ? kind.contents.extensions : kind.facts.extensions)].filter((it) => it !== 'plpgsql').map((it) => `create extension if not exists ${quoted(it)} cascade;`)
  const prepared = await run(extensions.join('\n'), { database: name })
  if (prepared.exit !== 0) return failed(`the extensions of the dump cannot be made here${left}`, gist(prepared))
  if (kind.is === 'archive') {
    const list = await cell.put('contents', kind.contents.list)
    const ran = await cell.run([...link.argv(kind.tools, 'pg_restore', name), '--exit-on-error', '--no-owner', '--no-acl', '--no-tablespaces', '--use-list', list, kind.file], { within: LONGEST })
    return ran.exit === 0 ? passed() : failed(`the copy cannot be restored${left}`, gist(ran))
  }
  const version = await cell.run([`${kind.tools.folder}/psql`, '--version'], { within: minutes(1) })
  const dump = piped(cell, unpacks(kind.packing, cell.copy), LONGEST)
  const input = async function* (): AsyncGenerator<Uint8Array> {
    if (restricts(version.out)) yield Buffer.from(`\\restrict ${cell.id}\n`)
    yield* sifted(dump.bytes, newFacts())
  }
  try {
    const ran = await link.feed(input(), { database: name, take: () => undefined })
    return ran.exit === 0 ? passed() : failed(`the copy cannot be restored${left}`, gist(ran))
  } finally {
    dump.stop()
  }
}

/** Every table is read once; those that the manifest names are counted against it. */
async function checksOf({ ask }: Link, database: string, copy: CopyGiven): Promise<readonly Checked[]> {
  const names = (await ask("select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') order by 1 limit 10000", { database })).split('\n').filter(Boolean)
  const counts = new Map<string, number>()
  for (let n = 0; n < names.length; n += 100) {
    const some = names.slice(n, n + 100)
    const out = await ask(some.map((name) => `select count(*) from ${name};`).join('\n'), { database })
    out.split('\n').forEach((count, i) => counts.set(sayName(readName(some[i] ?? '') ?? ['', '']), Number(count)))
  }
  const rows = [...counts.values()].reduce((sum, it) => sum + it, 0)
  const named = Object.entries(copy.manifest?.rows ?? {}).map(([table, bounds]): Checked => {
    const has = counts.get(table) ?? counts.get(`public.${table}`)
    if (has === undefined) return { text: `rows of ${table} as the manifest says`, found: 'fail', says: 'the table is not there' }
    const { found, says } = ruleRows(bounds, has)
    return { text: `rows of ${table} as the manifest says`, found, says }
  })
  return [{ text: `${counts.size} tables with ${rows} rows can be read`, found: counts.size > 0 ? 'pass' : 'fail', ...(counts.size > 0 ? {} : { says: 'there is no table in it' }) }, ...named]
}

async function meantBy({ ask, to }: Link, units: readonly DamagedUnit[]): Promise<readonly Meant[]> {
  const meant: Meant[] = []
  for (const unit of units) {
    if (unit.is === 'table') {
      const name = readName(unit.name)
      meant.push(name ? { is: 'table', name: sayName(name) } : { is: 'other', says: `“${unit.name}” is no name of a table` })
      continue
    }
    const found = /^base\/(\d+)\/(\d+)(_\w+)?(?:\.\d+)?$/.exec(unit.path)
    if (!found) {
      meant.push({ is: 'other', says: `${unit.path} is not of one table: restore the whole cluster` })
      continue
    }
    if (found[3] !== undefined) {
      meant.push({ is: 'other', says: `${unit.path} is a map that PostgreSQL makes anew: stop it, remove that file, start it and VACUUM the table` })
      continue
    }
    // The kind of it, and the table that a toast table belongs to.
    const out = await ask(`select case when (select oid from pg_database where datname = current_database()) <> ${found[1]} then 'elsewhere' else coalesce((
      select case when c.oid < 16384 then 'system ' || c.relname when c.relkind = 'r' then 'table ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        when c.relkind = 't' then (select 'table ' || quote_ident(m.nspname) || '.' || quote_ident(o.relname) from pg_class o join pg_namespace m on m.oid = o.relnamespace where o.reltoastrelid = c.oid)
        else c.relkind::text || ' ' || c.oid::regclass end
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where pg_relation_filenode(c.oid) = ${found[2]} limit 1), 'nothing') end`)
    const [is = '', ...words] = out.split(' ')
    meant.push(is === 'table' ? { is: 'table', name: sayName(readName(words.join(' ')) ?? ['', '']) } : { is: 'other', says: `${unit.path}: ${cureOf(is, words.join(' '), to.name)}` })
  }
  return meant
}

function cureOf(is: string, name: string, database: string): string {
  switch (is) {
    case 'i': return `the index ${name} is damaged, and its table is not: REINDEX INDEX ${name}`
    case 'm': return `the materialized view ${name} is damaged: REFRESH MATERIALIZED VIEW ${name}`
    case 'system': return `${name} is a table of PostgreSQL itself: restore the whole into a new database`
    case 'elsewhere': return `it belongs to another database than ${database}: name that one with --in`
    default: return name === '' ? `no table of ${database} lies in that file by now` : `${name} is no table: restore the whole into a new database`
  }
}

interface Making {
  readonly cell: Cell
  readonly link: Link
  readonly kind: Kind
  readonly live: TableName
  readonly copy: CopyGiven
  readonly stamp: string
}

const fail = (says: string, said?: string): Step & { readonly is: 'fail' } => ({ is: 'fail', says, ...(said === undefined || said === '' ? {} : { said }) })

async function besideOf(it: Making): Promise<Beside | (Step & { readonly is: 'fail' | 'unknown' })> {
  const { cell, link, live, copy, stamp } = it
  const { ask, run } = link
  const why = await ask(whyNot(live))
  if (why !== '') return fail(`it cannot be replaced by a rename: ${why.split('\n').join('; ')}. Restore the whole into a new database, and move over to that`)
  const side: TableName = [`holdfast_restore_${cell.id}`, live[1]]
  const aside: TableName = [`damaged_${stamp}`, live[1]]
  const was = await ask(`select ${wasOf(live)}`)
  const columns = (await ask(columnsOf(live))).split('\n').filter(Boolean)
  const made = await run(sideOf(live, side))
  if (made.exit !== 0) return fail('no table could be made beside it', gist(made))
  const left = `; what was made of it stays as ${sayName(side)}`
  const filled = await fill(it, side, columns)
  if (filled.is !== 'pass') return { ...filled, says: `${filled.says}${left}` }
  const [rows = '0', digest = ''] = (await ask(`analyze ${sqlName(side)}; select count(*) from ${sqlName(side)}; select ${digestOf(side)};`)).split('\n')
  const checks = await checked(link, side, Number(rows), copy, live)
  return { name: sayName(live), side: sayName(side), aside: sayName(aside), was, digest, rows: Number(rows), checks, lost: await lossBetween(link, live, side) }
}

async function fill({ cell, link, kind, live }: Making, side: TableName, columns: readonly string[]): Promise<Step & { readonly is: 'fail' | 'unknown' } | { readonly is: 'pass' }> {
  const facts: SectionFacts = { columns: undefined }
  const dump: Piped = kind.is === 'archive'
    ? piped(cell, [`${kind.tools.folder}/pg_restore`, '--data-only', '-n', live[0], '-t', live[1], '-f', '-', kind.file], LONGEST)
    : piped(cell, unpacks(kind.packing, cell.copy), LONGEST)
  let wrong: string | undefined
  const input = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* section(kind.is === 'archive' ? dump.bytes : sifted(dump.bytes, newFacts()), live, side, facts)
    } catch (cause) {
      if (!(cause instanceof NoSection) && !(cause instanceof Refusal)) throw cause
      wrong = cause.message
    }
  }
  try {
    const ran = await link.feed(input())
    if (wrong !== undefined) return fail(`its rows cannot be taken out of the copy: ${wrong}`)
    if (ran.exit !== 0) return fail('its rows cannot be restored', gist(ran))
  } finally {
    dump.stop()
  }
  const ended = await dump.ended
  if (ended.exit !== 0) return fail('the copy cannot be read to its end', gist(ended))
  const others = (facts.columns ?? []).toSorted().join(', ')
  return others === columns.toSorted().join(', ') ? { is: 'pass' } : fail(`the table has other columns by now than the copy (${others.slice(0, 200)}): restore the whole into a new database`)
}

async function checked({ run }: Link, side: TableName, rows: number, copy: CopyGiven, live: TableName): Promise<readonly Checked[]> {
  const checks: Checked[] = []
  const bounds = copy.manifest?.rows?.[sayName(live)] ?? (live[0] === 'public' ? copy.manifest?.rows?.[live[1]] : undefined)
  if (bounds) {
    const { found, says } = ruleRows(bounds, rows)
    checks.push({ text: 'rows as the manifest says', found, says })
  }
  // It is used where it is there and this role may, and never made: what lives gets no extension by a restore.
  const usable = "from pg_extension where extname = 'amcheck' and (select bool_and(has_function_privilege(p.oid, 'execute')) from pg_proc p where p.proname in ('bt_index_check', 'verify_heapam'))"
  const looked = await run(`select count(*) ${usable};
    do $hf$ declare r record; bad text; begin if exists (select ${usable}) then
      for r in select indexrelid from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam where i.indrelid = to_regclass(${literal(sqlName(side))}) and a.amname = 'btree' loop perform bt_index_check(r.indexrelid::regclass, true); end loop;
      execute 'select string_agg(msg, ''; '') from verify_heapam($1)' into bad using to_regclass(${literal(sqlName(side))});
      if bad is not null then raise exception '%', bad; end if;
    end if; end $hf$;`)
  if (looked.exit !== 0) checks.push({ text: 'amcheck', found: 'fail', says: gist(looked) })
  else checks.push(looked.out.trim() === '0' ? { text: 'every row was read', found: 'pass' } : { text: 'amcheck', found: 'pass' })
  return checks
}

interface Counted { rows: number; missing: number | null; newest: string | null; restored: string | null; unread: number; pages: string; all: number; keys: string[] }

async function lossBetween({ ask, run }: Link, live: TableName, side: TableName): Promise<TableLoss> {
  const of = (sql: string): Promise<readonly string[]> => ask(sql).then((out) => out.split('\n').filter(Boolean))
  const oid = `to_regclass(${literal(sqlName(live))})`
  const keys = await of(`select a.attname from pg_index i cross join unnest(i.indkey) with ordinality k(n, at) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n where i.indrelid = ${oid} and i.indisprimary order by k.at`)
  const times = await of(`select attname from pg_attribute where attrelid = ${oid} and attnum > 0 and not attisdropped and atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)`)
  const ran = await run(lossOf(live, side, keys, times))
  const none: TableLoss = { readable: 'none', rows: null, unread: gist(ran), missing: null, keys: [], newest: { damaged: null, restored: null } }
  if (ran.exit !== 0) return none
  try {
    const it = JSON.parse(ran.out.trim().split('\n').at(-1) ?? '') as Counted
    const readable = it.unread === 0 ? 'all' : it.unread >= it.all ? 'none' : 'part'
    return { readable, rows: it.rows, unread: it.unread === 0 ? '' : `${it.unread} of ${it.all} pages: ${it.pages}`, missing: it.missing, keys: it.keys, newest: { damaged: it.newest, restored: it.restored } }
  } catch {
    return none
  }
}

async function swapIn({ run }: Link, units: Parameters<Live['swap']>[0]): Promise<Step> {
  const named = units.map(({ name, side, aside, ...rest }) => ({ ...rest, live: readName(name), side: readName(side), aside: readName(aside) }))
  const whole = named.flatMap(({ live, side, aside, ...rest }) => (live && side && aside ? [{ live, side, aside, ...rest }] : []))
  if (whole.length !== units.length) throw new Fault('a table in what was agreed on has no name', 'never')
  const ran = await run(swapOf(whole))
  if (ran.exit === 0) return passed()
  const ours = /HF: ([^\n]+)/.exec(ran.err)?.[1]
  // What psql was refused was rolled back; of a connection that broke nobody knows.
  if (ran.exit === 3) return failed(ours === undefined ? 'PostgreSQL refused it, and nothing was changed' : `nothing was changed: ${ours}`, ours === undefined ? gist(ran) : undefined)
  return open('the connection broke in the middle: look whether the tables are in their places', gist(ran))
}
