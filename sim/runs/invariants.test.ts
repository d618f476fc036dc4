// That a check of the simulator notices what it is there for, on stories that are made up: one in which all is well says nothing.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Entry } from '../../src/core/ledger.ts'
import { instantOf } from '../../src/core/time.ts'
import type { Run } from '../../src/rooms/change/runs/run.ts'
import { CHECKS, type Moved, type Story } from './invariants.ts'

const way = { step: 0, back: false, token: 1, begun: { tick: 0, boot: 'boot' } }
const stand = (more: object = {}): Moved['after'] => ({ phase: { is: 'running', way }, tried: [0], begun: [0], done: [], token: 1, guarded: true, ...more }) as unknown as Omit<Run, 'id' | 'steps'>
const halt = { subject: 'run', is: 'other', claim: 'bo halted it' }
const moved = (seq: number, event: string, after: Moved['after']): Moved => ({ seq, at: seq * 1000, wall: instantOf(seq * 1000), event, before: stand(), after, asked: undefined, told: [] })
const word = (seq: number): Entry => ({ seq, is: 'change.identified', stream: 'run:run_1:identities', body: { id: 'run_1', token: 1, identity: 'it' } }) as unknown as Entry

/** Entries are written a second after one another; the deed begins at its target when it is said to. */
function saysOf(moves: readonly Moved[], ledger: readonly Entry[], deeds: readonly number[]): readonly string[] {
  const log = deeds.map((at) => ({ name: 'run_1.1', on: 'db-1', what: 'boot', at }))
  const story = { moves, ledger, plan: { id: 'run_1' }, world: { ground: { log }, writtenAt: (seq: number) => seq * 1000 } }
  return CHECKS['lastWord']?.(story as unknown as Story) ?? assert.fail('there is no such check')
}

test('C-6 a deed that the keeper let begin after a halt or an end, or without a word of it, is noticed', () => {
  const [ruled, halted] = [moved(1, 'ruled', stand()), moved(2, 'turned', stand({ halt }))]
  assert.deepEqual(saysOf([ruled], [word(2)], [2500]), [])
  assert.deepEqual(saysOf([ruled, moved(3, 'turned', stand({ halt }))], [word(2)], [4000]), [], 'the word was given before the halt')
  assert.deepEqual(saysOf([ruled, halted, moved(3, 'resumed', stand())], [word(4)], [4500]), [], 'both let it go on')
  assert.deepEqual(saysOf([moved(1, 'ruled', stand({ halt, phase: { is: 'running', way: { ...way, against: true } } }))], [word(2)], [2500]), [], 'both typed that they want it')
  assert.deepEqual(saysOf([ruled, halted], [word(3)], []), ['C-6: run_1.1 was let begin, and the run was halted'])
  assert.deepEqual(saysOf([ruled, moved(2, 'stopped', stand({ phase: { is: 'over', how: 'aborted', way } }))], [word(3)], []), ['C-6: run_1.1 was let begin, and the run was over'])
  for (const ledger of [[], [word(2)]]) assert.deepEqual(saysOf([ruled], ledger, [1500]), ['C-6: run_1.1 began, and the keeper had not given its last word on it'])
})
