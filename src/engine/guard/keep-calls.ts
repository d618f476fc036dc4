// Calls that carry retention out. A plan is permitted by its id, which is the hash of what a person saw: what it would be now is judged anew in the turn that
// takes their word, and anything that differs refuses it. To set aside and to bring back takes one person; to remove for good takes two.
import { z } from 'zod'
import type { Identity } from '../../core/authority/agreement.ts'
import { derivedId } from '../../core/id.ts'
import { hours, type Instant } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Sql } from '../../db/sql.ts'
import { byHand } from '../../rooms/guard/acts/index.ts'
import { APPROVAL_GOOD } from '../../rooms/guard/acts/job.ts'
import { loadActs, loadApproval, loadJob, loadPlan, waitingPlans } from '../../rooms/guard/acts/rows.ts'
import { approvalFound } from '../../rooms/guard/acts/rulings.ts'
import type { Item, Refusal } from '../../rooms/guard/reconcile/plan.ts'
import { atticOf, keptPlan, worldOf, type Life } from '../../rooms/guard/retention/duty.ts'
import { actsOf, jobOf, parseJob, purgesOf } from '../../rooms/guard/retention/job.ts'
import { judge, type World } from '../../rooms/guard/retention/judge.ts'
import { purgePlan, type PurgePlan } from '../../rooms/guard/retention/purge.ts'
import { unfitOf } from '../../rooms/guard/retention/rulings.ts'
import { bindingOf } from '../../rooms/guard/retention/run.ts'
import { loadTaken } from '../../rooms/guard/retention/rows.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import type { Asker } from '../../views/answers.ts'
import { because, refusalOf, viewApplied, type AppliedAnswer, type KeepCalls } from '../../views/retention/applied.ts'
import { sayPurge } from '../../words/acts/purge.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import { setsIn } from '../in-force.ts'
import type { Keeper } from '../keeper.ts'
import { askIn, speaker, WHICH, whoIsAsked, whyNobody, whyNotBring } from './act-calls.ts'
import { arm, ARM_ARGS, disarm } from './arm-calls.ts'

const name = z.string().min(1).max(200)
const person = z.string().max(200).optional()
const ARGS = {
  ...ARM_ARGS,
  'backups.apply': z.strictObject({ plan: name, person }),
  'backups.purge': z.strictObject({ plan: name, of: z.array(name).max(2).optional(), lapses: z.string().max(40).optional(), person }),
  'backups.release': z.strictObject({ set: name, store: name.optional(), copies: z.array(z.string().min(1).max(1100)).min(1).max(1000).optional(), all: z.literal(true).optional(), person }),
} satisfies Record<keyof KeepCalls, z.ZodType>
type Args<Name extends keyof KeepCalls> = z.output<(typeof ARGS)[Name]>

interface Found {
  readonly set: BackupSet
  readonly world: World
}

const lifeOf = (keeper: Keeper): Life => ({ lived: () => keeper.lived(), shrink: () => keeper.config.shrink ?? 1 })

/** Every set in every store of it, as it stands now. */
function* everywhere(keeper: Keeper, sql: Sql, now: World['now']): Generator<Found> {
  for (const set of setsIn(keeper.config).values()) if (set.keep !== undefined) for (const { store } of set.in) yield { set, world: worldOf(sql, set, store, now, lifeOf(keeper)) }
}

const isPlanId = (id: string): boolean => /^plan_[0-9a-f]{32}$/.test(id)
const refused = (keeper: Keeper, plan: string, reasons: readonly Refusal[]): Answer => ok(refusalOf('HF484', plan, reasons, keeper.now().wall))
const CHANGED = because('plan', 'nothing has this plan now: what lies there, what is known of it, or a rule has changed since it was made', 'Look at it again: holdfast backups plan says what it is now, and its id.')

/** What stands in the way, whatever the plan says. */
function standing(sql: Sql, { set, world }: Found): Refusal[] {
  const job = jobOf(set.name, world.store)
  const { breaker } = loadJob(sql, job)
  return [
    ...unfitOf({ set, world }).flatMap(({ wants, found }) => (found.is === 'pass' ? [] : [because(wants.startsWith('copies') ? 'repository' : 'delete', found.says, wants.startsWith('copies') ? 'Let the engine forget by rules of its own; Holdfast drills and verifies what it leaves.' : 'Give the store a second credential, delete: "${secret:…}", which the hand alone is given.')])),
    ...(breaker.is === 'open' ? [because('breaker', `its breaker is open: ${breaker.because.join('; ')}`, `See what went wrong; after a healthy evaluation two people close it: holdfast backups close-breaker ${set.name} --store ${world.store} -m "why"`)] : []),
  ]
}

const identity = (who: string): Identity => ({ person: who, addresses: [], phones: [], subjects: [], factors: [] })

async function apply(keeper: Keeper, { plan: id, person: named }: Args<'backups.apply'>, asker: Asker): Promise<Answer> {
  if (asker.is === 'token') return no(403, 'HF475', 'No token lets anything go: a person does.', 'sign in, or do it on the machine itself with --as')
  const view = (kept: string): Answer => {
    const plan = loadPlan(keeper.store.sql, kept)
    return plan && parseJob(plan.reconcile) ? ok(viewApplied(keeper.store.sql, plan, keeper.hand.unfit(plan.store))) : refused(keeper, id, [CHANGED])
  }
  if (!isPlanId(id)) return no(404, 'HF404', `“${id}” is no plan`, 'holdfast backups plan <set> says the id of one')
  if (parseJob(loadPlan(keeper.store.sql, id)?.reconcile ?? '') !== undefined) return view(id)
  const by = speaker(asker, named)
  const nobody = whyNobody(keeper, by, 'what may go goes by the word of a person')
  if (nobody) return nobody
  const came = await keeper.engine.turn('backups.apply', (tx) => permitIn(tx, keeper, id, by))
  return typeof came === 'string' ? view(came) : came
}

/** Takes a person's word for a plan; gives its id as it is kept, or why not. */
function permitIn(tx: Tx, keeper: Keeper, id: string, by: string): string | Answer {
  for (const found of everywhere(keeper, tx.sql, tx.now)) {
    const { plan } = judge(found.world)
    const aside = (): PurgePlan => purgePlan(atticOf(tx.sql, found.set, found.world.store, tx.now, lifeOf(keeper), found.world))
    if (plan.id !== id) {
      const list = aside()
      if (list.id !== id) continue
      // Whoever is asked is to be able to say yes: what refuses the purge itself is said here.
      const not = [...list.refusals, ...(list.totals.purge > 0 ? standing(tx.sql, found) : [])]
      return not.length > 0 ? refused(keeper, id, not) : awaiting(tx, list, list)
    }
    const reasons = [...plan.refusals, ...standing(tx.sql, found)]
    if (reasons.length > 0) return refused(keeper, id, reasons)
    const { store } = found.world
    const shelf = found.world.shelves.find((it) => it.store === store)
    const acts = shelf === undefined ? [] : actsOf(plan, shelf)
    // Nothing to do is no deed of anybody's.
    if (acts.length === 0) return awaiting(tx, plan, aside())
    const kept = { ...plan, id: derivedId<'plan'>('plan', id, tx.now.wall, tx.now.tick), binding: bindingOf(found.world, found.set) ?? null }
    keeper.rooms.guard.acts.permit(tx, { plan: keptPlan(found.world, kept, acts, APPROVAL_GOOD), acts, by, word: identity(by) })
    return kept.id
  }
  return refused(keeper, id, [CHANGED])
}

/** Nothing of it takes one person's word: what may be removed for good waits for two, or for the hand alone once they have agreed; then it is their plan that is told. */
function awaiting({ sql, now }: Tx, { id, hash }: Pick<PurgePlan, 'hash' | 'id'>, { refusals, items, id: list, hash: its, set, store }: PurgePlan): string | Answer {
  const wanted = refusals.length > 0 ? [] : items.filter(({ act }) => act === 'purge')
  const agreed = agreedIn(sql, jobOf(set, store), now)
  const left = wanted.filter((it) => !agreed.has(nameOf(it)))
  const [theirs] = wanted.map((it) => agreed.get(nameOf(it)))
  if (left.length === 0 && theirs !== undefined) return theirs
  const acts = left.map(({ key, bytes }) => ({ act: 'purge' as const, copy: key, bytes, state: 'waiting' as const, says: `two people remove it: holdfast backups purge ${list}` }))
  const [plan, of] = acts.length > 0 ? [list, its] : [id, hash]
  return ok({ schema: 'holdfast.retention.acts/1', plan, hash: of, set, store, permitted_by: [], waiting: acts.length, under_way: 0, done: 0, held: 0, stopped: null, waits_for: null, acts } satisfies AppliedAnswer)
}

const nameOf = ({ key, version_id, etag }: Pick<Item, 'key' | 'version_id' | 'etag'>): string => JSON.stringify([key, version_id, etag])

/** What two people have agreed to remove and is still to be, with the plan that they agreed to. */
function agreedIn(sql: Sql, job: string, now: World['now']): ReadonlyMap<string, string> {
  const agreed = new Map<string, string>()
  for (const { plan: id } of waitingPlans(sql).filter(({ reconcile }) => reconcile === job)) {
    if (approvalFound(loadApproval(sql, id), loadPlan(sql, id)?.hash ?? '', now).is !== 'pass') continue
    for (const { act, state, given } of loadActs(sql, id)) if (act === 'purge' && state === 'waiting') agreed.set(nameOf(given.item), id)
  }
  return agreed
}

async function purge(keeper: Keeper, { plan: id, person: named, ...args }: Args<'backups.purge'>, asker: Asker): Promise<Answer> {
  if (!isPlanId(id)) return no(404, 'HF404', `“${id}” is no plan`, 'holdfast backups plan <set> says the id of what could be removed')
  const whom = whoIsAsked(keeper, args)
  if ('status' in whom) return whom
  const came = await keeper.engine.turn('backups.purge', (tx): Answer | { readonly id: string } => {
    for (const found of everywhere(keeper, tx.sql, tx.now)) {
      const attic = atticOf(tx.sql, found.set, found.world.store, tx.now, lifeOf(keeper), found.world)
      const plan = purgePlan(attic)
      if (plan.id !== id) continue
      const never = found.set.in.find(({ store }) => store === found.world.store)?.neverRemoves
      const reasons = [...plan.refusals, ...standing(tx.sql, found), ...(never !== undefined ? [because('purges', never, 'Nobody is asked. Take what was set aside out of .holdfast/quarantine by hand, or bring it back: holdfast backups release.')] : plan.totals.purge === 0 ? [because('empty', 'nothing that lies aside may be removed yet', 'holdfast backups plan says since when each copy lies there, and what it waits for.')] : [])]
      return reasons.length > 0 ? refused(keeper, id, reasons) : askTwo(tx, keeper, { found, plan, taken: new Map(attic.laid.map(({ key, at }) => [key, at])), whom, by: speaker(asker, named) })
    }
    return refused(keeper, id, [CHANGED])
  })
  return 'status' in came ? came : whom.show(came.id, asker, named)
}

const PURGE_GOOD = hours(48)

function askTwo(tx: Tx, keeper: Keeper, { found: { set, world }, plan, taken, whom, by }: { readonly found: Found; readonly plan: PurgePlan; /** When each was taken. */ readonly taken: ReadonlyMap<string, Instant | undefined>; readonly whom: Exclude<ReturnType<typeof whoIsAsked>, Answer>; readonly by: string }): Answer | { readonly id: string } {
  const acts = purgesOf(plan)
  const id = derivedId<'plan'>('plan', plan.id, tx.now.wall, tx.now.tick)
  const made = askIn(tx, keeper, {
    asked: { is: 'purge', reconcile: jobOf(set.name, world.store), plan: id, hash: plan.hash }, title: `Remove ${plan.totals.purge} ${plan.totals.purge === 1 ? 'copy' : 'copies'} of ${set.name} for good`,
    text: sayPurge({
      called: ['copy', 'copies'], from: `${set.name} in ${world.store}`, release: `holdfast backups release ${set.name} <copy>`, list: `holdfast backups plan ${set.name}`,
      items: plan.items.filter(({ act }) => act === 'purge').map(({ key, bytes, since, eligible_at: eligibleAt }) => ({ key, bytes, tenant: null, writtenAt: taken.get(key) ?? null, asideSince: since, eligibleAt })),
      proven: 'They were set aside long enough ago, and newer copies that were read whole remain.', plan: id, hash: plan.hash, now: tx.now.wall,
    }),
    of: whom.of, lapses: whom.lapses, by,
  })
  if (made.is === 'refused') return no(made.why === 'crowded' ? 503 : 409, made.why === 'crowded' ? 'HF473' : 'HF474', `${made.says.slice(0, 1).toUpperCase()}${made.says.slice(1)}.`, 'name two different people with the right role: holdfast people list shows who has which')
  keeper.rooms.guard.acts.permit(tx, { plan: keptPlan(world, { ...plan, id, binding: bindingOf(world, set) ?? null }, acts, PURGE_GOOD), acts, by })
  return made
}

async function release(keeper: Keeper, { set: called, store, copies, all, person: named }: Args<'backups.release'>, asker: Asker): Promise<Answer> {
  if ((copies === undefined) === (all === undefined)) return WHICH
  const set = setsIn(keeper.config).get(called)
  if (!set) return no(404, 'HF404', `no set of backups is called “${called}”`, `known: ${[...setsIn(keeper.config).keys()].slice(0, 20).join(', ') || 'none'}`)
  if (store !== undefined && !set.in.some((it) => it.store === store)) return no(404, 'HF404', `${called} does not lie in “${store}”`, `it lies in: ${set.in.map((it) => it.store).join(', ')}`)
  const nobody = whyNotBring(keeper, asker, named)
  if (nobody) return nobody
  const by = speaker(asker, named)
  const came = await keeper.engine.turn('backups.release', (tx) => {
    const brought: string[] = []
    let wanted = 0
    for (const { store: lies } of set.in) {
      if (store !== undefined && lies !== store) continue
      const there = [...loadTaken(tx.sql, set.name, lies).values()].filter(({ life }) => life.is === 'aside').map(({ key }) => key)
      const keys = copies === undefined ? there.slice(0, 5000) : there.filter((key) => copies.includes(key))
      if (keys.length === 0) continue
      wanted += keeper.rooms.guard.acts.bring(tx, jobOf(set.name, lies), keys.map((key) => Buffer.from(key).toString('hex')), by).wanted
      brought.push(...keys)
    }
    // What a person wants back is not to go again by the same rule.
    for (const key of new Set(brought)) keeper.rooms.guard.hold(tx, { set: set.name, key, by, reason: `brought back by ${by}` })
    return { wanted, missing: (copies ?? []).filter((key) => !brought.includes(key)) }
  })
  return ok({ schema: 'holdfast.release/1', reconcile: called, ...came, plan: byHand(jobOf(called, store ?? set.in[0]?.store ?? '')) })
}

type Call<Name extends keyof KeepCalls> = (keeper: Keeper, args: Args<Name>, asker: Asker) => Promise<Answer>
const CALLS: { [Name in keyof KeepCalls]: Call<Name> } = { 'backups.apply': apply, 'backups.purge': purge, 'backups.release': release, 'backups.arm': arm, 'backups.disarm': disarm }

export const isAboutKeeping = (called: string): called is keyof KeepCalls => Object.hasOwn(CALLS, called)

/** As `answer` does it for the others. */
export async function answerKeeping(keeper: Keeper, called: keyof KeepCalls, args: unknown, asker: Asker): Promise<Answer> {
  const parsed = ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  try {
    return await (CALLS[called] as Call<keyof KeepCalls>)(keeper, parsed.data, asker)
  } catch (cause) {
    return notDurable(cause)
  }
}
