// The XML that S3 speaks: elements, texts, five entities and character references; no attributes that matter, no DTD, no CDATA. The
// reader is strict on purpose: a document that is cut off anywhere is no document, so half a page is never taken for a page.
import { unsound } from '../../../ports/store/listing.ts'

export interface Element {
  readonly name: string
  readonly text: string
  /** In the order of the document. */
  readonly children: readonly Element[]
}

const MOST_DEPTH = 12
const TOKEN = /<(\/?)([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const [LESS, SLASH, MORE] = [0x3c, 0x2f, 0x3e]
const NONE: readonly Element[] = []
/** So many names of children are remembered at each depth. */
const MOST_NAMES = 32

/** Bytes of the document that are a text at once. A text of a whole page would live among what is long remembered, and be tidied up seldom. */
const WINDOW = 32 * 1024

/** An element that is open. `names`: what the children of the one before it at this depth were called, in their order. */
interface Open {
  readonly name: string
  /** All that stands in it, where it has no children. */
  text: string
  readonly children: Element[]
  readonly names: (string | undefined)[]
  /** Children so far. */
  n: number
}

/**
 * Reads a whole document whose outermost element is one of `roots`; throws a Fault where it is not, or is not whole. `take` is given each child of the
 * outermost element as it ends, and the outermost's name; a child that it takes is not kept. What it took counts for nothing until this returns.
 */
export function readXml(document: string | Buffer, roots: readonly string[], take?: (child: Element, root: string) => boolean): Element {
  const bytes = typeof document === 'string' ? Buffer.from(document) : document
  let { text, to } = windowOf(bytes, 0)
  let at = /^\ufeff?\s*(?:<\?xml[^>]*\?>)?\s*/.exec(text)?.[0].length ?? 0
  const open: Open[] = []
  const names: (string | undefined)[][] = []
  for (;;) {
    readTag(text, at, open)
    let ended: Element | undefined
    if (tag.is === 'whole') ended = { name: tag.name, text: tag.text, children: NONE }
    else if (tag.is === 'closes') {
      const it = open.pop()
      if (it?.name !== tag.name) throw unsound(`the answer closes <${tag.name}> where <${it?.name ?? 'nothing'}> is open`)
      ended = { name: tag.name, text: it.n > 0 ? '' : textOf(it.text), children: it.children }
    } else open.push({ name: tag.name, text: '', children: [], names: names[open.length] ??= [], n: 0 })
    if (open.length > MOST_DEPTH) throw unsound('the answer is nested too deeply')
    at = tag.after
    const parent = open.at(-1)
    if (ended && !parent) return rooted(ended, text.slice(at) + bytes.toString('utf8', to), roots)
    if (ended && parent) {
      if (parent.n < MOST_NAMES) parent.names[parent.n] = ended.name
      parent.n++
      if (open.length > 1 || take?.(ended, parent.name) !== true) parent.children.push(ended)
    }
    if (text.charCodeAt(at) === LESS) continue
    let next = text.indexOf('<', at)
    const between = text.slice(at, next < 0 ? text.length : next)
    if (next < 0 && to < bytes.length) {
      ({ text, to } = windowOf(bytes, to))
      next = 0
    }
    const closes = next >= 0 && text.charCodeAt(next + 1) === SLASH
    // Text belongs to an element without children; anywhere else only white space stands.
    if (next < 0 || (between.trim() !== '' && (ended || !closes))) throw broken()
    if (!ended && closes && parent) parent.text = between
    at = next
  }
}

/** What begins at this byte, as a text that ends right before a tag, or with the document. */
function windowOf(bytes: Buffer, from: number): { readonly text: string; readonly to: number } {
  const tag = from + WINDOW >= bytes.length ? -1 : bytes.indexOf(LESS, from + WINDOW)
  const to = tag < 0 ? bytes.length : tag
  return { text: bytes.toString('utf8', from, to), to }
}

const broken = (): Error => unsound('the answer is no whole XML: it breaks off, or is none')

/** The tag that was read last, and where it ends; `whole`: an element without children, from its beginning to its end. One for all: a page has thousands. */
const tag: { is: 'opens' | 'closes' | 'whole'; name: string; text: string; after: number } = { is: 'opens', name: '', text: '', after: 0 }

function set(is: typeof tag.is, name: string, after: number, text = ''): void {
  tag.is = is
  tag.name = name
  tag.after = after
  tag.text = text
}

/** Reads the tag that stands there. In a listing it is nearly always the one that stood there in the entry before, and then one look is enough. */
function readTag(text: string, at: number, open: readonly Open[]): void {
  const parent = open.at(-1)
  const likely = parent && open.length < MOST_DEPTH ? (parent.names[parent.n] ?? parent.names[MOST_NAMES - 1]) : undefined
  if (likely !== undefined && opensAt(text, at, likely)) {
    const from = at + likely.length + 2
    const next = text.indexOf('<', from)
    return next > 0 && closesAt(text, next, likely) ? set('whole', likely, next + likely.length + 3, textOf(text.slice(from, next))) : set('opens', likely, from)
  }
  if (parent && closesAt(text, at, parent.name)) return set('closes', parent.name, at + parent.name.length + 3)
  TOKEN.lastIndex = at
  const found = TOKEN.exec(text)
  if (!found) throw broken()
  const [whole, closes, name = '', , empty] = found
  return set(closes === '/' ? 'closes' : empty === '/' ? 'whole' : 'opens', name, at + whole.length)
}

const opensAt = (text: string, at: number, name: string): boolean => text.charCodeAt(at) === LESS && text.startsWith(name, at + 1) && text.charCodeAt(at + 1 + name.length) === MORE
const closesAt = (text: string, at: number, name: string): boolean =>
  text.charCodeAt(at) === LESS && text.charCodeAt(at + 1) === SLASH && text.startsWith(name, at + 2) && text.charCodeAt(at + 2 + name.length) === MORE

function rooted(root: Element, rest: string, roots: readonly string[]): Element {
  if (rest.trim() !== '') throw unsound('the answer goes on behind its end')
  if (!roots.includes(root.name)) throw unsound(`the answer is a <${root.name.slice(0, 40)}> where a <${roots[0] ?? ''}> belongs`)
  return root
}

function textOf(raw: string): string {
  if (!raw.includes('&')) return raw
  return raw.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]{1,5}));|[&]/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined && NAMED[name] !== undefined) return NAMED[name]
    const point = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : -1
    if (point < 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw unsound(`the answer holds “${whole.slice(0, 12)}”, which is no character`)
    return String.fromCodePoint(point)
  })
}

/** The text of the one child of this name; `undefined` where there is none; a Fault where there are two. */
export function textIn({ children }: Element, name: string): string | undefined {
  let found: Element | undefined
  for (const child of children) {
    if (child.name !== name) continue
    if (found) throw unsound(`the answer says <${name}> twice`)
    found = child
  }
  return found?.text
}
