// Who reads what deletes: the hand, and nobody else. The configuration is loaded by the watchdog and by commands; they see that it is there, and its name.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { readTree } from '../../../test/tidy/source.ts'
import { catalogues, channels, drivers, probes, stores } from '../../plugins/list.gen.ts'
import { loadConfig, type Loaded } from '../../views/accepted.ts'
import { environmentOf } from '../watchdog/hand-ward.ts'
import { withDeleting } from './credential.ts'

const CANARY = 'canary-that-deletes'
const file = (more = ''): string => `
version: 1
stores:
  main: { s3: "http://127.0.0.1:18300", bucket: game-backups, read: "\${secret:s3-read}", delete: "\${secret:s3-delete}" }
  cold: { s3: "http://127.0.0.1:18300", bucket: game-cold, read: "\${secret:s3-read}" }
  vault: { sftp: "sftp://10.0.0.7/srv", read: "reader:reader.key", delete: "hand:hand.key" }
${more}`

function world(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-deletes-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(path.join(folder, 'secrets'))
  const secret = (name: string, text: string): void => writeFileSync(path.join(folder, 'secrets', name), text)
  secret('s3-read', 'READER:word\n')
  const at = path.join(folder, 'holdfast.yaml')
  const load = (env: Record<string, string> = {}, more = ''): Promise<Loaded> => {
    writeFileSync(at, file(more))
    return loadConfig({ file: at, env, probes, channels, stores, catalogues, drivers })
  }
  return { folder, secret, load }
}

test('G-15 whoever loads the configuration sees that the credential that deletes is there, and never what it is', async (t) => {
  const { folder, secret, load } = world(t)
  secret('s3-delete', `HAND:${CANARY}\n`)
  for (const [env, says] of [[{}, 'from a file'], [{ HOLDFAST_SECRET_S3_DELETE: `HAND:${CANARY}` }, 'from the environment']] as const) {
    const loaded = await load(env)
    assert(loaded.is === 'accepted', JSON.stringify(loaded))
    assert(!JSON.stringify(loaded).includes(CANARY), says)
    assert.deepEqual(loaded.config.stores.map(({ name, deletes }) => [name, deletes ?? null]), [['main', '${secret:s3-delete}'], ['cold', null], ['vault', null]])
    const [main] = loaded.config.stores
    assert(main)
    assert.equal('delete' in main.settings, false)
    const given = environmentOf([main], { ...env, HOLDFAST_SECRET_S3_READ: 'x', HOME: '/root' })
    assert.deepEqual(Object.keys(given), Object.keys(env), 'of the environment the hand hears what concerns it')
    assert.deepEqual((await withDeleting([main], { env: given, folder })).map((it) => [it.settings['delete'], it.lacks]), [[`HAND:${CANARY}`, undefined]], 'the hand alone')
  }
})

test('G-15 one that is missing or empty is a finding when the configuration is read; one that is none is said by the hand, without a word of it', async (t) => {
  const { folder, secret, load } = world(t)
  const missing = await load()
  assert(missing.is === 'refused' && missing.findings.some(({ code }) => code === 'HF117'), JSON.stringify(missing))
  secret('s3-delete', '\n')
  const empty = await load()
  assert(empty.is === 'refused' && empty.findings.some(({ code }) => code === 'HF118'), JSON.stringify(empty))
  secret('s3-delete', CANARY)
  const odd = await load()
  assert(odd.is === 'accepted', JSON.stringify(odd))
  const [told] = await withDeleting(odd.config.stores.slice(0, 1), { env: {}, folder })
  assert.match(told?.lacks ?? '', /^stores\.main\.delete: write it as KEYID:SECRET/)
  assert(!JSON.stringify(told).includes(CANARY))
  rmSync(path.join(folder, 'secrets', 's3-delete'))
  assert.match((await withDeleting(odd.config.stores.slice(0, 1), { env: {}, folder }))[0]?.lacks ?? '', /nowhere to be found/, 'gone since')
})

/** Where the value of a secret is asked for. */
const READS = /\b(?:loadSecrets|withDeleting)\(/

test('G-15 no process and no command reads what deletes but the hand', () => {
  const tree = readTree(path.resolve(import.meta.dirname, '../../..'), ['src']).filter(({ path: at }) => !at.endsWith('.test.ts'))
  const readers = tree.filter(({ text }) => READS.test(text)).map(({ path: at }) => at)
  assert.deepEqual(readers.filter((at) => !at.startsWith('src/engine/') && !at.startsWith('src/rooms/people/')).sort(), ['src/config/secret.ts', 'src/processes/hand.ts', 'src/processes/hand/credential.ts', 'src/views/accepted.ts'])
  const openers = tree.filter(({ text }) => /\bloneDeleting\(|\.deleting\(/.test(text)).map(({ path: at }) => at).sort()
  assert.deepEqual(openers.filter((at) => !at.startsWith('src/ports/')), ['src/processes/hand.ts', 'src/processes/stores/lone.ts'], 'nor opens the half that deletes')
})
