// "Did you mean …?": the nearest of the known words, when it is near enough to be a slip of the fingers. A transposition is
// one edit (`tpc` → `tcp`); more than a third of the word is no slip, so nothing is suggested rather than something silly.

/** Longer words are names that nobody mistypes by a letter or two; comparing them only costs. */
const LONGEST = 64

/** The nearest candidate, or `undefined` when none is within a third of the word. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined
  const low = word.toLowerCase()
  const most = Math.floor(word.length / 3)
  let best: string | undefined
  let bestAt = most + 1
  for (const candidate of candidates) {
    if (candidate.length > LONGEST || Math.abs(candidate.length - word.length) >= bestAt) continue
    const at = distance(low, candidate.toLowerCase(), bestAt)
    if (at < bestAt) {
      best = candidate
      bestAt = at
    }
  }
  return best
}

/** Edits between two words (insert, delete, replace, swap of neighbours); `limit` when there are at least so many. */
export function distance(a: string, b: string, limit: number): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      row.push(cost)
      least = Math.min(least, cost)
    }
    if (least > limit) return limit
    before = above
    above = row
  }
  return Math.min(above[b.length] ?? limit, limit)
}

/** The help line for an unknown word: a suggestion, or what there is to choose from. */
export function helpFor(word: string, candidates: readonly string[], noun: string): string | undefined {
  const near = suggest(word, candidates)
  if (near !== undefined) return `did you mean “${near}”?`
  if (candidates.length === 0) return `there is no ${noun} yet`
  return candidates.length <= 12 ? `one of: ${candidates.join(', ')}` : undefined
}
