// What two people read before something is removed for good, on a phone: how many first, then how much, whose, how old, the first of them by name and since when each
// could go, and the way back that ends with it. A name is one line whatever stands in it, and everything is bounded: what is left out is counted.
import { sayTime, type Instant, type Span } from '../../core/time.ts'
import { isolated, line } from '../markup.ts'
import { sayUtc } from '../moment.ts'
import { saySize } from '../size.ts'

/** One that would be removed. `null`: nobody knows. */
export interface Purged {
  readonly key: string
  readonly bytes: number | null
  readonly tenant: string | null
  readonly writtenAt: Instant | null
  readonly asideSince: Instant | null
  /** From when on it could be removed. */
  readonly eligibleAt: Instant | null
}

export interface PurgeSaid {
  /** "object" or "copy", and of more than one. */
  readonly called: readonly [one: string, more: string]
  /** "customer-backups", "shop in main" */
  readonly from: string
  readonly items: readonly Purged[]
  /** The command that brings one back until then. */
  readonly release: string
  /** The command that names all of them. */
  readonly list: string
  /** What was proven of each, in a sentence. */
  readonly proven: string
  readonly plan: string
  readonly hash: string
  readonly now: Instant
}

const MOST_TENANTS = 10
const MOST_KEYS = 10
const LONGEST_KEY = 120
const LONGEST_TENANT = 60

export function sayPurge({ called, from, items, release, list, proven, plan, hash, now }: PurgeSaid): string {
  const count = (n: number): string => `${n} ${called[n === 1 ? 0 : 1]}`
  const tenants = tenantsOf(items, count)
  const shown = [...items].sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, MOST_KEYS)
  return [
    `Removed for good: ${count(items.length)}, ${sizeOf(items)}, from ${line(from, 100)}.`,
    `The way back ends with this. Until then: ${release}. Afterwards nothing brings ${items.length === 1 ? 'it' : 'them'} back here.`,
    ...(tenants.length === 0 ? [] : [['Per tenant:', ...tenants.map((it) => `• ${it}`)].join('\n')]),
    agesOf(items, now),
    [items.length > shown.length ? `The first ${shown.length} by name:` : items.length === 1 ? 'It is:' : 'They are:', ...shown.map(sayOne), ...(items.length > shown.length ? [`and ${items.length - shown.length} more: ${list}`] : [])].join('\n'),
    `${proven} Each is looked at again right before.`,
    `Plan ${plan}, hash ${hash.slice(0, 16)}.`,
  ].join('\n\n')
}

function sizeOf(items: readonly Purged[]): string {
  const unknown = items.filter(({ bytes }) => bytes === null).length
  const known = saySize(items.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0))
  return unknown === 0 ? known : `${unknown === items.length ? '' : `at least ${known}, `}${unknown === items.length ? 'their sizes are not known' : `${unknown} of a size that is not known`}`
}

/** The largest count first. Nothing where nobody said whose they are. */
function tenantsOf(items: readonly Purged[], count: (n: number) => string): readonly string[] {
  if (items.every(({ tenant }) => tenant === null)) return []
  const all = [...Map.groupBy(items, ({ tenant }) => tenant)].sort((a, b) => b[1].length - a[1].length || ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))
  const rest = all.slice(MOST_TENANTS)
  return [
    ...all.slice(0, MOST_TENANTS).map(([tenant, theirs]) => `${tenant === null ? 'of nobody that is known' : isolated(line(tenant, LONGEST_TENANT))}: ${count(theirs.length)}, ${sizeOf(theirs)}`),
    ...(rest.length === 0 ? [] : [`and ${rest.length} more: ${count(rest.reduce((sum, [, theirs]) => sum + theirs.length, 0))}, ${sizeOf(rest.flatMap(([, theirs]) => theirs))}`]),
  ]
}

const known = (times: readonly (Instant | null)[]): readonly Instant[] => times.flatMap((at) => (at === null ? [] : [at])).toSorted((a, b) => a - b)
const ago = (at: Instant, now: Instant): string => `${sayTime(Math.max(0, now - at) as Span)} old (${sayUtc(at)})`

function agesOf(items: readonly Purged[], now: Instant): string {
  const [written, aside] = [known(items.map(({ writtenAt }) => writtenAt)), known(items.map(({ asideSince }) => asideSince))]
  const [oldest, youngest] = [written[0], written.at(-1)]
  const lacks = items.length - written.length
  return [
    oldest === undefined || youngest === undefined ? 'When they were written is not known.' : items.length === 1 ? `It is ${ago(oldest, now)}.` : `The oldest is ${ago(oldest, now)}, the youngest ${ago(youngest, now)}${lacks === 0 ? '' : `; of ${lacks} it is not known`}.`,
    ...(aside[0] === undefined || aside.at(-1) === undefined ? [] : [`Put aside ${aside[0] === aside.at(-1) ? sayUtc(aside[0]) : `between ${sayUtc(aside[0])} and ${sayUtc(aside.at(-1) ?? aside[0])}`}.`]),
  ].join('\n')
}

const sayOne = ({ key, bytes, eligibleAt }: Purged): string =>
  `• ${isolated(line(key, LONGEST_KEY))}\n${bytes === null ? 'size not known' : saySize(bytes)}, ${eligibleAt === null ? 'since when it could go is not known' : `could go since ${sayUtc(eligibleAt)}`}`
