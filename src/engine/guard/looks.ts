// Listings that somebody asked for, because they know of a copy that came: a set is listed in all its stores, now, instead of when that falls due. One listing of
// these at a time, of all sets, and none of a place that was listed within a minute (a bucket of objects: a quarter of an hour): whoever asks more often waits, and reads for how long. A
// listing that had begun before somebody asked is none of theirs. What is found is recorded and judged as always; here stands only how far it is,
// in memory: after a restart it is asked for anew.
import { laterTick, minutes, ms, sayTime, seconds, type Now, type Span, type Tick } from '../../core/time.ts'
import { sentence } from '../../core/fault.ts'
import type { ListTask } from '../../rooms/guard/protocol.ts'
import type { KnownListing } from '../../rooms/guard/rows.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { LookAnswer } from '../../views/drills.ts'
import type { GuardLine } from './line.ts'

export interface Looks {
  /** One in which nothing has begun is as good as a new one. */
  ask(set: BackupSet): LookAnswer
  /** How far the newest is; `undefined` where nobody asked since this process began. */
  show(set: string): LookAnswer | undefined
  /** Once a second. */
  tick(): void
}

interface LooksWants {
  readonly now: () => Now
  readonly line: Pick<GuardLine, 'wait' | 'isGiven'>
  readonly sets: () => ReadonlyMap<string, BackupSet>
  /** What is known of the last listing. */
  readonly listing: (set: string, store: string) => KnownListing
}

interface Place { readonly task: ListTask; readonly pause: Span; state: LookAnswer['places'][number]['state']; says: string }
interface Look { readonly id: number; readonly set: string; readonly places: readonly Place[] }

const PAUSE: Span = minutes(1)
const PAUSE_OBJECTS: Span = minutes(15)
const WITHIN: Span = minutes(65)

export function createLooks({ now, line, sets, listing }: LooksWants): Looks {
  const newest = new Map<string, Look>()
  const tried = new Map<string, Tick>()
  let queue: Place[] = []
  let current: Place | undefined
  let count = 0
  const nameOf = ({ task: { set, store } }: Place): string => JSON.stringify([set, store])

  /** How long it has to wait for its turn; why, where that is not a matter of time alone. */
  const waitOf = (it: Place): { readonly span: Span; readonly says: string } => {
    if (line.isGiven(it.task)) return { span: seconds(1), says: 'a listing that began before is under way' }
    const { tick } = now()
    const age = Math.min(listing(it.task.set, it.task.store).age ?? Number.POSITIVE_INFINITY, tick - (tried.get(nameOf(it)) ?? Number.NEGATIVE_INFINITY))
    const span = ms(Math.max(0, it.pause - age))
    return { span, says: span > 0 ? `it was listed ${sayTime(ms(age))} ago, and is again in ${sayTime(span)}` : 'others are listed first' }
  }
  const end = (it: Place, state: 'listed' | 'not-listed', says: string): void => {
    Object.assign(it, { state, says })
    current = undefined
    next()
  }
  const next = (): void => {
    if (current) return
    for (const it of queue) if (!sets().get(it.task.set)?.in.some(({ store }) => store === it.task.store)) Object.assign(it, { state: 'not-listed', says: 'the configuration names it no more' })
    queue = queue.filter(({ state }) => state === 'waiting')
    const it = queue.find((one) => waitOf(one).span === 0)
    if (!it) return
    current = it
    queue = queue.filter((one) => one !== it)
    it.state = 'listing'
    tried.set(nameOf(it), laterTick(now().tick, ms(0)))
    // What was found is a turn by then; that it is another store than before is known only there.
    line.wait(it.task, WITHIN).then(() => {
      const { failed } = listing(it.task.set, it.task.store)
      end(it, failed === undefined ? 'listed' : 'not-listed', failed ?? '')
    }, (cause: unknown) => end(it, 'not-listed', sentence(cause)))
  }
  const answerOf = ({ id, set, places }: Look): LookAnswer => ({
    schema: 'holdfast.look/1', set, look: id, over: places.every(({ state }) => state === 'listed' || state === 'not-listed'),
    places: places.map((it) => ({ store: it.task.store, state: it.state, says: it.state === 'waiting' ? waitOf(it).says : it.says })),
  })
  return {
    ask(set) {
      const known = newest.get(set.name)
      if (known?.places.every(({ state }) => state === 'waiting') && known.places.length === set.in.length) return answerOf(known)
      const places = set.in.map(({ store, objects }): Place => ({ task: { is: 'list', set: set.name, store }, pause: objects === undefined ? PAUSE : PAUSE_OBJECTS, state: 'waiting', says: '' }))
      const look: Look = { id: ++count, set: set.name, places }
      newest.set(set.name, look)
      queue.push(...places)
      for (const name of newest.keys()) if (!sets().has(name)) newest.delete(name)
      next()
      return answerOf(look)
    },
    show(set) {
      const known = newest.get(set)
      return known && answerOf(known)
    },
    tick: next,
  }
}
