// Lines for the person who started Holdfast, and for the service manager's journal. A reader that stopped reading (a full pipe,
// a paused terminal) must stop nobody here: lines wait in a bounded queue, one write is under way at a time, and what does
// not fit is counted and said later. A reader that is gone is forgotten.
import { write } from 'node:fs'

export interface Outlet {
  line(text: string): void
  /** Resolves when everything was written, at most `ms` later. */
  flush(ms: number): Promise<void>
}

type Write = (bytes: Buffer, then: (cause: { readonly code?: string | undefined } | null, written: number) => void) => void

const MOST_WAITING = 1000
const MOST_LENGTH = 16_384

/** What steers a terminal is taken out: a child may repeat what a stranger wrote. Line breaks stay: findings are drawn on several lines. */
// oxlint-disable-next-line no-control-regex -- control characters are what is taken out
const harmless = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ')

/** An outlet on a descriptor; `through` is for tests. */
export function outletOn(fd: number, through: Write = (bytes, then) => write(fd, bytes, (cause, written) => then(cause, written))): Outlet {
  const waiting: string[] = []
  let dropped = 0
  let busy = false
  let gone = false
  let flushed: (() => void)[] = []
  const next = (): void => {
    if (busy) return
    if (waiting.length === 0 || gone) {
      for (const resolve of flushed.splice(0)) resolve()
      return
    }
    const text = waiting.splice(0, 100).join('')
    busy = true
    push(Buffer.from(text))
  }
  const push = (left: Buffer): void => {
    through(left, (cause, written) => {
      if (cause?.code === 'EAGAIN') return void setTimeout(() => push(left), 50)
      if (cause) gone = true
      else if (written < left.length) return push(left.subarray(written))
      busy = false
      if (dropped > 0 && waiting.length === 0 && !gone) {
        waiting.push(`(${dropped} lines were left out: nobody read them in time)\n`)
        dropped = 0
      }
      next()
    })
  }
  return {
    line(text) {
      if (gone) return
      if (waiting.length >= MOST_WAITING) {
        dropped++
        return
      }
      waiting.push(`${harmless(text.length > MOST_LENGTH ? `${text.slice(0, MOST_LENGTH)}…` : text)}\n`)
      next()
    },
    flush: (ms) => new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      flushed = [...flushed, () => {
        clearTimeout(timer)
        resolve()
      }]
      next()
    }),
  }
}
