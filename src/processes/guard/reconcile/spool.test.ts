// Spools against arrays: keys of any bytes and any length up to the longest, in files that are read in blocks; a file that is cut anywhere is none.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { keyAt, keyBody, keysFrom, rowBody, rowsFrom } from './inputs.ts'
import { writeSpool, type Spooled } from './spool.ts'
import { union } from './union.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-spool-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

function spooled(keys: readonly Uint8Array[]): Spooled {
  const writer = writeSpool(path.join(folder, `${++files}.spool`))
  for (const key of keys) writer.add(key, keyBody)
  return writer.end()
}
const walked = (it: Spooled): { keys: string[]; ended: string } => {
  const keys: string[] = []
  const cursor = keysFrom(it, { is: 'whole', count: it.count })
  while (cursor.next()) keys.push(Buffer.from(keyAt(cursor)).toString('hex'))
  return { keys, ended: cursor.ended().is }
}
const hex = (keys: readonly Uint8Array[]): string[] => keys.map((key) => Buffer.from(key).toString('hex'))
const sorted = (keys: readonly Uint8Array[]): Uint8Array[] => [...keys].sort((a, b) => Buffer.compare(a, b))
const anyKeys = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 40 }), { selector: (it) => Buffer.from(it).toString('hex'), maxLength: 30 }).map(sorted)

test('what was spooled comes back as it was, keys of any bytes', () => {
  fc.assert(fc.property(anyKeys, (keys) => assert.deepEqual(walked(spooled(keys)), { keys: hex(keys), ended: 'whole' })), { numRuns: 150, seed: 3 })
  const many = sorted(Array.from({ length: 20_000 }, (_, i) => Buffer.from(`${String(i).padStart(6, '0')}${'x'.repeat(i % 900)}`)))
  assert.deepEqual(walked(spooled(many)).keys.length, 20_000)
  const long = [Buffer.alloc(65_535, 1), Buffer.alloc(65_535, 2), Buffer.from([3])]
  assert.deepEqual(walked(spooled(long)).keys, hex(long))
})

test('G-10 a key that repeats itself or goes back is refused where it is written', () => {
  assert.throws(() => spooled([Buffer.from('a'), Buffer.from('a')]), /"a" comes twice/)
  assert.throws(() => spooled([Buffer.from('b'), Buffer.from('a')]), /"a" comes after "b"/)
})

test('G-10 a spool that is cut anywhere ended early', () => {
  const it = spooled([Buffer.from('aaaa'), Buffer.from('bbbb')])
  for (let bytes = it.bytes - 1; bytes >= 0; bytes--) {
    truncateSync(it.path, bytes)
    assert.equal(walked(it).ended, 'early', `${bytes} bytes`)
  }
})

test('several lists are one, each key once', () => {
  fc.assert(fc.property(fc.array(anyKeys, { maxLength: 4 }), (lists) => {
    const all = union(lists.map(spooled), path.join(folder, `${++files}.union`))
    assert.deepEqual(walked(all).keys, [...new Set(lists.flatMap(hex))].sort())
  }), { numRuns: 100, seed: 5 })
})

test('lock and tenant stand beside the key, whatever the key is', () => {
  const writer = writeSpool(path.join(folder, 'rows'))
  writer.add(Buffer.from('a'), rowBody('locked', 'tenant é'))
  writer.add(Buffer.from('b'), rowBody('unknown', undefined))
  writer.add(Buffer.from('c'), rowBody('free', ''))
  const rows = rowsFrom(writer.end(), { is: 'whole', count: 3 })
  const seen: unknown[] = []
  while (rows.next()) seen.push([rows.lock, rows.tenant()])
  assert.deepEqual(seen, [['locked', 'tenant é'], ['unknown', undefined], ['free', '']])
})

test('G-20 what was kept of a spool stays as it was, whatever is read behind it', () => {
  const it = spooled(Array.from({ length: 30_000 }, (_, i) => Buffer.from(`customers/${String(i).padStart(9, '0')}`)))
  const cursor = keysFrom(it, { is: 'whole', count: it.count })
  const kept: Uint8Array[] = []
  while (cursor.next()) kept.push(keyAt(cursor))
  assert.deepEqual([kept.length, Buffer.from(kept[0] ?? []).toString(), Buffer.from(kept[19_999] ?? []).toString()], [30_000, 'customers/000000000', 'customers/000019999'])
  // What is written may come out of such a block, too.
  const block = Buffer.from('ab')
  const writer = writeSpool(path.join(folder, 'reused'))
  writer.add(block.subarray(0, 1), keyBody)
  block.fill('z')
  writer.add(Buffer.from('b'), keyBody)
  assert.equal(writer.end().count, 2)
})
