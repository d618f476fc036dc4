import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Fault } from '../../core/fault.ts'
import { channelContract, contextOf, sampleMessage } from '../../ports/channel.contract.ts'
import { ms } from '../../core/time.ts'
import { InDoubt, type Message } from '../../ports/channel.ts'
import type { Timers } from '../../ports/world.ts'
import { createTimers } from '../../ports/world/timers.ts'
import { trustCertificate } from '../../../test/places/certificate.ts'
import { directEgress } from '../../../test/places/direct-egress.ts'
import { mutePlace } from '../../../test/places/mute.ts'
import { realEgress } from '../../../test/places/real-egress.ts'
import { smtpSink, type SmtpSink } from '../../../test/places/smtp-sink.ts'
import smtp from './smtp.ts'

trustCertificate()
const FROM = 'Holdfast <holdfast@acme.example>'
const sinks: SmtpSink[] = []
const sinkFor = async (want: Parameters<typeof smtpSink>[0] = {}): Promise<SmtpSink> => {
  const sink = await smtpSink(want)
  sinks.push(sink)
  return sink
}
after(() => Promise.all(sinks.map((sink) => sink.close())))

/** Two seconds pass in a tenth of one. */
const hasty: Timers = { after: (span, act) => createTimers().after(ms(span / 20), act) }
const header = (raw: string, name: string): string | undefined => new RegExp(`^${name}: (.*(?:\\r?\\n[ \\t].*)*)`, 'im').exec(raw)?.[1]?.replace(/\r?\n[ \t]/g, ' ')
const send = (settings: unknown, message: Message = sampleMessage(), egress = directEgress(), signal = AbortSignal.timeout(8000)): Promise<string> =>
  smtp.send(message, smtp.config.parse({ from: FROM, ...(settings as object) }), { ...contextOf(egress, signal), timers: hasty })
const refusal = (sending: Promise<string>): Promise<Fault> => sending.then(() => assert.fail('accepted'), (fault: unknown) => fault as Fault)

channelContract(smtp, {
  egress: realEgress(),
  async place(manner) {
    const sink = await smtpSink()
    const mute = await mutePlace()
    if (manner === 'gone') await sink.close()
    const refusals: Record<string, string> = { refuses: '550 5.1.1 no such user, ada:pa55word', busy: '451 4.3.0 try later AHVzZXIAcGE1NXdvcmQ=' }
    sink.answer = (command) => {
      if (command.startsWith('RCPT')) return refusals[manner]
      return manner === 'hangs' && command === '(content)' ? { is: 'silent' } : undefined
    }
    const port = manner === 'mute' ? mute.port : sink.port
    return {
      config: { smtp: `smtp://user:pa55word@127.0.0.1:${port}`, from: FROM },
      secrets: ['pa55word', 'AHVzZXIAcGE1NXdvcmQ='],
      keys: () => sink.mails.map(({ raw }) => header(raw, 'message-id')?.slice(1).split('@')[0] ?? ''),
      async close() {
        await mute.close()
        if (manner !== 'gone') await sink.close()
      },
    }
  },
})

test('a mail carries the page id, its thread, both parts, and asks auto-responders to stay quiet (P-5)', async () => {
  const sink = await sinkFor()
  const receipt = await send({ smtp: `smtp://127.0.0.1:${sink.port}` })
  assert.match(receipt, /^127\.0\.0\.1:\d+ said 250 2\.0\.0 Ok: queued as SINK1$/)
  const [mail] = sink.mails
  assert.ok(mail)
  assert.equal(mail.from, 'holdfast@acme.example')
  assert.deepEqual(mail.to, ['ada@acme.example'])
  assert.equal(header(mail.raw, 'message-id'), `<${sampleMessage().key}@status.acme.example>`)
  assert.equal(header(mail.raw, 'references'), `<${sampleMessage().thread}@status.acme.example>`)
  assert.equal(header(mail.raw, 'subject'), 'db is down')
  assert.equal(header(mail.raw, 'from'), 'Holdfast <holdfast@acme.example>')
  assert.equal(header(mail.raw, 'auto-submitted'), 'auto-generated')
  assert.equal(header(mail.raw, 'x-auto-response-suppress'), 'All')
  assert.match(mail.raw, /Content-Type: text\/plain[\s\S]*Connection refused since 02:14 CET[\s\S]*I have it: https:\/\/status\.acme\.example\/a\/token\b[\s\S]*Content-Type: text\/html[\s\S]*<h1/)
  assert.ok(mail.raw.length < 6000)
})

test('nothing that stands in a field can end it: no header, recipient or command can be smuggled in', async () => {
  const sink = await sinkFor()
  const evil = 'x\r\nBcc: spy@evil.example\r\n\r\nbody\r\n.\r\nMAIL FROM:<spy@evil.example>\r\n\u2028\u0000'
  const base = sampleMessage()
  await send({ smtp: `smtp://127.0.0.1:${sink.port}` }, {
    key: `pg_1${evil}`, thread: `inc_1${evil}`, title: `down${evil}`, to: { name: `ada${evil}`, email: 'ada@acme.example' },
    body: { ...base.body, id: evil, text: { short: evil, long: `.\r\n..\r\n${evil}` }, incident: { ...base.body.incident, title: evil } },
  })
  const [mail] = sink.mails
  assert.ok(mail)
  assert.deepEqual(mail.to, ['ada@acme.example'])
  const head = mail.raw.split('\r\n\r\n')[0] ?? ''
  assert.doesNotMatch(head, /^bcc:/im)
  assert.equal(sink.commands.filter((command) => command.startsWith('MAIL')).length, 1)
  for (const email of ['ada@acme.example\r\nRCPT TO:<spy@evil.example>', 'a@b> SIZE=1', '<a@b>', 'a b@c', 'ada', '', 'a@b\u0000', 'a@b,c@d', '"a b"@c']) {
    assert.equal((await refusal(send({ smtp: `smtp://127.0.0.1:${sink.port}` }, { ...base, to: { name: 'ada', email } }))).retry, 'never', email)
  }
  assert.ok(!smtp.config.safeParse({ smtp: 'smtp://127.0.0.1', from: 'a@b\r\nBcc: c@d' }).success)
  assert.equal(sink.mails.length, 1)
})

test('off this machine STARTTLS is required, before any password', async () => {
  const sink = await sinkFor()
  const far = directEgress('private')
  const fault = await refusal(send({ smtp: `smtp://user:pa55word@relay.test:${sink.port}` }, sampleMessage(), far))
  assert.match(fault.message, /relay\.test:\d+/)
  assert.deepEqual(sink.commands.filter((command) => /^(AUTH|MAIL)/.test(command)), [])
  const bare = await refusal(send({ smtp: `smtp://user:pa55word@relay.test:${sink.port}`, starttls: 'optional' }, sampleMessage(), far))
  assert.match(bare.message, /offers no STARTTLS: the password would travel in the clear/)
  assert.equal(bare.retry, 'never')
  assert.deepEqual(sink.commands.filter((command) => /^(AUTH|MAIL)/.test(command)), [])
})

test('STARTTLS and smtps speak TLS with a verified name; AUTH follows', async () => {
  const sink = await sinkFor({ offers: ['PIPELINING', 'STARTTLS', 'AUTH PLAIN'] })
  const far = directEgress('public')
  await send({ smtp: `smtp://user:pa55word@relay.test:${sink.port}` }, sampleMessage(), far)
  assert.equal(sink.mails[0]?.secure, true)
  assert.equal(sink.mails[0]?.user, 'user')
  const wrong = await refusal(send({ smtp: `smtp://user:pa55word@other.test:${sink.port}` }, sampleMessage(), far))
  assert.match(wrong.message, /TLS|altnames/)
  const secure = await sinkFor({ tls: true })
  await send({ smtp: `smtps://user:pa55word@relay.test:${secure.port}` }, sampleMessage(), far)
  assert.equal(secure.mails[0]?.secure, true)
  assert.equal(secure.mails[0]?.user, 'user')
})

test('the last good address of the relay is used when its name is not found any more, or the resolver is silent', async () => {
  for (const resolver of ['refuses', 'silent'] as const) {
    const sink = await sinkFor()
    const egress = directEgress()
    await send({ smtp: `smtp://relay.test:${sink.port}` }, sampleMessage(), egress)
    sink.cut()
    await new Promise((resolve) => setTimeout(resolve, 20))
    egress.resolver = resolver
    await send({ smtp: `smtp://relay.test:${sink.port}` }, sampleMessage(), egress)
    assert.equal(sink.mails.length, 2)
    assert.deepEqual(egress.dialled, ['relay.test', 'relay.test', '127.0.0.1'])
  }
})

test('a session that worked is used again; one that broke meanwhile is replaced without a second mail', async () => {
  const sink = await sinkFor()
  const settings = { smtp: `smtp://127.0.0.1:${sink.port}` }
  await send(settings)
  await send(settings)
  assert.equal(sink.sessions, 1)
  // The relay cuts the session as soon as it is used again: nothing was taken, so a new one is opened at once.
  sink.answer = (command, session) => (session === 1 && command.startsWith('MAIL') ? { is: 'close' } : undefined)
  await send(settings)
  assert.equal(sink.sessions, 2)
  sink.answer = (command, session) => (session === 2 && command.startsWith('MAIL') ? '421 4.3.2 enough for one session' : undefined)
  await send(settings)
  assert.equal(sink.sessions, 3)
  assert.equal(sink.mails.length, 4)
})

test('a kept session that fell silent costs two seconds, and no second mail', async () => {
  const sink = await sinkFor()
  const settings = { smtp: `smtp://127.0.0.1:${sink.port}` }
  await send(settings)
  sink.answer = (command, session) => (session === 1 && command.startsWith('MAIL') ? { is: 'silent' } : undefined)
  await send(settings)
  assert.equal(sink.sessions, 2)
  assert.equal(sink.mails.length, 2)
})

test('what the relay says is told apart: 4xx may pass, 5xx does not, silence after the content is in doubt', async () => {
  const sink = await sinkFor()
  const settings = { smtp: `smtp://user:pa55word@127.0.0.1:${sink.port}` }
  const story: [string, string, 'later' | 'never'][] = [
    ['(open)', '554 5.7.1 not you', 'never'], ['(open)', '421 4.7.0 busy', 'later'], ['AUTH', '535 5.7.8 wrong', 'never'], ['AUTH', '454 4.7.0 later', 'later'],
    ['MAIL', '451 4.3.0 later', 'later'], ['MAIL', '550 5.7.1 no', 'never'], ['RCPT', '550 5.1.1 unknown', 'never'], ['RCPT', '452 4.2.2 full', 'later'],
    ['DATA', '451 4.3.0 later', 'later'], ['(content)', '554 5.6.0 refused', 'never'], ['(content)', '452 4.3.1 full', 'later'],
  ]
  for (const [at, says, retry] of story) {
    sink.answer = (command) => (command.startsWith(at) ? says : undefined)
    const fault = await refusal(send(settings))
    assert.equal(fault.retry, retry, `${at} ${says}: ${fault.message}`)
    assert.ok(!(fault instanceof InDoubt), `${at} ${says}`)
    assert.ok(fault.message.includes(says), `${at} ${says}: ${fault.message}`)
  }
  sink.answer = (command) => (command === '(content)' ? { is: 'close' } : undefined)
  assert.ok((await refusal(send(settings))) instanceof InDoubt)
  assert.equal(sink.mails.length, 0)
})

test('a relay is read by its address: scheme, port by scheme, user and password decoded', () => {
  for (const relay of ['smtp://h', 'smtps://h', 'smtp://u:p%40x@h:25', 'smtp://[::1]:2525', 'smtp://127.0.0.1:2525']) assert.ok(smtp.config.safeParse({ smtp: relay, from: 'a@b' }).success, relay)
  for (const relay of ['', 'h', 'http://h', 'smtp://', 'smtp://h/path', 'smtp://h?x=1', 'smtp://h:99999', 'smtp://u%zz@h', 'smtp://h h', 'smtp:h', `smtp://${'h'.repeat(5000)}`]) assert.ok(!smtp.config.safeParse({ smtp: relay, from: 'a@b' }).success, relay)
})
