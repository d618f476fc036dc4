// Starts the program of the system that a store speaks to: no shell, no secrets in its environment, in our own process group, so that it ends with
// us however we end. Of what it says besides, the last few lines are kept, for the sentence that a person reads when it is gone.
import { spawn } from 'node:child_process'
import { codeOf, sentence } from '../../core/fault.ts'
import type { Speak } from '../../ports/store.ts'

const MOST_SAID = 4_096

export const speak: Speak = ([program, ...args]) => {
  // Its words are read for what they mean: in one language.
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/', env: { ...process.env, LC_ALL: 'C' } })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-MOST_SAID)
  })
  child.stderr.on('error', () => undefined)
  child.on('error', (cause) => {
    said += codeOf(cause) === 'ENOENT' ? `${program} is not installed on this machine` : sentence(cause)
  })
  return {
    input: child.stdin, output: child.stdout,
    said: () => said,
    kill: () => void child.kill('SIGKILL'),
  }
}
