// Whose an object is. What one clean-up takes for nobody's may be what another part of the same configuration lives on: a dump under the prefix of a
// reconcile has no row and never will; a rule that keeps one copy a day takes the copies of another set that are called so too. So no two of them ever
// reach the same key, and a configuration in which they could is refused. Pure. An address is the same however it is spelled, and a folder in another one is
// a part of it; what only a look would tell (two names of one host, a symbolic link, a folder that is served from another machine) is not known here.
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
  /** That of the configuration, from which folders are named that do not begin with a slash; absent where nobody knows it: then such a one is compared with its like alone. */
  readonly folder?: string
}

/** What says how a store is opened, and not which one it is. */
const NOT_WHERE = new Set(['read', 'delete', 'break_glass', 'marker', 'host_key', 'region', 'offsite', 'domain'])

/** Where the keys of a store begin. */
interface Ground {
  /** The machine, bucket or file system, as far as the settings say. */
  readonly on: string
  /** The folder there, with a slash at its end; empty where there is no way up from it. */
  readonly folder: string
}

function groundOf({ kind, settings }: Place, from: string | undefined): Ground {
  let folder = ''
  const where = Object.entries(settings).filter(([setting]) => !NOT_WHERE.has(setting)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([setting, value]) => {
    const read = readWhere(setting, value, from)
    folder = read?.folder ?? folder
    return [setting, read?.on ?? value]
  })
  return { on: JSON.stringify([kind, ...where]), folder }
}

/** A folder, or an address by what it leads to. A port that is the usual one need not be written, and in a host's name no letter is a capital. */
function readWhere(setting: string, value: unknown, from: string | undefined): Ground | undefined {
  if (typeof value !== 'string') return undefined
  if (setting === 'dir') {
    const [, up = '', folder = ''] = /^(\/|\.\/|(?:\.\.\/)*)(.*)$/s.exec(path.normalize(`${from === undefined ? value : path.resolve(from, value)}/`)) ?? []
    return { on: up === './' ? '' : up, folder: asText(folder) }
  }
  if (!URL.canParse(value)) return undefined
  const { protocol, hostname, port, pathname } = new URL(value)
  // Both protocols of the web lead to the same server where each has its usual port.
  const usual = protocol === 'sftp:' ? '22' : ''
  const on = `${hostname.toLowerCase().replace(/\.$/, '')}:${port === usual ? '' : port}`
  return { on, folder: protocol === 'sftp:' ? asText(path.posix.normalize(`${value.replace(/^sftp:\/\/[^/]*/, '')}/`)) : asText(pathname === '/' ? '' : pathname) }
}

/** No brace in a folder's name is a place in a pattern. */
const asText = (folder: string): string => folder.replaceAll('{', '\u0001').replaceAll('}', '\u0002')

/** How far the keys of each of the two lie below the upper one's; undefined where no key of one can be the other's. */
function below(one: Ground | undefined, other: Ground | undefined): readonly [string, string] | undefined {
  if (!one || !other || one.on !== other.on) return undefined
  if (one.folder.startsWith(other.folder)) return [one.folder.slice(other.folder.length), '']
  return other.folder.startsWith(one.folder) ? ['', other.folder.slice(one.folder.length)] : undefined
}

/** The same copies, as they are called further up. */
const from = (up: string, lies: Lies): Lies => (up === '' ? lies : {
  ...lies, pattern: { text: up + lies.pattern.text, prefix: up + lies.pattern.prefix },
  ...(lies.repository !== undefined && { repository: up + lies.repository }), ...(lies.objects !== undefined && { objects: up + lies.objects }), ...(lies.wal !== undefined && { wal: up + lies.wal }),
})

/** Every two that could reach the same object. */
export function clashesIn({ stores, sets, reconciles, folder: base }: Wants): readonly Clash[] {
  const grounds = new Map(stores.map((store) => [store.name, groundOf(store, base)]))
  const apart = (one: string, other: string): readonly [string, string] | undefined => (one === other ? ['', ''] : below(grounds.get(one), grounds.get(other)))
  const lies = sets.flatMap((set) => set.in.map((it) => ({ set, it })))
  const found: Clash[] = []
  for (const [n, { name, store, prefix }] of reconciles.entries()) {
    const at = ['reconcile', name, 'prefix']
    for (const other of reconciles.slice(0, n)) {
      const [mine, its] = apart(store, other.store) ?? []
      if (mine !== undefined && its !== undefined && ((mine + prefix).startsWith(its + other.prefix) || (its + other.prefix).startsWith(mine + prefix))) found.push({ at, says: `${at.join('.')} and reconcile.${other.name}.prefix reach the same objects: what one of them knows the other would clean up`, help: 'give each a prefix of its own, or make one of them with a query over both' })
    }
    for (const { set, it } of lies) {
      const [mine, its] = apart(store, it.store) ?? []
      if (mine !== undefined && its !== undefined && reaches(from(its, it), mine + prefix)) found.push({ at, says: `${at.join('.')} reaches the copies of backups.${set.name} in “${it.store}”: they have no row, and would be cleaned up`, help: 'name a prefix under which nothing lies but what has rows, or keep the copies elsewhere' })
    }
  }
  for (const [n, { set, it }] of lies.entries()) {
    for (const other of lies.slice(0, n)) {
      if ((set.keep ?? other.set.keep) === undefined) continue
      const [mine, its] = apart(it.store, other.it.store) ?? []
      if (mine === undefined || its === undefined || !meet(from(mine, it), from(its, other.it))) continue
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
