// A real S3 for the lab: Ceph's RADOS gateway over one monitor and one OSD in memory, on loopback, without authentication inside and
// with it outside. Two users: one owns the buckets and acts, one may list and read. Everything is started without a service
// manager, killed by its own process ids, and gone after the test.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { freePort } from './servers.ts'

export interface Rgw {
  readonly url: string
  /** KEYID:SECRET of who acts, and of who reads. */
  readonly hand: string
  readonly reader: string
  close(): Promise<void>
}

const HAND = { id: 'AKHAND', secret: 'hand-secret-of-the-lab' }
const READER = { id: 'AKREADER', secret: 'reader-secret-of-the-lab' }
const WITHIN = 90_000

export async function rgw(): Promise<Rgw> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-rgw-'))
  const [mon, old, port] = [await freePort(), await freePort(), await freePort()]
  const children: ChildProcess[] = []
  const close = async (): Promise<void> => {
    for (const child of children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const over = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await over
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await start({ folder, mon, old, port, children })
  } catch (cause) {
    await close()
    throw new Error(`the gateway did not start; are the Debian packages radosgw, ceph-mon and ceph-osd installed? ${cause instanceof Error ? cause.message.slice(-800) : String(cause)}`, { cause })
  }
  return { url: `http://127.0.0.1:${port}`, hand: `${HAND.id}:${HAND.secret}`, reader: `${READER.id}:${READER.secret}`, close }
}

interface Plan {
  readonly folder: string
  readonly mon: number
  readonly old: number
  readonly port: number
  readonly children: ChildProcess[]
}

async function start({ folder, mon, old, port, children }: Plan): Promise<void> {
  for (const name of ['mon', 'osd/0', 'out', 'run']) mkdirSync(path.join(folder, name), { recursive: true })
  const id = randomUUID()
  const conf = path.join(folder, 'ceph.conf')
  writeFileSync(conf, confOf(folder, id, mon, old, port))
  const env = { ...process.env, CEPH_CONF: conf, LC_ALL: 'C.UTF-8' }
  const run = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: 'utf8', timeout: 70_000, env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const begin = (file: string, ...args: string[]): void => {
    const log = openSync(path.join(folder, 'out', `${path.basename(file)}.std`), 'a')
    children.push(spawn(file, args, { stdio: ['ignore', log, log], env, cwd: folder }))
  }
  run('monmaptool', '--create', '--clobber', '--fsid', id, '--addv', 'a', `[v2:127.0.0.1:${mon},v1:127.0.0.1:${old}]`, `${folder}/monmap`)
  run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', `${folder}/monmap`, '-c', conf)
  begin('ceph-mon', '-f', '-i', 'a', '-c', conf)
  await until(() => run('timeout', '5', 'ceph', '-c', conf, '-s') !== '')
  run('timeout', '10', 'ceph', '-c', conf, 'osd', 'create')
  run('ceph-osd', '--mkfs', '-i', '0', '-c', conf)
  begin('ceph-osd', '-f', '-i', '0', '-c', conf)
  await until(() => /\b1 up/.test(run('timeout', '5', 'ceph', '-c', conf, 'osd', 'stat')))
  begin('radosgw', '-f', '-n', 'client.rgw', '-c', conf)
  await until(() => answers(port))
  for (const { user, key } of [{ user: 'hand', key: HAND }, { user: 'reader', key: READER }]) {
    run('timeout', '60', 'radosgw-admin', '-c', conf, '-n', 'client.rgw', 'user', 'create', `--uid=${user}`, `--display-name=${user}`, `--access-key=${key.id}`, `--secret-key=${key.secret}`)
  }
}

const confOf = (folder: string, id: string, mon: number, old: number, port: number): string => `[global]
fsid = ${id}
mon_host = [v2:127.0.0.1:${mon},v1:127.0.0.1:${old}]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_data = ${folder}/osd/$id
mon_data = ${folder}/mon
run_dir = ${folder}/run
admin_socket = ${folder}/run/$name.asok
pid_file = ${folder}/run/$name.pid
log_file = ${folder}/out/$name.log
crash_dir = ${folder}/out
osd_fast_shutdown = true
[mon]
mon_data_avail_crit = 1
mon_data_avail_warn = 2
[client.rgw]
ms_mon_client_mode = crc
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_dns_name = localhost
rgw_enable_usage_log = false
`

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  let last: unknown = 'it did not come up'
  for (const end = performance.now() + WITHIN; performance.now() < end;) {
    try {
      if (await holds()) return
    } catch (cause) {
      last = cause
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw last instanceof Error ? last : new Error(String(last))
}

const answers = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'))
  const end = (well: boolean): void => {
    socket.destroy()
    resolve(well)
  }
  socket.setTimeout(1_000, () => end(false))
  socket.once('data', (bytes: Buffer) => end(bytes.toString('latin1').startsWith('HTTP/1.1 200')))
  socket.once('error', () => end(false))
})

