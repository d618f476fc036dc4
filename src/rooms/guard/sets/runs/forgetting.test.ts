// Whose a copy is, held against the rule as it is written down, and what may be forgotten of the runs: never so that a copy that is known stands otherwise.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { instantOf, minutes, type Instant } from '../../../../core/time.ts'
import { readPattern, type Pattern } from '../pattern.ts'
import { forgettable, type Shelved } from './forgetting.ts'
import { whoseOf, type Made, type Run } from './whose.ts'

const START = Date.parse('2026-11-20T00:00:00Z')
const at = (minute: number): Instant => instantOf(START + minute * 60_000)
const margin = minutes(60)
const patternOf = (text: string): Pattern => readPattern(text) as Pattern
const dated = patternOf('shop-{day}T{time}.dump')
const daily = patternOf('{date}.dump')
const MOST = 4 * 1440

const runArb = fc.record({ from: fc.integer({ min: 0, max: MOST }), takes: fc.integer({ min: 0, max: 90 }), exit: fc.constantFrom(0, 0, 1, null) })
const runsArb = fc.array(runArb, { maxLength: 40 }).map((runs) => runs.map(({ from, takes, exit }, i): Run => ({ hash: `r${String(i).padStart(2, '0')}`, from: at(from), to: at(from + takes), exit, manifest: exit === 0 })))
const copyArb = fc.record({ made: fc.integer({ min: 0, max: MOST }), carried: fc.constantFrom(0, 0, 3, 30, 3000), named: fc.boolean() }).map(({ made, carried, named }): { copy: Made; pattern: Pattern } => {
  const name = new Date(at(made)).toISOString()
  return named ? { pattern: dated, copy: { key: `shop-${name.slice(0, 16).replaceAll(/[-:]/g, '')}.dump`, modifiedAt: at(made + carried) } } : { pattern: daily, copy: { key: `${name.slice(0, 10)}.dump`, modifiedAt: at(made + carried) } }
})
const copiesArb = fc.array(copyArb, { maxLength: 12 })
/** What is known of a copy by its run: which it is, or why nobody knows. */
const says = (runs: readonly Run[], { copy, pattern }: { copy: Made; pattern: Pattern }): string => {
  const it = whoseOf(runs, margin)(copy, pattern)
  return it.is === 'of' ? it.run.hash : it.is
}
const shelvesOf = (copies: readonly { copy: Made; pattern: Pattern }[], listedAt: Instant | undefined): Shelved[] =>
  [dated, daily].map((pattern) => ({ pattern, listedAt, copies: copies.flatMap((it) => (it.pattern === pattern ? [it.copy] : [])) }))

test('G-2 a run is not forgotten while a copy is known that would be of another one without it, or of none', () => {
  fc.assert(fc.property(runsArb, copiesArb, fc.integer({ min: 0, max: 5 }), (runs, copies, newest) => {
    const gone = new Set(forgettable(runs, runs, shelvesOf(copies, at(10 * MOST)), { newest, unseen: 0, margin }))
    const kept = runs.filter((run) => !gone.has(run))
    for (const it of copies) assert.equal(says(kept, it), says(runs, it))
    // And memory is bounded: by the newest, and by two runs of each copy.
    assert.ok(kept.length <= newest + 2 * copies.length, `${kept.length} of ${runs.length} runs are kept for ${copies.length} copies`)
  }), { numRuns: 500 })
})

test('G-2 a run of which no whole listing has shown what it left is not forgotten, up to a bound; those that ended well go first', () => {
  const runs = Array.from({ length: 30 }, (_, n): Run => ({ hash: `r${String(n).padStart(2, '0')}`, from: at(n * 10), to: at(n * 10 + 5), exit: n % 2, manifest: false }))
  const gone = (listedAt: Instant | undefined, unseen: number): string[] => forgettable(runs, runs, shelvesOf([], listedAt), { newest: 10, unseen, margin }).map(({ hash }) => hash).toSorted()
  assert.equal(gone(undefined, 20).length, 0, 'it was never listed')
  assert.deepEqual(gone(at(76), 20), ['r00', 'r01'], 'what r02 left may have come after that listing')
  assert.equal(gone(at(10_000), 20).length, 20)
  assert.deepEqual(gone(undefined, 10), runs.slice(0, 20).filter(({ exit }) => exit === 0).map(({ hash }) => hash))
  assert.deepEqual(gone(undefined, 9), [...runs.slice(0, 20).filter(({ exit }) => exit === 0), ...runs.slice(1, 2)].map(({ hash }) => hash).toSorted())
  const one = shelvesOf([], at(10_000)).map((shelf, i) => (i === 0 ? { ...shelf, listedAt: undefined } : shelf))
  assert.equal(forgettable(runs, runs, one, { newest: 10, unseen: 20, margin }).length, 0, 'one place is enough')
})

test('G-2 a copy that was carried on later is of a run that failed, where none but such could have made it', () => {
  const copy = { pattern: daily, copy: { key: '2026-11-20.dump', modifiedAt: at(3 * 1440) } }
  const run = (hash: string, from: number, exit: number | null): Run => ({ hash, from: at(from), to: at(from + 5), exit, manifest: exit === 0 })
  assert.equal(says([run('a', 100, 1), run('b', 200, 2)], copy), 'b')
  assert.equal(says([run('a', 100, 0), run('b', 200, 2)], copy), 'among')
  assert.equal(says([run('a', 100, 1), run('b', 200, null), run('c', 300, 0)], copy), 'among')
  assert.equal(says([run('a', 100, 0)], copy), 'a')
  assert.equal(says([], copy), 'none')
})

test('of two runs that began at once a copy is of the one that failed, in whatever order they are told', () => {
  const copy = { pattern: dated, copy: { key: 'shop-20261120T0145.dump', modifiedAt: at(105) } }
  const [good, bad] = [{ hash: 'a', from: at(100), to: at(110), exit: 0, manifest: true }, { hash: 'b', from: at(100), to: at(110), exit: 1, manifest: false }]
  assert.equal(says([good, bad], copy), 'b')
  assert.equal(says([bad, good], copy), 'b')
})
