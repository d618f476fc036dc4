// Which folders are scanned side by side, and how far they are together.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ms } from '../../../core/time.ts'
import { lanesOf, together } from './devices.ts'
import type { Progress } from './pace.ts'

test('folders on one device stay one after another, in their order; devices are side by side', () => {
  const devices: Record<string, bigint | undefined> = { a: 1n, b: 2n, c: 1n, d: undefined, e: undefined, f: 2n }
  assert.deepEqual(lanesOf(Object.keys(devices), (it) => devices[it]), [['a', 'c'], ['b', 'f'], ['d', 'e']])
  assert.deepEqual(lanesOf([], () => 1n), [])
})

test('together they are as far as all of them, as fast, as sure as the least sure, and take as long as the longest', () => {
  const one: Progress = { files: 1, bytes: 10, total: { is: 'known', bytes: 100, files: 4 }, speed: 5, left: ms(18_000) }
  const two: Progress = { files: 2, bytes: 30, total: { is: 'as last time', bytes: 50, files: 3 }, speed: 20, left: ms(1000) }
  assert.deepEqual(together([one, two]), { files: 3, bytes: 40, total: { is: 'as last time', bytes: 150, files: 7 }, speed: 25, left: 18_000 })
  const unsure: Progress = { files: 2, bytes: 30, total: { is: 'at least', bytes: 50, files: 3 }, speed: 20 }
  const all = together([one, unsure])
  assert.deepEqual([all.total.is, all.left], ['at least', undefined])
  assert.deepEqual(together([one]), one)
})
