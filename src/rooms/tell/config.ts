// The telling room's part of the configuration: status pages, what they show, where they are published. A page shows what is
// named here and nothing else; a folder that it is published into must not hold the configuration, for secrets lie beside it.
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { nameKey, names, span, webAddress } from '../../config/piece.ts'
import type { Reading } from '../../config/reading.ts'
import { helpFor } from '../../config/suggest.ts'
import { derivedId } from '../../core/id.ts'
import { hours, minutes, ms, type Span } from '../../core/time.ts'

export interface ComponentConfig {
  /** The same as long as board and component keep their names. */
  readonly id: string
  readonly name: string
  readonly checks: readonly string[]
}

export interface BoardConfig {
  /** The name in the file, in lower case; part of addresses. */
  readonly slug: string
  /** What the public reads above it. */
  readonly name: string
  readonly address?: string
  /** Folders for the static bundle, absolute. */
  readonly publish: readonly string[]
  /** How long a proposed statement waits for a person before it publishes itself. */
  readonly hold: Span
  /** In the order of the file. */
  readonly components: readonly ComponentConfig[]
}

const componentsSchema = z.record(z.string(), names())

const pageSchema = z.strictObject({
  title: z.string().trim().min(1).max(100).optional().meta({ description: 'What stands above the page (the name of the site)' }),
  address: webAddress().optional().meta({ description: 'Where the public finds it' }),
  publish: names().optional().meta({ description: 'Where a static copy is written, such as "dir:./public"' }),
  hold: span(ms(0), hours(24)).default(minutes(3)).meta({ description: 'How long a statement waits for a person (3m)' }),
  components: componentsSchema.nullish().meta({ description: 'What the public sees, and the checks behind it' }),
})

/** Top-level settings of this room, for editors. */
export const tellShape: z.ZodRawShape = { status_pages: z.record(nameKey(), pageSchema).optional() }

export interface TellWants {
  /** The configuration file, absolute: folders are relative to it. */
  readonly file: string
  readonly siteName: string
  /** The data folder, absolute, where it is known. */
  readonly data?: string
  /** Names of all checks in the file. */
  readonly checks: readonly string[]
}

/** Reads the status pages; the first one answers at the root. What is wrong is noted in the reading. */
export function readTell(reading: Reading, wants: TellWants): BoardConfig[] {
  const boards: BoardConfig[] = []
  const folders = new Map<string, string>()
  for (const [name] of reading.named(['status_pages'])) {
    const path = ['status_pages', name]
    const read = reading.spot(path)?.value === null ? pageSchema.parse({}) : reading.shape(pageSchema, path)
    const components = readComponents(reading, path, wants)
    if (!read) continue
    const slug = name.toLowerCase()
    const twin = boards.some((board) => board.slug === slug)
    if (twin) reading.error('HF121', path, `two status pages would be called “${slug}”`, { on: 'key', help: 'small and capital letters are the same in addresses' })
    boards.push({
      slug,
      name: read.title ?? wants.siteName,
      ...(read.address === undefined ? {} : { address: read.address.replace(/\/+$/, '') }),
      publish: readFolders(reading, path, read.publish ?? [], wants, folders),
      hold: read.hold,
      components,
    })
  }
  warnOfUnseen(reading, boards, wants.checks)
  return boards
}

function readComponents(reading: Reading, page: readonly string[], { checks }: TellWants): ComponentConfig[] {
  const path = [...page, 'components']
  const known = new Set(checks)
  // Anything but a map is complained of by the schema of the page.
  if (!reading.spot(path)?.below || Array.isArray(reading.spot(path)?.value)) return []
  return reading.named(path, 'texts').map(([name, spot]): ComponentConfig => {
    const listed = Array.isArray(spot.value)
    const shown = (listed ? (spot.value as unknown[]) : [spot.value]).filter((one) => typeof one === 'string')
    for (const [index, check] of shown.entries()) {
      if (known.has(check)) continue
      reading.error('HF111', listed ? [...path, name, index] : [...path, name], `component “${name}” shows “${check.slice(0, 63)}”, and there is no such check`, { help: () => helpFor(check, checks, 'check') })
    }
    if (listed && (spot.value as unknown[]).length === 0) reading.error('HF104', [...path, name], `component “${name}” has no checks`, { help: 'name the checks that it stands for, or remove it' })
    return { id: derivedId('cmp', page.at(-1)?.toLowerCase() ?? '', name), name, checks: [...new Set(shown)] }
  })
}

/** Folders as absolute paths: known places only, none twice, none around the configuration. */
function readFolders(reading: Reading, page: readonly string[], places: readonly string[], { file, data }: TellWants, folders: Map<string, string>): string[] {
  const path = [...page, 'publish']
  const listed = Array.isArray(reading.spot(path)?.value)
  return places.flatMap((place, index): string[] => {
    const at = listed ? [...path, index] : path
    const [, given] = /^dir:(.+)$/.exec(place) ?? []
    if (given === undefined || given.trim() === '') {
      reading.error('HF122', at, `“${place.slice(0, 63)}” is no place to publish to`, { help: 'only folders so far: "dir:./public"' })
      return []
    }
    const folder = resolve(dirname(file), given.trim())
    const around = [file, join(dirname(file), 'secrets', 'x'), join(dirname(file), 'conf.d', 'x')].some((one) => !relative(folder, one).startsWith('..'))
    const inData = data !== undefined && [relative(folder, data), relative(data, folder)].some((way) => !way.startsWith('..') && !isAbsolute(way))
    const earlier = folders.get(folder)
    if (around) {
      reading.error('HF122', at, `“${place.slice(0, 63)}” holds the configuration or its secrets`, { help: 'publish into a folder of its own, such as "dir:./public"' })
    } else if (inData) {
      reading.error('HF122', at, `“${place.slice(0, 63)}” and the data folder lie in one another: the node's key and database would lie beside a public page`, { help: 'publish into a folder of its own, such as "dir:./public"' })
    } else if (earlier !== undefined) {
      reading.error('HF121', at, `“${place.slice(0, 63)}” is the folder of ${earlier} already`, { help: 'give each status page a folder of its own' })
    }
    folders.set(folder, page.join('.'))
    return [folder]
  })
}

/** Checks that no page shows, in one warning when they are many. */
function warnOfUnseen(reading: Reading, boards: readonly BoardConfig[], checks: readonly string[]): void {
  const shown = new Set(boards.flatMap(({ components }) => components.flatMap((component) => component.checks)))
  const unseen = boards.length === 0 ? [] : checks.filter((check) => !shown.has(check))
  const help = 'name it in a component, if the public should see it'
  if (unseen.length <= 5) for (const check of unseen) reading.warn('HF151', ['checks', check], `no component shows “${check}”`, { on: 'key', help })
  else reading.warn('HF151', ['checks'], `no component shows ${unseen.length} of the checks: ${unseen.slice(0, 5).join(', ')}, …`, { on: 'key', help: 'name them in components, if the public should see them' })
}
