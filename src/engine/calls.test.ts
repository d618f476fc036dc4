// What people and programs may ask of the keeper, asked badly: names that every object has, times that no calendar has, texts cut in
// the middle of a letter. Each is refused with a sentence, writes nothing, and leaves a keeper that starts again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { checkOf, configOf, keeperWorld, START, type KeeperWorld } from '../../test/keeper-world.ts'
import { days, minutes } from '../core/time.ts'
import { openSql } from '../db/sql.ts'
import { rebuildLedger, verifyLedger } from '../db/verify.ts'
import type { Calls, ErrorAnswer, IncidentAnswer, IncidentsAnswer, StatusAnswer, TokensAnswer, Trigger } from '../views/answers.ts'
import type { Answer } from './answer.ts'

const world = (t: { after(act: () => void): void }): Promise<KeeperWorld> =>
  keeperWorld(t, configOf([checkOf('www'), checkOf('job', { kind: 'heartbeat', settings: { heartbeat: true }, every: minutes(5), grace: minutes(1) })]))

const why = ({ body }: Answer): string => (body as ErrorAnswer).error.message

/** Refused with that status and those words; nothing was written. */
async function refused(w: KeeperWorld, name: keyof Calls, args: unknown, status: number, says: RegExp): Promise<void> {
  const before = w.entries().length
  const said = await w.ask(name, args)
  assert.equal(said.status, status, `${name} ${JSON.stringify(args).slice(0, 120)}: ${JSON.stringify(said.body).slice(0, 200)}`)
  assert.match(why(said), says)
  assert.equal(w.entries().length, before, `${name} ${JSON.stringify(args).slice(0, 120)} wrote something`)
}

test('names that every object has are nobody: no person, rotation, check, board or call is called so', async (t) => {
  const w = await world(t)
  await w.ask('page', { who: 'ada', text: 'help' })
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf']) {
    await refused(w, 'page', { who: name, text: 'x' }, 404, /no person is called/)
    await refused(w, 'incidents.assign', { incident: '1', to: name }, 404, /no person is called/)
    await refused(w, 'oncall.cover', { rotation: name, by: 'ada', from: 'now', until: '8h' }, 404, /no rotation is called/)
    await refused(w, 'oncall.cover', { rotation: 'primary', by: name, from: 'now', until: '8h' }, 404, /no person is called/)
    await refused(w, 'oncall.test', { who: name }, 404, /no person is called/)
    await refused(w, 'oncall.test', { who: 'ada', channel: name }, 404, /no channel is called/)
    await refused(w, 'checks.show', { name }, 404, /no check is called/)
    await refused(w, 'board.post', { board: name, status: 'identified', text: 'x' }, 404, /no status page is called/)
    await refused(w, 'incidents.show', { incident: name }, 404, /no incident/)
    await refused(w, 'tokens.revoke', { id: name }, 404, /no token is called/)
    await refused(w, 'ping', { check: name, signal: 'success' }, 404, /no heartbeat is called/)
    await refused(w, name as keyof Calls, {}, 404, /there is no call/)
  }
})

/** Beyond what a date can hold (8.64e15 ms), and beyond what a number can (2^53). */
const ENDLESS = ['100020000d', '104249991d', '104249000d', '36526d', '99999999999999999999d', '1e400d', 'NaN', 'Infinity', '-1h', '', ' ']

test('what is meant is found or said to be missing: an incident by its check, a board by its name; a statement has a title', async (t) => {
  const w = await keeperWorld(t, configOf([]))
  await w.ask('page', { who: 'ada', text: 'please call', person: 'bo' })
  assert.equal(((await w.ask('incidents.show', { incident: 'please call' })).body as { number: number }).number, 1)
  assert.equal((await w.ask('incidents.show', { incident: 'db' })).status, 404)
  assert.equal((await w.ask('board.show', { board: 'nope' })).status, 404)
  assert.equal((await w.ask('board.post', { status: 'investigating', text: 'We look into it.' })).status, 400)
})

test('times that no calendar has are refused, and a keeper that was asked for them starts again', async (t) => {
  const w = await world(t)
  for (const span of ENDLESS) {
    await refused(w, 'tokens.create', { name: 'x', scopes: ['read'], expires: span }, 400, /is not a time|not understood/)
    await refused(w, 'board.post', { status: 'identified', title: 'x', text: 'x', next: span }, 400, /is not a time|not understood/)
    await refused(w, 'oncall.cover', { rotation: 'primary', by: 'bo', from: 'now', until: span }, 400, /is not a time|not understood/)
    await refused(w, 'oncall.cover', { rotation: 'primary', by: 'bo', from: span, until: '8h' }, 400, /is not a time|not understood/)
    await refused(w, 'checks.silence', { name: 'www', for: span, reason: 'x' }, 400, /is not a time|not understood/)
  }
  for (const moment of ['9999-12-31 23:59', '0000-01-01 00:00', '+275760-09-13T00:00:00Z', '-271821-04-20T00:00:00Z', '2026-02-30', '2026-13-01', '2026-01-01 24:61', '2026-11-24T25:00:00Z']) {
    await refused(w, 'board.post', { status: 'identified', title: 'x', text: 'x', next: moment }, 400, /is not a time/)
    await refused(w, 'oncall.cover', { rotation: 'primary', by: 'bo', from: 'now', until: moment }, 400, /is not a time/)
  }
  await refused(w, 'checks.silence', { name: 'www', for: '0s', reason: 'x' }, 400, /is not a time/)
  await refused(w, 'tokens.create', { name: 'x', scopes: ['read'], expires: '0ms' }, 400, /is not a time/)
  await refused(w, 'board.post', { status: 'identified', title: 'x', text: 'x', next: '2026-01-01 09:00' }, 400, /for the future only/)
  await refused(w, 'oncall.cover', { rotation: 'primary', by: 'bo', from: '2026-12-02 09:00', until: '2026-12-01 09:00' }, 400, /must end after it begins/)
  await refused(w, 'oncall.cover', { rotation: 'primary', by: 'bo', from: '2026-01-01 09:00', until: '2026-01-02 09:00' }, 400, /must end after it begins/)
  const longest = await w.ask('tokens.create', { name: 'long', scopes: ['read'], expires: '36500d' })
  assert.equal(longest.status, 200)
  await w.restart()
  const { tokens } = (await w.ask('tokens.list', {})).body as TokensAnswer
  assert.deepEqual(tokens.map((it) => [it.name, it.expiresAt]), [['long', START + days(36_500)]])
})

test('a number that could not be read back is not written: the row would break every start from then on', (t) => {
  const sql = openSql(':memory:')
  t.after(() => sql.close())
  sql.exec('create table kept (n integer) strict')
  for (const n of [2 ** 53, -(2 ** 53), 9_008_994_466_033_776, 1e300, Number.POSITIVE_INFINITY]) assert.throws(() => sql.run('insert into kept (n) values (?)', n), /too large to be stored/)
  sql.run('insert into kept (n) values (?)', Number.MAX_SAFE_INTEGER)
  assert.deepEqual(sql.all('select n from kept').map((row) => row['n']), [Number.MAX_SAFE_INTEGER])
})

test('texts are cut between letters, titles stand on one line, and the ledger is whole with whatever was written', async (t) => {
  const w = await world(t)
  const fire = '\u{1f525}'
  for (const text of [`${'a'.repeat(59)}${fire} tail`, `${'a'.repeat(470)}${fire.repeat(30)}`, fire.repeat(1000), 'two\nlines\tand more', 'w'.repeat(20_000), '\u202e\u0000\u001b[31m', '__proto__']) {
    assert.equal((await w.ask('page', { who: 'ada', text })).status, 200)
    assert.equal((await w.ask('incidents.update', { incident: '1', text })).status, 200)
    assert.equal((await w.ask('board.post', { status: 'identified', title: text.slice(0, 300), text })).status, 200)
    assert.equal((await w.ask('triggers', { events: [{ via: 'pagerduty', integration: 'main', action: 'trigger', key: text.slice(0, 255), summary: text.slice(0, 1024), source: 's', severity: 'critical' }] })).status, 200)
  }
  for (const { title, says } of ((await w.ask('incidents.list', {})).body as IncidentsAnswer).incidents) {
    assert(title.length > 0 && title.length <= 100 && title.isWellFormed() && !title.includes('\ufffd') && !/[\n\t]/.test(title), JSON.stringify(title))
    assert(says.isWellFormed() && !says.includes('\ufffd'))
  }
  await refused(w, 'incidents.update', { incident: '1', text: 'w'.repeat(20_001) }, 400, /text/)
  assert.equal(verifyLedger(w.sql).broken, undefined)
  assert.deepEqual(rebuildLedger(w.sql, w.keeper.store.rooms, { replace: false }).differed, [])
})

const event = (action: Trigger['action'], key: string): Trigger => ({ via: 'pagerduty', integration: 'main', action, key, summary: 'disk full', source: 'db1', severity: 'critical' })

test('W-7 the same alert a thousand times at once is one incident; an end before its beginning is dropped; keys differ by every byte', async (t) => {
  const w = await world(t)
  const open = async (): Promise<string[]> => ((await w.ask('incidents.list', {})).body as IncidentsAnswer).incidents.map((it) => it.subject)
  for (const action of ['resolve', 'acknowledge'] as const) assert.equal((await w.ask('triggers', { events: [event(action, 'disk')] })).status, 200)
  assert.deepEqual(await open(), [])
  assert.equal((await w.ask('triggers', { events: Array.from({ length: 1000 }, () => event('trigger', 'disk')) })).status, 200)
  assert.deepEqual(await open(), ['service:pagerduty/main/disk'])
  await w.ask('triggers', { events: [event('resolve', 'disk'), event('trigger', 'disk')] })
  assert.deepEqual(await open(), ['service:pagerduty/main/disk'], 'a trigger after the end is a new episode')
  await w.ask('triggers', { events: [event('trigger', 'late'), event('resolve', 'late')] })
  await w.ask('triggers', { events: [event('resolve', 'disk'), ...['Disk', 'disk ', 'e\u0301', '\u00e9', 'k'.repeat(255)].map((key) => event('trigger', key))] })
  assert.equal(new Set(await open()).size, 5)
  const all = ((await w.ask('incidents.list', { state: 'all' })).body as IncidentsAnswer).incidents
  assert.deepEqual(all.filter((it) => it.subject.endsWith('/disk')).map((it) => it.state), ['resolved', 'resolved'])
})

test('an integration that acknowledges and resolves is named as one, in state, timeline and status; a person keeps what is theirs', async (t) => {
  const w = await world(t)
  await w.ask('triggers', { events: [event('trigger', 'disk'), event('acknowledge', 'disk')] })
  const [held] = ((await w.ask('incidents.list', {})).body as IncidentsAnswer).incidents
  assert.equal(held?.heldBy, 'service:pagerduty/main')
  assert.match(((await w.ask('status', {})).body as StatusAnswer).says, /The integration main acknowledged it/)
  await w.ask('triggers', { events: [event('resolve', 'disk')] })
  const { timeline } = (await w.ask('incidents.show', { incident: String(held?.number) })).body as IncidentAnswer
  assert.deepEqual(timeline.filter(({ says }) => says.startsWith('The integration')).map(({ says, by }) => [says, by]), [
    ['The integration main acknowledged it (by pagerduty)', 'machine'], ['The integration main resolved it: by the system that raised it', 'machine'],
  ])
})

test('a thousand pings of one heartbeat at once, /fail and /start crossing, are each answered, and leave a ledger of bounded size', async (t) => {
  const w = await world(t)
  await w.ask('ping', { check: 'job', signal: 'success' })
  const before = w.entries().length
  const signals = ['success', 'start', 'log', 'success'] as const
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => w.ask('ping', { check: 'job', signal: signals[i % 4] })))
  assert(answers.every((it) => it.status === 200))
  assert(w.entries().length - before <= 4, `${w.entries().length - before} entries`)
  const crossing = await Promise.all([w.ask('ping', { check: 'job', signal: 'fail' }), w.ask('ping', { check: 'job', signal: 'start' })])
  assert.deepEqual(crossing.map((it) => it.status), [200, 200])
  assert.equal(((await w.ask('checks.show', { name: 'job' })).body as { state: string }).state, 'down', 'a start does not undo a failure')
  await refused(w, 'ping', { check: 'www', signal: 'success' }, 404, /no heartbeat/)
})
