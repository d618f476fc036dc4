// The page of a purge with figures in it, as whoever is asked sees it: for the test of it, and for its picture.
import { days, hours, instantOf } from '../../src/core/time.ts'
import { renderApprovalBody, standsFor } from '../../src/http/approval/screen.ts'
import { renderFrame } from '../../src/http/console/frame.ts'
import type { ApprovalLinkAnswer } from '../../src/views/agreements.ts'
import { sayPurge, type Purged } from '../../src/words/acts/purge.ts'

const NOW = instantOf(Date.parse('2026-11-22T09:30:00Z'))

/** So many objects of some tenants are asked for; one has a name that wants to be more than that. */
export function purgePage(count: number): string {
  const items = Array.from({ length: count }, (_, n): Purged => ({
    key: n === 1 ? 'customers/1004/<script>alert(1)</script>.zip' : `customers/${1003 + n}/world-${String(n).padStart(3, '0')}-2026-07-${String((n % 28) + 1).padStart(2, '0')}.tar.zst`,
    bytes: (41 + (n * 7919) % 400) * 1_048_576, tenant: n % 3 === 0 ? 'acme' : n % 5 === 0 ? null : `kunde-${1000 + (n % 17)}`, writtenAt: instantOf(NOW - days(90 + (n % 120)) - hours(n % 24)), asideSince: instantOf(NOW - days(44)), eligibleAt: instantOf(NOW - days(7) - hours(n % 30)),
  }))
  const title = `Purge ${count} objects of customer-backups`
  const hash = '9f2c4b7d1e60a83525f7c1d0b9e8a7463c5d2e1f0a9b8c7d6e5f4a3b2c1d0e9f'
  const text = sayPurge({
    called: ['object', 'objects'], from: 'customer-backups', items, release: 'holdfast reconcile release customer-backups <key>', list: 'holdfast reconcile show customer-backups --json=lines',
    proven: 'The quarantine of each is over, none has a row, and of each the copy in the other place was read, within two weeks, and holds the same bytes.', plan: 'plan_019ab3c4d5e67f8091a2b3c4d5e6f708', hash, now: NOW,
  })
  const party = (person: string, said: boolean) => ({ person, as: 'approves', said, channels: [], sent: [] })
  const view: ApprovalLinkAnswer = {
    schema: 'holdfast.approval-link/1', person: 'ada', as: 'approves', means: { totp: true, passkey: false }, timezone: 'Europe/Berlin', now: NOW, outcome: null,
    approval: {
      schema: 'holdfast.approval/1', id: 'agr_019ab3c4', what: 'guard.purge', title, text, hash, words: 'amber otter', asks: 'yes', typed: 'customer-backups', alone: false, by: 'chen', at: instantOf(NOW - hours(1)), lapsesAt: instantOf(NOW + hours(3)), state: 'open',
      endedBy: null, reason: null, agreedAt: null, endedAt: null, url: null, parties: [party('ada', false), party('bo', true)],
    },
  }
  const { title: stands, shape } = standsFor(view)
  return renderFrame({ title: stands, shape, lean: true, site: 'acme', body: renderApprovalBody({ view, path: '/approve/x' }) })
}
