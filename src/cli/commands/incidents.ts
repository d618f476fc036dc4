// `holdfast incidents`, `ack` and `page`: what is open, who has it, and the verbs of the night. An acknowledgement is said as it
// is: taken, taken but not yet recorded, or somebody else's already; each of them is a success.
import { nameOf } from '../../core/subject.ts'
import type { DoneAnswer, IncidentAnswer, IncidentsAnswer } from '../../views/answers.ts'
import { hasIt, joined } from '../../words/notification.ts'
import { EXIT, Failure, usage } from '../failure.ts'
import { plain, type Cell, type Out } from '../output.ts'
import { ask, failureOf, segment, textOption, type Command, type Session } from '../session.ts'

type Brief = IncidentsAnswer['incidents'][number]

const TONES = { open: 'down', acknowledged: 'degraded', resolved: 'ok' } as const

function whoHas(out: Out, it: Brief): string {
  if (it.state === 'resolved') return `over ${out.moment(it.resolvedAt)}`
  if (it.heldBy !== null) return hasIt(it.heldBy)
  return it.next === null || it.next.people.length === 0 ? 'nobody has it yet' : `nobody has it yet; next ${joined(it.next.people)} at ${out.moment(it.next.at)}`
}

export const incidentRows = (out: Out, incidents: readonly Brief[]): Cell[][] => incidents.map((it) => [
  out.shape(TONES[it.state]), String(it.number), it.title, it.state === 'resolved' ? out.moment(it.since) : out.ago(it.since), whoHas(out, it),
])

export const list: Command = async (session, _args, options) => {
  const { out } = session
  const body = await ask<IncidentsAnswer>(session, 'GET', options['all'] === true ? '/incidents?state=all' : '/incidents?state=open')
  out.answer(body, () => {
    if (body.incidents.length === 0) return out.talk('No incident.')
    out.table(incidentRows(out, body.incidents))
  })
  return EXIT.fine
}

export const show: Command = async (session, [incident = '']) => {
  const { out } = session
  const it = await ask<IncidentAnswer>(session, 'GET', `/incidents/${segment(incident)}`)
  out.answer(it, () => {
    out.data(`${out.paint(TONES[it.state], String(out.shape(TONES[it.state])[1]))} ${out.paint('strong', plain(`${it.number}  ${it.title}`))}`)
    const rows: (readonly [string, string])[] = [
      ['State', it.state], ['Since', `${out.moment(it.since)}, for ${out.ago(it.since)}`], ['Seen', it.says], ['Who', whoHas(out, it)],
      ['With it', it.members.filter((member) => member !== nameOf(it.subject)).join(', ')], ['Id', it.id],
    ]
    if (it.lapsesAt !== null) rows.splice(4, 0, ['Asked again', out.moment(it.lapsesAt)])
    out.table(rows.filter(([, value]) => value !== '').map(([name, value]) => [['soft', name], value]))
    out.data()
    out.table(it.timeline.map((line) => [['soft', out.exact(line.at)], line.by === 'person' ? '•' : '', line.says]))
    out.talk(`Times are in ${out.timezone}.`)
  })
  return EXIT.fine
}

interface Acted extends DoneAnswer { readonly recorded: boolean; readonly held_by: string | null }

const act = (verb: 'ack' | 'pass'): Command => async (session, [incident = 'open'], options) => {
  const { out, person } = session
  const reply = await session.server.send('POST', `/api/v1/incidents/${segment(incident)}/${verb}`, { person: person.name })
  if (reply.timezone !== undefined) out.timezone = reply.timezone
  const { code } = (reply.body ?? {}) as { code?: string }
  if (code === 'HF-unknown-person' && !person.said) {
    throw new Failure(`This is the user “${plain(person.name)}”, and nobody of that name is paged. Say who it is.`, { exit: EXIT.usage, code, help: 'holdfast ack --as ada, or set HOLDFAST_PERSON.' })
  }
  if (code === 'HF-closed') {
    const done: DoneAnswer = { schema: 'holdfast.done/1', says: 'It is over already: there is nothing to take.' }
    out.answer(done, () => out.data(done.says))
    return EXIT.fine
  }
  if (reply.status >= 400) throw failureOf(reply, code === 'HF-unknown-incident' ? `name it: holdfast ${verb === 'ack' ? 'ack' : 'incidents pass'} 212; holdfast incidents list shows what is open` : undefined)
  const done = reply.body as Acted
  out.answer(done, () => out.data(plain(done.recorded ? done.says : `Taken, not yet recorded. ${done.says}`)))
  const message = textOption(options, 'message')
  if (message !== undefined) await note(session, done.id ?? incident, session.message(message))
  return EXIT.fine
}

/** The line that goes with an acknowledgement. The taking stands, whatever becomes of the line. */
async function note(session: Session, incident: string, text: string): Promise<void> {
  try {
    await ask<DoneAnswer>(session, 'POST', `/incidents/${segment(incident)}/update`, { text, person: session.person.name })
  } catch (cause) {
    session.out.complain(`The message was not kept: ${plain(cause instanceof Error ? cause.message : String(cause))}`)
  }
}

export const ack: Command = act('ack')
export const pass: Command = act('pass')

const say = async (session: Session, path: string, body: object): Promise<number> => {
  const done = await ask<DoneAnswer>(session, 'POST', path, { ...body, person: session.person.name })
  session.out.answer(done, () => session.out.data(plain(done.says)))
  return EXIT.fine
}

export const update: Command = (session, [incident = ''], options) =>
  say(session, `/incidents/${segment(incident)}/update`, { text: session.message(textOption(options, 'message') ?? '') })

export const assign: Command = (session, [incident = '', to = '']) => say(session, `/incidents/${segment(incident)}/assign`, { to })

export const resolve: Command = (session, [incident = ''], options) =>
  say(session, `/incidents/${segment(incident)}/resolve`, { reason: session.message(textOption(options, 'message') ?? '') })

export const page: Command = (session, [who = ''], options) => {
  const text = session.message(textOption(options, 'message') ?? '')
  if (text.trim() === '') throw usage('A page needs a message: say what is wrong and what to do.', 'holdfast page ada -m "The migration hangs; please call me"')
  return say(session, '/page', { who, text })
}
