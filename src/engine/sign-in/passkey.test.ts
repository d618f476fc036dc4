// Passkeys and proofs as stories over a keeper, with an authenticator in software: each credential is good once, where it was asked
// for, for what it was asked for, and for as long as it may be.
import assert from 'node:assert/strict'
import test from 'node:test'
import { authenticator, type Twist } from '../../../test/authenticator.ts'
import { configOf, keeperWorld, plan } from '../../../test/keeper-world.ts'
import { hours, minutes, ms } from '../../core/time.ts'
import { codeAt, periodOf } from '../../core/totp.ts'
import { takeProof } from '../../rooms/people/proofs.ts'
import type { ErrorAnswer } from '../../views/answers.ts'
import type { AuditAnswer, PasskeyOptionsAnswer, ProofAnswer, RecoveryAnswer, SessionAnswer, SignedInAnswer, TotpAnswer } from '../../views/people.ts'
import type { Answer } from '../answer.ts'
import { firstOwnerLink } from '../people.ts'
import { siteFor } from '../../rooms/people/site.ts'

const FROM = { origin: '203.0.113.9', agent: 'a browser' }
const ORIGIN = 'https://status.acme.example'
const BEFORE = 'b'.repeat(43)
const HASH = 'a'.repeat(64)
const site = { ...plan.site, url: ORIGIN }
const config = { ...configOf([]), site, plan: { ...plan, site, people: { ...plan.people, bo: { ...plan.people['bo'], name: 'bo', reach: [], roles: ['approver' as const] } } } }

async function world(t: { after(act: () => void): void }) {
  const w = await keeperWorld(t, config)
  const ask = async (name: string, args: unknown): Promise<Answer> => {
    let over = false
    const watched = w.ask(name, args, { is: 'open' }).finally(() => void (over = true))
    while (!over) {
      await w.settle()
      await new Promise((go) => setImmediate(go))
    }
    return watched
  }
  const body = async <T>(name: string, args: unknown): Promise<T> => {
    const answered = await ask(name, args)
    assert.equal(answered.status, 200, JSON.stringify(answered.body))
    return answered.body as T
  }
  const fails = async (name: string, args: unknown): Promise<string> => {
    const { body: error } = await ask(name, args)
    return (error as ErrorAnswer).error?.code
  }
  const device = authenticator(ORIGIN)
  const options = async (name: string, args: object): Promise<object> => (await body<PasskeyOptionsAnswer>(name, args)).options
  const add = async (session: string, by = device): Promise<SignedInAnswer> => body('people.addPasskey', { session, made: by.make(await options('people.beginPasskey', { session })), from: FROM })
  const askToEnter = (before = BEFORE): Promise<object> => options('people.askPasskey', { before, from: FROM })
  /** Ada owns it, by a passkey. */
  const owned = async (): Promise<{ first: string; secret: string }> => {
    const printed = firstOwnerLink(w.keeper)
    await w.settle()
    const first = await body<SignedInAnswer>('people.enter', { what: 'first-owner', link: (await printed)?.split('/').at(-1), person: 'ada', from: FROM })
    return { first: first.secret, secret: (await add(first.secret)).secret }
  }
  const audit = async (): Promise<string[]> => ((await w.ask('people.audit', {})).body as AuditAnswer).entries.map(({ says }) => says)
  return { w, ask, body, fails, device, options, add, askToEnter, owned, audit }
}

const session = (it: Awaited<ReturnType<typeof world>>, secret: string): Promise<SessionAnswer> => it.body('people.session', { session: secret })

test('a passkey is added in a session, signs in by itself, and ends what was there before', async (t) => {
  const it = await world(t)
  const { first, secret } = await it.owned()
  assert.equal(await it.fails('people.session', { session: first }), 'HF430')
  const owner = await session(it, secret)
  assert.deepEqual([owner.person, owner.incomplete, owner.rights.includes('admin')], ['ada', false, true])
  const asked = await it.askToEnter()
  const entered = await it.body<SignedInAnswer>('people.enterByPasskey', { before: BEFORE, shown: it.device.show(asked), from: FROM })
  assert.equal((await session(it, entered.secret)).person, 'ada')
  assert.ok((await it.audit()).includes('ada signed in by passkey from 203.0.113.9'))
})

test('what is asked for names nobody, wants the person verified, and is random each time', async (t) => {
  const it = await world(t)
  const { secret } = await it.owned()
  const one = await it.askToEnter() as { challenge: string; userVerification: string; allowCredentials: unknown[] }
  const other = await it.askToEnter() as { challenge: string }
  assert.deepEqual([one.userVerification, one.allowCredentials, one.challenge === other.challenge, one.challenge.length], ['required', [], false, 43])
  const made = await it.options('people.beginPasskey', { session: secret }) as { user: { id: string }; excludeCredentials: unknown[]; authenticatorSelection: { residentKey: string } }
  assert.ok(!Buffer.from(made.user.id, 'base64url').toString('latin1').includes('ada'))
  assert.deepEqual([made.excludeCredentials.length, made.authenticatorSelection.residentKey], [1, 'required'])
})

test('a challenge is good once, for its browser, its purpose and two minutes', async (t) => {
  const it = await world(t)
  const { secret } = await it.owned()
  const enter = (shown: unknown, before = BEFORE): Promise<string> => it.fails('people.enterByPasskey', { before, shown, from: FROM })
  const shown = it.device.show(await it.askToEnter())
  assert.equal((await it.ask('people.enterByPasskey', { before: BEFORE, shown, from: FROM })).status, 200)
  assert.equal(await enter(shown), 'HF446', 'replayed')
  assert.equal(await enter(it.device.show(await it.askToEnter('c'.repeat(43)))), 'HF446', 'another browser asked')
  const wrong = it.device.show(await it.askToEnter(), { origin: 'https://evil.example' })
  assert.equal(await enter(wrong), 'HF446')
  assert.equal(await enter(it.device.show({ challenge: 'A'.repeat(43), rpId: 'status.acme.example' })), 'HF446', 'a challenge of their own')
  const forProof = await it.options('people.askProof', { session: secret, hash: HASH })
  assert.equal(await enter(it.device.show(forProof)), 'HF446', 'asked for a proof')
  const late = it.device.show(await it.askToEnter())
  await it.w.pass(minutes(2))
  assert.equal(await enter(late), 'HF446', 'late')
  const stepped = it.device.show(await it.askToEnter())
  it.w.step(ms(hours(-5)))
  assert.equal((await it.ask('people.enterByPasskey', { before: BEFORE, shown: stepped, from: FROM })).status, 200, 'a clock that was set changes nothing')
  const refused = (await it.audit()).filter((says) => says.startsWith('refused'))
  assert.ok(refused.length > 0)
})

test('what the authenticator signed is judged: site, address, kind, presence, verification, person, signature', async (t) => {
  const it = await world(t)
  await it.owned()
  const twists: Twist[] = [
    { origin: 'https://status.acme.example.evil.example' }, { origin: 'http://status.acme.example' }, { rpId: 'evil.example' }, { type: 'webauthn.create' }, { flags: 0x00 }, { flags: 0x01 }, { flags: 0x04 }, { handle: 'AAAA' },
  ]
  for (const twist of twists) assert.equal(await it.fails('people.enterByPasskey', { before: BEFORE, shown: it.device.show(await it.askToEnter(), twist), from: FROM }), 'HF446', JSON.stringify(twist))
  const shown = it.device.show(await it.askToEnter())
  const tampered = { ...shown, response: { ...shown.response, signature: `${shown.response.signature.slice(0, -6)}AAAAAA` } }
  assert.equal(await it.fails('people.enterByPasskey', { before: BEFORE, shown: tampered, from: FROM }), 'HF446')
  const stranger = authenticator(ORIGIN)
  stranger.make({ challenge: '', rp: { id: 'status.acme.example' }, user: { id: it.device.keys[0]?.handle ?? '' } })
  assert.equal(await it.fails('people.enterByPasskey', { before: BEFORE, shown: stranger.show(await it.askToEnter()), from: FROM }), 'HF446', 'nobody has this key')
  const other = stranger.show(await it.askToEnter())
  assert.equal(await it.fails('people.enterByPasskey', { before: BEFORE, shown: { ...other, id: it.device.keys[0]?.id.toString('base64url') }, from: FROM }), 'HF446', 'signed by another key')
})

test('a counter that went back is refused and recorded; one that stays at nothing is no counter', async (t) => {
  const it = await world(t)
  await it.owned()
  const enter = async (count: number): Promise<Answer> => it.ask('people.enterByPasskey', { before: BEFORE, shown: it.device.show(await it.askToEnter(), { count }), from: FROM })
  assert.deepEqual([(await enter(0)).status, (await enter(0)).status, (await enter(9)).status], [200, 200, 200])
  for (const count of [9, 3, 0]) assert.equal(((await enter(count)).body as ErrorAnswer).error.code, 'HF447')
  assert.equal((await enter(10)).status, 200)
  assert.ok((await it.audit()).some((says) => says.startsWith('refused as ada: the counter of a passkey went back')))
})

test('a passkey is added by its own session alone, lately begun, with a challenge of that session', async (t) => {
  const it = await world(t)
  const { secret } = await it.owned()
  const other = await it.body<SignedInAnswer>('people.enterByPasskey', { before: BEFORE, shown: it.device.show(await it.askToEnter()), from: FROM })
  const second = authenticator(ORIGIN)
  const options = await it.options('people.beginPasskey', { session: other.secret })
  assert.equal(await it.fails('people.addPasskey', { session: secret, made: second.make(options), from: FROM }), 'HF446', 'asked in another session')
  for (const twist of [{ origin: 'https://evil.example' }, { rpId: 'evil.example' }, { flags: 0x41 }, { type: 'webauthn.get' }]) {
    assert.equal(await it.fails('people.addPasskey', { session: secret, made: second.make(await it.options('people.beginPasskey', { session: secret }), twist), from: FROM }), 'HF446', JSON.stringify(twist))
  }
  const again = await it.options('people.beginPasskey', { session: secret })
  await it.w.pass(minutes(15))
  assert.equal(await it.fails('people.addPasskey', { session: secret, made: second.make(again), from: FROM }), 'HF433')
  assert.equal(await it.fails('people.beginPasskey', { session: secret }), 'HF433')
  assert.equal(await it.fails('people.beginPasskey', { session: 'x'.repeat(43) }), 'HF430')
})

test('C-17 a proof is for one hash, one session, one time, five minutes; whose passkey it is decides', async (t) => {
  const it = await world(t)
  const { secret } = await it.owned()
  const me = await session(it, secret)
  const prove = async (hash = HASH, twist: Twist = {}): Promise<ProofAnswer> => it.body('people.prove', { session: secret, hash, shown: it.device.show(await it.options('people.askProof', { session: secret, hash }), twist), from: FROM })
  const { proofs } = it.w.keeper.signIns
  const take = (name: string, more: object = {}) => takeProof(proofs, name, { person: 'ada', by: `session ${me.id}`, hash: HASH, now: it.w.keeper.now(), ...more })
  const { proof } = await prove()
  for (const more of [{ person: 'bo' }, { hash: 'b'.repeat(64) }, { by: 'session ses_other' }, { by: 'link abc' }]) assert.equal(take(proof, more), undefined, JSON.stringify(more))
  const taken = take(proof)
  assert.deepEqual([taken?.means, taken?.hash, taken?.session, (taken?.factorAge ?? Infinity) < 60_000], ['passkey', HASH, me.id, true])
  assert.equal(take(proof), undefined, 'once')
  const old = await prove()
  it.w.step(ms(hours(-3)))
  await it.w.pass(ms(minutes(5) + 1000))
  assert.equal(take(old.proof), undefined, 'late, by the clock that nobody sets')
  const forOther = it.device.show(await it.options('people.askProof', { session: secret, hash: 'b'.repeat(64) }))
  assert.equal(await it.fails('people.prove', { session: secret, hash: HASH, shown: forOther, from: FROM }), 'HF450', 'signed for another hash')
  assert.equal(await it.fails('people.prove', { session: secret, hash: HASH, shown: it.device.show(await it.askToEnter()), from: FROM }), 'HF450', 'signed to sign in')
  assert.equal(JSON.stringify(it.w.entries()).includes(proof), false)
})

/** Bo comes by an invitation, with an authenticator. */
async function withCodes(it: Awaited<ReturnType<typeof world>>) {
  const invited = (await it.w.ask('people.invite', { who: 'bo' })).body as { url: string }
  const first = await it.body<SignedInAnswer>('people.enter', { what: 'invite', link: invited.url.split('/').at(-1), from: FROM })
  const totp = await it.body<TotpAnswer>('people.beginTotp', { session: first.secret })
  const key = Uint8Array.from(([...totp.secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const code = (): string => codeAt(key, periodOf(it.w.keeper.now().wall))
  await it.body('people.confirmTotp', { session: first.secret, code: code() })
  const { codes } = await it.body<RecoveryAnswer>('people.newRecovery', { session: first.secret })
  await it.w.pass(ms(60_000))
  return { secret: first.secret, code, codes }
}

test('C-17 a code proves once; a recovery code, another’s passkey, both at once or nothing never do', async (t) => {
  const it = await world(t)
  await it.owned()
  const { secret, code, codes } = await withCodes(it)
  const fails = (more: object): Promise<string> => it.fails('people.prove', { session: secret, hash: HASH, from: FROM, ...more })
  assert.equal(await fails({ code: codes[0] }), 'HF450')
  assert.equal(await fails({}), 'HF451')
  assert.equal(await it.fails('people.askProof', { session: secret, hash: HASH }), 'HF449')
  const asked = { challenge: 'A'.repeat(43), rpId: 'status.acme.example' }
  assert.equal(await fails({ shown: it.device.show(asked) }), 'HF450')
  const now = code()
  assert.equal(await fails({ code: now, shown: it.device.show(asked) }), 'HF451')
  assert.equal((await it.body<ProofAnswer>('people.prove', { session: secret, hash: HASH, code: now, from: FROM })).proof.length, 43)
  assert.equal(await fails({ code: now }), 'HF450', 'once')
  const codesOf: string[] = []
  for (let n = 0; n < 12; n++) codesOf.push(await fails({ code: '000000', from: { ...FROM, origin: `198.51.100.${n}` } }))
  assert.ok(codesOf.includes('HF435'), 'guessing is slowed')
})

test('a password alone puts no further factor beside one that is there; its code completes the session', async (t) => {
  const it = await world(t)
  await it.owned()
  const { secret, code } = await withCodes(it)
  await it.body('people.setPassword', { session: secret, password: 'amber otter on the roof' })
  // As if it were from before the authenticator.
  it.w.sql.run(`update people_session set means = 'password', at = at + 1 where person = 'bo'`)
  for (const [name, args] of [['people.beginPasskey', {}], ['people.beginTotp', {}], ['people.newRecovery', {}], ['people.removeFactor', { factor: 'fac_1' }], ['people.setPassword', { password: 'copper lantern under water' }]] as const) {
    it.w.sql.run(`update people_session set at = ? where person = 'bo'`, it.w.keeper.now().wall)
    assert.equal(await it.fails(name, { session: secret, ...args }), 'HF453', name)
  }
  assert.equal(await it.fails('people.strengthen', { session: secret, code: '000000', from: FROM }), 'HF432')
  const whole = await it.body<SignedInAnswer>('people.strengthen', { session: secret, code: code(), from: FROM })
  assert.equal(await it.fails('people.session', { session: secret }), 'HF430')
  assert.equal((await session(it, whole.secret)).incomplete, false)
  assert.equal((await it.ask('people.beginPasskey', { session: whole.secret })).status, 200)
})

test('X-8 what is no answer of a browser is refused; challenges and waiting proofs are bounded', async (t) => {
  const it = await world(t)
  const { secret } = await it.owned()
  const good = it.device.show(await it.askToEnter())
  const odd = [
    { ...good, extra: 1 }, { ...good, id: '../..' }, { ...good, response: { ...good.response, clientDataJSON: 'A'.repeat(9000) } }, { ...good, type: 'password' }, { ...good, response: { ...good.response, more: 'x' } }, null, 'x', [good],
  ]
  for (const shown of odd) assert.equal(await it.fails('people.enterByPasskey', { before: BEFORE, shown, from: FROM }), 'HF401')
  for (const clientDataJSON of ['bm90IGpzb24', Buffer.from('[]').toString('base64url'), Buffer.from('null').toString('base64url'), Buffer.from('{"challenge":{}}').toString('base64url')]) {
    assert.equal(await it.fails('people.enterByPasskey', { before: BEFORE, shown: { ...good, response: { ...good.response, clientDataJSON } }, from: FROM }), 'HF446')
  }
  for (let n = 0; n < 40; n++) await it.ask('people.beginPasskey', { session: secret })
  assert.ok(it.w.keeper.signIns.challenges.size <= 10)
  const statuses: number[] = []
  for (let n = 0; n < 130; n++) statuses.push((await it.ask('people.askPasskey', { before: `${'d'.repeat(40)}${n}`, from: { ...FROM, origin: '192.0.2.7' } })).status)
  assert.equal(statuses.filter((status) => status === 429).length, 10)
})

test('browsers know no passkeys at an address in numbers, or one that can be read on the way', () => {
  assert.deepEqual(siteFor('https://status.acme.example:8443'), { id: 'status.acme.example', origin: 'https://status.acme.example:8443' })
  assert.deepEqual(siteFor('http://localhost:7400'), { id: 'localhost', origin: 'http://localhost:7400' })
  for (const address of ['http://127.0.0.1:7400', 'https://192.0.2.1', 'https://[::1]:7400', 'http://status.acme.example', 'x']) assert.equal(siteFor(address), undefined, address)
})

