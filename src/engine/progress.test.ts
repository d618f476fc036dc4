// How far a scan is, beneath an open statement of the board: once a minute, never a promise, and gone with whoever tells it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, keeperWorld, type KeeperWorld } from '../../test/keeper-world.ts'
import { minutes, ms, seconds } from '../core/time.ts'
import { renderBoard } from '../rooms/tell/html.ts'
import { viewBoard } from '../rooms/tell/view.ts'

const GIB = 1024 ** 3

/** What a visitor reads. */
function page(it: KeeperWorld, later = ms(0)): string {
  const { config } = it.keeper
  const now = it.keeper.now().wall
  const [plan] = config.boards
  assert(plan)
  return renderBoard(viewBoard(it.sql, plan, config.site, now), { now: (now + later) as typeof now, live: true })
}
const line = (it: KeeperWorld, later = ms(0)): string | undefined => /Checking the stored bytes: ([^<(]*) \(as of/.exec(page(it, later))?.[1]
const restored = (it: KeeperWorld): string | undefined => /Restoring from a backup: ([^<]*)/.exec(page(it))?.[1]

async function open(it: KeeperWorld): Promise<string> {
  const done = (await it.ask('board.post', { status: 'identified', title: 'Data is checked', text: 'We look.', person: 'ada' })).body as { id: string }
  return done.id
}

test('T-1 the board says how far a scan is, once a minute, only what is known, and nothing of it any more when nobody tells it', async (t) => {
  const it = await keeperWorld(t, configOf([]))
  const statement = await open(it)
  const tell = async (more: object): Promise<number> => (await it.ask('board.progress', { statement, ...more })).status
  assert.equal(line(it), undefined)
  assert.equal(await tell({ checked: 12 * GIB, of: 48 * GIB, left: minutes(24.2) }), 200)
  assert.equal(line(it), '12 GiB of 48 GiB checked, about 25 min left')
  assert.equal(await tell({ checked: 13 * GIB, of: 48 * GIB, left: minutes(20) }), 200)
  assert.match(line(it) ?? '', /^12 GiB/, 'a minute is not over')
  await it.pass(seconds(61))
  await tell({ checked: 14 * GIB })
  assert.equal(line(it), '14 GiB checked', 'what is not known is not said')
  assert.equal(line(it, minutes(4)), undefined, 'a page that is old says nothing of it')
  await it.pass(minutes(3.1))
  assert.equal(line(it), undefined, 'nobody tells it any more')
  assert.equal(it.sql.all('select * from tell_advance').length, 0)
  await tell({ checked: 15 * GIB })
  assert.match(line(it) ?? '', /^15 GiB/)
  await it.pass(seconds(61))
  await tell({ what: 'restore', checked: 16 * GIB, of: 48 * GIB })
  assert.equal(line(it), undefined)
  assert.match(restored(it) ?? '', /^16 GiB of 48 GiB of the copy fetched \(as of/)
  assert.equal(await tell({ over: true }), 200)
  assert.equal(restored(it), undefined)
  assert.equal(line(it), undefined)
  assert(!it.entries().some(({ body }) => JSON.stringify(body).includes(String(14 * GIB))), 'it is no fact of the ledger')
})

test('T-3 only a statement that is published and open says how far anything is', async (t) => {
  const it = await keeperWorld(t, configOf([]))
  assert.equal((await it.ask('board.progress', { statement: 'st_none', checked: 1 })).status, 409)
  const statement = await open(it)
  await it.ask('board.progress', { statement, checked: GIB })
  await it.ask('board.post', { statement, status: 'resolved', text: 'All of it is whole.', person: 'ada' })
  assert.equal(line(it), undefined)
  assert.equal((await it.ask('board.progress', { statement, checked: 1 })).status, 409)
  for (const wrong of [{ checked: -1 }, { checked: 1.5 }, { checked: 1, left: -5 }, { checked: 1, left: 1e15 }]) assert.equal((await it.ask('board.progress', { statement, ...wrong })).status, 400, JSON.stringify(wrong))
})
