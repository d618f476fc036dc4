// Placeholders in the texts of a runbook: `{{host}}`, `{{host.rack}}` and a few more, each a value of the topology. Nothing else is known, nothing
// is computed, and a text that is filled in stays one text: a value never becomes a step, a word of a command or another placeholder (C-9).
import { FATES, type Host } from './topology.ts'

/** What can stand between the braces. */
export const VALUES = ['host', 'host.address', ...FATES.map((fate) => `host.${fate}` as const), 'cluster'] as const
export type ValueName = (typeof VALUES)[number]

const PLACE = /\{\{([^{}]*)\}\}/g

/** The names between braces in a text, as they are written; braces that enclose nothing readable come as they stand. */
export function placesIn(text: string): string[] {
  const found = [...text.matchAll(PLACE)].map(([, name = '']) => name.trim())
  const rest = text.replace(PLACE, '')
  return /\{\{|\}\}/.test(rest) ? [...found, rest.includes('{{') ? '{{' : '}}'] : found
}

/** What is known of a host for its placeholders; what it lacks is absent. */
export function valuesFor(host: Host, cluster: string | undefined): Partial<Record<ValueName, string>> {
  const fates = Object.fromEntries(FATES.flatMap((fate) => (host.fate[fate] === undefined ? [] : [[`host.${fate}`, host.fate[fate]]])))
  return { host: host.name, ...(host.ssh ? { 'host.address': host.ssh.host } : {}), ...fates, ...(cluster === undefined ? {} : { cluster }) }
}

/** The text with its values in it, put in once and never looked at again; throws where one is not known, which the configuration rules out. */
export const fill = (text: string, values: Partial<Record<ValueName, string>>): string =>
  text.replace(PLACE, (whole, name: string) => {
    const value = values[name.trim() as ValueName]
    if (value === undefined) throw new Error(`nothing is known for ${whole}`)
    return value
  })
