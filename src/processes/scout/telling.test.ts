// The loop that hosts run, in this machine's own plain shell, over folders that look as the kernel's do.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { readAccount, type Account } from '../../rooms/change/heard/account.ts'
import { tellingOf } from './telling.ts'

const BOOT = '58c1dbd2-296e-4f28-bb18-25fae3b55a7b'

function answers(root: string | undefined, questions: string): { readonly accounts: readonly Account[]; readonly status: number | null; readonly out: string } {
  const ran = spawnSync('/bin/sh', ['-c', tellingOf(root)], { input: questions, encoding: 'utf8', timeout: 20_000 })
  assert.equal(ran.stderr, '')
  const parts = ran.stdout.split(/(?<=^end \d+\n)/m).filter((part) => part !== '')
  return { status: ran.status, out: ran.stdout, accounts: parts.map((part) => {
    const read = readAccount(part)
    assert(read.is === 'account', read.is === 'unreadable' ? read.says : '')
    return read.account
  }) }
}

test('each question is answered by its number, with cables as the kernel has them', (t) => {
  const root = mkdtempSync(path.join(tmpdir(), 'hf-host-'))
  t.after(() => rmSync(root, { recursive: true }))
  const put = (name: string, text: string): void => {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true })
    writeFileSync(path.join(root, name), text)
  }
  put('proc/sys/kernel/random/boot_id', `${BOOT}\n`)
  const link = (name: string, of: Readonly<Record<string, string>>): void => Object.entries(of).forEach(([file, text]) => put(`sys/class/net/${name}/${file}`, `${text}\n`))
  link('eth0', { flags: '0x1003', carrier: '1', carrier_down_count: '4', speed: '1000', 'statistics/rx_errors': '2', 'statistics/tx_errors': '3' })
  // Set down by hand: its carrier cannot be read then.
  link('eth1', { flags: '0x1002', carrier: '', speed: '-1' })
  link('eth2', { flags: '0x1003', carrier: '' })
  link('bond0', { flags: '0x1403', carrier: '1', carrier_down_count: '0', speed: '2000', 'bonding/slaves': 'eth0 eth1', 'bonding/active_slave': 'eth0' })
  link('lo', { flags: '0x9', carrier: '1' })
  link('odd name $(reboot)', { flags: '0x1003', carrier: '1' })
  const { accounts, status } = answers(root, '1\n22\n')
  assert.equal(status, 0)
  assert.deepEqual(accounts.map(({ question }) => question), [1, 22])
  const [first] = accounts
  assert.equal(first?.boot, BOOT)
  assert.deepEqual([...(first?.links ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)), [
    ['bond0', { carrier: 'up', downs: 0, speed: 2000, bond: { members: ['eth0', 'eth1'], active: 'eth0' } }],
    ['eth0', { carrier: 'up', downs: 4, speed: 1000, errors: 5 }],
    ['eth1', { carrier: 'down' }],
    ['eth2', { carrier: 'unknown' }],
  ])
})

test('this machine answers too; what is no question ends it, and so does the end of the connection', () => {
  const { accounts: [own], status } = answers(undefined, '3\n')
  assert.deepEqual([own?.question, status], [3, 0])
  assert.ok(Math.abs((own?.clock ?? 0) - Date.now() / 1000) < 60)
  for (const bad of ['x\n', '$(reboot)\n', '1;2\n', '\n']) assert.deepEqual(((it) => [it.out, it.status])(answers(undefined, bad)), ['', 2])
})

test('C-9 no quote within the command ends it: a login shell takes it for one word', () => {
  assert.match(tellingOf(), /^exec \/bin\/sh -c '[^']+'$/)
})
