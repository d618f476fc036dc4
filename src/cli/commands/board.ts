// `holdfast board`: what visitors see now, what will publish itself unless held, what is planned, and words of people.
import type { Instant } from '../../core/time.ts'
import { isPlanned, standingOf } from '../../rooms/tell/maintenance/standing.ts'
import type { BoardAnswer, DoneAnswer } from '../../views/answers.ts'
import { EXIT, usage } from '../failure.ts'
import { plain, type Shape } from '../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../session.ts'

const TONES: Readonly<Record<string, Shape>> = {
  operational: 'ok', degraded_performance: 'degraded', partial_outage: 'degraded', major_outage: 'down', under_maintenance: 'maintenance',
}

export const show: Command = async (session, [board]) => {
  const { out } = session
  const body = await ask<BoardAnswer>(session, 'GET', board === undefined ? '/board' : `/board?board=${encodeURIComponent(board)}`)
  out.answer(body, () => {
    if (body.boards.length === 0) out.talk('No status page is configured: add one under status_pages.')
    for (const it of body.boards) {
      out.data(`${out.paint('strong', plain(it.board.name))}  ${plain(it.slug)}  ${plain(it.board.url)}`)
      out.table(it.board.components.map((c) => [out.shape(c.unknown ? 'unknown' : (TONES[c.status] ?? 'unknown')), c.name, c.unknown ? 'not known' : c.status.replaceAll('_', ' '), `since ${out.moment(c.since)}`]))
      const open = it.board.statements.filter((s) => s.status !== 'resolved' && s.status !== 'postmortem')
      if (open.length > 0) out.table(open.map((s) => ['', s.id, s.title, s.status, s.nextUpdateBy === undefined ? '' : `next update promised by ${out.moment(s.nextUpdateBy)}`]), ['', 'Published', '', '', ''])
      if (it.drafts.length > 0) {
        out.table(it.drafts.map((d) => ['', d.id, d.title, d.heldBy !== null ? `held by ${d.heldBy}` : d.publishAt === null ? '' : `publishes itself at ${out.moment(d.publishAt)}`]), ['', 'Drafts', '', ''])
      }
      const works = it.board.maintenances.filter(isPlanned)
      if (works.length > 0) out.table(works.map((m) => [out.shape('maintenance'), m.id, m.title, standingOf(m, session.now() as Instant, false).replace(/[-_]/, ' '), `${out.moment(m.from)} to ${out.moment(m.until)}`]), ['', 'Planned work', '', '', ''])
      out.data()
    }
  })
  return EXIT.fine
}

const say = async (session: Session, path: string, body: object): Promise<number> => {
  const done = await ask<DoneAnswer>(session, 'POST', path, { ...body, person: session.person.name })
  session.out.answer(done, () => {
    session.out.data(plain(done.says))
    if (done.id !== undefined) session.out.talk(`Its id: ${plain(done.id)}`)
  })
  return EXIT.fine
}

export const post: Command = (session, _args, options) => {
  const optional: Record<string, string> = {}
  for (const name of ['board', 'statement', 'title', 'next']) {
    const value = textOption(options, name)
    if (value !== undefined) optional[name] = value
  }
  return say(session, '/board/post', { status: textOption(options, 'status') ?? 'investigating', text: session.message(textOption(options, 'message') ?? ''), ...optional })
}

export const hold: Command = (session, [statement = '']) => say(session, '/board/hold', { statement })
export const publish: Command = (session, [statement = '']) => say(session, '/board/publish', { statement })

export const announce: Command = (session, [board], options) => {
  const [title, lead, runbook] = ['title', 'lead', 'for'].map((name) => textOption(options, name))
  const components = Array.isArray(options['component']) ? options['component'].map(String) : []
  if (runbook === undefined && (title === undefined || components.length === 0)) throw usage('Planned work has a title and says what it is about.', 'Add --title and --component, or name its runbook: --for.')
  return say(session, '/board/announce', {
    text: session.message(textOption(options, 'message') ?? ''), from: textOption(options, 'from') ?? '', until: textOption(options, 'until') ?? '', ...(board === undefined ? {} : { board }),
    ...(title === undefined ? {} : { title }), ...(components.length === 0 ? {} : { components }), ...(lead === undefined ? {} : { lead }), ...(runbook === undefined ? {} : { runbook }),
  })
}

const move = (verb: string): Command => (session, [maintenance = ''], options) => {
  const text = textOption(options, 'message')
  return say(session, `/board/maintenances/${segment(maintenance)}/${verb}`, text === undefined ? {} : { text: session.message(text) })
}

export const begin = move('begin')
export const complete = move('complete')
export const cancel = move('cancel')
