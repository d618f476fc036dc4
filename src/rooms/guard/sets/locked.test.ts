// The fourth figure of 3-2-1-1-0: earned by what was seen twice, and by nothing that anybody only says.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Found } from '../../../core/evidence.ts'
import { days, hours, instantOf, minutes, tickOf, type Now, type Span } from '../../../core/time.ts'
import { openSql } from '../../../db/sql.ts'
import type { Lock } from '../../../ports/store.ts'
import { immutableFound, isWorthTrying, loadTried, LOCK_TABLES, saveTried, type Seen } from './locked.ts'

const NOW = instantOf(1_700_000_000_000)
const COPY = { key: 'shop.dump', etag: 'e' }
const sealed = (ahead: Span): Lock => ({ is: 'locked', hold: false, until: instantOf(NOW + ahead), sealed: true, says: '' })
const seen = (lock: Lock, more: Partial<Seen> = {}): Seen => ({ newest: COPY, locks: [{ ...COPY, lock, age: minutes(10) }], tried: { identity: 'one', lock: { is: 'pass' }, age: days(3) }, identity: 'one', ...more })

test('3-2-1-1-0 a copy is one that nobody can change where its lock is sealed, ahead, and of a store that was seen to keep its locks', () => {
  assert.deepEqual(immutableFound(seen(sealed(days(10))), NOW), { is: 'pass' })
  const cases: readonly (readonly [Seen, 'fail' | 'unknown', RegExp])[] = [
    [seen(sealed(minutes(4))), 'fail', /over, or nearly/],
    [seen({ is: 'locked', hold: false, until: instantOf(NOW + days(10)), says: '' }), 'fail', /governance mode/],
    [seen({ is: 'locked', hold: true, says: '' }), 'fail', /legal hold/],
    [seen({ is: 'free' }), 'fail', /not locked/],
    [seen({ is: 'unknown', says: 'access denied' }), 'unknown', /access denied/],
    [seen(sealed(days(10)), { newest: undefined }), 'unknown', /no copy that counts/],
    [seen(sealed(days(10)), { newest: { ...COPY, etag: 'another' } }), 'unknown', /nobody has read/],
    [seen(sealed(days(10)), { locks: [{ ...COPY, lock: sealed(days(10)), age: days(3) }] }), 'unknown', /nobody has read/],
    [seen(sealed(days(10)), { locks: [{ ...COPY, lock: sealed(days(10)), age: undefined }] }), 'unknown', /nobody has read/],
    [seen(sealed(days(10)), { tried: undefined }), 'unknown', /nobody has tried out/],
    [seen(sealed(days(10)), { tried: { identity: 'one', lock: { is: 'pass' }, age: days(31) } }), 'unknown', /nobody has tried out/],
    [seen(sealed(days(10)), { tried: { identity: 'one', lock: { is: 'pass' }, age: undefined } }), 'unknown', /nobody has tried out/],
    [seen(sealed(days(10)), { identity: 'two' }), 'unknown', /nobody has tried out/],
    [seen(sealed(days(10)), { tried: { identity: 'one', lock: { is: 'unknown', says: 'it was cut off' }, age: hours(1) } }), 'unknown', /cut off/],
    // One that lied once is not believed by growing old.
    [seen(sealed(days(10)), { tried: { identity: 'one', lock: { is: 'fail', says: 'it accepted a lock and then deleted what was locked' }, age: days(90) } }), 'fail', /then deleted/],
  ]
  for (const [it, is, says] of cases) {
    const found = immutableFound(it, NOW)
    assert.equal(found.is, is, String(says))
    assert.match(found.says ?? '', says)
  }
})

test('X-9 a try-out that could not tell takes nothing back of what was seen, and stands beside it with its time', () => {
  const sql = openSql(':memory:')
  sql.exec(LOCK_TABLES)
  const at = (tick: number): Now => ({ wall: instantOf(NOW + tick), tick: tickOf(tick), boot: 'b' })
  const save = (tick: number, identity: string, lock: Found): void => saveTried(sql, 'main', at(tick), { identity, lock })
  const read = (tick: number, identity = 'one'): Found => immutableFound(seen(sealed(days(90)), { tried: loadTried(sql, 'main', at(tick)), identity }), instantOf(NOW + tick))
  const cutOff: Found = { is: 'unknown', says: 'it was cut off' }
  save(0, 'one', cutOff)
  assert.deepEqual(read(minutes(1)), cutOff)
  save(hours(1), 'one', { is: 'fail', says: 'it deleted what was locked' })
  save(hours(2), 'one', cutOff)
  assert.deepEqual(read(hours(3)), { is: 'fail', says: 'its locks are none: it deleted what was locked' })
  save(hours(4), 'one', { is: 'pass' })
  assert.deepEqual(read(hours(5)), { is: 'pass' })
  save(days(8), 'one', cutOff)
  assert.deepEqual([read(days(9)).is, loadTried(sql, 'main', at(days(9)))?.age], ['pass', days(9) - hours(4)], 'it is as old as what was seen')
  assert.match(read(days(9)).says ?? '', /was seen to keep its locks; whether it still does could not be told at .* UTC: it was cut off/)
  assert.match(read(days(40)).says ?? '', /whether the store keeps its locks could not be told at/)
  assert.equal(read(days(40)).is, 'unknown')
  assert.match(read(days(9), 'two').says ?? '', /nobody has tried out lately/)
  assert.equal(isWorthTrying(seen(sealed(days(90)), { tried: loadTried(sql, 'main', at(days(14))) }), instantOf(NOW + days(14))), false, 'it was tried six days ago')
  assert.equal(isWorthTrying(seen(sealed(days(90)), { tried: loadTried(sql, 'main', at(days(16))) }), instantOf(NOW + days(16))), true)
  sql.close()
})

test('a store is tried out for its locks only where that would earn something, and not again within a week', () => {
  const locked = sealed(days(10))
  assert.equal(isWorthTrying(seen(locked, { tried: undefined }), NOW), true)
  assert.equal(isWorthTrying(seen(locked), NOW), false)
  assert.equal(isWorthTrying(seen(locked, { tried: { identity: 'one', lock: { is: 'pass' }, age: days(8) } }), NOW), true)
  assert.equal(isWorthTrying(seen(locked, { identity: 'two' }), NOW), true, 'another store is called so now')
  assert.equal(isWorthTrying(seen({ is: 'free' }, { tried: undefined }), NOW), false)
})
