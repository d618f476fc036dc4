// The plan of all hosts as people read it: what is worked on at the same time, and what is tolerated while all of it is out.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Session } from '../../session.ts'
import { drawRolling, planAll } from './rollings.ts'
import type { RollingAnswer } from '../../../views/change/rollings.ts'

const drawn = (body: object): { readonly session: Session; readonly said: string[] } => {
  const said: string[] = []
  const out = { paint: (_style: string, text: string) => text, data: (text = '') => void said.push(text), answer: (_body: unknown, draw: () => void) => draw(), table: () => undefined, shape: () => '' }
  return { said, session: { server: { send: () => Promise.resolve({ status: 200, body }) }, out } as unknown as Session }
}

test('the plan of a rolling run names its batches, and what is tolerated with all of one out', async () => {
  const plan = (host: string): object => ({ host, tolerance: 2, steps: [{ id: 'stop', text: `stop ${host}`, tolerance: 1, gates: [] }] })
  const { session, said } = drawn({ id: 'plan_1', hash: 'ab'.repeat(32), runbook: 'grow', max_failures: 0, accept: [], plans: ['a', 'b', 'c'].map(plan), batches: [{ domain: 'rack r1', hosts: ['a', 'b'], tolerance: 1 }, { domain: 'host c', hosts: ['c'], tolerance: 1 }] })
  assert.equal(await planAll(session, 'grow', {}), 4)
  assert.equal(said[0], 'grow on 3 hosts, in 2 batches of at most 2, each within one failure domain; the first failure stops the rest')
  assert.deepEqual(said.filter((line) => line.startsWith('At the same time')), ['At the same time: a, b  rack r1  further failures tolerated with all of it out: 1'])
})

test('a rolling run that is halted says which hosts have to be done before the next one', () => {
  const { session, said } = drawn({})
  const host = (name: string): object => ({ host: name, batch: 1, state: 'at-work', failed: false, run: 'run_1', stands: 'halted' })
  drawRolling(session, { rolling: 'rol_1', title: 'Update', state: 'halted', halt: 'a is halted', hosts: [host('a'), host('b')], does: 'ada', checks: 'bo', rehearse: false } as unknown as RollingAnswer)
  assert.match(said.join('\n'), /Halted: a is halted\. holdfast runbooks resume rol_1 lets the next host begin, once a and b are done\.$/)
})
