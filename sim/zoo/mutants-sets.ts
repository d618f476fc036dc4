// The part of the zoo about the catalogue of backups: each animal lets a backup look better than it is, or a silence like good news.
import type { Mutant } from './mutant.ts'

const SETS = 'src/rooms/guard/sets'
const pure = (name: string): Mutant['killer'] => ({ is: 'test', file: `${SETS}/judge.test.ts`, name })
const room = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/guard/guarding.test.ts', name })
const asked = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/guard/looks.test.ts', name })

const ran = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/guard/ran.test.ts', name })

export const cataloguing: readonly Mutant[] = [
  {
    name: 'what a command left that failed is a copy', breaks: ['G-2'], killer: ran('G-2 what a command left that failed'),
    changes: [{ file: `${SETS}/manifest-rows.ts`, find: `it.is !== 'of' || it.run.exit === 0) return`, put: `it.is !== 'of' || it.run.exit !== null) return` }],
  },
  {
    name: 'what a command still writes is a copy', breaks: ['G-2'], killer: ran('G-2 what a command still writes'),
    changes: [{ file: `${SETS}/manifest-rows.ts`, find: `it.is !== 'of' || it.run.exit === 0) return`, put: `it.is !== 'of' || it.run.exit === 0 || it.run.exit === null) return` }],
  },
  {
    name: 'a reconcile that ran long ago is told as well', breaks: ['X-3'], killer: { is: 'test', file: 'src/engine/guard/reconciling.test.ts', name: 'a run at once and then on time' },
    changes: [{ file: 'src/views/reconciles.ts', find: 'now - latest.at > every + Math', put: 'now - latest.at < every - Math' }],
  },
  {
    name: 'of many reconciles the one that is not known is told as well', breaks: ['X-3', 'X-9'], killer: { is: 'test', file: 'test/cli/backups.test.ts', name: 'reconcile show exits by the worst of all' },
    changes: [{ file: 'src/cli/commands/guard/reconcile.ts', find: '[EXIT.refused, EXIT.down, EXIT.pending]', put: '[EXIT.refused, EXIT.pending]' }],
  },
  {
    name: 'what waits for two people is told as done', breaks: ['X-9'], killer: { is: 'test', file: 'test/cli/backups.test.ts', name: 'apply of what waits for two people alone' },
    changes: [{ file: 'src/cli/commands/guard/acts.ts', find: 'body.agreement === null ? EXIT.pending : EXIT.fine', put: 'body.agreement === null ? EXIT.fine : EXIT.fine' }],
  },
  {
    name: 'a page about a drill begins with a hash', breaks: ['X-9'], killer: { is: 'test', file: 'src/rooms/guard/drills/choice.test.ts', name: 'G-2 a failed drill stands against the set' },
    changes: [{ file: 'src/rooms/guard/drills/choice.ts', find: '`a drill failed: ${decided.says} (${sayBriefly(decided.key)}${isThere(decided) ? \'\' : \', which is gone\'})`', put: '`${decided.key} failed its drill: ${decided.says}`' }],
  },
  {
    name: 'whoever asks for a listing gets one that had begun before', breaks: ['X-3'], killer: asked('X-1 no place is listed more often'),
    changes: [{ file: 'src/engine/guard/looks.ts', find: 'if (line.isGiven(it.task))', put: 'if (line.isGiven({ ...it.task, set: String(count) }))' }],
  },
  {
    name: 'whoever asks often has a store listed as often', breaks: ['X-1'], killer: asked('X-1 no place is listed more often'),
    changes: [{ file: 'src/engine/guard/looks.ts', find: 'Math.max(0, pause - age)', put: 'Math.min(0, pause - age)' }],
  },
  {
    name: 'stores are listed all at once for whoever asks', breaks: ['X-1'], killer: asked('G-14 whoever asks has a set listed now'),
    changes: [{ file: 'src/engine/guard/looks.ts', find: '    if (current) return\n', put: '' }],
  },
  {
    name: 'a store stands in the queue as often as it is asked for', breaks: ['X-1'], killer: asked('X-1 a store that takes long to fail'),
    changes: [{ file: 'src/engine/guard/looks.ts', find: 'return queue.find((one) => nameOf(one) === nameOf({ task })) ??', put: 'return' }],
  },
  {
    name: 'a store that took long to fail may have the next turn too', breaks: ['X-1'], killer: asked('X-1 a store that takes long to fail'),
    changes: [{ file: 'src/engine/guard/looks.ts', find: 'queue = [...queue.filter((one) => nameOf(one) !== nameOf(it)), ...queue.filter((one) => nameOf(one) === nameOf(it))]', put: '' }],
  },
  {
    name: 'whoever asked for a listing hears of the newest one alone', breaks: ['X-9'], killer: asked('X-9 whoever asked hears the end of their own'),
    changes: [{ file: 'src/engine/guard/looks.ts', find: 'known.find(({ id }) => id === look) ?? known.at(-1)', put: 'known.at(-1)' }],
  },
  {
    name: 'what could not be listed when somebody asked is told as listed', breaks: ['X-9'], killer: asked('G-14 whoever asks has a set listed now'),
    changes: [{ file: 'src/engine/guard/looks.ts', find: "failed === undefined ? 'listed' : 'not-listed'", put: "'listed'" }],
  },
  {
    name: 'a store that says that a copy is locked has locked it', breaks: ['X-9'], killer: { is: 'test', file: 'src/rooms/guard/sets/locked.test.ts', name: '3-2-1-1-0 a copy is one that nobody can change' },
    changes: [{ file: 'src/rooms/guard/sets/locked.ts', find: `  if (found.is !== 'pass') return found\n`, put: '  return found\n' }],
  },
  {
    name: 'a try-out that could not tell takes back that the store lied', breaks: ['X-9'], killer: { is: 'test', file: 'src/rooms/guard/sets/locked.test.ts', name: 'X-9 a try-out that could not tell' },
    changes: [{ file: 'src/rooms/guard/sets/locked.ts', find: "  if (lock.is === 'unknown') {", put: "  if (lock.is === 'unknown') sql.run('delete from guard_tried where store = ?', store)\n  if (lock.is === 'unknown') {" }],
  },
  {
    name: 'a lock that can be lifted is one that nobody can lift', breaks: ['X-9'], killer: { is: 'test', file: 'src/rooms/guard/sets/locked.test.ts', name: '3-2-1-1-0 a copy is one that nobody can change' },
    changes: [{ file: 'src/rooms/guard/sets/locked.ts', find: 'lock.sealed !== true', put: 'lock.is !== \'locked\'' }],
  },
  {
    name: 'a point of 3-2-1-1-0 that nobody knows is told as one that is not earned', breaks: ['X-9'], killer: { is: 'test', file: 'src/engine/guard/drilling.test.ts', name: 'the metrics of backups say what the answer says' },
    changes: [{ file: 'src/views/guard/metrics.ts', find: `(found === 'unknown' ? undefined : found === 'pass' ? 1 : 0)`, put: `(found === 'pass' ? 1 : 0)` }],
  },
  {
    name: 'what was never read is said to be read since it is known', breaks: ['X-3'], killer: { is: 'test', file: 'src/engine/guard/reading.test.ts', name: 'G-2 the newest copy is read as soon as it is there' },
    changes: [{ file: 'src/views/guard/reading.ts', find: 'never_read: unread, failing', put: 'never_read: 0 * unread, failing' }],
  },
  {
    name: 'a hold of a person is not looked at', breaks: ['G-4'], killer: room('G-1 G-7 G-12'),
    changes: [{ file: 'src/rooms/guard/retention/duty.ts', find: 'modifiedAt: copy.modifiedAt, held: holds.has(key)', put: 'modifiedAt: copy.modifiedAt, held: false' }],
  },
  {
    name: 'what vanished from a store is forgotten at once', breaks: ['G-12'], killer: room('G-1 G-7 G-12'),
    changes: [{ file: 'src/rooms/guard/index.ts', find: `'guard.vanished': both(applyVanished, drills.apply.vanished, `, put: `'guard.vanished': both(applyVanished, drills.apply.vanished, (sql, entry) => void sql.run('delete from guard_expected where key = ?', (entry.body as { key: string }).key), ` }],
  },
  {
    name: 'an empty backup counts', breaks: ['G-2'], killer: pure('G-2 what never counts'),
    changes: [{ file: `${SETS}/judge.ts`, find: 'if (copy.bytes === 0) return', put: 'if (copy.bytes < 0) return' }],
  },
  {
    name: 'small backups become the usual ones', breaks: ['G-2'], killer: pure('G-2 what never counts'),
    changes: [{ file: `${SETS}/judge.ts`, find: '    else history.push(copy.bytes)', put: '    history.push(copy.bytes)' }],
  },
  {
    name: 'an old listing is as good as a new one', breaks: ['X-9'], killer: pure('X-9 a listing that is old'),
    changes: [{ file: `${SETS}/judge.ts`, find: 'if (listing.age === undefined || listing.age > it.patience)', put: 'if (listing.age === undefined)' }],
  },
  {
    name: 'a store that is another one, or not mounted, stays green on what was listed before', breaks: ['X-9'], killer: room('X-9 a store that is not there any more is unknown at once'),
    changes: [{ file: `${SETS}/duty.ts`, find: 'isLost(sql, set.name, store) ? { ...listing, age: undefined } : listing', put: 'isLost(sql, set.name, store) && listing.at === undefined ? { ...listing, age: undefined } : listing' }],
  },
  {
    name: 'one that was lost and does not answer counts as back', breaks: ['X-9'], killer: room('X-9 a store that is not there any more is unknown at once'),
    changes: [{ file: `${SETS}/duty.ts`, find: 'if (isListed || lost) saveLost(', put: 'saveLost(' }],
  },
  {
    name: 'a process that never answers is waited for for ever', breaks: ['W-1', 'G-14'], killer: room('X-9, W-1 a process that never answers'),
    changes: [{ file: `${SETS}/duty.ts`, find: '        markAsked(tx, name, store)\n', put: '' }, { file: 'src/engine/guard/line.ts', find: 'void fail(it, `nothing came', put: 'void (it.id === \'\' && `nothing came' }],
  },
  {
    name: 'a clock that is set back hides a process that never answers', breaks: ['X-7'], killer: room('X-9, W-1 a process that never answers'),
    changes: [{ file: `${SETS}/duty.ts`, find: 'const waits = asked && ageOf(asked, tx.now)', put: 'const waits = asked && Math.min(0, tx.now.wall)' }],
  },
  {
    name: 'a copy that came since the last look is called late', breaks: ['X-9'], killer: pure('X-9 a copy is late only'),
    changes: [{ file: `${SETS}/judge.ts`, find: 'const age = it.now - listing.age - (newest.at ?? 0)', put: 'const age = it.now - (newest.at ?? 0)' }],
  },
  {
    name: 'a backup vanishes without a trace', breaks: ['G-12'], killer: room('G-12 what vanishes'),
    changes: [{ file: `${SETS}/recording.ts`, find: 'for (const gone of known.values()) {', put: 'for (const gone of [...known.values()].slice(1)) {' }],
  },
  {
    name: 'what was proven of other bytes holds for these', breaks: ['G-6'], killer: room('G-12 what vanishes'),
    changes: [{ file: 'src/rooms/guard/rows.ts', find: `  sql.run('delete from guard_proof where set_ = ? and store = ? and key = ?', b.set, b.store, b.key)\n`, put: '' }, { file: 'src/views/backups.ts', find: 'it.key === copy.key && it.etag === copy.etag', put: 'it.key === copy.key' }],
  },
  {
    name: 'a backup is missed while its source is known to be down', breaks: ['G-28'], killer: room('story 6'),
    changes: [{ file: `${SETS}/duty.ts`, find: `!(side === 'late' && root !== ''`, put: `!(side === 'late' && root === 'nothing'` }],
  },
]
