// Retention, judged: what of one set in one store may be set aside, with a reason for every copy. The rules of the set say what they need no more; the
// gates say whether it may go all the same. All other stores are only witnesses. A plan is whole or void: where the shelf cannot be believed, or more
// could go than the limits allow, nothing of it may be done, somebody is paged, and every copy still says why it is where it is (G-3, G-5).
import { createHash } from 'node:crypto'
import { derivedId } from '../../../core/id.ts'
import { canonical } from '../../../core/ledger.ts'
import { between, days, later, sayTime, type Instant, type Now, type Span } from '../../../core/time.ts'
import { all, whyNot, type Want } from '../reconcile/margins.ts'
import type { PlanId, Refusal } from '../reconcile/plan.ts'
import { aged, couldGo, covered, soaked, sortBoth, standingsOf, touchable, waitsOf, witnessesOf, type Judging, type Settings, type Standing } from './gates.ts'
import { checksOf, nameOf, type Copy, type Known, type Mark, type Shelf } from './shelf.ts'

/** So much may go at once (G-5). A share of few copies means nothing: two may always go. */
export const LIMITS = { perRun: 10, perDay: 20, share: 0.25, few: 2 } as const

export interface World {
  readonly set: string
  readonly settings: Settings
  /** The store that is judged. */
  readonly store: string
  /** Every store of the set that was listed, this one among them. */
  readonly shelves: readonly Shelf[]
  /** A person has said that so many may go, having seen them; holds for a day. */
  readonly accepted: { readonly most: number; readonly at: Instant } | undefined
  readonly now: Now
  /** The sum of the monotonic spans that Holdfast was alive for. */
  readonly lived: Span
}

/** `quarantine`: may go now. `keep`: stays for the time being. `never`: nothing but a person takes it away. */
export interface Item {
  readonly act: 'quarantine' | 'keep' | 'never'
  readonly copy: string
  readonly key: string
  readonly version_id: string | null
  readonly etag: string
  readonly bytes: number | null
  readonly at: Instant | null
  readonly first_flagged: Instant | null
  readonly eligible_at: Instant | null
  /** The plan is refused since more could go than may at once, and it is one of these. */
  readonly refused?: true
  readonly why: string
}

/** `holdfast.retention.plan/1`. What people agree on is the hash; an item counts only in a plan without refusals. */
export interface Plan {
  readonly id: PlanId
  readonly hash: string
  readonly set: string
  readonly store: string
  /** The store's identity: what was judged is what is touched (G-6). */
  readonly identity: string | null
  readonly refusals: readonly Refusal[]
  readonly totals: { readonly quarantine: number; readonly keep: number; readonly never: number; readonly bytes: number }
  /** Newest first, the undated last. */
  readonly items: readonly Item[]
}

export interface Judged {
  readonly plan: Plan
  /** What is to be remembered of this shelf from now on; nothing where it could not be believed. */
  readonly remember: readonly Known[] | undefined
  /** An evaluation that counts. */
  readonly healthy: boolean
  /** One cause, one incident (G-28). */
  readonly pages: readonly { readonly urgency: 'high'; readonly cause: string; readonly says: string }[]
}

const ACCEPTED_FOR = days(1)

/** Judges one set in one store. */
export function judge(world: World): Judged {
  const { set, store, settings, now, lived } = world
  const shelf = world.shelves.find((it) => it.store === store)
  if (shelf === undefined) return judged(world, [notListed(store, now)], [], undefined)
  const judging: Judging = { shelf, settings, witnesses: witnessesOf(world.shelves, settings, now, lived), now, lived }
  const refusals = [...refusalsOf(world, shelf), ...limitsOf(world, shelf)]
  const standings = standingsOf(shelf, settings, now, lived)
  const kept = sortBoth(standings, settings)
  // Whoever is to accept a number, or to hold what must stay, has to see of which it is.
  const refused = refusals.some(({ id, found }) => id === 'limit' && found === 'fail') ? couldGo(shelf, settings, now) : new Set<Copy>()
  const byName = new Map(standings.map((one) => [one.name, one]))
  const verdicts = [...shelf.copies].sort(newestFirst).map((copy) => verdictOf(copy, byName.get(nameOf(copy.place)), kept, judging))
  const healthy = refusals.length === 0
  const remember = healthy ? verdicts.map((it) => remembered(it, judging)) : undefined
  return judged({ set, store, settings }, refusals, verdicts.map((it) => (refused.has(it.copy) ? asRefused(itemOf(it, settings)) : itemOf(it, settings))), remember, shelf.identity.now)
}

interface Verdict {
  readonly copy: Copy
  readonly standing: Standing | undefined
  readonly act: Item['act']
  readonly why: string
  /** Only the soak is left. */
  readonly ripe: boolean
}

function verdictOf(copy: Copy, standing: Standing | undefined, kept: (one: Standing) => readonly string[], judging: Judging): Verdict {
  const own = whyNot(touchable(copy, judging.now))
  if (own !== undefined || standing === undefined) return { copy, standing, act: 'never', ripe: false, why: `never, because ${own ?? 'nobody knows when it was taken'}` }
  const reasons = kept(standing)
  if (reasons.length > 0) return { copy, standing, act: 'keep', ripe: false, why: `kept, because ${reasons.join('; ')}` }
  const cover = covered(standing, judging)
  const [newer] = cover
  if (newer?.found.is !== 'pass') return { copy, standing, act: 'never', ripe: false, why: `never, because nothing newer than it is verified in ${judging.shelf.store}` }
  const wants: Want[] = [...cover, ...aged(standing, judging)]
  const before = all(wants)
  if (before.is !== 'pass') return { copy, standing, act: 'keep', ripe: false, why: `kept, because not yet: ${before.says}` }
  const soak = all(soaked(standing.known?.mark, judging))
  if (soak.is !== 'pass') return { copy, standing, act: 'keep', ripe: true, why: `kept, because not yet: ${soak.says}` }
  return { copy, standing, act: 'quarantine', ripe: true, why: `deletable, because no rule keeps it; ${before.says}; ${soak.says}` }
}

/** The memory of a copy after an evaluation that counts. What could not go this time begins anew. */
function remembered({ copy, standing, ripe }: Verdict, { now, lived, shelf }: Judging): Known {
  const at = { wall: now.wall, lived }
  const name = nameOf(copy.place)
  const known = standing?.known ?? shelf.known?.copies.find((it) => nameOf(it.place) === name)
  const since = known?.since ?? at
  if (!ripe) return { place: copy.place, since }
  const mark: Mark = known?.mark === undefined ? { first: at, last: at, runs: 1 } : { ...known.mark, last: at, runs: known.mark.runs + 1 }
  return { place: copy.place, since, mark }
}

function itemOf({ copy, standing, act, why, ripe }: Verdict, settings: Settings): Item {
  const mark = ripe ? standing?.known?.mark : undefined
  return {
    act, copy: copy.copy, key: copy.place.key, version_id: copy.place.versionId ?? null, etag: copy.place.etag, bytes: copy.bytes ?? null, at: copy.at ?? null,
    first_flagged: mark?.first.wall ?? null, eligible_at: mark === undefined ? null : later(mark.first.wall, waitsOf(settings).soak), why,
  }
}

/** One of those that were too many. */
const asRefused = (item: Item): Item => ({ ...item, refused: true, why: `refused: it is one of those that could go at once${item.act === 'quarantine' ? '' : `; as it stands: ${item.why}`}` })

const newestFirst = (a: Copy, b: Copy): number => (b.at ?? Number.NEGATIVE_INFINITY) - (a.at ?? Number.NEGATIVE_INFINITY) || (nameOf(a.place) < nameOf(b.place) ? 1 : -1)

/** A set without a rule would let everything go. */
function rulesOf(set: string, { keep, keepVerified, locations }: Settings, now: Now): Refusal[] {
  const { last = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0, within = 0 } = keep
  if (last + daily + weekly + monthly + yearly + within > 0 && keepVerified >= 1 && locations >= 1) return []
  return [{ id: 'rules', found: 'fail', text: 'no rule says what is kept', evidence: [{ subject: `keep of ${set}`, observer: 'configuration', at: now.wall }], cure: 'Give `keep` at least one rule, such as daily: 7, and keep at least one verified copy in one place.' }]
}

/** Why nothing of a shelf may be touched, whatever it is: there is no rule, or it cannot be believed. */
export const refusalsOf = ({ set, settings, store, now }: Pick<World, 'set' | 'settings' | 'store' | 'now'>, shelf: Shelf | undefined): Refusal[] =>
  [...rulesOf(set, settings, now), ...(shelf === undefined ? [notListed(store, now)] : unsound(set, shelf, now))]

const notListed = (store: string, now: Now): Refusal => ({ id: 'listing', found: 'unknown', text: `${store} was not listed`, evidence: [{ subject: `store ${store}`, observer: 'keeper', at: now.wall }], cure: 'Let the store be listed.' })

/** The listing that it rests on; where there is none, that the keeper knows of none. */
export const evidenceOf = ({ store, listing }: Pick<Shelf, 'store' | 'listing'>, now: Now): Refusal['evidence'] =>
  [listing === undefined ? { subject: `store ${store}`, observer: 'keeper', at: now.wall } : { subject: listing.subject, observer: listing.observer, at: listing.at }]

/** As it can be typed in the night; what is missing is told by it first. */
const ifRight = (set: string, store: string): string => `If that was right, a person says so: holdfast backups accept-gone ${set} ${store} -m "why"`

const ifSoMuch = (set: string, store: string, count: number | string): string => `If so much may go, a person accepts the number, for a day: holdfast backups accept-most ${set} ${store} ${count} -m "why"`

const unsound = (set: string, shelf: Shelf, now: Now): Refusal[] => {
  const evidence = evidenceOf(shelf, now)
  return checksOf(shelf, now).flatMap(({ id, found, cure }) => (found.is === 'pass' ? [] : [{ id, found: found.is, text: `${shelf.store}: ${found.says}`, evidence, cure: id === 'vanished' ? `${cure} ${ifRight(set, shelf.store)}; it tells first what is missing.` : cure }]))
}

/** So many may go by a person's word, for a day. */
export const saidMost = (accepted: World['accepted'], now: Now): number => (accepted !== undefined && accepted.at <= now.wall && between(accepted.at, now.wall) <= ACCEPTED_FOR ? accepted.most : 0)

/** Counts everything that could go in the worst case, not what would go: knowing less must not bring a plan below its limit. */
function limitsOf({ set, settings, now, accepted }: World, shelf: Shelf): Refusal[] {
  const { fewest, actsToday } = shelf
  if (fewest === undefined || actsToday === undefined) return [{ id: 'limit', found: 'unknown', text: `${shelf.store}: ${fewest === undefined ? 'how many copies there were' : 'how many were set aside within the last day'} is not known`, evidence: evidenceOf(shelf, now), cure: 'Let it be judged again; if it stays so, verify the ledger.' }]
  const said = saidMost(accepted, now)
  const share = Math.max(LIMITS.few, Math.floor(LIMITS.share * (fewest === 'none' ? 0 : fewest)))
  const could = couldGo(shelf, settings, now).size
  const most = Math.max(said, Math.min(LIMITS.perRun, share))
  const cure = `Look at the plan: holdfast backups plan ${set}. ${ifSoMuch(set, shelf.store, could + actsToday)}; else hold what is to stay (holdfast backups hold), or mend \`keep\`.`
  const over = (n: number, limit: number, what: string): Refusal[] => (n <= limit ? [] : [{ id: 'limit', found: 'fail', text: `${shelf.store}: ${n} copies could go ${what}, at most ${limit}`, evidence: evidenceOf(shelf, now), cure }])
  return [...over(could, most, 'at once'), ...over(could + actsToday, Math.max(LIMITS.perDay, said), `within ${sayTime(days(1))}`)]
}

function judged({ set, store, settings }: Pick<World, 'set' | 'store' | 'settings'>, refusals: readonly Refusal[], items: readonly Item[], remember: readonly Known[] | undefined, identity?: string): Judged {
  const count = (act: Item['act']): number => items.filter((it) => it.act === act).length
  const bytes = items.reduce((sum, it) => sum + (it.act === 'quarantine' ? (it.bytes ?? 0) : 0), 0)
  const head = { set, store, identity: identity ?? null, refusals, totals: { quarantine: count('quarantine'), keep: count('keep'), never: count('never'), bytes } }
  const hash = hashOf({ set, store, identity: head.identity, rules: rulesIn(settings), refusals: refusals.map(({ id }) => id), items: items.map(({ act, key, version_id, etag, bytes, at }) => ({ act, key, version_id, etag, bytes, at })) })
  const says = refusals.map((it) => it.text)
  return {
    plan: { ...head, id: derivedId('plan', set, store, hash), hash, items }, remember, healthy: refusals.length === 0,
    pages: says.length === 0 ? [] : [{ urgency: 'high', cause: `retention:${set}:${store}`, says: `nothing of ${set} is set aside in ${store}: ${says.slice(0, 3).join('; ')}${says.length > 3 ? `; and ${says.length - 3} more` : ''}${refusals.some(({ id }) => id === 'vanished') ? `. ${ifRight(set, store)}` : ''}${refusals.some(({ id, found }) => id === 'limit' && found === 'fail') ? `. ${ifSoMuch(set, store, '<number>')}` : ''}` }],
  }
}

/** What a person may change, and a plan is bound to. */
export const rulesIn = ({ keep, zone, keepVerified, locations, verifiedWithin }: Settings): Readonly<Record<string, unknown>> => ({ keep: { ...keep }, zone, keepVerified, locations, verifiedWithin })

/** Of what stays and what goes, and by which rules. How long something has waited is no part of it: the same judgement a minute later is the same plan, and has the same id. */
export const hashOf = (it: Readonly<Record<string, unknown>>): string => createHash('sha256').update(canonical(it)).digest('hex')

/** What of a plan may be done: nothing of one that was refused. */
export const deletable = ({ refusals, items }: Pick<Plan, 'refusals' | 'items'>): readonly Item[] => (refusals.length > 0 ? [] : items.filter((it) => it.act === 'quarantine'))
