import assert from 'node:assert/strict'
import test from 'node:test'
import { newFacts, Refusal, sifted, type DumpFacts } from './dump.ts'

async function read(text: string, size = 1 << 20): Promise<{ facts: DumpFacts; out: string }> {
  const facts = newFacts()
  const pieces = async function* (): AsyncGenerator<Buffer> {
    const all = Buffer.from(text)
    for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size)
  }
  const out: Buffer[] = []
  for await (const chunk of sifted(pieces(), facts)) out.push(chunk)
  return { facts, out: Buffer.concat(out).toString() }
}
const DUMP = `/*M!999999\\- enable the sandbox mode */ 
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, it's made \\! here
USE \`shop\`;
/*!40101 SET NAMES utf8mb4 */;
/* a remark, it's \\! none */
CREATE TABLE \`orders\` (
  \`odd;\\name\` text DEFAULT 'it\\'s; \\\\! '
);
INSERT INTO \`orders\` VALUES ('a\\\\'),("b\\"\\!"),('multi
\\! no command
'); # \\! none
DELIMITER ;;
CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET @a = 1;;
DELIMITER ;
-- Dump completed on 2026-11-20  2:00:01
`

test('a dump goes through as it is, and what it is made of is learnt', async () => {
  for (const size of [1, 2, 3, 1 << 20]) {
    const { facts, out } = await read(DUMP, size)
    assert.equal(out, DUMP)
    assert.deepEqual(facts, { complete: true, tables: 1, databases: ['shop'] }, `in pieces of ${size}`)
  }
  assert.equal((await read(DUMP.slice(0, DUMP.indexOf('-- Dump completed')))).facts.complete, false)
  await assert.rejects(read(DUMP.slice(0, DUMP.indexOf('multi'))), /in the middle of a statement/)
})

test('G-26 a command of the client refuses the dump, wherever it stands', async () => {
  for (const evil of ['\\! touch /tmp/x\n', 'select 1 \\g\n', "select 'a' \\! x\n", '/*!40000 select 1 \\! x */;\n', '/* it */ \\! x\n', "select `a\\` \\! x\n", '\\- enable the sandbox mode */\n', `${'x'.repeat(600)} \\! x\n`, "-- a\n\\. /etc/passwd\n", '# a\n\\! x\n', '\\! x']) {
    await assert.rejects(read(`select 1;\n${evil}`), Refusal, JSON.stringify(evil.slice(-40)))
  }
  await assert.rejects(read('select 1;\n\n\\! touch x\n'), /line 3: “\\! touch x” is a command of the client/)
})
