// The bug zoo: Holdfast broken on purpose, once per animal, each in a way that was somebody's real mistake. `npm run zoo` makes each
// change in a copy of the sources and runs the one proof that must notice it. An animal that nobody notices means that the
// tests are too weak, never that it may be taken out. `find` stands exactly once in its file, also after a rewrite.
import { repositories } from './mutants-repositories.ts'
import { servers } from './mutants-servers.ts'
import type { Killer, Mutant } from './mutant.ts'
import { approving } from './mutants-approving.ts'
import { entering } from './mutants-entering.ts'
import { drilling } from './mutants-drills.ts'
import { restoring } from './mutants-restore.ts'
import { guarding } from './mutants-guard.ts'
import { handling } from './mutants-hand.ts'
import { reconciling } from './mutants-reconcile.ts'
import { retaining } from './mutants-retention.ts'
import { alarming } from './mutants-alarms.ts'
import { changing } from './mutants-change.ts'
import { driving } from './mutants-drivers.ts'
import { running } from './mutants-runs.ts'
import { rolling } from './mutants-rolling.ts'
import { doing } from './mutants-doer.ts'
import { clustered } from './mutants-members.ts'
import { cataloguing } from './mutants-sets.ts'
import { mirroring } from './mutants-objects.ts'
import { manifesting } from './mutants-exec.ts'
import { keys } from './mutants-keys.ts'
import { led } from './mutants-led.ts'
import { overSftp } from './mutants-sftp.ts'
import { signingIn } from './mutants-sign-in.ts'
import { scanning } from './mutants-scan.ts'
import { storing } from './mutants-stores.ts'
import { announcing } from './mutants-work.ts'

export type { Change, Killer, Mutant } from './mutant.ts'

const test = (file: string, name: string): Killer => ({ is: 'test', file, name })
const sim = (schedules = 60, seed = 1): Killer => ({ is: 'sim', schedules, seed })

const AGREEMENT = 'src/core/authority/agreement.ts'
const AGREEMENT_TEST = 'src/core/authority/agreement.test.ts'
const ACTS = 'src/rooms/page/ringer/acts.ts'
const ENGINE = 'src/engine/engine.ts'
const LINE = 'src/engine/ringer-line.ts'
const STORE_FILE = 'src/processes/store-file.ts'
const STORE_FILE_TEST = 'src/processes/store-file.test.ts'
const JUDGE = 'src/rooms/watch/judge.ts'

const taking: readonly Mutant[] = [
  {
    name: 'GET of a link acknowledges', breaks: ['P-5'], killer: test('src/http/app.test.ts', 'P-5 fifty GETs'),
    changes: [{ file: 'src/http/links.ts', find: `unknownLink : await kit.ringer.ask({ is: 'show', token })\n  if`, put: `unknownLink : await kit.ringer.ask({ is: 'act', act: 'ack', token, via: 'link' })\n  if` }],
  },
  {
    name: 'looking at a link acknowledges', breaks: ['P-5'], killer: sim(),
    changes: [{ file: ACTS, find: `if (question.is === 'show') return reply({ is: 'shown', view: viewOf(turn, who) })`, put: `if (question.is === 'show') return act(turn, id, { is: 'act', act: 'ack', via: 'link' }, who)` }],
  },
  {
    name: 'an accepted mail counts as an acknowledgement', breaks: ['P-5', 'P-7'], killer: sim(),
    changes: [{ file: 'src/rooms/page/decide.ts', find: `if (!isRinging(paging)) return unchanged(paging, 'nothing changed: that page no longer matters')`, put: `if (!isRinging(paging)) return unchanged(paging, 'nothing changed: that page no longer matters')\n  if (outcome === 'accepted') return acked(paging, { is: 'acked', by: paging.rings.find((it) => it.page === page)?.person ?? '', via: 'receipt' }, given)` }],
  },
  {
    name: 'the ringer confirms before the keeper has committed', breaks: ['X-1'], killer: sim(),
    changes: [{ file: ACTS, find: 'answer(turn, pending, false)\n  const { moves }', put: 'answer(turn, pending, true)\n  const { moves }' }],
  },
  {
    name: 'an act is answered as recorded at once', breaks: ['X-1'], killer: test('src/rooms/page/ringer/ringer.test.ts', 'P-6 an acknowledgement stops'),
    changes: [{ file: ACTS, find: 'if (pending.until <= now.tick) goWithout(turn, pending)\n}\n\n/** Nobody answers', put: 'answer(turn, pending, true)\n}\n\n/** Nobody answers' }],
  },
  {
    name: 'an acknowledgement goes to the next episode', breaks: ['P-6'], killer: sim(),
    changes: [{ file: 'src/core/incident.ts', find: `derivedId('inc', subject, after)`, put: `derivedId('inc', subject, after.slice(0, 0))` }],
  },
  {
    name: 'an acknowledgement never lapses', breaks: ['P-7'], killer: sim(),
    changes: [{ file: 'src/rooms/page/decide.ts', find: 'const lapsesAt = dueIn(now, plan.ackLapses)\n  const lead', put: 'const lapsesAt = dueIn(now, ms(1e10))\n  const lead' }],
  },
  {
    name: 'a page that was decided before somebody took it goes out afterwards', breaks: ['P-7'], killer: test('src/rooms/page/ringer/ringer.test.ts', 'P-7 a page decided before'),
    changes: [{ file: 'src/rooms/page/ringer/handover.ts', find: `const spared = it.body.event === 'page' ? isSpared(turn, incident) : undefined`, put: `const spared = it.body.event === 'test' ? isSpared(turn, incident) : undefined` }],
  },
]

const judging: readonly Mutant[] = [
  {
    name: 'unknown counts as a pass', breaks: ['W-10', 'W-2'], killer: sim(),
    changes: [{ file: JUDGE, find: `case 'unknown': return onUnknown(standing, looked)`, put: `case 'unknown': return onPass(check, standing, looked, now)` }],
  },
  {
    name: 'unknown counts as a failure', breaks: ['W-2'], killer: sim(),
    changes: [{ file: JUDGE, find: `case 'unknown': return onUnknown(standing, looked)`, put: `case 'unknown': return onFail(check, standing, looked)` }],
  },
  {
    name: 'unknown leaves a row of passes as it is', breaks: ['W-10'], killer: test('src/rooms/watch/judge.test.ts', 'W-2: down needs'),
    changes: [{ file: JUDGE, find: '{ ...standing, passes: 0, unknownSince: standing.unknownSince ?? looked.tick', put: '{ ...standing, unknownSince: standing.unknownSince ?? looked.tick' }],
  },
  {
    name: 'no descriptors left reads as down', breaks: ['X-3'], killer: test('src/rooms/watch/look.test.ts', 'X-3: what this machine lacks'),
    changes: [{ file: 'src/core/fault.ts', find: `'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'`, put: `'ENOMEM', 'ENOBUFS'` }],
  },
  {
    name: 'a restart counts heartbeats from now', breaks: ['W-3'], killer: sim(),
    changes: [{ file: 'src/rooms/watch/reports.ts', find: `else if (row.due_at !== null) tx.schedule(DEADLINE, check.name, dueAtWall(row.due_at, tx.now))`, put: `else if (row.due_at !== null) rearm(tx, { ...row, due_at: tx.now.wall + check.every + (check.grace ?? 0) })` }],
  },
  {
    name: 'a restart counts runs from now', breaks: ['W-3'], killer: test('src/engine/heartbeats.test.ts', 'W-3 neither a restart nor a step'),
    changes: [{ file: 'src/rooms/watch/reports.ts', find: `if (run.over === 0) tx.schedule(RUN, runKey(run), runDue(check, run))`, put: `if (run.over === 0) tx.schedule(RUN, runKey(run), dueIn(tx.now, (check.grace ?? 0) as Span))` }],
  },
  {
    name: 'a run that never ends is waited for until its period is over', breaks: ['W-3'], killer: sim(200),
    changes: [{ file: 'src/rooms/watch/heartbeat.ts', find: '  return gap ? excused(check, gap) : { is: \'down\', says: `a run that began', put: '  if (gap === undefined) return excused(check, { from: run.at as Instant, to: run.at as Instant })\n  return gap ? excused(check, gap) : { is: \'down\', says: `a run that began' }],
  },
  {
    name: 'the success of one run ends every other', breaks: ['W-3'], killer: test('src/engine/heartbeats.test.ts', 'W-3 a run that began ends'),
    changes: [{ file: 'src/rooms/watch/heartbeat.ts', find: 'rid === undefined ? runs : runs.filter((run) => run.rid === rid)', put: 'rid === undefined ? runs : runs.filter((run) => run.rid === rid || run.rid !== rid)' }],
  },
  {
    name: 'a paused heartbeat stays on the deadline of its run', breaks: ['W-11'], killer: test('src/engine/heartbeats.test.ts', 'W-11 a paused heartbeat is judged by nobody'),
    changes: [{ file: 'src/rooms/watch/reports.ts', find: `      endRuns(tx, loadRuns(tx.sql, name))\n      rearm(tx, { ...rowOf(tx, name), due_at: null, excused: 0 })`, put: `      rearm(tx, { ...rowOf(tx, name), due_at: null, excused: 0 })` }],
  },
  {
    name: 'what a job wrote stands in the ledger', breaks: ['L-6'], killer: test('src/engine/heartbeats.test.ts', 'a page says the first lines'),
    changes: [{ file: 'src/rooms/watch/reports.ts', find: '`#${tx.keep(`${says}: “${excerpt}”`)}`', put: '`${says}: “${excerpt}”`' }],
  },
  {
    name: 'who is there is not remembered again when the runtime folder is', breaks: ['X-8'], killer: test('src/processes/watchdog.test.ts', 'X-8 a runtime folder'),
    changes: [{ file: 'src/processes/watchdog.ts', find: '    it.children.remember()\n', put: '' }],
  },
  {
    name: 'the queue drops the newest look', breaks: ['X-5'], killer: test('src/rooms/watch/outbox.test.ts', 'keeps the newest result'),
    changes: [{ file: 'src/rooms/watch/outbox.ts', find: 'if (pile.unsent.delete(looked.check)) pile.dropped += 1', put: 'if (pile.unsent.has(looked.check)) return void (pile.dropped += 1)' }],
  },
  {
    name: 'a hand-off where the clocks go back leaves nobody on call', breaks: ['P-8'], killer: test('src/core/calendar.test.ts', 'P-8 a hand-off in the gap'),
    changes: [{ file: 'src/core/calendar/shift.ts', find: 'instantOf(local.toZonedDateTime(of.zone).epochMilliseconds)', put: `instantOf(index === 0 ? local.toZonedDateTime(of.zone).epochMilliseconds : handOffAt(of, 0) + index * of.length)` }],
  },
  {
    name: 'a shift ends after its usual length', breaks: ['P-8'], killer: test('src/rooms/page/oncall.test.ts', 'P-8 any rotation'),
    changes: [{ file: 'src/core/calendar/shift.ts', find: 'until: handOffAt(known, index + 1) }', put: 'until: instantOf(handOffAt(known, index) + known.length) }' }],
  },
]

const paging: readonly Mutant[] = [
  {
    name: 'escalation ends after three rounds', breaks: ['P-10'], killer: sim(),
    changes: [{ file: 'src/rooms/page/ringing.ts', find: 'nextAt: dueAfter(cause.start, waitOf(step)) }', put: 'nextAt: dueAfter(cause.start, ms(place.round < 3 ? waitOf(step) : 1e9)) }' }],
  },
  {
    name: 'the last step is decided again and again, and rings nobody', breaks: ['X-5'], killer: sim(),
    changes: [{ file: 'src/rooms/page/ringing.ts', find: 'return isDue(nextAt, given.now) ? beginNext', put: 'return paging.phase.round < 3 && isDue(nextAt, given.now) ? beginNext' }],
  },
  {
    name: 'an intended page is not sent again after the ringer died', breaks: ['P-3'], killer: sim(),
    changes: [{ file: LINE, find: 'for (const deed of engine().unsettled()) perform(deed)', put: '' }],
  },
  {
    name: 'the ringer sends an accepted page again', breaks: ['P-4'], killer: sim(),
    changes: [{ file: 'src/rooms/page/ringer/sending.ts', find: `if (earlier?.outcome === 'accepted') return settleWith`, put: `if (earlier?.outcome === 'failed') return settleWith` }],
  },
  {
    name: 'the keeper rings before it took the journal in', breaks: ['P-4', 'P-7'], killer: test('src/engine/keeper.test.ts', 'nothing is rung before the journal'),
    changes: [{ file: LINE, find: 'const taken = await takeIn(message.journal', put: 'ready = true\n    term = message.term\n    for (const deed of engine().unsettled()) perform(deed)\n    const taken = await takeIn(message.journal' }],
  },
  {
    name: 'the keeper rings though the journal could not be made durable', breaks: ['P-4'], killer: test('src/engine/keeper.test.ts', 'when the journal could not be made durable'),
    changes: [{ file: LINE, find: 'if (!taken) return\n', put: '' }],
  },
  {
    name: 'the keeper says that it took the journal before it did', breaks: ['X-1'], killer: sim(),
    changes: [{ file: LINE, find: `engine().turn('page.journal', (tx) => {\n`, put: `(journal.length > 0 && send({ is: 'taken', n: journal.at(-1)?.n ?? 0 }), engine()).turn('page.journal', (tx) => {\n` }],
  },
  {
    name: 'a journal that comes twice undoes what came after it', breaks: ['P-7'], killer: test('src/rooms/page/delivery.test.ts', 'a journal of the ringer that comes twice'),
    changes: [{ file: 'src/rooms/page/index.ts', find: ' || rows.wasStepped(tx.sql, it)', put: '' }],
  },
  {
    name: 'the ringer lets a keeper ring that has not taken the journal in', breaks: ['P-7'], killer: test('src/rooms/page/ringer/ringer.test.ts', 'the keeper that comes back is refused'),
    changes: [{ file: 'src/rooms/page/ringer/handover.ts', find: 'if (message.term !== state.term || state.handover) {', put: 'if (message.term !== state.term) {' }],
  },
  {
    name: 'the ringer lets a keeper ring that speaks of an older term', breaks: ['P-4'], killer: test('src/rooms/page/ringer/ringer.test.ts', 'the keeper that comes back is refused'),
    changes: [{ file: 'src/rooms/page/ringer/handover.ts', find: 'if (message.term !== state.term || state.handover) {', put: 'if (state.handover) {' }],
  },
  {
    name: 'the ringer sends what it decided alone although the keeper is back', breaks: ['L-1', 'P-3'], killer: test('src/rooms/page/ringer/ringer.test.ts', 'is left to the keeper that is back'),
    changes: [{ file: 'src/rooms/page/ringer/handover.ts', find: '    giveBack(turn)\n', put: '' }],
  },
  {
    name: 'the ringer never goes on alone', breaks: ['P-1'], killer: test('src/rooms/page/ringer/ringer.test.ts', 'after 12 s without a beat'),
    changes: [{ file: 'src/rooms/page/ringer/ringer.ts', find: 'if (silentFor(turn) < state.options.silence) return', put: 'if (silentFor(turn) >= 0) return' }],
  },
  {
    name: 'a digest loses a ring', breaks: ['P-13'], killer: sim(),
    changes: [{ file: 'src/rooms/page/delivery.ts', find: 'rings: rows.map((row) =>', put: 'rings: rows.slice(1).map((row) =>' }],
  },
  {
    name: 'a digest pages for what somebody has', breaks: ['P-7'], killer: test('src/rooms/page/delivery.test.ts', 'what somebody took, or is over'),
    changes: [{ file: 'src/rooms/page/delivery.ts', find: 'all.filter((row) => !spared.has(row.page))', put: 'all' }],
  },
  {
    name: 'a backlog pages for what is over', breaks: ['P-14'], killer: test('src/rooms/page/delivery.test.ts', 'what had to wait and is old'),
    changes: [{ file: 'src/rooms/page/delivery.ts', find: `if (phase.is === 'over') return 'it was over before this was sent'`, put: '' }],
  },
  {
    name: 'a storm is counted by rings, not by incidents', breaks: ['P-13'], killer: test('src/rooms/page/ringer/digest.test.ts', 'goes on being told so'),
    changes: [{ file: 'src/rooms/page/storm.ts', find: 'return !gathered.has(incident)', put: 'return false' }],
  },
  {
    name: 'the agenda knows the wall clock only', breaks: ['X-7', 'P-10', 'P-1', 'P-3', 'P-7', 'X-5', 'G-14', 'W-10'], killer: sim(),
    changes: [{ file: 'src/db/store.ts', find: '[...byWall, ...byTick.filter((row) => !seen.has(`${row.what} ${row.key}`))]', put: 'byWall' }],
  },
]

const keeping: readonly Mutant[] = [
  {
    name: 'a reply leaves before the commit', breaks: ['X-1'], killer: test('src/engine/engine.test.ts', 'a COMMIT that fails drops every reply'),
    changes: [{ file: ENGINE, find: 'owed.replies.push(() => asked.resolve(result.value))', put: 'asked.resolve(result.value)' }],
  },
  {
    name: 'an alert is confirmed though its commit failed', breaks: ['X-1'], killer: sim(),
    changes: [{ file: ENGINE, find: 'for (const reject of owed.rejects) reject(cause)', put: 'for (const reply of owed.replies) reply()' }],
  },
  {
    name: 'a failed commit still hands out its deeds', breaks: ['L-1'], killer: sim(),
    changes: [{ file: ENGINE, find: 'for (const reject of owed.rejects) reject(cause)', put: 'for (const reject of owed.rejects) reject(cause)\n    for (const deed of owed.deeds) options.perform(deed)' }],
  },
  {
    name: 'a turn that was undone leaves the chain where it was', breaks: ['L-2'], killer: test('src/engine/engine.test.ts', 'a turn that throws fails alone'),
    changes: [{ file: 'src/db/store.ts', find: 'head = start\n', put: '' }],
  },
  {
    name: 'apply reads the clock', breaks: ['W-8'], killer: sim(4),
    changes: [{ file: 'src/rooms/page/rows.ts', find: 'resolved_at = ?, ended = ? where id = ?`, at, entry.hash, id)', put: 'resolved_at = ?, ended = ? where id = ?`, at + (performance.now() | 0), entry.hash, id)' }],
  },
  {
    name: 'a projection is written beside the ledger', breaks: ['W-8'], killer: sim(4),
    changes: [{ file: 'src/rooms/page/incidents.ts', find: `tx.append({ is: 'incident.left', stream: row.id, body: { id: row.id, member, says: why, at: tx.now.wall } })`, put: `tx.append({ is: 'incident.left', stream: row.id, body: { id: row.id, member, says: why, at: tx.now.wall } })\n    tx.sql.run('update page_incident set says = ? where id = ?', why, row.id)` }],
  },
  {
    name: 'a statement is published without looking whether the outage is still there', breaks: ['T-7'], killer: test('src/rooms/tell/publish.test.ts', 'T-7'),
    changes: [{ file: 'src/rooms/tell/index.ts', find: `e.statuses.some(isOutage) ? { is: 'pass' }`, put: `e.statuses.length > 0 ? { is: 'pass' }` }],
  },
  {
    name: 'whoever waits for the guard waits half a minute', breaks: ['X-8'], killer: test('src/processes/supervise.test.ts', 'one that only reads is back within seconds'),
    changes: [{ file: 'src/processes/supervise.ts', find: 'care.mostPause ?? Infinity', put: 'care.mostAbandoned * 30_000' }],
  },
  {
    name: 'a keeper waits out its pause though its predecessor is gone', breaks: ['X-8'], killer: test('src/processes/supervise.test.ts', 'when the one that could not be ended is gone'),
    changes: [{ file: 'src/processes/supervise.ts', find: `phase: phase.is === 'waiting' ? { is: 'waiting', startAt: now } : phase }`, put: 'phase }' }],
  },
  {
    name: 'a keeper that waits for its predecessor counts as one that keeps ending', breaks: ['X-8'], killer: test('src/processes/supervise.test.ts', 'a keeper that only waits for one'),
    changes: [{ file: 'src/processes/supervise.ts', find: '{ ...next, deaths: care.deaths }', put: 'next' }],
  },
  {
    name: 'a full disk stops whoever measures', breaks: ['L-7'], killer: test('src/db/samples.test.ts', 'L-7 a disk that takes nothing'),
    changes: [{ file: 'src/db/samples.ts', find: '      ids.clear()\n      return false', put: `      throw new Error('not written')` }],
  },
  {
    name: 'looking at the database gives up its locks', breaks: ['X-1'], killer: test(STORE_FILE_TEST, 'X-1 looking at the database'),
    changes: [{ file: STORE_FILE, find: '    const [found, foundLog] =', put: `    closeSync(openSync(file, 'r'))\n    const [found, foundLog] =` }],
  },
  {
    name: 'a database that is missing is a new installation', breaks: ['X-1'], killer: test(STORE_FILE_TEST, 'X-1 a database that is missing'),
    changes: [{ file: STORE_FILE, find: '    if (isGone(data, file)) {', put: '    if (isGone(data, file) && false) {' }],
  },
  {
    name: 'the log of one database is read into another', breaks: ['L-8', 'L-2'], killer: test(STORE_FILE_TEST, 'L-8 a database that is replaced'),
    changes: [{ file: STORE_FILE, find: "  copyOut(sql, `${file}.replaced`)\n  for (const tail of ['-wal', '-shm']) rmSync(file + tail, { force: true })\n", put: '  copyOut(sql, `${file}.replaced`)\n' }],
  },
  {
    name: 'a runtime folder that is gone stays gone', breaks: ['X-8'], killer: test('src/processes/watchdog/tend.test.ts', 'X-8 a runtime folder that is removed'),
    changes: [{ file: 'src/processes/watchdog/tend.ts', find: 'if (gone || missed.has(name)) ports', put: 'if (missed.has(name) && !gone) ports' }],
  },
  {
    name: 'a clock that is set back makes an old board young', breaks: ['T-1', 'X-7'], killer: test('src/http/board/boards.test.ts', 'T-1 X-7 a clock that is set back'),
    changes: [{ file: 'src/http/board/boards.ts', find: 'return now.wall < board.asOf || now.wall > lived ? now.wall : lived', put: 'return lived > 0 ? now.wall : lived' }],
  },
  {
    name: 'a restart forgets that this node is cut off', breaks: ['W-6'], killer: test('src/engine/watching.test.ts', 'W-6 cut off ends also when'),
    changes: [{ file: 'src/rooms/watch/watcher.ts', find: '      isolated = loadIsolated(sql)\n', put: '      isolated = isolated && loadIsolated(sql)\n' }],
  },
  {
    name: 'anchors that cannot even be asked are not gone', breaks: ['W-6'], killer: test('src/engine/watching.test.ts', 'W-6 no way out of this machine'),
    changes: [{ file: 'src/rooms/watch/horizon.ts', find: ' || (unknownSince !== undefined && last.tick > unknownSince)', put: ' || (unknownSince !== undefined && false)' }],
  },
  {
    name: 'the store does not wait for the disk', breaks: ['X-1'], killer: test('lab/powercut.lab.test.ts', 'power cuts lose no confirmed entry'), lab: true,
    changes: [{ file: 'src/db/store.ts', find: `'synchronous-off' ? 'off' : 'full'`, put: `'synchronous-off' ? 'off' : 'off'` }],
  },
]

const agreeing: readonly Mutant[] = [
  {
    name: 'the same person counts twice', breaks: ['C-17'], killer: test(AGREEMENT_TEST, 'the same person never counts twice'),
    changes: [{ file: AGREEMENT, find: '    if (same !== undefined) return same\n', put: '' }],
  },
  {
    name: 'two people at one session are two people', breaks: ['C-17'], killer: test(AGREEMENT_TEST, 'whatever comes in whatever order at two keepers'),
    changes: [{ file: AGREEMENT, find: 'assent.session === proof.session', put: 'false' }],
  },
  {
    name: 'a press survives an edit', breaks: ['C-5'], killer: test(AGREEMENT_TEST, 'an edit voids all words'),
    changes: [{ file: AGREEMENT, find: 'mayLapse(agreement) && hash !== agreement.terms.hash', put: 'isOpen(agreement) && hash !== agreement.terms.hash && agreement.assents.length === 0' }],
  },
  {
    name: 'an agreement lapses by the wall clock only', breaks: ['X-7', 'C-5'], killer: test(AGREEMENT_TEST, 'it lapses by whichever clock'),
    changes: [{ file: AGREEMENT, find: 'isDue(lapsesAt, now) || lapsesAt.boot !== now.boot', put: 'now.wall >= lapsesAt.wall' }],
  },
  {
    name: 'an old proof counts', breaks: ['C-5'], killer: test(AGREEMENT_TEST, 'rests on a fresh'),
    changes: [{ file: AGREEMENT, find: '!isWithin(proof.at, now, FRESH)', put: 'proof.at.boot !== now.boot' }],
  },
  {
    name: 'a proof for another thing counts', breaks: ['C-5'], killer: test(AGREEMENT_TEST, 'whatever comes in whatever order at two keepers'),
    changes: [{ file: AGREEMENT, find: 'proof.hash !== terms.hash || ', put: '' }],
  },
]

const WATCHING = 'src/engine/watching.test.ts'

/** Mistakes that were made here. */
const own: readonly Mutant[] = [
  ...repositories,
  ...servers,
  ...changing,
  ...driving,
  ...running,
  ...rolling,
  ...doing,
  ...clustered,
  ...announcing,
  {
    name: 'the first page waits for forty seconds', breaks: ['P-2'], killer: sim(4),
    changes: [{ file: 'src/rooms/page/decide.ts', find: 'nextAt: dueIn(now, ms(0)), fresh: true }', put: 'nextAt: dueIn(now, ms(40_000)), fresh: true }' }],
  },
  {
    name: 'a name that every object has is a person', breaks: ['P-1'], killer: test('src/engine/calls.test.ts', 'names that every object has are nobody'),
    changes: [{ file: 'src/rooms/page/steps.ts', find: 'Object.hasOwn(record, name) ? record[name] : undefined', put: 'record[name]' }],
  },
  {
    name: 'a moment may lie beyond every calendar', breaks: ['X-8'], killer: test('src/engine/calls.test.ts', 'times that no calendar has'),
    changes: [{ file: 'src/engine/moments.ts', find: 'at === undefined || Math.abs(at - from) > FARTHEST', put: 'at === undefined' }],
  },
  {
    name: 'a number that cannot be read back is written', breaks: ['X-8'], killer: test('src/engine/calls.test.ts', 'a number that could not be read back'),
    changes: [{ file: 'src/db/sql.ts', find: 'Math.abs(value) > Number.MAX_SAFE_INTEGER', put: 'Math.abs(value) === Number.MAX_SAFE_INTEGER + 2' }],
  },
  {
    name: 'a silence ends by the wall clock alone', breaks: ['W-9', 'X-7'], killer: test(WATCHING, 'W-9 a silence covers its check'),
    changes: [{ file: 'src/rooms/page/incidents.ts', find: `export function silenceEnds(tx: Tx, life: Lifecycle, check: string): void {\n`, put: `export function silenceEnds(tx: Tx, life: Lifecycle, check: string): void {\n  if (silencedUntil(tx.sql, check) > tx.now.wall) return\n` }],
  },
  {
    name: 'a silence that is made longer keeps its first end', breaks: ['W-9'], killer: test(WATCHING, 'W-9 a silence that is made longer'),
    changes: [{ file: 'src/rooms/page/incidents.ts', find: `  tx.schedule('page.silence-ends', check,`, put: `  if (loadDown(tx.sql, check) === undefined) tx.schedule('page.silence-ends', check,` }],
  },
  {
    name: 'whoever cannot be seen while this node is cut off is an incident of its own', breaks: ['W-6'], killer: test(WATCHING, 'W-6 cut off'),
    changes: [{ file: 'src/rooms/watch/watcher.ts', find: `isolated && !check.loopback && verdict.to === 'unknown'`, put: `isolated && check.loopback && verdict.to === 'unknown'` }],
  },
  {
    name: 'the silence of far targets accuses them while this node is cut off', breaks: ['W-6'], killer: test(WATCHING, 'W-6 cut off'),
    changes: [{ file: 'src/rooms/watch/watcher.ts', find: `return horizon === 'gone' ? 'unknown' : 'take'`, put: `return 'take'` }],
  },
  {
    name: 'a check that nobody looks at stays as it was', breaks: ['W-1'], killer: test(WATCHING, 'W-1 a check of which no look comes back'),
    changes: [{ file: JUDGE, find: 'standing.unknownSince ?? (stale ? (lastAt as Tick) : undefined)', put: 'standing.unknownSince' }],
  },
  {
    name: 'a turn waits for no verdict on what it leans on', breaks: ['W-2'], killer: test(WATCHING, 'W-2 one incident named after the root'),
    changes: [{ file: 'src/rooms/watch/watcher.ts', find: 'if (open.length === 0 || now().tick', put: 'if (open.length >= 0 || now().tick' }],
  },
  {
    name: 'a board that cannot be drawn keeps the keeper from starting', breaks: ['P-17'], killer: test(WATCHING, 'P-17 rows that cannot be drawn'),
    changes: [{ file: 'src/engine/pushes.ts', find: 'undrawn.add(what)\n', put: 'undrawn.add(what)\n      throw cause\n' }],
  },
  {
    name: 'the clock of the ledger follows the wall clock back', breaks: ['L-5'], killer: test('src/engine/ledger.test.ts', 'L-5 numbers and clock'),
    changes: [{ file: 'src/db/store.ts', find: 'Math.max(head.hlc + 1, tx.now.wall * 1000)', put: 'tx.now.wall * 1000' }],
  },
  {
    name: 'a byte of a text beside the ledger may change', breaks: ['L-2'], killer: test('src/engine/ledger.test.ts', 'L-2 any single byte'),
    changes: [{ file: 'src/db/verify.ts', find: 'if (sha256(text.body) !== text.hash)', put: 'if (text.hash.length !== 64)' }],
  },
  {
    name: 'an older Holdfast opens what a newer one wrote', breaks: ['X-10'], killer: test('src/cli/offline.test.ts', 'X-10 what a newer Holdfast wrote'),
    changes: [{ file: 'src/db/store.ts', find: 'if (has > SCHEMA) throw', put: 'if (has > SCHEMA + 9) throw' }],
  },
  {
    name: 'the ringer\'s journal takes paging back to an earlier step', breaks: ['P-13'], killer: test('src/rooms/page/delivery.test.ts', 'P-13 a journal of the ringer'),
    changes: [{ file: 'src/rooms/page/index.ts', find: 'const behind = isBefore(it.paging, had)', put: 'const behind = isBefore(it.paging, it.paging)' }],
  },
  {
    name: 'tables of an older shape are read as they are', breaks: ['X-10'], killer: test('src/engine/ledger.test.ts', 'X-10 what an older Holdfast folded'),
    changes: [{ file: 'src/db/store.ts', find: 'const isOlder = has > 0 && has < SCHEMA', put: 'const isOlder = has > SCHEMA' }],
  },
  {
    name: 'a log passes on what steers a terminal', breaks: ['X-5'], killer: test('src/processes/watchdog/small.test.ts', 'what a stranger wrote steers no terminal'),
    changes: [{ file: 'src/processes/watchdog/outlet.ts', find: 'waiting.push(`${harmless(', put: 'waiting.push(`${String(' }],
  },
]

export const MUTANTS: readonly Mutant[] = [...taking, ...judging, ...paging, ...keeping, ...agreeing, ...approving, ...entering, ...keys, ...signingIn, ...storing, ...guarding, ...reconciling, ...handling, ...retaining, ...cataloguing, ...mirroring, ...alarming, ...manifesting, ...scanning, ...drilling, ...restoring, ...overSftp, ...led, ...own]
