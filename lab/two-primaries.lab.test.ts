// Two writable primaries with real parts, as a run meets them: Patroni and etcd on hosts of their own, Holdfast as its processes, two people.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tellIn } from './backendless.ts'
import { HOSTS, type Told } from './two-primaries-story.ts'

test('C-2 C-13 C-14 two writable primaries while a step takes the one that led: halted within 3 s, both paged with both names, and no step opens', { timeout: 300_000 }, async (t) => {
  const { elected, halted, paged } = await tellIn<Told>(t, { file: 'lab/two-primaries-story.ts', hosts: HOSTS, words: [] })
  t.diagnostic(`two after ${elected} ms; halted ${halted} ms after that, both paged ${paged} ms after it`)
  assert.ok(halted <= 3000 && paged <= 10_000, `halted after ${halted} ms, paged after ${paged} ms`)
})
