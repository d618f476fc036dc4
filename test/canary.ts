// Plants secrets in every object of a board, in fields that no projection names, and finds the ones that came out (T-2).
import type { Board } from '../src/rooms/tell/board.ts'

const MARK = 'canary-5ecret'

/** The same board, with a secret beside every field at every depth. */
export const planted = (board: Board): Board => plant(board, []) as Board

function plant(value: unknown, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item, i) => plant(item, [...path, String(i)]))
  if (typeof value !== 'object' || value === null) return value
  const grown: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) grown[key] = plant(item, [...path, key])
  for (const name of ['internal', 'checks', 'target', 'token', 'notes', 'person', 'url_internal', 'says', 'why', 'error']) grown[name] ??= `${MARK}/${[...path, name].join('.')}`
  return grown
}

/** Where secrets came out. */
export const canaries = (text: string): string[] => [...text.matchAll(new RegExp(`${MARK}[\\w./]*`, 'g'))].map(([found]) => found)
