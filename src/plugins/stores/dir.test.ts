// Folders as they are met: not mounted, mounted over, with links that lead out, with files written at the very moment.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Deleting, Reading } from '../../ports/store.ts'
import { doneWith, judgedOf, listed, storeContract, versionAt, type Laid } from '../../ports/store.contract.ts'
import { createClock } from '../../ports/world/clock.ts'
import { random } from '../../ports/world/random.ts'
import { egressWith } from '../../ports/world/fixtures/loopback.ts'
import { strange } from './dir/ground.ts'
import dir from './dir.ts'

const clock = createClock()
const soon = (): AbortSignal => AbortSignal.timeout(60_000)
const me = process.geteuid?.() ?? 0

interface Mounted extends Laid {
  readonly folder: string
  readonly deleting: Deleting
  readonly reading: Reading
}

function lay(t: TestContext): Mounted {
  const top = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-dir-'))
  t.after(() => fs.rmSync(top, { recursive: true }))
  const folder = path.join(top, 'nas')
  fs.mkdirSync(folder)
  fs.writeFileSync(path.join(folder, '.holdfast-store'), 'the one\n')
  const context = { egress: egressWith(), now: () => clock.now(), random, folder: top }
  const config = dir.config.parse({ dir: './nas' })
  return {
    folder, reading: dir.reading(config, context), deleting: dir.deleting(config, context),
    put: async (key, text) => {
      fs.mkdirSync(path.dirname(path.join(folder, key)), { recursive: true })
      fs.writeFileSync(path.join(folder, key), text)
    },
    everything: async () => Object.fromEntries(
      fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile()).map((it) => path.join(it.parentPath, it.name))
        .map((at) => [path.relative(folder, at), [fs.readFileSync(at, 'utf8')]] as const).filter(([key]) => !key.startsWith('.holdfast')),
    ),
  }
}

storeContract(dir, async (t) => lay(t), 'never purges')

test('an empty mount point holds no store: nothing is listed, nothing is missed, and it says what to do', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  await put('a', 'a')
  const aside = judgedOf(await versionAt(reading, 'a'))
  fs.renameSync(folder, `${folder}-away`)
  fs.mkdirSync(folder)
  for (const call of [() => reading.page({ prefix: '', most: 9 }, soon()), () => reading.head({ key: 'a' }, soon()), () => reading.identify(soon()), () => deleting.probe(soon()), () => deleting.quarantine(aside, soon())]) {
    await assert.rejects(call, /holds no \.holdfast-store: nothing is mounted there, or something else is\. Mount the store$/)
  }
  assert.deepEqual(fs.readdirSync(folder), [])
  fs.rmdirSync(folder)
  await assert.rejects(reading.identify(soon()), /cannot be opened \(ENOENT\): mount it/)
  fs.renameSync(`${folder}-away`, folder)
  assert.equal((await versionAt(reading, 'a')).bytes, 1)
})

test('another store with a marker of its own is another store; so is one that is mounted over in the middle', async (t) => {
  const { folder, reading, put } = lay(t)
  const one = await reading.identify(soon())
  for (let n = 0; n < 6; n++) await put(`f${n}`, 'x')
  const page = await reading.page({ prefix: '', most: 2 }, soon())
  fs.writeFileSync(path.join(folder, '.holdfast-store'), 'the other\n')
  assert.notEqual((await reading.identify(soon())).id, one.id)
  assert.deepEqual((await reading.page({ prefix: '', most: 9, ...(page.next !== undefined && { cursor: page.next }) }, soon())).items.map(({ key }) => key), ['f2', 'f3', 'f4', 'f5'], 'it begins anew behind the key')
  fs.rmSync(path.join(folder, '.holdfast-store'))
  fs.symlinkSync('f0', path.join(folder, '.holdfast-store'))
  await assert.rejects(reading.identify(soon()), /cannot be read \(ELOOP\)/)
})

test('G-13 no link is followed, on the way or at the end, and what is no plain file is shown and never touched', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  const outside = path.join(path.dirname(folder), 'outside')
  fs.mkdirSync(outside)
  fs.writeFileSync(path.join(outside, 'precious'), 'precious')
  fs.symlinkSync(outside, path.join(folder, 'way'))
  fs.symlinkSync(path.join(outside, 'precious'), path.join(folder, 'end'))
  fs.symlinkSync('.', path.join(folder, 'loop'))
  execFileSync('mkfifo', [path.join(folder, 'pipe')])
  await put('plain', 'p')
  const { items, whole } = await listed(reading, '', 2)
  assert.deepEqual(items.map((item) => [item.key, item.is]), [['end', 'odd'], ['loop', 'odd'], ['pipe', 'odd'], ['plain', 'version'], ['way', 'odd']])
  assert.equal(whole.odd, 4)
  const stat = fs.lstatSync(path.join(outside, 'precious'), { bigint: true })
  for (const key of ['way/precious', 'end', 'loop/plain', 'pipe']) {
    assert.equal((await reading.head({ key }, soon())).is, 'unknown', key)
    const outcome = await deleting.quarantine({ key, etag: `${stat.ino}-${stat.size}-${stat.mtimeNs}`, bytes: 8 }, soon())
    assert(outcome.is === 'refused' && outcome.why === 'unable', key)
    assert.notEqual((await reading.read({ key, etag: `${stat.ino}-${stat.size}-${stat.mtimeNs}`, from: 0, bytes: 8 }, soon())).is, 'read', key)
  }
  assert.equal(fs.readFileSync(path.join(outside, 'precious'), 'utf8'), 'precious')
})

test('a corner that leads out of the store is not used', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  await put('a', 'a')
  const outside = path.join(path.dirname(folder), 'outside')
  fs.mkdirSync(outside)
  fs.symlinkSync(outside, path.join(folder, '.holdfast'))
  const outcome = await deleting.quarantine(judgedOf(await versionAt(reading, 'a')), soon())
  assert(outcome.is === 'refused' && outcome.why === 'unable', JSON.stringify(outcome))
  assert.equal(fs.readFileSync(path.join(folder, 'a'), 'utf8'), 'a')
  assert.deepEqual(fs.readdirSync(outside), [])
  fs.rmSync(path.join(folder, '.holdfast'))
  const aside = doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'a')), soon()))
  fs.renameSync(path.join(folder, '.holdfast'), path.join(outside, 'corner'))
  fs.symlinkSync(path.join(outside, 'corner'), path.join(folder, '.holdfast'))
  for (const act of [deleting.purge, deleting.release]) assert.equal((await act(aside, soon())).is, 'refused')
  assert.equal(fs.readFileSync(path.join(outside, 'corner/quarantine', aside.token, 'object'), 'utf8'), 'a')
})

test('bytes that are no text, case twins and hard links keep their own names', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/x`), Buffer.from([0xff])]), 'odd')
  await put('Twin', '1')
  await put('twin', '2')
  fs.linkSync(path.join(folder, 'twin'), path.join(folder, 'twin2'))
  const { items } = await listed(reading, '', 1)
  assert.deepEqual(items.map((item) => item.is), ['version', 'version', 'version', 'odd'])
  doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'twin')), soon()))
  assert.deepEqual(fs.readdirSync(folder).filter((name) => /win/.test(name)), ['Twin', 'twin2'])
})

test('who was killed in the middle comes to the same end, wherever it was', async (t) => {
  const { folder, reading, deleting, put, everything } = lay(t)
  await put('a', 'a')
  const it = judgedOf(await versionAt(reading, 'a'))
  const aside = doneWith(await deleting.quarantine(it, soon()))
  const corner = path.join(folder, '.holdfast/quarantine', aside.token)
  assert.deepEqual(doneWith(await deleting.quarantine(it, soon())), aside, 'killed before it could say so')
  // Killed within a release, between the link and the unlink.
  fs.linkSync(path.join(corner, 'object'), path.join(folder, 'a'))
  assert.deepEqual(doneWith(await deleting.quarantine(it, soon())), aside)
  assert.deepEqual(await everything(), {})
  fs.linkSync(path.join(corner, 'object'), path.join(folder, 'a'))
  doneWith(await deleting.release(aside, soon()))
  assert.deepEqual(await everything(), { a: ['a'] })
  assert(!fs.existsSync(corner))
  // Killed before the rename: the name was written, or half of it.
  fs.mkdirSync(corner)
  fs.writeFileSync(path.join(corner, 'name'), '')
  assert.deepEqual(doneWith(await deleting.quarantine(it, soon())), aside)
  assert.equal(fs.readFileSync(path.join(corner, 'name'), 'utf8'), 'a\n')
  doneWith(await deleting.release(aside, soon()))
  const precious = path.join(path.dirname(folder), 'precious')
  fs.writeFileSync(precious, 'precious')
  fs.mkdirSync(corner)
  fs.symlinkSync(precious, path.join(corner, 'name'))
  assert.equal((await deleting.quarantine(it, soon())).is, 'refused', 'a link in its place is not written through')
  assert.equal(fs.readFileSync(precious, 'utf8'), 'precious')
  fs.unlinkSync(path.join(corner, 'name'))
  doneWith(await deleting.quarantine(it, soon()))
})

test('G-21 a folder is never purged, and what lies aside has its name beside it', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  await put('a', 'a')
  const aside = doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'a')), soon()))
  const outcome = await deleting.purge(aside, soon())
  assert(outcome.is === 'refused' && outcome.why === 'unable')
  assert.match(outcome.says, /a folder is never purged.*remove it by hand/)
  assert.equal((await deleting.probe(soon())).capabilities.purges.is, 'fail')
  assert.deepEqual(['object', 'name'].map((name) => fs.readFileSync(path.join(folder, '.holdfast/quarantine', aside.token, name), 'utf8')), ['a', 'a\n'])
})

test('what may not be looked at is not known to be gone: nothing is said of it, and nothing is done', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  await put('a', 'a')
  const it = judgedOf(await versionAt(reading, 'a'))
  const aside = doneWith(await deleting.quarantine(it, soon()))
  const corner = path.join(folder, '.holdfast/quarantine')
  fs.chmodSync(path.dirname(folder), 0o755)
  fs.chmodSync(path.dirname(corner), 0o755)
  fs.chmodSync(corner, 0)
  // For root nothing is closed.
  if (me === 0) process.seteuid?.(65_534)
  try {
    for (const act of [() => deleting.release(aside, soon()), () => deleting.quarantine(it, soon())]) await assert.rejects(act(), /cannot be looked at \(EACCES\)/)
  } finally {
    if (me === 0) process.seteuid?.(0)
    fs.chmodSync(corner, 0o700)
  }
  doneWith(await deleting.release(aside, soon()))
  assert.equal(fs.readFileSync(path.join(folder, 'a'), 'utf8'), 'a')
})

test('a listing dies with its folder rather than leave it out', async (t) => {
  const { folder, reading, put } = lay(t)
  for (const key of ['a/1', 'b/1', 'c/1']) await put(key, key)
  const first = await reading.page({ prefix: '', most: 1 }, soon())
  fs.rmSync(path.join(folder, 'b'), { recursive: true })
  fs.writeFileSync(path.join(folder, 'b'), 'now a file')
  await assert.rejects(reading.page({ prefix: '', most: 9, ...(first.next !== undefined && { cursor: first.next }) }, soon()).then(({ items }) => {
    // Its names were read before: a folder that is none any more is shown, never passed over.
    assert.equal(items.find((item) => item.key === 'b')?.is, 'odd')
    throw new Error('seen')
  }), /seen/)
})

test('a file dated 1970 or in the future has the date that it has', async (t) => {
  const { folder, reading, put } = lay(t)
  for (const [key, at] of [['a', 0], ['b', 4_294_967_290]] as const) {
    await put(key, '')
    fs.utimesSync(path.join(folder, key), at, at)
    assert.equal((await versionAt(reading, key)).modifiedAt, at * 1000)
  }
  assert.equal((await listed(reading)).whole.bytes, 0)
})

test('G-13 what lies on another device is no part of the store, file or folder', () => {
  const stat = (dev: bigint, isFolder: boolean): Parameters<typeof strange>[0] => ({ dev, isSymbolicLink: () => false, isDirectory: () => isFolder, isFile: () => !isFolder })
  assert.deepEqual([strange(stat(1n, false), 1n, false), strange(stat(1n, true), 1n, true)], [undefined, undefined])
  assert.deepEqual([strange(stat(2n, false), 1n, false), strange(stat(2n, true), 1n, true)], ['lies on another device', 'lies on another device'])
})
