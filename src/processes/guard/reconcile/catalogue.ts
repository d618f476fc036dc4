// One reading of the catalogue as inputs: rows and uploads under way, each in a spool of its own, with all that was seen of the database in the same
// snapshot. What could not be read to its end leaves nothing but the reason behind.
import { rmSync } from 'node:fs'
import { sentence } from '../../../core/fault.ts'
import { sha256 } from '../../../core/id.ts'
import { stampOf, type Stamp } from '../../../core/time.ts'
import type { AnyCatalogue, CatalogueContext, CatalogueRead, CatalogueWant } from '../../../ports/catalogue.ts'
import type { Read, Snapshot } from '../../../rooms/guard/reconcile/readings.ts'
import { keyBody, rowBody } from './inputs.ts'
import { writeSpool, type Spooled } from './spool.ts'

/** A database with its plugin and the settings that it takes, credentials included. */
export interface OpenCatalogue {
  readonly name: string
  readonly plugin: AnyCatalogue
  readonly settings: unknown
}

export interface CatalogueTaken {
  readonly is: 'read'
  readonly snapshot: Read<Snapshot>
  readonly rows: Spooled
  readonly intents: Spooled
  /** What the database itself counted: rows, and different keys. */
  readonly seen: CatalogueRead
}

export type Taken = CatalogueTaken | { readonly is: 'unread'; readonly says: string }

/** Reads the catalogue into `folder`, under names that begin with `label`. */
export async function takeCatalogue({ name, plugin, settings }: OpenCatalogue, want: CatalogueWant, context: CatalogueContext, { folder, label, observer, signal }: { readonly folder: string; readonly label: string; readonly observer: string; readonly signal: AbortSignal }): Promise<Taken> {
  const began = context.now()
  const rows = writeSpool(`${folder}/${label}.rows.spool`, { hashed: true })
  const intents = writeSpool(`${folder}/${label}.intents.spool`, { hashed: true })
  try {
    const seen = await plugin.read(settings, want, {
      rows: (part) => part.forEach(({ key, lock, tenant }) => rows.add(key, rowBody(lock, tenant))),
      intents: (part) => part.forEach((key) => intents.add(key, keyBody)),
    }, context, signal)
    const snapshot = snapshotOf(seen, stampOf(began), stampOf(context.now()))
    return { is: 'read', snapshot: { value: snapshot, subject: `catalogue ${name}`, observer, at: began.wall, seen: stampOf(began) }, rows: rows.end(), intents: intents.end(), seen }
  } catch (cause) {
    rows.abandon()
    intents.abandon()
    return { is: 'unread', says: sentence(cause) }
  }
}

function snapshotOf(seen: CatalogueRead, began: Stamp, ended: Stamp): Snapshot {
  const { system, timeline, database, oids, position, primary, rowSecurity, lockColumn, columns } = seen
  return { identity: { system, timeline, database }, oids: sha256(oids), position, primary, rowSecurity, fingerprint: sha256(columns.join('\n')), lockColumn, began, ended }
}

/** Removes the spools of a run. */
export const sweep = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** How far apart two clocks are at most, with its sign. */
export const furthest = ({ least, most }: { readonly least: number; readonly most: number }): number => (Math.abs(least) > Math.abs(most) ? least : most)

