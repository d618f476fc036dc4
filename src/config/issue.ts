// What zod complains of, in the words of a configuration. One issue becomes one complaint (an unknown key each its own), with a
// suggestion where one is near. What was written is repeated only where it is no secret; the texts of plugins are used only
// where no resolved secret could have crept into them.
import type { z } from 'zod'
import { helpFor } from './suggest.ts'
import { exampleAt, knownKeys, wantsSpan } from './shape.ts'
import type { Path } from './yaml.ts'

export interface Complaint {
  readonly code: string
  readonly path: Path
  /** Whether the name or the value is wrong. */
  readonly on: 'key' | 'value'
  readonly says: string
  readonly help: string | undefined
}

export interface Written {
  /** Where the parsed value stands in the file. */
  readonly path: Path
  readonly schema: z.ZodType
  /** What was written there, secrets as references; `undefined` where it must not be repeated. */
  readonly raw: (path: Path) => unknown
  /** False where the value came from a secret: then neither it nor a plugin's sentence about it is repeated. */
  readonly open: (path: Path) => boolean
}

type Issue = z.core.$ZodIssue

export const complaintsOf = (issues: readonly Issue[], written: Written): Complaint[] =>
  issues.flatMap((issue) => complaints(issue, [], written))

function complaints(issue: Issue, base: Path, written: Written): Complaint[] {
  const local: Path = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))]
  const path: Path = [...written.path, ...local]
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(written.schema, local)
    return issue.keys.map((key) => unknownKey(key, path, known))
  }
  if (issue.code === 'invalid_union') return union(issue, local, written)
  if (issue.code === 'invalid_element' || issue.code === 'invalid_key') {
    return issue.issues.flatMap((inner) => complaints(inner, local, written))
  }
  const raw = written.raw(path)
  if (raw === undefined && issue.code !== 'custom') return [missing(path, written, local)]
  const [code, says, help] = sayValue(issue, raw, local, written)
  return [{ code, path, on: 'value', says: said(path, says), help }]
}

const said = (path: Path, says: string): string => `${dotted(path)}${says.startsWith(':') ? '' : ' '}${says}`

export function unknownKey(key: string, path: Path, known: readonly string[]): Complaint {
  const place = path.length > 0 ? dotted(path) : 'the file'
  return { code: 'HF101', path: [...path, key], on: 'key', says: `“${short(key)}” is not a setting of ${place}`, help: helpFor(key, known, 'setting') }
}

function missing(path: Path, written: Written, local: Path): Complaint {
  const name = String(path.at(-1) ?? '')
  const example = wantsSpan(written.schema, local) ? ', such as 30s' : ''
  return { code: 'HF105', path: path.slice(0, -1), on: 'key', says: `${dotted(path.slice(0, -1)) || 'the file'} lacks “${name}”`, help: `add ${name}: …${example}` }
}

/** The branch whose kind of value was written is the one that was meant. */
function union(issue: Extract<Issue, { code: 'invalid_union' }>, local: Path, written: Written): Complaint[] {
  const path: Path = [...written.path, ...local]
  const wrongKind = (branch: readonly Issue[]): boolean => branch.some((i) => i.path.length === 0 && i.code === 'invalid_type')
  const meant = issue.errors.filter((branch) => branch.length > 0 && !wrongKind(branch))
  const best = meant.sort((a, b) => a.length - b.length)[0]
  if (written.raw(path) === undefined) return [missing(path, written, local)]
  if (best) return best.flatMap((inner) => complaints(inner, local, written))
  const wanted = issue.errors.flatMap((branch) => branch.flatMap((i) => (i.code === 'invalid_type' && i.path.length === 0 ? [KIND[i.expected] ?? i.expected] : [])))
  const says = `wants ${[...new Set(wanted)].join(' or ') || 'another kind of value'}, not ${show(path, written)}`
  return [{ code: 'HF104', path, on: 'value', says: said(path, says), help: undefined }]
}

function sayValue(issue: Issue, raw: unknown, local: Path, written: Written): [code: string, says: string, help: string | undefined] {
  const path: Path = [...written.path, ...local]
  const seen = show(path, written)
  if (!written.open(path)) return ['HF104', 'does not accept the value of its secret', 'look at the value where the secret is kept; it is never shown']
  switch (issue.code) {
    case 'invalid_type': return wrongType(issue.expected, raw, seen, written.schema, local)
    case 'too_small': return ['HF104', bounds(issue.origin, Number(issue.minimum), 'least'), undefined]
    case 'too_big': return ['HF104', bounds(issue.origin, Number(issue.maximum), 'most'), undefined]
    case 'not_multiple_of': return ['HF104', `wants a multiple of ${issue.divisor}, not ${seen}`, undefined]
    case 'invalid_format': return ['HF104', `wants ${FORMAT[issue.format] ?? `another form (${issue.format})`}, not ${seen}`, plugins(issue.message)]
    case 'invalid_value': {
      const options = issue.values.map(String)
      return ['HF104', `${options.length === 1 ? `can only be ${options[0]}` : `knows ${options.join(', ')}`}, not ${seen}`, typeof raw === 'string' ? helpFor(raw, options, 'choice') : undefined]
    }
    case 'custom': {
      const { code, help } = (issue.params ?? {}) as { code?: string; help?: string }
      return [code ?? 'HF104', code === undefined ? `: ${issue.message}` : issue.message, help]
    }
    default: return ['HF104', `: ${issue.message}`, undefined]
  }
}

/** A text that a schema brought along itself; zod's own are not for people. */
const plugins = (message: string): string | undefined => (message.startsWith('Invalid ') ? undefined : message)

function wrongType(expected: string, raw: unknown, seen: string, schema: z.ZodType, local: Path): [string, string, string | undefined] {
  const span = wantsSpan(schema, local)
  const example = exampleAt(schema, local)
  const wants = `wants ${span ? 'a time with its unit' : (KIND[expected] ?? expected)}, not ${seen}`
  if (span && typeof raw === 'number') return ['HF106', wants, `write ${raw}s for seconds, ${raw}m for minutes`]
  if (expected === 'string' && example !== undefined) return ['HF104', wants, `such as ${example}`]
  if (expected === 'string' && (typeof raw === 'number' || typeof raw === 'boolean')) return ['HF104', wants, `put it in quotes: "${raw}"`]
  if (expected === 'boolean' && typeof raw === 'string' && /^(yes|no|on|off|y|n)$/i.test(raw)) {
    return ['HF104', wants, `“${raw}” is a word in YAML; write ${/^(yes|on|y)$/i.test(raw) ? 'true' : 'false'}`]
  }
  if (expected === 'array') return ['HF104', wants, 'write it in brackets: [a, b]']
  return ['HF104', wants, undefined]
}

function bounds(origin: string, bound: number, side: 'least' | 'most'): string {
  const at = side === 'least' ? 'at least' : 'at most'
  if (origin === 'string') return bound === 1 && side === 'least' ? 'must not be empty' : `must have ${at} ${bound} characters`
  if (origin === 'array' || origin === 'set') return bound === 1 && side === 'least' ? 'must not be empty' : `must have ${at} ${bound} entries`
  return `must be ${at} ${bound}`
}

const KIND: Record<string, string> = {
  string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'a map of settings',
  record: 'a map of settings', null: 'nothing',
}

const FORMAT: Record<string, string> = {
  url: 'an address with its scheme', email: 'an e-mail address', ipv4: 'an IPv4 address', ipv6: 'an IPv6 address', regex: 'another form',
  date: 'a date (2026-03-30)', time: 'a time of day', duration: 'a duration', starts_with: 'another beginning', ends_with: 'another end', includes: 'another text',
}

function show(path: Path, written: Written): string {
  const raw = written.raw(path)
  if (!written.open(path) || raw === undefined) return 'this'
  if (raw === null) return 'nothing'
  if (Array.isArray(raw)) return 'a list'
  if (typeof raw === 'object') return 'a map of settings'
  return typeof raw === 'string' ? `“${short(raw)}”` : JSON.stringify(raw)
}

/** At most 40 characters of what was written, on one line, passwords in addresses left out. */
export function short(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const flat = withoutPasswords(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
  return flat.length > 40 ? `${flat.slice(0, 39)}…` : flat
}

/** Passwords in addresses drawn as asterisks, of the same length, so that columns stay true. */
export const withoutPasswords = (text: string): string =>
  text.replace(/(:\/\/[^\s/@:"']*:)([^\s@/"']+)(?=@)/g, (whole, head: string, password: string) =>
    /^\$\{secret:[^}]*\}$/.test(password) ? whole : head + '*'.repeat(password.length))

/** `checks.www.http`, `escalation.default[1].page`. */
export function dotted(path: Path): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at > 0 ? '.' : ''}${short(part)}`)).join('')
}
