// The world of the clean-up that destroyed: an application with a real PostgreSQL and a versioned bucket in a real RADOS gateway, a Holdfast of all its
// processes in lab time that cleans up behind it, two people who approve, and a hand between Holdfast and both servers. What may never
// change is compared byte for byte from outside: every version of every object, every row.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { enrol, nextCode, type Authenticator } from './authenticators.ts'
import { createWire, readCredential, type Wire } from '../src/plugins/stores/s3/wire.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { folderFor, freePorts, hookSink, removeFolder, startHoldfast, until, writeConfig, type Running } from '../test/story/world.ts'
import { front, turnout, type Front, type Turnout } from './front.ts'
import { rgw, type Rgw } from './rgw.ts'
import { postgres, type LabServer } from './servers.ts'

export const JOB = 'customer-backups'
export const PREFIX = 'customers/'
export const TENANTS = 50
const RIGHTS = ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration', 's3:GetLifecycleConfiguration', 's3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold', 's3:GetObjectTagging', 's3:GetObjectVersionTagging']

export interface Reason { readonly id: string; readonly found: string; readonly text: string; readonly evidence: readonly { subject: string; observer: string; at: number }[]; readonly cure: string }
export interface Item { readonly act: string; readonly key: string; readonly why: string }
export interface Planned {
  readonly code: number | null
  readonly id: string
  readonly mode: string
  readonly items: readonly Item[]
  readonly reasons: readonly Reason[]
  readonly text: string
}
export interface Shown {
  readonly breaker: { readonly is: string; readonly because?: readonly string[] }
  readonly armed_by: readonly string[] | null
  readonly clean_runs: number
  readonly causes: readonly { readonly cause: string; readonly says: string }[]
  readonly acceptable: readonly { readonly what: string; readonly seen: string }[]
  readonly latest: { readonly healthy: boolean; readonly plan: { readonly id: string; readonly totals: Readonly<Record<string, number>>; readonly checks: readonly Reason[]; readonly refusals: readonly Reason[] } | null } | null
}

export interface Nodecraft {
  readonly gateway: Rgw
  readonly database: LabServer
  readonly front: Front
  readonly switch: Turnout
  readonly folder: string
  holdfast: Running
  readonly size: number
  /** SQL in the application's database, on its own server or on another. */
  sql(text: string, server?: LabServer, database?: string): string
  dump(): string
  /** Objects by their keys, written through the application's own credential; `bucket` main or offsite. */
  put(keys: readonly string[], bucket?: string): Promise<void>
  wire(bucket?: string): Wire
  /** Lets whoever reads read a bucket. */
  allow(bucket: string): Promise<void>
  /** Every version and marker under the prefix, as one hash. */
  objects(): Promise<string>
  /** Every row, as one hash. */
  rows(server?: LabServer): string
  /** Keys under the prefix that are seen by whoever reads, of those that begin so. */
  live(prefix: string): Promise<string[]>
  /** Versions and markers of one key. */
  versions(key: string): Promise<string[]>
  /** `holdfast reconcile plan`. */
  plan(): Promise<Planned>
  shown(): Promise<Shown>
  /** `holdfast reconcile …`. */
  cli(...args: string[]): Promise<{ code: number | null; out: string; err: string }>
  /** Pages so far, by the titles of their incidents. */
  pages(): string[]
  /** Asks for something, and lets these people say it. */
  agree(verb: 'arm' | 'purge' | 'close-breaker', on: string, people?: readonly string[], ...more: string[]): Promise<string>
  start(): Promise<void>
  close(): Promise<void>
}

export interface Wishes {
  readonly rows: number
  /** More of `reconcile.customer-backups`, `catalogues.games`, or of the whole. */
  readonly job?: string
  readonly catalogue?: string
  readonly config?: string
  /** More secrets, by what follows HOLDFAST_SECRET_. */
  readonly secrets?: Readonly<Record<string, string>>
  readonly prepared?: { readonly gateway: Rgw; readonly database: LabServer }
  readonly bucket?: string
  readonly databaseName?: string
  /** What else there is before Holdfast looks for the first time. */
  readonly before?: (it: Nodecraft) => Promise<void>
}

export const SHAPE = `create table backups (id serial primary key, object_key text not null unique, locked boolean, tenant text not null, state text);
create table backup_uploads (object_key text primary key, finished_at timestamptz);
create table holdfast_sentinel (n bigint not null); insert into holdfast_sentinel values (1);`
/** Every fiftieth is locked. */
export const fill = (from: number, to: number): string => `insert into backups (object_key, locked, tenant) select '${PREFIX}t' || (i % ${TENANTS}) || '/' || lpad(i::text, 7, '0'), (i / ${TENANTS}) % 50 = 0, 't' || (i % ${TENANTS}) from generate_series(${from}, ${to}) i`
export const keyOf = (i: number): string => `${PREFIX}t${i % TENANTS}/${String(i).padStart(7, '0')}`
export const keysOf = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => keyOf(from + n))
/** Planted for good, spread over tenants. */
const SENTINELS = Array.from({ length: 8 }, (_, n) => `${PREFIX}t${n}/holdfast-${n}`)
const ORPHAN = `${PREFIX}t8/holdfast-orphan`
const GAP = `${PREFIX}t9/holdfast-gap`

const sentinelScript = (url: string): string => `#!/bin/sh
# The application's own way to write: a row that counts, rows and objects that stand.
[ "$1" = plant ] || exit 0
export PGCONNECT_TIMEOUT=10
n=$(timeout 20 psql '${url}' -Atqc 'update holdfast_sentinel set n = n + 1 returning n - 1') || exit 1
cat <<END
${SENTINELS.map((key) => JSON.stringify({ key, is: 'row' })).join('\n')}
${JSON.stringify({ key: ORPHAN, is: 'orphan' })}
${JSON.stringify({ key: GAP, is: 'gap' })}
{"counter": $n}
END
`

const configOf = ({ port, hook, url, bucket, offsite }: { port: number; hook: number; url: string; bucket: string; offsite: string }, { job = '', catalogue = '', config = '' }: Wishes): string => `version: 1
site: { name: Nodecraft, url: "http://127.0.0.1:${port}" }
channels:
  hook: { webhook: "http://127.0.0.1:${hook}/page" }
people:
  ada: { email: ada@acme.example, role: approver, reach: [hook] }
  bo: { email: bo@acme.example, role: approver, reach: [hook] }
escalation:
  default: [ { page: [ada], wait: 1h } ]
stores:
  main: { s3: "${url}", bucket: ${bucket}, read: "\${secret:s3-read}", delete: "\${secret:s3-delete}" }
  offsite: { s3: "${url}", bucket: ${offsite}, read: "\${secret:s3-read}" }
catalogues:
  games: { postgres: "\${secret:games-url}", primary: required, retention: 14d${catalogue} }
reconcile:
  ${JOB}:
    store: main
    prefix: ${PREFIX}
    catalogue: games
    rows: "select object_key as key, locked, tenant, state from backups"
    intents: "select object_key as key from backup_uploads where finished_at is null"
    lock_column: locked
    sentinels: { plant: [./sentinel, plant], remove: [./sentinel, remove] }
    every: 31d
    copies_in: offsite
${job}${config}`

export async function nodecraft(wishes: Wishes): Promise<Nodecraft> {
  const { rows: size, bucket = 'game-backups', databaseName = 'games' } = wishes
  const offsite = `${bucket}-offsite`
  const gateway = wishes.prepared?.gateway ?? await rgw()
  const database = wishes.prepared?.database ?? await labDatabase()
  const [s3Front, toDatabase, [port = 0, hook = 0]] = await Promise.all([front(gateway.url), turnout(database.port), freePorts(2)])
  const sink = await hookSink(hook)
  const folder = folderFor('nodecraft')
  const url = `postgres://app:app@127.0.0.1:${toDatabase.port}/${databaseName}`
  const env = { HOLDFAST_SECRET_S3_READ: gateway.reader, HOLDFAST_SECRET_S3_DELETE: gateway.hand, HOLDFAST_SECRET_GAMES_URL: url, ...Object.fromEntries(Object.entries(wishes.secrets ?? {}).map(([name, secret]) => [`HOLDFAST_SECRET_${name}`, secret])) }
  const keys = new Map<string, Authenticator[]>()
  const credential = readCredential(gateway.hand)
  assert(credential)
  const clock = createClock()
  const context = { egress: egressWith(), now: () => clock.now() }
  const wires = new Map<string, Wire>()
  const it: Nodecraft = {
    gateway, database, front: s3Front, switch: toDatabase, folder, size, holdfast: undefined as unknown as Running,
    sql: (text, server = database, name = databaseName) => tool(server, 'psql', ['-At', '-q', '-v', 'ON_ERROR_STOP=1', '-d', name], text),
    dump: () => tool(database, 'pg_dump', [databaseName]),
    async put(names, to = bucket) {
      const queue = [...names]
      await Promise.all(Array.from({ length: 16 }, async () => {
        for (let key = queue.pop(); key !== undefined; key = queue.pop()) await well(it.wire(to), { method: 'PUT', key, body: `backup of ${key}` })
      }))
    },
    wire(of = bucket) {
      const known = wires.get(of) ?? createWire({ url: gateway.url, bucket: of, region: 'us-east-1', credential }, context)
      wires.set(of, known)
      return known
    },
    allow: (name) => well(it.wire(name), { method: 'PUT', query: { policy: '' }, body: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: ['arn:aws:iam:::user/reader'] }, Action: RIGHTS, Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`] }] }) }),
    async objects() {
      const hash = createHash('sha256')
      for await (const page of pages(it.wire(), PREFIX)) for (const [one] of page.matchAll(/<(Version|DeleteMarker)>[\s\S]*?<\/\1>/g)) hash.update(one)
      return hash.digest('hex')
    },
    rows: (server = database) => it.sql('select count(*), md5(string_agg(b::text, $$,$$ order by b::text collate "C")) from backups b; select count(*), md5(string_agg(b::text, $$,$$ order by b::text)) from backup_uploads b', server),
    async live(prefix) {
      const found: string[] = []
      for await (const page of pages(it.wire(), prefix)) for (const [one] of page.matchAll(/<Version>[\s\S]*?<\/Version>/g)) if (one.includes('<IsLatest>true')) found.push(/<Key>([^<]*)/.exec(one)?.[1] ?? '')
      return found
    },
    async versions(key) {
      const found: string[] = []
      for await (const page of pages(it.wire(), key)) for (const [one] of page.matchAll(/<(Version|DeleteMarker)>[\s\S]*?<\/\1>/g)) found.push(one)
      return found
    },
    async plan() {
      const { code, out, err } = await it.cli('plan', JOB, '--json')
      const said = JSON.parse(out.trim() === '' ? '{}' : out) as Partial<Planned> & { refusals?: Reason[]; plan?: string }
      return { code, id: said.id ?? said.plan ?? '', mode: said.mode ?? '', items: said.items ?? [], reasons: said.reasons ?? said.refusals ?? [], text: out + err }
    },
    async shown() {
      return JSON.parse((await it.cli('show', JOB, '--json')).out) as Shown
    },
    cli: (...args) => it.holdfast.cli('reconcile', ...args),
    pages: () => sink.hooks.flatMap(({ body }) => (body.event === 'page' ? [body.incident.title] : [])),
    async agree(verb, on, people = ['ada', 'bo'], ...more) {
      const asked = await it.cli(verb, on, '--of', 'ada', '--of', 'bo', '--no-wait', '--json', ...more)
      assert.equal(asked.code, 0, asked.out + asked.err)
      const { id } = JSON.parse(asked.out) as { id: string }
      for (const who of people) {
        const told = await until(`${who} is asked`, 20_000, () => sink.hooks.map(({ body }) => body as unknown as { schema: string; id: string; person: string; url: string; hash: string }).find((one) => one.schema === 'holdfast.approve/1' && one.id === id && one.person === who))
        const key = keys.get(who)
        assert(key)
        const reply = await fetch(told.url, { method: 'POST', body: new URLSearchParams({ hash: told.hash, act: 'yes', totp: await nextCode(key), ...(verb === 'purge' ? { typed: JOB } : {}) }) })
        assert.equal(reply.status, 200, /Not done[^<]*/.exec(await reply.text())?.[0])
      }
      return id
    },
    async start() {
      it.holdfast = startHoldfast(folder, port, env, ['--lab', '--shrink', '86400'])
      await until('it is well', 120_000, () => fetch(`http://127.0.0.1:${port}/healthz`).then((reply) => reply.status === 200, () => false)).catch((cause: unknown) => assert.fail(`${String(cause)}\n${it.holdfast.output()}`))
    },
    async close() {
      await it.holdfast?.stop()
      sink.close()
      await Promise.all([s3Front.close(), toDatabase.close()])
      if (!wishes.prepared) await Promise.all([gateway.close(), database.close()])
      removeFolder(folder)
    },
  }
  try {
    await furnish(it, wishes, { bucket, offsite, databaseName, url, port, hook })
    await wishes.before?.(it)
    await it.start()
    await Promise.all(['ada', 'bo'].map(async (who) => void keys.set(who, await enrol(it, who))))
    return it
  } catch (cause) {
    await it.close()
    throw cause
  }
}

/** A PostgreSQL on which `app` may make databases and log in to all of them. */
export async function labDatabase(): Promise<LabServer> {
  const server = await postgres()
  server.sql('alter role app createdb')
  appendFileSync(path.join(server.folder, 'data/pg_hba.conf'), 'host all app 127.0.0.1/32 scram-sha-256\n')
  server.sql('select pg_reload_conf()')
  return server
}

export const tool = (server: LabServer, program: string, args: readonly string[], input?: string): string =>
  execFileSync(program, ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'app', ...args], { env: { ...process.env, PGPASSWORD: 'app' }, encoding: 'utf8', timeout: 120_000, maxBuffer: 1 << 29, ...(input === undefined ? {} : { input }) })

export async function well(wire: Wire, it: Parameters<Wire['ask']>[0]): Promise<void> {
  const told = await wire.ask(it, AbortSignal.timeout(30_000))
  assert(told.status < 300, `${it.method} ${it.key ?? ''}: ${told.status} ${told.code}`)
}

async function furnish(it: Nodecraft, wishes: Wishes, at: { bucket: string; offsite: string; databaseName: string; url: string; port: number; hook: number }): Promise<void> {
  for (const name of [at.bucket, at.offsite]) {
    await well(it.wire(name), { method: 'PUT', headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
    await it.allow(name)
  }
  it.sql(`create database ${at.databaseName}`, it.database, 'shop')
  it.sql(`${SHAPE}${fill(1, it.size)}; insert into backups (object_key, locked, tenant) values ${[...SENTINELS, GAP].map((key) => `('${key}', false, 'own')`).join(', ')}`)
  // A copy of the database itself, as its own job makes it every day.
  const dump = `dumps/games-${new Date().toISOString().slice(0, 10)}.dump`
  await it.put([...keysOf(1, it.size), ...SENTINELS, ORPHAN, dump])
  mkdirSync(it.folder, { recursive: true })
  writeFileSync(path.join(it.folder, 'sentinel'), sentinelScript(at.url))
  chmodSync(path.join(it.folder, 'sentinel'), 0o755)
  writeConfig(it.folder, configOf({ ...at, url: it.front.url }, wishes))
}

async function* pages(wire: Wire, prefix: string): AsyncGenerator<string> {
  let markers: Record<string, string> = {}
  for (;;) {
    const told = await wire.ask({ method: 'GET', query: { versions: '', prefix, 'max-keys': '1000', ...markers } }, AbortSignal.timeout(60_000))
    assert.equal(told.status, 200)
    const page = told.body.toString('utf8')
    yield page
    const key = /<NextKeyMarker>([^<]*)/.exec(page)?.[1]
    if (!page.includes('<IsTruncated>true') || key === undefined) return
    markers = { 'key-marker': key, 'version-id-marker': /<NextVersionIdMarker>([^<]*)/.exec(page)?.[1] ?? '' }
  }
}
