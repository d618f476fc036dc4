// The hard limits of the code base, each a function from the tree to sentences that say what is wrong and the cure. They are
// few on purpose: style is learnt from examples, these are only the walls. Exceptions stand in the tables below, with why.
import path from 'node:path'
import { functionsOf, lineOf, type Source } from './source.ts'

export type Rule = (tree: readonly Source[]) => string[]

const MOST_LINES = 400
/** A function's own lines; the functions inside it count for themselves. */
const MOST_FUNCTION_LINES = 70
/** A closure with all the functions in it: a state and what may be done with it. */
const MOST_CLOSURE_LINES = 200
const MOST_FILES = 15

/** Imports run one way: a file may import its own rank and lower ones. */
const RANKS: Readonly<Record<string, number>> = {
  core: 0, words: 1, ports: 1, plugins: 2, config: 3, db: 4, rooms: 5, views: 6, engine: 7, http: 8, cli: 9, processes: 9, main: 10,
}

/** Folders whose imports are narrower than their rank, and what they may have. */
const NARROW: Readonly<Record<string, readonly string[]>> = { core: ['core'], words: ['words', 'core'], ports: ['ports', 'core'], plugins: ['plugins', 'ports', 'core'] }

const NETWORK = /^node:(net|tls|dns|http|https|http2|dgram)(\/promises)?$/
const MAY_USE_NETWORK: Readonly<Record<string, string>> = {
  'src/ports/world/': 'egress is the one way out',
  'src/ports/wire.ts': 'siblings speak over Unix sockets',
  'src/processes/': 'processes open the sockets that they serve',
  'src/http/': 'the HTTP server',
  'src/cli/': 'the client of our own server',
}

const CLOCKS = /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|(?<!\.)\b(?:setTimeout|setInterval|setImmediate)\b|\bperformance\b|\bprocess\.hrtime\b|\bAbortSignal\.timeout\b|\brandom(?:Bytes|UUID|Int|FillSync)\b|\bgetRandomValues\b|\bTemporal\.Now\b/g
const MAY_READ_CLOCKS: Readonly<Record<string, string>> = {
  'src/ports/world/': 'it is where clocks, timers and randomness come from',
  'src/ports/wire.ts': 'links keep time for their own replies',
  'src/processes/': 'wiring of real processes',
  'src/cli/': 'a command lives for seconds, beside no simulator',
  'src/main.ts': 'composition',
}
const MAY_READ_ENVIRONMENT: Readonly<Record<string, string>> = {
  'src/ports/world/': 'the environment is part of the world',
  'src/ports/runtime-folder.ts': 'the runtime folder is named by the environment',
  'src/config/': 'secrets come from the environment too',
  'src/db/store.ts': 'the switch of the crash tests',
  'src/processes/': 'wiring of real processes',
  'src/cli/': 'a command is told where its server is',
  'src/main.ts': 'composition',
}

const BANNED_FOLDERS = ['utils', 'util', 'common', 'helpers', 'helper', 'shared', 'misc', 'lib', 'services']
const BANNED_WORDS = ['Manager', 'Service', 'Helper', 'Helpers', 'Util', 'Utils', 'Handler', 'Processor', 'Data', 'Info', 'Base', 'Common']

const isTest = (at: string): boolean => !at.startsWith('src/') || /\.(test|contract)\.ts$/.test(at) || at.includes('/contract/')
const isProduct = (file: Source): boolean => !isTest(file.path)
const isGenerated = (at: string): boolean => at.endsWith('.gen.ts')
const excused = (at: string, table: Readonly<Record<string, string>>): boolean => Object.keys(table).some((prefix) => at.startsWith(prefix))

/** `src/rooms/page/rows.ts` → `rooms`; `src/main.ts` → `main`. */
const layerOf = (at: string): string | undefined => /^src\/([\w-]+)(?:\/|\.ts$)/.exec(at)?.[1]

function hits(file: Source, pattern: RegExp, say: (hit: string) => string): string[] {
  return [...file.code.matchAll(pattern)].map((hit) => `${file.path}:${lineOf(file.code, hit.index)}: ${say(hit[0])}`)
}

export const layers: Rule = (tree) => tree.filter(isProduct).flatMap((file) => file.imports.flatMap(({ from, to, line }) => {
  const at = `${file.path}:${line}`
  const mine = layerOf(file.path)
  if (!from.startsWith('.')) return []
  const theirs = layerOf(to)
  if (theirs === undefined) return [`${at}: ${from} lies outside src: what the product needs belongs into it`]
  if (isTest(to)) return [`${at}: ${from} is a test: the product does not lean on its tests`]
  const rank = mine === undefined ? undefined : RANKS[mine]
  const their = RANKS[theirs]
  if (mine === undefined || rank === undefined) return [`${file.path}: this folder has no place in the layers: put it into one of ${Object.keys(RANKS).join(', ')}`]
  if (their === undefined) return []
  const narrow = NARROW[mine]
  if (narrow && !narrow.includes(theirs)) return [`${at}: ${mine} imports ${narrow.join(', ')} only, not ${theirs}: move the idea down, or pass the value in`]
  if (their > rank || (their === rank && mine !== theirs)) return [`${at}: ${mine} may not import ${theirs}: imports run core ← ports ← config ← db ← rooms ← views ← engine ← http ← processes ← main`]
  const room = /^src\/rooms\/([\w-]+)\//
  const [a, b] = [room.exec(file.path)?.[1], room.exec(to)?.[1]]
  return a !== undefined && b !== undefined && a !== b ? [`${at}: room ${a} imports room ${b}: rooms meet in the ledger; append a fact, or move the shared idea to core`] : []
}))

export const packages: Rule = (tree) => {
  const users = new Map<string, Set<string>>()
  for (const file of tree.filter(isProduct)) {
    if (!file.path.startsWith('src/plugins/') || isGenerated(file.path)) continue
    for (const { from } of file.imports) {
      if (from.startsWith('.') || from === 'zod' || from.startsWith('node:')) continue
      users.set(from, (users.get(from) ?? new Set()).add(file.path))
    }
  }
  return [...users].filter(([, by]) => by.size > 1).map(([name, by]) => `${[...by].join(', ')}: ${name} serves several plugins: a package belongs to one plugin, or behind a port`)
}

export const network: Rule = (tree) => tree.filter((file) => isProduct(file) && !excused(file.path, MAY_USE_NETWORK)).flatMap((file) => [
  ...file.imports.filter(({ from }) => NETWORK.test(from)).map(({ from, line }) => `${file.path}:${line}: imports ${from}: use the egress of ports/world, which judges the address`),
  ...hits(file, /(?<![.\w])fetch\(|\bnew WebSocket\(/g, (hit) => `${hit.slice(0, -1)}: use the egress of ports/world, which judges the address`),
])

export const clocks: Rule = (tree) => tree.filter((file) => isProduct(file) && !excused(file.path, MAY_READ_CLOCKS)).flatMap((file) => [
  ...hits(file, CLOCKS, (hit) => `${hit}: take the clock, the timers or the randomness of ports/world, so that the simulator can turn them`),
  ...file.imports.filter(({ from }) => /^node:(timers|perf_hooks)/.test(from)).map(({ from, line }) => `${file.path}:${line}: imports ${from}: take the timers of ports/world`),
])

export const environment: Rule = (tree) => tree.filter((file) => isProduct(file) && !excused(file.path, MAY_READ_ENVIRONMENT))
  .flatMap((file) => hits(file, /\bprocess\.env\b/g, () => 'reads the environment: let the process that starts it pass the value in'))

export const codeFromText: Rule = (tree) => tree.flatMap((file) => [
  ...hits(file, /(?<![.\w])eval\(|\bnew Function\(/g, (hit) => `${hit.slice(0, -1)}: no code is made from text here; write it out, or parse a value`),
  ...file.imports.filter(({ from }) => /^(node:)?vm2?$/.test(from)).map(({ line }) => `${file.path}:${line}: imports a vm: it is no boundary; steps are declarative`),
])

export const opening: Rule = (tree) => tree.filter((file) => !isTest(file.path)).flatMap((file) => {
  const lines = file.text.replace(/^#!.*\n/, '').split('\n')
  const prose = lines.findIndex((line) => !line.startsWith('//'))
  if (isGenerated(file.path) ? prose >= 1 : prose >= 1 && prose <= 15) return []
  return [`${file.path}: opens with ${prose} lines of prose: say in one to fifteen lines what the idea is, what it promises, and what never happens`]
})

export const lengths: Rule = (tree) => tree.filter((file) => isProduct(file) && !isGenerated(file.path)).flatMap((file) => {
  const lines = file.text.trimEnd().split('\n').length
  return [
    ...(lines > MOST_LINES ? [`${file.path}: ${lines} lines (limit ${MOST_LINES}): take a part with a name of its own out`] : []),
    ...functionsOf(file.code).flatMap((it) => [
      ...(it.own > MOST_FUNCTION_LINES ? [`${file.path}:${it.line}: ${it.name} has ${it.own} lines (limit ${MOST_FUNCTION_LINES}): take a step with a name of its own out`] : []),
      ...(it.lines > MOST_CLOSURE_LINES ? [`${file.path}:${it.line}: ${it.name} has ${it.lines} lines with all the functions in it (limit ${MOST_CLOSURE_LINES}): it is several ideas`] : []),
    ]),
  ]
})

export const folders: Rule = (tree) => {
  const counts = new Map<string, number>()
  for (const file of tree.filter(isProduct)) {
    const folder = path.posix.dirname(file.path)
    if (!folder.startsWith('src/plugins')) counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return [...counts].filter(([, n]) => n > MOST_FILES).map(([folder, n]) => `${folder}: ${n} files (limit ${MOST_FILES}): some of them are one idea; give it a folder`)
}

export const names: Rule = (tree) => tree.flatMap((file) => {
  const parts = file.path.split('/')
  const base = (parts.pop() ?? '').replace(/\.ts$/, '')
  const last = base.split('.')[0]?.split('-').pop() ?? ''
  const declared = /^(?:export )?(?:default )?(?:async )?(?:function\*?|const|let|class|interface|type) ([A-Za-z_$][\w$]*)/gm
  return [
    ...parts.filter((folder) => BANNED_FOLDERS.includes(folder)).map((folder) => `${file.path}: a folder "${folder}" gathers what has no idea in common: name the idea`),
    ...(/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/.test(base) ? [] : [`${file.path}: file names are kebab-case nouns`]),
    ...(BANNED_WORDS.some((word) => word.toLowerCase() === last) ? [`${file.path}: "${last}" says nothing: name what it is`] : []),
    ...[...(isProduct(file) ? file.code : '').matchAll(declared)].flatMap((hit) => {
      const name = hit[1] ?? ''
      const word = /[A-Z]?[a-z0-9]+$/.exec(name)?.[0] ?? ''
      const bad = BANNED_WORDS.includes(word.charAt(0).toUpperCase() + word.slice(1)) || /^(do|process)[A-Z]/.test(name)
      return bad ? [`${file.path}:${lineOf(file.code, hit.index)}: "${name}" says nothing: name what it is or what it does`] : []
    }),
  ]
})

/** Imports go round in no circle, types included: whoever reads one file of a circle must read all of them. */
export const cycles: Rule = (tree) => {
  const next = new Map(tree.map((file) => [file.path, file.imports.filter(({ from }) => from.startsWith('.')).map(({ to }) => to)]))
  const done = new Set<string>()
  const found: string[] = []
  const walk = (at: string, way: readonly string[]): void => {
    const from = way.indexOf(at)
    if (from >= 0) {
      found.push(`${[...way.slice(from), at].join(' → ')}: a circle of imports: move what both need into a file that imports neither`)
      return
    }
    if (done.has(at)) return
    for (const to of next.get(at) ?? []) walk(to, [...way, at])
    done.add(at)
  }
  for (const file of tree) walk(file.path, [])
  return found
}

export const unfinished: Rule = (tree) => tree.filter((file) => !file.path.startsWith('test/tidy')).flatMap((file) => [
  ...[...file.text.matchAll(/\b(?:TODO|FIXME|XXX)\b/g)].map((hit) => `${file.path}:${lineOf(file.text, hit.index)}: ${hit[0]}: finish it, or leave it out and say so in the documents`),
  ...hits(file, /\b(?:test|it|describe|suite)\.(?:skip|todo|only)\b/g, (hit) => `${hit}: a test that does not run proves nothing; mend it or take it out`),
  ...hits(file, /\bskip: true\b|\btodo: true\b/g, (hit) => `${hit}: a test that does not run proves nothing; mend it or take it out`),
  ...[...file.text.matchAll(/@ts-(?:ignore|nocheck|expect-error)/g)].map((hit) => `${file.path}:${lineOf(file.text, hit.index)}: ${hit[0]}: give it its type`),
  ...hits(file, /(?::|\bas|<) ?any\b(?! of)/g, () => 'any: say what it is, or `unknown` and parse it').filter((line) => !allowedAny(file, line)),
])

/** One choke point: routes are data, each with its policy, and only the mount of them knows the router. */
export const mounts: Rule = (tree) => tree.filter((file) => isProduct(file) && file.path !== 'src/http/app.ts').flatMap((file) =>
  [...file.text.matchAll(/^import (?!type\b)[^\n]* from 'hono'/gm)].map((hit) => `${file.path}:${lineOf(file.text, hit.index)}: imports the router: add a row to the routes, which says who may call it`))

/** `any` stands where the linter was told why, on the line before. */
function allowedAny(file: Source, said: string): boolean {
  const line = Number(/:(\d+): /.exec(said)?.[1])
  return (file.text.split('\n')[line - 2] ?? '').includes('no-explicit-any --')
}

/** Every path that a text of the repository may not name: places of one machine, and talk about the work itself. */
export const ofThisProjectOnly = (at: string, text: string): string[] =>
  [...text.matchAll(/(?<![\w.~-])\/(?:work|root|home\/\w+)\/[\w.-]+|\bissue #?\d+\b/gi)]
    .map((hit) => `${at}:${lineOf(text, hit.index)}: "${hit[0]}": the repository speaks of the project only; use a path from its root, or say what is meant`)
