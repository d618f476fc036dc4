// The shop of the outage `backendless`: three Galera nodes on machines of a laid net, which talk with each other and with HAProxy by the cables that are pulled, and
// an application that writes through HAProxy and keeps a journal of what was acknowledged. All of it stands in the hub and its hosts, is started without a
// service manager, and ends with the story by its own process ids.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { freePorts, root, sleep } from '../test/story/world.ts'
import { machines, within, type Machine } from './cables.ts'
import { installInto, MYSQL_PORT, until, writeMember } from './clusters.ts'

const run = (file: string, args: readonly string[], limit = 30_000): string => execFileSync(file, args, { encoding: 'utf8', timeout: limit, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })

export interface Shop {
  readonly hostKey: string
  readonly hosts: readonly Machine[]
  /** Every member's address for `as:`. */
  readonly as: string
  /** HAProxy's runtime socket. */
  readonly socket: string
  /** Where the application says whether it writes. */
  readonly app: number
  /** What was called on the hosts: “2 stop mariadb”. */
  called(): string[]
  /** From now on what is called there begins and waits, or goes on. */
  hold(held: boolean): void
  sql(n: number, text: string): string
  synced(n: number): boolean
  /** Writes that were acknowledged to the application. */
  journal(): string[]
  /** Those of them that a node does not have. */
  lost(n: number): string[]
}

/** What `systemctl` is on these hosts: it stops and starts the one service, and returns as the real one does, when that is stopped. Held, it begins and waits. */
const SYSTEMCTL = `#!/bin/sh
d=$(dirname "$0")/../n$NODE
echo "$NODE $1 $2" >>"$d/../called"
while [ -e "$d/../held" ]; do sleep 0.1; done
case $1 in
  stop) [ -e "$d/pid" ] || exit 0; kill -TERM "$(cat "$d/pid")"; while [ -e "$d/pid" ]; do sleep 0.1; done ;;
  start) setsid setpriv --reuid=mysql --regid=mysql --init-groups mariadbd --defaults-file="$d/my.cnf" $MORE >/dev/null 2>&1 </dev/null & ;;
esac
`

const address = (n: number): string => `10.78.0.${n}`

export async function shop(t: Pick<TestContext, 'after'>, folder: string, names: readonly string[], socket = path.join(folder, 'h.sock')): Promise<Shop> {
  const at = (n: number): string => path.join(folder, `n${n}`)
  const all = names.map((_, n) => n + 1)
  mkdirSync(path.join(folder, 'bin'))
  writeFileSync(path.join(folder, 'bin/systemctl'), SYSTEMCTL)
  chmodSync(path.join(folder, 'bin/systemctl'), 0o755)
  for (const n of all) writeMember(at(n), n, address, '0.0.0.0')
  const { hostKey, all: hosts } = machines(t, folder, names, path.join(folder, 'bin'))
  const service = (n: number, verb: string, more = ''): void => void run('ip', within(names[n - 1] ?? '', 'env', `NODE=${n}`, `MORE=${more}`, path.join(folder, 'bin/systemctl'), verb, 'mariadb'))
  const sql = (n: number, text: string): string => execFileSync('mariadb', ['--no-defaults', `--socket=${at(n)}/s.sock`, '-uroot', '-N', '-B'], { encoding: 'utf8', timeout: 20_000, input: text, maxBuffer: 1 << 27, stdio: ['pipe', 'pipe', 'pipe'] }).trim()
  const synced = (n: number): boolean => {
    try {
      return sql(n, "show status like 'wsrep_local_state_comment'; show status like 'wsrep_cluster_status'").replaceAll(/\s+/g, ' ').endsWith('Synced wsrep_cluster_status Primary')
    } catch {
      return false
    }
  }
  const up = (n: number): Promise<number> => until(`n${n} is Synced`, 90_000, () => synced(n), () => run('tail', ['-n', '5', `${at(n)}/err.log`]))
  t.after(() => all.forEach((n) => {
    try {
      process.kill(Number(readFileSync(`${at(n)}/pid`, 'utf8')), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }))
  installInto(at(1))
  run('chown', ['-R', 'mysql:mysql', ...all.map(at)])
  service(1, 'start', '--wsrep-new-cluster')
  await up(1)
  sql(1, `create user holdfast identified by 'word'; grant all on holdfast.* to holdfast; create database holdfast; create user app identified by 'word'; create database shop; grant all on shop.* to app;
    create table shop.orders (id varchar(40) primary key, at timestamp(3) default current_timestamp(3))`)
  service(1, 'stop')
  for (const n of all.slice(1)) cpSync(`${at(1)}/data`, `${at(n)}/data`, { recursive: true, preserveTimestamps: true })
  run('chown', ['-R', 'mysql:mysql', ...all.map(at)])
  service(1, 'start', '--wsrep-new-cluster')
  await up(1)
  for (const n of all.slice(1)) service(n, 'start')
  await Promise.all(all.slice(1).map(up))

  const [balancer = 0, app = 0] = await freePorts(2)
  const [conf, journal] = ['h.cfg', 'journal'].map((name) => path.join(folder, name)) as [string, string]
  writeFileSync(conf, `global
  stats socket ${socket} mode 600 level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend f
  bind 127.0.0.1:${balancer}
  default_backend shop
backend shop
  balance roundrobin
  option redispatch 1
${names.map((name, n) => `  server ${name} ${address(n + 1)}:${MYSQL_PORT} check inter 500ms fall 2 rise 2`).join('\n')}
`)
  const began: ChildProcess[] = []
  t.after(() => began.forEach((child) => child.kill('SIGKILL')))
  began.push(spawn('haproxy', ['-db', '-f', conf], { stdio: 'ignore', cwd: '/' }))
  writeFileSync(journal, '')
  began.push(spawn(path.join(root, 'bin/node'), [path.join(root, 'lab/shop-app.ts'), String(app), String(balancer), journal], { stdio: ['ignore', 'ignore', 'inherit'] }))
  const lines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const acknowledged = (): string[] => lines(journal)
  for (const end = Date.now() + 30_000; acknowledged().length === 0; await sleep(100)) assert.ok(Date.now() < end, 'the application writes')
  return {
    hostKey, hosts, socket, app, as: `mysql://holdfast:word@any:${MYSQL_PORT}/`, sql, synced, journal: acknowledged,
    called: () => lines(path.join(folder, 'called')),
    hold: (held) => (held ? writeFileSync(path.join(folder, 'held'), '') : rmSync(path.join(folder, 'held'), { force: true })),
    lost(n) {
      const expected = acknowledged()
      // Read after all that was committed before.
      const there = new Set(sql(n, 'set session wsrep_sync_wait = 15; select id from shop.orders').split('\n'))
      return expected.filter((id) => !there.has(id))
    },
  }
}
