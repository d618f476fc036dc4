// The ringer as a process: real sockets, real mail and webhooks, a keeper that the test scripts.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, afterEach, before, test } from 'node:test'
import { makeToken } from '../core/link.ts'
import { incidentId, type Incident } from '../core/incident.ts'
import { instantOf, minutes, ms, seconds, type Now } from '../core/time.ts'
import { createClock } from '../ports/world/clock.ts'
import { begin, decide, type Decision } from '../rooms/page/decide.ts'
import type { Plan } from '../rooms/page/plan.ts'
import { render } from '../rooms/page/ringer/render.ts'
import { hookSink, type HookSink } from '../../test/places/hook-sink.ts'
import { askRinger, scriptedKeeper, startRinger, type RingerProcess, type ScriptedKeeper } from '../../test/places/ringer-process.ts'
import { smtpSink, type SmtpSink } from '../../test/places/smtp-sink.ts'

const KEY = Buffer.alloc(32, 3)
const QUICK = { key: KEY, silence: 600, confirm: 200, sending: 1500 }
const clock = createClock()
const now = (): Now => clock.now()

let mail: SmtpSink
let hook: HookSink
let ringer: RingerProcess
let keeper: ScriptedKeeper
let plan: Plan

before(async () => {
  mail = await smtpSink()
  hook = await hookSink()
  plan = {
    version: 'v1',
    people: { ada: { name: 'ada', email: 'ada@acme.example', reach: [{ channel: 'email', after: ms(0) }, { channel: 'hook', after: ms(300) }] }, bo: { name: 'bo', email: 'bo@acme.example', reach: [{ channel: 'email', after: ms(0) }] } },
    channels: { email: { kind: 'smtp', config: { smtp: `smtp://127.0.0.1:${mail.port}`, from: 'holdfast@acme.example' } }, hook: { kind: 'webhook', config: { webhook: `http://127.0.0.1:${hook.port}/page` } } },
    rotations: {}, covers: [], fallback: ['ada'], ackLapses: minutes(30), communications: [], site: { name: 'Acme', url: 'http://127.0.0.1:7400', timezone: 'Europe/Berlin' },
    policies: { default: { name: 'default', steps: [{ page: [{ is: 'person', name: 'ada' }], wait: seconds(1) }, { page: [{ is: 'person', name: 'bo' }], wait: seconds(1) }] } },
  }
})
after(async () => {
  await mail.close()
  await hook.close()
})
afterEach(async () => {
  keeper.close()
  await ringer.end()
  mail.mails.length = 0
  hook.pages.length = 0
  mail.answer = () => undefined
  hook.answer = () => ({ status: 200 })
})

const start = async (): Promise<void> => {
  ringer = await startRinger({ ...QUICK, plan })
  keeper = scriptedKeeper(ringer.socket, 100)
  keeper.send({ is: 'hello', store: 's', pid: 1 })
  await keeper.until('welcome')
  keeper.send({ is: 'plan', plan })
}
const incident = (name: string): Incident => ({
  id: incidentId(`check:${name}`, ''), number: 7, subject: `check:${name}`, title: `${name} is down`, says: 'Connection refused', origin: 'watch', escalate: 'default', since: instantOf(now().wall), members: [`check:${name}`],
})
const open = (it: Incident): Decision => {
  const decision = decide(begin(it, plan, now()), it, plan, now())
  keeper.send({ is: 'changed', mirrored: { incident: it, paging: decision.paging }, closed: false })
  const rings = decision.moves.flatMap((move) => {
    if (move.is !== 'ring') return []
    const { page, person, channel, step, round } = move.ring
    const message = render({ is: 'page', page, person, step, round, incident: it, paging: decision.paging, raisedAt: now().wall }, { plan, now: now(), key: KEY })
    return message ? [{ incident: it.id, channel, message }] : []
  })
  keeper.send({ is: 'ring', term: keeper.heard.findLast((message) => message.is === 'welcome')?.term ?? 0, rings })
  return decision
}
const wait = (span: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, span))
const eventually = async (is: () => boolean, what: string, within = 60_000): Promise<void> => {
  const end = Date.now() + within
  while (!is()) {
    assert.ok(Date.now() < end, what)
    await wait(10)
  }
}

test('a page is sent once, by mail, and its outcome told', async () => {
  await start()
  const { moves } = open(incident('db'))
  const settled = await keeper.until('settled')
  assert.equal(settled.outcome, 'accepted')
  assert.match(settled.says, /queued as SINK1/)
  assert.equal(mail.mails.length, 1)
  assert.match(mail.mails[0]?.raw ?? '', new RegExp(`Message-ID: <${moves[0]?.is === 'ring' ? moves[0].ring.page : ''}@127\\.0\\.0\\.1>`))
  const term = keeper.heard.find((message) => message.is === 'welcome')?.term ?? 0
  assert.equal(term, 1)
  open(incident('db'))
  await eventually(() => keeper.heard.filter(({ is }) => is === 'settled').length === 2, 'the repeat is settled')
  assert.equal(mail.mails.length, 1)
})

test('a keeper that falls silent is stood in for, and takes over again when it is back', async () => {
  await start()
  const db = incident('db')
  open(db)
  await keeper.until('settled')
  keeper.beating = false
  await eventually(() => mail.mails.some(({ raw }) => /Subject: Holdfast is stuck/.test(raw)), 'people hear that it is stuck')
  await eventually(() => mail.mails.some(({ raw, to }) => to[0] === 'bo@acme.example' && /Subject: db is down/.test(raw)), 'the next step is paged')
  await eventually(() => hook.pages.length > 0, 'the ladder goes on')
  const [page] = hook.pages
  assert.equal(page?.body.schema, 'holdfast.page/1')
  assert.deepEqual(Object.keys(page?.body ?? {}).sort(), ['ack_url', 'event', 'id', 'incident', 'pass_url', 'person', 'raised_at', 'round', 'schema', 'sent_at', 'step', 'subject', 'text'].sort())
  assert.match(page?.body.text.long ?? '', /Holdfast is stuck: this is what it knew at/)
  // An acknowledgement in the gap: taken, not yet recorded.
  const token = page?.body.ack_url?.split('/a/')[1] ?? ''
  const shown = await askRinger(ringer.socket, { is: 'show', token })
  assert.ok(shown.is === 'shown' && shown.view.state === 'ringing')
  const did = await askRinger(ringer.socket, { is: 'act', act: 'ack', token, via: 'link' })
  assert.ok(did.is === 'did' && !did.recorded && did.view.heldBy === 'ada')
  await wait(50)
  const count = mail.mails.length
  await wait(1200)
  assert.ok(mail.mails.length <= count + 1, 'silence, but for "Ada has it"')
  keeper.beating = true
  await keeper.until('refused')
  keeper.send({ is: 'hello', store: 's', pid: 1 })
  const welcome = await keeper.until('welcome', ({ term }) => term > 1)
  assert.ok(welcome.journal.some((it) => it.is === 'acted' && it.person === 'ada'))
  assert.ok(welcome.journal.some((it) => it.is === 'rang' && it.person === 'bo' && it.outcome === 'accepted'))
  keeper.send({ is: 'taken', n: welcome.journal.at(-1)?.n ?? 0 })
  const recorded = await askRinger(ringer.socket, { is: 'act', act: 'ack', token, via: 'link' }).then((says) => says.is === 'did' && says.view.heldBy)
  assert.equal(recorded, 'ada')
})

test('a provider that hangs is given up; the mail beside it is not delayed', async () => {
  hook.answer = () => ({ is: 'silent' })
  await start()
  const db = incident('db')
  const message = render({ is: 'test', page: 'tst_0123456789abcdef0123456789abcdef' as never, person: 'ada', channel: 'hook' }, { plan, now: now(), key: KEY })
  assert.ok(message)
  keeper.send({ is: 'ring', term: 1, rings: [{ incident: db.id, channel: 'hook', message }] })
  open(db)
  await eventually(() => mail.mails.length === 1, 'the mail goes out')
  assert.ok(!keeper.heard.some((it) => it.is === 'settled' && it.page === message.key), 'while the other still hangs')
  const hung = await keeper.until('settled', ({ page }) => page === message.key)
  assert.equal(hung.outcome, 'unknown')
  assert.ok(hung.took >= 1400 && hung.took < 10_000, String(hung.took))
})

test('what the watchdog has to say reaches the fallback without any keeper; links are made from the key alone', async () => {
  ringer = await startRinger({ ...QUICK, plan })
  keeper = scriptedKeeper(ringer.socket, 1000)
  mail.answer = (command) => (command.startsWith('RCPT') ? '550 5.1.1 no' : undefined)
  ringer.say({ is: 'page-all', title: 'The configuration was refused', says: 'holdfast.yaml has 20 problems' })
  await eventually(() => hook.pages.length === 1, 'the second channel takes it')
  assert.equal(hook.pages[0]?.body.person, 'ada')
  assert.match(hook.pages[0]?.body.text.long ?? '', /20 problems/)
  const no = await askRinger(ringer.socket, { is: 'show', token: makeToken(Buffer.alloc(32, 4), { is: 'act', incident: incident('db').id, person: 'ada' }) })
  assert.ok(no.is === 'no' && no.why === 'unknown-link')
})

test('it ends in order when told to, finishing what is under way, and soon after its parent', async () => {
  await start()
  hook.answer = () => ({ is: 'silent' })
  mail.answer = () => undefined
  open(incident('db'))
  const exit = once(ringer.child, 'exit')
  ringer.child.kill('SIGTERM')
  ringer.child.kill('SIGINT')
  await keeper.until('settled')
  assert.equal(ringer.child.exitCode, null, 'the terminal does not end it')
  ringer.say({ is: 'stop' })
  await exit
  assert.equal(mail.mails.length, 1)
  keeper.close()
  ringer = await startRinger({ ...QUICK, plan })
  keeper = scriptedKeeper(ringer.socket, 1000)
  const orphaned = once(ringer.child, 'exit')
  const began = Date.now()
  ringer.child.disconnect()
  await orphaned
  assert.ok(Date.now() - began < 2000)
})

test('it reports that it is alive, with progress', async () => {
  await start()
  await eventually(() => ringer.reports.filter(({ is }) => is === 'alive').length >= 2, 'two reports')
  const [first, second] = ringer.reports.filter(({ is }) => is === 'alive').map(({ progress }) => Number(progress))
  assert.ok(second !== undefined && first !== undefined && second > first)
})
