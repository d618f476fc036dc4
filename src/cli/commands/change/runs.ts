// `holdfast runbooks run` and what follows it: planned work that goes on. To begin one draws its plan, and asks two people for the first step; the command then
// follows it to its end, and ends with it. To halt and to abort takes one; to go on, or back, takes both, each behind a link of their own.
import type { RunAnswer, RunLine, RunsAnswer, RunTold } from '../../../views/change/runs.ts'
import { instantOf } from '../../../core/time.ts'
import { EXIT } from '../../failure.ts'
import { plain, type Cell, type Shape } from '../../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../../session.ts'
import { readAccepted } from './runbooks.ts'

const PAUSE = 1000
const SHAPES: Readonly<Record<RunAnswer['steps'][number]['state'], Shape>> = { done: 'ok', running: 'degraded', unknown: 'unknown', offered: 'degraded', begun: 'degraded', waiting: 'unknown' }

const pathOf = (run: string, verb = ''): string => `/runs/${segment(run)}${verb === '' ? '' : `/${verb}`}`
const isOver = ({ state }: RunAnswer): boolean => state === 'done' || state === 'undone' || state === 'aborted'
const exitOf = ({ state }: RunAnswer): number => (state === 'done' || state === 'undone' ? EXIT.fine : state === 'aborted' || state === 'halted' || state === 'unknown' ? EXIT.down : EXIT.pending)

function draw({ out }: Session, it: RunAnswer): void {
  out.data(`${out.paint('strong', it.run)}  ${it.title}, on ${it.host}${it.rehearse ? ', a rehearsal' : ''}: ${it.state}`)
  out.data(`${it.does} does it, ${it.checks} checks it`)
  out.table(it.steps.map((step, at): Cell[] => [`${at + 1}.`, out.shape(SHAPES[step.state]), step.id, step.state, plain(step.text)]))
  if (it.halt) out.data(out.paint('down', `Halted: ${it.halt.subject} ${it.halt.claim}.`))
  if (it.asked && !it.asked.agreed) out.data(`Both are asked (${it.asked.purpose}): holdfast approvals show ${it.asked.agreement}`)
  if (it.undo !== null && !isOver(it)) out.data(`The way back of ${it.undo}: holdfast runbooks undo ${it.run}`)
}

const sayLine = ({ out }: Session, { at, event, step, by, cause, says }: RunLine): string =>
  `${out.exact(instantOf(Date.parse(at)))}  ${event}${step === null ? '' : ` ${step}`}${by === null ? '' : ` by ${by}`}${cause ? `: ${cause.subject} ${cause.claim}${cause.after_step === null || cause.after_ms === null ? '' : `, ${(cause.after_ms / 1000).toFixed(1)} s after ${cause.after_step} began`}` : ''}${says === null || says === '' ? '' : `: ${says}`}`

/** Prints what happens, as it happens, until the run is over, or halted where nobody waits for more. */
async function follow(session: Session, run: string, from: number): Promise<number> {
  let after = from
  for (;;) {
    const told = await ask<RunTold>(session, 'GET', `${pathOf(run)}?after=${after}`)
    for (const line of told.told) {
      after = line.n
      session.out.answer(line, () => session.out.data(sayLine(session, line)))
    }
    if (isOver(told.run)) return exitOf(told.run)
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
}

const run: Command = async (session, [runbook = ''], options) => {
  const accept = readAccepted(options['accept'])
  const [does, checks] = [textOption(options, 'does'), textOption(options, 'checks')]
  const begun = await ask<RunAnswer>(session, 'POST', `/runbooks/${segment(runbook)}/run`, {
    host: textOption(options, 'host') ?? '', person: session.person.name, ...(accept.length === 0 ? {} : { accept }), ...(does === undefined ? {} : { does }), ...(checks === undefined ? {} : { checks }), ...(options['rehearse'] === true ? { rehearse: true } : {}),
  })
  if (options['wait'] === false) {
    session.out.answer(begun, () => draw(session, begun))
    return EXIT.pending
  }
  if (!session.out.lines) session.out.talk(`${begun.run}: ${begun.does} and ${begun.checks} are asked for the first step. Ctrl-C leaves it as it is; holdfast runbooks halt ${begun.run} stops it.`)
  return follow(session, begun.run, -1)
}

const show: Command = async (session, [id], options) => {
  const { out } = session
  if (id === undefined) {
    const body = await ask<RunsAnswer>(session, 'GET', '/runs')
    out.answer(body, () => {
      if (body.runs.length === 0) return out.talk('Nothing has been run yet: holdfast runbooks run <runbook> --host <host>')
      out.table(body.runs.map((it): Cell[] => [it.run, it.title, it.host, it.state, out.moment(it.since)]), ['Run', '', 'Host', '', 'Since'])
    })
    return EXIT.fine
  }
  if (options['follow'] === true || out.lines) return follow(session, id, -1)
  const told = await ask<RunTold>(session, 'GET', pathOf(id))
  out.answer(told, () => {
    draw(session, told.run)
    for (const line of told.told) out.data(sayLine(session, line))
  })
  return exitOf(told.run)
}

const verb = (called: 'halt' | 'abort' | 'undo'): Command => async (session, [id = '']) => {
  const body = await ask<RunAnswer>(session, 'POST', pathOf(id, called), { person: session.person.name })
  session.out.answer(body, () => draw(session, body))
  return called === 'undo' ? EXIT.pending : EXIT.fine
}

const resume: Command = async (session, [id = ''], options) => {
  const as = textOption(options, 'was')
  const body = await ask<RunAnswer>(session, 'POST', pathOf(id, 'resume'), { person: session.person.name, ...(as === undefined ? {} : { as }) })
  session.out.answer(body, () => draw(session, body))
  return EXIT.pending
}

const [halt, abort, undo] = [verb('halt'), verb('abort'), verb('undo')]
export { run, show, halt, abort, undo, resume }
