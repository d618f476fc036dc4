// `catalogues:` and `reconcile:` of the configuration. A catalogue is a database by its plugin's own settings, secrets and all; a reconcile is plain
// data. Store, catalogue and the store of the second copies exist; the queries are one statement each; commands are lists of words, no shell reads them.
import { z } from 'zod'
import { readKind, kindsSchema } from '../../../config/kind.ts'
import { nameKey, span } from '../../../config/piece.ts'
import type { Reading } from '../../../config/reading.ts'
import { helpFor } from '../../../config/suggest.ts'
import { days, hours, minutes, type Span } from '../../../core/time.ts'
import { MYSQL, POSTGRES, readDatabase } from '../../../ports/database.ts'
import type { AnyCatalogue } from '../../../ports/catalogue.ts'
import type { ReconcileConfig } from './task.ts'

/** A database with its plugin's settings, credentials included: for the process that reads it. */
export interface CataloguePlace {
  readonly name: string
  readonly kind: string
  readonly settings: Readonly<Record<string, unknown>>
  /** How far back its own backups can be restored, as declared. */
  readonly retention: Span
  /** The check that watches this very database, where there is one. */
  readonly of?: string
  /** All checks that do, by host, port and name. */
  readonly watchedBy: readonly string[]
}

export interface ReconcileConfigs {
  readonly catalogues: readonly CataloguePlace[]
  readonly reconciles: readonly ReconcileConfig[]
}

const LONGEST: Span = days(3660)

const beside = {
  primary: z.literal('required').optional().meta({ description: 'Only the primary is believed; there is no other choice' }),
  retention: span(hours(1), LONGEST).meta({ description: 'How far back its own backups can be restored' }),
  of: nameKey().optional().meta({ description: 'The check that watches this database' }),
}
const besideSchema = z.strictObject(beside)

/** A NUL ends an argument where nobody sees it. */
const argv = z.array(z.string().min(1).max(4096).refine((word) => !word.includes('\0'), 'an argument holds no NUL')).min(1).max(100)
const query = z.string().min(1).max(20_000)

const reconcileSchema = z.strictObject({
  store: nameKey().meta({ description: 'The store whose objects are held against rows' }),
  prefix: z.string().max(1000).meta({ description: 'What their keys begin with', examples: ['customers/'] }),
  catalogue: nameKey().meta({ description: 'The database that says which objects are wanted' }),
  rows: query.meta({ description: 'A query with a column `key`, the lock column, and perhaps `tenant`', examples: ['select object_key as key, locked, tenant from backups'] }),
  intents: query.optional().meta({ description: 'A query with a column `key`: uploads that have begun' }),
  lock_column: z.string().min(1).max(63).default('locked').meta({ description: 'The column of `rows` that says whether somebody has locked it (locked)' }),
  sentinels: z.strictObject({ plant: argv.meta({ description: 'Command and arguments' }), remove: argv.meta({ description: 'Command and arguments' }) }).meta({ description: 'Commands that plant rows and objects of our own through the application' }),
  every: span(minutes(5), days(31)).default(hours(3)).meta({ description: 'How often it runs (3h)' }),
  copies_in: nameKey().optional().meta({ description: 'The store of the second copies; without one nothing is ever purged. Before a purge the copy there is read, and held against what lies aside byte by byte' }),
  least: z.int().min(1).max(1_000_000_000).default(20).meta({ description: 'Fewer rows are never believed (20)' }),
  escalate: nameKey().default('default').meta({ description: 'The escalation policy' }),
})

/** Top-level settings, for editors. */
export const reconcileShape = (catalogues: readonly AnyCatalogue[]): z.ZodRawShape => ({
  catalogues: z.record(nameKey(), kindsSchema(catalogues, () => beside)).optional(),
  reconcile: z.record(nameKey(), reconcileSchema).optional(),
})

/** Reads both sections; what is wrong is noted in the reading, and left out of what is given back. */
export function readReconciles(reading: Reading, plugins: readonly AnyCatalogue[], stores: readonly string[]): ReconcileConfigs {
  const known = reading.named(['catalogues']).map(([name]) => name)
  const catalogues = known.flatMap((name) => readCatalogue(reading, name, plugins) ?? [])
  const reconciles = reading.named(['reconcile']).flatMap(([name]) => readReconcile(reading, name, { stores, catalogues, known }) ?? [])
  return { catalogues, reconciles }
}

function readCatalogue(reading: Reading, name: string, plugins: readonly AnyCatalogue[]): CataloguePlace | undefined {
  const path = ['catalogues', name]
  const names = Object.keys(beside)
  const read = readKind(reading, path, { plugins, beside: () => names, noun: 'catalogue', asks: 'which database it is' })
  const own = read && reading.shape(besideSchema, path, names)
  if (!own || read.settings === undefined) return undefined
  const settings = read.settings as Readonly<Record<string, unknown>>
  const watchedBy = checksOn(reading, read.plugin.kind, settings)
  const of = own.of ?? watchedBy[0]
  return { name, kind: read.plugin.kind, settings, retention: own.retention, watchedBy: [...new Set([...(of === undefined ? [] : [of]), ...watchedBy])], ...(of === undefined ? {} : { of }) }
}

const DIALECTS: Readonly<Record<string, typeof POSTGRES>> = { postgres: POSTGRES, mysql: MYSQL }

/** The checks that look at this very database: nobody has to say it twice. Which host it is, is not asked of anybody: another name is another host. */
function checksOn(reading: Reading, kind: string, settings: Readonly<Record<string, unknown>>): string[] {
  const dialect = DIALECTS[kind]
  const placeOf = (text: unknown): string | undefined => {
    const read = dialect === undefined || typeof text !== 'string' ? undefined : readDatabase(text, dialect)
    return read === undefined || typeof read === 'string' ? undefined : JSON.stringify([read.host.toLowerCase(), read.port, read.name])
  }
  const place = placeOf(settings[kind])
  if (place === undefined) return []
  return reading.named(['checks']).flatMap(([name, spot]) => {
    const address = spot.below?.get(kind)
    if (typeof address?.value !== 'string') return []
    const read = reading.secretShape(z.looseObject({ [kind]: z.string() }), ['checks', name], [kind])
    return placeOf(read?.[kind]) === place ? [name] : []
  })
}

interface Around {
  readonly stores: readonly string[]
  readonly catalogues: readonly CataloguePlace[]
  /** Those with findings included. */
  readonly known: readonly string[]
}

function readReconcile(reading: Reading, name: string, { stores, catalogues, known }: Around): ReconcileConfig | undefined {
  const path = ['reconcile', name]
  if (!reading.map(path)) return undefined
  const read = reading.shape(reconcileSchema, path)
  if (!read) return undefined
  const exists = (setting: string, value: string | undefined, all: readonly string[], noun: string): boolean => {
    if (value === undefined || all.includes(value)) return true
    reading.error('HF111', [...path, setting], `${path.join('.')} names “${value}”, and there is no such ${noun}`, { help: () => helpFor(value, [...all], noun) })
    return false
  }
  const stands = [exists('store', read.store, stores, 'store'), exists('copies_in', read.copies_in, stores, 'store'), exists('catalogue', read.catalogue, known, 'catalogue')]
  if (read.copies_in === read.store) reading.error('HF104', [...path, 'copies_in'], `${path.join('.')}.copies_in is the store itself: a copy beside the original is none`, { help: 'name another store, or leave it out' })
  for (const setting of ['rows', 'intents'] as const) judgeQuery(reading, [...path, setting], read[setting])
  const catalogue = catalogues.find((it) => it.name === read.catalogue)
  if (stands.includes(false) || !catalogue) return undefined
  return {
    name, store: read.store, prefix: read.prefix, catalogue: read.catalogue, rows: read.rows, lockColumn: read.lock_column, sentinels: read.sentinels, every: read.every, least: read.least, retention: catalogue.retention,
    escalate: read.escalate, from: reading.place(path), ...(read.intents === undefined ? {} : { intents: read.intents }), ...(read.copies_in === undefined ? {} : { copiesIn: read.copies_in }), ...(catalogue.of === undefined ? {} : { of: catalogue.of }), ...(catalogue.watchedBy.length === 0 ? {} : { watchedBy: catalogue.watchedBy }),
  }
}

/** Read inside another query, in a transaction that cannot write: it is one, or the database will say so less clearly. */
function judgeQuery(reading: Reading, path: readonly string[], text: string | undefined): void {
  if (text === undefined || /^\s*(?:select|with|table|values|\()/i.test(text)) return
  reading.error('HF104', [...path], `${path.join('.')} is no query that gives rows`, { help: 'begin it with select or with' })
}
