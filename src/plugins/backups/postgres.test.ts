// The judgement of PostgreSQL's copies, with programs that answer as they do: which version restores, what is the copy's fault and what is ours.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hours, instantOf } from '../../core/time.ts'
import { Fault } from '../../core/fault.ts'
import type { Restoring, Step } from '../../ports/backup.ts'
import { fakeCell, type Answers, type FakeCell } from '../../ports/backup/fixtures/cell.ts'
import { judgeNewest } from '../../ports/backup/asked/newest.ts'
import postgres from './postgres.ts'
import { readContents } from './postgres/archive.ts'
import { restricts } from './postgres/server.ts'

const BIN = ['initdb', 'postgres', 'psql', 'pg_restore', 'pg_amcheck']
const MACHINE = { '/usr/lib/postgresql': ['13', '15', '17'], '/usr/lib/postgresql/13/bin': BIN, '/usr/lib/postgresql/15/bin': BIN, '/usr/lib/postgresql/17/bin': BIN.slice(1) }
const LIST = `;
; Archive created at 2026-11-20 02:00:00 UTC
;     dbname: shop
;     TOC Entries: 9
;     Format: CUSTOM
;     Dumped from database version: 13.22 (Debian)
;     Dumped by pg_dump version: 14.1
;
2; 3079 16385 EXTENSION - citext 
3401; 0 0 COMMENT - EXTENSION citext 
215; 1259 16386 TABLE public orders app
3402; 0 16386 TABLE DATA public orders app
3403; 0 0 ACL public TABLE orders app
3290; 3466 16500 EVENT TRIGGER - e postgres
3291; 6100 16501 SUBSCRIPTION - s postgres
`
const AT = instantOf(1_790_000_000_000)

function drilled(answers: Answers, machine: Readonly<Record<string, readonly string[]>> = MACHINE): { cell: FakeCell; it: Restoring } {
  const cell = fakeCell({ machine, answers: (run) => answers(run) ?? (run.program === 'head' ? { out: 'PGDMP\x01\x0e' } : run.program === 'pg_restore' && run.args[0] === '--list' ? { out: LIST } : run.program === 'psql' && run.args[0] === '--version' ? { out: 'psql (PostgreSQL) 15.18 (Debian)' } : undefined) })
  return { cell, it: postgres.open({}, cell, { at: AT, bytes: 1000 }) }
}
const restored = async (answers: Answers): Promise<{ cell: FakeCell; it: Restoring; step: Step }> => {
  const { cell, it } = drilled(answers)
  assert.equal((await it.structure()).is, 'pass')
  return { cell, it, step: await it.restore() }
}

test('G-26 the fitting version restores as a role without rights, and what belongs to the server stays out', async () => {
  const { cell, step } = await restored(() => undefined)
  assert.equal(step.is, 'pass')
  const [list, restore] = cell.runs.filter(({ program }) => program === 'pg_restore')
  assert.equal(list?.args[0], '--list')
  assert(restore)
  for (const wanted of ['--exit-on-error', '--no-owner', '--no-acl']) assert(restore.args.includes(wanted), wanted)
  assert.equal(restore.args[restore.args.indexOf('-U') + 1], 'drill')
  const kept = cell.files.get('contents') ?? ''
  assert.match(kept, /TABLE public orders/)
  assert.doesNotMatch(kept, /EVENT TRIGGER|SUBSCRIPTION|EXTENSION|ACL/)
  const prepared = cell.runs.flatMap(({ program, args }) => (program === 'psql' ? [args.join(' ')] : [])).join('\n')
  assert.match(prepared, /create role drill login nosuperuser/)
  assert(prepared.indexOf('"citext"') > 0 && cell.runs.findIndex(({ args }) => args.join().includes('"citext"')) < cell.runs.indexOf(restore), 'extensions are made before anything foreign is there')
})

test('a version that is not here is ours to install, and the copy is not accused', async () => {
  const newer = drilled(({ program, args }) => (program === 'pg_restore' && args[0] === '--list' ? { out: LIST.replace('13.22', '18.1') } : undefined))
  await assert.rejects(newer.it.structure(), (cause) => cause instanceof Fault && /of PostgreSQL 18, and the newest here is 15: install postgresql-18/.test(cause.message))
  await assert.rejects(drilled(({ program }) => (program === 'pg_restore' ? { exit: 1, err: 'pg_restore: error: unsupported version (1.16) in file header' } : undefined)).it.structure(), /made by a newer pg_dump/)
  await assert.rejects(drilled(() => undefined, {}).it.structure(), /no PostgreSQL .* is installed here/)
  const lacks = drilled(({ program, args }) => (program === 'psql' && args.join().includes('citext') ? { exit: 1, err: 'ERROR:  extension "citext" is not available' } : undefined))
  await lacks.it.structure()
  assert.match((await lacks.it.reach?.())?.['url'] ?? '', /^postgresql:\/\/drill@\/drill\?host=/, 'an application finds what is restored, as the role without rights')
  await assert.rejects(lacks.it.restore(), /needs the extension citext, which is not installed here/)
})

test('X-3 what pg_restore says is the copy\'s fault, but for rights that a drill does not give and a server that died', async () => {
  const says = (err: string): Answers => ({ program, args }) => (program === 'pg_restore' && args[0] !== '--list' ? { exit: 1, err } : undefined)
  const broken = await restored(says('pg_restore: error: could not read from input file: end of file'))
  assert.deepEqual([broken.step.is, broken.step.said], ['fail', 'pg_restore: error: could not read from input file: end of file'])
  assert.equal((await restored(says('ERROR:  permission denied for language plpython3u'))).step.is, 'unknown')
  assert.equal((await restored(says('ERROR:  role "reader" does not exist'))).step.is, 'unknown')
  const died = drilled(says('server closed the connection unexpectedly'))
  await died.it.structure()
  died.cell.end()
  await assert.rejects(died.it.restore(), /did not start/)
})

test('a plain dump reaches psql behind its lock, without its own commands, and one that is cut short reaches nobody', async () => {
  const plain = (text: string): Answers => ({ program, args }) => (program === 'head' ? { out: text.slice(0, 4096) } : program === 'cat' ? { out: text } : program === 'psql' && args[0] === '--version' ? { out: 'psql (PostgreSQL) 15.18' } : undefined)
  const text = '\\restrict key\n-- Dumped from database version 15.1\nCREATE TABLE t (i int);\nCOPY t (i) FROM stdin;\n1\n\\.\n-- PostgreSQL database dump complete\n\n\\unrestrict key\n'
  const { cell, step } = await restored(plain(text))
  assert.equal(step.is, 'pass')
  const fed = cell.runs.find(({ program, input }) => program === 'psql' && input !== '')
  assert.equal(fed?.input, '\\restrict abc123\n\n-- Dumped from database version 15.1\nCREATE TABLE t (i int);\nCOPY t (i) FROM stdin;\n1\n\\.\n-- PostgreSQL database dump complete\n\n\n')
  for (const [bad, why] of [[text.replace('CREATE', '\\! id\nCREATE'), /is a command of psql/], [text.slice(0, text.indexOf('1\n\\.')), /ends in the middle of a table/], [text.slice(0, text.indexOf('-- PostgreSQL')), /cut short/], ['hello\n', /no dump of PostgreSQL/], ['', /empty/]] as const) {
    const it = drilled(plain(bad))
    const found = await it.it.structure()
    assert.equal(found.is, 'fail')
    assert.match(found.is === 'fail' ? found.says : '', why)
    assert(!it.cell.runs.some(({ program, input }) => program === 'psql' && input !== ''))
  }
})

test('assertions are asked by that role, read-only, and what they answer is what is found', async () => {
  let answer: { exit?: number; out?: string; err?: string } = { out: 'true\n' }
  const { cell, it } = await restored(({ program, args }) => (program === 'psql' && args.some((arg) => arg.includes('coalesce')) ? answer : undefined))
  const ask = (): Promise<Step> => it.prove({ is: 'sql', sql: 'select count(*) > 0 from orders;' })
  assert.equal((await ask()).is, 'pass')
  const asked = cell.runs.at(-1)?.args ?? []
  assert(asked.includes('drill') && asked.some((arg) => arg.includes('default_transaction_read_only=on')))
  assert.match(asked.at(-1) ?? '', /select count\(\*\) > 0 from orders\n\)::text/)
  for (const [out, is] of [['false', 'fail'], ['null', 'fail'], ['7', 'fail'], ['', 'fail']] as const) {
    answer = { out }
    assert.equal((await ask()).is, is, out)
  }
  answer = { exit: 1, err: 'ERROR:  relation "orders" does not exist' }
  assert.deepEqual((await ask()).is, 'fail')
  cell.end()
  assert.deepEqual((await ask()).is, 'unknown')
  assert.equal((await it.prove({ is: 'file', file: 'a', sha256: 'x' })).is, 'unknown')
  assert.equal((await it.prove({ is: 'sql', sql: '\\! id' })).is, 'unknown')
})

test('the newest row is held against the time of the copy, both ways', () => {
  const at = (ms: number): Step['is'] => judgeNewest(String(AT + ms), AT, hours(25)).is
  assert.deepEqual([at(0), at(0 - hours(25)), at(0 - hours(25) - 1), at(300_000), at(300_001)], ['pass', 'pass', 'fail', 'pass', 'fail'])
  assert.equal(judgeNewest('none', AT, hours(1)).is, 'fail')
  assert.equal(judgeNewest('tomorrow', AT, hours(1)).is, 'unknown')
})

test('pg_amcheck that finds something accuses, and one that is not there does not', async () => {
  const examined = async (answers: Answers): Promise<Step['is']> => (await (await restored(answers)).it.integrity()).is
  assert.equal(await examined(() => undefined), 'pass')
  assert.equal(await examined(({ program }) => (program === 'pg_amcheck' ? { exit: 2, out: 'heap table "drill.public.t", block 0: xmin precedes' } : undefined)), 'fail')
  assert.equal(await examined(({ program }) => (program === 'pg_amcheck' ? { exit: 1, err: 'pg_amcheck: warning: skipping database "drill": amcheck is not installed' } : undefined)), 'unknown')
})

test('the table of contents is read as pg_restore writes it, and psql\'s lock is known by its version', () => {
  const { server, program, database, tables, entries, extensions } = readContents(LIST)
  assert.deepEqual([server, program, database, tables, entries, extensions], ['13.22', '14.1', 'shop', 1, 7, ['citext']])
  assert.deepEqual(['15.18', '15.13', '13.22', '18.0', '12.22', '17.6', '17.5'].map((v) => restricts(`psql (PostgreSQL) ${v}`)), [true, false, true, true, false, true, false])
})

test('G-2 an archive of another database is none of the set’s, whatever its tables are; where a name is not known nothing is said', async () => {
  const judged = async (database?: string, list = LIST): Promise<Step> => {
    const cell = fakeCell({ machine: MACHINE, answers: (run) => (run.program === 'head' ? { out: 'PGDMP\x01\x0e' } : run.program === 'pg_restore' ? { out: list } : undefined) })
    return postgres.open(database === undefined ? {} : { database }, cell, { at: AT, bytes: 1000 }).structure()
  }
  const other = await judged('billing')
  assert.equal(other.is, 'fail')
  assert.match('says' in other ? other.says : '', /of the database “shop”, and the set is one of “billing”/)
  for (const fine of [await judged('shop'), await judged(), await judged('billing', LIST.replace(';     dbname: shop\n', ''))]) assert.equal(fine.is, 'pass')
})
