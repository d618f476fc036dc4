// A page of the console as a route: what a form sent is parsed strictly before anything is asked, and whoever answers gets the
// session that was let in. After a change the browser is sent to a page that shows it, by a path of ours and a mark of ours.
import { z } from 'zod'
import { englishConsole as words } from '../../words/console.ts'
import type { Asker } from '../../views/answers.ts'
import type { Needs, Visit } from '../access.ts'
import { page } from '../problem.ts'
import type { Ask, Kit, Route } from '../route.ts'
import type { Answered } from '../siblings.ts'
import { CONSOLE_POLICY, renderRefusal } from './frame.ts'
import { fieldsOf } from './parts.ts'

export interface Seen<Args> {
  readonly ask: Ask
  readonly kit: Kit
  readonly asker: Asker
  readonly visit: Visit
  readonly args: Args
}

interface Place<Args> {
  readonly at: `${'GET' | 'POST'} /${string}`
  readonly needs: Needs
  readonly says: string
  readonly fresh?: boolean
  /** Of a POST: what its form sends. Of a GET: its query. A list takes several values. */
  readonly takes: z.ZodObject & z.ZodType<Args>
  readonly answer: (seen: Seen<Args>) => Response | Promise<Response>
}

const isList = (type: unknown): boolean => type instanceof z.ZodArray

/** Nothing but marks of ours stands in a query beside what the page takes. */
export const nothing = z.strictObject({})

export function place<Args>({ at, needs, says, fresh, takes, answer }: Place<Args>): Route {
  const [method, path] = at.split(' ') as ['GET' | 'POST', string]
  const lists = Object.keys(takes.shape).filter((key) => isList(takes.shape[key]))
  return {
    method, path, who: needs === 'account' ? needs : `person:${needs}`, ...(fresh === undefined ? {} : { fresh }), says, gives: 'text/html',
    answer(ask, kit, asker, visit) {
      if (!visit) throw new Error(`${at} was reached without a session`)
      const sent = method === 'POST' ? visit.form : queryOf(ask)
      const parsed = takes.safeParse(fieldsOf(sent, lists))
      if (!parsed.success) return unreadable(`This was not understood: ${parsed.error.issues.slice(0, 5).map((it) => `${it.path.join('.') || 'the form'}: ${it.message}`).join('; ')}`.slice(0, 300))
      return answer({ ask, kit, asker, visit, args: parsed.data })
    },
  }
}

function queryOf(ask: Ask): URLSearchParams {
  const query = new URL(ask.req.url).searchParams
  query.delete('did')
  return query
}

export const unreadable = (says: string): Response => page(renderRefusal({ why: 'unreadable', says, signIn: '/sign-in' }), CONSOLE_POLICY, 400)

/** What the mark in the address says was done; nothing for a mark that is not ours. */
export function didOf(ask: Ask): string | undefined {
  const mark = new URL(ask.req.url).searchParams.get('did') ?? ''
  return Object.hasOwn(words.done, mark) ? words.done[mark] : undefined
}

/** To a page of ours, which shows what was done. `path` is never what somebody sent. */
export const seeThere = (path: string, did?: keyof typeof words.done, headers: Readonly<Record<string, string>> = {}): Response =>
  page('', CONSOLE_POLICY, 303, { location: did === undefined ? path : `${path}?did=${did}`, ...headers })

/** Why something was not done, for the page that it was asked from; `undefined` when it was done. */
export function problemOf(answered: Answered<unknown>): { readonly says: string; readonly help?: string; readonly status: number; readonly code: string } | undefined {
  switch (answered.is) {
    case 'answered': return undefined
    case 'away': return { says: answered.says, status: 503, code: 'away' }
    case 'refused': return { says: answered.error.message, ...(answered.error.help === undefined ? {} : { help: answered.error.help }), status: answered.status, code: answered.error.code }
  }
}

/** A page that could not be drawn, since what it shows could not be had. */
export function notHad(answered: Exclude<Answered<unknown>, { is: 'answered' }>): Response {
  const problem = problemOf(answered)
  const isAway = problem?.status === 503
  return page(renderRefusal({ why: isAway ? 'away' : problem?.status === 401 ? 'nobody' : 'unreadable', says: problem?.says ?? '', signIn: '/sign-in' }), CONSOLE_POLICY, problem?.status ?? 500, isAway ? { 'retry-after': '5' } : {})
}
