// The part of the zoo about the hand: ways in which a clean-up that was judged rightly is carried out wrongly.
import type { Mutant } from './mutant.ts'

const ACTS = 'src/rooms/guard/acts'
const RULINGS = `${ACTS}/rulings.ts`
const acts = (name: string): Mutant['killer'] => ({ is: 'test', file: `${ACTS}/acts.test.ts`, name })
const RECONCILE = 'src/rooms/guard/reconcile'
const reconcile = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: `${RECONCILE}/${file}.test.ts`, name })
const hand = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/processes/hand/hand.test.ts', name })

export const handling: readonly Mutant[] = [
  {
    name: 'people are asked to arm a store before it was tried out', breaks: ['G-21'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-21 whoever arms waits for the try-out' },
    changes: [{ file: 'src/engine/guard/arm-calls.ts', find: '  if (before.length === 0) await keeper.hand.settled()\n', put: '' }],
  },
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
    changes: [{ file: `${ACTS}/intending.ts`, find: `digestOf(loadActs(tx.sql, plan)) !== head.digest`, put: `digestOf(loadActs(tx.sql, plan)) === ''` }],
  },
  {
    name: 'the catalogue is not asked again before the act', breaks: ['G-20'], killer: acts('G-20 the catalogue is asked again'),
    changes: [{ file: RULINGS, find: `const found = recheck === undefined || !isWithin(recheck.seen, now, RECHECK_GOOD) ?`, put: `const found = recheck === undefined || isWithin(recheck.seen, now, RECHECK_GOOD) ? pass : recheck === undefined ?` }],
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
    name: 'a word from before it was disarmed arms it again', breaks: ['G-11', 'G-16'], killer: acts('G-11 G-16 whoever was asked to arm it before'),
    changes: [{ file: `${ACTS}/job.ts`, find: `(epoch === (job.epoch ?? 0) ?`, put: `(epoch <= (job.epoch ?? 0) ?` }],
  },
  {
    name: 'what is to come back to another store is given up', breaks: ['G-16'], killer: acts('G-16 after another store was configured'),
    changes: [{ file: RULINGS, find: `another ? unknown('it is another one now')`, put: `another ? fail('it is another one now')` }, { file: `${ACTS}/desk.ts`, find: `  if (stray !== undefined) {`, put: `  if (stray?.act === 'purge') {` }],
  },
  {
    name: 'what was seen of a store outlives its configuration', breaks: ['G-16'], killer: acts('G-16 after another store was configured'),
    changes: [{ file: `${ACTS}/desk.ts`, find: `      memory.seen.clear()\n`, put: '' }],
  },
  {
    name: 'the lease is counted by the wall clock, and a thawed hand goes on', breaks: ['G-8', 'C-7'], killer: hand('G-8 a hand whose lease is over'),
    changes: [{ file: 'src/core/authority/lease.ts', find: `Math.max(0, until.tick - now.tick)`, put: `Math.max(0, until.tick - now.tick + 60_000)` }],
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
  {
    name: 'a purge rests on the copy that the plan saw', breaks: ['G-23'], killer: acts('G-23 a purge asks for the copy'),
    changes: [{ file: RULINGS, find: `    { wants: \`verified in the other place, asked within \${sayTime(RECHECK_GOOD)}\`, found: copyNow(it, grounds.now) },\n`, put: `    { wants: 'a copy', found: copyNow(it, grounds.now).is === 'pass' ? pass : pass },\n` }],
  },
  {
    name: 'what a later run keeps is purged, because people agreed before', breaks: ['G-23', 'G-6'], killer: acts('G-23 a purge that was agreed to is held'),
    changes: [{ file: RULINGS, find: `found: it.again ?? unknown('nobody has looked')`, put: `found: it.again === undefined ? pass : pass` }],
  },
  {
    name: 'what puts aside is good for as long as a purge waits', breaks: ['G-11'], killer: acts('G-11 what puts aside is good for an hour'),
    changes: [{ file: `${ACTS}/index.ts`, find: `goodUntil: dueIn(tx.now, PLAN_GOOD)`, put: `goodUntil: dueIn(tx.now, PURGE_GOOD)` }],
  },
  {
    name: 'what was left behind is waited for from its intent', breaks: ['G-8'], killer: acts('G-8 what a hand left behind is looked at'),
    changes: [{ file: `${ACTS}/doubts.ts`, find: `from !== 'busy' && lived() - Math.max(from, life.begun.lived)`, put: `lived() - life.begun.lived` }],
  },
  {
    name: 'a keeper that has just begun gives a lease at once', breaks: ['G-8', 'C-7'], killer: acts('G-8 a keeper that has just begun'),
    changes: [{ file: `${ACTS}/desk.ts`, find: 'let grants = firstGrants(ports.now())', put: 'let grants: ReturnType<typeof firstGrants> = { term: 0 }' }, { file: `${ACTS}/desk.ts`, find: 'import { firstGrants, giveBack', put: 'import { type firstGrants, giveBack' }],
  },
  {
    name: 'what a person brought back is put aside by the next run', breaks: ['G-4'], killer: acts('what a person brought back stays'),
    changes: [{ file: RULINGS, find: `found: it.heldBy === '' ? pass`, put: `found: it.heldBy === '' || it.heldBy !== '' ? pass` }],
  },
  {
    name: 'a thawed hand goes on under its next lease', breaks: ['G-8', 'C-7'], killer: hand('G-8 C-7 a hand that thaws between'),
    changes: [{ file: 'src/processes/hand/round.ts', find: `if (hand.stopped.aborted || leftOf(hand.held?.until, hand.ports.now()) === 0) {`, put: `if (hand.stopped.aborted) {` }, { file: 'src/processes/hand/round.ts', find: 'return (await renew(hand)) && hand.held?.term === term', put: 'return (await renew(hand)) || hand.held?.term === term' }],
  },
  {
    name: 'a request of a thawed hand is held back by a timer alone', breaks: ['G-8', 'G-22'], killer: hand('G-8 G-22 a hand that thaws in the middle'),
    changes: [{ file: 'src/processes/hand/fence.ts', find: 'request: (want) => (isOver() ? shut()', put: `request: (want) => (isOver() && want.url === '' ? shut()` }],
  },
  {
    name: 'every process and command reads what deletes', breaks: ['G-15'], killer: { is: 'test', file: 'src/processes/hand/credential.test.ts', name: 'G-15 whoever loads the configuration' },
    changes: [{ file: 'src/config/secret.ts', find: `secret.is === 'found' && how === 'look' ?`, put: `secret.is === 'found' && how !== 'look' ?` }, { file: 'src/rooms/guard/config.ts', find: `{ sealed: [DELETING] }`, put: '{}' }],
  },
  {
    name: 'of what deletes nobody looks whether it is there', breaks: ['G-15'], killer: { is: 'test', file: 'src/processes/hand/credential.test.ts', name: 'G-15 one that is missing' },
    changes: [{ file: 'src/config/secret.ts', find: `found.set(name, await load(name, places, 'look'))`, put: `found.set(name, { is: 'there' })` }],
  },
  {
    name: 'the seal of a plan that is read from elsewhere is not looked at', breaks: ['G-11'], killer: { is: 'test', file: 'src/engine/guard/plan-items.test.ts', name: 'nothing is answered from within a line' },
    changes: [{ file: 'src/engine/guard/plan-items.ts', find: `seal !== undefined && seal?.id !== plan`, put: `seal === null` }],
  },
  {
    name: 'a hand is given what deletes in every store', breaks: ['G-15'], killer: { is: 'test', file: 'src/processes/watchdog/hand-ward.test.ts', name: 'G-15 it is given' },
    changes: [{ file: 'src/processes/watchdog/hand-ward.ts', find: 'const stores = named.filter((it) => known().includes(it))', put: 'const stores = named.length > 0 ? known() : []' }],
  },
  {
    name: 'acts under the name of a person are believed without the ledger', breaks: ['G-11'], killer: acts('G-11 under a person'),
    changes: [{ file: `${ACTS}/intending.ts`, find: `if (isHand && (act.act !== 'release' || held === undefined)) {`, put: `if (isHand && head === undefined) {` }],
  },
  {
    name: 'a copy of the same name is a copy', breaks: ['G-23'], killer: { is: 'test', file: 'src/processes/guard/reconcile/copies.test.ts', name: 'G-23 a copy counts that was read' },
    changes: [{ file: 'src/processes/guard/reconcile/copies.ts', find: `if (read === undefined || !isOf(read, aside) || !isRead(read, found) || read.found === 'going') return undefined`, put: `if (read === undefined || !isOf(read, aside)) return undefined` }],
  },
  {
    name: 'a second copy is believed by its size, and not read', breaks: ['G-23'], killer: { is: 'test', file: 'src/processes/guard/reconcile/compare.test.ts', name: 'G-23 a second copy is read to its last byte' },
    changes: [{ file: 'src/processes/guard/reconcile/compare.ts', find: `while (from < mine.bytes) {`, put: `while (from < 0) {` }],
  },
  {
    name: 'a copy that was written since is read on in its middle', breaks: ['G-23'], killer: { is: 'test', file: 'src/processes/guard/reconcile/compare.test.ts', name: 'G-23 a run reads for so long' },
    changes: [{ file: 'src/processes/guard/reconcile/compare.ts', find: `of.etag === there.etag && of.bytes`, put: `of.bytes` }],
  },
  {
    name: 'a bad batch is told to every run for ever', breaks: ['G-5'], killer: acts('a bad batch is judged by one run'),
    changes: [{ file: `${ACTS}/job.ts`, find: `{ judged: Math.max(run.through, job.judged ?? 0) }`, put: `{ judged: job.judged ?? 0 }` }],
  },
  {
    name: 'a half-open breaker widens before its first ten were tried', breaks: ['G-5'], killer: reconcile('breaker', 'closed by people it is half open'),
    changes: [{ file: `${RECONCILE}/breaker.ts`, find: `if (breaker.tried === undefined) return { breaker: { ...breaker, tried: now } }`, put: `if (breaker.tried === undefined) return { breaker: widened(ladder, breaker.most * 4, at) }` }],
  },
  {
    name: 'a clock that is set forward widens a half-open breaker', breaks: ['G-5', 'G-7'], killer: reconcile('breaker', 'closed by people it is half open'),
    changes: [{ file: `${RECONCILE}/breaker.ts`, find: `lain(breaker.tried, now, cooling)`, put: `lain(breaker.tried, { wall: now.wall, lived: (breaker.tried.lived + cooling) as Span }, cooling)` }],
  },
  {
    name: 'a bound set that nobody has listed holds no copy of the catalogue', breaks: ['G-23'], killer: reconcile('duty', 'G-23 a set that is bound'),
    changes: [{ file: `${RECONCILE}/duty.ts`, find: `if (age === undefined || age > LISTED_GOOD) return {`, put: `if (age === undefined || age > LISTED_GOOD) continue; if (age < 0) return {` }],
  },
  {
    name: 'a copy of the catalogue is as old as its file', breaks: ['G-23'], killer: reconcile('duty', 'G-23 without a set'),
    changes: [{ file: `${RECONCILE}/duty.ts`, find: `Math.min(modifiedAt, ...patterns`, put: `Math.max(modifiedAt, ...patterns` }],
  },
  {
    name: 'half open is every key before the tenth, whenever it came', breaks: ['G-5'], killer: acts('G-5 half open, the first ten'),
    changes: [{ file: `${RECONCILE}/breaker.ts`, find: `return first < breaker.since ? pass :`, put: `return first < breaker.since || first > 0 ? pass :` }, { file: `${RECONCILE}/breaker.ts`, find: `return passed < most ? pass :`, put: `return passed >= 0 || most > 0 ? pass :` }],
  },
  {
    name: 'a breaker that two closed stays the incident of the next one', breaks: ['G-28', 'G-5'], killer: { is: 'test', file: 'src/engine/guard/reconciling.test.ts', name: 'G-28 G-5 when two close' },
    changes: [{ file: `${ACTS}/index.ts`, find: `  if (stands) tx.append(`, put: `  if (stands && people.length < 2) tx.append(` }],
  },
  {
    name: 'what was refused once is told for ever', breaks: ['G-28'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-28 “nothing more may go” ends' },
    changes: [{ file: `${ACTS}/telling.ts`, find: 'if (!isTold(tx.sql, ends)) return', put: 'if (isTold(tx.sql, ends)) return' }],
  },
  {
    name: 'a copy of the catalogue that was set aside cannot come back', breaks: ['G-23'], killer: reconcile('duty', 'G-23 a copy that lies aside'),
    changes: [{ file: `${RECONCILE}/duty.ts`, find: `of loadRestorable(sql, set.name)) {`, put: `of loadRestorable(sql, set.name).slice(0, 0)) {` }],
  },
  {
    name: 'a hand stays as long as something is in doubt', breaks: ['G-15'], killer: { is: 'test', file: 'src/engine/guard/hand-line.test.ts', name: 'where nothing comes to an end it leaves' },
    changes: [{ file: 'src/engine/guard/hand-line.ts', find: `if (past === undefined || past >= FRUITLESS) {`, put: `if (past === undefined) {` }],
  },
  {
    name: 'a release waits for canaries', breaks: ['G-6'], killer: acts('a release needs no run and no canary'),
    changes: [{ file: RULINGS, find: `case 'release': return all([storeOfRelease(grounds),`, put: `case 'release': return all([sameStore(grounds),` }],
  },
  {
    name: 'a late answer of the catalogue is nobody\'s', breaks: ['G-8'], killer: acts('a catalogue that is slow keeps nobody waiting'),
    changes: [{ file: `${ACTS}/asking.ts`, find: `const isMine = former?.of === of && within(former.seen, KEPT)`, put: `const isMine = former?.of === of && within(former.seen, KEPT) && former.found === undefined && keys.length === 0` }],
  },
  {
    name: 'whoever is root at a machine accepts', breaks: ['G-16'], killer: { is: 'test', file: 'src/processes/hand/acting.test.ts', name: 'G-16 what changes after arming' },
    changes: [{ file: 'src/engine/guard/act-calls.ts', find: `if (people.isKnown(sql, by)) return undefined`, put: `if (by !== '') return undefined` }],
  },
  {
    name: 'what went through a half-open breaker is forgotten after a month', breaks: ['G-5'], killer: acts('G-5 however long it stays half open'),
    changes: [{ file: `${ACTS}/rows.ts`, find: `json_extract(j.job, '$.breaker.is') = 'half')\``, put: `json_extract(j.job, '$.breaker.is') = 'ajar')\`` }],
  },
  {
    name: 'one step of the clock forgets what was done today', breaks: ['G-5'], killer: acts('G-5 what was done today'),
    changes: [{ file: `${ACTS}/rows.ts`, find: 'at < ? and lived < ? and not exists', put: 'at < ? and coalesce(?, 1) is not null and not exists' }],
  },
  {
    name: 'a copy that just came back counts only once it is listed', breaks: ['G-23'], killer: { is: 'test', file: 'src/engine/guard/keeping.test.ts', name: 'G-23 a copy of the catalogue that was just brought back' },
    changes: [{ file: 'src/rooms/guard/retention/rows.ts', find: 'return [...away, ...back]', put: 'return [...away, ...back.slice(0, 0)]' }],
  },
  {
    name: 'one good judgement ends what comes and goes with each listing', breaks: ['G-28'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-28 “nothing more may go” ends' },
    changes: [{ file: 'src/rooms/guard/retention/duty.ts', find: 'if (first === undefined || listed < first) return saveWell', put: 'if (listed < (first ?? 0)) return saveWell' }],
  },
  {
    name: 'what the configuration knows nothing of any more pages for ever', breaks: ['G-28'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-28 what is told of a rule' },
    changes: [{ file: `${ACTS}/telling.ts`, find: 'if (stays) continue', put: `if (stays || name !== '') continue` }],
  },
  {
    name: 'a store that was mended is refused for a quarter of an hour', breaks: ['G-21'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-21 a store that could not do it, or could not be reached' },
    changes: [{ file: 'src/engine/guard/hand-line.ts', find: `if (found.is !== 'pass') made()`, put: `if (found.is === 'unknown') made()` }],
  },
  {
    name: 'a proof that goes with its copy, as its turn comes, is told as a loss', breaks: ['G-12'], killer: { is: 'test', file: 'src/engine/guard/drilling.test.ts', name: 'G-12 X-9 copies that live shorter' },
    changes: [{ file: 'src/rooms/guard/sets/vanishing.ts', find: '  if (isTurn({ before, gone })) return undefined\n', put: '' }],
  },
  {
    name: 'a folder named from the root is never one named from the configuration', breaks: ['G-20'], killer: { is: 'test', file: 'src/rooms/guard/territory.test.ts', name: 'G-20 a folder that is named from the configuration' },
    changes: [{ file: 'src/rooms/guard/territory.ts', find: `from === undefined ? value : path.resolve(from, value)`, put: `from === undefined ? value : path.join(value)` }],
  },
  {
    name: 'whoever looks at a plan calls a process that could delete', breaks: ['G-15'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-15 before anybody arms it' },
    changes: [{ file: 'src/engine/guard/hand-line.ts', find: 'seen: (store) => sayUntried(', put: 'seen: (store) => (made().probe(store, undefined), sayUntried)(' }],
  },
]
