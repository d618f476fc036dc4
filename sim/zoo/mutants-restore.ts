// The part of the zoo about restores: each animal is a way in which a restore takes a copy that nobody has proven, or does more to what lives than was agreed on.
import type { Mutant } from './mutant.ts'

const CHOICE = 'src/rooms/guard/restore/choice.ts'
const SWAP = 'src/rooms/guard/restore/swap.ts'
const DAMAGE = 'src/rooms/guard/restore/damage.ts'
const FILES = 'src/processes/restore/files.ts'
const STATEMENTS = 'src/plugins/backups/mariadb/live/statements.ts'
const TEXTS = 'src/plugins/backups/postgres/live/texts.ts'
const test = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: file.replace(/\.ts$/, '.test.ts'), name })

export const restoring: readonly Mutant[] = [
  {
    name: 'a MariaDB that hides whether it is a replica counts as none', breaks: ['X-3'], killer: test('src/plugins/backups/mariadb/live.ts', 'X-3 whether it follows another server'),
    changes: [{ file: 'src/plugins/backups/mariadb/live.ts', find: `whys.push('it cannot be known`, put: `whys.includes('it cannot be known` }],
  },
  {
    name: 'a dump is run by a superuser', breaks: ['G-13'], killer: test('src/processes/restore/rights.ts', 'G-13 a dump is run by no superuser'),
    changes: [{ file: 'src/processes/restore/rights.ts', find: `beyond.length === 0 ?`, put: `beyond.length <= 1 ?` }],
  },
  {
    name: 'whoever mistypes a port is told to let everything through', breaks: ['G-13'], killer: { is: 'test', file: 'src/processes/restore/rights.test.ts', name: 'G-13 a dump is run by no superuser' },
    changes: [{ file: 'src/processes/restore/rights.ts', find: 'could be those of a superuser: ${ASK}', put: 'could be those of a superuser: ${ASK}, or say --as-superuser' }],
  },
  {
    name: 'a role of which nobody knows what it may do counts as no superuser', breaks: ['G-13', 'X-3'], killer: test('src/processes/restore/rights.ts', 'G-13 a dump is run by no superuser'),
    changes: [{ file: 'src/processes/restore/rights.ts', find: 'return `${says} did not say', put: 'return who === undefined ? undefined : `${says} did not say' }, { file: 'src/processes/restore/rights.ts', find: `const CURE = `, put: `const who: string | undefined = undefined\nconst CURE = ` }],
  },
  {
    name: 'pages that innochecksum found somewhere count as none', breaks: ['X-3'], killer: test(DAMAGE, 'G-27 what innochecksum printed'),
    changes: [{ file: DAMAGE, find: `if (file === undefined) nameless = true`, put: `if (file === undefined) nameless = false` }],
  },
  {
    name: 'a state of then is taken from a copy of after', breaks: ['G-2'], killer: test(CHOICE, 'G-2 a state of then'),
    changes: [{ file: CHOICE, find: `(at !== null && at <= before)`, put: `(at === null || at >= before)` }],
  },
  {
    name: 'a link in a restored data folder gives away what lies elsewhere', breaks: ['G-13'], killer: test('src/processes/restore/own.ts', 'G-13 nothing outside'),
    changes: [{ file: 'src/processes/restore/own.ts', find: `found.nlink !== 1`, put: `found.nlink === 0` }],
  },
  {
    name: 'the newest copy is restored, whoever has proven it', breaks: ['G-2'], killer: test(CHOICE, 'G-2 the newest copy that was verified is taken'),
    changes: [{ file: CHOICE, find: `const copy = fits.find((it) => whyUnverified(it, wanted) === undefined)`, put: `const copy = fits[0]` }],
  },
  {
    name: 'a proof of a copy is worth something for ever', breaks: ['G-2'], killer: test(CHOICE, 'G-2 an unverified copy is taken only by its name'),
    changes: [{ file: CHOICE, find: `if (!(now - provenAt <= within))`, put: `if (now - provenAt < -within)` }],
  },
  {
    name: 'one person lets what lives be replaced', breaks: ['G-27'], killer: test(SWAP, 'G-27 a swap takes two people'),
    changes: [{ file: SWAP, find: `if (two.is !== 'pass') return`, put: `if (two.is === 'unknown') return` }],
  },
  {
    name: 'an agreement on something else lets a swap begin', breaks: ['G-27'], killer: test(SWAP, 'G-27 a swap takes two people'),
    changes: [{ file: SWAP, find: `agreement.what !== 'guard.swap' || agreement.hash !== hash`, put: `agreement.what !== 'guard.swap' || hash === ''` }],
  },
  {
    name: 'what was agreed on is swapped in twice', breaks: ['G-27'], killer: test('src/engine/guard/restoring.ts', 'G-27 what lives is replaced once'),
    changes: [{ file: 'src/rooms/guard/restore/restores.ts', find: `if (row.swappingAt !== null || row.endedAt !== null) return false`, put: `if (row.endedAt !== null) return false` }],
  },
  {
    name: 'what people wrote is restored over with what is damaged', breaks: ['G-27'], killer: test(DAMAGE, 'G-27 only what is damaged'),
    changes: [{ file: DAMAGE, find: `if (!RESTORED.includes(verdict)) continue`, put: `if (verdict === 'same') continue` }],
  },
  {
    name: 'a scan that was stopped counts as one that found the rest well', breaks: ['X-3'], killer: test(DAMAGE, 'a report that is cut'),
    changes: [{ file: DAMAGE, find: `if (is !== 'ended') return`, put: `if (is === 'halted') return` }],
  },
  {
    name: 'the damaged file does not stay', breaks: ['G-27'], killer: test(FILES, 'G-27 only what is damaged is replaced'),
    changes: [{ file: FILES, find: `  await link(at, path.join(root, aside))\n`, put: `  await chmod(at, 0o600)\n` }],
  },
  {
    name: 'a file that was written since is replaced', breaks: ['G-6', 'G-27'], killer: test(FILES, 'G-27 what is not as it was agreed on'),
    changes: [{ file: FILES, find: `if ((live.is === 'file' ? live.was : 'absent') !== unit.was) return`, put: `if (unit.was === '') return` }, { file: FILES, find: `if (live.is !== 'file' || live.was !== was) throw`, put: `if (live.is !== 'file') throw` }],
  },
  {
    name: 'what lies beside is put in place unread', breaks: ['G-6', 'G-27'], killer: test(FILES, 'G-27 what is not as it was agreed on'),
    changes: [{ file: FILES, find: `return sha256 === unit.digest ? undefined :`, put: `return sha256 !== '' ? undefined :` }],
  },
  {
    name: 'a link leads a restored file elsewhere', breaks: ['G-13'], killer: test(FILES, 'G-27 what is not as it was agreed on'),
    changes: [{ file: FILES, find: `if (!last && !found.isDirectory()) return`, put: `if (!last && found.isFile()) return` }, { file: FILES, find: `const found = await lstat(at, { bigint: true }).catch(`, put: `const found = await (n === parts.length - 1 ? lstat : stat)(at, { bigint: true }).catch(` }, { file: FILES, find: `import { chmod, chown, link, lstat,`, put: `import { stat, chmod, chown, link, lstat,` }],
  },
  {
    name: 'a damaged table is dropped', breaks: ['G-27'], killer: test('src/plugins/backups/postgres/live/section.ts', 'G-27 a swap renames and drops nothing'),
    changes: [{ file: TEXTS, find: 'execute format(\'alter table %s set schema %I\', ${literal(sqlName(live))}, ${literal(aside[0])});', put: 'execute format(\'drop table %s\', ${literal(sqlName(live))});' }],
  },
  {
    name: 'what a dump does to other databases is run in a restore', breaks: ['G-27'], killer: test(STATEMENTS, 'a dump goes whole into a new database'),
    changes: [{ file: STATEMENTS, find: `if (![SETTING, OF_TABLE, OF_OTHERS, AROUND].some((it) => it.test(head))) throw`, put: `if (head === '') throw` }],
  },
  {
    name: 'one bad page hides all rows of a damaged table', breaks: ['X-3'], killer: test(STATEMENTS, 'story 4: a page that cannot be read'),
    changes: [{ file: 'src/plugins/backups/mariadb/live/loss.ts', find: `if (a === b || sum.asked >= MOST_ASKED) {`, put: `if (a <= b) {` }],
  },
  {
    name: 'a table of a Galera member is swapped', breaks: ['G-27'], killer: test('src/plugins/backups/mariadb/live.ts', 'G-27 a member of a Galera cluster'),
    changes: [{ file: 'src/plugins/backups/mariadb/live.ts', find: `variables.get('wsrep_on') === 'ON' || Number(`, put: `variables.get('wsrep_on') === 'on' || 0 > Number(` }],
  },
]
