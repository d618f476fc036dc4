// Listings that somebody asked for, because they know of a copy that came: a set is listed in all its stores, now, instead of when that falls due. One listing of
// these at a time, of all sets, and none of a place that was listed within a minute (a bucket of objects: a quarter of an hour): whoever asks more often waits, and reads for how long. A
// listing that had begun before somebody asked is none of theirs. All who ask while a place waits share the one listing of it that is to come: however often they ask, no place stands in the
// queue twice, and one that had its turn goes behind all others. What is found is recorded and judged as always; here stands only how far it is,
// in memory: after a restart it is asked for anew.
import { minutes, ms, sayTime, seconds, type Now, type Span, type Tick } from '../../core/time.ts'
import { sentence } from '../../core/fault.ts'
import type { ListTask } from '../../rooms/guard/protocol.ts'
import type { KnownListing } from '../../rooms/guard/rows.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { LookAnswer } from '../../views/drills.ts'
import type { GuardLine } from './line.ts'

export interface Looks {
  /** One in which nothing has begun is as good as a new one. */
  ask(set: BackupSet): LookAnswer
  /** How far the one of that number is, or the newest where it is not known; `undefined` where nobody asked since this process began. */
  show(set: string, look?: number): LookAnswer | undefined
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

interface Place { readonly task: ListTask; state: LookAnswer['places'][number]['state']; says: string }
interface Look { readonly id: number; readonly set: string; readonly places: readonly Place[] }

const PAUSE: Span = minutes(1)
const PAUSE_OBJECTS: Span = minutes(15)
const WITHIN: Span = minutes(65)
/** Of each set: whoever asks each minute while a listing takes its hour finds their own. */
const MOST_KEPT = 100

export function createLooks({ now, line, sets, listing }: LooksWants): Looks {
  const asked = new Map<string, readonly Look[]>()
  const tried = new Map<string, Tick>()
  let queue: Place[] = []
  let current: Place | undefined
  let count = 0
  const nameOf = ({ task: { set, store } }: Pick<Place, 'task'>): string => JSON.stringify([set, store])
  const within = ({ task }: Place): BackupSet['in'][number] | undefined => sets().get(task.set)?.in.find(({ store }) => store === task.store)

  /** How long it has to wait for its turn; why, where that is not a matter of time alone. */
  const waitOf = (it: Place): { readonly span: Span; readonly says: string } => {
    if (line.isGiven(it.task)) return { span: seconds(1), says: 'a listing that began before is under way' }
    const { tick } = now()
    const age = Math.min(listing(it.task.set, it.task.store).age ?? Number.POSITIVE_INFINITY, tick - (tried.get(nameOf(it)) ?? Number.NEGATIVE_INFINITY))
    const pause = within(it)?.objects === undefined ? PAUSE : PAUSE_OBJECTS
    const span = ms(Math.max(0, pause - age))
    return { span, says: span > 0 ? `it was listed ${sayTime(ms(age))} ago, and is again in ${sayTime(span)}` : 'others are listed first' }
  }
  const end = (it: Place, state: 'listed' | 'not-listed', says: string): void => {
    Object.assign(it, { state, says })
    current = undefined
    tried.set(nameOf(it), now().tick)
    // One that takes an hour to fail is not to have the next hour too while others wait.
    queue = [...queue.filter((one) => nameOf(one) !== nameOf(it)), ...queue.filter((one) => nameOf(one) === nameOf(it))]
    next()
  }
  const next = (): void => {
    if (current) return
    for (const it of queue) if (!within(it)) Object.assign(it, { state: 'not-listed', says: 'the configuration names it no more' })
    queue = queue.filter(({ state }) => state === 'waiting')
    const it = queue.find((one) => waitOf(one).span === 0)
    if (!it) return
    current = it
    queue = queue.filter((one) => one !== it)
    Object.assign(it, { state: 'listing', says: '' })
    // What was found is a turn by then; that it is another store than before is known only there.
    line.wait(it.task, WITHIN, (says) => void Object.assign(it, { says })).then(() => {
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
      const places = set.in.map(({ store }): Place => {
        const task: ListTask = { is: 'list', set: set.name, store }
        return queue.find((one) => nameOf(one) === nameOf({ task })) ?? { task, state: 'waiting', says: '' }
      })
      const known = asked.get(set.name) ?? []
      const newest = known.at(-1)
      if (newest?.places.length === places.length && newest.places.every((it, n) => it === places[n])) return answerOf(newest)
      const look: Look = { id: ++count, set: set.name, places }
      asked.set(set.name, [...known, look].slice(-MOST_KEPT))
      queue.push(...places.filter((it) => !queue.includes(it)))
      for (const name of asked.keys()) if (!sets().has(name)) asked.delete(name)
      next()
      return answerOf(look)
    },
    show(set, look) {
      const known = asked.get(set) ?? []
      const found = known.find(({ id }) => id === look) ?? known.at(-1)
      return found && answerOf(found)
    },
    tick: next,
  }
}
