import assert from 'node:assert/strict'
import test from 'node:test'
import { createSieve, newFacts, Refusal, type PlainFacts } from './plain.ts'

/** The dump cut into pieces of every small size, so that no meaning hangs on where a piece ends. */
function sift(dump: string, sizes: readonly number[] = [1, 2, 3, 7, 1 << 20]): { text: string; facts: PlainFacts } {
  let first: string | undefined
  let facts = newFacts()
  for (const size of sizes) {
    facts = newFacts()
    const sieve = createSieve(facts)
    const all = Buffer.from(dump)
    const out: Buffer[] = []
    for (let at = 0; at < all.length; at += size) out.push(Buffer.from(sieve.take(all.subarray(at, at + size))))
    out.push(sieve.end())
    const text = Buffer.concat(out).toString()
    first ??= text
    assert.equal(text, first, `in pieces of ${size}`)
  }
  return { text: first ?? '', facts }
}

const DUMP = `--
-- PostgreSQL database dump
--

\\restrict AbC123

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 16.9

SET statement_timeout = 0;
SET standard_conforming_strings = on;
SET default_tablespace = '';
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
COMMENT ON EXTENSION "uuid-ossp" IS 'generate; them';
CREATE FUNCTION public.f() RETURNS text LANGUAGE plpgsql AS $_$ begin return '\\! no command; ' || $a$\\q$a$; end $_$;
ALTER FUNCTION public.f() OWNER TO shop;
CREATE TABLE public.orders (id integer, "odd;\\name" text DEFAULT E'it\\'s; \\\\' /* a \\! comment /* in it */ ; */);
ALTER TABLE public.orders OWNER TO shop;
COPY public.orders (id, "odd;\\name") FROM stdin;
1\t\\N
2\tGRANT ALL; \\! no command\\.
3\tx\\\\.
\\.

GRANT SELECT ON TABLE public.orders TO reader;
CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION public.f();
CREATE SUBSCRIPTION s CONNECTION 'host=production' PUBLICATION p;
-- PostgreSQL database dump complete
--

\\unrestrict AbC123
`

test('G-26 a dump is handed on without what concerns only its server, and nothing else is changed', () => {
  const { text, facts } = sift(DUMP)
  for (const gone of ['restrict', 'OWNER TO', 'GRANT SELECT', 'EVENT TRIGGER', 'SUBSCRIPTION', 'default_tablespace', 'uuid-ossp']) assert(!text.includes(gone), gone)
  const copy = DUMP.slice(DUMP.indexOf('COPY'), DUMP.indexOf('\\.\n\n') + 3)
  assert(text.includes(copy))
  assert(text.includes(DUMP.slice(DUMP.indexOf('CREATE FUNCTION'), DUMP.indexOf('ALTER FUNCTION'))))
  assert(text.includes(DUMP.slice(DUMP.indexOf('CREATE TABLE'), DUMP.indexOf('ALTER TABLE'))))
  assert.deepEqual([facts.complete, facts.server, facts.program, [...facts.extensions], facts.tables], [true, '15.18', '16.9', ['uuid-ossp'], 2])
  assert.deepEqual(facts.leftOut.get('subscriptions'), 1)
})

test('G-26 a command of psql refuses the dump, wherever it stands', () => {
  for (const evil of [
    '\\! touch /tmp/x\n', 'select 1 \\g |sh\n', 'select 1; \\copy t from program \'sh\'\n', '\\connect other\n', '\\i /etc/passwd\n', '  \\! x\n', "select 'a' \\\\ \\! x\n",
    'COPY t FROM stdin;\n1\n\\.\n\\! x\n', 'COPY t FROM stdin;\n1\\.\n\\.\n\\! x\n', '\\restrict a b\n', 'select \\restrict abc\n', '\\unrestrict a;\\! x\n', "E'a' \\! x\n", "select fooe'\\' \\! x --'\n", '/* /* */ */ \\! x\n',
    '$a$ $b$ $a$ \\! x\n', 'select a$b$ \\! x $b$\n', '-- comment\n\\! x\n', '\\.\n', "select 'it''s' \\! x\n", 'COPY t TO stdout; \\! x\n', `select 'FROM stdin';\n\\! x\n`,
  ]) {
    for (const size of [1, 3, 1 << 20]) assert.throws(() => sift(`select 1;\n${evil}`, [size]), Refusal, `${JSON.stringify(evil)} in pieces of ${size}`)
  }
  assert.throws(() => sift('select 1;\n\n\\! touch x\n'), /line 3: “\\! touch x” is a command of psql/)
  assert.throws(() => sift('SET standard_conforming_strings = off;\n'), /standard_conforming_strings/)
})

test('a dump that was cut short says so', () => {
  assert.throws(() => sift(DUMP.slice(0, DUMP.indexOf('3\tx'))), /in the middle of a table/)
  assert.throws(() => sift("insert into t values ('a"), /in the middle of a statement/)
  const { facts } = sift(DUMP.slice(0, DUMP.indexOf('-- PostgreSQL database dump complete')))
  assert.equal(facts.complete, false)
})

test('a statement and a row longer than any buffer go through as they are', () => {
  const long = `insert into t values ('${'x'.repeat(200_000)}', E'\\'');\nCOPY t FROM stdin;\n${'y'.repeat(300_000)}\\.\n\\.\nselect 1;\n`
  assert.equal(sift(long, [1_000, 65_536, 1 << 20]).text, long)
})
