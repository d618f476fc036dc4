// The node's key is made once, for this user alone, and never replaced by itself.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { loadNodeKey } from './node-key.ts'

function folder(t: { after(fn: () => void): void }): string {
  const at = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-key-'))
  t.after(() => fs.rmSync(at, { recursive: true }))
  return at
}

test('made at the first start, the same ever after, readable by its owner alone', async (t) => {
  const at = folder(t)
  const made = await loadNodeKey(at)
  assert.equal(made.length, 32)
  assert.equal(fs.statSync(path.join(at, 'node.key')).mode & 0o777, 0o600)
  assert.deepEqual(fs.readdirSync(at), ['node.key'])
  assert.deepEqual(await loadNodeKey(at), made)
  fs.chmodSync(path.join(at, 'node.key'), 0o644)
  assert.deepEqual(await loadNodeKey(at), made)
  assert.equal(fs.statSync(path.join(at, 'node.key')).mode & 0o777, 0o600)
})

test('two that start at once have one key', async (t) => {
  const at = folder(t)
  const keys = await Promise.all(Array.from({ length: 6 }, () => loadNodeKey(at).catch((cause: unknown) => cause)))
  const good = keys.filter((key): key is Buffer => Buffer.isBuffer(key))
  assert(good.length > 0)
  for (const key of good) assert.deepEqual(key, fs.readFileSync(path.join(at, 'node.key')))
})

for (const [what, bytes] of [['empty', 0], ['short', 31], ['long', 33]] as const) {
  test(`a key that is ${what} is an error with a cure, and stays as it is`, async (t) => {
    const at = folder(t)
    fs.writeFileSync(path.join(at, 'node.key'), Buffer.alloc(bytes))
    await assert.rejects(loadNodeKey(at), /backup|remove the file/)
    assert.equal(fs.statSync(path.join(at, 'node.key')).size, bytes)
  })
}

test('a link in its place is not followed', async (t) => {
  const at = folder(t)
  fs.writeFileSync(path.join(at, 'other'), Buffer.alloc(32))
  fs.symlinkSync('other', path.join(at, 'node.key'))
  await assert.rejects(loadNodeKey(at), /cannot be read \(ELOOP\)/)
})
