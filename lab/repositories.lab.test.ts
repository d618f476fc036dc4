// Drills of repositories with the real programs: one that is good is restored in a cell, and what is wrong with another is found out in words.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hours, instantOf } from '../src/core/time.ts'
import dir from '../src/plugins/stores/dir.ts'
import type { Assertion } from '../src/ports/backup.ts'
import type { Reading } from '../src/ports/store.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { random } from '../src/ports/world/random.ts'
import { perform, type DrillWants } from '../src/processes/guard/drill.ts'
import { restoreTools } from '../src/processes/restore/tools.ts'
import type { DrillReport } from '../src/rooms/guard/drills/report.ts'
import { restored, wantsOf } from './restoring.ts'

const PASSWORD = 'a pass of hörse'
const clock = createClock()
const folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-repositories-'))
const at = (...names: string[]): string => path.join(folder, ...names)
const nas = (...names: string[]): string => at('nas', ...names)
const CONF = 'listen = 0.0.0.0\n'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const reading = (): Reading => dir.reading(dir.config.parse({ dir: at('nas') }), { egress: egressWith(), now: () => clock.now(), random, folder: '/' })
const soon = (): AbortSignal => new AbortController().signal

const ASSERT: readonly Assertion[] = [{ is: 'file', file: `${at('panel')}/etc/panel.conf`, sha256: sha256(CONF) }]

async function drill(engine: string, key: string, { assertions = ASSERT, password = PASSWORD, ahead = 0, ...more }: { assertions?: readonly Assertion[]; password?: string | null; ahead?: number } & Partial<DrillWants> = {}): Promise<DrillReport> {
  const found = await reading().head({ key }, soon())
  assert(found.is === 'version', `${key} is not there`)
  const root = mkdtempSync(at('drill', 'x'))
  const context = { reading, now: () => ({ ...clock.now(), wall: instantOf(clock.now().wall + ahead) }), folder: root, say: () => undefined, ...(password === null ? {} : { password: () => password }) }
  const report = await perform({ set: 'repo', store: 'nas', engine, copy: found, at: instantOf(Date.now()), assert: assertions, ...more }, context, soon())
  assert.equal(report.torn_down, true, report.says)
  assert.deepEqual(readdirSync(root), [])
  assert.doesNotMatch(JSON.stringify(report), new RegExp(PASSWORD))
  return report
}
const brief = ({ verdict, rung, says, engine_said }: DrillReport): string => `${verdict} L${rung}: ${says} | ${engine_said}`
/** Another repository that is like the good one but for what is done to it. */
const like = (good: string, name: string, change: (folder: string) => void): string => {
  cpSync(nas(good), nas(name), { recursive: true })
  change(nas(name))
  return name
}
const largest = (folder: string): string => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)).filter((it) => statSync(it).isFile()).toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? ''
const flip = (file: string, share: number): void => {
  chmodSync(file, 0o644)
  const bytes = readFileSync(file)
  const where = Math.floor(bytes.length * share)
  bytes.writeUInt8((bytes[where] ?? 0) ^ 0x10, where)
  writeFileSync(file, bytes)
}

const restic = (repository: string, ...argv: string[]): string => execFileSync('restic', ['--no-cache', '-r', nas(repository), ...argv], { input: `${PASSWORD}\n`, stdio: ['pipe', 'pipe', 'ignore'], encoding: 'utf8' })
const snapshotIn = (repository: string): string => `${repository}/snapshots/${readdirSync(nas(repository, 'snapshots')).toSorted()[0] ?? ''}`

before(() => {
  chmodSync(folder, 0o755)
  mkdirSync(at('panel', 'etc'), { recursive: true })
  mkdirSync(at('panel', 'data'))
  mkdirSync(at('nas'))
  mkdirSync(at('drill'))
  writeFileSync(nas('.holdfast-store'), '')
  writeFileSync(at('panel', 'etc', 'panel.conf'), CONF)
  for (const name of ['a', 'b', 'c']) writeFileSync(at('panel', 'data', name), createHash('shake256', { outputLength: 3_000_000 }).update(name).digest())
  execFileSync('mknod', [at('panel', 'null'), 'c', '1', '3'])
  restic('restic', 'init')
  restic('restic', 'backup', '--host', 'panel-1', at('panel'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('G-2 a repository that is spoilt on the way fails, and the store keeps it whole', { timeout: 120_000 }, async () => {
  const planted = await drill('restic', snapshotIn('restic'), { planted: true })
  assert.match(brief(planted), /^failed L[134]: \S/)
  assert.match(planted.planted ?? '', /^one bit was flipped in the middle of each of its \d+ files of data$/)
  assert.match(brief(await drill('restic', snapshotIn('restic'))), /^passed L6/)
})

test('G-26 a good repository of restic passes to L6, and says of when and of what it is', { timeout: 60_000 }, async () => {
  const report = await drill('restic', snapshotIn('restic'), { assertions: [...ASSERT, { is: 'file', file: `${at('panel')}/data/a`, sha256: 'from-manifest' }], manifest: { files: { [`${at('panel')}/data/a`]: createHash('sha256').update(readFileSync(at('panel', 'data', 'a'))).digest('hex') } } })
  assert.equal(brief(report), 'passed L6:  | ')
  assert.deepEqual(report.phases.map(({ name }) => name), ['fetch', 'structure', 'restore', 'integrity', 'assertions'])
  assert.equal(report.held?.of, `${at('panel')} of panel-1`)
  assert(Math.abs((report.held?.at ?? 0) - Date.now()) < hours(1))
  assert(report.bytes > 9_000_000 && report.sha256.length === 64)
  assert.match(brief(await drill('restic', snapshotIn('restic'), { assertions: [{ is: 'file', file: `${at('panel')}/etc/panel.conf`, sha256: sha256('another') }] })), /^failed L5: .*panel\.conf has sha256 .*: it has the hash/)
})

test('G-2 a repository of restic that is bad fails in words, each for its own reason', { timeout: 120_000 }, async () => {
  const cases: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
    ['deleted-pack', (it) => rmSync(largest(path.join(it, 'data'))), /^failed L1: restic finds the repository damaged \| .*pack [0-9a-f]{64}: does not exist.*repository contains errors/s],
    ['flipped', (it) => flip(largest(path.join(it, 'data')), 0.5), /^failed L3: the snapshot cannot be restored \| .*(?:ciphertext verification failed|invalid data)/s],
    ['cut-index', (it) => truncateSync(largest(path.join(it, 'index')), 60), /^failed L1: .* \| .*index/s],
    ['flipped-snapshot', (it) => flip(largest(path.join(it, 'snapshots')), 0.5), /^failed L1: restic cannot read the snapshot [0-9a-f]{8} \| .*(?:invalid data|does not match|ciphertext)/s],
    ['no-config', (it) => rmSync(path.join(it, 'config')), /^failed L1: there is no repository of restic: its file “config” is missing \| .*unable to open config file/s],
    ['no-key', (it) => rmSync(largest(path.join(it, 'keys'))), /^failed L1: the password that is configured does not open the repository.* \| .*wrong password or no key found/s],
  ]
  await Promise.all(cases.map(async ([name, change, pattern]) => assert.match(brief(await drill('restic', snapshotIn(like('restic', name, change)))), pattern, name)))
  assert.match(brief(await drill('restic', snapshotIn('restic'), { password: 'lost' })), /^failed L1: the password that is configured does not open the repository: .* \| .*wrong password or no key found/s)
  assert.match(brief(await drill('restic', snapshotIn('restic'), { password: null })), /^unknown L1: the password of the repository is not configured/)
  assert.match(brief(await drill('restic', snapshotIn('restic'), { atMost: 1024 ** 2 })), /^unknown L0: the repository has more than 1 MiB, and a drill of this set fetches no more: raise drill\.at_most/)
})

test('damage outside of the newest snapshot is found by reading every pack', { timeout: 60_000 }, async () => {
  const name = like('restic', 'old-damage', (it) => {
    flip(largest(path.join(it, 'data')), 0.5)
    writeFileSync(at('panel', 'small'), 'small\n')
    execFileSync('restic', ['--no-cache', '-r', it, 'backup', at('panel', 'etc')], { input: `${PASSWORD}\n`, stdio: ['pipe', 'ignore', 'ignore'] })
  })
  const [first] = readdirSync(nas('restic', 'snapshots'))
  const newest = readdirSync(nas(name, 'snapshots')).find((it) => it !== first) ?? ''
  assert.match(brief(await drill('restic', `${name}/snapshots/${newest}`, { assertions: [] })), /^failed L4: restic finds packs that are not what they were \| .*(?:does not match|verification failed)/s)
})

test('a lock that was left behind is told of, and one that is held makes a bad finding unknown', { timeout: 60_000 }, async () => {
  const locked = like('restic', 'locked', () => undefined)
  const child = spawn('restic', ['--no-cache', '-r', nas(locked), 'check', '--read-data'], { stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.end(`${PASSWORD}\n`)
  const over = new Promise((resolve) => child.once('exit', resolve))
  while (readdirSync(nas(locked, 'locks')).filter((name) => !name.includes('tmp')).length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  child.kill('SIGKILL')
  await over
  const hurt = like(locked, 'locked-hurt', (it) => rmSync(largest(path.join(it, 'data'))))
  const [fine, unknown, stale] = await Promise.all([drill('restic', snapshotIn(locked)), drill('restic', snapshotIn(hurt)), drill('restic', snapshotIn(locked), { ahead: hours(1) })])
  assert.equal(brief(fine), 'passed L6:  | ')
  assert.match(brief(unknown), /^unknown L1: restic finds the repository damaged, while somebody worked on the repository: it is drilled again \| .*already locked exclusively/s)
  assert.match(brief(stale), /^failed L1: a lock that nobody holds any more refuses every backup and every restore: .*“restic unlock” \| .*already locked exclusively by PID \d+ on .*\nlock was created at/s)
})

test('a repository of Borg passes when it is good, and fails in words when it is not', { timeout: 90_000 }, async () => {
  const env = { ...process.env, BORG_PASSPHRASE: PASSWORD, BORG_BASE_DIR: at('base'), BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' }
  execFileSync('borg', ['init', '-e', 'repokey', nas('borg')], { env, stdio: 'ignore' })
  execFileSync('borg', ['create', `${nas('borg')}::panel-1`, at('panel', 'etc'), at('panel', 'data')], { env, stdio: 'ignore' })
  const keyIn = (repository: string): string => `${repository}/${readdirSync(nas(repository)).find((name) => /^index\.\d+$/.test(name)) ?? ''}`
  const [good, lost, deleted, flipped] = await Promise.all([
    drill('borg', keyIn('borg')), drill('borg', keyIn('borg'), { password: 'lost' }),
    drill('borg', keyIn(like('borg', 'borg-deleted', (it) => rmSync(largest(path.join(it, 'data')))))), drill('borg', keyIn(like('borg', 'borg-flipped', (it) => flip(largest(path.join(it, 'data')), 0.5)))),
  ])
  assert.equal(brief(good), 'passed L6:  | ')
  assert.equal(good.held?.of, 'the archive panel-1')
  assert.match(brief(await drill('borg', keyIn('borg'), { planted: true })), /^failed L1: Borg /)
  assert(Math.abs((good.held?.at ?? 0) - Date.now()) < hours(1))
  assert.match(brief(lost), /^failed L1: the passphrase that is configured, or the key, does not open the repository.* \| .*passphrase supplied/s)
  assert.match(brief(deleted), /^failed L1: Borg (?:finds the repository damaged|cannot open the repository) \| /)
  assert.match(brief(flipped), /^failed L1: Borg finds the repository damaged \| /)
})

test('story 4: G-27 single files and folders come out of restic and Borg, and only what is damaged is put in place', { timeout: 120_000 }, async () => {
  const env = { ...process.env, BORG_PASSPHRASE: PASSWORD, BORG_BASE_DIR: at('base'), BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' }
  const live = at('odd')
  const odd = ['a[1]*?.conf', 'back\\slash', '$HOME', 'sub[x]/ä f']
  mkdirSync(path.join(live, 'sub[x]'), { recursive: true })
  for (const name of [...odd, 'a1.conf']) writeFileSync(path.join(live, name), `${name}\n`)
  execFileSync('restic', ['--no-cache', '-r', nas('restic-odd'), 'init'], { input: `${PASSWORD}\n${PASSWORD}\n`, stdio: ['pipe', 'ignore', 'ignore'] })
  restic('restic-odd', 'backup', live)
  execFileSync('borg', ['init', '-e', 'repokey', nas('borg-odd')], { env, stdio: 'ignore' })
  execFileSync('borg', ['create', `${nas('borg-odd')}::odd`, live], { env, stdio: 'ignore' })
  const index = readdirSync(nas('borg-odd')).find((it) => /^index\.\d+$/.test(it)) ?? ''
  for (const [engine, key] of [['restic', snapshotIn('restic-odd')], ['borg', `borg-odd/${index}`]] as const) {
    const given = { engine, password: PASSWORD, begun: { manifest: { rows: {}, files: { [`${live}/$HOME`]: sha256('$HOME\n') } } } }
    const to = at(`${engine}-part`)
    const whole = await restored({ nas, folder }, key, to, { ...given, paths: [`${live.slice(1)}/sub[x]`, `${live.slice(1)}/a[1]*?.conf`] })
    assert.deepEqual([whole.verdict, whole.says + whole.engine_said], ['restored', ''])
    assert.deepEqual(readdirSync(path.join(to, live), { recursive: true, encoding: 'utf8' }).toSorted(), ['a[1]*?.conf', 'sub[x]', 'sub[x]/ä f'], engine)
    assert.match((await restored({ nas, folder }, key, at('none'), { ...given, paths: ['etc/none'] })).says, /^etc\/none is not in /)
    assert(!existsSync(at('none')))
    for (const name of odd) writeFileSync(path.join(live, name), 'rot')
    const wants = await wantsOf({ nas, folder }, key, to, given)
    const made = await restoreTools.beside({ ...wants, at: { is: 'folder', folder: live }, units: [...odd, 'gone'].map((it) => ({ is: 'file', path: Buffer.from(it).toString('latin1') })) })
    assert(made.swap, made.report.says)
    assert.deepEqual([made.swap.units.map(({ name }) => name).toSorted(), made.others.map((it) => it.replace(/ in .*/, ''))], [odd.toSorted(), ['gone is not']])
    assert.equal(made.swap.units.find(({ name }) => name === '$HOME')?.checked, 'it is what was there when the copy was made')
    const done = await restoreTools.swap({ swap: made.swap, engine, at: { is: 'folder', folder: live }, scratch: at('scratch'), signal: soon() })
    assert.equal(done.verdict, 'swapped', done.says)
    for (const name of [...odd, 'a1.conf']) assert.equal(readFileSync(path.join(live, name), 'utf8'), `${name}\n`)
  }
})
