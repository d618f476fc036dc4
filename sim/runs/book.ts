// The configuration of simulated runs: hosts that form a cluster, and runbooks of few short steps, so that a schedule of a minute holds a whole run. Which kind of run a
// seed leads is drawn by dice of their own.
import { ms, seconds } from '../../src/core/time.ts'
import type { InForce } from '../../src/engine/keeper.ts'
import type { Act, Runbook, Step } from '../../src/rooms/change/runbook.ts'
import type { Plan } from '../../src/rooms/page/plan.ts'
import { chance, type Chance } from '../clock.ts'
import { scenario, START } from '../scenario.ts'

/** The first three form a cluster, or all of them, where several are worked on at a time. */
const HOSTS = ['db-1', 'db-2', 'db-3', 'db-4', 'db-5'] as const
export type HostName = (typeof HOSTS)[number]
/** What a host hangs on, where several are worked on at a time: those of one rack are taken together. */
export const RACKS: Readonly<Record<HostName, string>> = { 'db-1': 'r1', 'db-2': 'r2', 'db-3': 'r1', 'db-4': 'r2', 'db-5': 'r3' }
/** The host that is worked on. */
export const HOST: HostName = 'db-1'
export const CLUSTER = 'shop-db'
/** Whom the runbook names; the first two begin, and the third takes over from one of them. */
export const PEOPLE = ['ada', 'bo', 'chen'] as const
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
  tune: { id: 'tune', act: run('tune'), takes: [], until: exits, within, undo: run('untune') },
  warm: { id: 'warm', act: run('warm'), takes: [], until: exits, within, undo: run('cool') },
} satisfies Record<string, Step>
export type StepName = keyof typeof STEPS

/** Which steps a run may have. */
const COURSES: readonly (readonly StepName[])[] = [['drain', 'undrain'], ['stop', 'start'], ['drain', 'stop', 'start'], ['memory'], ['drain', 'memory']]
/** Of those that go by themselves: nothing is taken, and all of it can be taken back by itself. */
const COURSES_ALONE: readonly (readonly StepName[])[] = [['drain'], ['drain', 'tune'], ['drain', 'tune', 'warm']]

/** Which cluster the hosts form. */
export type ClusterName = 'galera' | 'patroni'

/** A run that goes by itself: what follows its first surprise, over which steps, and in which time. */
export interface Alone {
  readonly onHalt: 'stay' | 'undo'
  readonly course: readonly StepName[]
  /** Its window, in ms since the beginning of the schedule: open from the first, or until so soon that not all of it may be done by then. */
  readonly from: number
  readonly until: number
}

/** What is led: the run of one host, a rehearsal of it, one that goes by itself, or a rolling run over all hosts, of which so many may fail. */
export interface Kind { readonly rehearse: boolean; readonly rolling: boolean; readonly maxFailures: number; readonly cluster: ClusterName; /** Patroni: who leads at first. */ readonly leader: HostName; readonly alone?: Alone; readonly hosts: readonly HostName[]; /** Of a rolling run: several hosts at a time. */ readonly batch: boolean; /** Steps that are done twice as if they were done once say so. */ readonly idempotent: boolean }

/** By dice of its own, so that what else a seed brings about stays as it is. `calm`: nothing goes wrong, and nothing runs out of time. */
export function kindOf(seed: number, calm: boolean): Kind {
  const dice = chance(seed ^ 0x60a1)
  const [roll, few] = [dice.next(), HOSTS.slice(0, 3)]
  const kind: Kind = { rehearse: roll < 0.04, rolling: roll >= 0.04 && roll < 0.08, maxFailures: dice.int(2), cluster: dice.yes(0.2) ? 'patroni' : 'galera', leader: dice.pick(few), hosts: few, batch: false, idempotent: chance(seed ^ 0x1de3).yes(0.6) }
  const alone = chance(seed ^ 0xa10e)
  if (alone.yes(ALONE)) return roll >= 0.08 ? { ...kind, alone: aloneBy(alone, calm) } : kind
  // Galera: where of servers that follow the one that leads is taken down, nobody takes writes for a moment, and each of the others is halted by that.
  return chance(seed ^ 0xba7c).yes(BATCH) && roll >= 0.08 ? { ...kind, rolling: true, batch: true, hosts: HOSTS, cluster: 'galera' } : kind
}

const BATCH = 0.04
const ALONE = 0.14
/** Whether it goes by itself, or over several hosts at a time, most likely: what ends that is to happen to it more often. */
export const isRare = (seed: number): boolean => chance(seed ^ 0xa10e).yes(ALONE) || chance(seed ^ 0xba7c).yes(BATCH)

function aloneBy(dice: Chance, calm: boolean): Alone {
  const [onHalt, course, way, at] = [dice.yes(0.5) ? 'undo' as const : 'stay' as const, dice.pick(COURSES_ALONE), dice.next(), 5000 + dice.int(9000)]
  const whole = 11 * 3_600_000
  if (way < 0.3 && !calm) return { onHalt, course: COURSES_ALONE.at(-1) ?? course, from: at - whole, until: 4000 + Math.round(at / 3) }
  return { onHalt, course, from: way < 0.8 ? at : -60_000, until: at + (way < 0.5 && !calm ? 60_000 : whole) }
}

const minuteAt = (since: number): number => ((Math.round((START + since) / 60_000) % 1440) + 1440) % 1440
/** So much later than the scenario's the schedule begins, that its window opens, or closes, at a full minute of the clock. */
export const beginsAt = ({ alone }: Kind): number => (alone ? START + 60_000 - ((alone.from > 0 ? alone.from : alone.until) % 60_000) : START)

/** So many members have to be well all the time. */
export const leastOf = ({ hosts }: Kind): number => Math.floor(hosts.length / 2) + 1

/** With steps of the seed's choice. `closes`: its window closes at that minute of the day. */
export function bookOf(dice: Chance, closes: number | undefined, kind: Kind): Runbook {
  const { rolling, maxFailures, alone, batch, hosts } = kind
  const course = dice.pick(COURSES)
  const offset = beginsAt(kind) - START
  return {
    name: 'grow', title: 'Add memory', people: { does: ['ada', 'chen'], checks: ['bo', 'chen'] }, hosts: { cluster: CLUSTER, names: hosts, serial: batch ? 2 : 1, ...(rolling ? { maxFailures } : {}) }, from: 'sim',
    ...(alone ? { unattended: { onHalt: alone.onHalt }, window: { days: [1, 2, 3, 4, 5, 6, 7], from: minuteAt(offset + alone.from), to: minuteAt(offset + alone.until), timezone: 'UTC' } } : closes === undefined ? {} : { window: { days: [1, 2, 3, 4, 5, 6, 7], from: (closes + 720) % 1440, to: closes, timezone: 'UTC' } }),
    preflight: [{ is: 'links' }, { is: 'healthy' }, { is: 'incidents' }], keep: { cluster: CLUSTER, tolerate: 0 },
    guard: [{ is: 'links' }, { is: 'members', cluster: CLUSTER, atLeast: leastOf(kind) }], steps: (alone?.course ?? course).map((name) => ({ ...STEPS[name], ...(kind.idempotent && STEPS[name].takes.length === 0 ? { idempotent: true as const } : {}) })),
  }
}

/** The same with a step more: another plan. */
export const edited = (book: Runbook): Runbook => ({ ...book, steps: [...book.steps, { ...STEPS.undrain, id: 'more' }] })

const person = (name: PersonName): Plan['people'][string] => ({ name, roles: ['owner'], reach: [{ channel: 'mail', after: ms(0) }] })

export function configOf(book: Runbook, { cluster, hosts, batch }: Kind, version = '1'): InForce {
  return {
    ...scenario, version, checks: [], boards: [], backups: [], ingest: [], plan: { ...scenario.plan, people: { ada: person('ada'), bo: person('bo'), chen: person('chen') } },
    change: {
      hosts: hosts.map((name) => ({ name, ssh: { host: name }, fate: batch ? { rack: RACKS[name] } : {}, links: [{ name: 'eth0' }], from: 'sim' })), runbooks: [book],
      clusters: [{ name: CLUSTER, kind: cluster, members: hosts, weights: {}, canary: 'holdfast.canary', from: 'sim' }],
    },
  }
}

/** The minute of the day in which a run begins. */
export const FIRST_MINUTE = Math.floor((START % 86_400_000) / 60_000)
