// An answer to a call: a status as HTTP has them, and a body; or an error with its code, what is wrong, and what to do.
import assert from 'node:assert/strict'
import type { z } from 'zod'
import { sentence } from '../core/fault.ts'
import { resultCode } from '../db/sql.ts'
import type { ErrorAnswer } from '../views/answers.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export const no = (status: number, code: string, message: string, help?: string): Answer => {
  const body: ErrorAnswer = { error: { code, message, ...(help === undefined ? {} : { help }) } }
  return { status, body }
}

export const ok = (body: unknown): Answer => ({ status: 200, body })

export const misunderstood = (called: string, error: z.ZodError): Answer =>
  no(400, 'HF401', `${called} was not understood: ${error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ')}`)

/** What SQLite, the disk or the engine refused; everything else that is thrown is a mistake of ours. */
const isOfTheStore = (cause: unknown): boolean =>
  resultCode(cause) !== undefined || (cause instanceof Error && !(cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError || cause instanceof assert.AssertionError))

/** An act that threw. Nothing is confirmed by either; which of the two it is decides whom it concerns (X-1). */
export function notDurable(cause: unknown): Answer {
  if (isOfTheStore(cause)) return no(503, 'HF503', `it could not be made durable: ${sentence(cause)}`, 'try again; it was not confirmed')
  // Said to whoever runs it; who asked cannot mend it.
  console.error(`holdfast keeper: a call failed by a mistake of ours: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`)
  return no(500, 'HF500', 'it failed inside Holdfast, by a mistake of ours', 'look whether it was done before you try again; what went wrong stands in the log of Holdfast')
}
