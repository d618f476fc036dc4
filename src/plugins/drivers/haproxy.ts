// A server in HAProxy, over the runtime socket of this machine: ready, drained or in maintenance. HAProxy takes the order at once and answers with nothing;
// whether it holds is read back. Drained is what has no session and nothing queued any more, counted anew at each look. What is set like this
// lives in the process: a reload forgets it, so which process answered is part of its identity.
import { z } from 'zod'
import type { Found } from '../../core/evidence.ts'
import { Fault, sentence } from '../../core/fault.ts'
import { driver, type DriverContext } from '../../ports/driver/driver.ts'
import { leaving, tooLate } from '../../ports/driver/sending.ts'

/** A name in HAProxy's own language, in which a blank or a semicolon begins the next command. */
const name = (what: string): z.ZodString => z.string().max(200).regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/, 'letters, digits, “_”, “.”, “:” and “-”, as HAProxy names it').meta({ description: what })
const state = z.enum(['ready', 'drain', 'maint'])

const config = z.strictObject({
  backend: name('As HAProxy names it'), server: name('As HAProxy names it'), state: state.meta({ description: 'ready, drain or maint' }),
  // oxlint-disable-next-line no-control-regex -- no path of a socket holds it
  socket: z.string().max(107).regex(/^\/[^\0\n]+$/, 'the path of its runtime socket').default('/run/haproxy/admin.sock').meta({ description: 'Its runtime socket, on the machine of Holdfast' }),
})

const claims = z.strictObject({
  sessions: z.int().min(0).max(1_000_000).optional().meta({ description: 'HAProxy: at most so many sessions on the server' }),
  server: state.optional().meta({ description: 'HAProxy: how the server stands' }),
})

const MOST = 4 * 1024 * 1024
/** Bits of `srv_admin_state` (HAProxy, management guide, “show servers state”). */
const MAINT = 0x01 | 0x02 | 0x04 | 0x20
const DRAIN = 0x08 | 0x10
const RUNNING = 2

export default driver({
  kind: 'haproxy',
  title: 'HAProxy',
  does: 'Sets a server of a backend to ready, drain or maint, over HAProxy’s runtime socket.',
  config,
  claims,
  examples: [{ backend: 'shop', server: 'db-1', state: 'drain' }, { backend: 'shop', server: 'db-1', state: 'ready', socket: '/run/haproxy/admin.sock' }],
  say: ({ backend, server, state: to, socket }) => `set server ${server} of backend ${backend} to ${to} (HAProxy, ${socket}; a reload forgets it)`,

  async observe({ backend, server, socket }, wanted, context) {
    const { tick, boot } = context.now()
    const from = { tick, boot }
    const info = await ask(socket, 'show info', context)
    const told = (key: string): string => new Map(info.split('\n').map((line) => [line.split(': ')[0], line.split(': ')[1]])).get(key) ?? '?'
    const identity = `haproxy ${told('Version')} on ${told('node')}, pid ${told('Pid')}, up since ${told('Start_time_sec')}`
    const rows = tableOf(await ask(socket, `show servers state ${backend}`, context), 'srv_name')
    const row = rows.find((it) => it['srv_name'] === server && it['be_name'] === backend)
    if (!row) return { identity, from, found: { is: 'fail', says: `HAProxy has no server ${server} in a backend ${backend}` } }
    const stands = standingOf(Number(row['srv_admin_state']), Number(row['srv_op_state']))
    if (stands === undefined) return { identity, from, found: { is: 'unknown', says: `HAProxy says of ${server} what nobody can read` } }
    const counted = wanted?.sessions === undefined ? undefined : await sessionsOf({ socket, backend, server }, context)
    return { identity, from, found: judge(server, stands, counted, wanted ?? {}) }
  },

  async act({ backend, server, state: to, socket }, once, context) {
    const late = tooLate(once, context)
    if (late) return late
    const { local, signal } = context
    const said = await local({ path: socket, text: `set server ${backend}/${server} state ${to}\n`, mostBytes: MOST, signal, ...leaving(once) })
    if (said.is === 'lost') return { is: 'unknown', says: `HAProxy was told, and did not answer: ${said.says}` }
    // It answers with an empty line where it did what it was told; one that went meanwhile answers with nothing at all.
    if (said.text === '') return { is: 'unknown', says: 'HAProxy was told, and closed without an answer' }
    const text = said.text.trim()
    return text === '' ? { is: 'done', says: `HAProxy took it` } : { is: 'failed', says: `HAProxy says: ${sentence(text)}` }
  },
})

async function ask(socket: string, command: string, { local, signal }: DriverContext): Promise<string> {
  const said = await local({ path: socket, text: `${command}\n`, mostBytes: MOST, signal })
  if (said.is === 'lost') throw new Fault(`HAProxy did not answer “${command}”: ${said.says}`)
  return said.text
}

interface Stands { readonly state: 'ready' | 'drain' | 'maint'; readonly up: boolean }

function standingOf(admin: number, op: number): Stands | undefined {
  if (!Number.isInteger(admin) || !Number.isInteger(op)) return undefined
  return { state: (admin & MAINT) !== 0 ? 'maint' : (admin & DRAIN) !== 0 ? 'drain' : 'ready', up: op === RUNNING }
}

/** Sessions that it has, and what waits for it; `undefined`: it does not say. */
async function sessionsOf({ socket, backend, server }: { readonly socket: string; readonly backend: string; readonly server: string }, context: DriverContext): Promise<number | undefined> {
  const [head = '', ...lines] = (await ask(socket, 'show stat', context)).split('\n').filter((line) => line !== '')
  const columns = head.replace(/^# ?/, '').split(',')
  const cells = lines.map((line) => line.split(',')).find((it) => it[columns.indexOf('pxname')] === backend && it[columns.indexOf('svname')] === server)
  const [now, queued] = ['scur', 'qcur'].map((column) => cells?.[columns.indexOf(column)])
  return now === undefined || !/^\d+$/.test(now) ? undefined : Number(now) + Number(queued ?? 0)
}

function judge(server: string, { state: is, up }: Stands, counted: number | undefined, wanted: z.output<typeof claims>): Found {
  const says = `${server} is in ${is}${is === 'ready' ? (up ? ' and up' : ', and not up') : ''}${counted === undefined ? '' : `, with ${counted} ${counted === 1 ? 'session' : 'sessions'}`}`
  if (wanted.sessions !== undefined && counted === undefined) return { is: 'unknown', says: `HAProxy does not say how many sessions ${server} has` }
  const standing = wanted.server === undefined || (is === wanted.server && (is !== 'ready' || up))
  // A server that still takes new sessions has none by chance.
  const drained = wanted.sessions === undefined || ((counted ?? 0) <= wanted.sessions && is !== 'ready')
  return { is: standing && drained ? 'pass' : 'fail', says }
}

/** Rows below the line of names that begins with “#”. */
function tableOf(text: string, column: string): Record<string, string>[] {
  const lines = text.split('\n')
  const at = lines.findIndex((line) => line.startsWith('#') && line.includes(column))
  const columns = lines[at]?.replace(/^# ?/, '').split(' ') ?? []
  return at < 0 ? [] : lines.slice(at + 1).filter((line) => line !== '').map((line) => Object.fromEntries(line.split(' ').map((cell, i) => [columns[i] ?? '', cell])))
}
