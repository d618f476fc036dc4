// Which doers are there: one process for each deed that the keeper names, made with what that deed needs and no more, and sent away when the keeper names it no
// more. Of one run there are never two: the next one is made when the one before is seen to be dead, also where that waits for a device, and
// also where a Holdfast before this one left it behind. A keeper that says nothing ends no deed: what is under way has a lease, and an end
// of its own; only what nobody speaks of for very long is sent away.
import { minutes, seconds, type Span, type Tick } from '../../core/time.ts'
import type { Kin } from './control.ts'

/** A deed, and with which target of which driver it is done. */
export interface Named {
  readonly run: string
  readonly token: number
  readonly driver?: string
  readonly target?: string
}

/** The keeper names them every second. Longer than any doer waits for a keeper that is away. */
export const SILENCE: Span = minutes(15)
/** So long one may take to write down what became of its deed. */
const LEAVES_WITHIN: Span = seconds(3)
/** There is one run for each cluster at most, and for each host of a batch; a batch holds no more than this. */
const MOST = 32

export interface DoerWardPorts {
  readonly tick: () => Tick
  /** Those that a Holdfast before this one left behind. */
  readonly former: readonly Kin[]
  /** Not before these are dead. */
  readonly raise: (name: string, deed: Named, former: readonly Kin[]) => void
  readonly dismiss: (name: string, within: Span) => Promise<void>
  /** Which process it is, while it is there. */
  readonly kin: (name: string) => Kin | undefined
  readonly isAlive: (kin: Kin) => boolean
}

export interface DoerWard {
  /** What the keeper names. */
  hear(deeds: readonly Named[]): void
  /** A few times a second. */
  turn(): void
  /** Sends all of them away. */
  end(): Promise<void>
}

export const doerName = (run: string): string => `doer:${run}`

export function createDoerWard({ tick, former, raise, dismiss, kin, isAlive }: DoerWardPorts): DoerWard {
  /** By name, under which number it was made. */
  const there = new Map<string, number>()
  const leaving = new Set<string>()
  let ghosts: readonly Kin[] = former
  let heardAt = tick()
  let isEnding = false
  let wanted: ReadonlyMap<string, Named> = new Map()
  const makeUp = (): void => {
    if (isEnding) return
    ghosts = ghosts.filter(isAlive)
    for (const [name, deed] of wanted) {
      if (there.has(name) || leaving.has(name) || there.size >= MOST) continue
      there.set(name, deed.token)
      raise(name, deed, ghosts.filter((it) => it.name === name))
    }
  }
  const send = async (name: string): Promise<void> => {
    const own = kin(name)
    if (own) ghosts = [...ghosts, own]
    there.delete(name)
    leaving.add(name)
    await dismiss(name, LEAVES_WITHIN)
    leaving.delete(name)
    // Whatever waits for it need not wait for the next word.
    makeUp()
  }
  return {
    hear(deeds) {
      heardAt = tick()
      wanted = new Map(deeds.map((it) => [doerName(it.run), it]))
      for (const [name, token] of there) if (wanted.get(name)?.token !== token) void send(name)
      makeUp()
    },
    turn() {
      if (tick() - heardAt < SILENCE) return
      wanted = new Map()
      for (const name of there.keys()) void send(name)
    },
    async end() {
      isEnding = true
      await Promise.all([...there.keys()].map(send))
    },
  }
}
