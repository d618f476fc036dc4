// A disk under the data folder that hangs, so that whoever waits for it survives SIGKILL. While Holdfast runs: the ringer pages on,
// a replacement is started, no more than two linger, and all of it is handed over when the disk answers. At a start: people are
// paged although nothing can be recorded. Needs root: a loop device that is frozen, and /dev/fuse.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { folderFor, freePorts, hookSink, removeFolder, runCli, sleep, startHoldfast, until, writeConfig, type Hook } from '../test/story/world.ts'
import { run, shutDoor } from './door.ts'

const told = (hooks: readonly Hook[], what: RegExp, from = 0): Hook | undefined =>
  hooks.find((hook) => hook.at >= from && what.test(`${hook.body.incident.title} ${JSON.stringify(hook.body['text'])}`))

test('the disk hangs under a running Holdfast: pages go on, replacements are bounded, everything is handed over', { timeout: 240_000 }, async (t) => {
  const folder = folderFor('hang')
  const data = path.join(folder, 'data')
  mkdirSync(data)
  run('truncate', '-s', '192M', path.join(folder, 'disk'))
  run('mkfs.ext4', '-q', '-O', '^has_journal', path.join(folder, 'disk'))
  run('mount', '-o', 'loop', path.join(folder, 'disk'), data)
  let frozen = false
  const freeze = (want: boolean): void => {
    run('fsfreeze', want ? '--freeze' : '--unfreeze', data)
    frozen = want
  }
  const [port = 0, hookPort = 0] = await freePorts(2)
  const { hooks, close } = await hookSink(hookPort)
  writeConfig(folder, shutDoor(hookPort))
  const it = startHoldfast(folder, port)
  t.after(async () => {
    if (frozen) freeze(false)
    await it.stop()
    close()
    await sleep(500)
    run('umount', data)
    removeFolder(folder)
  })
  await until('it rings', 20_000, () => told(hooks, /door is down/)).catch((cause: unknown) => assert.fail(`${String(cause)}: ${it.output()}`))

  freeze(true)
  const at = Date.now()
  await until('people hear that the keeper is stuck', 22_000, () => told(hooks, /stuck/i, at))
  t.diagnostic(`said so after ${Date.now() - at} ms`)
  const alone = Date.now()
  await until('the ringer rings by itself', 10_000, () => told(hooks, /door is down/, alone))
  await until('a keeper that cannot be ended is named', 50_000, () => told(hooks, /keeper hangs/, at))
  t.diagnostic(`named after ${Date.now() - at} ms`)
  await until('it still rings', 10_000, () => told(hooks, /door is down/, Date.now() - 4500))
  const keepers = it.output().match(/keeper \(process \d+\) made no progress/g)?.length ?? 0
  assert.ok(keepers >= 1 && keepers <= 2)

  freeze(false)
  const back = Date.now()
  await until('a keeper works again', 60_000, () => /keeper works again/.test(it.output()))
  await until('all of it is recorded', 30_000, async () => (await runCli(folder, {}, ['status', '--json'])).code === 3)
  t.diagnostic(`recorded again after ${Date.now() - back} ms`)
  const list = JSON.parse((await runCli(folder, {}, ['incidents', 'list', '--json'])).out) as { incidents: { subject: string }[] }
  assert.equal(list.incidents.filter(({ subject }) => subject === 'check:door').length, 1)
  assert.equal((await runCli(folder, {}, ['ledger', 'verify'])).code, 0)
  const counts = new Map<string, number>()
  for (const { body } of hooks) counts.set(String(body['id']), (counts.get(String(body['id'])) ?? 0) + 1)
  assert.ok(Math.max(...counts.values()) <= 2, 'a page came more than twice')
})

test('the disk hangs already when Holdfast starts: people are paged all the same, and it can be stopped', { timeout: 120_000 }, async (t) => {
  const folder = folderFor('dead-start')
  const mount = path.join(folder, 'mount')
  mkdirSync(mount)
  const wedge = spawn('/usr/bin/python3', [path.join(import.meta.dirname, 'wedgefs.py'), mount], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => void wedge.once('exit', resolve))
  await new Promise<void>((resolve) => void wedge.stdout.on('data', (said: Buffer) => String(said).includes('ready') && resolve()))
  const [port = 0, hookPort = 0] = await freePorts(2)
  const { hooks, close } = await hookSink(hookPort)
  t.after(async () => {
    wedge.stdin.end()
    await ended
    close()
    removeFolder(folder)
  })
  writeConfig(folder, shutDoor(hookPort))
  const from = Date.now()
  const child = spawn(path.join(import.meta.dirname, '../bin/holdfast'), ['up', '--port', String(port), '--data', path.join(mount, 'stat-hangs')], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  const over = new Promise((resolve) => void child.once('exit', resolve))
  t.after(() => void child.kill('SIGKILL'))
  await until('people hear of it', 20_000, () => told(hooks, /data folder does not answer/)).catch((cause: unknown) => assert.fail(`${String(cause)}: ${output}`))
  t.diagnostic(`paged ${Date.now() - from} ms after the start`)
  assert.match(output, /Pages go out all the same/)
  assert.equal(await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(3000) }).then((reply) => reply.status < 600), true)
  const stop = Date.now()
  child.kill('SIGTERM')
  await over
  assert.ok(Date.now() - stop < 10_000)
})
