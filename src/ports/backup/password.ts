// The password of a repository on its way to the program that asks for it: by its input, where no list of processes, no environment and no file shows
// it. Where none is configured nothing is asked, and nothing is said of the copy.
import { Fault } from '../../core/fault.ts'
import type { CopyGiven } from '../backup.ts'

/** Throws a `Fault` where there is none. */
export function passwordOf({ password }: Pick<CopyGiven, 'password'>): string {
  if (password === undefined) throw new Fault('the password of the repository is not configured: write it as password: "${secret:…}" at the set', 'never')
  return password
}

/** A line that is typed in. */
export async function* typed(line: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${line}\n`)
}
