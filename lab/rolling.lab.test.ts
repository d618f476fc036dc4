// A rolling update with reboot over six hosts with real parts: namespaces, sshd, a stand-in `systemctl`, a boot of its own for each host, and Holdfast as its processes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percentile } from '../test/fake-keeper.ts'
import { tellIn } from './backendless.ts'
import { HOSTS, type RolledOver } from './rolling-story.ts'

test('C-3 C-13 C-20 six hosts are booted one after the other: a command that fails stops the rest, and so does a host that is back without its service', { timeout: 400_000 }, async (t) => {
  const { ruled, paged } = await tellIn<RolledOver>(t, { file: 'lab/rolling-story.ts', hosts: HOSTS, words: ['1'] })
  t.diagnostic(`second press to step, p50 and most of ${ruled.length}: ${percentile(ruled, 50)} ms, ${Math.max(...ruled)} ms; stopped to both paged: ${paged.join(', ')} ms`)
  assert.equal(ruled.length, HOSTS.length)
  assert.ok(paged.length === 2 && paged.every((it) => it <= 10_000), `paged after ${paged.join(', ')} ms`)
})
