// The settings that belong to the whole installation rather than to a room: the version of the file, what the site is called and
// where it is reached, the outside dead man's switch, and the ways in for others' alerts.
import { z } from 'zod'
import { minutes, seconds, type Span } from '../core/time.ts'
import { nameKey, span, webAddress, zone } from './piece.ts'
import type { Reading } from './reading.ts'

export interface Site {
  readonly name: string
  /** Where people reach Holdfast, without a slash at the end: links are made from it. */
  readonly url: string
  readonly timezone: string
}

/** An outside switch that calls for help when it is *not* called. */
export interface DeadMan {
  readonly url: string
  readonly every: Span
}

export interface Ingest {
  readonly via: string
  readonly name: string
  readonly key: string
  /** The escalation policy of its incidents. */
  readonly escalate: string
}

/** An identity provider by which people may sign in (OpenID Connect). */
export interface Provider {
  readonly issuer: string
  readonly client_id: string
  readonly client_secret: string
  /** On its button. */
  readonly name?: string | undefined
}

const siteSchema = z.strictObject({
  name: z.string().trim().min(1).max(100).optional().meta({ title: 'Name', description: 'Stands on the board and in every page' }),
  url: webAddress().optional().meta({ title: 'Address', description: 'Where people reach Holdfast' }),
  timezone: zone().optional().meta({ title: 'Time zone', description: 'In which times are said' }),
})

const deadManSchema = z.strictObject({
  url: webAddress().meta({ description: 'Called as long as pages would go out' }),
  every: span(seconds(10), minutes(60)).default(minutes(1)),
})

const integration = z.strictObject({
  key: z.string().regex(/^[A-Za-z0-9_-]{32}$/, 'an integration key has 32 letters and digits').meta({ secret: true, description: 'The routing key, by ${secret:…}' }),
  escalate: nameKey().default('default').meta({ description: 'The escalation policy' }),
})

/** As the provider writes itself, since tokens are compared with it: by https, or on this machine. */
const issuer = (): z.ZodType<string, string> => z.string().max(500).meta({ description: 'The address of the identity provider, as it calls itself', examples: ['https://id.acme.example'] }).superRefine((text, context) => {
  const url = URL.parse(text)
  const isLocal = url?.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url && (url.protocol === 'https:' || isLocal) && !/[?#]|^\w+:\/\/[^/]*@/.test(text)) return
  context.addIssue({ code: 'custom', message: 'must be an https address, without a query', params: { code: 'HF104', help: 'such as https://id.acme.example; its metadata lie at /.well-known/openid-configuration below it' } })
})

const providerSchema = z.strictObject({
  issuer: issuer(),
  client_id: z.string().min(1).max(300).meta({ description: 'As what Holdfast is registered there' }),
  client_secret: z.string().min(1).max(1000).meta({ secret: true, description: 'By ${secret:…}' }),
  name: z.string().trim().min(1).max(40).optional().meta({ description: 'Stands on the button' }),
})

/** Top-level settings of this file, for editors. */
export const nodeShape = {
  version: z.literal(1).meta({ description: 'The version of this form of file' }),
  site: siteSchema.optional(),
  dead_man: deadManSchema.optional(),
  sign_in: z.strictObject({ oidc: providerSchema.optional() }).optional(),
  ingest: z.strictObject({ pagerduty: z.union([integration, z.record(nameKey(), integration)]).optional() }).optional(),
}

/** The version must be there and be ours. */
export function readVersion(reading: Reading): void {
  const spot = reading.spot(['version'])
  if (!spot) return reading.error('HF109', [], 'the file does not say its version', { help: 'begin it with: version: 1' })
  if (spot.value === 1) return
  const newer = typeof spot.value === 'number' && spot.value > 1
  reading.error('HF109', ['version'], newer ? 'this file was written for a newer Holdfast' : 'there is no such version', { help: 'this Holdfast reads version: 1' })
}

export function readSite(reading: Reading, standard: Site): Site {
  const read = reading.map(['site']) ? reading.shape(siteSchema, ['site']) : undefined
  return {
    name: read?.name ?? standard.name,
    url: (read?.url ?? standard.url).replace(/\/+$/, ''),
    timezone: read?.timezone ?? standard.timezone,
  }
}

export const readDeadMan = (reading: Reading): DeadMan | undefined =>
  reading.map(['dead_man']) ? reading.secretShape(deadManSchema, ['dead_man']) : undefined

export function readSignIn(reading: Reading): { readonly oidc: Provider } | undefined {
  if (!reading.map(['sign_in'])) return undefined
  reading.onlyKnown(['sign_in'], ['oidc'])
  const oidc = reading.map(['sign_in', 'oidc']) ? reading.secretShape(providerSchema, ['sign_in', 'oidc']) : undefined
  return oidc ? { oidc } : undefined
}

/** One integration, or several with names of their own. */
export function readIngest(reading: Reading): Ingest[] {
  if (!reading.map(['ingest'])) return []
  reading.onlyKnown(['ingest'], ['pagerduty'])
  const path = ['ingest', 'pagerduty']
  const spot = reading.spot(path)
  if (!spot || !reading.map(path)) return []
  const several = spot.below !== undefined && !spot.below.has('key') && spot.below.size > 0 && [...spot.below.values()].every((inner) => inner.below)
  const places = several ? reading.named(path).map(([name]) => ({ name, at: [...path, name] })) : [{ name: 'pagerduty', at: path }]
  const found: Ingest[] = []
  for (const { name, at } of places) {
    const read = reading.secretShape(integration, at)
    if (!read) continue
    const twin = found.find(({ key }) => key === read.key)
    if (twin) reading.error('HF121', [...at, 'key'], `“${name}” has the same key as “${twin.name}”`, { help: 'give each integration a key of its own' })
    else found.push({ via: 'pagerduty', name, ...read })
  }
  return found
}
