import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { renderList } from '../../scripts/list-plugins.ts'
import { channels, probes } from './list.gen.ts'

test('the list of plugins is what lies in the folders', () => {
  assert.equal(readFileSync(new URL('./list.gen.ts', import.meta.url), 'utf8'), renderList(), 'run npm run plugins')
})

test('every plugin is under the name of its file', () => {
  assert.deepEqual(probes.map((probe) => probe.kind).toSorted(), probes.map((probe) => probe.kind))
  assert(channels.length > 0)
})

test('folders that are not there hold no plugins', () => {
  assert.match(renderList(new URL('file:///nowhere/')), /probes: readonly AnyProbe\[\] = \[\]/)
})
