// Which incidents stop a run and which do not, as stories.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { checkOf } from '../../../../test/keeper-world.ts'
import { begun, book, type Story } from '../../../../test/story/led.ts'
import { AGAIN, manual, runWorld } from '../../../../test/story/runs.ts'
import { seconds } from '../../../core/time.ts'
import type { Check } from '../../../rooms/watch/check.ts'
import type { Runbook } from '../../../rooms/change/runbook.ts'
import type { Cluster } from '../../../rooms/change/topology.ts'
import { loadAgreement } from '../../../rooms/people/agreement-rows.ts'
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

test('C-8 C-13 a cluster beside the taken host that is not known for a moment is waited for as long as for the cluster itself: then the check is down by that host, or is a surprise', async (t) => {
  const beside: Cluster = { ...SHOP, name: 'beside', members: ['db-1', 'db-2', 'db-3'] }
  const unknown = async (guard: Runbook['guard']): Promise<Story> => {
    const steps = [manual('boot', { takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }] }), manual('look')]
    const it = await begun(t, [checkOf('node', { standsOn: ['web-1', 'beside'] })], book({ hosts: { names: ['web-1', 'web-2', 'web-3'], serial: 1 }, preflight: [], guard, steps }), {}, [beside])
    await it.press('ada', 'bo')
    for (const host of beside.members) it.mute.add(host)
    for (let n = 0; n < 11; n++) await it.second()
    assert.deepEqual([(await it.state()).state, it.keeper.members.sight(beside, it.keeper.now()).is], ['running', 'unknown'])
    await down(it, 'node')
    return it
  }
  for (const guard of [[], [{ is: 'incidents' }]] as const) {
    const moment = await unknown(guard)
    assert.equal(await stands(moment), undefined)
    moment.mute.clear()
    for (let n = 0; n < 6; n++) await moment.second()
    assert.deepEqual([await stands(moment), moment.open()], [undefined, ['check:node']], 'one outage, one incident, and no halt')
    const lasts = await unknown(guard)
    for (let n = 0; n < 3; n++) await lasts.second()
    assert.equal(await stands(lasts), 'was opened: node is down', 'what stays unknown is no good news')
  }
})

/** A run of which the step that booted web-1 is done, where no incident is wanted; the check of web-1 had failed once, or was down, by then. */
async function back(t: TestContext, fails: number, guard: Runbook['guard'] = [{ is: 'incidents' }], next = manual('look', { until: [{ is: 'boots', host: 'web-2' }] }), more: readonly Check[] = []): Promise<Story> {
  const checks = [checkOf('node', { standsOn: ['web-1'] }), ...more]
  const it = await begun(t, checks, book({ guard, steps: [manual('boot', { takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }] }), next] }))
  for (let n = 0; n < 2; n++) await it.look('node', 'pass')
  await it.press('ada', 'bo')
  await it.second()
  for (let n = 0; n < fails; n++) await it.look('node', 'fail')
  it.boots.set('web-1', AGAIN)
  for (let n = 0; n < 3; n++) await it.second()
  assert.equal((await it.state()).steps[0]?.state, 'done')
  return it
}
const stands = async (it: Story): Promise<unknown> => {
  for (let n = 0; n < 2; n++) await it.second()
  return (await it.state()).halt?.claim
}

test('C-8 C-13 what went down with a host that is just back is no surprise while it recovers, and keeps the next step from beginning', async (t) => {
  const it = await back(t, 2)
  assert.deepEqual([await stands(it), it.open()], [undefined, ['check:node']])
  assert.deepEqual(await it.press('ada'), [409], 'nothing begins before it is over')
  await it.look('node', 'fail')
  assert.equal(await stands(it), undefined, 'it was not well yet')
  for (let n = 0; n < 3; n++) await it.look('node', 'pass')
  assert.deepEqual([await stands(it), it.open(), await it.press('ada')], [undefined, [], [200]])
  const late = await back(t, 1)
  await late.look('node', 'fail')
  assert.deepEqual([await stands(late), late.open()], [undefined, ['check:node']], 'it fails since before the host was back')
})

test('C-8 C-13 what went down with a host, was well when it was back and fails again halts the run, and so does what is not well in its time, whatever the guard wants', async (t) => {
  for (const guard of [[{ is: 'incidents' }], []] as const) {
    const again = await back(t, 2, guard)
    await again.press('ada')
    await again.look('node', 'pass')
    assert.equal(await stands(again), undefined)
    await again.look('node', 'fail')
    assert.match(String(await stands(again)), guard.length > 0 ? /node is down/ : /^did not end: node is down/)
    const never = await back(t, 2, guard)
    const lasts = async (n: number): Promise<unknown> => {
      for (let at = 0; at < n; at++) {
        await never.leap(seconds(5))
        await never.look('node', 'fail')
        await never.second()
      }
      return (await never.state()).halt?.claim
    }
    assert.equal(await lasts(9), undefined)
    assert.match(String(await lasts(30)), /node is down/)
    assert.ok(never.open().includes(`run:${never.id}`), 'both are paged')
  }
})

/** A run whose next step brings back what went down with the host, and that has halted since nothing else does. */
async function stuck(t: TestContext, guard: Runbook['guard'] = []): Promise<Story> {
  const it = await back(t, 2, guard, manual('start', { until: [{ is: 'checks', names: ['node'] }] }), [checkOf('twin', { standsOn: ['web-1'] }), checkOf('other')])
  for (let at = 0; at < 40; at++) {
    await it.leap(seconds(5))
    for (const name of ['twin', 'other']) await it.look(name, 'pass')
    await it.look('node', 'fail')
    await it.second()
  }
  assert.match(String((await it.state()).halt?.claim), /node is down/)
  return it
}
const askedOf = async (it: Story): Promise<{ readonly text?: string; readonly typed?: string }> => loadAgreement(it.sql, (await it.state()).asked?.agreement ?? '')?.asked ?? {}

test('C-15 C-8 a run halted by what a step that is still to come brings back goes on by the typed word of both and fresh looks at all else, and never by itself', async (t) => {
  for (const guard of [[], [{ is: 'incidents' }]] as const) {
    const it = await stuck(t, guard)
    for (let n = 0; n < 30; n++) await it.second()
    assert.equal((await it.state()).state, 'halted')
    assert.equal((await it.call('runs.resume')).status, 200)
    const { text, typed } = await askedOf(it)
    assert.equal(typed, 'web-1')
    assert.match(text ?? '', /everything else passes[^]*You go on despite incident \d+ \(node is down\): down with what was taken/)
    assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
    assert.equal(await stands(it), undefined, 'no look at the rest is older than their words')
    assert.deepEqual([(await it.state()).state, (await it.told()).at(-2)], ['offered', 'resumed'])
    await it.restart()
    await it.heard()
    assert.equal(await stands(it), undefined, 'it stands in the ledger')
    assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
    await it.second()
    assert.equal((await it.state()).state, 'running')
    for (let n = 0; n < 3; n++) await it.look('node', 'pass')
    await it.second()
    assert.equal((await it.state()).state, 'done')
  }
})

test('C-15 C-8 what both go on despite is that one incident: what else is there keeps the run where it is, what is opened later halts it, and so does the same check when it fails anew', async (t) => {
  const other = await stuck(t)
  await other.call('runs.resume')
  await down(other, 'other')
  assert.deepEqual(await other.press('ada', 'bo'), [200, 200])
  for (let n = 0; n < 25; n++) await other.second()
  assert.equal((await other.state()).state, 'halted')
  for (let n = 0; n < 3; n++) await other.look('other', 'pass')
  await other.call('runs.resume')
  await other.press('ada', 'bo')
  assert.equal(await stands(other), undefined)
  await down(other, 'twin')
  assert.match(String(await stands(other)), /^was opened: twin is down/, 'another one that leans on the host')
  const anew = await stuck(t)
  await anew.call('runs.resume')
  await anew.press('ada', 'bo')
  assert.equal(await stands(anew), undefined)
  for (let n = 0; n < 3; n++) await anew.look('node', 'pass')
  assert.deepEqual([await stands(anew), anew.open().includes('check:node')], [undefined, false])
  await down(anew, 'node')
  assert.match(String(await stands(anew)), /^was opened: node is down/)
})

test('C-15 to go on after a halt by anything but what does not end takes no typed word, and excuses nothing', async (t) => {
  const it = await back(t, 0, [], undefined, [checkOf('other')])
  await down(it, 'other')
  assert.match(String(await stands(it)), /^was opened: other is down/)
  await it.call('runs.resume')
  assert.equal((await askedOf(it)).typed, undefined)
  await it.press('ada', 'bo')
  for (let n = 0; n < 25; n++) await it.second()
  assert.equal((await it.state()).state, 'halted')
})
