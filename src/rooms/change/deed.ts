// Settings of drivers, as a runbook writes them: every text may hold placeholders, which are filled in for each host that the runbook could run on, each
// within its own text; then the driver's own strict schema reads all of it. So a value is never more than its word (C-9): one that does not fit (a
// blank where a name belongs, a “-” at its front, a line break) is a finding when the file is read, and nothing of it reaches a deed. Secrets
// are no part of it: where a driver needs them it names a target, whose settings only the process that acts is given.
import type { z } from 'zod'
import { complaintsOf } from '../../config/issue.ts'
import type { Reading } from '../../config/reading.ts'
import { helpFor } from '../../config/suggest.ts'
import type { AnyDriver } from '../../ports/driver/driver.ts'
import type { Deed } from './runbook.ts'
import { fill, placesIn, valuesFor, type ValueName } from './template.ts'
import type { Host } from './topology.ts'

type Path = readonly (string | number)[]
type Values = Partial<Record<ValueName, string>>
type Map = Readonly<Record<string, unknown>>

export interface DeedWants {
  readonly reading: Reading
  readonly driver: AnyDriver
  /** Where its settings stand in the file. */
  readonly path: Path
  /** As it is written. */
  readonly raw: Map
  readonly hosts: readonly Host[]
  readonly cluster: string | undefined
  /** Judges the placeholders of a text; false after a finding. */
  readonly text: (path: Path, text: string) => boolean
}

/** One for each host; `undefined` after a finding. */
export function readDeeds(wants: DeedWants): Record<string, Deed> | undefined {
  const { driver } = wants
  const read = readFor(wants, driver.config)
  return read && Object.fromEntries(Object.entries(read).map(([host, config]) => [host, { config, says: driver.say(config) }]))
}

/** The same of what is awaited. */
export const readClaims = (wants: DeedWants): Record<string, Map> | undefined => readFor(wants, wants.driver.claims)

function readFor(wants: DeedWants, schema: z.ZodObject): Record<string, Map> | undefined {
  const { hosts, cluster, raw, path: base } = wants
  let good = true
  for (const [path, text] of textsIn(raw)) good = wants.text([...base, ...path], text) && good
  if (!good) return undefined
  const filled: [string, Map][] = []
  for (const host of hosts) {
    const read = schema.safeParse(filledIn(raw, valuesFor(host, cluster)))
    if (!read.success) return complain(wants, schema, read.error.issues, host)
    filled.push([host.name, read.data])
  }
  return Object.fromEntries(filled)
}

function complain({ reading, raw, path: base }: DeedWants, schema: z.ZodObject, issues: z.ZodError['issues'], host: Host): undefined {
  const written = (path: Path): unknown => path.slice(base.length).reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined), raw)
  for (const { code, path, says, on, help } of complaintsOf(issues, { path: [...base], schema, raw: written, open: () => true })) {
    const text = written(path)
    reading.error(code, [...path], `${says}${typeof text === 'string' && placesIn(text).length > 0 ? `, filled in for ${host.name}` : ''}`, { on, help })
  }
  return undefined
}

function textsIn(value: unknown, path: Path = []): [Path, string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Array.isArray(value) ? value.flatMap((it, at) => textsIn(it, [...path, at])) : Object.entries(value).flatMap(([key, it]) => textsIn(it, [...path, key]))
}

/** Texts are filled in, each within itself; names of settings are not. */
function filledIn(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return fill(value, values)
  if (typeof value !== 'object' || value === null) return value
  return Array.isArray(value) ? value.map((it) => filledIn(it, values)) : Object.fromEntries(Object.entries(value).map(([key, it]) => [key, filledIn(it, values)]))
}

/** The one driver that a map of settings names; `undefined` after a finding. */
export function driverNamed(reading: Reading, path: Path, named: readonly string[], drivers: readonly AnyDriver[]): AnyDriver | undefined {
  const [kind] = named
  const driver = drivers.find((it) => it.kind === kind)
  if (driver && named.length === 1) return driver
  const kinds = drivers.map((it) => it.kind)
  if (named.length === 1) return reading.error('HF101', [...path, kind ?? ''], `“${(kind ?? '').slice(0, 40)}” is no driver`, { on: 'key', help: () => helpFor(kind ?? '', kinds, 'driver') })
  return reading.error(named.length === 0 ? 'HF105' : 'HF121', path, named.length === 0 ? 'no driver is named' : 'one step has one driver', { help: `write one of: ${kinds.join(', ')}`, on: 'key' })
}
