// The documents say what is so: every configuration in them is accepted by the real reader with the real plugins, every table of
// settings names what the schema names, every command that they show is one, every link leads somewhere, and the code in them
// is code. What a document claims beyond that is held by the test that it names.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import type { Command } from 'commander'
import { parse, stringify } from 'yaml'
import { programFor } from '../src/cli/program.ts'
import { codes } from '../src/config/explain.ts'
import { routes } from '../src/http/routes.ts'
import { catalogues, channels, drivers, probes, stores } from '../src/plugins/list.gen.ts'
import { fileSchema, loadConfig } from '../src/views/accepted.ts'
import { BACKUP_GAUGES } from '../src/views/guard/metrics.ts'
import { MUTANTS } from '../sim/zoo/mutants.ts'

const root = path.dirname(import.meta.dirname)
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '*.md'], { cwd: root, encoding: 'utf8' }).split('\0').filter((name) => name !== '' && existsSync(path.join(root, name)))
const documents = tracked.map((at) => ({ at, text: readFileSync(path.join(root, at), 'utf8') }))
const documentAt = (at: string): string => documents.find((it) => it.at === at)?.text ?? assert.fail(`${at} is gone`)

interface Fence {
  readonly at: string
  readonly line: number
  readonly language: string
  readonly text: string
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length
const fences: readonly Fence[] = documents.flatMap(({ at, text }) =>
  [...text.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)].map((found) => ({ at, line: lineAt(text, found.index), language: found[1] ?? '', text: found[2] ?? '' })))
/** A document without its code. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '')

// Around a snippet that is only a part stands what it refers to.
const AROUND = `
channels:
  email: { smtp: "smtp://127.0.0.1:2525", from: holdfast@acme.example }
  hook: { webhook: "http://127.0.0.1:9099/page" }
people:
  ada: { email: ada@acme.example }
  bo: { email: bo@acme.example }
oncall:
  primary: { rotate: weekly, people: [ada, bo] }
checks:
  www: { http: "http://127.0.0.1:8081/" }
  db: { tcp: "127.0.0.1:3306" }
  api: { http: "http://127.0.0.1:8082/" }
  job: { heartbeat: true, every: 1h }
`

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const merged = (under: unknown, over: unknown): unknown =>
  !isMap(under) || !isMap(over) ? over
    : { ...under, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, key in under && ['checks', 'people', 'channels'].includes(key) ? { ...(under[key] as object), ...(value as object) } : value])) }

/** Any secret is there; a database's is a database's address, keys have their 32 letters. */
const secretFor = (name: string, at: string): string => {
  if (/key/.test(name)) return `${name.replaceAll('-', '')}${'0'.repeat(32)}`.slice(0, 32)
  if (name.startsWith('s3-')) return name.endsWith('glass') ? 'GLASS:another-word' : 'KEYID:some-word'
  if (name === 'games-url') return 'postgres://reader:some-word@127.0.0.1:5432/games'
  if (name === 'galera-url') return 'mysql://watch:some-word@any/'
  return at.includes(`"\${secret:${name}}", query`) || name === 'db-url' ? 'mysql://app:app@127.0.0.1:3316/shop' : `some-${name}-word`
}

test('every configuration in the documents is accepted', async () => {
  const snippets = fences.filter(({ language }) => language === 'yaml')
  assert.ok(snippets.length > 15)
  for (const { at, line, text } of snippets) {
    const whole = /^version: 1$/m.test(text) && /^\w+:/m.test(text.replace(/^version: 1$/m, ''))
    const written = whole ? text : stringify(merged(parse(`version: 1${AROUND}`), parse(text)))
    const env = Object.fromEntries([...text.matchAll(/\$\{secret:([\w-]+)\}/g)].map(([, name = '']) => [`HOLDFAST_SECRET_${name.toUpperCase().replaceAll('-', '_')}`, secretFor(name, text)]))
    const loaded = await loadConfig({ text: written, file: path.join(root, 'holdfast.yaml'), env, probes, channels, stores, catalogues, drivers })
    assert.equal(loaded.is, 'accepted', `${at}:${line}\n${loaded.is === 'refused' ? loaded.rendered : ''}`)
  }
})

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | false
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly required?: readonly string[]
}

const schema = fileSchema({ probes, channels, stores, catalogues, drivers }) as Schema

/** The settings at a place, those of maps within it with their dots; what is a map of free names ends there. */
function settingsOf(at: Schema): string[] {
  const shape = at.properties ? at : at.anyOf?.find((it) => it.properties)
  return Object.entries(shape?.properties ?? {}).flatMap(([name, inner]) => (inner.properties ? settingsOf(inner).map((it) => `${name}.${it}`) : [name]))
}

function schemaAt(place: string): Schema {
  let at: Schema = schema
  for (const step of place.replaceAll('[]', '.[]').split('.')) {
    const shape: Schema = at.properties || at.additionalProperties || at.items ? at : (at.anyOf?.[0] ?? at)
    const next = step === '[]' ? shape.items : step.startsWith('<') ? (shape.additionalProperties || undefined) : shape.properties?.[step]
    at = next ?? assert.fail(`${place} is no place in the configuration`)
  }
  return at
}

/** What the tables under a heading say: the first cell of each row. */
function rowsUnder(at: string, heading: string): string[] {
  const [, after = assert.fail(`${at} has no heading ${heading}`)] = documentAt(at).split(`\n${heading}\n`)
  const section = after.split(new RegExp(`^#{1,${/^#+/.exec(heading)?.[0].length ?? 2}} `, 'm'))[0] ?? ''
  return [...prose(section).matchAll(/^\| `([\w.]+)` \|/gm)].map(([, name]) => name ?? '')
}

const kindsAt = (place: string): ReadonlyMap<string, readonly string[]> => {
  const all = schemaAt(place).anyOf ?? []
  const names = place.startsWith('checks') ? probes : place.startsWith('stores') ? stores : channels
  return new Map(names.map(({ kind }) => [kind, settingsOf(all.find((it) => it.required?.includes(kind)) ?? assert.fail(kind))]))
}

/** Drivers have tables of their own, for `do` and `undo` alike. */
const bareOfDriver = (setting: string): string => setting.replace(/^(do|undo)\..+$/, '$1')

test('every driver has its tables: what a step says, and what its target needs', () => {
  const kinds = drivers.filter(({ kind }) => kind !== 'run')
  for (const { kind } of kinds) assert.deepEqual(rowsUnder('docs/use/runbooks.md', `### \`${kind}\``).toSorted(), settingsOf(schemaAt(`runbooks.<name>.steps[].do.${kind}`)).toSorted(), kind)
  for (const { kind, target } of kinds) if (target) assert.deepEqual(rowsUnder('docs/use/runbooks.md', `### Target of \`${kind}\``).toSorted(), settingsOf((schemaAt('targets.<name>').anyOf ?? []).find((it) => it.required?.includes(kind))?.properties?.[kind] ?? assert.fail(kind)).toSorted(), kind)
})

test('the tables of settings name what the schema names', () => {
  const places = [...documentAt('docs/use/configuration.md').matchAll(/^## `([^`]+)`$/gm)].map(([, place]) => place ?? '').filter((place) => !['checks.<name>', 'channels.<name>', 'stores.<name>', 'catalogues.<name>', 'targets.<name>'].includes(place))
  assert.deepEqual(places, ['site', 'defaults.check', 'horizon', 'people.<name>', 'oncall.<name>', 'escalation.<name>[]', 'status_pages.<name>', 'backups.<name>', 'reconcile.<name>', 'hosts.<name>', 'clusters.<name>', 'runbooks.<name>', 'runbooks.<name>.steps[]', 'ingest.pagerduty', 'sign_in.oidc', 'dead_man'])
  for (const place of places) assert.deepEqual(rowsUnder('docs/use/configuration.md', `## \`${place}\``).toSorted(), [...new Set(settingsOf(schemaAt(place)).map(bareOfDriver))].toSorted(), place)
  const ofCatalogues = (schemaAt('catalogues.<name>').anyOf ?? []).flatMap(settingsOf)
  assert.deepEqual(rowsUnder('docs/use/configuration.md', '## `catalogues.<name>`').toSorted(), [...new Set(ofCatalogues)].toSorted())
  assert.deepEqual(rowsUnder('docs/use/configuration.md', '## The top level').toSorted(), Object.keys(schema.properties ?? {}).toSorted())
})

test('every kind of check, of channel and of store has its table', () => {
  const looks = kindsAt('checks.<name>')
  const common = rowsUnder('docs/use/configuration.md', '## `checks.<name>`')
  for (const [kind, settings] of looks) {
    const at = kind === 'heartbeat' ? 'docs/use/heartbeats.md' : 'docs/use/checks.md'
    for (const name of common) assert.ok(settings.includes(name), `${name} is no setting of ${kind}`)
    assert.deepEqual(rowsUnder(at, `## \`${kind}\``).toSorted(), settings.filter((name) => !common.includes(name)).toSorted(), `${at}: ${kind}`)
  }
  for (const [kind, settings] of kindsAt('channels.<name>')) assert.deepEqual(rowsUnder('docs/use/paging.md', `### \`${kind}\``).toSorted(), settings.toSorted(), kind)
  const where = rowsUnder('docs/use/backups.md', '### Where a store stands')
  assert.equal(where.length, 2)
  for (const [kind, settings] of kindsAt('stores.<name>')) assert.deepEqual([...where, ...rowsUnder('docs/use/backups.md', `### \`${kind}\``)].toSorted(), settings.toSorted(), kind)
})

test('the metrics of backups are those that are told', () => {
  assert.deepEqual(rowsUnder('docs/use/backups.md', '## Metrics').toSorted(), BACKUP_GAUGES.map(({ name }) => name).toSorted())
})

/** The words of a command line, quotes taken off. */
const wordsOf = (line: string): string[] => [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')

/** Every command line in the documents: blocks of sh, what follows a prompt, and code within sentences. */
function commandLines(): { where: string; line: string }[] {
  const blocks = fences.flatMap(({ at, line, language, text }) => text.split('\n').flatMap((it, n) => {
    const shown = language === 'sh' ? it : (/^\$ (holdfast .*)$/.exec(it)?.[1] ?? '')
    return /^(bin\/)?holdfast /.test(shown) ? [{ where: `${at}:${line + n + 1}`, line: shown }] : []
  }))
  const inline = documents.flatMap(({ at, text }) => [...prose(text).matchAll(/`(holdfast [^`\n]+)`/g)].map(([, it]) => ({ where: at, line: it ?? '' })))
  return [...blocks, ...inline].map(({ where, line }) => ({ where, line: line.replace(/\s+[#>|;&].*$/, '') }))
}

const leavesOf = (of: Command): Command[] => (of.commands.length === 0 ? [of] : of.commands.flatMap(leavesOf))
const everyCommand = (of: Command): Command[] => [of, ...of.commands.flatMap(everyCommand)]

test('every command that the documents show is one, with its flags', async () => {
  const lines = commandLines()
  assert.ok(lines.length > 60)
  for (const { where, line } of lines) {
    let ran = false
    const perform = async (): Promise<void> => Promise.resolve(void (ran = true))
    const program = programFor('0', perform, perform)
    for (const it of everyCommand(program)) it.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    const words = wordsOf(line.replace(/^(bin\/)?holdfast\s+/, '')).map((word) => (word === '--json=lines' ? '--json' : word))
    // Within a sentence a command is named, with or without what it takes.
    const named = line.startsWith('holdfast') && !/ -/.test(line)
    const found = everyCommand(program).some((it) => [it.parent?.parent ? it.parent.name() : '', it.name()].filter(Boolean).join(' ') === words.slice(0, it.parent?.parent ? 2 : 1).join(' '))
    assert.ok(found, `${where}: holdfast ${words.join(' ')}: there is no such command`)
    await program.parseAsync(words, { from: 'user' }).catch((cause: unknown) => {
      const { code } = cause as { code?: string }
      if (named && (code === 'commander.missingArgument' || code === 'commander.missingMandatoryOptionValue' || code === 'commander.help')) ran = true
      else assert.fail(`${where}: ${line}: ${String(cause)}`)
    })
    assert.ok(ran, `${where}: ${line}`)
  }
})

test('every command stands in the page of commands, and every exit code', () => {
  const page = documentAt('docs/use/command-line.md')
  const program = programFor('0', async () => Promise.resolve(), async () => Promise.resolve())
  for (const it of leavesOf(program)) {
    const named = [it.parent?.parent ? it.parent.name() : '', it.name()].filter(Boolean).join(' ')
    assert.ok(new RegExp(`\`holdfast ${named}[ \`]`).test(page), `docs/use/command-line.md does not tell of holdfast ${named}`)
    for (const option of it.options) if (!option.hidden) assert.ok(documents.some(({ text }) => text.includes(option.long ?? '')) , `no document tells of ${option.long} of holdfast ${named}`)
  }
  for (const option of program.options) if (!option.hidden && option.long !== '--version') assert.ok(page.includes(`\`${option.long}`), `${option.long} is missing`)
  for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 130]) assert.ok(page.includes(`\n| ${code} |`), `exit code ${code}`)
})

test('every path of the API stands in its page, with its scope', () => {
  const page = documentAt('docs/use/api.md')
  const rows = page.split('\n').filter((line) => line.startsWith('| `')).join('\n')
  for (const { method, path: at, who } of routes) {
    if (!at.startsWith('/api/v1/') || who === 'open') continue
    const written = `\`${method} ${at.replace(/:(\w+)/g, '{$1}')}\``
    const row = rows.split('\n').find((line) => line.includes(written)) ?? assert.fail(`docs/use/api.md does not tell of ${written}`)
    assert.ok(row.endsWith(`| \`${who}\` |`), `${written} needs ${who}: ${row}`)
  }
  for (const [, method, at] of rows.matchAll(/`(GET|POST|DELETE) (\/[^`]+)`/g)) {
    assert.ok(routes.some((route) => route.method === method && route.path.replace(/:(\w+)/g, '{$1}') === at), `${method} ${at} is no route`)
  }
})

test('every package that runs is named, with what it is for', () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { dependencies: Readonly<Record<string, string>> }
  const rows = documentAt('docs/decisions/0011-packages.md').split('\n').filter((line) => line.startsWith('| `')).flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''))
  assert.deepEqual(rows.toSorted(), Object.keys(dependencies).toSorted())
  for (const [name, version] of Object.entries(dependencies)) assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is pinned`)
})

const slugOf = (heading: string): string => heading.toLowerCase().replace(/[^\w\- ]/g, '').trim().replaceAll(' ', '-')

test('links between documents lead somewhere, and never out of the project', () => {
  for (const { at, text } of documents) {
    for (const [, target = ''] of prose(text).matchAll(/(?:\]\(|src=")([^)"\s]+)[)"]/g)) {
      if (/^https?:/.test(target)) continue
      const [file = '', fragment] = target.split('#')
      const to = file === '' ? at : path.join(path.dirname(at), file)
      assert.ok(!path.isAbsolute(file) && !to.startsWith('..'), `${at}: ${target} leads out of the project`)
      assert.ok(existsSync(path.join(root, to)), `${at}: ${target} leads nowhere`)
      if (fragment === undefined) continue
      const headings = [...readFileSync(path.join(root, to), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slugOf(heading ?? ''))
      assert.ok(headings.includes(fragment), `${at}: ${to} has no heading #${fragment}; it has ${headings.join(', ')}`)
    }
  }
})

test('files of the project that the documents name are there', () => {
  for (const { at, text } of documents) {
    if (at === 'docs/use/add-a-probe.md') continue
    for (const [, name = ''] of text.matchAll(/`((?:src|test|lab|sim|bench|scripts|docs|bin)\/[\w./-]*\w)`/g)) assert.ok(existsSync(path.join(root, name)), `${at}: ${name} is not there`)
  }
})

test('codes that the documents name are explained', () => {
  for (const { at, text } of documents) for (const [code] of text.matchAll(/\bHF1\d\d\b/g)) assert.ok(codes().includes(code), `${at}: ${code}`)
})

const promised = (which: RegExp): { readonly id: string; readonly files: readonly string[] }[] =>
  [...documentAt('docs/invariants.md').matchAll(which)].map(([, id = '', , held = '']) => ({ id, files: [...held.matchAll(/`([^`]+)`/g)].map((it) => it[1] ?? '') }))

/** Promises without a test that names them, or without a mutant. */
function unheld(rows: ReturnType<typeof promised>): string[] {
  const names = (file: string): string[] => [...readFileSync(path.join(root, file), 'utf8').matchAll(/^\s*(?:test\(|\[)(['"`])(.*?)\1/gm)].map((it) => it[2] ?? '')
  const isNamed = (id: string, name: string): boolean => name.split(/[^A-Z0-9-]+/).includes(id)
  return rows.flatMap(({ id, files }) => [
    ...(files.length === 0 ? [`${id}: no test holds it`] : []), ...files.filter((file) => !existsSync(path.join(root, file)) || !names(file).some((name) => isNamed(id, name))).map((file) => `${id}: no test of ${file} names it`),
    ...(MUTANTS.some(({ breaks }) => breaks.includes(id)) ? [] : [`${id}: no mutant breaks it`]),
  ])
}

test('each promise of planned changes that stands in docs/invariants.md has tests that name it, and a mutant', () => {
  const rows = promised(/^\| (C-\d+) \| (.+?) \| (.+) \|$/gm)
  assert(rows.length > 0)
  assert.deepEqual(rows.map(({ id }) => id), [...new Set(rows.map(({ id }) => id))].toSorted((one, other) => Number(one.slice(2)) - Number(other.slice(2))))
  assert.deepEqual(unheld(rows), [])
})

test('G-1 to G-28, X-9: each promise of the guard stands in docs/invariants.md with tests that name it, and has a mutant', () => {
  const rows = promised(/^\| ((?:G|X)-\d+) \| (.+?) \| (.+) \|$/gm)
  assert.deepEqual(rows.map(({ id }) => id), ['X-9', ...Array.from({ length: 28 }, (_, n) => `G-${n + 1}`)])
  assert.deepEqual(unheld(rows), [])
})
