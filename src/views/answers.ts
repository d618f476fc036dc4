// What Holdfast answers when somebody asks: the shapes behind `--json`, `/api/v1` and the console. Each carries its schema
// name. The keeper makes them from its own tables; web and CLI only pass them on or draw them.
import type { Right } from '../core/authority/role.ts'
import type { Instant, Span } from '../core/time.ts'
import type { Board } from '../rooms/tell/board.ts'
import type { Phases } from '../ports/world.ts'
import type { AgreementCalls } from './agreements.ts'
import type { BackupCalls } from './backups.ts'
import type { ActCalls } from './acts.ts'
import type { WorkCalls } from './board/work.ts'
import type { ChangeCalls } from './change/changes.ts'
import type { RollingCalls } from './change/rollings.ts'
import type { RunCalls } from './change/runs.ts'
import type { KeepCalls } from './retention/applied.ts'
import type { ReconcileCalls } from './reconciles.ts'
import type { RestoreCalls } from './restore/restores.ts'
import type { DoneAnswer } from './done.ts'
import type { PeopleCalls } from './people.ts'

export type { DoneAnswer, ErrorAnswer } from './done.ts'

/** `silenced` and `paused` stand beside the state; `new` is a check that was never looked at. */
export type CheckState = 'new' | 'up' | 'late' | 'down' | 'unknown' | 'paused'

export interface CheckAnswer {
  readonly schema: 'holdfast.check/1'
  readonly name: string
  readonly kind: string
  readonly state: CheckState
  readonly since: Instant | null
  readonly says: string
  readonly flapping: boolean
  readonly silencedUntil: Instant | null
  readonly lastLook: { readonly at: Instant; readonly took: Span; readonly found: 'pass' | 'fail' | 'unknown'; readonly says: string; readonly phases: Phases | null } | null
  readonly every: Span
  readonly dependsOn: readonly string[]
  readonly from: string
  /** Heartbeats: the address to ping. */
  readonly pingUrl: string | null
  /** Why it is thought down: one line per observer. */
  readonly why: readonly string[]
  /** What only heartbeats have. */
  readonly heartbeat: HeartbeatAnswer | null
}

export interface HeartbeatAnswer {
  /** When a report that stays away becomes a failure; none is expected while it is new, down or paused. */
  readonly dueAt: Instant | null
  readonly paused: { readonly by: string; readonly at: Instant; readonly reason: string } | null
  /** Runs that began and did not end yet, oldest first. `late`: it has not ended within its grace. */
  readonly runs: readonly { readonly rid: string | null; readonly startedAt: Instant; readonly dueAt: Instant; readonly late: boolean }[]
  /** How long the newest measured run took, from its start to its end. */
  readonly lastTook: Span | null
  /** Newest first; only in the answer about one check. */
  readonly pings?: readonly PingAnswer[]
}

export interface PingAnswer {
  readonly at: Instant
  readonly is: 'success' | 'start' | 'fail' | 'log' | 'exit'
  readonly exit: number | null
  readonly rid: string | null
  readonly took: Span | null
  /** What the job wrote; null for a token that may only read. */
  readonly text: string | null
  /** There was more of it, or it could not be read. */
  readonly cut: boolean
  readonly from: string | null
}

export interface ChecksAnswer { readonly schema: 'holdfast.checks/1'; readonly checks: readonly CheckAnswer[] }

export interface IncidentAnswer {
  readonly schema: 'holdfast.incident/1'
  readonly id: string
  readonly number: number
  readonly title: string
  readonly says: string
  readonly subject: string
  readonly origin: 'watch' | 'ingest' | 'person' | 'node' | 'guard' | 'change'
  readonly state: 'open' | 'acknowledged' | 'resolved'
  readonly since: Instant
  readonly resolvedAt: Instant | null
  readonly members: readonly string[]
  readonly heldBy: string | null
  readonly heldSince: Instant | null
  readonly lapsesAt: Instant | null
  /** Who is rung next, and when. */
  readonly next: { readonly people: readonly string[]; readonly at: Instant } | null
  /** Oldest first; at most 200. */
  readonly timeline: readonly { readonly at: Instant; readonly is: string; readonly says: string; readonly by: 'machine' | 'person' }[]
}

export interface IncidentsAnswer { readonly schema: 'holdfast.incidents/1'; readonly incidents: readonly Omit<IncidentAnswer, 'timeline'>[] }

export interface StatusAnswer {
  readonly schema: 'holdfast.status/1'
  /** One sentence: "All 4 checks fine. Ada is on call until Mon 09:00." */
  readonly says: string
  /** True when something watched is down, or unknown as an incident. */
  readonly down: boolean
  readonly counts: { readonly up: number; readonly down: number; readonly unknown: number; readonly late: number; readonly new: number; readonly paused: number }
  readonly incidents: IncidentsAnswer['incidents']
  readonly missing: readonly string[]
  readonly board: string
  readonly at: Instant
}

export interface OncallAnswer {
  readonly schema: 'holdfast.oncall/1'
  readonly rotations: readonly {
    readonly name: string
    readonly now: string
    readonly until: Instant | null
    /** Shifts of the coming days, covers worked in. */
    readonly shifts: readonly { readonly person: string; readonly from: Instant; readonly until: Instant; readonly cover: boolean }[]
  }[]
  readonly nobody: boolean
}

export interface TestAnswer {
  readonly schema: 'holdfast.test/1'
  readonly tests: readonly { readonly page: string; readonly person: string; readonly channel: string; readonly outcome: 'accepted' | 'failed' | 'unknown' | 'waiting'; readonly says: string; readonly receivedAt: Instant | null }[]
}

/** What a person sees and steers of the board; drafts included, so it is not public. */
export interface BoardAnswer {
  readonly schema: 'holdfast.board/1'
  readonly boards: readonly { readonly slug: string; readonly board: Board; readonly drafts: readonly Draft[] }[]
}

/** A statement that will publish itself at `publishAt` unless somebody holds it. */
export interface Draft {
  readonly id: string
  readonly title: string
  readonly body: string
  readonly status: string
  readonly publishAt: Instant | null
  readonly heldBy: string | null
}

export interface TokenAnswer {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdAt: Instant
  readonly expiresAt: Instant | null
  /** To the minute. */
  readonly lastUsedAt: Instant | null
  /** Networks that it is taken from; empty: from anywhere. */
  readonly from: readonly string[]
}
export interface TokensAnswer { readonly schema: 'holdfast.tokens/1'; readonly tokens: readonly TokenAnswer[]; /** Only in the answer to `create`, once. */ readonly secret?: string }

/** `id` is null for a token that nobody knows. */
export interface TokenNote { readonly is: 'used' | 'refused'; readonly id: string | null; readonly why?: string; readonly origin: string }

export interface LedgerAnswer {
  readonly schema: 'holdfast.ledger/1'
  readonly entries: number
  readonly head: string
  /** First thing wrong, by sequence number; absent when the chain is whole. */
  readonly broken?: { readonly seq: number; readonly says: string }
  /** `rebuild`: tables whose rows differed from the fold of the ledger. */
  readonly differed?: readonly string[]
}

/** Who asks. `socket`: on this machine by the Unix socket, as the owner of the data. `open`: anybody (heartbeats, alerts with a key). */
export type Asker =
  | { readonly is: 'socket'; readonly person?: string }
  | { readonly is: 'token'; readonly id: string; readonly name: string; readonly scopes: readonly string[] }
  /** Signed in; what they may do was judged by their session. */
  | { readonly is: 'person'; readonly person: string; readonly session: string; readonly rights: readonly Right[] }
  | { readonly is: 'open' }

/**
 * The calls that the keeper answers (`{ is: 'call', name, args, asker }` → `{ is: 'reply', status, body }` over the wire).
 * Arguments are checked by the keeper; a name stands for a check, person, rotation or board; `incident` is a number or an id.
 */
export interface Calls extends PeopleCalls, AgreementCalls, BackupCalls, ReconcileCalls, ActCalls, KeepCalls, RestoreCalls, ChangeCalls, WorkCalls, RunCalls, RollingCalls {
  'status': { args: Record<string, never>; body: StatusAnswer }
  'checks.list': { args: Record<string, never>; body: ChecksAnswer }
  /** `pings`: so many of the newest, of a heartbeat (20). */
  'checks.show': { args: { name: string; pings?: number }; body: CheckAnswer }
  /** Looks now and waits for the finding. */
  'checks.run': { args: { name: string }; body: CheckAnswer }
  'checks.silence': { args: { name: string; for: string; reason: string; person?: string }; body: DoneAnswer }
  /** Heartbeats only. Refused while an incident of it is open, unless `leave` says that it leaves that. */
  'checks.pause': { args: { name: string; reason?: string; leave?: boolean; person?: string }; body: DoneAnswer }
  'checks.resume': { args: { name: string; person?: string }; body: DoneAnswer }
  'incidents.list': { args: { state?: 'open' | 'all' }; body: IncidentsAnswer }
  'incidents.show': { args: { incident: string }; body: IncidentAnswer }
  'incidents.update': { args: { incident: string; text: string; person?: string }; body: DoneAnswer }
  'incidents.assign': { args: { incident: string; to: string; person?: string }; body: DoneAnswer }
  'incidents.resolve': { args: { incident: string; reason: string; person?: string }; body: DoneAnswer }
  'page': { args: { who: string; text: string; person?: string }; body: DoneAnswer }
  'oncall.show': { args: { days?: number }; body: OncallAnswer }
  'oncall.cover': { args: { rotation: string; by: string; from: string; until: string; person?: string }; body: DoneAnswer }
  'oncall.test': { args: { who?: string; channel?: string }; body: TestAnswer }
  /** What became of test pages: ids from `oncall.test`; of the newest ones where none is named. */
  'oncall.tested': { args: { pages: readonly string[] }; body: TestAnswer }
  'board.show': { args: { board?: string }; body: BoardAnswer }
  /** Without `statement`: a new one. `status` investigating, identified, monitoring, resolved. */
  'board.post': { args: { board?: string; statement?: string; title?: string; status: string; text: string; next?: string; person?: string }; body: DoneAnswer }
  'board.hold': { args: { statement: string; person?: string }; body: DoneAnswer }
  /** `over`: it has come to its end, well or not. Bytes, and milliseconds. */
  'board.progress': { args: { statement: string; what?: 'check' | 'restore'; checked?: number; of?: number; left?: number; over?: boolean; person?: string }; body: DoneAnswer }
  'board.publish': { args: { statement: string; person?: string }; body: DoneAnswer }
  /** A heartbeat ping; answered when it is durable. `check` is the check's name. */
  'ping': { args: { check: string; signal: 'success' | 'start' | 'fail' | 'log' | 'exit'; exit?: number; rid?: string; body?: string; cut?: boolean; from?: string }; body: DoneAnswer }
  /** Others' alerts, already in our terms; answered when durable. Many at once. */
  'triggers': { args: { events: readonly Trigger[] }; body: DoneAnswer }
  'tokens.create': { args: { name: string; scopes: readonly string[]; expires?: string; from?: readonly string[]; person?: string }; body: TokensAnswer }
  /** From the web process: a token was let in, or was refused. At most once a minute for each. */
  'tokens.noted': { args: TokenNote; body: DoneAnswer }
  'tokens.list': { args: Record<string, never>; body: TokensAnswer }
  'tokens.revoke': { args: { id: string; person?: string }; body: DoneAnswer }
  'ledger.verify': { args: Record<string, never>; body: LedgerAnswer }
  'ledger.rebuild': { args: Record<string, never>; body: LedgerAnswer }
}

/** One alert of another system. */
export interface Trigger {
  /** The way in: `pagerduty`. */
  readonly via: string
  /** Which integration of the configuration: its key's name. */
  readonly integration: string
  readonly action: 'trigger' | 'acknowledge' | 'resolve'
  /** Same key and open: appended. */
  readonly key: string
  readonly summary: string
  readonly source: string
  readonly severity: 'critical' | 'error' | 'warning' | 'info'
}

/** What the keeper pushes to web after each change, so that web answers from memory. */
export type ToWeb =
  | { readonly is: 'board'; readonly slug: string; readonly first: boolean; readonly board: Board }
  /** All boards that there are; those that are not named are gone. */
  | { readonly is: 'boards'; readonly slugs: readonly string[] }
  | { readonly is: 'health'; readonly ok: boolean; readonly says: string; readonly at: Instant }
  | { readonly is: 'tokens'; readonly tokens: readonly { readonly id: string; readonly hash: string; readonly name: string; readonly scopes: readonly string[]; readonly expiresAt: Instant | null; readonly from: readonly string[] }[] }
  /** Names of heartbeat checks (their ping ids follow from the node key), and the integrations. */
  | { readonly is: 'doors'; readonly heartbeats: readonly string[]; readonly integrations: readonly { readonly via: string; readonly name: string; readonly key: string }[] }
  | { readonly is: 'metrics'; readonly text: string }
