// Backups in the simulator: a job that leaves a copy every half a minute, unless it fails; a process that lists them, unless it is slow, is refused,
// dies, or is gone for good. What the node makes of it is judged at the end: what was last listed is what it knows, what is well is quiet, and what
// is not, or nobody can see, is an open incident.
import { instantOf } from '../src/core/time.ts'
import type { Keeper } from '../src/engine/keeper.ts'
import type { Listed, ToGuard } from '../src/rooms/guard/protocol.ts'
import type { Copy } from '../src/rooms/guard/sets/judge.ts'
import { patienceOf } from '../src/rooms/guard/sets/duty.ts'
import { lookEvery } from '../src/rooms/guard/sets/set.ts'
import { chance, type Time } from './clock.ts'
import { nightly } from './scenario.ts'

const EVERY = 30_000
/** What is kept, as a rotation of the job's own does. */
const KEPT = 8

export type BackupsEnd = 'well' | 'job stays broken' | 'guard stays away'

export interface Backups {
  readonly ends: BackupsEnd
  /** What the last listing said that the keeper was given, and when. */
  readonly told: { readonly at: number; readonly keys: readonly string[] } | undefined
  toGuard(message: ToGuard): boolean
  /** Everything is well from here on, but for what stays broken. */
  heal(): void
}

export interface BackupsWants {
  readonly seed: number
  readonly time: Time
  readonly faulty: number
  readonly deliver: (act: (keeper: Keeper) => void) => void
}

const keyAt = (at: number): string => `nightly-${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}`

export function backups({ seed, time, faulty, deliver }: BackupsWants): Backups {
  // Dice of their own, so that they change nothing else of a seed.
  const dice = chance(seed ^ 0x6a2d)
  const ends: BackupsEnd = dice.yes(0.6) ? 'well' : dice.pick(['job stays broken', 'guard stays away'])
  const copies: Copy[] = []
  let broken = false
  let away = false
  let healed = false
  let told: Backups['told']
  const job = (): void => {
    time.after(EVERY, job)
    if (broken) return
    const at = instantOf(Math.floor(time.now().wall))
    const key = keyAt(at)
    if (copies.some((copy) => copy.key === key)) return
    copies.push({ key, etag: `e${time.at.toFixed(0)}`, bytes: 1000, modifiedAt: at })
    if (copies.length > KEPT) copies.shift()
  }
  const episode = (): void => {
    if (healed) return
    time.after(5000 + dice.int(60_000), episode)
    broken = dice.yes(0.3)
    const was = away
    away = dice.yes(0.3)
    // It is there again, and is given what waits.
    if (was && !away) deliver((keeper) => keeper.guard.opened())
  }
  time.after(1000, job)
  time.after(10_000, episode)
  // So early that what follows from it must be seen by the end.
  if (ends === 'guard stays away') time.after(faulty / 4, () => void (away = true))
  const answer = (id: string): void => {
    const gone = away || (ends === 'guard stays away' && time.at >= faulty / 4)
    if (gone) return
    const listed: Listed = !healed && dice.yes(0.15) ? { is: 'not-listed', says: 'connection refused' }
      : { is: 'listed', identity: 'nas', copies: [...copies], clock: { is: 'unknown', says: '' } }
    deliver((keeper) => {
      if (listed.is === 'listed') told = { at: time.at, keys: listed.copies.map(({ key }) => key) }
      keeper.guard.hear({ is: 'task-done', id, result: listed })
    })
  }
  return {
    ends,
    get told() {
      return told
    },
    toGuard(message) {
      if (message.is === 'task') time.after(50 + dice.int(healed ? 500 : 20_000), () => answer(message.id))
      return !away
    },
    heal() {
      healed = true
      away = ends === 'guard stays away'
      broken = ends === 'job stays broken'
      if (!away) deliver((keeper) => keeper.guard.opened())
    },
  }
}

/** How long after it a fault must be known: the listing grew too old, and the next look said so. */
export const KNOWN_WITHIN = patienceOf(nightly) + lookEvery(nightly)
