// `holdfast exec`: the command runs whatever else fails, its exit code is ours, counts are taken in its snapshot or around it, and what cannot be sent
// waits. The database is a fake; the command is a real program.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { instantOf, tickOf, type Now } from '../../core/time.ts'
import type { Snapshot, Tally, Tallying } from '../../ports/tally/tally.ts'
import type { Manifest, RunReport } from '../../rooms/guard/sets/manifest.ts'
import { channels, probes, stores } from '../../plugins/list.gen.ts'
import type { Reply } from '../client.ts'
import { outputFor } from '../output.ts'
import type { Session } from '../session.ts'
import { exec } from './exec.ts'

const CONFIG = (manifest: string): string => `version: 1
stores: { nas: { dir: ./nas } }
backups:
  shop: { engine: postgres, in: { nas: "shop-{date}.dump" }, every: 24h, manifest: ${manifest} }
  bare: { engine: postgres, in: { nas: "bare-{date}.dump" }, every: 24h }
`
const SHOP = '{ postgres: "postgres://app@127.0.0.1/shop", newest: "select max(at) from orders", files: [panel.conf] }'

interface Bench {
  readonly folder: string
  /** What happened, in order. */
  readonly log: string[]
  readonly sent: { set: string; report: RunReport }[]
  /** Told before the command ran. */
  readonly begun: RunReport[]
  readonly says: string[]
  answer: () => Reply | Error
  rows: () => number | string
  open: () => Error | undefined
  run(set: string, ...argv: string[]): Promise<number>
  manifest(): Manifest
}

const node = (script: string, ...args: string[]): string[] => [process.execPath, '-e', script, ...args]
/** A command that writes its arguments into a file, and ends. */
const DUMP = (exit = 0): string => `require('node:fs').appendFileSync('ran', process.argv.slice(1).join(' ') + '\\n'); process.exitCode = ${exit}`

function bench(t: TestContext, config: string | undefined = CONFIG(SHOP)): Bench {
  const folder = mkdtempSync(path.join(tmpdir(), 'hf-exec-'))
  const before = process.cwd()
  process.chdir(folder)
  t.after(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })
  if (config !== undefined) writeFileSync('holdfast.yaml', config)
  writeFileSync('panel.conf', 'a = 1\n')
  const log: string[] = []
  const ran = (): void => void (existsSync('ran') && log.push('ran'))
  const snapshot = (share: boolean, it: Bench): Snapshot => ({
    ...(share ? { id: '00000003-1' } : {}),
    async count(want): Promise<Tally> {
      ran()
      log.push(`count${share ? ' shared' : ''}`)
      const rows = it.rows()
      const counted = typeof rows === 'number' ? { name: 'public.orders', rows } : { name: 'public.orders', says: rows }
      const server = { version: '15.18', system: '7', database: 'shop', oid: '5', replica: false }
      return Promise.resolve({ at: instantOf(1), server, tables: want.tables ? [] : [counted], leftOut: 0, newest: { value: '2026-11-21 01:00:00+00' } })
    },
    leave: () => (ran(), void log.push('leave')),
  })
  const it: Bench = {
    folder, log, sent: [], begun: [], says: [], answer: () => ({ status: 200, body: { says: 'noted' }, timezone: undefined }), rows: () => 10, open: () => undefined,
    run: (set, ...argv) => exec(session, argv, { backup: set }),
    manifest: () => it.sent.at(-1)?.report.manifest ?? assert.fail('no manifest was sent'),
  }
  const tallying: Tallying = {
    open(url, { share }) {
      assert.equal(url, 'postgres://app@127.0.0.1/shop')
      const cause = it.open()
      return cause ? Promise.reject(cause) : Promise.resolve(snapshot(share, it))
    },
  }
  let tick = 0
  const now = (): Now => ({ wall: instantOf(tick), tick: tickOf(++tick), boot: 'b' })
  const session: Session = {
    out: outputFor({ stdout: { write: (text: string) => it.says.push(`stdout: ${text}`) }, stderr: { write: (text: string) => it.says.push(text.trim()) }, json: false, lines: false, quiet: true, color: 'never', env: {}, now: () => instantOf(0) }),
    server: {
      where: 'here',
      send(_method, at, body) {
        const answer = it.answer()
        if (answer instanceof Error) return Promise.reject(answer)
        const report = body as RunReport
        if (report.exit === null) it.begun.push(report)
        else if (answer.status < 300) it.sent.push({ set: at.split('/')[4] ?? '', report })
        return Promise.resolve(answer)
      },
    },
    env: process.env, data: path.join(folder, 'data'), config: 'holdfast.yaml', timeout: undefined, person: { name: 'ada', said: true }, now: () => Date.now(), message: (given) => given,
    outside: {
      version: '0', up: () => Promise.resolve(0), scan: () => Promise.reject(new Error('no scan')), scanPages: () => Promise.reject(new Error('no scan')), plugins: () => Promise.resolve({ probes, channels, stores }),
      tallies: () => Promise.resolve({ of: () => tallying, context: { now, timers: { after: () => () => undefined } } as unknown as Awaited<ReturnType<NonNullable<Session['outside']['tallies']>>>['context'], close: () => void log.push('closed') }),
    },
  }
  return it
}

test('with {{snapshot}} all is counted in the snapshot that the command is given, and it is held until the command has ended', async (t) => {
  const it = bench(t)
  assert.equal(await it.run('shop', ...node(DUMP(), '--', '--snapshot={{snapshot}}', '-Fc')), 0)
  assert.equal(readFileSync('ran', 'utf8'), '--snapshot=00000003-1 -Fc\n')
  assert.deepEqual(it.log, ['count shared', 'ran', 'leave', 'ran', 'leave', 'closed'], 'one count, begun with the command; left after it')
  const manifest = it.manifest()
  assert.deepEqual(it.begun.map(({ command, from, to }) => [command, from, to]), [[it.sent[0]?.report.command, it.sent[0]?.report.from, it.sent[0]?.report.from]], 'its beginning is told, and its end by the same name')
  assert.deepEqual([manifest.how, manifest.whole, manifest.tables, manifest.newest], ['snapshot', true, [{ name: 'public.orders', least: 10, most: 10 }], { least: '2026-11-21 01:00:00+00', most: '2026-11-21 01:00:00+00' }])
  assert.deepEqual([manifest.server?.engine, manifest.server?.oid, manifest.files[0]?.path], ['postgres', '5', 'panel.conf'])
  assert.deepEqual(it.says, [])
})

test('without it there is a count before and one after, which bracket it', async (t) => {
  const it = bench(t)
  let n = 20
  it.rows = () => (n -= 5)
  assert.equal(await it.run('shop', ...node(DUMP())), 0)
  assert.deepEqual(it.log, ['count', 'leave', 'ran', 'count', 'ran', 'leave', 'ran', 'leave', 'ran', 'leave', 'closed'])
  assert.deepEqual([it.manifest().how, it.manifest().tables], ['bracketed', [{ name: 'public.orders', least: 10, most: 15 }]])
})

test('the exit code is that of the command, and one that failed leaves no manifest', async (t) => {
  const it = bench(t)
  assert.equal(await it.run('shop', ...node(DUMP(7), '--', '{{snapshot}}')), 7)
  assert.deepEqual([it.sent[0]?.report.exit, it.sent[0]?.report.manifest], [7, undefined])
  assert.equal(await it.run('shop', ...node("process.kill(process.pid, 'SIGTERM')")), 143)
  assert.equal(await it.run('shop', 'holdfast-no-such-program'), 127)
  assert.equal(await it.run('shop', path.join(it.folder, 'panel.conf')), 126)
  assert.match(it.says.join('\n'), /no-such-program cannot be started: ENOENT/)
  assert.deepEqual(it.sent.map(({ report }) => report.exit), [7, 143, 127, 126])
  assert.ok(!JSON.stringify(it.sent).includes('{{snapshot}}'), 'what a command was given may hold secrets, and is not sent')
})

test('a backup is worth more than its manifest: it runs without configuration, set, database or secret, and says what is missing', async (t) => {
  const it = bench(t)
  it.open = () => new Error('shop at 127.0.0.1:5432: refused the connection')
  assert.equal(await it.run('shop', ...node(DUMP(), '--', '--snapshot={{snapshot}}', '--snapshot', '{{snapshot}}', '-Fc')), 0)
  assert.equal(readFileSync('ran', 'utf8'), '-Fc\n', 'the argument that would hand it over is left out')
  assert.equal(it.says.length, 1)
  assert.match(it.says[0] ?? '', /^holdfast: shop: nothing was counted: .*refused the connection; the command runs all the same$/)
  assert.deepEqual([it.manifest().tables, it.manifest().server, it.manifest().files.length], [[], null, 1], 'of what could be read there is one')
  for (const [config, set, says] of [[undefined, 'shop', /cannot be|not usable/], ['version: 1\nbackups: [', 'shop', /not usable here/], [CONFIG('{ postgres: "${secret:gone}" }'), 'shop', /not usable here/], [CONFIG(SHOP), 'shpo', /no set of backups of that name/]] as const) {
    rmSync('holdfast.yaml', { force: true })
    if (config !== undefined) writeFileSync('holdfast.yaml', config)
    rmSync('ran')
    it.says.length = 0
    assert.equal(await it.run(set, ...node(DUMP(3))), 3)
    assert.ok(existsSync('ran'))
    assert.match(it.says.join(), says)
    assert.equal(it.sent.at(-1)?.report.manifest, undefined)
  }
})

test('it needs the secrets of its set and no others; without one of those it runs, and says which', async (t) => {
  const it = bench(t, CONFIG(SHOP).replace('postgres://app@127.0.0.1/shop', '${secret:shop-db}') + `channels: { mail: { smtp: "\${secret:mail-login}", from: a@acme.example } }
ingest: { pagerduty: "\${secret:pd-key}" }
`)
  process.env['HOLDFAST_SECRET_SHOP_DB'] = 'postgres://app@127.0.0.1/shop'
  t.after(() => delete process.env['HOLDFAST_SECRET_SHOP_DB'])
  assert.equal(await it.run('shop', ...node(DUMP())), 0)
  assert.deepEqual([it.says, it.manifest().tables.length], [[], 1])
  delete process.env['HOLDFAST_SECRET_SHOP_DB']
  assert.equal(await it.run('shop', ...node(DUMP())), 0)
  assert.match(it.says.join('\n'), /the secret “shop-db” is nowhere to be found; the command runs all the same/)
})

test('a set that asks for no manifest has its runs noted, in silence; what needs a snapshot and has none is not run', async (t) => {
  const it = bench(t)
  assert.equal(await it.run('bare', ...node(DUMP())), 0)
  assert.deepEqual([it.sent[0]?.set, it.sent[0]?.report.manifest, it.says], ['bare', undefined, []])
  assert.match(it.sent[0]?.report.says ?? '', /nothing of what is to be written down/)
  rmSync('ran')
  assert.equal(await it.run('bare', ...node(DUMP(), '--', '--snapshot={{snapshot}}')), 0)
  assert.deepEqual(it.says.splice(0), ['holdfast: bare: holdfast.yaml names no database to count (manifest: { postgres: … }, or of: a check of one, whose secret has to be on this machine), so there is no snapshot to share and no rows are written down'], 'who asks for a snapshot hears that there is none')
  rmSync('ran')
  assert.equal(await it.run('bare', ...node(DUMP(), '--', '-c', "set transaction snapshot '{{snapshot}}'")), 1)
  assert.ok(!existsSync('ran'))
  assert.match(it.says.join(), /no snapshot to put in place of/)
})

test('what was not counted says why; a file that changed meanwhile has no hash', async (t) => {
  const it = bench(t, CONFIG('{ postgres: "postgres://app@127.0.0.1/shop", files: [panel.conf, gone.conf, ran] }'))
  let n = 0
  it.rows = () => (n++ === 0 ? 4 : 'permission denied for table orders')
  assert.equal(await it.run('shop', ...node(`${DUMP()}; require('node:fs').writeFileSync('panel.conf', 'a = 2')`)), 0)
  assert.deepEqual(it.manifest().tables, [{ name: 'public.orders', says: 'permission denied for table orders' }])
  assert.deepEqual(it.manifest().files, [{ path: 'panel.conf', says: 'it changed while the command ran' }, { path: 'gone.conf', says: 'it cannot be read: ENOENT' }, { path: 'ran', says: 'it cannot be read: ENOENT' }])
  const line = it.says.find((one) => one.includes('the manifest is not whole')) ?? ''
  assert.match(line, /no hash was taken of panel\.conf: it changed while the command ran; gone\.conf: it cannot be read: ENOENT; ran: .* \(files are looked for in the folder in which holdfast exec runs\)/)
})

test('W-4 what cannot be sent waits in a file, and goes with the next; what is refused for good is set aside', async (t) => {
  const it = bench(t)
  const spool = (): string[] => (existsSync('data-spool') ? readdirSync('data-spool') : [])
  it.answer = () => new Error('No Holdfast answers')
  for (const exit of [0, 5]) assert.equal(await it.run('shop', ...node(DUMP(exit))), exit)
  assert.equal(spool().length, 2)
  assert.match(it.says[0] ?? '', /^holdfast: shop: its report waits in .*data-spool\/\d+-\w{12}\.json and is sent at the next exec: No Holdfast answers/)
  it.answer = () => ({ status: 503, body: { detail: 'not now' }, timezone: undefined })
  assert.equal(await it.run('shop', ...node(DUMP())), 0)
  assert.equal(spool().length, 3)
  it.answer = () => ({ status: 200, body: {}, timezone: undefined })
  assert.equal(await it.run('shop', ...node(DUMP())), 0)
  assert.deepEqual([it.sent.map(({ report }) => report.exit), spool()], [[0, 0, 5, 0], []])
  it.answer = () => new Error('gone again')
  assert.equal(await it.run('shop', ...node(DUMP())), 0)
  it.answer = () => ({ status: 400, body: { detail: 'not understood' }, timezone: undefined })
  assert.equal(await it.run('shop', ...node(DUMP())), 0)
  assert.match(spool().join(), /^\d+-\w{12}\.json\.refused$/)
})

test('a spool of somebody else is neither written nor believed, and never more than a hundred wait', async (t) => {
  const it = bench(t)
  mkdirSync('data-spool', { mode: 0o777 })
  const { keepReport, waitingIn, spoolFolders } = await import('./spool.ts')
  const folders = spoolFolders(path.join(it.folder, 'data'), it.folder)
  const { chmodSync } = await import('node:fs')
  chmodSync('data-spool', 0o777)
  const report = (from: number): RunReport => ({ command: 'x', from, to: from, exit: 0, says: '' })
  writeFileSync('data-spool/1-000000000000.json', JSON.stringify({ set: 'shop', report: report(1) }))
  assert.deepEqual(await waitingIn(folders), [])
  assert.equal(path.dirname(await keepReport(folders, { set: 'shop', report: report(2) })), path.join(it.folder, 'holdfast-spool'))
  for (let n = 0; n < 105; n++) await keepReport(folders, { set: 'shop', report: report(1000 + n) })
  const waiting = await waitingIn(folders)
  assert.deepEqual([waiting.length, waiting[0]?.report.from, waiting.at(-1)?.report.from], [100, 1005, 1104])
  writeFileSync('holdfast-spool/9-000000000000.json', '{"set":')
  assert.equal((await waitingIn(folders)).length <= 100, true)
})

interface Ran { readonly code: number | null; readonly out: string; readonly err: string }

/** The real program, on a folder without a server. */
function holdfast(folder: string, args: readonly string[], { input = '', signal }: { readonly input?: string; readonly signal?: NodeJS.Signals } = {}): Promise<Ran> {
  const main = path.join(import.meta.dirname, '../../main.ts')
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { cwd: folder, stdio: 'pipe', timeout: 20_000 })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (signal !== undefined && out.includes('ready')) child.kill(signal)
    })
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.on('close', (code) => resolve({ code, out, err }))
    child.stdin.end(input)
  })
}

test('stdin, stdout and stderr are the command\'s own, arguments come as they are, and signals are handed on', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hf-exec-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const piped = await holdfast(folder, ['exec', '--backup', 'shop', '--', ...node('process.stdin.pipe(process.stdout); console.error(JSON.stringify(process.argv.slice(1))); process.exitCode = 9', '--', '--json=lines', '$(id) *', '--', '--json')], { input: 'a dump\n' })
  assert.deepEqual([piped.code, piped.out], [9, 'a dump\n'])
  assert.match(piped.err, /^\["--json=lines","\$\(id\) \*","--","--json"\]$/m)
  assert.match(piped.err, /waits in .*holdfast-data-spool/)
  const stopped = await holdfast(folder, ['exec', '--backup', 'shop', '--', ...node("process.on('SIGTERM', () => { console.log('told'); process.exit(4) }); setTimeout(() => {}, 15000); console.log('ready')")], { signal: 'SIGTERM' })
  assert.deepEqual([stopped.code, stopped.out], [4, 'ready\ntold\n'])
  assert.equal((await holdfast(folder, ['exec', '--backup', 'shop'])).code, 2)
  assert.equal((await holdfast(folder, ['exec', '--', 'true'])).code, 2)
})
