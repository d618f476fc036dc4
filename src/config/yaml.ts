// YAML with positions: a text becomes a tree of spots, each with its plain value and the place where it stands, so that every
// later finding can point at a character. What YAML allows and a configuration must not contain ends here: duplicate names,
// tabs as indentation, anchors that multiply without bound, custom tags, nesting without end, `__proto__`. The cost is bounded
// by the size of the text (the reader of files refuses more than 1 MiB) and by the limits below; nothing here throws.
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair, type YAMLMap } from 'yaml'

export interface Source {
  /** As people know it: `holdfast.yaml`, `conf.d/web.yaml`, `command line`. */
  readonly name: string
  readonly text: string
  readonly lines: LineCounter
  /** The file is one runbook, of this name. */
  readonly runbook?: string
}

/** A range of characters in a source. */
export interface Mark {
  readonly source: Source
  /** -1: no place in the text. An `end` before `start`: the whole file, whose beginning stands for it. */
  readonly start: number
  readonly end: number
}

export interface Spot {
  /** The name under which it stands, when it stands in a map. */
  readonly key: Mark | undefined
  readonly mark: Mark
  /** The plain value: null, boolean, number, string, array or object. */
  readonly value: unknown
  /** What is below it: by name in maps, by position in lists. */
  readonly below: ReadonlyMap<string | number, Spot> | undefined
}

export type Path = readonly (string | number)[]
/** A help that costs a search is only looked for when it is shown. */
export type Help = string | undefined | (() => string | undefined)
export type Report = (code: string, mark: Mark, path: Path, says: string, help?: Help) => undefined

const MOST_VALUES = 200_000
const DEEPEST = 40
const MOST_SYNTAX_ERRORS = 20

export function sourceOf(name: string, text: string): Source {
  // The same rule as YAML's own lexer: a line ends at its line feed.
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
  return { name, text, lines }
}

/** The tree of a source; `undefined` when it is so broken that looking further would only multiply complaints. */
export function parseSource(source: Source, report: Report): Spot | undefined {
  let document = parse(source.text)
  const tabs = document.errors.filter(({ code }) => code === 'TAB_AS_INDENT')
  if (tabs.length > 0) {
    for (const { pos } of tabs.slice(0, MOST_SYNTAX_ERRORS)) {
      report('HF102', { source, start: pos[0], end: pos[1] }, [], 'a tab cannot indent a line in YAML', 'use spaces')
    }
    // Read on as if they were blanks, so that one tab does not hide what else is wrong, and is not told twice.
    document = parse(source.text.replace(/^[ \t]+/gm, (indent) => indent.replaceAll('\t', ' ')))
    if (document.errors.some(({ code }) => SYNTAX[code]?.[2] !== true)) return undefined
  }
  if (!sound(document, source, report)) return undefined
  const walk: Walk = { source, report, left: MOST_VALUES, open: new Set(), anchors: new Map(), repeating: 0, full: false }
  if (document.contents === null) return { key: undefined, mark: { source, start: 0, end: 0 }, value: null, below: undefined }
  return spotOf(document.contents, undefined, [], walk)
}

// Duplicates are looked for below: the library's own search takes minutes on a hostile file.
const parse = (text: string): Document => parseDocument(text, { uniqueKeys: false, merge: true, prettyErrors: false, logLevel: 'error', strict: true })

/** What the parser complains of, in our words; false when the shape of what follows cannot be trusted. */
function sound(document: Document, source: Source, report: Report): boolean {
  let usable = true
  let lastLine = 0
  let told = 0
  for (const fault of [...document.errors, ...document.warnings]) {
    const [says, help, local] = SYNTAX[fault.code] ?? [plainMessage(fault.message), undefined, false]
    usable &&= local ?? false
    const line = source.lines.linePos(fault.pos[0]).line
    // One slip makes the parser stumble several times on the same line.
    if (line === lastLine || told >= MOST_SYNTAX_ERRORS) continue
    lastLine = line
    told++
    report(fault.code === 'RESOURCE_EXHAUSTION' ? 'HF108' : 'HF102', { source, start: fault.pos[0], end: fault.pos[1] }, [], says, help)
    if (fault.code === 'RESOURCE_EXHAUSTION') return false
  }
  return usable
}

/** Says, help, and whether the rest of the file can still be judged. */
const SYNTAX: Record<string, [string, string | undefined, boolean]> = {
  BAD_SCALAR_START: ['a value cannot begin with this character', 'put the value in quotes', true],
  BAD_DQ_ESCAPE: ['this is no escape that YAML knows', 'write \\\\ for a backslash, or use single quotes', true],
  TAG_RESOLVE_FAILED: ['tags such as !name are not read', 'leave the tag out', true],
  MISSING_CHAR: ['a quote, comma or bracket is missing here or before', 'look for what was opened and not closed', false],
  BAD_INDENT: ['this line is not indented as what it belongs to', 'give lines that belong together the same indentation; close every { and [', false],
  BLOCK_AS_IMPLICIT_KEY: ['two “name: value” stand on one line', 'put the value in quotes if it contains “: ”, or begin a new line', false],
  MULTILINE_IMPLICIT_KEY: ['this is neither “name: value” nor part of the line before', 'is a “:” missing after the name?', false],
  MULTIPLE_DOCS: ['a second document begins here (“---”)', 'a configuration is one document; use conf.d/*.yaml for several files', false],
  RESOURCE_EXHAUSTION: ['the file is nested too deeply', `nothing here needs more than ${DEEPEST} levels`, false],
  UNEXPECTED_TOKEN: ['this was not expected here', 'look for a bracket or quote too many on this line or the one before', false],
}

const plainMessage = (text: string): string => (text.split('\n')[0] ?? text).slice(0, 160).replace(/^./, (c) => c.toLowerCase())

interface Walk {
  readonly source: Source
  readonly report: Report
  /** How many values may still come: aliases multiply. */
  left: number
  /** Collections being walked: an alias to one of them never ends. */
  readonly open: Set<unknown>
  /** What was given a name with “&” so far; the library's own search reads the whole file for each alias. */
  readonly anchors: Map<string, unknown>
  /** How many aliases deep: what is repeated names nothing anew. */
  repeating: number
  full: boolean
}

function spotOf(node: unknown, key: Mark | undefined, path: Path, walk: Walk): Spot {
  const mark = markOf(node, walk) ?? (key ? { ...key, start: key.end } : { source: walk.source, start: 0, end: 0 })
  const leaf = (value: unknown): Spot => ({ key, mark, value, below: undefined })
  if (walk.full) return leaf(null)
  if (--walk.left < 0 || path.length > DEEPEST) {
    walk.full = true
    const why = path.length > DEEPEST ? `nests more than ${DEEPEST} levels` : `expands to more than ${MOST_VALUES.toLocaleString('en')} values`
    walk.report('HF108', mark, path, `the file ${why}`, 'write repeated parts out instead of nesting anchors (&) and aliases (*)')
    return leaf(null)
  }
  if (isAlias(node)) {
    const meant = walk.anchors.get(node.source)
    if (meant === undefined || walk.open.has(meant)) {
      const says = meant === undefined ? `nothing is called “&${node.source}” before this place` : `“*${node.source}” stands inside what it repeats`
      walk.report('HF102', mark, path, says, 'name it with & first; a text that begins with * needs quotes')
      return leaf(null)
    }
    walk.repeating++
    const spot = spotOf(meant, key, path, walk)
    walk.repeating--
    return spot
  }
  if (isNode(node) && node.anchor !== undefined && walk.repeating === 0) walk.anchors.set(node.anchor, node)
  if (isScalar(node)) return leaf(scalarOf(node.value, mark, path, walk))
  if (!isMap(node) && !isSeq(node)) return leaf(null)
  walk.open.add(node)
  const below = new Map<string | number, Spot>()
  if (isMap(node)) readPairs(node, below, path, walk)
  else for (const [at, item] of node.items.entries()) below.set(at, spotOf(item, undefined, [...path, at], walk))
  walk.open.delete(node)
  return { key, mark, value: plainOf(below, isMap(node)), below }
}

function scalarOf(value: unknown, mark: Mark, path: Path, walk: Walk): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    walk.report('HF104', mark, path, 'this is not a number that can be counted with', 'write a finite number')
    return 0
  }
  return typeof value === 'bigint' ? Number(value) : (value ?? null)
}

function readPairs(map: YAMLMap, below: Map<string | number, Spot>, path: Path, walk: Walk): void {
  const merged: Pair[] = []
  for (const pair of map.items) {
    if (isScalar(pair.key) && pair.key.source === '<<' && pair.key.type === 'PLAIN') merged.push(pair)
    else readPair(pair, below, path, walk)
  }
  for (const pair of merged) mergeInto(pair.value, below, path, walk)
}

function readPair(pair: Pair, below: Map<string | number, Spot>, path: Path, walk: Walk): void {
  const key = markOf(pair.key, walk) ?? { source: walk.source, start: 0, end: 0 }
  const name = isScalar(pair.key) ? pair.key.value : undefined
  if (typeof name !== 'string') {
    const written = walk.source.text.slice(key.start, Math.min(key.end, key.start + 40))
    const what = name === null || name === undefined ? 'nothing, a list or a map' : `a ${typeof name}`
    walk.report('HF107', key, path, `“${written}” cannot be a name: YAML reads it as ${what}`, 'begin names with a letter, or put them in quotes')
    return
  }
  if (name === '__proto__') {
    walk.report('HF107', key, path, `“${name}” cannot be a name`, 'choose another name')
    return
  }
  const first = below.get(name)
  if (first) {
    const line = first.key ? first.key.source.lines.linePos(first.key.start).line : 0
    walk.report('HF103', key, [...path, name], `“${name}” stands twice${path.length > 0 ? ` in ${path.join('.')}` : ''}`, `the first one is in line ${line}; remove or rename one of them`)
    return
  }
  below.set(name, spotOf(pair.value, key, [...path, name], walk))
}

/** `<<: *defaults`: what the map itself does not say comes from there. */
function mergeInto(from: unknown, below: Map<string | number, Spot>, path: Path, walk: Walk): void {
  for (const part of isSeq(from) ? from.items : [from]) {
    const spot = spotOf(part, undefined, path, walk)
    if (!spot.below || Array.isArray(spot.value)) {
      if (!walk.full) walk.report('HF104', spot.mark, path, '“<<” repeats settings of a map, and this is none', 'write <<: *name, where name is an anchor of a map')
      continue
    }
    for (const [name, inner] of spot.below) if (!below.has(name)) below.set(name, inner)
  }
}

function markOf(node: unknown, walk: Walk): Mark | undefined {
  const range = isNode(node) ? node.range : undefined
  return range ? { source: walk.source, start: range[0], end: range[1] } : undefined
}

/** The plain value of what is below. */
export function plainOf(below: ReadonlyMap<string | number, Spot>, map: boolean): unknown {
  if (!map) return [...below.values()].map((spot) => spot.value)
  return Object.fromEntries([...below].map(([name, spot]) => [name, spot.value]))
}
