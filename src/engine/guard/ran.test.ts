// Runs of commands that make backups, at the keeper: kept once, shown with the copy that they made, and never a second way to page.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { configOf, keeperWorld, START, type KeeperWorld } from '../../../test/keeper-world.ts'
import { hours, instantOf, minutes, seconds } from '../../core/time.ts'
import { rebuildLedger } from '../../db/verify.ts'
import { drillTask } from '../../rooms/guard/drills/duty.ts'
import type { DrillReport } from '../../rooms/guard/drills/report.ts'
import { manifestOfCopy } from '../../rooms/guard/sets/manifest-rows.ts'
import type { Manifest, RunReport } from '../../rooms/guard/sets/manifest.ts'
import type { ToGuard } from '../../rooms/guard/protocol.ts'
import type { Copy } from '../../rooms/guard/sets/judge.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { BackupSetAnswer } from '../../views/backups.ts'

const MINUTE = 60_000
const set: BackupSet = { name: 'shop', engine: 'postgres', in: [{ store: 'nas', pattern: { text: 'shop-{day}T{time}.dump', prefix: 'shop-' } }], every: hours(24), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1' }
const copyAt = (at: number): Copy => ({ key: `shop-${new Date(at).toISOString().slice(0, 16).replaceAll(/[-:]/g, '')}.dump`, etag: 'e1', bytes: 1000, modifiedAt: instantOf(at) })

const manifest = (from: number, to: number, rows = 10): Manifest => ({
  schema: 'holdfast.manifest/1', set: 'shop', machine: 'db1', how: 'snapshot', from, to, taken_at: from, server: { engine: 'postgres', version: '15.18', system: '7', database: 'shop', oid: '5', replica: false }, whole: true, left_out: 0,
  tables: [{ name: 'public.orders', least: rows, most: rows }, { name: 'public.secret', says: 'permission denied' }], newest: { least: '2026-11-21', most: '2026-11-21' }, files: [],
})
const report = (from: number, more: Partial<RunReport> = {}): RunReport => ({ command: 'pg_dump', from, to: from + 5 * MINUTE, exit: 0, says: '', manifest: manifest(from, from + 5 * MINUTE), ...more })

async function world(t: TestContext): Promise<KeeperWorld & { listings: () => number; list: (...copies: Copy[]) => Promise<void>; ran: (it: object, named?: string) => Promise<{ status: number; body: Record<string, unknown> }>; shown: () => Promise<BackupSetAnswer> }> {
  const tasks: ToGuard[] = []
  const it = await keeperWorld(t, { ...configOf([]), backups: [set] }, { toGuard: (message) => (tasks.push(message), true) })
  return Object.assign(it, {
    listings: () => tasks.filter((sent) => sent.is === 'task' && sent.task.is === 'list').length,
    async list(...copies: Copy[]) {
      const task = tasks.at(-1)
      assert(task?.is === 'task')
      it.keeper.guard.hear({ is: 'task-done', id: task.id, result: { is: 'listed', identity: 'one', copies, clock: { is: 'unknown', says: '' } } })
      await it.settle()
    },
    ran: async (body: object, named = 'shop') => await it.ask('backups.ran', { set: named, ...body }, { is: 'token', id: 'tok_1', name: 'db1', scopes: ['write'] }) as unknown as { status: number; body: Record<string, unknown> },
    shown: async () => (await it.ask('backups.show', { set: 'shop' }) as unknown as { body: BackupSetAnswer }).body,
  })
}
const runsIn = (it: KeeperWorld): string[] => it.entries().filter(({ is }) => is === 'guard.manifest' || is === 'guard.backupRan').map(({ is, body }) => `${is} ${(body as { exit: number }).exit}`)

test('G-26 a manifest is kept with its hash in the ledger, stands beside the copy that its run made, and is there for the drill', async (t) => {
  const it = await world(t)
  const from = START - 30 * MINUTE
  const [made, older] = [copyAt(from + MINUTE), copyAt(from - 1440 * MINUTE)]
  assert.equal((await it.ran(report(from))).status, 200)
  await it.list(made, older)
  const shown = await it.shown()
  assert.deepEqual(shown.copies?.map(({ manifest: has }) => has?.rows), [{ least: 10, most: 10 }, undefined])
  assert.deepEqual(shown.copies?.[0]?.manifest, { hash: shown.copies?.[0]?.manifest?.hash, from, to: from + 5 * MINUTE, how: 'snapshot', tables: 1, rows: { least: 10, most: 10 }, newest: '2026-11-21', server: '15.18', says: '' })
  assert.deepEqual(shown.runs, [{ command: 'pg_dump', from, to: from + 5 * MINUTE, exit: 0, manifest: true, says: '' }])
  assert.deepEqual(manifestOfCopy(it.sql, set, 'nas', made), manifest(from, from + 5 * MINUTE))
  assert.equal(manifestOfCopy(it.sql, set, 'nas', older), undefined)
  assert.deepEqual(drillTask(it.sql, set, 'nas', { key: made.key, now: it.keeper.now().wall, by: 'ada' })?.manifest, { rows: { 'public.orders': { least: 10, most: 10, exact: true } }, files: {} })
  assert.equal(drillTask(it.sql, set, 'nas', { key: older.key, now: it.keeper.now().wall, by: 'ada' })?.manifest, undefined)
  assert.deepEqual(it.entries().flatMap(({ is, body }) => (is === 'guard.manifest' ? [(body as { by?: string }).by] : [])), ['token db1'])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('a copy that was made is looked for at once, and never more than once a minute', async (t) => {
  const it = await world(t)
  await it.list()
  await it.pass(minutes(2))
  const before = it.listings()
  assert.equal((await it.ran(report(START - MINUTE))).status, 200)
  await it.pass(seconds(1))
  assert.equal(it.listings(), before + 1)
  await it.list(copyAt(START))
  for (let n = 1; n < 20; n++) await it.ran(report(START - MINUTE + n))
  await it.ran(report(START, { exit: 1 }))
  await it.pass(seconds(30))
  assert.equal(it.listings(), before + 1)
  await it.pass(seconds(31))
  assert.equal(it.listings(), before + 2)
})

test('the same report again, whose answer was lost, is the one that is known', async (t) => {
  const it = await world(t)
  const one = report(START - 30 * MINUTE)
  for (let n = 0; n < 3; n++) assert.equal((await it.ran(one)).status, 200)
  assert.equal((await it.ran({ ...one, says: 'another' })).status, 200)
  assert.deepEqual(runsIn(it), ['guard.manifest 0', 'guard.manifest 0'])
})

test('a command that failed leaves an entry and no manifest, whatever it sends, and nobody is paged for it', async (t) => {
  const it = await world(t)
  const [good, bad] = [START - 600 * MINUTE, START - 30 * MINUTE]
  await it.ran(report(good))
  assert.equal((await it.ran(report(bad, { exit: 1 }))).status, 200)
  await it.list(copyAt(good + MINUTE), copyAt(bad + MINUTE))
  assert.deepEqual(runsIn(it), ['guard.manifest 0', 'guard.backupRan 1'])
  assert.deepEqual(it.open(), [])
  const shown = await it.shown()
  assert.deepEqual(shown.copies?.map(({ manifest: has }) => has !== undefined), [false, true])
  assert.deepEqual(shown.runs?.map(({ exit, manifest: has }) => [exit, has]), [[1, false], [0, true]])
})

const showsOf = async (it: Awaited<ReturnType<typeof world>>): Promise<(readonly [counted: boolean, why: string])[]> => ((await it.shown()).copies ?? []).map(({ counted, why }) => [counted, why] as const)

test('G-2 what a command left that failed is no copy, however it looks: the one before is the newest, and is what is restored and drilled', async (t) => {
  const it = await world(t)
  const [good, bad] = [START - 600 * MINUTE, START - 30 * MINUTE]
  await it.ran(report(good))
  await it.ran(report(bad, { exit: 1 }))
  await it.list(copyAt(good + MINUTE), copyAt(bad + MINUTE))
  assert.deepEqual(await showsOf(it), [[false, `it is of the hours of a command, begun at ${new Date(bad).toISOString().slice(0, 16).replace('T', ' ')} UTC, that ended with 1`], [true, '']])
  const shown = await it.shown()
  assert.deepEqual([shown.places[0]?.counted, shown.places[0]?.newest?.copy, shown.copies?.[0]?.rung], [1, copyAt(good + MINUTE).key, 0])
  assert.equal(drillTask(it.sql, set, 'nas', { key: undefined, now: it.keeper.now().wall, by: 'ada' })?.copy.key, copyAt(good + MINUTE).key)
  // Made once more, and well, within the hour: what is newer is of the later run.
  const again = START - 20 * MINUTE
  await it.ran(report(again))
  await it.pass(minutes(2))
  await it.list(copyAt(good + MINUTE), copyAt(bad + MINUTE), copyAt(again + MINUTE))
  assert.deepEqual((await showsOf(it)).map(([counted]) => counted), [true, false, true])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-2 what a command still writes is no copy, and neither is what one wrote whose end nobody told', async (t) => {
  const it = await world(t)
  const [good, from] = [START - 600 * MINUTE, START - 30 * MINUTE]
  await it.ran(report(good))
  const { command } = report(from)
  const begun = { command, from, to: from, exit: null, says: '' }
  for (let n = 0; n < 2; n++) assert.equal((await it.ran(begun)).status, 200)
  await it.list(copyAt(good + MINUTE), copyAt(from + MINUTE))
  assert.match((await showsOf(it))[0]?.[1] ?? '', /^the command that writes it, begun at .* has not told its end$/)
  assert.deepEqual((await showsOf(it)).map(([counted]) => counted), [false, true])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
  assert.equal((await it.ran(report(from))).status, 200)
  assert.deepEqual((await showsOf(it)).map(([counted]) => counted), [true, true], 'it ended well')
  assert.equal((await it.ran(begun)).status, 200)
  assert.deepEqual((await showsOf(it)).map(([counted]) => counted), [true, true], 'a beginning that comes after its end says nothing')
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-2 a day after a beginning whose end nobody told, copies are none of its', async (t) => {
  const it = await world(t)
  const lost = START - 1700 * MINUTE
  await it.ran({ command: 'pg_dump', from: lost, to: lost, exit: null, says: '' })
  await it.list(copyAt(lost - 60 * MINUTE), copyAt(lost + MINUTE), copyAt(lost + 1500 * MINUTE))
  assert.deepEqual((await showsOf(it)).map(([counted]) => counted), [true, false, true])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

/** What came of a drill of the very copy that lies there. */
async function drilled(it: KeeperWorld, key: string, more: Partial<DrillReport>): Promise<void> {
  const task = drillTask(it.sql, set, 'nas', { key, now: it.keeper.now().wall, by: 'ada' })
  assert(task)
  void it.keeper.engine.turn('drilled', (tx) => it.keeper.rooms.guard.drilled(tx, task, {
    schema: 'holdfast.drill/1', set: 'shop', store: 'nas', copy: key, engine: 'postgres', copy_at: task.at, at: tx.now.wall, verdict: 'passed', rung: 6, says: '', phases: [], asserts: [], engine_said: '', torn_down: true, bytes: 1000, etag: task.copy.etag, sha256: 'ab', ...more,
  }))
  await it.settle()
}

test('G-2 a copy that a failed run seems to have left counts again once a drill has restored its very bytes, as long as no drill says otherwise', async (t) => {
  const it = await world(t)
  const bad = START - 120 * MINUTE
  const [byHand, wreck] = [copyAt(bad + 30 * MINUTE), copyAt(bad + MINUTE)]
  await it.ran(report(bad, { exit: 1 }))
  await it.list(byHand, wreck)
  const stands = async (): Promise<readonly boolean[]> => (await showsOf(it)).map(([counted]) => counted)
  assert.deepEqual(await stands(), [false, false])
  await drilled(it, byHand.key, { verdict: 'unknown', says: 'the disk is full' })
  assert.deepEqual(await stands(), [false, false], 'what nobody could find out is no pass')
  await drilled(it, byHand.key, {})
  assert.deepEqual(await stands(), [true, false], 'the other one is still what the run left')
  await drilled(it, byHand.key, { verdict: 'unknown', says: 'the disk is full' })
  assert.deepEqual(await stands(), [true, false])
  await drilled(it, byHand.key, { verdict: 'failed', says: 'it does not restore' })
  assert.deepEqual(await stands(), [false, false])
  await drilled(it, byHand.key, {})
  await it.pass(minutes(16))
  await it.list({ ...byHand, etag: 'e2' }, wreck)
  assert.deepEqual(await stands(), [false, false], 'other bytes under its name were not restored')
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-2 what a command still writes counts for no drill; a day later one that passes says what nobody told', async (t) => {
  const it = await world(t)
  const [old, now] = [START - 2000 * MINUTE, START - 60 * MINUTE]
  for (const from of [old, now]) await it.ran({ command: 'pg_dump', from, to: from, exit: null, says: '' })
  await it.list(copyAt(now + MINUTE), copyAt(old + MINUTE))
  for (const from of [now, old]) await drilled(it, copyAt(from + MINUTE).key, {})
  assert.deepEqual((await showsOf(it)).map(([counted]) => counted), [false, true])
})

test('what cannot be is not believed: times, another set, another run', async (t) => {
  const it = await world(t)
  const from = START - 30 * MINUTE
  const cases: readonly [more: object, status: number, named?: string][] = [
    [{ from: from + 10 * MINUTE }, 422], [report(START + 60 * MINUTE), 422], [report(START - 32 * 1440 * MINUTE), 422], [{ manifest: { ...manifest(from, from + 5 * MINUTE), set: 'other' } }, 422],
    [{ manifest: manifest(from - 1, from + 5 * MINUTE) }, 422], [{ exit: 256 }, 400], [{ extra: true }, 400], [{ manifest: { schema: 'holdfast.manifest/2' } }, 400], [{}, 404, 'shpo'],
  ]
  for (const [more, status, named] of cases) assert.equal((await it.ran({ ...report(from), ...more }, named)).status, status, JSON.stringify(more).slice(0, 80))
  assert.deepEqual(runsIn(it), [])
})

const DAY = 1440 * MINUTE
const countIn = (it: KeeperWorld, table: string): number => it.sql.get<{ n: number }>(`select count(*) as n from ${table}`)?.n ?? 0

test('of each set the newest runs are kept, with their texts, and no more where no copy is known of them', async (t) => {
  const it = await world(t)
  await it.list()
  const before = countIn(it, 'text')
  for (let n = 0; n < 505; n++) void it.ran(report(START - 700 * MINUTE + n * MINUTE))
  await it.ran(report(START - 30 * MINUTE))
  assert.equal(runsIn(it).length, 506)
  assert.equal(countIn(it, 'guard_run'), 500)
  assert.equal(countIn(it, 'text') - before, 500)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-2 a run that failed is not forgotten while what it left is there, however many come after it; neither is the good one beside it', async (t) => {
  const it = await world(t)
  const from = START - 20 * DAY
  const [wreck, good, other] = [copyAt(from + MINUTE), copyAt(from + 61 * MINUTE), copyAt(from + 121 * MINUTE)]
  await it.ran(report(from, { exit: 1 }))
  await it.ran(report(from + 60 * MINUTE))
  await it.ran(report(from + 120 * MINUTE, { exit: 1 }))
  await it.list(wreck, good, other)
  const stands = async (): Promise<readonly boolean[]> => (await showsOf(it)).map(([counted]) => counted)
  assert.deepEqual(await stands(), [false, true, false])
  for (let n = 0; n < 510; n++) await it.ran(report(START - 10 * DAY + n * MINUTE))
  assert.deepEqual(await stands(), [false, true, false])
  assert.equal(countIn(it, 'guard_run'), 503)
  // With the copy its run may go.
  await it.pass(minutes(16))
  await it.list(good, other)
  await it.ran(report(START - 10 * DAY + 510 * MINUTE))
  assert.deepEqual([await stands(), countIn(it, 'guard_run')], [[false, true], 502])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-2 a run whose end nobody told is not forgotten while what it left is there, and none that may still go on', async (t) => {
  const it = await world(t)
  const begin = async (from: number): Promise<void> => void (await it.ran({ command: 'pg_dump', from, to: from, exit: null, says: '' }))
  const from = START - 20 * DAY
  await begin(from)
  await it.list(copyAt(from + 5 * MINUTE))
  for (let n = 0; n < 60; n++) await begin(START - 10 * DAY + n * MINUTE)
  assert.deepEqual((await showsOf(it)).map(([counted]) => counted), [false])
  assert.equal(countIn(it, 'guard_run_begun'), 51)
  for (let n = 0; n < 60; n++) await begin(START - 60 * MINUTE + n * MINUTE)
  assert.equal(countIn(it, 'guard_run_begun'), 61)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-2 runs that an older Holdfast told of are forgotten as it forgot them', async (t) => {
  const it = await world(t)
  const hashes = Array.from({ length: 502 }, (_, n) => `h${String(n).padStart(3, '0')}`)
  void it.keeper.engine.turn('old', (tx) => {
    for (const [n, hash] of hashes.entries()) tx.append({ is: 'guard.backupRan', stream: 'backup:shop', body: { set: 'shop', hash, manifest: '', from: n, to: n, exit: 1, command: 'pg_dump', says: '', how: '', tables: 0, least: 0, most: 0, version: '', newest: '', by: 'ada', at: 1 } })
  })
  await it.settle()
  assert.deepEqual([countIn(it, 'guard_run'), it.sql.get<{ hash: string }>('select min(hash) as hash from guard_run')?.hash], [500, 'h002'])
})
