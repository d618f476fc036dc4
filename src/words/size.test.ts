// Sizes as people read them.
import assert from 'node:assert/strict'
import test from 'node:test'
import { saySize } from './size.ts'

test('a size has at most three digits and a unit', () => {
  for (const [bytes, says] of [[0, '0 B'], [999, '999 B'], [1000, '1 KiB'], [1024, '1 KiB'], [1536, '1.5 KiB'], [102_400, '100 KiB'], [1_047_552, '1 MiB'], [5_000_000, '4.8 MiB'], [2 ** 40 * 3, '3 TiB'], [2 ** 60, '1024 PiB']] as const) assert.equal(saySize(bytes), says)
})
