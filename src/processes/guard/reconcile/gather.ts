// What a run reads, in the order that its judgement leans on: sentinels are planted, then the catalogue, the listing, the catalogue again, within one
// hour or not at all. What could not be read is left out with the reason, and what leans on it is not read any more: no later reading mends it. A run
// that was killed while it listed goes on there, with the catalogue that it had read, as long as that hour lasts.
import path from 'node:path'
import { sentence } from '../../../core/fault.ts'
import { ms, minutes, stampOf, type Span } from '../../../core/time.ts'
import type { CatalogueContext, CatalogueLimits } from '../../../ports/catalogue.ts'
import type { Declared, Reading, StoreClock } from '../../../ports/store.ts'
import { NOT_EITHER } from '../../../rooms/guard/reconcile/checks.ts'
import type { ListingRead, Read, StoreIdentity, Way } from '../../../rooms/guard/reconcile/readings.ts'
import type { ReconcileConfig } from '../../../rooms/guard/reconcile/task.ts'
import type { GuardContext } from '../context.ts'
import { takeCatalogue, type CatalogueTaken, type OpenCatalogue } from './catalogue.ts'
import { takeListing, type ListingTaken } from './listing.ts'
import { plant, type Planted, type SentinelCommand } from './sentinels.ts'
import { underWay, type Left, type UnderWay } from './under-way.ts'

export interface ReconcileContext extends GuardContext, Pick<CatalogueContext, 'egress'> {
  /** Throws a Fault where no catalogue is called so. */
  catalogue(name: string): OpenCatalogue
  /** Where files lie from run to run; made where it is not there. */
  readonly kept: (reconcile: string) => string
  /** Where the configuration lies. */
  readonly home: string
  readonly observer: string
  /** Shorter in tests. */
  readonly limits?: Partial<CatalogueLimits>
}

export interface ListedStore {
  readonly taken: ListingTaken
  readonly read: Read<ListingRead>
  readonly declared: Declared
  readonly clock: StoreClock
}

export interface Gathered {
  readonly planted: Planted
  readonly before?: CatalogueTaken
  readonly listed?: ListedStore
  readonly after?: CatalogueTaken
  /** Why something is missing, by its input. */
  readonly missing: { readonly before?: string; readonly listing?: string; readonly after?: string }
}

/** From the first reading of the catalogue to the end of the second. */
export const WITHIN: Span = minutes(58)
/** How long each step of a reading may take. */
export const LIMITS: CatalogueLimits = { connect: ms(15_000), statement: minutes(20), lock: ms(10_000) }

/** The operator's command that plants sentinels, or takes them away again. */
export const commandOf = ({ sentinels, name, prefix }: ReconcileConfig, { home }: Pick<ReconcileContext, 'home'>, what: 'plant' | 'remove', signal: AbortSignal): SentinelCommand =>
  ({ argv: sentinels[what], folder: home, reconcile: name, prefix, signal })

/** Reads all of it, as far as it goes. */
export async function gather(config: ReconcileConfig, context: ReconcileContext, signal: AbortSignal): Promise<Gathered> {
  const way = underWay(context.kept(config.name), config, context.now())
  const planted = way.left?.planted ?? await plant(commandOf(config, context, 'plant', signal))
  const limit = new AbortController()
  const cancel = context.timers.after(leftOf(way, context), () => limit.abort(new Error('it took longer than an hour')))
  try {
    return { planted, ...(await readings(config, context, { way, planted }, AbortSignal.any([signal, limit.signal]))) }
  } finally {
    cancel()
  }
}

/** What is left of the hour of this run, which began with its first catalogue. */
const leftOf = ({ left }: UnderWay, context: ReconcileContext): Span => (left === undefined ? WITHIN : ms(Math.max(0, WITHIN - (context.now().tick - left.before.snapshot.value.began.tick))))

interface Begun {
  readonly way: UnderWay
  readonly planted: Planted
}

async function readings(config: ReconcileConfig, context: ReconcileContext, begun: Begun, signal: AbortSignal): Promise<Omit<Gathered, 'planted'>> {
  const { folder, left } = begun.way
  const open = openedOf(config, context)
  if ('says' in open) return { missing: { before: open.says, listing: LATER, after: LATER } }
  const want = { rows: config.rows, intents: config.intents, lockColumn: config.lockColumn, prefix: Buffer.from(config.prefix), limits: { ...LIMITS, ...context.limits } }
  const take = (label: string) => takeCatalogue(open, want, context, { folder, label, observer: context.observer, signal })
  context.say(left ? `going on behind ${left.listing.stands.count} objects, where it was broken off` : 'reading the catalogue')
  const before = left?.before ?? await take('before')
  if (before.is === 'unread') return { missing: { before: before.says, listing: LATER, after: LATER } }
  if (!left) context.say('listing the store')
  const listed = await listStore(config, context, { ...begun, before }, signal).catch((cause: unknown) => ({ says: sentence(cause) }))
  if ('says' in listed) return { before, missing: { listing: listed.says, after: LATER } }
  context.say('reading the catalogue again')
  const after = await take('after')
  return after.is === 'unread' ? { before, listed, missing: { after: after.says } } : { before, listed, after, missing: {} }
}

/** What comes before it could not be read, and that is what is told. */
const LATER = NOT_EITHER

function openedOf({ catalogue }: ReconcileConfig, context: ReconcileContext): OpenCatalogue | { readonly says: string } {
  try {
    return context.catalogue(catalogue)
  } catch (cause) {
    return { says: sentence(cause) }
  }
}

async function listStore({ store, prefix }: ReconcileConfig, context: ReconcileContext, { way, planted, before }: Begun & { readonly before: CatalogueTaken }, signal: AbortSignal): Promise<ListedStore> {
  const reading: Reading = context.reading(store)
  const { left, folder } = way
  const { at, identity, declared }: Pick<Left, 'at' | 'identity' | 'declared'> = left ?? { at: context.now(), identity: await reading.identify(signal), declared: await reading.declared(signal) }
  const taken = await takeListing({
    reading, prefix, folder, now: context.now, timers: context.timers, signal, say: (objects) => context.say(`listing the store: ${objects} objects`),
    ...(left && { resume: left.listing }), note: (listing) => way.note({ planted, before, at, identity, declared, listing }),
  })
  const [again, now] = [await reading.identify(signal), await reading.declared(signal)]
  if (again.id !== identity.id) throw new Error(`it became another store meanwhile: it was ${identity.says}, and is ${again.says}`)
  if (now.versioning !== declared.versioning) throw new Error(`its versioning was ${declared.versioning} when the listing began, and is ${now.versioning}`)
  const value: ListingRead = { store: storeOf(identity), began: taken.began, ended: taken.ended, final: true, odd: taken.odd }
  return { taken, read: { value, subject: `store ${store}`, observer: context.observer, at: at.wall, seen: stampOf(at) }, declared: now, clock: await reading.clock(signal) }
}

const storeOf = ({ kind, id, says }: { readonly kind: string; readonly id: string; readonly says: string }): StoreIdentity => ({ endpoint: kind, bucket: says, region: id })

/** How the store puts things aside, as far as somebody can tell who only looks. */
export const wayOf = ({ versioning, noncurrent }: Declared): Way => ({
  versioning: versioning === 'enabled' || versioning === 'suspended' ? versioning : 'none',
  noncurrent: noncurrent.is === 'for ever' ? 'ever' : noncurrent.is === 'for' ? noncurrent.span : undefined,
  conditionalDelete: undefined, lockHolds: undefined,
})

/** A spool of this run. */
export const spoolAt = ({ folder }: Pick<GuardContext, 'folder'>, name: string): string => path.join(folder, name)

