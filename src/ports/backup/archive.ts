// A tar archive of a cell read from its beginning to its end, unpacked on the way and never written down: what stands in it, or what is wrong with it.
import type { Span } from '../../core/time.ts'
import { failed, type Cell, type Step } from '../backup.ts'
import { unpacks, type Packing } from './packed.ts'
import { piped } from './pipe.ts'
import { tarReader, type TarEntry } from './tar.ts'
import { gist } from './words.ts'

/** How many entries it has; `see` hears of each. A step that failed where it cannot be unpacked, is broken, or holds what is not unpacked. */
export async function readArchive(cell: Cell, packing: Packing | undefined, within: Span, see: (entry: TarEntry) => void): Promise<number | Step> {
  const reader = tarReader(see)
  const archive = piped(cell, unpacks(packing, cell.copy), within)
  for await (const chunk of archive.bytes) reader.take(chunk)
  const ran = await archive.ended
  if (ran.exit !== 0) return failed('the copy cannot be unpacked', gist(ran))
  const contents = reader.end()
  return contents.is === 'whole' ? contents.entries : failed(`the archive is ${contents.is === 'refused' ? 'not unpacked' : 'broken'}: ${contents.says}`)
}
