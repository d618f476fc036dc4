// Tells the story `backendless` in a net of its own, and judges what it measured.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { percentile } from '../test/fake-keeper.ts'
import { root } from '../test/story/world.ts'
import type { Measured } from './backendless-story.ts'
import { lay, layApart, net, within } from './cables.ts'

const HOSTS = ['db-1', 'db-2', 'db-3'] as const

interface Told { readonly file: string; readonly hosts: readonly string[]; readonly words: readonly string[]; /** With a machine of its own for Holdfast. */ readonly apart?: boolean }

/** A story in a process of its own within the hub of a net with these hosts; gives what it measured. */
export async function tellIn<Of>(t: TestContext, { file, hosts, words, apart = false }: Told): Promise<Of> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-story-'))
  chmodSync(folder, 0o755)
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  lay(t, hosts)
  if (apart) layApart(t)
  const story = spawn('ip', within('hub', path.join(root, 'bin/node'), path.join(root, file), folder, ...words), { env: { ...process.env, HOLDFAST_LAB_NET: net }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  story.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()))
  story.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()))
  t.after(() => story.kill('SIGTERM'))
  const code = await new Promise((resolve) => void story.once('exit', resolve))
  assert.equal(code, 0, err.slice(-8000))
  return JSON.parse(out.trim().split('\n').at(-1) ?? '{}') as Of
}

export async function tellBackendless(t: TestContext, { times, runs }: { readonly times: number; readonly runs: number }): Promise<void> {
  const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? process.pid)
  t.diagnostic(`seed ${seed} (HOLDFAST_TEST_SEED)`)
  const { pulled, ruled, acknowledged } = await tellIn<Measured>(t, { file: 'lab/backendless-story.ts', hosts: HOSTS, words: [String(seed), String(times), String(runs)] })
  for (const { host, delay, halted, paged } of pulled) t.diagnostic(`${host} pulled ${delay} ms on: halted after ${halted} ms, both paged after ${paged} ms`)
  t.diagnostic(`second press to step, p50 and most of ${ruled.length}: ${percentile(ruled, 50)} ms, ${Math.max(...ruled)} ms; ${acknowledged} acknowledged writes, none lost`)
  assert.equal(pulled.length, times * runs)
  for (const { halted, paged } of pulled) assert.ok(halted <= 3000 && paged <= 10_000, `halted after ${halted} ms, paged after ${paged} ms`)
}

/** Variants of it by name; what each of them measured is printed. */
export async function tellVariants(t: TestContext, ...names: readonly string[]): Promise<void> {
  const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? process.pid)
  t.diagnostic(`seed ${seed} (HOLDFAST_TEST_SEED)`)
  const { lines } = await tellIn<{ readonly lines: readonly string[] }>(t, { file: 'lab/backendless-variants.ts', hosts: HOSTS, words: [String(seed), ...names], apart: names.includes('isolated') })
  for (const line of lines) t.diagnostic(line)
  assert.ok(lines.length >= names.length, 'each says what it measured')
}
