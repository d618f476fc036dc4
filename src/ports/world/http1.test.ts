import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fault, codeOf } from '../../core/fault.ts'
import { bodyOf, createReader, endOf, headersOf, take, type Reader } from './http1.ts'

const KIB = 1024

/** Feeds an answer in pieces of `size` bytes; the end of the connection comes after the last one. */
function read(answer: string | Buffer, { method = 'GET', most = 64 * KIB, size = Infinity, open = false } = {}): Reader {
  const bytes = Buffer.isBuffer(answer) ? answer : Buffer.from(answer, 'latin1')
  const reader = createReader(method, most)
  for (let at = 0; at < bytes.length; at += size) if (take(reader, bytes.subarray(at, Math.min(bytes.length, at + size)))) return reader
  if (!open) endOf(reader)
  return reader
}

const GOOD: readonly [what: string, answer: string, status: number, body: string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok', 200, 'ok'],
  ['more than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 smuggled\r\n\r\n', 200, 'ok'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1;name="v"\r\n!\r\n0\r\nTrailer: x\r\n\r\n', 200, 'ok!'],
  ['chunks, and a length that lies', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 200, 'ok'],
  ['gzip in chunks is not touched', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n\x1f\x8b\r\n0\r\n\r\n', 200, '\x1f\x8b'],
  ['until it closes', 'HTTP/1.0 200 OK\r\n\r\nok', 200, 'ok'],
  ['no headers, no reason', 'HTTP/1.1 404\r\n\r\n', 404, ''],
  ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 6\n\na\r\n\r\nb', 200, 'a\r\n\r\nb'],
  ['interim answers', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
  ['204 with a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nextra', 204, ''],
  ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 304, ''],
  ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nok', 200, 'ok'],
  ['NUL bytes in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\0\0\0', 200, '\0\0\0'],
  ['length 0', 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n', 503, ''],
]

test('answers are read the same in one piece, in two, and byte by byte', () => {
  for (const [what, answer, status, body] of GOOD) {
    const cuts = [Infinity, 1, 2, 7, ...Array.from({ length: answer.length }, (_, i) => i + 1)]
    for (const size of cuts) {
      const reader = read(answer, { size })
      assert.deepEqual([reader.status, bodyOf(reader).toString('latin1'), reader.truncated], [status, body, false], `${what}, by ${size}`)
    }
  }
})

test('headers come lower-cased, trimmed, the repeated ones joined; none of them is an object’s own', () => {
  const headers = headersOf(read('HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Y:\t z \r\nset-cookie: b=2\r\n__proto__: x\r\nEmpty:\r\n\r\n'))
  assert.deepEqual({ ...headers }, { 'set-cookie': 'a=1, b=2', 'x-y': 'z', ['__proto__']: 'x', empty: '' })
  assert.equal(headers['constructor'], undefined)
})

test('the answer to HEAD has no body, whatever it says', () => {
  assert.equal(bodyOf(read('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', { method: 'HEAD' })).length, 0)
})

const BAD: readonly [what: string, answer: string | Buffer, says: RegExp][] = [
  ['nothing', '', /without an answer/],
  ['HTTP/0.9', '<html>ok</html>', /not with HTTP\/1: “</],
  ['an SSH banner', 'SSH-2.0-OpenSSH_9.2\r\n', /not with HTTP\/1: “S/],
  ['an endless banner', Buffer.alloc(100_000, 'x'), /not with HTTP\/1/],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n', /not with HTTP\/1/],
  ['a status of 99', 'HTTP/1.1 099 Odd\r\n\r\n', /status line/],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', /status line/],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le', /middle of the headers/],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', /header that is none/],
  ['a colon in the next line', 'HTTP/1.1 200 OK\r\nnonsense\r\nA: b\r\n\r\n', /header that is none/],
  ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', /header that is none/],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok', /header that is none/],
  ['a NUL in a header', 'HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n', /header that is none/],
  ['a bare CR in a header', 'HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n', /header that is none/],
  ['a million headers', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(1_000_000)}`, /64 KiB of headers/],
  ['257 headers', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(257)}\r\n`, /more than 256 headers/],
  ['a line of 64 KiB', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(64 * KIB)}\r\n\r\n`, /64 KiB of headers/],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', /Content-Length/],
  ['a length of words', 'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n', /Content-Length/],
  ['a length beyond measure', `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(400)}\r\n\r\n`, /Content-Length/],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', /Content-Length/],
  ['less than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', /middle of the body, after 2 bytes/],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', /without a size/],
  ['a negative chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n', /without a size/],
  ['a chunk beyond measure', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n', /without a size/],
  ['a chunk longer than it said', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n', /longer than it said/],
  ['chunks that stop', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', /middle of the body/],
  ['a chunk extension without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(10_000)}`, /without an end/],
  ['trailers without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(20_000)}`, /64 KiB of trailers/],
  ['a flood of interim answers', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000), /interim answers/],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', /another protocol/],
]

test('W-5: malformed and endless answers are faults of the target, named, in whatever pieces they come', () => {
  for (const [what, answer, says] of BAD) {
    for (const size of answer.length > 10_000 ? [Infinity, 60_000, 1460] : [Infinity, 1, 5]) {
      assert.throws(
        () => read(answer, { size }),
        (cause: unknown) => cause instanceof Fault && codeOf(cause) === 'EPROTO' && says.test(cause.message) && cause.message.length < 256,
        `${what}, by ${size}`,
      )
    }
  }
})

test('what is not HTTP is shown, briefly and in printable form', () => {
  assert.throws(() => read('SSH-2.0-OpenSSH_9.2\r\n'), /not with HTTP\/1: “SSH-2.0-OpenSSH_9.2·?”/)
  assert.throws(() => read(`\u001b[31m${'x'.repeat(500)}`), /“·\[31mx{35}”/)
})

test('W-5: of an endless body as much is kept as was asked for, then the reader is done', () => {
  const head = 'HTTP/1.1 200 OK\r\n\r\n'
  for (const start of [head, 'HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n']) {
    const reader = createReader('GET', 1000)
    take(reader, Buffer.from(start))
    let fed = 0
    while (!take(reader, Buffer.alloc(100, 'x'))) fed += 100
    assert.deepEqual([fed, bodyOf(reader).length, reader.truncated], [1000, 1000, true])
  }
  const chunked = createReader('GET', 10)
  take(chunked, Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n'))
  assert.equal(take(chunked, Buffer.alloc(11)), true)
  assert.deepEqual([bodyOf(chunked).length, chunked.truncated], [10, true])
})

test('a body that fits exactly is not called truncated', () => {
  const reader = read('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', { most: 2 })
  assert.deepEqual([bodyOf(reader).toString(), reader.truncated], ['ok', false])
})

test('W-5: bytes that come one by one cost memory in proportion to what is kept', () => {
  const reader = createReader('GET', 64 * KIB)
  const byte = Buffer.from('a')
  take(reader, Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))
  for (let i = 0; i < 64 * KIB; i++) take(reader, byte)
  assert(reader.body.buffer.length <= 128 * KIB)
})

test('what was kept stays as it was when the buffer it came in is used again', () => {
  const chunk = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nA: b\r\n\r\nok')
  const reader = createReader('GET', 100)
  take(reader, chunk)
  chunk.fill(0)
  take(reader, Buffer.from('ok'))
  assert.deepEqual([bodyOf(reader).toString(), headersOf(reader)['a']], ['okok', 'b'])
})

test('any bytes at all either complete, wait, or are a Fault', () => {
  const start = fc.constantFrom('', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HTTP/1.1 200 OK\nContent-Length: 3\n\n')
  const piece = fc.oneof(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)), fc.constantFrom('\r\n', '\n', ':', '0\r\n\r\n', '5\r\n', 'HTTP/1.1 100\r\n\r\n').map((text) => Buffer.from(text)))
  fc.assert(
    fc.property(start, fc.array(piece, { maxLength: 20 }), (head, pieces) => {
      const reader = createReader('GET', 20)
      try {
        if (take(reader, Buffer.from(head))) return
        for (const one of pieces) if (take(reader, one)) return
        endOf(reader)
      } catch (cause) {
        assert(cause instanceof Fault, String(cause))
      }
    }),
    { numRuns: 2000 },
  )
})
