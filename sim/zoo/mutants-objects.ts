// The part of the zoo about buckets that are themselves the copy: each animal lets one look fuller, fresher or better read than it is.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/guard/objects'
const WALK = 'src/processes/guard/objects/walk.ts'
const judged = (name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/judge.test.ts`, name })
const walked = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/processes/guard/objects/walk.test.ts', name })
const SAMPLE = `${ROOM}/sample.ts`
const DRILL = 'src/processes/guard/objects/drill.ts'
const sampled = (name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/sample.test.ts`, name })
const drilled = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/processes/guard/objects/drill.test.ts', name })
const REFERENCES = 'src/ports/backup/asked/references.ts'
const refers = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/processes/guard/drill/references.test.ts', name })
const shown = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/progress.test.ts', name })
const told = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/guard/whole.test.ts', name })

export const mirroring: readonly Mutant[] = [
  {
    name: 'a bucket that stays small becomes what is usual', breaks: ['G-2'], killer: judged('what had shrunk is no history'),
    changes: [{ file: `${ROOM}/judge.ts`, find: 'if (less(one, history) === undefined) history.push(one)', put: 'history.push(one)' }],
  },
  {
    name: 'many small objects stand for the large ones that are gone', breaks: ['G-2'], killer: judged('G-2 a bucket that is itself the copy'),
    changes: [{ file: `${ROOM}/judge.ts`, find: 'it.bytes < bytes * SHRUNKEN', put: 'it.objects < bytes * 0' }],
  },
  {
    name: 'every look at a bucket makes a history of its own', breaks: ['G-2'], killer: judged('a slow leak'),
    changes: [{ file: `${ROOM}/judge.ts`, find: 'Math.min(DAY, Math.max(HOUR, every))', put: 'Math.min(DAY, every, HOUR)' }],
  },
  {
    name: 'a round through a bucket takes all of the promise', breaks: ['G-2'], killer: walked('G-2 every object is read again'),
    changes: [{ file: WALK, find: 'ms(Math.floor(roundOf(allWithin) / 2))', put: 'ms(Math.floor(roundOf(allWithin) * 4 / 3))' }],
  },
  {
    name: 'rotten bytes become what is known of an object', breaks: ['G-2'], killer: walked('what rots is found'),
    changes: [{ file: WALK, find: 'if (before?.[1] === etag) await out.add(before)', put: `if (before?.[1] === etag) await out.add(found?.is === 'differs' ? [key, etag, found.sum] : before)` }],
  },
  {
    name: 'a round that found damage proves the bucket', breaks: ['G-2'], killer: walked('what rots is found'),
    changes: [{ file: WALK, find: 'const whole = done && standing.length === 0 ?', put: `const whole = done && standing.every(({ is }) => is === 'differs') ?` }],
  },
  {
    name: 'what failed once in a bucket is left unread', breaks: ['G-2'], killer: walked('what failed is tried again'),
    changes: [{ file: WALK, find: 'if (done) await tryAgain(', put: 'if (done && state.round > 9) await tryAgain(' }],
  },
  {
    name: 'what a bucket lists and does not have was removed by somebody', breaks: ['G-2'], killer: walked('G-2 what a store goes on listing'),
    changes: [{ file: WALK, find: `if (seen[i]?.is === 'gone' && phantoms.size`, put: `if (seen[i]?.is === 'failed' && phantoms.size` }],
  },
  {
    name: 'what a dead writer left behind counts as read', breaks: ['G-10'], killer: walked('G-10 killed between two batches'),
    changes: [{ file: WALK, find: '(await stat(sumsIn(folder, state.round))).size < state.length ? undefined : state', put: '(await stat(sumsIn(folder, state.round))).size < 0 ? undefined : state' }],
  },
  {
    name: 'a promise that no round kept is kept', breaks: ['G-2'], killer: told('G-2 every object is read'),
    changes: [{ file: `${ROOM}/walking.ts`, find: 'if (isBroken(base, passed, allWithin))', put: 'if (isBroken(base, ms(0), allWithin))' }],
  },
  {
    name: 'a part of a bucket proves the whole of it', breaks: ['G-2'], killer: drilled('G-2 a part that is well'),
    changes: [{ file: DRILL, find: 'rung: Math.min(judged.rung, FETCHED)', put: 'rung: Math.max(judged.rung, FETCHED)' }],
  },
  {
    name: 'objects that nothing speaks for pass their drill', breaks: ['X-3', 'X-9'], killer: drilled('X-9 nothing to hold it against'),
    changes: [{ file: SAMPLE, find: 'if (right === 0 && objects.some(({ bytes }) => bytes > 0)) return', put: 'if (right < 0 && objects.some(({ bytes }) => bytes > 0)) return' }],
  },
  {
    name: 'a drill of a bucket overlooks what the store vouches for', breaks: ['G-2'], killer: drilled('G-2 bytes that rotted fail'),
    changes: [{ file: SAMPLE, find: `speaks && md5 === 'other' && !right ?`, put: `speaks && md5 === 'same' && !right && sayKey(key) === '' ?` }],
  },
  {
    name: 'what is on its way to a mirror is called wrong', breaks: ['X-3'], killer: sampled('other bytes elsewhere are wrong once'),
    changes: [{ file: SAMPLE, find: 'Math.max(it.modifiedAt, modifiedAt) <= settledBefore', put: 'Math.min(it.modifiedAt, modifiedAt) <= settledBefore' }],
  },
  {
    name: 'a drill of a bucket that draws others ends what it found wrong', breaks: ['G-2'], killer: told('G-2 what a drill of a bucket found wrong'),
    changes: [{ file: 'src/rooms/guard/drills/duty.ts', find: 'const sample = loadLastSample(sql, set, store)', put: `const sample = loadLastSample(sql, set, '')` }],
  },
  {
    name: 'a sample that lost its objects passes', breaks: ['G-2', 'X-3'], killer: drilled('X-9 nothing to hold it against'),
    changes: [{ file: SAMPLE, find: 'const MOST_WENT = 0.2', put: 'const MOST_WENT = 2' }],
  },
  {
    name: 'an object that is listed and not there went while it was read', breaks: ['G-2'], killer: drilled('G-2 what is listed, and still listed'),
    changes: [{ file: DRILL, find: `again === 'absent' ? 'lost' : 'unsure'`, put: `again === 'absent' ? 'went' : 'unsure'` }],
  },
  {
    name: 'what a store lists and gives as something else went', breaks: ['G-2', 'X-9'], killer: drilled('G-2 what is listed still did not go'),
    changes: [{ file: DRILL, find: `again === 'absent' ? 'lost' : 'unsure'`, put: `again === 'absent' ? 'lost' : 'went'` }],
  },
  {
    name: 'a folder is listed for each of a million objects that went', breaks: ['X-9'], killer: drilled('G-2 what is listed still did not go'),
    changes: [{ file: DRILL, find: 'seen.went.length > MOST_WENT * objects.length', put: 'seen.went.length > objects.length' }],
  },
  {
    name: 'a spoilt drill fails for what was lost anyway', breaks: ['G-2'], killer: drilled('G-2 a spoilt drill fails only'),
    changes: [{ file: DRILL, find: 'spoilt ? looked.wrong.filter(({ key }) => spoilt?.has(key)) : [', put: '[' }],
  },
  {
    name: 'a spoilt drill fails for a file that was asked for and lost', breaks: ['G-2'], killer: drilled('G-2 a spoilt drill fails only'),
    changes: [{ file: DRILL, find: 'Promise.resolve(spoilt ? passed() : step)', put: 'Promise.resolve(step)' }],
  },
  {
    name: 'what is wrong as it is is taken for spoilt', breaks: ['G-2'], killer: sampled('G-2 spoilt is only what is found'),
    changes: [{ file: SAMPLE, find: ' && !wrongAsIs.has(key)', put: '' }],
  },
  {
    name: 'what failed before and went has become right', breaks: ['G-2', 'X-9'], killer: drilled('G-2, X-9 what failed before and went'),
    changes: [{ file: SAMPLE, find: 'for (const key of went) says.set(key, WENT)\n', put: '\n' }],
  },
  {
    name: 'of what failed unnamed, what went has become right', breaks: ['G-2', 'X-9'], killer: drilled('G-2, X-9 what failed before and went'),
    changes: [{ file: DRILL, find: '[...new Set([...wants.again, ...drawn.went])]', put: 'wants.again' }],
  },
  {
    name: 'what failed before and is gone is forgotten unsaid', breaks: ['G-2', 'X-9'], killer: drilled('G-2, X-9 what failed before and went'),
    changes: [{ file: DRILL, find: 'gone && isTold ? [] : [key]', put: 'gone ? [] : [key]' }],
  },
  {
    name: 'what nobody compared again has become right', breaks: ['G-2', 'X-9'], killer: drilled('G-2, X-9 what failed before and went'),
    changes: [{ file: SAMPLE, find: 'new Map(looked ? [] : objects.map(', put: 'new Map(looked || !looked ? [] : objects.map(' }],
  },
  {
    name: 'what failed is forgotten after a hundred drills that came to nothing', breaks: ['G-2'], killer: told('G-2 what a drill of a bucket found wrong'),
    changes: [{ file: 'src/rooms/guard/drills/rows.ts', find: 'where set_ = ? and ${SAMPLED} group by store', put: 'where set_ = ? and ${SAMPLED} and id < 0 group by store' }],
  },
  {
    name: 'an object that is too large for a drill is missing', breaks: ['X-3'], killer: drilled('X-9 an object that is asked for'),
    changes: [{ file: DRILL, find: 'if (tight) return open(sayRoom(tight))', put: `if (tight && tight.key === '') return open(sayRoom(tight))` }],
  },
  {
    name: 'what failed before and has no room has become right', breaks: ['G-2', 'X-9'], killer: drilled('X-9 an object that is asked for'),
    changes: [{ file: SAMPLE, find: '...tight.map((it) => [it.key, sayRoom(it)] as const)', put: '...tight.slice(1e6).map((it) => [it.key, sayRoom(it)] as const)' }],
  },
  {
    name: 'objects whose damage nothing measures are spoilt', breaks: ['G-2', 'X-3'], killer: sampled('G-2 spoilt is only what is found'),
    changes: [{ file: SAMPLE, find: `const left = chosen.filter((n) => keys.has(objects[n]?.key ?? ''))`, put: `const left = chosen.filter((n) => keys.size > 0 && objects[n] !== undefined)` }],
  },
  {
    name: 'of much that is wrong the first is drawn again and the rest forgotten', breaks: ['G-2'], killer: told('G-2 what a drill of a bucket found wrong'),
    changes: [{ file: 'src/rooms/guard/drills/duty.ts', find: '(sample.more ?? 0) > 0', put: '(sample.more ?? 0) > 1e6' }],
  },
  {
    name: 'the time of a part of a bucket is stretched to the whole', breaks: ['X-9'], killer: told('X-9 how long a part took'),
    changes: [{ file: 'src/rooms/guard/drills/figures.ts', find: '(sample === undefined || sample.objects >= sample.of.objects)', put: '(sample === undefined || sample.objects <= sample.of.objects)' }],
  },
  {
    name: 'the newest objects of a bucket are drawn by chance alone', breaks: ['G-2'], killer: sampled('all of a small bucket is drawn'),
    changes: [{ file: SAMPLE, find: '({ modifiedAt }) => 0 - modifiedAt', put: '({ modifiedAt }) => 0 + modifiedAt' }],
  },
  {
    name: 'what nobody can ask for is left out in silence', breaks: ['G-10'], killer: { is: 'test', file: 'src/processes/guard/locations.test.ts', name: 'G-10 what has no name' },
    changes: [{ file: 'src/processes/guard/list.ts', find: 'if (why !== undefined) {\n          odd++', put: 'if (why !== undefined) {\n          odd += 0' }],
  },
  {
    name: 'an end behind which names are left is the end', breaks: ['G-10'], killer: { is: 'test', file: 'src/ports/store/listing.test.ts', name: 'G-10 names that nobody can ask for' },
    changes: [{ file: 'src/ports/store/listing.ts', find: 'if (behind.length > trailing) throw', put: 'if (behind.length > trailing + 1000) throw' }],
  },
  {
    name: 'a row whose name nobody can ask for has no object', breaks: ['G-13', 'X-3'], killer: { is: 'test', file: 'src/rooms/guard/reconcile/sandwich.test.ts', name: 'G-13 a row whose name' },
    changes: [{ file: 'src/rooms/guard/reconcile/sandwich.ts', find: `isAskable(key) ? 'gap' : 'unseen'`, put: `isAskable(key) || !both ? 'gap' : 'gap'` }],
  },
  {
    name: 'a restored database that refers to nothing is well', breaks: ['G-2'], killer: refers('L6 every reference'),
    changes: [{ file: REFERENCES, find: `if (all === 0) return failed('the query names nothing: no row has a key')`, put: `if (all === 0) return passed('the query names nothing: no row has a key')` }],
  },
  {
    name: 'references that were cut short are all of them', breaks: ['G-2'], killer: refers('L6 what was cut short'),
    changes: [{ file: REFERENCES, find: 'keys.length !== Math.min(all, DRAWN)', put: 'keys.length > Math.min(all, DRAWN)' }],
  },
  {
    name: 'a store that does not answer holds what is referred to', breaks: ['G-2', 'X-3'], killer: refers('L6 a key is missing only'),
    changes: [{ file: 'src/processes/guard/drill/resolve.ts', find: '    return { says: sentence(cause) }', put: `    return cause instanceof TypeError ? { says: sentence(cause) } : 'there'` }],
  },
  {
    name: 'the board goes on saying how far a scan is that nobody tells of', breaks: ['T-1'], killer: shown('T-1 the board says how far'),
    changes: [{ file: 'src/rooms/tell/html.ts', find: 'options.now - progress.at <= PROGRESS_GOOD', put: 'options.now - progress.at >= 0' }],
  },
  {
    name: 'an incremental base backup is taken for a full one', breaks: ['X-3'], killer: { is: 'test', file: 'src/plugins/backups/postgres/physical.test.ts', name: 'X-9 what is not brought back here' },
    changes: [{ file: 'src/plugins/backups/postgres/physical.ts', find: '/^INCREMENTAL FROM LSN:/m', put: '/^INCREMENTAL FROM LSN: none/m' }],
  },
  {
    name: 'the database of any check stands for the source of a set', breaks: ['G-2'], killer: { is: 'test', file: 'src/views/manifests.test.ts', name: 'a set that is of a check takes its address' },
    changes: [{ file: 'src/rooms/guard/config.ts', find: `(database !== undefined && database !== found.name)`, put: `(database !== undefined && database === '')` }],
  },
  {
    name: 'what may yet grow is told to the board as all there is', breaks: ['T-1'], killer: { is: 'test', file: 'src/cli/telling.test.ts', name: 'T-1 of a repository' },
    changes: [{ file: 'src/cli/telling.ts', find: `...(total.is === 'known' ? { of: total.bytes, ...(left`, put: `...(total.bytes > 0 ? { of: total.bytes, ...(left` }],
  },
  {
    name: 'a statement that is over still says how far a scan is', breaks: ['T-3'], killer: shown('T-3 only a statement'),
    changes: [{ file: 'src/rooms/tell/view.ts', find: 'const progress = resolved === null ? rows.loadProgress', put: 'const progress = resolved !== 0 ? rows.loadProgress' }, { file: 'src/rooms/tell/index.ts', find: `if (!row || row.state !== 'published' || row.resolved !== null) return false\n      const had`, put: `if (!row || row.state !== 'published') return false\n      const had` }],
  },
]
