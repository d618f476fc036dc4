// Checks that lean on clusters and hosts: one cause is one incident, named after what is out; a cluster leans on the one that decides for it, for incidents and for gates;
// and what is not known accuses nobody.
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { checkOf, configOf, keeperWorld, type KeeperWorld } from '../../../test/keeper-world.ts'
import { hostNamed } from '../../../test/story/runs.ts'
import { seconds, tickOf } from '../../core/time.ts'
import { judgeWant } from '../../rooms/change/gates.ts'
import type { Report } from '../../rooms/change/sight.ts'
import type { Cluster } from '../../rooms/change/topology.ts'
import type { InForce } from '../keeper.ts'
import type { IncidentsAnswer } from '../../views/answers.ts'
import { factsOf } from '../../views/change/changes.ts'
import { groundsOf } from './grounds.ts'

const names = ['web-1', 'web-2', 'web-3']
const cluster = (name: string, kind: Cluster['kind'], more: Partial<Cluster> = {}): Cluster => ({ name, kind, members: names, weights: {}, from: 'holdfast.yaml:5', ...more })
const STOPPED: Report = { is: 'stopped', says: 'its host refused the connection' }
const DCS: Report = { is: 'etcd', healthy: true, leader: 'one', size: 3 }
const pg = (leads: boolean): Report => ({ is: 'patroni', running: true, leads, timeline: 3, position: 5_000_000, ...(leads ? {} : { streams: true }) })
const ALONE: Report = { is: 'etcd', healthy: false, leader: '', size: 3 }

/** A keeper that knows both clusters, and three checks that pass: `api` and `shop` lean on the database, `mail` on the one that decides for it. */
async function world(t: TestContext, config?: InForce): Promise<KeeperWorld & { heard(cluster: string, ...reports: (Report | undefined)[]): void }> {
  const checks = [checkOf('api', { standsOn: ['pg'] }), checkOf('shop', { standsOn: ['pg', 'web-1'] }), checkOf('mail', { standsOn: ['dcs'] })]
  const it = await keeperWorld(t, { ...(config ?? configOf(checks)), change: { hosts: names.map(hostNamed), clusters: [cluster('pg', 'patroni', { dcs: 'dcs' }), cluster('dcs', 'etcd')], runbooks: [] } })
  for (const name of config ? [] : ['api', 'shop', 'mail']) await it.look(name, 'pass')
  return {
    ...it,
    get keeper() { return it.keeper },
    heard(name, ...reports) {
      const { tick } = it.keeper.now()
      // A follower is held against what the leader had written a second before.
      for (const [n, report] of reports.entries()) if (report?.is === 'patroni' && report.leads) it.keeper.runs.hear({ is: 'member', cluster: name, host: names[n] ?? '', asked: { tick: tickOf(tick - 1000), boot: 'boot' }, report })
      for (const [n, report] of reports.entries()) if (report) it.keeper.runs.hear({ is: 'member', cluster: name, host: names[n] ?? '', asked: { tick, boot: 'boot' }, report })
    },
  }
}
const down = async (it: KeeperWorld, ...checks: readonly string[]): Promise<void> => {
  for (const name of checks) for (let n = 0; n < 2; n++) await it.look(name, 'fail')
}

test('W-2 what goes down because a cluster is out is one incident, named after the cluster, with all of it under it', async (t) => {
  const it = await world(t)
  it.heard('dcs', DCS, DCS, DCS)
  it.heard('pg', STOPPED, STOPPED, STOPPED)
  await down(it, 'api', 'shop')
  assert.deepEqual(it.open(), ['cluster:pg'])
  const { incidents } = (await it.ask('incidents.list', {})).body as IncidentsAnswer
  assert.deepEqual(incidents.map(({ title, members }) => [title, [...members].sort()]), [['pg is down', ['api', 'shop']]])
  await down(it, 'mail')
  assert.deepEqual(it.open(), ['cluster:pg', 'check:mail'], 'etcd is well: mail has a cause of its own')
  for (const name of ['api', 'shop', 'mail']) for (let n = 0; n < 3; n++) await it.look(name, 'pass')
  assert.deepEqual(it.open(), [])
})

test('W-2 P-1 whoever joins what a cluster has in common, and would ring others for it, is an incident of its own that names the cluster', async (t) => {
  const policies = { default: { name: 'default', steps: [{ page: [{ is: 'person', name: 'ada' }], wait: seconds(60) }] }, urgent: { name: 'urgent', steps: [{ page: [{ is: 'person', name: 'bo' }], wait: seconds(60) }] } } as const
  const checks = [checkOf('blog', { standsOn: ['pg'] }), checkOf('payments', { standsOn: ['pg'], escalate: 'urgent' }), checkOf('news', { standsOn: ['pg'] })]
  const config = configOf(checks)
  const it = await world(t, { ...config, plan: { ...config.plan, policies } })
  for (const { name } of checks) await it.look(name, 'pass')
  it.heard('dcs', DCS, DCS, DCS)
  it.heard('pg', STOPPED, STOPPED, STOPPED)
  await down(it, 'blog', 'payments', 'news')
  await it.pass(seconds(2))
  const { incidents } = (await it.ask('incidents.list', {})).body as IncidentsAnswer
  assert.deepEqual(incidents.map(({ title, members }) => `${title}: ${[...members].sort().join(', ')}`).toSorted(), ['payments is down: payments', 'pg is down: blog, news'])
  assert.match(incidents.find(({ title }) => title === 'payments is down')?.says ?? '', /refused the connection; it leans on pg, which is down: /)
  assert.deepEqual(it.sql.all<{ subject: string; escalate: string }>('select subject, escalate from page_incident order by subject').map(({ subject, escalate }) => [subject, escalate]), [['check:payments', 'urgent'], ['cluster:pg', 'default']], 'each rings whom it wants')
  for (const { name } of checks) for (let n = 0; n < 3; n++) await it.look(name, 'pass')
  assert.deepEqual(it.open(), [])
})

test('W-2 a cluster leans on the one that decides for it: etcd without a majority is the one incident of all three', async (t) => {
  const it = await world(t)
  it.heard('dcs', ALONE, STOPPED, STOPPED)
  it.heard('pg', pg(false), pg(false), STOPPED)
  await down(it, 'api', 'mail', 'shop')
  assert.deepEqual(it.open(), ['cluster:dcs'])
})

test('X-9 what is not known of a cluster, or of a part of it, accuses nobody: each check stands for itself', async (t) => {
  const it = await world(t)
  await down(it, 'api', 'shop')
  assert.deepEqual(it.open(), ['check:api', 'check:shop'], 'nobody was heard')
  const other = await world(t)
  other.heard('dcs', DCS, undefined, undefined)
  await down(other, 'mail')
  assert.deepEqual(other.open(), ['check:mail'], 'two of three may be well')
  const late = await world(t)
  late.heard('pg', STOPPED, STOPPED, STOPPED)
  await late.pass(seconds(11))
  await down(late, 'api')
  assert.deepEqual(late.open(), ['check:api'], 'what was heard is too old')
})

test('C-2 a cluster is no healthier than the one that decides for it', async (t) => {
  const it = await world(t)
  const judged = (...dcs: (Report | undefined)[]): string[] => {
    it.heard('pg', pg(true), pg(false), pg(false))
    it.heard('dcs', ...dcs)
    const grounds = groundsOf(it.keeper)
    const place = { topology: grounds.change, facts: factsOf(grounds), hosts: names, cluster: 'pg', gone: new Set<string>() }
    return ([{ is: 'healthy' }, { is: 'members', cluster: 'pg', atLeast: 2 }] as const).map((want) => judgeWant(want, place).found)
  }
  assert.deepEqual(judged(DCS), ['unknown', 'unknown'], 'two of the three that decide were never heard')
  assert.deepEqual(judged(DCS, DCS, DCS), ['pass', 'pass'])
  assert.deepEqual(judged(DCS, DCS, STOPPED), ['pass', 'pass'], 'a majority is enough')
  assert.deepEqual(judged(ALONE, STOPPED, STOPPED), ['fail', 'fail'])
})

test('C-2 C-14 a cluster that fails by its own word fails, though nobody knows how the one that decides for it stands', async (t) => {
  const it = await world(t)
  it.heard('pg', pg(true), STOPPED, STOPPED)
  it.heard('dcs', DCS)
  const grounds = groundsOf(it.keeper)
  const judged = judgeWant({ is: 'members', cluster: 'pg', atLeast: 2 }, { topology: grounds.change, facts: factsOf(grounds), hosts: names, cluster: 'pg', gone: new Set<string>() })
  assert.deepEqual([judged.found, judged.evidence[0]?.says.split(';')[0]], ['fail', '1 of 3 are healthy: web-1'])
})
