// A whole reconcile run, end to end, as the guard performs it: catalogue, listing over HTTP, catalogue, merge, plan; its memory; and what the comparing
// costs beside GNU `comm` over the same keys. Then a million objects without a row: the breaker latches, and the plan is drawn by the command line and
// given item by item, each by a process whose memory is looked at. A million keys, unless `--keys 10000000` makes it ten; `merge` compares ten million
// alone, without the plan that is written here meanwhile.
import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { ReconcileResult } from '../src/rooms/guard/reconcile/task.ts'
import type { ReconcileAnswer } from '../src/views/reconciles.ts'
import { folderFor } from '../test/story/world.ts'
import { isOrphan, keyOf } from './keys.ts'
import { ours, type Figure, type Measurement } from './rig.ts'

const KEYS = Number(process.env['HOLDFAST_BENCH_KEYS'] ?? 1_000_000)
const ORPHANS = 1_000_000
const MIB = 2 ** 20
const MOST = 256 * MIB

type Judged = ReconcileResult & { readonly is: 'judged' }
interface Ran { readonly result: Judged; readonly message: number; readonly took: Readonly<Record<string, number>>; readonly cpu: { readonly user: number; readonly system: number }; readonly peak: number }

/** One run over so many objects, of which every so-and-so-many-th has no row. */
async function run(folder: string, keys: number, every: number): Promise<Ran> {
  const bucket = ours(fork(path.join(import.meta.dirname, 'bucket.ts'), [String(keys)], { execArgv: ['--disable-warning=ExperimentalWarning'] }))
  try {
    const [{ port }] = (await once(bucket, 'message')) as [{ port: number }]
    const child = ours(spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'reconciling.ts'), `http://127.0.0.1:${port}`, folder, String(keys), String(every)], { stdio: ['ignore', 'pipe', 'inherit'] }))
    const said = await textOf(child)
    if (said === '') throw new Error('the run ended without a word')
    return JSON.parse(said) as Ran
  } finally {
    bucket.kill('SIGKILL')
  }
}

async function textOf(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(child, 'close')
  return Buffer.concat(chunks).toString()
}

/** The best of three, warm; nothing where it is not installed. */
function comm(folder: string, keys: number, every: number): number | undefined {
  if (spawnSync('comm', ['--version'], { stdio: 'ignore' }).error !== undefined) return undefined

  const [catalogue, listing] = [path.join(folder, 'catalogue'), path.join(folder, 'listing')]
  for (const [file, all] of [[catalogue, false], [listing, true]] as const) {
    const fd = openSync(file, 'w')
    for (let from = 0; from < keys; from += 100_000) {
      let text = ''
      for (let n = from; n < Math.min(keys, from + 100_000); n++) if (all || !isOrphan(n, every)) text += `${keyOf(n)}\n`
      writeSync(fd, text)
    }
    closeSync(fd)
  }
  return Math.min(...Array.from({ length: 3 }, () => {
    const began = performance.now()
    spawnSync('comm', ['-3', catalogue, listing], { env: { ...process.env, LC_ALL: 'C' }, stdio: 'ignore' })
    return performance.now() - began
  }))
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`
const memory = (what: string, peak: number, goal = MOST): Figure => ({ what, is: mib(peak), goal: `≤ ${mib(goal)}`, met: peak <= goal })

async function whole(folder: string): Promise<Figure[]> {
  const every = 10_007
  const { result, took, cpu, peak } = await run(path.join(folder, 'whole'), KEYS, every)
  const orphans = Math.floor(KEYS / every) - 1
  if (!result.healthy || result.plan.totals.keep !== orphans || result.ran.objects !== KEYS - 9) throw new Error(`it found something else: ${JSON.stringify([result.plan.refusals, result.plan.totals, result.ran])}`)
  const theirs = comm(folder, KEYS, every)
  const all = Object.values(took).reduce((sum, it) => sum + it, 0)
  const comparing = took['comparing them'] ?? Number.NaN
  return [
    { what: `${KEYS / 1e6} M keys × ${KEYS / 1e6} M rows`, is: `${seconds(all)}, ${((KEYS / all) * 1000 / 1e3).toFixed(0)} thousand a second, ${(((cpu.user + cpu.system) / KEYS)).toFixed(0)} µs of a processor for each: ${Object.entries(took).map(([says, ms]) => `${says} ${seconds(ms)}`).join(', ')}` },
    { what: 'comparing, and writing the plan', goal: '≤ 1 × comm', ...(theirs === undefined ? { is: `${seconds(comparing)}; comm is not installed here`, met: 'unknown' as const } : { is: `${seconds(comparing)}; comm ${seconds(theirs)}; ${(comparing / theirs).toFixed(2)} ×`, met: comparing <= theirs }) },
    memory('memory of the whole run, at most', peak),
  ]
}

/** The command line beside a server that knows only this answer; the most memory that it held. */
async function drawn(answer: ReconcileAnswer, args: readonly string[]): Promise<{ readonly lines: number; readonly bytes: number; readonly peak: number; readonly first: string; readonly ms: number }> {
  const server = http.createServer((_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const began = performance.now()
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, '../src/main.ts'), '--server', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'reconcile', ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HOLDFAST_TOKEN: 'x' } })
  let [lines, bytes, peak, first] = [0, 0, 0, '']
  const look = setInterval(() => {
    try {
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024)
    } catch {
      // It has ended.
    }
  }, 20)
  child.stdout.on('data', (chunk: Buffer) => {
    if (bytes < 4096) first += chunk.toString()
    bytes += chunk.length
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
  })
  await once(child, 'close')
  clearInterval(look)
  server.close()
  return { lines, bytes, peak, first, ms: performance.now() - began }
}

async function many(folder: string): Promise<Figure[]> {
  const { result, message, peak } = await run(path.join(folder, 'many'), 2 * ORPHANS, 2)
  const { plan, breaker, path: file, summary, said, ran } = result
  const planned = plan.totals.keep
  if (planned < ORPHANS - 10 || breaker.is !== 'open' || plan.mode !== 'latched') throw new Error(`it was not latched: ${JSON.stringify([plan.totals, breaker, plan.mode])}`)
  const answer: ReconcileAnswer = {
    schema: 'holdfast.reconcile/1', reconcile: 'many', store: 'main', prefix: 'customers/', catalogue: 'games', every: 1, late: false, from: '', running: null, breaker, armed_by: null, clean_runs: 0, causes: [], acceptable: [], accepted: [], returning: [],
    latest: { at: result.at, healthy: false, plan, path: file, summary, objects: ran.objects ?? null, rows: ran.after ?? null, columns: { added: [], removed: [] }, odd: { count: 0, shown: [] }, said },
  }
  const [text, lines] = [await drawn(answer, ['show', 'many']), await drawn(answer, ['show', 'many', '--json=lines'])]
  if (lines.lines < planned || !/to delete/.test(text.first)) throw new Error(`it was not drawn: ${lines.lines} lines; ${text.first.slice(0, 400)}`)
  return [
    memory(`${(planned / 1e6).toFixed(1)} M orphans: found, latched`, peak),
    { what: 'what the keeper is told of them', is: `${(message / 1024).toFixed(0)} KiB`, goal: '≤ 2 MiB', met: message <= 2 * MIB },
    { what: 'drawn for people', is: `${text.lines} lines, ${(text.bytes / 1024).toFixed(0)} KiB, ${seconds(text.ms)}, ${mib(text.peak)}`, goal: '≤ 300 lines, ≤ 256 MiB', met: text.lines <= 300 && text.peak <= MOST },
    { what: 'item by item', is: `${lines.lines} lines, ${mib(lines.bytes)}, ${seconds(lines.ms)}, ${mib(lines.peak)}`, goal: '≤ 256 MiB', met: lines.peak <= MOST },
  ]
}

const measurement: Measurement = {
  about: 'a whole reconcile run against a bucket over HTTP, beside GNU comm; and a plan of a million objects without a row',
  async measure() {
    const folder = folderFor('bench-reconcile')
    try {
      return [...await whole(folder), ...await many(folder)]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
export default measurement
