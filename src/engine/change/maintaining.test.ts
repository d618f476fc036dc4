// smilingpeanut as a run: a server is worked on while a standby serves; “done” was said, and the customers' data were gone. Here what is seen ends the work, and
// nobody's word; the way back to the server is not offered before; and both are paged when it takes longer than it may.
import assert from 'node:assert/strict'
import test from 'node:test'
import { checkOf } from '../../../test/keeper-world.ts'
import { AGAIN, manual, runWorld } from '../../../test/story/runs.ts'
import { minutes } from '../../core/time.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import type { RunAnswer } from '../../views/change/runs.ts'

const BOOK: Runbook = {
  name: 'extended-maintenance', title: 'Serve from the standby', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: ['web-1'], serial: 1 }, preflight: [{ is: 'checks', names: ['standby', 'known-file'] }, { is: 'incidents' }],
  guard: [{ is: 'checks', names: ['standby'] }], from: 'holdfast.yaml:9',
  steps: [
    manual('to-standby', { until: [{ is: 'checks', names: ['standby'] }] }),
    manual('work', { within: minutes(1), takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }, { is: 'checks', names: ['web', 'known-file'] }] }),
    manual('back', { until: [{ is: 'checks', names: ['web'] }] }),
  ],
}
const ON_WEB = ['web', 'known-file']

test('C-4 C-13 C-18 a server is back when it was booted, serves, and has its customers’ data: until then nothing leads back to it, and both are paged in the end', { timeout: 60_000 }, async (t) => {
  const it = await runWorld(t, BOOK, [checkOf('standby'), ...ON_WEB.map((name) => checkOf(name, { standsOn: ['web-1'] }))])
  const look = async (is: 'pass' | 'fail', ...names: readonly string[]): Promise<void> => {
    for (const name of names) await it.look(name, is)
  }
  for (let n = 0; n < 2; n++) await look('pass', 'standby', ...ON_WEB)
  for (let n = 0; n < 2; n++) await look('fail', 'standby')
  const early = await it.ask('runs.begin', { runbook: BOOK.name, host: 'web-1', person: 'ada' })
  assert.deepEqual([early.status, JSON.stringify(early.body).includes('standby')], [409, true], 'a standby that fails is no standby')
  for (let n = 0; n < 2; n++) await look('pass', 'standby')
  const begun = await it.ask('runs.begin', { runbook: BOOK.name, host: 'web-1', person: 'ada' })
  assert.equal(begun.status, 200, JSON.stringify(begun.body))
  const { run } = begun.body as RunAnswer
  const both = async (): Promise<void> => {
    assert.deepEqual(await it.press(run, 'ada', 'bo'), [200, 200])
    for (let n = 0; n < 3; n++) {
      await it.second()
      await look('pass', 'standby', ...ON_WEB)
    }
  }
  await both()
  assert.deepEqual((await it.state(run)).steps.map(({ state }) => state), ['done', 'offered', 'waiting'])
  await both()
  assert.equal((await it.state(run)).steps[1]?.state, 'running')
  // It goes down, as it is expected to; its checks fail and open an incident, which halts nothing.
  for (let n = 0; n < 3; n++) {
    await it.second({ 'web-1': 'silent' })
    await look('fail', ...ON_WEB)
    await look('pass', 'standby')
  }
  assert.deepEqual([(await it.state(run)).state, (await it.state(run)).halt], ['running', null])
  // “Done”: it was booted and serves, and its customers' disk is empty.
  it.boots.set('web-1', AGAIN)
  const seconds = async (many: number): Promise<void> => {
    for (let n = 0; n < many; n++) {
      await it.second()
      await look('pass', 'standby', 'web')
      await look('fail', 'known-file')
    }
  }
  await seconds(5)
  assert.equal((await it.state(run)).steps[1]?.state, 'running')
  await seconds(60)
  assert(it.open().includes(`run:${run}/overrun`), 'both are paged')
  assert.deepEqual([(await it.state(run)).steps[1]?.state, (await it.told(run)).filter((says) => says.startsWith('offered back'))], ['running', []])
  // The data are there again, and only then is the way back offered.
  for (let n = 0; n < 3; n++) {
    await it.second()
    await look('pass', 'standby', ...ON_WEB)
  }
  assert.deepEqual([(await it.state(run)).steps[1]?.state, (await it.told(run)).at(-1)], ['done', 'offered back'])
})
