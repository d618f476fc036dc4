// One authoritative server, asked for one record and for the serial of its zone, over TCP and without recursion. What it does not answer for the zone itself is no
// word of it; that a name has no such record is one.
import type { Duplex } from 'node:stream'
import { Fault } from '../../core/fault.ts'
import { absolute, question, readReply, TYPES, type Reply } from '../../plugins/drivers/dns/message.ts'
import type { Egress } from '../../ports/world.ts'
import { recordValue, type DnsRecord } from '../../rooms/change/topology.ts'
import { isRefused, over, wordsFor } from './kept.ts'
import type { Member } from './member-line.ts'

/** No error, and no such name. */
const ANSWERED = [0, 3]

export function dnsMember({ host, port, record: { name, type }, egress }: { readonly host: string; readonly port: number; readonly record: DnsRecord; readonly egress: Egress }): Member {
  let last = 0
  const ask = async (signal: AbortSignal): Promise<readonly (Reply | undefined)[]> => {
    const ids = [++last % 65_536, ++last % 65_536]
    const replies = await over(egress, { host, port }, signal, (socket) => exchange(socket, [question(ids[0] ?? 0, name, TYPES[type]), question(ids[1] ?? 0, name, TYPES.SOA)], signal))
    return ids.map((id) => replies.find((it) => it.id === id))
  }
  return {
    async look(signal) {
      const replies = await ask(signal).catch((cause: unknown) => {
        if (isRefused(cause)) return undefined
        throw cause
      })
      if (!replies) return { is: 'stopped', says: 'its host refused the connection' }
      const [reply, zone] = replies
      if (!reply) throw new Fault('it answered with what was not asked')
      if (!reply.authoritative || !ANSWERED.includes(reply.rcode)) throw new Fault(`it does not answer for ${name} itself`)
      const rows = reply.answers.filter((it) => it.type === TYPES[type] && it.name === absolute(name))
      const soa = [...(zone?.answers ?? []), ...(zone?.authority ?? [])].find((it) => it.type === TYPES.SOA)
      return {
        is: 'dns', values: rows.map(({ value }) => recordValue(type, type === 'AAAA' ? colons(value) : value)).toSorted(),
        ...(rows[0] ? { ttl: rows[0].ttl } : {}), ...(soa ? { serial: Number(soa.value.split(' ')[0]) } : {}),
      }
    },
    says: wordsFor,
    close: () => undefined,
  }
}

/** Sixteen bytes, as eight groups. */
const colons = (hex: string): string => (hex.match(/.{4}/g) ?? []).join(':')

/** Several messages over one connection, and an answer to each, in any order; nothing is cut, and nobody answers in another’s name without being on the way. */
async function exchange(socket: Duplex, messages: readonly Buffer[], signal: AbortSignal): Promise<readonly Reply[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Reply[]>()
  const replies: Reply[] = []
  let held = Buffer.alloc(0)
  const abort = (): void => reject(new Fault('no answer in time'))
  signal.addEventListener('abort', abort, { once: true })
  socket.on('data', (part: Buffer) => {
    held = Buffer.concat([held, part])
    try {
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0)
        replies.push(readReply(held.subarray(2, end)))
        held = held.subarray(end)
      }
    } catch (cause) {
      reject(cause)
    }
    if (replies.length >= messages.length) resolve(replies)
  })
  socket.on('error', reject)
  socket.on('close', () => reject(new Fault('it ended the conversation')))
  socket.write(Buffer.concat(messages.flatMap((it) => [Buffer.from([it.length >> 8, it.length & 0xff]), it])))
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    socket.destroy()
  }
}
