// Stories of the ringer with a turned clock: what the keeper says, what people do, what providers answer, and what goes out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { incidentId, type Incident } from '../../../core/incident.ts'
import { makeToken } from '../../../core/link.ts'
import { instantOf, minutes, seconds, tickOf, timeTo, type Due, type Now } from '../../../core/time.ts'
import type { Message } from '../../../ports/channel.ts'
import { begin, decide, step as stepPaging, type Decision, type PagingEvent } from '../decide.ts'
import type { Paging } from '../paging.ts'
import type { Plan } from '../plan.ts'
import type { AskRinger, FromRinger, Journaled, Mirrored, RingerSays, ToRinger } from '../protocol.ts'
import { render } from './render.ts'
import { newRinger, step, USUAL, type RingerEffect, type RingerEvent, type RingerState } from './ringer.ts'

const KEY = Buffer.alloc(32, 5)
const START = Date.UTC(2026, 10, 21, 1, 14)

const plan = (over: Partial<Plan> = {}): Plan => ({
  version: 'v1',
  people: {
    ada: { name: 'ada', email: 'ada@acme.example', reach: [{ channel: 'email', after: seconds(0) }, { channel: 'hook', after: seconds(4) }] },
    bo: { name: 'bo', email: 'bo@acme.example', reach: [{ channel: 'email', after: seconds(0) }] },
  },
  channels: { email: { kind: 'smtp', config: { smtp: 'x' } }, hook: { kind: 'webhook', config: { webhook: 'y' } } },
  rotations: { primary: { name: 'primary', rotate: { every: 'week', times: 1 }, handoff: { weekday: 1, hour: 9, minute: 0 }, timezone: 'Europe/Berlin', people: ['ada'], starts: '2024-01-01' } },
  covers: [],
  policies: { default: { name: 'default', steps: [{ page: [{ is: 'rotation', name: 'primary' }], wait: seconds(6) }, { page: [{ is: 'person', name: 'bo' }], wait: seconds(6) }, { page: [{ is: 'person', name: 'ada' }, { is: 'person', name: 'bo' }], wait: seconds(10) }] } },
  fallback: ['ada'], ackLapses: minutes(30), site: { name: 'Acme', url: 'http://127.0.0.1:7400', timezone: 'Europe/Berlin' }, communications: [],
  ...over,
})

const incident = (name: string, number = 1): Incident => ({
  id: incidentId(`check:${name}`, ''), number, subject: `check:${name}`, title: `${name} is down`, says: 'Connection refused', origin: 'watch', escalate: 'default', since: instantOf(START), members: [`check:${name}`],
})

interface Sent {
  readonly at: number
  readonly page: string
  readonly person: string
  readonly channel: string
  readonly event: string
  readonly message: Message
}

/** Keeper, providers and clock around one ringer. */
class World {
  at = 0
  /** How far the wall clock was set. */
  wall = 0
  state: RingerState
  plan: Plan
  readonly sent: Sent[] = []
  readonly told: { at: number; to: number; message: FromRinger }[] = []
  readonly replies = new Map<number, { at: number; says: RingerSays }>()
  readonly trace: string[] = []
  traces = false
  /** What a provider answers, and after how long; `undefined` for never. */
  provider: (sent: Sent) => { after: number; outcome: 'accepted' | 'failed' | 'unknown' } | undefined = () => ({ after: 5, outcome: 'accepted' })
  /** Beats every second while true. */
  keeperBeats = false
  keeper = 1
  private wakeAt: Due | undefined
  private readonly coming: { at: number; event: RingerEvent }[] = []
  private asks = 0

  constructor(use: Plan = plan()) {
    this.plan = use
    this.state = newRinger({ key: KEY, ...USUAL }, this.now())
  }

  now(): Now {
    return { wall: instantOf(START + this.at + this.wall), tick: tickOf(5000 + this.at), boot: 'b' }
  }

  event(event: RingerEvent): readonly RingerEffect[] {
    const { state, effects } = step(this.state, event, this.now())
    this.state = state
    if (this.traces) this.trace.push(JSON.stringify([this.at, event, effects]))
    for (const effect of effects) this.perform(effect)
    return effects
  }

  private perform(effect: RingerEffect): void {
    if (effect.is === 'wake') {
      this.wakeAt = effect.at
      assert.ok(timeTo(effect.at, this.now()) <= 1000)
    } else if (effect.is === 'tell') this.told.push({ at: this.at, to: effect.to, message: effect.message })
    else if (effect.is === 'reply') {
      assert.ok(!this.replies.has(effect.ask), 'one reply for each question')
      this.replies.set(effect.ask, { at: this.at, says: effect.says })
    } else if (effect.is === 'send') {
      const sent = { at: this.at, page: effect.page, person: effect.message.body.person, channel: effect.channel, event: effect.message.body.event, message: effect.message }
      this.sent.push(sent)
      const answer = this.provider(sent)
      if (answer) this.coming.push({ at: this.at + answer.after, event: { is: 'settled', page: effect.page, outcome: answer.outcome, says: 'as the test wants', took: answer.after } })
      else this.coming.push({ at: this.at + effect.within, event: { is: 'settled', page: effect.page, outcome: 'unknown', says: 'no answer', took: effect.within } })
    }
  }

  pass(span: number): void {
    const end = this.at + span
    for (;;) {
      const wake = this.wakeAt ? this.at + timeTo(this.wakeAt, this.now()) : Infinity
      const beat = this.keeperBeats ? (Math.floor(this.at / 1000) + 1) * 1000 : Infinity
      this.coming.sort((a, b) => a.at - b.at)
      const next = Math.min(wake, beat, this.coming[0]?.at ?? Infinity)
      if (next > end) break
      this.at = Math.max(this.at, next)
      const due = this.coming.findIndex((it) => it.at <= this.at)
      if (due >= 0) for (const { event } of this.coming.splice(due, 1)) this.event(event)
      else if (beat <= this.at) this.hear({ is: 'beat' })
      else this.event({ is: 'wake' })
    }
    this.at = end
  }

  hear(message: ToRinger, from = this.keeper): void {
    this.event({ is: 'heard', from, message })
  }

  /** A keeper comes: hello, and as soon as it is welcome, plan and mirror. */
  connect(open: readonly Mirrored[] = [], store = 'store-1'): FromRinger & { is: 'welcome' } {
    this.hear({ is: 'hello', store, pid: 1 })
    const welcome = this.told.findLast(({ message }) => message.is === 'welcome')?.message
    assert.ok(welcome?.is === 'welcome')
    const last = welcome.journal.at(-1)
    if (last) this.hear({ is: 'taken', n: last.n })
    this.hear({ is: 'plan', plan: this.plan })
    this.hear({ is: 'mirror', open })
    this.keeperBeats = true
    return welcome
  }

  ask(question: AskRinger): number {
    const ask = ++this.asks
    this.event({ is: 'asked', ask, question })
    return ask
  }

  ack(it: Incident, person: string): number {
    return this.ask({ is: 'act', act: 'ack', token: makeToken(KEY, { is: 'act', incident: it.id, person }), via: 'link' })
  }

  reply(ask: number): RingerSays | undefined {
    return this.replies.get(ask)?.says
  }

  pages(event = 'page'): Sent[] {
    return this.sent.filter((it) => it.event === event)
  }

  journal(): Journaled[] {
    return [...this.state.journal.events.values()]
  }

  /** A keeper's ring of a decision. */
  ring(it: Incident, decision: Decision, term = this.state.term): void {
    const rings = decision.moves.flatMap((move) => {
      const message = move.is === 'ring'
        ? render({ is: 'page', page: move.ring.page, person: move.ring.person, incident: it, paging: decision.paging, step: move.ring.step, round: move.ring.round, raisedAt: this.now().wall }, { plan: this.plan, now: this.now(), key: KEY })
        : render({ is: 'notice', notice: move.notice, page: move.key, person: move.person, incident: it, paging: decision.paging, ...(move.by === undefined ? {} : { by: move.by }) }, { plan: this.plan, now: this.now(), key: KEY })
      return message ? [{ incident: it.id, channel: move.is === 'ring' ? move.ring.channel : move.channel, message }] : []
    })
    this.hear({ is: 'ring', term, rings })
  }

  /** The keeper opens an incident: it decides, mirrors, rings. */
  open(it: Incident): Paging {
    const decision = decide(begin(it, this.plan, this.now()), it, this.plan, this.now())
    this.hear({ is: 'changed', mirrored: { incident: it, paging: decision.paging }, closed: false })
    this.ring(it, decision)
    return decision.paging
  }

  /** The keeper takes an event in. */
  judge(it: Incident, paging: Paging, event: PagingEvent): Paging {
    const decision = stepPaging(paging, event, it, this.plan, this.now())
    this.hear({ is: 'changed', mirrored: { incident: it, paging: decision.paging }, closed: event.is === 'resolved' })
    this.ring(it, decision)
    return decision.paging
  }

  pagingOf(it: Incident): Paging | undefined {
    return this.state.open.get(it.id)?.paging
  }
}

const ONLY_STUCK = (sent: Sent): boolean => sent.message.title === 'Holdfast is stuck'
const noPageTwice = (world: World): void => {
  const accepted = world.sent.filter((it) => world.provider(it)?.outcome === 'accepted').map(({ page }) => page)
  assert.deepEqual(accepted.length, new Set(accepted).size, 'an accepted page went out twice')
}

test('the keeper intends, the ringer performs, and says what came of it', () => {
  const world = new World()
  const welcome = world.connect()
  assert.deepEqual([welcome.term, welcome.store, welcome.journal, welcome.open], [1, undefined, [], []])
  const db = incident('db')
  world.open(db)
  world.pass(100)
  assert.deepEqual(world.pages().map(({ person, channel }) => [person, channel]), [['ada', 'email']])
  const settled = world.told.find(({ message }) => message.is === 'settled')?.message
  assert.ok(settled?.is === 'settled' && settled.outcome === 'accepted' && settled.page === world.sent[0]?.page)
})

test('P-4 a page that was accepted never goes out again; one that failed may', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  const decision = decide(begin(db, world.plan, world.now()), db, world.plan, world.now())
  world.provider = () => ({ after: 5, outcome: 'failed' })
  world.ring(db, decision)
  world.ring(db, decision)
  assert.equal(world.sent.length, 1, 'while it is under way it is not started again')
  world.pass(100)
  world.provider = () => ({ after: 5, outcome: 'accepted' })
  world.ring(db, decision)
  world.pass(100)
  assert.equal(world.sent.length, 2)
  world.ring(db, decision)
  world.pass(100)
  assert.equal(world.sent.length, 2)
  assert.deepEqual(world.told.flatMap(({ message }) => (message.is === 'settled' ? [message.outcome] : [])), ['failed', 'accepted', 'accepted'])
})

test('a provider that hangs delays neither another channel nor another person', () => {
  const people = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`p${i}`, { name: `p${i}`, email: 'p@acme.example', reach: [{ channel: 'hook', after: seconds(0) }, { channel: 'email', after: seconds(0) }] }]))
  const world = new World(plan({ people, fallback: ['p0'], policies: { default: { name: 'default', steps: [{ page: [{ is: 'person', name: 'p0' }], wait: minutes(5) }] } } }))
  world.connect()
  world.provider = ({ person, channel }) => (person === 'p0' && channel === 'hook' ? undefined : { after: 5, outcome: 'accepted' })
  for (let i = 0; i < 20; i++) world.open(incident(`c${i}`, i))
  const other = incident('other', 99)
  world.hear({ is: 'ring', term: world.state.term, rings: [{ incident: other.id, channel: 'hook', message: { ...(world.sent[0] as Sent).message, key: 'pg_other', body: { ...(world.sent[0] as Sent).message.body, person: 'p5' } } }] })
  world.pass(50)
  assert.ok(world.sent.some(({ page }) => page === 'pg_other'), 'the other person was not delayed')
  assert.equal(world.sent.filter(({ channel }) => channel === 'email').length, 20, 'the other channel was not delayed')
  assert.equal(world.sent.filter(({ person, channel }) => person === 'p0' && channel === 'hook').length, 4)
  world.pass(10_100)
  const failed = world.told.filter(({ message }) => message.is === 'settled' && message.outcome !== 'accepted')
  assert.equal(failed.length, 20, 'all that waited in the lane are given up when the send before them is')
})

test('a send of which nobody says what came is given up, and its lane goes on', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.provider = () => ({ after: 1_000_000, outcome: 'accepted' })
  world.open(db)
  world.pass(12_000)
  const settled = world.told.find(({ message }) => message.is === 'settled')?.message
  assert.ok(settled?.is === 'settled' && settled.outcome === 'unknown')
  assert.equal(world.state.queue.under.size, 0)
})

test('after 12 s without a beat it goes on alone, says so once, and pages as the policy says', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.open(db)
  world.pass(1000)
  world.keeperBeats = false
  world.pass(USUAL.silence - 500)
  assert.equal(world.sent.length, 1, 'nothing before it is sure')
  assert.equal(world.state.role, 'following')
  world.pass(1000)
  assert.equal(world.state.role, 'alone')
  assert.deepEqual(world.sent.filter(ONLY_STUCK).map(({ person }) => person).sort(), ['ada', 'bo'])
  assert.match(world.sent.find(ONLY_STUCK)?.message.body.text.long ?? '', /^Holdfast is stuck; open: db \(1\)\. No sign of life from its keeper for 1[23] s\./)
  world.pass(60_000)
  const pages = world.pages()
  assert.ok(pages.length > 8, `it goes on and on: ${pages.length}`)
  assert.ok(pages.some(({ person }) => person === 'bo'))
  assert.match(pages.at(-1)?.message.body.text.long ?? '', /Holdfast is stuck: this is what it knew at 02:14/)
  assert.equal(world.sent.filter(ONLY_STUCK).length, 2, 'said once to each')
  noPageTwice(world)
})

test('with nothing open a stuck keeper is told after a minute, to whoever is on call', () => {
  const world = new World()
  world.connect()
  world.keeperBeats = false
  world.pass(58_000)
  assert.equal(world.sent.length, 0)
  world.pass(5000)
  assert.deepEqual(world.sent.map(({ person, message }) => [person, message.title]), [['ada', 'Holdfast is stuck']])
})

test('C-19 with planned work under way each silence of the keeper is told, however soon after the last, and to whoever leads what began meanwhile', () => {
  const led = (id: string, ...people: readonly string[]): ToRinger => ({ is: 'led', led: [{ id, title: `Add memory ${id}`, people }] })
  const freeze = (world: World): string[] => {
    const { length } = world.sent
    world.keeperBeats = false
    world.pass(USUAL.silence + 2000)
    assert.equal(world.state.role, 'alone')
    return world.sent.slice(length).filter(ONLY_STUCK).map(({ person }) => person).toSorted()
  }
  const world = new World()
  world.connect()
  world.hear(led('run_1', 'ada', 'bo'))
  assert.deepEqual(freeze(world), ['ada', 'bo'])
  world.connect()
  world.hear(led('run_1', 'ada', 'bo'))
  world.pass(60_000)
  assert.equal(world.state.role, 'following')
  assert.deepEqual(freeze(world), ['ada', 'bo'], 'the second one, a minute later')

  // A keeper that says what is led now, and falls silent before it has taken over.
  world.hear({ is: 'hello', store: 'store-1', pid: 1 })
  world.hear(led('run_2', 'bo'))
  assert.deepEqual([world.state.handover !== undefined, freeze(world)], [true, ['bo']], 'the work is another one')

  const quiet = new World()
  quiet.connect()
  quiet.open(incident('db'))
  quiet.pass(1000)
  assert.equal(freeze(quiet).length > 0, true)
  quiet.connect()
  quiet.pass(60_000)
  assert.deepEqual(freeze(quiet), [], 'nobody leads anything: people know')
})

test('C-19 with planned work under way whoever leads it hears at once that the keeper is stuck, though nothing is open; when it is over nobody does', () => {
  const world = new World()
  world.connect()
  world.hear({ is: 'led', led: [{ id: 'run_1', title: 'Add memory, on db-1', people: ['bo', 'ada'] }] })
  world.keeperBeats = false
  world.pass(USUAL.silence + 2000)
  assert.deepEqual(world.sent.map(({ person, message }) => `${person}: ${message.title}`).toSorted(), ['ada: Holdfast is stuck', 'bo: Holdfast is stuck'])
  assert.match(world.sent[0]?.message.body.text.long ?? '', /Planned work is under way: Add memory, on db-1 \(run_1\)\. No step of it begins, and no surprise halts it/)
  const after = new World()
  after.connect()
  after.hear({ is: 'led', led: [{ id: 'run_1', title: 'Add memory, on db-1', people: ['bo', 'ada'] }] })
  after.hear({ is: 'led', led: [] })
  after.keeperBeats = false
  after.pass(USUAL.silence + 2000)
  assert.deepEqual(after.sent, [])
})

test('a ring that the keeper had sent off, and nobody knows of, goes out when it falls silent (P-3)', () => {
  const world = new World()
  const db = incident('db')
  const decision = decide(begin(db, world.plan, world.now()), db, world.plan, world.now())
  // The keeper froze after its commit, before the ring left.
  world.connect([{ incident: db, paging: decision.paging }])
  world.keeperBeats = false
  world.pass(16_000)
  const first = decision.moves[0]
  assert.ok(first?.is === 'ring')
  assert.equal(world.sent.filter(({ page }) => page === first.ring.page).length, 1)
})

test('the keeper that comes back is refused until it has taken the journal in; nothing is lost, nothing doubled', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.open(db)
  world.pass(1000)
  const oldTerm = world.state.term
  world.keeperBeats = false
  world.pass(40_000)
  const alone = world.pages().length
  assert.ok(alone > 3)
  // It thaws: beats and rings in its old term.
  world.keeperBeats = true
  world.told.length = 0
  world.pass(1010)
  assert.ok(world.told.some(({ message }) => message.is === 'refused'), 'a beat alone tells it to say hello')
  const stale = decide(begin(db, world.plan, world.now()), db, world.plan, world.now())
  world.ring(db, stale, oldTerm)
  assert.ok(world.told.some(({ message }) => message.is === 'refused' && message.pages.length === 1))
  world.hear({ is: 'hello', store: 'store-1', pid: 1 })
  const welcome = world.told.findLast(({ message }) => message.is === 'welcome')?.message
  assert.ok(welcome?.is === 'welcome')
  assert.ok(welcome.term > oldTerm)
  assert.equal(welcome.journal[0]?.is, 'stoodIn')
  const rang = welcome.journal.flatMap((it) => (it.is === 'rang' ? [it.page] : []))
  assert.deepEqual(new Set(rang), new Set(world.pages().slice(1).map(({ page }) => page)))
  const stepped = welcome.journal.filter((it) => it.is === 'stepped')
  assert.equal(stepped.length, 1, 'only the last state of an incident is kept')
  const refusals = (): number => world.told.filter(({ message }) => message.is === 'refused').length
  const before = refusals()
  world.ring(db, stale, welcome.term)
  assert.equal(refusals(), before + 1, 'still refused: nothing is durable yet')
  world.hear({ is: 'taken', n: welcome.journal.at(-1)?.n ?? 0 })
  assert.equal(world.state.role, 'following')
  assert.equal(world.state.journal.events.size, 0)
  const sent = world.sent.length
  world.ring(db, stale, welcome.term)
  world.pass(1000)
  assert.equal(world.sent.length, sent, 'that page had been accepted: it is settled without going out')
  noPageTwice(world)
})

test('a keeper that says hello and falls silent again does not stop the paging', () => {
  const world = new World()
  world.connect()
  world.open(incident('db'))
  world.pass(1000)
  world.keeperBeats = false
  world.pass(20_000)
  world.hear({ is: 'hello', store: 'store-1', pid: 2 })
  const at = world.pages().length
  world.pass(30_000)
  assert.ok(world.pages().length > at + 2)
  noPageTwice(world)
})

test('P-6 an acknowledgement stops what has not gone out, and is recorded when the keeper says so', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  const paging = world.open(db)
  world.pass(100)
  const asked = world.ack(db, 'ada')
  assert.equal(world.reply(asked), undefined, 'nothing is confirmed before it is durable')
  const journaled = world.told.findLast(({ message }) => message.is === 'journal')?.message
  assert.ok(journaled?.is === 'journal')
  const [acted] = journaled.events
  assert.ok(acted?.is === 'acted' && acted.person === 'ada' && acted.act === 'ack')
  // A ring that the keeper decided before it heard of it crosses on the way.
  const crossing = decide(begin(db, world.plan, world.now()), db, world.plan, world.now())
  const later = crossing.moves[0]
  assert.ok(later?.is === 'ring')
  world.ring(db, { ...crossing, moves: [{ ...later, ring: { ...later.ring, page: 'pg_00000000000000000000000000000009' as never } }] })
  world.pass(100)
  assert.equal(world.pages().length, 1)
  assert.ok(world.told.some(({ message }) => message.is === 'settled' && message.outcome === 'failed' && /Ada took it/.test(message.says)))
  world.judge(db, paging, { is: 'acked', by: 'ada', via: 'link' })
  world.hear({ is: 'taken', n: acted.n })
  const says = world.reply(asked)
  assert.ok(says?.is === 'did' && says.recorded && says.view.state === 'held' && says.view.heldBy === 'ada')
  world.pass(20_000)
  assert.equal(world.pages().length, 1, 'silence')
})

test('P-7 a page decided before somebody took it does not go out afterwards; one decided after the lapse does', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  const crossing = decide(begin(db, world.plan, world.now()), db, world.plan, world.now())
  const held = stepPaging(crossing.paging, { is: 'acked', by: 'ada', via: 'cli' }, db, world.plan, world.now())
  world.hear({ is: 'changed', mirrored: { incident: db, paging: held.paging }, closed: false })
  world.ring(db, crossing)
  world.pass(100)
  assert.equal(world.pages().length, 0)
  const settled = world.told.find(({ message }) => message.is === 'settled')?.message
  assert.ok(settled?.is === 'settled' && settled.outcome === 'failed' && settled.says === 'Ada has it')
  world.pass(minutes(30))
  const lapsed = decide(held.paging, db, world.plan, world.now())
  // The page comes before the word that it lapsed: it goes out all the same.
  world.ring(db, lapsed)
  world.pass(100)
  assert.ok(world.pages().length > 0)
})

test('P-6 a second person hears who has it: a success; a repeat changes nothing', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.open(db)
  world.pass(100)
  const first = world.ack(db, 'ada')
  const second = world.ack(db, 'bo')
  const says = world.reply(second)
  assert.ok(says?.is === 'did' && says.view.heldBy === 'ada' && says.view.person === 'bo' && !says.recorded)
  world.hear({ is: 'taken', n: 1 })
  assert.ok(world.reply(first))
  const third = world.reply(world.ack(db, 'bo'))
  assert.ok(third?.is === 'did' && third.recorded)
})

test('X-1 taken while the keeper is silent: not recorded after 2 s, told to those who were rung, recorded at its return', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.open(db)
  world.pass(7000)
  const before = world.pages().length
  world.keeperBeats = false
  world.pass(500)
  const asked = world.ack(db, 'bo')
  world.pass(1900)
  assert.equal(world.reply(asked), undefined)
  world.pass(200)
  const says = world.reply(asked)
  assert.ok(says?.is === 'did' && !says.recorded && says.view.heldBy === 'bo')
  world.pass(50)
  assert.deepEqual(world.pages('acknowledged').map(({ person, message }) => [person, message.title]), [['ada', 'Bo has db']])
  world.pass(60_000)
  assert.equal(world.pages().length, before, 'nobody is paged for what somebody has')
  const welcome = world.connect([{ incident: db, paging: world.pagingOf(db) as Paging }])
  assert.ok(welcome.journal.some((it) => it.is === 'acted' && it.person === 'bo'))
  assert.equal(world.pages('acknowledged').length, 1)
})

test('an acknowledgement while it is alone is answered at once, and stops the ringing', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.open(db)
  world.pass(1000)
  world.keeperBeats = false
  world.pass(20_000)
  const before = world.pages().length
  const asked = world.ack(db, 'ada')
  const says = world.reply(asked)
  assert.ok(says?.is === 'did' && !says.recorded && says.view.heldBy === 'ada')
  world.pass(60_000)
  assert.equal(world.pages().length, before)
  // It lapses all the same: asked, then rung again.
  world.pass(minutes(30))
  assert.equal(world.pages('reminder').length, 2)
  assert.ok(world.pages().length > before)
  noPageTwice(world)
})

test('passing on pages the next one, also when the keeper does not answer', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.open(db)
  world.pass(1000)
  world.keeperBeats = false
  world.pass(100)
  const asked = world.ask({ is: 'act', act: 'pass', token: makeToken(KEY, { is: 'act', incident: db.id, person: 'ada' }), via: 'link' })
  world.pass(2100)
  assert.ok(world.reply(asked)?.is === 'did')
  world.pass(50)
  assert.deepEqual(world.pages().map(({ person }) => person), ['ada', 'bo'])
})

test('what the keeper says is laid under what people did and it does not know yet', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  const paging = world.open(db)
  world.pass(100)
  world.ack(db, 'ada')
  world.hear({ is: 'changed', mirrored: { incident: db, paging }, closed: false })
  assert.equal(world.pagingOf(db)?.phase.is, 'held')
  world.hear({ is: 'mirror', open: [{ incident: db, paging }] })
  assert.equal(world.pagingOf(db)?.phase.is, 'held')
})

test('P-5 looking changes nothing; links of another key, person or incident do not act', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.open(db)
  world.pass(100)
  const token = makeToken(KEY, { is: 'act', incident: db.id, person: 'ada' })
  for (let i = 0; i < 50; i++) {
    const says = world.reply(world.ask({ is: 'show', token }))
    assert.ok(says?.is === 'shown' && says.view.state === 'ringing' && says.view.next?.people[0] === 'bo')
  }
  assert.equal(world.journal().length, 0)
  const why = (question: AskRinger): string | undefined => {
    const says = world.reply(world.ask(question))
    return says?.is === 'no' ? says.why : undefined
  }
  assert.equal(why({ is: 'show', token: `${token}A` }), 'unknown-link')
  assert.equal(why({ is: 'act', act: 'ack', token: makeToken(Buffer.alloc(32, 9), { is: 'act', incident: db.id, person: 'ada' }), via: 'link' }), 'unknown-link')
  assert.equal(why({ is: 'act', act: 'ack', token: makeToken(KEY, { is: 'act', incident: db.id, person: 'mallory' }), via: 'link' }), 'unknown-person')
  assert.equal(why({ is: 'act', act: 'ack', token: makeToken(KEY, { is: 'act', incident: incident('www').id, person: 'ada' }), via: 'link' }), 'closed')
  assert.equal(why({ is: 'act', act: 'ack', incident: '7', person: 'ada', via: 'cli' }), 'unknown-incident')
  assert.equal(why({ is: 'act', act: 'ack', incident: 'db', via: 'cli' }), 'unknown-person')
  assert.equal(world.journal().length, 0)
})

test('an incident is found by number, subject, name or title, or as the only one', () => {
  for (const named of ['1', 'check:db', 'db', 'db is down', undefined]) {
    const world = new World()
    world.connect()
    world.open(incident('db'))
    const ask = world.ask({ is: 'act', act: 'ack', ...(named === undefined ? {} : { incident: named }), person: 'ada', via: 'cli' })
    world.hear({ is: 'taken', n: 1 })
    assert.equal(world.reply(ask)?.is, 'did', String(named))
  }
})

test('P-6 an acknowledgement covers its episode only: after the end a link says so, and takes nothing', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  const paging = world.open(db)
  world.pass(100)
  world.judge(db, paging, { is: 'resolved' })
  world.pass(100)
  assert.equal(world.pages('recovered').length, 1)
  const shown = world.reply(world.ask({ is: 'show', token: makeToken(KEY, { is: 'act', incident: db.id, person: 'ada' }) }))
  assert.ok(shown?.is === 'shown' && shown.view.state === 'over')
  const says = world.reply(world.ack(db, 'ada'))
  assert.ok(says?.is === 'did' && says.view.state === 'over')
  assert.equal(world.journal().length, 0)
  const next = { ...db, id: incidentId('check:db', 'another-episode') }
  world.open(next)
  world.pass(100)
  assert.ok(world.reply(world.ack(db, 'ada')))
  assert.equal(world.pagingOf(next)?.phase.is, 'ringing')
})

test('a link is honoured by a ringer that has just started and knows nothing', () => {
  const world = new World()
  const db = incident('db')
  const asked = world.ack(db, 'ada')
  const says = world.reply(asked)
  assert.ok(says?.is === 'did' && !says.recorded)
  const welcome = world.connect()
  assert.ok(welcome.journal.some((it) => it.is === 'acted' && it.incident === db.id))
})

test('a node with a new memory gets the open incidents back, and rings nothing before they are durable', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.open(db)
  world.pass(1000)
  world.hear({ is: 'hello', store: 'store-2', pid: 9 }, 2)
  const welcome = world.told.findLast(({ message }) => message.is === 'welcome')?.message
  assert.ok(welcome?.is === 'welcome')
  assert.equal(welcome.store, 'store-1')
  assert.deepEqual(welcome.open.map((it) => it.incident.id), [db.id])
  assert.deepEqual(welcome.journal.map((it) => it.is), ['stepped'])
  // It dies before that is durable, and comes again: the same is handed over once more.
  world.hear({ is: 'hello', store: 'store-2', pid: 10 }, 3)
  const again = world.told.findLast(({ message }) => message.is === 'welcome')?.message
  assert.ok(again?.is === 'welcome' && again.store === 'store-1' && again.open.length === 1)
  world.hear({ is: 'mirror', open: [] }, 3)
  assert.equal(world.state.open.size, 1, 'what it does not know yet is not over')
  world.hear({ is: 'taken', n: again.journal.at(-1)?.n ?? 0 }, 3)
  assert.equal(world.state.store, 'store-2')
})

test('only the keeper that said hello last is heard', () => {
  const world = new World()
  world.connect()
  const db = incident('db')
  world.hear({ is: 'hello', store: 'store-1', pid: 2 }, 2)
  const decision = decide(begin(db, world.plan, world.now()), db, world.plan, world.now())
  world.ring(db, decision)
  world.hear({ is: 'mirror', open: [{ incident: db, paging: decision.paging }] }, 1)
  assert.equal(world.sent.length, 0)
  assert.equal(world.state.open.size, 0)
  assert.ok(world.told.some(({ to, message }) => to === 1 && message.is === 'refused'))
})

test('a ringer that did not run itself does not take the keeper for silent', () => {
  const world = new World()
  world.connect()
  world.open(incident('db'))
  world.pass(1000)
  world.keeperBeats = false
  world.at += 40_000
  world.event({ is: 'wake' })
  assert.equal(world.state.role, 'following')
  world.pass(16_000)
  assert.equal(world.state.role, 'alone')
})

test('X-7 a step of the wall clock is no silence', () => {
  const world = new World()
  world.connect()
  world.open(incident('db'))
  world.pass(3000)
  const stepped = { ...world.now(), wall: instantOf(START + 25 * 3_600_000) }
  world.state = step(world.state, { is: 'wake' }, stepped).state
  assert.equal(world.state.role, 'following')
})

test('P-13 a storm while it is alone: few singles, then digests, each ring in exactly one of them', () => {
  const world = new World()
  const many = Array.from({ length: 300 }, (_, i) => incident(`c${i}`, i + 1))
  world.connect(many.map((it) => ({ incident: it, paging: begin(it, world.plan, world.now()) })))
  world.keeperBeats = false
  world.pass(USUAL.silence + 1000 + 3000)
  const email = world.sent.filter(({ person, channel, event }) => person === 'ada' && channel === 'email' && event !== 'notice')
  assert.equal(email.filter(({ event }) => event === 'page').length, 5)
  const digest = email.find(({ event }) => event === 'digest')
  assert.match(digest?.message.title ?? '', /^295 pages at once$/)
  const rang = world.journal().flatMap((it) => (it.is === 'rang' && it.person === 'ada' && it.channel === 'email' ? [it.page] : []))
  assert.equal(rang.length, 300)
  assert.equal(new Set(rang).size, 300)
})

test('what was gathered of an incident is taken back when somebody takes it', () => {
  const world = new World()
  const many = Array.from({ length: 10 }, (_, i) => incident(`c${i}`, i + 1))
  world.connect(many.map((it) => ({ incident: it, paging: begin(it, world.plan, world.now()) })))
  world.keeperBeats = false
  world.pass(USUAL.silence)
  world.ack(many[9] as Incident, 'ada')
  world.pass(4000)
  const digest = world.sent.find(({ person, channel, event }) => person === 'ada' && channel === 'email' && event === 'digest')
  assert.match(digest?.message.title ?? '', /^4 pages at once$/)
})

test('P-3 L-1 what it decided alone and did not send yet is left to the keeper that is back', () => {
  const world = new World()
  const many = Array.from({ length: 12 }, (_, i) => incident(`c${i}`, i + 1))
  const open = many.map((it) => ({ incident: it, paging: begin(it, world.plan, world.now()) }))
  world.connect(open)
  world.keeperBeats = false
  // Four singles of ada's by mail never end, the fifth waits for them, the rest is gathered.
  world.provider = ({ channel }) => (channel === 'email' ? { after: 100_000, outcome: 'accepted' } : { after: 5, outcome: 'accepted' })
  world.pass(USUAL.silence + 500)
  const had = world.sent.length
  assert.ok(world.sent.some(({ event }) => event === 'page'))
  world.connect(open)
  assert.equal(world.state.role, 'following')
  assert.equal(world.state.storm.size, 0)
  world.pass(30_000)
  assert.deepEqual(world.sent.slice(had).filter(({ event }) => event === 'page' || event === 'digest'), [], 'nothing without the keeper saying so')
})

test('alarms of the watchdog reach everybody of the fallback by their first channel that works, once an hour', () => {
  const world = new World()
  world.event({ is: 'page-all', title: 'The configuration was refused', says: 'holdfast.yaml has 20 problems; the old one stays in force' })
  assert.equal(world.sent.length, 0)
  world.provider = ({ channel }) => ({ after: 5, outcome: channel === 'email' ? 'failed' : 'accepted' })
  world.event({ is: 'plan', plan: world.plan })
  world.pass(100)
  assert.deepEqual(world.sent.map(({ person, channel }) => [person, channel]), [['ada', 'email'], ['ada', 'hook']])
  assert.match(world.sent[1]?.message.body.text.long ?? '', /20 problems/)
  world.event({ is: 'page-all', title: 'The configuration was refused', says: 'again' })
  world.pass(100)
  assert.equal(world.sent.length, 2)
  world.event({ is: 'page-all', title: 'The data folder does not answer', says: 'look at the disk' })
  world.pass(minutes(61))
  world.event({ is: 'page-all', title: 'The configuration was refused', says: 'still' })
  world.pass(100)
  assert.equal(world.sent.filter(({ channel, event, message }) => channel === 'hook' && event === 'notice' && message.title.startsWith('The ')).length, 3)
})

test('a test page is confirmed by its link, recorded as an act of the person', () => {
  const world = new World()
  world.connect()
  const page = 'tst_0123456789abcdef0123456789abcdef' as never
  const message = render({ is: 'test', page, person: 'ada', channel: 'hook' }, { plan: world.plan, now: world.now(), key: KEY })
  assert.ok(message?.body.ack_url && message.body.pass_url === undefined)
  const token = message.body.ack_url.split('/a/')[1] ?? ''
  const shown = world.reply(world.ask({ is: 'show', token }))
  assert.ok(shown?.is === 'shown' && shown.view.state === 'ringing')
  const asked = world.ask({ is: 'act', act: 'ack', token, via: 'link' })
  const [acted] = world.journal()
  assert.ok(acted?.is === 'acted' && acted.incident === page && acted.person === 'ada')
  world.hear({ is: 'taken', n: acted.n })
  const says = world.reply(asked)
  assert.ok(says?.is === 'did' && says.recorded && says.view.state === 'held')
})

test('P-14 nothing that is over is paged after a backlog', () => {
  const world = new World()
  world.connect()
  world.provider = () => undefined
  const all = Array.from({ length: 10 }, (_, i) => incident(`c${i}`, i + 1))
  const pagings = all.map((it) => world.open(it))
  const sent = world.sent.length
  assert.equal(sent, 4, 'four are under way, six wait')
  all.forEach((it, i) => world.judge(it, pagings[i] as Paging, { is: 'resolved' }))
  world.provider = () => ({ after: 5, outcome: 'accepted' })
  world.pass(USUAL.silence)
  assert.equal(world.pages().length, 4)
  assert.equal(world.told.filter(({ message }) => message.is === 'settled' && /over before/.test(message.says)).length, 6)
})

test('at the end nothing more is started, and what is under way is waited for', () => {
  const world = new World()
  world.connect()
  world.provider = () => ({ after: 500, outcome: 'accepted' })
  world.open(incident('db'))
  const at = world.event({ is: 'stop' })
  assert.ok(!at.some((it) => it.is === 'done'))
  world.open(incident('www', 2))
  assert.equal(world.sent.length, 1)
  world.at += 500
  assert.ok(world.event({ is: 'settled', page: world.sent[0]?.page ?? '', outcome: 'accepted', says: '', took: 500 }).some((it) => it.is === 'done'))
})

test('X-6 the same events give the same effects', () => {
  const run = (): string[] => {
    const world = new World()
    world.traces = true
    world.connect()
    const db = incident('db')
    world.open(db)
    world.pass(5000)
    world.keeperBeats = false
    world.pass(30_000)
    world.ack(db, 'bo')
    world.pass(10_000)
    world.connect()
    return world.trace
  }
  assert.deepEqual(run(), run())
})

test('X-5 memory is bounded: the ids of pages, the journal, what waits', () => {
  const world = new World()
  world.connect()
  world.keeperBeats = false
  const message = render({ is: 'test', page: 'tst_0123456789abcdef0123456789abcdef' as never, person: 'ada', channel: 'hook' }, { plan: world.plan, now: world.now(), key: KEY }) as Message
  world.provider = () => undefined
  const rings = Array.from({ length: 60_000 }, (_, i) => ({ incident: incident('db').id, channel: 'hook', message: { ...message, key: `pg_${i}`, body: { ...message.body, person: `p${i % 50}` } } }))
  world.hear({ is: 'ring', term: world.state.term, rings })
  assert.ok(world.state.queue.known.size <= 50_000)
  assert.equal(world.told.filter(({ message: it }) => it.is === 'settled' && it.outcome === 'failed').length, 10_000, 'what does not fit is refused, not swallowed')
  world.pass(11_000)
  assert.equal(world.told.filter(({ message: it }) => it.is === 'settled').length, 60_000)
  assert.ok(world.state.outcomes.size <= 65_536)
})


test('X-5 X-6 whatever comes in whatever order: nothing throws, every question has one reply, no accepted page goes out twice, and it is always woken again', () => {
  const all = Array.from({ length: 4 }, (_, i) => incident(`c${i}`, i + 1))
  const which = fc.nat({ max: 3 })
  const deed = fc.oneof(
    fc.record({ is: fc.constant('pass' as const), span: fc.integer({ min: 1, max: 25_000 }) }),
    fc.record({ is: fc.constant('silent' as const) }),
    fc.record({ is: fc.constant('connect' as const), store: fc.constantFrom('a', 'a', 'a', 'b'), keeper: fc.integer({ min: 1, max: 3 }), takes: fc.boolean() }),
    fc.record({ is: fc.constant('lost' as const), keeper: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ is: fc.constant('open' as const), which }),
    fc.record({ is: fc.constant('close' as const), which }),
    fc.record({ is: fc.constant('act' as const), which, act: fc.constantFrom('ack' as const, 'pass' as const), person: fc.constantFrom('ada', 'bo', 'mallory') }),
    fc.record({ is: fc.constant('provider' as const), outcome: fc.constantFrom('accepted' as const, 'failed' as const, 'unknown' as const), after: fc.integer({ min: 1, max: 12_000 }) }),
    fc.record({ is: fc.constant('taken' as const), n: fc.nat({ max: 40 }) }),
    fc.record({ is: fc.constant('alarm' as const), title: fc.constantFrom('a', 'b') }),
    fc.record({ is: fc.constant('wall' as const), by: fc.integer({ min: -90_000_000, max: 90_000_000 }) }),
  )
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
      const world = new World()
      const accepted: string[] = []
      let answer: { after: number; outcome: 'accepted' | 'failed' | 'unknown' } = { after: 5, outcome: 'accepted' }
      world.provider = ({ page }) => {
        if (answer.outcome === 'accepted' && answer.after <= 10_000) accepted.push(page)
        return answer.after > 10_000 ? undefined : answer
      }
      const asked: number[] = []
      for (const it of deeds) {
        if (it.is === 'pass') world.pass(it.span)
        else if (it.is === 'silent') world.keeperBeats = false
        else if (it.is === 'connect') {
          world.keeper = it.keeper
          if (it.takes) world.connect([...world.state.open.values()], it.store)
          else world.hear({ is: 'hello', store: it.store, pid: 1 })
        } else if (it.is === 'lost') world.event({ is: 'lost', from: it.keeper })
        else if (it.is === 'open') world.open(all[it.which] as Incident)
        else if (it.is === 'close') {
          const mirrored = world.state.open.get((all[it.which] as Incident).id)
          if (mirrored) world.hear({ is: 'changed', mirrored, closed: true })
        } else if (it.is === 'act') asked.push(world.ask({ is: 'act', act: it.act, token: makeToken(KEY, { is: 'act', incident: (all[it.which] as Incident).id, person: it.person }), via: 'link' }))
        else if (it.is === 'provider') answer = it
        else if (it.is === 'taken') world.hear({ is: 'taken', n: it.n })
        else if (it.is === 'alarm') world.event({ is: 'page-all', title: it.title, says: 'x' })
        else world.wall += it.by
      }
      world.pass(40_000)
      for (const ask of asked) assert.ok(world.reply(ask), 'a question without a reply')
      assert.equal(accepted.length, new Set(accepted).size, 'an accepted page went out twice')
      // In the fault-free tail: what nobody has is rung, by whoever decides; alone that is this process.
      answer = { after: 5, outcome: 'accepted' }
      world.keeperBeats = false
      const plan = world.state.plan
      world.pass(120_000)
      for (const { incident: open, paging } of world.state.open.values()) {
        if (paging.phase.is !== 'ringing' || !plan) continue
        const recent = world.sent.filter((sent) => sent.at > world.at - 60_000 && (sent.message.thread === open.id || sent.event === 'digest'))
        assert.ok(recent.length > 0, `nobody was paged for ${open.title} in the last minute`)
      }
    }),
    { numRuns: 300 },
  )
})
