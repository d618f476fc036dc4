import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { setImmediate as soon } from 'node:timers/promises'
import { after, test } from 'node:test'
import { codeOf, isOurs } from '../../core/fault.ts'
import { hours, instantOf, ms, tickOf, type Span } from '../../core/time.ts'
import type { Clock, Timers } from '../world.ts'
import { createClock } from './clock.ts'
import { createResolver } from './resolver.ts'
import { createTimers } from './timers.ts'

/** A clock and timers that move only when they are told to. */
function turnable(): { clock: Clock; timers: Timers; pass(span: Span): Promise<void> } {
  let at = 1_000_000
  let waiting: { at: number; act: () => void }[] = []
  return {
    clock: { now: () => ({ wall: instantOf(at), tick: tickOf(at), boot: 'boot' }) },
    timers: {
      after(span, act) {
        const entry = { at: at + span, act }
        waiting.push(entry)
        return () => {
          waiting = waiting.filter((other) => other !== entry)
        }
      },
    },
    async pass(span) {
      const until = at + span
      for (;;) {
        await settled()
        const next = waiting.filter((entry) => entry.at <= until).toSorted((a, b) => a.at - b.at)[0]
        if (!next) break
        at = Math.max(at, next.at)
        waiting = waiting.filter((entry) => entry !== next)
        next.act()
      }
      at = until
      await settled()
    },
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 6; i++) await soon()
}

/** A child made of streams. `answer` gives the rest of the reply, or nothing for a name that hangs. */
function stage(answer: (name: string) => object | undefined): { start: () => ChildProcess; started: Stand[]; asked: string[] } {
  const started: Stand[] = []
  const asked: string[] = []
  return {
    started,
    asked,
    start() {
      const child = new Stand()
      started.push(child)
      child.stdin.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n').filter((one) => one !== '')) {
          const [q, name = ''] = line.split(' ')
          asked.push(name)
          const reply = answer(name)
          if (reply && !child.killed) child.stdout.write(`${JSON.stringify({ q: Number(q), ...reply })}\n`)
        }
      })
      return child as unknown as ChildProcess
    },
  }
}

class Stand extends EventEmitter {
  readonly stdin = new PassThrough()
  readonly stdout = new PassThrough()
  readonly pid = 1
  killed = false
  kill(): boolean {
    this.killed = true
    setImmediate(() => this.emit('exit'))
    return true
  }
}

const GOOD = { found: ['192.0.2.1', '2001:db8::1', '192.0.2.1', '::ffff:192.0.2.9'] }
const never = (): AbortSignal => new AbortController().signal
const failure = (of: Promise<unknown>): Promise<unknown> => of.then(() => assert.fail('it resolved'), (cause: unknown) => cause)

test('answers keep their order, each address once, in its canonical form; they are good for 30 s', async () => {
  const { clock, timers, pass } = turnable()
  const { start, asked } = stage(() => GOOD)
  const resolver = createResolver({ clock, timers, start })
  const found = await resolver.resolve('db.example', never())
  assert.deepEqual(found.map((one) => one.address), ['192.0.2.1', '2001:db8::1', '192.0.2.9'])
  await resolver.resolve('db.example', never())
  assert.deepEqual(resolver.known('db.example'), found)
  assert.deepEqual(asked, ['db.example'])
  await pass(ms(30_001))
  assert.equal(resolver.known('db.example'), undefined)
  await resolver.resolve('db.example', never())
  assert.equal(asked.length, 2)
  resolver.close()
})

test('what is to be forgotten is asked for anew: an answer that was under way then is not kept, and the last good one stays', async () => {
  const { clock, timers } = turnable()
  let leads = '192.0.2.1'
  const { start, started, asked } = stage((name) => (name === 'slow.example' ? undefined : { found: [leads] }))
  const resolver = createResolver({ clock, timers, start, keepLastGood: hours(24) })
  const led = async (name: string): Promise<string> => (await resolver.resolve(name, never())).map(({ address }) => address).join()
  assert.equal(await led('www.example'), '192.0.2.1')
  const slow = led('slow.example')
  await settled()
  leads = '192.0.2.2'
  assert.equal(await led('www.example'), '192.0.2.1', 'as it was kept')
  resolver.forget()
  assert.equal(resolver.known('www.example'), undefined)
  assert.deepEqual([await led('www.example'), resolver.known('www.example')?.[0]?.address], ['192.0.2.2', '192.0.2.2'])
  started[0]?.stdout.write(`${JSON.stringify({ q: asked.indexOf('slow.example') + 1, found: ['192.0.2.1'] })}\n`)
  assert.deepEqual([await slow, resolver.known('slow.example')], ['192.0.2.1', undefined], 'who waited has it, and nobody else')
  resolver.close()
})

test('one question per name is under way, however many want to know', async () => {
  const { clock, timers } = turnable()
  const { start, asked } = stage(() => GOOD)
  const resolver = createResolver({ clock, timers, start })
  await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('db.example', never())))
  assert.equal(asked.length, 1)
  resolver.close()
})

test('X-3: no such name accuses the target; every other failure is ours and keeps its code', async () => {
  const { clock, timers } = turnable()
  for (const [code, ours] of [['ENOTFOUND', false], ['EAI_AGAIN', true], ['EMFILE', true], ['EAI_MEMORY', true], ['ENOMEM', true]] as const) {
    const resolver = createResolver({ clock, timers, start: stage(() => ({ code })).start })
    const cause = await failure(resolver.resolve('gone.example', never()))
    assert.equal(codeOf(cause), code)
    assert.equal(isOurs(cause), ours)
    resolver.close()
  }
})

test('X-3: a child that cannot be started is our failure, told at once, and it is tried again', async () => {
  const { clock, timers, pass } = turnable()
  const real = stage(() => GOOD)
  let tries = 0
  const start = (): ChildProcess => {
    tries++
    if (tries === 1) throw Object.assign(new Error('spawn EMFILE'), { code: 'EMFILE' })
    if (tries > 2) return real.start()
    const broken = Object.assign(new EventEmitter(), { stdin: undefined, stdout: undefined, kill: () => true })
    setImmediate(() => broken.emit('error', Object.assign(new Error('spawn EAGAIN'), { code: 'EAGAIN' })))
    return broken as unknown as ChildProcess
  }
  const resolver = createResolver({ clock, timers, start })
  assert.equal(codeOf(await failure(resolver.resolve('a.example', never()))), 'EMFILE')
  const second = failure(resolver.resolve('a.example', never()))
  await pass(ms(300))
  assert.equal(codeOf(await second), 'EAGAIN')
  const third = resolver.resolve('a.example', never())
  await pass(ms(1000))
  assert.equal((await third).length, 3)
  resolver.close()
})

test('a question that hangs ends at the signal, and its child is killed and replaced; the others are asked again', async () => {
  const { clock, timers, pass } = turnable()
  let generation = 0
  const staged = stage((name) => (name.startsWith('hang') || (name === 'unlucky.example' && generation === 1) ? undefined : GOOD))
  const start = (): ChildProcess => {
    generation++
    return staged.start()
  }
  const resolver = createResolver({ clock, timers, start })
  const controller = new AbortController()
  const impatient = failure(resolver.resolve('hang.example', controller.signal))
  const patient = failure(resolver.resolve('hang.example', never()))
  await pass(ms(1000))
  controller.abort()
  assert.equal(codeOf(await impatient), 'EAI_AGAIN')
  const unlucky = resolver.resolve('unlucky.example', never())
  await pass(ms(2000))
  assert.equal(staged.started[0]?.killed, true)
  assert.equal((await unlucky).length, 3)
  assert.equal(staged.started[1]?.killed, false)
  await pass(ms(5000))
  assert.equal(isOurs(await patient), true)
  assert.equal(staged.started.filter((child) => !child.killed).length <= 2, true)
  resolver.close()
})

test('W-5: names that hang do not hold up those that do not, however often they are asked for', async () => {
  const { clock, timers, pass } = turnable()
  const staged = stage((name) => (name.startsWith('hang') ? undefined : GOOD))
  const resolver = createResolver({ clock, timers, start: staged.start })
  const first = Array.from({ length: 200 }, (_, i) => failure(resolver.resolve(`hang${i}.example`, never())))
  await pass(ms(30_000))
  await Promise.all(first)
  for (let i = 0; i < 200; i++) void failure(resolver.resolve(`hang${i}.example`, never()))
  await settled()
  let answered = 0
  for (let i = 0; i < 100; i++) void resolver.resolve(`good${i}.example`, never()).then(() => answered++)
  await settled()
  assert.equal(answered, 100)
  resolver.close()
})

test('questions are bounded: what does not fit is refused at once', async () => {
  const { clock, timers } = turnable()
  const resolver = createResolver({ clock, timers, start: stage(() => undefined).start })
  for (let i = 0; i < 10_128; i++) void failure(resolver.resolve(`hang${i}.example`, never()))
  assert.equal(codeOf(await failure(resolver.resolve('one-more.example', never()))), 'EAGAIN')
  resolver.close()
})

test('the last good answer is used for as long as was asked when the resolver fails, hangs or denies; without that wish never', async () => {
  const { clock, timers, pass } = turnable()
  let reply: object | undefined = GOOD
  const keeps = createResolver({ clock, timers, start: stage(() => reply).start, keepLastGood: hours(24) })
  const forgets = createResolver({ clock, timers, start: stage(() => reply).start })
  await keeps.resolve('relay.example', never())
  await forgets.resolve('relay.example', never())
  await pass(hours(23))
  for (reply of [{ code: 'EAI_AGAIN' }, { code: 'ENOTFOUND' }]) {
    assert.equal((await keeps.resolve('relay.example', never())).length, 3)
    assert.equal(codeOf(await failure(forgets.resolve('relay.example', never()))), (reply as { code: string }).code)
  }
  reply = undefined
  const hanging = keeps.resolve('relay.example', never())
  await pass(ms(1001))
  assert.equal((await hanging).length, 3)
  await pass(hours(2))
  const late = failure(keeps.resolve('relay.example', never()))
  await pass(ms(11_000))
  assert.equal(isOurs(await late), true)
  keeps.close()
  forgets.close()
})

test('what is not a name never reaches the child', async () => {
  const { clock, timers } = turnable()
  const { start, asked } = stage(() => GOOD)
  const resolver = createResolver({ clock, timers, start })
  for (const name of ['', 'a b', 'a\nb', 'a\u0000b', 'x'.repeat(254)]) assert.equal(codeOf(await failure(resolver.resolve(name, never()))), 'ENOTFOUND')
  assert.deepEqual(asked, [])
  resolver.close()
})

test('garbage from the child answers nothing and breaks nothing', async () => {
  const { clock, timers } = turnable()
  const { start, started } = stage((name) => (name === 'hang' ? undefined : GOOD))
  const resolver = createResolver({ clock, timers, start })
  void failure(resolver.resolve('hang', never()))
  await settled()
  started[0]?.stdout.write('nonsense\n{"q":"1"}\n{"q":1}\n{"q":99,"found":[]}\nnull\n')
  await settled()
  assert.equal((await resolver.resolve('good', never())).length, 3)
  resolver.close()
})

const world = { clock: createClock(), timers: createTimers() }
const real = createResolver(world)
after(() => real.close())

test('names resolve as the machine does, in a child that is replaced when it is killed', async () => {
  const found = await real.resolve('localhost', AbortSignal.timeout(60_000))
  assert(found.some((one) => one.address === '127.0.0.1' || one.address === '::1'))
  const cause = await failure(real.resolve('no-such-name.invalid', AbortSignal.timeout(60_000)))
  assert.match(codeOf(cause) ?? '', /^(ENOTFOUND|EAI_AGAIN)$/)
  const children = execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], { encoding: 'utf8' })
  const pid = Number(/^\s*(\d+) holdfast resolver/m.exec(children)?.[1])
  assert(pid > 1, children)
  process.kill(pid, 'SIGKILL')
  assert((await real.resolve(`${(await import('node:os')).hostname()}`, AbortSignal.timeout(60_000)).catch(() => [0])).length > 0)
})

test('the child ends with its parent, also while it hangs in a lookup', async () => {
  const script = `import { createResolver } from ${JSON.stringify(new URL('./resolver.ts', import.meta.url).href)}
import { createClock } from ${JSON.stringify(new URL('./clock.ts', import.meta.url).href)}
import { createTimers } from ${JSON.stringify(new URL('./timers.ts', import.meta.url).href)}
import { execFileSync } from 'node:child_process'
const resolver = createResolver({ clock: createClock(), timers: createTimers() })
await resolver.resolve('localhost', AbortSignal.timeout(60_000))
console.log(/(\\d+) holdfast resolver/.exec(execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], { encoding: 'utf8' }))?.[1])
process.kill(process.pid, 'SIGKILL')`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  parent.stdout.on('data', (chunk) => (said += String(chunk)))
  await new Promise((resolve) => parent.on('close', resolve))
  const pid = Number(said)
  assert(pid > 1, said)
  const alive = (): boolean => {
    try {
      return !/^\S+ \(.*\) Z/.test(execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    } catch {
      return false
    }
  }
  for (let i = 0; i < 1200 && alive(); i++) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(alive(), false)
})

test('X-3: a child that has no descriptor left does not say “no such name”', async () => {
  const source = readFileSync(new URL('./resolver-child.ts', import.meta.url), 'utf8')
  const starved = `${source}\ntry { for (;;) openSync('/dev/null', 'r') } catch {}`
  const start = (): ChildProcess => spawn('/bin/sh', ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, starved], { stdio: ['pipe', 'pipe', 'ignore'] })
  const resolver = createResolver({ ...world, start })
  const cause = await failure(resolver.resolve('localhost', AbortSignal.timeout(60_000)))
  assert.equal(codeOf(cause), 'EMFILE')
  resolver.close()
})

test('X-3: a process that has no descriptor left for a child says so, with the code', () => {
  const script = `import { openSync } from 'node:fs'
import { createResolver } from ${JSON.stringify(new URL('./resolver.ts', import.meta.url).href)}
import { createClock } from ${JSON.stringify(new URL('./clock.ts', import.meta.url).href)}
import { createTimers } from ${JSON.stringify(new URL('./timers.ts', import.meta.url).href)}
const resolver = createResolver({ clock: createClock(), timers: createTimers() })
try { for (;;) openSync('/dev/null') } catch {}
const cause = await resolver.resolve('localhost', AbortSignal.timeout(60_000)).catch((cause) => cause)
process.stdout.write(String(cause.code))
process.exit()`
  const said = execFileSync('/bin/sh', ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, script], { encoding: 'utf8' })
  assert.equal(said, 'EMFILE')
})
