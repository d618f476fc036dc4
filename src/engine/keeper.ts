// The keeper without its sockets: ledger, rooms and engine of one node, as something that takes messages and time and gives
// messages back. The process wires it to siblings and to the clock; the simulator drives the very same code. The line to the
// ringer, the pushes to web and the lookout each have a file of their own; here they are put together.
import type { Deed } from '../core/deed.ts'
import { makeToken, readToken, type Permit } from '../core/link.ts'
import { keyFor } from '../core/seal.ts'
import { signerOf, type Signer } from '../rooms/guard/drills/signature.ts'
import { ms, type Instant, type Now, type Span, type Tick } from '../core/time.ts'
import type { Room, Tx } from '../db/room.ts'
import type { Store } from '../db/store.ts'
import type { Samples } from '../db/samples.ts'
import type { Message } from '../ports/channel.ts'
import type { HttpReply, HttpWant, Random } from '../ports/world.ts'
import { changeRoom, type ChangeRoom } from '../rooms/change/index.ts'
import { createHostsHeard, type HostsHeard } from '../rooms/change/heard/hosts-heard.ts'
import { createMembersHeard, type MembersHeard } from '../rooms/change/heard/members-heard.ts'
import type { ToScout } from '../rooms/change/heard/protocol.ts'
import { guardRoom, type GuardRoom } from '../rooms/guard/index.ts'
import type { ToGuard } from '../rooms/guard/protocol.ts'
import { loadListing } from '../rooms/guard/rows.ts'
import { pageRoom, type PageRoom } from '../rooms/page/index.ts'
import type { DigestDeed, RingDeed } from '../rooms/page/delivery.ts'
import { planInForce, type Plan } from '../rooms/page/plan.ts'
import type { FromRinger, ToRinger } from '../rooms/page/protocol.ts'
import { loadCovers } from '../rooms/page/rows.ts'
import type { SendDeed } from '../rooms/people/approach.ts'
import { peopleRoom, type Member, type PeopleRoom } from '../rooms/people/index.ts'
import { tellRoom, type TellRoom } from '../rooms/tell/index.ts'
import type { Closed } from '../rooms/watch/heartbeat.ts'
import { watchRoom, type WatchRoom } from '../rooms/watch/index.ts'
import type { ToKeeper, ToProber } from '../rooms/watch/protocol.ts'
import { createWatcher, type Watcher } from '../rooms/watch/watcher.ts'
import type { ToWeb } from '../views/answers.ts'
import { accessRoom, awaitExpiry } from './access.ts'
import { renderApproval } from './agreement/message.ts'
import { createDoerLine, type DoerLine } from './change/doing/doer-line.ts'
import { announcingRoom } from './change/announcing.ts'
import { createEngine, type Engine, type Suspects } from './engine.ts'
import { createHandLine, type HandLine } from './guard/hand-line.ts'
import { createGuardLine, type GuardLine } from './guard/line.ts'
import { createLooks, type Looks } from './guard/looks.ts'
import { anchorChecks, reconcilesIn, setsIn, type InForce, storeOf } from './in-force.ts'
import { earsOf } from './change/doing/ears.ts'
import { groundFor } from './change/grounds.ts'
import { ledIn } from './change/led.ts'
import { voidingRoom } from './change/asking/voiding.ts'
import { createRollings, siblingsRoom } from './change/rolling/rollings.ts'
import { createRuns, type Runs } from './change/runs.ts'
import { createLookout } from './lookout.ts'
import { createPushes } from './pushes.ts'
import { createRingerLine, type RingerLine } from './ringer-line.ts'
import { newSignIns, type SignIns } from './sign-ins.ts'

export type { InForce } from './in-force.ts'

export interface KeeperPorts {
  readonly now: () => Now
  readonly suspects: Suspects
  /** False when the ringer cannot be reached. */
  readonly toRinger: (message: ToRinger) => boolean
  readonly toProbers: (message: ToProber) => void
  readonly toWeb: (message: ToWeb) => void
  readonly toWorkers: (message: ToWeb) => void
  /** False when the process that reads stores is not there. */
  readonly toGuard?: (message: ToGuard) => boolean
  /** False when there is no scout. */
  readonly toScout?: (message: ToScout) => boolean
  /** All who look forget where names led; false where one of them has not said so in time. Absent: nobody keeps any. */
  readonly forgetNames?: (within: Span) => Promise<boolean>
  /** Addresses and names of the machine that it runs on. */
  readonly machine?: () => readonly string[]
  /** Somebody draws boards: without anybody they need not be made. */
  readonly boardsWanted: () => boolean
  /** A line for whoever started Holdfast. */
  readonly say: (line: string) => void
  readonly freeReserve: () => boolean
  readonly onBroken: (says: string, cause: unknown) => void
  /** One request outside, for sign-in by an identity provider: bounded in time and bytes. Absent where there is no way out. */
  readonly reach?: (want: Omit<HttpWant, 'signal' | 'maxBody'>) => Promise<HttpReply>
  /** Something waits for the next batch. */
  readonly onAsked: () => void
  /** A ring or notice as a message to a person; undefined when the person or channel is gone. */
  readonly render: (keeper: Keeper, deed: RingDeed) => Message | string
  readonly renderDigest: (keeper: Keeper, deed: DigestDeed) => Message | string
}

export interface Rooms {
  readonly watch: WatchRoom
  readonly page: PageRoom
  readonly tell: TellRoom
  readonly people: PeopleRoom
  readonly guard: GuardRoom
  readonly change: ChangeRoom
  readonly access: Room
}

/** As the store wants them. */
export const allOf = ({ watch, page, tell, people, guard, change, access }: Rooms): readonly Room[] => [watch, page, tell, people, guard, change, access, announcingRoom(tell.planned), siblingsRoom({ change, page, people }), voidingRoom({ people })]

/** What became of a database that could not be gone on with, or was not there: a sentence's end, and the name under which it was kept. */
export interface Damaged {
  readonly kept: string | undefined
  readonly says: string
}

/** What is known at a start. */
export interface Facts {
  readonly version: string
  readonly cleanStop: boolean
  /** When nobody listened. */
  readonly gap: Closed | undefined
  readonly damaged: Damaged | undefined
  readonly store: string
}

/** A board was written to one of its places, or not. */
export interface Published {
  readonly slug: string
  readonly target: string
  readonly outcome: 'done' | 'failed'
  readonly says: string
}

export interface Keeper {
  readonly store: Store
  readonly engine: Engine
  readonly rooms: Rooms
  readonly watcher: Watcher
  readonly samples: Samples | undefined
  readonly config: InForce
  readonly plan: Plan
  readonly now: () => Now
  readonly random: Random
  /** How long Holdfast has run on this store altogether: counted by a clock that nobody sets, so never too much. */
  lived(): Span
  readonly signIns: SignIns
  /** What a link permits, by the node's key; that key never leaves this file. */
  readLink(token: string): Permit | undefined
  linkFor(permit: Permit): string
  /** Missing things that a person should know of. */
  readonly missing: string[]
  readonly ports: KeeperPorts
  configure(config: InForce): Promise<void>
  /** Records the start, with the time in which nobody listened. */
  start(facts: Facts): Promise<void>
  ringerOpened(): void
  ringerLost(): void
  fromRinger(message: FromRinger): void
  fromProber(message: ToKeeper): void
  /** What came of writing a board somewhere. */
  published(report: Published): void
  /** A prober connected: it gets its timetable. */
  proberOpened(): void
  webOpened(): void
  /** Long reads of stores, as tasks to the process that makes them. */
  readonly guard: GuardLine
  /** Listings of stores that somebody asked for. */
  readonly looks: Looks
  /** The one process that acts on stores, as it asks. */
  readonly hand: HandLine
  /** The processes that do the deeds of runs, one each. */
  readonly doers: DoerLine
  /** What hosts said of themselves, as long as that is fresh. */
  readonly hosts: HostsHeard
  /** What members of clusters said, likewise. */
  readonly members: MembersHeard
  /** Planned work that goes on. */
  readonly runs: Runs
  /** One batch; call it in a loop. */
  cycle(): number
  /** Once a second. */
  tick(): void
  /** Milliseconds until `cycle` has something to do. */
  idleFor(): number
  /** Until when a look that was asked for by a person is awaited. */
  awaitLook(check: string, act: () => void): void
  readonly closed: readonly Closed[]
}

/** A loop that stood still for this long was away: the ringer may have gone on alone. */
const GAP = 5000
/** So many times in which nobody listened are remembered. */
const MOST_CLOSED = 50

export interface KeeperOptions {
  readonly open: (rooms: Rooms) => Store
  readonly samples: Samples | undefined
  readonly config: InForce
  readonly ports: KeeperPorts
  /** Seals what is secret at rest. */
  readonly key: Uint8Array
  readonly random: Random
}

/** What changes while the keeper lives. */
interface Memory {
  config: InForce
  plan: Plan
  storeId: string
  closed: Closed[]
  lastCycle: Tick
  version: string
  readonly signer: Signer
}

export function createKeeper(options: KeeperOptions): Keeper {
  const { ports, samples } = options
  const { now } = ports
  const memory: Memory = { config: options.config, plan: options.config.plan, storeId: '', closed: [], lastCycle: now().tick, version: '', signer: signerOf(keyFor(options.key, 'restore reports')) }
  const line = createRingerLine({
    now, send: ports.toRinger, plan: () => memory.plan, led: () => ledIn(store.sql), memory: () => memory.storeId, store: () => store, engine: () => engine, page: () => rooms.page,
    message: (deed) => messageOf(keeper, deed),
  })
  const guard = createGuardLine({ now, send: (message) => ports.toGuard?.(message) ?? false, turn: (name, act) => engine.turn(name, act), room: () => rooms.guard, prepare: (task) => hand.prepare(task) })
  const hand = createHandLine({ now, lived: () => keeper.lived(), sql: () => store.sql, acts: () => rooms.guard.acts, turn: (name, act) => engine.turn(name, act), wait: (task, within) => guard.wait(task, within), storeOf: (name) => storeOf(memory.config, name), rules: (tx, job) => rooms.guard.rules(tx, job), sets: () => setsIn(memory.config), shrink: () => memory.config.shrink ?? 1, retentionOf: (name) => reconcilesIn(memory.config).get(name)?.retention ?? ms(Number.NaN) })
  const [doers, rollings] = [createDoerLine({ now, ...earsOf(() => keeper) }), createRollings(() => keeper)]
  const pushes = createPushes({ now, store: () => store, config: () => memory.config, toWeb: ports.toWeb, toWorkers: ports.toWorkers, boardsWanted: ports.boardsWanted, say: ports.say })
  const rooms: Rooms = {
    watch: watchRoom({ checks: () => watcher.checks, closed: () => memory.closed, moved: (check, side) => watcher.moved(check, side) }),
    page: pageRoom({ plan: () => memory.plan, changed: line.changed }),
    people: peopleRoom({ key: keyFor(options.key, 'people'), random: options.random, lived: () => keeper.lived(), members: () => membersOf(memory.plan) }),
    guard: guardRoom({ origin: () => ({ node: store.node, version: memory.version, signer: memory.signer }), sets: () => setsIn(memory.config), ask: guard.ask, lived: () => keeper.lived(), reconciles: () => reconcilesIn(memory.config), shrink: () => memory.config.shrink ?? 1, way: () => undefined }),
    change: changeRoom(),
    access: accessRoom(() => pushes.tokens()),
    tell: tellRoom({
      boards: () => memory.config.boards, timezone: () => memory.config.site.timezone,
      isHeartbeat: (name) => watcher.checks.get(name)?.kind === 'heartbeat', changed: pushes.boardsChanged,
    }),
  }
  const store = options.open(rooms)
  const [bornAt, livedBefore] = [now().tick, Number(store.meta('lived') ?? '0')]
  const engine = createEngine({
    store, now, suspects: ports.suspects, perform: (deed: Deed) => line.perform(deed), onFull: () => goOnFromReserve(keeper), onBroken: ports.onBroken, onAsked: ports.onAsked,
    setAside: (tx, row) => {
      tx.append({ is: 'engine.setAside', stream: `turn:${row.what}`, body: { ...row, at: tx.now.wall } })
      rooms.page.openNode(tx, 'set-aside', 'A piece of work was set aside', `${row.what} ${row.key}: ${row.says}`)
    },
  })
  const unpublished = new Map<string, number>()
  const lookout = createLookout(samples, ports.say)
  const watcher = createWatcher({ now, turn: (name, act) => engine.turn(name, act), lookAt: (checks) => ports.toProbers({ is: 'look', checks }), onLooked: lookout.took, ground: groundFor(() => keeper) })
  const sendTimetable = (): void => ports.toProbers(timetableOf(memory.config))

  const keeper: Keeper = {
    store, engine, rooms, watcher, samples, ports, now, guard, hand, doers, looks: createLooks({ now, line: guard, sets: () => setsIn(memory.config), listing: (set, of) => loadListing(store.sql, set, of, now()) }), hosts: createHostsHeard(), members: createMembersHeard(), runs: createRuns(() => keeper), missing: [], random: options.random, signIns: newSignIns(),
    readLink: (token) => readToken(options.key, token),
    linkFor: (permit) => makeToken(options.key, permit),
    lived: () => ms(livedBefore + Math.max(0, Math.floor(now().tick - bornAt))),
    get config() {
      return memory.config
    },
    get plan() {
      return memory.plan
    },
    get closed() {
      return memory.closed
    },
    async configure(config) {
      [memory.config, memory.plan] = [config, planInForce(config.plan, loadCovers(store.sql, now().wall))]
      keeper.hosts.keep(config.change?.hosts.map(({ name }) => name) ?? [])
      keeper.members.keep(config.change?.clusters.map(({ name }) => name) ?? [])
      hand.forget()
      await engine.turn('config', (tx) => configureRooms(keeper, tx))
      sendTimetable()
      pushes.all()
      line.refresh()
    },
    start: (facts) => {
      [memory.storeId, memory.version] = [facts.store, facts.version]
      memory.closed = withGap(JSON.parse(store.meta('closed') ?? '[]') as Closed[], facts.gap)
      return recordStart(keeper, facts)
    },
    ringerOpened: line.opened,
    ringerLost: line.lost,
    fromRinger: line.hear,
    fromProber(message) {
      if (message.is === 'looked') watcher.looked(message.results)
      else if (message.is === 'stuck' || message.is === 'unstuck') takeStuck(keeper, message)
    },
    published: (report) => takePublished(keeper, report, unpublished),
    // Before the checks are configured there is nobody to take results in; `configure` sends it then.
    proberOpened: () => void (watcher.checks.size > 0 && sendTimetable()),
    webOpened: pushes.all,
    cycle() {
      const at = now().tick
      if (at - memory.lastCycle > GAP) {
        memory.closed = withGap(memory.closed, { from: (now().wall - (at - memory.lastCycle)) as Instant, to: now().wall })
        line.wasAway()
      }
      const turns = engine.cycle(line.holding ? 'asked' : 'all')
      memory.lastCycle = now().tick
      return turns
    },
    tick() {
      samples?.flush(now().wall, 250)
      for (const one of [watcher, line, guard, keeper.looks, hand, keeper.runs, rollings, doers]) one.tick()
      pushes.tick(healthOf(engine, line))
    },
    idleFor: () => engine.idleFor(),
    awaitLook(check, act) {
      lookout.await(check, act)
      ports.toProbers({ is: 'look', checks: [check] })
    },
  }
  return keeper
}

const timetableOf = (config: InForce): ToProber => ({ is: 'timetable', version: config.version, checks: [...config.checks, ...anchorChecks(config)] })

function messageOf(keeper: Keeper, { what, body }: Deed): Message | string {
  const { ports, store, plan, now, linkFor } = keeper
  if (what === 'page.ring') return ports.render(keeper, body as RingDeed)
  return what === 'agreement.send' ? renderApproval({ sql: store.sql, plan, now: now(), linkFor }, body as SendDeed) : ports.renderDigest(keeper, body as DigestDeed)
}

const healthOf = ({ broken }: Engine, { ready }: RingerLine): { readonly ok: boolean; readonly says: string } => ({ ok: broken === undefined && ready, says: broken ?? (ready ? 'delivery advances' : 'the ringer cannot be reached') })

const withGap = (closed: readonly Closed[], gap: Closed | undefined): Closed[] => (gap ? [...closed, gap] : [...closed]).slice(-MOST_CLOSED)

function configureRooms({ config, watcher, store, rooms, hosts }: Keeper, tx: Tx): void {
  watcher.configure(config.checks, anchorChecks(config), tx.sql)
  if (store.meta('config') !== config.version) {
    tx.append({ is: 'config.accepted', stream: 'config', body: { version: config.version, canonical: JSON.stringify(config.canonical), at: tx.now.wall } })
    store.setMeta('config', config.version)
  }
  rooms.watch.configure(tx)
  rooms.page.configure(tx)
  rooms.tell.configure(tx)
  rooms.people.configure(tx)
  rooms.guard.configure(tx)
  hosts.keep((config.change?.hosts ?? []).map(({ name }) => name))
  awaitExpiry(tx)
}

async function recordStart(keeper: Keeper, { version, cleanStop, gap, damaged }: Facts): Promise<void> {
  const { engine, store, rooms } = keeper
  await engine.turn('start', (tx) => {
    store.setMeta('closed', JSON.stringify(keeper.closed))
    tx.append({
      is: 'node.started', stream: 'node:this',
      body: { version, boot: tx.now.boot, cleanStop, gap: gap ? { from: gap.from, to: gap.to } : null, at: tx.now.wall },
    })
    if (damaged !== undefined) tx.append({ is: 'node.memoryDamaged', stream: 'node:this', body: { kept: damaged.kept ?? '', says: damaged.says, at: tx.now.wall } })
  })
  keeper.doers.start()
  await keeper.configure(keeper.config)
  if (damaged === undefined) return
  await engine.turn('damaged', (tx) => void rooms.page.openNode(tx, 'memory', 'My memory is damaged', damaged.says))
}

/** The disk is full: room is made from the reserve, and people are told. */
function goOnFromReserve({ ports, engine, rooms }: Keeper): boolean {
  if (!ports.freeReserve()) return false
  ports.say('The disk is full: Holdfast goes on from its reserve. Make room now.')
  void engine.turn('disk full', (tx) => void rooms.page.openNode(tx, 'disk-full', 'The disk is full', 'Holdfast goes on paging from its reserve; make room on the disk of its data folder')).catch(() => undefined)
  return true
}

/** A look whose process cannot be ended is a finding of its own. */
function takeStuck({ engine, rooms }: Keeper, message: ToKeeper & { is: 'stuck' | 'unstuck' }): void {
  const name = `stuck/${message.check}`
  void engine.turn(`watch.${message.is}`, (tx) => {
    if (message.is === 'stuck') rooms.page.openNode(tx, name, `A look of ${message.check} hangs`, message.says)
    else rooms.page.endNode(tx, name)
  }).catch(() => undefined)
}

/** A place that cannot be written to twice in a row is a finding: the public reads something old there. */
function takePublished({ engine, rooms }: Keeper, { slug, target, outcome, says }: Published, failures: Map<string, number>): void {
  const before = failures.get(target) ?? 0
  failures.set(target, outcome === 'done' ? 0 : before + 1)
  const name = `publish/${slug}/${target}`
  if (outcome === 'failed' && before === 1) {
    void engine.turn('tell.unpublished', (tx) => void rooms.page.openNode(tx, name, `The board ${slug} is not published`, `${target}: ${says}`)).catch(() => undefined)
  } else if (outcome === 'done' && before > 1) void engine.turn('tell.published', (tx) => rooms.page.endNode(tx, name)).catch(() => undefined)
}

const membersOf = ({ people }: Plan): ReadonlyMap<string, Member> =>
  new Map(Object.values(people).map(({ name, email, phone, roles, reach }) => [name, { person: name, roles: roles ?? [], reach, ...(email === undefined ? {} : { email }), ...(phone === undefined ? {} : { phone }) }]))
