// The part of the zoo about planned changes: ways in which "one more may fail" was not so.
import type { Mutant } from './mutant.ts'

const ROOM = 'src/rooms/change'
const TOLERANCE = `${ROOM}/tolerance.ts`
const SIGHT = `${ROOM}/sight.ts`
const killer = (file: string, name: string): Mutant['killer'] => ({ is: 'test', file: `${ROOM}/${file}.test.ts`, name })

export const changing: readonly Mutant[] = [
  {
    name: 'a member of which nothing is known counts as healthy', breaks: ['C-1', 'C-2'], killer: killer('tolerance', 'C-2 who is not known to be well'),
    changes: [{ file: TOLERANCE, find: 'const members = healthy.map(', put: 'const members = (healthy.length === 0 ? healthy : of.members).map(' }],
  },
  {
    name: 'what fails together is counted one by one', breaks: ['C-3', 'C-1'], killer: killer('tolerance', 'C-3 a rack or a switch that dies'),
    changes: [{ file: TOLERANCE, find: 'for (const name of [`host ${host}`, ...fates])', put: 'for (const name of [`host ${host}`, ...fates.slice(fates.length)])' }],
  },
  {
    name: 'half of the view is a majority', breaks: ['C-1'], killer: killer('tolerance', 'C-1 three nodes survive one failure'),
    changes: [{ file: TOLERANCE, find: 'reduce((sum, { weight }) => sum + weight, 0) * 2 > total', put: 'reduce((sum, { weight }) => sum + weight, 0) * 2 >= total' }],
  },
  {
    name: 'who falls is out of the view at once', breaks: ['C-1'], killer: killer('tolerance', 'C-1 three nodes survive one failure'),
    changes: [{ file: TOLERANCE, find: `gone.get(host) === 'left'`, put: `gone.has(host)` }],
  },
  {
    name: 'every member weighs the same', breaks: ['C-1'], killer: killer('tolerance', 'C-1 a member weighs what it weighs'),
    changes: [{ file: TOLERANCE, find: '? (weights[host] ?? 1) : 1)', put: '? Math.min(1, weights[host] ?? 1) : 1)' }],
  },
  {
    name: 'two Primaries that agree in every word are one', breaks: ['R-2', 'C-2'], killer: killer('sight', 'R-2 two Primaries of size 1'),
    changes: [{ file: SIGHT, find: ' || primaries.length > first.size', put: '' }],
  },
  {
    name: 'what was seen a while ago is seen', breaks: ['C-2'], killer: killer('sight', 'C-2 three that agree are seen'),
    changes: [{ file: SIGHT, find: 'age !== undefined && age <= FRESH', put: 'age !== undefined && age >= 0' }],
  },
  {
    name: 'a node that still joins is counted on', breaks: ['C-1'], killer: killer('sight', 'C-1 a node that joins, gives or waits'),
    changes: [{ file: SIGHT, find: 'primaries.filter((it) => it.synced && it.ready)', put: 'primaries.filter((it) => it.ready)' }],
  },
]
