// Names of files in a copy: which of them are those that somebody wants. Under which name the folder that was scanned stands in the copy is found out where
// nobody says it, and only if there is one way to understand it.

/** As people write it: without what an archive may begin its names with. */
export const plain = (name: string): string => name.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '')

const endOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/**
 * Which name in the copy each wanted one has. `names`: every regular file of it. Where `below` is not said it is the one folder below which
 * all the wanted ones that are in the copy at all are found.
 */
export function matchNames(names: Iterable<string>, wanted: readonly string[], below: string | undefined): ReadonlyMap<string, string> | { readonly says: string } {
  const ends = new Map(wanted.map((it) => [endOf(it), [] as string[]]))
  for (const it of wanted) ends.get(endOf(it))?.push(it)
  const by = new Map<string, Map<string, string>>()
  for (const name of names) {
    const member = plain(name)
    for (const it of ends.get(endOf(member)) ?? []) {
      if (member !== it && !member.endsWith(`/${it}`)) continue
      const prefix = member.slice(0, member.length - it.length)
      const found = by.get(prefix) ?? new Map<string, string>()
      found.set(it, name)
      by.set(prefix, found)
    }
  }
  if (below !== undefined) return by.get(plain(below) === '' ? '' : `${plain(below)}/`) ?? new Map<string, string>()
  const most = Math.max(0, ...[...by.values()].map(({ size }) => size))
  const best = [...by].filter(([, found]) => found.size === most)
  if (best.length > 1) return { says: `the files are found below ${best.slice(0, 4).map(([prefix]) => `“${prefix}”`).join(' and ')}: say which is meant with --below` }
  return best[0]?.[1] ?? new Map<string, string>()
}

/** A longer line names no file that can be. */
const MOST_LINE = 1024 * 1024

/** Takes a listing, an object of JSON in each line, and keeps the names of files that end as a wanted one does. `fileOf`: its name, where it is a plain file. */
export function listingOf(wanted: readonly string[], fileOf: (node: Readonly<Record<string, unknown>>) => unknown): { take(chunk: Buffer): void; names(): readonly string[] } {
  const ends = new Set(wanted.map(endOf))
  const found: string[] = []
  let rest: Buffer = Buffer.alloc(0)
  const line = (text: string): void => {
    if (!text.startsWith('{')) return
    let name: unknown
    try {
      name = fileOf(JSON.parse(text) as Readonly<Record<string, unknown>>)
    } catch {
      return
    }
    if (typeof name === 'string' && ends.has(endOf(name))) found.push(name)
  }
  return {
    take(chunk) {
      const all = Buffer.concat([rest, chunk])
      let from = 0
      for (let at = all.indexOf(10); at >= 0; at = all.indexOf(10, from)) {
        line(all.toString('utf8', from, at))
        from = at + 1
      }
      rest = all.length - from > MOST_LINE ? Buffer.alloc(0) : all.subarray(from)
    },
    names: () => found,
  }
}

/** So many names at once, as arguments of one program. */
const AT_ONCE = 200

export const batches = (names: readonly string[]): readonly (readonly string[])[] => Array.from({ length: Math.ceil(names.length / AT_ONCE) }, (_, n) => names.slice(n * AT_ONCE, (n + 1) * AT_ONCE))
