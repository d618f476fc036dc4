// People: who is who, and who may what. Roles come from the configuration and from owners' grants; sessions, factors and links are
// this room's to open and to end. Every sign-in, refusal and change is an entry without secrets. Who somebody is for an agreement
// (`core/authority/agreement.ts`) is put together here, from all that is known of them.
import { ROLES, may, needsFactor, type Role } from '../../core/authority/role.ts'
import type { Identity } from '../../core/authority/agreement.ts'
import type { Span } from '../../core/time.ts'
import type { Room, Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import type { Random } from '../../ports/world.ts'
import { agreementsOf, type Agreements } from './agreements.ts'
import type { Rung } from './approach.ts'
import type { Place } from './factors.ts'
import { networkOf } from './limits.ts'
import * as rows from './rows.ts'
import { closeAll } from './sessions.ts'

/** A person as the configuration has them. */
export interface Member {
  readonly person: string
  readonly email?: string
  readonly phone?: string
  readonly roles: readonly Role[]
  /** By which channels, and when, they hear of what they are asked. */
  readonly reach?: readonly Rung[]
}

export interface PeopleContext {
  readonly key: Uint8Array
  readonly random: Random
  /** How long Holdfast has run altogether, by a clock that nobody sets. */
  readonly lived: () => Span
  readonly members: () => ReadonlyMap<string, Member>
}

export interface PeopleRoom extends Room {
  readonly place: () => Place
  readonly agreements: Agreements
  rolesOf(sql: Sql, person: string): Role[]
  /** Whether this person's sessions are short, and want a second thing. */
  isStrong(sql: Sql, person: string): boolean
  /** Somebody whom the configuration or an owner knows. */
  isKnown(sql: Sql, person: string): boolean
  /** By name, or by an address that one person alone has. */
  find(sql: Sql, named: string): string | undefined
  everybody(sql: Sql): string[]
  grant(tx: Tx, person: string, roles: readonly Role[], by: string): 'granted' | 'last-owner'
  /** The first owner, once in the life of a store. */
  claim(tx: Tx, person: string): boolean
  /** Whoever is an owner already, by configuration or grant, owns it from now on, where nobody did. */
  settle(tx: Tx, person: string): void
  /** Takes in what the configuration says now: whoever has other roles, or left, is signed out, and it is recorded. */
  configure(tx: Tx): void
  hasOwner(sql: Sql): boolean
  setPassword(tx: Tx, person: string, hash: string, by: string, except?: string): void
  passwordOf(sql: Sql, person: string): string | undefined
  /** Links a name at an identity provider to a person; false when it is somebody else's. */
  linkSubject(tx: Tx, person: string, subject: string, by: string): boolean
  /** Lets go of all that was linked to a person; whoever signs in by a provider next is linked anew. */
  unlinkSubjects(tx: Tx, person: string, by: string): void
  subjectPerson(sql: Sql, subject: string): string | undefined
  /** Something was refused: who it was said to be, why, and where it came from. Once a minute for each; the rest is counted. */
  refused(tx: Tx, it: { readonly person: string | undefined; readonly why: string; readonly origin: string }): void
  identityOf(sql: Sql, person: string): Identity
}

const sorted = (roles: readonly Role[]): Role[] => ROLES.filter((role) => roles.includes(role))

export function peopleRoom(context: PeopleContext): PeopleRoom {
  const lately = new Map<string, { at: number; more: number }>()
  const rolesOf = (sql: Sql, person: string): Role[] => sorted([...(context.members().get(person)?.roles ?? []), ...rows.loadGranted(sql, person)])
  const owners = (sql: Sql): string[] => [...new Set([...context.members().keys(), ...rows.loadGrants(sql).map((it) => it.person)])].filter((person) => may(rolesOf(sql, person), 'admin'))
  const append = (tx: Tx, is: string, person: string, body: Record<string, unknown>): void =>
    void tx.append({ is, stream: `person:${person}`, body: { person, ...body, at: tx.now.wall } })
  const agreements = agreementsOf({
    key: context.key, random: context.random, rolesOf, identityOf: (sql, person) => room.identityOf(sql, person), ladderOf: (person) => context.members().get(person)?.reach ?? [],
  })
  const room: PeopleRoom = {
    name: 'people',
    tables: rows.TABLES + agreements.tables,
    projections: [...rows.PROJECTIONS, ...agreements.projections],
    on: agreements.on,
    due: agreements.due,
    settled: agreements.settled,
    agreements,
    apply: {
      ...agreements.apply,
      'people.granted': rows.applyGranted, 'people.claimed': rows.applyClaimed, 'people.factorAdded': rows.applyEnrolled, 'people.factorRemoved': rows.applyRemoved, 'people.known': rows.applyKnown, 'people.configured': rows.applyConfigured,
    },
    place: () => ({ key: context.key, random: context.random, lived: context.lived() }),
    rolesOf,
    isStrong: (sql, person) => needsFactor(rolesOf(sql, person)),
    isKnown: (sql, person) => context.members().has(person) || rows.loadKnown(sql, person) !== undefined,
    find(sql, named) {
      const name = named.trim()
      if (room.isKnown(sql, name)) return name
      const folded = name.toLowerCase()
      const byAddress = [...context.members().values()].filter((it) => it.email?.toLowerCase() === folded || it.person.toLowerCase() === folded)
      return byAddress.length === 1 ? byAddress[0]?.person : undefined
    },
    everybody: (sql) => [...new Set([...context.members().keys(), ...rows.loadKnownPeople(sql)])].sort(),
    grant(tx, person, roles, by) {
      const before = sorted(rows.loadGranted(tx.sql, person))
      const after = sorted(roles)
      if (before.join() === after.join()) return 'granted'
      const stays = [...(context.members().get(person)?.roles ?? []), ...after]
      if (owners(tx.sql).join() === person && !may(stays, 'admin')) return 'last-owner'
      append(tx, 'people.granted', person, { roles: after, by, lived: context.lived() })
      room.settle(tx, person)
      closeAll(tx, person, 'the role changed')
      return 'granted'
    },
    claim(tx, person) {
      if (room.hasOwner(tx.sql)) return false
      append(tx, 'people.claimed', person, {})
      append(tx, 'people.granted', person, { roles: sorted([...rows.loadGranted(tx.sql, person), 'owner']), by: 'the first link', lived: context.lived() })
      return true
    },
    settle(tx, person) {
      if (!room.hasOwner(tx.sql) && may(rolesOf(tx.sql, person), 'admin')) append(tx, 'people.claimed', person, {})
    },
    configure(tx) {
      const members = context.members()
      const before = rows.loadConfigured(tx.sql)
      for (const person of new Set([...before.keys(), ...[...members.values()].filter((it) => it.roles.length > 0).map((it) => it.person)])) {
        const roles = sorted(members.get(person)?.roles ?? [])
        if (roles.join() === (before.get(person) ?? []).join()) continue
        append(tx, 'people.configured', person, { roles })
        closeAll(tx, person, 'the role changed')
      }
      for (const person of rows.loadSignedIn(tx.sql)) if (!members.has(person) && rows.loadGranted(tx.sql, person).length === 0) closeAll(tx, person, 'they left the configuration')
    },
    hasOwner: (sql) => rows.loadOwner(sql) !== undefined,
    setPassword(tx, person, hash, by, except) {
      tx.sql.run('insert into people_password (person, hash, at) values (?,?,?) on conflict (person) do update set hash = excluded.hash, at = excluded.at', person, hash, tx.now.wall)
      append(tx, 'people.passwordSet', person, { by })
      closeAll(tx, person, 'the password changed', except)
    },
    passwordOf: (sql, person) => sql.get<{ hash: string }>('select hash from people_password where person = ?', person)?.hash,
    linkSubject(tx, person, subject, by) {
      const has = room.subjectPerson(tx.sql, subject)
      if (has !== undefined) return has === person
      tx.sql.run('insert into people_subject (subject, person) values (?, ?)', subject, person)
      append(tx, 'people.subjectLinked', person, { by })
      return true
    },
    unlinkSubjects(tx, person, by) {
      if (tx.sql.run('delete from people_subject where person = ?', person).changes > 0) append(tx, 'people.subjectUnlinked', person, { by })
    },
    subjectPerson: (sql, subject) => sql.get<{ person: string }>('select person from people_subject where subject = ?', subject)?.person,
    refused(tx, { person, why, origin }) {
      const stream = person ?? ''
      const key = `${stream}\n${why}\n${networkOf(origin)}`
      const last = lately.get(key)
      if (last && tx.now.tick - last.at < 60_000) {
        last.more++
        return
      }
      if (lately.size > 5000) lately.clear()
      lately.set(key, { at: tx.now.tick, more: 0 })
      tx.append({ is: 'people.refused', stream: `person:${stream}`, body: { person: person ?? null, why, origin: origin.slice(0, 100), before: last?.more ?? 0, at: tx.now.wall } })
    },
    identityOf(sql, person) {
      const member = context.members().get(person)
      return {
        person, addresses: member?.email === undefined ? [] : [member.email], phones: member?.phone === undefined ? [] : [member.phone],
        subjects: sql.all<{ subject: string }>('select subject from people_subject where person = ? order by subject', person).map(({ subject }) => subject),
        factors: rows.loadFactors(sql, person).map(({ id }) => id),
      }
    },
  }
  return room
}
