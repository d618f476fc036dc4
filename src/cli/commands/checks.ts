// `holdfast checks`: what is watched, why it is thought to be so, a look at once, and silence for a while.
import type { CheckAnswer, CheckState, ChecksAnswer, DoneAnswer } from '../../views/answers.ts'
import { saySpan } from '../../words/moment.ts'
import { EXIT } from '../failure.ts'
import { plain, type Out } from '../output.ts'
import { ask, segment, textOption, type Command } from '../session.ts'

const TONES = { up: 'ok', late: 'degraded', down: 'down', unknown: 'unknown', new: 'unknown', paused: 'maintenance' } as const
const WORDS: Readonly<Record<CheckState, string>> = { up: 'up', late: 'late', down: 'down', unknown: 'not known', new: 'new', paused: 'paused' }

const marks = (check: CheckAnswer): string => [check.flapping && 'flapping', check.silencedUntil !== null && 'silenced'].filter((it) => it !== false).join(', ')

export const list: Command = async (session) => {
  const { out } = session
  const body = await ask<ChecksAnswer>(session, 'GET', '/checks')
  out.answer(body, () => {
    if (body.checks.length === 0) return out.talk('Nothing is watched yet. Add a check to the configuration, or start with an address: holdfast up https://example.com')
    out.table(body.checks.map((check) => [
      out.shape(TONES[check.state]), check.name, WORDS[check.state], check.since === null ? '' : `for ${out.ago(check.since)}`, check.kind,
      check.lastLook === null ? '' : saySpan(check.lastLook.took).replace('under 1 s', `${Math.round(check.lastLook.took)} ms`), marks(check), ['soft', check.says.slice(0, 80)],
    ]))
  })
  return EXIT.fine
}

/** Everything about one check. */
export function drawCheck(out: Out, check: CheckAnswer): void {
  const tone = TONES[check.state]
  const since = check.since === null ? '' : ` for ${out.ago(check.since)}, since ${out.moment(check.since)}`
  out.data(`${out.paint(tone, String(out.shape(tone)[1]))} ${out.paint('strong', plain(check.name))} is ${WORDS[check.state]}${since}.${check.says === '' ? '' : ` ${plain(check.says)}`}`)
  const { lastLook } = check
  const rows: (readonly [string, string])[] = [['Kind', check.kind], ['Looked at', `every ${saySpan(check.every)}`], ['From', check.from]]
  if (lastLook) rows.push(['Last look', `${lastLook.found === 'unknown' ? 'not known' : lastLook.found} at ${out.moment(lastLook.at)}, in ${Math.round(lastLook.took)} ms${lastLook.says === '' ? '' : `: ${lastLook.says}`}`])
  if (lastLook?.phases) rows.push(['Phases', Object.entries(lastLook.phases).map(([phase, took]) => `${phase} ${Math.round(Number(took))} ms`).join(', ')])
  if (check.dependsOn.length > 0) rows.push(['Leans on', check.dependsOn.join(', ')])
  if (check.silencedUntil !== null) rows.push(['Silenced', `until ${out.moment(check.silencedUntil)}: pages nobody, is still watched`])
  if (check.flapping) rows.push(['Flapping', 'it turns often; pages are fewer, never none'])
  if (check.pingUrl !== null) rows.push(['Ping', check.pingUrl])
  for (const [i, why] of check.why.entries()) rows.push([i === 0 ? 'Why' : '', why])
  out.table(rows.map(([name, value]) => [['soft', name], value]))
  out.talk(`Times are in ${out.timezone}.`)
}

export const show: Command = async (session, [name = '']) => {
  const check = await ask<CheckAnswer>(session, 'GET', `/checks/${segment(name)}`)
  session.out.answer(check, () => drawCheck(session.out, check))
  return EXIT.fine
}

export const run: Command = async (session, [name = '']) => {
  session.out.talk(`Looking at ${plain(name)} …`)
  const check = await ask<CheckAnswer>(session, 'POST', `/checks/${segment(name)}/run`)
  session.out.answer(check, () => drawCheck(session.out, check))
  return check.lastLook?.found === 'pass' ? EXIT.fine : EXIT.down
}

export const silence: Command = async (session, [name = ''], options) => {
  const body = { for: textOption(options, 'for') ?? '', reason: session.message(textOption(options, 'message') ?? ''), person: session.person.name }
  const done = await ask<DoneAnswer>(session, 'POST', `/checks/${segment(name)}/silence`, body)
  session.out.answer(done, () => session.out.data(plain(done.says)))
  return EXIT.fine
}
