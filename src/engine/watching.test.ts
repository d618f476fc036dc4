// From looks to incidents, through the whole keeper: roots are named, isolation accuses nobody, what nobody looks at is told, a silence
// covers its check and its time only, and what leaves the configuration leaves its incidents in the open.
import assert from 'node:assert/strict'
import test from 'node:test'
import { checkOf, configOf, keeperWorld, type KeeperWorld } from '../../test/keeper-world.ts'
import { hours, minutes, seconds } from '../core/time.ts'
import type { CheckAnswer, IncidentsAnswer } from '../views/answers.ts'

const turns = (w: KeeperWorld): string[] => w.entries().filter((it) => it.is === 'watch.turned').map((it) => `${String(it.body['check'])} ${String(it.body['to'])}`)
const members = async (w: KeeperWorld): Promise<(readonly string[])[]> => ((await w.ask('incidents.list', {})).body as IncidentsAnswer).incidents.map((it) => it.members)
const stateOf = async (w: KeeperWorld, name: string): Promise<CheckAnswer> => (await w.ask('checks.show', { name })).body as CheckAnswer

test('W-2 one incident named after the root: a turn waits for the verdict on what it leans on, and no longer than its limit', async (t) => {
  const w = await keeperWorld(t, configOf([checkOf('db'), checkOf('api', { dependsOn: ['db'] }), checkOf('web', { dependsOn: ['api'] })]))
  for (const name of ['db', 'api', 'web']) await w.look(name, 'pass')
  await w.look('web', 'fail')
  assert.deepEqual(new Set(w.asked), new Set(['db', 'api']), 'the first failure looks at what it leans on')
  await w.look('web', 'fail')
  assert.deepEqual(w.open(), [], 'the verdicts are not in')
  await w.look('api', 'fail')
  await w.look('db', 'fail')
  await w.look('api', 'fail')
  await w.look('db', 'fail')
  assert.deepEqual(w.open(), ['check:db'])
  assert.deepEqual((await members(w)).map((it) => [...it].sort()), [['api', 'db', 'web']])
  for (const name of ['db', 'api', 'web', 'db', 'api', 'web']) await w.look(name, 'pass')
  assert.deepEqual(w.open(), [])
  // Nobody answers for db: the turn goes on without it.
  await w.look('api', 'fail')
  await w.look('api', 'fail')
  assert.deepEqual(w.open(), [])
  await w.pass(seconds(4))
  assert.deepEqual(w.open(), ['check:api'])
})

test('W-1 a check of which no look comes back is told, with an incident, and never shown as up', async (t) => {
  const w = await keeperWorld(t, configOf([checkOf('www'), checkOf('other')]))
  for (const name of ['www', 'other']) await w.look(name, 'pass')
  for (let n = 0; n < 12; n++) {
    await w.pass(seconds(10))
    await w.look('other', 'pass')
  }
  assert.deepEqual(w.open(), ['check:www'])
  assert.equal((await stateOf(w, 'www')).state, 'unknown')
  assert.match((await stateOf(w, 'www')).says, /nobody knows how it is/)
  await w.look('www', 'pass')
  assert.deepEqual(w.open(), ['check:www'], 'one pass is not enough')
  await w.look('www', 'pass')
  assert.deepEqual(w.open(), [])
})

const ANCHORS = ['1.1.1.1:53', '9.9.9.9:53']
const far = (name: string): ReturnType<typeof checkOf> => checkOf(name, { loopback: false })
/** All anchors and the far checks give no answer; the near one does. */
async function cutOff(w: KeeperWorld, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    for (const name of ['far', 'away']) await w.look(name, 'fail', { silent: true, says: 'no answer within 2 s' })
    for (const anchor of ANCHORS) await w.look(`~${anchor}`, 'fail', { silent: true, says: 'no answer within 2 s' })
    await w.look('near', 'pass')
    await w.pass(seconds(5))
  }
}

test('W-6 cut off: one incident says so, nobody far is accused however long it lasts, and the board does not say that they work', async (t) => {
  const w = await keeperWorld(t, configOf([far('far'), far('away'), checkOf('near')], ANCHORS))
  for (const name of ['far', 'away', 'near', ...ANCHORS.map((it) => `~${it}`)]) await w.look(name, 'pass')
  await cutOff(w, 40)
  assert.deepEqual(w.open(), ['node:isolated'])
  assert.deepEqual(turns(w).filter((it) => it.endsWith('down')), [])
  assert.deepEqual([(await stateOf(w, 'far')).state, (await stateOf(w, 'near')).state], ['unknown', 'up'])
  // What is near is judged as ever.
  await w.look('near', 'fail')
  await w.look('near', 'fail')
  assert.deepEqual(w.open(), ['node:isolated', 'check:near'])
  for (let n = 0; n < 2; n++) await w.look('near', 'pass')
  // One anchor is enough to be back; who does not come back with it is accused then.
  await w.look(`~${ANCHORS[0]}`, 'pass')
  for (let n = 0; n < 2; n++) {
    await w.look('away', 'pass')
    await w.look('far', 'fail', { silent: true, says: 'no answer within 2 s' })
    await w.look(`~${ANCHORS[0]}`, 'pass')
    await w.pass(seconds(1))
  }
  assert.deepEqual(w.open(), ['check:far'])
  assert.equal((await stateOf(w, 'away')).state, 'up')
})

test('W-6 a refusal accuses also while this node is cut off; without anchors isolation is not judged', async (t) => {
  const w = await keeperWorld(t, configOf([far('far'), far('away'), checkOf('near')], ANCHORS))
  await cutOff(w, 3)
  for (let n = 0; n < 2; n++) await w.look('far', 'fail')
  assert.deepEqual(w.open(), ['node:isolated', 'check:far'])
  const without = await keeperWorld(t, configOf([far('far'), far('away'), checkOf('near')]))
  await cutOff(without, 3)
  assert.deepEqual(without.open(), ['check:far', 'check:away'])
})

test('W-6 cut off ends also when the world came back during a restart, or when anchors are named no more', async (t) => {
  const config = configOf([far('far'), far('away'), checkOf('near')], ANCHORS)
  for (const after of [config, { ...config, version: '2', horizon: { anchors: [] } }]) {
    const w = await keeperWorld(t, config)
    await cutOff(w, 3)
    assert.deepEqual(w.open(), ['node:isolated'])
    await w.restart(after)
    await w.pass(seconds(1))
    for (const anchor of after.horizon.anchors) await w.look(`~${anchor}`, 'pass')
    assert.deepEqual(w.open(), [])
  }
})

test('W-6 no way out of this machine, so that no anchor can even be asked, is being cut off too', async (t) => {
  const w = await keeperWorld(t, configOf([far('far'), far('away'), checkOf('near')], ANCHORS))
  for (let n = 0; n < 40; n++) {
    for (const name of ['far', 'away', ...ANCHORS.map((it) => `~${it}`)]) await w.look(name, 'unknown', { says: 'the network cannot be reached from here' })
    await w.look('near', 'pass')
    await w.pass(seconds(5))
  }
  assert.deepEqual(w.open(), ['node:isolated'])
  for (const anchor of ANCHORS) await w.look(`~${anchor}`, 'pass')
  for (let n = 0; n < 2; n++) for (const name of ['far', 'away']) await w.look(name, 'pass')
  assert.deepEqual(w.open(), [])
})

test('W-9 a silence covers its check and its time only: what is still down when it ends is paged then, whatever the clock did (X-7)', async (t) => {
  for (const step of [0, -25, 25].map(hours)) {
    const w = await keeperWorld(t, configOf([checkOf('db'), checkOf('www')]))
    for (const name of ['db', 'www']) await w.look(name, 'pass')
    await w.ask('checks.silence', { name: 'db', for: '10m', reason: 'moving the disk' })
    for (const name of ['db', 'db', 'www', 'www']) await w.look(name, 'fail')
    assert.deepEqual(w.open(), ['check:www'], 'the other one is paged')
    assert.equal((await stateOf(w, 'db')).state, 'down', 'it is still watched and shown')
    await w.pass(minutes(4))
    w.step(step)
    if (step <= 0) {
      await w.pass(minutes(5))
      assert.deepEqual(w.open(), ['check:www'], 'nothing before its end')
    }
    await w.pass(minutes(2))
    assert.deepEqual(w.open(), ['check:www', 'check:db'], `clock set by ${step / 3_600_000} h`)
    assert.equal((await stateOf(w, 'db')).silencedUntil, null, 'and it is not called silenced any more')
  }
})

test('W-9 a silence that is made longer ends at its new end; one for a check that turned up pages nobody', async (t) => {
  const w = await keeperWorld(t, configOf([checkOf('db')]))
  await w.look('db', 'pass')
  await w.ask('checks.silence', { name: 'db', for: '10m', reason: 'x' })
  for (let n = 0; n < 2; n++) await w.look('db', 'fail')
  await w.ask('checks.silence', { name: 'db', for: '20m', reason: 'longer' })
  await w.pass(minutes(12))
  assert.deepEqual(w.open(), [])
  await w.pass(minutes(9))
  assert.deepEqual(w.open(), ['check:db'])
  const back = await keeperWorld(t, configOf([checkOf('db')]))
  await back.ask('checks.silence', { name: 'db', for: '1m', reason: 'x' })
  for (const is of ['pass', 'fail', 'fail', 'pass', 'pass'] as const) await back.look('db', is)
  for (let n = 0; n < 12; n++) {
    await back.pass(seconds(10))
    await back.look('db', 'pass')
  }
  assert.deepEqual([back.open(), back.entries().filter((it) => it.is === 'incident.opened').length], [[], 0])
})

test('W-9 silencing a check whose incident is open stops the paging, and of that check alone; it is paged again when the silence ends', async (t) => {
  const w = await keeperWorld(t, configOf([checkOf('db'), checkOf('api', { dependsOn: ['db'] })]))
  for (const name of ['db', 'api', 'db', 'api']) await w.look(name, 'fail')
  assert.deepEqual([w.open(), await members(w)], [['check:db'], [['db', 'api']]])
  await w.ask('checks.silence', { name: 'db', for: '10m', reason: 'known', person: 'ada' })
  assert.deepEqual([w.open(), await members(w)], [['check:db'], [['api']]], 'what fails because of it is not silenced')
  await w.ask('checks.silence', { name: 'api', for: '5m', reason: 'known', person: 'ada' })
  assert.deepEqual(w.open(), [])
  await w.pass(minutes(6))
  assert.deepEqual(await members(w), [['api']])
  await w.pass(minutes(5))
  assert.deepEqual(await members(w), [['api', 'db']])
})

test('W-11 W-8 a check that leaves the configuration leaves its incident with an entry that says so; a restart turns nothing and opens nothing twice', async (t) => {
  const config = configOf([checkOf('db'), checkOf('www')])
  const w = await keeperWorld(t, config)
  for (const name of ['db', 'www', 'db', 'www']) await w.look(name, 'fail')
  const before = [turns(w), w.open()]
  assert.deepEqual(before[1], ['check:db', 'check:www'])
  await w.restart()
  for (const name of ['db', 'www', 'db', 'www']) await w.look(name, 'fail')
  assert.deepEqual([turns(w), w.open()], before)
  await w.restart(configOf([checkOf('www')]))
  assert.deepEqual(w.open(), ['check:www'])
  assert.deepEqual(w.entries().filter((it) => ['watch.removed', 'incident.left', 'incident.resolved'].includes(it.is)).map((it) => it.is), ['watch.removed', 'incident.left', 'incident.resolved'])
})

test('P-17 rows that cannot be drawn stop neither the start nor the paging; it is said once, and the rest is pushed', async (t) => {
  const w = await keeperWorld(t, configOf([checkOf('db')]))
  await w.ask('board.post', { status: 'identified', title: 'Errors', text: 'x' })
  // As an older version may have left them, or a damaged disk: numbers that cannot be read back.
  w.sql.exec(`insert into token (id, hash, name, scopes, created, expires_at) values ('tok_1', 'x', 'far', '["read"]', 1, 9008994466033776)`)
  w.sql.exec('update tell_update set at = 9008994466033776')
  w.pushed.length = 0
  await w.restart()
  await w.pass(seconds(30))
  assert.deepEqual(w.said.map((it) => it.split(':')[0]), ['The list of tokens cannot be drawn', 'The board public cannot be drawn'])
  assert(w.pushed.includes('doors') && w.pushed.includes('health') && !w.pushed.includes('tokens') && !w.pushed.includes('board'))
  for (let n = 0; n < 2; n++) await w.look('db', 'fail')
  assert.deepEqual(w.open(), ['check:db'])
  assert.equal((await w.ask('page', { who: 'ada', text: 'help' })).status, 200)
})
