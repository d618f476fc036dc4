// A run with real parts: hosts in namespaces, sshd, cables that are really pulled, Holdfast as its processes, two people with authenticators.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { root } from '../test/story/world.ts'
import { daemons, lay, net, within } from './cables.ts'

const HOSTS = ['db-1', 'db-2', 'db-3'] as const

test('C-4 C-12 C-14 two people lead a run; a cable that is pulled in the middle, also that by which a host is asked, halts it within 3 s, and both are paged within 10', { timeout: 300_000 }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-runs-'))
  chmodSync(folder, 0o755)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  lay(t, HOSTS)
  const hostKey = daemons(t, folder, HOSTS)
  const story = spawn('ip', within('hub', path.join(root, 'bin/node'), path.join(root, 'lab/run-story.ts'), folder, hostKey, String(process.pid)), { env: { ...process.env, HOLDFAST_LAB_NET: net }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  story.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()))
  story.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()))
  t.after(() => story.kill('SIGTERM'))
  const code = await new Promise((resolve) => void story.once('exit', resolve))
  assert.equal(code, 0, err.slice(-6000))
  const { ruled, halted, paged, silent, silentPaged } = JSON.parse(out.trim().split('\n').at(-1) ?? '{}') as Record<'halted' | 'paged' | 'ruled' | 'silent' | 'silentPaged', number>
  t.diagnostic(`second press to step: ${ruled} ms; cable to halted: ${halted} ms; to both paged: ${paged} ms; cable of ssh to halted: ${silent} ms; to both paged: ${silentPaged} ms`)
  assert.ok(halted <= 3000 && paged <= 10_000, `halted after ${halted} ms, paged after ${paged} ms`)
  assert.ok(silent <= 3000 && silentPaged <= 10_000, `cut off from ssh: halted after ${silent} ms, paged after ${silentPaged} ms`)
})
