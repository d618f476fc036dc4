// A file check on a mount whose server never answers: its process hangs in the kernel (D state) and survives SIGKILL. The check
// is unknown at its deadline, the process is abandoned, told and replaced within a bound, and 500 other checks keep their
// times (W-1, W-5, X-5). Needs root and /dev/fuse; nothing is to be installed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { ms } from '../src/core/time.ts'
import { checkOf, fakeKeeper, percentile, startProber, until, webServer } from '../test/fake-keeper.ts'
import type { ToKeeper } from '../src/rooms/watch/protocol.ts'

/** True when a thread of it waits in the kernel; its first thread may have ended already, and reads as a zombie. */
function hangs(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((task) => readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8').split(') ')[1]?.startsWith('D'))
  } catch {
    return false
  }
}

/** Mounts the file system that hangs; it goes away with the test, however that ends. */
async function wedge(t: TestContext): Promise<{ readonly at: string; readonly said: string[]; release(): void }> {
  const at = mkdtempSync(path.join(tmpdir(), 'holdfast-wedge-'))
  const server = spawn('python3', [path.join(import.meta.dirname, 'wedgefs.py'), at], { stdio: ['pipe', 'pipe', 'inherit'] })
  const said: string[] = []
  createInterface(server.stdout).on('line', (line) => said.push(line))
  t.after(async () => {
    server.stdin.end()
    if (server.exitCode === null) await once(server, 'exit')
    rmdirSync(at)
  })
  await until('the file system is there', () => said.includes('ready'))
  return { at, said, release: () => void server.stdin.write('release\n') }
}

test('W-5: a dead mount costs one process, and nobody else’s time', async (t) => {
  const { at, said, release } = await wedge(t)
  const web = await webServer()
  t.after(() => web.close())
  const keeper = await fakeKeeper()
  t.after(() => keeper.end())
  const prober = startProber(keeper.runtime)
  t.after(() => prober.end())
  await until('hello', () => keeper.heard.length > 0)

  const sites = Array.from({ length: 500 }, (_, n) => checkOf(`site-${n}`, 'http', { http: `http://127.0.0.1:${web.port}/` }))
  const healthy = checkOf('healthy', 'file', { file: path.join(at, 'ok') })
  const dead = checkOf('dead', 'file', { file: path.join(at, 'stat-hangs') })
  keeper.timetable([...sites, healthy])
  await until('all is well', () => new Set(keeper.looked.map((looked) => looked.check)).size === 501)
  keeper.looked.length = 0
  keeper.timetable([...sites, healthy, dead])

  const of = (name: string) => keeper.looked.filter((looked) => looked.check === name)
  const heard = <Is extends ToKeeper['is']>(is: Is) => keeper.heard.filter((message): message is Extract<ToKeeper, { is: Is }> => message.is === is)
  await until('the dead one is unknown', () => of('dead').length > 0)
  const first = of('dead')[0]
  assert.equal(first?.found.is, 'unknown')
  assert((first?.took ?? 0) >= 1_050 && (first?.took ?? 0) < 2_500, `ended after ${first?.took} ms`)

  await until('it is told', () => heard('stuck').length > 0)
  const [stuck] = heard('stuck')
  assert.equal(stuck?.check, 'dead')
  assert(hangs(stuck?.pid ?? 0), 'SIGKILL did not help')
  assert.match(stuck?.says ?? '', /a look at dead hangs in the kernel: process \d+ was killed and does not end/)

  await until('ten further looks', () => of('dead').length >= 10, 60_000)
  assert(of('dead').every((looked) => looked.found.is === 'unknown'))
  assert.match(of('dead').at(-1)?.found.says ?? '', new RegExp(`a former look still hangs in the kernel \\(process ${stuck?.pid}\\)`))
  assert.equal(said.filter((line) => line.startsWith('held')).length, 1, 'one process hangs, however often it is looked at')
  assert.equal(heard('stuck').length, 1)
  const healthyOnes = of('healthy').map((looked) => looked.found.is)
  assert(healthyOnes.filter((is) => is === 'pass').length >= 7 && !healthyOnes.includes('fail'), 'another file on the same mount is looked at by a fresh child')

  const others = sites.flatMap(({ name }) => of(name))
  const late = others.map((looked) => looked.late)
  t.diagnostic(`500 others: ${others.length} looks, late p50 ${percentile(late, 50)} ms, p99 ${percentile(late, 99)} ms, most ${percentile(late, 100)} ms`)
  assert(percentile(late, 99) <= 1_000)
  assert(others.every((looked) => looked.found.is === 'pass'))
  assert(sites.every(({ name }) => of(name).length >= 7))

  release()
  const ended = () => heard('unstuck').filter((message) => message.check === 'dead')
  await until('its end is told', () => ended().length > 0)
  assert.equal(ended()[0]?.pid, stuck?.pid)
  await until('it is looked at again', () => of('dead').at(-1)?.found.is === 'fail')
  assert.match(of('dead').at(-1)?.found.says ?? '', /its file system answers EIO/)
})

test('X-5: many dead paths are abandoned within a bound; what is left says why, and all comes back', async (t) => {
  const { at, said, release } = await wedge(t)
  const keeper = await fakeKeeper()
  t.after(() => keeper.end())
  const prober = startProber(keeper.runtime)
  t.after(() => prober.end())
  await until('hello', () => keeper.heard.length > 0)
  const dead = Array.from({ length: 40 }, (_, n) => checkOf(`dead-${n}`, 'file', { file: path.join(at, 'stat-hangs') }, { every: ms(1_000) }))
  keeper.timetable(dead)
  const stuck = (): Set<number> => new Set(keeper.heard.flatMap((message) => (message.is === 'stuck' ? [message.pid] : [])))
  await until('as many hang as may', () => stuck().size >= 24, 90_000)
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  assert.equal(stuck().size, 24)
  assert([...stuck()].every(hangs))
  assert(keeper.looked.every((looked) => looked.found.is === 'unknown'))
  assert(keeper.looked.some((looked) => looked.found.says?.includes('no process was free for this look') === true))
  assert.equal(said.filter((line) => line.startsWith('held')).length <= 24, true)
  t.diagnostic(`${stuck().size} processes hang, ${keeper.looked.length} looks were unknown`)
  release()
  await until('every check is looked at again', () => {
    const last = new Map(keeper.looked.map((looked) => [looked.check, looked.found.is]))
    return dead.every(({ name }) => last.get(name) === 'fail')
  }, 30_000)
})
