// Many schedules of runs in a row: failures by seed, and how often each fault, and each situation that they are there to bring about, came about. What never did is a
// failure of the simulator itself.
import { giveDisk } from '../disk.ts'
import { kindOf } from './book.ts'
import { faultsOf, RUN_FAULTS } from './faults.ts'
import { begins, storiesOf, type Story } from './invariants.ts'
import { judgeWorld } from './whole.ts'
import { runOf } from './schedule.ts'
import { handedIn } from './truth.ts'

export interface ManyRuns {
  ran: number
  seconds: number
  deeds: number
  presses: number
  readonly failures: { seed: number; says: string }[]
  readonly sometimes: Record<string, number>
  /** Counters below their share. */
  never: string[]
}

const moved = ({ moves }: Story, event: string): boolean => moves.some((it) => it.event === event)
const SITUATIONS: Readonly<Record<string, (story: Story) => boolean>> = {
  'a rehearsal went to its end': ({ plan, row }) => plan?.rehearse === true && row?.run.phase.is === 'over' && row.run.phase.how === 'done',
  'a rolling run went over more than one host': ({ world: { people } }) => Object.values(people.rolling?.rolling.stages ?? {}).filter(({ is }) => is !== 'to-come').length > 1,
  'a rolling run was stopped': ({ ledger }) => ledger.some(({ is, body }) => is === 'change.rolled' && (body['told'] as readonly { event: string }[]).some(({ event }) => event === 'halted')),
  'a member gave its data while a step went on': ({ moves, world }) => world.looks.some(({ at, told }) => told.some((it) => it.is === 'member' && it.report.is === 'galera' && it.report.donor === true) && moves.findLast((it) => it.at <= at)?.after.phase.is === 'running'),
  'a run of servers of which one leads went to its end': ({ world: { kind }, row }) => kind.cluster === 'patroni' && row?.run.phase.is === 'over' && row.run.phase.how === 'done',
  'another server leads than at first': ({ world }) => world.looks.some(({ told }) => told.some((it) => it.is === 'member' && it.report.is === 'patroni' && it.report.leads && it.report.timeline !== 1)),
  'people were paged while the keeper stood still': ({ world }) => world.alarms.length > 0,
  'a press came late': ({ world: { faults, people } }) => faults.has('press-late') && people.presses.some(({ refused }) => refused),
  'a word led to nothing': ({ moves }) => moves.some(({ before, after }) => before.guarded && !after.guarded),
  'two hosts were worked on together': ({ world: { kind, ground } }) => kind.batch && ground.log.some((it) => ground.log.some((other) => it.on !== other.on && Math.abs(it.at - other.at) < 5000)),
  'a halt of one host halted the one beside it': ({ moves, plan }) => moves.some(({ event, before, after }) => event === 'turned' && before.halt === undefined && after.halt?.subject === plan?.rolling),
  'a member that a step takes was down beside another one at work': ({ world: { kind, ground } }) => kind.batch && ground.log.some(({ what, well }) => what === 'stop' && well < kind.hosts.length),
  'both had a step begin once more, whatever became of it': ({ moves }) => moves.some(({ event, told }) => event === 'decided' && told.some(({ says }) => says?.includes('may begin once more') === true)),
  'a step was done twice, as both wanted': ({ world: { ground }, plan }) => ground.log.some((it, n) => it.name.startsWith(`${plan?.id}.`) && (it.what === 'drain' || it.what === 'undrain') && it.exit === 0 && ground.log.slice(n + 1).some((other) => other.what === it.what && other.exit === 0 && other.on === it.on && other.name.startsWith(`${plan?.id}.`))),
  'somebody handed over': (story) => moved(story, 'handed-over'),
  'somebody handed over while a step was under way': ({ moves }) => moves.some(({ event, after }) => event === 'handed-over' && after.phase.is === 'running'),
  'a hand-over did not come about': ({ moves }) => moves.some(({ asked }, n) => asked?.purpose === 'hand-over' && moves[n + 1]?.asked?.purpose !== 'hand-over' && moves[n + 1]?.event !== 'handed-over'),
  'who had handed over pressed all the same': (story) => handedIn(story).some(({ at, hands: { from } }) => story.world.people.presses.some((it) => it.by === from && it.at > at)),
  'a run went by itself to its end': ({ moves }) => moves.at(-1)?.after.trust !== undefined && moves.at(-1)?.event === 'held',
  'a surprise ended that a run went by itself': ({ moves }) => moves.some(({ event, before, after }) => event === 'turned' && before.trust !== undefined && after.trust === undefined),
  'a run went its ways back by itself': (story) => begins(story).some(({ way, before }) => way.back && before.trust !== undefined),
  'the time of a run that went by itself was over': ({ moves }) => moves.some(({ before, after, told }) => before.trust !== undefined && (after.halt?.subject === 'window' || told.some(({ says }) => says?.endsWith('its time is over') === true))),
  'the machine booted while a run was to go by itself': ({ moves, world }) => moves.some(({ after, at }, n) => after.trust !== undefined && world.happened.boots.some((it) => it > at && it < (moves[n + 1]?.at ?? 0))),
  'the machine booted while a step was under way': ({ moves, world }) => world.happened.boots.some((it) => moves.findLast(({ at }) => at < it)?.after.phase.is === 'running'),
  'went to its end': ({ row }) => row?.run.phase.is === 'over' && row.run.phase.how === 'done',
  'was taken back': ({ row }) => row?.run.phase.is === 'over' && row.run.phase.how === 'undone',
  'was halted': ({ moves }) => moves.some(({ after }) => after.halt !== undefined),
  'went on after a halt': (story) => moved(story, 'resumed'),
  'nobody knew what became of a step': (story) => moved(story, 'lost'),
  'two said what became of it': (story) => moved(story, 'decided'),
  'a step failed': (story) => moved(story, 'failed'),
  'a step was refused after both had pressed': (story) => moved(story, 'refused'),
  'a press was refused': ({ world: { people } }) => people.presses.some((it) => it.refused),
  'a press behind the link of the other': ({ world: { people } }) => people.presses.some((it) => it.by !== it.as),
  'a second run was refused': ({ world: { people } }) => people.seconds.includes(409),
  'a surprise in the middle of a step': ({ moves }) => moves.some(({ before, event, after }) => event === 'turned' && before.phase.is === 'running' && after.halt?.is !== 'other'),
}

/** Whether a seed is one of a run that goes by itself. */
const isAlone = (seed: number): boolean => kindOf(seed, faultsOf(seed).size === 0).alone !== undefined

/** Runs `count` schedules from a seed on; stops at the first `most` failures. `alone`: only of runs that go by themselves, for whoever looks for what only those show; what never came about is no failure then. */
export async function runManyRuns(it: { from: number; count: number; most?: number; alone?: boolean }): Promise<ManyRuns> {
  const many: ManyRuns = { ran: 0, seconds: 0, deeds: 0, presses: 0, failures: [], sometimes: {}, never: [] }
  for (const name of [...RUN_FAULTS, ...Object.keys(SITUATIONS)]) many.sometimes[name] = 0
  const started = process.hrtime.bigint()
  const count = (name: string): void => void (many.sometimes[name] = (many.sometimes[name] ?? 0) + 1)
  for (let seed = it.from; many.ran < it.count && many.failures.length < (it.most ?? 200); seed++) {
    if (it.alone === true && !isAlone(seed)) continue
    const world = await runOf(seed)
    const stories = storiesOf(world)
    many.ran++
    many.deeds += world.ground.log.length
    many.presses += world.people.presses.length
    for (const says of judgeWorld(world, stories)) many.failures.push({ seed, says })
    for (const fault of world.faults) count(fault)
    for (const [name, happened] of Object.entries(SITUATIONS)) if (stories.some((story) => happened(story))) count(name)
    world.host.crash()
    giveDisk(world.host.sql)
  }
  many.seconds = Number(process.hrtime.bigint() - started) / 1e9
  if (it.alone !== true) many.never = Object.entries(many.sometimes).filter(([, n]) => n < Math.max(1, many.ran * 0.005)).map(([name]) => name)
  return many
}
