// What is a surprise to a run, as stories: what joins an incident that is known is one as much as an incident of its own; what was known before the first press stays
// known, over a halt and over a restart of the keeper; what turned while no keeper was there is one; and what a step has taken is none until somebody has seen it back.
import assert from 'node:assert/strict'
import test from 'node:test'
import { checkOf } from '../../../test/keeper-world.ts'
import { begun, book, type Story } from '../../../test/story/led.ts'
import { AGAIN, manual, runWorld, type Said } from '../../../test/story/runs.ts'
import { minutes, ms, seconds } from '../../core/time.ts'
import type { Cluster } from '../../rooms/change/topology.ts'
import { rebuildLedger } from '../../db/verify.ts'
import { ledIn } from './led.ts'
import type { RunAnswer } from '../../views/change/runs.ts'

const BLIP = { 'web-2': { downs: 2 } }
const down = async (it: Story, ...names: readonly string[]): Promise<void> => {
  for (let n = 0; n < 2; n++) for (const name of names) await it.look(name, 'fail')
}
const resume = async (it: Story): Promise<void> => {
  assert.equal((await it.call('runs.resume')).status, 200)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
}

test('C-6 C-15 a window that closes in the middle halts it, pages both, and leaves the way back and what makes more failures tolerable', async (t) => {
  const at = new Date((await runWorld(t, book())).keeper.now().wall)
  const minute = at.getUTCHours() * 60 + at.getUTCMinutes()
  const shuts = { days: [1, 2, 3, 4, 5, 6, 7], from: (minute + 1420) % 1440, to: (minute + 3) % 1440, timezone: 'UTC' }
  const close = async (it: Story): Promise<void> => {
    for (let n = 0; n < 60 && (await it.state()).halt === null; n++) {
      await it.leap(seconds(4))
      await it.second()
    }
  }
  const it = await begun(t, [], book({ window: shuts }))
  await it.press('ada', 'bo')
  await it.second()
  await close(it)
  const { state, halt, steps } = await it.state()
  assert.deepEqual([state, halt, steps[0]?.state, it.open()], ['halted', { subject: 'window', claim: 'has closed' }, 'running', [`run:${it.id}`]])
  await it.second({ 'web-1': { boot: AGAIN } })
  await it.second({ 'web-1': { boot: AGAIN } })
  assert.deepEqual([(await it.state()).steps[0]?.state, (await it.state()).undo], ['done', 'memory'], 'what was under way came to its end')
  it.boots.set('web-1', AGAIN)
  assert.equal((await it.call('runs.resume')).status, 200)
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.state()).state, 'halted', 'nobody goes on outside of it')
  assert.equal((await it.call('runs.undo')).status, 200)
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  await it.second()
  assert.deepEqual([(await it.state()).state, (await it.told()).at(-1)], ['halted', 'began memory'])

  const last = await begun(t, [], book({ window: shuts, steps: [manual('look', { takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }] })] }))
  await last.press('ada', 'bo')
  await last.second()
  await close(last)
  assert.deepEqual([(await last.state()).state, (await last.state()).halt], ['running', null], 'nothing is left that it would keep from beginning')
})

test('C-2 C-14 a cable of a host that is lost at its other end alone halts the run, and both ends are named', async (t) => {
  const it = await runWorld(t, book())
  const { config } = it.keeper
  const change = config.change ?? assert.fail()
  const far = { name: 'gate', fate: {}, links: [{ name: 'eth7', neighbour: 'web-2', end: 'eth0' }], from: 'x' }
  const edited = it.keeper.configure({ ...config, version: '2', change: { ...change, hosts: [...change.hosts.map((one) => (one.name === 'web-2' ? { ...one, links: [{ name: 'eth0', neighbour: 'gate', end: 'eth7' }] } : one)), far] } })
  await it.settle()
  await edited
  const hear = (carrier: 'up' | 'down'): void => {
    const { tick, wall } = it.keeper.now()
    it.keeper.runs.hear({ is: 'account', host: 'gate', asked: { tick, boot: 'boot' }, account: { question: 1, boot: AGAIN, clock: Math.floor(wall / 1000), links: [['eth7', { carrier, downs: carrier === 'up' ? 0 : 1 }]] } })
  }
  hear('up')
  const { body } = await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada' })
  const { run } = body as RunAnswer
  assert.deepEqual(await it.press(run, 'ada', 'bo'), [200, 200])
  hear('up')
  await it.second()
  hear('up')
  await it.second()
  const before = await it.state(run)
  assert.deepEqual([before.halt, before.steps[0]?.state], [null, 'running'])
  hear('down')
  await it.settle()
  assert.deepEqual((await it.state(run)).halt, { subject: 'link:gate/eth7', claim: 'lost carrier (its other end is web-2/eth0)' })
})

test('C-8 C-14 what joins an incident that was excused, or known before, halts the run', async (t) => {
  const checks = [checkOf('node', { standsOn: ['web-1'] }), checkOf('shop', { dependsOn: ['node'] })]
  const it = await begun(t, checks)
  await it.press('ada', 'bo')
  await it.second()
  await down(it, 'node')
  await it.second()
  assert.deepEqual([(await it.state()).state, it.open()], ['running', ['check:node']])
  await down(it, 'shop', 'node')
  await it.second()
  assert.deepEqual([(await it.state()).halt?.claim, it.open()[0]], ['grew: node is down, and now shop', 'check:node'])

  const known = await begun(t, [checkOf('base'), checkOf('shop', { dependsOn: ['base'] })], book({ preflight: [] }))
  await down(known, 'base')
  await known.second()
  await known.press('ada', 'bo')
  await known.second()
  await known.second()
  assert.equal((await known.state()).state, 'running')
  await down(known, 'shop', 'base')
  await known.second()
  assert.equal((await known.state()).halt?.claim, 'grew: base is down, and now shop')
})

test('C-8 C-15 what was known before the first press is known after a halt too, and after a restart of the keeper', async (t) => {
  const it = await begun(t, [checkOf('other')], book({ preflight: [] }))
  for (let n = 0; n < 3; n++) await it.second()
  await down(it, 'other')
  for (let n = 0; n < 3; n++) await it.second()
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.state()).state, 'running')
  await it.heard(BLIP)
  await resume(it)
  for (let n = 0; n < 3; n++) await it.second(BLIP)
  assert.deepEqual([(await it.state()).state, (await it.state()).halt], ['running', null])
  await it.restart(it.keeper.config)
  await it.heard(BLIP)
  for (let n = 0; n < 3; n++) await it.second(BLIP)
  assert.deepEqual([(await it.state()).state, (await it.state()).halt], ['running', null])
})

/** How it stands by the first word of its hosts to a keeper that has just begun. */
const anew = async (it: Story, said: Said): Promise<unknown> => {
  await it.restart(it.keeper.config)
  await it.heard(said)
  const { halt } = await it.state()
  return halt === null ? null : `${halt.subject} ${halt.claim}`
}

test('C-14 a cable that was lost and is back, and a host that was booted, while the keeper began anew, halt the run from the first press on', async (t) => {
  const LOST = 'link:web-2/eth0 lost carrier once and has it again'
  const boots = await begun(t)
  assert.equal(await anew(boots, { 'web-2': { downs: 2 } }), null, 'nobody has pressed')
  await boots.look('api', 'pass')
  assert.deepEqual(await boots.press('ada'), [200])
  assert.equal(await anew(boots, { 'web-2': { downs: 2, boot: AGAIN } }), 'host:web-2 was booted again')

  const pressed = await begun(t)
  await pressed.press('ada')
  assert.equal(await anew(pressed, { 'web-2': { downs: 2 } }), LOST, 'not a second after the first press')

  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  assert.equal(await anew(it, {}), null)
  for (let n = 0; n < 2; n++) await it.second()
  assert.deepEqual([await anew(it, { 'web-2': { downs: 2 } }), it.open()], [LOST, [`run:${it.id}`]])
})

test('C-14 C-15 a run that both let go on is held against how its hosts were then, by the next keeper too; after its end nothing is kept', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  await it.heard(BLIP)
  await resume(it)
  await it.second(BLIP)
  assert.equal((await it.state()).halt, null)
  assert.equal(await anew(it, BLIP), null)
  assert.match(String(await anew(it, { 'web-2': { downs: 3 } })), /lost carrier once/)
  const kept = (): number | undefined => it.sql.get<{ n: number }>('select count(*) as n from change_baseline')?.n
  assert.equal(kept(), 1)
  const { length } = it.entries().filter(({ is }) => is === 'change.baselined')
  for (let n = 0; n < 5; n++) await it.second({ 'web-2': { downs: 3 + n } })
  assert.equal(it.entries().filter(({ is }) => is === 'change.baselined').length, length, 'while it is halted, nothing of it is written down')
  assert.equal((await it.call('runs.abort')).status, 200)
  assert.equal(kept(), 0)
  assert.deepEqual(rebuildLedger(it.sql, it.keeper.store.rooms, { replace: false }).differed, [])
})

test('C-13 the host that a step takes may be booted while the keeper begins anew, and what comes after is held against that boot', async (t) => {
  const it = await begun(t)
  await it.press('ada', 'bo')
  await it.second()
  it.boots.set('web-1', AGAIN)
  assert.equal(await anew(it, {}), null)
  await it.second()
  assert.equal((await it.state()).steps[0]?.state, 'done')
  await it.second()
  assert.equal(await anew(it, {}), null)
  it.boots.delete('web-1')
  assert.equal(await anew(it, {}), 'host:web-1 was booted again')
})

test('C-14 a host that was known, and of which nothing is heard since the keeper began anew, is not known any more', async (t) => {
  const it = await begun(t, [], book({ guard: [] }))
  await it.press('ada', 'bo')
  await it.second()
  await it.restart(it.keeper.config)
  for (let n = 0; n < 10; n++) await it.second({ 'web-2': 'silent' })
  assert.equal((await it.state()).halt, null, 'what it said was good for ten seconds')
  for (let n = 0; n < 2; n++) await it.second({ 'web-2': 'silent' })
  assert.deepEqual([(await it.state()).halt?.subject, (await it.state()).halt?.claim], ['link:web-2/eth0', 'is not known any more: nothing is heard of web-2'])
})

test('C-14 a host that is heard no more halts the run within three seconds, and its one cable is named, or all of them', async (t) => {
  for (const [links, halt] of [[['eth0'], ['link:web-2/eth0', 'is not known any more: nothing is heard of web-2']], [['eth0', 'eth1'], ['host:web-2', 'is not known any more: nothing is heard of web-2 (eth0, eth1)']]] as const) {
    const it = await runWorld(t, book({ guard: [] }))
    const { change } = it.keeper.config
    Object.assign(it.keeper.config, { change: { ...change, hosts: change?.hosts.map((host) => ({ ...host, links: links.map((name) => ({ name })) })) } })
    const { run } = (await it.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada' })).body as RunAnswer
    await it.press(run, 'ada', 'bo')
    for (let n = 0; n < 3; n++) await it.second()
    await it.second({ 'web-2': 'silent' })
    await it.heard()
    for (let n = 0; n < 3; n++) await it.second()
    assert.equal((await it.state(run)).halt, null, 'one answer was late')
    for (let n = 0; n < 2; n++) await it.second({ 'web-2': 'silent' })
    assert.deepEqual([(await it.state(run)).halt?.subject, (await it.state(run)).halt?.claim, it.open()], [...halt, [`run:${run}`]])
  }
})

test('C-14 an edit forgets the silence of no host but of one that is reached in another way since', async (t) => {
  for (const [edited, halted] of [['web-1', 'link:web-2/eth0'], ['web-2', undefined]] as const) {
    const it = await begun(t, [], book({ guard: [] }))
    await it.press('ada', 'bo')
    for (let n = 0; n < 3; n++) await it.second()
    await it.second({ 'web-2': 'silent' })
    const { config } = it.keeper
    const change = config.change ?? assert.fail()
    const known = it.keeper.configure({ ...config, version: '2', change: { ...change, hosts: change.hosts.map((host) => (host.name === edited ? { ...host, look: { host: '10.0.0.9' } } : host)) } })
    await it.settle()
    await known
    await it.second({ 'web-2': 'silent' })
    assert.equal((await it.state()).halt?.subject, halted, edited)
  }
})

test('C-13 C-14 silence for a moment is none of the surprises of a host that a step takes, of a keeper that stood still, and of a scout that went', async (t) => {
  const still = async (it: Story, what: string): Promise<void> => assert.equal((await it.state()).halt, null, what)
  const taken = await begun(t, [], book({ guard: [] }))
  await taken.press('ada', 'bo')
  for (let n = 0; n < 3; n++) await taken.second()
  for (let n = 0; n < 15; n++) await taken.second({ 'web-1': 'silent' })
  await still(taken, 'its step takes it')

  const it = await begun(t, [], book({ guard: [] }))
  await it.press('ada', 'bo')
  for (let n = 0; n < 3; n++) await it.second()
  await it.leap(seconds(5))
  for (let n = 0; n < 3; n++) await it.second()
  await still(it, 'it had read nothing of what was said meanwhile')
  it.keeper.runs.scoutGone()
  for (let n = 0; n < 8; n++) await it.second({ 'web-1': 'silent', 'web-2': 'silent' })
  await still(it, 'the next scout has not asked yet')
  for (let n = 0; n < 3; n++) await it.second()
  for (let n = 0; n < 2; n++) await it.second({ 'web-2': 'silent' })
  assert.equal((await it.state()).halt?.subject, 'link:web-2/eth0', 'and when it has, silence counts as ever')
})

test('C-14 a press that is refused is told which cable of all is to blame, and so is whoever hears what halted a run', async (t) => {
  const it = await begun(t, [], book({ preflight: [{ is: 'links' }, { is: 'incidents' }] }))
  await it.second()
  await it.heard({ 'web-2': { carrier: 'down' } })
  const agreement = (await it.state()).asked?.agreement ?? ''
  assert.equal(it.keeper.runs.mayPress(agreement), 'all links are up: fail (link:web-2/eth0: eth0 has no carrier); all links are up, but for web-1: fail (link:web-2/eth0: eth0 has no carrier)')
  await it.heard()
  await it.press('ada')
  for (let n = 0; n < 12; n++) await it.second({ 'web-2': 'silent' })
  const { subject = '', claim = '' } = (await it.state()).halt ?? {}
  assert.match(`${subject} ${claim}`, /^(?:host:web-2|link:web-2\/eth0) is not known any more/)
})

test('C-13 C-15 an incident of a host that a step took is none of the surprises until it was seen back, between steps too', async (t) => {
  const names = ['web-1', 'web-2', 'web-3']
  const takes = ['{{host}}']
  const steps = [manual('stop', { takes, until: [{ is: 'stopped', host: '{{host}}' }] }), manual('start', { takes, until: [{ is: 'synced', cluster: 'shop', host: '{{host}}' }] })]
  const runbook = book({ hosts: { cluster: 'shop', names, serial: 1 }, preflight: [], guard: [], steps })
  const it = await begun(t, [checkOf('node', { standsOn: ['web-1'] }), checkOf('other', { standsOn: ['web-2'] })], runbook, { accept: [{ code: 'tolerance.stop', reason: 'Agreed with the customer' }] }, [{ name: 'shop', kind: 'etcd', members: names, weights: {}, from: 'holdfast.yaml:5' }])
  await it.press('ada', 'bo')
  for (let n = 0; n < 2; n++) await it.second()
  it.stopped.add('web-1')
  for (let n = 0; n < 5; n++) await it.second()
  assert.deepEqual([(await it.state()).state, (await it.state()).steps[0]?.state], ['offered', 'done'])
  await down(it, 'node')
  for (let n = 0; n < 2; n++) await it.second()
  assert.deepEqual([(await it.state()).halt, it.open()], [null, ['check:node']])
  await it.heard(BLIP)
  await resume(it)
  for (let n = 0; n < 2; n++) await it.second(BLIP)
  assert.deepEqual([(await it.state()).state, (await it.state()).halt], ['offered', null])
  await down(it, 'other')
  await it.second(BLIP)
  assert.equal((await it.state()).halt?.claim, 'was opened: other is down')
})

test('C-13 a host that was booted is back when the step that took it is done: what fails there in the next one is a surprise', async (t) => {
  const boot = manual('boot', { takes: ['{{host}}'], until: [{ is: 'links', host: '{{host}}' }, { is: 'boots', host: '{{host}}' }] })
  const it = await begun(t, [checkOf('node', { standsOn: ['web-1'] })], book({ preflight: [], steps: [boot, manual('look', { until: [{ is: 'boots', host: 'web-2' }] })] }))
  await it.press('ada', 'bo')
  await it.second()
  it.boots.set('web-1', AGAIN)
  for (let n = 0; n < 2; n++) await it.second()
  assert.deepEqual([await it.press('ada', 'bo'), (await it.state()).steps[0]?.state], [[200, 200], 'done'])
  await it.second()
  await down(it, 'node')
  await it.second()
  assert.equal((await it.state()).halt?.claim, 'was opened: node is down')
})

test('C-14 of cables of which nobody has heard since the keeper began anew, nothing is made until what was said before is too old; one that fails halts', async (t) => {
  const silent = async (it: Story, n: number): Promise<void> => {
    for (let at = 0; at < n; at++) await it.second({ 'web-1': 'silent', 'web-2': 'silent' })
  }
  const it = await begun(t, [], book({ guard: [{ is: 'links' }], steps: [manual('look')] }))
  await it.press('ada')
  await it.second()
  await it.restart(it.keeper.config)
  await silent(it, 3)
  assert.equal((await it.state()).halt, null)
  await silent(it, 9)
  assert.match((await it.state()).halt?.claim ?? '', /not known any more/)
  const cut = await begun(t, [], book({ guard: [{ is: 'links' }], steps: [manual('look')] }))
  await cut.press('ada')
  await cut.second()
  assert.match(String(await anew(cut, { 'web-2': { carrier: 'down', downs: 2 } })), /web-2/)
})

test('C-13 C-15 where the guard wants no incident, its own page and what its step takes stand in the way of nothing; any other does', async (t) => {
  const it = await begun(t, [checkOf('node', { standsOn: ['web-1'] }), checkOf('other')], book({ guard: [{ is: 'incidents' }], steps: [manual('boot', { takes: ['{{host}}'], until: [{ is: 'boots', host: '{{host}}' }] }), manual('look')] }))
  await it.press('ada', 'bo')
  await it.second()
  await down(it, 'node')
  await it.second()
  assert.deepEqual([(await it.state()).halt, it.open()], [null, ['check:node']])
  assert.equal((await it.call('runs.halt')).status, 200)
  await resume(it)
  await it.second()
  assert.deepEqual([(await it.state()).halt, it.open()], [null, ['check:node']])
  await down(it, 'other')
  await it.second()
  assert.equal((await it.state()).state, 'halted')
  await resume(it)
  for (let n = 0; n < 2; n++) await it.second()
  assert.equal((await it.state()).state, 'halted')
})

test('C-14 what was there when somebody pressed first is known, however little time there was to look; what was opened after that is a surprise', async (t) => {
  const it = await runWorld(t, book({ preflight: [] }))
  const begin = async (host: string): Promise<string> => ((await it.ask('runs.begin', { runbook: 'grow', host, person: 'ada' })).body as RunAnswer).run
  const one = await begin('web-1')
  assert.deepEqual(await it.press(one, 'ada', 'bo'), [200, 200])
  for (let n = 0; n < 2; n++) await it.second()
  assert.equal((await it.ask('runs.halt', { run: one, person: 'bo' })).status, 200)
  await it.pass(ms(100))
  const two = await begin('web-2')
  assert.deepEqual(await it.press(two, 'ada', 'bo'), [200, 200])
  for (let n = 0; n < 3; n++) await it.second()
  assert.deepEqual([(await it.state(two)).state, (await it.state(two)).halt], ['running', null])

  const later = await runWorld(t, book({ preflight: [] }), [checkOf('other')])
  const { run } = (await later.ask('runs.begin', { runbook: 'grow', host: 'web-1', person: 'ada' })).body as RunAnswer
  assert.deepEqual(await later.press(run, 'ada', 'bo'), [200, 200])
  await later.pass(ms(100))
  for (let n = 0; n < 2; n++) await later.look('other', 'fail')
  await later.second()
  assert.equal((await later.state(run)).halt?.claim, 'was opened: other is down')
})

test('C-8 C-15 the halt of another run is a surprise, and of two that have halted each other both go on', async (t) => {
  const it = await runWorld(t, book({ preflight: [] }))
  const begin = async (host: string): Promise<string> => ((await it.ask('runs.begin', { runbook: 'grow', host, person: 'ada' })).body as RunAnswer).run
  const [one, other] = [await begin('web-1'), await begin('web-2')]
  for (const id of [one, other]) assert.deepEqual(await it.press(id, 'ada', 'bo'), [200, 200])
  for (let n = 0; n < 2; n++) await it.second()
  assert.equal((await it.ask('runs.halt', { run: one, person: 'bo' })).status, 200)
  for (let n = 0; n < 2; n++) await it.second()
  assert.match((await it.state(other)).halt?.claim ?? '', /^was opened: Stopped: /)
  for (const id of [one, other]) {
    assert.equal((await it.ask('runs.resume', { run: id, person: 'ada' })).status, 200)
    assert.deepEqual(await it.press(id, 'ada', 'bo'), [200, 200])
    for (let n = 0; n < 3; n++) await it.second()
    assert.deepEqual([(await it.state(id)).state, (await it.state(id)).halt], ['running', null])
  }
  assert.deepEqual(it.open(), [])
})

test('C-19 the ringer is told of a run from its first press to its end', async (t) => {
  const it = await begun(t)
  assert.deepEqual(ledIn(it.sql), [])
  await it.press('ada')
  assert.deepEqual(ledIn(it.sql), [{ id: it.id, title: 'Add memory, on web-1', people: ['ada', 'bo'] }])
  await it.call('runs.abort')
  assert.deepEqual(ledIn(it.sql), [])
})

test('C-19 a run that stands halted with nothing under way, and a rehearsal, are nothing that anybody leads just now; with a step under way it is', async (t) => {
  const it = await begun(t)
  await it.press('ada')
  await it.heard(BLIP)
  assert.deepEqual([(await it.state()).state, ledIn(it.sql)], ['halted', []])
  const under = await begun(t)
  await under.press('ada', 'bo')
  await under.second()
  await under.heard(BLIP)
  assert.deepEqual([(await under.state()).state, ledIn(under.sql).length], ['halted', 1], 'somebody is at it')
  const rehearsed = await begun(t, [], book(), { rehearse: true })
  await rehearsed.press('ada')
  assert.deepEqual(ledIn(rehearsed.sql), [])
})

test('C-8 C-13 a cluster that is out is no work of the step that takes one of its hosts: its incident halts the run', async (t) => {
  const cluster: Cluster = { name: 'shop-dcs', kind: 'etcd', members: ['dcs-1', 'dcs-2', 'dcs-3'], weights: {}, from: 'holdfast.yaml:5' }
  const it = await begun(t, [checkOf('node', { standsOn: ['web-1', 'shop-dcs'] })], book({ preflight: [] }), {}, [cluster])
  await it.look('node', 'pass')
  await it.press('ada', 'bo')
  await it.second()
  assert.equal((await it.state()).state, 'running')
  for (const host of cluster.members) it.stopped.add(host)
  await it.second()
  await down(it, 'node')
  await it.second()
  assert.deepEqual([it.open().includes('cluster:shop-dcs'), (await it.state()).halt?.claim], [true, 'was opened: shop-dcs is down'])
})


const front: Cluster = { name: 'front', kind: 'haproxy', members: ['lb-1'], weights: {}, backend: 'shop', from: 'holdfast.yaml:6' }

test('C-14 a balancer that a keeper which began anew has not heard of for a moment halts nothing, and for longer it does', async (t) => {
  const guard = [{ is: 'server', cluster: 'front', server: 'web-2', state: 'ready' }] as const
  for (const [muted, halt] of [[2, undefined], [5, 'is not known any more: nobody has heard of it yet']] as const) {
    const it = await begun(t, [], book({ preflight: [], guard }), {}, [front])
    await it.press('ada', 'bo')
    await it.second()
    assert.equal((await it.state()).state, 'running')
    it.mute.add('lb-1')
    await it.restart(it.keeper.config)
    for (let n = 0; n < muted; n++) await it.second()
    it.mute.delete('lb-1')
    for (let n = 0; n < 5; n++) await it.second()
    assert.equal((await it.state()).halt?.claim, halt, `${muted} s`)
  }
})

test('C-3 two runs that look at one balancer are not under way at the same time', async (t) => {
  const until = [{ is: 'server', cluster: 'front', server: '{{host}}', sessions: 0 }] as const
  const it = await begun(t, [], book({ steps: [manual('drain', { until })] }), {}, [front])
  const other = await it.ask('runs.begin', { runbook: 'grow', host: 'web-2', person: 'ada' })
  assert.deepEqual([other.status, JSON.stringify(other.body).includes('is under way there')], [409, true])
  assert.equal((await it.call('runs.abort')).status, 200)
  assert.equal((await it.ask('runs.begin', { runbook: 'grow', host: 'web-2', person: 'ada' })).status, 200)
})

test('C-13 a host that is silent when its step begins is booted when it is back in another boot than that of its last word', async (t) => {
  const it = await begun(t, [], book({ preflight: [], guard: [{ is: 'checks', names: ['api'] }], steps: [manual('memory', { takes: ['{{host}}'], within: minutes(5), until: [{ is: 'boots', host: '{{host}}' }] }), manual('look')] }))
  for (let n = 0; n < 15; n++) await it.second({ 'web-1': 'silent' })
  assert.deepEqual(await it.press('ada', 'bo'), [200, 200])
  await it.second({ 'web-1': 'silent' })
  assert.deepEqual([(await it.state()).steps[0]?.state, (await it.state()).halt], ['running', null])
  for (let n = 0; n < 3; n++) await it.second()
  assert.equal((await it.state()).steps[0]?.state, 'running', 'the same boot')
  for (let n = 0; n < 3; n++) await it.second({ 'web-1': { boot: AGAIN } })
  assert.equal((await it.state()).steps[0]?.state, 'done')
})

test('an offer that lapsed after one had pressed is paged to both, and ends when both are asked again', async (t) => {
  const it = await begun(t)
  const lapse = async (): Promise<void> => {
    for (let n = 0; n < 62; n++) {
      await it.leap(seconds(5))
      await it.heard()
      await it.look('api', 'pass')
    }
    for (let n = 0; n < 2; n++) await it.second()
  }
  await it.second()
  await lapse()
  assert.deepEqual([(await it.state()).state, it.open()], ['waiting', []], 'nobody had begun with it')
  assert.equal((await it.call('runs.resume')).status, 200)
  assert.deepEqual(await it.press('ada'), [200])
  await it.second()
  await lapse()
  assert.deepEqual([(await it.state()).state, it.open()], ['waiting', [`run:${it.id}/lapsed`]])
  assert.equal((await it.call('runs.resume')).status, 200)
  await it.second()
  assert.deepEqual([(await it.state()).state, it.open()], ['offered', []])
})
