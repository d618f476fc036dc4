// `holdfast backups scan` as a person meets it: what it prints, how it ends, and what it does with a set.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { stores } from '../plugins/list.gen.ts'
import { scanPages } from '../processes/scan/pages.ts'
import { scan } from '../processes/scan/scan.ts'
import { runCli } from './main.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-cli-scan-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const at = (...names: string[]): string => path.join(folder, ...names)
mkdirSync(at('nas/pg'), { recursive: true })
const config = at('holdfast.yaml')
writeFileSync(config, `version: 1
stores:
  nas: { dir: ./nas }
  main: { s3: "http://127.0.0.1:9", bucket: backups, read: "\${secret:s3}" }
backups:
  shop: { engine: postgres, in: { nas: "pg/shop-{date}.dump", main: "pg/shop-{date}.dump" }, every: 24h }
  repo: { engine: restic, in: { nas: restic }, every: 24h }
  away: { engine: postgres, in: { main: "pg/away-{date}.dump" }, every: 24h }
`)
const [dump, manifest] = [at('nas/pg/shop-2026-11-20.dump'), at('m')]
writeFileSync(dump, 'a dump')

const run = async (line: string): Promise<{ exit: number; out: string; err: string }> => {
  let [out, err] = ['', '']
  const exit = await runCli([...line.split(' '), '--config', config], { HOLDFAST_SECRET_S3: 'id:word' }, { version: '0', up: () => Promise.resolve(0), plugins: () => Promise.resolve({ probes: [], channels: [], stores }), scan, scanPages }, {
    stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (err += text) }, stdin: () => '',
  })
  return { exit, out, err }
}

test('a folder: made, compared, damaged', async () => {
  const made = await run(`backups scan ${at('nas')} --manifest ${manifest}`)
  assert.deepEqual([made.exit, made.err], [0, `The manifest was made: ${manifest}\n`])
  assert.match(made.out, /nas: 1 files, 6 B\. Read /)
  assert.match((await run(`backups scan ${at('nas')} --manifest ${manifest}`)).out, /: 1 same\. Read /)
  const { atime, mtime } = statSync(dump)
  writeFileSync(dump, 'a damp')
  utimesSync(dump, atime, mtime)
  // The disk keeps nanoseconds, and what rots keeps them all: make the manifest anew with what can be put back.
  rmSync(manifest)
  await run(`backups scan ${at('nas')} --manifest ${manifest}`)
  writeFileSync(dump, 'a dump')
  utimesSync(dump, atime, mtime)
  const damaged = await run(`backups scan ${at('nas')} --manifest ${manifest}`)
  assert.equal(damaged.exit, 3)
  assert.match(damaged.out, /^✕ {2}damaged {5}pg\/shop-2026-11-20\.dump {2}its bytes differ, and nothing says that anybody wrote\n.*: 1 damaged\. Read /)
  const told = JSON.parse((await run(`backups scan ${at('nas')} --manifest ${manifest} --json`)).out) as { schema: string; findings: unknown[]; tally: { damaged: number } }
  assert.deepEqual([told.schema, told.tally.damaged, told.findings], ['holdfast.scan/1', 1, [{ path: 'pg/shop-2026-11-20.dump', verdict: 'damaged', says: 'its bytes differ, and nothing says that anybody wrote', ranges: [{ from: 0, bytes: 6 }] }]])
})

test('a set is scanned where it lies, once its store has shown its marker', async () => {
  const absent = await run('backups scan shop')
  assert.deepEqual([absent.exit, absent.out], [3, ''])
  assert.match(absent.err, /does not hold its marker \.holdfast-store/)
  writeFileSync(at('nas/.holdfast-store'), '')
  const { exit, out, err } = await run('backups scan shop')
  assert.equal(exit, 0)
  assert.match(out, /nas\/pg: 1 files, 6 B\. Read /)
  assert.match(err, /Without a manifest it is only known what can be read/)
  assert.deepEqual([(await run('backups scan away')).exit, (await run('backups scan nobody')).exit, (await run('backups scan shop --rate fast')).exit, (await run('backups scan shop --update')).exit], [2, 2, 2, 2])
  assert.equal((await run(`backups scan ${at('none/')}`)).exit, 1)
})

test('what is guarded is counted, and is not nothing', async () => {
  const { out } = await run('validate')
  assert.match(out, /is valid: 0 checks, 0 people, 0 status pages, 3 sets of backups\./)
  assert.doesNotMatch(out, /Nothing is watched/)
})

test('of a repository everything is scanned: its data, and not only what stands for its copies', async () => {
  for (const name of ['snapshots', 'data']) mkdirSync(at('nas/restic', name), { recursive: true })
  writeFileSync(at('nas/restic/snapshots/1'), 'a snapshot')
  writeFileSync(at('nas/restic/data/2'), 'its data')
  const { exit, out } = await run('backups scan repo')
  assert.equal(exit, 0)
  assert.match(out, /nas\/restic: 2 files, 18 B\. Read /)
})

test('--pages: what is no cluster is refused, with what to do', async () => {
  const { exit, err } = await run(`backups scan ${at('nas')} --pages`)
  assert.equal(exit, 1)
  assert.match(err, /is no data folder of PostgreSQL/)
  assert.equal((await run(`backups scan ${at('nas')} --pages --manifest m`)).exit, 2)
})

test('--tell: a board that does not hear holds up no scan, and it is said once', async () => {
  const { exit, out, err } = await run(`backups scan ${at('nas')} --tell st_1 --server http://127.0.0.1:9`)
  assert.equal(exit, 0, err)
  assert.match(out, /nas: \d+ files/)
  assert((err.match(/The board does not say how far it is/g) ?? []).length <= 1, err)
})
