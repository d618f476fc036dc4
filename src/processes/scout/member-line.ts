// One member of a cluster, asked once a second over connections that are kept, with one look and one write under way at most. A look that has not
// ended after three seconds is given up and its connection with it: nothing is known of the member then, and it is asked ever more seldom. A
// host that refuses has answered, and is asked again at once. A write has three seconds as well; it is then said not to be committed, and waited
// for all the same before the next one is begun: a server keeps the thread of each write that hangs, and those must not pile up.
import { ms, seconds, type Span, type Stamp, type Tick } from '../../core/time.ts'
import type { Clock, Timers } from '../../ports/world.ts'
import { takesWrites, type Report } from '../../rooms/change/sight.ts'

/** How one member is spoken to. Whatever is open is closed with the signal. */
export interface Member {
  /** One look; rejects where nothing is known by it. */
  look(signal: AbortSignal): Promise<Report>
  /** One write, committed; rejects where it was not. */
  write?(signal: AbortSignal): Promise<void>
  /** What a failure says, for people. */
  says(cause: unknown): string
  close(): void
}

export interface MemberLineOptions {
  readonly world: Clock & Timers
  readonly member: Member
  readonly heard: (report: Report, asked: Stamp) => void
  /** Nothing is known of it since then, and why; called when that begins, and when the reason is another. */
  readonly mute: (says: string) => void
  /** `wrong`: why it was not committed, or not in time. */
  readonly wrote: (asked: Stamp, wrong?: string) => void
}

export interface MemberLine {
  /** A write is begun now, or as soon as the one under way has ended. */
  write(): void
  close(): void
}

const EVERY: Span = seconds(1)
const WRITE_EVERY: Span = seconds(2)
const SILENT_AFTER: Span = seconds(3)
const LONGEST_PAUSE: Span = seconds(10)
/** A timer that fires a little early is no reason to wait for the next one. */
const SLACK: Span = ms(100)
/** A write that hangs so long will be answered by nobody any more. */
const WRITE_GIVEN_UP_AFTER: Span = seconds(60)
const LONGEST_WRITE_PAUSE: Span = seconds(600)

/** Asks until it is closed. */
export function createMemberLine(options: MemberLineOptions): MemberLine {
  const { world, member } = options
  let why: string | undefined
  let last: Report | undefined
  let closed = false
  const stamp = (): Stamp => {
    const { tick, boot } = world.now()
    return { tick, boot }
  }
  const timers = new Set<() => void>()
  const later = (span: Span, act: () => void): (() => void) => {
    const cancel = world.after(span, () => {
      timers.delete(stop)
      act()
    })
    const stop = (): void => {
      timers.delete(stop)
      cancel()
    }
    timers.add(stop)
    return stop
  }
  const tickIn = (span: Span): Tick => (world.now().tick + span) as Tick
  const tell = (says: string): void => {
    last = undefined
    if (why === says) return
    why = says
    options.mute(says)
  }

  const looks = { busy: undefined as AbortController | undefined, next: world.now().tick, pause: EVERY }
  const look = (): void => {
    const limit = new AbortController()
    const asked = stamp()
    looks.busy = limit
    const over = (next: Span): void => {
      looks.busy = undefined
      looks.next = tickIn(next)
    }
    const failed = (says: string): void => {
      over(looks.pause)
      looks.pause = Math.min(looks.pause * 2, LONGEST_PAUSE) as Span
      tell(says)
    }
    const cancel = later(SILENT_AFTER, () => {
      if (looks.busy !== limit) return
      limit.abort()
      failed('it does not answer')
    })
    member.look(limit.signal).then((report) => {
      if (looks.busy !== limit || closed) return
      cancel()
      over(0 as Span)
      looks.pause = EVERY
      why = undefined
      last = report
      options.heard(report, asked)
    }, (cause: unknown) => {
      if (looks.busy !== limit || closed) return
      cancel()
      limit.abort()
      failed(member.says(cause))
    })
  }

  const writes = { busy: undefined as AbortController | undefined, next: world.now().tick, pause: WRITE_EVERY, wanted: false }
  const write = (put: (signal: AbortSignal) => Promise<void>): void => {
    const limit = new AbortController()
    const asked = stamp()
    writes.busy = limit
    writes.wanted = false
    const limits = [
      later(SILENT_AFTER, () => (writes.busy === limit ? options.wrote(asked, `it is not committed within ${SILENT_AFTER / 1000} s`) : undefined)),
      later(WRITE_GIVEN_UP_AFTER, () => {
        if (writes.busy !== limit) return
        limit.abort()
        writes.pause = Math.min(Math.max(writes.pause, WRITE_GIVEN_UP_AFTER) * 2, LONGEST_WRITE_PAUSE) as Span
        over()
      }),
    ]
    const over = (): void => {
      writes.busy = undefined
      writes.next = Math.max(world.now().tick, asked.tick + writes.pause - SLACK) as Tick
      for (const stop of limits) stop()
    }
    put(limit.signal).then(() => {
      if (writes.busy !== limit || closed) return
      const late = world.now().tick - asked.tick >= SILENT_AFTER
      writes.pause = WRITE_EVERY
      over()
      // Late, and committed: what it says is as old as its beginning, so the next one is begun at once.
      if (late) writes.next = world.now().tick
      options.wrote(asked)
    }, (cause: unknown) => {
      if (writes.busy !== limit || closed) return
      limit.abort()
      over()
      options.wrote(asked, member.says(cause))
    })
  }

  const step = (): void => {
    if (closed) return
    later(EVERY, step)
    const { tick } = world.now()
    if (!looks.busy && tick >= looks.next) look()
    if (member.write && takesWrites(last) && !writes.busy && (writes.wanted || tick >= writes.next)) write((signal) => member.write?.(signal) ?? Promise.resolve())
  }
  step()
  return {
    write() {
      writes.wanted = true
      if (member.write && takesWrites(last) && !writes.busy && !closed) write((signal) => member.write?.(signal) ?? Promise.resolve())
    },
    close() {
      closed = true
      for (const stop of timers) stop()
      for (const it of [looks.busy, writes.busy]) it?.abort()
      member.close()
    },
  }
}
