// One run, judged: merge, checks, margins, limits and breaker come together, and a plan comes out with what must be remembered and who must be paged.
// Pure: all that it knows was read before. Nothing is permitted by default; a run that cannot say why it may, may not (X-9), and every run that may
// not says so by a page. What it writes before it knows that it was refused is void by its seal.
import type { Found } from '../../../core/evidence.ts'
import type { Instant, Now, Span } from '../../../core/time.ts'
import { coolingOf, goneSeen, isTooMuch, lets, LIMITS, measure, RUNGS, step, type Breaker, type GoneGroup, type Ladder, type Limit } from './breaker.ts'
import { check, evidenceOf, isListed, remembered, type Check, type LookedAt } from './checks.ts'
import { all, beforePurge, beforeQuarantine, flagged, marginsOf, purgeAt, quarantineAt, unlocked, untagged, type Flag, type Margins, type Moment, type Waits, type Want } from './margins.ts'
import { modeOf, partsOf, planWriter, type Item, type Plan, type PlanWriter, type Refusal } from './plan.ts'
import { bindingOf, type Arming, type Ran, type Readings, type Tried, type Way } from './readings.ts'
import { sandwich, type Finding, type Group, type Inputs, type Merged, type Recalled } from './sandwich.ts'
import { twinsOf } from './twins.ts'

export interface Settings {
  readonly reconcile: string
  readonly queries: readonly string[]
  /** The smallest catalogue that is believed. */
  readonly least: number
  readonly waits: Waits
  /** Whether there is a second place; without one nothing is ever purged (G-23). */
  readonly copies: boolean
}

export interface World {
  readonly settings: Settings
  readonly inputs: Inputs
  readonly readings: Readings
  readonly tried?: Tried
  /** `undefined`: not known, and as good as open. */
  readonly breaker: Breaker | undefined
  readonly actsToday: number | undefined
  readonly lastBatch: { readonly tried: number; readonly failed: number; readonly preconditions: number } | undefined
  readonly now: Now
  readonly lived: Span
}

/** `always`: a lock, or a flag that is taken away; holds also if the run was refused. `counted`: only if the run counts. */
export interface Remembering {
  readonly key: Uint8Array
  readonly recalled: Recalled
  readonly when: 'always' | 'counted'
}

/** What an act rests on, beside its item: for whoever judges it once more right before it is done. */
export interface Given {
  readonly lock: Recalled['lock']
  readonly flag?: Flag
  readonly copied?: boolean
  readonly modifiedAt?: Instant
}

export interface Out {
  readonly item: (item: Item) => void
  /** Right after the item of an act: quarantine, purge, release. */
  readonly given?: (key: Uint8Array, given: Given) => void
  readonly remember: (it: Remembering) => void
}

/** One cause, one incident (G-28). */
export interface Page {
  readonly urgency: 'high'
  readonly cause: string
  readonly says: string
}

export interface Judged {
  readonly plan: Plan
  /** A run that counts: for flags, floors, arming and closing a breaker. */
  readonly healthy: boolean
  readonly breaker: Breaker | undefined
  readonly ladder: Ladder
  readonly ran: Ran
  readonly pages: readonly Page[]
}

/** Judges a run; items and what is to be remembered go out as they are found. */
export function judge(world: World, out: Out): Judged {
  const { settings, readings, now } = world
  const margins = marginsOf(settings.waits)
  const binding = bindingOfRun(world)
  const writer = planWriter(out.item)
  const tally = tallyOf(readings.accepted?.value.goneGroups ?? [])
  const known: Known = {
    margins, now: { at: { wall: now.wall, lived: world.lived }, store: readings.clocks?.value.store },
    flagsHold: binding !== undefined && readings.flagsBinding?.value === binding, listed: isListed(readings), breaker: world.breaker, copies: settings.copies,
  }
  const merged = sandwich(world.inputs, { key: (finding) => take(finding, known, writer, tally, out), group: (group) => tally.group(group) })
  const looked = check({ readings, ...(world.tried && { tried: world.tried }), merged, mixed: tally.mixed, twins: tally.twins.found(), least: settings.least, now })
  const checks = looked.map(({ says: _, ...it }): Check => it)
  const limits = limitsOf(world, merged, tally)
  const trips = merged.is === 'whole' ? limits.flatMap((it) => (it.found.is === 'fail' ? [it.found.says] : [])) : []
  const healthy = checks.every((it) => it.found === 'pass') && limits.every((it) => it.found.is === 'pass')
  const breaker = world.breaker === undefined ? undefined : step(world.breaker, { is: 'ran', at: now.wall, lived: world.lived, trips, healthy, ladder: tally.ladder, cooling: coolingOf(world.settings.waits.shrink) }).breaker
  const refusals = [...brokenOf(merged, world.now.wall), ...refusalsOf(world, checks, limits, binding)]
  const plan = writer.seal({ run: readings.history?.value.number ?? 0, reconcile: settings.reconcile, mode: modeOf(armingOf(readings), breaker, binding), binding: binding ?? null, checks, refusals })
  return { plan, healthy, breaker, ladder: tally.ladder, ran: ranOf(world, merged, healthy, tally.newOrphans), pages: pagesOf(settings.reconcile, { refusals, looked, read: merged.is === 'whole' }, breaker, writer) }
}

/** What every single key is judged by. */
interface Known {
  readonly margins: Margins
  readonly now: { readonly at: Moment; readonly store: Instant | undefined }
  /** Flags that were made under another binding are none (G-16). */
  readonly flagsHold: boolean
  readonly listed: boolean
  readonly breaker: Breaker | undefined
  readonly copies: boolean
}

type Tally = ReturnType<typeof tallyOf>

function take(finding: Finding, known: Known, writer: PlanWriter, tally: Tally, out: Out): void {
  const { verdict, recalled } = finding
  switch (verdict) {
    case 'orphan': case 'never': return takeOrphan(finding, known, writer, tally, out)
    case 'hidden': return recalled?.aside === undefined ? takeHidden(finding, known, out) : takeAside(finding, known, writer, tally, out)
    case 'kept': case 'moving': case 'gap': case 'unseen': return takeRow(finding, known, writer, tally, out)
    case 'gone': return takeGone(finding, known, writer, out)
    case 'intent': return recalled?.flag === undefined ? undefined : forget(finding, out)
  }
}

function takeOrphan(finding: Finding, known: Known, writer: PlanWriter, tally: Tally, out: Out): void {
  const { listed, recalled, key } = finding
  if (listed === undefined) return
  if (untagged(listed.tags).is !== 'fail') tally.twins.object(key)
  const former = known.flagsHold ? recalled?.flag : undefined
  const flag = finding.verdict === 'orphan' ? flagged(former, listed, known.now.at, known.margins) : undefined
  const ready = [...untouched(finding), ...beforeQuarantine(flag, listed, known.now, known.margins)]
  const found = all([...ready, { wants: 'let through by the breaker', found: lets(known.breaker, key, flag?.first.wall) }])
  tally.orphan(finding, former === undefined)
  if (all(ready).is !== 'fail') tally.ready(key)
  if (found.is !== 'fail') tally.act()
  const act = finding.verdict === 'never' ? 'never' : found.is === 'pass' ? 'quarantine' : 'keep'
  writer.add(key, { ...fields(finding, flag), act, eligible_at: flag === undefined ? null : quarantineAt(flag, listed, known.margins), why: found.says ?? '' })
  if (act === 'quarantine') out.given?.(key, givenOf(finding, flag))
  // A lock stays although the run may not count; a flag is only worth something if it does.
  if (flag) out.remember({ key, recalled: { ...without(finding, 'aside'), flag }, when: 'counted' })
  else if (recalled?.flag) forget(finding, out)
}

function takeAside(finding: Finding, known: Known, writer: PlanWriter, tally: Tally, out: Out): void {
  const { listed, recalled } = finding
  const aside = recalled?.aside
  if (aside === undefined) return
  tally.aside++
  tally.twins.object(finding.key)
  const wants: Want[] = [...untouched(finding), ...beforePurge(aside, listed, known.copies ? recalled?.copied : false, known.now, known.margins), { wants: 'let through by the breaker', found: purgeable(known.breaker) }]
  const found = all(wants)
  if (found.is !== 'fail') tally.act()
  writer.add(finding.key, { ...fields(finding, recalled?.flag), act: found.is === 'pass' ? 'purge' : 'keep', eligible_at: purgeAt(aside, known.margins) ?? null, why: found.says ?? '' })
  if (found.is === 'pass') out.given?.(finding.key, givenOf(finding, recalled?.flag))
}

/** Its application has put it under a delete marker: what is taken out from under it one day is judged from that day on. */
function takeHidden(finding: Finding, { listed }: Known, out: Out): void {
  if (listed && finding.recalled?.flag) forget(finding, out)
}

/** A row stands for it: its flag is gone, what was put aside comes back, and a gap is told. The row is never touched. */
function takeRow(finding: Finding, { listed: isListed }: Known, writer: PlanWriter, tally: Tally, out: Out): void {
  const { verdict, recalled, listed, lock } = finding
  const returns = recalled?.aside !== undefined && listed?.standing === 'hidden'
  if (recalled?.aside !== undefined) tally.resurrected++
  if (returns) {
    writer.add(finding.key, { ...fields(finding, undefined), act: 'release', eligible_at: null, why: 'its row has come back' })
    out.given?.(finding.key, givenOf(finding, undefined))
  } else if (verdict === 'unseen') {
    writer.add(finding.key, { ...fields(finding, undefined), act: 'never', eligible_at: null, why: 'nobody can ask a store for an object of that name: whether it is there is not known' })
  } else if (verdict === 'gap') {
    const accepted = recalled?.gapAccepted === true
    if (!accepted && recalled?.aside === undefined) tally.twins.row(finding.key)
    if (isListed) writer.add(finding.key, { ...fields(finding, undefined), act: accepted ? 'never' : 'gap', eligible_at: null, why: accepted ? 'its object is missing, and a person has accepted that' : 'its row is there and its object is not' })
  }
  if (recalled?.flag || (recalled?.aside && !returns) || (lock !== 'free' && lock !== 'none' && lock !== recalled?.lock)) forget(finding, out)
}

/** `listed`: this very store was. Else nothing is missing, and nobody is told that it is. */
function takeGone(finding: Finding, { listed }: Known, writer: PlanWriter, out: Out): void {
  const { recalled } = finding
  if (!listed) return
  if (recalled?.aside !== undefined || finding.lock === 'locked' || finding.lock === 'unknown') writer.add(finding.key, { ...fields(finding, recalled?.flag), act: 'gone', eligible_at: null, why: recalled?.aside ? 'it was put aside, and is no longer there' : 'it was locked, and is no longer there' })
  else if (recalled?.flag) forget(finding, out, 'counted')
}

const givenOf = ({ lock, recalled, listed }: Finding, flag: Flag | undefined): Given => ({
  lock, ...(flag && { flag }), ...(recalled?.copied !== undefined && { copied: recalled.copied }), ...(listed?.modifiedAt !== undefined && { modifiedAt: listed.modifiedAt }),
})

/** Takes the flag away and keeps the rest, the lock before all. What speaks for an object does so in any run; that it is not listed counts only in one that counts. */
function forget(finding: Finding, out: Out, when: Remembering['when'] = 'always'): void {
  out.remember({ key: finding.key, recalled: without(finding, 'flag'), when })
}

/** What is remembered of a key, with what this run knows, without a flag, or without having been put aside: what lives again is not aside. */
function without(finding: Finding, what: 'flag' | 'aside'): Recalled {
  const rest: { -readonly [Field in keyof Recalled]: Recalled[Field] } = { ...finding.recalled, lock: finding.lock, ...tenantOf(finding) }
  delete rest[what]
  if (finding.listed?.standing === 'live') delete rest.aside
  return rest
}

const tenantOf = ({ tenant }: Finding): { tenant?: string } => (tenant === undefined ? {} : { tenant })

/** Locks by both paths, and what its owner has said (G-4, G-17). No row was ever seen: the catalogue has nothing to say. */
const untouched = ({ lock, listed, recalled }: Finding): Want[] => [
  lock === 'locked' && recalled?.broughtBy !== undefined ? { wants: 'not brought back by a person', found: { is: 'fail', says: `${recalled.broughtBy} brought it back: it stays until somebody unlocks it` } }
    : { wants: 'not locked in the catalogue', found: lock === 'none' ? { is: 'pass' } : unlocked(lock, 'the catalogue') },
  { wants: 'not locked in the store', found: unlocked(listed?.lock ?? 'unknown', 'the store') },
  { wants: 'not tagged to be kept', found: untagged(listed?.tags) },
]

function purgeable(breaker: Breaker | undefined): Found {
  if (breaker === undefined) return { is: 'unknown', says: 'its state is not known' }
  return breaker.is === 'closed' ? { is: 'pass' } : { is: 'fail', says: 'it is not closed' }
}

const fields = ({ listed, recalled, tenant }: Finding, flag: Flag | undefined): Omit<Item, 'key' | 'key_hex' | 'act' | 'eligible_at' | 'why'> => ({
  version_id: listed?.version ?? recalled?.aside?.version ?? null, etag: listed?.etag ?? recalled?.aside?.etag ?? null, bytes: isSize(listed?.size) ? listed.size : null,
  tenant: tenant ?? null, first_flagged: flag?.first.wall ?? null,
})

const isSize = (size: number | undefined): size is number => size !== undefined && Number.isSafeInteger(size) && size >= 0

const MOST_GROUPS = 20

/** What the limits need, in constant memory. */
function tallyOf(goneGroups: readonly GoneGroup[]) {
  const rungs: { most: number; key: string }[] = []
  const tally = {
    newOrphans: 0, newBytes: 0 as number | undefined, flagged: 0, aside: 0, acts: 0, resurrected: 0, mixed: [] as string[], twins: twinsOf(MOST_GROUPS), worst: [] as Group[],
    ladder: { count: 0, rungs } as { count: number; rungs: readonly { most: number; key: string }[] },
    orphan({ listed, verdict }: Finding, isNew: boolean): void {
      // What its owner keeps by a tag is no orphan that a limit should count.
      if (verdict === 'never' && untagged(listed?.tags).is === 'fail') return
      if (!isNew) tally.flagged++
      else {
        tally.newOrphans++
        tally.newBytes = isSize(listed?.size) && tally.newBytes !== undefined ? tally.newBytes + listed.size : undefined
      }
    },
    act: () => void tally.acts++,
    /** All that could be put aside, also what the breaker holds back. */
    ready(key: Uint8Array): void {
      tally.ladder.count++
      if (RUNGS.includes(tally.ladder.count)) rungs.push({ most: tally.ladder.count, key: Buffer.from(key).toString('hex') })
    },
    group(group: Group): void {
      if (group.gaps > 0 && group.rowless > 0 && tally.mixed.length < MOST_GROUPS) tally.mixed.push(group.name)
      // Those that a person has named take no room from the others.
      if (isTooMuch(group, goneGroups)) tally.worst = [...tally.worst, group].slice(0, MOST_GROUPS)
    },
  }
  return tally
}

function limitsOf(world: World, merged: Merged, tally: Tally): Limit[] {
  const runs = remembered(world.readings, world.now)
  const counts = merged.is === 'whole' ? merged.counts : { objects: Number.NaN, bytes: Number.NaN }
  return measure({
    ...counts, newOrphans: tally.newOrphans, newBytes: tally.newBytes, flagged: tally.flagged + tally.newOrphans, aside: tally.aside, groups: tally.worst, acts: tally.acts,
    actsToday: world.actsToday, earlier: runs?.filter((it) => it.healthy).map((it) => it.newOrphans).reverse(), lastBatch: world.lastBatch, resurrected: tally.resurrected,
    goneGroups: world.readings.accepted?.value.goneGroups ?? [],
  })
}

/** What arming, flags and approvals of this run would be bound to; nothing where catalogue or store were not read. */
export function bindingOfRun({ settings, inputs, readings: { listing, before } }: Pick<World, 'settings' | 'inputs' | 'readings'>): string | undefined {
  if (listing === undefined || before === undefined) return undefined
  const { runs, spacing, age, soak } = marginsOf(settings.waits)
  const limits = { ...LIMITS, runs, spacing, age, soak, retention: settings.waits.retention, least: settings.least, copies: settings.copies ? 1 : 0, bound: settings.waits.oldestCopy === 'unbound' ? 0 : 1 }
  return bindingOf({ store: listing.value.store, catalogue: before.value.identity, fingerprint: before.value.fingerprint, prefix: inputs.prefix, queries: settings.queries, limits })
}

const armingOf = ({ arming }: World['readings']): Arming | undefined => (arming === undefined || arming.value === 'none' ? undefined : arming.value)

/** What no check speaks for: an input of our own that is broken. */
const brokenOf = (merged: Merged, at: Instant): Refusal[] => (merged.is === 'whole' ? [] : merged.reasons.filter((it) => it.input !== 'listing' && it.input !== 'catalogue').map(({ input, says }): Refusal =>
  ({ id: `input:${input}`, found: 'fail', text: says, evidence: [{ subject: `list of this run: ${input}`, observer: 'guard', at }], cure: 'Let the run be made again; if it stays so, see what writes this list.' })))

const UNCOUNTED = 'There is nothing to decide: it is counted again in the next run that reads all.'
// Closed sooner it would trip again with the next run: two people would have been asked for nothing.
const DAILY = 'See whether so much is right. If it is, wait until what was done is a day old; then two people close the breaker with a reason after a healthy run. Closed sooner it opens again.'

const CLOSED_BY = (reconcile: string): string => `two people close the breaker with a reason after a healthy run: holdfast reconcile close-breaker ${reconcile} -m "why"`

/** No run is healthy while the group trips: what leads out begins with a person's word that it is really gone. */
function groupCure(reconcile: string, says: string | undefined): string {
  const seen = says === undefined ? undefined : goneSeen(says)
  const word = seen === undefined || !/^[\w ./:@-]+$/.test(seen) ? `holdfast reconcile accept ${reconcile} gone "…", as holdfast reconcile show ${reconcile} names it` : `holdfast reconcile accept ${reconcile} gone "${seen}"`
  return `See whether that group is really gone. If it is, a person says so: ${word}; else no run is healthy. Then ${CLOSED_BY(reconcile)}.`
}

/** Why nothing of it may be executed. A job that nobody has armed is refused nothing by its store or by its arming: it only reports. */
function refusalsOf(world: World, checks: readonly Check[], limits: readonly Limit[], binding: string | undefined): Refusal[] {
  const { arming, way } = world.readings
  const refusals: Refusal[] = checks.flatMap(({ id, found, text, evidence, cure }) => (found === 'pass' ? [] : [{ id, found, text, evidence, cure }]))
  const add = (id: string, found: Found, cure: string, ...rests: Parameters<typeof evidenceOf>[1]): void => void (found.is !== 'pass' && refusals.push({ id, found: found.is, text: found.says, evidence: evidenceOf(world, rests), cure }))
  for (const { id, found } of limits) add(`limit:${id}`, found, found.is === 'unknown' ? UNCOUNTED : id === 'per-day' ? DAILY : id === 'group' ? groupCure(world.settings.reconcile, found.says) : `See whether so much is right. If it is, ${CLOSED_BY(world.settings.reconcile)}.`, 'before', 'listing', 'after', 'history')
  add('breaker', world.breaker === undefined ? { is: 'unknown', says: 'the state of the breaker is not known' } : world.breaker.is === 'open' ? { is: 'fail', says: `the breaker is open: ${world.breaker.because.join('; ')}` } : { is: 'pass' }, 'Two people close it with a reason after a healthy run.', 'history')
  if (arming?.value === 'none') return refusals
  add('arming', arming === undefined ? { is: 'unknown', says: 'whether it is armed is not known' } : armedAs(arming.value.binding, binding), binding === undefined ? 'There is nothing to arm: it stays armed, and the next run that reads all looks again.' : 'See what has changed, and arm it anew.', 'arming', 'before', 'listing')
  add('way', wayFound(way?.value, marginsOf(world.settings.waits).quarantine), wayCure(way?.value), 'way', 'listing')
  return refusals
}

const armedAs = (armed: string, binding: string | undefined): Found => {
  if (binding === undefined) return { is: 'unknown', says: 'whether it is still what two people have armed is not known: catalogue or store were not read' }
  return armed === binding ? { is: 'pass' } : { is: 'fail', says: 'it is no longer what two people have armed' }
}

/** Whether this store can put something aside and bring it back (G-21), and refuses to delete what is locked. */
function wayFound(way: Way | undefined, quarantine: Span | undefined): Found {
  if (way === undefined) return { is: 'unknown', says: 'what the store can do was not probed' }
  if (way.lockHolds === undefined) return { is: 'unknown', says: 'whether the store refuses to delete what is locked is not known' }
  if (!way.lockHolds) return { is: 'fail', says: 'the store deletes what is locked' }
  if (way.versioning === 'none') return { is: 'fail', says: 'the store keeps no versions: what is written later under a name cannot be told from what was judged, so it is only reported on' }
  if (way.versioning !== 'enabled') return { is: 'fail', says: 'versioning is suspended: a delete would destroy' }
  if (way.noncurrent === 'ever') return { is: 'pass' }
  if (way.noncurrent === undefined || quarantine === undefined) return { is: 'unknown', says: 'how long the store keeps what is no longer current is not known' }
  return way.noncurrent >= quarantine ? { is: 'pass' } : { is: 'fail', says: 'the lifecycle takes away what is put aside before the quarantine is over' }
}

/** Each of them is mended in another place. */
function wayCure(way: Way | undefined): string {
  if (way === undefined || way.lockHolds === undefined) return 'It is tried out again before the next act. If it stays so, see whether the credential that deletes may lay and remove delete markers, and lock.'
  if (!way.lockHolds) return 'Arm nothing on such a store: what it says of locks cannot be believed, nor what it says of deletes. Another store, or another version of this one, may.'
  return 'Switch versioning on and let the lifecycle keep what is no longer current for as long as the quarantine.'
}

function ranOf({ readings, now }: World, merged: Merged, healthy: boolean, newOrphans: number): Ran {
  const counts = merged.is === 'whole' ? merged.counts : undefined
  return { number: readings.history?.value.number ?? 0, at: now.wall, healthy, before: counts?.before, after: counts?.after, objects: counts?.objects, newOrphans }
}

function pagesOf(reconcile: string, { refusals, looked, read }: { readonly refusals: readonly Refusal[]; readonly looked: readonly LookedAt[]; readonly read: boolean }, breaker: Breaker | undefined, writer: PlanWriter): Page[] {
  const { gaps, gone } = writer.totals()
  const page = (cause: string, says: string): Page => ({ urgency: 'high', cause: `reconcile:${reconcile}:${cause}`, says })
  const pages: Page[] = []
  const isLimit = ({ id }: Refusal): boolean => id === 'breaker' || id.startsWith('limit:')
  // What is known to be wrong is said first: the rest mostly follows from it.
  const missing = refusals.filter((it) => !isLimit(it) || it.found === 'unknown').sort((a, b) => Number(a.found === 'unknown') - Number(b.found === 'unknown'))
  // What a run that is refused makes of gaps and limits mostly has the same cause: one page, and what stays is paged by itself later.
  const besides = [...(breaker?.is === 'open' ? ['the breaker is open'] : []), ...(gaps > 0 ? [`${gaps} rows seem to have no object`] : []), ...(gone > 0 ? [`${gone} objects that were locked or put aside seem to be gone`] : [])]
  // Where something could not be read, that is the cause of all that is not known.
  const [causes, rest] = partsOf(missing, read)
  if (missing.length > 0) return [page('refused', `nothing was touched: ${causes.slice(0, 3).map(({ id, text }) => looked.find((it) => it.id === id)?.says ?? text).join('; ')}${causes.length > 3 ? `; and ${causes.length - 3} more` : ''}${rest.length > 0 ? `; so ${rest.length} more checks could not be made` : ''}${besides.map((it) => `; ${it}`).join('')}`)]
  if (breaker?.is === 'open') pages.push(page('breaker', `the breaker is open: ${breaker.because.join('; ')}`))
  if (gaps > 0) pages.push(page('gap', `${gaps} rows have no object; the rows are left as they are`))
  if (gone > 0) pages.push(page('gone', `${gone} objects have disappeared that were locked or put aside`))
  return pages
}
