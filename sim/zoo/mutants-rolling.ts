// The part of the zoo about runs over many hosts: ways in which the next host began although the one before had not come to a good end.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/change/rolling'
const ENGINE = 'src/engine/change/rollings.ts'
const table = (name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/rolling.test.ts`, name })
const story = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/rolling.test.ts', name })

export const rolling: readonly Mutant[] = [
  {
    name: 'the next host begins beside the one at work', breaks: ['C-3'], killer: table('C-3 one host after the other'),
    changes: [{ file: `${ROOM}/rolling.ts`, find: "hostsIn(rolling, 'at-work').length > 0) return", put: "hostsIn(rolling, 'at-work').length > 1) return" }],
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
    changes: [{ file: ENGINE, find: 'if (run.run.guarded) halt(keeper, tx, run.plan.id, byHand(by), by)', put: 'if (run.run.guarded) byHand(host)' }],
  },
  {
    name: 'what stops many hosts rings nobody', breaks: ['C-20'], killer: story('C-20 a host that comes back without its service'),
    changes: [{ file: ENGINE, find: 'if (rolling.halt !== undefined && before.rolling.halt === undefined) page(', put: 'if (rolling.halt !== undefined && before.rolling.halt === rolling.halt) page(' }],
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
]
