// The people room over a store in memory: the first owner is one, sessions end when they must, codes count once, what was sealed
// lies nowhere in the open, the ledger holds no secret, and a rebuild gives the same.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { codeAt, periodOf } from '../../core/totp.ts'
import { days, hours, instantOf, minutes, ms, tickOf, type Now } from '../../core/time.ts'
import { entries } from '../../db/store.ts'
import { rebuildLedger } from '../../db/verify.ts'
import { addPasskey, beginTotp, confirmTotp, findPasskey, newRecovery, recoveryLeft, removeFactor, takeCode, takeRecovery, usedPasskey } from './factors.ts'
import { peopleRoom, type Member } from './index.ts'
import { giveBack, networkOf, PER_ACCOUNT, takeTry, type Buckets } from './limits.ts'
import { lookLink, newLink, useLink } from './links.ts'
import { ABSOLUTE, close, closeAll, IDLE, IDLE_STRONG, isToTouch, look, open, sessionsOf, touch } from './sessions.ts'
import { roomWorld } from '../../../test/room-world.ts'

const random = (bytes: number): Uint8Array => randomBytes(bytes)
const MEMBERS = new Map<string, Member>([
  ['ada', { person: 'ada', email: 'ada@acme.example', phone: '+493000001', roles: ['approver'] }],
  ['bo', { person: 'bo', email: 'bo@acme.example', roles: ['responder'] }],
])

function world(t: { after(act: () => void): void }) {
  let [at, set] = [1_000_000, 0]
  const now = (): Now => ({ wall: instantOf(1_795_000_000_000 + at + set), tick: tickOf(at), boot: 'boot' })
  const room = peopleRoom({ key: new Uint8Array(32).fill(7), random, lived: () => ms(at), members: () => MEMBERS })
  const { sql, store, turn } = roomWorld(room, now)
  t.after(() => sql.close())
  const strong = (person: string): boolean => room.isStrong(sql, person)
  return {
    sql, room, store, turn, now,
    sign: (person: string) => turn((tx) => open(tx, random, ms(at), { person, means: 'passkey', agent: 'a browser', origin: '127.0.0.1' })),
    whose: (secret: string) => look(sql, secret, strong, { now: now(), lived: ms(at) })?.person,
    session: (secret: string) => look(sql, secret, strong, { now: now(), lived: ms(at) }),
    pass: (span: number) => void (at += span),
    set: (by: number) => void (set += by),
    lived: () => ms(at),
    facts: () => [...entries(sql)].map(({ is }) => is),
    spilled: (secret: string) => JSON.stringify([...entries(sql)]).includes(secret),
  }
}

test('the first owner is one, for ever, and the last owner stays one', (t) => {
  const it = world(t)
  const claims = it.turn((tx) => ['ada', 'bo', 'ada'].map((person) => it.room.claim(tx, person)))
  assert.deepEqual(claims, [true, false, false])
  assert.deepEqual(it.room.rolesOf(it.sql, 'ada'), ['approver', 'owner'])
  assert.equal(it.turn((tx) => it.room.grant(tx, 'ada', [], 'ada')), 'last-owner')
  assert.equal(it.turn((tx) => it.room.grant(tx, 'bo', ['owner'], 'ada')), 'granted')
  assert.equal(it.turn((tx) => it.room.grant(tx, 'ada', [], 'bo')), 'granted')
  assert.deepEqual([it.room.rolesOf(it.sql, 'ada'), it.room.rolesOf(it.sql, 'bo'), it.room.rolesOf(it.sql, 'eve')], [['approver'], ['responder', 'owner'], []])
  assert.equal(it.turn((tx) => it.room.claim(tx, 'ada')), false)
})

test('a session is its holder’s until it ends: by use, by time, by a change of password, role or by hand', (t) => {
  const it = world(t)
  const bo = it.sign('bo')
  assert.equal(it.whose(bo.secret), 'bo')
  for (const wrong of ['', bo.id, `${bo.secret}A`, bo.secret.toLowerCase(), 'A'.repeat(43)]) assert.equal(it.whose(wrong), undefined)
  const other = it.sign('bo')
  it.turn((tx) => it.room.setPassword(tx, 'bo', 'hash', 'bo', bo.id))
  assert.deepEqual([it.whose(bo.secret), it.whose(other.secret)], ['bo', undefined], 'all but the one that changed it')
  it.turn((tx) => it.room.grant(tx, 'bo', ['editor'], 'ada'))
  assert.equal(it.whose(bo.secret), undefined)
  const again = it.sign('bo')
  assert.equal(it.turn((tx) => close(tx, again.id, 'signed out')), true)
  assert.equal(it.turn((tx) => close(tx, again.id, 'signed out')), false)
  assert.equal(it.whose(again.secret), undefined)
  assert.equal(sessionsOf(it.sql, 'bo').length, 0)
  for (const { secret } of [bo, other, again]) assert.ok(!it.spilled(secret))
})

test('X-7 a session ends by whichever clock says so; whoever can approve has a shorter one', (t) => {
  for (const [person, limit] of [['bo', IDLE], ['ada', IDLE_STRONG]] as const) {
    const it = world(t)
    const { secret, id } = it.sign(person)
    it.pass(limit - 1)
    const still = it.session(secret)
    assert.ok(still && isToTouch(still, { now: it.now(), lived: it.lived() }))
    it.turn((tx) => touch(tx, id, it.lived()))
    it.pass(limit - 1)
    assert.equal(it.whose(secret), person, 'its use counted')
    it.set(-24 * 40 * 3_600_000)
    assert.equal(it.whose(secret), undefined, 'a wall clock that was set far back keeps nobody signed in')
    it.set(hours(24 * 40))
    it.pass(1)
    it.set(0 - limit)
    assert.equal(it.whose(secret), undefined, 'one that was set back does not give more time')
  }
  const it = world(t)
  const { secret, id } = it.sign('bo')
  for (let day = 0; day < 30; day++) {
    assert.equal(it.whose(secret), 'bo')
    it.pass(days(1))
    it.turn((tx) => touch(tx, id, it.lived()))
  }
  assert.equal(it.whose(secret), undefined, `after ${ABSOLUTE} ms whatever its use`)
})

test('many sessions: the oldest makes room', (t) => {
  const it = world(t)
  const first = it.sign('bo')
  for (let n = 0; n < 50; n++) {
    it.pass(1000)
    it.sign('bo')
  }
  assert.equal(it.whose(first.secret), undefined)
  assert.equal(sessionsOf(it.sql, 'bo').length, 50)
  it.turn((tx) => closeAll(tx, 'bo', 'all'))
  assert.equal(sessionsOf(it.sql, 'bo').length, 0)
})

test('a one-time link is used once, for its purpose, within its time by either clock', (t) => {
  const it = world(t)
  const make = (): string => it.turn((tx) => newLink(tx, random, it.lived(), { what: 'invite', person: 'bo', within: hours(1) }))
  const use = (what: 'invite' | 'recover', secret: string): string | undefined => it.turn((tx) => useLink(tx, it.lived(), what, secret))?.person
  const one = make()
  assert.equal(use('recover', one), undefined)
  assert.equal(lookLink({ sql: it.sql, now: it.now() }, it.lived(), 'invite', one)?.person, 'bo')
  assert.deepEqual([use('invite', one), use('invite', one)], ['bo', undefined])
  const former = make()
  const latter = make()
  assert.deepEqual([use('invite', former), use('invite', latter)], [undefined, 'bo'])
  const late = make()
  it.pass(hours(1))
  it.set(-2 * 3_600_000)
  assert.equal(use('invite', late), undefined)
  assert.ok(!it.spilled(one))
})

test('an authenticator counts once it was shown to work; each code once; its secret lies nowhere in the open', (t) => {
  const it = world(t)
  const place = it.room.place()
  const { factor, secret } = it.turn((tx) => beginTotp(tx, place, 'bo', 'telephone'))
  const code = (by = 0): string => codeAt(secret, periodOf(it.now().wall) + by)
  assert.equal(it.turn((tx) => takeCode(tx, place, 'bo', code())), undefined, 'not confirmed yet')
  assert.equal(it.turn((tx) => confirmTotp(tx, place, 'ada', code(), 'ada')), undefined)
  assert.deepEqual(it.turn((tx) => confirmTotp(tx, place, 'bo', code(), 'bo')), { factor })
  assert.equal(it.turn((tx) => takeCode(tx, place, 'bo', code())), undefined, 'the code that confirmed it is used')
  it.pass(30_000)
  assert.deepEqual(it.turn((tx) => takeCode(tx, place, 'bo', code())), { factor })
  assert.equal(it.turn((tx) => takeCode(tx, place, 'bo', code())), undefined)
  assert.equal(it.turn((tx) => takeCode(tx, place, 'ada', code(1))), undefined, 'another person’s')
  const file = Buffer.from(it.sql.get<{ sealed: Uint8Array }>('select sealed from people_secret')?.sealed ?? [])
  assert.equal(file.indexOf(Buffer.from(secret)), -1)
  it.pass(60_000)
  assert.equal(it.turn((tx) => removeFactor(tx, 'ada', factor, 'ada')), false)
  assert.equal(it.turn((tx) => removeFactor(tx, 'bo', factor, 'bo')), true)
  assert.equal(it.turn((tx) => takeCode(tx, place, 'bo', code())), undefined)
})

test('a recovery code is used once, as it was read out; new ones void the old', (t) => {
  const it = world(t)
  const [one = '', two = ''] = it.turn((tx) => newRecovery(tx, it.room.place(), 'bo', 'bo'))
  assert.match(one, /^([0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$/)
  assert.equal(it.turn((tx) => takeRecovery(tx, 'ada', one)), false)
  assert.equal(it.turn((tx) => takeRecovery(tx, 'bo', ` ${one.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'L')}`)), true)
  assert.equal(it.turn((tx) => takeRecovery(tx, 'bo', one)), false)
  assert.equal(recoveryLeft({ sql: it.sql }, 'bo'), 9)
  it.turn((tx) => newRecovery(tx, it.room.place(), 'bo', 'bo'))
  assert.equal(it.turn((tx) => takeRecovery(tx, 'bo', two)), false)
  assert.ok(!it.spilled(one) && !it.spilled(two))
})

test('a passkey is one person’s; a counter that goes back is a copy', (t) => {
  const it = world(t)
  const place = it.room.place()
  const passkey = { credential: 'Y3JlZA', publicKey: 'a2V5', transports: ['internal'], backedUp: false, counter: 5 }
  const added = it.turn((tx) => addPasskey(tx, place, { person: 'bo', passkey, label: 'laptop', by: 'bo' }))
  assert.ok(added)
  assert.equal(it.turn((tx) => addPasskey(tx, place, { person: 'ada', passkey, label: 'laptop', by: 'ada' })), undefined)
  assert.deepEqual(findPasskey({ sql: it.sql }, place.key, 'Y3JlZA'), { factor: added.factor, person: 'bo', passkey })
  assert.equal(findPasskey({ sql: it.sql }, place.key, 'other'), undefined)
  const used = (counter: number): boolean => it.turn((tx) => usedPasskey(tx, added.factor, counter))
  assert.deepEqual([used(6), used(6), used(4), used(0), used(7)], [true, false, false, false, true])
})

test('guessing is slowed, nobody is locked out for good, and a right try was no guess', () => {
  const buckets: Buckets = new Map()
  const at = (tick: number): Now => ({ wall: instantOf(tick), tick: tickOf(tick), boot: 'a' })
  const tries = Array.from({ length: PER_ACCOUNT.tries + 5 }, () => takeTry(buckets, 'ada', PER_ACCOUNT, at(0)).is)
  assert.equal(tries.filter((it) => it === 'go').length, PER_ACCOUNT.tries)
  const wait = takeTry(buckets, 'ada', PER_ACCOUNT, at(0))
  assert.ok(wait.is === 'wait' && wait.for === PER_ACCOUNT.every)
  assert.equal(takeTry(buckets, 'ada', PER_ACCOUNT, at(minutes(1))).is, 'go')
  assert.equal(takeTry(buckets, 'bo', PER_ACCOUNT, at(0)).is, 'go')
  giveBack(buckets, 'ada')
  assert.equal(takeTry(buckets, 'ada', PER_ACCOUNT, at(minutes(1))).is, 'go')
  for (let n = 0; n < 30_000; n++) takeTry(buckets, `flood ${n}`, PER_ACCOUNT, at(n))
  assert.ok(buckets.size <= 20_000)
})

test('W-8 a rebuild gives the same, and what was refused a thousand times is a few entries', (t) => {
  const it = world(t)
  it.turn((tx) => it.room.claim(tx, 'ada'))
  it.turn((tx) => it.room.grant(tx, 'bo', ['viewer'], 'ada'))
  const place = it.room.place()
  const { secret } = it.turn((tx) => beginTotp(tx, place, 'bo', 'telephone'))
  it.turn((tx) => confirmTotp(tx, place, 'bo', codeAt(secret, periodOf(it.now().wall)), 'bo'))
  for (let n = 0; n < 1000; n++) it.turn((tx) => it.room.refused(tx, { person: 'bo', why: 'wrong password', origin: '203.0.113.9' }))
  assert.deepEqual(rebuildLedger(it.sql, it.store.rooms, { replace: false }).differed, [])
  assert.equal(it.facts().filter((is) => is === 'people.refused').length, 1)
  for (let n = 0; n < 1000; n++) it.turn((tx) => it.room.refused(tx, { person: 'bo', why: 'wrong password', origin: `2001:db8:1:2::${n.toString(16)}` }))
  assert.equal(it.facts().filter((is) => is === 'people.refused').length, 2, 'whoever owns a network of addresses writes no more by it')
  it.pass(61_000)
  it.turn((tx) => it.room.refused(tx, { person: 'bo', why: 'wrong password', origin: '203.0.113.9' }))
  assert.equal([...entries(it.sql)].findLast(({ is }) => is === 'people.refused')?.body['before'], 999)
})

test('who somebody is: by name or by an address that one person alone has', (t) => {
  const it = world(t)
  assert.deepEqual(['ada', ' ADA@acme.example ', 'Bo', 'eve', ''].map((named) => it.room.find(it.sql, named)), ['ada', 'ada', 'bo', undefined, undefined])
  assert.equal(it.turn((tx) => it.room.linkSubject(tx, 'ada', 'https://id.example 1', 'ada')), true)
  assert.equal(it.turn((tx) => it.room.linkSubject(tx, 'bo', 'https://id.example 1', 'bo')), false)
  assert.deepEqual(it.room.identityOf(it.sql, 'ada'), { person: 'ada', addresses: ['ada@acme.example'], phones: ['+493000001'], subjects: ['https://id.example 1'], factors: [] })
})

test('a network counts as one where its owner can choose addresses', () => {
  for (const [address, network] of [['203.0.113.9', '203.0.113.9'], ['::ffff:203.0.113.9', '::ffff:203.0.113.9'], ['2001:db8::1', '2001:db8:0:0::/64'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'], ['2001:db8:1:2::9', '2001:db8:1:2::/64'], ['::1', '0:0:0:0::/64'], ['1::2:3:4:5:6:7', '1:0:2:3::/64'], ['this machine', 'this machine']] as const) {
    assert.equal(networkOf(address), network)
  }
  assert.equal(networkOf('203.0.113.9:50123'), networkOf('203.0.113.9'))
})
