// The part of the zoo about doers: ways in which a deed that was agreed on is done twice, late, or to something else, or in which nobody says what became of it.
import type { Mutant } from './mutant.ts'

const DOER = 'src/processes/doer'
const COURSE = `${DOER}/course.ts`
const LINE = 'src/engine/change/doing/doer-line.ts'
const course = (name: string): Mutant['killer'] => ({ is: 'test', file: `${DOER}/course.test.ts`, name })
const line = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/change/doing/doer-line.test.ts', name })
const journal = (name: string): Mutant['killer'] => ({ is: 'test', file: `${DOER}/journal.test.ts`, name })

export const doing: readonly Mutant[] = [
  {
    name: 'a step runs twice after a crash: nobody looks into the journal', breaks: ['C-4'], killer: course('C-4 a journal that is there'),
    changes: [
      { file: COURSE, find: `if (former.is === 'begun') return`, put: `if (former.is !== 'begun' && former.is !== 'none') return` },
      { file: COURSE, find: `at: it.now().wall })) === 'there')`, put: `at: it.now().wall })) === 'begun' && order.run === '')` },
    ],
  },
  {
    name: 'a journal is written over', breaks: ['C-4'], killer: journal('C-4 of many that begin one number'),
    changes: [{ file: `${DOER}/journal.ts`, find: `fs.open(file, 'wx', 0o600)`, put: `fs.open(file, 'w', 0o600)` }],
  },
  {
    name: 'an outcome that was cut short counts as done', breaks: ['C-4'], killer: journal('C-4 a journal that was cut short'),
    changes: [{ file: `${DOER}/journal.ts`, find: `  } catch {\n    return { is: 'begun' }\n  }`, put: `  } catch {\n    return { is: 'begun', acted: { is: 'done', says: '' } }\n  }` }],
  },
  {
    name: 'the journal is written after the deed', breaks: ['C-4'], killer: course('C-4 it is asked for, looked at'),
    changes: [
      { file: COURSE, find: `    if ((await journal.begin({ run, token, step, back, driver: kind, rehearse, identity, at: it.now().wall })) === 'there') return`, put: `    beginning = { run, token, step, back, driver: kind, rehearse, identity, at: it.now().wall }\n    if (run === '') return` },
      { file: COURSE, find: `  const { driver, config } = means\n  try {`, put: `  const { driver, config } = means\n  let beginning: Parameters<Journal['begin']>[0] | undefined\n  try {` },
      { file: COURSE, find: `  return ended(it, await act(it, means))`, put: `  const acted = await act(it, means)\n  if (beginning) await journal.begin(beginning)\n  return ended(it, acted)` },
    ],
  },
  {
    name: 'nobody asks which thing it is', breaks: ['C-4', 'C-6'], killer: course('C-4 C-6 whatever goes wrong before it'),
    changes: [{ file: COURSE, find: `const { identity } = await look(it, (context) => driver.observe(config, undefined, context))`, put: `const identity = driver.say(config)` }],
  },
  {
    name: 'a deed that broke off after something was sent counts as not done', breaks: ['C-4'], killer: course('C-4 what threw before anything left'),
    changes: [{ file: COURSE, find: '(cause: unknown): Acted => hasLeft()', put: '(cause: unknown): Acted => hasLeft() && limit.signal.aborted' }],
  },
  {
    name: 'the lease of a doer is counted by the wall clock', breaks: ['C-7'], killer: course('C-7 frozen for longer than its lease at any point'),
    changes: [
      { file: `${DOER}/tenure.ts`, find: `export function tenureFrom(now: () => Now, asked: Now, span: Span): Tenure {`, put: `export function tenureFrom(clock: () => Now, first: Now, span: Span): Tenure {\n  const byWall = (at: Now): Now => ({ ...at, tick: at.wall as unknown as Now['tick'] })\n  const now = (): Now => byWall(clock())\n  const asked = byWall(first)` },
      { file: `${DOER}/tenure.ts`, find: `until = heldSince(since,`, put: `until = heldSince(byWall(since),` },
    ],
  },
  {
    name: 'a gap in the lease is forgotten with the next one', breaks: ['C-7'], killer: course('C-7 a lease with a gap in it'),
    changes: [{ file: `${DOER}/tenure.ts`, find: 'broken ||= leftOf', put: 'broken = leftOf' }],
  },
  {
    name: 'a thawed doer goes on with its deed', breaks: ['C-7'], killer: course('C-7 frozen in the middle of the deed'),
    changes: [{ file: COURSE, find: '() => limit.signal.aborted || !tenure.isUnbroken()', put: '() => limit.signal.aborted && order.rehearse' }],
  },
  {
    name: 'a deed that dialled through a halt leaves', breaks: ['C-6', 'C-15'], killer: course('C-6 C-15 a deed that still dials'),
    changes: [{ file: COURSE, find: 'mayLeave: () => !it.isHalted', put: 'mayLeave: () => !it.isHalted || order.run !== ""' }],
  },
  {
    name: 'who dials hears of a halt seconds later', breaks: ['C-6'], killer: course('C-6 C-15 a deed that still dials'),
    changes: [{ file: COURSE, find: 'if (it.isUnsent()) return', put: 'if (it.isDone) return' }],
  },
  {
    name: 'a request leaves however long its connection took', breaks: ['C-7', 'G-22'], killer: { is: 'test', file: 'src/ports/world/egress.test.ts', name: 'G-22 C-15 what may not leave' },
    changes: [{ file: 'src/ports/world/exchange.ts', find: 'if (want.mayLeave?.() === false) return', put: 'if (want.mayLeave?.() === false && socket.destroyed) return' }],
  },
  {
    name: 'a thawed doer begins its deed', breaks: ['C-7'], killer: course('C-7 frozen for longer than its lease at any point'),
    changes: [{ file: COURSE, find: `isWithin(it.since, it.now(), LEASE) && it.tenure.mayBegin()`, put: `(true as boolean)` }],
  },
  {
    name: 'a deed begins as late as its lease is renewed', breaks: ['C-2', 'C-7'], killer: course('C-2 C-7 what takes too long'),
    changes: [{ file: COURSE, find: 'isWithin(it.since, it.now(), LEASE) && ', put: '' }],
  },
  {
    name: 'a halt cuts off what is under way', breaks: ['C-15'], killer: line('C-15 what is under way when the run ends'),
    changes: [{ file: LINE, find: `else if (!deal.told || deal.ended || !isLive(deal, now()))`, put: `else` }],
  },
  {
    name: 'a deed goes on without a lease while the keeper is away', breaks: ['C-7', 'C-19'], killer: course('C-15 C-19 a keeper that is away cuts a deed off'),
    changes: [{ file: COURSE, find: 'if (tenure.isUnbroken() && !isOver(it) && !isStopped', put: 'if (!isOver(it) && !isStopped' }],
  },
  {
    name: 'a deed that nobody speaks of after a restart is waited for', breaks: ['C-4', 'C-19'], killer: line('C-4 C-19 a deed that nobody speaks of after a restart'),
    changes: [{ file: LINE, find: '(age === undefined || age >= LEASE)) return lose(', put: 'age === undefined) return lose(' }],
  },
  {
    name: 'a keeper that begins anew has the deed done again', breaks: ['C-4'], killer: line('C-4 after a restart of the keeper'),
    changes: [{ file: LINE, find: 'told: isFirst,', put: 'told: isFirst && run === token.toString(),' }],
  },
  {
    name: 'go is said twice', breaks: ['C-4'], killer: line('C-4 go is said once'),
    changes: [{ file: LINE, find: `    deal.told = true\n`, put: '' }],
  },
  {
    name: 'a doer that is silent for a lease is waited for', breaks: ['C-6', 'C-7'], killer: line('C-7 a doer that slept over its lease'),
    changes: [{ file: LINE, find: `if (deal.holder !== undefined && !isLive(deal, now)) return leave(line, deal)`, put: '' }],
  },
  {
    name: 'go is said although the lease ended meanwhile', breaks: ['C-7'], killer: line('C-7 go is not said when the lease ended'),
    changes: [{ file: LINE, find: `if (!may()) return no('it took too long')`, put: '' }],
  },
  {
    name: 'the next doer of a run is there before the one before is dead', breaks: ['C-4'], killer: { is: 'test', file: 'src/processes/watchdog/doer-ward.test.ts', name: 'C-4 one doer for each deed' },
    changes: [{ file: 'src/processes/watchdog/doer-ward.ts', find: 'there.has(name) || leaving.has(name)', put: 'there.has(name)' }],
  },
]
