// Restore reports as drills leave them, made by the product's own hand from what a drill says: for pictures, and for whoever looks them over.
import { instantOf, ms } from '../../src/core/time.ts'
import type { DrillReport } from '../../src/rooms/guard/drills/report.ts'
import { restoreReport, signedText, type SignedReport } from '../../src/rooms/guard/drills/restore-report.ts'
import { signerOf } from '../../src/rooms/guard/drills/signature.ts'
import type { BackupSet } from '../../src/rooms/guard/sets/set.ts'

const AT = Date.UTC(2026, 10, 20, 3, 12, 5)
const SET: BackupSet = {
  name: 'shop', engine: 'postgres', of: 'shop-db', in: [{ store: 'offsite', pattern: { text: 'pg/shop-{date}.dump', prefix: 'pg/shop-' }, offsite: true }], every: ms(86_400_000), grace: ms(7_200_000),
  escalate: 'default', from: 'holdfast.yaml:9', rto: ms(3_600_000),
}
const GOOD: DrillReport = {
  schema: 'holdfast.drill/1', set: 'shop', store: 'offsite', copy: 'pg/shop-2026-11-20.dump', engine: 'postgres', copy_at: instantOf(AT - 4_000_000), at: instantOf(AT), verdict: 'passed', rung: 6, says: '',
  phases: [{ name: 'fetch', ms: 41_200 }, { name: 'structure', ms: 910 }, { name: 'restore', ms: 388_000 }, { name: 'integrity', ms: 95_300 }, { name: 'assertions', ms: 130 }],
  asserts: [{ text: 'select count(*) > 0 from orders', found: 'pass' }, { text: 'select max(created_at) from orders within 25 h of the copy', found: 'pass', at: instantOf(AT - 4_031_000) }, { text: 'public.orders holds 48210 rows', found: 'pass' }],
  engine_said: '', torn_down: true, bytes: 1_932_735_283, etag: '"9b2cf535f27731c974343645a3985328"', sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
}

const reportOf = (report: DrillReport): SignedReport => JSON.parse(signedText(restoreReport({
  report, set: SET, versionId: '3HL4kqtJlcpXroDTDmJ-rmSpXd3dIbrHY', by: 'ada', ended: instantOf(AT + 530_000), node: 'node_019a8f3c5d1e7b42a6c0', version: '0.4.0',
  rto: { is: 'known', drills: 12, whole: { p50: ms(541_000), p95: ms(702_000) }, phases: [], bytesPerSecond: 4_000_000 },
}), signerOf(new Uint8Array(32).fill(7)))) as SignedReport

export const hostile = (text: string): SignedReport => reportOf({
  ...GOOD, set: text, copy: text, engine: text, says: text, verdict: 'failed', etag: text, engine_said: text, held: { of: text, at: instantOf(AT) }, phases: [{ name: text, ms: 1 }], asserts: [{ text, found: 'fail', says: text }],
})

export const ALL: Readonly<Record<string, SignedReport>> = {
  passed: reportOf(GOOD),
  failed: reportOf({
    ...GOOD, verdict: 'failed', rung: 3, says: 'the copy cannot be restored', phases: GOOD.phases.slice(0, 3), asserts: [],
    engine_said: 'pg_restore: error: COPY failed for table "orders": ERROR:  duplicate key value violates unique constraint "orders_pkey"\nDETAIL:  Key (id)=(48211) already exists.',
  }),
  unknown: reportOf({ ...GOOD, verdict: 'unknown', rung: 0, says: 'no PostgreSQL is installed here', phases: [], asserts: [], bytes: 0, sha256: '' }),
  planted: reportOf({ ...GOOD, verdict: 'failed', rung: 1, says: 'the archive cannot be read', planted: 'its last 40 % were cut off', asserts: [] }),
}
