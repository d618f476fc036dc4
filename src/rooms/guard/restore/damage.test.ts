import assert from 'node:assert/strict'
import test from 'node:test'
import { readDamage, readInnochecksum } from './damage.ts'

const report = (more: object = {}): object => ({
  schema: 'holdfast.scan/1', is: 'ended', root: '/srv', manifest: '/m', findings: [
    { path: 'a', verdict: 'damaged' }, { path: 'b', verdict: 'changed' }, { path: 'ä/c', verdict: 'missing' }, { path64: Buffer.from([0xff]).toString('base64'), verdict: 'unreadable' }, { path: 'd', verdict: 'unsteady' }, { path: 'e', verdict: 'unseen' }, { path: 'a', verdict: 'damaged' },
  ], ...more,
})

test('G-27 only what is damaged, missing or unreadable is restored; what somebody wrote, or nobody saw, is left alone', () => {
  assert.deepEqual(readDamage(report()), { root: '/srv', manifest: '/m', paths: ['a', Buffer.from('ä/c').toString('latin1'), '\xff'] })
  assert.deepEqual(readDamage({ schema: 'holdfast.pages/1', is: 'ended', root: '/pg', bad: [{ path: 'base/5/16384', block: 3, flaw: 'checksum' }, { path: 'base/5/16384', block: 4, flaw: 'torn' }], unread: [{ path: 'base/5/2', says: 'EIO' }] }),
    { root: '/pg', manifest: undefined, paths: ['base/5/16384', 'base/5/2'] })
})

test('a report that is cut, leaves something out, or leads out of its folder is refused', () => {
  for (const [it, says] of [
    [report({ is: 'stopped' }), /did not come to its end/], [report({ is: 'halted' }), /did not come to its end/], [report({ more: 3 }), /leaves out 3/], [{}, /no report of a scan/], [null, /no report/],
    [report({ findings: [{ path: '../etc/passwd', verdict: 'damaged' }] }), /lies in no folder/], [{ schema: 'holdfast.pages/1', is: 'stopped', root: '/pg', bad: [], unread: [] }, /stopped before/],
  ] as const) {
    const read = readDamage(it)
    assert(typeof read === 'string')
    assert.match(read, says)
  }
})

test('G-27 what innochecksum printed names files that are damaged, and is refused where it does not', () => {
  const paths = (text: string): readonly string[] | string => {
    const read = readInnochecksum(text)
    return typeof read === 'string' ? read : read.paths
  }
  const FAIL = 'Fail: page::3 invalid\nExceeded the maximum allowed checksum mismatch count::1 current::0\n'
  assert.deepEqual(paths(`${FAIL}/copy/shop/orders.ibd\n${FAIL}/copy/shop/my lines.ibd\n`), ['/copy/shop/orders.ibd', '/copy/shop/my lines.ibd'])
  assert.deepEqual(paths('/copy/shop/orders.ibd\n/copy/ibdata1\n'), ['/copy/shop/orders.ibd', '/copy/ibdata1'])
  assert.deepEqual(paths(`InnoDB File Checksum Utility.\nFilename = shop/a.ibd\nspace::4 page::0; log\nInnoDB File Checksum Utility.\nFilename = shop/b.ibd\n${FAIL}`), ['shop/b.ibd'])
  assert.deepEqual(paths('./shop/orders.ibd is damaged:\nFail: page::4 invalid\n./shop/orders.ibd\n'), ['./shop/orders.ibd'])
  assert.deepEqual(paths('InnoDB File Checksum Utility.\nFilename = shop/a.ibd\n'), [])
  for (const [text, says] of [[FAIL, /does not say in which file/], [`/copy/shop/a.ibd\n${FAIL}`, /does not say in which file/], ['', /not what innochecksum prints/], ['nothing at all', /not what innochecksum prints/], ['InnoDB: Unable to lock file shop/a.ibd\n', /a server ran on these files/]] as const) assert.match(String(paths(text)), says)
})
