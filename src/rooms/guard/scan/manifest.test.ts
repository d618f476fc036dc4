// The manifest is what damage is judged by: it must not be believed when it is itself damaged.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareWays, manifestReader, manifestWriter, rangeOf, rangesOf, sayPath, type Entry } from './manifest.ts'

const sum = (n: number): string => n.toString(16).padStart(64, '0')
const head = { root: '/srv/b\xfcckups', began: '2026-11-21T00:00:00.000Z', whole: false }
const bytes = fc.string({ unit: fc.integer({ min: 1, max: 255 }).filter((it) => it !== 47).map((it) => String.fromCharCode(it)), minLength: 1, maxLength: 12 }).filter((it) => it !== '.' && it !== '..')
const way = fc.array(bytes, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))

const written = (entries: readonly Entry[]): string[] => {
  const writer = manifestWriter(head)
  return [writer.head(), ...entries.map((it) => writer.entry(it)), writer.seal('2026-11-21T01:00:00.000Z')]
}

function readBack(text: string): { entries: Entry[]; files: number } {
  const reader = manifestReader('backups.manifest')
  const lines = text.split('\n')
  lines.pop()
  const entries = lines.flatMap((line) => reader.take(line) ?? [])
  return { entries, files: reader.end().seal.files }
}

const entriesOf = (ways: readonly string[]): Entry[] => [...new Set(ways)].sort(compareWays).map((path, n) => {
  const size = n % 3 === 0 ? 200 * 1024 * 1024 : n
  return { path, size, mtime: `${n}000000001`, sums: Array.from({ length: rangesOf(size, false) }, (_, i) => sum(n * 10 + i)) }
})

test('G-13 every name of bytes comes back from a manifest as it was', () => {
  fc.assert(fc.property(fc.array(way, { maxLength: 20 }), (ways) => {
    const entries = entriesOf(ways)
    assert.deepEqual(readBack(written(entries).join('')), { entries, files: entries.length })
  }))
})

test('tree order is the order of a walk: a folder’s files stand together, right behind its name', () => {
  const byParts = (a: string, b: string): number => {
    const [x, y] = [a.split('/'), b.split('/')]
    for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return (x[i] ?? '') < (y[i] ?? '') ? -1 : 1
    return x.length - y.length
  }
  fc.assert(fc.property(way, way, (a, b) => assert.equal(Math.sign(compareWays(a, b)), Math.sign(byParts(a, b)))))
  assert.deepEqual(['a.b', 'a/x', 'a', 'a-'].sort(compareWays), ['a', 'a/x', 'a-', 'a.b'])
})

test('a manifest that was cut short, flipped by a bit, reordered or continued is refused', () => {
  const lines = written(entriesOf(['a', 'b/c', 'b/d', 'e']))
  const whole = lines.join('')
  assert.equal(readBack(whole).files, 4)
  for (let n = 0; n < lines.length; n++) assert.throws(() => readBack(lines.slice(0, n).join('')), /cut short/)
  assert.throws(() => readBack([...lines.slice(0, 2), lines[3], lines[2], ...lines.slice(4)].join('')), /out of order/)
  assert.throws(() => readBack(`${whole}${lines[1]}`), /behind its seal/)
  assert.throws(() => readBack([...lines.slice(0, 2), ...lines.slice(3)].join('')), /seal does not fit/)
  const raw = Buffer.from(whole)
  fc.assert(fc.property(fc.integer({ min: 0, max: raw.length - 2 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
    const flipped = Buffer.from(raw)
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at)
    let read: { entries: Entry[] } | undefined
    try {
      read = readBack(flipped.toString())
    } catch {
      return
    }
    // What the seal says of its own moment is beside the point; entries never differ.
    assert.deepEqual(read.entries, readBack(whole).entries)
  }), { numRuns: 300 })
})

test('G-13 names that lead out of the root, or nowhere, are no entries', () => {
  for (const path of ['', '/etc', 'a//b', 'a/../b', '..', './a', 'a/.', 'a\0b']) {
    const reader = manifestReader('m')
    reader.take(JSON.stringify({ schema: 'holdfast.scanned/1', root: '/x', began: '', whole: false }))
    assert.throws(() => reader.take(JSON.stringify({ path, size: 1, mtime: '1', sha256: sum(1) })), /no entry/, path)
  }
})

test('files of any size have at most 4,096 ranges, and what is said of a name steers no terminal', () => {
  for (const size of [0, 1, 2 ** 26, 2 ** 26 + 1, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    assert(rangesOf(size, false) >= 1 && rangesOf(size, false) <= 4096)
    assert(rangeOf(size, false) * rangesOf(size, false) >= size)
    assert.equal(rangesOf(size, true), 1)
  }
  assert.equal(sayPath('a\nb\x1b[31m'), 'a\\nb\\u001b[31m')
  assert(sayPath('x'.repeat(4000)).length <= 300)
})
