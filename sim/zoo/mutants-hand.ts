// The part of the zoo about the hand: ways in which a clean-up that was judged rightly is carried out wrongly.
import type { Mutant } from './mutant.ts'

const ACTS = 'src/rooms/guard/acts'
const RULINGS = `${ACTS}/rulings.ts`
const acts = (name: string): Mutant['killer'] => ({ is: 'test', file: `${ACTS}/acts.test.ts`, name })
const hand = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/processes/hand/hand.test.ts', name })

export const handling: readonly Mutant[] = [
  {
    name: 'one person purges through two tokens', breaks: ['C-17'], killer: acts('C-17 G-11 one person is not two'),
    changes: [{ file: RULINGS, find: `if (people.slice(0, n).some((other) => sameness(one, other) === undefined)) return pass`, put: `if (n > 0 && one.person !== '') return pass` }],
  },
  {
    name: 'quarantine and soak are counted by the wall clock only', breaks: ['G-7', 'X-7'], killer: acts('G-7 X-7 soak counts by both clocks'),
    changes: [{ file: 'src/rooms/guard/reconcile/margins.ts', find: `return now.lived - since.lived >= wait ? 'over' : 'by the time lived through'`, put: `return 'over'` }],
  },
  {
    name: 'a plan that was edited after it was made is done', breaks: ['G-11'], killer: acts('G-11 a plan that was edited'),
    changes: [{ file: `${ACTS}/desk.ts`, find: `{ now: digestOf(acts), sealed: head.digest }`, put: `{ now: acts.length > 0 ? head.digest : digestOf(acts), sealed: head.digest }` }],
  },
  {
    name: 'the catalogue is not asked again before the act', breaks: ['G-20'], killer: acts('G-20 the catalogue is asked again'),
    changes: [{ file: RULINGS, find: `const found = recheck === undefined || age === undefined || age > RECHECK_GOOD ?`, put: `const found = age !== undefined || recheck === undefined ? pass : recheck === undefined || age > RECHECK_GOOD ?` }],
  },
  {
    name: 'quarantine ends before the retention of the catalogue', breaks: ['G-23'], killer: acts('G-23 quarantine counts'),
    changes: [{ file: RULINGS, find: `...beforePurge(aside, listed, copied, at(grounds), grounds.margins),`, put: `...beforePurge(aside, listed, copied, at(grounds), { ...grounds.margins, quarantine: grounds.margins.soak }),` }],
  },
  {
    name: 'an agreement lasts for ever', breaks: ['G-11'], killer: acts('G-11 an agreement is used once'),
    changes: [{ file: RULINGS, find: `if (isDue(approval.until, now) || approval.until.boot !== now.boot) return`, put: `if (isDue(approval.until, now) && approval.hash === '') return` }],
  },
  {
    name: 'what was armed for something else is armed', breaks: ['G-16'], killer: acts('G-16 what was armed for something else'),
    changes: [{ file: `${ACTS}/job.ts`, find: `job.arming.binding !== plan.binding ? undefined : job.arming`, put: `job.arming.binding === '' ? undefined : job.arming` }],
  },
  {
    name: 'the lease is counted by the wall clock, and a thawed hand goes on', breaks: ['G-8', 'C-7'], killer: hand('G-8 a hand whose lease is over'),
    changes: [{ file: `${ACTS}/lease.ts`, find: `Math.max(0, until.tick - now.tick)`, put: `Math.max(0, until.tick - now.tick + 60_000)` }],
  },
  {
    name: 'tags are read by the run alone', breaks: ['G-4'], killer: acts('G-4 what its owner tags'),
    changes: [{ file: 'src/processes/hand/act.ts', find: `order.act === 'release' ? undefined : await whyKept(`, put: `order.what.key !== '' ? undefined : await whyKept(` }],
  },
  {
    name: 'the lifecycle is read when the store is tried out alone', breaks: ['G-21'], killer: hand('G-21 a lifecycle that was changed'),
    changes: [{ file: 'src/processes/hand/round.ts', find: `if (keeps.is !== 'pass') return keeps.says`, put: `if (keeps.is === 'unknown') return keeps.says` }],
  },
  {
    name: 'another bucket is as good', breaks: ['G-6', 'G-16'], killer: hand('G-6 G-16 another bucket'),
    changes: [{ file: 'src/processes/hand/round.ts', find: 'if (one.id !== identity || other.id !== identity) return', put: `if (one.id === '' || other.id === '') return` }, { file: RULINGS, find: 'store.identity === identity ? pass', put: `store.identity !== '' || identity !== '' ? pass` }],
  },
  {
    name: 'what a killed hand left behind is done again without a look', breaks: ['G-8'], killer: acts('G-8 a hand that dies before or after'),
    changes: [{ file: 'src/processes/hand/look.ts', find: `  return isOurs ? {`, put: `  return isOurs && act !== 'quarantine' ? {` }],
  },
]
