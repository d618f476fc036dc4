// `holdfast runbooks`: planned work, and its plan for one host: every step with what is done where, how many further failures are tolerated, and what every gate
// knows and lacks. A plan does nothing; `holdfast runbooks run` (runs.ts) begins one.
import { isRefused } from '../../../rooms/change/plan.ts'
import type { PlanAnswer, RunbooksAnswer } from '../../../views/change/changes.ts'
import { EXIT } from '../../failure.ts'
import { plain, type Cell } from '../../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../../session.ts'
import { planAll } from './rollings.ts'
import { readAccepted, sayGates, sayTolerance } from './words.ts'

const list: Command = async (session) => {
  const { out } = session
  const body = await ask<RunbooksAnswer>(session, 'GET', '/runbooks')
  out.answer(body, () => {
    if (body.runbooks.length === 0) return out.talk('There are no runbooks: write them under “runbooks” in the configuration, or as files (docs/use/runbooks.md).')
    out.table(body.runbooks.map((it): Cell[] => [
      it.runbook, it.title, it.hosts.join(', '), `${it.steps.length}`, `${it.does.join(', ')} and ${it.checks.join(', ')}`,
      it.window === null ? 'any time' : it.window.open ? `open until ${out.moment(it.window.until)}` : it.window.opens === null ? 'shut' : `opens ${out.moment(it.window.opens)}`,
    ]), ['Runbook', '', 'Hosts', 'Steps', 'By', 'Window'])
  })
  return EXIT.fine
}

const plan: Command = async (session, [name = ''], options) => {
  const host = textOption(options, 'host')
  if (host === undefined) return planAll(session, name, options)
  const accept = readAccepted(options['accept'])
  const body = await ask<PlanAnswer>(session, 'POST', `/runbooks/${segment(name)}/plan`, { host, ...(accept.length === 0 ? {} : { accept }) })
  session.out.answer(body, () => draw(session, body))
  return isRefused(body) ? EXIT.refused : EXIT.pending
}

function draw(session: Session, { runbook, host, tolerance, steps, accept, id, hash }: PlanAnswer): void {
  const { out } = session
  out.data(out.paint('strong', `${runbook} on ${host}`))
  const after = steps.map((step, at) => `${sayTolerance(step.tolerance)} after ${at + 1}`)
  out.data(`further failures tolerated: ${sayTolerance(tolerance)} now; ${after.join(', ')}`)
  out.data()
  for (const [at, step] of steps.entries()) {
    out.data(`${at + 1}. ${out.paint('strong', step.id)}  ${plain(step.text)}`)
    sayGates(session, step.gates)
  }
  out.data()
  for (const it of accept) out.data(`to be accepted: --accept ${it.code}=…  ${it.why} (step ${it.step})`)
  out.data(`plan ${id} · ${hash.slice(0, 16)}`)
  if (isRefused({ steps })) out.data(out.paint('down', 'Refused: not everything that it wants is known and so.'))
}

export { list, plan }
