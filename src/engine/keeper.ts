// The keeper without its sockets: ledger, rooms and engine of one node, as something that takes messages and time and gives
// messages back. The process wires it to siblings and to the clock; the simulator drives the very same code.
//
// It rings nothing before the ringer's journal is durable: at a start, after a gap in its own loop, and whenever the ringer
// refuses it (`ringer.ready`). Deeds that are intended wait for that; nothing that is due runs before it either.
import type { Deed, Outcome } from '../core/deed.ts'
import type { Instant, Now, Span, Tick } from '../core/time.ts'
import type { Store } from '../db/store.ts'
import type { Samples } from '../db/samples.ts'
import type { Message } from '../ports/channel.ts'
import { pageRoom, type PageRoom } from '../rooms/page/index.ts'
import type { DigestDeed, RingDeed } from '../rooms/page/delivery.ts'
import { planInForce, type Plan } from '../rooms/page/plan.ts'
import type { FromRinger, ToRinger } from '../rooms/page/protocol.ts'
import { incidentOf, loadCovers, loadOpen, loadPaging } from '../rooms/page/rows.ts'
import { tellRoom, type TellRoom } from '../rooms/tell/index.ts'
import { viewBoard, type BoardPlan } from '../rooms/tell/view.ts'
import type { Check } from '../rooms/watch/check.ts'
import type { Closed } from '../rooms/watch/heartbeat.ts'
import { watchRoom, type WatchRoom } from '../rooms/watch/index.ts'
import type { ToKeeper, ToProber } from '../rooms/watch/protocol.ts'
import { createWatcher, type Watcher } from '../rooms/watch/watcher.ts'
import type { ToWeb } from '../views/answers.ts'
import { tokensForWeb } from './access.ts'
import { createEngine, type Engine, type Suspects } from './engine.ts'

/** The configuration in force, as the keeper needs it. */
export interface InForce {
  readonly version: string
  readonly canonical: unknown
  readonly site: { readonly name: string; readonly url: string; readonly timezone: string }
  readonly checks: readonly Check[]
  readonly plan: Plan
  readonly boards: readonly BoardPlan[]
  readonly horizon: { readonly anchors: readonly string[] }
  readonly ingest: readonly { readonly via: string; readonly name: string; readonly key: string; readonly escalate: string }[]
  readonly deadMan?: unknown
}

export interface KeeperPorts {
  readonly now: () => Now
  readonly suspects: Suspects
  /** False when the ringer cannot be reached. */
  readonly toRinger: (message: ToRinger) => boolean
  readonly toProbers: (message: ToProber) => void
  readonly toWeb: (message: ToWeb) => void
  readonly toWorkers: (message: ToWeb) => void
  /** Somebody draws boards: without anybody they need not be made. */
  readonly boardsWanted: () => boolean
  /** A line for whoever started Holdfast. */
  readonly say: (line: string) => void
  readonly freeReserve: () => boolean
  readonly onBroken: (says: string, cause: unknown) => void
  /** Something waits for the next batch. */
  readonly onAsked: () => void
  /** A ring or notice as a message to a person; undefined when the person or channel is gone. */
  readonly render: (keeper: Keeper, deed: RingDeed) => Message | undefined
  readonly renderDigest: (keeper: Keeper, deed: DigestDeed) => Message | undefined
}

export interface Rooms {
  readonly watch: WatchRoom
  readonly page: PageRoom
  readonly tell: TellRoom
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
  /** Missing things that a person should know of. */
  readonly missing: string[]
  readonly ports: KeeperPorts
  configure(config: InForce): Promise<void>
  /** Records the start, with the time in which nobody listened. */
  start(facts: { version: string; pid: number; cleanStop: boolean; gap: Closed | undefined; damaged: string | undefined; store: string }): Promise<void>
  ringerOpened(): void
  ringerLost(): void
  fromRinger(message: FromRinger): void
  fromProber(message: ToKeeper): void
  /** A prober connected: it gets its timetable. */
  proberOpened(): void
  webOpened(): void
  /** One batch; call it in a loop. */
  cycle(): number
  /** Once a second. */
  tick(): void
  /** Milliseconds until `cycle` has something to do. */
  idleFor(): number
  /** Until when a look that was asked for by a person is awaited. */
  awaitLook(check: string, act: () => void): void
  readonly closed: readonly Closed[]
  readonly ringer: { readonly ready: boolean; readonly term: number }
}

/** A loop that stood still for this long was away: the ringer may have gone on alone. */
const GAP = 5000
/** How long what is due waits for the ringer's journal before it runs without. */
const PATIENCE = 5000

export interface KeeperOptions {
  readonly open: (rooms: Rooms) => Store
  readonly samples: Samples | undefined
  readonly config: InForce
  readonly ports: KeeperPorts
}

export function createKeeper(options: KeeperOptions): Keeper {
  const { ports } = options
  const { now } = ports
  let config = options.config
  let plan: Plan = config.plan
  let storeId = ''
  let closed: Closed[] = []
  let ringer = { ready: false, term: 0, asked: now().tick as number, lostAt: now().tick as number }
  let lastCycle: Tick = now().tick
  let boardsDue = true
  const awaiting = new Map<string, (() => void)[]>()
  const firstLooks = new Set<string>()

  const refreshPlan = (): void => {
    plan = planInForce(config.plan, loadCovers(store.sql, now().wall))
  }
  const hello = (): void => {
    ringer = { ready: false, term: ringer.term, asked: now().tick, lostAt: ringer.ready ? now().tick : ringer.lostAt }
    ports.toRinger({ is: 'hello', store: storeId, pid: process.pid })
  }

  const rooms: Rooms = {
    watch: watchRoom({ checks: () => watcher.checks, closed: () => closed }),
    page: pageRoom({
      plan: () => plan,
      changed(id) {
        const it = rooms.page.mirrored(store.sql, id)
        if (it) ports.toRinger({ is: 'changed', mirrored: it.mirrored, closed: it.closed })
      },
    }),
    tell: tellRoom({
      boards: () => config.boards,
      timezone: () => config.site.timezone,
      isHeartbeat: (name) => watcher.checks.get(name)?.kind === 'heartbeat',
      changed: () => void (boardsDue = true),
    }),
  }
  const store = options.open(rooms)
  const engine = createEngine({
    store, now, suspects: ports.suspects, perform, onFull, onBroken: ports.onBroken, onAsked: ports.onAsked,
    setAside: (tx, row) => {
      tx.append({ is: 'engine.setAside', stream: `turn:${row.what}`, body: { ...row, at: tx.now.wall } })
      rooms.page.openNode(tx, 'set-aside', 'A piece of work was set aside', `${row.what} ${row.key}: ${row.says}`)
    },
  })
  const watcher = createWatcher({
    now, turn: (name, act) => engine.turn(name, act), lookAt: (checks) => ports.toProbers({ is: 'look', checks }),
    onLooked(check, looked) {
      options.samples?.add(check.name, looked.at, looked.took, looked.found.is, looked.found.says)
      if (!firstLooks.has(check.name) && firstLooks.size < 20) {
        firstLooks.add(check.name)
        const mark = looked.found.is === 'pass' ? '✓' : looked.found.is === 'fail' ? '✕' : '◌'
        ports.say(`${mark} ${check.name}: ${looked.found.is === 'pass' ? 'passes' : (looked.found.says ?? looked.found.is)} (${Math.round(looked.took)} ms)`)
      }
      for (const act of awaiting.get(check.name) ?? []) act()
      awaiting.delete(check.name)
    },
  })

  function perform(deed: Deed): void {
    if (!ringer.ready) return
    const message = deed.what === 'page.ring' ? ports.render(keeper, deed.body as RingDeed) : ports.renderDigest(keeper, deed.body as DigestDeed)
    const body = deed.body as RingDeed
    if (!message) {
      void engine.settle(deed, { is: 'failed', retry: 'never', says: 'the person or the channel is no longer in the configuration' })
      return
    }
    const carries = deed.what === 'page.digest' ? { carries: (deed.body as DigestDeed).rings.map((it) => it.page) } : {}
    const sent = ports.toRinger({ is: 'ring', term: ringer.term, rings: [{ incident: (body.incident ?? deed.key) as never, channel: body.channel, message, ...carries }] })
    // The deed stays intended: it goes out again when the ringer is back.
    if (!sent) ringer = { ...ringer, ready: false, lostAt: now().tick }
  }
  function onFull(): boolean {
    if (!ports.freeReserve()) return false
    ports.say('The disk is full: Holdfast goes on from its reserve. Make room now.')
    void engine.turn('disk full', (tx) => void rooms.page.openNode(tx, 'disk-full', 'The disk is full', 'Holdfast goes on paging from its reserve; make room on the disk of its data folder'))
    return true
  }
  const sendAll = (): void => {
    ports.toRinger({ is: 'plan', plan })
    const open = loadOpen(store.sql).map((row) => ({ incident: incidentOf(row), paging: loadPaging(store.sql, row.id) }))
    ports.toRinger({ is: 'mirror', open: open.flatMap(({ incident, paging }) => (paging ? [{ incident, paging }] : [])) })
  }
  const welcome = async (message: FromRinger & { is: 'welcome' }): Promise<void> => {
    const last = message.journal.at(-1)?.n
    try {
      await engine.turn('page.journal', (tx) => {
        if (message.store !== undefined && message.store !== storeId) rooms.page.adopt(tx, message.open)
        rooms.page.journal(tx, message.journal)
      })
    } catch {
      // It could not be made durable: nothing is rung, and the ringer is asked again.
      return
    }
    if (last !== undefined) ports.toRinger({ is: 'taken', n: last })
    ringer = { ...ringer, ready: true, term: message.term }
    sendAll()
    for (const deed of engine.unsettled()) perform(deed)
  }
  const settled = (message: FromRinger & { is: 'settled' }): void => {
    const row = store.sql.get<{ what: string; body: string; repeatable: number }>('select what, body, repeatable from deed where key = ?', message.page)
    if (!row) return
    const outcome: Outcome = message.outcome === 'accepted' ? { is: 'done', receipt: message.says }
      : message.outcome === 'failed' ? { is: 'failed', retry: 'later', says: message.says } : { is: 'unknown', says: message.says }
    void engine.settle({ key: message.page, what: row.what, body: JSON.parse(row.body) as unknown, repeatable: row.repeatable === 1 }, outcome).catch(() => undefined)
  }
  const anchorChecks = (): Check[] => config.horizon.anchors.map((anchor) => anchorOf(anchor))
  const sendTimetable = (): void => {
    ports.toProbers({ is: 'timetable', version: config.version, checks: [...config.checks, ...anchorChecks()] })
  }
  const pushDoors = (): void => {
    ports.toWeb({
      is: 'doors', heartbeats: config.checks.filter((check) => check.kind === 'heartbeat').map((check) => check.name),
      integrations: config.ingest.map(({ via, name, key }) => ({ via, name, key })),
    })
    ports.toWeb({ is: 'tokens', tokens: tokensForWeb(store.sql) })
  }
  const pushBoards = (): void => {
    if (!ports.boardsWanted()) return
    boardsDue = false
    ports.toWeb({ is: 'boards', slugs: config.boards.map((board) => board.slug) })
    config.boards.forEach((board, i) => {
      const message: ToWeb = { is: 'board', slug: board.slug, first: i === 0, board: viewBoard(store.sql, board, config.site, now().wall) }
      ports.toWeb(message)
      ports.toWorkers(message)
    })
  }
  const stuck = (message: ToKeeper & { is: 'stuck' | 'unstuck' }): void => {
    const name = `stuck/${message.check}`
    void engine.turn(`watch.${message.is}`, (tx) => {
      if (message.is === 'stuck') rooms.page.openNode(tx, name, `A look of ${message.check} hangs`, message.says)
      else rooms.page.endNode(tx, name)
    }).catch(() => undefined)
  }

  const keeper: Keeper = {
    store, engine, rooms, watcher, samples: options.samples, ports, now, missing: [],
    get config() {
      return config
    },
    get plan() {
      return plan
    },
    get closed() {
      return closed
    },
    get ringer() {
      return ringer
    },
    async configure(next) {
      config = next
      refreshPlan()
      await engine.turn('config', (tx) => {
        watcher.configure(config.checks, anchorChecks(), tx.sql)
        if (store.meta('config') !== config.version) {
          tx.append({ is: 'config.accepted', stream: 'config', body: { version: config.version, canonical: JSON.stringify(config.canonical), at: tx.now.wall } })
          store.setMeta('config', config.version)
        }
        rooms.watch.configure(tx)
        rooms.page.configure(tx)
        rooms.tell.configure(tx)
      })
      sendTimetable()
      pushDoors()
      pushBoards()
      if (ringer.ready) sendAll()
    },
    async start(facts) {
      storeId = facts.store
      closed = JSON.parse(store.meta('closed') ?? '[]') as Closed[]
      if (facts.gap) closed = [...closed, facts.gap].slice(-50)
      await engine.turn('start', (tx) => {
        store.setMeta('closed', JSON.stringify(closed))
        tx.append({
          is: 'node.started', stream: 'node:this',
          body: { version: facts.version, boot: tx.now.boot, cleanStop: facts.cleanStop, gap: facts.gap ? { from: facts.gap.from, to: facts.gap.to } : null, at: tx.now.wall },
        })
        if (facts.damaged !== undefined) {
          tx.append({ is: 'node.memoryDamaged', stream: 'node:this', body: { kept: facts.damaged, at: tx.now.wall } })
        }
      })
      await this.configure(config)
      if (facts.damaged !== undefined) {
        await engine.turn('damaged', (tx) => void rooms.page.openNode(tx, 'memory', 'My memory is damaged', `the database could not be read; it was kept as ${facts.damaged} and a new one begun`))
      }
    },
    ringerOpened: hello,
    ringerLost() {
      ringer = { ...ringer, ready: false, asked: now().tick, lostAt: ringer.ready ? now().tick : ringer.lostAt }
    },
    fromRinger(message) {
      switch (message.is) {
        case 'welcome':
          void welcome(message)
          return
        case 'journal': {
          const last = message.events.at(-1)?.n
          void engine.turn('page.journal', (tx) => rooms.page.journal(tx, message.events))
            .then(() => last !== undefined && ports.toRinger({ is: 'taken', n: last }), () => undefined)
          return
        }
        case 'settled':
          settled(message)
          return
        case 'refused':
          // One hello is enough, however many rings came back: while it is on its way nothing else is asked.
          if (ringer.ready && message.term >= ringer.term) hello()
      }
    },
    fromProber(message) {
      if (message.is === 'looked') watcher.looked(message.results)
      else if (message.is === 'stuck' || message.is === 'unstuck') stuck(message)
    },
    // Before the checks are configured there is nobody to take results in; `configure` sends it then.
    proberOpened: () => void (watcher.checks.size > 0 && sendTimetable()),
    webOpened() {
      pushDoors()
      pushBoards()
    },
    cycle() {
      const at = now().tick
      if (at - lastCycle > GAP) {
        const gap: Closed = { from: (now().wall - (at - lastCycle)) as Instant, to: now().wall }
        closed = [...closed, gap].slice(-50)
        lastCycle = at
        ringer = { ...ringer, ready: false, lostAt: at }
        hello()
      }
      const holding = !ringer.ready && at - ringer.lostAt < PATIENCE
      const turns = engine.cycle(holding ? 'asked' : 'all')
      lastCycle = now().tick
      return turns
    },
    tick() {
      watcher.tick()
      options.samples?.flush(now().wall, 250)
      if (!ringer.ready && now().tick - ringer.asked > PATIENCE) hello()
      if (engine.broken === undefined) ports.toRinger({ is: 'beat' })
      // "As of" stays young while nothing happens, and a change is shown within a second.
      if (boardsDue || now().tick % 10_000 < 1000) pushBoards()
      ports.toWeb({ is: 'health', ok: engine.broken === undefined && ringer.ready, says: engine.broken ?? (ringer.ready ? 'delivery advances' : 'the ringer cannot be reached'), at: now().wall })
    },
    idleFor: () => engine.idleFor(),
    awaitLook(check, act) {
      awaiting.set(check, [...(awaiting.get(check) ?? []), act])
      ports.toProbers({ is: 'look', checks: [check] })
    },
  }
  return keeper
}

/** An anchor of the horizon as a check that nobody sees. */
function anchorOf(anchor: string): Check {
  const http = /^https?:\/\//.test(anchor)
  return {
    name: `~${anchor}`, kind: http ? 'http' : 'tcp', settings: http ? { http: anchor } : { tcp: anchor }, every: 5000 as Span, timeout: 3000 as Span,
    failAfter: 2, recoverAfter: 1, seenFrom: 1, unknownAfter: 120_000 as Span, dependsOn: [], escalate: 'default', loopback: false, from: 'horizon.anchors',
  }
}
