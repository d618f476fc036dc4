// The data folder and the key in it, asked for through a child and within a deadline: a disk that hangs must keep no page from going
// out, and must not hold the watchdog itself.
import { fork } from 'node:child_process'
import { random } from '../../ports/world/random.ts'
import { environmentFor } from './children.ts'
import type { FolderSays } from './folder-child.ts'

export type FolderOpened =
  /** `later`: the folder did not answer in time, and `key` is one for the moment; it resolves with the true one. */
  | { readonly is: 'opened'; readonly key: Buffer; readonly later: Promise<Buffer> | undefined }
  | { readonly is: 'refused'; readonly says: string }

const PROGRAM = new URL('./folder-child.ts', import.meta.url)

/** Opens the folder; never takes longer than `deadline` ms. `lab`: it is a lab's, and stays one. `program` is for tests. */
export async function openFolder({ folder, lab = false }: { readonly folder: string; readonly lab?: boolean }, deadline: number, program: URL = PROGRAM): Promise<FolderOpened> {
  const child = fork(program, [folder, ...(lab ? ['lab'] : [])], { execArgv: ['--disable-warning=ExperimentalWarning'], env: environmentFor(process.env), stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const answer = new Promise<FolderSays>((resolve) => {
    const no = (how: string): void => resolve({ is: 'no', says: `The data folder ${folder} could not be opened: ${how}.` })
    child.once('message', (message: FolderSays) => resolve(message))
    child.once('error', (cause) => no(cause.message))
    child.once('exit', (code, signal) => no(`the process that asked for it ended (${signal ?? `exit code ${code}`})`))
  })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), deadline)
  })
  const first = await Promise.race([answer, late])
  clearTimeout(timer)
  if (first?.is === 'no') return { is: 'refused', says: first.says }
  if (first) return { is: 'opened', key: Buffer.from(first.key, 'base64'), later: undefined }
  // Nobody waits for it any more, but it may still answer.
  child.unref()
  child.channel?.unref()
  const later = answer.then((says) => {
    if (says.is === 'no') throw new Error(says.says)
    return Buffer.from(says.key, 'base64')
  })
  return { is: 'opened', key: Buffer.from(random(32)), later }
}
