import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { isOurs, isSilence, sentence } from '../../core/fault.ts'
import { makeCertificate, trust } from '../../ports/world/fixtures/certificate.ts'
import { answer, egressWith, failure, serve } from '../../ports/world/fixtures/loopback.ts'
import { lookOnce, problems } from '../../ports/world/fixtures/looks.ts'
import type { Egress } from '../../ports/world.ts'
import http from './http.ts'

const reply = (status: string, body = '', headers = ''): string => `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`
const at = (port: number, path = '/'): string => `http://127.0.0.1:${port}${path}`

/** A server that answers by path, and remembers what it was asked. */
async function site(t: TestContext, pages: Record<string, string>): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const port = await serve(t, (socket) => {
    let heard = ''
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
      if (!heard.includes('\r\n\r\n')) return
      asked.push(heard)
      socket.end(pages[heard.split(' ')[1] ?? ''] ?? reply('404 Not Found'))
    })
  })
  return { port, asked }
}

test('status, body and time are judged, and a failure is said in a few words', async (t) => {
  const { port } = await site(t, {
    '/ok': reply('200 OK', 'all is ok here'),
    '/201': reply('201 Created'),
    '/500': reply('500 Oops', 'ok'),
    '/301': reply('301 Moved', '', 'Location: /ok\r\n'),
  })
  const cases: [path: string, more: object, says: string | undefined][] = [
    ['/ok', {}, undefined],
    ['/201', {}, undefined],
    ['/500', {}, 'status 500 instead of 200'],
    ['/500', { expect: { status: 500 } }, undefined],
    ['/500', { expect: { status: [200, 204] } }, 'status 500 instead of 200 or 204'],
    ['/500', { expect: { status: [200, 201, 204] } }, 'status 500 instead of 200, 201 or 204'],
    ['/ok', { expect: { body: 'is ok' } }, undefined],
    ['/ok', { expect: { body: 'fine' } }, 'body does not contain “fine”'],
    ['/ok', { expect: { body: '€'.repeat(100) } }, `body does not contain “${'€'.repeat(59)}…”`],
    ['/ok', { expect: { faster_than: '10s' } }, undefined],
    ['/ok', { method: 'HEAD' }, undefined],
    ['/301', {}, undefined],
    ['/301', { redirects: 0 }, 'status 301 instead of 200'],
    ['/301', { expect: { status: 301 } }, undefined],
    ['/301', { expect: { status: [301, 200] } }, undefined],
  ]
  for (const [path, more, says] of cases) {
    const seen = await lookOnce(http, { http: at(port, path), ...more })
    assert.deepEqual([seen.is, seen.says], [says === undefined ? 'pass' : 'fail', says], `${path} ${JSON.stringify(more)}`)
    assert(seen.phases && seen.phases.total > 0 && seen.phases.firstByte !== undefined)
  }
})

test('C-12 a known file is known by its hash: one that is missing, another one, or one that is longer than what is read, is none', async (t) => {
  const known = 'customer 7: settings\n'
  const sha256 = createHash('sha256').update(known).digest('hex')
  const long = 'x'.repeat(1024 * 1024)
  const { port } = await site(t, { '/known': reply('200 OK', known), '/other': reply('200 OK', `${known}!`), '/empty': reply('200 OK'), '/whole': reply('200 OK', long), '/longer': reply('200 OK', `${long}y`) })
  const look = async (path: string, hash = sha256): Promise<[string, string | undefined]> => {
    const { is, says } = await lookOnce(http, { http: at(port, path), expect: { sha256: hash } })
    return [is, says]
  }
  const found = (body: string): string => createHash('sha256').update(body).digest('hex').slice(0, 12)
  assert.deepEqual(await look('/known'), ['pass', undefined])
  assert.deepEqual(await look('/known', sha256.toUpperCase()), ['pass', undefined])
  assert.deepEqual(await look('/other'), ['fail', `SHA-256 of the body is ${found(`${known}!`)}… instead of ${sha256.slice(0, 12)}…`])
  assert.deepEqual(await look('/empty'), ['fail', `SHA-256 of the body is ${found('')}… instead of ${sha256.slice(0, 12)}…`])
  assert.deepEqual(await look('/gone'), ['fail', 'status 404 instead of 200'])
  const hashOfLong = createHash('sha256').update(long).digest('hex')
  assert.deepEqual(await look('/whole', hashOfLong), ['pass', undefined], 'whatever fits is read to its end')
  assert.deepEqual(await look('/longer', hashOfLong), ['fail', 'the body is longer than 1 MiB: no SHA-256 is taken of it'], 'a part is not the whole')
})

test('an answer that takes longer than it may fails, with both times', async (t) => {
  const port = await serve(t, (socket) => socket.once('data', () => setTimeout(() => socket.end(reply('200 OK')), 60)))
  const seen = await lookOnce(http, { http: at(port), expect: { faster_than: '50ms' } })
  assert.equal(seen.is, 'fail')
  assert.match(seen.says ?? '', /^took \d+ ms, more than 50 ms$/)
})

test('a refusal, a reset, a broken answer and a name that does not exist fail, in words', async (t) => {
  const cases: [string, string | RegExp][] = [
    ['http://127.0.0.1:1/', 'refused the connection'],
    [at(await serve(t, (socket) => socket.end())), 'closed the connection without an answer'],
    [at(await serve(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'))), 'closed the connection in the middle of the body, after 4 bytes'],
    [at(await serve(t, (socket) => socket.end('SSH-2.0-x\r\n'))), /^answered, but not with HTTP\/1/],
    ['http://gone.example/', 'there is no host with the name “gone.example”'],
  ]
  for (const [url, says] of cases) {
    const seen = await lookOnce(http, { http: url })
    assert.equal(seen.is, 'fail', url)
    if (typeof says === 'string') assert.equal(seen.says, says)
    else assert.match(seen.says ?? '', says)
  }
})

test('silence is thrown, with the phase and the limit in its words; it is neither ours nor the target’s', async (t) => {
  const port = await serve(t, () => undefined)
  const cause = await failure(lookOnce(http, { http: at(port) }, { timeout: 900 }))
  assert.equal(sentence(cause), 'no first byte within 900 ms')
  assert.equal(isSilence(cause), true)
  const limited = await failure(lookOnce(http, { http: at(port), limits: { first_byte: '50ms' } }))
  assert.equal(sentence(limited), 'no first byte within 50 ms')
})

test('X-3: local faults are thrown, never failures', async () => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'EAI_AGAIN', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EPERM']) {
    const egress: Egress = { ...egressWith(), request: () => Promise.reject(Object.assign(new Error(code), { code })) }
    assert.equal(isOurs(await failure(lookOnce(http, { http: 'http://127.0.0.1:1/' }, { egress }))), true, code)
  }
})

test('redirects: loops, dead ends, other schemes and blocked places fail; a private place is not reached from a public one', async (t) => {
  const { port } = await site(t, {
    '/loop': reply('302 Found', '', 'Location: /loop\r\n'),
    '/file': reply('302 Found', '', 'Location: file:///etc/passwd\r\n'),
    '/user': reply('302 Found', '', 'Location: http://a:b@127.0.0.1/\r\n'),
    '/bad': reply('302 Found', '', 'Location: http://[::1/\r\n'),
    '/none': reply('302 Found'),
    '/meta': reply('302 Found', '', 'Location: http://169.254.169.254/latest/meta-data\r\n'),
    '/dead': reply('302 Found', '', 'Location: http://127.0.0.1:1/\r\n'),
    '/own': reply('302 Found', '', 'Location: http://127.0.0.1:7400/\r\n'),
  })
  const cases: [string, RegExp][] = [
    ['/loop', /^redirects more than 5 times$/],
    ['/file', /^redirects to where nobody may follow: “file:” is not http/],
    ['/user', /^redirects to where nobody may follow: an address carries no user name/],
    ['/bad', /^redirects to what is not an address$/],
    ['/none', /^status 302 instead of 200$/],
    ['/meta', /^redirects to where nobody may follow: 169\.254\.169\.254 is a link-local address/],
    ['/dead', /^redirects to 127\.0\.0\.1:1, which refused the connection$/],
    ['/own', /^redirects to where nobody may follow: .*own/],
  ]
  for (const [path, says] of cases) {
    const seen = await lookOnce(http, { http: at(port, path) }, { egress: egressWith({}, { ownPorts: [7400] }) })
    assert.equal(seen.is, 'fail', path)
    assert.match(seen.says ?? '', says)
  }
  assert.equal((await lookOnce(http, { http: at(port, '/loop'), redirects: 2 })).says, 'redirects more than 2 times')
})

test('the class of the first hop bounds every later one', async () => {
  const wants: unknown[] = []
  const fake: Egress = {
    ...egressWith(),
    request(want) {
      wants.push([want.url, want.notBeyond])
      const next = wants.length === 1 ? 'http://b.example/' : 'http://c.example/'
      return Promise.resolve({ status: wants.length < 3 ? 302 : 200, headers: { location: next }, body: Buffer.alloc(0), truncated: false, phases: { total: 1 }, addressClass: wants.length === 1 ? 'public' : 'private' })
    },
  }
  const seen = await lookOnce(http, { http: 'http://a.example/' }, { egress: fake })
  assert.deepEqual([seen.is, seen.phases?.total], ['pass', 3])
  assert.deepEqual(wants, [['http://a.example/', undefined], ['http://b.example/', 'public'], ['http://c.example/', 'public']])
})

test('headers and body go to their own origin and to no other; the method follows as browsers do it', async (t) => {
  const other = await site(t, { '/end': reply('200 OK') })
  const { port, asked } = await site(t, {
    '/same': reply('307 Temporary', '', 'Location: /end\r\n'),
    '/303': reply('303 See Other', '', 'Location: /end\r\n'),
    '/302': reply('302 Found', '', 'Location: /end\r\n'),
    '/away': reply('307 Temporary', '', `Location: http://127.0.0.1:${other.port}/end\r\n`),
    '/end': reply('200 OK'),
  })
  const settings = { method: 'POST', headers: { Authorization: 'Bearer secret' }, body: 'payload' }
  for (const path of ['/same', '/303', '/302', '/away']) assert.equal((await lookOnce(http, { http: at(port, path), ...settings })).is, 'pass', path)
  const ends = asked.filter((text) => text.includes(' /end '))
  assert.match(ends[0] ?? '', /^POST [^]*Authorization: Bearer secret[^]*payload$/)
  for (const text of ends.slice(1)) assert.match(text, /^GET [^]*Authorization: Bearer secret[^]*\r\n\r\n$/)
  assert.match(other.asked[0] ?? '', /^GET /)
  assert.doesNotMatch(other.asked[0] ?? '', /secret|payload/)
})

test('certificates: days left are told, too few fail, and one that does not hold fails', async (t) => {
  const authority = makeCertificate({ common: 'Test authority' })
  trust(authority)
  const leaf = (days: number): { cert: string; key: string } =>
    makeCertificate({ names: ['127.0.0.1'], issuer: authority, to: new Date(Date.now() + (days + 0.5) * 86_400_000), from: new Date(Date.now() - 5 * 86_400_000) })
  const look = async (days: number, more: object): Promise<[string, string | undefined, number | undefined]> => {
    const port = await serve(t, answer(reply('200 OK')), leaf(days))
    const seen = await lookOnce(http, { http: `https://127.0.0.1:${port}/`, ...more })
    return [seen.is, seen.says, seen.certDaysLeft]
  }
  assert.deepEqual(await look(20, { expect: { cert_days_left: 14 } }), ['pass', undefined, 20])
  assert.deepEqual(await look(3, { expect: { cert_days_left: 14 } }), ['fail', 'certificate ends in 3 days (limit 14)', 3])
  assert.deepEqual(await look(1, { expect: { cert_days_left: 2 } }), ['fail', 'certificate ends in 1 day (limit 2)', 1])
  assert.deepEqual(await look(3, {}), ['pass', undefined, 3])
  const [is, says] = await look(-3, {})
  assert.deepEqual([is, says?.startsWith('certificate ended 2 d')], ['fail', true])
  assert.equal((await look(-3, { verify_tls: false }))[0], 'pass')
})

test('settings that cannot mean anything are refused, each with its reason', () => {
  const cases: [object, RegExp][] = [
    [{ http: 'file:///etc/passwd' }, /^http: “file:” is not http/],
    [{ http: 'http://a:b@c/' }, /^http: .*no user name/],
    [{ http: 'http://c/', expect: { status: 99 } }, /^expect\.status: /],
    [{ http: 'http://c/', expect: { status: [] } }, /^expect\.status: /],
    [{ http: 'http://c/', expect: { faster_than: '800' } }, /^expect\.faster_than: write a time with its unit/],
    [{ http: 'http://c/', expect: { cert_days_left: 14 } }, /^expect\.cert_days_left: an http address has no certificate/],
    [{ http: 'http://c/', headers: { 'a\r\nb': 'c' } }, /^headers\..*not the name of a header/s],
    [{ http: 'http://c/', headers: { a: 'b\nc' } }, /^headers\.a: .*no header may hold/],
    [{ http: 'http://c/', headers: { 'Content-Length': '3' } }, /set by Holdfast itself/],
    [{ http: 'http://c/', body: 'x' }, /^body: GET sends no body/],
    [{ http: 'http://c/', method: 'HEAD', expect: { body: 'x' } }, /^expect\.body: the answer to HEAD has no body/],
    [{ http: 'http://c/', method: 'HEAD', expect: { sha256: '0'.repeat(64) } }, /^expect\.sha256: the answer to HEAD has no body/],
    [{ http: 'http://c/', expect: { sha256: '3f1c9a40' } }, /^expect\.sha256: a SHA-256 is 64 hexadecimal digits/],
    [{ http: 'http://c/', method: 'TRACE' }, /^method: /],
    [{ http: 'http://c/', redirects: 21 }, /^redirects: /],
    [{ http: 'http://c/', expct: {} }, /expct/],
  ]
  for (const [settings, says] of cases) {
    const found = problems(http, settings)
    assert.equal(found.length, 1, JSON.stringify(settings))
    assert.match(found[0] ?? '', says)
  }
})
