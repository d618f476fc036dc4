// What the command line says to people and of them: approvals, authenticators, what somebody takes, whoever is on call.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOW, sampleView } from '../web-world.ts'
import { instantOf } from '../../src/core/time.ts'
import type { AskRinger } from '../../src/rooms/page/protocol.ts'
import { URI, approval, fakes, plainly, run, tested, world } from './world.ts'

test('approvals ask --wait: its exit code is what came of it', async () => {
  const ran = await run('approvals ask x --of ada --of bo --wait')
  assert.deepEqual([ran.exit, ran.asked.map(([name]) => name)], [5, ['approvals.ask', 'approvals.show']])
  assert.match(ran.err, /Code: amber otter/)
  assert.equal((await run('approvals ask x --of ada')).exit, 2)
})

test('whoever asks people whom no channel reaches is told so, and how they find their link', async (t) => {
  plainly(t)
  const party = (person: string, channels: readonly string[]): object => ({ person, as: 'approves', said: false, channels, sent: [] })
  let parties = [party('ada', ['email']), party('bo', [])]
  fakes.call = (name) => (name === 'approvals.ask' || name === 'backups.arm' ? { is: 'answered', status: 200, body: { ...approval, url: null, parties } } : undefined)
  for (const line of ['approvals ask x --of ada --of bo -q', 'backups arm shop --of ada --of bo --no-wait -q']) {
    const { out, err } = await run(line)
    assert.match(err, /^No link is sent to Bo: no channel reaches this person\. Tell them: signed in they find it under Approvals; on the machine itself holdfast approvals show agr_1 --as /, line)
    assert.match(out, /Bo .*has no channel/)
    assert.doesNotMatch(out, /Ada .*has no channel/)
  }
  parties = [party('ada', []), party('bo', [])]
  assert.match((await run('approvals ask x --of ada --of bo')).err, /No link is sent to Ada and Bo: no channel reaches them\./)
  parties = [party('ada', ['email']), party('bo', ['call'])]
  assert.doesNotMatch((await run('approvals ask x --of ada --of bo')).err, /No link is sent/)
})

test('people enrol: what an authenticator reads stands alone on its line, and its QR code is dark on light in any terminal', async () => {
  const [uri, empty, ...more] = (await run('people enrol ada')).out.split('\n')
  assert.deepEqual([uri, empty], [URI, ''])
  const drawn = more.filter((line) => line !== '')
  assert.ok(drawn.length > 15 && drawn.every((line) => /^[█▀▄ ]+$/.test(line) && line.length === drawn[0]?.length))
  assert.match(drawn[0] ?? '', /^█+$/, 'a light border')
  const coloured = (await run('people enrol ada --color always')).out.split('\n').filter((line) => line.includes('█'))
  assert.ok(coloured.every((line) => line.startsWith('\u001b[97;40m')))
  const ran = await run('people enrol ada')
  assert.match(ran.err, /holdfast people enrol ada --code 123456/)
})

test('ack: the only open one, as somebody, late, second, not yet recorded, unknown', async (t) => {
  plainly(t)
  const acts = (): AskRinger | undefined => world.asked.acts.at(-1)
  assert.match((await run('ack')).out, /^Ada has it\. Nobody else is paged\.\n$/)
  assert.deepEqual(acts(), { is: 'act', act: 'ack', via: 'cli', person: 'ada' })
  const noted = await run('ack 7 -m "the disk" --as bo')
  assert.deepEqual(acts(), { is: 'act', act: 'ack', via: 'cli', incident: '7', person: 'bo' })
  assert.deepEqual(noted.asked, [['incidents.update', { incident: sampleView.incident.id, text: 'the disk', person: 'bo' }]])
  await run('incidents pass 7')
  assert.deepEqual(acts(), { is: 'act', act: 'pass', via: 'cli', incident: '7', person: 'ada' })
  const stdin = await run('incidents update 7 -m -', { stdin: 'from a pipe' })
  assert.deepEqual(stdin.asked[0]?.[1], { incident: '7', text: 'from a pipe', person: 'ada' })

  fakes.ring = () => ({ is: 'did', recorded: false, view: { ...sampleView, state: 'held', heldBy: 'ada' } })
  const unrecorded = await run('ack')
  assert.deepEqual([unrecorded.exit, unrecorded.out.startsWith('Taken, not yet recorded. Ada has it')], [0, true])
  fakes.ring = () => ({ is: 'did', recorded: true, view: { ...sampleView, person: 'bo', state: 'held', heldBy: 'ada', heldSince: instantOf(NOW) } })
  const second = await run('ack --as bo')
  assert.deepEqual([second.exit, second.out], [0, 'Ada has it since 13:00. Nobody else is paged.\n'])
  fakes.ring = () => ({ is: 'no', why: 'closed', says: 'over' })
  assert.equal((await run('ack')).exit, 0)
  fakes.ring = () => ({ is: 'no', why: 'unknown-incident', says: 'Which one? Open: 7 db, 8 api.' })
  const which = await run('ack')
  assert.deepEqual([which.exit, /Which one\? Open: 7 db[\s\S]*help: name it: holdfast ack 212/.test(which.err)], [1, true])
  fakes.ring = () => ({ is: 'no', why: 'unknown-person', says: 'Root is not among the people who can be paged.' })
  const who = await run('ack', { env: { HOLDFAST_PERSON: '' } })
  assert.deepEqual([who.exit, /holdfast ack --as ada/.test(who.err)], [2, true])
  assert.equal((await run('ack')).exit, 2)
  fakes.ring = () => ({ is: 'away', says: 'The ringer does not answer.' })
  assert.equal((await run('ack')).exit, 7)
})

test('oncall test waits for the acknowledgement: 0 when it came, 6 when it did not; a loopback address is warned of', async (t) => {
  plainly(t)
  const taken = await run('oncall test ada --channel email')
  assert.equal(taken.exit, 0)
  assert.deepEqual(taken.asked.map(([name, args]) => [name, args]), [['status', {}], ['oncall.test', { who: 'ada', channel: 'email' }], ['oncall.tested', { pages: ['tst_1'] }]])
  assert.match(taken.out, /● {2}ada {2}email {2}acknowledged at[\s\S]*Everybody acknowledged/)
  assert.match(taken.err, /this machine only/)
  fakes.call = (name) => (name === 'oncall.tested' ? { is: 'answered', status: 200, body: tested(null) } : undefined)
  const silent = await run('oncall test --timeout 300ms')
  assert.equal(silent.exit, 6)
  assert.match(silent.out, /Ada did not acknowledge/)
  fakes.call = (name) => (name === 'oncall.test' ? { is: 'answered', status: 200, body: tested(null, 'failed') } : undefined)
  const failed = await run('oncall test')
  assert.equal(failed.exit, 6)
  assert.match(failed.out, /not sent: no such host/)
})
