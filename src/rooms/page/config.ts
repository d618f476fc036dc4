// The paging room's part of the configuration: channels, people and how they are reached, rotations, escalation policies, and who
// is rung where nobody else is. Whatever is accepted here leads to somebody: every name exists, every step reaches a person
// (P-12), and the last step repeats for ever.
import { z } from 'zod'
import { kindsSchema, readKind } from '../../config/kind.ts'
import { nameKey, names, span, zone } from '../../config/piece.ts'
import type { Reading } from '../../config/reading.ts'
import { helpFor, suggest } from '../../config/suggest.ts'
import { ROLES } from '../../core/authority/role.ts'
import { days, hours, minutes, ms, parseSpan, seconds, type Span } from '../../core/time.ts'
import type { AnyChannel } from '../../ports/channel.ts'
import type { Person, Plan, Policy, Reach, Rotation, Step, Target } from './plan.ts'

export type PageConfig = Omit<Plan, 'version' | 'covers' | 'site'>

const address = z.string().max(254).regex(/^[^\s@<>,;:"\\]+@[^\s@<>,;:"\\]+$/, 'such as ada@acme.example')
const number = z.string().regex(/^\+[1-9]\d{6,14}$/, 'with its country code, such as "+4915100000001"')

const personSchema = z.strictObject({
  email: address.optional(),
  phone: number.optional(),
  role: z.union([z.enum(ROLES), z.array(z.enum(ROLES)).min(1).max(ROLES.length)]).optional().meta({ description: 'What they may do here: one role or a list', examples: ['responder'] }),
  reach: names().optional().meta({ description: 'Channels in order, such as [push, "sms after 1m"]; every channel that fits when absent' }),
})

const rotationSchema = z.strictObject({
  rotate: z.string().meta({ description: 'daily, weekly, or every so many: "2 weeks"', examples: ['weekly'] }),
  handoff: z.string().optional().meta({ description: 'When the next person takes over (Mon 09:00; daily: 09:00)' }),
  people: names().meta({ description: 'In the order of their turns' }),
  timezone: zone().optional(),
  starts: z.string().optional().meta({ description: 'The day of the first hand-off to the first person', examples: ['2026-01-05'] }),
})

const pause = (): ReturnType<typeof span> => span(seconds(1), hours(24))

const stepSchema = z.strictObject({
  page: names().optional().meta({ description: 'People, or oncall.<rotation>; the fallback when absent' }),
  wait: pause().optional().meta({ description: 'How long until the next step' }),
  repeat: pause().optional().meta({ description: 'The last step: how often it is repeated, for ever (5m)' }),
})

const lapses = span(seconds(5), days(1))

/** Top-level settings of this room, for editors. */
export const pageShape = (channels: readonly AnyChannel[]): z.ZodRawShape => ({
  channels: z.record(nameKey(), kindsSchema(channels, () => ({}))).optional(),
  people: z.record(nameKey(), personSchema).optional(),
  oncall: z.record(nameKey(), rotationSchema).optional(),
  escalation: z.record(nameKey(), z.array(stepSchema).min(1).max(50)).optional(),
  fallback: names().optional().meta({ description: 'Paged where a step has nobody (everybody)' }),
  communications: names().optional().meta({ description: 'Who writes to the public' }),
  ack_lapses: lapses.optional().meta({ description: 'How long an acknowledgement holds (30m)' }),
})

/** Reads the room's sections; what is wrong is noted in the reading. */
export function readPage(reading: Reading, channels: readonly AnyChannel[], timezone: string): PageConfig {
  const known = readChannels(reading, channels)
  const people = readPeople(reading, known)
  const persons = reading.named(['people']).map(([name]) => name)
  const rotations = readRotations(reading, persons, timezone)
  const reached: Reached = { people, persons, rotations, named: reading.named(['oncall']).map(([name]) => name) }
  const policies = readPolicies(reading, reached)
  const fallback = readPeopleList(reading, ['fallback'], persons)
  if (fallback && fallback.every((name) => silent(people, name))) {
    reading.error('HF114', ['fallback'], 'fallback reaches nobody', { help: 'name somebody who has a channel' })
  }
  warnOfStrays(reading, reached)
  return {
    people, rotations, policies,
    channels: Object.fromEntries([...known].flatMap(([name, { use }]) => (use ? [[name, use]] : []))),
    fallback: fallback ?? persons,
    communications: readPeopleList(reading, ['communications'], persons) ?? [],
    ackLapses: reading.shape(lapses, ['ack_lapses']) ?? minutes(30),
  }
}

interface KnownChannel {
  readonly needs: readonly ('email' | 'phone')[]
  readonly use: { readonly kind: string; readonly config: unknown } | undefined
}

function readChannels(reading: Reading, channels: readonly AnyChannel[]): Map<string, KnownChannel> {
  const known = new Map<string, KnownChannel>()
  for (const [name] of reading.named(['channels'])) {
    const found = readKind(reading, ['channels', name], { plugins: channels, beside: () => [], noun: 'channel', asks: 'how it reaches people' })
    const use = found && found.settings !== undefined ? { kind: found.plugin.kind, config: found.settings } : undefined
    known.set(name, { needs: found?.plugin.needs ?? [], use })
  }
  return known
}

/** People whose ladder has findings keep a rung, so that one mistake is not told again as "reaches nobody". */
function readPeople(reading: Reading, channels: ReadonlyMap<string, KnownChannel>): Record<string, Person> {
  const people: Record<string, Person> = {}
  for (const [name, spot] of reading.named(['people'])) {
    const path = ['people', name]
    if (name.startsWith('oncall.')) reading.error('HF107', path, `“${name}” cannot name a person: oncall. begins rotations`, { on: 'key' })
    const read = spot.value === null ? {} : reading.shape(personSchema, path)
    if (!read) {
      people[name] = { name, reach: [{ channel: '', after: ms(0) }] }
      continue
    }
    const { email, phone, role } = read
    const has = { ...(email === undefined ? {} : { email }), ...(phone === undefined ? {} : { phone }) }
    const fits = ([, { needs }]: [string, KnownChannel]): boolean => needs.every((need) => need in has)
    const reach = read.reach ? readReach(reading, path, read.reach, has, channels) : [...channels].filter(fits).map(([channel]) => ({ channel, after: ms(0) }))
    people[name] = { name, ...has, ...(role === undefined ? {} : { roles: typeof role === 'string' ? [role] : role }), reach }
    if (reach.length === 0) reading.warn('HF156', path, `${name} cannot be reached by any channel`, { on: 'key', help: 'add channels, and what they need of this person (email, phone)' })
  }
  return people
}

function readReach(reading: Reading, person: readonly string[], rungs: readonly string[], has: object, channels: ReadonlyMap<string, KnownChannel>): Reach[] {
  const path = [...person, 'reach']
  const listed = Array.isArray(reading.spot(path)?.value)
  const used = new Set<string>()
  return rungs.map((rung, index): Reach => {
    const at = listed ? [...path, index] : path
    const [, channel = rung.trim(), delay] = /^\s*(\S+)\s+after\s+(.+)$/.exec(rung) ?? []
    const after = delay === undefined ? ms(0) : parseSpan(delay.replaceAll(' ', ''))
    const known = channels.get(channel)
    const lacks = known?.needs.find((need) => !(need in has))
    if (!known) {
      const help = /\s/.test(channel) ? 'write a channel, or "channel after 1m"' : (): string | undefined => helpFor(channel, [...channels.keys()], 'channel')
      reading.error('HF111', at, `${person.join('.')} is to be reached by “${channel.slice(0, 63)}”, and there is no such channel`, { help })
    } else if (lacks !== undefined) {
      reading.error('HF113', at, `${person.join('.')} cannot be reached by “${channel}”: it needs ${NEED[lacks]}`, { help: `add ${lacks}: … to ${person.join('.')}, or take “${channel}” out` })
    } else if (used.has(channel)) {
      reading.error('HF121', at, `“${channel}” stands twice in the ladder of ${person.join('.')}`, { help: 'one step rings a person by one channel once; steps are repeated anyway' })
    }
    if (after === undefined || after > hours(24)) reading.error('HF106', at, `“${delay?.slice(0, 40)}” is not a time with its unit, of at most 24 h`, { help: 'such as "sms after 1m"' })
    used.add(channel)
    return { channel, after: after ?? ms(0) }
  })
}

const NEED = { email: 'an e-mail address', phone: 'a telephone number' }

function readRotations(reading: Reading, persons: readonly string[], timezone: string): Record<string, Rotation> {
  const rotations: Record<string, Rotation> = {}
  for (const [name] of reading.named(['oncall'])) {
    const path = ['oncall', name]
    const read = reading.shape(rotationSchema, path)
    if (!read) continue
    judgeNames(reading, [...path, 'people'], persons)
    if (read.people.length === 0) reading.error('HF104', [...path, 'people'], `${path.join('.')}.people must not be empty`, { help: 'name at least one person' })
    const rotate = readRotate(reading, path, read.rotate)
    const handoff = rotate && readHandoff(reading, path, rotate.every, read.handoff)
    const starts = handoff && readStarts(reading, path, rotate.every, handoff.weekday, read.starts)
    if (rotate && handoff && starts !== undefined) rotations[name] = { name, rotate, handoff, timezone: read.timezone ?? timezone, people: read.people, starts }
  }
  return rotations
}

function readRotate(reading: Reading, path: readonly string[], text: string): Rotation['rotate'] | undefined {
  if (text === 'daily') return { every: 'day', times: 1 }
  if (text === 'weekly') return { every: 'week', times: 1 }
  const [, count, unit] = /^(\d{1,3}) *(day|week)s?$/.exec(text) ?? []
  const times = Number(count)
  if (unit !== undefined && times >= 1 && times <= (unit === 'day' ? 365 : 52)) return { every: unit === 'day' ? 'day' : 'week', times }
  const near = suggest(text, ['daily', 'weekly'])
  const help = near === undefined ? 'write daily, weekly, "3 days" or "2 weeks" (up to 52 weeks)' : `did you mean “${near}”?`
  return reading.error('HF116', [...path, 'rotate'], `${path.join('.')} cannot rotate “${text.slice(0, 40)}”`, { help })
}

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

function readHandoff(reading: Reading, path: readonly string[], every: 'day' | 'week', text: string = every === 'day' ? '09:00' : 'Mon 09:00'): Rotation['handoff'] | undefined {
  const [, word, hour, minute] = /^(?:([A-Za-z]{3,9}) +)?(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? []
  const weekday = word === undefined ? 0 : 1 + DAYS.findIndex((day) => day === word.toLowerCase() || day.slice(0, 3) === word.toLowerCase())
  const daily = every === 'day'
  const fits = hour !== undefined && Number(hour) < 24 && Number(minute) < 60 && (daily ? word === undefined : weekday > 0)
  if (fits) return { weekday: daily ? 1 : weekday, hour: Number(hour), minute: Number(minute) }
  const help = daily ? 'a time of day, such as 09:00' : 'a day and a time, such as Mon 09:00'
  return reading.error('HF116', [...path, 'handoff'], `${path.join('.')} cannot be handed off at “${text.slice(0, 40)}”`, { help })
}

/** The given first day, which must be a day of hand-offs; else the first such day of 2024. */
function readStarts(reading: Reading, path: readonly string[], every: 'day' | 'week', weekday: number, text?: string): string | undefined {
  if (text === undefined) return `2024-01-0${weekday}`
  const date = /^(19[7-9]\d|20\d\d)-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined
  if (!date || Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text)) {
    return reading.error('HF116', [...path, 'starts'], `“${text.slice(0, 40)}” is not a day`, { help: 'write it as 2026-01-05' })
  }
  const day = (date.getUTCDay() + 6) % 7
  if (every === 'day' || day === weekday - 1) return text
  const says = `${path.join('.')} starts on a ${capital(DAYS[day])}, and is handed off on ${capital(DAYS[weekday - 1])}s`
  return reading.error('HF116', [...path, 'starts'], says, { help: 'start on a day of hand-off' })
}

const capital = (word = ''): string => word.slice(0, 1).toUpperCase() + word.slice(1)

interface Reached {
  readonly people: Readonly<Record<string, Person>>
  /** Names of all people and rotations in the file, those with findings included. */
  readonly persons: readonly string[]
  readonly named: readonly string[]
  readonly rotations: Readonly<Record<string, Rotation>>
}

/** The policies; one called `default` is always there, and pages the fallback when the file has none of that name. */
function readPolicies(reading: Reading, reached: Reached): Record<string, Policy> {
  const policies: Record<string, Policy> = { default: { name: 'default', steps: [{ page: [], wait: minutes(5) }] } }
  for (const [name, spot] of reading.named(['escalation'])) {
    const path = ['escalation', name]
    const places = Array.isArray(spot.value) ? [...(spot.below ?? new Map<number, unknown>()).keys()].map(Number) : []
    if (places.length === 0 || places.length > 50) {
      reading.error('HF104', path, `${path.join('.')} wants a list of 1 to 50 steps`, { help: 'such as - { page: oncall.primary, wait: 5m }' })
      continue
    }
    policies[name] = { name, steps: places.flatMap((at) => readStep(reading, [...path, at], at === places.length - 1, reached) ?? []) }
  }
  return policies
}

function readStep(reading: Reading, path: readonly (string | number)[], last: boolean, reached: Reached): Step | undefined {
  const read = reading.shape(stepSchema, path)
  if (!read) return undefined
  const step = `step ${Number(path.at(-1)) + 1} of ${path.slice(0, -1).join('.')}`
  const page = readTargets(reading, path, read.page ?? [], reached)
  if (page && page.length > 0 && page.every((target) => !reaches(target, reached))) {
    reading.error('HF114', [...path, 'page'], `${step} reaches nobody: none of its people has a channel`, { help: 'give one of them a channel, or page somebody else' })
  }
  return { page: page ?? [], wait: readWait(reading, path, step, last, read) }
}

function readWait(reading: Reading, path: readonly (string | number)[], step: string, last: boolean, read: { wait?: Span | undefined; repeat?: Span | undefined }): Span {
  const { wait, repeat } = read
  if (!last && repeat !== undefined) {
    reading.error('HF115', [...path, 'repeat'], `${step} repeats, so that no later step would come`, { on: 'key', help: 'write wait: …; only the last step repeats' })
  } else if (!last && wait === undefined) {
    reading.error('HF115', path, `${step} does not say how long to wait for an answer`, { help: 'add wait: 5m; then the next step begins' })
  } else if (last && wait !== undefined && repeat !== undefined) {
    reading.error('HF115', [...path, 'wait'], `${step} has both wait and repeat`, { on: 'key', help: 'no step follows it: keep repeat' })
  }
  return (last ? (repeat ?? wait) : wait) ?? minutes(5)
}

/** Who is meant; `undefined` after findings. */
function readTargets(reading: Reading, path: readonly (string | number)[], page: readonly string[], { persons, named }: Reached): Target[] | undefined {
  const at = [...path, 'page']
  const listed = Array.isArray(reading.spot(at)?.value)
  const targets = page.map((text, index): Target | undefined => {
    const rotation = text.startsWith('oncall.') ? text.slice('oncall.'.length) : undefined
    if (rotation !== undefined && named.includes(rotation)) return { is: 'rotation', name: rotation }
    if (rotation === undefined && persons.includes(text)) return { is: 'person', name: text }
    const all = [...persons, ...named.map((name) => `oncall.${name}`)]
    const help = named.includes(text) ? `did you mean “oncall.${text}”?` : (): string | undefined => helpFor(text, all, 'person or rotation')
    return reading.error('HF111', listed ? [...at, index] : at, `“${text.slice(0, 63)}” is neither a person nor a rotation`, { help })
  })
  const found = targets.filter((target) => target !== undefined)
  return found.length === targets.length ? found : undefined
}

/** A rotation with findings of its own is taken to reach somebody. */
function reaches({ is, name }: Target, { people, rotations }: Reached): boolean {
  const who = is === 'person' ? [name] : Object.hasOwn(rotations, name) ? rotations[name]?.people : undefined
  return !who || who.some((one) => !silent(people, one))
}

/** True for a person whom no channel reaches; somebody unknown is a finding of its own. */
const silent = (people: Readonly<Record<string, Person>>, name: string): boolean => Object.hasOwn(people, name) && people[name]?.reach.length === 0

/** A list of people by name, or one name; `undefined` when it is not there. */
function readPeopleList(reading: Reading, path: readonly string[], persons: readonly string[]): string[] | undefined {
  if (reading.spot(path)?.value === null) return undefined
  const read = reading.shape(names(), path)
  if (!read || read.length === 0) return undefined
  judgeNames(reading, path, persons)
  return [...new Set(read)]
}

function judgeNames(reading: Reading, path: readonly string[], persons: readonly string[]): void {
  const { value } = reading.spot(path) ?? {}
  const listed = Array.isArray(value)
  for (const [index, name] of (listed ? value : [value]).entries()) {
    if (typeof name !== 'string' || persons.includes(name)) continue
    const at = listed ? [...path, index] : path
    reading.error('HF111', at, `“${name.slice(0, 63)}” in ${path.join('.')} is no person of this file`, { help: () => helpFor(name, persons, 'person') })
  }
}

/** What stands in the file and is of no use: mostly a mistake elsewhere. */
function warnOfStrays(reading: Reading, { people, persons, named }: Reached): void {
  const reachable = Object.values(people).some(({ reach }) => reach.length > 0)
  if (!reachable) {
    const help = persons.length === 0 ? 'people: { ada: { email: ada@acme.example } }, and a channel that reaches them' : 'none of the people has a channel'
    return reading.warn('HF150', persons.length === 0 ? [] : ['people'], 'Nobody would be paged yet: add people', { on: 'key', help })
  }
  const stepped = new Set(reading.named(['escalation']).flatMap(([policy]) => textsIn(reading, ['escalation', policy])))
  const turning = new Set(named.flatMap((rotation) => textsIn(reading, ['oncall', rotation, 'people'])))
  const falling = new Set(textsIn(reading, ['fallback']))
  const rung = stepped.size > 0
  for (const name of rung ? persons : []) {
    if (stepped.has(name) || turning.has(name) || falling.has(name)) continue
    reading.warn('HF152', ['people', name], `${name} stands in no rotation and no step`, { on: 'key', help: 'nothing pages this person but the fallback' })
  }
  for (const name of named) {
    if (!stepped.has(`oncall.${name}`)) reading.warn('HF153', ['oncall', name], `no step pages oncall.${name}`, { on: 'key', help: 'name it in a step of an escalation policy' })
  }
  const ringing = new Set(Object.values(people).flatMap(({ reach }) => reach.map(({ channel }) => channel)))
  for (const [name] of reading.named(['channels'])) {
    if (!ringing.has(name)) reading.warn('HF153', ['channels', name], `nobody is reached by “${name}”`, { on: 'key', help: 'name it in the reach of a person' })
  }
}

/** All texts at or below a place. */
function textsIn(reading: Reading, path: readonly string[]): string[] {
  const texts = (value: unknown): string[] =>
    typeof value === 'string' ? [value] : typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : []
  return texts(reading.spot(path)?.value)
}
