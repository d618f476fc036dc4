// Targets: where drivers act and what they need for it that is no part of a step: addresses, keys, passwords. A step names one; no plan ever holds what
// stands in it, and the hash that people agree on covers it as it is written, with secrets as names. Only the process that carries out a deed is
// given it, and of all targets only the one that its deed names.
import { z } from 'zod'
import { kindsSchema, readKind, type Kinded } from '../../config/kind.ts'
import { nameKey } from '../../config/piece.ts'
import type { Reading } from '../../config/reading.ts'
import type { AnyDriver } from '../../ports/driver/driver.ts'

/** A target with its driver's own settings, credentials included: for the process that acts. */
export interface TargetPlace {
  readonly name: string
  /** The driver that it is for. */
  readonly kind: string
  readonly settings: Readonly<Record<string, unknown>>
}

const kinds = (drivers: readonly AnyDriver[]): Kinded[] =>
  drivers.flatMap(({ kind, title, does, target }) => (target ? [{ kind, title, does, config: z.strictObject({ [kind]: target }) }] : []))

/** The section, for editors. */
export const targetsShape = (drivers: readonly AnyDriver[]): z.ZodRawShape => ({ targets: z.record(nameKey(), kindsSchema(kinds(drivers), () => ({}))).optional() })

/** Reads the section; what is wrong is noted in the reading, and left out. */
export const readTargets = (reading: Reading, drivers: readonly AnyDriver[]): TargetPlace[] =>
  reading.named(['targets']).flatMap(([name]): TargetPlace[] => {
    const read = readKind(reading, ['targets', name], { plugins: kinds(drivers), beside: () => [], noun: 'target', asks: 'which driver it is for' })
    const settings = (read?.settings as Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined)?.[read?.plugin.kind ?? '']
    return read && settings ? [{ name, kind: read.plugin.kind, settings }] : []
  })

/** Names of targets by kind, those with findings included. */
export const namedTargets = (reading: Reading, drivers: readonly AnyDriver[]): Record<string, string[]> =>
  Object.fromEntries(drivers.map(({ kind }) => [kind, reading.named(['targets']).flatMap(([name]) => (reading.spot(['targets', name, kind]) ? [name] : []))]))

/** The one target that a deed needs; `undefined`: none, or its driver knows none of that name. */
export function targetFor(targets: readonly TargetPlace[], { driver, config }: { readonly driver: string; readonly config: Readonly<Record<string, unknown>> }): TargetPlace | undefined {
  return targets.find(({ name, kind }) => kind === driver && name === config['target'])
}
