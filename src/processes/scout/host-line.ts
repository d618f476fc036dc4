// One host, asked once a second over one kept connection. Each question has a number and the moment at which it was put; an answer counts
// from that moment on, however late it comes, so that what lay in a stalled connection never passes for news (C-2, C-12). A host that does not
// answer is unknown after three seconds, is dialled anew after ten, and nothing is put to it meanwhile that could pile up.
import { sentence } from '../../core/fault.ts'
import { laterTick, seconds, type Now, type Span, type Stamp, type Tick } from '../../core/time.ts'
import type { Clock, Timers } from '../../ports/world.ts'
import { readAccount, type Account } from '../../rooms/change/heard/account.ts'

/** A program that reads lines and says lines: `ssh`, in use. */
export interface Pipe {
  write(text: string): void
  end(): void
}

export interface PipeEars {
  said(chunk: string): void
  /** It has ended, or never began: why, for people. Called once. */
  over(says: string): void
}

export interface HostLineOptions {
  readonly world: Clock & Timers
  readonly open: (ears: PipeEars) => Pipe
  /** Whether it may be dialled this moment; asked again a second later. Absent: always. */
  readonly mayDial?: () => boolean
  readonly heard: (account: Account, asked: Stamp) => void
  /** Nothing is known of it since then, and why; called when that begins, and when the reason is another. */
  readonly silent: (says: string) => void
}

const EVERY: Span = seconds(1)
const SILENT_AFTER: Span = seconds(3)
const GIVEN_UP_AFTER: Span = seconds(10)
const LONGEST_PAUSE: Span = seconds(30)
/** An answer has at most that many characters: 512 interfaces and their bonds take half of it. */
const MOST_SAID = 128 * 1024

interface Talk {
  /** Absent while it is being opened. */
  pipe: Pipe | undefined
  held: string
  question?: { readonly number: number; readonly at: Stamp }
}

/** Asks until it is closed. */
export function createHostLine(options: HostLineOptions): { close(): void } {
  const { world } = options
  let talk: Talk | undefined
  let asked = 0
  let pause = EVERY
  let redialAt: Tick | undefined = world.now().tick
  let why: string | undefined
  let closed = false
  let cancel = (): void => undefined

  const ageOf = (at: Stamp, now: Now): number => now.tick - at.tick
  const tickIn = (span: Span): Tick => laterTick(world.now().tick, span)
  const tell = (says: string): void => {
    if (why === says) return
    why = says
    options.silent(says)
  }
  const hangUp = (of: Talk, says: string): void => {
    if (talk !== of) return
    talk = undefined
    of.pipe?.end()
    redialAt = tickIn(pause)
    pause = Math.min(pause * 2, LONGEST_PAUSE) as Span
    tell(says)
  }
  const answered = (of: Talk, text: string, now: Now): void => {
    const read = readAccount(text)
    if (read.is === 'unreadable') return hangUp(of, read.says)
    const { question } = of
    if (read.account.question !== question?.number) return hangUp(of, 'it answers what it was not asked')
    delete of.question
    pause = EVERY
    // Late, and true of the moment at which it was asked; whether that is fresh enough, whoever judges knows.
    if (ageOf(question.at, now) < SILENT_AFTER) why = undefined
    options.heard(read.account, question.at)
  }
  const dial = (): void => {
    redialAt = undefined
    const it: Talk = { pipe: undefined, held: '' }
    talk = it
    const pipe = options.open({
      said(chunk) {
        if (talk !== it) return
        it.held += chunk
        const end = /^end \d+\n/m.exec(it.held)
        if (end) {
          const length = end.index + end[0].length
          const text = it.held.slice(0, length)
          it.held = it.held.slice(length)
          answered(it, text, world.now())
        } else if (it.held.length > MOST_SAID) hangUp(it, `it says more than ${MOST_SAID / 1024} KiB and comes to no end`)
      },
      over: (says) => hangUp(it, sentence(says)),
    })
    it.pipe = pipe
  }
  const step = (): void => {
    if (closed) return
    cancel = world.after(EVERY, step)
    const now = world.now()
    if (!talk && redialAt !== undefined && now.tick >= redialAt && (options.mayDial?.() ?? true)) dial()
    if (!talk) return
    const { question } = talk
    if (!question) {
      talk.question = { number: ++asked, at: now }
      talk.pipe?.write(`${asked}\n`)
      return
    }
    const age = ageOf(question.at, now)
    if (age >= GIVEN_UP_AFTER) hangUp(talk, 'it does not answer')
    else if (age >= SILENT_AFTER) tell('it does not answer')
  }
  step()
  return {
    close() {
      closed = true
      cancel()
      const had = talk
      talk = undefined
      had?.pipe?.end()
    },
  }
}
