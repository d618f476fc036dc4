// The part of the zoo about repositories of backups: each animal is a way in which one that is bad passes, or one that is good is accused.
import type { Mutant } from './mutant.ts'

const RESTIC = 'src/plugins/backups/restic.ts'
const GATHER = 'src/processes/guard/drill/gather.ts'
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file, name })

export const repositories: readonly Mutant[] = [
  {
    name: 'the structure of a repository is believed without its packs', breaks: ['G-2'], killer: killer('src/plugins/backups/restic.test.ts', 'what is wrong with a repository'),
    changes: [{ file: RESTIC, find: `restic('check', '--read-data')`, put: `restic('check')` }],
  },
  {
    name: 'a name of a file is a pattern that others fit too', breaks: ['G-27'], killer: killer('src/plugins/backups/restic.test.ts', 'G-27 a name is no pattern'),
    changes: [{ file: RESTIC, find: `replaceAll(/[\\\\*?[\\]]/g, String.raw`, put: `replaceAll(/[\\\\]/g, String.raw` }],
  },
  {
    name: 'any snapshot stands for the one that is drilled', breaks: ['G-2'], killer: killer('src/plugins/backups/restic.test.ts', 'the password is typed in'),
    changes: [{ file: RESTIC, find: `'restore', snapshot?.id ?? 'latest'`, put: `'restore', 'latest'` }],
  },
  {
    name: 'a repository that somebody cleans up is called damaged', breaks: ['X-3'], killer: killer('src/plugins/backups/restic.test.ts', 'X-3 a lock that is held'),
    changes: [{ file: RESTIC, find: 'if (lock && !lock.stale)', put: 'if (lock?.stale)' }],
  },
  {
    name: 'every error of a restore is excused by one that is', breaks: ['G-2'], killer: killer('src/plugins/backups/restic.test.ts', 'what only root may make'),
    changes: [{ file: RESTIC, find: 'count > 0 && count === excused', put: 'excused > 0' }],
  },
  {
    name: 'a snapshot that is being written comes without its packs', breaks: ['X-3'], killer: killer('src/processes/guard/drill/gather.test.ts', 'X-3 a backup that runs meanwhile'),
    changes: [{ file: RESTIC, find: `first: ['snapshots/', 'index/']`, put: 'first: []' }],
  },
  {
    name: 'nobody looks whether the repository was cleaned up meanwhile', breaks: ['X-3'], killer: killer('src/processes/guard/drill/gather.test.ts', 'X-3 what was cleaned up'),
    changes: [{ file: GATHER, find: `  await stillThere(it, place.root, parts, signal)\n`, put: '' }],
  },
  {
    name: 'the password of a repository is handed to the keeper', breaks: ['X-1'], killer: killer('src/views/accepted.test.ts', 'the password of a repository'),
    changes: [{ file: 'src/views/accepted.ts', find: 'passwords: {}, ways: {}, breakGlass', put: 'ways: {}, breakGlass' }],
  },
]
