// What docs/security.md says is so: the roles are those of the program, every requirement of the chapters is answered, every test that it
// points to is there; and what is said not to exist at all (a shell, WebSockets, expressions and columns from requests) does not.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { RIGHTS, rightsOf, ROLES } from '../src/core/authority/role.ts'
import { routes } from '../src/http/routes.ts'

const root = path.dirname(import.meta.dirname)
const text = readFileSync(path.join(root, 'docs/security.md'), 'utf8')
const section = (heading: string): string => text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? assert.fail(`${heading} is gone`)
const rows = (heading: string): string[][] => section(heading).split('\n').filter((line) => /^\| (?!---)/.test(line)).slice(1).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))
const sources = globSync('src/**/*.ts', { cwd: root }).filter((at) => !/\.test\.ts$|fixtures\/|\.contract\.ts$/.test(at)).map((at) => ({ at, code: readFileSync(path.join(root, at), 'utf8').replace(/^\s*\/\/.*$/gm, '') }))

test('the roles may what the document says', () => {
  const named = rows('What each role may do').map(([role = '', may = '']) => [role.replaceAll('`', ''), may.replaceAll('`', '').split(', ')])
  assert.deepEqual(named, ROLES.map((role) => [role, RIGHTS.filter((right) => rightsOf([role]).has(right))]))
})

/** How many requirements of levels 1 and 2 each section of the standard has; these numbers stand for themselves where levels are mixed. */
const REQUIRED = [
  ...['1.1', '1.2', '1.3', '2.1', '2.2', '2.3', '2.4', '2.5', '2.6', '2.7', '2.8', '2.9', '2.10', '2.11', '2.12', '3.1', '3.2', '3.3', '3.4', '4.1', '4.2', '4.3', '4.4', '5.1', '5.2', '5.3', '5.4', '5.5', '6.1', '6.2', '6.3', '8.1', '8.2', '8.3', '8.4'].map((it) => `6.${it}`),
  ...['1.1', '1.2', '1.3', '2.1', '2.2', '2.3', '2.4', '3.1', '3.2', '4.1', '4.2', '4.3', '4.4', '4.5', '5.1', '5.2', '6.1', '6.2'].map((it) => `7.${it}`),
  ...['1.1', '1.2', '2.1', '2.2', '2.3', '3.1', '4.1'].map((it) => `8.${it}`),
  ...['1.1', '1.2', '2.1', '2.2', '2.3', '3.1', '3.2', '3.3', '4.1', '4.2', '4.3', '4.4', '5.1', '6.1'].map((it) => `11.${it}`),
]

test('every requirement of levels 1 and 2 is answered once, and what is not met says why', () => {
  const answered = rows('OWASP ASVS 5.0')
  assert.deepEqual(answered.map(([id]) => id), REQUIRED)
  for (const [id, met = '', how = ''] of answered) assert.ok(['yes', 'partly', 'no', '–'].includes(met) && how.length > 4, id)
})

test('every file that the document points to is there, and every class of mistakes names a test', () => {
  const named = [...text.matchAll(/`((?:src|test)\/[^`]+)`/g)].map(([, at]) => at ?? '')
  for (const at of named) assert.ok(existsSync(path.join(root, at)), at)
  for (const [name, , , held = ''] of rows('Mistakes of others')) assert.match(held, /`(src|test)\/[\w/.-]+\.test\.ts`/, name)
})

test('no shell: programs are started by few, each by a list of arguments; a probe starts none', () => {
  const starters = sources.filter(({ code }) => code.includes('node:child_process')).map(({ at }) => at)
  assert.deepEqual(starters.filter((at) => at.startsWith('src/plugins/') || at.startsWith('src/http/') || at.startsWith('src/engine/')), [])
  for (const { at, code } of sources.filter((it) => starters.includes(it.at))) assert.doesNotMatch(code, /\bshell: *(true|['"`])|\bexec(Sync)?\(|from 'node:child_process'.*\bexec\b/, at)
})

test('no expression of a user is run, and nothing listens for WebSockets', () => {
  for (const { at, code } of sources) {
    if (/^src\/(plugins|rooms)\//.test(at)) assert.doesNotMatch(code, /new RegExp\(/, at)
    assert.doesNotMatch(code, /on\('upgrade'|upgradeWebSocket|WebSocketServer/, at)
  }
})

test('no request names a column, an order or a table', () => {
  for (const { method, path: at, takes } of routes) for (const key of Object.keys(takes?.schema.shape ?? {})) assert.doesNotMatch(key, /^(sort|order|orderBy|select|fields|columns?|group|groupBy|table|where|filter)$/i, `${method} ${at}`)
})
