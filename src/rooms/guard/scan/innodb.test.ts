// What a scan knows of InnoDB's files, and what it takes from innochecksum's words.
import assert from 'node:assert/strict'
import test from 'node:test'
import { doublewritten, pageBytesOf, readChecked } from './innodb.ts'

const head = (flags: number): Buffer => {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt32BE(flags, 54)
  return bytes
}

test('pages are as large as their file says, in every form that MariaDB writes', () => {
  assert.deepEqual([0x15, 0x13, 0x16, 0x17].map((flags) => pageBytesOf(head(flags))), [16_384, 4_096, 32_768, 65_536])
  assert.equal(pageBytesOf(head(0)), 16_384, 'the form before full_crc32')
  assert.equal(pageBytesOf(head(0x21 | (4 << 1))), 8_192, 'compressed ones are smaller in the file')
  assert.equal(pageBytesOf(head(3 << 6)), 4_096)
  assert.equal(pageBytesOf(head(0xf << 1)), undefined)
  assert.deepEqual([doublewritten(16_384), doublewritten(4_096)], [{ from: 64, to: 192 }, { from: 256, to: 768 }])
})

test('G-2 pages that innochecksum names are bad even where it ends well, and a file that a server holds is not judged', () => {
  assert.deepEqual(readChecked(0, ''), { is: 'checked', bad: [] })
  assert.deepEqual(readChecked(0, 'Fail: page::4 invalid\nFail: page::9 invalid\nFail: page::4 invalid\n'), { is: 'checked', bad: [4, 9] })
  assert.deepEqual(readChecked(1, 'Fail: page::4 invalid\nExceeded the maximum allowed checksum mismatch count::0 current::0\n'), { is: 'checked', bad: [4] })
  assert.deepEqual(readChecked(1, 'Error: Unable to lock file:: data/ibdata1\nfcntl: Resource temporarily unavailable\n'), { is: 'failed', inUse: true, says: 'a server holds it' })
  assert.deepEqual(readChecked(1, 'Error: x cannot be found\n'), { is: 'failed', inUse: false, says: 'innochecksum says: Error: x cannot be found' })
})
