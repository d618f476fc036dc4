// How a runbook is written. What a driver has in a step is its own: it is read by the driver's schema, filled in for each host (deed.ts). Editors are told of
// every driver that there is.
import { z } from 'zod'
import { nameKey, names, span, zone } from '../../config/piece.ts'
import { days, hours, minutes, seconds } from '../../core/time.ts'
import { RUN, type AnyDriver } from '../../ports/driver/driver.ts'
import { BALANCED } from './sight.ts'

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const text = (most: number): z.ZodString => z.string().trim().min(1).max(most).refine((it) => !/[^\P{C}\n]/u.test(it), 'text without control characters')
/** A host of the file, or where the host of the run is put in. */
const hostText = z.string().min(1).max(100)
const clock = z.string().regex(/^(?:[01]?\d|2[0-3]):[0-5]\d$/, 'a time of day, such as 02:00')

/** What is seen at every HAProxy, and at every authoritative server, of a cluster. */
const fronted = [
  z.strictObject({ cluster: nameKey(), server: hostText.meta({ description: 'HAProxy: a server of its backend, in every one of them' }), state: z.enum(BALANCED).optional(), sessions: z.int().min(0).max(1_000_000).optional() }),
  z.strictObject({ cluster: nameKey(), answers: z.array(z.string().min(1).max(255)).min(1).max(32).meta({ description: 'DNS: all that every authoritative server says' }) }),
] as const

export type WrittenFronted = z.output<(typeof fronted)[number]>

const wantSchema = z.union([
  z.enum(['links.up', 'cluster.healthy', 'incidents.none']),
  z.strictObject({ backup: nameKey(), age: span(minutes(1), days(366)).optional(), rung: z.string().regex(/^L[1-8]$/, 'a rung of the ladder, L1 to L8').optional(), proven: span(hours(1), days(366)).optional() }),
  z.strictObject({ checks: names() }),
  z.strictObject({ cluster: nameKey(), at_least: z.int().min(1).max(32) }),
  ...fronted,
])

/** What every step can await. */
export const untilShape = {
  stopped: hostText.optional(), links: hostText.optional(), boots: hostText.optional(),
  cluster: nameKey().optional(), synced: hostText.optional(), at_least: z.int().min(1).max(32).optional(), checks: names().optional(),
  seen: z.array(z.union(fronted)).min(1).max(20).optional().meta({ description: 'What is seen at every HAProxy, or at every authoritative server' }),
}

/** Settings of a driver are left for it to read. */
const written = z.unknown().optional()
const manual = text(2000).optional().meta({ description: 'What a person does' })

const stepShape = {
  id: nameKey().meta({ description: 'What it is called' }),
  manual,
  takes: names().optional().meta({ description: 'Hosts that it is expected to take down, until `until` holds' }),
  within: span(seconds(1), hours(24)).default(minutes(10)).meta({ description: 'How long it may take (10m)' }),
  idempotent: z.boolean().optional().meta({ description: 'Done twice it is as if it had been done once: after it failed, or nobody knows what became of it, it may begin again' }),
  confirm: z.literal('both').optional().meta({ description: 'Two people press before it begins; there is no other way yet' }),
}
const stepSchema = z.strictObject({
  ...stepShape, do: z.record(z.string(), z.unknown()).optional(), run: written, on: written, on_halt: written,
  until: z.looseObject(untilShape).optional(), undo: z.looseObject({ manual }).optional(),
})

/** The same for editors, who are told what each driver has. */
function stepFor(drivers: readonly AnyDriver[]): z.ZodType {
  const kinds = Object.fromEntries(drivers.filter(({ kind }) => kind !== RUN).map((it) => [it.kind, z.strictObject(settingsOf(it.config)).optional().meta({ description: it.does })]))
  const command = Object.assign({}, ...drivers.filter(({ kind }) => kind === RUN).map((it) => z.object(settingsOf(it.config)).partial().shape)) as z.ZodRawShape
  const claims = Object.assign({}, ...drivers.map((it) => settingsOf(it.claims))) as z.ZodRawShape
  return z.strictObject({
    ...stepShape, do: z.strictObject(kinds).optional().meta({ description: 'By a driver' }), ...command,
    until: z.strictObject({ ...untilShape, ...claims }).optional().meta({ description: 'What has to be seen before it counts as done' }),
    undo: z.strictObject({ ...kinds, ...command, manual }).optional().meta({ description: 'The way back' }),
  })
}

/** What a driver has, as it is written in a runbook: placeholders may stand in every text, so no text has a form yet. */
const settingsOf = (schema: z.ZodObject): z.ZodRawShape => Object.fromEntries(Object.entries(schema.shape).map(([name, it]) => [name, placed(it as z.ZodType)]))
function placed(it: z.ZodType): z.ZodType {
  if (it instanceof z.ZodOptional) return placed(it.unwrap() as z.ZodType).optional().meta(it.meta() ?? {})
  if (it instanceof z.ZodDefault) return placed(it.unwrap() as z.ZodType).optional().meta(it.meta() ?? {})
  if (it instanceof z.ZodArray) return z.array(placed(it.element as z.ZodType)).meta(it.meta() ?? {})
  return it instanceof z.ZodString ? z.string().meta(it.meta() ?? {}) : it
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- the type is what is written
const runbookOf = <Step extends z.ZodType>(step: Step) => z.strictObject({
  title: text(200).meta({ description: 'What it does, in a line' }),
  window: z.strictObject({
    days: z.union([z.enum(DAYS), z.array(z.enum(DAYS)).min(1).max(7)]).meta({ description: 'Days on which it opens' }),
    from: clock, to: clock.meta({ description: 'Before `from`: on the next day' }), timezone: zone().optional(),
  }).optional().meta({ description: 'When it may run; it never starts anything' }),
  people: z.strictObject({ does: names(), checks: names() }).meta({ description: 'People, or oncall.name' }),
  hosts: z.strictObject({
    cluster: nameKey().optional().meta({ description: 'Its members' }), names: names().optional().meta({ description: 'These hosts' }),
    serial: z.union([z.int().min(1).max(32), z.string().regex(/^(?:100|[1-9]\d?)%$/, 'a number, or a share such as 30%')]).default(1).meta({ description: 'A rolling run takes so many hosts of one failure domain at a time' }),
    max_failures: z.int().min(0).max(31).default(0).meta({ description: 'A rolling run goes on although so many of them failed' }),
  }),
  preflight: z.array(wantSchema).max(50).default([]).meta({ description: 'What has to be so before the first step' }),
  keep: z.strictObject({ cluster: nameKey(), tolerate: z.int().min(0).max(31) }).optional().meta({ description: 'How many further failures must be survived after every step' }),
  guard: z.array(wantSchema).max(50).default([]).meta({ description: 'What has to stay so from the first press to the end' }),
  announce: z.strictObject({ board: nameKey(), components: names(), lead: span(minutes(1), days(60)) }).optional().meta({ description: 'What the public is told before' }),
  unattended: z.union([z.literal(true), z.strictObject({ on_halt: z.enum(['stay', 'undo']).meta({ description: 'After a surprise it stays as it is, or goes the ways back, in order' }) })]).optional().meta({ description: 'Two people may agree to it once, as a whole, and it goes on by itself in its window' }),
  steps: z.array(step).min(1).max(50),
})

/** For editors, and for reading. */
export const runbookSchema = (drivers: readonly AnyDriver[]): z.ZodType => runbookOf(stepFor(drivers))
export const writtenRunbook = runbookOf(stepSchema)
