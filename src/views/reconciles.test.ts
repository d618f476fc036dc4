// `catalogues` and `reconcile` as they are written: what is right is accepted whole, what is wrong is said where it stands, and no secret leaves its place.
import assert from 'node:assert/strict'
import test from 'node:test'
import * as plugins from '../plugins/list.gen.ts'
import { loadConfig } from './accepted.ts'
import { unboundIn } from './reconciles.ts'

const TEXT = `version: 1
site: { name: A, url: "https://a.example" }
stores:
  main: { s3: "http://127.0.0.1:18300", bucket: game-backups, read: "\${secret:s3-read}" }
  offsite: { s3: "http://127.0.0.1:18300", bucket: game-offsite, read: "\${secret:s3-read}" }
catalogues:
  games: { postgres: "\${secret:games-url}", primary: required, retention: 14d }
reconcile:
  customer-backups:
    store: main
    prefix: customers/
    catalogue: games
    rows: "select object_key as key, locked, tenant, state from backups"
    intents: "select object_key as key from backup_uploads where finished_at is null"
    lock_column: locked
    sentinels: { plant: [./sentinel, plant], remove: [./sentinel, remove] }
    every: 3h
    copies_in: offsite
`
const load = (text: string) => loadConfig({ text, file: '/x/holdfast.yaml', env: { HOLDFAST_SECRET_S3_READ: 'A:some-word', HOLDFAST_SECRET_GAMES_URL: 'postgres://a:some-word@127.0.0.1/games' }, ...plugins })

test('a reconcile is plain data: what is secret stays with its catalogue', async () => {
  const loaded = await load(TEXT)
  assert(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
  const [it] = loaded.config.reconciles
  assert.deepEqual([it?.name, it?.lockColumn, it?.every, it?.retention, it?.least, it?.copiesIn, it?.escalate], ['customer-backups', 'locked', 10_800_000, 1_209_600_000, 20, 'offsite', 'default'])
  assert(!JSON.stringify([loaded.config.reconciles, loaded.config.canonical]).includes('some-word'))
})

test('what is wrong is said where it stands', async () => {
  const wrongs: readonly (readonly [string, string, RegExp])[] = [
    ['store: main', 'store: mian', /no such store.*did you mean “main”/s], ['catalogue: games', 'catalogue: gams', /no such catalogue.*did you mean “games”/s], ['copies_in: offsite', 'copies_in: main', /a copy beside the original is none/],
    ['"select object_key as key, locked', '"delete from x', /no query that gives rows/], ['primary: required', 'primary: any', /primary/], ['retention: 14d', 'of: db', /retention/], ['plant: [./sentinel, plant]', 'plant: []', /plant/],
    ['    prefix: customers/\n', '', /prefix/], ['every: 3h', 'every: 10s', /at least 5 min/], ['"${secret:games-url}"', '"postgres://a:some-word@127.0.0.1/games"', /password is written out/],
  ]
  for (const [right, wrong, says] of wrongs) {
    assert(TEXT.includes(right), right)
    const loaded = await load(TEXT.replace(right, () => wrong))
    assert(loaded.is === 'refused', wrong)
    assert.match(loaded.rendered, says)
    assert(!loaded.rendered.includes('some-word'))
  }
})

test('G-23 the check that looks at the very database of a catalogue binds the two, and nobody has to say it twice', async () => {
  const checks = (url: string): string => TEXT.replace('catalogues:', () => `checks:\n  other-db: { postgres: "postgres://a@127.0.0.1/other" }\n  games-db: { postgres: "${url}" }\ncatalogues:`)
  for (const [url, of] of [['postgres://probe@127.0.0.1:5432/games?sslmode=disable', 'games-db'], ['${secret:games-url}', 'games-db'], ['postgres://a@127.0.0.1:5433/games', undefined], ['postgres://a@db.internal/games', undefined]] as const) {
    const loaded = await load(checks(url))
    assert(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
    assert.deepEqual([loaded.config.reconciles[0]?.of, loaded.config.reconciles[0]?.watchedBy], [of, of && [of]], url)
  }
  const named = await load(checks('${secret:games-url}').replace('retention: 14d', 'retention: 14d, of: other-db'))
  assert(named.is === 'accepted')
  assert.deepEqual([named.config.reconciles[0]?.of, named.config.reconciles[0]?.watchedBy], ['other-db', ['other-db', 'games-db']])
})

test('G-23 where no set of backups is bound to a catalogue, doctor says that its copies are not seen', async () => {
  for (const [set, says] of [['', /customer-backups: how far back copies of the catalogue games go is not known.*retention of 14 d/], ['backups:\n  games: { engine: postgres, of: games-db, in: { main: "games-{date}.dump" }, every: 24h }\n', undefined]] as const) {
    const loaded = await load(`${TEXT.replace('catalogues:', () => 'checks:\n  games-db: { postgres: "${secret:games-url}" }\ncatalogues:')}${set}`)
    assert(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
    const said = unboundIn(loaded.config)
    assert.equal(said.length, says ? 1 : 0)
    if (says) assert.match(said[0] ?? '', says)
  }
})
