import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import type { Fault } from '../../core/fault.ts'
import { channelContract, contextOf, sampleMessage } from '../../ports/channel.contract.ts'
import { InDoubt } from '../../ports/channel.ts'
import { mutePlace } from '../../../test/places/mute.ts'
import { realEgress } from '../../../test/places/real-egress.ts'
import { hookSink, type HookAnswer } from '../../../test/places/hook-sink.ts'
import webhook from './webhook.ts'

const egress = realEgress()

channelContract(webhook, {
  egress,
  async place(manner) {
    const sink = await hookSink()
    const mute = await mutePlace()
    if (manner === 'gone') await sink.close()
    const answers: Record<string, HookAnswer> = { refuses: { status: 410 }, busy: { status: 503 }, hangs: { is: 'silent' } }
    sink.answer = () => answers[manner] ?? { status: 200, body: '{"error":"a body is not read"}' }
    const port = manner === 'mute' ? mute.port : sink.port
    return {
      config: { webhook: `http://127.0.0.1:${port}/T0SECRET/token?k=s3cr3t`, headers: { authorization: 'Bearer hidden-token' }, secret: 'signing-secret' },
      secrets: ['T0SECRET', 's3cr3t', 'hidden-token', 'signing-secret'],
      keys: () => sink.pages.map((page) => String(page.headers['idempotency-key'])),
      async close() {
        await mute.close()
        if (manner !== 'gone') await sink.close()
      },
    }
  },
})

const answered = async (answer: HookAnswer): Promise<string> => {
  const sink = await hookSink()
  sink.answer = () => answer
  try {
    return await webhook.send(sampleMessage(), { webhook: `http://127.0.0.1:${sink.port}/page` }, contextOf(egress, AbortSignal.timeout(2000)))
  } finally {
    await sink.close()
  }
}
const refusal = (answer: HookAnswer): Promise<Fault> => answered(answer).then(() => assert.fail('accepted'), (fault: unknown) => fault as Fault)

test('the body is the page, signed byte for byte when there is a secret', async () => {
  const sink = await hookSink()
  const secret = 'a-long-secret'
  await webhook.send(sampleMessage(), { webhook: `http://127.0.0.1:${sink.port}/page`, headers: { 'X-Team': 'ops' }, secret }, contextOf(egress, AbortSignal.timeout(2000)))
  await sink.close()
  const [page] = sink.pages
  assert.ok(page)
  assert.deepEqual(page.body, sampleMessage().body)
  assert.equal(page.headers['x-team'], 'ops')
  assert.match(String(page.headers['content-type']), /^application\/json/)
  assert.equal(page.headers['x-holdfast-signature'], `v1=${createHmac('sha256', secret).update(page.raw).digest('hex')}`)
})

test('every 2xx accepts; a redirect is not followed and says what to do', async () => {
  for (const status of [200, 201, 202, 204]) assert.match(await answered({ status }), new RegExp(`answered ${status}`))
  for (const status of [301, 302, 307, 308]) {
    const fault = await refusal({ status, headers: { location: 'http://127.0.0.1:1/' } })
    assert.equal(fault.retry, 'never')
    assert.match(fault.message, /redirects are not followed/)
  }
})

test('429 and 5xx may pass, other 4xx do not', async () => {
  for (const status of [408, 425, 429, 500, 502, 503]) assert.equal((await refusal({ status })).retry, 'later', String(status))
  for (const status of [400, 401, 403, 404, 410, 413, 422]) assert.equal((await refusal({ status })).retry, 'never', String(status))
})

test('Retry-After is said, capped, and nonsense in it says nothing', async () => {
  const says = async (value: string): Promise<string> => (await refusal({ status: 429, headers: { 'retry-after': value } })).message
  assert.match(await says('60'), /asks to wait 1 min$/)
  assert.match(await says('86400'), /asks to wait 1 h$/)
  for (const value of ['-5', 'soon', 'Wed, 21 Oct 2026 07:28:00 GMT', '1e9', '99999999999999']) assert.match(await says(value), /answered 429$/)
})

test('a connection that breaks after the page was sent is in doubt', async () => {
  assert.ok((await refusal({ is: 'close' })) instanceof InDoubt)
})

test('headers that the channel owns, or that could end a header, are refused', () => {
  const parse = (headers: Record<string, string>): boolean => webhook.config.safeParse({ webhook: 'https://acme.example/', headers }).success
  assert.ok(parse({ 'X-Team': 'ops' }))
  for (const name of ['Host', 'content-length', 'Idempotency-Key', 'X-Holdfast-Signature', 'a b', 'a:b', '', 'a\r\nb']) assert.ok(!parse({ [name]: 'x' }), name)
  assert.ok(!parse({ 'X-Team': 'a\r\nX-Other: b' }))
  for (const address of ['file:///etc/passwd', 'http://user:pass@acme.example/', 'acme.example', 'http://a b/', 'javascript:alert(1)']) assert.ok(!webhook.config.safeParse({ webhook: address }).success, address)
})
