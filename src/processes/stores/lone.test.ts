// Folders held to the whole contract through real children, and a child that never answers, in the place of a file system that hangs.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { codeOf } from '../../core/fault.ts'
import dir from '../../plugins/stores/dir.ts'
import { doneWith, judgedOf, listed, storeContract, versionAt, type Laid } from '../../ports/store.contract.ts'
import { loneDeleting, loneReading, type LoneStore } from './lone.ts'

const soon = (): AbortSignal => AbortSignal.timeout(60_000)

interface Lone extends Laid {
  readonly folder: string
  readonly both: readonly [LoneStore<Laid['reading']>, LoneStore<Laid['deleting']>]
}

function lay(t: TestContext, program?: URL): Lone {
  const top = mkdtempSync(path.join(tmpdir(), 'holdfast-lone-'))
  const folder = path.join(top, 'nas')
  mkdirSync(folder)
  writeFileSync(path.join(folder, '.holdfast-store'), '')
  const opening = { plugin: dir, settings: { dir: 'nas' }, folder: top, ...(program && { program }) }
  const [reading, deleting] = [loneReading(opening), loneDeleting(opening)]
  t.after(() => {
    reading.close()
    deleting.close()
    rmSync(top, { recursive: true })
  })
  const keys = new Set<string>()
  return {
    folder, reading: reading.half, deleting: deleting.half, both: [reading, deleting],
    put: async (key, text) => {
      keys.add(key)
      mkdirSync(path.dirname(path.join(folder, key)), { recursive: true })
      writeFileSync(path.join(folder, key), text)
    },
    everything: async () => Object.fromEntries([...keys].filter((key) => existsSync(path.join(folder, key))).map((key) => [key, [readFileSync(path.join(folder, key), 'utf8')]])),
  }
}

storeContract(dir, async (t) => lay(t), 'never purges')

/** A child that takes every call and answers none; told to give up it goes on as the kernel would. */
function silent(t: TestContext): URL {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'holdfast-lone-')), 'silent.mjs')
  t.after(() => rmSync(path.dirname(file), { recursive: true }))
  writeFileSync(file, `process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.on('message', () => undefined)`)
  return pathToFileURL(file)
}

test('what hangs is given up in time and its child is killed; the next call has another', async (t) => {
  const { reading, deleting, both } = lay(t, silent(t))
  const began = performance.now()
  await assert.rejects(reading.page({ prefix: '', most: 1 }, AbortSignal.timeout(300)), (cause: unknown) => codeOf(cause) === 'ETIMEDOUT')
  assert(performance.now() - began < 8_000)
  assert.equal(both[0].pid(), undefined)
  const outcome = await deleting.quarantine({ key: 'a', etag: 'e', bytes: 1 }, AbortSignal.timeout(300))
  assert(outcome.is === 'unknown', 'what an act did that was cut off is unknown')
  assert.match(outcome.says, /look before anything else is done/)
})

test('a child that dies ends its calls at once, and another takes its place', async (t) => {
  const { reading, both, put } = lay(t)
  for (const key of ['a', 'b', 'c']) await put(key, key)
  const first = await reading.page({ prefix: '', most: 1 }, soon())
  const pid = both[0].pid()
  assert(pid !== undefined)
  process.kill(pid, 'SIGKILL')
  for (let n = 0; n < 3000 && both[0].pid() === pid; n++) await new Promise((resolve) => setTimeout(resolve, 20))
  const rest = await reading.page({ prefix: '', most: 9, ...(first.next !== undefined && { cursor: first.next }) }, soon())
  assert.deepEqual(rest.items.map(({ key }) => key), ['b', 'c'])
  assert.notEqual(both[0].pid(), pid)
})

test('G-15 each half lives in a child of its own', async (t) => {
  const { both, put, reading, deleting } = lay(t)
  await put('a', 'a')
  assert.equal((await listed(reading)).items.length, 1)
  const aside = doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'a')), soon()))
  assert.equal(aside.key, 'a')
  assert.notEqual(both[0].pid(), both[1].pid())
})
