// Lines of JSON out of a stream: what ends a line is one byte, and nothing else is. Node's own reader of lines breaks them at U+2028 too, which stands
// unescaped in JSON; a key of one such letter would break a plan in two. Bounded: a line that does not end is a fault, not a memory that fills.
import { coded } from '../../../core/fault.ts'

/** Longer lines are none of ours: a key has 1,024 bytes, and what is said of it a few thousand. */
const LONGEST = 16 * 1024 * 1024
const END = 0x0a

/** The lines of UTF-8, without their ends; an empty rest is no line. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let held: Uint8Array[] = []
  let size = 0
  const whole = (last: Uint8Array): string => {
    const line = Buffer.concat([...held, last]).toString('utf8')
    held = []
    size = 0
    return line
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(END); end >= 0; end = chunk.indexOf(END, from)) {
      yield whole(chunk.subarray(from, end))
      from = end + 1
    }
    if (from === chunk.length) continue
    held.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > LONGEST) throw coded('ELINE', `a line is longer than ${LONGEST} bytes`, 'never')
  }
  if (size > 0) yield whole(new Uint8Array(0))
}
