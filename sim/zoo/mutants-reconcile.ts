// The part of the zoo about a reconcile run: each animal reads what is wanted, or what is there, a little worse than it should.
import type { Mutant } from './mutant.ts'

const RUN = 'src/processes/guard/reconcile'
const PORT = 'src/ports/catalogue.ts'
const CHECKS = 'src/rooms/guard/reconcile/checks.ts'
const LAB = 'lab/reconcile.lab.test.ts'
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file, name })
const judged = (name: string): Mutant['killer'] => killer('src/rooms/guard/reconcile/run.test.ts', name)
const runs = (name: string): Mutant['killer'] => killer(`${RUN}.test.ts`, name)

export const reconciling: readonly Mutant[] = [
  {
    name: 'a command for sentinels outlives who began it', breaks: ['G-25'], killer: { is: 'test', file: 'src/processes/guard/reconcile/sentinels.test.ts', name: 'ends with the process that began it' },
    changes: [{ file: 'src/processes/guard/reconcile/sentinels.ts', find: 'endsWithUs ? [SETPRIV', put: 'within < 0 ? [SETPRIV' }],
  },
  {
    name: 'a listing that is short once says which rows are the newest', breaks: ['G-19'], killer: runs('G-19 a listing that is short once'),
    changes: [{ file: `${RUN}.ts`, find: '...(isFull(plan) && scouted', put: '...((isFull(plan) || true) && scouted' }],
  },
  {
    name: 'part of a catalogue is a catalogue', breaks: ['G-20'], killer: runs('it goes away in the middle'),
    changes: [{ file: `${RUN}.ts`, find: 'after: after ? rowsFrom(after.rows, whole(after.seen.rows.keys)) : noRows(lost.after),', put: 'after: after ? rowsFrom(after.rows, whole(after.seen.rows.keys)) : before ? rowsFrom(before.rows, whole(before.seen.rows.keys)) : noRows(lost.after),' }],
  },
  {
    name: 'what the database counts is what came', breaks: ['G-20'], killer: runs('G-10 a catalogue that gives other than it counts'),
    changes: [{ file: `${RUN}.ts`, find: 'before: before ? rowsFrom(before.rows, whole(before.seen.rows.keys))', put: 'before: before ? rowsFrom(before.rows, whole(before.rows.count))' }],
  },
  {
    name: 'of two rows of one key the last one says whether it is locked', breaks: ['G-17'], killer: killer('src/ports/catalogue.test.ts', 'G-17 rows that name one key'),
    changes: [{ file: PORT, find: `lock: STRICTEST.find((it) => locks.includes(it)) ?? 'unknown'`, put: `lock: locks[1] ?? 'unknown'` }],
  },
  {
    name: 'a lock that says neither is free', breaks: ['G-17'], killer: killer('src/ports/catalogue.test.ts', 'G-17 what a lock column says'),
    changes: [{ file: PORT, find: `? 'locked' : 'unknown'`, put: `? 'locked' : 'free'` }],
  },
  {
    name: 'a key that was kept changes with the block that is read behind it', breaks: ['G-20'], killer: killer(`${RUN}/spool.test.ts`, 'G-20 what was kept of a spool'),
    changes: [{ file: `${RUN}/spool.ts`, find: 'bytes: new Uint8Array(block.buffer, block.byteOffset, block.length), view', put: 'bytes: block, view' }],
  },
  {
    name: 'a listing that was broken off joins whatever catalogue was read before it', breaks: ['G-24'], killer: runs('G-24 a run that was killed while it listed'),
    changes: [{ file: `${RUN}/under-way.ts`, find: 'return age !== undefined && age >= 0 && age <= STILL_FRESH', put: 'return age === undefined || age >= 0' }],
  },
  {
    name: 'a listing that was broken off is gone on with under other settings', breaks: ['G-24', 'G-16'], killer: runs('G-24 a run that was killed while it listed'),
    changes: [{ file: `${RUN}/under-way.ts`, find: 'read.bound === bound && isFresh', put: 'isFresh' }],
  },
  {
    name: 'half a listing is gone on with, whatever has become of it', breaks: ['G-24', 'G-10'], killer: runs('G-24 a run that was killed while it listed'),
    changes: [{ file: `${RUN}/under-way.ts`, find: 'return endsAt(cursor, stands)', put: 'return endsAt(cursor, stands) || true' }],
  },
  {
    name: 'the last page of a listing counts before its end is proven', breaks: ['G-24', 'G-10'], killer: killer(`${RUN}/listing.test.ts`, 'G-24 a last page whose end'),
    changes: [{ file: `${RUN}/listing.ts`, find: 'if (!sheet.mark) last = sheet.items', put: 'if (!sheet.mark) take(sheet.items)' }],
  },
  {
    name: 'a memory that was changed is a memory', breaks: ['G-17'], killer: runs('a result that the keeper never took'),
    changes: [{ file: `${RUN}/memory.ts`, find: 'if (statSync(file).size !== kept.bytes || hashOf(file) !== kept.sha256) return undefined', put: 'if (statSync(file).size === 0 && kept.bytes > 0) return undefined' }],
  },
  {
    name: 'a run that does not count makes flags', breaks: ['G-7'], killer: runs('flags are made by runs that count'),
    changes: [{ file: `${RUN}/memory.ts`, find: 'counted === undefined || counts ? recalled', put: 'counted === undefined || counted ? recalled' }],
  },
  {
    name: 'a plan may be edited after it was sealed', breaks: ['G-11'], killer: runs('G-11 a plan that was changed'),
    changes: [{ file: `${RUN}/plan-file.ts`, find: 'if (again.hash !== seal.hash || again.id !== seal.id)', put: 'if (again.totals.purge < 0)' }],
  },
  {
    name: 'a catalogue that went back is forgotten with the next run', breaks: ['G-19'], killer: killer('src/engine/guard/reconciling.test.ts', 'G-19 a catalogue that went back'),
    changes: [{ file: 'src/rooms/guard/reconcile/rows.ts', find: 'epochLatched: was.epochLatched || wentBack(plan),', put: 'epochLatched: was.epochLatched,' }],
  },
  {
    name: 'newest rows that nobody learned are newest rows that nobody can find', breaks: ['G-19'], killer: judged('G-19 where no run has learned'),
    changes: [{ file: CHECKS, find: `newest.value === 'none' ? notCompared : newestLeft`, put: `newest.value === 'none' ? unknown(NOT_SEEN) : newestLeft` }],
  },
  {
    name: 'newest rows that are not compared are passed over in silence', breaks: ['G-19', 'X-9'], killer: judged('G-19 where no run has learned'),
    changes: [{ file: CHECKS, find: `return found.is === 'pass' ? share : found`, put: 'return found' }],
  },
  {
    name: 'newest rows that were learned and lost are none', breaks: ['G-19', 'X-9'], killer: judged('G-19 where no run has learned'),
    changes: [{ file: CHECKS, find: 'newest === undefined ? unknown(NOT_SEEN)', put: 'newest === undefined ? pass' }],
  },
  {
    name: 'a catalogue that was acknowledged is held against the rows from before it went back', breaks: ['G-19'], killer: killer('src/engine/guard/reconciling.test.ts', 'G-19 a first run that is refused'),
    changes: [{ file: 'src/rooms/guard/reconcile/rows.ts', find: `epochLatched: false, newest: 'none' }`, put: 'epochLatched: false }' }],
  },
  {
    name: 'a list of newest keys that is lost refuses for ever', breaks: ['G-19'], killer: killer('src/engine/guard/reconciling.test.ts', 'G-19 a list of the newest keys that is lost'),
    changes: [{ file: 'src/views/reconciles.ts', find: 'text.endsWith(NOT_SEEN)', put: 'text.startsWith(NOT_SEEN)' }],
  },
  {
    name: 'a flag outlives the delete marker of its application', breaks: ['G-7'], killer: judged('G-7 what its application hid itself'),
    changes: [{ file: 'src/rooms/guard/reconcile/run.ts', find: 'if (listed && finding.recalled?.flag) forget(finding, out)', put: 'if (!listed && finding.recalled?.flag) forget(finding, out)' }],
  },
  {
    name: 'what a person accepted holds for whatever comes later', breaks: ['G-16'], killer: killer('src/engine/guard/reconciling.test.ts', 'G-19 a catalogue that went back'),
    changes: [{ file: 'src/rooms/guard/reconcile/rows.ts', find: 'it.what === what && it.seen === texts[what]', put: 'it.what === what && texts[what].length > 0' }],
  },
  {
    name: 'a store that says it keeps versions keeps them', breaks: ['G-21'], killer: runs('G-21 what a store was seen to do'),
    changes: [{ file: `${RUN}.ts`, find: "versioning: way.versioning === 'enabled' ? tried.versioning : way.versioning, ", put: '' }],
  },
  // Each guard of Nodecraft's story switched off, over a real PostgreSQL.
  {
    name: 'nodecraft: a replica is as good as its primary', breaks: ['G-20'], killer: killer(LAB, 'a replica is never believed'), lab: true,
    changes: [{ file: 'src/plugins/catalogues/postgres.ts', find: "if (recovering !== 'false') throw", put: "if (recovering === 'unknown') throw" }],
  },
  {
    name: 'a name in other letters is another thing', breaks: ['G-19'], killer: killer('src/rooms/guard/reconcile/run.test.ts', 'one thing in two spellings'),
    changes: [{ file: CHECKS, find: ", ...twins]", put: ", ...twins.slice(twins.length)]" }],
  },
  {
    name: 'a folder of a bucket that is itself the copy is cleaned up', breaks: ['G-20'], killer: killer('src/rooms/guard/territory.test.ts', 'a bucket that is itself the copy belongs'),
    changes: [{ file: 'src/rooms/guard/territory.ts', find: 'repository ?? objects', put: `repository ?? (objects === '' ? objects : undefined)` }],
  },
  {
    name: 'what lies under a prefix has a row, the dumps too', breaks: ['G-20'], killer: killer('src/rooms/guard/territory.test.ts', 'a reconcile never reaches the copies of a set'),
    changes: [{ file: 'src/rooms/guard/territory.ts', find: 'if (mine !== undefined && its !== undefined && reaches(', put: 'if (store === it.store && mine !== undefined && its !== undefined && reaches(' }],
  },
  {
    name: 'a folder in another one is a place of its own', breaks: ['G-20'], killer: killer('src/rooms/guard/territory.test.ts', 'one place under two spellings'),
    changes: [{ file: 'src/rooms/guard/territory.ts', find: 'if (one.folder.startsWith(other.folder)) return', put: 'if (one.folder === other.folder) return' }],
  },
  {
    name: 'nodecraft: a restored dump is the database that it was', breaks: ['G-19'], killer: killer(LAB, 'restored from yesterday'), lab: true,
    changes: [{ file: CHECKS, find: "a.oids === former.oids ? pass : fail('its database or tables were made anew", put: "a.oids.length > 0 ? pass : fail('its database or tables were made anew" }],
  },
  {
    name: 'nodecraft: fewer rows are as many', breaks: ['G-18'], killer: killer(LAB, 'one tenant is missing, and another'), lab: true,
    changes: [{ file: CHECKS, find: 'return rows >= FLOOR * most ? pass', put: 'return rows >= 0 * most ? pass' }],
  },
  {
    name: 'nodecraft: another database of the cluster is the same', breaks: ['G-16'], killer: killer(LAB, 'another database of the same name'), lab: true,
    changes: [{ file: CHECKS, find: ' && a.timeline === b.timeline && a.database === b.database', put: ' && a.timeline === b.timeline' }],
  },
]
