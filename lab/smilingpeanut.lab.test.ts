// smilingpeanut with real parts: a host, its standby, a PowerDNS, copies of settings, two people, and Holdfast as its processes; the runbook is the one of
// docs/use/extended-maintenance.md.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tellIn } from './backendless.ts'
import { HOSTS, type Told } from './smilingpeanut-story.ts'

test('C-12 C-13 smilingpeanut: no upgrade before the settings were restored, visitors are led to a standby that serves, and back when the customers’ data were seen', { timeout: 300_000 }, async (t) => {
  const { paged, seen } = await tellIn<Told>(t, { file: 'lab/smilingpeanut-story.ts', hosts: HOSTS, words: [] })
  t.diagnostic(`time over to both paged: ${paged} ms; data back to step done: ${seen} ms`)
  assert.ok(paged <= 10_000, `paged after ${paged} ms`)
})
