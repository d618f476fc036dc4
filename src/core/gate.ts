// Gates. A gate names what it wants to know before a deed is permitted; ruling on it gives reasons that a person can read.
// There is no default for unknown: a gate before anything that destroys, resolves or claims says `hold`.
import type { Found } from './evidence.ts'

export interface Want<Evidence> {
  readonly wants: string
  readonly look: (evidence: Evidence) => Found
}

export interface Gate<Evidence> {
  readonly wants: readonly Want<Evidence>[]
  readonly onUnknown: 'hold' | 'proceed'
}

export type Ruling =
  | { readonly is: 'open'; readonly because: readonly string[] }
  | { readonly is: 'shut'; readonly because: readonly string[] }

export const want = <Evidence>(wants: string, look: (evidence: Evidence) => Found): Want<Evidence> => ({ wants, look })

/** Opens when every want passes (or is unknown where `onUnknown` is `proceed`); says why either way. */
export function rule<Evidence>(gate: Gate<Evidence>, evidence: Evidence): Ruling {
  const met: string[] = []
  const missing: string[] = []
  for (const { wants, look } of gate.wants) {
    const found = look(evidence)
    const said = found.says === undefined ? wants : `${wants}: ${found.says}`
    if (found.is === 'pass' || (found.is === 'unknown' && gate.onUnknown === 'proceed')) met.push(said)
    else missing.push(found.is === 'unknown' ? `${said} (not known)` : said)
  }
  return missing.length === 0 ? { is: 'open', because: met } : { is: 'shut', because: missing }
}
