import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problems } from '../../ports/world/fixtures/looks.ts'
import heartbeat from './heartbeat.ts'

test('a heartbeat is true, or is left out; its schedule is a cron expression of five fields', () => {
  assert.deepEqual(problems(heartbeat, { heartbeat: true, schedule: '*/5 8-18 * * mon-fri' }), [])
  assert.equal(problems(heartbeat, { heartbeat: false }).length, 1)
  for (const schedule of ['', 'every day', '* * * *', '61 * * * *', '* * * * * *', '0 0 31 2', 'x'.repeat(300)]) {
    assert(problems(heartbeat, { heartbeat: true, schedule }).some((found) => found.startsWith('schedule: ')), schedule)
  }
})
