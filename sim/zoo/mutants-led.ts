// The part of the zoo about planned changes that whole schedules must find: a node that leads a run, or one over all hosts, its doers, its ringer, two people, three hosts. Where several guards stand
// behind each other, all of them are broken at once: that one of them holds alone is what the tests beside each show.
import type { Mutant } from './mutant.ts'

const RUN = 'src/rooms/change/runs/run.ts'
const RUNS = 'src/engine/change/runs.ts'
const COURSE = 'src/rooms/change/runs/course.ts'
const DOING = 'src/processes/doer/course.ts'
const AGREEMENT = 'src/core/authority/agreement.ts'
const ROLLINGS = 'src/engine/change/rolling/rollings.ts'
const HAND_OVER = 'src/engine/change/asking/hand-over.ts'
const killer = (schedules = 150): Mutant['killer'] => ({ is: 'sim', schedules, seed: 1, runs: true })
/** Only schedules of runs that go by themselves: one in eight. */
const alone = (schedules: number): Mutant['killer'] => ({ is: 'sim', schedules, seed: 1, runs: true, alone: true })

export const led: readonly Mutant[] = [
  {
    name: 'in a run: a step whose doer is gone is done once more', breaks: ['C-4'], killer: killer(400),
    changes: [{ file: RUN, find: `to(halted(run, LOST, now), { is: 'unknown', way: phase.way })`, put: `to({ ...run, tried: run.tried.filter((it) => it !== phase.way.step) }, { is: 'waiting' })` }],
  },
  {
    name: 'in a run: what both pressed outlives an edit', breaks: ['C-5'], killer: killer(),
    changes: [{ file: COURSE, find: 'if (drawn.plan.hash !== plan.hash)', put: `if (drawn.plan.hash === '')` }],
  },
  {
    name: 'in a run: one person who presses twice is two', breaks: ['C-5'], killer: killer(),
    changes: [
      { file: AGREEMENT, find: `  if (had) return { agreement, verdict: { is: 'again' } }\n`, put: `  if (had && agreement.phase.is === 'agreed') return { agreement, verdict: { is: 'again' } }\n` },
      { file: AGREEMENT, find: 'const agreed = terms.parties.every(({ identity }) => assents.some((assent) => assent.identity.person === identity.person))', put: 'const agreed = assents.length >= terms.parties.length' },
      { file: AGREEMENT, find: '  if (same !== undefined) return no(', put: '  if (same !== undefined && !had) return no(' },
      { file: 'src/rooms/people/agreements.ts', find: 'if (act === asks && agreement.assents.some((assent) => assent.identity.person === person)) return', put: `if (act === asks && agreement.phase.is === 'agreed' && agreement.assents.some((assent) => assent.identity.person === person)) return` },
    ],
  },
  {
    name: 'in a run: a link that was passed on is enough', breaks: ['C-5'], killer: killer(),
    changes: [{ file: AGREEMENT, find: '  if (unproven) return unproven\n  const had', put: '  if (unproven && it.proof) return unproven\n  const had' }],
  },
  {
    name: 'in a run: a surprise in the middle of a step waits for its end', breaks: ['C-13', 'C-14'], killer: killer(),
    changes: [{ file: RUN, find: `run.halt !== undefined || phase.is === 'over') return { run }\n  if (turn.is`, put: `run.halt !== undefined || phase.is === 'over' || phase.is === 'running') return { run }\n  if (turn.is` }],
  },
  {
    name: 'in a run: what turns while the keeper is gone is no surprise', breaks: ['C-14'], killer: killer(600),
    changes: [{ file: 'src/engine/change/surprises.ts', find: 'hosts.recall(host, baseline)', put: 'hosts.recall(host, { ...baseline, links: [] })' }],
  },
  {
    name: 'in a run: what is not heard any more is as it was', breaks: ['C-2'], killer: killer(),
    changes: [
      { file: 'src/rooms/change/heard/hosts-heard.ts', find: 'age === undefined || age > FRESH', put: 'age === undefined' },
      { file: 'src/engine/change/quiet.ts', find: 'looked >= QUIET_AFTER', put: 'looked < 0' },
      { file: 'src/rooms/change/sight.ts', find: 'age !== undefined && age <= FRESH', put: 'age !== undefined && age >= 0' },
      { file: 'src/rooms/change/heard/members-heard.ts', find: 'if (!isWithin(entry.at, now, UNHEARD_AFTER)) {', put: 'if (entry.at.tick < 0) {' },
      { file: 'src/rooms/change/heard/members-heard.ts', find: '|| isWithin(entry.wrote, now, WROTE_FRESH)) return []', put: '|| entry.wrote.tick > 0) return []' },
      { file: 'src/rooms/change/sight.ts', find: `isWithin(wrote, now, WROTE_FRESH) ? 'pass'`, put: `wrote !== undefined ? 'pass'` },
    ],
  },
  {
    name: 'in a run: what was seen before the second press lets a step begin', breaks: ['C-12', 'C-2'], killer: killer(),
    changes: [
      { file: COURSE, find: 'const stale = gates.filter(isStale)', put: 'const stale = gates.filter((it) => isStale(it) && gates.length === 0)' },
      { file: RUN, find: 'if (!isSince(from, phase.at) || ageOf', put: 'if (ageOf' },
    ],
  },
  {
    name: 'in a run: tolerance is counted before the step', breaks: ['C-1'], killer: killer(60),
    changes: [{ file: 'src/rooms/change/plan.ts', find: 'const row = { after: worst(tolerance, gone),', put: 'const row = { after: worst(tolerance, new Map([...gone].filter(([host]) => !step.takes.includes(host)))),' }],
  },
  {
    name: 'in a run: a thawed doer begins its deed', breaks: ['C-7', 'C-6'], killer: killer(600),
    changes: [
      { file: DOING, find: 'isWithin(it.since, it.now(), LEASE) && it.tenure.mayBegin()', put: '(true as boolean)' },
      { file: DOING, find: 'tickOf(Math.min(tenure.until().tick, tick + LEASE))', put: 'tickOf(tick + 100 * LEASE)' },
      { file: DOING, find: '() => limit.signal.aborted || !tenure.isUnbroken()', put: '() => limit.signal.aborted' },
    ],
  },
  {
    name: 'in a run: a doer counts its lease by the wall clock', breaks: ['C-7'], killer: killer(600),
    changes: [{
      file: DOING, find: 'export async function course(made: Numbered, ports: CoursePorts, stopped: AbortSignal): Promise<void> {',
      put: 'export async function course(made: Numbered, real: CoursePorts, stopped: AbortSignal): Promise<void> {\n  const ports: CoursePorts = { ...real, now: () => ({ ...real.now(), tick: tickOf(real.now().wall) }) }',
    }],
  },
  {
    name: 'in a run: nobody hears that it does not go back by itself any more', breaks: ['C-8'], killer: alone(400),
    changes: [{ file: 'src/engine/change/asking/offers.ts', find: "if (typeof taken !== 'string' && !isHeard) pageAlone(", put: "if (typeof taken !== 'string' && !isHeard && trust.isBack !== true) pageAlone(" }],
  },
  {
    name: 'in a run: silence outlives the step', breaks: ['C-10'], killer: killer(),
    changes: [{ file: RUN, find: `(phase.is === 'running' ? (steps[phase.way.step]?.takes ?? []) : [])`, put: `('way' in phase && phase.way ? (steps[phase.way.step]?.takes ?? []) : [])` }],
  },
  {
    name: 'in a run: what a step takes excuses its cable', breaks: ['C-13'], killer: killer(400),
    changes: [
      { file: RUN, find: `if (turn.is === 'member' && turn.host`, put: `if (turn.host` },
      { file: 'src/engine/change/surprises.ts', find: `(it.is === 'member' && it.host !== undefined`, put: '(it.host !== undefined' },
    ],
  },
  {
    name: 'in a run: the first step is taken back first', breaks: ['C-15'], killer: killer(400),
    changes: [{ file: RUN, find: 'const last = begun.at(-1)', put: 'const last = begun.at(0)' }],
  },
  {
    name: 'in a run: a halt pages one of the two', breaks: ['C-8'], killer: killer(60),
    changes: [{ file: 'src/engine/change/asking/offers.ts', find: 'escalate: firstOf(does, checks)', put: 'escalate: firstOf(does, ...(checks === does ? [checks] : []))' }],
  },
  {
    name: 'in a run: whoever gives its data to the member that joins halts it', breaks: ['C-13'], killer: killer(60),
    changes: [{ file: 'src/engine/change/surprises.ts', find: '|| (it.donor === true && gone.length > 0)', put: '' }],
  },
  {
    name: 'in a run: a rehearsal does its deeds', breaks: ['C-4'], killer: killer(100),
    changes: [{ file: DOING, find: 'if (order.rehearse) return', put: 'if (order.rehearse && order.token < 0) return' }],
  },
  {
    name: 'in a run: what was asked before a halt is still asked', breaks: ['C-5'], killer: killer(),
    changes: [{ file: RUNS, find: 'taken.version !== before.version && taken.asked === undefined) people', put: 'taken.version !== before.version && taken.asked === undefined && it.byHand === true) people' }],
  },
  {
    name: 'in a run: a keeper that stands still is told after a minute', breaks: ['C-19'], killer: killer(),
    changes: [{ file: 'src/engine/change/led.ts', find: 'run.guarded && !plan.rehearse', put: 'run.token < 0 && !plan.rehearse' }],
  },
  {
    name: 'in a run: whoever takes over needs nobody else', breaks: ['C-17'], killer: killer(100),
    changes: [{ file: HAND_OVER, find: `parties: [{ person: to, as }, { person: stays, as: as === 'does' ? 'checks' : 'does' }],`, put: 'parties: [{ person: to, as }],' }],
  },
  {
    name: 'in a run: what both had pressed begins while one of them hands over', breaks: ['C-5'], killer: killer(600),
    changes: [{ file: HAND_OVER, find: `if (run.phase.is === 'offered' || run.phase.is === 'pressed') change.take`, put: `if (run.phase.is === 'offered') change.take` }],
  },
  {
    name: 'in a run: who has handed over ends it by a link of before', breaks: ['C-17'], killer: killer(),
    changes: [{ file: 'src/rooms/change/index.ts', find: '![does, checks, asked?.hands?.to].includes(person)', put: '![does, checks, asked?.hands?.to, person].includes(person)' }],
  },
  {
    name: 'in a run: a hand does not stop the ways back that are gone by themselves', breaks: ['C-6'], killer: alone(150),
    changes: [
      { file: RUN, find: 'trust?.undoes === true && halt.byHand !== true', put: 'trust?.undoes === true' },
      { file: RUN, find: '  const run = distrusted(before)\n  if (legIn(run) !== undefined)', put: '  const run = before\n  if (legIn(run) !== undefined)' },
    ],
  },
  {
    name: 'in a run: a boot does not end that it goes by itself', breaks: ['C-6'], killer: alone(60),
    changes: [
      { file: 'src/engine/change/asking/unattended.ts', find: 'trust.until.boot !== now.boot)', put: 'trust.until.boot.length > 99)' },
      { file: RUN, find: '(!leg.back && !isDueOnBoth(trust.from, now)) || isDue(trust.until, now) || trust.until.boot !== now.boot', put: '(!leg.back && now.wall < trust.from.wall) || isDue(trust.until, now)' },
    ],
  },
  {
    name: 'in a rolling run: one failure more than may be stops nothing', breaks: ['C-20'], killer: killer(400),
    changes: [{ file: 'src/rooms/change/rolling/rolling.ts', find: 'rolling.failed.length - rolling.known > rolling.maxFailures', put: 'rolling.failed.length - rolling.known > rolling.maxFailures + 2' }],
  },
  {
    name: 'in a rolling run: the next host begins beside the one at work', breaks: ['C-3'], killer: killer(),
    changes: [
      { file: 'src/rooms/change/rolling/rolling.ts', find: 'return batches.find((batch) => batch.some((host) => !isOver(stages[host])))?.find(', put: 'return batches.flat().find(' },
      { file: 'src/rooms/change/index.ts', find: 'const other = loadGoing(tx.sql).find((it) => isThere', put: 'const other = loadGoing(tx.sql).find((it) => it.plan.rolling !== plan.rolling && isThere' },
    ],
  },
  {
    name: 'in a rolling run: a halt of one host leaves the one beside it going on', breaks: ['C-8'], killer: killer(600),
    changes: [{ file: ROLLINGS, find: "'change.moved': (tx, entry) => haltedOne(keeper, tx, entry),", put: "'change.moved': (tx, entry) => (entry.seq < 0 ? haltedOne(keeper, tx, entry) : undefined)," }],
  },
  {
    name: 'in a rolling run: what goes of the hosts beside one is not counted', breaks: ['C-1'], killer: killer(200),
    changes: [{ file: 'src/rooms/change/plan.ts', find: 'return alone && together && others.length > 0 ? worseOf(alone, together) : alone', put: 'return alone && together && others.length > 99 ? worseOf(alone, together) : alone' }],
  },
  {
    name: 'in a rolling run: hosts of two racks are worked on together', breaks: ['C-3', 'C-1'], killer: killer(200),
    changes: [{ file: 'src/rooms/change/rolling/batches.ts', find: "fates.length === 0 ? `host ${name}` : fates.join(', ')", put: "fates.length === 0 ? `host ${name}` : ''" }],
  },
  {
    name: 'in a run: an idempotent step begins once more without a word of both', breaks: ['C-4'], killer: killer(400),
    changes: [
      { file: RUN, find: `to(halted(run, LOST, now), { is: 'unknown', way: phase.way })`, put: `to(halted(run, LOST, now), run.steps[phase.way.step]?.idempotent === true ? { is: 'waiting' } : { is: 'unknown', way: phase.way })` },
    ],
  },
  {
    name: 'in a run: the cluster has two runs at once', breaks: ['C-3'], killer: killer(),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'const other = loadGoing(tx.sql).find((it) => isThere', put: 'const other = loadGoing(tx.sql).find((it) => it.plan.hash === plan.hash && isThere' }],
  },
  {
    name: 'what is asked after a halt is of no run', breaks: ['C-5'], killer: { is: 'test', file: 'src/engine/change/asking/links.test.ts', name: 'C-5 what both are asked after' },
    changes: [{ file: 'src/engine/agreement/message.ts', find: "const OF_STEPS = ['change.step', 'change.resume', 'change.decide']", put: "const OF_STEPS = ['change.step']" }],
  },
  {
    name: 'between two steps nothing came before', breaks: ['C-14'], killer: { is: 'test', file: 'src/engine/change/asking/links.test.ts', name: 'C-14 a surprise between two' },
    changes: [{ file: 'src/rooms/change/runs/record.ts', find: 'if (!way && before) return', put: 'if (way && before) return' }],
  },
  {
    name: 'what a person does can always be undone', breaks: ['C-5'], killer: { is: 'test', file: 'src/engine/change/asking/links.test.ts', name: 'C-5 a step that cannot be undone' },
    changes: [{ file: 'src/engine/change/words.ts', find: '!leg.back && step?.undo === undefined)', put: "!leg.back && step?.undo === undefined && step?.act.is !== 'manual')" }],
  },
]
