// The database probes against real servers: a MariaDB and a PostgreSQL that serve, refuse, stand still, are stopped and killed,
// and one whose reads are green while its writes hang, as a Galera cluster without its quorum. Every look ends at its limit.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { test } from 'node:test'
import { ms } from '../src/core/time.ts'
import mysql from '../src/plugins/probes/mysql.ts'
import pg from '../src/plugins/probes/postgres.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { createEgress } from '../src/ports/world/egress.ts'
import { createResolver } from '../src/ports/world/resolver.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import type { AnyProbe } from '../src/ports/probe.ts'
import { createStalls, look, type Sight } from '../src/rooms/watch/look.ts'
import { mariadb, postgres, type LabServer } from './servers.ts'

const LIMIT = 1000

interface Rig {
  readonly name: string
  readonly probe: AnyProbe
  readonly start: () => Promise<LabServer>
  readonly url: (server: LabServer, password?: string) => Record<string, unknown>
  readonly table: string
  readonly count: string
  readonly readOnly: (on: boolean) => string
  /** A client and the SQL with which it keeps writers out for a minute. */
  readonly holding: (server: LabServer) => readonly [command: readonly string[], sql: string]
  /** Shows a session that holds. */
  readonly held: string
}

const rigs: readonly Rig[] = [
  {
    name: 'mysql', probe: mysql, start: mariadb,
    url: ({ port }, password = 'app') => ({ mysql: `mysql://app:${password}@127.0.0.1:${port}/shop` }),
    table: 'create table shop.canary (id int primary key, at datetime not null)',
    count: 'select count(*) from shop.canary',
    readOnly: (on) => `set global read_only = ${on ? 'on' : 'off'}`,
    holding: ({ folder }) => [['mariadb', '--no-defaults', `--socket=${folder}/run/s.sock`, '-uroot'], 'flush tables with read lock; select sleep(60);'],
    held: "select count(*) from information_schema.processlist where info like 'select sleep%'",
  },
  {
    name: 'postgres', probe: pg, start: postgres,
    url: ({ port }, password = 'app') => ({ postgres: `postgres://app:${password}@127.0.0.1:${port}/shop?sslmode=disable` }),
    table: 'create table canary (id int primary key, at timestamptz not null)',
    count: 'select count(*) from canary',
    readOnly: (on) => `alter database shop set default_transaction_read_only = ${on ? 'on' : 'off'}`,
    holding: ({ port }) => [['psql', `postgres://app:app@127.0.0.1:${port}/shop`], 'begin; lock table canary in exclusive mode; select pg_sleep(60);'],
    held: "select count(*) from pg_stat_activity where query like '%pg_sleep%' and wait_event = 'PgSleep'",
  },
]

for (const rig of rigs) {
  test(`${rig.name}: a real server, from good to gone and back`, { timeout: 180_000 }, async (t) => {
    const server = await rig.start()
    t.after(() => server.close())
    const clock = createClock()
    const timers = createTimers()
    const resolver = createResolver({ clock, timers })
    const egress = createEgress({ clock, timers, resolver })
    const stalls = createStalls({ clock, timers })
    t.after(() => {
      stalls.stop()
      resolver.close()
    })
    const lookOnce = async (more: Record<string, unknown> = {}, base = rig.url(server)): Promise<Sight> => {
      const from = clock.now().tick
      const sight = await look(rig.probe, { settings: rig.probe.config.parse({ ...base, ...more }), timeout: ms(LIMIT) }, { clock, timers, egress, stalledSince: stalls.since })
      assert(clock.now().tick - from <= LIMIT + 400, `it took ${clock.now().tick - from} ms`)
      return sight
    }
    const expect = async (is: string, says: RegExp, more: Record<string, unknown> = {}, base = rig.url(server)): Promise<void> => {
      const { found } = await lookOnce(more, base)
      assert.equal(found.is, is, JSON.stringify(found))
      assert.match(found.says ?? '', says)
      assert.doesNotMatch(found.says ?? '', /app:|wrong-word/)
    }
    const admin = (sql: string): string => (rig.name === 'postgres' && !sql.startsWith('alter database') && !sql.includes('pg_stat') ? inShop(server, sql) : server.sql(sql))
    const write = { write: { table: 'canary' } }
    // The first look loads the driver.
    await lookOnce()

    const good = await lookOnce()
    assert.equal(good.found.is, 'pass', JSON.stringify(good))
    assert((good.phases?.connect ?? 0) > 0 && (good.phases?.total ?? 0) < LIMIT)
    await expect('pass', /^/, { query: 'select 40 + 2' })
    await expect('fail', /canary|table|relation/i, write)
    admin(rig.table)
    await expect('pass', /^/, write)
    assert.equal(Number(admin(rig.count)), 1)
    await expect('fail', /./, { query: 'select * from nowhere' })
    await expect('fail', /denied|password|sign-in/i, {}, rig.url(server, 'wrong-word'))

    server.sql(rig.readOnly(true))
    await expect('fail', /read.only/i, write)
    await expect('pass', /^/)
    server.sql(rig.readOnly(false))
    await expect('pass', /^/, write)

    const [[file = '', ...args], sql] = rig.holding(server)
    const holder = spawn(file, args, { stdio: ['pipe', 'ignore', 'inherit'] })
    t.after(() => void holder.kill('SIGKILL'))
    holder.stdin.end(sql)
    for (const end = performance.now() + 10_000; Number(server.sql(rig.held)) === 0;) {
      assert(performance.now() < end, 'nobody holds the table')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await expect('pass', /^/)
    await expect('fail', /write/, write)
    holder.kill('SIGKILL')

    await server.stop()
    await expect('fail', /refused/)
    await server.start()
    await expect('pass', /^/)
    server.freeze()
    const silent = await lookOnce()
    assert.equal(silent.found.is, 'fail')
    assert.equal(silent.silent, true)
    assert.match(silent.found.says ?? '', /no answer/)
    server.thaw()
    await expect('pass', /^/)
    await server.kill()
    await expect('fail', /refused/)
    await server.start()
    await expect('pass', /^/)
  })
}

/** PostgreSQL's administrator stands in another database; tables belong to the application. */
const inShop = ({ port }: LabServer, sql: string): string =>
  execFileSync('psql', [`postgres://app:app@127.0.0.1:${port}/shop`, '-At', '-v', 'ON_ERROR_STOP=1', '-c', sql], { encoding: 'utf8', timeout: 10_000 })
