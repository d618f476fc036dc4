// `holdfast up` as a person and as a service manager meet it: real processes, a real folder. What starts, what refuses to start, what
// comes back after a SIGKILL, what a changed file does, and how all of it ends.
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { startOf } from './watchdog/control.ts'

/** For what a machine does that is slow and does other things: it has come long before, and is a fault when it never does. */
const LONG = 60_000

interface Teardown { after(fn: () => void | Promise<void>): void }

const main = path.join(import.meta.dirname, '../main.ts')

async function until<T>(what: () => T | undefined | false | Promise<T | undefined | false>, within: number, saying: () => string): Promise<T> {
  for (const end = performance.now() + within; ;) {
    const got = await what()
    if (got !== undefined && got !== false) return got
    assert(performance.now() < end, `it did not happen within ${within} ms: ${saying()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** What runs in a folder, ended before the folder goes. */
const enders = new Map<string, (() => Promise<unknown>)[]>()

/** What the first start prepared: the others find it there, as they do on a machine. */
const code = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-up-')), 'holdfast-code')
after(() => fs.rmSync(path.dirname(code), { recursive: true, force: true }))

function folder(t: Teardown): string {
  const at = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-up-'))
  if (fs.existsSync(code)) fs.cpSync(code, path.join(at, 'holdfast-code'), { recursive: true, preserveTimestamps: true })
  enders.set(at, [])
  t.after(async () => {
    for (const end of enders.get(at) ?? []) await end()
    const own = path.join(at, 'holdfast-code')
    if (!fs.existsSync(code) && fs.existsSync(own)) fs.renameSync(own, code)
    fs.rmSync(at, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  })
  return at
}

const freePort = (): Promise<number> => new Promise((resolve) => {
  const probe = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address() as net.AddressInfo
    probe.close(() => resolve(port))
  })
})

interface Up {
  readonly child: ChildProcess
  readonly port: number
  said(): string
  ended(within: number): Promise<number | null>
  /** Process ids by program, as they are now. */
  kin(): Record<string, number>
}

/** Kills one that may be over already. */
function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Then it is over.
  }
}

/** Starts `holdfast up` in a folder. */
async function up(at: string, more: readonly string[] = []): Promise<Up> {
  const port = await freePort()
  const env = { PATH: process.env['PATH'], HOME: at, XDG_RUNTIME_DIR: at, TZ: 'UTC' }
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'up', '--port', String(port), ...more], { cwd: at, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += String(chunk)))
  const over = new Promise<number | null>((resolve) => child.once('close', resolve))
  const kin = (): Record<string, number> => {
    const runtime = fs.readdirSync(at).find((name) => /^holdfast-[0-9a-f]{12}$/.test(name))
    try {
      const all = JSON.parse(fs.readFileSync(path.join(at, runtime ?? '', 'children.json'), 'utf8')) as { name: string; pid: number; start: string }[]
      return Object.fromEntries(all.filter((it) => startOf(it.pid) === it.start).map(({ name, pid }) => [name, pid]))
    } catch {
      return {}
    }
  }
  enders.get(at)?.push(() => {
    child.kill('SIGKILL')
    for (const pid of Object.values(kin())) killed(pid)
    return over
  })
  return {
    child, port, kin, said: () => said,
    ended: (within) => Promise.race([over, new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`it did not end within ${within} ms: ${said}`)), within).unref())]),
  }
}

const waitForBoard = (it: Up): Promise<unknown> => until(() => /✓ data in/.test(it.said()) && /✓ board at/.test(it.said()), LONG, it.said)

const answers = (port: number): Promise<boolean> => fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5000) }).then((reply) => reply.ok, () => false)

/** Takes in webhooks. */
async function desk(t: Teardown): Promise<{ url: string; pages: { subject: string; event: string; text: { short: string; long: string } }[] }> {
  const pages: { subject: string; event: string; text: { short: string; long: string } }[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += String(chunk)))
    request.on('end', () => {
      pages.push(JSON.parse(body) as (typeof pages)[number])
      response.end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}/page`, pages }
}

const CONFIG = (hook: string, extra = ''): string => `version: 1
site: { name: Acme, url: "https://hold.acme.example", timezone: UTC }
channels: { hook: { webhook: "${hook}" } }
people: { ada: { reach: [hook] } }
checks:
  job: { heartbeat: true, every: 1h, grace: 5m }
${extra}escalation: { default: [ { page: [ada], repeat: 1m } ] }
status_pages: { public: { components: { Jobs: [job] } } }
`

test('the first start writes a configuration, says what is true, and stops in order on SIGTERM', async (t) => {
  const at = folder(t)
  const it = await up(at)
  await until(() => it.said() !== '', LONG, it.said)
  await waitForBoard(it)
  // Once for a machine, in place: the process id stays, as the second start below shows.
  assert.match(it.said(), /^Preparing the code for the first start here/)
  assert.match(it.said(), /✓ wrote holdfast\.yaml \(\d+ lines/)
  assert.match(it.said(), /Nobody would be paged yet: add people/)
  assert.match(it.said(), /✓ data in \.\/holdfast-data \(SQLite\)/)
  await until(() => answers(it.port), LONG, it.said)
  assert.equal(fs.statSync(path.join(at, 'holdfast-data')).mode & 0o777, 0o700)
  assert.equal(fs.statSync(path.join(at, 'holdfast-data/node.key')).mode & 0o777, 0o600)
  const kin = it.kin()
  assert.deepEqual(Object.keys(kin).sort(), ['keeper', 'prober', 'ringer', 'web'])
  const from = performance.now()
  it.child.kill('SIGTERM')
  assert.equal(await it.ended(10_000), 0)
  assert(performance.now() - from < 10_000)
  for (const [name, pid] of Object.entries(kin)) assert.equal(startOf(pid), undefined, `${name} is still there`)
})

test('a second start on the same data says who runs, also when that one is frozen; exit 1', async (t) => {
  const at = folder(t)
  const first = await up(at)
  await waitForBoard(first)
  const second = await up(at)
  assert.equal(await second.ended(LONG), 1)
  assert.doesNotMatch(second.said(), /Preparing/)
  assert.match(second.said(), new RegExp(`already running, pid ${first.child.pid}\\b`))
  first.child.kill('SIGSTOP')
  const third = await up(at)
  assert.equal(await third.ended(LONG), 1)
  assert.match(third.said(), new RegExp(`already running, pid ${first.child.pid}\\b`))
  first.child.kill('SIGCONT')
  assert(await until(() => answers(first.port), LONG, first.said))
})

test('a configuration with mistakes, one that is not there, and a port that is taken: a sentence, an exit code, and nothing begun', async (t) => {
  const at = folder(t)
  fs.writeFileSync(path.join(at, 'bad.yaml'), 'version: 1\nchekcs: {}\nsite: { nmae: x }\n')
  const bad = await up(at, ['--config', 'bad.yaml'])
  assert.equal(await bad.ended(LONG), 2)
  assert.match(bad.said(), /HF101[\s\S]*2 problems in bad\.yaml\. Holdfast did not start\./)
  const absent = await up(at, ['--config', 'none.yaml'])
  assert.equal(await absent.ended(LONG), 2)
  assert.match(absent.said(), /none\.yaml cannot be read/)
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => void server.close())
  const taken = await up(at, ['--port', String((server.address() as net.AddressInfo).port)])
  assert.equal(await taken.ended(LONG), 1)
  assert.match(taken.said(), /is taken by another program/)
  assert(!fs.existsSync(path.join(at, 'holdfast-data')))
})

test('X-8: within 5 s of its SIGKILL another process stands in the place of each, and it works again within 30 s; without its parent none stays longer than 2 s', async (t) => {
  const at = folder(t)
  const it = await up(at)
  await waitForBoard(it)
  for (const name of ['keeper', 'ringer', 'prober', 'web']) {
    const before = it.kin()[name] ?? 0
    const said = it.said().length
    // Process 0 would be this whole group.
    assert(before > 1, `${name} runs`)
    process.kill(before, 'SIGKILL')
    await until(() => (it.kin()[name] ?? before) !== before, 5000, it.said)
    // How long it takes to get ready is this machine's too, and what else it does now: that people are paged again within 5 s is measured by bench/restart.ts.
    if (name !== 'prober') await until(() => it.said().slice(said).includes(`${name} works again`), 30_000, it.said)
  }
  await until(() => answers(it.port), LONG, it.said)
  const { keeper = 0, ...others } = it.kin()
  // One that stands still cannot notice that its parent is gone: the next start ends it.
  assert(keeper > 1)
  process.kill(keeper, 'SIGSTOP')
  it.child.kill('SIGKILL')
  await until(() => Object.values(others).every((pid) => startOf(pid) === undefined), 2000, () => JSON.stringify(it.kin()))
  assert.notEqual(startOf(keeper), undefined)
  // As a service manager does: at once again, on the same data.
  const again = await up(at)
  await waitForBoard(again)
  assert.equal(startOf(keeper), undefined)
  await until(() => answers(again.port), LONG, again.said)
})

test('X-8 a runtime folder that is removed keeps nobody from coming back: it is made again, and commands find it', async (t) => {
  const at = folder(t)
  const it = await up(at)
  await waitForBoard(it)
  const runtime = path.join(at, fs.readdirSync(at).find((name) => /^holdfast-[0-9a-f]{12}$/.test(name)) ?? '')
  fs.rmSync(runtime, { recursive: true })
  const sockets = ['keeper.sock', 'ringer.sock', 'watchdog.sock', 'web.sock']
  await until(() => sockets.every((name) => fs.existsSync(path.join(runtime, name))), LONG, it.said)
  assert.equal(fs.statSync(runtime).mode & 0o777, 0o700)
  for (const name of ['ringer', 'keeper', 'web']) {
    const said = it.said().length
    // Asked only now: whose folder is gone may have been replaced meanwhile.
    process.kill(await until(() => it.kin()[name], LONG, it.said), 'SIGKILL')
    await until(() => it.said().slice(said).includes(`${name} works again`), LONG, it.said)
  }
  assert.match(spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'status', '--data', path.join(at, 'holdfast-data')], { cwd: at, env: { PATH: process.env['PATH'], HOME: at, XDG_RUNTIME_DIR: at }, encoding: 'utf8', timeout: LONG }).stdout, /^Nothing is watched yet/)
})

test('what the file lacked is not missed any more once it is mended', async (t) => {
  const at = folder(t)
  const it = await up(at)
  await waitForBoard(it)
  const missing = (): string[] => {
    const asked = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'status', '--json'], { cwd: at, env: { PATH: process.env['PATH'], HOME: at, XDG_RUNTIME_DIR: at }, encoding: 'utf8', timeout: LONG })
    return (JSON.parse(asked.stdout) as { missing: string[] }).missing
  }
  assert.equal(missing().length, 2)
  fs.writeFileSync(path.join(at, 'holdfast.yaml'), CONFIG('http://127.0.0.1:9/page'))
  await until(() => /was read again: in force, 1 check\n/.test(it.said()), LONG, it.said)
  await until(() => missing().length === 0, LONG, it.said)
})

test('a changed file comes into force; a bad one does not, and people hear of it once', async (t) => {
  const at = folder(t)
  const { url, pages } = await desk(t)
  const file = path.join(at, 'holdfast.yaml')
  fs.writeFileSync(file, CONFIG(url))
  const it = await up(at)
  await waitForBoard(it)
  for (const [n, text] of ['chekcs: {}\n', 'chekcs: {}\npoeple: {}\n'].entries()) {
    const said = it.said().length
    fs.writeFileSync(file, CONFIG(url, text))
    await until(() => it.said().slice(said).includes('the running configuration stays in force'), LONG, it.said)
    assert.match(it.said().slice(said), new RegExp(`${n + 1} problems? in`))
  }
  const page = await until(() => pages[0], LONG, it.said)
  assert.match(page.text.long, /configuration file was refused .* stays in force/)
  fs.writeFileSync(file, CONFIG(url).replace('checks:\n', 'checks:\n  other: { heartbeat: true, every: 1h, grace: 5m }\n'))
  await until(() => /was read again: in force, 2 checks/.test(it.said()), LONG, it.said)
  const said = it.said().length
  it.child.kill('SIGHUP')
  await until(() => it.said().slice(said).includes('nothing in it changed'), LONG, it.said)
  assert.equal(pages.length, 1)
})
