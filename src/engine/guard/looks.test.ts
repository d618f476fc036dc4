// Listings that somebody asked for: at once, one at a time, never more often than once a minute, and never one that had begun before.
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, keeperWorld, START } from '../../../test/keeper-world.ts'
import { hours, instantOf, minutes, ms, seconds } from '../../core/time.ts'
import type { Listed, ToGuard } from '../../rooms/guard/protocol.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { LookAnswer } from '../../views/drills.ts'
import type { BackupSetAnswer } from '../../views/backups.ts'

const pattern = { text: 'shop-{day}.dump', prefix: 'shop-' }
const set = (name: string, ...stores: string[]): BackupSet => ({ name, engine: 'postgres', in: stores.map((store) => ({ store, pattern })), every: hours(24), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1' })

async function world(t: test.TestContext) {
  const given: Extract<ToGuard, { is: 'task' }>[] = []
  const it = await keeperWorld(t, { ...configOf([]), backups: [set('shop', 'nas', 'main'), set('panel', 'nas')] }, { toGuard: (message) => (message.is === 'task' && given.push(message), true) })
  const done = new Set<string>()
  const open = (): string[] => given.filter(({ id }) => !done.has(id)).flatMap(({ task }) => (task.is === 'list' ? [`${task.set} ${task.store}`] : []))
  const answer = async (which: string, result?: Listed): Promise<void> => {
    const task = given.find(({ id, task: one }) => !done.has(id) && one.is === 'list' && `${one.set} ${one.store}` === which) ?? assert.fail(`${which} was not asked for`)
    done.add(task.id)
    it.keeper.guard.hear({ is: 'task-done', id: task.id, result: result ?? { is: 'listed', identity: 'one', copies: [], clock: { is: 'read', at: it.keeper.now().wall, ahead: { least: -500, most: 1500 } } } })
    await it.settle()
  }
  const look = async (name = 'shop', call = 'backups.look'): Promise<LookAnswer> => (await it.ask(call, { set: name })).body as LookAnswer
  const states = async (name = 'shop'): Promise<string[]> => (await look(name, 'backups.looked')).places.map(({ store, state }) => `${store} ${state}`)
  const progress = (says: string): void => it.keeper.guard.hear({ is: 'task-progress', id: given.findLast(({ id }) => !done.has(id))?.id ?? '', says })
  return { ...it, open, answer, look, states, progress }
}

test('G-14 whoever asks has a set listed now, one store at a time, and hears what came of it', async (t) => {
  const w = await world(t)
  assert.equal((await w.ask('backups.looked', { set: 'shop' })).status, 404)
  for (const which of w.open()) await w.answer(which)
  await w.pass(minutes(2))
  assert.deepEqual(w.open(), [])
  assert.equal((await w.look()).over, false)
  await w.look('panel')
  assert.deepEqual([w.open(), await w.states(), await w.states('panel')], [['shop nas'], ['nas listing', 'main waiting'], ['nas waiting']])
  w.progress('no answer of nas for 20 s')
  assert.deepEqual((await w.look('shop', 'backups.looked')).places.map(({ says }) => says)[0], 'no answer of nas for 20 s')
  const at = START + 60_000
  await w.answer('shop nas', { is: 'listed', identity: 'one', copies: [{ key: 'shop-2026-11-21.dump', etag: 'e', bytes: 1000, modifiedAt: instantOf(at) }], clock: { is: 'read', at: instantOf(at), ahead: { least: -500, most: 1500 } } })
  assert.deepEqual([w.open(), await w.states()], [['shop main'], ['nas listed', 'main listing']])
  assert.equal(((await w.ask('backups.show', { set: 'shop' })).body as BackupSetAnswer).copies?.length, 1)
  await w.answer('shop main', { is: 'not-listed', says: 'the disk is away' })
  assert.deepEqual([w.open(), (await w.look('shop', 'backups.looked')).places.map(({ state, says }) => [state, says])], [['panel nas'], [['listed', ''], ['not-listed', 'the disk is away']]])
  await w.answer('panel nas')
  assert.equal((await w.look('panel', 'backups.looked')).over, true)
})

test('X-1 no place is listed more often for that than once a minute, also where it cannot be, and what had begun before is none of it', async (t) => {
  const w = await world(t)
  assert.deepEqual(w.open(), ['panel nas', 'shop main', 'shop nas'], 'these fell due')
  await w.look()
  assert.deepEqual((await w.look('shop', 'backups.looked')).places[0]?.says, 'a listing that began before is under way')
  for (const which of w.open()) await w.answer(which, { is: 'not-listed', says: 'away' })
  await w.pass(seconds(1))
  assert.deepEqual([w.open(), await w.states()], [['shop nas'], ['nas listing', 'main waiting']], 'only now it is theirs')
  await w.answer('shop nas', { is: 'not-listed', says: 'away' })
  await w.answer('shop main')
  const again = await w.look()
  assert.deepEqual(again.places.map(({ state, says }) => [state, says]), [['waiting', 'it was listed 0 ms ago, and is again in 1 min'], ['waiting', 'it was listed 0 ms ago, and is again in 1 min']])
  assert.equal((await w.look()).look, again.look, 'one that has not begun is as good')
  await w.pass(ms(seconds(58)))
  assert.deepEqual(w.open(), [])
  await w.pass(seconds(3))
  assert.deepEqual(w.open(), ['shop nas'])
})

test('X-1 a store that takes long to fail is listed once for all who asked while it waited, and behind the others', async (t) => {
  const w = await world(t)
  for (const which of ['panel nas', 'shop nas']) await w.answer(which)
  await w.pass(minutes(2))
  for (let n = 0; n < 3; n++) {
    await w.look()
    assert.deepEqual(w.open(), ['shop main', 'shop nas'], 'main is listed already, since before they asked')
    await w.answer('shop nas')
    await w.pass(seconds(61))
  }
  await w.answer('shop main', { is: 'not-listed', says: 'away' })
  await w.pass(minutes(2))
  assert.deepEqual([w.open(), await w.states()], [['shop main'], ['nas listed', 'main listing']])
  // Two more ask for it while it is under way, and only then somebody for another set.
  for (let n = 0; n < 2; n++) await w.look()
  await w.look('panel')
  await w.answer('shop main', { is: 'not-listed', says: 'away' })
  assert.deepEqual(w.open(), ['shop nas'], 'it waits again, and the others do not')
  await w.pass(minutes(2))
  await w.answer('shop nas')
  assert.deepEqual(w.open(), ['panel nas'], 'also once its minute is over')
  await w.answer('panel nas')
  assert.deepEqual(w.open(), ['shop main'], 'once, for both')
  await w.answer('shop main')
  assert.deepEqual([w.open(), await w.states()], [[], ['nas listed', 'main listed']])
  await w.pass(minutes(2))
  assert.deepEqual(w.open(), [], 'and no more')
})

test('X-9 whoever asked hears the end of their own listing, however many ask after them', async (t) => {
  const w = await world(t)
  for (const which of w.open()) await w.answer(which)
  await w.pass(minutes(2))
  const first = await w.look('panel')
  const later = await w.look('panel')
  assert(later.look > first.look, 'one that is under way is none of theirs')
  await w.answer('panel nas')
  const told = async (look?: number): Promise<unknown> => {
    const { body } = await w.ask('backups.looked', { set: 'panel', ...(look === undefined ? {} : { look }) })
    const it = body as LookAnswer
    return [it.look, it.over]
  }
  assert.deepEqual([await told(first.look), await told(later.look), await told()], [[first.look, true], [later.look, false], [later.look, false]])
  assert.deepEqual(await told(9999), [later.look, false], 'of one that is not known the newest is told')
})
