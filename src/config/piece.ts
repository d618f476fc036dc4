// Pieces that sections of the configuration are made of: spans with bounds, names, addresses, zones, and lists that may be
// written as one word. Each says in its own words what it wants; the JSON Schema that comes from them tells editors the same.
import { z } from 'zod'
import { isZone } from '../core/calendar/zone.ts'
import { LONGEST_TIMER, ms, parseSpan, sayTime, type Span } from '../core/time.ts'
import { readHttp } from '../ports/target.ts'
import { suggest } from './suggest.ts'

const spans = new WeakSet<z.ZodType>()

/** True for a piece that wants a span: a bare number then lacks its unit. */
export const isSpan = (schema: z.ZodType): boolean => spans.has(schema)

/** A span with its unit ("30s", "1h30m", "5 min"), within bounds. */
export function span(least: Span, most: Span = ms(LONGEST_TIMER)): z.ZodType<Span, string> {
  const text = z.string().meta({ description: `A time with its unit, ${sayTime(least)} to ${sayTime(most)}`, pattern: SPAN, examples: ['30s', '5m', '1h30m'] })
  spans.add(text)
  return text.transform((written, context): Span => {
    const read = parseSpan(written.replaceAll(' ', ''))
    const tooLong = read !== undefined && read > most
    if (read !== undefined && read >= least && !tooLong) return read
    const says = read === undefined ? `wants a time with its unit, not “${written.slice(0, 40)}”` : tooLong ? `must be at most ${sayTime(most)}` : `must be at least ${sayTime(least)}`
    const help = read === undefined ? 'write a number and ms, s, m, h or d, such as 30s or 1h30m' : `write a time from ${sayTime(least)} to ${sayTime(most)}`
    context.addIssue({ code: 'custom', message: says, params: { code: 'HF106', help } })
    return z.NEVER
  })
}

const SPAN = '^ *(\\d+(\\.\\d+)? *(ms|s|min|m|h|d|w) *)+$'

/** What people call something in the file: a key of a map, a word in a reference, a label in metrics. */
export const NAME = /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/

export const nameKey = (): z.ZodString => z.string().regex(NAME)

/** Several names, or one written without brackets. */
export const names = (): z.ZodType<string[], string | string[]> =>
  z.union([z.string(), z.array(z.string()).max(1000)]).transform((one) => (typeof one === 'string' ? [one] : one))

/** An address of the web: http or https, with a host, nothing that parsers read differently. */
export const webAddress = (): z.ZodType<string, string> =>
  z.string().max(2048).meta({ description: 'An http or https address', examples: ['https://status.acme.example'] }).superRefine((text, context) => {
    const says = webFault(text)
    if (says !== undefined) context.addIssue({ code: 'custom', message: `: ${says}`, params: { code: 'HF104' } })
  })

/** Why a text is no address of the web, or `undefined` when it is one. */
export function webFault(text: string): string | undefined {
  const read = readHttp(text)
  return read.is === 'refused' ? read.says : undefined
}

/** A time zone by its IANA name. */
export const zone = (): z.ZodType<string, string> =>
  z.string().meta({ description: 'An IANA time zone', examples: ['Europe/Berlin'] }).superRefine((text, context) => {
    if (isZone(text)) return
    const near = suggest(text, [...Intl.supportedValuesOf('timeZone'), 'UTC'])
    const help = near === undefined ? 'such as Europe/Berlin or UTC' : `did you mean “${near}”?`
    context.addIssue({ code: 'custom', message: `must be a time zone by its IANA name, not “${text.slice(0, 40)}”`, params: { code: 'HF116', help } })
  })
