// `holdfast reconcile`, the part that has something done. Two people are asked, and nothing happens before both have said it behind their own links; the
// command waits for that: 0 agreed, 5 refused, 6 lapsed. To bring back and to disarm takes one, and is done at once.
import type { ActsAnswer, ReleaseAnswer } from '../../../views/acts.ts'
import type { ApprovalAnswer } from '../../../views/agreements.ts'
import type { DoneAnswer } from '../../../views/done.ts'
import { EXIT, usage } from '../../failure.ts'
import { plain, type Cell } from '../../output.ts'
import { ask, askAsAnybody, segment, textOption, type Command, type Options, type Session } from '../../session.ts'
import { agreed } from '../approvals.ts'

const PAUSE = 1000
const MOST_DRAWN = 20

/** Who is asked. */
export const peopleOf = (options: Options): { of?: readonly string[] } => (Array.isArray(options['of']) ? { of: options['of'].map(String) } : {})

/** Asks two people, prints the agreement's id at once, and waits for them. */
async function askTwo(session: Session, what: string, on: string, options: Options): Promise<number> {
  const message = textOption(options, 'message')
  const lapses = textOption(options, 'lapses')
  const asked = await ask<ApprovalAnswer>(session, 'POST', `/acts/ask/${what}`, {
    on, person: session.person.name, ...peopleOf(options), ...(message === undefined ? {} : { reason: session.message(message) }), ...(lapses === undefined ? {} : { lapses }),
  })
  return agreed(session, asked, options)
}

const arm: Command = (session, [on = ''], options) => askTwo(session, 'arm', on, options)
const closeBreaker: Command = (session, [on = ''], options) => {
  if (textOption(options, 'message') === undefined) throw usage('A breaker is closed with a reason.', 'say in a sentence why so much is right: --message')
  return askTwo(session, 'close-breaker', on, options)
}
const purge: Command = (session, [on = ''], options) => askTwo(session, 'purge', on, options)

const disarm: Command = async (session, [on = '']) => {
  const body = await ask<DoneAnswer>(session, 'POST', `/reconcile/${segment(on)}/disarm`, { person: session.person.name })
  session.out.answer(body, () => session.out.talk(body.says))
  return EXIT.fine
}

function drawActs({ out }: Session, it: ActsAnswer): void {
  out.data(out.paint('strong', `${it.over} done, ${it.under_way} under way, ${it.waiting} waiting, ${it.held.length} held`))
  for (const { text, cure } of it.refusals) {
    out.data(`Refused: ${text}`)
    out.data(`  → ${cure}`)
  }
  if (it.totals.purge > 0 && it.agreement === null) out.data(`${it.totals.purge} wait for two people: holdfast reconcile purge ${it.plan}`)
  drawNotDone(out, it)
}

const CAME: Readonly<Record<string, string>> = { quarantine: 'to be put aside', purge: 'to be purged', release: 'to be brought back' }

/** What waits for something, and what does not wait any more. */
function drawNotDone(out: Session['out'], { waits, held }: Pick<ActsAnswer, 'waits' | 'held'>): void {
  out.table([...held.slice(0, MOST_DRAWN).map(({ act, key, says }): Cell[] => [out.shape('degraded'), `held, ${CAME[act] ?? act}`, key, says]), ...waits.slice(0, MOST_DRAWN).map(({ act, key, says }): Cell[] => [out.shape('unknown'), `waits, ${CAME[act] ?? act}`, key, says])])
}

/** Looks until nothing of it waits any more, for as long as is waited. */
async function seenThrough(session: Session, on: string, options: Options, say: (body: ActsAnswer) => void = () => undefined): Promise<ActsAnswer> {
  const until = session.timeout === undefined ? Number.POSITIVE_INFINITY : session.now() + session.timeout
  let body = await ask<ActsAnswer>(session, 'GET', `/acts/${segment(on)}`)
  while (options['wait'] !== false && body.waiting + body.under_way > 0 && session.now() < until) {
    say(body)
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
    body = await ask<ActsAnswer>(session, 'GET', `/acts/${segment(on)}`)
  }
  return body
}

/** Acts of an armed plan are done as soon as they may; this looks until they are. */
const apply: Command = async (session, [on = ''], options) => {
  const body = await seenThrough(session, on, options)
  const { out } = session
  const { refusals, totals } = body
  // What comes back comes back from a plan that is refused, too; all the rest of that is refused.
  const refused = refusals.length > 0 && (totals.release === 0 || totals.quarantine + totals.purge > 0 || refusals.some(({ id }) => id === 'over'))
  if (refused && out.json) out.data(JSON.stringify({ schema: 'holdfast.refusal/1', code: 'HF492', plan: body.plan, reasons: refusals }))
  else out.answer(body, () => drawActs(session, body))
  if (refused) return EXIT.refused
  if (body.waiting + body.under_way > 0) return EXIT.pending
  // What is to be removed for good waits for two people, also where nothing else is left.
  return body.held.length > 0 ? EXIT.down : totals.purge > 0 && body.agreement === null ? EXIT.pending : EXIT.fine
}

const release: Command = async (session, [on = '', ...keys], options) => {
  if (keys.length === 0 && options['all'] !== true) throw usage('Which objects come back?', 'name their keys, or say --all')
  const { out } = session
  const asked = await askAsAnybody<ReleaseAnswer>(session, `/reconcile/${segment(on)}/release`, keys.length === 0 ? { all: true } : { keys })
  for (const key of asked.missing) out.complain(`${plain(key)} does not lie aside`)
  const missing = asked.missing.length > 0 ? EXIT.failed : EXIT.fine
  if (asked.wanted > 0 && options['wait'] !== false) out.talk(`${asked.wanted} ${asked.wanted === 1 ? 'object is' : 'objects are'} to come back; it takes no agreement. Waiting until ${asked.wanted === 1 ? 'it has' : 'they have'}: to go on without, Ctrl-C, and holdfast reconcile show ${on} says how it stands.`)
  let told = ''
  const body = await seenThrough(session, asked.plan, options, ({ waits: [first] }) => {
    if (first === undefined || first.says === told) return
    told = first.says
    out.talk(`${plain(first.key)} waits: ${plain(told)}`)
  })
  out.answer({ ...asked, ...body, schema: 'holdfast.release/1', wanted: asked.wanted, missing: asked.missing }, () => {
    const left = body.waiting + body.under_way
    out.data(out.paint('strong', `${body.over} brought back, ${left} to come back still, ${body.held.length} held`))
    drawNotDone(out, body)
    if (body.held.length > 0) out.data(`  → see what stands there now; what is held is not tried again before somebody asks for it again: holdfast reconcile release ${on} <key>`)
    if (left > 0) out.talk(`What waits is tried again and again; holdfast reconcile show ${on} says how it stands.`)
  })
  if (body.held.length > 0) return EXIT.down
  return missing !== EXIT.fine ? missing : body.waiting + body.under_way > 0 ? EXIT.pending : EXIT.fine
}

const accept: Command = async (session, [on = '', what = '', seen = ''], options) => {
  const body = await ask<DoneAnswer>(session, 'POST', `/reconcile/${segment(on)}/accept`, { what, seen, ...(options['undo'] === true ? { undo: true } : {}), person: session.person.name })
  session.out.answer(body, () => session.out.talk(body.says))
  return EXIT.fine
}

export { accept, askTwo, apply, arm, closeBreaker, disarm, purge, release }
