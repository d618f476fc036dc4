// A small world for the tests of the HTTP layer: a board, fakes of keeper and ringer that remember what they were asked, and the
// same fakes behind real sockets for tests of the real process.
import { createHash } from 'node:crypto'
import path from 'node:path'
import { instantOf, tickOf, type Instant } from '../src/core/time.ts'
import type { IncidentId } from '../src/core/id.ts'
import { accessBook } from '../src/http/access.ts'
import { appOf, type App } from '../src/http/app.ts'
import { boardsOf } from '../src/http/board/boards.ts'
import { DRAWINGS } from '../src/http/board/drawings.ts'
import { doorsOf } from '../src/http/ingest/doors.ts'
import { gatherFor } from '../src/http/ingest/gather.ts'
import type { Kit } from '../src/http/route.ts'
import { routes } from '../src/http/routes.ts'
import type { Answered, Keeper, Ringer } from '../src/http/siblings.ts'
import { listen, type Link, type Wire } from '../src/ports/wire.ts'
import type { AskRinger, LinkView, RingerSays } from '../src/rooms/page/protocol.ts'
import type { Board } from '../src/rooms/tell/board.ts'
import type { Asker, ToWeb } from '../src/views/answers.ts'

export const NOW = instantOf(Date.UTC(2025, 10, 21, 12, 0, 0))
export const KEY = Buffer.alloc(32, 5)
export const TIMEZONE = 'Europe/Berlin'

const day = (from: Instant, back: number): string => new Date(from - back * 86_400_000).toISOString().slice(0, 10)

/** A board like a small team's: three components, ninety days, two incidents. */
export function sampleBoard(asOf: Instant = NOW, name = 'Acme Hosting'): Board {
  const days = Array.from({ length: 90 }, (_, i) => ({ date: day(asOf, 89 - i), up: 86_000_000, degraded: 0, down: i % 20 === 3 ? 400_000 : 0, unknown: 0 }))
  const component = (id: string, status: 'operational' | 'major_outage'): Board['components'][number] =>
    ({ id, name: id.toUpperCase(), status, unknown: false, since: asOf, createdAt: asOf, days })
  return {
    id: 'public', name, url: 'https://hold.acme.example/', timezone: TIMEZONE, asOf, measuringSince: instantOf(asOf - 90 * 86_400_000),
    components: [component('www', 'operational'), component('api', 'operational'), component('jobs', 'operational')],
    statements: ['st_1', 'st_2'].map((id) => ({
      id, title: 'Errors on API', status: 'resolved', impact: 'major', startedAt: asOf, createdAt: asOf, updatedAt: asOf, resolvedAt: asOf, componentIds: ['api'],
      updates: [{ id: `${id}_u`, status: 'resolved', body: 'It works again.', at: asOf, affected: [] }],
    })),
    maintenances: [],
  }
}

export const sampleView: LinkView = {
  incident: { id: 'inc_00000000000000000000000000000001' as IncidentId, number: 7, title: 'db is down', says: 'Connection refused', since: instantOf(NOW - 60_000) },
  person: 'ada', state: 'ringing', next: { people: ['bo'], at: instantOf(NOW + 300_000) }, timezone: TIMEZONE,
}

export interface Asked {
  readonly calls: { readonly name: string; readonly args: unknown; readonly asker: Asker }[]
  readonly acts: AskRinger[]
}

export const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex')

export const TOKENS = { read: 'hf_read-token', ack: 'hf_ack-token', backup: 'hf_backup-token', write: 'hf_write-token', admin: 'hf_admin-token' } as const

export const tokens: Extract<ToWeb, { is: 'tokens' }> = {
  is: 'tokens',
  tokens: [
    ...Object.entries(TOKENS).map(([scope, secret]) => ({ id: `tok_${scope}`, hash: hash(secret), name: scope, scopes: [scope], expiresAt: null, from: [] })),
    { id: 'tok_old', hash: hash('hf_expired-token'), name: 'old', scopes: ['admin'], expiresAt: instantOf(NOW - 1), from: [] },
  ],
}

export const doors: Extract<ToWeb, { is: 'doors' }> = { is: 'doors', heartbeats: ['job'], integrations: [{ via: 'pagerduty', name: 'pagerduty', key: 'R'.repeat(32) }] }

export interface World {
  readonly app: App
  readonly kit: Kit
  readonly asked: Asked
  readonly turn: (ms: number) => void
  /** Sets the machine's clock by so much; what goes on counting does not notice. */
  readonly stepClock: (ms: number) => void
  readonly get: (path: string, init?: RequestInit, door?: { via: 'tcp' | 'socket'; address: string }) => Promise<Response>
}

export interface Fakes {
  readonly call?: (name: string, args: Readonly<Record<string, unknown>>, asker: Asker) => Answered<unknown> | Promise<Answered<unknown>>
  readonly ring?: (ask: AskRinger) => RingerSays | { is: 'away'; says: string }
}

const done = (says: string): Answered<unknown> => ({ is: 'answered', status: 200, body: { schema: 'holdfast.done/1', says } })

/** The real routes over fakes. Nothing was pushed yet; see `pushAll`. */
export function webWorld(fakes: Fakes = {}): World {
  const asked: Asked = { calls: [], acts: [] }
  let passed = 0
  let stepped = 0
  const clock = { now: () => ({ wall: instantOf(NOW + passed + stepped), tick: tickOf(1000 + passed), boot: 'b' }) }
  const keeper: Keeper = {
    call: (async (name: string, args: Readonly<Record<string, unknown>>, asker: Asker) => {
      asked.calls.push({ name, args, asker })
      return fakes.call?.(name, args, asker) ?? (name === 'runbooks.windows' ? { is: 'answered', status: 200, body: { schema: 'holdfast.windows/1', windows: [], since: NOW, version: 1 } } : done(`did ${name}`))
    }) as Keeper['call'],
  }
  const ringer: Ringer = {
    ask: (ask) => {
      asked.acts.push(ask)
      const said = fakes.ring?.(ask)
      return Promise.resolve(said ?? (ask.is === 'show' ? { is: 'shown', view: sampleView } : { is: 'did', recorded: true, view: { ...sampleView, state: 'held', heldBy: 'ada' } }))
    },
  }
  let drawn = 0
  const random = (n: number): Uint8Array => new Uint8Array(n).fill(++drawn)
  const kit: Kit = {
    clock, random, keeper, ringer, access: accessBook(), boards: boardsOf(DRAWINGS, clock.now()), doors: doorsOf(KEY), triggers: gatherFor(keeper),
    pushed: { health: undefined, metrics: undefined, site: { name: 'Acme', url: 'https://hold.acme.example', timezone: TIMEZONE } },
  }
  const app = appOf(routes, kit)
  return {
    app, kit, asked,
    stepClock(ms) {
      stepped += ms
    },
    turn(ms) {
      passed += ms
      kit.boards.turn(clock.now())
    },
    get: async (at, init = {}, door = { via: 'tcp', address: '198.51.100.7' }) => app.request(`http://hold.acme.example${at}`, init, door),
  }
}

/** What a keeper pushes when web connects. */
export function pushAll({ kit }: World): void {
  kit.access.learn(tokens.tokens)
  kit.doors.learn(doors)
  kit.boards.push('public', true, sampleBoard())
  kit.pushed.health = { ok: true, says: 'delivery advances', heardAt: kit.clock.now().tick }
  kit.pushed.metrics = 'holdfast_up 1\n'
}

export interface Siblings {
  readonly asked: Asked
  /** To every web that is connected. */
  readonly push: (message: ToWeb) => void
  readonly closeKeeper: () => void
  readonly close: () => void
}

/** Keeper and ringer as fakes behind real sockets in a runtime folder. */
export async function fakeSiblings(runtime: string, answers: { call?: (message: Wire) => Wire | Promise<Wire>; ring?: (ask: AskRinger) => RingerSays } = {}): Promise<Siblings> {
  const asked: Asked = { calls: [], acts: [] }
  const webs = new Set<Link>()
  const first: ToWeb[] = [tokens, doors, { is: 'board', slug: 'public', first: true, board: sampleBoard(instantOf(Date.now())) }, { is: 'boards', slugs: ['public'] }]
  const send = (link: Link, message: ToWeb): void => void link.send(message)
  const keeper = await listen(path.join(runtime, 'keeper.sock'), {
    onMessage(message, link) {
      if (message.is === 'hello') {
        webs.add(link)
        for (const it of first) send(link, it)
        send(link, { is: 'health', ok: true, says: 'delivery advances', at: instantOf(Date.now()) })
        return
      }
      asked.calls.push({ name: String(message['name']), args: message['args'], asker: message['asker'] as Asker })
      return answers.call?.(message) ?? { is: 'reply', status: 200, body: { schema: 'holdfast.done/1', says: `did ${String(message['name'])}` } }
    },
    onLost: (link) => void webs.delete(link),
  })
  const ringer = await listen(path.join(runtime, 'ringer.sock'), {
    onMessage(message) {
      const ask = message as unknown as AskRinger
      asked.acts.push(ask)
      const said = answers.ring?.(ask) ?? (ask.is === 'show' ? { is: 'shown', view: sampleView } : { is: 'did', recorded: true, view: { ...sampleView, state: 'held', heldBy: 'ada', heldSince: instantOf(Date.now()) } })
      return { ...said }
    },
  })
  return {
    asked,
    push: (message) => webs.forEach((link) => send(link, message)),
    closeKeeper: () => keeper.close(),
    close() {
      keeper.close()
      ringer.close()
    },
  }
}
