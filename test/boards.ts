// Boards to test and to look at: the same data that the keeper would make, for every state that a page can be in.
import { instantOf, type Instant } from '../src/core/time.ts'
import type { Board, BoardComponent, ComponentStatus, Day, Maintenance, Statement, StatementUpdate } from '../src/rooms/tell/board.ts'

/** 21 Nov 2026, 02:31:50 in Berlin. */
export const NOW: Instant = instantOf(Date.parse('2026-11-21T01:31:50Z'))
export const at = (ms: number): Instant => instantOf(NOW + ms)
const MINUTE = 60_000
const DAY = 86_400_000

const dateBack = (n: number): string => new Date(Date.parse('2026-11-21T12:00:00Z') - n * DAY).toISOString().slice(0, 10)

/** `count` days ending today; `bad` says what else happened so many days ago, in minutes. */
export function daysOf(count: number, bad: Readonly<Record<number, Partial<Record<'down' | 'degraded' | 'unknown', number>>>> = {}): Day[] {
  return Array.from({ length: count }, (_, i) => {
    const back = count - 1 - i
    const { down = 0, degraded = 0, unknown = 0 } = bad[back] ?? {}
    const length = back === 0 ? 151 * MINUTE : DAY
    const up = Math.max(0, length - (down + degraded + unknown) * MINUTE)
    return { date: dateBack(back), up, degraded: degraded * MINUTE, down: down * MINUTE, unknown: unknown * MINUTE }
  })
}

export function componentOf(name: string, status: ComponentStatus, more: Partial<BoardComponent> = {}): BoardComponent {
  return {
    id: `cmp_${Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32)}`, name, status, unknown: false,
    since: at(status === 'operational' ? -9 * DAY : -17 * MINUTE), createdAt: at(-84 * DAY), days: daysOf(84), ...more,
  }
}

const update = (n: number, status: StatementUpdate['status'], ago: number, body: string): StatementUpdate =>
  ({ id: `upd_${String(n).padStart(32, '0')}`, status, body, at: at(-ago * MINUTE), affected: [] })

export const openStatement = (componentIds: readonly string[]): Statement => ({
  id: 'stm_0000000000000000000000000000a212', title: 'Errors on API', status: 'identified', impact: 'major', startedAt: at(-17 * MINUTE), createdAt: at(-14 * MINUTE), updatedAt: at(-4 * MINUTE),
  updates: [
    update(2, 'identified', 4, 'The database does not take writes. We are restoring it from its replica;\nnothing that was confirmed to you is lost.'),
    update(1, 'investigating', 14, 'We see errors on API since 02:14 (Europe/Berlin) and are looking into it.'),
  ],
  componentIds, nextUpdateBy: at(13 * MINUTE),
})

export const pastStatement = (n: number, title: string, ago: number, lasted: number): Statement => ({
  id: `stm_${String(n).padStart(32, '0')}`, title, status: 'resolved', impact: 'minor', startedAt: at(-ago * MINUTE), createdAt: at(-ago * MINUTE + 3 * MINUTE), updatedAt: at((-ago + lasted) * MINUTE), resolvedAt: at((-ago + lasted) * MINUTE),
  updates: [
    update(n * 10 + 3, 'resolved', ago - lasted, 'It works again and has stayed so. A certificate had been renewed on one of two servers only.'),
    update(n * 10 + 2, 'monitoring', ago - lasted + 12, 'The second server has its certificate; we are watching.'),
    update(n * 10 + 1, 'investigating', ago - 3, 'Some requests fail since the start of the hour. We are looking into it.'),
  ],
  componentIds: [],
})

const HOUR = 60 * MINUTE
/** Planned work; `from` and `lasts` in hours from now. */
export const workOf = (n: number, title: string, state: Maintenance['state'], { from, lasts, of, more = {} }: { readonly from: number; readonly lasts: number; readonly of: readonly string[]; readonly more?: Partial<Maintenance> }): Maintenance => ({
  id: `mnt_${String(n).padStart(32, '0')}`, title, state, from: at(from * HOUR), until: at((from + lasts) * HOUR), createdAt: at(Math.min(-2, from - 50) * HOUR), updatedAt: at(Math.min(-1, from - 24) * HOUR), sequence: state === 'scheduled' ? 0 : 1, componentIds: of,
  ...(state === 'scheduled' ? {} : { beganAt: at(from * HOUR) }), ...(state !== 'scheduled' && state !== 'in_progress' ? { endedAt: at((from + lasts) * HOUR) } : {}),
  updates: [
    ...(state === 'scheduled' ? [] : [{ id: `mu_${n}_2`, state, body: state === 'in_progress' ? 'The work has begun. It is to end by 21 Nov 2026 05:00 UTC+1.' : state === 'completed' ? 'The work is completed.' : state === 'ended_early' ? 'The work ended early: not all of it was done.' : 'This work does not take place at the time that was announced.', at: at(Math.min(-0.1, from) * HOUR) }]),
    { id: `mu_${n}_1`, state: 'scheduled', body: 'We add memory to the servers of the database, one after another. Requests may take a little longer; nothing should fail.', at: at(Math.min(-2, from - 50) * HOUR) },
  ],
  ...more,
})

export function boardOf(components: readonly BoardComponent[], more: Partial<Board> = {}): Board {
  return {
    id: 'brd_0000000000000000000000000000beef', name: 'Acme Hosting', url: 'https://status.acme.example', timezone: 'Europe/Berlin',
    asOf: at(-2000), measuringSince: at(-84 * DAY), components, statements: [], maintenances: [], ...more,
  }
}

const website = componentOf('Website', 'operational', { days: daysOf(84, { 49: { down: 5 } }) })
const api = componentOf('API', 'operational', { days: daysOf(84, { 29: { down: 98 }, 61: { degraded: 26 } }) })
const mail = componentOf('E-mail', 'operational', { days: daysOf(84, { 3: { unknown: 41 } }) })
const past = [pastStatement(3, 'Some requests failed', 29 * 1440 + 200, 98), pastStatement(2, 'Slow answers from the API', 61 * 1440 + 500, 26)]

export const allWell = boardOf([website, api, mail], { statements: past })
export const majorOutage = boardOf(
  [website, { ...api, status: 'major_outage', since: at(-17 * MINUTE), days: daysOf(84, { 0: { down: 17 }, 29: { down: 98 }, 61: { degraded: 26 } }) }, { ...mail, status: 'under_maintenance', since: at(-31 * MINUTE) }],
  { statements: [openStatement([api.id]), ...past] },
)
export const partly = boardOf([website, { ...api, status: 'partial_outage', since: at(-17 * MINUTE) }, { ...mail, status: 'degraded_performance', unknown: true, since: at(-6 * MINUTE) }], { statements: past })
export const notKnown = boardOf([website, api, { ...mail, status: 'degraded_performance', unknown: true, since: at(-6 * MINUTE), days: daysOf(84, { 0: { unknown: 6 }, 3: { unknown: 41 } }) }])
export const stale = { ...allWell, asOf: at(-12 * MINUTE) }
export const fresh = boardOf(['Website', 'API', 'Jobs'].map((name) => componentOf(name, 'degraded_performance', { unknown: true, days: [], since: at(-3000), createdAt: at(-3000) })), { measuringSince: at(-3000) })
export const threeDays = boardOf([componentOf('Website', 'operational', { days: daysOf(3), since: at(-2.1 * DAY) }), componentOf('API', 'operational', { days: daysOf(3, { 1: { degraded: 4 } }), since: at(-DAY) })], { measuringSince: at(-2.4 * DAY) })
export const openButWell = boardOf([website, api, mail], { statements: [{ ...openStatement([api.id]), status: 'monitoring' }, ...past] })

export const partOut = boardOf([website, { ...api, status: 'partial_outage', since: at(-17 * MINUTE), days: daysOf(84, { 0: { degraded: 17 }, 61: { degraded: 26 } }) }, mail], { statements: past })
export const nothingShown = boardOf([])
export const promiseMissed = boardOf(majorOutage.components, { statements: majorOutage.statements.map((s) => (s.nextUpdateBy === undefined ? s : { ...s, nextUpdateBy: at(-9 * MINUTE) })) })

/** Planned work in every state: one goes on, one is to come, one should have begun, two are over. */
export const atWork = boardOf([website, { ...api, status: 'under_maintenance', since: at(-0.5 * HOUR) }, mail], {
  statements: past,
  maintenances: [
    workOf(1, 'More memory for the database', 'in_progress', { from: -0.5, lasts: 3, of: [api.id] }), workOf(2, 'A new switch in rack 1', 'scheduled', { from: -1, lasts: 4, of: [mail.id] }),
    workOf(3, 'Upgrade of the web servers', 'scheduled', { from: 71.5, lasts: 3, of: [website.id, api.id] }), workOf(4, 'New certificates', 'completed', { from: -300, lasts: 1, of: [website.id] }),
    workOf(5, 'Move to the new data centre', 'cancelled', { from: -100, lasts: 8, of: [] }),
  ],
})
/** The same component is down while it is worked on. */
export const downAtWork = boardOf([website, { ...api, status: 'major_outage', since: at(-4 * MINUTE) }, mail], { statements: [openStatement([api.id]), ...past], maintenances: atWork.maintenances })

/** Names of every kind that people give: long ones, right to left, without a space, with pictures. */
const NAMES = [
  'Kundenverwaltungsoberflächenauthentifizierungsdienst für Bestandskunden in Mitteleuropa', 'موقع الويب الرئيسي', 'שירות התשלומים (API)', '🚀 Deployments 👩🏽‍💻',
  'a-name-without-any-space-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on', '日本語の決済サービス', 'E',
]
export const named = boardOf(
  NAMES.map((name, i) => componentOf(name, i === 1 ? 'major_outage' : i === 4 ? 'partial_outage' : 'operational', { id: `cmp_${i}`, days: daysOf(90, { [i * 3]: { down: 31 * i } }) })),
  { name: 'Łódź & שָׁלוֹם Hosting 🌍', statements: [{ ...openStatement(['cmp_1', 'cmp_4']), title: 'انقطاع في موقع الويب الرئيسي — some requests fail' }, ...past] },
)

export const many = boardOf(
  Array.from({ length: 64 }, (_, i) => componentOf(`Shop ${String(i + 1).padStart(2, '0')} · eu-${i % 3}`, i === 11 ? 'major_outage' : 'operational', { days: daysOf(90, i % 9 === 0 ? { [i]: { down: 12 } } : {}) })),
  { statements: [openStatement([]), ...past] },
)

/** The size that the page is bounded for: 20 components, 90 days, 10 statements. */
export const large = boardOf(
  Array.from({ length: 20 }, (_, i) => componentOf(`Component ${i + 1} in region eu-central`, i === 4 ? 'major_outage' : i === 7 ? 'partial_outage' : 'operational', {
    days: daysOf(90, { [i % 11]: { down: 3 + i }, [20 + i]: { degraded: 12 }, [50 + (i % 7)]: { unknown: 9 }, 77: { down: 44 } }),
  })),
  { statements: [openStatement([]), ...Array.from({ length: 9 }, (_, i) => pastStatement(i + 1, `Slow answers in region eu-central (${i + 1})`, (i + 1) * 9 * 1440, 40 + i))] },
)
