// A small reader of HTTP/1.1 answers (RFC 9112), made for looking: one answer per connection, few allocations, everything
// bounded. It keeps at most 64 KiB and 256 lines of headers and as much of the body as was asked for; what is beyond is
// not read. It never decompresses, never guesses what a malformed answer may have meant, and does no input or output itself.
import { coded } from '../../core/fault.ts'

/** An answer that is being read. Fields below the line are the reader's own. */
export interface Reader {
  status: number
  /** There was more body than was kept. */
  truncated: boolean

  step: Step
  head: string
  readonly bodyless: boolean
  readonly most: number
  readonly body: Bytes
  readonly held: Bytes
  left: number
  skipped: number
}

type Step = 'head' | 'sized' | 'open' | 'chunk size' | 'chunk' | 'chunk end' | 'trailers' | 'done'

interface Bytes {
  buffer: Buffer
  length: number
}

export const MOST_HEAD = 64 * 1024
const MOST_LINES = 256
const MOST_SKIPPED = 16
const EMPTY = Buffer.alloc(0)

/** A reader for the answer to one request; at most `most` bytes of the body are kept. */
export const createReader = (method: string, most: number): Reader => ({
  status: 0,
  truncated: false,
  step: 'head',
  head: '',
  bodyless: method === 'HEAD',
  most,
  body: { buffer: EMPTY, length: 0 },
  held: { buffer: EMPTY, length: 0 },
  left: 0,
  skipped: 0,
})

/** Takes what arrived; true when the answer is complete, or as complete as was asked for. Throws a Fault (EPROTO) when it is malformed. */
export function take(reader: Reader, chunk: Buffer): boolean {
  let at = 0
  while (at < chunk.length && reader.step !== 'done') at = STEPS[reader.step](reader, chunk, at)
  return reader.step === 'done'
}

/** The other side closed: that completes an answer of open length and breaks every other one. */
export function endOf(reader: Reader): void {
  if (reader.step === 'done') return
  if (reader.step === 'open') reader.step = 'done'
  else if (reader.step === 'head') throw broken(reader.held.length === 0 ? 'closed the connection without an answer' : 'closed the connection in the middle of the headers')
  else throw broken(`closed the connection in the middle of the body, after ${reader.body.length} bytes`)
}

/** The kept part of the body. */
export const bodyOf = ({ body: { buffer, length } }: Reader): Buffer => (buffer.length === length ? buffer : buffer.subarray(0, length))

const broken = (says: string): Error => coded('EPROTO', says)
const malformed = (what: string): Error => broken(`answered with malformed HTTP: ${what}`)

const STEPS: Record<Exclude<Step, 'done'>, (reader: Reader, chunk: Buffer, at: number) => number> = {
  head: readHead,
  sized: readSized,
  open(reader, chunk, at) {
    keep(reader, chunk, at, chunk.length)
    return chunk.length
  },
  'chunk size': readChunkSize,
  chunk: readChunk,
  'chunk end': readChunkEnd,
  trailers: readTrailers,
}

function readHead(reader: Reader, chunk: Buffer, at: number): number {
  const { held } = reader
  if (held.length === 0) {
    const end = endOfHead(chunk, at, at)
    if (end > 0 && end - at <= MOST_HEAD) {
      parseHead(reader, chunk.toString('latin1', at, end))
      return end
    }
  }
  const before = held.length
  append(held, chunk, at, chunk.length)
  const all = held.buffer.subarray(0, held.length)
  const end = endOfHead(all, 0, Math.max(0, before - 3))
  if (!'HTTP/1.'.startsWith(all.toString('latin1', 0, Math.min(7, all.length)))) throw notHttp(all)
  if (end > MOST_HEAD || (end < 0 && held.length > MOST_HEAD)) throw broken(`answered with more than ${MOST_HEAD / 1024} KiB of headers`)
  if (end < 0) return chunk.length
  const text = all.toString('latin1', 0, end)
  held.length = 0
  parseHead(reader, text)
  return chunk.length - (all.length - end)
}

/** The end of the blank line that closes the headers, or −1. Whoever ends the first line with a bare LF does so throughout. */
function endOfHead(bytes: Buffer, from: number, scanned: number): number {
  const first = bytes.indexOf(10, from)
  if (first < 0) return -1
  const separator = first > from && bytes[first - 1] === 13 ? '\r\n\r\n' : '\n\n'
  const end = bytes.indexOf(separator, Math.max(scanned, from), 'latin1')
  return end < 0 ? -1 : end + separator.length
}

const STATUS_LINE = /HTTP\/1\.[01] [1-9][0-9][0-9](?: [^\r\n]*)?\r?\n/y
/** Header lines, then the blank one. A CR alone or a NUL would make one header two for some readers. */
// oxlint-disable-next-line no-control-regex -- these characters are what is looked for
const LINES = /(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\u0000]*\r?\n)*\r?\n/y

function parseHead(reader: Reader, text: string): void {
  STATUS_LINE.lastIndex = 0
  if (!STATUS_LINE.test(text)) throw text.startsWith('HTTP/1.') ? malformed('a status line that is none') : notHttp(Buffer.from(text.slice(0, 64), 'latin1'))
  const at = (LINES.lastIndex = STATUS_LINE.lastIndex)
  if (!LINES.test(text) || LINES.lastIndex !== text.length) throw malformed('a header that is none')
  reader.status = Number(text.slice(9, 12))
  reader.head = text.slice(at)
  reader.step = stepAfterHead(reader)
}

/** The headers of an answer: names lower-cased, a repeated one joined with ", ". */
export function headersOf(reader: Reader): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>
  for (const line of reader.head.split('\n')) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return headers
}

function stepAfterHead(reader: Reader): Step {
  const { status, head } = reader
  // A line has three characters at least, so most heads need no counting.
  if (head.length > MOST_LINES * 3 && countLines(head) > MOST_LINES) throw broken(`answered with more than ${MOST_LINES} headers`)
  if (status < 200) {
    if (status === 101) throw malformed('it changed to another protocol, which nobody asked for')
    if (++reader.skipped > MOST_SKIPPED) throw broken(`answered with more than ${MOST_SKIPPED} interim answers`)
    return 'head'
  }
  return reader.bodyless || status === 204 || status === 304 ? 'done' : framing(reader)
}

const FRAMING = /(?:^|\n)(?:content-length|(transfer-encoding)):([^\r\n]*)/gi

/** How long the body is (RFC 9112, 6.3): chunks over a length, one length however often it is said, else until the end. */
function framing(reader: Reader): Step {
  let coding: string | undefined
  let length: string | undefined
  FRAMING.lastIndex = 0
  for (let match = FRAMING.exec(reader.head); match; match = FRAMING.exec(reader.head)) {
    const value = (match[2] ?? '').trim()
    if (match[1] !== undefined) coding = value
    else if (!/^[0-9]{1,15}$/.test(value) || (length !== undefined && length !== value)) throw malformed('a Content-Length that is none')
    else length = value
  }
  if (coding !== undefined) return /(^|,)\s*chunked$/i.test(coding) ? 'chunk size' : 'open'
  if (length === undefined) return 'open'
  reader.left = Number(length)
  return reader.left === 0 ? 'done' : 'sized'
}

function countLines(head: string): number {
  let lines = -1
  for (let at = head.indexOf('\n'); at >= 0; at = head.indexOf('\n', at + 1)) lines++
  return lines
}

function readSized(reader: Reader, chunk: Buffer, at: number): number {
  const end = Math.min(chunk.length, at + reader.left)
  reader.left -= end - at
  keep(reader, chunk, at, end)
  if (reader.left === 0) reader.step = 'done'
  return end
}

function readChunk(reader: Reader, chunk: Buffer, at: number): number {
  const end = Math.min(chunk.length, at + reader.left)
  reader.left -= end - at
  keep(reader, chunk, at, end)
  if (reader.left === 0 && reader.step === 'chunk') reader.step = 'chunk end'
  return end
}

function readChunkSize(reader: Reader, chunk: Buffer, at: number): number {
  return readLine(reader, chunk, at, (line) => {
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line)?.[1]
    if (size === undefined) throw malformed('a chunk without a size')
    reader.left = Number.parseInt(size, 16)
    reader.step = reader.left === 0 ? 'trailers' : 'chunk'
  })
}

function readChunkEnd(reader: Reader, chunk: Buffer, at: number): number {
  return readLine(reader, chunk, at, (line) => {
    if (line !== '') throw malformed('a chunk that is longer than it said')
    reader.step = 'chunk size'
  })
}

function readTrailers(reader: Reader, chunk: Buffer, at: number): number {
  return readLine(reader, chunk, at, (line) => {
    reader.left += line.length + 1
    if (reader.left > MOST_HEAD) throw broken(`answered with more than ${MOST_HEAD / 1024} KiB of trailers`)
    if (line === '') reader.step = 'done'
  })
}

const MOST_LINE = 4096

/** Collects one line, without its end, however many pieces it comes in. */
function readLine(reader: Reader, chunk: Buffer, at: number, use: (line: string) => void): number {
  const { held } = reader
  const lf = chunk.indexOf(10, at)
  append(held, chunk, at, lf < 0 ? chunk.length : lf)
  if (held.length > MOST_LINE) throw malformed('a line without an end')
  if (lf < 0) return chunk.length
  const line = held.buffer.toString('latin1', 0, held.length)
  held.length = 0
  use(line.endsWith('\r') ? line.slice(0, -1) : line)
  return lf + 1
}

/** Keeps a piece of the body. When there is no room for all of it, that is as much as was asked for. */
function keep(reader: Reader, chunk: Buffer, from: number, to: number): void {
  const room = reader.most - reader.body.length
  append(reader.body, chunk, from, Math.min(to, from + room))
  if (to - from <= room) return
  reader.truncated = true
  reader.step = 'done'
}

/** Copies: the chunk lies in a buffer that is used again. Grows by doubling, so that bytes which come one by one stay cheap. */
function append(bytes: Bytes, chunk: Buffer, from: number, to: number): void {
  const size = to - from
  if (size <= 0) return
  const needed = bytes.length + size
  if (needed > bytes.buffer.length) {
    const larger = Buffer.allocUnsafe(bytes.length === 0 ? needed : Math.max(256, needed, bytes.buffer.length * 2))
    bytes.buffer.copy(larger, 0, 0, bytes.length)
    bytes.buffer = larger
  }
  chunk.copy(bytes.buffer, bytes.length, from, to)
  bytes.length = needed
}

function notHttp(start: Buffer): Error {
  const shown = start.toString('latin1', 0, Math.min(40, start.length)).replace(/[^\x20-\x7e]+/g, '·').trim()
  return broken(`answered, but not with HTTP/1: “${shown}”`)
}
