// Calls about backups: what there is, and what was proven of it.
import { z } from 'zod'
import { viewDrills } from '../../views/drills.ts'
import { days, minutes, sayTime } from '../../core/time.ts'
import { runShape, type RunReport } from '../../rooms/guard/sets/manifest.ts'
import { asideOf } from '../../views/guard/aside.ts'
import { viewBackups, viewBackupSet, type BackupCalls, type RetentionPlanAnswer } from '../../views/backups.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import { CLEAN_RUNS } from '../../rooms/guard/acts/job.ts'
import { loadJob } from '../../rooms/guard/acts/rows.ts'
import { modeOf } from '../../rooms/guard/reconcile/plan.ts'
import { purgeFor, worldOf, type Life } from '../../rooms/guard/retention/duty.ts'
import { jobOf } from '../../rooms/guard/retention/job.ts'
import { judge } from '../../rooms/guard/retention/judge.ts'
import { missingOf, type Missing } from '../../rooms/guard/retention/missing.ts'
import { bindingOf } from '../../rooms/guard/retention/run.ts'
import { rhythmOf } from '../../rooms/guard/retention/schedule.ts'
import { loadCopies } from '../../rooms/guard/rows.ts'
import { loadHolder } from '../../rooms/guard/retention/rows.ts'
import type { Asker } from '../../views/answers.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import { setsIn } from '../in-force.ts'
import { speaker, triedIn, whyNotAccept } from './act-calls.ts'
import { beginDrill, cancelDrill, underWay } from './drills.ts'
import type { Keeper } from '../keeper.ts'
import { provenReport, showReport } from './reports.ts'

const name = z.string().min(1).max(200)
const person = z.string().max(200).optional()
/** A report is much shorter; somebody may have spaced it out. */
const MOST_REPORT = 120_000

const BACKUP_ARGS = {
  'backups.list': z.strictObject({}),
  'backups.show': z.strictObject({ set: name }),
  'backups.drill': z.strictObject({ set: name, store: name.optional(), copy: z.string().min(1).max(1100).optional(), planted: z.boolean().optional(), person }),
  'backups.cancelDrill': z.strictObject({ set: name, store: name.optional(), person }),
  'backups.drills': z.strictObject({ set: name, after: z.coerce.number().int().min(0).optional() }),
  'backups.report': z.strictObject({ of: name.optional() }),
  'backups.checkReport': z.strictObject({ report: z.string().min(1).max(MOST_REPORT) }),
  'backups.look': z.strictObject({ set: name }),
  'backups.looked': z.strictObject({ set: name, look: z.coerce.number().int().min(1).optional() }),
  'backups.verify': z.strictObject({ set: name, all: z.boolean().optional() }),
  'backups.plan': z.strictObject({ set: name, store: name.optional() }),
  'backups.hold': z.strictObject({ set: name, copy: z.string().min(1).max(1100), reason: z.string().min(1).max(2000).optional(), end: z.boolean().optional(), person }),
  'backups.acceptGone': z.strictObject({ set: name, store: name, seen: name.optional(), reason: z.string().min(1).max(2000), person }),
  'backups.acceptMost': z.strictObject({ set: name, store: name, most: z.int().min(1).max(100_000), reason: z.string().min(1).max(2000), person }),
  'backups.ran': z.strictObject({ set: name, ...runShape }),
} satisfies Record<keyof BackupCalls, z.ZodType>

type Args<Name extends keyof BackupCalls> = z.output<(typeof BACKUP_ARGS)[Name]>
type Call<Name extends keyof BackupCalls> = (keeper: Keeper, args: Args<Name>, who: string, asker: Asker) => Answer | Promise<Answer>

/** The set of that name, or the answer that there is none. */
function withSet(keeper: Keeper, called: string, act: (set: BackupSet) => Answer | Promise<Answer>): Answer | Promise<Answer> {
  const sets = setsIn(keeper.config)
  const set = sets.get(called)
  return set ? act(set) : no(404, 'HF404', `no set of backups is called “${called}”`, `known: ${[...sets.keys()].slice(0, 20).join(', ') || 'none'}`)
}

const noStore = (set: BackupSet, store: string): Answer => no(404, 'HF404', `${set.name} does not lie in “${store}”`, `it lies in: ${set.in.map((it) => it.store).join(', ')}`)

const done = (says: string): Answer => ok({ schema: 'holdfast.done/1', says })
const lifeOf = (keeper: Keeper): Life => ({ lived: () => keeper.lived(), shrink: () => keeper.config.shrink ?? 1 })

function planAnswer(keeper: Keeper, set: BackupSet, store: string): RetentionPlanAnswer {
  const { store: { sql }, now } = keeper
  const life = lifeOf(keeper)
  const world = worldOf(sql, set, store, now(), life)
  const { clean, arming, latest, breaker } = loadJob(sql, jobOf(set.name, store))
  const mode = modeOf(arming, breaker, bindingOf(world, set))
  const isArmed = arming !== undefined && mode !== 'report'
  return {
    schema: 'holdfast.retention.plan/1', ...judge(world).plan, aside: purgeFor(sql, set, store, now(), life),
    schedule: {
      mode, clean, wants: CLEAN_RUNS, armed_by: isArmed ? arming.people : [], armed_at: isArmed ? arming.at : null, latest_at: latest?.at ?? null, latest: latest?.plan ?? null,
      every: rhythmOf(set, life.shrink()), because: breaker.is === 'open' ? breaker.because : [],
      tried: set.in.some((it) => it.store === store && it.readOnly === true) ? { found: 'fail', says: 'the configuration gives no credential that could set anything aside there' } : triedIn(keeper, store),
    },
  }
}

const BACKUP_CALLS: { [Name in keyof BackupCalls]: Call<Name> } = {
  'backups.list': (keeper) => ok(viewBackups(keeper.store.sql, setsIn(keeper.config).values(), keeper.now())),
  'backups.show': (keeper, args) => withSet(keeper, args.set, (set) => {
    const aside = asideOf(keeper.store.sql, set, keeper.now(), { lived: () => keeper.lived(), shrink: () => keeper.config.shrink ?? 1 })
    return ok({ ...viewBackupSet(keeper.store.sql, set, keeper.now(), true), ...(aside.count > 0 && { aside }) })
  }),
  'backups.drill': (keeper, args, who) => withSet(keeper, args.set, (set) => beginDrill(keeper, set, args, who)),
  'backups.cancelDrill': (keeper, args, who) => withSet(keeper, args.set, (set) => cancelDrill(keeper, set, args.store, who)),
  'backups.drills': (keeper, args) => withSet(keeper, args.set, (set) => ok(viewDrills(keeper.store.sql, set, args.after ?? 0, underWay(keeper)))),
  'backups.report': (keeper, args) => showReport(keeper, args.of),
  'backups.checkReport': (keeper, args) => provenReport(keeper, args.report),
  'backups.look': (keeper, args) => withSet(keeper, args.set, (set) => ok(keeper.looks.ask(set))),
  'backups.looked': (keeper, args) => withSet(keeper, args.set, ({ name: set }) => {
    const look = keeper.looks.show(set, args.look)
    return look ? ok(look) : no(404, 'HF404', `nobody has asked for a listing of ${set} since Holdfast started`, `holdfast backups look ${set}`)
  }),
  'backups.verify': (keeper, args) => withSet(keeper, args.set, async (set) => {
    if (set.verify === undefined) return no(409, 'HF483', `nothing says that ${set.name} is to be read`, 'write verify: { all_within: 30d } at the set')
    await keeper.engine.turn('read a set', (tx) => keeper.rooms.guard.read(tx, set, args.all === true ? 'all' : 'due'))
    return ok(viewBackupSet(keeper.store.sql, set, keeper.now(), true))
  }),
  'backups.plan': (keeper, args) => withSet(keeper, args.set, (set) => {
    if (set.keep === undefined) return no(409, 'HF480', `no rule says what is kept of ${set.name}: nothing of it ever goes`, 'write keep: { daily: 7, weekly: 4 } at the set')
    const stores = set.in.map(({ store }) => store).filter((store) => args.store === undefined || store === args.store)
    if (args.store !== undefined && stores.length === 0) return noStore(set, args.store)
    return ok({ schema: 'holdfast.retention/1', plans: stores.map((store) => planAnswer(keeper, set, store)) })
  }),
  'backups.hold': (keeper, args, who, asker) => withSet(keeper, args.set, async (set) => {
    const { copy: key } = args
    if (args.end === true) {
      const ended = await keeper.engine.turn('end hold', (tx) => whyNotEnd(loadHolder(tx.sql, set.name, key), who, asker) ?? keeper.rooms.guard.endHold(tx, { set: set.name, key, by: who }))
      if (typeof ended === 'object') return ended
      return ended ? done(`${key} is held no more`) : no(409, 'HF481', `nobody holds ${key}`, `holdfast backups plan ${set.name} says what is held`)
    }
    if (args.reason === undefined) return no(400, 'HF482', 'a hold needs a reason', '-m "why"')
    const isThere = set.in.some(({ store }) => loadCopies(keeper.store.sql, set.name, store).some((it) => it.key === key))
    if (!isThere) return no(404, 'HF404', `no copy of ${set.name} is called “${key}”`, `holdfast backups show ${set.name} names them`)
    const { reason } = args
    const held = await keeper.engine.turn('hold', (tx) => keeper.rooms.guard.hold(tx, { set: set.name, key, by: who, reason }))
    return done(held ? `${key} is held: no rule makes it go` : `${key} is held already`)
  }),
  'backups.acceptGone': (keeper, args, who, asker) => withSet(keeper, args.set, async (set) => {
    const { store, reason } = args
    if (!set.in.some((it) => it.store === store)) return noStore(set, store)
    const nobody = whyNotAccept(keeper, who, asker)
    if (nobody) return nobody
    const gone = await keeper.engine.turn('accept gone', (tx) => notSeen(set.name, store, args.seen, missingOf(tx.sql, set.name, store, tx.now)) ?? keeper.rooms.guard.acceptGone(tx, { set: set.name, store, by: who, reason }))
    if ('status' in gone) return gone
    if (set.in.some((it) => it.store === store && it.objects !== undefined)) return done(`accepted: ${set.name} in ${store} is measured by what lies there now`)
    return done(gone.length === 0 ? 'nothing is missing that was there' : `accepted that ${gone.length} ${gone.length === 1 ? 'copy is' : 'copies are'} gone: ${gone.slice(0, 5).join(', ')}${gone.length > 5 ? ' …' : ''}`)
  }),
  'backups.acceptMost': (keeper, { set: called, store, most, reason }, who, asker) => withSet(keeper, called, async (set) => {
    if (!set.in.some((it) => it.store === store)) return noStore(set, store)
    const nobody = whyNotAccept(keeper, who, asker)
    if (nobody) return nobody
    await keeper.engine.turn('accept most', (tx) => keeper.rooms.guard.acceptMost(tx, { set: set.name, store, most, by: who, reason }))
    return done(`accepted that up to ${most} copies of ${set.name} may go at once in ${store}; for a day`)
  }),
  'backups.ran': (keeper, { set: named, ...report }, who) => withSet(keeper, named, async ({ name: set }) => {
    const wrong = notBelieved(set, report, keeper.now().wall)
    if (wrong !== undefined) return no(422, 'HF483', wrong, 'look at the clock of the machine that sends it')
    const isNew = await keeper.engine.turn(`ran ${set}`, (tx) => keeper.rooms.guard.ran(tx, set, report, who))
    return done(isNew ? `noted: ${report.command} for ${set} ${report.exit === null ? 'has begun' : `ended with ${report.exit}`}` : 'that was known already')
  }),
}

const noToken = (does: string): Answer => no(403, 'HF475', `No token ${does}: a person does.`, 'sign in, or do it on the machine itself with --as')

/** What is accepted is bound to what was seen: what has gone since was not. */
function notSeen(set: string, store: string, seen: string | undefined, missing: Missing): Answer | undefined {
  const { places, moved } = missing
  if (seen === missing.seen || (places.length === 0 && !moved)) return undefined
  const says = [...(moved ? [`${store} is another store than before`] : []), ...(places.length > 0 ? [`${places.length} ${places.length === 1 ? 'copy is' : 'copies are'} missing in ${store}: ${places.slice(0, 10).map(({ key }) => key).join(', ')}${places.length > 10 ? ' …' : ''}`] : [])].join('; ')
  return no(409, 'HF492', `${says.slice(0, 1).toUpperCase()}${says.slice(1)}.`, `if just that was meant to be: holdfast backups accept-gone ${set} ${store} ${missing.seen} -m "why"`)
}

/** Whoever placed a hold lets go of it. Somebody else's is for those who may run what destroys: what is held no more can go. A token ends its own alone (C-17). */
function whyNotEnd(holder: string | undefined, who: string, asker: Asker): Answer | undefined {
  if (holder === undefined || holder === who || asker.is === 'socket') return undefined
  if (asker.is === 'token') return noToken('lets go of what somebody else holds')
  return asker.is === 'person' && asker.rights.includes('run') ? undefined : no(403, 'HF478', `${holder} holds it, and you may not end what somebody else holds.`, `ask ${holder}, or somebody with the right to run (operator, owner)`)
}

/** Times that cannot be would put a manifest beside the wrong copy. */
function notBelieved(set: string, { from, to, manifest }: RunReport, now: number): string | undefined {
  if (from > to) return 'the run ended before it began'
  if (to > now + AHEAD) return 'the run ended in the future'
  if (from < now - OLDEST) return `the run is older than ${sayTime(OLDEST)}`
  if (manifest && (manifest.set !== set || manifest.from !== from || manifest.to !== to)) return 'the manifest is of another run'
  return undefined
}

const AHEAD = minutes(5)
/** So long a report may have waited to be sent. */
const OLDEST = days(31)

export const isAboutBackups = (called: string): called is keyof BackupCalls => Object.hasOwn(BACKUP_CALLS, called)

/** As `answer` does it for the others. */
export async function answerBackups(keeper: Keeper, called: keyof BackupCalls, args: unknown, asker: Asker): Promise<Answer> {
  const parsed = BACKUP_ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  try {
    return await (BACKUP_CALLS[called] as Call<keyof BackupCalls>)(keeper, parsed.data, speaker(asker, (parsed.data as { readonly person?: string }).person), asker)
  } catch (cause) {
    return notDurable(cause)
  }
}
