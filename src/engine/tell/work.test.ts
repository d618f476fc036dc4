// Planned work from the keeper's side: people announce it, the board tells it, a plan of a run rests on it, and whoever writes to the public is paged when
// nobody says that it ended.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { configOf, keeperWorld, plan, START, type KeeperWorld } from '../../../test/keeper-world.ts'
import { hours, minutes, ms, type Span } from '../../core/time.ts'
import type { Runbook } from '../../rooms/change/runbook.ts'
import type { BoardAnswer, DoneAnswer } from '../../views/answers.ts'
import type { WindowsAnswer } from '../../views/board/work.ts'
import type { PlanAnswer } from '../../views/change/changes.ts'
import type { InForce } from '../keeper.ts'

const book: Runbook = {
  name: 'grow-memory', title: 'Add memory', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: ['db-1'], serial: 1 }, preflight: [], guard: [], from: 'holdfast.yaml:9',
  announce: { board: 'public', components: ['All'], lead: hours(48) }, window: { days: [2, 3], from: 120, to: 300, timezone: 'Europe/Berlin' },
  steps: [{ id: 'memory', act: { is: 'manual', text: 'Add it.' }, takes: [], until: [{ is: 'boots', host: 'db-1' }], within: minutes(5) }],
}
const config = (more: Partial<InForce> = {}): InForce => {
  const own = { ...plan, communications: ['bo'], site: { ...plan.site, timezone: 'Europe/Berlin' } }
  return { ...configOf([]), plan: own, site: own.site, change: { hosts: [{ name: 'db-1', fate: {}, links: [], from: 'holdfast.yaml:2' }], clusters: [], runbooks: [book] }, ...more }
}
const world = (t: TestContext): Promise<KeeperWorld> => keeperWorld(t, config())
interface Said { readonly status: number; readonly says: string; readonly id: string }
async function said(it: KeeperWorld, call: string, args: object): Promise<Said> {
  const { status, body } = await it.ask(call, args)
  const { says, id, error } = body as Partial<DoneAnswer> & { readonly error?: { readonly code: string; readonly message: string } }
  return { status, says: says ?? `${error?.code ?? ''} ${error?.message ?? ''}`, id: id ?? '' }
}
const announce = (it: KeeperWorld, more: object = {}): Promise<Said> => said(it, 'board.announce', { title: 'More memory', text: 'It may take longer.', components: ['All'], from: '72h', until: '3h', person: 'ada', ...more })
const accepts = async (it: KeeperWorld): Promise<string[]> => ((await it.ask('runbooks.plan', { runbook: 'grow-memory', host: 'db-1' })).body as PlanAnswer).accept.filter(({ code }) => code === 'unannounced').map(({ why }) => why)

test('C-18 a run is announced when its public was told so long before of this very time, of all of its components, and it was not cancelled', async (t) => {
  const it = await world(t)
  assert.deepEqual(await accepts(it), ['nothing is announced on public for All, 2 d before'])
  const { id } = await announce(it)
  assert.match((await accepts(it))[0] ?? '', /^announced for another time: 21 Nov 2026 12:06 UTC\+1 to 21 Nov 2026 15:06 UTC\+1/)
  await it.leap(hours(71))
  assert.equal((await accepts(it)).length, 1)
  await it.leap(hours(1))
  assert.deepEqual(await accepts(it), [])
  assert.equal((await said(it, 'board.begin', { maintenance: id })).status, 200)
  await it.leap(hours(2))
  assert.deepEqual(await accepts(it), [], 'while it goes on, too')
  const gate = ((await it.ask('runbooks.plan', { runbook: 'grow-memory', host: 'db-1' })).body as PlanAnswer).steps[0]?.gates.find(({ want }) => want === 'it is announced on public')
  assert.deepEqual([gate?.found, gate?.evidence[0]?.subject], ['pass', id])
  await it.leap(hours(1))
  assert.equal((await accepts(it)).length, 1, 'its time is over')
  const late = await announce(it, { from: '47h' })
  await it.leap(hours(48))
  assert.deepEqual(await accepts(it), ['announced only 1 d 23 h before it was to begin; 2 d are wanted'])
  await said(it, 'board.cancel', { maintenance: late.id })
  const last = await announce(it, { from: '49h' })
  await it.leap(hours(50))
  assert.deepEqual(await accepts(it), [])
  await said(it, 'board.cancel', { maintenance: last.id })
  assert.match((await accepts(it))[0] ?? '', /another time|nothing is announced/)
})

test('C-18 what is announced for a runbook is as it says, and its lead is kept or refused', async (t) => {
  const it = await world(t)
  const announceFor = (more: object): Promise<Said> => said(it, 'board.announce', { runbook: 'grow-memory', text: 'It may take longer.', until: '3h', ...more })
  assert.match((await announceFor({ from: '47h' })).says, /^HF415 it begins in 1 d 23 h: too soon for a lead of 2 d$/)
  assert.equal((await announceFor({ from: '48h' })).status, 200)
  assert.deepEqual([(await announceFor({ from: '48h', runbook: 'other' })).status, (await said(it, 'board.announce', { text: 'x', from: '48h', until: '3h' })).says], [404, 'HF419 Planned work needs a title.'])
  const [work] = ((await it.ask('board.show', {})).body as BoardAnswer).boards[0]?.board.maintenances ?? []
  assert.deepEqual([work?.title, work?.componentIds], ['Add memory', ['cmp_1']])
  await it.leap(hours(48))
  assert.deepEqual(await accepts(it), [])
})

test('what cannot be announced is said with what to do; what was done already, too', async (t) => {
  const it = await world(t)
  for (const [more, status, says] of [
    [{ from: 'soon' }, 400, /HF414 “soon” is not a time/], [{ from: '-1h' }, 400, /HF41[45]/], [{ from: '2025-01-01 02:00' }, 400, /HF415 it begins in the past/], [{ until: '2025-01-01 02:00' }, 400, /HF415 it ends before it begins/],
    [{ components: ['API'] }, 404, /HF404 public shows no component “API”/], [{ board: 'intern' }, 404, /HF404 there is no status page “intern”/], [{ lead: '96h' }, 400, /HF415 it begins in 3 d: too soon for a lead of 4 d/], [{ lead: 'long' }, 400, /HF411/],
    [{ title: ' ' }, 400, /HF401/], [{ more: 1 }, 400, /HF401/],
  ] as const) {
    const no = await announce(it, more)
    assert.deepEqual([no.status, says.test(no.says)], [status, true], no.says)
  }
  const yes = await announce(it, { from: '2026-11-24 02:00', until: '05:00', board: 'Public' })
  assert.match(yes.says, /^announced on public, to begin at 24 Nov, 02:00 \(Europe\/Berlin\); a reminder follows at 23 Nov, 02:00/)
  const [work] = ((await it.ask('board.show', {})).body as BoardAnswer).boards[0]?.board.maintenances ?? []
  assert.deepEqual([work?.from, work?.until].map((at) => new Date(at ?? 0).toISOString()), ['2026-11-24T01:00:00.000Z', '2026-11-24T04:00:00.000Z'])
  assert.deepEqual([(await said(it, 'board.complete', { maintenance: yes.id })).says, (await said(it, 'board.begin', { maintenance: 'mnt_0' })).status], ['HF416 it is not begun yet', 404])
  await said(it, 'board.cancel', { maintenance: yes.id, text: 'The part did not arrive.' })
  assert.equal((await said(it, 'board.cancel', { maintenance: yes.id })).says, 'HF416 it is cancelled')
})

test('T-7 whoever writes to the public is paged when nobody says that it ended, and no more when somebody does', async (t) => {
  const it = await world(t)
  const { id } = await announce(it, { from: '2h', until: '1h' })
  // A keeper that was away takes nothing up before the ringer has handed over.
  const leap = async (span: Span): Promise<void> => {
    await it.leap(span)
    it.keeper.fromRinger({ is: 'welcome', term: 1, store: 'store_test', journal: [], open: [] })
    await it.settle()
  }
  await leap(ms(hours(3) + minutes(14)))
  assert.deepEqual(it.open(), [])
  await leap(minutes(1))
  assert.deepEqual(it.open(), [`node:maintenance/${id}`])
  assert.ok(it.entries().some((entry) => entry.is === 'incident.opened' && /never began: holdfast board cancel mnt_/.test(JSON.stringify(entry.body))))
  await said(it, 'board.cancel', { maintenance: id })
  assert.deepEqual(it.open(), [])
})

test('C-18 windows are listed for eight weeks, by the clocks of their zone; they are no promise and start nothing', async (t) => {
  const it = await world(t)
  const { windows, version } = (await it.ask('runbooks.windows', {})).body as WindowsAnswer
  assert.equal(windows.length, 16)
  assert.ok(windows.every(({ from, until }) => until - from === hours(3) && until > START))
  assert.deepEqual([windows[0]?.day, new Date(windows[0]?.from ?? 0).toISOString()], ['2026-11-24', '2026-11-24T01:00:00.000Z'])
  await it.leap(hours(24 * 7))
  assert.ok(!it.entries().some((entry) => entry.is.startsWith('change.')))
  const configured = it.keeper.configure({ ...config(), version: '2' })
  await it.settle()
  await configured
  assert.ok(((await it.ask('runbooks.windows', {})).body as WindowsAnswer).version > version)
})
