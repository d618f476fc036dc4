// One name in two spellings is found, and different names are not taken for one.
import assert from 'node:assert/strict'
import test from 'node:test'
import { fold, twinsOf } from './twins.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const between = (rows: readonly string[], objects: readonly string[]): readonly string[] => {
  const twins = twinsOf(20)
  for (const it of rows) twins.row(bytes(it))
  for (const it of objects) twins.object(bytes(it))
  return twins.found()
}

test('G-19 a row without its object and an object without its row in two spellings are found, in whatever folder', () => {
  const twins: readonly [row: string, object: string][] = [
    ['customers/t1/caf\u00e9', 'customers/t1/cafe\u0301'], ['customers/T1/11', 'customers/t1/11'], ['customers//t1/11', 'customers/t1/11'], ['customers/t1/a%20b', 'customers/t1/a b'], ['customers/t1/a+b', 'customers/t1/a b'],
    ['customers/t1/11 ', 'customers/t1/11'], ['/customers/t1/11', 'customers/t1/11'], ['customers\\t1\\11', 'customers/t1/11'], ['customers/t1/11\r', 'customers/t1/11'], ['customers/t1/11/', 'customers/t1/11'], ['customers/t1/\ufb01le', 'customers/t1/file'],
    ['customers/t1/caf%C3%A9', 'customers/t1/cafe\u0301'],
  ]
  for (const [row, object] of twins) {
    for (const [one, other] of [[row, object], [object, row]] as const) {
      const found = between([one, 'customers/x/1'], ['customers/y/2', other])
      assert.equal(found.length, 1, `${one} ${other}`)
      assert.match(found[0] ?? '', /^the row "customers|^the row "\/customers/)
      assert.match(found[0] ?? '', /^[ -~]+$/)
    }
  }
  assert.deepEqual(between(['customers/t1/11'], ['customers/t1/12', 'customers/t11', 'customers/t1/1/1', 'customers/t1/1-1']), [])
  assert.deepEqual(between([], ['customers/t1/12']), [])
  assert.equal(fold(Uint8Array.of(0xff, 0x41)), undefined)
  assert.equal(fold(bytes('100%/A')), '100%/a')
})

test('G-19 more rows without objects than are compared are not taken for compared', () => {
  const twins = twinsOf(20)
  for (let n = 0; n < 10_001; n++) twins.row(bytes(`customers/t1/${n}`))
  assert.deepEqual(twins.found(), [])
  twins.object(bytes('customers/t2/1'))
  assert.match(twins.found().join(), /10001 rows have no object, more than are compared/)
})
