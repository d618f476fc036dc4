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
