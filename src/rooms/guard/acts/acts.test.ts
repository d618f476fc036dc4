// A clean-up done for real, over a store of versions in memory: what it takes to put aside, to bring back and to remove, and what holds each of them up.
import assert from 'node:assert/strict'
import test from 'node:test'
import { actsWorld, hexOf, JOB, MARGINS, someone, type ActsWorld } from '../../../../test/guard/acts-world.ts'
import { days, hours, instantOf, minutes, ms, seconds } from '../../../core/time.ts'
import type { Breaker } from '../reconcile/breaker.ts'
import type { ToHand } from './protocol.ts'
import type { Sql } from '../../../db/sql.ts'
import { rebuildLedger } from '../../../db/verify.ts'
import { actsToday, lastBatch, loadActs, loadJob, passedSince } from './rows.ts'

/** An armed job in which one orphan has waited out everything, and one object has its row. */
async function ripe(more: Parameters<typeof actsWorld>[0] = {}): Promise<ActsWorld> {
  const world = actsWorld(more)
  world.store.put('c/orphan')
  world.store.put('c/kept')
  world.rows.add('c/kept')
  world.pass(days(8))
  for (let n = 0; n < 3; n++) {
    world.run()
    world.pass(hours(24.5))
  }
  world.arm()
  world.run()
  return world
}

/** One that lies aside, its quarantine over. */
async function spent(): Promise<ActsWorld> {
  const world = await ripe()
  await world.work()
  world.pass(days(31))
  return world
}

const saysOf = (world: ActsWorld, plan: string): string[] => world.room.sql.all<{ says: string; state: string }>('select says, state from guard_act where plan = ? order by n', plan).map((it) => `${it.state}: ${it.says}`)

test('G-7 G-8 an orphan that has waited out everything is put aside, each step an entry before and after', async () => {
  const world = await ripe()
  assert.deepEqual(await world.work(), ['quarantine c/orphan done'])
  assert.equal(world.life('c/orphan').is, 'aside')
  assert.deepEqual(world.entries().filter((it) => it.stream.startsWith('obj_')).map((it) => [it.is, it.follows]), [['guard.intended', 0], ['guard.ended', 1]])
  assert.deepEqual(await world.work(), [], 'once')
  assert.equal(world.store.stacks.get('c/kept')?.[0]?.is, 'version')
})

test('a returning row brings its object back by itself', async () => {
  const world = await ripe()
  await world.work()
  world.rows.add('c/orphan')
  world.run()
  assert.deepEqual(await world.work(), ['release c/orphan done'])
  assert.equal(world.store.stacks.get('c/orphan')?.[0]?.is, 'version')
  assert.equal(world.life('c/orphan').is, 'unmarked')
})

test('a person brings anything back until it is purged, also when nothing is armed', async () => {
  const world = await ripe()
  await world.work()
  world.room.turn((tx) => world.acts.disarm(tx, JOB, 'ada'))
  const { wanted, missing } = world.room.turn((tx) => world.acts.bring(tx, JOB, [hexOf('c/orphan'), hexOf('c/kept')], 'ada'))
  assert.deepEqual([wanted, missing], [1, [hexOf('c/kept')]])
  assert.deepEqual(await world.work(), ['release c/orphan done'])
})

test('a purge takes two people who agree to that very plan, and is done once', async () => {
  const world = await spent()
  const plan = world.run()
  assert.deepEqual(await world.work(), [], 'nobody has agreed')
  world.purge(plan)
  assert.deepEqual(await world.work(), ['purge c/orphan done'])
  assert.equal(world.life('c/orphan').is, 'purged')
  assert.deepEqual(world.store.events.map(({ is, key }) => `${is} ${key}`), ['aside c/orphan', 'gone c/orphan'])
})

test('C-17 G-11 one person is not two: not by two tokens, not by two names', async () => {
  for (const people of [['ada', 'ada'], [someone('ada'), { ...someone('ada2'), addresses: ['ada+2@acme.example'] }], ['ada'], []] as const) {
    const world = await spent()
    const plan = world.run()
    const { hash } = loadJob(world.room.sql, JOB).latest ?? { hash: '' }
    world.agree({ is: 'purge', reconcile: JOB, plan, hash }, people)
    assert.deepEqual(await world.work(), [])
    assert.equal(world.entries('guard.notDone').length, 1)
    assert.equal(world.entries('guard.purgeAgreed').length, 0)
  }
})

test('G-11 an agreement is used once, for the plan that was seen, within a day', async () => {
  const world = await spent()
  const plan = world.run()
  const id = world.purge(plan)
  const { hash = '' } = loadJob(world.room.sql, JOB).latest ?? {}
  world.agree({ is: 'purge', reconcile: JOB, plan, hash }, ['ada', 'bo'], { id })
  assert.match(JSON.stringify(world.entries('guard.notDone').at(-1)?.body), /used already/)
  world.pass(hours(25))
  world.run()
  assert.deepEqual(await world.work(), [], 'they agreed to it too long ago')
  const other = await spent()
  const seen = other.run()
  other.agree({ is: 'purge', reconcile: JOB, plan: seen, hash: 'f'.repeat(64) }, ['ada', 'bo'])
  assert.deepEqual(await other.work(), [], 'they agreed to another plan')
})

test('G-11 a plan that was edited after it was made is done by nobody, and somebody hears of it', async () => {
  const world = await ripe()
  const plan = world.run({ edit: (acts) => acts.forEach((it) => Object.assign(it.given.item, { why: 'because' })) })
  assert.deepEqual(await world.work(), [])
  assert.equal(world.entries('guard.alarmed').length, 1)
  assert.deepEqual(loadActs(world.room.sql, plan), [])
  const purging = await spent()
  const sealed = purging.run()
  purging.purge(sealed)
  purging.room.turn((tx) => tx.sql.run(`update guard_act set given = replace(given, 'asked for', 'wished for') where plan = ?`, sealed))
  assert.deepEqual(await purging.work(), [])
})

test('G-20 the catalogue is asked again right before each act; a row, silence and a fault all hold it', async () => {
  for (const recheck of [
    () => Promise.resolve(new Map([[hexOf('c/orphan'), 'present' as const]])), () => Promise.resolve(new Map()), () => Promise.reject(new Error('the catalogue is away')),
  ]) {
    const world = await ripe({ recheck })
    assert.deepEqual(await world.work(), [])
    assert.equal(world.entries('guard.intended').length, 0)
  }
  const world = await ripe()
  world.rows.add('c/orphan')
  assert.deepEqual(await world.work(), [], 'a row that came after the run')
})

test('G-7 X-7 soak counts by both clocks: the wall clock alone shortens nothing, nor does time that nobody lived through', async () => {
  for (const leap of ['step', 'away'] as const) {
    const world = actsWorld({ honest: false })
    world.store.put('c/orphan')
    world.pass(days(8))
    for (let n = 0; n < 4; n++) {
      world.run()
      if (leap === 'step') world.step(hours(25))
      else world.away(hours(25))
    }
    world.arm()
    const plan = world.run()
    assert.deepEqual(await world.work(), [], leap)
    assert.match(saysOf(world, plan).join(), /so far|of 3/)
  }
})

test('G-23 quarantine counts by both clocks and the store\'s', async () => {
  for (const leap of ['step', 'away'] as const) {
    const world = await ripe({ honest: false })
    await world.work()
    if (leap === 'step') world.step(days(40))
    else world.away(days(40))
    const plan = world.run()
    world.purge(plan)
    assert.deepEqual(await world.work(), [], leap)
  }
  const world = await ripe()
  await world.work()
  world.pass(ms(Number(MARGINS.quarantine) - hours(2)))
  world.purge(world.run())
  assert.deepEqual(await world.work(), [], 'not before its time')
})

test('G-16 what was armed for something else is not armed, and what changed since a plan holds that plan', async () => {
  const world = await ripe()
  world.run({ binding: 'another', mode: 'armed' })
  assert.equal(loadJob(world.room.sql, JOB).arming, undefined)
  assert.deepEqual(await world.work(), [])
  const store = await ripe()
  store.store.identity = 'store-2'
  assert.deepEqual(await store.work(), [], 'another store answers')
})

test('arming takes three clean runs and two people, for what they saw', async () => {
  const world = actsWorld()
  world.store.put('c/a')
  world.run()
  world.run()
  world.arm()
  assert.equal(loadJob(world.room.sql, JOB).arming, undefined)
  world.run()
  world.agree({ is: 'arm', reconcile: JOB, binding: 'bound' }, ['ada', 'ada'])
  assert.equal(loadJob(world.room.sql, JOB).arming, undefined)
  world.run({ healthy: false })
  world.arm()
  assert.equal(loadJob(world.room.sql, JOB).arming, undefined, 'in a row')
  for (let n = 0; n < 3; n++) world.run()
  world.arm()
  assert.deepEqual(loadJob(world.room.sql, JOB).arming?.people, ['ada', 'bo'])
})

test('G-11 G-16 whoever was asked to arm it before it was armed, disarmed or bound to something else arms nothing any more', async () => {
  const armedAfter = async (between: (world: ActsWorld) => void): Promise<unknown> => {
    const world = actsWorld()
    world.store.put('c/a')
    for (let n = 0; n < 3; n++) world.run()
    const first = world.wishToArm()
    world.ask(first, 'agr_first')
    between(world)
    for (let n = 0; n < 3; n++) world.run()
    world.agree(first, ['ada', 'bo'], { id: 'agr_first' })
    const { arming } = loadJob(world.room.sql, JOB)
    if (arming?.agreement !== 'agr_first') assert.match(JSON.stringify(world.entries('guard.notDone').at(-1)?.body), /since they were asked/)
    return arming?.agreement
  }
  const disarm = (world: ActsWorld): void => void world.room.turn((tx) => world.acts.disarm(tx, JOB, 'ada'))
  assert.equal(await armedAfter(() => undefined), 'agr_first')
  assert.equal(await armedAfter(disarm), undefined, 'disarmed before it was armed')
  assert.equal(await armedAfter((world) => (world.arm(), disarm(world))), undefined, 'armed by another word, and disarmed')
  assert.notEqual(await armedAfter((world) => world.arm()), 'agr_first', 'armed by another word')
  assert.equal(await armedAfter((world) => void world.run({ binding: 'another' })), undefined, 'another binding, and back')
  assert.equal(await armedAfter((world) => world.room.turn((tx) => {
    world.acts.halt(tx, JOB, { says: 'it destroyed what it was to hide', lost: true })
    tx.sql.run(`update guard_job set job = json_set(job, '$.breaker', json('{"is":"closed"}'))`)
  })), undefined, 'a store that cannot be believed')
})

test('G-11 a breaker that stays open for more than people saw is not closed by their word', async () => {
  const world = await ripe()
  world.run({ breaker: { is: 'open', since: world.now().wall, because: ['too much'] } })
  const { breaker } = loadJob(world.room.sql, JOB)
  assert(breaker.is === 'open')
  world.pass(minutes(10))
  world.run()
  world.room.turn((tx) => world.acts.halt(tx, JOB, { says: 'the store did something else than was asked', lost: false }))
  world.agree({ is: 'close-breaker', reconcile: JOB, since: breaker.since, because: ['too much'], reason: 'a tenant left' }, ['ada', 'bo'])
  assert.equal(loadJob(world.room.sql, JOB).breaker.is, 'open')
  assert.match(JSON.stringify(world.entries('guard.notDone').at(-1)?.body), /more than they saw: the store did something else/)
})

test('G-5 the breaker is latched; two people close it, with a healthy run since', async () => {
  const world = await ripe()
  world.run({ breaker: { is: 'open', since: world.now().wall, because: ['too much'] } })
  assert.deepEqual(await world.work(), [])
  const { breaker } = loadJob(world.room.sql, JOB)
  assert(breaker.is === 'open')
  const close = (): void => void world.agree({ is: 'close-breaker', reconcile: JOB, since: breaker.since, because: ['too much'], reason: 'a tenant left' }, ['ada', 'bo'])
  close()
  assert.equal(loadJob(world.room.sql, JOB).breaker.is, 'open', 'no healthy run since')
  world.pass(minutes(10))
  world.run()
  close()
  assert.equal(loadJob(world.room.sql, JOB).breaker.is, 'closed')
  world.run()
  assert.deepEqual(await world.work(), ['quarantine c/orphan done'])
})

test('G-5 half open, the first ten go and no eleventh: not one that came later under an earlier name, and not by a clock that was set back', async () => {
  const world = await ripe()
  for (let n = 10; n < 25; n++) world.store.put(`c/p${n}`)
  world.pass(days(8))
  const some = (): void => {
    world.run()
    world.pass(hours(24.5))
  }
  for (let n = 0; n < 3; n++) some()
  const half: Breaker = { is: 'half', since: world.now().wall, through: hexOf('c/p18'), most: 10 }
  world.pass(minutes(1))
  world.store.put('c/a-later')
  world.pass(days(8))
  world.run({ breaker: half })
  for (let n = 0; n < 3; n++) some()
  const plan = world.run()
  const first = await world.work()
  assert.deepEqual(first.toSorted(), ['c/orphan', ...Array.from({ length: 9 }, (_, n) => `c/p${10 + n}`)].map((key) => `quarantine ${key} done`))
  assert.match(saysOf(world, plan).join(), /half open, and this was flagged only then/)
  // Another object under an earlier name, and a clock by which it was there before.
  world.store.put('c/b-earlier')
  world.pass(days(8))
  for (let n = 0; n < 3; n++) some()
  const flag = world.flags.get('c/b-earlier')
  assert(flag)
  world.flags.set('c/b-earlier', { ...flag, first: { ...flag.first, wall: instantOf(half.since - 1) } })
  const later = world.run()
  assert.deepEqual(await world.work(), [])
  assert.match(saysOf(world, later).join(), /half open, and 10 went already, of 10 at most/)
})

test('G-5 however long it stays half open, and however a clock is set, the first ten are ten', async () => {
  const world = await ripe()
  const open = (): void => void world.run({ healthy: false, breaker: { is: 'open', since: world.now().wall, because: ['12 new orphans'] } })
  const wait = (): void => {
    world.run()
    world.pass(hours(24.5))
  }
  for (let n = 10; n < 25; n++) world.store.put(`c/p${n}`)
  world.pass(days(8))
  for (let n = 0; n < 4; n++) wait()
  open()
  world.pass(hours(1))
  world.run()
  const { breaker } = loadJob(world.room.sql, JOB)
  assert(breaker.is === 'open')
  world.agree({ is: 'close-breaker', reconcile: JOB, since: breaker.since, because: breaker.because, reason: 'seen' }, ['ada', 'bo'])
  // As a run would widen it; only how many went since counts here.
  world.run({ breaker: { is: 'half', since: world.now().wall, through: hexOf('c/p24'), most: 10 } })
  const went = (await world.work()).length
  assert.equal(passedSince(world.room.sql, JOB), went)
  assert.equal(went, 10)
  world.pass(days(40))
  world.step(days(400))
  world.store.put('c/z')
  world.rows.add('c/orphan')
  world.run()
  assert.deepEqual(await world.work(), ['release c/orphan done'], 'it makes an entry by the clock that is wrong')
  world.heal()
  assert.equal(passedSince(world.room.sql, JOB), went)
  assert.deepEqual(rebuildLedger(world.room.sql, world.room.store.rooms, { replace: false }).differed, [])
})

test('G-5 what was done today is not forgotten for one entry by a clock that was a year ahead', async () => {
  const world = await ripe()
  await world.work()
  const today = (): number => actsToday(world.room.sql, JOB, { wall: world.now().wall, lived: world.lived() })
  assert.equal(today(), 1)
  world.rows.add('c/orphan')
  world.step(days(400))
  world.run()
  assert.deepEqual(await world.work(), ['release c/orphan done'])
  world.heal()
  assert.equal(today(), 1)
})

test('G-5 how many went is asked of an index, and read of no object that lies aside', async () => {
  const { room: { sql } } = await ripe()
  const plans: string[] = []
  const asking: Sql = { ...sql, get: (text, ...values) => (plans.push(sql.all<{ detail: string }>(`explain query plan ${text}`, ...values).map(({ detail }) => detail).join('; ')), sql.get(text, ...values)) }
  passedSince(asking, JOB)
  assert.match(plans.join('\n'), /guard_ended USING INDEX guard_ended_since \(reconcile=\? AND seq>\?\)/)
  assert.match(plans.join('\n'), /guard_object USING (?:COVERING )?INDEX guard_object_open/)
})

test('G-9 G-15 G-21 what a store cannot do is not tried on anything but canaries', async () => {
  for (const name of ['sets_aside', 'brings_back', 'clock', 'read_only'] as const) {
    for (const found of [{ is: 'fail', says: 'it does not' }, { is: 'unknown', says: 'nobody knows' }] as const) {
      const world = await ripe()
      world.store.capabilities = { [name]: found }
      assert.deepEqual(await world.work(), [], `${name} ${found.is}`)
    }
  }
})

test('G-8 a hand that dies before or after the request is followed by one that looks first, and the end is the same', async () => {
  for (const death of ['before', 'after'] as const) {
    const world = await spent()
    world.store.put('c/second')
    world.rows.add('c/kept')
    const plan = world.run()
    world.purge(plan)
    await world.work(death)
    assert.equal(world.life('c/orphan').is, 'removing')
    assert.deepEqual(await world.work(), [], 'not before nothing of it can arrive any more')
    world.pass(minutes(2))
    await world.work()
    assert.equal(world.life('c/orphan').is, 'purged', death)
    assert.deepEqual(world.store.events.filter(({ is }) => is === 'gone').map(({ key }) => key), ['c/orphan'])
    const young = await ripe()
    await young.work(death)
    await young.work()
    young.pass(minutes(2))
    await young.work()
    assert.equal(young.life('c/orphan').is, 'aside', death)
    assert.equal(young.store.stacks.get('c/orphan')?.length, 2, 'one delete marker')
  }
})

test('G-8 only the holder of the lease is given work; a hand that was frozen hears that it is over', async () => {
  const world = await ripe()
  const first = await world.hear({ is: 'lease' }, 'one')
  assert(first.is === 'lease' && first.lease.is === 'granted')
  const second = await world.hear({ is: 'lease' }, 'two')
  assert(second.is === 'lease' && second.lease.is === 'taken')
  world.pass(seconds(21))
  assert.deepEqual(await world.hear({ is: 'work', term: first.lease.term }, 'one'), { is: 'no-lease' })
  const third = await world.hear({ is: 'lease' }, 'two')
  assert(third.is === 'lease' && third.lease.is === 'granted' && third.lease.term > first.lease.term)
  assert.deepEqual(await world.hear({ is: 'work', term: first.lease.term }, 'one'), { is: 'no-lease' })
})

test('a store that did something else than was asked disarms, opens the breaker, and somebody is called', async () => {
  const world = await ripe()
  world.store.deleting.quarantine = () => Promise.resolve({ is: 'lost', says: 'it destroyed what it was to hide' })
  assert.deepEqual(await world.work(), ['quarantine c/orphan lost'])
  const job = loadJob(world.room.sql, JOB)
  assert.deepEqual([job.arming, job.breaker.is, world.life('c/orphan').is], [undefined, 'open', 'lost'])
  assert.equal(world.entries('guard.alarmed').length, 1)
})

test('G-4 what its owner tags after it was judged stays, and what is aside is not purged', async () => {
  for (const [tags, mode] of [[['holdfast:keep'], 'ripe'], [undefined, 'ripe'], [['hold'], 'spent']] as const) {
    const world = mode === 'ripe' ? await ripe() : await spent()
    if (mode === 'spent') world.purge(world.run())
    world.store.reading.tags = () => Promise.resolve(tags === undefined ? { is: 'unknown', says: 'it is not shown' } : { is: 'read', tags })
    assert.deepEqual(await world.work(), [`${mode === 'ripe' ? 'quarantine' : 'purge'} c/orphan refused`])
    assert.equal(world.store.events.at(-1)?.is, mode === 'ripe' ? undefined : 'aside')
    assert.equal(world.life('c/orphan').is, mode === 'ripe' ? (tags ? 'unmarked' : 'flagged') : 'aside')
  }
})

test('a burst of objects that have changed stops the plan', async () => {
  const world = await ripe()
  for (let n = 0; n < 8; n++) world.store.put(`c/more${n}`)
  world.pass(days(8))
  for (let n = 0; n < 4; n++) {
    world.run()
    world.pass(hours(24.5))
  }
  world.run()
  world.store.deleting.quarantine = () => Promise.resolve({ is: 'refused', why: 'changed', says: 'it was written since' })
  const did = await world.work()
  assert.equal(did.length, 9, 'a handful was handed out already')
  assert.equal(loadJob(world.room.sql, JOB).breaker.is, 'open')
  assert.deepEqual(await world.work(), [])
})

test('a run that was judged by what no longer holds lets nothing through', async () => {
  const world = await ripe()
  const job = loadJob(world.room.sql, JOB)
  world.room.turn((tx) => world.acts.halt(tx, JOB, { says: 'meanwhile', lost: false }))
  assert.equal(loadJob(world.room.sql, JOB).version, job.version + 1)
  assert.deepEqual(await world.work(), [])
})

const leased = async (world: ActsWorld, holder: string): Promise<number> => {
  const told = await world.hear({ is: 'lease' }, holder)
  assert(told.is === 'lease' && told.lease.is === 'granted', JSON.stringify(told))
  return told.lease.term
}

/** Tries the store out as often as it is asked to, and gives what comes after. */
async function nextWork(world: ActsWorld, term: number, holder: string): Promise<ToHand> {
  const told = await world.hear({ is: 'work', term }, holder)
  if (told.is !== 'probe') return told
  const { capabilities, clock } = await world.store.deleting.probe(new AbortController().signal)
  await world.hear({ is: 'probed', term, store: told.store, identity: world.store.identity, capabilities, clock, moves: false, keeps: { is: 'pass' }, way: { versioning: 'enabled', noncurrent: 'ever', conditionalDelete: true, lockHolds: true } }, holder)
  return world.hear({ is: 'work', term }, holder)
}

test('G-23 a purge asks for the copy in the other place again, with each handful: what is gone there, or not known, stays', async () => {
  for (const [copies, says] of [[async (wanted: readonly { key: string }[]) => Object.fromEntries(wanted.map(({ key }) => [key, 'not' as const])), 'held: verified in the other place, asked within 5 min: the same bytes are not there any more'], [async () => ({}), 'waiting: ']] as const) {
    const world = await ripe({ copies })
    await world.work()
    world.pass(days(31))
    const plan = world.run()
    world.purge(plan)
    assert.deepEqual(await world.work(), [])
    assert.equal(saysOf(world, plan)[0]?.slice(0, says.length), says)
    assert.equal(world.life('c/orphan').is, 'aside')
  }
  const asked: unknown[] = []
  const world = await ripe({ copies: async (wanted) => (asked.push(...wanted), {}) })
  await world.work()
  world.pass(days(31))
  world.purge(world.run())
  await world.work()
  const life = world.life('c/orphan')
  assert(life.is === 'aside')
  assert.deepEqual(asked[0], { key: hexOf('c/orphan'), version: life.aside.version, etag: life.aside.etag, bytes: life.aside.bytes }, 'exactly that one')
})

test('G-23 a purge that was agreed to is held by a later run that would not purge the same version', async () => {
  const world = await spent()
  const plan = world.run()
  world.purge(plan)
  world.run({ spares: ['c/orphan'] })
  assert.deepEqual(await world.work(), [], 'the next run keeps it, for whatever reason it has')
  assert.match(saysOf(world, plan).join(), /held: the latest run purges it too: it would not/)
  const other = await spent()
  const agreed = other.run()
  other.purge(agreed)
  const latest = other.run()
  other.room.turn((tx) => tx.sql.run('delete from guard_act where plan = ?', latest))
  assert.deepEqual(await other.work(), [], 'what the latest run would do is not known')
})

test('G-11 what puts aside is good for an hour, also in a plan that purges', async () => {
  const world = await spent()
  world.store.put('c/second')
  world.pass(days(8))
  for (let n = 0; n < 4; n++) {
    world.run()
    world.pass(hours(24.5))
  }
  const plan = world.run()
  world.purge(plan)
  world.pass(minutes(61))
  assert.deepEqual(await world.work(), ['purge c/orphan done'])
  assert.equal(world.life('c/second').is, 'unmarked')
  assert.match(saysOf(world, plan).join(), /too much time has passed/)
})

test('G-8 what a hand left behind is looked at a minute after nobody can send anything of it any more, not after its intent', async () => {
  const world = await ripe()
  world.pass(seconds(21))
  let term = await leased(world, 'one')
  const given = await nextWork(world, term, 'one')
  assert(given.is === 'acts')
  // It goes on for long, under one lease.
  for (let n = 0; n < 8; n++) {
    world.pass(seconds(15))
    assert.equal(await leased(world, 'one'), term)
  }
  // It was frozen, and another one comes: the minute begins with its lease.
  world.pass(seconds(21))
  term = await leased(world, 'two')
  for (const [waits, is] of [[50, 'nothing'], [12, 'look']] as const) {
    for (let left = waits; left > 0; left -= 10) {
      world.pass(seconds(Math.min(10, left)))
      await leased(world, 'two')
    }
    assert.equal((await nextWork(world, term, 'two')).is, is, `${waits} s`)
  }
})

test('G-8 a keeper that has just begun gives no lease before those of the one before it are over', async () => {
  const world = await ripe()
  world.restart()
  for (const [passes, is] of [[0, 'taken'], [19, 'taken'], [2, 'granted']] as const) {
    world.pass(seconds(passes))
    const told = await world.hear({ is: 'lease' }, 'new')
    assert(told.is === 'lease')
    assert.equal(told.lease.is, is)
  }
})

test('a release needs no run and no canary, only the store in which it was put aside', async () => {
  const world = await ripe()
  await world.work()
  // What was seen of the store is old, and the latest run could read neither catalogue nor store.
  world.pass(hours(1))
  world.run({ healthy: false, identity: '' })
  world.store.deleting.probe = () => Promise.reject(new Error('no canary can be written'))
  world.room.turn((tx) => world.acts.bring(tx, JOB, [hexOf('c/orphan')], 'ada'))
  assert.deepEqual(await world.work(), ['release c/orphan done'])
  const another = await ripe()
  await another.work()
  another.store.identity = 'store-2'
  another.room.turn((tx) => another.acts.bring(tx, JOB, [hexOf('c/orphan')], 'ada'))
  assert.deepEqual(await another.work(), [], 'another store is not touched')
})

const returnsOf = (world: ActsWorld): string[] => world.room.sql.all<{ says: string; state: string }>(`select says, state from guard_act where act = 'release'`).map((it) => `${it.state}: ${it.says}`)

test('G-16 after another store was configured for a while, what is to come back comes back within two minutes, and nothing was given up', async () => {
  for (const [asked, says] of [['by a person', 'forgotten'], ['by a person', 'seen by a hand of before'], ['by its row', 'forgotten'], ['by its row', 'seen by a hand of before']] as const) {
    const world = await ripe()
    await world.work()
    world.store.identity = 'store-2'
    world.pass(seconds(21))
    const term = await leased(world, 'other')
    world.desk.probe('main', undefined)
    await nextWork(world, term, 'other')
    if (asked === 'by its row') {
      world.rows.add('c/orphan')
      world.run()
    } else world.room.turn((tx) => world.acts.bring(tx, JOB, [hexOf('c/orphan')], 'ada'))
    assert.equal((await nextWork(world, term, 'other')).is, 'nothing')
    assert.match(JSON.stringify(world.entries('guard.alarmed').at(-1)?.body), /cannot be brought back now: the store main is another one now/)
    assert.deepEqual([returnsOf(world), world.entries('guard.intended').length], [['waiting: the store in which it was put aside: it is another one now'], 1])
    world.store.identity = 'store-1'
    if (says === 'forgotten') world.desk.forget()
    else world.pass(minutes(1))
    assert.deepEqual(await world.work(), ['release c/orphan done'], `${asked}, ${says}`)
  }
})

test('what is to come back to a store that is out of reach waits, is tried again ever more rarely, and is told; what is refused for good is held, and told where its row is back', async () => {
  const world = await ripe()
  await world.work()
  world.rows.add('c/orphan')
  const plan = world.run()
  const release = world.store.deleting.release
  world.store.deleting.release = () => Promise.resolve({ is: 'refused', why: 'unable', says: 'connection refused' })
  assert.deepEqual(await world.work(), ['release c/orphan refused'])
  assert.deepEqual([await world.work(), saysOf(world, plan)], [[], ['waiting: connection refused']])
  assert.equal(world.entries('guard.alarmed').length, 0, 'once is an accident')
  for (const [passes, tries] of [[1, 1], [1, 0], [1, 1]] as const) {
    world.pass(minutes(passes))
    assert.equal((await world.work()).length, tries)
  }
  assert.match(JSON.stringify(world.entries('guard.alarmed').map(({ body }) => body)), /cannot be brought back now: connection refused/)
  world.store.deleting.release = release
  world.pass(minutes(4))
  assert.deepEqual([await world.work(), saysOf(world, plan)], [['release c/orphan done'], ['over: ']])
  for (const asked of ['by a person', 'by its row'] as const) {
    const other = await ripe()
    await other.work()
    if (asked === 'by its row') {
      other.rows.add('c/orphan')
      other.run()
    } else other.room.turn((tx) => other.acts.bring(tx, JOB, [hexOf('c/orphan')], 'ada'))
    other.store.deleting.release = () => Promise.resolve({ is: 'refused', why: 'changed', says: 'it was written since' })
    await other.work()
    assert.deepEqual(returnsOf(other), ['held: it was written since'])
    assert.equal(other.entries('guard.alarmed').length, asked === 'by its row' ? 1 : 0)
  }
})

test('G-11 what is asked back once more, after it was unlocked and before it was back, stays as well', async () => {
  const world = await spent()
  const bring = (): number => world.room.turn((tx) => world.acts.bring(tx, JOB, [hexOf('c/orphan')], 'ada')).wanted
  bring()
  world.room.turn((tx) => world.acts.accept(tx, JOB, { what: 'unlock', seen: hexOf('c/orphan'), by: 'bo' }))
  assert.equal(bring(), 1)
  for (let n = 0; n < 3; n++) {
    await world.work()
    world.pass(minutes(2))
    world.run()
  }
  assert.deepEqual(world.store.events.filter(({ key }) => key === 'c/orphan').map(({ is }) => is), ['aside', 'back'])
})

test('what a person brought back stays: no run puts it aside again before a person unlocks it', async () => {
  const world = await ripe()
  await world.work()
  world.room.turn((tx) => world.acts.bring(tx, JOB, [hexOf('c/orphan')], 'ada'))
  assert.deepEqual(await world.work(), ['release c/orphan done'])
  for (let n = 0; n < 5; n++) {
    world.pass(days(3))
    world.run()
    assert.deepEqual(await world.work(), [])
  }
  assert.match(saysOf(world, world.run()).join(), /waiting|ada brought it back/)
  world.room.turn((tx) => world.acts.accept(tx, JOB, { what: 'unlock', seen: hexOf('c/orphan'), by: 'bo' }))
  world.run()
  assert.deepEqual(await world.work(), ['quarantine c/orphan done'])
})

test('G-11 under a person\'s name nothing is done but what they asked for', async () => {
  for (const edit of [`update guard_act set act = 'quarantine', given = ?, key = ? where plan = ?`, `update guard_act set given = ?, key = ? where plan = ?`]) {
    const world = await ripe()
    world.store.put('c/second')
    await world.work()
    const plan = `by-hand:${JOB}`
    world.room.turn((tx) => world.acts.bring(tx, JOB, [hexOf('c/orphan')], 'ada'))
    const [act] = loadActs(world.room.sql, plan)
    world.room.turn((tx) => tx.sql.run(edit, JSON.stringify({ ...act?.given, item: { ...act?.given.item, key: 'c/second' } }), hexOf('c/second'), plan))
    assert.deepEqual(await world.work(), [])
    assert.match(JSON.stringify(world.entries('guard.alarmed').at(-1)?.body), /was changed after it was made/)
  }
})

test('a catalogue that is slow keeps nobody waiting: its answer is used when it is there, and nothing is intended for whoever gave up', async () => {
  const answer = Promise.withResolvers<ReadonlyMap<string, 'none'>>()
  let asked = 0
  let patience = Promise.resolve()
  const world = await ripe({ recheck: () => (asked++, answer.promise), after: () => patience })
  world.pass(seconds(21))
  const term = await leased(world, 'one')
  assert.equal((await nextWork(world, term, 'one')).is, 'nothing', 'there is no answer yet')
  assert.equal((await nextWork(world, term, 'one')).is, 'nothing')
  assert.equal(world.entries('guard.intended').length, 0)
  answer.resolve(new Map([[hexOf('c/orphan'), 'none']]))
  patience = new Promise(() => undefined)
  assert.equal((await nextWork(world, term, 'one')).is, 'acts')
  assert.equal(asked, 1, 'it is asked once')
})

test('G-15 a hand is given work only in the stores of which it has the credentials', async () => {
  const world = await ripe()
  world.pass(seconds(21))
  const term = await leased(world, 'one')
  assert.deepEqual(world.desk.needs().stores, ['main'])
  assert.equal((await world.hear({ is: 'work', term, stores: ['other'] }, 'one')).is, 'nothing')
  assert.equal((await world.hear({ is: 'work', term, stores: ['main'] }, 'one')).is, 'probe')
})

test('a bad batch is judged by one run, and latched by it: what it was is not told to those that come after', async () => {
  const world = await ripe()
  const told = (): unknown => {
    const { tried, failed, preconditions } = lastBatch(world.room.sql, JOB, loadJob(world.room.sql, JOB).judged)
    return { tried, failed, preconditions }
  }
  world.store.deleting.quarantine = () => Promise.resolve({ is: 'refused', why: 'unable', says: 'it would not' })
  await world.work()
  assert.deepEqual(told(), { tried: 1, failed: 1, preconditions: 0 })
  world.run({ healthy: false })
  assert.deepEqual(told(), { tried: 1, failed: 1, preconditions: 0 }, 'a run that judged nothing leaves it to the next')
  world.run({ healthy: false, breaker: { is: 'open', since: world.now().wall, because: ['1 failed acts'] } })
  assert.deepEqual(told(), { tried: 0, failed: 0, preconditions: 0 }, 'else no run would ever be healthy, and nobody could close it')
})
