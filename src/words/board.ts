// What the public reads on the board, in English; another language is another value of the same type. Sentences say what is
// so and since when, claim nothing that was not measured, and carry no exclamation marks. Names arrive as they are: whoever
// draws the sentence escapes it.
import type { Shape } from './look.ts'
import { sayAge, saySpan } from './moment.ts'
import { saySize } from './size.ts'

/** What a component reads as. */
export type Reads = 'operational' | 'degraded' | 'partial' | 'down' | 'maintenance' | 'unknown'

export const shapeOf = (reads: Reads): Shape => {
  switch (reads) {
    case 'operational': return 'ok'
    case 'partial': return 'degraded'
    case 'degraded': case 'down': case 'maintenance': case 'unknown': return reads
  }
}

export interface BoardWords {
  readonly language: string
  readonly state: Readonly<Record<Reads, string>>
  readonly step: Readonly<Record<'investigating' | 'identified' | 'monitoring' | 'resolved' | 'postmortem', string>>
  readonly unnamed: string
  readonly statusOf: (site: string) => string
  /** `names`: the components that read so; `all` when there is no other. */
  readonly headline: (reads: Reads, names: readonly string[], all: boolean) => string
  readonly incidentOpen: string
  readonly nothingShown: string
  readonly asOf: (clock: string, zone: string) => string
  readonly ago: (age: number) => string
  readonly lastHeard: (age: number | undefined, clock: string) => string
  readonly checkTheTime: string
  readonly openedLongAgo: string
  readonly reload: string
  readonly lastKnown: (reads: Reads, age: number | undefined) => string
  readonly since: (moment: string) => string
  readonly paused: string
  readonly nextUpdate: (moment: string, zone: string) => string
  readonly nextUpdateMissed: (moment: string, zone: string) => string
  /** How far a check of the bytes is. */
  readonly progress: (it: { readonly what?: 'restore'; readonly checked: number; readonly of?: number; readonly left?: number }, clock: string, zone: string) => string
  readonly begun: (moment: string) => string
  readonly affects: string
  readonly components: string
  readonly open: string
  readonly past: string
  readonly noneSince: (moment: string, age: number) => string
  readonly justBegun: string
  readonly noneResolved: string
  readonly lasted: (span: number) => string
  readonly updates: (count: number) => string
  readonly moreInFeed: (count: number) => string
  readonly days: (count: number) => string
  readonly began: (day: string) => string
  readonly today: string
  readonly notMeasured: string
  readonly up: (percent: string) => string
  readonly minutes: (is: 'down' | 'degraded' | 'unknown', span: number) => string
  readonly barsSay: (counts: Readonly<Record<'ok' | 'degraded' | 'down' | 'unknown', number>>) => string
  readonly trouble: (count: number) => string
  readonly moreDays: (count: number) => string
  /** Planned work. */
  readonly work: WorkWords
  readonly byItself: string
  readonly byHand: string
  readonly foot: string
}

/** What is said of planned work; moments carry their day where it is another one. */
export interface WorkWords {
  readonly now: string
  readonly planned: string
  readonly past: string
  readonly step: Readonly<Record<'scheduled' | 'in_progress' | 'completed' | 'ended_early' | 'cancelled', string>>
  readonly standing: Readonly<Record<'upcoming' | 'not-begun' | 'missed' | 'active' | 'overdue' | 'completed' | 'ended_early' | 'cancelled' | 'unknown', string>>
  readonly when: (from: string, until: string, zone: string) => string
  /** What the clock says that nobody did. */
  readonly late: (is: 'not-begun' | 'missed' | 'overdue' | 'unknown', moment: string, begun: boolean) => string
  readonly began: (moment: string) => string
  readonly calendar: string
}

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** "A, B and C"; after the third the rest is counted. */
function listed(names: readonly string[]): string {
  if (names.length <= 1) return names.join('')
  if (names.length > 4) return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
}

const state: Readonly<Record<Reads, string>> = {
  operational: 'Operational', degraded: 'Degraded', partial: 'Partial outage', down: 'Down', maintenance: 'Maintenance', unknown: 'Not known',
}

const HEADLINES: Readonly<Record<Reads, { readonly all: string; readonly some: string }>> = {
  operational: { all: 'All systems operational', some: 'Operational' },
  degraded: { all: 'All systems degraded', some: 'Degraded performance' },
  partial: { all: 'Partial outage of all systems', some: 'Partial outage' },
  down: { all: 'Major outage of all systems', some: 'Major outage' },
  maintenance: { all: 'All systems under maintenance', some: 'Under maintenance' },
  unknown: { all: 'Not known', some: 'Not known' },
}

export const english: BoardWords = {
  language: 'en',
  state,
  step: { investigating: 'Investigating', identified: 'Identified', monitoring: 'Monitoring', resolved: 'Resolved', postmortem: 'Post-mortem' },
  unnamed: 'No name',
  statusOf: (site) => `${site} status`,
  headline: (reads, names, all) => {
    const words = HEADLINES[reads]
    return all && names.length !== 1 ? words.all : `${listed(names)}: ${words.some.toLowerCase()}`
  },
  incidentOpen: 'An incident is open',
  nothingShown: 'Nothing is shown here yet',
  asOf: (clock, zone) => `As of ${clock} (${zone})`,
  ago: (age) => `${sayAge(age)} ago`,
  lastHeard: (age, clock) => `No news from the monitoring${age === undefined ? '' : ` for ${sayAge(age)}`}. What is below was last known at ${clock} and may have changed.`,
  checkTheTime: 'If this time is more than 5 minutes ago, the state below is not known.',
  openedLongAgo: 'This page was opened more than 5 minutes ago. What is so now is not known.',
  reload: 'Load it again',
  lastKnown: (reads, age) => `Last known ${state[reads].toLowerCase()}${age === undefined ? '' : ` ${sayAge(age)} ago`}`,
  since: (moment) => `since ${moment}`,
  paused: 'watching is paused',
  nextUpdate: (moment, zone) => `Next update by ${moment} (${zone})`,
  nextUpdateMissed: (moment, zone) => `An update was promised by ${moment} (${zone}) and is late`,
  progress: ({ what, checked, of, left }, clock, zone) =>
    `${what === 'restore' ? 'Restoring from a backup' : 'Checking the stored bytes'}: ${saySize(checked)}${of === undefined ? '' : ` of ${saySize(of)}`} ${what === 'restore' ? 'of the copy fetched' : 'checked'}${left === undefined ? '' : `, about ${saySpan(Math.max(60_000, Math.ceil(left / 60_000) * 60_000))} left`} (as of ${clock}, ${zone})`,
  begun: (moment) => `Since ${moment}`,
  affects: 'affects',
  components: 'Components',
  open: 'Open incidents',
  past: 'Past incidents',
  noneSince: (moment, age) => `No incident since measuring began on ${moment} (${sayAge(age)}).`,
  justBegun: 'Nothing is measured yet',
  noneResolved: 'No incident that is over in the last 90 days.',
  lasted: (span) => `lasted ${saySpan(span)}`,
  updates: (count) => plural(count, 'update', 'updates'),
  moreInFeed: (count) => `${plural(count, 'more is', 'more are')} in the history feed.`,
  days: (count) => `${count} days`,
  began: (day) => `measuring began ${day}`,
  today: 'today',
  notMeasured: 'nothing measured yet',
  up: (percent) => `${percent} % up`,
  minutes: (is, span) => `${saySpan(span)} ${is === 'unknown' ? 'not known' : is}`,
  barsSay: (counts) => {
    const said = ([['ok', 'operational'], ['degraded', 'degraded'], ['down', 'down'], ['unknown', 'not known']] as const)
      .filter(([is]) => counts[is] > 0).map(([is, word]) => `${plural(counts[is], 'day', 'days')} ${word}`)
    return said.length === 0 ? 'No day measured yet' : `Last 90 days: ${said.join(', ')}`
  },
  trouble: (count) => plural(count, 'day with trouble', 'days with trouble'),
  moreDays: (count) => `and ${plural(count, 'earlier day', 'earlier days')}`,
  work: {
    now: 'Planned work, now',
    planned: 'Planned work to come',
    past: 'Past planned work',
    step: { scheduled: 'Announced', in_progress: 'In progress', completed: 'Completed', ended_early: 'Ended early', cancelled: 'Cancelled' },
    standing: { upcoming: 'Planned', 'not-begun': 'Not begun', missed: 'Never begun', active: 'In progress', overdue: 'In progress, overdue', completed: 'Completed', ended_early: 'Ended early', cancelled: 'Cancelled', unknown: 'Not known' },
    when: (from, until, zone) => `${from} to ${until} (${zone})`,
    late: (is, moment, begun) => {
      switch (is) {
        case 'not-begun': return `It was due to begin at ${moment} and has not begun.`
        case 'missed': return `It was due to end by ${moment} and never began.`
        case 'overdue': return `It was due to end by ${moment} and is not completed.`
        case 'unknown': return begun ? 'It was in progress when this was last known.' : `It was due to begin at ${moment}; whether it has begun is not known.`
      }
    },
    began: (moment) => `began at ${moment}`,
    calendar: 'Calendar',
  },
  byItself: 'Reload by itself every minute',
  byHand: 'Stop reloading',
  foot: 'Measured by Holdfast',
}

/** The words of a language; English for those that are not there yet. */
export const boardWords = (_language: 'en'): BoardWords => english
