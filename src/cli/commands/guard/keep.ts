// `holdfast backups apply|purge|release|close-breaker`: retention carried out. A plan is applied by its id, which is the hash of what was read; with the name of a set, or
// none, the plans are only shown. What was done is said copy by copy. To remove for good two people are asked, as for a reconcile.
import type { ReleaseAnswer } from '../../../views/acts.ts'
import type { ApprovalAnswer } from '../../../views/agreements.ts'
import type { DoneAnswer } from '../../../views/done.ts'
import type { BackupsAnswer, RetentionAnswer } from '../../../views/backups.ts'
import type { AppliedAnswer, KeptAct, RefusalAnswer } from '../../../views/retention/applied.ts'
import { saySize } from '../../../words/size.ts'
import { EXIT, Failure, usage } from '../../failure.ts'
import { plain, type Cell } from '../../output.ts'
import { ask, askAsAnybody, segment, textOption, type Command, type Options, type Session } from '../../session.ts'
import { agreed } from '../approvals.ts'
import { drawPlans, exitOfPlans } from '../backups.ts'
import { askTwo, peopleOf } from './acts.ts'

const PAUSE = 1000
const MARKS: Readonly<Record<KeptAct['state'], 'ok' | 'unknown' | 'down' | 'degraded'>> = { done: 'ok', waiting: 'unknown', 'under way': 'unknown', held: 'degraded' }
const DID: Readonly<Record<KeptAct['act'], string>> = { quarantine: 'set aside', purge: 'removed', release: 'brought back' }
const WILL: Readonly<Record<KeptAct['act'], string>> = { quarantine: 'to be set aside', purge: 'to be removed', release: 'to be brought back' }

function refusal({ out }: Session, body: RefusalAnswer): number {
  out.answer(body, () => {
    for (const { text, cure } of body.reasons) {
      out.data(`Refused: ${plain(text)}`)
      out.data(`  → ${plain(cure)}`)
    }
  })
  return EXIT.refused
}

/** All plans of one set, or of every set that has rules. */
async function plansOf(session: Session, set: string | undefined): Promise<RetentionAnswer> {
  const path = (name: string): string => `/backups/${segment(name)}/plan`
  if (set !== undefined) return ask<RetentionAnswer>(session, 'GET', path(set))
  const { sets } = await ask<BackupsAnswer>(session, 'GET', '/backups')
  const plans: RetentionAnswer['plans'][number][] = []
  for (const { set: name } of sets) {
    try {
      plans.push(...(await ask<RetentionAnswer>(session, 'GET', path(name))).plans)
    } catch (cause) {
      // A set without rules has no plan.
      if (!(cause instanceof Failure) || cause.code !== 'HF480') throw cause
    }
  }
  return { schema: 'holdfast.retention/1', plans }
}

function drawApplied({ out }: Session, it: AppliedAnswer): void {
  out.data(out.paint('strong', `${it.set} in ${it.store}: ${it.done} done, ${it.under_way} under way, ${it.waiting} waiting, ${it.held} held`))
  if (it.permitted_by.length === 0 && it.acts.length > 0) out.data('Nobody has permitted it yet.')
  if (it.stopped !== null) out.data(`Stopped: ${plain(it.stopped)}`)
  if (it.waits_for !== null) out.data(`Waits for its store: ${plain(it.waits_for)}`)
  out.table(it.acts.map(({ act, copy, bytes, state, says }): Cell[] => [out.shape(MARKS[state]), state === 'done' ? DID[act] : state === 'held' ? 'held' : WILL[act], copy, bytes === null ? '' : saySize(bytes), says]))
  if (it.acts.some((one) => one.act === 'quarantine' && one.state === 'done')) out.talk(`What was set aside comes back by: holdfast backups release ${it.set} <copy>`)
}

const exitOfApplied = (it: AppliedAnswer): number =>
  it.stopped !== null || it.held > 0 ? EXIT.down : it.waiting + it.under_way > 0 ? EXIT.pending : EXIT.fine

const apply: Command = async (session, [on], options) => {
  const { out } = session
  if (on === undefined || !on.startsWith('plan_')) {
    const body = await plansOf(session, on)
    out.answer(body, () => {
      drawPlans(session, body)
      for (const { id, refusals, totals } of body.plans) if (refusals.length === 0 && totals.quarantine > 0) out.talk(`To set aside what it names: holdfast backups apply ${id}`)
    })
    return exitOfPlans(body)
  }
  const until = session.timeout === undefined ? Number.POSITIVE_INFINITY : session.now() + session.timeout
  const look = (id: string): Promise<AppliedAnswer | RefusalAnswer> => ask<AppliedAnswer | RefusalAnswer>(session, 'POST', `/retention/${segment(id)}/apply`, { person: session.person.name })
  let body = await look(on)
  if (body.schema === 'holdfast.refusal/1') return refusal(session, body)
  // Each reason once, also where it comes and goes.
  const told = new Set<string>()
  while (options['wait'] !== false && body.waiting + body.under_way > 0 && body.stopped === null && body.permitted_by.length > 0 && session.now() < until) {
    if (body.waits_for !== null && !told.has(body.waits_for)) out.talk(`It waits for its store: ${plain(body.waits_for)}. It is done as soon as that is well, while the word for it is good; to go on without, Ctrl-C.`)
    if (body.waits_for !== null) told.add(body.waits_for)
    await new Promise((resolve) => void setTimeout(resolve, PAUSE))
    const again: AppliedAnswer | RefusalAnswer = await look(body.plan)
    if (again.schema === 'holdfast.refusal/1') return refusal(session, again)
    body = again
  }
  const said = body
  out.answer(said, () => drawApplied(session, said))
  return exitOfApplied(said)
}

/** A set, or with --all every set: without either nothing is meant. */
function aboutOf(set: string | undefined, options: Options): { readonly set?: string; readonly store?: string } {
  if ((set === undefined) !== (options['all'] === true)) throw usage('Which set?', 'name one, or say --all')
  const store = textOption(options, 'store')
  return { ...(set === undefined ? {} : { set }), ...(store === undefined ? {} : { store }) }
}

const arm: Command = async (session, [set], options) => {
  const lapses = textOption(options, 'lapses')
  const asked = await ask<ApprovalAnswer | RefusalAnswer>(session, 'POST', '/retention/arm', { ...aboutOf(set, options), person: session.person.name, ...peopleOf(options), ...(lapses === undefined ? {} : { lapses }) })
  return asked.schema === 'holdfast.refusal/1' ? refusal(session, asked) : agreed(session, asked, options)
}

const disarm: Command = async (session, [set], options) => {
  const body = await ask<DoneAnswer>(session, 'POST', '/retention/disarm', { ...aboutOf(set, options), person: session.person.name })
  session.out.answer(body, () => session.out.talk(plain(body.says)))
  return EXIT.fine
}

const purge: Command = async (session, [on = ''], options) => {
  const lapses = textOption(options, 'lapses')
  const asked = await ask<ApprovalAnswer | RefusalAnswer>(session, 'POST', `/retention/${segment(on)}/purge`, { person: session.person.name, ...peopleOf(options), ...(lapses === undefined ? {} : { lapses }) })
  if (asked.schema === 'holdfast.refusal/1') return refusal(session, asked)
  return agreed(session, asked, options)
}

const release: Command = async (session, [set = '', ...copies], options) => {
  if (copies.length === 0 && options['all'] !== true) throw usage('Which copies come back?', 'name their keys, or say --all')
  const store = textOption(options, 'store')
  const body = await askAsAnybody<ReleaseAnswer>(session, `/backups/${segment(set)}/release`, { ...(store === undefined ? {} : { store }), ...(copies.length === 0 ? { all: true } : { copies }) })
  session.out.answer(body, () => {
    session.out.talk(`${body.wanted} ${body.wanted === 1 ? 'comes' : 'come'} back as soon as a hand is there, and ${body.wanted === 1 ? 'is' : 'are'} held: holdfast backups hold ${set} <copy> --end lets go of one.`)
    for (const key of body.missing) session.out.talk(`${plain(key)} does not lie aside`)
  })
  return body.missing.length > 0 ? EXIT.failed : EXIT.fine
}

/** The breaker of a set in one store: the one that is open, where only one is. */
const closeBreaker: Command = async (session, [set = ''], options) => {
  if (textOption(options, 'message') === undefined) throw usage('A breaker is closed with a reason.', 'say in a sentence why so much is right: --message')
  const given = textOption(options, 'store')
  const opened = given === undefined ? (await plansOf(session, set)).plans.flatMap(({ store, schedule }) => (schedule.because.length > 0 ? [store] : [])) : [given]
  const [store] = opened
  if (store === undefined) throw new Failure(`No breaker of ${set} is open.`, { exit: EXIT.refused, code: 'HF-C042', help: 'there is nothing to close' })
  if (opened.length > 1) throw usage(`Breakers of ${set} are open in ${opened.join(' and ')}.`, 'say which is meant: --store')
  return askTwo(session, 'close-breaker', `keep:${set}@${store}`, options)
}

export { apply, arm, closeBreaker, disarm, purge, release }
