// Calls about restores. Which copy is taken is ruled on here, by what is proven of it; that it begins, what two people agree to, that this is used up, and how
// it ended are entries. The work is done by whoever calls, with credentials of their own: the keeper has none.
import { z } from 'zod'
import { newId } from '../../core/id.ts'
import { may } from '../../core/authority/role.ts'
import { days, hours, instantOf, minutes, parseSpan, sayTime, type Span } from '../../core/time.ts'
import { chooseRestorable } from '../../rooms/guard/restore/choice.ts'
import { loadRestore } from '../../rooms/guard/restore/rows.ts'
import { hashOfSwap, saySwap, swapSchema, whyNotSwap, type SwapAgreement } from '../../rooms/guard/restore/swap.ts'
import { loadTaken } from '../../rooms/guard/retention/rows.ts'
import type { BackupSet } from '../../rooms/guard/sets/set.ts'
import { loadAgreement } from '../../rooms/people/agreement-rows.ts'
import type { Sql } from '../../db/sql.ts'
import { viewBackupSet } from '../../views/backups.ts'
import { recordedOf, viewRestores, type RestoreBegunAnswer, type RestoreCalls } from '../../views/restore/restores.ts'
import type { Asker } from '../../views/answers.ts'
import { showAgreement } from '../agreement/calls.ts'
import { misunderstood, no, notDurable, ok, type Answer } from '../answer.ts'
import { setsIn } from '../in-force.ts'
import type { Keeper } from '../keeper.ts'

const name = z.string().min(1).max(200)
const person = z.string().max(200).optional()
const ARGS = {
  'backups.restore': z.strictObject({ set: name, store: name.optional(), copy: z.string().min(1).max(1100).optional(), until: z.int().min(0).optional(), as_superuser: z.literal(true).optional(), to: z.string().min(1).max(500), person }),
  'backups.restores': z.strictObject({ set: name }),
  'restores.ask': z.strictObject({ restore: name, swap: swapSchema, of: z.array(name).max(2).optional(), lapses: z.string().max(40).optional(), person }),
  'restores.swap': z.strictObject({ restore: name, hash: z.string().regex(/^[0-9a-f]{64}$/), person }),
  'restores.end': z.strictObject({
    restore: name, verdict: z.enum(['restored', 'swapped', 'failed', 'refused', 'unknown']), says: z.string().max(2000), sha256: z.string().max(64).default(''), person,
    phases: z.array(z.strictObject({ name, ms: z.number().min(0) })).max(20).default([]), swapped: z.array(z.string().max(1100)).max(1000).default([]),
  }),
} satisfies Record<keyof RestoreCalls, z.ZodType>
type Args<Name extends keyof RestoreCalls> = z.output<(typeof ARGS)[Name]>

/** A proof is worth so long where the set says nothing else. */
const GOOD: Span = days(30)
const USUAL: Span = hours(4)
const LONGEST: Span = hours(24)

const speaker = (asker: Asker, named: string | undefined): string =>
  asker.is === 'person' ? asker.person : asker.is === 'token' ? `token ${asker.name}` : asker.is === 'socket' ? (asker.person ?? named ?? 'somebody at the machine') : 'somebody'
const noSet = (keeper: Keeper, set: string): Answer => no(404, 'HF404', `no set of backups is called “${set}”`, `known: ${[...setsIn(keeper.config).keys()].slice(0, 20).join(', ') || 'none'}`)
const noRestore = (id: string): Answer => no(404, 'HF404', `no restore is called “${id}”`, 'holdfast backups restore begins one')
const refusedFor = (says: string, help: string): Answer => no(409, 'HF494', `${says.slice(0, 1).toUpperCase()}${says.slice(1)}.`, help)

/** A copy that lies aside is listed no more, and is there all the same. */
function lyingAside(sql: Sql, set: BackupSet, copy: string): Answer | undefined {
  const at = set.in.find(({ store }) => [...loadTaken(sql, set.name, store).values()].some(({ key, life }) => key === copy && life.is === 'aside'))
  return at && no(409, 'HF494', `“${copy.slice(0, 200)}” lies aside in ${at.store}: it is not restored from there.`, `bring it back, and restore it then: holdfast backups release ${set.name} ${copy.slice(0, 200)}`)
}

async function begin(keeper: Keeper, args: Args<'backups.restore'>, asker: Asker): Promise<Answer> {
  const set = setsIn(keeper.config).get(args.set)
  if (!set) return noSet(keeper, args.set)
  if (args.store !== undefined && !set.in.some(({ store }) => store === args.store)) return no(404, 'HF404', `${set.name} does not lie in “${args.store}”`, `it lies in: ${set.in.map((it) => it.store).join(', ')}`)
  const now = keeper.now()
  const { sql } = keeper.store
  const until = args.until === undefined ? undefined : instantOf(args.until)
  if (until !== undefined && until > now.wall) return refusedFor('that time has not come yet', 'leave it out, and all there is comes back')
  const copies = (viewBackupSet(sql, set, now, 'without runs').copies ?? []).map((it) => ({ store: it.store, key: it.copy, at: it.at, counted: it.counted, why: it.why, rung: it.rung, provenAt: it.proven_at }))
  const chosen = chooseRestorable(copies, { store: args.store, copy: args.copy, before: until, now: now.wall, within: set.retention?.verifiedWithin ?? GOOD })
  const recorded = chosen.is === 'chosen' ? recordedOf(sql, set, chosen.copy.store, chosen.copy.key) : undefined
  const aside = chosen.is === 'none' && args.copy !== undefined ? lyingAside(sql, set, args.copy) : undefined
  if (aside) return aside
  if (chosen.is === 'none' || !recorded) return chosen.is === 'none' && args.copy === undefined ? refusedFor(chosen.says, chosen.help) : no(404, 'HF404', chosen.is === 'none' ? chosen.says : 'the copy is not listed any more', 'holdfast backups show names them')
  const { store, key, at, rung, provenAt } = chosen.copy
  const id = newId('restore', now.wall, keeper.random)
  await keeper.engine.turn('restore', (tx) => keeper.rooms.guard.restores.begin(tx, { id, set: set.name, store, key, etag: recorded.copy.etag, verified: chosen.verified, to: `${args.to}${until === undefined ? '' : ` as of ${new Date(until).toISOString()}`}`, by: speaker(asker, args.person), ...(args.as_superuser ? { as_superuser: true as const } : {}) }))
  const begun: RestoreBegunAnswer = { schema: 'holdfast.restore-begun/1', id, set: set.name, engine: set.engine, store, at: at ?? recorded.copy.modified_at, rung, proven_at: provenAt, verified: chosen.verified, says: chosen.says, ...recorded }
  return ok(begun)
}

async function ask(keeper: Keeper, { restore: id, swap, of: named, lapses: given, person: by }: Args<'restores.ask'>, asker: Asker): Promise<Answer> {
  const { sql } = keeper.store
  const { people } = keeper.rooms
  const row = loadRestore(sql, id)
  if (!row) return noRestore(id)
  if (row.endedAt !== null || row.swappingAt !== null) return refusedFor('this restore is over, or its swap has begun', 'begin another')
  if (swap.restore !== id || swap.set !== row.set || swap.store !== row.store || swap.copy !== row.key || swap.etag !== row.etag || swap.verified !== row.verified) return refusedFor('this swap is of another restore', 'begin another')
  const approvers = people.everybody(sql).filter((it) => may(people.rolesOf(sql, it), 'approve'))
  const of = named ?? (approvers.length === 2 ? approvers : [])
  if (of.length !== 2) return no(400, 'HF472', 'Two people are asked; say which.', `name them with --of: ${approvers.slice(0, 20).join(', ') || 'nobody may approve yet'}`)
  const unknown = of.find((it) => !people.isKnown(sql, it))
  if (unknown !== undefined) return no(404, 'HF404', `no person is called “${unknown}”`, `who may approve: ${approvers.slice(0, 20).join(', ') || 'nobody yet'}`)
  const lapses = given === undefined ? USUAL : parseSpan(given)
  if (lapses === undefined || lapses < minutes(1) || lapses > LONGEST) return no(400, 'HF411', `“${given}” is not a time between 1 min and ${sayTime(LONGEST)}`, 'write it with units: 30m, 4h')
  const hash = hashOfSwap(swap)
  const title = `Replace ${swap.units.length} damaged ${swap.units.length === 1 ? 'unit' : 'units'} in ${swap.place}`.slice(0, 200)
  const made = await keeper.engine.turn('restores.ask', (tx) => {
    const asked = people.agreements.ask(tx, { what: 'guard.swap', title, text: saySwap(swap), hash, asks: 'yes', parties: of.map((it) => ({ person: it, as: 'approves' })), lapses, alone: 'never', by: speaker(asker, by) })
    if (asked.is === 'asked') keeper.rooms.guard.restores.asked(tx, id, { hash, agreement: asked.id })
    return asked
  })
  if (made.is === 'refused') return no(made.why === 'crowded' ? 503 : 409, made.why === 'crowded' ? 'HF473' : 'HF474', `${made.says.slice(0, 1).toUpperCase()}${made.says.slice(1)}.`, 'name two different people with the right role: holdfast people list shows who has which')
  const asked = loadAgreement(sql, made.id)
  return asked ? ok(showAgreement(keeper, asked, asker, by)) : noRestore(id)
}

function agreementOf(keeper: Keeper, id: string | null): SwapAgreement | undefined {
  const row = id === null ? undefined : loadAgreement(keeper.store.sql, id)
  if (!row) return undefined
  const { terms, phase, assents } = row.agreement
  return { what: terms.what, hash: terms.hash, phase: phase.is, people: assents.map(({ identity }) => identity), lapsesAt: terms.lapsesAt }
}

async function swap(keeper: Keeper, { restore: id, hash }: Args<'restores.swap'>): Promise<Answer> {
  const row = loadRestore(keeper.store.sql, id)
  if (!row) return noRestore(id)
  const { agreement } = row
  // In the turn itself: a word that is taken back at this moment counts.
  const why = await keeper.engine.turn('restores.swap', (tx) => {
    const not = whyNotSwap(hash, agreementOf(keeper, agreement), tx.now)
    if (not !== undefined || agreement === null) return not ?? 'nobody was asked to agree to it'
    return keeper.rooms.guard.restores.swapping(tx, id, { hash, agreement }) ? undefined : 'it was begun already, or is over: what was agreed on is done once'
  })
  return why === undefined ? ok({ schema: 'holdfast.done/1', says: 'what was agreed on may be done now' }) : refusedFor(why, 'nothing was touched')
}

async function end(keeper: Keeper, { restore: id, verdict, says, phases, swapped, sha256 }: Args<'restores.end'>): Promise<Answer> {
  const row = loadRestore(keeper.store.sql, id)
  if (!row) return noRestore(id)
  if (verdict === 'swapped' && row.swappingAt === null) return refusedFor('nobody let it swap anything', 'this is noted nowhere')
  const isNew = await keeper.engine.turn('restores.end', (tx) => keeper.rooms.guard.restores.ended(tx, id, { verdict, says, phases, swapped, sha256 }))
  return ok({ schema: 'holdfast.done/1', says: isNew ? 'noted' : 'that was known already' })
}

type Call<Name extends keyof RestoreCalls> = (keeper: Keeper, args: Args<Name>, asker: Asker) => Answer | Promise<Answer>
const CALLS: { [Name in keyof RestoreCalls]: Call<Name> } = {
  'backups.restore': begin, 'restores.ask': ask, 'restores.swap': swap, 'restores.end': end,
  'backups.restores': (keeper, { set }) => (setsIn(keeper.config).has(set) ? ok(viewRestores(keeper.store.sql, set)) : noSet(keeper, set)),
}

export const isAboutRestores = (called: string): called is keyof RestoreCalls => Object.hasOwn(CALLS, called)

/** As `answer` does it for the others. */
export async function answerRestores(keeper: Keeper, called: keyof RestoreCalls, args: unknown, asker: Asker): Promise<Answer> {
  const parsed = ARGS[called].safeParse(args ?? {})
  if (!parsed.success) return misunderstood(called, parsed.error)
  try {
    return await (CALLS[called] as Call<keyof RestoreCalls>)(keeper, parsed.data, asker)
  } catch (cause) {
    return notDurable(cause)
  }
}
