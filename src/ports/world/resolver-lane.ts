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
const LONGEST_PAUSE = 5000
const LONGEST_LINE = 64 * 1024
const MOST_TRIES = 3

interface Asked {
  readonly name: string
  readonly done: (answer: Answer) => void
  since: Tick
  tries: number
}

interface State extends LaneWorld {
  readonly start: () => ChildProcess
  readonly waiting: Asked[]
  readonly sent: Map<number, Asked>
  count: number
  child: ChildProcess | undefined
  /** Between a child and its replacement. */
  resting: boolean
  pause: number
  watching: boolean
  closed: boolean
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
  const lane: State = {
    clock, timers, patience, start,
    waiting: [], sent: new Map(), count: 0,
    child: undefined, resting: false, pause: 0, watching: false, closed: false,
  }
  return {
    ask(name, done) {
      if (lane.closed || lane.waiting.length >= MOST_WAITING) return done({ is: 'failed', code: 'EAGAIN', how: 'unasked' })
      lane.waiting.push({ name, done, since: clock.now().tick, tries: 0 })
      pump(lane)
    },
    close() {
      lane.closed = true
      lane.child?.kill('SIGKILL')
      failAll(lane, 'EAI_AGAIN')
    },
  }
}

/** Sends what may be sent, with a child if there may be one now. */
function pump(lane: State): void {
  if (lane.closed) return
  if (lane.waiting.length > 0 && !lane.child && !lane.resting) lane.child = open(lane)
  const { child, sent } = lane
  while (child?.stdin && sent.size < SLOTS) {
    const asked = lane.waiting.shift()
    if (!asked) break
    asked.since = lane.clock.now().tick
    asked.tries++
    sent.set(++lane.count, asked)
    child.stdin.write(`${lane.count} ${asked.name}\n`)
  }
  if (child) (sent.size > 0 ? hold : release)(child)
  if (sent.size + lane.waiting.length > 0) watch(lane)
}

function open(lane: State): ChildProcess | undefined {
  let child: ChildProcess
  try {
    child = lane.start()
  } catch (cause) {
    failStart(lane, cause)
    return undefined
  }
  child.on('error', (cause) => {
    if (child.pid === undefined) failStart(lane, cause)
  })
  if (!child.stdin || !child.stdout) {
    // Without a descriptor left there are no pipes; the error event that says so comes next.
    rest(lane)
    return undefined
  }
  child.on('exit', () => {
    if (lane.child === child) drop(lane)
  })
  child.stdin.on('error', () => undefined)
  let buffered = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    const lines = (buffered + String(chunk)).split('\n')
    buffered = lines.pop() ?? ''
    if (buffered.length > LONGEST_LINE) return drop(lane)
    for (const line of lines) take(lane, line)
  })
  return child
}

function take(lane: State, line: string): void {
  const reply = readReply(line)
  const asked = reply && lane.sent.get(reply.q)
  if (!asked) return
  lane.sent.delete(reply.q)
  lane.pause = 0
  asked.done(reply.answer)
  pump(lane)
}

/** Gives the child up. What it held is asked again, unless it was asked too often. */
function drop(lane: State): void {
  const { child } = lane
  lane.child = undefined
  child?.stdout?.removeAllListeners('data')
  child?.kill('SIGKILL')
  if (child) release(child)
  const held = [...lane.sent.values()]
  lane.sent.clear()
  lane.waiting.unshift(...held.filter((asked) => asked.tries < MOST_TRIES))
  for (const asked of held) if (asked.tries >= MOST_TRIES) asked.done({ is: 'failed', code: 'EAI_AGAIN', how: 'hung' })
  rest(lane)
}

function rest(lane: State): void {
  if (lane.closed || lane.resting) return
  lane.resting = true
  lane.pause = Math.min(LONGEST_PAUSE, Math.max(100, lane.pause * 2))
  lane.timers.after(ms(lane.pause), () => {
    lane.resting = false
    pump(lane)
  })
}

function failStart(lane: State, cause: unknown): void {
  const code = (cause as { code?: unknown }).code
  lane.child = undefined
  failAll(lane, typeof code === 'string' ? code : 'EAGAIN')
  rest(lane)
}

function failAll(lane: State, code: string): void {
  const all = [...lane.sent.values(), ...lane.waiting.splice(0)]
  lane.sent.clear()
  for (const asked of all) asked.done({ is: 'failed', code, how: 'unasked' })
}

/** Looks now and then for what has waited too long, while anything waits. */
function watch(lane: State): void {
  if (lane.watching) return
  lane.watching = true
  lane.timers.after(ms(lane.patience / 10), () => {
    lane.watching = false
    if (!lane.closed) sweep(lane)
  })
}

function sweep(lane: State): void {
  const now = lane.clock.now().tick
  const hung = [...lane.sent].filter(([, asked]) => now - asked.since >= lane.patience)
  for (const [q, asked] of hung) {
    lane.sent.delete(q)
    asked.done({ is: 'failed', code: 'EAI_AGAIN', how: 'hung' })
  }
  while (lane.waiting[0] && now - lane.waiting[0].since >= LONGEST_WAIT) lane.waiting.shift()?.done({ is: 'failed', code: 'EAI_AGAIN', how: 'unasked' })
  if (hung.length > 0) drop(lane)
  pump(lane)
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
