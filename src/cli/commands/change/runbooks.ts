// `holdfast runbooks`: planned work, and its plan for one host: every step with what is done where, how many further failures are tolerated, and what every gate
// knows and lacks. A plan does nothing; `holdfast runbooks run` (runs.ts) begins one.
import { isRefused } from '../../../rooms/change/plan.ts'
import type { PlanAnswer, RunbooksAnswer } from '../../../views/change/changes.ts'
import { EXIT, usage } from '../../failure.ts'
import { plain, type Cell, type Shape } from '../../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../../session.ts'

const SHAPES: Readonly<Record<string, Shape>> = { pass: 'ok', fail: 'down', unknown: 'unknown' }

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

/** `CODE=reason`, each of its own. */
export function readAccepted(given: unknown): { code: string; reason: string }[] {
  return (Array.isArray(given) ? given : []).map((it) => {
    const text = String(it)
    const at = text.indexOf('=')
    if (at < 1) throw usage(`“${text.slice(0, 80)}” accepts nothing.`, 'Write --accept CODE=reason; the plan says which codes there are.')
    return { code: text.slice(0, at), reason: text.slice(at + 1) }
  })
}

const plan: Command = async (session, [name = ''], options) => {
  const accept = readAccepted(options['accept'])
  const body = await ask<PlanAnswer>(session, 'POST', `/runbooks/${segment(name)}/plan`, { host: textOption(options, 'host') ?? '', ...(accept.length === 0 ? {} : { accept }) })
  session.out.answer(body, () => draw(session, body))
  return isRefused(body) ? EXIT.refused : EXIT.pending
}

const sayTolerance = (failures: number | null): string => (failures === null ? '?' : failures < 0 ? 'too few left' : `${failures}`)

function draw({ out }: Session, { runbook, host, tolerance, steps, accept, id, hash }: PlanAnswer): void {
  out.data(out.paint('strong', `${runbook} on ${host}`))
  const after = steps.map((step, at) => `${sayTolerance(step.tolerance)} after ${at + 1}`)
  out.data(`further failures tolerated: ${sayTolerance(tolerance)} now; ${after.join(', ')}`)
  out.data()
  for (const [at, step] of steps.entries()) {
    out.data(`${at + 1}. ${out.paint('strong', step.id)}  ${plain(step.text)}`)
    for (const gate of step.gates) {
      out.table([['  ', out.shape(SHAPES[gate.found] ?? 'unknown'), `${gate.found}`, gate.want]])
      if (gate.found !== 'pass') for (const seen of gate.evidence.slice(0, 5)) out.table([['     ', ['soft', `${seen.subject}, by ${seen.observer}${seen.at === null ? '' : `, ${out.moment(seen.at)}`}: ${seen.says}`]]])
    }
  }
  out.data()
  for (const it of accept) out.data(`to be accepted: --accept ${it.code}=…  ${it.why} (step ${it.step})`)
  out.data(`plan ${id} · ${hash.slice(0, 16)}`)
  if (isRefused({ steps })) out.data(out.paint('down', 'Refused: not everything that it wants is known and so.'))
}

export { list, plan }
