// A clean-up from end to end: real runs over a served bucket, a real hand, people who agree behind their own links. What takes two takes two; what a run
// plans is done by nobody but the hand, and comes back as long as it was not purged.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { fromBase32 } from '../../../test/base32.ts'
import { games, PREFIX } from '../../../test/guard/games.ts'
import { configOf, keeperWorld, plan } from '../../../test/keeper-world.ts'
import { directEgress } from '../../../test/places/direct-egress.ts'
import { BUCKET, KEYS } from '../../../test/places/fake-s3.ts'
import { codeAt, periodOf } from '../../core/totp.ts'
import { hours, minutes, ms, seconds } from '../../core/time.ts'
import { rebuildLedger } from '../../db/verify.ts'
import s3 from '../../plugins/stores/s3.ts'
import { perform } from '../guard/reconcile.ts'
import { recheck } from '../guard/reconcile/recheck.ts'
import { rounds } from './round.ts'
import type { ToGuard } from '../../rooms/guard/protocol.ts'
import type { ActsAnswer } from '../../views/acts.ts'
import type { ApprovalAnswer } from '../../views/agreements.ts'
import type { ErrorAnswer } from '../../views/answers.ts'
import type { ReconcileAnswer } from '../../views/reconciles.ts'
import type { TotpAnswer } from '../../views/people.ts'

const JOB = 'customer-backups'
const LOST = `${PREFIX}t1/lost`
const SHRINK = 86_400
const person = (name: string): (typeof plan.people)[string] => ({ name, email: `${name}@acme.example`, reach: [{ channel: 'mail', after: ms(0) }], roles: ['approver'] })

async function world(t: TestContext) {
  const it = await games(t)
  const job = { ...it.config, every: hours(300), copiesIn: 'offsite' }
  const tasks: (ToGuard & { is: 'task' })[] = []
  const config = { ...configOf([]), plan: { ...plan, people: { ada: person('ada'), bo: person('bo') } }, reconciles: [job], shrink: SHRINK }
  const k = await keeperWorld(t, config, { toGuard: (message) => (message.is === 'task' && tasks.push(message), true) })
  // Arming waits for a store's try-out, which nobody makes here.
  k.patience.seconds = 15
  const aligned = (): void => void (it.fake.ahead = k.keeper.now().wall - Date.now())
  // What lies aside is thought to be in the other place too: there it still stands.
  const copy = { text: 'x', etag: 'parts-2' }
  const other = {
    head: ({ key }: { key: string }) => Promise.resolve({ is: 'version' as const, key, latest: true, etag: copy.etag, bytes: 1, modifiedAt: k.keeper.now().wall }),
    read: () => Promise.resolve({ is: 'read' as const, bytes: Buffer.from(copy.text) }),
  }
  Object.assign(it.context, { now: () => k.keeper.now(), reading: (name: string) => (name === 'offsite' ? other : it.reading) })
  const secrets = new Map<string, Uint8Array>()
  const codeOf = (who: string): string => codeAt(secrets.get(who) ?? new Uint8Array(20), periodOf(k.keeper.now().wall))
  for (const who of ['ada', 'bo']) {
    const { secret } = (await k.ask('people.enrol', { who })).body as TotpAnswer
    secrets.set(who, fromBase32(secret))
    assert.equal((await k.ask('people.enrol', { who, code: codeOf(who) })).status, 200)
  }
  k.keeper.store.setMeta('lived', String(hours(960)))
  tasks.length = 0
  await k.restart(config)
  await k.pass(minutes(1))
  aligned()
  const until = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false
    void promise.finally(() => void (over = true)).catch(() => undefined)
    while (!over) {
      await k.settle()
      await new Promise((go) => setImmediate(go))
    }
    return promise
  }
  const answer = async (): Promise<void> => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      aligned()
      const made = task.task
      if (made.is !== 'reconcile' && made.is !== 'recheck') continue
      const result = made.is === 'reconcile' ? await perform({ config: job, knows: made.knows }, it.context, AbortSignal.timeout(20_000)) : await recheck(job, made, it.context, AbortSignal.timeout(20_000))
      k.keeper.guard.hear({ is: 'task-done', id: task.id, result: JSON.parse(JSON.stringify(result)) as unknown })
      await k.settle()
    }
  }
  /** A hand that works until it is told that there is nothing to do; the guard answers beside it. */
  const work = async (): Promise<void> => {
    await k.pass(seconds(21))
    aligned()
    const context = { egress: directEgress(), now: () => k.keeper.now(), random: (n: number) => new Uint8Array(n).fill(7), folder: '/' }
    const parsed = s3.config.parse({ s3: it.fake.url, bucket: BUCKET, read: `READER:${KEYS.READER}`, delete: `HAND:${KEYS.HAND}` })
    const halves = { now: () => k.keeper.now(), reading: s3.reading(parsed, context), deleting: s3.deleting(parsed, context) }
    const stopped = new AbortController()
    const link = {}
    await until(rounds({
      now: () => k.keeper.now(), timers: { after: (span) => (span <= 1000 && setImmediate(() => stopped.abort()), () => undefined) }, store: () => halves,
      async ask(message) {
        const asked = k.keeper.hand.hear(message, link)
        let over = false
        void asked.finally(() => void (over = true))
        while (!over) {
          await k.settle()
          await answer()
          await new Promise((go) => setImmediate(go))
        }
        const told = await asked
        if (told.is === 'nothing' || told.is === 'no-lease') stopped.abort()
        return told
      },
    }, stopped.signal))
  }
  const body = async <T>(name: string, args: unknown): Promise<T> => {
    const said = await k.ask(name, args)
    assert.equal(said.status, 200, JSON.stringify(said.body))
    return said.body as T
  }
  const run = async (): Promise<ReconcileAnswer> => {
    await k.pass(seconds(5))
    aligned()
    await body('reconcile.run', { reconcile: JOB })
    // An armed run waits for its store to be tried out by a hand.
    for (let n = 0; n < 3 && tasks.length === 0; n++) {
      await work()
      await k.pass(seconds(2))
    }
    await answer()
    return body('reconcile.show', { reconcile: JOB })
  }
  const press = (asked: ApprovalAnswer, who: string, over: Record<string, unknown> = {}) =>
    k.ask('approvals.press', { token: k.keeper.linkFor({ is: 'approve', agreement: asked.id as never, person: who }), act: 'yes', hash: asked.hash, totp: codeOf(who), from: { origin: '203.0.113.9', agent: 'x' }, ...(asked.typed === null ? {} : { typed: asked.typed }), ...over }, { is: 'open' })
  const agree = async (asked: ApprovalAnswer): Promise<void> => {
    for (const who of ['ada', 'bo']) {
      const said = await press(asked, who)
      assert.equal(said.status, 200, JSON.stringify(said.body))
    }
    // A code counts once.
    await k.pass(seconds(31))
  }
  return { k, it, copy, run, work, body, agree, press, top: (key: string) => it.fake.objects.get(key)?.[0] }
}

test('story 1: report only until three clean runs and two people; then exactly the orphan is put aside, comes back with its row, and is purged by two alone', async (t) => {
  const { k, it, copy, run, work, body, agree, press, top } = await world(t)
  it.fake.put(LOST, 'x')
  await run()
  const early = await k.ask('reconcile.ask', { what: 'arm', on: JOB })
  assert.deepEqual([early.status, (early.body as ErrorAnswer).error.code], [409, 'HF492'])
  await run()
  let shown = await run()
  assert.deepEqual([shown.clean_runs, shown.latest?.plan?.mode, shown.armed_by], [3, 'report', null], JSON.stringify([shown.latest?.plan?.refusals, shown.latest?.said]))
  await work()
  assert.equal(top(LOST)?.marker, false, 'nothing is done that nobody armed')

  await agree(await body<ApprovalAnswer>('reconcile.ask', { what: 'arm', on: JOB }))
  shown = await run()
  assert.deepEqual([shown.armed_by, shown.latest?.plan?.mode, shown.latest?.plan?.refusals], [['ada', 'bo'], 'armed', []])
  assert.equal(shown.latest?.plan?.totals.quarantine, 1)
  const before = JSON.stringify([...it.fake.objects].filter(([key]) => key !== LOST && !key.startsWith('.holdfast/')))
  await work()
  assert.equal(top(LOST)?.marker, true)
  assert.equal(JSON.stringify([...it.fake.objects].filter(([key]) => key !== LOST && !key.startsWith('.holdfast/'))), before, 'and nothing else')
  assert.deepEqual((await body<ActsAnswer>('reconcile.acts', { on: JOB })).over, 1)

  it.rows.set(LOST, {})
  shown = await run()
  assert.equal(shown.latest?.plan?.totals.release, 1)
  await work()
  assert.equal(top(LOST)?.marker, false, 'its row brought it back')
  it.rows.delete(LOST)

  // What came back for what had been put aside is a mistake until two people say otherwise (the breaker).
  assert.equal(shown.breaker.is, 'open')
  await k.pass(seconds(5))
  await run()
  await agree(await body<ApprovalAnswer>('reconcile.ask', { what: 'close-breaker', on: JOB, reason: 'a restore was tried out by hand' }))
  copy.text = 'y'
  for (let n = 0; n < 4; n++) await run()
  await work()
  assert.equal(top(LOST)?.marker, true)
  await k.pass(seconds(40))
  shown = await run()
  assert.deepEqual([shown.latest?.plan?.totals.purge, shown.latest?.said.some((it) => it.includes('holds other bytes'))], [0, true], 'G-23 the same size, and another byte')
  Object.assign(copy, { text: 'x', etag: 'parts-3' })
  shown = await run()
  assert.equal(shown.latest?.plan?.totals.purge, 1)
  await work()
  assert.equal(it.fake.objects.get(LOST)?.length, 2, 'nobody has agreed')
  const byName = await k.ask('reconcile.ask', { what: 'purge', on: JOB })
  assert.match(JSON.stringify([byName.status, byName.body]), /^\[400.*is one plan, by its id/)
  assert.ok(JSON.stringify(byName.body).includes(`reconcile purge ${shown.latest?.plan?.id}`))
  const asked = await body<ApprovalAnswer>('reconcile.ask', { what: 'purge', on: shown.latest?.plan?.id })
  assert.equal(asked.hash, shown.latest?.plan?.hash)
  assert.equal((await press(asked, 'ada')).status, 200)
  await work()
  assert.equal(it.fake.objects.get(LOST)?.length, 2, 'one is not two')
  assert.equal((await press(asked, 'bo', { typed: 'yes' })).status, 403, 'what cannot be undone is typed')
  assert.equal((await press(asked, 'bo')).status, 200)
  await work()
  assert.equal(it.fake.objects.has(LOST), false)
  assert.equal(k.entries().filter(({ is }) => is === 'guard.purgeAgreed').length, 1)
  assert.deepEqual(rebuildLedger(k.sql, k.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-16 what changes after arming disarms; a person brings anything back; no token accepts, and nobody without a name', async (t) => {
  const { k, it, run, work, body, agree, top } = await world(t)
  it.fake.put(LOST, 'x')
  for (let n = 0; n < 3; n++) await run()
  await agree(await body<ApprovalAnswer>('reconcile.ask', { what: 'arm', on: JOB }))
  await run()
  await work()
  assert.equal(top(LOST)?.marker, true)
  it.facts.columns = ['public.backups.object_key text', 'public.backups.new_key text']
  let shown = await run()
  assert.deepEqual([shown.armed_by, shown.latest?.healthy], [null, false])
  await body('reconcile.release', { reconcile: JOB, keys: [LOST] })
  await work()
  assert.equal(top(LOST)?.marker, false, 'that takes one, and nothing that is armed')
  const [{ seen } = { seen: '' }] = shown.acceptable
  const token = await k.ask('reconcile.accept', { reconcile: JOB, what: 'schema', seen }, { is: 'token', id: 'tok_1', name: 'ci', scopes: ['admin'] })
  assert.equal(token.status, 403)
  assert.equal((await k.ask('reconcile.accept', { reconcile: JOB, what: 'schema', seen: 'another', person: 'ada' })).status, 409)
  for (const more of [{}, { person: 'root' }]) assert.deepEqual((await k.ask('reconcile.accept', { reconcile: JOB, what: 'schema', seen, ...more })).status, 400, 'nobody in particular')
  await body('reconcile.accept', { reconcile: JOB, what: 'schema', seen, person: 'ada' })
  shown = await run()
  assert.equal(shown.latest?.plan?.refusals.some(({ id }) => id === 'schema'), false)
  // What a person brought back is locked from then on, in the memory of the runs too, until a person unlocks it.
  for (let n = 0; n < 2; n++) {
    const { latest } = await run()
    assert.equal(latest?.plan?.totals.never, 1)
    const item = readFileSync(latest.path ?? '', 'utf8').split('\n').find((line) => line.includes(`"key":"${LOST}"`)) ?? ''
    assert.match(item, /not brought back by a person: somebody at the machine brought it back/)
    assert.doesNotMatch(item, /by the catalogue/, 'the catalogue locked nothing')
  }
  await body('reconcile.accept', { reconcile: JOB, what: 'unlock', seen: LOST, person: 'bo' })
  assert.equal((await run()).latest?.plan?.totals.never, 0)
  assert.deepEqual(rebuildLedger(k.sql, k.keeper.store.rooms, { replace: false }).differed, [])
})
