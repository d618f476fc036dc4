// A route: method, path, who may call it, and how it is answered. Routes are data, so that a test reads who may call what, the
// OpenAPI document is made of them, and the program refuses to start with one that does not say it (deny by default).
import type { Context } from 'hono'
import type { z } from 'zod'
import type { Tick } from '../core/time.ts'
import type { Clock, Random } from '../ports/world.ts'
import type { Asker } from '../views/answers.ts'
import type { Access, Door, Visit, Who } from './access.ts'
import type { Boards } from './board/boards.ts'
import type { Doors } from './ingest/doors.ts'
import type { Gathering } from './ingest/gather.ts'
import type { Keeper, Ringer } from './siblings.ts'

/** What the routes answer from: siblings to ask, and what the keeper pushed. */
export interface Kit {
  readonly clock: Clock
  readonly random: Random
  readonly keeper: Keeper
  readonly ringer: Ringer
  readonly access: Access
  readonly boards: Boards
  readonly doors: Doors
  readonly triggers: Gathering
  readonly pushed: Pushed
}

/** The latest of what the keeper pushed besides boards, tokens and doors. */
export interface Pushed {
  /** With the moment at which it was heard, by our own clock: a step of the wall clock makes nobody ill. */
  health: { readonly ok: boolean; readonly says: string; readonly heardAt: Tick } | undefined
  metrics: string | undefined
  site: { readonly name: string; readonly url: string; readonly timezone: string }
}

export type Ask = Context<{ Bindings: Door }>

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Hono's pattern: `/checks/:name`. */
  readonly path: string
  readonly who: Who
  /** Whether a session must have been begun lately. By itself: for every change that wants the right `admin`. Tokens are not asked. */
  readonly fresh?: boolean
  /** One sentence for the OpenAPI document. */
  readonly says: string
  /** What may be sent: names of the schema's keys that stand in the path or the query; the others are the JSON body. */
  readonly takes?: { readonly schema: z.ZodObject; readonly path?: readonly string[]; readonly query?: readonly string[] }
  /** The schema name of the answer, or its media type. */
  readonly gives: string
  /** `visit`: where a session was let in. */
  readonly answer: (ask: Ask, kit: Kit, asker: Asker, visit?: Visit) => Response | Promise<Response>
}
