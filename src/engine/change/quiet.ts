// Hosts of which nothing comes any more. Where ssh itself runs over the cable that is pulled, nobody can say that it lost carrier: all that is seen is that the
// answers end. They come once a second, so what is missing at two looks in a row is a turn, long before what was said last is too old to be ruled on (C-14).
// A look that came late says nothing of a host: it was the keeper that stood still. Nor does a scout that is not there, or is there anew, and has not heard of it yet.
import { ageOf, ms, seconds, type Now, type Span, type Stamp } from '../../core/time.ts'
import type { ChangeKeeper } from './grounds.ts'

export interface Quiet {
  /** Once a look, before anything is judged by it. */
  look(): void
  /** Whether a host that was heard since the scout is there is heard no more. Never true of one that was not. */
  has(host: string): boolean
  /** The scout has gone: of nobody is anything made before it was heard again. */
  forget(): void
}

/** Asked once a second, and looked at once a second: what was cut off right after an answer is seen two looks later, 2.9 s after that answer was asked for at the most. */
const QUIET_AFTER: Span = ms(1900)
/** Looks that are further apart are none in a row. */
const IN_A_ROW: Span = seconds(2)

interface Line {
  readonly asked: Stamp
  /** Not before something newer came may it be said to be quiet. */
  isForgotten: boolean
  isQuiet: boolean
}

export function createQuiet(keeper: () => Pick<ChangeKeeper, 'config' | 'hosts' | 'now'>): Quiet {
  const lines = new Map<string, Line>()
  let last: Now | undefined
  /** For so long it was looked in a row, in ms. */
  let looked = 0
  /** How each is reached. */
  let ways: ReadonlyMap<string, string> = new Map()
  let change: ChangeKeeper['config']['change']
  const forgetLine = (it: Line): void => void Object.assign(it, { isForgotten: true, isQuiet: false })
  return {
    look() {
      const { hosts, config, now: clock } = keeper()
      const now = clock()
      const since = last && ageOf(last, now)
      looked = since !== undefined && since <= IN_A_ROW ? looked + since : 0
      last = now
      // Whoever is reached in another way now is dialled anew; any other edit is no reason to forget that a host is silent.
      if (change !== config.change) {
        const before = ways
        ways = new Map((config.change?.hosts ?? []).map(({ name, ssh, look }) => [name, JSON.stringify(look ?? ssh ?? null)]))
        for (const [name, line] of lines) if (ways.get(name) !== before.get(name)) forgetLine(line)
      }
      change = config.change
      for (const { name } of change?.hosts ?? []) {
        const asked = hosts.asked(name, now)
        const line = lines.get(name)
        if (asked === undefined) lines.delete(name)
        else if (line?.asked.tick !== asked.tick || line.asked.boot !== asked.boot) lines.set(name, { asked, isForgotten: false, isQuiet: false })
        else line.isQuiet = !line.isForgotten && looked >= QUIET_AFTER && (ageOf(asked, now) ?? 0) >= QUIET_AFTER
      }
    },
    has: (host) => lines.get(host)?.isQuiet === true,
    forget: () => lines.forEach(forgetLine),
  }
}
