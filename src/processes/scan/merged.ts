// The folder as it is and the manifest of how it was, side by side in tree order, a window at a time. What the manifest knows and the folder does not
// show is missing, unless it lies where nobody could look: then it is unseen. A window holds so many paths, whichever side they come from.
import type { Settled } from '../../rooms/guard/scan/journal.ts'
import { compareWays, isIn, rangesOf, type Entry } from '../../rooms/guard/scan/manifest.ts'
import type { Walked, WalkedFile } from './walk.ts'

/** A file to be read, or a path of which everything is known already. */
export type Item = { readonly is: 'file'; readonly file: WalkedFile; readonly former: Entry | undefined } | { readonly is: 'settled'; readonly it: Settled }

const FIRST_ITEMS = 1024
const MOST_ITEMS = 16_384
const MOST_RANGES = 65_536

export interface Window {
  readonly items: readonly Item[]
  /** Links, sockets and the like that were met. */
  readonly odd: number
}

/**
 * Both sides together, each in tree order. The first windows are small, so that reading begins at once. Where the walk gives `undefined` it has been
 * at it for a while, and so does this: whoever takes it has other things to do.
 */
export function* merged(walked: Iterator<Walked | undefined>, former: Iterator<Entry>, whole: boolean): Generator<Window | undefined, undefined> {
  let at = walked.next()
  let was = former.next()
  let shut: { readonly path: string; readonly says: string } | undefined
  let [items, ranges, odd]: [Item[], number, number] = [[], 0, 0]
  let most = FIRST_ITEMS
  const lost = (entry: Entry): Item => {
    const unseen = shut !== undefined && (entry.path === shut.path || isIn(entry.path, shut.path))
    return { is: 'settled', it: { path: entry.path, verdict: unseen ? 'unseen' : 'missing', flickered: false, former: entry, ...(unseen && shut && { says: `${shut.path === '' ? 'the folder' : 'where it lay'} cannot be looked into: ${shut.says}` }) } }
  }
  while (at.done !== true || was.done !== true) {
    if (at.done !== true && at.value === undefined) {
      yield undefined
      at = walked.next()
      continue
    }
    const order = at.done === true ? 1 : was.done === true ? -1 : compareWays(at.value?.path ?? '', was.value.path)
    if (order > 0 && was.done !== true) {
      items.push(lost(was.value))
      was = former.next()
    } else if (at.done !== true && at.value !== undefined) {
      const it = at.value
      const known = order === 0 && was.done !== true ? was.value : undefined
      if (it.is === 'file') {
        items.push({ is: 'file', file: it, former: known })
        ranges += rangesOf(it.size, whole)
      } else {
        const odder = oddly(it, known)
        if (odder) items.push(odder)
        if (it.is === 'odd') odd++
        else shut = it
      }
      if (known) was = former.next()
      at = walked.next()
    }
    if (items.length < most && ranges < MOST_RANGES) continue
    yield { items, odd }
    ;[items, ranges, odd] = [[], 0, 0]
    most = Math.min(MOST_ITEMS, most * 4)
  }
  yield { items, odd }
}

/** What stands where a file might. Nothing is said of what never was one. */
function oddly({ is, path, says }: Exclude<Walked, WalkedFile>, former: Entry | undefined): Item | undefined {
  const settled = (verdict: Settled['verdict']): Item => ({ is: 'settled', it: { path, verdict, flickered: false, says, ...(former && { former }) } })
  if (is === 'closed') return settled('unreadable')
  if (former === undefined) return undefined
  return settled(is === 'elsewhere' ? 'unseen' : 'missing')
}
