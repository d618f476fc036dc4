// `holdfast approvals`: what people are asked to agree to, and asking it. A terminal never approves, not even root's: for whoever asks
// here as one of the parties it prints the link, behind which they prove that it is they.
import type { ApprovalAnswer, ApprovalsAnswer, ApprovalState } from '../../views/agreements.ts'
import { person } from '../../words/notification.ts'
import { EXIT, usage } from '../failure.ts'
import { plain, type Cell, type Out, type Shape } from '../output.ts'
import { ask as askServer, segment, textOption, type Command, type Options, type Session } from '../session.ts'

const SHAPES: Readonly<Record<ApprovalState, Shape>> = { open: 'maintenance', agreed: 'ok', refused: 'down', stopped: 'down', changed: 'unknown', lapsed: 'unknown', alone: 'degraded' }

const stands = (it: ApprovalAnswer): string => (it.endedBy === null ? it.state : `${it.state === 'alone' ? 'went alone:' : `${it.state} by`} ${person(it.endedBy)}`)

const list: Command = async (session, _args, options) => {
  const { out } = session
  const body = await askServer<ApprovalsAnswer>(session, 'GET', `/approvals?${new URLSearchParams({ person: session.person.name, ...(options['all'] === true ? { all: 'true' } : {}) }).toString()}`)
  out.answer(body, () => {
    if (body.approvals.length === 0) return out.talk('Nobody is asked to agree to anything.')
    out.table(body.approvals.map((it): Cell[] => [
      out.shape(SHAPES[it.state]), it.id, it.title, stands(it), `${it.parties.filter(({ said }) => said).length} of ${it.parties.length}`, it.state === 'open' ? `lapses ${out.moment(it.lapsesAt)}` : out.moment(it.endedAt),
    ]))
  })
  return EXIT.fine
}

function draw(out: Out, it: ApprovalAnswer): void {
  out.table([[out.shape(SHAPES[it.state]), it.title, stands(it)]])
  for (const written of it.text.split('\n').filter((text) => text.trim() !== '')) out.data(`  ${plain(written)}`)
  out.data()
  out.table([
    ['Code', ['strong', it.words]], ['Hash', it.hash], ['Asked', `by ${person(it.by)} at ${out.moment(it.at)}`], ['Lapses', out.moment(it.lapsesAt)],
    ...(it.typed === null ? [] : [['To type', it.typed]]), ...(it.agreedAt === null ? [] : [['Agreed', out.moment(it.agreedAt)]]), ...(it.reason === null ? [] : [['Reason', it.reason]]),
  ])
  out.table(it.parties.map((party): Cell[] => [
    out.shape(party.said ? 'ok' : 'unknown'), person(party.person), party.as, party.said ? 'has said it' : 'has not said it', party.channels.length === 0 && party.sent.length === 0 ? 'has no channel' : party.sent.map(({ channel, outcome }) => `${channel}: ${outcome}`).join(', '),
  ]))
  if (it.url !== null) out.talk('A terminal approves nothing. Your own link, for your browser; do not hand it on:')
  if (it.url !== null) out.data(plain(it.url))
}

const show: Command = async (session, [id = '']) => {
  const body = await askServer<ApprovalAnswer>(session, 'GET', `/approvals/${segment(id)}?${new URLSearchParams({ person: session.person.name }).toString()}`)
  session.out.answer(body, () => draw(session.out, body))
  return EXIT.fine
}

const isOver = ({ state }: ApprovalAnswer): boolean => state !== 'open'
const ASK_EVERY = 1000

/** Before it is waited for: who is sent nothing will not answer by themselves. */
function sayUnreached({ out }: Session, { id, parties }: ApprovalAnswer): void {
  const names = parties.filter(({ said, channels }) => !said && channels.length === 0).map((party) => person(party.person))
  if (names.length === 0) return
  out.complain(`No link is sent to ${names.join(' and ')}: no channel reaches ${names.length === 1 ? 'this person' : 'them'}. Tell them: signed in they find it under Approvals; on the machine itself holdfast approvals show ${plain(id)} --as <their name> prints their link.`)
}

async function waited(session: Session, first: ApprovalAnswer): Promise<ApprovalAnswer> {
  const until = session.timeout === undefined ? Number.POSITIVE_INFINITY : session.now() + session.timeout
  let body = first
  while (!isOver(body) && session.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY))
    body = await askServer<ApprovalAnswer>(session, 'GET', `/approvals/${segment(first.id)}`)
  }
  return body
}

const exitOf = ({ state }: ApprovalAnswer): number => (state === 'agreed' || state === 'alone' ? EXIT.fine : state === 'open' || state === 'lapsed' ? EXIT.nobody : EXIT.refused)

/** Says what was asked, and where `wait` what came of it. Gives the exit code. */
async function answered(session: Session, asked: ApprovalAnswer, wait: boolean): Promise<number> {
  const { out } = session
  sayUnreached(session, asked)
  const body = wait ? await waited(session, asked) : asked
  out.answer(body, () => {
    out.data(plain(body.id))
    draw(out, body)
  })
  return wait ? exitOf(body) : EXIT.fine
}

/** The same of what people are to agree on right now: it is said whom it waits for. */
async function agreed(session: Session, asked: ApprovalAnswer, options: Options): Promise<number> {
  const { out } = session
  const wait = options['wait'] !== false
  if (wait) out.talk(`${asked.id} is asked of ${asked.parties.map(({ person }) => person).join(' and ')}. Code: ${plain(asked.words)}. Waiting until both have said it, one refuses, or it lapses at ${out.moment(asked.lapsesAt)}.`)
  return answered(session, asked, wait)
}

const ask: Command = async (session, [title = ''], options) => {
  const of = Array.isArray(options['of']) ? options['of'].map(String) : []
  if (of.length < 2) throw usage('At least two people are asked.', 'Name each with --of: --of ada --of bo:checks')
  const optional: Record<string, string> = {}
  for (const name of ['lapses', 'typed', 'instead']) {
    const value = textOption(options, name)
    if (value !== undefined) optional[name] = value
  }
  const message = textOption(options, 'message')
  const asked = await askServer<ApprovalAnswer>(session, 'POST', '/approvals', {
    title, text: message === undefined ? '' : session.message(message), of, ...optional, person: session.person.name,
    ...(options['ready'] === true ? { ready: true } : {}), ...(options['alone'] === true ? { alone: true } : {}),
  })
  const wait = options['wait'] === true
  if (wait) session.out.talk(`${asked.id} is asked. Code: ${plain(asked.words)}. Waiting until it is agreed, refused, or lapses at ${session.out.moment(asked.lapsesAt)}.`)
  return answered(session, asked, wait)
}

export { list, show, ask, agreed, draw, exitOf, sayUnreached, waited }
