import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import type { Repository } from '../../../ports/backup.ts'
import { tarReader } from '../../../ports/backup/tar.ts'
import { spoil } from './spoil.ts'

const folderOf = (t: TestContext): string => {
  const at = mkdtempSync(path.join(os.tmpdir(), 'holdfast-spoil-'))
  t.after(() => rmSync(at, { recursive: true, force: true }))
  return at
}

/** A tar archive of files of so many bytes, filled up to 10 KiB as tar does it. */
function tarOf(...sizes: readonly number[]): Buffer {
  const blocks = sizes.flatMap((size, n) => {
    const head = Buffer.alloc(512)
    head.write(`file-${n}`, 0)
    head.write(`0000644\0${'0000000\0'.repeat(2)}${size.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0        0`, 100)
    head.write('ustar\x0000', 257, 'latin1')
    head.write(`${head.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
    return [head, Buffer.alloc(Math.ceil(size / 512) * 512).fill('x', 0, size)]
  })
  const whole = Buffer.concat(blocks)
  return Buffer.concat([whole, Buffer.alloc(10_240 - (whole.length % 10_240))])
}

const judged = (bytes: Buffer): string => {
  const reader = tarReader(() => undefined)
  reader.take(bytes)
  return reader.end().is
}

test('G-2 a spoilt copy is never whole: cut where it still said something, however much fills it up', async (t) => {
  const at = path.join(folderOf(t), 'copy')
  for (const sizes of [[5], [512], [512, 512], [1536, 0, 512], [0, 0, 0], [100_000], Array.from({ length: 9 }, () => 512)]) {
    const whole = tarOf(...sizes)
    assert.equal(judged(whole), 'whole', String(sizes))
    writeFileSync(at, whole)
    assert.match(await spoil(at, undefined), /^all behind its first \d+ bytes was cut off, of \d+$/)
    const left = readFileSync(at)
    assert.deepEqual(left, whole.subarray(0, left.length))
    assert.notEqual(judged(left), 'whole', String(sizes))
  }
  for (const bytes of ['', 'x', '\0\0\0']) {
    writeFileSync(at, bytes)
    await assert.rejects(spoil(at, undefined), /too small to be spoilt/)
  }
})

test('of a repository every file of data is changed, and nothing else', async (t) => {
  const at = folderOf(t)
  const files = { 'data/00/a': 'first pack', 'data/01/b': 'second', 'data/empty': '', config: 'config', 'snapshots/x': 'one' }
  for (const name of ['data/00', 'data/01', 'snapshots']) mkdirSync(path.join(at, name), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(at, name), text)
  const repository: Repository = { place: () => undefined, first: [] }
  assert.match(await spoil(at, repository), /^one bit was flipped in the middle of each of its 2 files of data$/)
  assert.deepEqual(Object.entries(files).filter(([name, text]) => readFileSync(path.join(at, name), 'utf8') !== text).map(([name]) => name), ['data/00/a', 'data/01/b'])
  await assert.rejects(spoil(at, { ...repository, heart: 'packs' }), /holds no data/)
})
