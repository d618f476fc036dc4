import assert from 'node:assert/strict'
import test from 'node:test'
import { byRanges } from './loss.ts'
import { allOf, NoStatement, statements, tableOf, type TableFacts } from './statements.ts'

const DUMP = `/*M!999999\\- enable the sandbox mode */ 
-- MariaDB dump
/*!40101 SET NAMES utf8mb4 */;
CREATE DATABASE /*!32312 IF NOT EXISTS*/ \`shop\`;
USE \`shop\`;
DROP TABLE IF EXISTS \`orders\`;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE \`orders\` (
  \`id\` int, -- a ; here
  \`note\` text DEFAULT ';'
) COMMENT='a '' ; "b';
LOCK TABLES \`orders\` WRITE;
INSERT INTO \`orders\` VALUES (1,'a\\'; DROP TABLE x; \\\\'),
(2,'#;--');
UNLOCK TABLES;
CREATE TABLE \`other\` (\`id\` int);
INSERT INTO \`other\` VALUES (7);
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=\`a\`@\`b\`*/ /*!50003 TRIGGER t BEFORE INSERT ON orders FOR EACH ROW BEGIN SET NEW.id = 1; END */;;
DELIMITER ;
-- Dump completed`
async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function all(of: AsyncIterable<Uint8Array>): Promise<string[]> {
  const out: string[] = []
  for await (const it of of) out.push(Buffer.from(it).toString())
  return out
}
const table = (text: string, size = 7, wanted = { database: 'shop', table: 'orders' }): Promise<string[]> => all(tableOf(cut(text, size), wanted, { made: false, filled: 0 } satisfies TableFacts))
const refused = (pattern: RegExp) => (cause: unknown): boolean => cause instanceof NoStatement && pattern.test(cause.message)

test('statements end where the server ends them, however the dump is cut into pieces', async () => {
  const whole = await all(statements(cut(DUMP, 1 << 20)))
  assert.equal(whole.length, 12)
  for (const size of [1, 2, 3, 7, 64]) assert.deepEqual(await all(statements(cut(DUMP, size))), whole, `${size}`)
  await assert.rejects(all(statements(cut("INSERT INTO `a` VALUES ('x", 5))), refused(/cut short/))
})

test('G-27 one table alone is made and filled beside: nothing is dropped, and nothing of another is run', async () => {
  const it = await table(DUMP)
  assert.equal(it.length, 4)
  assert.match(it.join(''), /^\/\*!40101 SET NAMES utf8mb4 \*\/;\n\/\*!40101 SET character_set_client = utf8 \*\/;\nCREATE TABLE `orders` \([^]*INSERT INTO `orders` VALUES \(1,[^]*'#;--'\);\n$/)
  assert.ok(it.every((text) => !/^(?:DROP|LOCK|USE|CREATE DATABASE)/.test(text)))
  await assert.rejects(table(DUMP, 64, { database: 'shop', table: 'gone' }), refused(/does not hold it/))
  await assert.rejects(table(DUMP, 64, { database: 'mine', table: 'orders' }), refused(/does not hold it/))
  await assert.rejects(table('CREATE TABLE `orders` (`id` int) DATA DIRECTORY="/x";'), refused(/leads out/))
  await assert.rejects(table('CREATE TABLE `orders` (`id` int);CREATE TABLE `orders` (`id` int);'), refused(/twice/))
  assert.deepEqual(await table('SET GLOBAL x = 1;SET PASSWORD = "";CREATE TABLE `orders` (`id` int);INSERT INTO `shop`.`orders` VALUES (1);'), ['CREATE TABLE `orders` (`id` int);\n'])
})

test('a dump goes whole into a new database, and what leads elsewhere refuses it', async () => {
  const it = await all(allOf(cut(DUMP, 64)))
  assert.ok(it.every((text) => !/^(?:USE|CREATE DATABASE|LOCK|UNLOCK)/.test(text)))
  assert.match(it.at(-1) ?? '', /^delimiter \$hf\$\n[^]*TRIGGER t [^]* \$hf\$\ndelimiter ;\n$/)
  for (const text of ['USE `a`;USE `b`;', 'DROP DATABASE `shop`;', 'INSERT INTO `mysql`.`user` VALUES (1);', 'DROP TABLE `a`.`b`;', 'GRANT ALL ON *.* TO x;', 'SET GLOBAL x = 1;', 'LOAD DATA INFILE "x" INTO TABLE `a`;', 'CREATE USER x;']) await assert.rejects(all(allOf(cut(text, 64))), NoStatement, text)
})

test('story 4: a page that cannot be read hides only its own rows', async () => {
  const seen: bigint[] = []
  const sum = { unread: [] as string[], asked: 0 }
  await byRanges([-5n, 1000n], sum, async (from, to) => {
    sum.asked++
    if ((from <= 40n && to >= 30n) || (from <= 700n && to >= 700n)) return Promise.resolve('corrupt')
    for (let it = from; it <= to; it++) seen.push(it)
    return Promise.resolve(undefined)
  })
  assert.deepEqual(sum.unread, ['30 to 40', '700'])
  assert.equal(new Set(seen).size, 1006 - 12)
  assert.ok(sum.asked < 80, `${sum.asked}`)
})
