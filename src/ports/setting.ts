// Settings that several plugins share: texts with a meaning, read by one rule and refused with one sentence. They stay texts in the
// parsed settings, so that settings survive being written down and parsed again.
import { z } from 'zod'
import { parseSpan, type Span } from '../core/time.ts'
import { readHostPort, readHttp } from './target.ts'

/** A span with its unit: "800ms", "2s", "1h30m". */
export const spanText = (title: string, description?: string): z.ZodString =>
  z
    .string()
    .refine((text) => (parseSpan(text) ?? 0) > 0, 'write a time with its unit, such as 800ms or 2s')
    .meta({ title, examples: ['800ms', '2s'], ...(description && { description }) })

/** What a text that `spanText` took means. */
export const spanOf = (text: string | undefined): Span | undefined => (text === undefined ? undefined : parseSpan(text))

/** A SHA-256, as sha256sum prints it, in whichever letters. */
export const sha256Text = (): z.ZodString => z.string().regex(/^[0-9a-f]{64}$/i, 'a SHA-256 is 64 hexadecimal digits, as sha256sum prints it')

/** An http or https address. */
export const httpText = (title: string): z.ZodString =>
  z
    .string()
    .superRefine((text, context) => {
      const read = readHttp(text)
      if (read.is === 'refused') context.addIssue({ code: 'custom', message: read.says })
    })
    .meta({ title, examples: ['https://example.com/healthz'] })

/** "host:port". */
export const hostPortText = (title: string): z.ZodString =>
  z
    .string()
    .superRefine((text, context) => {
      const read = readHostPort(text)
      if (read.is === 'refused') context.addIssue({ code: 'custom', message: read.says })
    })
    .meta({ title, examples: ['db.internal:5432'] })
