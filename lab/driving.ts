// Real servers for drivers to act on, each in a folder of its own on 127.0.0.1 and gone after the test: HAProxy, PowerDNS, BIND, a Galera cluster of one, and an sshd
// that runs commands. Everything is started without a service manager and ended by its own process id.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { freePort } from './servers.ts'

const run = (file: string, args: readonly string[], input = ''): string => execFileSync(file, args, { encoding: 'utf8', timeout: 60_000, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'], input })

/** A test, or a story within one: what ends with it. */
type Lasting = Pick<TestContext, 'after'>
const ends = new WeakMap<Lasting, (() => unknown)[]>()
/** The last that was begun ends first: servers before the folders that they write into. */
function atEnd(t: Lasting, act: () => unknown): void {
  const known = ends.get(t)
  if (known) return void known.push(act)
  const all = [act]
  ends.set(t, all)
  t.after(async () => {
    for (const it of all.toReversed()) await it()
  })
}

export function folderOf(t: Lasting, mode = 0o755): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-driving-'))
  chmodSync(folder, mode)
  atEnd(t, () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  return folder
}

/** Starts it and waits until the port takes connections. */
async function serving(t: Lasting, argv: readonly [string, ...string[]], port: number, by: NodeJS.Signals = 'SIGTERM'): Promise<ChildProcess> {
  const [file, ...args] = argv
  let said = ''
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => void (said = (said + part.toString()).slice(-4000)))
  atEnd(t, async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const over = new Promise((resolve) => void child.once('exit', resolve))
    child.kill(by)
    const hard = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await over
    clearTimeout(hard)
  })
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (child.exitCode !== null) throw new Error(`${file} ended: ${said}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (open) return child
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${file} does not serve: ${said}`)
}

export interface Balancer {
  readonly socket: string
  readonly port: number
  /** Its page of statistics. */
  readonly stats: string
  /** Ends it and starts it anew with the same configuration. */
  restart(): Promise<void>
}

/** HAProxy with the backend `shop` and its servers `db-1`, `db-2`, which hold a connection until they are told. */
export async function balancer(t: TestContext, backends: readonly [number, number]): Promise<Balancer> {
  const folder = folderOf(t)
  const [port, stats, socket] = [await freePort(), await freePort(), path.join(folder, 'h.sock')]
  const conf = path.join(folder, 'h.cfg')
  writeFileSync(conf, `global
  stats socket ${socket} mode 600 level admin
  node lb-1
defaults
  mode tcp
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend stats
  bind 127.0.0.1:${stats}
  mode http
  stats enable
  stats uri /stats
  stats auth watch:word
frontend f
  bind 127.0.0.1:${port}
  default_backend shop
backend shop
  balance roundrobin
  server db-1 127.0.0.1:${backends[0]}
  server db-2 127.0.0.1:${backends[1]}
`)
  let child = await serving(t, ['haproxy', '-db', '-f', conf], port)
  return {
    socket, port, stats: `http://watch:word@127.0.0.1:${stats}/stats`,
    async restart() {
      const over = new Promise((resolve) => void child.once('exit', resolve))
      child.kill('SIGTERM')
      await over
      child = await serving(t, ['haproxy', '-db', '-f', conf], port)
    },
  }
}

export interface Zone {
  /** host:port of the authoritative server. */
  readonly at: string
  records(): string
}

const dig = (port: number, name = 'www.example.test'): string => run('dig', ['+tcp', '+norecurse', '+noall', '+answer', '-p', String(port), '@127.0.0.1', name, 'A']).trim().split('\n').map((line) => line.replaceAll(/\s+/g, ' ')).toSorted().join('; ')

/** As its backend for SQLite wants them; packages without their documents do not bring them. */
const PDNS_TABLES = `
create table domains (id integer primary key, name varchar(255) not null collate nocase, master varchar(128), last_check integer, type varchar(8) not null, notified_serial integer, account varchar(40), options text, catalog varchar(255));
create table records (id integer primary key, domain_id integer, name varchar(255), type varchar(10), content text, ttl integer, prio integer, disabled boolean default 0, ordername varchar(255), auth bool default 1);
create table supermasters (ip varchar(64) not null, nameserver varchar(255) not null collate nocase, account varchar(40) not null);
create table comments (id integer primary key, domain_id integer not null, name varchar(255) not null, type varchar(10) not null, modified_at int not null, account varchar(40), comment text not null);
create table domainmetadata (id integer primary key, domain_id int not null, kind varchar(32) collate nocase, content text);
create table cryptokeys (id integer primary key, domain_id int not null, flags int not null, active bool, published bool default 1, content text);
create table tsigkeys (id integer primary key, name varchar(255) collate nocase, algorithm varchar(50) collate nocase, secret varchar(255));
`

/** Where a PowerDNS answers, and the one zone that it answers for: records of type A, by their names below it. */
export interface Laying { readonly port: number; readonly web: number; readonly zone: string; readonly ttl: number; readonly records: Readonly<Record<string, string>> }

/** PowerDNS with a zone; where nothing else is said it is example.test, in which www has a TTL of 2 s, on ports that were free. */
export async function powerdns(t: Lasting, key: string, laying: Partial<Laying> = {}): Promise<Zone & { readonly api: string }> {
  const folder = folderOf(t)
  const { port, web, zone, ttl, records } = { port: await freePort(), web: await freePort(), zone: 'example.test', ttl: 2, records: { www: '192.0.2.1' }, ...laying }
  const db = new DatabaseSync(path.join(folder, 'p.db'))
  db.exec(PDNS_TABLES)
  db.close()
  writeFileSync(path.join(folder, 'pdns.conf'), `launch=gsqlite3
gsqlite3-database=${folder}/p.db
gsqlite3-pragma-synchronous=0
local-address=127.0.0.1
local-port=${port}
api=yes
api-key=${key}
webserver=yes
webserver-address=127.0.0.1
webserver-port=${web}
webserver-allow-from=127.0.0.1
socket-dir=${folder}
setuid=
setgid=
daemon=no
guardian=no
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
security-poll-suffix=
loglevel=3
`)
  await serving(t, ['pdns_server', `--config-dir=${folder}`], web)
  const api = `http://127.0.0.1:${web}`
  const headers = { 'x-api-key': key, 'content-type': 'application/json' }
  const rrsets = Object.entries(records).map(([name, content]) => ({ name: `${name}.${zone}.`, type: 'A', ttl, records: [{ content, disabled: false }] }))
  const made = await fetch(`${api}/api/v1/servers/localhost/zones`, { method: 'POST', headers, body: JSON.stringify({ name: `${zone}.`, kind: 'Native', nameservers: [`ns1.${zone}.`], soa_edit_api: 'INCREASE', rrsets }) })
  if (made.status !== 201) throw new Error(`PowerDNS: ${made.status} ${await made.text()}`)
  return { api, at: `127.0.0.1:${port}`, records: () => dig(port, `www.${zone}`) }
}

/** BIND with the same zone, which takes updates signed with `tsig`. */
export async function bind(t: TestContext): Promise<Zone & { readonly tsig: string; readonly secret: string }> {
  const folder = folderOf(t)
  const port = await freePort()
  const conf = run('tsig-keygen', ['-a', 'hmac-sha256', 'hf-key'])
  const secret = /secret "([^"]+)"/.exec(conf)?.[1] ?? ''
  writeFileSync(path.join(folder, 'key.conf'), conf)
  writeFileSync(path.join(folder, 'db.example.test'), '$TTL 60\n@ IN SOA ns1 h 1 60 60 600 2\n@ IN NS ns1\nns1 IN A 127.0.0.1\nwww 2 IN A 192.0.2.1\n')
  writeFileSync(path.join(folder, 'named.conf'), `include "${folder}/key.conf";
options { directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file "${folder}/named.pid"; session-keyfile "${folder}/session.key"; dnssec-validation no; managed-keys-directory "${folder}"; notify no; empty-zones-enable no; };
controls { };
zone "example.test" { type master; file "${folder}/db.example.test"; update-policy { grant hf-key zonesub ANY; }; };
`)
  await serving(t, ['named', '-f', '-c', path.join(folder, 'named.conf'), '-U', '1', '-n', '1'], port)
  return { at: `127.0.0.1:${port}`, tsig: `hmac-sha256:hf-key:${secret}`, secret, records: () => dig(port) }
}

/** A Galera cluster of one, whose administrator is `admin`. */
export async function galera(t: TestContext, password: string): Promise<{ readonly port: number }> {
  const folder = folderOf(t)
  const [port, group] = [await freePort(), await freePort()]
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(run('id', [flag, 'mysql'])))
  for (const name of ['data', 'run']) {
    mkdirSync(path.join(folder, name))
    chownSync(path.join(folder, name), uid ?? 0, gid ?? 0)
  }
  run('mariadb-install-db', ['--no-defaults', `--datadir=${folder}/data`, '--auth-root-authentication-method=normal', '--skip-test-db', '--innodb-log-file-size=16M', '--user=mysql'])
  writeFileSync(path.join(folder, 'init.sql'), `create user if not exists admin@'%' identified by '${password}';\ngrant super, process, reload on *.* to admin@'%';\n`)
  await serving(t, ['setpriv', '--reuid=mysql', '--regid=mysql', '--init-groups', 'mariadbd', '--no-defaults', `--datadir=${folder}/data`, `--socket=${folder}/run/s.sock`, `--port=${port}`, '--bind-address=127.0.0.1',
    '--innodb-log-file-size=16M', '--innodb-buffer-pool-size=32M', '--performance-schema=off', '--binlog-format=ROW', '--innodb-autoinc-lock-mode=2', '--wsrep-on=ON', '--wsrep-provider=/usr/lib/galera/libgalera_smm.so',
    '--wsrep-cluster-address=gcomm://', '--wsrep-new-cluster', '--wsrep-node-name=db-1', '--wsrep-node-address=127.0.0.1', `--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:${group};gcache.size=1M`, `--init-file=${folder}/init.sql`], port)
  const sql = (text: string): string => run('mariadb', ['--no-defaults', `--socket=${folder}/run/s.sock`, '-uroot', '-N', '-B'], text)
  for (let n = 0; n < 100 && !sql("show status like 'wsrep_ready'").includes('ON'); n++) await new Promise((resolve) => setTimeout(resolve, 100))
  return { port }
}

export interface Shell {
  readonly port: number
  readonly folder: string
  readonly hostKey: string
  readonly otherKey: string
  /** The key that lets in as root. */
  readonly key: string
  /** Ends every connection that is open, and takes new ones. */
  cut(): void
  /** The same place with another host's key. */
  swap(): Promise<void>
}

/** An sshd that runs commands as root. */
export async function shell(t: TestContext): Promise<Shell> {
  const folder = folderOf(t)
  const port = await freePort()
  for (const name of ['host', 'other', 'own']) run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path.join(folder, `${name}.key`)])
  mkdirSync(path.join(folder, 'let-in'))
  writeFileSync(path.join(folder, 'let-in/root'), readFileSync(path.join(folder, 'own.key.pub')))
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const start = (host: string): Promise<ChildProcess> => {
    const conf = path.join(folder, 'sshd.conf')
    writeFileSync(conf, [`ListenAddress 127.0.0.1:${port}`, `HostKey ${folder}/${host}.key`, 'PidFile none', `AuthorizedKeysFile ${folder}/let-in/%u`, 'PermitRootLogin prohibit-password', 'UsePAM no', 'StrictModes no', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'LogLevel ERROR', ''].join('\n'))
    return serving(t, ['/usr/sbin/sshd', '-D', '-e', '-f', conf], port)
  }
  let daemon = await start('host')
  const key = (name: string): string => readFileSync(path.join(folder, `${name}.key.pub`), 'utf8').trim().split(' ').slice(0, 2).join(' ')
  return {
    port, folder, hostKey: key('host'), otherKey: key('other'), key: path.join(folder, 'own.key'),
    cut() {
      for (const pid of run('ps', ['-o', 'pid=', '--ppid', String(daemon.pid)]).trim().split(/\s+/)) if (pid !== '') process.kill(Number(pid), 'SIGKILL')
    },
    async swap() {
      const over = new Promise((resolve) => void daemon.once('exit', resolve))
      daemon.kill('SIGTERM')
      await over
      daemon = await start('other')
    },
  }
}

export interface Pair {
  /** REST addresses of both members, `db-1` and `db-2`. */
  readonly members: readonly [string, string]
  /** Who leads, as the database of each member itself says: `db-1`, or nothing while none does. */
  leader(): string
}

/** Two PostgreSQL servers under Patroni, with an etcd of one; the REST interface wants `admin` and the password for whatever changes something. */
export async function patroniPair(t: TestContext, password: string): Promise<Pair> {
  const folder = folderOf(t)
  const [client, peer] = [await freePort(), await freePort()]
  const as = (...argv: [string, ...string[]]): [string, ...string[]] => ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', 'env', `HOME=${folder}`, 'LC_ALL=C.UTF-8', 'PYTHONUNBUFFERED=1', ...argv]
  const bin = `/usr/lib/postgresql/${readdirSync('/usr/lib/postgresql').toSorted((one, other) => Number(other) - Number(one))[0] ?? ''}/bin`
  run('chown', ['-R', 'postgres:postgres', folder])
  await serving(t, as('etcd', '--name', 'e', '--data-dir', `${folder}/etcd`, '--listen-client-urls', `http://127.0.0.1:${client}`, '--advertise-client-urls', `http://127.0.0.1:${client}`, '--listen-peer-urls', `http://127.0.0.1:${peer}`,
    '--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`, '--initial-cluster', `e=http://127.0.0.1:${peer}`, '--logger', 'zap', '--log-level', 'error'), client, 'SIGKILL')
  const nodes = await Promise.all(['db-1', 'db-2'].map(async (name) => ({ name, rest: await freePort(), sql: await freePort() })))
  for (const { name, rest, sql } of nodes) {
    const conf = path.join(folder, `${name}.yml`)
    writeFileSync(conf, `scope: shop
name: ${name}
restapi: {listen: "127.0.0.1:${rest}", connect_address: "127.0.0.1:${rest}", authentication: {username: admin, password: ${password}}}
etcd3: {hosts: "127.0.0.1:${client}"}
bootstrap:
  dcs: {ttl: 20, loop_wait: 2, retry_timeout: 3, postgresql: {use_slots: true, parameters: {wal_level: replica, hot_standby: "on", max_wal_senders: 5, shared_buffers: 16MB, fsync: "off"}}}
  initdb: [{encoding: UTF8}, {locale: C.UTF-8}, "no-sync"]
  pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
postgresql:
  listen: "127.0.0.1:${sql}"
  connect_address: "127.0.0.1:${sql}"
  data_dir: ${folder}/${name}
  bin_dir: ${bin}
  pgpass: ${folder}/${name}.pass
  authentication: {superuser: {username: postgres, password: pw}, replication: {username: replicator, password: pw}, rewind: {username: rewinder, password: pw}}
  parameters: {unix_socket_directories: "${folder}"}
watchdog: {mode: off}
`)
    chownSync(conf, Number(run('id', ['-u', 'postgres'])), Number(run('id', ['-g', 'postgres'])))
    await serving(t, as('patroni', conf), rest)
    for (let n = 0; n < 300 && !runs(sql); n++) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const primary = (sql: number): boolean => {
    try {
      return run('psql', ['-h', '127.0.0.1', '-p', String(sql), '-U', 'postgres', '-Atc', 'select pg_is_in_recovery()']).trim() === 'f'
    } catch {
      return false
    }
  }
  const [one, two] = nodes.map(({ rest }) => `http://127.0.0.1:${rest}`)
  return { members: [one ?? '', two ?? ''], leader: () => nodes.filter(({ sql }) => primary(sql)).map(({ name }) => name).join(' and ') }
}

function runs(sql: number): boolean {
  try {
    run('pg_isready', ['-q', '-h', '127.0.0.1', '-p', String(sql)])
    return true
  } catch {
    return false
  }
}
