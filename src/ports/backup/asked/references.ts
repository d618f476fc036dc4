// What a restored database refers to, held against the other place where that has to lie: an application that is brought back with rows that lead to
// nothing is not back. The database counts exactly and draws at random; each of what was drawn is asked for in the store. What the store does not show is
// unknown, what is not there has failed, and a query that names nothing proves nothing.
import { failed, open, passed, type Step } from '../../backup.ts'
import type { Resolve } from '../copy.ts'
import { sayKey } from '../../store/key.ts'

/** So many are drawn: a hundredth of them missing escapes once in twenty thousand times. */
export const DRAWN = 1000

/** What the database said: how many rows have a key, and some of the keys in hex, drawn at random, one on each line. */
export async function judgeReferences(count: string, drawn: string, store: string, resolve: Resolve | undefined): Promise<Step> {
  const all = Number(count.trim())
  if (count.trim() === '' || !Number.isSafeInteger(all)) return open('how many references there are could not be read')
  const keys = drawn.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  if (keys.some((key) => !/^(?:[0-9a-fA-F]{2})+$/.test(key))) return open('what the query names could not be read')
  if (all === 0) return failed('the query names nothing: no row has a key')
  // What the database gave is less than it should be: somebody cut it short.
  if (keys.length !== Math.min(all, DRAWN)) return open(`${Math.min(all, DRAWN)} keys were drawn, and ${keys.length} of them could be read`)
  if (!resolve) return open('no store can be asked for them here')
  const found = await resolve(store, keys.map((key) => Buffer.from(key, 'hex').toString('utf8')))
  if (found.is === 'unknown') return open(`${store} does not say whether they are there: ${found.says}`)
  const of = all > keys.length ? `${keys.length} references that were drawn at random, of ${all},` : `${all} references`
  const { missing } = found
  if (missing.length === 0) return passed(`all of ${of} lead to something in ${store}`)
  const named = missing.slice(0, 3).map((key) => `“${sayKey(key)}”`).join(', ')
  return failed(`${missing.length} of ${of} ${missing.length === 1 ? 'leads' : 'lead'} to nothing in ${store}: ${named}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}`)
}
