// What two people agreed on is put in place: files by a link and a rename, tables by renames of their server. It is called after the server has let it begin,
// and looks again at both sides before it touches anything.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault, isOurs, sentence } from '../../core/fault.ts'
import type { SwapReport, SwapWants } from '../../views/restore/restoring.ts'
import { swapFiles } from './files.ts'
import { engineOf } from './given.ts'
import { openPlace } from './place.ts'

/** Never rejects for what a server or this machine does. */
export async function swapIn(it: SwapWants): Promise<SwapReport> {
  try {
    return it.at.is === 'folder' ? await swapFiles(it.swap) : await swapTables(it, it.at.url)
  } catch (cause) {
    if (!(cause instanceof Fault) && !isOurs(cause)) throw cause
    return { verdict: 'unknown', says: sentence(cause), swapped: [], engine_said: '' }
  }
}

async function swapTables({ swap, engine: kind, scratch, signal }: SwapWants, url: string): Promise<SwapReport> {
  const folder = path.join(scratch, `${swap.restore}-swap`)
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const place = await openPlace(folder, swap.restore.slice(-12), signal)
  try {
    const live = engineOf(kind).live?.(place.cell, url)
    if (!live) throw new Fault(`a copy made by ${kind} does not go into a database`, 'never')
    const { id, says } = await live.identify()
    if (id !== swap.place_id) return { verdict: 'refused', says: `${says} is another database than the one that was agreed on`, swapped: [], engine_said: '' }
    const step = await live.swap(swap.units)
    if (step.is === 'pass') return { verdict: 'swapped', says: '', swapped: swap.units.map(({ name }) => name), engine_said: '' }
    return { verdict: step.is === 'fail' ? 'refused' : 'unknown', says: step.says, swapped: [], engine_said: step.said ?? '' }
  } finally {
    await place.close()
  }
}
