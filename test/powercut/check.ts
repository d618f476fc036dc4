// Opens what a crash left behind as a start of Holdfast would, and says what is wrong with it: damage, a confirmed entry that
// is missing, a broken chain, a projection that does not follow from the ledger, a deed without its entry.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { sentence } from '../../src/core/fault.ts'
import { sha256 } from '../../src/core/id.ts'
import { entries, openStore, type Store } from '../../src/db/store.ts'
import { rebuildLedger, verifyLedger } from '../../src/db/verify.ts'
import { countRoom } from './count-room.ts'

/** What is wrong with the folder; `undefined` when everything that was confirmed is there and whole. */
export function wrongWith(folder: string, acked: number): string | undefined {
  const file = path.join(folder, 'holdfast.db')
  if (!existsSync(file)) return acked > 0 ? `${acked} entries were confirmed and there is no database` : undefined
  let store: Store | undefined
  try {
    store = openStore(file, [countRoom], 'node_crash')
    return wrongIn(store, acked)
  } catch (cause) {
    return `damaged: ${sentence(cause)}`
  } finally {
    store?.close()
  }
}

function wrongIn(store: Store, acked: number): string | undefined {
  const { sql, head } = store
  const integrity = sql.all<{ integrity_check: string }>('pragma integrity_check').map((row) => row.integrity_check).join('; ')
  if (integrity !== 'ok') return `integrity check: ${integrity}`
  if (head.seq < acked) return `entry ${acked} was confirmed, the newest is ${head.seq}`
  const verdict = verifyLedger(sql)
  if (verdict.broken) return `entry ${verdict.broken.seq}: ${verdict.broken.says}`
  for (const entry of entries(sql)) {
    if (entry.body['n'] !== entry.seq) return `entry ${entry.seq} is not the one that was written`
    const text = sql.get<{ body: string }>('select body from text where hash = ?', String(entry.body['text']))
    if (!text || sha256(text.body) !== entry.body['text']) return `the text of entry ${entry.seq} is missing`
    if (!sql.get('select key from deed where key = ?', `deed ${entry.seq}`)) return `the deed of entry ${entry.seq} is missing`
  }
  const deeds = sql.get<{ n: number }>('select count(*) as n from deed')?.n ?? 0
  if (deeds !== head.seq) return `${deeds} deeds for ${head.seq} entries`
  const { differed } = rebuildLedger(sql, [countRoom], { replace: false })
  return differed.length > 0 ? `${differed.join(', ')} does not follow from the ledger` : undefined
}

/** The same for the node's key: what was once in use is still there, to the byte. */
export function wrongWithKey(folder: string, acked: number, key: Buffer): string | undefined {
  const file = path.join(folder, 'node.key')
  if (!existsSync(file)) return acked > 0 ? 'the key was in use and is gone' : undefined
  return readFileSync(file).equals(key) ? undefined : 'the key is not the one that was made'
}
