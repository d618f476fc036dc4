// The part of the zoo about surprises to a run that goes on: ways in which one was not seen, or was seen where there is none.
import type { Mutant } from './mutant.ts'

const RUNS = 'src/engine/change/runs.ts'
const OFFERS = 'src/engine/change/asking/offers.ts'
const SURPRISES = 'src/engine/change/surprises.ts'
const EXCUSED = 'src/engine/change/incidents/excused.ts'
const COURSE = 'src/rooms/change/runs/course.ts'
const refusing = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/refusing.test.ts', name })
const surprising = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/surprises.test.ts', name })
const excused = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/incidents/excused.test.ts', name })

export const surprised: readonly Mutant[] = [
  {
    name: 'a cable that is lost at its other end alone is no surprise', breaks: ['C-14'], killer: surprising('C-2 C-14 a cable of a host that is lost at its other end'),
    changes: [{ file: SURPRISES, find: '[host, far].some(', put: '[host].some(' }],
  },
  {
    name: 'a moment in which nothing is known of a cluster makes a surprise of what the step took', breaks: ['C-13'], killer: excused('C-8 C-13 a cluster beside the taken host'),
    changes: [{ file: EXCUSED, find: "return by === 'no' ? 'none' : 'unsure'", put: "return 'none'" }],
  },
  {
    name: 'what leans on a cluster of which nothing is known any more is excused for ever', breaks: ['C-8', 'C-13'], killer: excused('C-8 C-13 a cluster beside the taken host'),
    changes: [{ file: SURPRISES, find: "if (excuse === 'unsure' && mayChange(memory, key, keeper.now())) continue", put: "if (excuse === 'unsure') continue" }],
  },
  {
    name: 'going on despite what does not end takes no typed word', breaks: ['C-15'], killer: excused('C-15 C-8 a run halted by what a step that is still to come'),
    changes: [{ file: OFFERS, find: '...(despite.length > 0 ? { typed: plan.host } : {})', put: '' }],
  },
  {
    name: 'what both went on despite excuses whatever comes after it', breaks: ['C-8', 'C-15'], killer: excused('C-15 C-8 what both go on despite is that one incident'),
    changes: [{ file: EXCUSED, find: 'despite.some(({ incident, members }) => incident === it.id && membersOf(it).every((member) => members.includes(member)))', put: 'despite.some(() => membersOf(it).length > 0)' }],
  },
  {
    name: 'what both typed against what does not end is forgotten with the keeper', breaks: ['C-15'], killer: excused('C-15 C-8 a run halted by what a step that is still to come'),
    changes: [{ file: 'src/rooms/change/runs/rows.ts', find: '...(despite === undefined ? {} : { despite }) })', put: '...(despite === undefined ? {} : {}) })' }],
  },
  {
    name: 'a run that one of them pressed for stands still, and nobody knows', breaks: ['C-14'], killer: surprising('an offer that lapsed'),
    changes: [{ file: SURPRISES, find: 'isLapsed && offer.isAwaited', put: "isLapsed && offer.agreement === ''" }],
  },
  {
    name: 'what joins an incident that is known is no surprise', breaks: ['C-8', 'C-14'], killer: surprising('C-8 C-14 what joins an incident'),
    changes: [{ file: SURPRISES, find: '(known !== undefined && fresh.length === 0)', put: 'known !== undefined' }],
  },
  {
    name: 'what was known before the first press is a surprise after a restart', breaks: ['C-15'], killer: surprising('C-8 C-15 what was known before'),
    changes: [{ file: SURPRISES, find: 'lastWellAt(sql, id) - LOOKED_WITHIN', put: '0' }],
  },
  {
    name: 'between two steps an incident of what was taken is a surprise', breaks: ['C-13', 'C-15'], killer: surprising('C-13 C-15 an incident of a host'),
    changes: [{ file: 'src/engine/change/grounds.ts', find: 'new Set([...awayIn(row)', put: "new Set([...(row.run.phase.is === 'running' ? awayIn(row) : [])" }],
  },
  {
    name: 'the halt of another run is no surprise', breaks: ['C-8'], killer: surprising('C-8 C-15 the halt of another run'),
    changes: [{ file: EXCUSED, find: 'return (of && of.run === id) || (', put: 'return of !== undefined || (' }],
  },
  {
    name: 'what turns while the keeper begins anew is no surprise', breaks: ['C-14'], killer: surprising('C-14 a cable that was lost and is back'),
    changes: [{ file: SURPRISES, find: 'if (!run.guarded || run.halt !== undefined) continue', put: 'if (!run.guarded || run.token >= 0) continue' }],
  },
  {
    name: 'whoever is refused is told of a cable that carries', breaks: ['C-14'], killer: surprising('C-14 a press that is refused is told which cable'),
    changes: [{ file: 'src/rooms/change/gates.ts', find: 'evidence: [...blamed, ...others]', put: 'evidence: [...others, ...blamed]' }],
  },
  {
    name: 'the first press counts before it is written down how the hosts were', breaks: ['C-14'], killer: surprising('C-14 a cable that was lost and is back'),
    changes: [{ file: RUNS, find: 'keepBaseline(keeper, row)\n  return undefined', put: 'return undefined' }],
  },
  {
    name: 'two runs that have halted each other never go on', breaks: ['C-15'], killer: surprising('C-8 C-15 the halt of another run'),
    changes: [{ file: SURPRISES, find: 'run.halt !== undefined && /^(run', put: "run.halt !== undefined && subject === '' && /^(run" }],
  },
  {
    name: 'a window that closes in the middle halts nothing', breaks: ['C-6'], killer: surprising('C-6 C-15 a window that closes'),
    changes: [{ file: RUNS, find: 'if (isShut(row.plan, keeper().now().wall) && isLeft(run)) return', put: "if (isShut(row.plan, keeper().now().wall) && run.id === '') return" }],
  },
  {
    name: 'both go on outside of the window', breaks: ['C-6', 'C-15'], killer: surprising('C-6 C-15 a window that closes'),
    changes: [{ file: RUNS, find: '(isLeft(row.run) && isShut(row.plan, facts.now) ?', put: "(row.run.id === '' && isShut(row.plan, facts.now) ?" }],
  },
  {
    name: 'a host that is heard no more is none of the surprises while its last word is fresh', breaks: ['C-14'], killer: surprising('C-14 a host that is heard no more'),
    changes: [{ file: SURPRISES, find: '(!is || quiet.has(host))', put: '!is' }],
  },
  {
    name: 'a keeper that stood still takes what it has not read for silence', breaks: ['C-14'], killer: surprising('C-13 C-14 silence for a moment'),
    changes: [{ file: 'src/engine/change/quiet.ts', find: 'looked >= QUIET_AFTER && ', put: '' }],
  },
  {
    name: 'any edit makes the silence of a host forgotten', breaks: ['C-14'], killer: surprising('C-14 an edit forgets the silence'),
    changes: [{ file: 'src/engine/change/quiet.ts', find: 'if (ways.get(name) !== before.get(name)) forgetLine', put: 'forgetLine' }],
  },
  {
    name: 'a scout that is replaced makes every host a surprise', breaks: ['C-14'], killer: surprising('C-13 C-14 silence for a moment'),
    changes: [{ file: 'src/engine/change/quiet.ts', find: '!line.isForgotten && ', put: '' }],
  },
  {
    name: 'the moment in which a stopped member leaves its cluster halts the run', breaks: ['C-13'], killer: refusing('C-13 C-14 a member that a step takes goes'),
    changes: [{ file: SURPRISES, find: 'return isWithin(since, now, MAY_CHANGE_FOR)', put: 'return isWithin(since, now, MAY_CHANGE_FOR) && since === now' }],
  },
  {
    name: 'whoever gives its data to the member that joins halts the run', breaks: ['C-13'], killer: refusing('C-13 whoever gives its data'),
    changes: [{ file: COURSE, find: 'joins: gone.size > 0', put: 'joins: gone.size > 9' }],
  },
  {
    name: 'who was booted is excused to the end', breaks: ['C-13'], killer: surprising('C-13 a host that was booted is back'),
    changes: [{ file: COURSE, find: 'for (const host of takes) if (!left.has(host))', put: 'for (const host of takes) if (left.has(host))' }],
  },
  {
    name: 'cables of which nobody has heard yet halt the run', breaks: ['C-14'], killer: surprising('C-14 of cables of which nobody has heard'),
    changes: [{ file: RUNS, find: 'memory.before.size > 0 && isWithin', put: 'memory.before.size < 0 && isWithin' }],
  },
  {
    name: 'where the guard wants no incident, a run that was halted never goes on', breaks: ['C-13', 'C-15'], killer: surprising('C-13 C-15 where the guard wants no incident'),
    changes: [{ file: EXCUSED, find: '=> isOwn(around, it.subject, whose) || isDespite', put: '=> isDespite' }],
  },
  {
    name: 'a check of two hosts is excused because one of them is taken', breaks: ['C-8', 'C-13'], killer: excused('C-8 C-13 a check is down by what a step takes only'),
    changes: [{ file: EXCUSED, find: "return others.includes('no') ? 'no' :", put: "return others.includes('no') && others.length === 0 ? 'no' :" }],
  },
  {
    name: 'one run that goes by itself no longer halts all others', breaks: ['C-8'], killer: excused('C-8 who leads another run'),
    changes: [{ file: EXCUSED, find: '[LAPSED, ALONE, HANDED]', put: '[LAPSED]' }],
  },
  {
    name: 'a run halts by what went down with the host that it brought back', breaks: ['C-8', 'C-13'], killer: excused('C-8 C-13 what went down with a host that is just back'),
    changes: [{ file: 'src/engine/change/grounds.ts', find: "(by === 'guard' ? takenFor", put: "(by !== 'guard' ? takenFor" }],
  },
  {
    name: 'what is down since a host was taken is never asked about again', breaks: ['C-8'], killer: excused('C-8 C-13 what went down with a host, was well'),
    changes: [{ file: SURPRISES, find: "taken) === 'lapsed') return", put: "taken) === 'lapsed' && id === '') return" }, { file: SURPRISES, find: 'export function strangerTo(keeper: ChangeKeeper, memory: Memory, row: RunRow)', put: 'export function strangerTo(keeper: ChangeKeeper, memory: Memory, row: RunRow, id = row.plan.id)' }],
  },
]
