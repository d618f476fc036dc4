// A run that goes by itself, as stories: agreed to once, it goes on in its window by fresh looks and nobody's press; the first surprise ends that and rings both; ways back are gone by
// themselves only where that was agreed on, and nobody's hand is against it.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { begun, book, type Story } from '../../../../test/story/led.ts'
import { changeOf, manual, runWorld } from '../../../../test/story/runs.ts'
import { hours, minutes, seconds } from '../../../core/time.ts'
import type { Runbook, Step } from '../../../rooms/change/runbook.ts'
import type { Cluster } from '../../../rooms/change/topology.ts'
import type { ApprovalLinkAnswer } from '../../../views/agreements.ts'
import type { ErrorAnswer } from '../../../views/answers.ts'
import { loadAgreement } from '../../../rooms/people/agreement-rows.ts'
import { loadFactors } from '../../../rooms/people/rows.ts'
import type { RunTold } from '../../../views/change/runs.ts'
import { earsOf } from '../doing/ears.ts'

const NAMES = ['web-1', 'web-2', 'web-3']
const CLUSTERS: readonly Cluster[] = [{ name: 'shop', kind: 'etcd', members: NAMES, weights: {}, from: 'holdfast.yaml:5' }]
const act = (says: string): Step['act'] => ({ is: 'driver', driver: 'run', deeds: Object.fromEntries(NAMES.map((host) => [host, { config: { argv: [says], on: host }, says: `run ${says}` }])) })
const deed = (id: string, more: Partial<Step> = {}): Step => ({ id, act: act(id), takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5), undo: act(`un${id}`), ...more })
const MINUTE = 60_000
/** Its window opens two minutes after the world of a test begins, for half an hour. */
const bookAt = (at: number, more: Partial<Runbook> = {}): Runbook => {
  const minute = Math.floor((at % (1440 * MINUTE)) / MINUTE)
  return book({
    hosts: { cluster: 'shop', names: NAMES, serial: 1 }, keep: { cluster: 'shop', tolerate: 1 }, guard: [{ is: 'links' }, { is: 'healthy' }], unattended: { onHalt: 'stay' },
    window: { days: [1, 2, 3, 4, 5, 6, 7], from: (minute + 3) % 1440, to: (minute + 33) % 1440, timezone: 'UTC' }, steps: [deed('one'), deed('two')], ...more,
  })
}
async function asked(t: TestContext, more: Partial<Runbook> = {}): Promise<Story> {
  const { wall } = (await runWorld(t, book())).keeper.now()
  return begun(t, [], bookAt(wall, more), { unattended: true }, CLUSTERS)
}
/** Both have agreed to it, and its window has opened. */
async function opened(t: TestContext, more: Partial<Runbook> = {}): Promise<Story> {
  const it = await asked(t, more)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  for (let n = 0; n < 60 && (await it.state()).state === 'waiting'; n++) {
    await it.leap(seconds(4))
    await it.second()
  }
  return it
}
const acted = async (it: Story, token: number, is: 'done' | 'failed' = 'done'): Promise<void> => {
  const said = earsOf(() => it.keeper).acted(it.id, token, { is, says: '' }, true)
  await it.settle()
  await said
}
const lines = async (it: Story): Promise<readonly string[]> => (await it.told()).filter((line) => !line.startsWith('planned'))
const DOWN = { 'web-2': { carrier: 'down' as const } }

test('C-5 C-12 C-18 agreed to once it goes on by itself in its window, each step by looks that began when its turn had come', async (t) => {
  const it = await asked(t)
  assert.deepEqual([(await it.state()).asked?.purpose, await it.press('ada')], ['whole', [200]])
  await it.second()
  assert.equal((await it.state()).unattended, null, 'one is not two')
  await it.press('bo')
  await it.second()
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.state()).asked], ['waiting', null], 'its window is not open yet')
  for (let n = 0; n < 240 && (await it.state()).state === 'waiting'; n++) {
    await it.heard()
    await it.look('api', 'pass')
    await it.leap(seconds(1))
    it.keeper.runs.tick()
    await it.settle()
  }
  it.keeper.runs.tick()
  await it.settle()
  assert.equal((await it.state()).state, 'pressed', 'nobody has looked since')
  await it.heard()
  await it.second()
  await it.second()
  assert.equal((await it.state()).state, 'running')
  await acted(it, 1)
  for (let n = 0; n < 4; n++) await it.second()
  await acted(it, 2)
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state()).state, it.open()], ['done', []])
  assert.deepEqual(await lines(it), ['pressed', 'pressed one', 'began one', 'done one', 'pressed two', 'began two', 'done two', 'ended'])
  assert.equal(it.sql.get<{ n: number }>('select count(*) as n from people_agreement')?.n, 1, 'nobody was asked again')
})

test('C-14 C-15 the first surprise halts it and rings both, and what follows is led by its people', async (t) => {
  const it = await opened(t)
  await it.second()
  await acted(it, 1)
  await it.heard(DOWN)
  assert.deepEqual([(await it.state()).state, (await it.state()).unattended, it.open()], ['halted', null, [`run:${it.id}`]])
  for (let n = 0; n < 5; n++) await it.second(DOWN)
  assert.deepEqual((await lines(it)).filter((line) => line.startsWith('began')), ['began one'])
  await it.second()
  await it.second()
  assert.equal((await it.call('runs.resume')).status, 200)
  await it.press('ada', 'bo')
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.state()).asked?.purpose], ['offered', 'step'], 'both press for what comes next')
})

test('C-15 where that was agreed on it goes the ways back by itself, the last first; not against a hand', async (t) => {
  const it = await opened(t, { unattended: { onHalt: 'undo' } })
  await it.second()
  await acted(it, 1)
  for (let n = 0; n < 3; n++) await it.second()
  assert.equal((await it.state()).steps[1]?.state, 'running')
  await it.heard(DOWN)
  await acted(it, 2, 'failed')
  for (const token of [3, 4]) {
    for (let n = 0; n < 3; n++) await it.second(DOWN)
    await acted(it, token)
  }
  for (let n = 0; n < 3; n++) await it.second(DOWN)
  assert.equal((await it.state()).state, 'undone')
  assert.deepEqual((await lines(it)).filter((line) => /^(began|undone)/.test(line)), ['began one', 'began two', 'began two', 'undone two', 'began one', 'undone one'])

  const stopped = await opened(t, { unattended: { onHalt: 'undo' } })
  await stopped.second()
  await stopped.call('runs.halt')
  await acted(stopped, 1)
  for (let n = 0; n < 4; n++) await stopped.second()
  assert.deepEqual([(await stopped.state()).state, (await stopped.state()).undo, (await lines(stopped)).filter((line) => line.startsWith('began'))], ['halted', 'one', ['began one']])

  const later = await opened(t, { unattended: { onHalt: 'undo' } })
  await later.second()
  await later.heard(DOWN)
  assert.equal((await later.state()).unattended?.back, true)
  await later.call('runs.halt')
  await acted(later, 1)
  for (let n = 0; n < 4; n++) await later.second(DOWN)
  assert.deepEqual([(await later.state()).state, (await lines(later)).filter((line) => line.startsWith('began'))], ['halted', ['began one']], 'a hand stops the ways back too')
})

test('C-6 C-15 what both have agreed to is there to be halted before its time: nothing of it begins then', async (t) => {
  const one = await asked(t)
  await one.press('ada')
  const { status, body } = await one.call('runs.halt', { person: 'bo' })
  assert.deepEqual([status, body.error.message.startsWith('Only ada has pressed yet: nothing goes on')], [409, true], body.error.message)
  for (const isWritten of [true, false]) {
    const it = await asked(t)
    await it.press('ada', 'bo')
    if (isWritten) await it.second()
    assert.equal((await it.call('runs.halt', { person: 'chen' })).status, 200)
    assert.deepEqual([(await it.state()).state, (await it.state()).halt?.claim, (await it.state()).unattended, it.open()], ['halted', 'chen halted it', null, [`run:${it.id}`]])
    for (let n = 0; n < 50; n++) {
      await it.leap(seconds(4))
      await it.second()
    }
    assert.deepEqual([(await it.state()).state, (await lines(it)).filter((line) => /^(began|offered)/.test(line))], ['halted', []])
    await it.call('runs.resume')
    await it.press('ada', 'bo')
    await it.second()
    assert.deepEqual([(await it.state()).state, (await it.state()).asked?.purpose], ['offered', 'step'], 'its people lead it from then on')
  }
})

test('C-6 C-15 a hand stops the way back that goes by itself before its deed', async (t) => {
  const it = await opened(t, { unattended: { onHalt: 'undo' } })
  await it.second()
  await acted(it, 1)
  for (let n = 0; n < 3; n++) await it.second()
  await it.heard(DOWN)
  await acted(it, 2, 'failed')
  for (let n = 0; n < 3; n++) await it.second(DOWN)
  const ears = earsOf(() => it.keeper)
  assert.deepEqual([ears.orderFor(it.id)?.token, ears.isHalted(it.id, 3)], [3, false])
  assert.equal((await it.call('runs.halt', { person: 'chen' })).status, 200)
  assert.equal(ears.isHalted(it.id, 3), true)
  const word = ears.identity(it.id, 3, 'web-1')
  await it.settle()
  assert.match(await word, /^the run was halted/)
})

const LATER = { days: [1, 2, 3, 4, 5, 6, 7] as const, timezone: 'UTC' }
/** Its window opens three hours after the world of a test begins. */
const tomorrow = async (t: TestContext): Promise<Story> => {
  const { wall } = (await runWorld(t, book())).keeper.now()
  const minute = Math.floor((wall % (1440 * MINUTE)) / MINUTE)
  return begun(t, [], bookAt(wall, { window: { ...LATER, from: (minute + 180) % 1440, to: (minute + 240) % 1440 } }), { unattended: true }, CLUSTERS)
}
const agreementOf = async (it: Story): Promise<string> => (await it.state()).asked?.agreement ?? ''
const phaseOf = (it: Story, agreement: string): string => (JSON.parse(it.sql.get<{ phase: string }>('select phase from people_agreement where id = ?', agreement)?.phase ?? '{}') as { is?: string }).is ?? ''

test('C-6 the link by which both agreed to all of it stops it until its time; both agree within an hour', async (t) => {
  const it = await tomorrow(t)
  const agreement = await agreementOf(it)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  await it.second()
  await it.leap(minutes(120))
  await it.second()
  assert.deepEqual([phaseOf(it, agreement), (await it.state()).unattended?.back], ['agreed', false])
  const stopped = it.keeper.engine.turn('press', (tx) => it.keeper.rooms.people.agreements.press(tx, { id: agreement, person: 'ada', act: 'stop', hash: '', prove: () => undefined }))
  await it.settle()
  assert.deepEqual([(await stopped)?.verdict.is, (await it.state()).state], ['taken', 'aborted'])

  const late = await tomorrow(t)
  const one = await agreementOf(late)
  assert.deepEqual(await late.press('ada'), [200])
  late.step(minutes(61))
  assert.deepEqual(await late.press('bo'), [409], 'they would not have agreed within the hour')
  await late.second()
  assert.deepEqual([phaseOf(late, one), (await late.state()).asked, (await late.state()).unattended], ['changed', null, null])
})

test('C-6 C-15 ways back are gone by themselves for an hour after the surprise, and not beside what both are asked', async (t) => {
  const undoing = async (): Promise<Story> => {
    const it = await opened(t, { unattended: { onHalt: 'undo' } })
    await it.second()
    await acted(it, 1)
    for (let n = 0; n < 3; n++) await it.second()
    await it.heard(DOWN)
    assert.equal((await it.state()).unattended?.back, true)
    return it
  }
  const begins = async (it: Story): Promise<readonly string[]> => (await lines(it)).filter((line) => line.startsWith('began'))
  const late = await undoing()
  await late.leap(minutes(61))
  await acted(late, 2, 'failed')
  for (let n = 0; n < 4; n++) await late.second(DOWN)
  assert.deepEqual([(await late.state()).unattended, await begins(late), late.open().includes(`run:${late.id}/alone`)], [null, ['began one', 'began two'], true])

  for (const isPressed of [false, true]) {
    const led = await undoing()
    if (isPressed) {
      await acted(led, 2, 'failed')
      led.keeper.runs.tick()
      await led.settle()
    }
    assert.equal((await led.call('runs.resume')).status, 200)
    assert.deepEqual([(await led.state()).unattended, (await led.state()).asked?.purpose], [null, 'resume'])
    if (!isPressed) await acted(led, 2, 'failed')
    for (let n = 0; n < 4; n++) await led.second(DOWN)
    assert.deepEqual([await begins(led), (await led.state()).asked?.purpose], [['began one', 'began two'], 'resume'], 'what both are asked stands, and nothing goes beside it')
  }
})

test('C-15 what both have agreed to as a whole leaves room for ways back, however long it is good', async (t) => {
  const it = await opened(t)
  await it.second()
  await acted(it, 1)
  for (let n = 0; n < 25; n++) {
    const asking = it.keeper.engine.turn('ask', (tx) => {
      const made = it.keeper.rooms.people.agreements.ask(tx, { what: 'change.unattended', title: `All of it ${n}`, text: '', asks: 'ready', alone: 'never', by: 'ada', lapses: hours(8), parties: [{ person: 'ada', as: 'does' }, { person: 'bo', as: 'checks' }] })
      if (made.is === 'refused') return made.says
      for (const person of ['ada', 'bo']) {
        const { hash } = loadAgreement(tx.sql, made.id)?.agreement.terms ?? assert.fail()
        const proof = { means: 'totp', factor: loadFactors(tx.sql, person)[0]?.id ?? '', factorAge: hours(99), personAge: hours(99), at: { tick: tx.now.tick, boot: 'boot' }, hash } as const
        it.keeper.rooms.people.agreements.press(tx, { id: made.id, person, act: 'ready', hash, prove: () => proof })
      }
      return phaseOf(it, made.id)
    })
    await it.settle()
    assert.equal(await asking, 'agreed')
  }
  await it.second(DOWN)
  assert.deepEqual([(await it.state()).state, (await it.call('runs.undo')).status], ['halted', 200])
})

test('C-6 C-10 the word of both for all of a run ends with the run, also where it went as it should', async (t) => {
  const it = await asked(t)
  const agreement = await agreementOf(it)
  await it.press('ada', 'bo')
  for (let n = 0; n < 60 && (await it.state()).state === 'waiting'; n++) {
    await it.leap(seconds(4))
    await it.second()
  }
  for (const token of [1, 2]) {
    await it.second()
    assert.equal(phaseOf(it, agreement), 'agreed')
    await acted(it, token)
    for (let n = 0; n < 3; n++) await it.second()
  }
  assert.deepEqual([(await it.state()).state, phaseOf(it, agreement)], ['done', 'changed'])
})

/** Behind the link of a person: what they are told who press there, and how it stands. */
const behind = async (it: Story, agreement: string, person: string, act?: 'no' | 'stop'): Promise<ApprovalLinkAnswer & { readonly says?: string }> => {
  const token = it.keeper.linkFor({ is: 'approve', agreement: agreement as never, person })
  const { status, body } = await it.ask(act === undefined ? 'approvals.look' : 'approvals.press', { token, ...(act === undefined ? {} : { act, hash: 'x', from: { origin: '203.0.113.9', agent: 'a phone' } }) }, { is: 'open' })
  assert.equal(status, 200, JSON.stringify(body))
  return body as ApprovalLinkAnswer
}

test('C-6 C-15 whoever says no to all of it on a page of before, when it goes by itself, stops it; and each page says how it stands', async (t) => {
  const it = await asked(t)
  const agreement = await agreementOf(it)
  const { approval, outcome, now } = await behind(it, agreement, 'bo')
  assert.deepEqual([approval.lapsesAt - now <= hours(1), outcome], [true, null], 'both press within an hour')
  await it.press('ada', 'bo')
  await it.second()
  assert.match((await behind(it, agreement, 'bo')).outcome?.says ?? '', /^The run goes by itself/)
  for (let n = 0; n < 80 && (await it.state()).state === 'waiting'; n++) {
    await it.leap(seconds(3))
    await it.second()
  }
  await it.second()
  assert.equal((await it.state()).state, 'running')
  const { says } = await behind(it, agreement, 'bo', 'no')
  assert.equal(says, 'The run was aborted: nothing more of it begins. Step 1 (one), on web-1, was under way: it is not killed, and nobody has seen its end.')
  assert.deepEqual([(await it.state()).state, (await behind(it, agreement, 'ada')).outcome?.isOver], ['aborted', true])

  const early = await asked(t)
  const first = await agreementOf(early)
  await early.press('ada')
  assert.equal((await behind(early, first, 'bo', 'no')).says, 'It does not go by itself: its people lead it.')
  assert.deepEqual([(await early.state()).state, (await early.state()).asked], ['waiting', null], 'who says no before it is agreed stops nothing else')
})

test('C-6 C-15 whoever says no to a step on a page of before, when it has begun, stops the run; with the hand-over of theirs they stop nothing, and hear so', async (t) => {
  const it = await begun(t, [], book({ people: { does: ['ada', 'chen'], checks: ['bo'] } }), { does: 'ada' })
  const link = await agreementOf(it)
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.call('runs.handOver', { from: 'ada', to: 'chen', reason: 'ada goes off call at six' })).status, 200)
  await it.press('chen', 'bo')
  await it.second()
  assert.match((await behind(it, link, 'ada', 'no')).says ?? '', /^The run goes on: ada has handed over/)
  assert.equal((await it.state()).state, 'running')

  const other = await begun(t)
  const used = await agreementOf(other)
  await other.press('ada', 'bo')
  await other.second()
  assert.match((await behind(other, used, 'bo', 'no')).says ?? '', /^The run was aborted: .* was under way/)
  assert.equal((await other.state()).state, 'aborted')
})

test('C-15 C-17 both hear that it does not go its ways back by itself any more, whatever ends that, and it is told before anything else', async (t) => {
  const PEOPLE = { does: ['ada', 'chen'], checks: ['bo'] }
  const ends: readonly (readonly [string, object, RegExp])[] = [
    ['runs.resume', {}, /by itself any more: its people lead it$/], ['runs.undo', {}, /by itself any more: its people lead it$/], ['runs.handOver', { from: 'ada', to: 'chen', reason: 'ada goes off call at six' }, /by itself any more: ada hands over to chen$/], ['runs.halt', { person: 'chen' }, /^halted by chen: chen halted it$/],
  ]
  for (const [name, more, says] of ends) {
    const { wall } = (await runWorld(t, book())).keeper.now()
    const it = await begun(t, [], bookAt(wall, { people: PEOPLE, unattended: { onHalt: 'undo' } }), { unattended: true, does: 'ada' }, CLUSTERS)
    await it.press('ada', 'bo')
    for (let n = 0; n < 60 && (await it.state()).state === 'waiting'; n++) {
      await it.leap(seconds(4))
      await it.second()
    }
    await it.second()
    await acted(it, 1)
    for (let n = 0; n < 3; n++) await it.second()
    await it.heard(DOWN)
    await acted(it, 2, 'failed')
    it.keeper.runs.tick()
    await it.settle()
    // What goes by itself waits for its looks.
    assert.deepEqual([(await it.state()).unattended?.back, it.open().toSorted()], [true, [`run:${it.id}`, `run:${it.id}/failed`]], name)
    const before = (await lines(it)).length
    assert.equal((await it.call(name, more)).status, 200, name)
    const shown = ((await it.ask('runs.show', { run: it.id })).body as RunTold).told.slice(before + 1)
    assert.deepEqual([(await it.state()).unattended, it.open().toSorted()], [null, [`run:${it.id}`, `run:${it.id}/alone`, `run:${it.id}/failed`]], name)
    const [first] = shown
    assert.match(first?.says ?? `${first?.event} by ${first?.by}: ${first?.cause?.claim}`, says, `${name}: ${JSON.stringify(shown)}`)
    assert.match(it.sql.get<{ says: string }>('select says from page_incident where subject = ?', `run:${it.id}/alone`)?.says ?? '', /does not go back by itself any more: (its people lead it|ada hands over to chen|chen halted it)\. /, name)
    for (let n = 0; n < 4; n++) await it.second(DOWN)
    assert.deepEqual((await lines(it)).filter((line) => line.startsWith('began')), ['began one', 'began two'], name)
  }
})

test('C-15 a way back that goes by itself waits for no look that nobody makes', async (t) => {
  const it = await opened(t, { unattended: { onHalt: 'undo' }, guard: [{ is: 'links' }, { is: 'healthy' }, { is: 'checks', names: ['api'] }] })
  await it.second()
  await acted(it, 1)
  for (let n = 0; n < 3; n++) await it.second()
  await it.heard(DOWN)
  await it.pass(seconds(1))
  await acted(it, 2, 'failed')
  const unlooked = async (): Promise<readonly string[]> => {
    await it.pass(seconds(1))
    await it.heard(DOWN)
    it.keeper.runs.tick()
    await it.settle()
    return (await lines(it)).filter((line) => line.startsWith('began'))
  }
  for (let n = 0; n < 14; n++) assert.deepEqual(await unlooked(), ['began one', 'began two'], `after ${n + 1} s a look may still come`)
  for (let n = 0; n < 4; n++) await unlooked()
  assert.deepEqual([await unlooked(), it.open().includes(`run:${it.id}/alone`)], [['began one', 'began two', 'began two'], false])
})

test('C-17 whoever takes a run that waits for its time into their own hands is not the only one who hears of it', async (t) => {
  const led = await asked(t)
  await led.press('ada', 'bo')
  await led.second()
  assert.equal((await led.call('runs.resume')).status, 200)
  assert.deepEqual([(await led.state()).state, (await led.state()).unattended, led.open()], ['offered', null, [`run:${led.id}/alone`]])

  const { wall } = (await runWorld(t, book())).keeper.now()
  const handed = await begun(t, [], bookAt(wall, { people: { does: ['ada', 'chen'], checks: ['bo'] } }), { unattended: true, does: 'ada' }, CLUSTERS)
  await handed.press('ada', 'bo')
  await handed.second()
  assert.equal((await handed.call('runs.handOver', { from: 'ada', to: 'chen', reason: 'ada goes off call at six' })).status, 200)
  assert.deepEqual([(await handed.state()).unattended, handed.open()], [null, [`run:${handed.id}/alone`]])
})

test('C-1 C-15 with too few left in its cluster no way back goes by itself; with less than is kept one does that takes nothing of it', async (t) => {
  for (const [gone, isGone] of [[['web-3'], true], [['web-2', 'web-3'], false]] as const) {
    const it = await opened(t, { unattended: { onHalt: 'undo' } })
    await it.second()
    await acted(it, 1)
    for (let n = 0; n < 3; n++) await it.second()
    for (const host of gone) it.stopped.add(host)
    await it.second()
    assert.deepEqual([(await it.state()).state, (await it.state()).unattended?.back], ['halted', true])
    await acted(it, 2, 'failed')
    for (let n = 0; n < 4; n++) await it.second()
    assert.deepEqual((await lines(it)).filter((line) => line.startsWith('began')), isGone ? ['began one', 'began two', 'began two'] : ['began one', 'began two'])
    assert.deepEqual([(await it.state()).unattended === null, it.open().includes(`run:${it.id}/alone`)], isGone ? [false, false] : [true, true], 'people lead it from then on')
  }
})

test('C-5 a run that was to go by itself and is led by hand begins nothing that nobody has accepted', async (t) => {
  const it = await asked(t, { announce: { board: 'public', components: ['All'], lead: hours(48) } })
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.call('runs.resume')).status, 200)
  for (let n = 0; n < 46; n++) {
    await it.leap(seconds(4))
    await it.second()
  }
  assert.deepEqual([(await it.state()).state, await it.press('ada')], ['offered', [409]])
  assert.match(it.keeper.runs.mayPress((await it.state()).asked?.agreement ?? '') ?? '', /^unannounced is accepted: fail .*--accept unannounced=REASON/)
})

test('C-2 C-6 C-15 what could not begin, an edit, and a time that is over end it, and both hear of it', async (t) => {
  const wrong = await asked(t)
  await wrong.press('ada', 'bo')
  for (let n = 0; n < 60 && (await wrong.state()).state === 'waiting'; n++) {
    await wrong.leap(seconds(4))
    await wrong.second(DOWN)
  }
  for (let n = 0; n < 3; n++) await wrong.second(DOWN)
  assert.deepEqual([(await wrong.state()).state, (await lines(wrong)).some((line) => line.startsWith('began')), wrong.open()], ['halted', false, [`run:${wrong.id}`]])

  const edited = await opened(t)
  await edited.second()
  await acted(edited, 1)
  const config = edited.keeper.configure({ ...edited.keeper.config, version: '2', change: { ...changeOf(book(), CLUSTERS), hosts: NAMES.map((name) => ({ name, fate: {}, links: [{ name: 'eth0' }], from: 'x' })) } })
  await edited.settle()
  await config
  for (let n = 0; n < 4; n++) await edited.second()
  assert.match((await edited.state()).halt?.claim ?? '', /could not go on by itself: the runbook/)

  const late = await asked(t)
  await late.press('ada', 'bo')
  await late.second()
  await late.leap(minutes(40))
  await late.second()
  await late.second()
  assert.deepEqual([(await late.state()).state, (await late.state()).unattended, late.open().includes(`run:${late.id}/alone`)], ['waiting', null, true])
})

test('C-1 C-18 what is not fit to go by itself is refused, with the reason of each step', async (t) => {
  const { wall } = (await runWorld(t, book())).keeper.now()
  const refused = async (more: Partial<Runbook>, accept: object[] = []): Promise<string> => {
    const runbook = bookAt(wall, more)
    const it = await runWorld(t, runbook, [], CLUSTERS)
    const { status, body } = await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada', unattended: true, accept })
    return `${status} ${(body as ErrorAnswer).error.message}`
  }
  assert.match(await refused({ unattended: undefined } as unknown as Runbook), /^409 It may not go by itself: the runbook does not say/)
  assert.match(await refused({ window: undefined } as unknown as Runbook), /^409 .*it has no window/)
  const bare: Step = { id: 'bare', act: act('bare'), takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5) }
  assert.equal(await refused({ steps: [deed('one'), bare, deed('hand', { undo: { is: 'manual', text: 'Put it back.' } }), manual('look')] }),
    '409 It may not go by itself: bare: it has no way back; hand: its way back is gone by a person; look: a person does it; look: it has no way back.')
  assert.match(await refused({ keep: { cluster: 'shop', tolerate: 0 }, steps: [deed('stop', { takes: ['{{host}}'], until: [{ is: 'stopped', host: '{{host}}' }] })] }), /stop: no further failure is tolerated while and after it/)
  assert.match(await refused({}, [{ code: 'window', reason: 'Agreed with the customer' }]), /nothing is accepted beforehand/)
})
