// Which incidents stop a run and which do not, as stories.
import assert from 'node:assert/strict'
import test from 'node:test'
import { checkOf } from '../../../../test/keeper-world.ts'
import { begun, book, type Story } from '../../../../test/story/led.ts'
import { manual, runWorld } from '../../../../test/story/runs.ts'
import type { Cluster } from '../../../rooms/change/topology.ts'
import type { RunAnswer } from '../../../views/change/runs.ts'
import { page } from '../asking/offers.ts'

const down = async (it: Story, ...names: readonly string[]): Promise<void> => {
  for (let n = 0; n < 2; n++) for (const name of names) await it.look(name, 'fail')
}

test('C-8 who leads another run from now on, or that it goes by itself no longer, is told to its people and halts nothing else; what failed there does', async (t) => {
  const it = await runWorld(t, book({ preflight: [], guard: [{ is: 'incidents' }], steps: [manual('look', { until: [{ is: 'boots', host: '{{host}}' }] })] }))
  const begin = async (host: string): Promise<string> => ((await it.ask('runs.begin', { runbook: 'grow', host, person: 'ada' })).body as RunAnswer).run
  const [one, other] = [await begin('web-1'), await begin('web-2')]
  for (const id of [one, other]) assert.deepEqual(await it.press(id, 'ada', 'bo'), [200, 200])
  for (let n = 0; n < 2; n++) await it.second()
  const paged = async (rest: string): Promise<void> => {
    const turn = it.keeper.engine.turn('page', (tx) => page(it.keeper, tx, { plan: { does: 'ada', checks: 'bo' } }, `run:${one}${rest}`, 'Told', 'Told'))
    await it.settle()
    await turn
  }
  for (const rest of ['/alone', '/handed/ada', '/lapsed']) {
    await paged(rest)
    for (let n = 0; n < 3; n++) await it.second()
    assert.deepEqual([it.open().at(-1), (await it.state(other)).halt], [`run:${one}${rest}`, null])
  }
  await paged('/overrun')
  await it.second()
  assert.equal((await it.state(other)).state, 'halted')
})

const SHOP: Cluster = { name: 'shop', kind: 'etcd', members: ['web-1', 'web-2', 'web-3'], weights: {}, from: 'holdfast.yaml:5' }

test('C-8 C-13 a check is down by what a step takes only where each host that it leans on is taken, and each cluster beside it is known to have enough', async (t) => {
  const halt = async (standsOn: readonly string[]): Promise<unknown> => {
    const accept = [{ code: 'tolerance.boot', reason: 'Agreed with the customer' }]
    const runbook = book({ hosts: { cluster: 'shop', names: SHOP.members, serial: 1 }, keep: { cluster: 'shop', tolerate: 0 }, preflight: [], guard: [], steps: [manual('boot', { takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }] }), manual('look')] })
    const it = await begun(t, [checkOf('node', { standsOn })], runbook, { accept }, [SHOP])
    await it.press('ada', 'bo')
    for (let n = 0; n < 2; n++) await it.second()
    assert.equal((await it.state()).state, 'running')
    await down(it, 'node')
    await it.second()
    return (await it.state()).halt?.claim
  }
  const HALTED = 'was opened: node is down'
  assert.deepEqual([await halt(['web-1']), await halt(['web-1', 'shop'])], [undefined, undefined])
  assert.equal(await halt(['web-1', 'web-2']), HALTED, 'web-2 was to carry it')
  assert.equal(await halt(['shop']), HALTED, 'two of three are there to serve it')
})
