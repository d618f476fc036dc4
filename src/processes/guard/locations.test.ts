// Bad inputs of locations, one row each: what a store gives, or does not, and what is said of the set then. What other tests hold stands in the second table, by their
// names, so that neither list can lose a row. Through all of them: what cannot be believed is "not known", accuses nobody of missing backups, and frees nothing.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { Fault } from '../../core/fault.ts'
import { hours, instantOf, tickOf } from '../../core/time.ts'
import type { Listed as Item, Page, PageWant, Reading, Version } from '../../ports/store.ts'
import { compareKeys } from '../../ports/store/key.ts'
import type { Listed } from '../../rooms/guard/protocol.ts'
import { judgeCopies, judgeSet, worstFirst, type Judged } from '../../rooms/guard/sets/judge.ts'
import { readPattern, type Pattern } from '../../rooms/guard/sets/pattern.ts'
import type { GuardContext } from './context.ts'
import { perform } from './list.ts'

const NOW = instantOf(Date.parse('2026-11-21T12:00:00Z'))
const DAY = 86_400_000
const never = new AbortController().signal
const absent = (): never => assert.fail('a listing asks for nothing else')
const patternOf = (text: string): Pattern => {
  const read = readPattern(text)
  return 'says' in read ? assert.fail(read.says) : read
}
const FREE = patternOf('pg/{any}')
const DATED = patternOf('pg/shop-{date}.dump')
const SET = { every: hours(24), grace: hours(2) }

const thing = (key: string, more: Partial<Version> = {}): Version => ({ is: 'version', key, latest: true, etag: 'e', bytes: 1000, modifiedAt: instantOf(NOW - DAY / 2), ...more })
const dated = (ago: number, more: Partial<Version> = {}): Version => thing(`pg/shop-${new Date(NOW - ago * DAY).toISOString().slice(0, 10)}.dump`, { modifiedAt: instantOf(NOW - ago * DAY), ...more })
/** Good copies of the days before. */
const GOOD = [4, 3, 2, 1].map((ago) => dated(ago))

type Pages = (want: PageWant, call: number) => Page | Promise<Page>

/** An honest store of these things, in the order of bytes, so many on a page. */
function honest(things: readonly Item[], most = 1000): Pages {
  const sorted = things.toSorted((a, b) => compareKeys(a.key, b.key))
  return ({ cursor, after, afterVersion }) => {
    const from = after === undefined ? Number(cursor ?? 0) : sorted.findLastIndex(({ key, ...it }) => key === after && (afterVersion === undefined || ('versionId' in it && it.versionId === afterVersion))) + 1
    const items = sorted.slice(from, from + most)
    return { items, ...(from + most < sorted.length ? { next: String(from + most) } : {}) }
  }
}

async function list(pages: Pages, pattern: Pattern): Promise<Listed> {
  let calls = 0
  const reading: Reading = {
    identify: () => Promise.resolve({ kind: 'fake', id: 'one', says: 'a store' }), clock: () => Promise.resolve({ is: 'unknown', says: 'not asked' }), page: async (want) => pages(want, ++calls),
    declared: absent, uploads: absent, head: absent, lock: () => Promise.resolve({ is: 'free' }), tags: absent, read: absent,
  }
  const context: GuardContext = { reading: () => reading, now: () => ({ wall: NOW, tick: tickOf(0), boot: 'b' }), timers: { after: () => () => undefined }, folder: '/', say: () => undefined }
  return perform({ store: 'nas', pattern }, context, never)
}

interface Row {
  readonly input: string
  readonly gives: Pages
  readonly pattern?: Pattern
  /** Keys that are copies and count, or why there is no listing. */
  readonly out: readonly string[] | RegExp
  /** How the set stands, the worst first; where it was not listed, it is not known. */
  readonly side?: string
  /** Why the newest does not count. */
  readonly why?: RegExp
}

/** So many are enough to see that none is kept; a million take the same way for twenty seconds: HOLDFAST_MANY=1000000. */
const MANY = Number(process.env['HOLDFAST_MANY'] ?? 20_000)

/** Names beside the set's, made as they are asked for. */
const many = (most: number): Pages => ({ cursor, after }) => {
  if (after !== undefined) return { items: [] }
  const from = Number(cursor ?? 0)
  const items = Array.from({ length: 1000 }, (_, i) => thing(`pg/shop-x${String(from + i).padStart(7, '0')}`))
  return from + 1000 < most ? { items, next: String(from + 1000) } : { items }
}
const long = `pg/${'ü'.repeat(510)}x`
const good = GOOD.map(({ key }) => key)
const one = dated(0.5)

const ROWS: readonly Row[] = [
  { input: 'no object', gives: honest([]), out: [], side: 'missing' },
  { input: 'one object', gives: honest([one]), out: [one.key], side: 'ok' },
  { input: 'many more objects that are no copies', gives: many(MANY), out: [], side: 'missing' },
  { input: 'a million objects that would be copies', gives: many(1_000_000), pattern: FREE, out: /more than 50000 objects are called “pg\/\{any\}”: give it a narrower name/ },
  { input: 'the page fails at 999', gives: (_, call) => (call === 999 ? Promise.reject(new Fault('connection reset', 'later')) : { items: [thing(`pg/shop-x${String(call).padStart(4, '0')}`)], next: String(call) }), out: /^connection reset$/ },
  { input: 'a cursor that repeats itself', gives: (_, call) => ({ items: [thing(`pg/shop-${String(call).padStart(4, '0')}`)], next: 'again' }), out: /the same cursor twice: it would never end/ },
  { input: 'an order that is not stable', gives: ({ cursor }) => (cursor === undefined ? { items: [dated(1), dated(0.5)], next: '2' } : { items: [dated(3)] }), out: /it goes backwards/ },
  { input: 'an end that comes early: the new one is not listed yet', gives: ({ after }) => (after === undefined ? { items: [dated(2)] } : { items: [dated(1)] }), out: /it ended at .*, and behind that there is/ },
  { input: 'a deleted one that is still listed counts until it is read', gives: honest([dated(0.5)]), out: [one.key], side: 'ok' },
  { input: 'a name with a newline is another name', gives: honest([...GOOD, thing('pg/shop-2026-11-21\n.dump')]), out: good, side: 'ok' },
  { input: 'a name with NUL', gives: honest([thing('pg/a\0b')]), pattern: FREE, out: [], side: 'missing' },
  { input: 'a name with ..', gives: honest([thing('pg/..'), thing('pg/.')]), pattern: FREE, out: [], side: 'missing' },
  { input: 'a name of 1,024 bytes', gives: honest([thing(long)]), pattern: FREE, out: [long], side: 'ok' },
  { input: 'a name of 1,025 bytes', gives: honest([thing(`${long}x`)]), pattern: FREE, out: [], side: 'missing' },
  { input: 'bytes that are no UTF-8', gives: honest([{ is: 'odd', key: 'pg/�', why: 'its name is no valid UTF-8' }, thing('pg/\ud800')]), pattern: FREE, out: [], side: 'missing' },
  { input: 'case twins are two', gives: honest([thing('pg/Shop'), thing('pg/shop')]), pattern: FREE, out: ['pg/Shop', 'pg/shop'], side: 'ok' },
  { input: 'written in 1970', gives: honest([thing('pg/shop', { modifiedAt: instantOf(0) })]), pattern: FREE, out: ['pg/shop'], side: 'late' },
  { input: 'written in 1970, called today', gives: honest([...GOOD, dated(0, { modifiedAt: instantOf(0) })]), out: good, side: 'ok', why: /a day after it was written/ },
  { input: 'written in 2106', gives: honest([thing('pg/shop', { modifiedAt: instantOf(Date.parse('2106-02-07T06:28:16Z')) })]), pattern: FREE, out: [], side: 'missing', why: /dates it in the future/ },
  { input: 'called 2106', gives: honest([...GOOD, thing('pg/shop-2106-02-07.dump')]), out: good, side: 'ok', why: /its name dates it in the future/ },
  { input: 'written at no time at all', gives: honest([thing('pg/shop', { modifiedAt: instantOf(Number.NaN) })]), pattern: FREE, out: [], side: 'missing', why: /no time that can be/ },
  { input: 'size 0', gives: honest([...GOOD, dated(0.2, { bytes: 0 })]), out: good, side: 'shrunken', why: /it is empty/ },
  { input: 'size -1', gives: honest([thing('pg/shop', { bytes: -1 })]), pattern: FREE, out: /has a size that is none/ },
  { input: 'a size beyond all numbers', gives: honest([thing('pg/shop', { bytes: 2 ** 60 })]), pattern: FREE, out: /has a size that is none/ },
  { input: 'a huge size', gives: honest([dated(0.5, { bytes: Number.MAX_SAFE_INTEGER })]), out: [one.key], side: 'ok' },
  { input: 'the same name, an older version', gives: honest([{ ...one, versionId: 'b' }, { ...one, versionId: 'a', latest: false, bytes: 1 }]), out: [one.key], side: 'ok' },
  { input: 'the same name twice', gives: honest([{ ...one, versionId: 'b' }, { ...one, versionId: 'b', latest: false }]), out: /gives .* twice/ },
  { input: 'a delete marker over it', gives: honest([{ is: 'marker', key: one.key, versionId: 'm', latest: true, modifiedAt: NOW }, { ...one, versionId: 'b', latest: false }]), out: [], side: 'missing' },
  { input: '.partial beside the copies', gives: honest([...GOOD, thing(`${one.key}.partial`)]), out: good, side: 'ok' },
  { input: '.partial where any name is a copy', gives: honest([thing('pg/a'), thing('pg/b.partial', { modifiedAt: NOW })]), pattern: FREE, out: ['pg/a'], side: 'ok', why: /not whole yet/ },
  { input: '.checkpoint where any name is a copy', gives: honest([thing('pg/b.checkpoint')]), pattern: FREE, out: [], side: 'missing', why: /not whole yet/ },
  { input: 'permission denied', gives: () => Promise.reject(new Fault('AccessDenied: it may not be listed', 'never')), out: /^AccessDenied/ },
  { input: 'the store\'s clock a day ahead', gives: honest([dated(-0.6)]), out: [], side: 'missing', why: /future/ },
  { input: 'the store\'s clock a day behind', gives: honest([thing(`pg/shop-2026-11-21.dump`, { modifiedAt: instantOf(NOW - 1.2 * DAY) })]), out: ['pg/shop-2026-11-21.dump'], side: 'late' },
]

for (const { input, gives, pattern = DATED, out, side, why } of ROWS) {
  test(`a location with ${input}`, async () => {
    const result = await list(gives, pattern)
    if (out instanceof RegExp) {
      assert.equal(result.is, 'not-listed', 'what cannot be believed is no listing')
      assert.match(result.is === 'not-listed' ? result.says : '', out)
      return
    }
    assert(result.is === 'listed', result.is === 'not-listed' ? result.says : '')
    const judged: readonly Judged[] = judgeCopies(pattern, result.copies, NOW, () => undefined)
    assert.deepEqual(judged.filter(({ counted }) => counted).map(({ key }) => key).toSorted(compareKeys), [...out].toSorted(compareKeys))
    const verdicts = judgeSet(SET, judged, { at: NOW, age: hours(0) }, { now: NOW, patience: hours(1) })
    assert.equal(worstFirst(verdicts)[0]?.side ?? 'ok', side)
    if (why) assert.ok(judged.some((it) => !it.counted && why.test(it.why)), judged.map((it) => it.why).join('; '))
  })
}

test('G-10 what has no name to be asked for by is counted and told, and is nobody\'s copy', async () => {
  const result = await list(honest([...GOOD, { is: 'odd', key: 'pg/�', why: 'its name is no valid UTF-8' }, thing('pg/shop-/../x'), thing('pg/shop-\0')]), DATED)
  assert(result.is === 'listed')
  assert.deepEqual([result.copies.length, result.odd?.count, result.odd?.shown.length], [4, 3, 3])
  assert.match(result.odd?.shown.join('; ') ?? '', /no valid UTF-8.*NUL|NUL.*no valid UTF-8|part that is/)
})

/** The others of the list, and who holds them. */
const ELSEWHERE: readonly (readonly [input: string, file: string, name: string])[] = [
  ['deleted still listed, when it is read', 'src/processes/guard/verify.test.ts', 'other bytes, a fault, an early end'],
  ['new not listed, then there', 'src/engine/guard/alarming.test.ts', 'a listing that did not show it yet'],
  ['symlink loops', 'src/plugins/stores/dir.test.ts', 'G-13 no link is followed'],
  ['hard links, invalid UTF-8, case twins', 'src/plugins/stores/dir.test.ts', 'bytes that are no text, case twins and hard links'],
  ['mtime 1970 and in the future, as a folder has it', 'src/plugins/stores/dir.test.ts', 'a file dated 1970 or in the future'],
  ['a name on more lines than one', 'src/ports/store/listing.test.ts', 'G-13 a key that an address would fold'],
  ['same name, different version', 'src/engine/guard/guarding.test.ts', 'what stands under another'],
  ['permission denied on one', 'src/plugins/stores/dir.test.ts', 'what may not be looked at is not known to be gone'],
  ['a cursor in a circle of any length', 'src/ports/store/listing.test.ts', 'a circle of cursors of any length'],
  ['network dies after a delete request', 'src/rooms/guard/acts/acts.test.ts', 'G-8 a hand that dies before or after the request'],
  ['its outcome stays unknown', 'src/engine/guard/alarming.test.ts', 'an act whose outcome stays unknown'],
  ['Object-Lock refusal', 'src/plugins/stores/s3.test.ts', `outcome.why === 'locked'`],
  ['clock of the store a day off, where something is to go', 'src/rooms/guard/retention/judge.test.ts', 'G-7 G-9 the first sight only marks'],
  ['wrong bucket mounted', 'src/engine/guard/alarming.test.ts', 'what lies in another store says nothing of this one'],
  ['empty mount point', 'src/plugins/stores/dir.test.ts', 'an empty mount point holds no store'],
  ['encrypted with a lost key', 'lab/repositories.lab.test.ts', 'does not open the repository'],
  ['repository locked', 'lab/repositories.lab.test.ts', 'already locked exclusively'],
  ['the same for what a clean-up reads', 'src/processes/guard/reconcile.test.ts', 'G-10 a catalogue that gives other than it counts'],
]

test('every other bad input of a location is held by a test of its own', () => {
  for (const [input, file, name] of ELSEWHERE) assert.ok(readFileSync(file, 'utf8').includes(name), `${input}: ${file} has no “${name}”`)
})
