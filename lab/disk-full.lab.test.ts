// The disk under the data folder is full. First time: the keeper gives up its reserve and goes on paging itself, records what
// people do, says once that the disk is full, and stops saying so when there is room again. When the reserve is used up too: the
// ringer goes on alone, people hear why, a link still takes, and all of it is recorded once there is room. Needs root: a tmpfs.
import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { folderFor, freePorts, hookSink, removeFolder, runCli, startHoldfast, until, writeConfig, type Hook, type Running } from '../test/story/world.ts'
import { run, shutDoor } from './door.ts'

const RESERVE = 64 * 1024 * 1024

interface Lab {
  readonly it: Running
  readonly hooks: readonly Hook[]
  readonly port: number
  /** Writes until not one byte more fits. */
  fill(name: string): void
  free(): number
  /** Takes an incident by the link of its newest page, as a phone would; gives the status. */
  take(title: RegExp): Promise<number>
  cli(...args: string[]): Promise<{ code: number | null; out: string; err: string }>
  pages(title: RegExp, from?: number): readonly Hook[]
}

/** A Holdfast whose data lies on a small disk of its own, with its reserve made and an incident that rings. */
async function lab(t: TestContext): Promise<Lab> {
  const folder = folderFor('full')
  const data = path.join(folder, 'data')
  mkdirSync(data)
  run('mount', '-t', 'tmpfs', '-o', 'size=288m,mode=0700', 'holdfast-lab', data)
  const unmount = (): void => {
    run('umount', data)
    removeFolder(folder)
  }
  const [port = 0, hookPort = 0] = await freePorts(2)
  const { hooks, close } = await hookSink(hookPort)
  writeConfig(folder, shutDoor(hookPort))
  const it = startHoldfast(folder, port)
  t.after(async () => {
    await it.stop()
    close()
    unmount()
  })
  const pages = (title: RegExp, from = 0): readonly Hook[] => hooks.filter(({ at, body }) => at >= from && body.event === 'page' && title.test(body.incident.title))
  const said = (what: string) => (cause: unknown): never => assert.fail(`${what}: ${String(cause)}\n${it.output()}`)
  await until('it rings', 25_000, () => pages(/door is down/).length > 0).catch(said('no page'))
  await until('the reserve is made', 15_000, () => statSync(path.join(data, 'reserve'), { throwIfNoEntry: false })?.size === RESERVE).catch(said('no reserve'))
  return {
    it, hooks, port, pages,
    fill(name) {
      const file = openSync(path.join(data, name), 'w')
      for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) {
        try {
          for (;;) if (writeSync(file, Buffer.alloc(size, 1)) < size) break
        } catch {
          // Smaller ones may still fit.
        }
      }
      closeSync(file)
    },
    free: () => statfsSync(data).bavail,
    async take(title) {
      const url = new URL(pages(title).at(-1)?.body.ack_url ?? assert.fail(`no page of ${title}`))
      return (await fetch(`http://127.0.0.1:${port}${url.pathname}`, { method: 'POST', headers: { accept: 'application/json' } })).status
    },
    cli: (...args) => runCli(folder, {}, args),
  }
}

test('the disk is full: the keeper goes on from its reserve, says so once, and is well again when there is room', { timeout: 180_000 }, async (t) => {
  const { it, hooks, pages, fill, free, take, cli } = await lab(t)
  fill('filler')
  const at = Date.now()
  const say = (cause: unknown): never => assert.fail(`${String(cause)}\n${it.output()}`)
  await until('it goes on from its reserve', 40_000, () => /goes on from its reserve/.test(it.output())).catch(say)
  t.diagnostic(`noticed after ${Date.now() - at} ms`)
  const from = Date.now()
  await until('people are told', 10_000, () => pages(/disk is full/).length > 0).catch(say)
  await until('it rings on', 20_000, () => pages(/door is down/, from).length >= 3).catch(say)
  assert.equal(await take(/door is down/), 200, 'taken, and recorded')
  const status = await cli('status')
  assert.equal(status.code, 3)
  assert.match(status.out, /The disk is full/)
  assert.equal((await cli('ledger', 'verify')).code, 0)
  const { incidents } = JSON.parse((await cli('incidents', 'list', '--json')).out) as { incidents: { subject: string; state: string }[] }
  assert.deepEqual(incidents.map(({ subject, state }) => `${subject} ${state}`).sort(), ['check:door acknowledged', 'node:disk-full open'])
  assert.equal(await take(/disk is full/), 200)

  rmSync(path.join(it.folder, 'data/filler'))
  await until('the reserve is made anew', 75_000, () => free() > 0 && statSync(path.join(it.folder, 'data/reserve'), { throwIfNoEntry: false })?.size === RESERVE).catch(say)
  await until('that the disk is full is over', 75_000, async () => !(await cli('incidents', 'list', '--json')).out.includes('disk-full')).catch(say)
  assert.match((await cli('ledger', 'verify')).out, /./)
  assert.equal((await cli('ledger', 'verify')).code, 0)
  assert.doesNotMatch(it.output(), /goes on alone|made no progress|keeper \(process \d+\) ended/, 'it was the keeper all the time')
  assert.equal(it.output().match(/goes on from its reserve/g)?.length, 1)
  assert(!hooks.some(({ body }) => JSON.stringify(body['text']).includes('stuck')))
})

test('the reserve is used up too: the ringer goes on, people hear why, and all is recorded when there is room', { timeout: 240_000 }, async (t) => {
  const { it, hooks, port, pages, fill, take, cli } = await lab(t)
  const say = (cause: unknown): never => assert.fail(`${String(cause)}\n${it.output()}`)
  fill('filler')
  await until('it goes on from its reserve', 40_000, () => /goes on from its reserve/.test(it.output())).catch(say)
  fill('filler-2')
  const at = Date.now()
  await until('the ringer goes on alone', 60_000, () => /the ringer goes on alone/.test(it.output())).catch(say)
  t.diagnostic(`alone after ${Date.now() - at} ms`)
  const alone = Date.now()
  await until('people hear why', 30_000, () => hooks.some((hook) => hook.at >= at && /nothing can be recorded/.test(JSON.stringify(hook.body['text'])))).catch(say)
  await until('it rings on', 20_000, () => pages(/door is down/, alone).length >= 2).catch(say)
  assert.notEqual((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
  assert.equal((await cli('status')).code, 7)
  assert.equal(await take(/door is down/), 202, 'taken, not yet recorded')
  assert.doesNotMatch(it.output(), /keeps ending/)
  assert.equal(it.output().match(/nothing can be recorded/g)?.length, 1)
  rmSync(path.join(it.folder, 'data/filler'))
  rmSync(path.join(it.folder, 'data/filler-2'))
  const freed = Date.now()
  await until('a keeper works again', 45_000, () => it.output().lastIndexOf('keeper works again') > it.output().indexOf('the ringer goes on alone')).catch(say)
  await until('what was taken is recorded', 30_000, async () => /"state":\s*"acknowledged"/.test((await cli('incidents', 'list', '--json')).out)).catch(say)
  t.diagnostic(`recorded ${Date.now() - freed} ms after there was room`)
  assert.equal((await cli('ledger', 'verify')).code, 0)
  await until('that the disk is full is over', 75_000, async () => !(await cli('incidents', 'list', '--json')).out.includes('disk-full')).catch(say)
  const counts = new Map<string, number>()
  for (const { body } of hooks) counts.set(String(body['id']), (counts.get(String(body['id'])) ?? 0) + 1)
  assert.ok(Math.max(...counts.values()) <= 2, 'a page came more than twice')
})
