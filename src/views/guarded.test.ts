// A whole configuration of stores, backups, a catalogue and a reconcile, as operators write it (config/fixtures/guarded.yaml): it is accepted word for word, and with any
// one of its parts left out it is either still accepted, or there is one finding, at whatever leans on what is gone.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { parseDocument } from 'yaml'
import * as plugins from '../plugins/list.gen.ts'
import { loadConfig } from './accepted.ts'

const TEXT = readFileSync(path.join(import.meta.dirname, '../config/fixtures/guarded.yaml'), 'utf8')
const env = { HOLDFAST_SECRET_S3_READ: 'A:some-word', HOLDFAST_SECRET_S3_DELETE: 'B:some-word', HOLDFAST_SECRET_RESTIC: 'some-word', HOLDFAST_SECRET_GAMES_URL: 'postgres://a:some-word@127.0.0.1/games' }
const load = (text: string) => loadConfig({ text, file: '/x/holdfast.yaml', env, ...plugins })
const without = (...parts: readonly (readonly string[])[]): string => {
  const document = parseDocument(TEXT)
  for (const part of parts) assert(document.deleteIn(part), part.join('.'))
  return document.toString({ lineWidth: 0 })
}

test('the configuration is accepted word for word', async () => {
  const loaded = await load(TEXT)
  assert(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
  const { stores, backups, catalogues, reconciles } = loaded.config
  assert.deepEqual([stores.map(({ name }) => name), backups.map(({ name }) => name), catalogues.map(({ name }) => name), reconciles.map(({ name }) => name)], [['main', 'offsite', 'nas'], ['shop', 'panel', 'repo'], ['games'], ['customer-backups']])
  assert.deepEqual(loaded.config.warnings.map(({ says }) => says), ['Nobody would be paged yet: add people'])
})

/** What is left out, and what leans on it: nothing, or each thing by the name of where it says so. */
const LEFT_OUT: readonly (readonly [string, readonly string[]])[] = [
  ['stores.main', ['backups.shop.in.main', 'backups.panel.in.main', 'reconcile.customer-backups.store']],
  ['stores.offsite', ['reconcile.customer-backups.copies_in']],
  ['stores.nas', ['backups.shop.in.nas', 'backups.repo.in.nas']],
  ['catalogues.games', ['reconcile.customer-backups.catalogue']],
  ['backups.shop', []], ['backups.panel', []], ['backups.repo', []], ['reconcile.customer-backups', []], ['backups', []], ['reconcile', []],
]

test('whatever is left out, the rest is accepted, or one finding names each thing that leans on it', async () => {
  for (const [part, leaning] of LEFT_OUT) {
    const loaded = await load(without(part.split('.')))
    if (leaning.length === 0) {
      assert(loaded.is === 'accepted', loaded.is === 'refused' ? loaded.rendered : '')
      continue
    }
    assert(loaded.is === 'refused', part)
    assert.deepEqual(loaded.findings.map(({ path: at, code }) => [at, code]), leaning.map((at) => [at, 'HF111']), part)
    const [, name] = part.split('.')
    for (const { says, help } of loaded.findings) assert.match(`${says} → ${help}`, part.startsWith('stores') ? /“(main|offsite|nas)”, and there is no such store → one of: / : /“games”, and there is no such catalogue → there is no catalogue yet/, name)
    // Without all of that, too, the rest stands.
    const rest = await load(without(part.split('.'), ...new Map(leaning.map((at) => [at.split('.').slice(0, 2).join('.'), at.split('.').slice(0, at.endsWith('copies_in') ? 3 : 2)])).values()))
    assert(rest.is === 'accepted', rest.is === 'refused' ? rest.rendered : '')
  }
})
