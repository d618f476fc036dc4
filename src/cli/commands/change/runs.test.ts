// A rolling run as it is followed: its own lines, and those of the run of each host to their end.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Session } from '../../session.ts'
import { show } from './runs.ts'

test('followed to its end, a rolling run has the end of a run that nobody touched, although its host is to come again', async () => {
  const line = (n: number, event: string, run: string | null): object => ({ n, event, host: run === null ? null : 'web-1', run, by: null, at: '2026-11-22T00:00:00.000Z', says: null })
  const answers: Readonly<Record<string, object>> = {
    '/api/v1/rollings/rol_1?after=-1': { rolling: { state: 'aborted', hosts: [{ host: 'web-1', state: 'to-come', run: null }] }, told: [line(0, 'planned', null), line(1, 'began', 'run_1'), line(2, 'aborted', 'run_1'), line(3, 'aborted', null)] },
    '/api/v1/runs/run_1?after=-1': { run: { state: 'aborted' }, told: [line(0, 'offered', 'run_1'), line(1, 'ended', 'run_1')] },
  }
  const said: unknown[] = []
  const session = {
    server: { send: (_method: string, path: string) => Promise.resolve({ status: 200, body: answers[path] ?? assert.fail(path) }) },
    out: { lines: true, answer: ({ event }: { event: string }) => void said.push(event) },
  } as unknown as Session
  await show(session, ['rol_1'], {})
  assert.deepEqual(said, ['planned', 'began', 'aborted', 'aborted', 'offered', 'ended'])
})

test('what nobody reads any more is followed no further, and says so by its exit code: it was not over', async () => {
  const run = { state: 'running', steps: [] }
  let asked = 0
  const session = {
    server: { send: () => Promise.resolve({ status: 200, body: { run, rolling: { state: 'going', hosts: [] }, told: [] } }) },
    out: { lines: true, answer: () => undefined, isUnread: () => ++asked > 0 },
  } as unknown as Session
  assert.deepEqual([await show(session, ['run_1'], {}), await show(session, ['rol_1'], {}), asked], [141, 141, 2])
  Object.assign(run, { state: 'aborted' })
  assert.equal(await show(session, ['run_1'], {}), 3, 'what was over is known')
})
