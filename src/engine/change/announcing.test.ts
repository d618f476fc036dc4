// What a run says to the public: the announced work begins, is halted and ends with it; nothing of what was seen is in it, and nothing is told of what nobody announced.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { configOf, keeperWorld, type KeeperWorld } from '../../../test/keeper-world.ts'
import { dueIn, hours, tickOf } from '../../core/time.ts'
import type { RunPlan } from '../../rooms/change/runs/record.ts'
import type { BoardAnswer } from '../../views/answers.ts'
import { announcing, type Announcing } from './announcing.ts'

const announce = { board: 'public', components: ['All'], lead: hours(48) }
const world = (t: TestContext): Promise<KeeperWorld> => keeperWorld(t, configOf([]))
async function told(it: KeeperWorld): Promise<{ state: string; words: string[] }[]> {
  const { boards } = (await it.ask('board.show', {})).body as BoardAnswer
  return (boards[0]?.board.maintenances ?? []).map(({ state, updates }) => ({ state, words: updates.map(({ body }) => body).toReversed().slice(1) }))
}
async function says(it: KeeperWorld, act: (from: Announcing, tx: Parameters<Announcing['halted']>[0]) => void): Promise<void> {
  const done = it.keeper.engine.turn('run', (tx) => act(announcing(it.keeper.rooms.tell.planned), tx))
  await it.settle()
  await done
}
const plan = (it: KeeperWorld, from: string): Promise<unknown> => it.ask('board.announce', { title: 'Memory', text: 'x', components: ['All'], from, until: '3h' })

test('T-2 T-7 C-18 announced work begins, is halted, goes on and ends with its run', async (t) => {
  const it = await world(t)
  await plan(it, '72h')
  await says(it, (run, tx) => run.began(tx, 'run_1', { announce }))
  assert.deepEqual(await told(it), [{ state: 'scheduled', words: [] }], 'it is not its time')
  await it.leap(hours(72))
  await says(it, (run, tx) => run.began(tx, 'run_1', {}))
  assert.equal((await told(it))[0]?.state, 'scheduled', 'a runbook without a rule tells nobody')
  for (let twice = 0; twice < 2; twice++) await says(it, (run, tx) => run.began(tx, 'run_1', { announce }))
  for (let twice = 0; twice < 2; twice++) await says(it, (run, tx) => run.halted(tx, 'run_1'))
  await says(it, (run, tx) => run.ended(tx, 'run_2', 'done'))
  await says(it, (run, tx) => run.resumed(tx, 'run_1'))
  assert.equal((await told(it))[0]?.state, 'in_progress', 'another run ends nothing of it')
  for (let twice = 0; twice < 2; twice++) await says(it, (run, tx) => run.ended(tx, 'run_1', 'done'))
  assert.deepEqual(await told(it), [{ state: 'completed', words: [
    'The work has begun. It is to end by 21 Nov 2026 14:06 UTC.', 'The work is halted.', 'The work goes on.', 'The work is completed.',
  ] }])
})

test('T-7 what was announced too late, and for now, is begun by its run all the same: the board never says that it has not begun', async (t) => {
  const it = await world(t)
  await plan(it, '1h')
  await says(it, (run, tx) => run.began(tx, 'run_1', { announce }))
  assert.equal((await told(it))[0]?.state, 'scheduled', 'it is not its time')
  await it.leap(hours(1))
  await says(it, (run, tx) => run.began(tx, 'run_1', { announce: { ...announce, components: ['All', 'Other'] } }))
  assert.equal((await told(it))[0]?.state, 'scheduled', 'it is not this work')
  await says(it, (run, tx) => run.began(tx, 'run_1', { announce }))
  assert.equal((await told(it))[0]?.state, 'in_progress')
  await says(it, (run, tx) => run.ended(tx, 'run_1', 'done'))
  assert.equal((await told(it))[0]?.state, 'completed')
})

test('T-7 what was taken back is not called completed, and what a person began is that person’s to end', async (t) => {
  const it = await world(t)
  await plan(it, '72h')
  await it.leap(hours(72))
  await says(it, (run, tx) => run.began(tx, 'run_1', { announce }))
  await says(it, (run, tx) => run.ended(tx, 'run_1', 'undone'))
  assert.deepEqual((await told(it)).map(({ state, words }) => [state, words.at(-1)]), [['ended_early', 'The work was taken back; it is not done.']])
  const { body } = await it.ask('board.announce', { title: 'By hand', text: 'x', components: ['All'], from: '49h', until: '3h' })
  await it.leap(hours(50))
  await it.ask('board.begin', { maintenance: (body as { id: string }).id, person: 'ada' })
  await says(it, (run, tx) => run.began(tx, 'run_2', { announce }))
  await says(it, (run, tx) => run.ended(tx, 'run_2', 'aborted'))
  assert.deepEqual((await told(it)).map(({ state }) => state), ['in_progress', 'ended_early'])
})

/** A run of one step on a host, up to its first step; `to`: what comes to it from there. */
async function runOn(it: KeeperWorld, host: string, { id = `run_${host}`, rehearse = false, names = [host], to = [], rolling }: { id?: string; rehearse?: boolean; names?: readonly string[]; rolling?: string; to?: readonly ('held' | 'stopped')[] } = {}): Promise<void> {
  const lapsesAt = dueIn(it.keeper.now(), hours(1))
  const stamp = { tick: it.keeper.now().tick, boot: 'boot' }
  const of = { id, host, claims: [id], ...(rolling === undefined ? {} : { rolling }), runbook: { name: 'grow', title: 'x', announce, hosts: { names, serial: 1 }, steps: [{ id: 'one' }] }, rehearse, hash: 'h', accepted: [], by: 'ada', does: 'ada', checks: 'bo', at: it.keeper.now().wall, texts: [] } as unknown as RunPlan
  const done = it.keeper.engine.turn('run', (tx) => {
    const { change } = it.keeper.rooms
    change.begin(tx, of, [{ id: 'one', hash: 'h1', takes: [], raises: false, idempotent: false }])
    change.take(tx, id, { is: 'offered', leg: { step: 0, back: false }, lapsesAt })
    change.take(tx, id, { is: 'pressed', hash: 'h1', at: { ...stamp, tick: tickOf(stamp.tick - 5) } })
    const ruled = change.take(tx, id, { is: 'ruled', found: 'pass', from: stamp, accepted: false, window: 'open' })
    for (const is of to) change.take(tx, id, is === 'held' ? { is, token: 1, from: { ...stamp, tick: tickOf(stamp.tick + 5) } } : { is })
    return ruled
  })
  await it.settle()
  assert.equal(typeof await done, 'object', JSON.stringify(await done))
}

test('T-7 work on several servers is completed with the last of them, and not with the first', async (t) => {
  const it = await world(t)
  const names = ['db-1', 'db-2', 'db-3']
  await plan(it, '72h')
  await it.leap(hours(72))
  const lasts = async (): Promise<unknown> => (await told(it)).map(({ state, words }) => [state, words.at(-1)])
  for (const host of ['db-1', 'db-2']) {
    await runOn(it, host, { names, to: ['held'] })
    assert.deepEqual(await lasts(), [['in_progress', 'A part of the work is done; the work goes on.']], host)
  }
  await runOn(it, 'db-3', { id: 'run_r', names, rehearse: true, to: ['held'] })
  assert.deepEqual(await lasts(), [['in_progress', 'A part of the work is done; the work goes on.']], 'a rehearsal is no part of it')
  await runOn(it, 'db-3', { names, to: ['held'] })
  assert.deepEqual(await lasts(), [['completed', 'The work is completed.']])
})

test('T-7 the last run within the time of the work completes it, whatever it was planned for', async (t) => {
  const it = await world(t)
  await plan(it, '72h')
  await it.leap(hours(72))
  await runOn(it, 'db-1', { names: ['db-1', 'db-2'] })
  it.step(hours(4))
  await says(it, (run, tx) => run.ended(tx, 'run_db-1', 'done'))
  assert.equal((await told(it))[0]?.state, 'completed')
})

test('T-7 a run that is aborted while a step is under way ended early, and was not called off', async (t) => {
  const it = await world(t)
  await plan(it, '72h')
  await it.leap(hours(72))
  await runOn(it, 'db-1', { names: ['db-1', 'db-2'], to: ['held'] })
  await runOn(it, 'db-2', { names: ['db-1', 'db-2'], to: ['stopped'] })
  assert.deepEqual((await told(it)).map(({ state, words }) => [state, words.at(-1)]), [['ended_early', 'The work ended early: not all of it was done.']])
})

test('C-18 T-7 a run that takes its first step begins what was announced, and a rehearsal tells nobody', async (t) => {
  const it = await world(t)
  await plan(it, '72h')
  await it.leap(hours(72))
  for (const rehearse of [true, false]) {
    await runOn(it, 'db-1', { id: rehearse ? 'run_r' : 'run_1', rehearse })
    assert.equal((await told(it))[0]?.state, rehearse ? 'scheduled' : 'in_progress')
  }
  await says(it, (_run, tx) => it.keeper.rooms.change.take(tx, 'run_1', { is: 'turned', turn: { subject: 'link:db-2/eth0', is: 'link', host: 'db-2', claim: 'lost carrier' } }))
  assert.match((await told(it))[0]?.words.at(-1) ?? '', /^The work is halted\.$/)
  assert.doesNotMatch(JSON.stringify(await told(it)), /db-2|carrier/)
  await says(it, (_run, tx) => it.keeper.rooms.change.take(tx, 'run_1', { is: 'stopped' }))
  assert.equal((await told(it))[0]?.state, 'ended_early')
})

test('T-7 of many hosts the public is told once: what failed on one ends the work only with the rolling run', async (t) => {
  const it = await world(t)
  await plan(it, '72h')
  await it.leap(hours(72))
  const { rollings } = it.keeper.rooms.change
  const names = ['a', 'b', 'c']
  const roll = (event: Parameters<typeof rollings.take>[2]): Promise<void> => says(it, (_run, tx) => void rollings.take(tx, 'rol_1', event))
  await says(it, (_run, tx) => void rollings.begin(tx, { id: 'rol_1', runbook: 'grow', title: 'x', claims: ['it'], plans: {}, hash: 'h', by: 'ada', does: 'ada', checks: 'bo', rehearse: false, at: it.keeper.now().wall }, { batches: names.map((name) => [name]), maxFailures: 0 }))
  for (const [host, to] of [['a', 'held'], ['b', 'stopped']] as const) {
    await roll({ is: 'begun', host, run: `run_${host}` })
    await runOn(it, host, { names, to: [to], rolling: 'rol_1' })
    assert.equal((await told(it))[0]?.state, 'in_progress', host)
    await roll({ is: 'ended', host, how: to === 'held' ? 'done' : 'aborted', touched: true })
  }
  assert.deepEqual((await told(it)).map(({ state, words }) => [state, words.at(-1)]), [['in_progress', 'The work is halted.']])
  await roll({ is: 'stopped' })
  assert.deepEqual((await told(it)).map(({ state, words }) => [state, words.at(-1)]), [['ended_early', 'The work ended early: not all of it was done.']])
})

for (const [fate, second, last] of [['one has failed', 'stopped', ['ended_early', 'The work ended early: not all of it was done.']], ['all are done', 'held', ['completed', 'The work is completed.']]] as const) {
  test(`T-2 T-7 of many hosts that take longer than was announced the public is told the end with the last of them, and what it was: ${fate}`, async (t) => {
    const it = await world(t)
    await plan(it, '72h')
    await it.leap(hours(72))
    const { rollings } = it.keeper.rooms.change
    const roll = (event: Parameters<typeof rollings.take>[2]): Promise<void> => says(it, (_run, tx) => void rollings.take(tx, 'rol_1', event))
    const hosts = ['a', 'b', 'c']
    // One that the runbook names is not among them: what is told at the end is the run's own end.
    const names = [...hosts, 'd']
    await says(it, (_run, tx) => void rollings.begin(tx, { id: 'rol_1', runbook: 'grow', title: 'x', claims: ['it'], plans: {}, hash: 'h', by: 'ada', does: 'ada', checks: 'bo', rehearse: false, at: it.keeper.now().wall }, { batches: hosts.map((name) => [name]), maxFailures: 1 }))
    const seen: unknown[] = []
    for (const [host, to] of [['a', 'held'], ['b', second], ['c', 'held']] as const) {
      await roll({ is: 'begun', host, run: `run_${host}` })
      await runOn(it, host, { names, rolling: 'rol_1' })
      if (host === 'a') it.step(hours(4))
      await says(it, (_run, tx) => void it.keeper.rooms.change.take(tx, `run_${host}`, to === 'held' ? { is: to, token: 1, from: { tick: tickOf(it.keeper.now().tick + 5), boot: 'boot' } } : { is: to }))
      seen.push((await told(it)).map(({ state, words }) => [state, words.at(-1)]))
      await roll({ is: 'ended', host, how: to === 'held' ? 'done' : 'aborted', touched: true })
    }
    assert.deepEqual(seen, hosts.map(() => [['in_progress', 'A part of the work is done; the work goes on.']]))
    assert.deepEqual((await told(it)).map(({ state, words }) => [state, words.at(-1)]), [last])
  })
}
