// What a program in a cell said, for people: which of it speaks of this machine and not of the copy, and the few lines that matter. A full
// disk or a killed process must never read as a bad copy.
import type { Ran } from '../backup.ts'

const OURS: readonly (readonly [RegExp, string])[] = [
  [/no space left on device|disk quota exceeded|disk full|errcode: 28\b|error 28\b/i, 'there was too little room on this machine: free some, or give more to the folder that it is restored in'],
  [/out of memory|cannot allocate memory|errcode: 12\b|could not (?:resize|open) shared memory/i, 'there was too little memory on this machine'],
  [/too many open files|errcode: 24\b/i, 'there were too few file descriptors on this machine'],
  [/input\/output error|errcode: 5\b/i, 'the disk of this machine failed while restoring'],
]

/** Why this speaks of our machine rather than of the copy; `undefined` when it does not. */
export function oursIn(text: string): string | undefined {
  return OURS.find(([pattern]) => pattern.test(text))?.[1]
}

/** How one table is had out of a copy of more than that. */
export const tableOut = (dump: string): string =>
  `restore it whole into a new folder with --to, start that by itself (its report says how, under next), and copy the table out of it with ${dump}`

/** The lines that say what went wrong: at most four, the first and the last of the errors. */
export function gist({ err, out }: Pick<Ran, 'err' | 'out'>): string {
  const lines = `${err}\n${out}`.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  const loud = lines.filter((line) => /\b(error|fatal|panic|failed|could not|cannot|invalid|unexpected|corrupt|refus|not found|does not (?:exist|match))/i.test(line))
  const some = loud.length > 0 ? loud : lines.slice(-2)
  const few = some.length > 4 ? [...some.slice(0, 2), '…', ...some.slice(-1)] : some
  const text = few.join('\n')
  return text.length > 1_000 ? `${text.slice(0, 999)}…` : text
}
