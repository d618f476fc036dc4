// Drills from the agenda to the page: what a drill proves stands with its copy, what it disproves pages, and a report that never comes is unknown.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { configOf, keeperWorld, START, type KeeperWorld } from '../../../test/keeper-world.ts'
import { canonical } from '../../core/ledger.ts'
import { signerOf } from '../../rooms/guard/drills/signature.ts'
import { days, hours, instantOf, later, minutes, ms, type Span } from '../../core/time.ts'
import { rebuildLedger, verifyLedger } from '../../db/verify.ts'
import { renderReport } from '../../rooms/guard/drills/report-html.ts'
import type { DrillReport } from '../../rooms/guard/drills/report.ts'
import type { DrillTask, ToGuard } from '../../rooms/guard/protocol.ts'
import type { Copy } from '../../rooms/guard/sets/judge.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { BackupSetAnswer } from '../../views/backups.ts'
import { BACKUP_GAUGES, backupMetrics } from '../../views/guard/metrics.ts'
import type { ReportAnswer, ReportCheckAnswer } from '../../views/reports.ts'
import type { DrillBegunAnswer, DrillCancelledAnswer, DrillsAnswer } from '../../views/drills.ts'

const pattern = { text: 'shop-{any}.dump', prefix: 'shop-' }
const BARE: BackupSet = { name: 'shop', engine: 'postgres', in: [{ store: 'nas', pattern, offsite: true, domain: 'nas' }], every: days(365), grace: days(1), escalate: 'default', from: 'holdfast.yaml:1' }
const SET: BackupSet = { ...BARE, drill: { every: minutes(30), assert: [] } }
const copyOf = (name: string, ago: number): Copy => ({ key: `shop-${name}.dump`, etag: `e-${name}`, bytes: 1000, modifiedAt: instantOf(START - ago) })
const COPIES = [copyOf('new', hours(1)), copyOf('old', days(2))]

interface World extends KeeperWorld {
  list(copies?: readonly Copy[]): Promise<void>
  /** The drill that was asked for last, and how many there were. */
  drill(): { readonly id: string; readonly task: DrillTask; readonly count: number }
  drills(): readonly { readonly id: string; readonly task: DrillTask }[]
  /** Of the one that was asked for last, where none is named. */
  report(more: Partial<DrillReport>, of?: { readonly id: string; readonly task: DrillTask }): Promise<void>
  shown(): Promise<BackupSetAnswer>
}

async function world(t: TestContext, set: BackupSet = SET): Promise<World> {
  const tasks: ToGuard[] = []
  const it = await keeperWorld(t, { ...configOf([]), backups: [set] }, { toGuard: (message) => (tasks.push(message), true) })
  const drill = (): ReturnType<World['drill']> => {
    const found = tasks.flatMap((one) => (one.is === 'task' && one.task.is === 'drill' ? [{ id: one.id, task: one.task }] : []))
    const last = found.at(-1)
    assert(last, 'a drill was asked for')
    return { ...last, count: new Set(found.map(({ id }) => id)).size }
  }
  return Object.assign(it, {
    drill,
    async list(copies = COPIES) {
      const task = tasks.findLast((one) => one.is === 'task' && one.task.is === 'list')
      assert(task)
      it.keeper.guard.hear({ is: 'task-done', id: task.id, result: { is: 'listed', identity: 'one', copies, clock: { is: 'unknown', says: '' } } })
      await it.settle()
    },
    drills: () => tasks.flatMap((one) => (one.is === 'task' && one.task.is === 'drill' ? [{ id: one.id, task: one.task }] : [])),
    async report(more: Partial<DrillReport>, of?: { readonly id: string; readonly task: DrillTask }) {
      const { id, task } = of ?? drill()
      const report: DrillReport = {
        schema: 'holdfast.drill/1', set: 'shop', store: 'nas', copy: task.copy.key, engine: 'postgres', copy_at: task.at, at: it.keeper.now().wall, verdict: 'passed', rung: 6, says: '',
        phases: [{ name: 'restore', ms: 12 }], asserts: [], engine_said: '', torn_down: true, bytes: 1000, etag: task.copy.etag, sha256: 'ab', ...more,
      }
      it.keeper.guard.hear({ is: 'task-done', id, result: report })
      await it.settle()
    },
    shown: async () => (await it.ask('backups.show', { set: 'shop' }) as unknown as { body: BackupSetAnswer }).body,
  })
}
const rungs = ({ copies }: BackupSetAnswer): (readonly [string, number])[] => (copies ?? []).map(({ copy, rung }) => [copy, rung])

test('G-2 the newest is drilled, then the rest in turn; what passed has its rung, what failed pages until one passes', async (t) => {
  const it = await world(t)
  await it.list()
  await it.pass(minutes(3))
  assert.deepEqual([it.drill().task.copy.key, it.drill().count], ['shop-new.dump', 1])
  assert.deepEqual([(await it.shown()).rto, (await it.shown()).exposure_proven], [null, null], 'what nobody measured is not made up')
  await it.report({})
  assert.deepEqual([rungs(await it.shown()), it.open()], [[['shop-new.dump', 6], ['shop-old.dump', 1]], []])
  const { rto, exposure, exposure_proven, score } = await it.shown()
  assert.deepEqual([score?.says, score?.got], ['2-1-1-?-0: 2 of 5', 2])
  assert.deepEqual([rto, exposure_proven === exposure], [{ p50: 12, p95: 12, drills: 1, bytes_per_second: 83_333, phases: [{ name: 'restore', p50: 12, p95: 12 }] }, true])
  await it.pass(minutes(27))
  await it.list()
  assert.equal(it.drill().count, 1)
  await it.pass(minutes(4))
  assert.deepEqual([it.drill().task.copy.key, it.drill().count], ['shop-old.dump', 2])
  await it.report({ verdict: 'failed', rung: 3, says: 'the copy cannot be restored', engine_said: 'ERROR:  duplicate key\nDETAIL: (ada@example.com)' })
  await it.list()
  assert.deepEqual([it.open(), (await it.shown()).state], [['backup:shop'], 'unreadable'])
  assert.match((await it.shown()).places[0]?.says ?? '', /a drill failed: the copy cannot be restored \(shop-old\.dump\)/)
  assert.doesNotMatch(JSON.stringify(it.entries()), /ada@example/, 'what an engine says stays out of the ledger')
  await it.pass(minutes(30))
  await it.report({})
  await it.list()
  assert.deepEqual([it.open(), rungs(await it.shown())], [[], [['shop-new.dump', 6], ['shop-old.dump', 0]]], 'what does not restore is no copy to count on')
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('X-9 a copy that failed has failed, whatever nobody could find out later; it counts again when it passes', async (t) => {
  const it = await world(t)
  const only = async (): Promise<readonly unknown[]> => {
    const { state, copies, exposure, places } = await it.shown()
    const first = copies?.find(({ copy }) => copy === 'shop-new.dump')
    return [it.open(), state, first?.counted, first?.why, places[0]?.newest?.copy, exposure !== null]
  }
  const drill = async (more: Partial<DrillReport>): Promise<void> => {
    await it.ask('backups.drill', { set: 'shop', store: 'nas', copy: 'shop-new.dump' })
    await it.report(more)
    await it.list()
  }
  await it.list()
  await drill({ verdict: 'failed', rung: 3, says: 'the copy cannot be restored' })
  const failed = [['backup:shop'], 'unreadable', false, 'it failed its drill: the copy cannot be restored', 'shop-old.dump', true]
  assert.deepEqual(await only(), failed)
  await drill({ verdict: 'unknown', rung: 1, says: 'the disk of this machine runs full' })
  assert.deepEqual(await only(), failed)
  await drill({})
  assert.deepEqual(await only(), [[], 'ok', true, '', 'shop-new.dump', true])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-4 what failed its drill is no witness for an older copy, and a person decides about it', async (t) => {
  const it = await world(t, { ...SET, keep: { last: 1 }, retention: { zone: 'UTC', keepVerified: 1, locations: 1, verifiedWithin: days(30) } })
  await it.list()
  const said = async (): Promise<string[]> => (await it.ask('backups.plan', { set: 'shop' }) as unknown as { body: { plans: { items: { copy: string; why: string }[] }[] } }).body.plans[0]?.items.map(({ copy, why }) => `${copy}: ${why}`) ?? []
  assert.match((await said()).join('\n'), /^shop-new\.dump: kept, because last/)
  await it.ask('backups.drill', { set: 'shop', store: 'nas', copy: 'shop-new.dump' })
  await it.report({ verdict: 'failed', rung: 3, says: 'the copy cannot be restored' })
  const [first = '', second = ''] = await said()
  assert.match(first, /^shop-new\.dump: never, because it does not count \(it failed its drill: the copy cannot be restored\)/)
  assert.equal(second, 'shop-old.dump: kept, because last: it is not among the newest 1, but no newer one is known well enough to let it go')
})

/** Listed every few minutes. */
const BRISK: BackupSet = { ...SET, every: hours(1), grace: days(3) }
/** Somebody else rotates: the oldest of three goes as the next one comes. */
function rotation(it: World): (span: Span) => Promise<void> {
  let copies = [copyOf('1', hours(1)), copyOf('2', hours(2)), copyOf('3', hours(3))]
  let born = 0
  return async (span) => {
    await it.pass(span)
    const at = it.keeper.now().wall
    copies = [{ ...copyOf(`new${++born}`, 0), modifiedAt: at }, ...copies].slice(0, 3)
    await it.list(copies)
  }
}
const rebuilt = (it: World): readonly string[] => rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed.map(String)
const placeSays = async (it: World): Promise<string> => (await it.shown()).places[0]?.says ?? ''

test('G-2 a restore that failed is not forgotten when its copy rotates away: it ends when one passes of a copy as new', async (t) => {
  const it = await world(t, { ...BRISK, drill: { every: days(2), assert: [] } })
  await it.list([copyOf('1', hours(1)), copyOf('2', hours(2)), copyOf('3', hours(3))])
  const rotate = rotation(it)
  await it.pass(minutes(3))
  await it.report({ verdict: 'failed', rung: 3, says: 'the copy cannot be restored' })
  for (let n = 0; n < 4; n++) await rotate(minutes(6))
  assert.deepEqual([it.open(), (await it.shown()).state, it.drill().count, it.sql.all('select key from guard_drill')], [['backup:shop'], 'unreadable', 1, []])
  assert.match(await placeSays(it), /^a drill failed: the copy cannot be restored \(shop-1\.dump/)
  const { score } = await it.shown()
  assert.deepEqual([score?.points.find(({ id }) => id === 'errors')?.found], ['fail'])
  assert.deepEqual(rebuilt(it), [])
  await it.ask('backups.drill', { set: 'shop' })
  await it.report({ verdict: 'unknown', rung: 1, says: 'the disk of this machine runs full' })
  await rotate(minutes(6))
  assert.equal((await it.shown()).state, 'unreadable', 'what nobody could tell ends nothing')
  await it.ask('backups.drill', { set: 'shop' })
  await it.report({})
  await rotate(minutes(6))
  assert.deepEqual([it.open(), (await it.shown()).state, rebuilt(it)], [[], 'ok', []])
})

test('G-2 the newest copy failed and went; an older one that passed before that ends nothing, until it is the newest that is left', async (t) => {
  const it = await world(t, { ...BRISK, drill: { every: days(7), assert: [] } })
  await it.list()
  const drill = async (copy: string, more: Partial<DrillReport>): Promise<void> => {
    await it.ask('backups.drill', { set: 'shop', store: 'nas', copy })
    await it.report(more)
  }
  await drill('shop-new.dump', { verdict: 'failed', rung: 3, says: 'the copy cannot be restored' })
  await drill('shop-old.dump', {})
  await it.list()
  assert.equal((await it.shown()).state, 'unreadable')
  await it.pass(minutes(6))
  await it.list(COPIES.slice(1))
  assert.deepEqual([(await it.shown()).state, it.sql.all<{ key: string }>('select key from guard_copy').map(({ key }) => key), rebuilt(it)], ['unreadable', ['shop-old.dump'], []])
  await drill('shop-old.dump', {})
  await it.pass(minutes(6))
  await it.list(COPIES.slice(1))
  assert.deepEqual([(await it.shown()).state, rebuilt(it)], ['ok', []])
})

test('X-9 drills that never pass are told of also where no copy lives as long as that takes', async (t) => {
  const it = await world(t, BRISK)
  await it.list([copyOf('1', hours(1)), copyOf('2', hours(2)), copyOf('3', hours(3))])
  const rotate = rotation(it)
  const ids = new Set<string>()
  for (let n = 1; n <= 12; n++) {
    await rotate(minutes(6))
    const found = it.drills().at(-1)
    if (found && !ids.has(found.id)) {
      ids.add(found.id)
      await it.report({ verdict: 'unknown', rung: 1, says: 'no PostgreSQL is installed here' })
    }
    if (n <= 9) assert.deepEqual(it.open(), [], `after ${n * 6} min`)
  }
  assert.deepEqual([it.sql.all<{ key: string }>('select key from guard_copy').map(({ key }) => key).toSorted(), ids.size > 1, it.open(), (await it.shown()).state], [['shop-new10.dump', 'shop-new11.dump', 'shop-new12.dump'], true, ['backup:shop'], 'unproven'])
  assert.equal(await placeSays(it), 'no drill has ever passed: the last one could not tell, no PostgreSQL is installed here')
  await it.ask('backups.drill', { set: 'shop' })
  await it.report({})
  await rotate(minutes(6))
  assert.deepEqual([it.open(), (await it.shown()).state], [[], 'ok'])
  for (let n = 0; n < 3; n++) await rotate(minutes(6))
  assert.deepEqual([(await it.shown()).passed?.gone, (await it.shown()).state, rebuilt(it)], [true, 'ok', []], 'one that passed counts from when it did, also when its copy is gone')
})

test('G-12 X-9 copies that live shorter than from drill to drill go with their proofs, and no page calls that a loss; how old the last proof is stays to be seen, and pages in its time', async (t) => {
  const it = await world(t, BRISK)
  await it.list([copyOf('1', hours(1)), copyOf('2', hours(2)), copyOf('3', hours(3))])
  const rotate = rotation(it)
  const pages = (): readonly unknown[] => it.entries().filter(({ is }) => is === 'guard.missed')
  for (let round = 0; round < 3; round++) {
    await rotate(minutes(6))
    await it.ask('backups.drill', { set: 'shop' })
    const at = it.keeper.now().wall
    await it.report({})
    for (let n = 0; n < 4; n++) await rotate(minutes(6))
    const { passed, exposure_proven, score } = await it.shown()
    assert.deepEqual([it.open(), pages(), passed?.gone, passed?.at, exposure_proven, score?.points.find(({ id }) => id === 'errors')?.found], [[], [], true, at, null, 'unknown'], `round ${round}`)
  }
  for (let n = 0; n < 8; n++) await rotate(minutes(6))
  assert.deepEqual([it.open(), pages(), (await it.shown()).state], [['backup:shop'], [], 'unproven'])
  assert.match(await placeSays(it), /^no drill has passed for 1 h/)
  assert.deepEqual(rebuilt(it), [])
})

test('X-9 a set that is drilled from now on has the time for it, and a restart begins no new one', async (t) => {
  const it = await world(t, { ...BARE, every: BRISK.every, grace: BRISK.grace })
  await it.list()
  await it.leap(hours(5))
  const begin = async (): Promise<unknown> => {
    await it.restart({ ...configOf([]), backups: [BRISK] })
    await it.pass(minutes(4))
    await it.list()
    return (await it.shown()).state
  }
  assert.equal(await begin(), 'ok')
  await it.report({ verdict: 'unknown', rung: 1, says: 'no PostgreSQL is installed here' })
  await it.leap(minutes(58))
  assert.equal(await begin(), 'unproven')
})

test('X-9 what a drill found of a copy that went meanwhile speaks for the set, and proves no other copy', async (t) => {
  const it = await world(t, { ...BRISK, drill: { every: days(7), assert: [] } })
  await it.list()
  await it.ask('backups.drill', { set: 'shop' })
  const asked = it.drill()
  await it.pass(minutes(6))
  await it.list([{ ...copyOf('new', hours(1)), etag: 'other' }, copyOf('old', days(2))])
  await it.report({ verdict: 'failed', rung: 3, says: 'the copy cannot be restored' }, asked)
  assert.deepEqual([(await it.shown()).state, rungs(await it.shown()), (await it.shown()).copies?.map(({ counted }) => counted)], ['unreadable', [['shop-new.dump', 1], ['shop-old.dump', 1]], [true, true]])
  await it.ask('backups.drill', { set: 'shop', copy: 'shop-new.dump' })
  const again = it.drill()
  await it.pass(minutes(6))
  await it.list([{ ...copyOf('new', hours(1)), etag: 'third' }, copyOf('old', days(2))])
  await it.report({}, again)
  assert.deepEqual([(await it.shown()).state, rungs(await it.shown()), rebuilt(it)], ['ok', [['shop-new.dump', 1], ['shop-old.dump', 1]], []])
})

test('X-9 what passed and is gone is told as that: it earns no point, proves no copy, and is not there to be spoilt', async (t) => {
  const it = await world(t, { ...BRISK, drill: { every: days(7), assert: [] } })
  await it.list()
  assert.equal((await it.shown()).passed, null)
  const plant = async (): Promise<string> => ((await it.ask('backups.drill', { set: 'shop', planted: true })) as unknown as { body: { error?: { message: string } } }).body.error?.message ?? ''
  assert.match(await plant(), /^no copy of shop was restored by a drill yet/)
  for (const copy of ['shop-old.dump', 'shop-new.dump']) {
    await it.ask('backups.drill', { set: 'shop', copy })
    await it.report({})
  }
  const point = async (): Promise<unknown> => (await it.shown()).score?.points.filter(({ id }) => id === 'errors').map(({ found, says }) => [found, says])[0]
  const at = it.keeper.now().wall
  assert.deepEqual([await point(), (await it.shown()).passed], [['pass', ''], { copy: 'shop-new.dump', store: 'nas', at, gone: false }])
  await it.pass(hours(3))
  await it.list([{ ...copyOf('new', hours(1)), etag: 'other' }, copyOf('other', days(1))])
  const { passed, exposure_proven, rto, state } = await it.shown()
  assert.deepEqual([passed, exposure_proven, rto?.drills, state, rungs(await it.shown())], [{ copy: 'shop-new.dump', store: 'nas', at, gone: true }, null, 2, 'ok', [['shop-new.dump', 1], ['shop-other.dump', 1]]])
  assert.deepEqual(await point(), ['unknown', 'the last restore that passed was of shop-new.dump, 3 h ago; that copy is gone'])
  assert.match(await plant(), /^the last restore of shop that passed was of shop-new\.dump in nas, 3 h ago; that copy is gone, and none that is there was restored/)
  assert.deepEqual(rebuilt(it), [])
})

test('X-9 a drill that nobody could finish proves nothing, and in time that pages', async (t) => {
  const it = await world(t)
  await it.list()
  for (let n = 1; n <= 16; n++) {
    await it.pass(minutes(5))
    await it.list()
    if (n === 1) await it.report({ verdict: 'unknown', rung: 1, says: 'no PostgreSQL is installed here' })
    if (n < 12) assert.deepEqual(it.open(), [], `after ${n * 5} min`)
  }
  const shown = await it.shown()
  assert.deepEqual([it.open(), shown.state, rungs(shown)[0]?.[1]], [['backup:shop'], 'unproven', 1])
  assert.match(shown.places[0]?.says ?? '', /no drill has ever passed/)
})

test('a drill is begun by hand of any copy, and its report is there to be read with the engine\'s words', async (t) => {
  const it = await world(t)
  assert.equal((await it.ask('backups.drill', { set: 'shop' })).status, 404)
  await it.list()
  assert.equal((await it.ask('backups.drill', { set: 'shop', copy: 'none' })).status, 404)
  assert.equal((await it.ask('backups.drill', { set: 'shop', store: 'moon' })).status, 404)
  const begun = (await it.ask('backups.drill', { set: 'shop', copy: 'shop-old.dump' }) as unknown as { body: DrillBegunAnswer }).body
  assert.deepEqual(begun, { schema: 'holdfast.drill-begun/1', set: 'shop', store: 'nas', copy: 'shop-old.dump', after: 0 })
  const read = async (): Promise<DrillsAnswer['drills']> => (await it.ask('backups.drills', { set: 'shop', after: 0 }) as unknown as { body: DrillsAnswer }).body.drills
  assert.deepEqual(await read(), [])
  await it.report({ verdict: 'failed', rung: 3, says: 'no', engine_said: 'ERROR: x' })
  assert.deepEqual((await read()).map(({ copy, verdict, engine_said, id }) => [copy, verdict, engine_said, id]), [['shop-old.dump', 'failed', 'ERROR: x', 1]])
  const { id } = (await it.ask('backups.drill', { set: 'shop' }), it.drill())
  it.keeper.guard.hear({ is: 'task-failed', id, says: 'the store is gone' })
  await it.settle()
  assert.deepEqual((await read()).map(({ verdict, says, torn_down }) => [verdict, says, torn_down])[0], ['unknown', 'the store is gone', false])
})

test('L-9 what a drill found is signed and kept with its entry; a report that was changed, or is of another node, does not hold', async (t) => {
  const it = await world(t)
  await it.list()
  assert.equal((await it.ask('backups.report', {})).status, 404)
  await it.ask('backups.drill', { set: 'shop', person: 'ada' })
  await it.report({ verdict: 'failed', rung: 3, says: 'the copy cannot be restored', engine_said: 'ERROR: <script>alert(1)</script>', asserts: [{ text: 'select 1', found: 'pass' }, { text: 'select 2', found: 'fail', says: 'it is false' }] })
  const report = (await it.ask('backups.report', { of: 'shop' }) as unknown as { body: ReportAnswer }).body
  assert.deepEqual([report.schema, report.node, report.holdfast, report.asked_by, report.verdict, report.rung, report.rpo, report.rto.p50, report.copy.sha256, report.asserts.map(({ found }) => found), report.offsite], ['holdfast.restore-report/1', 'node_test', 'test', 'ada', 'failed', 3, null, null, 'ab', ['fail', 'pass'], true])
  assert.deepEqual((await it.ask('backups.report', { of: report.id }) as unknown as { body: ReportAnswer }).body, report)
  const check = async (of: object): Promise<readonly [string, string]> => {
    const { body } = await it.ask('backups.checkReport', { report: JSON.stringify(of, null, 2) }) as unknown as { body: ReportCheckAnswer }
    return [body.found, body.says]
  }
  assert.deepEqual(await check(report), ['pass', 'it is as it was signed here, and the ledger holds the drill with just this report'])
  assert.match((await check({ ...report, verdict: 'passed' })).join(), /^fail,it is not what was signed/)
  const { signature, ...bare } = report
  assert.match((await check({ ...bare, signature: signerOf(new Uint8Array(32).fill(9)).sign(canonical(bare)) })).join(), /^unknown,it is as it was signed, by another key/)
  assert.match((await check({ signature, id: report.id })).join(), /^fail,it is no restore report/)
  const shown = await it.shown()
  assert.deepEqual([shown.drilled?.verdict, shown.drilled?.report], ['failed', report.id])
  const drawn = renderReport(report)
  assert.match(drawn, /&lt;script&gt;alert\(1\)/)
  assert.doesNotMatch(drawn, /<script|https?:\/\/(?!www\.w3\.org)|node_test<\/script/)
  assert.deepEqual(verifyLedger(it.sql).broken, undefined)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
  it.sql.run('delete from guard_report')
  assert.match((await check(report)).join(), /^fail,it was signed here, and the ledger holds no such drill/)
  it.sql.run('delete from text')
  rebuildLedger(it.sql, it.keeper.store.rooms, { replace: true })
  assert.equal((await it.ask('backups.report', { of: report.id })).status, 410)
})

test('a report tells what would have been lost by the newest row, and how long a restore takes; what is gone meanwhile is reported too', async (t) => {
  const it = await world(t)
  await it.list()
  await it.ask('backups.drill', { set: 'shop' })
  const began = it.keeper.now().wall
  await it.report({ phases: [{ name: 'restore', ms: 4000 }], asserts: [{ text: 'newest', found: 'pass', at: later(began, ms(-90_000)) }], at: began })
  const read = async (): Promise<ReportAnswer> => (await it.ask('backups.report', { of: 'shop' }) as unknown as { body: ReportAnswer }).body
  const { rpo, rto } = await read()
  assert.deepEqual([rpo?.lost, rpo?.by, rto], [90_000, 'newest row', { took: 4000, p50: 4000, p95: 4000, drills: 1, target: null }])
  await it.ask('backups.drill', { set: 'shop', copy: 'shop-old.dump' })
  it.sql.run(`delete from guard_copy where key = 'shop-old.dump'`)
  await it.report({})
  assert.deepEqual([(await read()).copy.key, it.sql.all<{ key: string }>('select key from guard_drill').map(({ key }) => key)], ['shop-old.dump', ['shop-new.dump']], 'its report is kept, and nobody counts it')
})

test('G-2 drills are believed because a spoilt copy fails them; when it passes, what they proved is void until one fails again', async (t) => {
  const it = await world(t, { ...SET, drill: { every: days(7), assert: [] } })
  await it.list()
  const tell = async (): Promise<DrillsAnswer> => (await it.ask('backups.drills', { set: 'shop' }) as unknown as { body: DrillsAnswer }).body
  const metrics = (): string => backupMetrics(it.sql, [SET], it.keeper.now())
  const goOn = async (span: Span): Promise<void> => {
    it.step(span)
    await it.pass(ms(2000))
    await it.list()
  }
  assert.equal((await it.ask('backups.drill', { set: 'shop', planted: true })).status, 409, 'what was never restored is not spoilt')
  await goOn(minutes(5))
  assert.equal(it.drill().task.planted, undefined)
  await it.report({})
  assert.equal((await tell()).planted, null)
  await goOn(hours(2))
  const asked = it.drills().filter(({ task }) => task.planted)
  assert.deepEqual(asked.map(({ task }) => task.copy.key), ['shop-new.dump'], 'the newest that passed, and nobody asked')
  await it.report({ planted: 'all behind its first 60 bytes was cut off', verdict: 'failed', rung: 1, says: 'the archive cannot be read' }, asked[0])
  assert.deepEqual([it.open(), rungs(await it.shown())[0], (await it.shown()).state, (await tell()).planted?.verdict, (await it.shown()).drilled?.verdict], [[], ['shop-new.dump', 6], 'ok', 'failed', 'passed'], 'it is nobody\'s failure')
  assert.match(metrics(), /holdfast_drills_proven_able_to_fail_seconds\{engine="postgres"\} 0\n[^]*holdfast_drills_believed\{engine="postgres"\} 1\n/)
  const { body: report } = await it.ask('backups.report', { of: (await tell()).planted?.report }) as unknown as { body: ReportAnswer }
  assert.deepEqual([report.planted, report.rpo, report.verdict], ['all behind its first 60 bytes was cut off', null, 'failed'])
  for (const args of [{}, { of: 'shop' }]) assert.equal((await it.ask('backups.report', args) as unknown as { body: ReportAnswer }).body.planted, null, 'the report of a set is of a copy of it')
  assert.deepEqual([it.sql.all<{ times: number }>('select times from guard_drill').map(({ times }) => times), it.sql.all('select key from guard_copy').length], [[1], 2], 'it is no copy, and no drill of one')

  await it.ask('backups.drill', { set: 'shop', planted: true })
  await it.report({ planted: 'cut', verdict: 'passed', rung: 6 })
  await it.list()
  assert.deepEqual([it.open(), (await it.shown()).state, rungs(await it.shown())[0]], [['backup:shop'], 'unproven', ['shop-new.dump', 1]])
  assert.match((await it.shown()).places[0]?.says ?? '', /drills of postgres are not believed: one passed a copy that was spoilt on purpose/)
  assert.match(metrics(), /holdfast_drills_believed\{engine="postgres"\} 0\n/)
  assert.deepEqual([(await it.shown()).rto?.drills, (await it.shown()).score?.points.find(({ id }) => id === 'errors')?.found], [1, 'unknown'])
  await it.ask('backups.drill', { set: 'shop' })
  await it.report({})
  assert.deepEqual([rungs(await it.shown())[0], (await tell()).drills[0]?.verdict, (await it.shown()).state], [['shop-new.dump', 1], 'unknown', 'unproven'], 'what passes meanwhile proves nothing')
  assert.match((await tell()).drills[0]?.says ?? '', /^it passed, and drills of postgres are not believed/)

  await goOn(days(1))
  const again = it.drills().findLast(({ task }) => task.planted)
  await it.report({ planted: 'cut', verdict: 'failed', rung: 1, says: 'no' }, again)
  await goOn(minutes(3))
  await it.report({})
  await it.list()
  assert.deepEqual([it.open(), rungs(await it.shown())[0]?.[1], (await tell()).planted?.doubted_at], [[], 6, null])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('X-9 a pass that proves nothing gives back the failure that it ended; one by drills that were proven able to fail since does not', async (t) => {
  const it = await world(t, { ...SET, drill: { every: days(7), assert: [] } })
  await it.list()
  const drill = async (more: Partial<DrillReport>, asked: Record<string, unknown> = {}): Promise<void> => {
    await it.ask('backups.drill', { set: 'shop', ...asked })
    await it.report(more)
    await it.list()
  }
  const state = async (): Promise<unknown> => (await it.shown()).state
  await drill({ verdict: 'failed', rung: 3, says: 'the copy cannot be restored' })
  await drill({})
  assert.equal(await state(), 'ok')
  await drill({ planted: 'cut', verdict: 'passed', rung: 6 }, { planted: true })
  assert.deepEqual([await state(), it.open()], ['unreadable', ['backup:shop']])
  assert.match((await it.shown()).places[0]?.says ?? '', /a drill failed: the copy cannot be restored \(shop-new\.dump\)/)
  assert.deepEqual([it.sql.all<{ verdict: string }>('select verdict from guard_drill').map(({ verdict }) => verdict), rebuilt(it)], [['failed'], []], 'of the copy too: it is none to count on')
  await drill({})
  assert.equal(await state(), 'unreadable', 'what passes meanwhile proves nothing')
  await drill({ planted: 'cut', verdict: 'failed', rung: 1, says: 'no' }, { planted: true })
  await drill({})
  assert.equal(await state(), 'ok')
  await drill({ planted: 'cut', verdict: 'failed', rung: 1, says: 'no' }, { planted: true })
  await drill({ planted: 'cut', verdict: 'passed', rung: 6 }, { planted: true })
  assert.deepEqual([await state(), rebuilt(it)], ['unproven', []], 'it passed when drills could fail')
})

test('X-9 the failure that a worthless pass had ended stands again also where its copy is gone', async (t) => {
  const it = await world(t, { ...BRISK, drill: { every: days(7), assert: [] } })
  await it.list()
  const drill = async (copy: string, more: Partial<DrillReport>): Promise<void> => {
    await it.ask('backups.drill', { set: 'shop', copy })
    await it.report(more)
  }
  await drill('shop-new.dump', { verdict: 'failed', rung: 3, says: 'the copy cannot be restored' })
  await drill('shop-new.dump', {})
  await drill('shop-old.dump', {})
  await it.pass(minutes(6))
  await it.list([{ ...copyOf('new', hours(1)), etag: 'other' }, copyOf('old', days(2))])
  assert.equal((await it.shown()).state, 'ok')
  await it.ask('backups.drill', { set: 'shop', planted: true })
  await it.report({ planted: 'cut', verdict: 'passed', rung: 6 })
  await it.list([{ ...copyOf('new', hours(1)), etag: 'other' }, copyOf('old', days(2))])
  assert.deepEqual([(await it.shown()).state, rebuilt(it)], ['unreadable', []])
  assert.match(await placeSays(it), /a drill failed: the copy cannot be restored \(shop-new\.dump, which is gone\)/)
})

test('X-9 a set that is not drilled any more is not called unproven for drills that nobody waits for; a failure stands', async (t) => {
  const it = await world(t, { ...BRISK, drill: { every: days(7), assert: [] } })
  await it.list()
  await it.ask('backups.drill', { set: 'shop' })
  await it.report({})
  await it.ask('backups.drill', { set: 'shop', planted: true })
  await it.report({ planted: 'cut', verdict: 'passed', rung: 6 })
  await it.list()
  assert.equal((await it.shown()).state, 'unproven')
  await it.restart({ ...configOf([]), backups: [{ ...BARE, every: BRISK.every, grace: BRISK.grace }] })
  await it.pass(minutes(6))
  await it.list()
  assert.deepEqual([(await it.shown()).state, it.open()], ['ok', []])
})

test('X-9 the last copy that passed is gone, and another one that passed is there: that one earns the point', async (t) => {
  const it = await world(t, { ...BRISK, drill: { every: days(7), assert: [] } })
  await it.list()
  for (const copy of ['shop-old.dump', 'shop-new.dump']) {
    await it.ask('backups.drill', { set: 'shop', copy })
    await it.report({})
    await it.pass(minutes(1))
  }
  await it.pass(minutes(6))
  await it.list([{ ...copyOf('new', hours(1)), etag: 'other' }, copyOf('old', days(2))])
  const point = async (): Promise<unknown> => (await it.shown()).score?.points.find(({ id }) => id === 'errors')?.found
  assert.deepEqual([(await it.shown()).passed?.gone, await point()], [true, 'pass'])
  await it.leap(days(31))
  assert.equal(await point(), 'unknown', 'it is worth as long as any other')
})

test('G-14 a restore that would take longer than it may pages, until drills are fast enough again', async (t) => {
  const it = await world(t, { ...SET, rto: ms(20_000), drill: { every: days(7), assert: [] } })
  await it.list()
  const drill = async (took: number): Promise<void> => {
    await it.ask('backups.drill', { set: 'shop' })
    await it.report({ bytes: 500, phases: [{ name: 'restore', ms: took }] })
  }
  await drill(9000)
  assert.deepEqual([it.open(), (await it.shown()).state, (await it.shown()).rto?.p95], [[], 'ok', 18_000], 'stretched to what it is today')
  await drill(11_000)
  assert.deepEqual([it.open(), (await it.shown()).state, (await it.shown()).rto_within], [['backup:shop'], 'slow', 20_000])
  assert.match((await it.shown()).places[0]?.says ?? '', /a restore of today's size takes 22 s, and may take 20 s/)
  assert.match(backupMetrics(it.sql, [{ ...SET, rto: ms(20_000) }], it.keeper.now()), /holdfast_backup_rto_seconds\{set="shop",quantile="0.95"\} 22\n[^]*holdfast_backup_rto_target_seconds\{set="shop"\} 20\n/)
  for (let n = 0; n < 20; n++) await drill(1000)
  assert.deepEqual([it.open(), (await it.shown()).state], [[], 'ok'])
})

test('a newest copy that cannot be drilled here is told at once, in its words, and once; it is over when a drill says anything of it', async (t) => {
  const it = await world(t)
  await it.list()
  await it.pass(minutes(3))
  const says = 'this dump is of PostgreSQL 17, and the newest here is 15: install postgresql-17'
  await it.report({ verdict: 'unknown', rung: 1, refused: true, says })
  const told = (): readonly string[] => it.entries().filter(({ is }) => is === 'guard.alarmed').map(({ body }) => String((body as { says: string }).says))
  assert.deepEqual([told().length, (await it.shown()).state, it.open().length], [1, 'ok', 1], 'the copy is not accused, and somebody is told')
  assert.match(told()[0] ?? '', /^this dump is of PostgreSQL 17, and the newest here is 15: install postgresql-17\. Until that is changed nobody knows whether it restores/)
  const drill = async (more: Partial<DrillReport>): Promise<void> => {
    await it.ask('backups.drill', { set: 'shop' })
    await it.report(more)
  }
  await drill({ verdict: 'unknown', rung: 1, refused: true, says })
  assert.equal(told().length, 1)
  await drill({ verdict: 'unknown', rung: 1, says: 'the disk is full' })
  assert.equal(it.open().length, 1, 'what is unknown ends nothing')
  await drill({})
  assert.deepEqual(it.open(), [])
})

test('G-28 of an older copy that cannot be drilled here nobody is told, and one that passes ends nothing: what is told is of the newest copy that counts', async (t) => {
  const it = await world(t)
  const told = (): number => it.entries().filter(({ is, body }) => is === 'guard.alarmed' && (body as { to?: string }).to === undefined).length
  const open = (): readonly string[] => it.open().filter((name) => name.startsWith('drill:'))
  const [newest, old] = COPIES
  assert(newest && old)
  await it.list([newest, old, { ...copyOf('empty', minutes(10)), bytes: 0 }])
  const refused = { verdict: 'unknown', rung: 1, refused: true, says: 'this dump is of PostgreSQL 17' } as const
  const drill = async (copy: Copy, more: Partial<DrillReport>): Promise<void> => {
    await it.ask('backups.drill', { set: 'shop', copy: copy.key })
    await it.report(more)
  }
  await drill(old, refused)
  assert.deepEqual([told(), open()], [0, []])
  await drill(newest, refused)
  for (let n = 0; n < 3; n++) {
    await drill(old, {})
    await drill(old, refused)
    await drill(newest, refused)
  }
  assert.deepEqual([told(), open().length], [1, 1], 'it does not come and go')
  // A newer one comes, and is drilled; while that goes on the next one comes.
  await it.pass(minutes(16))
  const [newer, newerStill] = [{ ...copyOf('newer', hours(0)), modifiedAt: it.keeper.now().wall }, { ...copyOf('still', hours(0)), modifiedAt: instantOf(it.keeper.now().wall + 30_000) }]
  await it.list([newer, newest, old])
  const began = instantOf(it.keeper.now().wall + 1000)
  await it.pass(minutes(16))
  await it.ask('backups.drill', { set: 'shop', copy: newer.key })
  await it.list([newerStill, newer, newest, old])
  await it.report({ at: began })
  assert.deepEqual([told(), open()], [1, []])
})

test('X-9 the metrics of backups say what the answer says, and nothing of what is not known', async (t) => {
  const it = await world(t)
  const read = (): Map<string, number> => new Map(backupMetrics(it.sql, [SET], it.keeper.now()).split('\n').flatMap((line) => (/^[a-z]/.test(line) ? [[line.slice(0, line.lastIndexOf(' ')).replace('holdfast_backup_', ''), Number(line.slice(line.lastIndexOf(' ') + 1))]] : [])))
  const at = '{set="shop",store="nas"}'
  assert.deepEqual([...read().keys()].filter((name) => /^(?:ok|age|exposure|proof|best|usual|rto_s|rto_p|drill|oldest|score_point.*immutable)/.test(name)), [], 'of what nobody has looked at there is no line')
  const more = [4, 5, 6].map((ago) => ({ ...copyOf(`d${ago}`, days(ago)), bytes: 700 }))
  await it.list([...COPIES, ...more])
  await it.pass(minutes(3))
  await it.report({ phases: [{ name: 'fetch', ms: 3000 }, { name: 'restore', ms: 9000 }] })
  await it.pass(minutes(10))
  await it.list([...COPIES, ...more])
  const [now, shown] = [read(), await it.shown()]
  const [place] = shown.places
  assert.deepEqual([now.get(`ok${at}`), now.get(`copies${at}`), now.get(`rung${at}`), now.get(`best_rung${at}`), now.get(`copies_at_rung{set="shop",store="nas",rung="6"}`), now.get(`copies_at_rung{set="shop",store="nas",rung="1"}`)], [1, 5, 6, 6, 1, 4])
  assert.deepEqual([now.get(`proof_age_seconds${at}`), now.get(`best_proof_age_seconds${at}`)], [600, 600], 'how old the proof is')
  assert.deepEqual([now.get(`bytes${at}`), now.get(`usual_bytes${at}`), now.get(`stored_bytes${at}`)], [1000, 700, 4100])
  assert.deepEqual([place?.usual_bytes, place?.proven?.copy, place?.proven?.rung], [700, 'shop-new.dump', 6])
  assert.deepEqual([now.get('score{set="shop"}'), now.get('score_point{set="shop",point="errors"}'), now.get('score_point{set="shop",point="immutable"}')], [shown.score?.got, 1, undefined], 'a point that nobody knows has no line')
  assert.deepEqual([now.get('exposure_seconds{set="shop"}'), now.get('exposure_proven_seconds{set="shop"}'), now.get('every_seconds{set="shop"}')], [(shown.exposure ?? 0) / 1000, (shown.exposure_proven ?? 0) / 1000, 365 * 86_400])
  assert.deepEqual([now.get('rto_phase_seconds{set="shop",phase="restore",quantile="0.95"}'), now.get('rto_seconds{set="shop",quantile="0.5"}'), now.get('drill_ok{set="shop"}'), now.get('drill_age_seconds{set="shop"}')], [9, 12, 1, 600])
  const lines = backupMetrics(it.sql, [SET], it.keeper.now())
  for (const { name } of BACKUP_GAUGES) assert.equal(lines.split(`# TYPE ${name} gauge`).length, 2, name)
  assert.doesNotMatch(lines, /shop-new/, 'no key is a label: what lies in a store makes no more lines')
  await it.ask('backups.drill', { set: 'shop' })
  await it.report({ verdict: 'unknown', rung: 1, says: 'there was no room' })
  assert.equal(read().has('drill_ok{set="shop"}'), false)
})

test('X-9 whoever waits for a drill reads which one is before it; its time begins with its turn, and one that does not end holds the keeper\'s own limit', async (t) => {
  const it = await world(t, { ...SET, drill: { every: days(7), within: minutes(40), assert: [] } })
  await it.list()
  const underWay = async (): Promise<DrillsAnswer['under_way']> => (await it.ask('backups.drills', { set: 'shop' }) as unknown as { body: DrillsAnswer }).body.under_way
  assert.deepEqual(await underWay(), { at_work: [], waiting: [] })
  await it.ask('backups.drill', { set: 'shop', copy: 'shop-old.dump' })
  const first = it.drill()
  assert.equal(first.task.within, minutes(40))
  await it.ask('backups.drill', { set: 'shop', copy: 'shop-new.dump' })
  const [old, fresh] = ['shop-old.dump', 'shop-new.dump'].map((copy) => ({ set: 'shop', store: 'nas', copy }))
  assert.deepEqual(await underWay(), { at_work: [], waiting: [old, fresh] })
  await it.pass(minutes(30))
  it.keeper.guard.hear({ is: 'task-begun', id: first.id })
  it.keeper.guard.hear({ is: 'task-progress', id: first.id, says: 'restoring shop-old.dump' })
  const since = it.keeper.now().wall
  assert.deepEqual(await underWay(), { at_work: [{ ...old, since, until: later(since, minutes(40)), says: 'restoring shop-old.dump' }], waiting: [fresh] })
  it.keeper.guard.opened()
  assert.deepEqual(await underWay(), { at_work: [], waiting: [old, fresh] }, 'a process that came anew has begun nothing')
  it.keeper.guard.hear({ is: 'task-begun', id: first.id })
  // The process that drills says nothing any more.
  await it.pass(minutes(71))
  assert.deepEqual(await underWay(), { at_work: [], waiting: [fresh] })
  const [ended] = (await it.ask('backups.drills', { set: 'shop' }) as unknown as { body: DrillsAnswer }).body.drills
  assert.deepEqual([ended?.copy, ended?.verdict, ended?.says], ['shop-old.dump', 'unknown', 'nothing came of it within 1 h 10 min'])
  const cancelled = await it.ask('backups.cancelDrill', { set: 'shop', person: 'ada' })
  assert.deepEqual((cancelled as unknown as { body: DrillCancelledAnswer }).body.cancelled, [fresh])
  await it.settle()
  const [last] = (await it.ask('backups.drills', { set: 'shop' }) as unknown as { body: DrillsAnswer }).body.drills
  assert.deepEqual([last?.copy, last?.verdict, last?.says, (await underWay()).waiting], ['shop-new.dump', 'unknown', 'ada ended it before it was through', []])
  assert.equal((await it.ask('backups.cancelDrill', { set: 'shop' })).status, 409)
})

test('where copies lie and none counts, nobody is told that there is none: it says so, and how one is drilled all the same', async (t) => {
  const it = await world(t)
  const asked = async () => (await it.ask('backups.drill', { set: 'shop' })) as unknown as { status: number; body: { error?: { message: string; help?: string } } }
  assert.match((await asked()).body.error?.message ?? '', /there is no copy of shop/)
  await it.list([{ ...copyOf('new', hours(1)), bytes: 0 }])
  const { status, body } = await asked()
  assert.equal(status, 409)
  assert.match(body.error?.message ?? '', /none of the copies of shop counts/)
  assert.match(body.error?.help ?? '', /--copy/)
})
