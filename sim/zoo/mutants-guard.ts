// The part of the zoo about the clean-up that destroys: each animal is a way in which somebody's backups were really lost, or nearly.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/guard/reconcile'
const SANDWICH = `${ROOM}/sandwich.ts`
const MARGINS = `${ROOM}/margins.ts`
const CHECKS = `${ROOM}/checks.ts`
const RUN = `${ROOM}/run.ts`
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/${file}.test.ts`, name })

export const guarding: readonly Mutant[] = [
  {
    name: 'whatever stands under the name of a lost copy is that copy', breaks: ['G-23'], killer: killer('duty', 'G-23 a copy that was lost keeps purges off'),
    changes: [{ file: 'src/rooms/guard/retention/rows.ts', find: `row.etag === life.what.etag && row.listed === (life.what.versionId ?? '')`, put: 'row.etag !== null' }],
  },
  {
    name: 'who accepted one loss of a copy has accepted the next', breaks: ['G-23', 'G-16'], killer: killer('duty', 'G-23 a copy that was lost keeps purges off'),
    changes: [{ file: 'src/rooms/guard/retention/rows.ts', find: 'JSON.stringify([reconcile, key, version, life, since])', put: 'JSON.stringify([reconcile, key])' }],
  },
  {
    name: 'rows are told to have no object by a bucket that is another one', breaks: ['X-9', 'G-12'], killer: killer('run', 'X-9 G-12 a run that read nothing'),
    changes: [{ file: RUN, find: 'if (isListed) writer.add', put: 'writer.add' }],
  },
  {
    name: 'what a run could not list is told as gone', breaks: ['X-9', 'G-12'], killer: killer('run', 'X-9 G-12 a run that read nothing'),
    changes: [{ file: RUN, find: '  if (!listed) return\n', put: '' }],
  },
  {
    name: 'a run that counts for nothing takes the flags of what it did not see', breaks: ['X-9'], killer: killer('run', 'X-9 G-12 a run that read nothing'),
    changes: [{ file: RUN, find: `forget(finding, out, 'counted')`, put: 'forget(finding, out)' }, { file: RUN, find: '  if (!listed) return\n', put: '  if (!listed && recalled?.flag === undefined) return\n' }],
  },
  {
    name: 'what was armed is another thing while nothing can be read', breaks: ['X-9'], killer: killer('run', 'X-9 G-12 a run that read nothing'),
    changes: [{ file: RUN, find: '  if (binding === undefined) return { is:', put: '  if (binding === null) return { is:' }],
  },
  {
    name: 'what the breaker holds back is not counted for those who close it', breaks: ['G-5'], killer: killer('run', 'half open: only what comes first'),
    changes: [{ file: RUN, find: `if (all(ready).is !== 'fail') tally.ready(key)`, put: `if (found.is !== 'fail') tally.ready(key)` }],
  },
  {
    name: 'the catalogue is read before the listing only', breaks: ['G-20'], killer: killer('sandwich', 'G-20 a row in either catalogue'),
    changes: [{ file: SANDWICH, find: 'inCatalogue: before.here || after.here }', put: 'inCatalogue: before.here }' }],
  },
  {
    name: 'the order of catalogue and listing does not matter', breaks: ['G-24'], killer: killer('run', 'G-24 a listing taken up again'),
    changes: [{ file: CHECKS, find: `if (!inOrder) return`, put: `if (!inOrder && known.length === 0) return` }],
  },
  {
    name: 'age is read by our clock', breaks: ['G-9'], killer: killer('margins', 'G-7 G-9 before anything is put aside'),
    changes: [{ file: MARGINS, find: 'found: oldEnough(listed.modifiedAt, now.store, margins.age)', put: 'found: oldEnough(listed.modifiedAt, now.store && now.at.wall, margins.age)' }],
  },
  {
    name: 'an empty catalogue is a catalogue', breaks: ['G-18'], killer: killer('run', 'an empty catalogue'),
    changes: [{ file: CHECKS, find: 'if (!(rows > 0 && rows >= least)) return', put: 'if (rows === 0) return pass\n  if (!(rows >= least)) return' }],
  },
  {
    name: 'the lock of the store is not looked at', breaks: ['G-17'], killer: killer('run', 'G-17 a lock of the store that nobody could read'),
    changes: [{ file: RUN, find: `found: unlocked(listed?.lock ?? 'unknown', 'the store')`, put: `found: unlocked(listed === undefined ? 'unknown' : 'free', 'the store')` }],
  },
  {
    name: 'a lock vanishes with its row', breaks: ['G-17'], killer: killer('run', 'G-17 a lock that vanished with its row'),
    changes: [{ file: SANDWICH, find: `recalled?.lock ?? 'none'])`, put: `'none'])` }],
  },
  {
    name: 'a lock that is null is none', breaks: ['G-17'], killer: killer('run', 'G-17 a lock that was null'),
    changes: [{ file: SANDWICH, find: `(['locked', 'unknown', 'free'] as const)`, put: `(['locked', 'free'] as const)` }],
  },
  {
    name: 'soak is counted by the wall clock only', breaks: ['G-7', 'X-7'], killer: killer('margins', 'G-7 G-9 before anything is put aside'),
    changes: [{ file: MARGINS, find: `return now.lived - since.lived >= wait ? 'over' : 'by the time lived through'`, put: `return 'over'` }],
  },
  {
    name: 'two counted runs are enough', breaks: ['G-7'], killer: killer('run', 'the margins from the first sight'),
    changes: [{ file: MARGINS, find: 'const RUNS = 3', put: 'const RUNS = 2' }],
  },
  {
    name: 'part of a listing is a listing', breaks: ['G-10'], killer: killer('sandwich', 'G-10 an input that repeats itself'),
    changes: [{ file: SANDWICH, find: 'if (ended.is === \'early\') return [', put: 'if (ended.is === \'early\') return []\n  if (ended.count === Number.MIN_VALUE) return [' }],
  },
  {
    name: 'how many keys a source has is not compared', breaks: ['G-10'], killer: killer('uncertainty.model', 'X-9 every single loss'),
    changes: [{ file: SANDWICH, find: 'return ended.count === lane.count ? [] :', put: 'return ended.count >= 0 ? [] :' }],
  },
  {
    name: 'the floor is the last run', breaks: ['G-18'], killer: killer('run', 'G-18 ten per cent fewer'),
    changes: [{ file: CHECKS, find: 'Math.max(0, ...some.filter((it) => it.healthy).map(', put: 'Math.max(0, ...some.filter((it) => it.healthy).slice(0, 1).map(' }],
  },
  {
    name: 'a lab waits a real day for each rung of a breaker', breaks: ['G-7'], killer: killer('breaker', 'lab time divides the cooling-off'),
    changes: [{ file: `${ROOM}/breaker.ts`, find: `divided(COOLING, shrink)`, put: `divided(COOLING, 0 * shrink)` }],
  },
  {
    name: 'quarantine is shorter than the retention of the catalogue', breaks: ['G-23'], killer: killer('margins', 'G-23 quarantine is the longest'),
    changes: [{ file: MARGINS, find: 'Math.max(QUARANTINE, retention + BEYOND_RETENTION, (oldestCopy', put: 'Math.max(QUARANTINE, (oldestCopy' }],
  },
  {
    name: 'the copy in the other place is not asked for', breaks: ['G-23'], killer: killer('run', 'G-23 what is not verified in the other place'),
    changes: [{ file: MARGINS, find: `return copied ? { is: 'pass' }`, put: `return copied || !copied ? { is: 'pass' }` }],
  },
  {
    name: 'sentinels may all stand in one folder', breaks: ['G-25'], killer: killer('run', 'G-25 sentinels that all stand in one folder'),
    changes: [{ file: CHECKS, find: 'held >= wanted ? pass', put: 'held >= 1 ? pass' }],
  },
  {
    name: 'sentinels may all be of one age', breaks: ['G-25'], killer: killer('run', 'G-25 sentinels that are all young'),
    changes: [{ file: CHECKS, find: 'old === false ?', put: 'rows.length === 0 ?' }],
  },
  {
    name: 'sentinels are not required', breaks: ['G-25'], killer: killer('run', 'no sentinels are planted'),
    changes: [{ file: CHECKS, find: 'if (rows.length < SENTINELS) return fail(', put: 'if (rows.length < 0) return fail(' }, { file: CHECKS, find: `if (orphans.length === 0 || holes.length === 0) return fail('they are not planted')`, put: '' }],
  },
  {
    name: 'a breaker that tripped closes with the next healthy run', breaks: ['G-5'], killer: killer('breaker', 'once tripped it stays open'),
    changes: [{ file: `${ROOM}/breaker.ts`, find: `if (breaker.is !== 'half') return { breaker }`, put: `if (breaker.is !== 'half') return { breaker: event.healthy ? { is: 'closed' } : breaker }` }],
  },
  {
    name: 'two words of one person close the breaker', breaks: ['C-17'], killer: killer('breaker', 'two people close it with a reason'),
    changes: [{ file: `${ROOM}/breaker.ts`, find: 'if (new Set(people).size < 2)', put: 'if (people.length < 2)' }],
  },
  {
    name: 'what is armed may be edited', breaks: ['G-16'], killer: killer('run', 'G-16 the query was edited after arming'),
    changes: [{ file: 'src/rooms/guard/reconcile/plan.ts', find: `typeof binding !== 'string' || arming.binding !== binding`, put: `typeof binding !== 'string'` }, { file: RUN, find: 'return armed === binding ? {', put: 'return armed !== \'\' ? {' }],
  },
  {
    name: 'what holds back only for want of knowledge does not count for the limits', breaks: ['X-9'], killer: killer('run', 'X-9 G-5 what is held back only for want of knowledge'),
    changes: [{ file: RUN, find: `tally.ready(key)\n  if (found.is !== 'fail')`, put: `tally.ready(key)\n  if (found.is === 'pass')` }],
  },
  {
    name: 'a run that is missing in the history is not missed', breaks: ['X-9', 'G-18'], killer: killer('run', 'a run is missing in the history'),
    changes: [{ file: CHECKS, find: 'return whole && reaches ?', put: 'return whole || reaches ?' }],
  },
  {
    name: 'two keys of which the last bytes were not compared are one', breaks: ['G-20'], killer: killer('cursor', 'G-20 keys are in the order of their bytes'),
    changes: [{ file: `${ROOM}/cursor.ts`, find: 'if (i === last) return true', put: 'if (i + 8 > last) return true' }],
  },
  {
    name: 'keys that are the same number are the same key', breaks: ['G-20'], killer: killer('cursor', 'G-20 keys are in the order of their bytes'),
    changes: [{ file: `${ROOM}/cursor.ts`, find: '|| eight === 0) return shared', put: ') return shared' }, { file: `${ROOM}/cursor.ts`, find: '|| eight === 0) break', put: ') break' }],
  },
  {
    name: 'one person swaps what was restored into the place of what lives', breaks: ['G-27'], killer: { is: 'test', file: 'src/rooms/guard/restore/swap.test.ts', name: 'G-27 a swap takes two people' },
    changes: [{ file: 'src/rooms/guard/restore/swap.ts', find: "if (two.is !== 'pass') return", put: "if (two.is !== 'pass' && agreement.people.length === 0) return" }],
  },
  {
    name: 'what is mounted into a folder is part of the store', breaks: ['G-13'], killer: { is: 'test', file: 'src/plugins/stores/dir.test.ts', name: 'G-13 what lies on another device' },
    changes: [{ file: 'src/plugins/stores/dir/ground.ts', find: 'if (stat.dev !== device) return', put: 'if (stat.dev < 0n && device > 0n) return' }],
  },
]
