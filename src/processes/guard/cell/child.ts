// One program in a cell, followed to its end: what it reads, what it says (bounded at both ends), how long it may take. It is ended by
// SIGKILL of the process that holds its namespaces, which takes along whatever it started. Whatever went wrong on our side is thrown
// as a fault and never becomes an answer of the program.
import { spawn, type ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { Fault, sentence } from '../../../core/fault.ts'
import { sayTime, type Span } from '../../../core/time.ts'
import type { Ran } from '../../../ports/backup.ts'
import { stepBehind } from '../../scan/priority.ts'
import { BEGAN, REFUSED } from './cage.ts'

/** Of each output the first and the last so many characters are kept. */
const KEPT = 16 * 1024

/** What programs are run for. */
export type Work = 'drill' | 'restore'

export interface ChildWant {
  readonly within: Span
  /** What it belongs to, for people. */
  readonly work: Work
  readonly signal: AbortSignal
  readonly input?: AsyncIterable<Uint8Array>
  readonly take?: (chunk: Buffer) => void | Promise<void>
  /** Hears each piece of what it says, on either output. */
  readonly hear?: (all: string) => void
}

export interface Following {
  /** Ends when the program and all its namespaces are gone. */
  readonly ended: Promise<Ran>
  readonly alive: () => boolean
  readonly said: () => string
  kill(): void
  /** The time limit no longer holds: it has become a server. */
  stay(): void
}

/** Starts it. Nothing here throws: `ended` rejects. */
export function follow([file = '', ...args]: readonly string[], want: ChildWant): Following {
  const out = keep()
  const err = keep()
  let cause: Fault | undefined
  let began = false
  const child = spawn(file, args, { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'], detached: true })
  stepBehind(child.pid)
  const kill = (why?: Fault): void => {
    cause ??= why
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
  const onAbort = (): void => kill(want.signal.reason instanceof Fault ? want.signal.reason : new Fault(`the ${want.work} was ended before it was through`, 'later'))
  const timer = setTimeout(() => kill(new Fault(`it did not end within ${sayTime(want.within)}`, 'later')), want.within)
  if (want.signal.aborted) onAbort()
  want.signal.addEventListener('abort', onAbort, { once: true })
  child.stdio[4]?.on('data', (chunk: Buffer) => {
    began ||= chunk.includes(BEGAN)
  })
  for (const stream of child.stdio) stream?.on('error', () => undefined)
  const hear = (to: Kept) => (chunk: Buffer): void => {
    to.add(chunk.toString('utf8'))
    want.hear?.(out.text() + err.text())
  }
  child.stderr?.on('data', hear(err))
  const taken = want.take ? drain(child.stdout, want.take, kill) : void child.stdout?.on('data', hear(out))
  const fed = feed(child.stdin, want.input, kill)
  const ended = over(child).then(async (exit): Promise<Ran> => {
    clearTimeout(timer)
    want.signal.removeEventListener('abort', onAbort)
    await Promise.all([taken, fed])
    if (cause) throw cause
    if (exit instanceof Error) throw new Fault(`the cell could not be started: ${sentence(exit)}; it needs util-linux (setpriv, unshare)`, 'never', exit)
    if (!began) throw new Fault(`no cell can be had here: ${sentence(err.text() || `its first process ended with ${String(exit)}`)}`, 'never')
    // A shell reports a program that was killed as 128 + 9: the kernel's doing (memory), never the program's own.
    if (exit === null || exit === 137) throw new Fault(`a program of the ${want.work} was killed, most likely for want of memory`, 'later')
    if (exit === REFUSED && err.text() === '') throw new Fault(`a program of the ${want.work} could not be started in its cell`, 'later')
    return { exit, out: out.text(), err: err.text() }
  })
  ended.catch(() => undefined)
  let gone = false
  ended.finally(() => {
    gone = true
  }).catch(() => undefined)
  return { ended, alive: () => !gone && child.exitCode === null && child.signalCode === null, said: () => err.text() + out.text(), kill: () => kill(), stay: () => clearTimeout(timer) }
}

/** Its exit code, `null` after a signal, or why it never ran. All its outputs are at their ends by then. */
const over = (child: ChildProcess): Promise<number | null | Error> => new Promise((resolve) => {
  child.once('error', (cause) => (child.pid === undefined ? resolve(cause) : undefined))
  child.once('close', (code) => resolve(code))
})

async function drain(from: Readable | null, take: (chunk: Buffer) => void | Promise<void>, kill: (why: Fault) => void): Promise<void> {
  if (!from) return
  try {
    for await (const chunk of from) await take(chunk as Buffer)
  } catch (cause) {
    kill(asFault(cause))
  }
}

async function feed(to: Writable | null, input: AsyncIterable<Uint8Array> | undefined, kill: (why: Fault) => void): Promise<void> {
  if (!to) return
  try {
    if (input) {
      for await (const chunk of input) {
        // A program that has ended early is judged by how it ended, not by what it did not read.
        if (to.destroyed || !to.writable) break
        if (!to.write(chunk)) await drained(to)
      }
    }
    to.end()
  } catch (cause) {
    kill(asFault(cause))
  }
}

const drained = (to: Writable): Promise<void> => new Promise((resolve) => {
  const go = (): void => {
    to.off('drain', go)
    to.off('close', go)
    to.off('error', go)
    resolve()
  }
  if (to.destroyed) return resolve()
  to.once('drain', go)
  to.once('close', go)
  to.once('error', go)
})

const asFault = (cause: unknown): Fault => (cause instanceof Fault ? cause : new Fault(sentence(cause), 'later', cause))

interface Kept {
  add(text: string): void
  text(): string
}

function keep(): Kept {
  let head = ''
  let tail = ''
  let lost = false
  return {
    add(text) {
      const room = KEPT - head.length
      if (room > 0) head += text.slice(0, room)
      tail += text.slice(Math.max(0, room))
      if (tail.length <= KEPT) return
      lost = true
      tail = tail.slice(-KEPT)
    },
    text: () => clean(`${head}${lost ? '\n…\n' : ''}${tail}`),
  }
}

/** Nothing in it steers a terminal; passwords in addresses and settings are taken out. */
export const clean = (text: string): string => text
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
  .replace(/(\/\/[^\s:/@]*:)[^\s@/]+@/g, '$1***@')
  .replace(/\b(pass(?:word|wd|phrase)?|secret|token)(\s*[=:]\s*)('[^']*'|"[^"]*"|\S+)/gi, '$1$2***')
  .toWellFormed()
