// What HAProxy says of the servers of a backend, read from the table of its statistics. The columns are found by their names, since every version adds some; a
// server of which a word is missing is none that anybody knows, and then nothing is known by this look.
import type { Balanced, Report } from '../sight.ts'

/** Lines that are about the backend as a whole. */
const WHOLE = ['BACKEND', 'FRONTEND']

/** The table as `show stat` and `/stats;csv` give it; a text says why nothing is known by it. */
export function readHaproxy(csv: string, backend: string): Report | string {
  const [head = '', ...lines] = csv.split('\n').filter((line) => line !== '')
  const columns = head.replace(/^# ?/, '').split(',')
  const at = (name: string): number => columns.indexOf(name)
  if (!head.startsWith('#') || ['pxname', 'svname', 'scur', 'qcur', 'status'].some((name) => at(name) < 0)) return 'it answers with what are not the statistics of HAProxy'
  const rows = lines.map((line) => line.split(',')).filter((it) => it[at('pxname')] === backend)
  if (rows.length === 0) return `it has no backend ${backend}`
  const servers = rows.filter((it) => !WHOLE.includes(it[at('svname')] ?? '')).map((it) => serverOf({ name: it[at('svname')], status: it[at('status')], now: it[at('scur')], queued: it[at('qcur')] }))
  const whole = servers.filter((it) => it !== undefined)
  return whole.length < servers.length ? `it says of a server of ${backend} what nobody can read` : { is: 'haproxy', servers: whole }
}

/** As HAProxy writes them (stats.c): UP, “UP 1/3”, DOWN, “no check”, NOLB, DRAIN, “DRAIN (agent)”, MAINT, “MAINT (via …)”, “MAINT (resolution)”. DRAIN stands there only while its checks pass. */
function serverOf({ name, status, now, queued }: Readonly<Record<'name' | 'status' | 'now' | 'queued', string | undefined>>): Balanced | undefined {
  const sessions = [now, queued].map((it) => (it === '' ? 0 : it !== undefined && /^\d{1,9}$/.test(it) ? Number(it) : Number.NaN)).reduce((sum, it) => sum + it, 0)
  const word = /^(?:UP|DOWN|NOLB|DRAIN|MAINT|no check)(?= |$)/.exec(status ?? '')?.[0]
  if (name === undefined || name === '' || word === undefined || !Number.isInteger(sessions)) return undefined
  return { name, sessions, state: word === 'MAINT' ? 'maint' : word === 'DRAIN' || word === 'NOLB' ? 'drain' : word === 'DOWN' ? 'down' : 'ready', up: word !== 'DOWN' && word !== 'MAINT' }
}
