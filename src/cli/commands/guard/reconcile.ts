// `holdfast reconcile`: a bucket held against the rows of a database. `plan` runs now, waits and prints what would be done with each object and why;
// the delete count stands first. A plan that is refused says by what, and how to mend it; nothing is ever done from here.
import { createReadStream } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { NOT_COMPARED } from '../../../rooms/guard/reconcile/checks.ts'
import { linesOf } from '../../../rooms/guard/reconcile/lines.ts'
import { partsOf } from '../../../rooms/guard/reconcile/plan.ts'
import type { ActsAnswer } from '../../../views/acts.ts'
import type { PlanItemsAnswer, ReconcileAnswer, ReconcileRunAnswer, ReconcilesAnswer } from '../../../views/reconciles.ts'
import { saySpan } from '../../../words/moment.ts'
import { saySize } from '../../../words/size.ts'
import { EXIT, Failure } from '../../failure.ts'
import { plain, type Cell, type Shape } from '../../output.ts'
import { ask, segment, type Command, type Session } from '../../session.ts'

/** Between two looks at a run. */
const PAUSE = 500
/** Items that are drawn for people; the file has all of them. */
const MOST_DRAWN = 200
/** How the acts of a plan are drawn. */
export const SIGNS: Readonly<Record<string, string>> = { release: '+', keep: '~', quarantine: '-', purge: '-', never: '?', gap: '!', gone: '!' }
/** What the signs mean; the word beside each is the act's own, as in --json. A release is an adoption: a row names the object again, and it comes back. */
export const LEGEND = '+ adopt: a row names it again (release)   ~ keep for now   - quarantine, or purge   ? never touched   ! a row without its object, or gone'
const SHAPES: Readonly<Record<string, Shape>> = { pass: 'ok', fail: 'down', unknown: 'unknown' }

type Run = ReconcileRunAnswer & { readonly plan: NonNullable<ReconcileRunAnswer['plan']> }

const isPlan = (run: ReconcileRunAnswer | null): run is Run => run !== null && run.plan !== null

/** 5 refused, 4 acts planned, 0 nothing; 3 where no run came to its end. */
function exitOf(run: ReconcileRunAnswer | null, isLeft = true): number {
  if (!isPlan(run)) return EXIT.down
  const { refusals, totals } = run.plan
  return refusals.length > 0 ? EXIT.refused : !isLeft ? EXIT.fine : totals.quarantine + totals.purge + totals.release > 0 ? EXIT.pending : EXIT.fine
}

const plan: Command = async (session, [name = ''], options) => {
  const { out } = session
  const at = `/reconcile/${segment(name)}`
  const before = (await ask<ReconcileAnswer>(session, 'GET', at)).latest?.at
  let told = ''
  const begun = await ask<ReconcileAnswer>(session, 'POST', `${at}/run`).catch((cause: unknown) => notRun(cause))
  if (begun instanceof Failure) {
    if (out.json) out.data(JSON.stringify({ schema: 'holdfast.refusal/1', code: begun.code, reasons: [{ id: 'run', found: 'unknown', text: begun.message, evidence: [], cure: `No run was made, and nothing was touched. ${REACHABLE}` }] }))
    else for (const line of [`Refused: ${begun.message}`, '  → No run was made, and nothing was touched.', `  → ${REACHABLE}`]) out.data(line)
    return EXIT.refused
  }
  for (let it = begun; ; it = await ask<ReconcileAnswer>(session, 'GET', at)) {
    if (it.running === null) {
      if (it.latest === null || it.latest.at === before) throw new Failure('No run came to its end.', { exit: EXIT.down, code: 'HF-C030', help: 'holdfast reconcile show says what stands in the way' })
      await print(session, it, it.latest, options['jsonLines'] === true)
      return exitOf(it.latest)
    }
    if (it.running !== told) out.talk(`${name}: ${it.running}`)
    told = it.running
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
}

const REACHABLE = 'What was armed stays armed, and runs go on by themselves as soon as that is over.'

/** A run that is refused before it begins is a refusal like any other, for whoever reads stdout. */
function notRun(cause: unknown): Failure {
  if (cause instanceof Failure && cause.code === 'HF490') return cause
  throw cause
}

const show: Command = async (session, [name], options) => {
  if (name === undefined) {
    const body = await ask<ReconcilesAnswer>(session, 'GET', '/reconcile')
    session.out.answer(body, () => {
      if (body.reconciles.length === 0) return session.out.talk('Nothing is reconciled: name it under “reconcile” in the configuration (docs/use/reconcile.md).')
      session.out.table(body.reconciles.map((it) => rowOf(session, it)), ['', 'Reconcile', 'Store', 'Catalogue', 'Last run', 'Mode', ''])
    })
    const exits: readonly number[] = await Promise.all(body.reconciles.map((it) => exitOfShown(session, it, () => undefined)))
    return WORST_FIRST.find((one) => exits.includes(one)) ?? EXIT.fine
  }
  const body = await ask<ReconcileAnswer>(session, 'GET', `/reconcile/${segment(name)}`)
  if (options['jsonLines'] === true && isPlan(body.latest)) {
    for await (const line of itemsOf(session, body.latest)) session.out.data(line)
    // The items themselves are as they were found, however long ago.
    if (body.late) session.out.complain(plain(saysLate(session, body, body.latest.at)))
  } else if (session.out.json) session.out.answer(body, () => undefined)
  else {
    draw(session, body)
    if (isPlan(body.latest)) await drawPlan(session, body, body.latest)
  }
  return exitOfShown(session, body, (line) => session.out.talk(line))
}

/** What a safety rule refuses first, then what nobody knows, then what is planned. */
const WORST_FIRST: readonly number[] = [EXIT.refused, EXIT.down, EXIT.pending]

/** What was refused or is still to be done is that also where the last run is old: only that all was well is worth nothing then. */
async function exitOfShown(session: Session, { latest, running, late, breaker, returning }: ReconcileAnswer, say: (line: string) => void): Promise<number> {
  if (breaker.is === 'open') return EXIT.refused
  const exit = exitOf(latest, running === null && isPlan(latest) && isLive(latest) ? await left(session, latest, say) : undefined)
  if (exit === EXIT.refused) return exit
  if (returning.some(({ state }) => state === 'held')) return EXIT.down
  return exit === EXIT.fine && late ? EXIT.down : exit === EXIT.fine && returning.length > 0 ? EXIT.pending : exit
}

const saysLate = ({ out }: Session, { every, running }: ReconcileAnswer, at: ReconcileRunAnswer['at']): string =>
  `How it stands is not known: the last run is ${out.ago(at)} old, and one is due every ${saySpan(every)}${running === null ? '' : `; one is under way: ${running}`}`

const isLive = ({ plan: { mode, refusals } }: Run): boolean => mode === 'armed' && refusals.length === 0

/** What of a plan is still to be done; a plan stands as it was made, also when all of it is done. */
async function left(session: Session, run: Run, say: (line: string) => void): Promise<boolean> {
  const { waiting, under_way, over, held, totals, agreement } = await ask<ActsAnswer>(session, 'GET', `/acts/${segment(run.plan.id)}`)
  const asked = totals.purge > 0 && agreement === null
  if (over + held.length > 0 && !session.out.json) say(`Of this plan ${over} are done, ${waiting + under_way} still wait, ${held.length} were held${asked ? `, ${totals.purge} wait for two people` : ''}: holdfast reconcile apply ${run.plan.id}`)
  return waiting + under_way > 0 || asked
}

/** What a run found is worth no more than was promised: then nobody knows how it stands. */
const stateOf = ({ latest, late }: ReconcileAnswer): Shape => (!isPlan(latest) || late ? 'unknown' : latest.plan.refusals.length > 0 ? 'down' : 'ok')

function rowOf({ out }: Session, it: ReconcileAnswer): Cell[] {
  const { latest } = it
  const said = !isPlan(latest) ? (latest?.said[0] ?? 'never ran') : latest.plan.refusals.length > 0 ? `refused: ${latest.said[0] ?? latest.plan.refusals[0]?.text ?? ''}` : ''
  const says = [it.late ? `not known now: one is due every ${saySpan(it.every)}` : '', said].filter((one) => one !== '').join('; ')
  return [out.shape(stateOf(it)), it.reconcile, `${it.store}/${it.prefix}`, it.catalogue, latest === null ? '' : `${out.ago(latest.at)} ago`, it.breaker.is === 'open' ? 'latched' : it.armed_by === null ? 'report' : 'armed', says]
}

function draw(session: Session, it: ReconcileAnswer): void {
  const { out } = session
  out.table([
    ['Reconcile', ['strong', it.reconcile]], ['Store', `${it.store}, ${it.prefix === '' ? 'all of it' : it.prefix}`], ['Catalogue', it.catalogue], ['Runs', `every ${saySpan(it.every)}`],
    ['Armed', it.armed_by === null ? `no: it only reports; ${it.clean_runs} clean ${it.clean_runs === 1 ? 'run' : 'runs'} in a row` : `by ${it.armed_by.join(' and ')}`],
    ['Breaker', it.breaker.is === 'open' ? `open: ${it.breaker.because.join('; ')}` : it.breaker.is === 'half' ? 'half open' : 'closed'], ['Written in', it.from],
  ])
  if (it.late && it.latest !== null) out.data(out.paint('unknown', saysLate(session, it, it.latest.at)))
  for (const { what, seen, says } of it.acceptable) out.talk(`A person may accept: ${what} (${seen}): ${says}`)
  for (const { key, by, state, says } of it.returning) {
    out.data(`${state === 'held' ? out.paint('down', 'held') : state}, to be brought back: ${plain(key)}, ${by === null ? 'its row is back' : `${plain(by)} wants it`}${says === '' ? '' : `: ${plain(says)}`}`)
    if (state === 'held') out.data(`  → see what stands there now; holdfast reconcile release ${it.reconcile} ${plain(key)} tries it again`)
  }
  for (const { what, seen, by, at, lapses } of it.accepted) out.data(`accepted: ${what} ${plain(seen)}, by ${by}, ${out.ago(at)} ago${lapses === null ? '; the next run takes it in' : `, until ${out.moment(lapses)}`}`)
  out.data()
}

async function print(session: Session, it: ReconcileAnswer, run: ReconcileRunAnswer, lines: boolean): Promise<void> {
  const { out } = session
  if (!isPlan(run)) {
    if (out.json) out.data(JSON.stringify({ schema: 'holdfast.refusal/1', code: 'HF490', reasons: run.said.map((text) => ({ id: 'run', found: 'unknown', text, evidence: [], cure: 'Let it run again; if it stays so, see docs/use/reconcile.md.' })) }))
    else for (const says of run.said) out.data(says)
    return
  }
  if (!out.json) return drawPlan(session, it, run)
  const { refusals, ...head } = run.plan
  if (refusals.length > 0) return out.data(JSON.stringify({ schema: 'holdfast.refusal/1', code: 'HF490', plan: head.id, reasons: refusals.map(({ id, found, text, evidence, cure }) => ({ id, found, text, evidence, cure })) }))
  if (lines) {
    for await (const line of itemsOf(session, run)) out.data(line)
    return
  }
  // Item by item: a plan of a million is never held.
  let text = `${JSON.stringify({ schema: 'holdfast.reconcile.plan/1', ...head, refusals, summary: run.summary }).slice(0, -1)},"items":[`
  let first = true
  for await (const line of itemsOf(session, run)) {
    out.data(text + (first ? '' : ',') + line)
    text = ''
    first = false
  }
  out.data(`${text}]}`)
}

/** The items of a plan, each as its line: out of its file where that can be opened here, and else as the server gives them, page by page. */
async function* itemsOf(session: Session, { path, plan: head }: Run): AsyncGenerator<string> {
  if (Object.entries<number>({ ...head.totals, bytes: 0 }).reduce((sum, [, n]) => sum + n, 0) === 0) return
  if (path === null || !(await access(path, constants.R_OK).then(() => true, () => false))) {
    const at = `/reconcile/${segment(head.reconcile)}/plan/items?plan=${segment(head.id)}`
    for (let from: number | null = 0; from !== null;) {
      const page: PlanItemsAnswer = await ask<PlanItemsAnswer>(session, 'GET', `${at}&from=${from}`)
      for (const item of page.items) yield JSON.stringify(item)
      from = page.next
    }
    return
  }
  let before: string | undefined
  for await (const line of linesOf(createReadStream(path) as AsyncIterable<Uint8Array>)) {
    if (before !== undefined) yield before
    // The last line is the seal.
    before = line
  }
}

async function drawPlan(session: Session, { reconcile, tried }: ReconcileAnswer, run: Run): Promise<void> {
  const { out } = session
  const { plan: head, summary } = run
  const { totals } = head
  const weight = (act: string): string => saySize(summary?.acts[act]?.bytes ?? 0)
  // Without all three readings there are no counts: what was written before that was known is void.
  if (run.objects !== null) {
    out.data(out.paint('strong', `${totals.quarantine + totals.purge} to delete: ${totals.quarantine} put aside (${weight('quarantine')}), ${totals.purge} purged (${weight('purge')})`))
    out.data(`${totals.release} brought back, ${totals.keep} kept for now (${weight('keep')}), ${totals.never} never touched, ${totals.gaps} rows without their object, ${totals.gone} gone`)
  }
  out.data(`${run.objects ?? 'no'} objects against ${run.rows ?? 'no'} rows · plan ${head.id} of ${reconcile}, ${out.ago(run.at)} old · mode ${head.mode} · ${head.hash.slice(0, 16)}`)
  if (head.mode === 'report' && head.refusals.length === 0) out.data('It only reports: nothing of it is done.')
  if (head.mode === 'report' && tried) out.data(`What its store can do: ${plain(tried.says)}`)
  const blind = head.checks.find(({ found, text }) => found === 'pass' && text.endsWith(NOT_COMPARED))
  if (blind) out.data(out.paint('unknown', `${blind.id}: ${blind.text}`))
  // What a refusal says is not said twice.
  for (const says of run.said) if (!head.refusals.some(({ text }) => text.includes(says))) out.data(out.paint('down', says))
  if (run.objects !== null && (summary?.tenants.length ?? 0) > 0) {
    out.data()
    out.table((summary?.tenants ?? []).map((it): Cell[] => [it.tenant, `${it.count}`, saySize(it.bytes)]), ['Tenant', 'Objects', 'Size'])
  }
  if (head.refusals.length > 0) {
    out.data()
    out.data(out.paint('down', totals.release > 0 ? 'Refused; nothing of it is ever put aside or purged. What comes back comes back all the same:' : 'Refused; nothing of it is ever done:'))
    // What is known to be wrong first: the rest mostly follows from it, and all of it where something could not be read.
    const [causes, follows] = partsOf(head.refusals, run.objects !== null)
    for (const { id, found, text, cure, evidence } of causes.toSorted((x, y) => Number(x.found === 'unknown') - Number(y.found === 'unknown'))) {
      out.table([[out.shape(SHAPES[found] ?? 'unknown'), id, text]])
      for (const [n, seen] of evidence.slice(0, 5).entries()) out.table([['  ', ['soft', `seen: ${seen.subject} by ${seen.observer}${whichRead(evidence, n)}, ${out.moment(seen.at)}`]]])
      out.table([['  ', `→ ${cure}`]])
    }
    if (follows.length > 0) out.table([['  ', ['soft', `because of that nothing is known of: ${follows.map(({ id }) => id).join(', ')}`]]])
    for (const [what, columns] of Object.entries(run.columns)) if (columns.length > 0) out.table([['  ', `columns ${what}: ${columns.join(', ')}`]])
  }
  if (run.objects !== null) await drawItems(session, run)
}

/** A catalogue is read before and after the listing: two looks of one observer are told apart. */
function whichRead(evidence: Run['plan']['refusals'][number]['evidence'], n: number): string {
  const same = evidence.flatMap((it, at) => (it.subject === evidence[n]?.subject && it.observer === evidence[n].observer ? [at] : []))
  return same.length < 2 ? '' : `, look ${same.indexOf(n) + 1} of ${same.length}`
}

async function drawItems(session: Session, run: Run): Promise<void> {
  const { out } = session
  out.data()
  let drawn = 0
  try {
    for await (const line of itemsOf(session, run)) {
      const item = JSON.parse(line) as { act: string; key: string; bytes: number | null; why: string; first_flagged: number | null }
      if (drawn === 0) out.data(out.paint('soft', LEGEND))
      if (++drawn > MOST_DRAWN) {
        out.talk(`… and more: all of them stand in ${run.path ?? ''}, or in --json=lines`)
        break
      }
      out.table([[SIGNS[item.act] ?? '?', item.act, item.key, item.bytes === null ? '' : saySize(item.bytes), item.first_flagged === null ? '' : `flagged ${out.ago(item.first_flagged as Run['at'])} ago`, item.why]])
    }
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause
    out.talk(cause.message)
  }
}

export { plan, show }
