// The web process: it answers from bytes in memory that the keeper pushed, and hands everything that changes something to the
// keeper or the ringer, which confirm it. After its start it touches no file. A flood here delays no page; when it dies its
// successor begins with the boards that the watchdog kept for it, and their age.
import { chmodSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import path from 'node:path'
import { accessBook } from '../http/access.ts'
import { appOf } from '../http/app.ts'
import { boardsOf } from '../http/board/boards.ts'
import { DRAWINGS } from '../http/board/drawings.ts'
import { doorsOf } from '../http/ingest/doors.ts'
import { gatherFor } from '../http/ingest/gather.ts'
import type { Kit, Pushed } from '../http/route.ts'
import { routes } from '../http/routes.ts'
import { serverFor } from '../http/server.ts'
import { keeperOver, ringerOver, siblingAt } from '../http/siblings.ts'
import { createClock } from '../ports/world/clock.ts'
import { random } from '../ports/world/random.ts'
import { createTimers } from '../ports/world/timers.ts'
import type { ToWeb } from '../views/answers.ts'
import { attachParent, toParent, type FromParent } from './parent.ts'
import { sayPort } from './port.ts'

interface Site {
  readonly name: string
  readonly url: string
  readonly timezone: string
}

interface Init {
  readonly is: 'init'
  readonly runtime: string
  /** The node's key, base64: ping ids follow from it. */
  readonly key: string
  readonly host: string
  readonly port: number
  readonly site: Site
  /** What a predecessor of this process had been pushed last. */
  readonly boards?: ReturnType<typeof boards.snapshot>
}

/** How often the watchdog is given the boards to keep. */
const REMEMBER_EVERY = 15_000

const clock = createClock()
const timers = createTimers()
const pushed: Pushed = { health: undefined, metrics: undefined, site: { name: '', url: '', timezone: 'UTC' } }
const boards = boardsOf(DRAWINGS, clock.now())
let ends: (() => void | Promise<void>)[] = []
let rounds = 0
let listenAgain: (runtime: string) => Promise<void> = () => Promise.resolve()

attachParent({
  progress: () => rounds,
  onMessage(message: FromParent) {
    if (message.is === 'init') void start(message as unknown as Init)
    if (message.is === 'listen') void listenAgain(String(message['runtime'])).catch((cause: unknown) => process.stderr.write(`web: ${String(cause)}\n`))
    if (message.is === 'config' && typeof message['site'] === 'object') pushed.site = message['site'] as Site
  },
  async onStop() {
    for (const end of ends.splice(0)) await end()
  },
})

setInterval(() => {
  boards.turn(clock.now())
  rounds++
}, 1000)

function takeIn(message: ToWeb, kit: Kit): void {
  switch (message.is) {
    case 'board': return boards.push(message.slug, message.first, message.board)
    case 'boards': return boards.keep(message.slugs)
    case 'health':
      pushed.health = { ok: message.ok, says: message.says, heardAt: clock.now().tick }
      return
    case 'tokens': return kit.access.learn(message.tokens)
    case 'doors': return kit.doors.learn(message)
    case 'metrics':
      pushed.metrics = message.text
  }
}

async function start(init: Init): Promise<void> {
  pushed.site = init.site
  for (const { slug, first, board, heardAt } of init.boards ?? []) boards.push(slug, first, board, heardAt)
  const keeperLink = siblingAt({
    path: path.join(init.runtime, 'keeper.sock'), clock, timers,
    onOpen: (link) => link.send({ is: 'hello', web: true }),
    onMessage: (message) => takeIn(message as unknown as ToWeb, kit),
  })
  const ringerLink = siblingAt({ path: path.join(init.runtime, 'ringer.sock'), clock, timers })
  const keeper = keeperOver(keeperLink)
  // What could not be noted is not worth a request that waits.
  const access = accessBook((note) => void keeper.call('tokens.noted', note, { is: 'open' }))
  const kit: Kit = {
    clock, random, keeper, ringer: ringerOver(ringerLink, clock, timers), access, boards, doors: doorsOf(Buffer.from(init.key, 'base64')), triggers: gatherFor(keeper), pushed,
  }
  const app = appOf(routes, kit)
  const tcp = serverFor({ app, boards, via: 'tcp', timers })
  let local = serverFor({ app, boards, via: 'socket', timers })
  ends = [() => closing(tcp), () => closing(local), () => keeperLink.close(), () => ringerLink.close()]
  await listenFor(local, init.runtime)
  listenAgain = (runtime) => {
    // Closing removes what has its name: before the new one is made.
    void closing(local)
    local = serverFor({ app, boards, via: 'socket', timers })
    return listenFor(local, runtime)
  }
  try {
    await listening(tcp, { host: init.host, port: init.port })
  } catch (cause) {
    toParent({ is: 'fatal', says: sayPort(init, cause as NodeJS.ErrnoException), exit: 1 })
    return
  }
  toParent({ is: 'ready' })
  rememberBoards()
}

/** The socket for the command line. */
async function listenFor(server: Server, runtime: string): Promise<void> {
  const socket = path.join(runtime, 'web.sock')
  unlinkQuietly(socket)
  await listening(server, { path: socket })
  chmodSync(socket, 0o600)
}

function unlinkQuietly(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // It was not there: that is the usual case.
  }
}

const listening = (server: Server, at: { path: string } | { host: string; port: number }): Promise<void> => new Promise((resolve, reject) => {
  server.once('error', reject)
  server.listen({ ...at, backlog: 1024 }, () => {
    server.off('error', reject)
    // Out of descriptors, say: the next connection may do better, and what is open goes on.
    server.on('error', (cause) => process.stderr.write(`web: ${cause.message}\n`))
    resolve()
  })
})

/** What is being answered is finished, what is idle is closed, and nobody new comes in. */
const closing = (server: Server): Promise<void> => new Promise((resolve) => {
  const late = setTimeout(() => server.closeAllConnections(), 700)
  server.close(() => {
    clearTimeout(late)
    resolve()
  })
  server.closeIdleConnections()
})

/** The watchdog keeps the boards for a successor of this process, which would otherwise know nothing until the keeper speaks. */
function rememberBoards(): void {
  let last = ''
  setInterval(() => {
    const kept = boards.snapshot()
    const mark = kept.map(({ slug, first, board }) => `${slug} ${first} ${board.asOf}`).join()
    if (mark === last || !process.connected) return
    last = mark
    process.send?.({ is: 'remember', boards: kept }, undefined, {}, () => undefined)
  }, REMEMBER_EVERY)
}
