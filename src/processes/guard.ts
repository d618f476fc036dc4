// The guard process: long reads of stores that must not delay anything else. It holds credentials that list and read, and none that delete. It
// is given tasks by the keeper and answers each once; killed at any moment it leaves nothing undone, since what it does is reading:
// the keeper gives the tasks anew. What it writes on the way lies in one folder, which is emptied at its start.
import { mkdirSync, rmdir, rmSync } from 'node:fs'
import { setPriority } from 'node:os'
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Fault, sentence } from '../core/fault.ts'
import { catalogues as databases, stores as plugins } from '../plugins/list.gen.ts'
import type { Reading, StoreContext } from '../ports/store.ts'
import type { Egress } from '../ports/world.ts'
import { createClock } from '../ports/world/clock.ts'
import { createEgress } from '../ports/world/egress.ts'
import { random } from '../ports/world/random.ts'
import { createResolver } from '../ports/world/resolver.ts'
import { createTimers } from '../ports/world/timers.ts'
import { stayConnected, type Link, type Wire } from '../ports/wire.ts'
import type { BreakGlass, StorePlace } from '../rooms/guard/config.ts'
import type { DrillReport } from '../rooms/guard/drills/report.ts'
import type { DrillTask, FromGuard, Task, ToGuard } from '../rooms/guard/protocol.ts'
import type { CataloguePlace } from '../rooms/guard/reconcile/config.ts'
import type { ReconcileConfig } from '../rooms/guard/reconcile/task.ts'
import type { BackupSet } from '../rooms/guard/sets/set.ts'
import type { GuardContext } from './guard/context.ts'
import { perform as drill } from './guard/drill.ts'
import { GIVES_WAY, mayBegin, type AtWork } from './guard/drill/turns.ts'
import { perform as list } from './guard/list.ts'
import { patient } from './guard/patience.ts'
import { listWhole } from './guard/objects/listing.ts'
import { walkObjects } from './guard/objects/walk.ts'
import { perform as verify } from './guard/verify.ts'
import { perform as reconcile, type ReconcileContext } from './guard/reconcile.ts'
import type { OpenCatalogue } from './guard/reconcile/catalogue.ts'
import { recheck } from './guard/reconcile/recheck.ts'
import { attachParent, toParent } from './parent.ts'
import { loneReading } from './stores/lone.ts'

interface Init {
  readonly is: 'init'
  readonly runtime: string
  /** The data folder: its own folder lies in it. */
  readonly data: string
  /** Where the configuration lies. */
  readonly folder: string
  readonly stores: readonly StorePlace[]
  readonly sets: readonly BackupSet[]
  readonly reconciles: readonly ReconcileConfig[]
  readonly catalogues: readonly CataloguePlace[]
  /** Of repositories, by their sets' names. */
  readonly passwords: Readonly<Record<string, string>>
  readonly breakGlass: BreakGlass
  readonly lab?: boolean
}

/** Tasks at work at once; the others wait in their order. */
const MOST_AT_WORK = 4

interface Opened {
  readonly half: Reading
  close(): void
}

const clock = createClock()
const timers = createTimers()
const resolver = createResolver({ clock, timers })
let egress: Egress | undefined
let init: Init | undefined
let connection: ReturnType<typeof stayConnected> | undefined
const opened = new Map<string, Opened>()
const waiting: { readonly id: string; readonly task: Task }[] = []
const atWork = new Map<string, AbortController>()
/** The drills that are at work, by their tasks' ids. */
const drilling = new Map<string, AtWork>()

const say = (message: FromGuard): void => void connection?.link?.send({ ...message })

const wayOut = (): Egress => (egress ??= createEgress({ clock, timers, resolver, lab: init?.lab === true }))

/** `glass`: with the credential that lies behind it, in the place of the one that reads always. */
function readingOf(name: string, how: 'always' | 'glass' = 'always'): Reading {
  const id = `${how} ${name}`
  const known = opened.get(id)
  if (known) return known.half
  const place = init?.stores.find((it) => it.name === name)
  const plugin = plugins.find(({ kind }) => kind === place?.kind)
  if (!init || !place || !plugin) throw new Fault(`no store is called “${name}”`, 'never')
  const glass = init.breakGlass.stores[name]
  if (how === 'glass' && glass === undefined) throw new Fault(`${name} has no break_glass credential`, 'never')
  const settings = how === 'glass' ? { ...place.settings, read: glass } : place.settings
  const context: StoreContext = { egress: wayOut(), now: () => clock.now(), random, folder: init.folder }
  const made: Opened = plugin.runs === 'alone'
    ? loneReading({ plugin, settings, folder: init.folder, lab: init.lab === true })
    : { half: plugin.reading(plugin.config.parse(settings), context), close: () => undefined }
  opened.set(id, made)
  return made.half
}

/** The store as one task asks it: whoever waits for that hears when nothing comes. */
const patientlyOf = (id: string) => (store: string): Reading => patient(readingOf(store), { store, now: () => clock.now(), timers, say: (says) => say({ is: 'task-progress', id, says }) })

const contextFor = (id: string, data: string): GuardContext => ({
  reading: patientlyOf(id), password: (set) => (Object.hasOwn(init?.passwords ?? {}, set) ? init?.passwords[set] : undefined), now: () => clock.now(), timers, folder: path.join(data, 'guard', id), say: (progress) => say({ is: 'task-progress', id, says: progress }),
})

function catalogueOf(name: string): OpenCatalogue {
  const place = init?.catalogues.find((it) => it.name === name)
  const plugin = databases.find(({ kind }) => kind === place?.kind)
  if (!place || !plugin) throw new Fault(`no catalogue is called “${name}”`, 'never')
  return { name, plugin, settings: plugin.config.parse(place.settings) }
}

function reconciled(task: Extract<Task, { readonly is: 'reconcile' | 'recheck' }>, given: GuardContext, signal: AbortSignal): Promise<unknown> {
  const config = init?.reconciles.find(({ name }) => name === task.reconcile)
  if (!init || !config) throw new Fault(`no reconcile is called “${task.reconcile}”`, 'never')
  const { data, folder } = init
  // Beside what is emptied at every start: one run leans on what the one before it left there.
  const kept = (name: string): string => path.join(data, 'reconcile', name)
  const context: ReconcileContext = { ...given, egress: wayOut(), catalogue: catalogueOf, kept, home: folder, observer: 'guard' }
  return task.is === 'recheck' ? recheck(config, task, context, signal) : reconcile({ config, knows: task.knows }, context, signal)
}

/** Of the store that its drills come `from` it is read with what lies behind glass, and with nothing else. */
function drilled({ store, copy, at, manifest, planted, whole, within }: DrillTask, set: BackupSet, { given, kept }: { readonly given: GuardContext; readonly kept: string }, signal: AbortSignal): Promise<DrillReport> {
  const { name, engine, in: lies, database, drill: wanted, every, grace } = set
  const isGlass = wanted?.from === store
  const { application, http, atMost } = wanted ?? {}
  const place = lies.find((it) => it.store === store)
  const wal = place?.wal
  const others = lies.flatMap((it) => (it.store === store || it.objects === undefined ? [] : [{ store: it.store, prefix: it.objects }]))
  const objects = whole && place?.objects !== undefined ? { objects: { ...whole, prefix: place.objects, folder: kept, others, every, grace } } : {}
  const secret = init?.breakGlass.sets[name]
  const context: GuardContext = isGlass ? { ...given, reading: (it) => readingOf(it, 'glass'), ...(secret === undefined ? {} : { password: () => secret }) } : given
  const breakGlass = given.password?.(name) === undefined || secret !== undefined ? 'whole' : 'store'
  return drill({
    set: name, store, engine, copy, at, within, assert: wanted?.assert ?? [], ...(atMost === undefined ? {} : { atMost }), ...(manifest ? { manifest } : {}), ...(planted ? { planted } : {}), ...(wal === undefined ? {} : { wal }), ...(database === undefined ? {} : { database }),
    ...(application ? { application, ...(http ? { http } : {}) } : {}), ...(isGlass ? { breakGlass } : {}), ...objects,
  }, context, signal)
}

function performed(task: Task, context: GuardContext, signal: AbortSignal): Promise<unknown> {
  if (task.is === 'reconcile' || task.is === 'recheck') return reconciled(task, context, signal)
  const set = init?.sets.find(({ name }) => name === task.set)
  const lies = set?.in.find((it) => it.store === task.store)
  if (!set || !lies) throw new Fault(`no set “${task.set}” lies in “${task.store}”`, 'never')
  // Beside what is emptied at every start: one round leans on the one before it.
  const kept = path.join(init?.data ?? '', 'objects', `${task.set}@${task.store}`)
  switch (task.is) {
    case 'walk': return walkObjects({ ...task, folder: kept }, context, signal)
    case 'list': return lies.objects !== undefined ? listWhole({ store: task.store, prefix: lies.objects, key: lies.pattern.text, folder: kept }, context, signal) : list({ store: task.store, pattern: lies.pattern, ...(task.what === 'everything' && { below: lies.repository }) }, context, signal)
    case 'verify': return verify(task, context, signal)
    case 'drill': return drilled(task, set, { given: context, kept }, signal).finally(() => rmdir(context.folder, () => undefined))
  }
}

async function work({ id, task }: { readonly id: string; readonly task: Task }): Promise<void> {
  if (!init) return
  const limit = new AbortController()
  atWork.set(id, limit)
  try {
    say({ is: 'task-done', id, result: await performed(task, contextFor(id, init.data), limit.signal) })
  } catch (cause) {
    say({ is: 'task-failed', id, says: sentence(cause).slice(0, 500) })
  } finally {
    atWork.delete(id)
    drilling.delete(id)
    next()
  }
}

/** Drills take turns. Single keys are asked for at once: whoever wants to know is about to act. */
function next(): void {
  for (let at = waiting.findIndex(({ task }) => task.is === 'recheck'); at >= 0; at = waiting.findIndex(({ task }) => task.is === 'recheck')) for (const one of waiting.splice(at, 1)) void work(one)
  while (atWork.size < MOST_AT_WORK) {
    const at = waiting.findIndex(({ task }) => task.is !== 'drill' || mayBegin(task.set, [...drilling.values()], clock.now().tick))
    const [one] = at < 0 ? [] : waiting.splice(at, 1)
    if (!one) return
    if (one.task.is === 'drill') {
      drilling.set(one.id, { set: one.task.set, began: clock.now().tick })
      say({ is: 'task-begun', id: one.id })
      timers.after(GIVES_WAY, next)
    }
    void work(one)
  }
}

function hear(message: ToGuard): void {
  if (message.is === 'drop') {
    const at = waiting.findIndex(({ id }) => id === message.id)
    if (at >= 0) waiting.splice(at, 1)
    atWork.get(message.id)?.abort()
    return
  }
  // A keeper that came back gives its tasks anew.
  if (atWork.has(message.id) || waiting.some(({ id }) => id === message.id)) return
  waiting.push({ id: message.id, task: message.task })
  next()
}

function configure({ stores, sets, passwords, breakGlass, reconciles, catalogues }: Init): void {
  if (!init) return
  const before = JSON.stringify([init.stores, init.breakGlass])
  init = { ...init, stores, sets, passwords, breakGlass, reconciles, catalogues }
  if (JSON.stringify([stores, breakGlass]) === before) return
  for (const one of opened.values()) one.close()
  opened.clear()
}

function begin(given: Init): void {
  init = given
  const folder = path.join(given.data, 'guard')
  // What a killed drill left may still be written into by programs that are dying with it.
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  connection?.close()
  connection = stayConnected(path.join(given.runtime, 'keeper.sock'), {
    onOpen: (link: Link) => void link.send({ is: 'hello', guard: true }),
    onMessage: (message: Wire) => {
      if (message.is === 'task' || message.is === 'drop') hear(message as unknown as ToGuard)
    },
    // What was asked for by a keeper that is gone is asked for again, under numbers of its own.
    onLost() {
      waiting.length = 0
      for (const limit of atWork.values()) limit.abort()
    },
  })
  toParent({ is: 'ready' })
}

// A page of a listing is garbage as soon as it is spooled, and a big heap is never tidied up: it would stand at 300 MB.
setFlagsFromString('--optimize-for-size')
// What is left of it is small, and must not be walked through for every few pages.
setFlagsFromString('--heap-growing-percent=200')
// Whatever is read here, pages and looks go first.
setPriority(10)
attachParent({
  onMessage(message) {
    if (message.is === 'init') begin(message as unknown as Init)
    if (message.is === 'config') configure(message as unknown as Init)
  },
  onStop() {
    for (const one of opened.values()) one.close()
    connection?.close()
  },
})
