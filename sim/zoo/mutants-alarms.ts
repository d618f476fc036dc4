// The part of the zoo about alarms of the guard: each animal lets one finding hide another, or keeps it from whoever has the incident.
import type { Mutant } from './mutant.ts'

const SETS = 'src/rooms/guard/sets'
const FINDINGS = 'src/rooms/page/guard/findings.ts'
const killer = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/guard/alarming.test.ts', name })
const rewrites = (name: string): Mutant['killer'] => ({ is: 'test', file: `${SETS}/vanishing.test.ts`, name })

export const alarming: readonly Mutant[] = [
  {
    name: 'another cause of what somebody has taken disturbs nobody', breaks: ['G-28'], killer: killer('G-28 another cause'),
    changes: [{ file: FINDINGS, find: 'if (fresh.length > 0) life.worsened(', put: 'if (fresh.length > 99) life.worsened(' }],
  },
  {
    name: 'one cause pages each time that it is said', breaks: ['G-28'], killer: killer('G-28 another cause'),
    changes: [{ file: FINDINGS, find: 'return now < last || now - last >=', put: 'return true || now - last >=' }],
  },
  {
    name: 'what stays is told once and never again', breaks: ['G-28'], killer: killer('G-28 another cause'),
    changes: [{ file: FINDINGS, find: 'const AGAIN = days(7)', put: 'const AGAIN = days(7000)' }],
  },
  {
    name: 'what is more urgent waits until somebody has taken the rest', breaks: ['G-14'], killer: killer('all findings of a set'),
    changes: [{ file: 'src/rooms/page/decide.ts', find: `why !== 'more urgent' || people`, put: `why === 'more urgent' || people` }],
  },
  {
    name: 'an incident is called by its least finding', breaks: ['G-14'], killer: killer('all findings of a set'),
    changes: [{ file: FINDINGS, find: 'findings.toSorted((a, b) => b.weight - a.weight)', put: 'findings.toSorted((a, b) => a.weight - b.weight)' }],
  },
  {
    name: 'a copy that cannot be restored is not told while the set is shrunken', breaks: ['G-14'], killer: killer('an unreadable copy is told'),
    changes: [{ file: `${SETS}/duty.ts`, find: '...(judged.length === 0 ? [] : context.doubts(', put: `...(verdicts[0]?.side !== 'ok' ? [] : context.doubts(` }],
  },
  {
    name: 'the newest copy may vanish', breaks: ['G-12'], killer: killer('G-12 the newest copy'),
    changes: [{ file: `${SETS}/vanishing.ts`, find: 'return oddNewest(it) ?? oddProven(it)', put: 'return oddProven(it)' }],
  },
  {
    name: 'the last copy that was proven may vanish', breaks: ['G-12'], killer: killer('G-12 the newest copy'),
    changes: [{ file: `${SETS}/vanishing.ts`, find: 'oddNewest(it) ?? oddProven(it) ??', put: 'oddNewest(it) ??' }],
  },
  {
    name: 'copies are taken away one by one, and nobody counts', breaks: ['G-12'], killer: killer('G-12 what whoever rotates'),
    changes: [{ file: `${SETS}/vanishing.ts`, find: 'credit + came.length - gone.size', put: 'credit + came.length' }],
  },
  {
    name: 'an old copy may become another', breaks: ['G-12'], killer: killer('G-12 the newest copy'),
    changes: [{ file: `${SETS}/vanishing.ts`, find: ' ?? oddChanged(it)', put: '' }],
  },
  {
    name: 'a fraction of the newest copy is its run, repeated', breaks: ['G-12'], killer: rewrites('G-12 what is older, a fraction'),
    changes: [{ file: `${SETS}/vanishing.ts`, find: 'const SMALLER = 0.5', put: 'const SMALLER = 0' }],
  },
  {
    name: 'the newest copy may be written anew for ever', breaks: ['G-12'], killer: rewrites('G-12 what is older, a fraction'),
    changes: [{ file: `${SETS}/vanishing.ts`, find: 'now - had.at > Math.min(every, REPEATED_WITHIN)', put: 'now - had.at > every * 99' }],
  },
  {
    name: 'a weekly copy may be written anew for a week', breaks: ['G-12'], killer: rewrites('G-12 a copy that was proven'),
    changes: [{ file: `${SETS}/vanishing.ts`, find: 'now - had.at > Math.min(every, REPEATED_WITHIN)', put: 'now - had.at > every' }],
  },
  {
    name: 'a copy that was proven may be written anew in silence', breaks: ['G-12'], killer: rewrites('G-12 a copy that was proven'),
    changes: [{ file: `${SETS}/vanishing.ts`, find: 'if (proven.has(had.key) || (former', put: 'if ((former' }],
  },
  {
    name: 'every copy may be written anew, each once', breaks: ['G-12'], killer: { is: 'test', file: 'src/engine/guard/guarding.test.ts', name: 'G-12 a run of today that is repeated' },
    changes: [{ file: `${SETS}/standing-rows.ts`, find: `if (b.by === 'repeat') sql.run(`, put: `if (b.by === 'repeated') sql.run(` }],
  },
  {
    name: 'what is held may be written anew', breaks: ['G-12', 'G-4'], killer: { is: 'test', file: 'src/engine/guard/guarding.test.ts', name: 'G-12 a run of today that is repeated' },
    changes: [{ file: `${SETS}/recording.ts`, find: 'loadHolds(sql, set.name).has(key) ? undefined', put: `loadHolds(sql, set.name).has('') ? undefined` }],
  },
  {
    name: 'a run that is repeated stops its set for ever', breaks: ['G-12'], killer: { is: 'test', file: 'src/engine/guard/guarding.test.ts', name: 'G-12 a run of today that is repeated' },
    changes: [{ file: 'src/rooms/guard/retention/rows.ts', find: `b.by === 'rotation' || b.by === 'repeat'`, put: `b.by === 'rotation' || b.by === 'rewrite'` }],
  },
  {
    name: 'what lies in another store is taken for what lay here', breaks: ['G-6'], killer: killer('G-6, G-12 what lies'),
    changes: [{ file: `${SETS}/duty.ts`, find: 'else if (former !== undefined && former !== result.identity)', put: `else if (former === '')` }],
  },
  {
    name: 'an act whose outcome is unknown is waited for in silence', breaks: ['X-9'], killer: killer('an act whose outcome stays unknown'),
    changes: [{ file: 'src/rooms/guard/acts/unsettled.ts', find: 'export const UNSETTLED: Span = minutes(30)', put: 'export const UNSETTLED: Span = minutes(30_000)' }],
  },
  {
    name: 'a silenced outage hides that backups are late', breaks: ['G-14'], killer: killer('W-9, G-14 a source'),
    changes: [{ file: `${SETS}/duty.ts`, find: ' && !isSilenced(sql, of, now.wall) ? of', put: ' ? of' }],
  },
  {
    name: 'a gap that was accepted once is accepted for ever', breaks: ['G-25'], killer: { is: 'test', file: 'src/engine/guard/reconciling.test.ts', name: 'G-25 what a person accepts' },
    changes: [{ file: 'src/processes/guard/reconcile/memory.ts', find: 'copied: _copied, gapAccepted: _gapAccepted, ...rest', put: 'copied: _copied, ...rest' }],
  },
  {
    name: 'what a person accepts never lapses', breaks: ['G-25'], killer: { is: 'test', file: 'src/engine/guard/reconciling.test.ts', name: 'G-25 what a person accepts' },
    changes: [{ file: 'src/rooms/guard/reconcile/duty.ts', find: 'standingOf(loadAccepted(sql, name), now.wall)', put: 'standingOf(loadAccepted(sql, name), 0 as typeof now.wall)' }],
  },
  {
    name: 'who accepts that a tenant is gone accepts whatever it loses later', breaks: ['G-25'], killer: { is: 'test', file: 'src/rooms/guard/reconcile/breaker.test.ts', name: 'G-5 G-18 G-25' },
    changes: [{ file: 'src/rooms/guard/reconcile/breaker.ts', find: ' && rowless <= gone.most)', put: ')' }],
  },
  {
    name: 'few orphans are no share of a small store', breaks: ['G-18', 'G-25'], killer: { is: 'test', file: 'src/rooms/guard/reconcile/breaker.test.ts', name: 'G-5 G-18 G-25 a small store' },
    changes: [{ file: 'src/rooms/guard/reconcile/breaker.ts', find: 'it.objects < LIMITS.few ? pass', put: 'it.newOrphans < LIMITS.few ? pass' }],
  },
  {
    name: 'all of a small folder is nothing', breaks: ['G-25'], killer: { is: 'test', file: 'src/rooms/guard/reconcile/breaker.test.ts', name: 'G-5 G-18 G-25' },
    changes: [{ file: 'src/rooms/guard/reconcile/breaker.ts', find: ': name !== \'\' && objects > 1 && rowless >= objects', put: ': false' }],
  },
  {
    name: 'a copy that is being written counts', breaks: ['G-2'], killer: { is: 'test', file: 'src/processes/guard/locations.test.ts', name: '.partial where any name is a copy' },
    changes: [{ file: `${SETS}/judge.ts`, find: 'UNFINISHED.test(key) && !UNFINISHED.test(text)', put: 'UNFINISHED.test(key) && UNFINISHED.test(text)' }],
  },
  {
    name: 'a copy of no time at all is a new one', breaks: ['G-2'], killer: { is: 'test', file: 'src/processes/guard/locations.test.ts', name: 'written at no time at all' },
    changes: [{ file: `${SETS}/judge.ts`, find: 'if (!Number.isFinite(copy.modifiedAt))', put: 'if (copy.modifiedAt === Infinity)' }],
  },
  {
    name: 'a paused check stays down for its backups', breaks: ['G-14'], killer: killer('W-9, G-14 a source'),
    changes: [{ file: 'src/rooms/guard/index.ts', find: `'watch.paused': applyCheckRemoved, `, put: '' }],
  },
  {
    name: 'all that waited for a line goes out when it is back', breaks: ['P-4'], killer: { is: 'test', file: 'src/engine/render.test.ts', name: 'P-4 of several pages' },
    changes: [{ file: 'src/rooms/page/delivery.ts', find: 'return isRung || hasLater() ?', put: 'return isRung ?' }],
  },
  {
    name: 'a store in which nothing acts pages that nothing can be done there', breaks: ['G-28'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-28 a store that could not be tried out pages' },
    changes: [{ file: 'src/rooms/guard/acts/desk.ts', find: 'if (isActedOn(ports, message.store)) await tellOnce', put: 'await tellOnce' }],
  },
  {
    name: 'a store that nobody acts on any more cannot be acted on for ever', breaks: ['G-28'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-28 a store that could not be tried out pages' },
    changes: [{ file: 'src/rooms/guard/acts/desk.ts', find: 'if (idle.length > 0) void', put: 'if (idle.length > 99) void' }],
  },
  {
    name: 'a rule that comes back is refused in silence', breaks: ['G-28'], killer: { is: 'test', file: 'src/engine/guard/scheduling.test.ts', name: 'G-28 a rule that was taken out and written again' },
    changes: [{ file: 'src/rooms/guard/acts/telling.ts', find: `forgetRefusedBut(tx.sql, (set, store) => asks('keep', set, store))`, put: '' }],
  },
]
