// `holdfast ping`: reports a run of a heartbeat from a job's own script. A ping may be repeated, so it is tried again until the
// time is up: a job that ran must not be called late because Holdfast was just starting.
import type { CheckAnswer } from '../../views/answers.ts'
import { EXIT, Failure, usage } from '../failure.ts'
import { plain } from '../output.ts'
import { ask, failureOf, segment, textOption, type Command, type Options, type Session } from '../session.ts'

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i
const WAIT = 30_000

function signalOf(options: Options): string {
  const exit = textOption(options, 'exit')
  const signals = [options['start'] === true && '/start', options['fail'] === true && '/fail', options['log'] === true && '/log', exit !== undefined && `/${exit}`].filter((it) => it !== false)
  if (signals.length > 1) throw usage('A ping says one thing: --start, --fail, --log or --exit.')
  if (exit !== undefined && !(/^\d{1,3}$/.test(exit) && Number(exit) <= 255)) throw usage(`“${exit}” is not an exit code: 0 to 255.`)
  return signals[0] ?? ''
}

/** By name (the server knows its address), or by its address or id, which needs no token. */
async function pathOf(session: Session, heartbeat: string): Promise<string> {
  const id = UUID.exec(heartbeat)?.[0]
  if (id !== undefined) return `/ping/${id}`
  const check = await ask<CheckAnswer>(session, 'GET', `/checks/${segment(heartbeat)}`)
  const url = check.pingUrl === null ? undefined : UUID.exec(check.pingUrl)?.[0]
  if (url !== undefined) return `/ping/${url}`
  if (check.kind !== 'heartbeat') throw usage(`${check.name} is no heartbeat: Holdfast looks at it by itself.`, 'holdfast checks list')
  throw new Failure('This token may not see the addresses of heartbeats.', { exit: EXIT.unreachable, code: 'HF-C403', help: 'Use a token with the scope "write", or the ping address itself, which needs none.' })
}

export const ping: Command = async (session, [heartbeat = ''], options) => {
  const signal = signalOf(options)
  const message = textOption(options, 'message')
  const rid = textOption(options, 'rid')
  const until = session.now() + (session.timeout ?? WAIT)
  for (;;) {
    try {
      const path = `${await pathOf(session, heartbeat)}${signal}${rid === undefined ? '' : `?rid=${encodeURIComponent(rid)}`}`
      const reply = await session.server.send('POST', path, message === undefined ? undefined : session.message(message))
      if (reply.status === 200) {
        session.out.answer({ schema: 'holdfast.done/1', says: 'OK' }, () => session.out.talk('OK'))
        return EXIT.fine
      }
      if (reply.status === 404) throw new Failure(`No heartbeat has the address ${plain(heartbeat)}.`, { exit: EXIT.failed, code: 'HF404' })
      throw typeof reply.body === 'string' ? new Failure(plain(reply.body), { exit: reply.status === 503 ? EXIT.unreachable : EXIT.failed, code: `HF-W${reply.status}` }) : failureOf(reply)
    } catch (cause) {
      const again = cause instanceof Failure && cause.exit === EXIT.unreachable && cause.code !== 'HF-C403' && !['HF-W401', 'HF-W403'].includes(cause.code)
      if (!again || session.now() + 1000 >= until) throw cause
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}
