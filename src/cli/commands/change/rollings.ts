// Rolling runs on the command line: the plan of all hosts of a runbook, and one that goes on, drawn with the hosts that are done, at work and to come, of one batch at the same time. Each host's run
// is one as any other (runs.ts); here they are begun, followed and stopped together.
import { instantOf } from '../../../core/time.ts'
import { isRefused } from '../../../rooms/change/plan.ts'
import type { RollingAnswer, RollingHost, RollingLine, RollingPlanAnswer, RollingToldAnswer } from '../../../views/change/rollings.ts'
import { EXIT } from '../../failure.ts'
import { plain, type Cell, type Shape } from '../../output.ts'
import { ask, segment, textOption, type Session } from '../../session.ts'
import { readAccepted, sayGates, sayTolerance } from './words.ts'

const SHAPES: Readonly<Record<RollingHost['state'], Shape>> = { done: 'ok', failed: 'down', 'at-work': 'degraded', 'to-come': 'unknown' }
const WORDS: Readonly<Record<RollingHost['state'], string>> = { done: 'done', failed: 'failed', 'at-work': 'at work', 'to-come': 'to come' }

/** Whether it names a rolling run. */
export const isRolling = (id: string): boolean => id.startsWith('rol_')

const pathOf = (rolling: string, verb = ''): string => `/rollings/${segment(rolling)}${verb === '' ? '' : `/${verb}`}`
export const exitOfRolling = ({ state }: RollingAnswer): number => (state === 'done' ? EXIT.fine : state === 'going' ? EXIT.pending : EXIT.down)

function sayOrder({ batches }: RollingPlanAnswer): string {
  const most = Math.max(...batches.map(({ hosts }) => hosts.length))
  return most < 2 ? 'one after the other' : `in ${batches.length} ${batches.length === 1 ? 'batch' : 'batches'} of at most ${most}, each within one failure domain`
}

/** The plan of all hosts, in order; with what does not pass. */
export async function planAll(session: Session, runbook: string, options: Readonly<Record<string, unknown>>): Promise<number> {
  const accept = readAccepted(options['accept'])
  const body = await ask<RollingPlanAnswer>(session, 'POST', `/runbooks/${segment(runbook)}/rolling/plan`, accept.length === 0 ? {} : { accept })
  const isNone = body.plans.some((it) => isRefused(it))
  const { out } = session
  out.answer(body, () => {
    out.data(`${out.paint('strong', body.runbook)} on ${body.plans.length} ${body.plans.length === 1 ? 'host' : 'hosts'}, ${sayOrder(body)}; ${body.max_failures === 0 ? 'the first failure stops the rest' : `${body.max_failures} may fail before the rest is stopped`}`)
    for (const { domain, hosts, tolerance } of body.batches) {
      if (hosts.length > 1) {
        out.data()
        out.data(`At the same time: ${hosts.join(', ')}  ${domain}  further failures tolerated with all of it out: ${sayTolerance(tolerance)}`)
      }
      for (const host of hosts) {
        const plan = body.plans.find((it) => it.host === host)
        if (!plan) continue
        out.data()
        out.data(`${out.paint('strong', host)}  ${domain === `host ${host}` ? '' : `${domain}  `}further failures tolerated: ${sayTolerance(plan.tolerance)} now; ${plan.steps.map((step, at) => `${sayTolerance(step.tolerance)} after ${at + 1}`).join(', ')}`)
        for (const [at, step] of plan.steps.entries()) {
          out.data(`${at + 1}. ${out.paint('strong', step.id)}  ${plain(step.text)}`)
          sayGates(session, step.gates.filter(({ found }) => found !== 'pass'))
        }
      }
    }
    out.data()
    for (const it of body.accept) out.data(`to be accepted: --accept ${it.code}=…  ${it.why} (step ${it.step})`)
    out.data(`plan ${body.id} · ${body.hash.slice(0, 16)}`)
    if (isNone) out.data(out.paint('down', 'Refused: not everything that it wants is known and so.'))
  })
  return isNone ? EXIT.refused : EXIT.pending
}

export async function runAll(session: Session, runbook: string, options: Readonly<Record<string, unknown>>): Promise<RollingAnswer> {
  const accept = readAccepted(options['accept'])
  const [does, checks] = [textOption(options, 'does'), textOption(options, 'checks')]
  return ask<RollingAnswer>(session, 'POST', `/runbooks/${segment(runbook)}/rolling`, {
    person: session.person.name, ...(accept.length === 0 ? {} : { accept }), ...(does === undefined ? {} : { does }), ...(checks === undefined ? {} : { checks }), ...(options['rehearse'] === true ? { rehearse: true } : {}),
  })
}

export function drawRolling({ out }: Session, it: RollingAnswer): void {
  out.data(`${out.paint('strong', it.rolling)}  ${it.title}${it.rehearse ? ', a rehearsal' : ''}: ${it.state}`)
  out.data(`${it.does} does it, ${it.checks} checks it`)
  out.table(it.hosts.map((one): Cell[] => [`${one.batch}.`, out.shape(SHAPES[one.state]), one.host, `${WORDS[one.state]}${one.state === 'at-work' && one.stands !== null ? ` (${one.stands})` : ''}${one.failed && one.state !== 'failed' ? ', a step failed' : ''}`, one.run ?? '']))
  const atWork = it.hosts.flatMap(({ host, state }) => (state === 'at-work' ? [host] : []))
  if (it.halt !== null) out.data(out.paint('down', `Halted: ${it.halt}. holdfast runbooks resume ${it.rolling} lets the next host begin${atWork.length === 0 ? '' : `, once ${atWork.join(' and ')} ${atWork.length === 1 ? 'is' : 'are'} done`}.`))
}

const sayLine = ({ out }: Session, { at, event, host, run, by, says }: RollingLine): string =>
  `${out.exact(instantOf(Date.parse(at)))}  ${event}${host === null ? '' : ` ${host}`}${run === null ? '' : ` (${run})`}${by === null ? '' : ` by ${by}`}${says === null || says === '' ? '' : `: ${says}`}`

/** Its next lines, as they come: how it stands, the number of the last line, and the runs that they name: of one that nobody touched they alone do. */
export async function nextLines(session: Session, rolling: string, after: number): Promise<{ readonly now: RollingAnswer; readonly last: number; readonly runs: readonly string[] }> {
  const { told, rolling: now } = await ask<RollingToldAnswer>(session, 'GET', `${pathOf(rolling)}?after=${after}`)
  for (const line of told) session.out.answer(line, () => session.out.data(sayLine(session, line)))
  return { now, last: told.at(-1)?.n ?? after, runs: told.flatMap(({ run }) => run ?? []) }
}

export const isEnded = ({ state }: RollingAnswer): boolean => state !== 'going' && state !== 'halted'

export async function showRolling(session: Session, rolling: string): Promise<number> {
  const told = await ask<RollingToldAnswer>(session, 'GET', pathOf(rolling))
  session.out.answer(told, () => {
    drawRolling(session, told.rolling)
    for (const line of told.told) session.out.data(sayLine(session, line))
  })
  return exitOfRolling(told.rolling)
}

export async function onRolling(session: Session, rolling: string, verb: 'halt' | 'abort' | 'resume'): Promise<number> {
  const body = await ask<RollingAnswer>(session, 'POST', pathOf(rolling, verb), { person: session.person.name })
  session.out.answer(body, () => drawRolling(session, body))
  return verb === 'resume' ? EXIT.pending : EXIT.fine
}
