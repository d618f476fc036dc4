// What keeps a way back from going by itself, whatever both agreed to.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Plan } from '../plan.ts'
import type { FilledRunbook } from '../runbook.ts'
import type { Sight } from '../sight.ts'
import type { Cluster, Topology } from '../topology.ts'
import { gatesBack } from './unattended.ts'

const SEEN: Sight = { is: 'seen', total: 5, healthy: ['db-1', 'db-2', 'db-3', 'db-4', 'db-5'] }
const NONE: Topology = { hosts: [], clusters: [] }
const keeps = (tolerate: number): Pick<FilledRunbook, 'hosts' | 'keep'> => ({ hosts: { cluster: 'shop', names: ['db-1'], serial: 1 }, keep: { cluster: 'shop', tolerate } })
/** `now` and `after`: further failures that are tolerated, before it and while its hosts are away. */
const found = (now: number | null, after: number | null, { tolerate = 1, sight = { shop: SEEN } }: { tolerate?: number; sight?: Record<string, Sight> } = {}): readonly string[] =>
  gatesBack({ plan: { tolerance: now, steps: [{ tolerance: after }] } as unknown as Plan, runbook: keeps(tolerate), gone: [] }, 0, { topology: NONE, sight: (name) => sight[name] ?? { is: 'unknown', says: 'nobody was heard' }, clusters: Object.keys(sight) }).map((it) => it.found)

test('C-1 a way back goes by itself only where its clusters are one, and can spare what it takes', () => {
  assert.deepEqual([found(1, 1), found(2, 1), found(null, null)], [['pass'], ['pass'], ['pass']])
  assert.deepEqual([found(1, 0), found(1, 0, { tolerate: 0 })], [['fail'], ['pass']], 'it would leave less than is kept')
  assert.deepEqual(found(0, 0), ['pass'], 'it makes it no less than it is')
  assert.deepEqual([found(0, -1, { tolerate: 0 }), found(-1, -1, { tolerate: 0 })], [['fail'], ['fail']], 'too few are left')
  const split: Sight = { is: 'split', hosts: ['db-1', 'db-4'], says: 'db-1 and db-4 both lead' }
  assert.deepEqual([found(1, 1, { sight: { shop: split } }), found(1, 1, { sight: { shop: SEEN, front: split } })], [['fail'], ['pass', 'fail']])
  assert.deepEqual(found(null, null, { sight: { shop: { is: 'unknown', says: 'nobody was heard' } } }), ['unknown'])
})

test('C-1 a way back that goes by itself leaves enough of every cluster that has a member among the hosts that it takes, or is decided for by one', () => {
  const cluster = (name: string, kind: Cluster['kind'], members: readonly string[], more: Partial<Cluster> = {}): Cluster => ({ name, kind, members, weights: {}, from: 'holdfast.yaml:5', ...more })
  const topology: Topology = { hosts: [], clusters: [cluster('shop', 'galera', ['db-1', 'db-2', 'db-3']), cluster('dcs', 'etcd', ['db-1', 'db-2', 'x-1']), cluster('pg', 'patroni', ['pg-1', 'pg-2'], { dcs: 'dcs' }), cluster('far', 'etcd', ['y-1', 'y-2', 'y-3'])] }
  const seen = (...healthy: readonly string[]): Sight => ({ is: 'seen', total: 3, healthy })
  const back = (dcs: Sight, gone: readonly string[] = ['db-1']): string[] => {
    const sight: Record<string, Sight> = { shop: seen('db-1', 'db-2', 'db-3'), dcs, pg: { is: 'seen', total: 2, healthy: ['pg-1', 'pg-2'] }, far: seen() }
    const plan = { tolerance: 1, steps: [{ tolerance: 1 }] } as unknown as Plan
    return gatesBack({ plan, runbook: keeps(0), gone: [new Map(gone.map((host) => [host, 'left'] as const))] }, 0, { topology, sight: (name) => sight[name] ?? { is: 'unknown', says: '' }, clusters: ['shop'] }).map(({ want, found: of }) => `${want.split(' ')[0] ?? ''} ${of}`)
  }
  assert.deepEqual(back(seen('db-1', 'db-2', 'x-1')), ['shop pass', 'dcs pass', 'pg pass'])
  assert.deepEqual(back(seen('db-1', 'db-2')), ['shop pass', 'dcs fail', 'pg fail'], 'x-1 is down: nobody says who leads while db-1 is away')
  assert.deepEqual(back({ is: 'unknown', says: 'nobody was heard' }), ['shop pass', 'dcs unknown', 'pg unknown'])
  assert.deepEqual(back(seen('db-1', 'db-2'), []), ['shop pass'], 'nothing is taken')
})
