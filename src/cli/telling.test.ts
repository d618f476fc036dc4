// How far something long is: said here every few seconds, and to the board once a minute, no more than is known, and at its end that it is over.
import assert from 'node:assert/strict'
import test from 'node:test'
import { ms } from '../core/time.ts'
import type { Progress } from '../rooms/guard/scan/pace.ts'
import type { Session } from './session.ts'
import { tellerOf } from './telling.ts'

const GIB = 1024 ** 3

function world(statement: string | undefined, what?: 'restore') {
  const it = { now: 0, said: [] as string[], sent: [] as Record<string, unknown>[], answers: 200 }
  const session = {
    now: () => it.now, person: { name: 'ada', said: false }, out: { talk: (text: string) => void it.said.push(text), timezone: 'UTC' },
    server: { send: (_method: string, _path: string, body: Record<string, unknown>) => {
      it.sent.push(body)
      return Promise.resolve({ status: it.answers, body: { error: { code: 'HF1', message: 'no' } } })
    } },
  } as unknown as Session
  return Object.assign(it, { teller: tellerOf(session, statement, what) })
}
const at = (bytes: number, more: Partial<Progress> = {}): Progress => ({ files: 1, bytes, total: { is: 'known', bytes: 48 * GIB, files: 2 }, speed: GIB, left: ms(60_000), ...more })

test('T-1 a restore says how much has come, every few seconds here and every minute to the board, and that it is over', async () => {
  const it = world('st_1', 'restore')
  for (; it.now <= 130_000; it.now += 1000) it.teller.tell(at((it.now / 1000) * GIB / 10))
  assert.equal(it.said.length, 26)
  assert.equal(it.said[0], '512 MiB of 48 GiB, 1 GiB/s, 1 min left')
  await it.teller.over()
  assert.deepEqual(it.sent, [
    ...[0, 60, 120].map((n) => ({ statement: 'st_1', what: 'restore', checked: n * GIB / 10, of: 48 * GIB, left: 60_000, person: 'ada' })), { statement: 'st_1', over: true, person: 'ada' },
  ])
})

test('T-1 of a repository the board hears how much has come, and no promise; without a statement it hears nothing', async () => {
  const it = world('st_1')
  it.teller.tell({ files: 0, bytes: GIB, total: { is: 'at least', bytes: GIB, files: 0 }, speed: GIB })
  await it.teller.over()
  assert.deepEqual(it.sent, [{ statement: 'st_1', checked: GIB, person: 'ada' }, { statement: 'st_1', over: true, person: 'ada' }])
  const quiet = world(undefined)
  quiet.now = 6000
  quiet.teller.tell(at(GIB))
  await quiet.teller.over()
  assert.deepEqual([quiet.sent, quiet.said], [[], ['1 GiB of 48 GiB, 1 GiB/s, 1 min left']])
})

test('a board that does not hear holds up nothing, and it is said once', async () => {
  const it = world('st_1')
  it.answers = 409
  for (; it.now <= 200_000; it.now += 60_000) it.teller.tell(at(GIB))
  await it.teller.over()
  assert.equal(it.said.filter((text) => text.startsWith('The board does not say')).length, 1)
})
