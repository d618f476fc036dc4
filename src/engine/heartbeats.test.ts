// Heartbeats through the whole keeper: what jobs write is kept and bounded and stands beside the ledger, runs that began must end,
// also where they overlap, and a paused heartbeat is judged by nobody until it reports again or is resumed. Invariants W-3, W-4,
// W-8, W-11, X-7.
import assert from 'node:assert/strict'
import test from 'node:test'
import { checkOf, configOf, keeperWorld, START, type KeeperWorld } from '../../test/keeper-world.ts'
import { hours, instantOf, minutes, ms, seconds } from '../core/time.ts'
import { rebuildLedger, verifyLedger } from '../db/verify.ts'
import { viewBoard } from '../rooms/tell/view.ts'
import type { CheckAnswer, Calls, ErrorAnswer, HeartbeatAnswer, IncidentAnswer, IncidentsAnswer, StatusAnswer } from '../views/answers.ts'

const job = checkOf('job', { kind: 'heartbeat', settings: { heartbeat: true }, every: minutes(10), grace: minutes(1) })
const www = checkOf('www', { every: hours(20), unknownAfter: hours(20) })
const config = configOf([job, www])
const A = '00000000-0000-4000-8000-00000000000a'
const B = '00000000-0000-4000-8000-00000000000b'

type Sent = Omit<Calls['ping']['args'], 'check' | 'signal'>
const pingOf = (w: KeeperWorld) => async (signal: Calls['ping']['args']['signal'], more: Sent = {}): Promise<void> => {
  const { status } = await w.ask('ping', { check: 'job', signal, ...more }, { is: 'open' })
  assert.equal(status, 200)
}
const jobOf = async (w: KeeperWorld, pings?: number): Promise<CheckAnswer & { readonly heartbeat: HeartbeatAnswer }> => {
  const { body } = await w.ask('checks.show', { name: 'job', ...(pings === undefined ? {} : { pings }) })
  return body as CheckAnswer & { readonly heartbeat: HeartbeatAnswer }
}
const stateOf = async (w: KeeperWorld): Promise<string> => (await jobOf(w)).state
const turns = (w: KeeperWorld): unknown[] => w.entries().filter((it) => it.is === 'watch.turned' && it.body['check'] === 'job').map((it) => it.body['to'])
const why = ({ body }: Awaited<ReturnType<KeeperWorld['ask']>>): string => (body as ErrorAnswer).error.message

/** What is derived is the fold of the ledger, and the chain with its texts is whole. */
function whole(w: KeeperWorld): void {
  assert.deepEqual(rebuildLedger(w.sql, w.keeper.store.rooms, { replace: true }).differed, [])
  assert.equal(verifyLedger(w.sql).broken, undefined)
}

test('W-4 what a job writes is kept, the newest first, and outlives restart and rebuild', async (t) => {
  const w = await keeperWorld(t, config)
  const ping = pingOf(w)
  await ping('log', { body: 'step one\nstep two', from: '198.51.100.7' })
  await ping('success', { body: 'x'.repeat(10_000), cut: true })
  await ping('exit', { exit: 3, body: 'no space left', rid: A })
  await ping('start')
  whole(w)
  await w.restart()
  const { heartbeat, says, state } = await jobOf(w)
  assert.deepEqual(heartbeat.pings?.map((it) => [it.is, it.exit, it.rid, it.text?.slice(0, 20), it.cut, it.from]), [
    ['start', null, null, '', false, null], ['exit', 3, A, 'no space left', false, null], ['success', null, null, 'x'.repeat(20), true, null],
    ['log', null, null, 'step one\nstep two', false, '198.51.100.7'],
  ])
  assert.equal(heartbeat.pings?.[2]?.text?.length, 10_000)
  assert.deepEqual([state, says], ['down', 'the job reported a failure with exit code 3: “no space left”'])
  assert.equal((await jobOf(w, 1)).heartbeat.pings?.length, 1)
  const all = (await w.ask('checks.list', {})).body as { checks: CheckAnswer[] }
  assert.equal(all.checks.find((it) => it.name === 'job')?.heartbeat?.pings, undefined, 'a list carries no texts')
})

test('of a check the newest hundred pings are kept; of one that is gone none', async (t) => {
  const w = await keeperWorld(t, config)
  const ping = pingOf(w)
  for (let n = 1; n <= 105; n++) await ping('log', { body: `line ${n}` })
  const { heartbeat } = await jobOf(w, 100)
  assert.deepEqual([heartbeat.pings?.length, heartbeat.pings?.[0]?.text, heartbeat.pings?.at(-1)?.text], [100, 'line 105', 'line 6'])
  assert.equal((await w.ask('checks.show', { name: 'job', pings: 101 })).status, 400)
  await ping('start')
  await w.restart(configOf([www]))
  for (const table of ['watch_ping', 'watch_run']) assert.equal(w.sql.get<{ n: number }>(`select count(*) as n from ${table}`)?.n, 0)
  assert.equal(w.sql.get(`select 1 as one from agenda where what = 'watch.run'`), undefined)
})

test('a page says the first lines of what a failing job wrote; the ledger has its hash alone', async (t) => {
  const w = await keeperWorld(t, configOf([job, checkOf('other')]))
  await pingOf(w)('fail', { body: '\n  rsync: connection unexpectedly closed \u001b[31m\u202e\nrsync error: code 12\nand more' })
  const { incidents } = (await w.ask('incidents.list', {})).body as IncidentsAnswer
  const says = 'the job reported a failure: “rsync: connection unexpectedly closed [31m / rsync error: code 12”'
  assert.deepEqual(incidents.map((it) => [it.title, it.says]), [['job is down', says]])
  const shown = (await w.ask('incidents.show', { incident: '1' })).body as IncidentAnswer
  assert.equal(shown.timeline[0]?.says, `job is down: ${says}`)
  assert.ok(!JSON.stringify(w.entries()).includes('rsync'), 'free text stands beside the ledger')
  whole(w)
  const long = await keeperWorld(t, config)
  await pingOf(long)('fail', { body: `${'y'.repeat(9000)}` })
  assert.ok((await jobOf(long)).says.length < 250)
})

test('words of a job stand beside the ledger also where a new memory takes them over from the ringer', async (t) => {
  const [old, w] = [await keeperWorld(t, config), await keeperWorld(t, config)]
  await pingOf(old)('fail', { body: 'secretive' })
  const known = old.keeper.rooms.page.mirrored(old.sql, old.entries().find((it) => it.is === 'incident.opened')?.stream ?? '')
  assert.ok(known)
  const adopted = w.keeper.engine.turn('adopt', (tx) => w.keeper.rooms.page.adopt(tx, [known.mirrored]))
  await w.settle()
  await adopted
  assert.match(((await w.ask('incidents.list', {})).body as IncidentsAnswer).incidents[0]?.says ?? '', /“secretive”/)
  assert.ok(!JSON.stringify(w.entries()).includes('secretive'))
})

type Step = readonly [wait: number, signal: 'start' | 'success' | 'fail' | 'log' | 'exit', rid?: string]
/** What a job does, with the seconds it waits before each ping; then 30 s go by: the state, and how long each end took (in s). */
const RUNS: readonly (readonly [says: string, steps: readonly Step[], wait: number, state: string, took: readonly (number | null)[]])[] = [
  ['a run is measured from its start to its success', [[0, 'start'], [50, 'success']], 30, 'up', [50]],
  ['and to its failure', [[0, 'start'], [7, 'fail']], 30, 'down', [7]],
  ['a new check that starts and does not end is down after its grace', [[0, 'success'], [9, 'start']], 61, 'down', [null]],
  ['also when it never reported before', [[0, 'start']], 61, 'down', []],
  ['not before', [[0, 'success'], [9, 'start']], 59, 'up', [null]],
  ['a line for the log is no end', [[0, 'success'], [0, 'start'], [59, 'log']], 2, 'down', [null]],
  ['an end without a name ends whatever runs, and measures only what had none', [[0, 'start', A], [5, 'success']], 70, 'up', [null]],
  ['overlapping runs are told apart', [[0, 'start', A], [20, 'start', B], [10, 'success', A], [20, 'success', B]], 70, 'up', [30, 30]],
  ['one of them hangs though the other succeeds', [[0, 'start', A], [20, 'start', B], [10, 'success', B]], 31, 'down', [10]],
  ['the end of a run that is not known is an end, and is not measured', [[0, 'start', A], [5, 'success', B]], 30, 'up', [null]],
  ['and leaves the other one running', [[0, 'start', A], [5, 'success', B]], 56, 'down', [null]],
  ['the same run again begins anew', [[0, 'start', A], [50, 'start', A], [50, 'success', A]], 70, 'up', [50]],
  ['late is down; its end is measured and ends it', [[0, 'start', A], [90, 'success', A]], 10, 'up', [90]],
  ['a failure of one run does not end the other', [[0, 'start', A], [5, 'start', B], [5, 'fail', A], [5, 'success']], 70, 'up', [10, null]],
]

test('W-3 a run that began ends within its grace, or the job is down; runs that overlap are told apart', async (t) => {
  for (const [says, steps, wait, state, took] of RUNS) {
    const w = await keeperWorld(t, config)
    const ping = pingOf(w)
    for (const [before, signal, rid] of steps) {
      await w.pass(seconds(before))
      await ping(signal, rid === undefined ? {} : { rid })
    }
    await w.pass(seconds(wait))
    const { heartbeat, state: is } = await jobOf(w)
    assert.equal(is, state, says)
    const ends = (heartbeat.pings ?? []).filter((it) => it.is !== 'start' && it.is !== 'log').toReversed()
    assert.deepEqual(ends.map((it) => (it.took === null ? null : Math.round(it.took / 1000))), took, says)
    assert.equal(heartbeat.lastTook === null ? null : Math.round(heartbeat.lastTook / 1000), took.findLast((it) => it !== null) ?? null, says)
    whole(w)
  }
})

test('W-3 neither a restart nor a step of the clock moves the deadline of a run', async (t) => {
  const w = await keeperWorld(t, config)
  const ping = pingOf(w)
  await ping('success')
  await ping('start', { rid: A })
  const [run] = (await jobOf(w)).heartbeat.runs
  assert.deepEqual([run?.rid, run?.startedAt, run?.dueAt, run?.late], [A, START, START + 60_000, false])
  await w.pass(seconds(40))
  await w.restart()
  await w.pass(seconds(19))
  assert.equal(await stateOf(w), 'up')
  await w.pass(seconds(2))
  assert.deepEqual([await stateOf(w), (await jobOf(w)).says], ['down', 'a run that began did not end within its grace of 1 min'])
  assert.equal((await jobOf(w)).heartbeat.runs[0]?.late, true)
  // The wall clock goes back by a day, also over a restart: the other clock counts.
  await ping('success')
  await ping('start')
  w.step(ms(-25 * 3_600_000))
  await w.restart()
  await w.pass(seconds(61))
  assert.deepEqual(turns(w), ['up', 'down', 'up', 'down'])
  await ping('success')
  assert.ok(((await jobOf(w)).heartbeat.lastTook ?? 0) < 62_000, 'measured by the clock that does not step')
})

test('W-3 a run whose end may have met a closed door is not known: one incident names the gap, and it is down one period and grace later', async (t) => {
  const w = await keeperWorld(t, config)
  const ping = pingOf(w)
  await ping('success')
  await ping('start', { rid: A })
  await w.pass(seconds(30))
  const at = w.keeper.now().wall
  const started = w.keeper.start({ version: 'test', cleanStop: false, gap: { from: instantOf(at - 10_000), to: at }, damaged: undefined, store: 'store_test' })
  await w.settle()
  await started
  await w.pass(seconds(31))
  assert.deepEqual([await stateOf(w), w.open()], ['unknown', ['node:gap']])
  await w.pass(seconds(660 - 31 - 2))
  assert.equal(await stateOf(w), 'unknown')
  await w.pass(seconds(4))
  assert.deepEqual([await stateOf(w), w.open(), turns(w)], ['down', ['check:job'], ['up', 'unknown', 'down']])
  await ping('success', { rid: A })
  assert.deepEqual([await stateOf(w), w.open()], ['up', []])
  whole(w)
})

test('so many runs at once are timed, and no more', async (t) => {
  const w = await keeperWorld(t, config)
  const ping = pingOf(w)
  const rid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  for (let n = 0; n < 103; n++) await ping('start', { rid: rid(n) })
  assert.equal((await jobOf(w)).heartbeat.runs.length, 100)
  await w.pass(seconds(61))
  assert.equal(await stateOf(w), 'down')
  // What is late makes room.
  await ping('start', { rid: rid(200) })
  const { runs } = (await jobOf(w)).heartbeat
  assert.deepEqual([runs.length, runs.at(-1)?.rid, runs.filter((it) => !it.late).length], [100, rid(200), 1])
})

test('W-11 a paused heartbeat is judged by nobody, says who paused it, and outlives restart, reload and rebuild', async (t) => {
  const w = await keeperWorld(t, configOf([job]))
  const ping = pingOf(w)
  await ping('success')
  await ping('start')
  const said = await w.ask('checks.pause', { name: 'job', person: 'ada', reason: 'moves house' })
  assert.match((said.body as { says: string }).says, /^job is paused/)
  const check = await jobOf(w)
  assert.deepEqual([check.state, check.since, check.says, check.heartbeat.dueAt, check.heartbeat.runs], ['paused', START, 'paused by ada: moves house', null, []])
  assert.deepEqual(check.heartbeat.paused, { by: 'ada', at: START, reason: 'moves house' })
  const entry = w.entries().find((it) => it.is === 'watch.paused')
  assert.equal(entry?.body['by'], 'ada')
  assert.ok(!JSON.stringify(entry).includes('house'))
  assert.match(((await w.ask('checks.pause', { name: 'job' })).body as { says: string }).says, /paused already/)
  whole(w)
  await w.restart(configOf([{ ...job, grace: minutes(2) }]))
  await w.pass(minutes(20))
  assert.deepEqual([await stateOf(w), w.open()], ['paused', []])
  const status = (await w.ask('status', {})).body as StatusAnswer
  assert.deepEqual([status.says.startsWith('0 of 1 checks fine, job paused.'), status.counts.paused, status.down], [true, 1, false])
  const [component] = viewBoard(w.sql, w.keeper.config.boards[0] ?? assert.fail(), w.keeper.config.site, w.keeper.now().wall).components
  assert.deepEqual([component?.status, component?.unknown, component?.paused], ['degraded_performance', true, true], 'silence is never operational')
  await ping('log', { body: 'still here' })
  assert.equal(await stateOf(w), 'paused', 'a line for the log is no report')
})

test('a report resumes a paused heartbeat, whatever it says', async (t) => {
  for (const [signal, after] of [['success', 'up'], ['fail', 'down'], ['exit', 'up'], ['start', 'new']] as const) {
    const w = await keeperWorld(t, config)
    await pingOf(w)('success')
    await w.ask('checks.pause', { name: 'job' })
    await pingOf(w)(signal)
    assert.equal(await stateOf(w), after, signal)
    assert.equal(w.entries().find((it) => it.is === 'watch.resumed')?.body['by'], 'its own report')
    await w.pass(seconds(61))
    assert.equal(await stateOf(w), signal === 'start' ? 'down' : after, `${signal}, a minute later`)
    whole(w)
  }
})

test('who resumes it expects it again from now on: a job that did not outlive its pause is noticed', async (t) => {
  const w = await keeperWorld(t, config)
  await w.ask('checks.pause', { name: 'job' })
  await w.ask('checks.resume', { name: 'job', person: 'bo' })
  await w.pass(minutes(12))
  assert.equal(await stateOf(w), 'new', 'it never reported, so nobody expects it')
  await pingOf(w)('success')
  await w.ask('checks.pause', { name: 'job' })
  await w.pass(minutes(30))
  await w.ask('checks.resume', { name: 'job', person: 'bo' })
  assert.deepEqual([await stateOf(w), w.entries().findLast((it) => it.is === 'watch.resumed')?.body['by']], ['new', 'bo'])
  await w.pass(seconds(650))
  assert.equal(await stateOf(w), 'new')
  await w.pass(seconds(15))
  assert.equal(await stateOf(w), 'down')
  assert.match(((await w.ask('checks.resume', { name: 'job' })).body as { says: string }).says, /is not paused/)
})

test('W-11 pausing what has an open incident needs the word; then it leaves in the open, and nobody is told that it came back', async (t) => {
  const w = await keeperWorld(t, config)
  await pingOf(w)('fail')
  assert.deepEqual(w.open(), ['check:job'])
  const no = await w.ask('checks.pause', { name: 'job', person: 'ada' })
  assert.deepEqual([no.status, why(no)], [409, 'job has an open incident (1): pausing it ends the paging'])
  assert.equal(await stateOf(w), 'down')
  assert.equal((await w.ask('checks.pause', { name: 'job', person: 'ada', leave: true })).status, 200)
  assert.deepEqual([await stateOf(w), w.open()], ['paused', []])
  const { timeline } = (await w.ask('incidents.show', { incident: '1' })).body as IncidentAnswer
  assert.deepEqual(timeline.filter((it) => it.is.startsWith('incident.')).slice(1).map((it) => it.says), ['job was paused', 'Ada resolved it: job was paused'])
  const told = w.sql.all<{ body: string }>(`select body from deed`).map((row) => JSON.parse(row.body) as { event: string; by?: string }).filter((it) => it.event === 'recovered')
  assert.ok(told.length > 0 && told.every((it) => it.by === 'ada'), 'the notice says that a person ended it')
  // A silence that ends does not page for what is paused.
  await w.pass(minutes(2))
  assert.deepEqual(w.open(), [])
  whole(w)
})

test('only heartbeats are paused; one that becomes another kind, or leaves, is paused no more', async (t) => {
  const w = await keeperWorld(t, config)
  const no = await w.ask('checks.pause', { name: 'www' })
  assert.deepEqual([no.status, why(no)], [400, 'www is no heartbeat: only those are paused'])
  assert.equal((await w.ask('checks.resume', { name: 'nobody' })).status, 404)
  await w.ask('checks.pause', { name: 'job' })
  await w.restart(configOf([{ ...www, name: 'job' }]))
  assert.equal(((await w.ask('checks.show', { name: 'job' })).body as CheckAnswer).state, 'new')
  await w.restart(config)
  await w.ask('checks.pause', { name: 'job' })
  await w.restart(configOf([www]))
  await w.restart(config)
  assert.equal(await stateOf(w), 'new')
  whole(w)
})

test('what leans on a heartbeat that is down stands under it', async (t) => {
  const w = await keeperWorld(t, configOf([job, checkOf('report', { dependsOn: ['job'] })]))
  await pingOf(w)('success')
  await pingOf(w)('fail')
  await w.look('report', 'fail')
  await w.look('report', 'fail')
  assert.deepEqual(w.open(), ['check:job'])
})
