// Retention as operators run it: whole processes, a real RADOS gateway with versions, a folder with a marker, and every command as a process of its own. Twelve
// copies of which a rule keeps five and a person holds four: three go on schedule once two people have armed it; one comes back; a
// copy is restored. Commands that wait end by what people say.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { createWire, readCredential, type Wire } from '../src/plugins/stores/s3/wire.ts'
import type { RetentionPlanAnswer } from '../src/views/backups.ts'
import { folderFor, freePorts, hookSink, removeFolder, sleep, startHoldfast, until, writeConfig, type Running } from '../test/story/world.ts'
import { enrol, type Authenticator } from './authenticators.ts'
import { asking, says, type Asking } from './deciders.ts'
import { well } from './nodecraft.ts'
import { rgw, type Rgw } from './rgw.ts'
import { partsOf } from './telling.ts'

const DAY = 86_400_000
const NIGHTS = 12
const STORES = ['main', 'nas'] as const
const now = Date.now()
const keyOf = (night: number): string => `panel/${new Date(now - night * DAY).toISOString().slice(0, 10)}.tar`
const nights = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => keyOf(from + n))
/** Daily: 5 keeps the newest five; a person holds four; what is left goes. */
const HELD = nights(5, 8)
const GOING = nights(9, 11)

interface Cli { readonly code: number | null; readonly out: string; readonly err: string }
interface Keeping {
  readonly folder: string
  readonly holdfast: Running
  readonly sink: Awaited<ReturnType<typeof hookSink>>
  readonly gateway: Rgw
  readonly wire: Wire
  readonly keys: ReadonlyMap<string, readonly Authenticator[]>
}
let it: Keeping
const opened: (() => unknown)[] = []

before(async () => {
  const gateway = await rgw()
  opened.push(() => gateway.close())
  const folder = folderFor('keeping')
  opened.push(() => removeFolder(folder))
  const [port = 0, hook = 0] = await freePorts(2)
  const sink = await hookSink(hook)
  opened.push(() => sink.close())
  const credential = readCredential(gateway.hand)
  assert(credential)
  const clock = createClock()
  const wire = createWire({ url: gateway.url, bucket: 'keeping', region: 'us-east-1', credential }, { egress: egressWith(), now: () => clock.now() })
  await furnish(folder, wire)
  writeConfig(folder, configOf(port, hook, gateway.url))
  const holdfast = startHoldfast(folder, port, { HOLDFAST_SECRET_S3_READ: gateway.reader, HOLDFAST_SECRET_S3_DELETE: gateway.hand }, ['--lab', '--shrink', '86400'])
  opened.push(() => holdfast.stop())
  await until('it is well', 120_000, () => fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.status === 200, () => false)).catch((cause: unknown) => assert.fail(`${String(cause)}\n${holdfast.output()}`))
  const keys = new Map<string, readonly Authenticator[]>()
  await Promise.all(['ada', 'bo'].map(async (who) => void keys.set(who, await enrol({ holdfast }, who))))
  it = { folder, holdfast, sink, gateway, wire, keys }
}, { timeout: 300_000 })
after(async () => {
  for (const close of opened.toReversed()) await close()
})

/** A bucket that keeps versions, read by whoever only reads, and a folder; the same copies in both. */
async function furnish(folder: string, wire: Wire): Promise<void> {
  const rights = ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration', 's3:GetLifecycleConfiguration', 's3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold', 's3:GetObjectTagging', 's3:GetObjectVersionTagging']
  await well(wire, { method: 'PUT', headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  await well(wire, { method: 'PUT', query: { policy: '' }, body: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] }, Action: rights, Resource: ['arn:aws:s3:::keeping', 'arn:aws:s3:::keeping/*'] }] }) })
  const nas = path.join(folder, 'nas')
  mkdirSync(path.join(nas, 'panel'), { recursive: true })
  writeFileSync(path.join(nas, '.holdfast-store'), '')
  mkdirSync(path.join(nas, 'dns'))
  mkdirSync(path.join(folder, 'made/etc'), { recursive: true })
  for (let night = 0; night < NIGHTS; night++) {
    writeFileSync(path.join(folder, 'made/etc/panel.conf'), `night ${night}\n`)
    const file = path.join(nas, keyOf(night))
    execFileSync('tar', ['-C', path.join(folder, 'made'), '-cf', file, 'etc'])
    utimesSync(file, new Date(), new Date(now - night * DAY - 3_600_000))
    await well(wire, { method: 'PUT', key: keyOf(night), body: readFileSync(file, 'utf8') })
    if (night === 0) copyFileSync(file, path.join(nas, keyOf(0).replace('panel', 'dns')))
  }
}

const configOf = (port: number, hook: number, url: string): string => `version: 1
site: { name: Keeping, url: "http://127.0.0.1:${port}" }
channels:
  hook: { webhook: "http://127.0.0.1:${hook}/page" }
people:
  ada: { email: ada@acme.example, role: approver, reach: [hook] }
  bo: { email: bo@acme.example, role: approver, reach: [hook] }
escalation:
  default: [ { page: [ada], wait: 1h } ]
stores:
  main: { s3: "${url}", bucket: keeping, read: "\${secret:s3-read}", delete: "\${secret:s3-delete}" }
  nas: { dir: ./nas }
backups:
  panel: { engine: files, in: { main: "panel/{date}.tar", nas: "panel/{date}.tar" }, every: 24h, keep: { daily: 5 }, verify: { all_within: 30d } }
  dns: { engine: files, in: { nas: "dns/{date}.tar" }, every: 24h, keep: { daily: 5 } }
`

/** `holdfast backups …` as ada, at the machine. */
const cli = (...args: string[]): Promise<Cli> => it.holdfast.cli('backups', ...args)
const fine = async (code: number, ...args: string[]): Promise<Cli> => {
  const ended = await cli(...args)
  assert.equal(ended.code, code, `${args.join(' ')}\n${ended.out}${ended.err}`)
  return ended
}
const plans = async (): Promise<Record<string, RetentionPlanAnswer>> => {
  const { out, err } = await cli('plan', 'panel', '--json')
  assert.notEqual(out, '', err)
  return Object.fromEntries((JSON.parse(out) as { plans: RetentionPlanAnswer[] }).plans.map((one) => [one.store, one]))
}
const agree = async ({ id, ended }: Asking, typed?: string): Promise<void> => {
  for (const who of ['ada', 'bo']) await says(it.sink.hooks, id, who, it.keys.get(who), 'yes', typed)
  const { code, out, err } = await ended
  assert.equal(code, 0, out + err)
}
const refuse = async ({ id, ended }: Asking): Promise<void> => {
  await says(it.sink.hooks, id, 'bo', it.keys.get('bo'), 'no')
  const { code, out, err } = await ended
  assert.equal(code, 5, out + err)
}
const ask = (verb: string, ...args: string[]): Promise<Asking> => asking(it.holdfast, 'backups', verb, ...args, '--of', 'ada', '--of', 'bo', '--as', 'ada')

/** What stands where anybody would look for it. */
const standing = async (): Promise<Record<(typeof STORES)[number], string[]>> => {
  const listed = await it.wire.ask({ method: 'GET', query: { 'list-type': '2', prefix: 'panel/' } }, AbortSignal.timeout(30_000))
  return {
    main: [...listed.body.toString('utf8').matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key).toSorted(),
    nas: readdirSync(path.join(it.folder, 'nas/panel')).map((name) => `panel/${name}`).toSorted(),
  }
}
/** Versions and markers of a key in the bucket. */
const stack = async (key: string): Promise<number> =>
  (await it.wire.ask({ method: 'GET', query: { versions: '', prefix: key } }, AbortSignal.timeout(30_000))).body.toString('utf8').match(/<(Version|DeleteMarker)>/g)?.length ?? 0
const both = (keys: readonly string[]): Record<(typeof STORES)[number], string[]> => ({ main: keys.toSorted(), nas: keys.toSorted() })

/** Until both stores say so of their plans. */
const planned = (what: string, holds: (one: RetentionPlanAnswer) => boolean): Promise<Record<string, RetentionPlanAnswer>> => {
  let last: unknown
  return until(what, 150_000, async () => {
    await sleep(1_500)
    const all = await plans()
    last = all
    return STORES.every((store) => all[store] !== undefined && holds(all[store])) && all
  }).catch((cause: unknown) => assert.fail(`${String(cause)}\n${JSON.stringify(last, null, 1)}`))
}
/** At least so many runs by now, of which the last refused nothing. */
const totals = ({ totals: { quarantine } }: RetentionPlanAnswer): number => quarantine

test('retention by its commands, over whole processes', { timeout: 600_000 }, async (t) => {
  // Each part stands on the one before.
  const part = partsOf(t)
  await part('G-1 G-7 copies are read, held and planned; nothing goes before two people have armed it', async () => {
    assert.match((await fine(0, 'look', 'panel', '--no-wait')).err, /listed as soon as may be/)
    await fine(0, 'verify', 'panel', '--all')
    for (const key of HELD) await fine(0, 'hold', 'panel', key, '-m', 'before the migration', '--as', 'ada')
    const first = await plans()
    assert.deepEqual(STORES.map((store) => first[store]?.refusals.map(({ text }) => text)), STORES.map((store) => [`${store}: 3 copies could go at once, at most 2`]))
    for (const store of STORES) await fine(0, 'accept-most', 'panel', store, '3', '-m', 'an old job is over', '--as', 'ada')
    const ripe = await planned('the three are superfluous for long enough, in three clean runs', (one) => one.refusals.length === 0 && totals(one) === GOING.length && one.schedule.clean >= one.schedule.wants)
    for (const store of STORES) {
      const one = ripe[store]
      assert.deepEqual([one?.items.filter(({ act }) => act === 'quarantine').map(({ key }) => key).toSorted(), one?.schedule.mode], [GOING.toSorted(), 'report'], store)
      assert(HELD.every((key) => /held/.test(one?.items.find((item) => item.key === key)?.why ?? '')), store)
    }
    const { out } = await fine(4, 'plan', 'panel', '--store', 'nas')
    assert.match(out, /panel in nas: - 3 could go .*~ \d+ kept/)
    assert.deepEqual(await standing(), both(nights(0, 11)))
  })

  await part('G-11 a command that waits ends by what people say: lapsed 6, refused 5, agreed 0; what was armed goes on schedule', async () => {
    // Nobody answers this one.
    const lapsing = await until('another set may be armed', 60_000, () => ask('arm', 'dns', '--lapses', '1m').catch(() => undefined))
    await refuse(await ask('arm', 'panel'))
    assert.deepEqual([(await plans())['main']?.schedule.mode, await standing()], ['report', both(nights(0, 11))], 'refused: nothing is armed')
    const returned = await fine(0, 'arm', 'panel', '--of', 'ada', '--of', 'bo', '--as', 'ada', '--no-wait', '--json')
    const { id, state } = JSON.parse(returned.out) as { id: string; state: string }
    assert.equal(state, 'open', returned.out)
    const armed = await ask('arm', 'panel')
    assert.equal(armed.id, id, 'the same is asked once')
    await agree(armed)
    // Nobody says anything more: the next run sets aside what it names.
    await until('the three are set aside in both stores', 60_000, async () => JSON.stringify(await standing()) === JSON.stringify(both(nights(0, 8))))
    assert.deepEqual(await Promise.all(GOING.map(stack)), [2, 2, 2], 'a marker over each version')
    const told = await planned('it is told', ({ aside, schedule }) => schedule.mode === 'armed' && aside.items.length === 3)
    assert.deepEqual(STORES.map((store) => told[store]?.schedule.armed_by), [['ada', 'bo'], ['ada', 'bo']])
    const { code, out, err } = await lapsing.ended
    assert.deepEqual([code, /lapsed/.test(out)], [6, true], out + err)
  })

  await part('one copy comes back by one person, and is held; another is restored', async () => {
    const [back = ''] = GOING
    await fine(0, 'release', 'panel', back, '--as', 'bo')
    await until('it is back in both stores', 30_000, async () => JSON.stringify(await standing()) === JSON.stringify(both(nights(0, 9))))
    const missed = await fine(1, 'release', 'panel', keyOf(0))
    assert.match(missed.err, /does not lie aside/)
    await planned('it is listed again, and held', ({ items }) => /held/.test(items.find(({ key }) => key === back)?.why ?? ''))
    await fine(0, 'restore', 'panel', '--to', path.join(it.folder, 'restored'), '--as', 'ada')
    assert.equal(readFileSync(path.join(it.folder, 'restored/etc/panel.conf'), 'utf8'), 'night 0\n')
    const twice = await cli('restore', 'panel', '--to', path.join(it.folder, 'restored'), '--as', 'ada')
    assert.deepEqual([twice.code, /not empty|is there|exists/.test(twice.out + twice.err)], [5, true], twice.out + twice.err)
  })
})
