// The tree keeps its own rules: layers, lengths, names, clocks, the one way out. Each message says the cure. For every rule a
// small wrong tree stands beside it, so that a rule that finds nothing any more is noticed too.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { POLICIES } from '../src/http/access.ts'
import { routes } from '../src/http/routes.ts'
import * as rules from './tidy/rules.ts'
import { functionsOf, readTree, sourceOf, type Source } from './tidy/source.ts'

const root = path.dirname(import.meta.dirname)
const tree = readTree(root, ['src', 'test', 'sim', 'lab', 'bench', 'scripts'])
const src = tree.filter((file) => file.path.startsWith('src/'))

const clean = (found: readonly string[]): void => assert.equal(found.length, 0, `\n${found.join('\n')}\n`)
const lines = (n: number, line = 'x()'): string => Array.from({ length: n }, () => line).join('\n')
const file = (at: string, text: string): Source => sourceOf(at, `// Prose.\n${text}\n`)

interface Case {
  readonly says: string
  readonly rule: rules.Rule
  readonly on: readonly Source[]
  /** Each of these trees breaks the rule exactly once. */
  readonly wrong: readonly (readonly Source[])[]
  /** None of these does. */
  readonly right: readonly Source[]
}

const cases: readonly Case[] = [
  {
    says: 'imports run one way, and a room never imports a room',
    rule: rules.layers,
    on: src,
    wrong: [
      [file('src/core/a.ts', "import { b } from '../ports/b.ts'")],
      [file('src/words/a.ts', "import type { b } from '../ports/b.ts'")],
      [file('src/ports/a.ts', "import { b } from '../db/b.ts'")],
      [file('src/plugins/probes/a.ts', "import { b } from '../../db/b.ts'")],
      [file('src/db/a.ts', "export { b } from '../rooms/page/b.ts'")],
      [file('src/rooms/watch/a.ts', "import type { b } from '../page/b.ts'")],
      [file('src/engine/a.ts', "const b = await import('../processes/b.ts')")],
      [file('src/cli/a.ts', "import { b } from '../processes/b.ts'")],
      [file('src/http/a.ts', "import { b } from '../../sim/b.ts'")],
      [file('src/http/a.ts', "import { b } from '../core/b.test.ts'")],
      [file('src/shed/a.ts', "import { b } from '../core/b.ts'")],
    ],
    right: [file('src/rooms/page/a.ts', "import { b } from './b.ts'\nimport { c } from '../../core/c.ts'\nimport { z } from 'zod'\n// import from '../tell/x.ts'"), file('src/main.ts', "await import('./cli/main.ts')")],
  },
  {
    says: 'a package serves one plugin',
    rule: rules.packages,
    on: src,
    wrong: [[file('src/plugins/probes/a.ts', "import pg from 'pg'"), file('src/plugins/probes/b.ts', "import pg from 'pg'")]],
    right: [file('src/plugins/probes/a.ts', "import { z } from 'zod'"), file('src/plugins/probes/b.ts', "import { z } from 'zod'")],
  },
  {
    says: 'one egress: nobody else opens connections',
    rule: rules.network,
    on: src,
    wrong: [[file('src/plugins/probes/a.ts', "import net from 'node:net'")], [file('src/rooms/page/a.ts', "import { get } from 'node:https'")], [file('src/engine/a.ts', 'await fetch(url)')]],
    right: [file('src/ports/world/egress.ts', "import net from 'node:net'"), file('src/rooms/page/a.ts', 'const s = "fetch("; it.fetch(1)')],
  },
  {
    says: 'clocks, timers and randomness come from the world',
    rule: rules.clocks,
    on: src,
    wrong: ['Date.now()', 'new Date()', 'Math.random()', 'setTimeout(a, 1)', 'setInterval(a, 1)', 'performance.now()', 'process.hrtime.bigint()', 'AbortSignal.timeout(1)', 'randomBytes(1)', 'crypto.randomUUID()']
      .map((sin) => [file('src/engine/a.ts', `const a = () => ${sin}`)]).concat([[file('src/db/a.ts', "import { b } from 'node:timers/promises'")]]),
    right: [file('src/engine/a.ts', "const a = new Date(0); const b = 'Date.now()' // setTimeout\nconst c = `${now} new Date()`"), file('src/processes/a.ts', 'setTimeout(a, 1)')],
  },
  {
    says: 'the environment is read at the edges',
    rule: rules.environment,
    on: src,
    wrong: [[file('src/engine/a.ts', "const a = process.env['HOME']")]],
    right: [file('src/processes/a.ts', "const a = process.env['HOME']")],
  },
  {
    says: 'no code is made from text',
    rule: rules.codeFromText,
    on: tree,
    wrong: [[file('src/a.ts', 'eval(x)')], [file('src/a.ts', "const f = new Function('x')")], [file('src/a.ts', "import vm from 'node:vm'")]],
    right: [file('src/a.ts', 'a.eval(x); retrieval(x) // eval(x)')],
  },
  {
    says: 'routes are mounted in one place',
    rule: rules.mounts,
    on: src,
    wrong: [[file('src/http/api.ts', "import { Hono } from 'hono'")]],
    right: [file('src/http/app.ts', "import { Hono } from 'hono'"), file('src/http/route.ts', "import type { Context } from 'hono'")],
  },
  {
    says: 'a file opens with prose',
    rule: rules.opening,
    on: src,
    wrong: [[sourceOf('src/core/a.ts', 'export const a = 1\n')], [sourceOf('src/core/a.ts', `${lines(16, '// and')}\nexport const a = 1\n`)]],
    right: [sourceOf('src/core/a.ts', '#!/usr/bin/env node\n// The idea.\nexport const a = 1\n')],
  },
  {
    says: 'files and functions have an end',
    rule: rules.lengths,
    on: src,
    wrong: [
      [file('src/core/a.ts', lines(400))],
      [file('src/core/a.ts', `export function a(x: { y: number }): string[] {\n${lines(70)}\n}`)],
      [file('src/core/a.ts', `export const a = async (x: number): Promise<void> => {\n${lines(70)}\n}`)],
      [file('src/core/a.ts', `function a() {\n${`const b = () => {\n${lines(60)}\n}\n`.repeat(4)}}`)],
      [file('src/core/a.ts', `const a = {\n  look(x) {\n${lines(70)}\n  },\n}`)],
    ],
    right: [file('src/core/b.ts', `export function a() {\n${lines(30)}\n  const b = () => {\n${lines(50)}\n  }\n${lines(30)}\n}`), file('src/core/a.ts', `export function a(): void {\n${lines(60)}\n}\nif (x) {\n${lines(80)}\n}`), file('src/core/a.test.ts', lines(900))],
  },
  {
    says: 'a folder is one idea',
    rule: rules.folders,
    on: src,
    wrong: [Array.from({ length: 16 }, (_, i) => file(`src/core/a${i}.ts`, ''))],
    right: [...Array.from({ length: 15 }, (_, i) => file(`src/core/a${i}.ts`, '')), file('src/core/b.test.ts', ''), ...Array.from({ length: 30 }, (_, i) => file(`src/plugins/probes/a${i}.ts`, ''))],
  },
  {
    says: 'names say what a thing is',
    rule: rules.names,
    on: tree,
    wrong: [
      [file('src/utils/a.ts', '')], [file('src/core/pageManager.ts', '')], [file('src/core/page-helper.ts', '')],
      [file('src/core/a.ts', 'export class PageService {}')], [file('src/core/a.ts', 'export function doPage() {}')], [file('src/core/a.ts', 'interface CheckData {}')],
      [file('src/core/a.ts', 'export const errorHandler = 1')],
    ],
    right: [file('src/core/page-plan.ts', 'export const dataFolder = 1\nexport function done() {}\nexport type Processing = 1'), file('src/plugins/list.gen.ts', '')],
  },
  {
    says: 'no circle of imports',
    rule: rules.cycles,
    on: src,
    wrong: [[file('src/core/a.ts', "import { b } from './b.ts'"), file('src/core/b.ts', "import type { c } from './c.ts'"), file('src/core/c.ts', "import { a } from './a.ts'")]],
    right: [file('src/core/a.ts', "import { b } from './b.ts'\nimport { c } from './c.ts'"), file('src/core/b.ts', "import { c } from './c.ts'"), file('src/core/c.ts', '')],
  },
  {
    says: 'nothing is left unfinished, unskipped or untyped',
    rule: rules.unfinished,
    on: tree,
    wrong: ['// TODO later', 'test.skip(a)', 'test(a, { skip: true })', '// @ts-ignore', 'const a: any = 1', 'const a = b as any'].map((sin) => [file('src/core/a.ts', sin)]),
    right: [file('src/core/a.ts', "// any of them\n// oxlint-disable-next-line typescript/no-explicit-any -- why\nexport type B = C<any>\nconst s = 'TODAY'")],
  },
]

for (const { says, rule, on, wrong, right } of cases) {
  test(says, () => {
    for (const sin of wrong) assert.equal(rule(sin).length, 1, `not found once in ${sin.map((it) => it.text).join('\n').slice(0, 200)}: ${rule(sin).join('; ')}`)
    clean(rule(right))
    clean(rule(on))
  })
}

test('the reader knows comments, strings, templates and regular expressions apart', () => {
  const { code } = sourceOf('src/a.ts', "const a = 'x{' /* { */ + `b${ c({}) + `}` }{` // {\nconst r = /[/{]+\\//g, d = a / b / c\nreturn /}/.test(x)\n")
  assert.equal((code.match(/\{/g) ?? []).length, (code.match(/\}/g) ?? []).length)
  assert.match(code, /d = a \/ b \/ c/)
  assert.doesNotMatch(code, /x\{|\[\//)
  assert.deepEqual(functionsOf('function a(b: () => void): { c: number } {\n  d()\n}\nconst e = async <T>(f: T): Promise<T> => {\n  return f\n}\nif (g) {\n}\ncall(() => {\n  h()\n})\n').map(({ name, lines: n }) => [name, n]),
    [['a', 3], ['e', 3], ['the arrow function', 3]])
})

test('every route says who may call it', () => {
  assert(routes.length > 20)
  for (const { method, path: at, who } of routes) assert(POLICIES.includes(who), `${method} ${at} states no policy: say who may call it`)
})

test('the list of plugins is fresh', () => {
  const ran = spawnSync(process.execPath, [path.join(root, 'scripts/list-plugins.ts'), '--check'], { encoding: 'utf8' })
  assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}\nRun: npm run plugins`)
})

test('the repository speaks of the project only', () => {
  const names = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0').filter((name) => /\.(ts|md|json|yaml|yml|sh|service|html|css|txt)$|^bin\/|^\.ci\//.test(name))
  assert.equal(rules.ofThisProjectOnly('a', 'see /work/x, /root/y; issue 7').length, 3)
  clean(rules.ofThisProjectOnly('a', 'a /workshop/x, ./work/x, net.work/x'))
  clean(names.filter((name) => name !== 'package-lock.json' && !name.startsWith('test/tidy')).flatMap((name) => rules.ofThisProjectOnly(name, readTracked(name))))
})

function readTracked(name: string): string {
  try {
    return readFileSync(path.join(root, name), 'utf8')
  } catch {
    return '' // Deleted, but not yet committed.
  }
}
