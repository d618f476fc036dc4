// How far the sentinels are spread over what is listed. Eight in one folder, written on one day, prove that this folder and this day are seen, and nothing
// of a tenant that a query leaves out or of rows that are no longer kept. Ages are looked at in a sample of bounded size, every object while they are few.
import { days, type Instant } from '../../../core/time.ts'
import { sayKey, type Listed } from './cursor.ts'

export interface Spread {
  /** Folders that hold objects, and those of them that hold a sentinel with a row and an object. */
  readonly folders: number
  readonly held: number
  /** Whether one is as old as the oldest quarter of the objects, as new as the newest; nothing where too few tell their age. */
  readonly old: boolean | undefined
  readonly young: boolean | undefined
}

const MOST = 4096
/** Of fewer objects a quarter is nothing that one could ask for. */
const FEW = 20
/** What was written on one day is as old. */
const DAY = days(1)
const SLASH = 0x2f

export const nameOf = (bytes: Uint8Array): string => {
  const said = sayKey(bytes)
  return said.startsWith('"') ? said.slice(1, -1) : said
}

/** The folder of a key right under the prefix, with its slash; nothing where it lies in none. */
function folderOf(key: Uint8Array, prefix: Uint8Array): string | undefined {
  const slash = key.indexOf(SLASH, prefix.length)
  return slash < 0 ? undefined : nameOf(key.slice(0, slash + 1))
}

/** `keys`: of the sentinels that have a row and an object. */
export function spreadOf(keys: readonly Uint8Array[], prefix: Uint8Array) {
  const own = new Set(keys.map((key) => folderOf(key, prefix)))
  let [folders, held, count, under] = [0, 0, 0, 2 ** 32]
  let ages: { readonly at: number; readonly age: Instant }[] = []
  let oldest = Infinity
  let newest = -Infinity
  return {
    group({ name, objects }: { readonly name: string; readonly objects: number }): void {
      if (name === '' || objects === 0) return
      folders++
      if (own.has(name)) held++
    },
    object({ listed }: { readonly listed: () => Pick<Listed, 'modifiedAt'> }): void {
      // Multiples of the golden ratio lie evenly, whatever rhythm the keys have.
      const at = Math.imul(count++, 0x9e3779b1) >>> 0
      if (at >= under) return
      const { modifiedAt } = listed()
      if (modifiedAt === undefined) return
      ages.push({ at, age: modifiedAt })
      if (ages.length < MOST) return
      under /= 2
      ages = ages.filter((one) => one.at < under)
    },
    sentinel({ modifiedAt }: Pick<Listed, 'modifiedAt'>): void {
      if (modifiedAt === undefined) return
      oldest = Math.min(oldest, modifiedAt)
      newest = Math.max(newest, modifiedAt)
    },
    found(): Spread {
      const sorted = ages.map(({ age }) => age).sort((a, b) => a - b)
      const quarter = Math.floor(sorted.length / 4)
      const [first, last] = [sorted[quarter], sorted[sorted.length - 1 - quarter]]
      const known = sorted.length >= FEW && first !== undefined && last !== undefined
      return { folders, held, old: known ? oldest <= first + DAY : undefined, young: known ? newest >= last - DAY : undefined }
    },
  }
}
