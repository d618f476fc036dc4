// How a runbook is written: who does it and who checks, where it may run, what has to be so before and all the time, and its steps. A step whose end
// nobody could see is refused: a manual one without `until`, and one that takes something down without saying when that is over. What is
// filled in later (`{{host}}`) is judged here for every host that the runbook could run on.
import { z } from 'zod'
import { nameKey, names, span, zone } from '../../config/piece.ts'
import type { Reading } from '../../config/reading.ts'
import { helpFor } from '../../config/suggest.ts'
import { days, hours, minutes, ms, seconds } from '../../core/time.ts'
import type { Act, Claim, Runbook, Step, Want, Window } from './runbook.ts'
import { placesIn, VALUES, valuesFor } from './template.ts'
import type { Cluster, Host } from './topology.ts'

export interface Around {
  readonly hosts: readonly Host[]
  /** Those with findings included; so are all names here. */
  readonly hostNames: readonly string[]
  readonly clusters: readonly Cluster[]
  readonly clusterNames: readonly string[]
  readonly checks: readonly string[]
  readonly backups: readonly string[]
  readonly people: readonly string[]
  /** Who is in each rotation. */
  readonly rotations: Readonly<Record<string, readonly string[]>>
  /** Components of each board. */
  readonly boards: Readonly<Record<string, readonly string[]>>
  readonly timezone: string
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const HAPROXY_SOCKET = '/run/haproxy/admin.sock'

const text = (most: number): z.ZodString => z.string().trim().min(1).max(most).refine((it) => !/[^\P{C}\n]/u.test(it), 'text without control characters')
/** One word of a command: no shell reads it, and no NUL ends it early. */
const word = z.string().min(1).max(4000).refine((it) => !it.includes('\0'), 'a word of a command holds no NUL')
/** A host of the file, or where the host of the run is put in. */
const hostText = z.string().min(1).max(100)
/** A name in HAProxy's own language, in which a blank or a semicolon begins the next command. */
const proxyName = z.string().max(200).regex(/^(?:\{\{[^{}]*\}\}|[A-Za-z0-9_])(?:\{\{[^{}]*\}\}|[A-Za-z0-9_.:-])*$/, 'letters, digits, “_”, “.”, “:” and “-”, as HAProxy names it')
const serverState = z.enum(['ready', 'drain', 'maint'])
const clock = z.string().regex(/^(?:[01]?\d|2[0-3]):[0-5]\d$/, 'a time of day, such as 02:00')

const haproxy = z.strictObject({
  backend: proxyName.meta({ description: 'As HAProxy names it' }), server: proxyName.meta({ description: 'As HAProxy names it' }),
  state: serverState, socket: z.string().max(107).regex(/^\/[^\0\n]+$/, 'the path of its runtime socket').default(HAPROXY_SOCKET).meta({ description: 'Its runtime socket' }),
})
const argv = z.array(word).min(1).max(100).meta({ description: 'A command, word by word; no shell reads it' })
const actShape = { run: argv.optional(), on: hostText.optional().meta({ description: 'The host on which it runs, or local' }) }

const wantSchema = z.union([
  z.enum(['links.up', 'cluster.healthy', 'incidents.none']),
  z.strictObject({ backup: nameKey(), age: span(minutes(1), days(366)).optional(), rung: z.string().regex(/^L[1-8]$/, 'a rung of the ladder, L1 to L8').optional(), proven: span(hours(1), days(366)).optional() }),
  z.strictObject({ checks: names() }),
  z.strictObject({ cluster: nameKey(), at_least: z.int().min(1).max(32) }),
])

const untilSchema = z.strictObject({
  sessions: z.int().min(0).max(1_000_000).optional().meta({ description: 'HAProxy: at most so many' }), server: serverState.optional().meta({ description: 'HAProxy: how the server stands' }),
  stopped: hostText.optional(), links: hostText.optional(), boots: hostText.optional(),
  cluster: nameKey().optional(), synced: hostText.optional(), at_least: z.int().min(1).max(32).optional(), checks: names().optional(),
})

const stepSchema = z.strictObject({
  id: nameKey().meta({ description: 'What it is called' }),
  do: z.strictObject({ haproxy }).optional().meta({ description: 'By a driver' }),
  ...actShape,
  manual: text(2000).optional().meta({ description: 'What a person does' }),
  takes: names().optional().meta({ description: 'Hosts that it is expected to take down, until `until` holds' }),
  until: untilSchema.optional().meta({ description: 'What has to be seen before it counts as done' }),
  within: span(seconds(1), hours(24)).default(minutes(10)).meta({ description: 'How long it may take (10m)' }),
  undo: z.strictObject({ haproxy: haproxy.optional(), ...actShape, manual: text(2000).optional() }).optional().meta({ description: 'The way back' }),
  confirm: z.literal('both').optional().meta({ description: 'Two people press before it begins; there is no other way yet' }),
})

/** For editors, and for reading. */
export const runbookSchema = z.strictObject({
  title: text(200).meta({ description: 'What it does, in a line' }),
  window: z.strictObject({
    days: z.union([z.enum(DAYS), z.array(z.enum(DAYS)).min(1).max(7)]).meta({ description: 'Days on which it opens' }),
    from: clock, to: clock.meta({ description: 'Before `from`: on the next day' }), timezone: zone().optional(),
  }).optional().meta({ description: 'When it may run; it never starts anything' }),
  people: z.strictObject({ does: names(), checks: names() }).meta({ description: 'People, or oncall.name' }),
  hosts: z.strictObject({
    cluster: nameKey().optional().meta({ description: 'Its members' }), names: names().optional().meta({ description: 'These hosts' }),
    serial: z.union([z.int().min(1).max(32), z.string().regex(/^(?:100|[1-9]\d?)%$/, 'a number, or a share such as 30%')]).default(1).meta({ description: 'So many at a time' }),
  }),
  preflight: z.array(wantSchema).max(50).default([]).meta({ description: 'What has to be so before the first step' }),
  keep: z.strictObject({ cluster: nameKey(), tolerate: z.int().min(0).max(31) }).optional().meta({ description: 'How many further failures must be survived after every step' }),
  guard: z.array(wantSchema).max(50).default([]).meta({ description: 'What has to stay so from the first press to the end' }),
  announce: z.strictObject({ board: nameKey(), components: names(), lead: span(minutes(1), days(60)) }).optional().meta({ description: 'What the public is told before' }),
  steps: z.array(stepSchema).min(1).max(50),
})

type Written = z.output<typeof runbookSchema>
type WrittenStep = Written['steps'][number]
type Path = readonly (string | number)[]

/** Reads one; what is wrong is noted, and it is left out. */
export function readRunbook(reading: Reading, name: string, around: Around): Runbook | undefined {
  const path = ['runbooks', name]
  if (!reading.map(path)) return undefined
  const read = reading.shape(runbookSchema, path)
  if (!read) return undefined
  const names = hostsOf(reading, path, read.hosts, around)
  const judge = judgeFor(reading, around, around.hosts.filter((it) => names.includes(it.name)), read.hosts.cluster)
  judgePeople(reading, [...path, 'people'], read.people, around)
  const window = read.window && readWindow(reading, path, read.window, around.timezone)
  if (read.keep) judge.cluster([...path, 'keep', 'cluster'], read.keep.cluster)
  if (read.announce) judgeAnnounce(reading, [...path, 'announce'], read.announce, around)
  const steps = read.steps.map((step, at) => readStep(reading, [...path, 'steps', at], step, judge))
  judgeIds(reading, [...path, 'steps'], read.steps)
  return {
    name, title: read.title, people: read.people, hosts: { names, serial: read.hosts.serial, ...(read.hosts.cluster === undefined ? {} : { cluster: read.hosts.cluster }) },
    preflight: read.preflight.map((it, at) => wantOf(it, [...path, 'preflight', at], judge)), guard: read.guard.map((it, at) => wantOf(it, [...path, 'guard', at], judge)),
    steps, from: reading.place(path), ...(window ? { window } : {}), ...(read.keep ? { keep: read.keep } : {}), ...(read.announce ? { announce: read.announce } : {}),
  }
}

function hostsOf(reading: Reading, path: Path, { cluster, names: named }: Written['hosts'], { clusters, clusterNames, hostNames }: Around): readonly string[] {
  const at = [...path, 'hosts']
  if ((cluster === undefined) === (named === undefined)) {
    reading.error('HF105', at, `${at.join('.')} does not say ${cluster === undefined ? '' : 'once '}on which hosts it may run`, { on: 'key', help: 'write cluster: …, or names: […]' })
    return []
  }
  if (cluster !== undefined) {
    if (!clusterNames.includes(cluster)) reading.error('HF111', [...at, 'cluster'], `${at.join('.')} names “${cluster}”, and there is no such cluster`, { help: () => helpFor(cluster, clusterNames, 'cluster') })
    return clusters.find((it) => it.name === cluster)?.members ?? []
  }
  for (const host of named ?? []) if (!hostNames.includes(host)) reading.error('HF111', [...at, 'names'], `${at.join('.')} names “${host.slice(0, 63)}”, and there is no such host`, { help: () => helpFor(host, hostNames, 'host') })
  if (named?.length === 0) reading.error('HF104', [...at, 'names'], `${at.join('.')}.names must not be empty`, { help: 'name a host' })
  return [...new Set(named)]
}

/** Both parts are somebody's, and they can be two people. */
function judgePeople(reading: Reading, path: Path, people: Written['people'], { people: all, rotations }: Around): void {
  const known = [...all, ...Object.keys(rotations).map((it) => `oncall.${it}`)]
  const one = (part: 'does' | 'checks'): Set<string> => {
    const at = [...path, part]
    const listed = Array.isArray(reading.spot(at)?.value)
    if (people[part].length === 0) reading.error('HF104', at, `${at.join('.')} must not be empty`, { help: 'name a person, or oncall.name' })
    for (const [index, name] of people[part].entries()) {
      if (!known.includes(name)) reading.error('HF111', listed ? [...at, index] : at, `“${name.slice(0, 63)}” in ${at.join('.')} is neither a person nor a rotation`, { help: () => helpFor(name, known, 'person or rotation') })
    }
    return new Set(people[part].flatMap((it) => rotations[it.replace(/^oncall\./, '')] ?? [it]))
  }
  const parts = [one('does'), one('checks')]
  if (new Set(parts.flatMap((it) => [...it])).size < 2) reading.error('HF121', path, `${path.join('.')}: one person would do it and check it`, { on: 'key', help: 'two people are needed for every step' })
}

function readWindow(reading: Reading, path: Path, written: NonNullable<Written['window']>, timezone: string): Window | undefined {
  const [from = 0, to = 0] = [written.from, written.to].map((it) => Number(it.split(':')[0]) * 60 + Number(it.split(':')[1]))
  if (from === to) return reading.error('HF116', [...path, 'window', 'to'], `${path.join('.')}.window opens and closes at the same time`, { help: 'the whole day is from: "00:00", to: "23:59"' })
  const days = typeof written.days === 'string' ? [written.days] : written.days
  return { days: [...new Set(days.map((day) => DAYS.indexOf(day) + 1))].toSorted((a, b) => a - b), from, to, timezone: written.timezone ?? timezone }
}

function judgeAnnounce(reading: Reading, path: Path, { board, components }: NonNullable<Written['announce']>, { boards }: Around): void {
  const shown = Object.hasOwn(boards, board) ? boards[board] : undefined
  if (!shown) return reading.error('HF111', [...path, 'board'], `${path.join('.')} names “${board}”, and there is no such status page`, { help: () => helpFor(board, Object.keys(boards), 'status page') })
  for (const name of components) if (!shown.includes(name)) reading.error('HF111', [...path, 'components'], `${path.join('.')} names “${name.slice(0, 63)}”, which is no component of ${board}`, { help: () => helpFor(name, shown, 'component') })
}

function judgeIds(reading: Reading, path: Path, steps: readonly WrittenStep[]): void {
  for (const [at, { id }] of steps.entries()) {
    if (steps.findIndex((it) => it.id === id) < at) reading.error('HF103', [...path, at, 'id'], `two steps of ${path.slice(0, -1).join('.')} are called “${id}”`, { help: 'people and the ledger name a step by its id: give each its own' })
  }
}

/** What judges names and placeholders of one runbook, for each host that it could run on. */
interface Judge {
  readonly reading: Reading
  readonly around: Around
  cluster(path: Path, name: string): void
  checks(path: Path, all: readonly string[]): void
  /** The placeholders of a text. */
  text(path: Path, text: string): string
  /** A host of the file, or a place for the host of the run. */
  host(path: Path, text: string): string
}

function judgeFor(reading: Reading, around: Around, hosts: readonly Host[], cluster: string | undefined): Judge {
  const judge: Judge = {
    reading, around,
    cluster(path, name) {
      if (!around.clusterNames.includes(name)) reading.error('HF111', path, `${where(path)} names “${name}”, and there is no such cluster`, { help: () => helpFor(name, around.clusterNames, 'cluster') })
    },
    checks(path, all) {
      for (const name of all) if (!around.checks.includes(name)) reading.error('HF111', path, `${where(path)} names “${name.slice(0, 63)}”, and there is no such check`, { help: () => helpFor(name, around.checks, 'check') })
    },
    text(path, text) {
      for (const place of placesIn(text)) {
        if (!VALUES.some((it) => it === place)) reading.error('HF124', path, `“{{${place.slice(0, 40).replaceAll(/[{}]/g, '')}}}” stands for nothing that is known`, { help: () => helpFor(place, VALUES, 'value') })
        else {
          const lacking = hosts.find((host) => !(place in valuesFor(host, cluster)))
          if (lacking) reading.error('HF124', path, `“{{${place}}}” is not known for ${lacking.name}`, { help: place === 'cluster' ? 'hosts of this runbook are named one by one' : `say it: hosts: { ${lacking.name}: { ${place === 'host.address' ? 'ssh' : place.slice(5)}: … } }` })
        }
      }
      return text
    },
    host(path, text) {
      if (/^\{\{ *host *\}\}$/.test(text) || around.hostNames.includes(text)) return text
      reading.error('HF111', path, `${where(path)} names “${text.slice(0, 63)}”, and there is no such host`, { help: () => (text.includes('{{') ? 'write "{{host}}" alone, or the name of a host' : helpFor(text, around.hostNames, 'host')) })
      return text
    },
  }
  return judge
}

const where = (path: Path): string => path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at > 0 ? '.' : ''}${part}`)).join('')

function wantOf(written: Written['guard'][number], path: Path, judge: Judge): Want {
  if (typeof written === 'string') return { is: ({ 'links.up': 'links', 'cluster.healthy': 'healthy', 'incidents.none': 'incidents' } as const)[written] }
  if ('checks' in written) {
    judge.checks([...path, 'checks'], written.checks)
    return { is: 'checks', names: written.checks }
  }
  if ('cluster' in written) {
    judge.cluster([...path, 'cluster'], written.cluster)
    return { is: 'members', cluster: written.cluster, atLeast: written.at_least }
  }
  const { backup: set, age, rung, proven } = written
  const { backups } = judge.around
  if (!backups.includes(set)) judge.reading.error('HF111', [...path, 'backup'], `${where(path)} names “${set}”, and there is no such set of backups`, { help: () => helpFor(set, backups, 'set of backups') })
  return { is: 'backup', set, ...(age === undefined ? {} : { age }), ...(rung === undefined ? {} : { rung }), ...(proven === undefined ? {} : { proven }) }
}

interface WrittenAct { readonly haproxy?: z.output<typeof haproxy> | undefined; readonly run?: string[] | undefined; readonly on?: string | undefined; readonly manual?: string | undefined }

function readStep(reading: Reading, path: Path, step: WrittenStep, judge: Judge): Step {
  const act = actOf(reading, path, { haproxy: step.do?.haproxy, run: step.run, on: step.on, manual: step.manual }, judge) ?? { is: 'manual', text: '' }
  const takes = (step.takes ?? []).map((host) => judge.host([...path, 'takes'], host))
  const until = step.until ? claimsOf(reading, [...path, 'until'], step.until, { judge, act }) : []
  const help = 'such as until: { links: "{{host}}" }, or { cluster: …, synced: "{{host}}" }'
  const says = Object.keys(step.until ?? {}).length > 0
  if (!says && act.is === 'manual') reading.error('HF125', path, `step “${step.id}” has nothing by which it is seen that it was done`, { help })
  else if (!says && takes.length > 0) reading.error('HF125', path, `step “${step.id}” takes ${takes.join(', ')} down, and does not say until when`, { help })
  const undo = step.undo && actOf(reading, [...path, 'undo'], { on: step.on, ...step.undo }, judge)
  return { id: step.id, act, takes, until, within: step.within ?? ms(0), ...(undo ? { undo } : {}) }
}

/** The one thing that a step does; `undefined` after a finding. */
function actOf(reading: Reading, path: Path, { haproxy: proxy, run, on, manual }: WrittenAct, judge: Judge): Act | undefined {
  const undo = path.at(-1) === 'undo'
  const given = [proxy, run, manual].filter((it) => it !== undefined).length
  if (given !== 1) return reading.error(given === 0 ? 'HF105' : 'HF121', path, `${where(path)} ${given === 0 ? 'does nothing' : 'does several things'}`, { help: `write one of: ${undo ? 'haproxy' : 'do'}, run, manual` })
  if (manual !== undefined) return { is: 'manual', text: judge.text([...path, 'manual'], manual) }
  if (proxy) {
    const at = undo ? [...path, 'haproxy'] : [...path, 'do', 'haproxy']
    return { is: 'haproxy', ...proxy, backend: judge.text([...at, 'backend'], proxy.backend), server: judge.text([...at, 'server'], proxy.server) }
  }
  const [program = ''] = run ?? []
  if (program.includes('{{') || program.startsWith('-')) reading.error('HF104', [...path, 'run', 0], `which program runs is never put in: ${where(path)}.run begins with “${program.slice(0, 40)}”`, { help: 'write the program out' })
  for (const [at, one] of (run ?? []).entries()) judge.text([...path, 'run', at], one)
  if (on === undefined) return reading.error('HF105', path, `${where(path)} does not say where its command runs`, { help: 'add on: "{{host}}", or on: local for the machine of Holdfast' })
  return { is: 'run', argv: run ?? [], on: on === 'local' || !reading.spot([...path, 'on']) ? on : judge.host([...path, 'on'], on) }
}

function claimsOf(reading: Reading, path: Path, read: z.output<typeof untilSchema>, { judge, act }: { readonly judge: Judge; readonly act: Act }): Claim[] {
  const claims: Claim[] = []
  const { sessions, server, stopped, links, boots, cluster, synced, at_least: atLeast, checks } = read
  for (const key of ['sessions', 'server'] as const) {
    if (read[key] !== undefined && act.is !== 'haproxy') reading.error('HF104', [...path, key], `${where(path)}.${key} is asked of HAProxy, and this step does nothing there`, { on: 'key', help: 'it goes with do: { haproxy: … }' })
  }
  if (sessions !== undefined) claims.push({ is: 'sessions', most: sessions })
  if (server !== undefined) claims.push({ is: 'server', state: server })
  if (stopped !== undefined) claims.push({ is: 'stopped', host: judge.host([...path, 'stopped'], stopped) })
  if (links !== undefined) claims.push({ is: 'links', host: judge.host([...path, 'links'], links) })
  if (boots !== undefined) claims.push({ is: 'boots', host: judge.host([...path, 'boots'], boots) })
  if (cluster !== undefined) judge.cluster([...path, 'cluster'], cluster)
  if (cluster !== undefined && synced === undefined && atLeast === undefined) reading.error('HF105', path, `${where(path)} does not say what is awaited of ${cluster}`, { help: 'add synced: "{{host}}", or at_least: 2' })
  if (cluster === undefined && (synced ?? atLeast) !== undefined) reading.error('HF105', path, `${where(path)} does not say of which cluster`, { help: 'add cluster: …' })
  if (cluster !== undefined && synced !== undefined) claims.push({ is: 'synced', cluster, host: memberOf({ judge, path: [...path, 'synced'], host: judge.host([...path, 'synced'], synced), cluster: judge.around.clusters.find((it) => it.name === cluster) }) })
  if (cluster !== undefined && atLeast !== undefined) claims.push({ is: 'members', cluster, atLeast })
  if (checks !== undefined) {
    judge.checks([...path, 'checks'], checks)
    claims.push({ is: 'checks', names: checks })
  }
  return claims
}

function memberOf({ judge, path, host, cluster }: { readonly judge: Judge; readonly path: Path; readonly host: string; readonly cluster: Cluster | undefined }): string {
  if (cluster && !host.includes('{{') && judge.around.hostNames.includes(host) && !cluster.members.includes(host)) judge.reading.error('HF111', path, `“${host}” is no member of ${cluster.name}`, { help: () => helpFor(host, cluster.members, 'member') })
  return host
}
