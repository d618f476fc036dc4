import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Fault, codeOf, isOurs, isSilence, sentence } from '../../core/fault.ts'
import { ms } from '../../core/time.ts'
import { refusal } from '../refusal.ts'
import { answer, blackHole, egressWith, failure, limited, serve } from './fixtures/loopback.ts'

const soon = (): AbortSignal => AbortSignal.timeout(60_000)
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const egress = egressWith({ 'web.example': ['127.0.0.1'], 'slow.example': undefined })
const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length

test('a request brings status, headers, body and where the time went; the connection is its own', async (t) => {
  let heard = ''
  const port = await serve(t, (socket) => socket.on('data', (chunk) => {
    heard += String(chunk)
    setTimeout(() => socket.write('HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX-Y: z\r\n\r\nok'), 20)
  }))
  const reply = await egress.request({ url: `http://web.example:${port}/a/b?c=d#e`, signal: soon() })
  assert.deepEqual([reply.status, reply.body.toString(), reply.headers['x-y'], reply.truncated, reply.addressClass], [201, 'ok', 'z', false, 'loopback'])
  const { lookup, connect, tls, firstByte = 0, total } = reply.phases
  assert(lookup !== undefined && connect !== undefined && tls === undefined)
  assert(firstByte >= 15 && total >= lookup + connect + firstByte && total < 1000)
  assert.equal(heard, `GET /a/b?c=d HTTP/1.1\r\nHost: web.example:${port}\r\nUser-Agent: Holdfast\r\nAccept: */*\r\nConnection: close\r\n\r\n`)
})

test('method, headers and body are sent as they were wanted', async (t) => {
  let heard = ''
  const port = await serve(t, (socket) => socket.on('data', (chunk) => {
    heard += String(chunk)
    if (heard.endsWith('grüß')) socket.write(OK)
  }))
  await egress.request({ url: `http://127.0.0.1:${port}/`, method: 'POST', headers: { host: 'other.example', 'X-Key': 'k', accept: 'a/b' }, body: 'grüß', signal: soon() })
  assert.equal(heard, 'POST / HTTP/1.1\r\nhost: other.example\r\nX-Key: k\r\naccept: a/b\r\nUser-Agent: Holdfast\r\nConnection: close\r\nContent-Length: 6\r\n\r\ngrüß')
})

test('G-22 C-15 what may not leave any more when its connection is there stays here, however long that took', async (t) => {
  let heard = 0
  const port = await serve(t, (socket) => socket.on('data', (chunk) => {
    heard += chunk.length
    socket.write(OK)
  }))
  let asked = 0
  const want = { url: `http://127.0.0.1:${port}/`, method: 'POST', body: 'do it', signal: soon() }
  assert.equal(codeOf(await failure(egress.request({ ...want, mayLeave: () => (asked++, false) }))), 'EFENCED')
  assert.deepEqual([asked, heard], [1, 0])
  assert.equal((await egress.request({ ...want, mayLeave: () => (asked++, true) })).status, 200)
  assert.deepEqual([asked, heard > 0], [2, true])
})

test('one header never becomes two, and what is no address goes nowhere', async () => {
  for (const headers of [{ a: 'b\r\nc: d' }, { 'a b': 'c' }, { 'a\n': 'b' }, { a: '€' }, { 'Content-Length': '5' }, { 'transfer-encoding': 'chunked' }]) {
    assert.equal(codeOf(await failure(egress.request({ url: 'http://127.0.0.1:9/', headers: { ...headers }, signal: soon() }))), 'EINVAL')
  }
  for (const url of ['file:///etc/passwd', 'http://a@127.0.0.1:9/', 'http://127.0.0.1:0/', 'unix:/x', '']) {
    assert.equal(codeOf(await failure(egress.request({ url, signal: soon() }))), 'EINVAL')
  }
  assert.equal(codeOf(await failure(egress.request({ url: 'http://127.0.0.1:9/', method: 'GET / HTTP/1.1\r\nX: y', signal: soon() }))), 'EINVAL')
})

test('a refusal, a reset and a name that is not there are told apart from silence', async (t) => {
  const closed = await serve(t, (socket) => socket.end())
  const reset = await serve(t, (socket) => socket.resetAndDestroy())
  const after = await serve(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf')
    setTimeout(() => socket.resetAndDestroy(), 20)
  })
  const cases: [string, string, RegExp][] = [
    ['http://127.0.0.1:1/', 'ECONNREFUSED', /^refused the connection$/],
    [`http://127.0.0.1:${closed}/`, 'EPROTO', /closed the connection without an answer/],
    [`http://127.0.0.1:${reset}/`, 'ECONNRESET', /closed the connection (before the first byte|as soon as it was open)/],
    [`http://127.0.0.1:${after}/`, 'ECONNRESET', /closed the connection in the middle of the body/],
  ]
  for (const [url, code, says] of cases) {
    const cause = await failure(egress.request({ url, signal: soon() }))
    assert.equal(codeOf(cause), code, url)
    assert.match(refusal(cause) ?? '', says)
  }
  assert.equal(codeOf(await failure(egress.request({ url: 'http://gone.example/', signal: soon() }))), 'ENOTFOUND')
})

test('W-5: whatever phase a target hangs in, the request ends within 100 ms of the signal, names the phase, and leaves no socket', async (t) => {
  const hang = await serve(t, () => undefined)
  const head = await serve(t, (socket) => socket.write('HTTP/1.1 200 OK\r\nX: '))
  const drip = await serve(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const timer = setInterval(() => socket.write('x'), 10)
    socket.on('close', () => clearInterval(timer))
  })
  const flood = await serve(t, (socket) => {
    const more = (): void => void (socket.write('HTTP/1.1 100 Continue\r\n\r\n') && setTimeout(more, 15))
    more()
  })
  const hole = await blackHole(t)
  const before = openSockets()
  const cases: [string, RegExp, boolean][] = [
    ['http://slow.example/', /no answer/, false],
    [`http://127.0.0.1:${hole}/`, /^no connection within the time limit$/, true],
    [`https://127.0.0.1:${hang}/`, /^no TLS handshake within/, true],
    [`http://127.0.0.1:${hang}/`, /^no first byte within/, true],
    [`http://127.0.0.1:${head}/`, /^no complete headers within/, true],
    [`http://127.0.0.1:${flood}/`, /^no complete headers within/, true],
    [`http://127.0.0.1:${drip}/`, /^no complete answer within/, true],
  ]
  await Promise.all(cases.map(async ([url, says, silent]) => {
    const { signal, late } = limited(150)
    const cause = await failure(egress.request({ url, signal }))
    assert(late() < 100, `${url} took ${late()} ms`)
    assert.match(sentence(cause), says)
    assert.equal(isSilence(cause), silent, url)
    assert.equal(isOurs(cause), !silent, url)
  }))
  const gone = await failure(egress.request({ url: `http://127.0.0.1:${hang}/`, signal: AbortSignal.abort() }))
  assert.equal(isSilence(gone), true)
  for (let i = 0; i < 6000 && openSockets() > before; i++) await sleep(5)
  assert(openSockets() <= before)
})

test('a phase may have a limit of its own', async (t) => {
  const hang = await serve(t, () => undefined)
  const hole = await blackHole(t)
  const limits = { connect: ms(60), tls: ms(70), firstByte: ms(80) }
  for (const [url, says] of [[`http://127.0.0.1:${hole}/`, 'no connection within 60 ms'], [`https://127.0.0.1:${hang}/`, 'no TLS handshake within 70 ms'], [`http://127.0.0.1:${hang}/`, 'no first byte within 80 ms']] as const) {
    const cause = await failure(egress.request({ url, limits, signal: soon() }))
    assert.equal(sentence(cause), says)
    assert.equal(isSilence(cause), true)
  }
})

test('W-5: an endless body is left after what was asked for; nothing is ever unpacked', async (t) => {
  const endless = await serve(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const pour = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x')));
    }
    socket.on('drain', pour)
    pour()
  })
  const reply = await egress.request({ url: `http://127.0.0.1:${endless}/`, maxBody: 100_000, signal: soon() })
  assert.deepEqual([reply.body.length, reply.truncated], [100_000, true])
  const bomb = gzipSync(Buffer.alloc(10_000_000))
  const packed = await serve(t, answer(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`), bomb])))
  assert.deepEqual((await egress.request({ url: `http://127.0.0.1:${packed}/`, signal: soon() })).body, bomb)
})

test('the next address is tried when one refuses, and beside one that says nothing', async (t) => {
  const port = await serve(t, answer(OK))
  await blackHole(t, '127.0.0.2', port)
  const many = egressWith({ 'refusing.example': ['127.0.0.3', '127.0.0.1'], 'silent.example': ['127.0.0.2', '127.0.0.1'], 'dead.example': ['127.0.0.3', '127.0.0.4'] })
  assert.equal((await many.request({ url: `http://refusing.example:${port}/`, signal: soon() })).status, 200)
  const before = performance.now()
  const reply = await many.request({ url: `http://silent.example:${port}/`, signal: soon() })
  assert.equal(reply.status, 200)
  assert(performance.now() - before > 450)
  assert.equal(codeOf(await failure(many.request({ url: `http://dead.example:${port}/`, signal: soon() }))), 'ECONNREFUSED')
  const { socket, address } = await many.connect({ host: 'silent.example', port, signal: soon() })
  assert.equal(address.address, '127.0.0.1')
  socket.destroy()
})

test('X-3: without a descriptor left the fault is ours, with its code, for requests and for connections', () => {
  const script = `
import { openSync } from 'node:fs'
import { egressWith } from ${JSON.stringify(new URL('./fixtures/loopback.ts', import.meta.url).href)}
const egress = egressWith({ 'two.example': ['127.0.0.1', '127.0.0.2'] })
const signal = AbortSignal.timeout(60_000)
await egress.request({ url: 'http://127.0.0.1:1/', signal }).catch(() => {})
try { for (;;) openSync('/dev/null') } catch {}
const codes = []
for (const go of [() => egress.request({ url: 'http://127.0.0.1:1/', signal }), () => egress.request({ url: 'http://two.example:1/', signal }), () => egress.connect({ host: '127.0.0.1', port: 1, signal })])
  await go().catch((cause) => codes.push(cause.code))
process.stdout.write(codes.join())`
  const said = execFileSync('/bin/sh', ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, script], { encoding: 'utf8' })
  assert.equal(said, 'EMFILE,EMFILE,EMFILE')
})

test('blocked places stay blocked for everybody, in every form', async () => {
  const names = egressWith({ 'metadata.google.internal': ['169.254.169.254'], 'mixed.example': ['169.254.169.254', '127.0.0.1'] })
  for (const host of ['169.254.169.254', '0xa9fea9fe', '[::ffff:169.254.169.254]', '[fd00:ec2::254]', '[64:ff9b::a9fe:a9fe]', '0.0.0.0', '[::]', '224.0.0.1', '255.255.255.255', '[ff02::1]', '[fe80::1]', 'metadata.google.internal.']) {
    const cause = await failure(names.request({ url: `http://${host}/latest/meta-data`, signal: soon() }))
    assert.equal(codeOf(cause), 'EBLOCKED', host)
    assert(cause instanceof Fault && cause.retry === 'never')
    assert.equal(refusal(cause), undefined)
  }
  assert.equal(codeOf(await failure(names.request({ url: 'http://mixed.example:1/', signal: soon() }))), 'ECONNREFUSED')
})

test('Holdfast’s own ports are blocked on this machine, whatever it is called; elsewhere they are ports like any other', async () => {
  const own = egressWith({ 'me.example': ['192.0.2.7'], 'other.example': ['127.0.0.1'] }, { ownPorts: [7400], locals: () => new Set(['192.0.2.7']) })
  for (const url of ['http://127.0.0.1:7400/', 'http://[::1]:7400/', 'http://127.9.9.9:7400/', 'http://me.example:7400/', 'http://other.example:7400/']) {
    const cause = await failure(own.request({ url, signal: soon() }))
    assert.equal(codeOf(cause), 'EBLOCKED', url)
    assert.match(sentence(cause), /own/)
  }
  assert.equal(codeOf(await failure(own.request({ url: 'http://127.0.0.1:1/', signal: soon() }))), 'ECONNREFUSED')
  const real = egressWith({}, { ownPorts: [7400] })
  assert.equal(codeOf(await failure(real.request({ url: 'http://127.0.0.1:7400/', signal: soon() }))), 'EBLOCKED')
})

test('what was not written in the configuration may only be public; one inside address spoils the name', async () => {
  const foreign = egressWith({ 'inside.example': ['10.0.0.1'], 'both.example': ['1.1.1.1', 'fd00::1'] })
  for (const url of ['http://127.0.0.1:1/', 'http://10.0.0.1/', 'http://[::1]/', 'http://inside.example/', 'http://both.example/', 'http://[2002:7f00:1::]/']) {
    assert.equal(codeOf(await failure(foreign.request({ url, trust: 'foreign', signal: soon() }))), 'EBLOCKED', url)
  }
})

test('a redirect may not lead further inside than it came from', async () => {
  for (const notBeyond of ['public', 'private'] as const) {
    const cause = await failure(egress.request({ url: 'http://127.0.0.1:1/', notBeyond, signal: soon() }))
    assert.equal(codeOf(cause), 'EBLOCKED')
    assert.match(sentence(cause), new RegExp(`a redirect from a ${notBeyond} address may not lead`))
  }
  assert.equal(codeOf(await failure(egress.request({ url: 'http://127.0.0.1:1/', notBeyond: 'loopback', signal: soon() }))), 'ECONNREFUSED')
})

test('a connection carries bytes both ways, ends with the signal, and a reset that nobody hears breaks nothing', async (t) => {
  const port = await serve(t, (socket) => socket.on('data', (chunk) => socket.write(chunk)))
  const { signal } = limited(150)
  const { socket, phases, addressClass } = await egress.connect({ host: 'web.example', port, signal })
  assert.equal(addressClass, 'loopback')
  assert(phases.connect !== undefined && phases.lookup !== undefined && phases.tls === undefined)
  socket.write('ping')
  const [echo] = (await new Promise((resolve) => socket.once('data', (chunk) => resolve([chunk])))) as [Buffer]
  assert.equal(String(echo), 'ping')
  const cause = await new Promise((resolve) => socket.once('error', resolve))
  assert.equal(isSilence(cause), true)
  assert.equal(socket.destroyed, true)
  const rude = await serve(t, (other) => setTimeout(() => other.resetAndDestroy(), 10))
  const heedless = await egress.connect({ host: '127.0.0.1', port: rude, signal: soon() })
  await new Promise((resolve) => heedless.socket.once('close', resolve).resume())
})

test('W-5: a connection that is metered ends when too much came in, and passes everything else on', async (t) => {
  const port = await serve(t, (socket) => {
    socket.on('data', (chunk) => socket.write(chunk))
    socket.on('end', () => socket.end('bye'))
  })
  const kind = await egress.connect({ host: '127.0.0.1', port, mostBytes: 100, signal: soon() })
  kind.socket.end('hello ')
  let heard = ''
  for await (const chunk of kind.socket) heard += String(chunk)
  assert.equal(heard, 'hello bye')
  const flood = await serve(t, (socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    }
    socket.on('drain', pour)
    pour()
  })
  const hostile = await egress.connect({ host: '127.0.0.1', port: flood, mostBytes: 1_000_000, signal: soon() })
  const cause = await new Promise((resolve) => hostile.socket.resume().once('error', resolve))
  assert.match(refusal(cause) ?? '', /sent more than 977 KiB/)
})

test('W-5: a hundred hostile targets at once leave no socket and a hundred good ones are answered', async (t) => {
  const good = await serve(t, answer(OK))
  const hang = await serve(t, () => undefined)
  const before = openSockets()
  const { signal } = limited(200)
  const bad = Array.from({ length: 100 }, () => failure(egress.request({ url: `http://127.0.0.1:${hang}/`, signal })))
  const replies = await Promise.all(Array.from({ length: 100 }, () => egress.request({ url: `http://127.0.0.1:${good}/`, signal: soon() })))
  assert(replies.every((reply) => reply.body.toString() === 'ok'))
  assert((await Promise.all(bad)).every(isSilence))
  for (let i = 0; i < 100 && openSockets() > before; i++) await sleep(5)
  assert(openSockets() <= before)
})
