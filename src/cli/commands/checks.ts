// `holdfast checks`: what is watched, why it is thought to be so, a look at once, silence for a while, and of heartbeats what they
// reported and whether they are judged.
import type { CheckAnswer, CheckState, ChecksAnswer, DoneAnswer, HeartbeatAnswer, PingAnswer } from '../../views/answers.ts'
import { saySpan } from '../../words/moment.ts'
import { EXIT, usage } from '../failure.ts'
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
      check.lastLook === null || check.kind === 'heartbeat' ? '' : saySpan(check.lastLook.took).replace('under 1 s', `${Math.round(check.lastLook.took)} ms`), marks(check), ['soft', check.says.slice(0, 80)],
    ]))
  })
  return EXIT.fine
}

const PHASES: Readonly<Record<string, string>> = { tls: 'TLS', firstByte: 'first byte' }

/** So many pings are shown where nobody asks for more. */
const PINGS_SHOWN = 5

/** Everything about one check. */
export function drawCheck(out: Out, check: CheckAnswer, pings = PINGS_SHOWN): void {
  const tone = TONES[check.state]
  const since = check.since === null ? '' : ` for ${out.ago(check.since)}, since ${out.moment(check.since)}`
  out.data(`${out.paint(tone, String(out.shape(tone)[1]))} ${out.paint('strong', plain(check.name))} is ${WORDS[check.state]}${since}.${check.says === '' ? '' : ` ${plain(check.says)}`}`)
  const { lastLook } = check
  const passive = check.kind === 'heartbeat'
  const rows: (readonly [string, string])[] = [['Kind', check.kind], [passive ? 'Reports' : 'Looked at', `every ${saySpan(check.every)}`], ['From', check.from]]
  if (lastLook && !passive) rows.push(['Last look', `${lastLook.found === 'unknown' ? 'not known' : lastLook.found} at ${out.moment(lastLook.at)}, in ${Math.round(lastLook.took)} ms${lastLook.says === '' ? '' : `: ${lastLook.says}`}`])
  if (lastLook?.phases) rows.push(['Phases', Object.entries(lastLook.phases).map(([phase, took]) => `${PHASES[phase] ?? phase} ${Math.round(Number(took))} ms`).join(', ')])
  if (check.dependsOn.length > 0) rows.push(['Leans on', check.dependsOn.join(', ')])
  if (check.silencedUntil !== null) rows.push(['Silenced', `until ${out.moment(check.silencedUntil)}: pages nobody, is still watched`])
  if (check.flapping) rows.push(['Flapping', 'it turns often; pages are fewer, never none'])
  if (check.heartbeat) rows.push(...heartbeatRows(out, check.heartbeat))
  if (check.pingUrl !== null) rows.push(['Ping', check.pingUrl])
  for (const [i, why] of check.why.entries()) rows.push([i === 0 ? 'Why' : '', why])
  out.table(rows.map(([name, value]) => [['soft', name], value]))
  for (const ping of check.heartbeat?.pings?.slice(0, pings) ?? []) drawPing(out, ping)
  out.talk(`Times are in ${out.timezone}.`)
}

function heartbeatRows(out: Out, { dueAt, runs, lastTook }: HeartbeatAnswer): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = []
  if (dueAt !== null) rows.push(['Down', `at ${out.moment(dueAt)}, if it does not report until then`])
  if (lastTook !== null) rows.push(['Last run', `took ${exactly(lastTook)}`])
  for (const run of runs) {
    rows.push(['Running', `since ${out.moment(run.startedAt)}${run.rid === null ? '' : ` (${run.rid})`}, ${run.late ? 'and did not end in time' : `to end by ${out.exact(run.dueAt)}`}`])
  }
  return rows
}

const exactly = (span: number): string => (span < 1000 ? `${Math.round(span)} ms` : saySpan(span))

const SIGNALS: Readonly<Record<PingAnswer['is'], string>> = { success: 'success', start: 'started', fail: 'failure', log: 'log', exit: 'exit code' }
/** So many lines of a text are shown; the whole of it is in --json. */
const MOST_LINES = 12
const LONGEST_LINE = 400

/** One ping with what the job wrote: line by line, so that nothing in it can steer the terminal. */
function drawPing(out: Out, ping: PingAnswer): void {
  const bad = ping.is === 'fail' || (ping.is === 'exit' && ping.exit !== 0)
  const parts = [`${SIGNALS[ping.is]}${ping.is === 'exit' ? ` ${String(ping.exit)}` : ''}`, ping.took === null ? '' : `after ${exactly(ping.took)}`, ping.rid === null ? '' : `run ${ping.rid}`, ping.from === null ? '' : `from ${ping.from}`]
  out.data()
  out.data(`${out.paint('soft', out.exact(ping.at))}  ${out.paint(bad ? 'down' : 'strong', plain(parts.filter((it) => it !== '').join(', ')))}`)
  const lines = (ping.text ?? '').split('\n').filter((it, i, all) => it !== '' || i < all.length - 1)
  for (const line of ping.text === '' ? [] : lines.slice(0, MOST_LINES)) out.data(`  ${plain(line.slice(0, LONGEST_LINE))}${line.length > LONGEST_LINE ? ' …' : ''}`)
  const left = lines.length - MOST_LINES
  if (left > 0) out.data(`  ${out.paint('soft', `… ${left} more ${left === 1 ? 'line' : 'lines'} (--json has them)`)}`)
  if (ping.cut) out.data(`  ${out.paint('soft', ping.text === '' ? '(it had a text that could not be read)' : '(cut: there was more than is kept)')}`)
}

export const show: Command = async (session, [name = ''], options) => {
  const asked = textOption(options, 'pings')
  if (asked !== undefined && !(/^\d{1,3}$/.test(asked) && Number(asked) <= 100)) throw usage(`“${asked}” is no number of pings: 0 to 100.`)
  const check = await ask<CheckAnswer>(session, 'GET', `/checks/${segment(name)}${asked === undefined ? '' : `?pings=${asked}`}`)
  session.out.answer(check, () => drawCheck(session.out, check, asked === undefined ? PINGS_SHOWN : Number(asked)))
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

export const pause: Command = async (session, [name = ''], options) => {
  const message = textOption(options, 'message')
  const body = { ...(message === undefined ? {} : { reason: session.message(message) }), ...(options['leave'] === true ? { leave: true } : {}), person: session.person.name }
  const done = await ask<DoneAnswer>(session, 'POST', `/checks/${segment(name)}/pause`, body)
  session.out.answer(done, () => session.out.data(plain(done.says)))
  return EXIT.fine
}

export const resume: Command = async (session, [name = '']) => {
  const done = await ask<DoneAnswer>(session, 'POST', `/checks/${segment(name)}/resume`, { person: session.person.name })
  session.out.answer(done, () => session.out.data(plain(done.says)))
  return EXIT.fine
}
