// How far back the copies of a catalogue go, as a run is told: by the sets that are bound to it, and never less because something is missing.
import assert from 'node:assert/strict'
import test from 'node:test'
import { roomWorld } from '../../../../test/room-world.ts'
import { days, hours, instantOf, tickOf, type Instant, type Now } from '../../../core/time.ts'
import { TABLES as ACTS } from '../acts/rows.ts'
import { TABLES as RETENTION } from '../retention/rows.ts'
import { TABLES } from '../rows.ts'
import { readPattern, type Pattern } from '../sets/pattern.ts'
import type { BackupSet } from '../sets/set.ts'
import { lossesOf, oldestOf } from './duty.ts'

const NOON = Date.UTC(2026, 10, 21, 12) as Instant
const now: Now = { wall: NOON, tick: tickOf(days(40)), boot: 'boot' }

function world() {
  const { sql } = roomWorld({ name: 'guard', tables: TABLES + ACTS + RETENTION, projections: [], apply: {} }, () => now)
  const pattern = readPattern('pg/shop-{date}.dump')
  const undated = readPattern('pg/{any}.dump')
  assert(!('says' in pattern) && !('says' in undated))
  const set = (name: string, of: string | undefined, its: Pattern = pattern): BackupSet => ({ name, ...(of !== undefined && { of }), in: [{ store: 'main', pattern: its }] }) as unknown as BackupSet
  return {
    set, undated, sql,
    unknown: (sets: readonly BackupSet[], of: string) => oldestOf(sql, now, { of }, sets).oldestUnknown,
    oldest: (sets: readonly BackupSet[], of?: string, watchedBy: readonly string[] = []) => oldestOf(sql, now, { ...(of !== undefined && { of }), watchedBy }, sets).oldestCopy,
    listed: (name: string, ago: number): void => void sql.run(`insert into guard_listing (set_, store, wall, tick, boot, identity, asked_tick, asked_boot) values (?,'main',?,?,'boot','id',0,'')`, name, NOON - ago, now.tick - ago),
    aside: (name: string, key: string, life: 'leaving' | 'aside' | 'removing' | 'purged' | 'lost', modifiedAt?: Instant): void => {
      const laid = { token: 't', ...(modifiedAt !== undefined && { modifiedAt }) }
      sql.run(`insert into guard_object (reconcile, key, version, life_is, life, plan) values (?,?,1,?,?,'') on conflict do update set life_is = excluded.life_is, life = excluded.life`,
        `keep:${name}@main`, Buffer.from(key).toString('hex'), life, JSON.stringify(life === 'leaving' ? { is: life, ...laid } : { is: life, aside: laid }))
    },
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

test('G-23 a copy that lies aside counts as long as it could be brought back, and by its name where that is older; of one that says nothing nobody knows', () => {
  const { set, undated, oldest, listed, aside, copy } = world()
  const bound = [set('shop', 'games-db')]
  listed('shop', hours(3))
  copy('shop', 'pg/shop-2026-11-01.dump', instantOf(NOON - days(20)))
  const stands = NOON - Date.UTC(2026, 10, 1)
  for (const life of ['leaving', 'aside', 'removing'] as const) {
    aside('shop', 'pg/shop-2018-08-01.dump', life, instantOf(NOON - days(2)))
    assert.equal(oldest(bound, 'games-db'), NOON - Date.UTC(2018, 7, 1), life)
  }
  aside('shop', 'pg/shop-2018-08-01.dump', 'purged')
  assert.equal(oldest(bound, 'games-db'), stands, 'what is gone for good comes back no more')
  aside('other', 'pg/shop-2017-08-01.dump', 'aside')
  aside('shop-two', 'pg/shop-2017-08-01.dump', 'aside')
  assert.equal(oldest(bound, 'games-db'), stands, 'another set')
  listed('plain', hours(3))
  const plain = [set('plain', 'games-db', undated)]
  aside('plain', 'pg/one.dump', 'aside', instantOf(NOON - days(300)))
  assert.equal(oldest(plain, 'games-db'), days(300))
  aside('plain', 'pg/two.dump', 'aside')
  assert.equal(oldest(plain, 'games-db'), undefined)
})

test('G-23 of a copy that was lost to a store that did something else nobody knows whether it comes back: it counts by its name, and where that says nothing nothing is known', () => {
  const { set, undated, oldest, unknown, listed, aside } = world()
  listed('shop', hours(3))
  aside('shop', 'pg/shop-2018-08-01.dump', 'lost')
  assert.equal(oldest([set('shop', 'games-db')], 'games-db'), NOON - Date.UTC(2018, 7, 1))
  listed('plain', hours(3))
  aside('plain', 'pg/one.dump', 'lost')
  assert.equal(oldest([set('plain', 'games-db', undated)], 'games-db'), undefined)
  assert.match(unknown([set('plain', 'games-db', undated)], 'games-db') ?? '', /nothing is purged: nothing says how old “?pg\/one\.dump”? of plain is, which was set aside, or lost by its store/)
  listed('other', days(3))
  assert.match(unknown([set('other', 'games-db')], 'games-db') ?? '', /other in main was not listed for 2 d/)
})

test('G-23 a copy that was lost keeps purges off until a later listing shows that very version, or a person has accepted just that loss', () => {
  const { set, undated, sql, listed } = world()
  const bound = [set('plain', 'games-db', undated)]
  const config = { of: 'games-db' }
  const lose = (at: Instant, version: number, what: object | null = { etag: 'e', versionId: 'v1' }): void => {
    sql.run(`insert into guard_object (reconcile, key, version, life_is, life, plan) values ('keep:plain@main', ?, ?, 'lost', ?, '') on conflict do update set version = excluded.version, life = excluded.life`, Buffer.from('pg/one.dump').toString('hex'), version, JSON.stringify({ is: 'lost', says: 'it destroyed what it was to hide', ...(what && { what }) }))
    sql.run(`insert into guard_returned (set_, store, key, modified_at, at) values ('plain', 'main', 'pg/one.dump', null, ?) on conflict do update set at = excluded.at`, at)
  }
  const stands = (etag: string, version: string): void => {
    sql.run(`delete from guard_copy`)
    sql.run(`insert into guard_copy (set_, store, key, version, etag, bytes, modified_at, seen_at) values ('plain', 'main', 'pg/one.dump', ?, ?, 1, ?, ?)`, version, etag, NOON - days(20), NOON - days(20))
  }
  const oldest = (released: ReadonlySet<string> = new Set()) => oldestOf(sql, now, config, bound, released)
  const losses = () => lossesOf(sql, config, bound)
  listed('plain', hours(3))
  lose(instantOf(NOON - hours(2)), 7)
  stands('e', 'v1')
  assert.equal(oldest().oldestCopy, undefined, 'the listing is of before')
  assert(oldest().oldestUnknown?.includes(losses()[0]?.seen ?? '?'), 'its cure is named')
  assert.match(losses()[0]?.says ?? '', /pg\/one\.dump”? of plain: it destroyed what it was to hide; nothing is purged/)
  lose(instantOf(NOON - hours(6)), 7)
  assert.deepEqual([oldest().oldestCopy, losses()], [days(20), []], 'it stands there again, and counts as what it is')
  for (const [etag, version] of [['e', 'v2'], ['other', 'v1']] as const) {
    stands(etag, version)
    assert.equal(oldest().oldestCopy, undefined, 'another version under its name')
  }
  lose(instantOf(NOON - hours(6)), 7, null)
  stands('e', 'v1')
  assert.equal(oldest().oldestCopy, undefined, 'of which version it was, nobody took down')
  const [one] = losses()
  assert(one !== undefined)
  assert.equal(oldest(new Set(['another'])).oldestCopy, undefined)
  assert.equal(oldest(new Set([one.seen])).oldestCopy, days(20), 'it is not waited for any more')
  lose(instantOf(NOON - hours(5)), 9, null)
  assert.equal(oldest(new Set([one.seen])).oldestCopy, undefined, 'the next loss of it is another one')
})
