// The board from `web` beside nginx that serves the same bytes under the same headers, each alone on the first core while what
// asks has the second. What one core serves is counted by the CPU that the server spends, which says the same when the
// server is the limit and is still right when the asking side is. `wrk` asks where it is installed, else traffic of our own,
// which is slower. Without nginx on the machine a bare node:http stands in.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from '../test/story/world.ts'
import { cpuOf, treeOf } from './machine.ts'
import { holdfast, play, sleep, target, type Measurement } from './rig.ts'
import type { Said } from './traffic.ts'

const CONNECTIONS = 64
const SPAN = 6000
const WARM = 4000
const TURNS = 2
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((file) => existsSync(file))
const WRK = ['/usr/bin/wrk', '/usr/local/bin/wrk'].find((file) => existsSync(file))

const yaml = (web: number) => (port: number): string => `version: 1
site: { name: Acme Hosting, url: "http://127.0.0.1:${port}", timezone: Europe/Berlin }
checks:
${Array.from({ length: 20 }, (_, n) => `  c${n}: { http: "http://127.0.0.1:${web}/c${n}" }`).join('\n')}
status_pages:
  public:
    components:
${Array.from({ length: 20 }, (_, n) => `      Part ${n}: [c${n}]`).join('\n')}
`

const pin = (pid: number, core: number): void => void execFileSync('taskset', ['-acp', String(core % cpus().length), String(pid)], { stdio: 'ignore' })

interface Served { readonly answers: number; readonly cpu: number; readonly failed: number }

const cpuBelow = (server: number): number => treeOf(server).reduce((sum, pid) => sum + cpuOf(pid), 0)

async function askByWrk(wrk: string, port: number, server: number): Promise<Served> {
  const run = async (span: number): Promise<string> => (await promisify(execFile)('taskset', ['-c', String(1 % cpus().length), wrk, '-t1', `-c${CONNECTIONS}`, `-d${span / 1000}s`, `http://127.0.0.1:${port}/`])).stdout
  await run(WARM)
  const before = cpuBelow(server)
  const said = await run(SPAN)
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0)
  return { answers: Number(/(\d+) requests in/.exec(said)?.[1] ?? 0), cpu: cpuBelow(server) - before, failed }
}

async function ask(port: number, server: number): Promise<Served> {
  if (WRK !== undefined) return askByWrk(WRK, port, server)
  const traffic = play<object, Said>('./traffic.ts', ['board', String(port), String(CONNECTIONS), '0'])
  try {
    pin(traffic.pid, 1)
    await sleep(WARM)
    const before = { ...(await traffic.ask({})), cpu: cpuBelow(server) }
    await sleep(SPAN)
    const after = { ...(await traffic.ask({})), cpu: cpuBelow(server) }
    return { answers: after.done - before.done, cpu: after.cpu - before.cpu, failed: after.failed }
  } finally {
    traffic.end()
  }
}

interface Page { readonly head: readonly (readonly [string, string])[]; readonly body: string }

/** The headers that make up an answer's length; each server adds its own date, length and connection. */
async function pageAt(port: number): Promise<Page> {
  const reply = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'accept-encoding': 'identity' } })
  const own = new Set(['date', 'connection', 'keep-alive', 'content-length', 'content-type', 'transfer-encoding'])
  return { head: [...reply.headers].filter(([name]) => !own.has(name)), body: await reply.text() }
}

function nginx(binary: string, port: number, page: Page, folder: string): ChildProcess {
  // Its worker is nobody.
  chmodSync(folder, 0o755)
  writeFileSync(path.join(folder, 'index.html'), page.body)
  const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  writeFileSync(path.join(folder, 'nginx.conf'), `
daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=10 inactive=60s; etag off; default_type "text/html; charset=utf-8";
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  server { listen 127.0.0.1:${port} backlog=1024; root ${folder};
${page.head.map(([name, value]) => `    add_header ${name} ${quoted(value)};`).join('\n')}
  }
}
`)
  return spawn(binary, ['-p', folder, '-c', path.join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
}

const bare = (port: number, page: Page): ChildProcess => spawn(process.execPath, ['-e', `
const body = Buffer.from(${JSON.stringify(page.body)}), head = ${JSON.stringify(page.head.flat())}.concat(['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(body.length)])
require('node:http').createServer((_, reply) => { reply.writeHead(200, head); reply.end(body) }).listen(${port}, '127.0.0.1')`], { stdio: 'ignore' })

const measurement: Measurement = {
  about: `GET / over ${CONNECTIONS} kept connections, ${TURNS} × ${SPAN / 1000} s each in turns`,
  async measure() {
    const at = await target()
    const rig = await holdfast('board', yaml(at.web))
    const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-bench-nginx-'))
    const [port = 0] = await freePorts(1)
    let other: ChildProcess | undefined
    try {
      await sleep(8000)
      const page = await pageAt(rig.port)
      other = NGINX === undefined ? bare(port, page) : nginx(NGINX, port, page, folder)
      await sleep(500)
      const same = await pageAt(port)
      if (same.body !== page.body) throw new Error(`the other server does not serve the page: ${same.body.slice(0, 100)}`)
      const otherPid = other.pid ?? 0
      const ours = rig.pid('web')
      for (const pid of [ours, ...treeOf(otherPid)]) pin(pid, 0)
      const sums = { web: { answers: 0, cpu: 0 }, other: { answers: 0, cpu: 0 } }
      for (let turn = 0; turn < TURNS; turn++) {
        for (const [name, served] of [['web', await ask(rig.port, ours)], ['other', await ask(port, otherPid)]] as const) {
          if (served.failed > 0 || served.answers === 0) throw new Error(`${name}: ${served.failed} connections failed, ${served.answers} answers`)
          sums[name].answers += served.answers
          sums[name].cpu += served.cpu
        }
      }
      const perCpu = ({ answers, cpu }: { answers: number; cpu: number }): number => (answers * 1000) / cpu
      const told = (it: { answers: number; cpu: number }): string => `${perCpu(it).toFixed(0)} a CPU second (${((it.answers * 1000) / (SPAN * TURNS)).toFixed(0)}/s here)`
      const share = perCpu(sums.web) / perCpu(sums.other)
      return [
        { what: 'the page', is: `${page.body.length} B and the same headers, asked for by ${WRK === undefined ? 'traffic of our own' : 'wrk'}` },
        { what: 'web', is: told(sums.web) },
        { what: NGINX === undefined ? 'bare node:http (no nginx here)' : 'nginx, one worker', is: told(sums.other) },
        { what: 'share', is: `${(share * 100).toFixed(0)} %`, ...(NGINX === undefined ? {} : { goal: '≥ 50 %', met: share >= 0.5 }) },
      ]
    } finally {
      other?.kill('SIGTERM')
      await rig.end()
      at.end()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
export default measurement
