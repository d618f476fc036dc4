import assert from 'node:assert/strict'
import test from 'node:test'
import { Fault } from '../../../core/fault.ts'
import { failed, open, passed, type Restoring, type Step } from '../../../ports/backup.ts'
import { climb } from './ladder.ts'

const good: Restoring = {
  structure: async () => passed(), restore: async () => passed(), integrity: async () => passed(), prove: async () => passed(), manifest: async () => [],
}
const sql = { is: 'sql', sql: 'select true' } as const
const clock = (): (() => number) => {
  let at = 0
  return () => (at += 10)
}

test('a good copy climbs to L6 with a time for each phase, and to L5 where nothing is asserted', async () => {
  const it = await climb(good, [sql], clock())
  assert.deepEqual([it.verdict, it.rung, it.says], ['passed', 6, ''])
  assert.deepEqual(it.phases.map(({ name, ms }) => [name, ms]), [['structure', 10], ['restore', 10], ['integrity', 10], ['assertions', 10]])
  assert.deepEqual(it.asserts, [{ text: 'select true', found: 'pass' }])
  assert.equal((await climb(good, [], clock())).rung, 5)
})

test('what the copy did wrong is failed, in the words of its engine, and nothing is asked after it', async () => {
  const it = await climb({ ...good, restore: async () => failed('it could not be restored', 'pg_restore: error: end of file'), prove: () => assert.fail('asked') }, [sql], clock())
  assert.deepEqual([it.verdict, it.rung, it.engineSaid], ['failed', 3, 'pg_restore: error: end of file'])
  const lower = await climb({ ...good, structure: async () => failed('it has no structure') }, [], clock())
  assert.deepEqual([lower.verdict, lower.rung], ['failed', 1])
  const asserted = await climb({ ...good, prove: async () => failed('false') }, [sql], clock())
  assert.deepEqual([asserted.verdict, asserted.rung, asserted.says], ['failed', 5, 'select true: false'])
})

test('X-3 what this machine lacks is unknown and never accuses the copy', async () => {
  const lacks = async (): Promise<never> => {
    throw new Fault('PostgreSQL is not installed here', 'never')
  }
  const ways: readonly Partial<Restoring>[] = [{ structure: lacks }, { restore: lacks }, { prove: lacks }, { manifest: lacks }, { restore: async () => failed('it could not be restored', 'ERROR: could not extend file: No space left on device') }]
  for (const way of ways) {
    const it = await climb({ ...good, ...way }, [sql], clock())
    assert.equal(it.verdict, 'unknown', Object.keys(way).join())
    assert.notEqual(it.says, '')
  }
})

test('what nobody can find out until somebody changes something is refused, and what may go otherwise tomorrow is not', async () => {
  const throwing = (retry: 'later' | 'never') => async (): Promise<never> => {
    throw new Fault('this dump is of PostgreSQL 17, and the newest here is 15: install postgresql-17', retry)
  }
  const never = await climb({ ...good, structure: throwing('never') }, [], clock())
  assert.deepEqual([never.verdict, never.refused], ['unknown', true])
  assert.equal((await climb({ ...good, structure: throwing('later') }, [], clock())).refused, undefined)
  assert.equal((await climb({ ...good, restore: async () => failed('no') }, [], clock())).refused, undefined)
})

test('a rung that was not proven holds those above it down', async () => {
  const it = await climb({ ...good, integrity: async () => open('pg_amcheck is not installed here') }, [sql], clock())
  assert.deepEqual([it.verdict, it.rung, it.says], ['passed', 4, 'pg_amcheck is not installed here'])
})

test('what the manifest says counts like an assertion', async () => {
  const it = await climb({ ...good, manifest: async () => [{ text: 'orders holds 10 rows', step: failed('it holds 9') }] }, [], clock())
  assert.deepEqual([it.verdict, it.says], ['failed', 'orders holds 10 rows: it holds 9'])
})

test('L7 wants an application that answers on what was asserted; what it does not answer is unknown, what it answers wrongly failed', async () => {
  const asks = (...steps: readonly Step[]) => async (): Promise<{ text: string; step: Step }[]> => steps.map((step) => ({ text: 'http://127.0.0.1/ answers 200', step }))
  const it = await climb(good, [sql], clock(), asks(passed()))
  assert.deepEqual([it.verdict, it.rung, it.phases.at(-1)?.name, it.asserts.length], ['passed', 7, 'application', 2])
  assert.equal((await climb(good, [], clock(), asks(passed()))).rung, 5, 'an answer alone may come without a look at what was restored')
  const wrong = await climb(good, [sql], clock(), asks(passed(), failed('it answers 500, and 200 is wanted', 'panic: no such table')))
  assert.deepEqual([wrong.verdict, wrong.rung, wrong.says, wrong.engineSaid], ['failed', 6, 'http://127.0.0.1/ answers 200: it answers 500, and 200 is wanted', 'panic: no such table'])
  assert.deepEqual([(await climb(good, [sql], clock(), asks(open('it did not answer')))).verdict, (await climb(good, [sql], clock(), asks(failed('no', 'No space left on device')))).verdict], ['unknown', 'unknown'])
  const lacking = await climb(good, [sql], clock(), () => Promise.reject(new Fault('it did not end in time', 'later')))
  assert.deepEqual([lacking.verdict, lacking.rung], ['unknown', 6])
  const before = await climb({ ...good, prove: async () => failed('false') }, [sql], clock(), () => assert.fail('started'))
  assert.equal(before.verdict, 'failed')
})
