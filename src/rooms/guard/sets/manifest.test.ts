// Manifests: what a restored copy must hold, to which copy a manifest belongs, and that less knowledge never makes a verdict better.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { hours, instantOf, ms, type Instant } from '../../../core/time.ts'
import { compareManifest, compareNewest, forDrill, manifestSchema, type CountedTable, type Manifest } from './manifest.ts'
import { readPattern, type Pattern } from './pattern.ts'
import { marginOf, runOf, type Run } from './runs/whose.ts'

const table = (name: string, least: number, most = least): CountedTable => ({ name, least, most })
const of = (how: Manifest['how'], ...tables: CountedTable[]): Pick<Manifest, 'how' | 'tables' | 'whole' | 'left_out'> => ({ how, tables, whole: true, left_out: 0 })
const found = (manifest: Parameters<typeof compareManifest>[0], restored: Readonly<Record<string, number>>): string[] => compareManifest(manifest, restored).map((it) => `${it.table} ${it.found}`)

test('G-26 in a snapshot a table holds exactly as many rows, or the drill has failed', () => {
  const cases: readonly [restored: Readonly<Record<string, number>>, verdict: string, says: RegExp][] = [
    [{ a: 10 }, 'a pass', /10 rows, as in the snapshot/], [{ a: 9 }, 'a fail', /1 of 10 rows are missing/], [{ a: 0 }, 'a fail', /10 of 10 rows/], [{ a: 11 }, 'a fail', /11 rows, where the snapshot had 10/], [{}, 'a fail', /not there/],
  ]
  for (const [restored, verdict, says] of cases) {
    const [one] = compareManifest(of('snapshot', table('a', 10)), restored)
    assert.equal(`${one?.table} ${one?.found}`, verdict)
    assert.match(one?.says ?? '', says)
  }
  assert.deepEqual(found(of('snapshot', { name: 'a', says: 'no permission' }), { a: 3 }), ['a unknown'])
  assert.deepEqual(found(of('snapshot', { name: 'a', says: 'no permission' }), {}), ['a unknown'])
  assert.deepEqual(found(of('snapshot', table('a', 1)), { a: 1, b: 2 }), ['a pass', 'b unknown'], 'what the manifest of everything does not name')
  assert.deepEqual(found({ ...of('snapshot', table('a', 1)), whole: false }, { a: 1, b: 2 }), ['a pass'])
  assert.deepEqual(found({ ...of('snapshot', table('a', 1)), left_out: 1 }, { a: 1, b: 2 }), ['a pass'])
  assert.deepEqual(found(of('snapshot', table('__proto__', 1), table('constructor', 1)), {}), ['__proto__ fail', 'constructor fail'])
})

test('a bracketed count is no exact one: beyond its bounds little is said, and a loss still fails', () => {
  const cases: readonly [has: number, verdict: string][] = [[100, 'pass'], [110, 'pass'], [105, 'pass'], [111, 'unknown'], [100_000, 'unknown'], [99, 'unknown'], [90, 'unknown'], [89, 'fail'], [0, 'fail']]
  for (const [has, verdict] of cases) assert.deepEqual(found(of('bracketed', table('a', 100, 110)), { a: has }), [`a ${verdict}`], `${has}`)
  assert.deepEqual(found(of('bracketed', table('a', 0, 5)), { a: 0 }), ['a pass'])
  assert.deepEqual(found(of('bracketed', table('a', 1, 5)), { a: 0 }), ['a fail'], 'nothing is left of something')
})

test('X-9 less of what is known never makes a verdict better', () => {
  const rows = fc.integer({ min: 0, max: 50 })
  const some = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), least: rows, more: rows, has: fc.option(rows), known: fc.boolean() }), { selector: ({ name }) => name, minLength: 1 })
  fc.assert(fc.property(some, fc.constantFrom<Manifest['how']>('snapshot', 'bracketed'), (given, how) => {
    const manifest = of(how, ...given.map(({ name, least, more, known }): CountedTable => (known ? table(name, least, how === 'snapshot' ? least : least + more) : { name, says: 'not counted' })))
    const restored = Object.fromEntries(given.flatMap(({ name, has }) => (has === null ? [] : [[name, has]])))
    const verdicts = compareManifest(manifest, restored)
    assert.equal(verdicts.length, given.length)
    for (const [i, it] of given.entries()) {
      const verdict = verdicts[i]?.found
      if (!it.known) assert.equal(verdict, 'unknown')
      else if (it.has === null) assert.equal(verdict, 'fail')
      // Fewer rows never look better than more, up to what there was.
      if (it.known && it.has !== null && it.has > 0 && it.has <= it.least) {
        const [fewer] = compareManifest(of(how, ...[manifest.tables[i] ?? table('', 0)]), { [it.name]: it.has - 1 })
        assert.notEqual(fewer?.found, 'pass')
      }
    }
    // A blurred manifest accuses of nothing that the exact one does not.
    if (how === 'snapshot') for (const [i, it] of compareManifest({ ...manifest, how: 'bracketed' }, restored).entries()) if (it.found === 'fail') assert.equal(verdicts[i]?.found, 'fail')
  }), { numRuns: 2000 })
})

test('the newest row', () => {
  const [a, b, c] = ['2026-11-21 01:00:00+00', '2026-11-21 02:00:00+00', '2026-11-21 03:00:00+00']
  assert.equal(compareNewest({ how: 'snapshot', newest: null }, a ?? ''), undefined)
  assert.equal(compareNewest({ how: 'snapshot', newest: { least: b ?? '', most: b ?? '' } }, b ?? '')?.found, 'pass')
  assert.equal(compareNewest({ how: 'snapshot', newest: { least: b ?? '', most: b ?? '' } }, a ?? '')?.found, 'fail')
  assert.equal(compareNewest({ how: 'snapshot', newest: { least: null, most: null } }, null)?.found, 'pass')
  assert.equal(compareNewest({ how: 'bracketed', newest: { least: a ?? '', most: c ?? '' } }, b ?? '')?.found, 'pass')
  assert.equal(compareNewest({ how: 'bracketed', newest: { least: b ?? '', most: b ?? '' } }, a ?? '')?.found, 'fail')
  assert.equal(compareNewest({ how: 'bracketed', newest: { least: b ?? '', most: b ?? '' } }, c ?? '')?.found, 'unknown')
  assert.equal(compareNewest({ how: 'bracketed', newest: { least: b ?? '', most: c ?? '' } }, null)?.found, 'fail')
  assert.equal(compareNewest({ how: 'snapshot', newest: { says: 'refused' } }, a ?? '')?.found, 'unknown')
})

test('a drill gets bounds and hashes, by names as archives have them', () => {
  const sha256 = 'ab'.repeat(32)
  assert.deepEqual(forDrill({ how: 'bracketed', tables: [table('public.a', 1, 2), { name: 'b', says: 'no' }], files: [{ path: '/etc/panel.conf', sha256, bytes: 3 }, { path: './x', sha256, bytes: 1 }, { path: 'y', says: 'no' }] }),
    { rows: { 'public.a': { least: 1, most: 2, exact: false } }, files: { 'etc/panel.conf': sha256, x: sha256 } })
})

const at = (text: string): Instant => instantOf(Date.parse(`2026-11-${text}:00Z`))
const run = (from: string, to: string, more: Partial<Run> = {}): Run => ({ hash: from, from: at(from), to: at(to), exit: 0, manifest: true, ...more })
const daily = { every: hours(24) }
const whose = (key: string, modified: string, runs: readonly Run[], pattern = 'shop-{date}.dump'): string | undefined =>
  runOf({ key, modifiedAt: at(modified) }, readPattern(pattern) as Pattern, runs, marginOf(daily))?.hash

test('a copy has the manifest of the run that made it, and of no other', () => {
  const [one, two, three] = [run('20T02:00', '20T02:30'), run('21T02:00', '21T02:30'), run('21T14:00', '21T14:30')]
  const both = [one, two]
  assert.equal(whose('shop-2026-11-21.dump', '21T02:29', both), '21T02:00')
  assert.equal(whose('shop-2026-11-21.dump', '21T08:29', both), '21T02:00', 'six hours for carrying it to its store')
  assert.equal(whose('shop-2026-11-21.dump', '21T01:56', both), '21T02:00', 'clocks differ a little')
  assert.equal(whose('shop-2026-11-21.dump', '21T01:50', both), undefined, 'written before the run began')
  assert.equal(whose('shop-2026-11-20.dump', '21T02:10', both), '20T02:00', 'the name says another day: of the run in that day')
  assert.equal(whose('shop-2026-11-21.dump', '25T12:00', both), '21T02:00', 'carried on later: the only run of its day')
  assert.equal(whose('shop-2026-11-21.dump', '25T12:00', [...both, three]), undefined, 'of two runs nobody knows which')
  assert.equal(whose('shop-2026-11-21.dump', '21T14:20', [...both, three]), '21T14:00')
  assert.equal(whose('shop-2026-11-21.dump', '21T13:00', [...both, three]), undefined)
  assert.equal(whose('shop-2026-11-19.dump', '25T12:00', both), undefined)
  assert.equal(whose('other.dump', '21T02:29', both), undefined)
  assert.equal(whose('shop-2026-02-31.dump', '21T02:29', both), undefined)
  assert.equal(whose('shop.dump', '21T02:29', both, 'shop.dump'), '21T02:00')
  assert.equal(whose('shop.dump', '25T12:00', both, 'shop.dump'), undefined, 'without a date nobody knows where it was carried from')
})

test('what a failed run left behind is not given the manifest of a good one', () => {
  const failed = run('21T04:00', '21T04:10', { exit: 1, manifest: false })
  const runs = [run('21T02:00', '21T02:30'), failed]
  assert.equal(whose('shop-2026-11-21.dump', '21T04:05', runs), failed.hash)
  assert.equal(whose('shop-2026-11-21.dump', '21T02:29', runs), '21T02:00')
  assert.equal(whose('shop-2026-11-21.dump', '21T03:58', runs), '21T02:00', 'one that began two minutes later did not write it')
})

test('a copy may come half of its rhythm later, and never more than six hours', () => {
  assert.deepEqual([marginOf({ every: hours(1) }), marginOf({ every: hours(24) }), marginOf({ every: hours(240) })], [ms(1_800_000), hours(6), hours(6)])
})

test('what is sent is judged strictly', () => {
  const good: Manifest = {
    schema: 'holdfast.manifest/1', set: 'shop', machine: 'm', how: 'snapshot', from: 1, to: 2, taken_at: 1, server: { engine: 'postgres', version: '15', system: '1', database: 'shop', oid: '5', replica: false },
    whole: true, left_out: 0, tables: [table('a', 1)], newest: null, files: [],
  }
  assert.ok(manifestSchema.safeParse(good).success)
  for (const wrong of [{ how: 'exact' }, { extra: 1 }, { tables: [{ name: 'a', least: -1, most: 0 }] }, { tables: [{ name: 'a', least: 1.5, most: 2 }] }, { tables: [{ name: 'a' }] }, { files: [{ path: 'a', sha256: 'AB', bytes: 1 }] }, { tables: Array.from({ length: 1001 }, (_, i) => table(`t${i}`, 1)) }]) {
    assert.ok(!manifestSchema.safeParse({ ...good, ...wrong }).success, JSON.stringify(wrong).slice(0, 100))
  }
})
