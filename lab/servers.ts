// Real servers for the lab: a MariaDB and a PostgreSQL, each in a folder of its own on 127.0.0.1, started without a service
// manager, frozen, thawed, stopped and killed by their own process ids. Everything is bounded in time, and gone after the test.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

export interface LabServer {
  readonly port: number
  readonly folder: string
  /** Starts it (again) and waits until it takes connections. */
  start(): Promise<void>
  /** An ordinary stop, as an operator does it; SIGKILL after 15 s. */
  stop(): Promise<void>
  /** As a crash ends it. */
  kill(): Promise<void>
  /** It holds its port and answers nothing. */
  freeze(): void
  thaw(): void
  /** Runs SQL as its administrator and gives what it printed. */
  sql(text: string): string
  /** Stops it and removes its folder. */
  close(): Promise<void>
}

interface Kind {
  readonly name: string
  readonly user: string
  readonly stopSignal: NodeJS.Signals
  prepare(folder: string, port: number): void
  command(folder: string, port: number): readonly string[]
  /** True when these first bytes (or an accepted connection) mean that it serves. */
  serves(folder: string, port: number): Promise<boolean>
  sql(folder: string, port: number, text: string): string
}

const START_WITHIN = 60_000
const STOP_WITHIN = 15_000
const PASSWORD = 'app'

const isRoot = process.getuid?.() === 0
/** setpriv becomes the program, so that the process id stays the one that was started. */
const as = (user: string, command: readonly string[]): readonly string[] => (isRoot ? ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', ...command] : command)
const run = ([file = '', ...args]: readonly string[], input?: string): string =>
  execFileSync(file, args, { encoding: 'utf8', timeout: START_WITHIN, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'], ...(input === undefined ? {} : { input }), env: { ...process.env, LC_ALL: 'C.UTF-8' } })

/** A MariaDB with database `shop` and user `app`, password `app`. */
export const mariadb = (port?: number): Promise<LabServer> => serverOf({
  name: 'mariadb', user: 'mysql', stopSignal: 'SIGTERM',
  prepare(folder) {
    run(['mariadb-install-db', '--no-defaults', `--datadir=${folder}/data`, '--auth-root-authentication-method=normal', '--skip-test-db', '--innodb-log-file-size=16M', ...(isRoot ? ['--user=mysql'] : [])])
    writeFileSync(path.join(folder, 'init.sql'), `create database if not exists shop;
create user if not exists app@'%' identified by '${PASSWORD}';
grant all on shop.* to app@'%';
`)
    chmodSync(path.join(folder, 'init.sql'), 0o644)
  },
  command: (folder, port) => as('mysql', [
    'mariadbd', '--no-defaults', `--datadir=${folder}/data`, `--socket=${folder}/run/s.sock`, `--pid-file=${folder}/run/pid`, `--port=${port}`, '--bind-address=127.0.0.1',
    '--innodb-log-file-size=16M', '--innodb-buffer-pool-size=32M', '--performance-schema=off', `--init-file=${folder}/init.sql`,
  ]),
  // The server speaks first; what it says names itself.
  serves: (_folder, port) => firstBytes(port).then((bytes) => bytes.toString('latin1').includes('MariaDB')),
  sql: (folder, _port, text) => run(['mariadb', '--no-defaults', `--socket=${folder}/run/s.sock`, '-uroot', '-N', '-B'], text),
}, port)

/** A PostgreSQL with database `shop` and user `app`, password `app`. */
export const postgres = (port?: number): Promise<LabServer> => serverOf({
  name: 'postgres', user: 'postgres', stopSignal: 'SIGINT',
  prepare(folder) {
    run(as('postgres', [tool('initdb'), '-D', `${folder}/data`, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8']))
    writeFileSync(path.join(folder, 'data/pg_hba.conf'), 'local all postgres trust\nhost shop app 127.0.0.1/32 scram-sha-256\n')
  },
  command: (folder, port) => as('postgres', [
    tool('postgres'), '-D', `${folder}/data`, '-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}/run`, '-c', 'shared_buffers=16MB', '-c', 'fsync=off',
  ]),
  async serves(folder, port) {
    try {
      const { sql } = this
      if (sql(folder, port, "select 1 from pg_database where datname = 'shop'").trim() !== '1') {
        sql(folder, port, `create role app login password '${PASSWORD}'`)
        sql(folder, port, 'create database shop owner app')
      }
      return await Promise.resolve(true)
    } catch {
      return false
    }
  },
  sql: (folder, port, text) => run(as('postgres', [tool('psql'), '-h', `${folder}/run`, '-p', `${port}`, '-U', 'postgres', '-At', '-v', 'ON_ERROR_STOP=1', '-c', text])),
}, port)

function tool(name: string): string {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => `/usr/lib/postgresql/${version}/bin/${name}`).find((file) => existsSync(file)) ?? name
}

async function serverOf(kind: Kind, wantedPort?: number): Promise<LabServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), `holdfast-${kind.name}-`))
  chmodSync(folder, 0o755)
  for (const name of ['data', 'run']) mkdirSync(path.join(folder, name), { mode: 0o700 })
  if (isRoot) run(['chown', '-R', `${kind.user}:`, folder])
  const port = wantedPort ?? (await freePort())
  try {
    kind.prepare(folder, port)
  } catch (cause) {
    rmSync(folder, { recursive: true })
    throw new Error(`${kind.name} could not be prepared; is its Debian package installed? ${cause instanceof Error ? cause.message.slice(-500) : String(cause)}`, { cause })
  }
  let child: ChildProcess | undefined
  const signal = (name: NodeJS.Signals, whole: boolean): void => {
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    process.kill(whole ? -child.pid : child.pid, name)
  }
  const ended = (within: number): Promise<boolean> => new Promise((resolve) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return resolve(true)
    const timer = setTimeout(() => resolve(false), within)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
  const kill = async (): Promise<void> => {
    signal('SIGKILL', true)
    if (!(await ended(5000))) throw new Error(`${kind.name} survived SIGKILL`)
  }
  const server: LabServer = {
    port, folder, kill,
    async start() {
      const log = openSync(path.join(folder, 'log'), 'a')
      const [file = '', ...args] = kind.command(folder, port)
      // A group of its own, so that freezing and killing take its children along.
      child = spawn(file, args, { stdio: ['ignore', log, log], detached: true, cwd: '/' })
      for (const end = performance.now() + START_WITHIN; !(await kind.serves(folder, port));) {
        if (performance.now() > end || child.exitCode !== null) throw new Error(`${kind.name} did not start: ${readFileSync(path.join(folder, 'log'), 'utf8').slice(-2000)}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async stop() {
      signal(kind.stopSignal, false)
      if (!(await ended(STOP_WITHIN))) await kill()
    },
    freeze: () => signal('SIGSTOP', true),
    thaw: () => signal('SIGCONT', true),
    sql: (text) => kind.sql(folder, port, text),
    async close() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await server.start()
  } catch (cause) {
    await server.close()
    throw cause
  }
  return server
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

/** What a server says first, within half a second; empty when it says nothing or refuses. */
const firstBytes = (port: number): Promise<Buffer> => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1')
  const end = (bytes: Buffer): void => {
    clearTimeout(timer)
    socket.destroy()
    resolve(bytes)
  }
  const timer = setTimeout(() => end(Buffer.alloc(0)), 500)
  socket.once('data', end)
  socket.once('error', () => end(Buffer.alloc(0)))
})
