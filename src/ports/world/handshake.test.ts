import assert from 'node:assert/strict'
import type tls from 'node:tls'
import { test } from 'node:test'
import { codeOf, sentence } from '../../core/fault.ts'
import { refusal } from '../refusal.ts'
import { makeCertificate, trust, type Wanted } from './fixtures/certificate.ts'
import { answer, egressWith, failure, serve } from './fixtures/loopback.ts'

const DAY = 86_400_000
const from = (days: number): Date => new Date(Date.now() + days * DAY)
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const soon = (): AbortSignal => AbortSignal.timeout(5000)

const authority = makeCertificate({ common: 'Test authority' })
trust(authority)
const egress = egressWith({ 'web.example': ['127.0.0.1'] })
const signed = (wanted: Wanted = {}): { cert: string; key: string } => makeCertificate({ names: ['web.example', '127.0.0.1'], common: 'web', issuer: authority, ...wanted })

test('a certificate that holds is told with its dates, by name and by address', async (t) => {
  const to = new Date(Math.floor(from(9).getTime() / 1000) * 1000)
  let asked: string | false | null = ''
  const port = await serve(t, (socket) => {
    asked = (socket as tls.TLSSocket).servername
    answer(OK)(socket)
  }, signed({ to }))
  for (const [host, servername] of [['web.example', 'web.example'], ['127.0.0.1', false]] as const) {
    const reply = await egress.request({ url: `https://${host}:${port}/`, signal: soon() })
    assert.equal(reply.body.toString(), 'ok')
    assert.equal(reply.certificate?.validTo, to.getTime())
    assert.match(reply.certificate?.subject ?? '', /web/)
    assert.match(reply.certificate?.issuer ?? '', /Test authority/)
    assert(reply.phases.tls !== undefined && reply.phases.connect !== undefined && reply.phases.firstByte !== undefined)
    assert.equal(asked, servername)
  }
})

test('W-5: a certificate that does not hold is a failure of the target, in words; not one byte is sent to it', async (t) => {
  const cases: [Wanted, RegExp][] = [
    [{ from: from(-20), to: from(-2) }, /^certificate ended 2 d( \d+ (s|min|h))? ago$/],
    [{ from: from(-20), to: new Date(Date.now() - 1500) }, /^certificate ended \d s ago$/],
    [{ from: from(3), to: from(20) }, /^certificate begins in/],
    [{ names: ['other.example'] }, /^certificate is not for “web\.example”$/],
    [{ names: Array.from({ length: 10_000 }, (_, i) => `host${i}.example`) }, /^(TLS failed|certificate is not for)/],
  ]
  for (const [wanted, says] of cases) {
    let heard = 0
    const port = await serve(t, (socket) => socket.on('data', (chunk) => (heard += chunk.length)), signed(wanted))
    const cause = await failure(egress.request({ url: `https://web.example:${port}/`, headers: { authorization: 'secret' }, signal: soon() }))
    assert.match(refusal(cause) ?? sentence(cause), says)
    assert.equal(heard, 0)
  }
})

test('certificates that nobody vouches for are named as such', async (t) => {
  const alone = await serve(t, answer(OK), makeCertificate({ names: ['web.example'], common: 'self' }))
  assert.match(refusal(await failure(egress.request({ url: `https://web.example:${alone}/`, signal: soon() }))) ?? '', /signed by itself/)
  const stranger = makeCertificate({ common: 'Stranger' })
  const strange = await serve(t, answer(OK), signed({ issuer: stranger }))
  assert.match(refusal(await failure(egress.request({ url: `https://web.example:${strange}/`, signal: soon() }))) ?? '', /an authority that this machine does not know/)
})

test('without verification everything is taken, and the certificate is still told', async (t) => {
  const port = await serve(t, answer(OK), signed({ from: from(-20), to: from(-2), names: ['other.example'] }))
  const reply = await egress.request({ url: `https://web.example:${port}/`, verifyTls: false, signal: soon() })
  assert.equal(reply.status, 200)
  assert(reply.certificate && reply.certificate.validTo < Date.now())
})

test('a server that does not speak TLS, or hangs up during it, is told apart from silence', async (t) => {
  const plain = await serve(t, (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  assert.match(refusal(await failure(egress.request({ url: `https://127.0.0.1:${plain}/`, signal: soon() }))) ?? '', /does not speak TLS/)
  const rude = await serve(t, (socket) => socket.once('data', () => socket.destroy()))
  const cause = await failure(egress.request({ url: `https://127.0.0.1:${rude}/`, signal: soon() }))
  assert.equal(codeOf(cause), 'ECONNRESET')
  assert.match(refusal(cause) ?? '', /closed the connection during the TLS handshake/)
})

test('a body of open length over TLS ends with the connection', async (t) => {
  const port = await serve(t, answer('HTTP/1.1 200 OK\r\n\r\nall of it'), signed())
  assert.equal((await egress.request({ url: `https://web.example:${port}/`, signal: soon() })).body.toString(), 'all of it')
})

test('a connection may be secured too: the socket speaks in clear to its owner', async (t) => {
  const port = await serve(t, (socket) => socket.on('data', (chunk) => socket.write(chunk)), signed())
  const { socket, certificate, phases } = await egress.connect({ host: '127.0.0.1', port, tls: { servername: 'web.example' }, signal: soon() })
  socket.write('ping')
  assert.equal(String(await new Promise((resolve) => socket.once('data', resolve))), 'ping')
  assert(certificate && phases.tls !== undefined)
  socket.destroy()
  assert.match(refusal(await failure(egress.connect({ host: '127.0.0.1', port, tls: { servername: 'else.example' }, signal: soon() }))) ?? '', /not for “else/)
  const lax = await egress.connect({ host: '127.0.0.1', port, tls: { servername: 'else.example', verify: false }, signal: soon() })
  lax.socket.destroy()
})
