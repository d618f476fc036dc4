// Where ssh may be led in a lab: its name judged before it is started, the judged address connected to, the key still the name's; and every other way
// out of this machine told that it is a lab's.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { codeOf, sentence } from '../../../core/fault.ts'
import { readTree } from '../../../../test/tidy/source.ts'
import { readAddress } from '../address.ts'
import { sshArgv } from '../ssh.ts'
import { labDoors } from './door.ts'
import { isLabFolder } from './mark.ts'

const names: Readonly<Record<string, readonly string[]>> = { 'vault.example': ['fd00::7', '10.0.0.7'], 'production.example': ['1.1.1.1'], 'both.example': ['10.0.0.7', '1.1.1.1'], 'meta.example': ['169.254.169.254'], localhost: ['127.0.0.1'] }
const led = labDoors({ resolve: (name) => Promise.resolve((names[name] ?? []).flatMap((it) => readAddress(it) ?? [])) })
const soon = (): AbortSignal => AbortSignal.timeout(60_000)

test('in a lab ssh is led to judged addresses alone, of what it is reached through too', async () => {
  for (const host of ['production.example', '1.1.1.1', 'both.example', 'meta.example', '2606:4700::1111', 'nobody.example']) {
    for (const place of [{ host }, { host: 'localhost', via: { host } }, { host, via: { host: 'localhost' } }]) {
      await assert.rejects(led(place, soon()), (cause: unknown) => codeOf(cause) === 'EBLOCKED', JSON.stringify(place))
    }
  }
  await assert.rejects(led({ host: 'production.example' }, soon()), (cause: unknown) => sentence(cause).includes('1.1.1.1') && sentence(cause).includes('--lab'))
  assert.deepEqual(await led({ host: 'localhost', port: 2222 }, soon()), { host: 'localhost', port: 2222, address: '127.0.0.1' }, 'paging and stores on loopback stay allowed')
  assert.deepEqual(await led({ host: '127.0.0.1' }, soon()), { host: '127.0.0.1' })
})

test('ssh connects to the address that was judged, and proves the host by the key of its name', async () => {
  const argv = sshArgv(await led({ host: 'vault.example', port: 2222, via: { host: 'localhost' } }, soon()), { subsystem: 'sftp' })
  for (const option of ['HostName=10.0.0.7', 'HostKeyAlias=[vault.example]:2222']) assert(argv.includes(option), option)
  const through = argv.find((word) => word.startsWith('ProxyCommand=')) ?? ''
  for (const word of [`'HostName=127.0.0.1'`, `'HostKeyAlias=localhost'`, `'10.0.0.7:2222'`]) assert(through.includes(word), word)
  assert(!sshArgv({ host: 'vault.example' }, { subsystem: 'sftp' }).some((word) => /^Host(?:Name|KeyAlias)=/.test(word)), 'outside a lab nothing is pinned')
})

test('the mark of a lab is read from its data folder', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdfast-mark-'))
  t.after(() => rmSync(folder, { recursive: true }))
  assert.deepEqual([isLabFolder(folder), isLabFolder(path.join(folder, 'none'))], [false, false])
  writeFileSync(path.join(folder, 'lab'), '')
  assert.equal(isLabFolder(folder), true)
  mkdirSync(path.join(folder, 'deep'))
  assert.throws(() => isLabFolder(path.join(folder, 'x'.repeat(300))), /cannot be read/)
})

/** Commands that a person leads to a server by its address, with no data folder. */
const WITHOUT_A_FOLDER = ['src/processes/scan/relations/open.ts']

test('whatever makes a way out of this machine says whether it is a lab’s', () => {
  const tree = readTree(path.resolve(import.meta.dirname, '../../../..'), ['src']).filter(({ path: at }) => /^src\/(?:processes|cli)\//.test(at) && !at.endsWith('.test.ts'))
  const calls = tree.flatMap(({ path: at, text }) => [...text.matchAll(/(?:createEgress|loneReading|loneDeleting)\(.*/g)].filter(([call]) => !call.includes('it: Opening')).map(([call]) => ({ at, call })))
  assert(calls.length >= 12, `${calls.length} ways out`)
  const silent = calls.filter(({ at, call }) => !/\blab\b|\(opening\)/.test(call) && !WITHOUT_A_FOLDER.includes(at))
  assert.deepEqual(silent, [])
})
