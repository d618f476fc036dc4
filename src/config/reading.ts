// Reading: the tree of a configuration, asked by the sections that own its parts. It turns what schemas complain of into findings
// with positions, puts secrets in, and notes everything, so that all problems are shown at once. What follows from something
// that was complained of already is not complained of again: a secret that is missing mutes what its schema would say.
import type { z } from 'zod'
import { complaintsOf, dotted, short, unknownKey, withoutPasswords } from './issue.ts'
import type { Notes } from './notes.ts'
import { carriesCredentials, nearlySecret, putSecretsIn, secretsIn, type Secret } from './secret.ts'
import { secrecyOf, type Secrecy } from './shape.ts'
import { NAME } from './piece.ts'
import { placeOf } from './files.ts'
import type { Help, Mark, Path, Spot } from './yaml.ts'

export interface Pointed {
  readonly help?: Help
  /** Whether the name or the value is wrong; the value when left out. */
  readonly on?: 'key' | 'value'
}

export interface Reading {
  spot(path: Path): Spot | undefined
  /** Gives nothing back, so that a reader can return it. */
  error(code: string, path: Path, says: string, pointed?: Pointed): undefined
  warn(code: string, path: Path, says: string, pointed?: Pointed): undefined
  /** The value at `path` as a schema reads it; `undefined` after findings. `only`: these settings of a map. */
  shape<Schema extends z.ZodType>(schema: Schema, path: Path, only?: readonly string[]): z.output<Schema> | undefined
  /** The same with secrets put in; what it gives is never repeated in a finding. */
  secretShape<Schema extends z.ZodType>(schema: Schema, path: Path, only?: readonly string[]): z.output<Schema> | undefined
  /** The named things of a section in file order; those with impossible names are findings and left out. */
  named(path: Path, rule?: 'names' | 'texts'): [name: string, spot: Spot][]
  /** Complains of every setting of the map at `path` that is not known. */
  onlyKnown(path: Path, known: readonly string[]): void
  /** True when a map of settings stands there; a finding when something else does, nothing when it is absent or empty. */
  map(path: Path): boolean
  /** `holdfast.yaml:12`. */
  place(path: Path): string
}

/** Everything that stands below a spot, itself included. */
export function* everySpot(spot: Spot, path: Path = []): Generator<[Path, Spot]> {
  yield [path, spot]
  for (const [name, inner] of spot.below ?? []) yield* everySpot(inner, [...path, name])
}

/** Names of all secrets that the tree refers to. */
export const secretNames = (root: Spot): Set<string> =>
  new Set([...everySpot(root)].flatMap(([, spot]) => (typeof spot.value === 'string' ? secretsIn(spot.value) : [])))

export interface ReadingWants {
  readonly root: Spot
  readonly notes: Notes
  readonly secrets: ReadonlyMap<string, Secret>
  /** The sections whose values stay inside; nowhere else may a secret stand. */
  readonly secretSections: readonly string[]
}

export function readingOf({ root, notes, secrets, secretSections }: ReadingWants): Reading {
  const spot = (path: Path): Spot | undefined => {
    let at: Spot | undefined = root
    for (const key of path) at = at?.below?.get(key)
    return at
  }
  const markOf = (path: Path, on: 'key' | 'value'): Mark => {
    for (let length = path.length; length >= 0; length--) {
      const at = spot(path.slice(0, length))
      if (!at) continue
      // What does not stand there is missed where it would belong: at the name of what is around it.
      const wanted = on === 'key' || length < path.length ? at.key : undefined
      return wanted ?? firstLine(at.mark)
    }
    return root.mark
  }
  const muted: Path[] = []
  const tell = (report: Notes['error']): Reading['error'] => (code, path, says, pointed) => {
    if (!muted.some((mute) => startsWith(path, mute))) report(code, markOf(path, pointed?.on ?? 'value'), path, says, pointed?.help)
  }
  const error = tell(notes.error)
  muted.push(...judgeSecrets(root, secrets, secretSections, error))
  const shape = <Schema extends z.ZodType>(schema: Schema, path: Path, only: readonly string[] | undefined, put: ReadonlyMap<string, Secret>): z.output<Schema> | undefined => {
    const at = spot(path)
    if (!at) return undefined
    muted.push(...maskLiterals(schema, path, at, only, notes, error))
    const read = schema.safeParse(plain(at, put, only))
    if (read.success) return read.data
    const written = {
      path, schema,
      raw: (of: Path): unknown => spot(of)?.value,
      open: (of: Path): boolean => put.size === 0 || !hasSecret(spot(of)),
    }
    for (const { code, path: of, on, says, help } of complaintsOf(read.error.issues, written)) {
      // What a map says about itself may only follow from the value in it that was complained of.
      const follows = code === 'HF104' && muted.some((mute) => startsWith(mute, of))
      if (!follows) error(code, of, unsaid(says, put), { on, help: help === undefined ? help : unsaid(help, put) })
    }
    return undefined
  }
  const reading: Reading = {
    spot,
    error,
    warn: tell(notes.warn),
    shape: (schema, path, only) => shape(schema, path, only, NO_SECRETS),
    secretShape: (schema, path, only) => shape(schema, path, only, secrets),
    named(path, rule = 'names') {
      const at = spot(path)
      if (!at || at.value === null) return []
      if (!at.below || Array.isArray(at.value)) {
        error('HF104', path, `${dotted(path)} wants names, each with its settings`, { help: 'write “name: { … }” lines below it' })
        return []
      }
      return [...at.below].flatMap(([name, inner]): [string, Spot][] => (goodName(String(name), [...path, name], rule, error) ? [[String(name), inner]] : []))
    },
    onlyKnown(path, known) {
      const at = spot(path)
      if (!at?.below || Array.isArray(at.value)) return
      for (const key of at.below.keys()) {
        if (known.includes(String(key))) continue
        const { code, says, help } = unknownKey(String(key), path, known)
        error(code, [...path, key], says, { on: 'key', help })
      }
    },
    map(path) {
      const at = spot(path)
      if (!at || at.value === null) return false
      if (at.below && !Array.isArray(at.value)) return true
      error('HF104', path, `${dotted(path)} wants a map of settings`, { help: 'write “setting: value” lines below it, or { setting: value }' })
      return false
    },
    place: (path) => {
      const at = spot(path)
      return at ? placeOf(at) : root.mark.source.name
    },
  }
  return reading
}

const NO_SECRETS: ReadonlyMap<string, Secret> = new Map()

/** A list or map that spans lines is pointed at by its first character. */
const firstLine = (mark: Mark): Mark => {
  const end = mark.source.text.indexOf('\n', mark.start)
  return end >= 0 && end < mark.end ? { ...mark, end: Math.max(mark.start + 1, end) } : mark
}

function goodName(name: string, path: Path, rule: 'names' | 'texts', error: Reading['error']): boolean {
  const text = name.trim() === name && name.length > 0 && name.length <= 100 && !/\p{C}/u.test(name)
  if (rule === 'texts' ? text : NAME.test(name)) return true
  const help = rule === 'texts' ? 'one line of at most 100 characters' : 'letters, digits, “-”, “_” and “.”, with a letter among them, at most 63'
  error('HF107', path, `“${short(name)}” cannot be a name here`, { on: 'key', help })
  return false
}

/** Complains of secrets that are missing or stand where they would be shown; gives the places that are muted by it. */
function judgeSecrets(root: Spot, secrets: ReadonlyMap<string, Secret>, sections: readonly string[], error: Reading['error']): Path[] {
  const muted: Path[] = []
  const told = new Set<string>()
  for (const [path, { value }] of everySpot(root)) {
    if (typeof value !== 'string' || !/[$:]/.test(value)) continue
    const names = secretsIn(value)
    const near = nearlySecret(value)
    const mute = (code: string, says: string, help: string): void => {
      muted.push(path)
      error(code, path, says, { help })
    }
    if (near !== undefined) mute('HF118', `“${short(near)}” is not how a secret is named`, 'write ${secret:name}')
    else if (names.length > 0 && !sections.includes(String(path[0]))) {
      mute('HF119', `a secret cannot stand in ${dotted(path)}: it would be shown`, `secrets may stand in ${sections.join(', ')}`)
    } else if (withoutPasswords(value) !== value) {
      mute('HF119', `a password is written out in ${dotted(path)}`, 'put it, or the whole address, into a secret: ${secret:name}')
    }
    for (const name of names) {
      const secret = secrets.get(name)
      if (secret?.is === 'found' || secret?.is === 'there') continue
      muted.push(path)
      // One that nobody asked for may be missing; what its place says is not judged.
      if (secret === undefined) continue
      if (!told.has(name)) error(secret.is === 'missing' ? 'HF117' : 'HF118', path, secret.says, { help: secret.help })
      told.add(name)
    }
  }
  return muted
}

/** A value that its schema calls secret must be a reference; one that is written out is masked in every excerpt. */
function maskLiterals(schema: z.ZodType, path: Path, at: Spot, only: readonly string[] | undefined, notes: Notes, error: Reading['error']): Path[] {
  const literal: Path[] = []
  for (const [inner, { value, mark }] of everySpot(at)) {
    if ((typeof value !== 'string' && typeof value !== 'number') || (only && inner.length > 0 && !only.includes(String(inner[0])))) continue
    const text = String(value)
    if (text === '' || secretsIn(text).length > 0 || !isLiteralSecret(secrecyOf(schema, inner), String(inner.at(-1) ?? ''), text)) continue
    notes.mask(mark)
    literal.push([...path, ...inner])
    error('HF119', [...path, ...inner], `a secret is written out in ${dotted([...path, ...inner])}`, { help: 'write ${secret:name}, and keep the value elsewhere' })
  }
  return literal
}

function isLiteralSecret(secrecy: Secrecy, name: string, text: string): boolean {
  // An address without a password, which may hold one, is no secret.
  if (secrecy === 'always') return !/^[a-z][a-z0-9+.-]*:\/\//i.test(text)
  return secrecy === 'credentials' && carriesCredentials(name, text)
}

/** A sentence without the values of secrets: a schema's own sentence may repeat what it was given. */
function unsaid(text: string, secrets: ReadonlyMap<string, Secret>): string {
  let left = text
  for (const [name, secret] of secrets) if (secret.is === 'found' && secret.value.length > 2) left = left.replaceAll(secret.value, `\${secret:${name}}`)
  return left
}

const hasSecret = (spot: Spot | undefined): boolean =>
  spot !== undefined && [...everySpot(spot)].some(([, { value }]) => typeof value === 'string' && secretsIn(value).length > 0)

const startsWith = (path: Path, head: Path): boolean => head.every((part, at) => path[at] === part)

function plain(spot: Spot, secrets: ReadonlyMap<string, Secret>, only?: readonly string[]): unknown {
  if (typeof spot.value === 'string') return putSecretsIn(spot.value, secrets)
  if (!spot.below) return spot.value
  if (Array.isArray(spot.value)) return [...spot.below.values()].map((inner) => plain(inner, secrets))
  const wanted = [...spot.below].filter(([name]) => !only || only.includes(String(name)))
  return Object.fromEntries(wanted.map(([name, inner]) => [name, plain(inner, secrets)]))
}
