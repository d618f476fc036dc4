// Every secret that somebody may hold, tried at every place that takes one: each opens its own place and no other, as it is, cut short,
// and with a letter changed. A new kind of secret, or a new place, is a new line in one of the two lists.
import assert from 'node:assert/strict'
import test from 'node:test'
import { newId, sha256 } from '../src/core/id.ts'
import { instantOf, minutes } from '../src/core/time.ts'
import type { ApprovalAnswer } from '../src/views/agreements.ts'
import type { LinkAnswer } from '../src/views/people.ts'
import type { TokensAnswer } from '../src/views/answers.ts'
import { csrfOf } from '../src/http/session.ts'
import { consoleWorld, formsOf } from './console-world.ts'

const PASSWORD = 'amber otter on the roof'
const COOKIE = '__Host-holdfast'

async function peopled(t: { after(act: () => void): void }) {
  const it = await consoleWorld(t)
  const call = async <Body>(name: string, args: unknown): Promise<Body> => (await it.pump(it.keeper.ask(name, args))).body as Body
  const ada = it.browser()
  const ownerLink = await it.ownerLink()
  await ada.open(ownerLink)
  await ada.send(ownerLink, { person: 'ada' })
  await ada.send('/account/password', { password: PASSWORD, again: PASSWORD })
  await ada.send('/account/totp')
  const totp = (/<code class="secret">([A-Z2-7 ]+)<\/code>/.exec(ada.text)?.[1] ?? '').replaceAll(' ', '')
  await ada.send('/account/totp/confirm', { code: it.code(totp) })
  await it.keeper.pass(minutes(1))
  await ada.open('/sign-in')
  await ada.send('/sign-in', { named: 'ada', password: PASSWORD, code: it.code(totp) })
  await ada.open('/account')
  await ada.send('/account/recovery')
  const recovery = /[0-9a-z]{4}(?:-[0-9a-z]{4}){5}/.exec(ada.text)?.[0] ?? assert.fail('no recovery code')
  await call('people.grant', { who: 'bo', roles: ['approver'] })
  const last = (url: string): string => url.split('/').at(-1) ?? ''
  const { secret: token = '', tokens } = await call<TokensAnswer>('tokens.create', { name: 'ci', scopes: ['read'] })
  it.kit.access.learn(tokens.map(({ id, name, scopes }) => ({ id, name, scopes, hash: sha256(token), expiresAt: null, from: [] })))
  const agreement = await call<ApprovalAnswer>('approvals.ask', { title: 'x', text: '', of: ['ada', 'bo'], lapses: '24h' })
  const { linkFor } = it.keeper.keeper
  const session = ada.has(COOKIE) ?? assert.fail('no session')
  const held = new Map([
    ['a session', session], ['the proof of its forms', csrfOf(session)], ['a password', PASSWORD], ['the secret of an authenticator', totp], ['a recovery code', recovery], ['a token', token],
    ['the first owner’s link', last(ownerLink)], ['an invitation', last((await call<LinkAnswer>('people.invite', { who: 'bo' })).url)], ['a way back', last((await call<LinkAnswer>('people.recover', { who: 'bo' })).url)],
    ['the link of an approval', linkFor({ is: 'approve', agreement: agreement.id as never, person: 'ada' })],
    ['the link of a page', linkFor({ is: 'act', incident: newId<'incident'>('inc', instantOf(1_795_000_000_000), (n) => new Uint8Array(n)), person: 'ada' })],
  ])
  return { it, held, agreement, session }
}

test('every secret × every place that takes one: its own, and no other', { timeout: 300_000 }, async (t) => {
  const { it, held, agreement, session } = await peopled(t)
  const { hash } = agreement
  let address = 0
  const send = async (path: string, init: { form?: Record<string, string>; headers?: Record<string, string> } = {}): Promise<number> => {
    const door = { 'x-forwarded-for': `198.51.100.${address++ % 250}`, ...init.headers }
    const { status } = await it.fetch(path, init.form ? { method: 'POST', body: new URLSearchParams(init.form), headers: door } : { headers: door })
    return status
  }
  /** Told apart from what is proven and yet too young. */
  const proves = async (by: Record<string, string>): Promise<boolean> => {
    const reply = await it.fetch(`/approve/${held.get('the link of an approval')}`, { method: 'POST', body: new URLSearchParams({ hash, act: 'yes', ...by }), headers: { accept: 'application/json' } })
    return ((await reply.json()) as { code?: string }).code !== 'HF462'
  }
  const places = new Map<string, { readonly own: string; readonly opens: (secret: string) => Promise<boolean> }>([
    ['the cookie', { own: 'a session', opens: async (it_) => (await send('/account', { headers: { cookie: `${COOKIE}=${encodeURIComponent(it_)}` } })) === 200 }],
    ['the proof of a form', { own: 'the proof of its forms', opens: async (csrf) => (await send('/account/sessions/end', { form: { csrf, session: '*' }, headers: { cookie: `${COOKIE}=${session}` } })) === 303 }],
    ['the header of programs', { own: 'a token', opens: async (it_) => (await send('/api/v1/approvals', { headers: { authorization: `Bearer ${it_}` } })) === 200 }],
    ['the password', { own: 'a password', opens: async (password) => /code of your authenticator is needed/.test(await (await it.fetch('/sign-in', { method: 'POST', body: new URLSearchParams({ named: 'ada', password }) })).text()) }],
    ['the code beside it', { own: 'a recovery code', opens: async (code) => (await send('/sign-in', { form: { named: 'ada', password: PASSWORD, code: code.slice(0, 40) } })) === 303 }],
    ['a first link', { own: '', opens: async (it_) => (await send(`/welcome/first-owner/${encodeURIComponent(it_)}`, { form: { person: 'ada' } })) === 303 }],
    ['an invitation', { own: 'an invitation', opens: async (it_) => (await send(`/welcome/invite/${encodeURIComponent(it_)}`, { form: {} })) === 303 }],
    ['a way back', { own: 'a way back', opens: async (it_) => (await send(`/welcome/recover/${encodeURIComponent(it_)}`, { form: {} })) === 303 }],
    ['an approval', { own: 'the link of an approval', opens: async (it_) => (await send(`/approve/${encodeURIComponent(it_)}`)) === 200 }],
    ['the code of an approval', { own: '', opens: (totp) => proves({ totp: totp.slice(0, 40) }) }],
    ['the proof of an approval', { own: '', opens: (proof) => proves({ proof: proof.slice(0, 100) }) }],
  ])
  const changed = (secret: string): string => `${secret.slice(0, 5)}${secret[5] === 'a' ? 'b' : 'a'}${secret.slice(6)}`
  for (const [where, { own, opens }] of places) {
    for (const [what, secret] of held) {
      await it.keeper.pass(minutes(1))
      if (what !== own) assert.equal(await opens(secret), false, `${what} opens ${where}`)
      else for (const [how, odd] of [['cut short', secret.slice(0, -1)], ['changed', changed(secret)]] as const) assert.equal(await opens(odd), false, `${what}, ${how}, opens ${where}`)
    }
  }
  for (const [where, { own, opens }] of places) if (own !== '') assert.equal(await opens(held.get(own) ?? ''), true, `${own} opens ${where}`)
  const once = ['a recovery code', 'an invitation', 'a way back']
  for (const [where, { own, opens }] of places) if (once.includes(own)) assert.equal(await opens(held.get(own) ?? ''), false, `${own} opens ${where} once`)
  assert.ok(formsOf(await (await it.fetch(`/approve/${held.get('the link of an approval')}`)).text()).length > 0, 'and nobody has agreed by any of it')
})
