// What people read about backups, in English: on the console, at the terminal, and in restore reports, which are read by whoever was not there: an
// auditor, a customer, somebody in five years.
import type { Shape } from './look.ts'

/** As `backups list` calls them. */
export type BackupState = 'ok' | 'missing' | 'late' | 'shrunken' | 'unreadable' | 'unproven' | 'slow' | 'unknown' | 'new'

export const BACKUP_SHAPES: Readonly<Record<BackupState, Shape>> = { ok: 'ok', late: 'degraded', shrunken: 'degraded', missing: 'down', unreadable: 'down', unproven: 'degraded', slow: 'degraded', unknown: 'unknown', new: 'unknown' }

/** The rungs of the ladder, each in a few words. */
export const RUNGS = [
  'there, and does not count', 'there, of a size that fits', 'every byte read', 'structure checked', 'restored', 'restored and found whole by its engine', 'restored, and what is asked of it holds',
  'its application ran on it', 'restored from elsewhere with the break-glass credentials',
] as const

export const englishBackups = {
  title: 'Backups',
  says: 'What copies there are, where, how old, and what was proven of them. Looked at by Holdfast itself, where they lie.',
  none: 'No backups are guarded yet. Name them under “backups” in the configuration.',
  states: { ok: 'as it should be', late: 'late', shrunken: 'shrunken', missing: 'missing', unreadable: 'cannot be restored', unproven: 'unproven', slow: 'restored too slowly', unknown: 'not known', new: 'not listed yet' } as Readonly<Record<BackupState, string>>,
  lostNow: 'Would be lost now',
  everything: 'everything: no copy counts',
  theLast: (span: string): string => `the last ${span}`,
  of: 'Copy of',
  every: (span: string): string => `one is due every ${span}`,
  places: 'Where it lies',
  copies: 'Copies',
  listed: 'listed',
  neverListed: 'never listed',
  unseen: 'not known now:',
  odd: (count: number): string => (count === 1 ? '1 name that nobody can ask for:' : `${count} names that nobody can ask for:`),
  counts: (counted: number, all: number): string => `${counted} of ${all} count`,
  proven: (rung: number): string => `L${rung}: ${RUNGS[rung] ?? ''}`,
  provenAt: 'proven',
  more: (n: number): string => `and ${n} older ones: holdfast backups show`,
  undated: 'without a time',
  missed: 'vanished',
  manifest: (tables: number, least: number, most: number, how: string): string => `Manifest: ${tables} tables, ${least === most ? `${least}` : `${least} to ${most}`} rows, ${how === 'snapshot' ? 'in its snapshot' : 'counted before and after'}`,
  lastDrill: 'Last drill',
  report: 'Restore report',
}

export type ReportVerdict = 'passed' | 'failed' | 'unknown'

export const VERDICT_SHAPES: Readonly<Record<ReportVerdict, Shape>> = { passed: 'ok', failed: 'down', unknown: 'unknown' }

export const englishReport = {
  language: 'en',
  title: (set: string): string => `Restore report: ${set}`,
  verdicts: { passed: 'It was restored', failed: 'It could not be restored', unknown: 'Nobody could know' } as Readonly<Record<ReportVerdict, string>>,
  planted: { passed: 'The drill passed a copy that was spoilt on purpose', failed: 'The drill failed on a copy that was spoilt on purpose, as it must', unknown: 'Nobody could know: of a copy that was spoilt on purpose' } as Readonly<Record<ReportVerdict, string>>,
  whatWas: 'What was restored',
  set: 'Set', engine: 'Made by', of: 'Copy of', store: 'Store', copy: 'Copy', version: 'Version', etag: 'ETag', size: 'Size', sha256: 'SHA-256', made: 'Made', holds: 'Holds', planted_: 'Spoilt by',
  offsite: (yes: boolean): string => (yes ? 'off-site' : 'not off-site'),
  breakGlass: 'with the break-glass credentials alone',
  who: 'Who and when',
  asked: 'Asked by', schedule: 'its schedule', began: 'Began', ended: 'Ended', node: 'Installation', holdfast: 'Holdfast', tornDown: 'Torn down',
  torn: 'yes: nothing of it is left', notTorn: 'no',
  phases: 'How long it took', phase: 'Phase', took: 'Took', together: 'Together',
  asserts: 'What was asked of it', assertion: 'Assertion', found: 'Found',
  founds: { pass: 'holds', fail: 'does not hold', unknown: 'not known' },
  noneAsked: 'Nothing was asked of what was restored.',
  leftOut: (n: number): string => `and ${n} more, all of which hold`,
  figures: 'What it means',
  rpo: 'Would have been lost', rpoSays: (span: string, upTo: string, by: string): string => `the last ${span}: what was restored is of ${upTo} (${by})`,
  nothingBack: 'everything: this copy was not restored',
  rto: 'A restore of today’s size takes', rtoSays: (p50: string, p95: string, drills: number): string => `${p50}, at worst ${p95}, by ${drills} ${drills === 1 ? 'drill' : 'drills'}`,
  target: 'May take', notKnown: 'not known',
  said: 'The engine’s own words',
  proof: 'Signature',
  key: 'Public key', value: 'Ed25519', id: 'Report',
  check: (id: string): string => `holdfast backups report ${id} --check`,
  checkSays: 'holds this report against its signature and against the ledger of the installation. This page is drawn from what was signed, and is itself not signed.',
  times: 'Times are in UTC.',
}
