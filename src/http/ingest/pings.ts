// Heartbeats report here, by Healthchecks' grammar: `/ping/<uuid>[/start|/fail|/log|/<0-255>]`, `?rid=`, by HEAD, GET or POST.
// "OK" is said when the keeper confirmed that the ping is durable, and not before (W-4). Of a body the first 10 kB are kept;
// a longer one is no reason to lose the ping, and it is said that there was more.
import type { Calls } from '../../views/answers.ts'
import { cleanText, readStart } from '../body.ts'
import { text } from '../problem.ts'
import type { Ask, Kit, Route } from '../route.ts'

export const PING_BODY_LIMIT = 10_000

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Pings come from browsers too; the id is the whole credential. */
const HEAD = { 'ping-body-limit': String(PING_BODY_LIMIT), 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }

type Signal = Pick<Calls['ping']['args'], 'signal' | 'exit'>

function readSignal(written: string | undefined): Signal | undefined {
  if (written === undefined) return { signal: 'success' }
  if (written === 'start' || written === 'fail' || written === 'log') return { signal: written }
  return /^\d{1,3}$/.test(written) && Number(written) <= 255 ? { signal: 'exit', exit: Number(written) } : undefined
}

async function answer(ask: Ask, kit: Kit): Promise<Response> {
  const { doors, keeper } = kit
  const written = ask.req.param('signal')
  const signal = readSignal(written)
  const id = ask.req.param('id') ?? ''
  if (written !== undefined && /^\d+$/.test(written) && !signal) return text('invalid url format', 400, HEAD)
  if (!signal || !UUID.test(id)) return text('not found', 404, HEAD)
  const check = doors.heartbeat(id)
  if (check === undefined) {
    return doors.known ? text('not found', 404, HEAD) : text('Holdfast is starting; send it again', 503, { ...HEAD, 'retry-after': '5' })
  }
  const rid = ask.req.query('rid')
  if (rid !== undefined && !UUID.test(rid)) return text('invalid uuid format', 400, HEAD)
  const { bytes, whole } = ask.req.method === 'POST' ? await readStart(ask.req.raw, PING_BODY_LIMIT) : { bytes: Buffer.alloc(0), whole: true }
  const read = cleanText(bytes.toString('utf8'))
  // A letter that was cut in its middle is none.
  const body = whole ? read : read.replace(/\ufffd{1,3}$/, '')
  const answered = await keeper.call('ping', {
    check, ...signal, ...(rid === undefined ? {} : { rid: rid.toLowerCase() }), ...(body === '' ? {} : { body }), ...(whole ? {} : { cut: true }), ...(ask.env.address === '' ? {} : { from: ask.env.address }),
  }, { is: 'open' })
  const head = whole ? HEAD : { ...HEAD, connection: 'close' }
  if (answered.is === 'answered') return text('OK', 200, head)
  if (answered.is === 'refused' && answered.status === 404) return text('not found', 404, head)
  return text('not recorded; send it again', 503, { ...head, 'retry-after': '5' })
}

const says = 'Reports a run of a heartbeat: finished, started (start), failed (fail), a line for its log (log), or its exit code.'

export const pingRoutes: readonly Route[] = (['/ping/:id', '/ping/:id/', '/ping/:id/:signal'] as const).flatMap((path) =>
  (['GET', 'POST'] as const).map((method): Route => ({ method, path, who: 'ping', says, gives: 'text/plain', answer })))
