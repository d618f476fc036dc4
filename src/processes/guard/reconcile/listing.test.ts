// A listing that breaks off: it goes on where it was, and nothing of it comes twice.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Fault } from '../../../core/fault.ts'
import type { Page } from '../../../ports/store.ts'
import { games, PREFIX } from '../../../../test/guard/games.ts'
import { keyAt, listingFrom } from './inputs.ts'
import { takeListing } from './listing.ts'

test('G-24 a last page whose end could not be proven counts once, when it is', async (t) => {
  const it = await games(t, 3)
  let calls = 0
  const page = (...given: Parameters<typeof it.reading.page>): Promise<Page> => (++calls === 2 ? Promise.reject(new Fault('it broke off')) : it.reading.page(...given))
  const { mkdirSync } = await import('node:fs')
  mkdirSync(it.context.folder)
  const timers = { after: (_span: number, act: () => void) => { const timer = setTimeout(act, 0); return () => clearTimeout(timer) } }
  const taken = await takeListing({ reading: { page, uploads: it.reading.uploads }, prefix: PREFIX, folder: it.context.folder, now: it.context.now, timers, signal: AbortSignal.timeout(5000) })
  assert.deepEqual([taken.resumed, taken.spooled.count, calls], [1, 12, 4])
  const listing = listingFrom(taken.spooled, { is: 'whole', count: taken.spooled.count }, () => undefined)
  const keys: string[] = []
  while (listing.next()) keys.push(Buffer.from(keyAt(listing)).toString())
  assert.deepEqual(keys, [...keys].sort())
})

test('G-10 what cannot be believed is not tried again', async (t) => {
  const it = await games(t, 3)
  const { mkdirSync } = await import('node:fs')
  mkdirSync(it.context.folder)
  it.fake.lies.add('reorders')
  await assert.rejects(takeListing({ reading: it.reading, prefix: PREFIX, folder: it.context.folder, now: it.context.now, timers: it.context.timers, signal: AbortSignal.timeout(5000) }), /cannot be believed/)
})
