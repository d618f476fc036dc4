// A balancer and a server of names, asked in their own languages: what they say becomes one report, what refuses has stopped, and what answers anything else is no word.
import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { test, type TestContext } from 'node:test'
import { egressWith } from '../../ports/world/fixtures/loopback.ts'
import { dnsMember } from './dns.ts'
import { haproxyMember } from './haproxy.ts'

const open = new AbortController().signal
const listening = async (t: TestContext, server: net.Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as net.AddressInfo).port
}

test('HAProxy is asked for its table with the name and the password of its page; another answer is no word, and nothing of the password is told', async (t) => {
  const asked: (string | undefined)[] = []
  let status = 200
  const port = await listening(t, http.createServer((request, response) => {
    asked.push(`${request.url} ${Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64').toString()}`)
    response.writeHead(status).end('# pxname,svname,qcur,scur,status,\nshop,db-1,0,2,UP,\nshop,BACKEND,0,2,UP,\n')
  }))
  const member = haproxyMember({ url: `http://watch:w%3Ard@127.0.0.1:${port}/stats`, backend: 'shop', egress: egressWith() })
  assert.deepEqual(await member.look(open), { is: 'haproxy', servers: [{ name: 'db-1', sessions: 2, state: 'ready', up: true }] })
  assert.deepEqual(asked, ['/stats;csv watch:w:rd'])
  status = 401
  const cause = await member.look(open).then(() => assert.fail('it was refused'), (it: unknown) => it)
  assert.deepEqual([member.says(cause), JSON.stringify(cause).includes('w:rd')], ['its page of statistics answers 401', false])
  const none = haproxyMember({ url: 'http://127.0.0.1:1/stats', backend: 'shop', egress: egressWith() })
  assert.deepEqual(await none.look(open), { is: 'stopped', says: 'its host refused the connection' })
})

/** A name as the protocol writes it. */
const named = (name: string): Buffer => Buffer.concat([...name.split('.').filter((it) => it !== '').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0])])
const row = (name: string, type: number, value: Buffer): Buffer => Buffer.concat([named(name), Buffer.from([0, type, 0, 1, 0, 0, 0, 60, value.length >> 8, value.length & 0xff]), value])

test('a server of names is asked for the record and the serial at once; what it does not answer for the zone itself is no word of it', async (t) => {
  let flags = 0x8400
  const values = ['192.0.2.2', '192.0.2.1']
  const port = await listening(t, net.createServer((peer) => {
    peer.on('error', () => undefined)
    peer.on('data', (bytes: Buffer) => {
      const answers: Buffer[] = []
      for (let at = 0; at < bytes.length; at += 2 + bytes.readUInt16BE(at)) {
        const one = bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at))
        const question = one.subarray(12)
        const isSoa = question.readUInt16BE(question.length - 4) === 6
        const rows = isSoa ? [row('acme.example', 6, Buffer.concat([named('ns'), named('h'), Buffer.from([0, 0, 0, 42, ...Buffer.alloc(16)])]))] : values.map((it) => row('www.acme.example', 1, Buffer.from(it.split('.').map(Number))))
        const head = Buffer.from([one[0] ?? 0, one[1] ?? 0, flags >> 8, flags & 0xff, 0, 1, 0, isSoa ? 0 : rows.length, 0, isSoa ? 1 : 0, 0, 0])
        const message = Buffer.concat([head, question, ...rows])
        answers.unshift(Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]))
      }
      peer.write(Buffer.concat(answers))
    })
  }))
  const member = dnsMember({ host: '127.0.0.1', port, record: { name: 'www.acme.example.', type: 'A' }, egress: egressWith() })
  assert.deepEqual(await member.look(open), { is: 'dns', values: ['192.0.2.1', '192.0.2.2'], ttl: 60, serial: 42 }, 'answers came the other way round')
  values.length = 0
  assert.deepEqual(await member.look(open), { is: 'dns', values: [], serial: 42 })
  for (const [bad, says] of [[0x8000, /does not answer for www.acme.example. itself/], [0x8405, /does not answer for/]] as const) {
    flags = bad
    await assert.rejects(member.look(open), says)
  }
  const late = new AbortController()
  const silent = dnsMember({ host: '127.0.0.1', port: await listening(t, net.createServer(() => undefined)), record: { name: 'a.', type: 'A' }, egress: egressWith() })
  const look = silent.look(late.signal)
  setTimeout(() => late.abort(), 50)
  await assert.rejects(look)
  assert.deepEqual(await dnsMember({ host: '127.0.0.1', port: 1, record: { name: 'a.', type: 'A' }, egress: egressWith() }).look(open), { is: 'stopped', says: 'its host refused the connection' })
})
