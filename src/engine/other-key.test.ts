// A database and the key of its node: another key is told of once, the former one ends that, and a first one is no news.
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, keeperWorld } from '../../test/keeper-world.ts'
import { tellOtherKey } from './other-key.ts'

test('another node.key is an incident, once; with the former one back it is over', async (t) => {
  const it = await keeperWorld(t, configOf([]))
  const start = async (key: number): Promise<string[]> => {
    const told = tellOtherKey(it.keeper, new Uint8Array(32).fill(key))
    await it.settle()
    await told
    return it.open()
  }
  assert.deepEqual(await start(1), [])
  assert.deepEqual(await start(1), [])
  assert.deepEqual(await start(2), ['node:key'])
  assert.deepEqual(await start(2), ['node:key'])
  assert.equal(it.entries().filter(({ is }) => is === 'node.otherKey').length, 1)
  assert.deepEqual(await start(1), [])
  assert.deepEqual(await start(2), ['node:key'])
})
