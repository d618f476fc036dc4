// Retention on schedule, from three clean runs and two people to the copy that was set aside while nobody looked; and all that makes it only report again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { keepWorld, keyOf, setOf, type KeepWorld } from '../../../test/guard/keep-world.ts'
import { days, hours, minutes, ms, seconds } from '../../core/time.ts'
import { rebuildLedger } from '../../db/verify.ts'
import { tell, unfitOf } from '../../rooms/guard/acts/telling.ts'
import { rhythmOf } from '../../rooms/guard/retention/schedule.ts'

type Body = Record<string, unknown>
const nights = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => keyOf(from + n))
const reasonsOf = (body: Body): string[] => ((body['reasons'] ?? []) as { text: string }[]).map(({ text }) => text)
const told = (it: KeepWorld): string[] => it.entries().filter(({ is }) => is === 'guard.alarmed').map(({ body }) => String(body['subject']))
const armedBy = async (it: KeepWorld): Promise<readonly string[]> => (await it.plan()).schedule.armed_by

/** Longer steps would be a time in which nobody listened: then the ringer is waited for first. */
const STEP = ms(3000)

/** Lists and lets a run come, so often. */
async function runs(it: KeepWorld, count: number): Promise<void> {
  it.keeper.fromRinger({ is: 'welcome', term: 1, store: 'store_test', journal: [], open: [] })
  for (let n = 0; n < count; n++) {
    await it.list()
    for (let step = 0; step < 2; step++) await it.leap(STEP)
  }
}

const arm = async (it: KeepWorld, args: Body = { set: 'shop' }): Promise<{ status: number; body: Body }> => await it.ask('backups.arm', { ...args, of: ['ada', 'bo'], person: 'ada' }) as unknown as { status: number; body: Body }

/** What is in force from now on. */
async function configured(it: KeepWorld, config: KeepWorld['keeper']['config']): Promise<void> {
  void it.keeper.configure(config)
  await it.settle()
}

/** Nine copies, two of which no rule keeps; armed by two after clean runs. */
async function armed(t: Parameters<typeof keepWorld>[0], sets = [setOf()]): Promise<KeepWorld> {
  const it = await keepWorld(t, sets)
  await runs(it, 4)
  const { body } = await arm(it)
  assert.deepEqual([body['state'], body['what']], ['open', 'guard.arm'], JSON.stringify(body))
  await it.agree()
  assert.deepEqual(await armedBy(it), ['ada', 'bo'])
  return it
}

test('G-7 G-11 what no rule keeps goes on schedule once three runs were clean and two people have armed it; what a person brings back stays; one disarms', async (t) => {
  const it = await keepWorld(t)
  await runs(it, 2)
  const early = await arm(it)
  assert.match(reasonsOf(early.body).join(), /^shop in main: [12] of 3 clean runs in a row so far$/)
  await runs(it, 3)
  const shown = (await it.plan()).schedule
  assert.deepEqual([shown.mode, shown.clean >= shown.wants, shown.armed_by], ['report', true, []])
  assert.deepEqual([await it.work(), it.standing()], [[], nights(0, 8)], 'what nobody has armed only reports')
  const { body } = await arm(it)
  assert.match(String(body['text']), /^Nobody has tried the store main out lately: the hand was called to do it now, and until it has, nothing goes there, armed or not\. From now on copies that no rule keeps are set aside on schedule: shop in main \([0-9a-f]{16}\)\./)
  await runs(it, 1)
  assert.deepEqual(await it.work(), [], 'C-17 two are asked, and neither has said it')
  await it.agree()
  await runs(it, 1)
  const latest = (await it.plan()).schedule.latest ?? ''
  assert.deepEqual((await it.work()).toSorted(), nights(7, 8).map((key) => `quarantine ${key} done`).toSorted())
  const done = await it.apply(latest)
  assert.deepEqual([done['permitted_by'], done['done']], [['ada', 'bo'], 2])
  await it.ask('backups.release', { set: 'shop', copies: [keyOf(7)], person: 'bo' })
  assert.deepEqual(await it.work(), [`release ${keyOf(7)} done`])
  await runs(it, 6)
  assert.deepEqual([await it.work(), it.standing(), await armedBy(it)], [[], nights(0, 7), ['ada', 'bo']], 'what came back is held')
  await it.ask('backups.hold', { set: 'shop', copy: keyOf(7), end: true, person: 'bo' })
  await runs(it, 4)
  const waits = (await it.plan()).schedule.latest ?? ''
  assert.equal((await it.apply(waits))['waiting'], 1)
  assert.deepEqual((await it.ask('backups.disarm', { set: 'shop', person: 'bo' })).status, 200)
  assert.deepEqual([await it.work(), await armedBy(it)], [[], []], 'G-16 what waits is not done any more')
  await runs(it, 2)
  assert.deepEqual([await it.work(), it.standing()], [[], nights(0, 7)])
  assert.match(JSON.stringify((await it.ask('backups.arm', { set: 'shop', of: ['ada', 'bo'] })).body), /"state":"open"/, 'and may be armed again')
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-16 an edit of rules, gates or stores disarms and is told once; what waited is not done; it takes three clean runs and two people again', async (t) => {
  const [lies] = setOf().in
  assert(lies)
  const gates = setOf().retention
  assert(gates)
  const edits = [
    [setOf({ keep: { daily: 6 } })], [setOf({ keep: { daily: 7, weekly: 1 } })], [setOf({ retention: { ...gates, keepVerified: 1 } })], [setOf({ retention: { ...gates, verifiedWithin: days(60) } })],
    [setOf({ in: [lies, { ...lies, store: 'nas' }] })], [setOf({ in: [{ ...lies, pattern: { text: 'shop-{date}.dump*', prefix: 'shop-' } }] })], [],
  ]
  for (const backups of edits) {
    const it = await armed(t)
    await runs(it, 1)
    void it.keeper.configure({ ...it.keeper.config, backups })
    await it.settle()
    assert.deepEqual(told(it), ['retention:shop@main/disarmed'], JSON.stringify(backups))
    assert.deepEqual([await it.work(), it.standing()], [[], nights(0, 8)])
    if (backups.length === 0) continue
    assert.deepEqual(await armedBy(it), [])
    await runs(it, 1)
    assert.equal(told(it).filter((one) => one.endsWith('/disarmed')).length, 1, 'G-28 once')
    assert.match(reasonsOf((await arm(it)).body).join(), /[012] of 3 clean runs|no run has read|changed since/)
  }
  const same = await armed(t)
  await runs(same, 1)
  void same.keeper.configure({ ...same.keeper.config, backups: [setOf({ escalate: 'default', every: hours(23), from: 'holdfast.yaml:9' })] })
  await same.settle()
  assert.deepEqual([told(same), (await same.work()).length], [[], 2], 'what does not decide what goes disarms nothing')
})

test('G-11 who is asked to arm it twice is asked once; to disarm ends what they were asked, whether it was armed or not', async (t) => {
  const [lies] = setOf().in
  assert(lies)
  const it = await keepWorld(t, [setOf({ in: [lies, { ...lies, store: 'nas' }] })])
  await runs(it, 5)
  const asked = async (args: Body): Promise<string> => String((await arm(it, args)).body['id'])
  const main = await asked({ set: 'shop', store: 'main' })
  assert.equal(await asked({ set: 'shop', store: 'main' }), main, 'the open agreement')
  const every = await asked({})
  assert.equal(it.entries().filter(({ is }) => is === 'agreement.asked').length, 2)
  const states = async (): Promise<unknown[]> => Promise.all([main, every].map(async (id) => ((await it.ask('approvals.show', { id, person: 'ada' })) as unknown as { body: Body }).body['state']))
  assert.deepEqual(await states(), ['open', 'open'])
  await it.ask('backups.disarm', { set: 'shop', store: 'nas', person: 'bo' })
  assert.deepEqual(await states(), ['open', 'changed'], 'of that one, alone or with others')
  await it.agree()
  assert.deepEqual(await armedBy(it), [], 'all of it or none')
  await it.ask('backups.disarm', { set: 'shop', person: 'bo' })
  assert.equal((await states())[0], 'changed')
  await runs(it, 1)
  assert.notEqual(await asked({ set: 'shop' }), main)
  await it.agree()
  assert.deepEqual(await armedBy(it), ['ada', 'bo'])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('C-17 one person by two names arms nothing, nor does an agreement to something else', async (t) => {
  const it = await keepWorld(t)
  await runs(it, 5)
  await arm(it)
  await it.agree(['ada'])
  assert.deepEqual(await armedBy(it), [])
  assert.ok(told(it).includes('reconcile:keep:shop@main/not-done'))
  await runs(it, 1)
  assert.deepEqual(await it.work(), [])
  const edited = await keepWorld(t)
  await runs(edited, 5)
  await arm(edited)
  void edited.keeper.configure({ ...edited.keeper.config, backups: [setOf({ keep: { daily: 6 } })] })
  await edited.settle()
  await runs(edited, 1)
  await edited.agree()
  assert.deepEqual([await armedBy(edited), await edited.work()], [[], []], 'what they agreed to is not there any more')
})

test('G-5 too much at once opens the breaker of what is armed, is told and stays so until two people close it; what is only reported on is not latched', async (t) => {
  const it = await armed(t)
  for (let night = 9; night < 20; night++) it.add(night)
  await runs(it, 5)
  const shown = await it.plan()
  assert.deepEqual([shown.refusals.map(({ id }) => id), shown.schedule.mode], [['limit'], 'latched'])
  assert.deepEqual([await it.work(), told(it), it.open()], [[], ['retention:shop@main', 'retention:shop@main'], ['retention:shop@main']])
  const page = it.sql.get<{ says: string }>(`select says from page_incident where subject = 'retention:shop@main'`)?.says ?? ''
  assert.match(page, /holdfast backups accept-most shop main <number> -m "why"/, 'what only a person knows is said with the cure')
  assert.match(shown.refusals[0]?.cure ?? '', /holdfast backups accept-most shop main \d+ -m "why"/)
  await it.ask('backups.acceptMost', { set: 'shop', store: 'main', most: 30, reason: 'they are old', person: 'ada' })
  await runs(it, 4)
  const open = await it.plan()
  assert.deepEqual([open.refusals, open.schedule.mode, await it.work()], [[], 'latched', []], 'a word for more is not one for the breaker')
  const after = it.sql.get<{ says: string }>(`select says from page_incident where subject = 'retention:shop@main'`)?.says ?? ''
  assert.deepEqual([it.open(), /accept-most/.test(after), /close-breaker/.test(after)], [['retention:shop@main'], false, true], 'what is over is said no more, what stands is')
  const close = await it.ask('reconcile.ask', { what: 'close-breaker', on: 'keep:shop@main', reason: 'the copies of an old job were moved here', of: ['ada', 'bo'] })
  assert.equal(close.status, 200, JSON.stringify(close.body))
  await it.agree()
  assert.deepEqual(it.open(), [], 'nothing of it stands')
  await runs(it, 1)
  assert.equal((await it.plan()).schedule.mode, 'armed')
  const did = await it.work()
  assert.equal(did.length, 10, 'half open: ten at first')
  const report = await keepWorld(t, [setOf()], 20)
  await runs(report, 3)
  assert.deepEqual([(await report.plan()).refusals.map(({ id }) => id), (await report.plan()).schedule.mode], [['limit'], 'report'])
})

test('G-15 before anybody arms it, what a store can do is told as not tried out, and nobody is called for that; once it was, as what was seen', async (t) => {
  const it = await keepWorld(t)
  const tried = async (): Promise<readonly [string, string]> => {
    const { tried: seen } = (await it.plan()).schedule
    return [seen?.found ?? '', seen?.says ?? '']
  }
  const [found, says] = await tried()
  assert.equal(found, 'unknown')
  assert.match(says, /^not tried out lately, or not yet: the hand does that on canaries when somebody asks to arm it/)
  assert.deepEqual(it.keeper.hand.wanted(), [], 'who only looks calls no process that could delete')
  void it.keeper.hand.hear({ is: 'unfit', term: 1, store: 'main', says: 'connection refused' }, {})
  await it.settle()
  assert.deepEqual(await tried(), ['fail', 'connection refused'])
  await it.leap(minutes(2))
  assert.deepEqual(await tried(), ['unknown', 'it could not be tried out when that was last tried: connection refused'])
})

test('G-21 nothing is armed in a store that the hand has tried out and that cannot do it; whoever is asked reads whether it was tried out', async (t) => {
  const it = await keepWorld(t)
  await runs(it, 4)
  it.store.capabilities = { brings_back: { is: 'fail', says: 'the marker could not be taken away' } }
  const first = await arm(it)
  assert.match(String(first.body['text']), /^Nobody has tried the store main out lately: the hand was called/)
  assert.deepEqual(it.keeper.hand.wanted(), ['main'], 'and it comes')
  assert.deepEqual(await it.work(), [])
  await it.ask('backups.disarm', { set: 'shop', person: 'bo' })
  assert.deepEqual(reasonsOf((await arm(it)).body), ['the hand has tried the store main out on canaries, and nothing can be armed there: a store that brings back: the marker could not be taken away'])
  assert.deepEqual(await armedBy(it), [])
})

test('G-21 whoever arms waits for the try-out, a few seconds, and what the hand finds is read before anybody is asked', async (t) => {
  const it = await keepWorld(t)
  await runs(it, 4)
  const asked = arm(it)
  await it.work()
  assert.match(String((await asked).body['text']), /^The store main was tried out by the hand just now, and puts aside and brings back\. /)
  const bad = await keepWorld(t)
  await runs(bad, 4)
  bad.store.capabilities = { brings_back: { is: 'fail', says: 'the marker could not be taken away' } }
  const refused = arm(bad)
  await bad.work()
  assert.deepEqual(reasonsOf((await refused).body), ['the hand has tried the store main out on canaries, and nothing can be armed there: a store that brings back: the marker could not be taken away'])
  assert.deepEqual(await armedBy(bad), [])
})

test('G-21 what is not known of a store that was tried out is said as that', async (t) => {
  const it = await keepWorld(t)
  await runs(it, 4)
  it.store.capabilities = { read_only: { is: 'unknown', says: 'it could not be asked' } }
  await arm(it)
  await it.work()
  await it.ask('backups.disarm', { set: 'shop', person: 'bo' })
  assert.match(String((await arm(it)).body['text']), /^The hand has tried the store main out, and not all of it is known: a credential for judging that cannot delete: it could not be asked\. While/)
})

test('G-21 a store that could not do it, or could not be reached, is tried out again each time somebody asks, and is not called untried meanwhile', async (t) => {
  const it = await keepWorld(t)
  await runs(it, 4)
  it.store.capabilities = { brings_back: { is: 'fail', says: 'the marker could not be taken away' } }
  await arm(it)
  await it.work()
  await it.ask('backups.disarm', { set: 'shop', person: 'bo' })
  assert.match(reasonsOf((await arm(it)).body).join(), /a store that brings back: the marker could not be taken away$/)
  it.store.capabilities = {}
  assert.deepEqual([it.keeper.hand.wanted(), await it.work()], [['main'], []], 'it was mended, and is tried out again at once')
  assert.match(String((await arm(it)).body['text']), /^The store main was tried out by the hand just now, and puts aside/)
  await it.ask('backups.disarm', { set: 'shop', person: 'bo' })
  void it.keeper.hand.hear({ is: 'unfit', term: 1, store: 'main', says: 'connection refused' }, {})
  await it.settle()
  assert.match(reasonsOf((await arm(it)).body).join(), /connection refused$/)
  for (let n = 0; n < 25; n++) await it.leap(STEP)
  assert.match(String((await arm(it)).body['text']), /^The hand has tried the store main out, and not all of it is known: it could not be tried out when that was last tried: connection refused\. /)
  assert.deepEqual(it.keeper.hand.wanted(), ['main'])
})

test('G-21 a store that the hand has tried out and that can do it is armed with that word', async (t) => {
  const it = await keepWorld(t)
  await runs(it, 4)
  await arm(it)
  await it.work()
  await it.ask('backups.disarm', { set: 'shop', person: 'bo' })
  assert.match(String((await arm(it)).body['text']), /^The store main was tried out by the hand just now, and puts aside and brings back\. From now on/)
})

test('G-28 “nothing more may go” ends by itself with the second judgement in a row that refuses nothing, and is told anew when it comes again', async (t) => {
  const it = await keepWorld(t, [setOf()], 12)
  await it.ripen()
  assert.deepEqual([it.open(), told(it).length], [['retention:shop@main'], 1])
  const hold = async (more: Body): Promise<void> => {
    for (let night = 9; night < 12; night++) await it.ask('backups.hold', { set: 'shop', copy: keyOf(night), ...more })
    await it.list()
  }
  for (let round = 0; round < 3; round++) {
    await hold({ reason: 'it stays' })
    assert.deepEqual([(await it.plan()).refusals, it.open()], [[], ['retention:shop@main']], 'one judgement is not two')
    await hold({ end: true })
    await it.leap(seconds(2))
    await it.list()
  }
  assert.deepEqual([it.open(), told(it).length], [['retention:shop@main'], 1], 'what comes and goes with each listing rings once')
  await hold({ reason: 'it stays' })
  await it.list()
  assert.deepEqual(it.open(), ['retention:shop@main'], 'the same listing once more is not another one')
  await it.leap(seconds(2))
  await it.list()
  assert.deepEqual(it.open(), [])
  await hold({ end: true })
  assert.deepEqual(it.open(), ['retention:shop@main'])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-28 what an older Holdfast told with nothing in it that could leave ends by the same word', async (t) => {
  const it = await keepWorld(t)
  const tells = (stream: string): Promise<unknown> => it.keeper.engine.turn('tell', (tx) => void tx.append({ is: 'guard.alarmed', stream, body: { subject: stream, title: 'shop: nothing more may go in main', says: '14 copies could go at once', escalate: 'default', at: tx.now.wall } }))
  for (const stream of ['retention:shop@main', 'retention:gone@main', 'retention:shop@main/disarmed']) {
    void tells(stream)
    await it.settle()
  }
  assert.deepEqual(it.open().toSorted(), ['retention:gone@main', 'retention:shop@main', 'retention:shop@main/disarmed'])
  for (let n = 0; n < 2; n++) {
    await it.leap(seconds(2))
    await it.list()
  }
  assert.deepEqual(it.open().toSorted(), ['retention:gone@main', 'retention:shop@main/disarmed'])
  await configured(it, it.keeper.config)
  assert.deepEqual(it.open(), ['retention:shop@main/disarmed'], 'no set is called so; and what only a person ends stays')
})

test('G-28 what is told of a rule, a clean-up or a store ends when the configuration knows nothing of it any more, and the ledger says so', async (t) => {
  const it = await keepWorld(t, [setOf()], 12)
  await it.ripen()
  const halt = (job: string): void => void it.keeper.engine.turn('halt', (tx) => it.keeper.rooms.guard.acts.halt(tx, job, { says: '3 acts on what had changed meanwhile', lost: false }))
  halt('keep:shop@main')
  halt('files')
  for (const store of ['main', 'old']) void it.keeper.engine.turn('tell', (tx) => tell(tx, unfitOf(store), `The store ${store} cannot be acted on`, 'the canary could not be written', { ends: unfitOf(store) }))
  await it.settle()
  const all = ['reconcile:files/halted', 'reconcile:keep:shop@main/halted', 'retention:shop@main', 'store:main/unfit', 'store:old/unfit']
  assert.deepEqual(it.open().toSorted(), all)
  await configured(it, it.keeper.config)
  assert.deepEqual(it.open().toSorted(), ['reconcile:keep:shop@main/halted', 'retention:shop@main', 'store:main/unfit'])
  const { name, engine, in: lies, every, grace, escalate, from } = setOf()
  await configured(it, { ...it.keeper.config, backups: [{ name, engine, in: lies, every, grace, escalate, from }] })
  assert.deepEqual(it.open(), [])
  const over = it.entries().filter(({ is, body }) => is === 'guard.alarmed' && (body as Body)['to'] === 'over').map(({ body }) => [(body as Body)['member'], (body as Body)['by'], (body as Body)['says']])
  assert.deepEqual(over.map(([member]) => String(member)).toSorted(), all)
  assert.deepEqual([...new Set(over.map(([, by]) => by))], ['the configuration'])
  assert.match(String(over.find(([member]) => member === 'retention:shop@main')?.[2]), /^`keep` of shop in main was taken out of the configuration$/)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('G-28 a rule that was taken out and written again is refused as news, within the week too', async (t) => {
  const it = await keepWorld(t, [setOf()], 12)
  await it.ripen()
  assert.deepEqual([it.open(), told(it).length], [['retention:shop@main'], 1])
  const { name, engine, in: lies, every, grace, escalate, from } = setOf()
  await configured(it, { ...it.keeper.config, backups: [{ name, engine, in: lies, every, grace, escalate, from }] })
  assert.deepEqual([it.open(), it.sql.all('select * from guard_refused')], [[], []])
  await configured(it, { ...it.keeper.config, backups: [setOf()] })
  await it.leap(seconds(2))
  await it.list()
  assert.deepEqual([it.open(), told(it).filter((subject) => subject === 'retention:shop@main').length], [['retention:shop@main'], 2])
  // The same configuration once more forgets nothing.
  await configured(it, it.keeper.config)
  await it.leap(seconds(2))
  await it.list()
  assert.equal(told(it).filter((subject) => subject === 'retention:shop@main').length, 2)
})

test('G-28 a store that could not be tried out pages where a job is armed there, and nobody where nothing acts', async (t) => {
  const unfit = async (it: KeepWorld): Promise<void> => {
    void it.keeper.hand.hear({ is: 'unfit', term: 1, store: 'main', says: 'the canary could not be written' }, {})
    await it.settle()
  }
  const idle = await keepWorld(t)
  await unfit(idle)
  assert.deepEqual([idle.open(), idle.keeper.hand.unfit('main')], [[], 'the canary could not be written'], 'whoever arms something there reads it')
  const it = await armed(t)
  await unfit(it)
  assert.deepEqual(it.open(), ['store:main/unfit'])
  await it.leap(minutes(2))
  assert.deepEqual(it.open(), ['store:main/unfit'], 'it is armed as ever')
  await it.ask('backups.disarm', { set: 'shop', person: 'ada' })
  await it.leap(minutes(2))
  assert.deepEqual(it.open().filter((name) => name.startsWith('store:')), [], 'nobody would try it out again')
})

test('X-9 G-1 a run without fresh listings is not clean and lets nothing go; nothing known of the store, nothing done', async (t) => {
  const it = await armed(t)
  await it.list({ says: 'connection refused' })
  const before = it.entries().filter(({ is }) => is === 'guard.ran').length
  for (let n = 0; n < 450; n++) await it.leap(STEP)
  assert.equal(it.entries().filter(({ is }) => is === 'guard.ran').length, before + 1, 'it is waited for, and not for long')
  assert.deepEqual([(await it.plan()).schedule.clean, await it.work(), it.standing()], [0, [], nights(0, 8)])
  await it.list()
  await runs(it, 4)
  assert.deepEqual([(await it.work()).length, await armedBy(it)], [2, ['ada', 'bo']], 'and goes on when it can be listed again')
})

test('G-7 in a lab, too, where runs are closer than listings, each judges a listing of its own', async (t) => {
  const it = await keepWorld(t)
  const latest = async (): Promise<number> => (await it.plan()).schedule.latest_at ?? 0
  await runs(it, 2)
  const listed = it.keeper.now().wall
  // Nobody gives a listing: half a minute is six runs of seconds apart.
  for (let step = 0; step < 10; step++) await it.leap(STEP)
  const waited = await latest()
  assert(waited > 0 && waited - listed <= 7_500, `${waited - listed}`)
  await runs(it, 1)
  assert(await latest() > listed + 30_000, 'it waited for one, and goes on with it')
})

test('G-11 a person’s word that is being carried out is not taken away by a run', async (t) => {
  const it = await keepWorld(t)
  await it.ripen()
  const { plan } = await it.apply((await it.plan()).id)
  await runs(it, 3)
  assert.equal((await it.apply(String(plan)))['waiting'], 2)
  assert.equal((await it.work()).length, 2)
  await runs(it, 3)
  assert.ok((await it.plan()).schedule.clean >= 3, 'and runs go on after it')
})

test('G-16 one word arms a set in all of its stores, or every set; all of them or none; what has no credential to delete is left out', async (t) => {
  const [lies] = setOf().in
  assert(lies)
  const sets = [setOf({ in: [lies, { ...lies, store: 'nas' }, { ...lies, store: 'cold', readOnly: true }] })]
  const it = await keepWorld(t, sets)
  await runs(it, 4)
  assert.equal((await it.ask('backups.arm', { set: 'shop', store: 'moon', of: ['ada', 'bo'] })).status, 404)
  assert.equal((await it.ask('backups.arm', { set: 'other', of: ['ada', 'bo'] })).status, 404)
  assert.match(reasonsOf((await arm(it, { set: 'shop', store: 'cold' })).body).join(), /cold is given none/)
  const { body } = await arm(it, {})
  assert.match(String(body['text']), /shop in main \([0-9a-f]+\), shop in nas \([0-9a-f]+\)\. Newer/)
  await it.agree()
  const by = async (store: string): Promise<readonly string[]> => (await it.plan(store)).schedule.armed_by
  assert.deepEqual([await by('main'), await by('nas'), await by('cold')], [['ada', 'bo'], ['ada', 'bo'], []])
  assert.match(reasonsOf((await arm(it)).body).join(), /armed already/)
  await it.ask('backups.disarm', { set: 'shop', store: 'nas', person: 'bo' })
  assert.deepEqual([await by('main'), await by('nas')], [['ada', 'bo'], []])
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
  const { entries } = (await it.ask('people.audit', {})).body as { entries: { says: string }[] }
  assert.ok(entries.some(({ says }) => says.startsWith('keep:shop@nas was armed (agr_')) && entries.some(({ says }) => says === 'bo disarmed keep:shop@nas'))
})

test('a set is judged in its own rhythm, which a lab divides, and not for every start', async (t) => {
  const it = await keepWorld(t)
  await runs(it, 3)
  const before = it.entries().filter(({ is }) => is === 'guard.ran').length
  await it.leap(ms(1000))
  assert.equal(it.entries().filter(({ is }) => is === 'guard.ran').length, before)
  for (const [every, shrink, apart] of [[hours(24), 1, hours(24)], [minutes(10), 1, hours(1)], [hours(24), 8_640, seconds(10)], [hours(24), 1_000_000, seconds(5)], [hours(24), 0, hours(24)], [hours(24), Number.NaN, hours(24)]] as const) {
    assert.equal(rhythmOf({ every }, shrink), apart, `${every} ${shrink}`)
  }
})
