// A folder to publish into that hangs, so that even SIGKILL does not end who waits for it: the other folder has its board all
// the same, the hanging one is reported and tried again, and no more than two processes linger. Needs root and /dev/fuse.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { ms } from '../src/core/time.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import { copyByChild } from '../src/processes/worker.ts'

test('a hanging folder is given up, bounded, and taken up again when it answers', { timeout: 60_000 }, async (t) => {
  const at = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-publish-'))
  const mount = path.join(at, 'mount')
  fs.mkdirSync(mount)
  const wedge = spawn('/usr/bin/python3', [path.join(import.meta.dirname, 'wedgefs.py'), mount], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => wedge.once('exit', resolve))
  t.after(async () => {
    wedge.stdin.end()
    await ended
    fs.rmSync(at, { recursive: true, force: true })
  })
  await new Promise<void>((resolve) => wedge.stdout.on('data', (said: Buffer) => String(said).includes('ready') && resolve()))
  const copy = copyByChild(createTimers(), undefined, ms(4000))
  const files = new Map([['index.html', 'as of now']])
  const dead = path.join(mount, 'stat-hangs')
  const good = path.join(at, 'public')

  const [first, beside] = await Promise.all([copy(dead, 'v-1', files), copy(good, 'v-1', files)])
  assert.match(first.says, /did not take the board within 4 s/)
  assert.equal(beside.outcome, 'done')
  assert.equal(fs.readFileSync(path.join(good, 'index.html'), 'utf8'), 'as of now')

  await copy(dead, 'v-2', files)
  const since = Date.now()
  const refused = await copy(dead, 'v-3', files)
  assert.match(refused.says, /hangs: 2 earlier tries still wait for it/)
  assert.ok(Date.now() - since < 2000, 'a third does not even start')
  assert.equal((await copy(good, 'v-2', files)).outcome, 'done')

  wedge.stdin.write('release\n')
  for (;;) {
    const { says } = await copy(dead, 'v-4', files)
    if (!says.includes('earlier tries')) break
    await new Promise((go) => setTimeout(go, 100))
  }
})
