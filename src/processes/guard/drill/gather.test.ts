// A repository that is fetched whole while others work on it: what refers to others is never without what it refers to, and what was cleaned up
// meanwhile is not called damage.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { fakeS3, BUCKET, type FakeS3 } from '../../../../test/places/fake-s3.ts'
import { Fault } from '../../../core/fault.ts'
import restic from '../../../plugins/backups/restic.ts'
import s3 from '../../../plugins/stores/s3.ts'
import type { PageWant, Reading } from '../../../ports/store.ts'
import { createClock } from '../../../ports/world/clock.ts'
import { egressWith } from '../../../ports/world/fixtures/loopback.ts'
import { random } from '../../../ports/world/random.ts'
import { fetchRepository } from './gather.ts'
import type { Fetched } from './fetch.ts'

const clock = createClock()
const { repository } = restic

interface Stage {
  readonly fake: FakeS3
  /** Called before each page of a listing. */
  onPage: (want: PageWant) => void
  /** Called after each read. */
  onRead: (key: string) => void
  readonly to: string
  fetch(want?: { readonly most?: number; readonly room?: number }): Promise<Fetched>
}

async function stage(t: TestContext): Promise<Stage> {
  const fake = await fakeS3(t)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-gather-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const real = s3.reading(s3.config.parse({ s3: fake.url, bucket: BUCKET, read: 'READER:reader-secret' }), { egress: egressWith(), now: () => clock.now(), random, folder })
  for (const name of ['config', 'data/12/1234', 'data/56/5678', 'index/1', 'keys/1', 'snapshots/1', 'snapshots/2']) fake.put(`in/restic/${name}`, `this is ${name}`)
  fake.put('in/restic-of-others/config', 'another')
  const it: Stage = {
    fake, to: path.join(folder, 'copy'), onPage: () => undefined, onRead: () => undefined,
    async fetch({ most = 1024 ** 2, room = 1024 ** 4 } = {}) {
      assert(repository)
      const reading: Reading = {
        ...real,
        page(want, signal) {
          it.onPage(want)
          return real.page(want, signal)
        },
        async read(want, signal) {
          const chunk = await real.read(want, signal)
          it.onRead(want.key)
          return chunk
        },
      }
      const signal = AbortSignal.timeout(20_000)
      const copy = await real.head({ key: 'in/restic/snapshots/1' }, signal)
      assert(copy.is === 'version')
      return fetchRepository({ reading, repository, copy, cell: { room: async () => room, takeIn: async () => it.to }, most, now: () => clock.now() }, signal)
    },
  }
  return it
}
const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile()).map((it) => path.relative(folder, path.join(it.parentPath, it.name))).toSorted()

test('the whole repository comes, and nothing beside it', async (t) => {
  const it = await stage(t)
  const { bytes, sha256 } = await it.fetch()
  assert.deepEqual(filesIn(it.to), ['config', 'data/12/1234', 'data/56/5678', 'index/1', 'keys/1', 'snapshots/1', 'snapshots/2'])
  assert.equal(readFileSync(path.join(it.to, 'data/12/1234'), 'utf8'), 'this is data/12/1234')
  assert.equal(bytes, filesIn(it.to).reduce((sum, name) => sum + `this is ${name}`.length, 0))
  assert.match(sha256, /^[0-9a-f]{64}$/)
})

test('X-3 a backup that runs meanwhile leaves no snapshot without its packs', async (t) => {
  const it = await stage(t)
  const asked: string[] = []
  it.onPage = ({ prefix, after, cursor }) => {
    if (after !== undefined || cursor !== undefined) return
    asked.push(prefix)
    // It writes its pack, then the index, then the snapshot, between any two listings.
    const n = asked.length
    for (const name of [`data/99/${n}`, `index/9${n}`, `snapshots/9${n}`]) it.fake.put(`in/restic/${name}`, 'new')
  }
  await it.fetch()
  assert.deepEqual(asked.slice(0, 3), ['in/restic/snapshots/', 'in/restic/index/', 'in/restic/'])
  const files = filesIn(it.to)
  for (const [kind, refers] of [['snapshots/9', 'index/9'], ['index/9', 'data/99/']] as const) {
    for (const name of files.filter((file) => file.startsWith(kind))) assert(files.includes(name.replace(kind, refers)), `${name} came without what it refers to`)
  }
})

test('X-3 what was cleaned up meanwhile is said, and accuses nobody', async (t) => {
  const it = await stage(t)
  it.onRead = (key) => void (key.endsWith('/snapshots/2') && it.fake.objects.delete(key))
  await assert.rejects(it.fetch(), (cause) => cause instanceof Fault && /cleaned up while it was read/.test(cause.message))
})

test('one that is too large, or larger than the room, is not fetched, and says what to do', async (t) => {
  const it = await stage(t)
  await assert.rejects(it.fetch({ most: 50 }), /the repository has more than 1 MiB, and a drill of this set fetches no more: raise drill\.at_most/)
  await assert.rejects(it.fetch({ room: 100 }), /too little room on this machine/)
  it.fake.put('in/restic/data/../../../evil', 'x')
  await it.fetch()
  assert.deepEqual(readdirSync(path.dirname(it.to)), ['copy'], 'a name that leads elsewhere is no file of a repository')
})
