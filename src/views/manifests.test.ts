// What a set may say of its manifest: one database, by an address of its own kind, and no credential where it would be shown or handed on.
import assert from 'node:assert/strict'
import test from 'node:test'
import * as plugins from '../plugins/list.gen.ts'
import { loadConfig, type Loaded } from './accepted.ts'

const CANARY = 'c4n4ry-9Kd2Pw7'
const load = (manifest: string): Promise<Loaded> => loadConfig({
  ...plugins, env: { HOLDFAST_SECRET_WORD: CANARY, HOLDFAST_SECRET_URL: `mysql://app:${CANARY}@db.internal/shop` },
  text: `version: 1\nstores: { nas: { dir: ./nas } }\nbackups:\n  shop: { engine: postgres, in: { nas: "shop-{date}.dump" }, every: 24h, manifest: ${manifest} }\n`,
})

test('a manifest names a database or files, and stays apart from its set', async () => {
  const loaded = await load('{ postgres: "postgres://app:${secret:word}@db.internal/shop?sslmode=verify-full", tables: [orders, audit.log], newest: "select max(at) from orders", files: [etc/panel.conf], within: 2m }')
  assert.ok(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
  assert.deepEqual(loaded.config.manifests, [{
    set: 'shop', database: { kind: 'postgres', url: `postgres://app:${CANARY}@db.internal/shop?sslmode=verify-full` }, tables: ['orders', 'audit.log'], newest: 'select max(at) from orders', files: ['etc/panel.conf'], within: 120_000,
  }])
  assert.ok(!JSON.stringify([loaded.config.backups, loaded.config.canonical]).includes(CANARY), 'a set, and what is shown of the configuration, hold no credential')
  for (const good of ['{ mysql: "${secret:url}" }', '{ files: [a] }']) assert.equal((await load(good)).is, 'accepted', good)
})

test('what a drill asks from the manifest stands in it, also where the set says nothing more of one', async () => {
  const files = async (rest: string): Promise<unknown> => {
    const loaded = await loadConfig({ ...plugins, env: {}, text: `version: 1\nstores: { nas: { dir: ./nas } }\nbackups:\n  panel: { engine: files, in: { nas: "panel/{date}.tar.zst" }, every: 24h, ${rest} }\n` })
    assert.ok(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
    return loaded.config.manifests.map(({ set, files: named }) => [set, named])
  }
  const drill = 'drill: { every: 7d, assert: [ { file: etc/panel.conf, sha256: from-manifest } ] }'
  assert.deepEqual(await files(drill), [['panel', ['etc/panel.conf']]])
  assert.deepEqual(await files(`${drill}, manifest: { files: [etc/other.conf, etc/panel.conf] }`), [['panel', ['etc/other.conf', 'etc/panel.conf']]])
  assert.deepEqual(await files(`drill: { every: 7d, assert: [ { file: etc/panel.conf, sha256: "${'0'.repeat(64)}" } ] }`), [])
})

test('what cannot be meant is refused, without repeating a credential', async () => {
  const cases: readonly [manifest: string, says: RegExp][] = [
    ['{ postgres: "postgres://app@a/b", mysql: "mysql://app@a/b" }', /names two databases/], ['{ tables: [orders] }', /names no database/], ['{ newest: "select 1" }', /names no database/], ['{}', /nothing of what is to be written down/],
    ['{ postgres: "${secret:url}" }', /does not accept the value of its secret/], ['{ postgres: "postgres://app:word-of-its-own@a/b" }', /HF119/], ['{ postgres: "postgres://app@a/b", tables: ["orders; drop table x"] }', /schema\.table/], ['{ files: [a], within: 1d }', /at most/],
    ['{ postgress: "postgres://app@a/b" }', /postgres/],
  ]
  for (const [manifest, says] of cases) {
    const loaded = await load(manifest)
    assert.ok(loaded.is === 'refused', manifest)
    assert.match(loaded.rendered, says, manifest)
    assert.ok(!loaded.rendered.includes(CANARY) && !loaded.rendered.includes('word-of-its-own'), manifest)
  }
})

const CHECKED = 'checks:\n  shop-db: { postgres: "postgres://app:${secret:word}@db.internal/shop" }\n  web: { http: "https://shop.example.net" }\n  server: { postgres: "postgres://app@db.internal" }\n  my: { mysql: "mysql://app@db.internal/shop" }\n'
const watched = async (set: string, more: { env?: Record<string, string>; secretsOf?: string; checks?: string } = {}): Promise<Loaded> => loadConfig({
  ...plugins, env: { HOLDFAST_SECRET_WORD: CANARY }, text: `version: 1\n${more.checks ?? CHECKED}stores: { nas: { dir: ./nas } }\nbackups:\n  shop: { engine: postgres, in: { nas: "shop-{date}.dump" }, every: 24h, ${set} }\n`,
  ...(more.env ? { env: more.env } : {}), ...(more.secretsOf === undefined ? {} : { secretsOf: more.secretsOf }),
})
const databases = (loaded: Loaded): unknown => {
  assert.ok(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
  return loaded.config.manifests.map(({ database }) => database?.url)
}

test('a set that is of a check takes its address for its manifest, and only where that names the database that is meant', async () => {
  const url = `postgres://app:${CANARY}@db.internal/shop`
  assert.deepEqual(databases(await watched('of: shop-db')), [url])
  const loaded = await watched('of: shop-db, manifest: { tables: [orders], newest: "select max(at) from orders" }')
  assert.deepEqual(databases(loaded), [url])
  assert.ok(loaded.is === 'accepted' && !JSON.stringify([loaded.config.backups, loaded.config.canonical]).includes(CANARY))
  assert.deepEqual(databases(await watched('of: shop-db, manifest: { postgres: "postgres://backup@db.internal/shop" }')), ['postgres://backup@db.internal/shop'], 'what is written goes first')
  assert.deepEqual(databases(await watched('of: shop-db, database: shop')), [url])
  for (const given of ['of: web', 'of: server', 'of: my', 'of: nobody', 'of: shop-db, database: other']) assert.deepEqual(databases(await watched(given)), [], given)
  const refused = await watched('of: web, manifest: { tables: [orders] }')
  assert.match(refused.is === 'refused' ? refused.rendered : '', /names no database/)
})

test('on the machine that makes the copy the secret of the check is used where it is, and is not missed where it is not', async () => {
  assert.deepEqual(databases(await watched('of: shop-db', { secretsOf: 'shop' })), [`postgres://app:${CANARY}@db.internal/shop`])
  assert.deepEqual(databases(await watched('of: shop-db', { secretsOf: 'shop', env: {} })), [])
  const literal = await watched('of: shop-db', { checks: 'checks:\n  shop-db: { postgres: "postgres://app:word-of-its-own@db.internal/shop" }\n' })
  assert.ok(literal.is === 'refused')
  assert.equal(literal.rendered.match(/HF119/g)?.length, 1, literal.rendered)
  assert.ok(!literal.rendered.includes('word-of-its-own'))
})
