// PagerDuty's Events API v2, as its clients speak it: 202 with the dedup key once the alert is durable, 400 with the list of what
// is wrong, 5xx where the agent is to send it again. Fields that nobody here uses are let through; an acknowledge or resolve
// of a key that is not open is taken and dropped by the keeper, as there.
import { z } from 'zod'
import type { Trigger } from '../../views/answers.ts'
import { cleanText, parseJson, readBody } from '../body.ts'
import { json } from '../problem.ts'
import type { Ask, Kit, Route } from '../route.ts'

export const ENQUEUE_LIMIT = 512 * 1024
/** What the keeper takes of a text; PagerDuty counts characters, a text of ours is measured in UTF-16. */
const LONGEST_TEXT = 1024

const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const

export const eventSchema = z.object({
  routing_key: z.string().meta({ description: 'The key of the integration, as in ingest.pagerduty of the configuration.' }),
  event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
  dedup_key: z.string().max(255).optional(),
  payload: z.object({
    summary: z.string().max(1024), source: z.string(), severity: z.enum(SEVERITIES),
    timestamp: z.string().optional(), component: z.string().optional(), group: z.string().optional(), class: z.string().optional(), custom_details: z.unknown().optional(),
  }).optional(),
  images: z.array(z.unknown()).optional(), links: z.array(z.unknown()).optional(), client: z.string().optional(), client_url: z.string().optional(),
})

const invalid = (errors: readonly string[], status = 400): Response =>
  json({ status: 'invalid event', message: 'Event object is invalid', errors }, status, status === 413 ? { connection: 'close' } : {})

const later = (says: string): Response => json({ status: 'try again', message: says, errors: [] }, 503, { 'retry-after': '5' })

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const isBlank = (value: unknown): boolean => value === undefined || value === null || (typeof value === 'string' && value.trim() === '')

const shorten = (written: string): string => (written.length > LONGEST_TEXT ? `${written.slice(0, LONGEST_TEXT - 1).toWellFormed()}…` : written)

type Action = Trigger['action']

interface Event {
  readonly action: Action
  readonly key: string | undefined
  readonly routingKey: string
  readonly summary: string
  readonly source: string
  readonly severity: Trigger['severity']
}

function readPayload(payload: unknown, errors: string[]): Pick<Event, 'summary' | 'source' | 'severity'> {
  const fields = isObject(payload) ? payload : {}
  if (isBlank(payload)) errors.push("'payload' is missing or blank")
  else if (!isObject(payload)) errors.push("'payload' must be an object")
  const named = (name: string, most?: number): string => {
    const value = fields[name]
    if (isBlank(value)) {
      if (isObject(payload)) errors.push(`'payload.${name}' is missing or blank`)
      return ''
    }
    if (typeof value !== 'string') {
      errors.push(`'payload.${name}' must be a string`)
      return ''
    }
    if (most !== undefined && [...value].length > most) errors.push(`'payload.${name}' is too long (maximum is ${most} characters)`)
    const clean = cleanText(value)
    if (clean === '') errors.push(`'payload.${name}' is missing or blank`)
    return clean
  }
  const summary = named('summary', 1024)
  const source = named('source')
  const severity = named('severity')
  const known = SEVERITIES.find((it) => it === severity)
  if (severity !== '' && !known) errors.push(`'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')`)
  return { summary: shorten(summary), source: shorten(source), severity: known ?? 'critical' }
}

/** Reads an event; the list of what is wrong with it otherwise, in PagerDuty's words. */
export function readEvent(value: unknown, headerKey: string | undefined): Event | readonly string[] {
  if (!isObject(value)) return ['The event must be a JSON object']
  const errors: string[] = []
  const routingKey = value['routing_key'] ?? headerKey
  if (isBlank(routingKey)) errors.push("'routing_key' is missing or blank")
  else if (typeof routingKey !== 'string') errors.push("'routing_key' must be a string")
  const action = (['trigger', 'acknowledge', 'resolve'] as const).find((it) => it === value['event_action'])
  if (isBlank(value['event_action'])) errors.push("'event_action' is missing or blank")
  else if (!action) errors.push("'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')")
  const key = value['dedup_key']
  if (!isBlank(key) && typeof key !== 'string') errors.push("'dedup_key' must be a string")
  else if (typeof key === 'string' && key.length > 255) errors.push("'dedup_key' is too long (maximum is 255 characters)")
  if (action !== undefined && action !== 'trigger' && isBlank(key)) errors.push("'dedup_key' is missing or blank")
  const payload = action === 'trigger' ? readPayload(value['payload'], errors) : { summary: '', source: '', severity: 'critical' as const }
  if (errors.length > 0 || action === undefined) return errors
  // A key is compared byte for byte; only what could not be stored is made storable.
  return { action, routingKey: typeof routingKey === 'string' ? routingKey : '', key: isBlank(key) ? undefined : String(key).toWellFormed().replaceAll('\0', '\ufffd'), ...payload }
}

async function answer(ask: Ask, kit: Kit): Promise<Response> {
  const body = await readBody(ask.req.raw, ENQUEUE_LIMIT)
  switch (body.is) {
    case 'too-large': return invalid([`The event is larger than ${body.most / 1024} KB`], 413)
    case 'encoded': return invalid([body.says], 415)
    case 'cut': return invalid([body.says])
    case 'read': break
  }
  const parsed = parseJson(body.bytes)
  if (parsed.is === 'bad') return invalid([parsed.says])
  const event = readEvent(parsed.value, ask.req.header('x-routing-key'))
  if (!('action' in event)) return invalid(event)
  const integration = kit.doors.integration('pagerduty', event.routingKey)
  if (integration === undefined) return kit.doors.known ? invalid(['Invalid routing key']) : later('Holdfast is starting; send it again.')
  const key = event.key ?? Buffer.from(kit.random(16)).toString('hex')
  const taken = await kit.triggers.add({ via: 'pagerduty', integration, action: event.action, key, summary: event.summary, source: event.source, severity: event.severity })
  if (taken.is === 'away') return later(taken.says)
  return json({ status: 'success', message: 'Event processed', dedup_key: key }, 202)
}

export const enqueueRoutes: readonly Route[] = [
  { method: 'POST', path: '/v2/enqueue', who: 'key', says: "Takes an alert of another system: PagerDuty's Events API v2.", takes: { schema: eventSchema }, gives: 'application/json', answer },
]
