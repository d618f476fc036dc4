// The real prober against a keeper of straw and a web server on loopback.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import net from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ms } from '../core/time.ts'
import type { Check } from '../rooms/watch/check.ts'
import type { Looked } from '../rooms/watch/protocol.ts'
import { checkOf, fakeKeeper, percentile, startProber, until, webServer, type FakeKeeper } from '../../test/fake-keeper.ts'

const childrenOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number))
  } catch {
    return []
  }
}
const isAlone = (pid: number): boolean => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('holdfast alone')
const isGone = (pid: number): boolean => {
  try {
    return 'ZX'.includes(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? 'X')
  } catch {
    return true
  }
}

describe('a prober at work', () => {
  let keeper: FakeKeeper
  let prober: ReturnType<typeof startProber>
  let web: Awaited<ReturnType<typeof webServer>>
  let silent: net.Server
  /** Takes connections and says something for ever, a little at a time, without ever coming to an end. */
  let dripping: net.Server
  const of = (name: string): Looked[] => keeper.looked.filter((looked) => looked.check === name)
  const found = (name: string): string | undefined => of(name).at(-1)?.found.is

  before(async () => {
    web = await webServer()
    silent = net.createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1')
    dripping = net.createServer((socket) => {
      const drip = setInterval(() => socket.write('HTTP/1.1 200 OK\r\nx-y: z\r\n'), 100)
      socket.on('error', () => undefined).on('close', () => clearInterval(drip))
    }).listen(0, '127.0.0.1')
    await Promise.all([once(silent, 'listening'), once(dripping, 'listening')])
    keeper = await fakeKeeper()
    prober = startProber(keeper.runtime)
  })
  after(async () => {
    await prober.end()
    keeper.end()
    web.close()
    silent.close()
    dripping.close()
  })

  const to = (server: net.Server): { readonly http: string } => ({ http: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/` })
  const sites = Array.from({ length: 300 }, (_, n) => `site-${n}`)
  const checks = (): Check[] => [
    ...sites.map((name) => checkOf(name, 'http', { http: `http://127.0.0.1:${web.port}/` })),
    checkOf('silent', 'http', to(silent)),
    ...Array.from({ length: 30 }, (_, n) => checkOf(`hostile-${n}`, 'http', to(n % 2 === 0 ? silent : dripping))),
    checkOf('refused', 'tcp', { tcp: '127.0.0.1:1' }),
    checkOf('file', 'file', { file: '/proc/self/stat' }),
    checkOf('job', 'heartbeat', { heartbeat: true }),
    checkOf('odd', 'gopher', {}),
  ]

  test('W-1, W-5: 300 checks every 2 s keep their times while 30 hostile targets hold their looks to the limit', async () => {
    const began = performance.now()
    keeper.timetable(checks())
    await until('every check was looked at', () => new Set(keeper.looked.map((looked) => looked.check)).size === 334)
    assert(performance.now() - began < 60_000)
    await until('every site was looked at twice', () => sites.every((name) => of(name).length >= 2))
    const seen = sites.flatMap(of)
    // The web server stands in this process, which may itself be held up on a busy machine.
    assert(seen.filter((looked) => looked.found.is === 'pass').length >= 0.98 * seen.length)
    const late = seen.map((looked) => looked.late)
    assert(percentile(late, 99) <= 1_000, `p99 ${percentile(late, 99)} ms late`)
    for (const name of sites) {
      const ticks = of(name).map((looked) => looked.tick)
      for (let n = 1; n < ticks.length; n++) assert((ticks[n] as number) - (ticks[n - 1] as number) <= 2_000 + 1_000)
    }
    assert.equal(keeper.dropped, 0)
    assert.equal(keeper.heard[0]?.is, 'hello')
  })

  test('each finding is what it is', () => {
    for (let n = 0; n < 30; n++) assert(of(`hostile-${n}`).every((looked) => looked.found.is !== 'pass' && looked.took < 8_000))
    assert.deepEqual(of('silent')[0]?.found, { is: 'fail', says: 'no answer within 1 s (no first byte)' })
    assert.equal(of('silent')[0]?.silent, true)
    assert.equal(found('refused'), 'fail')
    assert.equal(of('refused')[0]?.silent, undefined)
    assert.equal(found('file'), 'pass')
    assert.equal(found('odd'), 'unknown')
    assert.equal(of('job').length, 0, 'nobody looks at what reports by itself')
    assert((of('site-0')[0]?.phases?.firstByte ?? 0) > 0)
  })

  test('it beats for the keeper and reports progress to its parent', async () => {
    const before = prober.progress()
    const beats = (): number => keeper.heard.filter((message) => message.is === 'beat').length
    const count = beats()
    await until('two beats', () => beats() >= count + 2 && prober.progress() > before)
    const beat = keeper.heard.findLast((message) => message.is === 'beat')
    assert(beat?.is === 'beat' && beat.looks > 600 && beat.queued === 0)
  })

  test('looks that are asked for come at once', async () => {
    keeper.timetable([checkOf('rare', 'tcp', { tcp: `127.0.0.1:${web.port}` }, { every: ms(3_600_000) })])
    await until('the first look', () => of('rare').length === 1)
    const began = performance.now()
    keeper.send({ is: 'look', checks: ['rare', 'unheard-of'] })
    await until('the second look', () => of('rare').length === 2)
    assert(performance.now() - began < 30_000, 'and not in an hour')
  })

  test('a child that stands still: its look is unknown at the deadline, it is killed, and another takes its place', async () => {
    const file = checkOf('file', 'file', { file: '/proc/self/stat' })
    keeper.timetable([file])
    await until('a pass', () => found('file') === 'pass')
    const [child] = childrenOf(prober.process.pid as number).filter(isAlone)
    assert(child !== undefined)
    process.kill(child, 'SIGSTOP')
    await until('unknown', () => found('file') === 'unknown')
    const looked = of('file').findLast((it) => it.found.is === 'unknown') as Looked
    assert.match(looked.found.says ?? '', /no answer within 1 s; the process of this look was killed/)
    assert(looked.took >= 1_050 && looked.took < 10_000, `took ${looked.took} ms`)
    await until('a pass by another child', () => found('file') === 'pass')
    assert(isGone(child))
    const told = keeper.heard.filter((message) => message.is === 'stuck' || message.is === 'unstuck')
    assert.deepEqual(told, [{ is: 'unstuck', check: 'file', pid: 0 }], 'its first answer ends what hung under a former prober, and no more is told')
  })

  test('X-5: with the keeper away it looks on, keeps the newest of each check, and tells the next keeper', async () => {
    keeper.timetable([checkOf('a', 'tcp', { tcp: `127.0.0.1:${web.port}` }, { every: ms(100) }), checkOf('hourly', 'tcp', { tcp: '127.0.0.1:1' }, { every: ms(3_600_000) })])
    await until('both', () => of('a').length >= 2 && of('hourly').length === 1)
    keeper.leave()
    keeper.heard.length = 0
    keeper.looked.length = 0
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await keeper.come()
    await until('the newest of both', () => of('a').length >= 1 && of('hourly').length >= 1)
    assert.equal(keeper.heard[0]?.is, 'hello')
    const first = keeper.heard.find((message) => message.is === 'looked')
    assert(first?.is === 'looked')
    assert.equal(first.results.filter((looked) => looked.check === 'a').length, 1)
    assert(first.dropped >= 5, `${first.dropped} dropped`)
  })
})

test('it ends within 2 s of losing its parent, and so do its children; the terminal’s signals are not for it', async (t) => {
  const keeper = await fakeKeeper()
  t.after(() => keeper.end())
  const prober = startProber(keeper.runtime)
  const pid = prober.process.pid as number
  t.after(() => prober.end())
  await until('hello', () => keeper.heard.length > 0)
  keeper.timetable([checkOf('file', 'file', { file: '/proc/self/stat' })])
  await until('a look', () => keeper.looked.length > 0)
  const children = childrenOf(pid).filter(isAlone)
  assert.equal(children.length, 1)
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.kill(pid, signal)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert(!isGone(pid))
  prober.process.disconnect()
  await until('all are gone', () => [pid, ...children].every(isGone), 2_000)
})

test('X-3: without descriptors nobody is accused, and looks go on when there are some again', async (t) => {
  const open = new Set<net.Socket>()
  const silent = net.createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const keeper = await fakeKeeper()
  t.after(() => keeper.end())
  const prober = startProber(keeper.runtime, 64)
  t.after(() => prober.end())
  await until('hello', () => keeper.heard.length > 0)
  const { port } = silent.address() as net.AddressInfo
  const many = Array.from({ length: 100 }, (_, n) => checkOf(`silent-${n}`, 'http', { http: `http://127.0.0.1:${port}/` }))
  keeper.timetable([...many, checkOf('file', 'file', { file: '/proc/self/stat' })])
  await until('every check was looked at', () => new Set(keeper.looked.map((looked) => looked.check)).size === 101)
  const scarce = keeper.looked.filter((looked) => looked.found.says?.includes('EMFILE'))
  assert(scarce.length >= 40, `${scarce.length} looks lacked a descriptor`)
  assert(scarce.every((looked) => looked.found.is === 'unknown' && looked.silent === undefined))
  assert(keeper.looked.every((looked) => looked.found.is !== 'fail' || looked.silent === true))
  keeper.timetable([checkOf('file', 'file', { file: '/proc/self/stat' }), checkOf('again', 'tcp', { tcp: `127.0.0.1:${port}` })])
  await until('both pass', () => ['file', 'again'].every((name) => keeper.looked.findLast((looked) => looked.check === name)?.found.is === 'pass'))
})

test('killed, it leaves no child behind', async (t) => {
  const keeper = await fakeKeeper()
  t.after(() => keeper.end())
  const prober = startProber(keeper.runtime)
  t.after(() => prober.end())
  await until('hello', () => keeper.heard.length > 0)
  keeper.timetable([checkOf('file', 'file', { file: '/proc/self/stat' }), checkOf('name', 'tcp', { tcp: 'localhost:1' })])
  await until('both looks', () => keeper.looked.length >= 2)
  const children = childrenOf(prober.process.pid as number)
  assert(children.length >= 2)
  await prober.end()
  await until('all are gone', () => children.every(isGone), 2_000)
})
