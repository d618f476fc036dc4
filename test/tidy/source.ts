// A source file as the tidy rules see it: its code with comments, strings and regular expressions blanked out (same lengths,
// same lines), what it imports, and where its functions begin and end. A small reader of our own: it knows just enough of
// the language to count braces rightly, and needs no parser.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface Source {
  /** From the root, with slashes: `src/core/time.ts`. */
  readonly path: string
  readonly text: string
  /** The text with comments and the insides of strings blanked. */
  readonly code: string
  readonly imports: readonly Import[]
}

export interface Import {
  /** As written. */
  readonly from: string
  /** A path from the root for relative imports; the package or `node:` name otherwise. */
  readonly to: string
  readonly line: number
}

export interface Span {
  readonly name: string
  readonly line: number
  /** From its name to its last brace. */
  readonly lines: number
  /** The same without the insides of the functions in it, which count for themselves. */
  readonly own: number
}

/** All TypeScript files under the folders, sorted. */
export function readTree(root: string, folders: readonly string[]): Source[] {
  const found: Source[] = []
  for (const folder of folders) {
    for (const entry of readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
      const at = path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/')
      if (at.includes('node_modules/') || at.includes('/fixtures/')) continue
      found.push(sourceOf(at, readFileSync(path.join(root, at), 'utf8')))
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

export function sourceOf(at: string, text: string): Source {
  const code = blank(text)
  return { path: at, text, code, imports: importsOf(at, text, code) }
}

export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

function importsOf(at: string, text: string, code: string): Import[] {
  const found: Import[] = []
  // The keyword must stand in code, the name is read from the text: strings are blank in `code`.
  for (const hit of code.matchAll(/\b(?:from|import)\s*\(?\s*(['"])/g)) {
    const start = hit.index + hit[0].length
    const end = text.indexOf(hit[1] ?? "'", start)
    const from = text.slice(start, end)
    const to = from.startsWith('.') ? path.posix.normalize(path.posix.join(path.posix.dirname(at), from)) : from
    found.push({ from, to, line: lineOf(text, hit.index) })
  }
  return found
}

const WORD_BEFORE_REGEX = /\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do|yield|await|instanceof)$/

/** Blanks comments, and the insides of strings, templates and regular expressions; keeps every offset and line break. */
export function blank(text: string): string {
  const out = text.split('')
  const wipe = (from: number, to: number): void => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== '\n') out[i] = ' '
  }
  // What the innermost open brace belongs to: a block of code, or `${` of a template.
  const braces: ('code' | 'template')[] = []
  let before = ''
  let at = 0
  const template = (): void => {
    const start = at
    while (at < text.length) {
      if (text[at] === '\\') at += 2
      else if (text[at] === '`') {
        wipe(start, at)
        at++
        before = '`'
        return
      } else if (text[at] === '$' && text[at + 1] === '{') {
        wipe(start, at)
        braces.push('template')
        at += 2
        before = ''
        return
      } else at++
    }
  }
  while (at < text.length) {
    const c = text[at] ?? ''
    const two = text.slice(at, at + 2)
    if (two === '//' || two === '/*') {
      const end = two === '//' ? text.indexOf('\n', at) : text.indexOf('*/', at) + 2
      wipe(at, end <= 1 ? text.length : end)
      at = end <= 1 ? text.length : end
    } else if (c === "'" || c === '"') {
      const start = ++at
      while (at < text.length && text[at] !== c && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1
      wipe(start, at)
      at++
      before = c
    } else if (c === '`') {
      at++
      template()
    } else if (c === '/' && (!/[\w)\]}'"`]$/.test(before.trimEnd()) || WORD_BEFORE_REGEX.test(before.trimEnd()))) {
      at = regexEnd(text, at, wipe)
      before = '/x'
    } else if (c === '{' || c === '}') {
      at++
      before = c
      if (c === '{') braces.push('code')
      else if (braces.pop() === 'template') template()
    } else {
      before = (before + (/\s/.test(c) ? ' ' : c)).slice(-14)
      at++
    }
  }
  return out.join('')
}

function regexEnd(text: string, from: number, wipe: (from: number, to: number) => void): number {
  let at = from + 1
  let inClass = false
  while (at < text.length && text[at] !== '\n') {
    const c = text[at]
    if (c === '\\') at++
    else if (c === '[') inClass = true
    else if (c === ']') inClass = false
    else if (c === '/' && !inClass) break
    at++
  }
  wipe(from + 1, at)
  return at + 1
}

const OPENERS = /(?:\bfunction\b\s*\*?\s*([\w$]*)|\b(?:const|let)\s+([\w$]+)[^\n=]*=\s*(?:async\s*)?(?:<[^\n]*>)?\([^{}]*?=>|=>|^\s*(?:(?:async|get|set|static|readonly)\s+)*\*?([\w$]+)\s*(?:<[^\n]*?>)?\()/gm
const NOT_METHODS = new Set(['if', 'for', 'while', 'switch', 'catch', 'return', 'function', 'with', 'await', 'assert', 'super'])

/** Every function with a body in braces. */
export function functionsOf(code: string): Span[] {
  const found: { name: string; line: number; lines: number; start: number; end: number }[] = []
  for (const hit of code.matchAll(OPENERS)) {
    const method = hit[3]
    if (method !== undefined && NOT_METHODS.has(method)) continue
    const start = hit.index + (hit[0].length - hit[0].trimStart().length)
    const body = method === undefined && !hit[0].startsWith('function') ? arrowBody(code, hit.index + hit[0].length) : namedBody(code, hit.index + hit[0].length - (method === undefined ? 0 : 1))
    if (body === undefined) continue
    const end = closing(code, body)
    const line = lineOf(code, start)
    found.push({ name: hit[1] || hit[2] || method || 'the arrow function', line, lines: lineOf(code, end) - line + 1, start: body, end })
  }
  return found.map(({ name, line, lines, start, end }) => {
    const inside = found.filter((it) => it.start > start && it.end < end)
    const direct = inside.filter((it) => !inside.some((other) => other.start < it.start && other.end > it.end))
    return { name, line, lines, own: lines - direct.reduce((sum, it) => sum + Math.max(0, it.lines - 2), 0) }
  })
}

const arrowBody = (code: string, from: number): number | undefined => {
  const next = /^\s*\{/.exec(code.slice(from))
  return next ? from + next[0].length - 1 : undefined
}

/** Behind the parameters and the return type stands the body, or this was a call or a signature. */
function namedBody(code: string, from: number): number | undefined {
  const open = code.indexOf('(', from)
  if (open < 0) return undefined
  const after = closing(code, open) + 1
  const rest = code.slice(after, after + 600)
  const type = /^\s*(?::(?:[^{}\n;=]|\{[^{}\n]*\}|=>)*?)?\s*\{(?=\s*\n|[^\n]*\}\s*$)/m.exec(rest)
  return type && type.index === 0 ? after + type[0].length - 1 : undefined
}

/** The offset of the bracket that closes the one at `open`. */
function closing(code: string, open: number): number {
  let depth = 0
  for (let at = open; at < code.length; at++) {
    const c = code[at]
    if (c === '(' || c === '[' || c === '{') depth++
    else if (c === ')' || c === ']' || c === '}') {
      depth--
      if (depth === 0) return at
    }
  }
  return code.length
}
