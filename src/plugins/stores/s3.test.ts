// An S3 in order, and every way of lying that some store was caught at. What is judged in each case is not what was said, but what
// lies in the store afterwards.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { codeOf, Fault } from '../../core/fault.ts'
import { instantOf } from '../../core/time.ts'
import { doneWith, judgedOf, listed, storeContract, versionAt, type Laid } from '../../ports/store.contract.ts'
import { UNSOUND, uploadsOf } from '../../ports/store/listing.ts'
import { createClock } from '../../ports/world/clock.ts'
import { egressWith } from '../../ports/world/fixtures/loopback.ts'
import { random } from '../../ports/world/random.ts'
import { BUCKET, fakeS3, type FakeS3, type Lie } from '../../../test/places/fake-s3.ts'
import { readXml } from './s3/xml.ts'
import s3 from './s3.ts'

const clock = createClock()
const soon = (): AbortSignal => AbortSignal.timeout(60_000)
const context = { egress: egressWith(), now: () => clock.now(), random, folder: '/' }

interface Rented extends Laid {
  readonly fake: FakeS3
}

async function rent(t: TestContext, settings: object = {}): Promise<Rented> {
  const fake = await fakeS3(t)
  const config = s3.config.parse({ s3: fake.url, bucket: BUCKET, read: 'READER:reader-secret', delete: 'HAND:hand-secret', ...settings })
  return {
    fake, reading: s3.reading(config, context), deleting: s3.deleting(config, context),
    put: async (key, text) => void fake.put(key, text),
    everything: async () => Object.fromEntries([...fake.objects].filter(([key]) => !key.startsWith('.holdfast/')).map(([key, stack]) => [key, stack.map(({ marker, body }) => (marker ? '(marker)' : body))])),
  }
}

storeContract(s3, (t) => rent(t))

test('G-10 a bucket that lies in its listing is refused, by versions and by objects', async (t) => {
  const lies: readonly (readonly [Lie, RegExp])[] = [
    ['repeats-cursor', /same cursor twice|goes backwards|twice/], ['ends-early', /ended at “b”, and behind that there is “c”/], ['says-it-is-done', /ended at “d”, and behind that there is “e”/],
    ['reorders', /goes backwards/], ['half-a-page', /no whole XML/], ['half-a-page-with-length', /./], ['repeats-page', /twice|before it|goes backwards/], ['other-bucket', /listing of bucket “another”/],
    ['ignores-prefix', /begins with “c”|asked for/], ['unavailable', /503 SlowDown.*more slowly/],
  ]
  for (const versioning of ['Enabled', 'off'] as const) {
    for (const [lie, says] of lies) {
      const { fake, reading } = await rent(t)
      fake.versioning = versioning
      for (const key of ['a', 'b', 'c', 'd', 'e']) fake.put(key, key)
      assert.equal((await listed(reading, '', 2)).items.length, 5)
      fake.lies.add(lie)
      await assert.rejects(listed(reading, lie === 'ignores-prefix' ? 'c' : '', 2), (cause: unknown) => {
        assert(cause instanceof Fault, `${versioning} ${lie}: ${String(cause)}`)
        assert.match(cause.message, says, `${versioning} ${lie}`)
        return true
      })
    }
  }
  const { fake, reading } = await rent(t)
  fake.versioning = 'off'
  fake.put('a', 'a')
  fake.lies.add('wrong-count')
  await assert.rejects(listed(reading), /says that it holds 2 entries and holds 1/)
})

test('a page that is left out in the middle shows in what must be there', async (t) => {
  const { fake, reading } = await rent(t)
  for (const key of ['a', 'b', 'c', 'd', 'e']) fake.put(key, key)
  fake.lies.add('skips-a-page')
  await assert.rejects(listed(reading, '', 2, ['c']), (cause: unknown) => codeOf(cause) === UNSOUND)
})

test('versions and delete markers are listed as they lie, the newest first', async (t) => {
  const { fake, reading } = await rent(t)
  const [one, two] = [fake.put('k', 'one'), fake.put('k', 'two')]
  fake.objects.get('k')?.unshift({ ...fake.put('m', 'm'), marker: true, versionId: 'gone' })
  for (const pageOf of [1, 2, 10]) {
    const { items } = await listed(reading, 'k', pageOf)
    assert.deepEqual(items.map((item) => [item.is, item.is !== 'odd' && item.versionId, item.is !== 'odd' && item.latest]), [['marker', 'gone', true], ['version', two.versionId, false], ['version', one.versionId, false]])
  }
  assert.deepEqual(await reading.head({ key: 'k' }, soon()), { is: 'absent', marker: true })
  const old = await reading.head({ key: 'k', versionId: one.versionId }, soon())
  assert(old.is === 'version' && old.bytes === 3 && !old.latest)
})

test('G-13 a key that its address would fold is shown and never asked for', async (t) => {
  const { fake, reading, deleting } = await rent(t)
  fake.put('a/../b', 'odd')
  fake.put('nul\0', 'odd')
  fake.put('b', 'precious')
  const { items, whole } = await listed(reading, '', 1)
  assert.deepEqual(items.map((item) => item.is), ['odd', 'version', 'odd'])
  assert.equal(whole.odd, 2)
  fake.asked.length = 0
  assert.equal((await deleting.quarantine(judgedOf({ ...(await versionAt(reading, 'b')), key: 'a/../b' }), soon())).is, 'refused')
  assert.equal(fake.asked.filter((line) => line.startsWith('DELETE')).length, 0)
})

test('what may not be seen is unknown, never absent and never free', async (t) => {
  const { fake, reading, deleting } = await rent(t)
  fake.put('k', 'k')
  const it = await versionAt(reading, 'k')
  fake.lies.add('denies-lock')
  const lock = await reading.lock(it, soon())
  assert(lock.is === 'unknown')
  const outcome = await deleting.quarantine(judgedOf(it), soon())
  assert(outcome.is === 'refused' && outcome.why === 'locked', 'G-17 an unreadable lock counts as locked')
  fake.lies.clear()
  fake.lies.add('unavailable')
  await assert.rejects(reading.head({ key: 'k' }, soon()), (cause: unknown) => cause instanceof Fault && cause.retry === 'later')
})

test('G-17 what the store itself locks is never set aside and never purged', async (t) => {
  for (const lock of [{ hold: true }, { retainUntil: Date.now() + 60_000 }]) {
    const { fake, reading, deleting, everything } = await rent(t)
    const kept = fake.put('k', 'k')
    const it = await versionAt(reading, 'k')
    const aside = doneWith(await deleting.quarantine(judgedOf(it), soon()))
    Object.assign(kept, lock)
    const before = await everything()
    assert.equal((await reading.lock(it, soon())).is, 'locked')
    const purged = await deleting.purge(aside, soon())
    assert(purged.is === 'refused' && purged.why === 'locked', JSON.stringify(purged))
    assert.deepEqual(await everything(), before)
    doneWith(await deleting.release(aside, soon()))
    const again = await deleting.quarantine(judgedOf(it), soon())
    assert(again.is === 'refused' && again.why === 'locked', JSON.stringify(again))
  }
})

test('a lock that nobody can lift is told from one that somebody can', async (t) => {
  const { fake, reading } = await rent(t)
  const until = Math.floor(Date.now() / 1000) * 1000 + 60_000
  const kept = Object.assign(fake.put('k', 'k'), { retainUntil: until })
  const read = async (): Promise<unknown> => reading.lock(await versionAt(reading, 'k'), soon())
  const says = `it is locked until ${new Date(until).toISOString()}`
  assert.deepEqual(await read(), { is: 'locked', hold: false, until, sealed: true, says })
  Object.assign(kept, { governance: true })
  assert.deepEqual(await read(), { is: 'locked', hold: false, until, says })
  Object.assign(kept, { governance: false, hold: true })
  assert.deepEqual(await read(), { is: 'locked', hold: true, until, sealed: true, says: 'it is under legal hold' })
})

test('a lock that has passed, or a bucket that locks nothing, is free', async (t) => {
  const { fake, reading } = await rent(t)
  Object.assign(fake.put('k', 'k'), { hold: false, retainUntil: Date.now() - 60_000 })
  assert.deepEqual(await reading.lock(await versionAt(reading, 'k'), soon()), { is: 'free' })
  for (const change of [(): void => void (fake.objectLock = false), (): void => void fake.lies.add('no-lock-api')]) {
    change()
    assert.deepEqual(await reading.lock({ key: 'k' }, soon()), { is: 'free' })
  }
})

test('G-21 a bucket whose versioning is not on at that moment is not touched', async (t) => {
  for (const state of ['Suspended', 'off'] as const) {
    const { fake, reading, deleting, everything } = await rent(t)
    fake.put('k', 'k')
    const it = judgedOf(await versionAt(reading, 'k'))
    fake.versioning = state
    const before = await everything()
    const outcome = await deleting.quarantine(it, soon())
    assert(outcome.is === 'refused' && outcome.why === 'unable')
    assert.match(outcome.says, /versioning of bucket game-backups is (suspended|off): a delete would destroy/)
    assert.deepEqual(await everything(), before)
    assert.equal(fake.asked.filter((line) => line.startsWith('DELETE')).length, 0)
  }
})

test('G-21 what is written in that very moment is not hidden: the delete marker is removed again', async (t) => {
  const { fake, reading, deleting, everything } = await rent(t)
  fake.put('k', 'judged')
  fake.lies.add('write-in-between').add('ignores-if-match')
  const outcome = await deleting.quarantine(judgedOf(await versionAt(reading, 'k')), soon())
  assert(outcome.is === 'refused' && outcome.why === 'changed', JSON.stringify(outcome))
  assert.deepEqual(await everything(), { k: ['written in that very moment', 'judged'] })
})

test('a delete that destroyed is called lost, at once and by name', async (t) => {
  for (const lie of ['no-marker', 'marker-eats-version'] as const) {
    const { fake, reading, deleting } = await rent(t)
    fake.put('k', 'k')
    const it = judgedOf(await versionAt(reading, 'k'))
    fake.lies.add(lie)
    assert.equal((await deleting.quarantine(it, soon())).is, 'lost', lie)
  }
  const { fake, reading, deleting } = await rent(t)
  fake.put('k', 'old')
  fake.put('k', 'new')
  const aside = doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'k')), soon()))
  fake.lies.add('deletes-nothing')
  const outcome = await deleting.purge(aside, soon())
  assert(outcome.is === 'refused' && /still stands/.test(outcome.says))
  fake.lies.clear()
  fake.lies.add('purges-all')
  assert.equal((await deleting.purge(aside, soon())).is, 'lost')
})

test('an answer that never came is unknown: nothing is said that nobody knows', async (t) => {
  const { fake, reading, deleting } = await rent(t)
  fake.put('k', 'k')
  const it = judgedOf(await versionAt(reading, 'k'))
  fake.lies.add('dies-after-delete')
  const outcome = await deleting.quarantine(it, soon())
  assert(outcome.is === 'unknown', JSON.stringify(outcome))
  fake.lies.clear()
  assert.equal((await deleting.quarantine(it, soon())).is, 'refused', 'looking again finds it gone, and deletes nothing twice')
})

test('versions that come in another order than the newest first move nobody to delete', async (t) => {
  const { fake, reading, deleting, everything } = await rent(t)
  fake.put('k', 'old')
  fake.put('k', 'new')
  const it = judgedOf(await versionAt(reading, 'k'))
  const before = await everything()
  fake.lies.add('reorders')
  await assert.rejects(deleting.quarantine(it, soon()), /does not give the newest version first/)
  fake.lies.clear()
  fake.lies.add('half-a-page')
  await assert.rejects(deleting.quarantine(it, soon()), /no whole XML/)
  assert.deepEqual(await everything(), before)
})

test('what was purged leaves older versions where they were, out of sight', async (t) => {
  const { fake, reading, deleting, everything } = await rent(t)
  fake.put('k', 'older')
  fake.put('k', 'goes')
  const aside = doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'k')), soon()))
  doneWith(await deleting.purge(aside, soon()))
  assert.deepEqual(await everything(), { k: ['(marker)', 'older'] })
})

test('G-22 every delete lapses within 30 s by the store’s clock, and a late one is refused', async (t) => {
  const { fake, reading, deleting, everything } = await rent(t)
  fake.ahead = -120_000
  fake.put('k', 'k')
  const it = judgedOf(await versionAt(reading, 'k'))
  const before = await everything()
  let expires: string | null = null
  const egress = { ...context.egress, request: async (want: Parameters<typeof context.egress.request>[0]) => {
    if (want.method === 'DELETE') {
      expires = new URL(want.url).searchParams.get('X-Amz-Expires')
      // The process is frozen here, and thaws later.
      fake.ahead += 31_000
    }
    return context.egress.request(want)
  } }
  const config = s3.config.parse({ s3: fake.url, bucket: BUCKET, read: 'READER:reader-secret', delete: 'HAND:hand-secret' })
  const outcome = await s3.deleting(config, { ...context, egress }).quarantine(it, soon())
  assert.equal(expires, '30')
  assert.equal(outcome.is, 'refused')
  assert.deepEqual(await everything(), before)
  doneWith(await deleting.quarantine(it, soon()))
  fake.lies.add('no-date')
  await assert.rejects(deleting.release({ ...it, token: fake.objects.get('k')?.[0]?.versionId ?? '' }, soon()), /does not say what time it is/)
})

test('G-22 a purge names the version that was judged, and to bring back names the delete marker that was laid', async (t) => {
  const { fake, reading, deleting } = await rent(t)
  const named = async (act: () => Promise<unknown>): Promise<(string | null)[]> => {
    fake.asked.length = 0
    await act()
    return fake.asked.filter((line) => line.startsWith('DELETE')).map((line) => new URLSearchParams(line.split('?')[1] ?? '').get('versionId'))
  }
  fake.put('k', 'k')
  const it = judgedOf(await versionAt(reading, 'k'))
  let aside = doneWith(await deleting.quarantine(it, soon()))
  assert.deepEqual(await named(() => deleting.release(aside, soon())), [aside.token])
  aside = doneWith(await deleting.quarantine(it, soon()))
  assert.deepEqual(await named(() => deleting.purge(aside, soon())), [it.versionId, aside.token])
})

test('ranges are what was asked for, or nothing', async (t) => {
  const { fake, reading } = await rent(t)
  fake.put('k', '0123456789')
  const { key, etag, versionId } = await versionAt(reading, 'k')
  const want = { key, etag, from: 2, bytes: 4, ...(versionId !== undefined && { versionId }) }
  for (const lie of ['ignores-range', 'other-bytes'] as const) {
    fake.lies.add(lie)
    await assert.rejects(reading.read(want, soon()), /gave other bytes|more than the/)
    fake.lies.clear()
  }
  assert.deepEqual(await reading.read({ ...want, from: 10 }, soon()), { is: 'read', bytes: Buffer.alloc(0) })
})

test('G-15 trying it out finds a store in order, and finds out each that lies, before anything of it is touched', async (t) => {
  const { fake, deleting, everything } = await rent(t)
  fake.put('k', 'k')
  const { capabilities } = await deleting.probe(soon())
  assert.deepEqual(Object.values(capabilities).map(({ is }) => is), Object.keys(capabilities).map(() => 'pass'))
  assert.deepEqual([...fake.objects.keys()].filter((key) => key !== 'k').map((key) => key.replace(/[0-9a-f]{32}/, '…')), ['.holdfast/canary/….locked'], 'a lock outlives its canary, nothing else does')
  const cases: readonly [Lie | 'off' | 'unlocked' | 'ahead' | 'behind', keyof typeof capabilities, RegExp][] = [
    ['lock-then-delete', 'lock', /accepted a lock and then deleted/], ['lock-then-delete', 'hold', /accepted a lock and then deleted/], ['ignores-if-match', 'conditional_delete', /ignores conditions/],
    ['no-marker', 'sets_aside', /without a delete marker/], ['marker-eats-version', 'sets_aside', /the version is gone|gone/], ['purges-all', 'brings_back', /did not come back/], ['reader-deletes', 'read_only', /can delete/],
    ['deletes-nothing', 'sets_aside', /without a delete marker/], ['off', 'sets_aside', /keeps no versions/], ['unlocked', 'lock', /does not lock/], ['ahead', 'clock', /23 h 59 min ahead of ours|1 d/], ['behind', 'clock', /behind ours/],
  ]
  for (const [lie, name, says] of cases) {
    const other = await rent(t)
    other.fake.put('k', 'k')
    if (lie === 'off') other.fake.versioning = 'off'
    else if (lie === 'unlocked') other.fake.objectLock = false
    else if (lie === 'ahead' || lie === 'behind') other.fake.ahead = lie === 'ahead' ? 86_400_000 : -86_400_000
    else other.fake.lies.add(lie)
    const found = (await other.deleting.probe(soon())).capabilities[name]
    assert.equal(found.is, 'fail', `${lie}: ${name}`)
    assert.match(found.says ?? '', says, lie)
    assert.deepEqual(await other.everything(), { k: ['k'] }, lie)
    assert(other.fake.asked.every((line) => !/^(PUT|DELETE) /.test(line) || line.includes('/.holdfast/canary/')), lie)
  }
  assert.deepEqual(await everything(), { k: ['k'] })
})

test('what the store declares is read, and what it does not show is unknown', async (t) => {
  const { fake, reading } = await rent(t)
  assert.deepEqual(await reading.declared(soon()), { versioning: 'enabled', lock: 'enabled', noncurrent: { is: 'for ever' } })
  const rule = (status: string, days: string): string => `<Rule><ID>r</ID><Filter><Prefix>x/</Prefix></Filter><Status>${status}</Status><NoncurrentVersionExpiration><NoncurrentDays>${days}</NoncurrentDays></NoncurrentVersionExpiration></Rule>`
  fake.lifecycle = rule('Disabled', '1') + rule('Enabled', '30') + rule('Enabled', '7')
  assert.deepEqual((await reading.declared(soon())).noncurrent, { is: 'for', span: 7 * 86_400_000 })
  fake.lifecycle = rule('Enabled', 'soon')
  assert.equal((await reading.declared(soon())).noncurrent.is, 'unknown')
})

test('uploads in parts that are under way are listed, all of them', async (t) => {
  const { fake, reading } = await rent(t)
  for (let n = 0; n < 2_100; n++) fake.uploads.push({ key: `u/${String(n).padStart(5, '0')}`, id: `i${n}`, at: 1e12 })
  const found = await uploadsOf(reading, { prefix: 'u/', now: () => clock.now(), signal: soon() })
  assert.equal(found.length, 2_100)
  assert.deepEqual(found[5], { key: 'u/00005', id: 'i5', startedAt: instantOf(1e12) })
})

test('each refusal says what to change, and shows no secret', async (t) => {
  const cases: readonly [object, RegExp][] = [
    [{ read: 'READER:not-the-secret' }, /SignatureDoesNotMatch\): the secret is not the one of that key/], [{ read: 'NOBODY:not-the-secret' }, /InvalidAccessKeyId\): it does not know that key/],
    [{ bucket: 'another' }, /NoSuchBucket\): there is no such bucket/], [{ s3: 'http://127.0.0.1:9' }, /127\.0\.0\.1:9: .*(refused|ECONNREFUSED)/],
  ]
  for (const [settings, says] of cases) {
    const { reading } = await rent(t, settings)
    await assert.rejects(reading.identify(soon()), (cause: unknown) => {
      assert(cause instanceof Fault)
      assert.match(cause.message, says)
      assert.doesNotMatch(`${cause.stack ?? ''}${JSON.stringify(cause)}`, /not-the-secret|reader-secret/)
      return true
    })
  }
  const { fake } = await rent(t)
  assert.throws(() => s3.deleting(s3.config.parse({ s3: fake.url, bucket: BUCKET, read: 'READER:reader-secret' }), context), /no credential to delete with: it is only reported on/)
  for (const wrong of ['no-colon', ':x', 'a b:c', '']) assert(!s3.config.safeParse({ s3: fake.url, bucket: BUCKET, read: wrong }).success, wrong)
  for (const wrong of ['ftp://x', 'http://h/path', 'http://u:p@h', 'http://h?x=1']) assert(!s3.config.safeParse({ s3: wrong, bucket: BUCKET, read: 'a:b' }).success, wrong)
})

test('XML that is cut off anywhere is no XML', () => {
  const whole = '<?xml version="1.0"?>\n<A xmlns="x"><B>1 &lt; 2 &#x1f600; &amp;</B><C/><D>\n <E>a</E></D></A>\n'
  const root = readXml(whole, ['A'])
  assert.deepEqual(root.children.map(({ name, text, children }) => [name, text, children.length]), [['B', '1 < 2 \u{1f600} &', 0], ['C', '', 0], ['D', '', 1]])
  for (let n = 0; n < whole.trimEnd().length; n++) assert.throws(() => readXml(whole.slice(0, n), ['A']), Fault, `cut at ${n}`)
  for (const wrong of ['<A><B></A></B>', '<A>&nbsp;</A>', '<A>&#xd800;</A>', '<A>&</A>', '<A/><A/>', '<B/>', '<!DOCTYPE a [<!ENTITY x "y">]><A/>', '<A><![CDATA[x]]></A>', '<A>x<B/></A>', '<A><B/>x</A>', `${'<A>'.repeat(50)}`, '{"a":1}', '']) {
    assert.throws(() => readXml(wrong, ['A']), Fault, wrong)
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    try {
      readXml(text, ['A'])
    } catch (cause) {
      assert(cause instanceof Fault)
    }
  }))
})

/** A document of entries that are alike, as a listing is; `gap` stands where XML allows a blank in a tag. */
const drawn = (entries: readonly (readonly (readonly [name: string, text: string])[])[], gap: string): string =>
  `<A${gap}>${entries.map((fields) => `<V${gap}>${fields.map(([name, text]) => `<${name}${gap}>${text}</${name}${gap}>`).join('')}</V${gap}>`).join('')}</A${gap}>`

test('G-10 a page is read the same whether its tags are those of the entry before or have to be looked at, and by any window', () => {
  const field = fc.tuple(fc.constantFrom('Key', 'Key2', 'Size', 'K'), fc.constantFrom('', 'a/b', 'é😀', ' &amp; > ', 'x'.repeat(9000)))
  const entries = fc.array(fc.array(field, { maxLength: 4 }), { maxLength: 12 })
  fc.assert(fc.property(entries, fc.nat(), (all, cut) => {
    const [quick, slow] = [drawn(all, ''), drawn(all, ' ')]
    const [known, looked] = [readXml(Buffer.from(quick), ['A']), readXml(Buffer.from(slow), ['A'])]
    assert.deepEqual(known, looked)
    assert.deepEqual(known.children.map(({ children }) => children.map(({ name, text }) => [name, text])), all.map((fields) => fields.map(([name, text]) => [name, text.replace('&amp;', '&')])))
    const taken: string[] = []
    assert.deepEqual(readXml(quick, ['A'], (child, root) => taken.push(root + child.name) > 0).children, [])
    assert.equal(taken.length, all.length)
    assert.throws(() => readXml(quick.slice(0, cut % quick.length), ['A']), Fault)
    // What is closed by another name than it was opened by is none, also where a look would have been enough.
    const ends = quick.split('</')
    const wrong = 1 + (cut % (ends.length - 1))
    assert.throws(() => readXml(ends.map((part, n) => (n === wrong ? `W${part.slice(1)}` : part)).join('</'), ['A']), Fault)
  }), { numRuns: 150, seed: 11 })
})
