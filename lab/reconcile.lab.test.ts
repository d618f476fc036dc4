// The clean-up that destroyed, with real parts: a real PostgreSQL with 100,000 rows against a bucket over HTTP. Whatever is wrong with the database (stopped,
// refusing, hanging, restored, half-migrated, truncated, cut off, another one, without a tenant or a lock), nothing is changed, the refusal says what was
// seen, and one cause is paged once. Where all is well, exactly what has no row is reported.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { minutes, ms } from '../src/core/time.ts'
import mysql from '../src/plugins/catalogues/mysql.ts'
import postgres from '../src/plugins/catalogues/postgres.ts'
import type { AnyCatalogue, CatalogueWant } from '../src/ports/catalogue.ts'
import { takeCatalogue } from '../src/processes/guard/reconcile/catalogue.ts'
import { recheck } from '../src/processes/guard/reconcile/recheck.ts'
import { games, PREFIX, type Games, type Judged } from '../test/guard/games.ts'
import { mutePlace } from '../test/places/mute.ts'
import { freePort, mariadb, postgres as startPostgres, type LabServer } from './servers.ts'

const ROWS = 2000
const OBJECTS = 2000
const MANY = 100_000

let server: LabServer | undefined
let databases = 0

before(async () => {
  server = await startPostgres()
  // Whoever owns the database may make others, and restore into them.
  server.sql('alter role app createdb')
  execFileSync('sh', ['-c', `printf 'host all app 127.0.0.1/32 scram-sha-256\n' >> ${path.join(server.folder, 'data/pg_hba.conf')}`])
  server.sql('select pg_reload_conf()')
}, { timeout: 120_000 })
after(() => server?.close())

const env = { ...process.env, PGPASSWORD: 'app' }
const tool = (program: string, args: readonly string[], input?: string): string => {
  assert(server)
  return execFileSync(program, ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'app', ...args], { env, encoding: 'utf8', maxBuffer: 1 << 28, ...(input === undefined ? {} : { input }) })
}
const sql = (database: string, text: string): string => tool('psql', ['-At', '-q', '-v', 'ON_ERROR_STOP=1', '-c', text, database])

interface Lab extends Games {
  readonly database: string
  readonly sql: (text: string) => string
  url: string
}

const SHAPE = `create table backups (id serial primary key, object_key text not null unique, locked boolean, tenant text not null, state text);
create table backup_uploads (object_key text primary key, finished_at timestamptz);`

/** A database of its own with rows for every object; the bucket is the one of a test. */
async function lab(t: TestContext, rows = ROWS): Promise<Lab> {
  const it = await games(t, 0)
  assert(server)
  const { port } = server
  const database = `games_${++databases}`
  sql('shop', `create database ${database}`)
  sql(database, SHAPE)
  sql(database, `insert into backups (object_key, locked, tenant) select '${PREFIX}t' || (i % 50) || '/' || lpad(i::text, 7, '0'), i % 50 = 0, 't' || (i % 50) from generate_series(1, ${rows}) i`)
  sql(database, `insert into backups (object_key, locked, tenant) select '${PREFIX}' || case when i < 4 then 't' || i || '/sentinel-' else 'sentinel/' end || i, false, 'own' from generate_series(0, 7) i; insert into backups (object_key, locked, tenant) values ('${PREFIX}sentinel/gap', false, 'own')`)
  for (let i = 1; i <= rows; i++) it.fake.put(`${PREFIX}t${i % 50}/${String(i).padStart(7, '0')}`, 'ten bytes!')
  const made: Lab = Object.assign(it, { database, sql: (text: string) => sql(database, text), url: `postgres://app:app@127.0.0.1:${port}/${database}` })
  it.config = { ...it.config, rows: 'select object_key as key, locked, tenant, state from backups', intents: 'select object_key as key from backup_uploads where finished_at is null' }
  Object.assign(it.context, { limits: { connect: ms(2000), statement: minutes(2), lock: ms(2000) }, catalogue: (name: string) => ({ name, plugin: postgres, settings: { postgres: made.url } }) })
  return made
}

const refusals = ({ plan }: Judged): string => plan.refusals.map(({ id, text }) => `${id}: ${text}`).join('; ')
const counts = (it: Lab): string => it.sql('select count(*), md5(string_agg(b::text, $$,$$ order by id)) from backups b')

test('healthy: exactly the orphans are reported; locked rows, uploads under way and what came meanwhile are left alone', async (t) => {
  const it = await lab(t)
  const orphans = Array.from({ length: 37 }, (_, i) => `${PREFIX}t${i}/lost-${i}`)
  for (const key of orphans) it.fake.put(key, 'x')
  it.fake.put(`${PREFIX}t1/uploading`, 'x')
  it.sql(`insert into backup_uploads values ('${PREFIX}t1/uploading', null), ('${PREFIX}t1/done', now())`)
  const before = [JSON.stringify([...it.fake.objects]), counts(it)]
  const first = await it.run()
  assert.deepEqual([first.plan.refusals, first.healthy, first.ran.before, first.ran.objects], [[], true, ROWS, OBJECTS + 38])
  const { items } = await it.items(first)
  assert.deepEqual(items.map(({ key }) => key).toSorted(), orphans.toSorted())
  assert(items.every(({ act, version_id: version, etag }) => act === 'keep' && version !== null && etag !== null))
  const second = await it.run()
  assert.deepEqual([second.plan.refusals, second.healthy], [[], true])
  assert.deepEqual([JSON.stringify([...it.fake.objects]), counts(it)], before)
  assert.deepEqual(it.fake.asked.filter((one) => !/^(GET|HEAD) /.test(one)), [])
  // Right before something would be done: single keys, asked for once more.
  const hex = (key: string): string => Buffer.from(key).toString('hex')
  const keys = [orphans[0] ?? '', `${PREFIX}t1/uploading`, `${PREFIX}t1/0000001`].map(hex)
  assert(second.seen)
  const asking = (former: Parameters<typeof recheck>[1]['former']): ReturnType<typeof recheck> => recheck(it.config, { keys, former, copies: [] }, it.context, AbortSignal.timeout(10_000))
  const asked = await asking(second.seen)
  assert.deepEqual(keys.map((key) => asked.rows[key]), ['none', 'present', 'present'])
  // G-16, G-19: another database, or one that went back, is not believed about them.
  await assert.rejects(asking('none'), /no run has seen/)
  await assert.rejects(asking({ ...second.seen, identity: { ...second.seen.identity, system: '1' } }), /another database/)
  await assert.rejects(asking({ ...second.seen, oids: 'x' }), /made anew/)
  await assert.rejects(asking({ ...second.seen, position: String(BigInt(second.seen.position) + 10n ** 15n) }), /went back/)
})

const dumped = (it: Lab): string => tool('pg_dump', [it.database])
const wrongs: readonly [string, string, RegExp, (it: Lab) => Promise<(() => void | Promise<void>) | void>][] = [
  ['stopped', 'schema', /refused the connection/, async () => {
    await server?.stop()
    return () => server?.start()
  }],
  ['refusing: the password is another', 'schema', /password authentication failed/, async (it) => void (it.url = it.url.replace('app:app@', 'app:other@'))],
  ['refusing: nothing listens there', 'schema', /refused the connection/, async (it) => void (it.url = it.url.replace(/:\d+\//, `:${await freePort()}/`))],
  ['hanging after connect', 'schema', /no answer to the sign-in within 2 s/, async (it) => {
    const silent = await mutePlace()
    it.url = it.url.replace(/:\d+\//, `:${silent.port}/`)
    return () => silent.close()
  }],
  ['frozen', 'schema', /no (?:answer|connection)/, async () => {
    server?.freeze()
    return () => server?.thaw()
  }],
  ['restored from yesterday\'s dump into the same cluster', 'epoch', /made anew: a dump was restored/, async (it) => {
    const dump = dumped(it)
    it.sql('drop table backups, backup_uploads')
    tool('psql', ['-q', '-v', 'ON_ERROR_STOP=1', it.database], dump)
  }],
  ['another database of the same name', 'identity', /the catalogue is games_other/, async (it) => {
    sql('shop', 'create database games_other')
    sql('games_other', SHAPE)
    tool('psql', ['-q', '-v', 'ON_ERROR_STOP=1', 'games_other'], tool('pg_dump', ['--data-only', it.database]))
    it.url = it.url.replace(/\/[^/]*$/, '/games_other')
  }],
  ['half-migrated: the column is renamed', 'schema', /column "object_key" does not exist/, async (it) => void it.sql('alter table backups rename column object_key to object_ref')],
  ['half-migrated: keys move into a new column', 'schema', /tables or columns have changed/, async (it) => void it.sql('alter table backups add column object_ref text')],
  ['truncated', 'floor', /8 rows|0 rows/, async (it) => void it.sql('truncate backups')],
  ['one tenant is missing, and another', 'floor', /rows, and 2000 were there within 30 days/, async (it) => void it.sql("delete from backups where tenant in ('t1', 't2', 't3', 't4', 't5', 't6', 't7')")],
  ['without a lock column', 'schema', /the lock column is gone/, async (it) => void (it.config = { ...it.config, rows: 'select object_key as key, tenant from backups' })],
  ['statement_timeout in mid-stream', 'schema', /canceling statement due to statement timeout/, async (it) => {
    it.config = { ...it.config, rows: "select object_key as key, locked, case when id = 1900 then pg_sleep(3)::text || tenant else tenant end as tenant from backups" }
    Object.assign(it.context, { limits: { connect: ms(2000), statement: ms(400), lock: ms(2000) } })
  }],
  ['row security hides rows', 'schema', /row-level security/, async (it) => {
    it.sql('alter table backups enable row level security; alter table backups force row level security; create policy hiding on backups using (tenant <> $$t1$$)')
  }],
  ['it takes no writes', 'schema', /takes no writes/, async (it) => void sql('shop', `alter database ${it.database} set default_transaction_read_only = on`)],
]

for (const [says, id, words, change] of wrongs) {
  test(`refused: ${says}`, async (t) => {
    const it = await lab(t)
    it.fake.put(`${PREFIX}t1/lost`, 'x')
    const good = await it.run()
    assert.equal(good.healthy, true, refusals(good))
    const objects = JSON.stringify([...it.fake.objects])
    const undo = await change(it)
    try {
      const result = await it.run()
      assert.match(result.plan.refusals.find((one) => one.id === id)?.text ?? refusals(result), words)
      assert.deepEqual([result.healthy, result.acts, result.pages.map(({ cause }) => cause)], [false, [], ['reconcile:customer-backups:refused']])
      assert.equal(JSON.stringify([...it.fake.objects]), objects)
      assert(!JSON.stringify(result).includes('app:app'), 'no credential is told')
    } finally {
      await undo?.()
    }
  })
}

test('a replica is never believed', async (t) => {
  const it = await games(t, 0)
  const replica = await startPostgres()
  try {
    await replica.stop()
    // Nothing leads it: it replays what it has and stays a standby.
    writeFileSync(path.join(replica.folder, 'data/standby.signal'), '')
    await replica.start()
    const taken = await read(it, postgres, { postgres: `postgres://app:app@127.0.0.1:${replica.port}/shop` }, wantOf())
    assert.match(taken.is === 'unread' ? taken.says : '', /it is a replica/)
  } finally {
    await replica.close()
  }
})

const wantOf = (more: Partial<CatalogueWant> = {}): CatalogueWant => ({ rows: 'select object_key as `key`, locked, tenant from backups', intents: undefined, lockColumn: 'locked', prefix: Buffer.from(PREFIX), limits: { connect: ms(2000), statement: minutes(1), lock: ms(2000) }, ...more })

test('100,000 rows of PostgreSQL come whole, in the order of their bytes, each key once', async (t) => {
  const it = await lab(t, 10)
  it.sql(`insert into backups (object_key, locked, tenant) select '${PREFIX}m' || (i % 50) || '/' || i, i % 50 = 0, 't' from generate_series(1, ${MANY}) i`)
  it.sql(`insert into backups (object_key, locked, tenant) values ('${PREFIX}é', null, 't'), ('${PREFIX}～', false, 't'), ('${PREFIX}😀', true, 't'), ('elsewhere/x', false, 't')`)
  await bytes(it, postgres, { postgres: it.url }, wantOf({ rows: 'select object_key as key, locked, tenant from backups -- a remark;' }), MANY + 10 + 9 + 3)
  const twice = wantOf({ rows: 'select object_key as key, locked, tenant from backups union all select object_key, null, tenant from backups' })
  const taken = await read(it, postgres, { postgres: it.url }, twice)
  assert(taken.is === 'read')
  assert.deepEqual([taken.seen.rows, taken.rows.count], [{ rows: 2 * (MANY + 22), keys: MANY + 22 }, MANY + 22])
})

test('MySQL and MariaDB: the same, and what a user may not see is no catalogue', async (t) => {
  const it = await games(t, 0)
  const maria = await mariadb()
  try {
    maria.sql(`use shop; create table backups (id int auto_increment primary key, object_key varchar(300) not null, locked tinyint(1), tenant varchar(20)) character set utf8mb4; insert into backups (object_key, locked, tenant) select concat('${PREFIX}m', seq % 50, '/', seq), seq % 50 = 0, 't' from seq_1_to_${MANY}`)
    maria.sql(`set names utf8mb4; insert into shop.backups (object_key, locked, tenant) values ('${PREFIX}é', null, 't'), ('${PREFIX}～', false, 't'), ('${PREFIX}😀', true, 't'), ('elsewhere/x', false, 't')`)
    const settings = { mysql: `mysql://app:app@127.0.0.1:${maria.port}/shop` }
    const blind = await read(it, mysql, settings, wantOf())
    assert.match(blind.is === 'unread' ? blind.says : '', /SLAVE MONITOR/)
    maria.sql("grant slave monitor on *.* to app@'%'")
    await bytes(it, mysql, settings, wantOf(), MANY + 3)
    const gone = await read(it, mysql, settings, wantOf({ rows: 'select object_ref as `key` from backups' }))
    assert.match(gone.is === 'unread' ? gone.says : '', /Unknown column 'object_ref'/)
    const slow = await read(it, mysql, settings, wantOf({ rows: 'select object_key as `key`, sleep(0.01) as tenant, locked from backups', limits: { connect: ms(2000), statement: ms(500), lock: ms(2000) } }))
    assert.match(slow.is === 'unread' ? slow.says : '', /max_statement_time/)
    maria.sql('set global read_only = on')
    const replica = await read(it, mysql, settings, wantOf())
    assert.match(replica.is === 'unread' ? replica.says : '', /takes no writes/)
  } finally {
    await maria.close()
  }
})

async function read(it: Games, plugin: AnyCatalogue, settings: object, want: CatalogueWant) {
  const folder = path.join(it.folder, `read-${++databases}`)
  mkdirSync(folder)
  return takeCatalogue({ name: 'games', plugin, settings }, want, it.context, { folder, label: 'one', observer: 'lab', signal: AbortSignal.timeout(60_000) })
}

async function bytes(it: Games, plugin: AnyCatalogue, settings: object, want: CatalogueWant, keys: number): Promise<void> {
  const taken = await read(it, plugin, settings, want)
  assert(taken.is === 'read', taken.is === 'unread' ? taken.says : '')
  assert.deepEqual([taken.rows.count, taken.seen.rows.keys, taken.seen.lockColumn, taken.snapshot.value.primary], [keys, keys, true, true])
  assert(taken.seen.columns.some((column) => column.includes('backups.object_key')), taken.seen.columns.join())
  assert(Math.abs(taken.seen.ahead.most) < 5000 && taken.snapshot.value.oids.length === 64 && taken.snapshot.value.position > 0n)
}
