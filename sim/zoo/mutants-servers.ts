// The part of the zoo about copies of whole servers: each animal lets one go on as the server that it was, or takes half of it for the whole.
import type { Mutant } from './mutant.ts'

const CLUSTER = 'src/plugins/backups/postgres/cluster.ts'
const WAL = 'src/plugins/backups/postgres/wal.ts'
const BASE = 'src/plugins/backups/postgres/physical.ts'
const PHYSICAL = 'src/plugins/backups/mariadb/physical.ts'
const physical = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/plugins/backups/mariadb/physical.test.ts', name })
const base = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/plugins/backups/postgres/physical.test.ts', name })
const wal = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/plugins/backups/postgres/wal.test.ts', name })

export const servers: readonly Mutant[] = [
  {
    name: 'a copy of after passes for the state of then', breaks: ['G-2'], killer: base('G-2 a state of then'),
    changes: [{ file: BASE, find: `!((laid.control.at ?? Infinity) <= copy.until)`, put: `(laid.control.at ?? 0) < 0` }],
  },
  {
    name: 'what is handed over is what was started and changed', breaks: ['G-26'], killer: base('G-26 what is to live'),
    changes: [{ file: BASE, find: `copy.lives ? await twinned(found) : found`, put: `copy.name === '' ? await twinned(found) : found` }],
  },
  {
    name: 'a server that was restored goes on archiving where the lost one did', breaks: ['G-26'], killer: base('G-26 what is to live'),
    changes: [{ file: 'src/plugins/backups/postgres/settle.ts', find: "archive_mode = 'off'\n", put: '' }],
  },
  {
    name: 'a cluster is handed over that was cut off', breaks: ['G-2'], killer: base('G-26 what is to live'),
    changes: [{ file: 'src/plugins/backups/postgres/settle.ts', find: `+shut down$/m`, put: `+/m` }],
  },
  {
    name: 'the newest state comes back where one of then was wanted', breaks: ['G-2'], killer: base('G-2 a state of then'),
    changes: [{ file: CLUSTER, find: `...(until === undefined ? [] : [`, put: `...(until === undefined || lives ? [] : [` }],
  },
  {
    name: 'a restored MariaDB is looked over where it is to live', breaks: ['G-26'], killer: physical('G-26 what is to live'),
    changes: [{ file: PHYSICAL, find: "at: copy.lives ? `${cell.work}/looked` : found.at", put: 'at: found.at' }],
  },
  {
    name: 'an application is given any of several databases', breaks: ['G-26'], killer: base('X-9 what is ours to give'),
    changes: [{ file: BASE, find: `if (typeof database !== 'string') return { socket, user: reader }`, put: `if (typeof database !== 'string') return reachOf(server, 'postgres')` }],
  },
  {
    name: 'a restored base backup goes on archiving', breaks: ['G-26'], killer: base('G-26 nothing of a base backup runs'),
    changes: [{ file: CLUSTER, find: `'archive_mode = off', `, put: '' }],
  },
  {
    name: 'a base backup is recovered as a server, with all that acts in it', breaks: ['G-26'], killer: base('G-26 nothing of a base backup runs'),
    changes: [{ file: CLUSTER, find: `'--single', '-D', at,`, put: `'-D', at,` }],
  },
  {
    name: 'what could not be switched off is started all the same', breaks: ['G-26'], killer: base('G-26 what cannot be switched off'),
    changes: [{ file: CLUSTER, find: 'if (/ERROR:.*(?:pg_event_trigger', put: 'if (/ERROR:.*(?:nothing_at_all' }],
  },
  {
    name: 'damage in the middle of WAL passes for its end', breaks: ['G-2'], killer: base('G-2 WAL that ends before its names do'),
    changes: [{ file: BASE, find: 'return at >= n ? undefined', put: 'return at >= 0n ? undefined' }],
  },
  {
    name: 'WAL behind a gap is taken for reachable', breaks: ['G-2'], killer: wal('G-2 WAL without a gap'),
    changes: [{ file: WAL, find: 'else if (gap === 0) wanted.push(name)', put: 'else if (gap >= 0) wanted.push(name)' }],
  },
  {
    name: 'WAL of any timeline fills a hole', breaks: ['G-2'], killer: wal('G-2 the newest timeline that leads'),
    changes: [{ file: WAL, find: 'left.some((it) => it.timeline === timeline && it.end.at >= floor)', put: 'left.length > 0' }],
  },
  {
    name: 'a restored member of a cluster joins it', breaks: ['G-26'], killer: physical('G-26 a copy of a member'),
    changes: [{ file: PHYSICAL, find: `'--wsrep-on=OFF', `, put: '' }],
  },
  {
    name: 'the settings of a server come back with its copy', breaks: ['G-26'], killer: physical('G-26 a copy of a member'),
    changes: [{ file: PHYSICAL, find: '(LAYOUT.test(line.trim()) ?', put: `(line.includes('=') ?` }],
  },
  {
    name: 'a table that is damaged is excused by one of a strange engine', breaks: ['G-2'], killer: physical('G-2 pages that fit no checksum'),
    changes: [{ file: PHYSICAL, find: 'wrong.length > strange.length ||', put: 'strange.length === 0 && wrong.length > 0 ||' }],
  },
  {
    name: 'a verification that ends well is believed whatever it says', breaks: ['G-2'], killer: { is: 'test', file: 'src/plugins/backups/pgbackrest.test.ts', name: 'G-2 a verification that ends well' },
    changes: [{ file: 'src/plugins/backups/pgbackrest.ts', find: 'if (exit === 0 && bad.length === 0 &&', put: 'if (exit === 0 || bad.length === 0 &&' }],
  },
]
