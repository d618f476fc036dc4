// The watchdog: the parent of all. It reads the configuration before anything opens, starts the others, and from then on only
// supervises: it replaces what dies or hangs, hands a changed configuration on (a bad one never), tells the service manager and
// the outside dead man's switch that pages would go out, and stops everything in order. It opens no database of Holdfast's and sends no
// page itself; what people must know of it, it has the ringer say.
import path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { renderFindings, KEPT } from '../config/finding.ts'
import { sentence } from '../core/fault.ts'
import { seconds, type Span, type Tick } from '../core/time.ts'
import { createClock } from '../ports/world/clock.ts'
import { createEgress } from '../ports/world/egress.ts'
import { createResolver } from '../ports/world/resolver.ts'
import { sshFrom } from '../ports/world/ssh.ts'
import { createTimers } from '../ports/world/timers.ts'
import { askedMembers } from '../rooms/change/heard/asking.ts'
import type { Asked } from '../rooms/change/heard/protocol.ts'
import { targetFor } from '../rooms/change/targets.ts'
import { forReading } from '../rooms/guard/config.ts'
import { withoutCredentials, type Accepted } from '../views/accepted.ts'
import { missingIn } from '../views/missing.ts'
import { endNow } from './parent.ts'
import { childrenOf, DOER_PATIENCE, HAND_PATIENCE, KEEPER_PATIENCE, PATIENCE, type Children, type Message, type Program, type Start } from './watchdog/children.ts'
import { runtimeFolder } from '../ports/runtime-folder.ts'
import { answerWho, rememberKin, stillAlive, takeOver } from './watchdog/control.ts'
import { deadMan, type DeadMan } from './watchdog/dead-man.ts'
import { createDoerWard, type DoerWard, type Named } from './watchdog/doer-ward.ts'
import { createHandWard, environmentOf, type HandWard } from './watchdog/hand-ward.ts'
import { notifierFor, type Notifier } from './watchdog/notify.ts'
import { load, nearby, open, wantsOf, type Opened, type UpWants, type Wants } from './watchdog/opening.ts'
import { outletOn, type Outlet } from './watchdog/outlet.ts'
import { inTurn, lookoutFor } from './watchdog/reload.ts'
import { tend, type Tending } from './watchdog/tend.ts'

const TURN = 250
const LOOK_AT_FILES = 4
const LOOK_AT_RUNTIME = 6
const CALL_DEADLINE = 10_000
/** When the service manager is told that it is ready, though the keeper is not: pages go out without it. */
const READY_WITHOUT_KEEPER = seconds(15)
const MOST_ALARMS = 20

/** Everything that the running watchdog knows. */
interface Watch {
  readonly wants: Wants
  readonly opened: Opened
  readonly out: Outlet
  readonly err: Outlet
  readonly children: Children
  readonly manager: Notifier
  readonly outside: DeadMan
  config: Accepted
  /** Where the sockets lie, now. */
  runtime: string
  /** When the configuration in force was accepted, for people. */
  since: Date
  key: Buffer
  /** Pages that no ringer took yet. */
  alarms: { readonly title: string; readonly says: string }[]
  /** What web wants kept for its successor. */
  remembered: unknown
  ready: Set<string>
  told: boolean
  refused: boolean
  stopping: boolean
  /** Something asks a disk that does not answer: an ordinary exit would wait for it. */
  stuck: number
  readonly hand: HandWard
  readonly doers: DoerWard
}

/** `holdfast up`. Resolves with the exit code of a start that failed; otherwise the process ends by itself. */
export async function watch(given: UpWants): Promise<number> {
  // Reading 5,000 checks leaves 150 MB behind, which a process that has nothing more to do would keep.
  setFlagsFromString('--optimize-for-size')
  const wants = wantsOf(given)
  const [out, err] = [wants.quiet ? mute : outletOn(1), outletOn(2)]
  const opened = await open(wants)
  if (opened.is === 'refused') {
    err.line(opened.says)
    await err.flush(1000)
    return opened.exit
  }
  supervise(wants, opened, out, err)
  return new Promise(() => undefined)
}

const mute: Outlet = { line: () => undefined, flush: () => Promise.resolve() }

function supervise(wants: Wants, opened: Opened, out: Outlet, err: Outlet): void {
  const clock = createClock()
  const timers = createTimers()
  const startedAt = clock.now().tick
  const page = (title: string, says: string): void => pageAll(it, title, says)
  const children = childrenOf({
    clock,
    say: err.line,
    echo: err.line,
    page,
    hear: (name, message) => hear(it, name, message),
    fatal: (_name, says, exit) => {
      err.line(says)
      void stop(it, exit)
    },
    changed: (kin) => rememberKin(it.runtime, kin),
  })
  const resolver = createResolver({ clock, timers })
  const egress = createEgress({ clock, timers, resolver, ownPorts: [wants.port], lab: wants.lab !== undefined })
  const outside = deadMan({
    say: err.line, page: (says) => page('nobody outside watches', says),
    call: async (url) => {
      const limit = new AbortController()
      const cancel = timers.after(CALL_DEADLINE as Span, () => limit.abort())
      try {
        return (await egress.request({ url, signal: limit.signal, trust: 'configured', maxBody: 1024 })).status
      } finally {
        cancel()
      }
    },
  })
  const it: Watch = {
    wants, opened, out, err, children, outside, manager: notifierFor(process.env, err.line), config: opened.config, runtime: opened.runtime, since: new Date(), key: opened.key,
    alarms: [], remembered: undefined, ready: new Set(), told: false, refused: false, stopping: false, stuck: 0,
    hand: handWardOf(() => it, () => clock.now().tick), doers: doerWardOf(() => it, opened, children, () => clock.now().tick),
  }
  outside.configure(opened.config.deadMan)
  sayStart(it)
  for (const program of programs(it)) children.raise(program, opened.former.filter(({ name }) => name === program.name))
  raiseWorker(it)
  raiseGuard(it)
  raiseScout(it)
  awaitKey(it)
  const readAgain = inTurn(() => reload(it))
  const lookout = lookoutFor(opened.file, opened.mark, readAgain)
  const tending = tendingOf(it)
  let turns = 0
  setInterval(() => {
    if (it.stopping) return
    children.turn()
    it.hand.turn()
    it.doers.turn()
    tellAlarms(it)
    if (++turns % LOOK_AT_FILES === 0) lookout.turn()
    if (turns % LOOK_AT_RUNTIME === 0) void tending.turn()
    const now = clock.now().tick
    const [ringer, keeper] = [children.advances('ringer', PATIENCE), children.advances('keeper', KEEPER_PATIENCE)]
    tellReady(it, ringer, keeper, now - startedAt)
    it.manager.turn(now, ringer || keeper)
    outside.turn(now, ringer && keeper)
  }, TURN)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(it, 0))
  process.on('SIGHUP', readAgain)
}

/** Each program, with what its first message carries. Made anew at each start, from what is in force then. */
function programs(it: Watch): Program[] {
  const { wants, opened } = it
  const { data } = opened
  const key = (): string => it.key.toString('base64')
  const program = (name: string, patience: Span, init: (start: Start) => Record<string, unknown>): Program => ({
    name, patience, file: new URL(`./${name}.ts`, import.meta.url), init: (start) => ({ is: 'init', ...init(start) }),
  })
  return [
    program('ringer', PATIENCE, () => ({ runtime: it.runtime, key: key(), plan: it.config.plan, site: it.config.site, lab: wants.lab !== undefined })),
    program('keeper', KEEPER_PATIENCE, ({ safe, beside }) => ({ runtime: it.runtime, data, key: key(), config: forKeeper(it.config, wants), missing: missingIn(it.config), beside, ...(it.ready.has('keeper') ? {} : { read: isRead(wants) ? 'terminal' : 'log' }), ...(safe ? { safe } : {}) })),
    program('prober', PATIENCE, () => ({ runtime: it.runtime, name: 'prober-1', ports: [wants.port], lab: wants.lab !== undefined })),
    program('web', PATIENCE, () => ({ runtime: it.runtime, key: key(), host: wants.host, port: wants.port, site: it.config.site, ...(it.remembered === undefined ? {} : { boards: it.remembered }) })),
  ]
}

/** Whether a person reads standard output: not a file, not a pipe, not the journal. */
const isRead = ({ quiet }: Wants): boolean => !quiet && process.stdout.isTTY

/** Only the ringer is spared when the place changes: it alone knows what nobody has recorded yet. */
const tendingOf = (it: Watch): Tending => tend(it.runtime, {
  make: () => (it.runtime = runtimeFolder(it.opened.data)),
  take: async (runtime, lockIsGone) => {
    it.children.remember()
    return lockIsGone ? (await takeOver(runtime)).is === 'taken' : answerWho(runtime).then(() => true)
  },
  listeners: () => ['ringer', 'keeper', 'web'].filter((name) => it.ready.has(name) && it.children.advances(name, PATIENCE)),
  listenAgain: (name, runtime) => void it.children.tell(name, { is: 'listen', runtime }),
  moved: () => ['keeper', 'prober', 'web', 'worker', 'guard', 'hand', 'scout'].forEach((name) => it.children.replace(name)),
  say: it.err.line,
})

const publishing = ({ boards }: Accepted): boolean => boards.some(({ publish }) => publish.length > 0)
const boardPlaces = ({ boards }: Accepted) => boards.map(({ slug, publish }) => ({ slug, publish }))

/** The publisher is there while a board is published somewhere. */
function raiseWorker(it: Watch): void {
  const { children, opened } = it
  const has = children.care('worker') !== undefined
  if (!publishing(it.config)) {
    if (has) void children.dismiss('worker', seconds(3))
    return
  }
  if (has) return
  children.raise({
    name: 'worker', patience: PATIENCE, file: new URL('./worker.ts', import.meta.url),
    init: () => ({ is: 'init', runtime: it.runtime, boards: boardPlaces(it.config) }),
  }, opened.former.filter(({ name }) => name === 'worker'))
}

/** The keeper judges backups and opens no store. */
const forKeeper = (config: Accepted, { lab }: Wants) => ({ ...withoutCredentials(config), ...(lab ? { shrink: lab.shrink } : {}) })
const guarded = ({ backups, stores, passwords, breakGlass, reconciles, catalogues }: Accepted) => ({ sets: backups, stores: stores.map(forReading), passwords, breakGlass, reconciles, catalogues })

const folderOf = ({ config }: Wants): string => path.dirname(path.resolve(config ?? 'holdfast.yaml'))
const askedOf = ({ config, wants }: Watch): Asked[] => config.change.hosts.flatMap(({ name, look }) => (look ? [{ host: name, door: sshFrom(folderOf(wants), look) }] : []))

/** The guard is there while there are backups to look at. */
function raiseGuard(it: Watch): void {
  const { children, opened, wants } = it
  const has = children.care('guard') !== undefined
  if (it.config.backups.length + it.config.reconciles.length === 0) {
    if (has) void children.dismiss('guard', seconds(3))
    return
  }
  if (has) return
  children.raise({
    // Nothing of it is half done when it dies, and whoever waits for what it reads waits for nothing else.
    name: 'guard', patience: PATIENCE, mostPause: seconds(4), file: new URL('./guard.ts', import.meta.url),
    init: () => ({ is: 'init', runtime: it.runtime, data: opened.data, folder: folderOf(wants), lab: wants.lab !== undefined, ...guarded(it.config) }),
  }, opened.former.filter(({ name }) => name === 'guard'))
}

/** What the scout asks, with the credentials for members of clusters: it alone has them. */
const scouted = (it: Watch) => ({ hosts: askedOf(it), members: askedMembers(it.config.change, it.config.ways) })

/** The scout is there while there is somebody to ask. */
function raiseScout(it: Watch): void {
  const { children, opened, wants } = it
  const has = children.care('scout') !== undefined
  const { hosts, members } = scouted(it)
  if (hosts.length + members.length === 0) {
    if (has) void children.dismiss('scout', seconds(3))
    return
  }
  if (has) return
  children.raise({
    name: 'scout', patience: PATIENCE, file: new URL('./scout/scout.ts', import.meta.url), init: () => ({ is: 'init', runtime: it.runtime, ports: [wants.port], lab: wants.lab !== undefined, ...scouted(it) }),
  }, opened.former.filter(({ name }) => name === 'scout'))
}

/** The hand is there while the keeper has something for it to do, and for no longer: it alone is given what deletes, and only in the stores where that is. */
const handWardOf = (watch: () => Watch, tick: () => Tick): HandWard => createHandWard({
  tick, isThere: () => watch().children.care('hand') !== undefined, known: () => (watch().stopping ? [] : watch().config.stores.map(({ name }) => name)), dismiss: (within) => watch().children.dismiss('hand', within),
  raise: (stores) => watch().children.raise({
    name: 'hand', patience: HAND_PATIENCE, file: new URL('./hand.ts', import.meta.url),
    init: () => {
      const { runtime, wants, config } = watch()
      const given = config.stores.filter(({ name }) => stores.includes(name))
      return { is: 'init', runtime, folder: folderOf(wants), lab: wants.lab !== undefined, stores: given, env: environmentOf(given, process.env) }
    },
  }),
})

/** A doer is there for its deed, with the one target that this names. */
const doerWardOf = (watch: () => Watch, { former, data }: Opened & { is: 'opened' }, children: Children, tick: () => Tick): DoerWard => createDoerWard({
  tick, former: former.filter(({ name }) => name.startsWith('doer:')), isAlive: stillAlive, kin: (name) => children.kin(name), dismiss: (name, within) => children.dismiss(name, within),
  raise: (name, { run, token, driver = '', target }, beside) => children.raise({
    name, patience: DOER_PATIENCE, mostAbandoned: 1, file: new URL('./doer/doer.ts', import.meta.url),
    init: () => {
      const { runtime, wants, config } = watch()
      const settings = targetFor(config.targets, { driver, config: { target } })?.settings
      return { is: 'init', runtime, data, folder: folderOf(wants), ports: [wants.port], lab: wants.lab !== undefined, run, token, ...(settings && { target: settings }) }
    },
  }, beside),
})

function sayStart(it: Watch): void {
  const { opened, out, err, config, wants } = it
  const checks = counted(config)
  out.line(opened.wrote === undefined ? `✓ configuration ${opened.file} (${checks})` : `✓ wrote ${opened.file} (${opened.wrote} lines, ${checks})`)
  for (const says of missingIn(config)) out.line(`! ${says}`)
  // What is missing was said above, in the words of a start.
  const warnings = config.warnings.filter(({ code }) => code !== 'HF150')
  if (warnings.length > 0) err.line(renderFindings(warnings, 'Holdfast starts with it.'))
  if (wants.lab) out.line(`! This is a lab: the waits of clean-ups are divided by ${wants.lab.shrink}, and no public address is reached, for pages and looks neither. Its data stay those of a lab.`)
  if (opened.laterKey) {
    const says = `The data folder ${opened.data} does not answer. Pages go out all the same; what happens is not recorded, and links in them stop working when the disk is back.`
    err.line(says)
    pageAll(it, 'the data folder does not answer', says)
  }
  if (opened.former.length > 0) err.line(`A former Holdfast left ${opened.former.map(({ name, pid }) => `${name} (process ${pid})`).join(', ')} behind, which cannot be ended: look at the disk.`)
  if (!['127.0.0.1', '::1', 'localhost'].includes(wants.host)) err.line(`Holdfast listens on ${wants.host}, without TLS: let a proxy stand in front (docs/use/server.md).`)
}

function hear(it: Watch, name: string, message: Message): void {
  if (message.is === 'say') it.out.line(String(message['line']))
  else if (message.is === 'hand' && name === 'keeper') it.hand.hear(message['stores'] as readonly string[])
  else if (message.is === 'doers' && name === 'keeper') {
    if (!it.stopping) it.doers.hear(message['deeds'] as readonly Named[])
  } else if (message.is === 'remember') it.remembered = message['boards']
  else if (message.is === 'ready') {
    if (it.ready.has(name)) return it.err.line(`${name} works again.`)
    it.ready.add(name)
    const { wants } = it
    if (name === 'keeper') it.out.line(`✓ data in ${nearby(it.opened.data)} (SQLite)`)
    if (name === 'web') it.out.line(`✓ board at http://${spoken(wants.host)}:${wants.port}/   Ctrl-C stops everything.`)
  }
}

/** Ready when the keeper is and pages go out, or when they go out without it. */
function tellReady(it: Watch, ringer: boolean, keeper: boolean, upFor: number): void {
  if (it.told || !ringer || (!keeper && upFor < READY_WITHOUT_KEEPER)) return
  it.told = true
  it.manager.ready(`watching ${counted(it.config)}`)
}

/** A key that the disk gives up late takes the place of the one for the moment. */
function awaitKey(it: Watch): void {
  const { laterKey } = it.opened
  if (!laterKey) return
  laterKey.then((key) => {
    it.key = key
    it.err.line('The data folder answers again: ringer, keeper and web start anew with the node\'s own key.')
    for (const name of ['ringer', 'keeper', 'web']) it.children.replace(name)
  }, (cause: unknown) => it.err.line(`The node's key cannot be loaded. ${sentence(cause)}`))
}

function pageAll(it: Watch, title: string, says: string): void {
  if (it.alarms.length < MOST_ALARMS && !it.alarms.some((alarm) => alarm.title === title)) it.alarms.push({ title, says })
  tellAlarms(it)
}

/** The ringer has it when it was there to be told; one that dies with it was told that this one dies. */
function tellAlarms(it: Watch): void {
  if (!it.children.advances('ringer', PATIENCE)) return
  it.alarms = it.alarms.filter(({ title, says }) => !it.children.tell('ringer', { is: 'page-all', title, says }))
}

/** As a browser is to be told. By this name of the machine itself, and by no number, browsers know passkeys. */
const spoken = (host: string): string => (host === '127.0.0.1' ? 'localhost' : host.includes(':') ? `[${host}]` : host)

const some = (n: number, one: string, many = `${one}s`): readonly string[] => (n === 0 ? [] : [`${n} ${n === 1 ? one : many}`])
const counted = ({ checks, backups, reconciles }: Pick<Accepted, 'checks' | 'backups' | 'reconciles'>): string =>
  [checks.length === 0 ? '0 checks' : some(checks.length, 'check').join(''), ...some(backups.length, 'set of backups', 'sets of backups'), ...some(reconciles.length, 'reconcile')].join(', ')

const clockTime = (date: Date, timezone: string): string => date.toLocaleTimeString('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit' })

/** Takes in a changed configuration; a bad one changes nothing, and people hear of it once. */
async function reload(it: Watch): Promise<void> {
  it.stuck++
  const loaded = await load(it.opened.file, it.wants)
  it.stuck--
  if (it.stopping) return
  if (loaded.is === 'refused') {
    it.err.line(renderFindings(loaded.findings, KEPT))
    const since = clockTime(it.since, it.config.site.timezone)
    if (!it.refused) pageAll(it, 'the configuration was refused', `The configuration file was refused (${loaded.findings.length} problems); the one of ${since} stays in force. See: holdfast validate ${it.opened.file}`)
    it.refused = true
    return
  }
  const before = it.config
  it.config = loaded.config
  it.since = new Date()
  it.refused = false
  const { config, children } = it
  children.tell('ringer', { is: 'config', plan: config.plan, site: config.site })
  children.tell('keeper', { is: 'config', config: forKeeper(config, it.wants), missing: missingIn(config) })
  children.tell('web', { is: 'config', site: config.site })
  children.tell('worker', { is: 'config', boards: boardPlaces(config) })
  children.tell('guard', { is: 'config', ...guarded(config) })
  children.tell('scout', { is: 'config', ...scouted(it) })
  raiseWorker(it)
  raiseGuard(it)
  raiseScout(it)
  // It has what was configured when it was started.
  if (children.care('hand') !== undefined) children.replace('hand')
  it.outside.configure(config.deadMan)
  it.out.line(`✓ ${it.opened.file} was read again: ${config.version === before.version ? 'nothing in it changed' : `in force, ${counted(config)}`}`)
  if (config.warnings.length > 0) it.err.line(renderFindings(config.warnings, 'It is in force.'))
}

/** In order, so that nobody speaks to one that is gone: who takes things in first, who sends pages last. */
async function stop(it: Watch, exit: number): Promise<void> {
  if (it.stopping) {
    // Asked twice: at once. The children notice that their parent is gone.
    process.exit(exit === 0 ? 130 : exit)
  }
  it.stopping = true
  const { children } = it
  it.manager.stopping()
  it.err.line('Holdfast stops.')
  // First, so that nothing is begun that would have to be cut off; they still have a keeper to tell.
  const doers = it.doers.end()
  await children.dismiss('web', seconds(1.5))
  await Promise.all([children.dismiss('prober', seconds(1.5)), children.dismiss('worker', seconds(1.5)), children.dismiss('guard', seconds(1.5)), children.dismiss('scout', seconds(1.5)), children.dismiss('hand', seconds(1.5)), doers])
  await children.dismiss('keeper', seconds(3))
  await children.dismiss('ringer', seconds(2))
  rememberKin(it.runtime, [])
  await Promise.all([it.out.flush(300), it.err.flush(300)])
  if (it.stuck > 0) endNow()
  process.exit(exit)
}
