// Agreements as stories over a keeper: asked, sent by personal links, decided by fresh codes; edits, refusals, time by both clocks,
// crashes; what no link, token, terminal or recovery code can do; who is paged when somebody goes alone; and that no secret is in the
// ledger. C-5, C-17, P-5.
import assert from 'node:assert/strict'
import test from 'node:test'
import { sha256 } from '../../core/id.ts'
import { codeAt, periodOf } from '../../core/totp.ts'
import { hours, minutes, ms, seconds } from '../../core/time.ts'
import { rebuildLedger, verifyLedger } from '../../db/verify.ts'
import { newRecovery } from '../../rooms/people/factors.ts'
import { keepProof } from '../../rooms/people/proofs.ts'
import { configOf, keeperWorld, plan, START } from '../../../test/keeper-world.ts'
import type { ApprovalAnswer, ApprovalLinkAnswer, ApprovalsAnswer } from '../../views/agreements.ts'
import type { Asker, ErrorAnswer } from '../../views/answers.ts'
import type { AuditAnswer, TotpAnswer } from '../../views/people.ts'
import type { Answer } from '../answer.ts'
import type { InForce } from '../keeper.ts'
import { proofOf } from '../sign-in/prove.ts'
import { fromBase32 } from '../../../test/base32.ts'

type Person = (typeof plan.people)[string]
const FROM = { origin: '203.0.113.9', agent: 'a phone' }
const TOKEN: Asker = { is: 'token', id: 'tok_1', name: 'ci', scopes: ['admin'] }
const OPEN: Asker = { is: 'open' }
const member = (name: string, over: Partial<Person> = {}): Person => ({ name, email: `${name}@acme.example`, phone: `+4930${name.length}${name.charCodeAt(0)}`, reach: [{ channel: 'mail', after: ms(0) }], roles: ['approver'], ...over })
const configWith = (people: readonly Person[]): InForce => ({ ...configOf([]), plan: { ...plan, people: Object.fromEntries(people.map((it) => [it.name, it])) } })
const ALL = [member('ada'), member('bo'), member('chen', { roles: ['owner'] }), member('dan', { roles: ['responder'] })]

/** A keeper that has lived four days, with people who have authenticators. */
async function world(t: { after(act: () => void): void }, people = ALL, old = hours(96)) {
  const config = configWith(people)
  const w = await keeperWorld(t, config)
  const secrets = new Map<string, Uint8Array>()
  const codeOf = (who: string, by = 0): string => codeAt(secrets.get(who) ?? new Uint8Array(20), periodOf(w.keeper.now().wall) + by)
  for (const { name } of people) {
    const { secret } = (await w.ask('people.enrol', { who: name })).body as TotpAnswer
    secrets.set(name, fromBase32(secret))
    assert.equal((await w.ask('people.enrol', { who: name, code: codeOf(name) })).status, 200)
  }
  w.keeper.store.setMeta('lived', String(old))
  await w.restart(config)
  await w.pass(minutes(1))
  const body = async <T>(name: string, args: unknown, asker?: Asker): Promise<T> => {
    const answered = await w.ask(name, args, asker)
    assert.equal(answered.status, 200, JSON.stringify(answered.body))
    return answered.body as T
  }
  const ask = (over: Record<string, unknown> = {}, asker?: Asker): Promise<ApprovalAnswer> => body('approvals.ask', { title: 'Promote db2', text: 'Old primary: db1\nNew primary: db2', of: ['ada', 'bo'], ...over }, asker)
  const link = (id: string, who: string): string => w.keeper.linkFor({ is: 'approve', agreement: id as never, person: who })
  const look = async (id: string, who = 'ada'): Promise<ApprovalLinkAnswer> => body('approvals.look', { token: link(id, who) }, OPEN)
  const press = (it: ApprovalAnswer, who: string, over: Record<string, unknown> = {}, asker = OPEN): Promise<Answer> => w.ask('approvals.press', { token: link(it.id, who), act: 'yes', hash: it.hash, totp: codeOf(who), from: FROM, ...over }, asker)
  const code = ({ status, body: said }: Answer): [number, string | undefined] => [status, (said as Partial<ErrorAnswer>).error?.code]
  const state = async (id: string): Promise<string> => (await body<ApprovalAnswer>('approvals.show', { id })).state
  const facts = (id: string): string[] => w.entries().filter(({ stream }) => stream === id).map(({ is }) => is)
  return { w, body, ask, link, look, press, code, codeOf, state, facts, secrets }
}

test('it is said by which channels each is sent their link, and of whom none reaches', async (t) => {
  const it = await world(t, [member('ada'), member('bo', { reach: [] })])
  const asked = await it.ask()
  assert.deepEqual(asked.parties.map(({ person, channels }) => [person, channels]), [['ada', ['mail']], ['bo', []]])
  assert.deepEqual(it.w.rung.map(({ message }) => message.to.name), ['ada'])
})

test('two people agree behind their own links, each with a code of their own; a repeat is a success', async (t) => {
  const it = await world(t)
  const asked = await it.ask({ person: 'chen' })
  assert.deepEqual([asked.state, asked.what, asked.by, asked.url, asked.words.split(' ').length], ['open', 'plain', 'chen', null, 2])
  assert.deepEqual(it.w.rung.map(({ message }) => [message.to.name, message.approve?.person, message.approve?.hash === asked.hash, message.approve?.role]), [['ada', 'ada', true, 'approves'], ['bo', 'bo', true, 'approves']])
  const sent = it.w.rung[0]?.message.approve
  assert.deepEqual(Object.keys(sent ?? {}), ['schema', 'id', 'what', 'hash', 'words', 'person', 'role', 'text', 'url', 'lapses_at'])
  assert.equal(sent?.url, `http://127.0.0.1:7400/approve/${it.link(asked.id, 'ada')}`)
  assert.equal(it.code(await it.press(asked, 'ada'))[0], 200)
  const again = await it.press(asked, 'ada')
  assert.deepEqual([again.status, (again.body as { says: string }).says], [200, 'You had said it already; waiting for bo.'])
  assert.equal(await it.state(asked.id), 'open')
  const bo = await it.press(asked, 'bo')
  assert.deepEqual([bo.status, (bo.body as { says: string }).says], [200, 'Agreed: all who were asked have said it.'])
  assert.equal(await it.state(asked.id), 'agreed')
  assert.deepEqual(it.facts(asked.id), ['agreement.asked', 'agreement.pressed', 'agreement.pressed'])
  assert.equal(it.code(await it.press(asked, 'bo', { act: 'stop' }))[0], 200, 'also what was agreed can be stopped')
  assert.equal(await it.state(asked.id), 'stopped')
})

test('P-5 looking, listing and sending never presses', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  const before = it.w.entries().length
  for (let n = 0; n < 20; n++) await it.look(asked.id, n % 2 === 0 ? 'ada' : 'bo')
  await it.body('approvals.list', {}, TOKEN)
  await it.body('approvals.show', { id: asked.id }, TOKEN)
  assert.equal(it.w.entries().length, before)
  assert.equal((await it.look(asked.id)).approval.parties.filter(({ said }) => said).length, 0)
})

test('C-17 a link speaks for its own person and its own agreement alone, and a code for its own person', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  const other = await it.ask({ title: 'Another thing' })
  assert.deepEqual(it.code(await it.press(asked, 'chen')), [403, 'HF461'], 'not a party, with a link of their own and a good code')
  assert.deepEqual(it.code(await it.press(asked, 'bo', { totp: it.codeOf('ada') })), [403, 'HF462'], 'a code of another person')
  assert.equal(it.code(await it.press(asked, 'ada'))[0], 200)
  assert.deepEqual(it.code(await it.press(other, 'ada')), [403, 'HF462'], 'the code that was used already')
  assert.deepEqual(it.code(await it.press(asked, 'ada', { token: it.link(other.id, 'ada') })), [409, 'HF465'], 'the link of one thing with the hash of another')
  for (const token of [it.w.keeper.linkFor({ is: 'act', incident: `inc_${asked.id.slice(4)}` as never, person: 'bo' }), `${it.link(asked.id, 'bo')}A`, it.link(asked.id, 'bo').replace(/^./, 'B'), 'x', '']) {
    assert.deepEqual(it.code(await it.press(asked, 'bo', { token })), [404, 'HF460'])
    assert.equal((await it.w.ask('approvals.look', { token }, OPEN)).status, 404)
  }
  assert.equal(await it.state(asked.id), 'open')
})

test('no token approves, nor a terminal, nor a recovery code, nor nothing at all', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  for (const asker of [TOKEN, { is: 'socket' } as const, { is: 'socket', person: 'ada' } as const]) assert.deepEqual(it.code(await it.press(asked, 'ada', {}, asker)), [403, 'HF475'])
  const { people } = it.w.keeper.rooms
  const made = it.w.keeper.engine.turn('codes', (tx) => newRecovery(tx, people.place(), 'ada', 'ada'))
  await it.w.settle()
  const [recovery = ''] = await made
  assert.deepEqual(it.code(await it.press(asked, 'ada', { totp: recovery })), [403, 'HF462'])
  assert.deepEqual(it.code(await it.press(asked, 'ada', { totp: undefined })), [403, 'HF462'])
  assert.deepEqual(it.code(await it.press(asked, 'ada', { totp: it.codeOf('ada', -5) })), [403, 'HF462'])
  const url = (await it.body<ApprovalAnswer>('approvals.show', { id: asked.id, person: 'ada' })).url
  assert.equal(url, `http://127.0.0.1:7400/approve/${it.link(asked.id, 'ada')}`, 'a terminal prints the link')
  for (const args of [{ id: asked.id, person: 'chen' }, { id: asked.id }]) assert.equal((await it.body<ApprovalAnswer>('approvals.show', args)).url, null)
  assert.equal((await it.body<ApprovalsAnswer>('approvals.list', { person: 'ada' }, TOKEN)).approvals[0]?.url, null, 'a token never learns one')
})

test('C-5 no yes survives an edit', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  await it.press(asked, 'ada')
  const edited = await it.ask({ text: 'New primary: db3', instead: asked.id })
  assert.notEqual(edited.hash, asked.hash)
  assert.deepEqual([await it.state(asked.id), await it.state(edited.id)], ['changed', 'open'])
  await it.w.pass(minutes(1))
  assert.deepEqual(it.code(await it.press(asked, 'bo')), [409, 'HF465'])
  assert.deepEqual(it.code(await it.press(edited, 'bo', { hash: asked.hash })), [409, 'HF465'], 'a page that was drawn before')
  assert.equal(it.code(await it.press(edited, 'bo'))[0], 200)
  assert.deepEqual((await it.look(edited.id)).approval.parties.map(({ said }) => said), [false, true])
})

test('one refusal ends it, without a code, and nobody revives it', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  await it.press(asked, 'ada')
  assert.equal((await it.press(asked, 'bo', { act: 'no', totp: undefined })).status, 200)
  assert.deepEqual([(await it.body<ApprovalAnswer>('approvals.show', { id: asked.id })).endedBy, await it.state(asked.id)], ['bo', 'refused'])
  await it.w.pass(minutes(1))
  for (const who of ['ada', 'bo']) assert.deepEqual(it.code(await it.press(asked, who)), [410, 'HF467'])
})

test('X-7 it lapses by whichever clock comes first; a clock that is set back gives no time', async (t) => {
  const it = await world(t)
  const byTick = await it.ask({ lapses: '5m' })
  it.w.step(minutes(-60))
  await it.w.pass(seconds(301))
  assert.deepEqual([await it.state(byTick.id), it.facts(byTick.id).at(-1)], ['lapsed', 'agreement.ended'])
  assert.deepEqual(it.code(await it.press(byTick, 'ada')), [410, 'HF466'])
  const byWall = await it.ask({ lapses: '5m' })
  await it.press(byWall, 'ada')
  it.w.step(minutes(6))
  assert.equal(await it.state(byWall.id), 'lapsed', 'before anybody wrote it down')
  assert.deepEqual(it.code(await it.press(byWall, 'bo')), [410, 'HF466'])
  assert.equal(it.facts(byWall.id).filter((is) => is === 'agreement.ended').length, 1)
})

test('what is agreed survives a crash, and so does what is void; a rebuild gives the same', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  await it.press(asked, 'ada')
  await it.w.restart()
  assert.deepEqual((await it.look(asked.id)).approval.parties.map(({ said }) => said), [true, false])
  await it.press(asked, 'bo')
  const gone = await it.ask({ title: 'Other' })
  await it.press(gone, 'bo', { act: 'no' })
  await it.w.restart()
  assert.deepEqual([await it.state(asked.id), await it.state(gone.id)], ['agreed', 'refused'])
  assert.deepEqual(rebuildLedger(it.w.sql, it.w.keeper.store.rooms, { replace: false }).differed, [])
  assert.equal(verifyLedger(it.w.sql).broken, undefined)
})

test('C-17 a name within a mailbox is the mailbox, also where only marks are kept', async (t) => {
  const it = await world(t, [member('ada'), member('bo', { email: 'Ada+bo@acme.example' })])
  assert.deepEqual(it.code(await it.w.ask('approvals.ask', { title: 'x', text: '', of: ['ada', 'bo'] })), [409, 'HF474'])
})

test('C-17 parties are two: shared addresses and phones, roles, youth', async (t) => {
  const it = await world(t, [...ALL, member('eve', { email: 'ADA@acme.example' }), member('fay', { phone: '+49 (30) 397' })])
  const refused = async (of: string[]): Promise<string | undefined> => it.code(await it.w.ask('approvals.ask', { title: 'x', text: '', of }))[1]
  for (const pair of [['ada', 'ada'], ['ada', 'eve'], ['ada', 'fay'], ['ada', 'dan'], ['ada:does', 'bo']]) assert.equal(await refused(pair), 'HF474', pair.join())
  assert.deepEqual([await refused(['ada', 'nobody']), await refused(['ada', 'bo:watches']), await refused(['ada'])], ['HF404', 'HF472', 'HF401'])
  const young = await world(t, ALL, hours(71))
  const asked = await young.ask()
  assert.deepEqual(young.code(await young.press(asked, 'ada')), [403, 'HF463'])
})

test('C-17 what became known meanwhile counts: a mail address that both have now, a role that is gone', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  assert.equal((await it.press(asked, 'ada')).status, 200)
  const moved = it.w.keeper.configure(configWith([member('ada', { email: 'bo@acme.example' }), ...ALL.slice(1)]))
  await it.w.settle()
  await moved
  assert.deepEqual(it.code(await it.press(asked, 'bo')), [403, 'HF464'])
  const other = await it.ask({ title: 'Other', of: ['bo', 'chen'] })
  const demoted = it.w.keeper.configure(configWith([...ALL.slice(0, 1), member('bo', { roles: ['viewer'] }), ...ALL.slice(2)]))
  await it.w.settle()
  await demoted
  await it.w.pass(minutes(1))
  assert.deepEqual(it.code(await it.press(other, 'bo')), [403, 'HF461'])
})

test('what cannot be undone is typed, and a slip of the fingers uses no code up', async (t) => {
  const it = await world(t)
  const asked = await it.ask({ typed: 'db2' })
  const code = it.codeOf('ada')
  for (const typed of [undefined, 'db1', 'DB2']) assert.deepEqual(it.code(await it.press(asked, 'ada', { totp: code, typed })), [403, 'HF468'])
  assert.equal((await it.press(asked, 'ada', { totp: code, typed: ' db2 ' })).status, 200)
  const odd = await it.ask({ typed: '\u200bMu\u0308hle\u2069\u00ad' })
  assert.equal(odd.typed, 'Mühle', 'what cannot be seen is not asked for, and a letter is a letter however it is written')
  await it.w.pass(minutes(1))
  assert.equal((await it.press(odd, 'ada', { typed: 'Mu\u0308hle' })).status, 200)
  assert.equal((await it.w.ask('approvals.ask', { title: 'x', text: '', of: ['ada', 'bo'], typed: '\u200b\u202e' })).status, 400)
})

test('alone: only where it may be, with a reason and a code, and every owner is paged', async (t) => {
  const it = await world(t)
  const never = await it.ask()
  assert.deepEqual(it.code(await it.press(never, 'ada', { act: 'alone', reason: 'db1 burns and nobody answers' })), [403, 'HF470'])
  const asked = await it.ask({ title: 'Emergency', alone: true })
  assert.deepEqual(it.code(await it.press(asked, 'ada', { act: 'alone', reason: 'now' })), [403, 'HF471'])
  assert.deepEqual(it.code(await it.press(asked, 'chen', { act: 'alone', reason: 'db1 burns and nobody answers' })), [403, 'HF461'])
  assert.deepEqual(it.code(await it.press(asked, 'ada', { act: 'alone', reason: 'db1 burns and nobody answers', totp: undefined })), [403, 'HF462'])
  assert.equal((await it.press(asked, 'ada', { act: 'alone', reason: 'db1 burns and nobody answers' })).status, 200)
  assert.deepEqual([await it.state(asked.id), (await it.look(asked.id)).approval.reason], ['alone', 'db1 burns and nobody answers'])
  assert.deepEqual(it.w.open(), [`person:chen/${asked.id}`], 'chen is the owner')
  const own = await it.ask({ title: 'Another', alone: true, of: ['chen', 'bo'] })
  assert.equal((await it.press(own, 'chen', { act: 'alone', reason: 'db1 burns and nobody answers' })).status, 200)
  assert.deepEqual(it.w.open().filter((subject) => subject.endsWith(own.id)).sort(), [`person:chen/${own.id}`, `person:everybody/${own.id}`], 'the only owner is no witness of themselves')
  const { agreements } = it.w.keeper.rooms.people
  const wished = it.w.keeper.engine.turn('purge', (tx) => agreements.ask(tx, { what: 'guard.purge', title: 'x', text: '', asks: 'yes', parties: [{ person: 'ada', as: 'approves' }, { person: 'bo', as: 'approves' }], lapses: minutes(5), alone: 'with-reason', by: 'guard' }))
  await it.w.settle()
  assert.equal((await wished).is, 'refused', 'C-17: never to purge')
})

test('a passkey proof counts once, for its own person and thing, and not for long', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  const { keeper } = it.w
  const proofFor = async (who: string, hash = asked.hash, token = it.link(asked.id, who)): Promise<string> => {
    const [factor = ''] = keeper.rooms.people.identityOf(keeper.store.sql, who).factors
    const prover = { person: who, by: `link ${sha256(token)}` }
    const kept = keeper.engine.turn('proof', (tx) => keepProof(keeper.signIns.proofs, keeper.random, { ...prover, proof: proofOf(keeper, tx, prover, hash, { means: 'passkey', factor }) }))
    await it.w.settle()
    return kept
  }
  const proven = (who: string, proof: string): Promise<Answer> => it.press(asked, who, { totp: undefined, proof })
  assert.deepEqual(it.code(await proven('ada', await proofFor('bo'))), [403, 'HF462'])
  assert.deepEqual(it.code(await proven('ada', await proofFor('ada', 'another'))), [403, 'HF462'])
  assert.deepEqual(it.code(await proven('ada', await proofFor('ada', asked.hash, 'another link'))), [403, 'HF462'])
  const old = await proofFor('ada')
  await it.w.pass(minutes(6))
  assert.deepEqual(it.code(await proven('ada', old)), [403, 'HF462'])
  const good = await proofFor('ada')
  assert.equal((await proven('ada', good)).status, 200)
  const later = await it.ask({ title: 'Other' })
  assert.deepEqual(it.code(await it.press(later, 'ada', { totp: undefined, proof: good })), [403, 'HF462'])
})

test('guessing codes is slowed per person; refusing never is', async (t) => {
  const it = await world(t)
  const asked = await it.ask()
  const statuses: number[] = []
  for (let n = 0; n < 12; n++) statuses.push((await it.press(asked, 'ada', { totp: '000000', from: { ...FROM, origin: `198.51.100.${n}` } })).status)
  assert.deepEqual([...new Set(statuses)], [403, 429])
  assert.equal((await it.press(asked, 'bo')).status, 200, 'nobody else is slowed')
  const other = await it.ask({ title: 'Another thing' })
  const mixed: number[] = []
  for (let n = 0; n < 30; n++) mixed.push((await it.press(n % 2 === 0 ? asked : other, 'bo', { totp: '000000', from: { ...FROM, origin: `198.51.100.${n}` } })).status)
  assert.equal(mixed.at(-1), 429, 'saying again what was said makes no room for guesses at another thing')
  assert.equal((await it.press(asked, 'ada', { act: 'no' })).status, 200)
})

test('a channel that fails gives way to the next, each page goes out once, and who has answered is not asked again', async (t) => {
  const ladder = { reach: [{ channel: 'mail', after: ms(0) }, { channel: 'hook', after: seconds(60) }] }
  const it = await world(t, [member('ada', ladder), member('bo', ladder), ...ALL.slice(2)])
  const asked = await it.ask()
  const settle = async (n: number, outcome: 'accepted' | 'failed'): Promise<void> => {
    it.w.keeper.fromRinger({ is: 'settled', page: it.w.rung[n]?.message.key as never, outcome, says: 'so it was', took: 1 })
    await it.w.settle()
  }
  const told = (): string[] => it.w.rung.map(({ channel, message }) => `${message.to.name} ${channel}`)
  await settle(0, 'failed')
  await settle(1, 'accepted')
  assert.deepEqual(told(), ['ada mail', 'bo mail', 'ada hook'])
  await settle(2, 'accepted')
  await it.press(asked, 'bo')
  await it.w.pass(minutes(2))
  assert.deepEqual(told(), ['ada mail', 'bo mail', 'ada hook'], 'ada has it by the hook, bo answered')
  assert.deepEqual((await it.look(asked.id)).approval.parties[0]?.sent.map(({ channel, outcome }) => `${channel} ${outcome}`).sort(), ['hook accepted', 'mail failed'])
  const keys = it.w.rung.map(({ message }) => message.key)
  it.w.keeper.ringerLost()
  it.w.keeper.ringerOpened()
  it.w.keeper.fromRinger({ is: 'welcome', term: 2, store: 'store_test', journal: [], open: [] })
  await it.w.settle()
  assert.equal(new Set(keys).size, keys.length)
  assert.equal(it.w.rung.length, keys.length, 'what is settled is not sent again')
})

test('asking is bounded, and the audit tells it all without a secret', async (t) => {
  const it = await world(t)
  const asked = await it.ask({ title: 'Very private title', person: 'chen' })
  const used = it.codeOf('ada')
  await it.press(asked, 'ada')
  await it.press(asked, 'bo', { totp: '000000' })
  await it.press(asked, 'bo', { act: 'no' })
  const { entries } = await it.body<AuditAnswer>('people.audit', { since: '1h' })
  const says = entries.map((entry) => entry.says).filter((text) => text.includes(asked.id))
  assert.deepEqual(says.filter((text) => !text.includes('sent to')), [`chen asked ada and bo to agree (${asked.id})`, `ada said yes (${asked.id})`, `refused as bo: yes to ${asked.id}: not-proven, from 203.0.113.9`, `bo said no (${asked.id})`])
  const ledger = JSON.stringify(it.w.entries().filter(({ is }) => is !== 'config.accepted'))
  for (const secret of [used, it.link(asked.id, 'ada'), 'ada@acme.example', '+49303', 'Very private title']) assert.ok(!ledger.includes(secret), secret)
  let last = 200
  for (let n = 0; n < 25; n++) last = (await it.w.ask('approvals.ask', { title: `n ${n}`, text: '', of: ['ada', 'bo'] })).status
  assert.equal(last, 429)
  for (let n = 0; n < 40; n++) {
    last = (await it.w.ask('approvals.ask', { title: `of one ${n}`, text: '', of: ['ada', 'bo'], lapses: '2h', person: 'greedy' })).status
    await it.w.pass(seconds(31))
  }
  assert.equal(last, 503, 'one asker does not fill it all')
  assert.equal((await it.w.ask('approvals.ask', { title: 'of another', text: '', of: ['ada', 'bo'], person: 'modest' })).status, 200)
  assert.ok(START > 0)
})
