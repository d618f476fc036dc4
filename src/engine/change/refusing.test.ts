// What refuses a run, and a press: over a keeper that hears of three database servers and of a cluster that they make. Nothing begins by what fails, is not known, or
// is of another run; a word counts once, by whoever was asked, for what stands there now. And what is to be expected when a member goes and joins.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { checkOf, configOf, keeperWorld, plan, START, type KeeperWorld } from '../../../test/keeper-world.ts'
import { fromBase32 } from '../../../test/base32.ts'
import { hours, minutes, ms, seconds } from '../../core/time.ts'
import { codeAt, periodOf } from '../../core/totp.ts'
import type { Report } from '../../rooms/change/sight.ts'
import type { Runbook, Step, Want } from '../../rooms/change/runbook.ts'
import { loadFactors } from '../../rooms/people/rows.ts'
import type { Answer } from '../answer.ts'
import type { Asker, ErrorAnswer } from '../../views/answers.ts'
import type { RunAnswer } from '../../views/change/runs.ts'
import type { TotpAnswer } from '../../views/people.ts'

const HOSTS = ['db-1', 'db-2', 'db-3'] as const
const STATE = 'f3c1d0de-c0de-11f0-9b1e-7a1f2b3c4d5e'
type Galera = Extract<Report, { is: 'galera' }>
const node = (more: Partial<Galera> = {}): Galera => ({ is: 'galera', primary: true, synced: true, ready: true, state: STATE, view: '7', size: 3, total: 3, weight: 1, ...more })
const STOPPED: Report = { is: 'stopped', says: 'its host refused the connection' }
const TWO = node({ view: '8', size: 2, total: 2 })
const manual = (id: string, more: Partial<Step> = {}): Step => ({ id, act: { is: 'manual', text: `Do ${id}.` }, takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5), ...more })
const LOOK = manual('look')
const book = (more: Partial<Runbook> = {}): Runbook => ({ name: 'grow', title: 'Add memory', people: { does: ['ada'], checks: ['bo'] }, hosts: { names: HOSTS, serial: 1 }, preflight: [], guard: [], steps: [LOOK], from: 'holdfast.yaml:9', ...more })
type Person = (typeof plan.people)[string]
const member = (name: string, more: Partial<Person> = {}): Person => ({ name, email: `${name}@acme.example`, reach: [{ channel: 'mail', after: ms(0) }], roles: ['owner'], ...more })
const PEOPLE: Readonly<Record<string, Person>> = { ada: member('ada'), bo: member('bo') }

interface Said { readonly carrier?: 'up' | 'down'; readonly ahead?: number; readonly report?: Report }
type Spoken = Partial<Record<(typeof HOSTS)[number], Said>>
interface World extends KeeperWorld {
  hear(of?: Spoken): Promise<void>
  /** A second, with a look of everything. */
  second(of?: Spoken): Promise<void>
  begin(host?: string): Promise<{ readonly status: number; readonly says: string; readonly run: string }>
  state(run: string): Promise<RunAnswer>
  code(who: string, by?: number): string
}

async function world(t: TestContext, runbook: Runbook, more: { readonly people?: Readonly<Record<string, Person>>; readonly checks?: readonly string[] } = {}): Promise<World> {
  const people = more.people ?? PEOPLE
  const config = {
    ...configOf([checkOf('api'), ...(more.checks ?? []).map((name) => checkOf(name))]), plan: { ...plan, people },
    change: { hosts: HOSTS.map((name) => ({ name, fate: {}, links: [{ name: 'eth1' }], from: 'holdfast.yaml:2' })), clusters: [{ name: 'shop-db', kind: 'galera' as const, members: HOSTS, weights: {}, from: 'holdfast.yaml:6' }], runbooks: [runbook] },
  }
  const it = await keeperWorld(t, config)
  let question = 0
  const hear: World['hear'] = async (of = {}) => {
    for (const host of HOSTS) {
      const { carrier = 'up', ahead = 0, report = node() } = of[host] ?? {}
      const { tick, wall } = it.keeper.now()
      const asked = { tick, boot: 'boot' }
      it.keeper.runs.hear({ is: 'account', host, asked, account: { question: ++question, boot: '58c1dbd2-296e-4f28-bb18-25fae3b55a7b', clock: Math.floor(wall / 1000) + ahead, links: [['eth1', { carrier, downs: carrier === 'up' ? 1 : 2, speed: 1000 }]] } })
      it.keeper.runs.hear({ is: 'member', cluster: 'shop-db', host, asked, report })
    }
    await it.settle()
  }
  const secrets = new Map<string, Uint8Array>()
  const code = (who: string, by = 0): string => codeAt(secrets.get(who) ?? new Uint8Array(20), periodOf(it.keeper.now().wall) + by)
  for (const who of Object.keys(people)) {
    secrets.set(who, fromBase32(((await it.ask('people.enrol', { who })).body as TotpAnswer).secret))
    assert.equal((await it.ask('people.enrol', { who, code: code(who) })).status, 200)
  }
  it.keeper.store.setMeta('lived', String(hours(96)))
  await it.restart(config)
  await it.pass(minutes(1))
  const looks = async (): Promise<void> => {
    for (let n = 0; n < 2; n++) await it.look('api', 'pass')
  }
  await hear()
  await looks()
  return {
    ...it, hear, code,
    get keeper() { return it.keeper },
    async second(of) {
      await it.pass(seconds(1))
      await hear(of)
      await looks()
      it.keeper.runs.tick()
      await it.settle()
    },
    async begin(host = 'db-1') {
      const { status, body } = await it.ask('runs.begin', { runbook: 'grow', host, person: 'ada' })
      return { status, says: JSON.stringify(body), run: (body as Partial<RunAnswer>).run ?? '' }
    },
    state: async (run) => ((await it.ask('runs.show', { run })).body as { run: RunAnswer }).run,
  }
}

/** Both say yes to what they are asked, as proven people. */
async function pressed(it: World, run: string): Promise<void> {
  const { asked } = await it.state(run)
  const terms = JSON.parse(it.sql.get<{ asked: string }>('select asked from people_agreement where id = ?', asked?.agreement ?? '')?.asked ?? '{}') as { hash: string; id: string; asks: 'ready' | 'yes'; typed?: string }
  for (const person of ['ada', 'bo']) {
    const proof = { means: 'totp', factor: loadFactors(it.sql, person)[0]?.id ?? '', factorAge: hours(96), personAge: hours(96), at: { tick: it.keeper.now().tick, boot: 'boot' }, hash: terms.hash } as const
    const turn = it.keeper.engine.turn('press', (tx) => it.keeper.rooms.people.agreements.press(tx, { id: terms.id, person, act: terms.asks, hash: terms.hash, prove: () => proof, ...(terms.typed === undefined ? {} : { typed: terms.typed }) }))
    await it.settle()
    assert.equal((await turn)?.verdict.is, 'taken')
  }
}

const links: Want = { is: 'links' }
const healthy: Want = { is: 'members', cluster: 'shop-db', atLeast: 3 }

test('C-2 C-14 what fails or is not known refuses a run, and a press on a run that was begun before: a cable, a member, a clock, an incident, a copy', async (t) => {
  const cases: readonly (readonly [string, Want, Spoken, RegExp])[] = [
    ['a cable is down', links, { 'db-2': { carrier: 'down' } }, /all links are up.*fail/],
    ['a node is not synced', healthy, { 'db-3': { report: node({ synced: false }) } }, /at least 3 members of shop-db are healthy.*fail/],
    ['a clock is off', links, { 'db-2': { ahead: 120 } }, /all links are up.*unknown/],
    ['two Primaries of one', healthy, { 'db-1': { report: node({ size: 1, total: 1 }) }, 'db-2': { report: node({ size: 1, total: 1 }) } }, /at least 3 members of shop-db are healthy.*fail/],
  ]
  for (const [what, want, said, says] of cases) {
    const it = await world(t, book({ preflight: [want] }))
    await it.second(said)
    const refused = await it.begin()
    assert.deepEqual([refused.status, says.test(refused.says)], [409, true], `${what}: ${refused.says}`)
    await it.second()
    const { run, status, says: why } = await it.begin()
    assert.equal(status, 200, why)
    await it.second(said)
    const { asked, state, halt } = await it.state(run)
    assert.deepEqual([state, halt], ['offered', null], `${what}: before the first press nothing halts`)
    const answered = await it.ask('approvals.press', { token: it.keeper.linkFor({ is: 'approve', agreement: (asked?.agreement ?? '') as never, person: 'ada' }), act: 'ready', typed: 'db-1', hash: 'x'.repeat(64), totp: it.code('ada'), from: { origin: '203.0.113.9', agent: 'a phone' } }, { is: 'open' })
    assert.deepEqual([answered.status, (answered.body as ErrorAnswer).error.code], [409, 'HF497'], what)
    assert.equal((await it.state(run)).state, 'offered', 'nothing was taken')
  }
  const copies = await world(t, book({ preflight: [{ is: 'backup', set: 'shop', age: hours(26), rung: 'L4' }] }))
  assert.match((await copies.begin()).says, /a copy of shop that counts.*unknown/, 'what the guard does not know is not known')
  const other = await world(t, book({ preflight: [{ is: 'incidents' }] }), { checks: ['other'] })
  for (let n = 0; n < 2; n++) await other.look('other', 'fail')
  assert.match((await other.begin()).says, /no incident is open.*fail/)
  for (const it of [copies, other]) assert.ok(!it.entries().some(({ is }) => is.startsWith('change.')), 'nothing was begun')
})

test('C-3 C-18 outside its window a run is refused unless somebody takes that upon themselves, and beside another one of its cluster whoever wants it', async (t) => {
  const minute = (at: number): number => Math.floor((at / 60_000) % 1440)
  const soon = minute(START + hours(2))
  const shut = await world(t, book({ window: { days: [1, 2, 3, 4, 5, 6, 7], from: soon, to: (soon + 60) % 1440, timezone: 'UTC' } }))
  const refused = await shut.begin()
  assert.deepEqual([refused.status, /--accept window=/.test(refused.says)], [409, true], refused.says)
  const it = await world(t, book())
  assert.equal((await it.begin()).status, 200)
  const second = await it.begin('db-2')
  assert.deepEqual([second.status, /is under way there/.test(second.says)], [409, true], second.says)
})

test('C-5 C-17 of a step: looked at by a mail scanner, forwarded, pressed twice, by another one, after its time: nothing runs', async (t) => {
  const it = await world(t, book())
  const { run } = await it.begin()
  const agreement = (await it.state(run)).asked?.agreement ?? ''
  const links = it.rung.flatMap(({ message: { approve } }) => (approve?.schema === 'holdfast.step/1' ? [approve] : []))
  const hash = links[0]?.hash ?? ''
  const token = (who: string, of = agreement): string => it.keeper.linkFor({ is: 'approve', agreement: of as never, person: who })
  const press = (who: string, more: object = {}): Promise<Answer> => it.ask('approvals.press', { token: token(who), act: 'ready', typed: 'db-1', hash, totp: it.code(who), from: { origin: '203.0.113.9', agent: 'a phone' }, ...more }, { is: 'open' })
  const hasBegun = (): boolean => it.entries().some(({ is, body }) => is === 'change.moved' && body['event'] === 'ruled')
  const nothing = async (what: string): Promise<void> => {
    await it.second()
    await it.second()
    assert.ok((await it.state(run)).state === 'offered' && !hasBegun(), what)
  }
  for (const who of ['ada', 'bo', 'ada', 'bo']) assert.equal((await it.ask('approvals.look', { token: token(who) }, { is: 'open' })).status, 200)
  await nothing('a mail scanner opens both links')
  assert.equal((await press('ada', { totp: undefined })).status, 403)
  await nothing('a mail scanner presses')
  assert.equal((await press('ada')).status, 200)
  assert.equal((await press('ada')).status, 200, 'a repeat of the same word is a success, and no second one')
  await nothing('one person presses twice')
  // Forwarded: ada has the link of bo as well, and is signed in to a second session; she has her own codes alone.
  for (const totp of [it.code('ada'), it.code('ada', 1)]) assert.equal((await press('bo', { totp })).status, 403)
  await nothing('one person presses both links')
  assert.equal((await press('bo', { hash: hash.replace(/^./, (first) => (first === '0' ? '1' : '0')) })).status, 409)
  await nothing('another text than the one that is offered')
  // Looked at all the time, so that nothing but the time ends it.
  for (let n = 0; n < 76; n++) {
    await it.leap(seconds(3))
    await it.second()
  }
  assert.equal((await it.state(run)).state, 'waiting')
  assert.ok([409, 410].includes((await press('bo')).status), 'after its time')
  // Offered anew: what was said of the first is not said of the second.
  assert.equal((await it.ask('runs.resume', { run, person: 'ada' })).status, 200)
  assert.notEqual((await it.state(run)).asked?.agreement, agreement)
  assert.ok([409, 410].includes((await press('bo', { totp: it.code('bo') })).status), 'the link of the first offer is replayed')
  await nothing('the word of the first offer counts for the second')
  const anew = (await it.state(run)).asked?.agreement ?? ''
  for (const who of ['ada', 'bo']) assert.equal((await press(who, { token: token(who, anew) })).status, 200)
  await it.second()
  await it.second()
  assert.ok(hasBegun(), 'once both have pressed what is offered it begins')
})

test('C-17 two who are one, by an override or by a shared phone: the run is refused before anything is offered', async (t) => {
  const covered = await world(t, book({ people: { does: ['ada'], checks: ['oncall.primary'] } }))
  assert.equal((await covered.ask('oncall.cover', { rotation: 'primary', by: 'ada', from: 'now', until: '8h' })).status, 200)
  const phones = { ada: member('ada', { phone: '+4930111111' }), bo: member('bo', { phone: '+49 30 111111' }) }
  for (const [it, says] of [[covered, /nobody but ada is there to check it/i], [await world(t, book(), { people: phones }), /phone/]] as const) {
    const refused = await it.begin()
    assert.deepEqual([refused.status, says.test(refused.says)], [409, true], refused.says)
    assert.deepEqual(((await it.ask('runs.list', {})).body as { runs: readonly unknown[] }).runs, [])
  }
})

test('C-17 one person with two of everything is one: authenticators, sessions, tokens, a terminal, phones of others: nothing runs', async (t) => {
  const it = await world(t, book())
  // A second authenticator, as old as the first.
  const second = fromBase32(((await it.ask('people.enrol', { who: 'ada' })).body as TotpAnswer).secret)
  const other = (by: number): string => codeAt(second, periodOf(it.keeper.now().wall) + by)
  assert.equal((await it.ask('people.enrol', { who: 'ada', code: other(0) })).status, 200)
  it.keeper.store.setMeta('lived', String(hours(200)))
  await it.restart()
  for (let n = 0; n < 61; n++) await it.second()
  for (const parties of [{ does: 'ada', checks: 'ada' }, { does: 'bo', checks: 'ada' }]) {
    const { status } = await it.ask('runs.begin', { runbook: 'grow', host: 'db-1', person: 'ada', ...parties })
    assert.equal(status, 409, 'nobody takes another part than the runbook gives')
  }
  const { run, says } = await it.begin()
  assert.notEqual(run, '', says)
  const agreement = (await it.state(run)).asked?.agreement ?? ''
  const [step] = it.rung.flatMap(({ message: { approve } }) => (approve?.schema === 'holdfast.step/1' ? [approve] : []))
  const link = (who: string): string => it.keeper.linkFor({ is: 'approve', agreement: agreement as never, person: who })
  const press = (who: string, totp: string, asker: Asker = { is: 'open' }, agent = 'a phone'): Promise<Answer> =>
    it.ask('approvals.press', { token: link(who), act: 'ready', typed: 'db-1', hash: step?.hash, totp, from: { origin: agent === 'a phone' ? '203.0.113.9' : '198.51.100.7', agent } }, asker)
  const session = (id: string): Asker => ({ is: 'person', person: 'ada', session: id, rights: ['look', 'approve', 'admin'] as never })
  const token = (id: string): Asker => ({ is: 'token', id, name: id, scopes: ['admin'] })
  assert.equal((await press('ada', it.code('ada'))).status, 200)
  const nothing = async (what: string): Promise<void> => {
    await it.second()
    const { state, asked } = await it.state(run)
    assert.deepEqual([state, asked?.agreed, it.entries().some(({ is, body }) => is === 'change.moved' && body['event'] === 'ruled')], ['offered', false, false], what)
  }
  const tries: readonly (readonly [string, () => Promise<Answer>, readonly number[]])[] = [
    ['the second authenticator, behind her own link', () => press('ada', other(1)), [200]],
    ['the second authenticator, behind the link of bo', () => press('bo', other(1)), [403]],
    ['a second phone', () => press('bo', it.code('ada', 1), { is: 'open' }, 'another phone'), [403]],
    ['a second session', () => press('bo', it.code('ada', 1), session('ses_2'), 'another phone'), [403]],
    ['a session without a code', () => press('bo', '', session('ses_1')), [403]],
    ['a token with the code of bo', () => press('bo', it.code('bo'), token('tok_1')), [403]],
    ['a second token', () => press('bo', it.code('bo'), token('tok_2')), [403]],
    ['a terminal', () => press('bo', it.code('bo'), { is: 'socket', person: 'bo' }), [403]],
  ]
  for (const [what, act, statuses] of tries) {
    const { status, body } = await act()
    // So many wrong codes are slowed down, which is no yes either.
    assert.ok([...statuses, 429].includes(status), `${what}: ${status} ${JSON.stringify(body)}`)
    await nothing(what)
  }
  // Until who tried so often may try again, looked at all the time.
  for (let n = 0; n < 40; n++) {
    await it.leap(seconds(3))
    await it.second()
  }
  const last = await press('bo', it.code('bo'))
  assert.equal(last.status, 200, `and bo is the second: ${JSON.stringify(last.body)}`)
  await it.second()
  await it.second()
  assert.notEqual((await it.state(run)).state, 'offered')
})

test('C-13 C-14 a member that a step takes goes: its cluster may disagree for a moment, and not for long', async (t) => {
  const guard: readonly Want[] = [{ is: 'members', cluster: 'shop-db', atLeast: 2 }]
  const steps = [manual('stop', { takes: ['{{host}}'], until: [{ is: 'stopped', host: '{{host}}' }] }), LOOK]
  for (const lasts of [2, 5]) {
    const it = await world(t, book({ guard, steps }))
    const { run, says } = await it.begin()
    assert.notEqual(run, '', says)
    await pressed(it, run)
    await it.second()
    assert.equal((await it.state(run)).state, 'running')
    // Two of them are in the new view, and one is still in the old one.
    for (let n = 0; n < lasts; n++) await it.second({ 'db-1': { report: STOPPED }, 'db-2': { report: TWO } })
    if (lasts > 3) assert.match((await it.state(run)).halt?.claim ?? '', /is not known any more/)
    else {
      await it.second({ 'db-1': { report: STOPPED }, 'db-2': { report: TWO }, 'db-3': { report: TWO } })
      assert.deepEqual([(await it.state(run)).halt, (await it.state(run)).steps[0]?.state], [null, 'done'])
    }
  }
})

test('C-13 whoever gives its data to the member that a step takes counts; without such a step it does not', async (t) => {
  const guard: readonly Want[] = [{ is: 'members', cluster: 'shop-db', atLeast: 2 }]
  const giving = { 'db-1': { report: STOPPED }, 'db-2': { report: node({ view: '8', size: 3 }) }, 'db-3': { report: node({ view: '8', size: 3, synced: false, donor: true }) } }
  for (const takes of [['{{host}}'], []]) {
    const it = await world(t, book({ guard, steps: [manual('start', { takes, until: [{ is: 'synced', cluster: 'shop-db', host: '{{host}}' }] }), LOOK] }))
    await it.second({ 'db-1': { report: STOPPED }, 'db-2': { report: TWO }, 'db-3': { report: TWO } })
    const { run, says } = await it.begin()
    assert.notEqual(run, '', says)
    await pressed(it, run)
    await it.second({ 'db-1': { report: STOPPED }, 'db-2': { report: TWO }, 'db-3': { report: TWO } })
    assert.equal((await it.state(run)).state, 'running')
    await it.second(giving)
    assert.equal((await it.state(run)).halt === null, takes.length > 0)
  }
})
