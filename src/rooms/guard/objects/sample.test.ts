// Which objects of a bucket are drawn, and what may be said of them: the model is a listing and what a file has; no store, no file.
import assert from 'node:assert/strict'
import test from 'node:test'
import { days, hours, instantOf, type Instant } from '../../../core/time.ts'
import { drawing, DRAWN, linesOf, lookOver, namesOf, sayWrong, settledBefore, shareOf, spoilable, type Drawable, type Drawn, type DrawWants, type Held, type Sums } from './sample.ts'

const NOW = instantOf(1_790_000_000_000)
const object = (n: number, more: Partial<Drawable> = {}): Drawable => ({ key: `media/${String(n).padStart(6, '0')}`, etag: `e${n}`, bytes: 10, modifiedAt: (NOW - n * 1000) as Instant, ...more })
function drawn(objects: readonly Drawable[], wants: Partial<DrawWants> = {}): Drawn {
  const urn = drawing({ seed: 's', must: [], again: [], most: 1e12, ...wants })
  for (const it of objects) urn.take(it)
  return urn.end()
}
const keys = ({ objects }: Drawn): readonly string[] => objects.map(({ key }) => key)

test('all of a small bucket is drawn; of a large one a bounded part, the newest in it, the same by the same seed and other ones by another', () => {
  const few = Array.from({ length: 50 }, (_, n) => object(n))
  assert.deepEqual([keys(drawn(few)), drawn(few).whole], [few.map(({ key }) => key), true])
  const many = Array.from({ length: 20_000 }, (_, n) => object(n))
  const [one, same, other] = [drawn(many), drawn(many.toReversed()), drawn(many, { seed: 't' })]
  assert.deepEqual([one.objects.length, one.whole, one.of], [DRAWN, false, { objects: 20_000, bytes: 200_000 }])
  assert.deepEqual(keys(one), keys(same))
  assert.deepEqual([keys(one).slice(0, 100), keys(other).slice(0, 100)], [few, few].map(() => many.slice(0, 100).map(({ key }) => key)), 'the newest')
  const common = keys(one).slice(100).filter((key) => keys(other).includes(key)).length
  assert(common < 120, `${common} of 900`)
  const hundredths = new Set(one.objects.map(({ key }) => Math.floor(Number(key.slice(6)) / 200)))
  assert(hundredths.size > 95, 'from everywhere')
})

test('what failed before is drawn again, also beyond what else is drawn, and what has no room is left out', () => {
  const many = Array.from({ length: 5000 }, (_, n) => object(n))
  assert(keys(drawn(many, { again: ['media/004999', 'media/gone'] })).includes('media/004999'))
  const tight = drawn([...many, object(5000, { bytes: 400 })], { must: ['media/005000'], most: 500 })
  assert.deepEqual([tight.objects.length, keys(tight).includes('media/005000'), tight.whole], [11, true, false])
})

test('G-2 what is asked for comes before what failed before, and that in turn; what has no room is named, and not forgotten', () => {
  const many = Array.from({ length: 100 }, (_, n) => object(n))
  const again = many.slice(0, 50).map(({ key }) => key)
  const [one, other] = ['s', 't'].map((seed) => drawn(many, { must: ['media/000099'], again, most: 200, seed }))
  assert(one && other)
  assert.deepEqual([one, other].map((it) => [keys(it).includes('media/000099'), it.objects.length, it.tight.length]), [[true, 20, 31], [true, 20, 31]])
  assert.notDeepEqual(keys(one), keys(other), 'another seed draws others of those that failed')
  const [line] = linesOf(over([held(1, { sha256: 'aa' })]), one, again).slice(2)
  assert.deepEqual([line?.step.is, line?.text], ['unknown', '31 objects that failed before'])
})

test('G-2 more that is wrong than can be named is counted, and named first is what the same seed would not draw again', () => {
  const many = Array.from({ length: 5000 }, (_, n) => object(n))
  const it = drawn(many)
  const [newest, chance] = [keys(it).filter((key) => !it.bySeed.has(key)), keys(it).filter((key) => it.bySeed.has(key))]
  assert(newest.length > 50 && chance.length > 800)
  const { wrong, more } = namesOf([...chance, ...newest], it)
  assert.deepEqual([wrong.length, more, newest.every((key) => wrong.includes(key))], [100, 900, true])
  assert.deepEqual(namesOf(chance.slice(0, 3), it), { wrong: chance.slice(0, 3) })
})

const SUM: Sums = { bytes: 10, sha256: 'aa', md5: 'ee' }
const held = (n: number, more: Partial<Held> = {}): Held => ({ ...object(n), elsewhere: [], ...more })
const over = (objects: readonly Held[], sums: readonly (Partial<Sums> | undefined)[] = objects.map(() => ({}))): ReturnType<typeof lookOver> =>
  lookOver(objects, (n) => (sums[n] === undefined ? undefined : { ...SUM, ...sums[n] }), settledBefore(NOW, { every: days(1), grace: hours(1) }))
const wrongs = (...given: Parameters<typeof over>): readonly string[] => over(...given).wrong.map(({ key, says }) => `${Number(key.slice(6))}: ${says.slice(0, 31)}`)

test('G-2 an object whose bytes are not what they were, what its store vouches for, or what was listed is wrong', () => {
  assert.deepEqual(wrongs([held(1, { sha256: 'aa' }), held(2, { sha256: 'bb' }), held(3), held(4)], [{}, {}, { bytes: 9 }, undefined]), ['2: its bytes are not those of when', '3: it has 9 bytes where 10 are lis', '4: it was not restored'])
  assert.deepEqual(wrongs([held(1, { md5: 'ee' }), held(2, { md5: 'ff' })]), ['2: its bytes are not those that it'])
  const unlike = over([held(1, { md5: 'ff' }), held(2, { md5: 'fe' })])
  assert.deepEqual([unlike.wrong, unlike.right, unlike.unlike], [[], 0, 2], 'a store that counts otherwise accuses no object')
  const encrypted = over([held(1, { md5: 'ff', sha256: 'aa' }), held(2, { md5: 'fe' }), held(3, { md5: 'ee' })])
  assert.deepEqual([encrypted.wrong, encrypted.right, encrypted.contested], [[], 1, 1])
  assert.equal(linesOf(encrypted, drawn([object(1), object(2), object(3)]))[1]?.step.is, 'unknown', 'X-9 what was read when it was damaged already is not right by that')
})

test('other bytes elsewhere are wrong once both have had their time, and on their way before', () => {
  const old = (NOW - days(3)) as Instant
  const there = (more: object, own: object = { modifiedAt: old }): Held => held(1, { ...own, elsewhere: [{ store: 'nas', bytes: 10, modifiedAt: old, sha256: 'aa', ...more }] })
  assert.deepEqual([over([there({})]).right, wrongs([there({})])], [1, []])
  assert.match(wrongs([there({ sha256: 'bb' })])[0] ?? '', /other bytes lie/)
  assert.match(wrongs([there({ bytes: 11, sha256: undefined })])[0] ?? '', /other bytes lie/)
  const late = over([there({ sha256: 'bb', modifiedAt: NOW })])
  assert.deepEqual([late.wrong, late.onTheWay, late.bare], [[], 1, 1])
  assert.equal(over([there({ sha256: 'bb' }, { modifiedAt: NOW })]).onTheWay, 1)
})

test('X-9 what had nothing to be held against is not well: it is unknown, and a part is called a part', () => {
  const all = drawn([object(1), object(2)])
  const [share, bytes] = linesOf(over([held(1), held(2)]), all)
  assert.deepEqual([share?.step.is, bytes?.step.is, share?.text], ['pass', 'unknown', 'all 2 objects (20 B) restored, each as large as it is listed'])
  const [, some] = linesOf(over([held(1, { sha256: 'aa' }), held(2)]), all)
  assert.deepEqual([some?.step.is, some?.text.endsWith('; 1 had nothing to be held against')], ['pass', true])
  assert.equal(linesOf(over([held(1, { md5: 'ff' }), held(2)]), all)[1]?.step.is, 'unknown')
  assert.equal(shareOf({ ...all, of: { objects: 1000, bytes: 2000 }, whole: false }), '2 of 1,000 objects, 20 B of 2 KiB (1.0 %)')
  assert.match(JSON.stringify(sayWrong(over([held(1, { sha256: 'bb' }), held(2, { sha256: 'bb' })]).wrong, all)), /media\/000001”: its bytes .*; and 1 more, of all 2 objects/)
})

test('G-2 spoilt is only what is found: every second object whose damage speaks, and none where nothing would', () => {
  const old = (NOW - days(3)) as Instant
  const elsewhere = (modifiedAt: Instant): Held['elsewhere'] => [{ store: 'nas', bytes: 10, modifiedAt, sha256: 'aa' }]
  const spoilt = (objects: readonly Held[]): readonly number[] => spoilable(objects, () => SUM, settledBefore(NOW, { every: days(1), grace: hours(1) }))
  assert.deepEqual(spoilt([held(1, { sha256: 'aa' }), held(2, { sha256: 'aa' }), held(3), held(4, { sha256: 'aa' })]), [0])
  assert.deepEqual(spoilt([held(1, { md5: 'ee' }), held(2, { md5: 'ee' }), held(3, { md5: 'ee' })]), [0, 2])
  assert.deepEqual(spoilt([held(1, { sha256: 'bb' }), held(2, { sha256: 'aa' }), held(3, { sha256: 'bb' })]), [1], 'what is wrong as it is would make it fail unspoilt')
  assert.deepEqual(spoilt([held(1, { md5: 'ff' }), held(2, { md5: 'ff' })]), [], 'a store that counts otherwise')
  assert.deepEqual(spoilt([held(1, { modifiedAt: NOW, elsewhere: elsewhere(NOW) }), held(2, { modifiedAt: NOW, elsewhere: elsewhere(NOW) })]), [], 'what may be on its way')
  assert.deepEqual(spoilt([held(1, { md5: 'ee', elsewhere: [] }), held(2, { modifiedAt: NOW, elsewhere: elsewhere(NOW) }), held(3, { modifiedAt: old, elsewhere: elsewhere(old) })]), [2], 'one alone leaves nobody to speak')
})
