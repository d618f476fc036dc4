import assert from 'node:assert/strict'
import { chmodSync, linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { leftOf, whyNotInto } from './into.ts'
import { accountOf, own } from './own.ts'

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-own-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}
const modeOf = (at: string): string => (lstatSync(at).mode & 0o7777).toString(8)

test('a data folder is closed for all but its owner, whatever rights its files came with', async (t) => {
  const folder = folderOf(t)
  mkdirSync(path.join(folder, 'base'))
  writeFileSync(path.join(folder, 'base', '1'), 'x')
  chmodSync(path.join(folder, 'base', '1'), 0o4755)
  chmodSync(path.join(folder, 'base'), 0o755)
  await own(folder, undefined)
  assert.deepEqual([modeOf(folder), modeOf(path.join(folder, 'base')), modeOf(path.join(folder, 'base', '1'))], ['700', '700', '600'])
  assert.deepEqual(accountOf('root:x:0:0::/:/bin/sh\npostgres:x:105:113::/var/lib/postgresql:/bin/bash\n', 'postgres'), { uid: 105, gid: 113 })
  assert.equal(accountOf('postgresql:x:1:1::/:/bin/sh\npostgres\n', 'postgres'), undefined)
})

test('G-13 nothing outside of a restored data folder is given away by a link in it', async (t) => {
  const folder = folderOf(t)
  const outside = path.join(folderOf(t), 'outside')
  writeFileSync(outside, 'x', { mode: 0o644 })
  symlinkSync(outside, path.join(folder, 'link'))
  await assert.rejects(own(folder, undefined), /link is no plain file/)
  rmSync(path.join(folder, 'link'))
  linkSync(outside, path.join(folder, 'hard'))
  await assert.rejects(own(folder, undefined), /hard has another name/)
  assert.equal(modeOf(outside), '644')
})

test('G-27 a restore goes where nothing is, and says what another one left that was killed', async (t) => {
  const folder = folderOf(t)
  const to = path.join(folder, 'shop')
  assert.equal(await whyNotInto(to), undefined)
  mkdirSync(to)
  assert.equal(await whyNotInto(to), undefined)
  writeFileSync(path.join(to, 'x'), '')
  assert.match(await whyNotInto(to) ?? '', /shop is not empty/)
  assert.match(await whyNotInto('/proc') ?? '', /is a file system of its own/)
  mkdirSync(path.join(folder, '.shop.restore_ab12'))
  mkdirSync(path.join(folder, '.other.restore_ab12'))
  assert.deepEqual(await leftOf(to), [path.join(folder, '.shop.restore_ab12')])
})
