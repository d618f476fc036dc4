// The files of a running store, taken away, replaced, and looked into by others. Invariants X-1, L-8.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { instantOf, tickOf, type Now } from '../core/time.ts'
import { entries, type Store } from '../db/store.ts'
import { verifyLedger } from '../db/verify.ts'
import { random } from '../ports/world/random.ts'
import { countRoom } from '../../test/powercut/count-room.ts'
import { openOrBegin, rescue, watchFile, type Opened } from './store-file.ts'

const now: Now = { wall: instantOf(1_800_000_000_000), tick: tickOf(1), boot: 'b' }
const refuse = (says: string): never => assert.fail(says)
const key = Buffer.alloc(32, 7)

function world(t: { after(fn: () => void): void }) {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-files-'))
  t.after(() => fs.rmSync(data, { recursive: true, force: true }))
  const open = (): Opened => openOrBegin(data, [countRoom], { now: now.wall, random, refuse })
  return { data, file: path.join(data, 'holdfast.db'), open }
}

function count(store: Store, n: number): void {
  store.begin()
  for (let i = 0; i < n; i++) store.turn('count', now, (tx) => tx.append({ is: 'count.counted', stream: 's', body: { i } }))
  store.commit()
}

const counted = ({ sql }: Store): number => [...entries(sql)].length

/** The system's list of locks on a file; only Linux shows it. */
const locksOn = (file: string): number =>
  process.platform === 'linux' ? fs.readFileSync('/proc/locks', 'utf8').split('\n').filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${fs.statSync(file).ino} `)).length : 1

test('X-1 looking at the database gives up none of its locks: a tool of SQLite’s that comes and leaves takes no log away', async (t) => {
  const { file, open } = world(t)
  const { store } = open()
  const look = watchFile(file)
  count(store, 3)
  for (let n = 0; n < 3; n++) assert.equal(await look(), undefined)
  assert.equal(locksOn(file), 1, 'older tools remove the log of a database on which nobody has a lock')
  execFileSync(process.execPath, ['-e', `const { DatabaseSync } = require('node:sqlite'); const db = new DatabaseSync(process.argv[1]); db.exec('select count(*) from entry'); db.close()`, file], { stdio: 'ignore' })
  assert(fs.existsSync(`${file}-wal`), 'the log is still there')
  count(store, 1)
  assert.equal(await look(), undefined)
  store.close()
})

test('X-1 a database that is taken away while it is written is written anew, whole, and goes on', async (t) => {
  const { data, file, open } = world(t)
  const { store } = open()
  const look = watchFile(file)
  count(store, 5)
  fs.writeFileSync(path.join(data, 'node.key'), key)
  fs.renameSync(file, `${file}.moved`)
  count(store, 2)
  assert.equal(await look(), 'gone')
  assert.match(rescue(store, file, key, 'gone').says, /was removed while Holdfast ran\. It was written anew .* nothing is lost\./)
  const next = open()
  assert.equal(next.damaged, undefined)
  assert.equal(counted(next.store), 7)
  assert.equal(verifyLedger(next.store.sql).broken, undefined)
  assert.equal(next.store.meta('store'), store.meta('store'))
  next.store.close()
})

test('X-1 the same with the whole data folder, the node’s key included', async (t) => {
  const { data, file, open } = world(t)
  const { store } = open()
  const look = watchFile(file)
  count(store, 5)
  fs.rmSync(data, { recursive: true })
  assert.equal(await look(), 'gone')
  assert.match(rescue(store, file, key, 'gone').says, /nothing is lost/)
  assert.deepEqual(fs.readFileSync(path.join(data, 'node.key')), key)
  assert.equal(counted(open().store), 5)
})

test('X-1 a log that is removed while it is written is folded into the database', async (t) => {
  const { file, open } = world(t)
  const { store } = open()
  const look = watchFile(file)
  count(store, 5)
  assert.equal(await look(), undefined)
  for (const tail of ['-wal', '-shm']) fs.rmSync(file + tail)
  count(store, 2)
  assert.equal(await look(), 'log gone')
  assert.match(rescue(store, file, key, 'log gone').says, /nothing is lost/)
  assert.equal(counted(open().store), 7)
})

test('L-8 a database that is replaced while it is written is gone on with as another memory; what there was is kept, and said', async (t) => {
  const { data, file, open } = world(t)
  const { store } = open()
  const look = watchFile(file)
  count(store, 5)
  store.sql.exec(`vacuum into '${file}.old'`)
  count(store, 3)
  fs.renameSync(`${file}.old`, file)
  assert.equal(await look(), 'replaced')
  assert.match(rescue(store, file, key, 'replaced').says, /was replaced by another file while Holdfast ran/)
  const next = open()
  assert.equal(counted(next.store), 5, 'the log of the former file is not taken for that of the new one')
  assert.equal(verifyLedger(next.store.sql).broken, undefined)
  assert.notEqual(next.store.meta('store'), store.meta('store'), 'the ringer hands over what was open')
  assert.match(next.damaged?.says ?? '', /was replaced while Holdfast ran/)
  const kept = path.join(data, next.damaged?.kept ?? '')
  assert.equal(fs.existsSync(kept), true)
  next.store.close()
  assert.equal(open().damaged, undefined, 'said once')
})

test('X-1 a database that is missing at a start is no new installation: it is said that there was one', (t) => {
  const { data, file, open } = world(t)
  const first = open()
  assert.equal(first.damaged, undefined, 'a first start')
  first.store.close()
  fs.writeFileSync(path.join(data, 'reserve'), '')
  fs.rmSync(file)
  const next = open()
  assert.match(next.damaged?.says ?? '', /^the database is gone/)
  next.store.close()
})
