// A party's link as a message: drawn at the moment it leaves, from how the agreement stands then. The link is personal; it stands in
// the message and nowhere else.
import type { AgreementId } from '../../core/id.ts'
import type { Permit } from '../../core/link.ts'
import type { ApproveBody, Message, StepBody } from '../../ports/channel.ts'
import { runAsked } from '../../rooms/change/runs/rows.ts'
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

/** A step of a run says which; everything else, what it is. */
function ofRun(sql: Sql, agreement: string, what: string): Pick<StepBody, 'host' | 'id' | 'run' | 'schema' | 'step'> | Pick<ApproveBody, 'id' | 'schema' | 'what'> {
  const row = what === 'change.step' ? runAsked(sql, agreement) : undefined
  const leg = row?.run.phase.is === 'offered' ? row.run.phase.leg : undefined
  return row && leg ? { schema: 'holdfast.step/1', run: row.plan.id, step: row.plan.runbook.steps[leg.step]?.id ?? '', host: row.plan.host, id: agreement } : { schema: 'holdfast.approve/1', id: agreement, what }
}

const iso = (at: number): string => new Date(at).toISOString()
