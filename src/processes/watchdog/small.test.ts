// The watchdog's small parts: lines that wait for nobody, one Holdfast per folder, the service manager, the outside switch, and
// a changed file that is noticed once.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { ms, seconds, tickOf } from '../../core/time.ts'
import { askWho, endFormerKin, rememberKin, startOf, takeOver } from './control.ts'
import { deadMan } from './dead-man.ts'
import { openFolder } from './folder.ts'
import { notifierFor } from './notify.ts'
import { outletOn } from './outlet.ts'
import { inTurn, lookoutFor, markOf } from './reload.ts'

function folder(t: { after(fn: () => void): void }): string {
  const at = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-watchdog-'))
  t.after(() => fs.rmSync(at, { recursive: true }))
  return at
}

test('lines go out in order, in one write at a time; short writes and a full pipe lose nothing', async () => {
  const written: Buffer[] = []
  let tries = 0
  const outlet = outletOn(1, (bytes, then) => {
    tries++
    if (tries % 3 === 0) return setImmediate(() => then({ code: 'EAGAIN' }, 0))
    const part = bytes.subarray(0, 7)
    setImmediate(() => {
      written.push(part)
      then(null, part.length)
    })
  })
  for (let n = 0; n < 6; n++) outlet.line(`✓ line “${n}”`)
  await outlet.flush(5000)
  assert.equal(Buffer.concat(written).toString(), Array.from({ length: 6 }, (_, n) => `✓ line “${n}”\n`).join(''))
})

test('what a stranger wrote steers no terminal by way of a log', async () => {
  let written = ''
  const outlet = outletOn(1, (bytes, then) => {
    written += bytes.toString()
    then(null, bytes.length)
  })
  outlet.line('web: \u001b]0;owned\u0007\u001b[2J\u009b31m\u0000\r\u202e“ok”\n  at line 2\t✓')
  await outlet.flush(1000)
  assert.equal(written, 'web:  ]0;owned  [2J 31m   “ok”\n  at line 2\t✓\n')
})

test('a reader that does not read costs a bounded number of lines, and hears how many it missed', async () => {
  let release: (() => void) | undefined
  const written: string[] = []
  const outlet = outletOn(1, (bytes, then) => {
    const go = (): void => {
      written.push(bytes.toString())
      then(null, bytes.length)
    }
    if (release === undefined) release = go
    else go()
  })
  for (let n = 0; n < 5000; n++) outlet.line(`${n}`)
  const flushed = outlet.flush(2000)
  release?.()
  await flushed
  const lines = written.join('').split('\n')
  assert(lines.length < 1200)
  assert.match(lines.join('\n'), /\((\d+) lines were left out/)
})

test('a reader that is gone is forgotten', async () => {
  let writes = 0
  const outlet = outletOn(1, (_text, then) => {
    writes++
    setImmediate(() => then({ code: 'EPIPE' }, 0))
  })
  outlet.line('a')
  await outlet.flush(1000)
  outlet.line('b')
  await outlet.flush(1000)
  assert.equal(writes, 1)
})

const HOLDER = `
  import { takeOver } from ${JSON.stringify(path.join(import.meta.dirname, 'control.ts'))}
  const taken = await takeOver(process.argv[2])
  console.log(taken.is, taken.pid ?? '')
`

const runHolder = (t: { after(fn: () => void): void }, at: string): Promise<{ said: string; pid: number; kill: (signal: NodeJS.Signals) => void }> => {
  const file = path.join(at, 'holder.ts')
  fs.writeFileSync(file, HOLDER)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, at], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => void child.kill('SIGKILL'))
  return new Promise((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve({ said: String(chunk).trim(), pid: child.pid ?? 0, kill: (signal) => void child.kill(signal) })))
}

test('one Holdfast per folder: the second is told who the first is, also when that one is frozen; a dead one holds nothing', async (t) => {
  const at = folder(t)
  const first = await runHolder(t, at)
  assert.equal(first.said, 'taken')
  assert.equal(await askWho(at), first.pid)
  assert.deepEqual(await takeOver(at), { is: 'held', pid: first.pid })
  first.kill('SIGSTOP')
  assert.deepEqual(await takeOver(at), { is: 'held', pid: first.pid })
  first.kill('SIGKILL')
  for (const end = performance.now() + 60_000; startOf(first.pid) !== undefined && performance.now() < end;) await new Promise((resolve) => setTimeout(resolve, 20))
  const next = await runHolder(t, at)
  assert.equal(next.said, 'taken')
})

test('what a former Holdfast left is ended, strangers with the same number are not', async (t) => {
  const at = folder(t)
  const [left, stranger] = [spawn('sleep', ['60']), spawn('sleep', ['60'])]
  t.after(() => void [left, stranger].map((child) => child.kill('SIGKILL')))
  const pid = left.pid ?? 0
  rememberKin(at, [{ name: 'keeper', pid, start: startOf(pid) ?? '' }, { name: 'web', pid: stranger.pid ?? 0, start: '1' }])
  for (const end = performance.now() + 60_000; !fs.existsSync(path.join(at, 'children.json')) && performance.now() < end;) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual(await endFormerKin(at, 20_000), [])
  assert.equal(startOf(pid), undefined)
  assert.notEqual(startOf(stranger.pid ?? 0), undefined)
  fs.writeFileSync(path.join(at, 'children.json'), 'not json')
  assert.deepEqual(await endFormerKin(at, 100), [])
})

test('the service manager hears of the start, of life at half its time, and of the stop; nobody else is told anything', () => {
  const told: string[] = []
  const run = (args: readonly string[]): void => void told.push(args.slice(1).join(' '))
  const service = notifierFor({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '20000000' }, () => undefined, run)
  service.ready('watching 4 checks')
  for (let at = 0; at <= 60_000; at += 250) service.turn(at, at < 25_000 || at > 50_000)
  service.stopping()
  assert.deepEqual(told, ['--ready --status=watching 4 checks', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1', 'STOPPING=1'])
  const other = notifierFor({ WATCHDOG_USEC: '20000000' }, () => undefined, run)
  other.ready('x')
  other.turn(0, true)
  const another = notifierFor({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '20000000', WATCHDOG_PID: '1' }, () => undefined, run)
  another.turn(0, true)
  assert.equal(told.length, 6)
})

test('P-16: the outside switch is called while pages would go out, and only then; trouble is told once and paged after five', async () => {
  const said: string[] = []
  const paged: string[] = []
  let calls = 0
  let status = 200
  const outside = deadMan({ call: () => (calls++, status === 0 ? Promise.reject(new Error('no way to https://hc.example/secret')) : Promise.resolve(status)), say: (line) => said.push(line), page: (says) => paged.push(says) })
  const turn = async (from: number, to: number, advances: boolean): Promise<void> => {
    for (let at = from; at < to; at += 1000) {
      outside.turn(tickOf(at), advances)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await turn(0, 60_000, true)
  assert.equal(calls, 0)
  outside.configure({ url: 'https://hc.example/secret', every: seconds(10) })
  await turn(60_000, 120_000, true)
  assert.equal(calls, 6)
  await turn(120_000, 300_000, false)
  assert.equal(calls, 6)
  status = 0
  await turn(300_000, 400_000, true)
  assert.equal(said.length, 1)
  assert.equal(paged.length, 1)
  assert.doesNotMatch([...said, ...paged].join(), /secret/)
  status = 204
  await turn(400_000, 420_000, true)
  assert.match(said[1] ?? '', /reached again/)
  outside.configure(undefined)
  const before = calls
  await turn(420_000, 480_000, true)
  assert.equal(calls, before)
})

test('a change of the file, of conf.d, of a runbook or of a secret is noticed once, when it has settled', async (t) => {
  const at = folder(t)
  const file = path.join(at, 'holdfast.yaml')
  fs.writeFileSync(file, 'version: 1\n')
  let changes = 0
  let asked: Promise<string> = Promise.resolve('')
  const lookout = lookoutFor(file, await markOf(file), () => changes++, (at) => (asked = markOf(at)))
  const turn = async (): Promise<void> => {
    lookout.turn()
    await asked
    await Promise.resolve()
  }
  for (let n = 0; n < 3; n++) await turn()
  assert.equal(changes, 0)
  fs.mkdirSync(path.join(at, 'conf.d'))
  fs.mkdirSync(path.join(at, 'runbooks'))
  fs.mkdirSync(path.join(at, 'secrets'))
  const writes = [() => fs.appendFileSync(file, '# more\n'), () => fs.writeFileSync(path.join(at, 'conf.d/a.yaml'), 'x'), () => fs.writeFileSync(path.join(at, 'runbooks/a.yaml'), 'x'), () => fs.writeFileSync(path.join(at, 'secrets/db-url'), 'y'), () => fs.rmSync(file)]
  for (const [n, change] of writes.entries()) {
    change()
    await turn()
    assert.equal(changes, n, 'not in the midst of a change')
    for (let more = 0; more < 3; more++) await turn()
    assert.equal(changes, n + 1)
  }
  fs.writeFileSync(path.join(at, 'conf.d/notes.txt'), 'z')
  for (let n = 0; n < 3; n++) await turn()
  assert.equal(changes, 5)
})

test('a disk that does not answer is asked once', async () => {
  let asked = 0
  const lookout = lookoutFor('x', 'known', () => assert.fail(), () => (asked++, new Promise(() => undefined)))
  for (let n = 0; n < 50; n++) lookout.turn()
  await new Promise((resolve) => setTimeout(resolve, ms(5)))
  assert.equal(asked, 1)
})

test('a file is read again by one reader at a time; whoever asks meanwhile is served by one more, of the newest', async () => {
  const readings: (() => void)[] = []
  const ask = inTurn(() => new Promise((resolve) => void readings.push(resolve)))
  ask()
  for (let i = 0; i < 5; i++) ask()
  assert.equal(readings.length, 1, 'the others wait')
  readings[0]?.()
  await new Promise(setImmediate)
  assert.equal(readings.length, 2, 'five are served by one')
  readings[1]?.()
  await new Promise(setImmediate)
  assert.equal(readings.length, 2)
  ask()
  assert.equal(readings.length, 3)
})

test('the data of a lab stay those of a lab, and a lab takes no others', async (t) => {
  const at = folder(t)
  const [lab, real] = [path.join(at, 'lab'), path.join(at, 'real')]
  const open = async (where: string, isLab: boolean): Promise<string> => {
    const opened = await openFolder({ folder: where, lab: isLab }, 10_000)
    return opened.is === 'refused' ? opened.says : 'opened'
  }
  assert.equal(await open(lab, true), 'opened')
  assert.equal(await open(lab, true), 'opened', 'again')
  assert.match(await open(lab, false), /are those of a lab, and stay that: start with --lab again/)
  assert.equal(await open(real, false), 'opened')
  fs.writeFileSync(path.join(real, 'holdfast.db'), '')
  assert.match(await open(real, true), /are not those of a lab/)
  assert.ok(!fs.existsSync(path.join(real, 'lab')))
})
