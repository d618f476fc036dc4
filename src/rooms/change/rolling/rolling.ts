// A rolling run: one runbook, host after host. It stands above runs: each host has a run of its own, which two people lead step by step as any other, and what
// is decided here is only which host may begin next, and whether any may. A strict stream: the state goes in with one event and comes out; what
// cannot follow is refused in words and changes nothing.
//
// A host begins when every host of the batches before it has come to its end: those of one batch are at work at the same time. What fails is counted, for good; one failure more than may be stops the rest, and
// so does anybody, and whatever keeps the next host from beginning. A stop takes nothing from the run that is under way: that is halted, and
// goes on or back, by the words of its own two people. Who goes on after a stop takes the failures until then as known; what becomes of a host that is still
// at work nobody knows yet, and it counts when that comes to a bad end.
import { stampOf, type Now, type Stamp } from '../../../core/time.ts'

export type Stage =
  | { readonly is: 'to-come' }
  | { readonly is: 'at-work' | 'done' | 'failed'; readonly run: string }

export interface Rolling {
  readonly batches: readonly (readonly string[])[]
  /** So many hosts may fail, and the rest goes on. */
  readonly maxFailures: number
  readonly stages: Readonly<Record<string, Stage>>
  /** Hosts on which something failed, whatever became of them later; in order. */
  readonly failed: readonly string[]
  /** So many of them were known to whoever went on. */
  readonly known: number
  /** Why no further host begins. */
  readonly halt?: string | undefined
  readonly over?: 'done' | 'incomplete' | 'aborted'
  /** Since when the next host could have begun: what it begins by is looked at after that. */
  readonly since: Stamp
}

export type RollingEvent =
  | { readonly is: 'begun'; readonly host: string; readonly run: string }
  /** A step of it failed, nobody knows what became of one, or what it should bring about is not seen in time. */
  | { readonly is: 'failed'; readonly host: string; readonly says: string }
  /** Its run is over; `touched`: some step of it had begun. */
  | { readonly is: 'ended'; readonly host: string; readonly how: 'done' | 'undone' | 'aborted'; readonly touched: boolean }
  | { readonly is: 'halted'; readonly says: string }
  | { readonly is: 'resumed' }
  | { readonly is: 'stopped' }

export interface RollingStepped {
  /** The very object that was given when nothing changed. */
  readonly rolling: Rolling
  readonly wrong?: string
}

/** Before any host has begun. */
export const plannedRolling = (batches: Rolling['batches'], maxFailures: number, now: Now): Rolling =>
  ({ batches, maxFailures, stages: Object.fromEntries(batches.flat().map((host): [string, Stage] => [host, { is: 'to-come' }])), failed: [], known: 0, since: stampOf(now) })

const isOver = (stage: Stage | undefined): boolean => stage?.is === 'done' || stage?.is === 'failed'

/** Hosts in this state, in order. */
export const hostsIn = ({ batches, stages }: Rolling, is: Stage['is']): string[] => batches.flat().filter((host) => stages[host]?.is === is)

/** The host that may begin now: the next one of a batch, once every host of the batches before it has come to its end. */
export function nextOf({ halt, over, batches, stages }: Rolling): string | undefined {
  if (halt !== undefined || over !== undefined) return undefined
  return batches.find((batch) => batch.some((host) => !isOver(stages[host])))?.find((host) => stages[host]?.is === 'to-come')
}

/** The batch that a host is of. */
export const batchOf = ({ batches }: Pick<Rolling, 'batches'>, host: string): readonly string[] => batches.find((batch) => batch.includes(host)) ?? [host]

/** Takes one event in. */
export function stepRolling(rolling: Rolling, event: RollingEvent, now: Now): RollingStepped {
  if (rolling.over !== undefined) return no(rolling, 'it is over')
  switch (event.is) {
    case 'begun': return nextOf(rolling) === event.host ? { rolling: staged(rolling, event.host, { is: 'at-work', run: event.run }) } : no(rolling, rolling.halt === undefined ? `${event.host} is not the next host` : `it is halted: ${rolling.halt}`)
    case 'failed': return rolling.stages[event.host]?.is === 'at-work' ? { rolling: failed(rolling, event.host, event.says) } : no(rolling, `${event.host} is not at work`)
    case 'ended': return ended(rolling, event, now)
    case 'halted': return { rolling: halted(rolling, event.says) }
    case 'resumed': return rolling.halt === undefined ? no(rolling, 'it is not halted') : { rolling: { ...rolling, halt: undefined, known: knownIn(rolling), since: stampOf(now) } }
    case 'stopped': return { rolling: { ...rolling, over: 'aborted' } }
  }
}

const no = (rolling: Rolling, wrong: string): RollingStepped => ({ rolling, wrong })
const staged = (rolling: Rolling, host: string, stage: Stage): Rolling => ({ ...rolling, stages: { ...rolling.stages, [host]: stage } })
const halted = (rolling: Rolling, says: string): Rolling => (rolling.halt === undefined ? { ...rolling, halt: says } : rolling)

/** Of hosts that failed and are at work, the end is still to come: nobody forgives it before. */
const knownIn = ({ failed: all, stages }: Rolling): number => all.filter((host) => stages[host]?.is !== 'at-work').length

/** Each host counts once. */
const failed = (rolling: Rolling, host: string, says: string): Rolling => (rolling.failed.includes(host) ? rolling : counted({ ...rolling, failed: [...rolling.failed, host] }, host, says))
const counted = (rolling: Rolling, host: string, says: string): Rolling => (rolling.failed.length - rolling.known > rolling.maxFailures ? halted(rolling, `${host}: ${says}`) : rolling)

function ended(rolling: Rolling, { host, how, touched }: Extract<RollingEvent, { is: 'ended' }>, now: Now): RollingStepped {
  const stage = rolling.stages[host]
  if (stage?.is !== 'at-work') return no(rolling, `${host} is not at work`)
  const { run } = stage
  const after = ((): Rolling => {
    if (how === 'done') return staged(rolling, host, { is: 'done', run })
    if (touched) {
      const says = how === 'undone' ? 'it was taken back' : 'its run was aborted'
      // Also where it failed before: somebody may have gone on while nobody knew what would become of it.
      return staged(counted(failed(rolling, host, says), host, says), host, { is: 'failed', run })
    }
    return halted(staged(rolling, host, { is: 'to-come' }), `the run of ${host} was ended before anything of it began`)
  })()
  const stages = after.batches.flat().map((it) => after.stages[it])
  if (stages.every(isOver)) return { rolling: { ...after, halt: undefined, over: stages.every((it) => it?.is === 'done') ? 'done' : 'incomplete' } }
  return { rolling: { ...after, since: stampOf(now) } }
}

/** "done: db-1; failed: db-2; not begun: db-3", for people. */
export function sayHosts(rolling: Rolling): string {
  const { failed: all, stages } = rolling
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['done', hostsIn(rolling, 'done')], ['failed', all.filter((host) => stages[host]?.is !== 'done')],
    ['at work', hostsIn(rolling, 'at-work').filter((host) => !all.includes(host))], ['not begun', hostsIn(rolling, 'to-come')],
  ]
  return parts.flatMap(([name, hosts]) => (hosts.length === 0 ? [] : [`${name}: ${hosts.join(', ')}`])).join('; ')
}
