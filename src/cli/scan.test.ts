// `holdfast backups scan` as a person meets it: what it prints, how it ends, and what it does with a set.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { Fault } from '../core/fault.ts'
import { stores } from '../plugins/list.gen.ts'
import { scanPages } from '../processes/scan/pages.ts'
import { scan } from '../processes/scan/scan.ts'
import type { RelationsReport, RelationsWants } from '../rooms/guard/scan/relations.ts'
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
  kept: { engine: postgres, in: { nas: "pg/kept-{date}.dump" }, every: 24h, manifest: { postgres: "\${secret:kept-db}" } }
  away: { engine: postgres, in: { main: "pg/away-{date}.dump" }, every: 24h }
`)
const [dump, manifest] = [at('nas/pg/shop-2026-11-20.dump'), at('m')]
writeFileSync(dump, 'a dump')

const asked: RelationsWants[] = []
const report: RelationsReport = { is: 'ended', server: 'PostgreSQL 17 at db:5432', databases: ['shop'], relations: 9, of: 9, bytes: 8192, damaged: [], unknown: [], beyond: [], gone: 0, flickered: 0, resumed: false, tookMs: 1 }
let says: RelationsReport = report
const scanRelations = (wants: RelationsWants): Promise<RelationsReport> => {
  asked.push(wants)
  return Promise.resolve(says)
}

const run = async (line: string): Promise<{ exit: number; out: string; err: string }> => {
  let [out, err] = ['', '']
  const exit = await runCli([...line.split(' '), '--config', config], { HOLDFAST_SECRET_S3: 'id:word', HOLDFAST_SECRET_KEPT_DB: 'postgres://looker:word@db/kept' }, { version: '0', up: () => Promise.resolve(0), plugins: () => Promise.resolve({ probes: [], channels: [], stores }), scan, scanPages, scanRelations }, {
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
  assert.match(out, /is valid: 0 checks, 0 people, 0 status pages, 4 sets of backups\./)
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

test('G-2 a server is asked by an address that stands in no list of processes, and what is not known is not passed', async () => {
  writeFileSync(at('url'), 'postgres://looker:word@db/shop\n')
  writeFileSync(at('maria'), 'mysql://looker:word@db/shop\n')
  const well = await run(`backups scan @${at('url')} --connections 4 --rate 1MB/s --journal ${at('j')}`)
  assert.deepEqual([well.exit, well.out], [0, 'PostgreSQL 17 at db:5432: 9 of 9 relations in 1 databases, 8 KiB: none is damaged. In 0 s.\n'])
  const [{ url, connections, rate, journal } = assert.fail()] = asked.splice(0)
  assert.deepEqual([url, connections, rate, journal], ['postgres://looker:word@db/shop', 4, 1_000_000, at('j')])
  assert.equal((await run('backups scan kept --tables')).exit, 0)
  assert.equal(asked.splice(0)[0]?.url, 'postgres://looker:word@db/kept', 'by the name of a set')
  for (const [line, exit, why] of [
    ['backups scan postgres://looker:word@db/shop', 2, /stands in every list of processes/], [`backups scan @${at('maria')}`, 5, /CHECK TABLE finds damaged is marked.*\n?.*--may-mark/], [`backups scan @${at('url')} --pages`, 2, /are for folders/],
    [`backups scan ${at('nas')} --connections 2`, 2, /are for servers/], [`backups scan @${at('url')} --connections 99`, 2, /1 to 16/], [`backups scan @${at('none')}`, 2, /cannot be read/], ['backups scan shop --tables', 2, /names no database of “shop”/], ['backups scan none --tables', 2, /No set of backups is called “none”/],
  ] as const) {
    const refused = await run(line)
    assert.deepEqual([refused.exit, why.test(refused.err), asked.length], [exit, true, 0], `${line}: ${refused.exit} ${refused.err}`)
    assert(!refused.err.includes('word@'), refused.err)
  }
  assert.equal((await run(`backups scan @${at('maria')} --may-mark`)).exit, 0)
  says = { ...report, unknown: [{ database: 'shop', says: 'the extension amcheck is not installed' }] }
  const unknown = await run(`backups scan @${at('url')}`)
  assert.deepEqual([unknown.exit, /amcheck is not installed/.test(unknown.out)], [3, true])
  says = { ...report, damaged: [{ database: 'shop', relation: 'public.orders', kind: 'heap', pages: { from: 8192, to: null }, says: 'invalid page in block 9000' }] }
  const damaged = await run(`backups scan @${at('url')}`)
  assert.deepEqual([damaged.exit, /shop: public\.orders +table +pages 8192 to its end: invalid page in block 9000/.test(damaged.out)], [3, true], damaged.out)
  says = { ...report, is: 'halted', says: 'refused the connection' }
  assert.deepEqual([(await run(`backups scan @${at('url')}`)).exit], [3])
  says = { ...report, is: 'stopped' }
  assert.equal((await run(`backups scan @${at('url')}`)).exit, 130)
})

test('devices are scanned side by side, folders on one device one after another, and what one cannot is no end of the other', async (t) => {
  const memory = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-cli-scan-'))
  t.after(() => rmSync(memory, { recursive: true, force: true }))
  if (statSync(memory).dev === statSync(folder).dev) return t.skip('there is one device here')
  for (const name of ['one', 'two']) mkdirSync(at(name, 'x'), { recursive: true })
  mkdirSync(path.join(memory, 'x'))
  for (const place of [at('one'), at('two'), memory]) writeFileSync(path.join(place, '.holdfast-store'), '')
  const file = at('devices.yaml')
  writeFileSync(file, `version: 1
stores: { one: { dir: ${at('one')} }, two: { dir: ${at('two')} }, memory: { dir: ${memory} } }
backups: { shop: { engine: postgres, in: { one: "x/shop-{date}.dump", two: "x/shop-{date}.dump", memory: "x/shop-{date}.dump" }, every: 24h } }
`)
  const events: string[] = []
  const begun = new Map(['one', 'two', 'memory'].map((name) => [name, Promise.withResolvers<void>()]))
  const nameOf = (where: string): string => (where.startsWith(memory) ? 'memory' : where.startsWith(at('one')) ? 'one' : 'two')
  let fails = ''
  const go = async (): Promise<{ exit: number; out: string; err: string }> => {
    let [out, err] = ['', '']
    const exit = await runCli(['backups', 'scan', 'shop', '--config', file], {}, {
      version: '0', up: () => Promise.resolve(0), plugins: () => Promise.resolve({ probes: [], channels: [], stores }), scanPages,
      async scan(wants) {
        const name = nameOf(wants.folder)
        events.push(`begins ${name}`)
        begun.get(name)?.resolve()
        // Each of the two devices waits for the other to have begun: one after another they would never end.
        await Promise.all([begun.get('one')?.promise, begun.get('memory')?.promise])
        if (name === fails) throw new Fault('it cannot be read', 'never')
        const report = await scan(wants)
        events.push(`ends ${name}`)
        return report
      },
    }, { stdout: { write: (text) => (out += text) }, stderr: { write: (text) => (err += text) }, stdin: () => '' })
    return { exit, out, err }
  }
  const well = await go()
  assert.deepEqual([well.exit, well.out.match(/0 files/g)?.length], [0, 3], well.out + well.err)
  const disk = events.filter((it) => !it.endsWith('memory'))
  assert.deepEqual(disk, ['begins one', 'ends one', 'begins two', 'ends two'])
  assert(events.indexOf('begins memory') < events.indexOf('ends one'), events.join())
  fails = 'memory'
  const hurt = await go()
  assert.deepEqual([hurt.exit, hurt.out.match(/0 files/g)?.length, /it cannot be read/.test(hurt.err)], [1, 2, true], hurt.out + hurt.err)
})
