// A lane: one resolver child, and what was asked of it. It takes a bounded number of questions at a time, so that every question
// that was sent has a thread and a question that stays unanswered hangs by itself. Then, the child is killed and replaced,
// with a back-off; what it held besides is asked again. A child that cannot be started is our failure and keeps its code.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ms, type Span, type Tick } from '../../core/time.ts'
import type { Clock, Timers } from '../world.ts'

export type Answer =
  | { readonly is: 'found'; readonly addresses: readonly string[] }
  /** `said`: the resolver's answer. `hung`: it had a thread of its own and did not answer in time. `unasked`: it was never asked. */
  | { readonly is: 'failed'; readonly code: string; readonly how: 'said' | 'hung' | 'unasked' }

export interface Lane {
  ask(name: string, done: (answer: Answer) => void): void
  close(): void
}

export interface LaneWorld {
  readonly clock: Clock
  readonly timers: Timers
  /** How long a question may stay unanswered before its child is replaced. */
  readonly patience: Span
  /** Starts a child; only tests hand in their own. */
  readonly start?: () => ChildProcess
}

/** Questions at a time. libuv gives slow work half of its threads. */
const SLOTS = 128
/** Questions that may wait for a slot. */
const MOST_WAITING = 10_000
/** How long they may wait for it. */
const LONGEST_WAIT = 5000
const LONGEST_LINE = 64 * 1024
const MOST_TRIES = 3

interface Asked {
  readonly name: string
  readonly done: (answer: Answer) => void
  since: Tick
  tries: number
}

const SOURCE = readFileSync(new URL('./resolver-child.ts', import.meta.url), 'utf8')

function startChild(): ChildProcess {
  const { PATH, LANG, LC_ALL, LOCALDOMAIN, HOSTALIASES, RES_OPTIONS } = process.env
  const kept = Object.entries({ PATH, LANG, LC_ALL, LOCALDOMAIN, HOSTALIASES }).filter((pair) => pair[1] !== undefined)
  return spawn(process.execPath, ['--input-type=module', '-e', SOURCE], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
    // By default a dead first name server costs 5 s per question, and every question would hang.
    env: { ...Object.fromEntries(kept), RES_OPTIONS: RES_OPTIONS ?? 'timeout:2 attempts:2', UV_THREADPOOL_SIZE: String(SLOTS * 2) },
  })
}

/** A lane without a child: that comes with the first question. */
export function createLane({ clock, timers, patience, start = startChild }: LaneWorld): Lane {
  const waiting: Asked[] = []
  const sent = new Map<number, Asked>()
  let count = 0
  let child: ChildProcess | undefined
  let pause = 0
  let resting = false
  let sweeping = false
  let closed = false
  const now = (): Tick => clock.now().tick

  const failAll = (code: string): void => {
    const all = [...sent.values(), ...waiting.splice(0)]
    sent.clear()
    for (const asked of all) asked.done({ is: 'failed', code, how: 'unasked' })
  }

  /** Gives the child up. What it held is asked again, unless it was asked too often. */
  const drop = (): void => {
    const gone = child
    child = undefined
    if (gone) {
      gone.stdout?.removeAllListeners('data')
      gone.kill('SIGKILL')
      release(gone)
    }
    const again = [...sent.values()]
    sent.clear()
    for (const asked of again) if (asked.tries >= MOST_TRIES) asked.done({ is: 'failed', code: 'EAI_AGAIN', how: 'hung' })
    waiting.unshift(...again.filter((asked) => asked.tries < MOST_TRIES))
    rest()
  }
  const rest = (): void => {
    if (closed || resting) return
    resting = true
    pause = Math.min(5000, Math.max(100, pause * 2))
    timers.after(ms(pause), () => {
      resting = false
      pump()
    })
  }

  const take = (line: string): void => {
    const reply = readReply(line)
    const asked = reply && sent.get(reply.q)
    if (!asked) return
    sent.delete(reply.q)
    pause = 0
    asked.done(reply.answer)
    pump()
  }

  const open = (): ChildProcess | undefined => {
    let fresh: ChildProcess
    try {
      fresh = start()
    } catch (cause) {
      failStart(cause)
      return undefined
    }
    fresh.on('error', (cause) => {
      if (fresh.pid === undefined) failStart(cause)
    })
    if (!fresh.stdin || !fresh.stdout) {
      // Without a descriptor left there are no pipes; the error event that says so comes next.
      rest()
      return undefined
    }
    fresh.on('exit', () => {
      if (child === fresh) drop()
    })
    fresh.stdin.on('error', () => undefined)
    let buffered = ''
    fresh.stdout.setEncoding('utf8').on('data', (chunk) => {
      const lines = (buffered + String(chunk)).split('\n')
      buffered = lines.pop() ?? ''
      if (buffered.length > LONGEST_LINE) return drop()
      for (const line of lines) take(line)
    })
    return fresh
  }
  const failStart = (cause: unknown): void => {
    const code = (cause as { code?: unknown }).code
    child = undefined
    failAll(typeof code === 'string' ? code : 'EAGAIN')
    rest()
  }

  const pump = (): void => {
    if (closed) return
    if (waiting.length > 0 && !child && !resting) child = open()
    while (child?.stdin && sent.size < SLOTS) {
      const asked = waiting.shift()
      if (!asked) break
      asked.since = now()
      asked.tries++
      sent.set(++count, asked)
      child.stdin.write(`${count} ${asked.name}\n`)
    }
    if (child) (sent.size > 0 ? hold : release)(child)
    if (sent.size + waiting.length > 0) watch()
  }

  /** Looks now and then for what has waited too long, while anything waits. */
  const watch = (): void => {
    if (sweeping) return
    sweeping = true
    timers.after(ms(patience / 10), () => {
      sweeping = false
      if (closed) return
      const late = now() - patience
      const hung = [...sent].filter(([, asked]) => asked.since <= late)
      for (const [q, asked] of hung) {
        sent.delete(q)
        asked.done({ is: 'failed', code: 'EAI_AGAIN', how: 'hung' })
      }
      const stale = now() - LONGEST_WAIT
      while (waiting[0] && waiting[0].since <= stale) waiting.shift()?.done({ is: 'failed', code: 'EAI_AGAIN', how: 'unasked' })
      if (hung.length > 0) drop()
      pump()
    })
  }

  return {
    ask(name, done) {
      const asked: Asked = { name, done, since: now(), tries: 0 }
      if (closed || waiting.length >= MOST_WAITING) return asked.done({ is: 'failed', code: 'EAGAIN', how: 'unasked' })
      waiting.push(asked)
      pump()
    },
    close() {
      closed = true
      child?.kill('SIGKILL')
      failAll('EAI_AGAIN')
    },
  }
}

function readReply(line: string): { readonly q: number; readonly answer: Answer } | undefined {
  try {
    const { q, code, found } = JSON.parse(line) as { q?: unknown; code?: unknown; found?: unknown }
    if (typeof q !== 'number') return undefined
    if (typeof code === 'string') return { q, answer: { is: 'failed', code, how: 'said' } }
    if (Array.isArray(found)) return { q, answer: { is: 'found', addresses: found.filter((one): one is string => typeof one === 'string') } }
  } catch {
    // A line that cannot be read answers nothing; the question runs into its time limit and the child is replaced.
  }
  return undefined
}

interface Holds {
  ref?: () => unknown
  unref?: () => unknown
}
const parts = (child: ChildProcess): Holds[] => [child, child.stdin as Holds | null, child.stdout as Holds | null].filter((part) => part !== null)
/** A child that owes an answer keeps the process alive; an idle one does not. */
const hold = (child: ChildProcess): void => parts(child).forEach((part) => part.ref?.())
const release = (child: ChildProcess): void => parts(child).forEach((part) => part.unref?.())
