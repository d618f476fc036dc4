// What every store promises, as a suite over one that is given laid out and empty. A store that is not held to it may lose a backup
// that nobody judged, or call a listing whole that is not. The suite knows nothing of any kind; it writes as an application would, and
// compares everything that lies there before and after.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import { Fault } from '../core/fault.ts'
import type { AnyStore, Deleting, Judged, Listed, Outcome, Reading, SetAside, Version } from './store.ts'
import { CAPABILITIES } from './store.ts'
import { compareKeys } from './store/key.ts'
import { walk, type Complete, type Sheet } from './store/listing.ts'
import { createClock } from './world/clock.ts'

/** A store of a test, and what can be done to it from the application's side. */
export interface Laid {
  readonly reading: Reading
  readonly deleting: Deleting
  put(key: string, text: string): Promise<void>
  /** Everything that lies there, Holdfast's own corner apart: key → bytes of every version. */
  everything(): Promise<Readonly<Record<string, readonly string[]>>>
}

const clock = createClock()
const now = (): ReturnType<typeof clock.now> => clock.now()
const soon = (): AbortSignal => AbortSignal.timeout(10_000)
const WORDS = ['clock', 'declared', 'head', 'identify', 'lock', 'page', 'read', 'tags', 'uploads']
const ACTS = ['identify', 'probe', 'purge', 'quarantine', 'release']

/** Names that two programs read in two ways, or that mean to lead out. */
export const HOSTILE = ['', '..', '../outside', 'a/../b', 'a/./b', 'a/..', '.', 'a\0b', `long/${'x'.repeat(1_100)}`, '\ud800', 'bad\ufffd'] as const
const NAMES = ['a', 'a b', 'a+b', 'a%2fb', 'a/b', 'a/b c/d', 'a-', 'a.txt', 'b/ü', 'b/é', 'b/\u{1f600}', 'b/\uffee', 'c/…', "c/it's (1)!*~", 'c/a&b<c>"', 'c/\t', 'c/line\nbreak', 'd/?x=1#y', 'd/\\', 'e;:@=,$'] as const

/** Everything that begins with `prefix`, and the proof that it is. */
export async function listed(reading: Reading, prefix = '', pageOf = 1_000, mustSee: readonly string[] = []): Promise<{ items: Listed[]; whole: Complete }> {
  const items: Listed[] = []
  const pages = walk(reading, { prefix, now, signal: soon(), pageOf, mustSee })
  for (;;) {
    const { value, done } = await pages.next()
    if (done === true) return { items, whole: value }
    items.push(...value.items)
  }
}

export async function versionAt(reading: Reading, key: string): Promise<Version> {
  const found = await reading.head({ key }, soon())
  assert(found.is === 'version', `${key} is ${found.is}`)
  return found
}

export const judgedOf = ({ key, versionId, etag, bytes }: Judged): Judged => ({ key, etag, bytes, ...(versionId !== undefined && { versionId }) })

export function doneWith<T>(outcome: Outcome<T>): T {
  assert(outcome.is === 'done', outcome.is === 'done' ? '' : `${outcome.is}: ${outcome.says}`)
  return outcome.it
}

/** Registers the suite for one store. */
export function storeContract(plugin: AnyStore, lay: (t: TestContext) => Promise<Laid>, purging: 'purges' | 'never purges' = 'purges'): void {
  describes(plugin)
  lists(plugin, lay)
  reads(plugin, lay)
  acts(plugin, lay)
  purges(plugin, lay, purging)
}

function describes(plugin: AnyStore): void {
  test(`${plugin.kind}: tells what it is, in words and by example`, () => {
    assert.match(plugin.kind, /^[a-z][a-z0-9_]*$/)
    assert.match(plugin.title, /^\S.{1,39}$/)
    assert.match(plugin.does, /^[A-Z].*\.$/)
    assert(plugin.examples.length > 0)
    assert.equal(Object.keys(plugin.config.shape as object)[0], plugin.kind, 'the first setting is the kind')
    const schema = z.toJSONSchema(plugin.config, { io: 'input' })
    assert.equal(schema.additionalProperties, false, 'settings that are not known are refused')
    for (const [name, setting] of Object.entries(schema.properties ?? {})) assert(typeof setting === 'object' && setting.title, `${name} has a title`)
    for (const example of plugin.examples) {
      const once: unknown = plugin.config.parse(example)
      assert.deepEqual(plugin.config.parse(JSON.parse(JSON.stringify(once))), once)
    }
  })
}

function lists({ kind }: AnyStore, lay: (t: TestContext) => Promise<Laid>): void {
  test(`${kind}: G-10 a listing is whole, in the order of bytes, whatever the size of its pages`, async (t) => {
    const store = await lay(t)
    assert.deepEqual((await listed(store.reading)).items, [], 'an empty store is empty')
    for (const name of NAMES) await store.put(name === 'a' ? 'a/' + 'z' : name, `of ${name}`)
    const all = await listed(store.reading)
    const keys = all.items.map((item) => item.key)
    assert.deepEqual(keys, NAMES.map((name) => (name === 'a' ? 'a/z' : name)).toSorted(compareKeys))
    assert.deepEqual(keys, keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    assert.equal(all.whole.items, NAMES.length)
    for (const size of [1, 3, NAMES.length]) assert.deepEqual((await listed(store.reading, '', size)).items, all.items, `pages of ${size}`)
    assert.deepEqual((await listed(store.reading, 'b/', 2)).items, all.items.filter((item) => item.key.startsWith('b/')))
    for (const item of all.items) {
      const found = await store.reading.head({ key: item.key }, soon())
      // What a store vouches for beyond that is told by a look at one object alone.
      assert.deepEqual(found, found.is === 'version' && found.md5 !== undefined ? { ...item, md5: found.md5 } : item, `“${item.key}” is found as it was listed`)
    }
  })

  test(`${kind}: a listing that stopped goes on where it stopped, also in another process`, async (t) => {
    const store = await lay(t)
    for (let n = 0; n < 9; n++) await store.put(`k/${n}`, String(n))
    const sheets: Sheet[] = []
    for await (const sheet of walk(store.reading, { prefix: 'k/', now, signal: soon(), pageOf: 4 })) {
      sheets.push(sheet)
      break
    }
    const mark = sheets[0]?.mark
    assert(mark)
    const rest: Listed[] = []
    await listed(store.reading)
    for await (const { items } of walk(store.reading, { prefix: 'k/', now, signal: soon(), pageOf: 4, resume: JSON.parse(JSON.stringify(mark)) as typeof mark })) rest.push(...items)
    assert.deepEqual(rest.map(({ key }) => key), ['k/4', 'k/5', 'k/6', 'k/7', 'k/8'])
  })
}

function reads({ kind }: AnyStore, lay: (t: TestContext) => Promise<Laid>): void {
  test(`${kind}: reads ranges of exactly what was listed, or says that it changed`, async (t) => {
    const { reading, put } = await lay(t)
    await put('r/one', '0123456789')
    const it = await versionAt(reading, 'r/one')
    assert.equal(it.bytes, 10)
    const at = { key: it.key, etag: it.etag, ...(it.versionId !== undefined && { versionId: it.versionId }) }
    const text = async (from: number, bytes: number): Promise<string> => {
      const chunk = await reading.read({ ...at, from, bytes }, soon())
      assert(chunk.is === 'read')
      return chunk.bytes.toString()
    }
    assert.equal(await text(0, 10), '0123456789')
    assert.equal(await text(3, 4), '3456')
    assert.equal(await text(8, 100), '89', 'to the end and no further')
    assert.equal((await reading.read({ ...at, key: 'r/none', from: 0, bytes: 1 }, soon())).is, 'absent')
    await assert.rejects(reading.read({ ...at, from: 0, bytes: 2 ** 30 }, soon()), Fault)
    await put('r/one', '9876543210')
    const anew = await reading.read({ ...at, from: 0, bytes: 10 }, soon())
    if (anew.is === 'read') assert.equal(anew.bytes.toString(), '0123456789', 'the version that was asked for, and no other')
    else assert.equal(anew.is, 'changed')
    assert.notEqual((await versionAt(reading, 'r/one')).etag, it.etag)
  })

  test(`${kind}: G-13 a name that leads elsewhere leads nowhere`, async (t) => {
    const store = await lay(t)
    await store.put('b', 'not this')
    const before = await store.everything()
    for (const key of HOSTILE) {
      const found = await store.reading.head({ key }, soon()).catch((cause: unknown) => cause)
      assert(found instanceof Fault || (found as { is: string }).is !== 'version', JSON.stringify(key).slice(0, 40))
      const outcome = await store.deleting.quarantine({ key, etag: 'x', bytes: 1 }, soon())
      assert.equal(outcome.is, 'refused', JSON.stringify(key).slice(0, 40))
    }
    assert.deepEqual(await store.everything(), before)
  })

  test(`${kind}: G-15 the half that reads has no word that changes anything; which store it is stays the same`, async (t) => {
    const { reading, deleting } = await lay(t)
    assert.deepEqual(Object.keys(reading).toSorted(), WORDS)
    assert.deepEqual(Object.keys(deleting).toSorted(), ACTS)
    const identity = await reading.identify(soon())
    assert.match(identity.id, /^[0-9a-f]{64}$/)
    assert.deepEqual(await reading.identify(soon()), identity)
    assert.equal((await deleting.identify(soon())).id, identity.id, 'both halves speak of one store')
  })

  test(`${kind}: with the signal everything ends, and passes nothing off as seen`, async (t) => {
    const { reading } = await lay(t)
    const gone = AbortSignal.abort()
    const began = performance.now()
    for (const call of [() => reading.identify(gone), () => reading.declared(gone), () => reading.page({ prefix: '', most: 1 }, gone), () => reading.head({ key: 'a' }, gone), () => reading.uploads({ prefix: '' }, gone)]) await assert.rejects(call)
    assert(performance.now() - began < 500)
  })
}

function acts({ kind }: AnyStore, lay: (t: TestContext) => Promise<Laid>): void {
  test(`${kind}: G-6 only what was judged is set aside`, async (t) => {
    const store = await lay(t)
    await store.put('q/one', 'judged')
    const judged = judgedOf(await versionAt(store.reading, 'q/one'))
    const before = await store.everything()
    for (const wrong of [{ ...judged, etag: `${judged.etag}0` }, { ...judged, bytes: judged.bytes + 1 }, { ...judged, versionId: 'another' }, { ...judged, key: 'q/none' }]) {
      assert.equal((await store.deleting.quarantine(wrong, soon())).is, 'refused')
    }
    assert.deepEqual(await store.everything(), before)
    await store.put('q/one', 'written since')
    const after = await store.everything()
    const outcome = await store.deleting.quarantine(judged, soon())
    assert(outcome.is === 'refused' && outcome.why === 'changed', JSON.stringify(outcome))
    assert.deepEqual(await store.everything(), after)
  })

  test(`${kind}: what is set aside is out of sight, and comes back as it was`, async (t) => {
    const store = await lay(t)
    await store.put('q/one', 'one')
    await store.put('q/two', 'two')
    const it = await versionAt(store.reading, 'q/one')
    const aside = JSON.parse(JSON.stringify(doneWith(await store.deleting.quarantine(judgedOf(it), soon())))) as SetAside
    assert.equal((await store.reading.head({ key: 'q/one' }, soon())).is, 'absent')
    assert.deepEqual((await listed(store.reading)).items.filter((item) => item.is === 'version' && item.latest).map(({ key }) => key), ['q/two'])
    const again = await store.deleting.quarantine(judgedOf(it), soon())
    assert(again.is === 'refused' || (again.is === 'done' && again.it.token === aside.token), 'once set aside it cannot be set aside again')
    assert.deepEqual(doneWith(await store.deleting.release(aside, soon())), judgedOf(it))
    const found = await store.reading.head({ key: 'q/one' }, soon())
    assert.deepEqual(found, found.is === 'version' && found.md5 !== undefined ? { ...it, md5: found.md5 } : it)
    assert.deepEqual(doneWith(await store.deleting.release(aside, soon())), judgedOf(it), 'a second release finds it done')
  })

  test(`${kind}: G-21 nothing is brought back over what stands there by now`, async (t) => {
    const store = await lay(t)
    await store.put('q/one', 'old')
    const aside = doneWith(await store.deleting.quarantine(judgedOf(await versionAt(store.reading, 'q/one')), soon()))
    await store.put('q/one', 'new')
    const before = await store.everything()
    const outcome = await store.deleting.release(aside, soon())
    assert(outcome.is === 'refused' && outcome.why === 'changed', JSON.stringify(outcome))
    assert.deepEqual(await store.everything(), before)
  })

  test(`${kind}: what stands under its name cannot be purged`, async (t) => {
    const store = await lay(t)
    await store.put('q/one', 'alive')
    const judged = judgedOf(await versionAt(store.reading, 'q/one'))
    const before = await store.everything()
    for (const token of ['', '..', 'null', '0'.repeat(32), judged.versionId ?? 'x']) {
      const outcome = await store.deleting.purge({ ...judged, token }, soon())
      assert(outcome.is === 'refused', `${token}: ${JSON.stringify(outcome)}`)
    }
    assert.deepEqual(await store.everything(), before)
  })

  test(`${kind}: trying the store out answers every question and touches nothing else`, async (t) => {
    const store = await lay(t)
    await store.put('q/one', 'one')
    const before = await store.everything()
    const { capabilities, clock: read } = await store.deleting.probe(soon())
    for (const name of CAPABILITIES) assert(['pass', 'fail', 'unknown'].includes(capabilities[name].is), name)
    for (const found of Object.values(capabilities)) if (found.is !== 'pass') assert.match(found.says, /\S{3}/)
    assert.equal(capabilities.sets_aside.is, 'pass')
    assert.equal(capabilities.brings_back.is, 'pass')
    assert(read.is === 'read' && Math.abs(read.ahead.least) < 5_000)
    assert.deepEqual(await store.everything(), before)
    assert.deepEqual((await listed(store.reading)).items.map(({ key }) => key), ['q/one'])
  })
}

function purges({ kind }: AnyStore, lay: (t: TestContext) => Promise<Laid>, purging: 'purges' | 'never purges'): void {
  test(`${kind}: ${purging === 'purges' ? 'a purge removes the one version that was set aside' : 'G-21 nothing is ever removed for good, and it says why'}`, async (t) => {
    const store = await lay(t)
    await store.put('q/keep', 'stays')
    await store.put('q/one', 'goes')
    const aside = doneWith(await store.deleting.quarantine(judgedOf(await versionAt(store.reading, 'q/one')), soon()))
    for (const wrong of [{ ...aside, etag: `${aside.etag}0` }, { ...aside, bytes: 1 }, { ...aside, key: 'q/keep' }]) assert.equal((await store.deleting.purge(wrong, soon())).is, 'refused')
    if (purging === 'never purges') {
      const outcome = await store.deleting.purge(aside, soon())
      assert(outcome.is === 'refused' && outcome.why === 'unable' && outcome.says.length > 40, JSON.stringify(outcome))
      assert.equal((await store.deleting.probe(soon())).capabilities.purges.is, 'fail')
      assert.deepEqual(doneWith(await store.deleting.release(aside, soon())), judgedOf(aside))
      return assert.deepEqual(await store.everything(), { 'q/keep': ['stays'], 'q/one': ['goes'] })
    }
    assert.deepEqual(doneWith(await store.deleting.purge(aside, soon())), judgedOf(aside))
    assert.deepEqual(await store.everything(), { 'q/keep': ['stays'] })
    assert.equal((await store.deleting.release(aside, soon())).is, 'refused')
    assert.equal((await store.deleting.purge(aside, soon())).is, 'refused')
  })
}
