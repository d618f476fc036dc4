// An answer to a call: a status as HTTP has them, and a body; or an error with its code, what is wrong, and what to do.
import type { z } from 'zod'
import { sentence } from '../core/fault.ts'
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

export const notDurable = (cause: unknown): Answer => no(503, 'HF503', `it could not be made durable: ${sentence(cause)}`, 'try again; nothing was changed')
