// `holdfast runbooks run` and what follows it: planned work that goes on. To begin one draws its plan, and asks two people for the first step; the command then
// follows it to its end, and ends with it. To halt and to abort takes one; to go on, or back, takes both, each behind a link of their own.
import type { RunAnswer, RunLine, RunsAnswer, RunTold } from '../../../views/change/runs.ts'
import { instantOf } from '../../../core/time.ts'
import { EXIT, usage } from '../../failure.ts'
import { plain, type Cell, type Shape } from '../../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../../session.ts'
import { drawRolling, exitOfRolling, isEnded, isRolling, nextLines, onRolling, runAll, showRolling } from './rollings.ts'
import { readAccepted } from './words.ts'

const PAUSE = 1000
const SHAPES: Readonly<Record<RunAnswer['steps'][number]['state'], Shape>> = { done: 'ok', running: 'degraded', unknown: 'unknown', offered: 'degraded', begun: 'degraded', waiting: 'unknown' }

const pathOf = (run: string, verb = ''): string => `/runs/${segment(run)}${verb === '' ? '' : `/${verb}`}`
const isOver = ({ state }: RunAnswer): boolean => state === 'done' || state === 'undone' || state === 'aborted'
const exitOf = ({ state }: RunAnswer): number => (state === 'done' || state === 'undone' ? EXIT.fine : state === 'aborted' || state === 'halted' || state === 'unknown' ? EXIT.down : EXIT.pending)

function draw({ out }: Session, it: RunAnswer): void {
  out.data(`${out.paint('strong', it.run)}  ${it.title}, on ${it.host}${it.rehearse ? ', a rehearsal' : ''}: ${it.state}`)
  out.data(`${it.does} does it, ${it.checks} checks it`)
  for (const { code, reason } of it.accepted) out.data(`Accepted by ${it.by}: ${code}, “${reason}”`)
  out.table(it.steps.map((step, at): Cell[] => [`${at + 1}.`, out.shape(SHAPES[step.state]), step.id, step.state, plain(step.text)]))
  if (it.halt) out.data(out.paint('down', `Halted: ${it.halt.subject} ${it.halt.claim}.`))
  if (it.unattended) out.data(it.unattended.back ? 'It goes the ways back by itself.' : `It goes by itself, from ${out.moment(it.unattended.from)} to ${out.moment(it.unattended.until)}.`)
  if (it.word !== null) out.data(`Whoever did it spoke up after all: it ${plain(it.word)}. Nothing is made of that by itself: resume --was …`)
  if (it.asked?.hands) out.data(`${it.asked.hands.from} hands over to ${it.asked.hands.to}, who ${it.asked.hands.as} it from then on, once both have agreed: holdfast approvals show ${it.asked.agreement}`)
  else if (it.asked && !it.asked.agreed) out.data(`Both are asked (${it.asked.purpose}): holdfast approvals show ${it.asked.agreement}`)
  if (it.raises !== null && !isOver(it)) out.data(`Against the halt, since it makes more failures tolerable: holdfast runbooks resume ${it.run} --step ${it.raises}`)
  if (it.undo !== null && !isOver(it)) out.data(`The way back of ${it.undo}: holdfast runbooks undo ${it.run}`)
}

const sayLine = ({ out }: Session, { at, event, step, by, cause, says }: RunLine): string =>
  `${out.exact(instantOf(Date.parse(at)))}  ${event}${step === null ? '' : ` ${step}`}${by === null ? '' : ` by ${by}`}${cause ? `: ${cause.subject} ${cause.claim}${cause.after_step === null || cause.after_ms === null ? '' : `, ${(cause.after_ms / 1000).toFixed(1)} s after ${cause.after_step} began`}` : ''}${says === null || says === '' ? '' : `: ${says}`}`

/** Prints what happened in a run after a line: how it stands, and the number of the last one. */
async function nextOf(session: Session, run: string, after: number): Promise<{ readonly now: RunAnswer; readonly last: number }> {
  const { told, run: now } = await ask<RunTold>(session, 'GET', `${pathOf(run)}?after=${after}`)
  for (const line of told) session.out.answer(line, () => session.out.data(sayLine(session, line)))
  return { now, last: told.at(-1)?.n ?? after }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE))

/** Prints what happens, as it happens, until the run is over. */
async function follow(session: Session, run: string): Promise<number> {
  for (let last = -1; ; await pause()) {
    const next = await nextOf(session, run, last)
    if (isOver(next.now)) return exitOf(next.now)
    if (session.out.isUnread()) return EXIT.unread
    last = next.last
  }
}

/** The same of a rolling run, with what happens in the run of each host. */
async function followAll(session: Session, rolling: string): Promise<number> {
  const lines = new Map<string, number>()
  const ended = new Set<string>()
  for (let last = -1; ; await pause()) {
    const next = await nextLines(session, rolling, last)
    for (const run of next.runs) lines.set(run, lines.get(run) ?? -1)
    for (const [run, after] of lines) {
      if (ended.has(run)) continue
      const it = await nextOf(session, run, after)
      lines.set(run, it.last)
      if (isOver(it.now)) ended.add(run)
    }
    if (isEnded(next.now)) return exitOfRolling(next.now)
    if (session.out.isUnread()) return EXIT.unread
    last = next.last
  }
}

const run: Command = async (session, [runbook = ''], options) => {
  const host = textOption(options, 'host')
  if (host === undefined && options['unattended'] === true) throw usage('A run over many hosts does not go by itself.', 'Name the host: --host db-1')
  if (host === undefined) {
    const all = await runAll(session, runbook, options)
    if (options['wait'] === false) {
      session.out.answer(all, () => drawRolling(session, all))
      return EXIT.pending
    }
    if (!session.out.lines) session.out.talk(`${all.rolling}: ${all.does} and ${all.checks} are asked for the first step of each host as it begins. Ctrl-C leaves it as it is; holdfast runbooks halt ${all.rolling} stops it.`)
    return followAll(session, all.rolling)
  }
  const accept = readAccepted(options['accept'])
  const [does, checks] = [textOption(options, 'does'), textOption(options, 'checks')]
  const begun = await ask<RunAnswer>(session, 'POST', `/runbooks/${segment(runbook)}/run`, {
    host, person: session.person.name, ...(accept.length === 0 ? {} : { accept }), ...(does === undefined ? {} : { does }), ...(checks === undefined ? {} : { checks }), ...(options['rehearse'] === true ? { rehearse: true } : {}), ...(options['unattended'] === true ? { unattended: true } : {}),
  })
  if (options['wait'] === false) {
    session.out.answer(begun, () => draw(session, begun))
    return EXIT.pending
  }
  if (!session.out.lines) session.out.talk(`${begun.run}: ${begun.does} and ${begun.checks} are asked for ${options['unattended'] === true ? 'all of it at once' : 'the first step'}. Ctrl-C leaves it as it is; holdfast runbooks halt ${begun.run} stops it.`)
  return follow(session, begun.run)
}

const show: Command = async (session, [id], options) => {
  const { out } = session
  if (id === undefined) {
    const body = await ask<RunsAnswer>(session, 'GET', '/runs')
    out.answer(body, () => {
      if (body.runs.length === 0) return out.talk('Nothing has been run yet: holdfast runbooks run <runbook> --host <host>')
      out.table(body.runs.map((it): Cell[] => [it.run, it.title, it.host, it.state, out.moment(it.since), it.rolling ?? '']), ['Run', '', 'Host', '', 'Since', 'Of'])
    })
    return EXIT.fine
  }
  if (isRolling(id)) return options['follow'] === true || out.lines ? followAll(session, id) : showRolling(session, id)
  if (options['follow'] === true || out.lines) return follow(session, id)
  const told = await ask<RunTold>(session, 'GET', pathOf(id))
  out.answer(told, () => {
    draw(session, told.run)
    for (const line of told.told) out.data(sayLine(session, line))
  })
  return exitOf(told.run)
}

const verb = (called: 'halt' | 'abort' | 'undo'): Command => async (session, [id = '']) => {
  if (isRolling(id)) {
    if (called === 'undo') throw usage('A rolling run has no way back of its own.', 'Go back in the run of a host: holdfast runbooks undo run_…')
    return onRolling(session, id, called)
  }
  const body = await ask<RunAnswer>(session, 'POST', pathOf(id, called), { person: session.person.name })
  session.out.answer(body, () => draw(session, body))
  return called === 'undo' ? EXIT.pending : EXIT.fine
}

const resume: Command = async (session, [id = ''], options) => {
  const [as, step] = [textOption(options, 'was'), textOption(options, 'step')]
  if (isRolling(id)) {
    if (step !== undefined) throw usage('A step is asked for in the run of its host.', 'holdfast runbooks resume run_… --step start')
    if (as !== undefined) throw usage('What became of a step is said of the run of its host.', 'holdfast runbooks resume run_… --was done')
    return onRolling(session, id, 'resume')
  }
  const body = await ask<RunAnswer>(session, 'POST', pathOf(id, 'resume'), { person: session.person.name, ...(as === undefined ? {} : { as }), ...(step === undefined ? {} : { step }) })
  session.out.answer(body, () => draw(session, body))
  return EXIT.pending
}

const handOver: Command = async (session, [id = ''], options) => {
  if (isRolling(id)) throw usage('A hand-over is of the run of a host.', 'holdfast runbooks hand-over run_… --from ada --to chen --reason "…"')
  const [from, to, reason] = [textOption(options, 'from'), textOption(options, 'to'), textOption(options, 'reason')]
  if (from === undefined || to === undefined || reason === undefined) throw usage('It is not said who hands over to whom, and why.', 'holdfast runbooks hand-over run_… --from ada --to chen --reason "ada goes off call"')
  const body = await ask<RunAnswer>(session, 'POST', pathOf(id, 'hand-over'), { from, to, reason, person: session.person.name })
  session.out.answer(body, () => draw(session, body))
  return EXIT.pending
}

const [halt, abort, undo] = [verb('halt'), verb('abort'), verb('undo')]
export { run, show, halt, abort, undo, resume, handOver }
