import assert from 'node:assert/strict'
import test from 'node:test'
import { NoSection, readName, sayName, section, type SectionFacts } from './section.ts'
import { swapOf } from './texts.ts'

const DUMP = `SET statement_timeout = 0;
COPY public.other (id, "a ""b, c") FROM stdin;
1\tCOPY public.orders (id) FROM stdin;
\\.

COPY public.orders (id, "Note, x") FROM stdin;
1\ta\\nb
2\t\\N
\\.

SELECT pg_catalog.setval('public.orders_id_seq', 2, true);
`
async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function taken(text: string, size = 7, wanted: readonly [string, string] = ['public', 'orders']): Promise<string> {
  const facts: SectionFacts = { columns: undefined }
  const out: Buffer[] = []
  for await (const chunk of section(cut(text, size), wanted, ['side "s"', 'orders'], facts)) out.push(chunk)
  return Buffer.concat(out).toString()
}

test('G-27 one table alone is taken out of a dump, into another, however it is cut into pieces', async () => {
  for (const size of [1, 2, 7, 64, 4096]) assert.equal(await taken(DUMP, size), 'COPY "side ""s"""."orders" ("id", "Note, x") FROM stdin;\n1\ta\\nb\n2\t\\N\n\\.\n', `${size}`)
  assert.match(await taken(DUMP, 64, ['public', 'other']), /\("id", "a ""b, c"\)/)
})

test('a dump without its rows, with them twice, cut short, or as INSERT is refused', async () => {
  const says = (pattern: RegExp) => (cause: unknown): boolean => cause instanceof NoSection && pattern.test(cause.message)
  await assert.rejects(taken(DUMP, 64, ['public', 'gone']), says(/does not hold its rows/))
  await assert.rejects(taken(DUMP + DUMP), says(/twice/))
  await assert.rejects(taken(DUMP.slice(0, DUMP.indexOf('2\t'))), says(/cut short/))
  await assert.rejects(taken('INSERT INTO public.orders VALUES (1);\n'), says(/as INSERT/))
  await assert.rejects(taken('COPY public.orders (id) FROM program FROM stdin;\n\\.\n', 64, ['public', 'orders']), says(/does not hold|not understood/))
})

test('names are read as people write them, and no text of them is run', () => {
  assert.deepEqual([readName('orders'), readName('a."B.""c"'), readName('a.b.c'), readName('a b')], [['public', 'orders'], ['a', 'B."c'], undefined, undefined])
  for (const name of [['public', 'orders'], ['a', 'B."c'], ["x'; drop", 'y']] as const) assert.deepEqual(readName(sayName(name)), name)
})

test('G-27 a swap renames and drops nothing', () => {
  const sql = swapOf([{ live: ['public', 'orders'], side: ['holdfast_restore_1', 'orders'], aside: ['damaged_20261121', 'orders'], was: '1:1', digest: '1:1' }])
  assert.doesNotMatch(sql, /\b(?:drop|truncate|delete)\b/i)
  assert.match(sql, /alter table %s set schema %I', '"public"\."orders"', 'damaged_20261121'\)/)
  assert.match(sql, /it is another table by now.*is not what was agreed on.*lock table|lock table.*it is another table by now.*is not what was agreed on/s)
})
