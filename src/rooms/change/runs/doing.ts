// What the doer and the keeper say to each other. A doer is a process made for one deed of one run: it asks for it, is told what to do under a token and a
// lease, does it once, says what came of it, looks whether it is so, and ends. The lease is counted by the doer from before it asked, by the keeper from
// when it answered (core/authority/lease): whoever slept over it begins nothing, and what it still says is written down as what became
// of the deed that it had begun, and of no other (C-7).
import type { Found } from '../../../core/evidence.ts'
import type { Span, Stamp } from '../../../core/time.ts'
import type { Acted } from '../../../ports/driver/driver.ts'
import type { Door } from '../topology.ts'

/** One deed, filled in. */
export interface Order {
  readonly run: string
  /** Which Holdfast this is: by its store. What is remembered on a target of another one is not its own. */
  readonly of: string
  /** Counts up with every beginning of the run: of two orders the larger one is the newer. */
  readonly token: number
  readonly step: string
  /** Whether it is the way back of that step. */
  readonly back: boolean
  /** The kind of the driver, and its settings as they were agreed on. */
  readonly driver: string
  readonly config: Readonly<Record<string, unknown>>
  /** What is awaited of that driver afterwards; absent: nothing. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** How the hosts that it names are reached. */
  readonly doors: Readonly<Record<string, Door>>
  /** How long deed and looking may take. */
  readonly within: Span
  /** Everything but the deed. */
  readonly rehearse: boolean
  /** Other runs that are under way now: they claim nothing of what this one does, and may be at work on the same machine. Absent: none. */
  readonly beside?: readonly string[]
}

export type FromDoer =
  /** For which run it was made. Nothing may be begun before the answer. */
  | { readonly is: 'order'; readonly run: string }
  /** It goes on living; asked every few seconds. */
  | { readonly is: 'renew'; readonly run: string; readonly token: number }
  /** Written down before anything is sent: which thing it found there. `go` is the last word before the deed. */
  | { readonly is: 'identity'; readonly run: string; readonly token: number; readonly identity: string }
  | { readonly is: 'acted'; readonly run: string; readonly token: number; readonly acted: Acted }
  /** What is so now, by a look that began at `from`. */
  | { readonly is: 'seen'; readonly run: string; readonly token: number; readonly found: Found; readonly from: Stamp }

export type ToDoer =
  | { readonly is: 'order'; readonly order: Order; readonly for: Span }
  /** `halted`: the run was halted, or ended, since this began. */
  | { readonly is: 'lease'; readonly for: Span; readonly halted?: true }
  | { readonly is: 'go' }
  /** Nothing is to be done by it, or not any more: it ends. */
  | { readonly is: 'no'; readonly says: string }
  | { readonly is: 'written' }
