// Text of a procedure as people read it before they agree: on one line, and nothing in it hides. What a screen would not show, or would show in another
// order, is written as its number; what is too long to be read is cut, and the number of its bytes and their sum stand for the rest.
import { createHash } from 'node:crypto'

/** Words that a shell would read as one, and people too. */
const PLAIN = /^[\w@%+=:,./-]+$/
/** Signs that are no letters of ASCII and are not seen: controls, blanks of other widths, joiners, marks of direction, variation, tags. */
const HIDDEN = /[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]--[ ]]/gv

const escape = (sign: string): string => [...Array(sign.length).keys()].map((at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')

/** As it is where that is plain; else in quotes, with whatever cannot be seen as its number. `most`: so many signs of it are shown. */
export function spelled(text: string, most = 4000): string {
  const quoted = (part: string): string => JSON.stringify(part).replace(HIDDEN, escape)
  if (text.length <= most) return PLAIN.test(text) ? text : quoted(text)
  const bytes = Buffer.from(text)
  return `${quoted(text.slice(0, most))}… (${bytes.length} bytes in all, SHA-256 ${createHash('sha256').update(bytes).digest('hex')})`
}
