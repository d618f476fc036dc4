// How many rows a restored table must hold, by what was counted when its copy was made. A count in the very snapshot of the copy is exact. One
// before and one after only bracket it: rows may have come and gone between them, which explains a surplus and a loss of up to a tenth, and no
// more. Pure; the room compares by it, and so do the engines in a drill.

/** Bounds of what was counted. `exact`: in the copy's own snapshot, where both are the same. */
export interface Bounds {
  readonly least: number
  readonly most: number
  readonly exact?: boolean
}

export interface Ruled {
  readonly found: 'pass' | 'fail' | 'unknown'
  readonly says: string
}

/** So much of the least that was counted must be there before rows that came and went meanwhile explain what is missing. */
const FLOOR = 0.9

/** What `has` rows say about a copy with these bounds. */
export const ruleRows = (bounds: Bounds, has: number): Ruled => (bounds.exact === true ? exactly(bounds.least, has) : bracketed(bounds, has))

function exactly(rows: number, has: number): Ruled {
  if (has === rows) return { found: 'pass', says: `${sayRows(rows)}, as in the snapshot` }
  return { found: 'fail', says: has < rows ? `${rows - has} of ${sayRows(rows)} are missing` : `${sayRows(has)}, where the snapshot had ${rows}` }
}

function bracketed({ least, most }: Bounds, has: number): Ruled {
  const bounds = least === most ? `${least}` : `${least} to ${most}`
  if (has >= least && has <= most) return { found: 'pass', says: `${sayRows(has)}; ${bounds} were counted around it` }
  if (has > most) return { found: 'unknown', says: `${sayRows(has)}, more than the ${bounds} that were counted around it: some may have been there only meanwhile` }
  if (has === 0 || has < least * FLOOR) return { found: 'fail', says: `${sayRows(has)}, where ${bounds} were counted around it` }
  return { found: 'unknown', says: `${sayRows(has)}, fewer than the ${bounds} that were counted around it: some may have been gone only meanwhile` }
}

const sayRows = (rows: number): string => `${rows} ${rows === 1 ? 'row' : 'rows'}`
