// A party's link as a message: drawn at the moment it leaves, from how the agreement stands then. The link is personal; it stands in
// the message and nowhere else.
import type { AgreementId } from '../../core/id.ts'
import type { Permit } from '../../core/link.ts'
import type { ApproveBody, Message, StepBody } from '../../ports/channel.ts'
import type { RunRow } from '../../rooms/change/runs/record.ts'
import { runAsked } from '../../rooms/change/runs/rows.ts'
import { legIn, wayIn } from '../../rooms/change/runs/run.ts'
import { loadAgreement } from '../../rooms/people/agreement-rows.ts'
import type { SendDeed } from '../../rooms/people/approach.ts'
import { approvalText } from '../../words/approval.ts'
import { twoWords } from '../../words/two-words.ts'
import type { Now } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import type { Plan } from '../../rooms/page/plan.ts'
import { named } from '../../rooms/page/steps.ts'
import { lapsesAt } from './of-run.ts'

type MakeLink = (permit: Extract<Permit, { is: 'approve' }>) => string

/** What a message is drawn from. */
export interface Drawing {
  readonly sql: Sql
  readonly plan: Plan
  readonly now: Now
  readonly linkFor: MakeLink
}

/** The address of a party's page. */
export const approvalUrl = (site: string, linkFor: MakeLink, { agreement, person }: { readonly agreement: AgreementId; readonly person: string }): string =>
  `${site.replace(/\/+$/, '')}/approve/${linkFor({ is: 'approve', agreement, person })}`

/** A sentence where it is not to be sent: it was answered, ended, or its person is gone. */
export function renderApproval({ sql, plan, now, linkFor }: Drawing, { page, agreement: id, person, raisedAt }: SendDeed): Message | string {
  const row = loadAgreement(sql, id)
  const member = named(plan.people, person)
  const party = row?.agreement.terms.parties.find(({ identity }) => identity.person === person)
  if (!row || !member || !party) return 'the person or the agreement is no longer there'
  const { asked, agreement } = row
  if (agreement.phase.is !== 'open') return 'it was over before this was sent'
  if (agreement.assents.some(({ identity }) => identity.person === person)) return `${person} has answered already`
  const words = twoWords(asked.hash)
  const lapses = lapsesAt(sql, row)
  const text = approvalText({
    title: asked.title, text: asked.text, by: asked.by, words, as: party.as, asks: asked.asks, lapsesAt: lapses, parties: asked.parties.map(({ identity }) => identity.person),
  }, { now: now.wall, timezone: plan.site.timezone })
  const url = approvalUrl(plan.site.url, linkFor, { agreement: asked.id, person })
  const said = { short: text.short, long: text.long }
  return {
    key: page, thread: id, title: text.title,
    to: { name: member.name, ...(member.email === undefined ? {} : { email: member.email }), ...(member.phone === undefined ? {} : { phone: member.phone }) },
    body: {
      schema: 'holdfast.page/1', id: page, incident: { id, number: 0, title: text.title, since: iso(asked.at), state: 'open', url }, subject: `agreement:${id}`, person, step: 0, round: 0,
      text: said, raised_at: iso(raisedAt), sent_at: iso(now.wall), event: 'approve',
    },
    approve: { ...ofRun(sql, asked.id, asked.what), hash: asked.hash, words, person, role: party.as, text: said, url, lapses_at: iso(lapses) },
  }
}

const OF_STEPS = ['change.step', 'change.resume', 'change.decide']

/** What is pressed in the course of a run says of which step; everything else, what it is. */
function ofRun(sql: Sql, agreement: string, what: string): Pick<StepBody, 'host' | 'id' | 'run' | 'schema' | 'step' | 'what'> | Pick<ApproveBody, 'id' | 'schema' | 'what'> {
  const row = OF_STEPS.includes(what) ? runAsked(sql, agreement) : undefined
  if (!row) return { schema: 'holdfast.approve/1', id: agreement, what }
  return { schema: 'holdfast.step/1', run: row.plan.id, step: stepOf(row), host: row.plan.host, id: agreement, what }
}

/** The one that is offered; where none is, the one under way, or the one that a run which goes on comes to next. */
function stepOf({ run, plan: { runbook: { steps } } }: RunRow): string {
  const at = legIn(run)?.step ?? wayIn(run)?.step ?? steps.findIndex((_, n) => !run.done.includes(n))
  return steps.at(at)?.id ?? ''
}

const iso = (at: number): string => new Date(at).toISOString()
