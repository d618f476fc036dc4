// Whose an object is. What one clean-up takes for nobody's may be what another part of the same configuration lives on: a dump under the prefix of a
// reconcile has no row and never will; a rule that keeps one copy a day takes the copies of another set that are called so too. So no two of them ever
// reach the same key, and a configuration in which they could is refused. Pure. Two addresses of one bucket are two places here: names are all that is read.
import path from 'node:path'
import type { ReconcileConfig } from './reconcile/task.ts'
import { dateOf, type Pattern } from './sets/pattern.ts'
import type { BackupSet, Lies } from './sets/set.ts'

export interface Clash {
  readonly at: readonly string[]
  readonly says: string
  readonly help: string
}

/** A store with its settings. */
interface Place {
  readonly name: string
  readonly kind: string
  readonly settings: Readonly<Record<string, unknown>>
}

interface Wants {
  readonly stores: readonly Place[]
  readonly sets: readonly Pick<BackupSet, 'name' | 'in' | 'keep'>[]
  readonly reconciles: readonly Pick<ReconcileConfig, 'name' | 'store' | 'prefix'>[]
}

/** What says how a store is opened, and not which one it is. */
const NOT_WHERE = new Set(['read', 'delete', 'break_glass', 'marker', 'host_key', 'region', 'offsite', 'domain'])

/** What two names of one store have in common, as far as their settings say. */
function placeOf({ kind, settings }: Place): string {
  const where = Object.entries(settings).filter(([setting]) => !NOT_WHERE.has(setting)).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([kind, ...where.map(([setting, value]) => [setting, sameText(setting, value)])])
}

const sameText = (setting: string, value: unknown): unknown =>
  typeof value !== 'string' ? value : setting === 'dir' ? path.normalize(`${value}/`) : value.replace(/\/+$/, '')

/** Every two that could reach the same object. */
export function clashesIn({ stores, sets, reconciles }: Wants): readonly Clash[] {
  const places = new Map(stores.map((store) => [store.name, placeOf(store)]))
  const isSame = (one: string, other: string): boolean => one === other || (places.has(one) && places.get(one) === places.get(other))
  const lies = sets.flatMap((set) => set.in.map((it) => ({ set, it })))
  const found: Clash[] = []
  for (const [n, { name, store, prefix }] of reconciles.entries()) {
    const at = ['reconcile', name, 'prefix']
    for (const other of reconciles.slice(0, n)) {
      if (isSame(store, other.store) && (prefix.startsWith(other.prefix) || other.prefix.startsWith(prefix))) found.push({ at, says: `${at.join('.')} and reconcile.${other.name}.prefix reach the same objects: what one of them knows the other would clean up`, help: 'give each a prefix of its own, or make one of them with a query over both' })
    }
    for (const { set, it } of lies) {
      if (isSame(store, it.store) && reaches(it, prefix)) found.push({ at, says: `${at.join('.')} reaches the copies of backups.${set.name} in “${it.store}”: they have no row, and would be cleaned up`, help: 'name a prefix under which nothing lies but what has rows, or keep the copies elsewhere' })
    }
  }
  for (const [n, { set, it }] of lies.entries()) {
    for (const other of lies.slice(0, n)) {
      if ((set.keep ?? other.set.keep) === undefined || !isSame(it.store, other.it.store) || !meet(it, other.it)) continue
      found.push({ at: ['backups', set.name, 'in', it.store], says: other.set === set ? `backups.${set.name} lies twice in one place, as “${other.it.store}” and as “${it.store}”: what \`keep\` takes in one it takes in the other` : `backups.${set.name} and backups.${other.set.name} call copies the same in “${it.store}”: what \`keep\` of one takes may be the other's`, help: 'give each names of its own' })
    }
  }
  return found
}

/** Whether something of a set may lie under the prefix. */
function reaches(lies: Lies, prefix: string): boolean {
  const folders = [folderOf(lies), lies.wal].flatMap((it) => it ?? [])
  return folders.some((it) => it.startsWith(prefix) || prefix.startsWith(it)) || canBegin(partsOf(lies.pattern), 0, prefix)
}

/** The folder that is a set's whole: of a repository, or of a bucket that is itself the copy (empty: all of it). */
const folderOf = ({ repository, objects }: Lies): string | undefined => repository ?? objects

const partsOf = ({ text }: Pattern): readonly string[] => text.split(/\{(\w+)\}/)

/** What stands at a place; `0` for a digit. Each as long as it can be, since a shorter one fits where its beginning does. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  date: ['0000-00-00'], day: ['00000000'],
  time: ['0000', '000000', '00:00', '00-00', '00:00:00', '00-00-00', '0000Z', '000000Z', '00:00Z', '00-00Z', '00:00:00Z', '00-00-00Z'],
}

const fits = (shape: string, text: string): boolean => [...text].every((letter, n) => (shape[n] === '0' ? letter >= '0' && letter <= '9' : shape[n] === letter))

/** Whether a name of this pattern may begin with the text. `parts`: texts and, between them, places. */
function canBegin(parts: readonly string[], at: number, text: string): boolean {
  const literal = parts[at] ?? ''
  if (literal.startsWith(text)) return true
  if (!text.startsWith(literal)) return false
  const rest = text.slice(literal.length)
  const place = parts[at + 1]
  if (place === undefined) return false
  if (place !== 'any') return (SHAPES[place] ?? []).some((shape) => fits(shape, rest.slice(0, shape.length)) && (rest.length <= shape.length || canBegin(parts, at + 2, rest.slice(shape.length))))
  const slash = rest.indexOf('/')
  if (slash < 0) return true
  return Array.from({ length: slash + 1 }, (_, length) => length).some((length) => canBegin(parts, at + 2, rest.slice(length)))
}

/** Whether the same object may be a copy of both. */
function meet(one: Lies, other: Lies): boolean {
  const [mine, theirs] = [folderOf(one), folderOf(other)]
  if (mine !== undefined && theirs !== undefined) return mine.startsWith(theirs) || theirs.startsWith(mine)
  if (mine !== undefined || theirs !== undefined) return canBegin(partsOf(mine === undefined ? one.pattern : other.pattern), 0, mine ?? theirs ?? '')
  return namesLike(one.pattern, other.pattern).some((key) => dateOf(other.pattern, key)) || namesLike(other.pattern, one.pattern).some((key) => dateOf(one.pattern, key))
}

const MOST_NAMES = 200

/** Names that are this pattern's; where anything may stand, that which the other one says in its own texts. */
function namesLike(pattern: Pattern, other: Pattern): readonly string[] {
  const anything = ['x', ...partsOf(other).filter((_, n) => n % 2 === 0).flatMap((text) => text.split('/')).flatMap((text) => [text, text.replace(/^[-._]+|[-._]+$/g, '')])]
  const fillings: Readonly<Record<string, readonly string[]>> = { date: ['2026-11-21'], day: ['20261121'], time: (SHAPES['time'] ?? []).map((shape) => shape.replaceAll('0', '1')), any: [...new Set(anything)] }
  let names: readonly string[] = ['']
  for (const [n, part] of partsOf(pattern).entries()) names = names.flatMap((begun) => (n % 2 === 0 ? [part] : fillings[part] ?? []).map((it) => begun + it)).slice(0, MOST_NAMES)
  return names
}
