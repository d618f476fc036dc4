// Listings that lie, each in a way in which some store has lied. None of them may be taken for whole.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../../core/fault.ts'
import { instantOf, ms, tickOf, type Now } from '../../core/time.ts'
import type { Listed, Page, PageWant, Reading, Upload, Version } from '../store.ts'
import { compareKeys, oddKey } from './key.ts'
import { clockFrom, UNSOUND, uploadsOf, walk, type Complete, type Walk } from './listing.ts'

const never = new AbortController().signal
let tick = 0
const now = (): Now => ({ wall: instantOf(1e12 + tick), tick: tickOf(tick), boot: 'one' })

const version = (key: string, more: Partial<Version> = {}): Version => ({ is: 'version', key, versionId: `v-${key}`, latest: true, etag: 'e', bytes: 1, modifiedAt: instantOf(1e12), ...more })
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

/** A store that is in order: pages behind a key, its cursor the last key. */
function honest(items: readonly Listed[]): (want: PageWant) => Page {
  return ({ prefix, cursor, after, most }) => {
    const from = cursor === undefined ? (after === undefined ? 0 : items.findIndex(({ key }) => compareKeys(key, after) > 0)) : Number(cursor)
    const rest = (from < 0 ? [] : items.slice(from)).filter(({ key }) => key.startsWith(prefix))
    const page = rest.slice(0, most)
    return { items: page, ...(rest.length > most && { next: String(from + most) }) }
  }
}

async function taken(page: (want: PageWant, n: number) => Page, more: Partial<Walk> = {}): Promise<{ keys: string[]; whole: Complete }> {
  let n = 0
  const reading: Pick<Reading, 'page'> = { page: async (want) => page(want, n++) }
  const keys: string[] = []
  const pages = walk(reading, { prefix: '', now, signal: never, pageOf: 2, ...more })
  for (;;) {
    const { value, done } = await pages.next()
    if (done === true) return { keys, whole: value }
    keys.push(...value.items.map(({ key }) => key))
  }
}

const refuses = async (says: RegExp, page: (want: PageWant, n: number) => Page, more: Partial<Walk> = {}): Promise<void> => {
  const cause = await taken(page, more).then(() => undefined, (it: unknown) => it)
  assert(cause instanceof Error, `taken for whole; expected ${says}`)
  assert.match(cause.message, says)
}

test('G-10 an honest listing is taken whole, and says how much it was', async () => {
  const { keys, whole } = await taken(honest(KEYS.map((key) => version(key))), { mustSee: ['b', 'g'] })
  assert.deepEqual(keys, KEYS)
  assert.deepEqual({ ...whole, began: 0, ended: 0 }, { is: 'complete', pages: 4, items: 7, odd: 0, bytes: 7, began: 0, ended: 0 })
  assert.deepEqual((await taken(honest([]))).keys, [])
})

test('G-10 a listing that lies is refused in words', async () => {
  const all = honest(KEYS.map((key) => version(key)))
  const cases: readonly [RegExp, (want: PageWant, n: number) => Page, Partial<Walk>?][] = [
    [/same cursor twice/, (want) => ({ items: [], next: want.cursor ?? '0' })],
    [/goes backwards: “a” comes after “d”/, (want, n) => all(n === 2 ? { ...want, cursor: '0' } : want)],
    [/goes backwards/, (want) => ({ ...all(want), items: all(want).items.toReversed() })],
    [/gives “b” twice|says twice which/, (want) => all(want.cursor === '2' ? { ...want, cursor: '1' } : want)],
    [/ended at “b”, and behind that there is “c”/, (want, n) => (n === 0 ? { items: all(want).items } : all(want))],
    [/ended without an entry, and behind that there is “a”/, (want, n) => (n === 0 ? { items: [] } : all(want))],
    [/gives what comes before it/, (want) => (want.after === undefined ? all(want) : all({ prefix: '', most: 2 }))],
    [/gives nothing and says that more follows/, (want) => (want.after === undefined ? all(want) : { items: [], next: 'x' })],
    [/begins with “a” it gives “b”/, (want) => all({ ...want, prefix: '' }), { prefix: 'a' }],
    [/holds 3 entries where at most 2/, (want) => all({ ...want, most: 3 })],
    [/pages in a row hold nothing/, (want) => ({ items: [], next: `${want.cursor ?? ''}x` })],
    [/an old version and not the newest/, (want) => ({ items: all(want).items.map((item) => (item.is === 'odd' ? item : { ...item, latest: false })) })],
    [/says twice which version is the newest/, () => ({ items: [version('a'), version('a', { versionId: '2' })] })],
    [/gives “a” twice/, () => ({ items: [version('a'), version('a', { latest: false })] })],
    [/a size that is none/, () => ({ items: [version('a', { bytes: -1 })] })],
    [/a size that is none/, () => ({ items: [version('a', { bytes: 2 ** 60 })] })],
    [/“cc” is known to be there and is not in it \(1 of 2 missing\)/, all, { mustSee: ['a', 'cc'] }],
  ]
  for (const [says, page, more] of cases) await refuses(says, page, more)
})

test('G-10 names that nobody can ask for are counted, and an end behind which there are more of them is none', async () => {
  const odd = (n: number): Listed => ({ is: 'odd', key: `z/../${n}`, why: 'its name has a part that is “.” or “..”' })
  const all = [...KEYS.map((key) => version(key)), odd(1), odd(2)]
  assert.deepEqual([(await taken(honest(all))).whole.items, (await taken(honest(all))).whole.odd], [9, 2])
  await refuses(/ended with 1 names that cannot be asked for, and behind that there are more/, (want, n) => (n === 3 ? { items: [all[6], all[7]].flatMap((it) => it ?? []) } : honest(all)(want)))
})

test('a circle of cursors of any length is met', async () => {
  for (const round of [1, 2, 3, 7, 50]) {
    let asked = 0
    await assert.rejects(
      uploadsOf({ uploads: async ({ cursor }) => {
        assert(asked++ < 1_000, 'it goes round for ever')
        return { uploads: [], next: String((Number(cursor ?? 0) + 1) % round) }
      } }, { prefix: '', now, signal: never }),
      (cause: unknown) => codeOf(cause) === UNSOUND,
    )
    assert(asked < 4 * round + 4, `${asked} pages for a circle of ${round}`)
  }
})

test('uploads that lie about their place are refused, and too many are not kept', async () => {
  const upload = (key: string): Upload => ({ key, id: key, startedAt: instantOf(0) })
  const of = (...keys: string[]): Promise<readonly Upload[]> => uploadsOf({ uploads: async () => ({ uploads: keys.map(upload) }) }, { prefix: 'p/', now, signal: never, most: 3 })
  assert.equal((await of('p/a', 'p/a', 'p/b')).length, 3)
  await assert.rejects(of('p/b', 'p/a'), /uploads go backwards/)
  await assert.rejects(of('q'), /gives “q”/)
  await assert.rejects(of('p/a', 'p/b', 'p/c', 'p/d'), /more than 3 uploads are under way/)
})

test('G-24 a listing that takes too long, or never ends, is no listing', async () => {
  const all = honest(KEYS.map((key) => version(key)))
  await refuses(/took longer than 1 h/, (want) => ((tick += 1_300_000), all(want)))
  await refuses(/took longer than 1 s/, (want) => ((tick += 600), all(want)), { limits: { within: ms(1000) } })
  await refuses(/more than 2 pages/, all, { limits: { pages: 2 } })
  await refuses(/or 3 entries/, all, { limits: { items: 3 } })
})

test('what Holdfast itself put there is listed to who asks for just that', async () => {
  const all = honest(['.holdfast/canary/1', 'a'].map((key) => version(key)))
  assert.deepEqual((await taken(all)).keys, ['a'])
  assert.deepEqual((await taken(all, { prefix: '.holdfast/' })).keys, ['.holdfast/canary/1'])
})

test('keys are ordered as their bytes are', () => {
  // Beyond U+FFFF the order of JavaScript's own units is another one.
  assert.ok(compareKeys('\u{1f600}', '\uffee') > 0 && compareKeys('\uffee', '\u{1f600}') < 0)
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => Math.sign(compareKeys(a, b)) === Buffer.compare(Buffer.from(a), Buffer.from(b))), { numRuns: 50 })
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => Math.sign(compareKeys(a, b)) === Buffer.compare(Buffer.from(a), Buffer.from(b))), { numRuns: 50 })
})

test('G-13 a key that an address would fold is odd', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('.', '..', 'a', '', '%2e', '...', 'a.'), { maxLength: 5 }), (parts) => {
    const key = parts.join('/')
    const kept = new URL(`http://h/b/${encodeURIComponent(key).replaceAll('%2F', '/')}`).pathname === `/b/${encodeURIComponent(key).replaceAll('%2F', '/')}`
    return oddKey(key) !== undefined || kept
  }))
})

test('a clock is read between two looks at ours, and its grain is allowed for', () => {
  assert.deepEqual(clockFrom(instantOf(10_000), 1000, instantOf(9_000), instantOf(9_500)).ahead, { least: 500, most: 2_000 })
})
