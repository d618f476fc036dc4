// `holdfast backups`: what copies there are of what, where, how old, and what was proven of them.
import type { BackupAnswer, BackupPlaceAnswer, BackupsAnswer, BackupSetAnswer, DoneAnswer, RetentionAnswer, ReadingAnswer, WholeAnswer } from '../../views/backups.ts'
import { BACKUP_SHAPES } from '../../words/backups.ts'
import { saySize } from '../../words/size.ts'
import { saySpan } from '../../words/moment.ts'
import { EXIT, Failure } from '../failure.ts'
import { plain, type Cell } from '../output.ts'
import { ask, segment, textOption, type Command, type Session } from '../session.ts'

const LONGEST_READING = 24 * 3_600_000
const TELL_EVERY = 10_000
const ASK_EVERY = 1000

/** 3 when one of them is not as it should be, or is not known. */
export const exitOf = (sets: readonly BackupSetAnswer[]): number => (sets.some(({ state }) => state !== 'ok' && state !== 'new') ? EXIT.down : EXIT.fine)

const rungOf = ({ rung, proven_at }: BackupAnswer, { out }: Session): string => (proven_at === null ? `L${rung}` : `L${rung}, ${out.ago(proven_at)} ago`)

/** What its source held: tables and rows, and how well that is known. */
function manifestOf({ manifest }: BackupAnswer): string {
  if (!manifest) return ''
  const { rows: { least, most }, tables, how } = manifest
  return tables === 0 ? 'manifest' : `${least === most ? least : `${least}–${most}`} rows in ${tables} tables${how === 'bracketed' ? ', bracketed' : ''}`
}

/** What is wrong, and of when that is known where nobody can see it now. */
function sayPlace({ state, says, unseen, listed_at }: BackupPlaceAnswer, { out }: Session): string {
  const wrong = state === 'ok' ? '' : says
  if (unseen === null || state === 'unknown' || listed_at === null) return wrong
  return `${wrong === '' ? '' : `${wrong}; `}as of ${out.ago(listed_at)} ago, and now not known: ${unseen}`
}

export const placeRow = (session: Session, set: string, it: BackupPlaceAnswer): Cell[] => [
  session.out.shape(BACKUP_SHAPES[it.state]), set, it.store, it.state, it.newest === null ? '' : `${saySize(it.newest.bytes)}, ${session.out.ago(it.newest.at)} old`,
  it.newest === null ? '' : rungOf(it.newest, session), `${it.counted} of ${it.copies}`, sayPlace(it, session),
]

/** What lies in a bucket that is itself the copy. */
const sayWhole = ({ objects, odd, versioning, lock }: WholeAnswer): string =>
  `${objects.toLocaleString('en')} objects${odd > 0 ? `, ${odd} with names that cannot be asked for` : ''}; versions ${versioning}, lock ${lock}, as the store says`

const list: Command = async (session) => {
  const body = await ask<BackupsAnswer>(session, 'GET', '/backups')
  const { out } = session
  out.answer(body, () => {
    if (body.sets.length === 0) return out.talk('No backups are guarded: name them under “backups” in the configuration (docs/use/backups.md).')
    out.table(body.sets.flatMap((set) => set.places.map((place) => placeRow(session, set.set, place))), ['', 'Set', 'Store', 'State', 'Newest', 'Proven', 'Count', ''])
  })
  return exitOf(body.sets)
}

/** What nothing that is there proves; a copy that was restored may be gone. */
function sayUnproven({ passed }: BackupSetAnswer, out: Session['out']): string {
  if (passed === null || passed === undefined) return 'everything: no drill that is believed has passed'
  const last = `everything: the last drill that passed was of ${plain(passed.copy)}, ${out.ago(passed.at)} ago`
  return passed.gone ? `${last}; that copy is gone` : `${last}; it does not count now, or was not restored as a whole`
}

/** What lies aside, since when, when it may go for good, and how it comes back. */
function drawAside({ out }: Session, { set, aside }: BackupSetAnswer): void {
  if (!aside) return
  out.data()
  out.data(`Set aside: ${aside.count}${aside.count > aside.shown.length ? `, of which ${aside.shown.length} are shown` : ''}. One comes back with: holdfast backups release ${plain(set)} <copy>   all of it with: holdfast backups release ${plain(set)} --all`)
  out.table(aside.shown.map((it): Cell[] => ['-', it.copy, it.store, saySize(it.bytes), `since ${out.moment(it.since)}`, it.removable ? 'two people may remove it for good' : it.eligible_at === null ? '' : `goes at the earliest ${out.moment(it.eligible_at)}, and only if two people say so`, it.why]))
}

/** Size against what was usual, and what was proven of an older copy where that is more than of the newest. */
function sayHistory({ newest, usual_bytes, proven }: BackupPlaceAnswer, { out }: Session): string {
  const size = newest === null || usual_bytes === null || usual_bytes === 0 ? '' : `the newest has ${Math.round((100 * newest.bytes) / usual_bytes)} % of the usual ${saySize(usual_bytes)}`
  const best = newest === null || proven === null || proven.rung <= newest.rung ? '' : `proven highest is ${plain(proven.copy)}: L${proven.rung}, ${out.ago(proven.at)} ago`
  return [size, best].filter((it) => it !== '').join('; ')
}

const show: Command = async (session, [name = '']) => {
  const body = await ask<BackupSetAnswer>(session, 'GET', `/backups/${segment(name)}`)
  const { out } = session
  out.answer(body, () => {
    out.table([['Set', ['strong', body.set]], ['Made by', body.engine], ...(body.of === null ? [] : [['Copy of', body.of]]), ['Due', `every ${saySpan(body.every)}`], ['Would be lost now', body.exposure === null ? 'everything: no copy counts' : `the last ${saySpan(body.exposure)}`],
      ['Of what was restored', typeof body.exposure_proven === 'number' ? `the last ${saySpan(body.exposure_proven)}` : sayUnproven(body, out)],
      ...(body.score ? [['3-2-1-1-0', `${body.score.says}${body.score.points.filter(({ found }) => found !== 'pass').map((it) => `; ${it.says}`).join('')}`]] : []),
      ['A restore takes', body.rto ? `${saySpan(body.rto.p50)}, at worst ${saySpan(body.rto.p95)} (by ${body.rto.drills} ${body.rto.drills === 1 ? 'drill' : 'drills'}, for today’s size)` : 'not known: no drill of the whole has passed'], ...(body.rto_within === undefined ? [] : [['It may take', saySpan(body.rto_within)]]), ['Written in', body.from]])
    out.data()
    out.table(body.places.map((place) => placeRow(session, place.name, place)))
    for (const place of body.places) if (sayHistory(place, session) !== '') out.data(`${place.store}: ${sayHistory(place, session)}`)
    for (const { store, odd } of body.places) if (odd !== null) out.data(`${odd.count} in ${store} cannot be asked for by name, and ${odd.count === 1 ? 'is' : 'are'} counted as nobody's: ${odd.shown.join('; ')}`)
    if (body.places.some(({ whole }) => whole)) out.data()
    out.table(body.places.flatMap(({ store, whole }): Cell[][] => (whole ? [[store, sayWhole(whole), whole.newest_write === null ? '' : `newest ${out.moment(whole.newest_write)}`]] : [])))
    out.data()
    out.table((body.copies ?? []).map((copy): Cell[] => [
      out.shape(copy.counted ? 'ok' : 'unknown'), copy.copy, copy.store, saySize(copy.bytes), out.moment(copy.at), rungOf(copy, session), manifestOf(copy), copy.why,
    ]))
    drawAside(session, body)
    if (!body.runs) return
    out.data()
    out.table(body.runs.map((run): Cell[] => [out.shape(run.exit === 0 ? 'ok' : 'down'), run.command, out.moment(run.from), saySpan(run.to - run.from), run.exit === 0 ? '' : `exit ${run.exit}`, run.manifest ? 'manifest' : 'no manifest', run.says]))
  })
  return exitOf([body])
}

const sayReading = ({ damaged, due, bytes_due, oldest_unread, never_read, parts: all, failing }: ReadingAnswer, { out }: Session): string => {
  const ago = oldest_unread === null ? '' : out.ago(oldest_unread)
  const age = ago === '' ? '' : never_read === 0 ? `every byte read within the last ${ago === 'under 1 s' ? 'second' : ago}` : never_read === null ? `some byte not read for ${ago}` : `${never_read} of ${all} parts were never read`
  const parts = [damaged > 0 ? `${damaged} parts damaged` : '', due > 0 ? `${saySize(bytes_due)} to be read` : '', age, failing === null ? '' : `could not be read: ${plain(failing)}`]
  return parts.filter((it) => it !== '').join('; ')
}

/** Has a set read, and waits until nothing is due any more. */
const verify: Command = async (session, [name = ''], options) => {
  const { out } = session
  const until = session.now() + (session.timeout ?? LONGEST_READING)
  let body = await ask<BackupSetAnswer>(session, 'POST', `/backups/${segment(name)}/verify`, options['all'] === true ? { all: true } : {})
  const left = (): number => body.places.reduce((sum, { reading }) => sum + (reading?.bytes_due ?? 0), 0)
  const isDue = (): boolean => body.places.some(({ reading }) => (reading?.due ?? 0) > 0)
  for (let told = 0; isDue() && options['wait'] !== false; ) {
    const failing = body.places.map(({ reading }) => reading?.failing ?? '').find((it) => it !== '')
    if (session.now() > until) throw new Failure(`${saySize(left())} are still to be read${failing === undefined ? '' : `; what was tried could not be: ${plain(failing)}`}.`, { exit: EXIT.down, code: 'HF-C022', help: 'It goes on: holdfast backups show says how far it is.' })
    if (session.now() - told > TELL_EVERY) {
      told = session.now()
      out.talk(`${saySize(left())} to be read`)
    }
    await new Promise((resolve) => void setTimeout(resolve, ASK_EVERY))
    body = await ask<BackupSetAnswer>(session, 'GET', `/backups/${segment(name)}`)
  }
  // What could not be read last time is not known, also where it is only due again later.
  const isFailing = ({ reading }: BackupSetAnswer['places'][number]): boolean => typeof reading?.failing === 'string'
  out.answer(body, () => out.table(body.places.map((place): Cell[] => [out.shape(place.state === 'ok' && isFailing(place) ? 'unknown' : BACKUP_SHAPES[place.state]), place.store, place.state, place.reading === null ? '' : sayReading(place.reading, session), place.state === 'ok' ? '' : place.says])))
  return body.places.some(isFailing) ? EXIT.down : exitOf([body])
}

const MARKS = { quarantine: '-', keep: '~', never: '?' } as const

/** Each plan with every copy, and what lies aside. */
/** What of it goes on schedule, and by whose word. */
function scheduleOf(out: Session['out'], { set, store, schedule: { mode, clean, wants, armed_by, armed_at, because, every } }: RetentionAnswer['plans'][number]): string {
  const armed = armed_by.length === 0 ? '' : `armed by ${armed_by.map(plain).join(' and ')}, ${out.moment(armed_at)}`
  switch (mode) {
    case 'armed': return `${armed}: what could go is set aside on schedule, every ${saySpan(every)}`
    case 'latched': return `its breaker is open: ${because.map(plain).join('; ')}. Two people close it: holdfast backups close-breaker ${set} --store ${store} -m "why"`
    case 'report': return clean < wants ? `only reports: ${clean} of ${wants} clean runs, one every ${saySpan(every)}` : `only reports: two people may let it go on schedule: holdfast backups arm ${set} --store ${store}`
  }
}

export function drawPlans({ out }: Session, { plans }: RetentionAnswer): void {
  for (const it of plans) {
    out.data(`${it.set} in ${it.store}: ${it.refusals.length > 0 ? 'refused, nothing of it may go' : `- ${it.totals.quarantine} could go (${saySize(it.totals.bytes)})   ~ ${it.totals.keep} kept   ? ${it.totals.never} never   ${it.id}`}`)
    out.data(`  ${scheduleOf(out, it)}`)
    // What nobody has tried out is told as that, before anybody arms it.
    if (it.schedule.mode === 'report' && it.schedule.tried) out.data(`  what ${it.store} can do: ${plain(it.schedule.tried.says)}`)
    for (const { text, cure } of it.refusals) {
      out.data(`  ${out.paint('down', '!')} ${plain(text)}`)
      out.data(`    ${plain(cure)}`)
    }
    out.table(it.items.map((item): Cell[] => [`  ${item.refused === true ? '!' : MARKS[item.act]}`, item.key, item.bytes === null ? '' : saySize(item.bytes), out.moment(item.at), item.why]))
    const { aside } = it
    if (aside.items.length === 0) continue
    out.data(`  set aside: ${aside.items.length}${aside.totals.purge > 0 && aside.refusals.length === 0 ? `, of which ${aside.totals.purge} (${saySize(aside.totals.bytes)}) may be removed by two people: holdfast backups purge ${aside.id}` : ''}`)
    out.table(aside.items.map((item): Cell[] => [`  ${item.act === 'purge' ? '-' : '~'}`, item.key, saySize(item.bytes), out.moment(item.since), item.why]))
  }
}

/** 5 when one is refused, 4 when something could go. */
export const exitOfPlans = ({ plans }: RetentionAnswer): number =>
  plans.some(({ refusals }) => refusals.length > 0) ? EXIT.refused : plans.some(({ totals, aside }) => totals.quarantine + aside.totals.purge > 0) ? EXIT.pending : EXIT.fine

const plan: Command = async (session, [name = ''], options) => {
  const store = textOption(options, 'store')
  const body = await ask<RetentionAnswer>(session, 'GET', `/backups/${segment(name)}/plan${store === undefined ? '' : `?${new URLSearchParams({ store }).toString()}`}`)
  const { out } = session
  out.answer(body, () => {
    drawPlans(session, body)
    const open = body.plans.filter(({ refusals }) => refusals.length === 0)
    if (open.length > 0) out.talk(`Nothing was done: a plan only says what could be. ${open.some(({ totals }) => totals.quarantine > 0) ? 'holdfast backups apply <plan> does it.' : ''}`.trimEnd())
    else out.talk('Nothing was done, and nothing of it can be while it is refused.')
  })
  return exitOfPlans(body)
}

const hold: Command = async (session, [set = '', copy = ''], options) => {
  const reason = textOption(options, 'message')
  return done(session, await ask<DoneAnswer>(session, 'POST', `/backups/${segment(set)}/hold`, {
    copy, person: session.person.name, ...(options['end'] === true ? { end: true } : {}), ...(reason === undefined ? {} : { reason: session.message(reason) }),
  }))
}

const acceptGone: Command = async (session, [set = '', store = '', seen], options) =>
  done(session, await ask<DoneAnswer>(session, 'POST', `/backups/${segment(set)}/accept-gone`, { store, ...(seen === undefined ? {} : { seen }), reason: session.message(textOption(options, 'message') ?? ''), person: session.person.name }))

function done({ out }: Session, body: DoneAnswer): number {
  out.answer(body, () => out.talk(plain(body.says)))
  return EXIT.fine
}

const acceptMost: Command = async (session, [set = '', store = '', copies = ''], options) =>
  done(session, await ask<DoneAnswer>(session, 'POST', `/backups/${segment(set)}/accept-most`, { store, most: Number(copies), reason: session.message(textOption(options, 'message') ?? ''), person: session.person.name }))

export { list, show, verify, plan, hold, acceptGone, acceptMost }
