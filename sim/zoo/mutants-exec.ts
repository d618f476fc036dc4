// The part of the zoo about manifests: each animal lets a copy look more whole than it is, or costs a backup for the sake of its manifest.
import type { Mutant } from './mutant.ts'

const MANIFEST = 'src/rooms/guard/sets/manifest.ts'
const EXEC = 'src/cli/exec/exec.ts'
const pure = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/rooms/guard/sets/manifest.test.ts', name })
const ran = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/cli/exec/exec.test.ts', name })
const room = (name: string): Mutant['killer'] => ({ is: 'test', file: 'src/engine/guard/ran.test.ts', name })

export const manifesting: readonly Mutant[] = [
  {
    name: 'a file that could not be hashed is passed over in silence', breaks: ['X-3'], killer: ran('what was not counted says why'),
    changes: [{ file: 'src/cli/exec/taking.ts', find: `second.says : '', sayUnhashed(files)]`, put: `second.says : '']` }],
  },
  {
    name: 'a table that was not counted passes', breaks: ['X-9'], killer: pure('X-9 less of what is known'),
    changes: [{ file: MANIFEST, find: `found: 'unknown', says: \`it was not counted when the copy was made`, put: `found: 'pass', says: \`it was not counted when the copy was made` }],
  },
  {
    name: 'a few rows less are near enough', breaks: ['G-26'], killer: pure('G-26 in a snapshot a table holds exactly'),
    changes: [{ file: 'src/ports/backup/rows.ts', find: '(bounds.exact === true ? exactly(bounds.least, has) : bracketed(bounds, has))', put: '(bounds.exact === true && has === 0 ? exactly(bounds.least, has) : bracketed(bounds, has))' }],
  },
  {
    name: 'the wreck of a failed run gets the manifest of a good one', breaks: ['G-2'], killer: room('a command that failed leaves an entry'),
    changes: [{ file: 'src/rooms/guard/sets/manifest-rows.ts', find: 'const manifest = exit === 0 ? given : undefined', put: 'const manifest = exit >= 0 ? given : undefined' }],
  },
  {
    name: 'what a failed run left is a copy again once enough others ran', breaks: ['G-2'], killer: room('G-2 a run that failed is not forgotten'),
    changes: [{ file: 'src/rooms/guard/sets/runs/forgetting.ts', find: 'filter((run) => !needed.has(run))', put: 'filter((run) => !needed.has(run) || run.exit !== 0)' }],
  },
  {
    name: 'a drill that could not tell makes a copy of what a failed run left', breaks: ['G-2', 'X-9'], killer: room('G-2 a copy that a failed run seems to have left'),
    changes: [{ file: 'src/rooms/guard/drills/rows.ts', find: `passedAt !== undefined ? [[JSON.stringify([key, etag]), passedAt] as const]`, put: `(passedAt ?? 0) >= 0 ? [[JSON.stringify([key, etag]), passedAt ?? (0 as Instant)] as const]` }],
  },
  {
    name: 'what a command still writes counts once a drill has restored it', breaks: ['G-2'], killer: room('G-2 what a command still writes counts for no drill'),
    changes: [{ file: 'src/rooms/guard/sets/manifest-rows.ts', find: 'run.exit !== null || restoredAt >= run.from', put: 'run.exit !== null || restoredAt < run.from' }],
  },
  {
    name: 'a run is forgotten before anybody has looked what it left', breaks: ['G-2'], killer: { is: 'test', file: 'src/rooms/guard/sets/runs/forgetting.test.ts', name: 'G-2 a run of which no whole listing' },
    changes: [{ file: 'src/rooms/guard/sets/runs/forgetting.ts', find: 'listedAt !== undefined && listedAt > later', put: 'listedAt === undefined || listedAt > later' }],
  },
  {
    name: 'no manifest, no backup', breaks: ['G-26'], killer: ran('a backup is worth more than its manifest'),
    changes: [{ file: EXEC, find: `      const given = withSnapshot(session, argv, taking?.snapshot)`, put: `      if (why !== '') return EXIT.failed\n      const given = withSnapshot(session, argv, taking?.snapshot)` }],
  },
  {
    name: 'a backup that failed is reported as a success', breaks: ['G-2'], killer: ran('the exit code is that of the command'),
    changes: [{ file: EXEC, find: '      return ended.exit\n', put: '      return EXIT.fine\n' }],
  },
  {
    name: 'the snapshot is let go before the command has it', breaks: ['G-26'], killer: ran('with {{snapshot}} all is counted'),
    changes: [{ file: 'src/cli/exec/taking.ts', find: '      if (shared && snapshot) first = count(wants, snapshot)', put: '      if (shared && snapshot) first = count(wants, snapshot), snapshot.leave()' }],
  },
]
