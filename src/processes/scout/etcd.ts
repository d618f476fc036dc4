// A member of an etcd cluster, asked for its health, for its status and for whom it counts as members, all at once and each with a limit of its own: without
// a majority its health takes seconds to answer, and its status says at once that nobody leads.
import { Fault, sentence } from '../../core/fault.ts'
import type { Egress, Timers } from '../../ports/world.ts'
import { readEtcd } from '../../rooms/change/heard/words.ts'
import { partOf } from './kept.ts'
import type { Member } from './member-line.ts'

/** `url`: where its clients are answered, `http://10.77.0.1:2379`. */
export function etcdMember({ url, egress, timers }: { readonly url: string; readonly egress: Egress; readonly timers: Timers }): Member {
  const at = (path: string, body?: string) => async (signal: AbortSignal): Promise<string> =>
    (await egress.request({ url: `${url}${path}`, signal, ...(body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } }) })).body.toString()
  const parts = [at('/health'), at('/v3/maintenance/status', '{}'), at('/v3/cluster/member/list', '{}')].map((ask) => partOf(timers, ask))
  return {
    async look(signal) {
      const [health, status, members] = await Promise.all(parts.map((part) => part(signal)))
      const read = health && status && members ? readEtcd(health, status, members) : 'it was not asked'
      if (typeof read === 'string') throw new Fault(read)
      return read
    },
    says: sentence,
    close: () => undefined,
  }
}
