// A real switchover under Patroni: the lead goes to the member that is named, as the databases themselves say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import patroni from '../src/plugins/drivers/patroni.ts'
import { once } from '../src/ports/driver/driver.contract.ts'
import type { DriverContext } from '../src/ports/driver/driver.ts'
import { createClock } from '../src/ports/world/clock.ts'
import { egressWith } from '../src/ports/world/fixtures/loopback.ts'
import { createTimers } from '../src/ports/world/timers.ts'
import { patroniPair } from './driving.ts'

const clock = createClock()
const context: Omit<DriverContext, 'target'> = {
  egress: egressWith(), timers: createTimers(), now: () => clock.now(), signal: new AbortController().signal, local: () => assert.fail('no socket'),
  commands: { run: () => assert.fail('no command'), recall: () => assert.fail('no command'), identify: () => assert.fail('no command') },
}

test('patroni: the lead goes to whom it is handed, by roles and by SQL; a wrong word and a member that is none change nothing', { timeout: 180_000 }, async (t) => {
  const { members, leader } = await patroniPair(t, 'c4n4ry-word')
  const it = { ...context, target: { members: [...members], user: 'admin', password: 'c4n4ry-word' } }
  const seen = (of: string): ReturnType<typeof patroni.observe> => patroni.observe({ target: 'shop', to: of }, { leader: of }, it)
  const until = async (of: string): Promise<void> => {
    for (let n = 0; n < 300 && (await seen(of)).found.is !== 'pass'; n++) await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual([(await seen(of)).found, leader()], [{ is: 'pass', says: `${of} leads` }, of])
  }
  await until('db-1')
  const before = await seen('db-2')
  assert.deepEqual(before.found, { is: 'fail', says: 'db-1 leads' })
  assert.match(before.identity, /^shop, system \d{15,}$/)
  const wrong = await patroni.act({ target: 'shop', to: 'db-2' }, once('run-1.1'), { ...it, target: { ...it.target, password: 'wrong' } })
  const nobody = await patroni.act({ target: 'shop', to: 'db-9' }, once('run-1.2'), it)
  assert.deepEqual([wrong.is, nobody.is, leader()], ['failed', 'failed', 'db-1'], `${wrong.says}; ${nobody.says}`)
  const acted = await patroni.act({ target: 'shop', to: 'db-2' }, once('run-1.3'), it)
  assert.equal(acted.is, 'done', acted.says)
  assert.doesNotMatch(JSON.stringify([acted, wrong, nobody]), /c4n4ry/)
  await until('db-2')
  assert.equal((await seen('db-2')).identity, before.identity)
  assert.equal((await patroni.act({ target: 'shop', to: 'db-2' }, once('run-1.4'), it)).says, 'db-2 leads already')
})
