// Hosts that are asked over real ssh, each in a network namespace of its own with two cables: one by which it is reached and one that is pulled. What the
// terminal shows is what the kernel of that host says, soon after it happens; a host that cannot be reached is not known, and never well.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import type { ClustersAnswer } from '../src/views/change/changes.ts'
import { root, sleep } from '../test/story/world.ts'
import { cable, daemons, lay, net, WATCH, within } from './cables.ts'

const HOSTS = ['db-1', 'db-2', 'db-3'] as const
/** Whose processes listen to what the scout asks, in the namespace of that host. */
function askedBy(name: string): readonly number[] {
  const pids = execFileSync('ip', ['netns', 'pids', `${net}-${name}`], { encoding: 'utf8' }).split('\n').filter(Boolean)
  return [...new Set(pids.flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/bin/sh\0-c\0') ? [statSync(`/proc/${pid}`).uid] : []
    } catch {
      // It is over meanwhile.
      return []
    }
  }))]
}

test('C-2 C-14 cables of hosts are seen as they are; a host that is cut off, or is another one, is not known', { timeout: 180_000 }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-hosts-'))
  chmodSync(folder, 0o755)
  let said = ''
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  lay(t, HOSTS)
  const hostKey = daemons(t, folder, HOSTS)
  // db-2 is looked at by somebody who can change nothing there, with a key of their own; db-3 is reached through db-1.
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path.join(folder, 'look.key')])
  writeFileSync(path.join(folder, 'let-in', WATCH.name), readFileSync(path.join(folder, 'look.key.pub')))
  const more: Readonly<Record<number, string>> = { 2: `look: { user: ${WATCH.name}, key: look.key }, `, 3: 'via: db-1, ' }
  const host = (n: number, key = hostKey): string => `  db-${n}: { ssh: "root@10.77.0.${n}", key: scout.key, host_key: "${key}", ${more[n] ?? ''}rack: r${n}, links: { eth0: { neighbour: sw-0, bond: b }, eth1: { neighbour: sw-1, bond: b } } }\n`
  const write = (third = hostKey): void => writeFileSync(path.join(folder, 'holdfast.yaml'), `version: 1\nhosts:\n${host(1)}${host(2)}${host(3, third)}clusters:\n  shop-db: { galera: [db-1, db-2, db-3] }\nchecks:\n  self: { heartbeat: true, every: 1h, depends_on: shop-db }\n`)
  write()
  const up = spawn('ip', within('hub', path.join(root, 'bin/holdfast'), 'up', '--port', '7400', '--data', path.join(folder, 'data')), { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [up.stdout, up.stderr]) stream.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  t.after(async () => {
    const over = new Promise((resolve) => void up.once('exit', resolve))
    up.kill('SIGTERM')
    await over
  })
  const links = (): string[] => {
    try {
      execFileSync('ip', within('hub', path.join(root, 'bin/holdfast'), 'cluster', 'show', '--json', '--data', path.join(folder, 'data')), { cwd: folder, encoding: 'utf8', timeout: 20_000, stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (cause) {
      // Not all well is exit 3, with the answer.
      const out = (cause as { stdout?: string }).stdout ?? ''
      if (!out.startsWith('{')) return [String((cause as { stderr?: string }).stderr)]
      const [cluster] = (JSON.parse(out) as Partial<ClustersAnswer>).clusters ?? []
      return cluster === undefined ? [out] : cluster.members.flatMap((it) => it.links.map(({ link, state }) => `${it.host}/${link} ${state}`))
    }
    return ['all well']
  }
  const all = (state: string): string[] => HOSTS.flatMap((name) => ['eth0', 'eth1'].map((link) => `${name}/${link} ${state}`))
  const shows = async (what: string, limit: number, expected: readonly string[]): Promise<void> => {
    let last: readonly string[] = []
    for (const end = Date.now() + limit; Date.now() < end; await sleep(200)) {
      last = links()
      if (JSON.stringify(last) === JSON.stringify(expected)) return
    }
    assert.fail(`${what}: ${last.join(', ')}\n${said.slice(-2000)}`)
  }
  await shows('every cable is up', 60_000, all('pass'))
  assert.deepEqual(HOSTS.map(askedBy), [[0], [WATCH.uid], [0]], 'by whom each is asked')

  // The cable of the work is pulled at the switch's end: the host itself sees that its carrier is gone.
  cable(1, 1, 'down')
  await shows('the cable of db-2 is down', 15_000, all('pass').map((it) => (it === 'db-2/eth1 pass' ? 'db-2/eth1 fail' : it)))
  cable(1, 1, 'up')
  await shows('it is up again', 15_000, all('pass'))

  // The cable by which it is reached: nobody can say how it is.
  cable(2, 0, 'down')
  await shows('db-3 is not known', 40_000, all('pass').map((it) => (it.startsWith('db-3') ? it.replace('pass', 'unknown') : it)))
  cable(2, 0, 'up')
  await shows('db-3 is known again', 90_000, all('pass'))

  // Another machine behind the address.
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path.join(folder, 'other.key')])
  write(readFileSync(path.join(folder, 'other.key.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' '))
  await shows('db-3 is a stranger', 40_000, all('pass').map((it) => (it.startsWith('db-3') ? it.replace('pass', 'unknown') : it)))
})
