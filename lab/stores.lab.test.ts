// The S3 store against a real one: Ceph's gateway. The same contract as everywhere, and what that gateway can and cannot do, found out by
// trying it out. What the fake is believed to be like is compared here with what such a server is like.
import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import { createHash } from 'node:crypto'
import { doneWith, judgedOf, listed, storeContract, versionAt, type Laid } from '../src/ports/store.contract.ts'
import { uploadsOf } from '../src/ports/store/listing.ts'
import { createWire, readCredential, type Wire } from '../src/plugins/stores/s3/wire.ts'
import s3 from '../src/plugins/stores/s3.ts'
import type { Found } from '../src/core/evidence.ts'
import { ms } from '../src/core/time.ts'
import { immutableFound } from '../src/rooms/guard/sets/locked.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { rgw, type Rgw } from './rgw.ts'

const clock = createClock()
const context = { egress: egressWith(), now: () => clock.now(), random, folder: '/' }
const soon = (): AbortSignal => AbortSignal.timeout(60_000)
let gateway: Rgw | undefined
let buckets = 0

before(async () => {
  gateway = await rgw()
}, { timeout: 180_000 })
after(() => gateway?.close())

interface Bucket extends Laid {
  readonly wire: Wire
}

async function bucket(_t: TestContext, { lock = true, versions = true } = {}): Promise<Bucket> {
  assert(gateway)
  const { url, hand, reader } = gateway
  const name = `lab-${++buckets}`
  const credential = readCredential(hand)
  assert(credential)
  const wire = createWire({ url, bucket: name, region: 'us-east-1', credential }, context)
  const well = async (it: Parameters<Wire['ask']>[0]): Promise<void> => {
    const told = await wire.ask(it, soon())
    assert(told.status < 300, `${it.method} ${JSON.stringify(it.query)}: ${told.status} ${told.code}`)
  }
  await well({ method: 'PUT', headers: lock ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {} })
  if (versions && !lock) await well({ method: 'PUT', query: { versioning: '' }, body: '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>' })
  const rights = ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration', 's3:GetLifecycleConfiguration', 's3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold', 's3:GetObjectTagging', 's3:GetObjectVersionTagging']
  await well({ method: 'PUT', query: { policy: '' }, body: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] }, Action: rights, Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`] }] }) })
  const config = s3.config.parse({ s3: url, bucket: name, read: reader, delete: hand })
  const reading = s3.reading(config, context)
  return {
    wire, reading, deleting: s3.deleting(config, context),
    put: async (key, text) => well({ method: 'PUT', key, body: text, headers: { 'content-md5': createHash('md5').update(text).digest('base64') } }),
    async everything() {
      const found: Record<string, string[]> = {}
      for (const item of (await listed(reading)).items) {
        if (item.is === 'odd') continue
        const text = item.is === 'marker' ? '(marker)' : (await wire.ask({ method: 'GET', key: item.key, query: item.versionId === undefined ? {} : { versionId: item.versionId } }, soon())).body.toString()
        found[item.key] = [...(found[item.key] ?? []), text]
      }
      return found
    },
  }
}

storeContract(s3, (t) => bucket(t))

test('what this gateway can do is found out by trying it out', async (t) => {
  const { deleting, reading } = await bucket(t)
  const { capabilities } = await deleting.probe(soon())
  const found = Object.fromEntries(Object.entries(capabilities).map(([name, { is }]) => [name, is]))
  assert.deepEqual(found, { versions: 'pass', sets_aside: 'pass', brings_back: 'pass', conditional_delete: 'fail', purges: 'pass', lock: 'pass', hold: 'pass', read_only: 'pass', clock: 'pass' }, JSON.stringify(capabilities))
  assert.deepEqual(await reading.declared(soon()), { versioning: 'enabled', lock: 'enabled', noncurrent: { is: 'for ever' } })
  const bare = await bucket(t, { lock: false, versions: false })
  const { capabilities: without } = await bare.deleting.probe(soon())
  for (const name of ['versions', 'sets_aside', 'lock', 'hold'] as const) assert.equal(without[name].is, 'fail', name)
})

test('an object under legal hold stays, whoever asks', async (t) => {
  const { wire, reading, deleting, everything } = await bucket(t)
  await wire.ask({ method: 'PUT', key: 'held', body: 'h', headers: { 'x-amz-object-lock-legal-hold': 'ON', 'content-md5': createHash('md5').update('h').digest('base64') } }, soon())
  const it = await versionAt(reading, 'held')
  assert.equal((await reading.lock(it, soon())).is, 'locked')
  const outcome = await deleting.quarantine(judgedOf(it), soon())
  assert(outcome.is === 'refused' && outcome.why === 'locked')
  assert.deepEqual(await everything(), { held: ['h'] })
})

test('3-2-1-1-0 a copy that this gateway locks is one that nobody can change: it says so, and was seen to refuse', async (t) => {
  const { wire, reading, deleting } = await bucket(t)
  const put = async (mode: string): Promise<Found> => {
    const key = `shop-2026-11-0${mode === 'COMPLIANCE' ? 1 : 2}.dump`
    const until = new Date(clock.now().wall + 400_000).toISOString()
    await wire.ask({ method: 'PUT', key, body: mode, headers: { 'x-amz-object-lock-mode': mode, 'x-amz-object-lock-retain-until-date': until, 'content-md5': createHash('md5').update(mode).digest('base64') } }, soon())
    const { capabilities } = await deleting.probe(soon())
    const { id } = await reading.identify(soon())
    const { etag, ...it } = await versionAt(reading, key)
    const lock = await reading.lock(it, soon())
    return immutableFound({ newest: { key, etag }, locks: [{ key, etag, lock, age: ms(0) }], tried: { identity: id, lock: capabilities.lock, age: ms(0) }, identity: id }, clock.now().wall)
  }
  assert.deepEqual(await put('COMPLIANCE'), { is: 'pass' })
  const governed = await put('GOVERNANCE')
  assert(governed.is === 'fail' && /governance/.test(governed.says), JSON.stringify(governed))
})

test('versions upon versions over many pages, and an upload in parts', async (t) => {
  const { wire, reading, deleting, put } = await bucket(t, { lock: false })
  for (let n = 0; n < 12; n++) for (const text of ['one', 'two']) await put(`k/${n % 6}`, `${text} ${n}`)
  doneWith(await deleting.quarantine(judgedOf(await versionAt(reading, 'k/3')), soon()))
  const all = (await listed(reading, 'k/')).items
  assert.equal(all.length, 25)
  for (const size of [1, 2, 7]) assert.deepEqual((await listed(reading, 'k/', size)).items, all, `pages of ${size}`)
  const begun = await wire.ask({ method: 'POST', key: 'u/1', query: { uploads: '' } }, soon())
  assert.equal(begun.status, 200)
  const found = await uploadsOf(reading, { prefix: 'u/', now: () => clock.now(), signal: soon() })
  assert.deepEqual(found.map(({ key }) => key), ['u/1'])
  assert(Math.abs((found[0]?.startedAt ?? 0) - Date.now()) < 60_000)
})
