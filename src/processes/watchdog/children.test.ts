// The children as real processes: started, replaced, stopped in order, gone with their parent.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import test from 'node:test'
import { ms, seconds } from '../../core/time.ts'
import { createClock } from '../../ports/world/clock.ts'
import { childrenOf, environmentFor, type Children, type Message } from './children.ts'
import { startOf } from './control.ts'

const TOY = new URL('./fixtures/toy.ts', import.meta.url)

interface Nursery {
  readonly children: Children
  readonly says: string[]
  readonly echoes: string[]
  readonly pages: string[]
  readonly heard: Message[]
  readonly fatal: string[]
  readonly kin: { pids: readonly number[] }
}

function nursery(t: { after(fn: () => void | Promise<void>): void }): Nursery {
  const it = { says: [] as string[], echoes: [] as string[], pages: [] as string[], heard: [] as Message[], fatal: [] as string[], kin: { pids: [] as readonly number[] } }
  const children = childrenOf({
    clock: createClock(),
    say: (line) => it.says.push(line), echo: (line) => it.echoes.push(line), page: (title) => it.pages.push(title),
    hear: (_name, message) => it.heard.push(message), fatal: (_name, says) => it.fatal.push(says),
    changed: (kin) => (it.kin.pids = kin.map(({ pid }) => pid)),
  })
  const timer = setInterval(() => children.turn(), 100)
  t.after(async () => {
    clearInterval(timer)
    await children.dismiss('toy', ms(100))
  })
  return { ...it, children }
}

async function until(what: () => boolean, within = 60_000): Promise<void> {
  for (const end = performance.now() + within; !what();) {
    assert(performance.now() < end, 'it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const pidOf = (children: Children): number => {
  const phase = children.care('toy')?.phase
  return phase?.is === 'up' ? phase.pid : 0
}

test('X-8: one that dies is back within a second, by exit, by error and by SIGKILL', async (t) => {
  const { children, says, heard } = nursery(t)
  children.raise({ name: 'toy', file: TOY, patience: seconds(10), init: () => ({ is: 'init' }) })
  await until(() => children.advances('toy', seconds(5)))
  for (const how of [() => children.tell('toy', { is: 'order', do: 'die' }), () => children.tell('toy', { is: 'order', do: 'throw' }), () => process.kill(pidOf(children), 'SIGKILL')]) {
    const before = pidOf(children)
    const ready = heard.length
    how()
    await until(() => pidOf(children) !== 0 && pidOf(children) !== before && heard.length > ready)
  }
  assert.match(says.join('\n'), /toy \(process \d+\) ended: exit code 7\. It is started again at once\./)
  assert.match(says.join('\n'), /ended: SIGKILL/)
})

test('one that hangs is replaced, whether its work stands still or its loop', async (t) => {
  const { children, says } = nursery(t)
  let task = 'stand'
  children.raise({ name: 'toy', file: TOY, patience: ms(1500), init: () => ({ is: 'init', do: task }) })
  await until(() => says.some((line) => /made no progress/.test(line)))
  task = 'block'
  const count = says.length
  await until(() => says.slice(count).some((line) => /made no progress/.test(line)))
  task = ''
  await until(() => children.advances('toy', ms(800)))
})

test('a stop is asked for, and enforced when it is not obeyed', async (t) => {
  const { children } = nursery(t)
  children.raise({ name: 'toy', file: TOY, patience: seconds(10), init: () => ({ is: 'init' }) })
  await until(() => children.advances('toy', seconds(5)))
  const first = pidOf(children)
  await children.dismiss('toy', seconds(3))
  assert.equal(startOf(first), undefined)
  children.raise({ name: 'toy', file: TOY, patience: seconds(10), init: () => ({ is: 'init', do: 'block' }) })
  await until(() => pidOf(children) !== 0)
  const second = pidOf(children)
  const from = performance.now()
  await children.dismiss('toy', ms(400))
  assert(performance.now() - from < 10_000)
  await until(() => startOf(second) === undefined, 2000)
})

test('one that never could work ends everything; one that did is tried again', async (t) => {
  const { children, fatal, says } = nursery(t)
  children.raise({ name: 'toy', file: TOY, patience: seconds(10), init: () => ({ is: 'init' }) })
  await until(() => children.advances('toy', seconds(5)))
  const before = pidOf(children)
  children.tell('toy', { is: 'order', do: 'refuse' })
  await until(() => pidOf(children) !== 0 && pidOf(children) !== before)
  assert.deepEqual(fatal, [])
  assert(says.includes('toy: the toy cannot work here'))
  await children.dismiss('toy', ms(100))
  children.raise({ name: 'toy', file: TOY, patience: seconds(10), init: () => ({ is: 'order', do: 'refuse' }) })
  await until(() => fatal.length > 0)
  assert.deepEqual(fatal, ['the toy cannot work here'])
})

test('children are given no secrets, and what they write is passed on line by line', async (t) => {
  process.env['HOLDFAST_SECRET_DB_URL'] = 'mysql://app:app@host/shop'
  t.after(() => void delete process.env['HOLDFAST_SECRET_DB_URL'])
  const { children, echoes, heard } = nursery(t)
  children.raise({ name: 'toy', file: TOY, patience: seconds(10), init: () => ({ is: 'init', do: 'show', gift: 1 }) })
  await until(() => heard.some(({ is }) => is === 'shown'))
  const shown = heard.find(({ is }) => is === 'shown') as unknown as { environment: string[]; init: { gift: number } }
  assert(!shown.environment.some((name) => name.startsWith('HOLDFAST_SECRET_')))
  assert(shown.environment.includes('PATH'))
  assert.equal(shown.init.gift, 1)
  children.tell('toy', { is: 'order', do: 'talk' })
  await until(() => echoes.length >= 2)
  assert.deepEqual([...echoes].sort((a, b) => (a < b ? -1 : 1)), ['a word on errors', 'a word on output'])
  assert.deepEqual(Object.keys(environmentFor({ PATH: 'x', NOTIFY_SOCKET: 'x', WATCHDOG_USEC: '1', HOLDFAST_SECRET_A: 'x', CREDENTIALS_DIRECTORY: 'x' })), ['PATH'])
})

test('the terminal\'s signals are not the children\'s, and they leave within 2 s of losing their parent', async (t) => {
  // A child of this test, whose parent goes away by closing the line as a SIGKILL would.
  const child = fork(TOY, [], { execArgv: ['--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  t.after(() => void child.kill('SIGKILL'))
  const pid = child.pid ?? 0
  await new Promise((resolve) => child.once('message', resolve))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal)
  await new Promise((resolve) => child.once('message', resolve))
  assert.notEqual(startOf(pid), undefined)
  const from = performance.now()
  child.disconnect()
  await until(() => startOf(pid) === undefined, 2000)
  assert(performance.now() - from < 2000)
})
