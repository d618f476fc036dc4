// `holdfast oncall`: who is rung now, the shifts to come, a stand-in, and the test that makes a phone ring. The test waits until
// the people who were rung pressed their links: sent is not received, and received is not read.
import type { DoneAnswer, OncallAnswer, StatusAnswer, TestAnswer } from '../../views/answers.ts'
import { joined, person as called } from '../../words/notification.ts'
import { EXIT, usage } from '../failure.ts'
import { plain, type Cell, type Shape } from '../output.ts'
import { ask, textOption, type Command, type Session } from '../session.ts'

const nobody = 'Nobody would be paged: add people and a rotation to the configuration.'

export const now: Command = async (session) => {
  const { out } = session
  const body = await ask<OncallAnswer>(session, 'GET', '/oncall?days=1')
  out.answer(body, () => {
    if (body.nobody) return out.data(out.paint('down', nobody))
    out.table(body.rotations.map((it) => [it.name, it.now === '' ? ['down', 'nobody'] : called(it.now), it.until === null ? '' : `until ${out.moment(it.until)}`]))
    if (body.rotations.length === 0) out.data('There is no rotation: steps page people by name.')
  })
  return body.nobody ? EXIT.down : EXIT.fine
}

export const show: Command = async (session, _args, options) => {
  const { out } = session
  const days = textOption(options, 'days')
  const body = await ask<OncallAnswer>(session, 'GET', days === undefined ? '/oncall' : `/oncall?days=${encodeURIComponent(days)}`)
  out.answer(body, () => {
    if (body.nobody) return out.data(out.paint('down', nobody))
    for (const rotation of body.rotations) {
      out.data(out.paint('strong', plain(rotation.name)))
      out.table(rotation.shifts.map((it) => ['', called(it.person), out.moment(it.from), `until ${out.moment(it.until)}`, it.cover ? 'covers' : '']))
    }
    out.talk(`Times are in ${out.timezone}.`)
  })
  return EXIT.fine
}

export const cover: Command = async (session, [rotation = '', by = ''], options) => {
  const body = { rotation, by, from: textOption(options, 'from') ?? 'now', until: textOption(options, 'until') ?? '', person: session.person.name }
  const done = await ask<DoneAnswer>(session, 'POST', '/oncall/cover', body)
  session.out.answer(done, () => session.out.data(plain(done.says)))
  return EXIT.fine
}

type Test = TestAnswer['tests'][number]

const isLoopback = (url: string): boolean => /^(localhost|127\.[\d.]+|\[::1\])$/.test(URL.parse(url)?.hostname ?? '')

function rows(session: Session, tests: readonly Test[]): Cell[][] {
  return tests.map((it) => {
    const [tone, word]: readonly [Shape, string] = it.receivedAt !== null ? ['ok', `acknowledged at ${session.out.moment(it.receivedAt)}`]
      : it.outcome === 'accepted' ? ['degraded', 'sent, not acknowledged'] : it.outcome === 'failed' ? ['down', `not sent: ${it.says}`]
        : it.outcome === 'unknown' ? ['unknown', `not known whether it was sent: ${it.says}`] : ['unknown', 'on its way']
    return [session.out.shape(tone), it.person, it.channel, word]
  })
}

/** People who have pressed none of their links. */
const silentOf = (tests: readonly Test[]): string[] =>
  [...new Set(tests.map((it) => it.person))].filter((name) => !tests.some((it) => it.person === name && it.receivedAt !== null))

const isOver = (tests: readonly Test[]): boolean => tests.every((it) => it.receivedAt !== null || it.outcome === 'failed')

const ASK_EVERY = 1000
const WAIT = 60_000

async function wait(session: Session, first: TestAnswer): Promise<TestAnswer> {
  const until = session.now() + (session.timeout ?? WAIT)
  const pages = first.tests.map((it) => `pages=${encodeURIComponent(it.page)}`).join('&')
  let body = first
  while (!isOver(body.tests) && session.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(ASK_EVERY, Math.max(50, until - session.now()))))
    body = await ask<TestAnswer>(session, 'GET', `/oncall/test?${pages}`)
  }
  return body
}

export const test: Command = async (session, [who], options) => {
  const { out } = session
  const channel = textOption(options, 'channel')
  const { board } = await ask<StatusAnswer>(session, 'GET', '/status')
  if (isLoopback(board)) out.complain(`Warning: site.url is ${plain(board)}, which is this machine only: the links in pages do not work on a phone. Set it to the address under which phones reach Holdfast.`)
  const sent = await ask<TestAnswer>(session, 'POST', '/oncall/test', { ...(who === undefined ? {} : { who }), ...(channel === undefined ? {} : { channel }) })
  if (sent.tests.length === 0) throw usage('There is nobody to test.', nobody)
  out.talk(`${sent.tests.length === 1 ? 'A test page is' : `${sent.tests.length} test pages are`} on the way. Press the link in each; waiting up to ${Math.round((session.timeout ?? WAIT) / 1000)} s.`)
  const body = await wait(session, sent)
  const silent = silentOf(body.tests)
  out.answer(body, () => {
    out.table(rows(session, body.tests))
    out.data()
    out.data(silent.length === 0 ? 'Everybody acknowledged.' : `${joined(silent)} did not acknowledge.`)
  })
  return silent.length === 0 ? EXIT.fine : EXIT.nobody
}
