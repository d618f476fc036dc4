// A real folder, real threads: what is said of it, that nothing is written into it, and that a scan which is killed goes on where it was.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { appendFileSync, chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { Settled } from '../../rooms/guard/scan/journal.ts'
import type { ScanReport, ScanWants } from '../../rooms/guard/scan/scan.ts'
import { slowAt } from './disk.ts'
import { linesOf } from './lines.ts'
import { scan } from './scan.ts'

const never = new AbortController().signal
const KIB = 1024

interface Place { readonly root: string; readonly manifest: string; at(name: string): string }

/** A folder to scan and a place for its manifest, gone after the test. */
function placeFor(t: { after(act: () => void): void }): Place {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-scan-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const root = path.join(folder, 'root')
  mkdirSync(path.join(root, 'deep/er'), { recursive: true })
  return { root, manifest: path.join(folder, 'root.manifest'), at: (name) => path.join(root, name) }
}

const bytes = (size: number, seed: number): Buffer => Buffer.from(Uint32Array.from({ length: Math.ceil(size / 4) }, (_, n) => Math.imul(n + seed, 2654435761)).buffer).subarray(0, size)

async function taken({ root, manifest }: Place, more: Partial<ScanWants> = {}): Promise<ScanReport & { found: Record<string, string>; all: Settled[] }> {
  const all: Settled[] = []
  const report = await scan({ folder: root, manifest, signal: never, found: (it) => void all.push(it), ...more })
  return { ...report, all, found: Object.fromEntries(all.map((it) => [it.path, it.verdict])) }
}

const filled = (place: Place): void => {
  writeFileSync(place.at('empty'), '')
  writeFileSync(place.at('small'), bytes(300, 1))
  writeFileSync(place.at('deep/mib'), bytes(1024 * KIB, 2))
  writeFileSync(place.at('deep/er/odd'), bytes(3000 * KIB + 7, 3))
  writeFileSync(Buffer.concat([Buffer.from(place.at('deep/')), Buffer.from([0xff, 0xe4])]), bytes(100, 4))
}

/** Writes and leaves the time as it was, as a disk does it. */
const rot = (file: string, at: number, put: string | Buffer): void => {
  const { atime, mtime } = statSync(file)
  const fd = fs.openSync(file, 'r+')
  const rotten = Buffer.from(put)
  fs.writeSync(fd, rotten, 0, rotten.length, at)
  fs.closeSync(fd)
  utimesSync(file, atime, mtime)
}

/** Times in whole milliseconds, so that they can be put back exactly. */
const settle = (place: Place): void => {
  for (const name of readdirSync(place.root, { recursive: true, encoding: 'latin1' })) fs.lutimesSync(Buffer.from(`${place.root}/${name}`, 'latin1'), 1_700_000_000, 1_700_000_000)
}

test('a first scan makes a manifest; what rotted, changed, came and went is told apart, and nothing is written there', async (t) => {
  const place = placeFor(t)
  filled(place)
  writeFileSync(place.at('goes'), 'x')
  writeFileSync(place.at('touched'), 'x')
  writeFileSync(place.at('changes'), 'x')
  symlinkSync('/etc', place.at('link'))
  settle(place)
  const first = await taken(place)
  assert.deepEqual([first.is, first.wrote, first.files, first.odd, first.tally.new, first.found], ['ended', 'made', 8, 1, 8, {}])
  assert.equal(first.bytes, 300 + 1024 * KIB + 3000 * KIB + 7 + 100 + 3)
  assert.deepEqual((await taken(place)).tally.same, 8)
  const [before, stamp] = [readFileSync(place.manifest), lstatSync(place.at('deep')).ctimeMs]

  rot(place.at('deep/er/odd'), 2_500_000, 'rot')
  rmSync(place.at('goes'))
  utimesSync(place.at('touched'), 1, 1)
  appendFileSync(place.at('changes'), 'more')
  writeFileSync(place.at('came'), 'x')
  const second = await taken(place)
  assert.deepEqual(second.found, { came: 'new', changes: 'changed', 'deep/er/odd': 'damaged', goes: 'missing', touched: 'touched' })
  assert.deepEqual([second.compared, second.wrote, second.tally.same], [true, 'nothing', 4])
  assert.deepEqual(readFileSync(place.manifest), before, 'comparing does not bless')
  assert.equal(lstatSync(place.at('deep')).ctimeMs, stamp)
  assert.deepEqual(readdirSync(path.dirname(place.manifest)).toSorted(), ['root', 'root.manifest'])
})

test('what is taken over by an update never holds damage', async (t) => {
  const place = placeFor(t)
  filled(place)
  settle(place)
  await taken(place)
  rot(place.at('small'), 10, 'rot')
  writeFileSync(place.at('came'), 'x')
  assert.deepEqual((await taken(place, { update: true })).found, { came: 'new', small: 'damaged' })
  assert.deepEqual((await taken(place, { update: true })).found, { small: 'damaged' })
  rot(place.at('small'), 0, bytes(300, 1))
  assert.deepEqual((await taken(place)).found, {})
})

test('a file of several ranges is read in pieces, and its damage has a place', async (t) => {
  const place = placeFor(t)
  const file = place.at('large')
  writeFileSync(file, '')
  fs.truncateSync(file, 150 * 1024 * KIB)
  settle(place)
  assert.equal((await taken(place)).files, 1)
  rot(file, 140 * 1024 * KIB, 'rot')
  const { all } = await taken(place)
  assert.deepEqual(all.map((it) => [it.verdict, it.ranges]), [['damaged', [2]]])
})

test('an empty folder that was full is not taken for empty, and a folder that is none is refused', async (t) => {
  const place = placeFor(t)
  filled(place)
  await taken(place)
  renameSync(place.root, `${place.root}.away`)
  mkdirSync(place.root)
  const { is, says = '', found } = await taken(place)
  assert.deepEqual([is, found], ['halted', {}])
  assert.match(says, /is it mounted/)
  await assert.rejects(scan({ folder: place.at('no'), signal: never }), /no such folder/)
  await assert.rejects(scan({ folder: place.manifest, signal: never }), /is no folder/)
})

test('a manifest may not lie in what is scanned, belong to another folder, or be damaged', async (t) => {
  const place = placeFor(t)
  filled(place)
  await assert.rejects(taken(place, { manifest: place.at('deep/m') }), /nothing is written into what is scanned/)
  assert(!existsSync(place.at('deep/m.lock')))
  await taken(place)
  await assert.rejects(taken(place, { folder: place.at('deep') }), /name another manifest/)
  rot(place.manifest, 300, '~~')
  await assert.rejects(taken(place), /cannot be relied on/)
})

test('what cannot be looked into is not missing', async (t) => {
  const place = placeFor(t)
  filled(place)
  await taken(place)
  // A link where a folder was: what lay in it is gone from here, and is not looked for elsewhere.
  renameSync(place.at('deep/er'), `${path.dirname(place.root)}/er`)
  symlinkSync('../../er', place.at('deep/er'))
  const { found } = await taken(place)
  assert.deepEqual(found, { 'deep/er/odd': 'missing' })
  rmSync(place.at('deep/er'))
  renameSync(`${path.dirname(place.root)}/er`, place.at('deep/er'))
  if (process.getuid?.() === 0) return
  chmodSync(place.at('deep/er'), 0)
  t.after(() => chmodSync(place.at('deep/er'), 0o700))
  assert.deepEqual((await taken(place)).found, { 'deep/er': 'unreadable', 'deep/er/odd': 'unseen' })
})

const PROGRAM = `
import { scan } from ${JSON.stringify(new URL('./scan.ts', import.meta.url).href)}
const [folder, manifest, rate] = process.argv.slice(1)
await scan({ folder, manifest, rate: Number(rate), signal: new AbortController().signal })
`

test('X-1 a scan that is killed goes on where it was, and reads again at most what was in flight', async (t) => {
  const place = placeFor(t)
  const [files, size] = [40, 2 * 1024 * KIB]
  for (let n = 0; n < files; n++) writeFileSync(place.at(`f${String(n).padStart(2, '0')}`), bytes(size, n))
  const total = files * size
  let kills = 0
  const read = (): number => (existsSync(`${place.manifest}.open`) ? [...linesOf(`${place.manifest}.open`)].length * size : 0)
  for (let seen = 0; kills < 3; kills++) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', PROGRAM, '--', place.root, place.manifest, String(total / 10)], { stdio: 'inherit' })
    // One that ended by itself, before anybody looked, has no second end.
    const ended = once(child, 'exit')
    for (const until = Date.now() + 60_000; read() <= seen && Date.now() < until;) await new Promise((resolve) => void setTimeout(resolve, 20))
    child.kill('SIGKILL')
    await ended
    assert(read() > seen, 'it got further')
    seen = read()
  }
  const known = read()
  // A crash in the middle of a line.
  appendFileSync(`${place.manifest}.open`, '01234567 {"path":"f')
  const last = await taken(place)
  assert.deepEqual([last.is, last.resumed, last.files, last.tally.new, last.wrote], ['ended', true, files, files, 'made'])
  assert.equal(last.read, total - known, 'what is in the journal is not read again')
  assert.deepEqual(readdirSync(path.dirname(place.manifest)).toSorted(), ['root', 'root.manifest'])
  assert.equal((await taken(place)).tally.same, files)
})

test('stopped between two windows and within one, it ends with the same manifest as an undisturbed scan', async (t) => {
  const place = placeFor(t)
  for (let n = 0; n < 1500; n++) writeFileSync(place.at(`n${n}`), String(n))
  writeFileSync(place.at('deep/changes'), 'before')
  await taken(place, { manifest: `${place.manifest}.calm` })
  for (let n = 0, over = false; !over; n++) {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), 60 + 30 * n)
    over = (await taken(place, { signal: stop.signal })).is === 'ended'
    clearTimeout(timer)
  }
  const entries = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(1, -2)
  assert.deepEqual(entries(place.manifest), entries(`${place.manifest}.calm`))
})

test('one scan at a time holds a manifest', async (t) => {
  const place = placeFor(t)
  for (let n = 0; n < 4; n++) writeFileSync(place.at(`f${n}`), bytes(1024 * KIB, n))
  const stop = new AbortController()
  const first = taken(place, { rate: 100 * KIB, signal: stop.signal })
  await assert.rejects(taken(place), /Another scan is under way/)
  stop.abort()
  assert.equal((await first).is, 'stopped')
})

test('a disk turns if a quarter of single blocks take milliseconds, or if nothing could be tried', () => {
  const took = (fast: number, slow: number): number[] => [...Array.from({ length: fast }, () => 0.2), ...Array.from({ length: slow }, () => 6)]
  assert.deepEqual([slowAt(took(24, 0)), slowAt(took(20, 4)), slowAt(took(16, 8)), slowAt(took(0, 24))], [false, false, true, true])
  assert.deepEqual([slowAt([]), slowAt(took(5, 0))], [true, true], 'what could not be tried is believed')
})
