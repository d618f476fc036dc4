// A member of a Galera cluster is taken out of flow control (desync) and put back, or weighs more or less in the count of votes (pc.weight), by SET GLOBAL over
// SQL. Both last until the member restarts. Whether it is so is read back from the member.
import { z } from 'zod'
import type { Found } from '../../core/evidence.ts'
import { Fault, sentence } from '../../core/fault.ts'
import { seconds } from '../../core/time.ts'
import { databaseText, readDatabase, type Database } from '../../ports/database.ts'
import { blot } from '../../ports/driver/blot.ts'
import { driver, targetIn, type DriverContext } from '../../ports/driver/driver.ts'
import { limited, tooLate, unsent } from '../../ports/driver/sending.ts'
import { loadMysql, MYSQL, mysqlOver, mysqlWords, type MysqlSession } from '../databases/mysql.ts'

const config = z.strictObject({
  target: z.string().min(1).max(63).meta({ description: 'The target with the address and the user for it' }),
  host: z.string().max(253).regex(/^[A-Za-z0-9:][A-Za-z0-9_.:-]*$/, 'the name or address of a host').meta({ description: 'The member, as it is reached: "{{host.address}}"' }),
  desync: z.boolean().optional().meta({ description: 'Whether it may fall behind without slowing the others' }),
  weight: z.int().min(0).max(255).optional().meta({ description: 'What it weighs in the count of votes' }),
}).check(({ value: { desync, weight }, issues }) => {
  if ((desync === undefined) === (weight === undefined)) issues.push({ code: 'custom', path: [], message: 'says one of desync and weight', input: { desync, weight } })
})
const claims = z.strictObject({
  desynced: z.boolean().optional().meta({ description: 'galera: the member is desynced, or is not' }),
  weighs: z.int().min(0).max(255).optional().meta({ description: 'galera: the member weighs so much' }),
})
const target = z.strictObject({ as: databaseText('Member', MYSQL).meta({ secret: true, description: 'One address for all members, by ${secret:…}; the host is put in' }) })

const LIMIT = seconds(5)
const MOST = 4 * 1024 * 1024

export default driver({
  kind: 'galera',
  title: 'Galera',
  does: 'Desyncs a member of a Galera cluster, or weighs it, over SQL.',
  config, claims, target,
  examples: [{ target: 'shop-admin', host: '10.77.0.1', desync: true }, { target: 'shop-admin', host: 'db-1.internal', weight: 3 }],
  say: ({ target: of, host, desync, weight }) => `${weight === undefined ? `switch desync of the Galera member ${host} ${desync ? 'on' : 'off'}` : `let the Galera member ${host} weigh ${weight}`} (${of}; until it restarts)`,

  async observe({ host }, wanted, context) {
    const { tick, boot } = context.now()
    return converse(host, context, async (session) => {
      const known = new Map<string, string>()
      const take = (row: readonly (Buffer | null)[]): void => void known.set(String(row[0]), String(row[1]))
      await session.ask("show global variables where variable_name in ('wsrep_desync', 'wsrep_node_name', 'wsrep_provider_options', 'hostname')", LIMIT, take)
      await session.ask("show global status where variable_name in ('wsrep_gcomm_uuid', 'wsrep_cluster_state_uuid', 'wsrep_desync_count')", LIMIT, take)
      const of = (key: string): string => known.get(key) ?? '?'
      return { identity: `${of('wsrep_node_name')} (${of('wsrep_gcomm_uuid')}) of cluster ${of('wsrep_cluster_state_uuid')} on ${of('hostname')}`, found: judge(known, wanted ?? {}), from: { tick, boot } }
    })
  },

  async act({ host, desync, weight }, once, context) {
    const sent = { is: false }
    try {
      return await converse(host, context, async (session) => {
        const late = tooLate(once, context)
        if (late) return late
        sent.is = true
        await session.ask(weight === undefined ? `set global wsrep_desync = ${desync ? 'ON' : 'OFF'}` : `set global wsrep_provider_options = 'pc.weight=${weight}'`, LIMIT)
        return { is: 'done', says: 'the member took it' }
      })
    } catch (cause) {
      if (!sent.is) return unsent(cause)
      // What the server itself refuses was not done.
      return { is: cause instanceof Refused ? 'failed' : 'unknown', says: sentence(cause) }
    }
  },
})

/** The member said no, in its own words. */
class Refused extends Fault {}

async function converse<T>(host: string, context: DriverContext<z.output<typeof target>>, act: (session: MysqlSession) => Promise<T>): Promise<T> {
  const read = readDatabase(targetIn(context).as, MYSQL)
  if (typeof read === 'string') throw new Fault(read, 'never')
  const database: Database = { ...read, host }
  const driverOf = await loadMysql()
  const limit = limited(context, seconds(15))
  try {
    const { socket } = await context.egress.connect({ host, port: database.port, signal: limit.signal, mostBytes: MOST })
    const gone = new Promise<never>((_, reject) => limit.signal.addEventListener('abort', () => reject(new Fault(`${host} did not answer in time`)), { once: true }))
    const session = mysqlOver(driverOf, database, socket, LIMIT)
    try {
      await Promise.race([session.ready, gone])
      return await Promise.race([act(session), gone])
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      const says = blot(mysqlWords(cause, { missing: 'no answer', moment: 'before it answered', limit: LIMIT }, database), [database.password])
      throw typeof Object(cause).errno === 'number' && typeof Object(cause).sqlState === 'string' ? new Refused(`${host} says: ${says}`) : new Fault(`${host} ${says}`)
    } finally {
      session.leave()
      socket.destroy()
    }
  } finally {
    limit.end()
  }
}

function judge(known: ReadonlyMap<string, string>, { desynced, weighs }: z.output<typeof claims>): Found {
  const desync = known.get('wsrep_desync')?.toUpperCase()
  const weight = /(?:^|;)\s*pc\.weight\s*=\s*(\d+)/.exec(known.get('wsrep_provider_options') ?? '')?.[1]
  if (desync === undefined || weight === undefined) return { is: 'unknown', says: 'it does not say that it is a member of a Galera cluster' }
  const says = `it is ${desync === 'ON' ? '' : 'not '}desynced, and weighs ${weight}`
  const holds = (desynced === undefined || desynced === (desync === 'ON')) && (weighs === undefined || weighs === Number(weight))
  return { is: holds ? 'pass' : 'fail', says }
}
