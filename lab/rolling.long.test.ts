// The rolling update of rolling.lab.test.ts with two hosts of a rack at work at the same time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percentile } from '../test/fake-keeper.ts'
import { tellIn } from './backendless.ts'
import { HOSTS, type RolledOver } from './rolling-story.ts'

test('C-3 C-13 C-20 six hosts are booted rack by rack, two at the same time: neither is a surprise to the other, a command that fails halts both, and so does a host that is back without its service', { timeout: 400_000 }, async (t) => {
  const { ruled, paged } = await tellIn<RolledOver>(t, { file: 'lab/rolling-story.ts', hosts: HOSTS, words: ['2'] })
  t.diagnostic(`second press to step, p50 and most of ${ruled.length}: ${percentile(ruled, 50)} ms, ${Math.max(...ruled)} ms; stopped to both paged: ${paged.join(', ')} ms`)
  assert.equal(ruled.length, HOSTS.length)
  assert.ok(paged.length === 2 && paged.every((it) => it <= 10_000), `paged after ${paged.join(', ')} ms`)
})
