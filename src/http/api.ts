// Our own API: each call of the keeper under a path of its own. What may be sent is a strict schema (an unknown key is an error:
// nobody assigns what was not offered); names that stand in the path cannot be sent again in the body. Acknowledgements go to
// the ringer, like those by link, so that they work while the keeper does not.
import { z } from 'zod'
import { ms, type Span } from '../core/time.ts'
import { ROLES } from '../core/authority/role.ts'
import { ACCEPTABLE } from '../views/acts.ts'
import type { Asker, Calls, DoneAnswer } from '../views/answers.ts'
import { swapSchema } from '../rooms/guard/restore/swap.ts'
import { MANIFEST_LIMIT, runShape } from '../rooms/guard/sets/manifest.ts'
import type { LinkView } from '../rooms/page/protocol.ts'
import { opens, SCOPES, type Scope } from './access.ts'
import { cleanLine, cleanText, parseJson, readBody } from './body.ts'
import { json, problem } from './problem.ts'
import { sayTaken } from './links.ts'
import type { Ask, Route } from './route.ts'

export const API_LIMIT = 64 * 1024

const prose = z.string().max(20_000).overwrite(cleanText).min(1)
const name = z.string().min(1).max(200)
const line = z.string().max(300).overwrite(cleanLine).min(1)
const accepted = z.array(z.strictObject({ code: name, reason: z.string().max(2000) })).max(100).exactOptional()
const sinceLine = z.coerce.number().int().min(-1).exactOptional().meta({ description: 'Only what happened after this line.' })
const person = z.string().max(200).overwrite(cleanLine).min(1).exactOptional().meta({ description: 'Who does it; a person of the configuration.' })
const none = z.strictObject({})

/** A path, a call, and what it takes. The keeper judges what the values mean. */
interface CallRoute<Name extends keyof Calls> {
  readonly at: `${'GET' | 'POST' | 'DELETE'} ${string}`
  readonly who: Scope
  readonly call: Name
  readonly says: string
  readonly takes: z.ZodObject & z.ZodType<Calls[Name]['args']>
  readonly gives: Calls[Name]['body'] extends { readonly schema: infer Schema extends string } ? Schema : string
  readonly within?: Span
  readonly fresh?: boolean
  /** Bytes that its body may have, where that is not API_LIMIT. */
  readonly most?: number
}

const call = <Name extends keyof Calls>(it: CallRoute<Name>): Route => {
  const [method, path] = it.at.split(' ') as ['GET' | 'POST' | 'DELETE', string]
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, key]) => key ?? '')
  const inQuery = method === 'GET' ? Object.keys(it.takes.shape).filter((key) => !inPath.includes(key)) : []
  const takes = { schema: it.takes, path: inPath, query: inQuery }
  const most = it.most ?? API_LIMIT
  return {
    method, path: `/api/v1${path}`, who: it.who, ...(it.fresh === undefined ? {} : { fresh: it.fresh }), says: it.says, takes, gives: it.gives,
    async answer(ask, kit, asker) {
      const read = await readArgs(ask, takes, most)
      if (read instanceof Response) return read
      const answered = await kit.keeper.call(it.call, read, asker, it.within)
      if (answered.is === 'away') return problem({ status: 503, detail: answered.says, code: 'HF-W503' })
      if (answered.is === 'refused') {
        const { code, message, help } = answered.error
        return problem({ status: answered.status, detail: message, code, ...(help === undefined ? {} : { help }) })
      }
      return json(withoutKeys(answered.body, asker), answered.status, { 'holdfast-timezone': kit.pushed.site.timezone })
    },
  }
}

/** Whoever may only read does not get the addresses by which a heartbeat is reported (they are credentials), nor what jobs wrote. */
function withoutKeys(body: unknown, asker: Asker): unknown {
  if (asker.is === 'token' ? opens(asker.scopes, 'write') : asker.is === 'person' ? asker.rights.includes('write') : asker.is === 'socket') return body
  const strip = (it: object): object => ('pingUrl' in it ? { ...it, pingUrl: null, ...('heartbeat' in it ? { heartbeat: withoutTexts(it.heartbeat) } : {}) } : it)
  if (typeof body !== 'object' || body === null) return body
  return 'checks' in body && Array.isArray(body.checks) ? { ...body, checks: body.checks.map(strip) } : strip(body)
}

/** What jobs write is not always meant for everybody who may see that they run. */
function withoutTexts(heartbeat: unknown): unknown {
  if (typeof heartbeat !== 'object' || heartbeat === null || !('pings' in heartbeat) || !Array.isArray(heartbeat.pings)) return heartbeat
  return { ...heartbeat, pings: heartbeat.pings.map((ping: object) => ({ ...ping, text: null, from: null })) }
}

type Takes = NonNullable<Route['takes']>

const isList = (type: unknown): boolean => type instanceof z.ZodArray || (type instanceof z.ZodDefault && isList(type.unwrap()))

/** The arguments of a request, from path, query and body; a problem when they are not what the schema says. */
async function readArgs(ask: Ask, { schema, path = [], query = [] }: Takes, most = API_LIMIT): Promise<Record<string, unknown> | Response> {
  const args: Record<string, unknown> = {}
  for (const [key, values] of Object.entries(ask.req.queries())) {
    if (!query.includes(key)) return problem({ status: 400, detail: `“${key.slice(0, 60)}” is not a parameter here.`, help: query.length > 0 ? `Known: ${query.join(', ')}.` : 'There are none.' })
    args[key] = isList(schema.shape[key]) ? values : values.at(-1)
  }
  for (const key of path) args[key] = ask.req.param(key)
  if (ask.req.method !== 'GET') {
    const body = await readObject(ask, most)
    if (body instanceof Response) return body
    const twice = path.find((key) => Object.hasOwn(body, key))
    if (twice !== undefined) return problem({ status: 400, detail: `“${twice}” stands in the path and cannot be sent in the body.` })
    Object.assign(args, body)
  }
  const parsed = schema.safeParse(args)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.slice(0, 20).map((issue) => ({ at: issue.path.join('.').slice(0, 100), says: issue.message.slice(0, 300) }))
  return problem({ status: 400, detail: `This was not understood: ${errors.map((it) => (it.at === '' ? it.says : `${it.at}: ${it.says}`)).join('; ')}`.slice(0, 1000), errors })
}

/** The body as an object; an absent body is an empty one. */
async function readObject(ask: Ask, most: number): Promise<Record<string, unknown> | Response> {
  const body = await readBody(ask.req.raw, most)
  switch (body.is) {
    case 'too-large': return problem({ status: 413, detail: `The body is larger than ${body.most / 1024} KB.`, headers: { connection: 'close' } })
    case 'encoded': return problem({ status: 415, detail: body.says, headers: { connection: 'close' } })
    case 'cut': return problem({ status: 400, detail: body.says })
    case 'read': break
  }
  if (body.bytes.length === 0) return {}
  const parsed = parseJson(body.bytes)
  if (parsed.is === 'bad') return problem({ status: 400, detail: parsed.says })
  if (typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value)) return problem({ status: 400, detail: 'The body must be a JSON object.' })
  // `__proto__` is an own key of a parsed object, and would be lost on the way to the schema that refuses it.
  if (Object.hasOwn(parsed.value, '__proto__')) return problem({ status: 400, detail: '“__proto__” is not a key here.' })
  return parsed.value as Record<string, unknown>
}

const actSchema = z.strictObject({ incident: name.meta({ description: 'Its number or id; "open" stands for the only open one.' }), person })

const say = (view: LinkView): DoneAnswer => ({ schema: 'holdfast.done/1', says: sayTaken(view), id: view.incident.id })

/** Takes or passes on, by the ringer: as an acknowledgement by link does. */
const act = (verb: 'ack' | 'pass', says: string): Route => {
  const takes = { schema: actSchema, path: ['incident'] }
  return {
    method: 'POST', path: `/api/v1/incidents/:incident/${verb}`, who: 'ack', says, takes, gives: 'holdfast.done/1',
    async answer(ask, kit, asker) {
      const read = await readArgs(ask, takes)
      if (read instanceof Response) return read
      const { incident, person: named } = read as z.output<typeof actSchema>
      // Whoever is signed in acts as themselves, whatever else was sent.
      const by = asker.is === 'person' ? asker.person : named
      const via = asker.is === 'token' ? `api:${asker.name}` : asker.is === 'person' ? 'web' : 'cli'
      const said = await kit.ringer.ask({ is: 'act', act: verb, via, ...(incident === 'open' ? {} : { incident }), ...(by === undefined ? {} : { person: by }) })
      switch (said.is) {
        case 'did': return json({ ...say(said.view), recorded: said.recorded, held_by: said.view.heldBy ?? null }, said.recorded ? 200 : 202, { 'holdfast-timezone': said.view.timezone })
        case 'away': return problem({ status: 503, detail: said.says })
        case 'shown': return problem({ status: 500, detail: 'The ringer answered something else.' })
        case 'no': return problem({ status: said.why === 'closed' ? 409 : said.why === 'unknown-person' ? 422 : 404, detail: said.says, code: `HF-${said.why}` })
      }
    },
  }
}

const aboutPerson = z.strictObject({ who: name, person })
const tokenName = line.max(100)

export const apiRoutes: readonly Route[] = [
  call({ at: 'GET /status', who: 'read', call: 'status', takes: none, gives: 'holdfast.status/1', says: 'The one sentence on top, and what stands behind it.' }),
  call({ at: 'GET /checks', who: 'read', call: 'checks.list', takes: none, gives: 'holdfast.checks/1', says: 'All checks, failing ones first.' }),
  call({ at: 'GET /checks/:name', who: 'read', call: 'checks.show', takes: z.strictObject({ name, pings: z.coerce.number().int().min(0).max(100).exactOptional().meta({ description: 'Of a heartbeat: so many of its newest pings (20).' }) }), gives: 'holdfast.check/1', says: 'One check, and why it is thought to be so.' }),
  call({ at: 'POST /checks/:name/run', who: 'write', call: 'checks.run', takes: z.strictObject({ name }), gives: 'holdfast.check/1', within: ms(45_000), says: 'Looks now and waits for the finding.' }),
  call({ at: 'POST /checks/:name/silence', who: 'write', call: 'checks.silence', takes: z.strictObject({ name, for: name, reason: prose, person }), gives: 'holdfast.done/1', says: 'Pages nobody for this check for a while; it is still watched and shown.' }),
  call({ at: 'POST /checks/:name/pause', who: 'write', call: 'checks.pause', takes: z.strictObject({ name, reason: prose.exactOptional(), leave: z.boolean().exactOptional().meta({ description: 'It leaves its open incidents; without this it is refused while there is one.' }), person }), gives: 'holdfast.done/1', says: 'Pauses a heartbeat: it is not judged until it reports again or is resumed.' }),
  call({ at: 'POST /checks/:name/resume', who: 'write', call: 'checks.resume', takes: z.strictObject({ name, person }), gives: 'holdfast.done/1', says: 'Judges a paused heartbeat again, from now on.' }),
  call({ at: 'GET /incidents', who: 'read', call: 'incidents.list', takes: z.strictObject({ state: z.enum(['open', 'all']).exactOptional() }), gives: 'holdfast.incidents/1', says: 'Open incidents, or the latest of all.' }),
  call({ at: 'GET /incidents/:incident', who: 'read', call: 'incidents.show', takes: z.strictObject({ incident: name }), gives: 'holdfast.incident/1', says: 'One incident with its timeline.' }),
  act('ack', 'Takes an incident: nobody else is paged for it until that lapses. Again is no error.'),
  act('pass', 'Passes an incident on: whoever is next is paged now.'),
  call({ at: 'POST /incidents/:incident/update', who: 'write', call: 'incidents.update', takes: z.strictObject({ incident: name, text: prose, person }), gives: 'holdfast.done/1', says: 'Writes a line into the timeline.' }),
  call({ at: 'POST /incidents/:incident/assign', who: 'write', call: 'incidents.assign', takes: z.strictObject({ incident: name, to: name, person }), gives: 'holdfast.done/1', says: 'Hands an incident over: that person is paged now.' }),
  call({ at: 'POST /incidents/:incident/resolve', who: 'write', call: 'incidents.resolve', takes: z.strictObject({ incident: name, reason: prose, person }), gives: 'holdfast.done/1', says: 'Ends an incident that no check can end. Refused while a check of it fails.' }),
  call({ at: 'POST /page', who: 'write', call: 'page', takes: z.strictObject({ who: name, text: prose, person }), gives: 'holdfast.done/1', says: 'Pages a person.' }),
  call({ at: 'GET /approvals', who: 'read', call: 'approvals.list', takes: z.strictObject({ all: z.stringbool().exactOptional().meta({ description: 'Also those that are over.' }), person }), gives: 'holdfast.approvals/1', says: 'What people are asked to agree to, the newest first.' }),
  call({ at: 'GET /approvals/:id', who: 'read', call: 'approvals.show', takes: z.strictObject({ id: name, person }), gives: 'holdfast.approval/1', says: 'One agreement, and who has said it. No token approves: each party has a link of their own.' }),
  call({
    at: 'POST /approvals', who: 'write', call: 'approvals.ask', gives: 'holdfast.approval/1', says: 'Asks people to agree to a described act; each gets a link by their own channels.',
    takes: z.strictObject({
      title: line.max(200), text: z.string().max(10_000).overwrite(cleanText), of: z.array(name).min(2).max(10).meta({ description: 'Who: "ada", or "ada:checks" (approves, checks, does).' }),
      lapses: name.exactOptional().meta({ description: 'A span up to 24h; 15m where none is given.' }), typed: line.max(100).exactOptional().meta({ description: 'What has to be typed, where it cannot be undone.' }),
      ready: z.boolean().exactOptional(), alone: z.boolean().exactOptional().meta({ description: 'One may go alone, with a reason; all owners are paged then.' }),
      instead: name.exactOptional().meta({ description: 'A former one, which is void by this.' }), person,
    }),
  }),
  call({ at: 'GET /oncall', who: 'read', call: 'oncall.show', takes: z.strictObject({ days: z.coerce.number().int().min(1).max(120).exactOptional() }), gives: 'holdfast.oncall/1', says: 'Who is on call, and the shifts to come.' }),
  call({ at: 'POST /oncall/cover', who: 'write', call: 'oncall.cover', takes: z.strictObject({ rotation: name, by: name, from: name, until: name, person }), gives: 'holdfast.done/1', says: 'Lets a person stand in for whoever is on call.' }),
  call({ at: 'POST /oncall/test', who: 'write', call: 'oncall.test', takes: z.strictObject({ who: name.exactOptional(), channel: name.exactOptional() }), gives: 'holdfast.test/1', says: 'Sends test pages, one per person and channel.' }),
  call({ at: 'GET /oncall/test', who: 'read', call: 'oncall.tested', takes: z.strictObject({ pages: z.array(name).max(100).default([]) }), gives: 'holdfast.test/1', says: 'What became of test pages (of the newest where none is named): whether they were taken, and confirmed by link.' }),
  call({ at: 'GET /board', who: 'read', call: 'board.show', takes: z.strictObject({ board: name.exactOptional() }), gives: 'holdfast.board/1', says: 'The status pages with their drafts.' }),
  call({
    at: 'POST /board/post', who: 'write', call: 'board.post', gives: 'holdfast.done/1', says: 'Publishes a statement, or an update to one.',
    takes: z.strictObject({
      board: name.exactOptional(), statement: name.exactOptional(), title: line.exactOptional(), status: z.enum(['investigating', 'identified', 'monitoring', 'resolved']),
      text: prose, next: name.exactOptional().meta({ description: 'When the next update is promised: a time, or a span such as 30m.' }), person,
    }),
  }),
  call({ at: 'POST /board/hold', who: 'write', call: 'board.hold', takes: z.strictObject({ statement: name, person }), gives: 'holdfast.done/1', says: 'Holds a draft: it does not publish itself.' }),
  call({ at: 'POST /board/progress', who: 'write', call: 'board.progress', takes: z.strictObject({ statement: name, what: z.enum(['check', 'restore']).exactOptional().meta({ description: 'What goes on: stored bytes are checked (left out), or a copy is fetched that is restored.' }), checked: z.int().min(0).exactOptional(), of: z.int().min(0).exactOptional(), left: z.int().min(0).exactOptional(), over: z.boolean().exactOptional(), person }), gives: 'holdfast.done/1', says: 'Has the board say beneath an open statement how many bytes were checked (or fetched, of a copy that is restored), of how many, and how many milliseconds are left, as far as that is known; gone after 3 minutes, or with `over`.' }),
  call({ at: 'POST /board/publish', who: 'write', call: 'board.publish', takes: z.strictObject({ statement: name, person }), gives: 'holdfast.done/1', says: 'Publishes a draft now.' }),
  call({
    at: 'POST /board/announce', who: 'write', call: 'board.announce', gives: 'holdfast.done/1', says: 'Announces planned work to the public. It begins and ends when somebody says so, never by itself.',
    takes: z.strictObject({
      board: name.exactOptional(), runbook: name.exactOptional().meta({ description: 'Board, title, components and lead are as it says, where they are left out.' }), title: line.exactOptional(), text: prose, components: z.array(name).min(1).max(100).exactOptional(), from: name.meta({ description: 'A time in the zone of the site, or a span from now.' }),
      until: name.meta({ description: 'A time, or a span from its beginning.' }), lead: name.exactOptional().meta({ description: 'How long before it begins the public is to know: refused where it begins sooner.' }), person,
    }),
  }),
  ...([['begin', 'has begun'], ['complete', 'is completed'], ['cancel', 'is cancelled, or, where it has begun, ended early']] as const).map(([verb, says]) => call({
    at: `POST /board/maintenances/:maintenance/${verb}`, who: 'write', call: `board.${verb}`, gives: 'holdfast.done/1', says: `Says on the board that planned work ${says}.`, takes: z.strictObject({ maintenance: name, text: prose.exactOptional(), person }),
  })),
  call({ at: 'GET /backups', who: 'read', call: 'backups.list', takes: none, gives: 'holdfast.backups/1', says: 'All sets of backups, the worst first.' }),
  call({ at: 'POST /backups/:set/look', who: 'write', call: 'backups.look', takes: z.strictObject({ set: name }), gives: 'holdfast.look/1', says: 'Has it listed in all its stores now, one at a time, and none that was listed within a minute (a bucket of objects: a quarter of an hour). Answers before that is done.' }),
  call({ at: 'GET /backups/:set/look', who: 'read', call: 'backups.looked', takes: z.strictObject({ set: name, look: z.coerce.number().int().min(1).exactOptional().meta({ description: 'The number that an answer to the question had; left out, or not known any more: the newest.' }) }), gives: 'holdfast.look/1', says: 'How far a listing is that was asked for; 404 where none was since Holdfast started.' }),
  call({ at: 'POST /backups/:set/verify', who: 'write', call: 'backups.verify', takes: z.strictObject({ set: name, all: z.boolean().exactOptional() }), gives: 'holdfast.backup-set/1', says: 'Has its bytes read now: what is due, or all of it. Answers before that is done.' }),
  call({ at: 'GET /backups/:set', who: 'read', call: 'backups.show', takes: z.strictObject({ set: name }), gives: 'holdfast.backup-set/1', says: 'One set with all its copies, what was proven of each, and why one does not count.' }),
  call({ at: 'POST /backups/:set/drill', who: 'write', call: 'backups.drill', takes: z.strictObject({ set: name, store: name.exactOptional(), copy: z.string().min(1).max(1100).exactOptional().meta({ description: 'Its key in the store; left out: the newest that counts.' }), planted: z.boolean().exactOptional().meta({ description: 'The newest copy that passed is spoilt in the cell first: the drill has to fail.' }), person }), gives: 'holdfast.drill-begun/1', says: 'Begins a drill: a copy is restored into a throw-away cell and asked. Its report comes with the drills of the set.' }),
  call({ at: 'POST /backups/:set/drill/cancel', who: 'write', call: 'backups.cancelDrill', takes: z.strictObject({ set: name, store: name.exactOptional().meta({ description: 'Only there.' }), person }), gives: 'holdfast.drill-cancelled/1', says: 'Ends the drills of a set that wait or are at work; each leaves a report that says so.' }),
  call({ at: 'GET /backups/:set/drills', who: 'read', call: 'backups.drills', takes: z.strictObject({ set: name, after: z.coerce.number().int().min(0).exactOptional().meta({ description: 'Only reports whose id is above this.' }) }), gives: 'holdfast.drills/1', says: 'The reports of the last drills of a set, the newest first.' }),
  call({ at: 'GET /restore-reports', who: 'read', call: 'backups.report', takes: none, gives: 'holdfast.restore-report/1', says: 'The signed report of the newest drill of all.' }),
  call({ at: 'GET /restore-reports/:of', who: 'read', call: 'backups.report', takes: z.strictObject({ of: name }), gives: 'holdfast.restore-report/1', says: 'The signed report of a drill, or of the newest drill of a set.' }),
  call({ at: 'POST /restore-reports/check', who: 'read', call: 'backups.checkReport', most: 2 * API_LIMIT, takes: z.strictObject({ report: z.string().min(1).max(120_000) }), gives: 'holdfast.restore-report-check/1', says: 'Holds a report against its signature, and against the ledger.' }),
  call({ at: 'GET /backups/:set/plan', who: 'read', call: 'backups.plan', takes: z.strictObject({ set: name, store: name.exactOptional() }), gives: 'holdfast.retention/1', says: 'What could go by the rules of a set, and why each copy stays. Nothing is done by it.' }),
  call({ at: 'POST /backups/:set/hold', who: 'write', call: 'backups.hold', takes: z.strictObject({ set: name, copy: z.string().min(1).max(1100), reason: prose.max(2000).exactOptional(), end: z.boolean().exactOptional().meta({ description: 'Nobody holds it any more.' }), person }), gives: 'holdfast.done/1', says: 'Holds a copy: no rule makes it go.' }),
  call({ at: 'POST /backups/:set/accept-gone', who: 'admin', call: 'backups.acceptGone', takes: z.strictObject({ set: name, store: name, seen: name.exactOptional().meta({ description: 'What names just that which vanished; an answer without it says so.' }), reason: prose.max(2000), person }), gives: 'holdfast.done/1', says: 'Says that what vanished from a store was meant to.' }),
  call({ at: 'POST /backups/:set/accept-most', who: 'admin', call: 'backups.acceptMost', takes: z.strictObject({ set: name, store: name, most: z.int().min(1).max(100_000), reason: prose.max(2000), person }), gives: 'holdfast.done/1', says: 'Says that so many copies may go at once in a store; for a day.' }),
  call({ at: 'POST /retention/:plan/apply', who: 'admin', call: 'backups.apply', takes: z.strictObject({ plan: name.meta({ description: 'Its id, as a plan says it: the hash of what a person saw. Of one that was permitted it says how far it is.' }), person }), gives: 'holdfast.retention.acts/1', says: 'Sets aside what a plan of retention names, if that is still what it would be; else answers why not (holdfast.refusal/1). Takes a person.' }),
  call({ at: 'POST /retention/:plan/purge', who: 'write', call: 'backups.purge', takes: z.strictObject({ plan: name, of: z.array(name).max(2).exactOptional(), lapses: name.exactOptional(), person }), gives: 'holdfast.approval/1', says: 'Asks two people to remove for good what was set aside long enough ago; or answers why not (holdfast.refusal/1).' }),
  call({ at: 'POST /retention/arm', who: 'write', call: 'backups.arm', takes: z.strictObject({ set: name.exactOptional().meta({ description: 'Left out: every set that has rules.' }), store: name.exactOptional(), of: z.array(name).max(2).exactOptional(), lapses: name.exactOptional(), person }), gives: 'holdfast.approval/1', says: 'Asks two people to let copies that no rule keeps be set aside on schedule; or answers why not (holdfast.refusal/1).' }),
  call({ at: 'POST /retention/disarm', who: 'write', call: 'backups.disarm', takes: z.strictObject({ set: name.exactOptional(), store: name.exactOptional(), person }), gives: 'holdfast.done/1', says: 'From now on it only reports what could go.' }),
  call({ at: 'POST /backups/:set/release', who: 'write', call: 'backups.release', takes: z.strictObject({ set: name, store: name.exactOptional(), copies: z.array(z.string().min(1).max(1100)).min(1).max(1000).exactOptional(), all: z.literal(true).exactOptional().meta({ description: 'Everything of the set that lies aside, where no copies are named.' }), person }), gives: 'holdfast.release/1', says: 'Brings back copies that were set aside, and holds them: those that are named, or all.' }),
  call({
    at: 'POST /backups/:set/manifests', who: 'backup', call: 'backups.ran', most: MANIFEST_LIMIT, gives: 'holdfast.done/1', says: 'A command that makes copies of a set has run: how it ended, and what its source held meanwhile.',
    takes: z.strictObject({ set: name, ...runShape }),
  }),
  call({ at: 'GET /backups/:set/restores', who: 'read', call: 'backups.restores', takes: z.strictObject({ set: name }), gives: 'holdfast.restores/1', says: 'The last restores of a set, and how they ended.' }),
  call({ at: 'POST /backups/:set/restore', who: 'write', call: 'backups.restore', takes: z.strictObject({ set: name, store: name.exactOptional(), copy: z.string().min(1).max(1100).exactOptional().meta({ description: 'Its key in the store; left out: the newest that is verified.' }), until: z.int().min(0).exactOptional().meta({ description: 'Made before then, as its state of then is wanted; milliseconds since 1970.' }), as_superuser: z.literal(true).exactOptional().meta({ description: 'The dump may be run with the rights of a superuser; it is recorded that this was said.' }), to: line, person }), gives: 'holdfast.restore-begun/1', says: 'Notes that a copy is restored, and says which one and what is known of it. Whoever asks restores it.' }),
  call({ at: 'POST /restores/:restore/ask', who: 'write', call: 'restores.ask', most: MANIFEST_LIMIT, takes: z.strictObject({ restore: name, swap: swapSchema, of: z.array(name).max(2).exactOptional(), lapses: name.exactOptional(), person }), gives: 'holdfast.approval/1', says: 'Asks two people to agree that just this is put in the place of what is damaged.' }),
  call({ at: 'POST /restores/:restore/swap', who: 'write', call: 'restores.swap', takes: z.strictObject({ restore: name, hash: z.string().regex(/^[0-9a-f]{64}$/), person }), gives: 'holdfast.done/1', says: 'Uses up what two people agreed on: the swap may begin, once.' }),
  call({
    at: 'POST /restores/:restore/end', who: 'write', call: 'restores.end', gives: 'holdfast.done/1', says: 'Notes how a restore ended.',
    takes: z.strictObject({ restore: name, verdict: z.enum(['restored', 'swapped', 'failed', 'refused', 'unknown']), says: z.string().max(2000).overwrite(cleanText), sha256: z.string().max(64).exactOptional(), phases: z.array(z.strictObject({ name, ms: z.number().min(0) })).max(20).exactOptional(), swapped: z.array(z.string().max(1100)).max(1000).exactOptional(), person }),
  }),
  call({ at: 'GET /clusters', who: 'read', call: 'clusters.list', takes: none, gives: 'holdfast.clusters/1', says: 'All clusters, as far as they are known, and how many further failures each tolerates.' }),
  call({ at: 'GET /runbooks', who: 'read', call: 'runbooks.list', takes: none, gives: 'holdfast.runbooks/1', says: 'All runbooks, and whether their windows are open.' }),
  call({
    at: 'POST /runbooks/:runbook/plan', who: 'read', call: 'runbooks.plan', gives: 'holdfast.plan/1', says: 'Draws the plan of a run on a host: what every gate knows and lacks, and what has to be accepted. Nothing is done by it.',
    takes: z.strictObject({ runbook: name, host: name, accept: accepted }),
  }),
  call({
    at: 'POST /runbooks/:runbook/run', who: 'write', call: 'runs.begin', gives: 'holdfast.run-state/1', says: 'Begins a run of a plan that nothing refuses: its two people are asked for the first step. Nothing is done before both have pressed.',
    takes: z.strictObject({ runbook: name, host: name, accept: accepted, does: name.exactOptional(), checks: name.exactOptional(), rehearse: z.boolean().exactOptional().meta({ description: 'Everything but the deeds.' }), unattended: z.boolean().exactOptional().meta({ description: 'Both are asked once, for all of it; it goes by itself in its window.' }), person }),
  }),
  call({
    at: 'POST /runbooks/:runbook/rolling/plan', who: 'read', call: 'rollings.plan', gives: 'holdfast.rolling-plan/1', says: 'Draws the plans of all hosts of a runbook, in the order in which a rolling run goes over them. Nothing is done by it.',
    takes: z.strictObject({ runbook: name, accept: accepted }),
  }),
  call({
    at: 'POST /runbooks/:runbook/rolling', who: 'write', call: 'rollings.begin', gives: 'holdfast.rolling/1', says: 'Begins a rolling run over all hosts of a runbook: its two people are asked for the first step of each host of the first batch.',
    takes: z.strictObject({ runbook: name, accept: accepted, does: name.exactOptional(), checks: name.exactOptional(), rehearse: z.boolean().exactOptional().meta({ description: 'Everything but the deeds.' }), person }),
  }),
  call({ at: 'GET /rollings/:rolling', who: 'read', call: 'rollings.show', takes: z.strictObject({ rolling: name, after: sinceLine }), gives: 'holdfast.rolling-told/1', says: 'One rolling run: how each host stands, and what happened, line by line.' }),
  call({ at: 'POST /rollings/:rolling/halt', who: 'write', call: 'rollings.halt', takes: z.strictObject({ rolling: name, person }), gives: 'holdfast.rolling/1', says: 'No further host begins, and the run at work is halted.' }),
  call({ at: 'POST /rollings/:rolling/abort', who: 'write', call: 'rollings.abort', takes: z.strictObject({ rolling: name, person }), gives: 'holdfast.rolling/1', says: 'Ends it, and the run at work, where they are.' }),
  call({ at: 'POST /rollings/:rolling/resume', who: 'write', call: 'rollings.resume', takes: z.strictObject({ rolling: name, person }), gives: 'holdfast.rolling/1', says: 'Lets the next host begin, as soon as all that it wants passes; its steps take both people as before.' }),
  call({ at: 'GET /runs', who: 'read', call: 'runs.list', takes: none, gives: 'holdfast.runs/1', says: 'The latest runs, and how they stand.' }),
  call({ at: 'GET /runs/:run', who: 'read', call: 'runs.show', takes: z.strictObject({ run: name, after: sinceLine }), gives: 'holdfast.run-told/1', says: 'One run: how it stands, and what happened, line by line.' }),
  call({ at: 'POST /runs/:run/halt', who: 'write', call: 'runs.halt', takes: z.strictObject({ run: name, person }), gives: 'holdfast.run-state/1', says: 'Nothing more of it begins; nothing is killed.' }),
  call({ at: 'POST /runs/:run/abort', who: 'write', call: 'runs.abort', takes: z.strictObject({ run: name, person }), gives: 'holdfast.run-state/1', says: 'Ends it where it is.' }),
  call({ at: 'POST /runs/:run/resume', who: 'write', call: 'runs.resume', takes: z.strictObject({ run: name, as: z.enum(['done', 'not-done', 'unknown']).exactOptional().meta({ description: 'What became of a step of which nobody knows; unknown: it is idempotent, and may begin once more.' }), step: name.exactOptional().meta({ description: 'That step alone, against a halt; one that makes more failures tolerable.' }), person }), gives: 'holdfast.run-state/1', says: 'Asks both people to go on.' }),
  call({
    at: 'POST /runs/:run/hand-over', who: 'write', call: 'runs.handOver', gives: 'holdfast.run-state/1', says: 'One of its two people hands over: whoever takes over and whoever stays are asked, and all that was offered is void.',
    takes: z.strictObject({ run: name, from: name, to: name, reason: prose.max(1000), person }),
  }),
  call({ at: 'POST /runs/:run/undo', who: 'write', call: 'runs.undo', takes: z.strictObject({ run: name, person }), gives: 'holdfast.run-state/1', says: 'Asks both people for the way back of the last step that began.' }),
  call({ at: 'GET /reconcile', who: 'read', call: 'reconcile.list', takes: none, gives: 'holdfast.reconciles/1', says: 'All reconciles: buckets held against the rows of a database.' }),
  call({ at: 'GET /reconcile/:reconcile', who: 'read', call: 'reconcile.show', takes: z.strictObject({ reconcile: name }), gives: 'holdfast.reconcile/1', says: 'One reconcile: its last run, what refuses it, and what a person could accept.' }),
  call({
    at: 'GET /reconcile/:reconcile/plan/items', who: 'read', call: 'reconcile.items', gives: 'holdfast.reconcile.items/1', says: 'A page of the items of its latest plan, or of one that is named, and where the next one begins.',
    takes: z.strictObject({ reconcile: name, plan: name.exactOptional(), from: z.coerce.number().int().min(0).exactOptional().meta({ description: 'What the page before said as next; left out, from the first.' }) }),
  }),
  call({
    at: 'POST /acts/ask/:what', who: 'write', call: 'reconcile.ask', gives: 'holdfast.approval/1', says: 'Asks two people to arm a reconcile, to purge what a plan names, or to close a breaker; what they agree on is done at once.',
    takes: z.strictObject({ what: z.enum(['arm', 'purge', 'close-breaker']), on: name.meta({ description: 'A plan, to purge it; else a reconcile.' }), reason: prose.max(2000).exactOptional(), of: z.array(name).max(2).exactOptional(), lapses: name.exactOptional(), person }),
  }),
  call({ at: 'POST /reconcile/:reconcile/disarm', who: 'write', call: 'reconcile.disarm', takes: z.strictObject({ reconcile: name, person }), gives: 'holdfast.done/1', says: 'From now on it only reports.' }),
  call({ at: 'POST /reconcile/:reconcile/release', who: 'write', call: 'reconcile.release', takes: z.strictObject({ reconcile: name, keys: z.array(z.string().min(1).max(1024)).min(1).max(1000).exactOptional(), all: z.literal(true).exactOptional().meta({ description: 'All that lies aside, where no keys are named.' }), person }), gives: 'holdfast.release/1', says: 'Brings back what was put aside: the keys that are named, or all of it.' }),
  call({ at: 'POST /reconcile/:reconcile/accept', who: 'admin', call: 'reconcile.accept', takes: z.strictObject({ reconcile: name, what: z.enum(ACCEPTABLE), seen: z.string().min(1).max(2048), undo: z.boolean().exactOptional().meta({ description: 'It is accepted no more.' }), person }), gives: 'holdfast.done/1', says: 'A person accepts something that a run saw; it holds for just that.' }),
  call({ at: 'GET /acts/:on', who: 'read', call: 'reconcile.acts', takes: z.strictObject({ on: name }), gives: 'holdfast.acts/1', says: 'How far a plan has come, and what of it was held up by what.' }),
  call({ at: 'POST /reconcile/:reconcile/run', who: 'write', call: 'reconcile.run', takes: z.strictObject({ reconcile: name }), gives: 'holdfast.reconcile/1', says: 'Begins a run now; it reports, and nothing is done by it.' }),
  call({ at: 'GET /tokens', who: 'admin', call: 'tokens.list', takes: none, gives: 'holdfast.tokens/1', says: 'API tokens, without their secrets.' }),
  call({ at: 'POST /tokens', who: 'admin', call: 'tokens.create', takes: z.strictObject({ name: tokenName, scopes: z.array(z.enum(SCOPES)).min(1).max(5), expires: name.exactOptional(), from: z.array(line.max(60)).max(20).exactOptional().meta({ description: 'Networks that it is taken from: 10.0.0.0/8. Left out: from anywhere.' }), person }), gives: 'holdfast.tokens/1', says: 'Makes a token; its secret is in this answer and nowhere else.' }),
  call({ at: 'DELETE /tokens/:id', who: 'admin', fresh: false, call: 'tokens.revoke', takes: z.strictObject({ id: name, person }), gives: 'holdfast.done/1', says: 'Revokes a token at once.' }),
  // About people: the keeper answers owners who are signed in, and this machine; no token, whatever its scopes.
  call({ at: 'GET /people', who: 'admin', call: 'people.list', takes: none, gives: 'holdfast.people/1', says: 'Everybody, with their roles and whether they have a way in.' }),
  call({ at: 'POST /people/first-owner', who: 'admin', call: 'people.firstOwner', takes: none, gives: 'holdfast.link/1', says: 'On this machine only: the link of the first owner, while nobody owns this.' }),
  call({ at: 'POST /people/:who/invite', who: 'admin', call: 'people.invite', takes: aboutPerson, gives: 'holdfast.link/1', says: 'A link by which somebody sets up their account.' }),
  call({ at: 'POST /people/:who/recover', who: 'admin', call: 'people.recover', takes: aboutPerson, gives: 'holdfast.link/1', says: 'A link for somebody who lost their way in.' }),
  call({ at: 'POST /people/:who/enrol', who: 'admin', call: 'people.enrol', takes: aboutPerson.extend({ code: z.string().max(40).exactOptional() }), gives: 'holdfast.totp/1', says: 'On this machine only: an authenticator for somebody, or the code that confirms it.' }),
  call({ at: 'POST /people/:who/grant', who: 'admin', call: 'people.grant', takes: aboutPerson.extend({ roles: z.array(z.enum(ROLES)).max(ROLES.length) }), gives: 'holdfast.done/1', says: 'Which roles somebody has beside those of the configuration; their sessions end.' }),
  call({ at: 'POST /people/:who/sign-out', who: 'admin', fresh: false, call: 'people.signOutAll', takes: aboutPerson, gives: 'holdfast.done/1', says: 'Ends all sessions of somebody.' }),
  call({ at: 'GET /audit', who: 'admin', call: 'people.audit', takes: z.strictObject({ who: name.exactOptional(), since: line.max(40).exactOptional() }), gives: 'holdfast.audit/1', says: 'What was done about people and by them.' }),
  call({ at: 'POST /ledger/verify', who: 'admin', call: 'ledger.verify', takes: none, gives: 'holdfast.ledger/1', within: ms(120_000), says: 'Checks the chain of the ledger, entry by entry.' }),
  call({ at: 'POST /ledger/rebuild', who: 'admin', call: 'ledger.rebuild', takes: none, gives: 'holdfast.ledger/1', within: ms(120_000), says: 'Makes the tables anew from the ledger, and says which differed.' }),
]
