// Bodies from outside. Every byte is counted before anything is parsed; compressed bodies are refused, since nobody knows how
// large they become; text must be UTF-8. What was read is a plain JSON value: `__proto__` is a key like any other in it, and
// strict schemas refuse it.

export type Body =
  | { readonly is: 'read'; readonly bytes: Buffer }
  /** More than `most` came; only in `readStart` are the first bytes of use. */
  | { readonly is: 'too-large'; readonly most: number }
  | { readonly is: 'encoded'; readonly says: string }
  | { readonly is: 'cut'; readonly says: string }

const EMPTY = Buffer.alloc(0)

async function gather(request: Request, most: number): Promise<{ bytes: Buffer; over: boolean }> {
  if (request.body === null) return { bytes: EMPTY, over: false }
  const stream: ReadableStream<Uint8Array> = request.body
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { bytes: Buffer.concat(chunks, size), over: false }
    if (size + value.length > most) {
      chunks.push(value.subarray(0, most - size))
      // The rest is not read: whoever answers closes the connection. Not awaited: a sender may never end.
      void reader.cancel().catch(() => undefined)
      return { bytes: Buffer.concat(chunks, most), over: true }
    }
    chunks.push(value)
    size += value.length
  }
}

const encoded = (request: Request): Body | undefined => {
  const encoding = request.headers.get('content-encoding')
  if (encoding === null || encoding === '' || encoding.toLowerCase() === 'identity') return undefined
  return { is: 'encoded', says: `A body with content-encoding "${encoding.slice(0, 40)}" is not taken: send it uncompressed.` }
}

/** Reads a whole body of at most `most` bytes. */
export async function readBody(request: Request, most: number): Promise<Body> {
  const refused = encoded(request)
  if (refused) return refused
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > most) return { is: 'too-large', most }
  try {
    // Node reads no byte more than was declared; without a stream for so few a body costs half.
    if (declared !== null) return { is: 'read', bytes: Buffer.from(await request.arrayBuffer()) }
    const { bytes, over } = await gather(request, most)
    return over ? { is: 'too-large', most } : { is: 'read', bytes }
  } catch {
    return { is: 'cut', says: 'The body ended before it was complete.' }
  }
}

/** Reads the first `most` bytes and leaves the rest unread; `whole` says whether there was a rest. */
export async function readStart(request: Request, most: number): Promise<{ readonly bytes: Buffer; readonly whole: boolean }> {
  if (encoded(request)) return { bytes: EMPTY, whole: false }
  try {
    const { bytes, over } = await gather(request, most)
    return { bytes, whole: !over }
  } catch {
    return { bytes: EMPTY, whole: false }
  }
}

export type Json = { readonly is: 'json'; readonly value: unknown } | { readonly is: 'bad'; readonly says: string }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads JSON; `bad` says what was wrong without repeating the body. */
export function parseJson(bytes: Buffer): Json {
  if (bytes.length === 0) return { is: 'bad', says: 'The body is empty; a JSON object was expected.' }
  let written: string
  try {
    written = utf8.decode(bytes)
  } catch {
    return { is: 'bad', says: 'The body is not valid UTF-8.' }
  }
  try {
    return { is: 'json', value: JSON.parse(written) as unknown }
  } catch (cause) {
    const at = /position (\d+)/.exec((cause as Error).message)?.[1]
    return { is: 'bad', says: at === undefined ? 'The body is not valid JSON.' : `The body is not valid JSON (at character ${at}).` }
  }
}

/** Text of people as it may be stored and shown: whole code points, no control characters besides line breaks and tabs. */
export const cleanText = (written: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  written.toWellFormed().replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '').trim()

/** The same on one line: names and titles. */
export const cleanLine = (written: string): string => cleanText(written).replace(/\s+/g, ' ')
