// How far back the copies of a catalogue go, as a run is told: by the sets that are bound to it, and never less because something is missing.
import assert from 'node:assert/strict'
import test from 'node:test'
import { roomWorld } from '../../../../test/room-world.ts'
import { days, hours, instantOf, tickOf, type Instant, type Now } from '../../../core/time.ts'
import { TABLES } from '../rows.ts'
import { readPattern } from '../sets/pattern.ts'
import type { BackupSet } from '../sets/set.ts'
import { oldestOf } from './duty.ts'

const NOON = Date.UTC(2026, 10, 21, 12) as Instant
const now: Now = { wall: NOON, tick: tickOf(days(40)), boot: 'boot' }

function world() {
  const { sql } = roomWorld({ name: 'guard', tables: TABLES, projections: [], apply: {} }, () => now)
  const pattern = readPattern('pg/shop-{date}.dump')
  assert(typeof pattern !== 'string')
  const set = (name: string, of: string | undefined): BackupSet => ({ name, ...(of !== undefined && { of }), in: [{ store: 'main', pattern }] }) as unknown as BackupSet
  return {
    set,
    oldest: (sets: readonly BackupSet[], of?: string, watchedBy: readonly string[] = []) => oldestOf(sql, now, { ...(of !== undefined && { of }), watchedBy }, sets).oldestCopy,
    listed: (name: string, ago: number): void => void sql.run(`insert into guard_listing (set_, store, wall, tick, boot, identity, asked_tick, asked_boot) values (?,'main',?,?,'boot','id',0,'')`, name, NOON - ago, now.tick - ago),
    copy: (name: string, key: string, at: Instant): void => void sql.run(`insert into guard_copy (set_, store, key, version, etag, bytes, modified_at, seen_at) values (?,'main',?,'','e',1,?,?)`, name, key, at, at),
  }
}

test('G-23 without a set that is bound to the catalogue what is declared is all there is; with one, its oldest copy counts', () => {
  const { set, oldest, listed, copy } = world()
  assert.equal(oldest([set('shop', undefined), set('other', 'other-db')], 'games-db'), 'unbound')
  const bound = [set('shop', 'games-db'), set('other', 'other-db')]
  assert.equal(oldest(bound, 'games-db'), undefined, 'it was never listed')
  listed('shop', hours(3))
  assert.equal(oldest(bound, 'games-db'), 0, 'there is none')
  copy('shop', 'pg/shop-2026-11-01.dump', instantOf(NOON - days(20)))
  copy('shop', 'pg/shop-2026-10-02.dump', instantOf(NOON - days(2)))
  assert.equal(oldest(bound, 'games-db'), NOON - Date.UTC(2026, 9, 2), 'one that was moved is as old as its name says')
  assert.equal(oldest(bound, undefined, ['games-db']), NOON - Date.UTC(2026, 9, 2), 'a check on the same database binds as well')
})

test('G-23 a set that is bound and was not listed lately leaves it unknown, and unknown purges nothing', () => {
  const { set, oldest, listed, copy } = world()
  listed('shop', days(3))
  copy('shop', 'pg/shop-2026-11-01.dump', instantOf(NOON - days(20)))
  assert.equal(oldest([set('shop', 'games-db')], 'games-db'), undefined)
  listed('again', hours(1))
  assert.equal(oldest([set('again', 'games-db'), set('shop', 'games-db')], 'games-db'), undefined, 'one of two is not both')
})
