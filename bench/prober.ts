// What looks cost, and how punctual they are: the real prober with a keeper of straw, beside a bare Node loop that does nothing
// but the same `http.get` at the same pace, against a web server in a process of its own. Compare the two only within one
// run: the same look costs less the faster one follows the other.
//
//   bin/node bench/prober.ts [--checks 5000] [--every 10] [--seconds 30] [--wait 30]
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { ms } from '../src/core/time.ts'
import { checkOf, fakeKeeper, percentile, startProber, until } from '../test/fake-keeper.ts'

const here = new URL(import.meta.url)
/** Clock ticks of the kernel's accounts: a hundredth of a second. */
const JIFFY = 10

/** CPU time of a process and everything below it, in ms. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const own = (Number(fields[11]) + Number(fields[12])) * JIFFY
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean))
  return children.reduce((sum, child) => sum + cpuOf(Number(child)), own)
}

const pssOf = (pid: number): number => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024

/** The web server. */
function serve(): void {
  const server = http.createServer((_, reply) => void reply.end('ok'))
  server.listen(0, '127.0.0.1', 4096, () => process.send?.({ port: (server.address() as AddressInfo).port }))
  process.on('disconnect', () => process.exit())
}

/** The bare loop: so many `http.get` a second, evenly, each with a connection of its own. */
function bare(port: number, perSecond: number): void {
  let begun = 0
  let looks = 0
  const began = performance.now()
  const step = (): void => {
    for (; begun < ((performance.now() - began) * perSecond) / 1000; begun++) {
      http.get({ port, host: '127.0.0.1', agent: false }, (reply) => reply.resume().on('end', () => looks++)).on('error', () => undefined)
    }
    setTimeout(step, Math.max(0, ((begun + 1) * 1000) / perSecond - (performance.now() - began)))
  }
  step()
  process.on('message', () => process.send?.({ looks }))
  process.on('disconnect', () => process.exit())
}

async function measure(): Promise<void> {
  const { values } = parseArgs({ options: {
    checks: { type: 'string', default: '5000' }, every: { type: 'string', default: '10' }, seconds: { type: 'string', default: '30' }, wait: { type: 'string', default: '30' },
  } })
  const count = Number(values.checks)
  const every = Number(values.every) * 1000
  const perSecond = (count * 1000) / every
  const server = fork(here, ['serve'], { execArgv: [] })
  const [{ port }] = (await once(server, 'message')) as [{ port: number }]
  const keeper = await fakeKeeper()
  const prober = startProber(keeper.runtime)
  const pid = prober.process.pid as number
  await until('hello', () => keeper.heard.length > 0)
  const started = performance.now()
  keeper.timetable(Array.from({ length: count }, (_, n) => checkOf(`site-${n}`, 'http', { http: `http://127.0.0.1:${port}/` }, { every: ms(every), timeout: ms(5_000) })))
  await until('every check was looked at', () => new Set(keeper.looked.map((looked) => looked.check)).size === count, 60_000)
  const allAfter = performance.now() - started
  const loop = fork(here, ['bare', String(port), String(perSecond)], { execArgv: [] })
  const looksOf = async (): Promise<number> => {
    loop.send({})
    const [{ looks }] = (await once(loop, 'message')) as [{ looks: number }]
    return looks
  }
  await new Promise((resolve) => setTimeout(resolve, Number(values.wait) * 1000))

  keeper.looked.length = 0
  const before = { prober: cpuOf(pid), loop: cpuOf(loop.pid as number), looks: await looksOf() }
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000))
  const looked = [...keeper.looked]
  const spent = { prober: cpuOf(pid) - before.prober, loop: cpuOf(loop.pid as number) - before.loop, looks: (await looksOf()) - before.looks }
  const late = looked.map((it) => it.late)
  const perLook = spent.prober / looked.length
  const bareLook = spent.loop / spent.looks
  console.log(`prober: ${count} http checks every ${every / 1000} s (${perSecond}/s), new connection each, ${values.seconds} s, on ${cpus()[0]?.model ?? '?'} × ${cpus().length}`)
  console.log(`  looks             ${looked.length} (${looked.filter((it) => it.found.is !== 'pass').length} not passed), dropped ${keeper.dropped}`)
  console.log(`  late              p50 ${percentile(late, 50)} ms, p99 ${percentile(late, 99)} ms, most ${percentile(late, 100)} ms   (goal: p99 ≤ 25 ms)`)
  console.log(`  all looked at     after ${(allAfter / 1000).toFixed(1)} s   (goal: ≤ 30 s)`)
  console.log(`  CPU a look        ${perLook.toFixed(3)} ms; bare loop beside it ${bareLook.toFixed(3)} ms (${spent.looks} looks); ratio ${(perLook / bareLook).toFixed(2)}   (goal of all processes: ≤ 1.2, ≤ 0.4 ms)`)
  console.log(`  memory            ${pssOf(pid).toFixed(0)} MB PSS`)
  await prober.end()
  keeper.end()
  server.disconnect()
  loop.disconnect()
}

const [role, port, perSecond] = process.argv.slice(2)
if (role === 'serve') serve()
else if (role === 'bare') bare(Number(port), Number(perSecond))
else await measure()
