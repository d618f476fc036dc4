// The sandwich against tables, and against a slow model over random keys of any bytes.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { byBytes, bytes, merge, noted, row, spool, spools, thing, type Keyed, type Row, type Spool, type Spools } from '../../../../test/guard/spool.ts'
import { compare, compareViews, sayKey, textOf, viewOf } from './cursor.ts'
import { oddKey } from '../../../ports/store/key.ts'
import type { Verdict } from './sandwich.ts'

const verdicts = (it: Spools, prefix = ''): Record<string, Verdict> => {
  const { merged, findings } = merge(it, prefix)
  assert.equal(merged.is, 'whole', JSON.stringify(merged))
  return Object.fromEntries(findings.map((finding) => [textOf(finding.key) ?? '', finding.verdict]))
}

test('G-20 a row in either catalogue protects its object, whatever its state is', () => {
  assert.deepEqual(verdicts(spools({
    before: [row('a'), row('b'), row('gap'), row('started')], after: [row('a'), row('c'), row('gap'), row('ended')],
    things: [thing('a'), thing('b'), thing('c'), thing('orphan'), thing('uploading')], intents: ['uploading', 'not-there-yet'],
  })), { ended: 'moving', gap: 'gap', 'not-there-yet': 'intent', orphan: 'orphan', started: 'moving', uploading: 'intent' })
})

test('G-17 a lock that is null, unreadable or remembered makes an object untouchable', () => {
  const things = ['null', 'once', 'held', 'tagged', 'HOLD', 'free', 'unread'].map((key) => thing(key, { lock: key === 'held' ? 'locked' : key === 'unread' ? 'unknown' : 'free', tags: key === 'tagged' ? ['holdfast:keep'] : key === 'HOLD' ? ['Hold'] : [] }))
  assert.deepEqual(verdicts(spools({ things, memory: [noted('once', { lock: 'locked' }), noted('null', { lock: 'unknown' }), noted('free', { lock: 'free' })] })),
    { null: 'never', once: 'never', held: 'never', tagged: 'never', HOLD: 'never', free: 'orphan', unread: 'orphan' })
  const { findings } = merge(spools({ before: [row('x', 'locked')], after: [row('x', 'free')], things: [thing('x')] }))
  assert.deepEqual(findings.map((it) => [it.verdict, it.lock]), [['kept', 'locked']], 'a locked row is told, so that it can be remembered')
})

test('G-21 what is hidden under a delete marker is no live object: its row is a gap, and without a row nobody calls it an orphan', () => {
  assert.deepEqual(verdicts(spools({ rows: [row('deleted')], things: [thing('deleted', { standing: 'hidden' }), thing('by-somebody', { standing: 'hidden' })] })), { deleted: 'gap', 'by-somebody': 'hidden' })
})

test('G-13 a row whose name nobody can ask a store for is no gap: whether its object is there is not known', () => {
  assert.deepEqual(verdicts(spools({ rows: [row('t/../up'), row('t/gap')] })), { 't/../up': 'unseen', 't/gap': 'gap' })
})

test('G-25 sentinels stand outside all counts, and are seen where they are', () => {
  const sentinels = [{ key: bytes('s/1'), is: 'row' as const }, { key: bytes('s/2'), is: 'orphan' as const }, { key: bytes('s/3'), is: 'gap' as const }]
  const { merged, findings } = merge(spools({ rows: [row('s/1'), row('s/3')], things: [thing('s/1'), thing('s/2'), thing('x')], sentinels }))
  assert.deepEqual(findings.map((it) => [textOf(it.key), it.verdict]), [['x', 'orphan']])
  assert.equal(merged.is, 'whole')
  assert.deepEqual(merged.counts, { objects: 1, before: 0, after: 0, bytes: 10, sizesUnknown: 0 })
  assert.deepEqual(merged.sentinels.map((it) => [it.is, it.before, it.listed, it.after]), [['row', true, true, true], ['orphan', false, true, false], ['gap', true, false, true]])
})

const LANES = ['before', 'listing', 'after', 'intents', 'memory'] as const
const five = ['a', 'b', 'c', 'd', 'e']
const full = (): Spools => spools({ rows: five.map((key) => row(key)), things: five.map((key) => thing(key)), intents: five, memory: five.map((key) => noted(key, { lock: 'free' })) })
const change = (lane: typeof LANES[number], how: (from: Spool<Keyed>) => Spool<Keyed>): Spools => ({ ...full(), [lane]: how(full()[lane]) })

test('G-10 an input that repeats itself, goes back, ends early or miscounts refuses the whole', () => {
  const wrongs: Record<string, (from: Spool<Keyed>) => Spool<Keyed>> = {
    'repeats "c"': ({ entries }) => spool(entries.flatMap((it) => (textOf(it.key) === 'c' ? [it, it] : [it]))),
    'goes back from "e" to "a"': ({ entries }) => spool([...entries, ...entries]),
    'goes back from "b" to "a"': ({ entries }) => spool([entries[1], entries[0], ...entries.slice(2)].flatMap((it) => it ?? [])),
    'ended early: the connection went away': ({ entries }) => spool(entries.slice(0, 2), { is: 'early', says: 'the connection went away' }),
    'has 4 keys, and its source says 5': ({ entries }) => spool(entries.slice(0, 4), { is: 'whole', count: 5 }),
    'has 5 keys, and its source says 4': ({ entries }) => spool(entries, { is: 'whole', count: 4 }),
  }
  for (const lane of LANES) {
    for (const [says, how] of Object.entries(wrongs)) {
      const { merged } = merge(change(lane, how))
      assert.equal(merged.is, 'refused', `${lane} ${says}`)
      assert(merged.reasons.some((reason) => reason.says.endsWith(says)), `${lane}: ${JSON.stringify(merged.reasons)}`)
    }
  }
  assert.equal(merge(full()).merged.is, 'whole')
})

test('the order is that of bytes: not of UTF-16, not of a locale', () => {
  // U+FF5E sorts after the pair of U+1F600 as UTF-16 and before it as UTF-8.
  const keys = ['A', 'Z', 'a', 'ä', '～', '😀']
  assert.deepEqual(verdicts(spools({ rows: keys.map((key) => row(key)), things: keys.map((key) => thing(key)) })), {})
  const asUtf16 = [...keys].sort()
  const { merged } = merge({ ...full(), listing: spool(asUtf16.map((key) => thing(key))) })
  assert.equal(merged.is, 'refused')
})

test('G-13 keys of any bytes stay what they are, and are said on one line', () => {
  const odd = ['../up', 'nul\0', 'new\nline', '/absolute', 'a//b', 'case', 'CASE', 'x'.repeat(1024), '\u202egnp'].map((key) => Buffer.from(key))
  odd.push(Buffer.from([0xff, 0xfe, 0x00, 0x80]))
  const { findings, merged } = merge({ ...spools({}), listing: spool(byBytes(odd.map((key) => ({ ...thing('x'), key })))) })
  assert.equal(merged.is, 'whole')
  assert.deepEqual(findings.map((it) => Buffer.from(it.key)), byBytes(odd.map((key) => ({ key }))).map((it) => it.key))
  for (const key of odd) {
    assert.match(sayKey(key), /^[^\p{Cc}\u202e]{1,130}$/u)
  }
})

test('G-10 an object outside the prefix is another bucket, and refuses', () => {
  const { merged } = merge(spools({ things: [thing('customers/1/a'), thing('other/b')] }), 'customers/')
  assert.deepEqual(merged, { is: 'refused', reasons: [{ input: 'listing', says: 'the listing holds "other/b", which lies outside the prefix' }] })
})

test('G-25 folders are counted as they pass, with the keys of no folder as one more', () => {
  const { groups } = merge(spools({
    rows: ['c/1/a', 'c/1/b', 'c/gone/x'].map((key) => row(key)), things: ['c/1/a', 'c/1/b', 'c/1.5', 'c/1/o', 'c/2/o', 'c/2/p', 'c/zz'].map((key) => thing(key, key === 'c/2/p' ? { tags: ['hold'] } : {})),
  }), 'c/')
  assert.deepEqual(groups, [
    { name: 'c/1/', objects: 3, rowless: 1, gaps: 0 }, { name: 'c/2/', objects: 2, rowless: 1, gaps: 0 }, { name: 'c/gone/', objects: 0, rowless: 0, gaps: 1 }, { name: '', objects: 2, rowless: 2, gaps: 0 },
  ])
})

test('G-25 keys of no folder that have as much in common as the folder before them is long are in no folder', () => {
  const keys = ['a/1', 'a/2', 'b1', 'b12', 'b123', 'b1234', 'c/d/1', 'c/d/2', 'c/e/1']
  const { groups } = merge(spools({ rows: keys.map((key) => row(key)), things: keys.map((key) => thing(key)) }))
  assert.deepEqual(groups.map(({ name, objects }) => [name, objects]), [['a/', 2], ['c/', 3], ['', 4]])
})

test('two ways of comparing are one order, which is that of memcmp', () => {
  const key = fc.array(fc.constantFrom(0, 0x61, 0x7f, 0x80, 0xff), { maxLength: 11 }).map((it) => Uint8Array.from(it))
  fc.assert(fc.property(key, key, fc.nat(5), (a, b, at) => {
    const shifted = Uint8Array.from([...Array.from({ length: at }, () => 7), ...b])
    const expected = Buffer.compare(a, b)
    assert.equal(Math.sign(compare(a, 0, a.length, shifted, at, shifted.length)), expected)
    assert.equal(Math.sign(compareViews(viewOf(a), 0, a.length, viewOf(shifted), at, shifted.length)), expected)
  }), { numRuns: 3000, seed: 5 })
})

test('the merge says what a slow model says, over random keys of any bytes', () => {
  const key = fc.array(fc.constantFrom(0, 1, 0x2f, 0x61, 0x80, 0xff), { minLength: 1, maxLength: 4 }).map((it) => Uint8Array.from(it))
  const set = fc.uniqueArray(key, { selector: (it) => Buffer.from(it).toString('hex'), maxLength: 25 })
  fc.assert(fc.property(set, set, set, set, (before, listed, after, intents) => {
    const hex = (keys: readonly Uint8Array[]): Set<string> => new Set(keys.map((it) => Buffer.from(it).toString('hex')))
    const [b, l, a, i] = [hex(before), hex(listed), hex(after), hex(intents)]
    const rows = (keys: readonly Uint8Array[]): Spool<Row> => spool(byBytes(keys.map((it) => ({ key: it, lock: 'free' as const }))))
    const { merged, findings } = merge({ before: rows(before), after: rows(after), listing: spool(byBytes(listed.map((it) => ({ ...thing('x'), key: it })))), intents: spool(byBytes(intents.map((it) => ({ key: it })))), memory: spool([]), sentinels: [] })
    assert.equal(merged.is, 'whole')
    const said = (verdict: Verdict): string[] => findings.filter((it) => it.verdict === verdict).map((it) => Buffer.from(it.key).toString('hex')).sort()
    assert.deepEqual(said('orphan'), [...l].filter((it) => !b.has(it) && !a.has(it) && !i.has(it)).sort())
    const isOdd = (it: string): boolean => oddKey(textOf(Buffer.from(it, 'hex')) ?? '\ufffd') !== undefined
    assert.deepEqual([said('gap'), said('unseen')], [false, true].map((odd) => [...b].filter((it) => a.has(it) && !l.has(it) && isOdd(it) === odd).sort()))
    assert.equal(merged.counts.objects, l.size)
  }), { numRuns: 600, seed: 4 })
})
