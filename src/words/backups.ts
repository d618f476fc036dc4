// What people read about backups, in English.
import type { Shape } from './look.ts'

/** As `backups list` calls them. */
export type BackupState = 'ok' | 'missing' | 'late' | 'shrunken' | 'unreadable' | 'unproven' | 'unknown' | 'new'

export const BACKUP_SHAPES: Readonly<Record<BackupState, Shape>> = { ok: 'ok', late: 'degraded', shrunken: 'degraded', missing: 'down', unreadable: 'down', unproven: 'degraded', unknown: 'unknown', new: 'unknown' }

/** The rungs of the ladder, each in a few words. */
export const RUNGS = [
  'there, and does not count', 'there, of a size that fits', 'every byte read', 'structure checked', 'restored', 'restored and found whole by its engine', 'restored, and what is asked of it holds',
  'its application ran on it', 'restored from elsewhere with the break-glass credentials',
] as const

export const englishBackups = {
  title: 'Backups',
  says: 'What copies there are, where, how old, and what was proven of them. Looked at by Holdfast itself, where they lie.',
  none: 'No backups are guarded yet. Name them under “backups” in the configuration.',
  states: { ok: 'as it should be', late: 'late', shrunken: 'shrunken', missing: 'missing', unreadable: 'cannot be restored', unproven: 'unproven', unknown: 'not known', new: 'not listed yet' } as Readonly<Record<BackupState, string>>,
  lostNow: 'Would be lost now',
  everything: 'everything: no copy counts',
  theLast: (span: string): string => `the last ${span}`,
  of: 'Copy of',
  every: (span: string): string => `one is due every ${span}`,
  places: 'Where it lies',
  copies: 'Copies',
  listed: 'listed',
  neverListed: 'never listed',
  counts: (counted: number, all: number): string => `${counted} of ${all} count`,
  proven: (rung: number): string => `L${rung}: ${RUNGS[rung] ?? ''}`,
  provenAt: 'proven',
  more: (n: number): string => `and ${n} older ones: holdfast backups show`,
  undated: 'without a time',
}
