// What no clean-up may reach: what another part of the same configuration lives on.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { StorePlace } from './config.ts'
import { readPattern, type Pattern } from './sets/pattern.ts'
import type { Keep, Lies } from './sets/set.ts'
import { clashesIn } from './territory.ts'

const store = (name: string, bucket = name, more: object = {}): StorePlace => ({ name, kind: 's3', settings: { s3: 'http://127.0.0.1:1', bucket, read: name, ...more } })
const stores = [store('main'), store('again', 'main', { read: 'other', delete: 'x' }), store('offsite'), { name: 'nas', kind: 'dir', settings: { dir: './nas' } }, { name: 'nas2', kind: 'dir', settings: { dir: 'nas/' } }]
const pattern = (text: string): Pattern => {
  const read = readPattern(text)
  assert(!('says' in read), JSON.stringify(read))
  return read
}
const lies = (name: string, text: string): Lies => (text.endsWith('/') ? { store: name, pattern: pattern(`${text}snapshots/{any}`), repository: text } : { store: name, pattern: pattern(text) })
const set = (name: string, places: Readonly<Record<string, string>>, keep?: Keep) => ({ name, in: Object.entries(places).map(([where, text]) => lies(where, text)), ...(keep && { keep }) })
const job = (name: string, at: string, prefix: string) => ({ name, store: at, prefix })
const says = (sets: readonly ReturnType<typeof set>[], reconciles: readonly ReturnType<typeof job>[] = []): string[] => clashesIn({ stores, sets, reconciles }).map(({ at }) => at.join('.'))

test('G-20 a reconcile never reaches the copies of a set: a dump has no row', () => {
  const reaching: readonly [prefix: string, text: string][] = [
    ['', 'pg/shop-{date}.dump'], ['pg', 'pg/shop-{date}.dump'], ['pg/', 'pg/shop-{date}.dump'], ['pg/shop-', 'pg/shop-{date}.dump'], ['pg/shop-2026', 'pg/shop-{date}.dump'], ['pg/shop-2026-11-21.d', 'pg/shop-{date}.dump'],
    ['customers/', '{any}/{date}.tar'], ['customers/7/', 'customers/{any}/{day}T{time}.zip'], ['a/b/', 'a/{any}/x'], ['restic/', 'restic/'], ['restic/data/00/', 'restic/'], ['r', 'restic/'],
  ]
  for (const [prefix, text] of reaching) {
    for (const at of ['main', 'again']) assert.deepEqual(says([set('shop', { main: text })], [job('files', at, prefix)]), ['reconcile.files.prefix'], `${prefix} ${text} ${at}`)
    assert.deepEqual(says([set('shop', { main: text })], [job('files', 'offsite', prefix)]), [])
  }
  const beside: readonly [prefix: string, text: string][] = [
    ['customers/', 'pg/shop-{date}.dump'], ['customers/', '{date}.dump'], ['customers/', '{date}/x'], ['pg/shop-next', 'pg/shop-{date}.dump'], ['pg/shop-2026-11-21.x', 'pg/shop-{date}.dump'], ['a/b/c/', 'a/{any}/x'], ['pg/shop-2026-11-21.dump/', 'pg/shop-{date}.dump'], ['restic-2/', 'restic/'],
  ]
  for (const [prefix, text] of beside) assert.deepEqual(says([set('shop', { main: text })], [job('files', 'main', prefix)]), [], `${prefix} ${text}`)
})

test('G-20 a bucket that is itself the copy belongs to its set alone: all of it, and every folder in it', () => {
  const media = (text: string) => ({ name: 'media', in: [{ store: 'main', pattern: { text, prefix: text === '/' ? '' : text }, objects: text === '/' ? '' : text }] })
  for (const prefix of ['', 'media', 'media/', 'media/x', 'media/x/', 'media/x/y-']) assert.deepEqual(clashesIn({ stores, sets: [media('media/')], reconciles: [job('files', 'again', prefix)] }).map(({ at }) => at.join('.')), ['reconcile.files.prefix'], prefix)
  for (const prefix of ['', 'media/', 'customers/7/']) assert.equal(clashesIn({ stores, sets: [media('/')], reconciles: [job('files', 'main', prefix)] }).length, 1, prefix)
  for (const prefix of ['media-2/', 'customers/', 'x/media/']) assert.deepEqual(clashesIn({ stores, sets: [media('media/')], reconciles: [job('files', 'main', prefix)] }), [], prefix)
  assert.deepEqual(clashesIn({ stores, sets: [media('media/')], reconciles: [job('files', 'offsite', 'media/')] }), [])
  const keep = { last: 1 }
  for (const [whole, text] of [['media/', 'media/{date}.tar'], ['media/', '{any}/{date}.tar'], ['/', 'pg/shop-{date}.dump'], ['/', 'restic/']] as const) {
    assert.deepEqual(says([media(whole), set('shop', { main: text }, keep)]), ['backups.shop.in.main'], `${whole} ${text}`)
    assert.deepEqual(says([media(whole), set('shop', { main: text })]), [], 'nothing of it goes')
  }
  assert.deepEqual(says([media('media/'), set('shop', { main: 'pg/{date}.dump' }, keep)]), [])
})

test('G-20 two reconciles never reach the same objects, whatever the store is called', () => {
  assert.deepEqual(says([], [job('all', 'main', 'customers/'), job('one', 'again', 'customers/7/')]), ['reconcile.one.prefix'])
  assert.deepEqual(says([], [job('one', 'main', 'customers/7/'), job('all', 'main', '')]), ['reconcile.all.prefix'])
  assert.deepEqual(says([], [job('one', 'main', 'customers/'), job('other', 'main', 'images/'), job('far', 'offsite', 'customers/')]), [])
})

test('`keep` never takes what is called like the copy of another set, nor one copy twice', () => {
  const keep = { last: 1 }
  const clash: readonly [one: string, other: string][] = [['pg/{any}-{date}.dump', 'pg/shop-{date}.dump'], ['pg/{date}.dump', 'pg/{date}.dump'], ['{any}', 'shop-{date}.dump'], ['a-{day}T{time}.x', 'a-{any}.x'], ['restic/', 'restic/snapshots/{any}'], ['restic/', 'restic/sub/']]
  for (const [one, other] of clash) {
    assert.deepEqual(says([set('one', { main: one }, keep), set('other', { again: other })]), ['backups.other.in.again'], `${one} ${other}`)
    assert.deepEqual(says([set('one', { main: other }), set('other', { main: one }, keep)]), ['backups.other.in.main'], `${other} ${one}`)
    assert.deepEqual(says([set('one', { main: one }), set('other', { main: other })]), [], 'nothing of them goes')
  }
  for (const [one, other] of [['pg/shop-{date}.dump', 'pg/shop-{date}-wal.dump'], ['pg/shop-{date}.dump', 'pg/shop-{date}.dump.sha256'], ['a/{any}', 'a/b/{any}'], ['shop-{date}', 'shop-{day}'], ['restic/', 'pg/{date}']] as const) {
    assert.deepEqual(says([set('one', { main: one }, keep), set('other', { main: other }, keep)]), [], `${one} ${other}`)
  }
  assert.deepEqual(says([set('one', { nas: '{date}', nas2: '{date}' }, keep)]), ['backups.one.in.nas2'])
  assert.deepEqual(says([set('one', { nas: '{date}', main: '{date}', offsite: '{date}' }, keep)]), [])
})

test('G-20 one place under two spellings is one place: an address by what it leads to, a folder in another one as a part of it', () => {
  const keep = { last: 2 }
  const at = (one: StorePlace, other: StorePlace, [first, second]: readonly [string, string] = ['pg/{date}', 'pg/{date}']): string[] =>
    clashesIn({ stores: [one, other], sets: [set('one', { [one.name]: first }, keep), set('other', { [other.name]: second })], reconciles: [] }).map((it) => it.at.join('.'))
  const reached = (one: StorePlace, other: StorePlace, text: string, prefix: string): boolean =>
    clashesIn({ stores: [one, other], sets: [set('one', { [one.name]: text })], reconciles: [job('files', other.name, prefix)] }).length > 0
  const s3 = (name: string, address: string) => store(name, 'main', { s3: address })
  const folder = (name: string, dir: string, marker?: string): StorePlace => ({ name, kind: 'dir', settings: { dir, ...(marker !== undefined && { marker }) } })
  const box = (name: string, address: string): StorePlace => ({ name, kind: 'sftp', settings: { sftp: address, read: `${name}:key` } })

  for (const address of ['https://S3.example.net:443', 'https://s3.example.net/', 'https://s3.example.net.', 'http://s3.example.net:80']) {
    assert.deepEqual(at(s3('a', 'https://s3.example.net'), s3('b', address)), ['backups.other.in.b'], address)
    assert(reached(s3('a', 'https://s3.example.net'), s3('b', address), 'pg/{date}', 'pg/'), address)
  }
  for (const address of ['https://s3.example.net:9000', 'https://s3.example.org', 'https://s3.example.net:80']) assert.deepEqual(at(s3('a', 'https://s3.example.net'), s3('b', address)), [], address)
  for (const address of ['sftp://Vault.example.com:22/srv/pg/', 'sftp://vault.example.com//srv/pg']) assert.deepEqual(at(box('a', 'sftp://vault.example.com/srv/pg'), box('b', address)), ['backups.other.in.b'], address)
  for (const address of ['sftp://vault.example.com:2222/srv/pg', 'sftp://vault.example.com/srv/pg2']) assert.deepEqual(at(box('a', 'sftp://vault.example.com/srv/pg'), box('b', address)), [], address)

  const inside: readonly [string, string, readonly [string, string]][] = [
    ['/mnt/nas', '/mnt/nas/pg', ['pg/shop-{date}.dump', 'shop-{date}.dump']], ['/mnt/nas/pg/', '/mnt//nas', ['shop-{date}.dump', 'pg/shop-{date}.dump']], ['/', '/mnt/nas', ['mnt/nas/{date}', '{date}']],
    ['nas', './nas/pg', ['{any}/{date}', '{date}']], ['.', 'nas', ['nas/{date}', '{date}']], ['/mnt/nas', '/mnt/nas/{any}', ['{any}/{date}', '{date}']], ['/mnt/nas', '/mnt/nas/restic', ['restic/', 'snapshots/{any}']],
  ]
  for (const [one, other, names] of inside) assert.deepEqual(at(folder('a', one), folder('b', other, '.other'), names), ['backups.other.in.b'], `${one} ${other}`)
  const outside: readonly [string, string, readonly [string, string]][] = [
    ['/mnt/nas', '/mnt/nas/pg', ['shop-{date}.dump', 'shop-{date}.dump']], ['/mnt/nas', '/mnt/nas2', ['{date}', '{date}']], ['/mnt/nas', '/mnt/nas/pg', ['pg2/{date}', '{date}']], ['/mnt/nas/x', '/mnt/nas/{any}', ['{date}', '{date}']], ['.', '../nas', ['{any}/nas/{date}', '{date}']],
  ]
  for (const [one, other, names] of outside) assert.deepEqual(at(folder('a', one), folder('b', other), names), [], `${one} ${other}`)
  assert(reached(folder('a', '/mnt/nas'), folder('b', '/mnt/nas/pg'), 'pg/{date}.dump', ''))
  assert(reached(folder('a', '/mnt/nas/pg'), folder('b', '/mnt/nas'), '{date}.dump', 'pg/'))
  assert(!reached(folder('a', '/mnt/nas'), folder('b', '/mnt/nas/pg'), '{date}.dump', ''))
  assert.equal(clashesIn({ stores: [folder('a', '/mnt/nas'), folder('b', '/mnt/nas/pg')], sets: [], reconciles: [job('one', 'b', 'x/'), job('other', 'a', 'pg/')] }).length, 1)
})

test('G-20 a folder that is named from the configuration’s own, and one that is named from the root, are compared as what they are', () => {
  const keep = { last: 2 }
  const folder = (name: string, dir: string): StorePlace => ({ name, kind: 'dir', settings: { dir } })
  const at = (one: string, other: string, base?: string): string[] =>
    clashesIn({ stores: [folder('a', one), folder('b', other)], sets: [set('one', { a: 'pg/{date}' }, keep), set('other', { b: 'pg/{date}' }, keep)], reconciles: [], ...(base !== undefined && { folder: base }) }).map((it) => it.at.join('.'))
  for (const [one, other] of [['./nas', '/srv/holdfast/nas'], ['/srv/nas/', '../nas'], ['nas', './x/../nas']] as const) assert.deepEqual(at(one, other, '/srv/holdfast'), ['backups.other.in.b'], `${one} ${other}`)
  for (const [one, other] of [['./nas', '/srv/nas'], ['/nas', 'nas'], ['../holdfast2/nas', 'nas']] as const) assert.deepEqual(at(one, other, '/srv/holdfast'), [], `${one} ${other}`)
  assert.deepEqual(at('./nas', '/srv/holdfast/nas'), [], 'where nobody knows from where')
  assert.deepEqual(at('./nas', 'nas'), ['backups.other.in.b'])
})
