// Whole runs against a bucket over HTTP and a catalogue in memory: what is healthy reports exactly what has no row; everything else refuses, says why in
// the words of whoever said it, and changes nothing.
import assert from 'node:assert/strict'
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { Fault } from '../../core/fault.ts'
import { instantOf } from '../../core/time.ts'
import dir from '../../plugins/stores/dir.ts'
import s3 from '../../plugins/stores/s3.ts'
import { unread } from '../../ports/catalogue.ts'
import type { Reading } from '../../ports/store.ts'
import { random } from '../../ports/world/random.ts'
import { BUCKET } from '../../../test/places/fake-s3.ts'
import { add, games, PREFIX, type Games, type Judged } from '../../../test/guard/games.ts'

const acts = async (it: Games, result: Judged): Promise<string[]> => (await it.items(result)).items.map(({ act, key }) => `${act} ${key.slice(PREFIX.length)}`)
const refusals = ({ plan }: Judged): string[] => plan.refusals.map(({ id, text }) => `${id}: ${text}`)
const asked = ({ fake }: Games): string[] => fake.asked.filter((it) => !/^(GET|HEAD) /.test(it))

test('healthy: exactly what has no row is reported, with lock and tags asked for, and nothing is changed', async (t) => {
  const it = await games(t)
  for (const name of ['a', 'b', 'held', 'tagged']) it.fake.put(`${PREFIX}t1/lost-${name}`, 'x')
  Object.assign(it.fake.objects.get(`${PREFIX}t1/lost-held`)?.[0] ?? {}, { hold: true })
  Object.assign(it.fake.objects.get(`${PREFIX}t1/lost-tagged`)?.[0] ?? {}, { tags: { hold: '1' } })
  add(it, `${PREFIX}t2/locked`, { lock: 'locked', tenant: 'two' })
  it.rows.set(`${PREFIX}t2/null`, { lock: 'unknown' })
  it.fake.put(`${PREFIX}t2/null`, 'x')
  it.fake.put(`${PREFIX}t1/uploading`, 'x')
  it.intents.add(`${PREFIX}t1/uploading`)
  it.fake.uploads.push({ key: `${PREFIX}t1/part`, id: 'u', at: 1 })
  it.rows.set(`${PREFIX}t2/gap`, {})
  const first = await it.run()
  assert.deepEqual(refusals(first).filter((one) => !one.startsWith('limit:')), [])
  assert.deepEqual(await acts(it, first), ['keep t1/lost-a', 'keep t1/lost-b', 'never t1/lost-held', 'never t1/lost-tagged', 'gap t2/gap'])
  const { items, seal } = await it.items(first)
  assert.match(items[0]?.why ?? '', /7 d old by the store's clock/)
  assert.equal(seal.mode, 'report')
  assert.deepEqual([first.ran.before, first.ran.after, first.ran.objects, first.healthy], [63, 63, 67, true])
  assert.deepEqual(first.pages.map((page) => page.cause), ['reconcile:customer-backups:gap'])
  assert.deepEqual(asked(it), [])
  assert.deepEqual(readdirSync(it.folder).filter((name) => name === 'scratch'), [], 'what was spooled is gone')
  // The row of the locked one goes away, and so does its lock: a later run still knows of it (G-17).
  it.rows.delete(`${PREFIX}t2/locked`)
  const second = await it.run()
  assert((await acts(it, second)).includes('never t2/locked'))
  assert.equal(second.plan.checks.find(({ id }) => id === 'epoch')?.found, 'pass')
  assert.deepEqual(second.summary.acts['never']?.count, 3)
})

test('G-21 what is hidden under a marker is no live object, and what has nothing beneath is not there', async (t) => {
  const it = await games(t)
  const stack = (key: string, ...kinds: readonly ('version' | 'marker')[]): void => void it.fake.objects.set(key, kinds.map((kind, i) => ({ versionId: `v${kinds.length - i}`, marker: kind === 'marker', etag: 'e', body: 'x', at: 1 })))
  stack(`${PREFIX}t1/hidden`, 'marker', 'version')
  stack(`${PREFIX}t1/nothing`, 'marker', 'marker')
  stack(`${PREFIX}t1/newer`, 'version', 'marker', 'version')
  const result = await it.run()
  assert.deepEqual(await acts(it, result), ['keep t1/newer'])
  assert.equal((await it.items(result)).items[0]?.version_id, 'v3')
})

const elsewhere = (it: Games, reading: Reading): void => void Object.assign(it.context, { reading: () => reading })
const bucketOf = (it: Games, bucket: string, read: string): Reading => s3.reading(s3.config.parse({ s3: it.fake.url, bucket, read }), { ...it.context, random })

const changes: readonly [string, string, RegExp, (it: Games) => void][] = [
  ['the catalogue is not reachable', 'schema', /games at db:5432 refused the connection/, (it) => void (it.onRead = () => { throw unread('games at db:5432 refused the connection') })],
  ['it goes away in the middle', 'schema', /after the listing ended early: canceling statement due to statement timeout/, (it) => void (it.onRead = (n) => { if (n % 2 === 0) throw unread('canceling statement due to statement timeout') })],
  ['G-19 restored into the same cluster', 'epoch', /made anew/, (it) => void (it.facts.oids = 'other')],
  ['G-19 restored to an earlier time', 'epoch', /history is shorter/, (it) => void (it.facts.position = 5n)],
  ['G-16 another database of the same name', 'identity', /games of 999/, (it) => void (it.facts.system = '999')],
  ['G-20 half-migrated: a new column could hold keys', 'schema', /its tables or columns have changed/, (it) => void (it.facts.columns = ['public.backups.object_key text', 'public.backups.object_ref text'])],
  ['G-17 without a lock column', 'schema', /lock column/, (it) => void (it.facts.lockColumn = false)],
  ['truncated', 'floor', /8 rows|0 rows|and \d+ were there/, (it) => it.rows.clear()],
  ['one tenant is missing', 'floor', /rows, and 60 were there/, (it) => { for (const key of [...it.rows.keys()]) if (key.startsWith(`${PREFIX}t1/`)) it.rows.delete(key) }],
  ['the bucket has become another', 'identity', /the store is/, (it) => void Object.assign(it.context, { reading: () => ({ ...it.reading, identify: () => Promise.resolve({ kind: 's3', id: 'other', says: 'the bucket other at x' }) }) })],
  ['G-16 nothing is mounted where its folder lies (rclone)', 'listing', /holds no \.holdfast-store: nothing is mounted there/, (it) => {
    mkdirSync(path.join(it.folder, 'nas'))
    elsewhere(it, dir.reading(dir.config.parse({ dir: './nas' }), { ...it.context, folder: it.folder, random }))
  }],
  ['G-16 another bucket that nobody made (rclone)', 'listing', /no bucket of that name|NoSuchBucket/, (it) => elsewhere(it, bucketOf(it, 'game-backup', 'READER:reader-secret'))],
  ['G-16 the credential of somebody else (rclone)', 'listing', /InvalidAccessKeyId|not known/, (it) => elsewhere(it, bucketOf(it, BUCKET, 'OTHER:reader-secret'))],
  ['G-16 a secret that is not the one of its key (rclone)', 'listing', /SignatureDoesNotMatch|the secret is not the one/, (it) => elsewhere(it, bucketOf(it, BUCKET, 'READER:other-secret'))],
  ['G-10 the listing repeats itself', 'listing', /cannot be believed/, (it) => void (it.fake.lies.add('reorders'))],
  ['G-9 the clock of the store is a day off', 'clock', /apart/, (it) => void (it.fake.ahead = 86_400_000)],
  ['the command for sentinels is gone', 'sentinels', /only 0 are planted/, (it) => void (it.config = { ...it.config, sentinels: { plant: ['/nowhere/sentinel', 'plant'], remove: [] } })],
  ['G-19 the counter of the sentinels is lower than seen', 'epoch', /the sentinels count/, (it) => writeFileSync(path.join(it.folder, 'counter'), '0')],
  ['G-8 the lease is over', 'fresh', /lease/, (it) => void (it.knows = { ...it.knows, lease: { ...it.knows.lease, wall: instantOf(1) } })],
]

for (const [says, id, words, change] of changes) {
  test(`refused: ${says}`, async (t) => {
    const it = await games(t)
    it.fake.put(`${PREFIX}t1/lost`, 'x')
    const good = await it.run()
    assert.equal(good.healthy, true, refusals(good).join('; '))
    const before = JSON.stringify([...it.fake.objects])
    change(it)
    const result = await it.run()
    const refusal = result.plan.refusals.find((one) => one.id === id)
    assert(refusal, refusals(result).join('; '))
    assert.match(refusal.text, words)
    assert(refusal.cure.length > 20)
    for (const one of result.plan.refusals) assert(one.evidence.length > 0 && one.evidence.every(({ subject, observer, at }) => subject !== '' && observer !== '' && at > 0), `${one.id} says what it rests on`)
    if (/catalogue is not reachable|middle/.test(says)) assert(refusal.evidence.some(({ subject, observer }) => subject === 'catalogue games' && observer === it.context.observer), 'the look that read nothing is what is known')
    assert.equal(result.healthy, false)
    assert.deepEqual(result.pages.map((page) => page.cause), ['reconcile:customer-backups:refused'], 'one cause, one page')
    if (says === 'the catalogue is not reachable') assert.match(result.pages[0]?.says ?? '', /^nothing was touched: [^;]*refused the connection[^;]*; so \d+ more checks could not be made$/, 'one cause, one sentence')
    assert.equal(JSON.stringify([...it.fake.objects]), before)
    assert.deepEqual(asked(it), [])
  })
}

test('G-19 once it went back it stays refused until a person says otherwise', async (t) => {
  const it = await games(t)
  await it.run()
  it.facts.oids = 'other'
  await it.run()
  delete it.facts.oids
  const result = await it.run()
  assert.match(refusals(result).join('; '), /epoch: .*nobody has acknowledged/)
})

test('G-19 a listing that is short once is no measure of what is newest, and no dead end', async (t) => {
  const it = await games(t)
  assert.equal((await it.run()).healthy, true)
  const objects = [...it.fake.objects]
  for (const left of [0, 5]) {
    it.fake.objects.clear()
    for (const [key, versions] of objects.slice(0, left)) it.fake.objects.set(key, versions)
    const short = await it.run()
    assert.match(refusals(short).join('; '), /listing: /)
    assert.equal(short.newest, undefined, 'what few are there are not the newest: rows that go back would be missed by nobody')
  }
  for (const [key, versions] of objects) it.fake.objects.set(key, versions)
  const whole = await it.run()
  assert.deepEqual([refusals(whole), whole.healthy, whole.newest !== undefined], [[], true, true], 'it is no dead end')
})

test('G-10 a catalogue that gives other than it counts, or goes back, is none', async (t) => {
  const it = await games(t)
  const { catalogue } = it.context
  Object.assign(it.context, { catalogue: (name: string) => {
    const open = catalogue(name)
    return { ...open, plugin: { ...open.plugin, read: async (...given: Parameters<typeof open.plugin.read>) => ({ ...(await open.plugin.read(...given)), rows: { rows: 69, keys: 68 } }) } }
  } })
  const result = await it.run()
  assert.match(refusals(result).join('; '), /the catalogue before the listing has 69 keys, and its source says 68/)
})

test('G-24 a listing that breaks off goes on from its last page, within the run, and is taken once', async (t) => {
  const it = await games(t, 30)
  for (let i = 0; i < 1500; i++) add(it, `${PREFIX}t1/x${i}`)
  let pages = 0
  Object.assign(it.context, {
    timers: { after: (span: number, act: () => void) => { const timer = setTimeout(act, span > 60_000 ? span : 0); return () => clearTimeout(timer) } },
    reading: () => ({ ...it.reading, page: (...given: Parameters<typeof it.reading.page>) => (++pages === 2 || pages === 4 ? Promise.reject(new Fault('it broke off')) : it.reading.page(...given)) }),
  })
  const result = await it.run()
  assert.equal(result.ran.objects, 1530)
  assert.deepEqual(refusals(result), [])
})

/** A run that is killed while it asks for the second page; gives how to put back what it left, and what was asked for since. */
async function killed(t: TestContext): Promise<{ readonly it: Games; readonly left: string; leave(): void; readonly asked: { reads: number; pages: number } }> {
  const it = await games(t, 30)
  for (let i = 0; i < 1100; i++) add(it, `${PREFIX}t1/x${i}`)
  it.fake.put(`${PREFIX}t1/lost`, 'x')
  await it.run()
  const asked = { reads: 0, pages: 0 }
  const limit = new AbortController()
  const [left, kept] = [path.join(it.folder, 'kept', 'under-way'), path.join(it.folder, 'aside')]
  it.onRead = () => void asked.reads++
  Object.assign(it.context, { reading: () => ({ ...it.reading, page: (...given: Parameters<typeof it.reading.page>) => {
    if (++asked.pages !== 2) return it.reading.page(...given)
    cpSync(left, kept, { recursive: true })
    limit.abort()
    return Promise.reject(new Fault('killed'))
  } }) })
  const { perform } = await import('./reconcile.ts')
  assert.equal((await perform({ config: it.config, knows: it.knows }, it.context, limit.signal)).is, 'failed')
  assert.equal(existsSync(left), false, 'what ends in order leaves nothing')
  return { it, left, asked, leave: () => {
    cpSync(kept, left, { recursive: true })
    Object.assign(asked, { reads: 0, pages: 10 })
  } }
}

test('G-24 a run that was killed while it listed goes on there, with the catalogue that it had, and with no other', async (t) => {
  const { it, left, leave, asked } = await killed(t)
  const acted = async (): Promise<unknown[]> => {
    leave()
    const result = await it.lose()
    assert(result.is === 'judged')
    return [result.ran.objects, result.healthy, (await acts(it, result)).join(), asked.reads, asked.pages - 10]
  }
  const { now, kept } = it.context
  assert.deepEqual(await acted(), [1131, true, 'keep t1/lost', 1, 2], 'the catalogue is read once more, after it; the first page is not asked for again')
  const anew = [1131, true, 'keep t1/lost', 2, 3]
  Object.assign(it.context, { now: () => ({ ...now(), tick: now().tick + 46 * 60_000 }) })
  assert.deepEqual(await acted(), anew, 'too old')
  Object.assign(it.context, { now: () => ({ ...now(), boot: 'another' }) })
  assert.deepEqual((await acted()).slice(3), [2, 3], 'of another boot')
  Object.assign(it.context, { now })
  const { config } = it
  it.config = { ...config, intents: 'select other' }
  assert.deepEqual(await acted(), anew, 'of other settings')
  it.config = config
  for (const file of ['before.rows.spool', 'listing.spool', 'left']) {
    Object.assign(it.context, { kept: (name: string) => {
      if (existsSync(path.join(left, file))) writeFileSync(path.join(left, file), readFileSync(path.join(left, file)).subarray(1))
      return kept(name)
    } })
    assert.deepEqual(await acted(), anew, `${file} is not what it was`)
  }
})

test('an object whose row is in one catalogue only stays, whatever it was', async (t) => {
  const it = await games(t)
  const fresh = `${PREFIX}t1/fresh`
  it.fake.put(fresh, 'x')
  it.onRead = (n) => { if (n === 2) it.rows.set(fresh, {}) }
  assert.deepEqual(await acts(it, await it.run()), [])
})

test('flags are made by runs that count, and by no others; a row takes its flag away at once', async (t) => {
  const it = await games(t)
  const lost = `${PREFIX}t1/lost`
  it.fake.put(lost, 'x')
  await it.run()
  const flagged = async (result: Judged): Promise<number | null | undefined> => (await it.items(result)).items.find(({ key }) => key === lost)?.first_flagged
  const first = await flagged(await it.run())
  assert.equal(await flagged(await it.run()), first, 'it stays the same')
  it.facts.columns = ['other']
  await it.run()
  delete it.facts.columns
  assert.equal(await flagged(await it.run()), first, 'a refused run takes nothing away')
  it.rows.set(lost, {})
  await it.run()
  it.rows.delete(lost)
  const again = await flagged(await it.run())
  assert(typeof again === 'number' && typeof first === 'number' && again > first, 'its row had come back: it begins anew')
})

test('a result that the keeper never took changes nothing, and what former runs remember is known by its hash', async (t) => {
  const it = await games(t)
  add(it, `${PREFIX}t2/locked`, { lock: 'locked' })
  await it.run()
  it.rows.delete(`${PREFIX}t2/locked`)
  for (let i = 0; i < 3; i++) assert.equal((await it.lose()).is, 'judged')
  assert((await acts(it, await it.run())).includes('never t2/locked'))
  const { memory } = it.knows
  assert(memory !== 'none')
  const file = path.join(it.folder, 'kept', memory.file)
  const good = readFileSync(file)
  for (const damage of [() => truncateSync(file, good.length - 1), () => appendFileSync(file, 'x'), () => writeFileSync(file, Buffer.from(good).fill(0x41, 0, 3))]) {
    writeFileSync(file, good)
    damage()
    const result = await it.lose()
    assert(result.is === 'judged')
    assert.match(refusals(result).join('; '), /input:memory: .*is gone or was changed/)
    assert.equal(result.memory, undefined)
  }
})

test('G-11 a plan that was changed since it was sealed is none', async (t) => {
  const it = await games(t)
  it.fake.put(`${PREFIX}t1/lost`, 'x')
  const result = await it.run()
  const text = readFileSync(result.path, 'utf8')
  for (const changed of [text.replace('"keep"', '"purge"'), text.replace('t1/lost', 't1/00001'), text.split('\n').slice(1).join('\n'), text.replace('"mode":"report"', '"mode":"armed"'), text.split('\n')[0] ?? '']) {
    writeFileSync(result.path, changed)
    await assert.rejects(it.items(result), /it is no plan/)
  }
})

test('sentinels are taken away again after every run, and it is told where that fails', async (t) => {
  const it = await games(t)
  const removed = path.join(it.folder, 'removed')
  it.config = { ...it.config, sentinels: { ...it.config.sentinels, remove: [process.execPath, '-e', `require('node:fs').appendFileSync(${JSON.stringify(removed)}, process.env.HOLDFAST_RECONCILE + '\\n')`] } }
  assert.deepEqual([(await it.run()).said, (await it.run()).said], [[], []])
  assert.equal(readFileSync(removed, 'utf8'), 'customer-backups\ncustomer-backups\n')
  it.config = { ...it.config, sentinels: { ...it.config.sentinels, remove: [process.execPath, '-e', 'console.error("it is locked"); process.exit(3)'] } }
  assert.match((await it.run()).said[0] ?? '', /the command for sentinels, .*, failed \(3\): it is locked/)
})

test('a run that is ended in the middle leaves no plan, and no spool', async (t) => {
  const it = await games(t)
  const limit = new AbortController()
  const { perform } = await import('./reconcile.ts')
  it.onRead = () => limit.abort()
  const result = await perform({ config: it.config, knows: it.knows }, it.context, limit.signal)
  assert.equal(result.is, 'failed')
  assert.deepEqual([existsSync(path.join(it.folder, 'scratch')), readdirSync(path.join(it.folder, 'kept'))], [false, []])
})

test('G-21 what a store was seen to do outweighs what it says of itself', async (t) => {
  const it = await games(t)
  const { plan } = await it.run()
  const way = { versioning: 'enabled', noncurrent: 'ever', conditionalDelete: true, lockHolds: true } as const
  const armed = { ...it.knows, arming: { binding: plan.binding ?? '', people: ['ada', 'bo'] } }
  const refused = async (tried: typeof it.knows.way): Promise<string[]> => {
    const result = await it.perform(it.config, { ...armed, way: tried })
    return result.is === 'judged' ? refusals(result).filter((one) => one.startsWith('way')) : [result.says]
  }
  assert.deepEqual(await refused(way), [])
  assert.deepEqual(await refused({ ...way, versioning: 'suspended' }), ['way: versioning is suspended: a delete would destroy'])
  assert.deepEqual(await refused({ ...way, lockHolds: false }), ['way: the store deletes what is locked'])
})
