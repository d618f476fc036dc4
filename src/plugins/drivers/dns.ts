// A record in a zone, over the API of PowerDNS or by a signed update (RFC 2136, BIND and others): all records of one name and type give way to others, in one. Then
// every authoritative server is asked until each of them answers so, and it is waited for as long as anybody may remember what was there before: its
// old TTL, or of a record that was missing, what the zone says about missing ones. Only then it is done.
import { z } from 'zod'
import type { Found } from '../../core/evidence.ts'
import { coded, Fault, sentence } from '../../core/fault.ts'
import { ms, sayTime, seconds } from '../../core/time.ts'
import type { Once } from '../../ports/driver/commands.ts'
import { driver, targetIn, type Acted, type DriverContext } from '../../ports/driver/driver.ts'
import { leaving, limited, outcomeOf, pause, tooLate, unsent, wasUnsent } from '../../ports/driver/sending.ts'
import { hostPortText, httpText } from '../../ports/setting.ts'
import { readHostPort } from '../../ports/target.ts'
import { absolute, question, readKey, readReply, sameAs, signed, TYPES, update, type Change, type Reply, type Type } from './dns/message.ts'

const NAME = /^(?=.{1,253}$)(?:(?:[A-Za-z0-9_]|\*(?=\.))[A-Za-z0-9_-]{0,62}\.)*[A-Za-z0-9_][A-Za-z0-9_-]{0,62}\.?$/
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const name = (says: string): z.ZodString => z.string().regex(NAME, 'a name of DNS, such as www.example.com').meta({ description: says })

const config = z.strictObject({
  target: z.string().min(1).max(63).meta({ description: 'The target with the servers of the zone' }),
  zone: name('The zone, such as example.com'),
  name: name('The whole name of the record, such as www.example.com'),
  type: z.enum(['A', 'AAAA', 'CNAME', 'TXT']).default('A').meta({ description: 'Its type' }),
  to: z.array(z.string().min(1).max(255)).min(1).max(32).meta({ description: 'What it is to say: all of it' }),
  ttl: z.int().min(1).max(86_400).default(300).meta({ description: 'Its new TTL, in seconds' }),
}).check(({ value: { zone, name: of, type, to }, issues }) => {
  const wrong = (path: (string | number)[], message: string, input: unknown): void => void issues.push({ code: 'custom', path, message, input })
  if (absolute(of) !== absolute(zone) && !absolute(of).endsWith(`.${absolute(zone)}`)) wrong(['name'], 'lies outside of its zone', of)
  for (const [at, one] of to.entries()) if (!fits(type, one)) wrong(['to', at], FORM[type], one)
  if (type === 'CNAME' && to.length > 1) wrong(['to'], 'a CNAME leads to one name', to)
})

const FORM: Readonly<Record<Type, string>> = { A: 'an IPv4 address', AAAA: 'an IPv6 address', CNAME: 'a name of DNS', TXT: 'text without quotes, backslashes and control characters' }

function fits(type: Type, one: string): boolean {
  if (type === 'A') return IPV4.test(one)
  if (type === 'CNAME') return NAME.test(one)
  if (type === 'TXT') return !/[\p{C}"\\]/u.test(one) && Buffer.byteLength(one) <= 255
  return /^[0-9a-fA-F:]{2,39}$/.test(one) && URL.canParse(`http://[${one}]/`)
}

const claims = z.strictObject({ everywhere: z.literal(true).optional().meta({ description: 'dns: every authoritative server answers with exactly what the step says' }) })

const target = z.strictObject({
  powerdns: httpText('API of PowerDNS').optional().meta({ description: 'PowerDNS: the address of its API, such as http://127.0.0.1:8081' }),
  key: z.string().min(1).max(1000).optional().meta({ secret: true, description: 'PowerDNS: its API key, by ${secret:…}' }),
  update: hostPortText('Server that takes updates').optional().meta({ description: 'Others: the primary server that takes signed updates (RFC 2136), such as ns1.example.com:53' }),
  tsig: z.string().max(3000).refine((it) => readKey(it) !== undefined, 'write it as hmac-sha256:name:base64').optional().meta({ secret: true, description: 'The key that updates are signed with: hmac-sha256:name:base64, by ${secret:…}' }),
  authoritative: z.array(hostPortText('Authoritative server')).min(1).max(20).meta({ description: 'Every server that answers for the zone, such as ns1.example.com:53' }),
}).check(({ value: { powerdns, key, update: to, tsig }, issues }) => {
  const wrong = (path: string[], message: string): void => void issues.push({ code: 'custom', path, message, input: undefined })
  if ((powerdns === undefined) === (to === undefined)) wrong([], 'says one of powerdns and update')
  else if (powerdns !== undefined && (key === undefined || tsig !== undefined)) wrong([], 'powerdns goes with key')
  else if (to !== undefined && (tsig === undefined || key !== undefined)) wrong([], 'update goes with tsig: an update that is not signed is anybody’s')
})
type Config = z.output<typeof config>
type Target = z.output<typeof target>
type Context = DriverContext<Target>

const ASK_WITHIN = seconds(5)
const EVERY = seconds(1)
const MOST = 65_535

export default driver({
  kind: 'dns',
  title: 'DNS record',
  does: 'Changes a record of a zone, verifies it at every authoritative server, and waits for the old TTL.',
  config, claims, target,
  examples: [{ target: 'acme', zone: 'example.com', name: 'www.example.com', to: ['192.0.2.7'], ttl: 60 }, { target: 'acme', zone: 'example.com.', name: 'shop.example.com.', type: 'CNAME', to: ['standby.example.net'] }],
  say: ({ target: of, zone, name: it, type, to, ttl }) => `let ${absolute(it)} ${type} say ${to.join(', ')}, TTL ${ttl} s (zone ${absolute(zone)}, ${of}; at every authoritative server, then its old TTL is waited for)`,

  async observe(wish, wanted, context) {
    const { tick, boot } = context.now()
    const servers = targetIn(context).authoritative
    const serials = await Promise.all(servers.map((at) => serialAt(at, wish.zone, context).catch(() => '?')))
    const identity = `zone ${absolute(wish.zone)}, ${servers.map((at, n) => `serial ${serials[n] ?? '?'} at ${at}`).join(', ')}`
    if (serials.every((it) => it === '?')) throw new Fault(`no authoritative server of ${absolute(wish.zone)} answers`)
    const found: Found = wanted?.everywhere ? await everywhere(wish, context) : { is: 'pass', says: 'the zone is there' }
    return { identity, found, from: { tick, boot } }
  },

  async act(wish, once, context) {
    const at = targetIn(context)
    const old = await oldTtl(wish, context).catch((cause: unknown) => unsent(cause))
    if (typeof old !== 'number') return old
    const late = tooLate(once, context)
    if (late) return late
    const taken = await change(wish, at, { context, once })
    if (taken.is !== 'done') return taken
    for (;;) {
      const found = await everywhere(wish, context)
      if (found.is === 'pass') break
      if (!(await pause(context, EVERY))) return { is: 'unknown', says: `the change was taken, and not every server answered so in time: ${found.says ?? ''}` }
    }
    if (!(await pause(context, ms(old * 1000)))) return { is: 'unknown', says: 'the change is at every server, and the old TTL was not waited for: some may still see what was before' }
    return { is: 'done', says: `every one of ${at.authoritative.length} authoritative servers answers so, and ${sayTime(ms(old * 1000))} of old TTL are over` }
  },
})

/** Sends the change, one way or the other. */
async function change(wish: Config, at: Target, { context, once }: { readonly context: Context; readonly once: Once }): Promise<Acted> {
  const asked: Change = { zone: wish.zone, name: wish.name, type: wish.type, ttl: wish.ttl, values: wish.to }
  if (at.powerdns !== undefined) return patch(asked, { base: at.powerdns, key: at.key ?? '', once }, context)
  const key = readKey(at.tsig ?? '')
  if (!key || at.update === undefined) throw new Fault('the target does not say how the zone is changed', 'never')
  try {
    const { rcode } = await exchange(at.update, (id) => signed(update(id, asked), key, Math.floor(context.now().wall / 1000)), context, once)
    // A server that passes updates on fails so when the answer of the other one was lost.
    if (rcode === 2) return { is: 'unknown', says: `${at.update} says that it failed: whether the zone was changed is not known` }
    return rcode === 0 ? { is: 'done', says: `${at.update} took the update` } : { is: 'failed', says: `${at.update} refused the update: ${RCODES[rcode] ?? `code ${rcode}`}` }
  } catch (cause) {
    return outcomeOf(cause, at.update)
  }
}

const RCODES: Readonly<Record<number, string>> = { 1: 'it could not be read', 2: 'the server failed', 4: 'it takes no updates', 5: 'refused', 9: 'not authorised, or not its zone', 10: 'outside of the zone' }

async function patch({ zone, name: of, type, ttl, values }: Change, { base, key, once }: { readonly base: string; readonly key: string; readonly once: Once }, context: Context): Promise<Acted> {
  const records = values.map((it) => ({ content: type === 'TXT' ? `"${it}"` : type === 'CNAME' ? absolute(it) : it, disabled: false }))
  const body = JSON.stringify({ rrsets: [{ name: absolute(of), type, ttl, changetype: 'REPLACE', records }] })
  const limit = limited(context, seconds(30))
  try {
    const url = `${base.replace(/\/$/, '')}/api/v1/servers/localhost/zones/${encodeURIComponent(absolute(zone))}`
    const reply = await context.egress.request({ url, method: 'PATCH', headers: { 'x-api-key': key, 'content-type': 'application/json' }, body, signal: limit.signal, ...leaving(once) })
    if (reply.status === 204 || reply.status === 200) return { is: 'done', says: 'PowerDNS took it' }
    return { is: reply.status >= 500 ? 'unknown' : 'failed', says: `PowerDNS answered ${reply.status}: ${sentence(reply.body.toString('utf8').replaceAll(key, '***'))}` }
  } catch (cause) {
    return outcomeOf(cause, new URL(base).host)
  } finally {
    limit.end()
  }
}

/** Exactly what the step says, from every server that answers for the zone itself. */
async function everywhere({ name: of, type, to, ttl }: Config, context: Context): Promise<Found> {
  const wanted = to.map((it) => sameAs(type, it)).toSorted().join(' ')
  const found = await Promise.all(targetIn(context).authoritative.map(async (at): Promise<Found> => {
    try {
      const reply = await exchange(at, (id) => question(id, of, TYPES[type]), context)
      const rows = reply.answers.filter((it) => it.type === TYPES[type] && it.name === absolute(of))
      if (!reply.authoritative) return { is: 'unknown', says: `${at} does not answer for the zone itself` }
      const says = rows.map(({ value }) => value).toSorted().join(' ')
      if (says !== wanted) return { is: 'fail', says: `${at} says ${rows.length === 0 ? 'nothing' : sentence(says)}` }
      return rows.every((it) => it.ttl === ttl) ? { is: 'pass' } : { is: 'fail', says: `${at} has another TTL: ${rows[0]?.ttl} s` }
    } catch (cause) {
      return { is: 'unknown', says: `${at} does not answer: ${sentence(cause)}` }
    }
  }))
  return found.find((it) => it.is === 'fail') ?? found.find((it) => it.is === 'unknown') ?? { is: 'pass', says: `all ${found.length} servers answer so` }
}

/** How long somebody may remember what is there now, in seconds: the longest that any server says. Rejects where one does not answer. */
async function oldTtl({ zone, name: of, type }: Config, context: Context): Promise<number> {
  const each = await Promise.all(targetIn(context).authoritative.map(async (at) => {
    const { answers, authority, rcode, authoritative } = await exchange(at, (id) => question(id, of, TYPES[type]), context)
    // No such name (3) is an answer; of one that refuses, or does not answer for the zone itself, nobody knows what is remembered.
    if (!authoritative || (rcode !== 0 && rcode !== 3)) throw new Fault(`${at} does not answer for it (${RCODES[rcode] ?? `code ${rcode}`})`)
    const known = answers.filter((it) => it.name === absolute(of)).map((it) => it.ttl)
    if (known.length > 0) return Math.max(...known)
    const soa = authority.find((it) => it.type === TYPES.SOA)
    // RFC 2308: what is missing is remembered for the smaller of the two.
    return soa ? Math.min(soa.ttl, Number(soa.value.split(' ')[1])) : 0
  })).catch((cause: unknown) => {
    throw new Fault(`not every authoritative server of ${absolute(zone)} answers, so it could not be seen whether the change is everywhere: ${sentence(cause)}`)
  })
  return Math.max(...each)
}

async function serialAt(at: string, zone: string, context: Context): Promise<string> {
  const { answers } = await exchange(at, (id) => question(id, zone, TYPES.SOA), context)
  return answers.find((it) => it.type === TYPES.SOA)?.value.split(' ')[0] ?? '?'
}

let last = 0

/** One message and its answer, over TCP: nothing is cut, and nobody answers in another’s name without being on the way. */
async function exchange(at: string, message: (id: number) => Buffer, context: Context, once?: Once): Promise<Reply> {
  const place = readHostPort(at)
  if (place.is === 'refused') throw new Fault(place.says, 'never')
  const limit = limited(context, ASK_WITHIN)
  last = (last + 1) % 65_536
  const [id, sent] = [last, message(last)]
  try {
    const { socket } = await context.egress.connect({ host: place.host, port: place.port, signal: limit.signal, mostBytes: MOST + 2 })
    try {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
      let held = Buffer.alloc(0)
      limit.signal.addEventListener('abort', () => reject(new Fault('no answer in time')), { once: true })
      socket.on('data', (part: Buffer) => {
        held = Buffer.concat([held, part])
        if (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) resolve(held.subarray(2, 2 + held.readUInt16BE(0)))
      })
      socket.on('error', reject)
      socket.on('close', () => reject(new Fault('it ended the conversation')))
      if (once?.mayLeave?.() === false) throw coded('EFENCED', 'the run was halted before it left')
      socket.write(Buffer.concat([Buffer.from([sent.length >> 8, sent.length & 0xff]), sent]))
      const reply = readReply(await promise)
      if (reply.id !== id) throw new Fault('answered with what is no message of DNS')
      return reply
    } finally {
      socket.destroy()
    }
  } catch (cause) {
    throw wasUnsent(cause) ? cause : new Fault(sentence(cause))
  } finally {
    limit.end()
  }
}
