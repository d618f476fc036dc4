// How fast a scan may read. A bucket of bytes that fills evenly, for a rate that was given; and a rate found by trying, for scans that are to
// yield: as long as reading a megabyte takes about what it took at best, the scan goes faster bit by bit, and as soon as it takes clearly longer,
// somebody else wants the disk, and the rate is halved. And how long the rest will take, by bytes and not by files.
import { ms, type Span, type Tick } from '../../../core/time.ts'

const MIB = 1024 * 1024
/** What may be taken at once after a pause. */
const BURST = 0.25
/** Time for a megabyte beyond this many times the best: somebody waits. */
const SLOW = 2.5
const FIRST = 64 * MIB
const LEAST = 1 * MIB
const STEP = 8 * MIB

export interface Pace {
  /** Bytes that may be read from now on, since the last call. */
  grant(at: Tick): number
  /** What reading took: bytes, and the milliseconds they took altogether in the hands that read. */
  saw(bytes: number, took: number): void
  /** Bytes a second; infinite where nothing holds it back. */
  readonly rate: number
}

/** `rate`: bytes a second at most. `yields`: finds below that what hurts nobody. */
export function createPace({ rate = Number.POSITIVE_INFINITY, yields, at }: { readonly rate?: number | undefined; readonly yields: boolean; readonly at: Tick }): Pace {
  let now = yields ? Math.min(rate, FIRST) : rate
  let last = at
  let best = Number.POSITIVE_INFINITY
  return {
    get rate() {
      return now
    },
    grant(until) {
      // A machine that slept has saved nothing up.
      const span = Math.min(BURST, Math.max(0, until - last) / 1000)
      last = until
      return now === Number.POSITIVE_INFINITY ? now : Math.floor(now * span)
    },
    saw(bytes, took) {
      if (!yields || bytes < MIB) return
      const each = (took / bytes) * MIB
      // The best fades, so that one lucky moment is not the measure for ever.
      best = Math.min(best * 1.01, each)
      now = each > best * SLOW ? Math.max(LEAST, now / 2) : Math.min(rate, now + STEP)
    },
  }
}

/** What has to be read: known to the byte, at least so much while the folder is still walked through, or as much as last time. */
export interface Total {
  readonly is: 'known' | 'at least' | 'as last time'
  readonly bytes: number
  readonly files: number
}

export interface Progress {
  readonly files: number
  readonly bytes: number
  readonly total: Total
  /** Bytes a second, over the last seconds. */
  readonly speed: number
  /** Absent while nobody can know. */
  readonly left?: Span
}

/** Keeps the speed of the last ten seconds or so. */
export function createProgress(at: Tick): (now: Tick, it: { readonly files: number; readonly bytes: number; readonly total: Total; readonly readNow: number }) => Progress {
  let last = at
  let [speed, seen] = [0, 0]
  return (now, { files, bytes, total, readNow }) => {
    const span = (now - last) / 1000
    if (span > 0) {
      const fresh = (readNow - seen) / span
      speed = seen === 0 ? fresh : speed + (fresh - speed) * Math.min(1, span / 10)
      last = now
      seen = readNow
    }
    const rest = total.bytes - bytes
    return { files, bytes, total, speed, ...(speed > 0 && rest >= 0 && total.is !== 'at least' && { left: ms((rest / speed) * 1000) }) }
  }
}

const SIZES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, ki: 1024, mi: MIB, gi: 1024 * MIB }

/** Reads "50MB/s", "50 MiB", "1GB"; `undefined` when it is no rate above zero. */
export function parseRate(text: string): number | undefined {
  const [, n = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*(k|m|g|ki|mi|gi)?b?(?:\/s)?$/i.exec(text.trim()) ?? []
  const rate = Number(n) * (SIZES[unit.toLowerCase()] ?? 0)
  return n !== '' && rate >= 1 && Number.isFinite(rate) ? rate : undefined
}
