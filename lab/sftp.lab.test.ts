// The SFTP store against a real sshd, through real children and the system's own ssh: the same contract as everywhere, a host that is not the one
// that was pinned, keys that nobody lets in, a server that stops in the middle, and two users of which one may not write.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { codeOf } from '../src/core/fault.ts'
import sftp from '../src/plugins/stores/sftp.ts'
import { doneWith, judgedOf, listed, storeContract, versionAt, type Laid } from '../src/ports/store.contract.ts'
import { loneDeleting, loneReading, type LoneStore } from '../src/processes/stores/lone.ts'
import { sshd, type Sshd } from './sshd.ts'

const soon = (): AbortSignal => AbortSignal.timeout(20_000)
let server: Sshd | undefined

before(async () => {
  server = await sshd()
}, { timeout: 60_000 })
after(() => server?.close())

interface Over extends Laid {
  readonly folder: string
  readonly lone: readonly [LoneStore<Laid['reading']>, LoneStore<Laid['deleting']>]
}

function lay(t: TestContext, settings: object = {}): Over {
  assert(server)
  const top = mkdtempSync(path.join(os.tmpdir(), 'holdfast-vault-'))
  chmodSync(top, 0o755)
  const folder = path.join(top, 'vault')
  mkdirSync(folder, { mode: 0o755 })
  writeFileSync(path.join(folder, '.holdfast-store'), 'the one\n')
  const opening = { plugin: sftp, settings: { sftp: `sftp://127.0.0.1:${server.port}${folder}`, read: 'nobody:reader.key', delete: 'root:hand.key', host_key: server.hostKey, ...settings }, folder: server.folder, lab: true }
  const [reading, deleting] = [loneReading(opening), loneDeleting(opening)]
  t.after(() => {
    reading.close()
    deleting.close()
    rmSync(top, { recursive: true })
  })
  let second = 1_700_000_000
  return {
    folder, reading: reading.half, deleting: deleting.half, lone: [reading, deleting],
    put: async (key, text) => {
      mkdirSync(path.dirname(path.join(folder, key)), { recursive: true })
      writeFileSync(path.join(folder, key), text)
      // SFTP tells whole seconds.
      utimesSync(path.join(folder, key), ++second, second)
    },
    everything: async () => Object.fromEntries(
      readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile()).map((it) => path.join(it.parentPath, it.name))
        .map((at) => [path.relative(folder, at), [readFileSync(at, 'utf8')]] as const).filter(([key]) => !key.startsWith('.holdfast')),
    ),
  }
}

storeContract(sftp, async (t) => lay(t))

test('a host that is not the pinned one is not spoken to; neither is one of which no key is known', async (t) => {
  assert(server)
  for (const host_key of [server.otherKey, undefined]) {
    const { reading, deleting } = lay(t, { host_key })
    for (const call of [() => reading.identify(soon()), () => deleting.probe(soon())]) await assert.rejects(call, /127\.0\.0\.1 is not proven to be itself .*: compare its key/)
  }
})

test('a key that is not let in is said to be none', async (t) => {
  for (const read of ['nobody:stranger.key', 'root:reader.key', 'nobody:not-there.key']) await assert.rejects(lay(t, { read }).reading.identify(soon()), /does not let this key in/, read)
})

test('G-15 the user that reads can change nothing, also if it were asked to', async (t) => {
  const { reading, put, everything } = lay(t)
  await put('a', 'a')
  const judged = judgedOf(await versionAt(reading, 'a'))
  const before = await everything()
  const swapped = lay(t, { read: 'nobody:reader.key', delete: 'nobody:reader.key' })
  await swapped.put('a', 'a')
  const outcome = await swapped.deleting.quarantine(judged, soon())
  assert(outcome.is === 'refused' && outcome.why === 'unable', JSON.stringify(outcome))
  assert.deepEqual([await everything(), await swapped.everything()], [before, before])
})

test('a file of megabytes is read whole, in ranges, as it is', async (t) => {
  const { folder, reading, put } = lay(t)
  await put('big', '')
  const bytes = Buffer.alloc(11_000_000, 0).map((_, i) => (i * 7919) >>> 5)
  writeFileSync(path.join(folder, 'big'), bytes)
  const it = await versionAt(reading, 'big')
  const got: Buffer[] = []
  for (let from = 0; from < it.bytes;) {
    const chunk = await reading.read({ ...it, from, bytes: 8 * 1024 * 1024 }, soon())
    assert(chunk.is === 'read')
    got.push(Buffer.from(chunk.bytes))
    from += chunk.bytes.length
  }
  assert(Buffer.concat(got).equals(bytes))
})

test('a server that is stopped is given up in time, and nothing of ssh is left', async (t) => {
  const { reading, put, lone } = lay(t)
  for (let n = 0; n < 5; n++) await put(`k/${n}`, String(n))
  assert.equal((await listed(reading)).items.length, 5)
  const children = (): number[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${server?.folder}/reader.key`)
    } catch {
      return false
    }
  }).map(Number)
  const [ssh] = children()
  assert(ssh !== undefined && lone[0].pid() !== undefined)
  process.kill(ssh, 'SIGSTOP')
  const began = performance.now()
  await assert.rejects(reading.page({ prefix: '', most: 9 }, AbortSignal.timeout(300)), (cause: unknown) => codeOf(cause) === 'ETIMEDOUT')
  assert(performance.now() - began < 8_000)
  const again = async (): Promise<number> => (await listed(reading).catch(() => ({ items: [] }))).items.length
  for (let n = 0; n < 3000 && children().length > 0; n++) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(children(), [])
  // Until the end of the child that was killed is seen, no other takes its place.
  for (let n = 0; n < 100 && (await again()) !== 5; n++) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(await again(), 5, 'the next call begins anew')
})

test('what was set aside can be brought back by hand, from a name that a person can read', async (t) => {
  const { folder, reading, deleting, put } = lay(t)
  await put('pg/shop-2026-01-01.dump', 'dump')
  const aside = doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'pg/shop-2026-01-01.dump')), soon()))
  const corner = path.join(folder, '.holdfast/quarantine', aside.token)
  assert.deepEqual([readFileSync(path.join(corner, 'name'), 'utf8'), readFileSync(path.join(corner, 'object'), 'utf8')], ['pg/shop-2026-01-01.dump\n', 'dump'])
  doneWith(await deleting.release(aside, soon()))
  assert(!existsSync(corner))
})
