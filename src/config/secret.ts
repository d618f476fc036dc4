// Secrets: `${secret:db-url}` in the file, the value elsewhere. Looked for in the environment (HOLDFAST_SECRET_DB_URL), then in
// `secrets/db-url` beside the configuration, then among the service manager's credentials ($CREDENTIALS_DIRECTORY/db-url); the
// first place that has it counts, and one that is there but empty is a mistake, not a reason to look on. A value never
// stands in a finding, in the canonical form, or in a version.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../core/fault.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type Secret =
  | { readonly is: 'found'; readonly value: string }
  /** It is there, and nobody has read it. */
  | { readonly is: 'there' }
  | { readonly is: 'missing'; readonly says: string; readonly help: string }
  | { readonly is: 'unusable'; readonly says: string; readonly help: string }

export interface SecretPlaces {
  readonly env: Environment
  /** The folder of the configuration file; `undefined` when there is no file. */
  readonly folder: string | undefined
}

const LARGEST = 64 * 1024
/** A line break by itself. */
const EMPTY = 2
const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/
const REFERENCE = /\$\{secret:([^}]*)\}/g

/** Names of the secrets that a text refers to, as written. */
export const secretsIn = (text: string): string[] => [...text.matchAll(REFERENCE)].map((found) => found[1] ?? '')

/** Something that was meant to be a reference: `${secret.db}`, `${env:DB}`, `$secret:db`. */
export const nearlySecret = (text: string): string | undefined =>
  /\$\{(?!secret:[^}]*\})\s*(?:secrets?(?![a-z])|(?:env|file)[:.])[^}]*\}?/i.exec(text)?.[0] ?? /\$\(?secret:[\w-]*\)?/.exec(text)?.[0]

/** Words in the name of a header or field whose value opens something. */
const OPENING = '(?:authori[sz]ation|authentication|cookie|token|secret|passw|passphrase|credential|session|signature|jwt|api[-_]?key)'
const OPENING_NAME = new RegExp(`${OPENING}|(?:^|[-_.])(?:auth|pwd|pass)(?:[-_.]|$)|key$`, 'i')
/** Keys that tell things apart and open nothing. */
const HARMLESS_NAME = /(?:idempotency|surrogate|cache|websocket|sort|partition)-?key$/i
/** A scheme with its credentials, a signed token, a private key: whatever they are called. */
const OPENING_VALUE = /^(?:bearer|basic|negotiate)\s+[\w+/=.~-]{6,}$|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.|-----BEGIN [A-Z ]*PRIVATE KEY-----/i
/** `"password": "x"`, `token=x`, `<secret>x</secret>` within a body; an empty value opens nothing. */
const OPENING_FIELD = new RegExp(`${OPENING}[\\w-]*["']?\\s*[:=]\\s*(?!null|true|false)["']?[^"'\\s&,;}\\]{[]|<[\\w-]*${OPENING}[\\w-]*>[^<\\s]`, 'i')

/** True when a header or body, written out, would give credentials away: by its name, or by what it looks like. */
export function carriesCredentials(name: string, text: string): boolean {
  return (OPENING_NAME.test(name) && !HARMLESS_NAME.test(name)) || OPENING_VALUE.test(text) || OPENING_FIELD.test(text)
}

export const environmentName = (name: string): string => `HOLDFAST_SECRET_${name.toUpperCase().replaceAll('-', '_')}`

/** The values of all `names`. */
export async function loadSecrets(names: Iterable<string>, places: SecretPlaces): Promise<ReadonlyMap<string, Secret>> {
  const found = new Map<string, Secret>()
  for (const name of names) if (!found.has(name)) found.set(name, await load(name, places))
  return found
}

/** Whether all `names` have a value, without reading one: for whoever has no use for them. */
export async function findSecrets(names: Iterable<string>, places: SecretPlaces): Promise<ReadonlyMap<string, Secret>> {
  const found = new Map<string, Secret>()
  for (const name of names) if (!found.has(name)) found.set(name, await load(name, places, 'look'))
  return found
}

async function load(name: string, { env, folder }: SecretPlaces, how: 'read' | 'look' = 'read'): Promise<Secret> {
  if (!SECRET_NAME.test(name)) {
    return { is: 'unusable', says: 'a secret has a name of letters, digits, “-” and “_”', help: 'such as ${secret:db-url}' }
  }
  const variable = environmentName(name)
  const given = env[variable]
  if (given !== undefined) return seen(judge(name, given, variable), how)
  const credentials = env['CREDENTIALS_DIRECTORY']
  for (const place of [folder === undefined ? undefined : join(folder, 'secrets', name), credentials ? join(credentials, name) : undefined]) {
    if (place === undefined) continue
    const text = await readSmall(place, how)
    if (text === THERE) return { is: 'there' }
    if (typeof text === 'string') return judge(name, text, place)
    if (text !== undefined) return { is: 'unusable', says: `${place} cannot be read: ${text.says}`, help: 'mend the file or its permissions' }
  }
  const file = folder === undefined ? '' : `, or write it into ${join(folder, 'secrets', name)}`
  return { is: 'missing', says: `the secret “${name}” is nowhere to be found`, help: `set ${variable}${file}` }
}

/** What the environment holds is known to whoever runs in it; it is not handed on. */
const seen = (secret: Secret, how: 'read' | 'look'): Secret => (secret.is === 'found' && how === 'look' ? { is: 'there' } : secret)

function judge(name: string, text: string, place: string): Secret {
  const value = text.replace(/\r?\n$/, '')
  if (value.trim() === '') return { is: 'unusable', says: `the secret “${name}” is empty in ${place}`, help: 'put the value there, or remove it so that the next place counts' }
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(value)) {
    return { is: 'unusable', says: `the secret “${name}” in ${place} has a line break or control character inside`, help: 'one line is wanted' }
  }
  return { is: 'found', value }
}

const THERE = Symbol('there')

/** The text of a small file; `undefined` when there is none. `look`: opened, and not read unless it is too short to hold a value. */
async function readSmall(path: string, how: 'read' | 'look'): Promise<string | typeof THERE | { says: string } | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return { says: 'it is not a file' }
      if (stat.size > LARGEST) return { says: 'it has more than 64 KiB' }
      if (how === 'look' && stat.size > EMPTY) return THERE
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (cause) {
    const code = codeOf(cause)
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : { says: code ?? 'unknown reason' }
  }
}

/** The text with its secrets put in; inside the user part of an address they are percent-encoded, as addresses ask for. */
export function putSecretsIn(text: string, secrets: ReadonlyMap<string, Secret>): string {
  return text.replace(REFERENCE, (reference, name: string, at: number) => {
    const secret = secrets.get(name)
    if (secret?.is !== 'found') return reference
    const scheme = text.lastIndexOf('://', at)
    const after = text.slice(at + reference.length)
    const inUser = scheme >= 0 && !/[/?#]/.test(text.slice(scheme + 3, at)) && /^[^/?#]*@/.test(after)
    return inUser ? encodeURIComponent(secret.value) : secret.value
  })
}
