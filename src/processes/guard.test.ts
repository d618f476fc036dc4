// The guard as a real process: the keeper's socket on one side, a folder and a bucket on the other.
import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { fakeS3, BUCKET, KEYS } from '../../test/places/fake-s3.ts'
import { folderFor } from '../../test/story/world.ts'
import { listen, type Link, type Wire } from '../ports/wire.ts'
import { forReading, type StorePlace } from '../rooms/guard/config.ts'
import type { Listed } from '../rooms/guard/protocol.ts'
import { readPattern, type Pattern } from '../rooms/guard/sets/pattern.ts'

async function until<T>(look: () => T | undefined | false, what: string): Promise<T> {
  const end = Date.now() + 60_000
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    assert.ok(Date.now() < end, `not within 60 s: ${what}`)
    await new Promise((go) => setTimeout(go, 20))
  }
}

const pattern = (text: string): Pattern => readPattern(text) as Pattern

async function stage(t: TestContext, stores: readonly StorePlace[], lies: Readonly<Record<string, string>>) {
  const at = folderFor('guard-process')
  t.after(() => fs.rmSync(at, { recursive: true, force: true }))
  const heard: Wire[] = []
  const links: Link[] = []
  const keeper = await listen(path.join(at, 'keeper.sock'), {
    onMessage: (message, link) => {
      heard.push(message)
      if (message.is === 'hello') links.push(link)
    },
  })
  const guard: ChildProcess = fork(new URL('./guard.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] })
  t.after(() => {
    guard.kill('SIGKILL')
    keeper.close()
  })
  const sets = Object.entries(lies).map(([store, text]) => ({ name: 'shop', engine: 'files', in: [{ store, pattern: pattern(text) }], every: 86_400_000, grace: 0, escalate: 'default', from: '' }))
  guard.send({ is: 'init', runtime: at, data: at, folder: at, stores, breakGlass: { stores: {}, sets: {} }, sets: [{ ...sets[0], in: sets.flatMap((it) => it.in) }] })
  const link = await until(() => links[0], 'hello')
  let n = 0
  const list = async (store: string, more = {}): Promise<Listed> => {
    const id = `t${++n}`
    link.send({ is: 'task', id, task: { is: 'list', set: 'shop', store, ...more } })
    const done = await until(() => heard.find((it) => it['id'] === id && it.is !== 'task-progress'), `task ${id}`)
    return done.is === 'task-failed' ? { is: 'not-listed', says: String(done['says']) } : done['result'] as Listed
  }
  return { at, heard, links, link, guard, list }
}

test('G-15 the guard lists folders and buckets with what may only read, and takes its scratch folder as its own', async (t) => {
  const s3 = await fakeS3(t)
  s3.put('pg/shop-2026-11-20.dump', 'first')
  s3.put('pg/shop-2026-11-21.dump', 'second one')
  s3.put('pg/readme.txt', 'nobody')
  const stores: StorePlace[] = [
    { name: 'nas', kind: 'dir', settings: { dir: './nas', marker: '.holdfast-store' } },
    { name: 'main', kind: 's3', settings: { s3: s3.url, bucket: BUCKET, region: 'us-east-1', read: `READER:${KEYS.READER}`, delete: `HAND:${KEYS.HAND}` } },
  ]
  const given = stores.map(forReading)
  assert.ok(!JSON.stringify(given).includes(KEYS.HAND))
  const it = await stage(t, given, { nas: 'shop-{date}.tar', main: 'pg/shop-{date}.dump' })
  const missing = await it.list('nas')
  assert.ok(missing.is === 'not-listed' && /cannot be opened/.test(missing.says), JSON.stringify(missing))
  fs.mkdirSync(path.join(it.at, 'nas'))
  const unmarked = await it.list('nas')
  assert.ok(unmarked.is === 'not-listed' && /marker|\.holdfast-store/.test(unmarked.says), JSON.stringify(unmarked))
  fs.writeFileSync(path.join(it.at, 'nas', '.holdfast-store'), '')
  for (const name of ['shop-2026-11-20.tar', 'shop-2026-11-21.tar', 'shop-2026-11-21.tar.part', 'notes']) fs.writeFileSync(path.join(it.at, 'nas', name), name)
  const nas = await it.list('nas')
  assert.deepEqual(nas.is === 'listed' && nas.copies.map(({ key, bytes }) => [key, bytes]), [['shop-2026-11-20.tar', 19], ['shop-2026-11-21.tar', 19]])
  const bucket = await it.list('main')
  assert.deepEqual(bucket.is === 'listed' && bucket.copies.map(({ key, bytes }) => [key, bytes]), [['pg/shop-2026-11-20.dump', 5], ['pg/shop-2026-11-21.dump', 10]], JSON.stringify(bucket))
  const strange = await it.list('elsewhere')
  assert.deepEqual(strange, { is: 'not-listed', says: 'no set “shop” lies in “elsewhere”' })
  assert.ok(fs.existsSync(path.join(it.at, 'guard')))
})

test('L-3 a keeper that comes back gives its tasks anew; the guard ends with its parent', async (t) => {
  const it = await stage(t, [{ name: 'nas', kind: 'dir', settings: { dir: './nas', marker: '.m' } }], { nas: 'shop-{date}.tar' })
  fs.mkdirSync(path.join(it.at, 'nas'))
  fs.writeFileSync(path.join(it.at, 'nas', '.m'), '')
  it.link.close()
  const again = await until(() => it.links[1], 'hello again')
  again.send({ is: 'task', id: 'x1', task: { is: 'list', set: 'shop', store: 'nas' } })
  const done = await until(() => it.heard.find((one) => one['id'] === 'x1'), 'x1')
  assert.equal(done.is, 'task-done')
  const gone = new Promise((resolve) => it.guard.once('exit', resolve))
  it.guard.disconnect()
  await gone
})
