// What an account of MariaDB may do beyond its databases, by its own grants and those of every role that it may take on: touch files of the machine, act as somebody else,
// and write the tables that say who may do what.
import { Fault } from '../../../../core/fault.ts'

const MIGHTY: readonly string[] = ['ALL PRIVILEGES', 'FILE', 'SUPER', 'SET USER']
const WRITES: readonly string[] = ['ALL PRIVILEGES', 'INSERT', 'UPDATE']
const GRANT = /^GRANT (.+?) ON (?:(\*)|`((?:[^`]|``)+)`)\.(?:\*|`(?:[^`]|``)+`) TO /

/** A pattern of grants that the server's own database falls under, or may. */
const isOwn = (pattern: string): boolean => {
  const [, before = '', wild] = /^((?:\\.|[^%_\\])*)([%_])?/s.exec(pattern.toLowerCase()) ?? []
  const fixed = before.replaceAll(/\\(.)/g, '$1')
  return wild === undefined ? fixed === 'mysql' : 'mysql'.startsWith(fixed)
}

/** Of the lines of `show grants`; throws a `Fault` where they are none. */
export function beyondOf(lines: readonly string[]): readonly string[] {
  if (!lines.some((line) => line.startsWith('GRANT '))) throw new Fault('MariaDB did not say what the account may do', 'never')
  const found = new Set<string>()
  for (const line of lines) {
    const [, rights = '', all, database = ''] = GRANT.exec(line) ?? []
    const named = rights.split(', ')
    if (all !== undefined) for (const one of named) if (MIGHTY.includes(one)) found.add(`has ${one} on the whole server`)
    const writes = named.find((one) => WRITES.includes(one))
    if (found.size === 0 && writes !== undefined && (all !== undefined || isOwn(database))) found.add(`has ${writes} on ${all ?? database}.*, which holds who may do what`)
  }
  return [...found]
}
