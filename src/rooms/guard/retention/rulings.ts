// What may be done to one copy at this moment. The plan that a person permitted says what they saw; here the set is judged anew, whole, by what is known now:
// a fresh listing of every store it lies in, its proofs, holds, limits and marks, and what the hand saw the store do on canaries. A copy goes only where
// this judgement and that plan say the same of the very same thing. To set aside takes one person's word, or two who armed it, and can be undone; to remove takes two, each time.
import { isDue, isWithin, type Now } from '../../../core/time.ts'
import type { Found } from '../../../core/evidence.ts'
import { asideOf, isFree, type Act } from '../acts/life.ts'
import { approvalFound, ofStore, RECHECK_GOOD, rule, sealed, stillFresh, type Approval, type Candidate, type Grounds } from '../acts/rulings.ts'
import { hasRoom, lets } from '../reconcile/breaker.ts'
import { all, type Want } from '../reconcile/margins.ts'
import { armedFound, isLive, type Refusal } from '../reconcile/plan.ts'
import { judge, type World } from './judge.ts'
import { mayPurge, purgePlan, takenAt, type Attic } from './purge.ts'
import { bindingOf } from './run.ts'
import { nameOf } from './shelf.ts'
import type { BackupSet } from '../sets/set.ts'

/** Everything that is known of the set right now. */
export interface Scene {
  readonly set: BackupSet
  readonly world: World
  readonly attic: Attic
}

/** A rule for each act of one handful; the set is judged once for all of it. */
export function rulesFor(scene: Scene | undefined): (act: Act, it: Candidate, grounds: Grounds) => Found {
  if (scene === undefined) return (act, it, grounds) => (act === 'release' ? rule(act, it, grounds) : fail('no set of backups lies there any more by this configuration'))
  const { plan } = judge(scene.world)
  const now = new Map(plan.items.map((item) => [nameOf({ key: item.key, etag: item.etag, ...(item.version_id === null ? {} : { versionId: item.version_id }) }), item]))
  const unfit = unfitOf(scene)
  const binding = bindingOf(scene.world, scene.set)
  return (act, it, grounds) => {
    switch (act) {
      case 'quarantine': return all([...unfit, ...ofWord(grounds, binding), ...ofStore(grounds, ['sets_aside', 'brings_back', 'versions_or_moves', 'clock', 'read_only']), ...toSetAside(it, grounds, scene, { refusals: plan.refusals, now })])
      case 'purge': return all([...unfit, { wants: 'agreed by two people', found: approvalFound(grounds.approval, grounds.plan.hash, grounds.now) }, sealed(grounds), ...ofStore(grounds, ['purges', 'clock', 'read_only']), ...toRemove(it, grounds, scene)])
      case 'release': return rule(act, it, grounds)
    }
  }
}

const pass: Found = { is: 'pass' }
const fail = (says: string): Found => ({ is: 'fail', says })
const unknown = (says: string): Found => ({ is: 'unknown', says })

/** What no copy of this set in this store may ever be touched for. */
export function unfitOf({ set, world: { store } }: Pick<Scene, 'set'> & { readonly world: Pick<World, 'store'> }): Want[] {
  const lies = set.in.find((it) => it.store === store)
  return [
    { wants: 'copies that are files of their own', found: lies?.repository === undefined ? pass : fail(`${set.name} is a repository of ${set.engine}: what of it goes is for its own forget or expire to say`) },
    { wants: 'a store with a credential that deletes', found: lies?.readOnly === undefined ? pass : fail(`${store} is given none (delete)`) },
  ]
}

/** One person's word for the hash of just this plan, not long ago (G-11); or a run of what two people have armed, as it was then and as it is now (G-16). */
function ofWord(grounds: Grounds, binding: string | undefined): Want[] {
  const { approval, arming, plan, now, goodUntil } = grounds
  if (approval !== undefined) return [{ wants: 'permitted by a person', found: wordFound(approval, plan.hash, now) }, sealed(grounds)]
  return [
    { wants: 'a plan that is armed and refuses nothing', found: isLive(plan) ? pass : fail('it is not') }, sealed(grounds), stillFresh(goodUntil, now),
    { wants: 'armed by two people', found: armedFound(arming, plan.binding) }, { wants: 'what they armed, as it is now', found: binding === undefined ? unknown('which store it is, is not known') : armedFound(arming, binding) },
  ]
}

export function wordFound(approval: Approval | undefined, hash: string, now: Now): Found {
  if (approval === undefined || approval.people.length === 0) return fail('nobody has')
  if (approval.hash !== hash) return fail('they permitted another plan')
  return isDue(approval.until, now) || approval.until.boot !== now.boot ? fail('it was too long ago') : pass
}

interface Anew {
  readonly refusals: readonly Refusal[]
  readonly now: ReadonlyMap<string, { readonly act: string; readonly bytes: number | null; readonly why: string }>
}

/** Whoever asks has made sure that every store of the set was listed within the last minutes; where not, it is under way. */
const justListed = ({ recheck }: Pick<Candidate, 'recheck'>, now: Now): Want =>
  ({ wants: 'stores that were listed just now', found: recheck?.row === 'none' && isWithin(recheck.seen, now, RECHECK_GOOD) ? pass : unknown('they are being listed') })

const judgeable = (refused: Refusal | undefined): Want => ({ wants: 'a set that can be judged now', found: refused === undefined ? pass : { is: refused.found, says: refused.text } })

function toSetAside({ item, life, key, flag, modifiedAt, recheck }: Candidate, { breaker, passed, now: at }: Grounds, { world }: Scene, anew: Anew): Want[] {
  const name = nameOf({ key: item.key, etag: item.etag ?? '', ...(item.version_id === null ? {} : { versionId: item.version_id }) })
  const shelf = world.shelves.find((it) => it.store === world.store)
  const copy = shelf?.copies.find(({ place }) => nameOf(place) === name)
  const judged = anew.now.get(name)
  const same = copy !== undefined && copy.bytes === item.bytes && copy.modifiedAt === modifiedAt
  const [refused] = anew.refusals
  const listed = justListed({ recheck }, at)
  // Of a set that cannot be seen nothing is known, and so nothing is wrong with a copy either: it waits.
  if (listed.found.is !== 'pass') return [listed]
  if (refused?.found === 'unknown') return [judgeable(refused)]
  return [
    { wants: 'nothing is under way with it', found: isFree(life) ? pass : fail(`it is ${life.is}`) },
    { wants: 'the breaker', found: lets(breaker, key, flag?.first.wall) },
    { wants: 'room in the breaker', found: hasRoom(breaker, passed) },
    judgeable(refused),
    { wants: 'what was judged, by key, version, etag, size and time', found: shelf === undefined ? unknown('its store was not listed') : same ? pass : fail('it is not what lies there now') },
    { wants: 'superfluous, judged again right now', found: judged === undefined ? fail('it is not there') : judged.act === 'quarantine' ? pass : fail(judged.why) },
  ]
}

function toRemove({ item, life, recheck }: Candidate, { breaker, now }: Grounds, { set, attic }: Scene): Want[] {
  const aside = life.is === 'aside' ? asideOf(life) : undefined
  if (aside === undefined) return [{ wants: 'what lies aside', found: fail(`it is ${life.is}`) }]
  const lies = set.in.find((it) => it.store === attic.store)
  const [refused] = purgePlan(attic).refusals.filter(({ id }) => id !== 'limit')
  const laid = attic.laid.find((it) => it.key === item.key)
  const listed = justListed({ recheck }, now)
  if (listed.found.is !== 'pass') return [listed]
  if (refused?.found === 'unknown') return [judgeable(refused)]
  return [
    { wants: 'the breaker', found: breaker === undefined ? unknown('its state is not known') : breaker.is === 'closed' ? pass : fail('it is not closed') },
    judgeable(refused),
    { wants: 'the version that was set aside', found: (aside.versionId ?? null) === item.version_id && aside.etag === item.etag && aside.bytes === item.bytes ? pass : fail('another one lies there now') },
    ...mayPurge({ key: item.key, aside, at: lies && takenAt(lies.pattern, item.key, aside), held: laid?.held }, attic),
  ]
}
