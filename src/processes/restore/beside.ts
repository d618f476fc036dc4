// What is damaged, restored beside what lives: fetched, restored, checked, and written down as the swap that people are asked to agree to. Nothing that lives is
// touched here. What is not in the copy, or has a better cure than a restore, is said and left alone.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../core/fault.ts'
import type { Beside, Checked, DamagedUnit, Live } from '../../ports/backup/live.ts'
import { tableOut } from '../../ports/backup/words.ts'
import { MOST_UNITS, type Swap, type SwapUnit } from '../../rooms/guard/restore/swap.ts'
import type { BesideReport, DamagedWants } from '../../views/restore/restoring.ts'
import { filesBeside } from './files.ts'
import { engineOf, givenOf } from './given.ts'
import { outcomeOf, timing, type Outcome } from './outcome.ts'
import { openPlace, type Place } from './place.ts'
import { whyNotBy } from './rights.ts'
import { stampOf, type Restored } from './restored.ts'
import { bringIn } from './whole.ts'

/** Never rejects for what a store, a copy, a server or this machine does. */
export async function restoreBeside(it: DamagedWants): Promise<BesideReport> {
  const { phases, timed } = timing()
  const { begun, at } = it
  let fetched = { bytes: 0, sha256: '' }
  let outcome: Outcome
  let restored: Restored | undefined
  let left: string | undefined
  let place: Place | undefined
  try {
    if (it.units.length > MOST_UNITS) throw new Fault(`${it.units.length} are damaged: restore the whole copy into something new, and move over to that`, 'never')
    // Files have to lie on the same disk as what they replace.
    const folder = at.is === 'folder' ? path.join(at.folder, `.holdfast-${begun.id}`) : path.join(it.scratch, begun.id)
    if (at.is === 'database') await mkdir(path.dirname(folder), { recursive: true, mode: 0o700 })
    const opened = await openPlace(folder, begun.id.slice(-12), it.signal)
    place = opened
    const folderOf = at.is === 'folder' ? at.folder : undefined
    const not = at.is === 'database' ? await whyNotBy(it, at, engineOf(begun.engine).live?.(opened.cell, at.url), 'living') : undefined
    if (not) outcome = not
    else {
      fetched = await timed('fetch', () => bringIn(it, opened))
      it.say(`restoring ${it.units.length} damaged beside what lives`)
      restored = await timed('restore', () => (folderOf === undefined ? tablesBeside(it, opened) : filesBeside(it, opened, folderOf)))
      outcome = outcomeFor(restored)
    }
  } catch (cause) {
    outcome = outcomeOf(cause)
  } finally {
    // What is to be put in place stays until it is.
    if (at.is === 'database' || !restored || restored.units.length === 0) left = await place?.close()
  }
  const report = {
    schema: 'holdfast.restore/1' as const, restore: begun.id, set: begun.set, store: begun.store, copy: begun.copy.key, copy_at: begun.at, verified: begun.verified, to: at.is === 'folder' ? at.folder : at.says,
    ...outcome, says: [outcome.says, left].filter(Boolean).join('; '), phases, ...fetched,
  }
  const swap = restored && restored.units.length > 0 && outcome.verdict === 'restored' ? swapOf(it, restored) : undefined
  return { report, others: [...(restored?.others ?? []), ...(restored?.failed ?? [])], ...(swap ? { swap } : {}) }
}

function outcomeFor({ checks, units, failed, others }: Restored): Outcome {
  const [first] = failed
  if (units.length === 0) return { verdict: first === undefined ? 'restored' : 'refused', says: first ?? others[0] ?? 'nothing is to be restored', checks, engine_said: '' }
  return { verdict: 'restored', says: failed.join('; '), checks, engine_said: '' }
}

const swapOf = ({ begun }: DamagedWants, { place, placeId, units }: Restored): Swap => ({
  schema: 'holdfast.swap/1', restore: begun.id, set: begun.set, store: begun.store, copy: begun.copy.key, etag: begun.copy.etag, verified: begun.verified, place, place_id: placeId, units: [...units],
})

/** The server is asked for the table of each damaged file, so that several files of one table are one. */
async function tablesBeside(it: DamagedWants, place: Place): Promise<Restored> {
  const engine = engineOf(it.begun.engine)
  const live = it.at.is === 'database' ? engine.live?.(place.cell, it.at.url) : undefined
  if (!live) throw new Fault(`tables cannot be taken out of a copy made by ${engine.kind}: ${tableOut('pg_dump --table, or mariadb-dump')}`, 'never')
  const { id, says } = await live.identify()
  const { tables, others } = await tablesOf(live, it.units)
  const stamp = `${stampOf(new Date())}_${it.begun.id.slice(-4)}`
  const units: SwapUnit[] = []
  const checks: Checked[] = []
  const failed: string[] = []
  for (const name of tables) {
    it.say(`restoring ${name} beside`)
    const made = await live.table(name, givenOf(it, engine), stamp)
    if ('is' in made) {
      failed.push(`${name} is not restored: ${made.says}${made.said === undefined ? '' : ` (${made.said})`}`)
      continue
    }
    checks.push(...made.checks.map((one) => ({ ...one, text: `${name}: ${one.text}` })))
    const wrong = made.checks.find(({ found }) => found === 'fail')
    if (wrong) failed.push(`${name} is not put in place: ${wrong.text}: ${wrong.says ?? ''}; what was restored stays as ${made.side}`)
    else units.push(unitOf(made))
  }
  return { place: says, placeId: id, units, checks, others, failed }
}

async function tablesOf(live: Live, units: readonly DamagedUnit[]): Promise<{ readonly tables: readonly string[]; readonly others: readonly string[] }> {
  const meant = await live.meant(units)
  return { tables: [...new Set(meant.flatMap((it) => (it.is === 'table' ? [it.name] : [])))], others: [...new Set(meant.flatMap((it) => (it.is === 'other' ? [it.says] : [])))] }
}

const unitOf = (it: Beside): SwapUnit => ({
  name: it.name, side: it.side, aside: it.aside, was: it.was, digest: it.digest,
  checked: `${it.rows} rows restored${it.checks.map(({ text, found }) => `, ${text}${found === 'pass' ? '' : ` (${found})`}`).join('')}`.slice(0, 1000), lost: sayLost(it).slice(0, 1000),
})

/** What is in the damaged one and not in the restored one, for people. */
export function sayLost({ lost: { readable, rows, unread, missing, keys, newest } }: Pick<Beside, 'lost'>): string {
  if (readable === 'none') return `not readable: nobody can say what was written since the copy${unread === '' ? '' : ` (${unread})`}`
  const parts: string[] = []
  if (missing !== null && missing > 0) parts.push(`${missing} ${missing === 1 ? 'row' : 'rows'} that could still be read in the damaged one${keys.length === 0 ? '' : ` (${keys.slice(0, 10).join(', ')}${missing > 10 ? ', …' : ''})`}`)
  if (missing === null) parts.push(`it has no primary key to tell by; ${rows ?? 0} rows could be read in the damaged one`)
  if (readable === 'part') parts.push(`what stood in the part that cannot be read${unread === '' ? '' : ` (${unread})`}, as far as it is newer than the copy`)
  if (newest.damaged !== null && newest.damaged !== newest.restored) parts.push(`the newest that could be read is of ${newest.damaged}, the newest restored of ${newest.restored ?? 'no time'}`)
  return parts.join('; ')
}
