// The hand: the one process that reads credentials that delete. The watchdog starts it while the keeper has something for it to do, or something
// in doubt, and ends it afterwards, so that for nearly all of its life an installation has no process that could delete anything. It decides
// nothing: what it does was ruled on by the keeper a moment ago, is named by version, etag and size, and was written down before it hears of it.
// Killed at any moment it leaves an intent behind, and whoever comes next looks first.
import path from 'node:path'
import { Fault } from '../core/fault.ts'
import type { Stamp } from '../core/time.ts'
import { stores as plugins } from '../plugins/list.gen.ts'
import type { StoreContext } from '../ports/store.ts'
import type { Egress } from '../ports/world.ts'
import { createClock } from '../ports/world/clock.ts'
import { createEgress } from '../ports/world/egress.ts'
import { random } from '../ports/world/random.ts'
import { createResolver } from '../ports/world/resolver.ts'
import { createTimers } from '../ports/world/timers.ts'
import { stayConnected } from '../ports/wire.ts'
import type { Environment } from '../config/secret.ts'
import { forReading, type StorePlace } from '../rooms/guard/config.ts'
import { leftOf } from '../core/authority/lease.ts'
import type { FromHand, ToHand } from '../rooms/guard/acts/protocol.ts'
import { withDeleting, type Given } from './hand/credential.ts'
import { fenced } from './hand/fence.ts'
import type { Halves } from './hand/halves.ts'
import { rounds } from './hand/round.ts'
import { attachParent, toParent } from './parent.ts'
import { loneDeleting, loneReading } from './stores/lone.ts'

interface Init {
  readonly is: 'init'
  readonly runtime: string
  /** Where the configuration lies. */
  readonly folder: string
  readonly stores: readonly StorePlace[]
  /** Where the secrets of just these stores may be. */
  readonly env?: Environment
  readonly lab?: boolean
}

/** The keeper commits before it answers. */
const ANSWER_WITHIN = 10_000

const clock = createClock()
const timers = createTimers()
const resolver = createResolver({ clock, timers })
const stopped = new AbortController()
let egress: Egress | undefined
/** No request leaves after it. */
let fence: Stamp | undefined
let over: Promise<void> = Promise.resolve()
let turns = 0
const opened = new Map<string, Halves>()
const closing: (() => void)[] = []

function halvesOf({ folder, lab = false }: Init, stores: readonly Given[], name: string): Halves {
  const known = opened.get(name)
  if (known) return known
  const place = stores.find((it) => it.name === name)
  const plugin = plugins.find(({ kind }) => kind === place?.kind)
  if (!place || !plugin) throw new Fault(`no store is called “${name}”`, 'never')
  if (place.lacks !== undefined) throw new Fault(place.lacks, 'never')
  egress ??= fenced(createEgress({ clock, timers, resolver, lab }), isOver)
  const context: StoreContext = { egress, now: () => clock.now(), random, folder }
  const made = plugin.runs === 'alone' ? alone(place, folder, lab) : {
    now: () => clock.now(),
    // What looks, looks with the credential that can do no more than that.
    reading: plugin.reading(plugin.config.parse(forReading(place).settings), context), deleting: plugin.deleting(plugin.config.parse(place.settings), context),
  }
  opened.set(name, made)
  return made
}

/** A lease that is over is over for what wakes up in the middle of an act too: it asks the clock, not a timer that was frozen with it. */
const isOver = (): boolean => fence === undefined || leftOf(fence, clock.now()) === 0

function alone(place: StorePlace, folder: string, lab: boolean): Halves {
  const opening = { plugin: place, settings: place.settings, folder, lab, isOver }
  const looking = { ...opening, settings: forReading(place).settings }
  const [reading, deleting] = [loneReading({ ...looking, lab }), loneDeleting(opening)]
  closing.push(() => reading.close(), () => deleting.close())
  return { now: () => clock.now(), reading: reading.half, deleting: deleting.half }
}

async function begin(init: Init): Promise<void> {
  const given = await withDeleting(init.stores, { env: init.env ?? {}, folder: init.folder })
  const keeper = stayConnected(path.join(init.runtime, 'keeper.sock'), { onOpen: (link) => void link.send({ is: 'hello', hand: true }), onMessage: () => undefined })
  closing.push(() => keeper.close())
  const ask = async (message: FromHand): Promise<ToHand> => {
    if (!keeper.link) throw new Fault('the keeper is away')
    const told = await keeper.link.ask({ is: 'hand', message }, ANSWER_WITHIN)
    if (told.is === 'error') throw new Fault(String(told['says']))
    return told as unknown as ToHand
  }
  over = rounds({ now: () => clock.now(), timers, ask, store: (name) => halvesOf(init, given, name), stores: init.stores.map(({ name }) => name), fence: (until) => (fence = until) }, stopped.signal, () => void turns++)
  toParent({ is: 'ready' })
}

attachParent({
  onMessage(message) {
    if (message.is === 'init') void begin(message as unknown as Init)
  },
  async onStop() {
    // What is under way ends first; what does not end is looked at by the next one.
    stopped.abort()
    await over
    for (const close of closing) close()
    resolver.close()
  },
  progress: () => turns,
})
process.title = 'holdfast hand'
