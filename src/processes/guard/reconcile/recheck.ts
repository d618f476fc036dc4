// Single keys, asked for once more right before something is done with them: whether a row names them now, or an upload has spoken for them, and, of what
// is to be removed for good, whether it still lies in the other place. The answer
// is of one snapshot of the primary, as every reading of a catalogue is; where it cannot be had there is no answer, and nothing is done.
import { mkdirSync, rmSync } from 'node:fs'
import { Fault } from '../../../core/fault.ts'
import { canonical } from '../../../core/ledger.ts'
import type { Snapshot } from '../../../rooms/guard/reconcile/readings.ts'
import type { RecheckTask, ReconcileConfig, Rechecked } from '../../../rooms/guard/reconcile/task.ts'
import { takeCatalogue } from './catalogue.ts'
import { copiesOf } from './copies.ts'
import { readsOf } from './memory.ts'
import { LIMITS, type ReconcileContext } from './gather.ts'
import { keyAt, keysFrom } from './inputs.ts'
import type { Spooled } from './spool.ts'

/** So many at once. */
const MOST = 1000

/** Whether each of these keys (bytes, in hex) has a row. */
export async function recheck(config: ReconcileConfig, { keys, former, copies, read }: Pick<RecheckTask, 'keys' | 'former' | 'copies' | 'read'>, context: ReconcileContext, signal: AbortSignal): Promise<Rechecked> {
  if (keys.length > MOST) throw new Fault(`at most ${MOST} keys are asked for at once`, 'never')
  mkdirSync(context.folder, { recursive: true, mode: 0o700 })
  try {
    const only = keys.map((key) => Buffer.from(key, 'hex'))
    const want = { rows: config.rows, intents: config.intents, lockColumn: config.lockColumn, prefix: new Uint8Array(0), only, limits: { ...LIMITS, ...context.limits } }
    const taken = await takeCatalogue(context.catalogue(config.catalogue), want, context, { folder: context.folder, label: 'recheck', observer: context.observer, signal })
    if (taken.is === 'unread') throw new Fault(taken.says)
    const wrong = whyAnother(taken.snapshot.value, former)
    if (wrong !== undefined) throw new Fault(`${wrong}: what it says of single keys is not believed`, 'later')
    const present = new Set([...keysIn(taken.rows), ...keysIn(taken.intents)])
    return {
      rows: Object.fromEntries(keys.map((key) => [key, present.has(key) ? 'present' as const : 'none' as const])),
      copies: config.copiesIn === undefined || copies.length === 0 ? {} : await copiesOf(copies, readsOf(context.kept(config.name), read), context.reading(config.copiesIn), signal),
    }
  } finally {
    rmSync(context.folder, { recursive: true, force: true })
  }
}

/** Why the catalogue is not the one that was judged, gone on; no answer of another one may let anything go. */
function whyAnother({ identity, oids, position, fingerprint }: Snapshot, former: RecheckTask['former']): string | undefined {
  if (former === 'none') return 'no run has seen the catalogue well'
  if (canonical({ ...identity }) !== canonical({ ...former.identity })) return 'the catalogue is another database than the one that was judged'
  if (oids !== former.oids) return 'the tables of the catalogue were made anew since it was judged'
  if (fingerprint !== former.fingerprint) return 'the schema of the catalogue has changed since it was judged'
  return position < BigInt(former.position) ? 'the catalogue went back behind what was judged' : undefined
}

function* keysIn(spooled: Spooled): Generator<string> {
  const keys = keysFrom(spooled, { is: 'whole', count: spooled.count })
  while (keys.next()) yield Buffer.from(keyAt(keys)).toString('hex')
}
