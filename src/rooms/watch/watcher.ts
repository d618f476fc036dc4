// The watcher: what the keeper holds in memory about every check, and how looks become turns. A turn to "down" waits for the
// verdicts on what the check leans on (they are looked at from its first failure on), at most the time limit plus a second,
// so that the incident carries the root's name. Standings change sides only when the turn is durable.
import { leansOn, rootOf } from '../../core/subject.ts'
import type { Now, Tick } from '../../core/time.ts'
import type { Tx } from '../../db/room.ts'
import type { Check } from './check.ts'
import { askedTooLong, horizonSince, isBack, isIsolated } from './horizon.ts'
import { flaps, fold, fresh, pass, turned, verdictWait, worth, type Side, type Standing, type Turning, type Verdict } from './judge.ts'
import type { Looked } from './protocol.ts'
import { loadChecks, loadIsolated, type TurnedBody } from './rows.ts'

export interface WatcherOptions {
  readonly now: () => Now
  readonly turn: <T>(name: string, act: (tx: Tx) => T) => Promise<T>
  /** Asks the probers to look at these now. */
  readonly lookAt: (checks: readonly string[]) => void
  /** What checks lean on that is no check: hosts and clusters. Absent: nothing is known of them. */
  readonly ground?: Ground
  /** Every finding, for samples and for whoever waits for a look. */
  readonly onLooked?: (check: Check, looked: Looked) => void
}

/** What is known of hosts and clusters, by whoever looks at them. */
export interface Ground {
  /** What is out for certain, as an incident of it is named (`cluster:shop-db`); what is not known accuses nobody. */
  out(name: string): { readonly subject: string; readonly says: string } | undefined
  /** What it leans on itself. */
  leansOn(name: string): readonly string[]
}

export interface Watcher {
  configure(checks: readonly Check[], anchors: readonly Check[], sql: Tx['sql']): void
  looked(results: readonly Looked[]): void
  /** A heartbeat has another side, durably: what leans on it must know. */
  moved(name: string, side: Side): void
  /** Once a second: what time alone brings. */
  tick(): void
  readonly checks: ReadonlyMap<string, Check>
  standing(name: string): Standing | undefined
  flapping(name: string): boolean
  readonly isolated: boolean
}

const GROUND = 'on:'

export function createWatcher(options: WatcherOptions): Watcher {
  const { now, turn, lookAt } = options
  let checks = new Map<string, Check>()
  let anchors = new Map<string, Check>()
  const standings = new Map<string, Standing>()
  const turning = new Map<string, Turning>()
  const under = new Set<string>()
  let deferred: { check: Check; looked: Looked }[] = []
  let isolated = false
  let since: Tick = now().tick

  const dependsOn = (name: string): readonly string[] => checks.get(name)?.dependsOn ?? []
  const roots = (name: string): Check[] => leansOn(name, dependsOn).map((on) => checks.get(on)).filter((on) => on !== undefined)
  const at = (name: string): Standing => standings.get(name) ?? fresh('new')

  const settledVerdict = (on: Check, younger: Tick): boolean => {
    if (on.kind === 'heartbeat') return true
    const standing = at(on.name)
    if (!standing.last || standing.last.tick < younger) return false
    if (standing.last.found.is !== 'fail') return true
    return standing.side === 'down' || standing.fails >= on.failAfter
  }
  const failing = (name: string): boolean => {
    const check = checks.get(name)
    if (!check) return false
    return check.kind === 'heartbeat' ? at(name).side === 'down' : worth(check, standings.get(name), now()).is === 'fail'
  }

  // Among what is leaned on, hosts and clusters go by names that no check can have.
  const isGround = (node: string): boolean => node.startsWith(GROUND)
  const outOf = (node: string): ReturnType<Ground['out']> => options.ground?.out(node.slice(GROUND.length))
  const standsOn = (node: string): readonly string[] => isGround(node)
    ? (options.ground?.leansOn(node.slice(GROUND.length)) ?? []).map((name) => `${GROUND}${name}`)
    : [...dependsOn(node), ...(checks.get(node)?.standsOn ?? []).map((name) => `${GROUND}${name}`)]

  const commit = (it: Turning): void => {
    const check = checks.get(it.check)
    if (!check || under.has(it.check)) return
    const found = it.to === 'down' ? rootOf(it.check, standsOn, (node) => (isGround(node) ? outOf(node) !== undefined : failing(node))) : it.check
    const out = isGround(found) ? outOf(found) : undefined
    const root = out?.subject ?? found
    under.add(it.check)
    turning.delete(it.check)
    void turn(`watch.turn ${it.check}`, (tx) => {
      const body: TurnedBody = {
        check: it.check, from: at(it.check).side, to: it.to, says: it.says, at: it.at, root,
        rootSays: out?.says ?? at(root).last?.found.says ?? it.says, escalate: check.escalate, rootEscalate: checks.get(root)?.escalate ?? check.escalate, ...(it.cutOff && { cutOff: true }),
      }
      tx.append({ is: 'watch.turned', stream: `check:${it.check}`, body })
      tx.afterwards(() => void standings.set(it.check, turned(at(it.check), it.to, now())))
    }).catch(() => undefined).finally(() => under.delete(it.check))
    // A turn that was undone is decided again by the next look: the standing still has its old side.
  }

  /** Goes on with a turn: at once, or when the verdicts it waits for are in. */
  const press = (it: Turning): void => {
    const on = it.to === 'down' ? roots(it.check) : []
    const younger = at(it.check).firstFail ?? it.from
    const open = on.filter((root) => !settledVerdict(root, younger))
    if (open.length === 0 || now().tick - it.from >= verdictWait(on)) {
      commit(it)
      return
    }
    turning.set(it.check, it)
    lookAt(open.map((root) => root.name))
  }

  const act = (check: Check, verdict: Verdict, says: string): void => {
    if (verdict.is === 'doubt') {
      const on = roots(check.name).filter((root) => root.kind !== 'heartbeat')
      if (on.length > 0) lookAt(on.map((root) => root.name))
      return
    }
    if (verdict.is === 'nothing') {
      // It came back before its turn was recorded: nothing turned.
      if (at(check.name).last?.found.is === 'pass') turning.delete(check.name)
      return
    }
    if (under.has(check.name) || turning.get(check.name)?.to === verdict.to) return
    press({ check: check.name, to: verdict.to, from: now().tick, at: now().wall, says, ...(isolated && !check.loopback && verdict.to === 'unknown' && { cutOff: true }) })
  }

  const take = (check: Check, looked: Looked): void => {
    const isFirst = at(check.name).side === 'new'
    const { standing, verdict } = fold(check, at(check.name), looked, now())
    standings.set(check.name, standing)
    options.onLooked?.(check, looked)
    act(check, verdict, looked.found.says ?? (isFirst ? 'passes' : 'answers again'))
  }

  /** A silent failure of a far target counts only while the horizon stands. */
  const judgeSilence = (check: Check, looked: Looked): 'take' | 'unknown' | 'wait' => {
    if (looked.found.is !== 'fail' || looked.silent !== true || check.loopback || anchors.size === 0) return 'take'
    const horizon = horizonSince([...anchors.keys()].map((name) => standings.get(name)), looked.tick)
    if (horizon === 'asking') return askedTooLong((looked.tick + looked.took) as Tick, now()) ? 'unknown' : 'wait'
    return horizon === 'gone' ? 'unknown' : 'take'
  }

  const sift = (check: Check, looked: Looked): void => {
    const judged = judgeSilence(check, looked)
    if (judged === 'wait') {
      if (deferred.length === 0) lookAt([...anchors.keys()])
      deferred.push({ check, looked })
      return
    }
    take(check, judged === 'take' ? looked : { ...looked, found: { is: 'unknown', says: 'no answer, and this node is cut off itself' } })
  }

  const judgeIsolation = (): void => {
    const seen = [...anchors.keys()].map((name) => standings.get(name))
    // Without anchors nobody could ever say that it is back.
    const cut = seen.length > 0 && (isolated ? !isBack(seen) : isIsolated(seen))
    if (cut === isolated || under.has('~')) return
    under.add('~')
    void turn('watch.isolation', (tx) => {
      tx.append({ is: cut ? 'watch.isolated' : 'watch.rejoined', stream: 'node:isolated', body: { anchors: [...anchors.keys()], says: seen[0]?.last?.found.says ?? '', at: tx.now.wall } })
      tx.afterwards(() => void (isolated = cut))
    }).catch(() => undefined).finally(() => under.delete('~'))
  }

  return {
    get checks() {
      return checks
    },
    get isolated() {
      return isolated
    },
    standing: (name) => standings.get(name),
    flapping: (name) => flaps(at(name), now()),
    configure(list, far, sql) {
      const sides = new Map(loadChecks(sql).map((row) => [row.name, row.side] as const))
      checks = new Map(list.map((check) => [check.name, check]))
      anchors = new Map(far.map((check) => [check.name, check]))
      for (const name of standings.keys()) if (!checks.has(name) && !anchors.has(name)) standings.delete(name)
      for (const name of checks.keys()) if (!standings.has(name)) standings.set(name, fresh(sides.get(name) ?? 'new'))
      for (const name of turning.keys()) if (!checks.has(name)) turning.delete(name)
      since = now().tick
      isolated = loadIsolated(sql)
      if (isolated) judgeIsolation()
    },
    looked(results) {
      let anchored = false
      for (const looked of results) {
        const anchor = anchors.get(looked.check)
        if (anchor) {
          standings.set(anchor.name, fold(anchor, standings.get(anchor.name) ?? fresh('new'), looked, now()).standing)
          anchored = true
          continue
        }
        const check = checks.get(looked.check)
        if (check) sift(check, looked)
      }
      if (anchored) {
        judgeIsolation()
        const again = deferred
        deferred = []
        for (const { check, looked } of again) sift(check, looked)
      }
      for (const it of [...turning.values()]) press(it)
    },
    moved: (name, side) => void (checks.has(name) && standings.set(name, { ...at(name), side })),
    tick() {
      for (const it of [...turning.values()]) press(it)
      const again = deferred
      deferred = []
      for (const { check, looked } of again) sift(check, looked)
      for (const check of checks.values()) {
        if (check.kind === 'heartbeat') continue
        const { standing, verdict, stale } = pass(check, at(check.name), now(), since)
        standings.set(check.name, standing)
        if (verdict.is === 'turn') act(check, verdict, stale ? 'no look came back: nobody knows how it is' : `not known: ${standing.last?.found.says ?? 'never looked at'}`)
      }
    },
  }
}
