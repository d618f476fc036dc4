// Sign-in as stories over a keeper: the first owner by the printed link, a hundred at once; passwords with codes; what ends a
// session; who may say who may what; and that no secret is in the ledger or in an answer that should not have it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { codeAt, periodOf } from '../core/totp.ts'
import { minutes, ms } from '../core/time.ts'
import { rebuildLedger } from '../db/verify.ts'
import { configOf, keeperWorld, plan, START, type KeeperWorld } from '../../test/keeper-world.ts'
import type { Asker, ErrorAnswer } from '../views/answers.ts'
import type { AccountAnswer, AuditAnswer, LinkAnswer, PeopleAnswer, RecoveryAnswer, SessionAnswer, SignedInAnswer, TotpAnswer } from '../views/people.ts'
import type { Answer } from './answer.ts'
import type { InForce } from './in-force.ts'
import { firstOwnerLink } from './people.ts'
import { fromBase32 } from '../../test/base32.ts'

const FROM = { origin: '203.0.113.9', agent: 'a browser' }
const PASSWORD = 'amber otter on the roof'
const config = { ...configOf([]), plan: { ...plan, people: { ...plan.people, ada: { ...plan.people['ada'], name: 'ada', reach: plan.people['ada']?.reach ?? [], email: 'ada@acme.example', roles: ['approver' as const] } } } }

async function world(t: { after(act: () => void): void }, inForce: InForce = config) {
  const w = await keeperWorld(t, inForce)
  /** Passwords are computed beside the loop, so the loop goes on until the answer is there. */
  const pump = async <T>(work: Promise<T>): Promise<T> => {
    let over = false
    const watched = work.finally(() => void (over = true))
    while (!over) {
      await w.settle()
      await new Promise((go) => setImmediate(go))
    }
    return watched
  }
  const ask = (name: string, args: unknown, asker: Asker = { is: 'open' }): Promise<Answer> => pump(w.ask(name, args, asker))
  const body = async <T>(name: string, args: unknown, asker?: Asker): Promise<T> => {
    const answered = await ask(name, args, asker)
    assert.equal(answered.status, 200, JSON.stringify(answered.body))
    return answered.body as T
  }
  const fails = async (name: string, args: unknown, asker?: Asker): Promise<[number, string]> => {
    const { status, body: error } = await ask(name, args, asker)
    return [status, (error as ErrorAnswer).error?.code]
  }
  const link = async (): Promise<string> => (await pump(firstOwnerLink(w.keeper)))?.split('/').at(-1) ?? ''
  const signIn = (named: string, code?: string): Promise<Answer> => ask('people.signIn', { named, password: PASSWORD, from: FROM, ...(code === undefined ? {} : { code }) })
  return { w, pump, ask, body, fails, link, signIn }
}

/** Ada owns it, with a password and an authenticator. */
async function owned(it: Awaited<ReturnType<typeof world>>) {
  const first = await it.body<SignedInAnswer>('people.enter', { what: 'first-owner', link: await it.link(), person: 'ada', from: FROM })
  const totp = await it.body<TotpAnswer>('people.beginTotp', { session: first.secret })
  const secret = fromBase32(totp.secret)
  const code = (by = 0): string => codeAt(secret, periodOf(it.w.keeper.now().wall) + by)
  await it.body('people.confirmTotp', { session: first.secret, code: code() })
  await it.body('people.setPassword', { session: first.secret, password: PASSWORD })
  await it.w.pass(ms(60_000))
  const signed = (await it.signIn('ada', code())).body as SignedInAnswer
  const asker: Asker = { is: 'person', person: 'ada', session: signed.session, rights: ['read', 'ack', 'write', 'run', 'approve', 'admin'] }
  return { first, signed, code, asker, secret: totp.secret }
}

const spilled = (w: KeeperWorld, secret: string): boolean => JSON.stringify(w.entries()).includes(secret)

test('a hundred first owners at once are one, and the way is closed for ever', async (t) => {
  const it = await world(t)
  const link = await it.link()
  assert.equal((await it.body<{ names: string[] }>('people.lookAtLink', { what: 'first-owner', link })).names.join(), 'ada,bo')
  const all = await it.pump(Promise.all(Array.from({ length: 100 }, (_, n) => it.w.ask('people.enter', { what: 'first-owner', link, person: `ada${n}`, from: { ...FROM, origin: `198.51.100.${n}` } }, { is: 'open' }))))
  assert.equal(all.filter(({ status }) => status === 200).length, 1)
  assert.equal(it.w.entries().filter(({ is }) => is === 'people.claimed').length, 1)
  assert.equal(await it.link(), '')
  await it.w.restart()
  assert.equal(await it.link(), '')
  await it.w.pass(minutes(20))
  assert.deepEqual(await it.fails('people.enter', { what: 'first-owner', link, person: 'eve', from: FROM }), [410, 'HF434'])
})

test('this machine alone is given the first owner\'s link, and while there is none; it says who asked', async (t) => {
  const it = await world(t)
  const made = await it.body<LinkAnswer>('people.firstOwner', {}, { is: 'socket' })
  assert.match(made.url, /^http:\/\/127\.0\.0\.1:7400\/welcome\/first-owner\/[\w-]{43}$/)
  const token: Asker = { is: 'token', id: 'tok_1', name: 'root', scopes: ['admin'] }
  for (const asker of [token, { is: 'open' } as const]) assert.deepEqual(await it.fails('people.firstOwner', {}, asker), [403, 'HF439'])
  const { asker } = await owned(it)
  assert.deepEqual(await it.fails('people.firstOwner', {}, asker), [403, 'HF439'])
  assert.deepEqual(await it.fails('people.firstOwner', {}, { is: 'socket' }), [409, 'HF444'])
  await it.body('people.grant', { who: 'bo', roles: ['viewer'], person: 'root' }, { is: 'socket' })
  const audit = await it.body<AuditAnswer>('people.audit', { who: 'bo' }, asker)
  assert.deepEqual(audit.entries.map(({ says }) => says), ['bo was given viewer (root at the machine)'])
})

test('whoever is an owner by grant or by configuration ends the first owner\'s link, without having used it', async (t) => {
  const granted = await world(t)
  const link = await granted.link()
  await granted.body('people.grant', { who: 'bo', roles: ['owner'] }, { is: 'socket' })
  assert.deepEqual(await granted.fails('people.enter', { what: 'first-owner', link, person: 'eve', from: FROM }), [410, 'HF434'])
  assert.equal(await granted.link(), '')

  const configured = await world(t, { ...config, plan: { ...config.plan, people: { ...config.plan.people, bo: { name: 'bo', reach: [], roles: ['owner'] } } } })
  const first = await configured.link()
  const invited = await configured.body<LinkAnswer>('people.invite', { who: 'bo' }, { is: 'socket' })
  assert.deepEqual(await configured.fails('people.enter', { what: 'first-owner', link: first, person: 'eve', from: FROM }), [403, 'HF437'], 'the configuration names who')
  await configured.body('people.enter', { what: 'invite', link: invited.url.split('/').at(-1), from: FROM })
  assert.deepEqual(await configured.fails('people.enter', { what: 'first-owner', link: first, person: 'bo', from: FROM }), [410, 'HF434'])
  assert.equal(await configured.link(), '')
})

test('guesses of others at the first owner\'s link do not keep the first owner out', async (t) => {
  const it = await world(t)
  for (let n = 0; n < 60; n++) await it.ask('people.enter', { what: 'first-owner', link: 'x'.repeat(43), person: 'eve', from: { ...FROM, origin: `198.51.100.${n % 2}` } })
  assert.deepEqual(await it.fails('people.enter', { what: 'first-owner', link: 'x'.repeat(43), person: 'eve', from: { ...FROM, origin: '198.51.100.1' } }), [429, 'HF435'], 'an address is slowed')
  assert.equal((await it.ask('people.enter', { what: 'first-owner', link: await it.link(), person: 'ada', from: FROM })).status, 200)
})

test('a role that changes in the configuration, or somebody who leaves it, ends sessions and is recorded', async (t) => {
  const it = await world(t)
  const { asker } = await owned(it)
  const invite = async (who: string): Promise<string> => {
    const { url } = await it.body<LinkAnswer>('people.invite', { who }, { is: 'socket' })
    return (await it.body<SignedInAnswer>('people.enter', { what: 'invite', link: url.split('/').at(-1), from: FROM })).secret
  }
  const withPeople = (people: InForce['plan']['people']): InForce => ({ ...config, plan: { ...config.plan, people } })
  const { ada } = config.plan.people
  const bo = plan.people['bo'] ?? assert.fail('bo')
  let secret = await invite('bo')
  await it.pump(it.w.keeper.configure(withPeople({ ada, bo })))
  assert.equal((await it.ask('people.session', { session: secret })).status, 200, 'what did not change ends nothing')
  await it.pump(it.w.keeper.configure(withPeople({ ada, bo: { ...bo, roles: ['responder'] } })))
  assert.deepEqual(await it.fails('people.session', { session: secret }), [401, 'HF430'])
  secret = await invite('bo')
  await it.w.restart(withPeople({ ada, bo: { ...bo, roles: ['responder'] } }))
  assert.equal((await it.ask('people.session', { session: secret })).status, 200, 'a restart ends nothing')
  await it.pump(it.w.keeper.configure(withPeople({ ada })))
  assert.deepEqual(await it.fails('people.session', { session: secret }), [401, 'HF430'])
  await it.pump(it.w.keeper.configure(withPeople({ ada, bo })))
  assert.deepEqual(await it.fails('people.session', { session: secret }), [401, 'HF430'], 'and stays ended')
  const audit = await it.body<AuditAnswer>('people.audit', { who: 'bo' }, asker)
  assert.deepEqual(audit.entries.filter(({ is }) => is === 'people.configured').map(({ says }) => says), ['bo is responder by the configuration', 'bo is without a role by the configuration'])
  assert.deepEqual(rebuildLedger(it.w.sql, it.w.keeper.store.rooms, { replace: false }).differed, [])
})

test('a link that was printed anew voids the one before', async (t) => {
  const it = await world(t)
  const former = await it.link()
  const latter = await it.link()
  assert.deepEqual(await it.fails('people.enter', { what: 'first-owner', link: former, person: 'ada', from: FROM }), [410, 'HF434'])
  assert.equal((await it.ask('people.enter', { what: 'first-owner', link: latter, person: 'ada', from: FROM })).status, 200)
})

test('whoever came by a link alone opens their own account and nothing else', async (t) => {
  const it = await world(t)
  const { secret } = await it.body<SignedInAnswer>('people.enter', { what: 'first-owner', link: await it.link(), person: 'ada', from: FROM })
  const session = await it.body<SessionAnswer>('people.session', { session: secret })
  assert.deepEqual([session.person, session.incomplete, session.rights], ['ada', true, []])
})

test('a password and a code: both are needed, wrong ones are all alike, a code counts once', async (t) => {
  const it = await world(t)
  const { code, signed } = await owned(it)
  const session = await it.body<SessionAnswer>('people.session', { session: signed.secret })
  assert.deepEqual([session.incomplete, session.rights.includes('admin')], [false, true])
  assert.deepEqual(await it.fails('people.signIn', { named: 'ada', password: PASSWORD, from: FROM }), [401, 'HF431'])
  const again = await it.signIn('ada', code())
  assert.equal((again.body as ErrorAnswer).error.code, 'HF432', 'the code was used')
  const answers = [
    await it.ask('people.signIn', { named: 'ada', password: 'wrong wrong wrong', from: FROM }),
    await it.ask('people.signIn', { named: 'eve', password: PASSWORD, from: FROM }),
    await it.ask('people.signIn', { named: 'bo', password: PASSWORD, from: FROM }),
    again,
  ]
  assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1)
})

test('guessing is slowed for everybody alike, and ends by itself', async (t) => {
  const it = await world(t)
  const { code } = await owned(it)
  for (const named of ['ada', 'nobody']) {
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) statuses.push((await it.ask('people.signIn', { named, password: `guess number ${n}`, from: { ...FROM, origin: `192.0.2.${n}` } })).status)
    assert.deepEqual([...new Set(statuses)], [401, 429], named)
  }
  const one = { ...FROM, origin: '192.0.2.200' }
  const many: number[] = []
  for (let n = 0; n < 35; n++) many.push((await it.ask('people.signIn', { named: `name${n}`, password: 'a guess', from: one })).status)
  assert.equal(many.filter((status) => status === 401).length, 30)
  await it.w.pass(minutes(2))
  assert.equal((await it.signIn('ada', code())).status, 200)
})

test('who knows the password guesses codes no faster for leaving the code out now and then', async (t) => {
  const it = await world(t)
  await owned(it)
  const statuses: number[] = []
  for (let n = 0; n < 40; n++) {
    const code = n % 4 === 3 ? {} : { code: '000000' }
    statuses.push((await it.ask('people.signIn', { named: 'ada', password: PASSWORD, ...code, from: { ...FROM, origin: `192.0.2.${n}` } })).status)
  }
  assert.deepEqual([statuses.slice(0, 10).includes(429), new Set(statuses.slice(16)).size, statuses.at(-1)], [false, 1, 429])
  await it.w.pass(minutes(1))
  for (let n = 0; n < 5; n++) assert.deepEqual(await it.fails('people.signIn', { named: 'ada', password: PASSWORD, from: FROM }), [401, 'HF431'], 'leaving it out costs nothing')
})

test('a passkey is asked for also from an address that guessed too many passwords', async (t) => {
  const it = await world(t, { ...config, site: { ...config.site, url: 'http://localhost:7400' } })
  for (let n = 0; n < 35; n++) await it.ask('people.signIn', { named: `name${n}`, password: 'a guess', from: FROM })
  assert.deepEqual(await it.fails('people.signIn', { named: 'bo', password: 'a guess', from: FROM }), [429, 'HF435'])
  await it.body('people.askPasskey', { before: 'b'.repeat(43), from: FROM })
})

test('nobody is named as somebody else in other capitals', async (t) => {
  const it = await world(t)
  const link = await it.link()
  assert.deepEqual(await it.fails('people.enter', { what: 'first-owner', link, person: 'ADA', from: FROM }), [409, 'HF476'])
  for (const who of ['Ada', 'BO']) assert.deepEqual(await it.fails('people.grant', { who, roles: ['owner'] }, { is: 'socket' }), [409, 'HF476'], who)
  await it.body('people.enter', { what: 'first-owner', link, person: 'ada', from: FROM })
})

test('a name may be one that the language has: constructor and __proto__ are people like any other', async (t) => {
  const it = await world(t, configOf([]))
  const first = await it.body<SignedInAnswer>('people.enter', { what: 'first-owner', link: await it.link(), person: 'constructor', from: FROM })
  const account = await it.body<AccountAnswer>('people.account', { session: first.secret })
  assert.deepEqual([account.person, account.email, account.roles, account.channels], ['constructor', null, ['owner'], []])
  await it.body('people.setPassword', { session: first.secret, password: PASSWORD })
  for (const who of ['__proto__', 'toString', 'hasOwnProperty']) await it.body('people.grant', { who, roles: ['viewer'] }, { is: 'socket' })
  const { people } = await it.body<PeopleAnswer>('people.list', {}, { is: 'socket' })
  for (const who of ['__proto__', 'toString', 'hasOwnProperty']) assert.deepEqual(people.find(({ person }) => person === who)?.roles, ['viewer'], who)
})

test('recovery codes stand in for a code, once', async (t) => {
  const it = await world(t)
  const { signed } = await owned(it)
  const { codes } = await it.body<RecoveryAnswer>('people.newRecovery', { session: signed.secret })
  assert.equal(codes.length, 10)
  const entered = await it.signIn('ada', codes[0])
  assert.equal(entered.status, 200)
  const session = await it.body<SessionAnswer>('people.session', { session: (entered.body as SignedInAnswer).secret })
  assert.deepEqual([session.incomplete, session.rights], [true, []], 'it opens the account, to put a factor there; not what a factor opens')
  assert.equal((await it.signIn('ada', codes[0])).status, 401)
})

test('a change of password, factor or role ends sessions; an old session changes nothing of the account', async (t) => {
  const it = await world(t)
  const { signed, code, asker } = await owned(it)
  await it.w.pass(ms(60_000))
  const other = (await it.signIn('ada', code())).body as SignedInAnswer
  const alive = async (secret: string): Promise<boolean> => (await it.ask('people.session', { session: secret })).status === 200
  await it.body('people.setPassword', { session: other.secret, password: 'copper lantern under water' })
  assert.deepEqual([await alive(signed.secret), await alive(other.secret)], [false, true])
  await it.w.pass(minutes(15))
  for (const [name, args] of [['people.setPassword', { password: PASSWORD }], ['people.beginTotp', {}], ['people.confirmTotp', { code: '123456' }], ['people.newRecovery', {}], ['people.removeFactor', { factor: 'fac_1' }]] as const) {
    assert.deepEqual(await it.fails(name, { session: other.secret, ...args }), [403, 'HF433'], name)
  }
  await it.body('people.grant', { who: 'ada', roles: ['owner', 'editor'] }, asker)
  assert.equal(await alive(other.secret), false)
})

test('who may say who may what: owners and the machine; no token, nobody else; the last owner stays', async (t) => {
  const it = await world(t)
  const { asker } = await owned(it)
  const others: Asker[] = [{ is: 'open' }, { is: 'token', id: 'tok_1', name: 'ci', scopes: ['admin'] }, { is: 'person', person: 'bo', session: 'ses_1', rights: ['read', 'ack', 'write', 'run', 'approve'] }]
  for (const name of ['people.list', 'people.grant', 'people.invite', 'people.recover', 'people.signOutAll', 'people.audit']) {
    for (const other of others) assert.deepEqual(await it.fails(name, { who: 'bo', ...(name === 'people.grant' ? { roles: ['owner'] } : {}), }, other), [403, 'HF443'], `${name} ${other.is}`)
  }
  for (const other of [...others, asker]) assert.deepEqual(await it.fails('people.enrol', { who: 'bo' }, other), [403, 'HF439'])
  assert.deepEqual(await it.fails('people.grant', { who: 'ada', roles: [] }, asker), [409, 'HF441'])
  await it.body('people.grant', { who: 'bo', roles: ['viewer'] }, asker)
  const { people } = await it.body<PeopleAnswer>('people.list', {}, { is: 'socket' })
  assert.deepEqual(people.map(({ person, roles }) => [person, roles.join()]), [['ada', 'approver,owner'], ['bo', 'viewer']])
})

test('an invitation lets one person in, once; the machine helps whoever lost everything', async (t) => {
  const it = await world(t)
  const { asker } = await owned(it)
  assert.deepEqual(await it.fails('people.invite', { who: 'eve' }, asker), [404, 'HF404'])
  const invited = await it.body<LinkAnswer>('people.invite', { who: 'bo' }, asker)
  const link = invited.url.split('/').at(-1) ?? ''
  assert.match(invited.url, /^http:\/\/127\.0\.0\.1:7400\/welcome\/invite\/[\w-]{43}$/)
  assert.deepEqual(await it.fails('people.enter', { what: 'recover', link, from: FROM }), [410, 'HF434'])
  const bo = await it.body<SignedInAnswer>('people.enter', { what: 'invite', link, person: 'ada', from: FROM })
  assert.equal(bo.person, 'bo', 'the link says who, not the one who uses it')
  assert.deepEqual(await it.fails('people.enter', { what: 'invite', link, from: FROM }), [410, 'HF434'])
  const recover = await it.body<LinkAnswer>('people.recover', { who: 'ada' }, { is: 'socket' })
  assert.equal((await it.body<SignedInAnswer>('people.enter', { what: 'recover', link: recover.url.split('/').at(-1), from: FROM })).person, 'ada')
})

test('an authenticator is enrolled on the machine: shown once, confirmed by its code', async (t) => {
  for (const [shrink, says] of [[undefined, 'It may approve in 3 d.'], [86_400, 'It may approve in 3 s (3 d, divided by 86400 in this lab).']] as const) await enrolled(await world(t, { ...config, ...(shrink === undefined ? {} : { shrink }) }), says)
})

async function enrolled(it: Awaited<ReturnType<typeof world>>, says: string): Promise<void> {
  const begun = await it.body<TotpAnswer>('people.enrol', { who: 'ada' }, { is: 'socket' })
  assert.match(begun.uri, /^otpauth:\/\/totp\/Acme:ada\?secret=[A-Z2-7]{32}&/)
  const code = codeAt(fromBase32(begun.secret), periodOf(it.w.keeper.now().wall))
  assert.deepEqual(await it.fails('people.enrol', { who: 'ada', code: '000000' === code ? '111111' : '000000' }, { is: 'socket' }), [400, 'HF440'])
  assert.equal((await it.body<{ says: string }>('people.enrol', { who: 'ada', code }, { is: 'socket' })).says, `The authenticator of ada is confirmed. ${says}`)
}

test('account and audit: what a person sees of themselves, and an owner of all; no secret anywhere', async (t) => {
  const it = await world(t)
  const { signed, first, asker, secret } = await owned(it)
  const account = await it.body<AccountAnswer>('people.account', { session: signed.secret })
  assert.deepEqual([account.person, account.hasPassword, account.factors.length, account.factors[0]?.seasoned, account.sessions.filter(({ here }) => here).length], ['ada', true, 1, false, 1])
  await it.ask('people.signIn', { named: 'ada', password: 'wrong wrong wrong', from: FROM })
  const { entries } = await it.body<AuditAnswer>('people.audit', { who: 'ada', since: '1d' }, asker)
  assert.ok(entries.some(({ says }) => says === 'refused as ada: wrong name or password, from 203.0.113.9'))
  assert.ok(entries.some(({ says }) => says === 'ada signed in by password and code from 203.0.113.9'))
  assert.ok(entries.every(({ at }) => at >= START))
  for (const one of [PASSWORD, secret, signed.secret, first.secret]) {
    assert.ok(!spilled(it.w, one))
    assert.ok(!JSON.stringify([account, entries]).includes(one))
  }
  assert.deepEqual(await it.fails('people.audit', { since: 'yesterday' }, asker), [400, 'HF411'])
})

test('weak passwords are not set, and another’s session cannot be ended', async (t) => {
  const it = await world(t)
  const { signed, asker } = await owned(it)
  assert.deepEqual(await it.fails('people.setPassword', { session: signed.secret, password: 'ada' }), [400, 'HF438'])
  const invited = await it.body<LinkAnswer>('people.invite', { who: 'bo' }, asker)
  const bo = await it.body<SignedInAnswer>('people.enter', { what: 'invite', link: invited.url.split('/').at(-1), from: FROM })
  assert.deepEqual(await it.fails('people.signOut', { session: bo.secret, other: signed.session }), [404, 'HF404'])
  assert.equal((await it.ask('people.session', { session: signed.secret })).status, 200)
  assert.equal((await it.ask('people.signOut', { session: bo.secret })).status, 200)
  assert.deepEqual(await it.fails('people.session', { session: bo.secret }), [401, 'HF430'])
})

test('X-8 what is no argument of a call is refused before anything is done', async (t) => {
  const it = await world(t)
  for (const args of [undefined, null, [], { session: 'x'.repeat(200) }, { session: 1 }, { session: 'a', extra: 1 }]) assert.deepEqual(await it.fails('people.session', args), [400, 'HF401'])
  assert.deepEqual(await it.fails('people.grant', { who: 'ada', roles: ['god'] }, { is: 'socket' }), [400, 'HF401'])
  for (const who of ['', 'a b', 'oncall.primary', '../x', '1']) assert.ok((await it.fails('people.grant', { who, roles: ['viewer'] }, { is: 'socket' }))[0] === 400, who)
})
