// Which Node runs Holdfast, when its own `bin` stands in the PATH: as on the machine of whoever wants to type `holdfast`.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { root } from './story/world.ts'

// `timeout` ends the whole group: what asks itself for ever leaves a chain behind.
const version = (from: string, PATH: string): { status: number | null; said: string } => {
  const { status, stdout, stderr } = spawnSync('timeout', ['-s', 'KILL', '15', path.join(from, 'bin/node'), '--version'], { env: { PATH }, encoding: 'utf8' })
  return { status, said: `${stdout}${stderr}`.trim() }
}

test('bin/node never takes itself, nor one like it, for the Node on the PATH', (t) => {
  const at = mkdtempSync(path.join(os.tmpdir(), 'holdfast-picked-'))
  t.after(() => rmSync(at, { recursive: true }))
  // Two installations, both in the PATH; a Node that fits lies behind them.
  for (const name of ['one', 'other']) {
    mkdirSync(path.join(at, name, 'bin'), { recursive: true })
    copyFileSync(path.join(root, 'bin/node'), path.join(at, name, 'bin/node'))
  }
  mkdirSync(path.join(at, 'real'))
  symlinkSync(process.execPath, path.join(at, 'real/node'))
  const tools = process.env['PATH'] ?? ''
  const [one, other] = [path.join(at, 'one/bin'), path.join(at, 'other/bin')]
  assert.deepEqual(version(path.join(at, 'one'), `${one}:${other}:${at}/real:${tools}`), { status: 0, said: process.version })
  // And none: it says so, at once.
  const none = version(path.join(at, 'one'), `${one}:${other}:/usr/bin:/bin`)
  assert(none.said === process.version || none.status === 2 && none.said.includes('needs Node 24.18 or newer'), JSON.stringify(none))
})
