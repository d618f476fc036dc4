import assert from 'node:assert/strict'
import test from 'node:test'
import { readDamage } from './damage.ts'

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
