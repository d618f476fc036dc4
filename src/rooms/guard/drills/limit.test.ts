// How long a drill may take: by what the last ones took, by the size where none was timed, or as it is written.
import assert from 'node:assert/strict'
import test from 'node:test'
import { hours, minutes } from '../../../core/time.ts'
import { rtoOf } from '../sets/score.ts'
import { limitOf } from './limit.ts'

const GIB = 1024 ** 3
const took = (span: number, bytes = GIB) => rtoOf([{ bytes: GIB, phases: [{ name: 'restore', ms: span }] }], bytes)
const none = rtoOf([], GIB)

test('X-9 a drill that does not end is given up: after four times what the last ones took, half an hour at least and half a day at most', () => {
  assert.equal(limitOf({ rto: took(1000), bytes: GIB }), minutes(30))
  assert.equal(limitOf({ rto: took(minutes(20)), bytes: GIB }), minutes(80))
  assert.equal(limitOf({ rto: took(minutes(20), 3 * GIB), bytes: 3 * GIB }), hours(4), 'of today\'s size')
  assert.equal(limitOf({ rto: took(hours(10)), bytes: GIB }), hours(12))
})

test('where no drill was timed the size of the copy says it, and where that says nothing the longest holds', () => {
  assert.equal(limitOf({ rto: none, bytes: 5000 }), minutes(30) + 3)
  assert.equal(Math.round(limitOf({ rto: none, bytes: 10 * GIB }) / 60_000), 115)
  assert.equal(limitOf({ rto: none, bytes: 1000 * GIB }), hours(12))
  assert.equal(limitOf({ rto: none }), hours(12))
})

test('what is written stands, shorter or longer', () => {
  assert.deepEqual([minutes(5), hours(9)].map((configured) => limitOf({ configured, rto: took(minutes(20)), bytes: GIB })), [minutes(5), hours(9)])
})
