// The manifest: what a source held at the moment when a copy of it was made, taken by `holdfast exec` around the command that made it. In one
// snapshot with the command a count is exact; else there is one before and one after, which bracket it. What could not be counted says why,
// and proves nothing either way. Pure: shapes, and how what was restored compares with it; to which copy a manifest belongs says `runs/whose.ts`.
import { z } from 'zod'
import { ruleRows, type Bounds, type Ruled } from '../../../ports/backup/rows.ts'

const at = z.int().min(0).max(8.64e15)
const rows = z.int().min(0).max(1e15)
const text = z.string().max(300)

/** So large a manifest may be as it is sent. */
export const MANIFEST_LIMIT = 256 * 1024
/** So many tables, and so many files, it names at most. */
export const MOST_NAMED = 1000

const counted = z.union([z.strictObject({ name: text.min(1), least: rows, most: rows }), z.strictObject({ name: text.min(1), says: text })])
const hashed = z.union([z.strictObject({ path: z.string().min(1).max(1000), sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: rows }), z.strictObject({ path: z.string().min(1).max(1000), says: text })])

/** As it is sent, and kept. */
export const manifestSchema = z.strictObject({
  schema: z.literal('holdfast.manifest/1'),
  set: z.string().min(1).max(200),
  machine: text.meta({ description: 'Where the command ran' }),
  how: z.enum(['snapshot', 'bracketed']).meta({ description: 'snapshot: counted in the very snapshot of the command; bracketed: before and after it' }),
  from: at.meta({ description: 'When the command began' }),
  to: at,
  taken_at: at.nullable().meta({ description: 'When the snapshot was taken; of two, the first' }),
  server: z.strictObject({ engine: z.enum(['postgres', 'mysql']), version: text, system: text, database: text, oid: text, replica: z.boolean() }).nullable(),
  whole: z.boolean().meta({ description: 'No table was asked for by name: all were' }),
  left_out: rows.meta({ description: 'So many further tables, of which nothing is said' }),
  tables: z.array(counted).max(MOST_NAMED),
  newest: z.union([z.strictObject({ least: text.nullable(), most: text.nullable() }), z.strictObject({ says: text })]).nullable(),
  files: z.array(hashed).max(MOST_NAMED),
})

export type Manifest = z.output<typeof manifestSchema>
export type CountedTable = Manifest['tables'][number]
export type HashedFile = Manifest['files'][number]

/** What is sent of one run of a command: with its manifest, where it ended well and one could be taken. */
export const runShape = {
  command: text.meta({ description: 'The name of the program, without what it was given' }),
  from: at,
  to: at,
  exit: z.int().min(0).max(255).nullable().meta({ description: 'null: it has begun, and how it ends is told later, with the same command and beginning' }),
  says: z.string().max(500).meta({ description: 'Why there is no manifest, or what is missing in it' }),
  manifest: manifestSchema.exactOptional(),
}

export type RunReport = z.output<z.ZodObject<typeof runShape>>

export type Compared =
  | { readonly table: string; readonly found: 'pass'; readonly says: string }
  | { readonly table: string; readonly found: 'fail' | 'unknown'; readonly says: string }

/**
 * Holds what was restored against the manifest, table by table, in the order of the manifest. A table that was counted in the snapshot must hold
 * exactly as many rows. One that was bracketed passes within its bounds; beyond them rows may have come and gone between the two counts, which
 * explains a surplus and a loss of up to a tenth, and no more. What was not counted, there or here, is unknown.
 */
export function compareManifest(manifest: Pick<Manifest, 'how' | 'tables' | 'whole' | 'left_out'>, restored: Readonly<Record<string, number>>): readonly Compared[] {
  const compared = manifest.tables.map((table): Compared => {
    if ('says' in table) return { table: table.name, found: 'unknown', says: `it was not counted when the copy was made: ${table.says}` }
    const has = Object.hasOwn(restored, table.name) ? restored[table.name] : undefined
    if (has === undefined) return { table: table.name, found: 'fail', says: 'the table is not there' }
    return { table: table.name, ...ruleRows({ least: table.least, most: table.most, exact: manifest.how === 'snapshot' }, has) }
  })
  if (!manifest.whole || manifest.left_out > 0) return compared
  const named = new Set(manifest.tables.map(({ name }) => name))
  const others = Object.keys(restored).filter((name) => !named.has(name)).toSorted()
  return [...compared, ...others.map((table): Compared => ({ table, found: 'unknown', says: 'the manifest names no such table' }))]
}

/** The same for the newest row; both are texts in ISO form and UTC. Nothing where the manifest names none. */
export function compareNewest({ how, newest }: Pick<Manifest, 'how' | 'newest'>, restored: string | null): Ruled | undefined {
  if (newest === null) return undefined
  if ('says' in newest) return { found: 'unknown', says: `it was not asked when the copy was made: ${newest.says}` }
  const { least, most } = newest
  if (restored === least || restored === most) return { found: 'pass', says: `the newest row is of ${restored ?? 'no time'}` }
  if (how === 'snapshot') return { found: 'fail', says: `the newest row is of ${restored ?? 'no time'}, where the snapshot had ${least ?? 'none'}` }
  if (restored !== null && (least === null || restored > least) && most !== null && restored < most) return { found: 'pass', says: `the newest row is of ${restored}, between ${least ?? 'nothing'} and ${most}` }
  return { found: restored !== null && (least === null || restored > least) ? 'unknown' : 'fail', says: `the newest row is of ${restored ?? 'no time'}, where ${least ?? 'none'} was counted before` }
}

/** What a drill needs of it: bounds of rows by table, and hashes by path as an archive names it (without what it begins with: `/`, `./`). */
export function forDrill({ how, tables, files }: Pick<Manifest, 'how' | 'tables' | 'files'>): { readonly rows: Readonly<Record<string, Bounds>>; readonly files: Readonly<Record<string, string>> } {
  return {
    rows: Object.fromEntries(tables.flatMap((it) => ('says' in it ? [] : [[it.name, { least: it.least, most: it.most, exact: how === 'snapshot' }]]))),
    files: Object.fromEntries(files.flatMap((it) => ('says' in it ? [] : [[it.path.replace(/^(?:\.?\/)+/, ''), it.sha256]]))),
  }
}
