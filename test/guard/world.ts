// A small world in which everything is well: a catalogue, a bucket, their sentinels, a history, an armed job. Tests take something away from it.
import { days, instantOf, ms, tickOf, type Instant, type Now, type Stamp } from '../../src/core/time.ts'
import { bindingOfRun, judge, type Judged, type Remembering, type Settings, type World } from '../../src/rooms/guard/reconcile/run.ts'
import { isDestructive, isLive, type Item } from '../../src/rooms/guard/reconcile/plan.ts'
import type { Breaker } from '../../src/rooms/guard/reconcile/breaker.ts'
import type { Flag, Quarantine } from '../../src/rooms/guard/reconcile/margins.ts'
import type { Accepted, Ran, Read, Readings, Snapshot } from '../../src/rooms/guard/reconcile/readings.ts'
import type { Recalled, Sentinel } from '../../src/rooms/guard/reconcile/sandwich.ts'
import { byBytes, bytes, DAY, inputsOf, noted, row, spool, spools, thing, ZERO, type Noted, type Row, type Spools, type Thing } from './spool.ts'

export const HOUR = 3_600_000
export const LIVED = ms(400 * DAY)
export const PREFIX = 'c/'
export const now: Now = { wall: instantOf(ZERO), tick: tickOf(900 * HOUR), boot: 'b' }
export const stamp = (ago: number): Stamp => ({ tick: tickOf(now.tick - ago), boot: now.boot })
export const read = <Value>(value: Value, subject: string, ago = 60_000): Read<Value> => ({ value, subject, observer: 'worker-1', at: instantOf(now.wall - ago), seen: stamp(ago) })
export const at = (ago: number): { wall: Instant; lived: typeof LIVED } => ({ wall: instantOf(now.wall - ago), lived: ms(LIVED - ago) })

/** All that a run is judged by, with its inputs as arrays, so that it can be changed and judged again. */
export interface Scene extends Omit<World, 'inputs' | 'breaker'> {
  readonly spools: Spools
  readonly breaker: Breaker | undefined
}

export interface Outcome extends Judged {
  readonly items: readonly Item[]
  readonly remembered: readonly Remembering[]
  /** What would be done without asking anybody else, as act and key. */
  readonly destroyed: readonly string[]
}

export const worldOf = (scene: Scene): World => ({ ...scene, inputs: inputsOf(scene.spools, PREFIX) })

export function run(scene: Scene): Outcome {
  const items: Item[] = []
  const remembered: Remembering[] = []
  const judged = judge(worldOf(scene), { item: (it) => void items.push(it), remember: (it) => void remembered.push(it) })
  const destroyed = isLive(judged.plan) ? items.filter((it) => isDestructive(it.act)).map((it) => `${it.act} ${it.key} ${it.version_id ?? ''}`) : []
  return { ...judged, items, remembered, destroyed }
}

export const flagOf = (key: string, more: Partial<Flag> = {}): Flag => ({ version: `v-${key}`, etag: `e-${key}`, first: at(9 * DAY), runs: 3, last: at(2 * HOUR), ...more })
export const asideOf = (key: string, more: Partial<Quarantine> = {}): Quarantine => ({ version: `v-${key}`, etag: `e-${key}`, since: at(60 * DAY), storeSince: at(60 * DAY).wall, ...more })
/** An orphan that has waited out everything. */
export const ripe = (key: string, more: Partial<Recalled> = {}): Noted => noted(key, { lock: 'free', flag: flagOf(key), ...more })
/** What was put aside and has waited out everything. */
export const spent = (key: string, more: Partial<Recalled> = {}): Noted => noted(key, { lock: 'free', aside: asideOf(key), copied: true, ...more })

export const SENTINELS: readonly Sentinel[] = [
  ...Array.from({ length: 8 }, (_, i) => ({ key: bytes(i < 4 ? `${PREFIX}s/${i}` : `${PREFIX}f${i % 4}/s${i}`), is: 'row' as const })), { key: bytes(`${PREFIX}s/orphan`), is: 'orphan' }, { key: bytes(`${PREFIX}s/gap`), is: 'gap' },
]

const snapshot = (began: number, ended: number, position: bigint): Read<Snapshot> => read({
  identity: { system: '7012', timeline: 4, database: 'games' }, oids: 'o1', position, primary: true, rowSecurity: false, fingerprint: 'f1', lockColumn: true, began: stamp(began), ended: stamp(ended),
}, 'catalogue games', began)

/** Earlier runs twice a day, back past 30 days. */
export const historyOf = (rows: number, objects: number): Ran[] => Array.from({ length: 64 }, (_, i) => ({ number: i + 187, at: instantOf(now.wall - (64 - i) * 12 * HOUR), healthy: true, before: rows, after: rows, objects, newOrphans: 2 }))

export interface Given {
  readonly rows?: readonly Row[]
  readonly before?: readonly Row[]
  readonly after?: readonly Row[]
  readonly things?: readonly Thing[]
  readonly memory?: readonly Noted[]
  readonly intents?: readonly string[]
  readonly readings?: Partial<Readings>
  readonly accepted?: Partial<Accepted>
  readonly settings?: Partial<Settings>
  readonly scene?: Partial<Scene>
  readonly armed?: boolean
  /** 4 folders of 20 kept objects, where many worlds are made. */
  readonly little?: boolean
}

export const filled = (folders: number, each: number): string[] => Array.from({ length: folders * each }, (_, i) => `${PREFIX}f${i % folders}/${String(i).padStart(4, '0')}`)

const PLANTED = SENTINELS.map((it) => Buffer.from(it.key).toString())
const keptOf = (each: number) => {
  const keys = filled(4, each)
  return {
    rows: byBytes([...keys, ...PLANTED.filter((key) => !key.endsWith('orphan'))].map((key) => row(key))),
    things: byBytes([...keys, ...PLANTED.filter((key) => !key.endsWith('gap'))].map((key) => thing(key))), history: historyOf(keys.length, keys.length),
  }
}
const MUCH = keptOf(30)
const LITTLE = keptOf(20)

/** A world where all is well, with what a test adds to it: rows, objects, memory on top of 4 folders of 30 kept objects. */
export function scene(given: Given = {}): Scene {
  const kept = given.little === true ? LITTLE : MUCH
  const both = [...kept.rows, ...(given.rows ?? [])]
  const made: Spools = {
    ...spools({ intents: given.intents ?? [], memory: given.memory ?? [], sentinels: SENTINELS }), before: spool(byBytes([...both, ...(given.before ?? [])])), after: spool(byBytes([...both, ...(given.after ?? [])])),
    listing: spool(byBytes([...kept.things, ...(given.things ?? [])])),
  }
  const accepted: Accepted = { shrink: undefined, goneGroups: [], ...given.accepted }
  const readings: Readings = {
    before: snapshot(20 * 60_000, 15 * 60_000, 100n), listing: read({ store: { endpoint: 'http://s3', bucket: 'backups', region: 'x' }, began: stamp(14 * 60_000), ended: stamp(6 * 60_000), final: true }, 'store main', 14 * 60_000),
    after: snapshot(5 * 60_000, 60_000, 110n),
    former: read({ identity: { system: '7012', timeline: 4, database: 'games' }, oids: 'o1', position: 90n, fingerprint: 'f1', store: { endpoint: 'http://s3', bucket: 'backups', region: 'x' }, sentinelCounter: 7 }, 'ledger'),
    history: read({ number: 251, runs: kept.history }, 'ledger'), clocks: read({ store: now.wall, storeOff: ms(200), databaseOff: ms(-100) }, 'clocks'),
    newest: read({ of: 1000, gone: 3 }, 'catalogue games'), sentinelCounter: read(8, 'catalogue games'), epochLatched: read(false, 'ledger'),
    lease: read({ wall: instantOf(now.wall + 60_000), tick: tickOf(now.tick + 60_000), boot: now.boot }, 'lease'), way: read({ versioning: 'enabled', noncurrent: 'ever', conditionalDelete: false, lockHolds: true }, 'store main'),
    arming: read('none', 'ledger'), accepted: read(accepted, 'ledger'), flagsBinding: undefined, ...given.readings,
  }
  const settings: Settings = { reconcile: 'customer-backups', queries: ['select'], least: 20, waits: { retention: days(14), oldestCopy: days(14), shrink: 1 }, copies: true, ...given.settings }
  const unbound: Scene = { settings, spools: made, readings, breaker: { is: 'closed' }, actsToday: 0, lastBatch: { tried: 0, failed: 0, preconditions: 0 }, now, lived: LIVED, ...given.scene }
  const binding = bindingOfRun(worldOf(unbound)) ?? ''
  const arming = given.armed === false ? read('none' as const, 'ledger') : read({ binding, people: ['ada', 'bo'] }, 'ledger')
  return { ...unbound, readings: { ...readings, arming: given.readings && 'arming' in given.readings ? given.readings.arming : arming, flagsBinding: given.readings && 'flagsBinding' in given.readings ? given.readings.flagsBinding : read(binding, 'ledger') } }
}
