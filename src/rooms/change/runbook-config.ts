// How a runbook is written: who does it and who checks, where it may run, what has to be so before and all the time, and its steps. A step whose end
// nobody could see is refused: a manual one without `until`, and one that takes something down without saying when that is over. What is
// filled in later (`{{host}}`) is judged here for every host that the runbook could run on.
import type { z } from 'zod'
import type { Reading } from '../../config/reading.ts'
import { helpFor } from '../../config/suggest.ts'
import { sha256 } from '../../core/id.ts'
import { canonical } from '../../core/ledger.ts'
import { ms } from '../../core/time.ts'
import { RUN, type AnyDriver } from '../../ports/driver/driver.ts'
import { driverNamed, readClaims, readDeeds, type DeedWants } from './deed.ts'
import type { Act, Claim, Fronted, Runbook, Step, Want, Window } from './runbook.ts'
import { DAYS, untilShape, writtenRunbook, type WrittenFronted } from './runbook-schema.ts'
import { fill, placesIn, VALUES, valuesFor } from './template.ts'
import { recordValue, type Cluster, type Host } from './topology.ts'

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
  readonly drivers: readonly AnyDriver[]
  /** Targets by the kind of driver that they are for. */
  readonly targets: Readonly<Record<string, readonly string[]>>
}

type Written = z.output<typeof writtenRunbook>
type WrittenStep = Written['steps'][number]
type Path = readonly (string | number)[]

/** Reads one; what is wrong is noted, and it is left out. */
export function readRunbook(reading: Reading, name: string, around: Around): Runbook | undefined {
  const path = ['runbooks', name]
  if (!reading.map(path)) return undefined
  const read = reading.shape(writtenRunbook, path)
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
    name, title: read.title, people: read.people, hosts: { names, serial: read.hosts.serial, ...(read.hosts.max_failures === 0 ? {} : { maxFailures: read.hosts.max_failures }), ...(read.hosts.cluster === undefined ? {} : { cluster: read.hosts.cluster }) },
    preflight: read.preflight.map((it, at) => wantOf(it, [...path, 'preflight', at], judge)), guard: read.guard.map((it, at) => wantOf(it, [...path, 'guard', at], judge)),
    steps, from: reading.place(path), ...(window ? { window } : {}), ...(read.keep ? { keep: read.keep } : {}), ...(read.announce ? { announce: read.announce } : {}),
    ...(read.unattended === undefined ? {} : { unattended: { onHalt: read.unattended === true ? 'stay' as const : read.unattended.on_halt } }),
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
  /** The driver of commands. */
  readonly run: AnyDriver | undefined
  /** What deeds are read with. */
  readonly deeds: Pick<DeedWants, 'hosts' | 'cluster' | 'text'>
  cluster(path: Path, name: string): void
  checks(path: Path, all: readonly string[]): void
  /** The same where placeholders may stand in the names: each host has its own. */
  checksOf(path: Path, all: readonly string[]): void
  /** The placeholders of a text. */
  text(path: Path, text: string): string
  /** Whether it is a host of the file, or a place for the host of the run. */
  knows(text: string): boolean
  /** The same, with a finding where it is neither. */
  host(path: Path, text: string): string
}

function judgeFor(reading: Reading, around: Around, hosts: readonly Host[], cluster: string | undefined): Judge {
  const knows = (text: string): boolean => /^\{\{ *host *\}\}$/.test(text) || around.hostNames.includes(text)
  const placed = (path: Path, text: string): boolean => {
    let good = true
    for (const place of placesIn(text)) {
      const known = VALUES.some((it) => it === place)
      const lacking = known ? hosts.find((host) => !(place in valuesFor(host, cluster))) : undefined
      good &&= known && !lacking
      if (!known) reading.error('HF124', path, `“{{${place.slice(0, 40).replaceAll(/[{}]/g, '')}}}” stands for nothing that is known`, { help: () => helpFor(place, VALUES, 'value') })
      else if (lacking) reading.error('HF124', path, `“{{${place}}}” is not known for ${lacking.name}`, { help: place === 'cluster' ? 'hosts of this runbook are named one by one' : `say it: hosts: { ${lacking.name}: { ${place === 'host.address' ? 'ssh' : place.slice(5)}: … } }` })
    }
    return good
  }
  const checks = (path: Path, all: readonly string[]): void => {
    for (const name of all) if (!around.checks.includes(name)) reading.error('HF111', path, `${where(path)} names “${name.slice(0, 63)}”, and there is no such check`, { help: () => helpFor(name, around.checks, 'check') })
  }
  return {
    reading, around, run: around.drivers.find(({ kind }) => kind === RUN), deeds: { hosts, cluster, text: placed },
    cluster(path, name) {
      if (!around.clusterNames.includes(name)) reading.error('HF111', path, `${where(path)} names “${name}”, and there is no such cluster`, { help: () => helpFor(name, around.clusterNames, 'cluster') })
    },
    checks,
    checksOf(path, all) {
      for (const name of all) {
        if (placesIn(name).length === 0) checks(path, [name])
        else if (placed(path, name)) checkOfEach({ reading, hosts, cluster, known: around.checks }, path, name)
      }
    },
    text(path, text) {
      placed(path, text)
      return text
    },
    knows,
    host(path, text) {
      if (knows(text)) return text
      reading.error('HF111', path, `${where(path)} names “${text.slice(0, 63)}”, and there is no such host`, { help: () => (text.includes('{{') ? 'write "{{host}}" alone, or the name of a host' : helpFor(text, around.hostNames, 'host')) })
      return text
    },
  }
}

/** A check for each host: the first that lacks one is named, since the others mostly lack theirs for the same slip. */
function checkOfEach({ reading, hosts, cluster, known }: { readonly reading: Reading; readonly hosts: readonly Host[]; readonly cluster: string | undefined; readonly known: readonly string[] }, path: Path, name: string): void {
  for (const host of hosts) {
    const filled = fill(name, valuesFor(host, cluster))
    if (known.includes(filled)) continue
    return reading.error('HF111', path, `${where(path)} names “${filled.slice(0, 63)}” for ${host.name}, and there is no such check`, { help: () => helpFor(filled, known, 'check') })
  }
}

const where = (path: Path): string => path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at > 0 ? '.' : ''}${part}`)).join('')

function wantOf(written: Written['guard'][number], path: Path, judge: Judge): Want {
  if (typeof written === 'string') return { is: ({ 'links.up': 'links', 'cluster.healthy': 'healthy', 'incidents.none': 'incidents' } as const)[written] }
  if ('checks' in written) {
    judge.checks([...path, 'checks'], written.checks)
    return { is: 'checks', names: written.checks }
  }
  if ('server' in written || 'answers' in written) return frontedOf(written, path, judge)
  if ('cluster' in written) {
    judge.cluster([...path, 'cluster'], written.cluster)
    return { is: 'members', cluster: written.cluster, atLeast: written.at_least }
  }
  const { backup: set, age, rung, proven } = written
  const { backups } = judge.around
  if (!backups.includes(set)) judge.reading.error('HF111', [...path, 'backup'], `${where(path)} names “${set}”, and there is no such set of backups`, { help: () => helpFor(set, backups, 'set of backups') })
  return { is: 'backup', set, ...(age === undefined ? {} : { age }), ...(rung === undefined ? {} : { rung }), ...(proven === undefined ? {} : { proven }) }
}

/** What is awaited of balancers or of servers of names; it means something for a cluster of that kind alone. */
function frontedOf(written: WrittenFronted, path: Path, judge: Judge): Fronted {
  const { cluster: name } = written
  judge.cluster([...path, 'cluster'], name)
  const kind = 'server' in written ? 'haproxy' : 'dns'
  const of = judge.around.clusters.find((it) => it.name === name)
  if (of && of.kind !== kind) judge.reading.error('HF104', [...path, 'cluster'], `${where(path)} names “${name}”, which is ${of.kind}: ${kind === 'dns' ? 'answers are asked of dns' : 'a server is looked for in haproxy'}`, { help: `name a cluster that is ${kind}` })
  if ('answers' in written) {
    const type = of?.record?.type ?? 'TXT'
    return { is: 'record', cluster: name, answers: written.answers.map((text, at) => recordValue(type, judge.text([...path, 'answers', at], text))).toSorted() }
  }
  const { state, sessions } = written
  const server = judge.text([...path, 'server'], written.server)
  return { is: 'server', cluster: name, server, ...(state === undefined && sessions === undefined ? { state: 'ready' as const } : {}), ...(state === undefined ? {} : { state }), ...(sessions === undefined ? {} : { sessions }) }
}

function readStep(reading: Reading, path: Path, step: WrittenStep, judge: Judge): Step {
  const { do: done, run, on, on_halt: onHalt } = step
  const read = actOf(reading, path, { driven: done, drivenAt: [...path, 'do'], command: { run, on, on_halt: onHalt }, manual: step.manual, helps: 'do' }, judge)
  const takes = (step.takes ?? []).map((host) => judge.host([...path, 'takes'], host))
  const until = step.until ? [...(read ? driverClaims(reading, [...path, 'until'], step.until, { judge, driver: read.driver }) : []), ...claimsOf(reading, [...path, 'until'], step.until, judge)] : []
  const help = 'such as until: { links: "{{host}}" }, or { cluster: …, synced: "{{host}}" }'
  const says = Object.keys(step.until ?? {}).length > 0
  if (!says && step.manual !== undefined) reading.error('HF125', path, `step “${step.id}” has nothing by which it is seen that it was done`, { help })
  else if (!says && takes.length > 0) reading.error('HF125', path, `step “${step.id}” takes ${takes.join(', ')} down, and does not say until when`, { help })
  if (step.idempotent === true && step.manual !== undefined) reading.error('HF104', [...path, 'idempotent'], `step “${step.id}” is done by a person: what begins again by itself is a deed`, { on: 'key', help: 'leave idempotent out: who does a manual step is asked again anyway' })
  const undo = step.undo && undoOf(reading, [...path, 'undo'], step.undo, { judge, on })
  return { id: step.id, act: read?.act ?? NOTHING, takes, until, within: step.within ?? ms(0), ...(undo ? { undo: undo.act } : {}), ...(step.idempotent === true ? { idempotent: true as const } : {}) }
}

const NOTHING: Act = { is: 'manual', text: '' }

function undoOf(reading: Reading, path: Path, { manual, ...rest }: NonNullable<WrittenStep['undo']>, { judge, on }: { readonly judge: Judge; readonly on: unknown }): ReadAct | undefined {
  const command = Object.keys(judge.run?.config.shape ?? {})
  reading.onlyKnown(path, [...judge.around.drivers.map(({ kind }) => kind), ...command, 'manual'])
  const driven = Object.fromEntries(Object.entries(rest).filter(([key]) => !command.includes(key)))
  const given = Object.fromEntries(Object.entries(rest).filter(([key]) => command.includes(key)))
  return actOf(reading, path, { driven: Object.keys(driven).length > 0 ? driven : undefined, drivenAt: path, command: { on, ...given }, manual, helps: judge.around.drivers.map(({ kind }) => kind).filter((kind) => kind !== RUN).join(', ') }, judge)
}

interface WrittenAct {
  readonly driven: Readonly<Record<string, unknown>> | undefined
  readonly drivenAt: Path
  readonly command: Readonly<Record<string, unknown>>
  readonly manual: string | undefined
  readonly helps: string
}

interface ReadAct {
  readonly act: Act
  /** Absent: a person does it. */
  readonly driver?: AnyDriver
}

/** The one thing that a step does; `undefined` after a finding. */
function actOf(reading: Reading, path: Path, { driven, drivenAt, command, manual, helps }: WrittenAct, judge: Judge): ReadAct | undefined {
  const given = [driven, command['run'], manual].filter((it) => it !== undefined).length
  if (given !== 1) return reading.error(given === 0 ? 'HF105' : 'HF121', path, `${where(path)} ${given === 0 ? 'does nothing' : 'does several things'}`, { help: `write one of: ${helps}, run, manual` })
  if (manual !== undefined) return { act: { is: 'manual', text: judge.text([...path, 'manual'], manual) } }
  if (driven) {
    const driver = driverNamed(reading, drivenAt, Object.keys(driven), judge.around.drivers.filter(({ kind }) => kind !== RUN))
    return driver && deedOf(reading, [...drivenAt, driver.kind], { driver, raw: driven[driver.kind] }, judge)
  }
  const argv = command['run']
  const program = Array.isArray(argv) && typeof argv[0] === 'string' ? argv[0] : ''
  if (program.includes('{{')) return reading.error('HF104', [...path, 'run', 0], `which program runs is never put in: ${where(path)}.run begins with “${program.slice(0, 40)}”`, { help: 'write the program out' })
  if (command['on'] === undefined) return reading.error('HF105', path, `${where(path)} does not say where its command runs`, { help: 'add on: "{{host}}", or on: local for the machine of Holdfast' })
  return judge.run && deedOf(reading, path, { driver: judge.run, raw: Object.fromEntries(Object.entries(command).filter(([, it]) => it !== undefined)) }, judge)
}

function deedOf(reading: Reading, path: Path, { driver, raw }: { readonly driver: AnyDriver; readonly raw: unknown }, judge: Judge): ReadAct | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return reading.error('HF104', path, `${where(path)} wants a map of settings`, { help: 'write { setting: value }' })
  const settings = raw as Readonly<Record<string, unknown>>
  const { on, target } = settings
  const known = judge.around.targets[driver.kind] ?? []
  const strange = typeof on === 'string' && on !== 'local' && 'on' in driver.config.shape && !judge.knows(on)
  if (strange) {
    // The way back of a step runs where the step does, unless it says otherwise: one mistake is told once.
    if (reading.spot([...path, 'on'])) judge.host([...path, 'on'], on)
    return undefined
  }
  if (driver.target && typeof target === 'string' && !known.includes(target)) reading.error('HF111', [...path, 'target'], `${where(path)} names “${target.slice(0, 63)}”, and there is no such target of ${driver.kind}`, { help: () => helpFor(target, known, 'target') })
  const deeds = readDeeds({ ...judge.deeds, reading, driver, path, raw: settings })
  const written = driver.target && typeof target === 'string' ? reading.spot(['targets', target])?.value : undefined
  const place = written === undefined ? {} : { place: sha256(canonical(written)) }
  return deeds && { act: { is: 'driver', driver: driver.kind, deeds: Object.fromEntries(Object.entries(deeds).map(([host, deed]) => [host, { ...deed, ...place }])) }, driver }
}

/** What the driver of the step is asked to see; a claim of another one means nothing here. */
function driverClaims(reading: Reading, path: Path, read: Readonly<Record<string, unknown>>, { judge, driver }: { readonly judge: Judge; readonly driver: AnyDriver | undefined }): Claim[] {
  const { drivers } = judge.around
  const own = Object.keys(driver?.claims.shape ?? {})
  reading.onlyKnown(path, [...Object.keys(untilShape), ...drivers.flatMap((it) => Object.keys(it.claims.shape))])
  const asked = Object.keys(read).filter((key) => !(key in untilShape))
  for (const key of asked) {
    const whose = drivers.filter((it) => key in it.claims.shape)
    if (!own.includes(key) && whose.length > 0) reading.error('HF104', [...path, key], `${where(path)}.${key} is asked of ${whose.map((it) => it.title).join(' or ')}, and this step does nothing there`, { on: 'key', help: `it goes with ${whose.map(({ kind }) => (kind === RUN ? 'run: […]' : `do: { ${kind}: … }`)).join(' or ')}` })
  }
  const raw = Object.fromEntries(asked.filter((key) => own.includes(key)).map((key) => [key, read[key]]))
  if (!driver || Object.keys(raw).length === 0) return []
  const claims = readClaims({ ...judge.deeds, reading, driver, path, raw })
  return claims ? [{ is: 'driver', claims }] : []
}

function claimsOf(reading: Reading, path: Path, read: z.output<z.ZodObject<typeof untilShape>>, judge: Judge): Claim[] {
  const claims: Claim[] = []
  const { stopped, links, boots, cluster, synced, at_least: atLeast, checks, seen = [] } = read
  if (stopped !== undefined) claims.push({ is: 'stopped', host: judge.host([...path, 'stopped'], stopped) })
  if (links !== undefined) claims.push({ is: 'links', host: judge.host([...path, 'links'], links) })
  if (boots !== undefined) claims.push({ is: 'boots', host: judge.host([...path, 'boots'], boots) })
  if (cluster !== undefined) judge.cluster([...path, 'cluster'], cluster)
  if (cluster !== undefined && synced === undefined && atLeast === undefined) reading.error('HF105', path, `${where(path)} does not say what is awaited of ${cluster}`, { help: 'add synced: "{{host}}", or at_least: 2' })
  if (cluster === undefined && (synced ?? atLeast) !== undefined) reading.error('HF105', path, `${where(path)} does not say of which cluster`, { help: 'add cluster: …' })
  if (cluster !== undefined && synced !== undefined) claims.push({ is: 'synced', cluster, host: memberOf({ judge, path: [...path, 'synced'], host: judge.host([...path, 'synced'], synced), cluster: judge.around.clusters.find((it) => it.name === cluster) }) })
  if (cluster !== undefined && atLeast !== undefined) claims.push({ is: 'members', cluster, atLeast })
  if (checks !== undefined) {
    judge.checksOf([...path, 'checks'], checks)
    claims.push({ is: 'checks', names: checks })
  }
  claims.push(...seen.map((it, at) => frontedOf(it, [...path, 'seen', at], judge)))
  return claims
}

function memberOf({ judge, path, host, cluster }: { readonly judge: Judge; readonly path: Path; readonly host: string; readonly cluster: Cluster | undefined }): string {
  if (cluster && !host.includes('{{') && judge.around.hostNames.includes(host) && !cluster.members.includes(host)) judge.reading.error('HF111', path, `“${host}” is no member of ${cluster.name}`, { help: () => helpFor(host, cluster.members, 'member') })
  return host
}
