// The part of the zoo about planned changes: ways in which "one more may fail" was not so.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/change'
const TOLERANCE = `${ROOM}/tolerance.ts`
const PLAN = `${ROOM}/plan.ts`
const SIGHT = `${ROOM}/sight.ts`
const RUN = `${ROOM}/runs/run.ts`
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/${file}.test.ts`, name })

const LINE = 'src/processes/scout/host-line.ts'
const lineKiller = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/processes/scout/host-line.test.ts', name })

export const changing: readonly Mutant[] = [
  {
    name: 'the host that the pages leave by is taken, and nobody is asked', breaks: ['C-11'], killer: { is: 'test', file: 'src/engine/change/planning.test.ts', name: 'C-11 what takes what Holdfast' },
    changes: [{ file: PLAN, find: "is === 'here' || step.takes.includes(name))", put: "is === 'here')" }],
  },
  {
    name: 'work on the machine that Holdfast runs on is as any other', breaks: ['C-11'], killer: { is: 'test', file: 'src/engine/change/planning.test.ts', name: 'C-11 what takes what Holdfast' },
    changes: [{ file: PLAN, find: '[...step.takes, host, ...ranOn(step)]', put: '[...step.takes]' }],
  },
  {
    name: 'an address that is written in another form is another host', breaks: ['C-11'], killer: killer('own-way', 'C-11 the machine that Holdfast'),
    changes: [{ file: `${ROOM}/own-way.ts`, find: 'readAddress(text)?.address ?? text', put: 'text' }],
  },
  {
    name: 'a stalled answer is as new as its arrival', breaks: ['C-2', 'C-12'], killer: lineKiller('C-2 C-12 what lay in a stalled connection'),
    changes: [{ file: LINE, find: 'options.heard(read.account, question.at)', put: 'options.heard(read.account, now)' }],
  },
  {
    name: 'any answer is an answer to the last question', breaks: ['C-12'], killer: lineKiller('C-2 C-12 what lay in a stalled connection'),
    changes: [{ file: LINE, find: 'if (read.account.question !== question?.number)', put: 'if (question === undefined)' }],
  },
  {
    name: 'a cable that is back was never lost', breaks: ['C-14'], killer: killer('heard/account', 'C-14 each turn of a cable'),
    changes: [{ file: `${ROOM}/heard/account.ts`, find: `if (lost > 0 && now.carrier === 'up')`, put: `if (lost > 0 && now.carrier === 'down')` }],
  },
  {
    name: 'a cable of which nothing is known has not turned', breaks: ['C-14', 'X-9'], killer: killer('heard/account', 'C-14 each turn of a cable'),
    changes: [{ file: `${ROOM}/heard/account.ts`, find: `now.carrier === 'unknown') return`, put: `now.carrier === 'unknown') return undefined && ` }],
  },
  {
    name: 'a host that was booted again is the same', breaks: ['C-14'], killer: killer('heard/account', 'C-14 each turn of a cable'),
    changes: [{ file: `${ROOM}/heard/account.ts`, find: 'if (before.boot !== now.boot)', put: 'if (before.boot.length !== now.boot.length)' }],
  },
  {
    name: 'an answer that was cut is read as far as it goes', breaks: ['X-9'], killer: killer('heard/account', 'X-9 an answer that is cut'),
    changes: [{ file: `${ROOM}/heard/account.ts`, find: "if (lines.at(-1) !== `end ${question}`)", put: "if (!lines.at(-1)?.startsWith('e') && lines.length < 2)" }],
  },
  {
    name: 'what a host said once holds for ever', breaks: ['C-2'], killer: killer('heard/hosts-heard', 'C-2 an answer is good for ten seconds'),
    changes: [{ file: `${ROOM}/heard/hosts-heard.ts`, find: 'age === undefined || age > FRESH', put: 'age === undefined' }],
  },
  {
    name: 'what is seen at the other end of a cable is not asked', breaks: ['C-2', 'X-9'], killer: killer('heard/hosts-heard', 'C-2 X-9 a cable of which both hosts'),
    changes: [{ file: `${ROOM}/heard/hosts-heard.ts`, find: 'if (neighbour === undefined || end === undefined || gone', put: 'if (neighbour === undefined || end !== undefined || gone' }],
  },
  {
    name: 'a bond that carries is well, whatever stands in it', breaks: ['C-2', 'X-9'], killer: killer('heard/account', 'C-2 X-9 a bond that carries fails'),
    changes: [{ file: `${ROOM}/heard/account.ts`, find: 'if (down.length > 0) return', put: 'if (down.length === members.length) return' }],
  },
  {
    name: 'a cable in a bond may be lost and none is told', breaks: ['C-14'], killer: killer('heard/account', 'C-14 each turn of a cable'),
    changes: [{ file: `${ROOM}/heard/account.ts`, find: ' ?? claimInside(name, before, now)', put: '' }],
  },
  {
    name: 'one cable that carries is enough', breaks: ['X-9', 'C-2'], killer: killer('heard/hosts-heard', 'X-9 a host that went silent'),
    changes: [{ file: `${ROOM}/gates.ts`, find: "(['fail', 'unknown', 'pass'] as const).find", put: "(['pass', 'unknown', 'fail'] as const).find" }],
  },
  {
    name: 'a member of which nothing is known counts as healthy', breaks: ['C-1', 'C-2'], killer: killer('tolerance', 'C-2 who is not known to be well'),
    changes: [{ file: TOLERANCE, find: 'const members = healthy.map(', put: 'const members = (healthy.length === 0 ? healthy : of.members).map(' }],
  },
  {
    name: 'what fails together is counted one by one', breaks: ['C-3', 'C-1'], killer: killer('tolerance', 'C-3 a rack or a switch that dies'),
    changes: [{ file: TOLERANCE, find: 'for (const name of [`host ${host}`, ...fates])', put: 'for (const name of [`host ${host}`, ...fates.slice(fates.length)])' }],
  },
  {
    name: 'half of the view is a majority', breaks: ['C-1'], killer: killer('tolerance', 'C-1 three nodes survive one failure'),
    changes: [{ file: TOLERANCE, find: 'reduce((sum, { weight }) => sum + weight, 0) * 2 > total', put: 'reduce((sum, { weight }) => sum + weight, 0) * 2 >= total' }],
  },
  {
    name: 'who falls is out of the view at once', breaks: ['C-1'], killer: killer('tolerance', 'C-1 three nodes survive one failure'),
    changes: [{ file: TOLERANCE, find: `gone.get(host) === 'left'`, put: `gone.has(host)` }],
  },
  {
    name: 'every member weighs the same', breaks: ['C-1'], killer: killer('tolerance', 'C-1 a member weighs what it weighs'),
    changes: [{ file: TOLERANCE, find: '? (weights[host] ?? 1) : 1)', put: '? Math.min(1, weights[host] ?? 1) : 1)' }],
  },
  {
    name: 'a member weighs what was once written of it', breaks: ['C-1'], killer: killer('sight', 'C-1 C-2 a member is counted by its own word'),
    changes: [{ file: TOLERANCE, find: 'weight: weights?.get(host) ?? weightOf(of, host)', put: 'weight: weights === undefined ? 1 : weightOf(of, host)' }],
  },
  {
    name: 'weights that do not add up are counted', breaks: ['C-1', 'C-2'], killer: killer('sight', 'C-1 C-2 a member is counted by its own word'),
    changes: [{ file: SIGHT, find: 'isWhole ? sum !== total : sum > total', put: 'sum < 0' }],
  },
  {
    name: 'two Primaries that agree in every word are one', breaks: ['R-2', 'C-2'], killer: killer('sight', 'R-2 two Primaries of size 1'),
    changes: [{ file: SIGHT, find: '(a.view === b.view ? all.filter(', put: '(a.view === b.view ? 1 > 2 && all.filter(' }],
  },
  {
    name: 'what was seen a while ago is seen', breaks: ['C-2'], killer: killer('sight', 'C-2 three that agree are seen'),
    changes: [{ file: SIGHT, find: 'age !== undefined && age <= FRESH', put: 'age !== undefined && age >= 0' }],
  },
  {
    name: 'a node that still joins is counted on', breaks: ['C-1'], killer: killer('sight', 'C-1 a node that joins, gives or waits'),
    changes: [{ file: SIGHT, find: 'primaries.filter(({ report }) => report.synced && report.ready)', put: 'primaries.filter(({ report }) => report.ready)' }],
  },
  {
    name: 'tolerance is counted before the step', breaks: ['C-1'], killer: killer('plan', 'C-1 the number is that after each step'),
    changes: [{ file: PLAN, find: 'const row = { after: worst(tolerance, gone),', put: 'const row = { after: worst(tolerance, new Map([...gone].filter(([host]) => !step.takes.includes(host)))),' }],
  },
  {
    name: 'what nobody has looked at opens a gate', breaks: ['X-9', 'C-2'], killer: killer('plan', 'X-9 C-2 what nobody has looked at'),
    changes: [{ file: PLAN, find: `gates.some(({ found }) => found !== 'pass')`, put: `gates.some(({ found }) => found === 'fail')` }],
  },
  {
    name: 'a plan is the same after an edit of its way back', breaks: ['C-5'], killer: killer('plan', 'C-5 any edit is another plan'),
    changes: [{ file: PLAN, find: 'steps: undefined }, steps,', put: 'steps: undefined }, steps: steps.map((it) => ({ ...it, undo: undefined })),' }],
  },
  {
    name: 'a host that moved to another address is the same host', breaks: ['C-5'], killer: killer('plan', 'C-5 any edit is another plan'),
    changes: [{ file: PLAN, find: 'hosts: hosts.map(bare)', put: 'hosts: hosts.map((it) => it.name)' }],
  },
  {
    name: 'a target that moved to another address is the same target', breaks: ['C-5'], killer: killer('plan', 'C-5 another address or another secret of a target'),
    changes: [{ file: `${ROOM}/runbook-config.ts`, find: '{ place: sha256(canonical(written)) }', put: "{ place: '' }" }],
  },
  {
    name: 'what a step takes excuses every link', breaks: ['C-13'], killer: killer('plan', 'C-13 what a step takes is excused'),
    changes: [{ file: `${ROOM}/gates.ts`, find: 'const asked = hosts.filter((it) => !down.has(it))', put: 'const asked = hosts.filter((it) => !down.has(it) && gone.size === 0)' }, { file: `${ROOM}/gates.ts`, find: "answers.some((answer) => answer.found === it)) ?? 'unknown'", put: "answers.some((answer) => answer.found === it)) ?? 'pass'" }],
  },
  {
    name: 'a window that is shut needs nobody', breaks: ['C-18'], killer: killer('plan', 'C-18 outside its window'),
    changes: [{ file: PLAN, find: `if (permit?.is === 'shut') needed.push(`, put: `if (permit?.is === 'shut' && permit.opens === undefined) needed.push(` }],
  },
  {
    name: 'the night to a day of the window belongs to it', breaks: ['C-18'], killer: killer('window', 'C-18 one that closes after midnight'),
    changes: [{ file: `${ROOM}/window.ts`, find: 'to: at(to < from ? addDays(day, 1) : day, to)', put: 'to: at(day, Math.max(to, from + 60))' }],
  },
  {
    name: 'any code can be accepted', breaks: ['C-5'], killer: killer('plan', 'C-5 only what is needed can be accepted'),
    changes: [{ file: PLAN, find: 'if (!codes.includes(code)) return', put: 'if (codes.length === 0) return' }],
  },
  {
    name: 'a value is looked through again for placeholders', breaks: ['C-9'], killer: killer('config', 'C-9 a value stands only where it is known'),
    changes: [{ file: `${ROOM}/template.ts`, find: 'return value\n  })', put: 'return value.includes("{{host}}") ? (values.host ?? value) : value\n  })' }],
  },
  {
    name: 'a manual step needs no proof that it was done', breaks: ['C-13'], killer: killer('config', 'C-13 a step whose end nobody sees'),
    changes: [{ file: `${ROOM}/runbook-config.ts`, find: `if (!says && step.manual !== undefined)`, put: `if (!says && step.manual !== undefined && takes.length > 1)` }],
  },
  {
    name: 'an option of ssh is taken for a host', breaks: ['C-9'], killer: killer('config', 'hosts: how ssh reaches them'),
    changes: [{ file: `${ROOM}/config.ts`, find: '[^-:@[\\]][^:@[\\]]*)', put: '[^:@[\\]][^:@[\\]]*)' }, { file: `${ROOM}/config.ts`, find: `host === undefined || host.startsWith('-') ||`, put: 'host === undefined ||' }],
  },
  {
    name: 'a step whose doer is gone begins again', breaks: ['C-4'], killer: killer('runs/run', 'C-4 C-7 whoever does a step is gone'),
    changes: [{ file: RUN, find: `to(halted(run, LOST, now), { is: 'unknown', way: phase.way })`, put: `to({ ...halted(run, LOST, now), tried: [] }, { is: 'waiting' })` }],
  },
  {
    name: 'what was seen before the second press lets a step begin', breaks: ['C-12'], killer: killer('runs/run', 'C-4 C-5 C-12 steps go in order'),
    changes: [{ file: RUN, find: 'if (!isSince(from, phase.at) || ageOf', put: 'if (ageOf' }],
  },
  {
    name: 'two people agree on a step, and another one begins', breaks: ['C-5'], killer: killer('runs/run', 'C-4 C-5 C-12 steps go in order'),
    changes: [{ file: RUN, find: 'if (hash !== (back ? steps[step]?.undo : steps[step]?.hash)) return', put: `if (hash === '' && !back && steps[step] === undefined) return` }],
  },
  {
    name: 'a hand that was frozen goes on under its old number', breaks: ['C-7'], killer: killer('runs/run', 'C-4 C-7 whoever does a step is gone'),
    changes: [{ file: RUN, find: `if (way?.token !== token) return no(run, way ?`, put: `if (way === undefined || token > way.token) return no(run, way ?` }],
  },
  {
    name: 'a surprise in the middle of a step waits for its end', breaks: ['C-14', 'C-8'], killer: killer('runs/run', 'C-15 a halt begins nothing'),
    changes: [{ file: RUN, find: `run.halt !== undefined || phase.is === 'over') return { run }\n  if (turn.is`, put: `run.halt !== undefined || phase.is === 'over' || phase.is === 'running') return { run }\n  if (turn.is` }],
  },
  {
    name: 'what a step takes excuses a link', breaks: ['C-13', 'C-18'], killer: killer('runs/run', 'C-13 C-18 what the step under way takes'),
    changes: [{ file: RUN, find: `if (turn.is === 'member' && turn.host`, put: `if (turn.host` }],
  },
  {
    name: 'silence outlives the run', breaks: ['C-10', 'C-18'], killer: killer('runs/run', 'C-6 C-10 after a stop'),
    changes: [{ file: RUN, find: `(phase.is === 'running' ? (steps[phase.way.step]?.takes ?? []) : [])`, put: `('way' in phase && phase.way ? (steps[phase.way.step]?.takes ?? []) : [])` }],
  },
  {
    name: 'the first step is taken back first', breaks: ['C-15'], killer: killer('runs/run', 'C-15 a halt begins nothing'),
    changes: [{ file: RUN, find: 'const last = begun.at(-1)', put: 'const last = begun.at(0)' }],
  },
  {
    name: 'the way back of the first step asks for all that the beginning asked for', breaks: ['C-15'], killer: killer('plan', 'C-15 the way back asks for what has to hold'),
    changes: [{ file: PLAN, find: 'const gates = backGates.map((all, at) => (at === 0 ? [...first, ...all] : all))', put: 'backGates[0]?.unshift(...first)\n  const gates = backGates' }],
  },
  {
    name: 'a step begins after its window has closed', breaks: ['C-6', 'C-18'], killer: killer('runs/run', 'C-4 C-5 C-12 steps go in order'),
    changes: [{ file: RUN, find: `if (!isExcused && window === 'shut') return`, put: `if (back && !isExcused && window === 'shut') return` }],
  },
  {
    name: 'any step goes on what was accepted for the way back', breaks: ['C-15'], killer: killer('runs/run', 'C-4 C-5 C-12 steps go in order'),
    changes: [{ file: RUN, find: 'const isExcused = accepted && (back || run.steps[step]?.raises === true)', put: 'const isExcused = accepted' }],
  },
]
