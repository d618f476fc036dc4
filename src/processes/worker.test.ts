// The worker as a real process: keeper's socket on one side, folders on the other.
import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { allWell, majorOutage } from '../../test/boards.ts'
import { instantOf, ms } from '../core/time.ts'
import { createTimers } from '../ports/world/timers.ts'
import { listen, type Link, type Wire } from '../ports/wire.ts'
import { copyByChild } from './worker.ts'

function folder(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-worker-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

/** Waits for what events bring, at most ten seconds. */
async function until<T>(look: () => T | undefined | false, what: string): Promise<T> {
  const end = Date.now() + 60_000
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    assert.ok(Date.now() < end, `not within 60 s: ${what}`)
    await new Promise((go) => setTimeout(go, 20))
  }
}

async function stage(t: TestContext) {
  const at = folder(t)
  const heard: Wire[] = []
  const links: Link[] = []
  const keeper = await listen(path.join(at, 'keeper.sock'), {
    onMessage: (message, link) => {
      heard.push(message)
      if (message.is === 'hello') links.push(link)
    },
  })
  const told: { readonly is: string; readonly progress?: number }[] = []
  const worker: ChildProcess = fork(new URL('./worker.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] })
  worker.on('message', (message) => told.push(message as { is: string }))
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  t.after(() => {
    worker.kill('SIGKILL')
    keeper.close()
  })
  return { at, heard, links, told, worker, gone }
}

test('a worker says hello, writes what it is sent, tells the keeper, reports progress, and ends with its parent', async (t) => {
  const { at, heard, links, told, worker, gone } = await stage(t)
  const target = path.join(at, 'public')
  worker.send({ is: 'init', runtime: at, boards: [{ slug: 'public', publish: [`dir:${target}`, path.join(at, 'no', 'such')] }] })
  const link = await until(() => links[0], 'hello')
  assert.deepEqual(heard[0], { is: 'hello', worker: 'publisher' })
  const now = instantOf(Date.now())
  link.send({ is: 'board', slug: 'public', first: true, board: { ...majorOutage, asOf: now } })
  const done = await until(() => heard.find((m) => m.is === 'published' && m['outcome'] === 'done'), 'published')
  assert.deepEqual([done['slug'], done['target']], ['public', target])
  const failed = await until(() => heard.find((m) => m.is === 'published' && m['outcome'] === 'failed'), 'failed')
  assert.match(String(failed['says']), /does not exist: create it/)
  assert.match(fs.readFileSync(path.join(target, 'index.html'), 'utf8'), /<title>API: major outage/)
  worker.kill('SIGINT')
  link.send({ is: 'board', slug: 'public', first: true, board: { ...allWell, asOf: now } })
  await until(() => /<title>All systems operational/.test(fs.readFileSync(path.join(target, 'index.html'), 'utf8')), 'the next version, after the terminal’s signal')
  const alive = await until(() => told.filter((m) => m.is === 'alive').length >= 2 && told.filter((m) => m.is === 'alive'), 'signs of life')
  assert.ok(alive.every((m, i) => i === 0 || (m.progress ?? 0) > (alive[i - 1]?.progress ?? 0)))
  const since = Date.now()
  worker.disconnect()
  await gone
  assert.ok(Date.now() - since < 2000)
})

test('a copyist that hangs is given up at its deadline; how many may linger is bounded', async (t) => {
  const at = folder(t)
  const program = path.join(at, 'wedged.mjs')
  // SIGKILL ends this one, so lingering is short; a device that hangs would keep it.
  fs.writeFileSync(program, 'process.on("message", () => {}); setInterval(() => {}, 1000)')
  const copy = copyByChild(createTimers(), pathToFileURL(program), ms(300))
  const outcomes = await Promise.all([copy('/mnt/dead', 'v-1', new Map()), copy('/mnt/dead', 'v-2', new Map())])
  for (const { outcome, says } of outcomes) {
    assert.equal(outcome, 'failed')
    assert.match(says, /did not take the board within 0\.3 s\. The earlier version stands/)
  }
})

test('a copyist that ends early is a failure, not a crash', async (t) => {
  const at = folder(t)
  const program = path.join(at, 'broken.mjs')
  fs.writeFileSync(program, 'process.exit(3)')
  const { outcome, says } = await copyByChild(createTimers(), pathToFileURL(program), ms(5000))('/srv/public', 'v-1', new Map())
  assert.equal(outcome, 'failed')
  assert.match(says, /ended early \(code 3\)/)
})
