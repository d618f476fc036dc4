// Where the system's ssh is led in a lab. ssh resolves names by itself and connects past our egress, so here the name is resolved and judged
// first, and ssh is told the judged address beside the name, which goes on proving the host: nothing can change in between.
import { coded } from '../../../core/fault.ts'
import { readAddress } from '../address.ts'
import { createJudge } from '../judge.ts'
import type { Resolver } from '../resolver.ts'
import type { SshPlace } from '../ssh.ts'

/** A place as ssh may be led to it; rejects with a Fault (EBLOCKED) where it may not. */
export type DoorJudge = <T extends SshPlace>(place: T, signal: AbortSignal) => Promise<T>

/** Judges every host on the way, the ones that it is reached through too. One public address among those of a name refuses the name. */
export function labDoors(resolver: Pick<Resolver, 'resolve'>): DoorJudge {
  const judge = createJudge(new Set(), undefined, { lab: true })
  return async function led<T extends SshPlace>(place: T, signal: AbortSignal): Promise<T> {
    const { host, port = 22, via } = place
    const literal = readAddress(host)
    const found = literal ? [literal] : await resolver.resolve(host, signal)
    for (const one of found) judge.judge({ host, port }, [one], {})
    // ssh is given one address, and a server that listens on one family mostly listens on the older.
    const first = found.find(({ family }) => family === 4) ?? found[0]
    if (!first) throw coded('EBLOCKED', `${host} has no address`, 'never')
    return { ...place, ...(literal ? {} : { address: first.address }), ...(via ? { via: await led(via, signal) } : {}) }
  }
}
