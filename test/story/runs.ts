// Runs over a keeper whose clock the test turns: hosts that say how they are, a check that passes, and two people who press.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { minutes, ms, seconds } from '../../src/core/time.ts'
import { codeAt, periodOf } from '../../src/core/totp.ts'
import type { ChangeConfig } from '../../src/rooms/change/config.ts'
import type { FromScout } from '../../src/rooms/change/heard/protocol.ts'
import type { Runbook, Step } from '../../src/rooms/change/runbook.ts'
import type { Report } from '../../src/rooms/change/sight.ts'
import type { Cluster, Host } from '../../src/rooms/change/topology.ts'
import { loadFactors } from '../../src/rooms/people/rows.ts'
import type { Check } from '../../src/rooms/watch/check.ts'
import type { RunAnswer, RunTold } from '../../src/views/change/runs.ts'
import type { TotpAnswer } from '../../src/views/people.ts'
import { fromBase32 } from '../base32.ts'
import { checkOf, configOf, keeperWorld, plan, type KeeperWorld } from '../keeper-world.ts'

export const BOOT = '58c1dbd2-296e-4f28-bb18-25fae3b55a7b'
export const AGAIN = '11111111-2222-4333-8444-555555555555'

export const manual = (id: string, more: Partial<Step> = {}): Step => ({ id, act: { is: 'manual', text: `Do ${id} on {{host}}.` }, takes: [], until: [{ is: 'checks', names: ['api'] }], within: minutes(5), ...more })
export const hostNamed = (name: string): Host => ({ name, fate: {}, links: [{ name: 'eth0' }], from: 'holdfast.yaml:2' })
/** `racks`: of hosts, where they have one. */
export const changeOf = (runbook: Runbook, clusters: readonly Cluster[] = [], racks: Readonly<Record<string, string>> = {}): ChangeConfig =>
  ({ hosts: runbook.hosts.names.map((name) => ({ ...hostNamed(name), fate: racks[name] === undefined ? {} : { rack: racks[name] } })), clusters, runbooks: [runbook] })
const member = (name: string): (typeof plan.people)[string] => ({ name, email: `${name}@acme.example`, reach: [{ channel: 'mail', after: ms(0) }], roles: ['owner'] })

/** What hosts say of themselves; of those that are left out, that all is as it was. */
export type Said = Readonly<Record<string, { readonly boot?: string; readonly carrier?: 'up' | 'down'; readonly downs?: number } | 'silent'>>

export interface RunWorld extends KeeperWorld {
  /** Boots of hosts, where another one than the first. */
  readonly boots: Map<string, string>
  /** Hosts on which what runs there for its cluster (of etcd) has stopped. */
  readonly stopped: Set<string>
  /** Members of clusters of which nothing is heard. */
  readonly mute: Set<string>
  heard(more?: Said): Promise<void>
  /** A second with a look of everything. */
  second(more?: Said): Promise<void>
  press(run: string, ...people: readonly string[]): Promise<readonly number[]>
  state(run: string): Promise<RunAnswer>
  told(run: string): Promise<readonly string[]>
}

/** Everything was looked at, and all is well; nothing has begun. */
export async function runWorld(t: TestContext, runbook: Runbook, checks: readonly Check[] = [], clusters: readonly Cluster[] = [], racks: Readonly<Record<string, string>> = {}): Promise<RunWorld> {
  const people = [...new Set([...runbook.people.does, ...runbook.people.checks])]
  const config = { ...configOf([checkOf('api'), ...checks]), plan: { ...plan, people: Object.fromEntries(people.map((name) => [name, member(name)])) }, change: changeOf(runbook, clusters, racks) }
  const it = await keeperWorld(t, config)
  const boots = new Map<string, string>()
  const stopped = new Set<string>()
  const mute = new Set<string>()
  let question = 0
  const heard: RunWorld['heard'] = async (more = {}) => {
    for (const host of runbook.hosts.names) {
      const said = more[host] ?? {}
      const { tick, wall } = it.keeper.now()
      const asked = { tick, boot: 'boot' }
      const message: FromScout = said === 'silent' ? { is: 'silent', host, at: asked, says: 'it does not answer' }
        : { is: 'account', host, asked, account: { question: ++question, boot: said.boot ?? boots.get(host) ?? BOOT, clock: Math.floor(wall / 1000), links: [['eth0', { carrier: said.carrier ?? 'up', downs: said.downs ?? 1, speed: 1000 }]] } }
      it.keeper.runs.hear(message)
    }
    for (const { name: cluster, members, kind } of clusters) {
      const well: Report = kind === 'haproxy' ? { is: 'haproxy', servers: runbook.hosts.names.map((name) => ({ name, state: 'ready', up: true, sessions: 0 })) } : { is: 'etcd', healthy: true, leader: 'one', size: members.length }
      const { tick } = it.keeper.now()
      for (const host of members.filter((name) => !mute.has(name))) it.keeper.runs.hear({ is: 'member', cluster, host, asked: { tick, boot: 'boot' }, report: stopped.has(host) ? { is: 'stopped', says: 'its host refused the connection' } : well })
    }
    await it.settle()
  }
  for (const who of people) {
    const { secret } = (await it.ask('people.enrol', { who })).body as TotpAnswer
    assert.equal((await it.ask('people.enrol', { who, code: codeAt(fromBase32(secret), periodOf(it.keeper.now().wall)) })).status, 200)
  }
  await heard()
  for (let n = 0; n < 2; n++) await it.look('api', 'pass')
  const state = async (run: string): Promise<RunAnswer> => ((await it.ask('runs.show', { run })).body as RunTold).run
  return {
    ...it, boots, stopped, mute, heard, state,
    get keeper() { return it.keeper },
    async second(more) {
      await it.pass(seconds(1))
      await heard(more)
      await it.look('api', 'pass')
      it.keeper.runs.tick()
      await it.settle()
    },
    async press(run, ...people) {
      const statuses: number[] = []
      for (const person of people) {
        const { asked } = await state(run)
        const terms = it.sql.get<{ asked: string }>('select asked from people_agreement where id = ?', asked?.agreement ?? '')
        const { hash, id: agreement, asks, typed } = JSON.parse(terms?.asked ?? '{}') as { hash: string; id: string; asks: 'ready' | 'yes'; typed?: string }
        const refused = it.keeper.runs.mayPress(agreement)
        if (refused !== undefined) {
          statuses.push(409)
          continue
        }
        const proof = { means: 'totp', factor: loadFactors(it.sql, person)[0]?.id ?? '', factorAge: minutes(60 * 24 * 9), personAge: minutes(60 * 24 * 9), at: { tick: it.keeper.now().tick, boot: 'boot' }, hash } as const
        const pressed = it.keeper.engine.turn('press', (tx) => it.keeper.rooms.people.agreements.press(tx, { id: agreement, person, act: asks, hash, prove: () => proof, ...(typed === undefined ? {} : { typed }) }))
        await it.settle()
        statuses.push((await pressed)?.verdict.is === 'taken' ? 200 : 403)
      }
      return statuses
    },
    told: async (run) => ((await it.ask('runs.show', { run })).body as RunTold).told.map(({ event, step, cause }) => `${event}${step === null ? '' : ` ${step}`}${cause ? `: ${cause.subject} ${cause.claim}` : ''}`),
  }
}
