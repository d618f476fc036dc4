import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSilence, sentence } from '../../core/fault.ts'
import { makeCertificate, trust } from '../../ports/world/fixtures/certificate.ts'
import { blackHole, egressWith, failure, serve } from '../../ports/world/fixtures/loopback.ts'
import { lookOnce, problems } from '../../ports/world/fixtures/looks.ts'
import tcp from './tcp.ts'

test('an open port passes, a closed one fails, and one that does not answer is silence', async (t) => {
  let bytes = 0
  const port = await serve(t, (socket) => socket.on('data', (chunk) => (bytes += chunk.length)))
  const open = await lookOnce(tcp, { tcp: `127.0.0.1:${port}` })
  assert.equal(open.is, 'pass')
  assert(open.phases?.connect !== undefined)
  assert.equal(bytes, 0)
  assert.deepEqual(await lookOnce(tcp, { tcp: '127.0.0.1:1' }), { is: 'fail', says: 'refused the connection' })
  assert.deepEqual(await lookOnce(tcp, { tcp: 'gone.example:1' }), { is: 'fail', says: 'there is no host with the name “gone.example”' })
  const cause = await failure(lookOnce(tcp, { tcp: `127.0.0.1:${await blackHole(t)}` }, { timeout: 100 }))
  assert.deepEqual([sentence(cause), isSilence(cause)], ['no connection within 100 ms', true])
})

test('with TLS the certificate has to hold, and its days are told', async (t) => {
  const authority = makeCertificate({ common: 'Test authority' })
  trust(authority)
  const port = await serve(t, () => undefined, makeCertificate({ names: ['mail.example'], issuer: authority, to: new Date(Date.now() + 9.5 * 86_400_000) }))
  const egress = egressWith({ 'mail.example': ['127.0.0.1'] })
  const good = await lookOnce(tcp, { tcp: `mail.example:${port}`, tls: true }, { egress })
  assert.deepEqual([good.is, good.certDaysLeft, good.phases?.tls !== undefined], ['pass', 9, true])
  assert.equal((await lookOnce(tcp, { tcp: `127.0.0.1:${port}`, tls: true })).says, 'certificate is not for “127.0.0.1”')
  const silent = await serve(t, () => undefined)
  assert.equal(sentence(await failure(lookOnce(tcp, { tcp: `127.0.0.1:${silent}`, tls: true }, { timeout: 900 }))), 'no TLS handshake within 900 ms')
})

test('blocked places are not looked at, and that accuses nobody', async () => {
  for (const place of ['169.254.169.254:80', '[fe80::1]:22', '0.0.0.0:80', '[::ffff:169.254.169.254]:80']) {
    assert.match(sentence(await failure(lookOnce(tcp, { tcp: place }))), /Holdfast never connects to one/)
  }
})

test('what is not a host and a port is refused', () => {
  for (const text of ['db', 'db:0', 'db:65536', 'a@b:1', 'unix:/x', 'a b:1', '::1:25', '']) assert.equal(problems(tcp, { tcp: text }).length, 1, text)
})
