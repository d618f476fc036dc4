// One HAProxy, asked for its statistics as its own page gives them (`/stats;csv`): how the servers of one backend stand, and how many sessions each has. It
// is read, and nothing is changed by it: the runtime socket, by which a step drains a server, is not needed for that.
import { Fault, sentence } from '../../core/fault.ts'
import type { Egress } from '../../ports/world.ts'
import { readHaproxy } from '../../rooms/change/heard/front-words.ts'
import { isRefused } from './kept.ts'
import type { Member } from './member-line.ts'

const MOST = 4 * 1024 * 1024

/** `url`: of its page, with a name and a password where it wants them. */
export function haproxyMember({ url, backend, egress }: { readonly url: string; readonly backend: string; readonly egress: Egress }): Member {
  const at = new URL(url)
  const [user, password] = [decodeURIComponent(at.username), decodeURIComponent(at.password)]
  at.username = ''
  at.password = ''
  const headers: Record<string, string> = user === '' ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
  return {
    async look(signal) {
      const reply = await egress.request({ url: `${at.href};csv`, headers, signal, maxBody: MOST, verifyTls: true }).catch((cause: unknown) => {
        if (isRefused(cause)) return undefined
        throw cause
      })
      if (!reply) return { is: 'stopped', says: 'its host refused the connection' }
      if (reply.status !== 200) throw new Fault(`its page of statistics answers ${reply.status}`)
      const read = reply.truncated ? 'its statistics are too long' : readHaproxy(reply.body.toString(), backend)
      if (typeof read === 'string') throw new Fault(read)
      return read
    },
    says: sentence,
    close: () => undefined,
  }
}
