// The watch room's part of the configuration: checks, what they have in common, and the horizon. A check is of the kind whose
// probe's key stands in it; what it does not say itself comes from `defaults.check`, then from here. Every span is bounded
// (no timer overflows, nothing is looked at faster than once a second), every dependency exists, none leads in a circle.
import { z } from 'zod'
import { readKind, kindsSchema } from '../../config/kind.ts'
import { nameKey, names, span, webFault, zone } from '../../config/piece.ts'
import type { Reading } from '../../config/reading.ts'
import { helpFor } from '../../config/suggest.ts'
import { cronFault, nextCron } from '../../core/calendar/cron.ts'
import { between, hours, instantOf, minutes, ms, seconds, type Span } from '../../core/time.ts'
import type { AnyProbe } from '../../ports/probe.ts'
import { readHost, readHostPort } from '../../ports/target.ts'
import { classOf, readAddress } from '../../ports/world/address.ts'
import type { Check } from './check.ts'

export interface Horizon {
  /** `host:port` or addresses; when all are gone this node is isolated. */
  readonly anchors: readonly string[]
}

export interface WatchConfig {
  readonly checks: readonly Check[]
  readonly horizon: Horizon
  /** Names of all checks in the file, those with findings included: references to them are no mistakes. */
  readonly names: readonly string[]
}

/** Who looks, so far: the prober of this one node. */
const OBSERVERS = 1

const times = z.int().min(1).max(100)

const leaning = {
  every: span(seconds(1)).optional().meta({ description: 'How often it is looked at (30s); of a heartbeat: how often it reports' }),
  timeout: span(ms(100), minutes(10)).optional().meta({ description: 'How long a look may take (10s, at most `every`)' }),
  fail_after: times.optional().meta({ description: 'How many failures in a row make it down (3)' }),
  recover_after: times.optional().meta({ description: 'How many passes in a row end it (2)' }),
  seen_from: times.optional().meta({ description: 'How many observers must see the failure (1); at most as many as there are: so far one' }),
  unknown_after: span(seconds(1), hours(24)).optional().meta({ description: 'How long it may be unknown before somebody is paged (2m)' }),
  escalate: nameKey().optional().meta({ description: 'The escalation policy (default)' }),
}

const grace = { grace: span(seconds(1)).optional().meta({ description: 'Heartbeats: how late a report may be, and how long a run that began may take (1m)' }) }

const alone = { depends_on: names().optional().meta({ description: 'Checks, clusters and hosts that this one leans on' }) }

const reporting = {
  ...grace,
  schedule: z.string().max(200).optional().meta({ description: 'Heartbeats by calendar: a cron expression', examples: ['15 2 * * *'] }),
  timezone: zone().optional(),
}

const defaultsSchema = z.strictObject({ ...leaning, ...grace })
const lookingSchema = z.strictObject({ ...leaning, ...alone })
const reportingSchema = z.strictObject({ ...leaning, ...alone, ...reporting })

const horizonSchema = z.strictObject({
  anchors: z.array(z.string().max(500).superRefine(judgeAnchor)).min(1).max(20)
    .meta({ description: 'Places outside; when all are gone this node is cut off', examples: [['1.1.1.1:53', 'https://example.com']] }),
})

/** Top-level settings of this room, for editors. */
export const watchShape = (probes: readonly AnyProbe[]): z.ZodRawShape => ({
  defaults: z.strictObject({ check: defaultsSchema.optional() }).optional(),
  checks: z.record(nameKey(), kindsSchema(probes, (probe) => besideShape(probe))).optional(),
  horizon: horizonSchema.optional(),
})

const besideShape = (probe: AnyProbe): z.ZodRawShape => (probe.runs === 'passive' ? reportingSchema.shape : lookingSchema.shape)

/** Reads the room's sections; what is wrong is noted in the reading, and left out of what is given back. `standing`: hosts and clusters. */
export function readWatch(reading: Reading, probes: readonly AnyProbe[], timezone: string, standing: readonly string[] = []): WatchConfig {
  if (reading.map(['defaults'])) reading.onlyKnown(['defaults'], ['check'])
  const defaults = (reading.map(['defaults', 'check']) ? reading.shape(defaultsSchema, ['defaults', 'check']) : undefined) ?? {}
  if (defaults.every !== undefined && defaults.timeout !== undefined) judgeTimeout(reading, ['defaults', 'check'], defaults.every, defaults.timeout)
  const named = reading.named(['checks']).map(([name]) => name)
  const checks = named.flatMap((name) => readCheck(reading, name, { probes, defaults, timezone, standing }) ?? [])
  judgeDependencies(reading, named, standing)
  warnOfObservers(reading, named)
  const anchors = (reading.map(['horizon']) ? reading.shape(horizonSchema, ['horizon'])?.anchors : undefined) ?? []
  return { checks, horizon: { anchors }, names: named }
}

/** More observers are asked for than there are: in one warning when it stands at many checks. */
function warnOfObservers(reading: Reading, checks: readonly string[]): void {
  const asked = (path: string[]): number => Number(reading.spot([...path, 'seen_from'])?.value ?? 1)
  const help = 'it takes effect when more nodes look; until then raise fail_after, or write seen_from: 1'
  const warn = (path: string[]): void =>
    reading.warn('HF157', [...path, 'seen_from'], `${asked(path)} observers are asked for and there is one: what it sees alone counts`, { help })
  if (asked(['defaults', 'check']) > OBSERVERS) warn(['defaults', 'check'])
  const many = checks.map((name) => ['checks', name]).filter((path) => asked(path) > OBSERVERS)
  if (many.length <= 5) many.forEach(warn)
  else reading.warn('HF157', ['checks'], `${many.length} of the checks ask for more observers than there are, which is one: what it sees alone counts`, { on: 'key', help })
}

interface Around {
  readonly probes: readonly AnyProbe[]
  readonly defaults: z.output<typeof defaultsSchema>
  readonly timezone: string
  readonly standing: readonly string[]
}

function readCheck(reading: Reading, name: string, around: Around): Check | undefined {
  const path = ['checks', name]
  const all = Object.keys(reportingSchema.shape)
  const found = readKind(reading, path, {
    plugins: around.probes, noun: 'check', asks: 'what it looks at',
    beside: (probe) => (probe ? Object.keys(besideShape(probe)) : all),
  })
  if (!found) return undefined
  const { plugin: probe, settings } = found
  const passive = probe.runs === 'passive'
  const own = reading.shape(passive ? reportingSchema : lookingSchema, path, Object.keys(besideShape(probe)))
  if (!own) return undefined
  const filled = passive ? heartbeatOf(reading, path, own, around) : lookOf(reading, path, own, around.defaults)
  if (!filled || settings === undefined) return undefined
  const { defaults, standing } = around
  const leans = [...new Set(own.depends_on ?? [])]
  const standsOn = leans.filter((it) => standing.includes(it))
  return {
    name,
    kind: probe.kind,
    settings,
    ...filled,
    failAfter: own.fail_after ?? defaults.fail_after ?? 3,
    recoverAfter: own.recover_after ?? defaults.recover_after ?? 2,
    seenFrom: own.seen_from ?? defaults.seen_from ?? 1,
    unknownAfter: own.unknown_after ?? defaults.unknown_after ?? minutes(2),
    dependsOn: leans.filter((it) => !standing.includes(it)),
    ...(standsOn.length === 0 ? {} : { standsOn }),
    escalate: own.escalate ?? defaults.escalate ?? 'default',
    loopback: !passive && looksAtItself((settings as Record<string, unknown>)[probe.kind]),
    from: reading.place(path),
  }
}

type Own = z.output<typeof lookingSchema> & Partial<z.output<typeof reportingSchema>>

/** Pace of what is looked at. A limit that only comes from the defaults gives way to a faster pace. */
function lookOf(reading: Reading, path: readonly string[], own: Own, defaults: Around['defaults']): { every: Span; timeout: Span } | undefined {
  const every = own.every ?? defaults.every ?? seconds(30)
  if (own.timeout !== undefined && !judgeTimeout(reading, path, every, own.timeout)) return undefined
  const timeout = own.timeout ?? ms(Math.min(every, defaults.timeout ?? seconds(10)))
  return { every, timeout }
}

function judgeTimeout(reading: Reading, path: readonly string[], every: Span, timeout: Span): boolean {
  if (timeout <= every) return true
  reading.error('HF106', [...path, 'timeout'], `${path.join('.')}.timeout is longer than every: looks would overlap`, { help: 'make timeout at most as long as every' })
  return false
}

/** What is expected of a heartbeat: a period or a calendar, never both, never the default pace of looks. */
function heartbeatOf(reading: Reading, path: readonly string[], own: Own, { defaults, timezone }: Around): Partial<Check> & { every: Span; timeout: Span } | undefined {
  const dotted = path.join('.')
  const limits = { timeout: own.timeout ?? defaults.timeout ?? seconds(10), grace: own.grace ?? defaults.grace ?? minutes(1) }
  if (own.every !== undefined && own.schedule !== undefined) {
    return reading.error('HF120', [...path, 'schedule'], `${dotted} has both every and schedule`, { on: 'key', help: 'keep every for a period, or schedule for a calendar' })
  }
  if (own.schedule !== undefined) {
    const every = gapOf(reading, [...path, 'schedule'], own.schedule, own.timezone ?? timezone)
    return every === undefined ? undefined : { ...limits, every, schedule: own.schedule, timezone: own.timezone ?? timezone }
  }
  if (own.timezone !== undefined) reading.error('HF120', [...path, 'timezone'], `${dotted}.timezone means nothing without a schedule`, { on: 'key', help: 'remove it' })
  if (own.every !== undefined) return { ...limits, every: own.every }
  return reading.error('HF120', path, `${dotted} does not say when it is expected to report`, { on: 'key', help: 'add every: 10m, or schedule: "15 2 * * *"' })
}

/** A fixed moment, so that the same file gives the same configuration at any time. */
const FROM = instantOf(Date.UTC(2024, 0, 1))

/** The shortest time between the first ten runs of a cron expression; `undefined` after a finding. */
function gapOf(reading: Reading, path: readonly string[], schedule: string, timezone: string): Span | undefined {
  const fault = cronFault(schedule, timezone)
  if (fault !== undefined) {
    const help = 'five fields: minute hour day month weekday, such as "15 2 * * *"'
    return reading.error('HF116', path, `${path.slice(0, -1).join('.')}: ${fault.replaceAll('"', '').slice(0, 160)}`, { help })
  }
  let shortest = Number.POSITIVE_INFINITY
  for (let n = 0, at = nextCron(schedule, timezone, FROM); n < 10; n++) {
    const next = nextCron(schedule, timezone, at)
    shortest = Math.min(shortest, between(at, next))
    at = next
  }
  return ms(shortest)
}

/** Every dependency exists, and none leads back to where it began: one finding for each circle. */
function judgeDependencies(reading: Reading, named: readonly string[], standing: readonly string[]): void {
  const known = new Set(named)
  const leans = new Map(named.map((name) => [name, dependenciesOf(reading, name)]))
  for (const [name, on] of leans) {
    for (const { to, path } of on) {
      if (known.has(to) && standing.includes(to)) reading.error('HF121', path, `checks.${name} leans on “${to}”, which is a check, and a host or cluster too`, { help: 'choose another name for one of them' })
      if (known.has(to) || standing.includes(to)) continue
      const there = standing.length === 0 ? 'check' : 'check, cluster or host'
      reading.error('HF111', path, `checks.${name} leans on “${to.slice(0, 63)}”, and there is no such ${there}`, { help: () => helpFor(to, [...named, ...standing], there) })
    }
  }
  for (const circle of circlesOf(named, leans)) {
    const first = leans.get(circle[0] ?? '')?.find(({ to }) => to === circle[1 % circle.length])
    const shown = circle.length > 12 ? [...circle.slice(0, 10), '…', circle.at(-1)] : circle
    const way = [...shown, circle[0]].join(' → ')
    if (first) reading.error('HF112', first.path, `checks lean on each other in a circle: ${way}`, { help: 'take one of these dependencies out' })
  }
}

interface Leaning {
  readonly to: string
  readonly path: readonly (string | number)[]
}

function dependenciesOf(reading: Reading, name: string): Leaning[] {
  const path = ['checks', name, 'depends_on']
  const spot = reading.spot(path)
  if (typeof spot?.value === 'string') return [{ to: spot.value, path }]
  if (!Array.isArray(spot?.value)) return []
  return spot.value.flatMap((to: unknown, at): Leaning[] => (typeof to === 'string' ? [{ to, path: [...path, at] }] : []))
}

/** The circles of a graph, each once; walks without recursion, since chains may be long. */
function circlesOf(named: readonly string[], leans: ReadonlyMap<string, readonly Leaning[]>): string[][] {
  const circles: string[][] = []
  const done = new Set<string>()
  for (const name of named) {
    if (done.has(name)) continue
    const way: { name: string; next: number }[] = [{ name, next: 0 }]
    const open = new Set([name])
    for (let top = way.at(-1); top; top = way.at(-1)) {
      const to = leans.get(top.name)?.[top.next++]?.to
      if (to === undefined) {
        open.delete(top.name)
        done.add(top.name)
        way.pop()
      } else if (open.has(to)) {
        const names = way.map((at) => at.name)
        circles.push(names.slice(names.indexOf(to)))
      } else if (!done.has(to) && leans.has(to)) {
        open.add(to)
        way.push({ name: to, next: 0 })
      }
    }
  }
  return circles
}

function judgeAnchor(text: string, context: z.RefinementCtx): void {
  const read = text.includes('://') ? webFault(text) : undefined
  const place = text.includes('://') ? undefined : readHostPort(text)
  const says = read ?? (place?.is === 'refused' ? place.says : undefined)
  if (says !== undefined) context.addIssue({ code: 'custom', message: `: ${says}`, params: { code: 'HF104', help: 'write host:port, such as "1.1.1.1:53", or an http(s) address' } })
}

/** True when a target lies on this machine: its own names and addresses, a socket, a path. */
export function looksAtItself(target: unknown): boolean {
  if (typeof target === 'object' && target !== null) {
    const { host, url, address } = target as Record<string, unknown>
    return looksAtItself(host ?? url ?? address)
  }
  if (typeof target !== 'string' || /^(\/|\.|file:)/.test(target)) return true
  const host = hostOf(target)
  if (host === '') return true
  const read = readHost(host) ?? readHost(`[${host}]`) ?? host.toLowerCase()
  const literal = readAddress(read)
  return literal ? classOf(literal.address) === 'loopback' : /^(.+\.)?localhost$/.test(read)
}

/** The host in an address or in `host:port`, as it is written. */
function hostOf(target: string): string {
  const rest = target.includes('://') ? target.slice(target.indexOf('://') + 3) : target
  const authority = rest.split(/[/?#]/, 1)[0] ?? ''
  const place = authority.slice(authority.lastIndexOf('@') + 1)
  return /^(\[[^\]]*\]|[^:]*)(:\d*)?$/.exec(place)?.[1] ?? place
}
