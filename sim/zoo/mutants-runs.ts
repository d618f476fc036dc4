// The part of the zoo about runs as they go on: ways in which two words counted for more than they are worth, or a deed for what it was not. What may surprise a run, and
// runs that go by themselves, have files of their own.
import type { Mutant } from './mutant.ts'
import { goingAlone } from './mutants-alone.ts'
import { surprised } from './mutants-surprises.ts'

const RUNS = 'src/engine/change/runs.ts'
const OFFERS = 'src/engine/change/asking/offers.ts'
const SURPRISES = 'src/engine/change/surprises.ts'
const COURSE = 'src/rooms/change/runs/course.ts'
const killer = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/running.test.ts', name })
const HANDING = 'src/engine/change/asking/hand-over.ts'
const handing = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/asking/hand-over.test.ts', name })
const UNTIL = 'src/engine/change/until.ts'
const RUN = 'src/rooms/change/runs/run.ts'
const deed = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/doing/deeds.test.ts', name })
const against = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/against.test.ts', name })

export const running: readonly Mutant[] = [
  {
    name: 'a step that takes nothing more than is away already is refused for what was lost', breaks: ['C-1'], killer: killer('C-1 C-5 C-11 what is owed only after'),
    changes: [{ file: COURSE, find: '  if (step.takes.every((host) => away.has(host))) return undefined\n', put: '  if (step.takes.length === 0 && away.size === 0) return undefined\n' }],
  },
  {
    name: 'both say “done” against what is seen', breaks: ['C-12'], killer: killer('C-12 “done” is not said against'),
    changes: [{ file: 'src/engine/change/run-calls.ts', find: "(as === 'done' ? whyNotDone(keeper, row, keeper.runs.claimed(plan.id, way.token)) : undefined) ?? askBoth(", put: 'askBoth(' }],
  },
  {
    name: '“done” counts although it is seen not to be so before both have pressed', breaks: ['C-12'], killer: killer('C-12 “done” is not said against'),
    changes: [{ file: RUNS, find: "asked?.as === 'done' ? whyNotDone(keeper, row, claimed) : undefined", put: 'row.asked ? undefined : whyNotDone(keeper, row, claimed)' }],
  },
  {
    name: 'both say “done” against what only its driver sees', breaks: ['C-12'], killer: killer('C-12 “done” is not said against what only'),
    changes: [{ file: 'src/engine/change/until.ts', find: "hasClaimed(claimed, 'fail'", put: "hasClaimed(claimed, 'pass'" }],
  },
  {
    name: 'what was refused before anything was begun is a step that failed', breaks: ['C-4', 'C-15'], killer: deed('C-4 what was refused on the target'),
    changes: [{ file: 'src/engine/change/doing/ears.ts', find: '(!isBegun || acted.begun === false)', put: '!isBegun' }],
  },
  {
    name: 'a name that a step led elsewhere is looked at where it led before', breaks: ['C-12'], killer: deed('C-12 what a deed brought about'),
    changes: [{ file: UNTIL, find: 'await (ports.forgetNames?.(FORGET_WITHIN) ?? true)', put: 'true' }],
  },
  {
    name: 'of whom nobody knows that he has forgotten where a name led is taken to have', breaks: ['C-12'], killer: deed('C-12 what a deed brought about'),
    changes: [{ file: UNTIL, find: 'isForgotten ? from :', put: 'isForgotten || from ? from :' }],
  },
  {
    name: 'a clock is as far off as it took to read it first', breaks: ['C-2'], killer: { is: 'test', file: 'src/ports/world/clock.test.ts', name: 'C-2 the tick is that of every process' },
    changes: [{ file: 'src/ports/world/clock.ts', find: 'const start = startOf()', put: 'const [s, ns] = process.hrtime()\n  const start = s * 1000 + ns / 1e6 - performance.now()' }],
  },
  {
    name: 'an address that was asked for before all was forgotten is kept', breaks: ['C-12'], killer: { is: 'test', file: 'src/ports/world/resolver.test.ts', name: 'what is to be forgotten' },
    changes: [{ file: 'src/ports/world/resolver.ts', find: 'era: asked })', put: 'era })' }],
  },
  {
    name: 'against a halt a step begins without the target typed', breaks: ['C-15'], killer: against('C-15 halted, a step that makes'),
    changes: [{ file: 'src/engine/change/words.ts', find: '...(against !== undefined || (!plan.rehearse', put: '...((!plan.rehearse' }],
  },
  {
    name: 'the step after one that brings a member back goes against a halt too', breaks: ['C-15'], killer: against('C-15 halted, a step that makes'),
    changes: [{ file: 'src/engine/change/beginning.ts', find: 'raises: isRaising(drawn.runbook.steps, n)', put: 'raises: isRaising(drawn.runbook.steps, n) || (step.tolerance ?? 0) > (plan.steps[n - 1]?.tolerance ?? plan.tolerance ?? 0)' }],
  },
  {
    name: 'a deed is done at an address that nobody agreed on', breaks: ['C-5', 'C-9'], killer: deed('C-5 C-9 an edit between'),
    changes: [{ file: 'src/engine/change/doing/ears.ts', find: "if (typeof drawn === 'string') return drawn", put: "if (typeof drawn === 'string' && way.token < 0) return drawn" }],
  },
  {
    name: 'over a boot of this machine a step of an aborted run counts as ended', breaks: ['C-6'], killer: deed('C-6 what an aborted run had begun'),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'now.wall - lastBeganAt(sql, plan.id) <= within', put: 'now.wall < 0' }],
  },
  {
    name: 'a cluster that only a gate names can be edited behind the words of two', breaks: ['C-5'], killer: { is: 'test', file: 'src/rooms/change/plan.test.ts', name: 'C-5 a cluster that only a gate' },
    changes: [{ file: 'src/rooms/change/plan.ts', find: '...new Set(spoken)]', put: '...new Set(spoken.slice(spoken.length))]' }],
  },
  {
    name: 'one press that led to nothing guards for ever', breaks: ['C-14'], killer: { is: 'test', file: 'src/rooms/change/runs/run.test.ts', name: 'C-14 a word that led to nothing' },
    changes: [{ file: RUN, find: 'run.guarded && (run.tried.length > 0', put: 'run.guarded && (run.tried.length >= 0' }],
  },
  {
    name: 'what was never begun counts as begun', breaks: ['C-4', 'C-15'], killer: deed('C-4 C-15 what was never begun'),
    changes: [{ file: RUN, find: 'event.begun === false ? halted(unbegun', put: 'event.begun === false && run.token < 0 ? halted(unbegun' }],
  },
  {
    name: 'what failed after go counts as never begun', breaks: ['C-4'], killer: { is: 'test', file: 'src/engine/change/doing/doer-line.test.ts', name: 'C-4 what failed before go' },
    changes: [{ file: 'src/engine/change/doing/doer-line.ts', find: 'deal === undefined || deal.told || deal.asking)', put: 'deal === undefined)' }],
  },
  {
    name: 'both go on to where nothing follows, and the page is gone', breaks: ['C-15'], killer: deed('C-4 C-15 what was never begun'),
    changes: [{ file: 'src/engine/change/run-calls.ts', find: 'run.halt !== undefined && isStuck(run)', put: 'run.halt === undefined && isStuck(run)' }],
  },
  {
    name: 'what fails after a halt is told to nobody', breaks: ['C-15'], killer: deed('C-15 a step that fails after'),
    changes: [{ file: RUNS, find: "if (is === 'unknown' || before?.run.halt === undefined) pageHalt", put: "if (is === 'unknown' || before !== undefined) pageHalt" }],
  },
  {
    name: 'what becomes of a step after an abort is thrown away', breaks: ['C-6'], killer: deed('C-6 what became of a step'),
    changes: [{ file: RUNS, find: "if (row?.run.phase.is === 'over' && row", put: "if (row?.run.phase.is === 'over' && run === '' && row" }],
  },
  {
    name: 'what a check is seen by is told in the words of an older look', breaks: ['C-12'], killer: killer('C-12 “done” is not said against what is seen'),
    changes: [{ file: 'src/engine/change/grounds.ts', find: 'seen.lastLook.found === FOUND_AS[state]', put: 'seen.lastLook.found !== FOUND_AS[state]' }],
  },
  {
    name: 'rebooted and healthy by a look from before the boot', breaks: ['C-13'], killer: killer('C-13 a step that boots a host'),
    changes: [{ file: UNTIL, find: "claimHolds(claim, course, claim.is === 'boots' ? since : booted)", put: 'claimHolds(claim, course, since)' }],
  },
  {
    name: 'after both have said that it was done nothing follows', breaks: ['C-4'], killer: killer('a step that takes too long'),
    changes: [{ file: RUNS, find: "return hold(keeper, tx, plan.id, { is: 'held'", put: "return void change.take(tx, plan.id, { is: 'held'" }],
  },
  {
    name: 'what was looked at before the second press lets a step begin', breaks: ['C-12'], killer: killer('C-12 C-13 a run from its first press'),
    changes: [{ file: COURSE, find: 'const stale = gates.filter(isStale)', put: 'const stale = gates.filter((it) => isStale(it) && gates.length === 0)' }],
  },
  {
    name: 'what both pressed outlives an edit', breaks: ['C-5'], killer: killer('C-5 an edit of the runbook'),
    changes: [{ file: COURSE, find: 'if (drawn.plan.hash !== plan.hash)', put: "if (drawn.plan.hash === '')" }],
  },
  {
    name: 'an edit shuts the way back', breaks: ['C-15'], killer: killer('C-15 C-5 an edit shuts no way back'),
    changes: [{ file: COURSE, find: 'return back && !(', put: 'return back && host === \'\' && !(' }],
  },
  {
    name: 'a host that was not booted has been', breaks: ['C-13'], killer: killer('C-12 C-13 a run from its first press'),
    changes: [{ file: COURSE, find: "has.boot === boots[claim.host] ? 'fail' : 'pass'", put: "has.boot === boots[claim.host] ? 'pass' : 'pass'" }],
  },
  {
    name: 'words that were given outlive a halt', breaks: ['C-14', 'C-15'], killer: killer('C-14 a blip between steps'),
    changes: [{ file: RUNS, find: 'taken.version !== before.version && taken.asked === undefined) people', put: 'taken.version !== before.version && taken.asked === undefined && tx.now.wall < 0) people' }],
  },
  {
    name: 'the cable of a host that is taken is excused', breaks: ['C-13', 'C-18'], killer: killer('C-13 C-18 a cable is never excused'),
    changes: [{ file: SURPRISES, find: "(it.is === 'member' && it.host !== undefined", put: '(it.host !== undefined' }],
  },
  {
    name: 'a press on failing evidence is taken', breaks: ['C-14'], killer: killer('C-14 a blip between steps'),
    changes: [{ file: RUNS, find: "if (ruling.is !== 'ruled' || ruling.found !== 'pass') return ruling.says", put: "if (ruling.is !== 'ruled') return ruling.says" }],
  },
  {
    name: 'a halt pages whoever does it, and not who checks', breaks: ['C-8'], killer: killer('C-14 C-8 a surprise halts it'),
    changes: [{ file: OFFERS, find: 'escalate: firstOf(does, checks)', put: 'escalate: firstOf(does, ...(checks === does ? [checks] : []))' }],
  },
  {
    name: 'two words alone go on after a halt', breaks: ['C-15'], killer: killer('C-15 after a halt both go on'),
    changes: [{ file: RUNS, find: "found: stale ? 'unknown' : worst", put: "found: stale ? 'unknown' : 'pass'" }],
  },
  {
    name: 'what a doer says after it was taken for lost makes the step done', breaks: ['C-4'], killer: deed('C-4 what whoever did a step says'),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'return move(tx, row, { ...row, lost: { ...lost, word } }', put: "return move(tx, row, { ...row, run: { ...row.run, phase: { is: 'waiting' }, done: [...row.run.done, lost.step] }, lost: { ...lost, word } }" }],
  },
  {
    name: 'nobody hears that a doer speaks against what both had said', breaks: ['C-4', 'C-14'], killer: deed('C-4 C-14 what both had said otherwise'),
    changes: [{ file: 'src/engine/change/asking/late.ts', find: 'if (!isAgainst(lost)) return', put: "if (!isAgainst(lost) || lost.as === 'not-done') return" }],
  },
  {
    name: 'any step that failed begins again', breaks: ['C-4'], killer: deed('C-4 C-15 what was never begun'),
    changes: [{ file: 'src/engine/change/beginning.ts', find: 'idempotent: drawn.runbook.steps[n]?.idempotent === true', put: 'idempotent: drawn.runbook.steps[n] !== undefined' }],
  },
  {
    name: 'what was pressed before a hand-over begins after it', breaks: ['C-17'], killer: handing('C-17 a hand-over voids all'),
    changes: [{ file: HANDING, find: "if (asked) people.agreements.seen(tx, asked.agreement, 'handed over')", put: "if (asked && from === '') people.agreements.seen(tx, asked.agreement, 'handed over')" }],
  },
  {
    name: 'whoever takes over alone hands it over to themselves', breaks: ['C-17'], killer: handing('C-17 a hand-over voids all'),
    changes: [{ file: HANDING, find: "parties: [{ person: to, as }, { person: stays, as: as === 'does' ? 'checks' : 'does' }]", put: 'parties: [{ person: to, as }]' }],
  },
  {
    name: 'the next step does not wait for a hand-over', breaks: ['C-17'], killer: handing('C-13 C-17 a step under way'),
    changes: [{ file: OFFERS, find: "if (asked?.purpose === 'hand-over' || run", put: "if ((asked?.purpose === 'hand-over' && run.id === '') || run" }],
  },
  {
    name: 'anybody takes over', breaks: ['C-17'], killer: handing('C-17 only somebody else'),
    changes: [{ file: HANDING, find: 'if (!may(as).includes(to)) return', put: "if (to === '') return" }],
  },
  {
    name: 'what was pressed against a halt begins against a hand too', breaks: ['C-6'], killer: against('C-6 C-15 a hand voids'),
    changes: [{ file: RUN, find: 'if (legIn(run) !== undefined) return to(', put: "if (legIn(run) !== undefined && run.id === '') return to(" }],
  },
  {
    name: 'what is not known any more is no surprise', breaks: ['C-2', 'C-14'], killer: killer('C-2 C-14 what is not known any more'),
    changes: [{ file: RUNS, find: "if (before && judged.found !== 'pass')", put: "if (before && judged.found === 'fail')" }, { file: SURPRISES, find: 'return was && (!is || quiet.has(host)) && !silencedBy', put: 'return was && well.size === 0 && !silencedBy' }],
  },
  {
    name: 'a host has two runs at once', breaks: ['C-3'], killer: killer('C-6 C-15 either stops it'),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'const other = loadGoing(tx.sql).find((it) => isThere', put: 'const other = loadGoing(tx.sql).find((it) => it.plan.hash !== plan.hash && isThere' }],
  },
  {
    name: 'a step that takes for ever takes for ever', breaks: ['C-14'], killer: killer('a step that takes too long'),
    changes: [{ file: RUNS, find: '!isWithin(way.begun, course.now, step.within)', put: '!isWithin(way.begun, course.now, hours(24))' }],
  },
  {
    name: 'a deed that nobody did is done because all is well', breaks: ['C-4'], killer: killer('C-4 what a doer said outlives a restart'),
    changes: [{ file: RUNS, find: "act?.is === 'manual' || row.acted?.token === way.token", put: 'act !== undefined' }],
  },
  {
    name: 'the last word before a deed is given on a run that was halted', breaks: ['C-6'], killer: { is: 'sim', schedules: 100, seed: 77, runs: true },
    changes: [{ file: 'src/engine/change/doing/ears.ts', find: 'if (row.run.halt !== undefined && way.against !== true) return', put: 'if (row.run.halt !== undefined && way.token < 0) return' }],
  },
  {
    name: 'the way back of a halted run never begins', breaks: ['C-15'], killer: killer('C-15 halted, the way back of a driver'),
    changes: [{ file: 'src/engine/change/doing/ears.ts', find: '&& way.against !== true) return', put: '&& way.token > 0) return' }],
  },
  {
    name: 'a word that was taken back counts', breaks: ['C-5'], killer: killer('C-5 C-15 a word that is taken back'),
    changes: [{ file: 'src/rooms/change/index.ts', find: "if (asked.purpose === 'step' && says !== undefined) room", put: "if (asked.purpose === 'step' && says === '') room" }],
  },
  {
    name: 'a host that says nothing any more is no surprise', breaks: ['C-14'], killer: killer('C-2 C-14 a host that says nothing any more'),
    changes: [{ file: SURPRISES, find: 'return was && (!is || quiet.has(host)) && !silencedBy', put: 'return was && well.size === 0 && !silencedBy' }],
  },
  {
    name: 'an aborted run leaves its host to the next while its step goes on', breaks: ['C-16'], killer: killer('C-5 C-15 a word that is taken back'),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'acted?.token === way.token) return false', put: 'acted?.token !== way.token) return false' }],
  },
  {
    name: 'who was taken is missed between two steps', breaks: ['C-13'], killer: killer('C-13 a member that was taken is away'),
    changes: [{ file: COURSE, find: "gone: want.is === 'healthy' ? away : gone", put: 'gone' }],
  },
  {
    name: 'while one is away nobody is missed', breaks: ['C-13', 'C-14'], killer: killer('C-13 a member that was taken is away'),
    changes: [{ file: COURSE, find: "gone: want.is === 'healthy' ? away : gone", put: "gone: away.size > 0 ? new Set(hosts.names.slice(0, 2)) : gone" }],
  },
  {
    name: 'who was seen back is excused to the end', breaks: ['C-13'], killer: killer('C-13 a member that was taken is away'),
    changes: [{ file: COURSE, find: 'left.delete(claim.host)\n      away.delete(claim.host)', put: 'left.add(claim.host)' }],
  },
  {
    name: 'a step that may begin again and never began counts as begun', breaks: ['C-4', 'C-13'], killer: { is: 'test', file: 'src/rooms/change/runs/run.test.ts', name: 'C-4 C-13 a step that may begin again' },
    changes: [{ file: RUN, find: "return back || again === 'begun' ? run", put: "return back || again === 'begun' || run.steps[step]?.idempotent === true ? run" }],
  },
  {
    name: 'what both pressed outlives that something else is asked for', breaks: ['C-5', 'C-15'], killer: killer('C-5 C-15 whoever asks whether to go on'),
    changes: [{ file: OFFERS, find: 'if (legIn(row.run)) change.take', put: "if (legIn(row.run)?.step === -1) change.take" }],
  },
  {
    name: 'what is heard in the same breath as two words is lost', breaks: ['C-4'], killer: killer('C-4 a word that both gave counts'),
    changes: [{ file: RUNS, find: 'loadRun(tx.sql, id)?.version === version ? act(tx)', put: 'loadRun(tx.sql, id) !== undefined || version < 0 ? act(tx)' }],
  },
  {
    name: 'who has handed over stops the run by an old link', breaks: ['C-17'], killer: handing('C-17 who has handed over stops nothing'),
    changes: [{ file: 'src/rooms/change/index.ts', find: 'if (person !== undefined && ![', put: "if (person === '' && ![" }],
  },
  {
    name: 'a second hand-over tells nobody to let go', breaks: ['C-17'], killer: handing('C-17 a second hand-over tells'),
    changes: [{ file: HANDING, find: 'subject: `run:${plan.id}${HANDED}/${from}`', put: 'subject: `run:${plan.id}${HANDED}/ada`' }],
  },
  {
    name: 'who leads a halted run since a hand-over is rung for nothing', breaks: ['C-17'], killer: handing('C-17 what is paged of a halted run'),
    changes: [{ file: 'src/rooms/page/decide.ts', find: '{ ...paging, policy: policyOf(given.plan, escalate).name }', put: "{ ...paging, ...(escalate === '' ? { policy: policyOf(given.plan, escalate).name } : {}) }" }],
  },
  {
    name: 'a step begins with what it needs accepted since it was planned', breaks: ['C-1', 'C-5'], killer: killer('C-1 C-5 C-11 what is owed only after'),
    changes: [{ file: COURSE, find: "code !== 'window' && step === id)", put: "code !== 'window' && step === id && code === '')" }],
  },
  {
    name: 'one look that does not come keeps both from the way back', breaks: ['C-15'], killer: against('C-15 what both typed against a halt waits'),
    changes: [{ file: RUNS, find: '(isAgainst || goesBack) && !isWithin(phase.at, course.now, LOOKED_FOR)', put: '((isAgainst && row.version < 0) || goesBack) && !isWithin(phase.at, course.now, LOOKED_FOR)' }],
  },
  {
    name: 'a command that is run where Holdfast runs is nothing to ask about', breaks: ['C-11'], killer: { is: 'test', file: 'src/engine/change/planning.test.ts', name: 'C-11 what takes what' },
    changes: [{ file: 'src/rooms/change/plan.ts', find: 'host, ...ranOn(step)]', put: 'host]' }],
  },
  {
    name: 'what was lost since it was planned needs nobody', breaks: ['C-1', 'C-5'], killer: killer('C-1 C-5 C-11 what is owed only after'),
    changes: [{ file: COURSE, find: '|| tolerance !== 0 ||', put: '|| tolerance !== -2 ||' }],
  },
  {
    name: 'what Holdfast pages by is asked about before the first step alone', breaks: ['C-11'], killer: killer('C-1 C-5 C-11 what is owed only after'),
    changes: [{ file: 'src/rooms/change/plan.ts', find: 'leanedIn(steps.slice(from), host, facts)', put: 'leanedIn(steps, host, facts)' }],
  },
  ...surprised, ...goingAlone,
]
