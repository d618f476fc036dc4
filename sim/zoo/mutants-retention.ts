// The part of the zoo about retention: ways in which rules that keep the newest copies have thrown away the good ones.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/guard/retention'
const GATES = `${ROOM}/gates.ts`
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/${file}.test.ts`, name })

const RULINGS = `${ROOM}/rulings.ts`
const scheduled = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/guard/scheduling.test.ts', name })
const carried = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/guard/keeping.test.ts', name })

export const retaining: readonly Mutant[] = [
  {
    name: 'a release that names nothing brings all of it back', breaks: ['G-6'], killer: carried('G-21 what was taken by hand from where it lay aside'),
    changes: [{ file: 'src/engine/guard/keep-calls.ts', find: '(copies === undefined) === (all === undefined)', put: '(copies !== undefined) && (all !== undefined)' }],
  },
  {
    name: 'whoever is root at a machine lets copies go', breaks: ['C-17'], killer: carried('C-17 nobody who is not known lets copies go'),
    changes: [{ file: 'src/engine/guard/keep-calls.ts', find: "const nobody = whyNobody(keeper, by, 'what", put: "const nobody = asker.is === 'socket' ? undefined : whyNobody(keeper, by, 'what" }],
  },
  {
    name: 'one newer verified copy is enough', breaks: ['G-1'], killer: killer('judge', 'G-1 G-2 without two newer'),
    changes: [{ file: GATES, find: 'newer(store) >= keepVerified', put: 'newer(store) >= 1' }],
  },
  {
    name: 'one store with newer copies stands for all of them', breaks: ['G-1'], killer: killer('judge', 'G-1 in each of so many places'),
    changes: [{ file: GATES, find: 'found: stores.length >= locations', put: 'found: stores.length >= 1' }],
  },
  {
    name: 'a copy that nobody ever read pushes out one that was proven', breaks: ['G-3'], killer: killer('judge', 'G-3 copies of the future'),
    changes: [{ file: GATES, find: 'if (reasons.length > 0 || !one.maybeProven) return reasons', put: 'if (reasons.length >= 0 || !one.maybeProven) return reasons' }],
  },
  {
    name: 'a copy dated in the future takes a slot', breaks: ['G-2'], killer: killer('judge', 'G-3 copies of the future'),
    changes: [{ file: GATES, find: 'copy.counted && copy.at <= now.wall + AHEAD && known', put: 'copy.counted && known' }],
  },
  {
    name: 'an interrupted backup counts', breaks: ['G-2'], killer: killer('judge', 'G-2 what does not count'),
    changes: [{ file: GATES, find: 'copy.counted && copy.at <= now.wall', put: 'copy.at <= now.wall' }],
  },
  {
    name: 'a proof never grows old', breaks: ['G-2'], killer: killer('judge', 'G-1 G-2 without two newer'),
    changes: [{ file: GATES, find: 'between(readAt, now.wall) <= settings.verifiedWithin', put: 'readAt <= now.wall' }],
  },
  {
    name: 'the newest verified of a place is not protected', breaks: ['G-4'], killer: killer('judge', 'G-1 in each of so many places'),
    changes: [{ file: GATES, find: 'newer(own) > 0 ? pass', put: 'newer(own) >= 0 ? pass' }],
  },
  {
    name: 'the limit counts what would go, and not what could', breaks: ['G-5', 'X-9'], killer: killer('uncertainty.model', 'X-9 G-3 G-1 G-4 G-5'),
    changes: [{ file: GATES, find: 'pushes: () => true, fewer: shelf.copies.length - dated.length', put: 'pushes: ({ copy }) => copy.counted, fewer: 0' }],
  },
  {
    name: 'a copy that somebody else took away is not missed', breaks: ['G-12', 'G-3'], killer: killer('judge', 'G-10 G-12 a copy that somebody else'),
    changes: [{ file: `${ROOM}/shelf.ts`, find: 'return first === undefined ? pass', put: 'return first === undefined || gone.length > 0 ? pass' }],
  },
  {
    name: 'what is superfluous goes at first sight', breaks: ['G-7'], killer: killer('judge', 'G-7 G-9 the first sight'),
    changes: [{ file: GATES, find: `if (mark === undefined) return [`, put: `if (mark === undefined) return []\n  if (mark.runs < 0) return [` }],
  },
  {
    name: 'a set without a rule keeps nothing', breaks: ['G-4'], killer: killer('judge', 'a set without a rule'),
    changes: [{ file: `${ROOM}/judge.ts`, find: 'if (last + daily + weekly + monthly + yearly + within > 0 &&', put: 'if (last + daily + weekly + monthly + yearly + within >= 0 &&' }],
  },
  {
    name: 'a plan of retention that is refused pages nobody', breaks: ['G-5', 'X-9'], killer: { is: 'test', file: 'src/engine/guard/guarding.test.ts', name: 'G-5 more than goes at once' },
    changes: [{ file: `${ROOM}/duty.ts`, find: 'if (pages[0]) {', put: 'if (pages[1] && pages[0]) {' }],
  },
  {
    name: 'what was accepted once is accepted for ever', breaks: ['G-11'], killer: killer('judge', 'G-5 more than the limits'),
    changes: [{ file: `${ROOM}/judge.ts`, find: 'between(accepted.at, now.wall) <= ACCEPTED_FOR', put: 'between(accepted.at, now.wall) >= 0' }],
  },
  {
    name: 'a plan that was permitted is not judged again', breaks: ['G-1'], killer: carried('G-1 G-6 G-10 what was permitted'),
    changes: [{ file: RULINGS, find: `judged.act === 'quarantine' ? pass : fail(judged.why)`, put: `judged.act !== '' ? pass : fail(judged.why)` }],
  },
  {
    name: 'a token ends what a person holds', breaks: ['G-4', 'C-17'], killer: carried('G-4 a hold is ended by'),
    changes: [{ file: 'src/engine/guard/calls.ts', find: `if (asker.is === 'token') return noToken('lets go of what somebody else holds')`, put: `if (asker.is === 'token') return undefined` }],
  },
  {
    name: 'a permission is good for any plan', breaks: ['G-11'], killer: carried('G-11 a plan that is not what it would be now'),
    changes: [{ file: 'src/engine/guard/keep-calls.ts', find: 'if (plan.id !== id) {', put: `if (plan.id === '') {` }],
  },
  {
    name: 'what we set aside ourselves is still a witness and a copy', breaks: ['G-1', 'G-12'], killer: carried('G-7 G-11 a plan is applied'),
    changes: [{ file: `${ROOM}/duty.ts`, find: 'taken.size > 0 && taken.has(nameOf(it))', put: 'taken.size < 0 && taken.has(nameOf(it))' }, { file: `${ROOM}/rows.ts`, find: 'rows.filter(({ name }) => !taken.has(name)).map(', put: 'rows.map(' }],
  },
  {
    name: 'other stores are not asked before a copy is removed', breaks: ['G-1'], killer: killer('purge', 'G-1 G-2 G-4 only while'),
    changes: [{ file: `${ROOM}/purge.ts`, find: '...cover,', put: '...cover.slice(0, 1),' }],
  },
  {
    name: 'what lies aside is counted by the wall clock alone', breaks: ['G-7', 'X-7'], killer: killer('purge', 'G-23 G-7 a month'),
    changes: [{ file: `${ROOM}/purge.ts`, find: 'lain(aside.since, { wall: now.wall, lived }, quarantine)', put: 'oldEnough(aside.since.wall, now.wall, quarantine)' }],
  },
  {
    name: 'so many may be removed in a day as lie there', breaks: ['G-5'], killer: killer('purge', 'G-5 more than in a day'),
    changes: [{ file: `${ROOM}/purge.ts`, find: 'if (actsToday !== undefined && count + actsToday <= most) return []', put: 'if (actsToday !== undefined && count + actsToday >= 0) return []' }],
  },
  {
    name: 'one person removes what lies aside for good', breaks: ['C-17'], killer: carried('G-7 G-11 a plan is applied'),
    changes: [{ file: 'src/engine/guard/keep-calls.ts', find: 'acts, PURGE_GOOD), acts, by })', put: 'acts, PURGE_GOOD), acts, by, word: identity(by) })' }, { file: RULINGS, find: 'approvalFound(grounds.approval, grounds.plan.hash, grounds.now) }, sealed', put: 'wordFound(grounds.approval, grounds.plan.hash, grounds.now) }, sealed' }],
  },
  {
    name: 'files of a repository go like copies', breaks: ['G-4'], killer: carried('G-5 more than the limits'),
    changes: [{ file: RULINGS, find: 'lies?.repository === undefined ? pass', put: `lies?.repository !== '' ? pass` }],
  },
  {
    name: 'one clean run is enough to arm', breaks: ['G-7'], killer: scheduled('G-7 G-11 what no rule keeps'),
    changes: [{ file: 'src/rooms/guard/acts/job.ts', find: 'export const CLEAN_RUNS = 3', put: 'export const CLEAN_RUNS = 1' }],
  },
  {
    name: 'an edit of the rules leaves a set armed', breaks: ['G-16'], killer: scheduled('G-16 an edit of rules'),
    changes: [{ file: `${ROOM}/run.ts`, find: 'rules: rulesIn(settings),', put: '' }],
  },
  {
    name: 'nobody hears that an edit has disarmed', breaks: ['G-16'], killer: scheduled('G-16 an edit of rules'),
    changes: [{ file: `${ROOM}/schedule.ts`, find: '  tell(tx, `retention:${of.set}@${of.store}/disarmed`', put: '  if (binding === undefined) tell(tx, `retention:${of.set}@${of.store}/disarmed`' }],
  },
  {
    name: 'what was armed is not held against what is there now', breaks: ['G-16'], killer: scheduled('G-7 G-11 what no rule keeps'),
    changes: [{ file: RULINGS, find: `{ wants: 'armed by two people', found: armedFound(arming, plan.binding) }, { wants: 'what they armed, as it is now', found: binding === undefined ? unknown('which store it is, is not known') : armedFound(arming, binding) },`, put: '' }],
  },
  {
    name: 'a run of what nobody has armed sets aside', breaks: ['C-17', 'G-7'], killer: scheduled('G-7 G-11 what no rule keeps'),
    changes: [{ file: 'src/rooms/guard/reconcile/plan.ts', find: `armedFound(arming, binding).is === 'pass' ? 'armed' : 'report'`, put: `'armed'` }, { file: RULINGS, find: `{ wants: 'armed by two people', found: armedFound(arming, plan.binding) }, { wants: 'what they armed, as it is now', found: binding === undefined ? unknown('which store it is, is not known') : armedFound(arming, binding) },`, put: '' }],
  },
  {
    name: 'too much at once latches nothing', breaks: ['G-5'], killer: scheduled('G-5 too much at once'),
    changes: [{ file: `${ROOM}/run.ts`, find: `id === 'limit' && found === 'fail'`, put: `id === '' && found === 'fail'` }],
  },
  {
    name: 'a run is made of listings of long ago', breaks: ['X-9', 'G-1'], killer: scheduled('X-9 G-1 a run without fresh listings'),
    changes: [{ file: `${ROOM}/schedule.ts`, find: 'return failed === undefined && age !== undefined && age <= within', put: 'return failed !== undefined || age !== undefined' }],
  },
  {
    name: 'in a lab a listing serves many runs', breaks: ['G-7'], killer: scheduled('G-7 in a lab, too'),
    changes: [{ file: `${ROOM}/schedule.ts`, find: 'Math.max(1.5 * rhythm, (since', put: 'Math.max(LISTED_WITHIN, (since' }],
  },
  {
    name: 'a run takes the place of what a person has let go', breaks: ['G-11'], killer: scheduled('G-11 a person’s word'),
    changes: [{ file: `${ROOM}/schedule.ts`, find: '  if (isBusy(tx, name)) return false\n', put: '' }],
  },
  {
    name: 'of two stores one is armed by what was asked of both', breaks: ['G-16'], killer: scheduled('G-16 one word arms'),
    changes: [{ file: 'src/rooms/guard/acts/index.ts', find: 'for (const { reconcile, binding } of also) {\n    const other', put: 'for (const { reconcile, binding } of also.slice(1)) {\n    const other' }],
  },
  {
    name: 'a store is judged before its witnesses are listed', breaks: ['G-7'], killer: carried('G-1 G-7 copies in two places'),
    changes: [{ file: `${ROOM}/evaluating.ts`, find: 'if (set.in.every((it) => it.store === store || isFresh(tx, set.name, it.store))) {', put: `if (store !== '') {` }],
  },
  {
    name: 'what vanished is accepted unseen', breaks: ['G-12'], killer: { is: 'test', file: 'src/engine/guard/guarding.test.ts', name: 'G-1 G-7 G-12 what could go' },
    changes: [{ file: 'src/engine/guard/calls.ts', find: 'if (seen === missing.seen ||', put: `if (missing.seen !== '' ||` }],
  },
  {
    name: 'a copy of which nobody knows what was proven stands for one that is missed', breaks: ['X-9'], killer: killer('judge', 'a shelf that cannot be believed'),
    changes: [{ file: `${ROOM}/shelf.ts`, find: '.length >= held ? unknown(says) : fail(says)', put: '.length >= held ? pass : fail(says)' }],
  },
  {
    name: 'one of two arms what goes on schedule', breaks: ['C-17', 'X-9'], killer: killer('uncertainty.model', 'X-9 G-3 G-1 G-4 G-5'),
    changes: [{ file: 'src/rooms/guard/reconcile/plan.ts', find: 'new Set(arming.people).size >= 2', put: 'new Set(arming.people).size >= 1' }],
  },
  {
    name: 'a wait is lost with a hand that died', breaks: ['G-8'], killer: carried('G-8 a hand that dies'),
    changes: [{ file: `${ROOM}/rows.ts`, find: `life.is === 'leaving').map(([name]) => name)`, put: `life.is === 'purged').map(([name]) => name)` }],
  },
  {
    name: 'two people are asked for what two people have said', breaks: ['X-9'], killer: carried('G-7 G-11 a plan is applied by its id'),
    changes: [{ file: 'src/engine/guard/keep-calls.ts', find: "if (act === 'purge' && state === 'waiting') agreed.set", put: "if (act !== 'purge' && state === 'waiting') agreed.set" }],
  },
  {
    name: 'two people are asked for what would be refused to them', breaks: ['X-9'], killer: carried('G-11 what waits for two people is refused'),
    changes: [{ file: 'src/engine/guard/keep-calls.ts', find: '...(list.totals.purge > 0 ? standing(tx.sql, found) : [])', put: '...[]' }],
  },
  {
    name: 'two people are asked to agree to what a folder never does', breaks: ['G-21'], killer: carried('G-21 where nothing is ever removed'),
    changes: [{ file: 'src/engine/guard/keep-calls.ts', find: '...(never !== undefined ? [because(', put: `...(never === '' ? [because(` }, { file: `${ROOM}/purge.ts`, find: '...(never === undefined ? []', put: `...(never !== '' ? []` }],
  },
  {
    name: 'whoever takes by hand what lies aside is called a store that lies', breaks: ['G-21'], killer: carried('G-21 what was taken by hand'),
    changes: [{ file: 'src/rooms/guard/acts/life.ts', find: 'aside.versionId === undefined ? { is:', put: `aside.versionId === '' ? { is:` }],
  },
]
