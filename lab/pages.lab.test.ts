// Pages of a real PostgreSQL cluster, held against its own tool: pg_checksums says the same of a cluster in order, and of one with flipped bytes, a page that
// was written to another's place, and one that was emptied of its checksum.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, cpSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Progress } from '../src/rooms/guard/scan/pace.ts'
import { firstBlockOf } from '../src/rooms/guard/scan/pages.ts'
import { scanPages } from '../src/processes/scan/pages.ts'
import { postgres } from './servers.ts'

const never = new AbortController().signal
const PAGE = 8192
const tools = readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`)[0] ?? ''
const as = (args: readonly string[]): [string, string[]] => (process.getuid?.() === 0 ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', ...args]] : [args[0] ?? '', args.slice(1)])

/** What the oracle says: bad blocks, by file. */
function oracle(data: string): { bad: string[]; pages: number } {
  const [file, args] = as([`${tools}/pg_checksums`, '--check', '-D', data])
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', cwd: '/' })
  const bad = [...stderr.matchAll(/checksum verification failed in file "([^"]+)", block (\d+)/g)].map(([, at = '', block]) => `${path.relative(data, at)}:${block}`)
  return { bad: bad.toSorted(), pages: Number(/Blocks scanned:\s+(\d+)/.exec(stdout)?.[1]) }
}

const ours = async (data: string): Promise<{ bad: string[]; pages: number }> => {
  const { bad, pages } = await scanPages({ folder: data, signal: never })
  return { pages, bad: bad.map((it) => `${it.path}:${it.block - (firstBlockOf(it.path) ?? 0)}`).toSorted() }
}

function put(file: string, at: number, bytes: Buffer): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
}

test('story 4: pages of PostgreSQL: what pg_checksums finds is found, and nothing else', async () => {
  const server = await postgres()
  try {
    server.sql("create table t as select n, repeat('x', 200) as words from generate_series(1, 300000) n; create index on t (n); checkpoint")
    const relation = server.sql("select pg_relation_filepath('t')").trim()
    const data = `${server.folder}/data`
    await assert.rejects(scanPages({ folder: data, signal: never }), /is in use/)
    await server.stop()
    const [file, args] = as([`${tools}/pg_checksums`, '--enable', '--no-sync', '-D', data])
    spawnSync(file, args, { cwd: '/' })
    const calm = await ours(data)
    assert.deepEqual(calm, oracle(data))
    assert.deepEqual([calm.bad, calm.pages > 5000], [[], true])
    const told: Progress[] = []
    const { bytes } = await scanPages({ folder: data, signal: never, rate: (calm.pages * PAGE) / 2, progress: (it) => void told.push(it) })
    assert(told.length >= 2 && told.every(({ total }) => total.is === 'known' && total.bytes === bytes), JSON.stringify(told))
    assert(told.some(({ left, speed }) => left !== undefined && left > 0 && speed > 0))
    const copy = `${server.folder}/copy`
    cpSync(data, copy, { recursive: true, preserveTimestamps: true })
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', 'postgres:', copy])
    const at = path.join(copy, relation)
    put(at, 3 * PAGE + 5000, Buffer.from('rot'))
    const moved = Buffer.alloc(PAGE)
    const fd = openSync(at, 'r')
    readSync(fd, moved, 0, PAGE, 10 * PAGE)
    closeSync(fd)
    put(at, 20 * PAGE, moved)
    put(at, 4000 * PAGE + 8, Buffer.from([0, 0]))
    put(at, 8 * PAGE + 8191, Buffer.from([0xff]))
    assert(statSync(at).size > 4000 * PAGE)
    const rotten = await ours(copy)
    assert.deepEqual(rotten, oracle(copy))
    assert.equal(rotten.bad.length, 4)
    assert.deepEqual((await ours(data)).bad, [], 'the original is as it was')
    rmSync(copy, { recursive: true })
  } finally {
    await server.close()
  }
})
