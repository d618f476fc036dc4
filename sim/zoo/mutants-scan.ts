// The part of the zoo about reading bytes again: each animal is a way in which damage is not seen, or is seen where there is none.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/guard/scan'
const PROCESS = 'src/processes/scan'
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file, name })

export const scanning: readonly Mutant[] = [
  {
    name: 'what differs is called damaged at the first reading', breaks: ['G-2'], killer: killer(`${ROOM}/judge.test.ts`, 'what is said of a file'),
    changes: [{ file: `${ROOM}/judge.ts`, find: `(seen.is !== 'read' || differ.has(n) ? [n] : [])`, put: `(seen.is !== 'read' || (differ.has(n) && n < 0) ? [n] : [])` }],
  },
  {
    name: 'an update blesses what is damaged', breaks: ['G-2'], killer: killer(`${PROCESS}/scan.test.ts`, 'what is taken over by an update'),
    changes: [
      { file: `${PROCESS}/window.ts`, find: `judged.verdict !== 'damaged' && { entry:`, put: '{ entry:' },
      { file: `${PROCESS}/record.ts`, find: 'undefined : former ?? entry', put: 'undefined : entry ?? former' },
    ],
  },
  {
    name: 'a manifest that was cut short is a manifest', breaks: ['G-2'], killer: killer(`${ROOM}/manifest.test.ts`, 'a manifest that was cut short'),
    changes: [{ file: `${ROOM}/manifest.ts`, find: 'if (head === undefined || seal === undefined) throw', put: 'if (head === undefined) throw' }, { file: `${ROOM}/manifest.ts`, find: 'return { head, seal }', put: `return { head, seal: seal ?? { ended: '', files, bytes } }` }],
  },
  {
    name: 'a disk that is not mounted is a folder whose files are all missing', breaks: ['G-10'], killer: killer(`${PROCESS}/scan.test.ts`, 'an empty folder that was full'),
    changes: [{ file: `${PROCESS}/scan.ts`, find: 'known.seal.files > 0 && walk(root)', put: 'known.seal.files < 0 && walk(root)' }],
  },
  {
    name: 'what was read before a crash is believed of whatever lies there now', breaks: ['X-1'], killer: killer(`${PROCESS}/window.test.ts`, 'what was read before'),
    changes: [{ file: `${PROCESS}/window.ts`, find: 'it.size === file.size && it.mtime === file.mtime', put: 'it.size === file.size' }],
  },
  {
    name: 'a file that is written while it is read is believed', breaks: ['G-2'], killer: killer(`${PROCESS}/window.test.ts`, 'a file that is not the one'),
    changes: [{ file: `${PROCESS}/reader.ts`, find: 'if (!isIt(file, fstatSync(fd, { bigint: true }))) return', put: 'if (file.size < 0) return' }, { file: `${PROCESS}/reader.ts`, find: 'read !== undefined && isIt(file, fstatSync(fd, { bigint: true })) ?', put: 'read !== undefined ?' }],
  },
  {
    name: 'what was lived through counts for nothing when the wall clock is set back', breaks: ['G-2'], killer: killer('src/rooms/guard/sets/rotation.test.ts', 'the reckoning never runs slower'),
    changes: [{ file: 'src/rooms/guard/sets/rotation.ts', find: 'Math.max(0, now.wall - last.wall, now.lived - last.lived)', put: 'Math.max(0, now.wall - last.wall)' }],
  },
  {
    name: 'a part is read every second round', breaks: ['G-2'], killer: killer('src/rooms/guard/sets/rotation.test.ts', 'G-2 every byte is read'),
    changes: [{ file: 'src/rooms/guard/sets/rotation.ts', find: '/ round) + 1) * round + place)', put: '/ round) + 2) * round + place)' }],
  },
  {
    name: 'a copy is proven when its first part was read', breaks: ['G-2'], killer: killer('src/engine/guard/reading.test.ts', 'G-2 the newest copy'),
    changes: [{ file: 'src/rooms/guard/sets/verifying.ts', find: 'unread === 0 && faults === 0', put: 'faults === 0 && at !== null' }],
  },
  {
    name: 'what the store gave once is what it holds', breaks: ['G-2'], killer: killer('src/processes/guard/verify.test.ts', 'other bytes, a fault'),
    changes: [{ file: 'src/processes/guard/verify.ts', find: 'const second = await once(reading, part, signal)', put: 'const second = await Promise.resolve(first)' }],
  },
  {
    name: 'a page in the place of another fits', breaks: ['G-2'], killer: killer(`${ROOM}/pages.test.ts`, 'a page fits its checksum'),
    changes: [{ file: `${ROOM}/pages.ts`, find: '((folded ^ block) >>> 0)', put: '(folded >>> 0)' }],
  },
  {
    name: 'a page of MariaDB that is named bad passes where innochecksum ends well', breaks: ['G-2'], killer: { is: 'test', file: 'src/rooms/guard/scan/innodb.test.ts', name: 'G-2 pages that innochecksum names' },
    changes: [{ file: 'src/rooms/guard/scan/innodb.ts', find: `  if (bad.length > 0) return { is: 'checked', bad: [...new Set(bad)] }\n  if (exit === 0)`, put: `  if (exit === 0)` }],
  },
  {
    name: 'what a server cannot look at is well', breaks: ['G-2'], killer: killer(`${PROCESS}/relations/relations.test.ts`, 'G-2 what nobody could look at is never well'),
    changes: [{ file: `${PROCESS}/relations/relations.ts`, find: `if ((looked.is === 'unknown' || looked.is === 'lost') && unknown.length < MOST_NAMED) unknown.push`, put: `if (looked.is === 'lost' && unknown.length < MOST_NAMED) unknown.push` }],
  },
  {
    name: 'the journal of a scan by pieces is taken over whatever it is of', breaks: ['X-1'], killer: killer(`${PROCESS}/pieces.test.ts`, 'X-1 what was found well is not looked at again'),
    changes: [{ file: `${PROCESS}/pieces.ts`, find: 'if (!goesOn(charter, wanted, now)) return undefined', put: 'if (!goesOn(charter, charter, now)) return undefined' }],
  },
  {
    name: 'folders on one device are read at once', breaks: ['X-1'], killer: killer(`${ROOM}/devices.test.ts`, 'folders on one device stay one after another'),
    changes: [{ file: `${ROOM}/devices.ts`, find: '[...Map.groupBy(all, deviceOf).values()]', put: 'all.map((it) => [it]).filter((it) => it.length + deviceOf.length > 0)' }],
  },
  {
    name: 'a key writes lines of its own on the page of a purge', breaks: ['G-11'], killer: killer('src/words/acts/purge.test.ts', 'what is not known is said to be'),
    changes: [{ file: 'src/words/acts/purge.ts', find: '`• ${isolated(line(key, LONGEST_KEY))}', put: '`• ${isolated(key)}' }, { file: 'src/words/acts/purge.ts', find: 'const LONGEST_KEY = 120\n', put: '' }],
  },
]
