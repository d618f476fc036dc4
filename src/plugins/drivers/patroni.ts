// A switchover of PostgreSQL under Patroni, over its REST interface: the leader hands over to a member that is named. Whether it is so is read from every member
// itself and from the lock that they share, never from what the switchover answered.
import { z } from 'zod'
import type { Found } from '../../core/evidence.ts'
import { Fault, sentence } from '../../core/fault.ts'
import { seconds, type Span } from '../../core/time.ts'
import { blot } from '../../ports/driver/blot.ts'
import type { Once } from '../../ports/driver/commands.ts'
import { driver, targetIn, type Acted, type DriverContext } from '../../ports/driver/driver.ts'
import { leaving, limited, outcomeOf, tooLate, unsent, wasUnsent } from '../../ports/driver/sending.ts'
import { httpText } from '../../ports/setting.ts'
import type { HttpReply } from '../../ports/world.ts'

const member = z.string().max(100).regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'a member as Patroni names it')

const config = z.strictObject({
  target: z.string().min(1).max(63).meta({ description: 'The target with the REST addresses of the members' }),
  to: member.meta({ description: 'The member that is to lead, as Patroni names it' }),
})
const claims = z.strictObject({ leader: member.optional().meta({ description: 'patroni: this member leads, and no other one does' }) })
const target = z.strictObject({
  members: z.array(httpText('REST address')).min(1).max(32).meta({ description: 'REST addresses of all members, such as http://10.77.0.1:8008' }),
  user: z.string().min(1).max(200).optional().meta({ description: 'Of the REST interface, where it wants one' }),
  password: z.string().min(1).max(1000).optional().meta({ secret: true, description: 'By ${secret:…}' }),
})
type Target = z.output<typeof target>
type Context = DriverContext<Target>

interface Member {
  readonly name: string
  readonly primary: boolean
  readonly running: boolean
  readonly scope: string
  readonly system: string
}

const LOOK_WITHIN = seconds(4)
const WITHIN = seconds(90)

export default driver({
  kind: 'patroni',
  title: 'Patroni',
  does: 'Hands the lead of a Patroni cluster to a member.',
  config, claims, target,
  examples: [{ target: 'shop-patroni', to: 'db-2' }],
  say: ({ target: of, to }) => `hand the lead of ${of} to ${to} (Patroni switchover)`,

  async observe({ to }, wanted, context) {
    const { tick, boot } = context.now()
    const { members } = targetIn(context)
    const seen = await Promise.all(members.map((at) => memberAt(at, context).catch((cause: unknown) => sentence(cause))))
    const known = seen.filter((it) => typeof it === 'object')
    const [first] = known
    if (!first) throw new Fault(`no member answers: ${seen.find((it) => typeof it === 'string') ?? ''}`)
    const locks = await Promise.all(members.map((at) => leaderAt(at, context).catch(() => undefined)))
    return { identity: `${first.scope}, system ${first.system}`, found: judge(known, locks, wanted?.leader ?? to, members.length), from: { tick, boot } }
  },

  async act({ to }, once, context) {
    const { members } = targetIn(context)
    let leader: string | undefined
    for (const at of members) leader ??= await leaderAt(at, context).catch(() => undefined)
    if (leader === undefined) return unsent('no member says who leads now')
    if (leader === to) return { is: 'done', says: `${to} leads already` }
    for (const at of members) {
      const late = tooLate(once, context)
      if (late) return late
      try {
        return actedOf(await ask(at, '/switchover', context, { once, it: { leader, candidate: to } }), targetIn(context))
      } catch (cause) {
        // The next one is asked only where this one was told nothing.
        if (!wasUnsent(cause)) return outcomeOf(cause, new URL(at).host)
      }
    }
    return unsent('no member could be reached')
  },
})

async function ask(at: string, path: string, context: Context, deed?: { readonly once: Once; readonly it: object }): Promise<HttpReply> {
  const { user, password } = targetIn(context)
  const within: Span = deed ? WITHIN : LOOK_WITHIN
  const limit = limited(context, within)
  const headers = { ...(deed ? { 'content-type': 'application/json' } : {}), ...(user === undefined || !deed ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` }) }
  try {
    return await context.egress.request({ url: `${at.replace(/\/$/, '')}${path}`, method: deed ? 'POST' : 'GET', headers, signal: limit.signal, ...(deed ? { body: JSON.stringify(deed.it), ...leaving(deed.once) } : {}) })
  } finally {
    limit.end()
  }
}

const memberSchema = z.object({ state: z.string(), role: z.string(), database_system_identifier: z.string().optional(), patroni: z.object({ name: z.string().optional(), scope: z.string() }) })
const clusterSchema = z.object({ members: z.array(z.object({ name: z.string(), role: z.string() })) })

const json = (reply: HttpReply, at: string): unknown => {
  try {
    return JSON.parse(reply.body.toString('utf8'))
  } catch {
    throw new Fault(`${new URL(at).host} answers what is not Patroni’s`)
  }
}

async function memberAt(at: string, context: Context): Promise<Member & { readonly at: string }> {
  const read = memberSchema.safeParse(json(await ask(at, '/patroni', context), at))
  if (!read.success) throw new Fault(`${new URL(at).host} answers what is not Patroni’s`)
  const { state, role, patroni, database_system_identifier: system = '?' } = read.data
  return { at, name: patroni.name ?? '', primary: ['master', 'primary', 'standby_leader'].includes(role), running: state === 'running', scope: patroni.scope, system }
}

/** Who holds the lock, as that member has it. */
async function leaderAt(at: string, context: Context): Promise<string> {
  const read = clusterSchema.safeParse(json(await ask(at, '/cluster', context), at))
  const leader = read.data?.members.find(({ role }) => role === 'leader' || role === 'standby_leader')?.name
  if (leader === undefined) throw new Fault(`${new URL(at).host} knows no leader`)
  return leader
}

function judge(seen: readonly Member[], locks: readonly (string | undefined)[], wanted: string, members: number): Found {
  const systems = new Set(seen.map(({ scope, system }) => `${scope} ${system}`))
  if (systems.size > 1) return { is: 'fail', says: `the addresses lead to different clusters: ${[...systems].join(', ')}` }
  const primaries = seen.filter(({ primary }) => primary)
  const said = [...new Set(locks.filter((it) => it !== undefined))]
  if (primaries.length > 1) return { is: 'fail', says: `${primaries.length} members say that they lead` }
  if (said.length > 1) return { is: 'unknown', says: `members name different leaders: ${said.join(', ')}` }
  if (said[0] !== undefined && said[0] !== wanted) return { is: 'fail', says: `${said[0]} leads` }
  const [leader] = primaries
  if (!leader || said.length === 0) return { is: 'unknown', says: 'no member says that it leads' }
  // Older ones do not say how they are called; the lock does.
  if (leader.name !== '' && leader.name !== wanted) return { is: 'fail', says: `${leader.name} leads` }
  return leader.running ? { is: 'pass', says: `${wanted} leads${seen.length < members ? `; ${members - seen.length} of ${members} members did not answer` : ''}` } : { is: 'fail', says: `${wanted} leads and does not run yet` }
}

function actedOf(reply: HttpReply, { password = '' }: Target): Acted {
  const output = { tail: blot(reply.body.toString('utf8').slice(-2000), [password]), bytes: reply.body.length }
  const says = `Patroni answered ${reply.status}: ${sentence(output.tail || 'nothing')}`
  if (reply.status === 200 || reply.status === 202) return { is: 'done', says, output }
  return { is: reply.status >= 500 ? 'unknown' : 'failed', says, output }
}
