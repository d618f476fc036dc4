// The members that the scout asks, each over a line of its own: lines that are new, or reached in another way, are begun, those that are gone are left.
// Here the one address of a cluster becomes that of each member, and a line learns the language of its kind.
import type { Clock, Egress, Timers } from '../../ports/world.ts'
import { MYSQL, POSTGRES, readDatabase, type Database, type Dialect } from '../../ports/database.ts'
import type { AskedMember, OfMember } from '../../rooms/change/heard/protocol.ts'
import { dnsMember } from './dns.ts'
import { etcdMember } from './etcd.ts'
import { galeraMember } from './galera.ts'
import { haproxyMember } from './haproxy.ts'
import { createMemberLine, type Member, type MemberLine } from './member-line.ts'
import { patroniMember } from './patroni.ts'

export interface MembersWorld {
  readonly world: Clock & Timers
  readonly egress: Egress
  readonly tell: (message: OfMember) => void
  /** Only tests speak otherwise. */
  readonly speak?: (asked: AskedMember, row: number) => Member
}

export interface Members {
  ask(members: readonly AskedMember[]): void
  /** A write is begun at each member of that cluster that can take one. */
  write(cluster: string): void
  /** What was said last, for a keeper that comes back. */
  readonly last: Iterable<OfMember>
  close(): void
}

/** Rows of the members begin there: those below are of checks that write into the same table. */
const FIRST_ROW = 1000

/** Asks until it is closed. */
export function createMembers({ world, egress, tell, speak = (asked, row) => memberFor(asked, row, { egress, timers: world }) }: MembersWorld): Members {
  const lines = new Map<string, { readonly asked: string; readonly cluster: string; readonly line: MemberLine }>()
  const last = new Map<string, OfMember>()
  const keyOf = ({ cluster, host }: { readonly cluster: string; readonly host: string }): string => `${cluster}/${host}`
  const say = (message: OfMember): void => {
    // A word and a silence take each other's place; a write stands beside them.
    last.set(`${keyOf(message)} ${message.is === 'canary' ? 'wrote' : 'said'}`, message)
    tell(message)
  }
  return {
    ask(members) {
      const rows = new Map(members.map((it) => [keyOf(it), FIRST_ROW + members.filter(({ cluster }) => cluster === it.cluster).indexOf(it)]))
      const marks = new Map(members.map((it) => [keyOf(it), JSON.stringify([it, rows.get(keyOf(it))])]))
      for (const [key, { asked, line }] of lines) {
        if (marks.get(key) === asked) continue
        line.close()
        lines.delete(key)
        for (const kind of ['said', 'wrote']) last.delete(`${key} ${kind}`)
      }
      for (const it of members) {
        const key = keyOf(it)
        if (lines.has(key)) continue
        const { cluster, host } = it
        const line = createMemberLine({
          world, member: speak(it, rows.get(key) ?? FIRST_ROW),
          heard: (report, asked) => say({ is: 'member', cluster, host, asked, report }),
          mute(says) {
            const { tick, boot } = world.now()
            say({ is: 'mute', cluster, host, at: { tick, boot }, says })
          },
          wrote: (asked, wrong) => say({ is: 'canary', cluster, host, asked, ...(wrong === undefined ? {} : { wrong }) }),
        })
        lines.set(key, { asked: marks.get(key) ?? '', cluster, line })
      }
    },
    write(cluster) {
      for (const it of lines.values()) if (it.cluster === cluster) it.line.write()
    },
    last: { [Symbol.iterator]: () => last.values() },
    close() {
      for (const { line } of lines.values()) line.close()
      lines.clear()
    },
  }
}

/** In the language of its kind, at the address of its own host. */
function memberFor({ kind, address, as, rest, canary, backend, record }: AskedMember, row: number, { egress, timers }: { readonly egress: Egress; readonly timers: Timers }): Member {
  if (kind === 'galera') return galeraMember({ database: databaseAt(as, MYSQL, address), canary, row, egress })
  if (kind === 'patroni') return patroniMember({ database: databaseAt(as, POSTGRES, address), rest: webAt(rest ?? 'http://any:8008', address), canary, row, egress, timers })
  if (kind === 'haproxy') return haproxyMember({ url: webAt(as, address), backend: backend ?? '', egress })
  if (kind === 'dns') return dnsMember({ host: address, port: Number(new URL(as).port || 53), record: record ?? { name: '.', type: 'A' }, egress })
  return etcdMember({ url: webAt(as, address), egress, timers })
}

function databaseAt(as: string, dialect: Dialect, address: string): Database {
  const read = readDatabase(as, dialect)
  // The configuration was judged by the same reading.
  if (typeof read === 'string') throw new Error(read)
  return { ...read, host: address }
}

/** Without a slash at its end. */
function webAt(address: string, host: string): string {
  const url = new URL(address)
  url.hostname = host.includes(':') ? `[${host}]` : host
  return url.href.replace(/\/+$/, '')
}
