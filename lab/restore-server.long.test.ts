// Whole servers restored to live as of a time, out of WAL and out of a repository of pgBackRest; bad ones leave nothing, and neither does a restore that is
// killed at any moment of it.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { instantOf } from '../src/core/time.ts'
import { archiving, as, ASSERT, bin, like } from './archiving.ts'
import { drilling, flip } from './drilling.ts'
import { restored, serving, wantsOf } from './restoring.ts'
import type { LabServer } from './servers.ts'

const it = drilling('restore-server')
const { nas } = it
const given = { engine: 'postgres', server: { wal: 'wal/', assert: ASSERT } }
let shop: LabServer | undefined
let lives = ''
before(async () => {
  shop = await archiving(it)
  lives = path.join(it.folder, 'lives')
  mkdirSync(lives)
  execFileSync('chown', ['postgres:', lives])
}, { timeout: 120_000 })
after(async () => {
  await shop?.close()
  it.close()
})

const asked = (to: string, sql: string): Promise<string> => serving('postgres', [bin('postgres'), '-D', to, '-c', `unix_socket_directories=${to}`, '-c', 'listen_addresses='], /ready to accept connections/, () =>
  as([bin('psql'), '-XAtq', '-h', to, '-U', 'postgres', '-d', 'shop', '-c', sql]).toString().trim())

test('G-2 a base backup is restored as of a time, to the last commit before it and no further', { timeout: 600_000 }, async () => {
  const at = instantOf(Math.floor(Number(shop?.sql(`select 1`) && as([bin('psql'), '-XAtq', '-h', `${shop.folder}/run`, '-p', `${shop.port}`, '-U', 'postgres', '-d', 'shop', '-c', 'select extract(epoch from created_at) * 1000 from orders where id = 4001']).toString())))
  const report = await restored(it, 'folder/backup_manifest', path.join(lives, 'then'), { ...given, until: at })
  assert.deepEqual([report.verdict, report.says, report.engine_said], ['restored', '', ''])
  assert((report.held?.at ?? 0) <= at)
  assert.equal(await asked(path.join(lives, 'then'), 'select count(*) from orders'), '4000')
  const late = await restored(it, 'folder/backup_manifest', path.join(lives, 'late'), { ...given, until: instantOf(Date.now()) })
  assert.equal(late.verdict, 'failed')
  assert.match(late.says, /^no commit is known after .*: the newest one is of 20\d\d-/)
  const early = await restored(it, 'folder/backup_manifest', path.join(lives, 'early'), { ...given, until: instantOf(Date.now() - 3_600_000) })
  assert.equal(early.verdict, 'failed')
  assert.match(early.says, /^the copy (?:holds what was written|ended) after /)
  assert.deepEqual(readdirSync(lives), ['then'])
})

test('G-2 what is bad, a dump, or does not fit leaves nothing', { timeout: 600_000 }, async () => {
  const flipped = like(it, 'folder', 'flipped', (at) => flip(execFileSync('sh', ['-c', 'ls -S "$1"/base/*/* | head -n 1', 'sh', at], { encoding: 'utf8' }).trim(), 0.5))
  as([bin('pg_dump'), '-h', `${shop?.folder}/run`, '-p', `${shop?.port}`, '-U', 'postgres', '-Fc', '-f', `${shop?.folder}/run/shop.dump`, 'shop'])
  writeFileSync(nas('shop.dump'), readFileSync(`${shop?.folder}/run/shop.dump`))
  mkdirSync(path.join(lives, 'small'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=700m,mode=755', 'small', path.join(lives, 'small')])
  try {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [`${flipped}/backup_manifest`, path.join(lives, 'flipped'), /^failed: the base backup is not what it was when it was made/],
      ['shop.dump', path.join(lives, 'dump'), /^failed: this copy of PostgreSQL is a dump, and no copy of a whole server/],
      ['folder/backup_manifest', path.join(lives, 'small', 'shop'), /^unknown: there is too little room/],
      ['folder/backup_manifest', path.join(lives, 'small'), /^refused: .*small is a file system of its own/],
    ]
    for (const [key, to, pattern] of cases) {
      const { verdict, says } = await restored(it, key, to, given)
      assert.match(`${verdict}: ${says}`, pattern, key)
    }
    assert.deepEqual(readdirSync(path.join(lives, 'small')), [])
  } finally {
    execFileSync('umount', [path.join(lives, 'small')])
  }
  rmSync(path.join(lives, 'small'), { recursive: true })
  assert.deepEqual(readdirSync(lives).filter((name) => name !== 'then'), [])
})

test('G-26 a restore that is killed at any moment leaves nothing that could be taken for whole, and no program', { timeout: 1_200_000 }, async () => {
  const to = path.join(lives, 'killed')
  const wants = await wantsOf(it, 'base.tar', to, { engine: 'postgres' })
  const run = async (within: number): Promise<boolean> => {
    const id = `restore_${'0'.repeat(24)}${String(within).padStart(8, '0')}`
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'restore-child.ts'), JSON.stringify({ ...wants, begun: { ...wants.begun, id } })], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
    const timer = setTimeout(() => child.kill('SIGKILL'), within)
    await ended
    clearTimeout(timer)
    for (const end = performance.now() + 10_000; execFileSync('sh', ['-c', `ps -eo args | grep -F "${id}" | grep -vc grep || :`], { encoding: 'utf8' }).trim() !== '0';) assert(performance.now() < end, 'its programs live on')
    return child.signalCode === null
  }
  let whole = false
  for (let within = 100; !whole; within = Math.ceil(within * 1.6)) {
    whole = await run(within)
    assert.equal(existsSync(to), whole, `killed after ${within} ms`)
    assert(within < 300_000)
  }
  assert.equal(await asked(to, 'select count(*) from orders'), '3000')
  assert(readdirSync(lives).filter((name) => name.startsWith('.killed.restore_')).length > 0, 'what is left is hidden, and said by the next one')
})
