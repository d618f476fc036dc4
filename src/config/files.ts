// The files of a configuration: `holdfast.yaml` and, beside it, `conf.d/*.yaml` and `runbooks/*.yaml` in the order of their names. They are read
// with bounds (size, number, only regular files, UTF-8), and merged by name: a section may stand in several files, a name in
// only one of them, and everything remembers the file it came from. A file that cannot be read is a finding, never a default.
import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../core/fault.ts'
import { parseSource, plainOf, sourceOf, type Mark, type Report, type Source, type Spot } from './yaml.ts'

const LARGEST = 1024 * 1024
const LARGEST_SUM = 8 * LARGEST
const MOST_FILES = 200
/** Beside the main file: each file in it is one runbook, called as the file is. */
const RUNBOOKS = 'runbooks'

const WHY: Record<string, string> = {
  ENOENT: 'there is no such file', EACCES: 'no permission', EPERM: 'no permission', ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder', EIO: 'the disk reports an error', ELOOP: 'its links lead in a circle', EMFILE: 'too many files are open',
}

/** The files as sources, the main one first; what cannot be read is reported and left out. */
export async function readFiles(file: string, error: Report, warn: Report): Promise<Source[]> {
  const main = await readSource(file, file, error)
  const sources = main ? [main] : []
  let sum = main?.text.length ?? 0
  for (const folder of ['conf.d', RUNBOOKS].map((name) => join(dirname(file), name))) {
    const isRunbooks = basename(folder) === RUNBOOKS
    for (const name of await namesIn(folder, error, warn)) {
      const source = await readSource(join(folder, name), join(folder, name), error)
      if (!source) continue
      sum += source.text.length
      if (sum > LARGEST_SUM) {
        error('HF108', nowhere(source.name), [], `together the files have more than ${LARGEST_SUM / LARGEST} MiB`, 'that is more than one Holdfast is made for')
        return sources
      }
      sources.push(isRunbooks ? { ...source, runbook: name.slice(0, -'.yaml'.length) } : source)
    }
  }
  return sources
}

/** The files of a folder that are read, in order. */
async function namesIn(folder: string, error: Report, warn: Report): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort()
  const wanted = names.filter((name) => name.endsWith('.yaml'))
  for (const name of names.filter((n) => n.endsWith('.yml'))) {
    warn('HF155', nowhere(join(folder, name)), [], `${join(folder, name)} is not read`, 'name it .yaml')
  }
  if (wanted.length > MOST_FILES) error('HF108', nowhere(folder), [], `${folder} has ${wanted.length} files; at most ${MOST_FILES} are read`)
  return wanted.slice(0, MOST_FILES)
}

async function readSource(path: string, name: string, report: Report): Promise<Source | undefined> {
  try {
    // Non-blocking: a pipe in the place of the file is seen for what it is instead of being waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) return report('HF100', nowhere(name), [], `${name} is not a file`, 'name a YAML file')
      if (stat.size > LARGEST) return tooLarge(name, stat.size, report)
      const bytes = Buffer.alloc(stat.size)
      const { bytesRead } = await file.read(bytes, 0, stat.size, 0)
      return decode(bytes.subarray(0, bytesRead), name, report)
    } finally {
      await file.close()
    }
  } catch (cause) {
    const code = codeOf(cause) ?? 'unknown'
    return report('HF100', nowhere(name), [], `${name} cannot be read: ${WHY[code] ?? code}`, 'mend it, or name another file with --config')
  }
}

/** The text of bytes, with a finding where they are not the UTF-8 text that YAML asks for. */
export function decode(bytes: Uint8Array, name: string, report: Report): Source | undefined {
  if (bytes.length > LARGEST) return tooLarge(name, bytes.length, report)
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return report('HF100', nowhere(name), [], `${name} is UTF-16`, 'save it as UTF-8')
  }
  const text = new TextDecoder('utf-8').decode(bytes)
  const source = sourceOf(name, text)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const odd = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]/.exec(text)
  if (!odd) return source
  const mark = { source, start: odd.index, end: odd.index + 1 }
  const what = odd[0] === '\ufffd' ? 'bytes that are not UTF-8' : 'a control character'
  return report('HF100', mark, [], `${what} stand here`, 'remove them, and save the file as UTF-8')
}

function tooLarge(name: string, size: number, report: Report): undefined {
  const says = `${name} has ${(size / LARGEST).toFixed(1)} MiB; at most 1 MiB is read`
  report('HF108', nowhere(name), [], says, 'split it into files under conf.d')
}

/** A place for what concerns a whole file. */
export const nowhere = (name: string): Mark => ({ source: sourceOf(name, ''), start: -1, end: -1 })

/** One tree out of several: sections are joined, and the names in them must differ. */
export function mergeFiles(sources: readonly Source[], report: Report): Spot | undefined {
  const roots: Spot[] = []
  let broken = false
  for (const source of sources) {
    const root = parseSource(source, report)
    if (!root) broken = true
    else if (root.value === null) continue
    else if (!root.below || Array.isArray(root.value)) {
      report('HF104', { ...root.mark, end: root.mark.start + 1 }, [], `${source.name} holds no settings`, 'write “name: value” lines; begin with: version: 1')
      broken = true
    } else roots.push(source.runbook === undefined || root.below.has(RUNBOOKS) ? root : asRunbook(root, source.runbook))
  }
  if (broken) return undefined
  const sections = new Map<string | number, Spot>()
  for (const root of roots) for (const [name, spot] of root.below ?? []) joinSection(sections, name, spot, report)
  const source = sources[0] ?? sourceOf('holdfast.yaml', '')
  return { key: undefined, mark: { source, start: 0, end: -1 }, value: plainOf(sections, true), below: sections }
}

/** A file that is one runbook, as if it stood in its section. */
function asRunbook(root: Spot, name: string): Spot {
  const section = new Map<string | number, Spot>([[name, root]])
  const below = new Map<string | number, Spot>([[RUNBOOKS, { ...root, below: section, value: plainOf(section, true) }]])
  return { ...root, below, value: plainOf(below, true) }
}

/** Joins a section of one file with the same section of those before. */
function joinSection(sections: Map<string | number, Spot>, name: string | number, spot: Spot, report: Report): void {
  const earlier = sections.get(name)
  if (!earlier || earlier.value === null) {
    sections.set(name, spot)
    return
  }
  if (spot.value === null || (name === 'version' && spot.value === earlier.value)) return
  if (!isMap(earlier) || !isMap(spot)) {
    return report('HF103', spot.key ?? spot.mark, [name], `“${name}” is set twice`, `${placeOf(earlier)} has it already; remove one of them`)
  }
  const below = new Map(earlier.below)
  for (const [inner, at] of spot.below ?? []) {
    const first = below.get(inner)
    if (first) report('HF103', at.key ?? at.mark, [name, inner], `“${inner}” stands twice in ${name}`, `${placeOf(first)} has it already; remove or rename one of them`)
    else below.set(inner, at)
  }
  sections.set(name, { ...earlier, below, value: plainOf(below, true) })
}

const isMap = (spot: Spot): boolean => spot.below !== undefined && !Array.isArray(spot.value)

/** What was given to the command itself; it has no lines. */
export const COMMAND_LINE = 'command line'

/** `holdfast.yaml:12`. */
export function placeOf(spot: Spot): string {
  const { source, start } = spot.key ?? spot.mark
  return source.name === COMMAND_LINE ? COMMAND_LINE : `${source.name}:${source.lines.linePos(Math.max(0, start)).line}`
}
