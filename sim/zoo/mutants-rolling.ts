// The part of the zoo about runs over many hosts: ways in which the next host began although the one before had not come to a good end.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/change/rolling'
const ENGINE = 'src/engine/change/rolling/rollings.ts'
const table = (name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/rolling.test.ts`, name })
const story = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/rolling/rolling.test.ts', name })
const beside = (name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/siblings.test.ts`, name })
const batches = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/rolling/batches.test.ts', name })

export const rolling: readonly Mutant[] = [
  {
    name: 'the next host begins beside the one at work', breaks: ['C-3'], killer: table('C-3 one host after the other'),
    changes: [{ file: `${ROOM}/rolling.ts`, find: 'batch.some((host) => !isOver(stages[host])))?.find', put: "batch.some((host) => stages[host]?.is === 'to-come'))?.find" }],
  },
  {
    name: 'hosts of two racks are taken together', breaks: ['C-3'], killer: table('C-3 batches hold hosts of one failure domain'),
    changes: [{ file: `${ROOM}/batches.ts`, find: ": fates.join(', ')", put: ": fates.join(', ').slice(0, 4)" }],
  },
  {
    name: 'one failure more than may be stops nothing', breaks: ['C-20'], killer: table('C-20 so many failures as may be stop nothing'),
    changes: [{ file: `${ROOM}/rolling.ts`, find: 'rolling.failed.length - rolling.known > rolling.maxFailures', put: 'rolling.failed.length - rolling.known > rolling.maxFailures + 1' }],
  },
  {
    name: 'who goes on after a failure goes on whatever fails', breaks: ['C-20'], killer: table('C-20 the first failure more than may be'),
    changes: [{ file: `${ROOM}/rolling.ts`, find: 'known: knownIn(rolling), since', put: 'known: 1000, since' }],
  },
  {
    name: 'who goes on forgives what is still at work', breaks: ['C-20'], killer: table('C-20 who goes on while the host that failed is at work'),
    changes: [{ file: `${ROOM}/rolling.ts`, find: "stages[host]?.is !== 'at-work').length", put: "stages[host]?.is !== 'to-come').length" }],
  },
  {
    name: 'what was taken back was never begun', breaks: ['C-20'], killer: table('C-20 a run that is taken back or ended'),
    changes: [{ file: `${ROOM}/rolling.ts`, find: 'if (touched) {', put: "if (touched && how === 'aborted') {" }],
  },
  {
    name: 'a host that is back without its service is waited for', breaks: ['C-20'], killer: story('C-20 a host that comes back without its service'),
    changes: [{ file: `${ROOM}/failure.ts`, find: '!isWithin(way.begun, now, within)', put: 'way.begun.tick < 0' }],
  },
  {
    name: 'the next host begins by what was seen before', breaks: ['C-2', 'C-12'], killer: table('C-2 C-12 the next host begins when'),
    changes: [{ file: `${ROOM}/opening.ts`, find: '!isSince(from, since)', put: '!isSince(from, from)' }],
  },
  {
    name: 'the next host begins whatever fails', breaks: ['C-2'], killer: table('C-2 C-12 the next host begins when'),
    changes: [{ file: `${ROOM}/opening.ts`, find: "gates.every(({ found }) => found === 'pass')", put: "gates.some(({ found }) => found === 'pass')" }],
  },
  {
    name: 'an edit between two hosts is not seen', breaks: ['C-5'], killer: story('C-5 an edit between two hosts'),
    changes: [{ file: `${ROOM}/opening.ts`, find: 'if (drawn.plan.hash !== planned.hash)', put: "if (drawn.plan.hash === '')" }],
  },
  {
    name: 'after an edit the hosts that are done are gone over again', breaks: ['C-5'], killer: story('C-5 an edit between two hosts'),
    changes: [{ file: ENGINE, find: "hostsIn(rolling, 'to-come'))}`", put: 'rolling.batches.flat())}`' }],
  },
  {
    name: 'the next host begins after the window has closed', breaks: ['C-18'], killer: story('C-18 a window that closes'),
    changes: [{ file: `${ROOM}/opening.ts`, find: "permitOf(runbook.window, facts.now).is === 'shut')", put: "permitOf(runbook.window, facts.now).is === 'open')" }],
  },
  {
    name: 'another run gets a host that is to come', breaks: ['C-3'], killer: story('C-3 a rolling run from its plan to its end'),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'it.plan.id !== plan.rolling && isThere(it)', put: 'plan.rolling !== undefined && it.plan.id !== plan.rolling && isThere(it)' }],
  },
  {
    name: 'the next host begins while the one before may go down', breaks: ['C-3', 'C-16'], killer: story('C-3 C-16 while what an aborted run had begun may go on'),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'all.find((it) => it.plan.id === plan.rolling)?.plan ?? plan', put: 'plan' }],
  },
  {
    name: 'a halt lets the host at work go on', breaks: ['C-15', 'C-6'], killer: story('C-6 C-15 a halt of it stops everything'),
    changes: [{ file: ENGINE, find: 'if (run.run.guarded) halt(keeper, tx, run.plan.id, { ...byHand(by), subject: row.plan.id }, by)', put: 'if (run.run.guarded) byHand(host)' }],
  },
  {
    name: 'what stops many hosts rings nobody', breaks: ['C-20'], killer: story('C-20 a host that comes back without its service'),
    changes: [{ file: ENGINE, find: 'if (rolling.halt !== undefined && before.rolling.halt === undefined) {', put: 'if (rolling.halt !== undefined && before.rolling.halt === rolling.halt) {' }],
  },
  {
    name: 'the public hears of the end with the first of many hosts', breaks: ['T-7'], killer: { is: 'test', file: 'src/engine/change/announcing.test.ts', name: 'T-7 of many hosts the public is told once' },
    changes: [{ file: 'src/engine/change/announcing.ts', find: "else if (how === 'done') say.ended(tx, id, 'part')", put: "else say.ended(tx, id, how === 'done' ? 'part' : how)" }],
  },
  {
    name: 'the public is told that work is completed while other hosts are to come', breaks: ['T-2', 'T-7'], killer: { is: 'test', file: 'src/engine/change/announcing.test.ts', name: 'T-2 T-7 of many hosts that take longer than was announced' },
    changes: [{ file: 'src/engine/change/announcing.ts', find: " && how !== 'part'", put: '' }],
  },
  {
    name: 'work on many hosts that took longer than was announced is never completed', breaks: ['T-7'], killer: { is: 'test', file: 'src/engine/change/announcing.test.ts', name: 'T-2 T-7 of many hosts that take longer than was announced' },
    changes: [{ file: 'src/engine/change/announcing.ts', find: "if (event === 'ended') say.ended(tx, run, over === 'done' ? 'done' : 'aborted')", put: "if (event === 'ended' && over !== 'done') say.ended(tx, run, 'aborted')" }],
  },
  {
    name: 'a host is back when the service of any of them answers', breaks: ['C-13'], killer: story('C-13 a host is done when its own service'),
    changes: [{ file: 'src/rooms/change/plan.ts', find: 'names: it.names.map(put) }', put: "names: it.names.map((name) => name.replace('{{host}}', 'web-2')) }" }],
  },
  {
    name: 'a host without the check that its step awaits is found in the middle of the work', breaks: ['C-13'], killer: { is: 'test', file: 'src/rooms/change/config.test.ts', name: 'C-13 what has to be seen of each host' },
    changes: [{ file: 'src/rooms/change/runbook-config.ts', find: 'if (known.includes(filled)) continue', put: "if (known.includes(filled) || host.name !== '') continue" }],
  },
  {
    name: 'what is to be done to a host beside is excused before it begins', breaks: ['C-13'], killer: beside('C-13 what is down of the others is read'),
    changes: [{ file: `${ROOM}/siblings.ts`, find: 'runs.flatMap(({ run }) => silencedBy(run))', put: 'runs.flatMap(({ run }) => run.steps.flatMap(({ takes }) => [...takes, ...silencedBy(run)]))' }],
  },
  {
    name: 'what is left of a host beside that failed is excused', breaks: ['C-13'], killer: beside('C-13 what is down of the others is read'),
    changes: [{ file: `${ROOM}/siblings.ts`, find: "phase.is === 'running' && phase.way.step === step)", put: "phase.is !== 'over')" }],
  },
  {
    name: 'a host is down for those of another rolling run too', breaks: ['C-13'], killer: beside('C-13 what is down of the others is read'),
    changes: [{ file: `${ROOM}/siblings.ts`, find: 'plan.rolling === rolling && plan.id', put: 'plan.id' }],
  },
  {
    name: 'tolerance is counted without what goes beside', breaks: ['C-1', 'C-3'], killer: beside('C-1 C-3 the number counts with all that goes'),
    changes: [{ file: 'src/rooms/change/plan.ts', find: 'alone && together && others.length > 0', put: 'alone && together && others.length > others.length' }],
  },
  {
    name: 'members are counted without what goes beside', breaks: ['C-1', 'C-3'], killer: beside('C-3 C-1 how many members there have to be'),
    changes: [{ file: 'src/rooms/change/gates.ts', find: 'judgeMembers(without(taken, out)', put: 'judgeMembers(without(taken)' }],
  },
  {
    name: 'that all are healthy is so without those who are still to go', breaks: ['C-13'], killer: beside('C-3 C-1 how many members there have to be'),
    changes: [{ file: 'src/rooms/change/gates.ts', find: 'judgeMembers(without(away)', put: 'judgeMembers(without(away, out)' }],
  },
  {
    name: 'who agrees on a step does not agree on what is at work beside it', breaks: ['C-5'], killer: beside('C-3 C-5 the plan names batches'),
    changes: [{ file: 'src/rooms/change/plan.ts', find: 'accepted, ...(beside ? { beside } : {}) }))', put: 'accepted }))' }],
  },
  {
    name: 'what halts one host lets those beside it go on', breaks: ['C-8', 'C-6'], killer: batches('C-8 C-6 whatever halts one of them halts all'),
    changes: [{ file: ENGINE, find: 'if (host !== it.host) stopBeside(', put: 'if (host === it.host) stopBeside(' }],
  },
  {
    name: 'a surprise of one host stops no other', breaks: ['C-8'], killer: batches('C-8 C-6 whatever halts one of them halts all'),
    changes: [{ file: ENGINE, find: 'else if (row.rolling.halt === undefined) rolled(', put: "else if (row.rolling.halt === '') rolled(" }],
  },
  {
    name: 'what had gone on while the others stand is stopped by nothing', breaks: ['C-8'], killer: batches('C-8 what halts one halts the others again'),
    changes: [{ file: ENGINE, find: 'if (row.rolling.halt !== undefined) for', put: "if (row.rolling.halt === '') for" }],
  },
  {
    name: 'a failure that may be stops those beside it', breaks: ['C-20'], killer: batches('C-20 failures are counted over all of a batch'),
    changes: [{ file: ENGINE, find: "event === 'turned' ? undefined : failureIn(run, tx.now)", put: "event === 'failed' ? undefined : failureIn(run, tx.now)" }],
  },
  {
    name: 'a host of a rolling run gets a second run', breaks: ['C-3'], killer: batches('C-3 of one rolling run each host has one run'),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'plan.beside?.hosts.includes(it.plan.host) === true', put: 'it.plan.id !== plan.id' }],
  },
  {
    name: 'the others wait for a halted host a minute and no longer', breaks: ['C-8'], killer: batches('C-8 C-6 whatever halts one of them halts all'),
    changes: [{ file: ENGINE, find: 'if (beside.some(({ run }) => run.halt !== undefined)) calm', put: "if (beside.some(({ run }) => run.halt?.claim === '')) calm" }],
  },
  {
    name: 'of a halt of all only those hear who led the rolling run', breaks: ['C-17'], killer: batches('C-8 C-17 what halts all of a batch rings'),
    changes: [{ file: ENGINE, find: '(isTold ? haltQuietly : halt)', put: '(isTold ? haltQuietly : haltQuietly)' }],
  },
  {
    name: 'who halted all halts one alone later', breaks: ['C-8'], killer: batches('C-8 who halted the rolling run by hand'),
    changes: [{ file: ENGINE, find: 'if (turn?.subject === row.plan.id) return', put: 'if (turn?.subject === row.plan.id || turn?.claim === row.rolling.halt) return' }],
  },
  {
    name: 'a halt in the batch before makes evidence older', breaks: ['C-2', 'C-12'], killer: batches('C-2 C-12 that a host of the batch before was halted'),
    changes: [{ file: ENGINE, find: 'quiet && isSince(quiet, rolling.since)', put: 'quiet && isSince(quiet, quiet)' }],
  },
]
