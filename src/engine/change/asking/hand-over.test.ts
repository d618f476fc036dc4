// One of the two people of a run hands over in the middle of it, as stories: nothing begins before it is known who leads it, what the former two said begins nothing, what is
// under way stays watched, and the new two are two people as any other.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { begun, book, type Story } from '../../../../test/story/led.ts'
import { AGAIN } from '../../../../test/story/runs.ts'
import { minutes, seconds } from '../../../core/time.ts'
import { rebuildLedger, verifyLedger } from '../../../db/verify.ts'
import { loadFactors } from '../../../rooms/people/rows.ts'
import { loadAgreement } from '../../../rooms/people/agreement-rows.ts'
import type { RunTold } from '../../../views/change/runs.ts'

const BOOK = book({ people: { does: ['ada', 'chen'], checks: ['bo', 'chen'] } })
const OVER = { from: 'ada', to: 'chen', reason: 'ada goes off call at six' }
const story = (t: TestContext): Promise<Story> => begun(t, [], BOOK)
const says = async (it: Story): Promise<readonly string[]> => ((await it.ask('runs.show', { run: it.id })).body as RunTold).told.map(({ event, by, says: what }) => [event, by, what].filter((one) => one !== null).join(': '))
/** Presses by a link of before. */
const old = async (it: Story, agreement: string, person: string): Promise<string | undefined> => {
  const { hash, asks } = loadAgreement(it.sql, agreement)?.agreement.terms ?? assert.fail()
  const proof = { means: 'totp', factor: loadFactors(it.sql, person)[0]?.id ?? '', factorAge: minutes(60 * 24 * 9), personAge: minutes(60 * 24 * 9), at: { tick: it.keeper.now().tick, boot: 'boot' }, hash } as const
  const pressed = it.keeper.engine.turn('press', (tx) => it.keeper.rooms.people.agreements.press(tx, { id: agreement, person, act: asks, hash, prove: () => proof }))
  await it.settle()
  const verdict = (await pressed)?.verdict
  return verdict?.is === 'refused' ? verdict.why : verdict?.is
}

test('C-17 a hand-over voids all that was offered, takes who takes over and who stays, and what the former two said begins nothing', async (t) => {
  const it = await story(t)
  const before = (await it.state()).asked?.agreement ?? ''
  assert.deepEqual(await it.press('ada'), [200])
  assert.equal((await it.call('runs.handOver', OVER)).status, 200)
  assert.deepEqual([await old(it, before, 'bo'), (await it.state()).state, (await it.state()).asked?.purpose], ['changed', 'waiting', 'hand-over'])
  assert.deepEqual(await it.press('ada'), [403], 'who leaves is not asked')
  assert.deepEqual([await it.press('chen'), (await it.state()).does], [[200], 'ada'], 'one alone hands nothing over')
  await it.press('bo')
  await it.second()
  const { does, checks, state, asked } = await it.state()
  assert.deepEqual([does, checks, state, asked?.purpose], ['chen', 'bo', 'offered', 'step'])
  assert.deepEqual((await says(it)).slice(-2), ['handed-over: chen and bo: ada to chen, who does it from now on: ada goes off call at six', 'offered'])
  assert.deepEqual(await it.press('ada', 'chen', 'bo'), [403, 200, 200])
  await it.second()
  assert.equal((await it.state()).state, 'running')
  await it.heard({ 'web-2': { carrier: 'down' } })
  await it.pass(seconds(2))
  const rung = it.entries().filter(({ is, body }) => is === 'page.rang' && (body['paging'] as { policy?: string }).policy === '~chen+bo').map(({ body }) => body['person'])
  assert.deepEqual([rung.includes('chen'), rung.includes('bo')], [true, true], 'it is theirs to be rung for')
  await it.restart(it.keeper.config)
  assert.deepEqual([(await it.state()).does, verifyLedger(it.sql).broken, rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed], ['chen', undefined, []])
})

test('C-13 C-17 a step under way stays watched through a hand-over, the next one waits for it, and who was at it is told to let go', async (t) => {
  const it = await story(t)
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.call('runs.handOver', OVER)).status, 200)
  for (let n = 0; n < 2; n++) await it.second({ 'web-1': { boot: AGAIN } })
  assert.deepEqual([(await it.state()).state, (await it.state()).steps[0]?.state, (await it.state()).asked?.purpose], ['waiting', 'done', 'hand-over'])
  await it.heard({ 'web-1': { boot: AGAIN }, 'web-2': { carrier: 'down' } })
  assert.deepEqual([(await it.state()).state, (await it.state()).asked?.purpose], ['halted', 'hand-over'], 'a surprise halts it all the same')
  await it.press('bo', 'chen')
  await it.second({ 'web-1': { boot: AGAIN } })
  assert.deepEqual([(await it.state()).does, (await it.state()).state, (await it.state()).asked], ['chen', 'halted', null])
  const policy = it.sql.get<{ escalate: string }>(`select escalate from page_incident where state = 'open' and subject = ?`, `run:${it.id}`)?.escalate
  assert.equal(policy, '~chen+bo')

  const busy = await story(t)
  await busy.press('ada', 'bo')
  await busy.second()
  await busy.call('runs.handOver', OVER)
  await busy.press('chen', 'bo')
  await busy.second()
  assert.deepEqual([(await busy.state()).state, busy.open()], ['running', [`run:${busy.id}/handed/ada`]])
})

test('C-17 a second hand-over tells the one who leaves then to let go, and nobody else; who comes back is told nothing more', async (t) => {
  const it = await story(t)
  await it.press('ada', 'bo')
  await it.second()
  const hand = async (from: string, to: string, stays: string): Promise<readonly string[]> => {
    assert.equal((await it.call('runs.handOver', { ...OVER, from, to })).status, 200)
    await it.press(to, stays)
    await it.second()
    return it.sql.all<{ subject: string; escalate: string }>(`select subject, escalate from page_incident where state = 'open'`).map(({ subject, escalate }) => `${subject.replace(it.id, 'RUN')} ${escalate}`).toSorted()
  }
  assert.deepEqual(await hand('ada', 'chen', 'bo'), ['run:RUN/handed/ada ~ada'])
  assert.deepEqual(await hand('chen', 'ada', 'bo'), ['run:RUN/handed/chen ~chen'])
  assert.deepEqual(await hand('bo', 'chen', 'ada'), ['run:RUN/handed/bo ~bo'], 'who is to let go leads it again, as the other one of the two')
  await it.call('runs.abort')
  await it.second()
  assert.deepEqual(it.open(), ['run:RUN/handed/bo'.replace('RUN', it.id)], 'nobody has seen the end of the step')
})

test('C-17 what is paged of a halted run rings those who lead it now, is not called over, and whoever has it and stays has it still', async (t) => {
  const heldBy = async (person: string): Promise<readonly unknown[]> => {
    const it = await story(t)
    await it.press('ada', 'bo')
    await it.second()
    await it.heard({ 'web-2': { carrier: 'down' } })
    const { id = '' } = it.sql.get<{ id: string }>(`select id from page_incident where state = 'open' and subject = ?`, `run:${it.id}`) ?? {}
    const acked = it.keeper.engine.turn('ack', (tx) => it.keeper.rooms.page.event(tx, id, { is: 'acked', by: person, via: 'cli' }))
    await it.settle()
    await acked
    await it.call('runs.handOver', OVER)
    await it.press('chen', 'bo')
    await it.second({ 'web-2': { carrier: 'down' } })
    await it.pass(seconds(2))
    const { paging = '{}', state } = it.sql.get<{ paging: string; state: string }>('select paging, state from page_incident where id = ?', id) ?? {}
    const { policy, phase } = JSON.parse(paging) as { policy: string; phase: { is: string; by?: string } }
    const told = it.entries().filter(({ is, body }) => is === 'page.told' && body['event'] === 'recovered').length
    assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
    return [state, policy, phase.is, phase.by, told, it.entries().some(({ is, body }) => is === 'page.rang' && body['person'] === 'chen')]
  }
  assert.deepEqual(await heldBy('bo'), ['open', '~chen+bo', 'held', 'bo', 0, false])
  assert.deepEqual(await heldBy('ada'), ['open', '~chen+bo', 'ringing', undefined, 0, true])
})

test('C-17 who has handed over stops nothing by a link of before, and that is told; who leads it does', async (t) => {
  const stoppedBy = async (person: string): Promise<readonly (string | undefined)[]> => {
    const it = await story(t)
    const link = (await it.state()).asked?.agreement ?? ''
    await it.press('ada', 'bo')
    await it.second()
    await it.call('runs.handOver', OVER)
    await it.press('chen', 'bo')
    await it.second()
    const { hash } = loadAgreement(it.sql, link)?.agreement.terms ?? assert.fail()
    const pressed = it.keeper.engine.turn('press', (tx) => it.keeper.rooms.people.agreements.press(tx, { id: link, person, act: 'stop', hash, prove: () => undefined }))
    await it.settle()
    await pressed
    return [(await it.state()).state, (await says(it)).at(-1)?.replace(it.id, 'RUN')]
  }
  assert.deepEqual(await stoppedBy('ada'), ['running', 'refused: ada has handed over, and stops nothing by a link of before: holdfast runbooks halt RUN stops it'])
  assert.deepEqual((await stoppedBy('bo'))[0], 'aborted')
})

test('C-5 a run that is stopped by a link of before, while something else is asked, leaves nobody asked for anything', async (t) => {
  const it = await story(t)
  const link = (await it.state()).asked?.agreement ?? ''
  await it.press('ada', 'bo')
  await it.second()
  await it.call('runs.handOver', OVER)
  const open = (await it.state()).asked?.agreement ?? ''
  const { hash } = loadAgreement(it.sql, link)?.agreement.terms ?? assert.fail()
  const pressed = it.keeper.engine.turn('press', (tx) => it.keeper.rooms.people.agreements.press(tx, { id: link, person: 'bo', act: 'stop', hash, prove: () => undefined }))
  await it.settle()
  await pressed
  assert.deepEqual([(await it.state()).state, loadAgreement(it.sql, open)?.agreement.phase.is], ['aborted', 'changed'])
})

test('C-17 only somebody else whom the runbook names takes over, and never who stays; refused, the former two go on', async (t) => {
  const it = await story(t)
  const refused = async (more: object): Promise<string> => {
    const { status, body } = await it.call('runs.handOver', { ...OVER, ...more })
    return `${status} ${body.error.message}`
  }
  assert.match(await refused({ to: 'bo' }), /^409 Bo is one of its two people already/)
  assert.match(await refused({ to: 'ada' }), /^409 Ada is one of its two people already/)
  assert.match(await refused({ from: 'chen' }), /^409 Chen is none of its two people: ada does it, and bo checks it/)
  assert.match(await refused({ to: 'eve' }), /^409 Eve is not named for doing it, or may not: chen/)
  assert.match(await refused({ reason: 'because' }), /^400 /)
  assert.equal((await it.state()).asked?.purpose, 'step', 'and what was offered stands')
  await it.call('runs.handOver', OVER)
  const agreement = (await it.state()).asked?.agreement ?? ''
  const { hash } = loadAgreement(it.sql, agreement)?.agreement.terms ?? assert.fail()
  const no = it.keeper.engine.turn('press', (tx) => it.keeper.rooms.people.agreements.press(tx, { id: agreement, person: 'bo', act: 'no', hash, prove: () => undefined }))
  await it.settle()
  await no
  await it.second()
  assert.deepEqual([(await it.state()).does, (await it.state()).asked?.purpose], ['ada', 'step'])
  assert.ok((await says(it)).some((line) => /ada goes on: the hand-over to chen did not come about \(bo said no\)/.test(line)))
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
})
