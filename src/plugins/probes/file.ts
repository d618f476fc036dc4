// A file: whether it is there, how old it is, how large. Backups, dumps and exports are watched like this. It is looked at in
// a child of its own, because a path on a dead mount may never answer; then nothing is known, and nobody is accused.
//
// A path that is not there fails. So does one whose file system answers with an error (EIO, ESTALE, ENOTCONN): whoever needs
// that file gets the same answer, so the place where it lies is broken. What we may not see (EACCES) is unknown: that is a
// matter of our own rights. A file that is dated in the future has no age that anybody knows.
import { stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { z } from 'zod'
import { codeOf } from '../../core/fault.ts'
import { between, instantOf, ms, parseSpan, sayTime, type Instant, type Span } from '../../core/time.ts'
import { fail, pass, probe, unknown, type Seen } from '../../ports/probe.ts'

/** Clocks of file servers may go ahead by so much. */
const AHEAD = ms(60_000)
const MOST_PATH = 4_096

const SIZES: Readonly<Record<string, number>> = {
  b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40,
}

/** Reads "10 MB", "1.5GiB", "0 B"; `undefined` when it is not a size with its unit. */
export function parseSize(text: string): number | undefined {
  const read = /^(\d+(?:\.\d+)?) ?([kmgt]i?b|b)$/i.exec(text.trim())
  const bytes = Math.round(Number(read?.[1]) * (SIZES[read?.[2]?.toLowerCase() ?? ''] ?? Number.NaN))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const sayDate = (at: Instant): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

function saySize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  const unit = (['kB', 'MB', 'GB', 'TB'] as const).findLast((name) => bytes >= (SIZES[name.toLowerCase()] ?? 1)) ?? 'TB'
  return `${(bytes / (SIZES[unit.toLowerCase()] ?? 1)).toFixed(1)} ${unit}`
}

const age = (title: string): z.ZodOptional<z.ZodString> =>
  z.string().refine((text) => parseSpan(text) !== undefined, 'write a time with its unit, such as 26h or 30m').meta({ title, examples: ['26h', '30m'] }).optional()
const size = (title: string): z.ZodOptional<z.ZodString> =>
  z.string().refine((text) => parseSize(text) !== undefined, 'write a size with its unit, such as 10 MB or 1 GiB').meta({ title, examples: ['10 MB', '1 GiB'] }).optional()

const config = z.strictObject({
  file: z.string().max(MOST_PATH).refine((path) => path.startsWith('/') && !path.includes('\0'), 'write the whole path, from / on').meta({ title: 'Path' }),
  exists: z.boolean().optional().meta({ title: 'Exists', description: 'false: fails when it is there' }),
  younger_than: age('Younger than'),
  older_than: age('Older than'),
  larger_than: size('Larger than'),
  smaller_than: size('Smaller than'),
}).check(({ value, issues }) => {
  const wrong = (path: string, message: string): void => void issues.push({ code: 'custom', path: [path], message, input: value })
  const { exists, younger_than, older_than, larger_than, smaller_than } = value
  if (exists === false && [younger_than, older_than, larger_than, smaller_than].some((want) => want !== undefined)) {
    wrong('exists', 'a file that must not be there has no age and no size: leave these out, or write exists: true')
  }
  if (contradict(parseSpan, older_than, younger_than)) wrong('older_than', 'no file is older than this and younger than younger_than')
  if (contradict(parseSize, larger_than, smaller_than)) wrong('larger_than', 'no file is larger than this and smaller than smaller_than')
})

function contradict(parse: (text: string) => number | undefined, least: string | undefined, most: string | undefined): boolean {
  if (least === undefined || most === undefined) return false
  return (parse(least) ?? 0) >= (parse(most) ?? Number.POSITIVE_INFINITY)
}

type Settings = z.output<typeof config>

export default probe({
  kind: 'file',
  title: 'File',
  does: 'Passes when a file is there, young enough and large enough. On a path that hangs it says so, and harms nothing else.',
  runs: 'alone',
  config,
  examples: [
    { file: '/var/backups/shop.sql.zst', younger_than: '26h', larger_than: '10 MB' },
    { file: '/run/maintenance.lock', exists: false },
  ],

  async look(settings, { signal, now }) {
    const found = await statOf(settings.file, signal)
    if (!('size' in found)) return found.is === 'absent' && settings.exists === false ? pass({ says: 'is not there' }) : refuse(settings, found)
    if (settings.exists === false) return fail(`${settings.file} is there and must not be`)
    return judge(settings, found, now().wall)
  },
})

type Missing = { readonly is: 'absent' | 'broken' | 'hidden'; readonly code: string }

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])
const BROKEN = new Set(['EIO', 'ESTALE', 'ENOTCONN', 'ENXIO', 'ENODEV'])
const HIDDEN = new Set(['EACCES', 'EPERM'])

/** What stands at a path, or how it does not. A path that hangs ends with the signal; its thread does not. */
async function statOf(path: string, signal: AbortSignal): Promise<Stats | Missing> {
  const { promise, reject } = Promise.withResolvers<never>()
  const give = (): void => reject(signal.reason)
  signal.addEventListener('abort', give, { once: true })
  try {
    return await Promise.race([stat(path), promise])
  } catch (cause) {
    const code = codeOf(cause) ?? ''
    if (ABSENT.has(code)) return { is: 'absent', code }
    if (BROKEN.has(code)) return { is: 'broken', code }
    if (HIDDEN.has(code)) return { is: 'hidden', code }
    throw cause
  } finally {
    signal.removeEventListener('abort', give)
  }
}

function refuse({ file }: Settings, { is, code }: Missing): Seen {
  if (is === 'hidden') return unknown(`${file} may not be seen by us (${code}): give Holdfast's user the right to search every folder above it`)
  if (is === 'broken') return fail(`${file} cannot be reached: its file system answers ${code}`)
  return fail(code === 'ENOENT' ? `${file} is not there` : `${file} is not there (${code})`)
}

function judge(settings: Settings, found: Stats, now: Instant): Seen {
  const { file } = settings
  const wrong = wrongAge(settings, found, now) ?? wrongSize(settings, found)
  if (wrong) return wrong
  const old = Math.max(0, between(instantOf(found.mtimeMs), now)) as Span
  return pass({ says: `${file}: ${found.isFile() ? `${saySize(found.size)}, ` : ''}written ${sayTime(old)} ago` })
}

function wrongAge({ file, younger_than, older_than }: Settings, found: Stats, now: Instant): Seen | undefined {
  if (younger_than === undefined && older_than === undefined) return undefined
  const written = instantOf(Math.floor(found.mtimeMs))
  const old = between(written, now)
  if (old + AHEAD < 0) return unknown(`${file} is dated in the future (${sayDate(written)} UTC): nobody knows how old it is`)
  const most = younger_than === undefined ? undefined : parseSpan(younger_than)
  const least = older_than === undefined ? undefined : parseSpan(older_than)
  if (most !== undefined && old >= most) return fail(`${file} was written ${sayTime(old)} ago, on ${sayDate(written)} UTC; it must be younger than ${younger_than}`)
  if (least !== undefined && old <= least) return fail(`${file} was written ${sayTime(ms(Math.max(0, old)))} ago; it must be older than ${older_than}`)
  return undefined
}

function wrongSize({ file, larger_than, smaller_than }: Settings, found: Stats): Seen | undefined {
  if (larger_than === undefined && smaller_than === undefined) return undefined
  if (!found.isFile()) return unknown(`${file} is no plain file: its size says nothing`)
  const least = larger_than === undefined ? undefined : parseSize(larger_than)
  const most = smaller_than === undefined ? undefined : parseSize(smaller_than)
  if (least !== undefined && found.size <= least) return fail(`${file} has ${saySize(found.size)}; it must be larger than ${larger_than}`)
  if (most !== undefined && found.size >= most) return fail(`${file} has ${saySize(found.size)}; it must be smaller than ${smaller_than}`)
  return undefined
}
