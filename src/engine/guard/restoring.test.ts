// Restores as the keeper permits and records them: which copy, the intent before anything, two people for what lives, once, and how it ended.
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, keeperWorld, plan, START, type KeeperWorld } from '../../../test/keeper-world.ts'
import { fromBase32 } from '../../../test/base32.ts'
import { codeAt, periodOf } from '../../core/totp.ts'
import { hours, instantOf, minutes, ms } from '../../core/time.ts'
import { rebuildLedger } from '../../db/verify.ts'
import { hashOfSwap, type Swap } from '../../rooms/guard/restore/swap.ts'
import type { ApprovalAnswer } from '../../views/agreements.ts'
import type { ErrorAnswer } from '../../views/answers.ts'
import type { AuditAnswer, TotpAnswer } from '../../views/people.ts'
import type { RestoreBegunAnswer, RestoresAnswer } from '../../views/restore/restores.ts'

const nameAt = (at: number): string => `shop-${new Date(at).toISOString().slice(0, 10)}.dump`
const [OLD, NEW] = [nameAt(START - hours(48)), nameAt(START - hours(24))]
const copy = { set: 'shop', store: 'nas', version: '', etag: 'e1', bytes: 100 }

async function world(t: { after(act: () => void): void }): Promise<{ w: KeeperWorld; body: <T>(name: string, args: unknown) => Promise<T>; press: (it: ApprovalAnswer, who: string) => Promise<number>; code: (name: string, args: unknown) => Promise<string | undefined> }> {
  const people = ['ada', 'bo', 'chen'].map((name) => ({ name, email: `${name}@acme.example`, phone: `+49301${name.charCodeAt(0)}`, reach: [{ channel: 'mail', after: ms(0) }], roles: ['approver' as const] }))
  const config = { ...configOf([]), plan: { ...plan, people: Object.fromEntries(people.map((it) => [it.name, it])) }, backups: [{ name: 'shop', engine: 'postgres', in: [{ store: 'nas', pattern: { text: 'shop-{date}.dump', prefix: 'shop-' } }], every: hours(24), grace: hours(2), escalate: 'default', from: 'holdfast.yaml:1' }] }
  const w = await keeperWorld(t, config)
  const secrets = new Map<string, Uint8Array>()
  for (const { name } of people) {
    secrets.set(name, fromBase32(((await w.ask('people.enrol', { who: name })).body as TotpAnswer).secret))
    assert.equal((await w.ask('people.enrol', { who: name, code: codeAt(secrets.get(name) ?? new Uint8Array(), periodOf(w.keeper.now().wall)) })).status, 200)
  }
  w.keeper.store.setMeta('lived', String(hours(96)))
  await w.restart(config)
  await w.pass(minutes(1))
  const noted = w.keeper.engine.turn('copies', (tx) => {
    for (const [key, at] of [[OLD, START - hours(48)], [NEW, START - hours(24)]] as const) tx.append({ is: 'guard.appeared', stream: 'backup:shop', body: { ...copy, key, modifiedAt: at, at: START } })
    tx.append({ is: 'guard.proved', stream: 'backup:shop', body: { set: 'shop', store: 'nas', key: OLD, etag: 'e1', rung: 5, says: '', at: tx.now.wall } })
  })
  await w.settle()
  await noted
  const body = async <T>(name: string, args: unknown): Promise<T> => {
    const answered = await w.ask(name, args)
    assert.equal(answered.status, 200, JSON.stringify(answered.body))
    return answered.body as T
  }
  const press = async (it: ApprovalAnswer, who: string): Promise<number> =>
    (await w.ask('approvals.press', { token: w.keeper.linkFor({ is: 'approve', agreement: it.id as never, person: who }), act: 'yes', hash: it.hash, totp: codeAt(secrets.get(who) ?? new Uint8Array(), periodOf(w.keeper.now().wall)), from: { origin: '203.0.113.9', agent: 'a phone' } }, { is: 'open' })).status
  return { w, body, press, code: async (name, args) => ((await w.ask(name, args)).body as Partial<ErrorAnswer>).error?.code }
}

const swapOf = ({ id, store, copy: of, verified }: RestoreBegunAnswer): Swap => ({
  schema: 'holdfast.swap/1', restore: id, set: 'shop', store, copy: of.key, etag: of.etag, verified, place: 'shop at db:5432', place_id: '7/5',
  units: [{ name: 'public.orders', side: 's.orders', aside: 'd.orders', was: '16384', digest: '10:77', checked: '', lost: '' }],
})
const facts = ({ w }: { readonly w: KeeperWorld }): string[] => w.entries().filter(({ stream }) => stream.startsWith('restore:')).map(({ is, body }) => `${is.slice(6)} ${(body as { verdict?: string }).verdict ?? ''}`.trim())

test('G-2 a restore takes the newest verified copy, is written down before it begins, and how it ended after it', async (t) => {
  const it = await world(t)
  const begun = await it.body<RestoreBegunAnswer>('backups.restore', { set: 'shop', to: '/restored', person: 'ada' })
  assert.deepEqual([begun.copy.key, begun.verified, begun.rung, begun.engine, begun.copy.etag, begun.manifest], [OLD, true, 5, 'postgres', 'e1', null])
  assert.match(begun.says, /1 newer copy is not verified/)
  assert.deepEqual(facts(it), ['restoring'])
  await it.body('restores.end', { restore: begun.id, verdict: 'restored', says: '', phases: [{ name: 'fetch', ms: 12.5 }] })
  assert.deepEqual(facts(it), ['restoring', 'restored restored'])
  const named = await it.body<RestoreBegunAnswer>('backups.restore', { set: 'shop', copy: NEW, to: '/restored' })
  assert.deepEqual([named.verified, named.says], [false, 'this copy is not verified: nobody has restored it or read it whole'])
  assert.equal(await it.code('backups.restore', { set: 'shop', copy: 'none', to: '/x' }), 'HF404')
  const { restores } = await it.body<RestoresAnswer>('backups.restores', { set: 'shop' })
  assert.deepEqual(restores.map(({ copy: of, verdict, by, to }) => `${of} ${verdict} ${by} ${to}`).toSorted(), [`${OLD} restored ada /restored`, `${NEW} null somebody at the machine /restored`])
  await it.body('backups.restore', { set: 'shop', to: 'shop at db', as_superuser: true, person: 'bo' })
  assert.deepEqual(it.w.entries().filter(({ is }) => is === 'guard.restoring').map(({ body }) => (body as { as_superuser?: true }).as_superuser), [undefined, undefined, true])
  assert.deepEqual(rebuildLedger(it.w.sql, it.w.keeper.store.rooms, { replace: false }).differed, [])
  const audit = JSON.stringify((await it.body<AuditAnswer>('people.audit', {})).entries)
  assert.match(audit, /ada restores shop-[\d-]+\.dump of shop to \/restored \(/)
  assert.match(audit, /bo restores shop-[\d-]+\.dump of shop to shop at db with the rights of a superuser, as they said \(/)
})

test('G-27 what lives is replaced once, and only by what two people have agreed on', async (t) => {
  const it = await world(t)
  const begun = await it.body<RestoreBegunAnswer>('backups.restore', { set: 'shop', to: 'shop at db', person: 'ada' })
  const swap = swapOf(begun)
  const hash = hashOfSwap(swap)
  const begin = (): Promise<string | undefined> => it.code('restores.swap', { restore: begun.id, hash })
  assert.equal(await begin(), 'HF494', 'nobody was asked')
  assert.equal(await it.code('restores.end', { restore: begun.id, verdict: 'swapped', says: '' }), 'HF494')
  assert.equal(await it.code('restores.ask', { restore: begun.id, swap, of: ['ada'] }), 'HF472')
  assert.equal(await it.code('restores.ask', { restore: begun.id, swap: { ...swap, etag: 'e2' }, of: ['ada', 'bo'] }), 'HF494')
  const asked = await it.body<ApprovalAnswer>('restores.ask', { restore: begun.id, swap, of: ['ada', 'bo'] })
  assert.deepEqual([asked.hash, asked.what, asked.alone], [hash, 'guard.swap', false])
  assert.equal(await begin(), 'HF494')
  assert.equal(await it.press(asked, 'ada'), 200)
  assert.equal(await begin(), 'HF494', 'one is not enough')
  assert.equal(await it.press(asked, 'bo'), 200)
  assert.equal(await it.code('restores.swap', { restore: begun.id, hash: hashOfSwap({ ...swap, place_id: 'x' }) }), 'HF494', 'something else')
  assert.equal(await begin(), undefined)
  assert.equal(await begin(), 'HF494', 'what was agreed on is done once')
  await it.body('restores.end', { restore: begun.id, verdict: 'swapped', says: '', swapped: ['public.orders'] })
  assert.deepEqual(facts(it), ['restoring', 'swapAsked', 'swapping', 'restored swapped'])
  assert.equal(await it.code('restores.ask', { restore: begun.id, swap, of: ['ada', 'bo'] }), 'HF494')
})

test('X-7 what was agreed on lapses', async (t) => {
  const it = await world(t)
  const begun = await it.body<RestoreBegunAnswer>('backups.restore', { set: 'shop', to: 'shop at db' })
  const asked = await it.body<ApprovalAnswer>('restores.ask', { restore: begun.id, swap: swapOf(begun), of: ['ada', 'bo'], lapses: '10m' })
  for (const who of ['ada', 'bo']) assert.equal(await it.press(asked, who), 200)
  it.w.step(minutes(11))
  assert.equal(await it.code('restores.swap', { restore: begun.id, hash: asked.hash }), 'HF494')
  assert.ok(instantOf(START) < it.w.keeper.now().wall)
})
