// Real children, real time: what hangs is killed and replaced, and nobody outlives the parent.
import assert from 'node:assert/strict'
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ms } from '../core/time.ts'
import { createClock } from '../ports/world/clock.ts'
import { createTimers } from '../ports/world/timers.ts'
import { createAlonePool, type AlonePool } from '../rooms/watch/alone.ts'
import type { Check } from '../rooms/watch/check.ts'
import type { Sight } from '../rooms/watch/look.ts'
import { spawnAlone } from './alone.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-alone-'))
after(() => rmSync(folder, { recursive: true }))

/** A child whose looks open a path: a named pipe without a writer hangs in the thread pool, for good. */
const opener = path.join(folder, 'opener.mjs')
writeFileSync(opener, `
  import { open } from 'node:fs/promises'
  import { spawn } from 'node:child_process'
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.on('message', async ({ settings }) => {
    if (settings.leave !== undefined) process.exit(settings.leave)
    let grandchild
    if (settings.spawn) grandchild = spawn('sleep', ['1000'])
    if (settings.spawn) process.title = 'has ' + grandchild.pid
    const file = await open(settings.open)
    await file.close()
    process.send({ is: 'seen', sight: { found: { is: 'pass', says: String(process.pid) } } })
  })
  process.send({ is: 'ready' })
`)
const pipe = path.join(folder, 'pipe')
execFileSync('mkfifo', [pipe])

const checkOf = (name: string, settings: unknown, timeout = 300): Check => ({
  name, kind: 'file', settings, every: ms(10_000), timeout: ms(timeout), failAfter: 1, recoverAfter: 1, seenFrom: 1, unknownAfter: ms(1), dependsOn: [],
  escalate: 'default', loopback: false, from: '',
})
const look = (pool: AlonePool, check: Check): Promise<Sight> => new Promise((resolve) => pool.look(check, resolve))
const stateOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? ''
  } catch {
    return 'gone'
  }
}
const isGone = (pid: number): boolean => ['gone', 'Z', 'X'].includes(stateOf(pid))
async function until(what: string, holds: () => boolean, within = 60_000): Promise<void> {
  const limit = Date.now() + within
  while (!holds()) {
    assert(Date.now() < limit, what)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
function poolOf(program?: URL): { pool: AlonePool; told: string[] } {
  const told: string[] = []
  const pool = createAlonePool({
    clock: createClock(), timers: createTimers(), spawn: spawnAlone(['file'], program),
    onStuck: ({ check }) => told.push(`stuck ${check}`), onUnstuck: ({ check }) => told.push(`unstuck ${check}`),
  })
  return { pool, told }
}

describe('the real child', () => {
  test('looks, again and again, with what it has imported', async (t) => {
    const { pool } = poolOf()
    t.after(() => pool.close())
    for (let n = 0; n < 3; n++) assert.equal((await look(pool, checkOf('here', { file: opener }, 5_000))).found.is, 'pass')
    assert.equal((await look(pool, checkOf('none', { file: path.join(folder, 'none') }, 5_000))).found.is, 'fail')
  })

  test('a kind that is not installed is unknown and says so', async (t) => {
    const { pool } = poolOf()
    t.after(() => pool.close())
    const sight = await look(pool, { ...checkOf('odd', {}, 5_000), kind: 'nonsense' })
    assert.equal(sight.found.is, 'unknown')
    assert.match(sight.found.says ?? '', /the process of this look ended: Cannot find module .*nonsense/)
    assert.match((await look(pool, { ...checkOf('odd', {}, 5_000), kind: '../../../etc' })).found.says ?? '', /no kind of probe/)
  })
})

describe('what hangs', () => {
  test('is unknown at its deadline; its child and what that started are killed, and another child takes its place', async (t) => {
    const { pool, told } = poolOf(pathToFileURL(opener))
    t.after(() => pool.close())
    const before = await look(pool, checkOf('well', { open: opener }, 5_000))
    const pid = Number(before.found.says)
    const began = performance.now()
    const hanging = look(pool, checkOf('hangs', { open: pipe, spawn: true }, 1_500))
    await until('it names what it started', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('has '), 1_400)
    const grandchild = Number(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0.*/s, '').slice(4))
    const sight = await hanging
    assert.equal(sight.found.is, 'unknown')
    assert.match(sight.found.says ?? '', /no answer within 1500 ms; the process of this look was killed/)
    assert(performance.now() - began >= 1_590)
    await until('the child and its child are gone', () => isGone(pid) && isGone(grandchild))
    const next = await look(pool, checkOf('well', { open: opener }, 5_000))
    assert.equal(next.found.is, 'pass')
    assert.notEqual(next.found.says, String(pid))
    assert.deepEqual(told, [])
  })

  test('a stopped child is killed too', async (t) => {
    const { pool } = poolOf(pathToFileURL(opener))
    t.after(() => pool.close())
    const pid = Number((await look(pool, checkOf('well', { open: opener }, 5_000))).found.says)
    process.kill(pid, 'SIGSTOP')
    assert.equal((await look(pool, checkOf('well', { open: opener }))).found.is, 'unknown')
    await until('it is gone', () => isGone(pid))
    assert.equal((await look(pool, checkOf('another', { open: opener }, 5_000))).found.is, 'pass')
  })

  test('a child that ends under its look is told at once', async (t) => {
    const { pool } = poolOf(pathToFileURL(opener))
    t.after(() => pool.close())
    const sight = await look(pool, checkOf('dies', { leave: 7 }, 5_000))
    assert.deepEqual(sight, { found: { is: 'unknown', says: 'the process of this look ended: it ended with code 7' } })
  })
})

test('children end with their parent, however it ends', async () => {
  const parent = path.join(folder, 'parent.ts')
  const here = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  writeFileSync(parent, `
    import { spawnAlone } from ${here('./alone.ts')}
    const child = spawnAlone(['file'])({ ready: () => process.send({ pid: child.pid }), seen() {}, gone() {} })
  `)
  const it = fork(parent, [], { stdio: 'ignore' })
  const [{ pid }] = (await once(it, 'message')) as [{ pid: number }]
  assert(existsSync(`/proc/${pid}`))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert(!isGone(pid), 'the terminal’s signals are not for it')
  it.kill('SIGKILL')
  await until('it ended within 2 s', () => isGone(pid), 2_000)
})
