// A world for whole reconcile runs: a catalogue in memory, a bucket that is served over HTTP, a command that plants sentinels, and what the keeper
// would know. Tests change one thing of it and run again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { z } from 'zod'
import { days, dueIn, hours, instantOf, minutes, ms, type Now } from '../../src/core/time.ts'
import { catalogue, orderly, type CatalogueRead, type CatalogueRow } from '../../src/ports/catalogue.ts'
import { createClock } from '../../src/ports/world/clock.ts'
import { egressWith } from '../../src/ports/world/fixtures/loopback.ts'
import { random } from '../../src/ports/world/random.ts'
import { createTimers } from '../../src/ports/world/timers.ts'
import type { Reading } from '../../src/ports/store.ts'
import s3 from '../../src/plugins/stores/s3.ts'
import { perform, type ReconcileContext } from '../../src/processes/guard/reconcile.ts'
import { readPlan, type Seal } from '../../src/processes/guard/reconcile/plan-file.ts'
import type { Item } from '../../src/rooms/guard/reconcile/plan.ts'
import { isGood, wentBack, type Knows, type ReconcileConfig, type ReconcileResult } from '../../src/rooms/guard/reconcile/task.ts'
import { BUCKET, fakeS3, type FakeS3 } from '../places/fake-s3.ts'

export type Judged = ReconcileResult & { is: 'judged' }

export interface Games {
  readonly fake: FakeS3
  /** Rows by key; the database's own facts; what happens when it is read for the n-th time. */
  readonly rows: Map<string, Partial<CatalogueRow>>
  readonly facts: { -readonly [Name in keyof CatalogueRead]?: CatalogueRead[Name] }
  readonly intents: Set<string>
  onRead: (times: number) => void
  config: ReconcileConfig
  knows: Knows
  readonly reading: Reading
  readonly folder: string
  readonly context: ReconcileContext
  /** One run; the keeper takes its result. */
  run(): Promise<Judged>
  perform(config: ReconcileConfig, knows: Knows): Promise<ReconcileResult>
  /** One run whose result is lost. */
  lose(): Promise<ReconcileResult>
  items(result: Judged): Promise<{ readonly items: readonly Item[]; readonly seal: Seal }>
}

export const PREFIX = 'customers/'
const SENTINEL = `
const fs = require('node:fs')
const at = process.argv[2]
const counter = Number(fs.existsSync(at) ? fs.readFileSync(at, 'utf8') : '0')
fs.writeFileSync(at, String(counter + 1))
for (let i = 0; i < 8; i++) console.log(JSON.stringify({ key: process.env.HOLDFAST_PREFIX + (i < 4 ? 't' + i + '/sentinel-' : 'sentinel/') + i, is: 'row' }))
console.log(JSON.stringify({ key: process.env.HOLDFAST_PREFIX + 'sentinel/orphan', is: 'orphan' }))
console.log(JSON.stringify({ key: process.env.HOLDFAST_PREFIX + 'sentinel/gap', is: 'gap' }))
console.log(JSON.stringify({ counter }))
`

/** `n` rows with their objects, all well; sentinels planted. */
export async function games(t: TestContext, n = 60): Promise<Games> {
  const fake = await fakeS3(t)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-games-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const script = path.join(folder, 'sentinel.cjs')
  writeFileSync(script, SENTINEL)
  const clock = createClock()
  const timers = createTimers()
  const egress = egressWith()
  const rows = new Map<string, Partial<CatalogueRow>>()
  const reading = s3.reading(s3.config.parse({ s3: fake.url, bucket: BUCKET, read: 'READER:reader-secret' }), { egress, now: () => world.context.now(), random, folder })
  let times = 0
  const world: Games = {
    fake, rows, facts: {}, intents: new Set(), onRead: () => undefined, reading, folder,
    config: {
      name: 'customer-backups', store: 'main', prefix: PREFIX, catalogue: 'games', rows: 'select …', intents: 'select …', lockColumn: 'locked', sentinels: { plant: [process.execPath, script, path.join(folder, 'counter')], remove: ['true'] },
      every: hours(3), least: 20, retention: days(14), escalate: 'default', from: 'holdfast.yaml:1',
    },
    knows: {
      number: 1, runs: [], former: 'none', columns: 'none', memory: 'none', newest: 'none', since: [], breaker: { is: 'closed' }, follows: 0, epochLatched: false, arming: 'none', accepted: { shrink: undefined, goneGroups: [] },
      way: 'none', actsToday: 0, lastBatch: { tried: 0, failed: 0, preconditions: 0 }, shrink: 1, lease: dueIn(clock.now(), hours(2)), lived: days(400),
    },
    context: {
      reading: () => reading, now: () => clock.now(), timers, folder: path.join(folder, 'scratch'), say: () => undefined, egress, home: folder, observer: 'guard', kept: () => path.join(folder, 'kept'), limits: { connect: ms(1000), statement: minutes(1), lock: ms(1000) },
      catalogue: (name) => ({ name, settings: {}, plugin: inMemory(world, () => ++times, () => world.context.now()) }),
    },
    async run() {
      const result = await world.perform(world.config, world.knows)
      if (result.is === 'failed') throw new Error(result.says)
      world.knows = after(world.knows, result)
      return result
    },
    perform: (config, knows) => perform({ config, knows }, world.context, AbortSignal.timeout(60_000)),
    lose: () => world.perform(world.config, world.knows),
    async items({ path: file }) {
      const items: Item[] = []
      const plan = readPlan(file)
      for (;;) {
        const { value, done } = await plan.next()
        if (done === true) return { items, seal: value }
        items.push(value)
      }
    },
  }
  for (let i = 0; i < n; i++) add(world, `${PREFIX}t${i % 3}/${String(i).padStart(5, '0')}`)
  for (let i = 0; i < 8; i++) add(world, i < 4 ? `${PREFIX}t${i}/sentinel-${i}` : `${PREFIX}sentinel/${i}`)
  fake.put(`${PREFIX}sentinel/orphan`, 'o')
  rows.set(`${PREFIX}sentinel/gap`, {})
  return world
}

export function add({ fake, rows }: Pick<Games, 'fake' | 'rows'>, key: string, row: Partial<CatalogueRow> = {}): void {
  rows.set(key, row)
  fake.put(key, key)
}

/** What the keeper would know after it. */
export function after(knows: Knows, result: Judged): Knows {
  const good = isGood(result.plan) && result.seen !== undefined
  const first = knows.former === 'none' && !good
  return {
    ...knows, number: first ? knows.number : knows.number + 1, runs: first ? [] : [...knows.runs, result.ran], former: good && result.seen ? result.seen : knows.former, breaker: result.breaker, epochLatched: knows.epochLatched || wentBack(result.plan),
    memory: result.memory ?? knows.memory, newest: result.newest ?? knows.newest, columns: result.columns ?? knows.columns, ...(result.healthy && result.plan.binding !== null ? { flagsBinding: result.plan.binding } : {}),
  }
}

function inMemory(world: Games, count: () => number, now: () => Now) {
  return catalogue({
    kind: 'memory', title: 'Memory', does: 'Rows of a test.', config: z.strictObject({}), examples: [{}],
    async read(_settings, want, take) {
      const n = count()
      await Promise.resolve()
      world.onRead(n)
      const sorted = [...world.rows].map(([key, row]) => ({ key: Buffer.from(key), lock: row.lock ?? 'free' as const, tenant: row.tenant })).sort((a, b) => Buffer.compare(a.key, b.key))
      const rows = orderly((part) => take.rows(part), 'the rows')
      for (const row of sorted) rows.add(row)
      rows.end({ rows: sorted.length, keys: sorted.length })
      take.intents([...world.intents].sort().map((key) => Buffer.from(key)))
      const { wall } = now()
      return {
        system: '7012', timeline: 1, database: 'games', oids: 'o', position: BigInt(1000 + n), primary: true, rowSecurity: false, columns: ['public.backups.object_key text'], lockColumn: want.lockColumn === 'locked',
        rows: { rows: sorted.length, keys: sorted.length }, intents: { rows: world.intents.size, keys: world.intents.size }, ahead: { least: -1, most: 1 }, at: instantOf(wall), ...world.facts,
      }
    },
  })
}
