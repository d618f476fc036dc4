// What the machine says by itself, and nothing more than evidence shows (T-7). Pure: from what turned to words and deeds of
// the board. A first statement waits `hold`, so that a person may take it in hand; the closing one does not wait.
import { derivedId } from '../../core/id.ts'
import { formatTime } from '../../core/calendar.ts'
import { minutes, later, type Instant } from '../../core/time.ts'

/** A promise made by the machine: it will say more within this time. */
export const PROMISE = minutes(30)

export const statementId = (board: string, component: string, at: Instant): string => derivedId('st', board, component, at)
export const updateId = (statement: string, at: Instant, n: number): string => derivedId('su', statement, at, n)

const listed = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1] ?? ''}`

export const openingTitle = (names: readonly string[], major: boolean): string => `${listed(names)}: ${major ? 'major outage' : 'partial outage'}`

export const openingText = (names: readonly string[], since: Instant, zone: string, promise: Instant): string =>
  `We see errors on ${listed(names)} since ${formatTime(since, zone)} and are looking into it. Next update by ${formatTime(promise, zone)}.`

export const widenedText = (name: string, zone: string, promise: Instant): string =>
  `${name} is affected as well. Next update by ${formatTime(promise, zone)}.`

export const closingText = (names: readonly string[], at: Instant, zone: string): string =>
  `${listed(names)} ${names.length === 1 ? 'answers' : 'answer'} normally again since ${formatTime(at, zone)}.`

export const promiseOf = (at: Instant): Instant => later(at, PROMISE)
