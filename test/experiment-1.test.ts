// The first experiment: keeper and ringer as two real processes, stopped, continued and killed at random, while incidents open,
// ring, are taken and close. Counted in the end, from the keeper's own file and from what the provider got: pages that were
// intended and never arrived (must be none), pages that arrived more than once (allowed under faults, and printed), and
// acknowledgements that were confirmed as recorded and lost (must be none).
// HOLDFAST_TEST_SIGNALS=1000 runs the whole of it; HOLDFAST_TEST_SEED gives another order.
import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { IncidentId } from '../src/core/id.ts'
import { readToken } from '../src/core/link.ts'
import { hookSink, type HookSink } from './places/hook-sink.ts'
import { askRinger } from './places/ringer-process.ts'
import { planFor } from './experiment-1/keeper.ts'

const SIGNALS = Number(process.env['HOLDFAST_TEST_SIGNALS'] ?? 60)
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1)
const SILENCE = 1500
/** Longer than the ringer is ever stopped: one that wakes up must not take its own sleep for a provider's silence, and leave a page unsent for that. */
const SENDING = 8000
const KEY = Buffer.alloc(32, 1)
const RINGER = fileURLToPath(new URL('../src/processes/ringer.ts', import.meta.url))
const KEEPER = fileURLToPath(new URL('./experiment-1/keeper.ts', import.meta.url))

const wait = (span: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, span))

/** Mulberry32: the same seed gives the same order of signals. */
function lots(seed: number): () => number {
  let at = seed >>> 0
  return () => {
    at = (at + 0x6d2b79f5) >>> 0
    let t = Math.imul(at ^ (at >>> 15), at | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Starts a process again whenever it ends, as the watchdog does. */
class Kept {
  child: ChildProcess | undefined
  starts = 0
  stopped = false
  private readonly start: () => ChildProcess
  constructor(start: () => ChildProcess) {
    this.start = start
    this.go()
  }
  private go(): void {
    if (this.stopped) return
    this.starts++
    const child = this.start()
    this.child = child
    child.once('exit', () => {
      if (this.child === child) this.child = undefined
      setTimeout(() => this.go(), 20)
    })
  }
  signal(name: NodeJS.Signals): void {
    this.child?.kill(name)
  }
  async end(): Promise<void> {
    this.stopped = true
    const child = this.child
    if (!child) return
    const exit = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await exit
  }
}

interface Count {
  readonly intended: number
  readonly missing: readonly string[]
  readonly doubled: number
  readonly most: number
  readonly lostAcks: readonly string[]
}

function countUp(file: string, hook: HookSink, recorded: ReadonlySet<string>): Count {
  const db = new DatabaseSync(file, { readOnly: true })
  const pages = db.prepare('select page, says from page').all() as { page: string; says: string }[]
  const acked = new Set((db.prepare('select id from incident where acked_at is not null').all() as { id: string }[]).map(({ id }) => id))
  db.close()
  const got = new Map<string, number>()
  for (const { body } of hook.pages) for (const { id } of body.pages ?? [body]) got.set(id, (got.get(id) ?? 0) + 1)
  const spared = (says: string): boolean => /(took it|passed it on|it was over) before this was sent$|has it$/.test(says)
  return {
    intended: pages.length,
    missing: pages.filter(({ page, says }) => !got.has(page) && !spared(says)).map(({ page, says }) => `${page} ${says}`),
    doubled: [...got.values()].filter((n) => n > 1).length,
    most: Math.max(...got.values()),
    lostAcks: [...recorded].filter((id) => !acked.has(id)),
  }
}

/** Presses "I have it" for one in seven pages; again later where nobody answers. */
function people(hook: HookSink, socket: string, lot: () => number): { readonly recorded: Set<string>; readonly taken: Map<string, number>; end(): Promise<void> } {
  const recorded = new Set<string>()
  const taken = new Map<string, number>()
  const under = new Set<Promise<void>>()
  let seen = 0
  const press = async (token: string, id: IncidentId): Promise<void> => {
    try {
      const says = await askRinger(socket, { is: 'act', act: 'ack', token, via: 'link' }, 3000)
      if (says.is !== 'did') return
      if (!taken.has(id)) taken.set(id, Date.now())
      if (says.recorded) recorded.add(id)
    } catch {
      // Not sent: the next page brings another try.
    }
  }
  const timer = setInterval(() => {
    for (; seen < hook.pages.length; seen++) {
      const token = hook.pages[seen]?.body.ack_url?.split('/a/')[1]
      const permit = token === undefined ? undefined : readToken(KEY, token)
      if (token === undefined || permit?.is !== 'act' || lot() > 1 / 7) continue
      const pressing = press(token, permit.incident).finally(() => under.delete(pressing))
      under.add(pressing)
    }
  }, 20)
  return {
    recorded, taken,
    async end() {
      clearInterval(timer)
      await Promise.all(under)
    },
  }
}

test(`P-3 P-4 keeper and ringer under ${SIGNALS} signals: nothing is missing`, { timeout: 3_600_000 }, async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-experiment-'))
  const hook = await hookSink()
  const file = path.join(folder, 'keeper.db')
  const socket = path.join(folder, 'ringer.sock')
  const plan = planFor(hook.port)
  const ringer = new Kept(() => {
    const child = fork(RINGER, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    child.send({ is: 'init', runtime: folder, key: KEY.toString('base64'), plan, silence: SILENCE, confirm: 300, sending: SENDING }, () => undefined)
    return child
  })
  const keeper = new Kept(() => fork(KEEPER, [file, socket, String(hook.port)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }))
  const lot = lots(SEED)
  const crowd = people(hook, socket, lots(SEED + 1))
  const counts: Record<string, number> = { SIGSTOP: 0, SIGCONT: 0, SIGKILL: 0 }
  try {
    // Both are there, and at it.
    for (let i = 0; i < 600 && hook.pages.length === 0; i++) await wait(100)
    for (let sent = 0; sent < SIGNALS; ) {
      const [name, target] = lot() < 0.5 ? (['keeper', keeper] as const) : (['ringer', ringer] as const)
      const kills = lot() < 0.3
      target.signal(kills ? 'SIGKILL' : 'SIGSTOP')
      counts[kills ? 'SIGKILL' : 'SIGSTOP']! += 1
      sent++
      // Often shorter than the ringer's patience, sometimes much longer.
      await wait(20 + lot() ** 3 * (name === 'keeper' ? 4000 : 2000))
      if (kills) continue
      target.signal('SIGCONT')
      counts['SIGCONT']! += 1
      sent++
      await wait(20 + lot() * 150)
    }
    for (const it of [keeper, ringer]) it.signal('SIGCONT')
    await wait(3000)
    keeper.child?.send('calm')
    await wait(3000)
    await crowd.end()
    await settle(file)
  } finally {
    await keeper.end()
    await ringer.end()
    await hook.close()
  }
  const count = countUp(file, hook, crowd.recorded)
  const starts = `keeper started ${keeper.starts} times, ringer ${ringer.starts}`
  console.log(`signals ${JSON.stringify(counts)}; ${starts}; pages intended ${count.intended}, missing ${count.missing.length}, doubled ${count.doubled} (at most ${count.most} times); acknowledgements recorded ${crowd.recorded.size}, lost ${count.lostAcks.length}`)
  rmSync(folder, { recursive: true, force: true })
  assert.deepEqual(count.missing, [])
  assert.deepEqual(count.lostAcks, [])
  assert.ok(count.intended > SIGNALS / 4, 'something was going on')
})

/** Waits until nothing that was intended is without an outcome. */
async function settle(file: string): Promise<void> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    for (let i = 0; i < 1200; i++) {
      const row = db.prepare(`select count(*) as n from page where is_ = 'intended'`).get() as { n: number }
      if (row.n === 0) return
      await wait(100)
    }
  } finally {
    db.close()
  }
}
