// `holdfast backups report`: the signed report of a drill, to be read, kept or sent on; and whether one that somebody holds is what was signed.
// A report that does not hold is 3, like one of which nobody here can tell.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { sayTime, type Span } from '../../../core/time.ts'
import { renderReport } from '../../../rooms/guard/drills/report-html.ts'
import type { ReportAnswer, ReportCheckAnswer } from '../../../views/reports.ts'
import { iso } from '../../../words/moment.ts'
import { englishReport as w, VERDICT_SHAPES } from '../../../words/backups.ts'
import { saySize } from '../../../words/size.ts'
import { EXIT, Failure, usage } from '../../failure.ts'
import { plain, type Cell } from '../../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../../session.ts'

const MOST_BYTES = 120_000

const report: Command = async (session, [of = ''], options) => {
  const file = textOption(options, 'html')
  if (options['check'] === true) return check(session, isFile(of) ? readReport(of) : JSON.stringify(await fetched(session, of)))
  const it = await fetched(session, of)
  if (file === undefined) session.out.answer(it, () => tell(session, it))
  else save(session, file, it)
  return EXIT.fine
}

const fetched = (session: Session, of: string): Promise<ReportAnswer> => ask<ReportAnswer>(session, 'GET', `/restore-reports${of === '' ? '' : `/${segment(of)}`}`)

const isFile = (of: string): boolean => of.endsWith('.json') || of.includes('/')

function readReport(file: string): string {
  try {
    if (statSync(file).size <= MOST_BYTES) return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Failure(`${file} cannot be read: ${(cause as Error).message}`, { exit: EXIT.failed, code: 'HF-C041' })
  }
  throw usage(`${file} is larger than any restore report.`, 'holdfast backups report --json > report.json writes one')
}

function save({ out }: Session, file: string, it: ReportAnswer): void {
  try {
    writeFileSync(file, renderReport(it))
  } catch (cause) {
    throw new Failure(`${file} cannot be written: ${(cause as Error).message}`, { exit: EXIT.failed, code: 'HF-C041' })
  }
  out.answer(it, () => out.talk(`${plain(it.id)} is written to ${plain(file)}`))
}

async function check(session: Session, text: string): Promise<number> {
  const found = await ask<ReportCheckAnswer>(session, 'POST', '/restore-reports/check', { report: text })
  const { out } = session
  out.answer(found, () => out.table([
    [out.shape(found.found === 'pass' ? 'ok' : found.found === 'fail' ? 'down' : 'unknown'), plain(found.says)], ...(found.entry === null ? [] : [['', `entry ${found.entry}, ${found.entry_hash}`]]), ['', `signed here by ${found.signed_by}`],
  ]))
  return found.found === 'pass' ? EXIT.fine : EXIT.down
}

function tell({ out }: Session, it: ReportAnswer): void {
  const shape = VERDICT_SHAPES[it.verdict]
  out.table([
    ['Verdict', [shape, it.verdict]], ['Proven', `L${it.rung}`], ...(it.says === '' ? [] : [['Because', it.says]]), ...(it.planted === null ? [] : [[w.planted_, it.planted]]), ['Copy', `${it.copy.key} in ${it.store}`], ['Size', saySize(it.copy.bytes)], ['SHA-256', it.copy.sha256 ?? w.notKnown],
    ['Asked by', it.asked_by], ['Began', iso(it.began_at)], ['Ended', iso(it.ended_at)],
    ...(it.planted !== null ? [] : [[w.rpo, it.rpo === null ? w.nothingBack : w.rpoSays(sayTime(it.rpo.lost), iso(it.rpo.up_to), it.rpo.by)], [w.rto, it.rto.p50 === null || it.rto.p95 === null ? w.notKnown : w.rtoSays(sayTime(it.rto.p50), sayTime(it.rto.p95), it.rto.drills)]]),
    ...it.phases.map(({ name, ms }): Cell[] => [name, sayTime(ms as Span)]), ['Torn down', it.torn_down ? w.torn : w.notTorn],
    ['Node', `${it.node}, Holdfast ${it.holdfast}`], [w.id, it.id], ['Signed by', it.signature.key],
  ])
  for (const { text, found, says } of it.asserts) out.data(`  ${plain(text)}: ${w.founds[found]}${says === undefined ? '' : `, ${plain(says)}`}`)
  if (it.asserts_left_out > 0) out.data(`  ${w.leftOut(it.asserts_left_out)}`)
  if (it.engine_said === '') return
  out.data()
  for (const line of it.engine_said.split('\n')) out.data(`  ${plain(line)}`)
}

export { report }
