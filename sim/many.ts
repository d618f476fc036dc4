// Many schedules in a row: failures by seed, and "sometimes" counters. A kind of fault, or a situation that the schedules are there
// to bring about, that never happened is a failure of the simulator itself.
import { giveDisk } from './disk.ts'
import { judge } from './invariants.ts'
import { CALM_ALERT, FAULTS, runSchedule, type World } from './schedule.ts'

export interface Many {
  ran: number
  seconds: number
  entries: number
  attempts: number
  acks: number
  readonly failures: { seed: number; says: string }[]
  readonly sometimes: Record<string, number>
  /** Counters below their share. */
  never: string[]
}

const SITUATIONS: Readonly<Record<string, (world: World) => boolean>> = {
  'rang alone': (world) => world.attempts.some((it) => it.alone && it.event === 'page'),
  'taken while the keeper was away': (world) => world.acks.some((it) => it.recorded === false),
  'taken and recorded': (world) => world.acks.some((it) => it.recorded === true),
  'a page went out twice': (world) => new Set(world.attempts.map((it) => it.page)).size < world.attempts.length,
  'an alert was confirmed': (world) => world.triggers.some((it) => it.ok && it.key !== CALM_ALERT),
  'an alert was refused': (world) => world.triggers.some((it) => !it.ok),
  'told of recovery': (world) => world.attempts.some((it) => it.event === 'recovered'),
}

/** Runs `count` schedules from a seed on; stops at the first `most` failures. */
export async function runMany(it: { from: number; count: number; most?: number }): Promise<Many> {
  const many: Many = { ran: 0, seconds: 0, entries: 0, attempts: 0, acks: 0, failures: [], sometimes: {}, never: [] }
  for (const name of [...FAULTS, ...Object.keys(SITUATIONS)]) many.sometimes[name] = 0
  const started = process.hrtime.bigint()
  for (let seed = it.from; seed < it.from + it.count && many.failures.length < (it.most ?? 200); seed++) {
    const world = await runSchedule(seed)
    many.ran++
    many.attempts += world.attempts.length
    many.acks += world.acks.length
    many.entries += world.keeper.sql.get<{ n: number }>('select count(*) as n from entry')?.n ?? 0
    for (const says of judge(world)) many.failures.push({ seed, says })
    for (const fault of world.happened.keys()) many.sometimes[fault] = (many.sometimes[fault] ?? 0) + 1
    for (const [name, happened] of Object.entries(SITUATIONS)) if (happened(world)) many.sometimes[name] = (many.sometimes[name] ?? 0) + 1
    world.keeper.crash()
    giveDisk(world.keeper.sql)
  }
  many.seconds = Number(process.hrtime.bigint() - started) / 1e9
  // 0.5 % of the schedules, and never less than one.
  many.never = Object.entries(many.sometimes).filter(([, n]) => n < Math.max(1, many.ran * 0.005)).map(([name]) => name)
  return many
}
