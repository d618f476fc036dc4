// `holdfast backups drill`: begins a drill and waits for its report, saying what it waits for: which drill is before it, and what its own does. Passed is 0;
// failed, or nobody could know, is 3.
import { setTimeout as wait } from 'node:timers/promises'
import { sayTime, type Span } from '../../core/time.ts'
import type { DrillAnswer, DrillBegunAnswer, DrillCancelledAnswer, DrillsAnswer, DrillUnderWay, UnderWay } from '../../views/drills.ts'
import { EXIT, Failure } from '../failure.ts'
import { plain, type Cell, type Shape } from '../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../session.ts'

const SHAPES: Readonly<Record<DrillAnswer['verdict'], Shape>> = { passed: 'ok', failed: 'down', unknown: 'unknown' }
const LOOK_EVERY = 500
/** It may wait for others, and then takes half a day at most. */
const LONGEST = 60 * 3_600_000

const drill: Command = async (session, [set = ''], options) => {
  const [store, copy, isPlanted] = [textOption(options, 'store'), textOption(options, 'copy'), options['planted'] === true]
  if (options['cancel'] === true) return cancel(session, set, store)
  const begun = await ask<DrillBegunAnswer>(session, 'POST', `/backups/${segment(set)}/drill`, { person: session.person.name, ...(store === undefined ? {} : { store }), ...(copy === undefined ? {} : { copy }), ...(isPlanted ? { planted: true } : {}) })
  const until = session.now() + (session.timeout ?? LONGEST)
  let told = ''
  for (;;) {
    const { drills: reports, under_way: underWay } = await ask<DrillsAnswer>(session, 'GET', `/backups/${segment(set)}/drills?after=${begun.after}`)
    const report = reports.findLast((it) => it.store === begun.store && it.copy === begun.copy && (it.planted !== undefined) === isPlanted)
    if (report) {
      session.out.answer(report, () => tell(session, report))
      return isAsItShould(report) ? EXIT.fine : report.refused === true ? EXIT.refused : EXIT.down
    }
    const says = sayWait(session, begun, underWay, isPlanted)
    if (says !== undefined && says !== told) session.out.talk(told = says)
    if (session.now() > until) throw new Failure('The drill goes on, and nobody waits for it any more.', { exit: EXIT.pending, code: 'HF-C040', help: `holdfast backups drills ${set} shows its report when it is there` })
    await wait(LOOK_EVERY)
  }
}

/** What it waits for, or does; nothing where that is not known. */
function sayWait({ out }: Session, { set, store, copy }: DrillBegunAnswer, { at_work: atWork, waiting }: UnderWay, isPlanted: boolean): string | undefined {
  const isIt = (it: DrillUnderWay): boolean => it.set === set && it.store === store && it.copy === copy && (it.planted === true) === isPlanted
  const own = atWork.find(isIt)
  if (own) return `Drilling ${isPlanted ? 'a spoilt copy of ' : ''}${plain(copy)} in ${plain(store)}, at the longest until ${out.moment(own.until)} …`
  const at = waiting.findIndex(isIt)
  if (at < 0) return undefined
  const before = [...atWork.map((it) => `${plain(it.set)}@${plain(it.store)}, at work since ${out.moment(it.since)}`), ...waiting.slice(0, at).map((it) => `${plain(it.set)}@${plain(it.store)}`)]
  return `${plain(set)}@${plain(store)} waits ${before.length === 0 ? 'for its turn' : `behind ${before.slice(0, 5).join('; ')}${before.length > 5 ? ` and ${before.length - 5} more` : ''}`} …`
}

async function cancel(session: Session, set: string, store: string | undefined): Promise<number> {
  const body = await ask<DrillCancelledAnswer>(session, 'POST', `/backups/${segment(set)}/drill/cancel`, { person: session.person.name, ...(store === undefined ? {} : { store }) })
  session.out.answer(body, () => body.cancelled.forEach((it) => session.out.data(`Ended: ${plain(it.copy)} in ${plain(it.store)}.`)))
  return EXIT.fine
}

/** A copy that was spoilt on purpose has to fail. */
const isAsItShould = ({ verdict, planted }: DrillAnswer): boolean => verdict === (planted === undefined ? 'passed' : 'failed')

/** What cannot be found out here until somebody changes something is refused, and not only unknown. */
const sayVerdict = ({ verdict, refused }: DrillAnswer): string => (refused === true ? 'refused' : verdict)

const drills: Command = async (session, [set = '']) => {
  const body = await ask<DrillsAnswer>(session, 'GET', `/backups/${segment(set)}/drills`)
  const { out } = session
  out.answer(body, () => {
    if (body.drills.length === 0) {
      out.talk('No drill has come to an end yet.')
      return sayUnderWay(session, body.under_way)
    }
    out.table(body.drills.map((it): Cell[] => [
      out.shape(it.planted === undefined ? SHAPES[it.verdict] : isAsItShould(it) ? 'ok' : it.verdict === 'passed' ? 'down' : 'unknown'), sayVerdict(it), `L${it.rung}`, it.store, it.copy, out.moment(it.at),
      it.planted === undefined ? it.says : `a spoilt copy, ${isAsItShould(it) ? 'as it must' : 'which has to fail'}: ${it.says || it.planted}`,
    ]), ['', 'Verdict', 'Rung', 'Store', 'Copy', 'At', ''])
    out.data(sayPlanted(body.planted, session))
    sayUnderWay(session, body.under_way)
  })
  const last = body.drills.find(({ planted }) => planted === undefined)
  return (last === undefined || last.verdict === 'passed') && (body.planted?.doubted_at ?? null) === null ? EXIT.fine : EXIT.down
}

/** The drills of all sets: one may wait for another's. */
function sayUnderWay({ out }: Session, { at_work: atWork, waiting }: UnderWay): void {
  for (const it of atWork) out.data(`At work: ${plain(it.set)}@${plain(it.store)}, ${plain(it.copy)}, since ${out.moment(it.since)}, at the longest until ${out.moment(it.until)}${it.says === '' ? '' : `: ${plain(it.says)}`}.`)
  if (waiting.length > 0) out.data(`Waiting: ${waiting.slice(0, 20).map((it) => `${plain(it.set)}@${plain(it.store)}`).join(', ')}${waiting.length > 20 ? ` and ${waiting.length - 20} more` : ''}.`)
}

/** Whether a drill that passed says anything. */
function sayPlanted(it: DrillsAnswer['planted'], { out }: Session): string {
  if (it === null) return 'Drills were never proven able to fail yet: once a month a copy is spoilt on purpose and drilled.'
  if (it.doubted_at !== null) return `Drills of ${it.engine} are NOT believed: ${out.ago(it.doubted_at)} ago one passed a copy that was spoilt on purpose (holdfast backups report ${it.report}).`
  const last = it.verdict === 'unknown' ? ` The last try, ${out.ago(it.at)} ago, could not tell: ${plain(it.says)}` : ''
  return it.failed_at === null ? `Drills of ${it.engine} were never proven able to fail.${last}` : `Drills of ${it.engine} were last proven able to fail ${out.ago(it.failed_at)} ago.${last}`
}

function tell({ out }: Session, it: DrillAnswer): void {
  out.table([
    ['Verdict', [isAsItShould(it) ? 'strong' : 'down', sayVerdict(it)]], ...(it.planted === undefined ? [] : [['Spoilt', `${it.planted}; it ${isAsItShould(it) ? 'failed as it must' : 'has to fail'}`]]), [it.verdict === 'passed' ? 'Proven' : 'Reached', it.verdict === 'passed' ? `L${it.rung}` : `L${it.rung}, which proves nothing of a copy that did not pass`], ...(it.says === '' ? [] : [['Because', it.says]]), ['Copy', `${it.copy} in ${it.store}`], ['Made by', it.engine], ...(it.held ? [['Holds', plain(it.held.of)], ['As of', out.moment(it.held.at)]] : []),
    ...it.phases.map(({ name, ms }): Cell[] => [name, sayTime(ms as Span)]), ['Torn down', it.torn_down ? 'yes, nothing is left' : 'no'],
  ])
  if (it.asserts.length > 0) {
    out.data()
    out.table(it.asserts.map(({ text, found, says }): Cell[] => [out.shape(found === 'pass' ? 'ok' : found === 'fail' ? 'down' : 'unknown'), text, says ?? '']))
  }
  if (it.engine_said !== '') {
    out.data()
    for (const line of it.engine_said.split('\n')) out.data(`  ${plain(line)}`)
  }
}

export { drill, drills }
