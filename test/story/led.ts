// A run of the runbook `grow`, on web-1, that has just begun: what stories of runs are told over.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Runbook, Step } from '../../src/rooms/change/runbook.ts'
import type { Cluster } from '../../src/rooms/change/topology.ts'
import type { Check } from '../../src/rooms/watch/check.ts'
import type { ErrorAnswer } from '../../src/views/answers.ts'
import type { RunAnswer } from '../../src/views/change/runs.ts'
import { manual, runWorld, type RunWorld } from './runs.ts'

export const STEPS: readonly Step[] = [
  manual('memory', { takes: ['{{host}}'], until: [{ is: 'links', host: '{{host}}' }, { is: 'boots', host: '{{host}}' }], undo: { is: 'manual', text: 'Take it out of {{host}} again.' } }), manual('look'),
]
export const book = (more: Partial<Runbook> = {}): Runbook => ({
  name: 'grow', title: 'Add memory', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: ['web-1', 'web-2'], serial: 1 }, preflight: [{ is: 'incidents' }], guard: [{ is: 'links' }, { is: 'checks', names: ['api'] }], steps: STEPS, from: 'holdfast.yaml:9', ...more,
})

/** A run of web-1 that has just begun. */
export interface Story extends Omit<RunWorld, 'press' | 'state' | 'told'> {
  readonly id: string
  press(...people: readonly string[]): Promise<readonly number[]>
  state(): Promise<RunAnswer>
  told(): Promise<readonly string[]>
  call(name: string, more?: object): Promise<{ readonly status: number; readonly body: RunAnswer & ErrorAnswer }>
}

export async function begun(t: TestContext, checks: readonly Check[] = [], runbook = book(), wants: object = {}, clusters: readonly Cluster[] = []): Promise<Story> {
  const it = await runWorld(t, runbook, checks, clusters)
  const { status, body } = await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada', ...wants })
  assert.equal(status, 200, JSON.stringify(body))
  const { run: id } = body as RunAnswer
  return {
    ...it, id,
    get keeper() { return it.keeper },
    press: (...people) => it.press(id, ...people), state: () => it.state(id), told: () => it.told(id),
    call: async (name, more = {}) => (await it.ask(name, { run: id, ...more })) as Awaited<ReturnType<Story['call']>>,
  }
}
