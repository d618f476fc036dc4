// What copies are called, and what their names say about time.
import assert from 'node:assert/strict'
import test from 'node:test'
import { dateOf, readPattern, type Dated, type Pattern } from './pattern.ts'

const pattern = (text: string): Pattern => {
  const read = readPattern(text)
  if ('says' in read) throw new Error(read.says)
  return read
}
const days = (it: Dated | undefined): string => (it?.is === 'dated' ? `${new Date(it.from).toISOString()} ${it.to - it.from}` : (it?.is ?? 'no'))

test('a name says a day, or a moment, in UTC', () => {
  const cases: readonly [pattern: string, key: string, says: string][] = [
    ['pg/shop-{date}.dump', 'pg/shop-2026-11-21.dump', '2026-11-21T00:00:00.000Z 86399999'],
    ['pg/shop-{date}.dump', 'pg/shop-2026-11-21.dump.part', 'no'],
    ['pg/shop-{date}.dump', 'pg/shop-2026-11-21Xdump', 'no'],
    ['{day}T{time}.gz', '20261121T0215Z.gz', '2026-11-21T02:15:00.000Z 59999'],
    ['{day}T{time}.gz', '20261121T021530.gz', '2026-11-21T02:15:30.000Z 0'],
    ['{date}/{time}', '2026-11-21/02:15:30', '2026-11-21T02:15:30.000Z 0'],
    ['{date}.{any}', '2026-02-30.tar', 'impossible'],
    ['{date}.{any}', '2026-11-21.a/b', 'no'],
    ['{day}{time}', '202611212560', 'impossible'],
    ['{date}', '9999-99-99', 'impossible'],
    ['restic/snapshots/{any}', 'restic/snapshots/0a1b', 'undated'],
    ['a+b(c)[d].{date}', 'a+b(c)[d].2026-01-01', '2026-01-01T00:00:00.000Z 86399999'],
    ['a.{date}', 'ab2026-01-01', 'no'],
    ['{any}{date}{any}', 'x-2026-01-01.tar.gz', '2026-01-01T00:00:00.000Z 86399999'],
    ['{day}{time}{any}', '20260101021530Z.gz', '2026-01-01T02:15:30.000Z 0'],
    ['{any}/{any}-{date}{any}', 'a'.repeat(1000), 'no'],
  ]
  for (const [text, key, says] of cases) assert.equal(days(dateOf(pattern(text), key)), says, `${text} ${key}`)
  assert.equal(pattern('pg/shop-{date}.dump').prefix, 'pg/shop-')
  assert.equal(pattern('plain').prefix, 'plain')
})

test('G-13 what leads out of a store, or says nothing, is no name', () => {
  for (const [text, says] of [
    ['', /1 to 500/], ['x'.repeat(501), /1 to 500/], ['/etc/{date}', /begin with a slash/], ['../{date}', /“\.\.”/], ['a/./{date}', /“\.”/], ['a\n{date}', /line break/], ['{data}', /no place/], ['{}', /no place/],
    ['{date', /brace/], ['date}', /brace/], ['{date}{date}', /twice/], ['{date}{day}', /the same/], ['{time}', /says nothing/], ['{any}{any}{any}{any}', /more than 3 times/],
  ] as const) {
    const read = readPattern(text)
    assert.ok('says' in read, text)
    assert.match(read.says, says)
  }
})
