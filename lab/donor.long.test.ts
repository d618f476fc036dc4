// A member of a real Galera cluster that joins anew while its step is under way: the one that gives its data to it is Donor/Desynced meanwhile, which is no turn then (C-13), and
// one at any other time. The members are asked by the very parts that the scout is made of; the keeper hears them by its own clock, which is turned as fast as real time goes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClock } from '../src/ports/world/clock.ts'
import { ms, type Stamp } from '../src/core/time.ts'
import type { OfMember } from '../src/rooms/change/heard/protocol.ts'
import type { Cluster } from '../src/rooms/change/topology.ts'
import type { RunAnswer } from '../src/views/change/runs.ts'
import { book } from '../test/story/led.ts'
import { manual, runWorld } from '../test/story/runs.ts'
import { sleep } from '../test/story/world.ts'
import { galera, listenTo } from './clusters.ts'

const NAMES = ['db-1', 'db-2', 'db-3']
const SHOP: Cluster = { name: 'shop-db', kind: 'galera', members: NAMES, weights: {}, canary: 'holdfast.canary', from: '' }

test('C-1 C-13 C-14 a real donor that is Desynced while the member of the step joins halts nothing, and one while no step takes anything does', { timeout: 300_000 }, async (t) => {
  const nodes = await galera(t)
  nodes.sql(1, 'create table holdfast.ballast (id int auto_increment primary key, it longtext)')
  for (let n = 0; n < 12; n++) nodes.sql(1, "insert into holdfast.ballast (it) values (repeat('0123456789abcdef', 524288))")
  const told: OfMember[] = []
  const real = listenTo(t, [SHOP], { 'shop-db': { as: nodes.as } }, (message) => void told.push(message))
  await real.well(30_000)
  const takes = ['{{host}}']
  const steps = [manual('stop', { takes, until: [{ is: 'stopped', host: '{{host}}' }] }), manual('start', { takes, until: [{ is: 'synced', cluster: 'shop-db', host: '{{host}}' }] })]
  const it = await runWorld(t, book({ hosts: { cluster: 'shop-db', names: NAMES, serial: 1 }, keep: { cluster: 'shop-db', tolerate: 0 }, preflight: [], guard: [{ is: 'members', cluster: 'shop-db', atLeast: 2 }], steps }), [], [SHOP])
  for (const name of NAMES) it.mute.add(name)
  const clock = createClock()
  let [last, beats] = [clock.now().tick as number, 0]
  const donors: string[] = []
  /** Half a second of real time, as the keeper has it. */
  const beat = async (): Promise<void> => {
    await sleep(500)
    if (beats++ % 4 === 0) real.write()
    // Whole ms: what is left of one comes with the next.
    const gone = Math.floor(clock.now().tick - last)
    last += gone
    await it.pass(ms(gone))
    await it.heard()
    const stamped = (at: Stamp): Stamp => ({ tick: Math.floor(it.keeper.now().tick - (last - at.tick)) as Stamp['tick'], boot: 'boot' })
    for (const message of told.splice(0)) {
      if (message.is === 'member' && message.report.is === 'galera' && message.report.donor === true) donors.push(message.host)
      it.keeper.runs.hear(message.is === 'mute' ? { ...message, at: stamped(message.at) } : { ...message, asked: stamped(message.asked) })
    }
    it.keeper.runs.tick()
    await it.settle()
  }
  const saw = async (what: string, limit: number, holds: () => Promise<boolean>, more: () => unknown = () => ''): Promise<void> => {
    for (const began = Date.now(); !(await holds()); await beat()) assert.ok(Date.now() - began < limit, `${what}: not within ${limit} ms ${JSON.stringify(await more())}`)
  }
  let run = ''
  const begin = async (host: string): Promise<void> => {
    let body: unknown
    await saw(`it begins on ${host}`, 60_000, async () => {
      const came = await it.ask('runs.begin', { runbook: 'grow', host, person: 'ada', accept: [{ code: 'tolerance.stop', reason: 'Agreed with the customer' }] })
      if (came.status === 200) ({ run } = came.body as RunAnswer)
      body = came.body
      return came.status === 200
    }, () => body)
  }
  /** Both press, and it begins. */
  const pressed = async (step: number): Promise<void> => {
    await saw(`both have pressed for step ${step}`, 30_000, async () => {
      const { state } = await it.state(run)
      return state !== 'offered' || (await it.press(run, 'ada', 'bo')).every((status) => status === 200)
    }, () => it.state(run))
    await saw(`step ${step} begins`, 40_000, async () => (await it.state(run)).steps[step]?.state === 'running', () => it.state(run))
  }

  await begin('db-3')
  await pressed(0)
  nodes.node(3).signal('SIGTERM')
  await nodes.node(3).over
  await saw('db-3 is seen to have stopped', 30_000, async () => (await it.state(run)).steps[0]?.state === 'done', () => it.state(run))
  nodes.wipe(3)
  await pressed(1)
  const began = Date.now()
  nodes.start(3)
  await saw('db-3 is a member again', 120_000, async () => (await it.state(run)).state === 'done' || (await it.state(run)).halt !== null, () => it.state(run))
  const joined = Date.now() - began
  const { state, halt } = await it.state(run)
  assert.deepEqual([state, halt, it.open()], ['done', null, []])
  assert.ok(donors.length > 0 && donors.every((host) => host !== 'db-3'), `a donor was seen: ${donors.join()}`)
  assert.equal(nodes.sql(3, 'select count(*) from holdfast.ballast'), '12')

  await real.well(30_000)
  await begin('db-2')
  await saw('one of them has pressed', 30_000, async () => (await it.press(run, 'ada'))[0] === 200, () => it.state(run))
  await beat()
  assert.equal((await it.state(run)).halt, null)
  nodes.sql(1, 'set global wsrep_desync=ON')
  const since = Date.now()
  await saw('the donor halts it', 20_000, async () => (await it.state(run)).halt !== null, () => real.sight())
  assert.match((await it.state(run)).halt?.claim ?? '', /gives its data to another member, or was set aside/)
  t.diagnostic(`joined by a whole copy after ${joined} ms, ${donors.length} looks saw a donor (${[...new Set(donors)].join()}); a donor while nothing is taken halted it after ${Date.now() - since} ms`)
})
