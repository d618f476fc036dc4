// Commands on this machine, by the same script that runs on hosts: begun once and never late, bounded, without input or terminal, and remembered where they ran.
import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { laterTick, seconds, type Stamp } from '../../core/time.ts'
import { HALTED, type Ran, type Recalled } from '../../ports/driver/commands.ts'
import { createClock } from '../../ports/world/clock.ts'
import { quoted } from '../../ports/world/ssh.ts'
import { createTimers } from '../../ports/world/timers.ts'
import { createCommands } from './commands.ts'
import { MOST_KEPT, scriptAt } from './target-script.ts'

const world = { ...createClock(), ...createTimers() }
const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-commands-'))
// A place of its own: what another one has under way, or left behind, would refuse what begins here.
const markers = path.join(folder, 'deeds')
const commands = createCommands({ doors: {}, world, markers })
const run = `run-t${randomBytes(4).toString('hex')}`
let count = 0
const fresh = (): string => `${run}.${++count}`
after(() => {
  // A test that failed may have left a command without an end.
  for (const name of existsSync(markers) ? readdirSync(markers) : []) {
    const session = existsSync(path.join(markers, name, 'pid')) && !existsSync(path.join(markers, name, 'exit')) ? Number(readFileSync(path.join(markers, name, 'pid'), 'utf8').split(' ')[0]) : 0
    try {
      if (session > 1) process.kill(-session, 'SIGKILL')
    } catch {
      // It is over.
    }
  }
  rmSync(folder, { recursive: true, force: true })
})
const inTime = (span = seconds(10)): Stamp => {
  const { tick, boot } = world.now()
  return { tick: laterTick(tick, span), boot }
}
const open = new AbortController().signal
const begin = (argv: readonly string[], { name = fresh(), notAfter = inTime(), signal = open, onHalt, within = seconds(20), ...more }: { readonly of?: string; readonly step?: string; readonly beside?: readonly string[]; readonly name?: string; readonly notAfter?: Stamp; readonly signal?: AbortSignal; readonly onHalt?: 'kill'; readonly within?: ReturnType<typeof seconds> } = {}): Promise<Ran> =>
  commands.run({ argv, on: 'local', within, once: { name, notAfter, ...more }, ...(onHalt ? { onHalt } : {}) }, signal)
const short = (ran: Ran): string => (ran.is === 'ended' ? `ended ${ran.output.exit}: ${ran.output.tail}` : ran.is === 'refused' ? `refused ${ran.why}` : 'unknown')
const recall = (name: string, of?: string): Promise<Recalled> => commands.recall({ name, ...(of === undefined ? {} : { of }) }, 'local', open)
async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; n < 1200; n++) {
    if (await what()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail('it did not come')
}

/** The script itself, and what it said beside its hello. */
async function spawnedAs(want: string, name: string, of = '-'): Promise<string> {
  let all = ''
  for await (const part of spawn('/bin/sh', ['-c', scriptAt(markers), 'holdfast', 'n', want, name, of]).stdout) all += String(part)
  return all.split('\n').filter((line) => line !== '' && !line.startsWith('n hello')).join('; ')
}

test('C-9 every word of a command arrives as it is, and nothing of it is read by a shell', async () => {
  const words = ['; rm -rf /', '-oProxyCommand=sh', '$(reboot)', "it's", '"', '`id`', 'a\nb', '*', '', ' ', '\\', '!!', 'ü']
  const ran = await begin(['printf', '[%s]', ...words])
  assert.equal(short(ran), `ended 0: ${words.map((it) => `[${it}]`).join('')}`)
  assert.equal(quoted("it's"), `'it'\\''s'`)
})

test('C-16 a beginning happens once, whoever asks again, and what became of it is remembered', async () => {
  const name = fresh()
  const file = path.join(folder, 'once')
  const argv = ['sh', '-c', 'echo x >>"$0"; exit 3', file]
  assert.deepEqual((await Promise.all([1, 2, 3].map(() => begin(argv, { name })))).map(short).sort(), ['ended 3: ', 'unknown', 'unknown'])
  assert.equal(short(await begin(argv, { name })), 'unknown')
  assert.equal(readFileSync(file, 'utf8'), 'x\n')
  assert.deepEqual(await recall(name), { is: 'ended', output: { exit: 3, bytes: 0, tail: '' } })
  assert.deepEqual(await recall(`${run}.none`), { is: 'none' })
})

test('C-16 past its not-after nothing is begun: by the doer’s clock, and by the target’s own from its hello on', async () => {
  const file = path.join(folder, 'late')
  assert.equal(short(await begin(['touch', file], { notAfter: inTime(seconds(-1)) })), 'refused late')
  assert.equal(short(await begin(['touch', file], { notAfter: { ...inTime(), boot: 'another' } })), 'refused late')
  // Frozen between the hello and the word to begin: the doer's clock stands still meanwhile, the target's does not.
  const asleep = createCommands({ doors: {}, world: { ...world, now: () => {
    const now = world.now()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
    return now
  } } })
  assert.equal(short(await asleep.run({ argv: ['touch', file], on: 'local', within: seconds(20), once: { name: fresh(), notAfter: inTime(seconds(0.5)) } }, open)), 'refused late')
  assert.equal(existsSync(file), false)
})

test('C-16 C-4 who loses sight of it says that it is not known; it goes on, can be asked for, and nothing else of the run begins before it has ended', async () => {
  const name = fresh()
  const file = path.join(folder, 'goes-on')
  const lost = new AbortController()
  const running = begin(['sh', '-c', 'echo begun; touch "$0.begun"; until [ -e "$0.go" ]; do sleep 0.05; done; touch "$0"; echo over', file], { name, signal: lost.signal })
  await until(() => existsSync(`${file}.begun`))
  const at = Date.now()
  lost.abort()
  assert.equal(short(await running), 'unknown')
  assert.ok(Date.now() - at < 8000, 'by the signal, and not by the end of the command')
  assert.deepEqual(await recall(name), { is: 'going' })
  assert.equal(short(await begin(['true'])), 'refused busy')
  rmSync(`${file}.begun`)
  await begin(['touch', `${file}.go`], { name: `${run}x.1`, beside: [run] })
  rmSync(path.join(markers, `${run}x.1`), { recursive: true, force: true })
  await until(async () => (await recall(name)).is === 'ended')
  assert.deepEqual(await recall(name), { is: 'ended', output: { exit: 0, bytes: 11, tail: 'begun\nover\n' } })
  assert.equal(existsSync(file), true)
  assert.equal(short(await begin(['true'])), 'ended 0: ')
})

test('C-16 what a run that is over left behind refuses the beginnings of every other one, and says what it is and how it ends; a run that is known to be under way is in nobody’s way', async () => {
  const name = fresh()
  const file = path.join(folder, 'left')
  const lost = new AbortController()
  const running = begin(['sh', '-c', 'touch "$0.begun"; while :; do sleep 0.05; done', file], { name, step: 'stop', signal: lost.signal })
  await until(() => existsSync(`${file}.begun`))
  lost.abort()
  await running
  const other = `${run}o`
  const beginOther = (n: number, beside: readonly string[]): Promise<Ran> => begin(['touch', `${file}.other`], { name: `${other}.${n}`, beside })
  const session = readFileSync(path.join(markers, name, 'pid'), 'utf8').split(' ')[0] ?? ''
  const says = `${name} (step stop) still goes on there, and nothing begins beside it: nobody has seen its end. Look what it does, and let it end or end it on that machine: pkill -KILL -s ${session}`
  assert.deepEqual(await beginOther(1, [`${run}y`]), { is: 'refused', why: 'busy', says })
  assert.equal(existsSync(`${file}.other`), false)
  assert.equal(short(await beginOther(2, [`${run}y`, run])), 'ended 0: ')
  rmSync(`${file}.other`)
  process.kill(-Number(session), 'SIGKILL')
  await until(async () => (await recall(name)).is === 'gone')
  assert.equal(short(await beginOther(3, [])), 'ended 0: ', 'its end was seen')
  for (let n = 1; n <= 3; n++) rmSync(path.join(markers, `${other}.${n}`), { recursive: true, force: true })
})

test('C-15 a halt kills nothing, unless the step says so; then all that it started is gone', async () => {
  const name = fresh()
  const file = path.join(folder, 'killed')
  const halt = new AbortController()
  const running = begin(['sh', '-c', '(sleep 30; touch "$0") & touch "$0.begun"; sleep 30', file], { name, signal: halt.signal, onHalt: 'kill' })
  await until(() => existsSync(`${file}.begun`))
  halt.abort(HALTED)
  assert.equal(short(await running), 'unknown')
  await until(async () => (await recall(name)).is === 'gone')
  assert.equal(short(await begin(['true'])), 'ended 0: ')
})

test('C-15 what is killed before its beginning was seen is not begun, or is found', async () => {
  const file = path.join(folder, 'early')
  const script = (want: string, name: string, ...argv: string[]): ChildProcessWithoutNullStreams => spawn('/bin/sh', ['-c', scriptAt(markers), 'holdfast', 'n', want, name, '-', ...argv])
  const said = async (child: ChildProcessWithoutNullStreams): Promise<string> => {
    let all = ''
    for await (const part of child.stdout) all += String(part)
    return all.split('\n').filter((line) => line !== '' && !line.startsWith('n hello')).join('; ')
  }
  // The word to begin comes after the word to kill.
  const called = fresh()
  const late = script('begin', called, 'touch', file)
  await once(late.stdout, 'data')
  assert.equal(await said(script('kill', called)), 'n killed')
  late.stdin.write('go 1000\n')
  assert.equal(await said(late), 'n there')
  assert.deepEqual([existsSync(file), await recall(called)], [false, { is: 'none' }])
  assert.equal(short(await begin(['true'])), 'ended 0: ', 'what never began is in nobody’s way')
  // The marker stands, and what it marks is not written down yet.
  const young = fresh()
  const marker = path.join(markers, young)
  mkdirSync(marker)
  writeFileSync(path.join(marker, 'at'), readFileSync('/proc/uptime', 'utf8').split(' ')[0]?.replace('.', '') ?? '')
  const killing = said(script('kill', young))
  const sleeper = spawn('sleep', ['20'], { detached: true, stdio: 'ignore' })
  const gone = once(sleeper, 'exit')
  const start = readFileSync(`/proc/${sleeper.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? ''
  // Long enough that it looked and found nothing; a shorter while proves less and fails nothing.
  await new Promise((resolve) => setTimeout(resolve, 300))
  writeFileSync(path.join(marker, 'pid.new'), `${sleeper.pid} ${start}\n`)
  renameSync(path.join(marker, 'pid.new'), path.join(marker, 'pid'))
  assert.equal(await killing, 'n killed')
  assert.deepEqual((await gone)[1], 'SIGKILL')
  assert.deepEqual(await recall(young), { is: 'gone' })
})

test('a word of the shell’s own is no program', async () => {
  assert.match(short(await begin(['exit', '0'])), /^ended 127/)
})

test('markers of what ended long ago are cleared away, and of nothing else', async () => {
  const [old, young, open_] = [fresh(), fresh(), fresh()]
  for (const name of [old, young]) await begin(['true'], { name })
  mkdirSync(path.join(markers, open_))
  const long = new Date(Date.now() - 100 * 86_400_000)
  utimesSync(path.join(markers, old, 'exit'), long, long)
  utimesSync(path.join(markers, open_), long, long)
  await begin(['true'], { name: `${run}x.2` })
  rmSync(path.join(markers, `${run}x.2`), { recursive: true, force: true })
  assert.deepEqual([old, young, open_].map((name) => existsSync(path.join(markers, name))), [false, true, true])
})

/** Of a process that was killed: nobody wrote down with what it ended. */
async function killed(name: string, more: { readonly of?: string } = {}): Promise<void> {
  const lost = new AbortController()
  const running = begin(['sleep', '30'], { name, signal: lost.signal, ...more })
  await until(() => existsSync(path.join(markers, name, 'pid')))
  lost.abort()
  await running
  process.kill(-Number(readFileSync(path.join(markers, name, 'pid'), 'utf8').split(' ')[0]), 'SIGKILL')
  await until(async () => (await recall(name, more.of)).is === 'gone')
}

test('C-16 a marker of another Holdfast is not taken for one of this one: it is not answered for, not killed, not cleared away, and nothing begins under its name; what goes on of it is named as another’s', async () => {
  const [name, mine, theirs] = [fresh(), 'node_a', 'node_b']
  assert.equal(short(await begin(['sh', '-c', 'exit 3'], { name, of: theirs })), 'ended 3: ')
  assert.deepEqual([await recall(name, mine), (await recall(name, theirs)).is], [{ is: 'none' }, 'ended'])
  const same = await begin(['true'], { name, of: mine })
  assert.deepEqual([short(same), same.is === 'refused' && /another Holdfast has begun .* and this one nothing/.test(same.says)], ['refused busy', true])

  const going = fresh()
  const file = path.join(folder, 'theirs')
  const lost = new AbortController()
  const running = begin(['sh', '-c', 'touch "$0.begun"; until [ -e "$0.go" ]; do sleep 0.05; done', file], { name: going, of: theirs, signal: lost.signal })
  await until(() => existsSync(`${file}.begun`))
  lost.abort()
  await running
  // That it is beside ours is said of our own runs alone.
  const beside = await begin(['true'], { name: `${run}m.1`, of: mine, beside: [run] })
  assert.equal(beside.is === 'refused' && beside.says.startsWith(`of another Holdfast, ${going}`), true, JSON.stringify(beside))
  await spawnedAs('kill', going, mine)
  assert.deepEqual(await recall(going, theirs), { is: 'going' })
  writeFileSync(`${file}.go`, '')
  await until(async () => (await recall(going, theirs)).is === 'ended')
  assert.equal(short(await begin(['true'], { name: `${run}m.2`, of: mine })), 'ended 0: ')
  rmSync(path.join(markers, `${run}m.2`), { recursive: true, force: true })
})

test('C-16 what a boot has ended does not go on, whatever process has its number now', async () => {
  const name = fresh()
  const lost = new AbortController()
  const running = begin(['sleep', '30'], { name, signal: lost.signal })
  await until(() => existsSync(path.join(markers, name, 'pid')))
  lost.abort()
  await running
  assert.deepEqual(await recall(name), { is: 'going' })
  const boot = readFileSync(path.join(markers, name, 'boot'), 'utf8')
  writeFileSync(path.join(markers, name, 'boot'), '11111111-2222-4333-8444-555555555555\n')
  assert.deepEqual([await recall(name), short(await begin(['true']))], [{ is: 'gone' }, 'ended 0: '])
  rmSync(path.join(markers, name, 'gone'))
  writeFileSync(path.join(markers, name, 'boot'), boot)
  assert.deepEqual(await recall(name), { is: 'going' })
  process.kill(-Number(readFileSync(path.join(markers, name, 'pid'), 'utf8').split(' ')[0]), 'SIGKILL')
  await until(async () => (await recall(name)).is === 'gone')
})

test('C-16 an end that was seen is marked, so that it is looked for once; of too many the oldest go, but none that is young, of a run that is under way, of this run, or of another Holdfast', async () => {
  const dead = fresh()
  await killed(dead)
  assert.equal(existsSync(path.join(markers, dead, 'gone')), false)
  assert.equal(short(await begin(['true'])), 'ended 0: ')
  assert.deepEqual([existsSync(path.join(markers, dead, 'gone')), await recall(dead)], [true, { is: 'gone' }])
  const place = path.join(folder, 'many')
  mkdirSync(place)
  const many = createCommands({ doors: {}, world, markers: place })
  const old = new Date(Date.now() - 2 * 3_600_000)
  const marker = (it: string, { of = 'node_a', at = old }: { readonly of?: string; readonly at?: Date } = {}): string => {
    const at_ = path.join(place, it)
    mkdirSync(at_)
    for (const [file, says] of [['of', of], ['exit', '0']] as const) writeFileSync(path.join(at_, file), `${says}\n`)
    utimesSync(at_, at, at)
    return it
  }
  const oldest = new Date(Date.now() - 3 * 3_600_000)
  const kept = [marker('run-beside.1', { at: oldest }), marker('run-own.1', { at: oldest }), marker('run-theirs.1', { of: 'node_b', at: oldest })]
  const goes = [marker('run-over.1', { at: oldest }), marker('run-over.2', { at: oldest })]
  for (let n = 0; n < MOST_KEPT; n++) marker(`run-m.${n}`, { at: new Date() })
  const ran = await many.run({ argv: ['true'], on: 'local', within: seconds(20), once: { name: 'run-own.2', of: 'node_a', beside: ['run-beside'], notAfter: inTime() } }, open)
  assert.equal(short(ran), 'ended 0: ')
  assert.deepEqual([kept, goes].map((all) => all.filter((it) => existsSync(path.join(place, it)))), [kept, []])
  assert.equal(readdirSync(place).length, kept.length + MOST_KEPT + 1, 'young ones stay, however many')
})

test('it has no input and no terminal; what it writes is kept at both ends, and what looks like a secret is blotted out', async () => {
  assert.match(short(await begin(['sh', '-c', 'read -r line; echo "[$line] $?"; tty; : </dev/tty'])), /^ended \d+: \[\] 1\nnot a tty\n/)
  const long = await begin(['sh', '-c', 'echo first; head -c 3000000 /dev/zero | tr "\\0" x; echo last'])
  assert.ok(long.is === 'ended')
  assert.deepEqual([long.output.bytes, long.output.tail.startsWith('first\n'), long.output.tail.endsWith('last\n'), long.output.tail.length < 70_000], [3_000_011, true, true, true])
  assert.match(short(await begin(['echo', 'password=hunter22 postgres://app:hunter22@db/x \u001b[31mred'])), /password=\*\*\* postgres:\/\/app:\*\*\*@db\/x red/)
  assert.equal(short(await begin(['/nowhere/at-all'])).slice(0, 9), 'ended 127')
})

test('nothing of Holdfast’s environment reaches a program; where no way leads nothing is begun', async () => {
  process.env['HOLDFAST_SECRET_T'] = 'c4n4ry'
  assert.doesNotMatch(short(await begin(['env'])), /c4n4ry/)
  delete process.env['HOLDFAST_SECRET_T']
  await assert.rejects(commands.run({ argv: ['true'], on: 'db-9', within: seconds(5), once: { name: fresh(), notAfter: inTime() } }, open), /no way is known to reach db-9/)
  assert.match(await commands.identify('local', open), /^this machine, \S+, boot [0-9a-f-]{36}$/)
  assert.deepEqual(short(await commands.run({ argv: ['sh', '-c', 'echo seen; exit 2'], on: 'local', within: seconds(5) }, open)), 'ended 2: seen\n')
})
