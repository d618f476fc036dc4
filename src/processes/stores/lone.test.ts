// Folders held to the whole contract through real children, and a child that never answers, in the place of a file system that hangs.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { codeOf, isOurs, isSilence, sentence } from '../../core/fault.ts'
import dir from '../../plugins/stores/dir.ts'
import { doneWith, judgedOf, listed, storeContract, versionAt, type Laid } from '../../ports/store.contract.ts'
import { loneDeleting, loneReading, type LoneStore } from './lone.ts'

const soon = (): AbortSignal => AbortSignal.timeout(60_000)

interface Lone extends Laid {
  readonly folder: string
  readonly both: readonly [LoneStore<Laid['reading']>, LoneStore<Laid['deleting']>]
}

function lay(t: TestContext, program?: URL, isOver?: () => boolean): Lone {
  const top = mkdtempSync(path.join(tmpdir(), 'holdfast-lone-'))
  const folder = path.join(top, 'nas')
  mkdirSync(folder)
  writeFileSync(path.join(folder, '.holdfast-store'), '')
  const opening = { plugin: dir, settings: { dir: 'nas' }, folder: top, lab: false, ...(program && { program }), ...(isOver && { isOver }) }
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

/** A child that begins every call after so long (never, where that is null) and answers none but the first thing asked of a store; told to give up it goes on as the kernel would. */
function silent(t: TestContext, after: number | null = 0): URL {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'holdfast-lone-')), 'silent.mjs')
  t.after(() => rmSync(path.dirname(file), { recursive: true }))
  writeFileSync(file, `process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.on('message', (it) => {
    if (it.is !== 'call') return
    if (it.name === 'identify') return void process.send({ is: 'answer', id: it.id, value: 'here' })
    ${after === null ? '' : `setTimeout(() => process.send({ is: 'begun', id: it.id }), ${after})`}
  })`)
  return pathToFileURL(file)
}

test('what hangs is given up in time and its child is killed; the next call has another', async (t) => {
  const { reading, deleting, both } = lay(t, silent(t))
  await Promise.all([reading.identify(soon()), deleting.identify(soon())])
  const began = performance.now()
  await assert.rejects(reading.page({ prefix: '', most: 1 }, AbortSignal.timeout(1_000)), (cause: unknown) => codeOf(cause) === 'ETIMEDOUT')
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

test('X-3 our own slowness accuses no store: a child that came up late or never, a lease or a time that was over before it was asked', async (t) => {
  const accuses = async (asked: Promise<unknown>, says: RegExp): Promise<void> => assert.rejects(asked, (cause: unknown) => {
    assert.deepEqual([isOurs(cause), isSilence(cause)], [true, false])
    assert.match(sentence(cause), says)
    assert.doesNotMatch(sentence(cause), /no answer|file system/)
    return true
  })
  const want = { prefix: '', most: 1 }
  const never = lay(t, silent(t, null))
  await accuses(never.reading.page(want, AbortSignal.timeout(300)), /^Holdfast could not look in time: the process that asks the store did not come up/)
  const outcome = await never.deleting.quarantine({ key: 'a', etag: 'e', bytes: 1 }, AbortSignal.timeout(300))
  assert.equal(outcome.is, 'unknown', 'what it did is as unknown as before')
  const late = lay(t, silent(t, 1_200))
  await late.reading.identify(soon())
  await accuses(late.reading.page(want, AbortSignal.timeout(1_500)), /^Holdfast could not look in time: the process that asks the store (came up when most|did not come up)/)
  await accuses(lay(t, undefined, () => true).reading.page(want, soon()), /its lease ran out before this was asked/)
  await accuses(lay(t).reading.page(want, AbortSignal.abort()), /the time for it was over before it was asked/)
})

test('in a lab a store over SFTP is not spoken to at a public address, by either half', async (t) => {
  const opening = { plugin: { kind: 'sftp' }, settings: { sftp: 'sftp://1.1.1.1/srv', read: 'reader:reader.key', delete: 'hand:hand.key' }, folder: '/', lab: true }
  const [reading, deleting] = [loneReading(opening), loneDeleting(opening)]
  t.after(() => [reading, deleting].forEach((it) => it.close()))
  for (const { half } of [reading, deleting]) await assert.rejects(half.identify(soon()), (cause: unknown) => codeOf(cause) === 'EBLOCKED' && sentence(cause).includes('--lab'))
})
