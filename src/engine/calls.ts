// What people and programs may ask of the keeper, by name. Each call checks its own arguments (strictly: an unknown key is an
// error), runs as a turn where it changes something, and is answered only when that is durable.
import { z } from 'zod'
import { derivedId } from '../core/id.ts'
import { serviceBy, subjectOf } from '../core/subject.ts'
import { days, later, ms, parseSpan, sayTime, type Instant } from '../core/time.ts'
import { rebuildLedger, verifyLedger } from '../db/verify.ts'
import type { Random } from '../ports/world.ts'
import { firstOf } from '../rooms/page/plan.ts'
import { called, named } from '../rooms/page/steps.ts'
import { findIncident, loadNewestTests, loadOpenBySubject, loadOpenWith, loadRecent, loadTest } from '../rooms/page/rows.ts'
import { takeTry, TESTS } from '../rooms/people/limits.ts'
import { loadActive, loadPublished } from '../rooms/tell/rows.ts'
import { viewBoard } from '../rooms/tell/view.ts'
import type { Ping } from '../rooms/watch/pings.ts'
import type { Asker, BoardAnswer, Calls, CheckAnswer, TestAnswer, Trigger } from '../views/answers.ts'
import type { AgreementCalls } from '../views/agreements.ts'
import type { BackupCalls } from '../views/backups.ts'
import type { WorkCalls } from '../views/board/work.ts'
import type { ChangeCalls } from '../views/change/changes.ts'
import type { RollingCalls } from '../views/change/rollings.ts'
import type { RunCalls } from '../views/change/runs.ts'
import type { KeepCalls } from '../views/retention/applied.ts'
import type { ActCalls } from '../views/acts.ts'
import type { ReconcileCalls } from '../views/reconciles.ts'
import type { PeopleCalls } from '../views/people.ts'
import type { RestoreCalls } from '../views/restore/restores.ts'
import { viewCheck, viewChecks, type ChecksView } from '../views/checks.ts'
import { viewIncident, viewIncidentWhole } from '../views/incidents.ts'
import { viewOncall, viewStatus } from '../views/status.ts'
import { zoneOf } from '../words/moment.ts'
import { createToken, listTokens, refuseToken, revokeToken, SCOPES, tokensForWeb, touchToken, whyNotFrom } from './access.ts'
import { answerAgreements, isAboutAgreements } from './agreement/calls.ts'
import { answerChanges, isAboutChanges } from './change/calls.ts'
import { answerRuns, isAboutRuns } from './change/run-calls.ts'
import { answerBackups, isAboutBackups } from './guard/calls.ts'
import { answerActs, isAboutActs } from './guard/act-calls.ts'
import { answerKeeping, isAboutKeeping } from './guard/keep-calls.ts'
import { answerReconciles, isAboutReconciles } from './guard/reconcile-calls.ts'
import { answerRestores, isAboutRestores } from './guard/restore-calls.ts'
import { misunderstood, no, notDurable, ok, type Answer } from './answer.ts'
import type { Keeper } from './keeper.ts'
import { FARTHEST, momentOf, sayMoment } from './moments.ts'
import { answerPeople, isAboutPeople } from './people.ts'
import { answerWork, isAboutWork } from './tell/calls.ts'

interface Desk {
  readonly keeper: Keeper
  readonly random: Random
  readonly pingUrl: (check: string) => string
}

const done = (says: string, id?: string): Answer => ok({ schema: 'holdfast.done/1', says, ...(id === undefined ? {} : { id }) })
const missing = (what: string, name: string, known: Iterable<string>): Answer =>
  no(404, 'HF404', `no ${what} is called “${name}”`, `known: ${[...known].slice(0, 20).join(', ') || 'none'}`)

/** So many pings of a heartbeat are shown where nobody said how many. */
const PINGS_SHOWN = 20

const text = z.string().min(1).max(20_000)
const name = z.string().min(1).max(200)
const bytes = z.int().min(0)
const person = z.string().max(200).optional()

type OwnCalls = Omit<Calls, keyof PeopleCalls | keyof AgreementCalls | keyof BackupCalls | keyof ReconcileCalls | keyof ActCalls | keyof KeepCalls | keyof RestoreCalls | keyof ChangeCalls | keyof WorkCalls | keyof RunCalls | keyof RollingCalls>

const ARGS = {
  'status': z.strictObject({}),
  'checks.list': z.strictObject({}),
  'checks.show': z.strictObject({ name, pings: z.int().min(0).max(100).optional() }),
  'checks.run': z.strictObject({ name }),
  'checks.silence': z.strictObject({ name, for: name, reason: text, person }),
  'checks.pause': z.strictObject({ name, reason: z.string().max(20_000).optional(), leave: z.boolean().optional(), person }),
  'checks.resume': z.strictObject({ name, person }),
  'incidents.list': z.strictObject({ state: z.enum(['open', 'all']).optional() }),
  'incidents.show': z.strictObject({ incident: name }),
  'incidents.update': z.strictObject({ incident: name, text, person }),
  'incidents.assign': z.strictObject({ incident: name, to: name, person }),
  'incidents.resolve': z.strictObject({ incident: name, reason: text, person }),
  'page': z.strictObject({ who: name, text, person }),
  'oncall.show': z.strictObject({ days: z.int().min(1).max(120).optional() }),
  'oncall.cover': z.strictObject({ rotation: name, by: name, from: name, until: name, person }),
  'oncall.test': z.strictObject({ who: name.optional(), channel: name.optional() }),
  'oncall.tested': z.strictObject({ pages: z.array(name).max(500) }),
  'board.show': z.strictObject({ board: name.optional() }),
  'board.post': z.strictObject({
    board: name.optional(), statement: name.optional(), title: z.string().max(300).optional(),
    status: z.enum(['investigating', 'identified', 'monitoring', 'resolved']), text, next: name.optional(), person,
  }),
  'board.hold': z.strictObject({ statement: name, person }),
  'board.publish': z.strictObject({ statement: name, person }),
  'board.progress': z.strictObject({ statement: name, what: z.enum(['check', 'restore']).optional(), checked: bytes.optional(), of: bytes.optional(), left: z.int().min(0).max(31 * 86_400_000).optional(), over: z.boolean().optional(), person }),
  'ping': z.strictObject({
    check: name, signal: z.enum(['success', 'start', 'fail', 'log', 'exit']), exit: z.int().min(0).max(255).optional(),
    rid: z.string().max(64).optional(), body: z.string().max(10_000).optional(), cut: z.boolean().optional(), from: z.string().max(100).optional(),
  }),
  'triggers': z.strictObject({
    events: z.array(z.strictObject({
      via: name, integration: name, action: z.enum(['trigger', 'acknowledge', 'resolve']), key: z.string().min(1).max(255), summary: z.string().max(1024),
      source: z.string().max(1024), severity: z.enum(['critical', 'error', 'warning', 'info']),
    })).max(1000),
  }),
  'tokens.create': z.strictObject({ name, scopes: z.array(z.enum(SCOPES)).min(1), expires: name.optional(), from: z.array(z.string().max(60)).max(100).optional(), person }),
  'tokens.list': z.strictObject({}),
  'tokens.revoke': z.strictObject({ id: name, person }),
  'tokens.noted': z.strictObject({ is: z.enum(['used', 'refused']), id: name.nullable(), why: z.string().max(200).optional(), origin: z.string().max(100) }),
  'ledger.verify': z.strictObject({}),
  'ledger.rebuild': z.strictObject({}),
} satisfies Record<keyof OwnCalls, z.ZodType>

type Args<Name extends keyof OwnCalls> = z.output<(typeof ARGS)[Name]>
type Call<Name extends keyof OwnCalls> = (desk: Desk, args: Args<Name>, who: string) => Answer | Promise<Answer>

/** Who stands in the ledger for a call: the named person, the token, or whoever sits at the machine. */
const whoOf = (asker: Asker, person: unknown): string =>
  asker.is === 'person' ? asker.person : typeof person === 'string' && person !== '' ? person : asker.is === 'token' ? `token ${asker.name}` : asker.is === 'socket' ? (asker.person ?? 'somebody at the machine') : 'somebody'

/** In whose name a token is made or revoked: a name that a token or a terminal gives is not proven, and does not stand alone. */
const keeperOfKeys = (asker: Asker, who: string): string => asker.is === 'token' ? `token ${asker.name}` : asker.is === 'socket' && who !== 'somebody at the machine' ? `${who} at the machine` : who

const checksView = ({ keeper, pingUrl }: Desk): ChecksView => ({
  sql: keeper.store.sql, now: keeper.now().wall, standing: (it) => keeper.watcher.standing(it), flapping: (it) => keeper.watcher.flapping(it), pingUrl,
})
const allChecks = (desk: Desk): CheckAnswer[] => viewChecks(desk.keeper.watcher.checks.values(), checksView(desk))

const CALLS: { [Name in keyof OwnCalls]: Call<Name> } = {
  'status': (desk) => ok(viewStatus({
    sql: desk.keeper.store.sql, now: desk.keeper.now(), plan: desk.keeper.plan, checks: allChecks(desk), missing: desk.keeper.missing, board: desk.keeper.config.site.url,
  })),
  'checks.list': (desk) => ok({ schema: 'holdfast.checks/1', checks: allChecks(desk) }),
  'checks.show': (desk, args) => withCheck(desk, args.name, (check) => ok(viewCheck(check, checksView(desk), { pings: args.pings ?? PINGS_SHOWN }))),
  'checks.run': (desk, args) => withCheck(desk, args.name, (check) => {
    if (check.kind === 'heartbeat') return no(400, 'HF410', `${check.name} is a heartbeat: it reports to Holdfast, Holdfast cannot look`, `ping it: ${desk.pingUrl(check.name)}`)
    return new Promise((resolve) => desk.keeper.awaitLook(check.name, () => resolve(ok(viewCheck(check, checksView(desk))))))
  }),
  'checks.silence': (desk, args, who) => withCheck(desk, args.name, async (check) => {
    const span = parseSpan(args.for)
    if (span === undefined || span <= 0 || span > days(31)) return no(400, 'HF411', `“${args.for}” is not a time up to 31 days`, 'write it with units: 30m, 2h, 1d')
    const until = later(desk.keeper.now().wall, span)
    await desk.keeper.engine.turn(`silence ${check.name}`, (tx) => desk.keeper.rooms.watch.silence(tx, check.name, until, who, args.reason))
    return done(`${check.name} is silenced until ${sayMoment(desk.keeper, until)}; it is still watched and shown`)
  }),
  'checks.pause': (desk, args, who) => withHeartbeat(desk, args.name, async ({ name: job }) => {
    const { engine, rooms } = desk.keeper
    const paused = await engine.turn(`pause ${job}`, (tx) => {
      const [open] = args.leave === true ? [] : loadOpenWith(tx.sql, subjectOf('check', job))
      return open ?? rooms.watch.pause(tx, job, who, args.reason ?? '')
    })
    if (typeof paused === 'object') return no(409, 'HF417', `${job} has an open incident (${paused.number}): pausing it ends the paging`, 'let it come back first, or pause it with --leave (“leave”: true): it then leaves the incident')
    return done(paused ? `${job} is paused: it is not judged until it reports again or is resumed` : `${job} is paused already`)
  }),
  'checks.resume': (desk, args, who) => withHeartbeat(desk, args.name, async ({ name: job }) => {
    const resumed = await desk.keeper.engine.turn(`resume ${job}`, (tx) => desk.keeper.rooms.watch.resume(tx, job, who))
    return done(resumed ? `${job} is judged again` : `${job} is not paused`)
  }),
  'incidents.list': ({ keeper }, args) => {
    const rows = loadRecent(keeper.store.sql, 500).filter((row) => args.state === 'all' || row.state === 'open').slice(0, 100)
    return ok({ schema: 'holdfast.incidents/1', incidents: rows.map((row) => viewIncident(row, keeper.plan, keeper.now())) })
  },
  'incidents.show': (desk, args) => withIncident(desk, args.incident, (row) => ok(viewIncidentWhole(desk.keeper.store.sql, row, desk.keeper.plan, desk.keeper.now()))),
  'incidents.update': (desk, args, who) => withIncident(desk, args.incident, async (row) => {
    await desk.keeper.engine.turn('update', (tx) => desk.keeper.rooms.page.update(tx, row.id, args.text, who))
    return done('noted in the timeline', row.id)
  }),
  'incidents.assign': (desk, args, who) => withIncident(desk, args.incident, async (row) => {
    if (!named(desk.keeper.plan.people, args.to)) return missing('person', args.to, Object.keys(desk.keeper.plan.people))
    if (row.state !== 'open') return no(409, 'HF412', `incident ${row.number} is over`)
    await desk.keeper.engine.turn('assign', (tx) => desk.keeper.rooms.page.event(tx, row.id, { is: 'assigned', to: args.to, by: who }, { by: who, to: args.to }))
    return done(`${called(args.to)} is paged for it now`, row.id)
  }),
  'incidents.resolve': (desk, args, who) => withIncident(desk, args.incident, async (row) => {
    const result = await desk.keeper.engine.turn('resolve', (tx) => desk.keeper.rooms.page.resolve(tx, row.id, { person: who, reason: args.reason }))
    if (result === 'unknown') return no(409, 'HF412', `incident ${row.number} is over already`)
    if (result === 'still-failing') return no(409, 'HF413', `incident ${row.number} still fails by what Holdfast sees`, 'take it (ack), or silence the check; it closes by itself after fresh passes')
    return done('resolved', row.id)
  }),
  'page': async (desk, args, who) => {
    const { keeper } = desk
    if (!named(keeper.plan.people, args.who)) return missing('person', args.who, Object.keys(keeper.plan.people))
    const at = keeper.now().wall
    const subject = `person:${args.who}/${derivedId('p', args.who, who, at)}`
    const title = heading(args.text, 60)
    const id = await keeper.engine.turn('page', (tx) => keeper.rooms.page.open(tx, {
      subject, title, says: cut(`${who} pages you: “${args.text}”`, 500), origin: 'person', escalate: firstOf(args.who), members: [],
    }))
    return done(`${called(args.who)} is paged`, id)
  },
  'oncall.show': ({ keeper }, args) => ok(viewOncall(keeper.plan, keeper.now().wall, days(args.days ?? 14))),
  'oncall.cover': async ({ keeper }, args, who) => {
    const rotationName = args.rotation.replace(/^oncall\./, '')
    const rotation = named(keeper.plan.rotations, rotationName)
    if (!rotation) return missing('rotation', args.rotation, Object.keys(keeper.plan.rotations))
    if (!named(keeper.plan.people, args.by)) return missing('person', args.by, Object.keys(keeper.plan.people))
    const now = keeper.now().wall
    const from = momentOf(args.from, rotation.timezone, now)
    const until = from === undefined ? undefined : momentOf(args.until, rotation.timezone, from)
    if (from === undefined || until === undefined) return no(400, 'HF414', `“${from === undefined ? args.from : args.until}” is not a time within 100 years`, 'write 2026-11-24 09:00, now, or a span such as 8h')
    if (until <= from || until <= now) return no(400, 'HF415', 'a cover must end after it begins, and in the future')
    await keeper.engine.turn('cover', (tx) => keeper.rooms.page.cover(tx, { rotation: rotationName, person: args.by, from, until }, who))
    await keeper.configure(keeper.config)
    return done(`${called(args.by)} covers ${rotationName} until ${zoneOf(rotation.timezone).moment(until, now)}`)
  },
  'oncall.test': async ({ keeper }, args) => {
    const people = args.who === undefined ? Object.values(keeper.plan.people) : [named(keeper.plan.people, args.who)].filter((it) => it !== undefined)
    if (people.length === 0) return missing('person', args.who ?? '', Object.keys(keeper.plan.people))
    const ways = people.flatMap((it) => [...new Set(it.reach.map((rung) => rung.channel))].filter((it2) => args.channel === undefined || it2 === args.channel).map((it2) => [it.name, it2] as const))
    if (ways.length === 0) return missing('channel', args.channel ?? '', Object.keys(keeper.plan.channels))
    const late = ways.map((way) => takeTry(keeper.signIns.buckets, `test ${way.join('/')}`, TESTS, keeper.now())).find((it) => it.is === 'wait')
    if (late?.is === 'wait') return no(429, 'HF419', `Enough test pages for now: the next one in ${sayTime(late.for)}.`, 'each of them wakes somebody')
    const pages = await keeper.engine.turn('test', (tx) => ways.map(([who, channel]) => keeper.rooms.page.test(tx, who, channel)))
    return ok(testsOf(keeper, pages))
  },
  'oncall.tested': ({ keeper }, args) => ok(testsOf(keeper, args.pages.length > 0 ? args.pages : loadNewestTests(keeper.store.sql, 200))),
  'board.show': ({ keeper }, args) => {
    const known = keeper.config.boards.map((board) => board.slug)
    return args.board === undefined || known.includes(args.board) ? ok(boardsOf(keeper, args.board)) : missing('status page', args.board, known)
  },
  'board.post': async ({ keeper }, args, who) => {
    const slug = args.board ?? keeper.config.boards[0]?.slug ?? ''
    if (!keeper.config.boards.some((board) => board.slug === slug)) return missing('status page', slug, keeper.config.boards.map((board) => board.slug))
    if (args.statement === undefined && (args.title ?? '').trim() === '') return no(400, 'HF419', 'A new statement needs a title.', 'add --title "Slow mail", or name the one that this goes on with: --statement (holdfast board show)')
    const nextBy = args.next === undefined ? undefined : momentOf(args.next, keeper.config.site.timezone, keeper.now().wall)
    if (args.next !== undefined && nextBy === undefined) return no(400, 'HF414', `“${args.next}” is not a time within 100 years`, 'write 2026-11-24 09:00 or a span such as 30m')
    if (nextBy !== undefined && nextBy <= keeper.now().wall) return no(400, 'HF415', 'a next update can be promised for the future only', 'write a span such as 30m')
    const id = await keeper.engine.turn('board.post', (tx) => keeper.rooms.tell.post(tx, {
      board: slug, status: args.status, text: args.text, by: who,
      ...(args.statement === undefined ? {} : { statement: args.statement }), ...(args.title === undefined ? {} : { title: args.title }), ...(nextBy === undefined ? {} : { nextBy }),
    }))
    return id === undefined ? no(404, 'HF404', `no statement is called “${args.statement ?? ''}”`) : done('published', id)
  },
  'board.hold': async ({ keeper }, args, who) =>
    (await keeper.engine.turn('board.hold', (tx) => keeper.rooms.tell.hold(tx, args.statement, who)))
      ? done(`held by ${who}: it does not publish itself`, args.statement) : no(409, 'HF416', 'there is no such draft: it may be published already'),
  'board.progress': async ({ keeper }, { statement, what, checked = 0, of, left, over }) =>
    (await keeper.engine.turn('board.progress', (tx) => keeper.rooms.tell.progress(tx, statement, over === true ? undefined : { ...(what === 'restore' ? { what } : {}), checked, ...(of === undefined ? {} : { of: Math.max(of, checked) }), ...(left === undefined ? {} : { left: ms(left) }) })))
      ? done(over === true ? 'the board says nothing of it any more' : 'the board says how far it is', statement) : no(409, 'HF495', 'there is no such statement that is published and open', 'holdfast board show lists those that are'),
  'board.publish': async ({ keeper }, args, who) =>
    (await keeper.engine.turn('board.publish', (tx) => keeper.rooms.tell.publish(tx, args.statement, who)))
      ? done('published', args.statement) : no(409, 'HF416', 'there is no such draft: it may be published already'),
  'ping': async ({ keeper }, args) => {
    const signal = args.signal === 'exit' ? { is: 'exit' as const, code: args.exit ?? 0 } : { is: args.signal }
    const { check, rid, body, cut: isCut, from } = args
    const ping: Ping = {
      check, signal, ...(rid === undefined ? {} : { rid }), ...(body === undefined ? {} : { text: body }), ...(isCut === undefined ? {} : { cut: isCut }), ...(from === undefined ? {} : { from }),
    }
    const known = await keeper.engine.turn(`ping ${check}`, (tx) => keeper.rooms.watch.ping(tx, ping))
    return known ? done('OK') : missing('heartbeat', args.check, [])
  },
  'triggers': async ({ keeper }, args) => {
    await Promise.all(args.events.map((event) => keeper.engine.turn('trigger', (tx) => takeTrigger(keeper, tx, event))))
    return done(`${args.events.length} taken`)
  },
  'tokens.create': async ({ keeper, random }, args, who) => {
    const span = args.expires === undefined ? undefined : parseSpan(args.expires)
    if (args.expires !== undefined && (span === undefined || span <= 0 || span > FARTHEST)) return no(400, 'HF411', `“${args.expires}” is not a time up to 100 years`, 'write it with units: 90d')
    const expiresAt = span === undefined ? null : later(keeper.now().wall, span)
    const from = args.from ?? []
    const wrong = whyNotFrom(from)
    if (wrong !== undefined) return no(400, 'HF419', wrong, 'write 10.0.0.0/8, 2001:db8::/32, or one address; bits beyond the prefix are 0')
    const made = await keeper.engine.turn('token', (tx) => createToken(tx, random, { name: args.name, scopes: args.scopes, expiresAt, from, by: who }))
    keeper.ports.toWeb({ is: 'tokens', tokens: tokensForWeb(keeper.store.sql) })
    return ok({ schema: 'holdfast.tokens/1', tokens: listTokens(keeper.store.sql).filter((it) => it.id === made.id), secret: made.secret })
  },
  'tokens.list': ({ keeper }) => ok({ schema: 'holdfast.tokens/1', tokens: listTokens(keeper.store.sql) }),
  'tokens.noted': async ({ keeper }, { is, id, why, origin }) => {
    await keeper.engine.turn('token noted', (tx) => (is === 'refused' ? refuseToken(tx, { id, why: why ?? '', origin }) : touchToken(tx, id ?? '')))
    return done('noted')
  },
  'tokens.revoke': async ({ keeper }, args, who) => {
    const gone = await keeper.engine.turn('token', (tx) => revokeToken(tx, args.id, who))
    keeper.ports.toWeb({ is: 'tokens', tokens: tokensForWeb(keeper.store.sql) })
    return gone ? done('revoked', args.id) : missing('token', args.id, listTokens(keeper.store.sql).map((it) => it.id))
  },
  'ledger.verify': ({ keeper }) => ok({ schema: 'holdfast.ledger/1', ...verifyLedger(keeper.store.sql) }),
  'ledger.rebuild': ({ keeper }) => {
    const { entries, differed } = rebuildLedger(keeper.store.sql, keeper.store.rooms, { replace: true })
    return ok({ schema: 'holdfast.ledger/1', entries, head: keeper.store.head.hash, differed })
  },
}

/** The beginning of a text, never with half a letter at its end. */
const cut = (written: string, most: number): string => written.slice(0, most).replace(/[\ud800-\udbff]$/, '').trim()
/** The same, on one line. */
const heading = (written: string, most: number): string => cut(written.replace(/\s+/g, ' '), most)

function withCheck(desk: Desk, wanted: string, act: (check: Parameters<typeof viewCheck>[0]) => Answer | Promise<Answer>): Answer | Promise<Answer> {
  const check = desk.keeper.watcher.checks.get(wanted)
  return check ? act(check) : missing('check', wanted, desk.keeper.watcher.checks.keys())
}

/** What people do with heartbeats alone; what is looked at can be silenced. */
function withHeartbeat(desk: Desk, name: string, act: (check: Parameters<typeof viewCheck>[0]) => Answer | Promise<Answer>): Answer | Promise<Answer> {
  return withCheck(desk, name, (check) => (check.kind === 'heartbeat' ? act(check)
    : no(400, 'HF418', `${check.name} is no heartbeat: only those are paused`, `silence it: holdfast checks silence ${check.name} --for 2h -m "why"`)))
}

function withIncident(desk: Desk, wanted: string, act: (row: NonNullable<ReturnType<typeof findIncident>>) => Answer | Promise<Answer>): Answer | Promise<Answer> {
  const row = findIncident(desk.keeper.store.sql, wanted)
  return row ? act(row) : no(404, 'HF404', `no incident ${wanted}`, 'holdfast incidents list shows them')
}

function testsOf(keeper: Keeper, pages: readonly string[]): TestAnswer {
  const tests = pages.map((page) => loadTest(keeper.store.sql, page)).filter((it) => it !== undefined)
  return {
    schema: 'holdfast.test/1',
    tests: tests.map((it) => ({ page: it.page, person: it.person, channel: it.channel, outcome: it.outcome, says: it.says, receivedAt: it.received_at as Instant | null })),
  }
}

function boardsOf(keeper: Keeper, slug: string | undefined): BoardAnswer {
  const { sql } = keeper.store
  const now = keeper.now().wall
  const boards = keeper.config.boards.filter((board) => slug === undefined || board.slug === slug).map((board) => {
    const published = new Set(loadPublished(sql, board.slug, 0, 500).map((row) => row.id))
    const drafts = loadActive(sql, board.slug).filter((row) => !published.has(row.id)).map((row) => ({
      id: row.id, title: row.title, body: row.body, status: row.status, publishAt: row.publish_at as Instant | null, heldBy: row.held_by,
    }))
    return { slug: board.slug, board: viewBoard(sql, board, keeper.config.site, now), drafts }
  })
  return { schema: 'holdfast.board/1', boards }
}

/** Another system's alert: same key and open is the same incident; an end without a beginning is dropped. */
function takeTrigger(keeper: Keeper, tx: Parameters<Parameters<Keeper['engine']['turn']>[1]>[0], event: Trigger): void {
  const by = serviceBy(event.via, event.integration)
  const subject = `${by}/${event.key}`
  const has = loadOpenBySubject(tx.sql, subject)
  if (event.action === 'trigger') {
    if (has) {
      tx.append({ is: 'incident.updated', stream: has.id, body: { id: has.id, text: tx.keep(event.summary), by, at: tx.now.wall } })
      return
    }
    const escalate = keeper.config.ingest.find((it) => it.via === event.via && it.name === event.integration)?.escalate ?? 'default'
    keeper.rooms.page.open(tx, { subject, title: heading(event.summary, 100) || event.key, says: `${event.summary} (${event.source})`, origin: 'ingest', escalate, members: [] })
    return
  }
  if (!has) return
  if (event.action === 'acknowledge') keeper.rooms.page.event(tx, has.id, { is: 'acked', by, via: event.via }, { by, via: event.via })
  else keeper.rooms.page.resolve(tx, has.id, { person: by, reason: 'by the system that raised it' })
}

/** Answers a call: 400 with every problem of its arguments, 404 for what is not known, 503 when it could not be made durable. */
export async function answer(desk: Desk, called: string, args: unknown, asker: Asker): Promise<Answer> {
  if (isAboutPeople(called)) return answerPeople(desk.keeper, called, args, asker)
  if (isAboutActs(called)) return answerActs(desk.keeper, called, args, asker)
  if (isAboutRestores(called)) return answerRestores(desk.keeper, called, args, asker)
  if (isAboutKeeping(called)) return answerKeeping(desk.keeper, called, args, asker)
  if (isAboutChanges(called)) return answerChanges(desk.keeper, called, args)
  if (isAboutRuns(called)) return answerRuns(desk.keeper, called, args, asker)
  if (isAboutReconciles(called)) return answerReconciles(desk.keeper, called, args)
  if (isAboutBackups(called)) return answerBackups(desk.keeper, called, args, asker)
  if (isAboutAgreements(called)) return answerAgreements(desk.keeper, called, args, asker)
  if (isAboutWork(called)) return answerWork(desk.keeper, called, args, (person) => whoOf(asker, person))
  if (!Object.hasOwn(CALLS, called)) return no(404, 'HF400', `there is no call ${called}`)
  const key = called as keyof OwnCalls
  const parsed = ARGS[key].safeParse(args ?? {})
  if (!parsed.success) {
    return misunderstood(called, parsed.error)
  }
  // It would outlive its own end, and be good where it is not.
  if (key === 'tokens.create' && asker.is === 'token') return no(403, 'HF459', 'No token makes another token.', 'an owner makes it under Tokens, or "holdfast tokens create" on the machine')
  const data = parsed.data as Record<string, unknown>
  const who = whoOf(asker, data['person'])
  try {
    return await (CALLS[key] as Call<keyof OwnCalls>)(desk, data, key.startsWith('tokens.') ? keeperOfKeys(asker, who) : who)
  } catch (cause) {
    return notDurable(cause)
  }
}
