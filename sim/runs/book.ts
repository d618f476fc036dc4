// The configuration of simulated runs: three hosts that form a cluster, and runbooks of few short steps, so that a schedule of a minute holds a whole run.
import { ms, seconds } from '../../src/core/time.ts'
import type { InForce } from '../../src/engine/keeper.ts'
import type { Act, Runbook, Step } from '../../src/rooms/change/runbook.ts'
import type { Plan } from '../../src/rooms/page/plan.ts'
import { chance, type Chance } from '../clock.ts'
import { scenario, START } from '../scenario.ts'

export const HOSTS = ['db-1', 'db-2', 'db-3'] as const
export type HostName = (typeof HOSTS)[number]
/** The host that is worked on. */
export const HOST: HostName = 'db-1'
export const CLUSTER = 'shop-db'
export const PEOPLE = ['ada', 'bo'] as const
export type PersonName = (typeof PEOPLE)[number]

const run = (what: string): Act => ({ is: 'driver', driver: 'run', deeds: Object.fromEntries(HOSTS.map((on) => [on, { config: { run: [what], on }, says: `run ${what} on ${on}` }])) })
const exits: Step['until'] = [{ is: 'driver', claims: Object.fromEntries(HOSTS.map((on) => [on, { exit: 0 }])) }]
const within = seconds(40)
const takes = ['{{host}}']

const STEPS = {
  drain: { id: 'drain', act: run('drain'), takes: [], until: exits, within, undo: run('undrain') },
  stop: { id: 'stop', act: run('stop'), takes, until: [{ is: 'stopped', host: '{{host}}' }], within, undo: run('start') },
  memory: { id: 'memory', act: { is: 'manual', text: 'Add the memory to {{host}}.' }, takes, until: [{ is: 'links', host: '{{host}}' }, { is: 'boots', host: '{{host}}' }, { is: 'synced', cluster: CLUSTER, host: '{{host}}' }], within },
  start: { id: 'start', act: run('start'), takes, until: [{ is: 'synced', cluster: CLUSTER, host: '{{host}}' }], within },
  undrain: { id: 'undrain', act: run('undrain'), takes: [], until: exits, within },
} satisfies Record<string, Step>
export type StepName = keyof typeof STEPS

/** Which steps a run may have. */
const COURSES: readonly (readonly StepName[])[] = [['drain', 'undrain'], ['stop', 'start'], ['drain', 'stop', 'start'], ['memory'], ['drain', 'memory']]

/** Which cluster the hosts form. */
export type ClusterName = 'galera' | 'patroni'

/** What is led: the run of one host, a rehearsal of it, or a rolling run over all hosts, of which so many may fail. */
export interface Kind { readonly rehearse: boolean; readonly rolling: boolean; readonly maxFailures: number; readonly cluster: ClusterName; /** Patroni: who leads at first. */ readonly leader: HostName }

/** By dice of its own, so that what else a seed brings about stays as it is. */
export function kindOf(seed: number): Kind {
  const dice = chance(seed ^ 0x60a1)
  const roll = dice.next()
  return { rehearse: roll < 0.04, rolling: roll >= 0.04 && roll < 0.08, maxFailures: dice.int(2), cluster: dice.yes(0.2) ? 'patroni' : 'galera', leader: dice.pick(HOSTS) }
}

/** With steps of the seed's choice. `closes`: its window closes at that minute of the day. */
export function bookOf(dice: Chance, closes: number | undefined, { rolling, maxFailures }: Kind): Runbook {
  return {
    name: 'grow', title: 'Add memory', people: { does: ['ada'], checks: ['bo'] }, hosts: { cluster: CLUSTER, names: HOSTS, serial: 1, ...(rolling ? { maxFailures } : {}) }, from: 'sim',
    ...(closes === undefined ? {} : { window: { days: [1, 2, 3, 4, 5, 6, 7], from: (closes + 720) % 1440, to: closes, timezone: 'UTC' } }),
    preflight: [{ is: 'links' }, { is: 'healthy' }, { is: 'incidents' }], keep: { cluster: CLUSTER, tolerate: 0 },
    guard: [{ is: 'links' }, { is: 'members', cluster: CLUSTER, atLeast: 2 }], steps: dice.pick(COURSES).map((name) => STEPS[name]),
  }
}

/** The same with a step more: another plan. */
export const edited = (book: Runbook): Runbook => ({ ...book, steps: [...book.steps, { ...STEPS.undrain, id: 'more' }] })

const person = (name: PersonName): Plan['people'][string] => ({ name, roles: ['owner'], reach: [{ channel: 'mail', after: ms(0) }] })

export function configOf(book: Runbook, cluster: ClusterName, version = '1'): InForce {
  return {
    ...scenario, version, checks: [], boards: [], backups: [], ingest: [], plan: { ...scenario.plan, people: { ada: person('ada'), bo: person('bo') } },
    change: {
      hosts: HOSTS.map((name) => ({ name, ssh: { host: name }, fate: {}, links: [{ name: 'eth0' }], from: 'sim' })), runbooks: [book],
      clusters: [{ name: CLUSTER, kind: cluster, members: HOSTS, weights: {}, canary: 'holdfast.canary', from: 'sim' }],
    },
  }
}

/** The minute of the day in which a run begins. */
export const FIRST_MINUTE = Math.floor((START % 86_400_000) / 60_000)
