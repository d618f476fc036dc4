// What has happened to others, to whole processes over a real PostgreSQL and a real RADOS gateway: the clean-up meets a clock that is a day off, a store that
// lies about what it deletes, a table that nobody told it of, versions that are no longer kept, an upload in flight. What takes longer is told
// by accidents.long.test.ts.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { freePorts, sleep, until } from '../test/story/world.ts'
import { armed, isCanary, isPage, refused, wait, type Armed } from './accidents.ts'
import { plainly, reworded, without, type Between } from './front.ts'
import { JOB, PREFIX, well } from './nodecraft.ts'

let it: Armed
before(async () => {
  it = await armed()
}, { timeout: 500_000 })
after(() => it?.close())

test('an upload in flight between listing and catalogue stays, and so does one whose row comes later (distribution); what waited is put aside', { timeout: 120_000 }, async () => {
  const [flying, landing] = [`${PREFIX}t2/flying`, `${PREFIX}t2/landing`]
  let landed = false
  it.front.between = async (asked, pass) => {
    if (!isPage(asked) || landed) return pass()
    landed = true
    // Both are written before the listing; the row of one comes while it is under way, that of the other long after.
    await it.put([flying, landing])
    const answer = await pass()
    it.sql(`insert into backups (object_key, locked, tenant) values ('${landing}', false, 't2')`)
    return answer
  }
  const plan = await it.plan()
  it.front.between = plainly
  assert.deepEqual([plan.code, plan.items.filter(({ act }) => act === 'quarantine').map(({ key }) => key)], [4, it.lost], plan.text)
  assert.deepEqual(plan.items.filter(({ key }) => key === flying).map(({ act }) => act), ['keep'], 'too young to be judged')
  assert.deepEqual(plan.items.filter(({ key }) => key === landing), [], 'the second reading has its row')
  await until('what waited is put aside', 90_000, async () => (await it.live(`${PREFIX}t1/lost-`)).length === 0)
  it.sql(`insert into backups (object_key, locked, tenant) values ('${flying}', false, 't2')`)
  assert.deepEqual((await it.plan()).items.filter(({ key }) => key.startsWith(`${PREFIX}t2/`)), [])
  assert.deepEqual(await Promise.all([flying, landing].map(async (key) => (await it.versions(key)).length)), [1, 1])
})

test('G-9 a store whose clock is a day off is not judged by', { timeout: 120_000 }, async () => {
  await wait(it, [`${PREFIX}t1/more-a`, `${PREFIX}t1/more-b`])
  const tomorrow: Between = async (_asked, pass) => {
    const answer = await pass()
    return { ...answer, headers: { ...answer.headers, date: new Date(Date.now() + 86_400_000).toUTCString() } }
  }
  await refused(it, 'clock', /apart/, tomorrow)
})

test('G-17 G-21 a store that deletes what it locked, or deletes without a marker, is found out on a canary', async () => {
  // What is asked for with a lock is kept without one; the signature is no longer that of the request, so it is written in the store's own name.
  const forgets: Between = async (asked, pass) => {
    if (!isCanary(asked) || asked.method !== 'PUT' || !asked.path.endsWith('.locked')) return pass()
    const { headers } = await it.wire().ask({ method: 'PUT', key: asked.path.split('/').slice(2).join('/'), body: 'locked' }, AbortSignal.timeout(10_000))
    return { status: 200, headers: { 'x-amz-version-id': headers['x-amz-version-id'], date: new Date().toUTCString() }, body: Buffer.alloc(0) }
  }
  await refused(it, 'way', /deletes what is locked/, forgets)
  const eats: Between = async (asked, pass) => {
    const answer = await pass()
    if (!isCanary(asked) || asked.method !== 'DELETE' || asked.query.has('versionId')) return answer
    return { ...answer, headers: without(answer.headers, 'x-amz-delete-marker') }
  }
  await refused(it, 'way', /versioning is suspended: a delete would destroy/, eats)
})

test('a new table holds references: the run stops until a person has looked (Mastodon)', async () => {
  it.sql('create table media_attachments (id serial primary key, object_key text)')
  try {
    const plan = await refused(it, 'schema', /tables or columns have changed/)
    assert.match((await it.cli('show', JOB)).out, /media_attachments\.object_key/, plan.text)
  } finally {
    it.sql('drop table media_attachments')
  }
})

const versions = (status: string): Promise<void> => well(it.wire(), { method: 'PUT', query: { versioning: '' }, body: `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>${status}</Status></VersioningConfiguration>` })

test('G-21 a listing that says half way that versions are no longer kept is none', async () => {
  // This bucket locks, so that no gateway would suspend its versions: it is said by what stands between.
  let listed = false
  await refused(it, 'listing', /versioning/, async (asked, pass) => {
    const answer = await pass()
    listed ||= isPage(asked)
    return listed && asked.query.has('versioning') ? reworded(answer, (text) => text.replace('Enabled', 'Suspended')) : answer
  })
  await assert.rejects(versions('Suspended'))
})

/** Refused by nothing. What the stories before left without a row may have waited long enough by now: a refused run takes no flag away. */
const isWell = ({ code, reasons }: { readonly code: number | null; readonly reasons: readonly unknown[] }): boolean => (code === 0 || code === 4) && reasons.length === 0

test('G-28 the catalogue\'s database is the one that is watched as down: one incident, no run, and no backup is accused', { timeout: 120_000 }, async () => {
  await until('nothing is wrong before', 40_000, async () => isWell(await it.plan()) && (await it.shown()).causes.length === 0)
  const [pages, latest] = [it.pages().length, (await it.shown()).latest?.plan?.id]
  const [nowhere = 0] = await freePorts(1)
  it.switch.to(nowhere)
  await until('its check is down, and somebody is paged', 40_000, () => it.pages().length > pages)
  const asked = await it.cli('plan', JOB)
  assert.notEqual(asked.code, 0)
  assert.match(asked.out + asked.err, /games-db is down: nothing is compared with a database that does not answer/)
  await sleep(4_000)
  assert.deepEqual([it.pages().length - pages, (await it.shown()).latest?.plan?.id, (await it.shown()).causes], [1, latest, []], it.pages().join('; '))
  const listed = await it.holdfast.cli('backups', 'list')
  assert.doesNotMatch(listed.out, /late|missing/i)
  it.switch.to(it.database.port)
  await until('it is well again', 40_000, async () => isWell(await it.plan()))
  assert.equal(it.pages().length - pages, 1, it.pages().join('; '))
})
