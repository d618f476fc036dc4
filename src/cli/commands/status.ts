// `holdfast status`: one sentence, what is open, and the counts. Exit 3 when something watched is down.
import type { CheckAnswer, StatusAnswer } from '../../views/answers.ts'
import { EXIT } from '../failure.ts'
import { plain } from '../output.ts'
import { ask, segment, type Command } from '../session.ts'
import { drawCheck } from './checks.ts'
import { incidentRows } from './incidents.ts'

export const status: Command = async (session, [name]) => {
  const { out } = session
  if (name !== undefined) {
    const check = await ask<CheckAnswer>(session, 'GET', `/checks/${segment(name)}`)
    out.answer(check, () => drawCheck(out, check))
    return check.state === 'down' || check.state === 'unknown' ? EXIT.down : EXIT.fine
  }
  const body = await ask<StatusAnswer>(session, 'GET', '/status')
  out.answer(body, () => {
    const { counts } = body
    out.data(out.paint('strong', plain(body.says)))
    if (body.incidents.length > 0) {
      out.data()
      out.table(incidentRows(out, body.incidents))
    }
    const parts: readonly (readonly [number, 'ok' | 'down' | 'unknown' | 'degraded' | 'maintenance', string])[] = [
      [counts.up, 'ok', 'up'], [counts.down, 'down', 'down'], [counts.unknown, 'unknown', 'not known'], [counts.late, 'degraded', 'late'], [counts.new, 'unknown', 'new'], [counts.paused, 'maintenance', 'paused'],
    ]
    const shown = parts.filter(([n]) => n > 0).map(([n, tone, word]) => out.paint(tone, `${String(out.shape(tone)[1])} ${n} ${word}`))
    out.data()
    if (shown.length > 0) out.data(`Checks       ${shown.join('  ')}`)
    out.data(`Status page  ${plain(body.board)}`)
  })
  for (const missing of body.missing) out.talk(`Missing: ${plain(missing)}`)
  return body.down ? EXIT.down : EXIT.fine
}
