// The part of the zoo about drills: each animal is a way in which a copy that nobody can restore passes for one that was, or a drill does harm.
import type { Mutant } from './mutant.ts'

const LADDER = 'src/rooms/guard/drills/ladder.ts'
const CHOICE = 'src/rooms/guard/drills/choice.ts'
const PLAIN = 'src/plugins/backups/postgres/plain.ts'
const SERVER = 'src/plugins/backups/postgres/server.ts'
const ARCHIVE = 'src/plugins/backups/postgres/archive.ts'
const POSTGRES = 'src/plugins/backups/postgres.ts'
const DRILLING = 'src/engine/guard/drilling.test.ts'
const REMEMBERED = 'src/rooms/guard/drills/remembered.ts'
const DUTY = 'src/rooms/guard/drills/duty.ts'
const test = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: file.replace(/\.ts$/, '.test.ts'), name })

export const drilling: readonly Mutant[] = [
  {
    name: 'a drill that nobody can do is only unknown', breaks: ['G-28'], killer: { is: 'test', file: 'src/rooms/guard/drills/ladder.test.ts', name: 'what nobody can find out until somebody changes something is refused' },
    changes: [{ file: 'src/rooms/guard/drills/ladder.ts', find: `...(cause.retry === 'never' && { refused: true })`, put: '' }],
  },
  {
    name: 'an older copy that restores speaks for the newest one', breaks: ['G-2'], killer: { is: 'test', file: 'src/rooms/guard/drills/choice.test.ts', name: 'G-2 a failed drill stands against the set' },
    changes: [{ file: CHOICE, find: '[failed, latest, newest, ofNewest].find(', put: '[failed, latest].find(' }],
  },
  {
    name: 'a drill that does not end keeps its place for half a day', breaks: ['X-9'], killer: test('src/rooms/guard/drills/limit.ts', 'X-9 a drill that does not end is given up'),
    changes: [{ file: 'src/rooms/guard/drills/limit.ts', find: `rto.is === 'known' ? rto.whole.p95 * TIMES`, put: `rto.is === 'known' ? LONGEST_DRILL` }],
  },
  {
    name: 'one drill that goes on and on starves all other sets', breaks: ['G-2'], killer: test('src/processes/guard/drill/turns.ts', 'G-2 one drill at a time'),
    changes: [{ file: 'src/processes/guard/drill/turns.ts', find: 'atWork.length < MOST &&', put: 'atWork.length < 1 &&' }],
  },
  {
    name: 'a drill that waits uses up its own time', breaks: ['X-9'], killer: { is: 'test', file: DRILLING, name: 'X-9 whoever waits for a drill reads which one is before it' },
    changes: [{ file: 'src/engine/guard/line.ts', find: `Object.assign(it, timeOf(ms(it.task.within + TEAR_DOWN)), { since: now().wall })`, put: `Object.assign(it, { since: now().wall })` }],
  },
  {
    name: 'a command of the MariaDB client is handed on', breaks: ['G-26'], killer: test('src/plugins/backups/mariadb/dump.ts', 'G-26 a command of the client refuses the dump'),
    changes: [{ file: 'src/plugins/backups/mariadb/dump.ts', find: 'if (commanded && !SANDBOX.test(words)) refuse', put: 'if (commanded && SANDBOX.test(words)) refuse' }],
  },
  {
    name: 'a full disk reads as a bad copy', breaks: ['X-3'], killer: test(LADDER, 'X-3 what this machine lacks is unknown'),
    changes: [{ file: LADDER, find: `const ours = step.is === 'fail' ? oursIn(`, put: `const ours = step.is === 'pass' ? oursIn(` }],
  },
  {
    name: 'a restore that nobody could finish passes', breaks: ['G-2'], killer: test(LADDER, 'X-3 what this machine lacks is unknown'),
    changes: [{ file: LADDER, find: `if (found.is === 'unknown' && step.needed) return`, put: `if (found.is === 'unknown' && !step.needed) return` }],
  },
  {
    name: 'a rung is proven over one that is missing', breaks: ['G-2'], killer: test(LADDER, 'a rung that was not proven holds those above it down'),
    changes: [{ file: LADDER, find: `if (asserts.length > 0 && open.length === 0) rung = 6`, put: `if (asserts.length > 0) rung = 6` }],
  },
  {
    name: 'a command of psql behind the data of a table is handed on', breaks: ['G-26'], killer: test(PLAIN, 'G-26 a command of psql refuses the dump'),
    changes: [{ file: PLAIN, find: `if (alone && /^\\\\(?:un)?restrict [A-Za-z0-9]+$/.test(text)) {`, put: `if (alone && !text.startsWith('\\\\connect')) {` }],
  },
  {
    name: 'an end mark in the middle of a line ends a table', breaks: ['G-26'], killer: test(PLAIN, 'a statement and a row longer than any buffer'),
    changes: [{ file: PLAIN, find: `if (begins && all[at] === BACKSLASH`, put: `if (all[at] === BACKSLASH` }, { file: PLAIN, find: `const next = all.indexOf('\\n\\\\.', at)\n    if (next < 0) return undefined\n    at = next + 1`, put: `const next = all.indexOf('\\\\.', begins ? at + 1 : at)\n    if (next < 0) return undefined\n    at = next` }],
  },
  {
    name: 'a dump that was cut short is complete', breaks: ['G-2'], killer: test(PLAIN, 'a dump that was cut short says so'),
    changes: [{ file: PLAIN, find: `facts.complete = tail.includes(COMPLETE)`, put: `facts.complete = tail.length > 0 || tail.includes(COMPLETE)` }],
  },
  {
    name: 'a subscription is restored, and follows production', breaks: ['G-26'], killer: test(POSTGRES, 'G-26 the fitting version restores as a role without rights'),
    changes: [{ file: ARCHIVE, find: `[/^SUBSCRIPTION(?: TABLE)? /, 'subscriptions'], `, put: '' }],
  },
  {
    name: 'a copy is restored by the superuser', breaks: ['G-26'], killer: test(POSTGRES, 'G-26 the fitting version restores as a role without rights'),
    changes: [{ file: POSTGRES, find: "/pg_restore`, ...server.reach(ROLE), '--exit-on-error'", put: "/pg_restore`, ...server.reach('postgres'), '--exit-on-error'" }],
  },
  {
    name: 'an older PostgreSQL restores what a newer one dumped', breaks: ['G-2'], killer: test(POSTGRES, 'a version that is not here is ours to install'),
    changes: [{ file: SERVER, find: `const fits = tools.filter(({ major }) => major >= needed).at(-1)`, put: `const fits = tools.filter(({ major }) => major >= Math.min(needed, tools[0].major)).at(-1)` }],
  },
  {
    name: 'a link in an archive may lead anywhere', breaks: ['G-13'], killer: test('src/ports/backup/tar.ts', 'G-13 a name or link that leads out of the folder'),
    changes: [{ file: 'src/ports/backup/tar.ts', find: `if (to === undefined) return undefined\n`, put: `if (to === undefined || is === 'link') return undefined\n` }],
  },
  {
    name: 'a copy that failed once is forgotten when the next drill cannot tell', breaks: ['G-2'], killer: test(CHOICE, 'G-2 a failed drill stands against the set'),
    changes: [{ file: CHOICE, find: `const known = drills.filter(({ verdict }) => verdict !== 'unknown')`, put: `const known = drills.slice(0, 1)` }],
  },
  {
    name: 'drills that never pass are never told of', breaks: ['X-9'], killer: test(CHOICE, 'X-9 a set whose drills never pass is unproven'),
    changes: [{ file: CHOICE, find: `const since = passedAt ?? it.expectedSince`, put: `const since = passedAt` }],
  },
  {
    name: 'what failed is forgotten with its copy', breaks: ['G-2'], killer: { is: 'test', file: DRILLING, name: 'G-2 a restore that failed is not forgotten' },
    changes: [{ file: CHOICE, find: `const { last, failed, newest, passed } = it.words ?? {}`, put: `const { last, passed } = it.words ?? {}, failed = drills[0], newest = drills[0]` }],
  },
  {
    name: 'an older copy that passes ends what the newest left behind', breaks: ['G-2'], killer: { is: 'test', file: DRILLING, name: 'G-2 the newest copy failed and went' },
    changes: [{ file: REMEMBERED, find: `if (isNewest(sql, b)) keep('newest')`, put: `keep('newest')` }],
  },
  {
    name: 'a set is as young as the oldest copy that is there', breaks: ['X-9'], killer: { is: 'test', file: DRILLING, name: 'X-9 drills that never pass are told of also where no copy lives as long' },
    changes: [{ file: REMEMBERED, find: `const seen = seenAt(sql, set, store)\n`, put: `const seen = loadCopies(sql, set, store).map((it) => it.seenAt).sort()[0]\n` }],
  },
  {
    name: 'a copy that is gone earns the point of a restore without an error', breaks: ['X-9'], killer: { is: 'test', file: DRILLING, name: 'X-9 what passed and is gone is told as that' },
    changes: [{ file: 'src/rooms/guard/drills/figures.ts', find: `return last.gone && !isThere ?`, put: `return last.gone && last.verdict !== 'passed' ?` }],
  },
  {
    name: 'what a drill found of a copy that went proves the one under its name', breaks: ['G-2'], killer: { is: 'test', file: DRILLING, name: 'X-9 what a drill found of a copy that went meanwhile' },
    changes: [{ file: DUTY, find: `if (!gone && body.verdict === 'passed') tx.append(`, put: `if (body.verdict === 'passed') tx.append(` }, { file: DUTY, find: `key: copy.key, etag: copy.etag, rung: body.rung`, put: `key: copy.key, etag: loadCopies(tx.sql, name, store).find((it) => it.key === copy.key)?.etag ?? copy.etag, rung: body.rung` }],
  },
  {
    name: 'only the newest copy is ever drilled', breaks: ['G-2'], killer: test(CHOICE, 'the newest copy and the others take turns'),
    changes: [{ file: CHOICE, find: `if (times % 2 === 0) return newest`, put: `if (times >= 0) return newest` }],
  },
  {
    name: 'where a new copy comes before each drill, the older ones never have their turn', breaks: ['G-2'], killer: test(CHOICE, 'each copy has its turn'),
    changes: [{ file: CHOICE, find: `if (times % 2 === 0) return newest`, put: `if (times % 2 === 0 || timeOf(newest) === 0) return newest` }],
  },
  {
    name: 'a restore that takes too long is told to nobody', breaks: ['G-14'], killer: { is: 'test', file: DRILLING, name: 'G-14 a restore that would take longer than it may' },
    changes: [{ file: 'src/rooms/guard/drills/figures.ts', find: `return found.is === 'fail' ?`, put: `return found.is === 'unknown' ?` }],
  },
  {
    name: 'an application that answers proves a copy that nobody asked', breaks: ['G-2'], killer: test(LADDER, 'L7 wants an application that answers'),
    changes: [{ file: LADDER, find: `if (rung === 6 && answers.length > 0) rung = 7`, put: `if (answers.length > 0) rung = 7` }],
  },
  {
    name: 'the daily credential opens what lies behind glass', breaks: ['G-15'], killer: { is: 'test', file: 'src/views/accepted.test.ts', name: 'L8 what lies behind glass' },
    changes: [{ file: 'src/rooms/guard/config.ts', find: `?.read === glass) return`, put: `?.read === name) return` }],
  },
  {
    name: 'a drill that passed a spoilt copy is believed', breaks: ['G-2'], killer: { is: 'test', file: DRILLING, name: 'G-2 drills are believed because a spoilt copy fails them' },
    changes: [{ file: 'src/rooms/guard/drills/planted.ts', find: `b.verdict === 'passed' ? b.at : null]`, put: `b.verdict === 'unknown' ? b.at : null]` }],
  },
  {
    name: 'a spoilt copy that failed is held against its set', breaks: ['G-2'], killer: { is: 'test', file: DRILLING, name: 'G-2 drills are believed because a spoilt copy fails them' },
    changes: [{ file: DUTY, find: `if (task.planted) return failedOrNot(`, put: `if (task.planted && said.verdict === 'passed') return failedOrNot(` }],
  },
  {
    name: 'what was proven by drills that cannot fail stays proven', breaks: ['G-2'], killer: { is: 'test', file: DRILLING, name: 'G-2 drills are believed because a spoilt copy fails them' },
    changes: [{ file: 'src/rooms/guard/drills/planted.ts', find: `set_ = ? and rung >= ?', set, RESTORED)`, put: `set_ = ? and rung < ?', set, RESTORED)` }],
  },
  {
    name: 'the copy that is to be spoilt stays whole', breaks: ['G-2'], killer: test('src/processes/guard/drill/spoil.ts', 'G-2 a spoilt copy is never whole'),
    changes: [{ file: 'src/processes/guard/drill/spoil.ts', find: `await file.truncate(left)`, put: `await file.truncate(size)` }],
  },
  {
    name: 'a report that was changed holds', breaks: ['L-9'], killer: { is: 'test', file: DRILLING, name: 'L-9 what a drill found is signed' },
    changes: [{ file: 'src/views/reports.ts', find: `if (!isAsSigned(report)) return answer('fail'`, put: `if (isAsSigned({ ...report, id: '' })) return answer('fail'` }],
  },
  {
    name: 'a report holds without the ledger', breaks: ['L-9'], killer: { is: 'test', file: DRILLING, name: 'L-9 what a drill found is signed' },
    changes: [{ file: 'src/views/reports.ts', find: `if (!kept || !entry) return answer('fail'`, put: `if (!kept || !entry) return answer('pass'` }],
  },
  {
    name: 'a failure stays ended by a pass that proves nothing', breaks: ['X-9'], killer: { is: 'test', file: DRILLING, name: 'X-9 the failure that a worthless pass had ended' },
    changes: [{ file: REMEMBERED, find: `word = 'ended' and ended_at > ? on`, put: `word = 'ended' and ended_at < ? on` }],
  },
  {
    name: 'a set that is not drilled any more is unproven for ever', breaks: ['X-9'], killer: { is: 'test', file: DRILLING, name: 'X-9 a set that is not drilled any more' },
    changes: [{ file: DUTY, find: `!== 'unreadable' && set.drill &&`, put: `!== 'unreadable' &&` }],
  },
  {
    name: 'an older copy that cannot be drilled pages, and one that can ends it', breaks: ['G-28'], killer: { is: 'test', file: DRILLING, name: 'G-28 of an older copy that cannot be drilled' },
    changes: [{ file: DUTY, find: 'if (newest?.key !== copy || newest.etag !== etag) return', put: 'if (newest === undefined) return' }],
  },
]
