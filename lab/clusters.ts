// Real clusters for the lab, on addresses of this machine (127.0.x.n), without a service manager: three Galera nodes, and three servers of PostgreSQL under
// Patroni with three members of etcd. They are told to what Holdfast hears of them, by the very parts that the scout is made of. Everything is
// bounded in time, and gone after the test, by its own process ids.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { createClock } from '../src/ports/world/clock.ts'
import { createEgress } from '../src/ports/world/egress.ts'
import { createResolver } from '../src/ports/world/resolver.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import { createMembers } from '../src/processes/scout/members.ts'
import { askedMembers, type Way } from '../src/rooms/change/heard/asking.ts'
import type { OfMember } from '../src/rooms/change/heard/protocol.ts'
import { createMembersHeard, type MembersHeard } from '../src/rooms/change/heard/members-heard.ts'
import type { Sight } from '../src/rooms/change/sight.ts'
import { knownCounts } from '../src/rooms/change/sight.ts'
import { numberOf, toleranceOf } from '../src/rooms/change/tolerance.ts'
import type { Cluster, Topology } from '../src/rooms/change/topology.ts'
import { root, sleep } from '../test/story/world.ts'
import { freePort } from './servers.ts'

/** 127.0.NET.1 and so on: of this run alone. */
const NET = 10 + (process.pid % 200)
export const addressOf = (n: number): string => `127.0.${NET}.${n}`
const run = (file: string, args: readonly string[], within = 30_000): string => execFileSync(file, args, { encoding: 'utf8', timeout: within, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C.UTF-8' } })

/** One process of a node. */
export interface Part {
  readonly child: ChildProcess
  signal(name: NodeJS.Signals): void
  /** When it is gone. */
  readonly over: Promise<void>
}

/** A folder, and what ends with the test before the folder does. */
interface Place {
  readonly folder: string
  readonly ends: (() => unknown)[]
}

interface Started { readonly log: string; readonly user: string; readonly command: readonly string[]; readonly env?: Readonly<Record<string, string>>; /** A command that becomes what stands behind it. */ readonly by?: readonly string[] }

/** Starts it as that user; it is killed, thawed first, when the test is over. */
function part({ ends }: Place, { log, user, command, env = {}, by = [] }: Started): Part {
  const out = openSync(log, 'a')
  const [file = '', ...args] = [...by, 'setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', ...command]
  const child = spawn(file, args, { cwd: '/', stdio: ['ignore', out, out], env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', ...env } })
  const over = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
  const signal = (name: NodeJS.Signals): void => void (child.exitCode === null && child.signalCode === null && child.kill(name))
  ends.push(async () => {
    signal('SIGCONT')
    signal('SIGKILL')
    await over
  })
  return { child, signal, over }
}

function placeFor(t: Pick<TestContext, 'after'>, name: string): Place {
  const folder = mkdtempSync(path.join(os.tmpdir(), `holdfast-${name}-`))
  chmodSync(folder, 0o711)
  const ends: (() => unknown)[] = []
  t.after(async () => {
    for (const end of ends.toReversed()) await end()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return { folder, ends }
}

export async function until(what: string, limit: number, holds: () => boolean, says: () => string = () => ''): Promise<number> {
  const began = Date.now()
  for (; Date.now() - began < limit; await sleep(50)) if (holds()) return Date.now() - began
  return assert.fail(`${what}: not within ${limit} ms; ${says()}`)
}

/** Where its nodes listen for SQL. */
export const MYSQL_PORT = 23_306
const GROUP_PORT = 24_567

/** Quick to suspect a node, so that tests are; the order of things is that of the defaults. */
const QUICK = 'evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.2S;evs.suspect_timeout=PT1.5S;evs.inactive_timeout=PT3S;evs.install_timeout=PT3S'

export interface Galera {
  readonly as: string
  start(n: number, ...more: string[]): void
  node(n: number): Part
  sql(n: number, text: string): string
  /** Takes its data away, so that it joins by a copy of all of another one's; it has stopped. */
  wipe(n: number): void
}

/** What a node of the lab's Galera reads, in a folder of its own; where it talks with the others, and where it listens for SQL. */
export function writeMember(at: string, n: number, address: (n: number) => string, listens = address(n)): void {
  const own = address(n)
  mkdirSync(at)
  writeFileSync(path.join(at, 'my.cnf'), ['[mysqld]', `datadir=${at}/data`, `socket=${at}/s.sock`, `pid-file=${at}/pid`, `port=${MYSQL_PORT}`, `bind-address=${listens}`, `log-error=${at}/err.log`,
    'skip-name-resolve', 'innodb_buffer_pool_size=32M', 'innodb_log_file_size=16M', 'innodb_flush_log_at_trx_commit=2', 'innodb_use_native_aio=0', 'binlog_format=ROW', 'default_storage_engine=InnoDB',
    'innodb_autoinc_lock_mode=2', 'performance_schema=OFF', 'wsrep_on=ON', 'wsrep_provider=/usr/lib/galera/libgalera_smm.so', 'wsrep_cluster_name=lab',
    `wsrep_cluster_address=gcomm://${[1, 2, 3].map((it) => `${address(it)}:${GROUP_PORT}`).join(',')}`, `wsrep_node_name=db-${n}`, `wsrep_node_address=${own}:${GROUP_PORT}`,
    'wsrep_sst_method=rsync', `wsrep_sst_receive_address=${own}:24444`,
    `wsrep_provider_options="base_host=${own};base_port=${GROUP_PORT};gmcast.listen_addr=tcp://${own}:${GROUP_PORT};ist.recv_addr=${own}:${GROUP_PORT + 1};gcache.size=8M;${QUICK}"`, ''].join('\n'))
}

/** The first data of the cluster, of root by its socket alone. */
export const installInto = (at: string): string => run('mariadb-install-db', ['--no-defaults', `--datadir=${at}/data`, '--innodb-log-file-size=16M', '--auth-root-authentication-method=normal', '--skip-test-db'])

/** Three nodes, n1 begun; the others are copies of it, so that they join by what is missing. */
export async function galera(t: TestContext): Promise<Galera> {
  const place = placeFor(t, 'galera')
  const { folder } = place
  const nodes = new Map<number, Part>()
  const at = (n: number): string => path.join(folder, `n${n}`)
  for (const n of [1, 2, 3]) writeMember(at(n), n, addressOf)
  installInto(at(1))
  run('chown', ['-R', 'mysql:mysql', folder])
  const it: Galera = {
    as: `mysql://holdfast:word@any:${MYSQL_PORT}/`,
    start: (n, ...more) => void nodes.set(n, part(place, { log: `${at(n)}/out.log`, user: 'mysql', command: ['mariadbd', `--defaults-file=${at(n)}/my.cnf`, ...more] })),
    node: (n) => nodes.get(n) as Part,
    sql: (n, text) => run('mariadb', ['--no-defaults', `--socket=${at(n)}/s.sock`, '-uroot', '-N', '-B', '-e', text], 10_000).trim(),
    wipe(n) {
      rmSync(`${at(n)}/data`, { recursive: true })
      mkdirSync(`${at(n)}/data`)
      run('chown', ['mysql:mysql', `${at(n)}/data`])
    },
  }
  const synced = (n: number): boolean => {
    try {
      return it.sql(n, "show status like 'wsrep_local_state_comment'").endsWith('Synced')
    } catch {
      return false
    }
  }
  const up = (n: number): Promise<number> => until(`n${n} is Synced`, 60_000, () => synced(n), () => run('tail', ['-n', '5', `${at(n)}/err.log`]))
  it.start(1, '--wsrep-new-cluster')
  await up(1)
  it.sql(1, "create user holdfast identified by 'word'; grant all on holdfast.* to holdfast; create database holdfast")
  it.node(1).signal('SIGTERM')
  await it.node(1).over
  for (const n of [2, 3]) cpSync(`${at(1)}/data`, `${at(n)}/data`, { recursive: true, preserveTimestamps: true })
  run('chown', ['-R', 'mysql:mysql', folder])
  it.start(1, '--wsrep-new-cluster')
  await up(1)
  it.start(2)
  it.start(3)
  await Promise.all([up(2), up(3)])
  return it
}

/** What Holdfast hears of clusters: when each turn was told, and how they stand. */
export interface Listening {
  readonly heard: MembersHeard
  readonly turns: { readonly at: number; readonly says: string; readonly donor: boolean }[]
  /** Of the first of them, or of another one. */
  sight(of?: Cluster): Sight
  /** As `--json` has it. */
  tolerance(): number | null
  found(): string[]
  stopped(n: number): string
  /** Waits for a turn that was told after `since`; gives how long after. */
  turn(what: string, since: number, limit: number, says: RegExp): Promise<number>
  well(limit: number): Promise<number>
  write(): void
}

/** The first of the clusters is the one that is asked about; `also`: who hears it too. */
export function listenTo(t: TestContext, clusters: readonly Cluster[], ways: Readonly<Record<string, Way>>, also: (message: OfMember) => void = () => undefined): Listening {
  const world = { ...createClock(), ...createTimers() }
  const topology: Topology = { clusters, hosts: [1, 2, 3].map((n) => ({ name: `db-${n}`, fate: {}, links: [], from: '', ssh: { host: addressOf(n) } })) }
  const cluster = clusters[0] as Cluster
  const heard = createMembersHeard()
  const turns: Listening['turns'] = []
  const resolver = createResolver({ clock: world, timers: world })
  const took = (told: ReturnType<MembersHeard['hear']>): void => void turns.push(...told.map(({ subject, claim, donor }) => ({ at: Date.now(), says: `${subject} ${claim}`, donor: donor === true })))
  const members = createMembers({ world, egress: createEgress({ clock: world, timers: world, resolver }), tell(message) {
    also(message)
    took(heard.hear(message, clusters.find(({ name }) => name === message.cluster)))
  } })
  const every = setInterval(() => took(heard.elapsed(clusters, world.now())), 1000)
  t.after(() => {
    clearInterval(every)
    members.close()
    resolver.close()
  })
  members.ask(askedMembers(topology, ways))
  const sight = (of = cluster): Sight => heard.sight(of, world.now())
  const it: Listening = {
    heard, turns, sight,
    tolerance() {
      const counts = knownCounts(cluster, topology, (name) => sight(clusters.find((one) => one.name === name) ?? cluster))
      return typeof counts === 'string' ? null : numberOf(toleranceOf(counts))
    },
    found: () => cluster.members.map((host) => heard.member(cluster, host, world.now()).found),
    stopped: (n) => heard.stopped(cluster, `db-${n}`, world.now()).found,
    async turn(what, since, limit, says) {
      const found = (): Listening['turns'][number] | undefined => turns.find((one) => one.at >= since && says.test(one.says))
      await until(what, limit, () => found() !== undefined, () => `told since: ${turns.filter((one) => one.at >= since).map((one) => `${one.at - since} ${one.says}`).join('; ') || 'nothing'}; ${JSON.stringify(sight())}`)
      return (found()?.at ?? 0) - since
    },
    well: (limit) => until('every member is healthy', limit, () => it.found().every((one) => one === 'pass'), () => `${it.found().join()} ${JSON.stringify(sight())}`),
    write: () => members.write(cluster.name),
  }
  return it
}

/** Where Debian has the programs of a PostgreSQL. */
export const postgresBin = (): string => `/usr/lib/postgresql/${readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a))[0]}/bin`

const ETCD_PORT = 22_379
const PG_PORT = 25_432
const REST_PORT = 28_008

export interface Patroni {
  readonly ways: Readonly<Record<'shop-db' | 'dcs', Way>>
  etcd(n: number): Part
  patroni(n: number): Part
  /** The one that takes writes, or 0. */
  leader(): number
  sql(n: number, text: string): string
  start(n: number): void
  /** The host is gone: Patroni, and the server that it looks after. */
  fall(n: number): void
  /** A server is ended by hand, in order. */
  end(n: number): void
}

/** Where members stand: the address at which each is found by the others, the one on which it listens, and what is begun on its host has before it. */
export interface Site { address(n: number): string; readonly listens?: string; by(n: number): readonly string[] }
const HERE: Site = { address: addressOf, by: () => [] }

/** Three members of etcd and three servers under Patroni; who leads and is gone stays the leader for 20 s. */
export async function patroni(t: Pick<TestContext, 'after'>, { address: found, listens, by }: Site = HERE): Promise<Patroni> {
  const place = placeFor(t, 'patroni')
  const { folder } = place
  const at = (n: number): string => path.join(folder, `n${n}`)
  const kill = (n: number, by: NodeJS.Signals): boolean => process.kill(Number(run('head', ['-n', '1', `${at(n)}/data/postmaster.pid`])), by)
  const hosts = [1, 2, 3]
  const [etcds, patronis] = [new Map<number, Part>(), new Map<number, Part>()]
  for (const n of hosts) {
    for (const name of ['', 'etcd', 'run']) mkdirSync(path.join(at(n), name), { mode: 0o700 })
    const address = found(n)
    // JSON is YAML.
    writeFileSync(`${at(n)}/patroni.yml`, JSON.stringify({
      scope: 'lab', name: `db-${n}`, restapi: { listen: `${listens ?? address}:${REST_PORT}`, connect_address: `${address}:${REST_PORT}` }, etcd3: { hosts: hosts.map((it) => `${found(it)}:${ETCD_PORT}`).join(',') },
      bootstrap: {
        dcs: { ttl: 20, loop_wait: 2, retry_timeout: 3, maximum_lag_on_failover: 1_048_576, postgresql: { use_pg_rewind: true, use_slots: true, parameters: { wal_level: 'replica', hot_standby: 'on', max_wal_senders: 10, max_replication_slots: 10, wal_log_hints: 'on', shared_buffers: '16MB', fsync: 'off' } } },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'no-sync'], pg_hba: ['local all all trust', ...['127.0.0.0/8', '10.0.0.0/8'].flatMap((net) => [`host all all ${net} trust`, `host replication all ${net} trust`])],
      },
      postgresql: {
        listen: `${listens ?? address}:${PG_PORT}`, connect_address: `${address}:${PG_PORT}`, data_dir: `${at(n)}/data`, bin_dir: postgresBin(), pgpass: `${at(n)}/run/pgpass`,
        authentication: { superuser: { username: 'postgres', password: 'word' }, replication: { username: 'replicator', password: 'word' }, rewind: { username: 'rewinder', password: 'word' } },
        parameters: { unix_socket_directories: `${at(n)}/run` },
      },
      watchdog: { mode: 'off' },
    }))
  }
  run('chown', ['-R', 'postgres:postgres', folder])
  // What Patroni starts outlives it: servers end with the test by the numbers in their own folders.
  place.ends.push(() => hosts.forEach((n) => {
    try {
      kill(n, 'SIGQUIT')
    } catch {
      // It has ended.
    }
  }))
  const it: Patroni = {
    ways: { 'shop-db': { as: `postgres://postgres:word@any:${PG_PORT}/postgres`, rest: `http://any:${REST_PORT}` }, dcs: { as: `http://any:${ETCD_PORT}` } },
    etcd: (n) => etcds.get(n) as Part,
    patroni: (n) => patronis.get(n) as Part,
    leader: () => hosts.find((n) => {
      try {
        return it.sql(n, 'select not pg_is_in_recovery()') === 't'
      } catch {
        return false
      }
    }) ?? 0,
    sql: (n, text) => run(`${postgresBin()}/psql`, ['-h', found(n), '-p', `${PG_PORT}`, '-U', 'postgres', '-At', '-c', text, 'postgres'], 5000).trim(),
    fall(n) {
      it.patroni(n).signal('SIGKILL')
      kill(n, 'SIGKILL')
    },
    end: (n) => void kill(n, 'SIGINT'),
    start: (n) => void patronis.set(n, part(place, { log: `${at(n)}/run/patroni.log`, user: 'postgres', by: by(n), command: ['patroni', `${at(n)}/patroni.yml`], env: { HOME: '/var/lib/postgresql' } })),
  }
  for (const n of hosts) {
    const urlOf = (of: string, port: number): string => `http://${of}:${port}`
    const [own, all] = [found(n), listens ?? found(n)]
    etcds.set(n, part(place, { log: `${at(n)}/run/etcd.log`, user: 'postgres', by: by(n), command: ['etcd', '--name', `db-${n}`, '--data-dir', `${at(n)}/etcd`,
      '--listen-client-urls', urlOf(all, ETCD_PORT), '--advertise-client-urls', urlOf(own, ETCD_PORT), '--listen-peer-urls', urlOf(all, ETCD_PORT + 1), '--initial-advertise-peer-urls', urlOf(own, ETCD_PORT + 1),
      '--initial-cluster', hosts.map((other) => `db-${other}=${urlOf(found(other), ETCD_PORT + 1)}`).join(','), '--initial-cluster-state', 'new', '--initial-cluster-token', 'lab', '--heartbeat-interval', '100', '--election-timeout', '1000', '--logger', 'zap', '--log-level', 'error'] }))
  }
  for (const n of hosts) it.start(n)
  await until('somebody leads', 40_000, () => it.leader() > 0, () => run('tail', ['-n', '5', ...hosts.map((n) => `${at(n)}/run/patroni.log`)]))
  return it
}

/** A Holdfast that is told of both clusters, and what `holdfast cluster show shop-db` says as soon as it is as it should be. */
export async function cliOn(t: TestContext, ways: Patroni['ways'], isGood: (text: string) => boolean): Promise<string> {
  const { folder, ends } = placeFor(t, 'shown')
  writeFileSync(path.join(folder, 'holdfast.yaml'), `version: 1
hosts: { ${[1, 2, 3].map((n) => `db-${n}: { ssh: "${addressOf(n)}" }`).join(', ')} }
clusters:
  shop-db: { patroni: [db-1, db-2, db-3], as: "\${secret:pg}", rest: "${ways['shop-db'].rest ?? ''}", canary: holdfast.canary, dcs: dcs }
  dcs: { etcd: [db-1, db-2, db-3], as: "${ways.dcs.as}" }
checks:
  self: { heartbeat: true, every: 1h }
`)
  const port = await freePort()
  const up = spawn(path.join(root, 'bin/holdfast'), ['up', '--port', `${port}`, '--data', path.join(folder, 'data')], { cwd: folder, stdio: 'ignore', env: { ...process.env, HOLDFAST_SECRET_PG: ways['shop-db'].as } })
  const over = new Promise<void>((resolve) => void up.once('exit', () => resolve()))
  const end = async (): Promise<void> => {
    up.kill('SIGTERM')
    await over
  }
  ends.push(end)
  for (const limit = Date.now() + 40_000; ; await sleep(500)) {
    const { stdout } = spawnSync(path.join(root, 'bin/holdfast'), ['cluster', 'show', 'shop-db', '--data', path.join(folder, 'data')], { cwd: folder, encoding: 'utf8', timeout: 20_000, env: { ...process.env, NO_COLOR: '1' } })
    if (isGood(stdout)) {
      await end()
      return stdout
    }
    assert.ok(Date.now() < limit, stdout)
  }
}
