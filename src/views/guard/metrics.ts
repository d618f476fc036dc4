// How backups stand, in Prometheus' text format: what `holdfast backups show` says, as numbers to draw and to alarm by. A value that is not known has no
// line: a gauge that says 0 where nobody looked would be good news, or bad, that nobody has. Labels are of the configuration alone, and of lists with an
// end (rungs, points, phases), never of keys: what lies in a store cannot make more lines.
import type { Now } from '../../core/time.ts'
import type { Sql } from '../../db/sql.ts'
import { loadPlanted } from '../../rooms/guard/drills/planted.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import { viewBackupSet, type BackupPlaceAnswer, type BackupSetAnswer } from '../backups.ts'
import { escape } from '../metrics.ts'

/** The labels beyond those that every line of it has, and the value; none where it is not known. */
type Value = readonly [labels: string, value: number]

interface Gauge<Of> {
  readonly name: string
  readonly help: string
  readonly values: (of: Of, now: Now) => readonly Value[]
}

interface PlaceOf {
  readonly place: BackupPlaceAnswer
  readonly set: BackupSetAnswer
}

interface EngineOf {
  readonly engine: string
  readonly failedAt: number | undefined
  readonly believed: boolean
}

const one = (value: number | null | undefined): readonly Value[] => (typeof value === 'number' && Number.isFinite(value) ? [['', value]] : [])
const seconds = (value: number | null | undefined): readonly Value[] => one(typeof value === 'number' ? value / 1000 : undefined)
const since = (at: number | null | undefined, now: Now): readonly Value[] => seconds(typeof at === 'number' ? now.wall - at : undefined)
const label = (name: string, value: string): string => `,${name}="${escape(value)}"`
const truth = (found: 'pass' | 'fail' | 'unknown'): number | undefined => (found === 'unknown' ? undefined : found === 'pass' ? 1 : 0)

/** Of the ladder, from the lowest. */
const RUNGS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
/** A part of a restore; more kinds than that no engine has. */
const MOST_PHASES = 20

const ofPlaces: readonly Gauge<PlaceOf>[] = [
  { name: 'holdfast_backup_ok', help: '1 when the newest copy is as it should be, 0 when not; absent while it is not known.', values: ({ place: { state } }) => one(state === 'new' || state === 'unknown' ? undefined : state === 'ok' ? 1 : 0) },
  { name: 'holdfast_backup_state_seconds', help: 'For how long it has stood as it stands.', values: ({ place }, now) => since(place.since, now) },
  { name: 'holdfast_backup_listed_seconds', help: 'Age of the last whole listing: all else is as of then.', values: ({ place }, now) => since(place.listed_at, now) },
  { name: 'holdfast_backup_age_seconds', help: 'Age of the newest copy that counts.', values: ({ place }, now) => since(place.newest?.at, now) },
  { name: 'holdfast_backup_bytes', help: 'Size of the newest copy that counts.', values: ({ place }) => one(place.newest?.bytes) },
  { name: 'holdfast_backup_usual_bytes', help: 'Median size of the copies before it that count; absent with fewer than three.', values: ({ place }) => one(place.usual_bytes) },
  { name: 'holdfast_backup_stored_bytes', help: 'Size of all copies that are there.', values: ({ place }) => one(place.bytes) },
  { name: 'holdfast_backup_copies', help: 'Copies that count.', values: ({ place }) => one(place.counted) },
  { name: 'holdfast_backup_copies_there', help: 'Copies that are there, also those that do not count.', values: ({ place }) => one(place.copies) },
  {
    name: 'holdfast_backup_copies_at_rung', help: 'Copies that count, by the highest rung proven of each: 1 it exists, 2 checksums, 3 structure, 4 restored, 5 integrity, 6 contents, 7 application, 8 break-glass.',
    values: ({ set, place }) => {
      const rungs = (set.copies ?? []).filter((it) => it.store === place.store && it.counted).map(({ rung }) => rung)
      return RUNGS.map((rung): Value => [label('rung', String(rung)), rungs.filter((it) => it === rung).length])
    },
  },
  { name: 'holdfast_backup_rung', help: 'The highest rung proven of the newest copy that counts.', values: ({ place }) => one(place.newest?.rung) },
  { name: 'holdfast_backup_proof_age_seconds', help: 'How old that proof is; absent where nothing is proven of it.', values: ({ place }, now) => since(place.newest?.proven_at, now) },
  { name: 'holdfast_backup_best_rung', help: 'The highest rung proven of any copy that counts.', values: ({ place }) => one(place.proven?.rung) },
  { name: 'holdfast_backup_best_proof_age_seconds', help: 'How old that proof is.', values: ({ place }, now) => since(place.proven?.at, now) },
  { name: 'holdfast_backup_immutable', help: '1 when the newest copy that counts is one that nobody can change, 0 when not; absent while it is not known.', values: ({ place }) => one(truth(place.immutable.found)) },
  { name: 'holdfast_backup_oldest_unread_seconds', help: 'For how long some byte of the copies was not read, where a set promises that.', values: ({ place }, now) => since(place.reading?.oldest_unread, now) },
  { name: 'holdfast_backup_unread_target_seconds', help: 'Within how long every byte is to be read.', values: ({ place }) => seconds(place.reading?.all_within) },
  { name: 'holdfast_backup_never_read_parts', help: 'Parts that nobody has ever read.', values: ({ place }) => one(place.reading?.never_read) },
  { name: 'holdfast_backup_due_bytes', help: 'What is to be read now.', values: ({ place }) => one(place.reading?.bytes_due) },
  { name: 'holdfast_backup_damaged_parts', help: 'Parts whose bytes are not those of when they were first read.', values: ({ place }) => one(place.reading?.damaged) },
]

const ofSets: readonly Gauge<BackupSetAnswer>[] = [
  { name: 'holdfast_backup_every_seconds', help: 'How far apart copies are promised (the RPO).', values: ({ every }) => seconds(every) },
  { name: 'holdfast_backup_exposure_seconds', help: 'What would be lost now: age of the newest copy that counts, in any store; absent where none does.', values: ({ exposure }) => seconds(exposure) },
  { name: 'holdfast_backup_exposure_proven_seconds', help: 'The same by copies that were really restored; absent where none was.', values: ({ exposure_proven }) => seconds(exposure_proven) },
  { name: 'holdfast_backup_score', help: 'Points of 3-2-1-1-0 that are earned, of five; what is not known earns none.', values: ({ score }) => one(score?.got) },
  { name: 'holdfast_backup_score_point', help: '1 when that point is earned, 0 when it is not; absent while it is not known.', values: ({ score }) => (score?.points ?? []).flatMap(({ id, found }) => one(truth(found)).map(([, value]): Value => [label('point', id), value])) },
  { name: 'holdfast_backup_rto_seconds', help: "How long a restore of today's size takes, by the last drills that passed; absent while none did.", values: ({ rto }) => (rto ? [[label('quantile', '0.5'), rto.p50 / 1000], [label('quantile', '0.95'), rto.p95 / 1000]] : []) },
  {
    name: 'holdfast_backup_rto_phase_seconds', help: "The same by its phases, those that grow with the size stretched to today's.",
    values: ({ rto }) => (rto?.phases ?? []).slice(0, MOST_PHASES).flatMap(({ name, p50, p95 }): Value[] => [[label('phase', name) + label('quantile', '0.5'), p50 / 1000], [label('phase', name) + label('quantile', '0.95'), p95 / 1000]]),
  },
  { name: 'holdfast_backup_rto_bytes_per_second', help: 'How fast what grows with the size went.', values: ({ rto }) => one(rto?.bytes_per_second) },
  { name: 'holdfast_backup_rto_target_seconds', help: 'How long it may take.', values: ({ rto_within }) => seconds(rto_within) },
  { name: 'holdfast_backup_drill_ok', help: '1 when the newest drill of a copy passed, 0 when it failed; absent while it is not known.', values: ({ drilled }) => one(drilled ? truth(drilled.verdict === 'passed' ? 'pass' : drilled.verdict === 'failed' ? 'fail' : 'unknown') : undefined) },
  { name: 'holdfast_backup_drill_age_seconds', help: 'How long ago the newest drill was.', values: ({ drilled }, now) => since(drilled?.at, now) },
]

const ofEngines: readonly Gauge<EngineOf>[] = [
  { name: 'holdfast_drills_proven_able_to_fail_seconds', help: 'How long ago a drill failed on a copy that was spoilt on purpose; absent when none ever did.', values: ({ failedAt }, now) => since(failedAt, now) },
  { name: 'holdfast_drills_believed', help: '0 when a drill passed a copy that was spoilt on purpose: what drills of this engine say does not count.', values: ({ believed }) => one(believed ? 1 : 0) },
]

/** All that `backupMetrics` gives, with what each is; docs/use/backups.md names just these. */
export const BACKUP_GAUGES: readonly { readonly name: string; readonly help: string }[] = [...ofPlaces, ...ofSets, ...ofEngines]

/** How backups stand; empty where none are guarded. Looks at every copy: not each second. */
export function backupMetrics(sql: Sql, sets: readonly BackupSet[], now: Now): string {
  const seen = sets.map((set) => viewBackupSet(sql, set, now, 'without runs'))
  if (seen.length === 0) return ''
  const draw = <Of>({ name, help, values }: Gauge<Of>, all: readonly (readonly [labels: string, of: Of])[]): string[] =>
    [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...all.flatMap(([labels, of]) => values(of, now).map(([more, value]) => `${name}{${labels}${more}} ${value}`))]
  const places = seen.flatMap((set) => set.places.map((place) => [`set="${escape(set.set)}",store="${escape(place.store)}"`, { set, place }] as const))
  const whole = seen.map((set) => [`set="${escape(set.set)}"`, set] as const)
  const engines = [...new Set(sets.flatMap(({ drill, engine }) => (drill ? [engine] : [])))].map((engine) => {
    const planted = loadPlanted(sql, engine)
    return [`engine="${escape(engine)}"`, { engine, failedAt: planted?.failedAt, believed: planted?.doubtedAt === undefined }] as const
  })
  return `${[...ofPlaces.map((it) => draw(it, places)), ...ofSets.map((it) => draw(it, whole)), ...ofEngines.map((it) => draw(it, engines))].flat().join('\n')}\n`
}
