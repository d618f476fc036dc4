// Retention carried out on real stores: Ceph's gateway with versions, and a folder. Twelve copies, seven of which a rule keeps: five go, once a person has said that so
// many may and applied the plan; they come back while they lie aside; two people remove them after their quarantine, in lab time. A store that does not keep what is
// put aside, or whose reading credential deletes, is found out before anything is touched.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { approver, setOf } from '../test/guard/keep-world.ts'
import { configOf, keeperWorld, plan as pages } from '../test/keeper-world.ts'
import { ms, seconds, type Span } from '../src/core/time.ts'
import dir from '../src/plugins/stores/dir.ts'
import s3 from '../src/plugins/stores/s3.ts'
import { createWire, readCredential, type Wire } from '../src/plugins/stores/s3/wire.ts'
import { perform as list } from '../src/processes/guard/list.ts'
import type { Halves } from '../src/processes/hand/halves.ts'
import { rounds } from '../src/processes/hand/round.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import type { ToGuard } from '../src/rooms/guard/protocol.ts'
import type { BackupSet } from '../src/rooms/guard/sets/set.ts'
import type { RetentionPlanAnswer } from '../src/views/backups.ts'
import type { AppliedAnswer, RefusalAnswer } from '../src/views/retention/applied.ts'
import { rgw, type Rgw } from './rgw.ts'

const clock = createClock()
const context = { egress: egressWith(), now: () => clock.now(), random, folder: '/' }
const DAY = 86_400_000
let gateway: Rgw | undefined
let buckets = 0

before(async () => {
  gateway = await rgw()
}, { timeout: 180_000 })
after(() => gateway?.close())

const keyOf = (night: number): string => `shop-${new Date(clock.now().wall - night * DAY).toISOString().slice(0, 10)}.dump`
const nights = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => keyOf(from + n)).toSorted()

const versioning = (status: string): string => `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${status}</Status></VersioningConfiguration>`

interface Bucket {
  readonly halves: Halves
  readonly well: (it: Parameters<Wire['ask']>[0]) => Promise<void>
  put(key: string): Promise<void>
  /** What each key is made of, the newest first. */
  stacks(): Promise<Record<string, string>>
}

async function bucket({ reader, locks = true }: { readonly reader?: string; readonly locks?: boolean } = {}): Promise<Bucket> {
  assert(gateway)
  const { url, hand } = gateway
  const name = `keep${++buckets}`
  const credential = readCredential(hand)
  assert(credential)
  const wire: Wire = createWire({ url, bucket: name, region: 'us-east-1', credential }, context)
  const well: Bucket['well'] = async (it) => assert((await wire.ask(it, AbortSignal.timeout(30_000))).status < 300, `${it.method} ${it.key}`)
  await well({ method: 'PUT', ...(locks && { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } }) })
  if (!locks) await well({ method: 'PUT', query: { versioning: '' }, body: versioning('Enabled') })
  const rights = ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration', 's3:GetLifecycleConfiguration', 's3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold', 's3:GetObjectTagging', 's3:GetObjectVersionTagging']
  await well({ method: 'PUT', query: { policy: '' }, body: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] }, Action: rights, Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`] }] }) })
  const config = s3.config.parse({ s3: url, bucket: name, read: reader ?? gateway.reader, delete: hand })
  const halves: Halves = { now: () => clock.now(), reading: s3.reading(config, context), deleting: s3.deleting(config, context) }
  return {
    halves, well,
    put: (key) => well({ method: 'PUT', key, body: key, headers: { 'content-md5': createHash('md5').update(key).digest('base64') } }),
    async stacks() {
      const { items } = await halves.reading.page({ prefix: 'shop-', most: 1000 }, AbortSignal.timeout(30_000))
      const stacks: Record<string, string> = {}
      for (const { key, is } of items) stacks[key] = `${stacks[key] ?? ''}${is === 'marker' ? 'm' : is === 'version' ? 'v' : '?'}`
      return stacks
    },
  }
}

/** A folder with twelve copies, each as old as its name says. */
function folder(t: TestContext): { readonly halves: Halves; standing(): string[] } {
  const at = mkdtempSync(path.join(os.tmpdir(), 'holdfast-keep-'))
  t.after(() => rmSync(at, { recursive: true, force: true }))
  mkdirSync(path.join(at, 'nas'))
  writeFileSync(path.join(at, 'nas/.holdfast-store'), '')
  for (let night = 0; night < 12; night++) {
    const file = path.join(at, 'nas', keyOf(night))
    writeFileSync(file, `copy ${night}`)
    utimesSync(file, new Date(), new Date(clock.now().wall - night * DAY - 3_600_000))
  }
  const config = dir.config.parse({ dir: path.join(at, 'nas') })
  return { halves: { now: () => clock.now(), reading: dir.reading(config, { ...context, folder: at }), deleting: dir.deleting(config, { ...context, folder: at }) }, standing: () => readdirSync(path.join(at, 'nas')).filter((it) => it.startsWith('shop-')).toSorted() }
}

/** A keeper that lives through real time, a guard that lists real stores, and a hand. */
async function lab(t: TestContext, stores: Readonly<Record<string, Halves>>) {
  const pattern = { text: 'shop-{date}.dump', prefix: 'shop-' }
  const set: BackupSet = setOf({ in: Object.keys(stores).map((store) => ({ store, pattern })) })
  const tasks: ToGuard[] = []
  const it = await keeperWorld(t, { ...configOf([]), plan: { ...pages, people: { ada: approver('ada'), bo: approver('bo') } }, backups: [set], shrink: DAY / 1000 }, { now: () => clock.now(), toGuard: (message) => (tasks.push(message), true) })
  const storeOf = (name: string): Halves => {
    const halves = stores[name]
    assert(halves)
    return halves
  }
  const looking = { reading: (name: string) => storeOf(name).reading, now: () => clock.now(), timers: createTimers(), folder: '/', say: () => undefined }
  const answer = async (): Promise<void> => {
    for (const one of tasks.splice(0)) {
      if (one.is !== 'task' || one.task.is !== 'list') continue
      const { store } = one.task
      it.keeper.guard.hear({ is: 'task-done', id: one.id, result: await list({ store, pattern }, looking, AbortSignal.timeout(30_000)) })
      await it.settle()
    }
  }
  const wait = async (span: Span): Promise<void> => {
    await new Promise((resolve) => void setTimeout(resolve, span))
    await it.leap(ms(0))
  }
  return {
    it, wait,
    async list() {
      for (const store of Object.keys(stores)) it.keeper.guard.ask({ is: 'list', set: 'shop', store })
      await answer()
      // Every byte of each was read.
      for (const { store, key, etag } of it.sql.all<{ store: string; key: string; etag: string }>('select store, key, etag from guard_copy c where not exists (select 1 from guard_proof p where p.store = c.store and p.key = c.key and p.etag = c.etag)')) {
        void it.keeper.engine.turn('prove', (tx) => void tx.append({ is: 'guard.proved', stream: 'backup:shop', body: { set: 'shop', store, key, etag, rung: 2, says: '', at: tx.now.wall } }))
      }
      await it.settle()
    },
    async plan(store: string): Promise<RetentionPlanAnswer> {
      const { plans } = (await it.ask('backups.plan', { set: 'shop', store }) as unknown as { body: { plans: RetentionPlanAnswer[] } }).body
      assert(plans[0])
      return plans[0]
    },
    apply: async (plan: string) => (await it.ask('backups.apply', { plan, person: 'ada' })).body as Omit<AppliedAnswer, 'schema'> & Omit<RefusalAnswer, 'schema'>,
    async agree() {
      const { stream: id } = it.entries().findLast(({ is }) => is === 'agreement.asked') ?? { stream: '' }
      const assents = ['ada', 'bo'].map((person) => ({ as: 'approves', identity: { person, addresses: [`${person}@acme.example`], phones: [], subjects: [], factors: [`f-${person}`] } }))
      void it.keeper.engine.turn('agree', (tx) => void tx.append({ is: 'agreement.pressed', stream: `${id}/presses`, body: { id, phase: { is: 'agreed' }, assents, at: tx.now.wall } }))
      await it.settle()
    },
    async work() {
      const stopped = new AbortController()
      const link = {}
      await rounds({
        now: () => clock.now(), timers: createTimers(), store: storeOf,
        async ask(message) {
          const told = it.keeper.hand.hear(message, link)
          await it.settle()
          await answer()
          const said = await told
          if (said.is === 'nothing') stopped.abort()
          return said
        },
      }, stopped.signal)
      await it.settle()
    },
  }
}

test('G-5 G-7 G-11 twelve copies in a bucket and a folder: five of each set aside by one, brought back, removed by two from the bucket alone', { timeout: 300_000 }, async (t) => {
  const main = await bucket()
  const nas = folder(t)
  for (let night = 0; night < 12; night++) await main.put(keyOf(night))
  const world = await lab(t, { main: main.halves, nas: nas.halves })
  for (let n = 0; n < 5; n++) {
    await world.list()
    await world.wait(ms(1_300))
  }
  await world.list()
  const limited = await world.plan('main')
  assert.deepEqual([limited.refusals.map(({ id }) => id), (await world.apply(limited.id)).reasons.map(({ id }) => id)], [['limit'], ['limit']])
  for (const store of ['main', 'nas']) assert.equal((await world.it.ask('backups.acceptMost', { set: 'shop', store, most: 5, reason: 'keep is shorter from today on', person: 'ada' })).status, 200)
  for (let n = 0; n < 4; n++) {
    await world.list()
    await world.wait(ms(1_300))
  }
  await world.list()
  for (const store of ['main', 'nas']) {
    const seen = await world.plan(store)
    assert.deepEqual([seen.refusals, seen.items.filter(({ act }) => act === 'quarantine').map(({ key }) => key).toSorted()], [[], nights(7, 11)], store)
    const { plan } = await world.apply(seen.id)
    await world.work()
    const done = await world.apply(plan)
    assert.deepEqual([done.done, done.held, done.acts.map(({ state, says }) => `${state}${says}`)], [5, 0, Array.from({ length: 5 }, () => 'done')], store)
  }
  assert.deepEqual(nas.standing(), nights(0, 6))
  assert.deepEqual(await main.stacks(), Object.fromEntries([...nights(0, 6).map((key) => [key, 'v']), ...nights(7, 11).map((key) => [key, 'mv'])]))
  await world.list()
  for (const store of ['main', 'nas']) assert.deepEqual((await world.plan(store)).refusals, [], 'nobody misses what we took')
  assert.equal((await world.it.ask('backups.release', { set: 'shop', copies: [keyOf(11)], person: 'bo' })).status, 200)
  await world.work()
  assert.deepEqual([nas.standing().includes(keyOf(11)), (await main.stacks())[keyOf(11)]], [true, 'v'])
  await world.wait(seconds(33))
  await world.list()
  for (const store of ['main', 'nas']) {
    const { aside } = await world.plan(store)
    assert.deepEqual([aside.refusals, aside.totals.purge], [[], 4], store)
    assert.equal((await world.it.ask('backups.purge', { plan: aside.id, of: ['ada', 'bo'], person: 'ada' })).status, 200)
    await world.work()
    assert.deepEqual((await main.stacks())[keyOf(7)], store === 'main' ? 'mv' : undefined, 'nobody has agreed yet')
    await world.agree()
    await world.work()
  }
  assert.deepEqual(await main.stacks(), Object.fromEntries([...nights(0, 6), keyOf(11)].map((key) => [key, 'v'])))
  await world.list()
  assert.deepEqual([(await world.plan('nas')).aside.totals, (await world.plan('main')).aside.totals], [{ purge: 4, aside: 0, bytes: 25 }, { purge: 0, aside: 0, bytes: 0 }], 'G-21 a folder keeps them: nobody has the right to remove')
})

test('G-21 G-15 a bucket that stopped keeping versions, and one whose reading credential deletes, are found out before anything is touched', { timeout: 200_000 }, async (t) => {
  assert(gateway)
  for (const [name, made, change] of [
    ['suspended', await bucket({ locks: false }), (it: Bucket) => it.well({ method: 'PUT', query: { versioning: '' }, body: versioning('Suspended') })],
    ['reads and deletes', await bucket({ reader: gateway.hand }), () => Promise.resolve()],
  ] as const) {
    for (let night = 0; night < 9; night++) await made.put(keyOf(night))
    const world = await lab(t, { main: made.halves })
    for (let n = 0; n < 5; n++) {
      await world.list()
      await world.wait(ms(1_300))
    }
    await world.list()
    const seen = await world.plan('main')
    assert.deepEqual([seen.refusals, seen.totals.quarantine], [[], 2], name)
    const { plan } = await world.apply(seen.id)
    await change(made)
    const former = await made.stacks()
    await world.work()
    const done = await world.apply(plan)
    assert.equal(done.done, 0, name)
    assert.deepEqual(await made.stacks(), former)
  }
})
