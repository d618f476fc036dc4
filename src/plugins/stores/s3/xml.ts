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

/** Reads a whole document whose outermost element is one of `roots`; throws a Fault where it is not, or is not whole. */
export function readXml(text: string, roots: readonly string[]): Element {
  let at = /^\ufeff?\s*(?:<\?xml[^>]*\?>)?\s*/.exec(text)?.[0].length ?? 0
  const open: { name: string; from: number; children: Element[] }[] = []
  for (;;) {
    TOKEN.lastIndex = at
    const tag = TOKEN.exec(text)
    if (!tag) throw unsound(`the answer is no whole XML (it breaks off, or is none, at character ${at} of ${text.length})`)
    const [whole, closes, name = '', , empty] = tag
    const after = at + whole.length
    let ended: Element | undefined
    if (closes === '/') {
      const it = open.pop()
      if (it?.name !== name) throw unsound(`the answer closes <${name}> where <${it?.name ?? 'nothing'}> is open`)
      ended = { name, text: it.children.length > 0 ? '' : textOf(text.slice(it.from, at)), children: it.children }
    } else if (empty === '/') ended = { name, text: '', children: [] }
    else {
      if (open.length >= MOST_DEPTH) throw unsound('the answer is nested too deeply')
      open.push({ name, from: after, children: [] })
    }
    at = after
    const parent = open.at(-1)
    if (ended && !parent) return rooted(ended, text.slice(at), roots)
    if (ended && parent) parent.children.push(ended)
    const next = text.indexOf('<', at)
    const between = text.slice(at, next < 0 ? text.length : next)
    // Text belongs to an element without children; anywhere else only white space stands.
    if (next < 0 || (between.trim() !== '' && (ended || text[next + 1] !== '/'))) throw unsound(`the answer is no whole XML (it breaks off, or is none, at character ${at} of ${text.length})`)
    at = next
  }
}

function rooted(root: Element, rest: string, roots: readonly string[]): Element {
  if (rest.trim() !== '') throw unsound('the answer goes on behind its end')
  if (!roots.includes(root.name)) throw unsound(`the answer is a <${root.name.slice(0, 40)}> where a <${roots[0] ?? ''}> belongs`)
  return root
}

function textOf(raw: string): string {
  return raw.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]{1,5}));|[&]/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined && NAMED[name] !== undefined) return NAMED[name]
    const point = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : -1
    if (point < 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw unsound(`the answer holds “${whole.slice(0, 12)}”, which is no character`)
    return String.fromCodePoint(point)
  })
}

/** The text of the one child of this name; `undefined` where there is none; a Fault where there are two. */
export function textIn(element: Element, name: string): string | undefined {
  const found = element.children.filter((child) => child.name === name)
  if (found.length > 1) throw unsound(`the answer says <${name}> twice`)
  return found[0]?.text
}
