// What a host says is read to the letter, and each way in which a cable can turn is one sentence.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { carrierOf, readAccount, turnsBetween, type Account } from './account.ts'

const BOOT = '58c1dbd2-296e-4f28-bb18-25fae3b55a7b'
const said = (...lines: readonly string[]): string => [`boot 7 ${BOOT} 1795287404`, ...lines, 'end 7', ''].join('\n')
const account = (...lines: readonly string[]): Account => {
  const read = readAccount(said(...lines))
  assert(read.is === 'account', read.is === 'unreadable' ? read.says : '')
  return read.account
}

test('an answer is read: its question, its boot, its clock, each cable and what is unknown of it', () => {
  const it = account('link eth0 1 3 1000 12', 'link eth1 - - - -', 'link bond0 1 0 2000 0', 'bond bond0 eth2 eth2,eth3,')
  assert.deepEqual([it.question, it.boot, it.clock], [7, BOOT, 1_795_287_404])
  assert.deepEqual(it.links.get('eth0'), { carrier: 'up', downs: 3, speed: 1000, errors: 12 })
  assert.deepEqual(it.links.get('eth1'), { carrier: 'unknown' })
  assert.deepEqual(it.links.get('bond0')?.bond, { members: ['eth2', 'eth3'], active: 'eth2' })
  assert.deepEqual(['eth0', 'eth1', 'eth9'].map((name) => carrierOf(it, name).is), ['pass', 'unknown', 'fail'])
})

test('C-2 X-9 a bond that carries fails while a cable in it does not, and is not known while nobody says so of one', () => {
  const bond = (...lines: readonly string[]) => carrierOf(account(...lines, 'link bond0 1 0 2000 0', 'bond bond0 eth2 eth2,eth3,'), 'bond0')
  assert.deepEqual(bond('link eth2 1 0 1000 0', 'link eth3 1 0 1000 0'), { is: 'pass', says: 'bond0 is up at 2000 Mb/s' })
  assert.deepEqual(bond('link eth2 - - - -', 'link eth3 0 1 1000 0'), { is: 'fail', says: 'bond0 is up at 2000 Mb/s, but eth3 in it has no carrier' })
  assert.deepEqual(bond('link eth2 0 1 - -', 'link eth3 0 1 - -').says, 'bond0 is up at 2000 Mb/s, but eth2, eth3 in it have no carrier')
  assert.deepEqual(bond('link eth2 1 0 1000 0'), { is: 'unknown', says: 'bond0 is up at 2000 Mb/s, and the host does not say whether eth3 in it carries' })
})

test('X-9 an answer that is cut, longer than any, of another shape or without its boot says nothing', () => {
  const whole = said('link eth0 1 3 1000 12')
  for (let n = 0; n < whole.length - 2; n++) assert.equal(readAccount(whole.slice(0, n)).is, 'unreadable', `cut after ${n}`)
  for (const bad of [
    said('link eth0 1 3 1000'), said('link  1 3 1000 0'), said('motd welcome'), said('bond bond0 eth1 eth1,'), said('link eth0 1 1 1 1', 'link eth0 0 1 1 1'),
    whole.replace('end 7', 'end 8'), whole.replace(BOOT, 'x'), whole.replace('1795287404', '-1'), said(...Array.from({ length: 1100 }, (_, n) => `link e${n} 1 0 0 0`)),
  ]) assert.equal(readAccount(bad).is, 'unreadable', bad.slice(0, 80))
  fc.assert(fc.property(fc.string(), (text) => {
    readAccount(text)
    readAccount(said(text))
  }))
})

test('C-14 each turn of a cable is told, also one that is over: blips count, and pass to unknown is a turn', () => {
  const inBond = ['link eth2 1 0 1000 0', 'link eth3 1 0 1000 0']
  const was = account('link eth0 1 3 1000 0', 'link eth1 1 0 1000 0', ...inBond, 'link bond0 1 0 2000 0', 'bond bond0 eth2 eth2,eth3,')
  const turns = (...lines: readonly string[]): string[] => turnsBetween('db-2', was, account(...lines), ['eth0', 'bond0']).map(({ subject, claim }) => `${subject} ${claim}`)
  const bond = [...inBond, 'link bond0 1 0 2000 0', 'bond bond0 eth2 eth2,eth3,']
  const one = (...lines: readonly string[]): string[] => ['link eth0 1 3 1000 0', ...lines, 'link bond0 1 0 2000 0', 'bond bond0 eth2 eth2,eth3,']
  const table: readonly [readonly string[], readonly string[]][] = [
    [['link eth0 1 3 1000 0', ...bond], []],
    [['link eth0 0 4 1000 0', ...bond], ['link:db-2/eth0 lost carrier']],
    [['link eth0 1 4 1000 0', ...bond], ['link:db-2/eth0 lost carrier once and has it again']],
    [['link eth0 1 6 1000 0', ...bond], ['link:db-2/eth0 lost carrier 3 times and has it again']],
    [['link eth0 - 3 1000 0', ...bond], ['link:db-2/eth0 is not known any more']],
    [['link eth0 1 - 1000 0', ...bond], ['link:db-2/eth0 was made anew']],
    [['link eth0 1 1 1000 0', ...bond], ['link:db-2/eth0 was made anew']],
    [['link eth0 1 3 100 0', ...bond], ['link:db-2/eth0 runs at 100 Mb/s, it was 1000']],
    [['link eth0 1 3 10000 0', ...bond], []],
    [bond, ['link:db-2/eth0 is not there any more']],
    [['link eth0 1 3 1000 0', 'link bond0 1 0 2000 0', 'bond bond0 eth2 eth2,'], ['link:db-2/bond0 has lost eth3']],
    [['link eth0 1 3 1000 0', 'link bond0 1 0 1000 0', 'bond bond0 eth2 eth2,'], ['link:db-2/bond0 runs at 1000 Mb/s, it was 2000']],
    // A bond that goes on carrying has lost what it was made for.
    [one('link eth2 1 0 1000 0', 'link eth3 0 1 1000 0'), ['link:db-2/bond0 has eth3 in it, which lost carrier']],
    [one('link eth2 1 2 1000 0', 'link eth3 1 0 1000 0'), ['link:db-2/bond0 has eth2 in it, which lost carrier 2 times and has it again']],
    // Nobody watches this one.
    [['link eth0 1 3 1000 0', 'link eth1 0 9 1000 0', ...bond], []],
  ]
  for (const [lines, expected] of table) assert.deepEqual(turns(...lines), expected, lines.join('; '))
  const again = { ...was, boot: BOOT.replace('58', '59') }
  assert.deepEqual(turnsBetween('db-2', was, again, ['eth0']), [{ subject: 'host:db-2', claim: 'was booted again' }])
})
